/* SPDX-License-Identifier: MIT */
/*
 * test_interval.c - sets of intervals: vectors, the limits of int64, and random
 * operations against a model that keeps one kind for each of 40 cells.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interval.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FOR_GOOD (BC_KNOWN_BARS | BC_KNOWN_EMPTY)
#define ALL (FOR_GOOD | BC_KNOWN_OPEN)

static struct test_memory memory;
static struct bc_allocator allocator;

static int
setup(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	allocator = test_allocator(&memory);
	return 0;
}

static struct bci_intervals
new_set(void)
{
	return (struct bci_intervals){ .allocator = &allocator };
}

static void
set(struct bci_intervals *intervals, int64_t from_ns, int64_t to_ns,
    enum bc_known known)
{
	assert_status(bci_intervals_set(intervals, from_ns, to_ns, known),
	              BC_OK, NULL);
}

/* The set is exactly these intervals. */
static void
expect(const struct bci_intervals *intervals,
       const struct bc_interval *expected, size_t count)
{
	assert_int_equal(intervals->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(intervals->items[i].from_ns == expected[i].from_ns);
		assert_true(intervals->items[i].to_ns == expected[i].to_ns);
		assert_int_equal(intervals->items[i].known, expected[i].known);
	}
}

#define EXPECT(set, ...)                                                       \
	expect((set), (struct bc_interval[]){ __VA_ARGS__ },                  \
	       COUNT(((struct bc_interval[]){ __VA_ARGS__ })))

/* ------------------------------------------------------------------------ */
/*  Vectors                                                                 */
/* ------------------------------------------------------------------------ */

static void
neighbours_of_a_kind_become_one(void **state)
{
	struct bci_intervals known = new_set();

	(void)state;
	set(&known, 10, 20, BC_KNOWN_BARS);
	set(&known, 30, 40, BC_KNOWN_BARS);
	EXPECT(&known, { 10, 20, BC_KNOWN_BARS }, { 30, 40, BC_KNOWN_BARS });
	set(&known, 20, 30, BC_KNOWN_EMPTY);
	EXPECT(&known, { 10, 20, BC_KNOWN_BARS }, { 20, 30, BC_KNOWN_EMPTY },
	       { 30, 40, BC_KNOWN_BARS });
	set(&known, 20, 30, BC_KNOWN_BARS);
	EXPECT(&known, { 10, 40, BC_KNOWN_BARS });
	set(&known, 15, 15, BC_KNOWN_EMPTY);
	set(&known, 25, 15, BC_KNOWN_EMPTY);
	EXPECT(&known, { 10, 40, BC_KNOWN_BARS });
	set(&known, 0, 100, BC_KNOWN_EMPTY);
	EXPECT(&known, { 0, 100, BC_KNOWN_EMPTY });
	bci_intervals_free(&known);
	assert_int_equal(memory.live, 0);
}

static void
removing_leaves_both_ends(void **state)
{
	struct bci_intervals known = new_set();

	(void)state;
	set(&known, 10, 40, BC_KNOWN_BARS);
	assert_status(bci_intervals_remove(&known, 20, 30), BC_OK, NULL);
	EXPECT(&known, { 10, 20, BC_KNOWN_BARS }, { 30, 40, BC_KNOWN_BARS });
	assert_status(bci_intervals_remove(&known, 20, 30), BC_OK, NULL);
	assert_status(bci_intervals_remove(&known, 30, 31), BC_OK, NULL);
	EXPECT(&known, { 10, 20, BC_KNOWN_BARS }, { 31, 40, BC_KNOWN_BARS });
	assert_status(bci_intervals_remove(&known, INT64_MIN, INT64_MAX), BC_OK,
	              NULL);
	assert_int_equal(known.count, 0);
	bci_intervals_free(&known);
}

static void
what_is_missing_is_found_at_both_ends_and_inside(void **state)
{
	static const struct bc_interval gaps[] = { { 0, 10, 0 },
		                                    { 30, 50, 0 },
		                                    { 70, 90, 0 } };
	struct bci_intervals known = new_set();
	struct bc_interval gap;
	int64_t from_ns = 0;
	size_t count = 0;

	(void)state;
	assert_true(bci_intervals_missing(&known, ALL, 5, 9, &gap));
	assert_true(gap.from_ns == 5 && gap.to_ns == 9);
	set(&known, 10, 20, BC_KNOWN_BARS);
	set(&known, 20, 30, BC_KNOWN_EMPTY);
	set(&known, 50, 60, BC_KNOWN_BARS);
	set(&known, 60, 70, BC_KNOWN_OPEN);
	for (; bci_intervals_missing(&known, ALL, from_ns, 90, &gap);
	     from_ns = gap.to_ns) {
		assert_in_range(count, 0, COUNT(gaps) - 1);
		assert_true(gap.from_ns == gaps[count].from_ns);
		assert_true(gap.to_ns == gaps[count].to_ns);
		assert_int_equal(gap.known, 0);
		count++;
	}
	assert_int_equal(count, COUNT(gaps));
	/* An open tail may be fetched anew. */
	assert_true(bci_intervals_missing(&known, FOR_GOOD, 50, 90, &gap));
	assert_true(gap.from_ns == 60 && gap.to_ns == 90);
	assert_true(bci_intervals_cover(&known, FOR_GOOD, 10, 30));
	assert_false(bci_intervals_cover(&known, BC_KNOWN_BARS, 10, 30));
	assert_false(bci_intervals_cover(&known, FOR_GOOD, 9, 30));
	assert_false(bci_intervals_cover(&known, FOR_GOOD, 10, 31));
	assert_true(bci_intervals_cover(&known, FOR_GOOD, 35, 35));
	bci_intervals_free(&known);
}

static void
the_limits_of_time_are_times(void **state)
{
	struct bci_intervals known = new_set();
	struct bc_interval gap;

	(void)state;
	set(&known, INT64_MIN, INT64_MAX, BC_KNOWN_EMPTY);
	assert_true(bci_intervals_cover(&known, ALL, INT64_MIN, INT64_MAX));
	assert_true(bci_intervals_length(&known, ALL, INT64_MIN, INT64_MAX) ==
	            UINT64_MAX);
	assert_int_equal(bci_intervals_at(&known, INT64_MIN), BC_KNOWN_EMPTY);
	assert_int_equal(bci_intervals_at(&known, INT64_MAX), 0);
	assert_status(bci_intervals_remove(&known, INT64_MIN, INT64_MIN + 1),
	              BC_OK, NULL);
	assert_status(bci_intervals_remove(&known, INT64_MAX - 1, INT64_MAX),
	              BC_OK, NULL);
	assert_true(
		bci_intervals_missing(&known, ALL, INT64_MIN, INT64_MAX, &gap));
	assert_true(gap.from_ns == INT64_MIN && gap.to_ns == INT64_MIN + 1);
	assert_true(
		bci_intervals_missing(&known, ALL, gap.to_ns, INT64_MAX, &gap));
	assert_true(gap.from_ns == INT64_MAX - 1 && gap.to_ns == INT64_MAX);
	assert_false(
		bci_intervals_missing(&known, ALL, INT64_MAX, INT64_MAX, &gap));
	bci_intervals_free(&known);
}

static void
of_two_kinds_the_first_holds_in_a_sum(void **state)
{
	struct bci_intervals a = new_set(), b = new_set();

	(void)state;
	set(&a, 0, 10, BC_KNOWN_OPEN);
	set(&a, 20, 30, BC_KNOWN_BARS);
	set(&b, 5, 25, BC_KNOWN_EMPTY);
	assert_status(bci_intervals_add(&a, &b), BC_OK, NULL);
	EXPECT(&a, { 0, 5, BC_KNOWN_OPEN }, { 5, 20, BC_KNOWN_EMPTY },
	       { 20, 30, BC_KNOWN_BARS });
	assert_status(bci_intervals_add(&a, &a), BC_OK, NULL);
	assert_int_equal(a.count, 3);
	bci_intervals_free(&a);
	bci_intervals_free(&b);
	assert_int_equal(memory.live, 0);
}

static void
without_memory_nothing_changes(void **state)
{
	struct bci_intervals a = new_set(), b = new_set();

	(void)state;
	memory.fail_at = 1;
	assert_status(bci_intervals_set(&a, 0, 1, BC_KNOWN_BARS), BC_NOMEM,
	              NULL);
	assert_int_equal(a.count, 0);
	for (int64_t i = 0; i < 7; i++)
		set(&a, 10 * i, 10 * i + 5, BC_KNOWN_BARS);
	set(&b, 3, 8, BC_KNOWN_EMPTY);
	memory.fail_at = memory.requests + 1;
	assert_status(bci_intervals_remove(&a, 1, 2), BC_NOMEM, NULL);
	assert_int_equal(a.count, 7);
	assert_true(bci_intervals_cover(&a, ALL, 0, 5));
	memory.fail_at = memory.requests + 1;
	assert_status(bci_intervals_add(&a, &b), BC_NOMEM, NULL);
	assert_int_equal(a.count, 7);
	bci_intervals_free(&a);
	bci_intervals_free(&b);
	assert_int_equal(memory.live, 0);
}

/* ------------------------------------------------------------------------ */
/*  Against a model                                                         */
/* ------------------------------------------------------------------------ */

/* Cell i is [edge(i), edge(i + 1)): the limits of int64 and some between. */
#define CELLS 40

static int64_t
edge(size_t index)
{
	if (index < 3)
		return INT64_MIN + (int64_t)index;
	if (index > CELLS - 3)
		return INT64_MAX - (int64_t)(CELLS - index);
	return ((int64_t)index - CELLS / 2) * 1000;
}

/* One operation on two sets: ranges of cells, a kind or 0, an addition. */
struct step {
	unsigned target, from, to, kind;
	bool add;
};

struct state {
	struct bci_intervals sets[2];
	unsigned char cells[2][CELLS];
};

#define STEPS 60

static void
step_random(struct step *step, uint64_t chance)
{
	static const unsigned kinds[] = { 0, BC_KNOWN_BARS, BC_KNOWN_EMPTY,
		                          BC_KNOWN_OPEN };

	step->target = chance & 1;
	step->add = (chance >> 1) % 8 == 0;
	step->kind = kinds[(chance >> 8) % 4];
	step->from = (unsigned)(chance >> 16) % (CELLS + 1);
	step->to = (unsigned)(chance >> 32) % (CELLS + 1);
	if ((chance >> 60) != 0) /* Most are short. */
		step->to = step->from + (unsigned)(chance >> 48) % 6;
	if (step->to > CELLS)
		step->to = CELLS;
}

static void
model_step(struct state *state, const struct step *step)
{
	unsigned char *cells = state->cells[step->target];
	const unsigned char *others = state->cells[!step->target];

	for (unsigned i = 0; i < CELLS; i++) {
		if (step->add && others[i] != 0 &&
		    (cells[i] == 0 || others[i] < cells[i]))
			cells[i] = others[i];
		if (!step->add && i >= step->from && i < step->to)
			cells[i] = (unsigned char)step->kind;
	}
}

static enum bc_status
real_step(struct state *state, const struct step *step)
{
	struct bci_intervals *target = &state->sets[step->target];

	if (step->add)
		return bci_intervals_add(target, &state->sets[!step->target]);
	if (step->kind == 0)
		return bci_intervals_remove(target, edge(step->from),
		                            edge(step->to));
	return bci_intervals_set(target, edge(step->from), edge(step->to),
	                         (enum bc_known)step->kind);
}

/* Sorted, apart, none empty, none that could be one with the next. */
static bool
well_formed(const struct bci_intervals *intervals)
{
	const struct bc_interval *items = intervals->items;

	for (size_t i = 0; i < intervals->count; i++) {
		if (items[i].from_ns >= items[i].to_ns || items[i].known == 0)
			return false;
		if (i > 0 && (items[i - 1].to_ns > items[i].from_ns ||
		              (items[i - 1].to_ns == items[i].from_ns &&
		               items[i - 1].known == items[i].known)))
			return false;
	}
	return intervals->count <= intervals->capacity;
}

/* The gaps of [from, to) are those of the model. */
static bool
same_gaps(const struct state *state, unsigned target, unsigned kinds,
          unsigned from, unsigned to)
{
	const unsigned char *cells = state->cells[target];
	int64_t from_ns = edge(from);
	struct bc_interval gap;
	uint64_t length = 0;
	unsigned i = from;

	while (bci_intervals_missing(&state->sets[target], kinds, from_ns,
	                             edge(to), &gap)) {
		while (i < to && (cells[i] & kinds) != 0) {
			length += (uint64_t)edge(i + 1) - (uint64_t)edge(i);
			i++;
		}
		if (i >= to || gap.from_ns != edge(i))
			return false;
		while (i < to && (cells[i] & kinds) == 0)
			i++;
		if (gap.to_ns != edge(i) || gap.known != 0)
			return false;
		from_ns = gap.to_ns;
	}
	for (; i < to; i++) {
		if ((cells[i] & kinds) == 0)
			return false;
		length += (uint64_t)edge(i + 1) - (uint64_t)edge(i);
	}
	return bci_intervals_length(&state->sets[target], kinds, edge(from),
	                            edge(to)) == length;
}

static bool
same_as_model(const struct state *state, const struct step *step)
{
	for (unsigned target = 0; target < 2; target++) {
		const struct bci_intervals *real = &state->sets[target];

		if (!well_formed(real))
			return false;
		for (unsigned i = 0; i < CELLS; i++)
			if (bci_intervals_at(real, edge(i)) !=
			            state->cells[target][i] ||
			    bci_intervals_at(real, edge(i + 1) - 1) !=
			            state->cells[target][i])
				return false;
		for (unsigned kinds = 0; kinds <= ALL; kinds++)
			if (!same_gaps(state, target, kinds, 0, CELLS) ||
			    (step->from <= step->to &&
			     !same_gaps(state, target, kinds, step->from,
			                step->to)))
				return false;
	}
	return true;
}

/* Whether the steps, but for those that are switched off, go wrong. */
static bool
goes_wrong(const struct step *steps, const bool *off)
{
	struct state state = { .sets = { new_set(), new_set() } };
	bool wrong = false;

	for (size_t i = 0; i < STEPS && !wrong; i++) {
		if (off[i])
			continue;
		model_step(&state, &steps[i]);
		wrong = real_step(&state, &steps[i]) != BC_OK ||
		        !same_as_model(&state, &steps[i]);
	}
	bci_intervals_free(&state.sets[0]);
	bci_intervals_free(&state.sets[1]);
	return wrong;
}

/* Switch off what need not be there and print the rest. */
static void
shrink_and_fail(const struct step *steps, uint64_t seed)
{
	bool off[STEPS] = { false };

	for (size_t i = 0; i < STEPS; i++) {
		off[i] = true;
		off[i] = goes_wrong(steps, off);
	}
	for (size_t i = 0; i < STEPS; i++)
		if (!off[i])
			print_error("%s %u: cells %u to %u, kind %u\n",
			            steps[i].add ? "add to" : "set in",
			            steps[i].target, steps[i].from, steps[i].to,
			            steps[i].kind);
	fail_msg("seed %llu", (unsigned long long)seed);
}

static void
random_operations_do_what_the_model_does(void **state)
{
	static const bool none_off[STEPS];
	struct step steps[STEPS];

	(void)state;
	for (uint64_t seed = 1; seed <= 1000; seed++) {
		for (size_t i = 0; i < STEPS; i++)
			step_random(&steps[i], test_mix(seed, i));
		if (goes_wrong(steps, none_off))
			shrink_and_fail(steps, seed);
	}
	assert_int_equal(memory.live, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(neighbours_of_a_kind_become_one, setup),
		cmocka_unit_test_setup(removing_leaves_both_ends, setup),
		cmocka_unit_test_setup(
			what_is_missing_is_found_at_both_ends_and_inside,
			setup),
		cmocka_unit_test_setup(the_limits_of_time_are_times, setup),
		cmocka_unit_test_setup(of_two_kinds_the_first_holds_in_a_sum,
		                       setup),
		cmocka_unit_test_setup(without_memory_nothing_changes, setup),
		cmocka_unit_test_setup(random_operations_do_what_the_model_does,
		                       setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_policy.c - the policies that choose: worked vectors, ties, what is
 * pinned, the ends of the ranges, and random candidates against references
 * that look for one victim after another.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND INT64_C(1000000000)
#define MANY 400

static const enum bc_policy choosing[] = {
	BC_POLICY_LRU,   BC_POLICY_SIZE, BC_POLICY_HYBRID,
	BC_POLICY_SCORE, BC_POLICY_GDSF,
};

/* Key and order are the index; put and accessed once, then. */
static struct bci_candidate
candidate(uint64_t order, int64_t accessed_s, uint64_t bytes)
{
	return (struct bci_candidate){
		.key = order,
		.order = order,
		.bytes = bytes,
		.stored_ns = accessed_s * SECOND,
		.accessed_ns = accessed_s * SECOND,
		.count = 1,
	};
}

static size_t
choose(enum bc_policy policy, struct bci_candidate *candidates, size_t count,
       uint64_t used, uint64_t target, int64_t now_s)
{
	struct bci_choice choice = {
		.candidates = candidates,
		.count = count,
		.used_bytes = used,
		.target_bytes = target,
		.now_ns = now_s * SECOND,
	};

	return bci_policy_choose(policy, &choice);
}

/* The victims are these, 'a' for the first that was put. */
static void
expect(enum bc_policy policy, const struct bci_candidate *given, size_t count,
       uint64_t target, int64_t now_s, const char *victims)
{
	struct bci_candidate work[64];
	uint64_t used = 0;
	size_t chosen;

	assert_true(count <= COUNT(work));
	memcpy(work, given, count * sizeof(*work));
	for (size_t i = 0; i < count; i++)
		used += given[i].bytes;
	chosen = choose(policy, work, count, used, target, now_s);
	assert_int_equal(chosen, strlen(victims));
	for (size_t i = 0; i < chosen; i++)
		assert_int_equal(work[i].order, victims[i] - 'a');
}

/* ---- worked vectors ---------------------------------------------------- */

static void
test_e1_e3(void **state)
{
	const struct bci_candidate given[] = {
		candidate(0, 1, 30),
		candidate(1, 2, 10),
		candidate(2, 3, 40),
		candidate(3, 4, 20),
	};

	(void)state;
	expect(BC_POLICY_LRU, given, 4, 50, 10, "abc");
	expect(BC_POLICY_SIZE, given, 4, 50, 10, "ca");
	expect(BC_POLICY_HYBRID, given, 4, 50, 10, "abc");
	expect(BC_POLICY_LRU, given, 4, 80, 10, "a");
	expect(BC_POLICY_SIZE, given, 4, 80, 10, "c");
	expect(BC_POLICY_HYBRID, given, 4, 80, 10, "a");
}

static void
test_e2_e4(void **state)
{
	const struct bci_candidate given[] = {
		candidate(0, 1, 10), candidate(1, 2, 30), candidate(2, 3, 20),
		candidate(3, 4, 50), candidate(4, 5, 5),  candidate(5, 6, 5),
	};

	(void)state;
	expect(BC_POLICY_LRU, given, 6, 90, 10, "ab");
	expect(BC_POLICY_SIZE, given, 6, 90, 10, "d");
	expect(BC_POLICY_HYBRID, given, 6, 90, 10, "b");
	expect(BC_POLICY_LRU, given, 6, 20, 10, "abcd");
	expect(BC_POLICY_SIZE, given, 6, 20, 10, "dbc");
	expect(BC_POLICY_HYBRID, given, 6, 20, 10, "bcad");
}

static void
test_score_v1(void **state)
{
	struct bci_candidate given[10];

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		given[i] = candidate(i, i, 1);
	given[0].count = 4;
	given[0].accessed_ns = 10 * SECOND;
	expect(BC_POLICY_SCORE, given, 10, 9, 20, "b");
}

static void
test_score_v2(void **state)
{
	struct bci_candidate given[25];

	(void)state;
	for (unsigned i = 0; i < 25; i++)
		given[i] = candidate(i, i, 1);
	expect(BC_POLICY_SCORE, given, 25, 24, 100, "ab");
}

static void
test_score_v4(void **state)
{
	struct bci_candidate given[10];

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		given[i] = candidate(i, i, 102400);
	expect(BC_POLICY_SCORE, given, 10, 1048576 - 921600, 100, "abcdefghi");
}

/* What fits needs no victim, whatever the policy evicts at the least. */
static void
test_fits(void **state)
{
	struct bci_candidate given[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		given[i] = candidate(i, i, 10);
	for (size_t i = 0; i < COUNT(choosing); i++) {
		expect(choosing[i], given, 3, 30, 9, "");
		expect(choosing[i], given, 3, UINT64_MAX, 9, "");
	}
}

static void
test_score_is_exact(void **state)
{
	/* 2 / 4 and 1 / 2 are equal; 1 / 3 is less than both. */
	struct bci_candidate given[] = {
		candidate(0, 97, 1),
		candidate(1, 99, 1),
		candidate(2, 98, 1),
	};

	(void)state;
	given[0].count = 2;
	expect(BC_POLICY_SCORE, given, 3, 2, 100, "c");
	expect(BC_POLICY_SCORE, given, 3, 1, 100, "ca");
	expect(BC_POLICY_SCORE, given, 3, 0, 100, "cab");
}

/* Count, cost, bytes and age each decide where the others are equal. */
static void
test_gdsf(void **state)
{
	struct bci_candidate given[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		given[i] = candidate(i, 50, 100);
		given[i].cost_ns = 1000000;
	}
	expect(BC_POLICY_GDSF, given, 2, 100, 60, "a");
	given[0].count = 2;
	expect(BC_POLICY_GDSF, given, 2, 100, 60, "b");
	given[1].cost_ns = 2000001;
	expect(BC_POLICY_GDSF, given, 2, 100, 60, "a");
	given[1].bytes = 101;
	expect(BC_POLICY_GDSF, given, 2, 199, 60, "b");
	given[1].accessed_ns = 51 * SECOND;
	expect(BC_POLICY_GDSF, given, 2, 199, 60, "a");
}

/* A cost that nobody knows is as many bytes at the rate that is stated. */
static void
test_gdsf_unknown_cost(void **state)
{
	struct bci_candidate given[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		given[i] = candidate(i, 50, 100 + 900 * i);
	given[0].cost_ns = 100 * BCI_POLICY_COST_NS;
	expect(BC_POLICY_GDSF, given, 2, 1000, 60, "a");
	given[0].cost_ns++;
	expect(BC_POLICY_GDSF, given, 2, 1000, 60, "b");
}

/* ---- ties, pins, limits ------------------------------------------------ */

static void
test_ties_go_by_order(void **state)
{
	struct bci_candidate given[6];

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		given[i] = candidate(5 - i, 7, 10);
	for (size_t i = 0; i < COUNT(choosing); i++)
		expect(choosing[i], given, 6, 20, 9, "abcd");
}

static void
test_pinned_stay(void **state)
{
	struct bci_candidate given[5];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		given[i] = candidate(i, 7, 10);
		given[i].pinned = i % 2 == 0;
	}
	for (size_t i = 0; i < COUNT(choosing); i++) {
		expect(choosing[i], given, 5, 40, 9, "b");
		expect(choosing[i], given, 5, 0, 9, "bd");
	}
	for (unsigned i = 0; i < 5; i++)
		given[i].pinned = true;
	for (size_t i = 0; i < COUNT(choosing); i++)
		expect(choosing[i], given, 5, 0, 9, "");
}

static void
test_nothing_to_choose_from(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(choosing); i++) {
		assert_int_equal(choose(choosing[i], NULL, 0, 100, 0, 9), 0);
		assert_int_equal(choose(choosing[i], NULL, 0, 0, 0, 9), 0);
	}
}

/* More is needed than there is: everything goes. */
static void
test_need_is_larger_than_all(void **state)
{
	struct bci_candidate work[3];

	(void)state;
	for (size_t i = 0; i < COUNT(choosing); i++) {
		for (unsigned j = 0; j < 3; j++)
			work[j] = candidate(j, j, 10);
		assert_int_equal(choose(choosing[i], work, 3, UINT64_MAX, 1, 9),
		                 3);
	}
}

/* An access in the future is one now, and no older than any other. */
static void
test_clock_set_back(void **state)
{
	struct bci_candidate given[3] = {
		candidate(0, 1000, 10),
		candidate(1, 2000, 10),
		candidate(2, 99, 10),
	};

	(void)state;
	expect(BC_POLICY_LRU, given, 3, 20, 100, "c");
	expect(BC_POLICY_LRU, given, 3, 0, 100, "cab");
	expect(BC_POLICY_SCORE, given, 3, 20, 100, "c");
	expect(BC_POLICY_SCORE, given, 3, 0, 100, "cab");
	expect(BC_POLICY_GDSF, given, 3, 0, 100, "cab");
	given[2].accessed_ns = 100 * SECOND;
	expect(BC_POLICY_LRU, given, 3, 0, 100, "abc");
}

static void
test_extremes(void **state)
{
	const struct bci_candidate least = {
		.order = 0,
		.accessed_ns = INT64_MIN,
		.stored_ns = INT64_MIN,
	};
	const struct bci_candidate most = {
		.order = UINT64_MAX,
		.bytes = UINT64_MAX,
		.cost_ns = UINT64_MAX,
		.accessed_ns = INT64_MAX,
		.stored_ns = INT64_MAX,
		.count = UINT32_MAX,
	};
	static const int64_t clocks[] = { INT64_MIN, 0, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(choosing) * COUNT(clocks); i++) {
		struct bci_candidate work[2] = { most, least };
		struct bci_choice choice = {
			.candidates = work,
			.count = 2,
			.used_bytes = UINT64_MAX,
			.now_ns = clocks[i % COUNT(clocks)],
		};
		enum bc_policy policy = choosing[i / COUNT(clocks)];
		size_t count = bci_policy_choose(policy, &choice);

		/* The large one is enough where it goes first. */
		if (policy == BC_POLICY_SIZE) {
			assert_int_equal(count, 1);
			assert_true(work[0].order == UINT64_MAX);
		} else {
			assert_int_equal(count, 2);
			assert_int_equal(work[0].order, 0);
		}
	}
}

/* ---- random candidates against references ------------------------------ */

/* Whether 'a' goes before 'b', straight from the definitions. */
static bool
goes_before(enum bc_policy policy, const struct bci_candidate *a,
            const struct bci_candidate *b, int64_t now_ns)
{
	double worth[2];
	const struct bci_candidate *both[2] = { a, b };

	if (policy == BC_POLICY_LRU && a->accessed_ns != b->accessed_ns)
		return a->accessed_ns < b->accessed_ns;
	if (policy == BC_POLICY_SIZE && a->bytes != b->bytes)
		return a->bytes > b->bytes;
	for (unsigned i = 0; i < 2; i++) {
		double age = (double)(now_ns - both[i]->accessed_ns) / 1e9;

		worth[i] = both[i]->count;
		if (policy == BC_POLICY_GDSF)
			worth[i] = worth[i] * (double)both[i]->cost_ns /
			           (double)both[i]->bytes;
		worth[i] /= age + 1;
	}
	if (policy >= BC_POLICY_SCORE && worth[0] != worth[1])
		return worth[0] < worth[1];
	return a->order < b->order;
}

/* One victim after another by looking at all: 'gone' gets their orders. */
static size_t
reference(enum bc_policy policy, const struct bci_candidate *given,
          size_t count, uint64_t used, uint64_t target, int64_t now_ns,
          size_t *gone)
{
	bool out[MANY] = { false }, half[MANY] = { false };
	size_t least = policy == BC_POLICY_SCORE ? count / 10 : 0;
	size_t done = 0;

	if (used <= target)
		return 0;
	for (;;) {
		size_t best = count, older = 0;

		/* The older half is taken anew when it is used up. */
		for (size_t i = 0; i < count; i++)
			older += half[i] && !out[i];
		for (size_t n = 0; policy == BC_POLICY_HYBRID && older == 0 &&
		                   n < (count - done + 1) / 2;
		     n++) {
			size_t next = count;

			for (size_t i = 0; i < count; i++) {
				if (!out[i] && !half[i] &&
				    (next == count ||
				     goes_before(BC_POLICY_LRU, &given[i],
				                 &given[next], now_ns)))
					next = i;
			}
			half[next] = true;
		}
		if (done == count || (used <= target && done >= least))
			return done;
		for (size_t i = 0; i < count; i++) {
			enum bc_policy by = policy;

			if (out[i] || (policy == BC_POLICY_HYBRID && !half[i]))
				continue;
			if (policy == BC_POLICY_HYBRID)
				by = BC_POLICY_SIZE;
			if (best == count ||
			    goes_before(by, &given[i], &given[best], now_ns))
				best = i;
		}
		out[best] = true;
		used -= given[best].bytes;
		gone[done++] = given[best].order;
	}
}

static void
check_random(enum bc_policy policy, uint64_t seed)
{
	static struct bci_candidate given[MANY], work[MANY];
	static size_t gone[MANY];
	int64_t now_ns = 1000 * SECOND;
	size_t count = test_mix_next(&seed) % MANY;
	uint64_t used = 0, target;
	struct bci_choice choice;
	size_t expected;

	for (size_t i = 0; i < count; i++) {
		given[i] = candidate(i, (int64_t)(test_mix_next(&seed) % 30),
		                     1 + test_mix_next(&seed) % 20);
		given[i].count = 1 + (uint32_t)test_mix_next(&seed) % 5;
		given[i].cost_ns = 1 + test_mix_next(&seed) % 9;
		used += given[i].bytes;
	}
	/* Not in the order of putting. */
	for (size_t i = 0; i + 1 < count; i++) {
		size_t other = i + test_mix_next(&seed) % (count - i);
		struct bci_candidate swapped = given[i];

		given[i] = given[other];
		given[other] = swapped;
	}
	memcpy(work, given, sizeof(work));
	target = test_mix_next(&seed) % (used + 1);
	choice = (struct bci_choice){ work, count, used, target, now_ns };
	expected = reference(policy, given, count, used, target, now_ns, gone);
	assert_int_equal(bci_policy_choose(policy, &choice), expected);
	for (size_t i = 0; i < expected; i++)
		assert_int_equal(work[i].order, gone[i]);
	/* Nobody is lost: what stays is still there, once. */
	for (size_t i = 0; i < count; i++) {
		size_t found = 0;

		for (size_t j = 0; j < count; j++)
			found += work[j].order == given[i].order &&
			         work[j].bytes == given[i].bytes;
		assert_int_equal(found, 1);
	}
}

static void
test_random(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(choosing); i++) {
		for (uint64_t seed = 1; seed <= 40; seed++)
			check_random(choosing[i], seed);
	}
}

/* ---- names ------------------------------------------------------------- */

static void
test_names(void **state)
{
	static const char *const names[] = {
		"default", "lru",    "size", "hybrid",
		"score",   "s3fifo", "gdsf", "adaptive",
	};
	enum bc_policy policy;

	(void)state;
	for (unsigned i = 0; i < COUNT(names); i++) {
		assert_string_equal(bc_policy_name((enum bc_policy)i),
		                    names[i]);
		assert_status(bc_policy_parse(names[i], &policy), BC_OK, NULL);
		assert_int_equal(policy, i);
	}
	assert_string_equal(bc_policy_name((enum bc_policy)COUNT(names)),
	                    "unknown");
	assert_string_equal(bc_policy_name((enum bc_policy) - 1), "unknown");
	assert_status(bc_policy_parse("LRU", &policy), BC_INVALID, NULL);
	assert_status(bc_policy_parse("", &policy), BC_INVALID, NULL);
	assert_status(bc_policy_parse("unknown", &policy), BC_INVALID, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_e1_e3),
		cmocka_unit_test(test_e2_e4),
		cmocka_unit_test(test_score_v1),
		cmocka_unit_test(test_score_v2),
		cmocka_unit_test(test_score_v4),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_score_is_exact),
		cmocka_unit_test(test_gdsf),
		cmocka_unit_test(test_gdsf_unknown_cost),
		cmocka_unit_test(test_ties_go_by_order),
		cmocka_unit_test(test_pinned_stay),
		cmocka_unit_test(test_nothing_to_choose_from),
		cmocka_unit_test(test_need_is_larger_than_all),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}

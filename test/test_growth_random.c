/* SPDX-License-Identifier: MIT */
/*
 * test_growth_random.c - random appends, corrections, insertions and removals
 * against a model that holds all rows in one array.
 */
#include "growth_unit.h"

#include <stdio.h>
#include <string.h>

#define KEY "r/andom/1m"
#define MINUTE SERIES_MINUTE_NS
#define ORIGIN (1704067200000 * 1000000LL)

static const char *const labels[] = { "",         "up",   "down",
	                              "sideways", "gap",  "halt",
	                              "auction",  "late", "busted" };

/* A walk: the model, and a place that changes are near to. */
struct walk {
	struct series_rows model;
	uint64_t bits, seed;
	uint64_t inserted, removed;
};

static uint64_t
next(struct walk *walk, uint64_t below)
{
	walk->bits = test_mix(walk->bits, walk->seed);
	return below == 0 ? 0 : (walk->bits >> 11) % below;
}

/* Rows of an append: 'count' of them, 'stride' minutes apart on the average. */
static void
make(struct walk *walk, struct series_rows *fresh, int64_t minute,
     uint64_t count, uint64_t stride)
{
	for (uint64_t i = 0; i < count; i++) {
		series_add(fresh, ORIGIN + minute * MINUTE,
		           1 + (double)next(walk, 4));
		minute += 1 + (int64_t)next(walk, 2 * stride - 1);
	}
}

/* Append to the cache and to the model; the counts must agree. */
static void
append(struct walk *walk, int64_t minute, uint64_t count, uint64_t stride)
{
	struct series_rows *model = &walk->model;
	struct series_rows fresh = { .labels = model->labels,
		                     .label_count = model->label_count };
	struct bc_counts counts;
	struct bc_error err;
	uint64_t before = model->rows;

	make(walk, &fresh, minute, count, stride);
	assert_status(series_append(KEY, &fresh, 0, count, NULL, &counts, &err),
	              BC_OK, &err);
	series_merge(model, &fresh);
	assert_int_equal(counts.inserted, model->rows - before);
	assert_int_equal(counts.updated + counts.identical,
	                 count - counts.inserted);
	assert_int_equal(counts.conflicting + counts.rejected, 0);
	walk->inserted += counts.inserted;
	series_free(&fresh);
}

static void
cut(struct walk *walk, int64_t from, int64_t to)
{
	uint64_t before = walk->model.rows, removed;
	struct bc_error err;

	assert_status(bc_remove_range(fixture.cache, KEY,
	                              ORIGIN + from * MINUTE,
	                              ORIGIN + to * MINUTE, &removed, &err),
	              BC_OK, &err);
	series_remove(&walk->model, ORIGIN + from * MINUTE,
	              ORIGIN + to * MINUTE);
	assert_int_equal(removed, before - walk->model.rows);
	walk->removed += removed;
}

static void
step(struct walk *walk, uint64_t size)
{
	const struct series_rows *model = &walk->model;
	int64_t first = 0, end = 0, middle;
	uint64_t what = next(walk, 20);

	if (model->rows != 0) {
		first = (model->time_ns[0] - ORIGIN) / MINUTE;
		end = (model->time_ns[model->rows - 1] - ORIGIN) / MINUTE + 1;
	}
	middle = first + (int64_t)next(walk, (uint64_t)(end - first) + 1);
	if (what < 6)
		append(walk, end + (int64_t)next(walk, 3), 1, 1);
	else if (what < 9)
		append(walk, end, 1 + next(walk, size), 2);
	else if (what < 11)
		append(walk, first - (int64_t)size, 1 + next(walk, size), 1);
	else if (what < 14)
		append(walk, middle, 1 + next(walk, 20), 1);
	else if (what < 16)
		append(walk, middle, 1 + next(walk, size), 3);
	else if (what < 17)
		append(walk, first - 3, 2 + next(walk, 3),
		       (uint64_t)(end - first) / 3 + 1);
	else if (what < 19 && walk->inserted != 0)
		cut(walk, middle, middle + (int64_t)next(walk, size));
	else if (next(walk, 8) == 0)
		unit_reopen(NULL);
}

static void
random_walk(uint64_t seed, uint64_t size, unsigned steps, uint64_t budget,
            uint32_t label_count)
{
	struct bc_options options = unit_options();
	struct walk walk = { .seed = seed, .bits = seed };
	struct bc_error err;

	options.warm_bytes = budget;
	unit_restart(&options);
	walk.model.labels = labels;
	walk.model.label_count = label_count;
	for (unsigned i = 0; i < steps; i++) {
		/* Dictionaries differ from append to append, and grow. */
		if (label_count != 0)
			walk.model.label_count =
				1 + (uint32_t)next(&walk,
			                           1 + i * label_count / steps);
		step(&walk, size);
		walk.model.label_count = label_count;
		if (i % 9 == 0 && walk.model.rows != 0)
			expect_rows(KEY, &walk.model);
	}
	expect_rows(KEY, &walk.model);
	assert_true(walk.inserted > steps && walk.removed > 0);
	assert_status(bc_remove(fixture.cache, KEY, &err), BC_OK, &err);
	assert_int_equal(unit_stats().segments, 0);
	assert_int_equal(unit_stats().live_bytes, 0);
	series_free(&walk.model);
}

static void
short_series(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= TEST_TRIALS(8); seed++)
		random_walk(seed, 60, 200, 0, 0);
}

static void
series_of_some_segments(void **state)
{
	(void)state;
	for (uint64_t seed = 20; seed < 20 + TEST_TRIALS(3); seed++)
		random_walk(seed, 5000, 120, 0, 0);
}

static void
long_series(void **state)
{
	(void)state;
	for (uint64_t seed = 30; seed < 30 + TEST_TRIALS(2); seed++)
		random_walk(seed, 60000, 60, 0, 0);
}

static void
series_with_texts(void **state)
{
	(void)state;
	for (uint64_t seed = 40; seed < 40 + TEST_TRIALS(9); seed++)
		random_walk(seed, 300, 200, 0, 9);
	random_walk(50, 20000, 60, 0, 9);
}

static void
series_under_a_small_budget(void **state)
{
	(void)state;
	for (uint64_t seed = 60; seed < 60 + TEST_TRIALS(4); seed++)
		random_walk(seed, 2000, 60, 24u << 20, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(short_series, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(series_of_some_segments,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(long_series, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(series_with_texts, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(series_under_a_small_budget,
		                                unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("growth random", tests, NULL, NULL);
}

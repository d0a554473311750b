/* SPDX-License-Identifier: MIT */
/*
 * test_append.c - appends to one series: rows behind, before, between and over
 * those stored; counts; what is known; bars that had not ended.
 */
#include "growth_unit.h"

#include <stdio.h>
#include <string.h>

#define KEY "binance/spot/BTC%2FUSDT/1m"
#define MINUTE SERIES_MINUTE_NS
#define JANUARY (1704067200000 * 1000000LL) /* of 2024 */

static struct series_rows all;

static int
setup(void **state)
{
	memset(&all, 0, sizeof(all));
	return unit_setup(state);
}

static int
teardown(void **state)
{
	series_free(&all);
	return unit_teardown(state);
}

/* Append rows [first, first + count) of 'all', which must work. */
static struct bc_counts
append(uint64_t first, uint64_t count)
{
	struct bc_counts counts;
	struct bc_error err;

	assert_status(
		series_append(KEY, &all, first, count, NULL, &counts, &err),
		BC_OK, &err);
	return counts;
}

static void
one_bar_after_another(void **state)
{
	struct series_layout layout;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 3000, 1);
	for (uint64_t i = 0; i < 3000; i++) {
		struct series_rows now = all;

		assert_int_equal(append(i, 1).inserted, 1);
		now.rows = i + 1;
		if (i < 40 || i % 97 == 0)
			expect_rows(KEY, &now);
	}
	expect_rows(KEY, &all);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE), "b[0,3000)");
	series_layout(KEY, &layout);
	assert_true(layout.segment_count <= 8);
	assert_int_equal(unit_stats().entries, 1);
	assert_int_equal(unit_stats().segments, layout.segment_count);
}

static void
months(void **state)
{
	static const uint64_t rows[] = { 44640, 41760, 44640 };
	struct series_layout layout;
	uint64_t first = 0;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 44640 + 41760 + 44640, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(append(first, rows[i]).inserted, rows[i]);
		first += rows[i];
	}
	expect_rows(KEY, &all);
	assert_int_equal(all.time_ns[44640], 1706745600000 * 1000000LL);
	series_layout(KEY, &layout);
	for (unsigned i = 0; i + 1 < layout.segment_count; i++)
		assert_int_equal(layout.segments[i].rows % 4096, 0);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE), "b[0,131040)");
	/* All of it once more: nothing is written. */
	assert_int_equal(append(0, all.rows).identical, all.rows);
	expect_rows(KEY, &all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_bar_after_another, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(months, setup, teardown),
	};

	return cmocka_run_group_tests_name("append", tests, NULL, NULL);
}

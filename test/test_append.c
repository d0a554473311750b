/* SPDX-License-Identifier: MIT */
/*
 * test_append.c - appends to one series: rows behind, before, between and over
 * those stored; counts; what is known; bars that had not ended.
 */
#include "growth_unit.h"

#include <stdio.h>

#define KEY "binance/spot/BTC%2FUSDT/1m"
#define MINUTE SERIES_MINUTE_NS
#define JANUARY (1704067200000 * 1000000LL) /* of 2024 */

static void
one_bar_after_another(void **state)
{
	struct series_layout layout;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 3000, 1);
	for (uint64_t i = 0; i < 3000; i++) {
		struct series_rows now = all;

		assert_int_equal(series_grow(KEY, i, 1).inserted, 1);
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
		assert_int_equal(series_grow(KEY, first, rows[i]).inserted,
		                 rows[i]);
		first += rows[i];
	}
	expect_rows(KEY, &all);
	assert_int_equal(all.time_ns[44640], 1706745600000 * 1000000LL);
	series_layout(KEY, &layout);
	for (unsigned i = 0; i + 1 < layout.segment_count; i++)
		assert_int_equal(layout.segments[i].rows % 4096, 0);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE), "b[0,131040)");
	/* All of it once more: nothing is written. */
	assert_int_equal(series_grow(KEY, 0, all.rows).identical, all.rows);
	expect_rows(KEY, &all);
}

/* ------------------------------------------------------------------------ */
/*  Where rows come                                                         */
/* ------------------------------------------------------------------------ */

/* Append one bar at minute 'minute' with options. */
static enum bc_status
bar(int64_t minute, double close, const struct bc_append_options *options,
    struct bc_counts *counts, struct bc_error *err)
{
	return series_bar(KEY, JANUARY + minute * MINUTE, close, options,
	                  counts, err);
}

static void
the_vectors_of_merging(void **state)
{
	struct bc_append_options open = BC_APPEND_OPTIONS_INIT;
	struct series_layout before, after;
	struct bc_counts counts;
	struct bc_error err;

	(void)state;
	open.flags = BC_APPEND_OPEN;
	/* None; a closed bar. */
	assert_status(bar(0, 10, NULL, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 1, 0, 0, 0, 0);
	/* Closed A; the same A: nothing is written. */
	series_layout(KEY, &before);
	assert_status(bar(0, 10, NULL, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 0, 0, 1, 0, 0);
	series_layout(KEY, &after);
	assert_int_equal(before.revision, after.revision);
	/* Closed A; closed B. */
	assert_status(bar(0, 11, NULL, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 0, 1, 0, 0, 0);
	/* Closed B; open C: kept. */
	assert_status(bar(0, 12, &open, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 0, 0, 0, 1, 0);
	series_add(&all, JANUARY, 11);
	expect_rows(KEY, &all);
	/* None; an open bar. */
	assert_status(bar(1, 20, &open, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 1, 0, 0, 0, 0);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE),
	                    "b[0,1) o[1,2)");
	/* Open A; open B; closed C. */
	assert_status(bar(1, 21, &open, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 0, 1, 0, 0, 0);
	series_layout(KEY, &before);
	assert_true(before.open);
	assert_status(bar(1, 22, NULL, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 0, 1, 0, 0, 0);
	series_layout(KEY, &after);
	assert_false(after.open);
	series_add(&all, JANUARY + MINUTE, 22);
	expect_rows(KEY, &all);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE), "b[0,2)");
}

static void
a_bar_that_had_not_ended_lives_on(void **state)
{
	struct bc_append_options open = BC_APPEND_OPTIONS_INIT;
	struct series_layout layout;
	struct bc_counts counts;
	struct bc_error err;
	uint64_t revision;

	(void)state;
	open.flags = BC_APPEND_OPEN;
	assert_status(bar(0, 10, NULL, NULL, &err), BC_OK, &err);
	assert_status(bar(1, 11, &open, NULL, &err), BC_OK, &err);
	/* The same once more changes nothing and writes nothing. */
	series_layout(KEY, &layout);
	revision = layout.revision;
	assert_status(bar(1, 11, &open, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 0, 0, 1, 0, 0);
	series_layout(KEY, &layout);
	assert_int_equal(layout.revision, revision);
	/* It ends with the values that it had. */
	assert_status(bar(1, 11, NULL, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 0, 1, 0, 0, 0);
	series_layout(KEY, &layout);
	assert_false(layout.open);
	/* One that is followed by another was never seen to end: it goes. */
	assert_status(bar(2, 12, &open, NULL, &err), BC_OK, &err);
	assert_status(bar(4, 14, NULL, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 1, 0, 0, 0, 0);
	series_add(&all, JANUARY, 10);
	series_add(&all, JANUARY + MINUTE, 11);
	series_add(&all, JANUARY + 4 * MINUTE, 14);
	expect_rows(KEY, &all);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE),
	                    "b[0,2) b[4,5)");
	/* It comes too late to be open. */
	assert_status(bar(3, 13, &open, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 0, 0, 0, 0, 1);
	expect_rows(KEY, &all);
	/* An open one follows an open one. */
	assert_status(bar(5, 15, &open, NULL, &err), BC_OK, &err);
	assert_status(bar(6, 16, &open, &counts, &err), BC_OK, &err);
	series_add(&all, JANUARY + 6 * MINUTE, 16);
	expect_rows(KEY, &all);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE),
	                    "b[0,2) b[4,5) o[6,7)");
	series_layout(KEY, &layout);
	assert_true(layout.open);
}

/* A feed: the last closed bar again, and the open one, at every update. */
static void
a_feed_of_open_bars(void **state)
{
	struct bc_append_options open = BC_APPEND_OPTIONS_INIT;
	struct series_rows part = { .rows = 0 };
	struct series_layout layout;
	struct bc_error err;

	(void)state;
	open.flags = BC_APPEND_OPEN;
	for (int64_t minute = 0; minute < 500; minute++) {
		for (int update = 0; update < 3; update++) {
			part.rows = 0;
			if (minute != 0)
				series_add(&part,
				           JANUARY + (minute - 1) * MINUTE,
				           (double)minute - 1);
			series_add(&part, JANUARY + minute * MINUTE,
			           (double)minute + update - 2);
			assert_status(series_append(KEY, &part, 0, part.rows,
			                            &open, NULL, &err),
			              BC_OK, &err);
		}
		series_add(&all, JANUARY + minute * MINUTE, (double)minute);
		if (minute % 37 == 0)
			expect_rows(KEY, &all);
	}
	expect_rows(KEY, &all);
	series_layout(KEY, &layout);
	assert_true(layout.open);
	assert_true(layout.tail_rows > 0);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE),
	                    "b[0,499) o[499,500)");
	series_free(&part);
}

static void
backwards_month_by_month(void **state)
{
	struct series_layout layout;
	unsigned odd = 0;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 12 * 44640, 1);
	for (unsigned month = 12; month-- > 0;)
		series_grow(KEY, month * 44640, 44640);
	expect_rows(KEY, &all);
	series_layout(KEY, &layout);
	for (unsigned i = 0; i < layout.segment_count; i++)
		odd += layout.segments[i].rows % 4096 != 0;
	assert_true(odd <= 2); /* At both ends. */
	assert_string_equal(series_known(KEY, JANUARY, MINUTE), "b[0,535680)");
}

static void
one_bar_before_another(void **state)
{
	struct series_layout layout;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 1500, 1);
	for (unsigned i = 1500; i-- > 0;)
		series_grow(KEY, i, 1);
	expect_rows(KEY, &all);
	series_layout(KEY, &layout);
	assert_true(layout.segment_count < 12);
}

static void
a_correction_rewrites_one_segment(void **state)
{
	struct series_layout before, after;
	struct bc_counts counts;
	struct bc_error err;
	unsigned differ = 0;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 200000, 1);
	for (unsigned i = 0; i < 4; i++)
		series_grow(KEY, i * 50000, 50000);
	series_layout(KEY, &before);
	assert_status(bar(60000, 1, NULL, &counts, &err), BC_OK, &err);
	series_expect_counts(&counts, 0, 1, 0, 0, 0);
	series_set(&all, JANUARY + 60000 * MINUTE, 1);
	expect_rows(KEY, &all);
	series_layout(KEY, &after);
	assert_int_equal(before.segment_count, after.segment_count);
	for (unsigned i = 0; i < before.segment_count; i++) {
		assert_int_equal(before.segments[i].rows,
		                 after.segments[i].rows);
		differ += before.segments[i].arena != after.segments[i].arena ||
		          before.segments[i].offset != after.segments[i].offset;
	}
	assert_int_equal(differ, 1);
	assert_int_equal(unit_stats().segments, after.segment_count);
}

static void
bars_come_into_gaps(void **state)
{
	struct series_layout layout;
	unsigned odd = 0;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 150000, 1);
	series_grow(KEY, 0, 40000);
	series_grow(KEY, 40010, 59990);
	series_grow(KEY, 100001, 49999);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE),
	                    "b[0,40000) b[40010,100000) b[100001,150000)");
	series_grow(KEY, 40000, 10);
	series_grow(KEY, 100000, 1);
	expect_rows(KEY, &all);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE), "b[0,150000)");
	series_layout(KEY, &layout);
	for (unsigned i = 0; i < layout.segment_count; i++)
		odd += layout.segments[i].rows % 4096 != 0;
	assert_true(odd <= 2);
}

static void
a_gap_far_from_both_ends_leaves_an_odd_segment(void **state)
{
	struct series_layout layout;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 700001, 1);
	series_grow(KEY, 0, 350000);
	series_grow(KEY, 350001, 350000);
	series_grow(KEY, 350000, 1);
	expect_rows(KEY, &all);
	series_layout(KEY, &layout);
	for (unsigned i = 0; i < layout.segment_count; i++)
		assert_true(layout.segments[i].rows >= 512);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, series_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_bar_after_another),
		TEST(months),
		TEST(the_vectors_of_merging),
		TEST(a_bar_that_had_not_ended_lives_on),
		TEST(a_feed_of_open_bars),
		TEST(backwards_month_by_month),
		TEST(one_bar_before_another),
		TEST(a_correction_rewrites_one_segment),
		TEST(bars_come_into_gaps),
		TEST(a_gap_far_from_both_ends_leaves_an_odd_segment),
	};

	return cmocka_run_group_tests_name("append", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_append_rules.c - what appends say is known, what they refuse, policies,
 * frames that become series.
 */
#include "growth_unit.h"

#include <stdio.h>
#include <string.h>

#define KEY "binance/spot/BTC%2FUSDT/1m"
#define MINUTE SERIES_MINUTE_NS
#define JANUARY (1704067200000 * 1000000LL) /* of 2024 */

/* ------------------------------------------------------------------------ */
/*  What is known                                                           */
/* ------------------------------------------------------------------------ */

static void
leap_day_and_month_bars(void **state)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	int64_t day = 24 * 60 * MINUTE, march = JANUARY + 60 * day;
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	/* 2024-02 has 29 days, which only the timeframe knows. */
	series_add(&all, JANUARY, 1);
	series_add(&all, JANUARY + 31 * day, 2);
	frame = series_frame(&all, 0, 2, columns);
	assert_status(bc_append(fixture.cache, "a/b/c/1M", &frame, &options,
	                        NULL, &err),
	              BC_OK, &err);
	assert_string_equal(series_known("a/b/c/1M", JANUARY, day), "b[0,60)");
	/* Without a timeframe: the shortest step; a single one: its moment. */
	assert_status(
		bc_append(fixture.cache, "free", &frame, NULL, NULL, &err),
		BC_OK, &err);
	assert_string_equal(series_known("free", JANUARY, day), "b[0,62)");
	all.time_ns[0] = march;
	frame = series_frame(&all, 0, 1, columns);
	assert_status(bc_append(fixture.cache, "one", &frame, NULL, NULL, &err),
	              BC_OK, &err);
	assert_string_equal(series_known("one", march, 1), "b[0,1)");
}

static enum bc_status
fetched(const struct bc_frame *frame, int64_t from, int64_t to,
        struct bc_error *err)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;

	options.from_ns = JANUARY + from * MINUTE;
	options.to_ns = JANUARY + to * MINUTE;
	return bc_append(fixture.cache, KEY, frame, &options, NULL, err);
}

static void
ranges_without_bars(void **state)
{
	struct series_layout before, after;
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	assert_status(fetched(NULL, 0, 10, &err), BC_OK, &err);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE), "e[0,10)");
	expect_rows(KEY, &all);
	series_generate(&all, JANUARY + 12 * MINUTE, MINUTE, 5, 1);
	frame = series_frame(&all, 0, 5, columns);
	assert_status(fetched(&frame, 10, 20, &err), BC_OK, &err);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE),
	                    "e[0,10) b[10,20)");
	/* Bars are known to be there: a fetch of nothing does not hide them. */
	assert_status(fetched(NULL, 5, 40, &err), BC_OK, &err);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE),
	                    "e[0,10) b[10,20) e[20,40)");
	series_layout(KEY, &before);
	assert_status(fetched(NULL, 25, 30, &err), BC_OK, &err);
	assert_status(fetched(&frame, 11, 19, &err), BC_OK, &err);
	series_layout(KEY, &after);
	assert_int_equal(before.revision, after.revision);
	expect_rows(KEY, &all);
	/* Bars come into what was known to be empty. */
	series_generate(&all, JANUARY + 30 * MINUTE, MINUTE, 2, 1);
	frame = series_frame(&all, 5, 2, columns);
	assert_status(fetched(&frame, 30, 32, &err), BC_OK, &err);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE),
	                    "e[0,10) b[10,20) e[20,30) b[30,32) e[32,40)");
	expect_rows(KEY, &all);
}

static void
what_is_not_taken(void **state)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 5, 1);
	frame = series_frame(&all, 0, 5, columns);
	assert_status(fetched(&frame, 1, 9, &err), BC_INVALID, &err);
	assert_int_equal(err.row, 0);
	assert_status(fetched(&frame, 0, 4, &err), BC_INVALID, &err);
	assert_int_equal(err.row, 4);
	assert_status(fetched(&frame, 4, 4, &err), BC_INVALID, &err);
	assert_status(bc_append(fixture.cache, KEY, NULL, NULL, NULL, &err),
	              BC_INVALID, &err);
	assert_status(bc_append(fixture.cache, NULL, &frame, NULL, NULL, &err),
	              BC_KEY, &err);
	frame.time_ns = NULL;
	assert_status(bc_append(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_INVALID, &err);
	options.flags = 1;
	frame = series_frame(&all, 0, 5, columns);
	assert_status(
		bc_append(fixture.cache, KEY, &frame, &options, NULL, &err),
		BC_INVALID, &err);
	options.flags = 0;
	options.merge = 4;
	assert_status(
		bc_append(fixture.cache, KEY, &frame, &options, NULL, &err),
		BC_INVALID, &err);
	all.time_ns[3] = all.time_ns[2];
	assert_status(bc_append(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_ORDER, &err);
	assert_int_equal(err.row, 3);
	all.time_ns[3] += MINUTE;
	all.columns[1][2] = 0;
	assert_status(bc_append(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_BARS, &err);
	assert_int_equal(err.row, 2);
	expect_miss(fixture.cache, KEY, BC_MISS_ABSENT);
	assert_int_equal(unit_stats().entries, 0);
	/* A value that is no frame stays what it is. */
	assert_status(bc_put_blob(fixture.cache, KEY, "abc", 3, NULL, &err),
	              BC_OK, &err);
	all.columns[1][2] = 1e6;
	assert_status(bc_append(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_INVALID, &err);
}

static void
columns_are_those_of_the_first_rows(void **state)
{
	struct bc_column columns[6], swapped[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 100, 1);
	series_grow(KEY, 0, 50);
	frame = series_frame(&all, 50, 50, columns);
	for (unsigned i = 0; i < 5; i++)
		swapped[i] = columns[4 - i];
	frame.columns = swapped;
	assert_status(bc_append(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	expect_rows(KEY, &all);
	frame.column_count = 4;
	assert_status(bc_append(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_INVALID, &err);
	frame.column_count = 5;
	swapped[2].name = "other";
	assert_status(bc_append(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_INVALID, &err);
	assert_non_null(strstr(err.message, "low"));
	swapped[2].name = "low";
	swapped[2].type = BC_I64;
	assert_status(bc_append(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_INVALID, &err);
	expect_rows(KEY, &all);
}

/* ------------------------------------------------------------------------ */
/*  Policies                                                                */
/* ------------------------------------------------------------------------ */

static void
policies(void **state)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct series_rows late = { .rows = 0 };
	struct series_layout before, after;
	struct bc_counts counts;
	struct bc_error err;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 5000, 1);
	series_grow(KEY, 0, 5000);
	series_layout(KEY, &before);
	options.merge = BC_MERGE_FIRST;
	assert_status(series_bar(KEY, JANUARY + 77 * MINUTE, 1, &options,
	                         &counts, &err),
	              BC_OK, &err);
	series_expect_counts(&counts, 0, 0, 0, 1, 0);
	options.merge = BC_MERGE_ERROR;
	series_generate(&late, JANUARY + 70 * MINUTE, MINUTE, 10, 1);
	series_set(&late, JANUARY + 77 * MINUTE, 1);
	assert_status(series_append(KEY, &late, 0, 10, &options, &counts, &err),
	              BC_EXISTS, &err);
	assert_int_equal(err.row, 7);
	/* Rows are counted over all segments. */
	late.rows = 0;
	series_generate(&late, JANUARY, MINUTE, 5000, 1);
	series_set(&late, JANUARY + 4990 * MINUTE, 1);
	assert_status(
		series_append(KEY, &late, 0, 5000, &options, &counts, &err),
		BC_EXISTS, &err);
	assert_int_equal(err.row, 4990);
	expect_rows(KEY, &all);
	series_layout(KEY, &after);
	assert_int_equal(before.revision, after.revision);
	/* Volume decides; where it is equal the new one holds. */
	options.merge = BC_MERGE_VOLUME;
	late.rows = 0;
	series_add(&late, JANUARY + 77 * MINUTE, 3);
	late.columns[4][0] = all.columns[4][77] - 1;
	assert_status(series_append(KEY, &late, 0, 1, &options, &counts, &err),
	              BC_OK, &err);
	series_expect_counts(&counts, 0, 0, 0, 1, 0);
	late.columns[4][0] = all.columns[4][77];
	assert_status(series_append(KEY, &late, 0, 1, &options, &counts, &err),
	              BC_OK, &err);
	series_expect_counts(&counts, 0, 1, 0, 0, 0);
	series_set(&all, JANUARY + 77 * MINUTE, 3);
	expect_rows(KEY, &all);
	series_free(&late);
}

static void
suspect_bars_are_kept_and_counted(void **state)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_counts counts;
	struct bc_error err;

	(void)state;
	options.flags = BC_APPEND_SUSPECT;
	options.dataset_id = 7;
	options.cost_ns = 9;
	series_generate(&all, JANUARY, MINUTE, 10, 1);
	all.columns[1][2] = 0;
	assert_status(series_append(KEY, &all, 0, 10, &options, &counts, &err),
	              BC_OK, &err);
	assert_int_equal(counts.suspect, 1);
	assert_int_equal(counts.inserted, 10);
	assert_int_equal(unit_info(KEY).suspect_rows, 1);
	assert_int_equal(unit_info(KEY).dataset_id, 7);
	assert_int_equal(unit_info(KEY).cost_ns, 9);
	/* 0 leaves them as they were. */
	assert_status(
		series_bar(KEY, JANUARY + 10 * MINUTE, 5, NULL, NULL, &err),
		BC_OK, &err);
	assert_int_equal(unit_info(KEY).dataset_id, 7);
	assert_int_equal(unit_info(KEY).suspect_rows, 1);
}

/* ------------------------------------------------------------------------ */
/*  Frames that become series                                               */
/* ------------------------------------------------------------------------ */

static void
put_then_append(uint64_t put_rows, uint64_t more)
{
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	unit_restart(NULL);
	all.rows = 0;
	series_generate(&all, JANUARY, MINUTE, put_rows + more, 1);
	frame = series_frame(&all, 0, put_rows, columns);
	assert_status(bc_put(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	series_grow(KEY, put_rows, more);
	expect_rows(KEY, &all);
	assert_int_equal(unit_stats().entries, 1);
	/* What a put replaces it replaces whole. */
	assert_status(bc_put(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	assert_int_equal(unit_stats().segments, 1);
	assert_int_equal(unit_info(KEY).rows, put_rows);
	series_grow(KEY, put_rows, more);
	expect_rows(KEY, &all);
	assert_status(bc_remove(fixture.cache, KEY, &err), BC_OK, &err);
	assert_int_equal(unit_stats().segments, 0);
	assert_int_equal(unit_stats().live_bytes, 0);
	assert_int_equal(unit_stats().entries, 0);
}

static void
a_frame_becomes_a_series(void **state)
{
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	put_then_append(3, 2);    /* inline, and a tail */
	put_then_append(20, 500); /* inline */
	put_then_append(300, 1);  /* a segment */
	put_then_append(5000, 7);
	put_then_append(100000, 44640);
	/* The same rows again leave it a frame. */
	frame = series_frame(&all, 0, 300, columns);
	assert_status(bc_put(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	assert_int_equal(series_grow(KEY, 100, 50).identical, 50);
	assert_int_equal(unit_info(KEY).kind, BC_FRAME);
	assert_int_equal(series_grow(KEY, 100, 400).inserted, 200);
	assert_int_equal(unit_info(KEY).kind, BC_SERIES);
	all.rows = 500;
	expect_rows(KEY, &all);
	/* No rows at all. */
	frame = series_frame(&all, 0, 0, columns);
	assert_status(bc_put(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	series_grow(KEY, 0, 500);
	expect_rows(KEY, &all);
	assert_int_equal(unit_stats().segments, 1);
}

static void
what_has_expired_is_not_continued(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 400, 1);
	frame = series_frame(&all, 0, 300, columns);
	options.ttl_ns = 1;
	assert_status(bc_put(fixture.cache, KEY, &frame, &options, NULL, &err),
	              BC_OK, &err);
	test_sleep_ms(2);
	series_grow(KEY, 300, 100);
	series_remove(&all, JANUARY, JANUARY + 300 * MINUTE);
	expect_rows(KEY, &all);
	assert_int_equal(unit_stats().entries, 1);
	assert_int_equal(unit_info(KEY).expires_ns, 0);
}

static void
damage_tail(struct MDB_txn *txn, const struct bci_tables *tables)
{
	unsigned char copy[2048];
	struct bci_bytes record;
	size_t bytes;

	require(bci_table_get(txn, tables->entries, KEY, strlen(KEY),
	                      &record) == BC_OK);
	bytes = record.size;
	require(bytes < sizeof(copy));
	memcpy(copy, record.data, bytes);
	copy[bytes - 3] ^= 4;
	require(bci_table_put(txn, tables->entries, KEY, strlen(KEY), copy,
	                      bytes, NULL) == BC_OK);
}

static void
a_damaged_tail_goes_alone(void **state)
{
	struct bc_error err;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 700, 1);
	series_grow(KEY, 0, 690);
	series_grow(KEY, 690, 10);
	unit_change_catalogue(damage_tail);
	unit_reopen(NULL);
	assert_status(series_append(KEY, &all, 699, 1, NULL, NULL, &err),
	              BC_CORRUPT, &err);
	unit_put("other", 1, 5);
	all.rows = 690;
	expect_rows(KEY, &all);
	assert_string_equal(series_known(KEY, JANUARY, MINUTE), "b[0,689)");
	all.rows = 700;
	series_grow(KEY, 690, 10);
	expect_rows(KEY, &all);
}

/* A frame that lies in its record: nothing of it can be kept. */
static void
a_damaged_frame_is_begun_anew(void **state)
{
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 40, 1);
	frame = series_frame(&all, 0, 20, columns);
	assert_status(bc_put(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	unit_change_catalogue(damage_tail);
	unit_reopen(NULL);
	assert_status(series_append(KEY, &all, 20, 20, NULL, NULL, &err),
	              BC_CORRUPT, &err);
	unit_put("other", 1, 5);
	expect_miss(fixture.cache, KEY, BC_MISS_ABSENT);
	series_grow(KEY, 0, 40);
	expect_rows(KEY, &all);
	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, NULL, &err),
	              BC_OK, &err);
}

/* Nothing is written of rows that are there; a label that is new is. */
static void
the_same_rows_again_may_bring_a_label(void **state)
{
	static const char *const tags[] = { "checked", NULL };
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_column columns[6];
	struct bc_counts counts;
	struct bc_frame frame;
	struct bc_error err;
	uint64_t revision;

	(void)state;
	series_generate(&all, JANUARY, MINUTE, 300, 1);
	series_grow(KEY, 0, 300);
	assert_int_equal(unit_info(KEY).labelled, 0);
	revision = unit_info(KEY).revision;
	frame = series_frame(&all, 100, 50, columns);
	options.tags = tags;
	for (unsigned i = 0; i < 2; i++) {
		assert_status(bc_append(fixture.cache, KEY, &frame, &options,
		                        &counts, &err),
		              BC_OK, &err);
		assert_int_equal(counts.identical, 50);
		assert_int_equal(unit_info(KEY).revision, revision);
		assert_int_equal(unit_info(KEY).labelled, 1);
	}
	assert_status(bc_tag(fixture.cache, KEY, tags, BC_LABELS_REMOVE, &err),
	              BC_OK, &err);
	assert_int_equal(unit_info(KEY).labelled, 0);
	expect_rows(KEY, &all);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, series_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(leap_day_and_month_bars),
		TEST(ranges_without_bars),
		TEST(what_is_not_taken),
		TEST(columns_are_those_of_the_first_rows),
		TEST(policies),
		TEST(suspect_bars_are_kept_and_counted),
		TEST(a_frame_becomes_a_series),
		TEST(what_has_expired_is_not_continued),
		TEST(a_damaged_tail_goes_alone),
		TEST(a_damaged_frame_is_begun_anew),
		TEST(the_same_rows_again_may_bring_a_label),
	};

	return cmocka_run_group_tests_name("append rules", tests, NULL, NULL);
}

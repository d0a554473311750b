/* SPDX-License-Identifier: MIT */
/*
 * test_compact.c - merging the segments of series, removing ranges, and many
 * series in one commit.
 */
#include "growth_unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "x/spot/A/1m"
#define MINUTE SERIES_MINUTE_NS
#define ORIGIN (1704067200000 * 1000000LL)

/* ------------------------------------------------------------------------ */
/*  Compacting                                                              */
/* ------------------------------------------------------------------------ */

static void
few_and_large(void **state)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct bc_compact_report report;
	struct series_layout before, after;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	series_generate(&all, ORIGIN, MINUTE, 11 * 44640 + 7, 1);
	for (unsigned i = 0; i < 11; i++)
		series_grow(KEY, i * 44640, 44640);
	series_grow(KEY, 11 * 44640, 7);
	unit_put("frame", 1, 100);
	series_layout(KEY, &before);
	assert_true(before.segment_count > 4);
	assert_status(bc_read(fixture.cache, KEY, INT64_MIN, INT64_MAX, NULL, 0,
	                      &view),
	              BC_OK, NULL);
	options.flags = BC_COMPACT_DRY_RUN;
	assert_status(bc_compact(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.entries, 2);
	assert_int_equal(report.merged, 1);
	assert_int_equal(report.segments_before, before.segment_count);
	assert_int_equal(report.segments_after, 2);
	series_layout(KEY, &after);
	assert_int_equal(before.segment_count, after.segment_count);
	options.flags = 0;
	options.prefix = "y";
	assert_status(bc_compact(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.entries, 0);
	assert_status(bc_compact(fixture.cache, NULL, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.merged, 1);
	assert_true(report.bytes_written > 10 * 44640 * 48);
	series_layout(KEY, &after);
	assert_int_equal(after.segment_count, 2);
	assert_int_equal(after.segments[0].rows % 4096, 0);
	assert_int_equal(after.revision, before.revision);
	assert_int_equal(after.tail_rows, 7);
	expect_rows(KEY, &all);
	assert_int_equal(unit_stats().segments, 3);
	expect_hit(fixture.cache, "frame", 1);
	/* What was read before stays as it was. */
	assert_int_equal(view.rows, all.rows);
	assert_memory_equal(bc_view_time(&view), all.time_ns, 8 * all.rows);
	bc_view_release(&view);
	/* Nothing is left to be done. */
	assert_status(bc_compact(fixture.cache, NULL, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.merged, 0);
	assert_int_equal(report.bytes_written, 0);
}

/* Put blobs until about 'left' bytes of a budget of 12 MiB are free. */
static void
fill_up(uint64_t left)
{
	uint64_t room = (12u << 20) - unit_stats().warm_bytes;
	unsigned char *bytes = calloc(1, 2u << 20);
	struct bc_error err;
	char key[16];

	assert_non_null(bytes);
	for (unsigned i = 0; room > left + 65536; i++) {
		uint64_t step = room - left < 2u << 20 ? room - left : 2u << 20;

		snprintf(key, sizeof(key), "fill/%u", i);
		assert_status(bc_put_blob(fixture.cache, key, bytes,
		                          step - 16384, NULL, &err),
		              BC_OK, &err);
		room = (12u << 20) - unit_stats().warm_bytes;
	}
	free(bytes);
}

static void
there_must_be_room_for_the_copy(void **state)
{
	struct bc_options options = unit_options();
	struct bc_compact_options only = BC_COMPACT_OPTIONS_INIT;
	struct bc_compact_report report;
	struct bc_error err;

	(void)state;
	options.warm_bytes = 12 << 20;
	options.cold_bytes = 4096; /* Nothing is packed. */
	unit_restart(&options);
	series_generate(&all, ORIGIN, MINUTE, 123000, 1);
	for (unsigned i = 0; i < 6; i++)
		series_grow(KEY, i * 20000, 20000);
	for (unsigned i = 0; i < 3; i++)
		series_grow("x/small", 120000 + i * 700, 700);
	fill_up(400000);
	only.prefix = KEY;
	assert_status(bc_compact(fixture.cache, &only, &report, &err), BC_FULL,
	              &err);
	assert_int_equal(report.merged, 0);
	/* A smaller one finds room. */
	only.prefix = "x/small";
	assert_status(bc_compact(fixture.cache, &only, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.merged, 1);
	all.rows = 120000;
	expect_rows(KEY, &all);
}

/* ------------------------------------------------------------------------ */
/*  Removing ranges                                                         */
/* ------------------------------------------------------------------------ */

static uint64_t
cut(int64_t from_ns, int64_t to_ns)
{
	struct bc_error err;
	uint64_t rows = 4711;

	assert_status(bc_remove_range(fixture.cache, KEY, from_ns, to_ns, &rows,
	                              &err),
	              BC_OK, &err);
	series_remove(&all, from_ns, to_ns);
	return rows;
}

static void
ranges_are_removed(void **state)
{
	struct bc_append_options open = BC_APPEND_OPTIONS_INIT;
	struct series_layout before, after;
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	assert_status(bc_remove_range(fixture.cache, KEY, 0, 1, NULL, &err),
	              BC_MISS, &err);
	series_generate(&all, ORIGIN, MINUTE, 10000, 1);
	series_grow(KEY, 0, 10000);
	assert_status(bc_remove_range(fixture.cache, KEY, 1, 0, NULL, &err),
	              BC_INVALID, &err);
	/* Nothing is there: nothing is written. */
	series_layout(KEY, &before);
	assert_int_equal(cut(0, ORIGIN), 0);
	assert_int_equal(cut(ORIGIN + MINUTE, ORIGIN + MINUTE), 0);
	series_layout(KEY, &after);
	assert_int_equal(before.revision, after.revision);
	assert_int_equal(cut(ORIGIN + 100 * MINUTE, ORIGIN + 200 * MINUTE),
	                 100);
	expect_rows(KEY, &all);
	assert_string_equal(series_known(KEY, ORIGIN, MINUTE),
	                    "b[0,100) b[200,10000)");
	assert_int_equal(cut(ORIGIN + 9990 * MINUTE, INT64_MAX), 10);
	expect_rows(KEY, &all);
	assert_int_equal(cut(INT64_MIN, ORIGIN + 10 * MINUTE), 10);
	expect_rows(KEY, &all);
	assert_string_equal(series_known(KEY, ORIGIN, MINUTE),
	                    "b[10,100) b[200,9990)");
	/* A bar that has not ended, and what is known of it. */
	series_generate(&all, ORIGIN + 9990 * MINUTE, MINUTE, 1, 1);
	open.flags = BC_APPEND_OPEN;
	frame = series_frame(&all, all.rows - 1, 1, columns);
	assert_status(bc_append(fixture.cache, KEY, &frame, &open, NULL, &err),
	              BC_OK, &err);
	assert_string_equal(series_known(KEY, ORIGIN, MINUTE),
	                    "b[10,100) b[200,9990) o[9990,9991)");
	assert_int_equal(
		cut(ORIGIN + 9990 * MINUTE, ORIGIN + 9990 * MINUTE + 1), 1);
	assert_string_equal(series_known(KEY, ORIGIN, MINUTE),
	                    "b[10,100) b[200,9990)");
	series_layout(KEY, &after);
	assert_false(after.open);
	/* All of it: the series stays, and its columns. */
	assert_int_equal(cut(INT64_MIN, INT64_MAX), 9880);
	expect_rows(KEY, &all);
	assert_string_equal(series_known(KEY, ORIGIN, MINUTE), "");
	assert_int_equal(unit_stats().segments, 0);
	assert_int_equal(unit_info(KEY).rows, 0);
	series_generate(&all, ORIGIN, MINUTE, 5, 1);
	series_grow(KEY, 0, 5);
	expect_rows(KEY, &all);
	/* Of a frame a series is left. */
	frame = series_frame(&all, 0, 5, columns);
	assert_status(bc_put(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	assert_int_equal(cut(ORIGIN, ORIGIN + 2 * MINUTE), 2);
	expect_rows(KEY, &all);
	assert_string_equal(series_known(KEY, ORIGIN, MINUTE), "b[2,5)");
}

/* ------------------------------------------------------------------------ */
/*  Batches                                                                 */
/* ------------------------------------------------------------------------ */

static struct bc_batch *
begin(void)
{
	struct bc_batch *batch;
	struct bc_error err;

	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	return batch;
}

static void
add(struct bc_batch *batch, const char *key, uint64_t first, uint64_t count,
    bool put, struct bc_counts *counts)
{
	struct bc_column columns[6];
	struct bc_frame frame = series_frame(&all, first, count, columns);
	struct bc_error err;

	assert_status(
		put ? bc_batch_put(batch, key, &frame, NULL, counts, &err)
		    : bc_batch_append(batch, key, &frame, NULL, counts, &err),
		BC_OK, &err);
}

static void
commit(struct bc_batch *batch)
{
	struct bc_error err;

	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
}

static void
order_in_a_batch(void **state)
{
	struct bc_counts counts[6];
	struct bc_batch *batch;
	struct bc_error err;

	(void)state;
	series_generate(&all, ORIGIN, MINUTE, 20000, 1);
	series_grow("removed", 0, 500);
	series_grow("replaced", 0, 500);
	batch = begin();
	add(batch, "put", 0, 300, true, &counts[0]);
	add(batch, "put", 300, 300, false, &counts[1]);
	add(batch, "put", 600, 10000, false, &counts[2]);
	add(batch, "put", 10600, 9400, false, NULL);
	add(batch, "replaced", 500, 500, false, &counts[3]);
	add(batch, "replaced", 7000, 100, true, NULL);
	assert_status(bc_batch_remove(batch, "removed", &err), BC_OK, &err);
	add(batch, "removed", 0, 20000, false, &counts[4]);
	add(batch, "gone", 0, 20000, false, &counts[5]);
	assert_status(bc_batch_remove(batch, "gone", &err), BC_OK, &err);
	commit(batch);
	expect_rows("put", &all);
	expect_rows("removed", &all);
	assert_int_equal(counts[0].inserted, 300);
	assert_int_equal(counts[1].inserted, 300);
	assert_int_equal(counts[2].inserted, 10000);
	assert_int_equal(counts[3].inserted, 0);
	assert_int_equal(counts[4].inserted, 20000);
	assert_int_equal(counts[5].inserted, 0);
	assert_int_equal(unit_info("replaced").kind, BC_FRAME);
	assert_int_equal(unit_info("replaced").rows, 100);
	expect_miss(fixture.cache, "gone", BC_MISS_ABSENT);
	assert_int_equal(unit_stats().entries, 3);
}

/* Pages of catalogue and arenas that a commit changed are not asked for; what
 * is: that no segment was written and that it was one commit. */
static void
many_series_in_one_commit(void **state)
{
	struct series_layout layout;
	uint64_t warm, revision;
	struct bc_batch *batch;
	char key[24];

	(void)state;
	series_generate(&all, ORIGIN, MINUTE, 20, 1);
	for (unsigned round = 0; round < 2; round++) {
		batch = begin();
		for (unsigned i = 0; i < 500; i++) {
			snprintf(key, sizeof(key), "s/%03u", i);
			add(batch, key, round == 0 ? 0 : 19,
			    round == 0 ? 19 : 1, false, NULL);
		}
		warm = unit_stats().warm_bytes;
		commit(batch);
		assert_int_equal(unit_stats().warm_bytes, warm);
	}
	series_layout("s/000", &layout);
	revision = layout.revision;
	for (unsigned i = 0; i < 500; i += 7) {
		snprintf(key, sizeof(key), "s/%03u", i);
		series_layout(key, &layout);
		assert_int_equal(layout.revision, revision);
		assert_int_equal(layout.segment_count, 0);
		expect_rows(key, &all);
	}
	assert_int_equal(unit_stats().segments, 0);
	assert_int_equal(unit_stats().entries, 500);
}

static void
all_or_nothing(void **state)
{
	struct bc_append_options error = BC_APPEND_OPTIONS_INIT;
	struct series_rows other = { .rows = 0 };
	struct bc_column columns[6];
	struct bc_batch *batch;
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	series_generate(&all, ORIGIN, MINUTE, 9000, 1);
	series_grow("b", 0, 100);
	batch = begin();
	add(batch, "a", 0, 9000, false, NULL);
	series_add(&other, ORIGIN + 5 * MINUTE, 1);
	frame = series_frame(&other, 0, 1, columns);
	error.merge = BC_MERGE_ERROR;
	assert_status(bc_batch_append(batch, "b", &frame, &error, NULL, &err),
	              BC_OK, &err);
	add(batch, "c", 0, 9000, false, NULL);
	assert_status(bc_batch_commit(&batch, &err), BC_EXISTS, &err);
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	assert_int_equal(unit_stats().entries, 1);
	series_grow("a", 0, 9000);
	expect_rows("a", &all);
	series_free(&other);
}

/*
 * Moving a segment gives it a new checksum of its header: what does not verify
 * at its old place would be right at the new one.
 */
static void
a_damaged_segment_is_not_moved(void **state)
{
	struct bc_options options = unit_options();
	struct bc_error err;
	char key[16];

	(void)state;
	options.warm_bytes = 32u << 20;
	unit_restart(&options);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(key, sizeof(key), "key/%u", i);
		unit_put(key, 1, 1000);
	}
	unit_flip("key/3", unit_locate("key/3").header_bytes + 70000 / 2);
	unit_reopen(&options);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(key, sizeof(key), "key/%u", i);
		if (i != 2 && i != 3)
			assert_status(bc_remove(fixture.cache, key, &err),
			              BC_OK, &err);
	}
	assert_status(bc_compact(fixture.cache, NULL, NULL, &err), BC_OK, &err);
	expect_hit(fixture.cache, "key/2", 1);
	expect_miss(fixture.cache, "key/3", BC_MISS_EVICTED);
}

/* ------------------------------------------------------------------------ */
/*  What it is asked to do                                                  */
/* ------------------------------------------------------------------------ */

static void
refuses(struct bc_compact_options options)
{
	struct bc_compact_report report;
	struct bc_error err;

	assert_status(bc_compact(fixture.cache, &options, &report, &err),
	              BC_INVALID, &err);
}

static void
options_that_make_no_sense_are_refused(void **state)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	char prefix[BC_KEY_MAX + 2];

	(void)state;
	options.struct_size--;
	refuses(options);
	options = (struct bc_compact_options)BC_COMPACT_OPTIONS_INIT;
	options.flags = 8;
	refuses(options);
	options = (struct bc_compact_options)BC_COMPACT_OPTIONS_INIT;
	options.policy = BC_POLICY_ADAPTIVE + 1;
	refuses(options);
	options = (struct bc_compact_options)BC_COMPACT_OPTIONS_INIT;
	options.max_ns = -1;
	refuses(options);
	options = (struct bc_compact_options)BC_COMPACT_OPTIONS_INIT;
	memset(prefix, 'k', sizeof(prefix) - 1);
	prefix[sizeof(prefix) - 1] = '\0';
	options.prefix = prefix;
	refuses(options);
}

/* Ends the work when it was called as often as 'context' counts down. */
static int
patience(void *context, const struct bc_compact_progress *progress)
{
	unsigned *left = context;

	(void)progress;
	return (*left)-- == 1;
}

static void
it_ends_where_it_is_told_to(void **state)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct bc_compact_report report;
	unsigned calls = 1000, left, all_calls;
	struct bc_error err;

	(void)state;
	for (unsigned i = 1; i < 5; i++) {
		series_generate(&all, ORIGIN, MINUTE, 4000, i);
		for (unsigned k = 0; k < 8; k++)
			series_grow(KEY, k * 500, 500);
		unit_put("frame", i, 3000);
	}
	options.progress = patience;
	options.context = &left;
	options.flags = BC_COMPACT_TARGET;
	for (all_calls = 1; all_calls < calls; all_calls++) {
		left = all_calls;
		assert_status(
			bc_compact(fixture.cache, &options, &report, &err),
			BC_OK, &err);
		unit_expect_sound();
		if (report.incomplete == 0)
			break;
	}
	assert_true(all_calls > 1 && all_calls < calls);
	options.progress = NULL;
	options.max_ns = 1;
	unit_put("frame", 9, 3000);
	assert_status(bc_compact(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.incomplete, 1);
	unit_expect_sound();
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, series_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(few_and_large),
		TEST(there_must_be_room_for_the_copy),
		TEST(ranges_are_removed),
		TEST(order_in_a_batch),
		TEST(many_series_in_one_commit),
		TEST(all_or_nothing),
		TEST(a_damaged_segment_is_not_moved),
		TEST(options_that_make_no_sense_are_refused),
		TEST(it_ends_where_it_is_told_to),
	};

	return cmocka_run_group_tests_name("compact", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_batch.c - putting and removing, alone and many at once: what is refused
 * and what then is as before, which of several operations wins.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t times[4] = { 10, 20, 30, 40 };
static const double ones[4] = { 1, 1, 1, 1 };

static struct bc_batch *
begin(void)
{
	struct bc_batch *batch = NULL;
	struct bc_error err;

	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	return batch;
}

static void
add(struct bc_batch *batch, struct test_value *value, const char *key,
    uint64_t version, uint64_t rows)
{
	struct bc_error err;

	test_value_frame(value, key, version, UNIT_SEED, rows);
	assert_status(test_value_add(batch, value, &err), BC_OK, &err);
}

static void
commit(struct bc_batch *batch, enum bc_status expected)
{
	struct bc_error err;

	assert_status(bc_batch_commit(&batch, &err), expected, &err);
	assert_null(batch);
}

/* ------------------------------------------------------------------------ */
/*  What is refused                                                         */
/* ------------------------------------------------------------------------ */

/* Refused alone and in a batch, which stays usable and atomic. */
static void
refuse(const char *key, const struct bc_frame *frame,
       const struct bc_put_options *options, enum bc_status expected,
       int64_t row)
{
	struct bc_counts counts = { .inserted = 9 };
	struct bc_batch *batch = begin();
	struct bc_error err;

	assert_status(bc_put(fixture.cache, key, frame, options, &counts, &err),
	              expected, &err);
	assert_int_equal(err.row, row);
	assert_int_equal(counts.inserted, 0);
	assert_status(bc_batch_put(batch, key, frame, options, NULL, &err),
	              expected, &err);
	commit(batch, BC_OK);
	assert_int_equal(unit_stats().entries, 0);
	assert_int_equal(unit_stats().total.puts, 0);
}

static void
bad_arguments_are_refused(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_column column = { .name = "x", .type = BC_F64, .data = ones };
	struct bc_frame frame = { .rows = 4,
		                  .time_ns = times,
		                  .columns = &column,
		                  .column_count = 1 };
	char longest[BC_KEY_MAX + 2];
	struct bc_error err;

	(void)state;
	memset(longest, 'k', sizeof(longest));
	longest[BC_KEY_MAX + 1] = '\0';
	refuse(NULL, &frame, NULL, BC_KEY, -1);
	refuse("", &frame, NULL, BC_KEY, -1);
	refuse("a\tb", &frame, NULL, BC_KEY, -1);
	refuse("\xc3", &frame, NULL, BC_KEY, -1);
	refuse(longest, &frame, NULL, BC_KEY, -1);
	refuse("a", NULL, NULL, BC_INVALID, -1);
	options.flags = 8;
	refuse("a", &frame, &options, BC_INVALID, -1);
	options.flags = 0;
	options.struct_size = 1;
	refuse("a", &frame, &options, BC_INVALID, -1);
	column.name = "time";
	refuse("a", &frame, NULL, BC_INVALID, -1);
	assert_status(bc_put_blob(fixture.cache, "a", NULL, 1, NULL, &err),
	              BC_INVALID, &err);
	assert_status(
		bc_put_blob(fixture.cache, "a", ones, UINT64_MAX, NULL, &err),
		BC_TOO_LARGE, &err);
	assert_status(
		bc_put_blob(fixture.cache, "a", ones, 1ull << 30, NULL, &err),
		BC_TOO_LARGE, &err);
}

static void
times_and_bars_are_checked(void **state)
{
	static const int64_t equal[4] = { 10, 20, 20, 30 };
	static const double high[4] = { 1, 1, 1, 0.5 };
	struct bc_column columns[4] = {
		{ .name = "open", .type = BC_F64, .data = ones },
		{ .name = "high", .type = BC_F64, .data = ones },
		{ .name = "low", .type = BC_F64, .data = ones },
		{ .name = "close", .type = BC_F64, .data = ones },
	};
	struct bc_frame frame = { .rows = 4,
		                  .time_ns = equal,
		                  .columns = columns,
		                  .column_count = 4 };
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_counts counts;
	struct bc_error err;

	(void)state;
	refuse("a", &frame, NULL, BC_ORDER, 2);
	options.flags = BC_PUT_SUSPECT; /* does not excuse that */
	refuse("a", &frame, &options, BC_ORDER, 2);
	frame.time_ns = times;
	columns[1].data = high;
	refuse("a", &frame, NULL, BC_BARS, 3);
	assert_status(
		bc_put(fixture.cache, "a", &frame, &options, &counts, &err),
		BC_OK, &err);
	assert_int_equal(counts.suspect, 1);
	assert_int_equal(counts.inserted, 4);
	assert_int_equal(unit_info("a").suspect_rows, 1);
	frame.time_ns = NULL; /* Arrays are no bars. */
	assert_status(bc_put(fixture.cache, "b", &frame, NULL, NULL, &err),
	              BC_OK, &err);
}

static void
texts_are_checked(void **state)
{
	static char longest[65537];
	static const uint32_t codes[4] = { 0, 1, 2, 1 };
	const char *words[3] = { "a", "b", "c" };
	struct bc_column column = { .name = "x",
		                    .type = BC_TEXT,
		                    .data = codes,
		                    .dictionary = words,
		                    .dictionary_count = 2 };
	struct bc_frame frame = { .rows = 4,
		                  .columns = &column,
		                  .column_count = 1 };
	struct bc_error err;

	(void)state;
	memset(longest, 'x', 65536);
	refuse("a", &frame, NULL, BC_INVALID, 2);
	column.dictionary_count = 3;
	words[1] = NULL;
	refuse("a", &frame, NULL, BC_INVALID, -1);
	words[1] = "\xff";
	refuse("a", &frame, NULL, BC_INVALID, -1);
	words[1] = longest;
	refuse("a", &frame, NULL, BC_INVALID, -1);
	column.dictionary = NULL;
	refuse("a", &frame, NULL, BC_INVALID, -1);
	column.dictionary = words;
	longest[65535] = '\0';
	assert_status(bc_put(fixture.cache, "a", &frame, NULL, NULL, &err),
	              BC_OK, &err);
}

static void
removing_what_is_not_there_is_a_miss(void **state)
{
	struct bc_batch *batch;
	struct bc_error err;

	(void)state;
	assert_status(bc_remove(fixture.cache, "a", &err), BC_MISS, &err);
	unit_put("a", 1, 100);
	assert_status(bc_remove(fixture.cache, "a", &err), BC_OK, &err);
	assert_status(bc_remove(fixture.cache, "a", &err), BC_MISS, &err);
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	batch = begin();
	assert_status(bc_batch_remove(batch, "a", &err), BC_OK, &err);
	assert_status(bc_batch_remove(batch, "", &err), BC_KEY, &err);
	commit(batch, BC_OK);
	assert_int_equal(unit_stats().total.removals, 1);
}

/* ------------------------------------------------------------------------ */
/*  Batches                                                                 */
/* ------------------------------------------------------------------------ */

static void
the_last_operation_on_a_key_wins(void **state)
{
	struct test_value values[6];
	struct bc_batch *batch;
	struct bc_error err;
	unsigned i;

	(void)state;
	unit_put("removed", 1, 100);
	batch = begin();
	add(batch, &values[0], "a", 1, 100);
	add(batch, &values[1], "removed", 2, 9000);
	add(batch, &values[2], "a", 2, 9000);
	assert_status(bc_batch_remove(batch, "removed", &err), BC_OK, &err);
	assert_status(bc_batch_remove(batch, "b", &err), BC_OK, &err);
	add(batch, &values[3], "b", 3, 2);
	add(batch, &values[4], "a", 3, 20);
	add(batch, &values[5], "c", 1, 3);
	commit(batch, BC_OK);
	for (i = 0; i < 6; i++)
		test_value_free(&values[i]);
	expect_hit(fixture.cache, "a", 3);
	expect_hit(fixture.cache, "b", 3);
	expect_hit(fixture.cache, "c", 1);
	expect_miss(fixture.cache, "removed", BC_MISS_ABSENT);
	assert_int_equal(unit_stats().entries, 3);
	assert_int_equal(unit_stats().segments, 3);
}

static void
a_batch_is_applied_as_a_whole_or_not_at_all(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct test_value values[3];
	struct bc_stats before, after;
	struct bc_batch *batch;
	struct bc_error err;
	unsigned i;

	(void)state;
	unit_put("a", 1, 100);
	unit_put("gone", 1, 100);
	unit_put("z", 1, 100);
	before = unit_stats();
	batch = begin();
	add(batch, &values[0], "a", 2, 100);
	add(batch, &values[1], "b", 2, 9000);
	add(batch, &values[2], "c", 2, 2);
	assert_status(bc_batch_remove(batch, "gone", &err), BC_OK, &err);
	options.flags = BC_PUT_NEW; /* "z" exists: found out last */
	assert_status(bc_batch_put_blob(batch, "z", ones, 8, &options, &err),
	              BC_OK, &err);
	commit(batch, BC_EXISTS);
	for (i = 0; i < 3; i++)
		test_value_free(&values[i]);
	expect_hit(fixture.cache, "a", 1);
	expect_hit(fixture.cache, "gone", 1);
	expect_hit(fixture.cache, "z", 1);
	expect_miss(fixture.cache, "b", BC_MISS_ABSENT);
	expect_miss(fixture.cache, "c", BC_MISS_ABSENT);
	after = unit_stats();
	assert_int_equal(after.live_bytes, before.live_bytes);
	assert_int_equal(after.segments, before.segments);
	assert_int_equal(after.total.puts, before.total.puts);
	assert_int_equal(after.total.removals, before.total.removals);
	unit_put("b", 3, 9000); /* It goes on. */
	expect_hit(fixture.cache, "b", 3);
	expect_hit(fixture.cache, "z", 1);
}

static void
a_batch_that_is_aborted_or_empty_changes_nothing(void **state)
{
	struct test_value value;
	struct bc_batch *batch = begin();

	(void)state;
	add(batch, &value, "a", 1, 100);
	bc_batch_abort(batch);
	bc_batch_abort(NULL);
	test_value_free(&value);
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	commit(begin(), BC_OK);
}

static void
rows_are_counted_as_inserted_or_updated(void **state)
{
	struct bc_column column = { .name = "x", .type = BC_F64, .data = ones };
	struct bc_frame frame = { .rows = 4,
		                  .time_ns = times,
		                  .columns = &column,
		                  .column_count = 1 };
	struct bc_counts first, second;
	struct bc_batch *batch = begin();
	struct bc_error err;

	(void)state;
	memset(&first, 0xa5, sizeof(first));
	assert_status(bc_batch_put(batch, "a", &frame, NULL, &first, &err),
	              BC_OK, &err);
	assert_int_equal(first.inserted, 0); /* until the commit */
	commit(batch, BC_OK);
	assert_int_equal(first.inserted, 4);
	assert_int_equal(first.updated + first.suspect + first.rejected, 0);
	frame.rows = 3;
	assert_status(bc_put(fixture.cache, "a", &frame, NULL, &second, &err),
	              BC_OK, &err);
	assert_int_equal(second.inserted, 0);
	assert_int_equal(second.updated, 3);
}

/* Keys that share nothing with those of other tests. */
static char *
key_of(unsigned index, char key[16])
{
	snprintf(key, 16, "k%05u", index);
	return key;
}

static void
thousands_of_tiny_frames_share_their_pages(void **state)
{
	enum { COUNT = 3000 };
	struct test_value *values = calloc(COUNT, sizeof(*values));
	struct bc_batch *batch = begin();
	struct bc_stats stats;
	char key[16];
	unsigned i;

	(void)state;
	assert_non_null(values);
	for (i = 0; i < COUNT; i++)
		add(batch, &values[i], key_of(i, key), i + 1, i % 40);
	commit(batch, BC_OK);
	for (i = 0; i < COUNT; i++)
		test_value_free(&values[i]);
	free(values);
	stats = unit_stats();
	assert_int_equal(stats.entries, COUNT);
	/* Nearly nothing is lost beside the segments themselves. */
	assert_true(stats.warm_bytes < stats.live_bytes * 12 / 10);
	for (i = 0; i < COUNT; i++) {
		if (i % 40 != 0)
			expect_hit(fixture.cache, key_of(i, key), i + 1);
	}
	unit_reopen(NULL);
	for (i = 1; i < COUNT; i += 40)
		expect_hit(fixture.cache, key_of(i, key), i + 1);
}

static void
values_about_a_page_long_lie_side_by_side(void **state)
{
	static unsigned char bytes[4200];
	struct bc_batch *batch = begin();
	struct bc_view view;
	struct bc_error err;
	char key[16];
	unsigned size;

	(void)state;
	for (size = 0; size < sizeof(bytes); size++)
		bytes[size] = (unsigned char)test_mix(size, 2);
	for (size = 3800; size < 4200; size++)
		assert_status(bc_batch_put_blob(batch, key_of(size, key), bytes,
		                                size, NULL, &err),
		              BC_OK, &err);
	commit(batch, BC_OK);
	unit_reopen(NULL);
	for (size = 3800; size < 4200; size++) {
		assert_status(bc_get(fixture.cache, key_of(size, key), &view),
		              BC_OK, NULL);
		assert_int_equal(view.bytes, size);
		assert_memory_equal(view.data, bytes, size);
		bc_view_release(&view);
	}
	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, NULL, &err),
	              BC_OK, &err);
}

static void
a_bundle_goes_when_its_last_frame_goes(void **state)
{
	struct test_value values[100];
	struct bc_batch *batch = begin();
	struct bc_view view;
	struct bc_error err;
	char key[16];
	unsigned i;

	(void)state;
	for (i = 0; i < 100; i++)
		add(batch, &values[i], key_of(i, key), i + 1, 5);
	commit(batch, BC_OK);
	for (i = 0; i < 100; i++)
		test_value_free(&values[i]);
	assert_status(bc_get(fixture.cache, key_of(50, key), &view), BC_OK,
	              NULL);
	for (i = 0; i < 100; i++) {
		expect_hit(fixture.cache, key_of(i, key), i + 1);
		assert_status(bc_remove(fixture.cache, key, &err), BC_OK, &err);
	}
	assert_int_equal(unit_stats().live_bytes, 0);
	assert_int_equal(unit_stats().segments, 0);
	assert_int_equal(test_view_version(&view, "k00050", UNIT_SEED), 51);
	bc_view_release(&view);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(bad_arguments_are_refused),
		TEST(times_and_bars_are_checked),
		TEST(texts_are_checked),
		TEST(removing_what_is_not_there_is_a_miss),
		TEST(the_last_operation_on_a_key_wins),
		TEST(a_batch_is_applied_as_a_whole_or_not_at_all),
		TEST(a_batch_that_is_aborted_or_empty_changes_nothing),
		TEST(rows_are_counted_as_inserted_or_updated),
		TEST(thousands_of_tiny_frames_share_their_pages),
		TEST(values_about_a_page_long_lie_side_by_side),
		TEST(a_bundle_goes_when_its_last_frame_goes),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}

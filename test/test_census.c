/* SPDX-License-Identifier: MIT */
/*
 * test_census.c - what packing gives, summed up by tier and codec: of an entry,
 * of all, of what is damaged.
 */
#include "cold.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 20000
#define BLOB_BYTES 100000

static void
put(const char *key, enum bc_placement placement)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct cold_frame frame;
	struct bc_error err;

	cold_frame_make(&frame, ROWS, 3, START, 1);
	options.flags = BC_PUT_SUSPECT;
	options.placement = placement;
	assert_status(
		bc_put(fixture.cache, key, &frame.frame, &options, NULL, &err),
		BC_OK, &err);
	cold_frame_free(&frame);
}

static void
put_blob(const char *key)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	char *bytes = calloc(1, BLOB_BYTES);
	struct bc_error err;

	assert_non_null(bytes);
	options.placement = BC_PLACE_COLD;
	assert_status(bc_put_blob(fixture.cache, key, bytes, BLOB_BYTES,
	                          &options, &err),
	              BC_OK, &err);
	free(bytes);
}

static void
append(const char *key, enum bc_placement placement)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct cold_frame frame;
	struct bc_error err;

	options.flags = BC_APPEND_SUSPECT;
	options.placement = placement;
	cold_frame_make(&frame, ROWS, 0, START, 1);
	assert_status(bc_append(fixture.cache, key, &frame.frame, &options,
	                        NULL, &err),
	              BC_OK, &err);
	cold_frame_free(&frame);
}

static struct bc_compression
compression(const char *key)
{
	struct bc_compression all;
	struct bc_error err;

	assert_status(bc_compression(fixture.cache, key, &all, &err), BC_OK,
	              &err);
	return all;
}

static void
expect_sum(const struct bc_packed *sum, uint64_t count, uint64_t raw_bytes)
{
	assert_int_equal(sum->count, count);
	assert_int_equal(sum->raw_bytes, raw_bytes);
	assert_int_equal(sum->stored_bytes != 0, count != 0);
}

/* Rows of 8 (time and count), 5 times 8, 4, 1 and 4 bytes. */
static void
a_frame_is_summed_up_by_codec(void **state)
{
	struct bc_compression all;
	struct bc_info info;
	uint64_t raw = 0, stored = 0, columns = 0;

	(void)state;
	put("cold", BC_PLACE_COLD);
	all = compression("cold");
	info = unit_info("cold");
	expect_sum(&all.tiers[BC_COLD], 1, info.raw_bytes);
	expect_sum(&all.packed, 1, info.raw_bytes);
	expect_sum(&all.tiers[BC_WARM], 0, 0);
	assert_int_equal(all.tiers[BC_COLD].stored_bytes, info.stored_bytes);
	for (int i = 0; i < BC_CODECS; i++) {
		columns += all.codecs[i].count;
		raw += all.codecs[i].raw_bytes;
		stored += all.codecs[i].stored_bytes;
	}
	assert_int_equal(columns, COLD_COLUMNS + 1);
	assert_int_equal(raw, ROWS * (8 + 5 * 8 + 8 + 4 + 1 + 4));
	assert_true(stored < info.stored_bytes);
	assert_true(stored > info.stored_bytes * 9 / 10);
	/* Prices, times and counts are decimals; that is eight of them. */
	assert_true(all.codecs[BC_CODEC_DEC].count >= 6);
	assert_true(all.codecs[BC_CODEC_DEC].stored_bytes <
	            all.codecs[BC_CODEC_DEC].raw_bytes / 2);
}

static void
all_entries_are_summed_up(void **state)
{
	struct bc_compression all, blob;

	(void)state;
	put("cold", BC_PLACE_COLD);
	put("warm", BC_PLACE_WARM);
	put("a/s/X/1m", BC_PLACE_WARM);
	put_blob("blob");
	unit_put("small", 1, 2); /* Lies in the catalogue. */
	assert_int_equal(bc_remove(fixture.cache, "a/s/X/1m", NULL), BC_OK);
	blob = compression("blob");
	expect_sum(&blob.codecs[BC_CODEC_LZ4], 1, BLOB_BYTES);
	all = compression(NULL);
	assert_int_equal(all.tiers[BC_WARM].count, 2);
	assert_int_equal(all.tiers[BC_WARM].raw_bytes,
	                 all.tiers[BC_WARM].stored_bytes);
	assert_int_equal(all.tiers[BC_COLD].count, 2);
	assert_int_equal(all.packed.count, 2);
	assert_int_equal(all.tiers[BC_COLD].stored_bytes,
	                 unit_info("cold").stored_bytes +
	                         unit_info("blob").stored_bytes);
	assert_int_equal(all.unreadable, 0);
}

static void
a_series_is_summed_up_by_its_segments(void **state)
{
	struct bc_compression all;
	struct bc_info info;

	(void)state;
	append("a/s/X/1m", BC_PLACE_COLD);
	info = unit_info("a/s/X/1m");
	all = compression("a/s/X/1m");
	assert_int_equal(all.tiers[BC_COLD].count, info.cold_segments);
	assert_int_equal(all.tiers[BC_COLD].stored_bytes, info.cold_bytes);
	assert_int_equal(all.tiers[BC_WARM].count + all.tiers[BC_COLD].count,
	                 info.segment_count);
}

static void
add(struct bc_packed *sum, const struct bc_packed *more)
{
	sum->count += more->count;
	sum->raw_bytes += more->raw_bytes;
	sum->stored_bytes += more->stored_bytes;
}

static int
add_entry(void *context, const struct bc_info *info)
{
	const struct bc_compression one = compression(info->key);
	struct bc_compression *sum = context;

	for (int i = 0; i < BC_TIERS; i++)
		add(&sum->tiers[i], &one.tiers[i]);
	for (int i = 0; i < BC_CODECS; i++)
		add(&sum->codecs[i], &one.codecs[i]);
	add(&sum->packed, &one.packed);
	return 0;
}

/* What all of it is said to take is what the entries take, one by one. */
static void
expect_sum_of_entries(void)
{
	struct bc_compression all = compression(NULL),
			      sum = { .unreadable = 0 };
	struct bc_error err;

	assert_status(bc_list(fixture.cache, NULL, add_entry, &sum, &err),
	              BC_OK, &err);
	assert_memory_equal(&all, &sum, sizeof(all));
}

/* Whether or not there is anything cold, and then there is not any more. */
static void
the_whole_is_the_sum_of_its_parts(void **state)
{
	struct bc_error err;

	(void)state;
	put("warm", BC_PLACE_WARM);
	put("warm", BC_PLACE_WARM);
	put("gone", BC_PLACE_WARM);
	unit_put("small", 1, 2);
	append("a/s/X/1m", BC_PLACE_WARM);
	assert_int_equal(bc_remove(fixture.cache, "gone", &err), BC_OK);
	expect_sum_of_entries();
	assert_int_equal(compression(NULL).packed.count, 0);
	put("cold", BC_PLACE_COLD);
	put_blob("blob");
	append("a/s/Y/1m", BC_PLACE_COLD);
	expect_sum_of_entries();
	assert_true(compression(NULL).packed.count > 2);
	assert_int_equal(bc_remove(fixture.cache, "cold", &err), BC_OK);
	assert_int_equal(bc_remove(fixture.cache, "blob", &err), BC_OK);
	assert_int_equal(bc_remove(fixture.cache, "a/s/Y/1m", &err), BC_OK);
	expect_sum_of_entries();
	assert_int_equal(compression(NULL).packed.count, 0);
}

static void
there_may_be_none(void **state)
{
	struct bc_compression all;
	struct bc_error err;

	(void)state;
	all = compression(NULL);
	expect_sum(&all.tiers[BC_WARM], 0, 0);
	expect_sum(&all.packed, 0, 0);
	put("ab", BC_PLACE_WARM);
	assert_status(bc_compression(fixture.cache, "a", &all, &err), BC_MISS,
	              &err);
	assert_status(bc_compression(fixture.cache, "b", &all, &err), BC_MISS,
	              &err);
	assert_status(bc_compression(fixture.cache, "", &all, &err), BC_KEY,
	              &err);
	assert_string_equal(bc_codec_name(BC_CODEC_LZ4), "lz4");
	assert_string_equal(bc_codec_name(BC_CODECS), "?");
}

static void
what_is_damaged_is_counted_apart(void **state)
{
	struct bc_compression all;

	(void)state;
	put("cold", BC_PLACE_COLD);
	unit_flip("cold", 40); /* In the header. */
	all = compression(NULL);
	assert_int_equal(all.unreadable, 1);
	assert_int_equal(all.packed.count, 1);
	assert_int_equal(all.codecs[BC_CODEC_DEC].count, 0);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_frame_is_summed_up_by_codec),
		TEST(all_entries_are_summed_up),
		TEST(a_series_is_summed_up_by_its_segments),
		TEST(the_whole_is_the_sum_of_its_parts),
		TEST(there_may_be_none),
		TEST(what_is_damaged_is_counted_apart),
	};

	return cmocka_run_group_tests_name("census", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_series_damage.c - series whose segments are not as they were left.
 *
 * A damaged segment costs the rows that lie in it and no others; what it costs
 * is missing, and can be fetched anew.  All use is in children, because a crash
 * is a result.
 */
#include "stretch.h"

#include <unistd.h>

#include "fault/victim.h"

static int64_t
row_after(size_t segment)
{
	if (segment + 1 < stretch.segment_count)
		return stretch.segments[segment + 1].first_ns;
	return stretch_time(stretch.rows - stretch.tail_rows);
}

/* ---- one segment --------------------------------------------------------- */

static void
expect_gap_of(struct bc_cache *cache, size_t segment)
{
	const struct bci_locator *locator = &stretch.segments[segment];
	struct bc_gap gaps[2];

	require(stretch_missing(cache, gaps, 2) == 1);
	require(gaps[0].from_ns == locator->first_ns);
	require(gaps[0].to_ns > locator->last_ns);
	require(gaps[0].to_ns <= row_after(segment));
}

/* One segment is damaged where every read of its rows sees it. */
static void
use_damaged_segment(void *argument)
{
	const size_t segment = *(size_t *)argument;
	const struct bci_locator *bad = &stretch.segments[segment];
	struct bc_cache *cache = unit_open(NULL);
	struct bc_error err;
	enum bc_status status;

	/* What does not need it is right; what does is a miss. */
	for (size_t i = 0; i < stretch.segment_count; i++) {
		const struct bci_locator *other = &stretch.segments[i];

		require(stretch_read(cache, other->first_ns, other->last_ns + 1,
		                     0) ==
		        (i == segment ? -1 : (int64_t)other->rows));
	}
	require(stretch_read(cache, STRETCH_BEGIN, stretch_time(stretch.rows),
	                     0) == -1);
	require(stretch_read(cache, bad->last_ns, bad->last_ns + 1, 0) == -1);
	expect_gap_of(cache, segment);
	/* The writer that comes next need not be the one that fetches. */
	status = stretch_append(cache, stretch_time(stretch.rows),
	                        stretch_time(stretch.rows + 1), &err);
	if (status == BC_CORRUPT)
		status = stretch_append(cache, stretch_time(stretch.rows),
		                        stretch_time(stretch.rows + 1), &err);
	assert_status(status, BC_OK, &err);
	expect_gap_of(cache, segment);
	require(stretch_read(cache, STRETCH_BEGIN, stretch_time(stretch.rows),
	                     BC_READ_PARTIAL) ==
	        (int64_t)(stretch.rows - bad->rows));
	stretch_mend(cache);
	bc_close(cache);
}

/* The same seen by a process that only writes. */
static void
write_to_damaged_segment(void *argument)
{
	const size_t segment = *(size_t *)argument;
	const struct bci_locator *bad = &stretch.segments[segment];
	struct bc_cache *cache = unit_open(NULL);
	struct bc_error err;
	enum bc_status status;

	/* Rows over all of it, which needs the old ones. */
	status = stretch_append(cache, bad->first_ns,
	                        bad->last_ns + STRETCH_STEP, &err);
	require(status == BC_OK || status == BC_CORRUPT);
	if (status == BC_CORRUPT)
		assert_status(stretch_append(cache, bad->first_ns,
		                             bad->last_ns + STRETCH_STEP, &err),
		              BC_OK, &err);
	stretch_mend(cache);
	bc_close(cache);
}

static void
flip_in_segment(size_t segment, uint64_t at)
{
	char path[TEST_PATH];

	stretch_afresh();
	unit_arena_path(path, stretch.segments[segment].arena);
	victim_flip(path, (off_t)(stretch.segments[segment].offset + at), 3);
}

static void
a_damaged_segment_costs_its_rows_and_no_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < stretch.segment_count; i++) {
		const struct bci_locator *locator = &stretch.segments[i];
		/* Header, table of checksums, the first and the last time. */
		const uint64_t places[] = { 4, locator->header_bytes - 8,
			                    locator->header_bytes,
			                    locator->header_bytes +
			                            8ull * locator->rows - 1 };

		for (size_t k = 0; k < 4; k++) {
			int code;

			flip_in_segment(i, places[k]);
			code = test_child_run(use_damaged_segment, &i);
			if (code != 0)
				fail_msg("segment %zu, byte %llu: exit %d", i,
				         (unsigned long long)places[k], code);
		}
	}
}

static void
a_writer_that_meets_a_damaged_segment_mends_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < stretch.segment_count; i++) {
		int code;

		flip_in_segment(i, stretch.segments[i].header_bytes + 5);
		code = test_child_run(write_to_damaged_segment, &i);
		if (code != 0)
			fail_msg("segment %zu: exit %d", i, code);
	}
}

static void
arena_of(size_t segment, char path[TEST_PATH])
{
	stretch_afresh();
	unit_arena_path(path, stretch.segments[segment].arena);
}

static void
damaged_is_used(const char *what, uint64_t which)
{
	int code = test_child_run(stretch_use, NULL);

	if (code != 0)
		fail_msg("%s (%llu): exit %d", what, (unsigned long long)which,
		         code);
}

static void
no_flipped_bit_of_a_segment_is_ever_served(void **state)
{
	char path[TEST_PATH];
	uint64_t i, word;

	(void)state;
	for (i = 0; i < 60; i++) {
		word = test_mix(UNIT_SEED, i);
		arena_of(word % stretch.segment_count, path);
		victim_flip(path,
		            (off_t)((word >> 8) % (uint64_t)victim_bytes(path)),
		            (word >> 60) % 8);
		damaged_is_used("a flipped bit", i);
	}
}

static void
an_arena_cut_short_costs_the_segments_beyond(void **state)
{
	char path[TEST_PATH];
	uint64_t i;

	(void)state;
	for (i = 0; i <= 12; i++) {
		arena_of(0, path);
		assert_int_equal(
			truncate(path, victim_bytes(path) * (off_t)i / 12), 0);
		damaged_is_used("an arena cut short", i);
	}
	arena_of(0, path);
	assert_int_equal(unlink(path), 0);
	damaged_is_used("an arena removed", 0);
	arena_of(0, path);
	victim_scramble(path, 8192, victim_bytes(path) - 8192, 5);
	damaged_is_used("an arena of noise", 0);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, stretch_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_damaged_segment_costs_its_rows_and_no_others),
		TEST(a_writer_that_meets_a_damaged_segment_mends_it),
		TEST(no_flipped_bit_of_a_segment_is_ever_served),
		TEST(an_arena_cut_short_costs_the_segments_beyond),
	};

	return cmocka_run_group_tests_name("series_damage", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_cold_part.c - a few rows of a packed frame: only their blocks are
 * decoded and looked at, and damage there is a miss; who asks again and again
 * gets all of it.
 */
#include "cold.h"
#include "unit.h"

#define ROWS 9000
#define KEY "k"
#define COLUMNS 6 /* of 8 bytes; the last one is in blocks of 1024 rows */

/* A cache of its own, which looks at what it reads as 'checking' says. */
static void
put_cold(const struct cold_frame *frame, enum bc_checking checking)
{
	struct bc_put_options put = BC_PUT_OPTIONS_INIT;
	struct bc_options options = unit_options();
	struct bc_error err;

	put.placement = BC_PLACE_COLD;
	options.checking = checking;
	unit_restart(&options);
	assert_status(
		bc_put(fixture.cache, KEY, &frame->frame, &put, NULL, &err),
		BC_OK, &err);
	unit_reopen(&options);
}

/* Ten rows, by their numbers and by their times. */
static void
expect_rows(const struct cold_frame *frame, uint64_t first, enum bc_miss miss)
{
	const int64_t from_ns = frame->time_ns[first];

	for (int by_time = 0; by_time < 2; by_time++) {
		struct bc_view view;
		enum bc_status status;

		if (by_time)
			status = bc_read(fixture.cache, KEY, from_ns,
			                 from_ns + 10 * MINUTE, NULL,
			                 BC_READ_PARTIAL, &view);
		else
			status = bc_read_rows(fixture.cache, KEY, first, 10,
			                      NULL, 0, &view);
		assert_int_equal(view.miss, miss);
		assert_int_equal(status,
		                 miss == BC_MISS_NONE ? BC_OK : BC_MISS);
		if (status == BC_OK) {
			assert_true(view.rows == 10);
			for (uint32_t i = 0; i < COLUMNS; i++)
				assert_memory_equal(
					bc_view_column(&view, i + 1),
					(const int64_t *)frame->data[i] + first,
					80);
		}
		bc_view_release(&view);
	}
}

static void
damage_is_a_miss_where_it_is_read(void **state)
{
	struct cold_frame frame;
	unsigned before;

	(void)state;
	cold_frame_make(&frame, ROWS, 0, START, 3);
	frame.frame.column_count = COLUMNS;
	for (int checking = BC_CHECK_FIRST; checking <= BC_CHECK_ALWAYS;
	     checking++) {
		put_cold(&frame, (enum bc_checking)checking);
		/* In the last block of the last column. */
		unit_flip(KEY, unit_locate(KEY).bytes - 100);
		before = fixture.events[BC_EVENT_CHECKSUM];
		expect_rows(&frame, 100, BC_MISS_NONE);
		assert_int_equal(fixture.events[BC_EVENT_CHECKSUM], before);
		expect_rows(&frame, ROWS - 20, BC_MISS_CORRUPT);
		assert_true(fixture.events[BC_EVENT_CHECKSUM] > before);
		/* It is known to all from then on. */
		expect_rows(&frame, 100, BC_MISS_CORRUPT);
	}
	cold_frame_free(&frame);
}

static void
a_header_that_lies_is_a_miss(void **state)
{
	struct cold_frame frame;

	(void)state;
	cold_frame_make(&frame, ROWS, 0, START, 4);
	frame.frame.column_count = COLUMNS;
	for (int checking = BC_CHECK_FIRST; checking <= BC_CHECK_NEVER;
	     checking++) {
		for (int packed = 0; packed < 2; packed++) {
			put_cold(&frame, (enum bc_checking)checking);
			unit_flip(KEY,
			          packed ? unit_locate(KEY).header_bytes : 0);
			expect_rows(&frame, 100, BC_MISS_CORRUPT);
		}
	}
	cold_frame_free(&frame);
}

static void
who_asks_for_parts_again_and_again_gets_all_of_it(void **state)
{
	struct cold_frame frame;
	unsigned reads = 0;
	bool hot = false;

	(void)state;
	cold_frame_make(&frame, ROWS, 0, START, 5);
	put_cold(&frame, BC_CHECK_FIRST);
	while (!hot && reads < 100) {
		struct bc_view view;

		assert_status(bc_read_rows(fixture.cache, KEY, 50 * reads, 10,
		                           NULL, 0, &view),
		              BC_OK, NULL);
		assert_true(cold_frame_is(&frame, &view, 50 * reads));
		hot = view.tier == BC_HOT;
		bc_view_release(&view);
		reads++;
	}
	assert_true(hot && reads > 2);
	cold_frame_free(&frame);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			damage_is_a_miss_where_it_is_read, unit_setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(a_header_that_lies_is_a_miss,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(
			who_asks_for_parts_again_and_again_gets_all_of_it,
			unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

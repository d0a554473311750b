/* SPDX-License-Identifier: MIT */
/*
 * test_stream.c - a range block by block.
 */
#include "series.h"

static const struct series layouts[] = {
	{ .cuts = { 8192, 4096, 700 }, .tail = 5 },
	{ .cuts = { 5000, 8192, 300, 4096, 4096, 4096, 4096 },
	  .older = 3,
	  .tail = 7,
	  .gaps = true,
	  .text = true,
	  .open = true },
};

static struct bc_stream *
stream_open(int64_t from_ns, int64_t to_ns, const char *const *columns,
            unsigned flags, uint64_t block_rows)
{
	struct bc_stream *stream;
	struct bc_error err;

	assert_status(bc_stream_open(fixture.cache, SERIES_KEY, from_ns, to_ns,
	                             columns, flags, block_rows, &stream, NULL,
	                             &err),
	              BC_OK, &err);
	return stream;
}

/* Read rows [first, end) to the end and compare each block. */
static void
expect_stream(uint64_t first, uint64_t end, const char *const *columns,
              unsigned flags, uint64_t block_rows)
{
	int64_t to_ns = end < made.rows ? series_time(end) : INT64_MAX;
	struct bc_stream *stream = stream_open(series_time(first), to_ns,
	                                       columns, flags, block_rows);
	struct bc_view view;

	if (block_rows == 0)
		block_rows = 65536;
	while (first < end) {
		uint64_t rows =
			end - first < block_rows ? end - first : block_rows;

		assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
		expect_rows(&view, first, rows);
		assert_int_equal(view.open_rows,
		                 made.series.open && first + rows == made.rows);
		first += rows;
	}
	for (int i = 0; i < 2; i++) {
		assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
		assert_int_equal(view.rows, 0);
		assert_non_null(view.schema);
	}
	bc_stream_close(stream);
}

static void
blocks_of_any_size(void **state)
{
	static const char *const some[] = { "symbol", "flag", NULL };
	static const char *const time_only[] = { NULL };
	const uint64_t sizes[] = { 0, 1000, 4096, 100000, 333 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		unit_restart(NULL);
		series_make(&layouts[i]);
		for (size_t k = 0; k < 5; k++) {
			expect_stream(0, made.rows, NULL, BC_READ_OPEN,
			              sizes[k]);
			expect_stream(1234, made.rows - 1, NULL,
			              k % 2 ? BC_READ_PRIVATE : 0, sizes[k]);
			expect_stream(4000, 9000, i == 1 ? some : time_only, 0,
			              sizes[k]);
		}
		expect_stream(77, 140, NULL, 0, 1);
		expect_stream(7000, 7000, NULL, 0, 10);
	}
}

static void
a_stream_shows_one_point_in_time(void **state)
{
	struct bc_stream *stream;
	struct bc_view view;

	(void)state;
	series_make(&layouts[0]);
	stream = stream_open(INT64_MIN, INT64_MAX, NULL, 0, 8000);
	assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
	assert_status(bc_remove(fixture.cache, SERIES_KEY, NULL), BC_OK, NULL);
	assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
	expect_rows(&view, 8000, made.rows - 8000);
	bc_stream_close(stream);
}

/* Rows of one segment are never copied; others are, unless that is ruled out.
 */
static void
copies_are_told(void **state)
{
	struct bc_stream *stream;
	struct bc_view view;

	(void)state;
	series_make(&layouts[0]);
	stream = stream_open(INT64_MIN, INT64_MAX, NULL, 0, 6000);
	assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
	assert_int_equal(view.copied_bytes, 0);
	assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
	assert_int_equal(view.copied_bytes, view.bytes);
	bc_stream_close(stream);
	stream = stream_open(INT64_MIN, INT64_MAX, NULL, BC_READ_ZERO_COPY,
	                     6000);
	assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
	assert_status(bc_stream_next(stream, &view), BC_COPY, NULL);
	assert_null(view.data);
	bc_stream_close(stream);
}

static void
damage_is_met_when_it_comes(void **state)
{
	struct bc_stream *stream;
	struct bc_view view;

	(void)state;
	series_make(&layouts[0]);
	series_flip(1, series_place(1, 1, 2000));
	stream = stream_open(INT64_MIN, INT64_MAX, NULL, 0, 4096);
	assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
	assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
	expect_rows(&view, 4096, 4096);
	assert_status(bc_stream_next(stream, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	assert_status(bc_stream_next(stream, &view), BC_MISS, NULL);
	bc_stream_close(stream);
	assert_int_equal(fixture.events[BC_EVENT_CHECKSUM], 1);
}

static void
what_cannot_be_opened(void **state)
{
	static const char *const absent[] = { "nothing", NULL };
	struct bc_stream *stream;
	struct bc_error err;
	enum bc_miss miss;

	(void)state;
	series_make(&layouts[0]);
	assert_status(bc_stream_open(fixture.cache, "none", 0, 1, NULL, 0, 0,
	                             &stream, &miss, &err),
	              BC_MISS, &err);
	assert_int_equal(miss, BC_MISS_ABSENT);
	assert_null(stream);
	assert_status(bc_stream_open(fixture.cache, SERIES_KEY, 0, 1, NULL, 0,
	                             0, &stream, &miss, &err),
	              BC_MISS, &err);
	assert_int_equal(miss, BC_MISS_NOT_COVERED);
	assert_status(bc_stream_open(fixture.cache, SERIES_KEY, 1, 0, NULL, 0,
	                             0, &stream, &miss, &err),
	              BC_INVALID, &err);
	assert_int_equal(miss, BC_MISS_NONE);
	assert_status(bc_stream_open(fixture.cache, SERIES_KEY, 0, 1, NULL, 0,
	                             (1 << 24) + 1, &stream, &miss, &err),
	              BC_INVALID, &err);
	assert_status(bc_stream_open(fixture.cache, SERIES_KEY, 0, 1, absent,
	                             BC_READ_PARTIAL, 0, &stream, &miss, &err),
	              BC_INVALID, &err);
	bc_stream_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(blocks_of_any_size, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(
			a_stream_shows_one_point_in_time, unit_setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(copies_are_told, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(damage_is_met_when_it_comes,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_opened,
		                                unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}

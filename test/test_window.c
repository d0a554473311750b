/* SPDX-License-Identifier: MIT */
/*
 * test_window.c - a window that moves over a range bar by bar.
 */
#include "series.h"

static const struct series layout = {
	.cuts = { 4096, 5000, 300, 8192 },
	.older = 2,
	.tail = 6,
	.gaps = true,
	.text = true,
	.open = true,
};

static struct bc_window *
window_open(int64_t from_ns, int64_t to_ns, unsigned flags, uint64_t rows,
            uint64_t ahead)
{
	static const char *const columns[] = { "close", "symbol", NULL };
	struct bc_window *window;
	struct bc_error err;

	assert_status(bc_window_open(fixture.cache, SERIES_KEY, from_ns, to_ns,
	                             columns, flags, rows, ahead, &window, NULL,
	                             &err),
	              BC_OK, &err);
	return window;
}

/* The next move must show the rows up to 'at', and the elements at its ends. */
static void
expect_next(struct bc_window *window, uint64_t at, uint64_t rows)
{
	uint64_t first = at + 1 > rows ? at + 1 - rows : 0;
	struct bc_view view;

	assert_status(bc_window_next(window, &view), BC_OK, NULL);
	assert_int_equal(view.rows, at + 1 - first);
	assert_int_equal(view.first_ns, series_time(first));
	assert_int_equal(view.last_ns, series_time(at));
	assert_int_equal(view.open_rows, at + 1 == made.rows);
	if (at % 97 == 0) {
		expect_rows(&view, first, at + 1 - first);
	} else {
		const double *close = bc_view_f64(&view, "close");

		assert_true(close[0] == series_close(first));
		assert_true(close[view.rows - 1] == series_close(at));
	}
}

static void
expect_end(struct bc_window *window)
{
	struct bc_view view;

	for (int i = 0; i < 2; i++) {
		assert_status(bc_window_next(window, &view), BC_OK, NULL);
		assert_int_equal(view.rows, 0);
	}
}

static void
every_row_has_its_window(void **state)
{
	const uint64_t sizes[][2] = {
		{ 1, 1 }, { 50, 7 }, { 200, 0 }, { 9000, 1000 }, { 20000, 1 }
	};

	(void)state;
	series_make(&layout);
	for (size_t i = 0; i < 5; i++) {
		uint64_t rows = sizes[i][0];
		uint64_t first = 4000, end = i < 2 ? 10000 : made.rows - 1;
		struct bc_window *window = window_open(
			series_time(first), series_time(end),
			i == 1 ? BC_READ_PRIVATE : 0, rows, sizes[i][1]);

		for (uint64_t at = first; at < end; at++) {
			/* Every move of the widest would copy all. */
			if (i == 4 && at > first + 20)
				break;
			expect_next(window, at, rows);
		}
		if (i != 4)
			expect_end(window);
		bc_window_close(window);
	}
}

static void
all_of_it_with_the_open_bar(void **state)
{
	struct bc_window *window;

	(void)state;
	series_make(&layout);
	window = window_open(INT64_MIN, INT64_MAX, BC_READ_OPEN, 300, 0);
	for (uint64_t at = 0; at < made.rows; at++)
		expect_next(window, at, 300);
	expect_end(window);
	bc_window_close(window);
	window = window_open(INT64_MIN, INT64_MAX, 0, 3, 0);
	assert_status(bc_window_seek(window, series_time(made.rows - 2)), BC_OK,
	              NULL);
	expect_next(window, made.rows - 2, 3);
	expect_end(window);
	bc_window_close(window);
}

static void
seeking_both_ways(void **state)
{
	const uint64_t first = 3000, end = 12000;
	struct bc_window *window;

	(void)state;
	series_make(&layout);
	window = window_open(series_time(first), series_time(end), 0, 100, 500);
	for (uint64_t k = 0; k < 400; k++) {
		uint64_t row = first + test_mix(k, 1) % (end - first);

		assert_status(bc_window_seek(window, series_time(row) -
		                                             (int64_t)(k % 2)),
		              BC_OK, NULL);
		for (uint64_t at = row; at < row + 3 && at < end; at++)
			expect_next(window, at, 100);
	}
	assert_status(bc_window_seek(window, INT64_MIN), BC_OK, NULL);
	expect_next(window, first, 100);
	assert_status(bc_window_seek(window, INT64_MAX), BC_OK, NULL);
	expect_end(window);
	assert_status(bc_window_seek(window, series_time(end - 1)), BC_OK,
	              NULL);
	expect_next(window, end - 1, 100);
	expect_end(window);
	bc_window_close(window);
}

static void
damage_is_not_shown(void **state)
{
	struct bc_window *window;
	struct bc_view view;

	(void)state;
	series_make(&layout);
	series_flip(1, series_place(1, 1, 10));
	window = window_open(series_time(4000), series_time(9000), 0, 10, 96);
	for (uint64_t at = 4000; at < 4096; at++)
		expect_next(window, at, 10);
	assert_status(bc_window_next(window, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	assert_status(bc_window_seek(window, series_time(4000)), BC_OK, NULL);
	expect_next(window, 4000, 10);
	bc_window_close(window);
}

static void
what_cannot_be_opened(void **state)
{
	struct bc_window *window;
	struct bc_error err;
	enum bc_miss miss;

	(void)state;
	series_make(&layout);
	assert_status(bc_window_open(fixture.cache, SERIES_KEY, 0, 1, NULL, 0,
	                             0, 0, &window, &miss, &err),
	              BC_INVALID, &err);
	assert_null(window);
	assert_status(bc_window_open(fixture.cache, SERIES_KEY, 0, 1, NULL, 0,
	                             1, (1 << 24) + 1, &window, &miss, &err),
	              BC_INVALID, &err);
	assert_status(bc_window_open(fixture.cache, SERIES_KEY, 0, 1, NULL, 0,
	                             1, 0, &window, &miss, &err),
	              BC_MISS, &err);
	assert_int_equal(miss, BC_MISS_NOT_COVERED);
	bc_window_close(NULL);
}

static void
what_lies_in_one_segment_is_not_copied(void **state)
{
	struct bc_window *window;
	bool copied = false;
	struct bc_view view;

	(void)state;
	series_make(&layout);
	window = window_open(series_time(100), series_time(1000), 0, 50, 7);
	for (uint64_t at = 100; at < 1000; at++) {
		assert_status(bc_window_next(window, &view), BC_OK, NULL);
		assert_int_equal(view.copied_bytes, 0);
	}
	bc_window_close(window);
	/* Over a seam it is: all that is shown. */
	window = window_open(series_time(4080), series_time(4110), 0, 10, 1);
	for (uint64_t at = 4080; at < 4110; at++) {
		assert_status(bc_window_next(window, &view), BC_OK, NULL);
		assert_true(view.copied_bytes == 0 ||
		            view.copied_bytes == view.bytes);
		copied |= view.copied_bytes != 0;
	}
	assert_true(copied);
	bc_window_close(window);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_row_has_its_window,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(all_of_it_with_the_open_bar,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(seeking_both_ways, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(damage_is_not_shown, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(
			what_lies_in_one_segment_is_not_copied, unit_setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_opened,
		                                unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_ranges.c - reading ranges while memory, mappings or arenas fail: rows
 * that are right, or an error, and a cache that is whole afterwards.
 */
#include "series.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fault/shim.h"
#include "stitch.h"

static const struct series layout = {
	.cuts = { 8192, 4096, 12288, 500, 8192 },
	.older = 3,
	.tail = 6,
	.gaps = true,
	.text = true,
	.open = true,
};

/* ---- what is read ------------------------------------------------------ */

/* A read that may fail; whatever it shows must be right. */
typedef enum bc_status ranges_read(void);

static enum bc_status
check(enum bc_status status, struct bc_view *view, uint64_t first, uint64_t end)
{
	if (status == BC_OK)
		expect_rows(view, first, end - first);
	else
		assert_null(view->data);
	bc_view_release(view);
	return status;
}

static enum bc_status
read_all(void)
{
	struct bc_view view;

	return check(bc_read(fixture.cache, SERIES_KEY, INT64_MIN, INT64_MAX,
	                     NULL, 0, &view),
	             &view, 0, made.rows - 1);
}

static enum bc_status
read_columns(void)
{
	static const char *const columns[] = { "flag", "symbol", NULL };
	struct bc_view view;

	return check(bc_read_rows(fixture.cache, SERIES_KEY, 100, 20000,
	                          columns, 0, &view),
	             &view, 100, 20100);
}

static enum bc_status
read_private(void)
{
	struct bc_view view;

	return check(bc_tail(fixture.cache, SERIES_KEY, 15000, NULL,
	                     BC_READ_PRIVATE, &view),
	             &view, made.rows - 15001, made.rows - 1);
}

static enum bc_status
read_few(void)
{
	struct bc_view view;

	return check(bc_tail(fixture.cache, SERIES_KEY, 300, NULL, BC_READ_OPEN,
	                     &view),
	             &view, made.rows - 300, made.rows);
}

static enum bc_status
read_nothing(void)
{
	struct bc_view view;

	return check(bc_tail(fixture.cache, SERIES_KEY, 0, NULL, 0, &view),
	             &view, 0, 0);
}

static enum bc_status
read_snapshot(void)
{
	const char *const key = SERIES_KEY;
	struct bc_view view;

	return check(bc_get_many(fixture.cache, &key, 1, &view), &view, 0,
	             made.rows - 1);
}

static enum bc_status
read_stream(void)
{
	struct bc_stream *stream;
	enum bc_status status;
	struct bc_view view;
	struct bc_error err;
	uint64_t row = 0;

	status = bc_stream_open(fixture.cache, SERIES_KEY, INT64_MIN, INT64_MAX,
	                        NULL, 0, 5000, &stream, NULL, &err);
	if (status != BC_OK) {
		assert_null(stream);
		assert_int_equal(err.status, status);
		return status;
	}
	do {
		status = bc_stream_next(stream, &view);
		if (status == BC_OK)
			expect_rows(&view, row, view.rows);
		row += view.rows;
	} while (status == BC_OK && view.rows != 0);
	bc_stream_close(stream);
	return status;
}

static enum bc_status
read_window(void)
{
	struct bc_window *window;
	enum bc_status status;
	struct bc_view view;
	struct bc_error err;
	uint64_t row = 8000;

	status = bc_window_open(fixture.cache, SERIES_KEY, series_time(row),
	                        series_time(row + 9000), NULL, 0, 100, 50,
	                        &window, NULL, &err);
	if (status != BC_OK)
		return status;
	do {
		status = bc_window_next(window, &view);
		if (status == BC_OK && view.rows != 0)
			assert_int_equal(view.last_ns, series_time(row++));
	} while (status == BC_OK && view.rows != 0);
	bc_window_close(window);
	return status;
}

static enum bc_status
read_symbol(void)
{
	enum bc_status status;
	struct bc_view view, picked;

	status = bc_tail(fixture.cache, SERIES_KEY, 20000, NULL, 0, &view);
	if (status != BC_OK)
		return status;
	status = bc_view_select(&view, "symbol", "TSLA", &picked);
	if (status == BC_OK)
		assert_true(picked.rows > 3000);
	else
		assert_null(picked.data);
	bc_view_release(&picked);
	bc_view_release(&view);
	return status;
}

static ranges_read *const reads[] = {
	read_all,      read_columns, read_private, read_few,    read_nothing,
	read_snapshot, read_stream,  read_window,  read_symbol,
};

#define READS (sizeof(reads) / sizeof(reads[0]))

/* ---- faults ------------------------------------------------------------ */

static struct test_memory memory;

static void
reopen_counting(void)
{
	struct bc_options options = unit_options();

	options.allocator = test_allocator(&memory);
	unit_reopen(&options);
}

static void
memory_that_runs_out(void **state)
{
	(void)state;
	series_make(&layout);
	for (size_t i = 0; i < READS; i++) {
		bool fired = true;

		for (uint64_t at = 1; fired; at++) {
			enum bc_status status;

			memset(&memory, 0, sizeof(memory));
			reopen_counting();
			atomic_store(&memory.fail_at,
			             atomic_load(&memory.requests) + at);
			status = reads[i]();
			fired = atomic_load(&memory.fired);
			assert_true(status == BC_OK ||
			            (fired && status == BC_NOMEM));
			atomic_store(&memory.fail_at, 0);
			assert_status(reads[i](), BC_OK, NULL);
			bc_close(fixture.cache);
			fixture.cache = NULL;
			assert_int_equal(atomic_load(&memory.live), 0);
		}
	}
	assert_int_equal(atomic_load(&bci_stitch_mappings), 0);
}

static void
mappings_that_are_refused(void **state)
{
	struct fault_plan plan = { .calls = FAULT_MAP,
		                   .mode = FAULT_FAIL,
		                   .error = ENOMEM };

	(void)state;
	series_make(&layout);
	for (size_t i = 0; i < READS; i++) {
		for (unsigned repeat = 0; repeat < 2; repeat++) {
			bool fired = true;

			for (uint64_t at = 1; fired; at++) {
				enum bc_status status;

				unit_reopen(NULL);
				plan.at = at;
				plan.repeat = repeat != 0;
				fault_arm(&plan);
				status = reads[i]();
				fired = fault_fired();
				fault_disarm();
				assert_true(status == BC_OK ||
				            (fired && status == BC_NOMEM));
				assert_status(reads[i](), BC_OK, NULL);
			}
		}
	}
	bc_close(fixture.cache);
	fixture.cache = NULL;
	assert_int_equal(atomic_load(&bci_stitch_mappings), 0);
}

/* Pages that the kernel will not show twice are copied, and that is told. */
static void
pages_that_are_not_shown_twice(void **state)
{
	const struct fault_plan plan = {
		.calls = FAULT_MAP, .mode = FAULT_FAIL, .error = EINVAL, .at = 3
	};
	unsigned long refused = atomic_load(&bci_stitch_refused);
	struct bc_view view;

	(void)state;
	series_make(&layout);
	assert_status(read_few(), BC_OK, NULL); /* the arena is mapped */
	fault_arm(&plan);
	assert_status(bc_read_rows(fixture.cache, SERIES_KEY, 10, 20000, NULL,
	                           0, &view),
	              BC_OK, NULL);
	assert_true(fault_fired());
	fault_disarm();
	expect_rows(&view, 10, 20000);
	assert_int_equal(view.copied_bytes, view.bytes);
	assert_int_equal(atomic_load(&bci_stitch_refused), refused + 1);
	bc_view_release(&view);
	/* It is not kept: the next one tries again. */
	assert_status(bc_read_rows(fixture.cache, SERIES_KEY, 10, 20000, NULL,
	                           0, &view),
	              BC_OK, NULL);
	expect_rows(&view, 10, 20000);
	assert_int_equal(view.copied_bytes, 0);
	bc_view_release(&view);
}

/* An arena whose file is gone, though the catalogue names it, is damage. */
static void
arenas_that_are_gone(void **state)
{
	char path[TEST_PATH];
	struct bc_view view;

	(void)state;
	series_make(&layout);
	assert_int_equal(unlink(unit_arena_path(path, made.locators[0].arena)),
	                 0);
	for (size_t i = 0; i < 2; i++) {
		assert_status(bc_read(fixture.cache, SERIES_KEY, INT64_MIN,
		                      INT64_MAX, NULL, 0, &view),
		              BC_MISS, NULL);
		assert_int_equal(view.miss, BC_MISS_CORRUPT);
	}
	assert_true(fixture.events[BC_EVENT_CHECKSUM] >= 1);
	assert_status(bc_exists(fixture.cache, SERIES_KEY, &view.miss), BC_MISS,
	              NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(memory_that_runs_out,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(mappings_that_are_refused,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(pages_that_are_not_shown_twice,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(arenas_that_are_gone,
		                                unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}

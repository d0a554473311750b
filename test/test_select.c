/* SPDX-License-Identifier: MIT */
/*
 * test_select.c - slices of views, and the rows of one symbol.
 */
#include "series.h"

#include <string.h>

static const struct series layout = { .cuts = { 8192, 8192, 700 },
	                              .older = 1,
	                              .tail = 5,
	                              .text = true,
	                              .open = true };

/* A view of all rows, stitched. */
static struct bc_view
read_all(void)
{
	struct bc_view view;

	assert_status(bc_read(fixture.cache, SERIES_KEY, INT64_MIN, INT64_MAX,
	                      NULL, BC_READ_OPEN, &view),
	              BC_OK, NULL);
	expect_rows(&view, 0, made.rows);
	return view;
}

static void
slices_are_views(void **state)
{
	struct bc_view view, slice, again;

	(void)state;
	series_make(&layout);
	view = read_all();
	assert_int_equal(view.open_rows, 1);
	for (uint64_t k = 0; k < 50; k++) {
		uint64_t first = test_mix(k, 1) % made.rows;
		uint64_t count = test_mix(k, 2) % (made.rows - first);
		uint64_t copied =
			first + count > 16384 ? first + count - 16384 : 0;

		assert_status(bc_view_slice(&view, first, count, &slice), BC_OK,
		              NULL);
		expect_rows(&slice, first, count);
		assert_int_equal(slice.open_rows, 0);
		assert_int_equal(slice.copied_bytes,
		                 (copied < count ? copied : count) *
		                         view.schema->row_bytes);
		assert_status(
			bc_view_slice(&slice, count / 2, count / 3, &again),
			BC_OK, NULL);
		bc_view_release(&slice);
		expect_rows(&again, first + count / 2, count / 3);
		bc_view_release(&again);
	}
	assert_status(bc_view_slice(&view, 5, made.rows - 5, &slice), BC_OK,
	              NULL);
	assert_int_equal(slice.open_rows, 1);
	bc_view_release(&slice);
	assert_status(bc_view_slice(&view, made.rows, 0, &slice), BC_OK, NULL);
	assert_int_equal(slice.rows, 0);
	bc_view_release(&slice);
	assert_status(bc_view_slice(&view, 5, made.rows, &slice), BC_INVALID,
	              NULL);
	assert_status(bc_view_slice(&view, made.rows + 1, 0, &slice),
	              BC_INVALID, NULL);
	assert_status(bc_view_slice(&view, 1, UINT64_MAX, &slice), BC_INVALID,
	              NULL);
	assert_null(slice.pin);
	bc_view_release(&view);
}

/* Whoever is released last keeps the memory, of whatever kind it is. */
static void
slices_outlive_views_and_caches(void **state)
{
	const unsigned flags[] = { 0, BC_READ_PRIVATE };
	const uint64_t rows[] = { 3, 300, 1000, 17000 };
	struct bc_view view, slices[8];

	(void)state;
	series_make(&layout);
	for (size_t i = 0; i < 8; i++) {
		assert_status(bc_tail(fixture.cache, SERIES_KEY, rows[i / 2],
		                      NULL, BC_READ_OPEN | flags[i % 2], &view),
		              BC_OK, NULL);
		assert_status(bc_view_slice(&view, 1, 2, &slices[i]), BC_OK,
		              NULL);
		bc_view_release(&view);
	}
	assert_status(bc_remove(fixture.cache, SERIES_KEY, NULL), BC_OK, NULL);
	bc_close(fixture.cache);
	fixture.cache = NULL;
	for (size_t i = 0; i < 8; i++) {
		expect_rows(&slices[i], made.rows - rows[i / 2] + 1, 2);
		bc_view_release(&slices[i]);
	}
}

static void
rows_of_one_symbol(void **state)
{
	static const char *const names[] = { "AAPL", "", "TSLA" };
	struct bc_view view, picked;
	const uint32_t *codes;
	size_t bytes;
	uint64_t row;
	int symbol;

	(void)state;
	series_make(&layout);
	view = read_all();
	for (size_t i = 0; i < 3; i++) {
		assert_status(
			bc_view_select(&view, "symbol", names[i], &picked),
			BC_OK, NULL);
		assert_int_equal(picked.copied_bytes, picked.bytes);
		symbol = bc_schema_find(picked.schema, "symbol");
		codes = bc_view_column(&picked, (uint32_t)symbol);
		row = 0;
		for (uint64_t k = 0; k < picked.rows; k++) {
			const char *text = bc_view_text(
				&picked, (uint32_t)symbol, codes[k], &bytes);

			while (strcmp(series_symbol(row), names[i]) != 0)
				row++;
			assert_int_equal(bytes, strlen(names[i]));
			assert_memory_equal(text, names[i], bytes);
			assert_int_equal(bc_view_time(&picked)[k],
			                 series_time(row));
			assert_true(bc_view_f64(&picked, "close")[k] ==
			            series_close(row));
			row++;
		}
		while (row < made.rows)
			assert_int_not_equal(
				strcmp(series_symbol(row++), names[i]), 0);
		assert_int_equal(picked.first_ns, bc_view_time(&picked)[0]);
		assert_int_equal(picked.last_ns,
		                 bc_view_time(&picked)[picked.rows - 1]);
		bc_view_release(&picked);
	}
	assert_status(bc_view_select(&view, "symbol", "NONE", &picked), BC_OK,
	              NULL);
	assert_int_equal(picked.rows, 0);
	bc_view_release(&picked);
	assert_status(bc_view_select(&view, "close", "AAPL", &picked),
	              BC_INVALID, NULL);
	assert_status(bc_view_select(&view, "none", "AAPL", &picked),
	              BC_INVALID, NULL);
	bc_view_release(&view);
	assert_status(bc_view_select(&view, "symbol", "AAPL", &picked),
	              BC_INVALID, NULL);
}

static void
neighbours_are_not_copied(void **state)
{
	static const char *const names[] = { "a", "b", "a" };
	int64_t time_ns[600];
	uint32_t codes[600];
	const struct bc_column column = { "s", BC_TEXT, codes, names, 3 };
	const struct bc_frame frame = { 600, time_ns, &column, 1 };
	struct bc_view view, picked;

	(void)state;
	for (int i = 0; i < 600; i++) {
		time_ns[i] = i;
		codes[i] = (uint32_t)i / 200;
	}
	assert_status(bc_put(fixture.cache, "k", &frame, NULL, NULL, NULL),
	              BC_OK, NULL);
	assert_status(bc_get(fixture.cache, "k", &view), BC_OK, NULL);
	assert_status(bc_view_select(&view, "s", "b", &picked), BC_OK, NULL);
	assert_int_equal(picked.rows, 200);
	assert_int_equal(picked.first_ns, 200);
	assert_int_equal(picked.copied_bytes, 0);
	bc_view_release(&picked);
	/* One text may have two codes. */
	assert_status(bc_view_select(&view, "s", "a", &picked), BC_OK, NULL);
	assert_int_equal(picked.rows, 400);
	assert_int_equal(bc_view_time(&picked)[200], 400);
	assert_int_equal(picked.copied_bytes, picked.bytes);
	bc_view_release(&picked);
	bc_view_release(&view);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(slices_are_views, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(slices_outlive_views_and_caches,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(rows_of_one_symbol, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(neighbours_are_not_copied,
		                                unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}

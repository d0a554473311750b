/* SPDX-License-Identifier: MIT */
/*
 * test_golden_series.c - the cache in golden/series.tar.gz, made when format
 * version 2 was settled: its series are read to the last bit, and go on.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/archive.h"
#include "golden/content.h"
#include "golden/grown.h"

static void
check_text(const struct bc_view *view, uint32_t index, uint64_t row,
           const char *expected)
{
	const uint32_t *codes = bc_view_column(view, index);
	size_t bytes;
	const char *text = bc_view_text(view, index, codes[row], &bytes);

	assert_non_null(text);
	assert_int_equal(bytes, strlen(expected));
	assert_memory_equal(text, expected, bytes);
}

static void
check_column(const struct bc_view *view, uint32_t index,
             const struct bc_column *column)
{
	const struct bc_schema_column *found = &view->schema->columns[index];

	assert_string_equal(found->name, column->name);
	assert_int_equal(found->type, column->type);
	if (column->type != BC_TEXT) {
		assert_memory_equal(bc_view_column(view, index), column->data,
		                    view->rows * found->bytes);
		return;
	}
	for (uint64_t row = 0; row < view->rows; row++)
		check_text(view, index, row,
		           column->dictionary[(
				   (const uint32_t *)column->data)[row]]);
}

/* Every row of a series is what was put, with one more or without. */
static void
check_series(struct bc_cache *cache, unsigned series, bool grown)
{
	struct golden_rows rows;
	struct bc_view view;

	golden_rows_make(&rows, series, grown);
	assert_status(bc_read(cache, golden_series_key(series), INT64_MIN,
	                      INT64_MAX, NULL, BC_READ_PARTIAL | BC_READ_OPEN,
	                      &view),
	              BC_OK, NULL);
	assert_int_equal(view.rows, rows.rows);
	if (rows.rows != 0) {
		assert_memory_equal(bc_view_time(&view), rows.time_ns,
		                    8 * rows.rows);
		assert_int_equal(view.schema->column_count,
		                 rows.column_count + 1);
		for (uint32_t i = 0; i < rows.column_count; i++)
			check_column(&view, i + 1, &rows.columns[i]);
	}
	bc_view_release(&view);
	golden_rows_free(&rows);
}

static void
verify(struct bc_cache *cache)
{
	struct bc_verify_report report;
	struct bc_error err;

	assert_status(bc_verify(cache, NULL, NULL, NULL, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.entries, GOLDEN_SERIES + GOLDEN_BESIDE);
}

static void
every_row_is_what_it_was(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, BC_OPEN_READONLY);

	(void)state;
	for (unsigned i = 0; i < GOLDEN_SERIES; i++)
		check_series(cache, i, false);
	verify(cache);
	bc_close(cache);
}

/* What is known of the entries, as text that another reader agrees with. */
static void
what_is_known_is_as_expected(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, BC_OPEN_READONLY);
	FILE *file = fopen(GOLDEN_EXPECTED, "re");
	char *text = NULL, *expected = NULL;
	struct bc_error err;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	assert_non_null(file);
	assert_status(golden_print(cache, out, &err), BC_OK, &err);
	assert_int_equal(fclose(out), 0);
	size = 0;
	assert_true(getdelim(&expected, &size, '\0', file) > 0);
	fclose(file);
	assert_string_equal(text, expected);
	free(expected);
	free(text);
	bc_close(cache);
}

static void
series_go_on_where_they_ended(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_error err;

	(void)state;
	for (unsigned i = 0; i < GOLDEN_SERIES; i++) {
		assert_status(golden_series_grow(cache, i, &err), BC_OK, &err);
		check_series(cache, i, true);
	}
	verify(cache);
	bc_close(cache);
	cache = test_open(dir.cache, 0);
	for (unsigned i = 0; i < GOLDEN_SERIES; i++)
		check_series(cache, i, true);
	verify(cache);
	bc_close(cache);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, archive_setup, dir_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_row_is_what_it_was),
		TEST(what_is_known_is_as_expected),
		TEST(series_go_on_where_they_ended),
	};

	return cmocka_run_group_tests_name("golden_series", tests, NULL, NULL);
}

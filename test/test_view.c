/* SPDX-License-Identifier: MIT */
/*
 * test_view.c - columns, slices of memory and text of what a read returns.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#define ROWS_MAX 5000

static int64_t times[ROWS_MAX], longs[ROWS_MAX];
static double doubles[ROWS_MAX];
static int32_t ints[ROWS_MAX];
static float floats[ROWS_MAX];
static uint8_t flags[ROWS_MAX];
static uint32_t codes[ROWS_MAX], zeros[ROWS_MAX];
static const char *const words[] = { "buy", "", "s\xc3\xa9ll" };
static const char *const one_word[] = { "only" };

static const struct bc_column columns[] = {
	{ .name = "d", .type = BC_F64, .data = doubles },
	{ .name = "u", .type = BC_U8, .data = flags },
	{ .name = "i", .type = BC_I32, .data = ints },
	{ .name = "l", .type = BC_I64, .data = longs },
	{ .name = "f", .type = BC_F32, .data = floats },
	{ .name = "word",
	  .type = BC_TEXT,
	  .data = codes,
	  .dictionary = words,
	  .dictionary_count = 3 },
	{ .name = "only",
	  .type = BC_TEXT,
	  .data = zeros,
	  .dictionary = one_word,
	  .dictionary_count = 1 },
};
#define COLUMNS 7

static struct bc_frame frame = { .columns = columns, .column_count = COLUMNS };

static int
fill(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < ROWS_MAX; i++) {
		uint64_t word = test_mix(i, 6);

		times[i] = (int64_t)i * 10 - 500;
		longs[i] = (int64_t)word;
		doubles[i] = i % 5 == 0 ? NAN : (double)word;
		ints[i] = (int32_t)word;
		floats[i] = i % 7 == 0 ? -INFINITY : (float)word;
		flags[i] = (uint8_t)word;
		codes[i] = i % 3;
	}
	return 0;
}

static void
get(struct bc_view *view, uint64_t rows, bool with_time)
{
	struct bc_error err;

	frame.rows = rows;
	frame.time_ns = with_time ? times : NULL;
	assert_status(bc_put(fixture.cache, "a", &frame, NULL, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_get(fixture.cache, "a", view), BC_OK, NULL);
}

static void
what_is_no_column_is_null(void **state)
{
	struct bc_view view;
	size_t bytes = 9;

	(void)state;
	get(&view, 30, true);
	assert_null(bc_view_column(&view, COLUMNS + 1));
	assert_null(bc_view_column(&view, UINT32_MAX));
	assert_null(bc_view_find(&view, "none", BC_F64));
	assert_null(bc_view_find(&view, "d", BC_I64));
	assert_null(bc_view_find(&view, "word", BC_I32));
	assert_null(bc_view_f64(&view, "f"));
	assert_null(bc_view_f64(&view, "l"));
	assert_null(bc_view_text(&view, 1, 0, &bytes));
	assert_int_equal(bytes, 0);
	assert_null(bc_view_text(&view, COLUMNS + 1, 0, NULL));
	assert_int_equal(bc_view_text_count(&view, 1), 0);
	assert_int_equal(bc_view_text_count(&view, COLUMNS + 1), 0);
	bc_view_release(&view);
}

static void
every_column_comes_back_bit_for_bit(void **state)
{
	static const uint64_t rows[] = { 0,  1,    2,    30,      64,
		                         65, 4095, 4096, ROWS_MAX };
	struct bc_view view;
	uint32_t i, k, first;

	(void)state;
	for (i = 0; i < 18; i++) {
		uint64_t count = rows[i / 2];

		first = i % 2;
		get(&view, count, first == 1);
		assert_int_equal(view.kind, first ? BC_FRAME : BC_ARRAYS);
		assert_int_equal(view.schema->column_count, COLUMNS + first);
		assert_int_equal(view.rows, count);
		if (first == 1)
			assert_memory_equal(bc_view_time(&view), times,
			                    8 * count);
		else
			assert_null(bc_view_time(&view));
		assert_int_equal(view.first_ns, first && count ? -500 : 0);
		for (k = 0; k < COLUMNS; k++) {
			const void *found = bc_view_column(&view, k + first);

			assert_int_equal((uintptr_t)found % 64, 0);
			assert_memory_equal(
				found, columns[k].data,
				count * bc_type_bytes(columns[k].type));
			assert_ptr_equal(found,
			                 bc_view_find(&view, columns[k].name,
			                              columns[k].type));
		}
		assert_ptr_equal(bc_view_f64(&view, "d"),
		                 bc_view_column(&view, first));
		bc_view_release(&view);
		assert_null(view.data);
	}
}

static void
text_is_found_by_column_and_code(void **state)
{
	static const uint64_t rows[] = { 2, 30, ROWS_MAX };
	struct bc_view view;
	const char *text;
	size_t bytes;
	uint32_t i, code;

	(void)state;
	for (i = 0; i < 3; i++) {
		get(&view, rows[i], true);
		assert_int_equal(bc_view_text_count(&view, 6), 3);
		assert_int_equal(bc_view_text_count(&view, 7), 1);
		for (code = 0; code < 3; code++) {
			text = bc_view_text(&view, 6, code, &bytes);
			assert_non_null(text);
			assert_int_equal(bytes, strlen(words[code]));
			assert_memory_equal(text, words[code], bytes);
		}
		assert_null(bc_view_text(&view, 6, 3, &bytes));
		assert_null(bc_view_text(&view, 6, UINT32_MAX, &bytes));
		assert_non_null(bc_view_text(&view, 7, 0, NULL));
		assert_null(bc_view_text(&view, 7, 1, NULL));
		bc_view_release(&view);
	}
}

static void
a_column_of_text_without_rows_or_strings_is_empty(void **state)
{
	struct bc_column column = { .name = "word", .type = BC_TEXT };
	struct bc_frame empty = { .columns = &column, .column_count = 1 };
	struct bc_view view;
	struct bc_error err;

	(void)state;
	assert_status(bc_put(fixture.cache, "e", &empty, NULL, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_get(fixture.cache, "e", &view), BC_OK, NULL);
	assert_int_equal(bc_view_text_count(&view, 0), 0);
	assert_null(bc_view_text(&view, 0, 0, NULL));
	bc_view_release(&view);
}

static void
a_blob_has_bytes_and_no_columns(void **state)
{
	struct bc_view view;
	struct bc_error err;

	(void)state;
	assert_status(bc_put_blob(fixture.cache, "b", "bytes", 5, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_get(fixture.cache, "b", &view), BC_OK, NULL);
	assert_int_equal(view.bytes, 5);
	assert_null(view.schema);
	assert_null(bc_view_column(&view, 0));
	assert_null(bc_view_time(&view));
	assert_null(bc_view_f64(&view, "d"));
	assert_null(bc_view_text(&view, 0, 0, NULL));
	bc_view_release(&view);
	/* Released it is a blob of nothing. */
	assert_null(bc_view_column(&view, 0));
	assert_int_equal(view.bytes, 0);
}

static void
a_view_may_be_copied_and_released_once(void **state)
{
	struct bc_view view, copy;
	struct bc_error err;

	(void)state;
	get(&view, ROWS_MAX, true);
	copy = view;
	assert_status(bc_remove(fixture.cache, "a", &err), BC_OK, &err);
	assert_memory_equal(bc_view_column(&copy, 4), longs, 8 * ROWS_MAX);
	bc_view_release(&copy);
	assert_int_equal(unit_stats().live_bytes, 0);
}

static void
views_of_one_shape_share_their_schema(void **state)
{
	struct bc_view first, second;

	(void)state;
	unit_put("x", 1, 10);
	unit_put("y", 1, 5000);
	assert_status(bc_get(fixture.cache, "x", &first), BC_OK, NULL);
	assert_status(bc_get(fixture.cache, "y", &second), BC_OK, NULL);
	assert_ptr_equal(first.schema, second.schema);
	bc_view_release(&first);
	bc_view_release(&second);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_no_column_is_null),
		TEST(every_column_comes_back_bit_for_bit),
		TEST(text_is_found_by_column_and_code),
		TEST(a_column_of_text_without_rows_or_strings_is_empty),
		TEST(a_blob_has_bytes_and_no_columns),
		TEST(a_view_may_be_copied_and_released_once),
		TEST(views_of_one_shape_share_their_schema),
	};

	return cmocka_run_group_tests_name("view", tests, fill, NULL);
}

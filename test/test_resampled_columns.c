/* SPDX-License-Identifier: MIT */
/*
 * test_resampled_columns.c - larger bars: columns of all types, what is
 * refused, what is left behind without memory.
 */
#include "larger.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------ */
/*  Columns                                                                 */
/* ------------------------------------------------------------------------ */

#define TYPED 6

/* A frame of all types, with texts. */
static void
put_typed(const char *key)
{
	static const float close[TYPED] = { 1, 2, 3, 4, 5, 6 };
	static const int32_t volume[TYPED] = { INT32_MAX, 1, 2, 3, 4, 5 };
	static const uint8_t flag[TYPED] = { 1, 2, 3, 4, 5, 6 };
	static const uint32_t venue[TYPED] = { 0, 1, 2, 2, 1, 0 };
	static const double vwap[TYPED] = { 1, 2, NAN, 5, NAN, NAN };
	static const char *const venues[] = { "XNAS", "", "ARCX" };
	int64_t times[TYPED];
	const struct bc_column columns[] = {
		{ .name = "venue",
		  .type = BC_TEXT,
		  .data = venue,
		  .dictionary = venues,
		  .dictionary_count = 3 },
		{ .name = "close", .type = BC_F32, .data = close },
		{ .name = "volume", .type = BC_I32, .data = volume },
		{ .name = "flag", .type = BC_U8, .data = flag },
		{ .name = "vwap", .type = BC_F64, .data = vwap },
	};
	const struct bc_frame frame = {
		.rows = TYPED,
		.time_ns = times,
		.columns = columns,
		.column_count = COUNT(columns),
	};
	struct bc_error err;

	for (int i = 0; i < TYPED; i++)
		times[i] = larger_moment(2024, 1, 2, 30 * i);
	assert_status(bc_put(fixture.cache, key, &frame, NULL, NULL, &err),
	              BC_OK, &err);
}

static void
expect_typed(void)
{
	const uint32_t *venue = bc_view_find(&larger, "venue", BC_TEXT);
	const double *vwap = bc_view_f64(&larger, "vwap");
	size_t bytes;

	assert_int_equal(larger.rows, 3);
	assert_int_equal(larger.schema->column_count, 6);
	assert_true(((const float *)bc_view_find(&larger, "close",
	                                         BC_F32))[0] == 2);
	assert_true(
		((const int64_t *)bc_view_find(&larger, "volume", BC_I64))[0] ==
		INT64_C(2147483648));
	assert_int_equal(
		((const uint8_t *)bc_view_find(&larger, "flag", BC_U8))[2], 6);
	assert_true(vwap[0] == 1.5 && vwap[1] == 5 && isnan(vwap[2]));
	assert_non_null(venue);
	assert_int_equal(bc_view_text_count(&larger, 1), 3);
	assert_memory_equal(bc_view_text(&larger, 1, venue[1], &bytes), "ARCX",
	                    4);
	assert_int_equal(bytes, 4);
	assert_non_null(bc_view_text(&larger, 1, venue[0], &bytes));
	assert_int_equal(bytes, 0);
	assert_null(bc_view_text(&larger, 1, 3, &bytes));
}

static void
columns_of_all_types_become_what_they_can(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	struct bc_error err;

	(void)state;
	put_typed("typed");
	bc_view_release(&bars.view);
	assert_int_equal(bc_get(fixture.cache, "typed", &bars.view), BC_OK);
	larger_make("30m", INT64_MIN, INT64_MAX, &rule);
	expect_typed();
	rule.fill = BC_FILL_FLAT;
	larger_make("30m", INT64_MIN, INT64_MAX, &rule);
	expect_typed();
	rule.fill = BC_FILL_NAN;
	bc_view_release(&larger);
	assert_status(bc_resample(fixture.cache, &bars.view, "30m", INT64_MIN,
	                          INT64_MAX, &rule, &larger, &err),
	              BC_INVALID, &err);
	assert_non_null(strstr(err.message, "column venue is of type text"));
}

static void
a_result_outlives_what_it_was_made_of(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	struct bc_view part;

	(void)state;
	put_typed("typed");
	bc_view_release(&bars.view);
	assert_int_equal(bc_get(fixture.cache, "typed", &bars.view), BC_OK);
	larger_make("30m", INT64_MIN, INT64_MAX, &rule);
	bc_view_release(&bars.view);
	assert_int_equal(bc_view_slice(&larger, 1, 2, &part), BC_OK);
	bc_close(fixture.cache);
	fixture.cache = NULL;
	expect_typed();
	bc_view_release(&larger);
	assert_true(bc_view_f64(&part, "vwap")[0] == 5);
	bc_view_release(&part);
}

/* ------------------------------------------------------------------------ */
/*  Refusals                                                                */
/* ------------------------------------------------------------------------ */

static void
refuse(const struct bc_view *view, const char *source,
       const struct bc_resample *rule, const char *reason)
{
	static const struct bc_view zeroed;
	struct bc_view out;
	struct bc_error err;

	memset(&out, 0xa5, sizeof(out));
	assert_status(bc_resample(fixture.cache, view, source, INT64_MIN,
	                          INT64_MAX, rule, &out, &err),
	              BC_INVALID, &err);
	assert_memory_equal(&out, &zeroed, sizeof(out));
	if (strstr(err.message, reason) == NULL)
		fail_msg("'%s' instead of '%s'", err.message, reason);
}

static void
what_cannot_be_done_is_refused(void **state)
{
	static const char blob[] = "bytes";
	struct bc_resample rule = larger_rule("1h"), other;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	bars_fill(larger_moment(2024, 1, 2, 0), larger_moment(2024, 1, 2, 120),
	          MINUTE);
	bars_put();
	refuse(&bars.view, "2h", &rule, "finer");
	refuse(&bars.view, "7m", &rule, "no multiple");
	refuse(&bars.view, "x", &rule, "'x' is no timeframe");
	other = rule;
	other.timeframe = "0h";
	refuse(&bars.view, "1m", &other, "'0h' is no timeframe");
	other.timeframe = NULL;
	refuse(&bars.view, "1m", &other, "no timeframe");
	other = rule;
	other.zone = "Mars/Olympus";
	refuse(&bars.view, "1m", &other, "'Mars/Olympus' is not known");
	other = rule;
	other.week_begins = 7;
	refuse(&bars.view, "1m", &other, "weeks");
	other = rule;
	other.offset_ns = 24 * HOUR;
	refuse(&bars.view, "1m", &other, "offset");
	other = rule;
	other.fill = (enum bc_fill)3;
	refuse(&bars.view, "1m", &other, "none of its values");
	other = rule;
	other.struct_size = 0;
	refuse(&bars.view, "1m", &other, "BC_RESAMPLE_INIT");
	refuse(&bars.view, "1m", NULL, "BC_RESAMPLE_INIT");
	other = larger_rule("1ns");
	other.fill = BC_FILL_FLAT;
	refuse(&bars.view, NULL, &other, "about");
	assert_status(bc_put_blob(fixture.cache, "blob", blob, sizeof(blob),
	                          NULL, &err),
	              BC_OK, &err);
	assert_int_equal(bc_get(fixture.cache, "blob", &view), BC_OK);
	refuse(&view, "1m", &rule, "without times");
	bc_view_release(&view);
	assert_status(bc_resample(fixture.cache, &bars.view, "1m", 2, 1, &rule,
	                          &view, &err),
	              BC_INVALID, &err);
}

static void
without_memory_nothing_is_left_behind(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	struct bc_options options = unit_options();
	struct test_memory memory = { .fail_at = 0 };
	enum bc_status status = BC_NOMEM;
	struct bc_error err;
	int64_t live;

	(void)state;
	options.allocator = test_allocator(&memory);
	unit_reopen(&options);
	put_typed("typed");
	assert_int_equal(bc_get(fixture.cache, "typed", &bars.view), BC_OK);
	live = atomic_load(&memory.live);
	for (uint64_t n = 1; status != BC_OK; n++) {
		atomic_store(&memory.requests, 0);
		atomic_store(&memory.fail_at, n);
		status =
			bc_resample(fixture.cache, &bars.view, "30m", INT64_MIN,
		                    INT64_MAX, &rule, &larger, &err);
		atomic_store(&memory.fail_at, 0);
		assert_true(status == BC_NOMEM || (status == BC_OK && n > 4));
		assert_true(status == BC_OK ||
		            atomic_load(&memory.live) == live);
	}
	expect_typed();
	bc_view_release(&larger);
	assert_true(atomic_load(&memory.live) == live);
	bc_view_release(&bars.view);
	bc_close(fixture.cache);
	fixture.cache = NULL;
	assert_true(atomic_load(&memory.live) == 0);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, larger_teardown)
	const struct CMUnitTest tests[] = {
		TEST(columns_of_all_types_become_what_they_can),
		TEST(a_result_outlives_what_it_was_made_of),
		TEST(what_cannot_be_done_is_refused),
		TEST(without_memory_nothing_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

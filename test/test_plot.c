/* SPDX-License-Identifier: MIT */
/*
 * test_plot.c - the axes of a chart, and rows folded to its columns.
 */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "plot.h"

#define MINUTE (60 * BCI_SECOND_NS)
#define HOUR (60 * MINUTE)
#define DAY BCI_DAY_NS

/* 2024-01-01T00:00:00Z, a Monday. */
#define BEGIN (INT64_C(1704067200) * BCI_SECOND_NS)

/* Of the tool, which is not linked. */
void *
tool_alloc(size_t count, size_t bytes)
{
	void *memory = calloc(count == 0 ? 1 : count, bytes);

	assert_non_null(memory);
	return memory;
}

/* ------------------------------------------------------------------------ */
/*  Prices                                                                  */
/* ------------------------------------------------------------------------ */

/* The labels of all ticks, separated by blanks. */
static const char *
labels(double low, double high, size_t lines)
{
	static char text[1024];
	struct plot_scale scale;
	char label[PLOT_LABEL];
	size_t used = 0;

	plot_scale_begin(&scale, low, high, lines);
	assert_true(scale.from <= low);
	assert_true(scale.to >= high);
	text[0] = '\0';
	for (int64_t k = scale.first; k <= scale.last; k++) {
		plot_scale_label(&scale, k, label);
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "%s%s", used == 0 ? "" : " ", label);
		assert_true(used < sizeof(text));
	}
	return text;
}

static void
prices_have_round_ticks(void **state)
{
	(void)state;
	assert_string_equal(labels(40778.94, 43321.4, 18),
	                    "41000 41500 42000 42500 43000");
	assert_string_equal(labels(0.1, 0.9, 12), "0.2 0.4 0.6 0.8");
	assert_string_equal(labels(-1, 3, 12), "-1 0 1 2 3");
	assert_string_equal(labels(1.0001, 1.0004, 9),
	                    "1.0001 1.0002 1.0003 1.0004");
	assert_string_equal(labels(99.9, 100.1, 9), "99.9 100.0 100.1");
}

static void
a_price_alone_has_a_scale(void **state)
{
	struct plot_scale scale;

	(void)state;
	assert_string_equal(labels(100, 100, 9), "99.9 100.0 100.1");
	assert_string_equal(labels(0, 0, 9), "-1 0 1");
	assert_string_equal(labels(0, 5e-324, 9), "-1 0 1");
	plot_scale_begin(&scale, 100, 100, 9);
	assert_int_equal(plot_scale_at(&scale, 100, 9), 9);
}

static void
prices_of_any_size_have_ticks(void **state)
{
	static const double sizes[] = {
		1e-280, 1e-9, 1e9, 1e15, 1e300, 1.7e308
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct plot_scale scale;

		plot_scale_begin(&scale, -sizes[i], sizes[i], 20);
		assert_true(scale.first <= scale.last);
		assert_true(scale.last - scale.first < 20);
		assert_true(plot_scale_at(&scale, sizes[i], 20) == 0);
		assert_true(plot_scale_at(&scale, -sizes[i], 20) == 39);
	}
}

static void
prices_lie_between_the_first_and_the_last_half_line(void **state)
{
	struct plot_scale scale;

	(void)state;
	plot_scale_begin(&scale, 10, 20, 5);
	assert_int_equal(plot_scale_at(&scale, 20, 5), 0);
	assert_int_equal(plot_scale_at(&scale, 15, 5), 5);
	assert_int_equal(plot_scale_at(&scale, 10, 5), 9);
}

static void
short_numbers_have_three_digits(void **state)
{
	static const struct {
		double value;
		const char *text;
	} list[] = {
		{ 0, "0" },         { 5, "5" },       { 1.234, "1.23" },
		{ 24.06, "24.1" },  { 999.4, "999" }, { 999.6, "1.00K" },
		{ 12345, "12.3K" }, { 1e6, "1M" },    { 2.5e9, "2.50G" },
		{ 1e21, "1e+03E" },
	};
	char text[PLOT_LABEL];

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		plot_short(list[i].value, text);
		assert_string_equal(text, list[i].text);
	}
}

/* ------------------------------------------------------------------------ */
/*  Times                                                                   */
/* ------------------------------------------------------------------------ */

/* The labels of 'count' cells from 'from_ns' on, each with its number. */
static const char *
ticks(int64_t from_ns, int64_t cell_ns, int64_t count)
{
	static char text[1024];
	struct plot_calendar calendar = plot_calendar_choose(cell_ns);
	char label[PLOT_LABEL];
	size_t used = 0;

	text[0] = '\0';
	for (int64_t i = 0; i < count; i++) {
		if (!plot_calendar_tick(&calendar, from_ns + i * cell_ns,
		                        from_ns + (i + 1) * cell_ns, label))
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "%s%d %s", used == 0 ? "" : ", ",
		                         (int)i, label);
		assert_true(used < sizeof(text));
	}
	return text;
}

static void
times_have_the_ticks_of_clocks_and_calendars(void **state)
{
	(void)state;
	assert_string_equal(ticks(BEGIN, BCI_SECOND_NS, 30),
	                    "0 01-01, 10 00:00:10, 20 00:00:20");
	assert_string_equal(ticks(BEGIN + 3 * MINUTE, MINUTE, 30),
	                    "7 00:10, 17 00:20, 27 00:30");
	assert_string_equal(ticks(BEGIN - HOUR, 20 * MINUTE, 20),
	                    "3 01-01, 12 03:00");
	assert_string_equal(ticks(BEGIN, DAY, 30),
	                    "0 01-01, 14 01-15, 28 01-29");
	assert_string_equal(ticks(BEGIN, 7 * DAY, 30),
	                    "0 2024-01, 13 2024-04, 26 2024-07");
	assert_string_equal(ticks(BEGIN, 60 * DAY, 20), "0 2024, 12 2026");
}

static void
a_tick_is_in_the_cell_that_holds_its_moment(void **state)
{
	(void)state;
	/* Cells of 35 minutes: 06:00 is in the one that begins at 05:50. */
	assert_string_equal(ticks(BEGIN, 35 * MINUTE, 22),
	                    "0 01-01, 10 06:00, 20 12:00");
}

static void
times_before_1970_have_ticks(void **state)
{
	(void)state;
	assert_string_equal(ticks(-2 * HOUR, 10 * MINUTE, 20),
	                    "0 22:00, 12 01-01");
	assert_string_equal(ticks(-31 * DAY, 3 * DAY, 20),
	                    "0 1969-12, 10 1970-01");
}

/* ------------------------------------------------------------------------ */
/*  Rows                                                                    */
/* ------------------------------------------------------------------------ */

#define ROWS 100

/* A cache with one frame of minutes, and its view. */
static struct rows {
	struct test_dir dir;
	struct bc_cache *cache;
	struct bc_view view;
	struct plot_rows rows;
	struct plot_bars bars;
	int64_t time_ns[ROWS];
	double price[ROWS], volume[ROWS];
} r;

static int
rows_setup(void **state)
{
	(void)state;
	memset(&r, 0, sizeof(r));
	for (int i = 0; i < ROWS; i++) {
		r.time_ns[i] = BEGIN + i * MINUTE;
		r.price[i] = 100 + i;
		r.volume[i] = 1;
	}
	return 0;
}

static int
rows_teardown(void **state)
{
	(void)state;
	free(r.bars.items);
	bc_view_release(&r.view);
	bc_close(r.cache);
	test_dir_remove(&r.dir);
	return 0;
}

/* Put the first 'count' rows and fold them. */
static void
fold(uint64_t count, int64_t step_ns, size_t columns)
{
	const struct bc_column stored[] = {
		{ .name = "value", .type = BC_F64, .data = r.price },
		{ .name = "volume", .type = BC_F64, .data = r.volume },
	};
	const struct bc_frame frame = { count, r.time_ns, stored, 2 };
	const struct bci_timeframe timeframe = { .step_ns = step_ns };
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_error err;

	options.flags = BC_OPEN_CREATE;
	test_dir_make(&r.dir);
	assert_status(bc_open(r.dir.path, &options, &r.cache, &err), BC_OK,
	              &err);
	assert_status(bc_put(r.cache, "k", &frame, NULL, NULL, &err), BC_OK,
	              &err);
	assert_int_equal(bc_get(r.cache, "k", &r.view), BC_OK);
	r.rows.view = &r.view;
	r.rows.column[PLOT_OPEN] = r.rows.column[PLOT_HIGH] = 1;
	r.rows.column[PLOT_LOW] = r.rows.column[PLOT_CLOSE] = 1;
	r.rows.column[PLOT_VOLUME] = 2;
	plot_rows_begin(&r.rows, &timeframe);
	plot_fold(&r.rows, columns, &r.bars);
}

static void
few_rows_are_columns_of_their_own(void **state)
{
	(void)state;
	fold(5, MINUTE, 80);
	assert_int_equal(r.bars.count, 5);
	assert_int_equal(r.bars.merged, 1);
	assert_int_equal(r.bars.bar_ns, MINUTE);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(r.bars.items[i].rows, 1);
		assert_true(r.bars.items[i].close == 100 + i);
	}
	assert_true(r.rows.low == 100 && r.rows.high == 104);
	assert_true(r.rows.open == 100 && r.rows.last == 104);
}

static void
many_rows_are_folded_evenly(void **state)
{
	(void)state;
	fold(ROWS, MINUTE, 33);
	assert_int_equal(r.bars.merged, 4);
	assert_int_equal(r.bars.count, 25);
	assert_int_equal(r.bars.bar_ns, 4 * MINUTE);
	for (int i = 0; i < 25; i++) {
		const struct plot_bar *bar = &r.bars.items[i];

		assert_int_equal(bar->rows, 4);
		assert_int_equal(bar->time_ns, BEGIN + 4 * i * MINUTE);
		assert_true(bar->open == 100 + 4 * i);
		assert_true(bar->low == bar->open);
		assert_true(bar->high == 103 + 4 * i);
		assert_true(bar->close == bar->high);
		assert_true(bar->volume == 4);
	}
	assert_true(r.bars.volume == 4);
}

static void
what_is_not_there_leaves_a_hole(void **state)
{
	(void)state;
	for (int i = 50; i < ROWS; i++)
		r.time_ns[i] += 20 * MINUTE;
	r.price[10] = NAN;
	r.price[11] = INFINITY;
	fold(ROWS, MINUTE, 200);
	assert_int_equal(r.bars.count, 120);
	for (int i = 0; i < 120; i++)
		assert_int_equal(r.bars.items[i].rows,
		                 i != 10 && i != 11 && (i < 50 || i >= 70));
	assert_true(r.rows.high == 199);
}

static void
without_a_timeframe_the_shortest_step_counts(void **state)
{
	(void)state;
	for (int i = 1; i < ROWS; i++)
		r.time_ns[i] += 10 * MINUTE;
	fold(ROWS, 0, 200);
	assert_int_equal(r.rows.step_ns, MINUTE);
	assert_int_equal(r.bars.count, 110);
}

static void
one_row_is_one_column(void **state)
{
	(void)state;
	fold(1, 0, 80);
	assert_int_equal(r.bars.count, 1);
	assert_int_equal(r.bars.items[0].rows, 1);
}

static void
the_whole_of_time_is_folded(void **state)
{
	(void)state;
	r.time_ns[0] = INT64_MIN;
	r.time_ns[1] = INT64_MAX;
	fold(2, 1, 80);
	assert_true(r.bars.count <= 80);
	assert_int_equal(r.bars.items[0].rows, 1);
	assert_int_equal(r.bars.items[r.bars.count - 1].rows, 1);
}

static void
rows_without_numbers_have_no_price(void **state)
{
	(void)state;
	r.price[0] = r.price[1] = NAN;
	fold(2, MINUTE, 80);
	assert_true(isnan(r.rows.high));
	assert_true(isnan(r.rows.low));
}

#define ROWS_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown((name), rows_setup, rows_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prices_have_round_ticks),
		cmocka_unit_test(a_price_alone_has_a_scale),
		cmocka_unit_test(prices_of_any_size_have_ticks),
		cmocka_unit_test(
			prices_lie_between_the_first_and_the_last_half_line),
		cmocka_unit_test(short_numbers_have_three_digits),
		cmocka_unit_test(times_have_the_ticks_of_clocks_and_calendars),
		cmocka_unit_test(a_tick_is_in_the_cell_that_holds_its_moment),
		cmocka_unit_test(times_before_1970_have_ticks),
		ROWS_TEST(few_rows_are_columns_of_their_own),
		ROWS_TEST(many_rows_are_folded_evenly),
		ROWS_TEST(what_is_not_there_leaves_a_hole),
		ROWS_TEST(without_a_timeframe_the_shortest_step_counts),
		ROWS_TEST(one_row_is_one_column),
		ROWS_TEST(the_whole_of_time_is_folded),
		ROWS_TEST(rows_without_numbers_have_no_price),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_resampled.c - views of bars to views of larger bars: days of time zones,
 * weeks, months, what is partial, what is empty.
 */
#include "larger.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------------ */
/*  Bars                                                                    */
/* ------------------------------------------------------------------------ */

static void
minutes_become_hours(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	int64_t from = larger_moment(2024, 1, 2, 0);

	(void)state;
	bars_fill(from, from + 3 * HOUR, MINUTE);
	bars_put();
	larger_make("1m", from, from + 3 * HOUR, &rule);
	assert_int_equal(larger.rows, 3);
	larger_expect_partial("");
	assert_int_equal(larger.schema->column_count, 7);
	assert_int_equal(larger.open_rows, 0);
	assert_int_equal(larger.revision, bars.view.revision);
	for (uint64_t i = 0; i < 3; i++) {
		double first = 100 + 60 * (double)i;

		larger_expect(i, from + (int64_t)i * HOUR, 60);
		assert_true(bc_view_f64(&larger, "open")[i] == first);
		assert_true(bc_view_f64(&larger, "high")[i] == first + 61);
		assert_true(bc_view_f64(&larger, "low")[i] == first - 2);
		assert_true(bc_view_f64(&larger, "close")[i] == first + 60);
		assert_int_equal(((const int64_t *)bc_view_find(
					 &larger, "trades", BC_I64))[i],
		                 120);
	}
}

static void
a_minute_is_no_month(void **state)
{
	struct bc_resample rule = larger_rule("1m");
	int64_t from = larger_moment(2024, 1, 31, 1439);

	(void)state;
	bars_fill(from, from + 2 * MINUTE, 10 * BCI_SECOND_NS);
	bars_put();
	larger_make("10s", from, from + 2 * MINUTE, &rule);
	assert_int_equal(larger.rows, 2);
	larger_expect(1, from + MINUTE, 6);
	rule.timeframe = "1M";
	larger_make("10s", larger_moment(2024, 1, 1, 0),
	            larger_moment(2024, 3, 1, 0), &rule);
	assert_int_equal(larger.rows, 2);
	larger_expect(0, larger_moment(2024, 1, 1, 0), 6);
	larger_expect(1, larger_moment(2024, 2, 1, 0), 6);
	larger_expect_partial("");
}

static void
months_have_their_days(void **state)
{
	static const double lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		                          30, 31, 30, 31, 31, 29, 31 };
	struct bc_resample rule = larger_rule("1M");

	(void)state;
	bars_fill(larger_moment(2023, 1, 1, 0), larger_moment(2024, 4, 1, 0),
	          DAY);
	bars_put();
	larger_make("1d", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, COUNT(lengths));
	larger_expect_partial("");
	for (uint64_t i = 0; i < COUNT(lengths); i++)
		larger_expect(i,
		              larger_moment(2023 + (int64_t)i / 12,
		                            (int64_t)i % 12 + 1, 1, 0),
		              lengths[i]);
	rule.timeframe = "3M";
	larger_make("1d", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 5);
	larger_expect(4, larger_moment(2024, 1, 1, 0), 91);
}

static void
weeks_begin_on_the_day_asked_for(void **state)
{
	struct bc_resample rule = larger_rule("1w");

	(void)state;
	/* 2024-01-01 is a Monday. */
	bars_fill(larger_moment(2024, 1, 1, 0), larger_moment(2024, 1, 29, 0),
	          DAY);
	bars_put();
	larger_make("1d", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 4);
	larger_expect(3, larger_moment(2024, 1, 22, 0), 7);
	larger_expect_partial("");
	rule.week_begins = 6;
	larger_make("1d", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 5);
	larger_expect(0, larger_moment(2023, 12, 31, 0), 6);
	larger_expect(4, larger_moment(2024, 1, 28, 0), 1);
	larger_expect_partial("10001");
}

/* ------------------------------------------------------------------------ */
/*  Days of time zones                                                      */
/* ------------------------------------------------------------------------ */

/* Days from local midnight to midnight, of which one has so many hours. */
static void
check_days(const char *zone, int64_t from, int64_t odd, double hours)
{
	struct bc_resample rule = larger_rule("1d");
	int64_t length = 2 * DAY + (int64_t)hours * HOUR;
	int64_t at = from;

	if (access("/usr/share/zoneinfo/America/New_York", R_OK) != 0)
		test_skip("there is no /usr/share/zoneinfo");
	rule.zone = zone;
	bars_fill(from, from + length, HOUR);
	bars_put();
	larger_make("1h", from, from + length, &rule);
	assert_int_equal(larger.rows, 3);
	larger_expect_partial("");
	for (uint64_t i = 0; i < 3; i++) {
		double count = (int64_t)i == odd ? hours : 24;

		larger_expect(i, at, count);
		at += (int64_t)count * HOUR;
	}
}

static void
days_are_those_of_the_zone(void **state)
{
	(void)state;
	/* Clocks are set on 2024-03-10 and 2024-11-03 in New York, */
	check_days("America/New_York", larger_moment(2024, 3, 9, 300), 1, 23);
	check_days("America/New_York", larger_moment(2024, 11, 2, 240), 1, 25);
	/* on 2024-04-07 and 2024-10-06 in Sydney. */
	check_days("Australia/Sydney", larger_moment(2024, 4, 5, 780), 1, 25);
	check_days("Australia/Sydney", larger_moment(2024, 10, 4, 840), 1, 23);
	check_days("+02:00", larger_moment(2024, 10, 4, 1320), -1, 24);
}

static void
sessions_begin_after_midnight(void **state)
{
	struct bc_resample rule = larger_rule("1d");

	(void)state;
	rule.zone = "America/New_York";
	rule.offset_ns = 17 * HOUR;
	if (access("/usr/share/zoneinfo/America/New_York", R_OK) != 0)
		test_skip("there is no /usr/share/zoneinfo");
	/* From 17:00 on Saturday, when it is UTC-5, to 17:00 at UTC-4. */
	bars_fill(larger_moment(2024, 3, 9, 22 * 60),
	          larger_moment(2024, 3, 10, 21 * 60), HOUR);
	bars_put();
	larger_make("1h", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 1);
	larger_expect(0, larger_moment(2024, 3, 9, 22 * 60), 23);
	larger_expect_partial("");
	/* Two hours from 09:30 on, the last of the day up to midnight. */
	rule = larger_rule("2h");
	rule.offset_ns = 9 * HOUR + 30 * MINUTE;
	rule.from_midnight = 1;
	bars_fill(larger_moment(2024, 3, 12, 9 * 60 + 30),
	          larger_moment(2024, 3, 12, 960), 30 * MINUTE);
	bars_put();
	larger_make("30m", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 4);
	larger_expect(0, larger_moment(2024, 3, 12, 9 * 60 + 30), 4);
	larger_expect(3, larger_moment(2024, 3, 12, 15 * 60 + 30), 1);
	larger_expect_partial("0001");
}

/* ------------------------------------------------------------------------ */
/*  What is partial                                                         */
/* ------------------------------------------------------------------------ */

static void
what_was_read_in_part_is_flagged_or_dropped(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	int64_t from = larger_moment(2024, 1, 2, 30);

	(void)state;
	bars_fill(from, from + 2 * HOUR, MINUTE);
	bars_put();
	larger_make("1m", INT64_MIN, INT64_MAX, &rule);
	larger_expect(0, from - 30 * MINUTE, 30);
	larger_expect_partial("101");
	/* Nothing came before: it was looked for. */
	larger_make("1m", from - HOUR, from + 2 * HOUR, &rule);
	larger_expect_partial("001");
	larger_make("1m", from - 30 * MINUTE, from + 150 * MINUTE, &rule);
	larger_expect_partial("");
	larger_make("1m", from - 30 * MINUTE + 1, from + 150 * MINUTE - 1,
	            &rule);
	larger_expect_partial("101");
	rule.partial = BC_PARTIAL_DROP;
	larger_make("1m", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 1);
	larger_expect(0, from + 30 * MINUTE, 60);
	larger_expect_partial("");
	rule.timeframe = "1d";
	larger_make("1m", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 0);
	larger_expect_partial("");
}

static void
rows_stamped_at_their_end_end_there(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	int64_t from = larger_moment(2024, 1, 2, 0);

	(void)state;
	rule.closed = rule.label = BC_RIGHT;
	bars_fill(from + MINUTE, from + 2 * HOUR + MINUTE, MINUTE);
	bars_put();
	larger_make("1m", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 2);
	larger_expect(0, from + HOUR, 60);
	larger_expect(1, from + 2 * HOUR, 60);
	larger_expect_partial("");
	larger_make("1m", from + MINUTE, from + 2 * HOUR + 1, &rule);
	larger_expect_partial("");
	larger_make("1m", from + MINUTE + 1, from + 2 * HOUR, &rule);
	larger_expect_partial("11");
	rule.label = BC_LEFT;
	larger_make(NULL, INT64_MIN, INT64_MAX, &rule);
	larger_expect(1, from + HOUR, 60);
	larger_expect_partial("");
}

static void
without_a_source_the_shortest_step_counts(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	int64_t from = larger_moment(2024, 1, 2, 0);

	(void)state;
	bars_fill(from, from + HOUR, 5 * MINUTE);
	bars_put();
	larger_make(NULL, INT64_MIN, INT64_MAX, &rule);
	larger_expect_partial("");
	bars.rows = 1;
	bars_put();
	larger_make(NULL, INT64_MIN, INT64_MAX, &rule);
	larger_expect_partial("1");
}

static void
what_was_partial_stays_so(void **state)
{
	struct bc_resample rule = larger_rule("1h"), days = larger_rule("1d");
	int64_t from = larger_moment(2024, 1, 2, 30);
	struct bc_view hours;
	struct bc_error err;

	(void)state;
	bars_fill(from, from + 4 * DAY, 30 * MINUTE);
	bars_put();
	larger_make("30m", INT64_MIN, INT64_MAX, &rule);
	hours = larger;
	memset(&larger, 0, sizeof(larger));
	assert_status(bc_resample(fixture.cache, &hours, "1h",
	                          larger_moment(2024, 1, 2, 0),
	                          larger_moment(2024, 1, 7, 0), &days, &larger,
	                          &err),
	              BC_OK, &err);
	bc_view_release(&hours);
	larger_expect_partial("10001");
}

/* ------------------------------------------------------------------------ */
/*  Empty bars                                                              */
/* ------------------------------------------------------------------------ */

static void
empty_bars_are_filled_as_asked(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	int64_t from = larger_moment(2024, 1, 2, 0);

	(void)state;
	bars.rows = 0;
	bars_add(from, 10);
	bars_add(from + 3 * HOUR, 20);
	bars_put();
	larger_make("1h", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 2);
	rule.fill = BC_FILL_FLAT;
	larger_make("1h", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 4);
	larger_expect(1, from + HOUR, 0);
	larger_expect(2, from + 2 * HOUR, 0);
	for (uint32_t i = 1; i <= BARS_PRICES; i++)
		assert_true(((const double *)bc_view_column(&larger, i))[2] ==
		            11);
	rule.fill = BC_FILL_NAN;
	larger_make("1h", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 4);
	larger_expect(1, from + HOUR, 0);
	assert_true(isnan(bc_view_f64(&larger, "open")[1]));
	assert_int_equal(
		((const int64_t *)bc_view_find(&larger, "trades", BC_I64))[2],
		0);
}

static void
a_view_without_rows_gives_none(void **state)
{
	struct bc_resample rule = larger_rule("1h");

	(void)state;
	bars.rows = 0;
	bars_put();
	larger_make("1m", INT64_MIN, INT64_MAX, &rule);
	assert_int_equal(larger.rows, 0);
	assert_true(larger.first_ns == 0 && larger.last_ns == 0);
	larger_expect_partial("");
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, larger_teardown)
	const struct CMUnitTest tests[] = {
		TEST(minutes_become_hours),
		TEST(a_minute_is_no_month),
		TEST(months_have_their_days),
		TEST(weeks_begin_on_the_day_asked_for),
		TEST(days_are_those_of_the_zone),
		TEST(sessions_begin_after_midnight),
		TEST(what_was_read_in_part_is_flagged_or_dropped),
		TEST(rows_stamped_at_their_end_end_there),
		TEST(without_a_source_the_shortest_step_counts),
		TEST(what_was_partial_stays_so),
		TEST(empty_bars_are_filled_as_asked),
		TEST(a_view_without_rows_gives_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_series_times.c - calendars and the ends of time: months of minutes, leap
 * days, days of 23 and 25 hours, times before 1970, the first and the last
 * moment that there is.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE (60 * UNIT_SECOND_NS)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define NEW_YEAR (INT64_C(1704067200) * UNIT_SECOND_NS) /* 2024-01-01 */
#define FEBRUARY (NEW_YEAR + 31 * DAY)
#define MARCH (FEBRUARY + 29 * DAY)
#define APRIL (MARCH + 31 * DAY)

/* The value of the bar at a time. */
static double
price_at(int64_t time_ns)
{
	return (double)(test_mix((uint64_t)time_ns, 1) >> 24);
}

/* Append bars of [from_ns, to_ns), known as far, one a step. */
static enum bc_status
append(const char *key, int64_t from_ns, int64_t to_ns, int64_t step_ns,
       struct bc_counts *counts, struct bc_error *err)
{
	uint64_t rows =
		((uint64_t)to_ns - (uint64_t)from_ns) / (uint64_t)step_ns;
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	int64_t *times = calloc(rows + 1, sizeof(*times));
	double *prices = calloc(rows + 1, sizeof(*prices));
	struct bc_column column = { .name = "close", .type = BC_F64 };
	struct bc_frame frame = { .columns = &column, .column_count = 1 };
	enum bc_status status;

	require(times != NULL && prices != NULL);
	for (uint64_t i = 0; i < rows; i++) {
		times[i] = (int64_t)((uint64_t)from_ns + i * (uint64_t)step_ns);
		prices[i] = price_at(times[i]);
	}
	column.data = prices;
	frame.rows = rows;
	frame.time_ns = times;
	options.from_ns = from_ns;
	options.to_ns = to_ns;
	status = bc_append(fixture.cache, key, &frame, &options, counts, err);
	free(times);
	free(prices);
	return status;
}

static void
must_append(const char *key, int64_t from_ns, int64_t to_ns, int64_t step_ns)
{
	struct bc_error err;

	assert_status(append(key, from_ns, to_ns, step_ns, NULL, &err), BC_OK,
	              &err);
}

/* One bar, by default known for as long as the library says. */
static void
append_one(const char *key, int64_t time_ns)
{
	const double price = price_at(time_ns);
	struct bc_column column = { .name = "close",
		                    .type = BC_F64,
		                    .data = &price };
	struct bc_frame frame = { .rows = 1,
		                  .time_ns = &time_ns,
		                  .columns = &column,
		                  .column_count = 1 };
	struct bc_error err;

	assert_status(bc_append(fixture.cache, key, &frame, NULL, NULL, &err),
	              BC_OK, &err);
}

static void
append_empty(const char *key, int64_t from_ns, int64_t to_ns)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_error err;

	options.from_ns = from_ns;
	options.to_ns = to_ns;
	assert_status(bc_append(fixture.cache, key, NULL, &options, NULL, &err),
	              BC_OK, &err);
}

/* A read must show this many rows, all with their values. */
#define expect_rows(key, from_ns, to_ns, flags, rows)                          \
	expect_read((key), (from_ns), (to_ns), (flags), (rows), __LINE__)
static void
expect_read(const char *key, int64_t from_ns, int64_t to_ns, unsigned flags,
            uint64_t rows, int line)
{
	struct bc_view view;
	enum bc_status status =
		bc_read(fixture.cache, key, from_ns, to_ns, NULL, flags, &view);

	if (status != BC_OK || view.rows != rows)
		fail_msg("line %d: %s (%s), %llu rows, expected %llu", line,
		         bc_status_name(status), bc_miss_name(view.miss),
		         (unsigned long long)view.rows,
		         (unsigned long long)rows);
	for (uint64_t i = 0; i < rows; i++) {
		int64_t time_ns = bc_view_time(&view)[i];

		assert_true(bc_view_f64(&view, "close")[i] ==
		            price_at(time_ns));
		assert_true(i == 0 || bc_view_time(&view)[i - 1] < time_ns);
	}
	bc_view_release(&view);
}

static void
expect_not_covered(const char *key, int64_t from_ns, int64_t to_ns)
{
	struct bc_view view;

	assert_status(
		bc_read(fixture.cache, key, from_ns, to_ns, NULL, 0, &view),
		BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_NOT_COVERED);
}

/* Exactly one gap of a range is missing, or (from_ns == to_ns) none. */
static void
expect_gap(const char *key, int64_t from_ns, int64_t to_ns, int64_t gap_from_ns,
           int64_t gap_to_ns)
{
	struct bc_error err;
	struct bc_gap gaps[4];
	size_t found;

	assert_status(bc_missing(fixture.cache, &key, 1, from_ns, to_ns, 0,
	                         gaps, 4, &found, &err),
	              BC_OK, &err);
	assert_int_equal(found, gap_from_ns != gap_to_ns);
	if (found == 0)
		return;
	assert_true(gaps[0].from_ns == gap_from_ns);
	assert_true(gaps[0].to_ns == gap_to_ns);
}

/* ---- months -------------------------------------------------------------- */

static const char minutes[] = "binance/spot/BTCUSDT/1m";

static void
three_months_of_minutes_are_read_month_by_month(void **state)
{
	(void)state;
	must_append(minutes, NEW_YEAR, FEBRUARY, MINUTE);
	must_append(minutes, MARCH, APRIL, MINUTE);
	expect_rows(minutes, NEW_YEAR, FEBRUARY, 0, 44640);
	expect_rows(minutes, MARCH, APRIL, 0, 44640);
	expect_not_covered(minutes, NEW_YEAR, APRIL);
	expect_not_covered(minutes, FEBRUARY - 1, FEBRUARY + 1);
	expect_gap(minutes, NEW_YEAR, APRIL, FEBRUARY, MARCH);
	expect_rows(minutes, NEW_YEAR, APRIL, BC_READ_PARTIAL, 89280);
	must_append(minutes, FEBRUARY, MARCH, MINUTE);
	expect_rows(minutes, FEBRUARY, MARCH, 0, 41760);
	expect_rows(minutes, NEW_YEAR, APRIL, 0, 131040);
	expect_gap(minutes, NEW_YEAR, APRIL, 0, 0);
	expect_gap(minutes, NEW_YEAR - DAY, APRIL, NEW_YEAR - DAY, NEW_YEAR);
	expect_gap(minutes, NEW_YEAR, APRIL + DAY, APRIL, APRIL + DAY);
	/* One minute on either side of each border. */
	expect_rows(minutes, FEBRUARY - MINUTE, FEBRUARY + MINUTE, 0, 2);
	expect_rows(minutes, MARCH - MINUTE, MARCH + MINUTE, 0, 2);
	expect_rows(minutes, MARCH, MARCH, 0, 0);
	expect_rows(minutes, MARCH, MARCH + 1, 0, 1);
	expect_rows(minutes, MARCH + 1, MARCH + 2, 0, 0);
}

static void
a_leap_day_is_a_day_like_others(void **state)
{
	const int64_t leap = FEBRUARY + 28 * DAY;

	(void)state;
	for (int64_t day = 27; day < 31; day++)
		must_append(minutes, FEBRUARY + day * DAY,
		            FEBRUARY + (day + 1) * DAY, MINUTE);
	expect_rows(minutes, leap, leap + DAY, 0, 1440);
	expect_rows(minutes, leap - DAY, MARCH + DAY, 0, 3 * 1440);
	expect_rows(minutes, INT64_MIN, INT64_MAX, 0, 4 * 1440);
}

static void
minutes_and_months_never_mix(void **state)
{
	static const char months[] = "binance/spot/BTCUSDT/1M";

	(void)state;
	must_append(minutes, NEW_YEAR, NEW_YEAR + HOUR, MINUTE);
	append_one(months, NEW_YEAR);
	append_one(months, FEBRUARY);
	expect_rows(minutes, INT64_MIN, INT64_MAX, 0, 60);
	expect_rows(months, INT64_MIN, INT64_MAX, 0, 2);
	/* A bar of a month is known until the next month begins. */
	expect_rows(months, NEW_YEAR, MARCH, 0, 2);
	expect_not_covered(months, NEW_YEAR, MARCH + 1);
	expect_gap(months, NEW_YEAR, APRIL, MARCH, APRIL);
	append_one(months, MARCH);
	expect_gap(months, NEW_YEAR, APRIL, 0, 0);
	expect_gap(minutes, NEW_YEAR, NEW_YEAR + DAY, NEW_YEAR + HOUR,
	           NEW_YEAR + DAY);
}

static void
a_bar_is_known_as_long_as_its_timeframe(void **state)
{
	static const struct {
		const char *key;
		int64_t step_ns;
	} cases[] = {
		{ "s/m/A/1m", MINUTE },      { "s/m/A/4h", 4 * HOUR },
		{ "s/m/A/1d", DAY },         { "s/m/A/1w", 7 * DAY },
		{ "s/m/A/1m@mark", MINUTE }, { "free text", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		append_one(cases[i].key, NEW_YEAR);
		expect_rows(cases[i].key, NEW_YEAR, NEW_YEAR + cases[i].step_ns,
		            0, 1);
		expect_not_covered(cases[i].key, NEW_YEAR,
		                   NEW_YEAR + cases[i].step_ns + 1);
	}
}

/* ---- gaps ---------------------------------------------------------------- */

static void
a_gap_is_known_only_if_somebody_looked(void **state)
{
	const int64_t evening = NEW_YEAR + 16 * HOUR;
	const int64_t morning = NEW_YEAR + DAY + 9 * HOUR;

	(void)state;
	must_append(minutes, NEW_YEAR + 9 * HOUR, evening, MINUTE);
	must_append(minutes, morning, morning + HOUR, MINUTE);
	expect_not_covered(minutes, evening - MINUTE, morning + MINUTE);
	expect_gap(minutes, evening - MINUTE, morning + MINUTE, evening,
	           morning);
	append_empty(minutes, evening, morning);
	expect_rows(minutes, evening - MINUTE, morning + MINUTE, 0, 2);
	expect_rows(minutes, evening, morning, 0, 0);
	expect_gap(minutes, evening - MINUTE, morning + MINUTE, 0, 0);
}

/*
 * Storage is UTC: a day on which clocks are changed somewhere has 24 hours; the
 * day of that place, as a range of UTC, has 23 or 25.
 */
static void
days_on_which_clocks_are_changed_are_ranges_like_others(void **state)
{
	static const struct {
		int64_t day;          /* UTC */
		int64_t begins, ends; /* hours, where clocks are changed */
	} days[] = {
		{ MARCH + 9 * DAY, 5, 28 },       /* New York, forward */
		{ MARCH + 30 * DAY, -1, 22 },     /* Berlin, forward */
		{ NEW_YEAR + 300 * DAY, -2, 23 }, /* Berlin, back */
		{ NEW_YEAR + 307 * DAY, 4, 29 },  /* New York, back */
	};
	static const char key[] = "s/m/DST/1h";

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const int64_t day = days[i].day;
		const int64_t hours = days[i].ends - days[i].begins;

		must_append(key, day - DAY, day + 2 * DAY, HOUR);
		expect_rows(key, day, day + DAY, 0, 24);
		expect_rows(key, day + days[i].begins * HOUR,
		            day + days[i].ends * HOUR, 0, (uint64_t)hours);
	}
}

/* ---- the ends of time ---------------------------------------------------- */

static void
times_before_1970_are_times(void **state)
{
	static const char key[] = "s/m/OLD/1d";
	const int64_t begin = -100 * 365 * DAY;

	(void)state;
	must_append(key, begin, begin + 10 * DAY, DAY);
	must_append(key, -5 * DAY, 5 * DAY, DAY);
	expect_rows(key, begin, begin + 10 * DAY, 0, 10);
	expect_rows(key, -5 * DAY, 5 * DAY, 0, 10);
	expect_rows(key, -1, 1, 0, 1);
	expect_rows(key, -DAY, 0, 0, 1);
	expect_rows(key, INT64_MIN, INT64_MAX, BC_READ_PARTIAL, 20);
	expect_not_covered(key, begin, 5 * DAY);
	expect_gap(key, begin, 5 * DAY, begin + 10 * DAY, -5 * DAY);
	must_append(key, begin + 10 * DAY, -5 * DAY, DAY);
	expect_rows(key, begin, 5 * DAY, 0, 36505);
}

static void
the_first_and_the_last_moment_are_times(void **state)
{
	static const char key[] = "edges";
	struct bc_view view;

	(void)state;
	append_one(key, INT64_MIN);
	expect_rows(key, INT64_MIN, INT64_MAX, 0, 1);
	append_one(key, INT64_MAX);
	expect_rows(key, INT64_MIN, INT64_MAX, BC_READ_PARTIAL, 2);
	append_one(key, INT64_MAX - 1);
	append_one(key, INT64_MIN + 1);
	append_one(key, 0);
	expect_rows(key, INT64_MIN, INT64_MAX, BC_READ_PARTIAL, 5);
	expect_rows(key, INT64_MIN, INT64_MIN + 1, 0, 1);
	expect_rows(key, INT64_MIN, INT64_MIN + 2, 0, 2);
	expect_rows(key, INT64_MAX - 1, INT64_MAX, BC_READ_PARTIAL, 2);
	assert_status(bc_asof(fixture.cache, key, INT64_MAX, NULL,
	                      BC_READ_PARTIAL, &view),
	              BC_OK, NULL);
	assert_int_equal(view.rows, 1);
	assert_true(view.first_ns == INT64_MAX);
	bc_view_release(&view);
	assert_status(
		bc_asof(fixture.cache, key, -1, NULL, BC_READ_PARTIAL, &view),
		BC_OK, NULL);
	assert_true(view.first_ns == INT64_MIN + 1);
	bc_view_release(&view);
	assert_status(
		bc_tail(fixture.cache, key, 2, NULL, BC_READ_PARTIAL, &view),
		BC_OK, NULL);
	assert_true(view.first_ns == INT64_MAX - 1);
	assert_true(view.last_ns == INT64_MAX);
	bc_view_release(&view);
}

static void
ranges_at_the_ends_of_time_are_removed(void **state)
{
	static const char key[] = "edges";
	struct bc_error err;
	uint64_t rows = 9;

	(void)state;
	append_one(key, INT64_MIN);
	append_one(key, 0);
	append_one(key, INT64_MAX);
	assert_status(
		bc_remove_range(fixture.cache, key, INT64_MIN, 0, &rows, &err),
		BC_OK, &err);
	assert_int_equal(rows, 1);
	assert_status(
		bc_remove_range(fixture.cache, key, 1, INT64_MAX, &rows, &err),
		BC_OK, &err);
	assert_int_equal(rows, 1);
	expect_rows(key, INT64_MIN, INT64_MAX, 0, 1);
	expect_gap(key, INT64_MIN, 0, INT64_MIN, 0);
	expect_gap(key, 1, INT64_MAX, 1, INT64_MAX);
}

/* A whole range that is known to be empty, without an end on either side. */
static void
all_of_time_can_be_known_to_be_empty(void **state)
{
	static const char key[] = "nothing";

	(void)state;
	append_empty(key, INT64_MIN, INT64_MAX);
	expect_rows(key, INT64_MIN, INT64_MAX, 0, 0);
	expect_rows(key, -5, 5, 0, 0);
	expect_gap(key, INT64_MIN, INT64_MAX, 0, 0);
	append_one(key, 7);
	expect_rows(key, INT64_MIN, INT64_MAX, 0, 1);
	expect_rows(key, -5, 8, 0, 1);
	expect_gap(key, INT64_MIN, INT64_MAX, 0, 0);
}

#define TEXTS 4500

/* Their dictionaries are those of the last segment, which ends with time. */
static void
texts_up_to_the_last_moment_are_texts(void **state)
{
	static const char *const words[] = { "one", "two", "three" };
	static uint32_t codes[TEXTS];
	static int64_t times[TEXTS];
	struct bc_column column = { .name = "symbol",
		                    .type = BC_TEXT,
		                    .data = codes,
		                    .dictionary = words,
		                    .dictionary_count = 3 };
	struct bc_frame frame = { .time_ns = times,
		                  .columns = &column,
		                  .column_count = 1 };
	struct bc_error err;
	struct bc_view view;
	size_t bytes;

	(void)state;
	for (unsigned part = 2; part-- > 0;) {
		frame.rows = TEXTS - part;
		for (unsigned i = 0; i < frame.rows; i++) {
			codes[i] = i % 3;
			times[i] = INT64_MAX - part * TEXTS -
			           (int64_t)(frame.rows - 1 - i);
		}
		assert_status(bc_append(fixture.cache, "words", &frame, NULL,
		                        NULL, &err),
		              BC_OK, &err);
	}
	assert_status(bc_read(fixture.cache, "words", INT64_MIN, INT64_MAX,
	                      NULL, BC_READ_PARTIAL, &view),
	              BC_OK, NULL);
	assert_int_equal(view.rows, 2 * TEXTS - 1);
	assert_true(view.last_ns == INT64_MAX);
	memcpy(codes, bc_view_column(&view, 1), 3 * sizeof(*codes));
	for (unsigned i = 0; i < 3; i++) {
		const char *text = bc_view_text(&view, 1, codes[i], &bytes);

		assert_non_null(text);
		assert_int_equal(bytes, strlen(words[i]));
		assert_memory_equal(text, words[i], bytes);
	}
	bc_view_release(&view);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(three_months_of_minutes_are_read_month_by_month),
		TEST(a_leap_day_is_a_day_like_others),
		TEST(minutes_and_months_never_mix),
		TEST(a_bar_is_known_as_long_as_its_timeframe),
		TEST(a_gap_is_known_only_if_somebody_looked),
		TEST(days_on_which_clocks_are_changed_are_ranges_like_others),
		TEST(times_before_1970_are_times),
		TEST(the_first_and_the_last_moment_are_times),
		TEST(ranges_at_the_ends_of_time_are_removed),
		TEST(all_of_time_can_be_known_to_be_empty),
		TEST(texts_up_to_the_last_moment_are_texts),
	};

	return cmocka_run_group_tests_name("series_times", tests, NULL, NULL);
}

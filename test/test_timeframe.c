/* SPDX-License-Identifier: MIT */
/*
 * test_timeframe.c - the spellings of timeframes.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "timeframe.h"

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

struct spelling {
	const char *text, *name;
	int64_t step_ns;
	uint32_t months;
};

static void
check(const struct spelling *spellings, size_t count)
{
	struct bci_timeframe timeframe;
	char name[BCI_TIMEFRAME_TEXT];

	for (size_t i = 0; i < count; i++) {
		const struct spelling *spelling = &spellings[i];

		if (!bci_timeframe_parse(spelling->text, strlen(spelling->text),
		                         &timeframe))
			fail_msg("'%s' is none", spelling->text);
		bci_timeframe_name(&timeframe, name);
		if (strcmp(name, spelling->name) != 0)
			fail_msg("'%s' is '%s' and not '%s'", spelling->text,
			         name, spelling->name);
		assert_int_equal(timeframe.step_ns, spelling->step_ns);
		assert_int_equal(timeframe.months, spelling->months);
	}
}

#define CHECK(list) check((list), sizeof(list) / sizeof((list)[0]))

static void
canonical_spellings_keep_their_form(void **state)
{
	static const struct spelling list[] = {
		{ "1s", "1s", SECOND, 0 },       { "1m", "1m", MINUTE, 0 },
		{ "3m", "3m", 3 * MINUTE, 0 },   { "5m", "5m", 5 * MINUTE, 0 },
		{ "15m", "15m", 15 * MINUTE, 0 },
		{ "30m", "30m", 30 * MINUTE, 0 },
		{ "1h", "1h", HOUR, 0 },         { "2h", "2h", 2 * HOUR, 0 },
		{ "4h", "4h", 4 * HOUR, 0 },     { "6h", "6h", 6 * HOUR, 0 },
		{ "8h", "8h", 8 * HOUR, 0 },     { "12h", "12h", 12 * HOUR, 0 },
		{ "1d", "1d", DAY, 0 },          { "3d", "3d", 3 * DAY, 0 },
		{ "1w", "1w", 7 * DAY, 0 },      { "1M", "1M", 0, 1 },
	};

	(void)state;
	CHECK(list);
}

static void
a_minute_and_a_month_differ_by_case_and_place(void **state)
{
	static const struct spelling list[] = {
		{ "1m", "1m", MINUTE, 0 }, { "1M", "1M", 0, 1 },
		{ "m1", "1m", MINUTE, 0 }, { "M1", "1m", MINUTE, 0 },
		{ "M15", "15m", 15 * MINUTE, 0 },
		{ "M", "1M", 0, 1 },       { "m", "1m", MINUTE, 0 },
		{ "1Mo", "1M", 0, 1 },     { "1mo", "1M", 0, 1 },
		{ "3mo", "3M", 0, 3 },     { "MN1", "1M", 0, 1 },
		{ "1MIN", "1m", MINUTE, 0 },
	};

	(void)state;
	CHECK(list);
}

static void
spellings_of_all_sources_are_known(void **state)
{
	static const struct spelling list[] = {
		{ "1Min", "1m", MINUTE, 0 },     { "1H", "1h", HOUR, 0 },
		{ "1D", "1d", DAY, 0 },          { "1min", "1m", MINUTE, 0 },
		{ "day", "1d", DAY, 0 },         { "daily", "1d", DAY, 0 },
		{ "60", "1h", HOUR, 0 },         { "5", "5m", 5 * MINUTE, 0 },
		{ "240", "4h", 4 * HOUR, 0 },    { "D", "1d", DAY, 0 },
		{ "W", "1w", 7 * DAY, 0 },       { "H1", "1h", HOUR, 0 },
		{ "H4", "4h", 4 * HOUR, 0 },     { "D1", "1d", DAY, 0 },
		{ "W1", "1w", 7 * DAY, 0 },      { "1wk", "1w", 7 * DAY, 0 },
		{ "1-MINUTE", "1m", MINUTE, 0 }, { "15-MINUTE", "15m",
		                                   15 * MINUTE, 0 },
		{ "1-HOUR", "1h", HOUR, 0 },     { "1-DAY", "1d", DAY, 0 },
		{ "1-WEEK", "1w", 7 * DAY, 0 },  { "1-MONTH", "1M", 0, 1 },
		{ "5 mins", "5m", 5 * MINUTE, 0 }, { "1 hour", "1h", HOUR, 0 },
		{ "30_seconds", "30s", 30 * SECOND, 0 },
		{ "S5", "5s", 5 * SECOND, 0 },   { "5T", "5m", 5 * MINUTE, 0 },
		{ "1y", "12M", 0, 12 },          { "100ms", "100ms",
		                                   SECOND / 10, 0 },
		{ "250-MILLISECOND", "250ms", SECOND / 4, 0 },
		{ "7us", "7us", 7000, 0 },       { "9ns", "9ns", 9, 0 },
	};

	(void)state;
	CHECK(list);
}

static void
a_name_has_the_largest_unit_that_divides(void **state)
{
	static const struct spelling list[] = {
		{ "60m", "1h", HOUR, 0 },     { "90m", "90m", 90 * MINUTE, 0 },
		{ "24h", "1d", DAY, 0 },      { "25h", "25h", 25 * HOUR, 0 },
		{ "7d", "1w", 7 * DAY, 0 },   { "8d", "8d", 8 * DAY, 0 },
		{ "60s", "1m", MINUTE, 0 },   { "61s", "61s", 61 * SECOND, 0 },
		{ "1000ms", "1s", SECOND, 0 }, { "05m", "5m", 5 * MINUTE, 0 },
	};

	(void)state;
	CHECK(list);
}

static void
what_is_no_timeframe_is_refused(void **state)
{
	static const char *const list[] = {
		"", "0", "0m", "M0", "x", "1x", "1.5h", "-1m", "+1m", "1m ",
		" 1m", "1--m", "1-", "m-1", "1m1", "M1M", "1mm", "MM", "N1",
		"1 ", "m1m", "1MS5", "99999999999999999999m",
		"9223372036854775807w", "15251w", "M99999999999999999999",
		"4294967296M", "357913942y", "1\xc2\xb5s",
	};
	struct bci_timeframe timeframe = { 1, 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (bci_timeframe_parse(list[i], strlen(list[i]), &timeframe))
			fail_msg("'%s' is one", list[i]);
	assert_false(bci_timeframe_parse("1m\0", 3, &timeframe));
	assert_int_equal(timeframe.step_ns, 1);
	assert_int_equal(timeframe.months, 2);
}

static void
the_longest_lengths_fit(void **state)
{
	static const struct spelling list[] = {
		{ "15250w", "15250w", 15250 * 7 * DAY, 0 },
		{ "9223372036854775807ns", "9223372036854775807ns", INT64_MAX,
		  0 },
		{ "4294967295M", "4294967295M", 0, UINT32_MAX },
	};

	(void)state;
	CHECK(list);
}

static void
every_positive_step_has_a_spelling_that_parses_back(void **state)
{
	struct bci_timeframe timeframe, back;
	char name[BCI_TIMEFRAME_TEXT];

	(void)state;
	assert_false(bci_timeframe_of_step(0, &timeframe));
	assert_false(bci_timeframe_of_step(-MINUTE, &timeframe));
	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t bits = test_mix(i, 2);
		int64_t step_ns = (int64_t)(bits >> (1 + bits % 63));

		if (i % 2 == 0)
			step_ns = (int64_t)(bits % 5000) * MINUTE;
		if (step_ns == 0)
			continue;
		assert_true(bci_timeframe_of_step(step_ns, &timeframe));
		bci_timeframe_name(&timeframe, name);
		assert_true(bci_timeframe_parse(name, strlen(name), &back));
		assert_int_equal(back.step_ns, step_ns);
		assert_int_equal(back.months, 0);
	}
}

static void
bars_follow_each_other_on_the_calendar(void **state)
{
	static const struct bci_timeframe hour = { .step_ns = 3600000000000 };
	static const struct bci_timeframe quarter = { .months = 3 };
	int64_t ns;

	(void)state;
	assert_true(bci_timeframe_move(&hour, 0, 1, &ns));
	assert_int_equal(ns, hour.step_ns);
	assert_true(bci_timeframe_move(&hour, 0, -2, &ns));
	assert_int_equal(ns, -2 * hour.step_ns);
	assert_false(bci_timeframe_move(&hour, INT64_MAX - 5, 1, &ns));
	assert_false(bci_timeframe_move(&hour, INT64_MIN + 5, -1, &ns));
	assert_true(bci_timeframe_move(&quarter, 0, 1, &ns));
	assert_int_equal(ns, INT64_C(90) * 86400 * 1000000000); /* April 1st */
	assert_true(bci_timeframe_move(&quarter, ns, -1, &ns));
	assert_int_equal(ns, 0);
	assert_false(bci_timeframe_move(&quarter, 0, INT32_MAX, &ns));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_spellings_keep_their_form),
		cmocka_unit_test(a_minute_and_a_month_differ_by_case_and_place),
		cmocka_unit_test(spellings_of_all_sources_are_known),
		cmocka_unit_test(a_name_has_the_largest_unit_that_divides),
		cmocka_unit_test(what_is_no_timeframe_is_refused),
		cmocka_unit_test(the_longest_lengths_fit),
		cmocka_unit_test(
			every_positive_step_has_a_spelling_that_parses_back),
		cmocka_unit_test(bars_follow_each_other_on_the_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_moment.c - moments in the spellings of people and exchanges.
 */
#define _GNU_SOURCE 1 /* gmtime_r() */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "moment.h"
#include "support.h"

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)
#define NEW_YEAR (INT64_C(1704067200) * SECOND) /* 2024-01-01 */

struct moment {
	const char *text;
	int64_t time_ns, unit_ns;
	int left; /* bytes at the end that are not used */
};

/* Parse copies that end where the text ends, for the sake of sanitizers. */
static void
check(const struct moment *moments, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t bytes = strlen(moments[i].text);
		char *copy = malloc(bytes);
		int64_t time_ns = 0, unit_ns = -1;
		const char *end;

		assert_non_null(copy);
		memcpy(copy, moments[i].text, bytes);
		end = bci_time_parse(copy, copy + bytes, &time_ns, &unit_ns);
		if (end != copy + bytes - moments[i].left ||
		    time_ns != moments[i].time_ns ||
		    unit_ns != moments[i].unit_ns)
			fail_msg("'%s' is %lld in %lld", moments[i].text,
			         (long long)time_ns, (long long)unit_ns);
		free(copy);
	}
}

#define CHECK(list) check((list), sizeof(list) / sizeof((list)[0]))

static void
dates_begin_with_the_year(void **state)
{
	static const struct moment list[] = {
		{ "2024-01-01", NEW_YEAR, 0, 0 },
		{ "2024/01/01", NEW_YEAR, 0, 0 },
		{ "2024.01.01", NEW_YEAR, 0, 0 },
		{ "20240101", NEW_YEAR, 0, 0 },
		{ "2024-02-29", NEW_YEAR + 59 * DAY, 0, 0 },
		{ "2000-02-29", INT64_C(951782400) * SECOND, 0, 0 },
		{ "1970-01-01", 0, 0, 0 },
		{ "1969-12-31", -DAY, 0, 0 },
		{ "1900-03-01", INT64_C(-2203891200) * SECOND, 0, 0 },
		{ "2024-01-01,5", NEW_YEAR, 0, 2 },
		{ "2024-01-01 ", NEW_YEAR, 0, 1 },
		{ "2024-01-01 x", NEW_YEAR, 0, 2 },
		{ "2024-01-01-", NEW_YEAR, 0, 1 },
	};

	(void)state;
	CHECK(list);
}

static void
times_of_day_may_stop_at_minutes_and_go_down_to_ns(void **state)
{
	static const struct moment list[] = {
		{ "2024-01-01 00:00", NEW_YEAR, 0, 0 },
		{ "2024-01-01T01:02", NEW_YEAR + 3720 * SECOND, 0, 0 },
		{ "2024-01-01t01:02:03", NEW_YEAR + 3723 * SECOND, 0, 0 },
		{ "2024-01-01 23:59:59", NEW_YEAR + 86399 * SECOND, 0, 0 },
		{ "2024-01-01 00:00:00.5", NEW_YEAR + SECOND / 2, 0, 0 },
		{ "2024-01-01 00:00:00.000000", NEW_YEAR, 0, 0 },
		{ "2024-01-01 00:00:00.123456789", NEW_YEAR + 123456789, 0, 0 },
		{ "2024-01-01 00:00:00.1234567890", NEW_YEAR + 123456789, 0,
		  0 },
		{ "20240101 010203", NEW_YEAR + 3723 * SECOND, 0, 0 },
		{ "20240101 01:02", NEW_YEAR + 3720 * SECOND, 0, 0 },
		{ "1969-12-31 23:59:59.999999999", -1, 0, 0 },
		{ "2024-01-01 00:00:00\r", NEW_YEAR, 0, 1 },
	};

	(void)state;
	CHECK(list);
}

static void
zones_are_taken_off(void **state)
{
	static const struct moment list[] = {
		{ "2024-01-01T00:00:00Z", NEW_YEAR, 0, 0 },
		{ "2024-01-01T00:00Z", NEW_YEAR, 0, 0 },
		{ "2024-01-01T00:00:00z", NEW_YEAR, 0, 0 },
		{ "2024-01-01 00:00:00 UTC", NEW_YEAR, 0, 0 },
		{ "2024-01-01 00:00:00UTC", NEW_YEAR, 0, 0 },
		{ "2024-01-01 00:00:00+00:00", NEW_YEAR, 0, 0 },
		{ "2024-01-01 09:00:00+09:00", NEW_YEAR, 0, 0 },
		{ "2024-01-01 05:30:00+0530", NEW_YEAR, 0, 0 },
		{ "2023-12-31 19:00:00-05", NEW_YEAR, 0, 0 },
		{ "2024-01-01 00:00:00.25-00:30",
		  NEW_YEAR + SECOND / 4 + 1800 * SECOND, 0, 0 },
		{ "2024-01-01 00:00:00 PST", NEW_YEAR, 0, 4 },
	};

	(void)state;
	CHECK(list);
}

static void
integers_tell_their_unit_by_magnitude(void **state)
{
	static const struct moment list[] = {
		{ "1704067200", NEW_YEAR, SECOND, 0 },
		{ "1704067200000", NEW_YEAR, 1000000, 0 },
		{ "1704067200000000", NEW_YEAR, 1000, 0 },
		{ "1704067200000000000", NEW_YEAR, 1, 0 },
		{ "1735689600000", INT64_C(1735689600) * SECOND, 1000000, 0 },
		{ "1735689600000000", INT64_C(1735689600) * SECOND, 1000, 0 },
		{ "0", 0, 1, 0 },
		{ "-1000000000", INT64_C(-1000000000) * SECOND, SECOND, 0 },
		{ "1704067200.0", NEW_YEAR, SECOND, 0 },
		{ "1704067200.25", NEW_YEAR + SECOND / 4, SECOND, 0 },
		{ "1704067200000.000001", NEW_YEAR + 1, 1000000, 0 },
		{ "1704067200000,7", NEW_YEAR, 1000000, 2 },
		/* Both ends of each unit. */
		{ "100000000", INT64_C(100000000) * SECOND, SECOND, 0 },
		{ "9223372036", INT64_C(9223372036) * SECOND, SECOND, 0 },
		{ "100000000000", INT64_C(100000000) * SECOND, 1000000, 0 },
		{ "9223372036854", INT64_C(9223372036854) * 1000000, 1000000,
		  0 },
		{ "100000000000000", INT64_C(100000000) * SECOND, 1000, 0 },
		{ "9223372036854775", INT64_C(9223372036854775) * 1000, 1000,
		  0 },
		{ "100000000000000000", INT64_C(100000000) * SECOND, 1, 0 },
		{ "9223372036854775806", INT64_MAX - 1, 1, 0 },
	};

	(void)state;
	CHECK(list);
}

static void
what_may_be_mistaken_is_refused(void **state)
{
	static const char *const list[] = {
		"", " ", "x", "-", "2024", "2024-01", "202401", "2024-1-1",
		"2024-00-01", "2024-13-01", "2024-01-00", "2024-01-32",
		"2023-02-29", "1900-02-29", "2024-04-31", "0000-01-01",
		"2024-01/01", "2024-0101", "2024-01-011", "01/02/2024",
		"1/2/2024", "3-Jan-22", "20241301", "12345678", "99999999",
		"2024-01-01T", "2024-01-01Tx", "2024-01-01 1:00",
		"2024-01-01 24:00", "2024-01-01 00:60", "2024-01-01 00:00:60",
		"2024-01-01 00:00:", "2024-01-01 00:", "2024-01-01 0000",
		"2024-01-01 00:00:00.", "2024-01-01 00:00:00.1234567891",
		"2024-01-01 00:00:00+", "2024-01-01 00:00:00+1",
		"2024-01-01 00:00:00+24:00", "2024-01-01 00:00:00+00:60",
		"2024-01-01 00:00:00+00:", "2024-01-01 00:00:000",
		"1", "60000", "86399999", "1000000000000000000000",
		"10000000000", "99999999999", "10000000000000",
		"99999999999999", "10000000000000000", "99999999999999999",
		"9223372036854775807", "9223372037", "9223372036855",
		"9223372036854776", "1704067200.", "1704067200000.0000001",
		"1704067200000000000.5", "1.5e9x", "1677-01-01", "2263-01-01",
		"2262-04-11 23:47:16.854775808",
		"1677-09-21 00:12:43.145224191",
		"2262-04-11 23:59:59-23:59", "9999-12-31",
	};
	int64_t time_ns, unit_ns;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		size_t bytes = strlen(list[i]);
		char *copy = malloc(bytes + 1);

		assert_non_null(copy);
		memcpy(copy, list[i], bytes);
		if (bci_time_parse(copy, copy + bytes, &time_ns, &unit_ns) !=
		    NULL)
			fail_msg("'%s' is one", list[i]);
		free(copy);
	}
}

static void
the_ends_of_time_parse_and_print(void **state)
{
	static const struct moment list[] = {
		{ "2262-04-11T23:47:16.854775807Z", INT64_MAX, 0, 0 },
		{ "1677-09-21T00:12:43.145224192Z", INT64_MIN, 0, 0 },
		{ "1970-01-01T00:00:00Z", 0, 0, 0 },
		{ "1969-12-31T23:59:59.999999999Z", -1, 0, 0 },
		{ "1970-01-01T00:00:00.000000001Z", 1, 0, 0 },
		{ "2024-01-01T00:00:00Z", NEW_YEAR, 0, 0 },
		{ "2024-01-01T00:00:00.5Z", NEW_YEAR + SECOND / 2, 0, 0 },
		{ "2024-12-31T23:59:59.99Z",
		  NEW_YEAR + 366 * DAY - SECOND / 100, 0, 0 },
	};
	char text[BCI_TIME_TEXT];

	(void)state;
	CHECK(list);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		assert_int_equal(bci_time_format(list[i].time_ns, text),
		                 strlen(list[i].text));
		assert_string_equal(text, list[i].text);
	}
}

static void
dates_and_clocks_parse_on_their_own(void **state)
{
	const char *text = "2024.01.01,09:30:15.5;093015";
	const char *end = text + strlen(text);
	const char *early = "1600-01-01";
	int64_t ns;

	(void)state;
	assert_ptr_equal(bci_date_parse(text, end, &ns), text + 10);
	assert_int_equal(ns, NEW_YEAR);
	assert_ptr_equal(bci_clock_parse(text + 11, end, &ns), text + 21);
	assert_int_equal(ns, 34215 * SECOND + SECOND / 2);
	assert_ptr_equal(bci_clock_parse(text + 22, end, &ns), end);
	assert_int_equal(ns, 34215 * SECOND);
	assert_null(bci_date_parse(text, text + 9, &ns));
	assert_null(bci_date_parse(early, early + 10, &ns));
	assert_null(bci_clock_parse(text + 11, text + 12, &ns));
	assert_null(bci_clock_parse(text, end, &ns));
}

/* Every day that fits, against gmtime_r(), and any nanosecond. */
static void
moments_print_as_the_calendar_has_them(void **state)
{
	char text[BCI_TIME_TEXT], expected[64];
	int64_t time_ns, unit_ns;

	(void)state;
	for (int64_t day = -106751; day <= 106751; day++) {
		time_t seconds = (time_t)(day * 86400 + day % 40000 + 40000);
		struct tm calendar;

		assert_non_null(gmtime_r(&seconds, &calendar));
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ",
		         &calendar);
		bci_time_format(seconds * SECOND, text);
		assert_string_equal(text, expected);
	}
	for (uint64_t seed = 0; seed < 100000; seed++) {
		int64_t wanted = (int64_t)test_mix(seed, 6);
		size_t bytes = bci_time_format(wanted, text);

		assert_ptr_equal(bci_time_parse(text, text + bytes, &time_ns,
		                                &unit_ns),
		                 text + bytes);
		assert_int_equal(time_ns, wanted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_begin_with_the_year),
		cmocka_unit_test(
			times_of_day_may_stop_at_minutes_and_go_down_to_ns),
		cmocka_unit_test(zones_are_taken_off),
		cmocka_unit_test(integers_tell_their_unit_by_magnitude),
		cmocka_unit_test(what_may_be_mistaken_is_refused),
		cmocka_unit_test(the_ends_of_time_parse_and_print),
		cmocka_unit_test(dates_and_clocks_parse_on_their_own),
		cmocka_unit_test(moments_print_as_the_calendar_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

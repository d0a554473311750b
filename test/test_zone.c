/* SPDX-License-Identifier: MIT */
/*
 * test_zone.c - wall-clock time to UTC and back, by tables of changes.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "zone.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

/* Wall clock set forward at SPRING, back at AUTUMN, and shifted a while. */
#define SPRING (100 * DAY)
#define AUTUMN (300 * DAY)
#define ODD (400 * DAY)

static struct bci_zone_change changes[] = {
	{ -1000 * DAY, -5 * HOUR }, { SPRING, -4 * HOUR },
	{ AUTUMN, -5 * HOUR },      { ODD, -5 * HOUR + HOUR / 2 },
	{ ODD + HOUR, -5 * HOUR },
};

static const struct bci_zone zone = { "Test", 5, changes };

/* Fails unless 'local' is these moments, whatever the hint. */
static void
check_moments(int64_t local_ns, int count, int64_t first_ns, int64_t second_ns)
{
	for (size_t start = 0; start < 7; start++) {
		int64_t utc_ns[2];
		size_t hint = start;

		assert_int_equal(
			bci_zone_to_utc(&zone, local_ns, &hint, utc_ns), count);
		if (count > 0)
			assert_int_equal(utc_ns[0], first_ns);
		if (count > 1)
			assert_int_equal(utc_ns[1], second_ns);
	}
}

static void
wall_clock_times_are_one_moment_or_two_or_none(void **state)
{
	(void)state;
	/* Between changes, and before and after all of them. */
	check_moments(0, 1, 5 * HOUR, 0);
	check_moments(200 * DAY, 1, 200 * DAY + 4 * HOUR, 0);
	check_moments(-100000 * DAY, 1, -100000 * DAY + 5 * HOUR, 0);
	check_moments(100000 * DAY, 1, 100000 * DAY + 5 * HOUR, 0);
	/* One hour is left out in spring. */
	check_moments(SPRING - 5 * HOUR - 1, 1, SPRING - 1, 0);
	check_moments(SPRING - 5 * HOUR, 0, 0, 0);
	check_moments(SPRING - 4 * HOUR - 1, 0, 0, 0);
	check_moments(SPRING - 4 * HOUR, 1, SPRING, 0);
	/* One is there twice in autumn. */
	check_moments(AUTUMN - 5 * HOUR - 1, 1, AUTUMN - HOUR - 1, 0);
	check_moments(AUTUMN - 5 * HOUR, 2, AUTUMN - HOUR, AUTUMN);
	check_moments(AUTUMN - 4 * HOUR - 1, 2, AUTUMN - 1, AUTUMN + HOUR - 1);
	check_moments(AUTUMN - 4 * HOUR, 1, AUTUMN + HOUR, 0);
	/* Two changes within one hour. */
	check_moments(ODD - 5 * HOUR, 0, 0, 0);
	check_moments(ODD - 5 * HOUR + HOUR / 2, 1, ODD, 0);
	check_moments(ODD - 4 * HOUR, 2, ODD + HOUR / 2, ODD + HOUR);
	check_moments(ODD - 4 * HOUR + HOUR / 2, 1, ODD + 3 * HOUR / 2, 0);
}

/* East of UTC the moment lies before the time that the clock shows. */
static void
wall_clocks_may_be_ahead(void **state)
{
	struct bci_zone_change there[] = { { 0, 10 * HOUR },
		                           { SPRING, 11 * HOUR },
		                           { AUTUMN, 10 * HOUR } };
	const struct bci_zone east = { "East", 3, there };
	int64_t utc_ns[2];
	size_t hint = 0;

	(void)state;
	assert_int_equal(
		bci_zone_to_utc(&east, SPRING + 9 * HOUR, &hint, utc_ns), 1);
	assert_int_equal(utc_ns[0], SPRING - HOUR);
	assert_int_equal(
		bci_zone_to_utc(&east, SPRING + 10 * HOUR, &hint, utc_ns), 0);
	assert_int_equal(
		bci_zone_to_utc(&east, AUTUMN + 10 * HOUR, &hint, utc_ns), 2);
	assert_int_equal(utc_ns[0], AUTUMN - HOUR);
	assert_int_equal(utc_ns[1], AUTUMN);
}

static void
both_directions_agree(void **state)
{
	size_t there = 0, back = 0;

	(void)state;
	for (int64_t utc_ns = -DAY; utc_ns < 500 * DAY; utc_ns += HOUR / 4) {
		int64_t local_ns = bci_zone_to_local(&zone, utc_ns, &there);
		int64_t moments[2] = { 0, 0 };
		int count = bci_zone_to_utc(&zone, local_ns, &back, moments);

		assert_true(count == 1 || count == 2);
		assert_true(moments[0] == utc_ns ||
		            (count == 2 && moments[1] == utc_ns));
	}
}

static void
the_ends_of_time_are_not_passed(void **state)
{
	size_t hint = 0;
	int64_t utc_ns[2];

	(void)state;
	assert_int_equal(bci_zone_to_utc(&zone, INT64_MAX, &hint, utc_ns), 0);
	assert_int_equal(
		bci_zone_to_utc(&zone, INT64_MAX - 5 * HOUR, &hint, utc_ns), 1);
	assert_int_equal(utc_ns[0], INT64_MAX);
	assert_int_equal(bci_zone_to_utc(&zone, INT64_MIN, &hint, utc_ns), 1);
	assert_int_equal(utc_ns[0], INT64_MIN + 5 * HOUR);
	assert_int_equal(bci_zone_to_local(&zone, INT64_MIN, &hint), INT64_MIN);
	assert_int_equal(bci_zone_to_local(&zone, INT64_MAX, &hint),
	                 INT64_MAX - 5 * HOUR);
}

static void
fixed_zones_have_a_name_or_an_offset(void **state)
{
	static const struct {
		const char *name;
		int64_t minutes;
	} list[] = {
		{ "UTC", 0 },        { "utc", 0 },      { "GMT", 0 },
		{ "Z", 0 },          { "+02:00", 120 }, { "-0500", -300 },
		{ "+09", 540 },      { "UTC+2", 120 },  { "UTC-05:30", -330 },
		{ "GMT+0200", 120 }, { "gmt-3", -180 }, { "+23:59", 1439 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct bci_zone_change change;
		struct bci_zone fixed;
		int64_t utc_ns[2];
		size_t hint = 0;

		if (!bci_zone_fixed(list[i].name, &change, &fixed))
			fail_msg("'%s' is none", list[i].name);
		assert_string_equal(fixed.name, list[i].name);
		assert_int_equal(bci_zone_to_local(&fixed, DAY, &hint),
		                 DAY + list[i].minutes * 60 * SECOND);
		assert_int_equal(bci_zone_to_utc(&fixed, -DAY, &hint, utc_ns),
		                 1);
		assert_int_equal(utc_ns[0],
		                 -DAY - list[i].minutes * 60 * SECOND);
	}
}

static void
other_names_are_no_fixed_zones(void **state)
{
	static const char *const list[] = {
		"",
		"U",
		"UT",
		"UTCX",
		"EST",
		"EST5EDT",
		"America/New_York",
		"+",
		"+2",
		"+2:00",
		"+24",
		"+02:60",
		"+02:",
		"+020",
		"+02000",
		"+02:00 ",
		"UTC+",
		"UTC+x",
		"UTC +2",
		"Zulu",
		"ZZ",
		("UTC+000000000000000000000000000000000000000000000000000000000"
		 "00000"),
	};
	struct bci_zone_change change;
	struct bci_zone fixed;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (bci_zone_fixed(list[i], &change, &fixed))
			fail_msg("'%s' is one", list[i]);
}

static void
offsets_end_where_they_end(void **state)
{
	static const struct {
		const char *text;
		int used;
		int64_t minutes;
	} list[] = {
		{ "Z,5", 1, 0 },        { "+02:00,5", 6, 120 },
		{ "+02,0530", 3, 120 }, { "UTC 5", 3, 0 },
		{ "GMT+2,5", 5, 120 },  { "-03:30x", 6, -210 },
	};
	int64_t ahead_s;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		const char *text = list[i].text;

		assert_ptr_equal(
			bci_zone_offset(text, text + strlen(text), &ahead_s),
			text + list[i].used);
		assert_int_equal(ahead_s, list[i].minutes * 60);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			wall_clock_times_are_one_moment_or_two_or_none),
		cmocka_unit_test(wall_clocks_may_be_ahead),
		cmocka_unit_test(both_directions_agree),
		cmocka_unit_test(the_ends_of_time_are_not_passed),
		cmocka_unit_test(fixed_zones_have_a_name_or_an_offset),
		cmocka_unit_test(other_names_are_no_fixed_zones),
		cmocka_unit_test(offsets_end_where_they_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

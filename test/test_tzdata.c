/* SPDX-License-Identifier: MIT */
/*
 * test_tzdata.c - the system's time zones, as history and law have them.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lent.h"
#include "support.h"
#include "tzdata.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)

/* ------------------------------------------------------------------------ */
/*  Tests                                                                   */
/* ------------------------------------------------------------------------ */

/* A zone of the system; without its data the test is skipped. */
static const struct bci_zone *
find(const char *name)
{
	const struct bci_zone *zone;

	if (getenv("TZDIR") == NULL && access("/usr/share/zoneinfo", F_OK) != 0)
		test_skip("there is no /usr/share/zoneinfo");
	zone = tzdata_find(name);
	if (zone == NULL)
		fail_msg("no %s: %s", name, lent_said);
	assert_string_equal(zone->name, name);
	return zone;
}

/* Minutes ahead of UTC at a moment given in seconds. */
static int64_t
minutes_ahead(const struct bci_zone *zone, int64_t seconds)
{
	size_t hint = 0;

	return (bci_zone_to_local(zone, seconds * SECOND, &hint) -
	        seconds * SECOND) /
	       (60 * SECOND);
}

/* The clock changes at this second from one offset to the other. */
static void
check_change(const struct bci_zone *zone, int64_t seconds, int64_t before,
             int64_t after)
{
	assert_int_equal(minutes_ahead(zone, seconds - 1), before);
	assert_int_equal(minutes_ahead(zone, seconds), after);
}

static void
changes_are_found_to_the_second(void **state)
{
	const struct bci_zone *zone = find("America/New_York");

	(void)state;
	check_change(zone, 1710054000, -300, -240); /* 2024-03-10 07:00Z */
	check_change(zone, 1730613600, -240, -300); /* 2024-11-03 06:00Z */
	zone = find("Australia/Lord_Howe");         /* half an hour */
	check_change(zone, 1712415600, 660, 630);   /* 2024-04-06 15:00Z */
	check_change(zone, 1728142200, 630, 660);   /* 2024-10-05 15:30Z */
	zone = find("Asia/Kolkata");
	assert_int_equal(minutes_ahead(zone, 0), 330);
	assert_int_equal(minutes_ahead(zone, 1704067200), 330);
	zone = find("Europe/London"); /* summer time went on for three years */
	check_change(zone, -59004000, 0, 60); /* 1968-02-18 02:00Z */
	assert_int_equal(minutes_ahead(zone, 0), 60);
	check_change(zone, 57722400, 60, 0); /* 1971-10-31 02:00Z */
	zone = find("Africa/Freetown");      /* four days, the shortest ever */
	check_change(zone, -957308400, -60, -40);
	check_change(zone, -956964000, -40, -60);
}

static void
the_law_of_today_holds_in_the_future(void **state)
{
	const struct bci_zone *zone = find("America/New_York");

	(void)state;
	check_change(zone, 3792985200, -300, -240); /* 2090-03-12 07:00Z */
	check_change(zone, 3813544800, -240, -300); /* 2090-11-05 06:00Z */
}

static void
wall_clock_times_become_moments(void **state)
{
	const struct bci_zone *zone = find("America/New_York");
	int64_t utc_ns[2];
	size_t hint = 0;

	(void)state;
	/* 2024-01-02 09:30; 2024-03-10 02:30; 2024-11-03 01:30. */
	assert_int_equal(
		bci_zone_to_utc(zone, 1704187800 * SECOND, &hint, utc_ns), 1);
	assert_int_equal(utc_ns[0], 1704205800 * SECOND);
	assert_int_equal(
		bci_zone_to_utc(zone, 1710037800 * SECOND, &hint, utc_ns), 0);
	assert_int_equal(
		bci_zone_to_utc(zone, 1730597400 * SECOND, &hint, utc_ns), 2);
	assert_int_equal(utc_ns[0], 1730611800 * SECOND);
	assert_int_equal(utc_ns[1], 1730615400 * SECOND);
}

/* The table against the C library itself, hour by hour for 50 years. */
static void
tables_say_what_the_system_says(void **state)
{
	static const char *const names[] = { "America/New_York",
		                             "Africa/Casablanca",
		                             "Asia/Tehran" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct bci_zone *zone = find(names[i]);
		size_t hint = 0;

		setenv("TZ", names[i], 1);
		tzset();
		for (int64_t at = 0; at < INT64_C(1577836800); at += 3600) {
			time_t moment = (time_t)at;
			struct tm local;

			assert_non_null(localtime_r(&moment, &local));
			assert_int_equal(
				bci_zone_to_local(zone, at * SECOND, &hint),
				(at + local.tm_gmtoff) * SECOND);
		}
		unsetenv("TZ");
		tzset();
	}
}

static void
the_zone_of_the_process_stays(void **state)
{
	time_t moment = 0;
	struct tm local;

	(void)state;
	setenv("TZ", "FIX-3", 1);
	tzset();
	find("Asia/Tokyo");
	assert_string_equal(getenv("TZ"), "FIX-3");
	assert_non_null(localtime_r(&moment, &local));
	assert_int_equal(local.tm_gmtoff, 3 * 3600);
	unsetenv("TZ");
	tzset();
	find("Asia/Seoul");
	assert_null(getenv("TZ"));
}

static void
zones_are_made_once(void **state)
{
	(void)state;
	assert_ptr_equal(find("America/New_York"), find("America/New_York"));
	assert_ptr_not_equal(find("America/New_York"), find("America/Chicago"));
	assert_ptr_equal(tzdata_find("+05:30"), tzdata_find("+05:30"));
}

static void
offsets_need_no_data(void **state)
{
	const struct bci_zone *zone;

	(void)state;
	setenv("TZDIR", "/nowhere", 1);
	zone = tzdata_find("-03:30");
	assert_non_null(zone);
	assert_int_equal(minutes_ahead(zone, 0), -210);
	lent_said[0] = '\0';
	assert_null(tzdata_find("Europe/Paris"));
	assert_non_null(strstr(lent_said, "/nowhere"));
	assert_non_null(strstr(lent_said, "package tzdata"));
	unsetenv("TZDIR");
}

static void
other_names_are_refused_with_advice(void **state)
{
	static const struct {
		const char *name, *advice;
	} list[] = {
		{ "america/new_york", "'America/New_York'" },
		{ "new york", "/New_York'" },
		{ "Kolkata", "'Asia/Kolkata'" },
		{ "Mars/Olympus", "America/New_York" },
		{ "", "America/New_York" },
		{ "America", "America/New_York" },
		{ "zone.tab", "America/New_York" },
		{ "/usr/share/zoneinfo/UTC", "America/New_York" },
		{ "America/../UTC", "America/New_York" },
		{ "UTC-99", "America/New_York" },
	};

	(void)state;
	find("UTC");
	find("Europe/Paris"); /* There is data. */
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		lent_said[0] = '\0';
		assert_null(tzdata_find(list[i].name));
		if (strstr(lent_said, list[i].name) == NULL ||
		    strstr(lent_said, list[i].advice) == NULL)
			fail_msg("'%s': %s", list[i].name, lent_said);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_found_to_the_second),
		cmocka_unit_test(the_law_of_today_holds_in_the_future),
		cmocka_unit_test(wall_clock_times_become_moments),
		cmocka_unit_test(tables_say_what_the_system_says),
		cmocka_unit_test(the_zone_of_the_process_stays),
		cmocka_unit_test(zones_are_made_once),
		cmocka_unit_test(offsets_need_no_data),
		cmocka_unit_test(other_names_are_refused_with_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

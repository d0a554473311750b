/* SPDX-License-Identifier: MIT */
/*
 * test_calendar.c - days, months and years.
 */
#include "barcache.h"

#include "calendar.h"
#include "support.h"

/* 1600-01-01 to 2399-12-31, two cycles of the calendar. */
static void
days_count_on_through_all_months(void **state)
{
	int64_t days = bci_days_of_date(1600, 1, 1);

	(void)state;
	assert_int_equal(bci_days_of_date(1970, 1, 1), 0);
	assert_int_equal(bci_days_of_date(2000, 2, 29), 11016);
	for (int64_t year = 1600; year < 2400; year++)
		for (int64_t month = 1; month <= 12; month++)
			for (int64_t day = 1;
			     day <= bci_month_length(year, month); day++) {
				struct bci_date date = bci_date_of_days(days);

				assert_int_equal(
					bci_days_of_date(year, month, day),
					days);
				assert_int_equal(date.year, year);
				assert_int_equal(date.month, month);
				assert_int_equal(date.day, day);
				days++;
			}
	assert_int_equal(days - bci_days_of_date(1600, 1, 1), 2 * 146097);
}

static void
months_have_their_lengths(void **state)
{
	(void)state;
	assert_true(bci_date_valid(2024, 2, 29));
	assert_false(bci_date_valid(2023, 2, 29));
	assert_true(bci_date_valid(2000, 2, 29));
	assert_false(bci_date_valid(1900, 2, 29));
	assert_true(bci_date_valid(2024, 4, 30));
	assert_false(bci_date_valid(2024, 4, 31));
	assert_true(bci_date_valid(1, 1, 1));
	assert_false(bci_date_valid(0, 1, 1));
	assert_false(bci_date_valid(2024, 0, 1));
	assert_false(bci_date_valid(2024, 13, 1));
	assert_false(bci_date_valid(2024, 1, 0));
}

static int64_t
moment(int64_t year, int64_t month, int64_t day)
{
	/* A time of day that must stay. */
	return bci_days_of_date(year, month, day) * BCI_DAY_NS + 12345678901234;
}

static void
months_are_added_within_the_calendar(void **state)
{
	static const struct {
		struct bci_date from;
		int32_t months;
		struct bci_date to;
	} list[] = {
		{ { 2024, 2, 1 }, -1, { 2024, 1, 1 } },
		{ { 2024, 1, 1 }, -1, { 2023, 12, 1 } },
		{ { 2023, 12, 31 }, 1, { 2024, 1, 31 } },
		{ { 2024, 1, 31 }, 1, { 2024, 2, 29 } },
		{ { 2023, 1, 31 }, 1, { 2023, 2, 28 } },
		{ { 2024, 3, 31 }, -1, { 2024, 2, 29 } },
		{ { 2024, 5, 15 }, 0, { 2024, 5, 15 } },
		{ { 1969, 12, 31 }, -12, { 1968, 12, 31 } },
		{ { 1700, 1, 1 }, 6000, { 2200, 1, 1 } },
		{ { 2200, 1, 1 }, -6000, { 1700, 1, 1 } },
	};
	int64_t to_ns;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		const struct bci_date *from = &list[i].from, *to = &list[i].to;

		assert_true(bci_calendar_add_months(
			moment(from->year, from->month, from->day),
			list[i].months, &to_ns));
		assert_int_equal(to_ns, moment(to->year, to->month, to->day));
	}
}

static void
months_beyond_the_ends_of_time_are_refused(void **state)
{
	int64_t to_ns;

	(void)state;
	assert_true(bci_calendar_add_months(INT64_MAX, 0, &to_ns));
	assert_int_equal(to_ns, INT64_MAX);
	assert_true(bci_calendar_add_months(INT64_MIN, 0, &to_ns));
	assert_int_equal(to_ns, INT64_MIN);
	assert_false(bci_calendar_add_months(INT64_MAX, 1, &to_ns));
	assert_false(bci_calendar_add_months(INT64_MIN, -1, &to_ns));
	assert_false(bci_calendar_add_months(0, INT32_MAX, &to_ns));
	assert_false(bci_calendar_add_months(0, INT32_MIN, &to_ns));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_count_on_through_all_months),
		cmocka_unit_test(months_have_their_lengths),
		cmocka_unit_test(months_are_added_within_the_calendar),
		cmocka_unit_test(months_beyond_the_ends_of_time_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

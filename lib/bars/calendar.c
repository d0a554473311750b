/* SPDX-License-Identifier: MIT */
/*
 * calendar.c - days, months and years of the Gregorian calendar.
 *
 * Years are taken to begin in March, so that the leap day is the last one and
 * the months before it follow a pattern of 153 days in five.  400 years have
 * always 146097 days.
 */
#include "common.h"

#include "calendar.h"

/* Days from 0000-03-01 to 1970-01-01. */
#define CALENDAR_EPOCH 719468
#define CALENDAR_CYCLE 146097

int64_t
bci_days_of_date(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = year - (month <= 2);
	int64_t index = (month + 9) % 12;

	return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 +
	       (153 * index + 2) / 5 + day - 1 - CALENDAR_EPOCH;
}

struct bci_date
bci_date_of_days(int64_t days)
{
	int64_t left = days + CALENDAR_EPOCH, cycle, year, index;
	struct bci_date date;

	cycle = left / CALENDAR_CYCLE;
	left -= cycle * CALENDAR_CYCLE;
	/* Without the leap days before it, a day's year is its share of 365. */
	year = (left - left / 1460 + left / 36524 - left / 146096) / 365;
	left -= year * 365 + year / 4 - year / 100;
	index = (5 * left + 2) / 153;
	date.day = left - (153 * index + 2) / 5 + 1;
	date.month = index < 10 ? index + 3 : index - 9;
	date.year = cycle * 400 + year + (date.month <= 2);
	return date;
}

int64_t
bci_month_length(int64_t year, int64_t month)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30,
		                       31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return lengths[month - 1] + (month == 2 && leap);
}

bool
bci_date_valid(int64_t year, int64_t month, int64_t day)
{
	return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= bci_month_length(year, month);
}

bool
bci_calendar_add_months(int64_t time_ns, int32_t months, int64_t *out_ns)
{
	int64_t ns = (time_ns % BCI_DAY_NS + BCI_DAY_NS) % BCI_DAY_NS;
	int64_t days = time_ns / BCI_DAY_NS - (time_ns % BCI_DAY_NS < 0);
	struct bci_date date = bci_date_of_days(days);
	int64_t month = date.year * 12 + date.month - 1 + months;
	int64_t length;

	if (month < 12) /* before the year 1 */
		return false;
	date.year = month / 12;
	date.month = month % 12 + 1;
	length = bci_month_length(date.year, date.month);
	if (date.day > length)
		date.day = length;
	days = bci_days_of_date(date.year, date.month, date.day);
	return bci_time_join(days * BCI_DAY_SECONDS + ns / BCI_SECOND_NS,
	                     ns % BCI_SECOND_NS, out_ns);
}

/* SPDX-License-Identifier: MIT */
/*
 * calendar.h - days, months and years of the Gregorian calendar.
 */
#ifndef BCI_CALENDAR_H
#define BCI_CALENDAR_H

#include "clock.h" /* BCI_SECOND_NS; no clock is read here */
#include "common.h"

#define BCI_DAY_SECONDS INT64_C(86400)
#define BCI_DAY_NS (BCI_DAY_SECONDS * BCI_SECOND_NS)

/* A day; 'year' is 1 or later, 'month' and 'day' count from 1. */
struct bci_date {
	int64_t year, month, day;
};

/* Days from 1970-01-01 to a date, and back. */
int64_t bci_days_of_date(int64_t year, int64_t month, int64_t day);
struct bci_date bci_date_of_days(int64_t days);

int64_t bci_month_length(int64_t year, int64_t month);

/* Whether there is such a day. */
bool bci_date_valid(int64_t year, int64_t month, int64_t day);

/* Seconds since 1970 and nanoseconds to one count; false if it is too large. */
static inline bool
bci_time_join(int64_t seconds, int64_t ns, int64_t *time_ns)
{
	/* Down to 1677 the product alone would be out of range. */
	if (seconds < 0 && ns > 0) {
		seconds++;
		ns -= BCI_SECOND_NS;
	}
	return !__builtin_mul_overflow(seconds, BCI_SECOND_NS, &seconds) &&
	       !__builtin_add_overflow(seconds, ns, time_ns);
}

/*
 * The same day and time of day in another month, 'months' later (or earlier);
 * the last day of that month where it is shorter.  False if that is no time.
 */
bool bci_calendar_add_months(int64_t time_ns, int32_t months, int64_t *out_ns);

#endif /* BCI_CALENDAR_H */

/* SPDX-License-Identifier: MIT */
/*
 * plot_axis.c - where the ticks of a chart are, and what they are called.
 *
 * Prices are divided by 1, 2 or 5 times a power of ten, times by what clocks
 * and calendars have: 15 minutes, 6 hours, a week, a quarter.
 */
#include "plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "calendar.h"
#include "moment.h"

/* Lines from one tick to the next, about. */
#define PLOT_TICK_LINES 3

/* Prices nearer to each other than this part of them are the same. */
#define PLOT_SAME 1e-9

/* Nothing is divided by a smaller number. */
#define PLOT_TINY 1e-290

/* A tick may lie outside of the prices by this part of a step. */
#define PLOT_OUTSIDE 1e-6

#define PLOT_MINUTE (60 * BCI_SECOND_NS)
#define PLOT_HOUR (60 * PLOT_MINUTE)

/* ------------------------------------------------------------------------ */
/*  Prices                                                                  */
/* ------------------------------------------------------------------------ */

/* The smallest of 1, 2 and 5 times a power of ten that is not below 'least'. */
static double
plot_round_step(double least, int *exponent)
{
	double power;

	*exponent = (int)floor(log10(least));
	power = pow(10, *exponent);
	if (least <= power)
		return power;
	if (least <= 2 * power)
		return 2 * power;
	if (least <= 5 * power)
		return 5 * power;
	++*exponent;
	return pow(10, *exponent);
}

void
plot_scale_begin(struct plot_scale *scale, double low, double high,
                 size_t lines)
{
	double size = fmax(fabs(low), fabs(high)), apart;
	size_t parts =
		lines < 3 * PLOT_TICK_LINES ? 3 : lines / PLOT_TICK_LINES;
	int exponent;

	if (size < PLOT_TINY)
		size = 0;
	if (high - low <= fmax(size * PLOT_SAME, PLOT_TINY)) {
		apart = size == 0 ? 1 : size / 1000;
		high += apart;
		low -= apart;
	}
	scale->from = low;
	scale->to = high;
	/* Halves, because the difference of two doubles may be infinite. */
	scale->step = plot_round_step((high / 2 - low / 2) / (double)parts * 2,
	                              &exponent);
	scale->first = (int64_t)ceil(low / scale->step - PLOT_OUTSIDE);
	scale->last = (int64_t)floor(high / scale->step + PLOT_OUTSIDE);
	scale->decimals = exponent < 0 ? -exponent : 0;
	if (exponent < -12 || size >= 1e15)
		scale->decimals = -1;
}

size_t
plot_scale_at(const struct plot_scale *scale, double price, size_t lines)
{
	double from_top =
		(scale->to / 2 - price / 2) / (scale->to / 2 - scale->from / 2);

	return (size_t)(fmin(fmax(from_top, 0), 1) * (double)(2 * lines - 1) +
	                0.5);
}

void
plot_scale_label(const struct plot_scale *scale, int64_t k,
                 char text[PLOT_LABEL])
{
	double value = (double)k * scale->step;

	if (scale->decimals < 0)
		snprintf(text, PLOT_LABEL, "%.12g", value);
	else
		snprintf(text, PLOT_LABEL, "%.*f", scale->decimals, value);
}

void
plot_short(double value, char text[PLOT_LABEL])
{
	static const char units[] = " KMGTPE";
	size_t unit = 0;

	while (value >= 999.5 && units[unit + 1] != '\0') {
		value /= 1000;
		++unit;
	}
	if (value >= 999.5)
		snprintf(text, PLOT_LABEL, "%.3g%c", value, units[unit]);
	else
		snprintf(text, PLOT_LABEL, "%.*f%c",
		         value >= 99.95 || value == floor(value) ? 0
		         : value >= 9.995                        ? 1
		                                                 : 2,
		         value, units[unit]);
	if (unit == 0)
		text[strlen(text) - 1] = '\0';
}

/* ------------------------------------------------------------------------ */
/*  Times                                                                   */
/* ------------------------------------------------------------------------ */

/* Where month and day, and the time of day, are in 2024-01-31T09:30:00Z. */
#define PLOT_DATE_AT 5
#define PLOT_CLOCK_AT 11

/* Characters from one label to the next, at least. */
#define PLOT_LABEL_CELLS 9

struct plot_calendar
plot_calendar_choose(int64_t cell_ns)
{
	static const int64_t steps[] = {
		BCI_SECOND_NS,      2 * BCI_SECOND_NS,  5 * BCI_SECOND_NS,
		10 * BCI_SECOND_NS, 15 * BCI_SECOND_NS, 30 * BCI_SECOND_NS,
		PLOT_MINUTE,        2 * PLOT_MINUTE,    5 * PLOT_MINUTE,
		10 * PLOT_MINUTE,   15 * PLOT_MINUTE,   30 * PLOT_MINUTE,
		PLOT_HOUR,          2 * PLOT_HOUR,      3 * PLOT_HOUR,
		4 * PLOT_HOUR,      6 * PLOT_HOUR,      12 * PLOT_HOUR,
		BCI_DAY_NS,         2 * BCI_DAY_NS,     7 * BCI_DAY_NS,
		14 * BCI_DAY_NS,
	};
	static const int64_t months[] = { 1, 2, 3, 6, 12, 24, 60, 120, 240 };
	struct plot_calendar calendar = { 0 };
	int64_t least_ns;
	size_t i;

	if (__builtin_mul_overflow(cell_ns, PLOT_LABEL_CELLS, &least_ns))
		least_ns = INT64_MAX;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); ++i)
		if (steps[i] >= least_ns) {
			calendar.step_ns = steps[i];
			return calendar;
		}
	for (i = 0; i < sizeof(months) / sizeof(months[0]); ++i) {
		calendar.months = months[i];
		if (months[i] * 30 >= least_ns / BCI_DAY_NS)
			break;
	}
	return calendar;
}

/* Floor of a / b, where b is above 0. */
static int64_t
plot_floor(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The number of the division that holds a moment. */
static int64_t
plot_calendar_index(const struct plot_calendar *calendar, int64_t ns)
{
	int64_t days = plot_floor(ns, BCI_DAY_NS);
	struct bci_date date;

	/* Weeks begin on Mondays; the first day of 1970 is a Thursday. */
	if (calendar->step_ns > BCI_DAY_NS)
		return plot_floor(days + 3, calendar->step_ns / BCI_DAY_NS);
	if (calendar->step_ns > 0)
		return plot_floor(ns, calendar->step_ns);
	date = bci_date_of_days(days);
	return plot_floor(date.year * 12 + date.month - 1, calendar->months);
}

/* The label of a division that is counted in months. */
static void
plot_calendar_month(const struct plot_calendar *calendar, int64_t index,
                    char text[PLOT_LABEL])
{
	int64_t month = index * calendar->months;

	if (calendar->months % 12 == 0)
		snprintf(text, PLOT_LABEL, "%" PRId64, month / 12);
	else
		snprintf(text, PLOT_LABEL, "%04" PRId64 "-%02" PRId64,
		         month / 12, month % 12 + 1);
}

void
plot_calendar_name(int64_t ns, char text[PLOT_LABEL])
{
	char time[BCI_TIME_TEXT];

	bci_time_format(ns, time);
	snprintf(text, PLOT_LABEL, "%.5s",
	         time + (ns % BCI_DAY_NS == 0 ? PLOT_DATE_AT : PLOT_CLOCK_AT));
}

bool
plot_calendar_tick(const struct plot_calendar *calendar, int64_t from_ns,
                   int64_t to_ns, char text[PLOT_LABEL])
{
	int64_t last_ns = to_ns - (to_ns > from_ns);
	int64_t before_ns = from_ns - (from_ns > INT64_MIN);
	int64_t index = plot_calendar_index(calendar, last_ns), ns;
	char time[BCI_TIME_TEXT];

	if (index == plot_calendar_index(calendar, before_ns))
		return false;
	if (calendar->step_ns == 0) {
		plot_calendar_month(calendar, index, text);
		return true;
	}
	ns = index * calendar->step_ns;
	if (calendar->step_ns > BCI_DAY_NS)
		ns -= 3 * BCI_DAY_NS;
	plot_calendar_name(ns, text);
	if (calendar->step_ns < PLOT_MINUTE && ns % BCI_DAY_NS != 0) {
		bci_time_format(ns, time);
		snprintf(text, PLOT_LABEL, "%.8s", time + PLOT_CLOCK_AT);
	}
	return true;
}

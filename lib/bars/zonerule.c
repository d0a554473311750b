/* SPDX-License-Identifier: MIT */
/*
 * zonerule.c - the rule by which a wall clock is set each year.
 *
 *   std offset [dst [offset] , day[/time] , day[/time]]
 *
 * A name is three letters or more, or anything between < and >; an offset is
 * what has to be added to get UTC, so that one east of Greenwich is negative.
 * Times reach from -167 to 167 hours, as zone files of version 3 have them.
 * POSIX lets the days be left out; no zone file does, so that is refused.
 */
#include "common.h"

#include "calendar.h"
#include "zonerule.h"

#define RULE_HOURS_MAX 167
#define RULE_OFFSET_MAX 24 /* hours */

/* What is left of the text. */
struct rule_text {
	const char *at, *end;
};

static bool
rule_is(const struct rule_text *text, char byte)
{
	return text->at < text->end && *text->at == byte;
}

static bool
rule_take(struct rule_text *text, char byte)
{
	if (!rule_is(text, byte))
		return false;
	text->at++;
	return true;
}

/* A number of one to three digits, 'least' to 'most'. */
static bool
rule_number(struct rule_text *text, int least, int most, int *out)
{
	const char *first = text->at;
	int value = 0;

	while (text->at < text->end && text->at - first < 3 &&
	       *text->at >= '0' && *text->at <= '9')
		value = value * 10 + (*text->at++ - '0');
	*out = value;
	return text->at > first && value >= least && value <= most;
}

static bool
rule_name(struct rule_text *text)
{
	const char *first = text->at;

	if (rule_take(text, '<')) {
		while (text->at < text->end && *text->at != '>')
			text->at++;
		return rule_take(text, '>');
	}
	while (text->at < text->end && ((*text->at | 0x20) >= 'a') &&
	       ((*text->at | 0x20) <= 'z'))
		text->at++;
	return text->at - first >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool
rule_time(struct rule_text *text, int hours_max, int32_t *out)
{
	bool minus = rule_is(text, '-');
	int hours, minutes = 0, seconds = 0;

	if (minus || rule_is(text, '+'))
		text->at++;
	if (!rule_number(text, 0, hours_max, &hours))
		return false;
	if (rule_take(text, ':') && !rule_number(text, 0, 59, &minutes))
		return false;
	if (rule_take(text, ':') && !rule_number(text, 0, 59, &seconds))
		return false;
	*out = hours * 3600 + minutes * 60 + seconds;
	if (minus)
		*out = -*out;
	return true;
}

/* Jn, n or Mm.w.d, and the time: 02:00 if there is none. */
static bool
rule_day(struct rule_text *text, struct bci_zone_day *out)
{
	bool good;

	*out = (struct bci_zone_day){ .time_s = 2 * 3600 };
	if (rule_take(text, 'J')) {
		out->form = BCI_DAY_JULIAN;
		good = rule_number(text, 1, 365, &out->day);
	} else if (rule_take(text, 'M')) {
		out->form = BCI_DAY_WEEK;
		good = rule_number(text, 1, 12, &out->month) &&
		       rule_take(text, '.') &&
		       rule_number(text, 1, 5, &out->week) &&
		       rule_take(text, '.') &&
		       rule_number(text, 0, 6, &out->day);
	} else {
		out->form = BCI_DAY_ORDINAL;
		good = rule_number(text, 0, 365, &out->day);
	}
	if (good && rule_take(text, '/'))
		good = rule_time(text, RULE_HOURS_MAX, &out->time_s);
	return good;
}

bool
bci_zone_rule_parse(const char *text, size_t bytes, struct bci_zone_rule *out)
{
	struct rule_text rest = { text, text + bytes };
	int32_t behind_s;

	*out = (struct bci_zone_rule){ .twice = false };
	if (!rule_name(&rest) || !rule_time(&rest, RULE_OFFSET_MAX, &behind_s))
		return false;
	out->standard_s = -behind_s;
	if (rest.at == rest.end)
		return true;
	out->twice = true;
	out->daylight_s = out->standard_s + 3600;
	if (!rule_name(&rest))
		return false;
	if (!rule_is(&rest, ',')) {
		if (!rule_time(&rest, RULE_OFFSET_MAX, &behind_s))
			return false;
		out->daylight_s = -behind_s;
	}
	return rule_take(&rest, ',') && rule_day(&rest, &out->begin) &&
	       rule_take(&rest, ',') && rule_day(&rest, &out->end) &&
	       rest.at == rest.end;
}

/* The day of the 'week'th such day of the week in a month, 5 being the last. */
static int64_t
rule_week_day(const struct bci_zone_day *day, int64_t year)
{
	int64_t first = bci_days_of_date(year, day->month, 1);
	int64_t length = bci_month_length(year, day->month);
	int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01: Thursday */
	int64_t at = (day->day - weekday + 7) % 7 + 7 * (day->week - 1);

	return first + (at < length ? at : at - 7);
}

int64_t
bci_zone_day_seconds(const struct bci_zone_day *day, int64_t year)
{
	int64_t days = bci_days_of_date(year, 1, 1) + day->day;

	if (day->form == BCI_DAY_WEEK)
		days = rule_week_day(day, year);
	else if (day->form == BCI_DAY_JULIAN &&
	         (day->day < 60 || bci_month_length(year, 2) == 28))
		days--;
	return days * BCI_DAY_SECONDS + day->time_s;
}

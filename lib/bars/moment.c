/* SPDX-License-Identifier: MIT */
/*
 * moment.c - moments as people and exchanges write them.
 *
 * Only spellings that cannot be mistaken: a date begins with its year, and an
 * integer must lie where one unit alone makes sense of it.  Calendar sums are
 * done in 64 bits and checked once, at the end, because int64 nanoseconds end
 * in the years 1677 and 2262 and dates do not.
 */
#include "common.h"

#include <strings.h>

#include "calendar.h"
#include "moment.h"
#include "number.h"

/* ------------------------------------------------------------------------ */
/*  Text to a moment                                                        */
/* ------------------------------------------------------------------------ */

/* Exactly 'count' digits at 'text', or NULL. */
static const char *
moment_digits(const char *text, const char *end, int count, int64_t *out)
{
	*out = 0;
	if (end - text < count)
		return NULL;
	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return NULL;
		*out = *out * 10 + (text[i] - '0');
	}
	return text + count;
}

/* A date, year first, as days since 1970. */
static const char *
moment_date(const char *text, const char *end, int64_t *days)
{
	int64_t year, month, day;
	char separator = '\0';
	const char *at = moment_digits(text, end, 4, &year);

	if (at != NULL && at < end && (*at == '-' || *at == '/' || *at == '.'))
		separator = *at++;
	if (at != NULL)
		at = moment_digits(at, end, 2, &month);
	if (at != NULL && separator != '\0')
		at = at < end && *at == separator ? at + 1 : NULL;
	if (at != NULL)
		at = moment_digits(at, end, 2, &day);
	if (at == NULL || (at < end && *at >= '0' && *at <= '9') ||
	    !bci_date_valid(year, month, day))
		return NULL;
	*days = bci_days_of_date(year, month, day);
	return at;
}

/*
 * The digits of a fraction at 'text' in parts of 'unit_ns', a power of ten.
 * Digits below a nanosecond must be zeros: nothing is rounded.
 */
static const char *
moment_fraction(const char *text, const char *end, int64_t unit_ns, int64_t *ns)
{
	const char *at = text;

	*ns = 0;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		unit_ns /= 10;
		*ns += unit_ns * (*at - '0');
		if (unit_ns == 0 && *at != '0')
			return NULL;
	}
	return at > text ? at : NULL;
}

/* A time of day: seconds and nanoseconds of the day. */
static const char *
moment_clock(const char *text, const char *end, int64_t *seconds, int64_t *ns)
{
	int64_t hour, minute, second = 0;
	const char *at = moment_digits(text, end, 2, &hour);
	bool colons = at != NULL && at < end && *at == ':';

	*ns = 0;
	if (at != NULL)
		at = moment_digits(at + colons, end, 2, &minute);
	/* Seconds may be missing after a colon, "03:04", but not without. */
	if (at != NULL && (!colons || (at < end && *at == ':')))
		at = moment_digits(at + colons, end, 2, &second);
	if (at != NULL && at < end && *at == '.')
		at = moment_fraction(at + 1, end, BCI_SECOND_NS, ns);
	if (at == NULL || (at < end && *at >= '0' && *at <= '9') || hour > 23 ||
	    minute > 59 || second > 59)
		return NULL;
	*seconds = hour * 3600 + minute * 60 + second;
	return at;
}

/* A zone, if there is one, as the seconds it is ahead of UTC. */
static const char *
moment_zone(const char *text, const char *end, int64_t *ahead)
{
	const char *word = text < end && *text == ' ' ? text + 1 : text;
	int64_t hours, minutes = 0;
	const char *at;
	bool west;

	*ahead = 0;
	if (text < end && (*text | 0x20) == 'z')
		return text + 1;
	if (end - word >= 3 && strncasecmp(word, "utc", 3) == 0)
		return word + 3;
	if (text == end || (*text != '+' && *text != '-'))
		return text;
	west = *text == '-';
	at = moment_digits(text + 1, end, 2, &hours);
	if (at != NULL && at < end && *at == ':')
		at = moment_digits(at + 1, end, 2, &minutes);
	else if (at != NULL && at < end && *at >= '0' && *at <= '9')
		at = moment_digits(at, end, 2, &minutes);
	if (at == NULL || hours > 23 || minutes > 59)
		return NULL;
	*ahead = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return at;
}

/* A date and, behind 'T' or a space, a time of day with a zone. */
static const char *
moment_calendar(const char *text, const char *end, int64_t *time_ns)
{
	int64_t days, seconds = 0, ns = 0, ahead = 0;
	const char *at = moment_date(text, end, &days);

	if (at == NULL)
		return NULL;
	if (at < end &&
	    ((*at | 0x20) == 't' ||
	     (*at == ' ' && end - at > 1 && at[1] >= '0' && at[1] <= '9'))) {
		at = moment_clock(at + 1, end, &seconds, &ns);
		if (at != NULL)
			at = moment_zone(at, end, &ahead);
	}
	if (at == NULL ||
	    !bci_time_join(days * BCI_DAY_SECONDS + seconds - ahead, ns,
	                   time_ns))
		return NULL;
	return at;
}

int64_t
bci_moment_unit(int64_t value)
{
	static const struct {
		int64_t from, to, unit_ns;
	} units[] = {
		{ INT64_C(100000000), INT64_C(10000000000), BCI_SECOND_NS },
		{ INT64_C(100000000000), INT64_C(10000000000000), 1000000 },
		{ INT64_C(100000000000000), INT64_C(10000000000000000), 1000 },
		{ INT64_C(100000000000000000), INT64_MAX, 1 },
	};

	if (value == 0)
		return 1;
	value = value < 0 ? -(value + 1) : value;
	for (size_t i = 0; i < BCI_COUNT(units); i++)
		if (value >= units[i].from && value < units[i].to)
			return units[i].unit_ns;
	return 0;
}

/* How many digits there are at 'text', up to nine. */
static int
moment_count_digits(const char *text, const char *end)
{
	int count = 0;

	while (count < 9 && text + count < end && text[count] >= '0' &&
	       text[count] <= '9')
		count++;
	return count;
}

const char *
bci_time_parse(const char *text, const char *end, int64_t *time_ns,
               int64_t *unit_ns)
{
	int count = moment_count_digits(text, end);
	int64_t value, fraction = 0;
	const char *at;

	*unit_ns = 0;
	if (count == 4 || count == 8)
		return moment_calendar(text, end, time_ns);
	at = bci_integer_parse(text, end, &value);
	if (at == NULL)
		return NULL;
	*unit_ns = bci_moment_unit(value);
	if (at < end && *at == '.')
		at = moment_fraction(at + 1, end, *unit_ns, &fraction);
	if (at == NULL || *unit_ns == 0 ||
	    __builtin_mul_overflow(value, *unit_ns, &value) ||
	    __builtin_add_overflow(value, *text == '-' ? -fraction : fraction,
	                           time_ns))
		return NULL;
	return at;
}

const char *
bci_date_parse(const char *text, const char *end, int64_t *date_ns)
{
	int64_t days;
	const char *at = moment_date(text, end, &days);

	if (at == NULL || !bci_time_join(days * BCI_DAY_SECONDS, 0, date_ns))
		return NULL;
	return at;
}

const char *
bci_clock_parse(const char *text, const char *end, int64_t *clock_ns)
{
	int64_t seconds, ns;
	const char *at = moment_clock(text, end, &seconds, &ns);

	if (at != NULL)
		*clock_ns = seconds * BCI_SECOND_NS + ns;
	return at;
}

/* ------------------------------------------------------------------------ */
/*  A moment to text                                                        */
/* ------------------------------------------------------------------------ */

/* Write 'count' digits and then 'next'; returns what follows. */
static char *
moment_put(char *at, int64_t value, int count, char next)
{
	for (int i = count - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	at[count] = next;
	return at + count + 1;
}

size_t
bci_time_format(int64_t time_ns, char text[BCI_TIME_TEXT])
{
	int64_t ns = (time_ns % BCI_SECOND_NS + BCI_SECOND_NS) % BCI_SECOND_NS;
	int64_t seconds =
		time_ns / BCI_SECOND_NS - (time_ns % BCI_SECOND_NS < 0);
	int64_t days =
		seconds / BCI_DAY_SECONDS - (seconds % BCI_DAY_SECONDS < 0);
	struct bci_date date = bci_date_of_days(days);
	char *at = text;

	seconds -= days * BCI_DAY_SECONDS;
	at = moment_put(at, date.year, 4, '-');
	at = moment_put(at, date.month, 2, '-');
	at = moment_put(at, date.day, 2, 'T');
	at = moment_put(at, seconds / 3600, 2, ':');
	at = moment_put(at, seconds / 60 % 60, 2, ':');
	at = moment_put(at, seconds % 60, 2, '.');
	at = moment_put(at, ns, 9, '0');
	while (at[-1] == '0') /* The fraction, back to the point at most. */
		at--;
	at -= at[-1] == '.';
	*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - text);
}

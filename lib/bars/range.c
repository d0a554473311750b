/* SPDX-License-Identifier: MIT */
/*
 * range.c - ranges of time as people write them.
 *
 * The separators "-" and "/" also occur within a date, so a range is not split
 * first: the moment in front is parsed as far as it reaches, and what follows
 * it must be a separator.
 */
#include "common.h"

#include "calendar.h"
#include "error.h"
#include "moment.h"
#include "range.h"

/* A moment, and how long it is if it stands alone. */
struct range_moment {
	int64_t time_ns;
	int64_t days;   /* of a date without time of day; else 0 */
	int64_t months; /* of a month or a year; else 0 */
};

/* Exactly 'count' digits and then none, or -1. */
static int64_t
range_digits(const char *text, const char *end, int count)
{
	int64_t value = 0;

	for (int i = 0; i < count; i++) {
		if (text + i >= end || text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	if (text + count < end && text[count] >= '0' && text[count] <= '9')
		return -1;
	return value;
}

/* A year, or a year and a month ("2024-01"). */
static const char *
range_month(const char *text, const char *end, struct range_moment *out)
{
	int64_t year = range_digits(text, end, 4), month = -1;

	if (year < 1)
		return NULL;
	text += 4;
	if (text < end && *text == '-')
		month = range_digits(text + 1, end, 2);
	out->days = 0;
	out->months = 12;
	if (month >= 1 && month <= 12) {
		out->months = 1;
		text += 3;
	} else {
		month = 1;
	}
	if (!bci_time_join(bci_days_of_date(year, month, 1) * BCI_DAY_SECONDS,
	                   0, &out->time_ns))
		return NULL;
	return text;
}

/* Any moment; the first byte not used, or NULL. */
static const char *
range_moment(const char *text, const char *end, struct range_moment *out)
{
	int64_t unit_ns, date_ns;
	const char *at = bci_time_parse(text, end, &out->time_ns, &unit_ns);

	if (at == NULL)
		return range_month(text, end, out);
	out->months = 0;
	out->days = bci_date_parse(text, end, &date_ns) == at;
	return at;
}

/* Step over a separator; NULL if there is none. */
static const char *
range_separator(const char *text, const char *end)
{
	if (end - text >= 2 && text[0] == '.' && text[1] == '.')
		return text + 2;
	if (text < end && (*text == '/' || *text == '-'))
		return text + 1;
	return NULL;
}

/* Where the first moment ends at the latest: its fraction begins with a '.'. */
static const char *
range_stop(const char *text, const char *end)
{
	while (text < end &&
	       (end - text < 2 || text[0] != '.' || text[1] != '.'))
		text++;
	return text;
}

/* A day, a month or a year that stands alone; false if it does not fit. */
static bool
range_alone(const struct range_moment *moment, struct bci_range *out)
{
	struct bci_date date;

	out->from_ns = moment->time_ns;
	if (moment->months == 0)
		return !__builtin_add_overflow(moment->time_ns,
		                               moment->days * BCI_DAY_NS,
		                               &out->to_ns);
	date = bci_date_of_days(moment->time_ns / BCI_DAY_NS -
	                        (moment->time_ns % BCI_DAY_NS < 0));
	date.month += moment->months;
	date.year += (date.month - 1) / 12;
	date.month = (date.month - 1) % 12 + 1;
	return bci_time_join(bci_days_of_date(date.year, date.month, 1) *
	                             BCI_DAY_SECONDS,
	                     0, &out->to_ns);
}

/* What is wrong with a range, or NULL with *out filled. */
static const char *
range_parse(const char *text, const char *end, struct bci_range *out)
{
	struct range_moment from, to;
	const char *at = range_separator(text, end), *separator = at;

	*out = (struct bci_range){ INT64_MIN, INT64_MAX };
	if (at == NULL) {
		at = range_moment(text, range_stop(text, end), &from);
		if (at == NULL)
			return "it does not begin with a moment";
		out->from_ns = from.time_ns;
		if (at == end) {
			if (from.days == 0 && from.months == 0)
				return "a moment alone is no range";
			return range_alone(&from, out) ? NULL
			                               : "it is out of range";
		}
		separator = range_separator(at, end);
		if (separator == NULL)
			return "there is no '..', '/' or '-' behind the first "
			       "moment";
		if (separator == end)
			return NULL;
	}
	if (range_moment(separator, end, &to) != end)
		return "it does not end with a moment";
	out->to_ns = to.time_ns;
	return out->from_ns < out->to_ns ? NULL : "it ends before it begins";
}

enum bc_status
bci_range_parse(const char *text, size_t bytes, struct bci_range *out,
                struct bc_error *err)
{
	struct bci_range range;
	const char *reason = range_parse(text, text + bytes, &range);

	if (reason != NULL)
		return bci_fail(err, BC_INVALID, "'%.*s' is no range: %s",
		                (int)(bytes < 100 ? bytes : 100), text, reason);
	*out = range;
	return BC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * timeframe.c - lengths of bars in the spellings of exchanges, charting
 * programs and data libraries.
 *
 * A spelling is a count and a unit in either order ("15m", "M15", "1-MINUTE"),
 * a unit alone ("D", "daily") or a count alone, which means minutes ("60").
 * Case matters in one place only: behind a count, "m" is a minute and "M" a
 * month.  In front of one, "M" is a minute, as MetaTrader has it.
 */
#include "common.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "calendar.h"
#include "timeframe.h"

#define MICROSECOND INT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)
#define SECOND (1000 * MILLISECOND)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)

/* Words in any case for one unit, and what it is long. */
struct timeframe_unit {
	int64_t step_ns;
	uint32_t months;
	const char *words[6];
};

static const struct timeframe_unit timeframe_units[] = {
	{ MINUTE, 0, { "min", "mins", "minute", "minutes", "t" } },
	{ HOUR, 0, { "h", "hr", "hour", "hours", "hourly" } },
	{ DAY, 0, { "d", "day", "days", "daily" } },
	{ WEEK, 0, { "w", "wk", "week", "weeks", "weekly" } },
	{ SECOND, 0, { "s", "sec", "secs", "second", "seconds" } },
	{ 0, 1, { "mo", "mon", "mn", "month", "months", "monthly" } },
	{ 0, 12, { "y", "yr", "year", "years", "yearly" } },
	{ MILLISECOND, 0, { "ms", "millisecond", "milliseconds" } },
	{ MICROSECOND, 0, { "us", "microsecond", "microseconds" } },
	{ 1, 0, { "ns", "nanosecond", "nanoseconds" } },
};

/* The canonical units from long to short. */
static const struct {
	int64_t step_ns;
	const char *name;
} timeframe_names[] = {
	{ WEEK, "w" },         { DAY, "d" },    { HOUR, "h" },
	{ MINUTE, "m" },       { SECOND, "s" }, { MILLISECOND, "ms" },
	{ MICROSECOND, "us" }, { 1, "ns" },
};

/* The unit called 'word'; 'before' says that it stands in front of a count. */
static bool
timeframe_unit(const char *word, size_t bytes, bool before,
               struct bci_timeframe *unit)
{
	*unit = (struct bci_timeframe){ .step_ns = MINUTE };
	if (bytes == 1 && (*word == 'm' || (*word == 'M' && before)))
		return true;
	if (bytes == 1 && *word == 'M') {
		*unit = (struct bci_timeframe){ .months = 1 };
		return true;
	}
	for (size_t i = 0; i < BCI_COUNT(timeframe_units); i++) {
		const struct timeframe_unit *known = &timeframe_units[i];

		for (size_t j = 0; j < BCI_COUNT(known->words); j++) {
			const char *name = known->words[j];

			if (name == NULL || strlen(name) != bytes ||
			    strncasecmp(name, word, bytes) != 0)
				continue;
			unit->step_ns = known->step_ns;
			unit->months = known->months;
			return true;
		}
	}
	return false;
}

/* Take the digits at 'text'; their number, or 0 if the count does not fit. */
static size_t
timeframe_count(const char *text, size_t bytes, int64_t *count)
{
	size_t used = 0;

	*count = 0;
	for (; used < bytes && text[used] >= '0' && text[used] <= '9'; used++)
		if (__builtin_mul_overflow(*count, 10, count) ||
		    __builtin_add_overflow(*count, text[used] - '0', count))
			return 0;
	return used;
}

/* 'count' times 'unit', if that is a length and fits. */
static bool
timeframe_times(int64_t count, const struct bci_timeframe *unit,
                struct bci_timeframe *out)
{
	struct bci_timeframe product;

	if (count <= 0 ||
	    __builtin_mul_overflow(count, unit->step_ns, &product.step_ns) ||
	    __builtin_mul_overflow(count, unit->months, &product.months))
		return false;
	*out = product;
	return true;
}

static bool
timeframe_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

bool
bci_timeframe_parse(const char *text, size_t bytes, struct bci_timeframe *out)
{
	const struct bci_timeframe minute = { .step_ns = MINUTE };
	struct bci_timeframe unit;
	size_t used, word = bytes;
	int64_t count;

	if (bytes == 0)
		return false;
	if (!timeframe_is_digit(text[0])) {
		while (word > 0 && timeframe_is_digit(text[word - 1]))
			word--;
		if (!timeframe_unit(text, word, word < bytes, &unit))
			return false;
		if (word == bytes)
			return timeframe_times(1, &unit, out);
		used = timeframe_count(text + word, bytes - word, &count);
		return used != 0 && timeframe_times(count, &unit, out);
	}
	used = timeframe_count(text, bytes, &count);
	if (used == 0)
		return false;
	if (used == bytes)
		return timeframe_times(count, &minute, out);
	if (text[used] == '-' || text[used] == ' ' || text[used] == '_')
		used++;
	return timeframe_unit(text + used, bytes - used, false, &unit) &&
	       timeframe_times(count, &unit, out);
}

void
bci_timeframe_name(const struct bci_timeframe *timeframe,
                   char text[BCI_TIMEFRAME_TEXT])
{
	int64_t step_ns = timeframe->step_ns;
	size_t i = 0;

	if (timeframe->months != 0) {
		snprintf(text, BCI_TIMEFRAME_TEXT, "%" PRIu32 "M",
		         timeframe->months);
		return;
	}
	BCI_ASSERT(step_ns > 0);
	while (step_ns % timeframe_names[i].step_ns != 0)
		i++; /* Ends at the last row, whose step is 1. */
	snprintf(text, BCI_TIMEFRAME_TEXT, "%" PRId64 "%s",
	         step_ns / timeframe_names[i].step_ns, timeframe_names[i].name);
}

bool
bci_timeframe_of_step(int64_t step_ns, struct bci_timeframe *out)
{
	if (step_ns <= 0)
		return false;
	*out = (struct bci_timeframe){ .step_ns = step_ns };
	return true;
}

bool
bci_timeframe_move(const struct bci_timeframe *timeframe, int64_t time_ns,
                   int32_t bars, int64_t *out_ns)
{
	int64_t by;

	if (timeframe->months != 0)
		return !__builtin_mul_overflow((int64_t)timeframe->months, bars,
		                               &by) &&
		       by >= INT32_MIN && by <= INT32_MAX &&
		       bci_calendar_add_months(time_ns, (int32_t)by, out_ns);
	return !__builtin_mul_overflow(timeframe->step_ns, bars, &by) &&
	       !__builtin_add_overflow(time_ns, by, out_ns);
}

/* SPDX-License-Identifier: MIT */
/*
 * layout_date.c - the dates in a file name.
 *
 * The text is walked word by word, and what is no date is copied to its front.
 * A date of several words ("2024-01-31") is tried before one of fewer.
 */
#include "layout_date.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "barcache.h"
#include "calendar.h"

#define DATE_SEPARATORS "-_. "

/* A date in a name. */
struct date {
	size_t bytes; /* 0: there is none */
	bool full;    /* it is a day or a moment */
	bool dashed;  /* "2024-01-31" */
	struct layout_period period;
};

/* Up to 'bytes' digits that end there; -1 if it is not so many. */
static int64_t
date_number(const char *text, size_t bytes)
{
	int64_t number = 0;
	size_t i;

	for (i = 0; i < bytes; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = 10 * number + text[i] - '0';
	}
	return number;
}

static bool
date_is_end(const char *text)
{
	return strchr(DATE_SEPARATORS, *text) != NULL;
}

/* The days of a year, of a month of it or a day of that. */
static bool
date_set(struct date *date, size_t bytes, int64_t year, int64_t month,
         int64_t day)
{
	int64_t from, to;

	if (year < 1900 || year > 2199 ||
	    !bci_date_valid(year, month == 0 ? 1 : month, day == 0 ? 1 : day))
		return false;
	from = bci_days_of_date(year, month == 0 ? 1 : month,
	                        day == 0 ? 1 : day);
	to = from + 1;
	if (month == 0)
		to = bci_days_of_date(year + 1, 1, 1);
	else if (day == 0)
		to = from + bci_month_length(year, month);
	date->bytes = bytes;
	date->full = day != 0;
	date->period =
		(struct layout_period){ from * BCI_DAY_NS, to * BCI_DAY_NS };
	return true;
}

/* "2024-01-31", "2024-01" or "31.01.2024", of one separator. */
static bool
date_words(const char *text, struct date *date)
{
	int64_t year = date_number(text, 4), month, day;
	char separator = '\0';

	if (year >= 0 && date_is_end(text + 4) && text[4] != '\0' &&
	    (month = date_number(text + 5, 2)) > 0) {
		if (text[7] == text[4] &&
		    (day = date_number(text + 8, 2)) > 0 &&
		    date_is_end(text + 10)) {
			date->dashed = true;
			return date_set(date, 10, year, month, day);
		}
		return date_is_end(text + 7) &&
		       date_set(date, 7, year, month, 0);
	}
	day = date_number(text, 2);
	if (day >= 0)
		separator = text[2];
	if (separator == '\0' || !date_is_end(&separator) ||
	    (month = date_number(text + 3, 2)) < 0 || text[5] != separator ||
	    (year = date_number(text + 6, 4)) < 0 || !date_is_end(text + 10))
		return false;
	/* Which one is the month is not known. */
	if (!date_set(date, 10, year, month, day) &&
	    !date_set(date, 10, year, day, month))
		return false;
	date->period = (struct layout_period){ 0, 0 };
	return true;
}

/* "2024", "202401", "20240131", or a count since 1970, in one word. */
static bool
date_word(const char *text, struct date *date)
{
	size_t digits = strspn(text, "0123456789");
	int64_t number = digits > 13 ? -1 : date_number(text, digits);

	if (!date_is_end(text + digits))
		return false;
	switch (digits) {
	case 4:
		return date_set(date, 4, number, 0, 0);
	case 6:
		return number % 100 != 0 &&
		       date_set(date, 6, number / 100, number % 100, 0);
	case 8:
		return number / 100 % 100 != 0 && number % 100 != 0 &&
		       date_set(date, 8, number / 10000, number / 100 % 100,
		                number % 100);
	case 10:
	case 13:
		date->bytes = text[0] == '0' ? 0 : digits;
		date->full = true;
		return date->bytes != 0;
	default:
		return false;
	}
}

/* The date that begins here. */
static struct date
date_at(const char *text)
{
	struct date date = { 0 };

	if (!date_words(text, &date)) {
		date = (struct date){ 0 };
		if (!date_word(text, &date))
			date.bytes = 0;
	}
	return date;
}

/* The bytes of 'word' and the separator behind it, or 0. */
static size_t
date_skip(const char *text, const char *word)
{
	size_t bytes = strlen(word);

	if (strncasecmp(text, word, bytes) != 0 || text[bytes] == '\0' ||
	    !date_is_end(text + bytes))
		return 0;
	return bytes + 1;
}

/* What was found in a text. */
struct date_sum {
	size_t count;
	bool full, dashed; /* all of them */
	struct layout_period period;
};

static void
date_add(struct date_sum *sum, const struct date *date)
{
	sum->period =
		sum->count == 0 ? date->period : (struct layout_period){ 0, 0 };
	sum->full = (sum->count == 0 || sum->full) && date->full;
	sum->dashed = (sum->count == 0 || sum->dashed) && date->dashed;
	sum->count++;
}

/* Copy 'text' without its dates to its front. */
static void
date_strip(char *text, struct date_sum *sum)
{
	const char *at = text;
	char *out = text;

	*sum = (struct date_sum){ 0 };
	while (*at != '\0') {
		size_t lead = date_skip(at, sum->count == 0 ? "from" : "to");
		struct date date = date_at(at + lead);
		size_t bytes = strcspn(at, DATE_SEPARATORS);

		if (date.bytes != 0) {
			date_add(sum, &date);
			at += lead + date.bytes;
			at += *at != '\0';
			continue;
		}
		bytes += at[bytes] != '\0';
		memmove(out, at, bytes);
		out += bytes;
		at += bytes;
	}
	while (sum->count != 0 && out > text && date_is_end(out - 1))
		out--;
	*out = '\0';
}

void
layout_date_take(char *text, struct layout_period *period)
{
	struct date_sum sum;

	date_strip(text, &sum);
	*period = sum.period;
}

void
layout_date_take_from_symbol(char *text, struct layout_period *period)
{
	char copy[BC_KEY_MAX + 1];
	struct date_sum sum;

	strcpy(copy, text);
	date_strip(copy, &sum);
	*period = (struct layout_period){ 0, 0 };
	if (copy[0] == '\0') {
		*period = sum.period;
	} else if (sum.full && (sum.count == 2 || sum.dashed)) {
		*period = sum.period;
		strcpy(text, copy);
	}
}

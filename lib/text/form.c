/* SPDX-License-Identifier: MIT */
/*
 * form.c - cells to moments by a form that is known.
 *
 * Neighbouring rows mostly share their month, so the bytes of a date are
 * compared with those of the row before, and only its day, if it has two
 * digits, and the time of day are taken apart.  The byte behind the date is
 * compared as well: as long as it is the same, none of the date's numbers can
 * have grown longer.
 *
 * Nothing is rounded: a moment that int64 nanoseconds do not hold exactly is
 * none.
 */
#include "common.h"

#include <strings.h>

#include "calendar.h"
#include "form.h"
#include "moment.h"
#include "number.h"
#include "zone.h"

/* What the items of a form have found in a cell. */
struct form_parts {
	int64_t ahead_s;
	int32_t year, month, day, day_of_year;
	int32_t hour, minute, second, ns;
	bool zoned;
	bool half, afternoon; /* the hour is one of twelve */
	const char *day_at;   /* of two digits; else NULL */
	uint32_t brackets;    /* a bit for each that was there */
};

/* ------------------------------------------------------------------------ */
/*  Text                                                                    */
/* ------------------------------------------------------------------------ */

static inline bool
form_is_digit(char byte)
{
	return (unsigned char)(byte - '0') <= 9;
}

static const char *
form_skip_blanks(const char *at, const char *end)
{
	while (at < end && *at == ' ')
		at++;
	return at;
}

/* Two digits, or one where the width is not fixed. */
static inline const char *
form_pair(const char *at, const char *end, bool fixed, int32_t *out)
{
	if (at == end || !form_is_digit(*at))
		return NULL;
	if (at + 1 < end && form_is_digit(at[1])) {
		*out = (at[0] - '0') * 10 + (at[1] - '0');
		return at + 2;
	}
	*out = at[0] - '0';
	return fixed ? NULL : at + 1;
}

static const char *
form_year(const char *at, const char *end, int32_t *year)
{
	int32_t high, low;

	at = form_pair(at, end, true, &high);
	if (at != NULL)
		at = form_pair(at, end, true, &low);
	if (at != NULL)
		*year = high * 100 + low;
	return at;
}

/* The number, from 1, of a name spelled in full or cut to three letters. */
static const char *
form_name(const char *at, const char *end, const char *const *names,
          int32_t count, int32_t *out)
{
	size_t bytes = 0;

	while (at + bytes < end && (at[bytes] | 0x20) >= 'a' &&
	       (at[bytes] | 0x20) <= 'z')
		bytes++;
	for (int32_t i = 0; i < count && bytes >= 3; i++) {
		if (strncasecmp(at, names[i], bytes) != 0)
			continue;
		*out = i + 1;
		return at + bytes;
	}
	return NULL;
}

static const char *
form_month(const char *at, const char *end, int32_t *out)
{
	static const char *const names[] = {
		"January",   "February", "March",    "April",
		"May",       "June",     "July",     "August",
		"September", "October",  "November", "December",
	};

	return form_name(at, end, names, BCI_COUNT(names), out);
}

static const char *
form_weekday(const char *at, const char *end)
{
	static const char *const names[] = { "Monday",   "Tuesday", "Wednesday",
		                             "Thursday", "Friday",  "Saturday",
		                             "Sunday" };
	int32_t day;

	return form_name(at, end, names, BCI_COUNT(names), &day);
}

/* Digits behind the point of a second; below a nanosecond only zeros. */
static const char *
form_fraction(const char *text, const char *end, int32_t *ns)
{
	static const int32_t units[] = { 1000000000, 100000000, 10000000,
		                         1000000,    100000,    10000,
		                         1000,       100,       10,
		                         1 };
	const char *at = text;
	int32_t value = 0;

	while (at < end && at - text < 9 && form_is_digit(*at))
		value = value * 10 + (*at++ - '0');
	*ns = value * units[at - text];
	while (at < end && *at == '0')
		at++;
	return at > text && (at == end || !form_is_digit(*at)) ? at : NULL;
}

/* A time of day as one number of up to three pairs, without its zeros. */
static const char *
form_run(const char *text, const char *end, int pairs, struct form_parts *parts)
{
	const char *at = text;
	int32_t value = 0;

	while (at < end && at - text < 2 * pairs && form_is_digit(*at))
		value = value * 10 + (*at++ - '0');
	if (at == text)
		return NULL;
	if (pairs == 3) {
		parts->second = value % 100;
		value /= 100;
	}
	if (pairs >= 2) {
		parts->minute = value % 100;
		value /= 100;
	}
	parts->hour = value;
	return at;
}

/* "hh:mm:ss" at once, which most times of day are. */
static inline bool
form_colons(const char *at, const char *end, struct form_parts *parts)
{
	uint64_t word, digits;

	if (end - at < 8)
		return false;
	memcpy(&word, at, sizeof(word));
	/* Both colons made zeros, all eight must be digits. */
	digits = word ^ UINT64_C(0x00000a00000a0000);
	if (((digits & UINT64_C(0xf0f0f0f0f0f0f0f0)) |
	     ((digits + UINT64_C(0x0606060606060606)) >> 4 &
	      UINT64_C(0x0f0f0f0f0f0f0f0f))) != UINT64_C(0x3333333333333333))
		return false;
	parts->hour = (at[0] - '0') * 10 + (at[1] - '0');
	parts->minute = (at[3] - '0') * 10 + (at[4] - '0');
	parts->second = (at[6] - '0') * 10 + (at[7] - '0');
	return true;
}

static const char *
form_half(const char *at, const char *end, struct form_parts *parts)
{
	at = form_skip_blanks(at, end);
	if (end - at < 2 || (at[1] | 0x20) != 'm' ||
	    ((at[0] | 0x20) != 'a' && (at[0] | 0x20) != 'p'))
		return NULL;
	parts->half = true;
	parts->afternoon = (at[0] | 0x20) == 'p';
	return at + 2;
}

static const char *
form_offset(const char *at, const char *end, struct form_parts *parts)
{
	parts->zoned = true;
	return bci_zone_offset(form_skip_blanks(at, end), end, &parts->ahead_s);
}

/* The conversions that are rare, or that only a new date needs. */
static const char *
form_rare(char what, bool fixed, const char *at, const char *end,
          struct form_parts *parts)
{
	const char *from = at;

	switch (what) {
	case 'Y':
		return form_year(at, end, &parts->year);
	case 'y':
		at = form_pair(at, end, true, &parts->year);
		parts->year += parts->year < 69 ? 2000 : 1900;
		return at;
	case 'm':
		return form_pair(at, end, fixed, &parts->month);
	case 'd':
		at = form_pair(at, end, fixed, &parts->day);
		parts->day_at = at == from + 2 ? from : NULL;
		return at;
	case 'b':
		return form_month(at, end, &parts->month);
	case 'a':
		return form_weekday(at, end);
	case 'j':
		for (int i = 0; i < 3 && at < end && form_is_digit(*at); i++)
			parts->day_of_year =
				parts->day_of_year * 10 + (*at++ - '0');
		return parts->day_of_year > 0 ? at : NULL;
	case 'p':
		return form_half(at, end, parts);
	case 'f':
		return form_fraction(at, end, &parts->ns);
	default:
		return form_offset(at, end, parts);
	}
}

/* A byte of the form; a blank stands for one or more. */
static inline const char *
form_byte(char byte, const char *at, const char *end)
{
	if (byte == ' ') {
		const char *from = at;

		at = form_skip_blanks(at, end);
		return at > from ? at : NULL;
	}
	return at < end && *at == byte ? at + 1 : NULL;
}

static const char *form_items(const struct bci_form *form, uint32_t i,
                              uint32_t to, const char *at, const char *end,
                              struct form_parts *parts);

/* Apply the items in the brackets at 'i', or none if they do not fit. */
static const char *
form_brackets(const struct bci_form *form, uint32_t i, const char *at,
              const char *end, struct form_parts *parts)
{
	struct form_parts inner;
	const char *next;

	/* Most that are missing lack their first byte. */
	if (at == end ||
	    (form->items[i + 1].what == 0 && form->items[i + 1].value != *at))
		return at;
	inner = *parts;
	next = form_items(form, i + 1, (uint32_t)form->items[i].value, at, end,
	                  &inner);
	if (next == NULL)
		return at;
	*parts = inner;
	parts->brackets |= UINT32_C(1) << i;
	return next;
}

/* Apply the items from 'i' up to 'to'; brackets nest as the form does. */
static const char *
form_items(const struct bci_form *form, uint32_t i, uint32_t to, const char *at,
           const char *end, struct form_parts *parts)
{
	for (; i < to && at != NULL; i++) {
		char what = form->items[i].what, value = form->items[i].value;

		switch (what) {
		case 0:
			at = form_byte(value, at, end);
			break;
		case 'k':
			at = form_run(at, end, value, parts);
			i += (uint32_t)value - 1;
			break;
		case 'H':
			if (value == 5 && form_colons(at, end, parts)) {
				at += 8;
				i += 4;
				break;
			} /* fall through */
		case 'I':
			at = form_pair(at, end, value == 1, &parts->hour);
			break;
		case 'M':
			at = form_pair(at, end, value == 1, &parts->minute);
			break;
		case 'S':
			at = form_pair(at, end, value == 1, &parts->second);
			break;
		case '[':
			at = form_brackets(form, i, at, end, parts);
			i = (uint32_t)value - 1;
			break;
		default:
			at = form_rare(what, value == 1, at, end, parts);
		}
	}
	return at;
}

/* ------------------------------------------------------------------------ */
/*  Moments                                                                 */
/* ------------------------------------------------------------------------ */

/* The date of a cell in seconds, if there is such a day. */
static bool
form_date(const struct form_parts *parts, int64_t *date_s)
{
	int64_t days;

	if (!bci_date_valid(parts->year, parts->month, parts->day))
		return false;
	days = bci_days_of_date(parts->year, parts->month, parts->day);
	if (parts->day_of_year > 0) {
		if (parts->day_of_year > 337 + bci_month_length(parts->year, 2))
			return false;
		days += parts->day_of_year - 1;
	}
	*date_s = days * BCI_DAY_SECONDS;
	return true;
}

/* Remember the date of a cell, which ends at 'at'. */
static void
form_remember(struct bci_form_memo *memo, const char *text, const char *at,
              const char *end, const struct form_parts *parts, int64_t date_s)
{
	size_t bytes = (size_t)(at - text);

	memset(memo->date, 0, sizeof(memo->date));
	memset(memo->mask, 0, sizeof(memo->mask));
	memcpy(memo->date, text, bytes + (at < end));
	memset(memo->mask, 0xff, bytes + 1);
	memo->bytes = (uint32_t)bytes;
	memo->days = 0;
	memo->date_s = date_s;
	if (parts->day_at == NULL || parts->day_of_year != 0)
		return;
	memo->day_at = (uint32_t)(parts->day_at - text);
	memset(memo->mask + memo->day_at, 0, 2);
	memo->days = (uint32_t)bci_month_length(parts->year, parts->month);
	memo->date_s -= parts->day * BCI_DAY_SECONDS;
}

/* Whether a cell begins with a date of the month that is remembered. */
static inline bool
form_known_date(const struct bci_form_memo *memo, const char *text,
                const char *end, int64_t *date_s)
{
	char near[BCI_FORM_AHEAD] = { 0 };

	if (end - text >= BCI_FORM_AHEAD)
		return bci_form_date(memo, text, date_s);
	memcpy(near, text, (size_t)(end - text));
	return bci_form_date(memo, near, date_s);
}

/* Take the leading date apart and remember it. */
static const char *
form_new_date(const struct bci_form *form, struct bci_form_memo *memo,
              const char *text, const char *end, struct form_parts *parts,
              int64_t *date_s)
{
	const char *at =
		form_items(form, 0, form->date_count, text, end, parts);

	if (at == NULL || !form_date(parts, date_s))
		return NULL;
	if (memo != NULL && at - text < BCI_FORM_AHEAD)
		form_remember(memo, text, at, end, parts, *date_s);
	return at;
}

static const char *
form_text(const struct bci_form *form, struct bci_form_memo *memo,
          const char *text, const char *end, int64_t *time_ns, bool *utc)
{
	struct form_parts parts = { .month = 1, .day = 1 };
	int64_t date_s = 0, seconds;
	const char *at = text;

	if (memo != NULL && form_known_date(memo, text, end, &date_s)) {
		at = text + memo->bytes;
	} else if (form->date_count != 0) {
		at = form_new_date(form, memo, text, end, &parts, &date_s);
		if (at == NULL)
			return NULL;
	}
	at = form_items(form, form->date_count, form->count, at, end, &parts);
	if (at == NULL || at == text) /* All of it was optional. */
		return NULL;
	if (form->dated && form->date_count == 0 && !form_date(&parts, &date_s))
		return NULL;
	if (parts.half) {
		if (parts.hour < 1 || parts.hour > 12)
			return NULL;
		parts.hour = parts.hour % 12 + (parts.afternoon ? 12 : 0);
	}
	if (parts.hour > 23 || parts.minute > 59 || parts.second > 59)
		return NULL;
	seconds = parts.hour * 3600 + parts.minute * 60 + parts.second;
	if (memo != NULL)
		memo->parts = parts.brackets;
	*utc = parts.zoned;
	return bci_time_join(date_s + seconds - parts.ahead_s, parts.ns,
	                     time_ns)
	               ? at
	               : NULL;
}

/* *value * 10^power, if it is an integer that fits; no zero ends *value. */
static bool
form_scale(int64_t *value, int64_t power)
{
	if (power < 0)
		return *value == 0;
	for (; power > 0 && *value != 0; power--)
		if (__builtin_mul_overflow(*value, 10, value))
			return false;
	return true;
}

/*
 * A number with a point or an exponent, as value * 10^power; zeros at its end
 * go to the power.  NULL if its other digits do not fit, or if digits seem to
 * be missing.
 */
static const char *
form_decimal(const char *text, const char *end, int64_t *value, int64_t *power)
{
	bool negative = text < end && *text == '-', point = false;
	const char *at = text, *digits;
	int64_t zeros = 0, count, exponent;

	at += negative || (text < end && *text == '+');
	digits = at;
	*value = *power = 0;
	for (; at < end && (form_is_digit(*at) || (*at == '.' && !point));
	     at++) {
		if (*at == '.') {
			point = true;
			continue;
		}
		zeros++;
		*power -= point;
		if (*at == '0')
			continue;
		if (!form_scale(value, zeros) ||
		    __builtin_add_overflow(*value, *at - '0', value))
			return NULL;
		zeros = 0;
	}
	*power += zeros;
	count = at - digits - point;
	if (count == 0 || at[-1] == '.')
		return NULL;
	if (at < end && (*at | 0x20) == 'e') {
		bool plus = at + 1 < end && at[1] == '+';

		at = bci_integer_parse(at + 1, end, &exponent);
		if (at == NULL || exponent < -40 || exponent > 40)
			return NULL;
		*power += exponent;
		/* "1.70407E+12": spreadsheets and %g have cut it short. */
		if (plus && count < 8 && *power > 0 && *value != 0)
			return NULL;
	}
	*value = negative ? -*value : *value;
	return at;
}

/* The decimal logarithm of a unit. */
static int64_t
form_unit_power(int64_t unit_ns)
{
	int64_t power = 0;

	for (; unit_ns > 1; unit_ns /= 10)
		power++;
	return power;
}

/* The same as form_number() for what is no integer as it stands. */
static const char *
form_odd_number(const char *text, const char *end, int64_t *unit_ns,
                int64_t *time_ns)
{
	int64_t power, whole;
	const char *at = form_decimal(text, end, time_ns, &power);

	if (at == NULL)
		return NULL;
	if (*unit_ns == 0) {
		whole = *time_ns;
		for (int64_t i = power; i < 0 && whole != 0; i++)
			whole /= 10;
		if (power > 0 && !form_scale(&whole, power))
			return NULL;
		*unit_ns = bci_moment_unit(whole);
		if (*unit_ns == 0)
			return NULL;
	}
	if (!form_scale(time_ns, power + form_unit_power(*unit_ns)))
		return NULL;
	return at;
}

/* What follows a point and zeros that end a number; else 'at'. */
static const char *
form_skip_zeros(const char *at, const char *end)
{
	const char *next = at + 1;

	while (next < end && *next == '0')
		next++;
	if (next == at + 1 ||
	    (next < end && (form_is_digit(*next) || (*next | 0x20) == 'e')))
		return at;
	return next;
}

/* A count of units; *unit_ns is 0 or the unit, and then the unit. */
static const char *
form_number(const char *text, const char *end, int64_t *unit_ns,
            int64_t *time_ns)
{
	int64_t value;
	const char *at = bci_integer_parse(text, end, &value);

	/* Seconds as floats end in ".0". */
	if (at != NULL && at < end && *at == '.')
		at = form_skip_zeros(at, end);
	if (at == NULL || (at < end && (*at == '.' || (*at | 0x20) == 'e')))
		return form_odd_number(text, end, unit_ns, time_ns);
	if (*unit_ns == 0)
		*unit_ns = bci_moment_unit(value);
	if (*unit_ns == 0 || __builtin_mul_overflow(value, *unit_ns, time_ns))
		return NULL;
	return at;
}

const char *
bci_form_parse(const struct bci_form *form, struct bci_form_memo *memo,
               const char *text, const char *end, int64_t *time_ns, bool *utc)
{
	int64_t unit_ns = form->unit_ns;
	const char *at;

	if (BCI_LIKELY(form->kind == BCI_FORM_TEXT))
		return form_text(form, memo, text, end, time_ns, utc);
	if (form->kind == BCI_FORM_NONE)
		return NULL;
	at = form_number(text, end, &unit_ns, time_ns);
	*utc = form->kind == BCI_FORM_UNIX;
	if (at == NULL || (!*utc && (*time_ns < 0 || *time_ns >= BCI_DAY_NS)))
		return NULL;
	if (memo != NULL)
		memo->unit_ns = unit_ns;
	return at;
}

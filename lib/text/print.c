/* SPDX-License-Identifier: MIT */
/*
 * print.c - numbers and moments as text, for many rows.
 *
 * Numbers of a market have few decimals, and those of one column about the same
 * number of them.  So a double is multiplied by a power of ten that was right
 * for the one before; if the whole number next to the product, divided by the
 * power, gives the double back, its digits are the text.  The division rounds
 * correctly (both sides are doubles without error), and up to 15 digits no two
 * decimals share a double, so that there is no shorter text.  All others take
 * the long way.
 *
 * Of a moment only the time of day is written anew while the day is the same.
 */
#include "common.h"

#include <math.h>

#include "calendar.h"
#include "number.h"
#include "print.h"

#define MILLISECOND INT64_C(1000000)
#define SECOND BCI_SECOND_NS
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY BCI_DAY_NS

#define PRINT_DECIMALS 8     /* as many as exchanges give */
#define PRINT_WHOLE_MAX 1e15 /* whole numbers below it have 15 digits */

static const char print_pairs[] = "00010203040506070809"
				  "10111213141516171819"
				  "20212223242526272829"
				  "30313233343536373839"
				  "40414243444546474849"
				  "50515253545556575859"
				  "60616263646566676869"
				  "70717273747576777879"
				  "80818283848586878889"
				  "90919293949596979899";

static const double print_tens[PRINT_DECIMALS + 1] = { 1e0, 1e1, 1e2, 1e3, 1e4,
	                                               1e5, 1e6, 1e7, 1e8 };

/* ------------------------------------------------------------------------ */
/*  Numbers                                                                 */
/* ------------------------------------------------------------------------ */

/* Two digits of a value below 100. */
static inline char *
print_pair(char *at, uint64_t value)
{
	memcpy(at, print_pairs + 2 * value, 2);
	return at + 2;
}

/* A value without leading zeros. */
static inline char *
print_digits(char *at, uint64_t value)
{
	char text[20];
	char *from = text + sizeof(text);

	while (value >= 100) {
		from -= 2;
		print_pair(from, value % 100);
		value /= 100;
	}
	if (value >= 10) {
		from -= 2;
		print_pair(from, value);
	} else {
		*--from = (char)('0' + value);
	}
	memcpy(at, from, (size_t)(text + sizeof(text) - from));
	return at + (text + sizeof(text) - from);
}

/* A value in 'count' digits, without the zeros at its end; not 0. */
static inline char *
print_fraction(char *at, uint32_t value, int count)
{
	char text[PRINT_DECIMALS];

	/* The digits stand at the front of a number of eight of them. */
	value *= (uint32_t)print_tens[PRINT_DECIMALS - count];
	for (int i = PRINT_DECIMALS - 2; i >= 0; i -= 2) {
		print_pair(text + i, value % 100);
		value /= 100;
	}
	memcpy(at, text, sizeof(text));
	while (at[count - 1] == '0')
		count--;
	return at + count;
}

char *
bci_print_integer(char *at, int64_t value)
{
	uint64_t size = (uint64_t)value;

	if (value < 0) {
		*at++ = '-';
		size = 0 - size;
	}
	return print_digits(at, size);
}

/* Whether 'size' is a whole number of the last of so many decimals. */
static inline bool
print_fits(double size, int decimals, uint64_t *whole)
{
	double scaled = size * print_tens[decimals];

	/* NaN fails the comparison too. */
	if (!(scaled < PRINT_WHOLE_MAX))
		return false;
	*whole = (uint64_t)(scaled + 0.5);
	return (double)*whole / print_tens[decimals] == size;
}

/* The fewest decimals of which 'size' is a whole number, if there are any. */
static bool
print_search(double size, int *decimals, uint64_t *whole)
{
	int count = PRINT_DECIMALS;

	while (count > 0 && size * print_tens[count] >= PRINT_WHOLE_MAX)
		count--;
	if (!print_fits(size, count, whole))
		return false;
	for (; count > 0 && *whole % 10 == 0; count--)
		*whole /= 10;
	*decimals = count;
	return true;
}

/* What has more decimals, or is too large, or is no number. */
static char *
print_slowly(char *at, double value)
{
	char text[BCI_NUMBER_TEXT];
	size_t bytes = bci_number_format(value, text);

	memcpy(at, text, bytes);
	return at + bytes;
}

char *
bci_print_number(char *at, double value, int *decimals)
{
	double size = fabs(value);
	uint64_t whole, units;

	if (BCI_UNLIKELY(!print_fits(size, *decimals, &whole)) &&
	    !print_search(size, decimals, &whole))
		return print_slowly(at, value);
	if (signbit(value))
		*at++ = '-';
	/* No decimal of 15 digits rounds to a double across an integer. */
	units = (uint64_t)size;
	at = print_digits(at, units);
	whole -= units * (uint64_t)print_tens[*decimals];
	if (whole == 0)
		return at;
	*at++ = '.';
	return print_fraction(at, (uint32_t)whole, *decimals);
}

/* ------------------------------------------------------------------------ */
/*  Moments                                                                 */
/* ------------------------------------------------------------------------ */

/* The unit of a form's last part, or 0 if it has one that is not written. */
static int64_t
print_unit(const struct bci_form *form)
{
	static const char written[] = "YmdzHMS";
	static const int64_t units[] = { DAY,  DAY,    DAY,   DAY,
		                         HOUR, MINUTE, SECOND };
	int64_t unit_ns = DAY;
	uint32_t seen = 0;

	if (form->kind != BCI_FORM_TEXT)
		return form->unit_ns == 0 ? MILLISECOND : form->unit_ns;
	for (const char *at = form->text; *at != '\0'; at++) {
		const char *place;
		size_t index;

		if (*at == '[')
			return 0;
		if (*at != '%')
			continue;
		place = strchr(written, *++at);
		if (*at == '\0' || place == NULL)
			return 0;
		index = (size_t)(place - written);
		if ((seen & 1U << index) != 0)
			return 0;
		seen |= 1U << index;
		unit_ns = units[index] < unit_ns ? units[index] : unit_ns;
	}
	return unit_ns;
}

bool
bci_print_moment_begin(struct bci_print_moment *moment, const char *form)
{
	*moment = (struct bci_print_moment){ 0 };
	if (!bci_form_compile(form, &moment->form))
		return false;
	moment->unit_ns = print_unit(&moment->form);
	return moment->unit_ns != 0;
}

/* An offset from UTC: "+05:30". */
static char *
print_ahead(char *at, int64_t ahead_ns)
{
	int64_t minutes = ahead_ns / MINUTE;

	*at++ = minutes < 0 ? '-' : '+';
	minutes = minutes < 0 ? -minutes : minutes;
	at = print_pair(at, (uint64_t)(minutes / 60));
	*at++ = ':';
	return print_pair(at, (uint64_t)(minutes % 60));
}

/* Write the text of a day with room for the time of day. */
static void
print_day(struct bci_print_moment *moment, int64_t day, int64_t ahead_ns)
{
	struct bci_date date = bci_date_of_days(day);
	char *at = moment->text;

	moment->clock_count = 0;
	for (const char *form = moment->form.text; *form != '\0'; form++) {
		if (*form != '%') {
			*at++ = *form;
			continue;
		}
		switch (*++form) {
		case 'Y':
			at = print_pair(at, (uint64_t)date.year / 100);
			at = print_pair(at, (uint64_t)date.year % 100);
			break;
		case 'm':
			at = print_pair(at, (uint64_t)date.month);
			break;
		case 'd':
			at = print_pair(at, (uint64_t)date.day);
			break;
		case 'z':
			at = print_ahead(at, ahead_ns);
			break;
		default:
			moment->clock[moment->clock_count].what = *form;
			moment->clock[moment->clock_count++].at =
				(uint8_t)(at - moment->text);
			at += 2;
		}
	}
	moment->bytes = (size_t)(at - moment->text);
	moment->day = day;
	moment->ahead_ns = ahead_ns;
	moment->begun = true;
}

char *
bci_print_moment(struct bci_print_moment *moment, char *at, int64_t utc_ns,
                 int64_t ahead_ns)
{
	int64_t local_ns = utc_ns + ahead_ns;
	int64_t day = local_ns / DAY - (local_ns % DAY < 0);
	int64_t of_day_ns = local_ns % DAY + (local_ns % DAY < 0 ? DAY : 0);
	uint64_t second = (uint64_t)(of_day_ns / SECOND);

	if (moment->form.kind == BCI_FORM_UNIX)
		return bci_print_integer(at, utc_ns / moment->unit_ns);
	if (moment->form.kind == BCI_FORM_OF_DAY)
		return bci_print_integer(at, of_day_ns / moment->unit_ns);
	if (BCI_UNLIKELY(!moment->begun || day != moment->day ||
	                 ahead_ns != moment->ahead_ns))
		print_day(moment, day, ahead_ns);
	memcpy(at, moment->text, BCI_PRINT_MAX);
	for (uint32_t i = 0; i < moment->clock_count; i++) {
		char what = moment->clock[i].what;

		print_pair(at + moment->clock[i].at, what == 'H' ? second / 3600
		                                     : what == 'M'
		                                             ? second / 60 % 60
		                                             : second % 60);
	}
	return at + moment->bytes;
}

/* SPDX-License-Identifier: MIT */
/*
 * number.c - text to numbers and back, fast, exact and deaf to the locale.
 *
 * Parsing takes the first of three ways that is exact.  A mantissa up to 2^53
 * and a power of ten up to 22 are both doubles, so one multiplication or
 * division rounds correctly (Clinger): nearly every price.  Up to 19 digits
 * and a power of ten up to 27, which fits 64 bits without its powers of two,
 * are rounded from a product or quotient of 128 bits: what prints with 16 or
 * 17 digits.  The rest goes to strtod() in the C locale, rewritten as digits
 * and an exponent without a point.
 *
 * Formatting is as exact: the shortest text is found with integers of 128 bits
 * or, for the very large and small, by trial of what printf() rounds to.
 */
#include "common.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "number.h"

_Static_assert(FLT_EVAL_METHOD == 0, "one rounding an operation");

__extension__ typedef unsigned __int128 number_wide;

/* No tie between two doubles has more digits than this. */
#define DIGITS_MAX 800

static const double number_tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,
	                              1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
	                              1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
	                              1e18, 1e19, 1e20, 1e21, 1e22 };

/* The powers of five that fit. */
static const uint64_t number_fives[] = {
	UINT64_C(1),
	UINT64_C(5),
	UINT64_C(25),
	UINT64_C(125),
	UINT64_C(625),
	UINT64_C(3125),
	UINT64_C(15625),
	UINT64_C(78125),
	UINT64_C(390625),
	UINT64_C(1953125),
	UINT64_C(9765625),
	UINT64_C(48828125),
	UINT64_C(244140625),
	UINT64_C(1220703125),
	UINT64_C(6103515625),
	UINT64_C(30517578125),
	UINT64_C(152587890625),
	UINT64_C(762939453125),
	UINT64_C(3814697265625),
	UINT64_C(19073486328125),
	UINT64_C(95367431640625),
	UINT64_C(476837158203125),
	UINT64_C(2384185791015625),
	UINT64_C(11920928955078125),
	UINT64_C(59604644775390625),
	UINT64_C(298023223876953125),
	UINT64_C(1490116119384765625),
	UINT64_C(7450580596923828125),
};

/* A number taken apart: the value is mantissa * 10^exponent. */
struct number_parts {
	const char *digits; /* the first digit or the point */
	const char *end;    /* behind the last digit */
	uint64_t mantissa;  /* modulo 2^64 */
	int64_t count;      /* of digits */
	int64_t exponent;
};

/* ------------------------------------------------------------------------ */
/*  Digits                                                                  */
/* ------------------------------------------------------------------------ */

static inline bool
number_is_digit(char byte)
{
	return (unsigned char)(byte - '0') <= 9;
}

/* Whether all eight bytes of a word are digits. */
static inline bool
number_all_digits(uint64_t word)
{
	uint64_t high = word & UINT64_C(0xf0f0f0f0f0f0f0f0);
	uint64_t carry = (word + UINT64_C(0x0606060606060606)) &
	                 UINT64_C(0xf0f0f0f0f0f0f0f0);

	return (high | carry >> 4) == UINT64_C(0x3333333333333333);
}

/* Append the run of digits at 'text' to *mantissa; returns its end. */
static inline const char *
number_run(const char *text, const char *end, uint64_t *mantissa)
{
	uint64_t word, value = *mantissa;

	while (end - text >= 8) {
		word = bci_number_load(text);
		if (!number_all_digits(word))
			break;
		word ^= UINT64_C(0x3030303030303030);
		value = value * 100000000 + bci_number_eight(word);
		text += 8;
	}
	while (text < end && number_is_digit(*text))
		value = value * 10 + (uint64_t)(*text++ - '0');
	*mantissa = value;
	return text;
}

/* The exponent behind an 'e' at 'text', if there is one; returns its end. */
static const char *
number_exponent(const char *text, const char *end, int64_t *exponent)
{
	const char *at = text + 1;
	bool negative = false;
	int64_t value = 0;

	if (at < end && (*at == '-' || *at == '+'))
		negative = *at++ == '-';
	if (at == end || !number_is_digit(*at))
		return text;
	for (; at < end && number_is_digit(*at); at++)
		if (value < INT64_MAX / 100) /* Far beyond any length. */
			value = value * 10 + (*at - '0');
	*exponent += negative ? -value : value;
	return at;
}

/* ------------------------------------------------------------------------ */
/*  Digits to a double                                                      */
/* ------------------------------------------------------------------------ */

/*
 * value * 2^exponent rounded to the nearest double, ties to even; 'sticky'
 * says that the value is a little more.  'value' has more than 53 bits, and
 * the result is far from overflow and from denormals.
 */
static double
number_round(number_wide value, bool sticky, int exponent)
{
	uint64_t high = (uint64_t)(value >> 64);
	int bits = high != 0 ? 128 - __builtin_clzll(high)
	                     : 64 - __builtin_clzll((uint64_t)value);
	int shift = bits - DBL_MANT_DIG;
	number_wide half = (number_wide)1 << (shift - 1);
	number_wide rest = value & (half * 2 - 1);
	uint64_t mantissa = (uint64_t)(value >> shift);

	if (rest > half || (rest == half && (sticky || (mantissa & 1) != 0)))
		mantissa++;
	return ldexp((double)mantissa, exponent + shift);
}

/* mantissa * 10^exponent for a mantissa above 2^53, |exponent| up to 27. */
static double
number_wide_value(uint64_t mantissa, int exponent)
{
	int power = exponent < 0 ? -exponent : exponent;
	uint64_t fives = number_fives[power];
	number_wide quotient, dividend;
	int shift, shift_fives;

	if (exponent >= 0)
		return number_round((number_wide)mantissa * fives, false,
		                    exponent);
	/* Both with the top bit set, so that 63 or 64 bits come out. */
	shift = __builtin_clzll(mantissa);
	shift_fives = __builtin_clzll(fives);
	dividend = (number_wide)(mantissa << shift) << 63;
	quotient = dividend / (fives << shift_fives);
	return number_round(quotient,
	                    quotient * (fives << shift_fives) != dividend,
	                    shift_fives - shift - 63 + exponent);
}

/*
 * The value of any decimal: rewritten as at most DIGITS_MAX digits, one more
 * that stands for all others if these are not zero, and an exponent.
 */
static double
number_any_value(const struct number_parts *parts)
{
	char text[DIGITS_MAX + 32];
	size_t used = 0;
	int64_t exponent = parts->exponent;
	bool sticky = false;
	locale_t plain;
	double value;

	for (const char *at = parts->digits; at < parts->end; at++) {
		if (*at == '.' || (used == 0 && *at == '0'))
			continue;
		if (used < DIGITS_MAX) {
			text[used++] = *at;
		} else {
			sticky = sticky || *at != '0';
			exponent++;
		}
	}
	if (used == 0 || exponent < -DIGITS_MAX - 400)
		return 0.0;
	if (exponent > 400)
		return INFINITY;
	if (sticky) {
		text[used++] = '1';
		exponent--;
	}
	snprintf(text + used, sizeof(text) - used, "e%d", (int)exponent);
	/* The C locale is a constant of the C library: no memory, no file. */
	plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	value = strtod_l(text, NULL, plain);
	freelocale(plain);
	return value;
}

/* The value by the quickest way that is exact. */
static inline double
number_value(const struct number_parts *parts)
{
	int64_t exponent = parts->exponent, digits = parts->count;
	uint64_t mantissa = parts->mantissa;

	if (BCI_UNLIKELY(digits > 19)) {
		for (const char *at = parts->digits;
		     at < parts->end && (*at == '0' || *at == '.'); at++)
			digits -= *at == '0';
		if (digits > 19)
			return number_any_value(parts);
	}
	if (BCI_LIKELY(mantissa <= UINT64_C(1) << DBL_MANT_DIG)) {
		if (exponent <= 0 && exponent >= -22)
			return (double)mantissa / number_tens[-exponent];
		if (exponent > 0 && exponent <= 22)
			return (double)mantissa * number_tens[exponent];
	} else if (exponent >= -27 && exponent <= 27) {
		return number_wide_value(mantissa, (int)exponent);
	}
	return number_any_value(parts);
}

/* One of the words at 'text', in any case; returns its end or NULL. */
static const char *
number_word(const char *text, const char *end, double *out)
{
	static const struct {
		const char *word;
		double value;
	} words[] = { { "nan", NAN },
		      { "infinity", INFINITY },
		      { "inf", INFINITY } };

	for (size_t i = 0; i < BCI_COUNT(words); i++) {
		size_t bytes = strlen(words[i].word);

		if ((size_t)(end - text) < bytes ||
		    strncasecmp(text, words[i].word, bytes) != 0)
			continue;
		*out = words[i].value;
		return text + bytes;
	}
	return NULL;
}

/*
 * Take a number apart.  Returns its end, which is 'text' behind the sign where
 * it has no digits, or NULL if it is hexadecimal.
 */
static inline const char *
number_take(const char *text, const char *end, struct number_parts *parts,
            bool *negative)
{
	const char *at, *point;

	*parts = (struct number_parts){ 0 };
	*negative = false;
	if (text < end && (*text == '-' || *text == '+'))
		*negative = *text++ == '-';
	parts->digits = text;
	at = number_run(text, end, &parts->mantissa);
	parts->count = at - text;
	if (at < end && *at == '.') {
		point = at;
		at = number_run(point + 1, end, &parts->mantissa);
		parts->exponent = point + 1 - at;
		parts->count -= parts->exponent;
	}
	parts->end = at;
	if (BCI_UNLIKELY(parts->count == 0))
		return text;
	if (at < end && (*at | 0x20) == 'e')
		return number_exponent(at, end, &parts->exponent);
	if (at < end && (*at | 0x20) == 'x' && at == text + 1 && *text == '0')
		return NULL;
	return at;
}

const char *
bci_number_parse(const char *text, const char *end, double *out)
{
	struct number_parts parts;
	bool negative;
	double value;

	text = number_take(text, end, &parts, &negative);
	if (text == NULL)
		return NULL;
	if (BCI_LIKELY(parts.count > 0))
		value = number_value(&parts);
	else
		text = number_word(text, end, &value);
	if (text != NULL)
		*out = negative ? -value : value;
	return text;
}

const char *
bci_integer_parse(const char *text, const char *end, int64_t *out)
{
	uint64_t value = 0, limit = INT64_MAX;
	const char *at, *digits;
	bool negative = false;

	if (text < end && (*text == '-' || *text == '+'))
		negative = *text++ == '-';
	limit += negative;
	for (digits = text; digits < end && *digits == '0'; digits++)
		;
	at = number_run(digits, end, &value);
	if (at == text || at - digits > 19 || value > limit)
		return NULL;
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return at;
}

/* The digits of 'parts' as an integer; false if it is none or does not fit. */
static bool
number_whole(const struct number_parts *parts, bool negative, int64_t *out)
{
	uint64_t value = 0, limit = (uint64_t)INT64_MAX + negative;
	int64_t zeros = parts->exponent;
	const char *last = parts->end;

	/* Zeros behind the last other digit may stand behind the point. */
	for (; last > parts->digits && (last[-1] == '0' || last[-1] == '.');
	     last--)
		zeros += last[-1] == '0';
	if (last == parts->digits)
		zeros = 0;
	if (zeros < 0 || zeros > 18)
		return false;
	for (const char *at = parts->digits; at < last; at++) {
		if (*at == '.')
			continue;
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'),
		                           &value))
			return false;
	}
	for (; zeros > 0; zeros--)
		if (__builtin_mul_overflow(value, (uint64_t)10, &value))
			return false;
	if (value > limit)
		return false;
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

const char *
bci_whole_parse(const char *text, const char *end, int64_t *out, bool *whole)
{
	struct number_parts parts;
	bool negative;

	*whole = false;
	text = number_take(text, end, &parts, &negative);
	if (text == NULL || parts.count == 0)
		return NULL;
	*whole = number_whole(&parts, negative, out);
	return text;
}

/* ------------------------------------------------------------------------ */
/*  A double to digits                                                      */
/* ------------------------------------------------------------------------ */

/*
 * Write digits * 10^exponent: plainly from 1e-8, as cheap coins cost, up to
 * 1e21, else with an exponent.
 */
static size_t
number_write(bool negative, uint64_t digits, int exponent,
             char text[BCI_NUMBER_TEXT])
{
	char reversed[20];
	char *at = text;
	int count = 0, point;

	while (digits != 0 && digits % 10 == 0) {
		digits /= 10;
		exponent++;
	}
	do {
		reversed[count++] = (char)('0' + digits % 10);
		digits /= 10;
	} while (digits != 0);
	point = count + exponent; /* digits before it */
	if (negative)
		*at++ = '-';
	if (point > 21 || point < -7) {
		*at++ = reversed[count - 1];
		if (count > 1)
			*at++ = '.';
		for (int i = count - 2; i >= 0; i--)
			*at++ = reversed[i];
		at += snprintf(at, 8, "e%d", point - 1);
		return (size_t)(at - text);
	}
	for (int i = point < 1 ? point - 1 : 0; i < count || i < point; i++) {
		if (i == point)
			*at++ = '.';
		*at++ = (char)(i >= 0 && i < count ? reversed[count - 1 - i]
		                                   : '0');
	}
	*at = '\0';
	return (size_t)(at - text);
}

/* The text of what is not finite. */
static size_t
number_write_word(double value, char text[BCI_NUMBER_TEXT])
{
	const char *word = isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";

	size_t bytes = strlen(word);

	memcpy(text, word, bytes + 1);
	return bytes;
}

/*
 * The shortest decimal that gives 'value' back, and the nearest to it of its
 * length, if all sums fit 128 bits: from 1e-11 to 2^55, which is nearly every
 * price and volume.
 *
 * The value is scaled by a power of ten to 17 or 18 digits before the point.
 * All that lies nearer to it than to its neighbours, from 'low' to 'high', is
 * as good, and digits are dropped from both ends while a multiple of the next
 * power of ten remains between them.
 */
static bool
number_shortest(double value, bool is_f32, uint64_t *digits, int *exponent)
{
	int spare = is_f32 ? DBL_MANT_DIG - FLT_MANT_DIG : 0;
	number_wide scaled, low, high, step;
	uint64_t mantissa, first, last;
	int power, shift, tens;

	mantissa = (uint64_t)ldexp(frexp(value, &power), DBL_MANT_DIG);
	/* 2^(power - 1) <= value; 1233 / 4096 is a little below log10(2). */
	tens = 16 - (((power - 1) * 1233 + 4096 * 400) / 4096 - 400);
	shift = 2 + DBL_MANT_DIG - power - tens;
	if (tens < 0 || tens > 27 || shift < 0)
		return false;
	scaled = (number_wide)(4 * mantissa) * number_fives[tens];
	step = (number_wide)number_fives[tens] << spare;
	high = scaled + 2 * step;
	/* Below a power of two the neighbour is half as far away. */
	low = scaled - (mantissa == UINT64_C(1) << 52 ? step : 2 * step);
	if ((mantissa >> spare & 1) != 0) {
		low++; /* A tie would go to the neighbour, which is even. */
		high--;
	}
	step = (number_wide)1 << shift;
	first = (uint64_t)((low + step - 1) >> shift);
	last = (uint64_t)(high >> shift);
	for (; (first + 9) / 10 <= last / 10; tens--) {
		first = (first + 9) / 10;
		last /= 10;
		step *= 10;
	}
	*digits = (uint64_t)(scaled / step);
	scaled = (scaled - *digits * step) * 2;
	*digits += scaled > step || (scaled == step && (*digits & 1) != 0);
	*digits = *digits < first ? first : *digits > last ? last : *digits;
	*exponent = -tens;
	return true;
}

/* 'value' rounded to 'count' digits; the locale's point is stepped over. */
static void
number_round_digits(double value, int count, uint64_t *digits, int *exponent)
{
	char text[BCI_NUMBER_TEXT];
	const char *at = text;

	snprintf(text, sizeof(text), "%.*e", count - 1, value);
	*digits = 0;
	for (; *at != 'e'; at++)
		if (number_is_digit(*at))
			*digits = *digits * 10 + (uint64_t)(*at - '0');
	*exponent = atoi(at + 1) - (count - 1);
}

/* Write the decimal if it gives 'value' back; returns its length or 0. */
static size_t
number_try(double value, bool negative, bool is_f32, uint64_t digits,
           int exponent, char text[BCI_NUMBER_TEXT])
{
	size_t bytes = number_write(negative, digits, exponent, text);
	double back = 0;

	bci_number_parse(text + negative, text + bytes, &back);
	if (is_f32 ? (float)back != (float)value : back != value)
		return 0;
	return bytes;
}

/*
 * Shortest text of 'value', which is positive or zero.  Far from 1 one digit
 * more is tried at a time.  Below a power of two the nearest decimal may miss
 * and the next one above still hit.
 */
static size_t
number_format(double value, bool negative, bool is_f32,
              char text[BCI_NUMBER_TEXT])
{
	bool denormal = value < (is_f32 ? (double)FLT_MIN : DBL_MIN);
	int exponent, count = denormal ? 1 : is_f32 ? FLT_DIG : DBL_DIG;
	uint64_t digits;
	size_t bytes = 0;

	if (value == 0)
		return number_write(negative, 0, 0, text);
	if (number_shortest(value, is_f32, &digits, &exponent))
		bytes = number_try(value, negative, is_f32, digits, exponent,
		                   text);
	for (; bytes == 0; count++) {
		number_round_digits(value, count, &digits, &exponent);
		bytes = number_try(value, negative, is_f32, digits, exponent,
		                   text);
		if (bytes == 0)
			bytes = number_try(value, negative, is_f32, digits + 1,
			                   exponent, text);
	}
	return bytes;
}

size_t
bci_number_format(double value, char text[BCI_NUMBER_TEXT])
{
	if (!isfinite(value))
		return number_write_word(value, text);
	return number_format(fabs(value), signbit(value) != 0, false, text);
}

size_t
bci_number_format_f32(float value, char text[BCI_NUMBER_TEXT])
{
	if (!isfinite(value))
		return number_write_word((double)value, text);
	return number_format((double)fabsf(value), signbit(value) != 0, true,
	                     text);
}

/* SPDX-License-Identifier: MIT */
/*
 * number.h - text to numbers and back, fast, exact and deaf to the locale.
 */
#ifndef BCI_NUMBER_H
#define BCI_NUMBER_H

#include "common.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * Parse a decimal number that begins at 'text' and ends at the latest at 'end':
 * [+-]digits[.digits][(e|E)[+-]digits], ".5", "5.", and the words nan, inf,
 * infinity in any case.  *out is what strtod() gives in the C locale, bit for
 * bit (overflow gives an infinity, underflow a denormal or zero).  Returns the
 * first byte not used, or NULL if there is no number.  Hexadecimal is refused.
 */
const char *bci_number_parse(const char *text, const char *end, double *out);

/* The same for an integer that fits int64; NULL also if it does not fit. */
const char *bci_integer_parse(const char *text, const char *end, int64_t *out);

/*
 * The same for an integer in any spelling of bci_number_parse(), such as
 * "6416500.0" or "1.5e6".  *whole is false, and *out untouched, where the
 * number is no integer or does not fit.
 */
const char *bci_whole_parse(const char *text, const char *end, int64_t *out,
                            bool *whole);

#define BCI_NUMBER_TEXT 32

/*
 * The shortest decimal that parses back to 'value' bit for bit; "nan", "inf",
 * "-inf".  Returns the length without the NUL.
 */
size_t bci_number_format(double value, char text[BCI_NUMBER_TEXT]);

/* The same for a float. */
size_t bci_number_format_f32(float value, char text[BCI_NUMBER_TEXT]);

/* ------------------------------------------------------------------------ */
/*  Bare numbers in a row                                                   */
/* ------------------------------------------------------------------------ */

/*
 * What follows is for the innermost loop of a file that is read: no call, no
 * loop, few branches.  It looks at bytes behind the number, which need be no
 * part of it but have to be there: so many from its first byte on.
 */
#define BCI_NUMBER_AHEAD 32

/* Eight bytes; the first is the lowest. */
static inline uint64_t
bci_number_load(const char *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	return word;
}

/* The number that eight digits make, as values 0 to 9, the first in the lowest
 * byte: pairs, then fours, then both halves. */
static inline uint64_t
bci_number_eight(uint64_t word)
{
	word = word * 10 + (word >> 8);
	return ((word & UINT64_C(0x000000ff000000ff)) *
	                UINT64_C(0x000f424000000064) +
	        (word >> 16 & UINT64_C(0x000000ff000000ff)) *
	                UINT64_C(0x0000271000000001)) >>
	       32;
}

#ifdef __SSE2__

/*
 * Bit i of the result is clear where byte i of 16 is a digit; all above are
 * set.  Bit i of *points is set where it is 'point'.
 */
static inline uint32_t
bci_number_marks(const char *text, char point, uint32_t *points)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)text);
	/* Digits become the ten lowest values of a signed byte. */
	__m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8(0x80 - '0'));

	*points = (uint32_t)_mm_movemask_epi8(
		_mm_cmpeq_epi8(bytes, _mm_set1_epi8(point)));
	return ~(uint32_t)_mm_movemask_epi8(
		_mm_cmplt_epi8(moved, _mm_set1_epi8(-128 + 10)));
}

#else

/* A bit for each byte of 'word' with bit 7 set; the others are clear. */
static inline uint32_t
bci_number_gather(uint64_t word)
{
	return (uint32_t)((word >> 7) * UINT64_C(0x0102040810204080) >> 56);
}

static inline uint32_t
bci_number_marks(const char *text, char point, uint32_t *points)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint32_t marks = UINT32_MAX << 16;

	*points = 0;
	for (int i = 0; i < 2; i++) {
		uint64_t word = bci_number_load(text + 8 * i);
		uint64_t digit = word ^ ones * '0';
		uint64_t other = word ^ ones * (unsigned char)point;

		/* Sums stay within their byte, so each is exact. */
		digit |= (digit & ones * 0x7f) + ones * (0x80 - 10);
		other |= (other & ones * 0x7f) + ones * 0x7f;
		marks |= bci_number_gather(digit & ones * 0x80) << 8 * i;
		*points |= bci_number_gather(~other & ones * 0x80) << 8 * i;
	}
	return marks;
}

#endif

/*
 * Parse 1 to 8 digits and, behind 'point', up to 8 more.  Returns the first
 * byte not used, or NULL where it is not that simple: then bci_number_parse()
 * decides.  A number may go on behind what is used ("1.5e3").
 *
 * The digits behind the point are filled up with zeros to eight, so that the
 * value is a mantissa divided by 10^8.  Both are doubles without error if the
 * mantissa is at most 2^53, and one division rounds correctly.
 */
static inline const char *
bci_number_quick(const char *text, char point, double *out)
{
	const uint64_t zeros = UINT64_C(0x3030303030303030);
	uint32_t points, marks = bci_number_marks(text, point, &points);
	uint32_t first, end, whole, part;
	uint64_t mantissa, fraction;

	/* The end is the first mark that is not the first point. */
	marks ^= points & (0 - points);
	end = (uint32_t)__builtin_ctz(marks);
	first = (uint32_t)__builtin_ctz(points | 1u << 16);
	whole = first < end ? first : end;
	part = first < end ? end - first - 1 : 0;
	if (BCI_UNLIKELY(whole - 1 > 7 || part > 8))
		return NULL;
	mantissa = (bci_number_load(text) ^ zeros) << (64 - 8 * whole);
	fraction = bci_number_load(text + whole + 1) ^ zeros;
	/* In two steps, as a word cannot be shifted by all its bits. */
	fraction &= ~(UINT64_MAX << 4 * part << 4 * part);
	mantissa = bci_number_eight(mantissa) * 100000000 +
	           bci_number_eight(fraction);
	if (BCI_UNLIKELY(mantissa > UINT64_C(1) << 53))
		return NULL;
	*out = (double)(int64_t)mantissa / 1e8;
	return text + end;
}

/*
 * The same for an integer of 1 to 16 digits.
 */
static inline const char *
bci_integer_quick(const char *text, int64_t *out)
{
	const uint64_t zeros = UINT64_C(0x3030303030303030);
	uint32_t points, marks = bci_number_marks(text, '.', &points);
	uint32_t end = (uint32_t)__builtin_ctz(marks);
	uint64_t low, high = 0;

	if (BCI_UNLIKELY(end - 1 > 15))
		return NULL;
	low = bci_number_load(text) ^ zeros;
	if (end > 8) {
		high = bci_number_eight(low << (128 - 8 * end));
		low = bci_number_load(text + end - 8) ^ zeros;
	} else {
		low <<= 64 - 8 * end;
	}
	*out = (int64_t)(high * 100000000 + bci_number_eight(low));
	return text + end;
}

#endif /* BCI_NUMBER_H */

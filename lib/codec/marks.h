/* SPDX-License-Identifier: MIT */
/*
 * marks.h - fields of marked rows, and their way to those rows: the part of
 * kernels.h for layers of streams.
 *
 * With AVX2 eight at a time: eight fields of w bits are w bytes, so that the
 * words and shifts of a group are those of every group; and a byte of marks
 * says where each of its rows finds its field.
 */
#ifndef BCI_MARKS_H
#define BCI_MARKS_H

#include "kernel.h"

#ifdef __AVX2__
#include <immintrin.h>

static void
kernel_loosen(const unsigned char *in, unsigned width, size_t count,
              uint32_t *out)
{
	const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
	const __m256i bit =
		_mm256_mullo_epi32(lanes, _mm256_set1_epi32((int)width));
	const __m256i low = _mm256_srli_epi32(bit, 5);
	const __m256i high = _mm256_add_epi32(low, _mm256_set1_epi32(1));
	const __m256i right = _mm256_and_si256(bit, _mm256_set1_epi32(31));
	const __m256i left = _mm256_sub_epi32(_mm256_set1_epi32(32), right);
	const __m256i mask =
		_mm256_set1_epi32((int)(uint32_t)((UINT64_C(1) << width) - 1));

	for (size_t i = 0; i < count; i += 8) {
		__m256i words = _mm256_loadu_si256((const void *)in);
		__m256i from = _mm256_permutevar8x32_epi32(words, low);
		__m256i next = _mm256_permutevar8x32_epi32(words, high);

		/* A shift by 32 gives 0. */
		from = _mm256_or_si256(_mm256_srlv_epi32(from, right),
		                       _mm256_sllv_epi32(next, left));
		_mm256_storeu_si256((void *)(out + i),
		                    _mm256_and_si256(from, mask));
		in += width;
	}
}

/*
 * How many of the lowest k bits of m are set, in byte k, for each byte m; with
 * the sign bit set where bit k is not.
 */
#define MARKS_BIT(m, k) ((uint64_t)((m) >> (k)&1) * 0x0101010101010101U)
#define MARKS_NOT(m, k) ((uint64_t)(~(m) >> (k)&1) << (8 * (k) + 7))
#define MARKS_PLACES(m)                                                        \
	((MARKS_BIT(m, 0) << 8) + (MARKS_BIT(m, 1) << 16) +                    \
	 (MARKS_BIT(m, 2) << 24) + (MARKS_BIT(m, 3) << 32) +                   \
	 (MARKS_BIT(m, 4) << 40) + (MARKS_BIT(m, 5) << 48) +                   \
	 (MARKS_BIT(m, 6) << 56) + MARKS_NOT(m, 0) + MARKS_NOT(m, 1) +         \
	 MARKS_NOT(m, 2) + MARKS_NOT(m, 3) + MARKS_NOT(m, 4) +                 \
	 MARKS_NOT(m, 5) + MARKS_NOT(m, 6) + MARKS_NOT(m, 7))
#define MARKS_4(m)                                                             \
	MARKS_PLACES(m), MARKS_PLACES((m) + 1), MARKS_PLACES((m) + 2),         \
		MARKS_PLACES((m) + 3)
#define MARKS_16(m)                                                            \
	MARKS_4(m), MARKS_4((m) + 4), MARKS_4((m) + 8), MARKS_4((m) + 12)
#define MARKS_64(m)                                                            \
	MARKS_16(m), MARKS_16((m) + 16), MARKS_16((m) + 32), MARKS_16((m) + 48)

static const uint64_t marks_places[256] = { MARKS_64(0), MARKS_64(64),
	                                    MARKS_64(128), MARKS_64(192) };

/* The fields at 'fields' in the lanes that 'marks' marks, 0 in the others. */
static inline __m256i
marks_spread(unsigned marks, const uint32_t *fields)
{
	__m256i places = _mm256_cvtepi8_epi32(
		_mm_loadl_epi64((const void *)&marks_places[marks]));
	__m256i all = _mm256_permutevar8x32_epi32(
		_mm256_loadu_si256((const void *)fields), places);

	return _mm256_andnot_si256(_mm256_srai_epi32(places, 31), all);
}

static size_t
kernel_spread32(const unsigned char *marks, const uint32_t *fields,
                unsigned shift, size_t rows, uint32_t *out)
{
	const uint32_t *begin = fields;
	const __m128i by = _mm_cvtsi32_si128((int)shift);

	for (size_t i = 0; i < rows; i += 8) {
		__m256i *at = (__m256i *)(void *)(out + i);
		__m256i more = marks_spread(*marks, fields);

		_mm256_storeu_si256(
			at, _mm256_add_epi32(_mm256_loadu_si256(at),
		                             _mm256_sll_epi32(more, by)));
		fields += __builtin_popcount(*marks++);
	}
	return (size_t)(fields - begin);
}

static size_t
kernel_spread64(const unsigned char *marks, const uint32_t *fields,
                unsigned shift, size_t rows, uint64_t *out)
{
	const uint32_t *begin = fields;
	const __m128i by = _mm_cvtsi32_si128((int)shift);

	for (size_t i = 0; i < rows; i += 8) {
		__m256i *at = (__m256i *)(void *)(out + i);
		__m256i more = marks_spread(*marks, fields);
		__m256i low =
			_mm256_cvtepu32_epi64(_mm256_castsi256_si128(more));
		__m256i high = _mm256_cvtepu32_epi64(
			_mm256_extracti128_si256(more, 1));

		low = _mm256_sll_epi64(low, by);
		high = _mm256_sll_epi64(high, by);
		_mm256_storeu_si256(
			at, _mm256_add_epi64(_mm256_loadu_si256(at), low));
		_mm256_storeu_si256(
			at + 1,
			_mm256_add_epi64(_mm256_loadu_si256(at + 1), high));
		fields += __builtin_popcount(*marks++);
	}
	return (size_t)(fields - begin);
}

#else

/* A word of 64 bits, less up to 7 at its beginning, holds so many fields. */
static inline __attribute__((always_inline)) void
marks_loosen(const unsigned char *in, unsigned width, size_t count,
             const unsigned each, uint32_t *out)
{
	const uint64_t mask = (UINT64_C(1) << width) - 1;
	size_t bit = 0;

	for (size_t i = 0; i < count; i += each) {
		uint64_t word = bci_load64(in + bit / 8) >> bit % 8;

		for (unsigned j = 0; j < each; j++) {
			out[i + j] = (uint32_t)(word & mask);
			word >>= width;
		}
		bit += each * width;
	}
}

static void
kernel_loosen(const unsigned char *in, unsigned width, size_t count,
              uint32_t *out)
{
	if (width <= 14)
		marks_loosen(in, width, count, 4, out);
	else if (width <= 28)
		marks_loosen(in, width, count, 2, out);
	else
		marks_loosen(in, width, count, 1, out);
}

#if BCI_KERNEL_LANES > 0

/* Of four rows: where each finds its field, and all ones where marked. */
#define MARKS_BIT(m, k) ((m) >> (k)&1)
#define MARKS_ROW(m)                                                           \
	{                                                                      \
		{ 0, MARKS_BIT(m, 0), MARKS_BIT(m, 0) + MARKS_BIT(m, 1),       \
		  MARKS_BIT(m, 0) + MARKS_BIT(m, 1) + MARKS_BIT(m, 2) },       \
		{                                                              \
			0u - MARKS_BIT(m, 0), 0u - MARKS_BIT(m, 1),            \
				0u - MARKS_BIT(m, 2), 0u - MARKS_BIT(m, 3)     \
		}                                                              \
	}
static const struct marks_four {
	uint32_t places[4], mask[4];
} marks_fours[16] __attribute__((aligned(16))) = {
	MARKS_ROW(0u),  MARKS_ROW(1u),  MARKS_ROW(2u),  MARKS_ROW(3u),
	MARKS_ROW(4u),  MARKS_ROW(5u),  MARKS_ROW(6u),  MARKS_ROW(7u),
	MARKS_ROW(8u),  MARKS_ROW(9u),  MARKS_ROW(10u), MARKS_ROW(11u),
	MARKS_ROW(12u), MARKS_ROW(13u), MARKS_ROW(14u), MARKS_ROW(15u),
};

/*
 * The fields of four rows, 0 for those that are not marked, without a branch:
 * marks are too random for a processor to foresee.
 */
static inline __m128i
marks_spread(unsigned marks, const uint32_t **fields)
{
	const struct marks_four *four = &marks_fours[marks];
	const uint32_t *from = *fields;
	__m128i all = _mm_set_epi32((int)from[four->places[3]],
	                            (int)from[four->places[2]],
	                            (int)from[four->places[1]], (int)from[0]);

	*fields = from + four->places[3] + (marks >> 3);
	return _mm_and_si128(
		all, _mm_load_si128((const __m128i *)(const void *)four->mask));
}

static inline void
marks_add32(uint32_t *out, __m128i more)
{
	__m128i *at = (__m128i *)(void *)out;

	_mm_storeu_si128(at, _mm_add_epi32(_mm_loadu_si128(at), more));
}

static inline void
marks_add64(uint64_t *out, __m128i more)
{
	__m128i *at = (__m128i *)(void *)out;

	_mm_storeu_si128(at, _mm_add_epi64(_mm_loadu_si128(at), more));
}

static size_t
kernel_spread32(const unsigned char *marks, const uint32_t *fields,
                unsigned shift, size_t rows, uint32_t *out)
{
	const uint32_t *begin = fields;
	const __m128i by = _mm_cvtsi32_si128((int)shift);

	for (size_t i = 0; i < rows; i += 8) {
		unsigned both = *marks++;
		__m128i low = marks_spread(both & 15, &fields);
		__m128i high = marks_spread(both >> 4, &fields);

		marks_add32(out + i, _mm_sll_epi32(low, by));
		marks_add32(out + i + 4, _mm_sll_epi32(high, by));
	}
	return (size_t)(fields - begin);
}

static size_t
kernel_spread64(const unsigned char *marks, const uint32_t *fields,
                unsigned shift, size_t rows, uint64_t *out)
{
	const uint32_t *begin = fields;
	const __m128i by = _mm_cvtsi32_si128((int)shift);
	const __m128i zero = _mm_setzero_si128();

	for (size_t i = 0; i < rows; i += 4) {
		__m128i four =
			marks_spread(marks[i / 8] >> i % 8 & 15, &fields);
		__m128i low = _mm_unpacklo_epi32(four, zero);
		__m128i high = _mm_unpackhi_epi32(four, zero);

		marks_add64(out + i, _mm_sll_epi64(low, by));
		marks_add64(out + i + 2, _mm_sll_epi64(high, by));
	}
	return (size_t)(fields - begin);
}

#else

static size_t
kernel_spread32(const unsigned char *marks, const uint32_t *fields,
                unsigned shift, size_t rows, uint32_t *out)
{
	const uint32_t *begin = fields;
	for (size_t i = 0; i < rows; i++) {
		uint32_t marked = marks[i / 8] >> i % 8 & 1;

		out[i] += (*fields & (0 - marked)) << shift;
		fields += marked;
	}
	return (size_t)(fields - begin);
}

static size_t
kernel_spread64(const unsigned char *marks, const uint32_t *fields,
                unsigned shift, size_t rows, uint64_t *out)
{
	const uint32_t *begin = fields;
	for (size_t i = 0; i < rows; i++) {
		uint32_t marked = marks[i / 8] >> i % 8 & 1;

		out[i] += (uint64_t)(*fields & (0 - marked)) << shift;
		fields += marked;
	}
	return (size_t)(fields - begin);
}

#endif

#endif

#endif /* BCI_MARKS_H */

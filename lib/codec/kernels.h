/* SPDX-License-Identifier: MIT */
/*
 * kernels.h - the body of every kernel.  A kernel_<path>.c names its path in
 * BCI_KERNEL, says how many lanes its vectors have in BCI_KERNEL_LANES (0:
 * plain C), and includes this; the build gives it the processor's options.
 *
 * The loops are plain C that compilers make vectors of.  No operation depends
 * on how: integers are unsigned and wrap, floating point is only used where
 * each result is exact or rounded once, in an order that is written here
 * (contraction is off, FMA is called by name).
 */
#ifndef BCI_KERNELS_H
#define BCI_KERNELS_H

#include "kernel.h"

#if BCI_KERNEL_LANES > 0
#include <emmintrin.h>

#include "lanes.h"
#else
#include "plain.h"
#endif
#include "decimals.h"
#include "marks.h"

#ifdef __FAST_MATH__
#error "-ffast-math changes what is stored"
#endif
#if !defined(__FLT_EVAL_METHOD__) || __FLT_EVAL_METHOD__ != 0
#error "doubles must be computed as doubles"
#endif

static void
kernel_widen(const uint32_t *restrict low, uint64_t base,
             uint64_t *restrict out)
{
	for (size_t i = 0; i < BCI_PACK_ROWS; i++)
		out[i] = base + low[i];
}

static void
kernel_join(const uint32_t *restrict low, const uint32_t *restrict high,
            uint64_t base, uint64_t *restrict out)
{
	for (size_t i = 0; i < BCI_PACK_ROWS; i++)
		out[i] = base + (low[i] | (uint64_t)high[i] << 32);
}

static void
kernel_unfold32(uint32_t *values)
{
	for (size_t i = 0; i < BCI_PACK_ROWS; i++)
		values[i] = values[i] >> 1 ^ (0 - (values[i] & 1));
}

static void
kernel_unfold64(uint64_t *values)
{
	for (size_t i = 0; i < BCI_PACK_ROWS; i++)
		values[i] = values[i] >> 1 ^ (0 - (values[i] & 1));
}

/* sums[i] = first + all of a and b up to i, in place of a. */
static void
kernel_prefix32(uint32_t *restrict a, const uint32_t *restrict b,
                uint32_t first)
{
#if BCI_KERNEL_LANES > 0
	/* Four at a time; only one addition waits for the four before. */
	__m128i last = _mm_set1_epi32((int)first);

	for (size_t i = 0; i < BCI_PACK_ROWS; i += 4) {
		__m128i *at = (__m128i *)(void *)(a + i);
		__m128i sum =
			_mm_add_epi32(_mm_loadu_si128(at),
		                      _mm_loadu_si128((const void *)(b + i)));

		sum = _mm_add_epi32(sum, _mm_slli_si128(sum, 4));
		sum = _mm_add_epi32(sum, _mm_slli_si128(sum, 8));
		sum = _mm_add_epi32(sum, last);
		_mm_storeu_si128(at, sum);
		last = _mm_shuffle_epi32(sum, 0xFF);
	}
#else
	for (size_t i = 0; i < BCI_PACK_ROWS; i++) {
		first += a[i] + b[i];
		a[i] = first;
	}
#endif
}

/*
 * The close of a bar is the one of the bar before, plus both steps: the only
 * thing that goes from bar to bar.  The rest follows from it.
 */
static void
kernel_bars32(uint32_t *const columns[BCI_GROUP_COLUMNS], uint32_t first)
{
	uint32_t *restrict open = columns[0], *restrict high = columns[1];
	uint32_t *restrict low = columns[2], *restrict close = columns[3];

	kernel_prefix32(open, close, first);
	for (size_t i = 0; i < BCI_PACK_ROWS; i++) {
		int32_t c = (int32_t)open[i], o = (int32_t)(open[i] - close[i]);
		int32_t top = o > c ? o : c, bottom = o < c ? o : c;

		open[i] = (uint32_t)o;
		close[i] = (uint32_t)c;
		high[i] = (uint32_t)top + high[i];
		low[i] = (uint32_t)bottom - low[i];
	}
}

/*
 * Four columns are written side by side: the processor fetches what it is to
 * overwrite of all four while it computes, which takes a fifth less time than
 * one column after the other where these are in no cache.
 */
static inline __attribute__((always_inline)) void
kernel_prices(uint32_t *const columns[BCI_GROUP_COLUMNS], size_t count,
              const struct bci_scale *scale,
              const struct decimals_factor *factor, const bool divide,
              void *const out[BCI_GROUP_COLUMNS])
{
	const uint32_t *restrict sums = columns[0];
	const uint32_t *restrict above = columns[1];
	const uint32_t *restrict below = columns[2];
	const uint32_t *restrict step = columns[3];
	double *restrict open = out[0], *restrict high = out[1];
	double *restrict low = out[2], *restrict close = out[3];

	for (size_t i = 0; i < count; i++) {
		int32_t c = (int32_t)sums[i], o = (int32_t)(sums[i] - step[i]);
		int32_t top = o > c ? o : c, bottom = o < c ? o : c;
		int32_t h = (int32_t)((uint32_t)top + above[i]);
		int32_t l = (int32_t)((uint32_t)bottom - below[i]);

		open[i] = decimals_value(o, scale, factor, divide);
		high[i] = decimals_value(h, scale, factor, divide);
		low[i] = decimals_value(l, scale, factor, divide);
		close[i] = decimals_value(c, scale, factor, divide);
	}
}

static void
kernel_bars32_decimal(uint32_t *const columns[BCI_GROUP_COLUMNS],
                      uint32_t first, size_t from, size_t count,
                      const struct bci_scale *scale,
                      void *const out[BCI_GROUP_COLUMNS])
{
	const struct decimals_factor factor =
		decimals_factor(scale->tick, scale->exponent, 31);
	uint32_t *rows[BCI_GROUP_COLUMNS];

	kernel_prefix32(columns[0], columns[3], first);
	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++)
		rows[i] = columns[i] + from;
	if (factor.divide)
		kernel_prices(rows, count, scale, &factor, true, out);
	else
		kernel_prices(rows, count, scale, &factor, false, out);
}

static void
kernel_bars64(uint64_t *const columns[BCI_GROUP_COLUMNS], uint64_t first)
{
	uint64_t *restrict open = columns[0], *restrict high = columns[1];
	uint64_t *restrict low = columns[2], *restrict close = columns[3];

	for (size_t i = 0; i < BCI_PACK_ROWS; i++) {
		first += open[i] + close[i];
		open[i] = first;
	}
	for (size_t i = 0; i < BCI_PACK_ROWS; i++) {
		int64_t c = (int64_t)open[i], o = (int64_t)(open[i] - close[i]);
		int64_t top = o > c ? o : c, bottom = o < c ? o : c;

		open[i] = (uint64_t)o;
		close[i] = (uint64_t)c;
		high[i] = (uint64_t)top + high[i];
		low[i] = (uint64_t)bottom - low[i];
	}
}

static void
kernel_unbars(uint64_t (*prices)[BCI_PACK_ROWS], size_t count,
              uint64_t (*streams)[BCI_PACK_ROWS])
{
	const uint64_t *restrict open = prices[0], *restrict high = prices[1];
	const uint64_t *restrict low = prices[2], *restrict close = prices[3];

	streams[0][0] = 0;
	for (size_t i = 1; i < count; i++)
		streams[0][i] = open[i] - close[i - 1];
	for (size_t i = 0; i < count; i++) {
		uint64_t rises =
			0 - (uint64_t)((int64_t)open[i] < (int64_t)close[i]);
		uint64_t swap = (open[i] ^ close[i]) & rises;

		streams[1][i] = high[i] - (open[i] ^ swap);
		streams[2][i] = (close[i] ^ swap) - low[i];
		streams[3][i] = close[i] - open[i];
	}
}

static void
kernel_images(const uint64_t *restrict in, size_t count, uint64_t *restrict out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = bci_image64(in[i]);
}

static void
kernel_steps(uint64_t first, uint64_t slope, size_t count,
             uint64_t *restrict out)
{
	for (size_t i = 0; i < count; i++) {
		out[i] = first;
		first += slope;
	}
}

/* What is summed. */
enum kernel_kind { KERNEL_U32, KERNEL_I32, KERNEL_U64 };

static inline __attribute__((always_inline)) uint64_t
kernel_value(const void *in, size_t i, const enum kernel_kind kind)
{
	switch (kind) {
	case KERNEL_U32:
		return ((const uint32_t *)in)[i];
	case KERNEL_I32:
		return (uint64_t)((const int32_t *)in)[i];
	default:
		return ((const uint64_t *)in)[i];
	}
}

/*
 * Four values are summed by themselves, without waiting for those before them:
 * what goes from one four to the next is a single addition.
 */
static inline __attribute__((always_inline)) void
kernel_sum(const void *restrict in, const enum kernel_kind kind, size_t count,
           uint64_t base, uint64_t tick, uint64_t slope, uint64_t *restrict out)
{
	uint64_t sum = base - slope;
	size_t i = 0;

	for (; i + 4 <= count; i += 4) {
		uint64_t a = slope + tick * kernel_value(in, i, kind);
		uint64_t b = slope + tick * kernel_value(in, i + 1, kind) + a;
		uint64_t c = slope + tick * kernel_value(in, i + 2, kind) + b;
		uint64_t d = slope + tick * kernel_value(in, i + 3, kind) + c;

		out[i] = sum + a;
		out[i + 1] = sum + b;
		out[i + 2] = sum + c;
		sum += d;
		out[i + 3] = sum;
	}
	for (; i < count; i++) {
		sum += slope + tick * kernel_value(in, i, kind);
		out[i] = sum;
	}
}

static void
kernel_sum_u32(const uint32_t *in, size_t count, uint64_t base, uint64_t tick,
               uint64_t slope, uint64_t *out)
{
	kernel_sum(in, KERNEL_U32, count, base, tick, slope, out);
}

static void
kernel_sum_i32(const uint32_t *in, size_t count, uint64_t base, uint64_t tick,
               uint64_t slope, uint64_t *out)
{
	kernel_sum(in, KERNEL_I32, count, base, tick, slope, out);
}

static void
kernel_sum_u64(const uint64_t *in, size_t count, uint64_t base, uint64_t tick,
               uint64_t slope, uint64_t *out)
{
	kernel_sum(in, KERNEL_U64, count, base, tick, slope, out);
}

static int64_t
kernel_least(const uint64_t *in, size_t count)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < count; i++)
		least = (int64_t)in[i] < least ? (int64_t)in[i] : least;
	return least;
}

static int64_t
kernel_offsets(const uint64_t *restrict in, size_t count,
               uint64_t *restrict out)
{
	int64_t least = kernel_least(in, count);

	for (size_t i = 0; i < count; i++)
		out[i] = in[i] - (uint64_t)least;
	return least;
}

static int64_t
kernel_steps_of(const uint64_t *restrict in, size_t count,
                uint64_t *restrict out)
{
	int64_t least = 0;

	for (size_t i = 1; i < count; i++)
		out[i] = in[i] - in[i - 1];
	if (count > 1)
		least = kernel_least(out + 1, count - 1);
	out[0] = 0;
	for (size_t i = 1; i < count; i++)
		out[i] -= (uint64_t)least;
	return least;
}

/*
 * The length of an integer from the exponent that it has as a double.  With
 * the bit below the highest one cleared, no rounding reaches the next power of
 * two; the half that is added gives 0 an exponent too.
 */
static inline uint8_t
kernel_length(uint64_t value)
{
	double high, low, sum;

	value &= ~(value >> 1);
	high = bci_double(value >> 32 | bci_bits(0x1p84));
	low = bci_double((value & UINT32_MAX) | bci_bits(DECIMALS_LIFT));
	sum = (high - (0x1p84 + DECIMALS_LIFT)) + low + 0.5;
	return (uint8_t)((bci_bits(sum) >> 52) - 1022);
}

static void
kernel_lengths(const uint64_t *restrict in, size_t count, bool is_signed,
               uint8_t *restrict lengths)
{
	if (!is_signed) {
		for (size_t i = 0; i < count; i++)
			lengths[i] = kernel_length(in[i]);
		return;
	}
	for (size_t i = 0; i < count; i++)
		lengths[i] = kernel_length(in[i] << 1 ^ (0 - (in[i] >> 63)));
}

#ifdef __AVX2__
#define KERNEL_BYTES 32
#else
#define KERNEL_BYTES 16
#endif

/* Comparisons give -1 where they hold; a lane adds up to 64 of them. */
static unsigned
kernel_longer(const uint8_t *lengths, unsigned width)
{
	typedef int8_t vector
		__attribute__((vector_size(KERNEL_BYTES), aligned(1)));
	const vector above = (vector){ 0 } + (int8_t)width;
	const vector *at = (const vector *)(const void *)lengths;
	uint64_t parts[KERNEL_BYTES / 8], sum = 0;
	vector count = { 0 };

	for (size_t i = 0; i < BCI_PACK_ROWS / KERNEL_BYTES; i++)
		count -= at[i] > above;
	memcpy(parts, &count, sizeof(parts));
	for (size_t i = 0; i < KERNEL_BYTES / 8; i++)
		sum += parts[i]; /* Of each byte, up to 128. */
	sum = (sum & 0x00FF00FF00FF00FF) + (sum >> 8 & 0x00FF00FF00FF00FF);
	return (unsigned)(sum * 0x0001000100010001 >> 48);
}

#define KERNEL_NAME(path) bci_kernel_##path
#define KERNEL_TABLE(path) KERNEL_NAME(path)
#define KERNEL_STRING(path) #path
#define KERNEL_TEXT(path) KERNEL_STRING(path)

const struct bci_kernel KERNEL_TABLE(BCI_KERNEL) = {
	.name = KERNEL_TEXT(BCI_KERNEL),
	.unpack = kernel_unpack,
	.pack = kernel_pack,
	.widen = kernel_widen,
	.join = kernel_join,
	.loosen = kernel_loosen,
	.spread32 = kernel_spread32,
	.spread64 = kernel_spread64,
	.unfold32 = kernel_unfold32,
	.unfold64 = kernel_unfold64,
	.bars32 = kernel_bars32,
	.bars64 = kernel_bars64,
	.bars32_decimal = kernel_bars32_decimal,
	.unbars = kernel_unbars,
	.images = kernel_images,
	.steps = kernel_steps,
	.sum_u32 = kernel_sum_u32,
	.sum_i32 = kernel_sum_i32,
	.sum_u64 = kernel_sum_u64,
	.decimal_u32 = kernel_decimal_u32,
	.decimal_i32 = kernel_decimal_i32,
	.decimal_u64 = kernel_decimal_u64,
	.decimal_i64 = kernel_decimal_i64,
	.offsets = kernel_offsets,
	.steps_of = kernel_steps_of,
	.lengths = kernel_lengths,
	.longer = kernel_longer,
	.ticks = kernel_ticks,
};

#endif /* BCI_KERNELS_H */

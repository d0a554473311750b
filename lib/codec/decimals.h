/* SPDX-License-Identifier: MIT */
/*
 * decimals.h - integers to decimals and back: a part of kernels.h.
 *
 * A product with the inverse of a power of ten is wrong for a quarter of all
 * integers, and a division is slow.  So the inverse is given with twice the
 * digits, as a sum of two doubles, and the sum of its products with the integer
 * is rounded once.  What that misses the quotient by is less than the quotient
 * keeps from the middle of two doubles, which is 1 / (2 * 5^exponent) of their
 * distance: so the rounded sum is the double nearest to the quotient.
 */
#ifndef BCI_DECIMALS_H
#define BCI_DECIMALS_H

#include "kernel.h"

/* Added and subtracted, rounds a double below 2^51 to an integer. */
#define DECIMALS_ROUND 0x1.8p52
/* Its bits and those of an integer below 2^52 are their sum as a double. */
#define DECIMALS_LIFT 0x1p52
#define DECIMALS_LIMIT_BITS 51

static const double decimals_power[] = {
	1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
};

/* tick / 10^exponent, or that it takes a division by 10^exponent. */
struct decimals_factor {
	double high, low;
	bool divide;
};

#if defined(__FMA__) || defined(__aarch64__)

/* An FMA does not round the upper product: the sum misses 2^-52 of a step. */
static inline struct decimals_factor
decimals_factor(double tick, unsigned exponent, unsigned bits)
{
	const double power = decimals_power[exponent];
	const double high = tick / power;

	(void)bits;
	return (struct decimals_factor){
		high, __builtin_fma(-high, power, tick) / power, false
	};
}

static inline double
decimals_product(double integer, const struct decimals_factor *factor)
{
	return __builtin_fma(integer, factor->high, integer * factor->low);
}

/* The bits of the largest of base + tick * in[i]: no matter. */
static inline unsigned
decimals_bits(const uint32_t *in, size_t count, const struct bci_scale *scale)
{
	(void)in;
	(void)count;
	(void)scale;
	return 0;
}

#else

/*
 * For the upper product to be exact, the factor has only those digits that
 * integers of so many bits leave room for.  The lower one is then larger, and
 * the sum misses 2^(bits - 52) of a step: too much for large integers with
 * many decimals.
 */
static inline struct decimals_factor
decimals_factor(double tick, unsigned exponent, unsigned bits)
{
	const double power = decimals_power[exponent];
	const uint64_t half = UINT64_C(1) << (bits - 1);
	uint64_t high = bci_bits(tick / power) + half;
	struct decimals_factor factor;
	uint64_t five = 1;

	for (unsigned i = 0; i < exponent; i++)
		five *= 5;
	factor.high = bci_double(high - high % (2 * half));
	factor.low = (tick - factor.high * power) / power;
	factor.divide = 4 * five > UINT64_C(1) << (53 - bits);
	return factor;
}

static inline double
decimals_product(double integer, const struct decimals_factor *factor)
{
	return integer * factor->high + integer * factor->low;
}

/* The bits of the largest of base + tick * in[i], at least 31. */
static inline unsigned
decimals_bits(const uint32_t *in, size_t count, const struct bci_scale *scale)
{
	uint32_t any = 0;
	unsigned bits = 31;
	double most;

	for (size_t i = 0; i < count; i++)
		any |= in[i];
	most = __builtin_fabs(scale->base) + scale->tick * (double)any;
	while (bits < DECIMALS_LIMIT_BITS &&
	       most >= (double)(UINT64_C(1) << bits))
		bits++;
	return bits;
}

#endif

static void
kernel_decimal_u32(const uint32_t *restrict in, size_t count,
                   const struct bci_scale *scale, double *restrict out)
{
	const double base = scale->base, tick = scale->tick;
	const double power = decimals_power[scale->exponent];
	const uint64_t lift = bci_bits(DECIMALS_LIFT);
	const struct decimals_factor factor = decimals_factor(
		1, scale->exponent, decimals_bits(in, count, scale));

	for (size_t i = 0; i < count && factor.divide; i++) {
		double whole = bci_double(in[i] | lift) - DECIMALS_LIFT;

		out[i] = (whole * tick + base) / power;
	}
	for (size_t i = 0; i < count && !factor.divide; i++) {
		double whole = bci_double(in[i] | lift) - DECIMALS_LIFT;

		out[i] = decimals_product(whole * tick + base, &factor);
	}
}

/* tick * integer / 10^exponent. */
static inline __attribute__((always_inline)) double
decimals_value(int32_t integer, const struct bci_scale *scale,
               const struct decimals_factor *factor, const bool divide)
{
	if (divide)
		return integer * scale->tick / decimals_power[scale->exponent];
	return decimals_product(integer, factor);
}

static void
kernel_decimal_i32(const uint32_t *restrict in, size_t count,
                   const struct bci_scale *scale, double *restrict out)
{
	const struct decimals_factor factor =
		decimals_factor(scale->tick, scale->exponent, 31);

	for (size_t i = 0; i < count && factor.divide; i++)
		out[i] = decimals_value((int32_t)in[i], scale, &factor, true);
	for (size_t i = 0; i < count && !factor.divide; i++)
		out[i] = decimals_value((int32_t)in[i], scale, &factor, false);
}

static void
kernel_decimal_u64(const uint64_t *restrict in, size_t count,
                   const struct bci_scale *scale, double *restrict out)
{
	const double base = scale->base, tick = scale->tick;
	const double power = decimals_power[scale->exponent];
	const uint64_t lift = bci_bits(DECIMALS_LIFT);
	const struct decimals_factor factor =
		decimals_factor(1, scale->exponent, DECIMALS_LIMIT_BITS);

	for (size_t i = 0; i < count && factor.divide; i++) {
		double whole = bci_double(in[i] | lift) - DECIMALS_LIFT;

		out[i] = (whole * tick + base) / power;
	}
	for (size_t i = 0; i < count && !factor.divide; i++) {
		double whole = bci_double(in[i] | lift) - DECIMALS_LIFT;

		out[i] = decimals_product(whole * tick + base, &factor);
	}
}

static void
kernel_decimal_i64(const uint64_t *restrict in, size_t count,
                   const struct bci_scale *scale, double *restrict out)
{
	const double tick = scale->tick;
	const double power = decimals_power[scale->exponent];
	const uint64_t round = bci_bits(DECIMALS_ROUND);
	const struct decimals_factor factor =
		decimals_factor(tick, scale->exponent, DECIMALS_LIMIT_BITS);

	for (size_t i = 0; i < count && factor.divide; i++) {
		double whole = bci_double(in[i] + round) - DECIMALS_ROUND;

		out[i] = whole * tick / power;
	}
	for (size_t i = 0; i < count && !factor.divide; i++) {
		double whole = bci_double(in[i] + round) - DECIMALS_ROUND;

		out[i] = decimals_product(whole, &factor);
	}
}

/*
 * A value is good if its nearest integer gives it back.  Comparisons are such
 * that NaN fails them; -0.0 fails because its integer gives +0.0.
 */
static size_t
kernel_ticks(const double *restrict in, size_t count,
             const struct bci_scale *scale, uint64_t *restrict ticks,
             uint64_t *restrict bad)
{
	const double power = decimals_power[scale->exponent];
	const double tick = scale->tick, times = power / tick;
	const uint64_t round = bci_bits(DECIMALS_ROUND);
	const struct decimals_factor factor =
		decimals_factor(tick, scale->exponent, DECIMALS_LIMIT_BITS);
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++) {
		double scaled = in[i] * times;
		double rounded = scaled + DECIMALS_ROUND;
		double integer = rounded - DECIMALS_ROUND;
		double whole = integer * tick;
		double back = factor.divide
		                      ? whole / power
		                      : decimals_product(integer, &factor);
		uint64_t sign = (bci_bits(back) ^ bci_bits(in[i])) >> 63;
		uint64_t wrong =
			0 - (sign | (uint64_t)(!(back == in[i]) |
		                               !(__builtin_fabs(scaled) <
		                                 BCI_DECIMAL_LIMIT) |
		                               !(__builtin_fabs(whole) <
		                                 BCI_DECIMAL_LIMIT)));

		bad[i] = wrong;
		ticks[i] = (bci_bits(rounded) - round) & ~wrong;
		total -= wrong;
	}
	return (size_t)total;
}

#endif /* BCI_DECIMALS_H */

/* SPDX-License-Identifier: MIT */
/*
 * decimal.c - finding exponent and tick of a block.
 *
 * A sample of the values says which exponents occur.  Never the least one that
 * fits all: a few prices with more digits than the rest are cheaper as
 * exceptions than a longer integer for every value.  One pass over the block
 * then tells which values the choice misses, and up to four rounds look at
 * some of those for a better one.  Costs are integers in 1/16 bit, so that
 * every compiler and processor chooses the same.
 */
#include "common.h"

#include "decimal.h"

#define DECIMAL_ROUND 0x1.8p52
#define DECIMAL_NEAR 0x1p-51
#define DECIMAL_SAMPLES 48
#define DECIMAL_LOOKED_AT 200 /* bad values, in a round */
#define DECIMAL_ROUNDS 4

/* Costs in 1/16 bit: an exception, a decimal digit of a value (rounded). */
#define DECIMAL_EXCEPTION (80 * 16)
#define DECIMAL_DIGIT 48
#define DECIMAL_DIGIT_ALL 53 /* log2(10) */

static const double decimal_power[BCI_EXPONENT_MAX + 1] = {
	1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
};

static inline bool
decimal_is_within(double scaled)
{
	return scaled < BCI_DECIMAL_LIMIT && scaled > -BCI_DECIMAL_LIMIT;
}

/* Whether 'value' is an integer / 10^exponent; the integer. */
static bool
decimal_fits(double value, unsigned exponent, int64_t *integer)
{
	double scaled = value * decimal_power[exponent];
	double whole;

	if (!decimal_is_within(scaled))
		return false;
	whole = (scaled + DECIMAL_ROUND) - DECIMAL_ROUND;
	/* A division takes long, and most are not even as near as what was
	   rounded twice. */
	if (__builtin_fabs(whole - scaled) >
	            DECIMAL_NEAR * __builtin_fabs(whole) ||
	    bci_bits(whole / decimal_power[exponent]) != bci_bits(value))
		return false;
	*integer = (int64_t)whole;
	return true;
}

/* The least exponent that 'value' needs; more than the most if none does. */
static unsigned
decimal_exponent(double value)
{
	unsigned exponent = 0;
	int64_t integer;

	while (exponent <= BCI_EXPONENT_MAX &&
	       !decimal_fits(value, exponent, &integer)) {
		/* What is too large with these digits is so with more. */
		if (!decimal_is_within(value * decimal_power[exponent]))
			return BCI_EXPONENT_MAX + 1;
		exponent++;
	}
	return exponent;
}

static uint64_t
decimal_gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The tick that 'tick' and the value at this exponent share; 0: none yet. */
static uint64_t
decimal_share(uint64_t tick, double value, unsigned exponent)
{
	int64_t integer;
	uint64_t size;

	if (tick == 1 || !decimal_fits(value, exponent, &integer))
		return tick;
	size = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
	return tick != 0 && size % tick == 0 ? tick : decimal_gcd(size, tick);
}

/* 16 * log2(value), rounded down; value > 0. */
static uint64_t
decimal_log(uint64_t value)
{
	unsigned whole = 63 - (unsigned)__builtin_clzll(value);
	/* The mantissa as a fraction of 2^31, squared for each further bit. */
	uint64_t mantissa =
		whole >= 31 ? value >> (whole - 31) : value << (31 - whole);
	uint64_t log = whole;

	for (unsigned i = 0; i < 4; i++) {
		mantissa = mantissa * mantissa >> 31;
		log <<= 1;
		if (mantissa >> 32 != 0) {
			mantissa >>= 1;
			log |= 1;
		}
	}
	return log;
}

/* Values by the least exponent that each needs. */
struct decimal_sample {
	double values[DECIMAL_LOOKED_AT];
	unsigned exponents[DECIMAL_LOOKED_AT];
	unsigned count;
};

static void
decimal_sample_add(struct decimal_sample *sample, double value)
{
	sample->values[sample->count] = value;
	sample->exponents[sample->count] = decimal_exponent(value);
	sample->count++;
}

/* Some values of each column, evenly spread. */
static void
decimal_sample_take(struct decimal_sample *sample, const double *const *columns,
                    unsigned count, size_t rows)
{
	size_t each = count == 1 ? 40 : DECIMAL_SAMPLES / count;

	sample->count = 0;
	for (size_t i = 0; i < each; i++) {
		for (unsigned j = 0; j < count; j++)
			decimal_sample_add(
				sample,
				columns[j][(2 * i + 1) * rows / (2 * each)]);
	}
}

/* The exponent at which the sample costs least; false if it has none. */
static bool
decimal_sample_exponent(const struct decimal_sample *sample, unsigned *exponent)
{
	unsigned with[BCI_EXPONENT_MAX + 2] = { 0 }, covered = 0;
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < sample->count; i++)
		with[sample->exponents[i]]++;
	for (unsigned e = 0; e <= BCI_EXPONENT_MAX; e++) {
		uint64_t cost;

		if (with[e] == 0)
			continue;
		covered += with[e];
		cost = (uint64_t)(sample->count - covered) * DECIMAL_EXCEPTION +
		       (uint64_t)sample->count * DECIMAL_DIGIT * e;
		if (cost < best) {
			best = cost;
			*exponent = e;
		}
	}
	return best != UINT64_MAX;
}

/* What 'tick' and all of the sample that needs no more digits share. */
static uint64_t
decimal_sample_tick(const struct decimal_sample *sample, unsigned exponent,
                    uint64_t tick)
{
	for (unsigned i = 0; i < sample->count; i++) {
		if (sample->exponents[i] <= exponent)
			tick = decimal_share(tick, sample->values[i], exponent);
	}
	return tick;
}

/* Turn all values into ticks; sets out->bad. */
static void
decimal_apply(const struct bci_kernel *kernel, const double *const *columns,
              unsigned count, size_t rows, struct bci_decimals *out)
{
	const struct bci_scale scale = { 0, (double)out->tick, out->exponent };

	out->bad = 0;
	for (unsigned j = 0; j < count; j++)
		out->bad += kernel->ticks(columns[j], rows, &scale,
		                          out->ticks[j], out->wrong[j]);
}

/* The first bad values of the block. */
static void
decimal_sample_bad(struct decimal_sample *sample, const double *const *columns,
                   unsigned count, size_t rows,
                   const struct bci_decimals *found)
{
	sample->count = 0;
	for (unsigned j = 0; j < count; j++) {
		const uint64_t *wrong = found->wrong[j];
		size_t i = bci_decimals_next_bad(wrong, 0, rows);

		while (i < rows) {
			if (sample->count == DECIMAL_LOOKED_AT)
				return;
			decimal_sample_add(sample, columns[j][i]);
			i = bci_decimals_next_bad(wrong, i + 1, rows);
		}
	}
}

/*
 * Whether another scale would be cheaper for the block than the exceptions it
 * has: a smaller tick for values that are only off it, or more digits.
 */
static bool
decimal_better(const struct decimal_sample *bad,
               const struct decimal_sample *sample, size_t values,
               struct bci_decimals *found)
{
	unsigned with[BCI_EXPONENT_MAX + 2] = { 0 };
	unsigned covered, exponent = found->exponent, best = exponent;
	uint64_t tick = decimal_sample_tick(bad, exponent, found->tick);
	uint64_t each = found->bad * DECIMAL_EXCEPTION; /* times bad->count */
	uint64_t now = each * bad->count, least = now;
	uint64_t all = values * 9 / 10, bits;
	bool better = false;

	for (unsigned i = 0; i < bad->count; i++)
		with[bad->exponents[i]]++;
	covered = 0;
	for (unsigned e = 0; e <= BCI_EXPONENT_MAX; e++) {
		uint64_t cost;

		covered += with[e];
		if (e < exponent || covered == 0 || (e > exponent && !with[e]))
			continue;
		bits = decimal_log(found->tick);
		if (e == exponent)
			bits -= decimal_log(tick);
		else
			bits += (uint64_t)DECIMAL_DIGIT_ALL * (e - exponent);
		cost = each * (bad->count - covered) + all * bits * bad->count;
		if (cost < least) {
			least = cost;
			best = e;
			better = true;
		}
	}
	if (!better)
		return false;
	if (best > exponent) {
		tick = decimal_sample_tick(sample, best, 0);
		tick = decimal_sample_tick(bad, best, tick);
	}
	found->exponent = best;
	found->tick = tick == 0 ? 1 : tick;
	return true;
}

bool
bci_decimals_find(const struct bci_kernel *kernel, const double *const *columns,
                  unsigned count, size_t rows, struct bci_decimals *out)
{
	struct decimal_sample sample, bad;

	decimal_sample_take(&sample, columns, count, rows);
	if (!decimal_sample_exponent(&sample, &out->exponent))
		return false;
	out->tick = decimal_sample_tick(&sample, out->exponent, 0);
	if (out->tick == 0)
		out->tick = 1;
	decimal_apply(kernel, columns, count, rows, out);
	for (int round = 0; round < DECIMAL_ROUNDS && out->bad > 0; round++) {
		size_t before = out->bad;
		unsigned exponent = out->exponent;
		uint64_t tick = out->tick;

		decimal_sample_bad(&bad, columns, count, rows, out);
		if (!decimal_better(&bad, &sample, rows * count, out))
			break;
		decimal_apply(kernel, columns, count, rows, out);
		if (out->bad < before)
			continue;
		if (out->bad > before) { /* The bad ones were no sample. */
			out->exponent = exponent;
			out->tick = tick;
			decimal_apply(kernel, columns, count, rows, out);
		}
		break;
	}
	return true;
}

/* Whether a float is what an integer / 10^exponent rounds to; that decimal. */
static bool
decimal_rounds_to(float value, unsigned exponent, double *decimal)
{
	double scaled = (double)value * decimal_power[exponent];
	float back;

	if (!(scaled < BCI_DECIMAL_LIMIT && scaled > -BCI_DECIMAL_LIMIT))
		return false;
	*decimal = ((scaled + DECIMAL_ROUND) - DECIMAL_ROUND) /
	           decimal_power[exponent];
	back = (float)*decimal;
	return memcmp(&back, &value, sizeof(value)) == 0;
}

/*
 * What rounds to a float with some digits does so with more.  So the search
 * may begin anywhere and still ends at the least exponent.
 */
void
bci_decimals_of_floats(const void *floats, size_t rows, double *out)
{
	unsigned exponent = 0;

	for (size_t i = 0; i < rows; i++) {
		float value;
		double fewer;

		memcpy(&value, (const char *)floats + 4 * i, sizeof(value));
		while (exponent > 0 &&
		       !decimal_rounds_to(value, exponent, &out[i]))
			exponent--; /* Too large for so many digits. */
		while (exponent <= BCI_EXPONENT_MAX &&
		       !decimal_rounds_to(value, exponent, &out[i]))
			exponent++;
		if (exponent > BCI_EXPONENT_MAX) {
			out[i] = (double)value;
			exponent = 0;
			continue;
		}
		while (exponent > 0 &&
		       decimal_rounds_to(value, exponent - 1, &fewer)) {
			out[i] = fewer;
			exponent--;
		}
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * test_quotient.c - decimals by each path: quotients must be those of a
 * division, bit for bit, and only what comes back is a multiple of a tick.
 */
#include "barcache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "each_kernel.h"

static const double power[] = {
	1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
};

/*
 * Integers below 2^51 whose quotient is next to the middle of two doubles,
 * where a rounding that is not exact goes wrong first.
 */
static int64_t
near_midpoint(unsigned exponent)
{
	double quotient = (double)(random64() >> 13) / power[exponent];
	double above = nextafter(quotient, INFINITY);
	long double middle = ((long double)quotient + above) / 2;
	int64_t k = (int64_t)(middle * (long double)power[exponent]);

	return k + (int64_t)(random64() % 3) - 1;
}

/*
 * Integers of up to 'bits' bits whose quotients are next to the middle of two
 * doubles: k * 2^t, where a double's step is 1, leaves 5^e / 2 -+ 1/2 of 5^e.
 */
static void
fill_midpoints(unsigned exponent, unsigned bits, int64_t *out)
{
	const uint64_t most = UINT64_C(1) << bits;
	unsigned halvings = 52 - bits;
	uint64_t five = 1, k[2];

	for (unsigned i = 0; i < exponent; i++)
		five *= 5;
	for (uint64_t i = five; i > 0; i /= 2)
		halvings++;
	k[0] = five / 2;
	k[1] = five - five / 2;
	for (unsigned i = 0; i < 2 * halvings; i++)
		k[i % 2] = (k[i % 2] + (k[i % 2] & 1 ? five : 0)) / 2;
	for (size_t i = 0; i < ROWS; i++)
		out[i] = (int64_t)((k[i % 2] +
		                    random64() % (most / five + 1) * five) %
		                   most);
}

/* Small integers take another way than large ones, by their size. */
static void
check_narrow_quotients(const struct bci_kernel *kernel)
{
	static int64_t small[ROWS], large[ROWS];
	static uint32_t integers[ROWS], rest[ROWS];
	static double plain[ROWS], above[ROWS];

	for (unsigned i = 0; i < 32 * (BCI_EXPONENT_MAX + 1); i++) {
		unsigned e = i / 32, bits = 20 + i % 32;
		int64_t base = (INT64_C(1) << bits) - UINT32_MAX;
		const struct bci_scale zero = { 0, 1, e };
		const struct bci_scale scale = { (double)base, 1, e };

		fill_midpoints(e, bits < 31 ? bits : 31, small);
		fill_midpoints(e, bits, large);
		for (size_t j = 0; j < ROWS; j++) {
			if (j % 4 < 2)
				small[j] = -small[j];
			integers[j] = (uint32_t)small[j];
			rest[j] = (uint32_t)(large[j] - base);
			large[j] = base + (int64_t)rest[j];
		}
		kernel->decimal_i32(integers, ROWS, &zero, plain);
		kernel->decimal_u32(rest, ROWS, &scale, above);
		for (size_t j = 0; j < ROWS; j++) {
			if (plain[j] != (double)small[j] / power[e] ||
			    above[j] != (double)large[j] / power[e])
				fail_msg("%s: %lld or %lld / 10^%u",
				         kernel->name, (long long)small[j],
				         (long long)large[j], e);
		}
	}
}

static void
check_quotients(const struct bci_kernel *kernel)
{
	static uint64_t integers[ROWS];
	static int64_t midpoints[ROWS];
	static double out[ROWS];

	for (unsigned e = 0; e <= BCI_EXPONENT_MAX; e++) {
		const struct bci_scale scale = { 0, 1, e };

		for (unsigned round = 0; round < 300; round++) {
			fill_midpoints(e, 20 + round % 32, midpoints);
			for (size_t i = 0; i < ROWS; i++) {
				int64_t k = (int64_t)(random64() >>
				                      (13 + random64() % 40));

				if (round % 3 == 0)
					k = near_midpoint(e) %
					    (INT64_C(1) << 51);
				if (round % 3 == 1)
					k = midpoints[i];
				integers[i] =
					(uint64_t)(random64() & 1 ? k : -k);
			}
			kernel->decimal_i64(integers, ROWS, &scale, out);
			for (size_t i = 0; i < ROWS; i++) {
				double expected =
					(double)(int64_t)integers[i] / power[e];

				if (bci_bits(out[i]) != bci_bits(expected))
					fail_msg("%lld / 10^%u",
					         (long long)integers[i], e);
			}
		}
	}
}

static void
quotients_are_those_of_a_division(void **state)
{
	(void)state;
	with_each(check_quotients);
	with_each(check_narrow_quotients);
}

/* The three kinds of integers, with base and tick. */
static void
check_scales(const struct bci_kernel *kernel)
{
	static const struct bci_scale scales[] = {
		{ 0, 1, 0 },          { 0, 25, 2 },          { 12345, 1, 5 },
		{ -4e15 / 4, 7, 18 }, { 0x1p50, 100000, 3 }, { -5, 5, 0 },
	};
	static uint32_t narrow[ROWS];
	static uint64_t wide[ROWS];
	static double u32[ROWS], i32[ROWS], u64[ROWS], i64[ROWS];

	for (size_t s = 0; s < sizeof(scales) / sizeof(scales[0]); s++) {
		const struct bci_scale *scale = &scales[s];
		const double p = power[scale->exponent];

		for (size_t i = 0; i < ROWS; i++) {
			wide[i] = random64() >> 30;
			narrow[i] = (uint32_t)wide[i];
		}
		narrow[0] = 0;
		narrow[1] = UINT32_MAX;
		narrow[2] = 0x80000000u;
		narrow[3] = 0x7FFFFFFFu;
		kernel->decimal_u32(narrow, ROWS - 3, scale, u32);
		kernel->decimal_i32(narrow, ROWS - 3, scale, i32);
		kernel->decimal_u64(wide, ROWS - 3, scale, u64);
		kernel->decimal_i64(wide, ROWS - 3, scale, i64);
		for (size_t i = 0; i < ROWS - 3; i++) {
			double n = (double)narrow[i] * scale->tick;
			double m = (double)(int32_t)narrow[i] * scale->tick;
			double w = (double)wide[i] * scale->tick;

			assert_true(u32[i] == (n + scale->base) / p);
			assert_true(i32[i] == m / p);
			assert_true(u64[i] == (w + scale->base) / p);
			assert_true(i64[i] == w / p);
		}
	}
}

static void
scales_apply_to_integers_of_each_kind(void **state)
{
	(void)state;
	with_each(check_scales);
}

/* What is no multiple of the tick is bad; what is good comes back. */
static void
check_ticks(const struct bci_kernel *kernel)
{
	static double in[ROWS];
	static uint64_t ticks[ROWS];
	static uint64_t bad[ROWS];
	static const double others[] = { NAN,
		                         INFINITY,
		                         -INFINITY,
		                         -0.0,
		                         0.001,
		                         0x1p-1074,
		                         1e300,
		                         0x1p51,
		                         -0x1p52,
		                         0.01,
		                         0.30000000000000004,
		                         22517998136852.48 };
	const struct bci_scale scale = { 0, 25, 2 };
	const size_t count = sizeof(others) / sizeof(others[0]);

	for (size_t i = 0; i < ROWS; i++)
		in[i] = i < count ? others[i]
		                  : (double)((int64_t)(random64() % 100000) -
		                             50000) *
		                            25 / 100;
	assert_int_equal(kernel->ticks(in, ROWS - 1, &scale, ticks, bad),
	                 count);
	for (size_t i = 0; i < ROWS - 1; i++) {
		assert_true(bad[i] == (i < count ? UINT64_MAX : 0));
		if (i < count)
			assert_int_equal(ticks[i], 0);
		else
			assert_true((double)(int64_t)ticks[i] * 25 / 100 ==
			            in[i]);
	}
}

static void
only_multiples_of_the_tick_are_good(void **state)
{
	(void)state;
	with_each(check_ticks);
}

/* Bars to doubles at once, of all rows or some, as in two steps. */
static void
check_bars_decimal(const struct bci_kernel *kernel)
{
	static const struct bci_scale scales[] = {
		{ 0, 1, 0 },
		{ 0, 25, 2 },
		{ 0, 1, 9 },
		{ 0, 3, 18 },
	};
	static uint32_t streams[2][4][ROWS];
	static double at_once[4][ROWS + 1], plain[ROWS];
	uint32_t *columns[2][4];
	void *out[4];

	for (size_t s = 0; s < sizeof(scales) / sizeof(scales[0]); s++) {
		size_t from = random64() % 40 * (s % 2);
		size_t count = ROWS - from - random64() % 40 * (s % 2);
		uint32_t first = (uint32_t)random64();

		for (unsigned i = 0; i < 4; i++) {
			out[i] = at_once[i];
			columns[0][i] = streams[0][i];
			columns[1][i] = streams[1][i];
			at_once[i][count] = -1;
			for (size_t j = 0; j < ROWS; j++)
				streams[0][i][j] = streams[1][i][j] =
					(uint32_t)random64();
		}
		kernel->bars32(columns[0], first);
		kernel->bars32_decimal(columns[1], first, from, count,
		                       &scales[s], out);
		for (unsigned i = 0; i < 4; i++) {
			kernel->decimal_i32(streams[0][i] + from, count,
			                    &scales[s], plain);
			assert_memory_equal(at_once[i], plain,
			                    count * sizeof(plain[0]));
			assert_true(at_once[i][count] == -1);
		}
	}
}

static void
bars_come_as_doubles_at_once(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		with_each(check_bars_decimal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotients_are_those_of_a_division),
		cmocka_unit_test(scales_apply_to_integers_of_each_kind),
		cmocka_unit_test(only_multiples_of_the_tick_are_good),
		cmocka_unit_test(bars_come_as_doubles_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

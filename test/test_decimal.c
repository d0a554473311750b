/* SPDX-License-Identifier: MIT */
/*
 * test_decimal.c - what exponent and tick are found for values whose decimals
 * are known, and that every decimal of up to 15 digits is one.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "support.h"

#define ROWS BCI_PACK_ROWS

static uint64_t ticks[BCI_GROUP_COLUMNS][ROWS];
static uint64_t wrong[BCI_GROUP_COLUMNS][ROWS];
static struct bci_decimals found = { .ticks = ticks, .wrong = wrong };
static double values[ROWS];

static uint64_t
random64(void)
{
	static uint64_t count;

	return test_mix(5, count++);
}

static bool
find(void)
{
	const double *columns[1] = { values };

	return bci_decimals_find(bci_kernel_best(), columns, 1, ROWS, &found);
}

/* Fill with multiples of the tick at this exponent, as strtod() reads them. */
static void
fill(unsigned exponent, int64_t tick, int64_t from, uint64_t spread)
{
	for (size_t i = 0; i < ROWS; i++) {
		int64_t k = (from + (int64_t)(random64() % spread)) * tick;
		char text[64];

		snprintf(text, sizeof(text), "%llde-%u", (long long)k,
		         exponent);
		values[i] = strtod(text, NULL);
	}
}

static void
exponent_and_tick_are_those_of_the_values(void **state)
{
	static const struct {
		unsigned exponent;
		int64_t tick, from;
		uint64_t found; /* the tick */
	} cases[] = {
		{ 0, 1, 100, 1 },      { 2, 1, 42000, 1 },
		{ 2, 25, 4000, 25 },   { 5, 5, 20000, 5 },
		{ 8, 1, 160000, 1 },   { 0, 100, 1, 100 },
		{ 0, 1000, 7, 1000 },  { 4, 1, -5000, 1 },
		{ 12, 3, 1000, 3 },    { 15, 1, 100000, 1 },
		{ 2, 125, 1000, 125 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fill(cases[i].exponent, cases[i].tick, cases[i].from, 997);
		assert_true(find());
		if (found.exponent != cases[i].exponent ||
		    found.tick != cases[i].found || found.bad != 0)
			fail_msg("case %zu: %u, %llu, %zu bad", i,
			         found.exponent, (unsigned long long)found.tick,
			         found.bad);
	}
}

static void
decimals_of_up_to_15_digits_are_good(void **state)
{
	(void)state;
	for (unsigned exponent = 0; exponent <= BCI_EXPONENT_MAX; exponent++) {
		for (unsigned digits = 1; digits <= 15; digits++) {
			uint64_t spread = 1;

			for (unsigned i = 0; i < digits; i++)
				spread *= 10;
			fill(exponent, 1, 0, spread);
			assert_true(find());
			assert_int_equal(found.bad, 0);
			assert_true(found.exponent <= exponent);
		}
	}
}

/* One in fifty with more digits: cheaper as exceptions. */
static void
a_few_with_more_digits_are_exceptions(void **state)
{
	(void)state;
	fill(2, 1, 20000, 1000);
	for (size_t i = 0; i < ROWS; i += 50)
		values[i] += 0.0037;
	assert_true(find());
	assert_int_equal(found.exponent, 2);
	assert_int_equal(found.bad, (ROWS + 49) / 50);
	/* One in three: then all get them. */
	fill(2, 1, 20000, 1000);
	for (size_t i = 0; i < ROWS; i += 3) {
		char text[32];

		snprintf(text, sizeof(text), "200.%04u",
		         (unsigned)(random64() % 10000));
		values[i] = strtod(text, NULL);
	}
	assert_true(find());
	assert_int_equal(found.exponent, 4);
	assert_int_equal(found.bad, 0);
}

/* Rows that the sample of a block takes have fewer digits than the others. */
static void
what_the_sample_missed_is_found(void **state)
{
	(void)state;
	fill(4, 1, 2000000, 1000);
	for (size_t i = 0; i < 40; i++)
		values[(2 * i + 1) * ROWS / 80] = 200 + (double)i;
	assert_true(find());
	assert_int_equal(found.exponent, 4);
	assert_int_equal(found.bad, 0);
}

/*
 * The first bad values are no example for the block: with their digits all
 * others would be too large.
 */
static void
digits_that_make_it_worse_are_not_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		bool sampled = i % 64 == 12 || i % 64 == 38;

		for (size_t j = 0; j < 40 && !sampled; j++)
			sampled = i == (2 * j + 1) * ROWS / 80;
		if (i < 400 && !sampled)
			values[i] = (double)(i + 1) / 1e9;
		else
			values[i] = 5000000.25 + (double)i;
	}
	assert_true(find());
	assert_int_equal(found.exponent, 2);
	assert_in_range(found.bad, 300, 400);
}

static void
values_off_the_tick_make_it_smaller_if_they_are_many(void **state)
{
	(void)state;
	fill(2, 25, 4000, 1000);
	values[500] += 0.01;
	assert_true(find());
	assert_int_equal(found.tick, 25);
	assert_int_equal(found.bad, 1);
	for (size_t i = 0; i < ROWS; i += 7)
		values[i] += 0.05;
	assert_true(find());
	assert_true(found.tick == 5 || found.tick == 1);
	assert_in_range(found.bad, 0, 1);
}

static void
what_has_no_decimals_is_said_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		values[i] = bci_double(0x7FF8000000000000 | i);
	assert_false(find());
	for (size_t i = 0; i < ROWS; i++)
		values[i] = bci_double(random64());
	assert_false(find() && found.bad < ROWS / 2);
	/* Some of the sample do. */
	for (size_t i = 0; i < ROWS; i += 2)
		values[i] = (double)i;
	assert_true(find());
	assert_true(found.bad >= ROWS / 3);
}

static void
floats_get_the_decimals_that_round_to_them(void **state)
{
	float floats[ROWS];
	double decimals[ROWS];

	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		floats[i] = (float)((double)(random64() % 100000) / 100);
	floats[3] = -0.0f;
	floats[4] = 3.4028234e38f;
	floats[5] = 1e-45f;
	floats[6] = 16777216.0f;
	floats[7] = 0.1f;
	bci_decimals_of_floats(floats, ROWS, decimals);
	for (size_t i = 0; i < ROWS; i++) {
		float back = (float)decimals[i];
		char text[64];

		assert_memory_equal(&back, &floats[i], sizeof(back));
		if (i < 8)
			continue;
		snprintf(text, sizeof(text), "%.2f", decimals[i]);
		assert_true(strtod(text, NULL) == decimals[i]);
	}
	assert_true(decimals[6] == 16777216.0);
	assert_true(decimals[7] == 0.1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exponent_and_tick_are_those_of_the_values),
		cmocka_unit_test(decimals_of_up_to_15_digits_are_good),
		cmocka_unit_test(a_few_with_more_digits_are_exceptions),
		cmocka_unit_test(what_the_sample_missed_is_found),
		cmocka_unit_test(digits_that_make_it_worse_are_not_kept),
		cmocka_unit_test(
			values_off_the_tick_make_it_smaller_if_they_are_many),
		cmocka_unit_test(what_has_no_decimals_is_said_so),
		cmocka_unit_test(floats_get_the_decimals_that_round_to_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

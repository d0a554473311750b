/* SPDX-License-Identifier: MIT */
/*
 * test_fold.c - many values to one: each rule and type, what is missing, that
 * cutting does not matter, sums against long double.
 */
#include "barcache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fold.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The result of one column as a double, whatever its type. */
static double
fold_all(enum bci_fold_rule rule, enum bc_type type, const void *data,
         uint64_t count)
{
	union {
		double f64;
		float f32;
		int64_t i64;
		int32_t i32;
		uint32_t text;
		uint8_t u8;
	} out[2];
	struct bci_fold fold = { .count = 0 };

	memset(out, 0xEE, sizeof(out));
	bci_fold_rows(&fold, rule, type, data, 0, count);
	assert_false(fold.overflow);
	bci_fold_write(&fold, rule, type, out, 0);
	switch (bci_fold_type(rule, type)) {
	case BC_F64:
		return out[0].f64;
	case BC_F32:
		return (double)out[0].f32;
	case BC_I64:
		return (double)out[0].i64;
	case BC_I32:
		return out[0].i32;
	case BC_U8:
		return out[0].u8;
	default:
		return out[0].text;
	}
}

static void
each_rule_on_each_type(void **state)
{
	static const double f64[] = { 3, 1, 4, 1, 5, 9, 2 };
	static const float f32[] = { 3, 1, 4, 1, 5, 9, 2 };
	static const int64_t i64[] = { 3, 1, 4, 1, 5, 9, 2 };
	static const int32_t i32[] = { 3, 1, 4, 1, 5, 9, 2 };
	static const uint8_t u8[] = { 3, 1, 4, 1, 5, 9, 2 };
	static const uint32_t text[] = { 3, 1, 4, 1, 5, 9, 2 };
	static const double expected[] = { 3, 2, 1, 9, 25, 25.0 / 7, 7 };
	static const struct {
		enum bc_type type;
		const void *data;
	} types[] = {
		{ BC_F64, f64 }, { BC_F32, f32 }, { BC_I64, i64 },
		{ BC_I32, i32 }, { BC_U8, u8 },   { BC_TEXT, text },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++)
		for (int rule = 0; rule < BCI_FOLD_RULES; rule++) {
			if (bci_fold_type((enum bci_fold_rule)rule,
			                  types[i].type) == 0)
				continue;
			assert_true(fold_all((enum bci_fold_rule)rule,
			                     types[i].type, types[i].data,
			                     7) == expected[rule]);
		}
}

static void
types_of_results(void **state)
{
	static const enum bc_type types[] = { BC_I64, BC_F64, BC_I32,
		                              BC_F32, BC_U8,  BC_TEXT };
	static const unsigned sums[] = { BC_I64, BC_F64, BC_I64,
		                         BC_F64, BC_I64, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		bool text = types[i] == BC_TEXT;

		assert_int_equal(bci_fold_type(BCI_FOLD_FIRST, types[i]),
		                 types[i]);
		assert_int_equal(bci_fold_type(BCI_FOLD_MIN, types[i]),
		                 text ? 0 : types[i]);
		assert_int_equal(bci_fold_type(BCI_FOLD_SUM, types[i]),
		                 sums[i]);
		assert_int_equal(bci_fold_type(BCI_FOLD_MEAN, types[i]),
		                 text ? 0 : BC_F64);
		assert_int_equal(bci_fold_type(BCI_FOLD_COUNT, types[i]),
		                 BC_I64);
	}
	assert_int_equal(bci_fold_type(BCI_FOLD_RULES, BC_F64), 0);
	assert_int_equal(bci_fold_type(BCI_FOLD_SUM, (enum bc_type)0), 0);
}

static void
what_is_missing_is_passed_over(void **state)
{
	static const double some[] = { NAN, 3, NAN, 1, 2, NAN };
	static const double none[] = { NAN, NAN };
	static const double expected[] = { 3, 2, 1, 3, 6, 2, 3 };
	double result;

	(void)state;
	for (int rule = 0; rule < BCI_FOLD_RULES; rule++) {
		enum bci_fold_rule r = (enum bci_fold_rule)rule;

		assert_true(fold_all(r, BC_F64, some, 6) == expected[rule]);
		result = fold_all(r, BC_F64, none, 2);
		assert_true(r == BCI_FOLD_COUNT ? result == 0 : isnan(result));
		result = fold_all(r, BC_F64, none, 0);
		assert_true(r == BCI_FOLD_COUNT ? result == 0 : isnan(result));
	}
}

static void
infinities_stay_what_they_are(void **state)
{
	static const double up[] = { 1, INFINITY, 2 };
	static const double both[] = { 1, INFINITY, -INFINITY };

	(void)state;
	assert_true(fold_all(BCI_FOLD_SUM, BC_F64, up, 3) == INFINITY);
	assert_true(fold_all(BCI_FOLD_MIN, BC_F64, up + 1, 1) == INFINITY);
	assert_true(fold_all(BCI_FOLD_MAX, BC_F64, both + 2, 1) == -INFINITY);
	assert_true(isnan(fold_all(BCI_FOLD_SUM, BC_F64, both, 3)));
}

static void
a_sum_that_does_not_fit_is_marked(void **state)
{
	static const int64_t values[] = { INT64_MAX, 1 };
	struct bci_fold fold = { .count = 0 };

	(void)state;
	bci_fold_rows(&fold, BCI_FOLD_SUM, BC_I64, values, 0, 1);
	assert_false(fold.overflow);
	bci_fold_rows(&fold, BCI_FOLD_SUM, BC_I64, values, 1, 1);
	assert_true(fold.overflow);
}

static void
what_sums_lose_is_given_back(void **state)
{
	static const double values[] = { 1e16, 1, -1e16, 1 };
	static const double zeros[] = { -0.0, -0.0, -0.0, -0.0, -0.0 };

	(void)state;
	assert_true(fold_all(BCI_FOLD_SUM, BC_F64, values, 4) == 2);
	assert_true(fold_all(BCI_FOLD_MEAN, BC_F64, values, 4) == 0.5);
	/* Which zero is the larger one is no matter of the order. */
	assert_false(signbit(fold_all(BCI_FOLD_MAX, BC_F64, zeros, 5)));
}

#define ROWS 50000

static void
how_rows_are_cut_does_not_change_a_bit(void **state)
{
	static double values[ROWS];
	static const enum bc_type types[] = { BC_F64, BC_I64, BC_F32, BC_U8 };

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		values[i] = (double)(int64_t)test_mix(1, i) / 1e12;
		if (test_mix(2, i) % 9 == 0)
			values[i] = test_mix(3, i) % 2 ? NAN : -0.0;
	}
	for (size_t t = 0; t < COUNT(types); t++)
		for (int rule = 0; rule < BCI_FOLD_RULES; rule++) {
			enum bci_fold_rule r = (enum bci_fold_rule)rule;
			struct bci_fold whole = { .count = 0 };
			struct bci_fold parts = { .count = 0 };
			uint64_t count;

			/* Any bits will do; of integers only some. */
			if (types[t] == BC_I64 && r == BCI_FOLD_SUM)
				continue;
			bci_fold_rows(&whole, r, types[t], values, 0, 5000);
			for (uint64_t i = 0; i < 5000; i += count) {
				count = test_mix(4, i) % 700;
				count = count < 5000 - i ? count : 5000 - i;
				bci_fold_rows(&parts, r, types[t], values, i,
				              count);
			}
			assert_memory_equal(&whole.number, &parts.number, 8);
			assert_memory_equal(&whole.lost, &parts.lost, 8);
			assert_memory_equal(whole.lanes, parts.lanes,
			                    sizeof(whole.lanes));
			assert_true(whole.integer == parts.integer);
			assert_true(whole.count == parts.count);
		}
}

static void
sums_do_not_drift(void **state)
{
	static double values[ROWS];
	long double sum = 0;
	double result;

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		values[i] = 0.1 + (double)(test_mix(5, i) % 1000000) / 1e7;
		sum += values[i];
	}
	result = fold_all(BCI_FOLD_SUM, BC_F64, values, ROWS);
	assert_true(fabsl(result - sum) <= 1e-13L * sum);
	result = fold_all(BCI_FOLD_MEAN, BC_F64, values, ROWS);
	assert_true(fabsl(result - sum / ROWS) <= 1e-13L * sum / ROWS);
	/* The same value all over: what is rounded is rounded one way. */
	sum = 0;
	for (size_t i = 0; i < ROWS; i++) {
		values[i] = 0.1;
		sum += values[i];
	}
	result = fold_all(BCI_FOLD_SUM, BC_F64, values, ROWS);
	assert_true(fabsl(result - sum) <= 1e-13L * sum);
}

static void
rules_have_names(void **state)
{
	enum bci_fold_rule found;

	(void)state;
	for (int rule = 0; rule < BCI_FOLD_RULES; rule++) {
		const char *name = bci_fold_name((enum bci_fold_rule)rule);

		assert_true(bci_fold_parse(name, strlen(name), &found));
		assert_int_equal(found, rule);
		assert_false(bci_fold_parse(name, strlen(name) - 1, &found));
	}
	assert_string_equal(bci_fold_name(BCI_FOLD_RULES), "?");
	assert_int_equal(bci_fold_usual("open"), BCI_FOLD_FIRST);
	assert_int_equal(bci_fold_usual("high"), BCI_FOLD_MAX);
	assert_int_equal(bci_fold_usual("low"), BCI_FOLD_MIN);
	assert_int_equal(bci_fold_usual("close"), BCI_FOLD_LAST);
	assert_int_equal(bci_fold_usual("volume"), BCI_FOLD_SUM);
	assert_int_equal(bci_fold_usual("Volume"), BCI_FOLD_LAST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_on_each_type),
		cmocka_unit_test(types_of_results),
		cmocka_unit_test(what_is_missing_is_passed_over),
		cmocka_unit_test(infinities_stay_what_they_are),
		cmocka_unit_test(what_sums_lose_is_given_back),
		cmocka_unit_test(a_sum_that_does_not_fit_is_marked),
		cmocka_unit_test(how_rows_are_cut_does_not_change_a_bit),
		cmocka_unit_test(sums_do_not_drift),
		cmocka_unit_test(rules_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

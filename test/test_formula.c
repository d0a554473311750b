/* SPDX-License-Identifier: MIT */
/*
 * test_formula.c - indicators as people write them: what they mean, what is
 * refused and with which advice; how many rows they take to settle.
 */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formula.h"

static struct bci_formula
parse(const char *text)
{
	struct bci_formula formula;
	struct bc_error err;

	assert_status(bci_formula_parse(text, &formula, &err), BC_OK, &err);
	return formula;
}

static void
spellings_of_the_same_are_one(void **state)
{
	static const struct {
		const char *text, *canonical, *name;
	} list[] = {
		{ "sma(20)", "sma(20)", "sma_20" },
		{ "SMA(20)", "sma(20)", "sma_20" },
		{ " sma ( 20 ) ", "sma(20)", "sma_20" },
		{ "sma(close,20)", "sma(20)", "sma_20" },
		{ "sma(close, 020)", "sma(20)", "sma_20" },
		{ "ema(volume,50)", "ema(volume,50)", "ema_volume_50" },
		{ "ema( taker buy , 5)", "ema(taker buy,5)",
		  "ema_taker buy_5" },
		{ "rsi(a,b(c),14)", "rsi(a,b(c),14)", "rsi_a,b(c)_14" },
		{ "atr(14)", "atr(14)", "atr_14" },
		{ "rsi(1)", "rsi(1)", "rsi_1" },
		{ "sma(1000000)", "sma(1000000)", "sma_1000000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct bci_formula formula = parse(list[i].text), again;
		char text[BCI_FORMULA_TEXT];

		bci_formula_text(&formula, text);
		assert_string_equal(text, list[i].canonical);
		assert_string_equal(formula.name, list[i].name);
		again = parse(text);
		assert_memory_equal(&again, &formula, sizeof(formula));
	}
}

static void
inputs_are_columns(void **state)
{
	struct bci_formula formula = parse("atr(14)");

	(void)state;
	assert_int_equal(formula.input_count, 3);
	assert_string_equal(formula.inputs[0], "high");
	assert_string_equal(formula.inputs[1], "low");
	assert_string_equal(formula.inputs[2], "close");
	formula = parse("rsi(14)");
	assert_int_equal(formula.input_count, 1);
	assert_string_equal(formula.inputs[0], "close");
	assert_int_equal(formula.window, 14);
	formula = parse("sma(volume,3)");
	assert_string_equal(formula.inputs[0], "volume");
}

static void
other_texts_are_refused_with_advice(void **state)
{
	static const struct {
		const char *text, *advice;
	} list[] = {
		{ "", "'' is no indicator; there are sma(20)" },
		{ "wma(20)", "'wma' is no indicator" },
		{ "sm", "'sm' is no indicator" },
		{ "(20)", "'' is no indicator" },
		{ "sma", "sma needs a window: sma(20)" },
		{ "sma()", "sma needs a window: sma(20)" },
		{ "sma( )", "sma needs a window: sma(20)" },
		{ "sma(close)", "sma needs a window: sma(20)" },
		{ "sma(close,)", "sma needs a window: sma(20)" },
		{ "sma(20,close)", "sma needs a window: sma(20)" },
		{ "rsi(-14)", "rsi needs a window: rsi(14)" },
		{ "rsi(1.5)", "rsi needs a window: rsi(14)" },
		{ "ema(50", "ema lacks its ): ema(50)" },
		{ "ema(", "ema lacks its ): ema(50)" },
		{ "ema(50) x", "ema lacks its )" },
		{ "sma(,20)", "no name of a column" },
		{ "sma( ,20)", "no name of a column" },
		{ "sma(0)", "a window of 0; it may be 1 to 1000000" },
		{ "sma(1000001)", "it may be 1 to 1000000" },
		{ "sma(99999999999999999999999)", "it may be 1 to 1000000" },
		{ "atr(high,14)", "atr takes no column, but a window" },
		{ "sma(0123456789012345678901234567890123456789012345678901234"
		  "56789012,20)",
		  "more than 63 bytes" },
		{ "sma(0123456789012345678901234567890123456789012345678901234"
		  "567890123,20)",
		  "no name of a column" },
	};
	struct bci_formula formula;
	struct bc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		assert_status(bci_formula_parse(list[i].text, &formula, &err),
		              BC_INVALID, &err);
		if (strstr(err.message, list[i].advice) == NULL)
			fail_msg("'%s': %s", list[i].text, err.message);
	}
}

/* ------------------------------------------------------------------------ */
/*  Settling                                                                */
/* ------------------------------------------------------------------------ */

#define ROWS 60000

static double high[ROWS], low[ROWS], closes[ROWS];

/* Prices that jump from one level to a hundredth of it before 'settled'. */
static void
walk(uint64_t settled)
{
	double level = 100;

	for (uint64_t i = 0; i < ROWS; i++) {
		uint64_t chance = test_mix(i, 7);

		if (i == settled)
			level = 1;
		level *= 1 + ((double)(chance % 201) - 100) / 10000;
		closes[i] = level;
		high[i] = level * 1.01;
		low[i] = level * 0.99;
	}
}

/* From where it has settled on, it is as if it had begun at row 0. */
static void
check_settles(const char *text)
{
	struct bci_formula formula = parse(text);
	uint64_t first = 5000, row = first + bci_formula_settles(&formula);
	const double *all[3] = { closes }, *part[3] = { closes + first };
	double *endless = calloc(ROWS, sizeof(double));
	double *begun = calloc(ROWS, sizeof(double));

	assert_true(row < ROWS && endless != NULL && begun != NULL);
	walk(first);
	if (formula.input_count == 3) {
		all[0] = high;
		all[1] = low;
		all[2] = closes;
		for (int i = 0; i < 3; i++)
			part[i] = all[i] + first;
	}
	bci_formula_compute(&formula, all, ROWS, endless);
	bci_formula_compute(&formula, part, ROWS - first, begun + first);
	if (row > first)
		assert_true(isnan(begun[first]) || formula.window == 1);
	for (; row < ROWS; row++)
		if (!(fabs(begun[row] - endless[row]) <=
		      2e-13 * fabs(endless[row])))
			fail_msg("%s, row %d: %.17g, not %.17g", text,
			         (int)(row - first), begun[row], endless[row]);
	free(endless);
	free(begun);
}

static void
values_settle_where_they_say(void **state)
{
	(void)state;
	check_settles("sma(1)");
	check_settles("sma(20)");
	check_settles("sma(1000)");
	check_settles("ema(2)");
	check_settles("ema(50)");
	check_settles("ema(1000)");
	check_settles("rsi(2)");
	check_settles("rsi(14)");
	check_settles("rsi(500)");
	check_settles("atr(2)");
	check_settles("atr(14)");
	check_settles("atr(500)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings_of_the_same_are_one),
		cmocka_unit_test(inputs_are_columns),
		cmocka_unit_test(other_texts_are_refused_with_advice),
		cmocka_unit_test(values_settle_where_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

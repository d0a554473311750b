/* SPDX-License-Identifier: MIT */
/*
 * test_amount.c - numbers as people write them: their value to the bit, and
 * what must not be taken for a number.
 */
#include "barcache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "amount.h"
#include "support.h"

/* Read a copy without a byte to spare. */
static enum bci_amount
amount(const char *cell, char decimal, char grouping, double *value)
{
	size_t bytes = strlen(cell);
	char *copy = malloc(bytes == 0 ? 1 : bytes);
	struct bci_field field = { copy, bytes };
	enum bci_amount kind;

	assert_non_null(copy);
	memcpy(copy, cell, bytes);
	kind = bci_amount_f64(&field, decimal, grouping, value);
	free(copy);
	return kind;
}

static const struct {
	const char *cell;
	char decimal, grouping;
	double value;
} numbers[] = {
	{ "1", '.', 0, 1 },
	{ "-1.5e3", '.', 0, -1500 },
	{ "1,234.5", '.', ',', 1234.5 },
	{ "-1,234,567", '.', ',', -1234567 },
	{ "12,34,567.5", '.', ',', 1234567.5 },
	{ "1.234,5", ',', '.', 1234.5 },
	{ "1.234.567", ',', '.', 1234567 },
	{ "1'234.5", '.', '\'', 1234.5 },
	{ "1\xe2\x80\x99" "234.5", '.', '\'', 1234.5 },
	{ "1 234,5", ',', ' ', 1234.5 },
	{ "1\xc2\xa0" "234\xe2\x80\xaf" "567", '.', ' ', 1234567 },
	{ "1234.5", '.', ',', 1234.5 },
	{ "1,5", ',', 0, 1.5 },
	{ ",5", ',', 0, 0.5 },
	{ "5,", ',', 0, 5 },
	{ "1,5e-3", ',', 0, 0.0015 },
	{ "$1,234.5", '.', ',', 1234.5 },
	{ "-$5", '.', 0, -5 },
	{ "$-5", '.', 0, -5 },
	{ "+5,0", ',', 0, 5 },
	{ "$ 5", '.', 0, 5 },
	{ "\xe2\x82\xac" "5", '.', 0, 5 },
	{ "\xc2\xa3" "5", '.', 0, 5 },
	{ "\xc2\xa5" "5", '.', 0, 5 },
	{ "5 \xe2\x82\xac", '.', 0, 5 },
	{ "1.5%", '.', 0, 1.5 },
	{ "-0.5 %", '.', 0, -0.5 },
	{ "1.1K", '.', 0, 1100 },
	{ "1.1k", '.', 0, 1100 },
	{ "4.35M", '.', 0, 4350000 },
	{ "1.001 B", '.', 0, 1001000000 },
	{ "2bn", '.', 0, 2000000000 },
	{ "1.2345T", '.', 0, 1234500000000 },
	{ "1.234,5K", ',', '.', 1234500 },
	{ "1 234 K", '.', ' ', 1234000 },
	{ "0.1K", '.', 0, 100 },
	{ "33.3333333333333333M", '.', 0, 33333333.3333333333 },
	{ "-0", '.', 0, -0.0 },
};

static void
numbers_in_any_dress_have_their_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		double value = NAN;

		if (amount(numbers[i].cell, numbers[i].decimal,
		           numbers[i].grouping, &value) != BCI_AMOUNT_VALUE ||
		    memcmp(&value, &numbers[i].value, sizeof(value)) != 0)
			fail_msg("'%s': %.17g", numbers[i].cell, value);
	}
}

static void
what_is_no_number_is_refused(void **state)
{
	static const struct {
		const char *cell;
		char decimal, grouping;
	} cells[] = {
		{ "x", '.', 0 },       { "1x", '.', 0 },
		{ "1,5", '.', 0 },     { "1,5", '.', ',' },
		{ "1,2345", '.', ',' }, { "1234,567", '.', ',' },
		{ ",123", '.', ',' },  { "1,,234", '.', ',' },
		{ "1,234,5", '.', ',' }, { "1,23", '.', ',' },
		{ "1,2,345", '.', ',' }, { "1.2.3", '.', ',' },
		{ "1.5", ',', 0 },     { "1.5", ',', '.' },
		{ "1 2", '.', 0 },     { "1 23", '.', ' ' },
		{ "(5)", '.', 0 },     { "5-", '.', 0 },
		{ "--5", '.', 0 },     { "$", '.', 0 },
		{ "$$5", '.', 0 },     { "K", '.', 0 },
		{ "5KK", '.', 0 },     { "5e3K", '.', 0 },
		{ "1e", '.', 0 },      { "$1e5x", '.', 0 },
		{ "5%%", '.', 0 },     { "2024.01.02", ',', '.' },
		{ "0x10", '.', 0 },    { "1.5", '.', 0 },
	};
	char digits[300];
	size_t count = sizeof(cells) / sizeof(cells[0]);
	double value = 4.25;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		bool last = i + 1 == count; /* which shows that this works */

		if ((amount(cells[i].cell, cells[i].decimal, cells[i].grouping,
		            &value) == BCI_AMOUNT_NONE) == last)
			fail_msg("'%s' is %.17g", cells[i].cell, value);
	}
	assert_true(value == 1.5);
	memset(digits, '1', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	assert_int_equal(amount(digits, '.', 0, &value), BCI_AMOUNT_VALUE);
	digits[0] = '$';
	assert_int_equal(amount(digits, '.', 0, &value), BCI_AMOUNT_NONE);
}

static void
words_for_nothing_are_absent(void **state)
{
	static const char *const words[] = {
		"",     "null", "NULL", "NaN", "nan", "-nan", "N/A", "NA",
		"n/a",  "None", "nil",  "-",   "--",  ".",    "#N/A", "inf",
		"-INF", "Infinity", "1e999", "$1e999",
	};
	double value = 4.25;
	int64_t integer = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct bci_field field = { words[i], strlen(words[i]) };

		if (amount(words[i], '.', ',', &value) != BCI_AMOUNT_ABSENT ||
		    amount(words[i], ',', '.', &value) == BCI_AMOUNT_VALUE ||
		    bci_amount_i64(&field, '.', 0, &integer) !=
		            BCI_AMOUNT_ABSENT)
			fail_msg("'%s' is not absent", words[i]);
	}
	assert_true(value == 4.25);
	assert_int_equal(integer, 7);
}

static void
integers_in_any_dress_are_exact(void **state)
{
	static const struct {
		const char *cell;
		enum bci_amount kind;
		int64_t value;
	} cells[] = {
		{ "9,007,199,254,740,993", BCI_AMOUNT_VALUE,
		  INT64_C(9007199254740993) },
		{ "-9,223,372,036,854,775,808", BCI_AMOUNT_VALUE, INT64_MIN },
		{ "9,223,372,036,854,775,808", BCI_AMOUNT_UNFIT, 0 },
		{ "9007199254740.993K", BCI_AMOUNT_VALUE,
		  INT64_C(9007199254740993) },
		{ "1.2345K", BCI_AMOUNT_UNFIT, 0 },
		{ "12.0", BCI_AMOUNT_VALUE, 12 },
		{ "1.5", BCI_AMOUNT_UNFIT, 0 },
		{ "5 T", BCI_AMOUNT_VALUE, INT64_C(5000000000000) },
		{ "1,5", BCI_AMOUNT_NONE, 0 },
		{ "x", BCI_AMOUNT_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct bci_field field = { cells[i].cell,
			                   strlen(cells[i].cell) };
		int64_t value = 0;

		assert_int_equal(bci_amount_i64(&field, '.', ',', &value),
		                 cells[i].kind);
		assert_true(value == cells[i].value);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_in_any_dress_have_their_value),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(words_for_nothing_are_absent),
		cmocka_unit_test(integers_in_any_dress_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

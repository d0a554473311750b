/* SPDX-License-Identifier: MIT */
/*
 * test_number.c - numbers against the C library's strtod(), bit for bit.
 *
 * BARCACHE_TEST_NUMBERS in the environment sets how many random texts are
 * compared; without it a million are.
 */
#include "barcache.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "support.h"

#define TEXT_MAX 1700

static uint64_t
bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static double
double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* How many texts the quick ways took. */
static uint64_t quick_numbers, quick_integers;

/*
 * Where a quick way takes all of a text, up to the comma behind it, the value
 * must be the right one.  Behind the comma lies what may be taken for more
 * digits, and where BCI_NUMBER_AHEAD bytes end so does the memory.
 */
static void
compare_quick(const char *text, double expected)
{
	static const char behind[] = "1.5,27;0.125\n9876543210,-4.5 99.999";
	static size_t shift;
	size_t bytes = strlen(text) + 1, room = BCI_NUMBER_AHEAD;
	char *copy, *at;
	const char *end;
	double value;
	int64_t integer;

	if (bytes > room)
		room = bytes;
	shift = (shift + 1) % 17;
	copy = malloc(shift + room);
	assert_non_null(copy);
	at = copy + shift;
	memcpy(at, text, bytes - 1);
	at[bytes - 1] = ',';
	for (size_t i = bytes; i < room; i++)
		at[i] = behind[(i + shift) % (sizeof(behind) - 1)];
	end = bci_number_quick(at, '.', &value);
	if (end != NULL && *end == ',') {
		quick_numbers++;
		if (end != at + bytes - 1 ||
		    bits_of(value) != bits_of(expected))
			fail_msg("'%.200s': %.17g and not %.17g", text, value,
			         expected);
	}
	end = bci_integer_quick(at, &integer);
	if (end != NULL && *end == ',') {
		quick_integers++;
		assert_ptr_equal(end, at + bytes - 1);
		assert_int_equal(integer, strtoll(text, NULL, 10));
	}
	free(copy);
}

/*
 * Compare with strtod() on a copy without a byte to spare, so that reading
 * beyond the end is seen by a sanitizer.
 */
static void
compare(const char *text)
{
	size_t bytes = strlen(text);
	char *copy = malloc(bytes == 0 ? 1 : bytes);
	const char *end;
	char *expected_end;
	double value = 0, expected = strtod(text, &expected_end);

	assert_non_null(copy);
	memcpy(copy, text, bytes);
	end = bci_number_parse(copy, copy + bytes, &value);
	if (end == NULL || end - copy != expected_end - text ||
	    bits_of(value) != bits_of(expected))
		fail_msg("'%.200s': %.17g and not %.17g, %td bytes and not %td",
		         text, value, expected, end == NULL ? -1 : end - copy,
		         expected_end - text);
	free(copy);
	if (strchr(text, ',') == NULL)
		compare_quick(text, expected);
}

static void
chosen_texts_parse_as_by_strtod(void **state)
{
	static const char *const texts[] = {
		"0", "-0", "+0", "0.0", "-0.0", "1", "-1", "+1", "42123.45",
		"5.", ".5", "-.5", "+5.", "00012.500", "0.00001234",
		"123456789012345678", "1234567890123456789",
		"12345678901234567890", "123456789012345678901234567890",
		"9007199254740992", "9007199254740993", "9007199254740994",
		"9007199254740993e1", "9007199254740993.0000000000000000001",
		"9223372036854775807", "9223372036854775808",
		"18446744073709551615", "18446744073709551616",
		"1e22", "1e23", "1e-22", "1e-23", "8.5e22",
		"9007199254740991e22",
		"9007199254740993e27", "9007199254740993e-27",
		"9007199254740993e28", "9007199254740993e-28",
		"18446744073709551615e-27", "18446744073709551615e27",
		"1.7976931348623157e308", "1.7976931348623158e308",
		"1.7976931348623159e308", "1e308", "1e309", "-1e309", "1e400",
		"1e99999", "1e99999999999999999999", "-1e99999999999999999999",
		"2.2250738585072014e-308", "2.2250738585072011e-308",
		"2.2250738585072012e-308", "4.9406564584124654e-324",
		"5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
		"2.47032822920623272088284396434110686182e-324", "3e-324",
		"1e-400", "-1e-400", "1e-99999999999999999999", "0e99999",
		"0e-99999", "0.0e400", "1e+5", "1E5", "1E-5", "1e05", "1e005",
		"0.1e1", "0.000000000000000000000000000000000000000000001e45",
		"1000000000000000000000000000000000000000000000e-45",
		"523.4200440000001", "522.8099900000001", "0.30000000000000004",
		"0.1", "0.2", "0.3", "1.1", "100.0", "6929495644600919.5",
		"3002666054190.5", "7.2057594037927933e16", "1e16",
		"nan", "NaN", "NAN", "-nan", "+nan", "inf", "INF", "-inf",
		"Infinity", "-INFINITY", "+infinity", "infinit", "infinityx",
		"1,5", "1;2", "1 ", "1e", "1e+", "1e-", "1ex", "1.5e", "12x",
		"0.x1", "1x2", "1..2", "1.2.3", "1-2", "0_1", "12345678",
		"1234567", "123456789", "12345678.12345678", "1234567a",
		"12345678a", "1.12345678e3", "1/3", "1:2", "nanx", "3.",
		"0.5000000000000000277555756156289135105907917022705078125",
		"0.50000000000000002775557561562891351059079170227050781249",
		"0.50000000000000002775557561562891351059079170227050781251",
		"89255.0e-30", "104110013277974872254e-225",
		"12345e123", "12345e-123",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		compare(texts[i]);
}

static void
what_is_no_number_is_refused(void **state)
{
	static const char *const texts[] = {
		"", ".", "-", "+", "-.", "+.", "e5", ".e5", "-e", "x", "null",
		"na", "in", "i", "--1", "+-1", " 1", "\t1", "\n", ",", "0x10",
		"0X1", "-0x1p3", "0x", "$1", "\xd9\xa1",
	};
	double value = 4.25;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (bci_number_parse(texts[i], texts[i] + strlen(texts[i]),
		                     &value) != NULL)
			fail_msg("'%s' is one", texts[i]);
	assert_true(value == 4.25);
}

/* Nothing at or behind 'end' counts, even where it would go on. */
static void
a_number_ends_where_the_text_does(void **state)
{
	static const struct {
		const char *text;
		int bytes, used;
		double value;
	} cases[] = {
		{ "12345", 3, 3, 123 },      { "1.5", 2, 2, 1 },
		{ "1.5", 1, 1, 1 },          { "1e5", 2, 1, 1 },
		{ "1e+5", 3, 1, 1 },         { "1e55", 3, 3, 1e5 },
		{ "12345678", 7, 7, 1234567 }, { "infinity", 7, 3, INFINITY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;
		double value = 0;

		assert_ptr_equal(bci_number_parse(text, text + cases[i].bytes,
		                                  &value),
		                 text + cases[i].used);
		assert_true(value == cases[i].value);
	}
	assert_null(bci_number_parse(cases[0].text, cases[0].text,
	                             &(double){ 0 }));
}

/* ------------------------------------------------------------------------ */
/*  Random texts                                                            */
/* ------------------------------------------------------------------------ */

/* 'count' random digits. */
static char *
put_digits(char *at, uint64_t seed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		*at++ = (char)('0' + test_mix(seed, i) % 10);
	*at = '\0';
	return at;
}

/* Digits with a point somewhere, perhaps an exponent of up to 'reach'. */
static void
make_digits(char *text, uint64_t seed, size_t count, int reach)
{
	size_t point = test_mix(seed, 101) % (count + 1);
	int exponent = (int)(test_mix(seed, 102) % (2 * (unsigned)reach + 1)) -
	               reach;

	text = put_digits(text, seed, point);
	*text++ = '.';
	text = put_digits(text, seed + 7, count - point);
	if (test_mix(seed, 103) % 2 == 0)
		sprintf(text, "e%d", exponent);
}

/*
 * The exact middle between a random double and the one above it, which needs
 * one bit more and so a long double, or a hair above or below.
 */
static void
make_halfway(char *text, uint64_t seed)
{
	uint64_t bits = test_mix(seed, 104) & INT64_MAX;
	double low;
	long double middle;
	size_t bytes;

	if (seed % 3 == 0) /* Most doubles are far from where prices are. */
		bits = bits_of((double)(test_mix(seed, 105) % 1000000) / 8e3) +
		       seed % 1024;
	if (seed % 7 == 0)
		bits &= (UINT64_C(1) << 52) - 1; /* A denormal. */
	if (bits >= UINT64_C(0x7fe) << 52)
		bits >>= 1;
	low = double_of(bits);
	middle = ((long double)low + (long double)double_of(bits + 1)) / 2;
	snprintf(text, TEXT_MAX - 8, "%.*Le", seed % 2 == 0 ? 1100 : 60,
	         middle);
	bytes = strcspn(text, "e");
	if (seed % 5 == 1) { /* Above: a digit more. */
		memmove(text + bytes + 1, text + bytes,
		        strlen(text + bytes) + 1);
		text[bytes] = '1';
	} else if (seed % 5 == 2) { /* Below: the last digit less by one. */
		while (text[bytes - 1] == '0' || text[bytes - 1] == '.')
			bytes--;
		text[bytes - 1]--;
	}
}

static void
make_text(char text[TEXT_MAX], uint64_t seed)
{
	uint64_t bits = test_mix(seed, 100);
	double value = double_of(bits & ~(UINT64_C(1) << 62));

	switch (seed % 10) {
	case 0: /* prices and volumes */
	case 1:
		snprintf(text, TEXT_MAX, "%.*f", (int)(seed / 10 % 9),
		         (double)(bits % 100000000) / 1e3);
		break;
	case 2: /* results of sums, in prices */
		snprintf(text, TEXT_MAX, "%.*g", 15 + (int)(bits % 3),
		         (double)(bits >> 11) / 1e12);
		break;
	case 3: /* any double */
		snprintf(text, TEXT_MAX, "%.*g", 15 + (int)(bits % 3),
		         double_of(bits));
		break;
	case 4: /* a double below 2 with its tail */
		snprintf(text, TEXT_MAX, "%.*e", (int)(bits % 40), value);
		break;
	case 5:
		make_digits(text, seed, 1 + bits % 19, 30);
		break;
	case 6:
		make_digits(text, seed, 1 + bits % 25, 340);
		break;
	case 7:
		make_digits(text, seed, 1 + bits % 60, 5);
		break;
	default:
		make_halfway(text, seed);
		break;
	}
	if (seed % 1000 == 7)
		make_digits(text, seed, 700 + bits % 900, 400);
}

static void
random_texts_parse_as_by_strtod(void **state)
{
	const char *wanted = getenv("BARCACHE_TEST_NUMBERS");
	uint64_t count = wanted != NULL ? strtoull(wanted, NULL, 10) : 1000000;
	char text[TEXT_MAX];

	(void)state;
	assert_true(count > 0);
	quick_numbers = quick_integers = 0;
	for (uint64_t seed = 0; seed < count; seed++) {
		make_text(text, seed);
		compare(text);
	}
	/* Two texts in ten are prices, a ninth of these without a point. */
	assert_true(quick_numbers > count / 10);
	assert_true(quick_integers > count / 100);
}

/* What is simple takes the quick ways, and only that. */
static void
bare_numbers_are_quick(void **state)
{
	static const struct {
		const char *text; /* padded to BCI_NUMBER_AHEAD bytes below */
		int number, integer; /* bytes used; 0: refused */
	} cases[] = {
		{ "0,", 1, 1 },
		{ "1.5,", 3, 1 },
		{ "12345678,", 8, 8 },
		{ "12345678.12345678,", 16, 8 }, /* and not at the comma */
		{ "1234567.12345678,", 16, 7 },
		{ "90071992.5474099,", 16, 8 },
		{ "90071992.5474100,", 0, 8 }, /* above 2^53 */
		{ "99999999,", 0, 8 },
		{ "123456789,", 0, 9 },
		{ "1234567890123456,", 0, 16 },
		{ "12345678901234567,", 0, 16 },
		{ "1.123456789,", 0, 1 },
		{ "5.,", 2, 1 },
		{ ".5,", 0, 0 },
		{ "-1,", 0, 0 },
		{ ",1", 0, 0 },
		{ " 1,", 0, 0 },
		{ "1.2.3,", 3, 1 },
		{ "1e5,", 1, 1 },
		{ "12\n34", 2, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[BCI_NUMBER_AHEAD] = "";
		const char *end;
		double value;
		int64_t integer;

		memcpy(text, cases[i].text, strlen(cases[i].text));
		end = bci_number_quick(text, '.', &value);
		assert_int_equal(end == NULL ? 0 : end - text, cases[i].number);
		end = bci_integer_quick(text, &integer);
		assert_int_equal(end == NULL ? 0 : end - text,
		                 cases[i].integer);
	}
}

static void
the_point_may_be_another_byte(void **state)
{
	static const char text[BCI_NUMBER_AHEAD] = "1234,5;6.7";
	double value = 0;

	(void)state;
	assert_ptr_equal(bci_number_quick(text, ',', &value), text + 6);
	assert_true(value == 1234.5);
	assert_ptr_equal(bci_number_quick(text, '.', &value), text + 4);
	assert_true(value == 1234);
}

/* ------------------------------------------------------------------------ */
/*  Integers                                                                */
/* ------------------------------------------------------------------------ */

static void
integers_parse_if_they_fit(void **state)
{
	static const struct {
		const char *text;
		int used; /* 0: refused */
		int64_t value;
	} cases[] = {
		{ "0", 1, 0 },
		{ "-0", 2, 0 },
		{ "+7", 2, 7 },
		{ "1704067200000", 13, INT64_C(1704067200000) },
		{ "12.5", 2, 12 },
		{ "12,", 2, 12 },
		{ "0000000000000000000000012", 25, 12 },
		{ "9223372036854775807", 19, INT64_MAX },
		{ "-9223372036854775808", 20, INT64_MIN },
		{ "9223372036854775808", 0, 0 },
		{ "-9223372036854775809", 0, 0 },
		{ "18446744073709551616", 0, 0 },
		{ "99999999999999999999", 0, 0 },
		{ "100000000000000000000", 0, 0 },
		{ "", 0, 0 },
		{ "-", 0, 0 },
		{ "+", 0, 0 },
		{ "x1", 0, 0 },
		{ " 1", 0, 0 },
		{ ".5", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;
		int64_t value = 77;
		const char *end = bci_integer_parse(text, text + strlen(text),
		                                    &value);

		assert_ptr_equal(end, cases[i].used == 0
		                              ? NULL
		                              : text + cases[i].used);
		assert_int_equal(value,
		                 cases[i].used == 0 ? 77 : cases[i].value);
	}
	for (uint64_t seed = 0; seed < 20000; seed++) {
		int64_t expected = (int64_t)test_mix(seed, 1) >> seed % 64;
		int64_t value = 0;
		char text[32];
		int bytes = snprintf(text, sizeof(text), "%lld",
		                     (long long)expected);

		assert_ptr_equal(bci_integer_parse(text, text + bytes, &value),
		                 text + bytes);
		assert_int_equal(value, expected);
	}
}

static void
whole_numbers_parse_in_any_spelling(void **state)
{
	static const struct {
		const char *text;
		int used;   /* 0: no number */
		bool whole;
		int64_t value;
	} cases[] = {
		{ "7", 1, true, 7 },
		{ "-7.0", 4, true, -7 },
		{ "6416500.0", 9, true, 6416500 },
		{ "1.5e3", 5, true, 1500 },
		{ "1500e-2", 7, true, 15 },
		{ "1500e-3", 7, false, 0 },
		{ "1.5", 3, false, 0 },
		{ ".5", 2, false, 0 },
		{ "5.", 2, true, 5 },
		{ "0", 1, true, 0 },
		{ "0.000e99", 8, true, 0 },
		{ "-0e-99", 6, true, 0 },
		{ "9223372036854775807", 19, true, INT64_MAX },
		{ "9223372036854775807.00", 22, true, INT64_MAX },
		{ "-9223372036854775808", 20, true, INT64_MIN },
		{ "9223372036854775808", 19, false, 0 },
		{ "-9223372036854775809", 20, false, 0 },
		{ "100000000000000000000e-2", 24, true, 1000000000000000000 },
		{ "1e18", 4, true, 1000000000000000000 },
		{ "1e19", 4, false, 0 },
		{ "99e17", 5, false, 0 },
		{ "1e99999999999999999999", 22, false, 0 },
		{ "36893488147419103232", 20, false, 0 }, /* 2^65 */
		{ "x", 0, false, 0 },
		{ "nan", 0, false, 0 },
		{ "0x1", 0, false, 0 },
		{ "", 0, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text, *end;
		int64_t value = 77;
		bool whole = !cases[i].whole;

		end = bci_whole_parse(text, text + strlen(text), &value,
		                      &whole);
		assert_ptr_equal(end, cases[i].used == 0
		                              ? NULL
		                              : text + cases[i].used);
		assert_int_equal(whole, cases[i].whole);
		assert_int_equal(value, whole ? cases[i].value : 77);
	}
}

static void
the_locale_does_not_matter(void **state)
{
	static const char *const locales[] = { "de_DE.UTF-8", "fr_FR.UTF-8",
		                               "de_DE", "fr_FR" };
	const char *chosen = NULL;
	const char *number = "1.5e-300";
	char text[BCI_NUMBER_TEXT];
	double value = 0;

	(void)state;
	for (size_t i = 0; i < 4 && chosen == NULL; i++)
		chosen = setlocale(LC_ALL, locales[i]);
	if (chosen == NULL)
		test_skip("no locale with a decimal comma is installed");
	assert_string_equal(localeconv()->decimal_point, ",");
	bci_number_format(1.0 / 3, text);
	assert_string_equal(text, "0.3333333333333333");
	assert_ptr_equal(bci_number_parse(number, number + 8, &value),
	                 number + 8);
	assert_true(value == 1.5e-300);
	setlocale(LC_ALL, "C");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen_texts_parse_as_by_strtod),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(a_number_ends_where_the_text_does),
		cmocka_unit_test(random_texts_parse_as_by_strtod),
		cmocka_unit_test(bare_numbers_are_quick),
		cmocka_unit_test(the_point_may_be_another_byte),
		cmocka_unit_test(integers_parse_if_they_fit),
		cmocka_unit_test(whole_numbers_parse_in_any_spelling),
		cmocka_unit_test(the_locale_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_format.c - numbers to texts that parse back and are as short as can be.
 */
#include "barcache.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "support.h"

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

static void
chosen_numbers_have_the_expected_text(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0.0, "0" }, { -0.0, "-0" }, { 1, "1" }, { -1, "-1" },
		{ 10, "10" }, { 100, "100" }, { 42123.45, "42123.45" },
		{ 0.1, "0.1" }, { 0.30000000000000004, "0.30000000000000004" },
		{ 0.00001234, "0.00001234" }, { 1e-8, "0.00000001" },
		{ 1.5e-9, "1.5e-9" },
		{ 522.8099900000001, "522.8099900000001" },
		{ 1e15, "1000000000000000" }, { 1e16, "10000000000000000" },
		{ 1e20, "100000000000000000000" }, { 1e21, "1e21" },
		{ 1.5e300, "1.5e300" }, { 1e-300, "1e-300" },
		{ 123456789012345680.0, "123456789012345680" },
		{ 9007199254740993.0, "9007199254740992" },
		{ DBL_MAX, "1.7976931348623157e308" },
		{ -DBL_MAX, "-1.7976931348623157e308" },
		{ DBL_MIN, "2.2250738585072014e-308" }, { 5e-324, "5e-324" },
		{ 1.5e-323, "1.5e-323" }, { -2.2250738585072009e-308,
		                            "-2.225073858507201e-308" },
		/* Powers of two whose nearest decimal is not the shortest. */
		{ 0x1p-44, "5.684341886080802e-14" },
		{ 0x1p-1022, "2.2250738585072014e-308" },
		{ 9007199254740992.0, "9007199254740992" },
		{ NAN, "nan" }, { -NAN, "nan" }, { INFINITY, "inf" },
		{ -INFINITY, "-inf" },
	};
	char text[BCI_NUMBER_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t bytes = bci_number_format(cases[i].value, text);

		assert_string_equal(text, cases[i].text);
		assert_int_equal(bytes, strlen(text));
	}
}

static void
chosen_floats_have_the_expected_text(void **state)
{
	static const struct {
		float value;
		const char *text;
	} cases[] = {
		{ 0.0f, "0" }, { -0.0f, "-0" }, { 0.1f, "0.1" },
		{ 42123.45f, "42123.45" }, { 16777216.0f, "16777216" },
		{ 123456789.0f, "123456790" }, { 1e10f, "10000000000" },
		{ FLT_MAX, "3.4028235e38" },
		{ FLT_MIN, "1.1754944e-38" }, { 1e-45f, "1e-45" },
		{ 0.3f, "0.3" }, { 1.0f / 3, "0.33333334" },
		{ -NAN, "nan" }, { -INFINITY, "-inf" }, { INFINITY, "inf" },
	};
	char text[BCI_NUMBER_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t bytes = bci_number_format_f32(cases[i].value, text);

		assert_string_equal(text, cases[i].text);
		assert_int_equal(bytes, strlen(text));
	}
}

/* Copy the digits of a decimal without the zeros at both ends. */
static int
take_digits(const char *text, char digits[64])
{
	int count = 0, used = 0;

	for (; *text != '\0' && *text != 'e'; text++) {
		if (*text < '0' || *text > '9' || (count == 0 && *text == '0'))
			continue;
		digits[count++] = *text;
		used = *text == '0' ? used : count;
	}
	digits[used] = '\0';
	return used;
}

/*
 * Fail unless 'text' has the least digits that give 'value' back.  Of several
 * such texts a double has the nearest, which is what "%e" prints.
 */
static void
check_shortest(const char *text, double value, bool is_f32)
{
	char digits[64], least[64], rounded[64];
	int count = take_digits(text, digits);

	for (int i = 1; i <= count; i++) {
		snprintf(rounded, sizeof(rounded), "%.*e", i - 1, value);
		if (is_f32 ? strtof(rounded, NULL) != (float)value
		           : strtod(rounded, NULL) != value)
			continue;
		take_digits(rounded, least);
		if (i < count || (!is_f32 && strcmp(digits, least) != 0))
			fail_msg("%s is not %s", text, rounded);
	}
}

static double
random_double(uint64_t seed)
{
	uint64_t bits = test_mix(seed, 5);

	switch (seed % 5) {
	case 0:
		return (double)(bits % 10000000000) / 1e5;
	case 1:
		return (double)(bits % 100000) * 1e-8;
	case 2:
		return (double)(bits >> 20) / 3;
	case 3:
		return double_of(bits & (UINT64_MAX << bits % 53));
	default:
		return double_of(bits);
	}
}

static void
numbers_come_back_from_the_shortest_text(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 100000; seed++) {
		double value = random_double(seed), back = 0;
		float single = (float)value;
		char text[BCI_NUMBER_TEXT];
		size_t bytes = bci_number_format(value, text);

		assert_int_equal(bytes, strlen(text));
		assert_ptr_equal(bci_number_parse(text, text + bytes, &back),
		                 text + bytes);
		if (isnan(value)) {
			assert_true(isnan(back));
			continue;
		}
		assert_true(bits_of(value) == bits_of(back));
		assert_true(bits_of(value) == bits_of(strtod(text, NULL)));
		if (isfinite(value))
			check_shortest(text, value, false);
		bytes = bci_number_format_f32(single, text);
		assert_int_equal(bytes, strlen(text));
		assert_true(strtof(text, NULL) == single);
		if (isfinite(single))
			check_shortest(text, (double)single, true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen_numbers_have_the_expected_text),
		cmocka_unit_test(chosen_floats_have_the_expected_text),
		cmocka_unit_test(numbers_come_back_from_the_shortest_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_print.c - numbers and moments as text, against the slower way.
 */
#include "barcache.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "moment.h"
#include "number.h"
#include "print.h"
#include "support.h"

/* The text of a call that returns its end. */
#define TEXT(call)                                                             \
	do {                                                                   \
		char *end_ = (call);                                           \
		assert_true(end_ - text < BCI_PRINT_MAX);                      \
		*end_ = '\0';                                                  \
	} while (0)

/* Must print as the slow formatter does, whatever was printed before. */
static void
check_number(double value, int *decimals)
{
	char text[BCI_PRINT_MAX], expected[BCI_NUMBER_TEXT];
	int fresh = 0, before = *decimals;

	bci_number_format(value, expected);
	TEXT(bci_print_number(text, value, decimals));
	if (strcmp(text, expected) != 0)
		fail_msg("%s instead of %s after %d decimals", text, expected,
		         before);
	TEXT(bci_print_number(text, value, &fresh));
	if (strcmp(text, expected) != 0)
		fail_msg("%s instead of %s at first", text, expected);
}

static void
chosen_numbers_print_as_the_slow_way_does(void **state)
{
	static const double values[] = {
		0,
		1,
		9,
		10,
		99,
		100,
		123456789,
		0.1,
		0.5,
		0.25,
		1e-8,
		9.9999999e-1,
		1e-9,
		1.00000001,
		0.30000000000000004,
		392.5810241699219,
		16535.97,
		97000.5,
		0.00162008,
		1e15,
		999999999999999,
		999999999999999.9,
		99999999999999.99,
		9007199254740992.0,
		9007199254740993.0,
		1e21,
		1e22,
		1e300,
		4.35,
		2.675,
		1.005,
		123456.78901234,
		8388608.00000001,
		9999999.99999999,
		DBL_MAX,
		DBL_MIN,
		DBL_TRUE_MIN,
		(double)NAN,
		(double)INFINITY,
	};
	int decimals = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		for (int start = 0; start <= 8; start++) {
			decimals = start;
			check_number(values[i], &decimals);
			check_number(-values[i], &decimals);
			check_number(nextafter(values[i], 0), &decimals);
			check_number(nextafter(values[i], 1e308), &decimals);
		}
}

/* Whole numbers of up to 17 digits over powers of ten: what markets print. */
static void
decimals_print_as_the_slow_way_does(void **state)
{
	static const double tens[] = { 1,   1e1, 1e2, 1e3, 1e4, 1e5,
		                       1e6, 1e7, 1e8, 1e9, 1e10 };
	static const uint64_t limits[] = {
		10,
		1000,
		100000,
		10000000,
		UINT64_C(1000000000),
		UINT64_C(100000000000),
		UINT64_C(10000000000000),
		UINT64_C(1000000000000000),
		UINT64_C(100000000000000000),
	};
	int decimals = 0;

	(void)state;
	for (uint64_t i = 0; i < 400000; i++) {
		uint64_t bits = test_mix(i, 3);
		uint64_t whole = test_mix(i, 4) % limits[bits % 9];
		double value = (double)whole / tens[bits / 16 % 11];

		check_number((bits & 1024) != 0 ? -value : value, &decimals);
	}
}

static void
any_double_prints_as_the_slow_way_does(void **state)
{
	int decimals = 0;

	(void)state;
	for (uint64_t i = 0; i < 200000; i++) {
		uint64_t bits = test_mix(i, 5);
		double value;

		memcpy(&value, &bits, sizeof(value));
		check_number(value, &decimals);
		/* And one whose size is that of a price. */
		check_number(ldexp(frexp(value, &(int){ 0 }),
		                   (int)(test_mix(i, 6) % 40)),
		             &decimals);
	}
}

/* One number of many decimals, or a large one, does not slow down the rest. */
static void
the_decimals_of_a_column_are_found_again(void **state)
{
	char text[BCI_PRINT_MAX];
	int decimals = 0;

	(void)state;
	TEXT(bci_print_number(text, 1.25, &decimals));
	assert_int_equal(decimals, 2);
	TEXT(bci_print_number(text, 3, &decimals));
	assert_int_equal(decimals, 2);
	TEXT(bci_print_number(text, 0.00000001, &decimals));
	assert_int_equal(decimals, 8);
	TEXT(bci_print_number(text, 123456789012.5, &decimals));
	assert_string_equal(text, "123456789012.5");
	assert_int_equal(decimals, 1);
	TEXT(bci_print_number(text, 3.14159265358979311600, &decimals));
	assert_string_equal(text, "3.141592653589793");
	assert_int_equal(decimals, 1);
}

static void
integers_print_as_printf_does(void **state)
{
	char text[BCI_PRINT_MAX], expected[32];

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		int64_t value =
			(int64_t)(test_mix(i, 7) >> (test_mix(i, 8) % 64));

		if (i < 2)
			value = i == 0 ? INT64_MIN : INT64_MAX;
		value = (i & 1) != 0 && value != INT64_MIN ? -value : value;
		snprintf(expected, sizeof(expected), "%" PRId64, value);
		TEXT(bci_print_integer(text, value));
		assert_string_equal(text, expected);
	}
}

static void
moments_print_as_the_slow_way_does(void **state)
{
	struct bci_print_moment moment;
	char text[BCI_PRINT_MAX], expected[BCI_TIME_TEXT];
	int64_t ns = 0;

	(void)state;
	assert_true(bci_print_moment_begin(&moment, "%Y-%m-%dT%H:%M:%SZ"));
	assert_int_equal(moment.unit_ns, BCI_SECOND_NS);
	for (uint64_t i = 0; i < 200000; i++) {
		uint64_t bits = test_mix(i, 9);

		/* Mostly the next minutes, sometimes anywhere. */
		ns += 60 * BCI_SECOND_NS;
		if (bits % 64 == 0)
			ns = (int64_t)test_mix(i, 10) / 2;
		ns -= ns % BCI_SECOND_NS;
		bci_time_format(ns, expected);
		TEXT(bci_print_moment(&moment, text, ns, 0));
		assert_string_equal(text, expected);
	}
}

struct moment_case {
	const char *form, *text;
	int64_t utc_ns, ahead_ns;
};

#define HOUR (3600 * BCI_SECOND_NS)

static void
each_form_has_its_text(void **state)
{
	/* 2024-01-02T03:04:05Z */
	const int64_t ns = INT64_C(1704164645) * BCI_SECOND_NS;
	const struct moment_case cases[] = {
		{ "s", "1704164645", ns, 0 },
		{ "s", "1704164645", ns, 5 * HOUR },
		{ "ms", "1704164645000", ns, 0 },
		{ "us", "1704164645000001", ns + 1000, 0 },
		{ "ns", "1704164645000000001", ns + 1, 0 },
		{ "unix", "1704164645002", ns + 2000000, 0 },
		{ "ms", "-1000", -BCI_SECOND_NS, 0 },
		{ "ms-of-day", "11045000", ns, 0 },
		{ "ms-of-day", "79445000", ns, -5 * HOUR },
		{ "ms-of-day", "86399000", -BCI_SECOND_NS, 0 },
		{ "%Y-%m-%d", "2024-01-02", ns, 0 },
		{ "%Y-%m-%d", "2024-01-01", ns, -5 * HOUR },
		{ "%Y-%m-%d", "1969-12-31", -1, 0 },
		{ "%Y%m%d %H%M%S", "20240102 030405", ns, 0 },
		{ "%m/%d/%Y", "01/02/2024", ns, 0 },
		{ "%H:%M", "22:04", ns, -5 * HOUR },
		{ "%Y-%m-%d %H:%M:%S%z", "2024-01-02 08:34:05+05:30", ns,
		  5 * HOUR + HOUR / 2 },
		{ "%Y-%m-%d %H:%M:%S%z", "2024-01-01 23:34:05-03:30", ns,
		  -3 * HOUR - HOUR / 2 },
		{ "%Y-%m-%d", "1677-09-21", INT64_MIN, 0 },
		{ "%Y-%m-%d", "2262-04-11", INT64_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bci_print_moment moment;
		char text[BCI_PRINT_MAX];

		assert_true(bci_print_moment_begin(&moment, cases[i].form));
		TEXT(bci_print_moment(&moment, text, cases[i].utc_ns,
		                      cases[i].ahead_ns));
		assert_string_equal(text, cases[i].text);
	}
}

static void
the_offset_may_change_within_a_day(void **state)
{
	struct bci_print_moment moment;
	char text[BCI_PRINT_MAX];

	(void)state;
	assert_true(bci_print_moment_begin(&moment, "%Y-%m-%d %H:%M%z"));
	TEXT(bci_print_moment(&moment, text, HOUR, HOUR));
	assert_string_equal(text, "1970-01-01 02:00+01:00");
	TEXT(bci_print_moment(&moment, text, HOUR, 2 * HOUR));
	assert_string_equal(text, "1970-01-01 03:00+02:00");
}

static void
forms_that_are_not_written_are_refused(void **state)
{
	static const char *const forms[] = {
		"",
		"%Y-%m-%d %H:%M:%S.%f",
		"%d %b %Y",
		"%Y-%m-%d[ %H:%M]",
		"%Y-%m-%d %I:%M %p",
		"%F",
		"%Y%",
	};
	struct bci_print_moment moment;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (bci_print_moment_begin(&moment, forms[i]))
			fail_msg("'%s' is taken", forms[i]);
}

static void
a_form_tells_its_last_part(void **state)
{
	static const struct {
		const char *form;
		int64_t unit_ns;
	} cases[] = {
		{ "s", BCI_SECOND_NS },
		{ "unix", 1000000 },
		{ "us", 1000 },
		{ "ns", 1 },
		{ "ms-of-day", 1000000 },
		{ "%Y-%m-%d", BCI_DAY_NS },
		{ "%Y%m%d %H:%M", 60 * BCI_SECOND_NS },
		{ "%Y%m%d %H", HOUR },
		{ "%H:%M:%S", BCI_SECOND_NS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bci_print_moment moment;

		assert_true(bci_print_moment_begin(&moment, cases[i].form));
		assert_int_equal(moment.unit_ns, cases[i].unit_ns);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen_numbers_print_as_the_slow_way_does),
		cmocka_unit_test(decimals_print_as_the_slow_way_does),
		cmocka_unit_test(any_double_prints_as_the_slow_way_does),
		cmocka_unit_test(the_decimals_of_a_column_are_found_again),
		cmocka_unit_test(integers_print_as_printf_does),
		cmocka_unit_test(moments_print_as_the_slow_way_does),
		cmocka_unit_test(each_form_has_its_text),
		cmocka_unit_test(the_offset_may_change_within_a_day),
		cmocka_unit_test(forms_that_are_not_written_are_refused),
		cmocka_unit_test(a_form_tells_its_last_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_form.c - forms of moments: compiled and applied to cells.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "support.h"

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)
#define NEW_YEAR (INT64_C(1704067200) * SECOND) /* 2024-01-01 */
#define NEXT_DAY (NEW_YEAR + DAY)               /* 2024-01-02 */
#define CLOCK(h, m, s) (((h)*3600 + (m)*60 + (s)) * SECOND)

static struct bci_form
compiled(const char *text)
{
	struct bci_form form;

	if (!bci_form_compile(text, &form))
		fail_msg("'%s' is no form", text);
	return form;
}

/*
 * Parse a copy that ends where the text ends, for the sake of sanitizers.
 * Returns how many bytes were used, or -1.
 */
static int
parse(const struct bci_form *form, struct bci_form_memo *memo, const char *text,
      int64_t *time_ns, bool *utc)
{
	size_t bytes = strlen(text);
	char *copy = malloc(bytes + 1);
	const char *end;
	int used;

	assert_non_null(copy);
	memcpy(copy + 1, text, bytes);
	end = bci_form_parse(form, memo, copy + 1, copy + 1 + bytes, time_ns,
	                     utc);
	used = end == NULL ? -1 : (int)(end - copy - 1);
	free(copy);
	return used;
}

struct example {
	const char *form, *text;
	int64_t time_ns;
	bool utc;
	int left; /* bytes at the end that are not used */
};

static void
check(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct example *example = &examples[i];
		struct bci_form form = compiled(example->form);
		struct bci_form_memo memo = { 0 };
		int used = (int)strlen(example->text) - example->left;

		/* The second time the memo knows the date. */
		for (int j = 0; j < 3; j++) {
			int64_t time_ns = -1;
			bool utc = !example->utc;

			if (parse(&form, j < 2 ? &memo : NULL, example->text,
			          &time_ns, &utc) != used ||
			    time_ns != example->time_ns || utc != example->utc)
				fail_msg("'%s' as '%s' is %lld", example->text,
				         example->form, (long long)time_ns);
		}
	}
}

#define CHECK(list) check((list), sizeof(list) / sizeof((list)[0]))

static void
texts_are_read_by_their_conversions(void **state)
{
	static const struct example list[] = {
		{ "%Y-%m-%d %H:%M:%S", "2024-01-02 03:04:05",
		  NEXT_DAY + CLOCK(3, 4, 5), false, 0 },
		{ "%F %T", "2024-01-02 03:04:05", NEXT_DAY + CLOCK(3, 4, 5),
		  false, 0 },
		{ "%F %R", "2024-01-02 3:4", NEXT_DAY + CLOCK(3, 4, 0), false,
		  0 },
		{ "%F %R", "2024-1-2   3:4", NEXT_DAY + CLOCK(3, 4, 0), false,
		  0 },
		{ "%D", "01/02/24", NEXT_DAY, false, 0 },
		{ "%m/%d/%Y", "1/2/2024", NEXT_DAY, false, 0 },
		{ "%d/%m/%Y", "2/1/2024", NEXT_DAY, false, 0 },
		{ "%Y%m%d", "20240102", NEXT_DAY, false, 0 },
		{ "%Y%m%d %H%M%S", "20240102 030405", NEXT_DAY + CLOCK(3, 4, 5),
		  false, 0 },
		{ "%Y%m%d%H%M%S", "20240102030405", NEXT_DAY + CLOCK(3, 4, 5),
		  false, 0 },
		{ "%Y%m%d%H%M%S%f", "20240102030405678",
		  NEXT_DAY + CLOCK(3, 4, 5) + 678000000, false, 0 },
		{ "%Y%m%d[%H]%M", "202401020304", NEXT_DAY + CLOCK(3, 4, 0),
		  false, 0 },
		{ "%k%M%S", "93000", CLOCK(9, 30, 0), false, 0 },
		{ "%k%M%S", "093000", CLOCK(9, 30, 0), false, 0 },
		{ "%k%M%S", "0", 0, false, 0 },
		{ "%k%M", "5", CLOCK(0, 5, 0), false, 0 },
		{ "%k:%M", "9:30", CLOCK(9, 30, 0), false, 0 },
		{ "%Y-%j", "2024-366", NEW_YEAR + 365 * DAY, false, 0 },
		{ "%Y-%m", "2024-02", NEW_YEAR + 31 * DAY, false, 0 },
		{ "%Y", "2024", NEW_YEAR, false, 0 },
		{ "%Y%%", "2024%", NEW_YEAR, false, 0 },
		{ "%F", "2024-01-02,5", NEXT_DAY, false, 2 },
		{ "%H:%M %d.%m.%Y", "09:30 02.01.2024",
		  NEXT_DAY + CLOCK(9, 30, 0), false, 0 },
		{ "%d-%b-%y", "2-Jan-24", NEXT_DAY, false, 0 },
		{ "%d-%b-%y", "02-JANUARY-24", NEXT_DAY, false, 0 },
		{ "%a %B %d, %Y", "Tue Jan  2, 2024", NEXT_DAY, false, 0 },
		{ "%A, %d %b %Y", "Thurs, 5 Sept 2024", NEW_YEAR + 248 * DAY,
		  false, 0 },
		{ "%d%b%Y", "02JAN2024", NEXT_DAY, false, 0 },
		{ "%e %h %Y", "2 Jan 2024", NEXT_DAY, false, 0 },
		{ "%y-%m-%d", "68-01-01", INT64_C(3092601600) * SECOND, false,
		  0 },
		{ "%y-%m-%d", "69-01-01", -365 * DAY, false, 0 },
	};

	(void)state;
	CHECK(list);
}

static void
times_of_day_have_halves_fractions_and_offsets(void **state)
{
	static const struct example list[] = {
		{ "%I:%M %p", "12:00 AM", 0, false, 0 },
		{ "%I:%M %p", "12:59 pm", CLOCK(12, 59, 0), false, 0 },
		{ "%I:%M%p", "1:00PM", CLOCK(13, 0, 0), false, 0 },
		{ "%H:%M%p", "11:00 pm", CLOCK(23, 0, 0), false, 0 },
		{ "%F %I-%p", "2024-01-02 09-AM", NEXT_DAY + CLOCK(9, 0, 0),
		  false, 0 },
		{ "%T.%f", "03:04:05.5", CLOCK(3, 4, 5) + SECOND / 2, false,
		  0 },
		{ "%T.%f", "03:04:05.123456789", CLOCK(3, 4, 5) + 123456789,
		  false, 0 },
		{ "%T.%f", "03:04:05.1234567890", CLOCK(3, 4, 5) + 123456789,
		  false, 0 },
		{ "%FT%T%z", "2024-01-02T03:04:05Z", NEXT_DAY + CLOCK(3, 4, 5),
		  true, 0 },
		{ "%F %T%z", "2024-01-02 03:04:05 UTC",
		  NEXT_DAY + CLOCK(3, 4, 5), true, 0 },
		{ "%F %T %z", "2024-01-02 03:04:05 +0530",
		  NEXT_DAY + CLOCK(3, 4, 5) - CLOCK(5, 30, 0), true, 0 },
		{ "%F %T%z", "2024-01-02 03:04:05-05:00",
		  NEXT_DAY + CLOCK(8, 4, 5), true, 0 },
		{ "%d.%m.%Y %T.%f %z", "02.01.2024 03:04:05.000 GMT+0200",
		  NEXT_DAY + CLOCK(1, 4, 5), true, 0 },
	};

	(void)state;
	CHECK(list);
}

static void
brackets_may_be_missing(void **state)
{
	static const char form[] = "%F[ %H:%M[:%S[.%f]][%z]]";
	static const struct example list[] = {
		{ form, "2024-01-02", NEXT_DAY, false, 0 },
		{ form, "2024-01-02 03:04", NEXT_DAY + CLOCK(3, 4, 0), false,
		  0 },
		{ form, "2024-01-02 03:04Z", NEXT_DAY + CLOCK(3, 4, 0), true,
		  0 },
		{ form, "2024-01-02 03:04:05", NEXT_DAY + CLOCK(3, 4, 5), false,
		  0 },
		{ form, "2024-01-02 03:04:05.25+01",
		  NEXT_DAY + CLOCK(2, 4, 5) + SECOND / 4, true, 0 },
		/* A part that fails leaves nothing behind. */
		{ form, "2024-01-02 9", NEXT_DAY, false, 2 },
		{ form, "2024-01-02 09:30:", NEXT_DAY + CLOCK(9, 30, 0), false,
		  1 },
		{ form, "2024-01-02 09:30 +x", NEXT_DAY + CLOCK(9, 30, 0),
		  false, 3 },
		{ "%Y[-%m[-%d]]", "2024-01-02", NEXT_DAY, false, 0 },
		{ "%Y[-%m[-%d]]", "2024", NEW_YEAR, false, 0 },
	};

	(void)state;
	CHECK(list);
}

static void
numbers_count_units(void **state)
{
	static const struct example list[] = {
		{ "unix", "1704153600", NEXT_DAY, true, 0 },
		{ "unix", "1704153600000", NEXT_DAY, true, 0 },
		{ "unix", "1704153600000000", NEXT_DAY, true, 0 },
		{ "unix", "1704153600000000000", NEXT_DAY, true, 0 },
		{ "unix", "1704153600.0", NEXT_DAY, true, 0 },
		{ "unix", "1704153600.00,5", NEXT_DAY, true, 2 },
		{ "unix", "1704153600.01", NEXT_DAY + SECOND / 100, true, 0 },
		{ "unix", "1704153600.0e3", NEXT_DAY, true, 0 },
		{ "unix", "1704153600.123", NEXT_DAY + 123000000, true, 0 },
		{ "unix", "1704153600000.000001", NEXT_DAY + 1, true, 0 },
		{ "unix", "1704153600000.00000000000", NEXT_DAY, true, 0 },
		{ "unix", "1.7041536E+12", NEXT_DAY, true, 0 },
		{ "unix", "1.7041536e9", NEXT_DAY, true, 0 },
		{ "unix", "1.70424E12", NEW_YEAR + 2 * DAY, true, 0 },
		{ "ms", "1e+0", 1000000, true, 0 },
		{ "ms", "0e+12", 0, true, 0 },
		{ "unix", "17041536000e-1", NEXT_DAY, true, 0 },
		{ "unix", "0", 0, true, 0 },
		{ "unix", "-1000000000", -1000000000 * SECOND, true, 0 },
		{ "unix", "1704153600,5", NEXT_DAY, true, 2 },
		{ "s", "5", 5 * SECOND, true, 0 },
		{ "s", "-0.5", -SECOND / 2, true, 0 },
		{ "s", "9223372036.854775807", INT64_MAX, true, 0 },
		{ "ms", "5", 5000000, true, 0 },
		{ "us", "1704153600000000", NEXT_DAY, true, 0 },
		{ "ns", "9223372036854775807", INT64_MAX, true, 0 },
		{ "ns", "-9223372036854775808", INT64_MIN, true, 0 },
		{ "ms-of-day", "0", 0, false, 0 },
		{ "ms-of-day", "86399999", DAY - 1000000, false, 0 },
	};

	(void)state;
	CHECK(list);
}

/* No moments, or not in these forms. */
static const struct {
	const char *form, *text;
} refused[] = {
	{ "%F", "" },
	{ "%F", "2024" },
	{ "%F", "2024-" },
	{ "%F", "2024-13-01" },
	{ "%F", "2024-00-01" },
	{ "%F", "2024-01-00" },
	{ "%F", "2024-01-32" },
	{ "%F", "2023-02-29" },
	{ "%F", "1900-02-29" },
	{ "%F", "2024-04-31" },
	{ "%F", "0000-01-01" },
	{ "%F", "1677-01-01" },
	{ "%F", "2262-12-01" },
	{ "%F", "202-01-01" },
	{ "%Y%m%d", "2024011" },
	{ "%Y%m%d", "2024-01-02" },
	{ "%Y-%j", "2023-366" },
	{ "%Y-%j", "2024-367" },
	{ "%Y-%j", "2024-000" },
	{ "%d-%b-%y", "2-Ja-24" },
	{ "%d-%b-%y", "2-Jab-24" },
	{ "%d-%b-%y", "2-Januaryy-24" },
	{ "%d-%b-%y", "2-Jan-4" },
	{ "%T", "24:00:00" },
	{ "%T", "00:60:00" },
	{ "%T", "00:00:60" },
	{ "%H%M%S", "93000" },
	{ "%k%M%S", "240000" },
	{ "%k%M%S", "236000" },
	{ "%k%M%S", "" },
	{ "%I:%M%p", "0:30AM" },
	{ "%I:%M%p", "13:30PM" },
	{ "%I:%M%p", "1:30" },
	{ "%I:%M%p", "1:30 xM" },
	{ "%T.%f", "03:04:05." },
	{ "%T.%f", "03:04:05.1234567891" },
	{ "%R%z", "03:04" },
	{ "%R%z", "03:04+2" },
	{ "%R%z", "03:04+24:00" },
	{ "%R%z", "03:04+02:60" },
	{ "%R%z", "03:04 EST" },
	{ "unix", "" },
	{ "unix", "x" },
	{ "unix", "1" },
	{ "unix", "60000" },
	{ "unix", "10000000000" },
	{ "unix", "9223372037" },
	{ "unix", "10000000000000000" },
	{ "unix", "1704153600." },
	{ "unix", "1704153600e" },
	{ "unix", "1704153600e99999999999" },
	{ "unix", "1.70424E+12" },
	{ "unix", "1e30" },
	{ "s", "0.0000000001" },
	{ "%R %F", "09:30 2024-02-30" },
	{ "ms", "1.704153e+12" },
	{ "unix", "1704153600000.0000001" },
	{ "unix", "1704153600000000000.5" },
	{ "unix", "." },
	{ "unix", "17041536001704153600" },
	{ "s", "9223372036.854775808" },
	{ "s", "9223372037" },
	{ "ms", "1e30" },
	{ "ms-of-day", "86400000" },
	{ "ms-of-day", "-1" },
};
static void
what_is_no_such_moment_is_refused(void **state)
{

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct bci_form form = compiled(refused[i].form);
		struct bci_form_memo memo = { 0 };
		int64_t time_ns;
		bool utc;

		for (int j = 0; j < 2; j++)
			if (parse(&form, &memo, refused[i].text, &time_ns,
			          &utc) >= 0)
				fail_msg("'%s' is '%s'", refused[i].text,
				         refused[i].form);
	}
}

static void
the_last_date_is_not_mistaken_for_another(void **state)
{
	static const struct {
		const char *form, *texts[4];
		int64_t times[4];
	} list[] = {
		{ "%F[ %R]",
		  { "2024-1-1 00:00", "2024-1-11 00:00", "2024-1-1 09:30",
		    "2024-1-1" },
		  { NEW_YEAR, NEW_YEAR + 10 * DAY, NEW_YEAR + CLOCK(9, 30, 0),
		    NEW_YEAR } },
		{ "%Y-%b[ %R]",
		  { "2024-Mar 00:00", "2024-March 00:00", "2024-May 00:00",
		    "2024-Mar 01:00" },
		  { NEW_YEAR + 60 * DAY, NEW_YEAR + 60 * DAY,
		    NEW_YEAR + 121 * DAY,
		    NEW_YEAR + 60 * DAY + CLOCK(1, 0, 0) } },
		{ "%Y%m%d%H%M",
		  { "202401010000", "202401020000", "202401021000",
		    "202401010000" },
		  { NEW_YEAR, NEXT_DAY, NEXT_DAY + CLOCK(10, 0, 0),
		    NEW_YEAR } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct bci_form form = compiled(list[i].form);
		struct bci_form_memo memo = { 0 };
		int64_t time_ns;
		bool utc;

		for (int j = 0; j < 4; j++) {
			const char *text = list[i].texts[j];

			assert_int_equal(
				parse(&form, &memo, text, &time_ns, &utc),
				strlen(text));
			assert_int_equal(time_ns, list[i].times[j]);
		}
	}
}

/* Cells that are nearly alike, parsed with and without a memo. */
static void
a_memo_changes_no_result(void **state)
{
	static const char *const forms[][2] = {
		{ "%F[ %H:%M[:%S]][%z]", "2024-01-02 03:04:05Z" },
		{ "%Y-%m-%d", "2024-1-2 3:4" },
		{ "%m/%d/%y %I:%M%p", "1/2/24 3:04 PM" },
		{ "%Y%m%d%H%M%S", "20240102030405" },
		{ "%b %d, %Y %T", "Mar 2, 2024 03:04:05" },
		{ "%k%M%S", "30405" },
	};
	static const char bytes[] = "0123456789:- /aZ";

	(void)state;
	for (uint64_t i = 0; i < 60000; i++) {
		const char *const *one = forms[i / 10000];
		static struct bci_form_memo memo;
		struct bci_form form = compiled(one[0]);
		int64_t with_ns = 0, without_ns = 0;
		bool with_utc = false, without_utc = false;
		size_t length = strlen(one[1]);
		char text[32];

		if (i % 10000 == 0)
			memset(&memo, 0, sizeof(memo));
		memcpy(text, one[1], length + 1);
		for (uint64_t j = 0; j < i % 3; j++)
			text[test_mix(i, j) % length] =
				bytes[test_mix(j, i) % (sizeof(bytes) - 1)];
		if (parse(&form, &memo, text, &with_ns, &with_utc) !=
		            parse(&form, NULL, text, &without_ns,
		                  &without_utc) ||
		    with_ns != without_ns || with_utc != without_utc)
			fail_msg("'%s' as '%s'", text, one[0]);
	}
}

static void
a_memo_knows_the_unit_of_the_last_number(void **state)
{
	struct bci_form form = compiled("unix");
	struct bci_form_memo memo = { 0 };
	int64_t time_ns;
	bool utc;

	(void)state;
	assert_int_equal(parse(&form, &memo, "1735603200000", &time_ns, &utc),
	                 13);
	assert_int_equal(memo.unit_ns, 1000000);
	assert_int_equal(
		parse(&form, &memo, "1735689600000000", &time_ns, &utc), 16);
	assert_int_equal(memo.unit_ns, 1000);
	assert_int_equal(parse(&form, &memo, "1735689600.5", &time_ns, &utc),
	                 12);
	assert_int_equal(memo.unit_ns, SECOND);
}

static void
forms_say_what_they_tell(void **state)
{
	struct bci_form form = compiled("%F");

	(void)state;
	assert_true(form.dated && !form.clocked && !form.zoned);
	form = compiled("%F[ %R[%z]]");
	assert_true(form.dated && form.clocked && !form.zoned);
	form = compiled("%F[ %R]%z");
	assert_true(form.dated && form.clocked && form.zoned);
	form = compiled("%k%M");
	assert_true(!form.dated && form.clocked && !form.zoned);
	form = compiled("ms");
	assert_true(form.dated && form.clocked && form.zoned);
	assert_int_equal(form.kind, BCI_FORM_UNIX);
	form = compiled("ms-of-day");
	assert_true(!form.dated && form.clocked && !form.zoned);
	assert_int_equal(form.kind, BCI_FORM_OF_DAY);
}

static void
what_names_no_moment_is_no_form(void **state)
{
	static const char *const list[] = {
		"",
		"x",
		"iso",
		"%",
		"%F %",
		"%Q",
		"%1",
		"%F%",
		"%m-%d",
		"%Y-%d",
		"%d %H:%M",
		"%M:%S",
		"%I:%M",
		"%F %H:%m",
		"%F %F",
		"%b %B %Y",
		"%F[",
		"%F]",
		"%F[ %H",
		"%F ]%H[",
		"%p",
		"%z",
		"%f",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
		"%Y 3456789012345678901234567890123",
		("%F                                                          "
		 "         "),
	};
	struct bci_form form;
	int64_t time_ns;
	bool utc;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (bci_form_compile(list[i], &form))
			fail_msg("'%s' is one", list[i]);
		assert_int_equal(form.kind, BCI_FORM_NONE);
		assert_int_equal(parse(&form, NULL, "2024", &time_ns, &utc),
		                 -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read_by_their_conversions),
		cmocka_unit_test(
			times_of_day_have_halves_fractions_and_offsets),
		cmocka_unit_test(brackets_may_be_missing),
		cmocka_unit_test(numbers_count_units),
		cmocka_unit_test(what_is_no_such_moment_is_refused),
		cmocka_unit_test(the_last_date_is_not_mistaken_for_another),
		cmocka_unit_test(a_memo_changes_no_result),
		cmocka_unit_test(a_memo_knows_the_unit_of_the_last_number),
		cmocka_unit_test(forms_say_what_they_tell),
		cmocka_unit_test(what_names_no_moment_is_no_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

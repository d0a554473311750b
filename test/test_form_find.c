/* SPDX-License-Identifier: MIT */
/*
 * test_form_find.c - forms of moments found from cells.
 */
#include "barcache.h"

#include <string.h>

#include "form.h"
#include "support.h"

#define CELLS 4

struct found {
	const char *cells[CELLS];
	const char *form, *other; /* NULL: none */
};

static void
check_found(enum bci_form_part part, const struct found *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct bci_field cells[CELLS];
		struct bci_form_guess guess;
		size_t used = 0;
		bool found;

		for (; used < CELLS && list[i].cells[used] != NULL; used++) {
			cells[used].text = list[i].cells[used];
			cells[used].bytes = strlen(list[i].cells[used]);
		}
		found = bci_form_find(cells, used, part, &guess);
		if (found != (list[i].form != NULL) ||
		    strcmp(guess.form.text, found ? list[i].form : "") != 0)
			fail_msg("'%s' is '%s'", list[i].cells[0],
			         guess.form.text);
		if (strcmp(guess.other.text,
		           list[i].other == NULL ? "" : list[i].other) != 0)
			fail_msg("'%s' is also '%s'", list[i].cells[0],
			         guess.other.text);
		assert_int_equal(guess.other.kind, list[i].other == NULL
		                                           ? BCI_FORM_NONE
		                                           : BCI_FORM_TEXT);
	}
}

#define CHECK_FOUND(part, list)                                                \
	check_found((part), (list), sizeof(list) / sizeof((list)[0]))

static void
dates_that_begin_with_the_year_are_found(void **state)
{
	static const struct found list[] = {
		{ { "2024-01-02", "2024-1-3" }, "%Y-%m-%d", NULL },
		{ { "2024/01/02" }, "%Y/%m/%d", NULL },
		{ { "2024.01.02" }, "%Y.%m.%d", NULL },
		{ { "2024.01.02 03:04", "2024.01.02 03:05" },
		  "%Y.%m.%d %H:%M",
		  NULL },
		{ { "2024-01-02 03:04:05" }, "%Y-%m-%d %H:%M:%S", NULL },
		{ { "2024-01-02T03:04Z" }, "%Y-%m-%dT%H:%M%z", NULL },
		{ { "2024-01-02T03:04:05.000000+00:00" },
		  "%Y-%m-%dT%H:%M:%S.%f%z",
		  NULL },
		{ { "2024-01-02 03:04:05+0000" }, "%Y-%m-%d %H:%M:%S%z", NULL },
		{ { "2024-01-02 03:04:05 UTC" }, "%Y-%m-%d %H:%M:%S%z", NULL },
		{ { "2017-10-17 09-AM" }, "%Y-%m-%d %I-%p", NULL },
		{ { "2024-01-02 9PM" }, "%Y-%m-%d %I%p", NULL },
		{ { "2024-01-02 09" }, "%Y-%m-%d %H", NULL },
		{ { "2024-01", "2024-12" }, "%Y-%m", NULL },
		{ { "2024-Jan-02" }, "%Y-%b-%d", NULL },
		{ { "20240102", "20240103" }, "%Y%m%d", NULL },
		{ { "18960527" }, "%Y%m%d", NULL },
		{ { "20240102 030405" }, "%Y%m%d %H%M%S", NULL },
		{ { "20240102 03:04" }, "%Y%m%d %H:%M", NULL },
		{ { "20240102 0304" }, "%Y%m%d %H%M", NULL },
		{ { "20240102T030405Z" }, "%Y%m%dT%H%M%S%z", NULL },
		{ { "20240102-03:04:05" }, "%Y%m%d-%H:%M:%S", NULL },
		{ { "2024010203" }, "%Y%m%d%H", NULL },
		{ { "202401020304" }, "%Y%m%d%H%M", NULL },
		{ { "20240102030405" }, "%Y%m%d%H%M%S", NULL },
		{ { "2022", "2023", "2024" }, "%Y", NULL },
		{ { "2022", "", "2300" }, NULL, NULL },
		{ { "2024Q1" }, NULL, NULL },
		{ { "2024-01-02T03:04:05Z[UTC]" }, NULL, NULL },
		{ { "2024-01-02 24:00" }, NULL, NULL },
		{ { "2024-01-02", "2024-02-30" }, NULL, NULL },
	};

	(void)state;
	CHECK_FOUND(BCI_FORM_MOMENT, list);
}

static void
cells_may_differ_in_what_they_leave_out(void **state)
{
	static const struct found list[] = {
		{ { "2024-01-02", "", "2024-01-02 09:30:00" },
		  "%Y-%m-%d[ %H:%M:%S]",
		  NULL },
		{ { "2024-01-02 09:30:00", "2024-01-02 09:30:00.5" },
		  "%Y-%m-%d %H:%M:%S[.%f]",
		  NULL },
		{ { "2024-01-02 09:30", "2024-01-02 09:30:15" },
		  "%Y-%m-%d %H:%M[:%S]",
		  NULL },
		{ { "2024-01-02 09:30Z", "2024-01-02 09:30" },
		  "%Y-%m-%d %H:%M[%z]",
		  NULL },
		{ { "20240102", "202401020930" }, "%Y%m%d[%H%M]", NULL },
	};

	(void)state;
	CHECK_FOUND(BCI_FORM_MOMENT, list);
}

static void
day_and_month_are_told_apart_by_all_cells(void **state)
{
	static const struct found list[] = {
		{ { "1/2/2024" }, "%m/%d/%Y", "%d/%m/%Y" },
		{ { "1/2/2024", "1/13/2024" }, "%m/%d/%Y", NULL },
		{ { "1/2/2024", "13/2/2024" }, "%d/%m/%Y", NULL },
		{ { "13/2/2024", "2/13/2024" }, NULL, NULL },
		{ { "01.02.2024" }, "%d.%m.%Y", "%m.%d.%Y" },
		{ { "01-02-2024" }, "%d-%m-%Y", "%m-%d-%Y" },
		{ { "01-13-2024" }, "%m-%d-%Y", NULL },
		{ { "11/5/19", "11/14/19" }, "%m/%d/%y", NULL },
		{ { "11/5/19" }, "%m/%d/%y", "%d/%m/%y" },
		{ { "24-01-15" }, "%d-%m-%y", "%y-%m-%d" },
		{ { "99-01-15" }, "%y-%m-%d", NULL },
		{ { "11/5/2019 9:30", "11/15/2019 10:00" },
		  "%m/%d/%Y %H:%M",
		  NULL },
		{ { "11/5/2019 9:30 AM", "11/5/2019 1:00PM" },
		  "%m/%d/%Y %I:%M%p",
		  "%d/%m/%Y %I:%M%p" },
		{ { "11/15/2019, 9:30:00 AM" }, "%m/%d/%Y, %I:%M:%S%p", NULL },
		{ { "15.01.2024 03:04:05.000 GMT+0200" },
		  "%d.%m.%Y %H:%M:%S.%f%z",
		  NULL },
	};

	(void)state;
	CHECK_FOUND(BCI_FORM_MOMENT, list);
}

static void
names_of_months_and_weekdays_are_found(void **state)
{
	static const struct found list[] = {
		{ { "3-Jan-22", "13-Jan-22" }, "%d-%b-%y", NULL },
		{ { "3-Jan-2022" }, "%d-%b-%Y", NULL },
		{ { "3 Jan 2022" }, "%d %b %Y", NULL },
		{ { "02JAN2024 03:04" }, "%d%b%Y %H:%M", NULL },
		{ { "Jan 2, 2024" }, "%b %d, %Y", NULL },
		{ { "Jan 2 2024" }, "%b %d %Y", NULL },
		{ { "January 2, 2024", "May 3, 2024" }, "%b %d, %Y", NULL },
		{ { "Tue Jan 02 2024" }, "%a %b %d %Y", NULL },
		{ { "Tue, 02 Jan 2024 03:04:05 GMT" },
		  "%a, %d %b %Y %H:%M:%S%z",
		  NULL },
		{ { "Tue Jan  2 03:04:05 2024" },
		  "%a %b %d %H:%M:%S %Y",
		  NULL },
		{ { "Jan-24", "Feb-24" }, "%b-%y", NULL },
		{ { "AAPL" }, NULL, NULL },
		{ { "Jan" }, NULL, NULL },
	};

	(void)state;
	CHECK_FOUND(BCI_FORM_MOMENT, list);
}

static void
counts_since_1970_are_found(void **state)
{
	static const struct found list[] = {
		{ { "1704153600", "1704153660" }, "unix", NULL },
		{ { "1735603200000", "1735689600000000" }, "unix", NULL },
		{ { "1704153600.0" }, "unix", NULL },
		{ { "1.7041536E+12" }, "unix", NULL },
		{ { "1.70415E+12" }, NULL, NULL },
		{ { "0", "0" }, NULL, NULL },
		{ { "0.0" }, NULL, NULL },
		{ { "0", "60000" }, NULL, NULL },
		{ { "34200000", "34260000" }, NULL, NULL },
		{ { "123.45" }, NULL, NULL },
		{ { "1704010100" }, "unix", NULL },
		{ { "", "" }, NULL, NULL },
	};

	(void)state;
	CHECK_FOUND(BCI_FORM_MOMENT, list);
}

static void
dates_have_no_time_of_day_but_midnight(void **state)
{
	static const struct found list[] = {
		{ { "20240102" }, "%Y%m%d", NULL },
		{ { "2024.01.02" }, "%Y.%m.%d", NULL },
		{ { "1/2/2024" }, "%m/%d/%Y", "%d/%m/%Y" },
		{ { "2024-01-02 00:00:00" }, "%Y-%m-%d %H:%M:%S", NULL },
		{ { "2024-01-02 00:01:00" }, NULL, NULL },
		{ { "2024-01-02 00:00Z" }, NULL, NULL },
		{ { "1704153600" }, NULL, NULL },
	};

	(void)state;
	CHECK_FOUND(BCI_FORM_DATE, list);
}

static void
times_of_day_are_found(void **state)
{
	static const struct found list[] = {
		{ { "09:30", "9:31" }, "%H:%M", NULL },
		{ { "09:30:00" }, "%H:%M:%S", NULL },
		{ { "09:30:00.000", "09:30:01" }, "%H:%M:%S[.%f]", NULL },
		{ { "9:30 AM" }, "%I:%M%p", NULL },
		{ { "9:30:00PM" }, "%I:%M:%S%p", NULL },
		{ { "093000", "000000" }, "%H%M%S", NULL },
		{ { "0930", "2359" }, "%H%M", NULL },
		{ { "93000", "160000" }, "%k%M%S", NULL },
		{ { "0", "100", "93000" }, "%k%M%S", NULL },
		{ { "930", "1600" }, "%k%M", NULL },
		{ { "0", "60000", "120000" }, "ms-of-day", NULL },
		{ { "34200000" }, "ms-of-day", NULL },
		{ { "0", "86399000" }, "ms-of-day", NULL },
		{ { "0" }, NULL, NULL },
		{ { "34200001" }, NULL, NULL },
		{ { "86400000" }, NULL, NULL },
		{ { "-60000", "0" }, NULL, NULL },
		{ { "930", "960" }, NULL, NULL },
		{ { "2400" }, NULL, NULL },
		{ { "24:00" }, NULL, NULL },
		{ { "9.5" }, NULL, NULL },
		{ { "" }, NULL, NULL },
	};

	(void)state;
	CHECK_FOUND(BCI_FORM_CLOCK, list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_that_begin_with_the_year_are_found),
		cmocka_unit_test(cells_may_differ_in_what_they_leave_out),
		cmocka_unit_test(day_and_month_are_told_apart_by_all_cells),
		cmocka_unit_test(names_of_months_and_weekdays_are_found),
		cmocka_unit_test(counts_since_1970_are_found),
		cmocka_unit_test(dates_have_no_time_of_day_but_midnight),
		cmocka_unit_test(times_of_day_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

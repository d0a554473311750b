/* SPDX-License-Identifier: MIT */
/*
 * test_row.c - moments and zones, series and texts of rows, what is put off to
 * the end of a row; and random tables in random dress, which come back bit for
 * bit in whatever steps they are read.
 */
#include "barcache.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "number.h"
#include "plan.h"

/* ------------------------------------------------------------------------ */
/*  Moments                                                                 */
/* ------------------------------------------------------------------------ */

static void
check_times(const char *text, const int64_t *time_ns, uint64_t count)
{
	plan_read(text);
	if (plan.table.rows != count)
		fail_msg("'%s': %s", text, plan.report.faults[0].reason);
	for (uint64_t i = 0; i < count; i++)
		if (plan.table.time_ns[i] != time_ns[i])
			fail_msg("'%s', row %d: %lld and not %lld", text,
			         (int)i, (long long)plan.table.time_ns[i],
			         (long long)time_ns[i]);
}

static void
moments_may_be_in_two_fields_or_one(void **state)
{
	static const int64_t two[] = { NEW_YEAR + 9 * HOUR,
		                       NEW_YEAR + DAY + 10 * HOUR +
		                               SECOND / 2 };

	(void)state;
	plan_make("time open", "%Y-%m-%d %H:%M:%S[.%f]");
	check_times("2024-01-01 09:00:00,1\n2024-01-02 10:00:00.5,1\n", two, 2);
	plan_make("date clock open", "%m/%d/%Y");
	assert_true(bci_form_compile("%H:%M[:%S[.%f]]", &plan.dialect.clock));
	check_times("01/01/2024,09:00,1\n1/2/2024, 10:00:00.5,1\n", two, 2);
	plan_make("clock open date", "%Y%m%d");
	assert_true(bci_form_compile("%H:%M:%S[.%f]", &plan.dialect.clock));
	check_times("\"09:00:00\",1,20240101\n10:00:00.5,1,\"20240102\"\n", two,
	            2);
	plan_make("time open", "ms-of-day");
	plan.dialect.day_ns = NEW_YEAR;
	check_times("32400000,1\n", two, 1);
	assert_int_equal(plan.report.unit_ns, 1000000);
	plan_make("clock open", "unix");
	assert_true(bci_form_compile("%H:%M", &plan.dialect.clock));
	plan.dialect.day_ns = NEW_YEAR;
	check_times("09:00,1\n", two, 1);
}

static void
the_unit_of_times_may_change_within_a_file(void **state)
{
	static const int64_t times[] = {
		1735689540 * SECOND, 1735689600 * SECOND, 1735689660 * SECOND,
		1735689720 * SECOND, 1735689780 * SECOND, 1735689840 * SECOND,
	};

	(void)state;
	plan_make("time open", "unix");
	check_times("1735689540,1\n1735689600000,1\n1735689660000000,1\n"
	            "1735689720000000,1\n1735689780000000000,1\n"
	            "1735689840000,1\n",
	            times, 6);
	assert_int_equal(plan.report.unit_ns, SECOND);
	assert_int_equal(plan.report.last_unit_ns, 1000000);
	check_times("01735689540,1\n\"1735689600\",1\n", times, 2);
	/* As many digits, and beyond the end of time. */
	plan_read("1735689540000,1\n9999999999999,1\n1735689600000,1\n");
	assert_int_equal(plan.table.rows, 2);
	assert_int_equal(plan.table.time_ns[1], times[1]);
}

/* New York in 2024: set forward in March, back in November. */
static struct bci_zone_change new_york_changes[] = {
	{ INT64_MIN, -5 * HOUR },
	{ INT64_C(1710054000) * SECOND, -4 * HOUR },
	{ INT64_C(1730613600) * SECOND, -5 * HOUR },
};

static const struct bci_zone new_york = {
	.name = "America/New_York",
	.count = 3,
	.changes = new_york_changes,
};

#define MARCH (INT64_C(1710028800) * SECOND)    /* 2024-03-10 */
#define NOVEMBER (INT64_C(1730592000) * SECOND) /* 2024-11-03 */

static void
wall_clock_times_become_utc(void **state)
{
	static const int64_t times[] = { NEW_YEAR + 5 * HOUR,
		                         MARCH + 6 * HOUR + 59 * 60 * SECOND,
		                         MARCH + 7 * HOUR };
	static struct bci_zone_change ahead = { INT64_MIN, 2 * HOUR };
	static const struct bci_zone fixed = { "+02:00", 1, &ahead };

	(void)state;
	plan_make("time open", "%Y-%m-%d %H:%M[%z]");
	plan.zone = &new_york;
	check_times("2024-01-01 00:00,1\n2024-03-10 01:59,1\n"
	            "2024-03-10 03:00,1\n",
	            times, 3);
	/* A cell that tells its offset needs no zone. */
	check_times("2024-01-01 05:00Z,1\n2024-03-10 08:59+02:00,1\n", times,
	            2);
	plan_read("2024-03-10 02:30,1\n2024-03-10 03:00,1\n");
	assert_int_equal(plan.table.rows, 1);
	assert_string_equal(plan.report.faults[0].reason,
	                    "column 1 (time): '2024-03-10 02:30' is a time "
	                    "that clocks skipped");
	plan.zone = &fixed;
	check_times("2024-01-01 07:00,1\n", times, 1);
	/* Numbers of units since 1970 are UTC anyway. */
	plan_make("time open", "unix");
	plan.zone = &new_york;
	check_times("1704085200,1\n", times, 1);
}

static void
times_that_come_twice_go_the_way_of_the_rows(void **state)
{
	static const int64_t h = HOUR, half = HOUR / 2;
	const int64_t up[] = { NOVEMBER + 4 * h + half, NOVEMBER + 5 * h,
		               NOVEMBER + 5 * h + half, NOVEMBER + 6 * h,
		               NOVEMBER + 6 * h + half, NOVEMBER + 7 * h };
	const int64_t down[] = { NOVEMBER + 7 * h + half, NOVEMBER + 7 * h,
		                 NOVEMBER + 6 * h + half, NOVEMBER + 6 * h,
		                 NOVEMBER + 5 * h + half, NOVEMBER + 5 * h };
	const int64_t first[] = { NOVEMBER + 5 * h };
	const int64_t pairs[] = { up[0], up[0], up[1], up[1],
		                  up[2], up[2], up[3], up[3] };

	(void)state;
	plan_make("time open", "%Y-%m-%d %H:%M");
	plan.zone = &new_york;
	check_times("2024-11-03 00:30,1\n2024-11-03 01:00,1\n"
	            "2024-11-03 01:30,1\n2024-11-03 01:00,1\n"
	            "2024-11-03 01:30,1\n2024-11-03 02:00,1\n",
	            up, 6);
	check_times("2024-11-03 02:30,1\n2024-11-03 02:00,1\n"
	            "2024-11-03 01:30,1\n2024-11-03 01:00,1\n"
	            "2024-11-03 01:30,1\n2024-11-03 01:00,1\n",
	            down, 6);
	check_times("2024-11-03 01:00,1\n", first, 1);
	/* Each series goes its own way. */
	plan_make("symbol time open", "%Y-%m-%d %H:%M");
	plan.zone = &new_york;
	check_times("A,2024-11-03 00:30,1\nB,2024-11-03 00:30,1\n"
	            "A,2024-11-03 01:00,1\nB,2024-11-03 01:00,1\n"
	            "A,2024-11-03 01:30,1\nB,2024-11-03 01:30,1\n"
	            "A,2024-11-03 01:00,1\nB,2024-11-03 01:00,1\n",
	            pairs, 8);
}

/* ------------------------------------------------------------------------ */
/*  Series and text                                                         */
/* ------------------------------------------------------------------------ */

static void
series_are_told_apart_by_symbol_and_period(void **state)
{
	static const uint32_t codes[] = { 0, 1, 0, 2, 3, 3, 0 };

	(void)state;
	plan_make("period symbol time open", "unix");
	plan_read("5,AB,1704067200,1\n5,B,1704067200,1\n5,AB,1704067260,1\n"
	          "5A,B,1704067200,1\n ,\"B\",1704067260,1\n,B,1704067320,1\n"
	          "5,AB,1704067320,1\n");
	assert_int_equal(plan.table.rows, 7);
	assert_int_equal(plan.table.series_count, 4);
	for (int i = 0; i < 7; i++)
		assert_int_equal(plan.table.codes[i], codes[i]);
	assert_string_equal(plan.table.series[0].symbol, "AB");
	assert_string_equal(plan.table.series[0].period, "5");
	assert_string_equal(plan.table.series[2].symbol, "B");
	assert_string_equal(plan.table.series[2].period, "5A");
	assert_string_equal(plan.table.series[3].period, "");
	/* One series needs no codes. */
	plan_make("symbol time open", "unix");
	plan_read("AB,1704067200,1\n AB ,1704067260,1\n\"AB\",1704067320,1\n");
	assert_null(plan.table.codes);
	assert_int_equal(plan.table.series_count, 1);
	assert_string_equal(plan.table.series[0].symbol, "AB");
	assert_string_equal(plan.table.series[0].period, "");
	plan_read("");
	assert_int_equal(plan.table.series_count, 0);
}

static void
rows_without_a_symbol_are_refused(void **state)
{
	char text[1000];
	int bytes;

	(void)state;
	plan_make("symbol time open", "unix");
	plan_read("A,1704067200,1\n,1704067260,1\n\"\",1704067260,1\n"
	          "\xff,1704067260,1\nA,1704067260,1\nB,1704067260,x\n");
	assert_int_equal(plan.table.rows, 2);
	assert_int_equal(plan.report.unreadable, 4);
	assert_string_equal(plan.report.faults[0].reason,
	                    "column 1 (symbol): '' says nothing");
	assert_string_equal(plan.report.faults[2].reason,
	                    "column 1 (symbol): '?' is not a text to keep");
	/* The symbol of a bad row alone is no series. */
	assert_int_equal(plan.table.series_count, 1);
	bytes = sprintf(text, "%0*d,1704067200,1\n%0*d,1704067200,1\n",
	                BC_KEY_MAX, 0, BC_KEY_MAX + 1, 0);
	plan_read_bytes(text, (size_t)bytes, 1);
	assert_int_equal(plan.table.rows, 1);
}

static void
texts_are_kept_with_a_dictionary(void **state)
{
	(void)state;
	plan_make("time text open text", "unix");
	plan_read("1704067200,x,1,\n1704067260,\"a,b\",1,\"\"\n"
	          "1704067320,lost,y,lost\n1704067380,\"a,b\",1,\xc3\xa9\n"
	          "1704067440,x,1,\xc3\xa9\n1704067500,bad\xc3,1,z\n"
	          "1704067560,\"a,1,z\n1704067620,\"a,1,z\n");
	assert_int_equal(plan.table.rows, 6);
	assert_int_equal(plan.report.unreadable, 2);
	assert_int_equal(plan.table.columns[0].dictionary_count, 3);
	assert_int_equal(plan.table.columns[2].dictionary_count, 3);
	assert_string_equal(plan_word(0, 0), "x");
	assert_string_equal(plan_word(0, 1), "a,b");
	assert_string_equal(plan_word(0, 2), "a,b");
	assert_string_equal(plan_word(0, 3), "x");
	assert_string_equal(plan_word(0, 5), "\"a");
	assert_string_equal(plan_word(2, 0), "");
	assert_string_equal(plan_word(2, 1), "");
	assert_string_equal(plan_word(2, 3), "\xc3\xa9");
}

static void
many_texts_have_codes_of_their_own(void **state)
{
	enum { ROWS = 20000 };
	char *text = malloc(ROWS * 40);
	size_t bytes = 0;

	(void)state;
	assert_non_null(text);
	plan_make("time text symbol", "unix");
	for (int i = 0; i < ROWS; i++)
		bytes += (size_t)sprintf(text + bytes, "%d,w%d,S%d\n",
		                         1704067200 + i, i * 7919 % 5003,
		                         i * 31 % 997);
	plan_read_bytes(text, bytes, 4096);
	free(text);
	assert_int_equal(plan.table.rows, ROWS);
	assert_int_equal(plan.table.columns[0].dictionary_count, 5003);
	assert_int_equal(plan.table.series_count, 997);
	for (uint64_t i = 0; i < ROWS; i++) {
		char expected[20];

		sprintf(expected, "w%d", (int)(i * 7919 % 5003));
		assert_string_equal(plan_word(0, i), expected);
		sprintf(expected, "S%d", (int)(i * 31 % 997));
		assert_string_equal(
			plan.table.series[plan.table.codes[i]].symbol,
			expected);
	}
}

/* ------------------------------------------------------------------------ */
/*  Memory                                                                  */
/* ------------------------------------------------------------------------ */

static void
every_missing_memory_is_survived(void **state)
{
	static const char text[] =
		"1704067200,A,x,1,5\n1704067260,B,y,2,\n1704067320,C,z,2,7\n";
	struct test_memory memory = { 0 };
	struct bc_allocator allocator = test_allocator(&memory);
	uint64_t failures = 0;
	enum bc_status status = BC_NOMEM;

	(void)state;
	plan_make("time symbol text open count", "unix");
	plan.zone = &new_york;
	for (; status != BC_OK && failures < 100; failures++) {
		struct bc_error err = { 0 };

		memory.requests = 0;
		memory.fail_at = failures + 1;
		status = plan_try(&allocator, text, sizeof(text) - 1, 1 << 20,
		                  &err);
		if (status != BC_OK) {
			assert_status(status, BC_NOMEM, &err);
			assert_int_equal(memory.live, 0);
		}
	}
	assert_true(failures > 20 && failures < 100);
	assert_int_equal(plan.table.rows, 3);
	plan_forget(NULL);
	assert_int_equal(memory.live, 0);
	plan.table.allocator = bci_allocator_default;
}

/* ------------------------------------------------------------------------ */
/*  Random files                                                            */
/* ------------------------------------------------------------------------ */

#define ROWS 400
#define COLUMNS 5 /* open close volume count text */

/* How the cells of a random file are dressed. */
struct dress {
	uint64_t seed;
	char delimiter, decimal, grouping;
	const char *line_end;
};

/* A double with 1 to 17 digits, such as files hold. */
static double
random_value(uint64_t seed)
{
	uint64_t bits = test_mix(seed, 11);
	double value;

	switch (seed % 5) {
	case 0:
		bits &= ~(UINT64_C(1) << 62); /* Finite. */
		memcpy(&value, &bits, sizeof(value));
		return value;
	case 1:
		return (double)(bits % 100000000) / 100;
	case 2:
		return (double)(bits % 1000000);
	case 3:
		return (double)(int64_t)bits / 1e9;
	default:
		return (double)(bits % 100000000) / 100 * 1.1;
	}
}

/* Write digits with marks between thousands. */
static char *
put_grouped(char *at, const char *digits, size_t count, char grouping)
{
	for (size_t i = 0; i < count; i++) {
		if (i != 0 && (count - i) % 3 == 0)
			*at++ = grouping;
		*at++ = digits[i];
	}
	return at;
}

/* Write a number as the dress has it. */
static char *
put_number(char *at, const struct dress *dress, uint64_t seed, const char *text)
{
	uint64_t chance = test_mix(seed, dress->seed);
	size_t whole;
	bool grouped = dress->grouping != 0 && chance % 3 != 0 &&
	               strchr(text, 'e') == NULL;
	bool quoted = chance % 7 == 0 ||
	              dress->decimal == dress->delimiter ||
	              (grouped && dress->grouping == dress->delimiter);

	at += sprintf(at, "%s%s", chance % 11 == 0 ? "  " : "",
	              quoted ? "\"" : "");
	if (*text == '-')
		*at++ = *text++;
	if (chance % 13 == 0)
		at += sprintf(at, chance % 2 == 0 ? "$" : "\xe2\x82\xac");
	whole = strspn(text, "0123456789");
	if (grouped) {
		at = put_grouped(at, text, whole, dress->grouping);
		text += whole;
	}
	for (; *text != '\0'; text++)
		*at++ = *text == '.' ? dress->decimal : *text;
	return at + sprintf(at, "%s%s", quoted ? "\"" : "",
	                    chance % 17 == 0 ? " " : "");
}

static bool
random_is_absent(uint64_t seed)
{
	return test_mix(seed, 3) % 10 == 0;
}

/* A file of ROWS rows; returns its length. */
static size_t
make_file(char *text, const struct dress *dress)
{
	static const char *const nothing[] = { "", "null", "NaN", "n/a", " " };
	char number[BCI_NUMBER_TEXT];
	char *at = text;

	for (uint64_t row = 0; row < ROWS; row++) {
		uint64_t seed = dress->seed * 1000003 + row * 8;

		at += sprintf(at, "%lld",
		              (long long)(1704067200000 + row * 60000));
		for (uint64_t i = 0; i < 3; i++) {
			*at++ = dress->delimiter;
			bci_number_format(random_value(seed + i), number);
			if (i == 2 && random_is_absent(seed))
				at += sprintf(at, "%s", nothing[row % 5]);
			else
				at = put_number(at, dress, seed + i, number);
		}
		*at++ = dress->delimiter;
		sprintf(number, "%lld", (long long)test_mix(seed, 4));
		at = put_number(at, dress, seed + 3, number);
		at += sprintf(at, "%cw%d%s", dress->delimiter, (int)(row % 9),
		              dress->line_end);
		if (test_mix(seed, 5) % 20 == 0)
			at += sprintf(at, "# a remark%s%s", dress->line_end,
			              dress->line_end);
	}
	return (size_t)(at - text);
}

static void
check_file(const struct dress *dress)
{
	assert_int_equal(plan.table.column_count, COLUMNS);
	if (plan.table.rows != ROWS)
		fail_msg("%s", plan.report.faults[0].reason);
	for (uint64_t row = 0; row < ROWS; row++) {
		uint64_t seed = dress->seed * 1000003 + row * 8;
		int64_t count = (int64_t)test_mix(seed, 4);
		char expected[8];

		assert_int_equal(plan.table.time_ns[row],
		                 NEW_YEAR + (int64_t)row * 60 * SECOND);
		for (uint32_t i = 0; i < 3; i++) {
			double value = random_value(seed + i);
			double found = plan_f64(i, row);

			if (i == 2 && random_is_absent(seed))
				assert_true(isnan(found));
			else
				assert_memory_equal(&found, &value, 8);
		}
		assert_memory_equal(
			(int64_t *)plan.table.columns[3].data + row, &count, 8);
		sprintf(expected, "w%d", (int)(row % 9));
		assert_string_equal(plan_word(4, row), expected);
	}
}

static void
random_tables_come_back_in_any_dress_and_any_steps(void **state)
{
	static const char marks[][3] = {
		{ ',', '.', 0 },    { ';', ',', '.' }, { '\t', '.', ',' },
		{ ',', '.', '\'' }, { ',', '.', ',' }, { ',', ',', '.' },
		{ ';', '.', ' ' },  { '|', ',', 0 },
	};
	char *text = malloc(ROWS * (COLUMNS + 1) * 420);

	(void)state;
	assert_non_null(text);
	for (uint64_t seed = 0; seed < 48; seed++) {
		const char *mark = marks[seed % 8];
		struct dress dress = {
			.seed = seed,
			.delimiter = mark[0],
			.decimal = mark[1],
			.grouping = mark[2],
			.line_end = seed / 8 % 2 == 0 ? "\n" : "\r\n",
		};
		size_t bytes = make_file(text, &dress);
		size_t steps[] = { 1, 1 + seed * 37, 5000, bytes };

		plan_make("time open close volume count text", "unix");
		plan.dialect.delimiter = mark[0];
		plan.dialect.decimal = mark[1];
		plan.dialect.grouping = mark[2];
		for (size_t i = 0; i < 4; i++) {
			plan_read_bytes(text, bytes, steps[i]);
			check_file(&dress);
		}
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_may_be_in_two_fields_or_one),
		cmocka_unit_test(the_unit_of_times_may_change_within_a_file),
		cmocka_unit_test(wall_clock_times_become_utc),
		cmocka_unit_test(times_that_come_twice_go_the_way_of_the_rows),
		cmocka_unit_test(series_are_told_apart_by_symbol_and_period),
		cmocka_unit_test(rows_without_a_symbol_are_refused),
		cmocka_unit_test(texts_are_kept_with_a_dictionary),
		cmocka_unit_test(many_texts_have_codes_of_their_own),
		cmocka_unit_test(every_missing_memory_is_survived),
		cmocka_unit_test(
			random_tables_come_back_in_any_dress_and_any_steps),
	};

	return cmocka_run_group_tests(tests, NULL, plan_forget);
}

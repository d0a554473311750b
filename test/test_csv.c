/* SPDX-License-Identifier: MIT */
/*
 * test_csv.c - rows of text to columns by a dialect that is known: what is read
 * from each cell, what becomes of bad rows, and that neither the steps in which
 * a text is read nor its dress change a bit of the result.
 */
#include "barcache.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* ------------------------------------------------------------------------ */
/*  Lines                                                                   */
/* ------------------------------------------------------------------------ */

/* Two rows of a time, a price and a value, in any dress. */
static void
check_two(const char *text)
{
	plan_read(text);
	if (plan.table.rows != 2 || plan.report.rows != 2)
		fail_msg("'%s': %d rows of %d: %s", text, (int)plan.table.rows,
		         (int)plan.report.rows, plan.report.faults[0].reason);
	assert_int_equal(plan.table.time_ns[0], NEW_YEAR);
	assert_int_equal(plan.table.time_ns[1], NEW_YEAR + 60 * SECOND);
	assert_true(plan_f64(0, 0) == 42283.58 && plan_f64(0, 1) == 1.5);
	assert_true(plan_f64(1, 0) == 7 && plan_f64(1, 1) == 0.125);
}

static void
lines_end_in_any_way(void **state)
{
	(void)state;
	plan_make("time open volume", "unix");
	check_two("1704067200,42283.58,7\n1704067260,1.5,0.125\n");
	check_two("1704067200,42283.58,7\n1704067260,1.5,0.125");
	check_two("1704067200,42283.58,7\r\n1704067260,1.5,0.125\r\n");
	check_two("1704067200,42283.58,7\r\n1704067260,1.5,0.125\r");
	check_two("1704067200,42283.58,7\r1704067260,1.5,0.125\r");
	check_two("1704067200,42283.58,7\n1704067260,1.5,0.125\r\n");
	check_two("1704067200,42283.58,7\r\n1704067260,1.5,0.125\n");
}

static void
lines_without_a_cell_are_no_rows(void **state)
{
	static const char header[] = "time,open,volume\n";

	(void)state;
	plan_make("time open volume", "unix");
	check_two("\n\n1704067200,42283.58,7\n\r\n \n,,\n , ,\t\n\"\",,\n,\n"
	          "# 1704067200,1,1\n#\n1704067260,1.5,0.125\n\n\n");
	check_two("1704067200,42283.58,7\n1704067260,1.5,0.125\n#");
	assert_int_equal(plan.report.fault_count, 0);
	plan.dialect.header = true;
	plan.dialect.header_bytes = sizeof(header) - 2;
	plan.dialect.rows_at = sizeof(header) - 1;
	plan.dialect.line = 2;
	check_two("time,open,volume\n1704067200,42283.58,7\n"
	          "time,open,volume\r\n1704067260,1.5,0.125\n"
	          "time,open,volume");
	plan_read("time,open,volume\ntime,open,volum\n");
	assert_int_equal(plan.report.unreadable, 1);
	assert_int_equal(plan.report.faults[0].line, 2);
	plan_read(header);
	assert_int_equal(plan.report.rows, 0);
}

static void
cells_are_padded_and_quoted_in_any_way(void **state)
{
	(void)state;
	plan_make("time open volume", "unix");
	check_two("1704067200, 42283.58,  7 \n 1704067260 ,\t1.5 ,0.125\t\n");
	check_two("\"1704067200\",\"42283.58\",\"7\"\n"
	          "\"1704067260\" , \" 1.5\" , \"0.125 \" \n");
	check_two("1704067200,+42283.58,7.\n1704067260,15e-1,.125\n");
	check_two("1704067200,0000042283.5800000000000,7e0\n"
	          "1704067260.0,1.500000000000000000000000,1.25E-1\n");
	check_two("1704067200,42283.58,7,,\n1704067260,1.5,0.125, ,\"\"\n");
	plan.dialect.delimiter = ' ';
	check_two("1704067200 42283.58 7\n1704067260 1.5 0.125\n");
	check_two("1704067200   42283.58  7  \n  1704067260 1.5 0.125 \n");
	plan.dialect.delimiter = ';';
	plan.dialect.decimal = ',';
	check_two("1704067200;42283,58;7\n1704067260;1,5;0,125\n");
	plan.dialect.grouping = '.';
	check_two("1704067200;42.283,58;7\n1704067260;1,5;0,125\n");
	plan.dialect.delimiter = ',';
	check_two("1704067200,\"42.283,58\",7\n1704067260,\"1,5\",\"0,125\"\n");
	plan_make("time - open - volume -", "unix");
	check_two("1704067200,\"a,b\",42283.58,x,7,\n"
	          "1704067260,,1.5,\"\",0.125,\"c\n");
}

/* The text ends anywhere, and what lies behind it is not read. */
static void
a_text_may_have_any_length(void **state)
{
	char text[2000] = "";
	size_t bytes = 0;

	(void)state;
	plan_make("time open volume", "unix");
	for (int row = 0; row < 40; row++) {
		bytes += (size_t)sprintf(text + bytes, "%d,%.*f,%d\n",
		                         1704067200 + row, row % 7, 1.5,
		                         row * row);
		/* Without its last bytes the last row is another one. */
		for (size_t cut = 0; cut < 3 && row > 1; cut++) {
			plan_read_bytes(text, bytes - cut, 1 << 20);
			assert_int_equal(plan.report.rows, row + 1);
			assert_int_equal(plan.table.rows + plan.report.missing +
			                         plan.report.unreadable,
			                 row + 1);
			assert_true(plan_f64(1, (uint64_t)row - 1) ==
			            (row - 1) * (row - 1));
			if (cut < 2)
				assert_true(plan_f64(1, (uint64_t)row) ==
				            row * row);
		}
	}
}

static void
rows_may_outnumber_those_at_the_beginning(void **state)
{
	enum { LONG = 300, ROWS = 60000 };
	char *text = malloc(LONG * 200 + ROWS * 20);
	size_t bytes = 0;

	(void)state;
	assert_non_null(text);
	plan_make("time text count", "unix");
	for (int row = 0; row < ROWS; row++)
		bytes += (size_t)sprintf(text + bytes, "%d,%0*d,%d\n",
		                         1704067200 + row, row < LONG ? 180 : 1,
		                         row % 3, row);
	plan_read_bytes(text, bytes, 100000);
	free(text);
	assert_int_equal(plan.table.rows, ROWS);
	assert_int_equal(plan.table.columns[0].dictionary_count, 6);
	for (uint64_t row = 0; row < ROWS; row++) {
		assert_int_equal(((int64_t *)plan.table.columns[1].data)[row],
		                 row);
		assert_int_equal(strlen(plan_word(0, row)),
		                 row < LONG ? 180 : 1);
		assert_int_equal(plan.table.time_ns[row],
		                 (1704067200 + (int64_t)row) * SECOND);
	}
}

/* ------------------------------------------------------------------------ */
/*  Bad rows                                                                */
/* ------------------------------------------------------------------------ */

static void
bad_rows_are_counted_and_the_first_explained(void **state)
{
	static const char *const bad[] = {
		"x,1,2",           "column 1 (time): 'x' is not a time",
		",1,2",            "column 1 (time): '' is not a time",
		"1704067200x,1,2", "(time): '1704067200x'",
		"99999999999999999999,1,2", "is not a time",
		"9999999999999,1,2", "is not a time",
		"1,1,2",           "(time): '1' is not a time",
		"1704067200,1",    "has 2 fields and not 3",
		"1704067200",      "has 1 field and not 3",
		"1704067200,1,2,3", "has 4 fields and not 3",
		"1704067200,1,2,,3", "has 5 fields and not 3",
		"x,1",             "has 2 fields and not 3",
		"1704067200,a,2",  "column 2 (open): 'a' is not a number",
		"1704067200,1e,2", "'1e'",
		"1704067200,0x1,2", "'0x1'",
		"1704067200,1 2,2", "'1 2'",
		"1704067200,1,-",  NULL,
		"1704067200,1,\"2", "column 3 (volume): '\"2'",
		"1704067200,\"1\"2,2", "is not a number",
		"1704067200,\"1,2\",3", "'1,2' is not a number",
		"1704067200,(1),2", "'(1)'",
		"1704067200,\x01\xff,2", "'\?\?' is not a number",
		"1704067200,12345678901234567890123456789012345x,2",
		"'12345678901234567890123456789012...' is not",
		"1704067200,,2",   "!column 2 (open): '' is no price",
		"1704067200,null,2", "!column 2 (open): 'null' is no price",
		"1704067200,NaN,2", "!'NaN' is no price",
		"1704067200,-inf,2", "!'-inf' is no price",
		"1704067200,1e999,2", "!'1e999' is no price",
		"1704067200,,x",   "!column 2",
		"1704067200,x,",   "column 2",
	};
	char text[400];

	(void)state;
	plan_make("time open volume", "unix");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i += 2) {
		const char *reason = bad[i + 1];
		bool missing = reason != NULL && *reason == '!';

		snprintf(text, sizeof(text),
		         "1704067200,3,4\n\n%s\n1704067260,5,6\n", bad[i]);
		plan_read(text);
		if (plan.table.rows != (reason == NULL ? 3 : 2) ||
		    plan.report.missing != missing ||
		    plan.report.fault_count != (reason != NULL))
			fail_msg("'%s': %d rows", bad[i], (int)plan.table.rows);
		if (reason == NULL)
			continue;
		assert_int_equal(plan.report.faults[0].line, 3);
		assert_int_equal(plan.report.faults[0].missing, missing);
		if (strstr(plan.report.faults[0].reason, reason + missing) ==
		    NULL)
			fail_msg("'%s': %s", bad[i],
			         plan.report.faults[0].reason);
		assert_int_equal(plan.table.time_ns[1], NEW_YEAR + 60 * SECOND);
		assert_true(plan_f64(0, 1) == 5 && plan_f64(1, 1) == 6);
	}
}

static void
all_bad_rows_are_counted(void **state)
{
	(void)state;
	plan_make("time open", "unix");
	plan.dialect.line = 11;
	plan_read("a,1\nb,1\n1704067200,1\n1704067260,\n\nd,1\ne,1\nf,1\ng,1\n"
	          "1704067320,2\n1704067380,null\n");
	assert_int_equal(plan.report.rows, 10);
	assert_int_equal(plan.report.unreadable, 6);
	assert_int_equal(plan.report.missing, 2);
	assert_int_equal(plan.table.rows, 2);
	assert_int_equal(plan.report.fault_count, BCI_CSV_FAULTS);
	assert_int_equal(plan.report.faults[0].line, 11);
	assert_int_equal(plan.report.faults[2].line, 14);
	assert_true(plan.report.faults[2].missing);
	assert_int_equal(plan.report.faults[4].line, 17);
}

static void
a_nul_byte_is_no_end_of_the_text(void **state)
{
	static const char text[] = "1704067200,1\0,2\n1704067260,\0,2\n\0\n"
				   "1704067320,5,6\n1704067380,5,6\0";

	(void)state;
	plan_make("time open volume", "unix");
	plan_read_bytes(text, sizeof(text) - 1, 1 << 20);
	assert_int_equal(plan.table.rows, 1);
	assert_int_equal(plan.report.unreadable, 4);
	assert_true(plan_f64(1, 0) == 6);
}

/* ------------------------------------------------------------------------ */
/*  Types                                                                   */
/* ------------------------------------------------------------------------ */

static void
values_that_do_not_fit_their_type_are_refused(void **state)
{
	static const struct {
		const char *cell;
		bool i64, i32, u8, f32;
	} cases[] = {
		{ "0", true, true, true, true },
		{ "255", true, true, true, true },
		{ "256", true, true, false, true },
		{ "-1", true, true, false, true },
		{ "12.0", true, true, true, true },
		{ "1.2e1", true, true, true, true },
		{ "1K", true, true, false, true },
		{ "2147483647", true, true, false, true },
		{ "2147483648", true, false, false, true },
		{ "-2147483648", true, true, false, true },
		{ "9007199254740993", true, false, false, true },
		{ "9223372036854775807", true, false, false, true },
		{ "-9223372036854775808", true, false, false, true },
		{ "9223372036854775808", false, false, false, true },
		{ "1.5", false, false, false, true },
		{ "1e38", false, false, false, true },
		{ "1e39", false, false, false, false },
		{ "x", false, false, false, false },
	};
	static const char *const types[] = { "i64", "i32", "u8", "f32" };
	char text[100], fields[20];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const bool fits[] = { cases[i].i64, cases[i].i32, cases[i].u8,
			              cases[i].f32 };

		for (int type = 0; type < 4; type++) {
			sprintf(fields, "time %s", types[type]);
			plan_make(fields, "unix");
			sprintf(text, "1704067200,%s\n", cases[i].cell);
			plan_read(text);
			if (plan.table.rows != fits[type])
				fail_msg("%s, %s", cases[i].cell, types[type]);
			if (fits[type] || cases[i].cell[0] == 'x')
				continue;
			sprintf(text, "does not fit %s", types[type]);
			assert_non_null(
				strstr(plan.report.faults[0].reason, text));
		}
	}
}

static void
integers_are_exact(void **state)
{
	(void)state;
	plan_make("time i64 i32 u8 f32", "unix");
	plan_read("1704067200,9007199254740993,-2147483648,255,0.1\n"
	          "1704067260,-9223372036854775808,7,0,\n"
	          "1704067320,9007199254740993.0,\"1,000\",1,1\n"
	          "1704067380,1,,1,1\n1704067440,1,1,,1\n");
	assert_int_equal(plan.table.rows, 2);
	assert_int_equal(plan.report.unreadable, 3);
	assert_int_equal(((int64_t *)plan.table.columns[0].data)[0],
	                 INT64_C(9007199254740993));
	assert_int_equal(((int64_t *)plan.table.columns[0].data)[1], INT64_MIN);
	assert_int_equal(((int32_t *)plan.table.columns[1].data)[0], INT32_MIN);
	assert_int_equal(((uint8_t *)plan.table.columns[2].data)[0], 255);
	assert_true(((float *)plan.table.columns[3].data)[0] == 0.1f);
	assert_true(isnan(((float *)plan.table.columns[3].data)[1]));
	assert_string_equal(plan.report.faults[1].reason,
	                    "column 3 (i32): '' says nothing");
}

static void
a_count_that_is_absent_makes_its_column_f64(void **state)
{
	(void)state;
	plan_make("time count close", "unix");
	plan_read("1704067200,7,1\n1704067260,-9007199254740992,1\n");
	assert_int_equal(plan.table.columns[0].type, BC_I64);
	/* A row that is refused changes nothing. */
	plan_read("1704067200,7,1\n1704067260,,x\n1704067320,,\n");
	assert_int_equal(plan.table.columns[0].type, BC_I64);
	plan_read("1704067200,7,1\n1704067260,-9007199254740992,1\n"
	          "1704067320,null,1\n1704067380,0,1\n1704067440,,1\n"
	          "1704067500,9007199254740993,1\n1704067560,12.0,1\n");
	assert_int_equal(plan.table.rows, 6);
	assert_true(plan_f64(0, 0) == 7);
	assert_true(plan_f64(0, 1) == -9007199254740992.0);
	assert_true(isnan(plan_f64(0, 2)) && isnan(plan_f64(0, 4)));
	assert_true(plan_f64(0, 3) == 0);
	assert_true(plan_f64(0, 5) == 12);
	assert_int_equal(plan.report.unreadable, 1);
	assert_non_null(strstr(plan.report.faults[0].reason, "does not fit"));
	/* What no double holds stays as it is. */
	plan_read("1704067200,9007199254740993,1\n1704067260,,1\n");
	assert_int_equal(plan.table.columns[0].type, BC_I64);
	assert_int_equal(plan.table.rows, 1);
	assert_non_null(strstr(plan.report.faults[0].reason, "says nothing"));
}

static void
prices_alone_are_divided(void **state)
{
	(void)state;
	plan_make("time open volume", "unix");
	plan.dialect.price_divisor = 1e4;
	plan_read("1704067200,973100,973100\n1704067260,\"11\",11\n");
	assert_true(plan_f64(0, 0) == 97.31 && plan_f64(1, 0) == 973100);
	assert_true(plan_f64(0, 1) == 0.0011 && plan_f64(1, 1) == 11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_in_any_way),
		cmocka_unit_test(lines_without_a_cell_are_no_rows),
		cmocka_unit_test(cells_are_padded_and_quoted_in_any_way),
		cmocka_unit_test(a_text_may_have_any_length),
		cmocka_unit_test(rows_may_outnumber_those_at_the_beginning),
		cmocka_unit_test(bad_rows_are_counted_and_the_first_explained),
		cmocka_unit_test(all_bad_rows_are_counted),
		cmocka_unit_test(a_nul_byte_is_no_end_of_the_text),
		cmocka_unit_test(values_that_do_not_fit_their_type_are_refused),
		cmocka_unit_test(integers_are_exact),
		cmocka_unit_test(a_count_that_is_absent_makes_its_column_f64),
		cmocka_unit_test(prices_alone_are_divided),
	};

	return cmocka_run_group_tests(tests, NULL, plan_forget);
}

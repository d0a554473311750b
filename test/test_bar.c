/* SPDX-License-Identifier: MIT */
/*
 * test_bar.c - impossible bars and times, at every place of a long column.
 */
#include "barcache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "support.h"

#define ROWS 1500 /* three of the checker's blocks, the last not full */

static double prices[4][ROWS];
static float floats[4][ROWS];
static const char *const names[4] = { "open", "high", "low", "close" };

/* A good bar in every row: low 1, open 2, close 3, high 4. */
static void
fill(void)
{
	static const double row[4] = { 2, 4, 1, 3 };

	for (int i = 0; i < 4; i++)
		for (int j = 0; j < ROWS; j++) {
			prices[i][j] = row[i];
			floats[i][j] = (float)row[i];
		}
}

/* The columns of 'type' whose bit is set in 'mask', after a volume. */
static struct bci_bar_columns
columns(enum bc_type type, unsigned mask)
{
	struct bc_column list[5] = { { .name = "volume", .type = type } };
	struct bci_bar_columns out;
	uint32_t count = 1;

	for (int i = 0; i < 4; i++) {
		if ((mask >> i & 1) == 0)
			continue;
		list[count].name = names[i];
		list[count].type = type;
		list[count++].data =
			type == BC_F64 ? (const void *)prices[i] : floats[i];
	}
	bci_bar_columns(list, count, &out);
	return out;
}

static void
columns_are_found_by_name_and_type(void **state)
{
	const struct bc_column list[] = {
		{ .name = "Open", .type = BC_F64, .data = prices[0] },
		{ .name = "low", .type = BC_F32, .data = floats[2] },
		{ .name = "high", .type = BC_I64, .data = prices[1] },
		{ .name = "close", .type = BC_F64, .data = prices[3] },
	};
	struct bci_bar_columns out;

	(void)state;
	bci_bar_columns(list, 4, &out);
	assert_null(out.data[0]);
	assert_null(out.data[1]);
	assert_ptr_equal(out.data[2], floats[2]);
	assert_int_equal(out.type[2], BC_F32);
	assert_ptr_equal(out.data[3], prices[3]);
	assert_int_equal(out.type[3], BC_F64);
	bci_bar_columns(NULL, 0, &out);
	for (int i = 0; i < 4; i++)
		assert_null(out.data[i]);
}

static void
times_must_ascend_and_the_first_fault_is_named(void **state)
{
	static int64_t times[ROWS];
	struct bc_error err;

	(void)state;
	for (int i = 0; i < ROWS; i++)
		times[i] = i - 700;
	assert_status(bci_bar_check_times(times, ROWS, &err), BC_OK, NULL);
	assert_status(bci_bar_check_times(times, 1, &err), BC_OK, NULL);
	assert_status(bci_bar_check_times(NULL, 0, &err), BC_OK, NULL);
	for (int i = 1; i < ROWS; i++) {
		int64_t kept = times[i];

		times[i] = times[i - 1]; /* A time twice is a fault, too. */
		assert_status(bci_bar_check_times(times, ROWS, &err), BC_ORDER,
		              &err);
		assert_int_equal(err.row, i);
		/* The fault is in the last row of a shorter column, or out. */
		assert_status(bci_bar_check_times(times, (uint64_t)i + 1, NULL),
		              BC_ORDER, NULL);
		assert_status(bci_bar_check_times(times, (uint64_t)i, NULL),
		              BC_OK, NULL);
		times[i] = kept;
	}
	times[900] = INT64_MIN;
	times[20] = INT64_MIN;
	assert_status(bci_bar_check_times(times, ROWS, &err), BC_ORDER, &err);
	assert_int_equal(err.row, 20);
	assert_non_null(strstr(err.message, "20"));
}

/* Columns of exactly 'rows' rows, for a sanitizer to watch over their ends. */
static void
nothing_is_read_behind_the_last_row(void **state)
{
	static const size_t rows[] = { 1, 511, 512, 513, 1024, 1025 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t *times = malloc(rows[i] * sizeof(*times));
		struct bci_bar_columns bars = { 0 };
		uint64_t first;

		assert_non_null(times);
		for (size_t j = 0; j < rows[i]; j++)
			times[j] = (int64_t)j;
		assert_status(bci_bar_check_times(times, rows[i], NULL), BC_OK,
		              NULL);
		for (int j = 0; j < 4; j++) {
			bars.data[j] = times; /* Denormals, all the same. */
			bars.type[j] = BC_F64;
		}
		assert_int_equal(bci_bar_count_bad(&bars, rows[i], &first), 0);
		free(times);
	}
}

struct fault {
	double row[4];
	const char *reason;
};

static const struct fault faults[] = {
	{ { NAN, 4, 1, 3 }, "open is not finite" },
	{ { 2, NAN, 1, 3 }, "high is not finite" },
	{ { 2, 4, NAN, 3 }, "low is not finite" },
	{ { 2, 4, 1, NAN }, "close is not finite" },
	{ { INFINITY, INFINITY, 1, 3 }, "open is not finite" },
	{ { 2, INFINITY, 1, 3 }, "high is not finite" },
	{ { 2, 4, -INFINITY, 3 }, "low is not finite" },
	{ { -INFINITY, 4, -INFINITY, 3 }, "open is not finite" },
	{ { 2, 4, 2.5, 3 }, "low is above open" },
	{ { 3, 4, 2.5, 2 }, "low is above close" },
	{ { 2, 1, 3, 2 }, "low is above high" },
	{ { 5, 4, 1, 3 }, "high is below open" },
	{ { 2, 4, 1, 5 }, "high is below close" },
};

static void
set_row(int row, const double values[4])
{
	for (int i = 0; i < 4; i++) {
		prices[i][row] = values[i];
		floats[i][row] = (float)values[i];
	}
}

static void
every_fault_is_found_in_any_row(void **state)
{
	static const int rows[] = { 0,    1,    511,  512,     513,
		                    1023, 1024, 1498, ROWS - 1 };
	static const enum bc_type types[] = { BC_F64, BC_F32 };
	static const double good[4] = { 2, 4, 1, 3 };

	(void)state;
	fill();
	for (size_t t = 0; t < 2; t++) {
		struct bci_bar_columns bars = columns(types[t], 0xf);
		uint64_t first = 0;

		assert_int_equal(bci_bar_count_bad(&bars, ROWS, &first), 0);
		assert_int_equal(first, ROWS);
		assert_int_equal(bci_bar_count_bad(&bars, 0, &first), 0);
		assert_int_equal(first, 0);
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
			for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]);
			     j++) {
				uint64_t row = (uint64_t)rows[j];

				set_row(rows[j], faults[i].row);
				assert_int_equal(
					bci_bar_count_bad(&bars, ROWS, &first),
					1);
				assert_int_equal(first, row);
				assert_string_equal(bci_bar_reason(&bars, row),
				                    faults[i].reason);
				set_row(rows[j], good);
			}
	}
}

static void
many_faults_are_counted_and_the_first_named(void **state)
{
	struct bci_bar_columns bars = columns(BC_F64, 0xf);
	uint64_t first;

	(void)state;
	fill();
	for (int i = 7; i < ROWS; i += 3)
		set_row(i, faults[(size_t)i % 13].row);
	assert_int_equal(bci_bar_count_bad(&bars, ROWS, &first),
	                 (ROWS - 7 + 2) / 3);
	assert_int_equal(first, 7);
	assert_int_equal(bci_bar_count_bad(&bars, 7, &first), 0);
	assert_int_equal(first, 7);
}

static void
what_is_not_forbidden_is_possible(void **state)
{
	static const double rows[][4] = {
		{ 1, 1, 1, 1 },     /* flat */
		{ -2, -1, -4, -3 }, /* negative, as oil once was */
		{ 0, 0, -0.0, 0 },
		{ 1.7976931348623157e308, 1.7976931348623157e308, 5e-324, 1 },
		{ 1, 1.7976931348623157e308, -1.7976931348623157e308, 1 },
	};
	struct bci_bar_columns bars = columns(BC_F64, 0xf);
	uint64_t first;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fill();
		for (int j = 0; j < ROWS; j++)
			set_row(j, rows[i]);
		assert_int_equal(bci_bar_count_bad(&bars, ROWS, &first), 0);
		assert_string_equal(bci_bar_reason(&bars, 0),
		                    "the bar is possible");
	}
}

/* Each rule needs its two columns; NaN only counts in one that is there. */
static void
rules_without_their_columns_do_not_apply(void **state)
{
	static const struct {
		int fault;
		unsigned needed;
	} rules[] = { { 0, 1 }, { 1, 2 },  { 2, 4 },  { 3, 8 },
		      { 8, 5 }, { 9, 12 }, { 11, 3 }, { 12, 10 } };

	(void)state;
	for (int type = 0; type < 2; type++)
		for (unsigned mask = 0; mask < 16; mask++)
			for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]);
			     i++) {
				struct bci_bar_columns bars = columns(
					type == 0 ? BC_F64 : BC_F32, mask);
				bool bad = (mask & rules[i].needed) ==
				           rules[i].needed;
				uint64_t first;

				fill();
				set_row(600, faults[rules[i].fault].row);
				assert_int_equal(
					bci_bar_count_bad(&bars, ROWS, &first),
					bad);
				assert_int_equal(first, bad ? 600 : ROWS);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_found_by_name_and_type),
		cmocka_unit_test(
			times_must_ascend_and_the_first_fault_is_named),
		cmocka_unit_test(nothing_is_read_behind_the_last_row),
		cmocka_unit_test(every_fault_is_found_in_any_row),
		cmocka_unit_test(many_faults_are_counted_and_the_first_named),
		cmocka_unit_test(what_is_not_forbidden_is_possible),
		cmocka_unit_test(rules_without_their_columns_do_not_apply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

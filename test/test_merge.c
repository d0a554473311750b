/* SPDX-License-Identifier: MIT */
/*
 * test_merge.c - new rows over stored rows: vectors, long series, no memory.
 */
#include "barcache.h"

#include <math.h>
#include <string.h>

#include "alloc.h"
#include "merge.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ------------------------------------------------------------------------ */
/*  Vectors                                                                 */
/* ------------------------------------------------------------------------ */

/* Merge one bar over none or one; the counts. */
static struct bc_counts
merge_one(const double *old, bool old_closed, double new, bool new_closed,
          enum bc_merge policy, double *result)
{
	const int64_t time_ns = 7;
	const struct bci_merge_column column = { BC_F64, old, &new, NULL };
	const struct bci_merge_input input = {
		.old_ns = &time_ns,
		.new_ns = &time_ns,
		.old_rows = old != NULL,
		.new_rows = 1,
		.old_closed = old != NULL && old_closed,
		.new_closed = new_closed,
		.columns = &column,
		.column_count = 1,
		.policy = policy,
	};
	struct bci_merge merge;
	struct bc_counts counts;
	struct bc_error err;

	assert_status(
		bci_merge_plan(&input, &bci_allocator_default, &merge, &err),
		BC_OK, &err);
	assert_int_equal(merge.rows, 1);
	assert_int_equal(merge.closed, input.old_closed || new_closed);
	bci_merge_gather(&merge, old, &new, sizeof(new), result);
	counts = merge.counts;
	assert_int_equal(counts.inserted + counts.updated + counts.identical +
	                         counts.conflicting,
	                 1);
	assert_int_equal(merge.changed, counts.inserted + counts.updated);
	bci_merge_free(&merge);
	return counts;
}

static void
one_bar_over_another(void **state)
{
	const double a = 10, b = 11;
	double result;

	(void)state;
	for (int policy = 0; policy < 4; policy++) {
		enum bc_merge p = (enum bc_merge)policy;

		assert_int_equal(merge_one(NULL, 0, b, 1, p, &result).inserted,
		                 1);
		assert_int_equal(merge_one(NULL, 0, b, 0, p, &result).inserted,
		                 1);
		assert_int_equal(merge_one(&a, 1, a, 1, p, &result).identical,
		                 1);
		assert_int_equal(merge_one(&a, 0, b, 1, p, &result).updated, 1);
		assert_true(result == b);
		assert_int_equal(merge_one(&a, 0, b, 0, p, &result).updated, 1);
		assert_true(result == b);
		assert_int_equal(merge_one(&a, 1, b, 0, p, &result).conflicting,
		                 1);
		assert_true(result == a);
		/* It closes without a change. */
		assert_int_equal(merge_one(&a, 0, a, 1, p, &result).updated, 1);
	}
	assert_int_equal(
		merge_one(&a, 1, b, 1, BC_MERGE_LAST, &result).updated, 1);
	assert_true(result == b);
	assert_int_equal(
		merge_one(&a, 1, b, 1, BC_MERGE_FIRST, &result).conflicting,
		1);
	assert_true(result == a);
}

static void
bits_decide_what_is_the_same(void **state)
{
	const double zero = 0.0, nothing = NAN;
	double result;

	(void)state;
	assert_int_equal(
		merge_one(&zero, 1, -0.0, 1, BC_MERGE_LAST, &result).updated,
		1);
	assert_int_equal(
		merge_one(&nothing, 1, nothing, 1, BC_MERGE_LAST, &result)
			.identical,
		1);
}

static void
every_type_can_be_a_volume(void **state)
{
	static const double f64[] = { 1, 2 };
	static const float f32[] = { 1, 2 };
	static const int64_t i64[] = { 1, 2 };
	static const int32_t i32[] = { 1, 2 };
	static const uint8_t u8[] = { 1, 2 };
	static const struct {
		enum bc_type type;
		const void *low, *high;
	} list[] = {
		{ BC_F64, &f64[0], &f64[1] }, { BC_F32, &f32[0], &f32[1] },
		{ BC_I64, &i64[0], &i64[1] }, { BC_I32, &i32[0], &i32[1] },
		{ BC_U8, &u8[0], &u8[1] },
	};
	const int64_t time_ns = 5;
	struct bci_merge_column column;
	struct bci_merge_input input = {
		.old_ns = &time_ns,
		.new_ns = &time_ns,
		.old_rows = 1,
		.new_rows = 1,
		.old_closed = 1,
		.new_closed = 1,
		.columns = &column,
		.column_count = 1,
		.policy = BC_MERGE_VOLUME,
	};
	struct bci_merge merge;
	struct bc_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(list); i++) {
		column = (struct bci_merge_column){ list[i].type, list[i].low,
			                            list[i].high, NULL };
		assert_status(bci_merge_plan(&input, &bci_allocator_default,
		                             &merge, &err),
		              BC_OK, &err);
		assert_int_equal(merge.counts.updated, 1);
		bci_merge_free(&merge);
		column.old_data = list[i].high;
		column.new_data = list[i].low;
		assert_status(bci_merge_plan(&input, &bci_allocator_default,
		                             &merge, &err),
		              BC_OK, &err);
		assert_int_equal(merge.counts.conflicting, 1);
		bci_merge_free(&merge);
	}
	column.type = BC_TEXT;
	assert_status(
		bci_merge_plan(&input, &bci_allocator_default, &merge, &err),
		BC_INVALID, &err);
	input.volume = 1;
	column.type = BC_F64;
	assert_status(
		bci_merge_plan(&input, &bci_allocator_default, &merge, &err),
		BC_INVALID, &err);
}

static void
what_is_refused_is_named(void **state)
{
	const int64_t old_ns = 60000000000;
	int64_t new_ns[] = { 0, 60000000000 };
	const double old_price = 1, new_price[] = { 1, 2 };
	const struct bci_merge_column column = { BC_F64, &old_price, new_price,
		                                 NULL };
	const struct bci_merge_input input = {
		.old_ns = &old_ns,
		.new_ns = new_ns,
		.old_rows = 1,
		.new_rows = 2,
		.old_closed = 1,
		.new_closed = 2,
		.columns = &column,
		.column_count = 1,
		.policy = BC_MERGE_ERROR,
	};
	struct bci_merge merge;
	struct bc_error err;

	(void)state;
	assert_status(
		bci_merge_plan(&input, &bci_allocator_default, &merge, &err),
		BC_EXISTS, &err);
	assert_int_equal(err.row, 1);
	assert_non_null(strstr(err.message, "1970-01-01T00:01:00Z"));
	assert_int_equal(merge.rows, 0);
	new_ns[1] = 0;
	assert_status(
		bci_merge_plan(&input, &bci_allocator_default, &merge, &err),
		BC_ORDER, &err);
	assert_int_equal(err.row, 1);
}

/* ------------------------------------------------------------------------ */
/*  Long series                                                             */
/* ------------------------------------------------------------------------ */

#define LONG_ROWS 10000

/* New rows [first, end) over the old ones; the runs must be these. */
static void
expect_runs(struct bci_merge_input *input, uint64_t first, uint64_t end,
            const struct bci_merge_run *runs, size_t count)
{
	static int64_t times[2 * LONG_ROWS];
	static double values[2 * LONG_ROWS];
	struct bci_merge_column column = *input->columns;
	struct bci_merge_input part = *input;
	struct bci_merge merge;
	struct bc_error err;
	uint64_t rows = 0;

	column.new_data = (const double *)input->columns->new_data + first;
	part.columns = &column;
	part.new_ns = input->new_ns + first;
	part.new_rows = part.new_closed = end - first;
	assert_status(
		bci_merge_plan(&part, &bci_allocator_default, &merge, &err),
		BC_OK, &err);
	assert_int_equal(merge.run_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(merge.runs[i].source, runs[i].source);
		assert_int_equal(merge.runs[i].first, runs[i].first);
		assert_int_equal(merge.runs[i].count, runs[i].count);
		rows += runs[i].count;
	}
	assert_int_equal(merge.rows, rows);
	assert_int_equal(merge.changed, count > 1);
	bci_merge_gather(&merge, input->old_ns, part.new_ns, 8, times);
	bci_merge_gather(&merge, column.old_data, column.new_data, 8, values);
	for (uint64_t i = 1; i < rows; i++)
		assert_true(times[i] > times[i - 1]);
	bci_merge_free(&merge);
}

#define EXPECT_RUNS(input, first, end, ...)                                    \
	expect_runs((input), (first), (end),                                   \
	            (struct bci_merge_run[]){ __VA_ARGS__ },                   \
	            COUNT(((struct bci_merge_run[]){ __VA_ARGS__ })))

/* Old: times 5,000 to 14,999.  New: 0 to 19,999, the same bars but for one. */
static void
a_plan_has_no_more_runs_than_it_needs(void **state)
{
	static int64_t old_ns[LONG_ROWS], new_ns[2 * LONG_ROWS];
	static double old_price[LONG_ROWS], new_price[2 * LONG_ROWS];
	const struct bci_merge_column column = { BC_F64, old_price, new_price,
		                                 NULL };
	struct bci_merge_input input = {
		.old_ns = old_ns,
		.new_ns = new_ns,
		.old_rows = LONG_ROWS,
		.old_closed = LONG_ROWS,
		.columns = &column,
		.column_count = 1,
	};

	(void)state;
	for (size_t i = 0; i < 2 * LONG_ROWS; i++) {
		new_ns[i] = (int64_t)i;
		new_price[i] = (double)i;
	}
	memcpy(old_ns, new_ns + 5000, sizeof(old_ns));
	memcpy(old_price, new_price + 5000, sizeof(old_price));
	EXPECT_RUNS(&input, 0, 0, { BCI_MERGE_OLD, 0, 10000 });
	EXPECT_RUNS(&input, 5000, 15000, { BCI_MERGE_OLD, 0, 10000 });
	EXPECT_RUNS(&input, 6001, 9000, { BCI_MERGE_OLD, 0, 10000 });
	EXPECT_RUNS(&input, 15000, 15001, { BCI_MERGE_OLD, 0, 10000 },
	            { BCI_MERGE_NEW, 0, 1 });
	EXPECT_RUNS(&input, 14000, 20000, { BCI_MERGE_OLD, 0, 10000 },
	            { BCI_MERGE_NEW, 1000, 5000 });
	EXPECT_RUNS(&input, 4999, 5001, { BCI_MERGE_NEW, 0, 1 },
	            { BCI_MERGE_OLD, 0, 10000 });
	EXPECT_RUNS(&input, 0, 20000, { BCI_MERGE_NEW, 0, 5000 },
	            { BCI_MERGE_OLD, 0, 10000 },
	            { BCI_MERGE_NEW, 15000, 5000 });
	new_price[7777]++;
	EXPECT_RUNS(&input, 7777, 7778, { BCI_MERGE_OLD, 0, 2777 },
	            { BCI_MERGE_NEW, 0, 1 }, { BCI_MERGE_OLD, 2778, 7222 });
	EXPECT_RUNS(&input, 7000, 9000, { BCI_MERGE_OLD, 0, 2777 },
	            { BCI_MERGE_NEW, 777, 1 }, { BCI_MERGE_OLD, 2778, 7222 });
	/* A hole in what is stored: old_ns[100] on are ten later. */
	for (size_t i = 100; i < LONG_ROWS; i++)
		old_ns[i] += 10;
	EXPECT_RUNS(&input, 5100, 5110, { BCI_MERGE_OLD, 0, 100 },
	            { BCI_MERGE_NEW, 0, 10 }, { BCI_MERGE_OLD, 100, 9900 });
}

static void
without_memory_there_is_no_plan(void **state)
{
	int64_t old_ns[64], new_ns[64];
	struct bci_merge_input input = {
		.old_ns = old_ns,
		.new_ns = new_ns,
		.old_rows = 64,
		.new_rows = 64,
		.old_closed = 64,
		.new_closed = 64,
	};
	struct test_memory memory = { .fail_at = 0 };
	struct bc_allocator allocator = test_allocator(&memory);
	struct bci_merge merge;
	struct bc_error err;
	uint64_t requests;

	(void)state;
	for (int64_t i = 0; i < 64; i++) {
		old_ns[i] = 2 * i;
		new_ns[i] = 2 * i + 1;
	}
	assert_status(bci_merge_plan(&input, &allocator, &merge, &err), BC_OK,
	              &err);
	assert_int_equal(merge.run_count, 128);
	bci_merge_free(&merge);
	requests = memory.requests;
	for (uint64_t i = 1; i <= requests; i++) {
		memory.requests = 0;
		memory.fail_at = i;
		assert_status(bci_merge_plan(&input, &allocator, &merge, &err),
		              BC_NOMEM, &err);
		assert_null(merge.runs);
		assert_int_equal(memory.live, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_bar_over_another),
		cmocka_unit_test(bits_decide_what_is_the_same),
		cmocka_unit_test(every_type_can_be_a_volume),
		cmocka_unit_test(what_is_refused_is_named),
		cmocka_unit_test(a_plan_has_no_more_runs_than_it_needs),
		cmocka_unit_test(without_memory_there_is_no_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

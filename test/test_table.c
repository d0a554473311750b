/* SPDX-License-Identifier: MIT */
/*
 * test_table.c - tables of rows: taken apart by series, put in order, stamped,
 * and compared with what is stored.
 */
#include "barcache.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "support.h"
#include "table.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

static const char *const words[] = { "a", "bc", "d" };

/* The columns "f64", "text", "u8" of 'rows' rows that follow from a seed. */
static struct bci_table
make(const int64_t *time_ns, const uint64_t *seeds, uint64_t rows,
     const struct bc_allocator *allocator)
{
	static const enum bc_type types[] = { BC_F64, BC_TEXT, BC_U8 };
	struct bci_table table = { .allocator = *allocator, .rows = rows };

	table.time_ns = bci_alloc(allocator, rows, 8);
	table.columns = bci_zalloc(allocator, 3, sizeof(*table.columns));
	assert_true(table.time_ns != NULL && table.columns != NULL);
	table.column_count = 3;
	memcpy(table.time_ns, time_ns, rows * 8);
	for (int i = 0; i < 3; i++) {
		struct bci_table_column *column = &table.columns[i];

		column->type = types[i];
		snprintf(column->name, sizeof(column->name), "%s",
		         bc_type_name(types[i]));
		column->data = bci_alloc(allocator, rows,
		                         bc_type_bytes(types[i]));
		assert_non_null(column->data);
	}
	for (uint64_t i = 0; i < rows; i++) {
		((double *)table.columns[0].data)[i] =
			seeds[i] == 0 ? NAN : (double)seeds[i];
		((uint32_t *)table.columns[1].data)[i] =
			(uint32_t)(seeds[i] % 3);
		((uint8_t *)table.columns[2].data)[i] = (uint8_t)seeds[i];
	}
	table.columns[1].dictionary =
		bci_zalloc(allocator, 3, sizeof(char *));
	assert_non_null(table.columns[1].dictionary);
	for (uint32_t i = 0; i < 3; i++)
		table.columns[1].dictionary[i] =
			bci_strndup(allocator, words[i], strlen(words[i]));
	table.columns[1].dictionary_count = 3;
	return table;
}

static void
check(const struct bci_table *table, const int64_t *time_ns,
      const uint64_t *seeds, uint64_t rows)
{
	assert_int_equal(table->rows, rows);
	assert_int_equal(table->column_count, 3);
	for (uint64_t i = 0; i < rows; i++) {
		double value = ((double *)table->columns[0].data)[i];
		uint32_t code = ((uint32_t *)table->columns[1].data)[i];

		assert_int_equal(table->time_ns[i], time_ns[i]);
		assert_true(seeds[i] == 0 ? isnan(value)
		                          : value == (double)seeds[i]);
		assert_string_equal(table->columns[1].dictionary[code],
		                    words[seeds[i] % 3]);
		assert_int_equal(((uint8_t *)table->columns[2].data)[i],
		                 (uint8_t)seeds[i]);
	}
}

/* ------------------------------------------------------------------------ */
/*  Order                                                                   */
/* ------------------------------------------------------------------------ */

#define MOST 8

static const struct {
	const char *what;
	uint64_t rows;
	int64_t time_ns[MOST];
	uint64_t seeds[MOST];
	enum bci_order order;
	uint64_t identical, conflicting, kept;
	int64_t sorted_ns[MOST];
	uint64_t sorted[MOST];
} orders[] = {
	{ "none", 0, { 0 }, { 0 }, BCI_ASCENDING, 0, 0, 0, { 0 }, { 0 } },
	{ "one", 1, { 5 }, { 1 }, BCI_ASCENDING, 0, 0, 1, { 5 }, { 1 } },
	{ "ascending", 3, { 1, 2, 9 }, { 4, 0, 6 }, BCI_ASCENDING, 0, 0, 3,
	  { 1, 2, 9 }, { 4, 0, 6 } },
	{ "descending", 4, { 9, 2, 1, -7 }, { 6, 5, 4, 3 }, BCI_DESCENDING, 0,
	  0, 4, { -7, 1, 2, 9 }, { 3, 4, 5, 6 } },
	{ "mixed", 5, { 3, 1, 2, 5, 4 }, { 3, 1, 2, 5, 4 }, BCI_MIXED, 0, 0, 5,
	  { 1, 2, 3, 4, 5 }, { 1, 2, 3, 4, 5 } },
	{ "repeated", 4, { 1, 2, 2, 3 }, { 1, 2, 2, 3 }, BCI_ASCENDING, 1, 0, 3,
	  { 1, 2, 3 }, { 1, 2, 3 } },
	{ "NaN repeated", 2, { 1, 1 }, { 0, 0 }, BCI_ASCENDING, 1, 0, 1, { 1 },
	  { 0 } },
	{ "replaced", 4, { 1, 2, 2, 3 }, { 1, 2, 7, 3 }, BCI_ASCENDING, 0, 1, 3,
	  { 1, 2, 3 }, { 1, 7, 3 } },
	{ "replaced, descending", 4, { 3, 2, 2, 1 }, { 3, 2, 7, 1 },
	  BCI_DESCENDING, 0, 1, 3, { 1, 2, 3 }, { 1, 7, 3 } },
	{ "again and again", 6, { 2, 1, 2, 2, 1, 2 }, { 5, 6, 5, 8, 7, 8 },
	  BCI_MIXED, 2, 2, 2, { 1, 2 }, { 7, 8 } },
	{ "as long as time", 3, { INT64_MAX, 0, INT64_MIN }, { 3, 2, 1 },
	  BCI_DESCENDING, 0, 0, 3, { INT64_MIN, 0, INT64_MAX }, { 1, 2, 3 } },
};

static void
rows_are_put_in_order_and_the_last_one_stays(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct bci_table table =
			make(orders[i].time_ns, orders[i].seeds, orders[i].rows,
		             &bci_allocator_default);
		struct bci_table_order order;

		assert_status(bci_table_sort(&table, &order, NULL), BC_OK,
		              NULL);
		if (order.order != orders[i].order ||
		    order.identical != orders[i].identical ||
		    order.conflicting != orders[i].conflicting)
			fail_msg("%s: order %d, %d identical, %d conflicting",
			         orders[i].what, order.order,
			         (int)order.identical, (int)order.conflicting);
		check(&table, orders[i].sorted_ns, orders[i].sorted,
		      orders[i].kept);
		bci_table_free(&table);
		assert_null(table.columns);
		bci_table_free(&table);
	}
}

static void
many_rows_in_any_order_are_sorted(void **state)
{
	enum { ROWS = 3000 };
	static int64_t time_ns[ROWS], sorted_ns[ROWS];
	static uint64_t seeds[ROWS], sorted[ROWS];

	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		/* The higher the seed, the fewer rows are out of place. */
		uint64_t rarely = seed == 0 ? 1 : UINT64_C(4) << seed, kept = 0;
		struct bci_table_order order;
		struct bci_table table;

		for (uint64_t i = 0; i < ROWS; i++) {
			uint64_t chance = test_mix(seed, i);

			time_ns[i] = (int64_t)(chance % rarely == 0
			                               ? chance % ROWS
			                               : i);
			seeds[i] = 1 + test_mix(i, 7) % 5;
		}
		for (int64_t at = 0; at < ROWS; at++) {
			for (uint64_t i = 0; i < ROWS; i++)
				if (time_ns[i] == at)
					sorted[kept] = seeds[i];
			for (uint64_t i = 0; i < ROWS; i++) {
				if (time_ns[i] != at)
					continue;
				sorted_ns[kept++] = at;
				break;
			}
		}
		table = make(time_ns, seeds, ROWS, &bci_allocator_default);
		assert_status(bci_table_sort(&table, &order, NULL), BC_OK,
		              NULL);
		assert_int_equal(order.order, BCI_MIXED);
		assert_int_equal(order.identical + order.conflicting,
		                 ROWS - kept);
		assert_true(order.identical > 0 && order.conflicting > 0);
		check(&table, sorted_ns, sorted, kept);
		bci_table_free(&table);
	}
}

/* ------------------------------------------------------------------------ */
/*  Series                                                                  */
/* ------------------------------------------------------------------------ */

static void
name_series(struct bci_table *table, uint32_t count)
{
	table->codes = bci_alloc(&table->allocator, table->rows, 4);
	table->series = bci_zalloc(&table->allocator, count,
	                           sizeof(*table->series));
	assert_true(table->codes != NULL && table->series != NULL);
	table->series_count = count;
	for (uint32_t i = 0; i < count; i++) {
		char text[] = "S0\0005m";

		text[1] = (char)('0' + i);
		table->series[i].symbol =
			bci_strndup(&table->allocator, text, 5);
		assert_non_null(table->series[i].symbol);
		table->series[i].period = table->series[i].symbol + 3;
	}
}

static void
each_series_is_taken_with_its_rows(void **state)
{
	static const int64_t time_ns[] = { 1, 2, 3, 4, 5, 6, 7 };
	static const uint64_t seeds[] = { 1, 2, 3, 4, 5, 6, 7 };
	static const uint32_t codes[] = { 1, 0, 1, 1, 2, 0, 1 };
	static const struct {
		uint64_t rows;
		int64_t time_ns[4];
		uint64_t seeds[4];
	} taken[] = {
		{ 2, { 2, 6 }, { 2, 6 } },
		{ 4, { 1, 3, 4, 7 }, { 1, 3, 4, 7 } },
		{ 1, { 5 }, { 5 } },
		{ 0, { 0 }, { 0 } },
	};

	(void)state;
	for (int indexed = 0; indexed < 2; indexed++) {
		struct bci_table table =
			make(time_ns, seeds, 7, &bci_allocator_default);
		struct bci_table out[4];

		name_series(&table, 4);
		memcpy(table.codes, codes, sizeof(codes));
		if (indexed)
			assert_status(bci_table_index(&table, NULL), BC_OK,
			              NULL);
		for (uint32_t i = 0; i < 4; i++) {
			char symbol[] = { 'S', (char)('0' + i), '\0' };

			assert_status(bci_table_take(&table, i, &out[i], NULL),
			              BC_OK, NULL);
			check(&out[i], taken[i].time_ns, taken[i].seeds,
			      taken[i].rows);
			assert_null(out[i].codes);
			assert_int_equal(out[i].series_count, 1);
			assert_string_equal(out[i].series[0].symbol, symbol);
			assert_string_equal(out[i].series[0].period, "5m");
		}
		for (int i = 0; i < 4; i++)
			bci_table_free(&out[i]);
		check(&table, time_ns, seeds, 7);
		bci_table_free(&table);
	}
}

static void
a_table_of_one_series_is_taken_whole(void **state)
{
	static const int64_t time_ns[] = { 1, 2 };
	static const uint64_t seeds[] = { 1, 2 };
	struct bci_table table =
		make(time_ns, seeds, 2, &bci_allocator_default);
	struct bci_table out;

	(void)state;
	assert_status(bci_table_index(&table, NULL), BC_OK, NULL);
	assert_status(bci_table_take(&table, 0, &out, NULL), BC_OK, NULL);
	assert_int_equal(out.series_count, 0);
	check(&out, time_ns, seeds, 2);
	bci_table_free(&out);
	bci_table_free(&table);
}

static void
every_missing_memory_is_survived(void **state)
{
	static const int64_t time_ns[] = { 3, 1, 2, 2 };
	static const uint64_t seeds[] = { 3, 1, 2, 2 };
	static const uint32_t codes[] = { 0, 1, 1, 0 };
	struct test_memory memory = { 0 };
	struct bc_allocator allocator = test_allocator(&memory);
	unsigned failures = 0;

	(void)state;
	for (int call = 0; call < 3; call++) {
		enum bc_status status = BC_NOMEM;

		for (uint64_t at = 1; status != BC_OK; at++) {
			struct bci_table out = { .allocator = allocator };
			struct bci_table table;
			struct bci_table_order order;
			struct bc_error err = { 0 };

			memory.fail_at = 0;
			table = make(time_ns, seeds, 4, &allocator);
			if (call != 0) {
				name_series(&table, 2);
				memcpy(table.codes, codes, sizeof(codes));
			}
			memory.requests = 0;
			memory.fail_at = at;
			if (call == 0)
				status = bci_table_sort(&table, &order, &err);
			else if (call == 1)
				status = bci_table_index(&table, &err);
			else
				status = bci_table_take(&table, 1, &out, &err);
			if (status != BC_OK) {
				assert_status(status, BC_NOMEM, &err);
				check(&table, time_ns, seeds, 4);
				failures++;
			}
			bci_table_free(&out);
			bci_table_free(&table);
			assert_int_equal(memory.live, 0);
			assert_true(at < 50);
		}
	}
	assert_true(failures >= 15);
}

/* ------------------------------------------------------------------------ */
/*  Steps and stamps                                                        */
/* ------------------------------------------------------------------------ */

static void
the_commonest_step_is_the_step(void **state)
{
	static const struct {
		uint64_t rows;
		int64_t time_ns[7];
		int64_t step;
	} cases[] = {
		{ 0, { 0 }, 0 },
		{ 1, { 5 }, 0 },
		{ 2, { 5, 8 }, 3 },
		{ 6, { 0, 60, 120, 600, 660, 1000 }, 60 },
		{ 5, { 0, 30, 90, 120, 180 }, 30 }, /* the smaller of two */
		{ 2, { INT64_MIN, INT64_MAX }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bci_table table = {
			.rows = cases[i].rows,
			.time_ns = (int64_t *)(uintptr_t)cases[i].time_ns
		};

		assert_int_equal(bci_table_step(&table), cases[i].step);
	}
}

static void
times_that_end_bars_are_moved_to_their_begin(void **state)
{
	static const struct bci_timeframe minute = { .step_ns = 60 * SECOND };
	static const struct bci_timeframe month = { .months = 1 };
	int64_t time_ns[] = { 0, 60 * SECOND, DAY };
	int64_t last[] = { 60 * SECOND - 1000000, -1000000 };
	int64_t early[] = { 0, INT64_MIN + 5 };
	int64_t months[] = { 59 * DAY, 31 * DAY };
	struct bci_table table = { .rows = 3, .time_ns = time_ns };

	(void)state;
	assert_true(bci_table_stamp_open(&table, &minute));
	assert_int_equal(time_ns[0], -60 * SECOND);
	assert_int_equal(time_ns[1], 0);
	assert_int_equal(time_ns[2], DAY - 60 * SECOND);
	table = (struct bci_table){ .rows = 2, .time_ns = last };
	assert_true(bci_table_stamp_open(&table, &minute));
	assert_int_equal(last[0], 0); /* 00:00:59.999 */
	assert_int_equal(last[1], -60 * SECOND);
	table = (struct bci_table){ .rows = 2, .time_ns = early };
	assert_false(bci_table_stamp_open(&table, &minute));
	assert_int_equal(early[0], 0); /* Nothing has changed. */
	assert_false(bci_table_stamp_open(&table, &month));
	assert_int_equal(early[0], 0);
	table = (struct bci_table){ .rows = 2, .time_ns = months };
	assert_true(bci_table_stamp_open(&table, &month));
	assert_int_equal(months[0], 31 * DAY); /* March 1st: February 1st */
	assert_int_equal(months[1], 0);
}

/* ------------------------------------------------------------------------ */
/*  Comparing                                                               */
/* ------------------------------------------------------------------------ */

/* A view of a table that was put; words in the order of the file. */
static struct bc_view
store(struct bc_cache *cache, const struct bci_table *table)
{
	struct bc_column columns[3];
	struct bc_frame frame = { .rows = table->rows,
		                  .time_ns = table->time_ns,
		                  .columns = columns,
		                  .column_count = table->column_count };
	struct bc_view view;

	for (uint32_t i = 0; i < table->column_count; i++)
		columns[i] = (struct bc_column){
			.name = table->columns[i].name,
			.type = table->columns[i].type,
			.data = table->columns[i].data,
			.dictionary = table->columns[i].dictionary,
			.dictionary_count = table->columns[i].dictionary_count,
		};
	assert_status(bc_put(cache, "k", &frame, NULL, NULL, NULL), BC_OK,
	              NULL);
	assert_status(bc_get(cache, "k", &view), BC_OK, NULL);
	return view;
}

static void
check_change(const struct bci_table *table, const struct bc_view *view,
             struct bci_table_change expected)
{
	struct bci_table_change change;

	bci_table_compare(table, view, &change);
	assert_int_equal(change.inserted, expected.inserted);
	assert_int_equal(change.updated, expected.updated);
	assert_int_equal(change.identical, expected.identical);
	assert_int_equal(change.gone, expected.gone);
	assert_int_equal(change.same_shape, expected.same_shape);
}

static void
a_table_is_compared_with_what_is_stored(void **state)
{
	static const int64_t old_ns[] = { 1, 2, 3, 5, 6 };
	static const uint64_t old[] = { 1, 0, 3, 5, 6 };
	static const int64_t new_ns[] = { 0, 2, 3, 4, 5, 9 };
	static const uint64_t new[] = { 9, 0, 4, 4, 5, 9 };
	struct bci_table stored = make(old_ns, old, 5, &bci_allocator_default);
	struct bci_table table = make(new_ns, new, 6, &bci_allocator_default);
	struct test_dir dir;
	struct bc_cache *cache;
	struct bc_view view;

	(void)state;
	test_dir_make(&dir);
	cache = test_open(dir.cache, BC_OPEN_CREATE);
	view = store(cache, &stored);
	check_change(&stored, &view, (struct bci_table_change){
					     .identical = 5,
					     .same_shape = true });
	check_change(&table, &view, (struct bci_table_change){
					    .inserted = 3,
					    .updated = 1,
					    .identical = 2,
					    .gone = 2,
					    .same_shape = true });
	/* Texts count by what they say, not by their codes. */
	for (int i = 0; i < 5; i++)
		((uint32_t *)stored.columns[1].data)[i] =
			2 - ((uint32_t *)stored.columns[1].data)[i];
	check_change(&stored, &view, (struct bci_table_change){
					     .updated = 4,
					     .identical = 1,
					     .same_shape = true });
	/* Words 0 and 2 have changed places, so that all is as it was. */
	{
		const char *word = stored.columns[1].dictionary[0];

		stored.columns[1].dictionary[0] =
			stored.columns[1].dictionary[2];
		stored.columns[1].dictionary[2] = word;
	}
	check_change(&stored, &view, (struct bci_table_change){
					     .identical = 5,
					     .same_shape = true });
	strcpy(table.columns[2].name, "other");
	check_change(&table, &view, (struct bci_table_change){
					    .inserted = 3,
					    .updated = 3,
					    .gone = 2 });
	table.rows = 0;
	check_change(&table, &view, (struct bci_table_change){ .gone = 5 });
	bc_view_release(&view);
	bc_close(cache);
	test_dir_remove(&dir);
	bci_table_free(&stored);
	bci_table_free(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_put_in_order_and_the_last_one_stays),
		cmocka_unit_test(many_rows_in_any_order_are_sorted),
		cmocka_unit_test(each_series_is_taken_with_its_rows),
		cmocka_unit_test(a_table_of_one_series_is_taken_whole),
		cmocka_unit_test(every_missing_memory_is_survived),
		cmocka_unit_test(the_commonest_step_is_the_step),
		cmocka_unit_test(times_that_end_bars_are_moved_to_their_begin),
		cmocka_unit_test(a_table_is_compared_with_what_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

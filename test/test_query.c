/* SPDX-License-Identifier: MIT */
/*
 * test_query.c - reading ranges of series and frames, whatever their layout.
 */
#include "series.h"

#include <stdlib.h>
#include <string.h>

/* Layouts that differ in where their rows lie. */
static const struct series layouts[] = {
	{ .cuts = { 8192, 4096, 700 }, .tail = 5 },
	{ .cuts = { 8192, 12288, 4096, 4096, 1000 }, .older = 3, .tail = 12 },
	{ .cuts = { 5000, 8192, 300, 4096 }, .older = 4, .gaps = true },
	{ .cuts = { 8192, 8192 }, .older = 1, .tail = 3, .open = true },
	{ .cuts = { 300, 8192, 4096, 8192, 501 },
	  .older = 2,
	  .tail = 7,
	  .gaps = true,
	  .text = true },
	{ .cuts = { 6000 }, .gaps = true, .open = true },
	{ .cuts = { 9000, 400 }, .older = 2, .tail = 1, .text = true },
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

/* The first row that is not before a time, the slow way. */
static uint64_t
row_of(int64_t time_ns)
{
	uint64_t row = 0;

	while (row < made.rows && series_time(row) < time_ns)
		row++;
	return row;
}

/* Rows that a read without the open one may show. */
static uint64_t
ended(void)
{
	return made.rows - made.series.open;
}

static void
expect_range(int64_t from_ns, int64_t to_ns, const char *const *columns,
             unsigned flags)
{
	uint64_t first = row_of(from_ns), end = row_of(to_ns);
	struct bc_view view;

	if ((flags & BC_READ_OPEN) == 0 && end > ended())
		end = ended();
	if (first > end)
		first = end;
	assert_status(bc_read(fixture.cache, SERIES_KEY, from_ns, to_ns,
	                      columns, flags, &view),
	              BC_OK, NULL);
	expect_rows(&view, first, end - first);
	assert_int_equal(view.kind, BC_SERIES);
	assert_int_equal(view.tier, BC_WARM);
	assert_int_equal(view.open_rows,
	                 end == made.rows && end != first && made.series.open);
	bc_view_release(&view);
}

static void
any_range_of_any_layout(void **state)
{
	static const char *const some[] = { "flag", "close", NULL };

	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++) {
		unit_restart(NULL);
		series_make(&layouts[i]);
		for (uint64_t k = 0; k < 150; k++) {
			uint64_t a = test_mix(k, 7) % made.rows;
			uint64_t b = test_mix(k, 8) % (made.rows + 1);
			uint64_t first = a < b ? a : b;
			uint64_t end = a < b ? b : a;
			int64_t from_ns = series_time(first) -
			                  (int64_t)(test_mix(k, 9) % 2);
			int64_t to_ns = series_time(end) +
			                (int64_t)(test_mix(k, 10) % 2);
			unsigned flags = k % 3 == 0 ? BC_READ_OPEN : 0;

			if (k % 5 == 4)
				flags |= BC_READ_PRIVATE;
			expect_range(from_ns, to_ns, k % 2 ? some : NULL,
			             flags | BC_READ_PARTIAL);
		}
		expect_range(INT64_MIN, INT64_MAX, NULL, 0);
		expect_range(INT64_MIN, INT64_MAX, NULL, BC_READ_OPEN);
		expect_range(INT64_MIN, series_time(0), NULL, 0);
		expect_range(series_time(made.rows - 1), INT64_MAX, NULL, 0);
		expect_range(series_time(3), series_time(3), NULL, 0);
	}
}

static void
the_newest_rows(void **state)
{
	struct bc_view view;

	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++) {
		unit_restart(NULL);
		series_make(&layouts[i]);
		for (uint64_t rows = 0; rows < 2 * made.rows;
		     rows = rows * 3 + 1) {
			uint64_t count = rows < ended() ? rows : ended();

			assert_status(bc_tail(fixture.cache, SERIES_KEY, rows,
			                      NULL, 0, &view),
			              BC_OK, NULL);
			expect_rows(&view, ended() - count, count);
			bc_view_release(&view);
		}
		assert_status(bc_tail(fixture.cache, SERIES_KEY, 2, NULL,
		                      BC_READ_OPEN, &view),
		              BC_OK, NULL);
		expect_rows(&view, made.rows - 2, 2);
		assert_int_equal(view.open_rows, made.series.open);
		bc_view_release(&view);
		assert_status(bc_tail(fixture.cache, SERIES_KEY, UINT64_MAX,
		                      NULL, BC_READ_OPEN, &view),
		              BC_OK, NULL);
		expect_rows(&view, 0, made.rows);
		bc_view_release(&view);
	}
}

static void
the_row_at_a_moment(void **state)
{
	struct bc_view view;

	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++) {
		unit_restart(NULL);
		series_make(&layouts[i]);
		for (uint64_t k = 0; k < 300; k++) {
			uint64_t row = k < 100 ? k : test_mix(k, 3) % ended();
			int64_t late = (int64_t)(test_mix(k, 4) % 3);

			if (k >= 250)
				row = ended() - (k - 249);
			assert_status(bc_asof(fixture.cache, SERIES_KEY,
			                      series_time(row) + late, NULL,
			                      k % 7 == 0 ? BC_READ_PRIVATE : 0,
			                      &view),
			              BC_OK, NULL);
			expect_rows(&view, row, 1);
			bc_view_release(&view);
		}
		assert_status(bc_asof(fixture.cache, SERIES_KEY,
		                      series_time(0) - 1, NULL, 0, &view),
		              BC_OK, NULL);
		expect_rows(&view, 0, 0);
		bc_view_release(&view);
		assert_status(bc_asof(fixture.cache, SERIES_KEY, INT64_MAX,
		                      NULL, BC_READ_OPEN, &view),
		              BC_OK, NULL);
		expect_rows(&view, made.rows - 1, 1);
		bc_view_release(&view);
	}
}

static void
rows_by_number(void **state)
{
	struct bc_view view;

	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++) {
		unit_restart(NULL);
		series_make(&layouts[i]);
		for (uint64_t k = 0; k < 100; k++) {
			uint64_t first = test_mix(k, 5) % (made.rows + 50);
			uint64_t count = test_mix(k, 6) % made.rows;
			uint64_t most = first < ended() ? ended() - first : 0;

			if (k == 99)
				count = UINT64_MAX;
			assert_status(bc_read_rows(fixture.cache, SERIES_KEY,
			                           first, count, NULL, 0,
			                           &view),
			              BC_OK, NULL);
			expect_rows(&view, first, count < most ? count : most);
			bc_view_release(&view);
		}
	}
}

static void
a_get_shows_all_ended_bars(void **state)
{
	const char *const keys[2] = { "none", SERIES_KEY };
	struct bc_view view, views[2];
	struct bc_snapshot *snapshot;
	struct bc_bound *bound;

	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++) {
		unit_restart(NULL);
		series_make(&layouts[i]);
		assert_status(bc_get(fixture.cache, SERIES_KEY, &view), BC_OK,
		              NULL);
		expect_rows(&view, 0, ended());
		bc_view_release(&view);
		assert_status(bc_get_many(fixture.cache, keys, 2, views),
		              BC_MISS, NULL);
		assert_int_equal(views[0].miss, BC_MISS_ABSENT);
		expect_rows(&views[1], 0, ended());
		bc_view_release(&views[1]);
		assert_status(bc_snapshot_open(fixture.cache, keys, 2,
		                               &snapshot, NULL),
		              BC_OK, NULL);
		assert_status(bc_snapshot_get(snapshot, 1, &view), BC_OK, NULL);
		bc_snapshot_close(snapshot);
		expect_rows(&view, 0, ended());
		bc_view_release(&view);
		assert_status(bc_exists(fixture.cache, SERIES_KEY, NULL), BC_OK,
		              NULL);
		assert_status(bc_bind(fixture.cache, SERIES_KEY, &bound), BC_OK,
		              NULL);
		for (unsigned k = 0; k < 3; k++) {
			assert_status(bc_bound_get(bound, &view), BC_OK, NULL);
			expect_rows(&view, 0, ended());
			bc_view_release(&view);
		}
		bc_unbind(bound);
	}
}

static void
rows_of_one_segment_are_not_copied(void **state)
{
	struct bc_view view;

	(void)state;
	series_make(&layouts[1]);
	assert_status(bc_read(fixture.cache, SERIES_KEY, series_time(100),
	                      series_time(8192), NULL, BC_READ_ZERO_COPY,
	                      &view),
	              BC_OK, NULL);
	expect_rows(&view, 100, 8092);
	assert_int_equal(view.copied_bytes, 0);
	bc_view_release(&view);
	/* Across long segments, too: their pages lie side by side. */
	assert_status(bc_read(fixture.cache, SERIES_KEY, series_time(8000),
	                      series_time(20000), NULL, BC_READ_ZERO_COPY,
	                      &view),
	              BC_OK, NULL);
	expect_rows(&view, 8000, 12000);
	assert_int_equal(view.copied_bytes, 0);
	bc_view_release(&view);
	/* The tail, and what is too short to fill pages, only as copies. */
	assert_status(bc_tail(fixture.cache, SERIES_KEY, 3, NULL,
	                      BC_READ_ZERO_COPY, &view),
	              BC_COPY, NULL);
	assert_null(view.data);
	assert_status(bc_tail(fixture.cache, SERIES_KEY, 30000, NULL,
	                      BC_READ_ZERO_COPY, &view),
	              BC_COPY, NULL);
	assert_status(bc_tail(fixture.cache, SERIES_KEY, 30000, NULL, 0, &view),
	              BC_OK, NULL);
	expect_rows(&view, made.rows - 29684, 29684);
	assert_int_equal(view.copied_bytes, 1012 * view.schema->row_bytes);
	bc_view_release(&view);
	assert_status(bc_tail(fixture.cache, SERIES_KEY, 3000, NULL,
	                      BC_READ_PRIVATE, &view),
	              BC_OK, NULL);
	expect_rows(&view, made.rows - 3000, 3000);
	assert_int_equal(view.copied_bytes, view.bytes);
	bc_view_release(&view);
}

static void
what_is_not_known_is_missed(void **state)
{
	struct series series = layouts[0];
	struct bc_view view;
	int64_t end_ns;

	(void)state;
	series_make(&series);
	end_ns = series_time(made.rows - 1) + SERIES_STEP_NS;
	assert_status(bc_read(fixture.cache, SERIES_KEY, series_time(0) - 1,
	                      series_time(10), NULL, 0, &view),
	              BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_NOT_COVERED);
	assert_null(view.data);
	assert_status(bc_read(fixture.cache, SERIES_KEY, series_time(0),
	                      end_ns + 1, NULL, 0, &view),
	              BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_NOT_COVERED);
	assert_status(bc_read(fixture.cache, SERIES_KEY, series_time(0), end_ns,
	                      NULL, 0, &view),
	              BC_OK, NULL);
	expect_rows(&view, 0, made.rows);
	bc_view_release(&view);
	assert_status(bc_read(fixture.cache, SERIES_KEY, series_time(0) - 1,
	                      end_ns + 1, NULL, BC_READ_PARTIAL, &view),
	              BC_OK, NULL);
	expect_rows(&view, 0, made.rows);
	bc_view_release(&view);
	assert_status(
		bc_asof(fixture.cache, SERIES_KEY, end_ns, NULL, 0, &view),
		BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_NOT_COVERED);
	series.unknown = true;
	unit_restart(NULL);
	series_make(&series);
	assert_status(bc_read(fixture.cache, SERIES_KEY, INT64_MIN, INT64_MAX,
	                      NULL, 0, &view),
	              BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_NOT_COVERED);
	assert_status(bc_tail(fixture.cache, SERIES_KEY, 5, NULL, 0, &view),
	              BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_NOT_COVERED);
	assert_status(bc_get(fixture.cache, SERIES_KEY, &view), BC_OK, NULL);
	bc_view_release(&view);
}

static void
arguments_are_checked(void **state)
{
	static const char *const absent[] = { "close", "closed", NULL };
	struct bc_view view;

	(void)state;
	series_make(&layouts[0]);
	assert_status(bc_read(fixture.cache, SERIES_KEY, 0, 1, absent,
	                      BC_READ_PARTIAL, &view),
	              BC_INVALID, NULL);
	assert_status(bc_read(fixture.cache, SERIES_KEY, 1, 0, NULL, 0, &view),
	              BC_INVALID, NULL);
	assert_status(bc_read(fixture.cache, SERIES_KEY, 0, 1, NULL, 16, &view),
	              BC_INVALID, NULL);
	assert_status(bc_read(fixture.cache, "", 0, 1, NULL, 0, &view), BC_KEY,
	              NULL);
	assert_status(bc_read(fixture.cache, "none", 0, 1, NULL, 0, &view),
	              BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_ABSENT);
	assert_status(bc_put_blob(fixture.cache, "blob", "x", 1, NULL, NULL),
	              BC_OK, NULL);
	assert_status(bc_read(fixture.cache, "blob", 0, 1, NULL, 0, &view),
	              BC_INVALID, NULL);
}

static void
frames_are_read_by_range(void **state)
{
	static const char *const none[] = { NULL };
	int64_t time_ns[3000];
	double values[3000];
	const struct bc_column column = { "v", BC_F64, values, NULL, 0 };
	struct bc_frame frame = { 3000, time_ns, &column, 1 };
	struct bc_view view;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		time_ns[i] = 10 * i + i % 3;
		values[i] = i;
	}
	for (int pass = 0; pass < 2; pass++) {
		const uint64_t rows = pass == 0 ? 3000 : 20;

		frame.rows = rows; /* the second lies in the catalogue */
		assert_status(
			bc_put(fixture.cache, "f", &frame, NULL, NULL, NULL),
			BC_OK, NULL);
		assert_status(
			bc_read(fixture.cache, "f", 50, 151, NULL, 0, &view),
			BC_OK, NULL);
		assert_int_equal(view.kind, BC_FRAME);
		assert_int_equal(view.rows, 11);
		assert_int_equal(bc_view_time(&view)[0], 52);
		assert_true(bc_view_f64(&view, "v")[10] == 15);
		assert_int_equal(view.copied_bytes, pass == 0 ? 0 : view.bytes);
		bc_view_release(&view);
		assert_status(bc_read(fixture.cache, "f", INT64_MIN, INT64_MAX,
		                      none, 0, &view),
		              BC_OK, NULL);
		assert_int_equal(view.rows, rows);
		assert_int_equal(view.schema->column_count, 1);
		bc_view_release(&view);
		assert_status(bc_asof(fixture.cache, "f", 100, NULL, 0, &view),
		              BC_OK, NULL);
		assert_int_equal(view.rows, 1);
		assert_int_equal(view.first_ns, 90);
		bc_view_release(&view);
		assert_status(
			bc_read(fixture.cache, "f", -5, 0, NULL, 0, &view),
			BC_OK, NULL);
		assert_int_equal(view.rows, 0);
		assert_non_null(view.schema);
		bc_view_release(&view);
	}
	frame.rows = 0;
	assert_status(bc_put(fixture.cache, "f", &frame, NULL, NULL, NULL),
	              BC_OK, NULL);
	assert_status(bc_tail(fixture.cache, "f", 5, NULL, 0, &view), BC_OK,
	              NULL);
	assert_int_equal(view.rows, 0);
	bc_view_release(&view);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_range_of_any_layout,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(the_newest_rows, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(the_row_at_a_moment, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(rows_by_number, unit_setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(a_get_shows_all_ended_bars,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(
			rows_of_one_segment_are_not_copied, unit_setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(what_is_not_known_is_missed,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(arguments_are_checked,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(frames_are_read_by_range,
		                                unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}

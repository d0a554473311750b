/* SPDX-License-Identifier: MIT */
/*
 * test_ranges_threads.c - many threads read ranges of a series that another one
 * appends to, corrects and compacts: every view shows one point in time.
 */
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEY "x/spot/A/1m"
#define READERS 6
#define BEGINNING 25000 /* rows that all may ask for */
#define COMMITS 250
#define STEP_NS (60 * UNIT_SECOND_NS)

/*
 * Row 'row' holds its number in one column and the version it was written with
 * in another; rows of one commit have one version.
 */
static atomic_bool ended;
static atomic_uint served;

static enum bc_status
append(uint64_t first, uint64_t count, double version)
{
	int64_t *time_ns = calloc(count, 8);
	double *rows = calloc(count, 8), *versions = calloc(count, 8);
	const struct bc_column columns[] = {
		{ "row", BC_F64, rows, NULL, 0 },
		{ "version", BC_F64, versions, NULL, 0 },
	};
	const struct bc_frame frame = { count, time_ns, columns, 2 };
	enum bc_status status;

	for (uint64_t i = 0; i < count; i++) {
		time_ns[i] = (int64_t)(first + i) * STEP_NS;
		rows[i] = (double)(first + i);
		versions[i] = version;
	}
	status = bc_append(fixture.cache, KEY, &frame, NULL, NULL, NULL);
	free(time_ns);
	free(rows);
	free(versions);
	return status;
}

/* Whether all rows are there in order, and none was written before another
 * commit had made it newer. */
static bool
view_is_right(const struct bc_view *view)
{
	const int64_t *time_ns = bc_view_time(view);
	const double *rows = bc_view_f64(view, "row");
	const double *versions = bc_view_f64(view, "version");

	for (uint64_t i = 0; i < view->rows; i++) {
		if (rows[i] * (double)STEP_NS != (double)time_ns[i] ||
		    (i != 0 && rows[i] != rows[i - 1] + 1) || versions[i] < 1)
			return false;
	}
	return view->rows == 0 || (view->first_ns == time_ns[0] &&
	                           view->last_ns == time_ns[view->rows - 1]);
}

static enum bc_status
read_something(uint64_t seed, struct bc_view *view)
{
	static const char *const both[] = { "version", "row", NULL };
	uint64_t row = test_mix(seed, 1) % BEGINNING;

	switch (seed % 6) {
	case 0:
		return bc_read(fixture.cache, KEY, INT64_MIN, INT64_MAX, NULL,
		               0, view);
	case 1:
		return bc_tail(fixture.cache, KEY, 100 + row % 9000, both, 0,
		               view);
	case 2:
		return bc_read_rows(fixture.cache, KEY, row, 9000, NULL, 0,
		                    view);
	case 3:
		return bc_asof(fixture.cache, KEY, (int64_t)row * STEP_NS, NULL,
		               0, view);
	case 4:
		return bc_get(fixture.cache, KEY, view);
	default:
		return bc_read(fixture.cache, KEY, 0, 20000 * STEP_NS, NULL, 0,
		               view);
	}
}

static void *
reader(void *argument)
{
	const uint64_t own = (uint64_t)(uintptr_t)argument;
	struct bc_view held = { .data = NULL };

	for (uint64_t i = 0; !atomic_load(&ended); i++) {
		struct bc_view view;

		/* Now and then the same again and again. */
		const uint64_t seed = i % 64 < 32 ? own : i * 7 + own;
		enum bc_status status = read_something(seed, &view);

		if (status != BC_OK)
			print_error("read %d: %s, %s\n", (int)(seed % 6),
			            bc_status_name(status),
			            bc_miss_name(view.miss));
		require(status == BC_OK);
		require(view_is_right(&view));
		if (i % 5 == 0) {
			require(view_is_right(&held) || held.data == NULL);
			bc_view_release(&held);
			held = view;
		} else {
			bc_view_release(&view);
		}
		atomic_fetch_add(&served, 1);
	}
	bc_view_release(&held);
	return NULL;
}

static void
readers_of_a_series_that_grows(void **state)
{
	pthread_t threads[READERS];
	uint64_t rows = BEGINNING;

	(void)state;
	assert_status(append(0, rows, 1), BC_OK, NULL);
	for (uintptr_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader,
		                                (void *)(i * 11 + i)),
		                 0);
	for (uint64_t i = 0; i < COMMITS; i++) {
		uint64_t count = i % 50 == 49 ? 5000 : i % 10 == 9 ? 700 : 1;

		assert_status(append(rows, count, (double)i + 2), BC_OK, NULL);
		rows += count;
		if (i % 20 == 19) /* a correction of what was there */
			assert_status(append(test_mix(i, 1) % rows / 2, 300,
			                     (double)i + 2),
			              BC_OK, NULL);
	}
	while (atomic_load(&served) < 5000)
		test_sleep_ms(1);
	atomic_store(&ended, true);
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(readers_of_a_series_that_grows,
		                                unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("ranges_threads", tests, NULL, NULL);
}

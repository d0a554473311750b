/* SPDX-License-Identifier: MIT */
/*
 * test_lookup.c - searches in times, against the slow way.
 */
#include "support.h"

#include <stdlib.h>

#include "lookup.h"

#define ROWS 3000

static int64_t times[ROWS];

static uint64_t
slow(uint64_t rows, int64_t time_ns)
{
	uint64_t row = 0;

	while (row < rows && times[row] < time_ns)
		row++;
	return row;
}

static uint64_t
fast(uint64_t rows, int64_t step_ns, int64_t time_ns)
{
	const struct bci_lookup known = {
		.rows = rows,
		.first_ns = rows != 0 ? times[0] : 0,
		.last_ns = rows != 0 ? times[rows - 1] : 0,
		.step_ns = step_ns,
	};

	return bci_lookup_row(&known, times, time_ns);
}

/* Compare for every row, and around it. */
static void
assert_same(uint64_t rows, int64_t step_ns)
{
	assert_int_equal(fast(rows, step_ns, INT64_MIN), 0);
	assert_int_equal(fast(rows, step_ns, INT64_MAX), slow(rows, INT64_MAX));
	for (uint64_t i = 0; i < rows; i++) {
		for (int64_t around = -1; around <= 1; around++) {
			int64_t time_ns = times[i];

			if (__builtin_add_overflow(time_ns, around, &time_ns))
				continue;
			assert_int_equal(fast(rows, step_ns, time_ns),
			                 slow(rows, time_ns));
		}
	}
}

static void
steps_that_are_all_the_same(void **state)
{
	(void)state;
	for (uint64_t rows = 0; rows < 70; rows++) {
		for (uint64_t i = 0; i < rows; i++)
			times[i] = -600 + (int64_t)i * 60;
		assert_same(rows, rows < 2 ? 0 : 60);
		assert_same(rows, 0); /* nobody says so */
	}
}

static void
steps_of_all_kinds(void **state)
{
	(void)state;
	for (uint64_t kind = 0; kind < 6; kind++) {
		int64_t at = -1000000;

		for (uint64_t i = 0; i < ROWS; i++) {
			uint64_t any = test_mix(i, kind);

			times[i] = at;
			if (kind == 0)
				at += 1;
			else if (kind == 1) /* nights */
				at += i % 390 == 389 ? 60000 : 60;
			else if (kind == 2)
				at += (int64_t)(any % 1000) + 1;
			else if (kind == 3) /* ever wider */
				at += (int64_t)(i * i) + 1;
			else if (kind == 4) /* ever closer */
				at += (int64_t)((ROWS - i) * (ROWS - i));
			else /* almost all at one end */
				at += i == 1 ? INT64_MAX / 2 : 1;
		}
		for (uint64_t rows = 1; rows < ROWS; rows = rows * 5 + 2)
			assert_same(rows, 0);
	}
}

static void
the_ends_of_time(void **state)
{
	(void)state;
	times[0] = INT64_MIN;
	times[1] = -1;
	times[2] = 0;
	times[3] = INT64_MAX;
	for (uint64_t rows = 1; rows <= 4; rows++)
		assert_same(rows, 0);
}

/* What a damaged record claims may lead to a wrong row, but not elsewhere. */
static void
claims_that_are_not_true(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		times[i] = (int64_t)(test_mix(i, 1) % 5000);
	for (uint64_t k = 0; k < 20000; k++) {
		const struct bci_lookup known = {
			.rows = test_mix(k, 2) % 101,
			.first_ns = (int64_t)(test_mix(k, 3) % 5000) - 100,
			.last_ns = (int64_t)(test_mix(k, 4) % 5000),
			.step_ns = k % 2 ? (int64_t)(test_mix(k, 5) % 100) - 50
			                 : 0,
		};

		assert_true(bci_lookup_row(&known, times,
		                           (int64_t)(test_mix(k, 6) % 6000)) <=
		            known.rows);
	}
}

static void
from_a_row_onwards(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 200; i++)
		times[i] = (int64_t)(i * i);
	for (uint64_t first = 0; first <= 200; first += 7) {
		for (int64_t time_ns = -1; time_ns < 40100; time_ns += 13) {
			uint64_t row = slow(200, time_ns);

			assert_int_equal(
				bci_lookup_time(times, first, 200, time_ns),
				row > first ? row : first);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_that_are_all_the_same),
		cmocka_unit_test(steps_of_all_kinds),
		cmocka_unit_test(the_ends_of_time),
		cmocka_unit_test(claims_that_are_not_true),
		cmocka_unit_test(from_a_row_onwards),
	};

	return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_series_memory.c - readers of one range share its memory: what several
 * processes show side by side they have in common pages, not in copies.
 *
 * A stand-alone program, as what a process has for itself is counted by the
 * kernel (smaps_rollup).
 */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READERS 4
#define PARTS 4
#define PART_ROWS (1u << 16)
#define TAIL_ROWS 7
#define ROWS (PARTS * PART_ROWS + TAIL_ROWS)
#define STEP_NS 60000000000LL
#define ROW_BYTES (6 * 8)

static const char key[] = "test/memory/A/1m";
static struct test_dir dir;

/* Bytes of a process, from smaps_rollup. */
struct usage {
	int64_t rss, pss, own; /* own: clean and dirty pages of no other */
};

static struct shared {
	_Atomic unsigned mapped, measured;
	struct usage before[READERS], after[READERS];
	uint64_t copied[READERS];
} * shared;

static double
price_at(uint64_t row, uint32_t column)
{
	return (double)(test_mix(row, column) >> 30);
}

static bool
usage_read(struct usage *usage)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	int64_t kib;

	memset(usage, 0, sizeof(*usage));
	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "Rss: %" SCNd64, &kib) == 1)
			usage->rss += 1024 * kib;
		else if (sscanf(line, "Pss: %" SCNd64, &kib) == 1)
			usage->pss += 1024 * kib;
		else if (sscanf(line, "Private_Clean: %" SCNd64, &kib) == 1 ||
		         sscanf(line, "Private_Dirty: %" SCNd64, &kib) == 1)
			usage->own += 1024 * kib;
	}
	fclose(file);
	return usage->rss > 0;
}

static void
append(struct bc_cache *cache, uint64_t first, uint64_t rows)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	int64_t *times = calloc(rows, sizeof(*times));
	double *prices = calloc(5 * rows, sizeof(*prices));
	struct bc_column columns[5];
	struct bc_frame frame = { .rows = rows,
		                  .columns = columns,
		                  .column_count = 5 };
	struct bc_error err;

	require(times != NULL && prices != NULL);
	memset(columns, 0, sizeof(columns));
	for (uint32_t c = 0; c < 5; c++) {
		columns[c].name = names[c];
		columns[c].type = BC_F64;
		columns[c].data = prices + c * rows;
		for (uint64_t i = 0; i < rows; i++)
			prices[c * rows + i] = price_at(first + i, c);
	}
	for (uint64_t i = 0; i < rows; i++)
		times[i] = (int64_t)(first + i) * STEP_NS;
	frame.time_ns = times;
	assert_status(bc_append(cache, key, &frame, NULL, NULL, &err), BC_OK,
	              &err);
	free(times);
	free(prices);
}

static void
wait_for(_Atomic unsigned *count)
{
	atomic_fetch_add(count, 1);
	while (atomic_load(count) < READERS)
		test_sleep_ms(1);
}

/* Touches every page, then waits until all readers have done so. */
static void
reader(void *argument)
{
	const unsigned number = *(unsigned *)argument;
	struct bc_cache *cache = test_open(dir.cache, 0);
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct bc_view view;

	require(usage_read(&shared->before[number]));
	assert_status(bc_read(cache, key, INT64_MIN, INT64_MAX, NULL, 0, &view),
	              BC_OK, NULL);
	require(view.rows == ROWS);
	for (uint32_t c = 0; c < 5; c++) {
		const double *prices = bc_view_f64(&view, names[c]);

		for (uint64_t i = 0; i < ROWS; i++)
			require(prices[i] == price_at(i, c));
	}
	shared->copied[number] = view.copied_bytes;
	wait_for(&shared->mapped);
	require(usage_read(&shared->after[number]));
	wait_for(&shared->measured);
	bc_view_release(&view);
	bc_close(cache);
}

static void
make(void *unused)
{
	struct bc_cache *cache = test_open(dir.cache, BC_OPEN_CREATE);

	(void)unused;
	for (uint64_t i = 0; i < PARTS; i++)
		append(cache, i * PART_ROWS, PART_ROWS);
	append(cache, PARTS * PART_ROWS, TAIL_ROWS);
	bc_close(cache);
}

static void
readers_of_a_range_in_many_segments_share_its_memory(void **state)
{
	const int64_t bytes = (int64_t)ROWS * ROW_BYTES;
	unsigned numbers[READERS], i;
	struct usage usage;
	pid_t children[READERS];
	int64_t pss = 0;

	(void)state;
	if (!usage_read(&usage))
		test_skip("/proc/self/smaps_rollup is not there");
	test_dir_make(&dir);
	shared = test_shared(sizeof(*shared));
	assert_int_equal(test_child_run(make, NULL), 0);
	for (i = 0; i < READERS; i++) {
		numbers[i] = i;
		children[i] = test_child_start(reader, &numbers[i]);
	}
	for (i = 0; i < READERS; i++)
		assert_int_equal(test_child_wait(children[i]), 0);
	for (i = 0; i < READERS; i++) {
		const struct usage *before = &shared->before[i];
		const struct usage *after = &shared->after[i];

		printf("reader %u: rss +%" PRId64 ", pss +%" PRId64
		       ", own +%" PRId64 ", copied %" PRIu64 " of %" PRId64
		       " bytes\n",
		       i, after->rss - before->rss, after->pss - before->pss,
		       after->own - before->own, shared->copied[i], bytes);
		assert_true(shared->copied[i] <= (uint64_t)bytes / 8);
		assert_true(after->rss - before->rss >= bytes * 3 / 4);
		assert_true(after->own - before->own <= bytes / 8);
		pss += after->pss - before->pss;
	}
	/* All of them together take little more than one alone. */
	assert_true(pss <= bytes * 3 / 2);
	test_dir_remove(&dir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			readers_of_a_range_in_many_segments_share_its_memory),
	};

	return cmocka_run_group_tests_name("series_memory", tests, NULL, NULL);
}

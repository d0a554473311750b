/* SPDX-License-Identifier: MIT */
/*
 * test_growth_failure.c - appends, removals of ranges and compacting with their
 * first, second, third ... allocation, call of LMDB, call of the system
 * failing.
 *
 * Each time the call must either succeed or say what failed and leave all
 * series as they were; the cache opens again and takes the change.
 */
#include "support.h"

#include <errno.h>
#include <string.h>

#include <lmdb.h>

#include "fault/failing.h"
#include "fault/lab.h"
#include "fault/shim.h"

#define ROWS 6000
#define STEP_NS 60000000000LL

static const struct failing_fault faults[] = {
	{ "memory", 0, 0, false },
	{ "LMDB: ENOMEM", FAULT_LMDB, ENOMEM, false },
	{ "LMDB: EIO", FAULT_LMDB, EIO, false },
	{ "EIO", FAULT_IO, EIO, false },
	{ "ENOSPC from there on", FAULT_IO, ENOSPC, true },
};

/* The cache, and the rows that "a" and "b" are to have in it. */
static struct world {
	struct test_dir dir;
	struct bc_options options;
	struct test_memory memory;
	struct bc_cache *cache;
} world;

static int64_t times[2 * ROWS];
static double closes[2 * ROWS];

static void
world_open(void)
{
	struct bc_error err;

	world.cache = NULL;
	assert_status(
		bc_open(world.dir.cache, &world.options, &world.cache, &err),
		BC_OK, &err);
}

static enum bc_status
append(struct bc_batch *batch, const char *key, uint64_t first, uint64_t count,
       struct bc_error *err)
{
	static struct bc_column column = { .name = "close", .type = BC_F64 };
	static struct bc_column columns[4];
	static unsigned used;
	struct bc_frame frame = { .rows = count,
		                  .time_ns = times + first,
		                  .columns = &columns[used % 4],
		                  .column_count = 1 };

	columns[used % 4] = column;
	columns[used++ % 4].data = closes + first;
	return batch != NULL
	               ? bc_batch_append(batch, key, &frame, NULL, NULL, err)
	               : bc_append(world.cache, key, &frame, NULL, NULL, err);
}

/* "a": rows 100 to 3000, in some segments and a tail; "b": one row. */
static void
world_make(void)
{
	struct bc_error err;

	test_remove_tree(world.dir.cache);
	world_open();
	assert_status(append(NULL, "a", 100, 1000, &err), BC_OK, &err);
	assert_status(append(NULL, "a", 1100, 800, &err), BC_OK, &err);
	assert_status(append(NULL, "a", 1900, 1090, &err), BC_OK, &err);
	assert_status(append(NULL, "a", 2990, 10, &err), BC_OK, &err);
	assert_status(append(NULL, "b", 0, 1, &err), BC_OK, &err);
	assert_status(bc_sync(world.cache, &err), BC_OK, &err);
	bc_close(world.cache);
}

/* Whether series 'key' has just rows [first, end). */
static bool
has(const char *key, uint64_t first, uint64_t end)
{
	struct bc_view view;
	bool same;

	if (bc_read(world.cache, key, INT64_MIN, INT64_MAX, NULL,
	            BC_READ_PARTIAL, &view) != BC_OK)
		return false;
	same = view.rows == end - first &&
	       memcmp(bc_view_time(&view), times + first, 8 * view.rows) == 0 &&
	       memcmp(bc_view_f64(&view, "close"), closes + first,
	              8 * view.rows) == 0;
	bc_view_release(&view);
	return same;
}

/* A change: the call, and the rows of "a" and "b" afterwards. */
struct change {
	const char *name;
	enum bc_status (*run)(struct bc_error *err);
	uint64_t a_first, a_end, b_end;
};

static enum bc_status
run_bar(struct bc_error *err)
{
	return append(NULL, "a", 3000, 1, err);
}

static enum bc_status
run_batch(struct bc_error *err)
{
	struct bc_batch *batch = NULL;
	enum bc_status status = bc_batch_begin(world.cache, &batch, err);

	if (status == BC_OK)
		status = append(batch, "a", 3000, 3000, err);
	if (status == BC_OK)
		status = append(batch, "b", 1, 1, err);
	if (status == BC_OK)
		status = append(batch, "a", 0, 150, err);
	if (status == BC_OK)
		return bc_batch_commit(&batch, err);
	bc_batch_abort(batch);
	return status;
}

static enum bc_status
run_cut(struct bc_error *err)
{
	return bc_remove_range(world.cache, "a", times[2500], INT64_MAX, NULL,
	                       err);
}

static enum bc_status
run_compact(struct bc_error *err)
{
	return bc_compact(world.cache, NULL, NULL, err);
}

static const struct change changes[] = {
	{ "a bar", run_bar, 100, 3001, 1 },
	{ "a batch", run_batch, 0, 6000, 2 },
	{ "a range", run_cut, 100, 2500, 1 },
	{ "compacting", run_compact, 100, 3000, 1 },
};

static bool
one_failure(const void *subject, const struct failing_fault *fault, uint64_t at)
{
	const struct change *change = subject;
	struct bc_error err = { .status = BC_OK };
	enum bc_status status;
	bool fired;

	world_make();
	world_open();
	failing_begin(fault, at, &world.memory);
	status = change->run(&err);
	fired = failing_end(fault, &world.memory);
	failing_holds(status == BC_OK || (fired && err.status == status &&
	                                  err.message[0] != '\0'),
	              "an honest status");
	failing_holds(status == BC_OK || status == BC_NOMEM ||
	                      status == BC_IO || status == BC_NOSPACE,
	              bc_status_name(status));
	bc_close(world.cache);
	world_open();
	if (status == BC_OK)
		failing_holds(has("a", change->a_first, change->a_end) &&
		                      has("b", 0, change->b_end),
		              "the new rows");
	else
		failing_holds(has("a", 100, 3000) && has("b", 0, 1),
		              "the old rows");
	if (status != BC_OK) {
		assert_status(change->run(&err), BC_OK, &err);
		failing_holds(has("a", change->a_first, change->a_end) &&
		                      has("b", 0, change->b_end),
		              "the new rows at last");
	}
	assert_status(bc_verify(world.cache, NULL, NULL, NULL,
	                        &(struct bc_verify_report){ 0 }, &err),
	              BC_OK, &err);
	bc_close(world.cache);
	return fired;
}

static void
fails_cleanly(void **state)
{
	const struct change *change = *state;

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		uint64_t rounds =
			failing_rounds(change->name, &faults[i], &world.memory,
		                       one_failure, change);

		failing_holds(rounds > 1 || !lab_in_time(), "it was tried");
	}
}

int
main(int argc, char **argv)
{
	struct CMUnitTest tests[4];
	int failed;

	memset(tests, 0, sizeof(tests));
	for (size_t i = 0; i < 4; i++) {
		tests[i].name = changes[i].name;
		tests[i].test_func = fails_cleanly;
		tests[i].initial_state = (void *)(uintptr_t)&changes[i];
	}
	for (uint64_t i = 0; i < 2 * ROWS; i++) {
		times[i] = (int64_t)i * STEP_NS;
		closes[i] = (double)(test_mix(i, 3) % 1000);
	}
	test_dir_make_fast(&world.dir);
	world.options = (struct bc_options)BC_OPTIONS_INIT;
	world.options.flags = BC_OPEN_CREATE;
	world.options.lock_timeout_ms = 2000;
	world.options.allocator = test_allocator(&world.memory);
	failed = LAB_MAIN(argc, argv, "growth failure", tests);
	test_dir_remove(&world.dir);
	return failed;
}

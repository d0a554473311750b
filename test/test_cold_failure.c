/* SPDX-License-Identifier: MIT */
/*
 * test_cold_failure.c - every call that packs, unpacks or moves between tiers,
 * with its first, second, third ... allocation, call of LMDB, call of the
 * system failing.
 *
 * Each time the call must either succeed, with the right bytes, or say what
 * failed; afterwards everything reads as before or as it should be, and the
 * call succeeds when it is repeated.
 */
#include "cold.h"

#include <errno.h>
#include <string.h>

#include <lmdb.h>

#include "cache.h"
#include "fault/failing.h"
#include "fault/lab.h"
#include "fault/shim.h"

#define ROWS 9000
#define PART 700 /* rows of a range, in two blocks */
#define BLOB_BYTES 30000

static const struct failing_fault faults[] = {
	{ "memory", 0, 0, false },
	{ "mapping", FAULT_MAP, ENOMEM, false },
	{ "LMDB: ENOMEM", FAULT_LMDB, ENOMEM, false },
	{ "LMDB: EIO", FAULT_LMDB, EIO, false },
	{ "ENOSPC from there on", FAULT_IO, ENOSPC, true },
};

static struct world {
	struct test_dir dir;
	struct bc_options options;
	struct test_memory memory;
	struct bc_cache *cache;
	struct cold_frame frame;
	char blob[BLOB_BYTES];
} world;

/* ---- the world --------------------------------------------------------- */

static void
world_open(void)
{
	struct bc_error err;

	assert_status(
		bc_open(world.dir.cache, &world.options, &world.cache, &err),
		BC_OK, &err);
}

static enum bc_status
put(const char *key, enum bc_placement placement, struct bc_error *err)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;

	options.flags = BC_PUT_SUSPECT;
	options.placement = placement;
	return bc_put(world.cache, key, &world.frame.frame, &options, NULL,
	              err);
}

static enum bc_status
put_blob(struct bc_error *err)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;

	options.placement = BC_PLACE_COLD;
	return bc_put_blob(world.cache, "blob", world.blob, BLOB_BYTES,
	                   &options, err);
}

/* "warm" and "cold" are the same frame, "s/m/X/1m" a series of it. */
static void
world_make(void)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_error err;

	test_remove_tree(world.dir.cache);
	world_open();
	assert_status(put("warm", BC_PLACE_WARM, &err), BC_OK, &err);
	assert_status(put("cold", BC_PLACE_COLD, &err), BC_OK, &err);
	assert_status(put_blob(&err), BC_OK, &err);
	options.flags = BC_APPEND_SUSPECT;
	options.placement = BC_PLACE_COLD;
	assert_status(bc_append(world.cache, "s/m/X/1m", &world.frame.frame,
	                        &options, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_sync(world.cache, &err), BC_OK, &err);
	bc_close(world.cache);
}

/* All of a key, which must be the frame or, if 'may_miss', not there. */
static void
world_has(const char *key, bool may_miss)
{
	enum bc_status status;
	struct bc_view view;

	if (strchr(key, '/') != NULL)
		status = bc_read(world.cache, key, INT64_MIN, INT64_MAX, NULL,
		                 BC_READ_PARTIAL, &view);
	else
		status = bc_get(world.cache, key, &view);
	if (may_miss && status == BC_MISS && view.miss == BC_MISS_ABSENT)
		return;
	if (status != BC_OK)
		print_error("%s: %s, %s\n", key, bc_status_name(status),
		            bc_miss_name(view.miss));
	failing_holds(status == BC_OK, key);
	failing_holds(view.rows == ROWS &&
	                      cold_frame_is(&world.frame, &view, 0),
	              "the bytes that were put");
	bc_view_release(&view);
}

/* ---- operations -------------------------------------------------------- */

/* Take a view of rows from 'first' on and look at every byte of it. */
static enum bc_status
looked(enum bc_status status, struct bc_view *view, uint64_t first,
       uint64_t rows)
{
	if (status != BC_OK) {
		failing_holds(view->data == NULL && view->rows == 0,
		              "nothing to show after a failure");
		return status;
	}
	failing_holds(view->rows == rows &&
	                      cold_frame_is(&world.frame, view, first),
	              "the right rows");
	bc_view_release(view);
	return status;
}

static enum bc_status
run_put(struct bc_error *err)
{
	return put("new", BC_PLACE_COLD, err);
}

static enum bc_status
run_get(struct bc_error *err)
{
	struct bc_view view;

	(void)err;
	return looked(bc_get(world.cache, "cold", &view), &view, 0, ROWS);
}

static enum bc_status
run_blob(struct bc_error *err)
{
	struct bc_view view;
	enum bc_status status = bc_get(world.cache, "blob", &view);

	(void)err;
	if (status != BC_OK)
		return status;
	failing_holds(view.bytes == BLOB_BYTES &&
	                      memcmp(view.data, world.blob, BLOB_BYTES) == 0,
	              "the blob");
	bc_view_release(&view);
	return status;
}

static enum bc_status
run_part(struct bc_error *err)
{
	struct bc_view view;

	(void)err;
	return looked(
		bc_read_rows(world.cache, "cold", 5000, PART, NULL, 0, &view),
		&view, 5000, PART);
}

static enum bc_status
run_range(struct bc_error *err)
{
	struct bc_view view;

	(void)err;
	return looked(bc_read(world.cache, "s/m/X/1m", INT64_MIN, INT64_MAX,
	                      NULL, BC_READ_PARTIAL, &view),
	              &view, 0, ROWS);
}

static enum bc_status
run_snapshot(struct bc_error *err)
{
	static const char *const keys[] = { "cold", "s/m/X/1m" };
	struct bc_snapshot *snapshot = NULL;
	enum bc_status status =
		bc_snapshot_open(world.cache, keys, 2, &snapshot, err);
	struct bc_view view;

	for (size_t i = 0; status == BC_OK && i < 2; i++)
		status = looked(bc_snapshot_get(snapshot, i, &view), &view, 0,
		                ROWS);
	bc_snapshot_close(snapshot);
	return status;
}

static enum bc_status
run_bound(struct bc_error *err)
{
	struct bc_bound *bound = NULL;
	struct bc_view view;
	enum bc_status status = bc_bind(world.cache, "cold", &bound);

	(void)err;
	if (status != BC_OK)
		return status;
	status = looked(bc_bound_get(bound, &view), &view, 0, ROWS);
	bc_unbind(bound);
	return status;
}

/* Decoded by another process before: whoever decodes it now promotes it. */
static enum bc_status
run_again(struct bc_error *err)
{
	enum bc_status status = run_get(err);
	struct bci_env *env;

	if (status != BC_OK || bci_cache_env(world.cache, &env, NULL) != BC_OK)
		return status;
	bci_hots_drop(env);
	return run_get(err);
}

static enum bc_status
run_demote(struct bc_error *err)
{
	return bc_place(world.cache, "warm", BC_PLACE_COLD, NULL, err);
}

static enum bc_status
run_promote(struct bc_error *err)
{
	return bc_place(world.cache, "cold", BC_PLACE_WARM, NULL, err);
}

static enum bc_status
run_promote_series(struct bc_error *err)
{
	return bc_place(world.cache, "s/m/X/1m", BC_PLACE_WARM, NULL, err);
}

static enum bc_status
run_warm(struct bc_error *err)
{
	struct bc_warm_options options = BC_WARM_OPTIONS_INIT;
	struct bc_warm_report report;

	options.flags = BC_WARM_VERIFY;
	return bc_warm(world.cache, &options, &report, err);
}

static const struct operation {
	const char *name;
	enum bc_status (*run)(struct bc_error *err);
	bool changes;   /* the cache is made anew each time */
	bool has_words; /* it fills its error */
} operations[] = {
	{ "put cold", run_put, true, true },
	{ "get cold", run_get, false, false },
	{ "get a cold blob", run_blob, false, false },
	{ "some rows", run_part, false, false },
	{ "a range of a series", run_range, false, false },
	{ "a snapshot", run_snapshot, false, false },
	{ "a handle", run_bound, false, false },
	{ "promotion by a reader", run_again, true, false },
	{ "demote", run_demote, true, true },
	{ "promote", run_promote, true, true },
	{ "promote a series", run_promote_series, true, true },
	{ "warm", run_warm, false, false },
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* ---- failing ----------------------------------------------------------- */

static void
check_all(const struct operation *operation)
{
	struct bc_error err;

	world_has("warm", false);
	world_has("cold", false);
	world_has("s/m/X/1m", false);
	world_has("new", true);
	failing_holds(run_blob(&err) == BC_OK, "the blob afterwards");
	if (operation->changes)
		assert_status(bc_verify(world.cache, NULL, NULL, NULL,
		                        &(struct bc_verify_report){ 0 }, &err),
		              BC_OK, &err);
}

static bool
one_failure(const void *subject, const struct failing_fault *fault, uint64_t at)
{
	const struct operation *operation = subject;
	struct bc_error err = { .status = BC_OK };
	enum bc_status status;
	bool fired;

	if (operation->changes)
		world_make();
	world_open();
	failing_begin(fault, at, &world.memory);
	status = operation->run(&err);
	fired = failing_end(fault, &world.memory);
	failing_holds(status == BC_OK || fired, "no failure without a fault");
	failing_holds(status == BC_OK || !operation->has_words ||
	                      (err.status == status && err.message[0] != '\0'),
	              "words for what failed");
	failing_holds(status == BC_OK || status == BC_NOMEM ||
	                      status == BC_IO || status == BC_NOSPACE,
	              bc_status_name(status));
	/* A disk that failed may have spoiled the handle, but not the cache. */
	if (fault->error == 0 || fault->error == ENOMEM)
		check_all(operation);
	bc_close(world.cache);
	world_open();
	check_all(operation);
	failing_holds(operation->run(&err) == BC_OK, "success at last");
	check_all(operation);
	bc_close(world.cache);
	return fired;
}

static void
fails_cleanly(void **state)
{
	const struct operation *operation = *state;

	world_make();
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		failing_rounds(operation->name, &faults[i], &world.memory,
		               one_failure, operation);
}

int
main(int argc, char **argv)
{
	struct CMUnitTest tests[OPERATIONS];
	int failed;

	memset(tests, 0, sizeof(tests));
	for (size_t i = 0; i < OPERATIONS; i++) {
		tests[i].name = operations[i].name;
		tests[i].test_func = fails_cleanly;
		tests[i].initial_state = (void *)(uintptr_t)&operations[i];
	}
	cold_frame_make(&world.frame, ROWS, 0, START, 1);
	memset(world.blob, 'x', BLOB_BYTES);
	test_dir_make_fast(&world.dir);
	world.options = (struct bc_options)BC_OPTIONS_INIT;
	world.options.flags = BC_OPEN_CREATE;
	world.options.lock_timeout_ms = 2000;
	world.options.allocator = test_allocator(&world.memory);
	failed = LAB_MAIN(argc, argv, "cold_failure", tests);
	cold_frame_free(&world.frame);
	test_dir_remove(&world.dir);
	return failed;
}

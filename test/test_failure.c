/* SPDX-License-Identifier: MIT */
/*
 * test_failure.c - every public call, with its first, second, third ...
 * allocation, call of LMDB, call of the system failing, until it gets through
 * without meeting the fault.
 *
 * Each time the call must either succeed or say what failed and leave the
 * cache as it was; all other values keep their bytes; nothing stays open or
 * mapped; the cache opens again and takes a new commit.
 */
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <lmdb.h>

#include "fault/holds.h"
#include "fault/lab.h"
#include "fault/shim.h"
#include "fault/world.h"

#define ROUNDS_MAX 20000
#define TESTS_MAX 96
#define FAILURES 12000 /* in all sweeps together, about */

#define SEED WORLD_SEED

/* One way in which it fails. */
struct fault {
	const char *name;
	unsigned calls; /* enum fault_calls; 0 for the allocator */
	enum fault_mode mode;
	int error;
	bool repeat;
	const char *path; /* of the calls that fail, in part; NULL: all */
};

static const struct fault faults[] = {
	{ "memory", 0, FAULT_FAIL, 0, false, NULL },
	{ "LMDB: ENOMEM", FAULT_LMDB, FAULT_FAIL, ENOMEM, false, NULL },
	{ "LMDB: EIO", FAULT_LMDB, FAULT_FAIL, EIO, false, NULL },
	{ "EIO", FAULT_IO, FAULT_FAIL, EIO, false, NULL },
	{ "EIO from there on", FAULT_IO, FAULT_FAIL, EIO, true, NULL },
	{ "ENOSPC", FAULT_IO, FAULT_FAIL, ENOSPC, false, NULL },
	{ "ENOSPC from there on", FAULT_IO, FAULT_FAIL, ENOSPC, true, NULL },
	{ "EINTR", FAULT_IO | FAULT_LOCK, FAULT_FAIL, EINTR, false, NULL },
	/* Of a lock of its own that fails so LMDB makes a wrong format. */
	{ "ENOLCK", FAULT_LOCK, FAULT_FAIL, ENOLCK, false, ".lock" },
	{ "EMFILE", FAULT_OPEN, FAULT_FAIL, EMFILE, true, NULL },
	{ "short write", FAULT_WRITE, FAULT_SHORT, 0, false, NULL },
};

static unsigned long long handles_poisoned;

/* A call that is not the one under test and has to work. */
static void
works(enum bc_status status, const struct bc_error *err, int line)
{
	if (status == BC_OK)
		return;
	print_error("%s: afterwards %s%s%s\n", holds_trying,
	            bc_status_name(status), err != NULL ? ": " : "",
	            err != NULL ? err->message : "");
	_fail(__FILE__, line);
}

#define WORKS(call, err) works((call), (err), __LINE__)

/* The version of 'key' in the cache, 0 if absent; anything else fails. */
static uint64_t
version_now(struct world *world, const char *key)
{
	enum bc_status status;
	struct bc_view view;
	uint64_t version;

	status = bc_get(world->cache, key, &view);
	if (status == BC_MISS && view.miss == BC_MISS_ABSENT)
		return 0;
	WORKS(status, NULL);
	version = test_view_version(&view, key, SEED);
	HOLDS(version != 0);
	bc_view_release(&view);
	return version;
}

static void
old_values_are_intact(struct world *world)
{
	unsigned i;
	char key[24];

	for (i = 0; i < WORLD_KEYS; i++) {
		old_key(i, key);
		HOLDS(version_now(world, key) == i + 1);
	}
}

static void
world_open(struct world *world)
{
	struct bc_error err;

	WORKS(bc_open(world->dir.cache, &world->options, &world->cache, &err),
	      &err);
}

static void
world_close(struct world *world)
{
	bc_close(world->cache);
	world->cache = NULL;
}

/* A cache with old values of all sizes, synced, so that they must survive. */
static void
world_make(struct world *world, enum bc_durability durability)
{
	struct bc_error err;
	unsigned i;
	char key[24];

	memset(world, 0, sizeof(*world));
	test_dir_make_fast(&world->dir);
	world->options = (struct bc_options)BC_OPTIONS_INIT;
	world->options.flags = BC_OPEN_CREATE;
	world->options.durability = durability;
	world->options.lock_timeout_ms = 2000;
	world->options.allocator = test_allocator(&world->memory);
	world_open(world);
	for (i = 0; i < WORLD_KEYS; i++) {
		old_key(i, key);
		WORKS(test_put_rows(world->cache, key, i + 1, SEED,
		                    i == 0 ? 8 : i * i * 500, &err),
		      &err);
	}
	grown_furnish(world);
	WORKS(bc_sync(world->cache, &err), &err);
	world_close(world);
}

/* "target" at a known version and the value to put next. */
static void
world_prepare(struct world *world, const struct call *call)
{
	struct bc_error err;
	char path[TEST_PATH];
	uint64_t next;

	test_remove_tree(test_path(path, world->dir.path, "copy"));
	test_remove_tree(test_path(path, world->dir.path, "saved"));
	world->version++;
	world->number++;
	grown_prepare(world);
	WORKS(test_put_rows(world->cache, "target", world->version, SEED, 300,
	                    &err),
	      &err);
	WORKS(bc_sync(world->cache, &err), &err);
	next = world->version + 1;
	if (call->rows != 0)
		test_value_frame(&world->value, "target", next, SEED,
		                 call->rows);
	else
		test_value_blob(&world->value, "target", next, SEED, 4000);
	world->seen = 0;
	world->filled = false;
}

static void
fault_begin(struct world *world, const struct fault *fault, uint64_t at)
{
	struct fault_plan plan = { .calls = fault->calls,
		                   .mode = fault->mode,
		                   .error = fault->error,
		                   .at = at,
		                   .repeat = fault->repeat,
		                   .path = fault->path };

	atomic_store(&world->memory.fired, false);
	if (fault->calls == 0)
		atomic_store(&world->memory.fail_at,
		             atomic_load(&world->memory.requests) + at);
	else
		fault_arm(&plan);
}

static bool
fault_end(struct world *world, const struct fault *fault)
{
	atomic_store(&world->memory.fail_at, 0);
	fault_disarm();
	return fault->calls == 0 ? atomic_load(&world->memory.fired)
	                         : fault_fired();
}

/* Whether a failure of the system may be reported so. */
static void
status_is_honest(const struct call *call, enum bc_status status,
                 const struct bc_error *err)
{
	if (call->takes_error) {
		if (err->status != status)
			print_error("%s: %s, but the error says %s: %s\n",
			            holds_trying, bc_status_name(status),
			            bc_status_name(err->status), err->message);
		HOLDS(err->status == status);
		HOLDS(err->message[0] != '\0');
	}
	if (status == BC_NOMEM || status == BC_IO || status == BC_NOSPACE)
		return;
	print_error("%s: %s is not what failed: %s\n", holds_trying,
	            bc_status_name(status),
	            call->takes_error ? err->message : "");
	fail();
}

/* What "target" must show after the call. */
static uint64_t
version_due(const struct world *world, const struct call *call,
            enum bc_status status)
{
	if (status != BC_OK || (call->does != PUTS && call->does != REMOVES))
		return world->version;
	return call->does == PUTS ? world->version + 1 : 0;
}

/*
 * Where LMDB could not write a meta page it wants its file opened anew, for
 * reading too.  Then the handle says so at once, and only a new one will do.
 * A read that stores what it worked out says so at the next call: its answer,
 * or what else failed, is right all the same.
 */
static bool
is_poisoned(struct world *world, const struct call *call, enum bc_status status)
{
	struct bc_view view;
	bool poisoned;

	if (status == BC_OK && (call->does != READS || call->takes_error))
		return false;
	poisoned = bc_get(world->cache, "target", &view) == BC_IO;
	bc_view_release(&view);
	handles_poisoned += poisoned;
	return poisoned;
}

/* The call under the fault, and all that must hold after it. */
static bool
one_failure(struct world *world, const struct call *call,
            const struct fault *fault, uint64_t at)
{
	struct bc_error err = { .status = BC_OK };
	enum bc_status status;
	uint64_t due, grown;
	bool fired;

	world_open(world);
	world_prepare(world, call);
	world_close(world);
	if (call->does != OPENS)
		world_open(world);
	fault_begin(world, fault, at);
	status = call->run(world, &err);
	fired = fault_end(world, fault);
	test_value_free(&world->value);
	HOLDS(!world->filled);
	if (status == BC_OK && call->does == READS)
		HOLDS(world->seen == world->version);
	if (status != BC_OK) {
		HOLDS(fired);
		status_is_honest(call, status, &err);
	}
	if (call->does == OPENS) /* It may have been left frozen. */
		WORKS(bc_thaw(world->dir.cache, &world->options, &err), &err);
	due = version_due(world, call, status);
	grown = status == BC_OK ? world->grown_due : world->grown;
	if (world->cache != NULL && !is_poisoned(world, call, status)) {
		old_values_are_intact(world);
		HOLDS(version_now(world, "target") == due);
	}
	world_close(world);
	world_open(world);
	old_values_are_intact(world);
	HOLDS(version_now(world, "target") == due);
	HOLDS(grown_is_right(world, grown));
	world->grown = grown;
	world->version = due > world->version ? due : world->version;
	world_close(world);
	return fired;
}

/* Creating: each time in an empty directory, then again without a fault. */
static bool
one_failed_creation(struct world *world, const struct call *call,
                    const struct fault *fault, uint64_t at)
{
	struct bc_error err = { .status = BC_OK };
	enum bc_status status;
	bool fired;

	test_remove_tree(world->dir.cache);
	fault_begin(world, fault, at);
	status = call->run(world, &err);
	fired = fault_end(world, fault);
	HOLDS(!world->filled);
	if (status != BC_OK) {
		HOLDS(fired);
		status_is_honest(call, status, &err);
		world_open(world);
	}
	WORKS(test_put(world->cache, "target", 1, SEED, &err), &err);
	HOLDS(version_now(world, "target") == 1);
	world_close(world);
	return fired;
}

/* The sweep over one call and one fault. */
static void
sweep(struct world *world, const struct call *call, const struct fault *fault)
{
	unsigned files = test_open_files();
	unsigned maps = test_mappings(world->dir.path);
	bool fired = true;
	uint64_t at;

	for (at = 1; fired && lab_in_time(); at += lab_step(3, FAILURES)) {
		holds_try("%s, %s at %llu", call->name, fault->name,
		          (unsigned long long)at);
		HOLDS(at < ROUNDS_MAX);
		fired = call->does == CREATES
		                ? one_failed_creation(world, call, fault, at)
		                : one_failure(world, call, fault, at);
		HOLDS(test_open_files() == files);
		HOLDS(test_mappings(world->dir.path) == maps);
		HOLDS(atomic_load(&world->memory.live) == 0);
		lab_trials(fired);
	}
}

static void
every_failure(const struct call *call, enum bc_durability durability)
{
	struct world world;
	size_t i;

	holds_try("%s, preparing", call->name);
	world_make(&world, durability);
	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sweep(&world, call, &faults[i]);
	test_dir_remove(&world.dir);
}

static void
fails_cleanly_at_every_call(void **state)
{
	const struct call *call = *state;

	every_failure(call, BC_RELAXED);
	if (call->does == PUTS || call->does == REMOVES)
		every_failure(call, BC_DURABLE);
}

/*
 * After a failed sync Linux marks the pages clean: trying again succeeds with
 * the data lost.  So what a failed sync covered is never claimed, and what is
 * put afterwards does not depend on it.
 */
static void
one_failed_sync(struct world *world, uint64_t at, bool *fired)
{
	struct fault_plan plan = {
		.calls = FAULT_SYNC, .mode = FAULT_FAIL, .error = EIO, .at = at
	};
	struct bc_error err;
	enum bc_status status;
	uint64_t now;

	world_open(world);
	WORKS(bc_sync(world->cache, &err), &err);
	fault_arm(&plan);
	status = test_put_rows(world->cache, "target", 2 * at, SEED, 300, &err);
	if (status == BC_OK)
		status = bc_sync(world->cache, &err);
	fault_disarm();
	*fired = fault_fired();
	HOLDS((status != BC_OK) == *fired);
	now = version_now(world, "target");
	HOLDS(now == 2 * at || now == 2 * at - 1 || (now == 0 && *fired));
	old_values_are_intact(world);
	if (status == BC_IO && bc_sync(world->cache, &err) != BC_OK) {
		world_close(world); /* LMDB wants its file opened anew. */
		world_open(world);
	}
	WORKS(test_put_rows(world->cache, "target", 2 * at + 1, SEED, 300,
	                    &err),
	      &err);
	WORKS(bc_sync(world->cache, &err), &err);
	world_close(world);
	world_open(world);
	HOLDS(version_now(world, "target") == 2 * at + 1);
	old_values_are_intact(world);
	world_close(world);
}

static void
h15_a_failed_sync_is_never_claimed_as_done(void **state)
{
	enum bc_durability durability;
	struct bc_error err;
	struct world world;
	uint64_t at;
	bool fired;

	(void)state;
	for (durability = BC_DURABLE; durability <= BC_SCRATCH; durability++) {
		world_make(&world, durability);
		world_open(&world);
		WORKS(test_put_rows(world.cache, "target", 1, SEED, 300, &err),
		      &err);
		world_close(&world);
		fired = true;
		for (at = 1; fired; at++) {
			holds_try("sync %llu", (unsigned long long)at);
			HOLDS(at < ROUNDS_MAX);
			one_failed_sync(&world, at, &fired);
		}
		HOLDS(at > 2);
		test_dir_remove(&world.dir);
	}
}

/* Where a sync does not even begin, nothing is known to be lost. */
static void
a_sync_without_a_descriptor_drops_nothing(void **state)
{
	struct fault_plan plan = { .calls = FAULT_OPEN,
		                   .mode = FAULT_FAIL,
		                   .error = EMFILE,
		                   .at = 1,
		                   .repeat = true };
	struct bc_error err;
	struct world world;

	(void)state;
	world_make(&world, BC_RELAXED);
	world_open(&world);
	WORKS(test_put_rows(world.cache, "target", 1, SEED, 300, &err), &err);
	plan.path = world.dir.path;
	fault_arm(&plan);
	HOLDS(bc_sync(world.cache, &err) == BC_IO);
	fault_disarm();
	HOLDS(version_now(&world, "target") == 1);
	WORKS(bc_sync(world.cache, &err), &err);
	HOLDS(version_now(&world, "target") == 1);
	world_close(&world);
	test_dir_remove(&world.dir);
}

/* ---- that no call is left out -------------------------------------------- */

/* What has no memory to ask for, and nothing to ask of the system. */
static const char cannot_fail[] =
	" bc_version bc_lmdb_version bc_strerror bc_status_name bc_miss_name "
	"bc_close bc_key_request bc_key_series bc_key_parse bc_type_bytes "
	"bc_type_name bc_schema_find bc_view_column bc_view_find bc_view_time "
	"bc_view_f64 bc_view_text bc_view_text_count bc_view_release bc_unbind "
	"bc_snapshot_close bc_stream_close bc_window_close bc_batch_abort "
	"bc_sma bc_ema bc_rsi bc_atr bc_policy_name bc_policy_parse bc_op_name "
	"bc_codec_name "
	"bc_rates ";

static const struct {
	const struct call *calls;
	const unsigned *count;
} groups[] = {
	{ basic_calls, &basic_call_count },
	{ series_calls, &series_call_count },
	{ care_calls, &care_call_count },
};
#define GROUPS (sizeof(groups) / sizeof(*groups))

static bool
is_covered(const char *name)
{
	char wanted[80], words[256];

	snprintf(wanted, sizeof(wanted), " %s ", name);
	if (strstr(cannot_fail, wanted) != NULL)
		return true;
	for (size_t i = 0; i < GROUPS; i++)
		for (unsigned j = 0; j < *groups[i].count; j++) {
			snprintf(words, sizeof(words), " %s ",
			         groups[i].calls[j].covers);
			if (strstr(words, wanted) != NULL)
				return true;
		}
	return false;
}

static void
no_public_call_is_left_out(void **state)
{
	unsigned left_out = 0, found = 0;
	char line[128], name[64];
	FILE *map;

	(void)state;
	map = fopen(BARCACHE_MAP, "re");
	assert_non_null(map);
	while (fgets(line, sizeof(line), map) != NULL) {
		if (sscanf(line, "\tbc_%59[a-z0-9_];", name + 3) != 1)
			continue;
		memcpy(name, "bc_", 3);
		found++;
		if (is_covered(name))
			continue;
		print_error("%s is not tried\n", name);
		left_out++;
	}
	fclose(map);
	assert_true(found > 100);
	assert_int_equal(left_out, 0);
}

int
main(int argc, char **argv)
{
	struct CMUnitTest tests[TESTS_MAX];
	size_t count = 0;
	int failed;

	memset(tests, 0, sizeof(tests));
	for (size_t i = 0; i < GROUPS; i++)
		for (unsigned j = 0; j < *groups[i].count; j++) {
			const struct call *call = &groups[i].calls[j];

			tests[count].name = call->name;
			tests[count].test_func = fails_cleanly_at_every_call;
			tests[count++].initial_state = (void *)(uintptr_t)call;
			assert_true(count < TESTS_MAX - 3);
		}
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(
		h15_a_failed_sync_is_never_claimed_as_done);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(
		a_sync_without_a_descriptor_drops_nothing);
	tests[count++] =
		(struct CMUnitTest)cmocka_unit_test(no_public_call_is_left_out);
	failed = lab_main(argc, argv, "failure", tests, count);
	printf("handles that had to be opened anew: %llu\n", handles_poisoned);
	return failed;
}

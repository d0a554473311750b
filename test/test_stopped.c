/* SPDX-License-Identifier: MIT */
/*
 * test_stopped.c - a reader is stopped (SIGSTOP) with views in its hands, or in
 * the middle of a lookup, and a writer goes on for hundreds of commits.
 *
 * Nothing waits for it and nothing is corrupt; the files grow by no more than
 * what it holds; `health` and the table of processes show it; and when it goes
 * on, its views have the bytes they had.  A trial is a reader.
 */
#include "support.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "fault/lab.h"
#include "fault/shim.h"

#define SEED 31
#define KEYS 6
#define ROWS 300
#define READERS 6
#define COMMITS 300
#define WARM_BYTES (UINT64_C(2) << 20)
/* Pages of the catalogue that a commit writes and a lookup may hold. */
#define PAGES_A_COMMIT 24
#define CATALOGUE_MOST (UINT64_C(4096) * PAGES_A_COMMIT * COMMITS)

struct stage {
	struct test_dir dir;
	uint64_t version; /* of the newest commit */
	uint64_t stop_at; /* call of LMDB where it is stopped; 0: with views */
	pid_t reader;
	_Atomic uint64_t catalogue_most, lag_most;
};

static void
stage_key(uint64_t version, char key[24])
{
	snprintf(key, 24, "stage/%u", (unsigned)(version % KEYS));
}

static struct bc_cache *
stage_open(const struct stage *stage)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	options.flags = BC_OPEN_CREATE;
	options.warm_bytes = WARM_BYTES;
	options.lock_timeout_ms = 2000;
	assert_status(bc_open(stage->dir.cache, &options, &cache, &err), BC_OK,
	              &err);
	return cache;
}

/* COMMITS commits, none of which may have to wait for anybody. */
static void
writer(void *argument)
{
	struct stage *stage = argument;
	struct bc_cache *cache = stage_open(stage);
	struct bc_error err;
	char key[24];

	for (uint64_t i = 1; i <= COMMITS; i++) {
		stage_key(stage->version + i, key);
		assert_status(test_put_rows(cache, key, stage->version + i,
		                            SEED, ROWS, &err),
		              BC_OK, &err);
	}
	bc_close(cache);
}

/* Stops itself, and looks at what it has when it goes on. */
static void
reader(void *argument)
{
	struct stage *stage = argument;
	struct fault_plan plan = { .calls = FAULT_LMDB,
		                   .mode = FAULT_STOP,
		                   .at = stage->stop_at };
	struct bc_cache *cache = stage_open(stage);
	struct bc_view views[KEYS];
	uint64_t versions[KEYS];
	char key[24];

	if (stage->stop_at != 0)
		fault_arm(&plan);
	for (uint64_t i = 0; i < KEYS; i++) {
		stage_key(i, key);
		assert_status(bc_get(cache, key, &views[i]), BC_OK, NULL);
		versions[i] = test_view_version(&views[i], key, SEED);
		require(versions[i] != 0);
	}
	fault_disarm();
	if (stage->stop_at == 0 || !fault_fired())
		raise(SIGSTOP);
	for (uint64_t i = 0; i < KEYS; i++) {
		stage_key(i, key);
		require(test_view_version(&views[i], key, SEED) == versions[i]);
		bc_view_release(&views[i]);
	}
	bc_close(cache);
}

/* While the reader is stopped. */
static void
auditor(void *argument)
{
	struct stage *stage = argument;
	struct bc_cache *cache = stage_open(stage);
	struct bc_process processes[8];
	struct bc_health health;
	struct bc_stats stats;
	struct bc_error err;
	size_t count, found = 0;

	assert_status(bc_processes(cache, processes, 8, &count, &err), BC_OK,
	              &err);
	for (size_t i = 0; i < count && i < 8; i++)
		found += processes[i].pid == (uint64_t)stage->reader;
	require(found == 1);
	assert_status(bc_health(stage->dir.cache, 0, &health, &err), BC_OK,
	              &err);
	require(health.processes == 2);
	assert_status(bc_stats(cache, &stats, &err), BC_OK, &err);
	require(stats.warm_bytes <=
	        WARM_BYTES + 2 * bci_arena_capacity(WARM_BYTES));
	require(stats.catalogue_bytes <= CATALOGUE_MOST);
	if (stats.catalogue_bytes > atomic_load(&stage->catalogue_most))
		atomic_store(&stage->catalogue_most, stats.catalogue_bytes);
	if (health.reader_lag > atomic_load(&stage->lag_most))
		atomic_store(&stage->lag_most, health.reader_lag);
	bc_close(cache);
}

static void
write_all(struct stage *stage)
{
	assert_int_equal(test_child_run(writer, stage), 0);
	stage->version += COMMITS;
}

static void
one_reader(struct stage *stage)
{
	struct bc_health health;
	struct bc_error err;
	int status;

	stage->reader = test_child_start(reader, stage);
	assert_int_equal(waitpid(stage->reader, &status, WUNTRACED),
	                 stage->reader);
	assert_true(WIFSTOPPED(status));
	write_all(stage);
	assert_int_equal(test_child_run(auditor, stage), 0);
	kill(stage->reader, SIGCONT);
	assert_int_equal(test_child_wait(stage->reader), 0);
	assert_status(bc_health(stage->dir.cache, 0, &health, &err), BC_OK,
	              &err);
	assert_int_equal(health.pinned_unlinked_bytes, 0);
	lab_trials(1);
}

static void
a_stopped_reader_is_seen_and_costs_what_it_holds(void **state)
{
	struct stage *stage = test_shared(sizeof(*stage));
	uint64_t readers = lab_part(READERS, READERS);

	(void)state;
	test_dir_make_fast(&stage->dir);
	write_all(stage);
	for (uint64_t i = 0; i < readers && lab_in_time(); i++) {
		stage->stop_at = i % 2 == 0 ? 0 : 1 + lab_next() % 16;
		one_reader(stage);
	}
	lab_note("catalogue at most %" PRIu64 " KiB, a reader at most %" PRIu64
	         " commits behind",
	         atomic_load(&stage->catalogue_most) >> 10,
	         atomic_load(&stage->lag_most));
	test_dir_remove(&stage->dir);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_stopped_reader_is_seen_and_costs_what_it_holds),
	};

	return LAB_MAIN(argc, argv, "stopped", tests);
}

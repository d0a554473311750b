/* SPDX-License-Identifier: MIT */
/*
 * test_namespace.c - processes with equal numbers, as in containers.
 *
 * The main process of every container is its pid 1, and LMDB tells readers
 * apart by pid.  Two of them on one cache are the ordinary case.
 */
#include "support.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/oracle.h"

#define STEPS 300
#define CONTAINERS 3

struct shared {
	struct oracle_progress progress;
	_Atomic unsigned ready;
	_Atomic bool done;
	_Atomic uint64_t reads;
	_Atomic unsigned guarded;
};

static struct test_dir dir;
static struct shared *shared;
static struct oracle oracle;

static int
setup(void **state)
{
	struct bc_cache *cache;

	(void)state;
	test_dir_make(&dir);
	shared = test_shared(sizeof(*shared));
	memset(&oracle, 0, sizeof(oracle));
	oracle.path = dir.cache;
	oracle.name = "oracle";
	oracle.seed = 77;
	oracle.progress = &shared->progress;
	cache = test_open(dir.cache, BC_OPEN_CREATE);
	bc_close(cache);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	test_dir_remove(&dir);
	return 0;
}

/* Run 'function' as pid 1 of a namespace; its exit code is ours. */
static void
as_first_process(test_child *function)
{
	int status;
	pid_t child;

	test_unshare(CLONE_NEWPID);
	child = fork();
	require(child >= 0);
	if (child == 0) {
		require(getpid() == 1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		function(NULL);
		_exit(0);
	}
	require(waitpid(child, &status, 0) == child);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : TEST_CHILD_FAILED);
}

/* Nobody begins before all have read once, and so hold their slots. */
static struct bc_cache *
open_together(void)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	unsigned waited;

	require(oracle_read(&oracle, cache, 0) == ORACLE_RIGHT);
	atomic_fetch_add(&shared->ready, 1);
	for (waited = 0; atomic_load(&shared->ready) < CONTAINERS; waited++) {
		require(waited < 20000);
		test_sleep_ms(1);
	}
	return cache;
}

static void
note_guarded(struct bc_cache *cache)
{
	struct bc_stats stats;
	struct bc_error err;

	assert_status(bc_stats(cache, &stats, &err), BC_OK, &err);
	atomic_fetch_add(&shared->guarded, stats.guarded);
}

static void
first_process_writes(void *unused)
{
	struct bc_cache *cache = open_together();
	struct bc_error err;
	unsigned i;

	(void)unused;
	for (i = 0; i < STEPS; i++) {
		assert_status(oracle_step(&oracle, cache, &err), BC_OK, &err);
		require(oracle_read(&oracle, cache, i % ORACLE_KEYS) ==
		        ORACLE_RIGHT);
	}
	atomic_store(&shared->done, true);
	note_guarded(cache);
	bc_close(cache);
}

static void
first_process_reads(void *unused)
{
	struct bc_cache *cache = open_together();
	unsigned i;

	(void)unused;
	for (i = 0; !atomic_load(&shared->done); i++) {
		require(oracle_read(&oracle, cache, i % ORACLE_KEYS) ==
		        ORACLE_RIGHT);
		atomic_fetch_add(&shared->reads, 1);
	}
	note_guarded(cache);
	bc_close(cache);
}

static void
container_writes(void *unused)
{
	(void)unused;
	as_first_process(first_process_writes);
}

static void
container_reads(void *unused)
{
	(void)unused;
	as_first_process(first_process_reads);
}

static void
h6_equal_pids_in_three_namespaces_read_and_write_at_once(void **state)
{
	pid_t containers[CONTAINERS];
	int codes[CONTAINERS];
	unsigned i;

	(void)state;
	for (i = 0; i < CONTAINERS; i++)
		containers[i] = test_child_start(i == 0 ? container_writes
		                                        : container_reads,
		                                 NULL);
	for (i = 0; i < CONTAINERS; i++)
		codes[i] = test_child_wait(containers[i]);
	if (codes[0] == TEST_CHILD_SKIPPED)
		test_skip("may not make a PID namespace");
	for (i = 0; i < CONTAINERS; i++)
		assert_int_equal(codes[i], 0);
	assert_true(atomic_load(&shared->reads) > 0);
	/* One has LMDB's slot of pid 1, the others read without. */
	assert_int_equal(atomic_load(&shared->guarded), CONTAINERS - 1);
	assert_int_equal(oracle_check_in_child(&oracle), ORACLE_RIGHT);
}

/* A writer that dies in another namespace: its lock is free all the same. */
static void
first_process_dies_writing(void *unused)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_error err;

	(void)unused;
	assert_status(oracle_step(&oracle, cache, &err), BC_OK, &err);
	_exit(0); /* Without closing: as good as killed. */
}

static void
container_dies(void *unused)
{
	(void)unused;
	as_first_process(first_process_dies_writing);
}

static void
h6_dead_first_processes_leave_no_slot_behind(void **state)
{
	struct bc_cache *cache;
	struct bc_error err;
	unsigned i;
	int code;

	(void)state;
	for (i = 0; i < 10; i++) {
		code = test_child_run(container_dies, NULL);
		if (code == TEST_CHILD_SKIPPED)
			test_skip("may not make a PID namespace");
		assert_int_equal(code, 0);
	}
	assert_int_equal(atomic_load(&shared->progress.acked), 10);
	cache = test_open(dir.cache, 0);
	assert_status(oracle_step(&oracle, cache, &err), BC_OK, &err);
	bc_close(cache);
	assert_int_equal(oracle_check_in_child(&oracle), ORACLE_RIGHT);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(h6_equal_pids_in_three_namespaces_read_and_write_at_once),
		TEST(h6_dead_first_processes_leave_no_slot_behind),
	};

	return cmocka_run_group_tests_name("namespace", tests, NULL, NULL);
}

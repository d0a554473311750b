/* SPDX-License-Identifier: MIT */
/*
 * test_busy.c - the writer lock: a holder that hangs, a holder that died, and
 * several handles in one process.
 */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/shim.h"

#define SEED 13

static struct test_dir dir;
static _Atomic unsigned takeovers;

static int
setup(void **state)
{
	(void)state;
	test_dir_make(&dir);
	bc_close(test_create(dir.cache, 0, SEED));
	atomic_store(&takeovers, 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fault_disarm();
	test_dir_remove(&dir);
	return 0;
}

static void
count_takeovers(void *context, enum bc_event event, const char *text)
{
	(void)context, (void)text;
	if (event == BC_EVENT_TAKEOVER)
		atomic_fetch_add(&takeovers, 1);
}

static struct bc_cache *
open_patient_for(uint32_t ms)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	options.lock_timeout_ms = ms;
	options.log = count_takeovers;
	assert_status(bc_open(dir.cache, &options, &cache, &err), BC_OK, &err);
	return cache;
}

/* Stops, or dies, where it writes the catalogue: with every lock in hand. */
static void
writer_that_does_not_finish(void *argument)
{
	struct fault_plan plan = { .calls = FAULT_WRITE, .at = 1,
		                   .path = "meta.mdb" };
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_error err;

	plan.mode = *(enum fault_mode *)argument;
	fault_arm(&plan);
	assert_status(test_put_rows(cache, "a", 2, SEED, 300, &err), BC_OK,
	              &err);
	bc_close(cache);
}

static void
h14_a_stopped_writer_makes_others_busy_and_is_named(void **state)
{
	enum fault_mode mode = FAULT_STOP;
	struct bc_cache *cache = NULL;
	struct bc_error err;
	char pid[32];
	pid_t child;
	int status;

	(void)state;
	child = test_child_start(writer_that_does_not_finish, &mode);
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
	cache = open_patient_for(150);
	assert_status(test_put_rows(cache, "b", 1, SEED, 300, &err), BC_BUSY,
	              &err);
	snprintf(pid, sizeof(pid), "%d", (int)child);
	assert_non_null(strstr(err.message, pid));
	assert_status(bc_remove(cache, "a", &err), BC_BUSY, &err);
	/* A reader does not wait. */
	assert_int_equal(test_get(cache, "a", SEED), 1);
	kill(child, SIGCONT);
	assert_int_equal(test_child_wait(child), 0);
	assert_int_equal(test_get(cache, "a", SEED), 2);
	assert_status(test_put_rows(cache, "b", 1, SEED, 300, &err), BC_OK,
	              &err);
	bc_close(cache);
}

static void
a_dead_holder_is_taken_over_from_at_once(void **state)
{
	enum fault_mode mode = FAULT_KILL;
	struct bc_cache *cache = open_patient_for(1000);
	struct bc_error err;

	(void)state;
	assert_int_equal(test_child_run(writer_that_does_not_finish, &mode),
	                 TEST_CHILD_SIGNAL + SIGKILL);
	assert_status(test_put_rows(cache, "a", 3, SEED, 300, &err), BC_OK,
	              &err);
	assert_int_equal(test_get(cache, "a", SEED), 3);
	assert_int_equal(atomic_load(&takeovers), 1);
	bc_close(cache);
}

/* ------------------------------------------------------------------------ */
/*  Several handles                                                         */
/* ------------------------------------------------------------------------ */

/* Opens the cache alone, as far as it can see, and overwrites a good deal. */
static void
writer_from_outside(void *unused)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_error err;
	unsigned i;

	(void)unused;
	for (i = 0; i < 100; i++)
		assert_status(test_put_rows(cache, "b", i + 1, SEED, 20, &err),
		              BC_OK, &err);
	bc_close(cache);
}

static void
h7_closing_one_of_two_handles_leaves_the_other_its_locks(void **state)
{
	struct bc_cache *one, *two;
	struct bc_stats stats;
	struct bc_error err;
	unsigned i;

	(void)state;
	one = test_open(dir.cache, 0);
	two = test_open(dir.cache, 0);
	assert_int_equal(test_get(one, "a", SEED), 1);
	assert_int_equal(test_get(two, "a", SEED), 1);
	for (i = 0; i < 5; i++) {
		bc_close(one);
		assert_int_equal(test_child_run(writer_from_outside, NULL), 0);
		assert_int_equal(test_get(two, "b", SEED), 100);
		assert_int_equal(test_get(two, "a", SEED), 1);
		assert_status(bc_stats(two, &stats, &err), BC_OK, &err);
		assert_int_equal(stats.processes, 1);
		one = two;
		two = test_open(dir.cache, 0);
	}
	bc_close(one);
	assert_status(test_put_rows(two, "a", 2, SEED, 300, &err), BC_OK,
	              &err);
	assert_int_equal(test_get(two, "a", SEED), 2);
	bc_close(two);
}

/*
 * A backup tool in the same process opens and closes every file, and so drops
 * the POSIX locks that LMDB holds; the next opener may begin the reader table
 * anew.  What is read must be right all the same.
 */
static void
open_and_close(void *context, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	(void)context;
	if (fd >= 0)
		close(fd);
}

static void
h7_a_stray_close_of_every_file_makes_no_read_wrong(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_view view;
	struct bc_error err;
	unsigned i;

	(void)state;
	assert_status(bc_get(cache, "a", &view), BC_OK, NULL);
	for (i = 0; i < 5; i++) {
		test_walk(dir.cache, open_and_close, NULL);
		assert_int_equal(test_child_run(writer_from_outside, NULL), 0);
		assert_int_equal(test_get(cache, "b", SEED), 100);
		assert_int_equal(test_get(cache, "a", SEED), 1);
		assert_status(test_put_rows(cache, "c", i + 1, SEED, 300,
		                            &err), BC_OK, &err);
		assert_int_equal(test_get(cache, "c", SEED), i + 1);
	}
	assert_int_equal(test_view_version(&view, "a", SEED), 1);
	bc_view_release(&view);
	bc_close(cache);
}

static void
two_handles_in_one_process_see_each_others_puts(void **state)
{
	struct bc_cache *one = test_open(dir.cache, 0);
	struct bc_cache *two = test_open(dir.cache, BC_OPEN_READONLY);
	struct bc_error err;

	(void)state;
	assert_status(test_put_rows(one, "a", 5, SEED, 300, &err), BC_OK,
	              &err);
	assert_int_equal(test_get(two, "a", SEED), 5);
	assert_status(test_put_rows(two, "a", 6, SEED, 300, &err), BC_READONLY,
	              &err);
	assert_status(bc_remove(two, "a", &err), BC_READONLY, &err);
	assert_int_equal(test_get(one, "a", SEED), 5);
	bc_close(two);
	bc_close(one);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(h14_a_stopped_writer_makes_others_busy_and_is_named),
		TEST(a_dead_holder_is_taken_over_from_at_once),
		TEST(h7_closing_one_of_two_handles_leaves_the_other_its_locks),
		TEST(h7_a_stray_close_of_every_file_makes_no_read_wrong),
		TEST(two_handles_in_one_process_see_each_others_puts),
	};

	return cmocka_run_group_tests_name("busy", tests, NULL, NULL);
}

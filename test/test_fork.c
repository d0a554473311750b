/* SPDX-License-Identifier: MIT */
/*
 * test_fork.c - children go on with the handles of their parent.
 *
 * LMDB does not allow that: a child that used its parent's environment would
 * take over the parent's slot in the reader table or write under its name.  So
 * what is checked here is both sides: the child works, and the parent is none
 * the worse for it, however the child ends.
 */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/lab.h"

#define SEED 11
#define FORKS 200

static struct test_dir dir;
static struct bc_cache *cache;
static _Atomic unsigned reopens;

static void
count_reopens(void *context, enum bc_event event, const char *text)
{
	(void)context, (void)text;
	if (event == BC_EVENT_REOPEN)
		atomic_fetch_add(&reopens, 1);
}

static void
put(const char *key, uint64_t version)
{
	struct bc_error err;

	assert_status(test_put_rows(cache, key, version, SEED, 500, &err),
	              BC_OK, &err);
}

static uint64_t
get(const char *key)
{
	return test_get(cache, key, SEED);
}

static int
setup(void **state)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_error err;

	(void)state;
	test_dir_make(&dir);
	options.flags = BC_OPEN_CREATE;
	options.log = count_reopens;
	assert_status(bc_open(dir.cache, &options, &cache, &err), BC_OK, &err);
	atomic_store(&reopens, 0);
	put("a", 1);
	put("b", 1);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bc_close(cache);
	test_dir_remove(&dir);
	return 0;
}

/* Everything that a parent may have open when it forks. */
struct opened {
	struct bc_view view;
	struct bc_bound *bound;
	struct bc_snapshot *snapshot;
};

static void
open_everything(struct opened *opened)
{
	static const char *const keys[] = { "a", "b" };
	struct bc_error err;
	struct bc_view view;

	assert_status(bc_get(cache, "a", &opened->view), BC_OK, NULL);
	assert_status(bc_bind(cache, "b", &opened->bound), BC_OK, NULL);
	assert_status(bc_bound_get(opened->bound, &view), BC_OK, NULL);
	bc_view_release(&view);
	assert_status(bc_snapshot_open(cache, keys, 2, &opened->snapshot, &err),
	              BC_OK, &err);
}

static void
close_everything(struct opened *opened)
{
	bc_view_release(&opened->view);
	bc_snapshot_close(opened->snapshot);
	bc_unbind(opened->bound);
}

static uint64_t
snapshot_version(const struct opened *opened, size_t index, const char *key)
{
	struct bc_view view;
	uint64_t version;

	assert_status(bc_snapshot_get(opened->snapshot, index, &view), BC_OK,
	              NULL);
	version = test_view_version(&view, key, SEED);
	bc_view_release(&view);
	return version;
}

static uint64_t
bound_version(const struct opened *opened)
{
	struct bc_view view;
	uint64_t version;

	assert_status(bc_bound_get(opened->bound, &view), BC_OK, NULL);
	version = test_view_version(&view, "b", SEED);
	bc_view_release(&view);
	return version;
}

static void
child_uses_everything(void *argument)
{
	struct opened *opened = argument;

	require(test_view_version(&opened->view, "a", SEED) == 1);
	require(bound_version(opened) == 1);
	require(snapshot_version(opened, 0, "a") == 1);
	require(get("b") == 1);
	put("b", 2);
	require(bound_version(opened) == 2);
	require(snapshot_version(opened, 1, "b") == 1);
	require(test_view_version(&opened->view, "a", SEED) == 1);
	require(atomic_load(&reopens) == 1);
	close_everything(opened);
	bc_close(cache);
}

static void
h13_a_child_goes_on_with_all_it_inherits(void **state)
{
	struct opened opened;

	(void)state;
	open_everything(&opened);
	assert_int_equal(test_child_run(child_uses_everything, &opened), 0);
	assert_int_equal(bound_version(&opened), 2);
	assert_int_equal(snapshot_version(&opened, 1, "b"), 1);
	assert_int_equal(test_view_version(&opened.view, "a", SEED), 1);
	put("b", 3);
	assert_int_equal(bound_version(&opened), 3);
	assert_int_equal(atomic_load(&reopens), 0);
	close_everything(&opened);
}

/* Children that end in every way, having read, written, or done nothing. */
static void
child_of_number(void *argument)
{
	unsigned number = *(unsigned *)argument;

	if (number % 3 != 0)
		require(get("a") == 1);
	if (number % 3 == 1)
		put("b", number + 1);
	switch (number % 4) {
	case 0:
		fclose(stdout); /* Of the parent's, nothing may be flushed. */
		exit(0);
	case 1:
		bc_close(cache);
		_exit(0);
	case 2:
		kill(getpid(), SIGKILL);
		break;
	default:
		_exit(0);
	}
}

static void
h13_two_hundred_forks_cost_the_parent_nothing(void **state)
{
	struct bc_stats before, after;
	struct opened opened;
	struct bc_error err;
	unsigned number;
	int code;

	(void)state;
	open_everything(&opened);
	assert_status(bc_stats(cache, &before, &err), BC_OK, &err);
	for (number = 0; number < FORKS; number++) {
		code = test_child_run(child_of_number, &number);
		assert_int_equal(code, number % 4 == 2 ? TEST_CHILD_SIGNAL +
		                                                 SIGKILL
		                                       : 0);
		lab_trials(1);
		if (number % 3 == 1)
			assert_int_equal(get("b"), number + 1);
		assert_int_equal(get("a"), 1);
		if (number % 10 == 0)
			put("c", number + 1);
	}
	assert_int_equal(snapshot_version(&opened, 1, "b"), 1);
	assert_int_equal(test_view_version(&opened.view, "a", SEED), 1);
	assert_status(bc_stats(cache, &after, &err), BC_OK, &err);
	assert_int_equal(after.processes, before.processes);
	close_everything(&opened);
}

static void
grandchild(void *argument)
{
	(void)argument;
	require(get("a") == 1);
	put("b", 3);
}

static void
child_that_forks(void *argument)
{
	(void)argument;
	put("b", 2);
	require(test_child_run(grandchild, NULL) == 0);
	require(get("b") == 3);
}

static void
h13_a_grandchild_works_too(void **state)
{
	(void)state;
	assert_int_equal(test_child_run(child_that_forks, NULL), 0);
	assert_int_equal(get("b"), 3);
}

/* Beside children that come and go, the parent's slot keeps its pages. */
static void
h7_a_child_that_closes_leaves_the_locks_of_its_parent(void **state)
{
	struct opened opened;
	unsigned number, i;

	(void)state;
	open_everything(&opened);
	for (i = 0; i < 20; i++) {
		number = 1; /* Reads, writes, closes. */
		assert_int_equal(test_child_run(child_of_number, &number), 0);
		put("c", i + 1);
		assert_int_equal(get("c"), i + 1);
		assert_int_equal(test_view_version(&opened.view, "a", SEED), 1);
	}
	close_everything(&opened);
}

/* LMDB 0.9 itself does not close its data file on exec. */
static void
an_executed_program_inherits_no_descriptor(void **state)
{
	char command[TEST_PATH + 64];
	struct opened opened;

	(void)state;
	open_everything(&opened);
	put("a", 2); /* The arena is open for appending now. */
	snprintf(command, sizeof(command), "ls -l /proc/self/fd | grep -q '%s'",
	         dir.path);
	assert_int_equal(WEXITSTATUS(system(command)), 1); /* Not found. */
	assert_int_equal(get("a"), 2);
	close_everything(&opened);
}

/* ------------------------------------------------------------------------ */
/*  Forking while other threads are inside the library                      */
/* ------------------------------------------------------------------------ */

static _Atomic bool stop;

static void *
thread_that_puts(void *unused)
{
	struct bc_error err;
	uint64_t version = 0;

	(void)unused;
	while (!atomic_load(&stop))
		assert_status(test_put_rows(cache, "thread", ++version, SEED,
		                            400, &err), BC_OK, &err);
	return NULL;
}

static void *
thread_that_gets(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop))
		require(get("a") == 1);
	return NULL;
}

static void
child_beside_threads(void *argument)
{
	(void)argument;
	require(get("a") == 1);
	put("child", 1);
	require(get("child") == 1);
	bc_close(cache);
}

static void
h13_a_fork_amid_busy_threads_gives_a_child_that_works(void **state)
{
	pthread_t threads[2];
	unsigned i;
	int child = 0;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	/* gcc 12's ASan does not hold the locks of its malloc across fork():
	 * the child waits for ever for one that a thread had. */
	print_message("skipped: this sanitizer's malloc cannot fork amid "
	              "threads\n");
	skip();
#endif
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&threads[0], NULL, thread_that_puts,
	                                NULL), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, thread_that_gets,
	                                NULL), 0);
	for (i = 0; i < 50 && child == 0; i++)
		child = test_child_run(child_beside_threads, NULL);
	/* A failure must not close the cache under the threads. */
	atomic_store(&stop, true);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	assert_int_equal(child, 0);
	assert_int_equal(get("child"), 1);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(h13_a_child_goes_on_with_all_it_inherits),
		TEST(h13_two_hundred_forks_cost_the_parent_nothing),
		TEST(h13_a_grandchild_works_too),
		TEST(h7_a_child_that_closes_leaves_the_locks_of_its_parent),
		TEST(an_executed_program_inherits_no_descriptor),
		TEST(h13_a_fork_amid_busy_threads_gives_a_child_that_works),
	};

	return LAB_MAIN(argc, argv, "fork", tests);
}

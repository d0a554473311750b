/* SPDX-License-Identifier: MIT */
/*
 * test_lock.c - byte locks of open file descriptions, and the gate.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "clock.h"
#include "lock.h"

static struct test_dir dir;
static char path[TEST_PATH];
static int first, second; /* two descriptions of one file */

static int
setup(void **state)
{
	(void)state;
	test_dir_make_fast(&dir);
	test_path(path, dir.path, "lock");
	first = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	second = open(path, O_RDWR | O_CLOEXEC);
	assert_true(first >= 0 && second >= 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(first);
	close(second);
	test_dir_remove(&dir);
	return 0;
}

static void
a_bad_descriptor_is_an_errno(void **state)
{
	int read_only = open(path, O_RDONLY);

	(void)state;
	assert_int_equal(bci_lock_try(-1, 0, BCI_LOCK_SHARED), EBADF);
	assert_int_equal(bci_lock_gated(-1, 0, BCI_LOCK_EXCLUSIVE,
	                                bci_clock_monotonic_ns()),
	                 EBADF);
	assert_false(bci_lock_is_held(-1, 0));
	assert_true(read_only >= 0);
	assert_int_equal(bci_lock_try(read_only, 0, BCI_LOCK_EXCLUSIVE), EBADF);
	close(read_only);
}

static void
two_descriptions_exclude_each_other_even_in_one_process(void **state)
{
	(void)state;
	assert_int_equal(bci_lock_try(first, 7, BCI_LOCK_EXCLUSIVE), 0);
	assert_int_equal(bci_lock_try(second, 7, BCI_LOCK_EXCLUSIVE), EAGAIN);
	assert_int_equal(bci_lock_try(second, 7, BCI_LOCK_SHARED), EAGAIN);
	assert_int_equal(bci_lock_try(first, 7, BCI_LOCK_EXCLUSIVE), 0);
	/* The bytes beside it are others. */
	assert_int_equal(bci_lock_try(second, 6, BCI_LOCK_EXCLUSIVE), 0);
	assert_int_equal(bci_lock_try(second, 8, BCI_LOCK_EXCLUSIVE), 0);
	bci_lock_release(first, 7);
	assert_int_equal(bci_lock_try(second, 7, BCI_LOCK_EXCLUSIVE), 0);
}

static void
shared_locks_go_together_and_keep_writers_out(void **state)
{
	(void)state;
	assert_int_equal(bci_lock_try(first, 0, BCI_LOCK_SHARED), 0);
	assert_int_equal(bci_lock_try(second, 0, BCI_LOCK_SHARED), 0);
	assert_int_equal(bci_lock_try(first, 0, BCI_LOCK_EXCLUSIVE), EAGAIN);
	bci_lock_release(second, 0);
	assert_int_equal(bci_lock_try(first, 0, BCI_LOCK_EXCLUSIVE), 0);
}

static void
closing_another_description_drops_nothing(void **state)
{
	int third = open(path, O_RDWR), copy;

	(void)state;
	assert_true(third >= 0);
	assert_int_equal(bci_lock_try(first, 3, BCI_LOCK_EXCLUSIVE), 0);
	close(third); /* Would drop a lock of POSIX. */
	assert_int_equal(bci_lock_try(second, 3, BCI_LOCK_EXCLUSIVE), EAGAIN);
	copy = dup(first);
	close(copy);
	assert_int_equal(bci_lock_try(second, 3, BCI_LOCK_EXCLUSIVE), EAGAIN);
}

static void
whether_a_lock_is_held_is_seen_by_others_only(void **state)
{
	(void)state;
	assert_false(bci_lock_is_held(second, 5));
	assert_int_equal(bci_lock_try(first, 5, BCI_LOCK_EXCLUSIVE), 0);
	assert_true(bci_lock_is_held(second, 5));
	assert_false(bci_lock_is_held(first, 5));
	assert_false(bci_lock_is_held(second, 4));
	bci_lock_release(first, 5);
	assert_false(bci_lock_is_held(second, 5));
}

static void
lock_and_die(void *unused)
{
	int fd = open(path, O_RDWR);

	(void)unused;
	require(fd >= 0);
	require(bci_lock_try(fd, 9, BCI_LOCK_EXCLUSIVE) == 0);
	require(bci_lock_is_held(first, 9));
}

static void
the_lock_of_the_dead_is_free(void **state)
{
	(void)state;
	assert_int_equal(test_child_run(lock_and_die, NULL), 0);
	assert_int_equal(bci_lock_try(first, 9, BCI_LOCK_EXCLUSIVE), 0);
}

static void
a_deadline_that_passes_gives_the_gate_back(void **state)
{
	(void)state;
	assert_int_equal(bci_lock_try(first, 0, BCI_LOCK_EXCLUSIVE), 0);
	assert_int_equal(bci_lock_gated(second, 0, BCI_LOCK_EXCLUSIVE,
	                                bci_clock_monotonic_ns() + 3000000),
	                 EAGAIN);
	assert_int_equal(bci_lock_gated(second, 0, BCI_LOCK_EXCLUSIVE, 0),
	                 EAGAIN);
	/* The gate is byte 1: nobody has it now. */
	assert_false(bci_lock_is_held(first, 1));
	bci_lock_release(first, 0);
	assert_int_equal(bci_lock_gated(second, 0, BCI_LOCK_EXCLUSIVE, 0), 0);
	assert_false(bci_lock_is_held(first, 1));
	assert_true(bci_lock_is_held(first, 0));
}

static void
whoever_has_the_gate_is_next(void **state)
{
	(void)state;
	assert_int_equal(bci_lock_try(first, 1, BCI_LOCK_EXCLUSIVE), 0);
	/* The lock itself is free, but it is not our turn. */
	assert_int_equal(bci_lock_gated(second, 0, BCI_LOCK_EXCLUSIVE, 0),
	                 EAGAIN);
	assert_int_equal(bci_lock_gated(second, 0, BCI_LOCK_SHARED, 0), EAGAIN);
	bci_lock_release(first, 1);
	assert_int_equal(bci_lock_gated(second, 0, BCI_LOCK_SHARED, 0), 0);
}

static _Atomic bool got_it;

static void *
wait_for_turn(void *unused)
{
	int64_t deadline = bci_clock_monotonic_ns() + 60 * BCI_SECOND_NS;

	(void)unused;
	if (bci_lock_gated(second, 0, BCI_LOCK_EXCLUSIVE, deadline) == 0)
		got_it = true;
	return NULL;
}

static void
a_waiter_gets_in_beside_one_who_locks_again_at_once(void **state)
{
	int64_t deadline = bci_clock_monotonic_ns() + 60 * BCI_SECOND_NS;
	pthread_t waiter;

	(void)state;
	got_it = false;
	assert_int_equal(bci_lock_gated(first, 0, BCI_LOCK_EXCLUSIVE, deadline),
	                 0);
	assert_int_equal(pthread_create(&waiter, NULL, wait_for_turn, NULL), 0);
	/* Hold it nearly all of the time until the other one has it. */
	while (!got_it && bci_clock_monotonic_ns() < deadline) {
		bci_clock_sleep_ns(200000);
		bci_lock_release(first, 0);
		if (bci_lock_gated(first, 0, BCI_LOCK_EXCLUSIVE,
		                   bci_clock_monotonic_ns()) != 0)
			bci_clock_sleep_ns(1000000);
	}
	assert_int_equal(pthread_join(waiter, NULL), 0);
	assert_true(got_it);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_bad_descriptor_is_an_errno),
		TEST(two_descriptions_exclude_each_other_even_in_one_process),
		TEST(shared_locks_go_together_and_keep_writers_out),
		TEST(closing_another_description_drops_nothing),
		TEST(whether_a_lock_is_held_is_seen_by_others_only),
		TEST(the_lock_of_the_dead_is_free),
		TEST(a_deadline_that_passes_gives_the_gate_back),
		TEST(whoever_has_the_gate_is_next),
		TEST(a_waiter_gets_in_beside_one_who_locks_again_at_once),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_lease.c - who may fetch a key: one of all, until it says so or dies.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache.h"
#include "lease.h"

static struct bci_env *
environment(void)
{
	return atomic_load(&fixture.cache->env);
}

static void
open_lease(struct bci_lease *lease, const char *key)
{
	struct bc_error err;

	assert_status(
		bci_lease_open(lease, environment(), key, strlen(key), &err),
		BC_OK, &err);
}

static enum bc_status
try_lease(struct bci_lease *lease)
{
	return bci_lease_try(lease, NULL);
}

static void
one_at_a_time_has_the_lease_of_a_key(void **state)
{
	struct bci_lease first, second, other;

	(void)state;
	open_lease(&first, "a");
	open_lease(&second, "a");
	open_lease(&other, "b");
	assert_status(try_lease(&first), BC_OK, NULL);
	assert_status(try_lease(&first), BC_OK, NULL);
	assert_status(try_lease(&second), BC_BUSY, NULL);
	assert_status(try_lease(&other), BC_OK, NULL);
	bci_lease_close(&first);
	assert_status(try_lease(&second), BC_OK, NULL);
	bci_lease_close(&second);
	bci_lease_close(&other);
	bci_lease_close(&other); /* It is closed. */
}

static void
only_the_end_of_a_lease_is_told(void **state)
{
	struct bci_lease lease;
	unsigned ended = bci_lease_ended(environment());

	(void)state;
	open_lease(&lease, "a");
	bci_lease_close(&lease); /* It was never taken. */
	assert_int_equal(bci_lease_ended(environment()), ended);
	open_lease(&lease, "a");
	assert_status(try_lease(&lease), BC_OK, NULL);
	assert_int_equal(bci_lease_ended(environment()), ended);
	bci_lease_close(&lease);
	assert_int_equal(bci_lease_ended(environment()), ended + 1);
}

/* An hour of waiting, if any of these waited. */
static void
a_wait_for_what_has_happened_is_none(void **state)
{
	unsigned ended = bci_lease_ended(environment()), i;

	(void)state;
	for (i = 0; i < 36000; i++) {
		bci_lease_wait(environment(), ended - 1, INT64_MAX);
		bci_lease_wait(environment(), ended, 0);
		bci_lease_wait(environment(), ended, -1);
	}
	assert_int_equal(bci_lease_ended(environment()), ended);
}

static void *
wait_for_a(void *unused)
{
	struct bci_env *env = environment();
	struct bci_lease lease;
	unsigned ended;

	(void)unused;
	if (bci_lease_open(&lease, env, "a", 1, NULL) != BC_OK)
		return "open";
	for (;;) {
		ended = bci_lease_ended(env);
		if (try_lease(&lease) == BC_OK)
			break;
		bci_lease_wait(env, ended, INT64_MAX);
	}
	bci_lease_close(&lease);
	return NULL;
}

static void
waiters_get_it_one_after_the_other(void **state)
{
	struct bci_lease lease;
	pthread_t threads[8];
	unsigned ended, i;
	void *failed;

	(void)state;
	open_lease(&lease, "a");
	assert_status(try_lease(&lease), BC_OK, NULL);
	ended = bci_lease_ended(environment());
	for (i = 0; i < 8; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, wait_for_a, NULL), 0);
	bci_lease_close(&lease);
	for (i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(bci_lease_ended(environment()), ended + 9);
}

static void
without_a_ledger_waiters_look_at_the_lock(void **state)
{
	struct bci_lease lease;
	pthread_t thread;
	void *failed;

	(void)state;
	environment()->ledger.writable = false;
	open_lease(&lease, "a");
	assert_status(try_lease(&lease), BC_OK, NULL);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_a, NULL), 0);
	test_sleep_ms(5);
	bci_lease_close(&lease);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(bci_lease_ended(environment()), 0);
	environment()->ledger.writable = true;
}

/* ------------------------------------------------------------------------ */
/*  Processes                                                               */
/* ------------------------------------------------------------------------ */

static void
take_and_die(void *unused)
{
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	struct bci_lease lease;

	(void)unused;
	require(bci_lease_open(&lease, atomic_load(&cache->env), "a", 1,
	                       NULL) == BC_OK);
	require(try_lease(&lease) == BC_OK);
	raise(SIGKILL);
}

static void
death_frees_a_lease(void **state)
{
	struct bci_lease lease;

	(void)state;
	assert_int_equal(test_child_run(take_and_die, NULL),
	                 TEST_CHILD_SIGNAL + SIGKILL);
	open_lease(&lease, "a");
	assert_status(try_lease(&lease), BC_OK, NULL);
	bci_lease_close(&lease);
}

/* Dies while a child of its own lives on. */
static void
take_fork_and_die(void *argument)
{
	_Atomic pid_t *orphan = argument;
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	struct bci_lease lease;
	pid_t child;

	require(bci_lease_open(&lease, atomic_load(&cache->env), "a", 1,
	                       NULL) == BC_OK);
	require(try_lease(&lease) == BC_OK);
	child = fork();
	require(child >= 0);
	if (child == 0) {
		alarm(120);
		atomic_store(orphan, getpid());
		for (;;)
			pause();
	}
	while (atomic_load(orphan) == 0)
		test_sleep_ms(1);
	raise(SIGKILL);
}

static void
a_child_of_who_died_keeps_no_lease(void **state)
{
	_Atomic pid_t *orphan = test_shared(sizeof(*orphan));
	struct bci_lease lease;

	(void)state;
	assert_int_equal(test_child_run(take_fork_and_die, (void *)orphan),
	                 TEST_CHILD_SIGNAL + SIGKILL);
	assert_int_not_equal(atomic_load(orphan), 0);
	open_lease(&lease, "a");
	assert_status(try_lease(&lease), BC_OK, NULL);
	bci_lease_close(&lease);
	kill(atomic_load(orphan), SIGKILL);
}

static void
close_what_is_the_parents(void *argument)
{
	struct bci_lease *lease = argument;

	require(lease->fd == -1);
	bci_lease_close(lease);
}

static void
a_child_cannot_end_the_lease_of_its_parent(void **state)
{
	struct bci_lease lease, other;

	(void)state;
	open_lease(&lease, "a");
	assert_status(try_lease(&lease), BC_OK, NULL);
	assert_int_equal(test_child_run(close_what_is_the_parents, &lease), 0);
	open_lease(&other, "a");
	assert_status(try_lease(&other), BC_BUSY, NULL);
	bci_lease_close(&lease);
	assert_status(try_lease(&other), BC_OK, NULL);
	bci_lease_close(&other);
}

/* ------------------------------------------------------------------------ */
/*  Failures                                                                */
/* ------------------------------------------------------------------------ */

static void
a_link_in_its_place_is_refused(void **state)
{
	char path[TEST_PATH];
	struct bci_lease lease;
	struct bc_error err;

	(void)state;
	test_path(path, fixture.dir.cache, "lease.lock");
	assert_int_equal(symlink("meta.mdb", path), 0);
	assert_status(bci_lease_open(&lease, environment(), "a", 1, &err),
	              BC_UNSAFE, &err);
	assert_non_null(strstr(err.message, "lease.lock"));
	bci_lease_close(&lease);
}

static void
run_out_of_descriptors(void *unused)
{
	const struct rlimit none = { 3, 3 };
	struct bci_lease lease;
	struct bc_error err;

	(void)unused;
	require(setrlimit(RLIMIT_NOFILE, &none) == 0);
	assert_status(bci_lease_open(&lease, environment(), "a", 1, &err),
	              BC_IO, &err);
	require(err.os_errno == EMFILE);
	bci_lease_close(&lease);
}

static void
no_descriptor_is_an_error(void **state)
{
	struct bci_lease lease;

	(void)state;
	assert_int_equal(test_child_run(run_out_of_descriptors, NULL), 0);
	open_lease(&lease, "a"); /* Now the file is there. */
	bci_lease_close(&lease);
	assert_int_equal(test_child_run(run_out_of_descriptors, NULL), 0);
}

static void
a_lock_that_cannot_be_had_is_an_error(void **state)
{
	struct bci_lease lease;
	struct bc_error err;
	int fd;

	(void)state;
	open_lease(&lease, "a");
	fd = lease.fd;
	lease.fd = -2;
	assert_status(bci_lease_try(&lease, &err), BC_IO, &err);
	assert_int_equal(err.os_errno, EBADF);
	assert_false(lease.held);
	lease.fd = fd;
	bci_lease_close(&lease);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(one_at_a_time_has_the_lease_of_a_key),
		TEST(only_the_end_of_a_lease_is_told),
		TEST(a_wait_for_what_has_happened_is_none),
		TEST(waiters_get_it_one_after_the_other),
		TEST(without_a_ledger_waiters_look_at_the_lock),
		TEST(death_frees_a_lease),
		TEST(a_child_of_who_died_keeps_no_lease),
		TEST(a_child_cannot_end_the_lease_of_its_parent),
		TEST(a_link_in_its_place_is_refused),
		TEST(no_descriptor_is_an_error),
		TEST(a_lock_that_cannot_be_had_is_an_error),
	};

	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}

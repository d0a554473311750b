/* SPDX-License-Identifier: MIT */
/*
 * test_writer.c - turns at writing: deadlines, the holder that hangs or is
 * gone, threads that put at once.
 */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "lock.h"

/* A cache that does not wait long. */
static int
setup_hasty(void **state)
{
	struct bc_options options = unit_options();

	options.lock_timeout_ms = 100;
	if (unit_setup(state) != 0)
		return -1;
	unit_reopen(&options);
	return 0;
}

/* The writer lock, held as another process would hold it. */
static int
hold_writer_lock(void)
{
	char path[TEST_PATH];
	int fd = open(test_path(path, fixture.dir.cache, "writer.lock"),
	              O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(bci_lock_try(fd, BCI_LOCK_WRITER, BCI_LOCK_EXCLUSIVE),
	                 0);
	return fd;
}

static void
a_lock_that_is_not_to_be_had_is_busy(void **state)
{
	struct bc_config config;
	struct bc_error err;
	int fd;

	(void)state;
	unit_put("a", 1, 100);
	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	fd = hold_writer_lock();
	assert_status(test_put_rows(fixture.cache, "b", 1, UNIT_SEED, 10, &err),
	              BC_BUSY, &err);
	assert_non_null(strstr(err.message, "100 ms"));
	assert_status(bc_remove(fixture.cache, "a", &err), BC_BUSY, &err);
	assert_status(bc_sync(fixture.cache, &err), BC_BUSY, &err);
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_BUSY,
	              &err);
	expect_hit(fixture.cache, "a", 1); /* Readers never wait. */
	close(fd);
	unit_put("b", 2, 10);
	expect_hit(fixture.cache, "b", 2);
}

static void
a_mistake_is_told_without_the_lock(void **state)
{
	struct bc_error err;
	int fd = hold_writer_lock();

	(void)state;
	assert_status(bc_put_blob(fixture.cache, "", "x", 1, NULL, &err),
	              BC_KEY, &err);
	assert_status(bc_remove(fixture.cache, "", &err), BC_KEY, &err);
	close(fd);
}

static void
the_last_holder_is_named(void **state)
{
	uint64_t holder[4] = { 4242, 1, 1, 1 };
	struct bc_error err;
	int fd = hold_writer_lock();

	(void)state;
	assert_int_equal(pwrite(fd, holder, sizeof(holder), 64),
	                 sizeof(holder));
	assert_status(bc_remove(fixture.cache, "a", &err), BC_BUSY, &err);
	assert_non_null(strstr(err.message, "process 4242"));
	assert_int_equal(fixture.events[BC_EVENT_TAKEOVER], 0);
	/* It ends without giving the lock back. */
	close(fd);
	unit_put("a", 1, 10);
	assert_int_equal(fixture.events[BC_EVENT_TAKEOVER], 1);
	unit_put("a", 2, 10);
	assert_int_equal(fixture.events[BC_EVENT_TAKEOVER], 1);
}

static void
a_guarded_reader_that_hangs_blocks_no_lookup(void **state)
{
	char path[TEST_PATH];
	int fd;

	(void)state;
	unit_put("a", 1, 100);
	fd = open(test_path(path, fixture.dir.cache, "guard.lock"), O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(bci_lock_try(fd, BCI_LOCK_GUARD, BCI_LOCK_SHARED), 0);
	expect_hit(fixture.cache, "a", 1);
	close(fd);
	unit_put("a", 2, 100);
	expect_hit(fixture.cache, "a", 2);
}

/* ------------------------------------------------------------------------ */
/*  Threads                                                                 */
/* ------------------------------------------------------------------------ */

#define THREADS 4
#define OPERATIONS 10

static _Atomic unsigned failures;

static void *
put_and_get(void *argument)
{
	unsigned number = *(unsigned *)argument, i;
	struct bc_view view;
	char key[24];

	for (i = 0; i < OPERATIONS; i++) {
		snprintf(key, sizeof(key), "t%u/%u", number, i);
		if (test_put_rows(fixture.cache, key, i + 1, UNIT_SEED,
		                  i * 30 + 1, NULL) != BC_OK ||
		    bc_get(fixture.cache, key, &view) != BC_OK) {
			atomic_fetch_add(&failures, 1);
			continue;
		}
		if (test_view_version(&view, key, UNIT_SEED) != i + 1)
			atomic_fetch_add(&failures, 1);
		bc_view_release(&view);
	}
	return NULL;
}

static void
threads_put_and_get_at_once_and_all_succeed(void **state)
{
	unsigned numbers[THREADS], i;
	pthread_t threads[THREADS];

	(void)state;
	atomic_store(&failures, 0);
	for (i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, put_and_get,
		                                &numbers[i]),
		                 0);
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&failures), 0);
	assert_int_equal(unit_stats().entries, THREADS * OPERATIONS);
	assert_int_equal(unit_stats().total.puts, THREADS * OPERATIONS);
	assert_int_equal(unit_stats().total.hits[BC_WARM],
	                 THREADS * OPERATIONS);
}

#define TEST(function, setup)                                                  \
	cmocka_unit_test_setup_teardown(function, setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_lock_that_is_not_to_be_had_is_busy, setup_hasty),
		TEST(a_mistake_is_told_without_the_lock, unit_setup),
		TEST(the_last_holder_is_named, setup_hasty),
		TEST(a_guarded_reader_that_hangs_blocks_no_lookup, unit_setup),
		TEST(threads_put_and_get_at_once_and_all_succeed, unit_setup),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}

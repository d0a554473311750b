/* SPDX-License-Identifier: MIT */
/*
 * test_fetch_process.c - one fetch for all processes that want the same key,
 * whoever of them dies or hangs.
 */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEED 43
#define PROCESSES 4
#define THREADS 3
#define KEYS 30
#define ROWS 200
#define LONG_MS 600000 /* longer than a child may live */

static struct test_dir dir;
static struct bc_cache *cache; /* of the process at hand */

static struct shared {
	_Atomic unsigned ready; /* children that want to begin */
	_Atomic unsigned calls[KEYS];
	_Atomic unsigned entered, leave; /* of a fetch that hangs */
} *shared;

static int
setup(void **state)
{
	(void)state;
	test_dir_make_fast(&dir);
	cache = test_open(dir.cache, BC_OPEN_CREATE);
	shared = test_shared(sizeof(*shared));
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

static const char *
key_name(unsigned index, char text[4])
{
	text[0] = (char)('0' + index / 10);
	text[1] = (char)('0' + index % 10);
	text[2] = '\0';
	return text;
}

static enum bc_status
hand_over(struct bc_fetch *fetch, uint64_t version, struct bc_error *err)
{
	struct test_value value;
	enum bc_status status;

	test_value_frame(&value, fetch->key, version, SEED, ROWS);
	status = bc_fetch_put(fetch, &value.frame, NULL, err);
	test_value_free(&value);
	return status;
}

/* Fetches version 1, and is counted. */
static enum bc_status
fetch_counted(struct bc_fetch *fetch, struct bc_error *err)
{
	unsigned index = (unsigned)(fetch->key[0] - '0') * 10 +
	                 (unsigned)(fetch->key[1] - '0');

	atomic_fetch_add(&shared->calls[index], 1);
	test_sleep_ms(1);
	return hand_over(fetch, 1, err);
}

/* Fetches version 9 when it may leave. */
static enum bc_status
fetch_hanging(struct bc_fetch *fetch, struct bc_error *err)
{
	atomic_store(&shared->entered, 1);
	while (atomic_load(&shared->leave) == 0)
		test_sleep_ms(1);
	return hand_over(fetch, 9, err);
}

/* Get or fetch; the version that came. */
static uint64_t
want(const char *key, bc_fetch_function *function, uint32_t wait_ms,
     unsigned flags)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct bc_error err = { 0 };
	struct bc_view view;
	uint64_t version;

	options.function = function;
	options.wait_ms = wait_ms;
	options.flags = flags;
	assert_status(bc_get_or_fetch(cache, key, &options, &view, &err), BC_OK,
	              &err);
	version = test_view_version(&view, key, SEED);
	bc_view_release(&view);
	return version;
}

/* ------------------------------------------------------------------------ */
/*  All at once                                                             */
/* ------------------------------------------------------------------------ */

static void *
want_all(void *unused)
{
	char key[4];
	unsigned i;

	(void)unused;
	for (i = 0; i < KEYS; i++)
		require(want(key_name(i, key), fetch_counted, LONG_MS, 0) == 1);
	return NULL;
}

static void
child_wants_all(void *unused)
{
	pthread_t threads[THREADS];
	unsigned i;

	(void)unused;
	cache = test_open(dir.cache, 0);
	atomic_fetch_add(&shared->ready, 1);
	while (atomic_load(&shared->ready) < PROCESSES)
		test_sleep_ms(1);
	for (i = 0; i < THREADS; i++)
		require(pthread_create(&threads[i], NULL, want_all, NULL) == 0);
	for (i = 0; i < THREADS; i++)
		require(pthread_join(threads[i], NULL) == 0);
	bc_close(cache);
}

static void
threads_of_processes_make_one_fetch(void **state)
{
	pid_t children[PROCESSES];
	unsigned i;

	(void)state;
	for (i = 0; i < PROCESSES; i++)
		children[i] = test_child_start(child_wants_all, NULL);
	for (i = 0; i < PROCESSES; i++)
		assert_int_equal(test_child_wait(children[i]), 0);
	for (i = 0; i < KEYS; i++)
		assert_int_equal(shared->calls[i], 1);
}

/* ------------------------------------------------------------------------ */
/*  One that hangs                                                          */
/* ------------------------------------------------------------------------ */

struct wish {
	bc_fetch_function *function;
	uint32_t wait_ms;
	unsigned flags;
	uint64_t expected; /* version */
};

static void
child_wants(void *argument)
{
	const struct wish *wish = argument;

	cache = test_open(dir.cache, 0);
	require(want("00", wish->function, wish->wait_ms, wish->flags) ==
	        wish->expected);
	bc_close(cache);
}

/* Start a child that hangs in a fetch of "00". */
static pid_t
start_hanging(struct wish *wish)
{
	pid_t child;

	wish->function = fetch_hanging;
	child = test_child_start(child_wants, wish);
	while (atomic_load(&shared->entered) == 0)
		test_sleep_ms(1);
	return child;
}

static void
who_waits_takes_the_place_of_who_dies(void **state)
{
	struct wish first = { .wait_ms = LONG_MS };
	struct wish second = { fetch_counted, LONG_MS, 0, 1 };
	pid_t owner, waiters[3];
	unsigned i;

	(void)state;
	owner = start_hanging(&first);
	for (i = 0; i < 3; i++)
		waiters[i] = test_child_start(child_wants, &second);
	test_sleep_ms(20);
	assert_int_equal(shared->calls[0], 0);
	kill(owner, SIGKILL);
	assert_int_equal(test_child_wait(owner), TEST_CHILD_SIGNAL + SIGKILL);
	for (i = 0; i < 3; i++)
		assert_int_equal(test_child_wait(waiters[i]), 0);
	assert_int_equal(shared->calls[0], 1);
}

static void
who_comes_after_a_death_finds_nobody_in_the_way(void **state)
{
	struct wish first = { .wait_ms = LONG_MS };
	pid_t owner;

	(void)state;
	owner = start_hanging(&first);
	kill(owner, SIGKILL);
	assert_int_equal(test_child_wait(owner), TEST_CHILD_SIGNAL + SIGKILL);
	assert_int_equal(want("00", fetch_counted, LONG_MS, 0), 1);
}

static void
who_gives_up_waiting_fetches_and_the_late_one_is_dropped(void **state)
{
	struct wish first = { .wait_ms = 1, .expected = 1 };
	pid_t owner;

	(void)state;
	owner = start_hanging(&first);
	assert_int_equal(want("00", fetch_counted, 20, 0), 1);
	atomic_store(&shared->leave, 1);
	assert_int_equal(test_child_wait(owner), 0);
	assert_int_equal(want("00", fetch_counted, 20, 0), 1);
	assert_int_equal(shared->calls[0], 1);
}

static void
who_is_in_time_is_not_dropped(void **state)
{
	struct wish first = { .wait_ms = LONG_MS, .expected = 9 };
	pid_t owner;

	(void)state;
	owner = start_hanging(&first);
	assert_int_equal(want("00", fetch_counted, 20, 0), 1);
	atomic_store(&shared->leave, 1);
	assert_int_equal(test_child_wait(owner), 0);
	assert_int_equal(want("00", fetch_counted, 20, 0), 9);
}

static void
what_is_stale_is_served_meanwhile(void **state)
{
	struct wish first = { .wait_ms = LONG_MS, .expected = 9 };
	struct bc_put_options put = BC_PUT_OPTIONS_INIT;
	struct test_value value;
	struct bc_error err;
	pid_t owner;

	(void)state;
	put.ttl_ns = 1;
	test_value_frame(&value, "00", 5, SEED, ROWS);
	assert_status(bc_put(cache, "00", &value.frame, &put, NULL, &err),
	              BC_OK, &err);
	test_value_free(&value);
	while (bc_exists(cache, "00", NULL) == BC_OK)
		test_sleep_ms(1);
	owner = start_hanging(&first);
	assert_int_equal(want("00", fetch_counted, LONG_MS, BC_FETCH_STALE), 5);
	assert_int_equal(shared->calls[0], 0);
	atomic_store(&shared->leave, 1);
	assert_int_equal(test_child_wait(owner), 0);
	assert_int_equal(want("00", fetch_counted, LONG_MS, BC_FETCH_STALE), 9);
}

/* ------------------------------------------------------------------------ */
/*  Fork                                                                    */
/* ------------------------------------------------------------------------ */

static void
child_puts(void *argument)
{
	struct bc_fetch *fetch = argument;
	struct bc_error err;

	/* The lease is its parent's: it would have to wait for that. */
	assert_status(test_put_rows(cache, "beside", 3, SEED, ROWS, &err),
	              BC_OK, &err);
	require(want(fetch->key, fetch_counted, 1, 0) == 1);
}

static enum bc_status
fetch_forking(struct bc_fetch *fetch, struct bc_error *err)
{
	require(test_child_run(child_puts, fetch) == 0);
	return hand_over(fetch, 9, err);
}

static void
a_fetch_may_fork(void **state)
{
	struct bc_view view;

	(void)state;
	assert_int_equal(want("00", fetch_forking, LONG_MS, 0), 9);
	assert_int_equal(shared->calls[0], 1);
	assert_status(bc_get(cache, "beside", &view), BC_OK, NULL);
	assert_int_equal(test_view_version(&view, "beside", SEED), 3);
	bc_view_release(&view);
}

static enum bc_status
fetch_in_two(struct bc_fetch *fetch, struct bc_error *err)
{
	pid_t child = fork();
	int status;

	require(child >= 0);
	if (child == 0)
		return hand_over(fetch, 1, err); /* and goes on as a copy */
	require(waitpid(child, &status, 0) == child);
	require(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return hand_over(fetch, 9, err);
}

static void
child_fetches_in_two(void *unused)
{
	pid_t self = getpid();
	uint64_t version;

	(void)unused;
	version = want("00", fetch_in_two, LONG_MS, 0);
	require(version == (getpid() == self ? 9 : 1));
}

static void
a_fetch_may_return_in_a_child(void **state)
{
	(void)state;
	assert_int_equal(test_child_run(child_fetches_in_two, NULL), 0);
	assert_int_equal(want("00", fetch_counted, 1, 0), 9);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(threads_of_processes_make_one_fetch),
		TEST(who_waits_takes_the_place_of_who_dies),
		TEST(who_comes_after_a_death_finds_nobody_in_the_way),
		TEST(who_gives_up_waiting_fetches_and_the_late_one_is_dropped),
		TEST(who_is_in_time_is_not_dropped),
		TEST(what_is_stale_is_served_meanwhile),
		TEST(a_fetch_may_fork),
		TEST(a_fetch_may_return_in_a_child),
	};

	return cmocka_run_group_tests_name("fetch_process", tests, NULL, NULL);
}

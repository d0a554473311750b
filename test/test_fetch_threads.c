/* SPDX-License-Identifier: MIT */
/*
 * test_fetch_threads.c - one fetch for all threads that want the same key: who
 * waits, who gives up waiting, who takes what is stale, and bc_fetch_many().
 * Nothing here depends on who is faster.
 */
#include "unit.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define THREADS 8
#define KEYS 40
#define ROWS 50

/* The gates that a fetch goes through, as far as a test sets them up. */
struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	bool open;
	unsigned inside;
};

static struct source {
	_Atomic unsigned calls[KEYS];
	_Atomic unsigned inside[KEYS];
	_Atomic unsigned crowded; /* two asked for one key at once */
	unsigned failures;        /* calls of a key that fail, at first */
	struct gate gate;
	bool gated;
} source;

static _Atomic unsigned wrong; /* assertions of cmocka belong to one thread */

#define expect(condition)                                                      \
	((condition) ? (void)0 : not_expected(#condition, __LINE__))

static void
not_expected(const char *text, int line)
{
	fprintf(stderr, "%s:%d: %s is not so\n", __FILE__, line, text);
	atomic_fetch_add(&wrong, 1);
}

static int
setup(void **state)
{
	memset(&source, 0, sizeof(source));
	pthread_mutex_init(&source.gate.mutex, NULL);
	pthread_cond_init(&source.gate.moved, NULL);
	atomic_store(&wrong, 0);
	return unit_setup(state);
}

static const char *
key_name(unsigned index, char text[16])
{
	snprintf(text, 16, "key/%02u", index);
	return text;
}

static unsigned
key_index(const char *key)
{
	return (unsigned)(key[4] - '0') * 10 + (unsigned)(key[5] - '0');
}

static enum bc_status
hand_over(struct bc_fetch *fetch, uint64_t version, struct bc_error *err)
{
	struct test_value value;
	enum bc_status status;

	test_value_frame(&value, fetch->key, version, UNIT_SEED, ROWS);
	status = bc_fetch_put(fetch, &value.frame, NULL, err);
	test_value_free(&value);
	return status;
}

/* Fetches version 1, slowly. */
static enum bc_status
source_fetch(struct bc_fetch *fetch, struct bc_error *err)
{
	unsigned index = key_index(fetch->key);
	unsigned call = atomic_fetch_add(&source.calls[index], 1);
	enum bc_status status = BC_IO;

	if (atomic_fetch_add(&source.inside[index], 1) != 0)
		atomic_store(&source.crowded, 1);
	test_sleep_ms(1);
	if (call >= source.failures)
		status = hand_over(fetch, 1, err);
	atomic_fetch_sub(&source.inside[index], 1);
	return status;
}

static enum bc_status
get_or_fetch(const char *key, const struct bc_fetch_options *options,
             uint64_t *version)
{
	struct bc_view view;
	enum bc_status status =
		bc_get_or_fetch(fixture.cache, key, options, &view, NULL);

	*version =
		status == BC_OK ? test_view_version(&view, key, UNIT_SEED) : 0;
	bc_view_release(&view);
	return status;
}

/* ------------------------------------------------------------------------ */
/*  All at once                                                             */
/* ------------------------------------------------------------------------ */

/* All keys, each thread in an order of its own; returns how often it failed. */
static void *
want_all(void *argument)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	unsigned first = *(const unsigned *)argument / 2 * (KEYS / 8), i;
	uintptr_t failed = 0;
	uint64_t version;
	char key[16];

	options.function = source_fetch;
	for (i = 0; i < KEYS; i++) {
		enum bc_status status = get_or_fetch(
			key_name((first + i) % KEYS, key), &options, &version);

		expect(status == BC_OK ? version == 1 : status == BC_IO);
		failed += status != BC_OK;
	}
	return (void *)failed;
}

/* Let all threads want all keys; returns how many calls failed. */
static unsigned
run_threads(void)
{
	pthread_t threads[THREADS];
	unsigned numbers[THREADS], failed = 0, i;
	void *result;

	for (i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, want_all,
		                                &numbers[i]),
		                 0);
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		failed += (unsigned)(uintptr_t)result;
	}
	assert_int_equal(wrong, 0);
	return failed;
}

static void
all_who_want_a_key_make_one_fetch(void **state)
{
	unsigned i;

	(void)state;
	assert_int_equal(run_threads(), 0);
	for (i = 0; i < KEYS; i++)
		assert_int_equal(source.calls[i], 1);
	assert_int_equal(unit_stats().process.puts, KEYS);
	assert_int_equal(unit_stats().process.hits[BC_WARM], KEYS * THREADS);
}

static void
after_a_failure_one_after_the_other_tries(void **state)
{
	unsigned failed, i;

	(void)state;
	source.failures = 3;
	failed = run_threads();
	assert_int_equal(source.crowded, 0);
	assert_int_equal(failed, 3 * KEYS);
	for (i = 0; i < KEYS; i++)
		assert_int_equal(source.calls[i], 4);
}

/* ------------------------------------------------------------------------ */
/*  A fetch that hangs                                                      */
/* ------------------------------------------------------------------------ */

static void
gate_wait(struct gate *gate)
{
	pthread_mutex_lock(&gate->mutex);
	gate->inside++;
	pthread_cond_broadcast(&gate->moved);
	while (!gate->open)
		pthread_cond_wait(&gate->moved, &gate->mutex);
	pthread_mutex_unlock(&gate->mutex);
}

static void
gate_open(struct gate *gate)
{
	pthread_mutex_lock(&gate->mutex);
	gate->open = true;
	pthread_cond_broadcast(&gate->moved);
	pthread_mutex_unlock(&gate->mutex);
}

/* Wait until somebody waits inside. */
static void
gate_watch(struct gate *gate)
{
	pthread_mutex_lock(&gate->mutex);
	while (gate->inside == 0)
		pthread_cond_wait(&gate->moved, &gate->mutex);
	pthread_mutex_unlock(&gate->mutex);
}

/* What an owner of the lease that hangs is to do, and what came of it. */
struct owner {
	pthread_t thread;
	uint32_t wait_ms;
	uint64_t hands_over, got; /* versions */
	enum bc_status status;
};

static enum bc_status
fetch_slowly(struct bc_fetch *fetch, struct bc_error *err)
{
	const struct owner *owner = fetch->context;

	gate_wait(&source.gate);
	return hand_over(fetch, owner->hands_over, err);
}

static void *
own(void *argument)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct owner *owner = argument;

	options.function = fetch_slowly;
	options.context = owner;
	options.wait_ms = owner->wait_ms;
	owner->status = get_or_fetch("key/00", &options, &owner->got);
	return NULL;
}

/* Begin a fetch that waits at the gate. */
static void
owner_start(struct owner *owner)
{
	assert_int_equal(pthread_create(&owner->thread, NULL, own, owner), 0);
	gate_watch(&source.gate);
}

static void
owner_finish(struct owner *owner)
{
	gate_open(&source.gate);
	assert_int_equal(pthread_join(owner->thread, NULL), 0);
}

static void
who_gives_up_fetches_and_the_late_one_is_dropped(void **state)
{
	struct owner owner = { .wait_ms = 1, .hands_over = 9 };
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	uint64_t version, revision;

	(void)state;
	owner_start(&owner);
	options.function = source_fetch;
	options.wait_ms = 20;
	assert_status(get_or_fetch("key/00", &options, &version), BC_OK, NULL);
	assert_int_equal(version, 1);
	assert_int_equal(source.calls[0], 1);
	revision = unit_info("key/00").revision;
	owner_finish(&owner);
	assert_status(owner.status, BC_OK, NULL);
	assert_int_equal(owner.got, 1);
	expect_hit(fixture.cache, "key/00", 1);
	assert_int_equal(unit_info("key/00").revision, revision);
	assert_int_equal(unit_stats().process.puts, 1);
}

static void
the_late_one_counts_while_nobody_else_has_stored(void **state)
{
	struct owner owner = { .wait_ms = 1, .hands_over = 9 };

	(void)state;
	owner_start(&owner);
	test_sleep_ms(5);
	owner_finish(&owner);
	assert_status(owner.status, BC_OK, NULL);
	assert_int_equal(owner.got, 9);
}

static void
who_is_in_time_replaces_what_was_put_meanwhile(void **state)
{
	struct owner owner = { .wait_ms = 0, .hands_over = 9 };

	(void)state;
	owner_start(&owner);
	unit_put("key/00", 2, ROWS);
	owner_finish(&owner);
	assert_status(owner.status, BC_OK, NULL);
	assert_int_equal(owner.got, 9);
	expect_hit(fixture.cache, "key/00", 9);
}

static void
a_waiter_takes_what_another_puts(void **state)
{
	struct owner owner = { .hands_over = 9 }, waiter = { .hands_over = 8 };

	(void)state;
	owner_start(&owner);
	assert_int_equal(pthread_create(&waiter.thread, NULL, own, &waiter), 0);
	unit_put("key/00", 2, ROWS);
	/* It looks again within the time of a probe, and needs no fetch. */
	assert_int_equal(pthread_join(waiter.thread, NULL), 0);
	assert_status(waiter.status, BC_OK, NULL);
	assert_int_equal(waiter.got, 2);
	owner_finish(&owner);
	assert_int_equal(owner.got, 9);
}

/* ------------------------------------------------------------------------ */
/*  What is stale                                                           */
/* ------------------------------------------------------------------------ */

static void
put_expiring(const char *key)
{
	struct bc_put_options put = BC_PUT_OPTIONS_INIT;
	struct test_value value;
	struct bc_error err;

	put.ttl_ns = 1;
	test_value_frame(&value, key, 5, UNIT_SEED, ROWS);
	assert_status(
		bc_put(fixture.cache, key, &value.frame, &put, NULL, &err),
		BC_OK, &err);
	test_value_free(&value);
	while (bc_exists(fixture.cache, key, NULL) == BC_OK)
		test_sleep_ms(1); /* The coarse clock is late. */
	expect_miss(fixture.cache, key, BC_MISS_EXPIRED);
}

static void
who_takes_what_is_stale_does_not_wait(void **state)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct owner owner = { .hands_over = 9 };
	uint64_t version;

	(void)state;
	put_expiring("key/00");
	owner_start(&owner);
	options.function = source_fetch;
	options.flags = BC_FETCH_STALE;
	assert_status(get_or_fetch("key/00", &options, &version), BC_OK, NULL);
	assert_int_equal(version, 5);
	assert_int_equal(source.calls[0], 0);
	owner_finish(&owner);
	assert_int_equal(owner.got, 9);
	assert_status(get_or_fetch("key/00", &options, &version), BC_OK, NULL);
	assert_int_equal(version, 9);
}

static void
who_gets_the_lease_fetches_what_is_stale(void **state)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	uint64_t version;

	(void)state;
	put_expiring("key/00");
	options.function = source_fetch;
	options.flags = BC_FETCH_STALE;
	assert_status(get_or_fetch("key/00", &options, &version), BC_OK, NULL);
	assert_int_equal(version, 1);
	assert_int_equal(source.calls[0], 1);
}

static void
where_nothing_is_stored_who_takes_what_is_stale_waits(void **state)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct owner owner = { .wait_ms = 1, .hands_over = 9 };
	uint64_t version;

	(void)state;
	owner_start(&owner);
	options.function = source_fetch;
	options.flags = BC_FETCH_STALE;
	options.wait_ms = 20;
	assert_status(get_or_fetch("key/00", &options, &version), BC_OK, NULL);
	assert_int_equal(version, 1); /* It has waited in vain. */
	owner_finish(&owner);
	assert_int_equal(owner.got, 1);
}

/* ------------------------------------------------------------------------ */
/*  Many keys                                                               */
/* ------------------------------------------------------------------------ */

static char names[KEYS][16];
static const char *keys[2 * KEYS];
static struct bc_view views[2 * KEYS];
static enum bc_status statuses[2 * KEYS];

/* Threads of this process. */
static unsigned
threads_alive(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* Each key twice, in order. */
static enum bc_status
fetch_many(size_t count, unsigned threads, bc_fetch_function *function,
           struct bc_error *err)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	unsigned i;

	for (i = 0; i < 2 * KEYS; i++)
		keys[i] = key_name(i / 2, names[i / 2]);
	memset(views, 0x55, sizeof(views));
	options.function = function;
	options.threads = threads;
	return bc_fetch_many(fixture.cache, keys, count, 0, 0, NULL, 0,
	                     &options, views, statuses, err);
}

static void
many_keys_are_fetched_once_each(void **state)
{
	static const unsigned numbers[] = { 1, 0, 16, 1000000 };
	unsigned before, i, k;
	struct bc_error err;

	(void)state;
	before = threads_alive();
	for (k = 0; k < 4; k++) {
		unit_restart(NULL);
		assert_status(
			fetch_many(2 * KEYS, numbers[k], source_fetch, &err),
			BC_OK, &err);
		for (i = 0; i < 2 * KEYS; i++) {
			assert_status(statuses[i], BC_OK, NULL);
			assert_int_equal(test_view_version(&views[i], keys[i],
			                                   UNIT_SEED),
			                 1);
			bc_view_release(&views[i]);
			assert_int_equal(source.calls[i / 2], k + 1);
		}
		assert_int_equal(threads_alive(), before);
	}
	assert_status(fetch_many(0, 4, source_fetch, &err), BC_OK, &err);
}

static enum bc_status
fetch_some(struct bc_fetch *fetch, struct bc_error *err)
{
	unsigned index = key_index(fetch->key);

	if (index % 10 != 7)
		return hand_over(fetch, 1, err);
	snprintf(err->message, sizeof(err->message), "no %s", fetch->key);
	return index == 7 ? BC_DENIED : BC_IO;
}

static void
what_goes_wrong_with_some_keys_leaves_the_others(void **state)
{
	struct bc_error err;
	unsigned i;

	(void)state;
	assert_status(fetch_many(2 * KEYS, 4, fetch_some, &err), BC_DENIED,
	              &err);
	assert_string_equal(err.message, "no key/07");
	for (i = 0; i < 2 * KEYS; i++) {
		enum bc_status expected = BC_OK;

		if (i / 2 % 10 == 7)
			expected = i / 2 == 7 ? BC_DENIED : BC_IO;
		assert_status(statuses[i], expected, NULL);
		assert_int_equal(views[i].rows, expected == BC_OK ? ROWS : 0);
		bc_view_release(&views[i]);
	}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(all_who_want_a_key_make_one_fetch),
		TEST(after_a_failure_one_after_the_other_tries),
		TEST(who_gives_up_fetches_and_the_late_one_is_dropped),
		TEST(the_late_one_counts_while_nobody_else_has_stored),
		TEST(who_is_in_time_replaces_what_was_put_meanwhile),
		TEST(a_waiter_takes_what_another_puts),
		TEST(who_takes_what_is_stale_does_not_wait),
		TEST(who_gets_the_lease_fetches_what_is_stale),
		TEST(where_nothing_is_stored_who_takes_what_is_stale_waits),
		TEST(many_keys_are_fetched_once_each),
		TEST(what_goes_wrong_with_some_keys_leaves_the_others),
	};

	return cmocka_run_group_tests_name("fetch_threads", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_threads.c - many threads on one handle and on several, views that are
 * released by another thread than the one that got them.  Made to be run under
 * ThreadSanitizer as well; nothing here depends on who is faster.
 */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SEED 37
#define THREADS 4
#define ROUNDS 150
#define KEYS 6

static struct test_dir dir;
static struct bc_cache *shared_handle;
static _Atomic unsigned wrong; /* assertions of cmocka belong to one thread */

static int
setup(void **state)
{
	struct bc_error err;
	char key[24];
	unsigned i;

	(void)state;
	test_dir_make_fast(&dir);
	shared_handle = test_open(dir.cache, BC_OPEN_CREATE);
	atomic_store(&wrong, 0);
	for (i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "k/%u", i);
		assert_status(test_put_rows(shared_handle, key, 1, SEED,
		                            i % 2 == 0 ? 8 : 400, &err), BC_OK,
		              &err);
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bc_close(shared_handle);
	test_dir_remove(&dir);
	return 0;
}

#define expect(condition)                                                      \
	((condition) ? (void)0 : not_expected(#condition, __LINE__))

static void
not_expected(const char *text, int line)
{
	fprintf(stderr, "%s:%d: %s is not so\n", __FILE__, line, text);
	atomic_fetch_add(&wrong, 1);
}

/* One thread: its number, the handle it uses. */
struct worker {
	pthread_t thread;
	unsigned number;
	struct bc_cache *cache;
};

static void
run_all(struct worker *workers, unsigned count, void *(*function)(void *))
{
	unsigned i;

	for (i = 0; i < count; i++) {
		workers[i].number = i;
		assert_int_equal(pthread_create(&workers[i].thread, NULL,
		                                function, &workers[i]), 0);
	}
	for (i = 0; i < count; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	assert_int_equal(atomic_load(&wrong), 0);
}

static void
get_one(struct bc_cache *cache, const char *key)
{
	enum bc_status status;
	struct bc_view view;

	status = bc_get(cache, key, &view);
	if (status == BC_MISS) {
		expect(view.miss == BC_MISS_ABSENT);
		return;
	}
	expect(status == BC_OK);
	expect(test_view_version(&view, key, SEED) != 0);
	bc_view_release(&view);
}

static int
list_one(void *context, const struct bc_info *info)
{
	(*(unsigned *)context)++;
	return info->rows > 100000;
}

static void
look_around(struct bc_cache *cache)
{
	static const char *const keys[] = { "k/1", "k/2", "k/3" };
	struct bc_snapshot *snapshot = NULL;
	struct bc_stats stats;
	struct bc_view views[3];
	enum bc_status status;
	unsigned listed = 0, i;
	struct bc_info info;
	char text[512];

	expect(bc_list(cache, NULL, list_one, &listed, NULL) == BC_OK);
	expect(listed > 0);
	expect(bc_stats(cache, &stats, NULL) == BC_OK);
	status = bc_info(cache, "k/3", text, sizeof(text), &info, NULL);
	expect(status == BC_OK || status == BC_MISS);
	status = bc_get_many(cache, keys, 3, views);
	expect(status == BC_OK || status == BC_MISS);
	for (i = 0; i < 3; i++)
		bc_view_release(&views[i]);
	expect(bc_snapshot_open(cache, keys, 3, &snapshot, NULL) == BC_OK);
	for (i = 0; i < 3; i++) {
		status = bc_snapshot_get(snapshot, i, &views[i]);
		expect(status == BC_OK || status == BC_MISS);
	}
	bc_snapshot_close(snapshot);
	for (i = 0; i < 3; i++)
		bc_view_release(&views[i]);
}

static void
change(struct bc_cache *cache, const char *key, unsigned round)
{
	enum bc_status status;

	if (round % 16 == 7) {
		status = bc_remove(cache, key, NULL);
		expect(status == BC_OK || status == BC_MISS);
		return;
	}
	expect(test_put_rows(cache, key, round + 2, SEED,
	                     round % 3 == 0 ? 8 : 400, NULL) == BC_OK);
}

/* A bit of everything, a different bit in each thread. */
static void *
do_everything(void *argument)
{
	struct worker *worker = argument;
	struct bc_bound *bound = NULL;
	struct bc_view view;
	enum bc_status status;
	unsigned i;
	char key[24];

	snprintf(key, sizeof(key), "k/%u", worker->number % KEYS);
	expect(bc_bind(worker->cache, key, &bound) == BC_OK);
	for (i = 0; i < ROUNDS; i++) {
		status = bc_bound_get(bound, &view);
		expect(status == BC_OK || status == BC_MISS);
		if (status == BC_OK)
			expect(test_view_version(&view, key, SEED) != 0);
		bc_view_release(&view);
		snprintf(key, sizeof(key), "k/%u", (worker->number + i) % KEYS);
		get_one(worker->cache, key);
		if (i % 4 == worker->number % 4)
			change(worker->cache, key, i);
		if (i % 16 == worker->number)
			look_around(worker->cache);
		snprintf(key, sizeof(key), "k/%u", worker->number % KEYS);
	}
	bc_unbind(bound);
	return NULL;
}

static void
threads_share_one_handle(void **state)
{
	struct worker workers[THREADS];
	unsigned i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		workers[i].cache = shared_handle;
	run_all(workers, THREADS, do_everything);
}

static void
threads_have_handles_of_their_own(void **state)
{
	struct worker workers[THREADS];
	unsigned i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		workers[i].cache = test_open(dir.cache, 0);
	run_all(workers, THREADS, do_everything);
	for (i = 0; i < THREADS; i++)
		bc_close(workers[i].cache);
}

static void *
open_use_close(void *argument)
{
	struct worker *worker = argument;
	struct bc_cache *cache;
	unsigned i;
	char key[24];

	for (i = 0; i < 20; i++) {
		expect(bc_open(dir.cache, NULL, &cache, NULL) == BC_OK);
		if (cache == NULL)
			continue;
		snprintf(key, sizeof(key), "k/%u", (worker->number + i) % KEYS);
		get_one(cache, key);
		if (i % 5 == 0)
			change(cache, key, i);
		bc_close(cache);
	}
	return NULL;
}

static void
handles_come_and_go_in_every_thread(void **state)
{
	struct worker workers[THREADS];

	(void)state;
	bc_close(shared_handle); /* Theirs is the first, and the last. */
	shared_handle = NULL;
	run_all(workers, THREADS, open_use_close);
}

/* ------------------------------------------------------------------------ */
/*  Views move between threads                                              */
/* ------------------------------------------------------------------------ */

#define BELT 8

/* Views on their way from the threads that get to those that release. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct bc_view views[BELT];
	unsigned count, left;
} belt = { .mutex = PTHREAD_MUTEX_INITIALIZER,
	   .changed = PTHREAD_COND_INITIALIZER };

static void
belt_push(const struct bc_view *view)
{
	pthread_mutex_lock(&belt.mutex);
	while (belt.count == BELT)
		pthread_cond_wait(&belt.changed, &belt.mutex);
	belt.views[belt.count++] = *view;
	pthread_cond_broadcast(&belt.changed);
	pthread_mutex_unlock(&belt.mutex);
}

static bool
belt_pop(struct bc_view *view)
{
	bool got = false;

	pthread_mutex_lock(&belt.mutex);
	while (belt.count == 0 && belt.left > 0)
		pthread_cond_wait(&belt.changed, &belt.mutex);
	if (belt.count > 0) {
		*view = belt.views[--belt.count];
		got = true;
	}
	pthread_cond_broadcast(&belt.changed);
	pthread_mutex_unlock(&belt.mutex);
	return got;
}

static void
belt_leave(void)
{
	pthread_mutex_lock(&belt.mutex);
	belt.left--;
	pthread_cond_broadcast(&belt.changed);
	pthread_mutex_unlock(&belt.mutex);
}

/* Even threads get views of "moving" while they replace it, odd ones check. */
static void *
move_views(void *argument)
{
	struct worker *worker = argument;
	struct bc_view view;
	unsigned i;

	if (worker->number % 2 == 1) {
		while (belt_pop(&view)) {
			expect(test_view_version(&view, "moving", SEED) != 0);
			bc_view_release(&view);
		}
		return NULL;
	}
	for (i = 0; i < ROUNDS; i++) {
		expect(test_put_rows(worker->cache, "moving", i + 1, SEED,
		                     i % 3 == 0 ? 8 : 400, NULL) == BC_OK);
		if (bc_get(worker->cache, "moving", &view) == BC_OK)
			belt_push(&view);
		else
			expect(false);
	}
	belt_leave();
	return NULL;
}

static void
a_view_is_released_by_another_thread(void **state)
{
	struct worker workers[THREADS];
	unsigned i;

	(void)state;
	belt.left = THREADS / 2;
	for (i = 0; i < THREADS; i++)
		workers[i].cache = shared_handle;
	run_all(workers, THREADS, move_views);
}

static struct bc_view kept[THREADS][2];

/* Check and release two views whose cache may be closed, or closing. */
static void *
release_kept(void *argument)
{
	struct worker *worker = argument;
	unsigned i;

	for (i = 0; i < 2; i++) {
		expect(test_view_version(&kept[worker->number][i],
		                         i == 0 ? "k/0" : "k/1", SEED) == 1);
		bc_view_release(&kept[worker->number][i]);
	}
	return NULL;
}

/* Thread 0 closes the handle while the others let go of their views. */
static void *
close_or_release(void *argument)
{
	struct worker *worker = argument;

	if (worker->number == 0)
		bc_close(worker->cache);
	return release_kept(argument);
}

static void
views_outlive_their_handle_in_any_thread(void **state)
{
	struct worker workers[THREADS];
	struct bc_cache *cache;
	unsigned i, round;

	(void)state;
	bc_close(shared_handle); /* The one below is to be the only one. */
	shared_handle = NULL;
	for (round = 0; round < 60; round++) {
		cache = test_open(dir.cache, 0);
		for (i = 0; i < THREADS; i++) {
			assert_status(bc_get(cache, "k/0", &kept[i][0]), BC_OK,
			              NULL);
			assert_status(bc_get(cache, "k/1", &kept[i][1]), BC_OK,
			              NULL);
			workers[i].cache = cache;
		}
		if (round % 2 == 0)
			bc_close(cache);
		run_all(workers, THREADS, round % 2 == 0 ? release_kept
		                                         : close_or_release);
	}
}

/* More threads than a pool of transactions may hold, one after another. */
static void *
read_once(void *argument)
{
	struct worker *worker = argument;

	get_one(worker->cache, "k/1");
	return NULL;
}

static void
threads_that_end_leave_no_reader_slots(void **state)
{
	struct worker workers[THREADS];
	struct bc_stats stats;
	struct bc_error err;
	unsigned i, round;

	(void)state;
	for (round = 0; round < 100; round++) {
		for (i = 0; i < THREADS; i++)
			workers[i].cache = shared_handle;
		run_all(workers, THREADS, read_once);
	}
	assert_status(bc_stats(shared_handle, &stats, &err), BC_OK, &err);
	assert_true(stats.readers <= 2 * THREADS + 2);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(threads_share_one_handle),
		TEST(threads_have_handles_of_their_own),
		TEST(handles_come_and_go_in_every_thread),
		TEST(a_view_is_released_by_another_thread),
		TEST(views_outlive_their_handle_in_any_thread),
		TEST(threads_that_end_leave_no_reader_slots),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_cold_share.c - many readers of packed values: processes that end up with
 * one copy between them, children of a process that holds decoded ones, threads
 * while values go from tier to tier.
 */
#include "cold.h"
#include "dir_unit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"

static void
key_of(unsigned index, char key[16])
{
	snprintf(key, 16, "k/%u", index);
}

/* Put frame 'index' of 'rows' rows under its key. */
static void
put(struct bc_cache *cache, unsigned index, uint64_t rows,
    enum bc_placement placement)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct cold_frame frame;
	struct bc_error err;
	char key[16];

	key_of(index, key);
	cold_frame_make(&frame, rows, 0, START, index);
	options.flags = BC_PUT_SUSPECT;
	options.placement = placement;
	assert_status(bc_put(cache, key, &frame.frame, &options, NULL, &err),
	              BC_OK, &err);
	cold_frame_free(&frame);
}

/* ---- processes --------------------------------------------------------- */

#define READERS 20
#define MONTHS 8
#define MONTH_ROWS 20000
#define PASSES 8 /* On a busy machine the lock is often somebody's. */

static struct shared {
	_Atomic unsigned arrived[PASSES + 1];
	int64_t own[READERS][PASSES]; /* bytes beyond those of the first look */
} * shared;

/* Bytes of pages that no other process has; -1 if the kernel does not say. */
static int64_t
own_bytes(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	int64_t kib, sum = 0;
	bool found = false;
	char line[256];

	if (file == NULL)
		return -1;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "Private_Clean: %" SCNd64, &kib) != 1 &&
		    sscanf(line, "Private_Dirty: %" SCNd64, &kib) != 1)
			continue;
		found = true;
		sum += 1024 * kib;
	}
	fclose(file);
	return found ? sum : -1;
}

static void
wait_for_all(_Atomic unsigned *count)
{
	atomic_fetch_add(count, 1);
	while (atomic_load(count) < READERS)
		test_sleep_ms(1);
}

/* Reads every byte of every month, again and again, beside all others. */
static void
reader(void *argument)
{
	const unsigned number = *(const unsigned *)argument;
	struct bc_cache *cache = test_open(dir.cache, 0);
	int64_t before = own_bytes();
	struct bc_view view;
	char key[16];

	wait_for_all(&shared->arrived[PASSES]);
	for (unsigned pass = 0; pass < PASSES; pass++) {
		for (unsigned i = 0; i < MONTHS; i++) {
			uint64_t sum = 0;

			key_of(i, key);
			assert_status(bc_get(cache, key, &view), BC_OK, NULL);
			require(view.rows == MONTH_ROWS);
			for (uint64_t at = 0; at < view.body_bytes; at += 512)
				sum += ((const unsigned char *)view.data)[at];
			require(sum != 0);
			bc_view_release(&view);
		}
		shared->own[number][pass] = own_bytes() - before;
		wait_for_all(&shared->arrived[pass]);
	}
	bc_close(cache);
}

static void
make_months(void *argument)
{
	const enum bc_placement *placement = argument;
	struct bc_cache *cache = test_open(dir.cache, BC_OPEN_CREATE);

	for (unsigned i = 0; i < MONTHS; i++)
		put(cache, i, MONTH_ROWS, *placement);
	bc_close(cache);
}

/* Private bytes of a reader after each pass, the mean of all. */
static void
read_by_all(enum bc_placement placement, int64_t means[PASSES])
{
	unsigned numbers[READERS];
	pid_t children[READERS];

	test_remove_tree(dir.cache);
	assert_int_equal(test_child_run(make_months, &placement), 0);
	shared = test_shared(sizeof(*shared));
	for (unsigned i = 0; i < READERS; i++) {
		numbers[i] = i;
		children[i] = test_child_start(reader, &numbers[i]);
	}
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(test_child_wait(children[i]), 0);
	for (unsigned pass = 0; pass < PASSES; pass++) {
		means[pass] = 0;
		for (unsigned i = 0; i < READERS; i++)
			means[pass] += shared->own[i][pass] / READERS;
	}
}

static void
twenty_readers_do_not_hold_twenty_copies(void **state)
{
	int64_t warm[PASSES], cold[PASSES];
	struct cold_frame frame;
	int64_t bytes = 0;

	(void)state;
	if (own_bytes() < 0)
		test_skip("/proc/self/smaps_rollup is not there");
	if (TEST_SANITIZED)
		test_skip("a sanitizer's memory is each reader's own");
	cold_frame_make(&frame, 1, 0, START, 0);
	for (size_t i = 0; i < COLD_COLUMNS; i++)
		bytes += (int64_t)bc_type_bytes(frame.columns[i].type);
	bytes = (bytes + 8) * MONTH_ROWS * MONTHS;
	cold_frame_free(&frame);
	read_by_all(BC_PLACE_WARM, warm);
	read_by_all(BC_PLACE_COLD, cold);
	printf("of %" PRId64 " bytes each reader holds", bytes);
	for (unsigned pass = 0; pass < PASSES; pass++)
		printf(" %" PRId64 " (warm %" PRId64 ")", cold[pass],
		       warm[pass]);
	printf("\n");
	/* An eighth of one copy beyond what reading warm ones takes. */
	assert_true(cold[PASSES - 1] <= warm[PASSES - 1] + bytes / 8);
	assert_true(cold[PASSES / 2] <= warm[PASSES / 2] + bytes / 2);
}

/* ---- children ---------------------------------------------------------- */

struct family {
	struct bc_cache *cache;
	struct bc_view view; /* of the parent: decoded */
};

/* Key 'index' as it was put; returns where it came from. */
static enum bc_tier
get(struct bc_cache *cache, unsigned index, uint64_t rows)
{
	struct cold_frame frame;
	struct bc_view view;
	enum bc_tier tier;
	char key[16];

	key_of(index, key);
	cold_frame_make(&frame, rows, 0, START, index);
	assert_status(bc_get(cache, key, &view), BC_OK, NULL);
	require(view.rows == rows && cold_frame_is(&frame, &view, 0));
	tier = view.tier;
	bc_view_release(&view);
	cold_frame_free(&frame);
	return tier;
}

/* What is inherited shows what it did; what is read is decoded anew. */
static void
child(void *argument)
{
	struct family *family = argument;
	struct cold_frame frame;

	cold_frame_make(&frame, 3000, 0, START, 0);
	require(cold_frame_is(&frame, &family->view, 0));
	require(get(family->cache, 1, 3000) == BC_COLD);
	require(get(family->cache, 0, 3000) != BC_TIER_NONE);
	bc_view_release(&family->view);
	bci_hots_drop(((struct bc_cache *)family->cache)->env);
	require(get(family->cache, 2, 3000) != BC_TIER_NONE);
	bc_close(family->cache);
	cold_frame_free(&frame);
}

static void
a_child_leaves_what_its_parent_has_decoded(void **state)
{
	struct family family;
	struct cold_frame frame;

	(void)state;
	family.cache = test_open(dir.cache, BC_OPEN_CREATE);
	cold_frame_make(&frame, 3000, 0, START, 0);
	for (int round = 0; round < 30; round++) {
		for (unsigned i = 0; i < 3; i++)
			put(family.cache, i, 3000, BC_PLACE_COLD);
		assert_int_equal(get(family.cache, 0, 3000), BC_COLD);
		assert_int_equal(bc_get(family.cache, "k/0", &family.view),
		                 BC_OK);
		assert_int_equal(family.view.tier, BC_HOT);
		assert_int_equal(test_child_run(child, &family), 0);
		assert_true(cold_frame_is(&frame, &family.view, 0));
		bc_view_release(&family.view);
		for (unsigned i = 0; i < 3; i++)
			(void)get(family.cache, i, 3000);
	}
	bc_close(family.cache);
	cold_frame_free(&frame);
}

/* ---- threads ----------------------------------------------------------- */

#define THREADS 4
#define KEYS 8
#define ROUNDS 60

static struct bc_cache *cache;
static struct cold_frame frames[KEYS];
static _Atomic unsigned wrong; /* assertions of cmocka belong to one thread */

static uint64_t
rows_of(unsigned index)
{
	return index % 3 == 0 ? 9000 : 700 + 100 * index;
}

static void
look(enum bc_status status, struct bc_view *view, unsigned index,
     uint64_t first)
{
	if (status != BC_OK || !cold_frame_is(&frames[index], view, first))
		atomic_fetch_add(&wrong, 1);
	bc_view_release(view);
}

/* Gets and ranges; one of the threads moves values between the tiers. */
static void *
worker(void *argument)
{
	const unsigned number = *(const unsigned *)argument;
	struct bc_view view, held = { 0 };
	char key[16];

	for (uint64_t i = 0; i < ROUNDS; i++) {
		unsigned index = (unsigned)(test_mix(i, number) % KEYS);
		uint64_t first = test_mix(number, i) % (rows_of(index) - 60);
		enum bc_status status;

		key_of(index, key);
		if (number == 0) {
			status = bc_place(cache, key,
			                  i % 2 ? BC_PLACE_WARM : BC_PLACE_COLD,
			                  NULL, NULL);
			if (status != BC_OK)
				atomic_fetch_add(&wrong, 1);
		}
		look(bc_get(cache, key, &view), &view, index, 0);
		look(bc_read_rows(cache, key, first, 50, NULL, 0, &view), &view,
		     index, first);
		/* One is held meanwhile, and let go by a later round. */
		if (i % 7 == 0) {
			bc_view_release(&held);
			if (bc_get(cache, key, &held) != BC_OK)
				atomic_fetch_add(&wrong, 1);
		}
		if (i % 16 == 5)
			bci_hots_limit(cache->env,
			               i % 32 == 5 ? 1 << 20 : 8 << 20);
	}
	bc_view_release(&held);
	return NULL;
}

static void
threads_share_what_is_decoded(void **state)
{
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];

	(void)state;
	cache = test_open(dir.cache, BC_OPEN_CREATE);
	for (unsigned i = 0; i < KEYS; i++) {
		cold_frame_make(&frames[i], rows_of(i), 0, START, i);
		put(cache, i, rows_of(i), BC_PLACE_COLD);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(
			pthread_create(&threads[i], NULL, worker, &numbers[i]),
			0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&wrong), 0);
	for (unsigned i = 0; i < KEYS; i++)
		cold_frame_free(&frames[i]);
	bc_close(cache);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			twenty_readers_do_not_hold_twenty_copies, dir_setup,
			dir_teardown),
		cmocka_unit_test_setup_teardown(
			a_child_leaves_what_its_parent_has_decoded, dir_setup,
			dir_teardown),
		cmocka_unit_test_setup_teardown(threads_share_what_is_decoded,
		                                dir_setup, dir_teardown),
	};

	return cmocka_run_group_tests_name("cold_share", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_clear.c - what becomes of links of backtests: clearing, entries that go,
 * many of them, threads and processes.
 */
#include "links_unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* ---- what becomes of links ---------------------------------------------- */

/* Another process, whose commits do not take our links along. */
static void
child_removes(void *argument)
{
	struct bc_error err;

	(void)argument;
	require(bc_remove(fixture.cache, "a", &err) == BC_OK);
	require(bc_remove(fixture.cache, "b", &err) == BC_OK);
	require(bc_put_blob(fixture.cache, "b", "new", 3, NULL, &err) == BC_OK);
}

static void
entries_that_are_gone_are_passed_over(void **state)
{
	struct bc_cache *cache;

	(void)state;
	unit_put("a", 1, 10);
	unit_put("b", 1, 10);
	unit_put("c", 1, 10);
	cache = links_open("run");
	links_get(cache, "a");
	links_get(cache, "b");
	links_get(cache, "c");
	assert_int_equal(test_child_run(child_removes, NULL), 0);
	links_flush(cache);
	links_expect("run", "c");
	links_get(cache, "b");
	bc_close(cache);
	links_expect("run", "c b");
}

static void
clear(const char *backtest, int force, unsigned unlinked, unsigned removed,
      unsigned pinned)
{
	struct bc_cleared cleared;
	struct bc_error err;

	assert_status(bc_clear_backtest(fixture.cache, backtest, force,
	                                &cleared, &err),
	              BC_OK, &err);
	assert_int_equal(cleared.unlinked, unlinked);
	assert_int_equal(cleared.removed, removed);
	assert_int_equal(cleared.pinned, pinned);
}

/* As a put does nothing there. */
static void
a_handle_that_bypasses_changes_no_labels(void **state)
{
	const char *const tags[] = { "word", NULL }, *const of[] = { "a",
		                                                     NULL };
	struct bc_options options = unit_options();
	struct bc_cleared cleared = { .removed = 9 };
	uint64_t removed = 9;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 10);
	unit_put("b", 1, 10);
	assert_status(bc_depend(fixture.cache, "b", of, BC_LABELS_ADD, &err),
	              BC_OK, &err);
	assert_status(bc_link(fixture.cache, "run", "a", 1, &err), BC_OK, &err);
	options.flags |= BC_OPEN_BYPASS;
	unit_reopen(&options);
	assert_status(bc_tag(fixture.cache, "a", tags, BC_LABELS_ADD, &err),
	              BC_OK, &err);
	assert_status(
		bc_tag(fixture.cache, "absent", tags, BC_LABELS_ADD, &err),
		BC_OK, &err);
	assert_status(bc_tag(fixture.cache, "", tags, BC_LABELS_ADD, &err),
	              BC_KEY, &err);
	assert_status(bc_link(fixture.cache, "run", "b", 1, &err), BC_OK, &err);
	assert_status(bc_invalidate(fixture.cache, "a", BC_INVALIDATE_SELF,
	                            &removed, &err),
	              BC_OK, &err);
	assert_int_equal(removed, 0);
	assert_status(
		bc_clear_backtest(fixture.cache, "run", 1, &cleared, &err),
		BC_OK, &err);
	assert_int_equal(cleared.removed, 0);
	unit_reopen(NULL);
	links_expect("run", "a");
	expect_hit(fixture.cache, "a", 1);
	expect_hit(fixture.cache, "b", 1);
	assert_status(bc_tag(fixture.cache, "a", tags, BC_LABELS_REMOVE, &err),
	              BC_OK, &err);
	assert_status(bc_invalidate(fixture.cache, "a", 0, &removed, &err),
	              BC_OK, &err);
	assert_int_equal(removed, 1);
}

static void
clearing_keeps_what_others_use(void **state)
{
	struct bc_cache *first, *second;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 10);
	unit_put("b", 1, 10);
	unit_put("c", 1, 1000);
	unit_put("free", 1, 10);
	first = links_open("first");
	second = links_open("second");
	links_get(first, "a");
	links_get(first, "b");
	links_get(first, "c");
	/* Nobody has written this one yet. */
	links_get(second, "b");
	assert_status(bc_pin(fixture.cache, "c", 1, &err), BC_OK, &err);
	clear("first", 0, 3, 1, 1);
	links_expect("first", "");
	links_expect("second", "b");
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	expect_hit(fixture.cache, "b", 1);
	expect_hit(fixture.cache, "c", 1);
	clear("first", 0, 0, 0, 0);
	/* A run of the same name is linked anew. */
	links_get(first, "b");
	links_get(first, "c");
	clear("second", 1, 1, 1, 0);
	expect_miss(fixture.cache, "b", BC_MISS_ABSENT);
	links_expect("first", "c");
	clear("first", 1, 1, 1, 0);
	assert_int_equal(unit_stats().entries, 1);
	assert_status(bc_clear_backtest(fixture.cache, "", 0, NULL, &err),
	              BC_INVALID, &err);
	bc_close(first);
	bc_close(second);
}

static void
clearing_removes_three_entries(void **state)
{
	struct bc_cache *cache = links_open("bt-001");
	struct bc_error err;
	char key[8];

	(void)state;
	for (int i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_status(bc_put_blob(cache, key, "x", 1, NULL, &err),
		              BC_OK, &err);
	}
	links_expect("bt-001", "k0 k1 k2");
	clear("bt-001", 0, 3, 3, 0);
	assert_int_equal(unit_stats().entries, 0);
	assert_int_equal(unit_stats().live_bytes, 0);
	bc_close(cache);
}

#define MANY 3000

/* So many that the tables of what is known grow. */
static void
many_hits_are_all_linked(void **state)
{
	struct bc_cache *cache;
	char key[16];

	(void)state;
	unit_put_many(MANY);
	cache = links_open("run");
	for (unsigned i = 0; i < 2 * MANY; i++) {
		snprintf(key, sizeof(key), "k%u", i % MANY);
		links_get(cache, key);
	}
	bc_close(cache);
	clear("run", 0, MANY, MANY, 0);
	assert_int_equal(unit_stats().entries, 0);
}

/* ---- threads and processes ---------------------------------------------- */

#define THREADS 4
#define THREAD_KEYS 200

static void *
reads(void *argument)
{
	struct bc_cache *cache = argument;
	struct bc_view view;
	struct bc_error err;
	char key[16];

	for (unsigned i = 0; i < 4 * THREAD_KEYS; i++) {
		snprintf(key, sizeof(key), "k%u", i % THREAD_KEYS);
		require(bc_get(cache, key, &view) == BC_OK);
		bc_view_release(&view);
		if (i % 100 == 99)
			require(bc_flush(cache, &err) == BC_OK);
	}
	return NULL;
}

static void
threads_link_at_once(void **state)
{
	struct bc_options options = unit_options();
	pthread_t threads[THREADS];
	struct bc_cache *caches[2];
	char key[16];

	(void)state;
	for (unsigned i = 0; i < THREAD_KEYS; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		unit_put(key, 1, 5);
	}
	options.link_interval_ms = 1;
	options.lock_timeout_ms = 10000;
	options.backtest = "one";
	caches[0] = unit_open(&options);
	options.backtest = "two";
	caches[1] = unit_open(&options);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, reads, caches[i % 2]),
			0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	bc_close(caches[0]);
	bc_close(caches[1]);
	clear("one", 0, THREAD_KEYS, 0, 0);
	clear("two", 0, THREAD_KEYS, THREAD_KEYS, 0);
}

static struct bc_cache *forked;

static void
child_reads(void *argument)
{
	(void)argument;
	links_get(forked, "b");
	bc_close(forked);
}

static void
a_child_begins_anew(void **state)
{
	(void)state;
#ifdef __SANITIZE_THREAD__
	test_skip("ThreadSanitizer allows a child no threads");
#endif
	unit_put("a", 1, 10);
	unit_put("b", 1, 10);
	forked = links_open("run");
	links_get(forked, "a");
	assert_int_equal(test_child_run(child_reads, NULL), 0);
	/* What was pending is still the parent's. */
	links_expect("run", "b");
	links_flush(forked);
	links_expect("run", "a b");
	bc_close(forked);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, unit_teardown)
		CASE(entries_that_are_gone_are_passed_over),
		CASE(a_handle_that_bypasses_changes_no_labels),
		CASE(clearing_keeps_what_others_use),
		CASE(clearing_removes_three_entries),
		CASE(many_hits_are_all_linked),
		CASE(threads_link_at_once),
		CASE(a_child_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

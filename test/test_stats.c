/* SPDX-License-Identifier: MIT */
/*
 * test_stats.c - counters that add up, sizes that go back to nothing, the
 * processes that have the cache open.
 */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t
requests_of(const struct bc_counters *counters)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < BC_TIERS; i++)
		sum += counters->hits[i];
	for (i = 0; i < BC_MISS_REASONS; i++)
		sum += counters->misses[i];
	return sum;
}

static void
a_new_cache_has_nothing(void **state)
{
	struct bc_stats stats = unit_stats();

	(void)state;
	assert_int_equal(requests_of(&stats.total), 0);
	assert_int_equal(stats.entries + stats.segments + stats.live_bytes, 0);
	assert_int_equal(stats.warm_bytes + stats.arenas, 0);
	assert_int_equal(stats.access_sum, 0);
	assert_int_equal(stats.warm_budget_bytes, 1ull << 30);
	assert_int_equal(stats.cold_budget_bytes, 10ull << 30);
	assert_true(stats.catalogue_bytes > 0);
	assert_true(stats.readers_max > 1000);
	assert_int_equal(stats.processes, 1);
	assert_int_equal(stats.guarded, 0);
	assert_int_equal(stats.read_only, 0);
}

static void
hits_and_misses_are_the_requests(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	enum bc_miss reason;
	struct bc_stats stats;
	struct bc_error err;
	unsigned i, hits = 0, misses[BC_MISS_REASONS] = { 0 };

	(void)state;
	unit_put("a", 1, 100);
	unit_put("bad", 1, 100);
	unit_put("inline", 1, 2);
	options.ttl_ns = 1;
	assert_status(bc_put_blob(fixture.cache, "old", "x", 1, &options, &err),
	              BC_OK, &err);
	test_sleep_ms(20);
	unit_flip("bad", 2000);
	for (i = 0; i < 200; i++) {
		static const char *const keys[] = { "a", "none", "bad",
			                            "inline", "old" };
		struct bc_view view;

		reason = BC_MISS_NONE;
		if (bc_get(fixture.cache, keys[test_mix(i, 1) % 5], &view) ==
		    BC_OK)
			hits++;
		else
			misses[view.miss]++;
		bc_view_release(&view);
	}
	stats = unit_stats();
	assert_int_equal(stats.total.hits[BC_WARM], hits);
	for (reason = 0; reason < BC_MISS_REASONS; reason++)
		assert_int_equal(stats.total.misses[reason], misses[reason]);
	assert_true(misses[BC_MISS_ABSENT] && misses[BC_MISS_CORRUPT] &&
	            misses[BC_MISS_EXPIRED]);
	assert_int_equal(requests_of(&stats.total), 200);
	assert_int_equal(requests_of(&stats.process), 200);
	/* 1 for each put and each hit; the bad one was put, too. */
	assert_int_equal(stats.access_sum, 4 + hits);
}

static void
puts_removals_and_bytes_are_counted(void **state)
{
	struct bc_stats stats;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 100);
	unit_put("a", 2, 50);
	unit_put("b", 1, 3);
	assert_status(bc_put_blob(fixture.cache, "c", "xyz", 3, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_put_blob(fixture.cache, "c", NULL, 1, NULL, &err),
	              BC_INVALID, &err);
	assert_status(bc_remove(fixture.cache, "c", &err), BC_OK, &err);
	assert_status(bc_remove(fixture.cache, "c", &err), BC_MISS, &err);
	stats = unit_stats();
	assert_int_equal(stats.total.puts, 4);
	assert_int_equal(stats.total.removals, 1);
	assert_int_equal(stats.total.put_bytes, 56 * 153 + 3);
	assert_int_equal(stats.entries, 2);
	assert_int_equal(stats.segments, 2);
	assert_int_equal(stats.live_bytes, unit_info("a").stored_bytes +
	                                           unit_info("b").stored_bytes);
}

static void
totals_outlive_processes_and_their_own_do_not(void **state)
{
	struct bc_stats stats;

	(void)state;
	unit_put("a", 1, 100);
	expect_hit(fixture.cache, "a", 1);
	unit_reopen(NULL);
	expect_hit(fixture.cache, "a", 1);
	expect_hit(fixture.cache, "a", 1);
	stats = unit_stats();
	assert_int_equal(stats.total.hits[BC_WARM], 3);
	assert_int_equal(stats.process.hits[BC_WARM], 2);
	assert_int_equal(stats.total.puts, 1);
	assert_int_equal(stats.process.puts, 0);
}

static void
removing_all_leaves_no_bytes(void **state)
{
	static const uint64_t rows[] = { 1, 20, 100, 5000, 50000 };
	struct bc_stats stats;
	struct bc_error err;
	char key[8];
	unsigned i, round;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 5; i++) {
			snprintf(key, sizeof(key), "k%u", i);
			unit_put(key, round + 1, rows[i]);
			unit_put(key, round + 2, rows[(i + round) % 5]);
		}
		assert_true(unit_stats().live_bytes > 0);
		for (i = 0; i < 5; i++) {
			snprintf(key, sizeof(key), "k%u", i);
			assert_status(bc_remove(fixture.cache, key, &err),
			              BC_OK, &err);
		}
		stats = unit_stats();
		assert_int_equal(stats.live_bytes, 0);
		assert_int_equal(stats.segments, 0);
		assert_int_equal(stats.entries, 0);
		assert_int_equal(stats.access_sum, 0);
	}
}

static void
linked_bytes_are_those_of_the_files(void **state)
{
	struct bc_options options = unit_options();
	uint64_t version;
	struct bc_stats stats;

	(void)state;
	options.warm_bytes = 32 << 20; /* arenas of 1 MiB */
	unit_restart(&options);
	for (version = 1; version < 40; version++) {
		char path[TEST_PATH];
		unsigned number;
		uint64_t bytes = 0;

		unit_put(version % 2 ? "a" : "b", version, 4000 + version);
		stats = unit_stats();
		for (number = 1; number < 60; number++) {
			FILE *file = fopen(unit_arena_path(path, number), "r");

			if (file == NULL)
				continue;
			fseek(file, 0, SEEK_END);
			bytes += (uint64_t)ftell(file);
			fclose(file);
		}
		/* LMDB may have allocated a little ahead. */
		assert_true(stats.warm_bytes <= bytes);
		assert_true(stats.live_bytes <= stats.warm_bytes);
	}
}

static void
processes_are_listed_by_name(void **state)
{
	struct bc_options options = unit_options();
	struct bc_process processes[3];
	struct bc_error err;
	size_t count = 9;

	(void)state;
	options.name = "a tester of caches whose name is far too long";
	unit_reopen(&options);
	unit_put("a", 1, 100);
	expect_hit(fixture.cache, "a", 1);
	assert_status(bc_processes(fixture.cache, processes, 0, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 0);
	assert_status(bc_processes(fixture.cache, processes, 3, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 1);
	assert_int_equal(processes[0].pid, getpid());
	assert_true(processes[0].started_ns > 0);
	assert_memory_equal(processes[0].name, options.name, 31);
	assert_int_equal(processes[0].name[31], 0);
	assert_int_equal(processes[0].counters.hits[BC_WARM], 1);
	assert_int_equal(processes[0].counters.puts, 1);
}

/* ------------------------------------------------------------------------ */
/*  Threads                                                                 */
/* ------------------------------------------------------------------------ */

#define THREADS 20 /* more than there are lanes */
#define GETS 500

static void *
get_often(void *unused)
{
	struct bc_view view;
	unsigned i;

	(void)unused;
	for (i = 0; i < GETS; i++) {
		if (bc_get(fixture.cache, i % 2 ? "a" : "none", &view) == BC_OK)
			bc_view_release(&view);
	}
	return NULL;
}

static void
no_request_of_any_thread_is_lost(void **state)
{
	pthread_t threads[THREADS];
	struct bc_stats stats;
	unsigned i;

	(void)state;
	unit_put("a", 1, 100);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, get_often, NULL), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	stats = unit_stats();
	assert_int_equal(stats.total.hits[BC_WARM], THREADS * GETS / 2);
	assert_int_equal(stats.total.misses[BC_MISS_ABSENT],
	                 THREADS * GETS / 2);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_new_cache_has_nothing),
		TEST(hits_and_misses_are_the_requests),
		TEST(puts_removals_and_bytes_are_counted),
		TEST(totals_outlive_processes_and_their_own_do_not),
		TEST(removing_all_leaves_no_bytes),
		TEST(linked_bytes_are_those_of_the_files),
		TEST(processes_are_listed_by_name),
		TEST(no_request_of_any_thread_is_lost),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}

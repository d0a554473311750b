/* SPDX-License-Identifier: MIT */
/*
 * test_health.c - what is said of caches that are well, full, damaged, locked,
 * or none at all.
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advice.h"
#include "cache.h"
#include "catalogue.h"
#include "gone.h"
#include "lock.h"
#include "writer.h"

static struct bc_health health;

static void
examine(void)
{
	struct bc_error err;

	memset(&health, 0x55, sizeof(health));
	assert_status(bc_health(fixture.dir.cache, 0, &health, &err), BC_OK,
	              &err);
}

/* Whether it is said, and how bad it is. */
static bool
says(const char *name, enum bc_severity severity)
{
	for (uint32_t i = 0; i < health.advice_count; i++) {
		if (strcmp(health.advice[i].name, name) == 0) {
			assert_int_equal(health.advice[i].severity, severity);
			assert_true(strlen(health.advice[i].text) > 20);
			return true;
		}
	}
	return false;
}

static void
a_cache_that_is_well_gets_no_advice(void **state)
{
	struct bc_stats stats;

	(void)state;
	unit_put("a", 1, 1000);
	examine();
	stats = unit_stats();
	assert_int_equal(health.opens, 1);
	assert_int_equal(health.error.status, BC_OK);
	assert_int_equal(health.format_version, BCI_FORMAT_VERSION);
	assert_int_equal(health.writable, 1);
	assert_int_equal(health.frozen, 0);
	assert_int_equal(health.guarded, 0);
	assert_int_equal(health.ledger, 1);
	assert_true(health.map_used > 0 && health.map_used < 0.01);
	assert_true(health.warm_used > 0 && health.warm_used < 0.01);
	assert_true(health.cold_used == 0);
	assert_true(health.disk_free_bytes > 0);
	assert_true(health.disk_bytes >= health.disk_free_bytes);
	assert_true(health.readers >= 1);
	assert_int_equal(health.readers_max, stats.readers_max);
	assert_int_equal(health.readers_stale, 0);
	assert_int_equal(health.processes, 1);
	assert_int_equal(health.views_since_ns, 0);
	assert_int_equal(health.pinned_unlinked_bytes, 0);
	assert_int_equal(health.linked_bytes, stats.warm_bytes +
	                                              stats.catalogue_bytes +
	                                              stats.ledger_bytes);
	assert_int_equal(health.budget_bytes, 11ull << 30);
	assert_int_equal(health.writer_pid, getpid());
	assert_int_equal(health.writer_alive, 1);
	assert_int_equal(health.writer_holds, 0);
	assert_true(health.writer_since_ns > 0);
	assert_true(health.committed_ns > 0);
	assert_int_equal(health.corrupt + health.corrupt_pending, 0);
	assert_int_equal(health.quarantined, 0);
	assert_int_equal(health.resident_of_bytes, stats.warm_bytes);
	/* It was written just now. */
	assert_true(health.resident_bytes > 0);
	assert_true(health.resident_bytes <= health.resident_of_bytes);
}

static void
what_is_no_cache_is_critical(void **state)
{
	struct bc_error err;

	(void)state;
	assert_status(bc_health("/nonexistent/cache", 0, &health, &err), BC_OK,
	              &err);
	assert_int_equal(health.opens, 0);
	assert_int_equal(health.error.status, BC_ABSENT);
	assert_int_equal(health.severity, BC_CRITICAL);
	assert_true(says("open", BC_CRITICAL));
	assert_int_equal(health.advice_count, 1);
	assert_status(bc_health(fixture.dir.path, 0, &health, &err), BC_OK,
	              &err);
	assert_int_equal(health.opens, 0);
	assert_int_equal(health.severity, BC_CRITICAL);
	/* One that everybody may write to is refused. */
	assert_int_equal(chmod(fixture.dir.cache, 0777), 0);
	examine();
	assert_int_equal(health.error.status, BC_UNSAFE);
	assert_int_equal(chmod(fixture.dir.cache, 0700), 0);
}

static void
above_90_percent_is_a_warning(void **state)
{
	struct bc_config config;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 20000);
	examine();
	assert_false(says("budget", BC_WARNING));
	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	config.warm_bytes = unit_stats().warm_bytes;
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_OK, &err);
	examine();
	assert_true(health.warm_used == 1.0);
	assert_true(says("budget", BC_WARNING));
	assert_int_equal(health.severity, BC_WARNING);
}

static void
damage_is_a_warning_until_it_is_dropped(void **state)
{
	(void)state;
	unit_put("bad", 1, 100);
	unit_put("good", 1, 100);
	unit_flip("bad", 2000);
	expect_miss(fixture.cache, "bad", BC_MISS_CORRUPT);
	examine();
	assert_int_equal(health.corrupt, 1);
	assert_int_equal(health.corrupt_pending, 1);
	assert_true(says("corrupt", BC_WARNING));
	assert_int_equal(health.severity, BC_WARNING);
	unit_put("good", 2, 100);
	examine();
	assert_int_equal(health.corrupt_pending, 0);
	assert_int_equal(health.quarantined, 1);
	assert_true(says("quarantined", BC_FINE));
	assert_int_equal(health.severity, BC_FINE);
}

static void
a_frozen_cache_is_fine(void **state)
{
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 100);
	assert_status(bc_freeze(fixture.cache, &err), BC_OK, &err);
	examine();
	assert_int_equal(health.frozen, 1);
	assert_int_equal(health.writable, 0);
	assert_true(says("frozen", BC_FINE));
	assert_status(bc_thaw(fixture.dir.cache, NULL, &err), BC_OK, &err);
}

static void
hold_the_lock(void *argument)
{
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	struct bci_writer writer;
	struct bci_env *env;
	_Atomic int *steps = argument;

	require(bci_cache_env(cache, &env, NULL) == BC_OK);
	require(bci_writer_begin(cache, env, &writer, NULL) == BC_OK);
	*steps = 1;
	while (*steps == 1)
		test_sleep_ms(1);
	_exit(0); /* with the lock */
}

static void
who_holds_the_writer_lock_is_named(void **state)
{
	_Atomic int *steps = test_shared(sizeof(*steps));
	pid_t child;

	(void)state;
	unit_put("a", 1, 100);
	child = test_child_start(hold_the_lock, (void *)(uintptr_t)steps);
	while (*steps == 0)
		test_sleep_ms(1);
	examine();
	assert_int_equal(health.writer_pid, child);
	assert_int_equal(health.writer_holds, 1);
	assert_int_equal(health.writer_alive, 1);
	*steps = 2;
	assert_int_equal(test_child_wait(child), 0);
	examine();
	assert_int_equal(health.writer_pid, child);
	assert_int_equal(health.writer_holds, 0);
	assert_int_equal(health.writer_alive, 0);
}

static void
hold_a_transaction(void *argument)
{
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	_Atomic int *steps = argument;
	struct bci_lane *lane;
	struct bci_env *env;

	require(bci_cache_env(cache, &env, NULL) == BC_OK);
	lane = bci_lane_take(env);
	require(bci_lane_begin(env, lane) == BC_OK);
	*steps = 1;
	while (*steps == 1)
		test_sleep_ms(1);
	_exit(0); /* in the transaction */
}

static void
readers_that_hang_or_died_are_seen(void **state)
{
	_Atomic int *steps = test_shared(sizeof(*steps));
	pid_t child;

	(void)state;
	unit_put("a", 1, 100);
	child = test_child_start(hold_a_transaction, (void *)(uintptr_t)steps);
	while (*steps == 0)
		test_sleep_ms(1);
	for (uint64_t i = 2; i < 7; i++)
		unit_put("a", i, 100);
	examine();
	assert_int_equal(health.reader_lag, 5);
	assert_int_equal(health.readers_stale, 0);
	assert_int_equal(health.processes, 2);
	*steps = 2;
	assert_int_equal(test_child_wait(child), 0);
	examine();
	assert_int_equal(health.readers_stale, 1);
	assert_true(says("stale-readers", BC_FINE));
	assert_int_equal(health.processes, 1);
}

/* ---- removed files that views keep ------------------------------------------
 */

#define GONE_BYTES 123456

/* As if the arena of the view had been removed by a writer that notes it. */
static void
note_gone(uint64_t number)
{
	struct bci_writer writer;
	struct bci_env *env;
	struct bc_error err;

	assert_status(bci_cache_env(fixture.cache, &env, &err), BC_OK, &err);
	assert_status(bci_writer_begin(fixture.cache, env, &writer, &err),
	              BC_OK, &err);
	assert_status(bci_gone_put(writer.txn, &env->tables, number,
	                           BCI_ARENA_WARM, GONE_BYTES, &err),
	              BC_OK, &err);
	assert_status(bci_writer_commit(&writer, &err), BC_OK, &err);
}

struct keeping {
	_Atomic int steps;
};

/* Say that a step is done, and wait until the next one may begin. */
static void
keeping_step(struct keeping *keeping, int step)
{
	keeping->steps = step;
	while (keeping->steps == step)
		test_sleep_ms(1);
}

static void
keep_a_view(void *argument)
{
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	struct keeping *keeping = argument;
	struct bc_view view;

	require(bc_get(cache, "a", &view) == BC_OK);
	keeping_step(keeping, 1);
	bc_view_release(&view);
	bc_close(cache);
	keeping_step(keeping, 3);
}

static pid_t
keeping_start(struct keeping *keeping, test_child *child)
{
	pid_t pid = test_child_start(child, keeping);

	while (keeping->steps == 0)
		test_sleep_ms(1);
	return pid;
}

/* The child keeps so much, and this process nothing. */
static void
expect_kept(pid_t child, uint64_t bytes)
{
	struct bc_process processes[4];
	struct bc_error err;
	size_t count, own;

	examine();
	assert_int_equal(health.pinned_unlinked_bytes, bytes);
	assert_int_equal(unit_stats().pinned_unlinked_bytes, bytes);
	assert_status(bc_processes(fixture.cache, processes, 4, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 2);
	own = processes[0].pid == (uint64_t)getpid() ? 0 : 1;
	assert_int_equal(processes[own].pid, getpid());
	assert_int_equal(processes[own].pinned_unlinked_bytes, 0);
	assert_int_equal(processes[1 - own].pid, child);
	assert_int_equal(processes[1 - own].pinned_unlinked_bytes, bytes);
}

static void
bytes_that_a_sleeping_process_keeps_are_seen(void **state)
{
	struct keeping *keeping = test_shared(sizeof(*keeping));
	char path[TEST_PATH];
	uint64_t number;
	pid_t child;

	(void)state;
	unit_put("a", 1, 1000);
	number = unit_locate("a").arena;
	unit_reopen(NULL); /* Who appends has it mapped as well. */
	child = keeping_start(keeping, keep_a_view);
	assert_int_equal(unlink(unit_arena_path(path, number)), 0);
	note_gone(number);
	note_gone(number + 100); /* that nobody has any more */
	expect_kept(child, GONE_BYTES);
	keeping_step(keeping, 2);
	examine();
	assert_int_equal(health.pinned_unlinked_bytes, 0);
	keeping->steps = 4;
	assert_int_equal(test_child_wait(child), 0);
}

/* A child inherits the map of its parent, and makes one of its own. */
static void
an_arena_that_is_mapped_twice_counts_once(void **state)
{
	struct keeping *keeping = test_shared(sizeof(*keeping));
	char path[TEST_PATH];
	struct bc_view view;
	uint64_t number;
	pid_t child;

	(void)state;
	unit_put("a", 1, 1000);
	number = unit_locate("a").arena;
	unit_reopen(NULL);
	assert_status(bc_get(fixture.cache, "a", &view), BC_OK, NULL);
	child = keeping_start(keeping, keep_a_view);
	bc_view_release(&view);
	unit_reopen(NULL); /* The child alone has it from here on. */
	assert_int_equal(unlink(unit_arena_path(path, number)), 0);
	note_gone(number);
	expect_kept(child, GONE_BYTES);
	keeping_step(keeping, 2);
	keeping->steps = 4;
	assert_int_equal(test_child_wait(child), 0);
}

#define KEPT 12u

static char *
kept_key(char key[16], unsigned index)
{
	snprintf(key, 16, "k%u", index);
	return key;
}

static void
keep_all(void *argument)
{
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	struct keeping *keeping = argument;
	struct bc_view views[KEPT];
	char key[16];

	for (unsigned i = 0; i < KEPT; i++)
		require(bc_get(cache, kept_key(key, i), &views[i]) == BC_OK);
	keeping_step(keeping, 1);
	for (unsigned i = 0; i < KEPT; i++) {
		require(test_view_version(&views[i], kept_key(key, i),
		                          UNIT_SEED) == i + 1);
		bc_view_release(&views[i]);
	}
	/* The next lookup lets go of the maps. */
	require(bc_get(cache, "k0", &views[0]) == BC_MISS);
	keeping_step(keeping, 3);
	bc_close(cache);
}

static void
arenas_that_compaction_empties_are_kept_by_who_reads_them(void **state)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct keeping *keeping = test_shared(sizeof(*keeping));
	struct bc_stats before, after;
	struct bc_error err;
	char key[16];
	pid_t child;

	(void)state;
	for (unsigned i = 0; i < KEPT; i++)
		unit_put(kept_key(key, i), i + 1, 20000);
	before = unit_stats();
	assert_true(before.warm_bytes > KEPT * 20000 * 56ull);
	unit_reopen(NULL); /* The child would inherit what is mapped. */
	child = keeping_start(keeping, keep_all);
	expect_kept(child, 0);
	options.flags = BC_COMPACT_TARGET | BC_COMPACT_COLD_TARGET;
	assert_status(bc_compact(fixture.cache, &options, NULL, &err), BC_OK,
	              &err);
	after = unit_stats();
	assert_int_equal(after.entries, 0);
	assert_int_equal(after.warm_bytes + after.cold_bytes, 0);
	expect_kept(child, before.warm_bytes);
	keeping_step(keeping, 2);
	expect_kept(child, 0);
	keeping->steps = 4;
	assert_int_equal(test_child_wait(child), 0);
}

/* ---- advice
 * ------------------------------------------------------------------ */

/* A cache that is well, as far as advice goes. */
static void
begin_well(void)
{
	memset(&health, 0, sizeof(health));
	health.opens = 1;
	health.writable = 1;
	health.ledger = 1;
	health.readers_max = 4096;
	health.disk_free_bytes = 1ull << 40;
	health.budget_bytes = 1ull << 30;
	health.writer_alive = -1;
}

static void
expect_advice(const char *name, enum bc_severity severity)
{
	bci_advise(&health, 1000 * UNIT_SECOND_NS);
	assert_int_equal(health.advice_count, name != NULL);
	if (name != NULL)
		assert_true(says(name, severity));
	assert_int_equal(health.severity, name != NULL ? severity : BC_FINE);
	begin_well();
}

static void
each_trouble_has_its_advice(void **state)
{
	(void)state;
	begin_well();
	expect_advice(NULL, BC_FINE);
	health.writable = 0;
	expect_advice("writable", BC_WARNING);
	health.ledger = 0;
	expect_advice("ledger", BC_WARNING);
	health.guarded = 1;
	expect_advice("guarded", BC_WARNING);
	health.warm_used = 0.9;
	expect_advice(NULL, BC_FINE);
	health.warm_used = 0.901;
	expect_advice("budget", BC_WARNING);
	health.cold_used = 0.95;
	expect_advice("cold-budget", BC_WARNING);
	health.map_used = 0.85;
	expect_advice("map", BC_WARNING);
	health.map_used = 0.96;
	expect_advice("map", BC_CRITICAL);
	health.disk_free_bytes = 512 << 20;
	expect_advice("disk", BC_WARNING);
	health.disk_free_bytes = 10 << 20;
	expect_advice("disk", BC_CRITICAL);
	health.disk_free_bytes = 10 << 20;
	health.linked_bytes = health.budget_bytes;
	expect_advice(NULL, BC_FINE); /* It needs no more than it has. */
	health.pinned_unlinked_bytes = 200 << 20;
	expect_advice("pinned", BC_WARNING);
	health.readers = 4000;
	expect_advice("readers", BC_WARNING);
	health.reader_lag = 2000;
	expect_advice("lag", BC_WARNING);
	health.writer_holds = 1;
	health.writer_since_ns = 990 * UNIT_SECOND_NS;
	expect_advice(NULL, BC_FINE);
	health.writer_holds = 1;
	health.writer_since_ns = 900 * UNIT_SECOND_NS;
	expect_advice("writer", BC_WARNING);
}

static void
all_at_once_fit(void **state)
{
	(void)state;
	memset(&health, 0xff, sizeof(health));
	health.opens = 1;
	health.frozen = 0;
	health.writable = 0;
	health.ledger = 0;
	health.warm_used = health.cold_used = health.map_used = 2;
	health.writer_since_ns = 0;
	health.disk_free_bytes = 0;
	health.linked_bytes = 0;
	bci_advise(&health, INT64_MAX);
	assert_true(health.advice_count <= BC_ADVICE_MAX);
	assert_int_equal(health.severity, BC_CRITICAL);
	for (uint32_t i = 0; i < health.advice_count; i++)
		assert_true(strlen(health.advice[i].text) <
		            sizeof(health.advice[i].text) - 1);
}

int
main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(a_cache_that_is_well_gets_no_advice),
		TEST(what_is_no_cache_is_critical),
		TEST(above_90_percent_is_a_warning),
		TEST(damage_is_a_warning_until_it_is_dropped),
		TEST(a_frozen_cache_is_fine),
		TEST(who_holds_the_writer_lock_is_named),
		TEST(readers_that_hang_or_died_are_seen),
		TEST(bytes_that_a_sleeping_process_keeps_are_seen),
		TEST(an_arena_that_is_mapped_twice_counts_once),
		TEST(arenas_that_compaction_empties_are_kept_by_who_reads_them),
		cmocka_unit_test(each_trouble_has_its_advice),
		cmocka_unit_test(all_at_once_fit),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_upgrade.c - a cache of format 1 (golden/cache.tar.gz) is served as it
 * is, and becomes one of this format when it is first written to, also under
 * the feet of processes that have it open.
 */
#include "support.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cache.h"
#include "coverage.h"
#include "golden/archive.h"
#include "golden/content.h"
#include "series_unit.h"

static uint32_t
format_of(struct bc_cache *cache)
{
	struct bc_config config;
	struct bc_error err;

	assert_status(bc_config_get(cache, &config, &err), BC_OK, &err);
	return config.format_version;
}

static void
put(struct bc_cache *cache)
{
	struct bc_error err;

	assert_status(bc_put_blob(cache, "new", "x", 1, NULL, &err), BC_OK,
	              &err);
}

static void
assert_all_served(struct bc_cache *cache)
{
	struct bc_error err;

	for (unsigned i = 0; i < GOLDEN_VALUES; i++) {
		struct golden_value value;
		struct bc_view view;

		golden_value_make(&value, i);
		assert_status(bc_get(cache, value.key, &view), BC_OK, NULL);
		require(golden_value_is(&value, &view));
		bc_view_release(&view);
		golden_value_free(&value);
	}
	assert_status(bc_verify(cache, NULL, NULL, NULL, NULL, &err), BC_OK,
	              &err);
}

static void
the_first_writer_upgrades(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, 0);

	(void)state;
	assert_int_equal(format_of(cache), 1);
	assert_all_served(cache);
	bc_close(cache);
	cache = test_open(dir.cache, 0);
	assert_int_equal(format_of(cache), 1); /* reading is no reason */
	put(cache);
	assert_int_equal(format_of(cache), 2);
	assert_all_served(cache);
	put(cache);
	bc_close(cache);
	cache = test_open(dir.cache, BC_OPEN_READONLY);
	assert_int_equal(format_of(cache), 2);
	assert_all_served(cache);
	bc_close(cache);
}

static void
a_handle_that_only_reads_upgrades_nothing(void **state)
{
	struct bc_cache *reader = test_open(dir.cache, BC_OPEN_READONLY);
	struct bc_cache *writer;
	struct bc_error err;

	(void)state;
	assert_status(bc_put_blob(reader, "new", "x", 1, NULL, &err),
	              BC_READONLY, &err);
	assert_int_equal(format_of(reader), 1);
	/* Handles of one process share what it has open. */
	writer = test_open(dir.cache, 0);
	put(writer);
	assert_int_equal(format_of(reader), 2);
	assert_all_served(reader);
	bc_close(writer);
	bc_close(reader);
}

static void
settings_are_kept(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_config before, after;
	struct bc_error err;

	(void)state;
	assert_status(bc_config_get(cache, &before, &err), BC_OK, &err);
	put(cache);
	assert_status(bc_config_get(cache, &after, &err), BC_OK, &err);
	before.format_version = 2;
	assert_memory_equal(&before, &after, sizeof(after));
	bc_close(cache);
}

/* ------------------------------------------------------------------------ */
/*  Other processes                                                         */
/* ------------------------------------------------------------------------ */

struct shared {
	_Atomic int opened, upgraded;
};

static void
wait_for(_Atomic int *flag)
{
	for (unsigned i = 0; atomic_load(flag) == 0; i++) {
		require(i < 10000);
		test_sleep_ms(1);
	}
}

/* A child that has the cache open, as format 1, while the parent writes. */
static void
writes_after_the_upgrade(void *argument)
{
	struct shared *shared = argument;
	struct bc_cache *cache = test_open(dir.cache, 0);

	require(format_of(cache) == 1);
	atomic_store(&shared->opened, 1);
	wait_for(&shared->upgraded);
	require(format_of(cache) == 2);
	assert_status(bc_put_blob(cache, "child", "y", 1, NULL, NULL), BC_OK,
	              NULL);
	bc_close(cache);
}

static void
a_process_that_had_it_open_writes_on(void **state)
{
	struct shared *shared = test_shared(sizeof(*shared));
	pid_t child = test_child_start(writes_after_the_upgrade, shared);
	struct bc_cache *cache;
	struct bc_view view;

	(void)state;
	wait_for(&shared->opened);
	cache = test_open(dir.cache, 0);
	put(cache);
	atomic_store(&shared->upgraded, 1);
	assert_int_equal(test_child_wait(child), 0);
	assert_status(bc_get(cache, "child", &view), BC_OK, NULL);
	bc_view_release(&view);
	assert_all_served(cache);
	bc_close(cache);
}

/* Put a series of no rows, of which [0, 10) and [20, 30) are known. */
static void
put_series(struct bc_cache *cache)
{
	struct bci_intervals none = { .allocator = &bci_allocator_default };
	struct bci_intervals known = none;
	struct {
		struct bci_entry_record head;
		struct bci_series_record series;
	} record = {
		.head = { .version = BCI_RECORD_VERSION,
		          .kind = BC_SERIES,
		          .id = 1000,
		          .revision = 1 },
	};
	struct MDB_txn *txn;
	struct bc_error err;
	struct bci_env *env;

	put(cache); /* upgrades */
	assert_status(bci_intervals_set(&known, 0, 10, BC_KNOWN_EMPTY), BC_OK,
	              NULL);
	assert_status(bci_intervals_set(&known, 20, 30, BC_KNOWN_EMPTY), BC_OK,
	              NULL);
	assert_status(bci_cache_env(cache, &env, &err), BC_OK, &err);
	assert_status(bci_txn_begin(env->db, &txn, &err), BC_OK, &err);
	assert_status(bci_coverage_store(txn, &env->tables, 1000, &none, &known,
	                                 &record.series, &err),
	              BC_OK, &err);
	assert_int_equal(record.series.coverage_count, 1);
	series_unit_sign("series", (unsigned char *)&record);
	assert_status(bci_table_put(txn, env->tables.entries, "series", 6,
	                            &record, sizeof(record), &err),
	              BC_OK, &err);
	assert_status(bci_txn_commit(&txn, &err), BC_OK, &err);
	bci_intervals_free(&known);
}

/* Look the series up; whether the transaction knows its tables. */
static enum bc_status
look(struct bci_env *env, struct bci_lane *lane)
{
	struct bci_bytes record;
	struct bci_entry entry;
	enum bc_status status;

	require(bci_lane_begin(env, lane) == BC_OK);
	require(bci_table_get(lane->txn, env->tables.entries, "series", 6,
	                      &record) == BC_OK);
	require(bci_entry_parse(record.data, record.size, &entry) == BC_OK);
	status = bci_lane_knows(env, lane, &entry);
	if (status == BC_OK) {
		require(bci_coverage_holds(lane->txn, &env->tables, &entry, 0,
		                           10) == BC_OK);
		require(bci_coverage_holds(lane->txn, &env->tables, &entry, 5,
		                           15) == BC_MISS);
	}
	bci_lane_end(lane);
	return status;
}

static void
reads_after_the_upgrade(void *argument)
{
	struct shared *shared = argument;
	struct bc_cache *cache = test_open(dir.cache, BC_OPEN_READONLY);
	struct bci_lane *lanes[2];
	struct bci_env *env;
	struct bc_view view;

	require(bci_cache_env(cache, &env, NULL) == BC_OK);
	require(env->tables.coverage == BCI_NO_TABLE);
	for (int i = 0; i < 2; i++) {
		lanes[i] = bci_lane_take(env);
		require(bci_lane_begin(env, lanes[i]) == BC_OK);
	}
	atomic_store(&shared->opened, 1);
	wait_for(&shared->upgraded);
	/* The second one goes on in the state before. */
	bci_lane_end(lanes[0]);
	require(look(env, lanes[0]) == BC_ABSENT);
	require(env->tables.coverage != BCI_NO_TABLE);
	require(!bci_table_is_open(lanes[1]->txn, env->tables.coverage));
	require(look(env, lanes[0]) == BC_OK);
	bci_lane_end(lanes[1]);
	require(look(env, lanes[1]) == BC_OK);
	for (int i = 0; i < 2; i++)
		bci_lane_give(lanes[i]);
	require(bc_get(cache, "new", &view) == BC_OK);
	bc_view_release(&view);
	bc_close(cache);
}

static void
a_process_that_had_it_open_reads_the_new_tables(void **state)
{
	struct shared *shared = test_shared(sizeof(*shared));
	pid_t child = test_child_start(reads_after_the_upgrade, shared);
	struct bc_cache *cache;

	(void)state;
	wait_for(&shared->opened);
	cache = test_open(dir.cache, 0);
	put_series(cache);
	atomic_store(&shared->upgraded, 1);
	assert_int_equal(test_child_wait(child), 0);
	bc_close(cache);
}

/* A series where there are no tables: damage, not a way in. */
static void
a_series_in_a_cache_of_format_1_is_found_out(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct {
		struct bci_entry_record head;
		struct bci_series_record series;
	} record = {
		.head = { .version = BCI_RECORD_VERSION,
		          .kind = BC_SERIES,
		          .id = 1000,
		          .revision = 1 },
		.series = { .coverage_count = 1,
		            .known = BC_KNOWN_EMPTY,
		            .known_from_ns = 20,
		            .known_to_ns = 30 },
	};
	struct MDB_txn *txn;
	struct bc_error err;
	struct bci_env *env;
	struct bci_lane *lane;

	(void)state;
	assert_status(bci_cache_env(cache, &env, &err), BC_OK, &err);
	assert_status(bci_txn_begin(env->db, &txn, &err), BC_OK, &err);
	series_unit_sign("series", (unsigned char *)&record);
	assert_status(bci_table_put(txn, env->tables.entries, "series", 6,
	                            &record, sizeof(record), &err),
	              BC_OK, &err);
	assert_status(bci_txn_commit(&txn, &err), BC_OK, &err);
	lane = bci_lane_take(env);
	assert_status(look(env, lane), BC_ABSENT, NULL);
	assert_status(look(env, lane), BC_ABSENT, NULL);
	bci_lane_give(lane);
	bc_close(cache);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, archive_setup, dir_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_first_writer_upgrades),
		TEST(a_handle_that_only_reads_upgrades_nothing),
		TEST(settings_are_kept),
		TEST(a_process_that_had_it_open_writes_on),
		TEST(a_process_that_had_it_open_reads_the_new_tables),
		TEST(a_series_in_a_cache_of_format_1_is_found_out),
	};

	return cmocka_run_group_tests_name("upgrade", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_cache.c - opening and closing: options, what may be at a path, several
 * handles, what is left when the last one goes.
 */
#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"

static void
refuse(const struct bc_options *options, enum bc_status expected)
{
	struct bc_cache *cache = fixture.cache;
	char path[TEST_PATH];
	struct bc_error err;
	struct stat st;

	test_path(path, fixture.dir.path, "refused");
	assert_status(bc_open(path, options, &cache, &err), expected, &err);
	assert_null(cache);
	assert_int_not_equal(stat(path, &st), 0);
}

static void
options_out_of_range_are_refused(void **state)
{
	const struct bc_options good = unit_options();
	struct test_memory memory = { 0 };
	struct bc_options options = good;

	(void)state;
	options.struct_size--;
	refuse(&options, BC_INVALID);
	options = good;
	options.struct_size = 0;
	refuse(&options, BC_INVALID);
	options = good;
	options.flags |= 64;
	refuse(&options, BC_INVALID);
	options = good;
	options.durability = (enum bc_durability)4;
	refuse(&options, BC_INVALID);
	options = good;
	options.checking = (enum bc_checking)3;
	refuse(&options, BC_INVALID);
	options = good;
	options.value_max_bytes = (1ull << 30) + 1;
	refuse(&options, BC_INVALID);
	options = good;
	options.allocator = test_allocator(&memory);
	options.allocator.release = NULL;
	refuse(&options, BC_INVALID);
	options.allocator.alloc = NULL;
	options.allocator.release = test_allocator(&memory).release;
	refuse(&options, BC_INVALID);
	options = good;
	options.warm_bytes = 4095;
	refuse(&options, BC_INVALID);
}

static void
what_is_not_there_is_absent_unless_created(void **state)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = fixture.cache;
	char path[TEST_PATH];
	struct bc_error err;

	(void)state;
	refuse(NULL, BC_ABSENT);
	refuse(&options, BC_ABSENT);
	/* An empty directory is no cache either. */
	test_path(path, fixture.dir.path, "empty");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_status(bc_open(path, &options, &cache, &err), BC_ABSENT, &err);
	assert_non_null(strstr(err.message, path));
	assert_int_equal(rmdir(path), 0); /* and is still empty */
	/* A message is one line whatever the path is. */
	test_path(path, fixture.dir.path, "two\nlines");
	assert_status(bc_open(path, NULL, &cache, &err), BC_ABSENT, &err);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_status(bc_open(path, NULL, &cache, &err), BC_ABSENT, &err);
}

static void
a_directory_of_something_else_is_left_alone(void **state)
{
	struct bc_options options = unit_options();
	char path[TEST_PATH], file[TEST_PATH];
	struct bc_cache *cache = NULL;
	struct bc_error err;
	int fd;

	(void)state;
	test_path(path, fixture.dir.path, "other");
	assert_int_equal(mkdir(path, 0700), 0);
	fd = open(test_path(file, path, "bars.csv"), O_RDWR | O_CREAT, 0600);
	close(fd);
	assert_status(bc_open(path, &options, &cache, &err), BC_FORMAT, &err);
	assert_non_null(strstr(err.message, "bars.csv"));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(path), 0);
}

static void
settings_of_a_new_cache_have_defaults(void **state)
{
	struct bc_config config;
	struct bc_error err;

	(void)state;
	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	assert_int_equal(config.durability, BC_RELAXED);
	assert_int_equal(config.warm_bytes, 1ull << 30);
	assert_int_equal(config.cold_bytes, 10ull << 30);
	assert_int_equal(config.value_max_bytes, 1ull << 30);
	assert_int_equal(config.entries_max, 1ull << 40);
	assert_int_equal(config.sync_interval_ms, 10000);
	assert_int_equal(config.format_version, 2);
	assert_true(config.cache_id != 0);
	assert_true(config.created_ns > 0);
}

static void
settings_are_those_of_the_cache_that_exists(void **state)
{
	struct bc_options options = unit_options();
	struct bc_config config, before;
	struct bc_error err;

	(void)state;
	options.warm_bytes = 64 << 20;
	options.durability = BC_DURABLE;
	options.sync_interval_ms = 5;
	unit_restart(&options);
	assert_status(bc_config_get(fixture.cache, &before, &err), BC_OK, &err);
	assert_int_equal(before.warm_bytes, 64 << 20);
	assert_int_equal(before.durability, BC_DURABLE);
	options.warm_bytes = 128 << 20;
	options.durability = BC_RELAXED;
	unit_reopen(&options);
	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	assert_memory_equal(&config, &before, sizeof(config));
}

static void
two_caches_have_different_identities(void **state)
{
	struct bc_config first, second;
	struct bc_error err;

	(void)state;
	assert_status(bc_config_get(fixture.cache, &first, &err), BC_OK, &err);
	unit_restart(NULL);
	assert_status(bc_config_get(fixture.cache, &second, &err), BC_OK, &err);
	assert_true(first.cache_id != second.cache_id);
}

static void
what_was_put_is_there_after_opening_again(void **state)
{
	(void)state;
	unit_put("small", 1, 2);
	unit_put("middle", 2, 100);
	unit_put("large", 3, 9000);
	unit_reopen(NULL);
	expect_hit(fixture.cache, "small", 1);
	expect_hit(fixture.cache, "middle", 2);
	expect_hit(fixture.cache, "large", 3);
}

static void
handles_of_one_cache_share_it_and_close_in_any_order(void **state)
{
	struct bc_options options = unit_options();
	unsigned files, order;

	(void)state;
	unit_put("a", 1, 100);
	for (order = 0; order < 2; order++) {
		struct bc_cache *first, *second;

		bc_close(fixture.cache);
		fixture.cache = NULL;
		files = test_open_files();
		first = unit_open(&options);
		second = unit_open(&options);
		expect_hit(first, "a", 1);
		expect_hit(second, "a", 1);
		bc_close(order == 0 ? first : second);
		expect_hit(order == 0 ? second : first, "a", 1);
		bc_close(order == 0 ? second : first);
		assert_int_equal(test_open_files(), files);
		assert_int_equal(test_mappings(fixture.dir.cache), 0);
		unit_reopen(NULL);
	}
	bc_close(NULL);
}

static void
two_caches_of_one_process_do_not_mix(void **state)
{
	struct bc_cache *other;
	struct bc_view view;
	char path[TEST_PATH];
	struct bc_error err;

	(void)state;
	other = test_open(test_path(path, fixture.dir.path, "other"),
	                  BC_OPEN_CREATE);
	unit_put("a", 1, 5000);
	assert_status(test_put_rows(other, "a", 2, UNIT_SEED, 5000, &err),
	              BC_OK, &err);
	assert_status(test_put_rows(other, "b", 2, UNIT_SEED, 2, &err), BC_OK,
	              &err);
	expect_hit(fixture.cache, "a", 1);
	expect_hit(other, "a", 2);
	expect_miss(fixture.cache, "b", BC_MISS_ABSENT);
	assert_status(bc_get(other, "a", &view), BC_OK, NULL);
	bc_close(other);
	unit_put("a", 3, 5000);
	assert_int_equal(test_view_version(&view, "a", UNIT_SEED), 2);
	bc_view_release(&view);
	expect_hit(fixture.cache, "a", 3);
	assert_int_equal(test_mappings(path), 0);
}

static void
flags_belong_to_the_handle(void **state)
{
	struct bc_options options = unit_options();
	struct bc_cache *reader;
	struct bc_error err;

	(void)state;
	options.flags = BC_OPEN_READONLY;
	reader = unit_open(&options);
	unit_put("a", 1, 100);
	expect_hit(reader, "a", 1);
	assert_status(test_put_rows(reader, "b", 1, 1, 10, &err), BC_READONLY,
	              &err);
	assert_status(bc_remove(reader, "a", &err), BC_READONLY, &err);
	assert_status(bc_sync(reader, &err), BC_READONLY, &err);
	bc_close(reader);
	expect_hit(fixture.cache, "a", 1);
}

static void
the_allocator_gets_back_all_it_gave(void **state)
{
	struct test_memory memory = { 0 };
	struct bc_options options = unit_options();
	struct bc_view kept, inlined;

	(void)state;
	options.allocator = test_allocator(&memory);
	unit_restart(&options);
	unit_put("a", 1, 5000);
	unit_put("b", 1, 3);
	expect_hit(fixture.cache, "a", 1);
	assert_status(bc_get(fixture.cache, "a", &kept), BC_OK, NULL);
	assert_status(bc_get(fixture.cache, "b", &inlined), BC_OK, NULL);
	bc_close(fixture.cache);
	fixture.cache = NULL;
	/* Views live on, and the last one lets everything go. */
	assert_int_equal(test_view_version(&kept, "a", UNIT_SEED), 1);
	assert_int_equal(test_view_version(&inlined, "b", UNIT_SEED), 1);
	assert_true(memory.live > 0);
	bc_view_release(&kept);
	assert_true(memory.live > 0);
	bc_view_release(&inlined);
	assert_int_equal(memory.live, 0);
	assert_int_equal(test_mappings(fixture.dir.cache), 0);
	unit_reopen(NULL);
}

/* Whether an arena has bytes that were never synced. */
static bool
owes_a_sync(void)
{
	struct bci_state_record found;
	struct MDB_txn *txn;
	struct bci_env *env;
	struct bc_error err;

	assert_status(bci_cache_env(fixture.cache, &env, &err), BC_OK, &err);
	assert_status(bci_txn_begin_read(env->db, &txn, &err), BC_OK, &err);
	assert_status(bci_state_load(txn, &env->tables, &found, &err), BC_OK,
	              &err);
	bci_txn_abort(txn);
	return found.unsynced != 0;
}

static void
each_durability_syncs_when_it_says(void **state)
{
	struct bc_options options = unit_options();
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 3000); /* relaxed, every ten seconds */
	assert_true(owes_a_sync());
	assert_status(bc_sync(fixture.cache, &err), BC_OK, &err);
	assert_false(owes_a_sync());
	options.durability = BC_DURABLE;
	unit_restart(&options);
	unit_put("a", 1, 3000);
	assert_false(owes_a_sync());
	options.durability = BC_RELAXED;
	options.sync_interval_ms = 1;
	unit_restart(&options);
	unit_put("a", 1, 3000);
	test_sleep_ms(5);
	unit_put("a", 2, 3000); /* It is due, and covers this one too. */
	assert_false(owes_a_sync());
}

static void
closing_syncs_what_is_owed(void **state)
{
	struct bc_options options = unit_options();

	(void)state;
	unit_put("a", 1, 3000);
	unit_reopen(NULL);
	assert_false(owes_a_sync());
	options.durability = BC_SCRATCH; /* but never a scratch cache */
	unit_restart(&options);
	unit_put("a", 1, 3000);
	unit_reopen(NULL);
	assert_true(owes_a_sync());
}

static void
syncing_leaves_nothing_owed(void **state)
{
	static const enum bc_durability all[] = { BC_DURABLE, BC_RELAXED,
		                                  BC_SCRATCH };
	struct bc_options options = unit_options();
	struct bc_error err;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		options.durability = all[i];
		unit_restart(&options);
		assert_status(bc_sync(fixture.cache, &err), BC_OK, &err);
		unit_put("a", i + 1, 3000);
		assert_status(bc_sync(fixture.cache, &err), BC_OK, &err);
		assert_status(bc_sync(fixture.cache, &err), BC_OK, &err);
		unit_reopen(&options);
		expect_hit(fixture.cache, "a", i + 1);
	}
	assert_int_equal(fixture.events[BC_EVENT_SYNC], 0);
	assert_int_equal(fixture.events[BC_EVENT_DISCARD], 0);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(options_out_of_range_are_refused),
		TEST(what_is_not_there_is_absent_unless_created),
		TEST(a_directory_of_something_else_is_left_alone),
		TEST(settings_of_a_new_cache_have_defaults),
		TEST(settings_are_those_of_the_cache_that_exists),
		TEST(two_caches_have_different_identities),
		TEST(what_was_put_is_there_after_opening_again),
		TEST(handles_of_one_cache_share_it_and_close_in_any_order),
		TEST(two_caches_of_one_process_do_not_mix),
		TEST(flags_belong_to_the_handle),
		TEST(the_allocator_gets_back_all_it_gave),
		TEST(each_durability_syncs_when_it_says),
		TEST(closing_syncs_what_is_owed),
		TEST(syncing_leaves_nothing_owed),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}

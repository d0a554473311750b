/* SPDX-License-Identifier: MIT */
/*
 * test_copy.c - copies of a cache, also while it is in use.
 */
#include "copy_unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault/shim.h"

static void
restart(void)
{
	struct bc_options options = unit_options();

	/* Arenas of 1 MiB: they fill up, and empty ones are removed. */
	options.warm_bytes = 32 << 20;
	options.lock_timeout_ms = 20000;
	unit_restart(&options);
}

/* ---- one process ------------------------------------------------------- */

static void
a_copy_is_the_cache_as_it_was(void **state)
{
	struct bc_config before, after;
	struct bc_copy_report report;
	struct bc_cache *copy;
	struct bc_error err;
	uint64_t version;

	(void)state;
	restart();
	for (version = 1; version <= 30; version++)
		commit_put(fixture.cache, version);
	report = copy_with(BC_COPY_VERIFY);
	assert_int_equal(report.entries, COMMIT_KEYS + 1);
	assert_true(report.arenas >= 1);
	assert_true(report.bytes > 30 * 8 * 1000);
	assert_int_equal(report.lost_arenas, 0);
	assert_int_equal(report.bad_entries, 0);
	commit_put(fixture.cache, version);
	assert_int_equal(commit_shown(copy_target), 30);
	assert_int_equal(commit_shown(fixture.dir.cache), 31);
	/* The copy goes on by itself. */
	copy = test_open(copy_target, 0);
	commit_put(copy, 31);
	commit_put(copy, 32);
	assert_status(bc_config_get(fixture.cache, &before, &err), BC_OK, &err);
	assert_status(bc_config_get(copy, &after, &err), BC_OK, &err);
	assert_memory_equal(&before, &after, sizeof(before));
	bc_close(copy);
	assert_int_equal(commit_shown(copy_target), 32);
	assert_int_equal(commit_shown(fixture.dir.cache), 31);
}

/* Also the arena that is appended to where it was copied from. */
static void
arenas_of_a_copy_are_cleaned(void **state)
{
	struct bc_compact_report report;
	struct bc_cache *copy;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 3000);
	unit_put("b", 2, 3000);
	assert_int_equal(unit_locate("a").arena, unit_locate("b").arena);
	(void)copy_with(0);
	copy = test_open(copy_target, 0);
	assert_status(bc_remove(copy, "a", &err), BC_OK, &err);
	assert_status(bc_compact(copy, NULL, &report, &err), BC_OK, &err);
	assert_int_equal(report.moved, 1);
	assert_int_equal(report.arenas_after, 1);
	expect_hit(copy, "b", 2);
	bc_close(copy);
}

static void
an_empty_cache_is_copied(void **state)
{
	struct bc_cache *copy;

	(void)state;
	assert_int_equal(copy_with(0).entries, 0);
	copy = test_open(copy_target, 0);
	expect_miss(copy, "a", BC_MISS_ABSENT);
	assert_status(test_put(copy, "a", 1, UNIT_SEED, NULL), BC_OK, NULL);
	expect_hit(copy, "a", 1);
	bc_close(copy);
}

static void
an_empty_directory_is_taken_over_and_others_are_not(void **state)
{
	char path[TEST_PATH], inner[TEST_PATH];
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 100);
	assert_int_equal(mkdir(copy_target, 0755), 0);
	(void)copy_with(0);
	assert_status(bc_copy(fixture.cache, copy_target, NULL, NULL, &err),
	              BC_EXISTS, &err);
	assert_status(
		bc_copy(fixture.cache, fixture.dir.cache, NULL, NULL, &err),
		BC_EXISTS, &err);
	assert_status(bc_copy(fixture.cache, ".", NULL, NULL, &err), BC_EXISTS,
	              &err);
	assert_status(bc_copy(fixture.cache, "/", NULL, NULL, &err), BC_EXISTS,
	              &err);
	test_path(path, copy_target, "meta.mdb"); /* A file. */
	assert_status(bc_copy(fixture.cache, path, NULL, NULL, &err), BC_EXISTS,
	              &err);
	test_path(path, fixture.dir.cache, "inside");
	assert_status(bc_copy(fixture.cache, path, NULL, NULL, &err),
	              BC_INVALID, &err);
	test_path(path, fixture.dir.path, "nowhere");
	test_path(inner, path, "copy");
	assert_status(bc_copy(fixture.cache, inner, NULL, NULL, &err),
	              BC_ABSENT, &err);
}

static void
a_link_is_not_followed(void **state)
{
	char path[TEST_PATH], there[TEST_PATH];
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 100);
	test_path(there, fixture.dir.path, "there");
	assert_int_equal(mkdir(there, 0700), 0);
	assert_int_equal(symlink(there, copy_target), 0);
	assert_status(bc_copy(fixture.cache, copy_target, NULL, NULL, &err),
	              BC_EXISTS, &err);
	assert_int_equal(unlink(copy_target), 0);
	/* Nor where the copy is made. */
	test_path(path, fixture.dir.path, "copy.copying");
	assert_int_equal(symlink(there, path), 0);
	assert_status(bc_copy(fixture.cache, copy_target, NULL, NULL, &err),
	              BC_UNSAFE, &err);
	assert_int_equal(rmdir(there), 0);
}

static void
it_is_frozen_if_asked_for_and_thawed_else(void **state)
{
	struct bc_config config;
	struct bc_cache *copy;
	char second[TEST_PATH];
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 3000);
	(void)copy_with(BC_COPY_FREEZE | BC_COPY_VERIFY);
	copy = test_open(copy_target, 0);
	assert_status(test_put(copy, "b", 1, UNIT_SEED, &err), BC_READONLY,
	              &err);
	expect_hit(copy, "a", 1);
	/* A copy of that one is not. */
	test_path(second, fixture.dir.path, "second");
	assert_status(bc_copy(copy, second, NULL, NULL, &err), BC_OK, &err);
	bc_close(copy);
	copy = test_open(second, 0);
	assert_status(bc_config_get(copy, &config, &err), BC_OK, &err);
	assert_int_equal(config.frozen, 0);
	assert_status(test_put(copy, "b", 1, UNIT_SEED, &err), BC_OK, &err);
	expect_hit(copy, "a", 1);
	bc_close(copy);
}

static void
a_copy_of_a_scratch_cache_stays(void **state)
{
	struct bc_options options = unit_options();
	struct bc_config config;
	struct bc_cache *copy;
	struct bc_error err;

	(void)state;
	options.durability = BC_SCRATCH;
	unit_restart(&options);
	unit_put("a", 1, 3000);
	(void)copy_with(0);
	fault_boot_id("00000000-0000-0000-0000-00000000beef");
	copy = test_open(copy_target, 0);
	expect_hit(copy, "a", 1);
	assert_status(bc_config_get(copy, &config, &err), BC_OK, &err);
	assert_int_equal(config.durability, BC_RELAXED);
	bc_close(copy);
	fault_boot_id(NULL);
}

static void
what_is_damaged_is_damaged_in_the_copy(void **state)
{
	struct bc_copy_options options = BC_COPY_OPTIONS_INIT;
	struct bc_copy_report report;
	char path[TEST_PATH];
	struct bc_cache *copy;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 3000);
	unit_put("b", 1, 3000);
	unit_reopen(NULL);
	unit_flip("a", 9000);
	options.flags = BC_COPY_VERIFY;
	assert_status(
		bc_copy(fixture.cache, copy_target, &options, &report, &err),
		BC_CORRUPT, &err);
	assert_int_equal(report.bad_entries, 1);
	copy = test_open(copy_target, 0);
	expect_miss(copy, "a", BC_MISS_CORRUPT);
	expect_hit(copy, "b", 1);
	bc_close(copy);
	/* Without its arena the catalogue is all there is. */
	bc_close(fixture.cache);
	assert_int_equal(unlink(unit_arena_path(path, 1)), 0);
	fixture.cache = unit_open(NULL);
	test_remove_tree(copy_target);
	assert_int_equal(copy_with(0).lost_arenas, 1);
	copy = test_open(copy_target, 0);
	expect_miss(copy, "b", BC_MISS_CORRUPT);
	bc_close(copy);
}

static void
wrong_options_are_refused(void **state)
{
	struct bc_copy_options options = BC_COPY_OPTIONS_INIT;
	struct bc_error err;

	(void)state;
	options.flags = 64;
	assert_status(bc_copy(fixture.cache, copy_target, &options, NULL, &err),
	              BC_INVALID, &err);
	options.flags = 0;
	options.struct_size = 1;
	assert_status(bc_copy(fixture.cache, copy_target, &options, NULL, &err),
	              BC_INVALID, &err);
	assert_int_equal(access(copy_target, F_OK), -1);
}

static void
count_progress(void *context, uint64_t done, uint64_t total)
{
	uint64_t *last = context;

	require(done >= *last && done <= total);
	*last = done;
}

static void
progress_ends_with_all_of_it(void **state)
{
	struct bc_copy_options options = BC_COPY_OPTIONS_INIT;
	struct bc_copy_report report;
	uint64_t last = 0;
	struct bc_error err;

	(void)state;
	restart();
	for (uint64_t version = 1; version <= 10; version++)
		commit_put(fixture.cache, version);
	options.progress = count_progress;
	options.context = &last;
	assert_status(
		bc_copy(fixture.cache, copy_target, &options, &report, &err),
		BC_OK, &err);
	assert_int_equal(last, report.bytes);
}

/* ---- in use ------------------------------------------------------------ */

struct work {
	_Atomic uint64_t acked; /* the last commit that returned */
	_Atomic bool stop;
};

static void
write_on(void *argument)
{
	struct work *work = argument;
	struct bc_options options = unit_options();
	struct bc_cache *cache;
	struct bc_error err;

	options.lock_timeout_ms = 20000;
	assert_status(bc_open(fixture.dir.cache, &options, &cache, &err), BC_OK,
	              &err);
	while (!atomic_load(&work->stop)) {
		commit_put(cache, atomic_load(&work->acked) + 1);
		atomic_fetch_add(&work->acked, 1);
	}
	bc_close(cache);
}

static void
read_on(void *argument)
{
	struct work *work = argument;
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	struct bc_view view;

	while (!atomic_load(&work->stop)) {
		assert_status(bc_get(cache, "key/3", &view), BC_OK, NULL);
		require(test_view_version(&view, "key/3", UNIT_SEED) != 0);
		bc_view_release(&view);
		test_sleep_ms(1);
	}
	bc_close(cache);
}

static void
it_shows_one_moment_while_others_write(void **state)
{
	struct work *work = test_shared(sizeof(*work));
	uint64_t before, after, version, changed = 0;
	struct bc_copy_report report;
	pid_t writer, reader;

	(void)state;
	restart();
	commit_put(fixture.cache, 1);
	atomic_store(&work->acked, 1);
	writer = test_child_start(write_on, work);
	reader = test_child_start(read_on, work);
	for (unsigned i = 0; i < 25; i++) {
		test_remove_tree(copy_target);
		before = atomic_load(&work->acked);
		report = copy_with(0);
		assert_int_equal(report.lost_arenas, 0);
		after = atomic_load(&work->acked) + 1;
		version = commit_shown(copy_target);
		require(version >= before && version <= after);
		changed += after > before + 1;
	}
	atomic_store(&work->stop, true);
	assert_int_equal(test_child_wait(writer), 0);
	assert_int_equal(test_child_wait(reader), 0);
	assert_true(changed > 0); /* They did write meanwhile. */
	assert_int_equal(commit_shown(fixture.dir.cache),
	                 atomic_load(&work->acked));
}

/* Arenas that are removed while they are copied are copied all the same. */
static void
remove_all(void *context, uint64_t done, uint64_t total)
{
	struct bc_error err;
	unsigned *calls = context;
	char key[32];

	(void)done;
	(void)total;
	if ((*calls)++ != 0)
		return;
	for (unsigned i = 0; i < COMMIT_KEYS; i++) {
		commit_key(key, 40, i);
		assert_status(bc_remove(fixture.cache, key, &err), BC_OK, &err);
	}
	for (uint64_t version = 41; version <= 60; version++)
		unit_put("other", version, 9000);
}

static void
arenas_that_go_meanwhile_are_copied(void **state)
{
	struct bc_copy_options options = BC_COPY_OPTIONS_INIT;
	struct bc_copy_report report;
	uint64_t arenas;
	unsigned calls = 0;
	struct bc_error err;

	(void)state;
	restart();
	for (uint64_t version = 1; version <= 40; version++)
		commit_put(fixture.cache, version);
	arenas = unit_stats().arenas;
	assert_true(arenas > 1);
	options.progress = remove_all;
	options.context = &calls;
	assert_status(
		bc_copy(fixture.cache, copy_target, &options, &report, &err),
		BC_OK, &err);
	assert_int_equal(report.arenas, arenas);
	expect_miss(fixture.cache, "key/3", BC_MISS_ABSENT);
	assert_int_equal(commit_shown(copy_target), 40);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, copy_setup, copy_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_copy_is_the_cache_as_it_was),
		TEST(arenas_of_a_copy_are_cleaned),
		TEST(an_empty_cache_is_copied),
		TEST(an_empty_directory_is_taken_over_and_others_are_not),
		TEST(a_link_is_not_followed),
		TEST(it_is_frozen_if_asked_for_and_thawed_else),
		TEST(a_copy_of_a_scratch_cache_stays),
		TEST(what_is_damaged_is_damaged_in_the_copy),
		TEST(wrong_options_are_refused),
		TEST(progress_ends_with_all_of_it),
		TEST(it_shows_one_moment_while_others_write),
		TEST(arenas_that_go_meanwhile_are_copied),
	};

	return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}

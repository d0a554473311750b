/* SPDX-License-Identifier: MIT */
/*
 * test_freeze.c - caches that nobody changes until they are thawed.
 */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "create.h"
#include "fault/shim.h"
#include "freeze.h"

#define ROWS 3000

static const char *const keys[] = { "a", "b", "inline" };

static void
fill(void)
{
	unit_put("a", 1, ROWS);
	unit_put("b", 2, ROWS);
	unit_put("inline", 3, 2);
}

static void
check(struct bc_cache *cache)
{
	for (unsigned i = 0; i < 3; i++)
		expect_hit(cache, keys[i], i + 1);
}

static void
freeze(void)
{
	struct bc_error err;

	assert_status(bc_freeze(fixture.cache, &err), BC_OK, &err);
}

static void
thaw(void)
{
	struct bc_error err;

	assert_status(bc_thaw(fixture.dir.cache, NULL, &err), BC_OK, &err);
}

static void
expect_frozen(struct bc_cache *cache)
{
	struct bc_error err;

	assert_status(test_put(cache, "new", 1, UNIT_SEED, &err), BC_READONLY,
	              &err);
	require(strstr(err.message, "frozen") != NULL);
	assert_status(bc_remove(cache, "a", &err), BC_READONLY, &err);
	assert_status(bc_sync(cache, &err), BC_READONLY, &err);
}

/* What can be told of the files of a cache. */
static void
add_file(void *context, const char *path)
{
	uint64_t *sum = context;
	struct stat st;

	require(stat(path, &st) == 0);
	*sum = test_mix(*sum, st.st_ino ^ (uint64_t)st.st_size);
	*sum = test_mix(*sum, (uint64_t)st.st_mtim.tv_nsec ^
	                              (uint64_t)st.st_ctim.tv_nsec);
}

static uint64_t
files(void)
{
	uint64_t sum = 0;

	test_walk(fixture.dir.cache, add_file, &sum);
	return sum;
}

/* ---- one process ------------------------------------------------------- */

static void
nobody_writes_until_it_is_thawed(void **state)
{
	struct bc_config config;
	struct bc_error err;

	(void)state;
	fill();
	freeze();
	freeze();
	expect_frozen(fixture.cache); /* It was open before. */
	check(fixture.cache);
	unit_reopen(NULL);
	expect_frozen(fixture.cache);
	check(fixture.cache);
	freeze();
	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	assert_int_equal(config.frozen, 1);
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_READONLY,
	              &err);
	assert_int_equal(unit_stats().read_only, 1);
	assert_int_equal(unit_stats().guarded, 0);
	assert_int_equal(fixture.events[BC_EVENT_GUARDED], 0);
	bc_close(fixture.cache);
	thaw();
	thaw();
	fixture.cache = unit_open(NULL);
	check(fixture.cache);
	unit_put("new", 1, ROWS);
	expect_hit(fixture.cache, "new", 1);
	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	assert_int_equal(config.frozen, 0);
}

static void
who_has_it_open_frozen_keeps_it_so(void **state)
{
	struct bc_options options = unit_options();
	struct bc_error err;

	(void)state;
	fill();
	freeze();
	unit_reopen(NULL);
	options.lock_timeout_ms = 20;
	assert_status(bc_thaw(fixture.dir.cache, &options, &err), BC_BUSY,
	              &err);
	check(fixture.cache);
	expect_frozen(fixture.cache);
}

static void
a_handle_to_read_does_not_freeze(void **state)
{
	struct bc_options options = unit_options();
	struct bc_error err;

	(void)state;
	fill();
	options.flags = BC_OPEN_READONLY;
	unit_reopen(&options);
	assert_status(bc_freeze(fixture.cache, &err), BC_READONLY, &err);
	unit_reopen(NULL);
	unit_put("a", 1, ROWS);
}

static void
accesses_are_counted_in_private_memory(void **state)
{
	struct bc_stats stats;
	uint64_t before, access;

	(void)state;
	fill();
	freeze();
	unit_reopen(NULL);
	before = files();
	access = unit_info("a").access_count;
	check(fixture.cache);
	stats = unit_stats();
	assert_int_equal(
		stats.process.hits[BC_WARM] + stats.process.hits[BC_HOT], 3);
	assert_int_equal(unit_info("a").access_count, access);
	bc_close(fixture.cache);
	fixture.cache = NULL;
	assert_int_equal(files(), before);
	thaw();
}

static void
a_scratch_cache_is_kept_while_it_is_frozen(void **state)
{
	struct bc_options options = unit_options();
	char path[TEST_PATH];

	(void)state;
	options.durability = BC_SCRATCH;
	unit_restart(&options);
	fill();
	test_path(path, fixture.dir.cache, "scratch");
	assert_int_equal(access(path, F_OK), 0);
	freeze();
	assert_int_equal(access(path, F_OK), -1);
	bc_close(fixture.cache);
	fault_boot_id("00000000-0000-0000-0000-00000000beef");
	fixture.cache = unit_open(NULL);
	check(fixture.cache);
	bc_close(fixture.cache);
	thaw();
	assert_int_equal(access(path, F_OK), 0);
	fixture.cache = unit_open(NULL);
	check(fixture.cache);
	fault_boot_id(NULL);
}

/* A marker without the setting is wrong, and is removed by the next writer. */
static void
a_marker_alone_means_nothing(void **state)
{
	char path[TEST_PATH];
	struct bc_error err;
	int fd;

	(void)state;
	fill();
	bc_close(fixture.cache);
	fd = open(fixture.dir.cache, O_RDONLY | O_DIRECTORY);
	assert_status(bci_frozen_mark(fd, false, &err), BC_OK, &err);
	close(fd);
	fixture.cache = unit_open(NULL);
	check(fixture.cache);
	unit_put("new", 1, ROWS);
	assert_int_equal(
		access(test_path(path, fixture.dir.cache, "frozen"), F_OK), -1);
}

/* Without the marker the setting holds; it is only read with more effort. */
static void
the_setting_alone_holds(void **state)
{
	char path[TEST_PATH];

	(void)state;
	fill();
	freeze();
	bc_close(fixture.cache);
	test_path(path, fixture.dir.cache, "frozen");
	assert_int_equal(unlink(path), 0);
	fixture.cache = unit_open(NULL);
	check(fixture.cache);
	expect_frozen(fixture.cache);
	freeze(); /* Makes it again. */
	assert_int_equal(access(path, F_OK), 0);
	bc_close(fixture.cache);
	assert_int_equal(unlink(path), 0);
	fault_boot_id("00000000-0000-0000-0000-00000000beef");
	fixture.cache = unit_open(NULL); /* After a reboot, too. */
	check(fixture.cache);
	bc_close(fixture.cache);
	thaw();
	fault_boot_id(NULL);
	fixture.cache = unit_open(NULL);
	check(fixture.cache);
}

/* ---- several processes ------------------------------------------------- */

static void
read_frozen(void *argument)
{
	int *pipes = argument;
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	char byte = 0;

	check(cache);
	expect_frozen(cache);
	require(write(pipes[1], &byte, 1) == 1);
	require(read(pipes[2], &byte, 1) == 1);
	check(cache);
	bc_close(cache);
	require(write(pipes[1], &byte, 1) == 1);
}

static void
thawing_waits_for_readers_of_other_processes(void **state)
{
	struct bc_options options = unit_options();
	int pipes[4];
	struct bc_error err;
	char byte = 0;
	pid_t child;

	(void)state;
	fill();
	freeze();
	bc_close(fixture.cache);
	fixture.cache = NULL;
	assert_int_equal(pipe(pipes) | pipe(pipes + 2), 0);
	child = test_child_start(read_frozen, pipes);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	options.lock_timeout_ms = 20;
	assert_status(bc_thaw(fixture.dir.cache, &options, &err), BC_BUSY,
	              &err);
	assert_non_null(strstr(err.message, "still has it open"));
	assert_int_equal(write(pipes[3], &byte, 1), 1);
	assert_int_equal(test_child_wait(child), 0);
	thaw();
	for (unsigned i = 0; i < 4; i++)
		close(pipes[i]);
}

/* Read the cache where nothing can be written. */
static void
read_on_a_read_only_mount(void *argument)
{
	const char *path = fixture.dir.cache;
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache;
	struct bc_error err;

	(void)argument;
	test_own_mounts();
	if (mount(path, path, NULL, MS_BIND, NULL) != 0 ||
	    mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) !=
	            0)
		_exit(TEST_CHILD_SKIPPED);
	require(open(path, O_TMPFILE | O_RDWR, 0600) < 0);
	/* Guarded lookups would take a file of locks. */
	options.checking = BC_CHECK_ALWAYS;
	assert_status(bc_open(path, &options, &cache, &err), BC_OK, &err);
	check(cache);
	expect_frozen(cache);
	bc_close(cache);
	assert_status(bc_thaw(path, NULL, &err), BC_READONLY, &err);
}

static void
it_is_read_from_a_read_only_mount(void **state)
{
	static const char *const spare[] = { "ledger", "guard.lock",
		                             "arenas.lock", "writer.lock",
		                             "meta.mdb-lock" };
	char path[TEST_PATH];
	int result;

	(void)state;
	fill();
	freeze();
	bc_close(fixture.cache);
	fixture.cache = NULL;
	result = test_child_run(read_on_a_read_only_mount, NULL);
	if (result == TEST_CHILD_SKIPPED)
		test_skip("no mounts of one's own");
	assert_int_equal(result, 0);
	/* Nor are the files needed that only writers use. */
	for (unsigned i = 0; i < 5; i++) {
		test_path(path, fixture.dir.cache, spare[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(test_child_run(read_on_a_read_only_mount, NULL), 0);
	thaw();
	fixture.cache = unit_open(NULL);
	check(fixture.cache);
	unit_put("new", 1, ROWS);
}

/* ---- killed ------------------------------------------------------------ */

static bool thawing;

static void
change_under_fault(void *argument)
{
	struct bc_options options = unit_options();
	struct bc_cache *cache;
	enum bc_status status;
	struct bc_error err;

	if (thawing) {
		fault_arm(argument);
		status = bc_thaw(fixture.dir.cache, &options, &err);
	} else {
		assert_status(
			bc_open(fixture.dir.cache, &options, &cache, &err),
			BC_OK, &err);
		fault_arm(argument);
		status = bc_freeze(cache, &err);
		bc_close(cache);
	}
	fault_disarm();
	require(status == BC_OK || status == err.status);
}

/* Open it as whatever it is now, and bring it to 'frozen' or not. */
static void
check_after(bool frozen)
{
	struct bc_error err;

	fixture.cache = unit_open(NULL);
	check(fixture.cache);
	if (frozen)
		freeze();
	bc_close(fixture.cache);
	fixture.cache = NULL;
	if (!frozen) {
		thaw();
		fixture.cache = unit_open(NULL);
		assert_status(
			test_put(fixture.cache, "new", 1, UNIT_SEED, &err),
			BC_OK, &err);
		bc_close(fixture.cache);
		fixture.cache = NULL;
	}
}

static unsigned
break_everywhere(enum fault_mode mode)
{
	struct fault_plan plan = { .calls = FAULT_IO | FAULT_LOCK,
		                   .mode = mode,
		                   .error = 5 };
	unsigned broken = 0;
	int result;

	for (plan.at = 1;; plan.at++) {
		check_after(thawing);
		result = test_child_run(change_under_fault, &plan);
		if (mode == FAULT_KILL && result == 0)
			break; /* There are no more calls. */
		if (mode == FAULT_FAIL && plan.at == 60)
			break;
		assert_int_equal(result, mode == FAULT_KILL
		                                 ? TEST_CHILD_SIGNAL + SIGKILL
		                                 : 0);
		broken++;
		check_after(thawing);
	}
	return broken;
}

static void
a_kill_or_a_failure_at_any_call_harms_nothing(void **state)
{
	(void)state;
	fill();
	bc_close(fixture.cache);
	fixture.cache = NULL;
	for (int i = 0; i < 2; i++) {
		thawing = i == 1;
		assert_true(break_everywhere(FAULT_KILL) > 8);
		assert_true(break_everywhere(FAULT_FAIL) > 8);
	}
	check_after(false);
	fixture.cache = unit_open(NULL);
	check(fixture.cache);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(nobody_writes_until_it_is_thawed),
		TEST(who_has_it_open_frozen_keeps_it_so),
		TEST(a_handle_to_read_does_not_freeze),
		TEST(accesses_are_counted_in_private_memory),
		TEST(a_scratch_cache_is_kept_while_it_is_frozen),
		TEST(a_marker_alone_means_nothing),
		TEST(the_setting_alone_holds),
		TEST(thawing_waits_for_readers_of_other_processes),
		TEST(it_is_read_from_a_read_only_mount),
		TEST(a_kill_or_a_failure_at_any_call_harms_nothing),
	};

	return cmocka_run_group_tests_name("freeze", tests, NULL, NULL);
}

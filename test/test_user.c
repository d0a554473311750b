/* SPDX-License-Identifier: MIT */
/*
 * test_user.c - other users, groups, and file systems that cannot be written.
 */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/oracle.h"
#include "fault/shim.h"

#define SEED 19
#define STRANGER 65534
#define TEAM 4242

static struct test_dir dir;

static int
setup(void **state)
{
	(void)state;
	test_dir_make(&dir);
	assert_int_equal(chmod(dir.path, 0755), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	test_dir_remove(&dir);
	return 0;
}

static void
make_cache(unsigned flags)
{
	struct bc_cache *cache = test_create(dir.cache, flags, SEED);
	struct bc_error err;

	assert_status(test_put_rows(cache, "small", 1, SEED, 8, &err), BC_OK,
	              &err);
	bc_close(cache);
}

/* ------------------------------------------------------------------------ */
/*  Users                                                                   */
/* ------------------------------------------------------------------------ */

/* Opens with and without creating: refused with the path, nothing made. */
static void
stranger_is_refused(void *unused)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;
	enum bc_status status;
	char below[TEST_PATH];

	(void)unused;
	test_become(STRANGER, STRANGER, STRANGER);
	status = bc_open(dir.cache, NULL, &cache, &err);
	require(status == BC_DENIED || status == BC_UNSAFE);
	require(strstr(err.message, dir.cache) != NULL);
	options.flags = BC_OPEN_CREATE;
	status = bc_open(dir.cache, &options, &cache, &err);
	require(status == BC_DENIED || status == BC_UNSAFE);
	status = bc_open(test_path(below, dir.path, "new"), &options, &cache,
	                 &err);
	assert_status(status, BC_DENIED, &err);
	require(strstr(err.message, below) != NULL);
	require(cache == NULL);
}

static void
count_files(void *context, const char *path)
{
	(void)path;
	(*(unsigned *)context)++;
}

static void
another_user_is_refused_and_leaves_nothing(void **state)
{
	unsigned before = 0, after = 0;
	int code;

	(void)state;
	make_cache(0);
	test_walk(dir.path, count_files, &before);
	code = test_child_run(stranger_is_refused, NULL);
	if (code == TEST_CHILD_SKIPPED)
		test_skip("may not become another user");
	assert_int_equal(code, 0);
	test_walk(dir.path, count_files, &after);
	assert_int_equal(before, after);
}

static void
creator_with_umask(void *unused)
{
	(void)unused;
	umask(0);
	make_cache(0);
}

static void
private_mode(void *context, const char *path)
{
	struct stat status;

	(void)context;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void
h17_files_are_private_whatever_the_umask(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(test_child_run(creator_with_umask, NULL), 0);
	assert_int_equal(stat(dir.cache, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	test_walk(dir.cache, private_mode, NULL);
}

static void
team_mode(void *context, const char *path)
{
	struct stat status;

	(void)context;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	assert_int_equal(status.st_gid, TEAM);
}

static void
member_reads_and_writes(void *unused)
{
	struct bc_cache *cache;
	struct bc_error err;

	(void)unused;
	test_become(STRANGER, STRANGER, TEAM);
	cache = test_open(dir.cache, 0);
	require(test_get(cache, "a", SEED) == 1);
	require(test_get(cache, "small", SEED) == 1);
	assert_status(test_put_rows(cache, "a", 2, SEED, 9000, &err), BC_OK,
	              &err);
	require(test_get(cache, "a", SEED) == 2);
	bc_close(cache);
}

/* Readers need to write to LMDB's lock file, so a group has all or nothing. */
static void
h17_a_group_cache_serves_its_group_and_nobody_else(void **state)
{
	struct bc_cache *cache;
	int code;

	(void)state;
	if (geteuid() != 0)
		test_skip("may not become another user");
	assert_int_equal(chown(dir.path, 0, TEAM), 0);
	assert_int_equal(chmod(dir.path, 02755), 0);
	make_cache(BC_OPEN_GROUP);
	test_walk(dir.cache, team_mode, NULL);
	code = test_child_run(member_reads_and_writes, NULL);
	assert_int_equal(code, 0);
	test_walk(dir.cache, team_mode, NULL);
	assert_int_equal(test_child_run(stranger_is_refused, NULL), 0);
	cache = test_open(dir.cache, 0); /* And the owner after the member. */
	assert_int_equal(test_get(cache, "a", SEED), 2);
	bc_close(cache);
}

/* ------------------------------------------------------------------------ */
/*  Read-only file systems                                                  */
/* ------------------------------------------------------------------------ */

struct shared {
	struct oracle_progress progress;
	_Atomic bool done;
	_Atomic bool reading;
};

static struct shared *shared;

static struct oracle
live_oracle(void)
{
	struct oracle oracle = { .path = dir.cache, .name = "oracle",
		                 .seed = 1234, .progress = &shared->progress };

	return oracle;
}

/* The same directory at the same path, read-only for this process. */
static void
mount_read_only(void)
{
	test_own_mounts();
	if (mount(dir.path, dir.path, NULL, MS_BIND, NULL) != 0 ||
	    mount(NULL, dir.path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY,
	          NULL) != 0)
		_exit(TEST_CHILD_SKIPPED);
}

static void
changes_are_refused(struct bc_cache *cache)
{
	struct bc_config config;
	struct bc_error err;
	struct bc_stats stats;

	assert_status(test_put_rows(cache, "a", 9, SEED, 300, &err),
	              BC_READONLY, &err);
	assert_status(bc_remove(cache, "a", &err), BC_READONLY, &err);
	assert_status(bc_sync(cache, &err), BC_READONLY, &err);
	assert_status(bc_config_get(cache, &config, &err), BC_OK, &err);
	assert_status(bc_config_set(cache, &config, &err), BC_READONLY, &err);
	assert_status(bc_stats(cache, &stats, &err), BC_OK, &err);
	require(stats.entries >= 2);
}

static void
read_what_cannot_be_written(void *unused)
{
	struct bc_verify_report report;
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_stats stats;
	struct bc_error err;
	char below[TEST_PATH];

	(void)unused;
	mount_read_only();
	cache = test_open(dir.cache, 0);
	require(test_get(cache, "a", SEED) == 1);
	require(test_get(cache, "small", SEED) == 1);
	changes_are_refused(cache);
	assert_status(bc_stats(cache, &stats, &err), BC_OK, &err);
	require(stats.read_only == 1 && stats.guarded == 1);
	assert_status(bc_verify(cache, NULL, NULL, NULL, &report, &err), BC_OK,
	              &err);
	bc_close(cache);
	options.flags = BC_OPEN_CREATE;
	assert_status(bc_open(test_path(below, dir.path, "new"), &options,
	                      &cache, &err), BC_READONLY, &err);
	require(cache == NULL);
}

static void
a_read_only_mount_is_read_and_not_written(void **state)
{
	int code;

	(void)state;
	make_cache(0);
	code = test_child_run(read_what_cannot_be_written, NULL);
	if (code == TEST_CHILD_SKIPPED)
		test_skip("may not mount a file system");
	assert_int_equal(code, 0);
}

static void
guarded_reader(void *unused)
{
	struct oracle oracle = live_oracle();
	struct bc_cache *cache;
	uint64_t i;

	(void)unused;
	mount_read_only();
	cache = test_open(dir.cache, 0);
	atomic_store(&shared->reading, true);
	for (i = 0; !atomic_load(&shared->done); i++)
		require(oracle_read(&oracle, cache,
		                    (unsigned)(i % ORACLE_KEYS)) ==
		        ORACLE_RIGHT);
	require(i > 0);
	bc_close(cache);
}

/*
 * LMDB gives a reader on a read-only file system no slot, so the writer would
 * reuse the pages that it reads.
 */
static void
a_reader_on_a_read_only_mount_is_safe_from_the_writer(void **state)
{
	struct bc_cache *cache;
	struct oracle oracle;
	struct bc_error err;
	pid_t reader;
	unsigned i;

	(void)state;
	shared = test_shared(sizeof(*shared));
	make_cache(0);
	reader = test_child_start(guarded_reader, NULL);
	oracle = live_oracle();
	cache = test_open(dir.cache, 0);
	for (i = 0; i < 400; i++)
		assert_status(oracle_step(&oracle, cache, &err), BC_OK, &err);
	for (i = 0; !atomic_load(&shared->reading) && i < 5000; i++)
		test_sleep_ms(1);
	for (i = 0; i < 100; i++)
		assert_status(oracle_step(&oracle, cache, &err), BC_OK, &err);
	atomic_store(&shared->done, true);
	bc_close(cache);
	i = (unsigned)test_child_wait(reader);
	if (i == TEST_CHILD_SKIPPED)
		test_skip("may not mount a file system");
	assert_int_equal(i, 0);
}

/* Stops while it holds the lock that keeps writers from committing. */
static void
guarded_reader_that_stops(void *unused)
{
	struct fault_plan plan = { .calls = FAULT_LMDB, .at = 2,
		                   .mode = FAULT_STOP };
	struct bc_cache *cache;

	(void)unused;
	mount_read_only();
	cache = test_open(dir.cache, 0);
	require(test_get(cache, "a", SEED) == 1);
	fault_arm(&plan); /* The renewal, then the lookup. */
	require(test_get(cache, "a", SEED) == 1);
	require(fault_fired());
	bc_close(cache);
}

static void
h14_a_stopped_guarded_reader_makes_writers_busy(void **state)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;
	pid_t reader;
	int status;

	(void)state;
	make_cache(0);
	reader = test_child_start(guarded_reader_that_stops, NULL);
	assert_int_equal(waitpid(reader, &status, WUNTRACED), reader);
	if (WIFEXITED(status) && WEXITSTATUS(status) == TEST_CHILD_SKIPPED)
		test_skip("may not mount a file system");
	assert_true(WIFSTOPPED(status));
	options.lock_timeout_ms = 150;
	assert_status(bc_open(dir.cache, &options, &cache, &err), BC_OK, &err);
	assert_status(test_put_rows(cache, "a", 2, SEED, 300, &err), BC_BUSY,
	              &err);
	assert_int_equal(test_get(cache, "a", SEED), 1);
	kill(reader, SIGCONT);
	assert_int_equal(test_child_wait(reader), 0);
	assert_status(test_put_rows(cache, "a", 2, SEED, 300, &err), BC_OK,
	              &err);
	assert_int_equal(test_get(cache, "a", SEED), 2);
	bc_close(cache);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(another_user_is_refused_and_leaves_nothing),
		TEST(h17_files_are_private_whatever_the_umask),
		TEST(h17_a_group_cache_serves_its_group_and_nobody_else),
		TEST(a_read_only_mount_is_read_and_not_written),
		TEST(h14_a_stopped_guarded_reader_makes_writers_busy),
		TEST(a_reader_on_a_read_only_mount_is_safe_from_the_writer),
	};

	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}

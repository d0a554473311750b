/* SPDX-License-Identifier: MIT */
/*
 * test_copy_failure.c - copies that are killed, fail, or do not fit.
 */
#include "copy_unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault/shim.h"

/* ---- killed, failing, full --------------------------------------------- */

static void
copy_under_fault(void *argument)
{
	struct bc_copy_options options = BC_COPY_OPTIONS_INIT;
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	enum bc_status status;
	struct bc_error err;

	options.flags = BC_COPY_FREEZE;
	fault_arm(argument);
	status = bc_copy(cache, copy_target, &options, NULL, &err);
	fault_disarm();
	bc_close(cache);
	_exit(status == BC_OK ? 0 : 1);
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/*
 * Break a copy at each of its calls.  There is either no copy or all of it; and
 * one that comes after it clears up and works.
 */
static unsigned
break_everywhere(unsigned calls, enum fault_mode mode, int error)
{
	struct fault_plan plan = { .calls = calls,
		                   .mode = mode,
		                   .error = error };
	char left[TEST_PATH];
	unsigned broken = 0;
	int result;

	test_path(left, fixture.dir.path, "copy.copying");
	for (plan.at = 1;; plan.at++) {
		test_remove_tree(copy_target);
		result = test_child_run(copy_under_fault, &plan);
		if (result == 0 && mode != FAULT_FAIL)
			break;
		if (mode == FAULT_FAIL && plan.at > 250)
			break;
		require(mode == FAULT_FAIL
		                ? result == 0 || result == 1
		                : result == TEST_CHILD_SIGNAL + SIGKILL);
		broken += result != 0;
		if (is_there(copy_target))
			require(commit_shown(copy_target) == 6);
		else if (plan.at % 7 == 0) {
			(void)copy_with(BC_COPY_FREEZE);
			require(commit_shown(copy_target) == 6);
			require(!is_there(left));
		}
		if (mode == FAULT_FAIL)
			require(!is_there(left) || result == 1);
	}
	return broken;
}

static void
fill_small(void)
{
	struct bc_options options = unit_options();

	unit_restart(&options);
	for (uint64_t version = 1; version <= 6; version++)
		commit_put(fixture.cache, version);
	assert_status(bc_sync(fixture.cache, NULL), BC_OK, NULL);
}

static void
a_kill_at_any_call_leaves_no_copy_or_all_of_it(void **state)
{
	(void)state;
	fill_small();
	assert_true(break_everywhere(FAULT_IO, FAULT_KILL, 0) > 40);
	assert_true(break_everywhere(FAULT_WRITE, FAULT_TORN, 0) > 3);
	assert_int_equal(commit_shown(fixture.dir.cache), 6);
}

static void
a_failure_of_any_call_leaves_no_copy_or_all_of_it(void **state)
{
	(void)state;
	fill_small();
	assert_true(break_everywhere(FAULT_IO, FAULT_FAIL, EIO) > 20);
	assert_true(break_everywhere(FAULT_IO, FAULT_FAIL, ENOSPC) > 20);
	assert_int_equal(commit_shown(fixture.dir.cache), 6);
}

static void
copy_by_hand(void *argument)
{
	struct fault_plan plan = { .calls = FAULT_WRITE,
		                   .mode = FAULT_FAIL,
		                   .error = EXDEV,
		                   .at = 1,
		                   .repeat = false };
	char *path = copy_target;

	(void)argument;
	/* Find the first call of copy_file_range() by what does not work. */
	for (plan.at = 1; plan.at < 60; plan.at++) {
		struct bc_cache *cache = test_open(fixture.dir.cache, 0);
		enum bc_status status;
		struct bc_error err;

		test_remove_tree(path);
		fault_arm(&plan);
		status = bc_copy(cache, path, NULL, NULL, &err);
		fault_disarm();
		bc_close(cache);
		if (status == BC_OK)
			require(commit_shown(path) == 6);
	}
}

static void
bytes_pass_through_a_buffer_where_files_cannot_be_cloned(void **state)
{
	(void)state;
	fill_small();
	assert_int_equal(test_child_run(copy_by_hand, NULL), 0);
}

static void
fill_page(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	require(fd >= 0);
	require(posix_fallocate(fd, 0, 4096) == 0);
	close(fd);
}

static void
copy_to_a_small_disk(void *argument)
{
	const unsigned long *kib = argument;
	char options[64], path[TEST_PATH], left[TEST_PATH];
	struct bc_cache *cache;
	enum bc_status status;
	struct bc_error err;

	test_own_mounts();
	snprintf(options, sizeof(options), "size=%luk,mode=0700", *kib);
	if (mount("tmpfs", copy_target, "tmpfs", 0, options) != 0)
		_exit(TEST_CHILD_SKIPPED);
	if (*kib == 4) /* No room even for the lock. */
		fill_page(test_path(path, copy_target, "filler"));
	test_path(path, copy_target, "copy");
	cache = test_open(fixture.dir.cache, 0);
	status = bc_copy(cache, path, NULL, NULL, &err);
	if (status == BC_OK) {
		bc_close(cache);
		_exit(1);
	}
	assert_status(status, BC_NOSPACE, &err);
	require(!is_there(path));
	test_path(left, copy_target, "copy.copying");
	require(!is_there(left));
	bc_close(cache);
}

static void
a_full_disk_leaves_nothing(void **state)
{
	unsigned long kib;
	unsigned full = 0;
	int result = 0;

	(void)state;
	fill_small();
	assert_int_equal(mkdir(copy_target, 0700), 0);
	for (kib = 4; result != 1 && kib < 1 << 20; kib += kib / 2) {
		result = test_child_run(copy_to_a_small_disk, &kib);
		if (result == TEST_CHILD_SKIPPED)
			test_skip("no mounts of one's own");
		require(result == 0 || result == 1);
		full += result == 0;
	}
	assert_int_equal(result, 1); /* In the end it fits. */
	assert_true(full > 4);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, copy_setup, copy_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_kill_at_any_call_leaves_no_copy_or_all_of_it),
		TEST(a_failure_of_any_call_leaves_no_copy_or_all_of_it),
		TEST(bytes_pass_through_a_buffer_where_files_cannot_be_cloned),
		TEST(a_full_disk_leaves_nothing),
	};

	return cmocka_run_group_tests_name("copy_failure", tests, NULL, NULL);
}

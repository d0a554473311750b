/* SPDX-License-Identifier: MIT */
/*
 * test_swap.c - a stranger who swaps what a path leads over, again and again,
 * while the owner of a cache opens it by that path.
 *
 * The stranger owns a directory on the way.  Whatever the moment, nothing may
 * be made or changed where his links lead.
 */
#include "fault/lab.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEED 31
#define STRANGER 65534
#define USUAL 300

static struct test_dir dir;
static char his[TEST_PATH], outside[TEST_PATH];

struct shared {
	_Atomic uint64_t swaps;
	_Atomic bool done;
};

static struct shared *shared;

static int
setup(void **state)
{
	char path[TEST_PATH];
	FILE *file;

	(void)state;
	test_dir_make(&dir);
	shared = test_shared(sizeof(*shared));
	assert_int_equal(chmod(dir.path, 0755), 0);
	assert_int_equal(mkdir(test_path(his, dir.path, "his"), 0755), 0);
	assert_int_equal(mkdir(test_path(outside, dir.path, "outside"), 0755),
	                 0);
	file = fopen(test_path(path, outside, "victim"), "we");
	assert_non_null(file);
	fputs("victim", file);
	assert_int_equal(fclose(file), 0);
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
swap_for_ever(void *unused)
{
	char one[TEST_PATH], other[TEST_PATH];

	(void)unused;
	test_path(one, his, "way");
	test_path(other, his, "link");
	test_become(STRANGER, STRANGER, STRANGER);
	while (!atomic_load(&shared->done)) {
		if (renameat2(AT_FDCWD, one, AT_FDCWD, other,
		              RENAME_EXCHANGE) != 0)
			_exit(TEST_CHILD_SKIPPED);
		atomic_fetch_add(&shared->swaps, 1);
	}
}

/* Outside there is what there was. */
static void
check_outside(void)
{
	char path[TEST_PATH], text[8] = "";
	struct stat st;
	FILE *file = fopen(test_path(path, outside, "victim"), "re");

	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text), file), 6);
	assert_memory_equal(text, "victim", 6);
	fclose(file);
	assert_int_equal(stat(outside, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_nlink, 2); /* No directory was made there. */
}

/* Whether it has, be it waited for or not. */
static bool
has_ended(pid_t child)
{
	siginfo_t info = { .si_pid = 0 };

	assert_int_equal(
		waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT),
		0);
	return info.si_pid != 0;
}

/* Open by 'path' while it is swapped; some must work and some be refused. */
static void
open_again_and_again(const char *path)
{
	uint64_t opened = 0, refused = 0, trials = lab_part(USUAL, 2 * USUAL);
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;
	pid_t child;
	int code;

	options.flags = BC_OPEN_CREATE;
	assert_status(bc_open(path, &options, &cache, &err), BC_OK, &err);
	assert_status(test_put_rows(cache, "a", 1, SEED, 30, &err), BC_OK,
	              &err);
	bc_close(cache);
	child = test_child_start(swap_for_ever, NULL);
	while (atomic_load(&shared->swaps) == 0 && !has_ended(child))
		test_sleep_ms(1);
	while ((opened + refused < trials || opened == 0 || refused == 0) &&
	       lab_in_time() && !has_ended(child)) {
		enum bc_status status = bc_open(path, &options, &cache, &err);

		lab_trials(1);

		if (status == BC_OK) {
			opened++;
			bc_close(cache);
		} else {
			refused++;
			assert_status(status, BC_UNSAFE, &err);
		}
	}
	atomic_store(&shared->done, true);
	code = test_child_wait(child);
	if (code == TEST_CHILD_SKIPPED) {
		lab_skip("names cannot be exchanged here");
		test_skip("names cannot be exchanged here");
	}
	assert_int_equal(code, 0);
	/* On a busy host there may have been no time to meet both. */
	assert_true(lab_is_on() || (opened != 0 && refused != 0));
	lab_note("%llu opened, %llu refused", (unsigned long long)opened,
	         (unsigned long long)refused);
	check_outside();
}

static void
link_outside(void)
{
	char path[TEST_PATH];

	assert_int_equal(symlink(outside, test_path(path, his, "link")), 0);
	assert_int_equal(lchown(path, STRANGER, STRANGER), 0);
	assert_int_equal(chown(his, STRANGER, STRANGER), 0);
}

static void
h16_a_directory_on_the_way_is_swapped_for_a_link(void **state)
{
	char way[TEST_PATH], path[TEST_PATH];

	(void)state;
	if (geteuid() != 0) {
		lab_skip("may not be another user");
		test_skip("may not be another user");
	}
	assert_int_equal(mkdir(test_path(way, his, "way"), 0755), 0);
	assert_int_equal(chown(way, STRANGER, STRANGER), 0);
	link_outside();
	open_again_and_again(test_path(path, way, "cache"));
}

static void
h16_the_directory_of_the_cache_is_swapped_for_a_link(void **state)
{
	char way[TEST_PATH];

	(void)state;
	if (geteuid() != 0)
		test_skip("may not be another user");
	assert_int_equal(mkdir(test_path(way, his, "way"), 0700), 0);
	link_outside();
	open_again_and_again(way);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(h16_a_directory_on_the_way_is_swapped_for_a_link),
		TEST(h16_the_directory_of_the_cache_is_swapped_for_a_link),
	};

	return LAB_MAIN(argc, argv, "swap", tests);
}

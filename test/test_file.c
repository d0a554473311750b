/* SPDX-License-Identifier: MIT */
/*
 * test_file.c - files that are what they seem, and are made with the modes they
 * should have.
 */
#include "dir_unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define STRANGER 65534
#define TEAM 4242

static void
make_file(const char *name)
{
	struct bc_error err;
	int fd = -1;

	assert_status(bci_file_create(dir_fd, name, false, &fd, &err), BC_OK,
	              &err);
	bci_file_close(&fd);
}

static unsigned
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777u;
}

/* Opening 'name' must fail so and leave no descriptor. */
static void
refuse(const char *name, enum bc_status expected)
{
	unsigned before = test_open_files();
	struct bc_error err;
	int fd = 5;

	assert_status(bci_file_open(dir_fd, name, O_RDWR, &fd, &err), expected,
	              &err);
	assert_int_equal(fd, -1);
	assert_non_null(strstr(err.message, name));
	assert_status(bci_file_open(dir_fd, name, O_RDONLY, &fd, NULL),
	              expected, NULL);
	assert_status(bci_file_ensure(dir_fd, name, false, 100, &fd, &err),
	              expected == BC_ABSENT ? BC_OK : expected, &err);
	bci_file_close(&fd);
	assert_int_equal(test_open_files(), before);
}

static void
what_is_no_plain_file_is_refused(void **state)
{
	(void)state;
	make_file("target");
	assert_int_equal(symlinkat("target", dir_fd, "link"), 0);
	assert_int_equal(symlinkat("nowhere", dir_fd, "dangling"), 0);
	assert_int_equal(mkfifoat(dir_fd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(dir_fd, "directory", 0700), 0);
	refuse("link", BC_UNSAFE);
	refuse("dangling", BC_UNSAFE);
	refuse("fifo", BC_UNSAFE); /* and does not wait for a writer */
	refuse("directory", BC_UNSAFE);
	assert_int_equal(faccessat(dir_fd, "nowhere", F_OK, 0), -1);
}

static void
a_file_with_two_names_is_refused(void **state)
{
	struct bc_error err;
	int fd = -1;

	(void)state;
	make_file("one");
	assert_int_equal(linkat(dir_fd, "one", dir_fd, "two", 0), 0);
	refuse("one", BC_UNSAFE);
	refuse("two", BC_UNSAFE);
	assert_int_equal(unlinkat(dir_fd, "two", 0), 0);
	assert_status(bci_file_open(dir_fd, "one", O_RDWR, &fd, &err), BC_OK,
	              &err);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	bci_file_close(&fd);
	assert_int_equal(fd, -1);
	bci_file_close(&fd); /* Once more is nothing. */
}

static void
an_absent_file_is_absent_until_it_is_ensured(void **state)
{
	(void)state;
	refuse("file", BC_ABSENT); /* which ensures it in the end */
	assert_int_equal(mode_of("file"), 0600);
}

static void
ensuring_allocates_and_keeps_what_is_there(void **state)
{
	struct bc_error err;
	struct stat st;
	char text[5] = "";
	int fd = -1;

	(void)state;
	assert_status(bci_file_ensure(dir_fd, "file", false, 10000, &fd, &err),
	              BC_OK, &err);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 10000);
	assert_true(st.st_blocks * 512 >= 10000); /* Not sparse. */
	assert_status(bci_file_write(fd, "bars", 4, 9000, &err), BC_OK, &err);
	bci_file_close(&fd);
	assert_status(bci_file_ensure(dir_fd, "file", false, 9999, &fd, &err),
	              BC_OK, &err);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 10000);
	assert_int_equal(bci_file_read(fd, text, 4, 9000), 4);
	assert_string_equal(text, "bars");
	assert_int_equal(bci_file_read(fd, text, 4, 9998), 2);
	assert_int_equal(bci_file_read(fd, text, 4, 10000), 0);
	bci_file_close(&fd);
}

static void
allocation_reserves_blocks_in_a_hole(void **state)
{
	struct bc_error err;
	struct stat st;
	int fd = -1;

	(void)state;
	assert_status(bci_file_create(dir_fd, "file", false, &fd, &err), BC_OK,
	              &err);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_status(bci_file_allocate(fd, 1 << 16, 1 << 16, &err), BC_OK,
	              &err);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 1 << 20);
	assert_true(st.st_blocks * 512 >= 1 << 16);
	assert_true(st.st_blocks * 512 < 1 << 19);
	bci_file_close(&fd);
	assert_int_not_equal(bci_file_allocate(fd, 0, 10, &err), BC_OK);
	assert_int_equal(err.os_errno, EBADF);
	assert_int_not_equal(bci_file_write(fd, "x", 1, 0, &err), BC_OK);
	assert_int_equal(bci_file_read(fd, &st, 1, 0), -1);
}

static void
creating_again_is_refused(void **state)
{
	struct bc_error err;
	int fd = -1;

	(void)state;
	make_file("file");
	assert_int_not_equal(bci_file_create(dir_fd, "file", false, &fd, &err),
	                     BC_OK);
	assert_int_equal(err.os_errno, EEXIST);
	assert_int_equal(fd, -1);
}

static void
modes_do_not_depend_on_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };
	struct bc_error err;
	mode_t old = umask(0);
	int fd = -1;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		umask(masks[i]);
		make_file("own");
		assert_int_equal(mode_of("own"), 0600);
		assert_status(
			bci_file_create(dir_fd, "shared", true, &fd, &err),
			BC_OK, &err);
		bci_file_close(&fd);
		assert_int_equal(mode_of("shared"), 0660);
		unlinkat(dir_fd, "own", 0);
		unlinkat(dir_fd, "shared", 0);
	}
	umask(old);
}

/* LMDB walks over what it finds: nobody else may have written it. */
static void
a_file_that_everybody_may_write_is_refused(void **state)
{
	struct bc_error err;
	int fd = -1;

	(void)state;
	make_file("file");
	assert_int_equal(fchmodat(dir_fd, "file", 0602, 0), 0);
	refuse("file", BC_UNSAFE);
	assert_int_equal(fchmodat(dir_fd, "file", 0664, 0), 0);
	assert_status(bci_file_open(dir_fd, "file", O_RDWR, &fd, &err), BC_OK,
	              &err);
	bci_file_close(&fd);
}

/* Unless both belong to a group that shares the directory. */
static void
a_file_of_another_user_is_refused(void **state)
{
	struct bc_error err;
	int fd = -1;

	(void)state;
	if (geteuid() != 0)
		test_skip("may not give a file away");
	make_file("file");
	assert_int_equal(fchownat(dir_fd, "file", STRANGER, TEAM, 0), 0);
	refuse("file", BC_UNSAFE);
	assert_int_equal(fchown(dir_fd, 0, TEAM), 0);
	assert_int_equal(fchmod(dir_fd, 0770), 0);
	refuse("file", BC_UNSAFE);
	assert_int_equal(fchmod(dir_fd, 02770), 0);
	assert_status(bci_file_open(dir_fd, "file", O_RDWR, &fd, &err), BC_OK,
	              &err);
	bci_file_close(&fd);
	assert_int_equal(fchownat(dir_fd, "file", STRANGER, TEAM + 1, 0), 0);
	refuse("file", BC_UNSAFE);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, dir_setup, dir_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_no_plain_file_is_refused),
		TEST(a_file_with_two_names_is_refused),
		TEST(an_absent_file_is_absent_until_it_is_ensured),
		TEST(ensuring_allocates_and_keeps_what_is_there),
		TEST(allocation_reserves_blocks_in_a_hole),
		TEST(creating_again_is_refused),
		TEST(modes_do_not_depend_on_the_umask),
		TEST(a_file_that_everybody_may_write_is_refused),
		TEST(a_file_of_another_user_is_refused),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}

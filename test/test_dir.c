/* SPDX-License-Identifier: MIT */
/*
 * test_dir.c - directories of caches: the way to them, whose they are, what
 * modes they are made with.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "dir.h"
#include "file.h"

#define STRANGER 65534
#define TEAM 4242
#define NFS 0x6969

static struct test_dir dir;
static int dir_fd;

/* What fstatfs() says that every file system is; 0: what it is. */
static long pretended_type;

/* In place of the C library's, for the library under test. */
int
fstatfs(int fd, struct statfs *fs)
{
	long result = syscall(SYS_fstatfs, fd, fs);

	if (result == 0 && pretended_type != 0)
		fs->f_type = pretended_type;
	return (int)result;
}

static int
setup(void **state)
{
	(void)state;
	test_dir_make(&dir);
	dir_fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir_fd >= 0);
	pretended_type = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(dir_fd);
	test_dir_remove(&dir);
	return 0;
}

static void
make_dir(const char *name, mode_t mode)
{
	require(mkdirat(dir_fd, name, 0700) == 0);
	require(fchmodat(dir_fd, name, mode, 0) == 0);
}

/* Opening a path below the directory of the test ends so, leaving nothing. */
static void
opens(const char *name, const struct bci_dir_options *options,
      enum bc_status expected)
{
	unsigned before = test_open_files();
	struct bc_error err;
	char path[TEST_PATH];
	int fd = 5;

	assert_status(bci_dir_open(test_path(path, dir.path, name), options,
	                           &fd, &err),
	              expected, &err);
	require((fd >= 0) == (expected == BC_OK));
	if (expected != BC_OK)
		require(strstr(err.message, path) != NULL);
	else
		require((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	bci_file_close(&fd);
	require(test_open_files() == before);
}

/* ------------------------------------------------------------------------ */
/*  Modes and owners                                                        */
/* ------------------------------------------------------------------------ */

static unsigned
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777u;
}

static void
make_with_masks(void *unused)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };
	struct bci_dir_options options = { .create = true };
	struct bc_error err;
	size_t i;
	int fd;

	(void)unused;
	for (i = 0; i < 4; i++) {
		umask(masks[i]);
		opens("cache", &options, BC_OK);
		require(mode_of("cache") == 0700);
		assert_status(bci_dir_open(dir.cache, &options, &fd, &err),
		              BC_OK, &err);
		assert_status(bci_dir_make(fd, "warm", false, &err), BC_OK,
		              &err);
		require(mode_of("cache/warm") == 0700);
		assert_status(bci_dir_make(fd, "warm", false, &err), BC_OK,
		              &err);
		assert_status(bci_dir_share(fd, 0, &err), BC_OK, &err);
		require(mode_of("cache") == 02770);
		assert_status(bci_dir_make(fd, "cold", true, &err), BC_OK,
		              &err);
		require(mode_of("cache/cold") == 02770);
		bci_file_close(&fd);
		test_remove_tree(dir.cache);
	}
}

/* A user too, whom a mode that lacks his own bits would keep out. */
static void
make_with_masks_as_a_user(void *unused)
{
	require(fchown(dir_fd, STRANGER, STRANGER) == 0);
	test_become(STRANGER, STRANGER, STRANGER);
	make_with_masks(unused);
}

static void
modes_do_not_depend_on_the_umask(void **state)
{
	(void)state;
	assert_int_equal(test_child_run(make_with_masks, NULL), 0);
	if (geteuid() != 0)
		test_skip("may not become another user");
	assert_int_equal(test_child_run(make_with_masks_as_a_user, NULL), 0);
}

static void
what_others_may_write_is_refused(void **state)
{
	struct bci_dir_options options = { .create = false };

	(void)state;
	make_dir("own", 0755);
	opens("own", &options, BC_OK);
	make_dir("everybodys", 0702);
	opens("everybodys", &options, BC_UNSAFE);
	make_dir("temporary", 01777);
	opens("temporary", &options, BC_UNSAFE);
	make_dir("groups", 0770);
	opens("groups", &options, BC_UNSAFE);
	options.create = true;
	opens("groups", &options, BC_UNSAFE);
	options.group = true; /* It is going to be shared. */
	opens("groups", &options, BC_OK);
	opens("everybodys", &options, BC_UNSAFE);
	options = (struct bci_dir_options){ .create = false };
	make_dir("shared", 02770);
	opens("shared", &options, BC_OK);
}

static void
look_as_a_member(void *unused)
{
	struct bci_dir_options options = { .create = false };

	(void)unused;
	test_become(STRANGER, STRANGER, TEAM);
	opens("shared", &options, BC_UNSAFE);
	opens("private", &options, BC_UNSAFE);
	opens("roots", &options, BC_OK);
	options.group = true;
	opens("shared", &options, BC_OK);
	opens("private", &options, BC_UNSAFE);
}

static void
look_as_a_stranger(void *unused)
{
	struct bci_dir_options options = { .group = true };

	(void)unused;
	test_become(STRANGER, STRANGER, STRANGER);
	opens("shared", &options, BC_UNSAFE);
	opens("private", &options, BC_UNSAFE);
}

/* Root's own as well: the tool does not work on what others may change. */
static void
what_belongs_to_another_user_is_refused(void **state)
{
	struct bci_dir_options options = { .create = false };

	(void)state;
	if (geteuid() != 0)
		test_skip("may not give a directory away");
	assert_int_equal(fchmod(dir_fd, 0755), 0);
	make_dir("roots", 0755);
	make_dir("private", 0755);
	assert_int_equal(fchownat(dir_fd, "private", 1, TEAM, 0), 0);
	make_dir("shared", 0700);
	assert_int_equal(fchownat(dir_fd, "shared", 1, TEAM, 0), 0);
	assert_int_equal(fchmodat(dir_fd, "shared", 02775, 0), 0);
	opens("private", &options, BC_UNSAFE);
	opens("shared", &options, BC_UNSAFE);
	assert_int_equal(test_child_run(look_as_a_member, NULL), 0);
	assert_int_equal(test_child_run(look_as_a_stranger, NULL), 0);
}

static void
share_with_strangers(void *unused)
{
	struct bci_dir_options options = { .create = true };
	struct bc_error err;
	int fd;

	(void)unused;
	require(fchown(dir_fd, STRANGER, STRANGER) == 0);
	test_become(STRANGER, STRANGER, TEAM);
	assert_status(bci_dir_open(dir.cache, &options, &fd, &err), BC_OK,
	              &err);
	assert_status(bci_dir_share(fd, TEAM + 1, &err), BC_DENIED, &err);
	require(mode_of("cache") == 0700);
	assert_status(bci_dir_share(fd, TEAM, &err), BC_OK, &err);
	require(mode_of("cache") == 02770);
	bci_file_close(&fd);
}

static void
a_directory_is_shared_with_a_group_of_ones_own(void **state)
{
	(void)state;
	if (geteuid() != 0)
		test_skip("may not become another user");
	assert_int_equal(test_child_run(share_with_strangers, NULL), 0);
}

static void
a_network_file_system_is_refused_unless_forced(void **state)
{
	struct bci_dir_options options = { .create = false };

	(void)state;
	make_dir("own", 0700);
	opens("own", &options, BC_OK);
	pretended_type = NFS;
	opens("own", &options, BC_UNSAFE);
	options.network = true;
	opens("own", &options, BC_OK);
}

/* ------------------------------------------------------------------------ */
/*  The way                                                                 */
/* ------------------------------------------------------------------------ */

static void
link_to(const char *target, const char *name)
{
	require(symlinkat(target, dir_fd, name) == 0);
}

static void
make_ways(void)
{
	char path[TEST_PATH];
	int fd = openat(dir_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	require(fd >= 0);
	close(fd);
	make_dir("a", 0700);
	make_dir("a/b", 0711);
	make_dir("a/b/c", 0700);
	link_to("a", "link");
	link_to("link/b", "far");
	link_to(test_path(path, dir.path, "far"), "absolute");
	link_to("nowhere", "dangling");
	link_to("round", "about");
	link_to("about", "round");
	link_to("file", "to-file");
}

static void
go_all_ways(void *unused)
{
	static const struct {
		const char *path;
		enum bc_status expected;
	} ways[] = {
		{ "a/b/c", BC_OK },
		{ "a//b/./c/", BC_OK },
		{ "a/b/c/..", BC_OK },
		{ "link/b/c", BC_OK },
		{ "far/c", BC_OK },
		{ "absolute/c", BC_OK },
		{ "absolute/../../link/b/c//", BC_OK },
		{ "link", BC_UNSAFE }, /* A link leads on, but is no end. */
		{ "link/", BC_UNSAFE },
		{ "file", BC_UNSAFE },
		{ "file/c", BC_IO },
		{ "to-file/c", BC_IO },
		{ "a/b/d", BC_ABSENT },
		{ "a/d/c", BC_ABSENT },
		{ "dangling/c", BC_ABSENT },
		{ "round/c", BC_UNSAFE },
	};
	static const struct bci_dir_options options = { .create = false };
	struct bc_error err;
	size_t i;
	int fd;

	(void)unused;
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		opens(ways[i].path, &options, ways[i].expected);
	require(chdir(dir.path) == 0);
	assert_status(bci_dir_open("a", &options, &fd, &err), BC_OK, &err);
	bci_file_close(&fd);
	assert_status(bci_dir_open(".", &options, &fd, &err), BC_OK, &err);
	bci_file_close(&fd);
	assert_status(bci_dir_open("", &options, &fd, &err), BC_ABSENT, &err);
	require(chdir("a/b") == 0);
	assert_status(bci_dir_open("..", &options, &fd, &err), BC_OK, &err);
	bci_file_close(&fd);
	assert_status(bci_dir_open("../../far/c", &options, &fd, &err), BC_OK,
	              &err);
	bci_file_close(&fd);
	assert_status(bci_dir_open("/", &options, &fd, &err), BC_OK, &err);
	bci_file_close(&fd);
}

static void
every_way_to_a_directory_is_gone(void **state)
{
	(void)state;
	make_ways();
	assert_int_equal(test_child_run(go_all_ways, NULL), 0);
}

/* An old kernel, and a filter of system calls that is as old. */
static void
go_without_openat2(void *unused)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		         offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(TEST_CHILD_SKIPPED);
	require(syscall(SYS_openat2, -1, "", NULL, 0) == -1 && errno == ENOSYS);
	go_all_ways(unused);
}

static void
every_way_is_gone_where_there_is_no_openat2(void **state)
{
	int code;

	(void)state;
	make_ways();
	code = test_child_run(go_without_openat2, NULL);
	if (code == TEST_CHILD_SKIPPED)
		test_skip("may not filter system calls");
	assert_int_equal(code, 0);
}

static void
a_way_may_be_long_but_not_too_long(void **state)
{
	static const struct bci_dir_options options = { .create = true };
	char path[2 * PATH_MAX];
	struct bc_error err;
	size_t bytes;
	int fd;

	(void)state;
	bytes = strlen(dir.path);
	memcpy(path, dir.path, bytes);
	for (; bytes < 3000; bytes += 2)
		memcpy(path + bytes, "/.", 2);
	memcpy(path + bytes, "/cache", 7);
	assert_status(bci_dir_open(path, &options, &fd, &err), BC_OK, &err);
	bci_file_close(&fd);
	for (; bytes < 6000; bytes += 2)
		memcpy(path + bytes, "/.", 2);
	memcpy(path + bytes, "/cache", 7);
	assert_status(bci_dir_open(path, &options, &fd, &err), BC_IO, &err);
	assert_int_equal(err.os_errno, ENAMETOOLONG);
	memset(path, 'x', 300);
	path[300] = '\0';
	assert_status(bci_dir_open(path, &options, &fd, &err), BC_IO, &err);
	assert_int_equal(err.os_errno, ENAMETOOLONG);
}

static void
h16_links_of_others_are_not_followed(void **state)
{
	struct bci_dir_options options = { .create = true };

	(void)state;
	if (geteuid() != 0)
		test_skip("may not give a link away");
	make_dir("a", 0700);
	make_dir("a/b", 0700);
	link_to("a", "link");
	opens("link/b", &options, BC_OK);
	assert_int_equal(fchownat(dir_fd, "link", STRANGER, STRANGER,
	                          AT_SYMLINK_NOFOLLOW),
	                 0);
	opens("link/b", &options, BC_UNSAFE);
	opens("link/new", &options, BC_UNSAFE);
	assert_int_equal(faccessat(dir_fd, "a/new", F_OK, 0), -1);
}

static void
directories_are_opened_made_or_absent(void **state)
{
	struct bci_dir_options options = { .create = false };
	struct bc_error err;
	int fd, below;

	(void)state;
	opens("cache", &options, BC_ABSENT);
	options.create = true;
	opens("a/b", &options, BC_ABSENT); /* Only the last one is made. */
	opens("cache/", &options, BC_OK);
	assert_status(bci_dir_open(dir.cache, &options, &fd, &err), BC_OK,
	              &err);
	assert_status(bci_dir_below(fd, "warm", &below, &err), BC_ABSENT, &err);
	assert_status(bci_dir_make(fd, "warm", false, &err), BC_OK, &err);
	assert_status(bci_dir_below(fd, "warm", &below, &err), BC_OK, &err);
	bci_file_close(&below);
	assert_int_equal(fchmodat(fd, "warm", 0707, 0), 0);
	assert_status(bci_dir_below(fd, "warm", &below, &err), BC_UNSAFE, &err);
	assert_int_equal(below, -1);
	assert_int_equal(symlinkat("warm", fd, "cold"), 0);
	assert_status(bci_dir_below(fd, "cold", &below, &err), BC_UNSAFE, &err);
	bci_file_close(&fd);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(modes_do_not_depend_on_the_umask),
		TEST(what_others_may_write_is_refused),
		TEST(what_belongs_to_another_user_is_refused),
		TEST(a_directory_is_shared_with_a_group_of_ones_own),
		TEST(a_network_file_system_is_refused_unless_forced),
		TEST(every_way_to_a_directory_is_gone),
		TEST(every_way_is_gone_where_there_is_no_openat2),
		TEST(a_way_may_be_long_but_not_too_long),
		TEST(h16_links_of_others_are_not_followed),
		TEST(directories_are_opened_made_or_absent),
	};

	return cmocka_run_group_tests_name("dir", tests, NULL, NULL);
}

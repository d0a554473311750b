/* SPDX-License-Identifier: MIT */
/*
 * test_shim.c - the fault shim itself: every mode really does what the tests
 * that rely on it believe, and only at the call it was told.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lmdb.h>

#include "fault/shim.h"

#define PIECE 1000

static struct test_dir dir;
static char file[TEST_PATH];

static int
setup(void **state)
{
	(void)state;
	test_dir_make(&dir);
	test_path(file, dir.path, "victim");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fault_disarm();
	fault_boot_id(NULL);
	test_dir_remove(&dir);
	return 0;
}

static long
file_bytes(void)
{
	struct stat status;

	return stat(file, &status) == 0 ? (long)status.st_size : -1;
}

/* Three writes of PIECE bytes, by three different calls. */
static void
write_three(void *unused)
{
	static char data[PIECE];
	struct iovec parts[2] = { { data, 600 }, { data, 400 } };
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);

	(void)unused;
	require(write(fd, data, PIECE) == PIECE);
	require(pwrite(fd, data, PIECE, PIECE) == PIECE);
	require(lseek(fd, 2 * PIECE, SEEK_SET) == 2 * PIECE);
	require(writev(fd, parts, 2) == PIECE);
}

static void
a_kill_comes_before_its_call_and_at_no_other(void **state)
{
	struct fault_plan plan = { .calls = FAULT_WRITE,
		                   .mode = FAULT_KILL,
		                   .path = "victim" };

	(void)state;
	for (plan.at = 1; plan.at <= 3; plan.at++) {
		fault_arm(&plan);
		assert_int_equal(test_child_run(write_three, NULL),
		                 TEST_CHILD_SIGNAL + SIGKILL);
		assert_int_equal(file_bytes(), (plan.at - 1) * PIECE);
	}
	fault_arm(&plan); /* There is no fourth call. */
	assert_int_equal(test_child_run(write_three, NULL), 0);
	assert_int_equal(file_bytes(), 3 * PIECE);
}

static void
a_kill_after_lets_the_call_happen(void **state)
{
	struct fault_plan plan = { .calls = FAULT_WRITE,
		                   .mode = FAULT_KILL_AFTER };

	(void)state;
	for (plan.at = 1; plan.at <= 3; plan.at++) {
		fault_arm(&plan);
		assert_int_equal(test_child_run(write_three, NULL),
		                 TEST_CHILD_SIGNAL + SIGKILL);
		assert_int_equal(file_bytes(), plan.at * PIECE);
	}
}

static void
a_torn_write_leaves_half(void **state)
{
	struct fault_plan plan = { .calls = FAULT_WRITE, .mode = FAULT_TORN };

	(void)state;
	for (plan.at = 1; plan.at <= 3; plan.at++) {
		fault_arm(&plan);
		assert_int_equal(test_child_run(write_three, NULL),
		                 TEST_CHILD_SIGNAL + SIGKILL);
		assert_int_equal(file_bytes(),
		                 (plan.at - 1) * PIECE + PIECE / 2);
	}
}

static void
a_short_write_says_so(void **state)
{
	struct fault_plan plan = { .calls = FAULT_WRITE,
		                   .mode = FAULT_SHORT,
		                   .at = 1 };
	static char data[PIECE];
	int fd;

	(void)state;
	fd = open(file, O_RDWR | O_CREAT, 0600);
	fault_arm(&plan);
	assert_int_equal(write(fd, data, PIECE), PIECE / 2);
	assert_true(fault_fired());
	assert_int_equal(write(fd, data, PIECE), PIECE);
	close(fd);
}

static void
a_stop_comes_before_its_call_which_then_goes_on(void **state)
{
	struct fault_plan plan = { .calls = FAULT_WRITE,
		                   .mode = FAULT_STOP,
		                   .at = 2 };
	int status;
	pid_t child;

	(void)state;
	fault_arm(&plan);
	child = test_child_start(write_three, NULL);
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(file_bytes(), PIECE);
	kill(child, SIGCONT);
	assert_int_equal(test_child_wait(child), 0);
	assert_int_equal(file_bytes(), 3 * PIECE);
}

/* Every kind of call but LMDB's, each once; how many of them failed. */
static int
calls_failed(int error)
{
	char other[TEST_PATH];
	struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };
	int failed = 0, fd;
	void *memory;

	test_path(other, dir.path, "other");
	errno = 0;
	fd = open(file, O_RDWR | O_CREAT, 0600);
	failed += fd < 0 && errno == error;
	if (fd < 0)
		fd = open(file, O_RDWR | O_CREAT, 0600);
	failed += write(fd, "x", 1) < 0 && errno == error;
	failed += fdatasync(fd) != 0 && errno == error;
	failed += ftruncate(fd, 8192) != 0 && errno == error;
	failed += posix_fallocate(fd, 0, 8192) == error;
	failed += rename(file, other) != 0 && errno == error;
	failed += fcntl(fd, F_OFD_SETLK, &lock) != 0 && errno == error;
	memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	failed += memory == MAP_FAILED && errno == error;
	if (memory != MAP_FAILED)
		munmap(memory, 4096);
	close(fd);
	return failed;
}

static void
each_call_fails_with_the_error_of_the_plan(void **state)
{
	static const int errors[] = { EIO, ENOSPC, EINTR, ENOMEM };
	struct fault_plan plan = { .calls = FAULT_IO | FAULT_LOCK,
		                   .mode = FAULT_FAIL };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		plan.error = errors[i];
		plan.repeat = false;
		for (plan.at = 1; plan.at <= 8; plan.at++) {
			fault_arm(&plan);
			assert_int_equal(calls_failed(errors[i]), 1);
			assert_true(fault_fired());
		}
		plan.at = 100;
		fault_arm(&plan);
		assert_int_equal(calls_failed(errors[i]), 0);
		assert_false(fault_fired());
		assert_int_equal(fault_count(), 8);
		plan.at = 2; /* Past the open, for a descriptor. */
		plan.repeat = true;
		fault_arm(&plan);
		assert_int_equal(calls_failed(errors[i]), 7);
	}
}

static void
only_the_path_of_the_plan_counts(void **state)
{
	struct fault_plan plan = { .calls = FAULT_IO,
		                   .mode = FAULT_FAIL,
		                   .error = EIO,
		                   .at = 1,
		                   .repeat = true,
		                   .path = "elsewhere" };

	(void)state;
	fault_arm(&plan);
	assert_int_equal(calls_failed(EIO), 0);
	assert_int_equal(fault_count(), 0);
	plan.path = "other"; /* The rename is known by where it goes. */
	fault_arm(&plan);
	assert_int_equal(calls_failed(EIO), 1);
}

static void
the_boot_id_is_redirected(void **state)
{
	char text[8] = { 0 };
	int fd;

	(void)state;
	fd = open(file, O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(fd, "reboot", 6), 6);
	close(fd);
	fault_boot_id(file);
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY);
	assert_int_equal(read(fd, text, 7), 6);
	assert_string_equal(text, "reboot");
	close(fd);
}

/* Opens an environment and puts one record, in the way of LMDB's manual. */
static int
lmdb_put(MDB_env **env)
{
	MDB_val key = { 1, "k" }, data = { 1, "v" };
	MDB_txn *txn = NULL;
	MDB_dbi dbi;
	int code;

	code = mdb_env_create(env);
	if (code != 0)
		return code;
	code = mdb_env_open(*env, file, MDB_NOSUBDIR, 0600);
	if (code == 0)
		code = mdb_txn_begin(*env, NULL, 0, &txn);
	if (code != 0)
		return code;
	code = mdb_dbi_open(txn, NULL, 0, &dbi);
	if (code == 0)
		code = mdb_put(txn, dbi, &key, &data, 0);
	if (code == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return code;
}

static void
each_call_of_lmdb_fails_and_is_counted_once(void **state)
{
	struct fault_plan plan = { .calls = FAULT_LMDB,
		                   .mode = FAULT_FAIL,
		                   .error = MDB_MAP_FULL };
	MDB_env *env;

	(void)state;
	for (plan.at = 1; plan.at <= 6; plan.at++) {
		env = NULL;
		fault_arm(&plan);
		assert_int_equal(lmdb_put(&env), MDB_MAP_FULL);
		if (env != NULL)
			mdb_env_close(env);
	}
	fault_arm(&plan);
	assert_int_equal(lmdb_put(&env), 0);
	assert_int_equal(fault_count(), 6);
	mdb_env_close(env);
}

/* LMDB's own writing passes through the shim; without that no test counts. */
static void
the_writes_inside_lmdb_are_seen(void **state)
{
	struct fault_plan plan = { .calls = FAULT_WRITE,
		                   .mode = FAULT_FAIL,
		                   .error = EIO,
		                   .at = 1,
		                   .path = "victim" };
	MDB_env *env = NULL;

	(void)state;
	fault_arm(&plan);
	assert_int_equal(lmdb_put(&env), EIO);
	assert_true(fault_fired());
	mdb_env_close(env);
}

/* Another program under the shim, told by its environment. */
static int
run_preloaded(const char *mode, const char *at, const char *count)
{
	char command[2048];
	int status;

	snprintf(command, sizeof(command),
	         "ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=%s "
	         "BARCACHE_FAULT_MODE=%s BARCACHE_FAULT_AT=%s "
	         "BARCACHE_FAULT_CALLS=write,sync BARCACHE_FAULT_PATH=victim "
	         "BARCACHE_FAULT_COUNT=%s BARCACHE_FAULT_LOG=%s.log "
	         "exec dd if=/dev/zero of=%s bs=1000 count=4 conv=fsync "
	         "2>/dev/null",
	         BARCACHE_FAULT_LIBRARY, mode, at, count, count, file);
	status = system(command);
	return WIFSIGNALED(status) ? TEST_CHILD_SIGNAL + WTERMSIG(status)
	                           : WEXITSTATUS(status);
}

static long
number_in(const char *path)
{
	FILE *from = fopen(path, "re");
	long number = -1;

	if (from != NULL) {
		if (fscanf(from, "%ld", &number) != 1)
			number = -1;
		fclose(from);
	}
	return number;
}

static void
a_preloaded_program_follows_its_environment(void **state)
{
	char count[TEST_PATH], log[TEST_PATH];

	(void)state;
	test_path(count, dir.path, "count");
	test_path(log, dir.path, "count.log");
	assert_int_equal(run_preloaded("count", "0", count), 0);
	assert_int_equal(number_in(count), 5); /* 4 writes and the sync. */
	assert_int_equal(number_in(log), 1);
	assert_int_equal(file_bytes(), 4000);
	assert_int_equal(run_preloaded("enospc", "3", count), 1);
	assert_int_equal(file_bytes(), 2000);
	assert_int_equal(run_preloaded("torn", "2", count),
	                 TEST_CHILD_SIGNAL + SIGKILL);
	assert_int_equal(file_bytes(), 1500);
	assert_int_equal(run_preloaded("typo", "1", count), 125);
}

/* What the library imports, by the linker's word for it. */
static bool
is_imported(const char *library, const char *name)
{
	char command[1024], line[512], wanted[64];
	bool found = false;
	FILE *list;

	snprintf(command, sizeof(command), "nm -D --undefined-only %s",
	         library);
	snprintf(wanted, sizeof(wanted), " U %s", name);
	list = popen(command, "r");
	assert_non_null(list);
	while (fgets(line, sizeof(line), list) != NULL) {
		line[strcspn(line, "@\n")] = '\0';
		found = found || (strlen(line) >= strlen(wanted) &&
		                  strcmp(line + strlen(line) - strlen(wanted),
		                         wanted) == 0);
	}
	assert_int_equal(pclose(list), 0);
	return found;
}

/*
 * A change of the disk that the shim does not see could not be made to fail.
 * (syscall() is imported for the futex of lease.c alone.)
 */
static void
the_library_changes_files_by_wrapped_calls_only(void **state)
{
	static const char *const unwrapped[] = {
		"creat",  "pwritev", "pwritev2", "symlinkat", "sendfile",
		"splice", "symlink", "link",     "rmdir",     "truncate",
		"lockf",  "sync",    "syncfs",   "mknod",     "mknodat",
		"flock",  "remove",  "fwrite",
	};
	size_t i;

	(void)state;
	assert_true(is_imported(BARCACHE_LIBRARY, "pwrite"));
	assert_true(is_imported(BARCACHE_LIBRARY, "mdb_put"));
	for (i = 0; i < sizeof(unwrapped) / sizeof(*unwrapped); i++)
		if (is_imported(BARCACHE_LIBRARY, unwrapped[i]))
			fail_msg("%s is not wrapped", unwrapped[i]);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_kill_comes_before_its_call_and_at_no_other),
		TEST(a_kill_after_lets_the_call_happen),
		TEST(a_torn_write_leaves_half),
		TEST(a_short_write_says_so),
		TEST(a_stop_comes_before_its_call_which_then_goes_on),
		TEST(each_call_fails_with_the_error_of_the_plan),
		TEST(only_the_path_of_the_plan_counts),
		TEST(the_boot_id_is_redirected),
		TEST(each_call_of_lmdb_fails_and_is_counted_once),
		TEST(the_writes_inside_lmdb_are_seen),
		TEST(the_library_changes_files_by_wrapped_calls_only),
		TEST(a_preloaded_program_follows_its_environment),
	};

	return cmocka_run_group_tests_name("shim", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * support.c - directories, children and memory of the tests; the values are in
 * value.c.
 */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

unsigned test_child_seconds = 120;

static bool in_child;

/* ------------------------------------------------------------------------ */
/*  Statuses                                                                */
/* ------------------------------------------------------------------------ */

/* Whether 'err' says what 'status' is, as every failing call must see to. */
static bool
error_is_filled(enum bc_status status, const struct bc_error *err)
{
	return err == NULL || status == BC_OK ||
	       (err->status == status && err->message[0] != '\0' &&
	        strchr(err->message, '\n') == NULL);
}

/* In a child an assertion of cmocka would go on with the parent's tests. */
static void
test_failed(const char *file, int line)
{
	if (in_child)
		_exit(TEST_CHILD_FAILED);
	_fail(file, line);
}

void
test_assert_status(enum bc_status status, enum bc_status expected,
                   const struct bc_error *err, const char *call,
                   const char *file, int line)
{
	if (status == expected && error_is_filled(status, err))
		return;
	if (err == NULL || status == BC_OK)
		fprintf(stderr, "%s:%d: %s\n  returned %s, expected %s\n",
		        file, line, call, bc_status_name(status),
		        bc_status_name(expected));
	else
		fprintf(stderr,
		        "%s:%d: %s\n  returned %s, expected %s; err is %s: "
		        "'%s'\n",
		        file, line, call, bc_status_name(status),
		        bc_status_name(expected), bc_status_name(err->status),
		        err->message);
	test_failed(file, line);
}

void
test_require_failed(const char *text, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s%s is not so\n", file, line,
	        in_child ? "in a child: " : "", text);
	test_failed(file, line);
}

struct bc_cache *
test_open(const char *path, unsigned flags)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	options.flags = flags;
	assert_status(bc_open(path, &options, &cache, &err), BC_OK, &err);
	return cache;
}

/* ------------------------------------------------------------------------ */
/*  Directories                                                             */
/* ------------------------------------------------------------------------ */

static void
dir_make_below(struct test_dir *dir, const char *parent)
{
	snprintf(dir->path, sizeof(dir->path), "%s/barcache-test-XXXXXX",
	         parent);
	assert_non_null(mkdtemp(dir->path));
	test_path(dir->cache, dir->path, "cache");
}

void
test_dir_make(struct test_dir *dir)
{
	const char *parent = getenv("TMPDIR");

	dir_make_below(dir, parent != NULL && parent[0] != '\0' ? parent
	                                                        : "/tmp");
}

void
test_dir_make_fast(struct test_dir *dir)
{
	if (access("/dev/shm", W_OK | X_OK) == 0)
		dir_make_below(dir, "/dev/shm");
	else
		test_dir_make(dir);
}

static int
tree_remove_one(const char *path, const struct stat *status, int type,
                struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

void
test_remove_tree(const char *path)
{
	nftw(path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
test_dir_remove(const struct test_dir *dir)
{
	test_remove_tree(dir->path);
}

char *
test_path(char path[TEST_PATH], const char *directory, const char *name)
{
	char text[TEST_PATH];
	int bytes;

	bytes = snprintf(text, sizeof(text), "%s/%s", directory, name);
	if (bytes < 0 || (size_t)bytes >= sizeof(text))
		abort();
	memcpy(path, text, (size_t)bytes + 1);
	return path;
}

void
test_walk(const char *path, test_visit *visit, void *context)
{
	char child[TEST_PATH];
	struct dirent *entry;
	struct stat status;
	DIR *list;

	list = opendir(path);
	if (list == NULL)
		return;
	while ((entry = readdir(list)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		test_path(child, path, entry->d_name);
		if (lstat(child, &status) == 0 && S_ISDIR(status.st_mode))
			test_walk(child, visit, context);
		else
			visit(context, child);
	}
	closedir(list);
}

unsigned
test_open_files(void)
{
	unsigned count = 0;
	DIR *list;

	list = opendir("/proc/self/fd");
	assert_non_null(list);
	while (readdir(list) != NULL)
		count++;
	closedir(list);
	return count;
}

unsigned
test_mappings(const char *path)
{
	char line[1024];
	unsigned count = 0;
	FILE *maps;

	maps = fopen("/proc/self/maps", "re");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		count += strstr(line, path) != NULL;
	fclose(maps);
	return count;
}

/* ------------------------------------------------------------------------ */
/*  Children                                                                */
/* ------------------------------------------------------------------------ */

pid_t
test_child_start(test_child *function, void *argument)
{
	pid_t parent = getpid(), child;

	fflush(NULL);
	child = fork();
	if (child != 0) {
		if (child < 0)
			abort();
		return child;
	}
	in_child = true;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(TEST_CHILD_FAILED);
	/* Of a test that catches failures itself, cmocka's must not act. */
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
	alarm(test_child_seconds);
	function(argument);
	_exit(0);
}

int
test_child_wait(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) != child)
		if (errno != EINTR)
			abort();
	if (WIFSIGNALED(status))
		return TEST_CHILD_SIGNAL + WTERMSIG(status);
	return WEXITSTATUS(status);
}

int
test_child_run(test_child *function, void *argument)
{
	return test_child_wait(test_child_start(function, argument));
}

/* Write to a file of /proc/self; false if that is not allowed. */
static bool
proc_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool wrote;

	if (fd < 0)
		return false;
	wrote = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return wrote;
}

void
test_unshare(int flags)
{
	unsigned user = geteuid(), group = getegid();
	char users[64], groups[64];

	if (unshare(flags) == 0)
		return;
	/* Where users may not, they may in a namespace of users. */
	snprintf(users, sizeof(users), "%u %u 1", user, user);
	snprintf(groups, sizeof(groups), "%u %u 1", group, group);
	if (unshare(flags | CLONE_NEWUSER) != 0 ||
	    !proc_write("/proc/self/setgroups", "deny") ||
	    !proc_write("/proc/self/uid_map", users) ||
	    !proc_write("/proc/self/gid_map", groups))
		_exit(TEST_CHILD_SKIPPED);
}

void
test_own_mounts(void)
{
	test_unshare(CLONE_NEWNS);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		_exit(TEST_CHILD_SKIPPED);
}

void
test_become(uid_t user, gid_t group, gid_t further)
{
	if (setgroups(1, &further) != 0 ||
	    setresgid(group, group, group) != 0 ||
	    setresuid(user, user, user) != 0)
		_exit(TEST_CHILD_SKIPPED);
}

void *
test_shared(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

void
test_sleep_ms(unsigned ms)
{
	struct timespec time = { .tv_sec = ms / 1000,
		                 .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&time, &time) != 0 && errno == EINTR)
		;
}

/* ------------------------------------------------------------------------ */
/*  Memory                                                                  */
/* ------------------------------------------------------------------------ */

static void *
memory_alloc(void *context, size_t bytes)
{
	struct test_memory *memory = context;
	void *found;

	if (atomic_fetch_add(&memory->requests, 1) + 1 ==
	    atomic_load(&memory->fail_at)) {
		atomic_store(&memory->fired, true);
		return NULL;
	}
	found = malloc(bytes);
	if (found != NULL)
		atomic_fetch_add(&memory->live, 1);
	return found;
}

static void
memory_release(void *context, void *found)
{
	struct test_memory *memory = context;

	if (found != NULL)
		atomic_fetch_sub(&memory->live, 1);
	free(found);
}

struct bc_allocator
test_allocator(struct test_memory *memory)
{
	struct bc_allocator allocator = { .alloc = memory_alloc,
		                          .release = memory_release,
		                          .context = memory };

	return allocator;
}

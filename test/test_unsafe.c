/* SPDX-License-Identifier: MIT */
/*
 * test_unsafe.c - links, pipes and open doors in place of a cache's files.
 *
 * LMDB opens whatever a name leads to and writes to it.  So every name of a
 * cache is replaced by each thing that it must not be, and a file outside,
 * which the links lead to, has to keep its bytes.
 */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SEED 23
#define VICTIM_BYTES 400000

static struct test_dir dir;
static char outside[TEST_PATH];
static char victim[TEST_PATH];

static int
setup(void **state)
{
	(void)state;
	test_dir_make(&dir);
	test_path(outside, dir.path, "outside");
	assert_int_equal(mkdir(outside, 0700), 0);
	test_path(victim, outside, "victim");
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
victim_make(void)
{
	FILE *file = fopen(victim, "we");
	long i;

	assert_non_null(file);
	for (i = 0; i < VICTIM_BYTES; i++)
		fputc((int)('a' + i % 26), file);
	assert_int_equal(fclose(file), 0);
}

static void
victim_check(void)
{
	FILE *file = fopen(victim, "re");
	long i;

	assert_non_null(file);
	for (i = 0; i < VICTIM_BYTES; i++)
		assert_int_equal(fgetc(file), 'a' + i % 26);
	assert_int_equal(fgetc(file), EOF);
	fclose(file);
}

static void
count_files(void *context, const char *path)
{
	(void)path;
	(*(unsigned *)context)++;
}

static void
cache_make(void)
{
	struct bc_cache *cache;
	struct bc_error err;

	test_remove_tree(dir.cache);
	test_remove_tree(outside);
	assert_int_equal(mkdir(outside, 0700), 0);
	victim_make();
	cache = test_open(dir.cache, BC_OPEN_CREATE);
	assert_status(test_put_rows(cache, "a", 1, SEED, 3000, &err), BC_OK,
	              &err);
	bc_close(cache);
}

/* ------------------------------------------------------------------------ */
/*  Files                                                                   */
/* ------------------------------------------------------------------------ */

enum thing {
	LINK_TO_FILE,
	LINK_TO_NOTHING,
	HARD_LINK,
	PIPE,
	SOCKET,
	DIRECTORY,
	THINGS
};

static const char *const thing_names[THINGS] = {
	"a link to a file", "a link to nothing", "a hard link",
	"a pipe",           "a socket",          "a directory",
};

static void
socket_make(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
	                      sizeof(address)), 0);
	close(fd);
}

static void
thing_make(enum thing thing, const char *path)
{
	char nothing[TEST_PATH];

	test_remove_tree(path);
	switch (thing) {
	case LINK_TO_FILE:
		assert_int_equal(symlink(victim, path), 0);
		break;
	case LINK_TO_NOTHING:
		test_path(nothing, outside, "nothing");
		assert_int_equal(symlink(nothing, path), 0);
		break;
	case HARD_LINK:
		assert_int_equal(link(victim, path), 0);
		break;
	case PIPE:
		assert_int_equal(mkfifo(path, 0600), 0);
		break;
	case SOCKET:
		socket_make(path);
		break;
	default:
		assert_int_equal(mkdir(path, 0700), 0);
	}
}

/*
 * What a program does that knows nothing of the trap.  Refusing as a whole is
 * as good as missing that one value, but it must be one of the two.
 */
static void
use_cache(void *unused)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;
	enum bc_status status;
	struct bc_view view;

	(void)unused;
	alarm(20); /* A pipe must not make anybody wait. */
	options.flags = BC_OPEN_CREATE;
	options.lock_timeout_ms = 1000;
	status = bc_open(dir.cache, &options, &cache, &err);
	if (status != BC_OK) {
		assert_status(status, BC_UNSAFE, &err);
		return;
	}
	status = bc_get(cache, "a", &view);
	if (status == BC_OK)
		require(test_view_version(&view, "a", SEED) == 1);
	bc_view_release(&view);
	status = test_put_rows(cache, "b", 1, SEED, 3000, &err);
	if (status == BC_OK) {
		assert_status(bc_get(cache, "b", &view), BC_OK, NULL);
		require(test_view_version(&view, "b", SEED) == 1);
		bc_view_release(&view);
	} else {
		assert_status(status, BC_UNSAFE, &err);
	}
	bc_close(cache);
}

static void
try_things_at(const char *name)
{
	enum thing thing;
	char path[TEST_PATH];
	unsigned files;
	int code;

	for (thing = 0; thing < THINGS; thing++) {
		cache_make();
		thing_make(thing, test_path(path, dir.cache, name));
		code = test_child_run(use_cache, NULL);
		if (code != 0)
			fail_msg("%s is %s: exit %d", name, thing_names[thing],
			         code);
		victim_check();
		files = 0;
		test_walk(outside, count_files, &files);
		assert_int_equal(files, 1);
	}
}

static void
h16_no_file_may_be_anything_but_a_file(void **state)
{
	static const char *const names[] = {
		"meta.mdb",    "meta.mdb-lock", "ledger",
		"writer.lock", "guard.lock",    "arenas.lock",
	};
	char path[TEST_PATH];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		cache_make();
		if (access(test_path(path, dir.cache, names[i]), F_OK) == 0)
			try_things_at(names[i]);
		else
			print_message("no file %s in a cache\n", names[i]);
	}
}

/* Laid out before there is a cache, for whoever makes one there. */
static void
h16_nothing_planted_in_an_empty_directory_is_followed(void **state)
{
	static const char *const names[] = {
		"meta.mdb",    "meta.mdb.new", "meta.mdb-lock",
		"scratch",     "scratch.new",  "meta.mdb.new-lock",
		"ledger",      "writer.lock",  "guard.lock",
		"arenas.lock", "warm",         "cold",
	};
	enum thing thing;
	char path[TEST_PATH];
	unsigned files;
	size_t i;
	int code;

	(void)state;
	victim_make();
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		for (thing = 0; thing < DIRECTORY; thing++) {
			test_remove_tree(dir.cache);
			assert_int_equal(mkdir(dir.cache, 0700), 0);
			thing_make(thing,
			           test_path(path, dir.cache, names[i]));
			code = test_child_run(use_cache, NULL);
			if (code != 0)
				fail_msg("%s is %s: exit %d", names[i],
				         thing_names[thing], code);
			victim_check();
			files = 0;
			test_walk(outside, count_files, &files);
			assert_int_equal(files, 1);
		}
	}
}

static void
find_arena(void *context, const char *path)
{
	if (strstr(path, "/warm/") != NULL)
		memcpy(context, path, strlen(path) + 1);
}

static void
h16_no_arena_may_be_anything_but_a_file(void **state)
{
	char arena[TEST_PATH] = "";

	(void)state;
	cache_make();
	test_walk(dir.cache, find_arena, arena);
	assert_true(arena[0] != '\0');
	try_things_at(arena + strlen(dir.cache) + 1);
}

/* ------------------------------------------------------------------------ */
/*  Directories                                                             */
/* ------------------------------------------------------------------------ */

static void
h16_no_directory_may_be_a_link(void **state)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	char path[TEST_PATH];
	struct bc_error err;
	unsigned files = 0;

	(void)state;
	cache_make();
	test_remove_tree(test_path(path, dir.cache, "warm"));
	assert_int_equal(symlink(outside, path), 0);
	assert_int_equal(test_child_run(use_cache, NULL), 0);
	options.flags = BC_OPEN_CREATE;
	test_path(path, dir.path, "link");
	assert_int_equal(symlink(outside, path), 0);
	assert_status(bc_open(path, &options, &cache, &err), BC_UNSAFE, &err);
	assert_non_null(strstr(err.message, path));
	assert_null(cache);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(dir.cache, path), 0);
	assert_status(bc_open(path, NULL, &cache, &err), BC_UNSAFE, &err);
	assert_null(cache);
	test_walk(outside, count_files, &files);
	assert_int_equal(files, 1);
	victim_check();
}

static void
h16_a_directory_that_everybody_may_write_is_refused(void **state)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	char path[TEST_PATH];
	struct bc_error err;
	unsigned files = 0;

	(void)state;
	cache_make();
	options.flags = BC_OPEN_CREATE;
	assert_int_equal(chmod(dir.cache, 0777), 0);
	assert_status(bc_open(dir.cache, &options, &cache, &err), BC_UNSAFE,
	              &err);
	assert_non_null(strstr(err.message, dir.cache));
	assert_int_equal(chmod(dir.cache, 01777), 0);
	assert_status(bc_open(dir.cache, NULL, &cache, &err), BC_UNSAFE, &err);
	test_path(path, dir.path, "open");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_status(bc_open(path, &options, &cache, &err), BC_UNSAFE, &err);
	assert_null(cache);
	test_walk(path, count_files, &files);
	assert_int_equal(files, 0);
}

static void
a_path_that_is_no_directory_is_refused(void **state)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;
	enum bc_status status;

	(void)state;
	victim_make();
	options.flags = BC_OPEN_CREATE;
	status = bc_open(victim, &options, &cache, &err);
	assert_true(status == BC_UNSAFE || status == BC_FORMAT);
	assert_non_null(strstr(err.message, victim));
	assert_null(cache);
	victim_check();
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(h16_no_file_may_be_anything_but_a_file),
		TEST(h16_nothing_planted_in_an_empty_directory_is_followed),
		TEST(h16_no_arena_may_be_anything_but_a_file),
		TEST(h16_no_directory_may_be_a_link),
		TEST(h16_a_directory_that_everybody_may_write_is_refused),
		TEST(a_path_that_is_no_directory_is_refused),
	};

	return cmocka_run_group_tests_name("unsafe", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_leak.c - what must not get out of a process: descriptors into the
 * programs that it starts, and what happens to be in its memory into files.
 */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cold.h"
#include "dir_unit.h"

#define SEED 3
#define KEYS 6
#define DAY_ROWS 1440

/* ------------------------------------------------------------------------ */
/*  Everything that writes                                                  */
/* ------------------------------------------------------------------------ */

static void
append_days(struct bc_cache *cache, const char *key, unsigned days,
            enum bc_placement placement)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct cold_frame frame;
	struct bc_error err;

	options.placement = placement;
	for (unsigned i = 0; i < days; i++) {
		cold_frame_make(&frame, DAY_ROWS + 7 * i, 0,
		                START + i * 2 * DAY_ROWS * MINUTE, SEED + i);
		assert_status(bc_append(cache, key, &frame.frame, &options,
		                        NULL, &err),
		              BC_OK, &err);
		cold_frame_free(&frame);
	}
}

/* Frames, arrays and blobs of odd sizes, in place and packed; series. */
static void
put_all_kinds(struct bc_cache *cache)
{
	static const char *const tags[] = { "tag", "other", NULL };
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;
	char key[32], text[777];

	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "key/%u", i);
		assert_status(test_put(cache, key, 1, SEED, &err), BC_OK, &err);
		assert_status(
			test_put_rows(cache, key, 2, SEED, 1 + 977 * i, &err),
			BC_OK, &err);
	}
	memset(text, 'b', sizeof(text));
	options.tags = tags;
	options.backtest = "test";
	options.ttl_ns = 3600 * INT64_C(1000000000);
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "blob/%u", i);
		options.placement = i % 2 == 0 ? BC_PLACE_WARM : BC_PLACE_COLD;
		assert_status(bc_put_blob(cache, key, text,
		                          1 + i * sizeof(text) / KEYS, &options,
		                          &err),
		              BC_OK, &err);
	}
	append_days(cache, "x/spot/A/1m", 5, BC_PLACE_AUTO);
	append_days(cache, "x/spot/B/1m", 5, BC_PLACE_COLD);
	assert_status(bc_remove(cache, "key/0", &err), BC_OK, &err);
	assert_status(bc_compact(cache, NULL, NULL, &err), BC_OK, &err);
}

/* ------------------------------------------------------------------------ */
/*  Descriptors                                                             */
/* ------------------------------------------------------------------------ */

/* As the program that was started: descriptors beyond the first three. */
static int
count_descriptors(void)
{
	DIR *open_files = opendir("/proc/self/fd");
	struct dirent *entry;
	int count = 0;

	if (open_files == NULL)
		return 99;
	while ((entry = readdir(open_files)) != NULL) {
		int fd = atoi(entry->d_name);

		count += entry->d_name[0] != '.' && fd > 2 &&
		         fd != dirfd(open_files);
	}
	closedir(open_files);
	return count;
}

static void
start_a_program(void *unused)
{
	static char *const arguments[] = { (char *)"leak", (char *)"count",
		                           NULL };

	(void)unused;
	execv("/proc/self/exe", arguments);
	_exit(98);
}

/* What was there before us is not ours: the harness may have left some. */
static void
no_descriptor_is_left_to_a_program_that_is_started(void **state)
{
	struct bc_options options = BC_OPTIONS_INIT;
	static const char *const keys[] = { "key/1", "key/2" };
	struct bc_snapshot *snapshot = NULL;
	struct bc_cache *cache, *reader = NULL;
	struct bc_view view;
	struct bc_error err;
	unsigned open_files;
	int before, own;

	(void)state;
	before = test_child_run(start_a_program, NULL);
	assert_true(before < 98);
	open_files = test_open_files();
	cache = test_open(dir.cache, BC_OPEN_CREATE);
	put_all_kinds(cache);
	options.flags = BC_OPEN_READONLY;
	assert_status(bc_open(dir.cache, &options, &reader, &err), BC_OK, &err);
	assert_status(bc_get(reader, "key/1", &view), BC_OK, NULL);
	assert_status(bc_snapshot_open(reader, keys, 2, &snapshot, &err), BC_OK,
	              &err);
	assert_true(test_open_files() > open_files + 3);
	assert_int_equal(test_child_run(start_a_program, NULL), before);
	/* One without the flag is seen. */
	own = open(dir.path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(test_child_run(start_a_program, NULL), before + 1);
	close(own);
	bc_snapshot_close(snapshot);
	bc_view_release(&view);
	bc_close(reader);
	bc_close(cache);
}

/* ------------------------------------------------------------------------ */
/*  Memory                                                                  */
/* ------------------------------------------------------------------------ */

#define POISON 0xa5
#define RUN 8

static void *
poisoned_alloc(void *context, size_t bytes)
{
	void *memory = malloc(bytes);

	(void)context;
	if (memory != NULL)
		memset(memory, POISON, bytes);
	return memory;
}

static void
poisoned_release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

/* What the calls after this one find on the stack. */
__attribute__((noinline)) static void
poison_stack(void)
{
	volatile unsigned char stack[256 << 10];

	for (size_t i = 0; i < sizeof(stack); i++)
		stack[i] = POISON;
}

struct found {
	unsigned files, runs;
	char path[TEST_PATH];
};

static void
look_for_poison(void *context, const char *path)
{
	struct found *found = context;
	FILE *file = fopen(path, "re");
	unsigned run = 0;
	int byte;

	assert_non_null(file);
	found->files++;
	while ((byte = getc_unlocked(file)) != EOF) {
		run = byte == POISON ? run + 1 : 0;
		if (run != RUN)
			continue;
		found->runs++;
		snprintf(found->path, sizeof(found->path), "%s at %ld", path,
		         ftell(file));
	}
	fclose(file);
}

static void
write_with_poisoned_memory(void *unused)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	(void)unused;
	/* Memory that malloc() gives has the complement of this; where it is
	 * another one, what the library asks for is poisoned all the same. */
	require(mallopt(M_PERTURB, POISON ^ 0xff) == 1 || TEST_SANITIZED);
	options.flags = BC_OPEN_CREATE;
	options.allocator.alloc = poisoned_alloc;
	options.allocator.release = poisoned_release;
	poison_stack();
	assert_status(bc_open(dir.cache, &options, &cache, &err), BC_OK, &err);
	poison_stack();
	put_all_kinds(cache);
	bc_close(cache);
}

static void
no_memory_of_a_process_gets_into_files(void **state)
{
	struct found found = { 0 };
	char path[TEST_PATH];
	FILE *file;

	(void)state;
	assert_int_equal(test_child_run(write_with_poisoned_memory, NULL), 0);
	test_walk(dir.cache, look_for_poison, &found);
	assert_true(found.files >= 6);
	if (found.runs != 0)
		fail_msg("%u times, last in %s", found.runs, found.path);
	/* Where there is some it is seen. */
	file = fopen(test_path(path, dir.cache, "ledger"), "r+e");
	assert_non_null(file);
	for (unsigned i = 0; i < RUN; i++)
		putc(POISON, file);
	assert_int_equal(fclose(file), 0);
	test_walk(dir.cache, look_for_poison, &found);
	assert_int_equal(found.runs, 1);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, dir_setup, dir_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(no_descriptor_is_left_to_a_program_that_is_started),
		TEST(no_memory_of_a_process_gets_into_files),
	};

	(void)argv;
	if (argc > 1)
		return count_descriptors();
	return cmocka_run_group_tests_name("leak", tests, NULL, NULL);
}

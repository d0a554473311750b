/* SPDX-License-Identifier: MIT */
/*
 * test_disk.c - a disk that is full, or nearly.
 *
 * Small file systems in memory of every size, and one that is filled up to
 * every distance from its end.  All of it happens in children, because what
 * must not come is SIGBUS.
 */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "dir_unit.h"
#include "fault/lab.h"

#define SEED 17
#define OLD 8
#define KIB 1024ul

enum { NOT_CREATED = 20 }; /* exit code: no room for the cache itself */

/* A file system of 'bytes' bytes over the test's directory. */
static void
mount_small(unsigned long bytes)
{
	char options[64];

	test_own_mounts();
	snprintf(options, sizeof(options), "size=%lu,mode=0700", bytes);
	if (mount("tmpfs", dir.path, "tmpfs", 0, options) != 0)
		_exit(TEST_CHILD_SKIPPED);
}

static void
old_key(unsigned index, char key[24])
{
	snprintf(key, 24, "old/%u", index);
}

/* Put old/0, old/1, ... until 'count' or the disk's end; how many. */
static unsigned
put_old(struct bc_cache *cache, unsigned count)
{
	enum bc_status status;
	struct bc_error err;
	unsigned i;
	char key[24];

	for (i = 0; i < count; i++) {
		old_key(i, key);
		status = test_put_rows(cache, key, i + 1, SEED,
		                       i % 3 == 0 ? 8 : i % 3 * 250, &err);
		if (status == BC_OK)
			continue;
		assert_status(status, BC_NOSPACE, &err);
		break;
	}
	return i;
}

static void
check_old(struct bc_cache *cache, unsigned count)
{
	struct bc_view view;
	unsigned i;
	char key[24];

	for (i = 0; i < count; i++) {
		old_key(i, key);
		assert_status(bc_get(cache, key, &view), BC_OK, NULL);
		require(test_view_version(&view, key, SEED) == i + 1);
		bc_view_release(&view);
	}
}

/* ------------------------------------------------------------------------ */
/*  Small disks                                                             */
/* ------------------------------------------------------------------------ */

static void
live_on_a_small_disk(void *argument)
{
	unsigned long bytes = *(unsigned long *)argument;
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;
	enum bc_status status;
	unsigned count;

	mount_small(bytes);
	options.flags = BC_OPEN_CREATE;
	status = bc_open(dir.cache, &options, &cache, &err);
	if (status != BC_OK) {
		assert_status(status, BC_NOSPACE, &err);
		require(cache == NULL);
		_exit(NOT_CREATED);
	}
	count = put_old(cache, 500);
	check_old(cache, count);
	bc_close(cache);
	cache = test_open(dir.cache, 0);
	check_old(cache, count);
	status = test_put_rows(cache, "more", 1, SEED, 100, &err);
	require(status == BC_OK || status == BC_NOSPACE);
	check_old(cache, count);
	bc_close(cache);
}

static void
h4_a_small_disk_gives_clean_errors_at_every_size(void **state)
{
	unsigned long bytes;
	unsigned made = 0, refused = 0;
	int code;

	(void)state;
	for (bytes = 4 * KIB; bytes <= 3072 * KIB;
	     bytes += bytes < 1024 * KIB ? 12 * KIB : 64 * KIB) {
		code = test_child_run(live_on_a_small_disk, &bytes);
		if (code == TEST_CHILD_SKIPPED)
			test_skip("may not mount a file system");
		if (code != 0 && code != NOT_CREATED)
			fail_msg("%lu KiB: exit %d", bytes / KIB, code);
		lab_trials(1);
		made += code == 0;
		refused += code == NOT_CREATED;
	}
	assert_true(made > 5);
	assert_true(refused > 0);
}

/* ------------------------------------------------------------------------ */
/*  A disk that fills up                                                    */
/* ------------------------------------------------------------------------ */

/* Leave 'bytes' bytes free. */
static void
fill_up_to(unsigned long bytes)
{
	char path[TEST_PATH];
	struct statvfs status;
	unsigned long filler;
	int fd;

	require(statvfs(dir.path, &status) == 0);
	filler = status.f_bavail * status.f_bsize;
	require(filler > bytes);
	fd = open(test_path(path, dir.path, "filler"),
	          O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	require(fd >= 0);
	require(posix_fallocate(fd, 0, (off_t)(filler - bytes)) == 0);
	close(fd);
}

static void
empty_again(void)
{
	char path[TEST_PATH];

	require(unlink(test_path(path, dir.path, "filler")) == 0);
}

/* Done, or refused for want of room; nothing else. */
static bool
done(enum bc_status status, const struct bc_error *err)
{
	if (status != BC_OK)
		assert_status(status, BC_NOSPACE, err);
	return status == BC_OK;
}

static uint64_t
version_of(struct bc_cache *cache, const char *key)
{
	enum bc_status status;
	struct bc_view view;
	uint64_t version;

	status = bc_get(cache, key, &view);
	if (status == BC_MISS) {
		require(view.miss == BC_MISS_ABSENT);
		return 0;
	}
	assert_status(status, BC_OK, NULL);
	version = test_view_version(&view, key, SEED);
	require(version != 0);
	bc_view_release(&view);
	return version;
}

/* A put, a batch and a removal with 'room' bytes left; then with room again. */
static void
write_with_room(struct bc_cache *cache, uint64_t round, unsigned long room,
                uint64_t rows)
{
	uint64_t due = round;
	struct bc_error err;

	assert_status(test_put_rows(cache, "target", round, SEED, 200, &err),
	              BC_OK, &err);
	fill_up_to(room);
	if (done(test_put_rows(cache, "target", round + 1, SEED, rows, &err),
	         &err))
		due = round + 1;
	require(version_of(cache, "target") == due);
	if (done(bc_remove(cache, "target", &err), &err))
		due = 0;
	require(version_of(cache, "target") == due);
	check_old(cache, OLD);
	empty_again();
	check_old(cache, OLD);
	assert_status(
		test_put_rows(cache, "target", round + 2, SEED, rows, &err),
		BC_OK, &err);
	require(version_of(cache, "target") == round + 2);
}

static void
live_while_the_disk_fills(void *argument)
{
	enum bc_durability durability = *(enum bc_durability *)argument;
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;
	unsigned long room;
	uint64_t round = 1;

	mount_small(48 * 1024 * KIB);
	options.flags = BC_OPEN_CREATE;
	options.durability = durability;
	assert_status(bc_open(dir.cache, &options, &cache, &err), BC_OK, &err);
	require(put_old(cache, OLD) == OLD);
	assert_status(bc_sync(cache, &err), BC_OK, &err);
	for (room = 0; room < 160 * KIB; room += 4 * KIB, round += 3)
		write_with_room(cache, round, room, 1000);
	for (room = 0; room < 800 * KIB; room += 40 * KIB, round += 3)
		write_with_room(cache, round, room, 9000);
	bc_close(cache);
	cache = test_open(dir.cache, 0);
	check_old(cache, OLD);
	bc_close(cache);
}

static void
h4_a_disk_that_fills_up_loses_nothing_and_works_again(void **state)
{
	enum bc_durability durability;
	int code;

	(void)state;
	for (durability = BC_DURABLE; durability <= BC_SCRATCH; durability++) {
		code = test_child_run(live_while_the_disk_fills, &durability);
		if (code == TEST_CHILD_SKIPPED)
			test_skip("may not mount a file system");
		assert_int_equal(code, 0);
	}
}

/* ------------------------------------------------------------------------ */
/*  Opening on a full disk                                                  */
/* ------------------------------------------------------------------------ */

static void
open_on_a_full_disk(void *argument)
{
	const char *missing = argument;
	char path[TEST_PATH];
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache;
	struct bc_error err;
	enum bc_status status;

	mount_small(16 * 1024 * KIB);
	cache = test_open(dir.cache, BC_OPEN_CREATE);
	require(put_old(cache, OLD) == OLD);
	bc_close(cache);
	if (missing[0] != '\0')
		require(unlink(test_path(path, dir.cache, missing)) == 0);
	fill_up_to(0);
	status = bc_open(dir.cache, &options, &cache, &err);
	if (done(status, &err)) {
		check_old(cache, OLD);
		bc_close(cache);
	}
	empty_again();
	cache = test_open(dir.cache, 0);
	check_old(cache, OLD);
	assert_status(test_put_rows(cache, "more", 1, SEED, 100, &err), BC_OK,
	              &err);
	bc_close(cache);
}

/* LMDB and mapped files of our own make up for what is missing: sparsely. */
static void
h4_opening_on_a_full_disk_raises_no_signal(void **state)
{
	static const char *const missing[] = { "", "meta.mdb-lock", "ledger",
		                               "writer.lock" };
	size_t i;
	int code;

	(void)state;
	for (i = 0; i < sizeof(missing) / sizeof(*missing); i++) {
		code = test_child_run(open_on_a_full_disk,
		                      (void *)(uintptr_t)missing[i]);
		if (code == TEST_CHILD_SKIPPED)
			test_skip("may not mount a file system");
		if (code != 0)
			fail_msg("without '%s': exit %d", missing[i], code);
	}
}

/* ------------------------------------------------------------------------ */
/*  A copy with holes                                                       */
/* ------------------------------------------------------------------------ */

/* Give back all blocks of zeros, as a copying program may leave them out. */
static void
punch(void *context, const char *path)
{
	static const char zeros[4096];
	char page[4096];
	off_t at = 0;
	ssize_t got;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	(void)context;
	require(fd >= 0);
	for (; (got = pread(fd, page, sizeof(page), at)) > 0; at += got)
		if (memcmp(page, zeros, (size_t)got) == 0)
			require(fallocate(fd,
			                  FALLOC_FL_PUNCH_HOLE |
			                          FALLOC_FL_KEEP_SIZE,
			                  at, got) == 0);
	close(fd);
}

/* Opening and reading works or says that there is no room. */
static void
open_a_copy_with_holes(void *argument)
{
	const unsigned flags = *(const unsigned *)argument;
	struct bc_options options = BC_OPTIONS_INIT;
	char path[TEST_PATH];
	struct bc_cache *cache;
	struct bc_error err;
	unsigned long room;

	mount_small(16 * 1024 * KIB);
	cache = test_open(dir.cache, BC_OPEN_CREATE);
	require(put_old(cache, OLD) == OLD);
	bc_close(cache);
	punch(NULL, test_path(path, dir.cache, "ledger"));
	punch(NULL, test_path(path, dir.cache, "meta.mdb-lock"));
	options.flags = flags;
	for (room = 0; room < 2048 * KIB; room += 128 * KIB) {
		fill_up_to(room);
		if (done(bc_open(dir.cache, &options, &cache, &err), &err)) {
			check_old(cache, OLD);
			bc_close(cache);
		}
		empty_again();
	}
	cache = test_open(dir.cache, 0);
	check_old(cache, OLD);
	bc_close(cache);
}

static void
h4_a_copy_with_holes_on_a_full_disk_raises_no_signal(void **state)
{
	unsigned flags[] = { 0, BC_OPEN_READONLY };
	int code;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		code = test_child_run(open_a_copy_with_holes, &flags[i]);
		if (code == TEST_CHILD_SKIPPED)
			test_skip("may not mount a file system");
		assert_int_equal(code, 0);
	}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, dir_setup, dir_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(h4_a_small_disk_gives_clean_errors_at_every_size),
		TEST(h4_a_disk_that_fills_up_loses_nothing_and_works_again),
		TEST(h4_opening_on_a_full_disk_raises_no_signal),
		TEST(h4_a_copy_with_holes_on_a_full_disk_raises_no_signal),
	};

	return LAB_MAIN(argc, argv, "disk", tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_husk.c - filling the files of arenas that are gone once more: only if
 * nobody can see what was in them.
 */
#include "dir_unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "arena.h"
#include "husk.h"

#define CAPACITY (1ull << 20)
#define BYTES 100000u

static struct bci_husks husks;

static int
setup(void **state)
{
	memset(&husks, 0, sizeof(husks));
	return dir_setup(state);
}

/* Whether the kernel says of this file system who has a file. */
static bool
is_told(void)
{
	struct statfs fs;

	assert_int_equal(fstatfs(dir_fd, &fs), 0);
	return fs.f_type == 0xef53 || fs.f_type == 0x58465342 ||
	       fs.f_type == 0x01021994;
}

/* What a name leads to; 0: nothing. */
static ino_t
inode_of(const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, 0) == 0 ? st.st_ino : 0;
}

static void
make(struct bci_appender *appender, uint64_t number)
{
	struct bc_error err;

	assert_status(bci_appender_create(appender, dir_fd, number, CAPACITY,
	                                  false, false, &err),
	              BC_OK, &err);
}

static uint64_t
add(struct bci_appender *appender, struct bci_arena_record *record, int fill)
{
	struct bc_error err;
	uint64_t offset;
	void *room;

	assert_status(bci_appender_add(appender, BYTES, &room, &offset, &err),
	              BC_OK, &err);
	memset(room, fill, BYTES);
	assert_status(bci_appender_commit(appender, false, record, &err), BC_OK,
	              &err);
	return offset;
}

/* An arena of five values that is then given up; its inode. */
static ino_t
give_up(uint64_t number)
{
	struct bci_arena_record record = { .version = BCI_RECORD_VERSION };
	struct bci_appender appender;
	char name[BCI_ARENA_NAME];
	ino_t inode;

	make(&appender, number);
	for (int i = 0; i < 5; i++)
		add(&appender, &record, 'a' + i);
	bci_appender_close(&appender);
	bci_arena_name(number, name);
	inode = inode_of(name);
	assert_true(bci_husks_keep(&husks, dir_fd, number));
	assert_int_equal(inode_of(name), 0);
	return inode;
}

static void
use(struct bci_appender *appender, uint64_t number)
{
	struct bc_error err;

	make(appender, number);
	assert_status(bci_husks_use(&husks, appender, CAPACITY, &err), BC_OK,
	              &err);
}

static const unsigned char *
map_name(const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	void *base = mmap(NULL, CAPACITY, PROT_READ, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(base, MAP_FAILED);
	close(fd);
	return base;
}

static void
unmap(const unsigned char *base)
{
	assert_int_equal(munmap((void *)(uintptr_t)base, CAPACITY), 0);
}

/* It is as empty as a new one, and what it then has is there for others. */
static void
expect_new(struct bci_appender *appender, uint64_t number)
{
	struct bci_arena_record record = {
		.version = BCI_RECORD_VERSION,
		.capacity_bytes = CAPACITY,
		.page_bytes = (uint32_t)appender->page_bytes,
	};
	const unsigned char *base;
	char name[BCI_ARENA_NAME];
	struct bc_error err;
	uint64_t offset;

	assert_int_equal(appender->number, number);
	assert_int_equal(appender->next_key, 1);
	assert_int_equal(appender->capacity_pages,
	                 CAPACITY / appender->page_bytes);
	offset = add(appender, &record, 'z');
	bci_appender_close(appender);
	assert_true(record.end_bytes < 2 * BYTES);
	assert_status(
		bci_appender_open(appender, dir_fd, number, &record, &err),
		BC_OK, &err);
	assert_int_equal(appender->next_key, 2);
	bci_appender_close(appender);
	bci_arena_name(number, name);
	base = map_name(name);
	for (size_t i = 0; i < BYTES; i++)
		assert_int_equal(base[offset + i], 'z');
	unmap(base);
}

static void
a_husk_is_filled_again(void **state)
{
	ino_t inode = give_up(1);
	struct bci_appender appender;

	(void)state;
	assert_int_equal(inode_of("00000001.mdb.new"), inode);
	use(&appender, 2);
	assert_int_equal(inode_of("00000002.mdb") == inode, is_told());
	assert_int_equal(husks.count, !is_told());
	expect_new(&appender, 2);
	bci_husks_drop(&husks);
	assert_int_equal(inode_of("00000001.mdb.new"), 0);
	assert_int_not_equal(inode_of("00000002.mdb"), 0);
}

static void
one_that_is_mapped_is_left_alone(void **state)
{
	ino_t inode = give_up(1);
	const unsigned char *base = map_name("00000001.mdb.new");
	unsigned char *was = malloc(5 * BYTES);
	struct bci_appender appender;

	(void)state;
	assert_non_null(was);
	memcpy(was, base, 5 * BYTES);
	use(&appender, 2);
	assert_int_not_equal(inode_of("00000002.mdb"), inode);
	expect_new(&appender, 2);
	bci_husks_trim(&husks, 0);
	assert_int_equal(husks.count, 1);
	assert_memory_equal(was, base, 5 * BYTES);
	unmap(base);
	free(was);
	bci_husks_trim(&husks, 1);
	assert_int_equal(husks.count, 1);
	bci_husks_trim(&husks, 0);
	assert_int_equal(husks.count, !is_told());
	bci_husks_drop(&husks);
	assert_int_equal(inode_of("00000001.mdb.new"), 0);
}

static void
one_that_is_open_for_writing_is_left_alone(void **state)
{
	ino_t inode = give_up(1);
	int fd = openat(dir_fd, "00000001.mdb.new", O_WRONLY | O_CLOEXEC);
	struct bci_appender appender;

	(void)state;
	assert_true(fd >= 0);
	use(&appender, 2);
	assert_int_not_equal(inode_of("00000002.mdb"), inode);
	bci_appender_close(&appender);
	close(fd);
	bci_husks_drop(&husks);
}

static void
one_that_was_swept_away_is_none(void **state)
{
	struct bci_appender appender;

	(void)state;
	give_up(1);
	assert_int_equal(unlinkat(dir_fd, "00000001.mdb.new", 0), 0);
	use(&appender, 2);
	expect_new(&appender, 2);
	bci_husks_drop(&husks);
}

static void
one_of_another_directory_is_left_alone(void **state)
{
	int other = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ino_t inode = give_up(1);
	struct bci_appender appender;

	(void)state;
	assert_true(other >= 0);
	husks.each[0].dir_fd = other;
	use(&appender, 2);
	assert_int_not_equal(inode_of("00000002.mdb"), inode);
	bci_appender_close(&appender);
	bci_husks_drop(&husks);
	close(other);
}

static void
the_oldest_makes_room_for_another(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= BCI_HUSKS; i++)
		give_up(i);
	assert_int_not_equal(inode_of("00000001.mdb.new"), 0);
	give_up(BCI_HUSKS + 1);
	assert_int_equal(husks.count, BCI_HUSKS);
	assert_int_equal(inode_of("00000001.mdb.new"), 0);
	assert_int_not_equal(inode_of("00000002.mdb.new"), 0);
	assert_false(bci_husks_keep(&husks, dir_fd, 99));
	bci_husks_drop(&husks);
	assert_int_equal(husks.count, 0);
	assert_int_equal(inode_of("00000005.mdb.new"), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_husk_is_filled_again),
		TEST(one_that_is_mapped_is_left_alone),
		TEST(one_that_is_open_for_writing_is_left_alone),
		TEST(one_that_was_swept_away_is_none),
		TEST(one_of_another_directory_is_left_alone),
		TEST(the_oldest_makes_room_for_another),
	};

	return cmocka_run_group_tests_name("husk", tests, NULL, NULL);
}

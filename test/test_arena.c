/* SPDX-License-Identifier: MIT */
/*
 * test_arena.c - appending: where values lie, how many fit, what becomes of an
 * arena that is older than its record.
 */
#include "dir_unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "mapping.h"

static struct bci_arena_record record;

static int
setup(void **state)
{
	memset(&record, 0, sizeof(record));
	return dir_setup(state);
}

/* Arena 1 with room for so many bytes. */
static void
make(struct bci_appender *appender, uint64_t capacity)
{
	struct bc_error err;

	assert_status(bci_appender_create(appender, dir_fd, 1, capacity, false,
	                                  false, &err),
	              BC_OK, &err);
	record = (struct bci_arena_record){
		.version = BCI_RECORD_VERSION,
		.class_ = BCI_ARENA_WARM,
		.page_bytes = (uint32_t)appender->page_bytes,
		.capacity_bytes = capacity,
	};
}

/* Add a value all of whose bytes are 'fill'. */
static uint64_t
add(struct bci_appender *appender, uint64_t bytes, int fill)
{
	struct bc_error err;
	uint64_t offset = 0;
	void *room;

	assert_status(bci_appender_add(appender, bytes, &room, &offset, &err),
	              BC_OK, &err);
	assert_int_equal(offset % appender->page_bytes, BCI_VALUE_SHIFT);
	memset(room, fill, bytes);
	return offset;
}

static void
commit(struct bci_appender *appender)
{
	struct bc_error err;

	assert_status(bci_appender_commit(appender, false, &record, &err),
	              BC_OK, &err);
}

/* The value is where a reader that knows nothing of LMDB looks for it. */
static void
expect_bytes(uint64_t offset, uint64_t bytes, int fill)
{
	int fd = openat(dir_fd, "00000001.mdb", O_RDONLY);
	const unsigned char *base = bci_map_file(fd, record.end_bytes, false);
	uint64_t i;

	close(fd);
	assert_non_null(base);
	assert_true(offset + bytes <= record.end_bytes);
	for (i = 0; i < bytes; i++)
		assert_int_equal(base[offset + i], fill);
	for (; i < BCI_VALUE_MIN; i++)
		assert_int_equal(base[offset + i], 0); /* padding of ours */
	bci_unmap((void *)(uintptr_t)base, record.end_bytes);
}

static void
names_have_a_number_and_numbers_a_name(void **state)
{
	static const char *const none[] = {
		"",
		"1.mdb",
		"0000001.mdb",
		"000000001.mdb",
		"00000001.mdbx",
		"00000001",
		"00000001.mdb.new",
		"meta.mdb",
		"-0000001.mdb",
		"00000000.mdb",
		"0x000001.mdb",
		" 0000001.mdb",
	};
	static const uint64_t numbers[] = { 1,          17,
		                            99999999,   100000000,
		                            1ull << 32, 999999999999999 };
	char name[BCI_ARENA_NAME];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(bci_arena_number(none[i]), 0);
	bci_arena_name(17, name);
	assert_string_equal(name, "00000017.mdb");
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		bci_arena_name(numbers[i], name);
		assert_int_equal(bci_arena_number(name), numbers[i]);
	}
	assert_string_equal(bci_arena_directory(BCI_ARENA_WARM), "warm");
	assert_string_equal(bci_arena_directory(BCI_ARENA_COLD), "cold");
}

static void
capacity_follows_from_the_budget_within_limits(void **state)
{
	(void)state;
	assert_int_equal(bci_arena_capacity(0), BCI_ARENA_MIN);
	assert_int_equal(bci_arena_capacity(32 * BCI_ARENA_MIN), BCI_ARENA_MIN);
	assert_int_equal(bci_arena_capacity(64 * BCI_ARENA_MIN),
	                 2 * BCI_ARENA_MIN);
	assert_int_equal(bci_arena_capacity(32 * BCI_ARENA_MAX), BCI_ARENA_MAX);
	assert_int_equal(bci_arena_capacity(UINT64_MAX), BCI_ARENA_MAX);
}

static void
pages_are_counted_with_their_head(void **state)
{
	(void)state;
	assert_int_equal(bci_arena_pages(0, 4096), 1);
	assert_int_equal(bci_arena_pages(4080, 4096), 1);
	assert_int_equal(bci_arena_pages(4081, 4096), 2);
	assert_int_equal(bci_arena_pages(8176, 4096), 2);
	assert_int_equal(bci_arena_pages(8177, 4096), 3);
}

static void
values_lie_16_bytes_into_a_page_of_the_file(void **state)
{
	static const uint64_t sizes[] = { 1,    100,  4079, 4080,
		                          4081, 8176, 8177, 100000 };
	struct bci_appender appender;
	uint64_t offsets[8];
	unsigned i;

	(void)state;
	make(&appender, 1 << 20);
	for (i = 0; i < 8; i++) {
		offsets[i] = add(&appender, sizes[i], (int)i + 1);
		if (i % 3 == 2)
			commit(&appender);
	}
	commit(&appender);
	for (i = 0; i < 8; i++)
		expect_bytes(offsets[i], sizes[i], (int)i + 1);
	bci_appender_close(&appender);
	for (i = 0; i < 8; i++)
		expect_bytes(offsets[i], sizes[i], (int)i + 1);
	assert_int_equal(faccessat(dir_fd, "00000001.mdb.new", F_OK, 0), -1);
	assert_int_equal(faccessat(dir_fd, "00000001.mdb-lock", F_OK, 0), -1);
}

/* Fill an arena by values of one size, 'each' of them a commit. */
static uint64_t
fill_up(uint64_t bytes, uint64_t capacity, unsigned each)
{
	struct bci_appender appender;
	struct bc_error err;
	uint64_t count = 0, offset;
	void *room;

	make(&appender, capacity);
	while (bci_appender_fits(&appender, bytes)) {
		assert_status(bci_appender_add(&appender, bytes, &room, &offset,
		                               &err),
		              BC_OK, &err);
		if (++count % each == 0)
			commit(&appender);
	}
	commit(&appender);
	assert_true(record.end_bytes <= capacity);
	bci_appender_close(&appender);
	assert_int_equal(unlinkat(dir_fd, "00000001.mdb", 0), 0);
	return count;
}

static void
what_fits_never_fills_the_map(void **state)
{
	static const unsigned each[] = { 1, 7, 1000000 };
	uint64_t bytes, pages = 1 << 8, count;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		for (bytes = 1; bytes < 200 * 4096; bytes = bytes * 2 + 13) {
			count = fill_up(bytes, 1 << 20, each[i]);
			/* and most of the room is used */
			assert_true(count >=
			            (pages - 24) /
			                    (bci_arena_pages(bytes, 4096) + 1) /
			                    2);
		}
	}
	/* Enough values for a B-tree of three levels, in one commit. */
	assert_true(fill_up(1, 64 << 20, 1000000) > 15000);
	assert_true(fill_up(1, 16 << 20, 1) > 3000);
}

static void
an_arena_is_opened_again_and_goes_on(void **state)
{
	struct bci_appender appender;
	struct bc_error err;
	uint64_t first, second;

	(void)state;
	make(&appender, 1 << 20);
	first = add(&appender, 5000, 1);
	commit(&appender);
	bci_appender_close(&appender);
	assert_status(bci_appender_open(&appender, dir_fd, 1, &record, &err),
	              BC_OK, &err);
	second = add(&appender, 5000, 2);
	assert_true(second >= first + 8192);
	commit(&appender);
	bci_appender_close(&appender);
	expect_bytes(first, 5000, 1);
	expect_bytes(second, 5000, 2);
	bci_appender_close(&appender); /* Of nothing is nothing. */
}

static void
what_was_not_committed_is_gone(void **state)
{
	struct bci_appender appender;
	struct bc_error err;
	uint64_t first, lost, second;

	(void)state;
	make(&appender, 1 << 20);
	first = add(&appender, 5000, 1);
	commit(&appender);
	lost = add(&appender, 5000, 2);
	bci_appender_close(&appender);
	assert_status(bci_appender_open(&appender, dir_fd, 1, &record, &err),
	              BC_OK, &err);
	second = add(&appender, 5000, 3);
	assert_int_equal(second, lost); /* Nobody could know of it. */
	commit(&appender);
	expect_bytes(first, 5000, 1);
	expect_bytes(second, 5000, 3);
	bci_appender_close(&appender);
}

static void
two_appenders_take_turns(void **state)
{
	struct bci_appender one, two;
	uint64_t offsets[10];
	struct bc_error err;
	int i;

	(void)state;
	make(&one, 1 << 20);
	commit(&one);
	assert_status(bci_appender_open(&two, dir_fd, 1, &record, &err), BC_OK,
	              &err);
	for (i = 0; i < 10; i++) {
		struct bci_appender *turn = i % 3 == 1 ? &two : &one;

		assert_status(bci_appender_renew(turn, &record, &err), BC_OK,
		              &err);
		offsets[i] = add(turn, 4080 + (uint64_t)i * 3000, i + 1);
		commit(turn);
	}
	for (i = 0; i < 10; i++)
		expect_bytes(offsets[i], 4080 + (uint64_t)i * 3000, i + 1);
	bci_appender_close(&two);
	bci_appender_close(&one);
}

static void
an_arena_that_went_back_is_found_out(void **state)
{
	struct bci_appender appender;
	struct bci_arena_record good;
	struct bc_error err;

	(void)state;
	make(&appender, 1 << 20);
	add(&appender, 5000, 1);
	commit(&appender);
	bci_appender_close(&appender);
	good = record;
	record.end_bytes += record.page_bytes;
	assert_status(bci_appender_open(&appender, dir_fd, 1, &record, &err),
	              BC_CORRUPT, &err);
	record = good;
	record.txnid++;
	assert_status(bci_appender_open(&appender, dir_fd, 1, &record, &err),
	              BC_CORRUPT, &err);
	record = good;
	record.page_bytes *= 2;
	assert_status(bci_appender_open(&appender, dir_fd, 1, &record, &err),
	              BC_CORRUPT, &err);
	record = good;
	assert_status(bci_appender_open(&appender, dir_fd, 1, &record, &err),
	              BC_OK, &err);
	record.txnid++;
	assert_status(bci_appender_renew(&appender, &record, &err), BC_CORRUPT,
	              &err);
	bci_appender_close(&appender);
}

static void
an_arena_cut_short_or_gone_is_found_out(void **state)
{
	struct bci_appender appender;
	struct bc_error err;
	int fd;

	(void)state;
	make(&appender, 1 << 20);
	add(&appender, 50000, 1);
	commit(&appender);
	bci_appender_close(&appender);
	fd = openat(dir_fd, "00000001.mdb", O_RDWR);
	assert_int_equal(ftruncate(fd, (off_t)record.end_bytes - 1), 0);
	assert_status(bci_appender_open(&appender, dir_fd, 1, &record, &err),
	              BC_CORRUPT, &err);
	assert_int_equal(ftruncate(fd, (off_t)record.end_bytes), 0);
	assert_status(bci_appender_open(&appender, dir_fd, 1, &record, &err),
	              BC_OK, &err);
	bci_appender_close(&appender);
	close(fd);
	assert_int_equal(unlinkat(dir_fd, "00000001.mdb", 0), 0);
	assert_status(bci_appender_open(&appender, dir_fd, 1, &record, &err),
	              BC_ABSENT, &err);
	assert_int_equal(faccessat(dir_fd, "00000001.mdb", F_OK, 0), -1);
}

static void
a_leftover_of_an_unfinished_arena_is_no_obstacle(void **state)
{
	struct bci_appender appender;
	int fd = openat(dir_fd, "00000001.mdb.new", O_RDWR | O_CREAT, 0600);

	(void)state;
	assert_int_equal(write(fd, "noise", 5), 5);
	close(fd);
	make(&appender, 1 << 20);
	add(&appender, 10, 1);
	commit(&appender);
	bci_appender_close(&appender);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, dir_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(names_have_a_number_and_numbers_a_name),
		TEST(an_arena_that_went_back_is_found_out),
		TEST(an_arena_cut_short_or_gone_is_found_out),
		TEST(a_leftover_of_an_unfinished_arena_is_no_obstacle),
		TEST(capacity_follows_from_the_budget_within_limits),
		TEST(pages_are_counted_with_their_head),
		TEST(values_lie_16_bytes_into_a_page_of_the_file),
		TEST(what_fits_never_fills_the_map),
		TEST(an_arena_is_opened_again_and_goes_on),
		TEST(what_was_not_committed_is_gone),
		TEST(two_appenders_take_turns),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}

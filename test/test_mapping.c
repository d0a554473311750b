/* SPDX-License-Identifier: MIT */
/*
 * test_mapping.c - files and nothing mapped into memory.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "mapping.h"

#define BYTES 8192

static struct test_dir dir;
static int fd;

static int
setup(void **state)
{
	char path[TEST_PATH];

	(void)state;
	test_dir_make_fast(&dir);
	fd = open(test_path(path, dir.path, "file"), O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, BYTES), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(fd);
	test_dir_remove(&dir);
	return 0;
}

static void
what_cannot_be_mapped_is_null_with_errno(void **state)
{
	(void)state;
	errno = 0;
	assert_null(bci_map_file(-1, BYTES, false));
	assert_int_equal(errno, EBADF);
	assert_null(bci_map_file(fd, 0, false));
	assert_int_equal(errno, EINVAL);
	assert_null(bci_map_zeroed(1ull << 60));
	assert_int_equal(errno, ENOMEM);
}

static void
two_mappings_of_a_file_are_the_same_bytes(void **state)
{
	unsigned char *writable = bci_map_file(fd, BYTES, true), byte = 0;
	const unsigned char *readable = bci_map_file(fd, BYTES, false);

	(void)state;
	assert_non_null(writable);
	assert_non_null(readable);
	writable[5000] = 77;
	assert_int_equal(readable[5000], 77);
	assert_int_equal(pread(fd, &byte, 1, 5000), 1);
	assert_int_equal(byte, 77);
	bci_unmap(writable, BYTES);
	bci_unmap((void *)(uintptr_t)readable, BYTES);
}

static void
write_to_readable(void *unused)
{
	volatile unsigned char *readable = bci_map_file(fd, BYTES, false);

	(void)unused;
	readable[0] = 1;
}

static void
a_mapping_to_read_cannot_be_written(void **state)
{
	int code = test_child_run(write_to_readable, NULL);

	(void)state;
	if (TEST_SANITIZED) /* It reports the signal its own way. */
		assert_int_not_equal(code, 0);
	else
		assert_int_equal(code, TEST_CHILD_SIGNAL + SIGSEGV);
}

static void
zeroed_memory_is_zero_and_private(void **state)
{
	const uint64_t much = 1ull << 32; /* More than anybody pays for. */
	unsigned char *memory = bci_map_zeroed(much);

	(void)state;
	assert_non_null(memory);
	assert_int_equal(memory[0] | memory[much / 2] | memory[much - 1], 0);
	memory[much - 1] = 9;
	assert_int_equal(memory[much - 1], 9);
	bci_unmap(memory, much);
	bci_unmap(NULL, much);
}

/* It may only change how fast: the bytes stay, at every size and place. */
static void
asking_for_large_pages_changes_no_byte(void **state)
{
	const uint64_t much = 16ull << 20;
	unsigned char *memory = bci_map_zeroed(much);

	(void)state;
	assert_non_null(memory);
	memset(memory, 5, much);
	bci_map_large(memory + 1, 0);
	bci_map_large(memory + 3, much - 7);
	bci_map_large(memory, much);
	for (uint64_t i = 0; i < much; i += 509)
		assert_int_equal(memory[i], 5);
	assert_int_equal(memory[much - 1], 5);
	bci_unmap(memory, much);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_cannot_be_mapped_is_null_with_errno),
		TEST(two_mappings_of_a_file_are_the_same_bytes),
		TEST(a_mapping_to_read_cannot_be_written),
		TEST(zeroed_memory_is_zero_and_private),
		TEST(asking_for_large_pages_changes_no_byte),
	};

	return cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
}

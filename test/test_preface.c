/* SPDX-License-Identifier: MIT */
/*
 * test_preface.c - files that LMDB must not be given.  Where the fields are is
 * asked of LMDB's own file, not of the code under test.
 */
#include "support.h"

#include <fcntl.h>
#include <lmdb.h>
#include <string.h>
#include <unistd.h>

#include "preface.h"

#define PAGE 4096

static struct test_dir dir;
static unsigned char image[2 * PAGE];
static int fd;

static int
setup(void **state)
{
	char path[TEST_PATH];
	MDB_env *env;

	(void)state;
	test_dir_make_fast(&dir);
	test_path(path, dir.path, "data");
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
	mdb_env_close(env);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, image, sizeof(image), 0), sizeof(image));
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

/* What is said of the file as it is; BC_OK is "". */
static const char *
says(void)
{
	static struct bc_error err;
	enum bc_status status = bci_preface_check(fd, "data", &err);

	if (status == BC_OK)
		return "";
	assert_status(status, BC_FORMAT, &err);
	assert_non_null(strstr(err.message, "data"));
	return err.message;
}

/* The same after a change of one page, which is taken back. */
static const char *
says_with(unsigned page, size_t at, const void *bytes, size_t count)
{
	off_t place = (off_t)(page * PAGE + at);
	const char *text;

	assert_int_equal(pwrite(fd, bytes, count, place), count);
	text = says();
	assert_int_equal(pwrite(fd, image + place, count, place), count);
	return text;
}

static void
a_file_of_lmdb_is_taken(void **state)
{
	(void)state;
	assert_string_equal(says(), "");
}

static void
what_is_short_or_another_thing_is_refused(void **state)
{
	static const uint32_t version = 2;
	static const unsigned char swapped[] = { 0xbe, 0xef, 0xc0, 0xde };

	(void)state;
	for (unsigned page = 0; page < 2; page++) {
		assert_non_null(strstr(says_with(page, 16, "x", 1),
		                       "not an LMDB file"));
		assert_non_null(strstr(says_with(page, 16, swapped, 4),
		                       "the other byte order"));
		assert_non_null(strstr(says_with(page, 20, &version, 4),
		                       "file format 2"));
	}
	assert_int_equal(ftruncate(fd, PAGE), 0);
	assert_non_null(strstr(says(), "not an LMDB file"));
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_non_null(strstr(says(), "not an LMDB file"));
}

static void
pages_of_impossible_sizes_are_refused(void **state)
{
	static const uint32_t sizes[] = { 0,    1,    256,   511,        513,
		                          4095, 4097, 65537, 0x20000,
		                          0x80000000, UINT32_MAX };
	static const uint32_t other = 8192;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (unsigned page = 0; page < 2; page++)
			assert_non_null(
				strstr(says_with(page, 40, &sizes[i], 4),
			               "pages have"));
	assert_non_null(
		strstr(says_with(1, 40, &other, 4), "4096 or 8192 bytes"));
}

static void
tables_of_other_kinds_are_refused(void **state)
{
	(void)state;
	for (unsigned page = 0; page < 2; page++)
		for (size_t at = 44; at <= 92; at += 48)
			for (unsigned bit = 0; bit < 8; bit++) {
				unsigned char flags = image[page * PAGE + at];
				bool bad = bit != 0 && bit != 3 && bit != 7;

				flags |= (unsigned char)(1u << bit);
				assert_int_equal(says_with(page, at, &flags,
				                           1)[0] != '\0', bad);
			}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_file_of_lmdb_is_taken),
		TEST(what_is_short_or_another_thing_is_refused),
		TEST(pages_of_impossible_sizes_are_refused),
		TEST(tables_of_other_kinds_are_refused),
	};

	return cmocka_run_group_tests_name("preface", tests, NULL, NULL);
}

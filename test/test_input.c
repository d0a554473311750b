/* SPDX-License-Identifier: MIT */
/*
 * test_input.c - the texts that a path leads to, however they are packed, and
 * what is said of a file that cannot be had.  The limit of a text is 4 MiB
 * here.
 */
#include "barcache.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "hash.h"
#include "texts.h"
#include "tool.h"

#define SECOND INT64_C(1000000000)
#define ROWS "date,open\n2024-01-02,1.5\n"
#define LONG (300 * 1024) /* several times the first buffer */

/* ------------------------------------------------------------------------ */
/*  Plain files                                                             */
/* ------------------------------------------------------------------------ */

static void
plain_files_come_as_they_are(void **state)
{
	struct timespec times[2] = { { 5, 6 }, { 1704153600, 7 } };
	char *text = text_make(LONG);
	struct input_source *source;
	const struct input *input;

	(void)state;
	text_write(text_file, text, LONG);
	assert_int_equal(utimensat(AT_FDCWD, text_file, times, 0), 0);
	source = text_open(text_file);
	input = text_expect(source, text_file, text, LONG);
	assert_int_equal(input->stored_bytes, LONG);
	assert_int_equal(input->packing, INPUT_PLAIN);
	assert_int_equal(input->modified_ns, 1704153600 * SECOND + 7);
	assert_string_equal(input->types, "");
	assert_false(input->json || input->checked);
	text_expect_end(source);
	free(text);
	text_write(text_file, "", 0);
	text_expect_only("", 0);
	text_write(text_file, "x", 1);
	text_expect_only("x", 1);
	input_close(NULL);
}

static void
json_comes_as_rows(void **state)
{
	static const char json[] = "{\"columns\":[\"time\",\"open\"],\"types\":"
				   "[\"i64\",\"f64\"],\"data\":[[1,2.50]]}";
	struct input_source *source;
	const struct input *input;

	(void)state;
	text_write(text_file, json, strlen(json));
	source = text_open(text_file);
	input = text_expect(source, text_file, "time\topen\n1\t2.50\n", 17);
	assert_true(input->json);
	assert_int_equal(input->stored_bytes, strlen(json));
	assert_string_equal(input->types, "time:i64,open:f64");
	text_expect_end(source);
	text_write(text_file, "[[1,2]", 6);
	source = text_open(text_file);
	text_expect_failure(source, text_file,
	                    "not JSON at byte 7: it ends where ',' or ']' "
	                    "should be");
	text_expect_end(source);
}

static void
files_without_a_size_are_read_to_the_end(void **state)
{
	struct input_source *source = text_open("/proc/self/status");
	const struct input *input;
	struct bc_error err;

	(void)state;
	assert_int_equal(input_next(source, &input, &err), 1);
	assert_memory_equal(input->data, "Name:", 5);
	text_expect_end(source);
}

/* Write the text at 'context' into the pipe. */
static void
write_pipe(void *context)
{
	int fd = open(text_file, O_WRONLY | O_CLOEXEC);

	require(fd >= 0);
	require(write(fd, context, LONG) == LONG);
	close(fd);
}

static void
pipes_and_standard_input_are_read_to_the_end(void **state)
{
	char *text = text_make(LONG);
	struct input_source *source;
	const struct input *input;
	int saved = dup(STDIN_FILENO), fd;
	pid_t child;

	(void)state;
	assert_int_equal(mkfifo(text_file, 0600), 0);
	child = test_child_start(write_pipe, text);
	source = text_open(text_file);
	assert_int_equal(test_child_wait(child), 0);
	input = text_expect(source, text_file, text, LONG);
	assert_int_equal(input->modified_ns, 0);
	text_expect_end(source);
	child = test_child_start(write_pipe, text);
	fd = open(text_file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && saved >= 0);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
	source = text_open("-");
	assert_int_equal(test_child_wait(child), 0);
	input = text_expect(source, "-", text, LONG);
	assert_int_equal(input->stored_bytes, LONG);
	text_expect_end(source);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	free(text);
}

static void
what_is_no_file_is_refused(void **state)
{
	char path[TEST_PATH];

	(void)state;
	text_expect_refused(text_dir.path, BC_IO,
	                    "cannot be read: it is a directory");
	text_expect_refused("/dev/zero", BC_IO,
	                    "cannot be read: it is a device");
	text_expect_refused(test_path(path, text_dir.path, "none"), BC_IO,
	                    "cannot be read: No such file or directory");
	text_write(text_file, ROWS, strlen(ROWS));
	assert_int_equal(truncate(text_file, (off_t)INPUT_BYTES_MAX + 1), 0);
	text_expect_refused(text_file, BC_TOO_LARGE,
	                    "larger than 4194304 bytes");
	if (geteuid() == 0)
		test_skip("root may read any file");
	assert_int_equal(chmod(text_file, 0), 0);
	text_expect_refused(text_file, BC_DENIED,
	                    "cannot be read: Permission denied");
}

/* Make the file longer and shorter without end. */
static void
rewrite_file(void *context)
{
	static char block[65536];
	int fd = open(text_file, O_WRONLY | O_CLOEXEC);

	(void)context;
	memset(block, 'x', sizeof(block));
	for (;;) {
		for (int i = 0; i < 32; i++)
			require(write(fd, block, sizeof(block)) > 0);
		require(ftruncate(fd, 100) == 0);
		require(lseek(fd, 100, SEEK_SET) == 100);
	}
}

/* How reading a file may end. */
enum { READ_WHOLE = 10, READ_REFUSED = 11, READ_CUT_SHORT = TOOL_CANNOT };

/* Read the file and end with how that went. */
static void
read_file(void *context)
{
	struct bc_error err = { .message = "" };
	struct input_source *source = input_open(text_file, &err);
	const struct input *input = NULL;
	bool good = source != NULL && input_next(source, &input, &err) == 1;
	volatile unsigned char touched = 0;

	(void)context;
	for (uint64_t i = 0; good && i < input->bytes; i++)
		touched = (unsigned char)(touched ^ input->data[i]);
	if (good && input_unchanged(source, &err))
		_exit(READ_WHOLE);
	require(strstr(err.message, "while it was read") != NULL);
	_exit(READ_REFUSED);
}

static void
files_may_change_while_they_are_read(void **state)
{
	size_t ends[READ_REFUSED + 1] = { 0 };
	pid_t child;

	(void)state;
	text_write(text_file, ROWS, strlen(ROWS));
	child = test_child_start(rewrite_file, NULL);
	for (int i = 0; i < 200; i++) {
		int end = test_child_run(read_file, NULL);

		assert_in_range(end, 0, READ_REFUSED);
		ends[end]++;
	}
	assert_int_equal(ends[READ_WHOLE] + ends[READ_REFUSED] +
	                         ends[READ_CUT_SHORT],
	                 200);
	kill(child, SIGKILL);
	assert_int_equal(test_child_wait(child), TEST_CHILD_SIGNAL + SIGKILL);
}

/* A mapped file that is cut short ends the run in words, not by a signal. */
static void
cut_file(void *context)
{
	const struct input *input = NULL;
	struct input_source *source;
	struct bc_error err;
	const volatile char *data;

	(void)context;
	source = input_open(text_file, &err);
	require(source != NULL && input_next(source, &input, &err) == 1);
	data = input->data;
	require(truncate(text_file, 0) == 0);
	require(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) >= 0);
	_exit(data[input->bytes - 1] == 'x' ? READ_WHOLE : READ_REFUSED);
}

static void
a_file_that_is_cut_short_ends_the_run(void **state)
{
	static char block[1 << 20];

	(void)state;
	memset(block, 'x', sizeof(block));
	text_write(text_file, block, sizeof(block));
	assert_int_equal(test_child_run(cut_file, NULL), READ_CUT_SHORT);
}

/* A file that grew is refused, mapped or read. */
static void
a_file_that_grew_is_refused(void **state)
{
	static char block[1 << 20];
	const struct input *input;
	struct input_source *source;
	struct bc_error err;
	int fd;

	(void)state;
	memset(block, 'x', sizeof(block));
	for (size_t bytes = 100; bytes <= sizeof(block); bytes *= 100) {
		text_write(text_file, block, bytes);
		source = input_open(text_file, &err);
		assert_non_null(source);
		assert_int_equal(input_next(source, &input, &err), 1);
		assert_true(input_unchanged(source, &err));
		fd = open(text_file, O_WRONLY | O_APPEND);
		assert_int_equal(write(fd, "y", 1), 1);
		close(fd);
		assert_false(input_unchanged(source, &err));
		assert_string_equal(err.message,
		                    "it was written to while it was read: try "
		                    "again");
		input_close(source);
	}
}

/* ------------------------------------------------------------------------ */
/*  What is in a file                                                       */
/* ------------------------------------------------------------------------ */

static void
other_kinds_of_files_are_refused_by_name(void **state)
{
	static const struct {
		const char *data;
		size_t bytes;
		const char *message;
	} kinds[] = {
		{ "PAR1....", 8,
		  "a Parquet file, which is not read here; as CSV it is: "
		  "python3 -c 'import sys, pandas; pandas.read_parquet(sys."
		  "argv[1]).to_csv(sys.stdout)' FILE | barcache import -" },
		{ "ARROW1\0\0", 8, "a Feather (Arrow) file, which" },
		{ "FEA1....", 8, "a Feather file, which" },
		{ "\x89HDF\r\n\x1a\n....", 12, "an HDF5 file, which" },
		{ "\x93NUMPY\1\0v\0", 10, "a NumPy array, which" },
		{ "\x80\4\x95\x1a\0\0\0\0\0\0\0.", 12,
		  "a Python pickle, which is not read here because reading "
		  "one runs the code in it" },
		{ "\xfd"
		  "7zXZ\0\0",
		  7,
		  "packed with xz, which is not read here: xz -dc FILE | "
		  "barcache import - --symbol NAME" },
		{ "\x28\xb5\x2f\xfd....", 8, "packed with zstd, which" },
		{ "BZh91AY&SY..", 12, "packed with bzip2, which" },
		{ "\x04\x22\x4d\x18....", 8, "packed with LZ4, which" },
		{ "7z\xbc\xaf\x27\x1c..", 8, "packed with 7-Zip, which" },
		{ "Rar!\x1a\7\0.", 8, "packed with RAR, which" },
		{ "\x5d\0\0\4\0\xff\xff\xff\xff\xff\xff\xff\xff", 13,
		  "packed with LZMA, which" },
		{ "\x1f\x9d\x90..", 5, "packed with compress, which" },
		{ "SQLite format 3\0..", 18, "an SQLite database: " },
		{ "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8,
		  "an old Excel workbook: " },
		{ "\x91\1\0\0(C)opyright", 15, "a MetaTrader history file: " },
		{ "%PDF-1.4", 8, "a PDF document: " },
		{ "\r\n<!DOCTYPE html>", 17, "a web page, not data: " },
		{ "<html lang=en>", 14, "a web page, not data: " },
		{ "date,open\n\0\0\0\1", 14,
		  "neither text nor anything else that is read here" },
	};
	unsigned char packed[256];
	char tar[512] = "a.csv";

	(void)state;
	for (size_t i = 0; i < BCI_COUNT(kinds); i++) {
		struct bc_error err = { 0 };

		text_write(text_file, kinds[i].data, kinds[i].bytes);
		assert_null(input_open(text_file, &err));
		assert_int_equal(err.status, BC_INVALID);
		if (strncmp(err.message, kinds[i].message,
		            strlen(kinds[i].message)) != 0)
			fail_msg("%s", err.message);
		/* Nothing is cut off. */
		assert_true(strlen(err.message) < sizeof(err.message) - 1);
	}
	memcpy(tar + 257, "ustar", 5);
	text_write(text_file, tar, sizeof(tar));
	text_expect_refused(text_file, BC_INVALID,
	                    "a tar archive: unpack it first (tar -xf FILE) and "
	                    "import the directory");
	text_write(text_file, packed,
	           text_gzip(tar, sizeof(tar), 0, packed, sizeof(packed)));
	text_expect_bad("a tar archive: unpack it first (tar -xf FILE) and "
	                "import the directory");
	text_write(text_file, packed,
	           text_gzip("\x1f\x8b\x08", 3, 0, packed, sizeof(packed)));
	text_expect_bad("gzip within gzip: unpack it first");
}

/* Write the checksum file of the file of the test; 'hash' stands for its own.
 */
static void
write_checksum(const char *format, bool right)
{
	unsigned char hash[32];
	char digits[65], text[512], path[TEST_PATH];

	bci_sha256(ROWS, strlen(ROWS) - !right, hash);
	for (int i = 0; i < 32; i++)
		snprintf(digits + 2 * i, 3, "%02x", hash[i]);
	snprintf(text, sizeof(text), "%s%s", digits, format);
	text_write(test_path(path, text_dir.path, "file.CHECKSUM"), text,
	           strlen(text));
}

static void
a_checksum_beside_a_file_must_be_right(void **state)
{
	static const char *const good[] = { "  file\n", "\n", "", " *file\r\n",
		                            "  other\n" };
	static const char wrong[] =
		"its SHA-256 is not what the .CHECKSUM beside it states: fetch "
		"it again";
	static const char none[] =
		"the .CHECKSUM beside it has no SHA-256 of it; take that file "
		"away to do without";
	struct input_source *source;
	char path[TEST_PATH], lines[256];

	(void)state;
	text_write(text_file, ROWS, strlen(ROWS));
	for (size_t i = 0; i < BCI_COUNT(good); i++) {
		write_checksum(good[i], true);
		source = text_open(text_file);
		assert_true(text_expect(source, text_file, ROWS, strlen(ROWS))
		                    ->checked);
		text_expect_end(source);
		write_checksum(good[i], false);
		text_expect_refused(text_file, BC_INVALID, wrong);
	}
	/* Of several lines, the one that names the file. */
	snprintf(lines, sizeof(lines), "  other\n%064d  file\n", 7);
	write_checksum(lines, true);
	text_expect_refused(text_file, BC_INVALID, wrong);
	snprintf(lines, sizeof(lines), "  file\n%064d  other\n", 7);
	write_checksum(lines, true);
	text_expect_only(ROWS, strlen(ROWS));
	snprintf(lines, sizeof(lines), "  a\n%064d  b\n", 7);
	write_checksum(lines, true);
	text_expect_refused(text_file, BC_INVALID, none);
	write_checksum("0", true);
	text_expect_refused(text_file, BC_INVALID, none);
	test_path(path, text_dir.path, "file.CHECKSUM");
	text_write(path, "<html>", 6);
	text_expect_refused(text_file, BC_INVALID, none);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	text_expect_refused(text_file, BC_INVALID, none);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, text_setup, text_teardown)
	const struct CMUnitTest tests[] = {
		TEST(plain_files_come_as_they_are),
		TEST(json_comes_as_rows),
		TEST(files_without_a_size_are_read_to_the_end),
		TEST(pipes_and_standard_input_are_read_to_the_end),
		TEST(what_is_no_file_is_refused),
		TEST(files_may_change_while_they_are_read),
		TEST(a_file_that_is_cut_short_ends_the_run),
		TEST(a_file_that_grew_is_refused),
		TEST(other_kinds_of_files_are_refused_by_name),
		TEST(a_checksum_beside_a_file_must_be_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

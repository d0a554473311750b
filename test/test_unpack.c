/* SPDX-License-Identifier: MIT */
/*
 * test_unpack.c - what is in gzip files and zip archives, whole, damaged and
 * malicious, and text that is not UTF-8.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>
#include <zlib.h>

#include "common.h"
#include "texts.h"

#define SECOND INT64_C(1000000000)
#define ROWS "date,open\n2024-01-02,1.5\n"
#define LONG (300 * 1024) /* several times the first buffer */

/* A member of an archive; data that is NULL is a directory. */
struct member {
	const char *name, *data;
	size_t bytes;
};

static void
write_zip(const char *path, const struct member *members, size_t count)
{
	zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);

	assert_non_null(zip);
	for (size_t i = 0; i < count; i++) {
		zip_source_t *source;
		zip_int64_t index;

		if (members[i].data == NULL) {
			assert_true(zip_dir_add(zip, members[i].name, 0) >= 0);
			continue;
		}
		source = zip_source_buffer(zip, members[i].data,
		                           members[i].bytes, 0);
		index = zip_file_add(zip, members[i].name, source, 0);
		assert_true(index >= 0);
		zip_file_set_mtime(zip, (zip_uint64_t)index, 1704153600, 0);
	}
	assert_int_equal(zip_close(zip), 0);
}

/* ------------------------------------------------------------------------ */
/*  gzip                                                                    */
/* ------------------------------------------------------------------------ */

static void
gzip_files_are_unpacked(void **state)
{
	char *text = text_make(LONG);
	unsigned char *packed = malloc(LONG);
	struct input_source *source;
	const struct input *input;
	size_t bytes, more;

	(void)state;
	bytes = text_gzip(text, LONG, 1704153600, packed, LONG);
	text_write(text_file, packed, bytes);
	source = text_open(text_file);
	input = text_expect(source, text_file, text, LONG);
	assert_int_equal(input->packing, INPUT_GZIP);
	assert_int_equal(input->stored_bytes, bytes);
	assert_int_equal(input->modified_ns, 1704153600 * SECOND);
	text_expect_end(source);
	/* Two members, and the zeros that a tape adds. */
	bytes = text_gzip(text, 200000, 0, packed, LONG);
	more = text_gzip(text + 200000, LONG - 200000, 0, packed + bytes,
	                 LONG - bytes);
	memset(packed + bytes + more, 0, 512);
	text_write(text_file, packed, bytes + more + 512);
	text_expect_only(text, LONG);
	bytes = text_gzip("[[1,2]]", 7, 0, packed, LONG);
	text_write(text_file, packed, bytes);
	text_expect_only("1\t2\n", 4);
	bytes = text_gzip("", 0, 0, packed, LONG);
	text_write(text_file, packed, bytes);
	text_expect_only("", 0);
	free(packed);
	free(text);
}

static void
damaged_gzip_files_are_refused(void **state)
{
	unsigned char packed[4096], copy[4096];
	char message[128];
	char *text = text_make(1000);
	size_t bytes = text_gzip(text, 1000, 0, packed, sizeof(packed));
	uint64_t got;

	(void)state;
	for (size_t cut = 1; cut < bytes; cut++) {
		text_write(text_file, packed, cut);
		/* A byte alone is a text, and not one of ours. */
		if (text_read_all(&got) && cut > 2)
			fail_msg("taken after %zu bytes", cut);
	}
	/* Behind the header each byte counts. */
	for (size_t at = 10; at < bytes; at++) {
		memcpy(copy, packed, bytes);
		copy[at] ^= 0x10;
		text_write(text_file, copy, bytes);
		if (text_read_all(&got))
			fail_msg("taken with byte %zu changed", at);
	}
	memcpy(copy, packed, bytes);
	copy[bytes - 5] ^= 1;
	text_write(text_file, copy, bytes);
	snprintf(message, sizeof(message),
	         "the gzip file is damaged near byte %zu: incorrect data check",
	         bytes - 4);
	text_expect_bad(message);
	memcpy(copy, packed, bytes);
	memcpy(copy + bytes, "tail", 4);
	text_write(text_file, copy, bytes + 4);
	snprintf(message, sizeof(message),
	         "something else follows the gzip data at byte %zu", bytes);
	text_expect_bad(message);
	text_write(text_file, packed, bytes - 1);
	text_expect_bad("the gzip file ends early, after 1000 bytes of text");
	free(text);
}

static void
what_unpacks_to_too_much_is_refused(void **state)
{
	size_t room = 1 << 20, zeros = (size_t)INPUT_BYTES_MAX + 1, bytes;
	unsigned char *packed = malloc(room);
	char *text = malloc(zeros);
	struct member member = { "a.csv", text, zeros };
	struct input_source *source;
	char name[TEST_PATH + 8];

	(void)state;
	memset(text, '1', zeros);
	bytes = text_gzip(text, zeros, 0, packed, room);
	text_write(text_file, packed, bytes);
	source = text_open(text_file);
	text_expect_failure(source, text_file, "larger than 4194304 bytes");
	text_expect_end(source);
	/* As much as there may be, whatever the file says of its size. */
	bytes = text_gzip(text, zeros - 1, 0, packed, room);
	text_write(text_file, packed, bytes);
	text_expect_only(text, zeros - 1);
	write_zip(text_file, &member, 1);
	source = text_open(text_file);
	snprintf(name, sizeof(name), "%s/a.csv", text_file);
	text_expect_failure(source, name, "larger than 4194304 bytes");
	text_expect_end(source);
	free(packed);
	free(text);
}

/* ------------------------------------------------------------------------ */
/*  zip                                                                     */
/* ------------------------------------------------------------------------ */

static void
zip_archives_give_one_text_after_the_other(void **state)
{
	char *text = text_make(LONG), name[TEST_PATH + 32];
	unsigned char packed[256];
	size_t bytes = text_gzip(ROWS, strlen(ROWS), 0, packed, sizeof(packed));
	const struct member members[] = {
		{ "b/", NULL, 0 },
		{ "b/x.csv", text, LONG },
		{ "a.json", "[[1,2]]", 7 },
		{ "__MACOSX/._a.json", "\0\5\x16\7", 4 },
		{ ".DS_Store", "\0\0\0\1Bud1", 8 },
		{ "c\nd.csv.gz", (char *)packed, bytes },
		{ "e.csv", "", 0 },
	};
	struct input_source *source;
	const struct input *input;

	(void)state;
	write_zip(text_file, members, BCI_COUNT(members));
	source = text_open(text_file);
	snprintf(name, sizeof(name), "%s/b/x.csv", text_file);
	input = text_expect(source, name, text, LONG);
	assert_int_equal(input->packing, INPUT_ZIP);
	assert_true(input->stored_bytes > 0 && input->stored_bytes < LONG);
	assert_int_equal(input->modified_ns, 1704153600 * SECOND);
	snprintf(name, sizeof(name), "%s/a.json", text_file);
	input = text_expect(source, name, "1\t2\n", 4);
	assert_true(input->json);
	snprintf(name, sizeof(name), "%s/c?d.csv.gz", text_file);
	input = text_expect(source, name, ROWS, strlen(ROWS));
	assert_false(input->json);
	snprintf(name, sizeof(name), "%s/e.csv", text_file);
	text_expect(source, name, "", 0);
	text_expect_end(source);
	free(text);
}

/* Set the bit that says "encrypted" in the entries of one member. */
static void
pretend_encrypted(const char *member)
{
	static const char *const marks[] = { "PK\1\2", "PK\3\4" };
	static const size_t flags[] = { 8, 6 }, names[] = { 46, 30 };
	size_t bytes, length = strlen(member), found = 0;
	unsigned char *data = text_read(text_file, &bytes);

	for (size_t at = 0; at + 46 + length <= bytes; at++)
		for (int i = 0; i < 2; i++)
			if (memcmp(data + at, marks[i], 4) == 0 &&
			    memcmp(data + at + names[i], member, length) == 0) {
				data[at + flags[i]] |= 1;
				found++;
			}
	assert_int_equal(found, 2);
	text_write(text_file, data, bytes);
	free(data);
}

static void
members_that_cannot_be_had_do_not_hide_others(void **state)
{
	const struct member members[] = {
		{ "secret.csv", ROWS, strlen(ROWS) },
		{ "inner.zip", "PK\3\4....", 8 },
		{ "page.csv", "<HTML>", 6 },
		{ "last.csv", ROWS, strlen(ROWS) },
	};
	struct input_source *source;
	char name[TEST_PATH + 32];

	(void)state;
	write_zip(text_file, members, BCI_COUNT(members));
	pretend_encrypted("secret.csv");
	source = text_open(text_file);
	snprintf(name, sizeof(name), "%s/secret.csv", text_file);
	text_expect_failure(source, name,
	                    "it is encrypted: unpack it with the "
	                    "password first");
	snprintf(name, sizeof(name), "%s/inner.zip", text_file);
	text_expect_failure(source, name,
	                    "a zip archive within an archive: unpack "
	                    "the outer one first");
	snprintf(name, sizeof(name), "%s/page.csv", text_file);
	text_expect_failure(source, name,
	                    "a web page, not data: often it says why "
	                    "there was nothing to download");
	snprintf(name, sizeof(name), "%s/last.csv", text_file);
	text_expect(source, name, ROWS, strlen(ROWS));
	text_expect_end(source);
}

static void
archives_that_are_documents_are_refused(void **state)
{
	static const struct member excel[] = {
		{ "[Content_Types].xml", "<?xml", 5 },
		{ "xl/workbook.xml", "<?xml", 5 },
	};
	static const struct member calc = { "content.xml", "<?xml", 5 };
	static const struct member numpy = { "data.npy", "\x93NUMPY", 6 };
	static const struct member none = { "folder/", NULL, 0 };
	struct input_source *source;

	(void)state;
	write_zip(text_file, excel, 2);
	text_expect_refused(text_file, BC_INVALID,
	                    "an Excel workbook: save the sheet as CSV");
	write_zip(text_file, &calc, 1);
	text_expect_refused(text_file, BC_INVALID,
	                    "an office document: save the sheet as CSV");
	write_zip(text_file, &numpy, 1);
	text_expect_refused(
		text_file, BC_INVALID,
		"NumPy arrays, which are not read here: they have no "
		"names of columns; write them as CSV with "
		"numpy.savetxt()");
	write_zip(text_file, &none, 1);
	source = text_open(text_file);
	text_expect_failure(source, text_file, "the archive holds no files");
	text_expect_end(source);
	text_write(text_file, "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
	source = text_open(text_file);
	text_expect_failure(source, text_file, "the archive holds no files");
	text_expect_end(source);
}

static void
damaged_archives_are_taken_or_refused(void **state)
{
	char *text = text_make(4000);
	const struct member members[] = {
		{ "a.csv", text, 4000 },
		{ "b.csv", text, 3000 },
		{ "c.json", "[[1,2]]", 7 },
	};
	size_t bytes, good = 0, bad = 0;
	unsigned char *data;
	uint64_t got;

	(void)state;
	write_zip(text_file, members, 3);
	data = text_read(text_file, &bytes);
	for (size_t cut = 4; cut < bytes; cut += 97) {
		text_write(text_file, data, cut);
		assert_false(text_read_all(&got));
	}
	for (size_t at = 4; at < bytes; at += at < bytes - 400 ? 29 : 1) {
		data[at] ^= 0x41;
		text_write(text_file, data, bytes);
		if (text_read_all(&got))
			good++;
		else
			bad++;
		data[at] ^= 0x41;
	}
	/* Times and names may change, what the sums cover may not. */
	assert_true(good > 0 && bad > 100);
	free(data);
	free(text);
}

/* Put a little-endian number of 'size' bytes to *at, which moves behind it. */
static void
put(unsigned char **at, uint64_t value, int size)
{
	for (int i = 0; i < size; i++)
		*(*at)++ = (unsigned char)(i < 8 ? value >> 8 * i : 0);
}

/* Entries that all are the same bytes make a small archive a long one. */
static void
many_members_are_read_one_by_one(void **state)
{
	enum { MEMBERS = 60000, ENTRY = 46 + 5, DATA = 30 + 5 + 3 };
	size_t bytes = DATA + MEMBERS * ENTRY + 22;
	unsigned char *data = calloc(1, bytes), *at = data;
	uint32_t sum = (uint32_t)crc32(0, (const Bytef *)"1,2", 3);
	uint64_t got;

	(void)state;
	assert_non_null(data);
	/* Signature, version, flags, method, time, sum, sizes, name. */
	put(&at, 0x04034b50, 4);
	put(&at, 10, 2);
	put(&at, 0, 8);
	put(&at, sum, 4);
	put(&at, 3, 4);
	put(&at, 3, 4);
	put(&at, 5, 4);
	memcpy(at, "a.csv1,2", 8);
	at += 8;
	for (int i = 0; i < MEMBERS; i++) {
		char name[16];

		put(&at, 0x02014b50, 4);
		put(&at, 10, 4);
		put(&at, 0, 8);
		put(&at, sum, 4);
		put(&at, 3, 4);
		put(&at, 3, 4);
		put(&at, 5, 2);
		put(&at, 0, 16);
		snprintf(name, sizeof(name), "%05d", i);
		memcpy(at, name, 5);
		at += 5;
	}
	put(&at, 0x06054b50, 4);
	put(&at, 0, 4);
	put(&at, MEMBERS, 2);
	put(&at, MEMBERS, 2);
	put(&at, MEMBERS * ENTRY, 4);
	put(&at, DATA, 4);
	put(&at, 0, 2);
	assert_int_equal((size_t)(at - data), bytes);
	text_write(text_file, data, bytes);
	assert_true(text_read_all(&got));
	assert_int_equal(got, MEMBERS * 3);
	free(data);
}

/* ------------------------------------------------------------------------ */
/*  Encodings                                                               */
/* ------------------------------------------------------------------------ */

/* Write ASCII as UTF-16 to the file of the test. */
static void
write_utf16(const char *text, bool big, bool marked)
{
	unsigned char data[512];
	size_t used = 0;

	if (marked) {
		data[used++] = big ? 0xfe : 0xff;
		data[used++] = big ? 0xff : 0xfe;
	}
	for (; *text != '\0'; text++) {
		data[used++] = big ? 0 : (unsigned char)*text;
		data[used++] = big ? (unsigned char)*text : 0;
	}
	text_write(text_file, data, used);
}

static void
utf16_becomes_utf8(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		write_utf16(ROWS, i & 1, i & 2);
		text_expect_only(ROWS, strlen(ROWS));
		write_utf16("[[1,2,3]]", i & 1, i & 2);
		text_expect_only("1\t2\t3\n", 6);
	}
	/* A euro, a character beyond 16 bits. */
	text_write(text_file, "\xff\xfe\xac\x20\x3d\xd8\x00\xde", 8);
	text_expect_only("\u20ac\U0001f600", 7);
	text_write(text_file, "\xff\xfe", 2);
	text_expect_only("", 0);
	/* Half of a pair, half of a character. */
	text_write(text_file,
	           "\xff\xfe"
	           "a\0\x3d\xd8"
	           "b\0",
	           8);
	text_expect_refused(text_file, BC_INVALID,
	                    "it is no UTF-16LE at byte 5");
	text_write(text_file, "\xfe\xff\0a\0", 5);
	text_expect_refused(text_file, BC_INVALID,
	                    "it is no UTF-16BE at byte 5");
}

static void
what_is_no_utf8_is_windows_1252(void **state)
{
	(void)state;
	text_write(text_file,
	           "Er\xf6"
	           "ffnung,\x80\n",
	           12);
	text_expect_only("Er\u00f6ffnung,\u20ac\n", 15);
	text_write(text_file, "Er\u00f6ffnung\n", 11);
	text_expect_only("Er\u00f6ffnung\n", 11);
	/* A byte that Windows-1252 has not. */
	text_write(text_file,
	           "a\x81"
	           "b\xf6\n",
	           5);
	text_expect_only("a\x81"
	                 "b\xf6\n",
	                 5);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, text_setup, text_teardown)
	const struct CMUnitTest tests[] = {
		TEST(gzip_files_are_unpacked),
		TEST(damaged_gzip_files_are_refused),
		TEST(what_unpacks_to_too_much_is_refused),
		TEST(zip_archives_give_one_text_after_the_other),
		TEST(members_that_cannot_be_had_do_not_hide_others),
		TEST(archives_that_are_documents_are_refused),
		TEST(damaged_archives_are_taken_or_refused),
		TEST(many_members_are_read_one_by_one),
		TEST(utf16_becomes_utf8),
		TEST(what_is_no_utf8_is_windows_1252),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

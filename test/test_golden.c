/* SPDX-License-Identifier: MIT */
/*
 * test_golden.c - the cache in golden/cache.tar.gz, made when format version 1
 * was settled: it is read to the last bit, written on, and refused when it says
 * that it has another format.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "golden/archive.h"
#include "golden/content.h"
#include "hash.h"

#define COMMAND 1024

/* Entries whose value lies in their record. */
#define INLINE_VALUES 6

/* An entry to damage, and how its record begins: version and kind. */
#define ONE_KEY "golden/batch/1"
#define ONE_RECORD "\1\1"

/* ------------------------------------------------------------------------ */
/*  Files                                                                   */
/* ------------------------------------------------------------------------ */

/* LMDB's reader table is memory that lies in a file: not part of the format. */
static void
add_hash(void *context, const char *path)
{
	uint64_t *sum = context;
	unsigned char *data;
	size_t bytes;

	if (strstr(path, "meta.mdb-lock") != NULL)
		return;
	data = archive_load(path, &bytes);
	*sum += bci_hash64(path, strlen(path)) ^ bci_hash64(data, bytes);
	free(data);
}

/* Changes if any file of the cache does. */
static uint64_t
hash_of_files(void)
{
	uint64_t sum = 0;

	test_walk(dir.cache, add_hash, &sum);
	return sum;
}

/* ------------------------------------------------------------------------ */
/*  Values                                                                  */
/* ------------------------------------------------------------------------ */

static void
check_text(const struct bc_view *view, uint32_t index,
           const struct bc_column *column)
{
	size_t bytes;

	assert_int_equal(bc_view_text_count(view, index),
	                 column->dictionary_count);
	for (uint32_t code = 0; code < column->dictionary_count; code++) {
		const char *text = bc_view_text(view, index, code, &bytes);

		assert_non_null(text);
		assert_int_equal(bytes, strlen(column->dictionary[code]));
		assert_memory_equal(text, column->dictionary[code], bytes);
	}
}

static void
check_column(const struct bc_view *view, uint32_t index, const char *name,
             enum bc_type type, const void *data)
{
	const struct bc_schema_column *column = &view->schema->columns[index];

	assert_string_equal(column->name, name);
	assert_int_equal(column->type, type);
	assert_int_equal((uintptr_t)bc_view_column(view, index) % 64, 0);
	assert_memory_equal(bc_view_column(view, index), data,
	                    view->rows * bc_type_bytes(type));
}

static void
check_frame(const struct bc_view *view, const struct golden_value *value)
{
	uint32_t timed = value->frame.time_ns != NULL;

	assert_int_equal(view->rows, value->frame.rows);
	assert_int_equal(view->schema->has_time, timed);
	assert_int_equal(view->schema->column_count,
	                 value->frame.column_count + timed);
	if (timed)
		check_column(view, 0, BC_TIME, BC_I64, value->frame.time_ns);
	for (uint32_t i = 0; i < value->frame.column_count; i++) {
		const struct bc_column *column = &value->columns[i];

		check_column(view, i + timed, column->name, column->type,
		             column->data);
		if (column->type == BC_TEXT)
			check_text(view, i + timed, column);
	}
}

/* Reads a value by its key or request and compares every bit. */
static void
check_value(struct bc_cache *cache, const struct golden_value *value,
            const char *key)
{
	struct bc_view view;

	if (value->requested && key == value->key)
		assert_status(bc_get_request(cache, &value->request, &view),
		              BC_OK, NULL);
	else
		assert_status(bc_get(cache, key, &view), BC_OK, NULL);
	assert_int_equal(view.kind, value->kind);
	if (value->kind == BC_BLOB) {
		assert_int_equal(view.bytes, value->bytes);
		assert_memory_equal(view.data, value->memory, value->bytes);
	} else {
		check_frame(&view, value);
	}
	bc_view_release(&view);
}

static void
check_all(struct bc_cache *cache)
{
	for (unsigned i = 0; i < GOLDEN_VALUES; i++) {
		struct golden_value value;

		golden_value_make(&value, i);
		check_value(cache, &value, value.key);
		golden_value_free(&value);
	}
}

static void
info_of(struct bc_cache *cache, const char *key, struct bc_info *info)
{
	static char text[65536];
	struct bc_error err;

	assert_status(bc_info(cache, key, text, sizeof(text), info, &err),
	              BC_OK, &err);
}

/* ------------------------------------------------------------------------ */
/*  Reading and going on                                                    */
/* ------------------------------------------------------------------------ */

static void
every_bit_is_what_it_was(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_verify_report report;
	struct bc_error err;
	struct bc_view view;

	(void)state;
	check_all(cache);
	assert_int_equal(bc_get(cache, "golden/removed", &view), BC_MISS);
	assert_status(bc_verify(cache, NULL, NULL, NULL, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.entries, GOLDEN_VALUES);
	bc_close(cache);
}

/* What is known of the entries, as text that another reader agrees with. */
static void
what_is_known_is_as_expected(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	unsigned char *expected;
	struct bc_error err;
	char *text = NULL;
	size_t bytes, size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	assert_status(golden_print(cache, out, &err), BC_OK, &err);
	assert_int_equal(fclose(out), 0);
	expected = archive_load(GOLDEN_EXPECTED, &bytes);
	expected[bytes] = '\0';
	assert_string_equal(text, (char *)expected);
	free(expected);
	free(text);
	bc_close(cache);
}

/* The same content put today has the digest that it had. */
static void
new_puts_go_beside_the_old_ones(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_info then, now;
	struct bc_error err;
	char key[24];

	(void)state;
	for (unsigned i = 0; i < GOLDEN_VALUES; i++) {
		struct golden_value value;

		golden_value_make(&value, i);
		snprintf(key, sizeof(key), "again/%u", i);
		assert_status(golden_value_put(cache, NULL, &value, key, &err),
		              BC_OK, &err);
		check_value(cache, &value, key);
		info_of(cache, value.key, &then);
		info_of(cache, key, &now);
		assert_memory_equal(now.digest, then.digest,
		                    sizeof(now.digest));
		assert_true(now.id > GOLDEN_VALUES && now.revision > 16);
		golden_value_free(&value);
	}
	assert_status(bc_remove(cache, "golden/types", &err), BC_OK, &err);
	bc_close(cache);
	cache = test_open(dir.cache, 0);
	assert_status(bc_verify(cache, NULL, NULL, NULL, NULL, &err), BC_OK,
	              &err);
	bc_close(cache);
}

static void
reading_only_leaves_the_values_untouched(void **state)
{
	struct bc_cache *cache = test_open(dir.cache, BC_OPEN_READONLY);
	char path[TEST_PATH];
	uint64_t before = 0, after = 0;
	struct bc_error err;

	(void)state;
	add_hash(&before, test_path(path, dir.cache, "meta.mdb"));
	add_hash(&before, test_path(path, dir.cache, "warm/00000001.mdb"));
	check_all(cache);
	assert_status(bc_put_blob(cache, "new", "x", 1, NULL, &err),
	              BC_READONLY, &err);
	bc_close(cache);
	add_hash(&after, test_path(path, dir.cache, "meta.mdb"));
	add_hash(&after, test_path(path, dir.cache, "warm/00000001.mdb"));
	assert_true(before == after);
}

/* ------------------------------------------------------------------------ */
/*  Refusing                                                                */
/* ------------------------------------------------------------------------ */

static void
scramble_page(size_t page)
{
	char path[TEST_PATH];
	unsigned char *data;
	size_t bytes;

	data = archive_load(test_path(path, dir.cache, "meta.mdb"), &bytes);
	for (unsigned i = 0; i < 4096; i++)
		data[4096 * page + i] = (unsigned char)bci_hash64(&i, 4);
	archive_save(path, data, bytes);
	free(data);
}

static void
other_formats_are_refused_and_left_alone(void **state)
{
	/* Both meta pages of LMDB begin with its magic number. */
	static const struct {
		const char *text; /* NULL: noise in page 'at' */
		size_t at;
		const char *byte, *says;
	} cases[] = {
		{ "config\1", 6 + 4, "\3", "format 3" },
		{ "config\1", 6, "\2", "config" },
		{ "state\1", 5, "\2", "state" },
		{ "\xde\xc0\xef\xbe", 0, "\xdf", "not an LMDB file" },
		{ "\xde\xc0\xef\xbe\1", 4, "\2", "file format 2" },
		/* CVE-2019-16228: LMDB divides by the size of a page. */
		{ "\xde\xc0\xef\xbe\1", 25, "\0", "pages have 0 bytes" },
		{ "\xde\xc0\xef\xbe\1", 24, "\1", "pages have 4097 bytes" },
		{ "\xde\xc0\xef\xbe\1", 25, "\x40", "not an LMDB file" },
		{ "\xde\xc0\xef\xbe\1", 26, "\1", "pages have 69632 bytes" },
		/* CVE-2019-16224: sorted duplicates, of fixed size. */
		{ "\xde\xc0\xef\xbe\1", 28, "\x1c", "tables of a kind" },
		{ "\xde\xc0\xef\xbe\1", 76, "\x14", "tables of a kind" },
		{ NULL, 0, NULL, "not an LMDB file" },
		{ NULL, 1, NULL, "not an LMDB file" },
	};
	static const unsigned flags[] = { 0, BC_OPEN_CREATE, BC_OPEN_READONLY };

	(void)state;
	for (size_t i = 0; i < 3 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct bc_options options = BC_OPTIONS_INIT;
		struct bc_cache *cache = NULL;
		struct bc_error err;
		uint64_t before;

		archive_unpack();
		if (cases[i / 3].text == NULL)
			scramble_page(cases[i / 3].at);
		else
			archive_change("meta.mdb", cases[i / 3].text,
			               cases[i / 3].at, cases[i / 3].byte, 1);
		before = hash_of_files();
		options.flags = flags[i % 3];
		assert_status(bc_open(dir.cache, &options, &cache, &err),
		              BC_FORMAT, &err);
		assert_null(cache);
		if (strstr(err.message, cases[i / 3].says) == NULL)
			fail_msg("case %zu: %s", i, err.message);
		if (hash_of_files() != before)
			fail_msg("case %zu: a file was changed", i);
	}
}

static unsigned
count_hits(struct bc_cache *cache, unsigned *corrupt)
{
	unsigned hits = 0;

	*corrupt = 0;
	for (unsigned i = 0; i < GOLDEN_VALUES; i++) {
		struct golden_value value;
		struct bc_view view;

		golden_value_make(&value, i);
		if (bc_get(cache, value.key, &view) == BC_OK)
			hits++;
		else
			*corrupt += view.miss == BC_MISS_CORRUPT;
		bc_view_release(&view);
		golden_value_free(&value);
	}
	return hits;
}

static void
put_all(struct bc_cache *cache)
{
	struct bc_error err;

	for (unsigned i = 0; i < GOLDEN_VALUES; i++) {
		struct golden_value value;

		golden_value_make(&value, i);
		assert_status(golden_value_put(cache, NULL, &value, NULL, &err),
		              BC_OK, &err);
		golden_value_free(&value);
	}
}

/* So many values are served, and putting them anew mends the cache. */
static void
check_hits(unsigned expected)
{
	struct bc_cache *cache = test_open(dir.cache, BC_OPEN_READONLY);
	struct bc_error err;
	unsigned corrupt;

	assert_int_equal(count_hits(cache, &corrupt), expected);
	assert_int_equal(corrupt, GOLDEN_VALUES - expected);
	bc_close(cache);
	cache = test_open(dir.cache, 0);
	put_all(cache);
	check_all(cache);
	assert_status(bc_verify(cache, NULL, NULL, NULL, NULL, &err), BC_OK,
	              &err);
	assert_status(bc_remove(cache, ONE_KEY, &err), BC_OK, &err);
	bc_close(cache);
	archive_unpack();
}

/* On another host, or after a reboot, what was synced is all there. */
static void
another_boot_takes_nothing_away(void **state)
{
	(void)state;
	archive_set_boot("of another boot.");
	check_hits(GOLDEN_VALUES);
}

static void
records_and_segments_of_a_later_version_are_misses(void **state)
{
	(void)state;
	archive_change("meta.mdb", ONE_KEY ONE_RECORD, strlen(ONE_KEY), "\2",
	               1);
	check_hits(GOLDEN_VALUES - 1);
	archive_change("warm/00000001.mdb", "BCSG\1", 4, "\2", 1);
	check_hits(INLINE_VALUES);
}

/* The catalogue's word for a place is checked before anything is touched. */
static void
places_that_cannot_be_are_misses(void **state)
{
	static const struct {
		size_t at; /* in the locator */
		size_t bytes;
		uint64_t value;
	} cases[] = {
		{ 8, 8, UINT64_MAX - 64 + 17 }, /* offset + bytes wraps */
		{ 8, 8, UINT64_MAX - 4096 + 17 },
		{ 8, 8, 1ull << 62 | 16 },
		{ 8, 8, 4096 }, /* where no column is aligned */
		{ 4, 4, 103 },  /* bytes below the header's */
		{ 4, 4, UINT32_MAX },
		{ 56, 4, 103 },
		{ 56, 4, UINT32_MAX - 15 },
		{ 0, 4, 2 },  /* no such arena */
		{ 60, 1, 1 }, /* no such codec */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		archive_change("meta.mdb", ONE_KEY ONE_RECORD,
		               strlen(ONE_KEY) + 32 + cases[i].at,
		               &cases[i].value, cases[i].bytes);
		check_hits(GOLDEN_VALUES - 1);
	}
}

/* ------------------------------------------------------------------------ */
/*  LMDB's own tools                                                        */
/* ------------------------------------------------------------------------ */

/* The last number that 'command' prints, or -1 if it fails. */
static long
number_from(const char *command)
{
	FILE *from = popen(command, "re");
	char line[128];
	long number = -1;

	assert_non_null(from);
	while (fgets(line, sizeof(line), from) != NULL)
		number = strtol(line, NULL, 10);
	return pclose(from) == 0 ? number : -1;
}

static void
tools_of_lmdb_read_both_kinds_of_file(void **state)
{
	char command[COMMAND];

	(void)state;
	if (system("command -v mdb_stat mdb_dump >/dev/null") != 0)
		test_skip("mdb_stat and mdb_dump are not installed");
	snprintf(command, sizeof(command),
	         "mdb_stat -n -a '%s/meta.mdb' | grep -c '^Status of'",
	         dir.cache);
	assert_int_equal(number_from(command), 7); /* the main one, too */
	snprintf(command, sizeof(command),
	         "mdb_dump -n '%s/meta.mdb' | grep -c '^ '", dir.cache);
	/* Entries, and the records of the other tables. */
	assert_int_equal(number_from(command), 2 * (GOLDEN_VALUES + 6));
	snprintf(command, sizeof(command),
	         "mdb_stat -n -a '%s/warm/00000001.mdb' | "
	         "sed -n 's/^  Overflow pages: //p'",
	         dir.cache);
	assert_true(number_from(command) > 8);
	snprintf(command, sizeof(command),
	         "mdb_dump -n '%s/warm/00000001.mdb' | grep -c '^ '",
	         dir.cache);
	/* Seven alone, one of the batch, one that was replaced. */
	assert_int_equal(number_from(command), 2 * 8);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, archive_setup, dir_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_bit_is_what_it_was),
		TEST(what_is_known_is_as_expected),
		TEST(new_puts_go_beside_the_old_ones),
		TEST(reading_only_leaves_the_values_untouched),
		TEST(other_formats_are_refused_and_left_alone),
		TEST(another_boot_takes_nothing_away),
		TEST(records_and_segments_of_a_later_version_are_misses),
		TEST(places_that_cannot_be_are_misses),
		TEST(tools_of_lmdb_read_both_kinds_of_file),
	};

	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}

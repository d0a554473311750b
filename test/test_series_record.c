/* SPDX-License-Identifier: MIT */
/*
 * test_series_record.c - series whose newest rows, record or coverage are not
 * as they were left: what the catalogue holds of them.
 */
#include "stretch.h"

#include <string.h>

#include "directory.h"
#include "fault/victim.h"

static struct {
	size_t at; /* byte of the record, or of the tail from its end */
	bool of_tail;
} change;

/* Put a record of an entry in the place of what is there. */
static void
record_store(struct MDB_txn *txn, const struct bci_tables *tables,
             const char *key, const unsigned char *record, size_t bytes)
{
	assert_status(bci_table_put(txn, tables->entries, key, strlen(key),
	                            record, bytes, NULL),
	              BC_OK, NULL);
}

static void
change_entry(struct MDB_txn *txn, const struct bci_tables *tables)
{
	unsigned char copy[BCI_LEAF_BYTES];
	struct bci_bytes record;
	size_t at = change.at;

	assert_status(bci_table_get(txn, tables->entries, STRETCH_KEY,
	                            strlen(STRETCH_KEY), &record),
	              BC_OK, NULL);
	assert_true(record.size <= sizeof(copy));
	memcpy(copy, record.data, record.size);
	at = change.of_tail ? record.size - 1 - at : at % record.size;
	copy[at] ^= 0x10;
	record_store(txn, tables, STRETCH_KEY, copy, record.size);
}

static void
change_coverage(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_bytes key = { 0 }, value;
	struct MDB_cursor *cursor = NULL;
	unsigned char copy[64], name[64];
	size_t bytes;

	assert_status(bci_cursor_open(txn, tables->coverage, &cursor, NULL),
	              BC_OK, NULL);
	assert_status(bci_cursor_move(cursor, BCI_FIRST, &key, &value), BC_OK,
	              NULL);
	require(value.size <= sizeof(copy) && key.size <= sizeof(name));
	memcpy(copy, value.data, value.size);
	memcpy(name, key.data, key.size);
	bytes = key.size;
	copy[change.at % value.size] ^= 0x10;
	assert_status(bci_table_put(txn, tables->coverage, name, bytes, copy,
	                            value.size, NULL),
	              BC_OK, NULL);
	bci_cursor_close(cursor);
}

static void
change_catalogue(unit_change *function)
{
	stretch_afresh();
	unit_change_catalogue(function);
}

static void
use_damaged_tail(void *unused)
{
	struct bc_cache *cache = unit_open(NULL);
	struct bc_view view;

	(void)unused;
	require(bc_tail(cache, STRETCH_KEY, 3, NULL, 0, &view) == BC_MISS);
	require(view.miss == BC_MISS_CORRUPT);
	bc_close(cache);
	stretch_use(NULL);
}

static void
damaged_newest_rows_are_a_miss_until_written_anew(void **state)
{
	(void)state;
	change.of_tail = true;
	for (size_t i = 0; i < stretch.tail_rows * 24; i += 17) {
		change.at = i;
		change_catalogue(change_entry);
		if (test_child_run(use_damaged_tail, NULL) != 0)
			fail_msg("byte %zu of the tail from its end", i);
	}
	change.of_tail = false;
}

/* ---- whose newest rows they are ------------------------------------------ */

#define OTHER_KEY "test/damage/B/1m"

static struct bci_entry_record *
record_load(struct MDB_txn *txn, const struct bci_tables *tables,
            unsigned char copy[BCI_LEAF_BYTES], size_t *bytes)
{
	struct bci_bytes record;

	assert_status(bci_table_get(txn, tables->entries, STRETCH_KEY,
	                            strlen(STRETCH_KEY), &record),
	              BC_OK, NULL);
	assert_true(record.size <= BCI_LEAF_BYTES);
	memcpy(copy, record.data, record.size);
	*bytes = record.size;
	return (struct bci_entry_record *)(void *)copy;
}

/* Whose record is found under OTHER_KEY, as a page shows it that is damaged. */
static const char *owner;

static void
copy_record(struct MDB_txn *txn, const struct bci_tables *tables)
{
	unsigned char copy[BCI_LEAF_BYTES];
	struct bci_bytes record;

	assert_status(bci_table_get(txn, tables->entries, owner, strlen(owner),
	                            &record),
	              BC_OK, NULL);
	memcpy(copy, record.data, record.size);
	record_store(txn, tables, OTHER_KEY, copy, record.size);
}

/* As the entry of another id, whose rows these are not. */
static void
change_id(struct MDB_txn *txn, const struct bci_tables *tables)
{
	_Alignas(8) unsigned char copy[BCI_LEAF_BYTES];
	size_t bytes;

	record_load(txn, tables, copy, &bytes)->id ^= 1u << 20;
	record_store(txn, tables, STRETCH_KEY, copy, bytes);
}

static void
expect_tail(const char *key, enum bc_status expected)
{
	struct bc_cache *cache = unit_open(NULL);
	struct bc_view view;

	assert_status(bc_tail(cache, key, 3, NULL, 0, &view), expected, NULL);
	if (expected == BC_OK)
		stretch_check(&view);
	else
		assert_int_equal(view.miss, BC_MISS_CORRUPT);
	bc_view_release(&view);
	bc_close(cache);
}

static void
newest_rows_of_another_entry_are_a_miss(void **state)
{
	(void)state;
	owner = STRETCH_KEY;
	change_catalogue(copy_record);
	expect_tail(STRETCH_KEY, BC_OK);
	expect_tail(OTHER_KEY, BC_MISS);
	change_catalogue(change_id);
	expect_tail(STRETCH_KEY, BC_MISS);
}

#define EMPTY_KEY "test/damage/E/1m"

/* A series of which it is known that it has no rows; and a frame. */
static void
put_others(void)
{
	struct bc_append_options empty = BC_APPEND_OPTIONS_INIT;
	struct bc_cache *cache;

	stretch_afresh();
	cache = unit_open(NULL);
	empty.from_ns = STRETCH_BEGIN;
	empty.to_ns = stretch_time(100);
	assert_status(bc_append(cache, EMPTY_KEY, NULL, &empty, NULL, NULL),
	              BC_OK, NULL);
	assert_status(test_put_rows(cache, OTHER_KEY, 1, 1, 1000, NULL), BC_OK,
	              NULL);
	bc_close(cache);
}

/* Nobody takes what stands there for a series, not for one without rows. */
static void
expect_nothing(struct bc_cache *cache, const char *key)
{
	struct bc_interval known;
	struct bc_error err;
	struct bc_info info;
	struct bc_view view;
	enum bc_miss miss;
	struct bc_gap gap;
	char text[1024];
	size_t count;

	assert_status(bc_exists(cache, key, &miss), BC_MISS, NULL);
	assert_int_equal(miss, BC_MISS_CORRUPT);
	assert_status(bc_get(cache, key, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	assert_status(bc_read(cache, key, STRETCH_BEGIN - 9, STRETCH_BEGIN,
	                      NULL, BC_READ_PARTIAL, &view),
	              BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	assert_status(bc_info(cache, key, text, sizeof(text), &info, &err),
	              BC_CORRUPT, &err);
	assert_status(bc_coverage(cache, key, &known, 1, &count, &err), BC_MISS,
	              &err);
	assert_status(bc_missing(cache, &key, 1, STRETCH_BEGIN,
	                         stretch_time(10), 0, &gap, 1, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 1);
	assert_int_equal(gap.from_ns, STRETCH_BEGIN);
	assert_int_equal(gap.to_ns, stretch_time(10));
	assert_status(bc_verify(cache, key, NULL, NULL, NULL, &err), BC_CORRUPT,
	              &err);
}

static void
a_series_found_in_the_place_of_another_entry_is_a_miss(void **state)
{
	static const char *const owners[] = { EMPTY_KEY, STRETCH_KEY };
	struct bc_cache *cache;
	struct bc_error err;
	enum bc_miss miss;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		put_others();
		owner = owners[i];
		unit_change_catalogue(copy_record);
		cache = unit_open(NULL);
		expect_nothing(cache, OTHER_KEY);
		assert_status(bc_exists(cache, owner, &miss), BC_OK, NULL);
		assert_status(bc_repair(cache, NULL, NULL, &err), BC_OK, &err);
		assert_status(bc_exists(cache, OTHER_KEY, &miss), BC_MISS,
		              NULL);
		assert_int_equal(miss, BC_MISS_ABSENT);
		assert_status(bc_exists(cache, owner, &miss), BC_OK, NULL);
		assert_status(bc_verify(cache, NULL, NULL, NULL, NULL, &err),
		              BC_OK, &err);
		bc_close(cache);
	}
}

/* ---- the rest of the record ---------------------------------------------- */

/*
 * The catalogue itself is trusted, as it has no checksums but LMDB's structure;
 * so ranges and counts may be wrong then, but no row is, and nothing crashes.
 */
static void
use_damaged_record(void *unused)
{
	struct bc_cache *cache = unit_open(NULL);
	struct bc_interval known[8];
	struct bc_error err;
	struct bc_view view;
	struct bc_gap gap;
	size_t count;
	const char *keys[] = { STRETCH_KEY };

	(void)unused;
	if (bc_read(cache, STRETCH_KEY, STRETCH_BEGIN,
	            stretch_time(stretch.rows), NULL, 0, &view) == BC_OK)
		stretch_check(&view);
	bc_view_release(&view);
	if (bc_tail(cache, STRETCH_KEY, 1000, NULL, BC_READ_PARTIAL, &view) ==
	    BC_OK)
		stretch_check(&view);
	bc_view_release(&view);
	if (bc_get(cache, STRETCH_KEY, &view) == BC_OK &&
	    view.kind == BC_SERIES)
		stretch_check(&view);
	bc_view_release(&view);
	(void)!bc_coverage(cache, STRETCH_KEY, known, 8, &count, &err);
	(void)!bc_missing(cache, keys, 1, STRETCH_BEGIN,
	                  stretch_time(stretch.rows), 0, &gap, 1, &count, &err);
	(void)!bc_verify(cache, NULL, NULL, NULL, NULL, &err);
	(void)!stretch_append(cache, stretch_time(stretch.rows),
	                      stretch_time(stretch.rows + 2), &err);
	(void)!stretch_append(cache, stretch_time(100), stretch_time(102),
	                      &err);
	(void)!bc_remove_range(cache, STRETCH_KEY, stretch_time(200),
	                       stretch_time(300), NULL, &err);
	if (bc_read(cache, STRETCH_KEY, STRETCH_BEGIN,
	            stretch_time(stretch.rows), NULL, BC_READ_PARTIAL,
	            &view) == BC_OK)
		stretch_check(&view);
	bc_view_release(&view);
	bc_close(cache);
}

static void
a_damaged_record_is_no_crash_and_no_wrong_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < 32 + 104 + 6 * 64; i += 3) {
		int code;

		change.at = i;
		change_catalogue(change_entry);
		code = test_child_run(use_damaged_record, NULL);
		if (code != 0)
			fail_msg("byte %zu of the record: exit %d", i, code);
	}
}

static void
make_gaps(void *unused)
{
	struct bc_cache *cache = unit_open(NULL);
	struct bc_error err;

	(void)unused;
	for (uint64_t i = 1; i < 6; i++)
		assert_status(bc_remove_range(cache, STRETCH_KEY,
		                              stretch_time(1000 * i),
		                              stretch_time(1000 * i + 50), NULL,
		                              &err),
		              BC_OK, &err);
	bc_close(cache);
}

static void
damaged_coverage_is_no_crash_and_no_wrong_row(void **state)
{
	(void)state;
	stretch_afresh();
	assert_int_equal(test_child_run(make_gaps, NULL), 0);
	test_remove_tree(stretch.spare);
	victim_copy(fixture.dir.cache, stretch.spare);
	for (size_t i = 0; i < 16; i++) {
		int code;

		change.at = i;
		change_catalogue(change_coverage);
		code = test_child_run(use_damaged_record, NULL);
		if (code != 0)
			fail_msg("byte %zu of coverage: exit %d", i, code);
	}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, stretch_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(damaged_newest_rows_are_a_miss_until_written_anew),
		TEST(newest_rows_of_another_entry_are_a_miss),
		TEST(a_series_found_in_the_place_of_another_entry_is_a_miss),
		TEST(a_damaged_record_is_no_crash_and_no_wrong_row),
		TEST(damaged_coverage_is_no_crash_and_no_wrong_row),
	};

	return cmocka_run_group_tests_name("series_record", tests, NULL, NULL);
}

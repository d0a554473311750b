/* SPDX-License-Identifier: MIT */
/*
 * test_entry.c - an entry's record, found by its key: what is not there, what
 * is damaged, and copies that outlive what is written.
 */
#include "series_unit.h"

#include "entry.h"

static void
store(const char *key, const void *record, size_t bytes)
{
	assert_status(bci_table_put(series_unit.txn, series_unit.tables.entries,
	                            key, strlen(key), record, bytes, NULL),
	              BC_OK, NULL);
}

/* Store a series without rows that is signed for 'signer'; returns its size. */
static size_t
store_series(const char *key, const char *signer, uint64_t id)
{
	const struct bci_series_record series = { .rows = 0 };
	unsigned char record[BCI_LEAF_BYTES];
	size_t bytes = series_unit_record(record, id, &series, NULL, NULL, 0);

	series_unit_sign(signer, record);
	store(key, record, bytes);
	return bytes;
}

/* Both ways of finding a key say 'expected' and 'damaged'. */
static void
expect(const char *key, enum bc_status expected, bool damaged)
{
	struct bci_entry_copy copy;
	struct bci_entry entry;
	bool said = !damaged;

	assert_status(bci_entry_get(series_unit.txn, &series_unit.tables, key,
	                            strlen(key), &entry, &said),
	              expected, NULL);
	assert_int_equal(said, damaged);
	said = !damaged;
	assert_status(bci_entry_get_copy(series_unit.txn, &series_unit.tables,
	                                 key, strlen(key), &copy, &entry,
	                                 &said),
	              expected, NULL);
	assert_int_equal(said, damaged);
	assert_status(bci_entry_get(series_unit.txn, &series_unit.tables, key,
	                            strlen(key), &entry, NULL),
	              expected, NULL);
	assert_status(bci_entry_get_copy(series_unit.txn, &series_unit.tables,
	                                 key, strlen(key), &copy, &entry, NULL),
	              expected, NULL);
}

static void
an_entry_is_found_by_its_key_alone(void **state)
{
	struct bci_entry entry;

	(void)state;
	store_series("a", "a", 3);
	store_series("ab", "ab", 4);
	expect("a", BC_OK, false);
	expect("b", BC_MISS, false);
	assert_status(bci_entry_get(series_unit.txn, &series_unit.tables, "ab",
	                            1, &entry, NULL),
	              BC_OK, NULL);
	assert_int_equal(entry.head.id, 3);
}

static void
damaged_records_are_told(void **state)
{
	(void)state;
	store("short", "x", 1);
	expect("short", BC_CORRUPT, true);
	store_series("mine", "yours", 3);
	expect("mine", BC_CORRUPT, true);
}

/* What LMDB itself refuses is no damage of the record. */
static void
a_table_that_cannot_be_read_is_no_damaged_record(void **state)
{
	struct bci_tables tables;
	struct bci_entry_copy copy;
	struct bci_entry entry;
	bool damaged = true;

	(void)state;
	bci_tables_copy_added(&tables, &series_unit.tables);
	tables.entries = BCI_NO_TABLE;
	assert_true(bci_entry_get(series_unit.txn, &tables, "a", 1, &entry,
	                          &damaged) < 0);
	assert_false(damaged);
	damaged = true;
	assert_true(bci_entry_get_copy(series_unit.txn, &tables, "a", 1, &copy,
	                               &entry, &damaged) < 0);
	assert_false(damaged);
}

static void
a_copy_outlives_what_is_written(void **state)
{
	struct bci_entry_copy copy;
	struct bci_entry entry;
	size_t bytes = store_series("a", "a", 3);

	(void)state;
	assert_status(bci_entry_get_copy(series_unit.txn, &series_unit.tables,
	                                 "a", 1, &copy, &entry, NULL),
	              BC_OK, NULL);
	assert_int_equal(copy.bytes, bytes);
	assert_true(entry.locators > copy.data &&
	            entry.locators <= copy.data + copy.bytes);
	store("a", "x", 1);
	assert_status(bci_entry_read("a", 1, copy.data, copy.bytes, &entry),
	              BC_OK, NULL);
	assert_int_equal(entry.head.id, 3);
}

/* No writer stores one, but LMDB would. */
static void
what_is_too_large_to_be_copied_is_damaged(void **state)
{
	unsigned char record[BCI_PAGE + 1] = { 0 };
	const struct bci_entry_record head = {
		.version = BCI_RECORD_VERSION,
		.kind = BC_BLOB,
		.flags = BCI_ENTRY_INLINE,
		.id = 3,
	};
	struct bci_entry_copy copy;
	struct bci_entry entry;
	bool damaged;

	(void)state;
	memcpy(record, &head, sizeof(head));
	store("a", record, sizeof(record));
	assert_status(bci_entry_get(series_unit.txn, &series_unit.tables, "a",
	                            1, &entry, &damaged),
	              BC_OK, NULL);
	assert_false(damaged);
	assert_status(bci_entry_get_copy(series_unit.txn, &series_unit.tables,
	                                 "a", 1, &copy, &entry, &damaged),
	              BC_CORRUPT, NULL);
	assert_true(damaged);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, series_unit_setup,               \
	                                series_unit_teardown)
		TEST(an_entry_is_found_by_its_key_alone),
		TEST(damaged_records_are_told),
		TEST(a_table_that_cannot_be_read_is_no_damaged_record),
		TEST(a_copy_outlives_what_is_written),
		TEST(what_is_too_large_to_be_copied_is_damaged),
#undef TEST
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}

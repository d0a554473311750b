/* SPDX-License-Identifier: MIT */
/*
 * test_expiry.c - the table of what expires: its order, what a change of an
 * entry makes of it, rows that are damaged.
 */
#include "series_unit.h"

#include "expiry.h"

/* An entry went from one time to another; 0: it does not expire. */
static void
change(uint64_t id, const char *key, int64_t from_ns, int64_t to_ns)
{
	struct bci_entry_record before = { .id = id, .expires_ns = from_ns };
	struct bci_entry_record after = { .id = id, .expires_ns = to_ns };
	struct bc_error err;

	assert_status(bci_expiry_change(series_unit.txn, &series_unit.tables,
	                                key, strlen(key), &before, &after,
	                                &err),
	              BC_OK, &err);
}

static uint64_t
rows(void)
{
	uint64_t count;

	assert_status(bci_table_count(series_unit.txn,
	                              series_unit.tables.expiry, &count),
	              BC_OK, NULL);
	return count;
}

static void
expect(struct bci_expiry *row, int64_t expires_ns, uint64_t id, const char *key)
{
	assert_status(
		bci_expiry_find(series_unit.txn, &series_unit.tables, row),
		BC_OK, NULL);
	assert_true(row->expires_ns == expires_ns);
	assert_true(row->entry_id == id);
	assert_int_equal(row->key_bytes, strlen(key));
	assert_memory_equal(row->key, key, strlen(key));
	row->entry_id++;
}

static void
rows_come_in_the_order_of_time(void **state)
{
	struct bci_expiry row = { .expires_ns = INT64_MIN };

	(void)state;
	change(1, "late", 0, INT64_MAX);
	change(2, "before 1970", 0, -5);
	change(300, "b", 0, 256);
	change(7, "a", 0, 256);
	change(8, "c", 0, 255);
	assert_int_equal(rows(), 5);
	expect(&row, -5, 2, "before 1970");
	expect(&row, 255, 8, "c");
	expect(&row, 256, 7, "a");
	expect(&row, 256, 300, "b");
	expect(&row, INT64_MAX, 1, "late");
	assert_status(
		bci_expiry_find(series_unit.txn, &series_unit.tables, &row),
		BC_MISS, NULL);
}

static void
a_change_leaves_one_row_or_none(void **state)
{
	struct bci_entry_record head = { .id = 3, .expires_ns = 30 };
	struct bci_expiry row = { .expires_ns = INT64_MIN };
	struct bc_error err;

	(void)state;
	change(3, "k", 0, 0);
	assert_int_equal(rows(), 0);
	assert_status(bci_expiry_change(series_unit.txn, &series_unit.tables,
	                                "k", 1, NULL, &head, &err),
	              BC_OK, &err);
	change(3, "k", 30, 30);
	assert_int_equal(rows(), 1);
	change(3, "k", 30, 20);
	assert_int_equal(rows(), 1);
	expect(&row, 20, 3, "k");
	change(3, "k", 20, 0);
	assert_int_equal(rows(), 0);
	/* One that was lost is no fault. */
	assert_status(bci_expiry_change(series_unit.txn, &series_unit.tables,
	                                "k", 1, &head, NULL, &err),
	              BC_OK, &err);
	assert_int_equal(rows(), 0);
}

static void
damaged_rows_are_told(void **state)
{
	static char text[BC_KEY_MAX + 1];
	struct bci_expiry row = { .expires_ns = INT64_MIN };

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_status(bci_table_put(series_unit.txn, series_unit.tables.expiry,
	                            "0123456789abcdef", 16, text, sizeof(text),
	                            NULL),
	              BC_OK, NULL);
	assert_status(
		bci_expiry_find(series_unit.txn, &series_unit.tables, &row),
		BC_OK, NULL);
	assert_int_equal(row.key_bytes, 0);
	assert_status(bci_expiry_delete(series_unit.txn, &series_unit.tables,
	                                row.expires_ns, row.entry_id, NULL),
	              BC_OK, NULL);
	assert_status(bci_table_put(series_unit.txn, series_unit.tables.expiry,
	                            "short", 5, "k", 1, NULL),
	              BC_OK, NULL);
	row.expires_ns = INT64_MIN;
	assert_status(
		bci_expiry_find(series_unit.txn, &series_unit.tables, &row),
		BC_CORRUPT, NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, series_unit_setup,               \
	                                series_unit_teardown)
		TEST(rows_come_in_the_order_of_time),
		TEST(a_change_leaves_one_row_or_none),
		TEST(damaged_rows_are_told),
#undef TEST
	};

	return cmocka_run_group_tests_name("expiry", tests, NULL, NULL);
}

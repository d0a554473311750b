/* SPDX-License-Identifier: MIT */
/*
 * test_hit.c - what the catalogue says of a value is compared with what the
 * value says of itself, because records of the catalogue have no checksum.
 */
#include "unit.h"

#include "cache.h"

#include <string.h>

/* Change one field of the entry record of "a". */
static void
patch(struct MDB_txn *txn, const struct bci_tables *tables,
      void (*change)(struct bci_entry_record *head))
{
	unsigned char record[BCI_PAGE];
	struct bci_entry_record head;
	struct bci_bytes value;

	assert_int_equal(bci_table_get(txn, tables->entries, "a", 1, &value),
	                 BC_OK);
	assert_true(value.size <= sizeof(record));
	memcpy(record, value.data, value.size);
	memcpy(&head, record, sizeof(head));
	change(&head);
	memcpy(record, &head, sizeof(head));
	assert_int_equal(bci_table_put(txn, tables->entries, "a", 1, record,
	                               value.size, NULL),
	                 BC_OK);
}

static void
other_revision(struct bci_entry_record *head)
{
	head->revision ^= 1;
}

static void
other_kind(struct bci_entry_record *head)
{
	head->kind = BC_ARRAYS;
}

/* Schema 2 is that of "b": the same types under other names. */
static void
other_schema(struct bci_entry_record *head)
{
	assert_int_equal(head->schema, 1);
	head->schema = 2;
}

static void
change_revision(struct MDB_txn *txn, const struct bci_tables *tables)
{
	patch(txn, tables, other_revision);
}

static void
change_kind(struct MDB_txn *txn, const struct bci_tables *tables)
{
	patch(txn, tables, other_kind);
}

static void
change_schema(struct MDB_txn *txn, const struct bci_tables *tables)
{
	patch(txn, tables, other_schema);
}

/* The record of one key under another as well; the keys have one letter. */
static void
copy_to(struct MDB_txn *txn, const struct bci_tables *tables, const char *from,
        const char *to)
{
	unsigned char record[BCI_PAGE];
	struct bci_bytes value;

	assert_int_equal(bci_table_get(txn, tables->entries, from, 1, &value),
	                 BC_OK);
	memcpy(record, value.data, value.size);
	assert_int_equal(bci_table_put(txn, tables->entries, to, 1, record,
	                               value.size, NULL),
	                 BC_OK);
}

/* The record of "a" under the key "c", as if a bit of the key had flipped. */
static void
change_key(struct MDB_txn *txn, const struct bci_tables *tables)
{
	copy_to(txn, tables, "a", "c");
	assert_int_equal(bci_table_delete(txn, tables->entries, "a", 1, NULL),
	                 BC_OK);
}

/* The record of "a" names the place of "b", as if bits of it had flipped. */
static void
change_place(struct MDB_txn *txn, const struct bci_tables *tables)
{
	unsigned char record[BCI_PAGE];
	struct bci_locator from, to;
	struct bci_bytes value;

	assert_int_equal(bci_table_get(txn, tables->entries, "b", 1, &value),
	                 BC_OK);
	memcpy(&from,
	       (const char *)value.data + sizeof(struct bci_entry_record),
	       sizeof(from));
	assert_int_equal(bci_table_get(txn, tables->entries, "a", 1, &value),
	                 BC_OK);
	memcpy(record, value.data, value.size);
	memcpy(&to, record + sizeof(struct bci_entry_record), sizeof(to));
	assert_int_not_equal(to.offset, from.offset);
	to.arena = from.arena;
	to.offset = from.offset;
	memcpy(record + sizeof(struct bci_entry_record), &to, sizeof(to));
	assert_int_equal(bci_table_put(txn, tables->entries, "a", 1, record,
	                               value.size, NULL),
	                 BC_OK);
}

/* The record of "b" under the key "a" as well. */
static void
copy_record(struct MDB_txn *txn, const struct bci_tables *tables)
{
	copy_to(txn, tables, "b", "a");
}

/* Change the catalogue under the open cache, as a page that goes bad does. */
static void
change_live(unit_change *change)
{
	struct bci_env *env;
	struct MDB_txn *txn;
	struct bc_error err;

	assert_status(bci_cache_env(fixture.cache, &env, &err), BC_OK, &err);
	assert_status(bci_txn_begin(env->db, &txn, &err), BC_OK, &err);
	change(txn, &env->tables);
	assert_status(bci_txn_commit(&txn, &err), BC_OK, &err);
}

/* Put a small frame of one f64 column of this name. */
static void
put_column(const char *key, const char *name)
{
	int64_t time_ns[600];
	double values[600];
	struct bc_column column = { name, BC_F64, values, NULL, 0 };
	struct bc_frame frame = { 600, time_ns, &column, 1 };

	for (int i = 0; i < 600; i++) {
		time_ns[i] = i;
		values[i] = i * 0.5;
	}
	assert_status(bc_put(fixture.cache, key, &frame, NULL, NULL, NULL),
	              BC_OK, NULL);
}

/* After 'change' a get of 'key' misses; the next writer drops the entry. */
static void
assert_found_out(unit_change *change, const char *key)
{
	enum bc_miss miss;

	unit_restart(NULL);
	put_column("a", "bid");
	put_column("b", "ask");
	unit_change_catalogue(change);
	unit_reopen(NULL);
	expect_miss(fixture.cache, key, BC_MISS_CORRUPT);
	expect_miss(fixture.cache, key, BC_MISS_CORRUPT); /* and again */
	put_column("d", "bid"); /* a writer looks after what readers found */
	assert_status(bc_exists(fixture.cache, key, &miss), BC_MISS, NULL);
	assert_int_equal(miss, BC_MISS_ABSENT);
	assert_status(bc_exists(fixture.cache, "b", &miss), BC_OK, NULL);
}

static void
a_record_with_another_schema_is_found_out(void **state)
{
	(void)state;
	assert_found_out(change_schema, "a");
}

static void
a_record_of_another_kind_is_found_out(void **state)
{
	(void)state;
	assert_found_out(change_kind, "a");
}

static void
a_record_of_another_revision_is_found_out(void **state)
{
	(void)state;
	assert_found_out(change_revision, "a");
}

static void
a_record_under_another_key_is_found_out(void **state)
{
	(void)state;
	assert_found_out(change_key, "c");
}

/*
 * What was checked is remembered by its place.  Of two frames of the same shape
 * one is read; then the other one, whose record leads to that place.
 */
static void
a_place_that_was_checked_for_another_key(void (*look)(const char *key,
                                                      bool good),
                                         enum bc_placement placement)
{
	unit_restart(NULL);
	put_column("a", "bid");
	put_column("b", "bid");
	assert_status(bc_place(fixture.cache, "a", placement, NULL, NULL),
	              BC_OK, NULL);
	assert_status(bc_place(fixture.cache, "b", placement, NULL, NULL),
	              BC_OK, NULL);
	unit_change_catalogue(change_place);
	unit_reopen(NULL);
	look("b", true);
	look("a", false);
	look("b", true);
}

static void
look_by_get(const char *key, bool good)
{
	struct bc_view view;

	assert_status(bc_get(fixture.cache, key, &view), good ? BC_OK : BC_MISS,
	              NULL);
	assert_int_equal(view.miss, good ? BC_MISS_NONE : BC_MISS_CORRUPT);
	bc_view_release(&view);
}

static void
look_by_read(const char *key, bool good)
{
	struct bc_view view;

	assert_status(bc_read(fixture.cache, key, INT64_MIN, INT64_MAX, NULL, 0,
	                      &view),
	              good ? BC_OK : BC_MISS, NULL);
	assert_int_equal(view.miss, good ? BC_MISS_NONE : BC_MISS_CORRUPT);
	bc_view_release(&view);
}

static void
a_checked_place_of_another_key_is_found_out(void **state)
{
	(void)state;
	a_place_that_was_checked_for_another_key(look_by_get, BC_PLACE_WARM);
	a_place_that_was_checked_for_another_key(look_by_read, BC_PLACE_WARM);
}

static void
a_decoded_place_of_another_key_is_found_out(void **state)
{
	(void)state;
	a_place_that_was_checked_for_another_key(look_by_get, BC_PLACE_COLD);
	a_place_that_was_checked_for_another_key(look_by_read, BC_PLACE_COLD);
}

static void
look_by_handle(const char *key, bool good)
{
	static struct bc_bound *bound;
	struct bc_view view;

	if (bound == NULL)
		assert_status(bc_bind(fixture.cache, key, &bound), BC_OK, NULL);
	for (int i = 0; i < 2; i++) {
		assert_status(bc_bound_get(bound, &view),
		              good ? BC_OK : BC_MISS, NULL);
		bc_view_release(&view);
	}
	if (!good) {
		bc_unbind(bound);
		bound = NULL;
	}
}

/* As above, but both were read, and then the record itself is another. */
static void
a_record_that_changes(unit_change *change,
                      void (*look)(const char *key, bool good),
                      enum bc_placement placement)
{
	unit_restart(NULL);
	put_column("a", "bid");
	put_column("b", "ask");
	assert_status(bc_place(fixture.cache, "a", placement, NULL, NULL),
	              BC_OK, NULL);
	assert_status(bc_place(fixture.cache, "b", placement, NULL, NULL),
	              BC_OK, NULL);
	look_by_get("b", true);
	look("a", true);
	look("a", true);
	change_live(change);
	look("a", false);
	put_column("d", "bid"); /* a writer drops it */
	look_by_get("b", true);
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
}

static void
a_record_of_another_key_is_found_out_once_both_were_read(void **state)
{
	(void)state;
	a_record_that_changes(copy_record, look_by_get, BC_PLACE_WARM);
	a_record_that_changes(copy_record, look_by_read, BC_PLACE_WARM);
	a_record_that_changes(copy_record, look_by_handle, BC_PLACE_WARM);
	a_record_that_changes(copy_record, look_by_get, BC_PLACE_COLD);
	a_record_that_changes(copy_record, look_by_read, BC_PLACE_COLD);
	a_record_that_changes(copy_record, look_by_handle, BC_PLACE_COLD);
}

static void
a_record_that_changes_is_found_out_once_it_was_read(void **state)
{
	(void)state;
	a_record_that_changes(change_kind, look_by_get, BC_PLACE_WARM);
	a_record_that_changes(change_revision, look_by_get, BC_PLACE_WARM);
	a_record_that_changes(change_revision, look_by_read, BC_PLACE_WARM);
	a_record_that_changes(change_revision, look_by_handle, BC_PLACE_WARM);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, unit_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_record_with_another_schema_is_found_out),
		TEST(a_record_of_another_kind_is_found_out),
		TEST(a_record_of_another_revision_is_found_out),
		TEST(a_record_under_another_key_is_found_out),
		TEST(a_checked_place_of_another_key_is_found_out),
		TEST(a_decoded_place_of_another_key_is_found_out),
		TEST(a_record_of_another_key_is_found_out_once_both_were_read),
		TEST(a_record_that_changes_is_found_out_once_it_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_catalogue.c - the records of the catalogue by name, and records that
 * are not what they should be.
 */
#include "dir_unit.h"

#include <string.h>
#include <unistd.h>

#include "catalogue.h"

static const uint8_t boot[16] = { 1, 2, 3 };

static struct MDB_env *env;
static struct MDB_txn *txn; /* a write transaction, for every test */
static struct bci_tables tables;
static struct bci_state_record first_state;

static int
setup(void **state)
{
	struct bci_config_record config = {
		.version = BCI_RECORD_VERSION,
		.format_version = BCI_FORMAT_VERSION,
		.cache_id = 77,
	};
	struct bc_error err;

	dir_setup(state);
	assert_status(bci_catalogue_create(dir_fd, &config, boot, &err), BC_OK,
	              &err);
	assert_status(bci_db_open(dir_fd, BCI_CATALOGUE_FILE, BCI_CATALOGUE_MAP,
	                          BCI_DB_NOSYNC, &env, &err),
	              BC_OK, &err);
	assert_status(bci_catalogue_tables(env, &tables, &err), BC_OK, &err);
	assert_status(bci_txn_begin(env, &txn, &err), BC_OK, &err);
	assert_status(bci_state_load(txn, &tables, &first_state, &err), BC_OK,
	              &err);
	return 0;
}

static int
teardown(void **state)
{
	bci_txn_abort(txn);
	bci_db_close(env);
	return dir_teardown(state);
}

static void
a_new_catalogue_is_empty_and_begins_at_one(void **state)
{
	struct bci_bytes key = { strlen(BCI_KEY_FIRST), BCI_KEY_FIRST }, value;
	struct bci_config_record config;
	struct MDB_cursor *cursor;
	struct bc_error err;

	(void)state;
	assert_status(bci_config_load(txn, &tables, &config, &err), BC_OK,
	              &err);
	assert_int_equal(config.cache_id, 77);
	assert_int_equal(first_state.next_schema, 1);
	assert_int_equal(first_state.next_entry, 1);
	assert_int_equal(first_state.next_arena, 1);
	assert_int_equal(first_state.active_arena, 0);
	assert_memory_equal(first_state.boot_id, boot, 16);
	/* The names of the tables come before the first possible key. */
	assert_status(bci_cursor_open(txn, tables.entries, &cursor, &err),
	              BC_OK, &err);
	assert_status(bci_cursor_move(cursor, BCI_FROM, &key, &value), BC_MISS,
	              NULL);
	bci_cursor_close(cursor);
	assert_int_equal(faccessat(dir_fd, "meta.mdb.new", F_OK, 0), -1);
}

static void
tables_have_the_same_numbers_however_opened(void **state)
{
	struct bci_tables again;
	struct bc_error err;

	(void)state;
	bci_txn_abort(txn);
	txn = NULL;
	bci_db_close(env);
	assert_status(bci_db_open(dir_fd, BCI_CATALOGUE_FILE, BCI_CATALOGUE_MAP,
	                          BCI_DB_NOSYNC, &env, &err),
	              BC_OK, &err);
	assert_status(bci_catalogue_tables_write(env, &again, &err), BC_OK,
	              &err);
	assert_memory_equal(&again, &tables, sizeof(again));
}

static void
records_of_another_version_or_size_are_refused(void **state)
{
	struct bci_config_record config;
	struct bci_state_record loaded;
	struct bc_error err;

	(void)state;
	assert_status(bci_config_load(txn, &tables, &config, &err), BC_OK,
	              &err);
	config.format_version++;
	assert_status(bci_config_store(txn, &tables, &config, &err), BC_OK,
	              &err);
	assert_status(bci_config_load(txn, &tables, &config, &err), BC_FORMAT,
	              &err);
	config.format_version--;
	config.version++;
	assert_status(bci_config_store(txn, &tables, &config, &err), BC_OK,
	              &err);
	assert_status(bci_config_load(txn, &tables, &config, &err), BC_FORMAT,
	              &err);
	assert_status(bci_table_put(txn, tables.meta, "state", 5, &first_state,
	                            sizeof(first_state) - 1, &err),
	              BC_OK, &err);
	assert_status(bci_state_load(txn, &tables, &loaded, &err), BC_FORMAT,
	              &err);
	assert_status(bci_table_delete(txn, tables.meta, "state", 5, &err),
	              BC_OK, &err);
	assert_status(bci_state_load(txn, &tables, &loaded, &err), BC_FORMAT,
	              &err);
	assert_status(bci_state_store(txn, &tables, &first_state, &err), BC_OK,
	              &err);
	assert_status(bci_state_load(txn, &tables, &loaded, &err), BC_OK, &err);
	assert_memory_equal(&loaded, &first_state, sizeof(loaded));
}

static void
an_arena_is_absent_damaged_or_loaded(void **state)
{
	struct bci_arena_record arena = { .version = BCI_RECORD_VERSION,
		                          .class_ = BCI_ARENA_WARM,
		                          .end_bytes = 4096 },
				found;
	struct bc_error err;
	uint64_t number = 5;

	(void)state;
	assert_status(bci_arena_load(txn, &tables, number, &found), BC_MISS,
	              NULL);
	assert_status(bci_arena_store(txn, &tables, number, &arena, &err),
	              BC_OK, &err);
	assert_status(bci_arena_load(txn, &tables, number, &found), BC_OK,
	              NULL);
	assert_memory_equal(&found, &arena, sizeof(arena));
	assert_status(bci_table_put(txn, tables.arenas, &number, 8, &arena,
	                            sizeof(arena) - 8, &err),
	              BC_OK, &err);
	assert_status(bci_arena_load(txn, &tables, number, &found), BC_CORRUPT,
	              NULL);
	arena.version = 2;
	assert_status(bci_arena_store(txn, &tables, number, &arena, &err),
	              BC_OK, &err);
	assert_status(bci_arena_load(txn, &tables, number, &found), BC_CORRUPT,
	              NULL);
}

static void
a_schema_is_interned_once(void **state)
{
	static const unsigned char one[] = { 1, 0, 0, 0, 2, 1, 'a' };
	static const unsigned char two[] = { 1, 0, 0, 0, 2, 1, 'b' };
	struct bci_state_record now = first_state;
	struct bci_bytes stored;
	struct bc_error err;
	uint32_t first = 0, second = 0, again = 0;

	(void)state;
	assert_status(
		bci_schema_intern(txn, &tables, &now, one, 7, &first, &err),
		BC_OK, &err);
	assert_status(
		bci_schema_intern(txn, &tables, &now, two, 7, &second, &err),
		BC_OK, &err);
	assert_status(
		bci_schema_intern(txn, &tables, &now, one, 7, &again, &err),
		BC_OK, &err);
	assert_int_equal(first, 1);
	assert_int_equal(second, 2);
	assert_int_equal(again, first);
	assert_int_equal(now.next_schema, 3);
	assert_status(bci_table_get(txn, tables.schemas, &second, 4, &stored),
	              BC_OK, NULL);
	assert_int_equal(stored.size, 7);
	assert_memory_equal(stored.data, two, 7);
}

static void
slots_that_were_given_back_are_taken_again(void **state)
{
	struct bci_state_record now = first_state;
	struct bc_error err;
	uint32_t slots[3], i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_status(
			bci_slot_take(txn, &tables, &now, &slots[i], &err),
			BC_OK, &err);
		assert_int_equal(slots[i], i);
	}
	assert_status(bci_slot_give(txn, &tables, 2, &err), BC_OK, &err);
	assert_status(bci_slot_give(txn, &tables, 0, &err), BC_OK, &err);
	assert_status(bci_slot_take(txn, &tables, &now, &slots[0], &err), BC_OK,
	              &err);
	assert_status(bci_slot_take(txn, &tables, &now, &slots[2], &err), BC_OK,
	              &err);
	assert_int_equal(slots[0], 0); /* the lowest: the ledger stays small */
	assert_int_equal(slots[2], 2);
	assert_status(bci_slot_take(txn, &tables, &now, &slots[1], &err), BC_OK,
	              &err);
	assert_int_equal(slots[1], 3);
	assert_int_equal(now.next_slot, 4);
}

/* ------------------------------------------------------------------------ */
/*  Details and requests                                                    */
/* ------------------------------------------------------------------------ */

static char text[60000], found_text[60000];

static uint64_t
requests_stored(void)
{
	uint64_t count = 0;

	assert_status(bci_table_count(txn, tables.requests, &count), BC_OK,
	              NULL);
	return count;
}

static void
store_detail(uint64_t id, uint32_t bytes)
{
	struct bci_detail_record detail = { .version = BCI_RECORD_VERSION,
		                            .dataset_id = 12,
		                            .request_bytes = bytes };
	struct bc_error err;

	assert_status(bci_detail_store(txn, &tables, id, &detail, text, &err),
	              BC_OK, &err);
}

static void
a_request_of_any_length_comes_back(void **state)
{
	static const uint32_t sizes[][2] = {
		{ 0, 0 },
		{ 1, 0 },
		{ BCI_REQUEST_INLINE, 0 },
		{ BCI_REQUEST_INLINE + 1, 1 },
		{ BCI_RECORD_MAX, 1 },
		{ BCI_RECORD_MAX + 1, 2 },
		{ 10000, 6 },
		{ 60000, 32 },
	};
	struct bci_detail_record detail;
	struct bc_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + test_mix(i, 4) % 26);
	store_detail(2, 5000); /* a neighbour that must stay */
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		store_detail(1, sizes[i][0]);
		assert_int_equal(requests_stored(), 3 + sizes[i][1]);
		assert_status(bci_detail_load(txn, &tables, 1, &detail), BC_OK,
		              NULL);
		assert_int_equal(detail.dataset_id, 12);
		assert_int_equal(detail.request_bytes, sizes[i][0]);
		memset(found_text, 0, sizeof(found_text));
		assert_status(
			bci_request_load(txn, &tables, 1, &detail, found_text),
			BC_OK, NULL);
		if (sizes[i][0] != 0)
			assert_memory_equal(found_text, text, sizes[i][0]);
		assert_int_equal(found_text[sizes[i][0] % 60000],
		                 sizes[i][0] == 60000 ? text[0] : 0);
		assert_status(bci_detail_delete(txn, &tables, 1, &err), BC_OK,
		              &err);
		assert_int_equal(requests_stored(), 3);
		assert_status(bci_detail_load(txn, &tables, 1, &detail),
		              BC_CORRUPT, NULL);
	}
	assert_status(bci_detail_load(txn, &tables, 2, &detail), BC_OK, NULL);
	assert_status(bci_request_load(txn, &tables, 2, &detail, found_text),
	              BC_OK, NULL);
}

static void
damaged_details_are_found_out(void **state)
{
	struct bci_detail_record detail;
	struct {
		uint64_t id;
		uint32_t chunk;
	} __attribute__((packed)) chunk = { 1, 1 };
	struct bci_bytes stored;
	unsigned char copy[200];
	struct bc_error err;
	uint64_t id = 2;

	(void)state;
	memset(text, 'x', sizeof(text));
	store_detail(1, 5000);
	assert_status(bci_detail_load(txn, &tables, 1, &detail), BC_OK, NULL);
	assert_status(bci_table_put(txn, tables.requests, &chunk, 12, "short",
	                            5, &err),
	              BC_OK, &err);
	assert_status(bci_request_load(txn, &tables, 1, &detail, found_text),
	              BC_CORRUPT, NULL);
	assert_status(bci_table_delete(txn, tables.requests, &chunk, 12, &err),
	              BC_OK, &err);
	assert_status(bci_request_load(txn, &tables, 1, &detail, found_text),
	              BC_CORRUPT, NULL);
	store_detail(id, 100);
	assert_status(bci_table_get(txn, tables.details, &id, 8, &stored),
	              BC_OK, NULL);
	assert_int_equal(stored.size, sizeof(detail) + 100);
	memcpy(copy, stored.data, stored.size);
	assert_status(bci_table_put(txn, tables.details, &id, 8, copy,
	                            sizeof(detail) + 99, &err),
	              BC_OK, &err);
	assert_status(bci_detail_load(txn, &tables, id, &detail), BC_CORRUPT,
	              NULL);
	assert_status(bci_table_put(txn, tables.details, &id, 8, copy,
	                            sizeof(detail) - 1, &err),
	              BC_OK, &err);
	assert_status(bci_detail_load(txn, &tables, id, &detail), BC_CORRUPT,
	              NULL);
}

/* ------------------------------------------------------------------------ */
/*  Entries                                                                 */
/* ------------------------------------------------------------------------ */

static void
a_stored_entry_is_taken_apart_or_refused(void **state)
{
	unsigned char record[sizeof(struct bci_entry_record) +
	                     3 * sizeof(struct bci_locator)] = { 0 };
	const size_t head = sizeof(struct bci_entry_record);
	const size_t one = sizeof(struct bci_locator);
	struct bci_entry entry;
	size_t i;

	(void)state;
	record[0] = BCI_RECORD_VERSION;
	record[1] = BC_BLOB;
	for (i = 0; i < head; i++)
		assert_int_equal(bci_entry_parse(record, i, &entry),
		                 BC_CORRUPT);
	for (i = head; i <= head + 3 * one; i++) {
		bool whole = i == head || i == head + one;

		assert_int_equal(bci_entry_parse(record, i, &entry),
		                 whole ? BC_OK : BC_CORRUPT);
		if (whole)
			assert_int_equal(entry.segment_count, (i - head) / one);
	}
	record[2] = BCI_ENTRY_INLINE;
	assert_int_equal(bci_entry_parse(record, head + one, &entry),
	                 BC_CORRUPT);
	assert_int_equal(bci_entry_parse(record, head + one + 1, &entry),
	                 BC_OK);
	assert_int_equal(entry.inlined_bytes, 1);
	record[2] = 0;
	for (i = 0; i < 256; i++) {
		record[1] = (unsigned char)i; /* kind; frames need a schema */
		assert_int_equal(bci_entry_parse(record, head, &entry),
		                 i == BC_BLOB ? BC_OK : BC_CORRUPT);
	}
	record[1] = BC_BLOB;
	record[0]++;
	assert_int_equal(bci_entry_parse(record, head, &entry), BC_CORRUPT);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(records_of_another_version_or_size_are_refused),
		TEST(damaged_details_are_found_out),
		TEST(a_stored_entry_is_taken_apart_or_refused),
		TEST(a_new_catalogue_is_empty_and_begins_at_one),
		TEST(tables_have_the_same_numbers_however_opened),
		TEST(an_arena_is_absent_damaged_or_loaded),
		TEST(a_schema_is_interned_once),
		TEST(slots_that_were_given_back_are_taken_again),
		TEST(a_request_of_any_length_comes_back),
	};

	return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}

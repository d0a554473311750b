/* SPDX-License-Identifier: MIT */
/*
 * fuzz_catalogue.c - a catalogue whose records were changed, of every table: by
 * LMDB, so that its pages are whole and what is in them is looked at.
 *
 * The first two bytes of an input say what is done with the cache afterwards,
 * the third whether checksums in records are set right again.  Then come
 * changes, each of one record of a table.
 */
#include "reach.h"
#include "stage.h"

#include "catalogue.h"
#include "directory.h"
#include "hash.h"
#include "segment.h"

#include <fcntl.h>
#include <unistd.h>

#define RECORD_MAX 4096

struct record {
	unsigned char key[512], value[RECORD_MAX];
	size_t key_bytes, value_bytes;
};

/* Record 'index' of a table, counted round and round; false if it has none. */
static bool
record_load(struct MDB_txn *txn, unsigned table, uint64_t index,
            struct record *record)
{
	struct bci_bytes key, value;
	struct MDB_cursor *cursor;
	uint64_t count = 0;
	enum bc_status status;

	if (bci_table_count(txn, table, &count) != BC_OK || count == 0 ||
	    bci_cursor_open(txn, table, &cursor, NULL) != BC_OK)
		return false;
	status = bci_cursor_move(cursor, BCI_FIRST, &key, &value);
	for (index %= count; index > 0 && status == BC_OK; index--)
		status = bci_cursor_move(cursor, BCI_NEXT, &key, &value);
	if (status == BC_OK) {
		record->key_bytes = bci_min(key.size, sizeof(record->key));
		record->value_bytes = bci_min(value.size, RECORD_MAX);
		memcpy(record->key, key.data, record->key_bytes);
		memcpy(record->value, value.data, record->value_bytes);
	}
	bci_cursor_close(cursor);
	return status == BC_OK;
}

/* Set the checksums that the record of a series has. */
static void
record_sign_series(struct record *record, struct bci_entry *entry)
{
	struct bci_series_record *series = &entry->series;

	series->tail_checksum =
		bci_tail_checksum(entry->tail, entry->tail_bytes);
	series->sum = bci_series_sum(record->key, record->key_bytes,
	                             &entry->head, series);
	memcpy(record->value + sizeof(entry->head), series, sizeof(*series));
	reach("series signed again");
}

/* Set the checksums that an entry's record has of what follows it. */
static void
record_sign(struct record *record)
{
	struct bci_locator locator;
	struct bci_entry entry;

	if (bci_entry_parse(record->value, record->value_bytes, &entry) !=
	    BC_OK)
		return;
	if (entry.head.kind == BC_SERIES)
		record_sign_series(record, &entry);
	if (entry.inlined == NULL)
		return;
	bci_entry_locator(&entry, 0, &locator);
	if (locator.header_bytes > entry.inlined_bytes)
		return;
	reach("records signed again");
	locator.checksum = bci_hash64(entry.inlined, locator.header_bytes);
	memcpy(record->value + (entry.locators - record->value), &locator,
	       sizeof(locator));
}

/* What the library will make of a changed record, before it looks behind it. */
static void
record_reach(const struct record *record, bool entries)
{
	struct bci_entry entry;

	if (!entries)
		reach("records of other tables");
	else if (bci_entry_parse(record->value, record->value_bytes, &entry) !=
	         BC_OK)
		reach("entries that are refused");
	else if (bci_entry_read(record->key, record->key_bytes, record->value,
	                        record->value_bytes, &entry) != BC_OK)
		reach("series that are not what was written");
	else
		reach(entry.head.kind == BC_SERIES ? "series that are read"
		                                   : "values that are read");
}

/* Change a record, its key, its length; or take it away. */
static void
record_change(struct MDB_txn *txn, unsigned table, bool entries,
              struct record *record, struct edits *edits, bool sign)
{
	unsigned what = (unsigned)edits_number(edits, 1) % 16;
	struct record other;

	if (what < 3)
		(void)bci_table_delete(txn, table, record->key,
		                       record->key_bytes, NULL);
	if (what == 0)
		return;
	if (what < 3)
		edits_change(edits, record->key, record->key_bytes);
	if (what == 3)
		record->value_bytes = edits_number(edits, 2) % (RECORD_MAX / 2);
	if (what == 4 &&
	    record_load(txn, table, edits_number(edits, 1), &other)) {
		memcpy(record->value, other.value, other.value_bytes);
		record->value_bytes = other.value_bytes;
	}
	/* The first bytes say most. */
	for (unsigned i = what / 4; i > 0; i--)
		edits_change(edits, record->value,
		             i % 2 == 0 ? record->value_bytes
		                        : bci_min(192, record->value_bytes));
	if (sign)
		record_sign(record);
	record_reach(record, entries);
	(void)bci_table_put(txn, table, record->key, record->key_bytes,
	                    record->value, record->value_bytes, NULL);
}

/* Make the changes, in one commit. */
static void
change(const char *path, struct edits *edits, bool sign)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	static struct record record;
	struct bci_tables tables;
	struct MDB_env *env;
	struct MDB_txn *txn;
	unsigned table;

	CHECK(bci_db_open(fd, BCI_CATALOGUE_FILE, BCI_CATALOGUE_MAP,
	                  BCI_DB_NOSYNC, &env, NULL) == BC_OK);
	CHECK(bci_catalogue_tables(env, &tables, NULL) == BC_OK);
	CHECK(bci_txn_begin(env, &txn, NULL) == BC_OK);
	while (edits_left(edits)) {
		table = (unsigned)edits_number(edits, 1);
		/* Entries are a table that has more than the others. */
		table = table % 32 < BCI_TABLES
		                ? bci_table_number(&tables, table % 32)
		                : tables.entries;
		if (record_load(txn, table, edits_number(edits, 1), &record))
			record_change(txn, table, table == tables.entries,
			              &record, edits, sign);
	}
	(void)bci_txn_commit(&txn, NULL);
	bci_db_close(env);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct edits edits = { data, data + bytes };
	struct shelf *shelf = stage_begin();
	unsigned which = (unsigned)edits_number(&edits, 2);
	unsigned how = (unsigned)edits_number(&edits, 1);

	shelf_store(shelf);
	change(shelf->path, &edits, (how & 1) != 0);
	/* Who can sign what he changes can store anything. */
	stage_use(which, (how & 1) == 0, false);
	return 0;
}

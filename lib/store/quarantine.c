/* SPDX-License-Identifier: MIT */
/*
 * quarantine.c - the list of what was dropped.
 *
 * The bytes themselves stay where they are until their arena goes: the list
 * says where that is.  It is bounded, because a bad disk would fill it.
 */
#include "common.h"

#include "check.h"
#include "error.h"
#include "quarantine.h"

/* A cursor on the table, moved; *number is the row's. */
static enum bc_status
quarantine_move(struct MDB_txn *txn, unsigned table, enum bci_seek seek,
                uint64_t *number, struct bci_bytes *value)
{
	struct bci_bytes key = { sizeof(*number), number };
	struct MDB_cursor *cursor = NULL;
	enum bc_status status;
	uint64_t found;

	if (table == BCI_NO_TABLE)
		return BC_MISS;
	status = bci_cursor_open(txn, table, &cursor, NULL);
	if (status == BC_OK)
		status = bci_cursor_move(cursor, seek, &key, value);
	if (status == BC_OK && key.size != sizeof(found))
		status = BC_CORRUPT;
	if (status == BC_OK) {
		memcpy(&found, key.data, sizeof(found));
		*number = found;
	}
	bci_cursor_close(cursor);
	return status;
}

/* Make room for one more. */
static enum bc_status
quarantine_trim(struct MDB_txn *txn, unsigned table, struct bc_error *err)
{
	struct bci_bytes value;
	enum bc_status status;
	uint64_t count, oldest;

	status = bci_table_count(txn, table, &count);
	while (status == BC_OK && count >= BCI_QUARANTINE_MAX) {
		status =
			quarantine_move(txn, table, BCI_FIRST, &oldest, &value);
		if (status == BC_OK)
			status = bci_table_delete(txn, table, &oldest,
			                          sizeof(oldest), err);
		count--;
	}
	return status;
}

enum bc_status
bci_quarantine_add(struct MDB_txn *txn, const struct bci_tables *tables,
                   const struct bci_bytes *key, uint64_t entry_id,
                   const struct bci_locator *locator, const char *reason,
                   int64_t now_ns, struct bc_error *err)
{
	struct bci_quarantine_record record = {
		.version = BCI_RECORD_VERSION,
		.key_bytes = (uint16_t)bci_min(key->size, BC_KEY_MAX),
		.reason_bytes =
			(uint16_t)bci_min(strlen(reason), BCI_REASON_MAX),
		.time_ns = now_ns,
		.entry_id = entry_id,
	};
	unsigned char row[sizeof(record) + BC_KEY_MAX + BCI_REASON_MAX];
	unsigned table = atomic_load(&tables->quarantine);
	struct bci_bytes value;
	enum bc_status status;
	uint64_t number = 0;

	if (table == BCI_NO_TABLE)
		return BC_OK; /* A cache of an older version: upgraded soon. */
	if (locator != NULL) {
		record.arena = locator->arena;
		record.offset = locator->offset;
		record.bytes = locator->bytes;
	}
	memcpy(row, &record, sizeof(record));
	memcpy(row + sizeof(record), key->data, record.key_bytes);
	memcpy(row + sizeof(record) + record.key_bytes, reason,
	       record.reason_bytes);
	status = quarantine_trim(txn, table, err);
	if (status == BC_OK)
		status = quarantine_move(txn, table, BCI_LAST, &number, &value);
	if (status != BC_OK && status != BC_MISS)
		return bci_fail(err, status, "the table of what was dropped");
	number++;
	return bci_table_put(
		txn, table, &number, sizeof(number), row,
		sizeof(record) + record.key_bytes + record.reason_bytes, err);
}

enum bc_status
bci_quarantine_next(struct MDB_txn *txn, const struct bci_tables *tables,
                    uint64_t *number, struct bci_quarantine_record *record,
                    struct bci_bytes *key, struct bci_bytes *reason)
{
	struct bci_bytes value;
	const unsigned char *at;
	enum bc_status status;

	status = quarantine_move(txn, atomic_load(&tables->quarantine),
	                         BCI_FROM, number, &value);
	if (status != BC_OK)
		return status;
	if (value.size < sizeof(*record))
		return BC_CORRUPT;
	memcpy(record, value.data, sizeof(*record));
	if (record->version != BCI_RECORD_VERSION ||
	    value.size !=
	            sizeof(*record) + record->key_bytes + record->reason_bytes)
		return BC_CORRUPT;
	at = (const unsigned char *)value.data + sizeof(*record);
	*key = (struct bci_bytes){ record->key_bytes, at };
	*reason = (struct bci_bytes){ record->reason_bytes,
		                      at + record->key_bytes };
	return BC_OK;
}

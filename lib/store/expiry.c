/* SPDX-License-Identifier: MIT */
/*
 * expiry.c - `expiry`: the entries that expire, in the order in which they do.
 *
 * A row repeats what the entry's record says.  Where the two differ, which only
 * damage brings about, the record holds: whoever reads a row compares.
 */
#include "common.h"

#include "error.h"
#include "expiry.h"

struct expiry_key {
	unsigned char bytes[16];
};

static struct expiry_key
expiry_key_of(int64_t expires_ns, uint64_t entry_id)
{
	struct expiry_key key;

	bci_key_put(key.bytes, bci_key_time(expires_ns));
	bci_key_put(key.bytes + 8, entry_id);
	return key;
}

static bool
expiry_key_read(const struct bci_bytes *stored, struct bci_expiry *row)
{
	const unsigned char *at = stored->data;

	if (stored->size != sizeof(struct expiry_key))
		return false;
	row->expires_ns = bci_key_time_of(bci_key_get(at));
	row->entry_id = bci_key_get(at + 8);
	return true;
}

enum bc_status
bci_expiry_delete(struct MDB_txn *txn, const struct bci_tables *tables,
                  int64_t expires_ns, uint64_t entry_id, struct bc_error *err)
{
	struct expiry_key key = expiry_key_of(expires_ns, entry_id);
	enum bc_status status =
		bci_table_delete(txn, tables->expiry, &key, sizeof(key), err);

	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bci_expiry_change(struct MDB_txn *txn, const struct bci_tables *tables,
                  const char *key, size_t key_bytes,
                  const struct bci_entry_record *before,
                  const struct bci_entry_record *after, struct bc_error *err)
{
	int64_t from_ns = before != NULL ? before->expires_ns : 0;
	int64_t to_ns = after != NULL ? after->expires_ns : 0;
	struct expiry_key stored;
	enum bc_status status;

	BCI_ASSERT(before == NULL || after == NULL || before->id == after->id);
	if (from_ns == to_ns)
		return BC_OK;
	if (from_ns != 0) {
		status = bci_expiry_delete(txn, tables, from_ns, before->id,
		                           err);
		if (status != BC_OK)
			return status;
	}
	if (to_ns == 0)
		return BC_OK;
	stored = expiry_key_of(to_ns, after->id);
	return bci_table_put(txn, tables->expiry, &stored, sizeof(stored), key,
	                     key_bytes, err);
}

enum bc_status
bci_expiry_find(struct MDB_txn *txn, const struct bci_tables *tables,
                struct bci_expiry *row)
{
	struct expiry_key from = expiry_key_of(row->expires_ns, row->entry_id);
	struct bci_bytes key = { sizeof(from), &from }, value;
	struct MDB_cursor *cursor = NULL;
	enum bc_status status;

	status = bci_cursor_open(txn, tables->expiry, &cursor, NULL);
	if (status == BC_OK)
		status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	if (status == BC_OK && !expiry_key_read(&key, row))
		status = BC_CORRUPT;
	if (status == BC_OK) {
		row->key_bytes = value.size <= BC_KEY_MAX ? value.size : 0;
		memcpy(row->key, value.data, row->key_bytes);
	}
	bci_cursor_close(cursor);
	return status;
}

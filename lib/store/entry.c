/* SPDX-License-Identifier: MIT */
/*
 * entry.c - `entries`: the record of a key, found and taken apart.
 *
 * LMDB and the record may both be damaged, and the status is the same; but the
 * one ends what the caller does, and the other is often mended by it.
 */
#include "common.h"

#include "entry.h"

enum bc_status
bci_entry_get(struct MDB_txn *txn, const struct bci_tables *tables,
              const void *key, size_t key_bytes, struct bci_entry *entry,
              bool *damaged)
{
	struct bci_bytes record;
	enum bc_status status;

	if (damaged != NULL)
		*damaged = false;
	status = bci_table_get(txn, tables->entries, key, key_bytes, &record);
	if (status != BC_OK)
		return status;
	status =
		bci_entry_read(key, key_bytes, record.data, record.size, entry);
	if (damaged != NULL)
		*damaged = status != BC_OK;
	return status;
}

enum bc_status
bci_entry_get_copy(struct MDB_txn *txn, const struct bci_tables *tables,
                   const void *key, size_t key_bytes,
                   struct bci_entry_copy *copy, struct bci_entry *entry,
                   bool *damaged)
{
	struct bci_bytes record;
	enum bc_status status;

	if (damaged != NULL)
		*damaged = false;
	status = bci_table_get(txn, tables->entries, key, key_bytes, &record);
	if (status != BC_OK)
		return status;
	status = BC_CORRUPT;
	if (record.size <= sizeof(copy->data)) {
		memcpy(copy->data, record.data, record.size);
		copy->bytes = record.size;
		status = bci_entry_read(key, key_bytes, copy->data, copy->bytes,
		                        entry);
	}
	if (damaged != NULL)
		*damaged = status != BC_OK;
	return status;
}

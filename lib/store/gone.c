/* SPDX-License-Identifier: MIT */
/*
 * gone.c - the table of arenas that were unlinked while they were mapped.
 */
#include "common.h"

#include "gone.h"

enum bc_status
bci_gone_put(struct MDB_txn *txn, const struct bci_tables *tables,
             uint64_t number, enum bci_arena_class class_, uint64_t bytes,
             struct bc_error *err)
{
	const struct bci_gone gone = {
		.version = BCI_RECORD_VERSION,
		.class_ = (uint8_t)class_,
		.bytes = bytes,
	};

	return bci_table_put(txn, tables->gone, &number, sizeof(number), &gone,
	                     sizeof(gone), err);
}

enum bc_status
bci_gone_delete(struct MDB_txn *txn, const struct bci_tables *tables,
                uint64_t number, struct bc_error *err)
{
	return bci_table_delete(txn, tables->gone, &number, sizeof(number),
	                        err);
}

enum bc_status
bci_gone_next(struct MDB_txn *txn, const struct bci_tables *tables,
              uint64_t *number, struct bci_gone *gone)
{
	struct bci_bytes key = { sizeof(*number), number }, value;
	struct MDB_cursor *cursor = NULL;
	enum bc_status status;

	if (!bci_table_is_open(txn, tables->gone) || *number == UINT64_MAX)
		return BC_MISS;
	++*number;
	status = bci_cursor_open(txn, tables->gone, &cursor, NULL);
	if (status == BC_OK)
		status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	/* A row that is damaged says nothing. */
	while (status == BC_OK &&
	       (key.size != sizeof(*number) || value.size != sizeof(*gone)))
		status = bci_cursor_move(cursor, BCI_NEXT, &key, &value);
	if (status == BC_OK) {
		memcpy(number, key.data, sizeof(*number));
		memcpy(gone, value.data, sizeof(*gone));
	}
	bci_cursor_close(cursor);
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * expiry.h - `expiry`: the entries that expire, in the order in which they do.
 *
 * Key: when, as i64 + 2^63, and the entry's id, both big-endian; value: the
 * entry's key.  There is a row for each entry with expires_ns in its record and
 * no other, so that a sweep costs what has expired.
 */
#ifndef BCI_EXPIRY_H
#define BCI_EXPIRY_H

#include "catalogue.h"

/* A row of the table, copied; its text has no final NUL. */
struct bci_expiry {
	int64_t expires_ns;
	uint64_t entry_id;
	size_t key_bytes; /* 0: the row is damaged */
	char key[BC_KEY_MAX];
};

/*
 * Bring the table from what an entry's record was to what it is now; NULL: it
 * was not there, or is no more.  Both have the same id.
 */
enum bc_status bci_expiry_change(struct MDB_txn *txn,
                                 const struct bci_tables *tables,
                                 const char *key, size_t key_bytes,
                                 const struct bci_entry_record *before,
                                 const struct bci_entry_record *after,
                                 struct bc_error *err);

/*
 * The first row that is not before (row->expires_ns, row->entry_id).  BC_OK
 * with *row filled, BC_MISS if there is none, BC_IO.
 */
enum bc_status bci_expiry_find(struct MDB_txn *txn,
                               const struct bci_tables *tables,
                               struct bci_expiry *row);

/* Delete a row that says something else than the entry's record. */
enum bc_status bci_expiry_delete(struct MDB_txn *txn,
                                 const struct bci_tables *tables,
                                 int64_t expires_ns, uint64_t entry_id,
                                 struct bc_error *err);

#endif /* BCI_EXPIRY_H */

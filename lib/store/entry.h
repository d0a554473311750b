/* SPDX-License-Identifier: MIT */
/*
 * entry.h - `entries`: the record of a key, found and taken apart.
 *
 * What reads an entry to hand out its values looks for it itself: see hit.h.
 */
#ifndef BCI_ENTRY_H
#define BCI_ENTRY_H

#include "catalogue.h"

/* The record of an entry, copied: writing to a table may move what it had. */
struct bci_entry_copy {
	size_t bytes;
	unsigned char data[BCI_PAGE];
};

/*
 * Find the entry of a key; what it points to lives as long as 'txn' and until
 * that writes.  Returns BC_OK; BC_MISS; BC_CORRUPT if the record is damaged,
 * which *damaged says, or the table is; BC_IO.  'damaged' may be NULL; who
 * would replace a damaged record needs it, because a table that cannot be read
 * cannot be written either.
 */
enum bc_status bci_entry_get(struct MDB_txn *txn,
                             const struct bci_tables *tables, const void *key,
                             size_t key_bytes, struct bci_entry *entry,
                             bool *damaged);

/*
 * The same with a copy of the record, which *entry points to.  One that is too
 * large to be copied is damaged.
 */
enum bc_status bci_entry_get_copy(struct MDB_txn *txn,
                                  const struct bci_tables *tables,
                                  const void *key, size_t key_bytes,
                                  struct bci_entry_copy *copy,
                                  struct bci_entry *entry, bool *damaged);

#endif /* BCI_ENTRY_H */

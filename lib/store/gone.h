/* SPDX-License-Identifier: MIT */
/*
 * gone.h - arenas that were unlinked while processes had them mapped: their
 * bytes stay on the disk until the last map goes.
 *
 * A writer adds a row in the commit that forgets the arena, and removes it once
 * nobody holds the arena's byte of arenas.lock any more.
 */
#ifndef BCI_GONE_H
#define BCI_GONE_H

#include "catalogue.h"

struct bci_gone {
	uint8_t version;
	uint8_t class_; /* enum bci_arena_class */
	uint8_t reserved0[6];
	uint64_t bytes; /* that its file had */
};
_Static_assert(sizeof(struct bci_gone) == 16, "record of a gone arena");

/* Add arena 'number', or replace what is said of it. */
enum bc_status bci_gone_put(struct MDB_txn *txn,
                            const struct bci_tables *tables, uint64_t number,
                            enum bci_arena_class class_, uint64_t bytes,
                            struct bc_error *err);

/* BC_MISS if there is no such row. */
enum bc_status bci_gone_delete(struct MDB_txn *txn,
                               const struct bci_tables *tables, uint64_t number,
                               struct bc_error *err);

/*
 * The row after '*number'; BC_MISS if there is none, also where there is no
 * such table yet; BC_CORRUPT, BC_IO.
 */
enum bc_status bci_gone_next(struct MDB_txn *txn,
                             const struct bci_tables *tables, uint64_t *number,
                             struct bci_gone *gone);

#endif /* BCI_GONE_H */

/* SPDX-License-Identifier: MIT */
/*
 * quarantine.h - `quarantine`: what was dropped because it was damaged.
 */
#ifndef BCI_QUARANTINE_H
#define BCI_QUARANTINE_H

#include "catalogue.h"

/* Rows that are kept: the newest. */
#define BCI_QUARANTINE_MAX 1000u

/* Bytes of a reason that are kept. */
#define BCI_REASON_MAX 200u

/*
 * Key: a number u64 that grows by one.  The record is followed by the entry's
 * key and the reason.
 */
struct bci_quarantine_record {
	uint8_t version;
	uint8_t reserved0;
	uint16_t key_bytes;
	uint16_t reason_bytes;
	uint16_t reserved1;
	int64_t time_ns;
	uint64_t entry_id;
	uint64_t offset; /* of the segment; 0 without an arena */
	uint32_t arena;  /* 0: it was not a segment in an arena */
	uint32_t bytes;
};
_Static_assert(sizeof(struct bci_quarantine_record) == 40, "quarantine record");

/* What is dropped, and why; 'locator' is NULL if it was no segment. */
enum bc_status bci_quarantine_add(struct MDB_txn *txn,
                                  const struct bci_tables *tables,
                                  const struct bci_bytes *key,
                                  uint64_t entry_id,
                                  const struct bci_locator *locator,
                                  const char *reason, int64_t now_ns,
                                  struct bc_error *err);

/*
 * The first row from number *number on: BC_OK with *record and pointers into
 * the transaction, *number set; BC_MISS if there is none; BC_CORRUPT if it is
 * damaged, *number set; BC_IO.
 */
enum bc_status bci_quarantine_next(struct MDB_txn *txn,
                                   const struct bci_tables *tables,
                                   uint64_t *number,
                                   struct bci_quarantine_record *record,
                                   struct bci_bytes *key,
                                   struct bci_bytes *reason);

#endif /* BCI_QUARANTINE_H */

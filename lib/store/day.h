/* SPDX-License-Identifier: MIT */
/*
 * day.h - the counters of the ledger by days (UTC), kept in the catalogue.
 *
 * The ledger only counts on; now and then a writer adds what came since to the
 * row of today, and in the same transaction notes what it has added up to: the
 * ledger's sums, and which ledger it was.  So a crash neither loses nor repeats
 * anything, folding twice adds nothing, and a ledger that was made anew begins
 * at zero.
 */
#ifndef BCI_DAY_H
#define BCI_DAY_H

#include "catalogue.h"
#include "ledger.h"

/* `days`, key: days since 1970 u64. */
struct bci_day {
	uint8_t version;
	uint8_t reserved0[7];
	int64_t folded_ns; /* wall clock of the newest fold */
	uint64_t entries;  /* then */
	uint64_t bytes;    /* of their segments, then */
	uint64_t counters[BCI_COUNTERS];
};
_Static_assert(sizeof(struct bci_day) == 32 + 8 * BCI_COUNTERS, "day record");

/* `meta`, key "folded". */
struct bci_folded {
	uint8_t version;
	uint8_t reserved0[7];
	uint64_t birth;    /* of the ledger */
	int64_t folded_ns; /* wall clock; 0: never */
	int64_t compacted_ns; /* of the newest compaction; 0: none */
	uint64_t ledger[BCI_COUNTERS]; /* its sums, then */
	uint64_t sums[BCI_COUNTERS];   /* of all days */
};
_Static_assert(sizeof(struct bci_folded) == 32 + 16 * BCI_COUNTERS,
               "folded record");

/* The day of a time; 0 of times before 1970. */
uint64_t bci_day_of(int64_t now_ns);

/* Whether a fold is due at 'now_ns' if the last one was at 'folded_ns'. */
bool bci_day_is_due(int64_t folded_ns, int64_t now_ns);

/* What was folded; zeros if nothing was.  BC_OK, BC_CORRUPT, BC_IO. */
enum bc_status bci_folded_load(struct MDB_txn *txn,
                               const struct bci_tables *tables,
                               struct bci_folded *folded);

/*
 * What the ledger, whose sums are 'totals', counted since.  A ledger that was
 * damaged may have less than it had: that counts as nothing.
 */
void bci_folded_rest(const struct bci_folded *folded, uint64_t birth,
                     const uint64_t totals[BCI_COUNTERS],
                     uint64_t rest[BCI_COUNTERS]);

/* Add 'rest' to 'sums'. */
void bci_counters_add(uint64_t sums[BCI_COUNTERS],
                      const uint64_t rest[BCI_COUNTERS]);

/* A day's row, zeros if there is none; BC_OK, BC_CORRUPT, BC_IO. */
enum bc_status bci_day_load(struct MDB_txn *txn,
                            const struct bci_tables *tables, uint64_t number,
                            struct bci_day *day);

/* The first row from day '*number' on; BC_MISS if there is none. */
enum bc_status bci_day_next(struct MDB_txn *txn,
                            const struct bci_tables *tables, uint64_t *number,
                            struct bci_day *day);

/* What a fold goes by. */
struct bci_fold_facts {
	uint64_t birth;
	uint64_t totals[BCI_COUNTERS]; /* of the ledger */
	int64_t now_ns;
	uint64_t entries, bytes;
	bool compacted; /* this is part of a compaction */
};

/* Fold, as part of a write transaction. */
enum bc_status bci_day_fold(struct MDB_txn *txn,
                            const struct bci_tables *tables,
                            const struct bci_fold_facts *facts,
                            struct bc_error *err);

#endif /* BCI_DAY_H */

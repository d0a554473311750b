/* SPDX-License-Identifier: MIT */
/*
 * coverage.h - the stored form of what is known of a series: the newest two
 * intervals in its entry record, the others in `coverage`.
 */
#ifndef BCI_COVERAGE_H
#define BCI_COVERAGE_H

#include "catalogue.h"
#include "interval.h"

/*
 * Whether all of [from_ns, to_ns) is known, by the entry record alone where
 * that is enough.  BC_OK, BC_MISS, BC_CORRUPT, BC_IO.
 */
enum bc_status bci_coverage_holds(struct MDB_txn *txn,
                                  const struct bci_tables *tables,
                                  const struct bci_entry *entry,
                                  int64_t from_ns, int64_t to_ns);

/*
 * Add all that is known of a series to 'set', which is empty and has its
 * allocator.  BC_OK, BC_CORRUPT, BC_NOMEM, BC_IO.
 */
enum bc_status bci_coverage_load(struct MDB_txn *txn,
                                 const struct bci_tables *tables,
                                 uint64_t entry_id,
                                 const struct bci_series_record *series,
                                 struct bci_intervals *set);

/*
 * Store what is known: known_*, open_*, 'known' and coverage_count of the
 * series record, which the caller stores, and the records in `coverage` that
 * differ from 'before' (what bci_coverage_load() gave).  In 'set' only the last
 * interval may be open.
 */
enum bc_status bci_coverage_store(struct MDB_txn *txn,
                                  const struct bci_tables *tables,
                                  uint64_t entry_id,
                                  const struct bci_intervals *before,
                                  const struct bci_intervals *set,
                                  struct bci_series_record *series,
                                  struct bc_error *err);

/*
 * Say that [from_ns, to_ns) is known where that concerns the newest intervals
 * only: they touch it, or nothing is known yet.  True: 'series' says so now.
 * False: nothing was changed; load, change and store the whole set.
 */
bool bci_coverage_extend(struct bci_series_record *series, int64_t from_ns,
                         int64_t to_ns, enum bc_known known);

/* Forget all of an entry. */
enum bc_status bci_coverage_delete(struct MDB_txn *txn,
                                   const struct bci_tables *tables,
                                   uint64_t entry_id, struct bc_error *err);

#endif /* BCI_COVERAGE_H */

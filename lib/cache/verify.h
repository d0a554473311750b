/* SPDX-License-Identifier: MIT */
/*
 * verify.h - reading and checking everything: what a walk over all entries has
 * to know of a series.
 */
#ifndef BCI_VERIFY_H
#define BCI_VERIFY_H

#include "cache.h"

/*
 * Check the series 'key': its record and all it names, then every byte of every
 * segment.  *wrong says what is bad, or is NULL; bad segments are marked.  No
 * transaction is held while bytes are read.  Returns BC_OK, also if it is gone
 * by now; BC_NOMEM, BC_IO, BC_BUSY.
 */
enum bc_status bci_verify_series(struct bc_cache *cache, const char *key,
                                 size_t key_bytes,
                                 struct bc_verify_report *report,
                                 const char **wrong);

/*
 * Check the entry 'key', whatever it is, as bci_verify_series() does; 'record'
 * is a copy of its record.
 */
enum bc_status bci_verify_entry(struct bc_cache *cache,
                                const struct bci_bytes *key,
                                const struct bci_bytes *record,
                                struct bc_verify_report *report,
                                const char **wrong);

/* What is wrong with the times of a segment whose checksums are right. */
const char *bci_verify_times(const int64_t *time_ns, uint64_t rows,
                             int64_t first_ns, int64_t last_ns);

#endif /* BCI_VERIFY_H */

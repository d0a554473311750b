/* SPDX-License-Identifier: MIT */
/*
 * splice.h - storing a planned change of a series.
 */
#ifndef BCI_SPLICE_H
#define BCI_SPLICE_H

#include "edit.h"

/* What of it went to an arena, for reports. */
struct bci_splice_report {
	uint64_t segments; /* of the series, afterwards */
	uint64_t bytes;    /* of segments written */
};

/*
 * Cut the rows of an edit into segments and a tail, write what is new, store
 * the record of the series, and give back what it no longer names.  'compact':
 * into as few segments as can be.  'report' may be NULL.
 *
 * BC_TOO_LARGE if a segment would be above a quarter of the warm budget;
 * BC_FULL; BC_CORRUPT if rows that must be moved are damaged; others as
 * bci_writer_room().
 */
enum bc_status bci_splice(struct bci_edit *edit, bool compact,
                          struct bci_splice_report *report,
                          struct bc_error *err);

#endif /* BCI_SPLICE_H */

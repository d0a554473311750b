/* SPDX-License-Identifier: MIT */
/*
 * splice.h - storing a planned change of a series.
 */
#ifndef BCI_SPLICE_H
#define BCI_SPLICE_H

#include "edit.h"

enum bci_splice_how {
	BCI_SPLICE_GROW,    /* cut what changed */
	BCI_SPLICE_COMPACT, /* into as few segments as can be, if that is fewer
	                     */
	BCI_SPLICE_DRY      /* the same, but only say what would be done */
};

/* What became of the segments; may be NULL. */
struct bci_splice_report {
	uint64_t segments; /* of the series, afterwards */
	uint64_t bytes;    /* of segments written; of a dry run their rows' */
};

/*
 * Cut the rows of an edit into segments and a tail, write what is new, store
 * the record of the series, and give back what it no longer names.
 *
 * BC_TOO_LARGE if a segment would be above a quarter of the warm budget;
 * BC_FULL; BC_CORRUPT if rows that must be moved are damaged; others as
 * bci_writer_room().
 */
enum bc_status bci_splice(struct bci_edit *edit, enum bci_splice_how how,
                          struct bci_splice_report *report,
                          struct bc_error *err);

#endif /* BCI_SPLICE_H */

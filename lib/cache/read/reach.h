/* SPDX-License-Identifier: MIT */
/*
 * reach.h - from the directory of a series to the pieces of a span, within one
 * transaction.
 */
#ifndef BCI_REACH_H
#define BCI_REACH_H

#include "directory.h"
#include "span.h"

/* What the search works with. */
struct bci_reach {
	struct bci_span *span;
	struct bci_lane *lane;
	const struct bci_query *query;
	const struct bci_entry *entry;
	struct bci_directory directory;
};

/*
 * Add and pin the pieces that a query asks for, perhaps one more at each end;
 * *before is how many rows of the series come before them, if it asks by
 * number.  Returns BC_OK, BC_CORRUPT, BC_ABSENT with span->lost, BC_MISS if a
 * packed piece is damaged, BC_NOMEM, BC_IO.
 */
enum bc_status bci_reach(struct bci_reach *search, uint64_t *before);

/* Add one segment; returns as bci_reach(). */
enum bc_status bci_reach_add(struct bci_reach *search,
                             const struct bci_locator *locator);

/* Add the one of a frame; *before as above, counted within the frame. */
enum bc_status bci_reach_frame(struct bci_reach *search,
                               const struct bci_locator *locator,
                               uint64_t *before);

/*
 * Find the dictionaries of what is shown, where it has several pieces: those of
 * the last segment among them, which begin with the others'; a tail uses those
 * of the newest one.  Returns as bci_reach().
 */
enum bc_status bci_reach_words(struct bci_reach *search);

/* Whether the tail of its entry, if there is one, is what was written. */
bool bci_reach_tail_is_sane(const struct bci_reach *search);

#endif /* BCI_REACH_H */

/* SPDX-License-Identifier: MIT */
/*
 * excerpt.h - rows of a span as a view: in place, copied, or stitched.
 */
#ifndef BCI_EXCERPT_H
#define BCI_EXCERPT_H

#include "recent.h"
#include "span.h"

/*
 * Check rows [first, end) of a span, open what is packed of them as far as it
 * is not decoded where it goes, and, where they were searched for, that the
 * search was not led astray.  BC_OK, or BC_MISS: damaged, reported, and marked
 * in the ledger for the next writer.
 */
enum bc_status bci_excerpt_check(struct bci_span *span, struct bci_lane *lane,
                                 uint64_t first, uint64_t end);

/* Whether 'row' is the first that is not before 'time_ns', checked. */
enum bc_status bci_excerpt_prove(const struct bci_span *span, uint64_t row,
                                 int64_t time_ns);

/*
 * Show rows [first, end) of a span, which have been checked.  'stitch' gets the
 * one that the view points to, if it is kept, else NULL; it may be NULL itself.
 * Returns BC_OK; BC_COPY as bc_read(); BC_MISS if bytes that are copied with
 * the rows are damaged; BC_NOMEM.
 */
enum bc_status bci_excerpt_show(struct bci_span *span, struct bci_lane *lane,
                                uint64_t first, uint64_t end, unsigned flags,
                                struct bci_stitch **stitch,
                                struct bc_view *view);

/*
 * Copy them to memory of the caller, laid out as a segment of 'layout_rows'
 * rows, and show that: the view holds no reference to it.  Dictionaries go
 * behind the columns; see bci_excerpt_room().  BC_OK; BC_MISS if packed rows
 * are damaged; BC_NOMEM.
 */
enum bc_status bci_excerpt_copy(struct bci_span *span, struct bci_lane *lane,
                                uint64_t first, uint64_t end, unsigned char *to,
                                uint64_t layout_rows, struct bc_view *view);

/* Bytes that this takes at most. */
uint64_t bci_excerpt_room(const struct bci_span *span, uint64_t layout_rows);

/* Whether rows [first, end), at least one, can be shown where they lie. */
bool bci_excerpt_is_whole(const struct bci_span *span, uint64_t first,
                          uint64_t end);

/* The dictionaries of a copy of these rows, *bytes of them, or NULL. */
const unsigned char *bci_excerpt_words(const struct bci_span *span,
                                       uint64_t first, uint64_t end,
                                       uint64_t *bytes);

/* Note a hit of every segment that holds rows [first, end). */
void bci_excerpt_stamp(const struct bci_span *span, uint64_t first,
                       uint64_t end, int64_t now_ns);

#endif /* BCI_EXCERPT_H */

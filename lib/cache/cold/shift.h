/* SPDX-License-Identifier: MIT */
/*
 * shift.h - a segment goes to the other tier: packed when its warm room is
 * needed, raw again when it is read more than once.
 *
 * Both keep what an entry is, its revision, and when and how often the segment
 * was read; both verify before the old bytes are given up, and are part of a
 * commit of the caller's.  They find the segment by its locator, so that what
 * was chosen in another transaction is moved only if it is still there.
 */
#ifndef BCI_SHIFT_H
#define BCI_SHIFT_H

#include "writer.h"

/*
 * Pack a warm segment of entry 'key' into the cold queue.  BC_OK; BC_MISS if
 * nothing names it any more, it is inline or cold; BC_COPY if packing does not
 * pay; BC_TOO_LARGE, BC_FULL if the cold budget has no room for it; BC_CORRUPT
 * if it is damaged: reported, and left for the next writer; BC_NOMEM, BC_IO,
 * BC_NOSPACE.  After the last two and BC_NOMEM the transaction is to be
 * aborted.
 */
enum bc_status bci_demote(struct bci_writer *writer, const char *key,
                          size_t key_bytes, const struct bci_locator *locator,
                          struct bc_error *err);

/*
 * Whether it would be packed, to so many bytes, if there is room for it: as
 * bci_demote() without changing anything.
 */
enum bc_status bci_demotion_pays(struct bci_writer *writer, const char *key,
                                 size_t key_bytes,
                                 const struct bci_locator *locator,
                                 uint64_t *bytes, struct bc_error *err);

/*
 * Unpack a segment of the cold tier, or move a raw one, to the main queue.
 * Returns as bci_demote(), without BC_COPY; the warm budget decides.
 */
enum bc_status bci_promote(struct bci_writer *writer, const char *key,
                           size_t key_bytes, const struct bci_locator *locator,
                           struct bc_error *err);

#endif /* BCI_SHIFT_H */

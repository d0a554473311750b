/* SPDX-License-Identifier: MIT */
/*
 * recheck.h - whether a segment that somebody found bad is.
 */
#ifndef BCI_RECHECK_H
#define BCI_RECHECK_H

#include "writer.h"

/*
 * Check the segment of an entry at 'locator': *reason is what is wrong, in
 * words, or NULL.  Fails where that could not be found out.
 */
enum bc_status bci_recheck(struct bci_writer *writer,
                           const struct bci_bytes *key,
                           const struct bci_entry *entry,
                           const struct bci_locator *locator,
                           const char **reason);

#endif /* BCI_RECHECK_H */

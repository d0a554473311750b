/* SPDX-License-Identifier: MIT */
/*
 * victim.h - letting go of what is evicted, and remembering that it was.
 */
#ifndef BCI_VICTIM_H
#define BCI_VICTIM_H

#include "writer.h"

/*
 * Evict a segment of entry 'key': a series no longer has it, and nothing is
 * known of its time; another entry becomes a ghost, of which is known only that
 * it was evicted, and so does a series that has nothing left.  A locator
 * without bytes stands for what a series has in its record.  With 'pack' it
 * goes to the cold tier instead, if it comes from the warm one and that pays.
 * BC_MISS if the entry has no such segment.
 */
enum bc_status bci_victim_drop(struct bci_writer *writer, const char *key,
                               size_t key_bytes,
                               const struct bci_locator *segment, bool pack,
                               struct bc_error *err);

/*
 * Whether it would go to the cold tier, and how many bytes it would take there:
 * BC_OK, else why not.
 */
enum bc_status bci_victim_packs(struct bci_writer *writer, const char *key,
                                size_t key_bytes,
                                const struct bci_locator *segment,
                                uint64_t *bytes, struct bc_error *err);

/* ---- ghosts ------------------------------------------------------------ */

/*
 * Forget a ghost; its record in `entries`, and the labels that it kept, are the
 * caller's: what is put under its key is the same entry again.
 */
enum bc_status bci_ghost_forget(struct bci_writer *writer,
                                const struct bci_entry *entry,
                                struct bc_error *err);

/* Forget the oldest beyond what is worth remembering, at most 'most'. */
enum bc_status bci_ghosts_trim(struct bci_writer *writer, unsigned most,
                               struct bc_error *err);

#endif /* BCI_VICTIM_H */

/* SPDX-License-Identifier: MIT */
/*
 * recover.h - what a writer does about damage: another boot, an arena that was
 * rolled back, a failed sync, segments that readers found bad, leftover files.
 */
#ifndef BCI_RECOVER_H
#define BCI_RECOVER_H

#include "writer.h"

/*
 * After another boot: seal every arena as it is (a stale meta page would let
 * LMDB write over segments that the catalogue names), check what was never
 * synced, drop what is damaged.
 */
enum bc_status bci_recover_boot(struct bci_writer *writer,
                                const uint8_t boot_id[16],
                                struct bc_error *err);

/* Nothing of an arena can be read: drop all that the catalogue names in it. */
enum bc_status bci_recover_arena(struct bci_writer *writer, uint64_t number,
                                 struct bc_error *err);

/* The active arena is older than its record, or gone: the same for it alone. */
enum bc_status bci_recover_rollback(struct bci_writer *writer,
                                    enum bci_queue queue, struct bc_error *err);

/*
 * A sync of arena 'number' failed: the kernel may have dropped its pages, so
 * what lies past its synced end is dropped from the catalogue and the arena is
 * sealed.  A transaction of its own; best effort.
 */
void bci_recover_unsynced(struct bc_cache *cache, struct bci_env *env,
                          uint64_t number);

/* Check again the segments that readers marked bad, and drop them. */
enum bc_status bci_recover_bad(struct bci_writer *writer, struct bc_error *err);

/*
 * Say in the log, and in `quarantine`, that a segment or ('locator' without
 * bytes, or NULL) an entry is dropped.
 */
enum bc_status bci_recover_note(struct bci_writer *writer,
                                const struct bci_bytes *key, uint64_t entry_id,
                                const struct bci_locator *locator,
                                const char *reason);

/* Remove arena files that the catalogue does not name. */
void bci_recover_sweep(struct bci_writer *writer);

#endif /* BCI_RECOVER_H */

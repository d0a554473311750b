/* SPDX-License-Identifier: MIT */
/*
 * create.h - making a cache in a directory, and the marker of scratch caches.
 */
#ifndef BCI_CREATE_H
#define BCI_CREATE_H

#include "cache.h"

/* This boot of the host; zeros if the kernel does not say. */
void bci_boot_id(uint8_t id[16]);

/*
 * Let a group use the cache that is going to be made in the directory; nothing
 * if there is one.  BC_FORMAT if it holds other things, BC_DENIED.
 */
enum bc_status bci_cache_share(int dir_fd, uint32_t group_id,
                               struct bc_error *err);

/*
 * Make the cache under the writer lock, unless another process was faster.
 * BC_FORMAT if the directory holds other things.
 */
enum bc_status bci_cache_create(int dir_fd,
                                const struct bci_config_record *config,
                                int64_t deadline_ns, struct bc_error *err);

/*
 * The files of a new cache in an empty directory, but for writer.lock; the
 * catalogue last.
 */
enum bc_status bci_cache_files(int dir_fd,
                               const struct bci_config_record *config,
                               struct bc_error *err);

/*
 * A scratch cache is not synced, so after another boot its catalogue must not
 * even be opened.  Its marker, a file beside it, says which boot it belongs to
 * and how to begin afresh.  This begins afresh where needed; *discarded says
 * whether it did.
 */
enum bc_status bci_scratch_check(int dir_fd, int64_t deadline_ns,
                                 bool *discarded, struct bc_error *err);

/* Write the marker for 'config', or remove it if that is not scratch. */
enum bc_status bci_scratch_mark(int dir_fd,
                                const struct bci_config_record *config,
                                struct bc_error *err);

#endif /* BCI_CREATE_H */

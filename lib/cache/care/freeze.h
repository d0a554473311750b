/* SPDX-License-Identifier: MIT */
/*
 * freeze.h - a cache that nobody changes until it is thawed.
 */
#ifndef BCI_FREEZE_H
#define BCI_FREEZE_H

#include "cache.h"

/* What BC_READONLY says in a frozen cache. */
#define BCI_FROZEN_TEXT                                                        \
	"the cache is frozen: nobody writes to it until it is thawed"

/*
 * As part of opening: if the cache is frozen, keep it so by a shared lock at
 * env->frozen_fd, and env->read_only.  Returns BC_OK, also if it is not;
 * BC_BUSY if it is being thawed all the time; or as opening a file does.
 */
enum bc_status bci_frozen_attach(struct bc_cache *cache, struct bci_env *env,
                                 struct bc_error *err);

/*
 * Make the file that says to who opens the cache that it is frozen, or remove
 * it; synced.  The caller holds the writer lock, or has made the directory.
 */
enum bc_status bci_frozen_mark(int dir_fd, bool group, struct bc_error *err);
enum bc_status bci_frozen_unmark(int dir_fd, struct bc_error *err);

#endif /* BCI_FREEZE_H */

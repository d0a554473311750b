/* SPDX-License-Identifier: MIT */
/*
 * target.h - the directory that a copy goes to.
 */
#ifndef BCI_TARGET_H
#define BCI_TARGET_H

#include "cache.h"

/* A directory that has a name of its own until it is complete. */
struct bci_target {
	const struct bc_allocator *allocator;
	int parent_fd, dir_fd;
	uint32_t group_id; /* of the cache */
	int lock_fd;     /* keeps other copies away */
	char *temporary; /* its path until then */
	const char *name, *temporary_name; /* below the parent */
	char *path;      /* without slashes at the end; 'name' points into it */
};

/*
 * Make a directory beside 'path', which must not exist or be an empty one.
 * What an earlier copy left there is removed.  'cache' says how, and that it
 * must not be where the copy goes.  Returns as bc_copy(); close it in any case.
 */
enum bc_status bci_target_open(struct bci_target *target,
                               const struct bc_cache *cache,
                               const struct bci_env *env, const char *path,
                               struct bc_error *err);

/* Give it its name.  All that is in it is on the disk. */
enum bc_status bci_target_finish(struct bci_target *target,
                                 struct bc_error *err);

/* Remove what has not got its name. */
void bci_target_close(struct bci_target *target);

#endif /* BCI_TARGET_H */

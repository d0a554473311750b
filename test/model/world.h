/* SPDX-License-Identifier: MIT */
/*
 * world.h - a cache and its model side by side: operations are performed on
 * both, and both are compared.
 */
#ifndef BARCACHE_MODEL_WORLD_H
#define BARCACHE_MODEL_WORLD_H

#include "op.h"

#define MODEL_KEPT 4
#define MODEL_BATCH 16 /* operations of a batch, at most */

struct model_world {
	const char *path;
	uint64_t warm_bytes;
	struct bc_cache *cache, *second;
	struct model_series series[MODEL_SHAPES];
	struct model_kept kept[MODEL_KEPT];
	uint64_t done, full; /* operations; of them those without room */
	unsigned checks;     /* random reads behind each operation */
};

/* With an empty cache in 'path', which is not there yet. */
void model_world_begin(struct model_world *world, const char *path,
                       uint64_t warm_bytes);
void model_world_end(struct model_world *world);

/* Perform one alone, without a comparison; MODEL_REOPEN does nothing. */
void model_world_perform(struct model_world *world, const struct model_op *op);

/* Perform them all and compare behind each; what differs ends the process. */
void model_world_run(struct model_world *world, const struct model_op *ops,
                     size_t count);

#endif /* BARCACHE_MODEL_WORLD_H */

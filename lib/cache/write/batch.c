/* SPDX-License-Identifier: MIT */
/*
 * batch.c - the calls that write: puts, appends, removals, and batches of them.
 */
#include "common.h"

#include "alloc.h"
#include "error.h"
#include "operation.h"

#define BATCH_MAGIC 0x62617463u
#define OPERATIONS_MAX (SIZE_MAX / sizeof(struct bci_operation) / 4)

struct bc_batch {
	unsigned magic;
	struct bc_cache *cache;
	struct bci_operation *operations;
	size_t count, room;
};

/* Bypassing, a put succeeds without doing anything. */
static bool
batch_is_bypassed(const struct bc_cache *cache)
{
	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	return (cache->flags & BC_OPEN_BYPASS) != 0;
}

/* Commit an operation that was made ready, or not, and free it. */
static enum bc_status
batch_commit_one(struct bc_cache *cache, enum bc_status status,
                 struct bci_operation *operation, struct bc_error *err)
{
	if (status == BC_OK && !batch_is_bypassed(cache)) {
		status = bci_operations_commit(cache, operation, 1, err);
		if (status == BC_OK && !operation->existed &&
		    (operation->deed == BCI_REMOVE ||
		     operation->deed == BCI_CUT))
			status = bci_fail(err, BC_MISS, "there is no entry %s",
			                  operation->key);
	}
	bci_operation_free(&cache->allocator, operation);
	return status;
}

enum bc_status
bc_put(struct bc_cache *cache, const char *key, const struct bc_frame *frame,
       const struct bc_put_options *options, struct bc_counts *counts,
       struct bc_error *err)
{
	struct bci_operation operation;
	enum bc_status status =
		bci_operation_put(&cache->allocator, key, frame, options,
	                          counts, &operation, err);

	return batch_commit_one(cache, status, &operation, err);
}

enum bc_status
bc_put_blob(struct bc_cache *cache, const char *key, const void *data,
            uint64_t bytes, const struct bc_put_options *options,
            struct bc_error *err)
{
	struct bci_operation operation;
	enum bc_status status = bci_operation_blob(
		&cache->allocator, key, data, bytes, options, &operation, err);

	return batch_commit_one(cache, status, &operation, err);
}

enum bc_status
bc_remove(struct bc_cache *cache, const char *key, struct bc_error *err)
{
	struct bci_operation operation;
	enum bc_status status =
		bci_operation_remove(&cache->allocator, key, &operation, err);

	return batch_commit_one(cache, status, &operation, err);
}

enum bc_status
bc_append(struct bc_cache *cache, const char *key, const struct bc_frame *frame,
          const struct bc_append_options *options, struct bc_counts *counts,
          struct bc_error *err)
{
	struct bci_operation operation;
	enum bc_status status =
		bci_operation_append(&cache->allocator, key, frame, options,
	                             counts, &operation, err);

	return batch_commit_one(cache, status, &operation, err);
}

enum bc_status
bc_remove_range(struct bc_cache *cache, const char *key, int64_t from_ns,
                int64_t to_ns, uint64_t *rows, struct bc_error *err)
{
	struct bci_operation operation;
	enum bc_status status = bci_operation_cut(
		&cache->allocator, key, from_ns, to_ns, rows, &operation, err);

	return batch_commit_one(cache, status, &operation, err);
}

/* ---- batches ----------------------------------------------------------- */

enum bc_status
bc_batch_begin(struct bc_cache *cache, struct bc_batch **out,
               struct bc_error *err)
{
	struct bc_batch *batch;

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	*out = NULL;
	batch = bci_zalloc(&cache->allocator, 1, sizeof(*batch));
	if (batch == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for a batch");
	batch->magic = BATCH_MAGIC;
	batch->cache = cache;
	*out = batch;
	return BC_OK;
}

/* A place at the end of the batch, or NULL. */
static struct bci_operation *
batch_room(struct bc_batch *batch)
{
	BCI_ASSERT(batch->magic == BATCH_MAGIC);
	if (batch->count == batch->room) {
		size_t room = 2 * batch->room + 16;
		void *grown;

		if (room > OPERATIONS_MAX)
			return NULL;
		grown = bci_regrow(&batch->cache->allocator, batch->operations,
		                   batch->count, room,
		                   sizeof(*batch->operations));
		if (grown == NULL)
			return NULL;
		batch->operations = grown;
		batch->room = room;
	}
	return &batch->operations[batch->count];
}

/* Keep an operation that was made ready, or drop it. */
static enum bc_status
batch_keep(struct bc_batch *batch, enum bc_status status)
{
	struct bci_operation *operation = &batch->operations[batch->count];

	if (status == BC_OK)
		batch->count++;
	else
		bci_operation_free(&batch->cache->allocator, operation);
	return status;
}

enum bc_status
bc_batch_put(struct bc_batch *batch, const char *key,
             const struct bc_frame *frame, const struct bc_put_options *options,
             struct bc_counts *counts, struct bc_error *err)
{
	struct bci_operation *operation = batch_room(batch);

	if (operation == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for the batch");
	return batch_keep(batch, bci_operation_put(&batch->cache->allocator,
	                                           key, frame, options, counts,
	                                           operation, err));
}

enum bc_status
bc_batch_put_blob(struct bc_batch *batch, const char *key, const void *data,
                  uint64_t bytes, const struct bc_put_options *options,
                  struct bc_error *err)
{
	struct bci_operation *operation = batch_room(batch);

	if (operation == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for the batch");
	return batch_keep(batch, bci_operation_blob(&batch->cache->allocator,
	                                            key, data, bytes, options,
	                                            operation, err));
}

enum bc_status
bc_batch_append(struct bc_batch *batch, const char *key,
                const struct bc_frame *frame,
                const struct bc_append_options *options,
                struct bc_counts *counts, struct bc_error *err)
{
	struct bci_operation *operation = batch_room(batch);

	if (operation == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for the batch");
	return batch_keep(batch, bci_operation_append(&batch->cache->allocator,
	                                              key, frame, options,
	                                              counts, operation, err));
}

enum bc_status
bc_batch_remove(struct bc_batch *batch, const char *key, struct bc_error *err)
{
	struct bci_operation *operation = batch_room(batch);

	if (operation == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for the batch");
	return batch_keep(batch, bci_operation_remove(&batch->cache->allocator,
	                                              key, operation, err));
}

enum bc_status
bc_batch_commit(struct bc_batch **batch, struct bc_error *err)
{
	enum bc_status status = BC_OK;
	struct bc_batch *owned = *batch;

	BCI_ASSERT(owned->magic == BATCH_MAGIC);
	*batch = NULL;
	if (owned->count != 0 && !batch_is_bypassed(owned->cache))
		status = bci_operations_commit(owned->cache, owned->operations,
		                               owned->count, err);
	bc_batch_abort(owned);
	return status;
}

void
bc_batch_abort(struct bc_batch *batch)
{
	struct bc_allocator allocator;

	if (batch == NULL)
		return;
	BCI_ASSERT(batch->magic == BATCH_MAGIC);
	allocator = batch->cache->allocator;
	for (size_t i = 0; i < batch->count; i++)
		bci_operation_free(&allocator, &batch->operations[i]);
	batch->magic = 0;
	bci_free(&allocator, batch->operations);
	bci_free(&allocator, batch);
}

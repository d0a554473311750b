/* SPDX-License-Identifier: MIT */
/*
 * chunk.c - memory that views share and the last of them gives back.
 *
 * A copy of some hundred bars is made and dropped millions of times, so the
 * usual sizes are pooled in the lanes, a few of each; what is larger comes in
 * pages from the kernel and goes back at once.
 */
#include "common.h"

#include "alloc.h"
#include "environment.h"
#include "mapping.h"

static const struct {
	uint32_t bytes;
	uint16_t kept; /* by each lane */
} chunk_sizes[BCI_CHUNK_SIZES] = {
	{ BCI_INLINE_MAX, 64 },
	{ 16 << 10, 8 },
	{ 64 << 10, 4 },
	{ BCI_CHUNK_POOLED, 2 },
};

void
bci_chunk_begin(struct bci_env *env, struct bci_chunk *chunk,
                void (*release)(struct bci_chunk *chunk))
{
	chunk->env = env;
	chunk->release = release;
	atomic_store_explicit(&chunk->references, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&env->chunks_out, 1, memory_order_relaxed);
}

/* The size that holds so many bytes. */
static unsigned
chunk_size(uint64_t bytes)
{
	unsigned size = 0;

	while (size < BCI_CHUNK_SIZES && bytes > chunk_sizes[size].bytes)
		size++;
	return size;
}

static struct bci_chunk *
chunk_new(struct bci_env *env, unsigned size)
{
	struct bci_chunk *chunk;
	unsigned char *room;

	chunk = bci_alloc(&env->allocator, 1,
	                  sizeof(*chunk) + 3 * BCI_LINE +
	                          chunk_sizes[size].bytes);
	if (chunk == NULL)
		return NULL;
	room = (unsigned char *)(chunk + 1);
	chunk->image = room + BCI_VALUE_SHIFT + -(uintptr_t)room % BCI_LINE;
	chunk->size = size;
	return chunk;
}

struct bci_chunk *
bci_chunk_take(struct bci_env *env, struct bci_lane *lane, uint64_t bytes)
{
	unsigned size = chunk_size(bytes);
	struct bci_chunk *chunk;

	BCI_ASSERT(size < BCI_CHUNK_SIZES);
	chunk = lane->chunks[size];
	if (chunk != NULL) {
		lane->chunks[size] = chunk->next;
		lane->chunk_counts[size]--;
	} else {
		chunk = chunk_new(env, size);
		if (chunk == NULL)
			return NULL;
	}
	bci_chunk_begin(env, chunk, NULL);
	return chunk;
}

static void
chunk_unmap(struct bci_chunk *chunk)
{
	bci_unmap(chunk->image - BCI_VALUE_SHIFT, chunk->bytes);
}

static struct bci_chunk *
chunk_map(struct bci_env *env, uint64_t bytes)
{
	struct bci_chunk *chunk = bci_alloc(&env->allocator, 1, sizeof(*chunk));
	unsigned char *room;

	if (chunk == NULL)
		return NULL;
	chunk->bytes = bytes + BCI_LINE;
	room = bci_map_zeroed(chunk->bytes);
	if (room == NULL) {
		bci_free(&env->allocator, chunk);
		return NULL;
	}
	bci_map_large(room, chunk->bytes);
	chunk->image = room + BCI_VALUE_SHIFT;
	bci_chunk_begin(env, chunk, chunk_unmap);
	return chunk;
}

struct bci_chunk *
bci_chunk_make(struct bci_env *env, uint64_t bytes)
{
	unsigned size = chunk_size(bytes);
	struct bci_chunk *chunk;

	if (size == BCI_CHUNK_SIZES)
		return chunk_map(env, bytes);
	chunk = chunk_new(env, size);
	if (chunk != NULL)
		bci_chunk_begin(env, chunk, NULL);
	return chunk;
}

/* Keep the chunk in a lane if it has room for it. */
static bool
chunk_keep(struct bci_chunk *chunk, struct bci_lane *lane)
{
	if (lane->chunk_counts[chunk->size] >= chunk_sizes[chunk->size].kept)
		return false;
	chunk->next = lane->chunks[chunk->size];
	lane->chunks[chunk->size] = chunk;
	lane->chunk_counts[chunk->size]++;
	return true;
}

void
bci_chunk_give(struct bci_chunk *chunk, struct bci_lane *lane)
{
	struct bci_env *env = chunk->env;
	struct bci_lane *taken = NULL;

	if (atomic_fetch_sub_explicit(&chunk->references, 1,
	                              memory_order_acq_rel) != 1)
		return;
	if (chunk->release != NULL || atomic_load(&env->closed) ||
	    env->fork_count != atomic_load(&bci_fork_count)) {
		if (chunk->release != NULL)
			chunk->release(chunk);
		bci_env_free_chunk(env, chunk);
		return;
	}
	if (lane == NULL)
		lane = taken = bci_lane_take(env);
	if (chunk_keep(chunk, lane))
		chunk = NULL;
	if (taken != NULL)
		bci_lane_give(taken);
	bci_free(&env->allocator, chunk);
	atomic_fetch_sub_explicit(&env->chunks_out, 1, memory_order_relaxed);
}

void
bci_chunk_shut(struct bci_chunk *chunk)
{
	struct bci_env *env = chunk->env;

	if (atomic_fetch_sub_explicit(&chunk->references, 1,
	                              memory_order_acq_rel) != 1)
		return;
	if (chunk->release != NULL)
		chunk->release(chunk);
	bci_free(&env->allocator, chunk);
	atomic_fetch_sub(&env->chunks_out, 1);
}

void
bci_chunks_free(struct bci_env *env, struct bci_lane *lane)
{
	for (unsigned i = 0; i < BCI_CHUNK_SIZES; i++) {
		while (lane->chunks[i] != NULL) {
			struct bci_chunk *chunk = lane->chunks[i];

			lane->chunks[i] = chunk->next;
			bci_free(&env->allocator, chunk);
		}
	}
}

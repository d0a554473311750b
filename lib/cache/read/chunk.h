/* SPDX-License-Identifier: MIT */
/*
 * chunk.h - memory that views share and the last of them gives back: copies of
 * rows, and whatever else must live as long as a view of it.
 */
#ifndef BCI_CHUNK_H
#define BCI_CHUNK_H

#include <stdatomic.h>

#include "record.h"
#include "schema.h"

/* Sizes that lanes keep for the next one; larger ones are mapped. */
#define BCI_CHUNK_SIZES 4
#define BCI_CHUNK_POOLED (160u << 10)

struct bci_env;
struct bci_lane;

struct bci_chunk {
	struct bci_env *env;
	struct bci_chunk *next;
	/* How to give up what it holds, itself excepted; NULL: nothing. */
	void (*release)(struct bci_chunk *chunk);
	atomic_uint references;
	unsigned size;        /* index of its size; BCI_CHUNK_SIZES: none */
	unsigned char *image; /* aligned as a segment's image in an arena */
	uint64_t bytes;       /* of what is mapped */
};

/* Where columns may lie in it. */
static inline unsigned char *
bci_chunk_data(const struct bci_chunk *chunk)
{
	return chunk->image + BCI_LINE - BCI_VALUE_SHIFT;
}

/*
 * A chunk of up to BCI_CHUNK_POOLED bytes with one reference, or NULL.  The
 * caller has the lane to itself.
 */
struct bci_chunk *bci_chunk_take(struct bci_env *env, struct bci_lane *lane,
                                 uint64_t bytes);

/* The same of any size and without a lane: always fresh memory. */
struct bci_chunk *bci_chunk_make(struct bci_env *env, uint64_t bytes);

/* Count a chunk that was made otherwise: its first member is one. */
void bci_chunk_begin(struct bci_env *env, struct bci_chunk *chunk,
                     void (*release)(struct bci_chunk *chunk));

/* Another reference. */
static inline void
bci_chunk_share(struct bci_chunk *chunk)
{
	atomic_fetch_add_explicit(&chunk->references, 1, memory_order_relaxed);
}

/*
 * Drop a reference; the last one frees it.  'lane' is one that the caller has
 * to itself, or NULL.
 */
void bci_chunk_give(struct bci_chunk *chunk, struct bci_lane *lane);

/* The same while the environment is being closed. */
void bci_chunk_shut(struct bci_chunk *chunk);

/* Free those that a lane keeps. */
void bci_chunks_free(struct bci_env *env, struct bci_lane *lane);

#endif /* BCI_CHUNK_H */

/* SPDX-License-Identifier: MIT */
/*
 * group.h - a group of columns that are stored together, and its place in a
 * packed segment: 16 bytes of plan, a table of its chunks in the index, and
 * the chunks.
 */
#ifndef BCI_GROUP_H
#define BCI_GROUP_H

#include "preamble.h"
#include "pack.h"

struct bci_group {
	enum bci_codec codec;
	enum bci_model model;
	enum bc_type type;
	uint16_t columns[BCI_GROUP_COLUMNS]; /* in order of their roles */
	uint32_t data_bytes;                 /* of all chunks */
	/* What follows from those and the rows. */
	unsigned count;   /* of columns */
	unsigned element; /* bytes of an element */
	unsigned shift;   /* log2 of the rows of a chunk */
	unsigned entry;   /* bytes of an entry of the index */
	uint64_t chunks;
};

/* Set what follows from codec, model and type. */
void bci_group_settle(struct bci_group *group, uint64_t rows);

/* The stored form. */
void bci_group_store(const struct bci_group *group, unsigned char *out);

/* Read it; false if codec, model, type and columns do not go together. */
bool bci_group_load(const unsigned char *in, uint64_t rows, uint32_t columns,
                    struct bci_group *out);

/* The most bytes that chunk 'index' may take. */
uint64_t bci_group_chunk_limit(const struct bci_group *group, uint64_t rows,
                               uint64_t index);

/* Rows of chunk 'index'. */
static inline uint64_t
bci_group_rows(const struct bci_group *group, uint64_t rows, uint64_t index)
{
	uint64_t first = index << group->shift;
	uint64_t most = UINT64_C(1) << group->shift;

	return rows - first < most ? rows - first : most;
}

/* The block that chunk 'index' is. */
struct bci_frame bci_group_frame(const struct bci_group *group, uint64_t rows,
                                 uint64_t index);

static inline bool
bci_group_has_blocks(const struct bci_group *group)
{
	return group->model >= BCI_MODEL_SINGLE;
}

#endif /* BCI_GROUP_H */

/* SPDX-License-Identifier: MIT */
/*
 * memory.c - memory for the columns of one file after another.
 *
 * Small blocks come from malloc().  Large ones are mapped, and a few that were
 * given back wait for somebody who needs as much, so that the second file of a
 * run finds the pages of the first.
 */
#include "memory.h"

#include <stdlib.h>
#include <sys/mman.h>

/* From here on a block is mapped: two huge pages. */
#define MEMORY_LARGE ((size_t)4 << 20)
#define MEMORY_HUGE ((size_t)2 << 20)

#define MEMORY_KEPT 16
#define MEMORY_KEPT_BYTES ((size_t)1 << 30)

/* Bytes in front of a large block, which keep it aligned to a cache line. */
#define MEMORY_FRONT 64

/* The bytes mapped for a block, right in front of it; 0 if malloc() gave it. */
#define MEMORY_MAPPED(block) (((size_t *)(block))[-1])

/* Blocks that were given back. */
static void *memory_kept[MEMORY_KEPT];
static size_t memory_kept_bytes;

/* Take a kept block for which 'bytes' bytes, or up to twice as many, are
 * mapped. */
static void *
memory_reuse(size_t bytes)
{
	size_t i;

	for (i = 0; i < MEMORY_KEPT; ++i) {
		void *block = memory_kept[i];

		if (block == NULL || MEMORY_MAPPED(block) < bytes ||
		    MEMORY_MAPPED(block) / 2 > bytes)
			continue;
		memory_kept[i] = NULL;
		memory_kept_bytes -= MEMORY_MAPPED(block);
		return block;
	}
	return NULL;
}

/* Map 'bytes' bytes that begin where a huge page does. */
static void *
memory_map(size_t bytes)
{
	char *space, *begin;
	size_t before;
	void *block;

	space = mmap(NULL, bytes + MEMORY_HUGE, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (space == MAP_FAILED)
		return NULL;
	before = -(size_t)space & (MEMORY_HUGE - 1);
	begin = space + before;
	if (before != 0)
		munmap(space, before);
	munmap(begin + bytes, MEMORY_HUGE - before);
	madvise(begin, bytes, MADV_HUGEPAGE);
	block = begin + MEMORY_FRONT;
	MEMORY_MAPPED(block) = bytes;
	return block;
}

static void *
memory_alloc(void *context, size_t bytes)
{
	void *block;

	(void)context;
	if (bytes > SIZE_MAX / 2)
		return NULL;
	if (bytes >= MEMORY_LARGE) {
		bytes = (bytes + MEMORY_FRONT + MEMORY_HUGE - 1) &
		        ~(MEMORY_HUGE - 1);
		block = memory_reuse(bytes);
		return block != NULL ? block : memory_map(bytes);
	}
	block = malloc(bytes + 2 * sizeof(size_t));
	if (block == NULL)
		return NULL;
	block = (size_t *)block + 2;
	MEMORY_MAPPED(block) = 0;
	return block;
}

static void
memory_release(void *context, void *block)
{
	size_t bytes = MEMORY_MAPPED(block), i = 0;

	(void)context;
	if (bytes == 0) {
		free((size_t *)block - 2);
		return;
	}
	while (i < MEMORY_KEPT && memory_kept[i] != NULL)
		++i;
	if (i == MEMORY_KEPT || memory_kept_bytes + bytes > MEMORY_KEPT_BYTES) {
		munmap((char *)block - MEMORY_FRONT, bytes);
		return;
	}
	memory_kept_bytes += bytes;
	memory_kept[i] = block;
}

const struct bc_allocator memory_columns = { memory_alloc, memory_release,
	                                     NULL };

/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - the only file that calls malloc; array sizes are checked here.
 */
#include "common.h"

#include <stdlib.h>

#include "alloc.h"
#include "check.h"

static void *
alloc_malloc(void *context, size_t bytes)
{
	(void)context;
	return malloc(bytes);
}

static void
alloc_free(void *context, void *memory)
{
	(void)context;
	free(memory);
}

const struct bc_allocator bci_allocator_default = {
	.alloc = alloc_malloc,
	.release = alloc_free,
};

void *
bci_alloc(const struct bc_allocator *allocator, uint64_t count, uint64_t bytes)
{
	uint64_t size;

	if (!bci_mul(count, bytes, &size))
		return NULL;
	/* malloc(0) may be NULL, which would read as a failure. */
	return allocator->alloc(allocator->context, size != 0 ? size : 1);
}

void *
bci_zalloc(const struct bc_allocator *allocator, uint64_t count, uint64_t bytes)
{
	void *memory = bci_alloc(allocator, count, bytes);

	if (memory != NULL)
		memset(memory, 0, count * bytes);
	return memory;
}

char *
bci_strndup(const struct bc_allocator *allocator, const char *text,
            size_t bytes)
{
	char *copy = bci_alloc(allocator, bytes + 1, 1);

	if (copy == NULL)
		return NULL;
	if (bytes != 0)
		memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	return copy;
}

void *
bci_regrow(const struct bc_allocator *allocator, void *old, uint64_t count,
           uint64_t capacity, uint64_t bytes)
{
	void *grown = bci_alloc(allocator, capacity, bytes);

	BCI_ASSERT(count <= capacity);
	if (grown == NULL)
		return NULL;
	if (count != 0)
		memcpy(grown, old, count * bytes);
	bci_free(allocator, old);
	return grown;
}

void
bci_free(const struct bc_allocator *allocator, void *memory)
{
	if (memory != NULL)
		allocator->release(allocator->context, memory);
}

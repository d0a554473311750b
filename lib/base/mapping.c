/* SPDX-License-Identifier: MIT */
/*
 * mapping.c - the calls to mmap().
 */
#include "common.h"

#include <sys/mman.h>

#include "mapping.h"

/* Two large pages: below that there may be none in the range. */
#define LARGE_BYTES (4u << 20)

static void *
mapping_make(int fd, uint64_t bytes, int protection, int flags)
{
	void *memory = mmap(NULL, bytes, protection, flags, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void *
bci_map_file(int fd, uint64_t bytes, bool writable)
{
	return mapping_make(fd, bytes,
	                    writable ? PROT_READ | PROT_WRITE : PROT_READ,
	                    MAP_SHARED);
}

void *
bci_map_zeroed(uint64_t bytes)
{
	return mapping_make(-1, bytes, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
}

void
bci_map_large(void *memory, uint64_t bytes)
{
	const uint64_t page = 4096;
	uintptr_t from = ((uintptr_t)memory + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)memory + bytes) & ~(page - 1);

	if (bytes >= LARGE_BYTES)
		(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}

void
bci_unmap(void *memory, uint64_t bytes)
{
	if (memory != NULL)
		munmap(memory, bytes);
}

/* SPDX-License-Identifier: MIT */
/*
 * mapping.c - the calls to mmap().
 */
#include "common.h"

#include <sys/mman.h>

#include "mapping.h"

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
bci_unmap(void *memory, uint64_t bytes)
{
	if (memory != NULL)
		munmap(memory, bytes);
}

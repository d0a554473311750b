/* SPDX-License-Identifier: MIT */
/*
 * mapping.c - the calls to mmap().
 */
#include "common.h"

#include <errno.h>
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

bool
bci_map_again(const void *from, uint64_t bytes, void *to)
{
	/* An old size of 0 leaves the old mapping of a file where it is. */
	return mremap((void *)(uintptr_t)from, 0, bytes,
	              MREMAP_MAYMOVE | MREMAP_FIXED, to) == to;
}

void
bci_map_seal(void *memory, uint64_t bytes)
{
	(void)mprotect(memory, bytes, PROT_READ);
}

void
bci_map_soon(const void *from, uint64_t bytes)
{
	const uintptr_t page = 4096;
	uintptr_t begin = (uintptr_t)from & ~(page - 1);

	(void)madvise((void *)begin, (uintptr_t)from + bytes - begin,
	              MADV_WILLNEED);
}

bool
bci_map_ready(const void *from, uint64_t bytes)
{
	const uintptr_t page = 4096;
	uintptr_t begin = (uintptr_t)from & ~(page - 1);
	uint64_t all = (uintptr_t)from + bytes - begin;

#ifdef MADV_POPULATE_READ
	if (madvise((void *)begin, all, MADV_POPULATE_READ) == 0)
		return true;
	if (errno != EINVAL) /* A kernel before 5.14 does not know it. */
		return false;
#endif
	bci_map_soon(from, bytes);
	for (uint64_t at = 0; at < all; at += page)
		(void)*(const volatile unsigned char *)(begin + at);
	return true;
}

uint64_t
bci_map_resident(const void *from, uint64_t bytes)
{
	const uint64_t page = 4096, step = 1024 * page;
	unsigned char pages[1024];
	uint64_t resident = 0;

	for (uint64_t at = 0; at < bytes; at += step) {
		uint64_t some = bytes - at < step ? bytes - at : step;
		uint64_t count = (some + page - 1) / page;

		if (mincore((void *)((uintptr_t)from + at), some, pages) != 0)
			return resident;
		for (uint64_t i = 0; i < count; i++)
			resident += (pages[i] & 1) * page;
	}
	return resident < bytes ? resident : bytes;
}

void
bci_unmap(void *memory, uint64_t bytes)
{
	if (memory != NULL)
		munmap(memory, bytes);
}

/* SPDX-License-Identifier: MIT */
/*
 * mapping.h - memory mappings.
 */
#ifndef BCI_MAPPING_H
#define BCI_MAPPING_H

#include "common.h"

/*
 * Map 'bytes' bytes of 'fd' from its start, shared, for reading or for reading
 * and writing; pages past the end of the file must not be touched.  NULL and
 * errno on failure.
 */
void *bci_map_file(int fd, uint64_t bytes, bool writable);

/* Zeroed private memory that costs only the pages that are touched. */
void *bci_map_zeroed(uint64_t bytes);

/*
 * Ask for large pages where fresh memory of this size is about to be written
 * for the first time: a few faults instead of hundreds.  Only a hint.
 */
void bci_map_large(void *memory, uint64_t bytes);

/*
 * Show the pages of a shared mapping a second time, at 'to', where memory is
 * reserved; whole pages.  False if the kernel refuses.
 */
bool bci_map_again(const void *from, uint64_t bytes, void *to);

/* Make memory read-only, as far as the kernel is willing. */
void bci_map_seal(void *memory, uint64_t bytes);

/* Ask the kernel to read what is not in memory yet. */
void bci_map_soon(const void *from, uint64_t bytes);

/*
 * Read what is not in memory yet and make all pages ready, so that looking at
 * them does not fault.  False if the kernel cannot read them.
 */
bool bci_map_ready(const void *from, uint64_t bytes);

/* Bytes of [from, from + bytes) that are in memory; 'from' begins a page. */
uint64_t bci_map_resident(const void *from, uint64_t bytes);

/* Undo any of these; NULL is allowed. */
void bci_unmap(void *memory, uint64_t bytes);

#endif /* BCI_MAPPING_H */

/* SPDX-License-Identifier: MIT */
/*
 * alloc.h - memory through the allocator of the object it belongs to.
 */
#ifndef BCI_ALLOC_H
#define BCI_ALLOC_H

#include "common.h"

/* malloc() and free() as a struct bc_allocator. */
extern const struct bc_allocator bci_allocator_default;

/*
 * Memory for 'count' objects of 'bytes' each; NULL if there is none or the
 * product does not fit.  Zeroed by bci_zalloc().
 */
void *bci_alloc(const struct bc_allocator *allocator, uint64_t count,
                uint64_t bytes);
void *bci_zalloc(const struct bc_allocator *allocator, uint64_t count,
                 uint64_t bytes);

/* A copy of 'bytes' bytes at 'text' and a final NUL; NULL if no memory. */
char *bci_strndup(const struct bc_allocator *allocator, const char *text,
                  size_t bytes);

/* Grow an array of 'count' objects to 'capacity'; frees the old one. */
void *bci_regrow(const struct bc_allocator *allocator, void *old,
                 uint64_t count, uint64_t capacity, uint64_t bytes);

/* Give memory back; NULL is allowed. */
void bci_free(const struct bc_allocator *allocator, void *memory);

#endif /* BCI_ALLOC_H */

/* SPDX-License-Identifier: MIT */
/*
 * check.h - arithmetic on sizes that come from a file or a caller.  Each
 * function says whether the result fits; nothing is stored if it does not.
 */
#ifndef BCI_CHECK_H
#define BCI_CHECK_H

#include "common.h"

static inline bool
bci_add(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

static inline bool
bci_mul(uint64_t a, uint64_t b, uint64_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

/* Round up to a multiple of 'unit', a power of two; 'x' is far below 2^64. */
static inline uint64_t
bci_round_up(uint64_t x, uint64_t unit)
{
	return (x + unit - 1) & ~(unit - 1);
}

static inline uint64_t
bci_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t
bci_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Whether [offset, offset + bytes) lies within [0, limit). */
static inline bool
bci_within(uint64_t offset, uint64_t bytes, uint64_t limit)
{
	return offset <= limit && bytes <= limit - offset;
}

#endif /* BCI_CHECK_H */

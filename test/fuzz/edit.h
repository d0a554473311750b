/* SPDX-License-Identifier: MIT */
/*
 * edit.h - an input as a list of changes to something that is well-formed, so
 * that a fuzzer need not find out what is well-formed first.
 */
#ifndef BARCACHE_FUZZ_EDIT_H
#define BARCACHE_FUZZ_EDIT_H

#include "target.h"

/* What is left of an input; behind its end there are zeros. */
struct edits {
	const uint8_t *at, *end;
};

static inline bool
edits_left(const struct edits *edits)
{
	return edits->at < edits->end;
}

/* The next number of 'bytes' bytes, at most 8. */
uint64_t edits_number(struct edits *edits, unsigned bytes);

/* One change to the 'bytes' bytes at 'region', of which there may be none. */
void edits_change(struct edits *edits, unsigned char *region, size_t bytes);

#endif /* BARCACHE_FUZZ_EDIT_H */

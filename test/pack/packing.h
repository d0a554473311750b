/* SPDX-License-Identifier: MIT */
/*
 * packing.h - tables packed and unpacked, with memory that shows a byte too
 * many: each piece ends where a page that cannot be touched begins.
 */
#ifndef BARCACHE_TEST_PACKING_H
#define BARCACHE_TEST_PACKING_H

#include "support.h"

#include "specimen.h"

/*
 * 'bytes' bytes before a guard page, filled with what no test expects; children
 * share them.
 */
void *guarded_make(size_t bytes);
void guarded_free(void *memory, size_t bytes);

/* A packed table in exactly the memory that it takes. */
struct packing {
	unsigned char *bytes;
	size_t length;
};

/* Pack with this kernel (NULL: the best); failing fails the test. */
void packing_make(struct packing *packing, const struct specimen *table,
                  unsigned saving, const struct bci_kernel *kernel);
void packing_make_as(struct packing *packing, const struct specimen *table,
                     const struct bci_pack_options *options);
void packing_free(struct packing *packing);

/* Open it; failing fails the test. */
void packing_open(const struct packing *packing, struct bci_pack *pack);

/*
 * Decode rows [first, first + count) of the columns in the set 'wanted' (one
 * bit each) and compare them with the table, bit for bit.
 */
void packing_compare(const struct bci_pack *pack, const struct specimen *table,
                     uint64_t first, uint64_t count, unsigned wanted);

/* Pack a table, look whether all of it comes back, and return the size. */
size_t packing_round_trip(const struct specimen *table, unsigned saving);

#endif /* BARCACHE_TEST_PACKING_H */

/* SPDX-License-Identifier: MIT */
/*
 * decoder.h - rows of a block, written straight to where they belong.
 */
#ifndef BCI_DECODER_H
#define BCI_DECODER_H

#include "preamble.h"

/* Memory for one block at a time; rows of 64 bytes keep columns of a page's
   size from falling onto the same lines of a cache. */
struct bci_decoder {
	union {
		uint32_t narrow[BCI_GROUP_COLUMNS][BCI_PACK_ROWS + 16];
		uint64_t wide[BCI_GROUP_COLUMNS][BCI_PACK_ROWS + 8];
	} __attribute__((aligned(64)));
	uint64_t integers[BCI_PACK_ROWS] __attribute__((aligned(64)));
	double doubles[BCI_PACK_ROWS] __attribute__((aligned(64)));
	struct bci_bitstream_work stream __attribute__((aligned(64)));
};

/*
 * Decode rows [first, first + count) of the block of 'bytes' bytes at 'in'.
 * out[i] is where the first of them goes in column i of the group, or NULL.
 * 'base' is the first time of a time block.  False if the block is damaged;
 * nothing outside the rows asked for is written in any case.
 */
bool bci_decoder_run(struct bci_decoder *decoder,
                     const struct bci_kernel *kernel,
                     const struct bci_frame *frame, const unsigned char *in,
                     size_t bytes, uint64_t base, size_t first, size_t count,
                     void *const out[BCI_GROUP_COLUMNS]);

#endif /* BCI_DECODER_H */

/* SPDX-License-Identifier: MIT */
/*
 * encoder.h - a block of rows in the form that takes the fewest bytes.
 */
#ifndef BCI_ENCODER_H
#define BCI_ENCODER_H

#include "preamble.h"
#include "decimal.h"

/* Sets of enum bci_pack_map. */
#define BCI_MAPS_ALL 0x1Fu
#define BCI_MAPS(map) (1u << (map))

/* Memory for one block at a time. */
struct bci_encoder {
	/* What bci_encoder_run() was given. */
	const struct bci_kernel *kernel;
	const struct bci_frame *frame;
	const unsigned char *values[BCI_GROUP_COLUMNS];
	unsigned char *out;
	size_t bytes; /* of the best form so far, which lies at 'out' */

	uint64_t images[BCI_GROUP_COLUMNS][BCI_PACK_ROWS];
	uint64_t streams[BCI_GROUP_COLUMNS][BCI_PACK_ROWS];
	double doubles[BCI_GROUP_COLUMNS][BCI_PACK_ROWS];
	uint64_t wrong[BCI_GROUP_COLUMNS][BCI_PACK_ROWS];
};

/*
 * Encode the rows of 'frame' at 'values' to 'out', which has room for the raw
 * values and one byte, with the smallest of the forms in 'maps' and raw.
 * Returns the bytes.  The result depends on the values alone.
 */
size_t bci_encoder_run(struct bci_encoder *encoder,
                       const struct bci_kernel *kernel,
                       const struct bci_frame *frame,
                       const void *const values[BCI_GROUP_COLUMNS],
                       unsigned maps, unsigned char *out);

#endif /* BCI_ENCODER_H */

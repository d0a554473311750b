/* SPDX-License-Identifier: MIT */
/*
 * layer.h - the bits that some values of a stream have above its width: a mark
 * for each row, one bit, and for each marked row a field of the layer's width.
 * A second layer does the same to the marked rows of the first.
 *
 *   marks, a bit a row | fields, one behind the other | the second layer
 */
#ifndef BCI_LAYER_H
#define BCI_LAYER_H

#include "kernel.h"

#define BCI_LAYERS 2
#define BCI_LAYERS_WIDTH 32 /* of all layers together, at most */
#define BCI_LAYERS_AHEAD 32 /* bytes that kernels read behind fields */

struct bci_layer {
	uint16_t count; /* of marked rows, at least 1 */
	uint8_t width;  /* 1 to 32 */
};

/* Room that reading needs: fields are unpacked by eight. */
struct bci_layer_work {
	const unsigned char *end; /* of what may be read: set by the caller */
	unsigned char tight[4 * BCI_PACK_ROWS + BCI_LAYERS_AHEAD];
	uint32_t fields[BCI_LAYERS][BCI_PACK_ROWS + 8];
};

/* Bytes of 'depth' layers above 'rows' rows. */
size_t bci_layers_bytes(const struct bci_layer *layers, unsigned depth,
                        size_t rows);

/*
 * Write the layers of 'rows' values, of which the bits below are gone; rows
 * that have bits left are marked.  'values' is used up.  Returns the end.
 */
unsigned char *bci_layers_put(const struct bci_layer *layers, unsigned depth,
                              uint64_t *values, size_t rows,
                              unsigned char *out);

/*
 * Add what bci_layers_bytes() bytes at 'in' hold to the rows of 'narrow', or
 * of 'wide', 'shift' bits up.  Both have room for a multiple of eight rows.
 * False if the marks are not as many as the header says.
 */
bool bci_layers_get(const struct bci_kernel *kernel,
                    const struct bci_layer *layers, unsigned depth,
                    const unsigned char *in, size_t rows, unsigned shift,
                    struct bci_layer_work *work, uint32_t *narrow,
                    uint64_t *wide);

#endif /* BCI_LAYER_H */

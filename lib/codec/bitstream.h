/* SPDX-License-Identifier: MIT */
/*
 * bitstream.h - up to BCI_PACK_ROWS integers of 32 or 64 bits as fields of one
 * width, with patches for the few that need more.
 *
 * Fields of more than 32 bits are two runs of fields: the low 32 bits and the
 * rest.  A patch holds the bits above the width of one value.
 */
#ifndef BCI_BITSTREAM_H
#define BCI_BITSTREAM_H

#include "layer.h"

#define BCI_BITSTREAM_HEADER 8 /* bytes, at most */

struct bci_bitstream {
	uint8_t width; /* 0 to 32, or to 64 if the block is wide */
	bool is_signed;
	uint8_t patch_shift; /* log2 of the bytes of a patch */
	uint8_t depth;       /* layers, if there are no patches */
	uint16_t patches;
	struct bci_layer layers[BCI_LAYERS];
};

/* Bytes of the stream without its header. */
size_t bci_bitstream_bytes(const struct bci_bitstream *stream, size_t rows);

/*
 * Choose width and patches of the least size.  Values are sign-extended where
 * signed; *wide is set if one takes more than 32 bits.
 */
void bci_bitstream_choose(const struct bci_kernel *kernel,
                          const uint64_t *values, size_t rows, bool is_signed,
                          bool *wide, struct bci_bitstream *out);

/* Write the stream to 'out', in room for all its units; returns the end. */
unsigned char *bci_bitstream_put(const struct bci_kernel *kernel,
                                 const struct bci_bitstream *stream,
                                 const uint64_t *values, size_t rows,
                                 unsigned char *out);

/* The header, its bytes and its end. */
size_t bci_bitstream_header_bytes(const struct bci_bitstream *stream);
unsigned char *bci_bitstream_store(const struct bci_bitstream *stream,
                                   unsigned char *out);

/*
 * Read one of at most 'room' bytes; returns its bytes, 0 if it is not allowed.
 * 'wide' as for the block.
 */
size_t bci_bitstream_load(const unsigned char *in, size_t room, size_t rows,
                          bool wide, struct bci_bitstream *out);

/* Room that reading needs beside its result. */
struct bci_bitstream_work {
	unsigned char tail[4 * BCI_PACK_ROWS];
	uint32_t low[BCI_PACK_ROWS], high[BCI_PACK_ROWS];
	struct bci_layer_work layers;
};

/*
 * Whether all values are 0 but for so few that it pays to go from one to the
 * next; and patch 'i' of such a stream at 'in'.
 */
#define BCI_BITSTREAM_SPARSE 32

static inline bool
bci_bitstream_is_sparse(const struct bci_bitstream *stream)
{
	return stream->width == 0 && stream->depth == 0 &&
	       stream->patches <= BCI_BITSTREAM_SPARSE;
}
uint64_t bci_bitstream_sparse(const struct bci_bitstream *stream,
                              const unsigned char *in, size_t i, unsigned *row);

/*
 * Read a checked stream of bci_bitstream_bytes() at 'in' into a whole block;
 * what lies behind the rows is of no meaning.  False if its patches are not
 * in ascending order of rows.
 */
bool bci_bitstream_get32(const struct bci_kernel *kernel,
                         const struct bci_bitstream *stream,
                         const unsigned char *in, size_t rows,
                         struct bci_bitstream_work *work, uint32_t *out);
bool bci_bitstream_get64(const struct bci_kernel *kernel,
                         const struct bci_bitstream *stream,
                         const unsigned char *in, size_t rows,
                         struct bci_bitstream_work *work, uint64_t *out);

#endif /* BCI_BITSTREAM_H */

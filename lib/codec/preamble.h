/* SPDX-License-Identifier: MIT */
/*
 * preamble.h - a block: up to 1,024 rows of the columns of a group, as integers
 * in streams, with the values that are no such integers behind them.
 *
 *   form u8 | scale, base, slope | stream headers | counts of exceptions
 *   streams | rows and values of exceptions
 *
 * A column by itself is value = map(base + tick * t), where t is the stream,
 * or the sum of the stream with 'slope' added for each row.  The four columns
 * of bars are map(tick * t), where t follows from four streams (kernel.h).
 */
#ifndef BCI_PREAMBLE_H
#define BCI_PREAMBLE_H

#include "bitstream.h"

/* What a block is a block of: known before it is read. */
struct bci_frame {
	enum bci_model model; /* SINGLE, TIME or OHLC */
	enum bc_type type;
	unsigned columns; /* 1, or 4 of OHLC */
	unsigned bytes;   /* of an element */
	size_t rows;      /* 1 to BCI_PACK_ROWS */
};

struct bci_preamble {
	enum bci_pack_map map;
	bool sum, wide;
	unsigned exponent; /* DEC */
	uint64_t tick;     /* at least 1; 1 but for INT and DEC */
	uint64_t base;     /* OHLC: of the first open, in ticks */
	uint64_t slope;    /* if sum */
	struct bci_bitstream streams[BCI_GROUP_COLUMNS];
	uint16_t exceptions[BCI_GROUP_COLUMNS];
};

/* Bytes of the stored block, which is not raw, its header included. */
size_t bci_preamble_bytes(const struct bci_preamble *block,
                          const struct bci_frame *frame);

/* Write the header; returns its end. */
unsigned char *bci_preamble_store(const struct bci_preamble *block,
                                  const struct bci_frame *frame,
                                  unsigned char *out);

/*
 * Read the header of a block of 'bytes' bytes and check all that can be known
 * from it: the sizes of all parts add up to 'bytes'.  *payload is where the
 * streams (raw: the values) begin.  The base of a time block is not in it and
 * stays as it is.  False if anything is not allowed.
 */
bool bci_preamble_load(const unsigned char *in, size_t bytes,
                       const struct bci_frame *frame,
                       struct bci_preamble *block,
                       const unsigned char **payload);

#endif /* BCI_PREAMBLE_H */

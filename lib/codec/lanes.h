/* SPDX-License-Identifier: MIT */
/*
 * lanes.h - packing of bits with vectors of BCI_KERNEL_LANES times 32 bits: the
 * part of kernels.h that needs them.
 *
 * A block is 32 lanes of 32 rows.  A vector covers some neighbouring lanes;
 * the loop over rows is unrolled for each width, so that every shift is a
 * constant and a word stays in its register until all its fields are out.
 */
#ifndef BCI_LANES_H
#define BCI_LANES_H

#include "kernel.h"

#define LANES_VECTORS                                                          \
	(32 / BCI_KERNEL_LANES) /* vectors of a word of all lanes */

typedef uint32_t lanes_vector __attribute__((vector_size(4 * BCI_KERNEL_LANES),
                                             aligned(4), may_alias));

/* The same at any address. */
typedef uint32_t lanes_loose __attribute__((vector_size(4 * BCI_KERNEL_LANES),
                                            aligned(1), may_alias));

#define LANES_INLINE static inline __attribute__((always_inline))

LANES_INLINE void
lanes_unpack_width(const unsigned char *in, const unsigned width, uint32_t base,
                   uint32_t *out)
{
	const uint32_t mask = (uint32_t)((UINT64_C(1) << width) - 1);

	for (unsigned i = 0; i < LANES_VECTORS; i++) {
		const lanes_loose *from = (const lanes_loose *)in + i;
		lanes_vector *to = (lanes_vector *)out + i;

#pragma GCC unroll 32
		for (unsigned row = 0; row < 32; row++) {
			const unsigned word = row * width / 32;
			const unsigned shift = row * width % 32;
			lanes_vector v = from[word * LANES_VECTORS] >> shift;

			if (shift + width > 32)
				v |= from[(word + 1) * LANES_VECTORS]
				     << (32 - shift);
			if (shift + width != 32)
				v &= mask;
			to[row * LANES_VECTORS] = v + base;
		}
	}
}

LANES_INLINE void
lanes_pack_width(const uint32_t *in, const unsigned width, unsigned char *out)
{
	for (unsigned i = 0; i < LANES_VECTORS; i++) {
		const lanes_vector *from = (const lanes_vector *)in + i;
		lanes_loose *to = (lanes_loose *)out + i;
		lanes_vector word = { 0 };

#pragma GCC unroll 32
		for (unsigned row = 0; row < 32; row++) {
			const unsigned shift = row * width % 32;
			const lanes_vector v = from[row * LANES_VECTORS];

			word |= v << shift;
			if (shift + width < 32)
				continue;
			to[row * width / 32 * LANES_VECTORS] = word;
			if (shift + width > 32)
				word = v >> (32 - shift);
			else
				word = (lanes_vector){ 0 };
		}
	}
}

#define LANES_WIDTHS(X)                                                        \
	X(1)                                                                   \
	X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)  \
		X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24)    \
			X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32)

#define LANES_UNPACK(width)                                                    \
	case width:                                                            \
		lanes_unpack_width(in, width, base, out);                      \
		break;

#define LANES_PACK(width)                                                      \
	case width:                                                            \
		lanes_pack_width(in, width, out);                              \
		break;

static void
kernel_unpack(const unsigned char *in, unsigned width, uint32_t base,
              uint32_t *out)
{
	switch (width) {
		LANES_WIDTHS(LANES_UNPACK)
	default: /* Nothing was stored: all are 0. */
		for (unsigned i = 0; i < BCI_PACK_ROWS; i++)
			out[i] = base;
	}
}

static void
kernel_pack(const uint32_t *in, unsigned width, unsigned char *out)
{
	switch (width) {
		LANES_WIDTHS(LANES_PACK)
	default:
		break;
	}
}

#endif /* BCI_LANES_H */

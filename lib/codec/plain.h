/* SPDX-License-Identifier: MIT */
/*
 * plain.h - packing of bits in plain C, for any processor: what lanes.h does,
 * field by field.
 */
#ifndef BCI_PLAIN_H
#define BCI_PLAIN_H

#include "kernel.h"

static void
kernel_unpack(const unsigned char *in, unsigned width, uint32_t base,
              uint32_t *out)
{
	const uint64_t mask = (UINT64_C(1) << width) - 1;

	for (unsigned i = 0; i < BCI_PACK_ROWS; i++) {
		unsigned bit = i / 32 * width;
		const unsigned char *word =
			in + 128 * (bit / 32) + 4 * (i % 32);
		uint64_t field = 0;

		if (width > 0)
			field = bci_load32(word);
		if (bit % 32 + width > 32)
			field |= (uint64_t)bci_load32(word + 128) << 32;
		out[i] = (uint32_t)(field >> bit % 32 & mask) + base;
	}
}

static void
kernel_pack(const uint32_t *in, unsigned width, unsigned char *out)
{
	memset(out, 0, (size_t)128 * width);
	if (width == 0)
		return;
	for (unsigned i = 0; i < BCI_PACK_ROWS; i++) {
		unsigned bit = i / 32 * width;
		unsigned char *word = out + 128 * (bit / 32) + 4 * (i % 32);
		uint64_t field = (uint64_t)in[i] << bit % 32;

		bci_store32(word, bci_load32(word) | (uint32_t)field);
		if (bit % 32 + width > 32)
			bci_store32(word + 128, (uint32_t)(field >> 32));
	}
}

#endif /* BCI_PLAIN_H */

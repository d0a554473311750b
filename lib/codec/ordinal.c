/* SPDX-License-Identifier: MIT */
/*
 * ordinal.c - see ordinal.h.  Loads and stores go through memcpy(), since
 * columns are of another type.
 */
#include "common.h"

#include "ordinal.h"

/* A 32-bit pattern as a sign-extended integer. */
static inline uint64_t
ordinal_extend(uint32_t bits)
{
	return (uint64_t)(int32_t)bits;
}

void
bci_ordinal_of_ints(const void *values, enum bc_type type, size_t count,
                    uint64_t *out)
{
	const unsigned char *at = values;

	switch (type) {
	case BC_U8:
		for (size_t i = 0; i < count; i++)
			out[i] = at[i];
		break;
	case BC_I32:
		for (size_t i = 0; i < count; i++)
			out[i] = ordinal_extend(bci_load32(at + 4 * i));
		break;
	case BC_TEXT:
		for (size_t i = 0; i < count; i++)
			out[i] = bci_load32(at + 4 * i);
		break;
	default:
		memcpy(out, values, 8 * count);
	}
}

void
bci_ordinal_to_ints(const uint64_t *images, enum bc_type type, size_t count,
                    void *out)
{
	unsigned char *at = out;

	switch (type) {
	case BC_U8:
		for (size_t i = 0; i < count; i++)
			at[i] = (unsigned char)images[i];
		break;
	case BC_I32:
	case BC_TEXT:
		for (size_t i = 0; i < count; i++)
			bci_store32(at + 4 * i, (uint32_t)images[i]);
		break;
	default:
		memmove(out, images, 8 * count); /* It may be in place. */
	}
}

void
bci_ordinal_of_floats(const void *values, size_t count, uint64_t *out)
{
	const unsigned char *at = values;

	for (size_t i = 0; i < count; i++)
		out[i] = ordinal_extend(bci_image32(bci_load32(at + 4 * i)));
}

size_t
bci_ordinal_of_narrowed(const void *values, size_t count, uint64_t *out,
                        uint64_t *wrong)
{
	const unsigned char *at = values;
	size_t total = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t bits = bci_load64(at + 8 * i);
		float narrow = (float)bci_double(bits);
		bool good = bci_bits((double)narrow) == bits;
		uint32_t image;

		memcpy(&image, &narrow, sizeof(image));
		out[i] = good ? ordinal_extend(bci_image32(image)) : 0;
		wrong[i] = good ? 0 : UINT64_MAX;
		total += !good;
	}
	return total;
}

void
bci_ordinal_to_floats(const uint64_t *images, size_t count, void *out)
{
	unsigned char *at = out;

	for (size_t i = 0; i < count; i++)
		bci_store32(at + 4 * i, bci_image32((uint32_t)images[i]));
}

void
bci_ordinal_to_widened(const uint64_t *images, size_t count, void *out)
{
	unsigned char *at = out;

	for (size_t i = 0; i < count; i++) {
		uint32_t bits = bci_image32((uint32_t)images[i]);
		float narrow;

		memcpy(&narrow, &bits, sizeof(narrow));
		bci_store64(at + 8 * i, bci_bits((double)narrow));
	}
}

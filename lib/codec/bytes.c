/* SPDX-License-Identifier: MIT */
/*
 * bytes.c - the one file that calls LZ4, and only its functions that take
 * memory from their caller and check every length.
 */
#include "common.h"

#include <lz4.h>
#include <lz4hc.h>

#include "bytes.h"
#include "check.h"
#include "pack.h"

size_t
bci_bytes_state_bytes(void)
{
	return bci_max((size_t)LZ4_sizeofStateHC(), (size_t)LZ4_sizeofState());
}

/* Byte 0 of all elements, then byte 1 of all, and so on. */
static void
bytes_shuffle(const unsigned char *in, size_t count, size_t element,
              unsigned char *out)
{
	for (size_t byte = 0; byte < element; byte++) {
		for (size_t i = 0; i < count; i++)
			*out++ = in[i * element + byte];
	}
}

static void
bytes_restore(const unsigned char *in, size_t count, size_t element,
              unsigned char *out)
{
	for (size_t byte = 0; byte < element; byte++) {
		for (size_t i = 0; i < count; i++)
			out[i * element + byte] = *in++;
	}
}

size_t
bci_bytes_compress(void *state, int level, const unsigned char *values,
                   size_t count, size_t element, unsigned char *shuffled,
                   unsigned char *out)
{
	const size_t raw = count * element;
	const unsigned char *from = values;
	int bytes;

	if (shuffled != NULL) {
		bytes_shuffle(values, count, element, shuffled);
		from = shuffled;
	}
	if (level == BCI_PACK_LEVEL_FAST)
		bytes = LZ4_compress_fast_extState(state, (const char *)from,
		                                   (char *)out, (int)raw,
		                                   (int)raw - 1, 1);
	else
		bytes = LZ4_compress_HC_extStateHC(state, (const char *)from,
		                                   (char *)out, (int)raw,
		                                   (int)raw - 1, level);
	if (bytes > 0)
		return (size_t)bytes;
	memcpy(out, values, raw);
	return raw;
}

bool
bci_bytes_decompress(const unsigned char *in, size_t bytes, size_t count,
                     size_t element, unsigned char *shuffled,
                     unsigned char *out)
{
	const size_t raw = count * element;
	unsigned char *to = shuffled != NULL ? shuffled : out;

	if (LZ4_decompress_safe((const char *)in, (char *)to, (int)bytes,
	                        (int)raw) != (int)raw)
		return false;
	if (shuffled != NULL)
		bytes_restore(shuffled, count, element, out);
	return true;
}

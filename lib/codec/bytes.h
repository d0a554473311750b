/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - a run of rows of a column as bytes: as they are, or compressed
 * with LZ4, the bytes of all elements in order of their place or not.
 *
 * A chunk unpacks to at most BCI_PACK_CHUNK.  One that does not get smaller
 * is stored as it is: then its length is that of its rows.
 */
#ifndef BCI_BYTES_H
#define BCI_BYTES_H

#include "packed.h"

#define BCI_LZ4_LEVEL_MIN 3
#define BCI_LZ4_LEVEL_MAX 12
#define BCI_LZ4_LEVEL_DEFAULT 9

/* log2 of the rows of a chunk of elements of so many bytes. */
static inline unsigned
bci_bytes_shift(size_t element)
{
	return element == 8 ? 13 : element == 4 ? 14 : 16;
}

/* Bytes of memory that compressing needs. */
size_t bci_bytes_state_bytes(void);

/*
 * Compress 'count' elements to 'out', which has room for them; 'shuffled' is
 * room for the reordered ones, or NULL.  Returns the bytes.
 */
size_t bci_bytes_compress(void *state, int level, const unsigned char *values,
                          size_t count, size_t element, unsigned char *shuffled,
                          unsigned char *out);

/*
 * Get 'count' elements back to 'out' from fewer bytes than they are; 'shuffled'
 * is room for the reordered ones, or NULL if they are not.  False if damaged;
 * no more than the elements is written in any case.
 */
bool bci_bytes_decompress(const unsigned char *in, size_t bytes, size_t count,
                          size_t element, unsigned char *shuffled,
                          unsigned char *out);

#endif /* BCI_BYTES_H */

/* SPDX-License-Identifier: MIT */
/*
 * packed.h - the numbers of the packed form, as doc/format-packed.md has them,
 * and loads and stores of its integers.
 */
#ifndef BCI_PACKED_H
#define BCI_PACKED_H

#include "common.h"

#define BCI_PACK_MAGIC 0x4B504342u /* "BCPK" */
#define BCI_PACK_VERSION 1u

/* Bytes of the header, of a group's plan, of a chunk's place in the index. */
#define BCI_PACK_HEADER 32
#define BCI_PACK_PLAN 16
#define BCI_PACK_ENTRY 12
#define BCI_PACK_ENTRY_TIME 20 /* with the first time of the block */
#define BCI_PACK_SUM 8         /* of the checksum behind the index */
#define BCI_PACK_NO_COLUMN 0xFFFFu

/* Rows of a block; every other chunk holds a power of two times as many. */
#define BCI_PACK_SHIFT 10
#define BCI_PACK_ROWS (1u << BCI_PACK_SHIFT)
#define BCI_PACK_CHUNK 65536u /* the most that a chunk holds, unpacked */

/* The most columns of a group: open, high, low, close. */
#define BCI_GROUP_COLUMNS 4

/* What the columns of a group are to each other. */
enum bci_model {
	BCI_MODEL_BYTES = 0,    /* chunks of bytes as they are */
	BCI_MODEL_SHUFFLED = 1, /* the same, byte 0 of all elements first */
	BCI_MODEL_SINGLE = 2,   /* blocks of a column by itself */
	BCI_MODEL_TIME = 3,     /* blocks of the time column */
	BCI_MODEL_OHLC = 4      /* blocks of open, high, low and close */
};

/* How the values of a block are integers: low three bits of its first byte. */
enum bci_pack_map {
	BCI_MAP_RAW = 0,   /* not at all: the values follow */
	BCI_MAP_INT = 1,   /* they are */
	BCI_MAP_DEC = 2,   /* value = integer / 10^e */
	BCI_MAP_FLOAT = 3, /* order-preserving image of a float */
	BCI_MAP_BITS = 4   /* order-preserving image of a double */
};
#define BCI_PACK_FORM_MAP 0x07u
#define BCI_PACK_FORM_SUM 0x08u  /* the stream holds differences */
#define BCI_PACK_FORM_WIDE 0x10u /* of 64 bits, not of 32 */

#define BCI_EXPONENT_MAX 18
/* Decimals are kept where value * 10^e is below this. */
#define BCI_DECIMAL_LIMIT 0x1p51

static inline uint16_t
bci_load16(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t
bci_load32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t
bci_load64(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline void
bci_store16(void *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void
bci_store32(void *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void
bci_store64(void *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* The bits of a double as an integer, and back. */
static inline uint64_t
bci_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline double
bci_double(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/*
 * Integers in the order of the floats whose bits they are made of; the same
 * function leads back.
 */
static inline uint32_t
bci_image32(uint32_t bits)
{
	return bits ^ ((0u - (bits >> 31)) & 0x7FFFFFFFu);
}

static inline uint64_t
bci_image64(uint64_t bits)
{
	return bits ^ ((0u - (bits >> 63)) & UINT64_C(0x7FFFFFFFFFFFFFFF));
}

#endif /* BCI_PACKED_H */

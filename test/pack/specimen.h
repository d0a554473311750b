/* SPDX-License-Identifier: MIT */
/*
 * specimen.h - columns to pack: made from a seed without any rounding, so that
 * they are the same on every machine.
 */
#ifndef BARCACHE_TEST_SPECIMEN_H
#define BARCACHE_TEST_SPECIMEN_H

#include "pack.h"

#define SPECIMEN_COLUMNS 10

/* What the prices of minute bars (or the columns of TYPES) are like. */
enum specimen_kind {
	SPECIMEN_TICKS,    /* multiples of 0.01, gaps in the time */
	SPECIMEN_COINS,    /* 8 decimals, volumes too */
	SPECIMEN_QUARTERS, /* multiples of 0.25, volumes in hundreds */
	SPECIMEN_STRAY,    /* 0.01, but some of 4 decimals, some not finite */
	SPECIMEN_FLOATS,   /* floats that are no decimals */
	SPECIMEN_DOUBLES,  /* neither */
	SPECIMEN_NOISE,    /* random bits, times too */
	SPECIMEN_CONSTANT,
	SPECIMEN_NAN,
	SPECIMEN_NEGATIVE, /* through zero; lows above highs */
	SPECIMEN_F32,      /* bars of f32, 2 decimals */
	SPECIMEN_I64,      /* bars of i64 */
	SPECIMEN_I32,
	SPECIMEN_TYPES,  /* no bars: one column of each type and habit */
	SPECIMEN_QUOTES, /* two sets of bars: bid and ask */
	SPECIMEN_STILL,  /* most minutes do not move, others are missing */
	SPECIMEN_KINDS
};

struct specimen {
	struct bci_pack_column columns[SPECIMEN_COLUMNS];
	uint32_t count;
	uint64_t rows;
};

/* The name of a kind, as in "ticks". */
const char *specimen_name(enum specimen_kind kind);

void specimen_make(struct specimen *table, enum specimen_kind kind,
                   uint64_t rows, uint64_t seed);
void specimen_free(struct specimen *table);

/* How many special doubles there are. */
#define SPECIMEN_SPECIALS 51

/*
 * Overwrite 'permille' of the values of f64 columns with special ones: the one
 * of number 'only', or any if that is negative.
 */
void specimen_sprinkle(struct specimen *table, unsigned permille, int only,
                       uint64_t seed);

/* Bytes of all values, and of those of a column. */
uint64_t specimen_raw_bytes(const struct specimen *table);
uint64_t specimen_column_bytes(const struct specimen *table, uint32_t column);

/* The next of a series of 64-bit numbers. */
static inline uint64_t
specimen_random(uint64_t *state)
{
	uint64_t x = *state += 0x9E3779B97F4A7C15U;

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
	x = (x ^ x >> 27) * 0x94D049BB133111EBU;
	return x ^ x >> 31;
}

#endif /* BARCACHE_TEST_SPECIMEN_H */

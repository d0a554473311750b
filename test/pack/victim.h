/* SPDX-License-Identifier: MIT */
/*
 * victim.h - a packed table whose bytes are changed, and read nevertheless.
 */
#ifndef BARCACHE_TEST_VICTIM_H
#define BARCACHE_TEST_VICTIM_H

#include "packing.h"

/* Kinds whose blocks between them have every form. */
#define VICTIM_KINDS 12
extern const enum specimen_kind victim_kinds[VICTIM_KINDS];

/* A table with its packed form, and room to decode to. */
struct victim {
	struct specimen table;
	struct packing packing;
	struct packing damaged; /* a copy to change, of the same length */
	void *out[SPECIMEN_COLUMNS];
	void *work;
};

void victim_make(struct victim *victim, enum specimen_kind kind, uint64_t rows);
void victim_free(struct victim *victim);

/* The undamaged bytes, to be damaged again. */
unsigned char *victim_restore(struct victim *victim);

/*
 * Open and decode, whole and in part, what 'bytes' holds.  Only what claims
 * the shape of the table is decoded: the caller's memory has that size.
 * Returns whether all of it was accepted.
 */
bool victim_read(struct victim *victim, const unsigned char *bytes,
                 size_t length);

/* Whether what was decoded last is what was packed. */
bool victim_same(const struct victim *victim);

#endif /* BARCACHE_TEST_VICTIM_H */

/* SPDX-License-Identifier: MIT */
/*
 * sequence.h - runs sequences of operations that follow from seeds, and makes
 * one that fails shorter.
 *
 * Each runs in a child, as a crash is a result.  One that fails is made shorter
 * as long as it still fails, printed, and left in a file: BARCACHE_OPS=FILE
 * repeats it, in this process if BARCACHE_INLINE is set.  BARCACHE_SEED and
 * BARCACHE_SEEDS say where to begin and how many to run, BARCACHE_STEPS how
 * long they are.
 */
#ifndef BARCACHE_TEST_SEQUENCE_H
#define BARCACHE_TEST_SEQUENCE_H

#include "support.h"

#define SEQUENCE_TEXT 512

/* What sequences consist of. */
struct sequence_kind {
	const char *setting; /* name of a number that a sequence has */
	size_t op_bytes;
	void (*make)(void *ops, size_t count, uint64_t *setting, uint64_t seed);
	/* In a child, with no cache yet. */
	void (*run)(const void *ops, size_t count, uint64_t setting);
	void (*print)(const void *op, char *text);
	bool (*parse)(const char *text, void *op);
};

/* Run those that the environment asks for, or else 'seeds' of 'steps'. */
void sequence_run_all(const struct sequence_kind *kind, uint64_t seeds,
                      size_t steps);

#endif /* BARCACHE_TEST_SEQUENCE_H */

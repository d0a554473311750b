/* SPDX-License-Identifier: MIT */
/*
 * world.h - every public call, as a function on a cache with known values.
 */
#ifndef BARCACHE_FAULT_WORLD_H
#define BARCACHE_FAULT_WORLD_H

#include "support.h"

#define WORLD_KEYS 6
#define WORLD_SEED 7

/* What a call works on. */
struct world {
	struct test_dir dir;
	struct bc_options options;
	struct test_memory memory;
	struct bc_cache *cache;
	uint64_t version;          /* of "target" before the call */
	struct test_value value;   /* to put as its next version */
	uint64_t seen;             /* version that a read returned */
	bool filled;               /* an output was set though it failed */
};

/* A public call under test. */
struct call {
	const char *name;
	enum bc_status (*run)(struct world *world, struct bc_error *err);
	enum { READS, PUTS, REMOVES, OPENS, CREATES } does;
	bool takes_error; /* has a parameter for struct bc_error */
	uint64_t rows;    /* of the value that it puts; 0 makes a blob */
};

extern const struct call calls[];
extern const unsigned call_count;

/* Key number 'index' of the values that no call under test touches. */
void old_key(unsigned index, char key[24]);

#endif /* BARCACHE_FAULT_WORLD_H */

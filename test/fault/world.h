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
	uint64_t number;           /* grows with every try */
	uint64_t grown;            /* rows of the series, before the call */
	uint64_t grown_due;        /* and after it, if it succeeds */
};

/* A public call under test. */
struct call {
	const char *name;
	const char *covers; /* the public functions that it is about */
	enum bc_status (*run)(struct world *world, struct bc_error *err);
	enum { READS, PUTS, REMOVES, OPENS, CREATES } does;
	bool takes_error; /* has a parameter for struct bc_error */
	uint64_t rows;    /* of the value that it puts; 0 makes a blob */
};

/* In world_basic.c, world_series.c and world_care.c. */
extern const struct call basic_calls[], series_calls[], care_calls[];
extern const unsigned basic_call_count, series_call_count, care_call_count;

/* Key number 'index' of the values that no call under test touches. */
void old_key(unsigned index, char key[24]);

/* The series that grows, and what its calls need besides. */
void grown_furnish(struct world *world);

/* Before a call: make it long enough to lose rows. */
void grown_prepare(struct world *world);

/* Whether it has that many rows, and every one is right. */
bool grown_is_right(struct world *world, uint64_t rows);

/* What a read of "target" found. */
enum bc_status world_view_done(struct world *world, enum bc_status status,
                               struct bc_view *view);

#define CALL_COUNT(calls) (sizeof(calls) / sizeof(*(calls)))

#endif /* BARCACHE_FAULT_WORLD_H */

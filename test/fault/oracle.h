/* SPDX-License-Identifier: MIT */
/*
 * oracle.h - decides from outside whether a cache is right.
 *
 * A history is a numbered list of operations that follows from a seed alone:
 * puts, batches of puts and removals, removals.  A writer performs them in
 * order and acknowledges each in memory outside the cache once the call has
 * returned.  So after any fault it is known what every key must show: the
 * state after the last acknowledged operation, or after the one that was
 * under way, and nothing in between.
 */
#ifndef BARCACHE_FAULT_ORACLE_H
#define BARCACHE_FAULT_ORACLE_H

#include "support.h"

#define ORACLE_KEYS 24

/* What a checker found; also its exit code. */
enum oracle_verdict {
	ORACLE_RIGHT = 0,
	ORACLE_OPEN = 10, /* the cache does not open */
	ORACLE_ERROR,     /* a read failed with an error */
	ORACLE_WRONG,     /* a value has bytes that were never put */
	ORACLE_LOST,      /* something acknowledged is gone */
	ORACLE_TORN,      /* an operation is there in part */
	ORACLE_COMMIT,    /* the cache takes no new commit */
	ORACLE_LITTER     /* files that do not belong there */
};

/* Shared between the processes of one history. */
struct oracle_progress {
	_Atomic uint64_t started; /* number of the newest operation begun */
	_Atomic uint64_t acked;   /* number of the newest one that returned */
};

struct oracle {
	const char *path;
	const char *name; /* of the history; its keys begin with it */
	uint64_t seed;
	struct bc_options options; /* with which writers open */
	struct oracle_progress *progress;
};

enum oracle_kind { ORACLE_PUT, ORACLE_REPLACE, ORACLE_BATCH, ORACLE_REMOVE };

/* What operation 'number' (from 1) does. */
enum oracle_kind oracle_kind(uint64_t seed, uint64_t number);

/* Key 'index' as text. */
void oracle_key(const struct oracle *oracle, unsigned index, char key[24]);

/* The version that key 'index' shows after operation 'number'; 0: absent. */
uint64_t oracle_version(uint64_t seed, unsigned index, uint64_t number);

/* Perform the next operation and acknowledge it. */
enum bc_status oracle_step(const struct oracle *oracle, struct bc_cache *cache,
                           struct bc_error *err);

/*
 * Read one key beside a live writer: the version found must be one that the
 * key had at some moment of the read.
 */
enum oracle_verdict oracle_read(const struct oracle *oracle,
                                struct bc_cache *cache, unsigned index);

/*
 * Check the whole cache while nobody writes; an operation found complete is
 * acknowledged.  Opens and closes it.  Prints what is wrong.
 */
enum oracle_verdict oracle_check(const struct oracle *oracle);

/* As above, in a child, so that a crash is a result: its exit code. */
int oracle_check_in_child(const struct oracle *oracle);

/*
 * Whether the directory holds only what belongs to a cache and as many arenas
 * as 'cache', open for writing and used at least once, knows of.
 */
enum oracle_verdict oracle_litter(const struct oracle *oracle,
                                  struct bc_cache *cache);

#endif /* BARCACHE_FAULT_ORACLE_H */

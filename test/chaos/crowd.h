/* SPDX-License-Identifier: MIT */
/*
 * crowd.h - processes that use one cache at once, and may be killed: what they
 * do, and what each may find.
 *
 * A writer notes in shared memory which version of a key it begins to put, and
 * which one it has put.  So it is known at any moment what a reader may see: a
 * version between these two, or nothing, if that is the removal among them or
 * the key may be evicted.  Keys below CROWD_PINNED are pinned and never may.
 */
#ifndef BARCACHE_CHAOS_CROWD_H
#define BARCACHE_CHAOS_CROWD_H

#include "support.h"

#define CROWD_KEYS 48
#define CROWD_PINNED 8
#define CROWD_HOT_BYTES (1u << 20) /* of each process */

struct crowd_key {
	_Atomic uint64_t begun, done; /* versions */
};

struct crowd_shared {
	struct crowd_key keys[CROWD_KEYS];
	_Atomic uint64_t rows_begun, rows_done; /* of the series */
	_Atomic uint64_t operations, reads, held, linked, compactions, full;
	_Atomic unsigned settled; /* of those that only look on: are at it */
	_Atomic int stop;
	_Atomic int paused; /* readers let go of what they hold */
};

struct crowd {
	const char *path;
	uint64_t seed;
	uint64_t rounds; /* of a writer; 0: until it is killed */
	enum bc_durability durability;
	uint64_t warm_bytes;
	bool strict; /* there is room for all: nothing is evicted */
	bool faulty; /* calls of the system fail now and then, and the writer
	                and who cares is told so */
	void (*opened)(void); /* called once they have opened it, or NULL */
	struct crowd_shared *shared;
};

/* Open the cache; 'backtest' may be NULL. */
struct bc_cache *crowd_open(const struct crowd *crowd, const char *backtest);

/* Children; their argument is the crowd. */
void crowd_create(void *crowd);
void crowd_write(void *crowd);
void crowd_read(void *crowd);
void crowd_link(void *crowd);
void crowd_compact(void *crowd);
void crowd_import(void *crowd);

/* A day of bars of one of a few series, in a batch, as an importer does. */
enum bc_status crowd_import_once(struct bc_cache *cache, uint64_t word,
                                 struct bc_error *err);

/* One call of bc_compact(), of a kind that follows from 'word'. */
void crowd_compact_once(struct crowd *crowd, struct bc_cache *cache,
                        uint64_t word);

/* What a process does that puts the cache in order. */
enum crowd_care {
	CROWD_EXPIRE,
	CROWD_DEMOTE,
	CROWD_PROMOTE,
	CROWD_MERGE,
	CROWD_EVICT,
	CROWD_COMPACT
};
#define CROWD_CARES 6

void crowd_care(struct crowd *crowd, struct bc_cache *cache,
                enum crowd_care kind, uint64_t word);

/*
 * While no writer and no compactor runs: the next commit works, all keys show
 * what they may, everything verifies, the accounts add up, and there is no file
 * that nobody knows.
 */
void crowd_check(void *crowd);

#endif /* BARCACHE_CHAOS_CROWD_H */

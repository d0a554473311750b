/* SPDX-License-Identifier: MIT */
/*
 * victim.h - a cache of known values whose files are damaged while no process
 * has it open.
 */
#ifndef BARCACHE_FAULT_VICTIM_H
#define BARCACHE_FAULT_VICTIM_H

#include "support.h"

#define VICTIM_KEYS 12
#define VICTIM_SEED 29

struct victim {
	struct test_dir dir;
	_Atomic unsigned *events; /* seen, by enum bc_event; shared */
};

/* Without a cache yet; in a directory of its own. */
void victim_begin(struct victim *victim);
void victim_end(struct victim *victim);

/* Open the cache, making it if it is not there; events are counted. */
struct bc_cache *victim_open(const struct victim *victim,
                             enum bc_durability durability);

/* Key 'index', and how many rows its value has: values of every size. */
void victim_key(unsigned index, char key[24]);
uint64_t victim_rows(unsigned index);

/* Make the cache with version i + 1 under key i. */
void victim_fill(const struct victim *victim, enum bc_durability durability);

/* What a reader of all keys found; a wrong byte fails the test. */
struct victim_found {
	unsigned right, corrupt, absent;
};
struct victim_found victim_read(struct bc_cache *cache);

/* Path of the cache's one arena. */
void victim_arena(const struct victim *victim, char path[TEST_PATH]);

/* Damage: noise over a range, one bit, other bytes; a copy with all below. */
off_t victim_bytes(const char *path);
void victim_overwrite(const char *path, off_t offset, const void *data,
                      size_t bytes);
void victim_scramble(const char *path, off_t offset, off_t bytes,
                     uint64_t seed);
void victim_flip(const char *path, off_t offset, unsigned bit);
void victim_copy(const char *from, const char *to);

#endif /* BARCACHE_FAULT_VICTIM_H */

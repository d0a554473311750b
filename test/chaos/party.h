/* SPDX-License-Identifier: MIT */
/*
 * party.h - a crowd (crowd.h) on a cache of its own: readers and a process that
 * links, which look on while others write, compact, and are killed.
 */
#ifndef BARCACHE_CHAOS_PARTY_H
#define BARCACHE_CHAOS_PARTY_H

#include "chaos/crowd.h"

#define PARTY_READERS_MAX 8

struct party {
	struct test_dir dir;
	struct crowd crowd;
	unsigned reader_count;
	pid_t readers[PARTY_READERS_MAX], linker;
};

/* What all parties of the program did; party_end() notes it (lab_note()). */
struct party_total {
	uint64_t checks, operations, reads, compactions;
};
extern struct party_total party_total;

/* Warm budgets: all has room, what is usual, what is not enough. */
#define PARTY_ROOM (UINT64_C(256) << 20)
#define PARTY_USUAL (UINT64_C(4) << 20)
#define PARTY_LITTLE (UINT64_C(1) << 20)

/* A new cache; with PARTY_ROOM nothing may be missing in it. */
void party_begin(struct party *party, enum bc_durability durability,
                 uint64_t warm_bytes, unsigned readers);

/* While nobody writes: the state is one that may be (crowd_check()). */
void party_check(struct party *party);

/* Fails if one of those that only look on has ended. */
void party_look(const struct party *party);

/* Some writes, so that there is something to be done. */
void party_write(struct party *party, unsigned rounds);

/* SIGKILL to a child of the party's crowd, which must not have ended. */
void party_kill(pid_t child);

/* Let those that look on go home, and check. */
void party_leave(struct party *party);

/* The same if need be, and remove the cache. */
void party_end(struct party *party);

#endif /* BARCACHE_CHAOS_PARTY_H */

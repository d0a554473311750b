/* SPDX-License-Identifier: MIT */
/*
 * haul.h - moving the live segments of several arenas to a new one, in four
 * strides: a number is set aside, copies are made, synced, and named.
 */
#ifndef BCI_HAUL_H
#define BCI_HAUL_H

#include "apart.h"
#include "writer.h"

#define BCI_HAUL_LEGS 64

struct bci_load;

/* An arena that is moved: what was copied of it. */
struct bci_leg {
	uint64_t number;
	struct bci_place begin, end; /* from here to here */
	size_t first;                /* of its loads */
};

/* What is on its way; zeroed: nothing. */
struct bci_haul {
	struct bci_leg legs[BCI_HAUL_LEGS];
	unsigned leg_count;
	unsigned leg;    /* that is being named */
	uint64_t ended;  /* the last arena that was copied to its end; */
	struct bci_leg part; /* and the one after it that was begun, */
	uint64_t part_bytes; /* of which so many were copied */
	uint64_t number; /* set aside; 0: none */
	enum bci_queue queue;
	uint64_t capacity_bytes, live_bytes;
	bool syncs;
	struct bci_apart apart; /* the copies */
	bool ready;             /* they are complete, */
	bool synced;            /* and where they must be, to be named */
	bool named;             /* a transaction was to name some */
	struct bci_load *loads;
	size_t count, room;
	uint64_t moved_bytes, moved_segments; /* of all */
};

/* Begin another, which goes on where 'before' ended: it may be the same. */
void bci_haul_begin(struct bci_haul *haul, const struct bci_haul *before);
void bci_haul_free(struct bci_haul *haul, const struct bc_allocator *allocator);

/* Take arena 'number' along; false if it goes elsewhere, or there is enough. */
bool bci_haul_add(struct bci_haul *haul, struct bci_writer *writer,
                  uint64_t number, const struct bci_arena_record *arena);

/* Whether an arena of its own is worth it. */
bool bci_haul_is_worth(const struct bci_haul *haul);

/* The first stride, in a transaction: set a number aside. */
enum bc_status bci_haul_reserve(struct bci_haul *haul,
                                struct bci_writer *writer,
                                struct bc_error *err);

/*
 * The second, without the writer lock; nothing if there is nothing to be
 * copied.  Nobody knows of a copy before it is named, so whatever happens until
 * then, even a crash, leaves a file that is swept away.
 */
enum bc_status bci_haul_copy(struct bci_haul *haul, struct bc_cache *cache,
                             struct bc_error *err);

/* The third: nothing if there is nothing to be synced. */
enum bc_status bci_haul_sync(struct bci_haul *haul, struct bc_error *err);

/* Whether there are copies to be named. */
bool bci_haul_is_loaded(const struct bci_haul *haul);

/*
 * The last, in transactions that end at a moment of the monotonic clock: name
 * what is still live where it was copied from.
 */
enum bc_status bci_haul_name(struct bci_haul *haul, struct bci_writer *writer,
                             int64_t until_ns, struct bc_error *err);

#endif /* BCI_HAUL_H */

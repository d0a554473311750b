/* SPDX-License-Identifier: MIT */
/*
 * haul.h - moving the live segments of an arena in three strides: they are
 * copied, the copies are synced, they are named.
 */
#ifndef BCI_HAUL_H
#define BCI_HAUL_H

#include "writer.h"

struct bci_load;

/* What is on its way from arena 'number'; zeroed: nothing. */
struct bci_haul {
	uint64_t number;
	enum bci_queue queue;        /* that it goes to */
	struct bci_place begin, end; /* copied from here to here */
	bool ended;                  /* that was the last of it */
	bool full;                   /* no more fits with what was copied */
	bool synced;                 /* to be named now */
	uint64_t arena;              /* where the copies are, */
	uint64_t end_bytes;          /* where they end, */
	uint64_t started_bytes;      /* up to where they are on their way */
	uint64_t written_bytes;      /* to the disk, and up to where there */
	uint64_t txnid;              /* of the arena with them */
	struct bci_load *loads;
	uint64_t loads_bytes;
	size_t count, room;
	uint64_t moved_bytes, moved_segments; /* of all */
};

/* Begin with another arena, or with none (0). */
void bci_haul_begin(struct bci_haul *haul, uint64_t number);
void bci_haul_free(struct bci_haul *haul, const struct bc_allocator *allocator);

/* Whether what was copied is not named yet. */
bool bci_haul_is_loaded(const struct bci_haul *haul);

/*
 * A step of one transaction, until a moment of the monotonic clock: copy more,
 * or name some of what was copied and synced.  Nobody knows of a copy before it
 * is named, so whatever happens in between, even a crash, leaves dead bytes at
 * the worst.
 */
enum bc_status bci_haul_step(struct bci_haul *haul, struct bci_writer *writer,
                             int64_t until_ns, struct bc_error *err);

/* Between two transactions: write copies to the disk.  BC_IO and the like if
 * they are lost. */
enum bc_status bci_haul_sync(struct bci_haul *haul, struct bc_cache *cache,
                             struct bc_error *err);

#endif /* BCI_HAUL_H */

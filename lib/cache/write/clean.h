/* SPDX-License-Identifier: MIT */
/*
 * clean.h - giving arenas back: what is live in one is evicted or moved, bit by
 * bit, and then its file goes.
 */
#ifndef BCI_CLEAN_H
#define BCI_CLEAN_H

#include "policy.h"
#include "writer.h"

enum bci_clean_how {
	BCI_CLEAN_MOVE,  /* keep what is live */
	BCI_CLEAN_JUDGE, /* evict what an ordered policy does not keep */
	BCI_CLEAN_EMPTY  /* evict all that may go */
};

struct bci_cleaning {
	enum bci_clean_how how;
	enum bc_policy policy;
	uint64_t quota_bytes; /* live bytes to get rid of in this step; */
	int64_t until_ns;     /* and of the monotonic clock, unless 0 */
	uint64_t evict_bytes; /* enough once so many are evicted */
	struct bci_history *history; /* or NULL */
	/* Results. */
	bool gone;    /* nothing is live in it any more */
	bool blocked; /* a segment in it cannot go or move now */
	uint64_t evicted_bytes, evicted_segments;
	uint64_t moved_bytes, moved_segments;
};

/* Go on cleaning an arena, from where the last step on it ended. */
enum bc_status bci_clean(struct bci_writer *writer, uint64_t number,
                         struct bci_cleaning *cleaning, struct bc_error *err);

/*
 * Bytes that come back when an arena is cleaned and its live segments are
 * moved, as far as its record tells.
 */
uint64_t bci_clean_gain(const struct bci_arena_record *arena);

#endif /* BCI_CLEAN_H */

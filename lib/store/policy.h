/* SPDX-License-Identifier: MIT */
/*
 * policy.h - what to evict.  Pure functions over what the caller knows of the
 * segments: no clock, no file, no memory of their own, so that the engine, the
 * simulator and the tests run the same code.
 *
 * There are two kinds.  An ordered policy goes by where segments lie: the
 * oldest arena of a queue is taken, each live segment of it is evicted or kept,
 * and its file goes.  The others choose victims wherever these lie; what is
 * dead is then given back by cleaning the arenas that have most of it.
 */
#ifndef BCI_POLICY_H
#define BCI_POLICY_H

#include "history.h"
#include "record.h"

/* What is known of a segment that may be evicted. */
struct bci_candidate {
	uint64_t key;        /* a hash of what it is, the same when put again */
	uint64_t order;      /* of putting: that of a later one is greater */
	uint64_t bytes;      /* as stored */
	uint64_t cost_ns;    /* of fetching it; 0: not known */
	int64_t stored_ns;   /* when it was put, or its arena begun */
	int64_t accessed_ns; /* the last time */
	uint32_t count;      /* of accesses: 1 for the put, 1 for each hit */
	uint8_t queue;       /* enum bci_queue */
	bool pinned;         /* or just written: never a victim */
	uint16_t reserved;
	uint64_t rank;       /* the policies' own */
};
_Static_assert(sizeof(struct bci_candidate) == 64, "candidate");

/* What fetching a byte is taken to cost where nobody said: 1 MB/s. */
#define BCI_POLICY_COST_NS 1000u

/* The policy that runs for 'policy': itself, or what the default stands for. */
enum bc_policy bci_policy_resolve(enum bc_policy policy);

/* Whether it goes by where segments lie. */
bool bci_policy_is_ordered(enum bc_policy policy);

/* ---- policies that choose ---------------------------------------------- */

/* What there is to be chosen from, and how much. */
struct bci_choice {
	struct bci_candidate *candidates; /* reordered: also the work space */
	size_t count;
	uint64_t used_bytes;   /* that are live now */
	uint64_t target_bytes; /* that may stay */
	int64_t now_ns;
	struct bci_history *history; /* NULL: none; else victims are noted */
};

/*
 * Choose victims until at most target_bytes are left or all that may go are
 * gone.  They are then candidates[0..result), the first to go first.  Where a
 * candidate that stays is to be moved, its 'queue' says where to (on return).
 * At most O(n log n).
 */
size_t bci_policy_choose(enum bc_policy policy,
                         const struct bci_choice *choice);

/* ---- policies that go by where segments lie ---------------------------- */

/* The queue whose oldest arena goes next, by the bytes linked in each. */
enum bci_queue bci_policy_next(enum bc_policy policy, uint64_t young_bytes,
                               uint64_t main_bytes);

/*
 * What becomes of a live segment of that arena: true if it is to be moved to
 * the main queue, with the count that is in 'candidate' on return; false if it
 * is evicted, which is then noted in 'history' (may be NULL).
 */
bool bci_policy_keeps(enum bc_policy policy, struct bci_history *history,
                      struct bci_candidate *candidate);

/*
 * The queue for what is put now: the main one if it was evicted of late.  Any
 * policy.  'key' as in struct bci_candidate.
 */
enum bci_queue bci_policy_admit(enum bc_policy policy,
                                struct bci_history *history, uint64_t key);

#endif /* BCI_POLICY_H */

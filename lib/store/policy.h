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
	int64_t stored_ns;   /* when its arena was begun; 0: not known */
	int64_t accessed_ns; /* the last time */
	uint32_t count;      /* of accesses: 1 for the put, 1 for each hit */
	uint8_t queue;       /* enum bci_queue */
	bool pinned;         /* or just written: never a victim */
	uint8_t credit;      /* of an ordered policy: what it left of these */
	uint8_t reserved;
	uint64_t id;   /* the caller's own */
	uint64_t rank; /* the policies' own */
};
_Static_assert(sizeof(struct bci_candidate) == 72, "candidate");

/* More accesses than that say nothing more to an ordered policy. */
#define BCI_CREDIT_MAX 4u

/* What fetching a byte is taken to cost where nobody said: 1 MB/s. */
#define BCI_POLICY_COST_NS 1000u

/* The policy that runs for 'policy': itself, or what the default stands for. */
enum bc_policy bci_policy_resolve(enum bc_policy policy);

/* Whether it goes by where segments lie. */
bool bci_policy_is_ordered(enum bc_policy policy);

/* ---- policies that choose ---------------------------------------------- */

/*
 * The rank of one: the lowest goes first, ties by the order of putting.  Of
 * hybrid, which goes by halves of all, that of lru.
 */
uint64_t bci_policy_rank(enum bc_policy policy,
                         const struct bci_candidate *candidate, int64_t now_ns);

/* What there is to be chosen from, and how much. */
struct bci_choice {
	struct bci_candidate *candidates; /* reordered: also the work space */
	size_t count;
	uint64_t used_bytes;   /* that are live now */
	uint64_t target_bytes; /* that may stay */
	int64_t now_ns;
};

/*
 * Choose victims until at most target_bytes are left or all that may go are
 * gone.  They are then candidates[0..result), the first to go first.  An
 * ordered policy plays its queues through, see rehearsal.h: there 'order' is
 * that of their places, and what lies in no arena has the queue BCI_QUEUES.
 * Takes about n + k log k steps for k victims of n candidates (an ordered one n
 * log n) and allocates nothing.
 */
size_t bci_policy_choose(enum bc_policy policy,
                         const struct bci_choice *choice);

/* ---- policies that go by where segments lie ---------------------------- */

/*
 * 'history' is what the policy keeps between calls, one of each cache; NULL
 * where nothing is to be noted, as in a rehearsal: it then knows less.
 */

/*
 * The queue whose oldest arena goes next, by the bytes linked in each; where
 * that has no arena, the other one.
 */
enum bci_queue bci_policy_next(enum bc_policy policy,
                               struct bci_history *history,
                               uint64_t young_bytes, uint64_t main_bytes);

/*
 * What becomes of a live segment of that arena: true if it is to be moved to
 * the main queue, its credit then what 'candidate' has on return; false if it
 * is evicted.
 */
bool bci_policy_keeps(enum bc_policy policy, struct bci_history *history,
                      struct bci_candidate *candidate, int64_t now_ns);

/*
 * The queue for what is put now: the main one if it was evicted of late and
 * should not have been.  Any policy.  'key' as in struct bci_candidate.
 */
enum bci_queue bci_policy_admit(enum bc_policy policy,
                                struct bci_history *history, uint64_t key,
                                uint64_t bytes, int64_t now_ns);

#endif /* BCI_POLICY_H */

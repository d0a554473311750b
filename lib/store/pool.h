/* SPDX-License-Identifier: MIT */
/*
 * pool.h - the candidates that a policy would evict first, of those that were
 * looked at so far.
 *
 * To rank all entries for each one that goes takes the longer the more there
 * are.  So they are looked at in rounds, a few for each that goes, and the
 * lowest are remembered here.  Pure: the cache and the simulator look in their
 * own ways, and choose by the same code.
 */
#ifndef BCI_POOL_H
#define BCI_POOL_H

#include "policy.h"

/* Candidates that are remembered. */
#define BCI_POOL 1024u

/* Where there are no more than that, all are ranked each time instead. */
#define BCI_POOL_EXACT 256u

/* Times of which the middle is taken: for hybrid. */
#define BCI_POOL_TIMES 64u

/* A place that is none. */
#define BCI_POOL_NONE UINT32_MAX

/*
 * What is remembered of a member beyond the candidate is the caller's, in the
 * place that its 'id' names, below BCI_POOL.
 */
struct bci_pool {
	enum bc_policy policy; /* one that chooses */
	int64_t ranked_ns;     /* when ranks were reckoned */
	int64_t middle_ns;     /* about half were accessed before */
	uint32_t count;
	uint32_t worst; /* the last that would go, or BCI_POOL_NONE: look */
	uint32_t seen;  /* since the middle was taken */
	uint64_t ranks[BCI_POOL], keys[BCI_POOL];
	struct bci_candidate members[BCI_POOL];
	int64_t times[BCI_POOL_TIMES];
};

/*
 * Go on at another time; with another policy an empty one.  A pool of zeros is
 * one that never was used.  Ordered policies choose as lru.
 */
void bci_pool_begin(struct bci_pool *pool, enum bc_policy policy,
                    int64_t now_ns);

/*
 * How many candidates should be offered before the next is taken: more while
 * the pool is new.
 */
uint32_t bci_pool_looks(const struct bci_pool *pool);

/*
 * A candidate that was looked at; one that is known is known anew.  Returns its
 * place, or BCI_POOL_NONE if it is not worth remembering, or pinned.
 */
uint32_t bci_pool_offer(struct bci_pool *pool,
                        const struct bci_candidate *candidate);

/* Take the one that goes first; returns its place, or BCI_POOL_NONE. */
uint32_t bci_pool_take(struct bci_pool *pool, struct bci_candidate *out);

#endif /* BCI_POOL_H */

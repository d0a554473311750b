/* SPDX-License-Identifier: MIT */
/*
 * tally.h - what a request leaves behind: a count, for one in 64 hits how long
 * it took, and once a second what the process holds.
 */
#ifndef BCI_TALLY_H
#define BCI_TALLY_H

#include "clock.h"
#include "environment.h"

#define BCI_TALLY_ONE_IN 64u

/* When a request begins that is to be timed; 0 if it is not. */
static inline int64_t
bci_tally_begin(struct bci_lane *lane)
{
	if (BCI_LIKELY(++lane->turns % BCI_TALLY_ONE_IN != 0))
		return 0;
	return bci_clock_monotonic_ns();
}

/* Note the time since 'begun_ns', and what the process holds if it is due. */
void bci_tally_sample(struct bci_env *env, enum bc_op op, int64_t begun_ns,
                      int64_t now_ns);

/* Count a hit that bci_tally_begin() began.  The caller has the lane. */
static inline void
bci_tally_hit(struct bci_env *env, struct bci_lane *lane, enum bc_tier tier,
              enum bc_op op, int64_t begun_ns, int64_t now_ns)
{
	bci_count(&env->ledger, lane->index, BCI_COUNT_HITS + (unsigned)tier,
	          1);
	if (BCI_UNLIKELY(begun_ns != 0))
		bci_tally_sample(env, op, begun_ns, now_ns);
}

/* Count a miss.  The caller has the lane. */
static inline void
bci_tally_miss(struct bci_env *env, struct bci_lane *lane, enum bc_miss miss)
{
	bci_count(&env->ledger, lane->index, BCI_COUNT_MISSES + (unsigned)miss,
	          1);
}

/* Add to a counter where no lane is held. */
void bci_tally_add(struct bci_env *env, enum bci_counter counter,
                   uint64_t amount);

/*
 * Note in our row of the ledger what the process has mapped and what its views
 * hold: after a map came or went, and now and then.  Waits for nobody.
 */
void bci_tally_note(struct bci_env *env, int64_t now_ns);

#endif /* BCI_TALLY_H */

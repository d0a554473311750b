/* SPDX-License-Identifier: MIT */
/*
 * history.h - what policies remember of segments that were evicted: a table of
 * fixed size, in memory that processes may share, written under the outer
 * writer lock.
 *
 * It is advice: any bytes are a valid history, zeros an empty one, and what it
 * forgets or gets wrong costs hits only.
 */
#ifndef BCI_HISTORY_H
#define BCI_HISTORY_H

#include "common.h"

#define BCI_HISTORY_WAYS 8u
#define BCI_HISTORY_SETS 16380u

/* Segments of which something is remembered, at the most. */
#define BCI_HISTORY_MAX (BCI_HISTORY_WAYS * BCI_HISTORY_SETS)

struct bci_history {
	/* Of the adaptive policy, which says what they are. */
	double age_ns, interval_ns;
	double seen_bytes, seen_age, gone_bytes;
	double young, all_bytes;
	uint32_t waited, wait;
	uint64_t reserved[8];
	uint64_t ghosts[BCI_HISTORY_SETS][BCI_HISTORY_WAYS];
	/* Of those that choose: the key where their round is, or how it
	 * begins, padded with zeros. */
	unsigned char round[128];
};
_Static_assert(sizeof(struct bci_history) <= 1u << 20, "a mebibyte");

/* Remember that 'key' was evicted, and when it was accessed before that. */
void bci_history_note(struct bci_history *history, uint64_t key,
                     int64_t accessed_ns);

/*
 * When what was evicted was accessed for the last time, to about a millisecond;
 * INT64_MIN if nothing is remembered of it.
 */
int64_t bci_history_find(const struct bci_history *history, uint64_t key);

/* Forget it. */
void bci_history_forget(struct bci_history *history, uint64_t key);

#endif /* BCI_HISTORY_H */

/* SPDX-License-Identifier: MIT */
/*
 * interval.h - what is known of a series: sets of half-open intervals of time,
 * each of one kind.
 */
#ifndef BCI_INTERVAL_H
#define BCI_INTERVAL_H

#include "common.h"

/*
 * A set of intervals in ascending order that do not overlap; two that touch
 * differ in kind.  Zeroed but for 'allocator' it is empty.  INT64_MAX itself
 * lies in no interval: as the end of one it stands for "without end".
 *
 * Threads: any number may ask at once; one changes it, and then alone.
 */
struct bci_intervals {
	struct bc_interval *items; /* of the set */
	size_t count, capacity;
	const struct bc_allocator *allocator; /* borrowed */
};

/* Let go of the memory; the set is empty then and may be used again. */
void bci_intervals_free(struct bci_intervals *set);

/*
 * Say what is known of [from_ns, to_ns), whatever was known of it before; an
 * empty range changes nothing.  O(log n) and a move of what lies behind.
 * Returns BC_OK or BC_NOMEM, and then the set is as before.
 */
BC_CHECKED enum bc_status bci_intervals_set(struct bci_intervals *set,
                                            int64_t from_ns, int64_t to_ns,
                                            enum bc_known known);

/* The same with nothing known of it any more. */
BC_CHECKED enum bc_status bci_intervals_remove(struct bci_intervals *set,
                                               int64_t from_ns, int64_t to_ns);

/*
 * Add all of 'other'; of a moment in both, the first of the two kinds holds.
 * So order does not matter.  Linear in both; 'other' may be 'set'.  Returns
 * BC_OK or BC_NOMEM, and then the set is as before.
 */
BC_CHECKED enum bc_status bci_intervals_add(struct bci_intervals *set,
                                            const struct bci_intervals *other);

/* What is known of a moment, or 0.  O(log n). */
unsigned bci_intervals_at(const struct bci_intervals *set, int64_t time_ns);

/*
 * The first stretch of [from_ns, to_ns) that is of none of the 'kinds' (enum
 * bci_known, or-ed), as long as it is; false if there is none.  All of them:
 *
 *	while (bci_intervals_missing(set, kinds, from_ns, to_ns, &gap)) {
 *		...
 *		from_ns = gap.to_ns;
 *	}
 *
 * 'known' of a gap is 0.  O(log n) and the intervals passed over.
 */
bool bci_intervals_missing(const struct bci_intervals *set, unsigned kinds,
                           int64_t from_ns, int64_t to_ns,
                           struct bc_interval *gap);

/* Whether all of [from_ns, to_ns) is of one of the kinds; an empty one is. */
bool bci_intervals_cover(const struct bci_intervals *set, unsigned kinds,
                         int64_t from_ns, int64_t to_ns);

/* How many nanoseconds of [from_ns, to_ns) are of one of the kinds. */
uint64_t bci_intervals_length(const struct bci_intervals *set, unsigned kinds,
                              int64_t from_ns, int64_t to_ns);

#endif /* BCI_INTERVAL_H */

/* SPDX-License-Identifier: MIT */
/*
 * ranking.h - all that may be evicted, ranked as a policy says: exact, at the
 * price of a walk over all entries, which may be taken in steps.
 */
#ifndef BCI_RANKING_H
#define BCI_RANKING_H

#include "evict.h"

/* Zeroed: not begun. */
struct bci_ranking {
	struct bci_meant meant;
	enum bc_policy policy;
	bool begun, ended; /* the walk */
	struct bci_spot spot;
	struct bci_candidate *candidates;
	size_t count, room;
	char *spots;    /* of the candidates, by their ids */
	size_t spots_used, spots_room;
	size_t chosen, next; /* candidates[next..chosen) are to go */
};

void bci_ranking_begin(struct bci_ranking *ranking,
                       const struct bci_meant *meant, enum bc_policy policy);
void bci_ranking_free(struct bci_ranking *ranking,
                      const struct bc_allocator *allocator);

/*
 * Walk on, until ranking->ended or, unless that is 0, 'until_ns' of the
 * monotonic clock.  BC_NOMEM, BC_IO, BC_CORRUPT.
 */
enum bc_status bci_ranking_walk(struct bci_ranking *ranking,
                                struct bci_writer *writer, int64_t until_ns,
                                struct bc_error *err);

/*
 * Once all were seen: choose victims of at least so many bytes, and at least so
 * many of them.
 */
void bci_ranking_choose(struct bci_ranking *ranking, uint64_t bytes,
                        uint64_t segments, int64_t now_ns);

/*
 * Evict what was chosen, but for what was accessed since, or is pinned now;
 * unless that is 0, until 'until_ns': more is left while next < chosen.
 */
enum bc_status bci_ranking_drop(struct bci_ranking *ranking,
                                struct bci_writer *writer, int64_t until_ns,
                                struct bci_evicted *evicted,
                                struct bc_error *err);

/*
 * The same without changing anything: what would go, and in *packed_bytes how
 * many bytes would come to the cold tier.
 */
enum bc_status bci_ranking_rehearse(struct bci_ranking *ranking,
                                    struct bci_writer *writer, int64_t until_ns,
                                    struct bci_evicted *evicted,
                                    uint64_t *packed_bytes,
                                    struct bc_error *err);

#endif /* BCI_RANKING_H */

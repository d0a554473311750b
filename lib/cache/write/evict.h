/* SPDX-License-Identifier: MIT */
/*
 * evict.h - evicting what a policy chooses, wherever it lies.
 */
#ifndef BCI_EVICT_H
#define BCI_EVICT_H

#include "candidate.h"

/* What came of it. */
struct bci_evicted {
	uint64_t bytes, segments;                 /* all that went */
	uint64_t demoted_bytes, demoted_segments; /* those of them packed */
};

static inline void
bci_evicted_add(struct bci_evicted *evicted, const struct bci_locator *locator,
                bool demoted)
{
	evicted->segments++;
	evicted->bytes += locator->bytes;
	evicted->demoted_segments += demoted;
	evicted->demoted_bytes += demoted ? locator->bytes : 0;
}

/* What is to be evicted. */
struct bci_eviction {
	struct bci_meant meant; /* if entries, none is packed instead */
	enum bc_policy policy;  /* an ordered one chooses as lru */
	uint64_t bytes;         /* until so many are gone, */
	uint64_t segments;      /* and so many segments, but */
	uint64_t most;          /* no more than these; 0: no limit */
};

/*
 * Evict as part of a commit.  Where there are few entries all of them are
 * ranked; else it takes time in proportion to what goes, and the victims are
 * about those that a ranking would give.  BC_OK, also if there was less to
 * evict.
 */
enum bc_status bci_evict(struct bci_writer *writer,
                         const struct bci_eviction *eviction,
                         struct bci_evicted *evicted, struct bc_error *err);

/*
 * Evict entries until there is room for so many more; BC_ENTRIES if there is
 * none.  An entry may lie in any number of arenas, of both classes, or in none:
 * so policies that go by arenas choose as lru here, too.
 */
enum bc_status bci_evict_entries(struct bci_writer *writer, uint64_t more,
                                 struct bc_error *err);

/*
 * Evict a segment that was chosen as 'candidate', unless it was accessed since,
 * or is pinned now: BC_MISS.
 */
enum bc_status bci_evict_chosen(struct bci_writer *writer,
                                const struct bci_meant *meant,
                                const struct bci_spot *spot,
                                const struct bci_candidate *candidate,
                                struct bci_evicted *evicted,
                                struct bc_error *err);

#endif /* BCI_EVICT_H */

/* SPDX-License-Identifier: MIT */
/*
 * candidate.h - what may be evicted: segments, and what a policy has to know of
 * them.
 */
#ifndef BCI_CANDIDATE_H
#define BCI_CANDIDATE_H

#include "policy.h"
#include "writer.h"

/* Which of all. */
struct bci_meant {
	enum bci_arena_class class_; /* values in entry records are warm */
	bool inlined;                /* only what lies in entry records */
	bool entries;                /* all entries, each as a whole */
};

/* The way back to a segment, or to where a walk over all of them goes on. */
struct bci_spot {
	int64_t last_ns; /* of a series: not before; else INT64_MIN */
	uint16_t key_bytes;
	char key[BC_KEY_MAX];
};

/*
 * Called for each segment that is meant, with the way back to it; a locator
 * without bytes stands for a series as a whole, or for one that is nothing but
 * its record.  BC_OK goes on, BC_BUSY ends the walk, an error fails it.
 */
typedef enum bc_status bci_candidate_visit(void *context,
                                           const struct bci_candidate *found,
                                           const struct bci_locator *locator,
                                           const struct bci_spot *spot);

/*
 * Walk from *spot on, which goes along: the segment for which 'visit' ended the
 * walk was passed.  BC_MISS at the end of all, else what 'visit' said; BC_IO,
 * BC_CORRUPT.  'visit' changes nothing in the catalogue.
 */
enum bc_status bci_candidate_walk(struct bci_writer *writer,
                                  const struct bci_meant *meant,
                                  struct bci_spot *spot,
                                  bci_candidate_visit *visit, void *context,
                                  struct bc_error *err);

/* The spot before all. */
void bci_spot_first(struct bci_spot *spot);

/*
 * Find the segment at a spot again.  BC_MISS if it may not go as it was chosen:
 * it is not there any more, is another, or somebody accessed it since.
 */
enum bc_status bci_candidate_find(struct bci_writer *writer,
                                  const struct bci_meant *meant,
                                  const struct bci_spot *spot,
                                  const struct bci_candidate *chosen,
                                  struct bci_locator *locator);

/* What a policy has to know of a segment of an entry. */
void bci_candidate_make(struct bci_writer *writer, const char *key,
                        size_t key_bytes, const struct bci_entry *entry,
                        const struct bci_locator *locator,
                        struct bci_candidate *out);

#endif /* BCI_CANDIDATE_H */

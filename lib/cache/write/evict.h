/* SPDX-License-Identifier: MIT */
/*
 * evict.h - evicting what a policy chooses, wherever it lies.
 */
#ifndef BCI_EVICT_H
#define BCI_EVICT_H

#include "policy.h"
#include "writer.h"

/* What is to be evicted. */
struct bci_eviction {
	enum bc_policy policy;
	enum bci_arena_class class_; /* values in entry records are warm */
	bool inlined;          /* only what lies in entry records */
	uint64_t target_bytes; /* that may stay */
	uint64_t entries;      /* or so many entries of any tier, whatever their
	                        * bytes; none is packed instead */
	size_t most;           /* segments, at the most; 0: no limit */
	bool dry;              /* only say what would go */
	/* Results. */
	uint64_t evicted_bytes, evicted_segments; /* all that were chosen */
	uint64_t demoted_bytes, demoted_segments; /* those of them packed */
};

/*
 * Walk all entries, let the policy choose, and drop what it chose.  BC_OK, also
 * if there was less to evict.
 */
enum bc_status bci_evict(struct bci_writer *writer,
                         struct bci_eviction *eviction, struct bc_error *err);

/* What a policy has to know of a segment of an entry. */
void bci_candidate_make(struct bci_writer *writer, const char *key,
                        size_t key_bytes, const struct bci_entry *entry,
                        const struct bci_locator *locator,
                        struct bci_candidate *out);

#endif /* BCI_EVICT_H */

/* SPDX-License-Identifier: MIT */
/*
 * evict.c - evicting what a policy chooses, wherever it lies.
 */
#include "common.h"

#include "error.h"
#include "evict.h"
#include "patrol.h"
#include "pool.h"
#include "ranking.h"
#include "victim.h"

enum bc_status
bci_evict_chosen(struct bci_writer *writer, const struct bci_meant *meant,
                 const struct bci_spot *spot,
                 const struct bci_candidate *candidate,
                 struct bci_evicted *evicted, struct bc_error *err)
{
	const uint64_t *demotions = &writer->counted[BCI_COUNT_DEMOTIONS];
	uint64_t before = *demotions;
	struct bci_locator locator;
	enum bc_status status =
		bci_candidate_find(writer, meant, spot, candidate, &locator);

	if (status == BC_OK)
		status = bci_victim_drop(writer, spot->key, spot->key_bytes,
		                         &locator, !meant->entries, err);
	if (status == BC_OK)
		bci_evicted_add(evicted, &locator, *demotions != before);
	return status;
}

/* Rank all of them. */
static enum bc_status
evict_exactly(struct bci_writer *writer, const struct bci_eviction *eviction,
              struct bci_evicted *evicted, struct bc_error *err)
{
	struct bci_ranking ranking = { .count = 0 };
	enum bc_status status;

	bci_ranking_begin(&ranking, &eviction->meant, eviction->policy);
	status = bci_ranking_walk(&ranking, writer, 0, err);
	if (status == BC_OK) {
		bci_ranking_choose(&ranking, eviction->bytes,
		                   eviction->segments, writer->now_ns);
		if (eviction->most != 0)
			ranking.chosen =
				(size_t)bci_min(ranking.chosen, eviction->most);
		status = bci_ranking_drop(&ranking, writer, 0, evicted, err);
	}
	bci_ranking_free(&ranking, &writer->env->allocator);
	return status;
}

enum bc_status
bci_evict(struct bci_writer *writer, const struct bci_eviction *eviction,
          struct bci_evicted *evicted, struct bc_error *err)
{
	const struct bci_state_record *state = &writer->state;
	struct bci_eviction by = *eviction;

	*evicted = (struct bci_evicted){ 0 };
	if (bci_policy_is_ordered(by.policy))
		by.policy = BC_POLICY_LRU;
	if (bci_max(state->entries, state->segments) <= BCI_POOL_EXACT)
		return evict_exactly(writer, &by, evicted, err);
	return bci_patrol_evict(writer, &by, evicted, err);
}

enum bc_status
bci_evict_entries(struct bci_writer *writer, uint64_t more,
                  struct bc_error *err)
{
	const uint64_t *entries = &writer->state.entries;
	uint64_t most = writer->config.entries_max;
	struct bci_eviction eviction = {
		.meant = { .entries = true },
		.policy = (enum bc_policy)writer->config.policy,
	};
	struct bci_evicted evicted;
	enum bc_status status = BC_OK;

	if (*entries + more <= most)
		return BC_OK;
	eviction.segments = *entries + more - most;
	if (more <= most)
		status = bci_evict(writer, &eviction, &evicted, err);
	if (status != BC_OK || *entries + more <= most)
		return status;
	return bci_fail(err, BC_ENTRIES,
	                "the cache holds %llu of at most %llu entries, and no "
	                "other may go",
	                (unsigned long long)*entries, (unsigned long long)most);
}

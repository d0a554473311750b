/* SPDX-License-Identifier: MIT */
/*
 * ranking.c - all that may be evicted, ranked as a policy says.
 *
 * One walk collects what the policy has to know and the way back to each
 * segment, about 110 bytes; then it chooses, and what it chose goes one by one.
 * In between the cache may be changed by others: of what was accessed or
 * replaced since, nothing goes.
 */
#include "common.h"

#include "alloc.h"
#include "clock.h"
#include "error.h"
#include "ranking.h"
#include "victim.h"

/* The clock is looked at after so many. */
#define CLOCK_STEP 64u

/* A spot as it is kept: the time, the length of the key, the key. */
#define SPOT_HEAD (sizeof(int64_t) + sizeof(uint16_t))

void
bci_ranking_begin(struct bci_ranking *ranking, const struct bci_meant *meant,
                  enum bc_policy policy)
{
	ranking->meant = *meant;
	ranking->policy = policy;
	ranking->begun = true;
	ranking->ended = false;
	ranking->count = ranking->chosen = ranking->next = 0;
	ranking->spots_used = 0;
	bci_spot_first(&ranking->spot);
}

void
bci_ranking_free(struct bci_ranking *ranking,
                 const struct bc_allocator *allocator)
{
	bci_free(allocator, ranking->candidates);
	bci_free(allocator, ranking->spots);
	*ranking = (struct bci_ranking){ .count = 0 };
}

/* ---- collecting -------------------------------------------------------- */

struct ranking_walk {
	struct bci_ranking *ranking;
	struct bci_writer *writer;
	int64_t until_ns;
	unsigned steps;
};

static bool
ranking_grow(struct bci_ranking *ranking, const struct bc_allocator *allocator,
             size_t spot_bytes)
{
	void *grown;

	if (ranking->count == ranking->room) {
		size_t room = 2 * ranking->room + 64;

		grown = bci_regrow(allocator, ranking->candidates,
		                   ranking->count, room,
		                   sizeof(*ranking->candidates));
		if (grown == NULL)
			return false;
		ranking->candidates = grown;
		ranking->room = room;
	}
	if (spot_bytes > ranking->spots_room - ranking->spots_used) {
		size_t room = 2 * ranking->spots_room + 4096;

		grown = bci_regrow(allocator, ranking->spots,
		                   ranking->spots_used, room, 1);
		if (grown == NULL)
			return false;
		ranking->spots = grown;
		ranking->spots_room = room;
	}
	return true;
}

/* Where it lies says when it goes: by its queue, there by its place. */
static void
ranking_place(struct bci_writer *writer, const struct bci_locator *locator,
              struct bci_candidate *candidate)
{
	struct bci_arena_record arena;

	if (locator->arena == 0) {
		candidate->queue = BCI_QUEUES;
		return;
	}
	candidate->order = bci_segment_id(locator, 0);
	if (bci_writer_arena(writer, locator->arena, &arena) == BC_OK)
		candidate->queue = arena.queue % BCI_QUEUES;
}

static enum bc_status
ranking_collect(void *context, const struct bci_candidate *found,
                const struct bci_locator *locator, const struct bci_spot *spot)
{
	struct ranking_walk *walk = context;
	struct bci_ranking *ranking = walk->ranking;
	struct bci_candidate *candidate;
	char *to;

	if (!ranking_grow(ranking, &walk->writer->env->allocator,
	                  SPOT_HEAD + spot->key_bytes))
		return BC_NOMEM;
	candidate = &ranking->candidates[ranking->count++];
	*candidate = *found;
	candidate->id = ranking->spots_used;
	if (bci_policy_is_ordered(ranking->policy))
		ranking_place(walk->writer, locator, candidate);
	to = ranking->spots + ranking->spots_used;
	memcpy(to, &spot->last_ns, sizeof(spot->last_ns));
	memcpy(to + sizeof(spot->last_ns), &spot->key_bytes,
	       sizeof(spot->key_bytes));
	memcpy(to + SPOT_HEAD, spot->key, spot->key_bytes);
	ranking->spots_used += SPOT_HEAD + spot->key_bytes;
	if (walk->until_ns != 0 && ++walk->steps % CLOCK_STEP == 0 &&
	    bci_clock_monotonic_ns() >= walk->until_ns)
		return BC_BUSY;
	return BC_OK;
}

enum bc_status
bci_ranking_walk(struct bci_ranking *ranking, struct bci_writer *writer,
                 int64_t until_ns, struct bc_error *err)
{
	struct ranking_walk walk = { ranking, writer, until_ns, 0 };
	enum bc_status status =
		bci_candidate_walk(writer, &ranking->meant, &ranking->spot,
	                           ranking_collect, &walk, err);

	ranking->ended = status == BC_MISS;
	if (status == BC_MISS || status == BC_BUSY)
		return BC_OK;
	return bci_fail(err, status, "cannot rank the entries: %s",
	                bc_strerror(status));
}

/* ---- choosing ---------------------------------------------------------- */

/* Choose more of those that were not chosen; returns how many. */
static size_t
ranking_choose(struct bci_ranking *ranking, uint64_t bytes, int64_t now_ns)
{
	struct bci_choice choice = {
		.used_bytes = bytes,
		.target_bytes = 0,
		.now_ns = now_ns,
	};
	size_t more;

	if (ranking->chosen == ranking->count)
		return 0; /* If none was found, there is no array either. */
	choice.candidates = ranking->candidates + ranking->chosen;
	choice.count = ranking->count - ranking->chosen;
	more = bci_policy_choose(ranking->policy, &choice);
	ranking->chosen += more;
	return more;
}

void
bci_ranking_choose(struct bci_ranking *ranking, uint64_t bytes,
                   uint64_t segments, int64_t now_ns)
{
	(void)ranking_choose(ranking, bytes, now_ns);
	/* By number, not by bytes: one more until there are enough. */
	while (ranking->chosen < segments) {
		if (ranking_choose(ranking, 1, now_ns) == 0)
			break;
	}
}

/* ---- dropping ---------------------------------------------------------- */

static void
ranking_spot(const struct bci_ranking *ranking, uint64_t id,
             struct bci_spot *spot)
{
	const char *from = ranking->spots + id;

	memcpy(&spot->last_ns, from, sizeof(spot->last_ns));
	memcpy(&spot->key_bytes, from + sizeof(spot->last_ns),
	       sizeof(spot->key_bytes));
	memcpy(spot->key, from + SPOT_HEAD, spot->key_bytes);
}

/* Remember as the policy does what did not stay for long. */
static void
ranking_note(const struct bci_ranking *ranking, struct bci_writer *writer,
             const struct bci_candidate *candidate)
{
	struct bci_history *history = bci_writer_history(writer);

	if (history != NULL && bci_policy_is_ordered(ranking->policy) &&
	    candidate->queue != BCI_MAIN && candidate->queue < BCI_QUEUES)
		bci_history_note(history, candidate->key,
		                 candidate->accessed_ns);
}

enum bc_status
bci_ranking_drop(struct bci_ranking *ranking, struct bci_writer *writer,
                 int64_t until_ns, struct bci_evicted *evicted,
                 struct bc_error *err)
{
	while (ranking->next < ranking->chosen) {
		const struct bci_candidate *candidate =
			&ranking->candidates[ranking->next++];
		struct bci_spot spot;
		enum bc_status status;

		ranking_spot(ranking, candidate->id, &spot);
		status = bci_evict_chosen(writer, &ranking->meant, &spot,
		                          candidate, evicted, err);
		if (status == BC_OK)
			ranking_note(ranking, writer, candidate);
		else if (status != BC_MISS)
			return status;
		if (until_ns != 0 && bci_clock_monotonic_ns() >= until_ns)
			break;
	}
	return BC_OK;
}

enum bc_status
bci_ranking_rehearse(struct bci_ranking *ranking, struct bci_writer *writer,
                     int64_t until_ns, struct bci_evicted *evicted,
                     uint64_t *packed_bytes, struct bc_error *err)
{
	while (ranking->next < ranking->chosen) {
		const struct bci_candidate *candidate =
			&ranking->candidates[ranking->next++];
		struct bci_locator locator;
		struct bci_spot spot;
		uint64_t bytes = 0;

		ranking_spot(ranking, candidate->id, &spot);
		if (bci_candidate_find(writer, &ranking->meant, &spot,
		                       candidate, &locator) != BC_OK)
			continue;
		bci_evicted_add(evicted, &locator,
		                bci_victim_packs(writer, spot.key,
		                                 spot.key_bytes, &locator,
		                                 &bytes, err) == BC_OK);
		*packed_bytes += bytes;
		if (bci_clock_monotonic_ns() >= until_ns)
			break;
	}
	return BC_OK;
}

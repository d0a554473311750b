/* SPDX-License-Identifier: MIT */
/*
 * shrink.c - evicting down to a target ahead of time.
 *
 * Here nobody waits for the whole, so all entries are ranked, and what goes is
 * exactly what the policy names.  All are walked once, in steps after each of
 * which the writer lock is given back; so are the steps that drop what was
 * chosen.
 */
#include "common.h"

#include "clock.h"
#include "error.h"
#include "ranking.h"
#include "shrink.h"
#include "victim.h"

struct shrink {
	enum bci_arena_class class_;
	struct bci_ranking ranking;
	struct bci_evicted evicted; /* in this turn */
	uint64_t packed_bytes;      /* of a rehearsal: these would come */
	uint64_t surplus_bytes;     /* when all were seen, and then */
	int64_t now_ns;
};

/* What is live beyond what may stay. */
static uint64_t
shrink_surplus(const struct bci_compact *compact,
               const struct bci_writer *writer, const struct shrink *shrink)
{
	const struct bc_compact_options *options = compact->options;
	const struct bci_config_record *config = &writer->config;
	const struct bci_state_record *state = &writer->state;
	bool cold = shrink->class_ == BCI_ARENA_COLD;
	uint64_t live =
		cold ? bci_min(state->live_cold_bytes, state->live_bytes) +
				shrink->packed_bytes
		     : bci_state_live_warm(state);
	uint64_t target = (cold ? config->cold_bytes : config->warm_bytes) /
	                  100 * bci_config_low_percent(config);

	if ((options->flags &
	     (cold ? BC_COMPACT_COLD_TARGET : BC_COMPACT_TARGET)) != 0)
		target = cold ? options->cold_target_bytes
		              : options->target_bytes;
	/* With 0 that goes, too, which takes no room of its own. */
	if (target == 0)
		return UINT64_MAX;
	return live > target ? live - target : 0;
}

static enum bc_status
shrink_rank(struct bci_compact *compact, struct bci_writer *writer,
            void *context, bool *more, struct bc_error *err)
{
	const struct bc_compact_options *options = compact->options;
	struct shrink *shrink = context;
	struct bci_ranking *ranking = &shrink->ranking;
	const struct bci_meant meant = { .class_ = shrink->class_ };
	uint64_t bytes = shrink_surplus(compact, writer, shrink);
	enum bc_status status;

	if (bytes == 0)
		return BC_MISS;
	if (!ranking->begun)
		bci_ranking_begin(
			ranking, &meant,
			options->policy != BC_POLICY_DEFAULT
				? options->policy
				: (enum bc_policy)writer->config.policy);
	status = bci_ranking_walk(
		ranking, writer, bci_clock_monotonic_ns() + BCI_COMPACT_STEP_NS,
		err);
	if (status != BC_OK)
		return status;
	*more = !ranking->ended;
	shrink->surplus_bytes = bytes;
	shrink->now_ns = writer->now_ns;
	return BC_MISS;
}

static enum bc_status
shrink_drop(struct bci_compact *compact, struct bci_writer *writer,
            void *context, bool *more, struct bc_error *err)
{
	struct shrink *shrink = context;
	struct bci_ranking *ranking = &shrink->ranking;
	struct bc_compact_report *report = &compact->report;
	int64_t until_ns = bci_clock_monotonic_ns() + BCI_COMPACT_STEP_NS;
	struct bci_evicted evicted = { 0 };
	enum bc_status status =
		compact->dry ? bci_ranking_rehearse(ranking, writer, until_ns,
	                                            &evicted,
	                                            &shrink->packed_bytes, err)
			     : bci_ranking_drop(ranking, writer, until_ns,
	                                        &evicted, err);

	if (status != BC_OK)
		return status;
	*more = ranking->next < ranking->chosen;
	report->evicted += evicted.segments - evicted.demoted_segments;
	report->evicted_bytes += evicted.bytes - evicted.demoted_bytes;
	report->demoted += evicted.demoted_segments;
	report->demoted_bytes += evicted.demoted_bytes;
	shrink->evicted.segments += evicted.segments;
	return evicted.segments == 0 ? BC_MISS : BC_OK;
}

/* Rank all, choose while nobody has to wait for it, and drop. */
static enum bc_status
shrink_turn(struct bci_compact *compact, struct shrink *shrink)
{
	struct bci_ranking *ranking = &shrink->ranking;
	enum bc_status status =
		bci_compact_repeat(compact, "evict", shrink_rank, shrink);

	shrink->evicted.segments = 0;
	if (status != BC_OK || !ranking->ended)
		return status;
	bci_ranking_choose(ranking, shrink->surplus_bytes, 0, shrink->now_ns);
	return ranking->chosen == 0 ? BC_OK
	                            : bci_compact_repeat(compact, "evict",
	                                                 shrink_drop, shrink);
}

/* What was accessed while it was ranked stays, and others may have to go. */
static enum bc_status
shrink_class(struct bci_compact *compact, struct shrink *shrink)
{
	const struct bc_allocator *allocator = &compact->cache->allocator;
	enum bc_status status;

	do {
		status = shrink_turn(compact, shrink);
		bci_ranking_free(&shrink->ranking, allocator);
	} while (status == BC_OK && shrink->evicted.segments != 0 &&
	         !compact->dry && !compact->ended);
	return status;
}

enum bc_status
bci_shrink_run(struct bci_compact *compact)
{
	struct shrink shrink = { .class_ = BCI_ARENA_WARM };
	enum bc_status status = shrink_class(compact, &shrink);

	shrink.class_ = BCI_ARENA_COLD;
	return status != BC_OK ? status : shrink_class(compact, &shrink);
}

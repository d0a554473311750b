/* SPDX-License-Identifier: MIT */
/*
 * tally.c - samples of times, and what a process notes of itself for others to
 * see: arenas mapped, arenas that only its views keep, views held.
 *
 * A row says what was so when it was noted.  Who does nothing notes nothing, so
 * `health` asks the kernel as well (see process.c).
 */
#include "common.h"

#include "tally.h"

void
bci_tally_add(struct bci_env *env, enum bci_counter counter, uint64_t amount)
{
	struct bci_lane *lane = bci_lane_take(env);

	bci_count(&env->ledger, lane->index, counter, amount);
	bci_lane_give(lane);
}

/* The time of 'since' of something that is so or not, now that it is. */
static void
tally_since(atomic_llong *since_ns, bool is, int64_t now_ns)
{
	if (!is)
		atomic_store(since_ns, 0);
	else if (atomic_load(since_ns) == 0)
		atomic_store(since_ns, now_ns);
}

void
bci_tally_note(struct bci_env *env, int64_t now_ns)
{
	struct bci_row *row = env->ledger.row;
	struct bci_survey survey;

	if (row == NULL || !bci_maps_survey(&env->maps, &survey))
		return;
	atomic_store(&row->mapped_bytes, survey.mapped_bytes);
	atomic_store(&row->limbo_bytes, survey.limbo_bytes);
	atomic_store(&row->views, survey.pins);
	tally_since(&row->limbo_since_ns, survey.limbo_bytes != 0, now_ns);
	tally_since(&row->views_since_ns, survey.pins != 0, now_ns);
	atomic_store(&row->noted_ns, now_ns);
}

void
bci_tally_sample(struct bci_env *env, enum bc_op op, int64_t begun_ns,
                 int64_t now_ns)
{
	struct bci_ledger *ledger = &env->ledger;
	int64_t age = now_ns - atomic_load(&ledger->row->noted_ns);

	bci_ledger_time(ledger, op, bci_clock_monotonic_ns() - begun_ns);
	if (age >= BCI_SECOND_NS || age < 0) /* A clock set back is due. */
		bci_tally_note(env, now_ns);
}

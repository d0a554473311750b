/* SPDX-License-Identifier: MIT */
/*
 * test_crash.c - what a power cut may leave, by thousands of states.
 *
 * crash/history.h says what must hold, crash/disk.h how a state comes about.
 * BARCACHE_SEED repeats a run.
 */
#include "crash/cut.h"

#include "fault/lab.h"

#define STEPS 60
#define STATES 100 /* of a history */
#define CREATION_STATES 400

static void
cut_some(enum bc_durability durability, uint64_t steps, uint64_t states,
         struct cut_totals *totals)
{
	struct cut_plan plan = {
		.medium = &cut_files,
		.durability = durability,
		.steps = steps,
		.states = lab_part(states, states),
	};

	for (unsigned i = 0; i < 2; i++) {
		plan.seed = lab_next();
		assert_int_equal(cut_history(&plan, totals), 0);
		if (lab_is_on())
			break; /* It comes again. */
	}
	lab_trials(totals->states);
	assert_int_equal(totals->failures, 0);
}

/* Static: over all rounds of a run. */
#define CUT(durability, steps, each)                                           \
	do {                                                                   \
		static struct cut_totals all;                                  \
		struct cut_totals totals = { .states = 0 };                    \
                                                                               \
		(void)state;                                                   \
		cut_some(durability, steps, each, &totals);                    \
		cut_tell(&all, &totals);                                       \
	} while (0)

/* Say what became of states that no disk leaves. */
static void
cut_tell(struct cut_totals *all, const struct cut_totals *some)
{
	uint64_t bad = 0;

	all->fine += some->fine;
	for (unsigned i = 0; i < HISTORY_VERDICTS; i++)
		all->found[1][i] += some->found[1][i];
	for (unsigned i = 1; i < HISTORY_VERDICTS; i++)
		bad += all->found[1][i];
	lab_note("%d torn at 8 bytes: %d detected, 0 wrong bytes",
	         (int)all->fine, (int)bad);
}

static void
durable_loses_nothing(void **state)
{
	CUT(BC_DURABLE, STEPS, STATES);
}

static void
relaxed_loses_what_is_newer_than_the_last_sync(void **state)
{
	CUT(BC_RELAXED, STEPS, STATES);
}

/* States of one history that was found to matter. */
static void
relaxed_history(uint64_t seed)
{
	struct cut_totals totals = { .states = 0 };
	const struct cut_plan plan = {
		.medium = &cut_files,
		.seed = seed,
		.durability = BC_RELAXED,
		.steps = STEPS,
		.states = 200,
	};

	assert_int_equal(cut_history(&plan, &totals), 0);
	lab_trials(totals.states);
	assert_int_equal(totals.failures, 0);
}

/* A history in which LMDB uses a page of its own in front of rows that were
 * synced, and these are packed then. */
static void
what_was_synced_stays_safe_where_pages_are_used_again(void **state)
{
	(void)state;
	relaxed_history(UINT64_C(3546327755839679996));
}

/* A history in which the end of an arena is lost, and what was synced before it
 * is moved to another. */
static void
what_was_synced_is_moved_from_an_arena_that_was_cut(void **state)
{
	(void)state;
	relaxed_history(UINT64_C(10675438917899432702));
}

static void
scratch_is_discarded(void **state)
{
	CUT(BC_SCRATCH, STEPS, STATES);
}

/* Few names, many moments: that of each name is met. */
static void
creation_leaves_no_trap(void **state)
{
	CUT(BC_DURABLE, 1, CREATION_STATES);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(durable_loses_nothing),
		cmocka_unit_test(
			relaxed_loses_what_is_newer_than_the_last_sync),
		cmocka_unit_test(
			what_was_synced_stays_safe_where_pages_are_used_again),
		cmocka_unit_test(
			what_was_synced_is_moved_from_an_arena_that_was_cut),
		cmocka_unit_test(scratch_is_discarded),
		cmocka_unit_test(creation_leaves_no_trap),
	};

	return LAB_MAIN(argc, argv, "crash", tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * cut.h - crash states of a recorded history, made and checked.
 *
 * Environment: BARCACHE_HISTORY and BARCACHE_STATE, as a failure prints them,
 * repeat one state of one history and say in words what is wrong.
 */
#ifndef BARCACHE_CRASH_CUT_H
#define BARCACHE_CRASH_CUT_H

#include "crash/history.h"

#define CUT_STATES 1024

struct cut_plan {
	uint64_t seed; /* of the history */
	enum bc_durability durability;
	uint64_t steps;
	uint64_t states; /* at most CUT_STATES */
};

struct cut_totals {
	uint64_t states, failures;
	/*
	 * Of the states those torn within 512 bytes, which a disk does not do:
	 * they must never show wrong bytes, and may do everything else.
	 */
	uint64_t fine;
	uint64_t found[2][HISTORY_VERDICTS]; /* of the others, of those */
};

/* Record one history, cut it at so many moments; adds to the totals. */
void cut_history(const struct cut_plan *plan, struct cut_totals *totals);

#endif /* BARCACHE_CRASH_CUT_H */

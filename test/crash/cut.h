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

struct disk_trace;

/* Where a history is recorded and what a power cut leaves is looked at. */
struct cut_medium {
	/*
	 * In a child: go through the history, with the trace to 'trace_fd'.
	 * Ends the child with TEST_CHILD_SKIPPED, having said why on standard
	 * error, where that cannot be done.
	 */
	void (*record)(const struct history *history,
	               const struct test_dir *dir, int trace_fd);
	void (*begin)(void); /* in a child that looks at states */
	/* How many records come before the power can be cut. */
	size_t (*first)(const struct disk_trace *trace);
	/* After a state was written to dir->path, and before the next. */
	bool (*arrive)(const struct test_dir *dir);
	void (*leave)(const struct test_dir *dir);
	/* In between: history_check(), or more than that. */
	enum history_verdict (*check)(const struct history *history,
	                              const struct history_seen *seen,
	                              const char *path, FILE *out);
	bool whole;        /* pages are not torn */
	const char *cache; /* its path below dir->path */
};

/* Files: their calls are recorded, and a state is their content. */
extern const struct cut_medium cut_files;

struct cut_plan {
	const struct cut_medium *medium;
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

/*
 * Record one history, cut it at so many moments; adds to the totals.  Returns
 * the exit code of the child that recorded it, 0 if all is well.
 */
int cut_history(const struct cut_plan *plan, struct cut_totals *totals);

#endif /* BARCACHE_CRASH_CUT_H */

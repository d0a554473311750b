/* SPDX-License-Identifier: MIT */
/*
 * lab.h - a test program as a scenario of the fault laboratory.
 *
 * By itself such a program is a test as any other and does as many trials as
 * take a few seconds.  The laboratory (fault/lab) runs it with BARCACHE_LAB,
 * the name of a scenario, set: then it does BARCACHE_TRIALS trials, or as many
 * as fit into BARCACHE_SECONDS, but one at least, runs its tests again and
 * again until it has them, and reports in one line:
 *
 *     lab NAME TRIALS FAILURES SEED SECONDS [NOTE]
 *
 * or "lab NAME skipped REASON".  A first argument chooses tests by pattern.
 * BARCACHE_SEED repeats a run.
 */
#ifndef BARCACHE_FAULT_LAB_H
#define BARCACHE_FAULT_LAB_H

#include "support.h"

/* The whole of main(): its exit code. */
int lab_main(int argc, char **argv, const char *name,
             const struct CMUnitTest *tests, size_t count);

#define LAB_MAIN(argc, argv, name, tests)                                      \
	lab_main(argc, argv, name, tests, sizeof(tests) / sizeof(*(tests)))

/* The seed of the run, and random words that follow from it. */
uint64_t lab_seed(void);
uint64_t lab_next(void);

/*
 * How many trials to do, up to the 'usual' ones of a test, where all chosen
 * tests together do 'all' of them in a run.  By itself: TEST_TRIALS(usual).
 */
uint64_t lab_part(uint64_t usual, uint64_t all);

/*
 * How far to the next place of sweeps over 'all' places, by chance: up to
 * 'usual', three times that with a sanitizer, or so that about as many are met
 * as trials are wanted.
 */
uint64_t lab_step(uint64_t usual, uint64_t all);

/* Whether the laboratory runs it. */
bool lab_is_on(void);

/*
 * Whether there is time for another trial; true for one by itself, and for the
 * first one: a slow machine does few trials, but never none.
 */
bool lab_in_time(void);

/* The monotonic clock, in seconds. */
double lab_now(void);

/* How many seconds a run is to take; 'usual' by itself. */
double lab_seconds(double usual);

/* So many trials were done; what fails ends the test and is counted there. */
void lab_trials(uint64_t count);

/* What the report ends with; the last one counts.  printf's rules. */
__attribute__((format(printf, 1, 2))) void lab_note(const char *format, ...);

/* Nothing can be tried here, for this reason: the tests call skip(), too. */
void lab_skip(const char *reason);

#endif /* BARCACHE_FAULT_LAB_H */

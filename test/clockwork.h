/* SPDX-License-Identifier: MIT */
/*
 * clockwork.h - the clocks of a test: set, moved, or left to go on.
 *
 * clockwork.c stands in front of clock_gettime() of the C library for the test
 * that it is linked into.
 */
#ifndef BARCACHE_TEST_CLOCKWORK_H
#define BARCACHE_TEST_CLOCKWORK_H

#include <stdint.h>

/* Let time go on so much: every clock. */
void clockwork_pass(int64_t ns);

/* Set the wall clock so much ahead, or back: no other clock. */
void clockwork_set(int64_t ns);

/* Set it to that moment. */
void clockwork_at(int64_t wall_ns);

/* Begin the monotonic clock anew, near 0; time since the boot goes on. */
void clockwork_reset_monotonic(void);

/* As if the machine had been switched on so long ago, for all clocks but the
 * wall clock. */
void clockwork_boot(int64_t ns);

/* All as it is. */
void clockwork_true(void);

#endif /* BARCACHE_TEST_CLOCKWORK_H */

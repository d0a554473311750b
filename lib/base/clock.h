/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the only place that asks what time it is.
 */
#ifndef BCI_CLOCK_H
#define BCI_CLOCK_H

#include "common.h"

#define BCI_SECOND_NS INT64_C(1000000000)

/* Wall clock, ns since 1970 UTC; the coarse one is a few ms late and cheap. */
int64_t bci_clock_wall_ns(void);
int64_t bci_clock_coarse_ns(void);

/* Monotonic clock for deadlines, ns. */
int64_t bci_clock_monotonic_ns(void);

/* Since the boot, with the time that the machine slept, ns. */
int64_t bci_clock_boot_ns(void);

/* Sleep for 'ns' nanoseconds, or less if a signal comes. */
void bci_clock_sleep_ns(int64_t ns);

#endif /* BCI_CLOCK_H */

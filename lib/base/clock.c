/* SPDX-License-Identifier: MIT */
/*
 * clock.c - wall time, coarse wall time for access stamps, monotonic time for
 * deadlines, time since the boot to judge the wall clock by.
 */
#include "common.h"

#include <time.h>

#include "clock.h"

static int64_t
clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * BCI_SECOND_NS + now.tv_nsec;
}

int64_t
bci_clock_wall_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t
bci_clock_coarse_ns(void)
{
	return clock_read(CLOCK_REALTIME_COARSE);
}

int64_t
bci_clock_monotonic_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t
bci_clock_boot_ns(void)
{
	return clock_read(CLOCK_BOOTTIME);
}

void
bci_clock_sleep_ns(int64_t ns)
{
	struct timespec pause = {
		.tv_sec = ns / BCI_SECOND_NS,
		.tv_nsec = ns % BCI_SECOND_NS,
	};

	nanosleep(&pause, NULL);
}

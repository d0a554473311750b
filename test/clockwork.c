/* SPDX-License-Identifier: MIT */
/*
 * clockwork.c - the clocks of clockwork.h, by way of the system call.
 */
#include "support.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clockwork.h"

#define SECOND_NS INT64_C(1000000000)

static _Atomic int64_t wall_ns, monotonic_ns, boot_ns;

static int64_t
clockwork_read(clockid_t clock)
{
	clockid_t exact =
		clock == CLOCK_REALTIME_COARSE ? CLOCK_REALTIME : clock;
	struct timespec now = { 0, 0 };

	(void)syscall(SYS_clock_gettime, exact, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* How much a clock is moved. */
static int64_t
clockwork_shift(clockid_t clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		return wall_ns;
	case CLOCK_BOOTTIME:
		return boot_ns;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
		return monotonic_ns;
	default:
		return 0;
	}
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int64_t ns = clockwork_read(clock) + clockwork_shift(clock);

	now->tv_sec = ns / SECOND_NS;
	now->tv_nsec = ns % SECOND_NS;
	return 0;
}

void
clockwork_pass(int64_t ns)
{
	wall_ns += ns;
	boot_ns += ns;
}

void
clockwork_set(int64_t ns)
{
	wall_ns += ns;
}

void
clockwork_at(int64_t ns)
{
	wall_ns = ns - clockwork_read(CLOCK_REALTIME);
}

void
clockwork_reset_monotonic(void)
{
	monotonic_ns = -clockwork_read(CLOCK_MONOTONIC);
}

void
clockwork_boot(int64_t ns)
{
	boot_ns = ns - clockwork_read(CLOCK_BOOTTIME);
}

void
clockwork_true(void)
{
	wall_ns = monotonic_ns = boot_ns = 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * tsan.c - pthread_mutex_clocklock() for builds with ThreadSanitizer, and for
 * those that valgrind runs.
 *
 * The run time of gcc 12 and clang 14, and helgrind, do not know that call, so
 * that every mutex taken through it looks unlocked.  This one goes by way of a
 * call that they do know.  The deadline then follows steps of the wall clock,
 * which is why the library itself does not do so.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define SECOND_NS 1000000000LL

static int64_t
tsan_ns(const struct timespec *time)
{
	return time->tv_sec * SECOND_NS + time->tv_nsec;
}

int
pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                        const struct timespec *deadline)
{
	struct timespec now, wall;
	int64_t until;

	clock_gettime(clock, &now);
	clock_gettime(CLOCK_REALTIME, &wall);
	until = tsan_ns(&wall) + tsan_ns(deadline) - tsan_ns(&now);
	wall.tv_sec = until / SECOND_NS;
	wall.tv_nsec = until % SECOND_NS;
	return pthread_mutex_timedlock(mutex, &wall);
}

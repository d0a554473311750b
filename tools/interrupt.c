/* SPDX-License-Identifier: MIT */
/*
 * interrupt.c - signals that end a run, told when it suits the run.
 *
 * They stay pending, so that one that comes between two looks is not missed.
 */
#include "interrupt.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

int
interrupt_open(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action;
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i)
		if (sigaction(numbers[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

bool
interrupt_wait(int signals, int ms)
{
	struct pollfd polled = { .fd = signals, .events = POLLIN };

	return poll(&polled, 1, ms) > 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * update_run.c - fetching many series at once.
 *
 * Threads take one series after the other, so that the ranges of one are
 * fetched in order of time.  The thread that began the run waits for their end,
 * shows how far they are and listens for signals, which are blocked elsewhere.
 */
#include "update.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"

/* How often progress is shown. */
#define RUN_SHOW_MS 200

/*
 * How long threads may take to end once interrupted.  Commands are ended by
 * then; a thread that still waits for another process has nothing to lose.
 */
#define RUN_GRACE_NS (5 * BCI_SECOND_NS)

/* Whether a failure to store says nothing about other series. */
static bool
run_may_go_on(const struct update_range *range)
{
	switch (range->error.status) {
	case BC_EXISTS:
	case BC_TOO_LARGE:
	case BC_INVALID:
	case BC_BARS:
	case BC_KEY:
	case BC_CORRUPT:
		return true;
	default:
		return !range->refused;
	}
}

/* Fetch one range and take note of it. */
static void
run_range(struct update *update, struct update_range *range)
{
	update_fetch(update, range);
	pthread_mutex_lock(&update->lock);
	++update->done;
	if (range->outcome == UPDATE_FAILED && update_is_cancelled(update)) {
		range->outcome = UPDATE_WAITS;
	} else {
		update->failed += range->outcome == UPDATE_FAILED;
		update->stopped |= range->outcome == UPDATE_FAILED &&
		                   !run_may_go_on(range);
		update_report_range(update, range);
	}
	pthread_mutex_unlock(&update->lock);
}

/* The next series that has ranges, or NULL; with the lock. */
static const struct update_key *
run_next(struct update *update)
{
	while (update->next_key < update->key_count) {
		const struct update_key *key =
			&update->keys[update->next_key++];

		if (key->count != 0)
			return key;
	}
	return NULL;
}

static bool
run_is_over(struct update *update)
{
	bool over;

	pthread_mutex_lock(&update->lock);
	over = update->stopped;
	pthread_mutex_unlock(&update->lock);
	return over || update_is_cancelled(update);
}

static void *
run_thread(void *context)
{
	struct update *update = context;
	const struct update_key *key;
	size_t i;

	for (;;) {
		pthread_mutex_lock(&update->lock);
		key = run_next(update);
		pthread_mutex_unlock(&update->lock);
		if (key == NULL)
			break;
		for (i = 0; i < key->count && !run_is_over(update); ++i)
			run_range(update, &update->ranges[key->first + i]);
	}
	pthread_mutex_lock(&update->lock);
	if (--update->working == 0)
		eventfd_write(update->ended, 1);
	pthread_mutex_unlock(&update->lock);
	return NULL;
}

/* Wait for the end of all threads; false if a signal came before. */
static bool
run_wait(struct update *update, int signals)
{
	struct pollfd polled[] = {
		{ .fd = update->ended, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	int64_t over_ns = INT64_MAX;

	while (polled[0].revents == 0) {
		poll(polled, 2, RUN_SHOW_MS);
		if (polled[1].revents != 0) {
			polled[1].fd = -1;
			eventfd_write(update->cancel, 1);
			over_ns = bci_clock_monotonic_ns() + RUN_GRACE_NS;
		}
		if (polled[0].revents == 0 &&
		    bci_clock_monotonic_ns() > over_ns) {
			fflush(stdout);
			_exit(TOOL_CANNOT);
		}
		pthread_mutex_lock(&update->lock);
		update_report_progress(update);
		pthread_mutex_unlock(&update->lock);
	}
	return over_ns == INT64_MAX;
}

bool
update_events_open(struct update *update)
{
	update->cancel = eventfd(0, EFD_CLOEXEC);
	update->ended = eventfd(0, EFD_CLOEXEC);
	if (update->cancel >= 0 && update->ended >= 0)
		return true;
	tool_say("cannot wait for threads: %s", strerror(errno));
	update_events_close(update);
	return false;
}

void
update_events_close(struct update *update)
{
	if (update->ended >= 0)
		close(update->ended);
	if (update->cancel >= 0)
		close(update->cancel);
}

bool
update_run(struct update *update, int signals)
{
	size_t i, count = update->settings.jobs;
	pthread_t *threads;
	eventfd_t ended;
	bool good;

	if (update->range_count == 0)
		return true;
	if (count > update->key_count)
		count = update->key_count;
	threads = tool_alloc(count, sizeof(*threads));
	/* Threads that do not start do not work either. */
	update->working = count;
	for (i = 0; i < count; ++i)
		if (pthread_create(&threads[i], NULL, run_thread, update) != 0)
			break;
	pthread_mutex_lock(&update->lock);
	update->working -= count - i;
	if (update->working == 0)
		eventfd_write(update->ended, 1);
	pthread_mutex_unlock(&update->lock);
	if (i == 0)
		tool_say("no thread could be started");
	good = run_wait(update, signals) && i != 0;
	while (i > 0)
		pthread_join(threads[--i], NULL);
	(void)!eventfd_read(update->ended, &ended);
	free(threads);
	return good;
}

/* SPDX-License-Identifier: MIT */
/*
 * crew.c - many keys fetched by a few threads.
 *
 * The threads take the keys in order, one after another; the calling thread is
 * one of them.  They live as long as the call.  Signals are blocked in them, so
 * that the handlers of the host run in its own threads.
 */
#include "common.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "error.h"
#include "fetch.h"

#define THREADS_DEFAULT 4
#define THREADS_MAX 256

struct crew {
	struct bc_cache *cache;
	const struct bc_fetch_options *options;
	struct bci_errand errand; /* for all keys */
	const char *const *keys;
	size_t count;
	struct bc_view *views;
	enum bc_status *statuses;
	atomic_size_t next;
	pthread_mutex_t mutex; /* of what follows */
	size_t failed;         /* the first key that went wrong; or 'count' */
	struct bc_error err;   /* why */
};

static void
crew_note(struct crew *crew, size_t index, const struct bc_error *err)
{
	pthread_mutex_lock(&crew->mutex);
	if (index < crew->failed) {
		crew->failed = index;
		crew->err = *err;
	}
	pthread_mutex_unlock(&crew->mutex);
}

static void *
crew_work(void *argument)
{
	struct crew *crew = argument;
	struct bci_errand errand = crew->errand;
	struct bc_error err;
	size_t i;

	while ((i = atomic_fetch_add(&crew->next, 1)) < crew->count) {
		errand.key = crew->keys[i];
		crew->statuses[i] =
			bci_fetch(crew->cache, &errand, crew->options,
		                  &crew->views[i], &err);
		if (crew->statuses[i] != BC_OK)
			crew_note(crew, i, &err);
	}
	return NULL;
}

/* Work with up to 'most' threads; with fewer where there are no more. */
static void
crew_run(struct crew *crew, size_t most)
{
	pthread_t threads[THREADS_MAX];
	size_t started = 0;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started + 1 < most &&
	       pthread_create(&threads[started], NULL, crew_work, crew) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	crew_work(crew);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

enum bc_status
bc_fetch_many(struct bc_cache *cache, const char *const *keys, size_t count,
              int64_t from_ns, int64_t to_ns, const char *const *columns,
              unsigned flags, const struct bc_fetch_options *options,
              struct bc_view *views, enum bc_status *statuses,
              struct bc_error *err)
{
	struct crew crew = {
		.cache = cache,
		.options = options,
		.errand = { .ranged = from_ns < to_ns,
		            .from_ns = from_ns,
		            .to_ns = to_ns,
		            .columns = columns,
		            .flags = flags },
		.keys = keys,
		.count = count,
		.views = views,
		.statuses = statuses,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.failed = count,
	};
	enum bc_status status;
	size_t most;

	status = bci_fetch_check(options, err);
	for (size_t i = 0; i < count; i++) {
		views[i] = (struct bc_view){ 0 };
		statuses[i] = status;
	}
	if (status != BC_OK)
		return status;
	most = options->threads != 0 ? options->threads : THREADS_DEFAULT;
	most = (size_t)bci_min(bci_min(most, count), THREADS_MAX);
	crew_run(&crew, most);
	pthread_mutex_destroy(&crew.mutex);
	if (crew.failed == count)
		return BC_OK;
	if (err != NULL)
		*err = crew.err;
	return statuses[crew.failed];
}

/* SPDX-License-Identifier: MIT */
/*
 * links.c - links of hits with backtests.
 *
 * A hit asks a small table of its own lane whether the entry was noted before,
 * which takes no lock.  What was not is copied to a list, which the process's
 * commits take along, or a thread writes that is started for the first one.
 * The thread works through a handle that is open, because a writer logs and
 * waits as its handle says.
 */
#include "common.h"

#include <signal.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "labelling.h"
#include "links.h"

/* Ids of a lane: then it begins anew, and a link is only noted again. */
#define LINKED_MAX 65536

#define LINKS_BATCH 65536  /* in one commit */
#define LINKS_URGENT 32768 /* pending: do not wait any longer */

/* ---- the table of a lane ------------------------------------------------ */

struct bci_linker *
bci_linker_make(const struct bc_allocator *allocator, const char *backtest)
{
	struct bci_linker *linker = bci_zalloc(allocator, 1, sizeof(*linker));

	if (linker == NULL)
		return NULL;
	linker->backtest_bytes = strlen(backtest);
	memcpy(linker->backtest, backtest, linker->backtest_bytes);
	return linker;
}

void
bci_linker_free(const struct bc_allocator *allocator, struct bci_linker *linker)
{
	for (unsigned i = 0; linker != NULL && i < BCI_LANES; i++)
		bci_ids_free(&linker->lanes[i].ids, allocator);
	bci_free(allocator, linker);
}

/* ---- what is pending ---------------------------------------------------- */

void
bci_links_init(struct bci_links *links)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&links->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&links->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	links->last = &links->first;
}

static void
links_free_list(const struct bc_allocator *allocator, struct bci_pending *first)
{
	while (first != NULL) {
		struct bci_pending *next = first->next;

		bci_free(allocator, first);
		first = next;
	}
}

void
bci_links_free(struct bci_env *env)
{
	struct bci_links *links = &env->links;

	links_free_list(&env->allocator, links->first);
	pthread_cond_destroy(&links->changed);
	pthread_mutex_destroy(&links->mutex);
}

/* How many there are now; other processes see it, too.  Under the mutex. */
static void
links_count(struct bci_env *env, size_t count)
{
	atomic_store(&env->links.count, count);
	if (env->ledger.row != NULL)
		atomic_store_explicit(&env->ledger.row->links_pending, count,
		                      memory_order_relaxed);
}

/* Sleep on the condition until 'until_ns'; 0: without end. */
static void
links_wait(struct bci_links *links, int64_t until_ns)
{
	struct timespec until = {
		.tv_sec = until_ns / BCI_SECOND_NS,
		.tv_nsec = until_ns % BCI_SECOND_NS,
	};

	if (until_ns == 0)
		pthread_cond_wait(&links->changed, &links->mutex);
	else
		pthread_cond_timedwait(&links->changed, &links->mutex, &until);
}

/* Write what is pending through a handle that is open; the mutex is held. */
static void
links_flush_through(struct bci_links *links, struct bci_env *env)
{
	struct bc_cache *cache = links->handles;

	links->flushing = cache;
	pthread_mutex_unlock(&links->mutex);
	/* What fails is still pending, and tried again. */
	(void)bci_links_flush(cache, env, NULL);
	pthread_mutex_lock(&links->mutex);
	links->flushing = NULL;
	pthread_cond_broadcast(&links->changed);
}

static void *
links_thread(void *argument)
{
	struct bci_env *env = argument;
	struct bci_links *links = &env->links;
	int64_t due_ns = 0;

	pthread_mutex_lock(&links->mutex);
	/* Once it is told to end, another one may have been started. */
	while (links->running && pthread_equal(links->thread, pthread_self())) {
		int64_t now_ns = bci_clock_monotonic_ns();

		if (atomic_load(&links->count) == 0) {
			due_ns = 0;
		} else if (due_ns == 0) {
			due_ns = now_ns + links->handles->link_interval_ns;
		} else if (now_ns >= due_ns ||
		           atomic_load(&links->count) >= LINKS_URGENT) {
			links_flush_through(links, env);
			due_ns = 0;
			continue;
		}
		links_wait(links, due_ns);
	}
	pthread_mutex_unlock(&links->mutex);
	return NULL;
}

/* Start the thread, without signals of the host's; the mutex is held. */
static void
links_start(struct bci_links *links, struct bci_env *env)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* Without one, commits and closing write them. */
	links->running =
		pthread_create(&links->thread, NULL, links_thread, env) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Append to the list; wakes the thread if it must know. */
static void
links_append(struct bci_env *env, struct bci_pending *pending)
{
	struct bci_links *links = &env->links;
	size_t before;

	pthread_mutex_lock(&links->mutex);
	*links->last = pending;
	links->last = &pending->next;
	before = atomic_load(&links->count);
	links_count(env, before + 1);
	if (!links->running && links->handles != NULL)
		links_start(links, env);
	else if (before == 0 || before + 1 == LINKS_URGENT)
		pthread_cond_broadcast(&links->changed);
	pthread_mutex_unlock(&links->mutex);
}

void
bci_link_note(struct bc_cache *cache, struct bci_env *env,
              struct bci_linked *linked, uint64_t entry_id, const char *key,
              size_t key_bytes)
{
	const struct bci_linker *linker = cache->linker;
	struct bci_pending *pending;
	unsigned unlinked = bci_env_unlinked(env);
	char *to;

	/* Links were taken away, perhaps these. */
	if (linked->unlinked != unlinked || linked->ids.count >= LINKED_MAX)
		bci_ids_clear(&linked->ids);
	linked->unlinked = unlinked;
	if (env->read_only || bci_ids_has(&linked->ids, entry_id) ||
	    bci_ids_reserve(&linked->ids, &cache->allocator) != BC_OK)
		return;
	pending = bci_alloc(&env->allocator, 1,
	                    sizeof(*pending) + linker->backtest_bytes +
	                            key_bytes + 2);
	if (pending == NULL)
		return; /* The next hit tries again. */
	pending->next = NULL;
	pending->entry_id = entry_id;
	pending->backtest_bytes = (uint32_t)linker->backtest_bytes;
	pending->key_bytes = (uint32_t)key_bytes;
	to = mempcpy(pending->text, linker->backtest,
	             linker->backtest_bytes + 1);
	to = mempcpy(to, key, key_bytes);
	*to = '\0';
	links_append(env, pending);
	bci_ids_add(&linked->ids, entry_id);
}

/* ---- writing ------------------------------------------------------------ */

/* Take up to 'most' from the front of the list. */
static struct bci_pending *
links_take(struct bci_env *env, size_t most)
{
	struct bci_links *links = &env->links;
	struct bci_pending *first, **at;
	size_t count = 0;

	pthread_mutex_lock(&links->mutex);
	first = links->first;
	for (at = &links->first; *at != NULL && count < most; count++)
		at = &(*at)->next;
	links->first = *at;
	if (links->first == NULL)
		links->last = &links->first;
	*at = NULL;
	if (count == 0)
		first = NULL;
	links_count(env, atomic_load(&links->count) - count);
	pthread_mutex_unlock(&links->mutex);
	return first;
}

static enum bc_status
links_write_one(struct bci_writer *writer, const struct bci_pending *pending,
                struct bc_error *err)
{
	const char *key = pending->text + pending->backtest_bytes + 1;
	struct bci_entry_record head;
	enum bc_status status;
	bool added;

	status = bci_entry_head(writer, key, pending->key_bytes, &head, err);
	if (status != BC_OK || head.id != pending->entry_id)
		return status == BC_MISS ? BC_OK : status;
	status = bci_entry_label(writer, key, pending->key_bytes, &head,
	                         BC_LABEL_BACKTEST, pending->text, &added, err);
	writer->counted[BCI_COUNT_LINKS] += added;
	return status;
}

enum bc_status
bci_links_write(struct bci_writer *writer, size_t most, struct bc_error *err)
{
	struct bci_links *links = &writer->env->links;
	enum bc_status status = BC_OK;

	if (writer->linking != NULL || atomic_load(&links->count) == 0)
		return BC_OK;
	writer->linking = links_take(writer->env, most);
	for (const struct bci_pending *pending = writer->linking;
	     status == BC_OK && pending != NULL; pending = pending->next)
		status = links_write_one(writer, pending, err);
	return status;
}

void
bci_links_written(struct bci_writer *writer)
{
	links_free_list(&writer->env->allocator, writer->linking);
	writer->linking = NULL;
}

void
bci_links_give_back(struct bci_writer *writer)
{
	struct bci_links *links = &writer->env->links;
	struct bci_pending **end = &writer->linking;
	size_t count = 0;

	for (; *end != NULL; count++)
		end = &(*end)->next;
	if (count == 0)
		return;
	pthread_mutex_lock(&links->mutex);
	*end = links->first;
	if (links->first == NULL)
		links->last = end;
	links->first = writer->linking;
	links_count(writer->env, atomic_load(&links->count) + count);
	pthread_mutex_unlock(&links->mutex);
	writer->linking = NULL;
}

enum bc_status
bci_links_flush(struct bc_cache *cache, struct bci_env *env,
                struct bc_error *err)
{
	struct bci_writer writer;
	enum bc_status status = BC_OK;

	while (status == BC_OK && atomic_load(&env->links.count) != 0) {
		status = bci_writer_begin_tidy(
			cache, env, cache->lock_timeout_ns, &writer, err);
		if (status != BC_OK)
			return status;
		status = bci_links_write(&writer, LINKS_BATCH, err);
		if (status == BC_OK)
			status = bci_writer_commit(&writer, err);
		else
			bci_writer_abort(&writer);
	}
	return status;
}

enum bc_status
bc_flush(struct bc_cache *cache, struct bc_error *err)
{
	struct bci_env *env;
	enum bc_status status = bci_cache_env(cache, &env, err);

	if (status == BC_OK && cache->tracer != NULL)
		bci_tracer_flush(cache->tracer, env);
	return status == BC_OK ? bci_links_flush(cache, env, err) : status;
}

/* ---- handles ------------------------------------------------------------ */

void
bci_links_join(struct bc_cache *cache, struct bci_env *env)
{
	struct bci_links *links = &env->links;

	pthread_mutex_lock(&links->mutex);
	cache->next_linking = links->handles;
	links->handles = cache;
	pthread_mutex_unlock(&links->mutex);
}

void
bci_links_leave(struct bc_cache *cache, struct bci_env *env)
{
	struct bci_links *links = &env->links;
	struct bc_cache **at = &links->handles;
	bool ends = false;
	pthread_t thread;

	(void)bci_links_flush(cache, env, NULL);
	pthread_mutex_lock(&links->mutex);
	while (links->flushing == cache)
		pthread_cond_wait(&links->changed, &links->mutex);
	while (*at != cache)
		at = &(*at)->next_linking;
	*at = cache->next_linking;
	if (links->handles == NULL && links->running) {
		ends = true;
		thread = links->thread;
		links->running = false;
		pthread_cond_broadcast(&links->changed);
	}
	pthread_mutex_unlock(&links->mutex);
	if (ends)
		pthread_join(thread, NULL);
}

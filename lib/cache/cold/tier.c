/* SPDX-License-Identifier: MIT */
/*
 * tier.c - the table of decoded segments, and their memory.
 *
 * A fresh page costs five times what decoding into it does, so the memory of
 * what is let go is kept for the next one; what is kept so and what is in the
 * table together stay below the limit.  Where the host runs short of memory the
 * limit is halved for as long as it does.
 */
#include "common.h"

#include <stdio.h>

#include "alloc.h"
#include "clock.h"
#include "environment.h"
#include "mapping.h"

/* Sizes of buffers: so that one serves segments of about its size. */
#define HOT_GRAIN (64u << 10)

/* How often the host is asked, and what it should have left. */
#define HOT_LOOK_NS 100000000
#define HOT_FREE_SHARE 16 /* of all memory */

#define HOT_TIDY_MS 10

void
bci_hots_open(struct bci_hots *hots)
{
	pthread_mutex_init(&hots->mutex, NULL);
	hots->limit = BCI_HOT_DEFAULT;
}

/* What a fork inherits is nobody's to touch. */
static bool
hots_are_inherited(const struct bci_env *env)
{
	return env->fork_count != atomic_load(&bci_fork_count);
}

/* ---- the table, under the mutex ---------------------------------------- */

static struct bci_hot **
hots_link(struct bci_hots *hots, uint64_t id)
{
	struct bci_hot **link = &hots->heads[(id ^ id >> 26) % BCI_TIER_HEADS];

	while (*link != NULL && (*link)->id != id)
		link = &(*link)->chain;
	return link;
}

static void
hots_unlink_age(struct bci_hots *hots, struct bci_hot *hot)
{
	*(hot->newer != NULL ? &hot->newer->older : &hots->newest) = hot->older;
	*(hot->older != NULL ? &hot->older->newer : &hots->oldest) = hot->newer;
}

static void
hots_link_age(struct bci_hots *hots, struct bci_hot *hot)
{
	hot->newer = NULL;
	hot->older = hots->newest;
	*(hots->newest != NULL ? &hots->newest->newer : &hots->oldest) = hot;
	hots->newest = hot;
}

/* Take one out; the table's reference is the caller's, linked by 'chain'. */
static void
hots_take(struct bci_hots *hots, struct bci_hot *hot, struct bci_hot **taken)
{
	*hots_link(hots, hot->id) = hot->chain;
	hots_unlink_age(hots, hot);
	hots->bytes -= hot->room;
	atomic_fetch_sub(&hots->count, 1);
	hot->chain = *taken;
	*taken = hot;
}

/* Give back what was taken; not under the mutex. */
static void
hots_give(struct bci_hot *taken)
{
	while (taken != NULL) {
		struct bci_hot *next = taken->chain;

		bci_chunk_give(&taken->chunk, NULL);
		taken = next;
	}
}

/* Memory from the spare that fits, or NULL. */
static unsigned char *
spare_take(struct bci_hots *hots, uint64_t bytes, uint64_t *room)
{
	for (unsigned i = 0; i < hots->spare_count; i++) {
		struct bci_spare spare = hots->spare[i];

		if (spare.room < bytes || spare.room > bytes + bytes / 4)
			continue;
		hots->spare[i] = hots->spare[--hots->spare_count];
		hots->spare_bytes -= spare.room;
		*room = spare.room;
		return spare.data;
	}
	return NULL;
}

/* Unmap spare memory until it and 'bytes' more fit. */
static void
spare_trim(struct bci_hots *hots, uint64_t bytes)
{
	while (hots->spare_count != 0 &&
	       hots->bytes + hots->spare_bytes + bytes > hots->limit) {
		struct bci_spare *spare = &hots->spare[--hots->spare_count];

		hots->spare_bytes -= spare->room;
		bci_unmap(spare->data, spare->room);
	}
}

static void
hots_empty_spare(struct bci_hots *hots)
{
	pthread_mutex_lock(&hots->mutex);
	spare_trim(hots, hots->limit + 1);
	pthread_mutex_unlock(&hots->mutex);
}

/* ---- memory ------------------------------------------------------------ */

/* Give memory up when the last view is gone: it is spare for another. */
static void
hot_release(struct bci_chunk *chunk)
{
	struct bci_hot *hot = (struct bci_hot *)(void *)chunk;
	struct bci_hots *hots = &chunk->env->hots;

	if (hots_are_inherited(chunk->env))
		return;
	pthread_mutex_lock(&hots->mutex);
	if (hots->spare_count < BCI_HOT_SPARE &&
	    hots->bytes + hots->spare_bytes + hot->room <= hots->limit) {
		hots->spare[hots->spare_count++] =
			(struct bci_spare){ hot->data, hot->room };
		hots->spare_bytes += hot->room;
		hot->data = NULL;
	}
	pthread_mutex_unlock(&hots->mutex);
	bci_unmap(hot->data, hot->room);
}

/* Kilobytes of a line of /proc/meminfo. */
static uint64_t
host_value(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	unsigned long long value = 0;

	if (at != NULL)
		(void)sscanf(at + strlen(name), "%llu", &value);
	return value;
}

/* Whether the host has less memory left than it should. */
static bool
host_is_short(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char text[512];
	size_t bytes;

	if (file == NULL)
		return false;
	bytes = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[bytes] = '\0';
	return host_value(text, "MemAvailable:") <
	       host_value(text, "MemTotal:") / HOT_FREE_SHARE;
}

/* Take the oldest out until 'bytes' more fit below 'limit'. */
static struct bci_hot *
hots_make_room(struct bci_hots *hots, uint64_t bytes, uint64_t limit)
{
	struct bci_hot *taken = NULL;

	/* One that never fits is no reason to let go of all others. */
	if (bytes > hots->limit)
		return NULL;
	while (hots->oldest != NULL && hots->bytes + bytes > limit)
		hots_take(hots, hots->oldest, &taken);
	return taken;
}

static struct bci_hot *
hots_take_all(struct bci_hots *hots)
{
	struct bci_hot *taken = NULL;

	while (hots->oldest != NULL)
		hots_take(hots, hots->oldest, &taken);
	return taken;
}

/* The limit as memory of the host is now; asked when fresh memory is due. */
static uint64_t
hots_limit_now(struct bci_hots *hots)
{
	int64_t now_ns = bci_clock_monotonic_ns();

	if (hots->looked_ns != 0 && now_ns - hots->looked_ns < HOT_LOOK_NS)
		return hots->limit;
	hots->looked_ns = now_ns;
	return host_is_short() ? hots->bytes / 2 : hots->limit;
}

/* Memory for one, by letting go of others first. */
static unsigned char *
hot_memory(struct bci_hots *hots, uint64_t bytes, uint64_t *room)
{
	struct bci_hot *taken;
	unsigned char *data;

	pthread_mutex_lock(&hots->mutex);
	taken = hots_make_room(hots, bytes, hots->limit);
	pthread_mutex_unlock(&hots->mutex);
	hots_give(taken);
	pthread_mutex_lock(&hots->mutex);
	data = spare_take(hots, bytes, room);
	if (data == NULL) {
		taken = hots_make_room(hots, bytes, hots_limit_now(hots));
		spare_trim(hots, bytes);
	} else {
		taken = NULL;
	}
	pthread_mutex_unlock(&hots->mutex);
	hots_give(taken);
	if (data != NULL)
		return data;
	*room = bci_round_up(bytes, HOT_GRAIN);
	return bci_map_zeroed(*room);
}

struct bci_hot *
bci_hot_make(struct bci_env *env, uint64_t bytes, size_t key_bytes)
{
	struct bci_hot *hot =
		bci_zalloc(&env->allocator, 1, sizeof(*hot) + key_bytes);

	if (hot == NULL)
		return NULL;
	hot->data = hot_memory(&env->hots, bytes, &hot->room);
	if (hot->data == NULL) {
		bci_hots_drop(env);
		hot->room = bci_round_up(bytes, HOT_GRAIN);
		hot->data = bci_map_zeroed(hot->room);
	}
	if (hot->data == NULL) {
		bci_free(&env->allocator, hot);
		return NULL;
	}
	hot->body_bytes = bytes;
	bci_chunk_begin(env, &hot->chunk, hot_release);
	return hot;
}

/* ---- calls ------------------------------------------------------------- */

void
bci_hots_limit(struct bci_env *env, uint64_t bytes)
{
	struct bci_hots *hots = &env->hots;
	struct bci_hot *taken;

	if (bytes == 0)
		return;
	pthread_mutex_lock(&hots->mutex);
	hots->limit = bytes;
	taken = hots_make_room(hots, 0, bytes);
	spare_trim(hots, 0);
	pthread_mutex_unlock(&hots->mutex);
	hots_give(taken);
}

/*
 * Whether it was decoded from the very segment: one with another checksum is
 * another's, one with other rows would be read beyond its end.
 */
static bool
hot_agrees(const struct bci_hot *hot, const struct bci_locator *locator,
           const struct bci_segment_claim *claim)
{
	const struct bci_locator *own = &hot->locator;

	return hot->key_bytes == claim->key_bytes &&
	       memcmp(hot->key, claim->key, claim->key_bytes) == 0 &&
	       (claim->schema == NULL ||
	        bci_layout_bytes(claim->schema, locator->rows) <=
	                hot->body_bytes) &&
	       own->checksum == locator->checksum &&
	       own->rows == locator->rows && own->bytes == locator->bytes &&
	       own->first_ns == locator->first_ns &&
	       own->last_ns == locator->last_ns;
}

struct bci_hot *
bci_hot_find(struct bci_env *env, uint64_t id,
             const struct bci_locator *locator,
             const struct bci_segment_claim *claim)
{
	struct bci_hots *hots = &env->hots;
	struct bci_hot *hot;

	if (atomic_load_explicit(&hots->count, memory_order_relaxed) == 0 ||
	    hots_are_inherited(env))
		return NULL;
	pthread_mutex_lock(&hots->mutex);
	hot = *hots_link(hots, id);
	if (hot != NULL && !hot_agrees(hot, locator, claim))
		hot = NULL;
	if (hot != NULL) {
		bci_chunk_share(&hot->chunk);
		if (hots->newest != hot) {
			hots_unlink_age(hots, hot);
			hots_link_age(hots, hot);
		}
	}
	pthread_mutex_unlock(&hots->mutex);
	return hot;
}

void
bci_hot_keep(struct bci_env *env, struct bci_hot *hot, uint64_t id)
{
	struct bci_hots *hots = &env->hots;
	struct bci_hot **link;

	if (hots_are_inherited(env))
		return;
	pthread_mutex_lock(&hots->mutex);
	link = hots_link(hots, id);
	if (*link == NULL && hots->bytes + hot->room <= hots->limit) {
		hot->id = id;
		hot->chain = NULL;
		*link = hot;
		hots_link_age(hots, hot);
		hots->bytes += hot->room;
		atomic_fetch_add(&hots->count, 1);
		bci_chunk_share(&hot->chunk);
	}
	pthread_mutex_unlock(&hots->mutex);
}

size_t
bci_hots_again(struct bci_env *env, struct bci_hot **out, size_t most)
{
	struct bci_hots *hots = &env->hots;
	size_t count = 0;

	pthread_mutex_lock(&hots->mutex);
	for (struct bci_hot *hot = hots->newest; hot != NULL && count < most;
	     hot = hot->older) {
		if (!atomic_load(&hot->again))
			continue;
		bci_chunk_share(&hot->chunk);
		out[count++] = hot;
	}
	pthread_mutex_unlock(&hots->mutex);
	return count;
}

void
bci_hot_settle(struct bci_env *env, uint64_t id, bool went)
{
	struct bci_hots *hots = &env->hots;
	struct bci_hot *hot, *taken = NULL;

	if (hots_are_inherited(env))
		return;
	pthread_mutex_lock(&hots->mutex);
	hot = *hots_link(hots, id);
	if (hot != NULL)
		atomic_store(&hot->again, false);
	if (hot != NULL && went)
		hots_take(hots, hot, &taken);
	pthread_mutex_unlock(&hots->mutex);
	hots_give(taken);
	if (taken != NULL)
		hots_empty_spare(hots);
}

/* Whether the ledger has another segment at its place by now. */
static bool
hot_is_stale(struct bci_env *env, const struct bci_hot *hot)
{
	const struct bci_slot *slot =
		bci_ledger_slot(&env->ledger, hot->locator.slot);

	return slot != NULL && bci_slot_id(slot) != hot->id;
}

void
bci_hots_tidy_slow(struct bci_env *env, int64_t now_ns)
{
	struct bci_hots *hots = &env->hots;
	long long now_ms = now_ns / 1000000, last_ms;
	struct bci_hot *taken = NULL, *older;

	last_ms = atomic_load_explicit(&hots->tidied_ms, memory_order_relaxed);
	if ((now_ms >= last_ms && now_ms - last_ms < HOT_TIDY_MS) ||
	    hots_are_inherited(env) ||
	    !atomic_compare_exchange_strong(&hots->tidied_ms, &last_ms, now_ms))
		return;
	pthread_mutex_lock(&hots->mutex);
	for (struct bci_hot *hot = hots->newest; hot != NULL; hot = older) {
		older = hot->older;
		if (hot_is_stale(env, hot))
			hots_take(hots, hot, &taken);
	}
	pthread_mutex_unlock(&hots->mutex);
	if (atomic_load(&env->stitches.packed))
		bci_stitches_drop_stale(env);
	if (taken == NULL)
		return;
	hots_give(taken);
	/* What is in place by now takes no memory for the next one, either. */
	hots_empty_spare(hots);
}

void
bci_hots_drop(struct bci_env *env)
{
	struct bci_hots *hots = &env->hots;
	struct bci_hot *taken;

	if (hots_are_inherited(env))
		return;
	pthread_mutex_lock(&hots->mutex);
	taken = hots_take_all(hots);
	pthread_mutex_unlock(&hots->mutex);
	hots_give(taken);
	hots_empty_spare(hots);
}

void
bci_hots_shut(struct bci_env *env)
{
	struct bci_hots *hots = &env->hots;
	struct bci_hot *taken = hots_take_all(hots);

	while (taken != NULL) {
		struct bci_hot *next = taken->chain;

		bci_chunk_shut(&taken->chunk);
		taken = next;
	}
}

void
bci_hots_free(struct bci_hots *hots)
{
	hots->limit = 0;
	spare_trim(hots, 1);
	pthread_mutex_destroy(&hots->mutex);
}

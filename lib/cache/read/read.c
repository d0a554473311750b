/* SPDX-License-Identifier: MIT */
/*
 * read.c - the calls that read one entry, and bound handles.
 */
#include "common.h"

#include "alloc.h"
#include "clock.h"
#include "error.h"
#include "key.h"
#include "query.h"

enum bc_status
bc_get(struct bc_cache *cache, const char *key, struct bc_view *view)
{
	struct bci_wanted wanted = { .key = key };

	BCI_ASSERT(view != NULL && key != NULL);
	if (BCI_UNLIKELY(bci_query_is_bypassed(cache, view)))
		return BC_MISS;
	wanted.key_bytes = strlen(key);
	if (BCI_UNLIKELY(!bci_key_possible(key, wanted.key_bytes))) {
		*view = (struct bc_view){ .miss = BC_MISS_ABSENT };
		return BC_MISS;
	}
	return bci_hit_get(cache, &wanted, view);
}

enum bc_status
bc_get_request(struct bc_cache *cache, const struct bc_request *request,
               struct bc_view *view)
{
	char key[BC_REQUEST_KEY_BYTES], *text = NULL;
	struct bci_wanted wanted = { .key = key };
	enum bc_status status;

	BCI_ASSERT(view != NULL && request != NULL);
	if (bci_query_is_bypassed(cache, view))
		return BC_MISS;
	*view = (struct bc_view){ 0 };
	status = bci_request_text(&cache->allocator, request, &text,
	                          &wanted.request_bytes, NULL);
	if (status != BC_OK)
		return status;
	bci_request_key(text, wanted.request_bytes, key);
	wanted.key_bytes = strlen(key);
	wanted.request = text;
	status = bci_hit_get(cache, &wanted, view);
	bci_free(&cache->allocator, text);
	return status;
}

static bool
exists_bad(struct bci_env *env, const struct bci_locator *locator,
           uint64_t entry_id)
{
	return bci_slot_is_bad(&env->ledger, locator->slot,
	                       bci_segment_id(locator, entry_id));
}

/* The same of a series: none of its segments may be marked. */
static enum bc_status
exists_series(struct bc_cache *cache, struct bci_env *env,
              struct bci_lane *lane, const struct bci_wanted *wanted,
              enum bc_miss *miss)
{
	struct bci_query all = BCI_QUERY_ALL(wanted->key, wanted->key_bytes);
	enum bc_status status;
	struct bci_span span;

	all.now_ns = wanted->now_ns;
	status = bci_span_find(cache, env, lane, &all, &span, miss);
	if (status != BC_OK)
		return status;
	for (size_t i = 0; i < span.count; i++) {
		if (span.pieces[i].map != NULL &&
		    exists_bad(env, &span.pieces[i].locator, span.entry_id))
			status = BC_MISS;
	}
	bci_span_close(&span, lane);
	*miss = BC_MISS_CORRUPT;
	return status;
}

/* Whether a lookup would be a hit, by the catalogue and the marks of readers.
 */
static enum bc_status
exists_find(struct bc_cache *cache, struct bci_env *env,
            const struct bci_wanted *wanted, enum bc_miss *miss)
{
	struct bci_lane *lane = bci_lane_take(env);
	struct bci_hit hit;
	enum bc_status status = BC_ABSENT;

	for (int i = 0; status == BC_ABSENT && i <= BCI_HIT_RETRIES; i++) {
		status = bci_lane_begin(env, lane);
		if (status != BC_OK)
			break;
		hit.chunk = NULL;
		status = bci_hit_find(cache, env, lane, wanted, &hit, miss);
		if (status == BC_COPY)
			status = exists_series(cache, env, lane, wanted, miss);
		else if (status == BC_OK &&
		         exists_bad(env, &hit.locator, hit.entry_id)) {
			*miss = BC_MISS_CORRUPT;
			status = BC_MISS;
		}
		if (hit.chunk != NULL)
			bci_chunk_give(hit.chunk, lane);
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	if (status == BC_ABSENT) {
		*miss = BC_MISS_CORRUPT;
		status = BC_MISS;
	}
	return status;
}

enum bc_status
bc_exists(struct bc_cache *cache, const char *key, enum bc_miss *miss)
{
	struct bci_wanted wanted = { .key = key };
	enum bc_miss reason = BC_MISS_ABSENT;
	enum bc_status status;
	struct bci_env *env;

	BCI_ASSERT(key != NULL);
	wanted.key_bytes = strlen(key);
	wanted.now_ns = bci_clock_coarse_ns();
	if (!bci_key_possible(key, wanted.key_bytes))
		status = BC_MISS;
	else
		status = bci_cache_env(cache, &env, NULL);
	if (status == BC_OK)
		status = exists_find(cache, env, &wanted, &reason);
	if (miss != NULL)
		*miss = status == BC_MISS ? reason : BC_MISS_NONE;
	return status;
}

/* ---- bound handles ----------------------------------------------------- */

#define BOUND_MAGIC 0x626f756eu

struct bc_bound {
	unsigned magic;
	struct bc_cache *cache;
	struct bci_env *env; /* that 'hit' was found in; NULL: nothing known */
	uint64_t txnid;      /* of the catalogue that 'hit' was found in */
	uint64_t id;         /* of its segment */
	bool series;         /* it was one when last looked */
	struct bci_hit hit;
	size_t key_bytes;
	char key[];
};

enum bc_status
bc_bind(struct bc_cache *cache, const char *key, struct bc_bound **out)
{
	size_t bytes = strlen(key);
	struct bc_bound *bound;

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	*out = NULL;
	if (!bci_key_valid(key, bytes))
		return BC_KEY;
	bound = bci_zalloc(&cache->allocator, 1, sizeof(*bound) + bytes + 1);
	if (bound == NULL)
		return BC_NOMEM;
	bound->magic = BOUND_MAGIC;
	bound->cache = cache;
	bound->key_bytes = bytes;
	memcpy(bound->key, key, bytes);
	*out = bound;
	return BC_OK;
}

/* Remember where the entry lies, for as long as the catalogue is the same. */
static void
bound_learn(struct bc_bound *bound, struct bci_env *env, struct bci_lane *lane,
            const struct bci_wanted *wanted)
{
	enum bc_miss miss;
	enum bc_status status;

	bound->env = NULL;
	if (bci_lane_begin(env, lane) != BC_OK)
		return;
	bound->hit.chunk = NULL;
	status = bci_hit_find(bound->cache, env, lane, wanted, &bound->hit,
	                      &miss);
	bound->txnid = bci_txn_id(lane->txn);
	bci_lane_end(lane);
	/* A copy of an inline value would have to be made anew anyway. */
	if (status == BC_OK && bound->hit.map != NULL &&
	    bci_hit_agrees(&bound->hit, wanted)) {
		bound->env = env;
		bound->id = bci_segment_id(&bound->hit.locator,
		                           bound->hit.entry_id);
	}
}

/*
 * Serve what is remembered while no commit was made since: BC_OK, or BC_MISS if
 * it does not hold any more.  The map is looked up again because another thread
 * may have let it go.
 */
static enum bc_status
bound_try(struct bc_bound *bound, struct bci_env *env, struct bci_lane *lane,
          const struct bci_wanted *wanted, struct bc_view *view)
{
	int64_t begun_ns = bci_tally_begin(lane);
	struct bci_hit *hit = &bound->hit;

	if (bci_env_commit(env) != bound->txnid ||
	    (hit->expires_ns != 0 && hit->expires_ns <= wanted->now_ns))
		return BC_MISS;
	hit->map = bci_maps_find(&env->maps, hit->locator.arena);
	if (hit->map == NULL || !bci_hit_is_checked(bound->cache, hit) ||
	    bci_slot_is_bad(&env->ledger, hit->locator.slot, bound->id))
		return BC_MISS;
	if (BCI_UNLIKELY(hit->locator.codec == BCI_FORM_PACKED)) {
		if (!bci_hit_show_hot(bound->cache, env, hit, wanted, view))
			return BC_MISS;
	} else {
		bci_map_pin(hit->map, lane->index);
		bci_hit_view(hit, lane->index, view);
	}
	bci_hit_count(env, lane, hit, view->tier, begun_ns, wanted->now_ns);
	bci_hit_note(bound->cache, env, lane, hit, wanted->key,
	             wanted->key_bytes, wanted->now_ns);
	return BC_OK;
}

enum bc_status
bc_bound_get(struct bc_bound *bound, struct bc_view *view)
{
	struct bc_cache *cache = bound->cache;
	struct bci_wanted wanted = {
		.key = bound->key,
		.key_bytes = bound->key_bytes,
	};
	enum bc_status status;
	struct bci_lane *lane;
	struct bci_env *env;

	BCI_ASSERT(bound->magic == BOUND_MAGIC);
	if (BCI_UNLIKELY(bci_query_is_bypassed(cache, view)))
		return BC_MISS;
	status = bci_cache_env(cache, &env, NULL);
	if (BCI_LIKELY(status == BC_OK && bound->env == env)) {
		wanted.now_ns = bci_clock_coarse_ns();
		lane = bci_lane_take(env);
		status = bound_try(bound, env, lane, &wanted, view);
		bci_lane_give(lane);
		if (BCI_LIKELY(status == BC_OK))
			return BC_OK;
	}
	if (bound->series) {
		const struct bci_query all =
			BCI_QUERY_ALL(bound->key, bound->key_bytes);

		status = bci_query_read(cache, &all, view);
		/* Blobs and arrays are no rows. */
		if (status != BC_INVALID)
			return status;
	}
	status = bci_hit_get(cache, &wanted, view);
	bound->series = status == BC_OK && view->kind == BC_SERIES;
	if (status == BC_OK && !bound->series &&
	    bci_cache_env(cache, &env, NULL) == BC_OK) {
		lane = bci_lane_take(env);
		bound_learn(bound, env, lane, &wanted);
		bci_lane_give(lane);
		if (bound->env == NULL && bound->hit.chunk != NULL) {
			bci_chunk_give(bound->hit.chunk, NULL);
			bound->hit.chunk = NULL;
		}
	}
	return status;
}

void
bc_unbind(struct bc_bound *bound)
{
	if (bound == NULL)
		return;
	BCI_ASSERT(bound->magic == BOUND_MAGIC);
	bound->magic = 0;
	bci_free(&bound->cache->allocator, bound);
}

/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - several entries from one point in time: snapshots and
 * bc_get_many().
 *
 * All keys are looked up in one transaction, which ends before anything is
 * returned; the maps stay pinned.
 */
#include "common.h"

#include "alloc.h"
#include "clock.h"
#include "error.h"
#include "excerpt.h"
#include "key.h"

#define SNAPSHOT_MAGIC 0x736e6170u

/* One key of a snapshot: a hit whose map is pinned, or why there is none. */
struct snapshot_entry {
	struct bci_hit hit;
	struct bci_span *span; /* of a series, instead of the hit */
	enum bc_miss miss;
	char *key;
	size_t key_bytes;
};

struct bc_snapshot {
	unsigned magic;
	struct bc_cache *cache;
	struct bci_env *env;
	size_t count;
	unsigned shard; /* that our pins are in */
	struct bc_allocator allocator;
	struct snapshot_entry entries[];
};

static void
snapshot_unpin(struct bc_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		struct snapshot_entry *entry = &snapshot->entries[i];
		struct bc_view view = { 0 };

		if (entry->span != NULL) {
			bci_span_close(entry->span, NULL);
			bci_free(&snapshot->allocator, entry->span);
			entry->span = NULL;
			entry->miss = BC_MISS_ABSENT;
		}
		if (entry->miss != BC_MISS_NONE)
			continue;
		/* A view that takes the pin over, only to release it. */
		bci_hit_view(&entry->hit, snapshot->shard, &view);
		bc_view_release(&view);
		entry->miss = BC_MISS_ABSENT;
	}
}

/* Find the rows of a series; returns as bci_span_find(). */
static enum bc_status
snapshot_find_series(struct bc_snapshot *snapshot, struct bci_lane *lane,
                     struct snapshot_entry *entry, int64_t now_ns)
{
	struct bci_query all = BCI_QUERY_ALL(entry->key, entry->key_bytes);
	struct bci_span *span;
	enum bc_status status;

	span = bci_alloc(&snapshot->allocator, 1, sizeof(*span));
	if (span == NULL)
		return BC_NOMEM;
	all.now_ns = now_ns;
	status = bci_span_find(snapshot->cache, snapshot->env, lane, &all, span,
	                       &entry->miss);
	if (status == BC_OK)
		entry->span = span;
	else
		bci_free(&snapshot->allocator, span);
	return status;
}

/*
 * Look all keys up in one transaction and pin what is found.  BC_ABSENT if an
 * arena is gone, unless this is the last try: then it is damage.
 */
static enum bc_status
snapshot_fill(struct bc_snapshot *snapshot, struct bci_lane *lane, bool last)
{
	struct bci_env *env = snapshot->env;
	struct bci_wanted wanted = { .now_ns = bci_clock_coarse_ns() };
	uint64_t newest = bci_env_newest(env);
	enum bc_status status = bci_lane_begin(env, lane);

	if (status != BC_OK)
		return status;
	if (bci_env_is_stale(env, newest))
		bci_env_drop_maps(env, lane, newest, wanted.now_ns);
	for (size_t i = 0; i < snapshot->count; i++) {
		struct snapshot_entry *entry = &snapshot->entries[i];

		wanted.key = entry->key;
		wanted.key_bytes = entry->key_bytes;
		entry->miss = BC_MISS_ABSENT;
		status = entry->key_bytes == 0
		                 ? BC_MISS
		                 : bci_hit_find(snapshot->cache, env, lane,
		                                &wanted, &entry->hit,
		                                &entry->miss);
		if (status == BC_COPY)
			status = snapshot_find_series(snapshot, lane, entry,
			                              wanted.now_ns);
		if (status == BC_OK) {
			entry->miss = BC_MISS_NONE;
			if (entry->span == NULL && entry->hit.map != NULL)
				bci_map_pin(entry->hit.map, lane->index);
		} else if (status == BC_ABSENT && last) {
			entry->miss = BC_MISS_CORRUPT;
		} else if (status != BC_MISS) {
			break;
		}
		status = BC_OK;
	}
	bci_lane_end(lane);
	return status;
}

/* Make a snapshot with room for 'count' keys. */
static enum bc_status
snapshot_make(struct bc_cache *cache, struct bci_env *env,
              const char *const *keys, size_t count, struct bc_snapshot **out)
{
	struct bc_snapshot *snapshot;

	snapshot = bci_zalloc(&cache->allocator, 1,
	                      sizeof(*snapshot) +
	                              count * sizeof(snapshot->entries[0]));
	if (snapshot == NULL)
		return BC_NOMEM;
	snapshot->magic = SNAPSHOT_MAGIC;
	snapshot->cache = cache;
	snapshot->env = env;
	snapshot->allocator = cache->allocator;
	snapshot->count = count;
	/* None holds a pin yet, whichever of them is the last to be made. */
	for (size_t i = 0; i < count; i++)
		snapshot->entries[i].miss = BC_MISS_ABSENT;
	for (size_t i = 0; i < count; i++) {
		size_t bytes = strlen(keys[i]);

		if (!bci_key_possible(keys[i], bytes))
			bytes = 0; /* No key: absent. */
		snapshot->entries[i].key_bytes = bytes;
		snapshot->entries[i].key =
			bci_strndup(&cache->allocator, keys[i], bytes);
		if (snapshot->entries[i].key == NULL) {
			bc_snapshot_close(snapshot);
			return BC_NOMEM;
		}
	}
	*out = snapshot;
	return BC_OK;
}

enum bc_status
bc_snapshot_open(struct bc_cache *cache, const char *const *keys, size_t count,
                 struct bc_snapshot **out, struct bc_error *err)
{
	struct bc_snapshot *snapshot = NULL;
	enum bc_status status;
	struct bci_lane *lane;
	struct bci_env *env;

	*out = NULL;
	if (count > SIZE_MAX / sizeof(struct snapshot_entry) / 2 ||
	    (keys == NULL && count != 0))
		return bci_fail(err, BC_INVALID, "no keys");
	status = bci_cache_env(cache, &env, err);
	if (status == BC_OK)
		status = snapshot_make(cache, env, keys, count, &snapshot);
	if (status != BC_OK)
		return bci_fail(err, status, "cannot take a snapshot: %s",
		                bc_strerror(status));
	lane = bci_lane_take(env);
	snapshot->shard = lane->index;
	for (int i = 0; i <= BCI_HIT_RETRIES; i++) {
		status = snapshot_fill(snapshot, lane, i == BCI_HIT_RETRIES);
		if (status != BC_ABSENT)
			break;
		/* An arena is gone: a newer transaction knows where to look. */
		bci_lane_give(lane);
		snapshot_unpin(snapshot);
		lane = bci_lane_take(env);
		snapshot->shard = lane->index;
	}
	bci_lane_give(lane);
	if (status != BC_OK) {
		bc_snapshot_close(snapshot);
		return bci_fail(err, status, "cannot take a snapshot: %s",
		                bc_strerror(status));
	}
	*out = snapshot;
	return BC_OK;
}

/* Count a miss of a snapshot. */
static enum bc_status
snapshot_miss(struct bci_env *env, struct bci_lane *lane, enum bc_miss miss,
              struct bc_view *view)
{
	bci_tally_miss(env, lane, miss);
	bci_lane_give(lane);
	bc_view_release(view);
	*view = (struct bc_view){ .miss = miss };
	return BC_MISS;
}

/* Show all rows of a series that a snapshot holds; gives the lane back. */
static enum bc_status
snapshot_get_series(struct bci_span *span, struct bci_lane *lane,
                    int64_t begun_ns, int64_t now_ns, struct bc_view *view)
{
	enum bc_status status;

	status = bci_excerpt_check(span, lane, span->first, span->end);
	if (status == BC_OK)
		status = bci_excerpt_show(span, lane, span->first, span->end, 0,
		                          NULL, view);
	if (status == BC_MISS)
		return snapshot_miss(span->env, lane, BC_MISS_CORRUPT, view);
	if (status == BC_OK) {
		bci_excerpt_stamp(span, span->first, span->end, now_ns);
		bci_series_stamp(span->env, span->slot, span->entry_id, now_ns);
		bci_tally_hit(span->env, lane, view->tier, BC_OP_READ, begun_ns,
		              now_ns);
		bci_span_note(span, lane, now_ns);
	}
	bci_lane_give(lane);
	return status;
}

static bool
snapshot_is_expired(const struct snapshot_entry *entry, int64_t now_ns)
{
	int64_t expires_ns = entry->span != NULL ? entry->span->expires_ns
	                                         : entry->hit.expires_ns;

	return expires_ns != 0 && expires_ns <= now_ns;
}

enum bc_status
bc_snapshot_get(struct bc_snapshot *snapshot, size_t index,
                struct bc_view *view)
{
	struct snapshot_entry *entry;
	struct bci_wanted wanted;
	struct bci_lane *lane;
	struct bci_env *env;
	enum bc_status status;
	enum bc_miss miss;
	int64_t begun_ns;

	/* NOLINTNEXTLINE(analyzer-null-dereference): BC_OK came with one */
	BCI_ASSERT(snapshot->magic == SNAPSHOT_MAGIC);
	*view = (struct bc_view){ 0 };
	if (index >= snapshot->count)
		return BC_INVALID;
	env = snapshot->env;
	entry = &snapshot->entries[index];
	wanted = (struct bci_wanted){
		.key = entry->key,
		.key_bytes = entry->key_bytes,
		.now_ns = bci_clock_coarse_ns(),
	};
	lane = bci_lane_take(env);
	begun_ns = bci_tally_begin(lane);
	miss = entry->miss;
	if ((snapshot->cache->flags & (BC_OPEN_BYPASS | BC_OPEN_REFRESH)) != 0)
		miss = BC_MISS_BYPASSED;
	else if (miss == BC_MISS_NONE &&
	         snapshot_is_expired(entry, wanted.now_ns))
		miss = BC_MISS_EXPIRED;
	if (miss != BC_MISS_NONE) {
		bci_miss_note(snapshot->cache, lane, entry->key,
		              entry->key_bytes, wanted.now_ns);
		return snapshot_miss(env, lane, miss, view);
	}
	if (entry->span != NULL)
		return snapshot_get_series(entry->span, lane, begun_ns,
		                           wanted.now_ns, view);
	if (entry->hit.map != NULL)
		bci_map_pin(entry->hit.map, lane->index);
	else
		bci_chunk_share(entry->hit.chunk);
	status = bci_hit_show(snapshot->cache, env, lane, &entry->hit, &wanted,
	                      view);
	if (status == BC_MISS)
		return snapshot_miss(env, lane, BC_MISS_CORRUPT, view);
	if (status != BC_OK) {
		bci_lane_give(lane);
		bc_view_release(view);
		*view = (struct bc_view){ 0 };
		return status;
	}
	bci_hit_count(env, lane, &entry->hit, view->tier, begun_ns,
	              wanted.now_ns);
	bci_hit_note(snapshot->cache, env, lane, &entry->hit, entry->key,
	             entry->key_bytes, wanted.now_ns);
	bci_lane_give(lane);
	return BC_OK;
}

void
bc_snapshot_close(struct bc_snapshot *snapshot)
{
	struct bc_allocator allocator;

	if (snapshot == NULL)
		return;
	BCI_ASSERT(snapshot->magic == SNAPSHOT_MAGIC);
	snapshot_unpin(snapshot);
	allocator = snapshot->allocator;
	for (size_t i = 0; i < snapshot->count; i++)
		bci_free(&allocator, snapshot->entries[i].key);
	snapshot->magic = 0;
	bci_free(&allocator, snapshot);
}

enum bc_status
bc_get_many(struct bc_cache *cache, const char *const *keys, size_t count,
            struct bc_view *views)
{
	struct bc_snapshot *snapshot;
	enum bc_status status, worst = BC_OK;

	for (size_t i = 0; i < count; i++)
		views[i] = (struct bc_view){ 0 };
	status = bc_snapshot_open(cache, keys, count, &snapshot, NULL);
	if (status != BC_OK)
		return status;
	for (size_t i = 0; i < count && worst != BC_NOMEM; i++) {
		status = bc_snapshot_get(snapshot, i, &views[i]);
		if (status != BC_OK)
			worst = status;
	}
	bc_snapshot_close(snapshot);
	for (size_t i = 0; i < count && worst == BC_NOMEM; i++)
		bc_view_release(&views[i]);
	return worst;
}

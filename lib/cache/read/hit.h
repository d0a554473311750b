/* SPDX-License-Identifier: MIT */
/*
 * hit.h - an entry that a lookup found: enough to show its bytes after the
 * transaction is over.
 */
#ifndef BCI_HIT_H
#define BCI_HIT_H

#include "cache.h"
#include "checked.h"
#include "tally.h"

struct bci_hit {
	struct bci_locator locator;
	uint64_t entry_id, revision;
	int64_t expires_ns;
	const struct bc_schema *schema;
	struct bci_map *map;     /* where it lies, not pinned by this */
	struct bci_chunk *chunk; /* a copy of an inline value; owned */
	enum bc_kind kind;
};

/* What a lookup looks for. */
struct bci_wanted {
	const char *key;
	size_t key_bytes;
	uint64_t key_hash;   /* bci_hash64() of it; 0: not known */
	const char *request; /* canonical text that must be the stored one */
	size_t request_bytes;
	int64_t now_ns;
	bool stale; /* an expired entry will do */
};

/* Newer transactions to ask when an arena is gone. */
#define BCI_HIT_RETRIES 8

/*
 * The entry of a key, as the lane's transaction sees it.  Returns BC_OK, or
 * BC_MISS with *miss if it is not there, expired, or cannot be read; BC_IO.
 */
enum bc_status bci_hit_entry(struct bci_env *env, struct bci_lane *lane,
                             const char *key, size_t key_bytes, int64_t now_ns,
                             struct bci_entry *entry, enum bc_miss *miss);

/*
 * The map of a segment's arena, made if this is the first use; returns as
 * bci_hit_find(), and BC_CORRUPT if there is no such arena.
 */
enum bc_status bci_hit_map(struct bci_env *env, struct bci_lane *lane,
                           const struct bci_locator *locator,
                           struct bci_map **map);

/* Fill a hit from an entry that is no series and has a segment. */
enum bc_status bci_hit_fill(struct bci_env *env, struct bci_lane *lane,
                            const struct bci_entry *entry, struct bci_hit *hit);

/* Report damage, and mark the segment for the next writer. */
void bci_hit_report(struct bc_cache *cache, struct bci_env *env,
                    const struct bci_locator *locator, uint64_t entry_id,
                    const char *key, size_t key_bytes, const char *wrong);

/*
 * Look a key up in the lane's transaction.  Returns BC_OK with *hit filled (the
 * map may go as soon as the lane is given back: pin it); BC_MISS with *miss
 * set; BC_ABSENT if the arena's file is gone, so that a newer transaction must
 * be asked; BC_COPY if it is a series, whose rows lie in several places: see
 * span.h; BC_NOMEM, BC_IO, BC_BUSY.
 */
enum bc_status bci_hit_find(struct bc_cache *cache, struct bci_env *env,
                            struct bci_lane *lane,
                            const struct bci_wanted *wanted,
                            struct bci_hit *hit, enum bc_miss *miss);

/* Whether its bytes may be shown without checking. */
static inline bool
bci_hit_is_checked(const struct bc_cache *cache, const struct bci_hit *hit)
{
	return BCI_LIKELY(hit->map != NULL &&
	                  cache->checking == BC_CHECK_FIRST &&
	                  bci_map_is_checked(hit->map, &hit->locator));
}

/* What a read checks, where it does. */
static inline enum bci_check
bci_hit_how(const struct bc_cache *cache)
{
	return cache->checking == BC_CHECK_ALWAYS ? BCI_CHECK_AGAIN
	                                          : BCI_CHECK_ONCE;
}

/*
 * Check the bytes of a pinned hit, with BCI_CHECK_AGAIN whatever the handle
 * wants.  BC_OK, or BC_MISS if they are damaged: reported, and marked in the
 * ledger for the next writer.
 */
enum bc_status bci_hit_check(struct bc_cache *cache, struct bci_env *env,
                             const struct bci_hit *hit,
                             const struct bci_wanted *wanted,
                             enum bci_check how);

/* The image of its segment. */
static inline const unsigned char *
bci_hit_image(const struct bci_hit *hit)
{
	return hit->map != NULL ? hit->map->base + hit->locator.offset
	                        : hit->chunk->image;
}

/* What the catalogue says of it. */
static inline struct bci_segment_claim
bci_hit_claim(const struct bci_hit *hit, const struct bci_wanted *wanted)
{
	return (struct bci_segment_claim){
		.kind = hit->kind,
		.revision = &hit->revision,
		.key = wanted->key,
		.key_bytes = wanted->key_bytes,
		.key_hash = wanted->key_hash,
		.schema = hit->schema,
	};
}

/* Whether that is, by the cheap check, what its segment says. */
static inline bool
bci_hit_agrees(const struct bci_hit *hit, const struct bci_wanted *wanted)
{
	const struct bci_segment_claim claim = bci_hit_claim(hit, wanted);

	return bci_segment_agrees(bci_hit_image(hit), &hit->locator,
	                          hit->entry_id, &claim);
}

/* Fill a view.  It takes over the pin in 'shard', or a chunk's reference. */
void bci_hit_view(const struct bci_hit *hit, unsigned shard,
                  struct bc_view *view);

/* Pin, check and show a hit while the lane is still held. */
enum bc_status bci_hit_show(struct bc_cache *cache, struct bci_env *env,
                            struct bci_lane *lane, const struct bci_hit *hit,
                            const struct bci_wanted *wanted,
                            struct bc_view *view);

/* Decode its packed segment, pinned and checked: see bci_decode_segment(). */
enum bc_status bci_hit_decode(struct bci_env *env, struct bci_lane *lane,
                              const struct bci_hit *hit,
                              const struct bci_wanted *wanted,
                              struct bci_hot **hot);

/* Show a packed segment from the hot tier, if it is there. */
bool bci_hit_show_hot(const struct bc_cache *cache, struct bci_env *env,
                      const struct bci_hit *hit,
                      const struct bci_wanted *wanted, struct bc_view *view);

/*
 * Count a get in the lane's shard, stamp the segment, and if the request was
 * begun at 'begun_ns' to be timed, time it.
 */
static inline void
bci_hit_count(struct bci_env *env, struct bci_lane *lane,
              const struct bci_hit *hit, enum bc_tier tier, int64_t begun_ns,
              int64_t now_ns)
{
	struct bci_slot *slot;

	if (BCI_UNLIKELY(env->untracked))
		return;
	bci_tally_hit(env, lane, tier, BC_OP_GET, begun_ns, now_ns);
	slot = bci_ledger_slot(&env->ledger, hit->locator.slot);
	if (BCI_LIKELY(slot != NULL && env->ledger.writable))
		bci_slot_stamp(slot,
		               bci_segment_id(&hit->locator, hit->entry_id),
		               (uint32_t)(now_ns / 1000000000));
}

/* Note a miss where a trace wants it.  The caller has the lane. */
static inline void
bci_miss_note(struct bc_cache *cache, const struct bci_lane *lane,
              const char *key, size_t key_bytes, int64_t now_ns)
{
	if (BCI_UNLIKELY(cache->tracer != NULL))
		bci_tracer_add(cache->tracer, lane, BCI_ACCESS_MISS, now_ns,
		               key, key_bytes, 0);
}

/*
 * Link an entry that was hit with the handle's backtest, if it has one.  What
 * was not opened through it (a snapshot from before a fork) is left out.
 */
static inline void
bci_link_hit(struct bc_cache *cache, struct bci_env *env,
             const struct bci_lane *lane, uint64_t entry_id, const char *key,
             size_t key_bytes)
{
	struct bci_linked *linked;

	if (BCI_LIKELY(cache->linker == NULL) ||
	    atomic_load_explicit(&cache->env, memory_order_relaxed) != env)
		return;
	linked = &cache->linker->lanes[lane->index];
	if (linked->unlinked != bci_env_unlinked(env) ||
	    !bci_ids_has(&linked->ids, entry_id))
		bci_link_note(cache, env, linked, entry_id, key, key_bytes);
}

/* Note a hit that was counted: for the handle's trace, and its backtest. */
static inline void
bci_hit_note(struct bc_cache *cache, struct bci_env *env,
             const struct bci_lane *lane, const struct bci_hit *hit,
             const char *key, size_t key_bytes, int64_t now_ns)
{
	if (BCI_LIKELY(!cache->notes))
		return;
	if (cache->tracer != NULL)
		bci_tracer_add(cache->tracer, lane, BCI_ACCESS_GET, now_ns, key,
		               key_bytes, hit->locator.bytes);
	bci_link_hit(cache, env, lane, hit->entry_id, key, key_bytes);
}

/* The whole of a get: lane, lookup, retries, check, counters. */
enum bc_status bci_hit_get(struct bc_cache *cache, struct bci_wanted *wanted,
                           struct bc_view *view);

#endif /* BCI_HIT_H */

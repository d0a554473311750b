/* SPDX-License-Identifier: MIT */
/*
 * hit.c - from a key to bytes that may be shown.
 *
 * The warm path: renew a pooled transaction, one B-tree lookup, a look at the
 * segment's header, a pin, a stamp, a counter.  No system call, no lock, no
 * allocation.  Mapping an arena and checking checksums happen once.
 */
#include "common.h"

#include "alloc.h"
#include "clock.h"
#include "control.h"
#include "decode.h"
#include "hash.h"
#include "memo.h"
#include "promote.h"
#include "query.h"

void
bci_hit_report(struct bc_cache *cache, struct bci_env *env,
               const struct bci_locator *locator, uint64_t entry_id,
               const char *key, size_t key_bytes, const char *wrong)
{
	bci_slot_mark_bad(&env->ledger, locator->slot,
	                  bci_segment_id(locator, entry_id));
	bci_log(cache, BC_EVENT_CHECKSUM,
	        "%.*s: damaged in arena %u at %llu: %s", (int)key_bytes, key,
	        locator->arena, (unsigned long long)locator->offset, wrong);
}

static void
hit_report(struct bc_cache *cache, struct bci_env *env,
           const struct bci_hit *hit, const struct bci_wanted *wanted,
           const char *wrong)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): it was found */
	bci_hit_report(cache, env, &hit->locator, hit->entry_id, wanted->key,
	               wanted->key_bytes, wrong);
}

/* ---- lookup ------------------------------------------------------------ */

/* Whether the stored request is the one asked for: BC_OK or BC_MISS. */
static enum bc_status
hit_compare_request(struct bci_env *env, struct MDB_txn *txn, uint64_t entry_id,
                    const struct bci_wanted *wanted)
{
	struct bci_detail_record detail;
	enum bc_status status;
	char *stored;

	status = bci_detail_load(txn, &env->tables, entry_id, &detail);
	if (status != BC_OK)
		return status;
	if (detail.request_bytes != wanted->request_bytes)
		return BC_MISS;
	stored = bci_alloc(&env->allocator, wanted->request_bytes, 1);
	if (stored == NULL)
		return BC_NOMEM;
	status = bci_request_load(txn, &env->tables, entry_id, &detail, stored);
	if (status == BC_OK &&
	    memcmp(stored, wanted->request, wanted->request_bytes) != 0)
		status = BC_MISS;
	bci_free(&env->allocator, stored);
	return status;
}

/* Copy an inline segment out of the catalogue's page. */
static enum bc_status
hit_copy_inline(struct bci_env *env, struct bci_lane *lane,
                const struct bci_entry *entry, struct bci_hit *hit)
{
	if (entry->inlined_bytes > BCI_INLINE_MAX ||
	    entry->inlined_bytes != hit->locator.bytes ||
	    hit->locator.arena != 0)
		return BC_CORRUPT;
	hit->chunk = bci_chunk_take(env, lane, entry->inlined_bytes);
	if (hit->chunk == NULL)
		return BC_NOMEM;
	memcpy(hit->chunk->image, entry->inlined, entry->inlined_bytes);
	return BC_OK;
}

static inline enum bc_status
hit_map(struct bci_env *env, struct bci_lane *lane,
        const struct bci_locator *locator, struct bci_map **map)
{
	struct bci_arena_record arena;
	enum bc_status status;

	*map = bci_maps_find(&env->maps, locator->arena);
	if (BCI_UNLIKELY(*map == NULL)) {
		status = bci_arena_load(lane->txn, &env->tables, locator->arena,
		                        &arena);
		if (status != BC_OK)
			return status == BC_MISS ? BC_CORRUPT : status;
		status = bci_maps_add(&env->maps, locator->arena, &arena, map);
		if (status != BC_OK)
			return status == BC_MISS ? BC_ABSENT : status;
		bci_tally_note(env, bci_clock_coarse_ns());
	}
	if (BCI_UNLIKELY(
		    !bci_map_reaches(*map, locator->offset + locator->bytes)))
		return BC_ABSENT; /* Gone since it was mapped, or cut short. */
	return BC_OK;
}

enum bc_status
bci_hit_map(struct bci_env *env, struct bci_lane *lane,
            const struct bci_locator *locator, struct bci_map **map)
{
	return hit_map(env, lane, locator, map);
}

static enum bc_status
hit_miss(enum bc_miss reason, enum bc_miss *miss)
{
	*miss = reason;
	return BC_MISS;
}

/*
 * What an entry says of its segment, and what this process knows already:
 * without a transaction.  BC_OK or BC_CORRUPT.
 */
static inline enum bc_status
hit_place(const struct bci_env *env, const struct bci_entry *entry,
          struct bci_hit *hit)
{
	hit->entry_id = entry->head.id;
	hit->revision = entry->head.revision;
	hit->expires_ns = entry->head.expires_ns;
	hit->kind = (enum bc_kind)entry->head.kind;
	hit->schema = NULL;
	hit->map = NULL;
	hit->chunk = NULL;
	bci_entry_locator(entry, 0, &hit->locator);
	if (BCI_UNLIKELY(!bci_locator_is_sane(&hit->locator)))
		return BC_CORRUPT;
	if (hit->kind != BC_BLOB)
		hit->schema = bci_env_schema_known(env, entry->head.schema);
	return BC_OK;
}

/* What this call and its caller will look at first, in far corners of memory.
 */
static inline void
hit_prefetch(struct bci_env *env, const struct bci_hit *hit)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is mapped */
	const unsigned char *image = hit->map->base + hit->locator.offset;

	__builtin_prefetch(image);
	__builtin_prefetch(image + BCI_LINE);
	__builtin_prefetch(image + hit->locator.header_bytes);
	__builtin_prefetch(bci_ledger_slot(&env->ledger, hit->locator.slot), 1);
}

static inline enum bc_status
hit_fill(struct bci_env *env, struct bci_lane *lane,
         const struct bci_entry *entry, struct bci_hit *hit)
{
	enum bc_status status = hit_place(env, entry, hit);

	if (BCI_UNLIKELY(status != BC_OK))
		return status;
	if (BCI_UNLIKELY(hit->schema == NULL && hit->kind != BC_BLOB)) {
		status = bci_env_schema_slow(env, lane->txn, entry->head.schema,
		                             &hit->schema);
		if (status != BC_OK)
			return status;
	}
	if (BCI_UNLIKELY(entry->inlined != NULL))
		return hit_copy_inline(env, lane, entry, hit);
	status = hit_map(env, lane, &hit->locator, &hit->map);
	if (BCI_LIKELY(status == BC_OK))
		hit_prefetch(env, hit);
	return status;
}

enum bc_status
bci_hit_fill(struct bci_env *env, struct bci_lane *lane,
             const struct bci_entry *entry, struct bci_hit *hit)
{
	return hit_fill(env, lane, entry, hit);
}

static inline enum bc_status
hit_entry(struct bci_env *env, struct bci_lane *lane, const char *key,
          size_t key_bytes, int64_t now_ns, struct bci_bytes *record,
          struct bci_entry *entry, enum bc_miss *miss)
{
	enum bc_status status;

	status = bci_table_get(lane->txn, env->tables.entries, key, key_bytes,
	                       record);
	if (status == BC_MISS)
		return hit_miss(BC_MISS_ABSENT, miss);
	if (BCI_UNLIKELY(status != BC_OK))
		return status == BC_CORRUPT ? hit_miss(BC_MISS_CORRUPT, miss)
		                            : status;
	if (BCI_UNLIKELY(bci_entry_read(key, key_bytes, record->data,
	                                record->size, entry) != BC_OK))
		return hit_miss(BC_MISS_CORRUPT, miss);
	if (entry->head.expires_ns != 0 && entry->head.expires_ns <= now_ns)
		return hit_miss(BC_MISS_EXPIRED, miss);
	return BC_OK;
}

enum bc_status
bci_hit_entry(struct bci_env *env, struct bci_lane *lane, const char *key,
              size_t key_bytes, int64_t now_ns, struct bci_entry *entry,
              enum bc_miss *miss)
{
	struct bci_bytes record;

	return hit_entry(env, lane, key, key_bytes, now_ns, &record, entry,
	                 miss);
}

enum bc_status
bci_hit_find(struct bc_cache *cache, struct bci_env *env, struct bci_lane *lane,
             const struct bci_wanted *wanted, struct bci_hit *hit,
             enum bc_miss *miss)
{
	struct bci_bytes record;
	struct bci_entry entry;
	enum bc_status status;

	status = hit_entry(env, lane, wanted->key, wanted->key_bytes,
	                   wanted->stale ? INT64_MIN : wanted->now_ns, &record,
	                   &entry, miss);
	if (BCI_UNLIKELY(status != BC_OK))
		return status;
	if (wanted->request != NULL) {
		status = hit_compare_request(env, lane->txn, entry.head.id,
		                             wanted);
		if (status == BC_MISS)
			return hit_miss(BC_MISS_OTHER_REQUEST, miss);
		if (status == BC_CORRUPT)
			return hit_miss(BC_MISS_CORRUPT, miss);
		if (status != BC_OK)
			return status;
	}
	if (BCI_UNLIKELY(entry.head.kind == BC_SERIES))
		return BC_COPY;
	if (BCI_UNLIKELY(entry.segment_count == 0))
		return hit_miss(BC_MISS_EVICTED, miss);
	status = hit_fill(env, lane, &entry, hit);
	if (BCI_UNLIKELY(status == BC_CORRUPT)) {
		hit_report(cache, env, hit, wanted, "what the catalogue says");
		return hit_miss(BC_MISS_CORRUPT, miss);
	}
	if (BCI_LIKELY(status == BC_OK && wanted->key_hash != 0 &&
	               hit->map != NULL))
		bci_memo_learn(lane, wanted->key, wanted->key_bytes,
		               wanted->key_hash, &record);
	return status;
}

/*
 * The same without a transaction, of what the lane found before and nothing has
 * changed since.  False for whatever is no plain hit: then it is looked up.
 */
static inline bool
hit_recall(struct bci_env *env, const struct bci_lane *lane,
           const struct bci_wanted *wanted, struct bci_hit *hit)
{
	struct bci_memory memory;
	struct bci_entry entry;

	if (wanted->request != NULL ||
	    !bci_memo_recall(env, lane, wanted->key, wanted->key_bytes,
	                     wanted->key_hash, &memory) ||
	    BCI_UNLIKELY(bci_entry_parse(memory.record.data, memory.record.size,
	                                 &entry) != BC_OK ||
	                 entry.head.kind == BC_SERIES ||
	                 entry.segment_count == 0 || entry.inlined != NULL ||
	                 hit_place(env, &entry, hit) != BC_OK))
		return false;
	hit->map = bci_maps_find(&env->maps, hit->locator.arena);
	if (BCI_UNLIKELY(
		    hit->map == NULL ||
		    !bci_map_reaches(hit->map, hit->locator.offset +
	                                               hit->locator.bytes) ||
		    (hit->schema == NULL && hit->kind != BC_BLOB) ||
		    (hit->expires_ns != 0 &&
	             hit->expires_ns <= wanted->now_ns)))
		return false;
	hit_prefetch(env, hit);
	return true;
}

/* ---- checking ---------------------------------------------------------- */

/* Check a header against its checksum, its place and what the catalogue says.
 */
static const char *
hit_check_header(const struct bci_hit *hit, const struct bci_wanted *wanted)
{
	const unsigned char *image = bci_hit_image(hit);
	const struct bci_segment_claim claim = bci_hit_claim(hit, wanted);
	const char *wrong =
		bci_segment_check(image, &hit->locator, hit->schema);

	return wrong != NULL ? wrong : bci_segment_check_claim(image, &claim);
}

/* Check the blocks of an inline value, which is copied anew each time. */
static const char *
hit_check_inline(const struct bci_hit *hit)
{
	const unsigned char *image = bci_hit_image(hit);

	for (uint32_t i = 0; i < bci_segment_blocks(&hit->locator); i++) {
		if (!bci_segment_check_block(image, &hit->locator, i))
			return "checksum of a block";
	}
	return NULL;
}

enum bc_status
bci_hit_check(struct bc_cache *cache, struct bci_env *env,
              const struct bci_hit *hit, const struct bci_wanted *wanted,
              enum bci_check how)
{
	const struct bci_locator *locator = &hit->locator;
	uint64_t id = bci_segment_id(locator, hit->entry_id);
	const char *wrong;

	if (bci_slot_is_bad(&env->ledger, locator->slot, id))
		return BC_MISS;
	if (!bci_segment_is(bci_hit_image(hit), locator, env->cache_id,
	                    hit->entry_id))
		wrong = "another segment";
	else if (cache->checking == BC_CHECK_NEVER && how != BCI_CHECK_AGAIN)
		return BC_OK;
	else
		wrong = hit_check_header(hit, wanted);
	if (wrong == NULL)
		wrong = hit->map == NULL
		                ? hit_check_inline(hit)
		                : bci_map_check_body(hit->map, locator, how);
	if (wrong == NULL)
		return BC_OK;
	hit_report(cache, env, hit, wanted, wrong);
	return BC_MISS;
}

/* ---- showing ----------------------------------------------------------- */

void
bci_hit_view(const struct bci_hit *hit, unsigned shard, struct bc_view *view)
{
	const struct bci_locator *locator = &hit->locator;

	view->kind = hit->kind;
	view->tier = bci_locator_tier(locator);
	view->miss = BC_MISS_NONE;
	view->open_rows = 0;
	view->copied_bytes = 0;
	view->rows = locator->rows;
	view->first_ns = locator->first_ns;
	view->last_ns = locator->last_ns;
	view->schema = hit->schema;
	view->data = bci_hit_image(hit) + locator->header_bytes;
	view->revision = hit->revision;
	view->layout_rows = locator->rows;
	view->first_row = 0;
	view->body_bytes = locator->bytes - locator->header_bytes;
	view->bytes = hit->schema == NULL ? view->body_bytes
	                                  : hit->schema->row_bytes *
	                                            (uint64_t)locator->rows;
	if (BCI_LIKELY(hit->map != NULL)) {
		view->pin = hit->map;
		view->pin_count = &hit->map->pins[shard].dropped;
	} else {
		view->copied_bytes = view->bytes;
		view->pin = hit->chunk;
		view->pin_count = NULL;
	}
}

/* Fill a view with a decoded segment, whose reference it takes over. */
static void
hit_view_hot(const struct bci_hit *hit, struct bci_hot *hot, enum bc_tier tier,
             struct bc_view *view)
{
	bci_hit_view(hit, 0, view);
	view->tier = tier;
	view->data = hot->data;
	view->body_bytes = hot->body_bytes;
	if (hit->schema == NULL)
		view->bytes = hot->body_bytes;
	view->copied_bytes = view->bytes;
	view->pin = hot;
	view->pin_count = NULL;
}

enum bc_status
bci_hit_decode(struct bci_env *env, struct bci_lane *lane,
               const struct bci_hit *hit, const struct bci_wanted *wanted,
               struct bci_hot **hot)
{
	const struct bci_cold cold = {
		.image = bci_hit_image(hit),
		.locator = &hit->locator,
		.schema = hit->schema,
		.entry_id = hit->entry_id,
		.key = wanted->key,
		.key_bytes = wanted->key_bytes,
	};

	return bci_decode_segment(env, lane, &cold, hot);
}

/* Whether it was checked, and is the one that the catalogue means. */
static inline bool
hit_is_known(const struct bc_cache *cache, const struct bci_hit *hit,
             const struct bci_wanted *wanted)
{
	return bci_hit_is_checked(cache, hit) && bci_hit_agrees(hit, wanted);
}

/* The same of a packed segment: decoded, unless somebody has already. */
static enum bc_status
hit_show_packed(struct bc_cache *cache, struct bci_env *env,
                struct bci_lane *lane, const struct bci_hit *hit,
                const struct bci_wanted *wanted, struct bc_view *view)
{
	enum bc_status status = BC_OK;
	struct bci_hot *hot;

	struct bci_map *map = view->pin;
	atomic_long *count = view->pin_count;

	if (bci_hit_show_hot(cache, env, hit, wanted, view)) {
		bci_map_unpin(map, count);
		return BC_OK;
	}
	if (!hit_is_known(cache, hit, wanted))
		status = bci_hit_check(cache, env, hit, wanted,
		                       bci_hit_how(cache));
	if (status == BC_OK)
		status = bci_hit_decode(env, lane, hit, wanted, &hot);
	if (status == BC_OK) {
		hit_view_hot(hit, hot, BC_COLD, view);
		bci_map_unpin(map, count);
	}
	if (status != BC_CORRUPT)
		return status;
	hit_report(cache, env, hit, wanted, "what is packed");
	return BC_MISS;
}

bool
bci_hit_show_hot(const struct bc_cache *cache, struct bci_env *env,
                 const struct bci_hit *hit, const struct bci_wanted *wanted,
                 struct bc_view *view)
{
	const uint64_t id = bci_segment_id(&hit->locator, hit->entry_id);
	const struct bci_segment_claim claim = bci_hit_claim(hit, wanted);
	struct bci_hot *hot;

	if (cache->checking == BC_CHECK_ALWAYS ||
	    bci_slot_is_bad(&env->ledger, hit->locator.slot, id))
		return false;
	hot = bci_hot_find(env, id, &hit->locator, &claim);
	if (hot == NULL)
		return false;
	hit_view_hot(hit, hot, BC_HOT, view);
	return true;
}

enum bc_status
bci_hit_show(struct bc_cache *cache, struct bci_env *env, struct bci_lane *lane,
             const struct bci_hit *hit, const struct bci_wanted *wanted,
             struct bc_view *view)
{
	bci_hit_view(hit, lane->index, view);
	if (BCI_UNLIKELY(hit->locator.codec == BCI_FORM_PACKED))
		return hit_show_packed(cache, env, lane, hit, wanted, view);
	if (BCI_LIKELY(hit_is_known(cache, hit, wanted) &&
	               !bci_slot_is_bad(
			       &env->ledger, hit->locator.slot,
			       bci_segment_id(&hit->locator, hit->entry_id))))
		return BC_OK;
	return bci_hit_check(cache, env, hit, wanted, bci_hit_how(cache));
}

/* Find an entry and pin where it lies; as bci_hit_find(). */
static inline enum bc_status
hit_find(struct bc_cache *cache, struct bci_env *env, struct bci_lane *lane,
         const struct bci_wanted *wanted, struct bci_hit *hit,
         enum bc_miss *miss)
{
	uint64_t newest = bci_env_newest(env);
	bool stale = bci_env_is_stale(env, newest);
	enum bc_status status;

	bci_env_tidy(env, wanted->now_ns);
	if (BCI_LIKELY(!stale) && hit_recall(env, lane, wanted, hit)) {
		bci_map_pin(hit->map, lane->index);
		return BC_OK;
	}
	status = bci_lane_begin(env, lane);
	if (BCI_UNLIKELY(status != BC_OK))
		return status;
	if (BCI_UNLIKELY(stale))
		bci_env_drop_maps(env, lane, newest, wanted->now_ns);
	status = bci_hit_find(cache, env, lane, wanted, hit, miss);
	if (BCI_LIKELY(status == BC_OK && hit->map != NULL))
		bci_map_pin(hit->map, lane->index);
	bci_lane_end(lane);
	return status;
}

/* One try of a get; BC_ABSENT asks for another with a newer transaction. */
static enum bc_status
hit_try(struct bc_cache *cache, struct bci_env *env, struct bci_lane *lane,
        const struct bci_wanted *wanted, int64_t begun_ns, bool last,
        struct bc_view *view)
{
	enum bc_miss miss = BC_MISS_CORRUPT;
	struct bci_hit hit;
	enum bc_status status;

	status = hit_find(cache, env, lane, wanted, &hit, &miss);
	if (BCI_LIKELY(status == BC_OK)) {
		status = bci_hit_show(cache, env, lane, &hit, wanted, view);
		if (BCI_LIKELY(status == BC_OK)) {
			bci_hit_count(env, lane, &hit, view->tier, begun_ns,
			              wanted->now_ns);
			bci_hit_note(cache, env, lane, &hit, wanted->key,
			             wanted->key_bytes, wanted->now_ns);
			if (BCI_UNLIKELY(view->tier != BC_WARM))
				bci_promote_view(cache, env, &hit, view);
			return BC_OK;
		}
		miss = BC_MISS_CORRUPT;
	}
	if (BCI_UNLIKELY(status == BC_ABSENT && last)) {
		hit_report(cache, env, &hit, wanted, "its arena is gone");
		miss = BC_MISS_CORRUPT;
		status = BC_MISS;
	}
	if (status == BC_MISS) {
		bci_tally_miss(env, lane, miss);
		bci_miss_note(cache, lane, wanted->key, wanted->key_bytes,
		              wanted->now_ns);
		view->miss = miss;
	}
	return status;
}

enum bc_status
bci_hit_get(struct bc_cache *cache, struct bci_wanted *wanted,
            struct bc_view *view)
{
	enum bc_status status;
	struct bci_lane *lane;
	struct bci_env *env;
	enum bc_miss miss;
	int64_t begun_ns;

	view->pin = NULL;
	status = bci_cache_env(cache, &env, NULL);
	if (BCI_UNLIKELY(status != BC_OK)) {
		*view = (struct bc_view){ 0 };
		return status;
	}
	wanted->now_ns = bci_clock_coarse_ns();
	wanted->key_hash = bci_hash64(wanted->key, wanted->key_bytes);
	lane = bci_lane_take(env);
	begun_ns = bci_tally_begin(lane);
	status = hit_try(cache, env, lane, wanted, begun_ns,
	                 BCI_CONTROL(no_second_lookup), view);
	for (int i = 1; BCI_UNLIKELY(status == BC_ABSENT); i++)
		status = hit_try(cache, env, lane, wanted, begun_ns,
		                 i == BCI_HIT_RETRIES, view);
	bci_lane_give(lane);
	if (BCI_LIKELY(status == BC_OK))
		return BC_OK;
	if (status == BC_COPY) {
		struct bci_query all =
			BCI_QUERY_ALL(wanted->key, wanted->key_bytes);

		all.stale = wanted->stale;
		return bci_query_read(cache, &all, view);
	}
	miss = status == BC_MISS ? view->miss : BC_MISS_NONE;
	bc_view_release(view);
	view->miss = miss;
	return status;
}

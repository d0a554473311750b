/* SPDX-License-Identifier: MIT */
/*
 * recent.c - what a lane remembers of stitched reads.
 *
 * A backtest that is run again and again reads the same year each time.  As
 * long as LMDB has made no commit the answer is the same, down to the pointers:
 * what remains of the read is to compare what was asked for, to see that no
 * segment was marked bad, and to count.  Each lane has its own memory, so no
 * lock is needed.
 */
#include "common.h"

#include "alloc.h"
#include "hash.h"
#include "recent.h"

#define RECENT_ITEMS 16
#define RECENT_KEY 128 /* longer keys are not remembered */

struct recent_item {
	struct bci_stitch *stitch; /* a reference; NULL: nothing here */
	uint64_t txnid;
	uint64_t entry_id;
	int64_t expires_ns;
	uint32_t slot; /* as that of the span */
	const struct bc_schema *schema;
	struct bc_view view;
	struct bci_query query; /* its key is below, its columns are not used */
	char key[RECENT_KEY];
};

struct bci_recent {
	unsigned dropped; /* as that of the stitches when last looked */
	struct recent_item items[RECENT_ITEMS];
};

static struct recent_item *
recent_place(struct bci_recent *recent, const struct bci_query *query)
{
	uint64_t sum = bci_hash64(query->key, query->key_bytes);

	/* Any spread will do: what is found is compared. */
	sum += query->by + query->first * 7 + query->count * 31;
	sum += (uint64_t)query->from_ns * 0x9e3779b97f4a7c15ull;
	sum += (uint64_t)query->to_ns * 0xc2b2ae3d27d4eb4full;
	return &recent->items[(sum >> 32 ^ sum) % RECENT_ITEMS];
}

/* Whether the columns asked for are those of a view. */
static bool
recent_shows(const struct recent_item *item, const char *const *columns)
{
	if (columns == NULL)
		return item->view.schema == item->schema;
	return bci_schema_is_part(item->view.schema, item->schema, columns);
}

static bool
recent_is(const struct recent_item *item, const struct bci_query *query)
{
	const struct bci_query *known = &item->query;

	return item->stitch != NULL && known->by == query->by &&
	       known->flags == query->flags &&
	       known->from_ns == query->from_ns &&
	       known->to_ns == query->to_ns && known->first == query->first &&
	       known->count == query->count &&
	       known->key_bytes == query->key_bytes &&
	       memcmp(item->key, query->key, query->key_bytes) == 0 &&
	       (item->expires_ns == 0 || query->stale ||
	        item->expires_ns > query->now_ns) &&
	       recent_shows(item, query->columns);
}

/* Seams that a view of a stitch shows, stamped; false if one is bad. */
static bool
recent_stamp(struct bci_env *env, const struct recent_item *item,
             int64_t now_ns)
{
	const struct bci_stitch *stitch = item->stitch;
	const uint32_t now_s = (uint32_t)(now_ns / 1000000000);

	for (size_t i = 0; i < stitch->count; i++) {
		const struct bci_seam *seam = &stitch->seams[i];
		struct bci_slot *slot =
			bci_ledger_slot(&env->ledger, seam->slot);

		if (seam->map == NULL || slot == NULL)
			continue;
		if (bci_slot_is_bad(&env->ledger, seam->slot, seam->id))
			return false;
		if (env->ledger.writable)
			bci_slot_stamp(slot, seam->id, now_s);
	}
	return true;
}

bool
bci_recent_read(struct bc_cache *cache, struct bci_env *env,
                struct bci_lane *lane, const struct bci_query *query,
                int64_t begun_ns, struct bc_view *view)
{
	struct bci_recent *recent = lane->recent;
	struct recent_item *item;

	if (recent == NULL)
		return false;
	if (recent->dropped != atomic_load(&env->stitches.dropped)) {
		bci_recent_forget(env, lane);
		return false;
	}
	item = recent_place(recent, query);
	if (!recent_is(item, query) || item->txnid != bci_env_commit(env) ||
	    !cache->recalls || !recent_stamp(env, item, query->now_ns))
		return false;
	bci_series_stamp(env, item->slot, item->entry_id, query->now_ns);
	bci_chunk_share(&item->stitch->chunk);
	*view = item->view;
	bci_tally_hit(env, lane, view->tier, BC_OP_READ, begun_ns,
	              query->now_ns);
	bci_link_hit(cache, env, lane, item->entry_id, query->key,
	             query->key_bytes);
	return true;
}

static void
recent_clear(struct recent_item *item, struct bci_lane *lane)
{
	struct bci_stitch *stitch = item->stitch;

	item->stitch = NULL;
	if (stitch != NULL)
		bci_chunk_give(&stitch->chunk, lane);
}

void
bci_recent_add(struct bci_lane *lane, const struct bci_query *query,
               const struct bci_span *span, uint64_t txnid,
               struct bci_stitch *stitch, const struct bc_view *view)
{
	struct bci_env *env = span->env;
	struct recent_item *item;

	if (query->key_bytes > RECENT_KEY)
		return;
	if (lane->recent == NULL) {
		lane->recent =
			bci_zalloc(&env->allocator, 1, sizeof(*lane->recent));
		if (lane->recent == NULL)
			return; /* Then it is looked up again. */
		lane->recent->dropped = atomic_load(&env->stitches.dropped);
	}
	item = recent_place(lane->recent, query);
	recent_clear(item, lane);
	bci_chunk_share(&stitch->chunk);
	item->stitch = stitch;
	item->txnid = txnid;
	item->entry_id = span->entry_id;
	item->expires_ns = span->expires_ns;
	item->slot = span->slot;
	item->schema = span->schema;
	item->view = *view;
	item->query = *query;
	memcpy(item->key, query->key, query->key_bytes);
}

void
bci_recent_forget(struct bci_env *env, struct bci_lane *lane)
{
	struct bci_recent *recent = lane->recent;

	if (recent == NULL)
		return;
	recent->dropped = atomic_load(&env->stitches.dropped);
	for (size_t i = 0; i < RECENT_ITEMS; i++)
		recent_clear(&recent->items[i], lane);
}

void
bci_recent_shut(struct bci_env *env, struct bci_lane *lane)
{
	struct bci_recent *recent = lane->recent;

	lane->recent = NULL;
	for (size_t i = 0; recent != NULL && i < RECENT_ITEMS; i++) {
		if (recent->items[i].stitch != NULL)
			bci_chunk_shut(&recent->items[i].stitch->chunk);
	}
	bci_free(&env->allocator, recent);
}

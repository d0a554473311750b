/* SPDX-License-Identifier: MIT */
/*
 * patrol.c - evicting what a policy ranks low, of what a round has come by.
 *
 * The round goes over all entries in the order of their keys, again and again,
 * a few steps for each that is evicted; the best victims that it came by are
 * kept in a pool (pool.h) between the commits of this process.  They are looked
 * at again before they go.  Where the round is, is noted in the ledger for the
 * next process, which begins with an empty pool: who only ever evicts one must
 * not always take it from the same entries.
 *
 * Each kind of what is meant has a round of its own.
 */
#include "common.h"

#include "alloc.h"
#include "error.h"
#include "patrol.h"
#include "pool.h"

/* Where most are pinned, so many are passed for a look. */
#define STEPS 64u

struct bci_patrol {
	struct bci_pool pool;
	struct bci_spot at;
	struct bci_spot spots[BCI_POOL]; /* of the pool's members */
};

/* ---- a round ----------------------------------------------------------- */

/* Where the last process was, as far as it is known. */
static void
patrol_begin(struct bci_patrol *patrol, struct bci_history *history)
{
	bci_spot_first(&patrol->at);
	if (history == NULL || history->round[0] < *BCI_KEY_FIRST)
		return;
	patrol->at.key_bytes = (uint16_t)strnlen((const char *)history->round,
	                                         sizeof(history->round));
	memcpy(patrol->at.key, history->round, patrol->at.key_bytes);
}

static void
patrol_note(const struct bci_patrol *patrol, struct bci_history *history)
{
	if (history == NULL)
		return;
	memset(history->round, 0, sizeof(history->round));
	memcpy(history->round, patrol->at.key,
	       bci_min(patrol->at.key_bytes, sizeof(history->round)));
}

/* The round of what is meant; NULL if there is no memory for it. */
static struct bci_patrol *
patrol_of(struct bci_writer *writer, const struct bci_meant *meant)
{
	struct bci_env *env = writer->env;
	unsigned kind = meant->entries   ? 0
	                : meant->inlined ? 1
	                                 : 1 + (unsigned)meant->class_;
	struct bci_patrol *patrol = env->patrols[kind];

	_Static_assert(BCI_COUNT(env->patrols) == BCI_ARENA_COLD + 2,
	               "rounds of all kinds");
	if (patrol == NULL) {
		patrol = bci_alloc(&env->allocator, 1, sizeof(*patrol));
		if (patrol == NULL)
			return NULL;
		memset(&patrol->pool, 0, sizeof(patrol->pool));
		patrol_begin(patrol, bci_writer_history(writer));
		env->patrols[kind] = patrol;
	}
	return patrol;
}

/* ---- looking ----------------------------------------------------------- */

struct patrol_look {
	struct bci_patrol *patrol;
	uint32_t looks; /* that are still to be done */
	uint32_t steps; /* of pinned ones as well, once there is a victim */
};

static enum bc_status
patrol_offer(void *context, const struct bci_candidate *found,
             const struct bci_locator *locator, const struct bci_spot *spot)
{
	struct patrol_look *look = context;
	struct bci_patrol *patrol = look->patrol;
	uint32_t place = bci_pool_offer(&patrol->pool, found);

	(void)locator;
	if (place != BCI_POOL_NONE) {
		struct bci_spot *to = &patrol->spots[place];

		to->last_ns = spot->last_ns;
		to->key_bytes = spot->key_bytes;
		memcpy(to->key, spot->key, spot->key_bytes);
	}
	look->looks -= !found->pinned;
	look->steps -= look->steps != 0;
	return look->looks == 0 || (look->steps == 0 && patrol->pool.count != 0)
	               ? BC_BUSY
	               : BC_OK;
}

/* Look at some more; if there are hardly any, at all of them once. */
static enum bc_status
patrol_look(struct bci_patrol *patrol, struct bci_writer *writer,
            const struct bci_meant *meant, struct bc_error *err)
{
	uint32_t looks = bci_pool_looks(&patrol->pool);
	struct patrol_look look = { patrol, looks, STEPS * looks };
	enum bc_status status = BC_MISS;

	for (unsigned ends = 0; status == BC_MISS && ends < 2; ends++) {
		status = bci_candidate_walk(writer, meant, &patrol->at,
		                            patrol_offer, &look, err);
		if (status == BC_MISS)
			bci_spot_first(&patrol->at);
	}
	if (status == BC_MISS || status == BC_BUSY)
		return BC_OK;
	return bci_fail(err, status, "cannot read the entries: %s",
	                bc_strerror(status));
}

/* ---- evicting ---------------------------------------------------------- */

static bool
patrol_is_enough(const struct bci_eviction *eviction,
                 const struct bci_evicted *evicted, uint64_t bytes)
{
	if (eviction->most != 0 && evicted->segments >= eviction->most)
		return true;
	return bytes >= eviction->bytes &&
	       evicted->segments >= eviction->segments;
}

enum bc_status
bci_patrol_evict(struct bci_writer *writer, const struct bci_eviction *eviction,
                 struct bci_evicted *evicted, struct bc_error *err)
{
	const struct bci_meant *meant = &eviction->meant;
	struct bci_patrol *patrol = patrol_of(writer, meant);
	enum bc_status status = BC_OK;
	uint64_t bytes = 0;

	if (patrol == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to evict");
	bci_pool_begin(&patrol->pool, eviction->policy, writer->now_ns);
	while (status == BC_OK && !patrol_is_enough(eviction, evicted, bytes)) {
		struct bci_candidate candidate;
		uint32_t place;

		status = patrol_look(patrol, writer, meant, err);
		if (status != BC_OK)
			break;
		place = bci_pool_take(&patrol->pool, &candidate);
		if (place == BCI_POOL_NONE)
			break;
		status = bci_evict_chosen(writer, meant, &patrol->spots[place],
		                          &candidate, evicted, err);
		if (status == BC_OK)
			bytes += candidate.bytes;
		else if (status == BC_MISS)
			status = BC_OK; /* Gone, or accessed since. */
	}
	patrol_note(patrol, bci_writer_history(writer));
	return status;
}

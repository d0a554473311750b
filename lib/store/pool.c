/* SPDX-License-Identifier: MIT */
/*
 * pool.c - the candidates that a policy would evict first.
 *
 * An array without order: the lowest and the highest are found by looking at
 * all ranks, which lie close together and take less time than looking at one
 * entry of a catalogue.  Whoever is lower than the highest takes its place.
 *
 * With sixteen looks for each that goes, what goes is of the lowest sixteenth
 * or so, as far as the pool evens out that neighbours are alike.
 *
 * Ranks of some policies change with time, but hardly their order: they are
 * reckoned anew once a second.
 */
#include "common.h"

#include "pool.h"

#define LOOKS 16u
#define LOOKS_NEW 512u
#define RANKED_NS 1000000000

/* One candidate of so many leaves its time. */
#define TIMES_STEP 4u

/* ---- ranks ------------------------------------------------------------- */

/*
 * As bci_policy_choose() has it: the largest of the older half goes first, and
 * of the younger half whoever is the oldest.
 */
static uint64_t
pool_rank_hybrid(const struct bci_pool *pool,
                 const struct bci_candidate *candidate)
{
	const uint64_t half = 1ull << 63;

	if (candidate->accessed_ns <= pool->middle_ns)
		return half - 1 - bci_min(candidate->bytes, half - 1);
	return half |
	       bci_policy_rank(BC_POLICY_LRU, candidate, pool->ranked_ns) >> 1;
}

static uint64_t
pool_rank(const struct bci_pool *pool, const struct bci_candidate *candidate)
{
	return pool->policy == BC_POLICY_HYBRID
	               ? pool_rank_hybrid(pool, candidate)
	               : bci_policy_rank(pool->policy, candidate,
	                                 pool->ranked_ns);
}

static void
pool_rank_all(struct bci_pool *pool)
{
	for (uint32_t i = 0; i < pool->count; i++)
		pool->ranks[i] = pool_rank(pool, &pool->members[i]);
	pool->worst = BCI_POOL_NONE;
}

/* Whether a candidate of that rank goes before a member. */
static bool
pool_is_before(const struct bci_pool *pool, uint64_t rank, uint64_t order,
               uint32_t member)
{
	return rank != pool->ranks[member]
	               ? rank < pool->ranks[member]
	               : order < pool->members[member].order;
}

/* ---- the middle -------------------------------------------------------- */

static int64_t
pool_middle(const int64_t *times, uint32_t count)
{
	int64_t middle = times[0];
	uint32_t best = 0;

	/* The largest that at most half are below. */
	for (uint32_t i = 0; i < count; i++) {
		uint32_t below = 0;

		for (uint32_t j = 0; j < count; j++)
			below += times[j] < times[i];
		if (below >= best && below <= count / 2) {
			best = below;
			middle = times[i];
		}
	}
	return middle;
}

/* Now and then a time is noted; of enough of them the middle is taken. */
static void
pool_note_time(struct bci_pool *pool, int64_t accessed_ns)
{
	uint32_t count = pool->seen / TIMES_STEP;

	if (pool->seen++ % TIMES_STEP != 0)
		return;
	pool->times[count++] = accessed_ns;
	if (count != BCI_POOL_TIMES)
		return;
	pool->middle_ns = pool_middle(pool->times, count);
	pool->seen = 0;
	pool_rank_all(pool);
}

/* ---- the pool ---------------------------------------------------------- */

void
bci_pool_begin(struct bci_pool *pool, enum bc_policy policy, int64_t now_ns)
{
	policy = bci_policy_resolve(policy);
	if (bci_policy_is_ordered(policy))
		policy = BC_POLICY_LRU;
	if (policy != pool->policy) {
		pool->policy = policy;
		pool->ranked_ns = now_ns;
		pool->middle_ns = INT64_MIN;
		pool->count = pool->seen = 0;
		pool->worst = BCI_POOL_NONE;
		for (uint32_t i = 0; i < BCI_POOL; i++)
			pool->members[i].id = i;
	} else if (now_ns < pool->ranked_ns ||
	           now_ns - pool->ranked_ns >= RANKED_NS) {
		pool->ranked_ns = now_ns;
		pool_rank_all(pool);
	}
}

uint32_t
bci_pool_looks(const struct bci_pool *pool)
{
	return pool->count < BCI_POOL / 4 ? LOOKS_NEW : LOOKS;
}

static void
pool_find_worst(struct bci_pool *pool)
{
	uint32_t worst = 0;

	for (uint32_t i = 1; i < pool->count; i++) {
		if (pool->ranks[i] >= pool->ranks[worst] &&
		    !pool_is_before(pool, pool->ranks[i],
		                    pool->members[i].order, worst))
			worst = i;
	}
	pool->worst = worst;
}

static uint32_t
pool_find(const struct bci_pool *pool, uint64_t key)
{
	for (uint32_t i = 0; i < pool->count; i++) {
		if (pool->keys[i] == key)
			return i;
	}
	return BCI_POOL_NONE;
}

uint32_t
bci_pool_offer(struct bci_pool *pool, const struct bci_candidate *candidate)
{
	uint32_t at = BCI_POOL_NONE;
	uint64_t rank, id;

	if (candidate->pinned)
		return BCI_POOL_NONE;
	if (pool->policy == BC_POLICY_HYBRID)
		pool_note_time(pool, candidate->accessed_ns);
	rank = pool_rank(pool, candidate);
	if (pool->count == BCI_POOL) {
		if (pool->worst == BCI_POOL_NONE)
			pool_find_worst(pool);
		if (!pool_is_before(pool, rank, candidate->order, pool->worst))
			return BCI_POOL_NONE;
	}
	at = pool_find(pool, candidate->key);
	if (at == BCI_POOL_NONE)
		at = pool->count < BCI_POOL ? pool->count++ : pool->worst;
	id = pool->members[at].id;
	pool->ranks[at] = rank;
	pool->keys[at] = candidate->key;
	pool->members[at] = *candidate;
	pool->members[at].id = id;
	pool->worst = BCI_POOL_NONE;
	return (uint32_t)id;
}

uint32_t
bci_pool_take(struct bci_pool *pool, struct bci_candidate *out)
{
	uint32_t best = 0, last = pool->count - 1;
	struct bci_candidate member;

	if (pool->count == 0)
		return BCI_POOL_NONE;
	for (uint32_t i = 1; i < pool->count; i++) {
		if (pool->ranks[i] <= pool->ranks[best] &&
		    pool_is_before(pool, pool->ranks[i], pool->members[i].order,
		                   best))
			best = i;
	}
	member = pool->members[best];
	pool->members[best] = pool->members[last];
	pool->ranks[best] = pool->ranks[last];
	pool->keys[best] = pool->keys[last];
	pool->members[last] = member;
	pool->count--;
	pool->worst = BCI_POOL_NONE;
	*out = member;
	return (uint32_t)member.id;
}

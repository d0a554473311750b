/* SPDX-License-Identifier: MIT */
/*
 * promote.c - what is read cold again becomes warm.
 *
 * Twenty readers of the same cold rows would hold twenty decoded copies; so the
 * second time that any process decodes a segment, it writes the segment to the
 * warm tier, from where everybody reads it in place.  The packed copy goes: a
 * second one would only be there to be dropped later, and packing again takes
 * no longer than verifying it would.
 *
 * A reader must not notice: it takes the writer's lock only if that is free,
 * and spends one part in PROMOTE_SHARE of its time at most, but for a burst.
 */
#include "common.h"

#include "clock.h"
#include "promote.h"
#include "shift.h"

#define PROMOTE_SHARE 8
#define PROMOTE_BURST_NS 200000000

/* When to try again where another writes. */
#define PROMOTE_PAUSE_NS 100000

/* Segments that are promoted in one commit, and how long it may take. */
#define PROMOTE_MOST 64
#define PROMOTE_ONCE_NS 4000000

struct promotion {
	struct bci_locator locator;
	const char *key;
	size_t key_bytes;
	struct bci_hot *hot; /* a reference, or NULL: in no table */
	bool tried, done;
};

/* Whether this process may spend time on it now. */
static bool
promote_may(struct bc_cache *cache, struct bci_env *env, int64_t now_ns)
{
	struct bci_hots *hots = &env->hots;
	int64_t paid_ns =
		atomic_load_explicit(&hots->paid_ns, memory_order_relaxed);

	return !env->read_only &&
	       (cache->flags & (BC_OPEN_READONLY | BC_OPEN_BYPASS)) == 0 &&
	       now_ns >= atomic_load_explicit(&hots->pause_ns,
	                                      memory_order_relaxed) &&
	       paid_ns - now_ns < (int64_t)PROMOTE_SHARE * PROMOTE_BURST_NS;
}

/* Note how long it took. */
static void
promote_pay(struct bci_env *env, int64_t begun_ns)
{
	int64_t now_ns = bci_clock_monotonic_ns();
	int64_t paid_ns = atomic_load(&env->hots.paid_ns);

	if (paid_ns < now_ns)
		paid_ns = now_ns;
	atomic_store(&env->hots.paid_ns,
	             paid_ns + PROMOTE_SHARE * (now_ns - begun_ns));
}

/*
 * Promote what can be in one commit, as long as it takes no time worth
 * mentioning; returns whether it was our turn.
 */
static bool
promote_all(struct bc_cache *cache, struct bci_env *env,
            struct promotion *promotions, size_t count, int64_t begun_ns)
{
	struct bci_writer writer;
	enum bc_status status;
	bool any = false;

	if (bci_writer_begin_tidy(cache, env, 0, &writer, NULL) != BC_OK) {
		atomic_store(&env->hots.pause_ns,
		             bci_clock_monotonic_ns() + PROMOTE_PAUSE_NS);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct promotion *one = &promotions[i];

		status = bci_promote(&writer, one->key, one->key_bytes,
		                     &one->locator, NULL);
		one->tried = true;
		one->done = status == BC_OK;
		any = any || status == BC_OK;
		if (status == BC_NOMEM || status == BC_IO ||
		    status == BC_NOSPACE) {
			any = false;
			break;
		}
		if (bci_clock_monotonic_ns() - begun_ns > PROMOTE_ONCE_NS)
			break;
	}
	if (!any) {
		bci_writer_abort(&writer);
		return true;
	}
	/* What was decoded is good whether or not the commit succeeds. */
	(void)bci_writer_commit(&writer, NULL);
	return true;
}

/* What else this process holds that was decoded before. */
static size_t
promote_more(struct bci_env *env, struct promotion *promotions, size_t count)
{
	struct bci_hot *hots[PROMOTE_MOST];
	size_t more = bci_hots_again(env, hots, PROMOTE_MOST - count);

	for (size_t i = 0; i < more; i++)
		promotions[count++] = (struct promotion){
			.locator = hots[i]->locator,
			.key = hots[i]->key,
			.key_bytes = hots[i]->key_bytes,
			.hot = hots[i],
		};
	return count;
}

static void
promote(struct bc_cache *cache, struct bci_env *env,
        struct promotion *promotions, size_t count)
{
	const int64_t begun_ns = bci_clock_monotonic_ns();

	if (!promote_may(cache, env, begun_ns))
		return;
	count = promote_more(env, promotions, count);
	if (count == 0)
		return;
	if (promote_all(cache, env, promotions, count, begun_ns))
		promote_pay(env, begun_ns);
	for (size_t i = 0; i < count; i++) {
		struct promotion *one = &promotions[i];

		if (one->hot == NULL)
			continue;
		/* Or it cannot be: then only when it is decoded once more. */
		if (one->tried)
			bci_hot_settle(env, one->hot->id, one->done);
		bci_chunk_give(&one->hot->chunk, NULL);
	}
}

void
bci_promote_view(struct bc_cache *cache, struct bci_env *env,
                 const struct bci_hit *hit, const struct bc_view *view)
{
	struct promotion promotions[PROMOTE_MOST];
	const struct bci_hot *hot = view->pin;

	if (hit->locator.codec == BCI_FORM_PACKED && atomic_load(&hot->again))
		promote(cache, env, promotions, 0);
}

void
bci_promote_span(struct bci_span *span)
{
	struct promotion promotions[PROMOTE_MOST];
	bool again = false;
	size_t count = 0;

	for (size_t i = 0; i < span->count && count < PROMOTE_MOST / 2; i++) {
		const struct bci_piece *piece = &span->pieces[i];

		again = again || piece->again;
		if (piece->again && piece->hot == NULL)
			promotions[count++] = (struct promotion){
				.locator = piece->locator,
				.key = span->key,
				.key_bytes = span->key_bytes,
			};
	}
	if (again)
		promote(span->cache, span->env, promotions, count);
}

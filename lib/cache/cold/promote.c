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
#define PROMOTE_PAUSE_NS 2000000

/* Segments of one read that are promoted in one commit. */
#define PROMOTE_MOST 64

struct promotion {
	struct bci_locator locator;
	uint64_t id;
	bool done;
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

/* Promote what can be, in one commit; returns whether it was our turn. */
static bool
promote_all(struct bc_cache *cache, struct bci_env *env, const char *key,
            size_t key_bytes, struct promotion *promotions, size_t count)
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
		status = bci_promote(&writer, key, key_bytes,
		                     &promotions[i].locator, NULL);
		promotions[i].done = status == BC_OK;
		any = any || status == BC_OK;
		if (status == BC_NOMEM || status == BC_IO ||
		    status == BC_NOSPACE) {
			any = false;
			break;
		}
	}
	if (!any) {
		bci_writer_abort(&writer);
		return true;
	}
	/* What was decoded is good whether or not the commit succeeds. */
	(void)bci_writer_commit(&writer, NULL);
	return true;
}

static void
promote(struct bc_cache *cache, struct bci_env *env, const char *key,
        size_t key_bytes, struct promotion *promotions, size_t count)
{
	const int64_t begun_ns = bci_clock_monotonic_ns();

	if (!promote_may(cache, env, begun_ns) ||
	    !promote_all(cache, env, key, key_bytes, promotions, count))
		return;
	promote_pay(env, begun_ns);
	/* Or it cannot be: then nobody tries until it is decoded once more. */
	for (size_t i = 0; i < count; i++)
		bci_hot_settle(env, promotions[i].id, promotions[i].done);
}

void
bci_promote_view(struct bc_cache *cache, struct bci_env *env,
                 const struct bci_hit *hit, const char *key, size_t key_bytes,
                 const struct bc_view *view)
{
	struct promotion promotion = {
		.locator = hit->locator,
		.id = bci_segment_id(&hit->locator, hit->entry_id),
	};
	struct bci_hot *hot = view->pin;

	if (hit->locator.codec != BCI_FORM_PACKED || !atomic_load(&hot->again))
		return;
	promote(cache, env, key, key_bytes, &promotion, 1);
}

void
bci_promote_span(struct bci_span *span)
{
	struct promotion promotions[PROMOTE_MOST];
	size_t count = 0;

	for (size_t i = 0; i < span->count && count < PROMOTE_MOST; i++) {
		const struct bci_piece *piece = &span->pieces[i];

		if (!piece->again)
			continue;
		promotions[count++] = (struct promotion){
			.locator = piece->locator,
			.id = bci_segment_id(&piece->locator, span->entry_id),
		};
	}
	if (count != 0)
		promote(span->cache, span->env, span->key, span->key_bytes,
		        promotions, count);
}

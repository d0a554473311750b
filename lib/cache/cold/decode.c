/* SPDX-License-Identifier: MIT */
/*
 * decode.c - decoding segments of the cold tier.
 *
 * All of a segment goes to the hot tier, where the next reader finds it.
 */
#include "common.h"

#include "alloc.h"
#include "clock.h"
#include "decode.h"
#include "verify.h"

void *
bci_decode_work(struct bci_env *env, struct bci_lane *lane)
{
	if (lane->work == NULL)
		lane->work =
			bci_alloc(&env->allocator, 1, bci_pack_decode_work());
	return lane->work;
}

enum bc_status
bci_decode_segment(struct bci_env *env, struct bci_lane *lane,
                   const struct bci_cold *cold, struct bci_hot **out)
{
	const uint64_t id = bci_segment_id(cold->locator, cold->entry_id);
	const uint32_t slot = cold->locator->slot;
	const int64_t begun_ns = bci_clock_monotonic_ns();
	void *work = bci_decode_work(env, lane);
	struct bci_packed packed;
	struct bci_hot *hot;

	*out = NULL;
	if (bci_packed_open(cold->image, cold->locator, cold->schema,
	                    &packed) != NULL)
		return BC_CORRUPT;
	bci_packed_trust(&packed);
	hot = work == NULL
	              ? NULL
	              : bci_hot_make(env,
	                             bci_max(bci_packed_body_bytes(&packed), 1),
	                             cold->key_bytes);
	if (hot == NULL)
		return BC_NOMEM;
	if (!bci_packed_decode(&packed, work, hot->data)) {
		bci_chunk_give(&hot->chunk, lane);
		return BC_CORRUPT;
	}
	if (env->ledger.writable)
		atomic_store(&hot->again,
		             bci_slot_decoded(&env->ledger, slot, id));
	hot->locator = *cold->locator;
	hot->key_bytes = cold->key_bytes;
	memcpy(hot->key, cold->key, cold->key_bytes);
	bci_hot_keep(env, hot, id);
	bci_ledger_time(&env->ledger, BC_OP_DECODE,
	                bci_clock_monotonic_ns() - begun_ns);
	*out = hot;
	return BC_OK;
}

/* The times of what was decoded; a value without them has none to check. */
static const char *
decode_check_times(const struct bci_cold *cold, const struct bci_hot *hot)
{
	const struct bci_locator *locator = cold->locator;

	if (cold->schema == NULL || !cold->schema->has_time)
		return NULL;
	return bci_verify_times((const int64_t *)(const void *)hot->data,
	                        locator->rows, locator->first_ns,
	                        locator->last_ns);
}

const char *
bci_decode_verify(struct bci_env *env, const struct bci_cold *cold)
{
	const char *wrong;
	struct bci_packed packed;
	struct bci_hot *hot;
	void *work;

	wrong = bci_packed_open(cold->image, cold->locator, cold->schema,
	                        &packed);
	if (wrong != NULL)
		return wrong;
	work = bci_alloc(&env->allocator, 1, bci_pack_decode_work());
	hot = bci_hot_make(env, bci_max(bci_packed_body_bytes(&packed), 1), 0);
	if (work == NULL || hot == NULL)
		wrong = "there is no memory to decode it";
	else if (!bci_packed_decode(&packed, work, hot->data))
		wrong = "what is packed";
	else
		wrong = decode_check_times(cold, hot);
	if (hot != NULL)
		bci_chunk_give(&hot->chunk, NULL);
	bci_free(&env->allocator, work);
	return wrong;
}

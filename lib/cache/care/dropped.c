/* SPDX-License-Identifier: MIT */
/*
 * dropped.c - showing what was dropped for damage.
 */
#include "common.h"

#include "cache.h"
#include "error.h"
#include "quarantine.h"

/* One row, copied, as it is shown. */
struct dropped {
	struct bc_quarantined shown;
	char key[BC_KEY_MAX + 1];
	char reason[BCI_REASON_MAX + 1];
};

static void
dropped_fill(struct dropped *dropped, uint64_t number,
             const struct bci_quarantine_record *record,
             const struct bci_bytes *key, const struct bci_bytes *reason)
{
	size_t key_bytes = bci_min(key->size, BC_KEY_MAX);
	size_t reason_bytes = bci_min(reason->size, BCI_REASON_MAX);

	memcpy(dropped->key, key->data, key_bytes);
	dropped->key[key_bytes] = '\0';
	memcpy(dropped->reason, reason->data, reason_bytes);
	dropped->reason[reason_bytes] = '\0';
	dropped->shown = (struct bc_quarantined){
		.number = number,
		.time_ns = record->time_ns,
		.key = dropped->key,
		.reason = dropped->reason,
		.arena = record->arena,
		.offset = record->offset,
		.bytes = record->bytes,
	};
}

/* The next row from *number on, in a transaction of its own. */
static enum bc_status
dropped_next(struct bci_env *env, uint64_t *number, struct dropped *dropped)
{
	struct bci_lane *lane = bci_lane_take(env);
	struct bci_quarantine_record record;
	struct bci_bytes key, reason;
	enum bc_status status = bci_lane_begin(env, lane);

	if (status == BC_OK) {
		unsigned table = atomic_load(&env->tables.quarantine);

		status = table != BCI_NO_TABLE &&
		                         bci_table_is_open(lane->txn, table)
		                 ? bci_quarantine_next(lane->txn, &env->tables,
		                                       number, &record, &key,
		                                       &reason)
		                 : BC_MISS;
		if (status == BC_OK)
			dropped_fill(dropped, *number, &record, &key, &reason);
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	return status;
}

enum bc_status
bc_quarantine(struct bc_cache *cache, bc_quarantine_function *function,
              void *context, uint64_t *count, struct bc_error *err)
{
	struct dropped dropped;
	uint64_t number = 0, seen = 0;
	enum bc_status status;
	struct bci_env *env;

	if (count != NULL)
		*count = 0;
	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	for (bool more = true; more; more = number++ != UINT64_MAX) {
		status = dropped_next(env, &number, &dropped);
		if (status == BC_CORRUPT) {
			status = BC_OK;
			continue; /* A row that says nothing. */
		}
		if (status != BC_OK)
			break;
		seen++;
		if (function != NULL && function(context, &dropped.shown) != 0)
			break;
	}
	if (status != BC_OK && status != BC_MISS)
		return bci_fail(err, status, "cannot read what was dropped: %s",
		                bc_strerror(status));
	if (count != NULL)
		*count = seen;
	return BC_OK;
}

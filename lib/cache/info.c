/* SPDX-License-Identifier: MIT */
/*
 * info.c - what is known of one entry.
 *
 * Of a series that takes a walk over its segments, whose locators say all that
 * is asked for: no byte of its rows but the tail is looked at.
 */
#include "common.h"

#include "clock.h"
#include "directory.h"
#include "entry.h"
#include "error.h"
#include "key.h"
#include "list.h"

/* Transactions to ask when the tables of a series were not open before. */
#define RETRIES 2

/* ---- what all kinds have ----------------------------------------------- */

/* Add what the details say; the request goes to 'text' if there is room. */
static enum bc_status
info_details(struct bci_env *env, struct MDB_txn *txn, uint64_t entry_id,
             char *text, size_t room, struct bc_info *info)
{
	struct bci_detail_record detail;
	enum bc_status status;

	status = bci_detail_load(txn, &env->tables, entry_id, &detail);
	if (status != BC_OK)
		return status;
	info->created_ns = detail.created_ns;
	info->dataset_id = detail.dataset_id;
	info->cost_ns = detail.cost_ns;
	info->suspect_rows = detail.suspect_rows;
	info->ttl_ns = detail.ttl_ns;
	if (info->kind != BC_SERIES) {
		info->updated_ns = detail.updated_ns;
		info->payload_bytes = detail.payload_bytes;
		memcpy(info->digest, detail.digest, sizeof(info->digest));
	}
	if (detail.request_bytes == 0 || detail.request_bytes >= room)
		return BC_OK;
	status = bci_request_load(txn, &env->tables, entry_id, &detail, text);
	text[detail.request_bytes] = '\0';
	info->request = text;
	return status;
}

/* Add what a slot of the ledger says, if it is that of 'id': accesses. */
static void
info_accesses(struct bci_env *env, uint32_t number, uint64_t id,
              struct bc_info *info)
{
	struct bci_slot *slot = bci_ledger_slot(&env->ledger, number);
	int64_t accessed_ns;

	if (slot == NULL || (atomic_load(&slot->word) & BCI_SLOT_ID) != id)
		return;
	info->access_count += bci_slot_accesses(slot);
	accessed_ns = (int64_t)atomic_load(&slot->accessed_s) * BCI_SECOND_NS;
	if (accessed_ns > info->accessed_ns)
		info->accessed_ns = accessed_ns;
}

/* What a segment takes and where; an entry is as warm as its warmest one. */
static void
info_place(const struct bci_locator *locator, struct bc_info *info)
{
	const bool cold = bci_locator_is_cold(locator);

	info->stored_bytes += locator->bytes;
	info->raw_bytes += bci_locator_raw_bytes(locator);
	info->cold_bytes += cold ? locator->bytes : 0;
	info->cold_segments += cold;
}

/* The one segment of what is no series, unless that was evicted. */
static void
info_segment(struct bci_env *env, const struct bci_entry *entry,
             struct bc_info *info)
{
	struct bci_locator locator;

	if (entry->segment_count == 0)
		return;
	bci_entry_locator(entry, 0, &locator);
	info->first_ns = locator.first_ns;
	info->last_ns = locator.last_ns;
	info->rows = locator.rows;
	info_place(&locator, info);
	info->step_ns = locator.step_ns;
	info_accesses(env, locator.slot, bci_segment_id(&locator, info->id),
	              info);
}

/* ---- a series ---------------------------------------------------------- */

/* The step that all rows so far keep, as pieces of them come along. */
struct info_step {
	uint64_t rows;
	int64_t last_ns;
	uint64_t step; /* 0: not known yet */
	bool varies;
};

static void
step_is(struct info_step *all, uint64_t step)
{
	all->varies = all->varies || step == 0 ||
	              (all->step != 0 && all->step != step);
	all->step = step;
}

static void
step_add(struct info_step *all, int64_t first_ns, int64_t last_ns,
         int64_t step_ns, uint64_t rows)
{
	if (all->rows != 0)
		step_is(all, (uint64_t)first_ns - (uint64_t)all->last_ns);
	if (rows > 1)
		step_is(all, (uint64_t)step_ns);
	all->rows += rows;
	all->last_ns = last_ns;
}

static enum bc_status
info_tail(const struct bci_entry *entry, struct info_step *step,
          struct bc_info *info)
{
	const uint32_t rows = entry->series.tail_rows;

	if (!bci_tail_is_sane(entry, info->schema))
		return BC_CORRUPT;
	for (uint32_t i = 0; i < rows; i++) {
		int64_t time_ns;

		memcpy(&time_ns, entry->tail + 8ull * i, sizeof(time_ns));
		step_add(step, time_ns, time_ns, 0, 1);
	}
	info->stored_bytes += entry->tail_bytes;
	info->raw_bytes += entry->tail_bytes;
	return BC_OK;
}

static enum bc_status
info_series(struct bci_env *env, struct MDB_txn *txn,
            const struct bci_entry *entry, struct bc_info *info)
{
	const struct bci_series_record *series = &entry->series;
	struct bci_directory directory;
	struct info_step step = { 0 };
	struct bci_locator locator;
	enum bc_status status;

	bci_directory_open(&directory, txn, &env->tables, entry);
	while ((status = bci_directory_next(&directory, &locator)) == BC_OK) {
		info_place(&locator, info);
		if (series->slot == 0)
			info_accesses(env, locator.slot,
			              bci_segment_id(&locator, info->id), info);
		step_add(&step, locator.first_ns, locator.last_ns,
		         locator.step_ns, locator.rows);
	}
	bci_directory_close(&directory);
	if (status == BC_MISS)
		status = info_tail(entry, &step, info);
	if (status != BC_OK)
		return status;
	if (series->slot != 0)
		info_accesses(env, series->slot - 1,
		              bci_entry_slot_id(info->id), info);
	info->refresh_ns = series->refresh_ns;
	info->rows = series->rows;
	info->first_ns = series->first_ns;
	info->last_ns = series->last_ns;
	info->step_ns = step.varies ? 0 : (int64_t)step.step;
	info->updated_ns = series->updated_ns;
	info->segment_count = series->older_count + series->newer_count;
	info->open_rows = series->open;
	info->tail_rows = series->tail_rows;
	info->interval_count =
		(uint64_t)series->coverage_count + (series->known != 0) +
		(series->open_from_ns != 0 || series->open_to_ns != 0);
	if (info->schema != NULL)
		info->payload_bytes = info->schema->row_bytes * series->rows;
	return step.rows == series->rows ? BC_OK : BC_CORRUPT;
}

/* ---- one entry --------------------------------------------------------- */

static enum bc_status
info_fill(struct bci_env *env, struct bci_lane *lane,
          const struct bci_entry *entry, char *text, size_t room,
          struct bc_info *info)
{
	enum bc_status status = bci_lane_knows(env, lane, entry);

	if (status != BC_OK)
		return status;
	info->kind = (enum bc_kind)entry->head.kind;
	info->tier = BC_WARM;
	info->id = entry->head.id;
	info->revision = entry->head.revision;
	info->expires_ns = entry->head.expires_ns;
	info->segment_count = entry->segment_count;
	info->pinned = (entry->head.flags & BCI_ENTRY_PINNED) != 0;
	info->labelled = (entry->head.flags & BCI_ENTRY_LABELLED) != 0;
	if (entry->head.schema != 0)
		BCI_TRY(bci_env_schema(env, lane->txn, entry->head.schema,
		                       &info->schema));
	if (info->kind == BC_SERIES)
		BCI_TRY(info_series(env, lane->txn, entry, info));
	else
		info_segment(env, entry, info);
	if (info->segment_count != 0 &&
	    info->cold_segments == info->segment_count && info->tail_rows == 0)
		info->tier = BC_COLD;
	BCI_TRY(info_details(env, lane->txn, entry->head.id, text, room, info));
done:
	return status;
}

enum bc_status
bci_info_load(struct bc_cache *cache, const char *key, size_t key_bytes,
              char *text, size_t room, struct bc_info *info)
{
	struct bci_entry entry;
	enum bc_status status;
	struct bci_lane *lane;
	bool evicted = false;
	struct bci_env *env;

	if (key_bytes >= room)
		return BC_INVALID;
	status = bci_cache_env(cache, &env, NULL);
	if (status != BC_OK)
		return status;
	lane = bci_lane_take(env);
	for (int i = 0; i <= RETRIES; i++) {
		*info = (struct bc_info){ .key = text };
		memcpy(text, key, key_bytes);
		text[key_bytes] = '\0';
		status = bci_lane_begin(env, lane);
		if (status != BC_OK)
			break;
		status = bci_entry_get(lane->txn, &env->tables, key, key_bytes,
		                       &entry, NULL);
		evicted = status == BC_OK && bci_entry_is_ghost(&entry);
		if (evicted)
			status = BC_MISS;
		if (status == BC_OK)
			status = info_fill(env, lane, &entry,
			                   text + key_bytes + 1,
			                   room - key_bytes - 1, info);
		bci_lane_end(lane);
		if (status != BC_ABSENT)
			break;
	}
	bci_lane_give(lane);
	if (status != BC_OK)
		*info = (struct bc_info){
			.key = evicted ? text : NULL,
			.id = evicted ? entry.head.id : 0,
			.labelled = evicted && (entry.head.flags &
			                        BCI_ENTRY_LABELLED) != 0,
		};
	return status == BC_ABSENT ? BC_CORRUPT : status;
}

enum bc_status
bc_info(struct bc_cache *cache, const char *key, char *text, size_t text_bytes,
        struct bc_info *info, struct bc_error *err)
{
	size_t key_bytes = strlen(key);
	enum bc_status status;

	*info = (struct bc_info){ 0 };
	if (!bci_key_possible(key, key_bytes))
		return bci_fail(err, BC_MISS, "there is no entry '%.100s'",
		                key);
	if (text_bytes <= key_bytes)
		return bci_fail(err, BC_INVALID,
		                "no room for the key: %zu bytes", text_bytes);
	status = bci_info_load(cache, key, key_bytes, text, text_bytes, info);
	if (status != BC_OK)
		*info = (struct bc_info){ 0 };
	if (status == BC_MISS)
		return bci_fail(err, status, "there is no entry %s", key);
	if (status != BC_OK)
		return bci_fail(err, status, "entry %s: %s", key,
		                bc_strerror(status));
	return BC_OK;
}

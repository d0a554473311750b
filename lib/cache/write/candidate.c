/* SPDX-License-Identifier: MIT */
/*
 * candidate.c - what may be evicted.
 *
 * A walk goes over the entries in the order of their keys, and in a series over
 * its segments in the order of time.  It can stop at any of them, so that it
 * takes no longer at a time than somebody who waits may be asked to.
 */
#include "common.h"

#include "candidate.h"
#include "directory.h"
#include "error.h"
#include "hash.h"

/* ---- one segment ------------------------------------------------------- */

/* The slot of a segment, if it is its own. */
static const struct bci_slot *
candidate_slot(struct bci_writer *writer, const struct bci_locator *locator,
               uint64_t entry_id)
{
	const struct bci_slot *slot =
		bci_ledger_slot(&writer->env->ledger, locator->slot);

	if (slot == NULL ||
	    (atomic_load_explicit(&slot->word, memory_order_relaxed) &
	     BCI_SLOT_ID) != bci_segment_id(locator, entry_id))
		return NULL;
	return slot;
}

void
bci_candidate_make(struct bci_writer *writer, const char *key, size_t key_bytes,
                   const struct bci_entry *entry,
                   const struct bci_locator *locator, struct bci_candidate *out)
{
	const struct bci_entry_record *head = &entry->head;
	const struct bci_slot *slot = candidate_slot(writer, locator, head->id);
	struct bci_detail_record detail;

	*out = (struct bci_candidate){
		.key = bci_hash64(key, key_bytes),
		.order = head->revision,
		.bytes = locator->bytes,
		.count = 1,
		.credit = 1,
		.queue = BCI_YOUNG,
		.pinned = (head->flags & BCI_ENTRY_PINNED) != 0 ||
		          bci_writer_is_fresh(writer, entry, locator) ||
		          head->id == writer->busy_entry,
	};
	if (head->kind == BC_SERIES) {
		int64_t last_ns = locator->last_ns;

		out->key ^= bci_hash64(&last_ns, sizeof(last_ns));
		if (locator->bytes == 0) /* the tail */
			out->bytes = entry->tail_bytes + 1;
	}
	if (slot != NULL) {
		out->accessed_ns =
			(int64_t)atomic_load(&slot->accessed_s) * 1000000000;
		out->count = bci_slot_accesses(slot);
		out->credit = (uint8_t)bci_slot_credit(slot);
	}
	/* What is appended to a series counts as well. */
	if (head->kind == BC_SERIES && (slot == NULL || locator->bytes == 0) &&
	    out->accessed_ns < entry->series.updated_ns)
		out->accessed_ns = entry->series.updated_ns;
	out->stored_ns = out->accessed_ns;
	if (bci_detail_load(writer->txn, &writer->env->tables, head->id,
	                    &detail) == BC_OK) {
		out->cost_ns = detail.cost_ns;
		out->stored_ns = detail.updated_ns;
	}
}

/* ---- walking ----------------------------------------------------------- */

struct candidate_walk {
	struct bci_writer *writer;
	const struct bci_meant *meant;
	struct bci_spot *spot;
	bci_candidate_visit *visit;
	void *context;
};

void
bci_spot_first(struct bci_spot *spot)
{
	spot->last_ns = INT64_MIN;
	spot->key_bytes = 1;
	memcpy(spot->key, BCI_KEY_FIRST, 1);
}

static bool
candidate_is_meant(const struct bci_meant *meant,
                   const struct bci_locator *locator)
{
	enum bci_arena_class class_ =
		bci_locator_is_cold(locator) ? BCI_ARENA_COLD : BCI_ARENA_WARM;

	return meant->entries || (class_ == meant->class_ &&
	                          (locator->arena == 0 || !meant->inlined));
}

/* Show a segment if it is meant; spot->last_ns is already its own. */
static enum bc_status
candidate_show(const struct candidate_walk *walk, const struct bci_entry *entry,
               const struct bci_locator *locator)
{
	struct bci_spot *spot = walk->spot;
	struct bci_candidate candidate;

	if (!candidate_is_meant(walk->meant, locator))
		return BC_OK;
	bci_candidate_make(walk->writer, spot->key, spot->key_bytes, entry,
	                   locator, &candidate);
	return walk->visit(walk->context, &candidate, locator, spot);
}

static enum bc_status
candidate_walk_series(const struct candidate_walk *walk,
                      const struct bci_entry *entry)
{
	struct bci_writer *writer = walk->writer;
	struct bci_spot *spot = walk->spot;
	struct bci_locator whole = { .slot = entry->series.slot - 1 };
	struct bci_locator locator;
	bool begun = spot->last_ns != INT64_MIN;
	struct bci_directory directory;
	enum bc_status status;

	/* As a whole where it counts as such, or has nothing but its record. */
	if (walk->meant->entries ||
	    (entry->series.older_count == 0 && entry->series.newer_count == 0))
		return begun ? BC_OK : candidate_show(walk, entry, &whole);
	if (walk->meant->inlined || spot->last_ns == INT64_MAX)
		return BC_OK;
	bci_directory_open(&directory, writer->txn, &writer->env->tables,
	                   entry);
	status = bci_directory_seek(&directory, spot->last_ns, &locator);
	while (status == BC_OK) {
		spot->last_ns = locator.last_ns;
		status = candidate_show(walk, entry, &locator);
		if (status == BC_OK)
			status = bci_directory_next(&directory, &locator);
	}
	bci_directory_close(&directory);
	/* A damaged one is for others to find. */
	return status == BC_MISS || status == BC_CORRUPT ? BC_OK : status;
}

static enum bc_status
candidate_walk_entry(const struct candidate_walk *walk,
                     const struct bci_bytes *record)
{
	struct bci_locator locator;
	struct bci_entry entry;

	if (bci_entry_read(walk->spot->key, walk->spot->key_bytes, record->data,
	                   record->size, &entry) != BC_OK ||
	    bci_entry_is_ghost(&entry))
		return BC_OK;
	if (entry.head.kind == BC_SERIES)
		return candidate_walk_series(walk, &entry);
	if (walk->spot->last_ns != INT64_MIN)
		return BC_OK;
	bci_entry_locator(&entry, 0, &locator);
	return candidate_show(walk, &entry, &locator);
}

/* What was shown was passed. */
static void
spot_pass(struct bci_spot *spot)
{
	spot->last_ns += spot->last_ns != INT64_MAX;
}

enum bc_status
bci_candidate_walk(struct bci_writer *writer, const struct bci_meant *meant,
                   struct bci_spot *spot, bci_candidate_visit *visit,
                   void *context, struct bc_error *err)
{
	const struct candidate_walk walk = { writer, meant, spot, visit,
		                             context };
	struct bci_bytes key = { spot->key_bytes, spot->key }, record;
	struct MDB_cursor *cursor = NULL;
	enum bc_status status;

	status = bci_cursor_open(writer->txn, writer->env->tables.entries,
	                         &cursor, err);
	if (status == BC_OK)
		status = bci_cursor_move(cursor, BCI_FROM, &key, &record);
	while (status == BC_OK) {
		if (key.size > sizeof(spot->key)) {
			status = BC_CORRUPT;
			break;
		}
		if (key.size != spot->key_bytes ||
		    memcmp(key.data, spot->key, key.size) != 0) {
			spot->key_bytes = (uint16_t)key.size;
			memcpy(spot->key, key.data, key.size);
			spot->last_ns = INT64_MIN;
		}
		status = candidate_walk_entry(&walk, &record);
		if (status != BC_OK) {
			spot_pass(spot);
			break;
		}
		status = bci_cursor_move(cursor, BCI_NEXT, &key, &record);
	}
	bci_cursor_close(cursor);
	return status;
}

/* ---- finding ----------------------------------------------------------- */

struct candidate_found {
	const struct bci_candidate *chosen;
	struct bci_locator *locator;
};

static enum bc_status
candidate_take(void *context, const struct bci_candidate *now,
               const struct bci_locator *locator, const struct bci_spot *spot)
{
	const struct candidate_found *found = context;
	const struct bci_candidate *chosen = found->chosen;

	(void)spot;
	*found->locator = *locator;
	return now->key == chosen->key && !now->pinned &&
	                       now->bytes == chosen->bytes &&
	                       now->accessed_ns == chosen->accessed_ns
	               ? BC_BUSY
	               : BC_MISS;
}

enum bc_status
bci_candidate_find(struct bci_writer *writer, const struct bci_meant *meant,
                   const struct bci_spot *spot,
                   const struct bci_candidate *chosen,
                   struct bci_locator *locator)
{
	struct candidate_found found = { chosen, locator };
	struct bci_spot at = *spot;
	const struct candidate_walk walk = { writer, meant, &at, candidate_take,
		                             &found };
	struct bci_bytes record;
	enum bc_status status;

	status = bci_table_get(writer->txn, writer->env->tables.entries,
	                       spot->key, spot->key_bytes, &record);
	if (status == BC_OK)
		status = candidate_walk_entry(&walk, &record);
	if (status == BC_OK)
		return BC_MISS;
	return status == BC_BUSY ? BC_OK : status;
}

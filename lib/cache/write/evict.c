/* SPDX-License-Identifier: MIT */
/*
 * evict.c - evicting what a policy chooses.
 *
 * All entries are walked twice: once to have the policy see them all, once to
 * find again those that it chose, by a hash of what they are.  That takes a
 * third of a microsecond an entry and 64 bytes, and happens rarely, because
 * each time room is made for some while.
 */
#include "common.h"

#include <stdlib.h>

#include "alloc.h"
#include "directory.h"
#include "error.h"
#include "evict.h"
#include "hash.h"
#include "victim.h"

/* Victims are dropped so many at a time; a cursor must not be cut under. */
#define BATCH 256

struct evict_victim {
	struct bci_locator locator;
	size_t key_bytes;
	char key[BC_KEY_MAX];
};

struct evict {
	struct bci_writer *writer;
	struct bci_eviction *eviction;
	struct bci_candidate *candidates;
	size_t count, room;
	uint64_t used_bytes;
	/* Of the second walk. */
	uint64_t *chosen; /* their keys, sorted */
	size_t chosen_count;
	struct evict_victim *victims;
	size_t victim_count;
};

/* Called for each segment of each entry; one without bytes is the tail. */
typedef enum bc_status evict_visit(struct evict *evict,
                                   const struct bci_bytes *key,
                                   const struct bci_entry *entry,
                                   const struct bci_locator *locator,
                                   struct bc_error *err);

/* ---- candidates -------------------------------------------------------- */

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
		out->count = atomic_load(&slot->count);
	} else if (head->kind == BC_SERIES) {
		out->accessed_ns = entry->series.updated_ns;
	}
	out->stored_ns = out->accessed_ns;
	if (bci_detail_load(writer->txn, &writer->env->tables, head->id,
	                    &detail) == BC_OK) {
		out->cost_ns = detail.cost_ns;
		out->stored_ns = detail.updated_ns;
	}
}

/* ---- walking ----------------------------------------------------------- */

static bool
evict_concerns(const struct evict *evict, const struct bci_locator *locator)
{
	enum bci_arena_class class_ =
		bci_locator_is_cold(locator) ? BCI_ARENA_COLD : BCI_ARENA_WARM;

	return evict->eviction->entries != 0 ||
	       (class_ == evict->eviction->class_ &&
	        (locator->arena == 0 || !evict->eviction->inlined));
}

static enum bc_status
evict_walk_series(struct evict *evict, const struct bci_bytes *key,
                  const struct bci_entry *entry, evict_visit *visit,
                  struct bc_error *err)
{
	struct bci_writer *writer = evict->writer;
	struct bci_directory directory;
	struct bci_locator locator;
	enum bc_status status = BC_OK;
	uint64_t segments = 0;
	bool parts = !evict->eviction->inlined && evict->eviction->entries == 0;

	bci_directory_open(&directory, writer->txn, &writer->env->tables,
	                   entry);
	while (parts &&
	       (status = bci_directory_next(&directory, &locator)) == BC_OK) {
		segments++;
		if (evict_concerns(evict, &locator))
			status = visit(evict, key, entry, &locator, err);
		if (status != BC_OK)
			break;
	}
	bci_directory_close(&directory);
	if (status != BC_OK && status != BC_MISS)
		return status == BC_CORRUPT ? BC_OK : status;
	locator = (struct bci_locator){ .slot = UINT32_MAX };
	/* As a whole where it counts as such, or has nothing but its record. */
	if (evict->eviction->entries == 0 &&
	    (segments != 0 ||
	     entry->series.older_count + entry->series.newer_count != 0 ||
	     !evict_concerns(evict, &locator)))
		return BC_OK;
	return visit(evict, key, entry, &locator, err);
}

static enum bc_status
evict_walk_entry(struct evict *evict, const struct bci_bytes *key,
                 const struct bci_bytes *record, evict_visit *visit,
                 struct bc_error *err)
{
	struct bci_locator locator;
	struct bci_entry entry;

	if (key->size > BC_KEY_MAX ||
	    bci_entry_parse(record->data, record->size, &entry) != BC_OK ||
	    bci_entry_is_ghost(&entry))
		return BC_OK;
	if (entry.head.kind == BC_SERIES)
		return evict_walk_series(evict, key, &entry, visit, err);
	bci_entry_locator(&entry, 0, &locator);
	return evict_concerns(evict, &locator)
	               ? visit(evict, key, &entry, &locator, err)
	               : BC_OK;
}

/* Walk entries from *key on until 'visit' says BC_BUSY; BC_MISS at the end. */
static enum bc_status
evict_walk(struct evict *evict, struct bci_bytes *key, evict_visit *visit,
           struct bc_error *err)
{
	struct bci_writer *writer = evict->writer;
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes record;
	enum bc_status status;

	status = bci_cursor_open(writer->txn, writer->env->tables.entries,
	                         &cursor, err);
	if (status == BC_OK)
		status = bci_cursor_move(cursor, BCI_FROM, key, &record);
	while (status == BC_OK) {
		status = evict_walk_entry(evict, key, &record, visit, err);
		if (status == BC_OK)
			status =
				bci_cursor_move(cursor, BCI_NEXT, key, &record);
	}
	bci_cursor_close(cursor);
	return status;
}

/* ---- choosing ---------------------------------------------------------- */

static enum bc_status
evict_collect(struct evict *evict, const struct bci_bytes *key,
              const struct bci_entry *entry, const struct bci_locator *locator,
              struct bc_error *err)
{
	if (evict->count == evict->room) {
		size_t room = 2 * evict->room + 64;
		void *grown = bci_regrow(&evict->writer->env->allocator,
		                         evict->candidates, evict->count, room,
		                         sizeof(*evict->candidates));

		if (grown == NULL)
			return bci_fail(err, BC_NOMEM, "no memory to evict");
		evict->candidates = grown;
		evict->room = room;
	}
	bci_candidate_make(evict->writer, key->data, key->size, entry, locator,
	                   &evict->candidates[evict->count]);
	evict->used_bytes += evict->candidates[evict->count++].bytes;
	return BC_OK;
}

static int
evict_compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* Let the policy choose; its victims are candidates[0..result). */
static size_t
evict_choose(struct evict *evict)
{
	const struct bci_eviction *eviction = evict->eviction;
	enum bc_policy policy = bci_policy_is_ordered(eviction->policy)
	                                ? BC_POLICY_LRU
	                                : eviction->policy;
	uint64_t target = eviction->target_bytes;
	struct bci_choice choice = {
		.candidates = evict->candidates,
		.count = evict->count,
		.used_bytes = evict->used_bytes,
		.target_bytes = target,
		.now_ns = evict->writer->now_ns,
	};
	size_t chosen = bci_policy_choose(policy, &choice);

	/* By entries, not by bytes: one more until there are enough. */
	while (chosen < eviction->entries && chosen < evict->count) {
		size_t more;

		choice.candidates = evict->candidates + chosen;
		choice.count = evict->count - chosen;
		choice.used_bytes = 1;
		choice.target_bytes = 0;
		more = bci_policy_choose(policy, &choice);
		if (more == 0)
			break;
		chosen += more;
	}
	return eviction->most != 0 && chosen > eviction->most ? eviction->most
	                                                      : chosen;
}

/* ---- dropping ---------------------------------------------------------- */

static enum bc_status
evict_find(struct evict *evict, const struct bci_bytes *key,
           const struct bci_entry *entry, const struct bci_locator *locator,
           struct bc_error *err)
{
	struct bci_candidate candidate;
	struct evict_victim *victim;

	(void)err;
	bci_candidate_make(evict->writer, key->data, key->size, entry, locator,
	                   &candidate);
	if (candidate.pinned ||
	    bsearch(&candidate.key, evict->chosen, evict->chosen_count,
	            sizeof(*evict->chosen), evict_compare) == NULL)
		return BC_OK;
	if (evict->eviction->dry) {
		evict->eviction->evicted_segments++;
		evict->eviction->evicted_bytes += locator->bytes;
		return BC_OK;
	}
	if (evict->victim_count == BATCH)
		return BC_BUSY; /* Drop these first. */
	victim = &evict->victims[evict->victim_count++];
	victim->locator = *locator;
	victim->key_bytes = key->size;
	memcpy(victim->key, key->data, key->size);
	return BC_OK;
}

static enum bc_status
evict_drop(struct evict *evict, struct bc_error *err)
{
	struct bci_eviction *eviction = evict->eviction;

	for (size_t i = 0; i < evict->victim_count; i++) {
		const struct evict_victim *victim = &evict->victims[i];
		uint64_t *demotions =
			&evict->writer->counted[BCI_COUNT_DEMOTIONS];
		uint64_t before = *demotions;
		enum bc_status status = bci_victim_drop(
			evict->writer, victim->key, victim->key_bytes,
			&victim->locator, eviction->entries == 0, err);

		if (status == BC_MISS)
			continue; /* Gone with a segment before it. */
		if (status != BC_OK)
			return status;
		eviction->evicted_segments++;
		eviction->evicted_bytes += victim->locator.bytes;
		if (*demotions == before)
			continue;
		eviction->demoted_segments++;
		eviction->demoted_bytes += victim->locator.bytes;
	}
	return BC_OK;
}

/* Find the chosen ones again, in turns, and drop them. */
static enum bc_status
evict_drop_all(struct evict *evict, struct bc_error *err)
{
	char from[BC_KEY_MAX] = BCI_KEY_FIRST;
	struct bci_bytes key = { 1, from };
	enum bc_status status, dropped;

	do {
		evict->victim_count = 0;
		status = evict_walk(evict, &key, evict_find, err);
		if (status != BC_BUSY && status != BC_MISS)
			return bci_fail(err, status, "cannot read the entries");
		if (status == BC_BUSY) { /* Go on with this entry. */
			memcpy(from, key.data, key.size);
			key.data = from;
		}
		dropped = evict_drop(evict, err);
		if (dropped != BC_OK)
			return dropped;
	} while (status == BC_BUSY && evict->victim_count != 0);
	return BC_OK;
}

enum bc_status
bci_evict(struct bci_writer *writer, struct bci_eviction *eviction,
          struct bc_error *err)
{
	const struct bc_allocator *allocator = &writer->env->allocator;
	struct evict evict = { .writer = writer, .eviction = eviction };
	struct bci_bytes key = { 1, BCI_KEY_FIRST };
	enum bc_status status;

	status = evict_walk(&evict, &key, evict_collect, err);
	if (status != BC_MISS) {
		bci_fail(err, status, "cannot read the entries");
		goto done;
	}
	status = BC_OK;
	evict.chosen_count = evict_choose(&evict);
	if (evict.chosen_count == 0)
		goto done;
	evict.chosen =
		bci_alloc(allocator, evict.chosen_count, sizeof(*evict.chosen));
	evict.victims = bci_alloc(allocator, BATCH, sizeof(*evict.victims));
	if (evict.chosen == NULL || evict.victims == NULL) {
		status = bci_fail(err, BC_NOMEM, "no memory to evict");
		goto done;
	}
	for (size_t i = 0; i < evict.chosen_count; i++)
		evict.chosen[i] = evict.candidates[i].key;
	qsort(evict.chosen, evict.chosen_count, sizeof(*evict.chosen),
	      evict_compare);
	status = evict_drop_all(&evict, err);
done:
	bci_free(allocator, evict.candidates);
	bci_free(allocator, evict.chosen);
	bci_free(allocator, evict.victims);
	return status;
}

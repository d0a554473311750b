/* SPDX-License-Identifier: MIT */
/*
 * audit.c - reckoning the accounts anew.
 *
 * Every sum in the catalogue follows from the entries and what they name.  One
 * walk gathers all of it: the ids of entries, the slots that are taken, what is
 * live in each arena.  Then the tables are compared with that, one after the
 * other, and only what differs is written.
 */
#include "common.h"

#include <stdlib.h>

#include "alloc.h"
#include "audit.h"
#include "directory.h"
#include "error.h"
#include "expiry.h"

/* Keys that are deleted at a time; a cursor must not be cut under. */
#define BATCH 64u

/* The longest key of a table. */
#define KEY_BYTES 511u

struct audit_arena {
	uint64_t number;
	uint64_t live_bytes, segments;
};

struct audit {
	struct bci_writer *writer;
	struct bc_repair_report *report;
	bool stamps;
	uint64_t *ids; /* of entries; sorted after the walk */
	size_t id_count, id_room;
	struct audit_arena *arenas; /* sorted */
	size_t arena_count, arena_room;
	uint64_t *used; /* a bit a slot */
	uint64_t slots; /* how many have bits */
	struct bci_state_record sums;
	uint64_t last_id;
};

/* ---- gathering --------------------------------------------------------- */

/* Room for one more element of an array. */
static bool
audit_grow(struct audit *audit, void **array, size_t count, size_t *room,
           size_t bytes)
{
	const struct bc_allocator *allocator = &audit->writer->env->allocator;
	size_t more = 2 * *room + 256;

	if (count < *room)
		return true;
	*array = bci_regrow(allocator, *array, count, more, bytes);
	*room = *array == NULL ? 0 : more;
	return *array != NULL;
}

static int
audit_compare(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left;
	const uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static struct audit_arena *
audit_arena(struct audit *audit, uint64_t number)
{
	return audit->arena_count == 0
	               ? NULL
	               : bsearch(&number, audit->arenas, audit->arena_count,
	                         sizeof(*audit->arenas), audit_compare);
}

/* The arenas that there are, with nothing live in them yet. */
static enum bc_status
audit_arenas(struct audit *audit)
{
	struct bci_writer *writer = audit->writer;
	struct bci_arena_record record;
	enum bc_status status;
	uint64_t number = 0;

	while ((status = bci_arena_next(writer->txn, &writer->env->tables,
	                                &number, &record)) == BC_OK) {
		if (!audit_grow(audit, (void **)&audit->arenas,
		                audit->arena_count, &audit->arena_room,
		                sizeof(*audit->arenas)))
			return BC_NOMEM;
		audit->arenas[audit->arena_count++] =
			(struct audit_arena){ .number = number };
	}
	return status == BC_MISS ? BC_OK : status;
}

static bool
audit_use_slot(struct audit *audit, uint32_t slot)
{
	if (slot >= audit->slots)
		return false;
	audit->used[slot / 64] |= 1ull << slot % 64;
	return true;
}

/* What the ledger says in a slot, if it speaks of something else. */
static void
audit_stamp(struct audit *audit, uint32_t number, uint64_t word)
{
	struct bci_ledger *ledger = &audit->writer->env->ledger;
	struct bci_slot *slot = bci_ledger_slot(ledger, number);

	if (slot == NULL || !ledger->writable ||
	    bci_slot_id(slot) == (word & BCI_SLOT_ID))
		return;
	audit->report->stamps++;
	if (audit->stamps)
		bci_slot_begin(ledger, number, word,
		               (uint32_t)(audit->writer->now_ns / 1000000000));
}

static void
audit_segment(struct audit *audit, const struct bci_locator *locator,
              const struct bci_entry_record *head)
{
	struct audit_arena *arena = audit_arena(audit, locator->arena);

	audit->sums.segments++;
	audit->sums.live_bytes += locator->bytes;
	if (locator->arena == 0)
		audit->sums.inline_bytes += locator->bytes;
	if (bci_locator_is_cold(locator))
		audit->sums.cold_raw_bytes += bci_locator_raw_bytes(locator);
	if (audit_use_slot(audit, locator->slot))
		audit_stamp(audit, locator->slot,
		            bci_segment_word(locator, head));
	if (arena == NULL)
		return;
	arena->segments++;
	arena->live_bytes += locator->bytes;
}

/* All that an entry names. */
static enum bc_status
audit_entry(struct audit *audit, const struct bci_entry *entry)
{
	struct bci_writer *writer = audit->writer;
	struct bci_directory directory;
	struct bci_locator locator;
	enum bc_status status;

	if (entry->head.kind != BC_SERIES) {
		audit->sums.evicted += entry->segment_count == 0;
		for (unsigned i = 0; i < entry->segment_count; i++) {
			bci_entry_locator(entry, i, &locator);
			audit_segment(audit, &locator, &entry->head);
		}
		return BC_OK;
	}
	if (entry->series.slot != 0 &&
	    audit_use_slot(audit, entry->series.slot - 1))
		audit_stamp(audit, entry->series.slot - 1,
		            bci_entry_slot_id(entry->head.id));
	bci_directory_open(&directory, writer->txn, &writer->env->tables,
	                   entry);
	while ((status = bci_directory_next(&directory, &locator)) == BC_OK)
		audit_segment(audit, &locator, &entry->head);
	bci_directory_close(&directory);
	/* What contradicts itself was not repaired, or is reported. */
	return status == BC_MISS || status == BC_CORRUPT ? BC_OK : status;
}

/* Entries: from the first key that one may have on. */
static enum bc_status
audit_entries(struct audit *audit, struct bc_error *err)
{
	struct bci_bytes key = { 1, BCI_KEY_FIRST }, value;
	struct bci_writer *writer = audit->writer;
	struct MDB_cursor *cursor = NULL;
	struct bci_entry entry;
	enum bc_status status;

	status = bci_cursor_open(writer->txn, writer->env->tables.entries,
	                         &cursor, err);
	if (status != BC_OK)
		return status;
	status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	for (; status == BC_OK;
	     status = bci_cursor_move(cursor, BCI_NEXT, &key, &value)) {
		audit->sums.entries++;
		if (bci_entry_read(key.data, key.size, value.data, value.size,
		                   &entry) != BC_OK)
			continue;
		audit->sums.entries -= bci_entry_is_ghost(&entry);
		if (!audit_grow(audit, (void **)&audit->ids, audit->id_count,
		                &audit->id_room, sizeof(*audit->ids))) {
			status = BC_NOMEM;
			break;
		}
		audit->ids[audit->id_count++] = entry.head.id;
		audit->last_id = bci_max(audit->last_id, entry.head.id);
		status = audit_entry(audit, &entry);
		if (status != BC_OK)
			break;
	}
	bci_cursor_close(cursor);
	if (status != BC_MISS)
		return bci_fail(err, status, "cannot read the entries: %s",
		                bc_strerror(status));
	if (audit->id_count != 0)
		qsort(audit->ids, audit->id_count, sizeof(*audit->ids),
		      audit_compare);
	return BC_OK;
}

static bool
audit_lives(const struct audit *audit, uint64_t id)
{
	return audit->id_count != 0 &&
	       bsearch(&id, audit->ids, audit->id_count, sizeof(*audit->ids),
	               audit_compare) != NULL;
}

/* ---- sums -------------------------------------------------------------- */

/* Set an account to what it is, counting those that were wrong. */
static void
audit_set(struct audit *audit, uint64_t *account, uint64_t value)
{
	audit->report->accounts += *account != value;
	*account = value;
}

static enum bc_status
audit_fix_arena(struct audit *audit, const struct audit_arena *found,
                struct bc_error *err)
{
	struct bci_writer *writer = audit->writer;
	enum bci_queue queue = bci_writer_queue(writer, found->number);
	struct bci_arena_record stored, *arena = &stored;
	uint64_t before = audit->report->accounts;
	enum bc_status status = BC_OK;

	if (queue != BCI_QUEUES)
		arena = &writer->active[queue].arena;
	else
		status = bci_arena_load(writer->txn, &writer->env->tables,
		                        found->number, &stored);
	if (status != BC_OK)
		return bci_fail(err, status, "cannot read arena %llu",
		                (unsigned long long)found->number);
	*bci_state_linked(&audit->sums, (enum bci_arena_class)arena->class_) +=
		arena->end_bytes;
	if (arena->class_ == BCI_ARENA_COLD)
		audit->sums.live_cold_bytes += found->live_bytes;
	audit_set(audit, &arena->live_bytes, found->live_bytes);
	audit_set(audit, &arena->segments, found->segments);
	if (audit->report->accounts == before &&
	    (arena->segments != 0 || arena != &stored))
		return BC_OK;
	if (arena != &stored) {
		writer->active[queue].changed = true;
		return BC_OK;
	}
	if (arena->segments != 0)
		return bci_arena_store(writer->txn, &writer->env->tables,
		                       found->number, &stored, err);
	return BC_OK; /* Retired once the sums are set. */
}

/* Arenas and state; what nothing is named in goes last. */
static enum bc_status
audit_fix_sums(struct audit *audit, struct bc_error *err)
{
	struct bci_writer *writer = audit->writer;
	struct bci_state_record *state = &writer->state;
	struct bci_arena_record arena;
	enum bc_status status = BC_OK;

	for (size_t i = 0; status == BC_OK && i < audit->arena_count; i++)
		status = audit_fix_arena(audit, &audit->arenas[i], err);
	if (status != BC_OK)
		return status;
	audit_set(audit, &state->entries, audit->sums.entries);
	audit_set(audit, &state->segments, audit->sums.segments);
	audit_set(audit, &state->live_bytes, audit->sums.live_bytes);
	audit_set(audit, &state->inline_bytes, audit->sums.inline_bytes);
	audit_set(audit, &state->evicted, audit->sums.evicted);
	audit_set(audit, &state->live_cold_bytes, audit->sums.live_cold_bytes);
	audit_set(audit, &state->cold_raw_bytes, audit->sums.cold_raw_bytes);
	audit_set(audit, &state->linked_warm_bytes,
	          audit->sums.linked_warm_bytes);
	audit_set(audit, &state->linked_cold_bytes,
	          audit->sums.linked_cold_bytes);
	audit_set(audit, &state->next_entry,
	          bci_max(state->next_entry, audit->last_id + 1));
	for (size_t i = 0; status == BC_OK && i < audit->arena_count; i++) {
		uint64_t number = audit->arenas[i].number;

		audit_set(audit, &state->next_arena,
		          bci_max(state->next_arena, number + 1));
		if (audit->arenas[i].segments != 0 ||
		    bci_writer_queue(writer, number) != BCI_QUEUES ||
		    bci_arena_load(writer->txn, &writer->env->tables, number,
		                   &arena) != BC_OK)
			continue;
		audit->report->arenas++;
		status = bci_writer_retire(writer, number, &arena, err);
	}
	return status;
}

/* ---- rows of no entry -------------------------------------------------- */

static uint64_t
audit_big_endian(const unsigned char *at)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

/* Where a table has the id of the entry that a row belongs to. */
struct audit_table {
	unsigned number;
	bool at_end; /* of the key; else at its beginning */
	bool native; /* byte order; else big-endian */
};

static bool
audit_row_lives(const struct audit *audit, const struct audit_table *table,
                const struct bci_bytes *key)
{
	const unsigned char *at = key->data;
	uint64_t id;

	if (key->size < sizeof(id) || key->size > KEY_BYTES)
		return false;
	if (table->at_end)
		at += key->size - sizeof(id);
	if (table->native)
		memcpy(&id, at, sizeof(id));
	else
		id = audit_big_endian(at);
	return audit_lives(audit, id);
}

struct audit_key {
	size_t bytes;
	unsigned char data[KEY_BYTES];
};

/* Delete rows from *from on, up to a batch; BC_MISS at the end. */
static enum bc_status
audit_rows(struct audit *audit, const struct audit_table *table,
           struct audit_key *from, struct audit_key *batch)
{
	struct bci_writer *writer = audit->writer;
	struct bci_bytes key = { from->bytes, from->data }, value;
	struct MDB_cursor *cursor = NULL;
	enum bc_status status, deleted = BC_OK;
	size_t count = 0;

	status = bci_cursor_open(writer->txn, table->number, &cursor, NULL);
	if (status == BC_OK)
		status = bci_cursor_move(
			cursor, from->bytes == 0 ? BCI_FIRST : BCI_FROM, &key,
			&value);
	while (status == BC_OK && count < BATCH) {
		if (!audit_row_lives(audit, table, &key)) {
			batch[count].bytes = bci_min(key.size, KEY_BYTES);
			memcpy(batch[count].data, key.data, batch[count].bytes);
			*from = batch[count++];
		}
		status = bci_cursor_move(cursor, BCI_NEXT, &key, &value);
	}
	bci_cursor_close(cursor);
	for (size_t i = 0; deleted == BC_OK && i < count; i++)
		deleted = bci_table_delete(writer->txn, table->number,
		                           batch[i].data, batch[i].bytes, NULL);
	audit->report->rows += count;
	return deleted == BC_OK ? status : deleted;
}

static enum bc_status
audit_fix_rows(struct audit *audit, struct bc_error *err)
{
	const struct bci_tables *tables = &audit->writer->env->tables;
	const struct audit_table all[] = {
		{ tables->details, false, true },
		{ tables->requests, false, true },
		{ tables->segments, false, false },
		{ tables->coverage, false, false },
		{ tables->labels, false, false },
		{ tables->labelled, true, false },
		{ tables->expiry, true, false },
		{ tables->ghosts, true, false },
	};
	struct audit_key from = { .bytes = 0 }, *batch;
	enum bc_status status = BC_MISS;

	batch = bci_alloc(&audit->writer->env->allocator, BATCH,
	                  sizeof(*batch));
	if (batch == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to repair");
	for (size_t i = 0; status == BC_MISS && i < BCI_COUNT(all); i++) {
		from.bytes = 0;
		do
			status = audit_rows(audit, &all[i], &from, batch);
		while (status == BC_OK);
	}
	bci_free(&audit->writer->env->allocator, batch);
	return status == BC_MISS ? BC_OK
	                         : bci_fail(err, status, "cannot read a table");
}

/* ---- expiry ------------------------------------------------------------ */

/* Store the rows that a sweep finds entries by; those there are stay. */
static enum bc_status
audit_fix_expiry(struct audit *audit, struct bc_error *err)
{
	struct bci_bytes key = { 1, BCI_KEY_FIRST }, value;
	struct bci_writer *writer = audit->writer;
	const struct bci_tables *tables = &writer->env->tables;
	struct MDB_cursor *cursor = NULL;
	struct bci_entry entry;
	enum bc_status status, put = BC_OK;
	uint64_t before = 0, after = 0;

	status = bci_cursor_open(writer->txn, tables->entries, &cursor, err);
	if (status != BC_OK)
		return status;
	(void)bci_table_count(writer->txn, tables->expiry, &before);
	status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	while (status == BC_OK && put == BC_OK) {
		if (bci_entry_read(key.data, key.size, value.data, value.size,
		                   &entry) == BC_OK &&
		    entry.head.expires_ns != 0)
			put = bci_expiry_change(writer->txn, tables, key.data,
			                        key.size, NULL, &entry.head,
			                        err);
		status = bci_cursor_move(cursor, BCI_NEXT, &key, &value);
	}
	bci_cursor_close(cursor);
	(void)bci_table_count(writer->txn, tables->expiry, &after);
	audit->report->rows += after - before;
	if (put != BC_OK)
		return put;
	return status == BC_MISS
	               ? BC_OK
	               : bci_fail(err, status, "cannot read the entries");
}

/* ---- slots ------------------------------------------------------------- */

static bool
audit_slot_is_used(const struct audit *audit, uint64_t slot)
{
	return (audit->used[slot / 64] >> slot % 64 & 1) != 0;
}

/* Whether the free slots are those that nothing has. */
static enum bc_status
audit_slots_agree(struct audit *audit, bool *agree)
{
	struct bci_writer *writer = audit->writer;
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes key, value;
	uint64_t slot, free = 0, count = 0;
	enum bc_status status;

	*agree = true;
	status = bci_cursor_open(writer->txn, writer->env->tables.slots,
	                         &cursor, NULL);
	if (status == BC_OK)
		status = bci_cursor_move(cursor, BCI_FIRST, &key, &value);
	for (; status == BC_OK;
	     status = bci_cursor_move(cursor, BCI_NEXT, &key, &value)) {
		if (key.size != sizeof(slot)) {
			status = BC_CORRUPT;
			break;
		}
		memcpy(&slot, key.data, sizeof(slot));
		count++;
		*agree &=
			slot < audit->slots && !audit_slot_is_used(audit, slot);
	}
	bci_cursor_close(cursor);
	for (slot = 0; slot < audit->slots; slot++)
		free += !audit_slot_is_used(audit, slot);
	/* Those that this transaction frees are given back when it commits. */
	*agree &= free == count + writer->freed.count;
	return status == BC_MISS ? BC_OK : status;
}

/* Make the table of free slots anew. */
static enum bc_status
audit_fix_slots(struct audit *audit, struct bc_error *err)
{
	struct bci_writer *writer = audit->writer;
	const struct bci_tables *tables = &writer->env->tables;
	enum bc_status status;
	bool agree;

	status = audit_slots_agree(audit, &agree);
	if (status == BC_OK && agree)
		return BC_OK;
	if (status != BC_OK)
		return bci_fail(err, status, "cannot read the free slots");
	audit->report->accounts++;
	for (uint64_t slot = 0; status == BC_OK && slot < audit->slots;
	     slot++) {
		if (!audit_slot_is_used(audit, slot))
			status = bci_slot_give(writer->txn, tables,
			                       (uint32_t)slot, err);
		else
			status = bci_table_delete(writer->txn, tables->slots,
			                          &slot, sizeof(slot), err);
		if (status == BC_MISS)
			status = BC_OK;
	}
	return status;
}

/* ---- all of it --------------------------------------------------------- */

enum bc_status
bci_audit(struct bci_writer *writer, bool stamps,
          struct bc_repair_report *report, struct bc_error *err)
{
	const struct bc_allocator *allocator = &writer->env->allocator;
	struct audit audit = {
		.writer = writer,
		.report = report,
		.stamps = stamps,
		.slots = bci_min(writer->state.next_slot, BCI_LEDGER_SLOTS),
	};
	enum bc_status status;

	/* The cursors below must find active arenas as they are now. */
	BCI_TRY(bci_writer_store_active(writer, err));
	audit.used = bci_zalloc(allocator, audit.slots / 64 + 1, 8);
	if (audit.used == NULL) {
		status = bci_fail(err, BC_NOMEM, "no memory to repair");
		goto done;
	}
	status = audit_arenas(&audit);
	if (status != BC_OK) {
		bci_fail(err, status, "cannot read the arenas");
		goto done;
	}
	BCI_TRY(audit_entries(&audit, err));
	BCI_TRY(audit_fix_rows(&audit, err));
	BCI_TRY(audit_fix_expiry(&audit, err));
	BCI_TRY(audit_fix_slots(&audit, err));
	BCI_TRY(audit_fix_sums(&audit, err));
done:
	bci_free(allocator, audit.used);
	bci_free(allocator, audit.ids);
	bci_free(allocator, audit.arenas);
	return status;
}

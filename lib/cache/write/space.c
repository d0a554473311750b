/* SPDX-License-Identifier: MIT */
/*
 * space.c - what of the arenas is live, what can go, what must be synced.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "arena.h"
#include "control.h"
#include "error.h"
#include "file.h"
#include "gone.h"
#include "lock.h"
#include "recover.h"
#include "series.h"
#include "victim.h"
#include "writer.h"

/* Slots that may be nobody's without being free. */
#define SLOTS_LOST 65536u

/* ---- live bytes -------------------------------------------------------- */

/* Whether a process has arena 'number' mapped, this one included. */
static bool
space_is_mapped(struct bci_env *env, uint64_t number)
{
	return bci_maps_has(&env->maps, number) ||
	       (env->maps.lock_fd >= 0 &&
	        bci_lock_is_held(env->maps.lock_fd, number));
}

enum bc_status
bci_writer_retire(struct bci_writer *writer, uint64_t number,
                  const struct bci_arena_record *arena, struct bc_error *err)
{
	uint64_t *linked = bci_state_linked(
		&writer->state, (enum bci_arena_class)arena->class_);
	enum bc_status status;

	if (writer->retired_count == writer->retired_room) {
		size_t room = 2 * writer->retired_room + 8;
		void *grown = bci_regrow(&writer->env->allocator,
		                         writer->retired, writer->retired_count,
		                         room, sizeof(*writer->retired));

		if (grown == NULL)
			return bci_fail(err, BC_NOMEM, "no memory to commit");
		writer->retired = grown;
		writer->retired_room = room;
	}
	status = bci_table_delete(writer->txn, writer->env->tables.arenas,
	                          &number, sizeof(number), err);
	if (status != BC_OK)
		return status;
	writer->retired[writer->retired_count++] =
		(struct bci_retired){ number,
		                      (enum bci_arena_class)arena->class_ };
	*linked -= bci_min(*linked, arena->end_bytes);
	if (space_is_mapped(writer->env, number))
		status = bci_gone_put(writer->txn, &writer->env->tables, number,
		                      (enum bci_arena_class)arena->class_,
		                      arena->end_bytes, err);
	/* Who let go of what was in it says whether that must be synced. */
	return status;
}

enum bc_status
bci_writer_forget_gone(struct bci_writer *writer, struct bc_error *err)
{
	const struct bci_tables *tables = &writer->env->tables;
	uint64_t number = 0;
	struct bci_gone gone;
	enum bc_status status;

	while ((status = bci_gone_next(writer->txn, tables, &number, &gone)) ==
	       BC_OK) {
		if (!space_is_mapped(writer->env, number))
			status = bci_gone_delete(writer->txn, tables, number,
			                         err);
		if (status != BC_OK)
			return status;
	}
	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bci_writer_account(struct bci_writer *writer, uint64_t number, int64_t bytes,
                   int64_t segments, struct bc_error *err)
{
	struct bci_arena_record stored, *arena = &stored;
	enum bci_queue queue = bci_writer_queue(writer, number);
	enum bc_status status;

	writer->state.live_bytes += (uint64_t)bytes;
	writer->state.segments += (uint64_t)segments;
	if (number == 0) { /* Inline: in no arena. */
		uint64_t *inlined = &writer->state.inline_bytes;

		if (bytes < 0 && *inlined < (uint64_t)-bytes)
			*inlined = 0;
		else
			*inlined += (uint64_t)bytes;
		return BC_OK;
	}
	if (queue != BCI_QUEUES) {
		arena = &writer->active[queue].arena;
		writer->active[queue].changed = true;
	} else {
		status = bci_arena_load(writer->txn, &writer->env->tables,
		                        number, &stored);
		if (status == BC_MISS && segments < 0)
			return BC_OK; /* A damaged record named it. */
		if (status != BC_OK)
			return bci_fail(err,
			                status == BC_MISS ? BC_CORRUPT : status,
			                "cannot read the record of arena %llu",
			                (unsigned long long)number);
	}
	if (arena->class_ == BCI_ARENA_COLD)
		writer->state.live_cold_bytes += (uint64_t)bytes;
	arena->live_bytes += (uint64_t)bytes;
	arena->segments += (uint64_t)segments;
	if (arena != &stored)
		return BC_OK;
	if (stored.segments == 0)
		return bci_writer_retire(writer, number, &stored, err);
	return bci_arena_store(writer->txn, &writer->env->tables, number,
	                       &stored, err);
}

static enum bc_status
space_add_slot(struct bci_writer *writer, struct bci_slots *slots,
               uint32_t slot, struct bc_error *err)
{
	if (slots->count == slots->room) {
		size_t room = 2 * slots->room + 16;
		void *grown =
			bci_regrow(&writer->env->allocator, slots->numbers,
		                   slots->count, room, sizeof(*slots->numbers));

		if (grown == NULL)
			return bci_fail(err, BC_NOMEM, "no memory to commit");
		slots->numbers = grown;
		slots->room = room;
	}
	slots->numbers[slots->count++] = slot;
	return BC_OK;
}

enum bc_status
bci_writer_bound_slots(struct bci_writer *writer, struct bc_error *err)
{
	struct bci_state_record *state = &writer->state;
	uint64_t most = bci_min(state->segments, BCI_LEDGER_SLOTS) +
	                bci_min(state->entries, BCI_LEDGER_SLOTS) + SLOTS_LOST;
	enum bc_status status;
	uint64_t unused;

	if (state->next_slot <= most)
		return BC_OK;
	status = bci_table_count(writer->txn, writer->env->tables.slots,
	                         &unused);
	if (status != BC_OK)
		return bci_fail(err, status, "the table of free slots");
	state->next_slot = bci_min(bci_min(state->next_slot, most + unused),
	                           BCI_LEDGER_SLOTS);
	return BC_OK;
}

enum bc_status
bci_writer_take_slot(struct bci_writer *writer, uint64_t word, uint32_t *slot,
                     struct bc_error *err)
{
	struct bci_env *env = writer->env;
	enum bc_status status;

	status = bci_slot_take(writer->txn, &env->tables, &writer->state, slot,
	                       err);
	if (status == BC_OK)
		status = bci_ledger_grow(&env->ledger, *slot + 1ull, err);
	if (status == BC_OK)
		status = space_add_slot(writer, &writer->taken, *slot, err);
	if (status == BC_OK)
		bci_slot_begin(&env->ledger, *slot, word,
		               (uint32_t)(writer->now_ns / 1000000000));
	return status;
}

enum bc_status
bci_writer_name(struct bci_writer *writer, struct bci_locator *locator,
                const struct bci_entry_record *head, struct bc_error *err)
{
	enum bc_status status;

	status = bci_writer_account(writer, locator->arena, locator->bytes, 1,
	                            err);
	if (bci_locator_is_cold(locator))
		writer->state.cold_raw_bytes += bci_locator_raw_bytes(locator);
	return status != BC_OK
	               ? status
	               : bci_writer_take_slot(writer,
	                                      bci_segment_word(locator, head),
	                                      &locator->slot, err);
}

/*
 * Remember a slot whose segment goes.  It stays what it is until the commit: if
 * that fails, what the slot says of the segment still holds.
 */
static enum bc_status
space_free_slot(struct bci_writer *writer, uint32_t slot, struct bc_error *err)
{
	if (slot >= writer->state.next_slot)
		return BC_OK; /* A damaged record named it. */
	return space_add_slot(writer, &writer->freed, slot, err);
}

enum bc_status
bci_writer_unname(struct bci_writer *writer, const struct bci_locator *locator,
                  struct bc_error *err)
{
	enum bc_status status = space_free_slot(writer, locator->slot, err);

	uint64_t *raw = &writer->state.cold_raw_bytes;

	if (status != BC_OK)
		return status;
	if (bci_locator_is_cold(locator))
		*raw -= bci_min(*raw, bci_locator_raw_bytes(locator));
	return bci_writer_account(writer, locator->arena,
	                          -(int64_t)locator->bytes, -1, err);
}

enum bc_status
bci_writer_release(struct bci_writer *writer, const struct bci_entry *entry,
                   struct bc_error *err)
{
	struct bci_locator locator;
	enum bc_status status;

	writer->must_sync = true;
	if (entry->head.kind == BC_SERIES) {
		status = bci_series_release(writer, entry, err);
		if (status == BC_OK && entry->series.slot != 0)
			status = space_free_slot(writer, entry->series.slot - 1,
			                         err);
		if (status != BC_OK)
			return status;
	}
	for (unsigned i = 0; i < entry->segment_count; i++) {
		bci_entry_locator(entry, i, &locator);
		status = bci_writer_unname(writer, &locator, err);
		if (status != BC_OK)
			return status;
	}
	return bci_detail_delete(writer->txn, &writer->env->tables,
	                         entry->head.id, err);
}

bool
bci_writer_is_placed(const struct bci_writer *writer,
                     const struct bci_locator *locator)
{
	if (locator->arena >= writer->first_arena)
		return true;
	for (unsigned queue = 0; locator->arena != 0 && queue < BCI_QUEUES;
	     queue++) {
		if (locator->arena == writer->first_active[queue])
			return locator->offset >= writer->first_bytes[queue];
	}
	return false;
}

bool
bci_writer_is_fresh(struct bci_writer *writer, const struct bci_entry *entry,
                    const struct bci_locator *locator)
{
	struct bci_arena_record arena;

	if (entry->head.revision != writer->state.revision)
		return false;
	if (entry->head.kind != BC_SERIES)
		return true;
	/* What is in the main queue was only moved there. */
	return bci_writer_is_placed(writer, locator) &&
	       (bci_writer_arena(writer, locator->arena, &arena) != BC_OK ||
	        arena.queue != BCI_MAIN);
}

bool
bci_writer_may_be_safe(struct bci_writer *writer,
                       const struct bci_locator *locator)
{
	struct bci_arena_record arena;

	/* The mark goes back where LMDB uses a page again: what lies behind it
	 * may have been synced all the same. */
	return bci_writer_arena(writer, locator->arena, &arena) != BC_OK ||
	       arena.synced_bytes != 0;
}

enum bc_status
bci_writer_restamp(struct bci_writer *writer, const struct bci_locator *to,
                   const struct bci_locator *from,
                   const struct bci_entry_record *head, unsigned credit,
                   struct bc_error *err)
{
	if (writer->restamp_count == writer->restamp_room) {
		size_t room = 2 * writer->restamp_room + 16;
		void *grown = bci_regrow(
			&writer->env->allocator, writer->restamps,
			writer->restamp_count, room, sizeof(*writer->restamps));

		if (grown == NULL)
			return bci_fail(err, BC_NOMEM, "no memory to commit");
		writer->restamps = grown;
		writer->restamp_room = room;
	}
	writer->restamps[writer->restamp_count++] = (struct bci_restamp){
		.from = bci_segment_id(from, head->id),
		.word = bci_segment_word(to, head),
		.slot = to->slot,
		.credit = credit,
	};
	return BC_OK;
}

struct bci_history *
bci_writer_history(struct bci_writer *writer)
{
	_Static_assert(sizeof(struct bci_history) <= BCI_LEDGER_SKETCH,
	               "the history fits the ledger");
	uint8_t *sketch = bci_ledger_sketch(&writer->env->ledger);

	return (struct bci_history *)(void *)sketch;
}

/* ---- syncing ----------------------------------------------------------- */

/*
 * Put one arena's bytes on the disk and say so in its record.  Sets *failed to
 * it if they may be lost: not where there was no descriptor to begin with.
 */
static enum bc_status
space_sync_arena(struct bci_writer *writer, uint64_t number,
                 struct bci_arena_record *arena, uint64_t *failed,
                 struct bc_error *err)
{
	char name[BCI_ARENA_NAME];
	enum bc_status status;
	int fd = -1;

	bci_arena_name(number, name);
	status = bci_file_open(writer->env->maps.class_fd[arena->class_], name,
	                       O_RDWR, &fd, err);
	if (status == BC_ABSENT)
		*failed = number;
	if (status != BC_OK)
		return status;
	if (fdatasync(fd) != 0 && !BCI_CONTROL(sync_error_ignored)) {
		status = bci_fail_os(err, errno, "cannot sync arena %s", name);
		*failed = number;
	}
	bci_file_close(&fd);
	if (status == BC_OK)
		arena->synced_bytes = arena->end_bytes;
	return status;
}

/* Sync all arenas that need it, or only those that segments are moved to. */
static enum bc_status
space_sync(struct bci_writer *writer, bool moves, uint64_t *failed,
           struct bc_error *err)
{
	struct bci_env *env = writer->env;
	/* Whether a directory has names that were never synced. */
	bool named[BCI_COUNT(env->maps.class_fd)] = { false };
	struct bci_arena_record arena;
	enum bci_queue queue;
	enum bc_status status;
	uint64_t number = 0;

	*failed = 0;
	/* The cursor below must find them as they are now. */
	status = bci_writer_store_active(writer, err);
	if (status != BC_OK)
		return status;
	while ((status = bci_arena_next(writer->txn, &env->tables, &number,
	                                &arena)) == BC_OK) {
		if (arena.synced_bytes >= arena.end_bytes ||
		    (moves && arena.queue == BCI_YOUNG) ||
		    arena.class_ >= BCI_COUNT(named))
			continue;
		named[arena.class_] |= arena.synced_bytes == 0;
		status = space_sync_arena(writer, number, &arena, failed, err);
		if (status != BC_OK)
			return status;
		status = bci_arena_store(writer->txn, &env->tables, number,
		                         &arena, err);
		if (status != BC_OK)
			return status;
		queue = bci_writer_queue(writer, number);
		if (queue != BCI_QUEUES)
			writer->active[queue].arena = arena;
	}
	if (status != BC_MISS)
		return bci_fail(err, status, "cannot read the arenas");
	for (size_t i = 0; i < BCI_COUNT(named); i++) {
		if (named[i] && fsync(env->maps.class_fd[i]) != 0)
			return bci_fail_os(err, errno,
			                   "cannot sync the directory");
	}
	if (!moves)
		writer->state.unsynced = 0;
	writer->must_sync = true;
	return BC_OK;
}

enum bc_status
bci_writer_sync_arenas(struct bci_writer *writer, uint64_t *failed,
                       struct bc_error *err)
{
	return space_sync(writer, false, failed, err);
}

enum bc_status
bci_writer_sync_moves(struct bci_writer *writer, uint64_t *failed,
                      struct bc_error *err)
{
	return space_sync(writer, true, failed, err);
}

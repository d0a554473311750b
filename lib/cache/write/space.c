/* SPDX-License-Identifier: MIT */
/*
 * space.c - a writer's dealings with arenas: room for values, what is live,
 * what can go, what must be synced.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "arena.h"
#include "error.h"
#include "file.h"
#include "recover.h"
#include "series.h"
#include "writer.h"

/*
 * An arena transaction holds its values in fresh memory until it is committed.
 * Where a commit costs no sync it is made often, so that the same few pages are
 * used again and again: twice as fast as going through the whole batch once.
 */
#define PENDING_BYTES (2ull << 20)
#define PENDING_DURABLE_BYTES (64ull << 20)

/* An arena of its own for a value that no usual arena takes. */
#define OVERSIZE_EXTRA (64 * 4096ull)

/* ---- live bytes -------------------------------------------------------- */

static bool
space_is_active(const struct bci_writer *writer, uint64_t number)
{
	return number == writer->state.active_arena;
}

/* Forget an arena without live segments; its file goes after the commit. */
static enum bc_status
space_retire(struct bci_writer *writer, uint64_t number,
             const struct bci_arena_record *arena, struct bc_error *err)
{
	uint64_t *linked = arena->class_ == BCI_ARENA_COLD
	                           ? &writer->state.linked_cold_bytes
	                           : &writer->state.linked_warm_bytes;
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
	writer->must_sync = true;
	return BC_OK;
}

enum bc_status
bci_writer_account(struct bci_writer *writer, uint64_t number, int64_t bytes,
                   int64_t segments, struct bc_error *err)
{
	struct bci_arena_record stored, *arena = &stored;
	enum bc_status status;

	writer->state.live_bytes += (uint64_t)bytes;
	writer->state.segments += (uint64_t)segments;
	if (number == 0)
		return BC_OK; /* Inline: in no arena. */
	if (space_is_active(writer, number)) {
		arena = &writer->active;
		writer->active_changed = true;
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
	arena->live_bytes += (uint64_t)bytes;
	arena->segments += (uint64_t)segments;
	if (arena != &stored)
		return BC_OK;
	if (stored.segments == 0)
		return space_retire(writer, number, &stored, err);
	return bci_arena_store(writer->txn, &writer->env->tables, number,
	                       &stored, err);
}

enum bc_status
bci_writer_name(struct bci_writer *writer, struct bci_locator *locator,
                uint64_t entry_id, struct bc_error *err)
{
	struct bci_env *env = writer->env;
	enum bc_status status;

	status = bci_writer_account(writer, locator->arena, locator->bytes, 1,
	                            err);
	if (status == BC_OK)
		status = bci_slot_take(writer->txn, &env->tables,
		                       &writer->state, &locator->slot, err);
	if (status == BC_OK)
		status = bci_ledger_grow(&env->ledger, locator->slot + 1ull,
		                         err);
	if (status == BC_OK)
		bci_slot_begin(&env->ledger, locator->slot,
		               bci_segment_id(locator, entry_id),
		               (uint32_t)(writer->now_ns / 1000000000), 1);
	return status;
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
	if (writer->freed_count == writer->freed_room) {
		size_t room = 2 * writer->freed_room + 16;
		void *grown = bci_regrow(&writer->env->allocator, writer->freed,
		                         writer->freed_count, room,
		                         sizeof(*writer->freed));

		if (grown == NULL)
			return bci_fail(err, BC_NOMEM, "no memory to commit");
		writer->freed = grown;
		writer->freed_room = room;
	}
	writer->freed[writer->freed_count++] = slot;
	return BC_OK;
}

enum bc_status
bci_writer_unname(struct bci_writer *writer, const struct bci_locator *locator,
                  struct bc_error *err)
{
	enum bc_status status = space_free_slot(writer, locator->slot, err);

	if (status != BC_OK)
		return status;
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

enum bc_status
bci_writer_remove(struct bci_writer *writer, const char *key, size_t key_bytes,
                  struct bc_error *err)
{
	unsigned table = writer->env->tables.entries;
	struct bci_bytes record;
	struct bci_entry entry;
	enum bc_status status;

	status = bci_table_get(writer->txn, table, key, key_bytes, &record);
	if (status == BC_MISS)
		return BC_MISS;
	if (status != BC_OK)
		return bci_fail(err, status, "cannot read entry %s", key);
	/* A damaged record is removed all the same; what it held is lost to
	 * the accounts and comes back with its arena. */
	if (bci_entry_parse(record.data, record.size, &entry) == BC_OK) {
		status = bci_writer_release(writer, &entry, err);
		if (status != BC_OK)
			return status;
	}
	writer->must_sync = true;
	writer->state.entries--;
	return bci_table_delete(writer->txn, table, key, key_bytes, err);
}

/* ---- room -------------------------------------------------------------- */

enum bc_status
bci_writer_flush_arena(struct bci_writer *writer, struct bc_error *err)
{
	bool durable = writer->config.durability == BC_DURABLE;
	uint64_t before = writer->active.end_bytes;
	enum bc_status status;

	if (!writer->arena_pending)
		return BC_OK;
	status = bci_appender_commit(&writer->env->appender, durable,
	                             &writer->active, err);
	if (status != BC_OK)
		return status;
	writer->arena_pending = false;
	writer->pending_bytes = 0;
	writer->active_changed = true;
	writer->state.linked_warm_bytes += writer->active.end_bytes - before;
	if (!durable && !writer->state.unsynced) {
		writer->state.unsynced = 1;
		writer->state.unsynced_ns = writer->now_ns;
	}
	return BC_OK;
}

enum bc_status
bci_writer_seal(struct bci_writer *writer, struct bc_error *err)
{
	uint64_t number = writer->state.active_arena;
	enum bc_status status;

	if (number == 0)
		return BC_OK;
	status = bci_writer_flush_arena(writer, err);
	if (status != BC_OK)
		return status;
	bci_appender_close(&writer->env->appender);
	writer->active.sealed = 1;
	writer->state.active_arena = 0;
	writer->active_changed = false;
	status = bci_arena_store(writer->txn, &writer->env->tables, number,
	                         &writer->active, err);
	if (status == BC_OK && writer->active.segments == 0)
		status = space_retire(writer, number, &writer->active, err);
	return status;
}

/* The active arena is damaged: go on without it. */
static enum bc_status
space_give_up_active(struct bci_writer *writer, struct bc_error *err)
{
	uint64_t number = writer->state.active_arena;

	bci_log(writer->cache, BC_EVENT_ROLLBACK,
	        "arena %llu is not as the catalogue knows it: sealed",
	        (unsigned long long)number);
	return bci_recover_rollback(writer, number, err);
}

/* Open the active arena for appending, unless it is open. */
static enum bc_status
space_open_active(struct bci_writer *writer, struct bc_error *err)
{
	struct bci_env *env = writer->env;
	uint64_t number = writer->state.active_arena;
	enum bc_status status;

	if (number == 0 || writer->arena_pending)
		return BC_OK;
	if (env->appender.env != NULL && env->appender.number == number) {
		status = bci_appender_renew(&env->appender, &writer->active,
		                            err);
	} else {
		bci_appender_close(&env->appender);
		status = bci_appender_open(&env->appender,
		                           env->maps.class_fd[BCI_ARENA_WARM],
		                           number, &writer->active, err);
	}
	if (status != BC_CORRUPT && status != BC_ABSENT && status != BC_FORMAT)
		return status;
	return space_give_up_active(writer, err);
}

/* Make a new active arena with room for a value of 'bytes' bytes. */
static enum bc_status
space_new_arena(struct bci_writer *writer, uint64_t bytes, struct bc_error *err)
{
	struct bci_env *env = writer->env;
	struct bci_appender *appender = &env->appender;
	uint64_t capacity = bci_arena_capacity(writer->config.warm_bytes);
	enum bc_status status;

	if (bytes + OVERSIZE_EXTRA > capacity)
		capacity = bci_round_up(bytes + OVERSIZE_EXTRA, 65536);
	status = bci_appender_create(
		appender, env->maps.class_fd[BCI_ARENA_WARM],
		writer->state.next_arena, capacity, env->group,
		writer->config.durability == BC_DURABLE, err);
	if (status != BC_OK)
		return status;
	writer->state.active_arena = writer->state.next_arena++;
	writer->active = (struct bci_arena_record){
		.version = BCI_RECORD_VERSION,
		.class_ = BCI_ARENA_WARM,
		.page_bytes = (uint32_t)appender->page_bytes,
		.capacity_bytes = capacity,
	};
	writer->active_changed = true;
	return BC_OK;
}

enum bc_status
bci_writer_room(struct bci_writer *writer, uint64_t bytes, void **room,
                uint32_t *arena, uint64_t *offset, struct bc_error *err)
{
	struct bci_appender *appender = &writer->env->appender;
	uint64_t most = writer->config.durability == BC_DURABLE
	                        ? PENDING_DURABLE_BYTES
	                        : PENDING_BYTES;
	enum bc_status status = BC_OK;

	if (writer->pending_bytes >= most)
		status = bci_writer_flush_arena(writer, err);
	if (status == BC_OK)
		status = space_open_active(writer, err);
	if (status != BC_OK)
		return status;
	if (writer->state.active_arena != 0 &&
	    !bci_appender_fits(appender, bytes)) {
		status = bci_writer_seal(writer, err);
		if (status != BC_OK)
			return status;
	}
	if (writer->state.active_arena == 0) {
		status = space_new_arena(writer, bytes, err);
		if (status != BC_OK)
			return status;
	}
	status = bci_appender_add(appender, bytes, room, offset, err);
	if (status == BC_CORRUPT && !writer->arena_pending) {
		status = space_give_up_active(writer, err);
		if (status == BC_OK)
			status = space_new_arena(writer, bytes, err);
		if (status == BC_OK)
			status = bci_appender_add(appender, bytes, room, offset,
			                          err);
	}
	writer->arena_pending = true;
	writer->pending_bytes += bytes;
	*arena = (uint32_t)writer->state.active_arena;
	return status;
}

/* ---- budget ------------------------------------------------------------ */

/* Bytes that a put may still add. */
static uint64_t
space_left(struct bci_writer *writer)
{
	const struct bci_state_record *state = &writer->state;
	uint64_t budget = writer->config.warm_bytes;
	uint64_t slack = 2 * bci_arena_capacity(budget);
	uint64_t arenas = state->linked_warm_bytes;
	uint64_t all = arenas + bci_ledger_bytes(&writer->env->ledger);
	struct bci_db_facts facts;

	if (bci_db_facts(writer->env->db, &facts, NULL) == BC_OK)
		all += facts.end_bytes;
	if (arenas >= budget || all >= budget + slack)
		return 0;
	return bci_min(budget - arenas, budget + slack - all);
}

enum bc_status
bci_writer_check_room(struct bci_writer *writer, uint64_t bytes,
                      uint64_t new_entries, struct bc_error *err)
{
	const struct bci_state_record *state = &writer->state;
	struct bci_db_facts facts;
	enum bc_status status;
	uint64_t left;

	if (state->entries + new_entries > writer->config.entries_max)
		return bci_fail(err, BC_ENTRIES,
		                "the cache holds %llu of at most %llu entries",
		                (unsigned long long)state->entries,
		                (unsigned long long)writer->config.entries_max);
	status = bci_db_facts(writer->env->db, &facts, err);
	if (status != BC_OK)
		return status;
	if (facts.end_bytes > BCI_CATALOGUE_MAP / 10 * 9)
		return bci_fail(err, BC_FULL, "the catalogue is full");
	bytes += writer->pending_bytes;
	left = space_left(writer);
	if (bytes > left && writer->active.segments == 0) {
		/* Nothing in the active arena is live: let it go first. */
		status = bci_writer_seal(writer, err);
		if (status != BC_OK)
			return status;
		left = space_left(writer);
	}
	if (bytes > left)
		return bci_fail(err, BC_FULL,
		                "%llu bytes do not fit: %llu of the budget of "
		                "%llu bytes are left",
		                (unsigned long long)bytes,
		                (unsigned long long)left,
		                (unsigned long long)writer->config.warm_bytes);
	return BC_OK;
}

/* ---- syncing ----------------------------------------------------------- */

/* Put one arena's bytes on the disk and say so in its record. */
static enum bc_status
space_sync_arena(struct bci_writer *writer, uint64_t number,
                 struct bci_arena_record *arena, struct bc_error *err)
{
	char name[BCI_ARENA_NAME];
	enum bc_status status;
	int fd = -1;

	bci_arena_name(number, name);
	status = bci_file_open(writer->env->maps.class_fd[arena->class_], name,
	                       O_RDWR, &fd, err);
	if (status != BC_OK)
		return status;
	if (fdatasync(fd) != 0)
		status = bci_fail_os(err, errno, "cannot sync arena %s", name);
	bci_file_close(&fd);
	if (status == BC_OK)
		arena->synced_bytes = arena->end_bytes;
	return status;
}

enum bc_status
bci_writer_sync_arenas(struct bci_writer *writer, uint64_t *failed,
                       struct bc_error *err)
{
	struct bci_env *env = writer->env;
	struct bci_arena_record arena;
	enum bc_status status;
	uint64_t number = 0;

	*failed = 0;
	if (writer->state.active_arena != 0 && writer->active_changed) {
		/* The cursor below must find it as it is now. */
		status = bci_arena_store(writer->txn, &env->tables,
		                         writer->state.active_arena,
		                         &writer->active, err);
		if (status != BC_OK)
			return status;
	}
	while ((status = bci_arena_next(writer->txn, &env->tables, &number,
	                                &arena)) == BC_OK) {
		if (arena.synced_bytes >= arena.end_bytes)
			continue;
		status = space_sync_arena(writer, number, &arena, err);
		if (status != BC_OK) {
			*failed = number;
			return status;
		}
		status = bci_arena_store(writer->txn, &env->tables, number,
		                         &arena, err);
		if (status != BC_OK)
			return status;
		if (space_is_active(writer, number))
			writer->active = arena;
	}
	if (status != BC_MISS)
		return bci_fail(err, status, "cannot read the arenas");
	if (fsync(env->maps.class_fd[BCI_ARENA_WARM]) != 0)
		return bci_fail_os(err, errno, "cannot sync the directory");
	writer->state.unsynced = 0;
	writer->must_sync = true;
	return BC_OK;
}

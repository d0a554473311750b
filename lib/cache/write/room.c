/* SPDX-License-Identifier: MIT */
/*
 * room.c - room for values in the arenas that are appended to, one a queue.
 */
#include "common.h"

#include "arena.h"
#include "control.h"
#include "error.h"
#include "recover.h"
#include "writer.h"

/* A commit that is synced is made after so much, see BCI_ARENA_PENDING. */
#define PENDING_DURABLE_BYTES (64ull << 20)

/* An arena of its own for a value that no usual arena takes has so much more,
 * but no more than a quarter of a usual one. */
#define OVERSIZE_EXTRA (64 * 4096ull)

/* ---- active arenas ----------------------------------------------------- */

enum bci_queue
bci_writer_queue(struct bci_writer *writer, uint64_t number)
{
	for (unsigned queue = 0; number != 0 && queue < BCI_QUEUES; queue++) {
		if (*bci_state_active(&writer->state, queue) == number)
			return queue;
	}
	return BCI_QUEUES;
}

enum bc_status
bci_writer_arena(struct bci_writer *writer, uint64_t number,
                 struct bci_arena_record *arena)
{
	enum bci_queue queue = bci_writer_queue(writer, number);

	if (queue == BCI_QUEUES)
		return bci_arena_load(writer->txn, &writer->env->tables, number,
		                      arena);
	*arena = writer->active[queue].arena;
	return BC_OK;
}

enum bc_status
bci_writer_flush(struct bci_writer *writer, enum bci_queue queue,
                 struct bc_error *err)
{
	struct bci_active *active = &writer->active[queue];
	bool durable = writer->config.durability == BC_DURABLE &&
	               !BCI_CONTROL(arena_not_synced);
	uint64_t before = active->arena.end_bytes;
	enum bc_status status;

	if (!active->pending)
		return BC_OK;
	status = bci_appender_commit(&writer->env->appenders[queue], durable,
	                             &active->arena, err);
	if (status != BC_OK)
		return status;
	active->pending = false;
	active->pending_bytes = 0;
	active->changed = true;
	*bci_state_linked(&writer->state, bci_queue_class(queue)) +=
		active->arena.end_bytes - before;
	writer->counted[BCI_COUNT_WRITTEN_BYTES] +=
		active->arena.end_bytes - before;
	if (!durable && !writer->state.unsynced) {
		writer->state.unsynced = 1;
		writer->state.unsynced_ns = writer->now_ns;
	}
	return BC_OK;
}

enum bc_status
bci_writer_flush_all(struct bci_writer *writer, struct bc_error *err)
{
	enum bc_status status = BC_OK;

	for (unsigned queue = 0; status == BC_OK && queue < BCI_QUEUES; queue++)
		status = bci_writer_flush(writer, queue, err);
	return status;
}

bool
bci_writer_changed_arenas(const struct bci_writer *writer)
{
	for (unsigned queue = 0; queue < BCI_QUEUES; queue++) {
		if (writer->active[queue].changed ||
		    writer->active[queue].pending)
			return true;
	}
	return false;
}

enum bc_status
bci_writer_store_active(struct bci_writer *writer, struct bc_error *err)
{
	for (unsigned queue = 0; queue < BCI_QUEUES; queue++) {
		uint64_t number = *bci_state_active(&writer->state, queue);
		enum bc_status status;

		if (number == 0 || !writer->active[queue].changed)
			continue;
		status = bci_arena_store(writer->txn, &writer->env->tables,
		                         number, &writer->active[queue].arena,
		                         err);
		if (status != BC_OK)
			return status;
	}
	return BC_OK;
}

enum bc_status
bci_writer_seal(struct bci_writer *writer, enum bci_queue queue,
                struct bc_error *err)
{
	struct bci_active *active = &writer->active[queue];
	uint64_t *state = bci_state_active(&writer->state, queue);
	uint64_t number = *state;
	enum bc_status status;

	if (number == 0)
		return BC_OK;
	status = bci_writer_flush(writer, queue, err);
	if (status != BC_OK)
		return status;
	bci_appender_close(&writer->env->appenders[queue]);
	active->arena.sealed = 1;
	active->changed = false;
	*state = 0;
	status = bci_arena_store(writer->txn, &writer->env->tables, number,
	                         &active->arena, err);
	if (status == BC_OK && active->arena.segments == 0)
		status = bci_writer_retire(writer, number, &active->arena, err);
	return status;
}

/* ---- room -------------------------------------------------------------- */

/* The active arena of a queue is damaged: go on without it. */
static enum bc_status
room_give_up(struct bci_writer *writer, enum bci_queue queue,
             struct bc_error *err)
{
	uint64_t number = *bci_state_active(&writer->state, queue);

	bci_log(writer->cache, BC_EVENT_ROLLBACK,
	        "arena %llu is not as the catalogue knows it: sealed",
	        (unsigned long long)number);
	return bci_recover_rollback(writer, queue, err);
}

/* Open the active arena of a queue for appending, unless it is open. */
static enum bc_status
room_open(struct bci_writer *writer, enum bci_queue queue, struct bc_error *err)
{
	struct bci_env *env = writer->env;
	struct bci_active *active = &writer->active[queue];
	struct bci_appender *appender = &env->appenders[queue];
	uint64_t number = *bci_state_active(&writer->state, queue);
	enum bc_status status;

	if (number == 0 || active->pending)
		return BC_OK;
	if (appender->env != NULL && appender->number == number) {
		status = bci_appender_renew(appender, &active->arena, err);
	} else {
		bci_appender_close(appender);
		status = bci_appender_open(
			appender, env->maps.class_fd[bci_queue_class(queue)],
			number, &active->arena, err);
	}
	if (status != BC_CORRUPT && status != BC_ABSENT && status != BC_FORMAT)
		return status;
	return room_give_up(writer, queue, err);
}

enum bc_status
bci_writer_check_number(struct bci_writer *writer, struct bc_error *err)
{
	uint64_t *next = &writer->state.next_arena, last = 0;
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes key, value;
	enum bc_status status;

	if (writer->first_arena != *next)
		return BC_OK; /* It follows one that this commit made. */
	BCI_TRY(bci_cursor_open(writer->txn, writer->env->tables.arenas,
	                        &cursor, err));
	status = bci_cursor_move(cursor, BCI_LAST, &key, &value);
	if (status == BC_OK)
		memcpy(&last, key.data, sizeof(last));
	else if (status == BC_MISS)
		status = BC_OK;
	else
		bci_fail(err, status, "cannot read the arenas");
	if (*next <= last || *next > UINT32_MAX)
		*next = last + 1;
	if (status == BC_OK && *next > UINT32_MAX)
		status = bci_fail(err, BC_CORRUPT,
		                  "the numbers of the arenas are damaged");
	writer->first_arena = *next;
done:
	bci_cursor_close(cursor);
	return status;
}

/* Make a new active arena with room for a value of 'bytes' bytes. */
static enum bc_status
room_new_arena(struct bci_writer *writer, enum bci_queue queue, uint64_t bytes,
               struct bc_error *err)
{
	struct bci_env *env = writer->env;
	struct bci_appender *appender = &env->appenders[queue];
	enum bci_arena_class class_ = bci_queue_class(queue);
	uint64_t capacity = bci_arena_capacity(
		class_ == BCI_ARENA_COLD ? writer->config.cold_bytes
					 : writer->config.warm_bytes);
	uint64_t extra = bci_min(OVERSIZE_EXTRA, capacity / 4);
	enum bc_status status;

	if (bytes + extra > capacity)
		capacity = bci_round_up(bytes + extra, 65536);
	status = bci_writer_check_number(writer, err);
	if (status != BC_OK)
		return status;
	/* It may be open for an arena that another process has sealed. */
	bci_appender_close(appender);
	status = bci_appender_create(
		appender, env->maps.class_fd[class_], writer->state.next_arena,
		capacity, env->group, writer->config.durability == BC_DURABLE,
		err);
	if (status != BC_OK)
		return status;
	*bci_state_active(&writer->state, queue) = writer->state.next_arena++;
	writer->active[queue] = (struct bci_active){
		.arena = {
			.version = BCI_RECORD_VERSION,
			.class_ = (uint8_t)class_,
			.queue = (uint8_t)queue,
			.page_bytes = (uint32_t)appender->page_bytes,
			.capacity_bytes = capacity,
		},
		.changed = true,
	};
	return BC_OK;
}

enum bc_status
bci_writer_fits(struct bci_writer *writer, enum bci_queue queue, uint64_t bytes,
                bool *fits, struct bc_error *err)
{
	enum bc_status status = room_open(writer, queue, err);

	*fits = status == BC_OK &&
	        *bci_state_active(&writer->state, queue) != 0 &&
	        bci_appender_fits(&writer->env->appenders[queue], bytes);
	return status;
}

enum bc_status
bci_writer_room(struct bci_writer *writer, enum bci_queue queue, uint64_t bytes,
                void **room, uint32_t *arena, uint64_t *offset,
                struct bc_error *err)
{
	struct bci_appender *appender = &writer->env->appenders[queue];
	struct bci_active *active = &writer->active[queue];
	const uint64_t *number = bci_state_active(&writer->state, queue);
	uint64_t most = writer->config.durability == BC_DURABLE
	                        ? PENDING_DURABLE_BYTES
	                        : BCI_ARENA_PENDING;
	enum bc_status status = BC_OK;

	if (active->pending_bytes >= most)
		status = bci_writer_flush(writer, queue, err);
	if (status == BC_OK)
		status = room_open(writer, queue, err);
	if (status == BC_OK && *number != 0 &&
	    !bci_appender_fits(appender, bytes))
		status = bci_writer_seal(writer, queue, err);
	if (status == BC_OK && *number == 0)
		status = room_new_arena(writer, queue, bytes, err);
	if (status != BC_OK)
		return status;
	status = bci_appender_add(appender, bytes, room, offset, err);
	if (status == BC_CORRUPT && !active->pending) {
		status = room_give_up(writer, queue, err);
		if (status == BC_OK)
			status = room_new_arena(writer, queue, bytes, err);
		if (status == BC_OK)
			status = bci_appender_add(appender, bytes, room, offset,
			                          err);
	}
	active->pending = true;
	active->pending_bytes += bytes;
	/* LMDB puts a value also where its own pages were before: then the disk
	 * does not have all that lies below the mark any more. */
	if (status == BC_OK && !BCI_CONTROL(reused_page_counts_as_synced))
		active->arena.synced_bytes =
			bci_min(active->arena.synced_bytes, *offset);
	*arena = (uint32_t)*number;
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * move.c - moving live segments to other arenas.
 *
 * Of a segment only the number of its arena changes, and with it the checksum
 * of its header, which is in the locator.  Its slot stays the same, so that
 * nothing is lost of when and how often it was read.
 */
#include "common.h"

#include "arena.h"
#include "checked.h"
#include "control.h"
#include "directory.h"
#include "error.h"
#include "hash.h"
#include "move.h"

void
bci_mover_open(struct bci_mover *mover, struct bci_writer *writer,
               enum bci_queue queue)
{
	*mover = (struct bci_mover){ .writer = writer, .queue = queue };
}

void
bci_mover_close(struct bci_mover *mover)
{
	if (mover->room == NULL)
		return;
	memset(mover->room + mover->used, 0, mover->bytes - mover->used);
	/* What is left of it is lost: the next one is as long as this was
	 * needed. */
	mover->shared_bytes =
		mover->used < mover->bytes / 2
			? BCI_VALUE_MIN
			: bci_min(2 * mover->bytes, BCI_MOVE_SHARED);
	mover->room = NULL;
}

/* A new value. */
static enum bc_status
mover_value(struct bci_mover *mover, uint64_t bytes, void **room,
            struct bci_locator *to, struct bc_error *err)
{
	if (mover->apart != NULL)
		return bci_apart_room(mover->apart, bytes, room, &to->arena,
		                      &to->offset, err);
	return bci_writer_room(mover->writer, mover->queue, bytes, room,
	                       &to->arena, &to->offset, err);
}

/* Room for 'bytes' bytes: of the shared value, or of one of their own. */
static enum bc_status
mover_room(struct bci_mover *mover, uint64_t bytes, uint64_t rest,
           unsigned char **room, struct bci_locator *to, struct bc_error *err)
{
	uint64_t step = bci_round_up(bytes, BCI_LINE);
	bool small = bytes < BCI_VALUE_MIN;
	enum bc_status status;
	void *fresh;

	if (mover->room == NULL || !small ||
	    bytes > mover->bytes - mover->used) {
		uint64_t want = bytes;

		bci_mover_close(mover);
		if (small) {
			want = bci_min(step + rest, mover->shared_bytes);
			want = bci_value_pages(want) - BCI_VALUE_SHIFT;
		}
		status = mover_value(mover, want, &fresh, to, err);
		if (status != BC_OK)
			return status;
		*room = fresh;
		if (!small)
			return BC_OK;
		mover->room = fresh;
		mover->used = 0;
		mover->bytes = want;
		mover->arena = to->arena;
		mover->offset = to->offset;
	}
	*room = mover->room + mover->used;
	to->arena = mover->arena;
	to->offset = mover->offset + mover->used;
	memset(*room + bytes, 0,
	       bci_min(step, mover->bytes - mover->used) - bytes);
	mover->used += bci_min(step, mover->bytes - mover->used);
	return BC_OK;
}

/* Name a segment at its new place. */
static enum bc_status
mover_name(struct bci_mover *mover, const struct bci_live_segment *segment,
           const struct bci_locator *to, struct bc_error *err)
{
	struct bci_writer *writer = mover->writer;
	const struct bci_tables *tables = &writer->env->tables;
	unsigned char record[BCI_PAGE];
	struct bci_bytes stored;
	enum bc_status status;

	if (segment->older)
		return bci_directory_put(writer->txn, tables,
		                         segment->entry->head.id, to, err);
	status = bci_table_get(writer->txn, tables->entries, segment->key,
	                       segment->key_bytes, &stored);
	if (status == BC_OK && stored.size > sizeof(record))
		status = BC_CORRUPT;
	if (status != BC_OK)
		return bci_fail(err, status, "the record of %s", segment->key);
	memcpy(record, stored.data, stored.size);
	if (!bci_entry_relocate(record, stored.size, &segment->locator, to))
		return bci_fail(err, BC_CORRUPT, "the record of %s",
		                segment->key);
	return bci_table_put(writer->txn, tables->entries, segment->key,
	                     segment->key_bytes, record, stored.size, err);
}

/* Check every byte of a segment against the catalogue. */
static enum bc_status
mover_check(struct bci_mover *mover, struct bci_live *live,
            const struct bci_live_segment *segment, struct bc_error *err)
{
	struct bci_env *env = mover->writer->env;
	const struct bci_entry_record *head = &segment->entry->head;
	const struct bc_schema *schema = NULL;
	enum bc_status status;

	if (head->schema != 0) {
		status = bci_env_schema(env, mover->writer->txn, head->schema,
		                        &schema);
		if (status != BC_OK)
			return status;
	}
	if (!bci_segment_is(segment->image, &segment->locator, env->cache_id,
	                    head->id) ||
	    (!BCI_CONTROL(move_unverified) &&
	     bci_map_check(live->map, &segment->locator, schema,
	                   BCI_CHECK_HERE) != NULL))
		return bci_fail(err, BC_CORRUPT, "%s is damaged", segment->key);
	return BC_OK;
}

/* A copy that is not on the disk must be, if its source is. */
static void
mover_settle(struct bci_mover *mover, const struct bci_locator *from,
             const struct bci_locator *to)
{
	struct bci_writer *writer = mover->writer;
	struct bci_arena_record arena;

	writer->must_sync = true;
	if (bci_writer_arena(writer, to->arena, &arena) == BC_OK &&
	    arena.synced_bytes >= to->offset + to->bytes)
		return;
	if (bci_writer_may_be_safe(writer, from))
		writer->must_settle_moves = true;
}

enum bc_status
bci_move_copy(struct bci_mover *mover, struct bci_live *live,
              const struct bci_live_segment *segment, uint64_t rest,
              struct bci_locator *to, struct bc_error *err)
{
	const struct bci_locator *from = &segment->locator;
	struct bci_segment_header header;
	unsigned char *room;
	enum bc_status status;

	*to = *from;
	status = mover_check(mover, live, segment, err);
	if (status != BC_OK)
		return status;
	status = mover_room(mover, from->bytes, rest, &room, to, err);
	if (status != BC_OK)
		return status;
	memcpy(&header, segment->image, sizeof(header));
	header.arena = to->arena;
	memcpy(room, &header, sizeof(header));
	memcpy(room + sizeof(header), segment->image + sizeof(header),
	       from->bytes - sizeof(header));
	to->checksum = bci_hash64(room, to->header_bytes);
	return BC_OK;
}

enum bc_status
bci_move_name(struct bci_mover *mover, const struct bci_live_segment *segment,
              const struct bci_locator *to, unsigned credit,
              struct bc_error *err)
{
	const struct bci_locator *from = &segment->locator;
	struct bci_writer *writer = mover->writer;
	enum bc_status status;

	mover_settle(mover, from, to);
	status = bci_writer_account(writer, to->arena, to->bytes, 1, err);
	if (status == BC_OK)
		status = mover_name(mover, segment, to, err);
	if (status == BC_OK)
		status = bci_writer_account(writer, from->arena,
		                            -(int64_t)from->bytes, -1, err);
	if (status == BC_OK)
		status = bci_writer_restamp(writer, to, from,
		                            &segment->entry->head, credit, err);
	mover->moved_bytes += from->bytes;
	mover->moved_segments++;
	writer->moved_bytes[bci_queue_class(mover->queue)] += from->bytes;
	writer->counted[BCI_COUNT_MOVED_BYTES] += from->bytes;
	return status;
}

enum bc_status
bci_move_segment(struct bci_mover *mover, struct bci_live *live,
                 const struct bci_live_segment *segment, unsigned credit,
                 uint64_t rest, struct bc_error *err)
{
	struct bci_locator to;
	enum bc_status status =
		bci_move_copy(mover, live, segment, rest, &to, err);

	return status == BC_OK ? bci_move_name(mover, segment, &to, credit, err)
	                       : status;
}

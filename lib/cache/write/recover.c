/* SPDX-License-Identifier: MIT */
/*
 * recover.c - checking again what may be damaged, and dropping it.
 *
 * Damage is rare, so finding the entries concerned by a walk over all of them
 * (about a third of a microsecond each) is fine.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "arena.h"
#include "checked.h"
#include "clock.h"
#include "control.h"
#include "directory.h"
#include "entry.h"
#include "error.h"
#include "file.h"
#include "forget.h"
#include "quarantine.h"
#include "recheck.h"
#include "recover.h"

/* Keys collected before they are removed; a cursor must not be cut under. */
#define BATCH 64

struct recover_key {
	size_t bytes;
	char text[BC_KEY_MAX];
};

/*
 * Why a segment must go: *reason, for the log, or NULL.  Fails where that could
 * not be found out; nothing is dropped for want of memory or descriptors.
 */
typedef enum bc_status recover_verdict(struct bci_writer *writer,
                                       const struct bci_bytes *key,
                                       const struct bci_entry *entry,
                                       const struct bci_locator *locator,
                                       const void *context,
                                       const char **reason);

/* Whether the tail of a series is what was written, or cannot be told. */
static bool
recover_tail_is_sane(struct bci_writer *writer, const struct bci_entry *entry)
{
	const struct bc_schema *schema = NULL;

	if (entry->series.tail_rows == 0 ||
	    bci_env_schema(writer->env, writer->txn, entry->head.schema,
	                   &schema) != BC_OK)
		return true;
	return bci_tail_is_whole(entry, schema);
}

/*
 * The first segment of an entry that must go, if *reason is set: a series is
 * walked from one to the next, whoever names them.  One without bytes stands
 * for the tail.
 */
static enum bc_status
recover_find(struct bci_writer *writer, const struct bci_bytes *key,
             const struct bci_entry *entry, recover_verdict *verdict,
             const void *context, struct bci_locator *locator,
             const char **reason)
{
	struct bci_directory directory;
	enum bc_status status = BC_OK;

	*reason = NULL;
	if (entry->head.kind != BC_SERIES) {
		if (entry->segment_count == 0)
			return BC_OK;
		bci_entry_locator(entry, 0, locator);
		return verdict(writer, key, entry, locator, context, reason);
	}
	*locator = (struct bci_locator){ .bytes = 0 };
	if (!recover_tail_is_sane(writer, entry)) {
		*reason = "its newest rows";
		return BC_OK;
	}
	bci_directory_open(&directory, writer->txn, &writer->env->tables,
	                   entry);
	while (status == BC_OK && *reason == NULL) {
		status = bci_directory_next(&directory, locator);
		if (status == BC_OK)
			status = verdict(writer, key, entry, locator, context,
			                 reason);
	}
	bci_directory_close(&directory);
	return status == BC_MISS ? BC_OK : status;
}

/* Drop the bad segments of a series; BC_CORRUPT if it must go as a whole. */
static enum bc_status
recover_mend(struct bci_writer *writer, const struct bci_bytes *key,
             recover_verdict *verdict, const void *context,
             struct bc_error *err)
{
	for (;;) {
		struct bci_locator locator;
		struct bci_entry entry;
		const char *reason;
		enum bc_status status;

		status = bci_entry_get(writer->txn, &writer->env->tables,
		                       key->data, key->size, &entry, NULL);
		if (status == BC_OK && entry.head.kind != BC_SERIES)
			status = BC_CORRUPT;
		if (status == BC_OK)
			status = recover_find(writer, key, &entry, verdict,
			                      context, &locator, &reason);
		if (status != BC_OK || reason == NULL)
			return status;
		status = locator.bytes == 0
		                 ? bci_forget_tail(writer, key->data, key->size,
		                                   err)
		                 : bci_forget_segment(writer, key->data,
		                                      key->size, &locator, err);
		if (status != BC_OK)
			return status == BC_MISS ? BC_CORRUPT : status;
	}
}

/* Remove what was collected, or of a series what is bad of it. */
static enum bc_status
recover_remove(struct bci_writer *writer, recover_verdict *verdict,
               const void *context, struct recover_key *keys, size_t count,
               struct bc_error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct bci_bytes key = { keys[i].bytes, keys[i].text };
		enum bc_status status =
			recover_mend(writer, &key, verdict, context, err);

		if (status == BC_CORRUPT)
			status = bci_writer_remove(writer, keys[i].text,
			                           keys[i].bytes, err);
		if (status != BC_OK && status != BC_MISS)
			return status;
	}
	return BC_OK;
}

enum bc_status
bci_recover_note(struct bci_writer *writer, const struct bci_bytes *key,
                 uint64_t entry_id, const struct bci_locator *locator,
                 const char *reason)
{
	bci_log(writer->cache, BC_EVENT_QUARANTINE, "dropped %.*s: %s",
	        (int)bci_min(key->size, 100), (const char *)key->data, reason);
	writer->counted[BCI_COUNT_QUARANTINED]++;
	return bci_quarantine_add(writer->txn, &writer->env->tables, key,
	                          entry_id, locator, reason, writer->now_ns,
	                          NULL);
}

/* Whether any segment of an entry must go, or the record itself: *bad. */
static enum bc_status
recover_judge(struct bci_writer *writer, const struct bci_bytes *key,
              const struct bci_bytes *value, recover_verdict *verdict,
              const void *context, bool *bad)
{
	enum bc_status status;
	const char *reason = NULL;
	struct bci_locator locator = { .bytes = 0 };
	struct bci_entry entry = { .head.id = 0 };

	status = bci_entry_read(key->data, key->size, value->data, value->size,
	                        &entry);
	if (status == BC_OK)
		status = recover_find(writer, key, &entry, verdict, context,
		                      &locator, &reason);
	if (status == BC_CORRUPT) {
		reason = "catalogue record";
		status = BC_OK;
	}
	*bad = status == BC_OK && reason != NULL;
	if (*bad)
		status = bci_recover_note(writer, key, entry.head.id, &locator,
		                          reason);
	return status;
}

/*
 * Judge entries from 'cursor' on and collect the keys of the bad ones; 'from'
 * is the last one looked at.  BC_MISS at the end of the table.
 */
static enum bc_status
recover_collect(struct bci_writer *writer, struct MDB_cursor *cursor,
                recover_verdict *verdict, const void *context,
                struct recover_key *from, struct recover_key *keys,
                size_t *count)
{
	struct bci_bytes key = { from->bytes, from->text }, value;
	enum bc_status status;
	bool bad;

	status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	for (; status == BC_OK && *count < BATCH;
	     status = bci_cursor_move(cursor, BCI_NEXT, &key, &value)) {
		if (key.size > BC_KEY_MAX)
			continue;
		from->bytes = key.size;
		memcpy(from->text, key.data, key.size);
		status = recover_judge(writer, &key, &value, verdict, context,
		                       &bad);
		if (status != BC_OK)
			break;
		if (bad)
			keys[(*count)++] = *from;
	}
	return status;
}

/* Drop every entry with a segment that must go. */
static enum bc_status
recover_walk(struct bci_writer *writer, recover_verdict *verdict,
             const void *context, struct bc_error *err)
{
	struct recover_key *keys, from = { 1, BCI_KEY_FIRST };
	enum bc_status status = BC_OK;

	keys = bci_alloc(&writer->env->allocator, BATCH, sizeof(*keys));
	if (keys == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to recover");
	while (status == BC_OK) {
		struct MDB_cursor *cursor = NULL;
		size_t count = 0;

		status = bci_cursor_open(
			writer->txn, writer->env->tables.entries, &cursor, err);
		if (status != BC_OK)
			break;
		status = recover_collect(writer, cursor, verdict, context,
		                         &from, keys, &count);
		bci_cursor_close(cursor);
		if (status == BC_OK || status == BC_MISS) {
			enum bc_status removed = recover_remove(
				writer, verdict, context, keys, count, err);

			status = removed != BC_OK ? removed : status;
		}
	}
	bci_free(&writer->env->allocator, keys);
	if (status == BC_OK || status == BC_MISS)
		return BC_OK;
	return bci_fail(err, status, "cannot check what may be damaged: %s",
	                bc_strerror(status));
}

/* ---- another boot, a rollback ------------------------------------------ */

struct recover_range {
	uint64_t arena;
	uint64_t from_bytes;
};

static bool
recover_reaches(const struct bci_locator *locator,
                const struct recover_range *range)
{
	return locator->arena == range->arena &&
	       locator->offset + locator->bytes > range->from_bytes;
}

static enum bc_status
verdict_damaged(struct bci_writer *writer, const struct bci_bytes *key,
                const struct bci_entry *entry,
                const struct bci_locator *locator, const void *context,
                const char **reason)
{
	if (!recover_reaches(locator, context))
		return BC_OK;
	return bci_recheck(writer, key, entry, locator, reason);
}

static enum bc_status
verdict_unsynced(struct bci_writer *writer, const struct bci_bytes *key,
                 const struct bci_entry *entry,
                 const struct bci_locator *locator, const void *context,
                 const char **reason)
{
	(void)writer;
	(void)key;
	(void)entry;
	if (recover_reaches(locator, context))
		*reason = "a sync of its arena failed";
	return BC_OK;
}

/* Nothing is appended to arena 'number' any more. */
static void
recover_deactivate(struct bci_writer *writer, uint64_t number)
{
	enum bci_queue queue = bci_writer_queue(writer, number);

	if (queue == BCI_QUEUES)
		return;
	bci_appender_close(&writer->env->appenders[queue]);
	*bci_state_active(&writer->state, queue) = 0;
	writer->active[queue].changed = false;
}

/*
 * Seal 'number' without opening it: what it never synced is to be checked, or
 * dropped, now.  An empty one goes, as no segment is left to take it along.
 */
static enum bc_status
recover_seal(struct bci_writer *writer, uint64_t number,
             struct bci_arena_record *arena, struct bc_error *err)
{
	enum bc_status status;

	arena->sealed = 1;
	arena->synced_bytes = arena->end_bytes;
	recover_deactivate(writer, number);
	status = bci_arena_store(writer->txn, &writer->env->tables, number,
	                         arena, err);
	return status == BC_OK && arena->segments == 0
	               ? bci_writer_retire(writer, number, arena, err)
	               : status;
}

/* The same; checks what was never synced. */
static enum bc_status
recover_arena(struct bci_writer *writer, uint64_t number,
              struct bci_arena_record *arena, struct bc_error *err)
{
	struct recover_range range = { number, arena->synced_bytes };
	bool suspect =
		arena->segments != 0 && arena->synced_bytes < arena->end_bytes;
	enum bc_status status = recover_seal(writer, number, arena, err);

	if (status != BC_OK || !suspect)
		return status;
	return recover_walk(writer, verdict_damaged, &range, err);
}

enum bc_status
bci_recover_rollback(struct bci_writer *writer, enum bci_queue queue,
                     struct bc_error *err)
{
	uint64_t number = *bci_state_active(&writer->state, queue);
	struct bci_arena_record arena = writer->active[queue].arena;

	arena.synced_bytes = 0; /* Nothing about this file is certain. */
	writer->must_sync = true;
	return recover_arena(writer, number, &arena, err);
}

static enum bc_status
verdict_lost(struct bci_writer *writer, const struct bci_bytes *key,
             const struct bci_entry *entry, const struct bci_locator *locator,
             const void *context, const char **reason)
{
	(void)writer;
	(void)key;
	(void)entry;
	if (recover_reaches(locator, context))
		*reason = "it is not to be found in its arena";
	return BC_OK;
}

enum bc_status
bci_recover_arena(struct bci_writer *writer, uint64_t number,
                  struct bc_error *err)
{
	const struct recover_range range = { number, 0 };
	struct bci_arena_record arena;
	enum bc_status status = recover_walk(writer, verdict_lost, &range, err);

	if (status != BC_OK)
		return status;
	/* It is retired already if its record counted right. */
	status = bci_arena_load(writer->txn, &writer->env->tables, number,
	                        &arena);
	if (status != BC_OK)
		return status == BC_MISS ? BC_OK : status;
	recover_deactivate(writer, number);
	writer->state.segments -=
		bci_min(writer->state.segments, arena.segments);
	writer->state.live_bytes -=
		bci_min(writer->state.live_bytes, arena.live_bytes);
	return bci_writer_retire(writer, number, &arena, err);
}

/*
 * An arena may be unlinked though the catalogue names it: what was evicted
 * needs no sync.
 */
static bool
recover_is_gone(struct bci_writer *writer, uint64_t number,
                const struct bci_arena_record *arena)
{
	char name[BCI_ARENA_NAME];

	bci_arena_name(number, name);
	return arena->class_ < BCI_COUNT(writer->env->maps.class_fd) &&
	       faccessat(writer->env->maps.class_fd[arena->class_], name, F_OK,
	                 AT_SYMLINK_NOFOLLOW) != 0 &&
	       errno == ENOENT;
}

enum bc_status
bci_recover_boot(struct bci_writer *writer, const uint8_t boot_id[16],
                 struct bc_error *err)
{
	struct bci_arena_record arena;
	enum bc_status status;
	uint64_t number = 0;

	while ((status = bci_arena_next(writer->txn, &writer->env->tables,
	                                &number, &arena)) == BC_OK) {
		if (recover_is_gone(writer, number, &arena)) {
			status = bci_recover_arena(writer, number, err);
			if (status != BC_OK)
				return status;
			continue;
		}
		if ((arena.sealed && arena.synced_bytes >= arena.end_bytes) ||
		    BCI_CONTROL(append_after_boot))
			continue;
		status = recover_arena(writer, number, &arena, err);
		if (status != BC_OK)
			return status;
	}
	if (status != BC_MISS)
		return bci_fail(err, status, "cannot read the arenas");
	memcpy(writer->state.boot_id, boot_id, 16);
	writer->state.unsynced = 0;
	writer->must_sync = true;
	return BC_OK;
}

/* ---- a failed sync ----------------------------------------------------- */

void
bci_recover_unsynced(struct bc_cache *cache, struct bci_env *env,
                     uint64_t number)
{
	struct bci_arena_record arena;
	struct bci_writer writer;
	struct recover_range range = { .arena = number };
	enum bc_status status;

	bci_log(cache, BC_EVENT_SYNC,
	        "a sync of arena %llu failed: what it had not synced is "
	        "dropped",
	        (unsigned long long)number);
	if (bci_writer_begin(cache, env, &writer, NULL) != BC_OK)
		return;
	BCI_TRY(bci_arena_load(writer.txn, &env->tables, number, &arena));
	range.from_bytes = arena.synced_bytes;
	BCI_TRY(recover_seal(&writer, number, &arena, NULL));
	BCI_TRY(recover_walk(&writer, verdict_unsynced, &range, NULL));
	writer.must_sync = true;
	(void)bci_writer_commit(&writer, NULL);
	return;
done:
	bci_writer_abort(&writer);
}

/* ---- segments that readers found bad ----------------------------------- */

static enum bc_status
verdict_bad(struct bci_writer *writer, const struct bci_bytes *key,
            const struct bci_entry *entry, const struct bci_locator *locator,
            const void *context, const char **reason)
{
	struct bci_ledger *ledger = &writer->env->ledger;
	uint64_t id = bci_segment_id(locator, entry->head.id);
	struct bci_slot *slot = bci_ledger_slot(ledger, locator->slot);
	enum bc_status status;

	(void)context;
	if (!bci_slot_is_bad(ledger, locator->slot, id))
		return BC_OK;
	status = bci_recheck(writer, key, entry, locator, reason);
	/* The ledger was wrong, or the disk was only for a moment. */
	if (status == BC_OK && *reason == NULL)
		atomic_store(&slot->word, id);
	return status;
}

enum bc_status
bci_recover_bad(struct bci_writer *writer, struct bc_error *err)
{
	struct bci_ledger_header *header = writer->env->ledger.header;
	enum bc_status status;
	uint64_t seen;

	if (header == NULL || !writer->env->ledger.writable ||
	    !bci_ledger_has_bad(&writer->env->ledger))
		return BC_OK;
	seen = atomic_load(&header->bad_count);
	status = recover_walk(writer, verdict_bad, NULL, err);
	if (status == BC_OK)
		writer->bad_seen = seen;
	return status;
}

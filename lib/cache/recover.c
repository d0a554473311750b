/* SPDX-License-Identifier: MIT */
/*
 * recover.c - checking again what may be damaged, and dropping it.
 *
 * Damage is rare, so finding the entries concerned by a walk over all of them
 * (about a third of a microsecond each) is fine.
 */
#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "arena.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "recover.h"

/* Keys collected before they are removed; a cursor must not be cut under. */
#define BATCH 64

struct recover_key {
	size_t bytes;
	char text[BC_KEY_MAX];
};

/* Whether a segment must go; 'reason' for the log. */
typedef bool recover_verdict(struct bci_writer *writer,
                             const struct bci_entry *entry,
                             const struct bci_locator *locator,
                             const void *context, const char **reason);

/* Check a segment from the disk up.  NULL if all is well. */
static const char *
recover_check(struct bci_writer *writer, const struct bci_entry *entry,
              const struct bci_locator *locator)
{
	struct bci_env *env = writer->env;
	const struct bc_schema *schema = NULL;
	struct bci_arena_record arena;
	struct bci_map *map;

	if (locator->arena == 0)
		return NULL; /* Inline values are checked at every read. */
	if (entry->head.schema != 0) {
		schema = bci_env_schema(env, writer->txn, entry->head.schema);
		if (schema == NULL)
			return "schema";
	}
	if (bci_arena_load(writer->txn, &env->tables, locator->arena, &arena) !=
	    BC_OK)
		return "no such arena";
	if (bci_maps_add(&env->maps, locator->arena, &arena, &map) != BC_OK)
		return "arena file";
	if (!bci_map_reaches(map, locator->offset + locator->bytes))
		return "arena file is too short";
	if (!bci_segment_is(map->base + locator->offset, locator, env->cache_id,
	                    entry->head.id))
		return "another segment lies there";
	return bci_map_check(map, locator, schema, true);
}

/* Remove what was collected. */
static enum bc_status
recover_remove(struct bci_writer *writer, struct recover_key *keys,
               size_t count, struct bc_error *err)
{
	for (size_t i = 0; i < count; i++) {
		enum bc_status status = bci_writer_remove(
		        writer, keys[i].text, keys[i].bytes, err);

		if (status != BC_OK && status != BC_MISS)
			return status;
	}
	return BC_OK;
}

/* Whether any segment of an entry must go, or the record itself. */
static bool
recover_judge(struct bci_writer *writer, const struct bci_bytes *key,
              const struct bci_bytes *value, recover_verdict *verdict,
              const void *context)
{
	const char *reason = "catalogue record";
	struct bci_locator locator;
	struct bci_entry entry;
	bool bad = bci_entry_parse(value->data, value->size, &entry) != BC_OK;

	for (unsigned i = 0; !bad && i < entry.head.segment_count; i++) {
		bci_entry_locator(&entry, i, &locator);
		bad = verdict(writer, &entry, &locator, context, &reason);
	}
	if (bad)
		bci_log(writer->cache, BC_EVENT_QUARANTINE, "dropped %.*s: %s",
		        (int)bci_min(key->size, 100), (const char *)key->data,
		        reason);
	return bad;
}

/* Drop every entry with a segment that must go. */
static enum bc_status
recover_walk(struct bci_writer *writer, recover_verdict *verdict,
             const void *context, struct bc_error *err)
{
	struct recover_key *keys, from = { .bytes = 0 };
	struct bci_bytes key, value;
	enum bc_status status = BC_OK;

	keys = bci_alloc(&writer->env->allocator, BATCH, sizeof(*keys));
	if (keys == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to recover");
	while (status == BC_OK) {
		struct MDB_cursor *cursor = NULL;
		size_t count = 0;

		status = bci_cursor_open(writer->txn,
		                         writer->env->tables.entries, &cursor,
		                         err);
		if (status != BC_OK)
			break;
		key = (struct bci_bytes){ from.bytes, from.text };
		status = bci_cursor_move(
		        cursor, from.bytes == 0 ? BCI_FIRST : BCI_FROM, &key,
		        &value);
		for (; status == BC_OK && count < BATCH;
		     status = bci_cursor_move(cursor, BCI_NEXT, &key, &value)) {
			if (key.size > BC_KEY_MAX)
				continue;
			from.bytes = key.size;
			memcpy(from.text, key.data, key.size);
			if (recover_judge(writer, &key, &value, verdict,
			                  context))
				keys[count++] = from;
		}
		bci_cursor_close(cursor);
		if (status == BC_OK || status == BC_MISS) {
			enum bc_status removed =
			        recover_remove(writer, keys, count, err);

			status = removed != BC_OK ? removed : status;
		}
	}
	bci_free(&writer->env->allocator, keys);
	return status == BC_MISS ? BC_OK : status;
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

static bool
verdict_damaged(struct bci_writer *writer, const struct bci_entry *entry,
                const struct bci_locator *locator, const void *context,
                const char **reason)
{
	const char *wrong = NULL;

	if (recover_reaches(locator, context))
		wrong = recover_check(writer, entry, locator);
	if (wrong != NULL)
		*reason = wrong;
	return wrong != NULL;
}

static bool
verdict_unsynced(struct bci_writer *writer, const struct bci_entry *entry,
                 const struct bci_locator *locator, const void *context,
                 const char **reason)
{
	(void)writer;
	(void)entry;
	*reason = "a sync of its arena failed";
	return recover_reaches(locator, context);
}

/* Seal 'number' without opening it; checks what was never synced. */
static enum bc_status
recover_arena(struct bci_writer *writer, uint64_t number,
              struct bci_arena_record *arena, struct bc_error *err)
{
	struct recover_range range = { number, arena->synced_bytes };
	bool suspect = arena->synced_bytes < arena->end_bytes;
	enum bc_status status;

	arena->sealed = 1;
	/* Checked below, or dropped: nothing unsynced is left to doubt. */
	arena->synced_bytes = arena->end_bytes;
	if (writer->state.active_arena == number) {
		writer->state.active_arena = 0;
		writer->active_changed = false;
	}
	status = bci_arena_store(writer->txn, &writer->env->tables, number,
	                         arena, err);
	if (status != BC_OK || !suspect)
		return status;
	return recover_walk(writer, verdict_damaged, &range, err);
}

enum bc_status
bci_recover_rollback(struct bci_writer *writer, uint64_t number,
                     struct bc_error *err)
{
	struct bci_arena_record arena = writer->active;

	bci_appender_close(&writer->env->appender);
	arena.synced_bytes = 0; /* Nothing about this file is certain. */
	writer->must_sync = true;
	return recover_arena(writer, number, &arena, err);
}

/* The next arena that is open or has bytes that were never synced. */
static enum bc_status
recover_next(struct bci_writer *writer, uint64_t *number,
             struct bci_arena_record *arena)
{
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes key = { sizeof(*number), number }, value;
	enum bc_status status;

	++*number;
	status = bci_cursor_open(writer->txn, writer->env->tables.arenas,
	                         &cursor, NULL);
	if (status != BC_OK)
		return status;
	status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	while (status == BC_OK) {
		memcpy(number, key.data, sizeof(*number));
		if (value.size == sizeof(*arena)) {
			memcpy(arena, value.data, sizeof(*arena));
			if (!arena->sealed ||
			    arena->synced_bytes < arena->end_bytes)
				break;
		}
		status = bci_cursor_move(cursor, BCI_NEXT, &key, &value);
	}
	bci_cursor_close(cursor);
	return status;
}

enum bc_status
bci_recover_boot(struct bci_writer *writer, const uint8_t boot_id[16],
                 struct bc_error *err)
{
	struct bci_arena_record arena;
	enum bc_status status;
	uint64_t number = 0;

	while ((status = recover_next(writer, &number, &arena)) == BC_OK) {
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
	arena.sealed = 1;
	arena.synced_bytes = arena.end_bytes; /* Never tried again. */
	if (writer.state.active_arena == number) {
		bci_appender_close(&env->appender);
		writer.state.active_arena = 0;
		writer.active_changed = false;
	}
	BCI_TRY(bci_arena_store(writer.txn, &env->tables, number, &arena,
	                        NULL));
	BCI_TRY(recover_walk(&writer, verdict_unsynced, &range, NULL));
	writer.must_sync = true;
	(void)bci_writer_commit(&writer, NULL);
	return;
done:
	bci_writer_abort(&writer);
}

/* ---- segments that readers found bad ----------------------------------- */

static bool
verdict_bad(struct bci_writer *writer, const struct bci_entry *entry,
            const struct bci_locator *locator, const void *context,
            const char **reason)
{
	struct bci_ledger *ledger = &writer->env->ledger;
	uint64_t id = bci_segment_id(locator, entry->head.id);
	struct bci_slot *slot = bci_ledger_slot(ledger, locator->slot);
	const char *wrong;

	(void)context;
	if (!bci_slot_is_bad(slot, id))
		return false;
	wrong = recover_check(writer, entry, locator);
	if (wrong == NULL) {
		/* The ledger was wrong, or the disk was only for a moment. */
		atomic_store(&slot->word, id);
		return false;
	}
	*reason = wrong;
	return true;
}

enum bc_status
bci_recover_bad(struct bci_writer *writer, struct bc_error *err)
{
	struct bci_ledger_header *header = writer->env->ledger.header;
	enum bc_status status;
	uint64_t seen;

	if (header == NULL || !writer->env->ledger.writable)
		return BC_OK;
	seen = atomic_load(&header->bad_count);
	if (seen == atomic_load(&header->bad_handled))
		return BC_OK;
	status = recover_walk(writer, verdict_bad, NULL, err);
	if (status == BC_OK)
		atomic_store(&header->bad_handled, seen);
	return status;
}

/* ---- leftover files ---------------------------------------------------- */

static void
sweep_class(struct bci_writer *writer, enum bci_arena_class class_)
{
	struct bci_env *env = writer->env;
	struct bci_arena_record arena;
	struct dirent *entry;
	int fd = openat(env->maps.class_fd[class_], ".",
	                O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		bci_file_close(&fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		uint64_t number = bci_arena_number(entry->d_name);
		const char *dot = strrchr(entry->d_name, '.');
		bool unfinished = dot != NULL && strcmp(dot, ".new") == 0;

		if (number != 0)
			unfinished = bci_arena_load(writer->txn, &env->tables,
			                            number, &arena) == BC_MISS;
		if (unfinished)
			(void)unlinkat(fd, entry->d_name, 0);
	}
	closedir(dir);
}

void
bci_recover_sweep(struct bci_writer *writer)
{
	sweep_class(writer, BCI_ARENA_WARM);
	sweep_class(writer, BCI_ARENA_COLD);
	(void)unlinkat(writer->env->dir_fd, "meta.mdb.new", 0);
	(void)unlinkat(writer->env->dir_fd, "scratch.new", 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * victim.c - letting go of what is evicted.
 *
 * Nothing is synced for it: after a power cut what was evicted may be named
 * again, by a catalogue that is a commit older, without the arena it lay in.
 * The next writer drops it then.
 */
#include "common.h"

#include "entry.h"
#include "error.h"
#include "forget.h"
#include "labelling.h"
#include "shift.h"
#include "victim.h"

/* Ghosts that are kept: a quarter of the entries, but so many at least. */
#define GHOSTS_MIN 1024u

/* Key of a ghost in `ghosts`: when it was evicted, which entry. */
static struct bci_order_key
ghost_key(const struct bci_entry_record *head)
{
	return bci_order_key_of(head->revision, (int64_t)head->id);
}

/* Read the entry 'key' as it is stored; BC_MISS, BC_CORRUPT. */
static enum bc_status
victim_load(struct bci_writer *writer, const char *key, size_t key_bytes,
            struct bci_entry_copy *stored, struct bci_entry *entry)
{
	return bci_entry_get_copy(writer->txn, &writer->env->tables, key,
	                          key_bytes, stored, entry, NULL);
}

/* Make a ghost of an entry, giving back all that it holds but its labels. */
static enum bc_status
victim_bury(struct bci_writer *writer, const char *key, size_t key_bytes,
            const struct bci_entry *entry, struct bc_error *err)
{
	const struct bci_tables *tables = &writer->env->tables;
	struct bci_entry_record ghost = {
		.version = BCI_RECORD_VERSION,
		.kind = entry->head.schema != 0 ? BC_FRAME : BC_BLOB,
		.flags = entry->head.flags & BCI_ENTRY_LABELLED,
		.schema = entry->head.schema,
		.id = entry->head.id,
		.revision = writer->state.revision,
	};
	struct bci_order_key name = ghost_key(&ghost);
	bool derived = (entry->head.flags & BCI_ENTRY_DERIVED) != 0;
	enum bc_status status;

	/* What was derived is made again without a question. */
	if (derived)
		return bci_writer_remove_alone(writer, key, key_bytes, err);
	status = bci_writer_strip(writer, key, key_bytes, entry, err);
	if (status == BC_OK)
		status = bci_table_put(writer->txn, tables->entries, key,
		                       key_bytes, &ghost, sizeof(ghost), err);
	if (status == BC_OK)
		status = bci_table_put(writer->txn, tables->ghosts, &name,
		                       sizeof(name), key, key_bytes, err);
	if (status != BC_OK)
		return status;
	writer->state.evicted++;
	return BC_OK;
}

/* A series without this segment; the whole entry if nothing is left. */
static enum bc_status
victim_series(struct bci_writer *writer, const char *key, size_t key_bytes,
              const struct bci_locator *segment, struct bc_error *err)
{
	struct bci_entry_copy stored;
	struct bci_entry entry;
	enum bc_status status = BC_OK;

	if (segment->bytes != 0)
		status = bci_forget_segment(writer, key, key_bytes, segment,
		                            err);
	if (status == BC_CORRUPT)
		return bci_writer_remove(writer, key, key_bytes, err);
	if (status == BC_OK)
		status = victim_load(writer, key, key_bytes, &stored, &entry);
	if (status != BC_OK || (segment->bytes != 0 && entry.series.rows != 0))
		return status;
	return victim_bury(writer, key, key_bytes, &entry, err);
}

/* Whether what is evicted may be worth packing, if room is made for it. */
static bool
victim_may_pack(const struct bci_writer *writer,
                const struct bci_locator *victim)
{
	return victim->arena != 0 && !bci_locator_is_cold(victim) &&
	       victim->bytes >= BCI_PAGE &&
	       victim->bytes / 2 < writer->config.cold_bytes / 4;
}

enum bc_status
bci_victim_packs(struct bci_writer *writer, const char *key, size_t key_bytes,
                 const struct bci_locator *segment, uint64_t *bytes,
                 struct bc_error *err)
{
	return victim_may_pack(writer, segment)
	               ? bci_demotion_pays(writer, key, key_bytes, segment,
	                                   bytes, err)
	               : BC_COPY;
}

enum bc_status
bci_victim_drop(struct bci_writer *writer, const char *key, size_t key_bytes,
                const struct bci_locator *segment, bool pack,
                struct bc_error *err)
{
	const struct bci_locator victim = *segment;
	bool must_sync = writer->must_sync;
	struct bci_entry_copy stored;
	struct bci_entry entry;
	enum bc_status status;

	if (pack && victim_may_pack(writer, &victim)) {
		status = bci_demote(writer, key, key_bytes, &victim, err);
		if (status == BC_OK || status == BC_NOMEM || status == BC_IO ||
		    status == BC_NOSPACE)
			return status;
	}
	status = victim_load(writer, key, key_bytes, &stored, &entry);
	if (status == BC_CORRUPT)
		status = bci_writer_remove(writer, key, key_bytes, err);
	else if (status == BC_OK && bci_entry_is_ghost(&entry))
		status = BC_MISS;
	else if (status == BC_OK && entry.head.kind == BC_SERIES)
		status = victim_series(writer, key, key_bytes, &victim, err);
	else if (status == BC_OK)
		status = victim_bury(writer, key, key_bytes, &entry, err);
	if (status != BC_OK)
		return status == BC_MISS
		               ? BC_MISS
		               : bci_fail(err, status, "cannot evict %.*s",
		                          (int)key_bytes, key);
	writer->must_sync = must_sync;
	writer->counted[BCI_COUNT_EVICTIONS]++;
	writer->counted[BCI_COUNT_EVICTED_BYTES] += victim.bytes;
	return BC_OK;
}

/* ---- ghosts ------------------------------------------------------------ */

enum bc_status
bci_ghost_forget(struct bci_writer *writer, const struct bci_entry *entry,
                 struct bc_error *err)
{
	struct bci_order_key name = ghost_key(&entry->head);
	enum bc_status status =
		bci_table_delete(writer->txn, writer->env->tables.ghosts, &name,
	                         sizeof(name), err);

	if (status == BC_MISS)
		return BC_OK; /* A cache of another version made it. */
	if (status == BC_OK && writer->state.evicted != 0)
		writer->state.evicted--;
	return status;
}

/* A row of `ghosts`; a damaged one has a name of another size. */
struct ghost_row {
	size_t name_bytes, key_bytes;
	unsigned char name[BCI_LABEL_KEY];
	char key[BC_KEY_MAX];
};

/* Read the oldest; BC_MISS if there is none. */
static enum bc_status
ghosts_oldest(struct bci_writer *writer, struct ghost_row *row,
              struct bc_error *err)
{
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes name, value;
	enum bc_status status = bci_cursor_open(
		writer->txn, writer->env->tables.ghosts, &cursor, err);

	if (status != BC_OK)
		return status;
	status = bci_cursor_move(cursor, BCI_FIRST, &name, &value);
	if (status == BC_OK) {
		row->name_bytes = (size_t)bci_min(name.size, sizeof(row->name));
		memcpy(row->name, name.data, row->name_bytes);
		row->key_bytes = (size_t)bci_min(value.size, sizeof(row->key));
		memcpy(row->key, value.data, row->key_bytes);
	}
	bci_cursor_close(cursor);
	return status == BC_OK || status == BC_MISS
	               ? status
	               : bci_fail(err, status, "cannot read what was evicted");
}

/* Forget the entry and its labels, if it is the ghost that the row is of. */
static enum bc_status
ghosts_drop_entry(struct bci_writer *writer, const struct ghost_row *row,
                  struct bc_error *err)
{
	const struct bci_tables *tables = &writer->env->tables;
	enum bc_status status = BC_OK;
	struct bci_entry_copy stored;
	struct bci_order_key own;
	struct bci_entry entry;
	bool any;

	if (victim_load(writer, row->key, row->key_bytes, &stored, &entry) !=
	            BC_OK ||
	    !bci_entry_is_ghost(&entry))
		return BC_OK;
	own = ghost_key(&entry.head);
	if (row->name_bytes != sizeof(own) ||
	    memcmp(&own, row->name, sizeof(own)) != 0)
		return BC_OK;
	if ((entry.head.flags & BCI_ENTRY_LABELLED) != 0)
		status = bci_label_delete_all(
			writer->txn, tables, entry.head.id, 0, NULL, &any, err);
	return status == BC_OK ? bci_table_delete(writer->txn, tables->entries,
	                                          row->key, row->key_bytes, err)
	                       : status;
}

/* Forget the oldest ghost; BC_MISS if there is none. */
static enum bc_status
ghosts_drop_oldest(struct bci_writer *writer, struct bc_error *err)
{
	struct ghost_row row;
	enum bc_status status = ghosts_oldest(writer, &row, err);

	if (status == BC_OK)
		status = bci_table_delete(writer->txn,
		                          writer->env->tables.ghosts, row.name,
		                          row.name_bytes, err);
	if (status != BC_OK)
		return status;
	if (writer->state.evicted != 0)
		writer->state.evicted--;
	return ghosts_drop_entry(writer, &row, err);
}

enum bc_status
bci_ghosts_trim(struct bci_writer *writer, unsigned most, struct bc_error *err)
{
	uint64_t keep = bci_max(writer->state.entries / 4, GHOSTS_MIN);
	enum bc_status status = BC_OK;

	while (status == BC_OK && most-- != 0 && writer->state.evicted > keep)
		status = ghosts_drop_oldest(writer, err);
	if (status == BC_MISS)
		writer->state.evicted = 0; /* There is none. */
	return status == BC_MISS ? BC_OK : status;
}

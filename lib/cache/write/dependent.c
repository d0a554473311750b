/* SPDX-License-Identifier: MIT */
/*
 * dependent.c - removing entries and what was made of them.
 *
 * What depends on what is found by label.  A removed entry has no labels any
 * more, so nothing is found twice and a cycle ends by itself; the keys that are
 * still to be looked at wait in a list rather than on the stack, because chains
 * may be long.
 */
#include "common.h"

#include "entry.h"
#include "error.h"
#include "expiry.h"
#include "key.h"
#include "keys.h"
#include "labelling.h"
#include "victim.h"

enum bc_status
bci_writer_strip(struct bci_writer *writer, const char *key, size_t key_bytes,
                 const struct bci_entry *entry, struct bc_error *err)
{
	enum bc_status status = bci_writer_release(writer, entry, err);

	if (status != BC_OK)
		return status;
	writer->state.entries--;
	return bci_expiry_change(writer->txn, &writer->env->tables, key,
	                         key_bytes, &entry->head, NULL, err);
}

enum bc_status
bci_writer_remove_alone(struct bci_writer *writer, const char *key,
                        size_t key_bytes, struct bc_error *err)
{
	const struct bci_tables *tables = &writer->env->tables;
	struct bci_entry entry;
	enum bc_status status;
	bool any, damaged, ghost = false;

	status = bci_entry_get(writer->txn, tables, key, key_bytes, &entry,
	                       &damaged);
	if (status == BC_MISS)
		return BC_MISS;
	if (status != BC_OK && !damaged)
		return bci_fail(err, status, "cannot read entry %s", key);
	/* A damaged record is removed all the same; what it held is lost to
	 * the accounts and comes back with its arena. */
	if (!damaged) {
		ghost = bci_entry_is_ghost(&entry);
		BCI_TRY(ghost ? bci_ghost_forget(writer, &entry, err)
		              : bci_writer_strip(writer, key, key_bytes, &entry,
		                                 err));
		if ((entry.head.flags & BCI_ENTRY_LABELLED) != 0)
			BCI_TRY(bci_label_delete_all(writer->txn, tables,
			                             entry.head.id, 0, NULL,
			                             &any, err));
	} else {
		writer->state.entries--;
	}
	writer->must_sync = true;
	status = bci_table_delete(writer->txn, tables->entries, key, key_bytes,
	                          err);
done:
	return status == BC_OK && ghost ? BC_MISS : status;
}

/* ---- what was made of it ------------------------------------------------ */

struct dependents {
	struct bci_writer *writer;
	const char *root; /* is not removed */
	size_t root_bytes;
	bool derived;
	struct bci_keys waiting; /* removed, and to be looked at */
	uint64_t removed;        /* of these, those that were not evicted */
};

/*
 * Remove the entry of a label, if it is still the one that had it.  'stored' is
 * its key, as the table has it.
 */
static enum bc_status
dependents_remove(struct dependents *all, const struct bci_label *label,
                  const struct bci_bytes *stored, struct bc_error *err)
{
	struct bci_found found = { .id = label->entry_id };
	struct bci_entry_record head;
	char key[BC_KEY_MAX + 1];
	enum bc_status status;

	if (stored->size == 0 || stored->size > BC_KEY_MAX ||
	    (stored->size == all->root_bytes &&
	     memcmp(stored->data, all->root, all->root_bytes) == 0))
		return BC_OK;
	memcpy(key, stored->data, stored->size);
	key[stored->size] = '\0';
	found.key = key;
	found.key_bytes = stored->size;
	status = bci_entry_head(all->writer, key, found.key_bytes, &head, err);
	if (status != BC_OK)
		return status == BC_MISS ? BC_OK : status;
	if (head.id != label->entry_id ||
	    (all->derived && (head.flags & BCI_ENTRY_DERIVED) == 0))
		return BC_OK;
	status = bci_keys_add(&all->waiting, &found);
	if (status != BC_OK)
		return bci_fail(err, status, "no memory to remove %s", key);
	status =
		bci_writer_remove_alone(all->writer, key, found.key_bytes, err);
	all->removed += status == BC_OK;
	return status == BC_MISS ? BC_OK : status;
}

/* Remove what was made of one key. */
static enum bc_status
dependents_of(struct dependents *all, const char *key, size_t key_bytes,
              struct bc_error *err)
{
	const struct bci_tables *tables = &all->writer->env->tables;
	char text[BC_KEY_MAX];
	struct bci_label label = {
		.kind = BC_LABEL_PARENT,
		.text = text,
		.text_bytes = key_bytes,
	};
	struct bci_bytes stored;
	enum bc_status status;

	memcpy(text, key, key_bytes); /* The list of keys moves as it grows. */
	while ((status = bci_labelled_next(all->writer->txn, tables, &label,
	                                   &stored, err)) == BC_OK) {
		status = dependents_remove(all, &label, &stored, err);
		if (status != BC_OK)
			return status;
	}
	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bci_dependents_remove(struct bci_writer *writer, const char *key,
                      size_t key_bytes, bool derived, uint64_t *removed,
                      struct bc_error *err)
{
	struct dependents all = {
		.writer = writer,
		.root = key,
		.root_bytes = key_bytes,
		.derived = derived,
		.waiting = { .allocator = &writer->env->allocator },
	};
	struct bci_found found;
	enum bc_status status;
	size_t at = 0;

	status = dependents_of(&all, key, key_bytes, err);
	while (status == BC_OK && bci_keys_next(&all.waiting, &at, &found))
		status = dependents_of(&all, found.key, found.key_bytes, err);
	*removed = all.removed;
	bci_keys_free(&all.waiting);
	return status;
}

enum bc_status
bci_writer_remove(struct bci_writer *writer, const char *key, size_t key_bytes,
                  struct bc_error *err)
{
	uint64_t made;
	enum bc_status status =
		bci_writer_remove_alone(writer, key, key_bytes, err);

	if (status != BC_OK)
		return status;
	return bci_dependents_remove(writer, key, key_bytes, true, &made, err);
}

/* ---- the call ---------------------------------------------------------- */

enum bc_status
bc_invalidate(struct bc_cache *cache, const char *key, unsigned flags,
              uint64_t *removed, struct bc_error *err)
{
	size_t key_bytes = strlen(key);
	struct bci_writer writer;
	enum bc_status status;
	uint64_t count = 0;

	if (removed != NULL)
		*removed = 0;
	if ((flags & ~(unsigned)BC_INVALIDATE_SELF) != 0)
		return bci_fail(err, BC_INVALID, "unknown flags %#x", flags);
	if (!bci_key_valid(key, key_bytes))
		return bci_fail(err, BC_KEY, "'%.100s' is no key", key);
	if ((cache->flags & BC_OPEN_BYPASS) != 0)
		return BC_OK;
	status = bci_writer_open(cache, &writer, err);
	if (status != BC_OK)
		return status;
	BCI_TRY(bci_dependents_remove(&writer, key, key_bytes, false, &count,
	                              err));
	if ((flags & BC_INVALIDATE_SELF) != 0) {
		status = bci_writer_remove_alone(&writer, key, key_bytes, err);
		if (status != BC_OK && status != BC_MISS)
			goto done;
		count += status == BC_OK;
	}
	writer.counted[BCI_COUNT_REMOVALS] = count;
	status = bci_writer_commit(&writer, err);
	if (status == BC_OK && removed != NULL)
		*removed = count;
	return status;
done:
	bci_writer_abort(&writer);
	return status;
}

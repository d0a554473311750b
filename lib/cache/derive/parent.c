/* SPDX-License-Identifier: MIT */
/*
 * parent.c - entries that were made of another one.
 *
 * No record says of which state of its parent an entry was made, and none is
 * needed: revisions of all entries are numbered together.  What is stored only
 * while the parent is as it was read has a later revision than the parent, and
 * loses it with the parent's next change.  The flag tells such an entry from
 * one that just happens to have been put later under the same key.
 */
#include "common.h"

#include "error.h"
#include "parent.h"

/* The head of an entry in the writer's transaction; id 0 if there is none. */
static enum bc_status
parent_head(struct bci_writer *writer, const char *key, size_t key_bytes,
            struct bci_entry_record *head, struct bc_error *err)
{
	struct bci_entry entry;
	struct bci_bytes record;
	enum bc_status status;

	*head = (struct bci_entry_record){ .id = 0 };
	status = bci_table_get(writer->txn, writer->env->tables.entries, key,
	                       key_bytes, &record);
	if (status == BC_OK &&
	    bci_entry_parse(record.data, record.size, &entry) == BC_OK)
		*head = entry.head;
	if (status == BC_OK || status == BC_MISS)
		return BC_OK;
	return bci_fail(err, status, "the record of entry %s", key);
}

enum bc_status
bci_parent_wants(struct bci_writer *writer, const char *key, size_t key_bytes,
                 const struct bci_parent *parent, bool *wants,
                 struct bc_error *err)
{
	struct bci_entry_record source, made;
	enum bc_status status;

	BCI_TRY(parent_head(writer, parent->key, parent->key_bytes, &source,
	                    err));
	BCI_TRY(parent_head(writer, key, key_bytes, &made, err));
	*wants = source.id != 0 && source.revision == parent->revision &&
	         !bci_parent_is_same(&made, source.revision);
done:
	return status;
}

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
#include "label.h"
#include "labelling.h"
#include "parent.h"

/* The head of an entry in the writer's transaction; id 0 if there is none. */
static enum bc_status
parent_head(struct bci_writer *writer, const char *key, size_t key_bytes,
            struct bci_entry_record *head, struct bc_error *err)
{
	enum bc_status status;

	*head = (struct bci_entry_record){ .id = 0 };
	status = bci_entry_head(writer, key, key_bytes, head, err);
	return status == BC_MISS ? BC_OK : status;
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
	if (*wants) /* Room for it is not made of what it was made of. */
		writer->busy_entry = source.id;
done:
	return status;
}

/*
 * A user may have said of it that it depends on more; it is lost only if
 * nothing that it depends on is as it was.
 */
enum bc_status
bci_parent_is_lost(struct bci_writer *writer,
                   const struct bci_entry_record *head, bool *lost,
                   struct bc_error *err)
{
	struct bci_label label = {
		.entry_id = head->id,
		.kind = BC_LABEL_PARENT,
	};
	struct bci_entry_record source;
	char key[BC_KEY_MAX + 1];
	enum bc_status status;

	*lost = (head->flags & BCI_ENTRY_DERIVED) != 0;
	while (*lost) {
		status = bci_label_next(writer->txn, &writer->env->tables,
		                        &label);
		if (status == BC_MISS || status == BC_CORRUPT)
			return BC_OK;
		if (status != BC_OK)
			return bci_fail(err, status, "the labels of an entry");
		memcpy(key, label.text, label.text_bytes);
		key[label.text_bytes] = '\0';
		status = parent_head(writer, key, label.text_bytes, &source,
		                     err);
		if (status != BC_OK)
			return status;
		*lost = source.id == 0 ||
		        !bci_parent_is_same(head, source.revision);
	}
	return BC_OK;
}

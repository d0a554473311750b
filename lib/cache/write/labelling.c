/* SPDX-License-Identifier: MIT */
/*
 * labelling.c - giving entries labels and taking them.
 *
 * The flag in the entry's record is what makes labels free for those that have
 * none: only with it a removal looks into the tables of labels.
 */
#include "common.h"

#include "entry.h"
#include "error.h"
#include "labelling.h"
#include "links.h"

enum bc_status
bci_entry_head(struct bci_writer *writer, const char *key, size_t key_bytes,
               struct bci_entry_record *head, struct bc_error *err)
{
	struct bci_entry entry;
	enum bc_status status;
	bool damaged;

	status = bci_entry_get(writer->txn, &writer->env->tables, key,
	                       key_bytes, &entry, &damaged);
	if (damaged)
		return BC_MISS;
	if (status == BC_OK)
		*head = entry.head;
	if (status == BC_OK || status == BC_MISS)
		return status;
	return bci_fail(err, status, "the record of entry %s", key);
}

enum bc_status
bci_entry_flag(struct bci_writer *writer, const char *key, size_t key_bytes,
               uint16_t flags, struct bc_error *err)
{
	unsigned table = writer->env->tables.entries;
	unsigned char copy[BCI_PAGE];
	struct bci_bytes record;
	enum bc_status status;

	status = bci_table_get(writer->txn, table, key, key_bytes, &record);
	if (status == BC_OK && (record.size > sizeof(copy) ||
	                        record.size < sizeof(struct bci_entry_record)))
		status = BC_CORRUPT;
	if (status != BC_OK)
		return bci_fail(err, status, "the record of entry %s", key);
	/* LMDB may move what it pointed to. */
	memcpy(copy, record.data, record.size);
	memcpy(copy + offsetof(struct bci_entry_record, flags), &flags,
	       sizeof(flags));
	return bci_table_put(writer->txn, table, key, key_bytes, copy,
	                     record.size, err);
}

static enum bc_status
labelling_put(struct bci_writer *writer, const char *key, size_t key_bytes,
              uint64_t id, enum bc_label_kind kind, const char *text,
              bool *added, struct bc_error *err)
{
	const struct bci_label label = {
		.entry_id = id,
		.kind = kind,
		.text = text,
		.text_bytes = strlen(text),
	};

	return bci_label_put(writer->txn, &writer->env->tables, &label, key,
	                     key_bytes, writer->now_ns, added, err);
}

enum bc_status
bci_entry_label(struct bci_writer *writer, const char *key, size_t key_bytes,
                const struct bci_entry_record *head, enum bc_label_kind kind,
                const char *text, bool *added, struct bc_error *err)
{
	enum bc_status status;

	status = labelling_put(writer, key, key_bytes, head->id, kind, text,
	                       added, err);
	if (status != BC_OK || (head->flags & BCI_ENTRY_LABELLED) != 0)
		return status;
	return bci_entry_flag(writer, key, key_bytes,
	                      head->flags | BCI_ENTRY_LABELLED, err);
}

/* Put the operation's tags in place of those that the entry has. */
static enum bc_status
labelling_replace(struct bci_writer *writer,
                  const struct bci_operation *operation, uint64_t id,
                  uint16_t *flags, bool *changed, struct bc_error *err)
{
	const struct bci_tables *tables = &writer->env->tables;
	enum bc_status status = BC_OK;
	bool differs = false;

	if ((*flags & BCI_ENTRY_LABELLED) != 0)
		BCI_TRY(bci_label_delete_all(writer->txn, tables, id,
		                             BC_LABEL_TAG, operation->tags,
		                             &differs, err));
	for (const char **tag = operation->tags; *tag != NULL; tag++) {
		bool added;

		BCI_TRY(labelling_put(writer, operation->key,
		                      operation->key_bytes, id, BC_LABEL_TAG,
		                      *tag, &added, err));
		differs = differs || added;
	}
	*changed = *changed || differs;
	if (operation->tags[0] != NULL)
		*flags |= BCI_ENTRY_LABELLED;
	else if (differs && bci_label_any(writer->txn, tables, id) == BC_MISS)
		*flags &= (uint16_t)~BCI_ENTRY_LABELLED;
done:
	return status;
}

static enum bc_status
labelling_add(struct bci_writer *writer, const struct bci_operation *operation,
              uint64_t id, enum bc_label_kind kind, const char *text,
              uint16_t *flags, bool *changed, struct bc_error *err)
{
	enum bc_status status;
	bool added;

	status = labelling_put(writer, operation->key, operation->key_bytes, id,
	                       kind, text, &added, err);
	if (status != BC_OK)
		return status;
	*flags |= BCI_ENTRY_LABELLED;
	*changed = *changed || added;
	writer->counted[BCI_COUNT_LINKS] += added && kind == BC_LABEL_BACKTEST;
	return BC_OK;
}

enum bc_status
bci_labelling_apply(struct bci_writer *writer,
                    const struct bci_operation *operation, uint64_t id,
                    uint16_t *flags, bool *changed, struct bc_error *err)
{
	const struct bci_linker *linker = writer->cache->linker;
	const char *backtest = operation->backtest;
	enum bc_status status = BC_OK;

	if (backtest == NULL && linker != NULL)
		backtest = linker->backtest;
	if (operation->tags != NULL)
		BCI_TRY(labelling_replace(writer, operation, id, flags, changed,
		                          err));
	if (backtest != NULL)
		BCI_TRY(labelling_add(writer, operation, id, BC_LABEL_BACKTEST,
		                      backtest, flags, changed, err));
	if (operation->parent != NULL)
		BCI_TRY(labelling_add(writer, operation, id, BC_LABEL_PARENT,
		                      operation->parent->key, flags, changed,
		                      err));
done:
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * tag.c - the calls that change the labels or the pin of one entry.
 */
#include "common.h"

#include "error.h"
#include "key.h"
#include "labelling.h"

/* What is to become of an entry. */
struct tag_change {
	enum bc_label_kind kind;  /* 0: it is pinned, or no longer */
	const char *const *texts; /* ended by NULL */
	enum bc_labelling how;
	bool pinned;
};

/* Change the labels of the entry with this head; the flags are updated. */
static enum bc_status
tag_labels(struct bci_writer *writer, const char *key, size_t key_bytes,
           const struct tag_change *change, struct bci_entry_record *head,
           bool *changed, struct bc_error *err)
{
	const struct bci_tables *tables = &writer->env->tables;
	enum bc_status status = BC_OK;
	bool differs;

	if (change->how == BC_LABELS_REPLACE)
		BCI_TRY(bci_label_delete_all(writer->txn, tables, head->id,
		                             change->kind, change->texts,
		                             changed, err));
	for (const char *const *text = change->texts; *text != NULL; text++) {
		const struct bci_label label = {
			.entry_id = head->id,
			.kind = change->kind,
			.text = *text,
			.text_bytes = strlen(*text),
		};

		if (change->how == BC_LABELS_REMOVE) {
			status = bci_label_delete(writer->txn, tables, &label,
			                          err);
			differs = status == BC_OK;
			status = status == BC_MISS ? BC_OK : status;
		} else {
			status = bci_label_put(writer->txn, tables, &label, key,
			                       key_bytes, writer->now_ns,
			                       &differs, err);
			writer->counted[BCI_COUNT_LINKS] +=
				differs && change->kind == BC_LABEL_BACKTEST;
		}
		BCI_TRY(status);
		*changed = *changed || differs;
	}
	head->flags |= BCI_ENTRY_LABELLED;
	status = bci_label_any(writer->txn, tables, head->id);
	if (status == BC_MISS) {
		head->flags &= (uint16_t)~BCI_ENTRY_LABELLED;
		status = BC_OK;
	} else if (status != BC_OK) {
		bci_fail(err, status, "the labels of %s", key);
	}
done:
	return status;
}

static enum bc_status
tag_apply(struct bci_writer *writer, const char *key,
          const struct tag_change *change, bool *changed, struct bc_error *err)
{
	size_t key_bytes = strlen(key);
	struct bci_entry_record head;
	enum bc_status status;
	uint16_t before;

	*changed = false;
	status = bci_entry_head(writer, key, key_bytes, &head, err);
	if (status == BC_MISS)
		return bci_fail(err, BC_MISS, "there is no entry %s", key);
	BCI_TRY(status);
	before = head.flags;
	if (change->kind != 0) {
		BCI_TRY(tag_labels(writer, key, key_bytes, change, &head,
		                   changed, err));
	} else {
		head.flags &= (uint16_t)~BCI_ENTRY_PINNED;
		if (change->pinned)
			head.flags |= BCI_ENTRY_PINNED;
	}
	if (head.flags != before) {
		*changed = true;
		status =
			bci_entry_flag(writer, key, key_bytes, head.flags, err);
	}
done:
	return status;
}

/* Make the change in a commit of its own, if it is one. */
static enum bc_status
tag_commit(struct bc_cache *cache, const char *key,
           const struct tag_change *change, struct bc_error *err)
{
	struct bci_writer writer;
	enum bc_status status;
	bool changed;

	if (!bci_key_valid(key, strlen(key)))
		return bci_fail(err, BC_KEY, "'%.100s' is no key", key);
	for (const char *const *text = change->texts;
	     change->kind != 0 && *text != NULL; text++) {
		if (!bci_label_valid(*text, strlen(*text)))
			return bci_fail(err, BC_INVALID,
			                "'%.100s' is no label: 1 to %d bytes "
			                "of UTF-8 without control characters",
			                *text, BC_LABEL_MAX);
	}
	if ((cache->flags & BC_OPEN_BYPASS) != 0)
		return BC_OK;
	status = bci_writer_open(cache, &writer, err);
	if (status != BC_OK)
		return status;
	status = tag_apply(&writer, key, change, &changed, err);
	writer.unlinks = change->kind == BC_LABEL_BACKTEST &&
	                 change->how == BC_LABELS_REMOVE;
	if (status == BC_OK && (changed || writer.must_sync))
		return bci_writer_commit(&writer, err);
	bci_writer_abort(&writer);
	return status;
}

static enum bc_status
tag_change(struct bc_cache *cache, const char *key, enum bc_label_kind kind,
           const char *const *texts, enum bc_labelling how,
           struct bc_error *err)
{
	static const char *const none[] = { NULL };
	const struct tag_change change = {
		.kind = kind,
		.texts = texts != NULL ? texts : none,
		.how = how,
	};

	if ((unsigned)how > BC_LABELS_REPLACE)
		return bci_fail(err, BC_INVALID, "unknown way to label %d",
		                (int)how);
	return tag_commit(cache, key, &change, err);
}

enum bc_status
bc_tag(struct bc_cache *cache, const char *key, const char *const *tags,
       enum bc_labelling how, struct bc_error *err)
{
	return tag_change(cache, key, BC_LABEL_TAG, tags, how, err);
}

enum bc_status
bc_depend(struct bc_cache *cache, const char *key, const char *const *parents,
          enum bc_labelling how, struct bc_error *err)
{
	return tag_change(cache, key, BC_LABEL_PARENT, parents, how, err);
}

enum bc_status
bc_link(struct bc_cache *cache, const char *backtest, const char *key,
        int linked, struct bc_error *err)
{
	const char *const backtests[] = { backtest, NULL };

	return tag_change(cache, key, BC_LABEL_BACKTEST, backtests,
	                  linked ? BC_LABELS_ADD : BC_LABELS_REMOVE, err);
}

enum bc_status
bc_pin(struct bc_cache *cache, const char *key, int pinned,
       struct bc_error *err)
{
	const struct tag_change change = { .pinned = pinned != 0 };

	return tag_commit(cache, key, &change, err);
}

/* SPDX-License-Identifier: MIT */
/*
 * clear.c - forgetting a backtest.
 *
 * Links of hits that this process has gathered are written first, in the same
 * commit: they may be what keeps an entry for another backtest.
 */
#include "common.h"

#include "error.h"
#include "labelling.h"
#include "links.h"

struct clear {
	struct bci_writer writer;
	struct bci_label label; /* of the backtest; the id is the last one's */
	bool force;
	struct bc_cleared counts;
};

/* Whether the entry goes: nobody else wants it. */
static enum bc_status
clear_takes(struct clear *clear, const struct bci_entry_record *head,
            bool *takes, struct bc_error *err)
{
	struct bci_writer *writer = &clear->writer;
	enum bc_status status;

	*takes = clear->force;
	if (clear->force)
		return BC_OK;
	status = bci_label_other(writer->txn, &writer->env->tables,
	                         &clear->label);
	if (status == BC_OK || status == BC_CORRUPT)
		return BC_OK;
	if (status != BC_MISS)
		return bci_fail(err, status, "the labels of an entry");
	*takes = (head->flags & BCI_ENTRY_PINNED) == 0;
	clear->counts.pinned += !*takes;
	return BC_OK;
}

/* Unlink the entry of the label, and remove it if nobody else wants it. */
static enum bc_status
clear_entry(struct clear *clear, const char *key, size_t key_bytes,
            struct bc_error *err)
{
	struct bci_writer *writer = &clear->writer;
	struct bci_entry_record head;
	enum bc_status status;
	bool takes = false;

	status = bci_entry_head(writer, key, key_bytes, &head, err);
	if (status == BC_OK && head.id != clear->label.entry_id)
		status = BC_MISS;
	if (status == BC_OK) {
		clear->counts.unlinked++;
		status = clear_takes(clear, &head, &takes, err);
	}
	if (status != BC_OK && status != BC_MISS)
		return status;
	status = bci_label_delete(writer->txn, &writer->env->tables,
	                          &clear->label, err);
	if (status == BC_MISS)
		status = BC_OK;
	if (status != BC_OK || !takes)
		return status;
	status = bci_writer_remove(writer, key, key_bytes, err);
	clear->counts.removed += status == BC_OK;
	return status == BC_MISS ? BC_OK : status; /* It was evicted. */
}

static enum bc_status
clear_all(struct clear *clear, struct bc_error *err)
{
	const struct bci_tables *tables = &clear->writer.env->tables;
	struct bci_bytes stored;
	char key[BC_KEY_MAX + 1];
	enum bc_status status;

	while ((status = bci_labelled_next(clear->writer.txn, tables,
	                                   &clear->label, &stored, err)) ==
	       BC_OK) {
		size_t bytes = (size_t)bci_min(stored.size, BC_KEY_MAX);

		memcpy(key, stored.data, bytes);
		key[bytes] = '\0';
		status = clear_entry(clear, key, bytes, err);
		if (status != BC_OK)
			return status;
	}
	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bc_clear_backtest(struct bc_cache *cache, const char *backtest, int force,
                  struct bc_cleared *cleared, struct bc_error *err)
{
	struct clear clear = {
		.label = { .kind = BC_LABEL_BACKTEST, .text = backtest },
		.force = force != 0,
	};
	enum bc_status status;

	if (cleared != NULL)
		*cleared = (struct bc_cleared){ 0 };
	clear.label.text_bytes = strlen(backtest);
	if (!bci_label_valid(backtest, clear.label.text_bytes))
		return bci_fail(err, BC_INVALID,
		                "'%.100s' is no name of a backtest", backtest);
	if ((cache->flags & BC_OPEN_BYPASS) != 0)
		return BC_OK;
	status = bci_writer_open(cache, &clear.writer, err);
	if (status != BC_OK)
		return status;
	clear.writer.unlinks = true;
	BCI_TRY(bci_links_write(&clear.writer, SIZE_MAX, err));
	BCI_TRY(clear_all(&clear, err));
	clear.writer.counted[BCI_COUNT_REMOVALS] = clear.counts.removed;
	status = bci_writer_commit(&clear.writer, err);
	if (status == BC_OK && cleared != NULL)
		*cleared = clear.counts;
	return status;
done:
	bci_writer_abort(&clear.writer);
	return status;
}

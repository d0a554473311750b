/* SPDX-License-Identifier: MIT */
/*
 * merging.c - merging the segments of series to fewer and larger ones.
 *
 * One series a commit, so that other writers get their turn.  What a series
 * holds does not change, and neither does its revision: what was made of it
 * stays valid.
 */
#include "common.h"

#include "compact.h"
#include "error.h"
#include "list.h"
#include "splice.h"

/* Merge the segments of one series, in a transaction that was begun. */
static enum bc_status
merging_series(struct bci_compact *compact, struct bci_writer *writer,
               const char *key, size_t key_bytes, bool *changed)
{
	struct bci_splice_report done = { 0, 0 };
	struct bci_series series;
	struct bci_edit edit;
	enum bc_status status;

	*changed = false;
	status = bci_series_open(writer, key, key_bytes, &series, compact->err);
	bci_edit_open(&edit, &series);
	BCI_TRY(status);
	if (!series.exists || series.frame)
		goto done; /* It is another one meanwhile. */
	series.same = true;
	writer->keeps_all = true;
	BCI_TRY(bci_edit_split(&edit, compact->err));
	BCI_TRY(bci_splice(&edit,
	                   compact->dry ? BCI_SPLICE_DRY : BCI_SPLICE_COMPACT,
	                   &done, compact->err));
	if (done.segments >= series.segment_count)
		goto done;
	*changed = true;
	compact->report.merged++;
	compact->report.segments_before += series.segment_count;
	compact->report.segments_after += done.segments;
	compact->report.bytes_written += done.bytes;
done:
	bci_edit_close(&edit);
	bci_series_close(&series);
	return status;
}

static enum bc_status
merging_commit(struct bci_compact *compact, const char *key, size_t key_bytes)
{
	const struct bc_compact_report before = compact->report;
	struct bci_writer writer;
	enum bc_status status;
	bool changed;

	status = bci_writer_open(compact->cache, &writer, compact->err);
	if (status != BC_OK)
		return status;
	status = merging_series(compact, &writer, key, key_bytes, &changed);
	if (status == BC_OK &&
	    ((changed && !compact->dry) || writer.must_sync)) {
		status = bci_writer_commit(&writer, compact->err);
	} else {
		bci_writer_abort(&writer);
	}
	if (status == BC_OK)
		return BC_OK;
	compact->report = before;
	if (status != BC_FULL && status != BC_TOO_LARGE)
		return status;
	compact->refused = BC_FULL; /* There may be room for a smaller one. */
	return BC_OK;
}

static enum bc_status
merging_visit(void *context, const struct bci_bytes *key,
              const struct bci_bytes *record)
{
	struct bci_compact *compact = context;
	char name[BC_KEY_MAX + 1];
	struct bci_entry entry;
	enum bc_status status;

	status = bci_entry_read(key->data, key->size, record->data,
	                        record->size, &entry);
	if (status == BC_OK && bci_entry_is_ghost(&entry))
		return BC_OK;
	compact->report.entries++;
	if (status != BC_OK || entry.head.kind != BC_SERIES ||
	    entry.series.older_count + entry.series.newer_count < 2)
		return BC_OK;
	memcpy(name, key->data, key->size);
	name[key->size] = '\0';
	if (!bci_compact_goes_on(compact, "merge", compact->report.entries))
		return BC_MISS;
	return merging_commit(compact, name, key->size);
}

enum bc_status
bci_merging_run(struct bci_compact *compact, const char *prefix)
{
	struct bci_walk walk = {
		.prefix = prefix,
		.prefix_bytes = prefix == NULL ? 0 : strlen(prefix),
		.function = merging_visit,
		.context = compact,
	};

	return bci_walk(compact->cache, &walk);
}

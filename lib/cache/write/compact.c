/* SPDX-License-Identifier: MIT */
/*
 * compact.c - merging the segments of series to fewer and larger ones.
 *
 * One series a commit, so that other writers get their turn.  What a series
 * holds does not change, and neither does its revision: what was made of it
 * stays valid.
 */
#include "common.h"

#include "error.h"
#include "list.h"
#include "splice.h"

struct compact {
	struct bc_cache *cache;
	bool dry;
	struct bc_compact_report report;
	enum bc_status refused; /* why a series was left as it is, or BC_OK */
	struct bc_error *err;
};

/* Merge the segments of one series, in a transaction that was begun. */
static enum bc_status
compact_series(struct compact *compact, struct bci_writer *writer,
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
compact_commit(struct compact *compact, const char *key, size_t key_bytes)
{
	const struct bc_compact_report before = compact->report;
	struct bci_writer writer;
	struct bci_env *env;
	enum bc_status status;
	bool changed;

	status = bci_cache_env(compact->cache, &env, compact->err);
	if (status == BC_OK)
		status = bci_writer_begin_tidy(compact->cache, env,
		                               compact->cache->lock_timeout_ns,
		                               &writer, compact->err);
	if (status != BC_OK)
		return status;
	status = compact_series(compact, &writer, key, key_bytes, &changed);
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
compact_visit(void *context, const struct bci_bytes *key,
              const struct bci_bytes *record)
{
	struct compact *compact = context;
	char name[BC_KEY_MAX + 1];
	struct bci_entry entry;

	compact->report.entries++;
	if (bci_entry_parse(record->data, record->size, &entry) != BC_OK ||
	    entry.head.kind != BC_SERIES ||
	    entry.series.older_count + entry.series.newer_count < 2)
		return BC_OK;
	memcpy(name, key->data, key->size);
	name[key->size] = '\0';
	return compact_commit(compact, name, key->size);
}

static enum bc_status
compact_options(const struct bc_compact_options *options,
                struct compact *compact, struct bci_walk *walk,
                struct bc_error *err)
{
	if (options == NULL)
		return BC_OK;
	if (options->struct_size != sizeof(*options))
		return bci_fail(err, BC_INVALID,
		                "compact options were not begun with "
		                "BC_COMPACT_OPTIONS_INIT");
	if ((options->flags & ~(unsigned)BC_COMPACT_DRY_RUN) != 0)
		return bci_fail(err, BC_INVALID, "unknown compact flags %#x",
		                options->flags);
	compact->dry = (options->flags & BC_COMPACT_DRY_RUN) != 0;
	if (options->prefix != NULL) {
		walk->prefix = options->prefix;
		walk->prefix_bytes = strlen(options->prefix);
	}
	if (walk->prefix_bytes > BC_KEY_MAX)
		return bci_fail(err, BC_INVALID, "the prefix is too long");
	return BC_OK;
}

enum bc_status
bc_compact(struct bc_cache *cache, const struct bc_compact_options *options,
           struct bc_compact_report *report, struct bc_error *err)
{
	struct bc_error ignored;
	struct compact compact = {
		.cache = cache,
		.err = err != NULL ? err : &ignored,
	};
	struct bci_walk walk = {
		.function = compact_visit,
		.context = &compact,
	};
	enum bc_status status;

	if (report != NULL)
		*report = (struct bc_compact_report){ 0 };
	status = compact_options(options, &compact, &walk, err);
	if (status != BC_OK)
		return status;
	compact.err->status = BC_OK;
	status = bci_walk(cache, &walk);
	if (report != NULL)
		*report = compact.report;
	if (status == BC_OK && compact.report.merged == 0)
		return compact.refused; /* 'err' says what had no room. */
	if (status != BC_OK && compact.err->status == BC_OK)
		return bci_fail(err, status, "cannot compact: %s",
		                bc_strerror(status));
	return status;
}

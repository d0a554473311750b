/* SPDX-License-Identifier: MIT */
/*
 * import_store.c - the series of texts into the cache.
 *
 * Texts are gathered and stored many in one commit, as a commit costs as much
 * as reading a small file.  If a commit fails each text of it is tried alone,
 * so that a text that cannot be stored keeps no other: all series of a text are
 * kept or none.
 *
 * Rows are merged into the series of their key.  To replace a series, the first
 * text of its key removes it, and those behind are merged into what that left.
 */
#include "import.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "error.h"

/* A group is stored when it has so many texts, or bytes of columns. */
#define STORE_TEXTS 256
#define STORE_BYTES ((uint64_t)64 << 20)

/* ------------------------------------------------------------------------ */
/*  Keys that were replaced                                                 */
/* ------------------------------------------------------------------------ */

static int
store_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

/*
 * Whether a series is the first one of its key in this run: it takes the place
 * of what was stored, the others are added to it.
 */
static bool
store_begin(struct import *import, struct import_series *series)
{
	char *copy = tool_copy(series->key);
	char **found;

	found = tsearch(copy, &import->begun, store_order);
	if (found == NULL)
		tool_no_memory();
	series->begins = *found == copy;
	if (!series->begins)
		free(copy);
	return series->begins;
}

/* Forget what texts began that were not stored. */
static void
store_unbegin(struct import *import, struct import_text *texts, size_t count)
{
	size_t i;
	uint32_t k;

	for (i = 0; i < count; ++i)
		for (k = 0; k < texts[i].series_count; ++k) {
			struct import_series *series = &texts[i].series[k];
			char **found, *copy;

			if (!series->begins)
				continue;
			found = tfind(series->key, &import->begun, store_order);
			copy = found == NULL ? NULL : *found;
			tdelete(series->key, &import->begun, store_order);
			free(copy);
			series->begins = false;
		}
}

/* ------------------------------------------------------------------------ */
/*  Counting                                                                */
/* ------------------------------------------------------------------------ */

/* Compare a series with what it replaces; true if that is the same. */
static bool
store_compare(const struct import *import, struct import_series *series)
{
	struct bci_table_change change = { .inserted = series->table.rows };
	struct bc_cache *cache = import->tool->cache;
	struct bc_view view;

	if (cache != NULL && bc_get(cache, series->key, &view) == BC_OK) {
		if (view.kind == BC_FRAME || view.kind == BC_SERIES)
			bci_table_compare(&series->table, &view, &change);
		bc_view_release(&view);
	}
	series->counts.inserted = change.inserted;
	series->counts.updated = change.updated;
	series->counts.identical = change.identical;
	return change.same_shape && change.inserted == 0 &&
	       change.updated == 0 && change.gone == 0;
}

/* Count the suspect bars of a series. */
static void
store_suspect(struct import_series *series)
{
	const struct bci_table *table = &series->table;
	struct bc_column *columns = import_table_columns(table);
	struct bci_bar_columns bars;
	uint64_t row;

	bci_bar_columns(columns, table->column_count, &bars);
	series->counts.suspect = bci_bar_count_bad(&bars, table->rows, &row);
	free(columns);
}

/* What became of the rows of a series, with those that were never handed on. */
static void
store_count(struct import_series *series)
{
	struct bc_counts *counts = &series->counts;

	if (!series->begins)
		*counts = series->merged;
	store_suspect(series);
	counts->identical += series->order.identical;
	counts->conflicting += series->order.conflicting;
	counts->rejected += series->incomplete;
}

/* The sums over all series; what is no row of any series was rejected. */
static void
store_sum(struct import_text *text)
{
	struct bc_counts *sum = &text->counts;
	uint32_t i;

	sum->rejected = text->report.unreadable + text->report.missing;
	for (i = 0; i < text->series_count; ++i) {
		const struct bc_counts *counts = &text->series[i].counts;

		store_count(&text->series[i]);
		sum->inserted += counts->inserted;
		sum->updated += counts->updated;
		sum->identical += counts->identical;
		sum->conflicting += counts->conflicting;
		sum->suspect += counts->suspect;
		sum->rejected += counts->rejected;
		text->incomplete += text->series[i].incomplete;
	}
}

/* ------------------------------------------------------------------------ */
/*  Storing                                                                 */
/* ------------------------------------------------------------------------ */

struct bc_column *
import_table_columns(const struct bci_table *table)
{
	struct bc_column *columns =
		tool_alloc(table->column_count, sizeof(*columns));
	uint32_t i;

	for (i = 0; i < table->column_count; ++i) {
		const struct bci_table_column *column = &table->columns[i];

		columns[i] = (struct bc_column){
			.name = column->name,
			.type = column->type,
			.data = column->data,
			.dictionary = column->dictionary,
			.dictionary_count = column->dictionary_count,
		};
	}
	return columns;
}

/* Add a series to a batch; it is not without rows. */
static enum bc_status
store_series(struct import *import, struct import_series *series,
             struct bc_batch *batch, struct bc_error *err)
{
	const struct import_settings *settings = &import->settings;
	const struct bci_table *table = &series->table;
	struct bc_append_options options = settings->append;
	struct bc_put_options put = settings->put;
	struct bc_column *columns = import_table_columns(table);
	struct bc_frame frame = { .rows = table->rows,
		                  .time_ns = table->time_ns,
		                  .columns = columns,
		                  .column_count = table->column_count };
	bool expires = settings->put.ttl_ns != 0;
	enum bc_status status = BC_OK;

	options.flags |= series->open ? BC_APPEND_OPEN : 0;
	if (import->lets_go) {
		options.flags |= BC_APPEND_BEST_EFFORT;
		put.flags |= BC_PUT_BEST_EFFORT;
	}
	options.from_ns = series->from_ns;
	options.to_ns = series->to_ns;
	if ((settings->replace || expires) && store_begin(import, series) &&
	    !store_compare(import, series) && !expires)
		BCI_TRY(bc_batch_remove(batch, series->key, err));
	if (expires && series->begins)
		BCI_TRY(bc_batch_put(batch, series->key, &frame, &put, NULL,
		                     err));
	else
		BCI_TRY(bc_batch_append(batch, series->key, &frame, &options,
		                        &series->merged, err));
done:
	free(columns);
	return status;
}

/* More than the warm tier holds goes to the cold one, unless it was said. */
static void
store_place(struct import *import)
{
	struct import_settings *settings = &import->settings;
	struct bc_config config;

	if (settings->append.placement != BC_PLACE_AUTO ||
	    bc_config_get(import->tool->cache, &config, NULL) != BC_OK ||
	    import->report.total_bytes <= config.warm_bytes)
		return;
	settings->append.placement = BC_PLACE_COLD;
	settings->put.placement = BC_PLACE_COLD;
}

/* Store the good ones of 'count' texts in one commit. */
static enum bc_status
store_commit(struct import *import, struct import_text *texts, size_t count,
             struct bc_error *err)
{
	struct bc_batch *batch = NULL;
	enum bc_status status;
	size_t i;
	uint32_t k;

	store_place(import);
	BCI_TRY(bc_batch_begin(import->tool->cache, &batch, err));
	for (i = 0; i < count; ++i)
		for (k = 0; texts[i].error.status == BC_OK &&
		            k < texts[i].series_count;
		     ++k)
			if (texts[i].series[k].table.rows != 0)
				BCI_TRY(store_series(import,
				                     &texts[i].series[k], batch,
				                     err));
	BCI_TRY(bc_batch_commit(&batch, err));
done:
	bc_batch_abort(batch);
	if (status != BC_OK)
		store_unbegin(import, texts, count);
	return status;
}

/* Whether a failure to store one text says nothing about the next. */
static bool
store_may_go_on(enum bc_status status)
{
	return status == BC_OK || status == BC_EXISTS ||
	       status == BC_TOO_LARGE || status == BC_INVALID ||
	       status == BC_KEY || status == BC_CORRUPT;
}

/* Nothing of a text was stored, which is no failure; its error says why. */
static void
store_let_go(struct import *import, struct import_text *text)
{
	uint32_t k;

	store_unbegin(import, text, 1);
	text->let_go = true;
	text->error.status = BC_OK;
	for (k = 0; k < text->series_count; ++k)
		text->series[k].counts = text->series[k].merged =
			(struct bc_counts){ 0 };
}

/* Store each text alone, up to one after which nothing can be stored. */
static void
store_singly(struct import *import)
{
	enum bc_status status;
	size_t i;

	import->lets_go = import->settings.best_effort;
	for (i = 0; i < import->group_count; ++i) {
		struct import_text *text = &import->group[i];

		if (text->error.status != BC_OK)
			continue;
		if (import->stopped) {
			bci_fail(&text->error, BC_FULL,
			         "not stored: the cache takes no more");
			continue;
		}
		status = store_commit(import, text, 1, &text->error);
		if (import->lets_go && bci_status_is_let_go(text->error.status))
			store_let_go(import, text);
		else
			import->stopped = !store_may_go_on(status);
	}
	import->lets_go = false;
}

/* Find out what storing a text would do. */
static void
store_preview(struct import *import, struct import_text *text)
{
	const struct import_settings *settings = &import->settings;
	uint32_t i;

	for (i = 0; i < text->series_count && text->error.status == BC_OK;
	     ++i) {
		struct import_series *series = &text->series[i];

		if ((settings->replace || settings->put.ttl_ns != 0) &&
		    store_begin(import, series))
			(void)store_compare(import, series);
		else
			import_preview(import, series, &text->error);
	}
}

void
import_store_flush(struct import *import)
{
	struct bc_error err;
	size_t i;

	if (!import->settings.dry && import->group_count != 0 &&
	    store_commit(import, import->group, import->group_count, &err) !=
	            BC_OK)
		store_singly(import);
	for (i = 0; i < import->group_count; ++i) {
		struct import_text *text = &import->group[i];

		if (import->settings.dry)
			store_preview(import, text);
		if (text->error.status == BC_OK)
			store_sum(text);
		import_report_text(&import->report, text);
		import_text_free(text);
	}
	free(import->group);
	import->group = NULL;
	import->group_count = 0;
	import->group_bytes = 0;
}

/* ------------------------------------------------------------------------ */
/*  Gathering                                                               */
/* ------------------------------------------------------------------------ */

void
import_store_add(struct import *import, const struct import_text *text)
{
	uint32_t i;

	import->group = tool_grow(import->group, import->group_count,
	                          sizeof(*import->group));
	import->group[import->group_count++] = *text;
	for (i = 0; i < text->series_count; ++i)
		import->group_bytes +=
			text->series[i].table.rows *
			(text->series[i].table.column_count + 1) *
			sizeof(double);
	if (import->group_count == STORE_TEXTS ||
	    import->group_bytes >= STORE_BYTES)
		import_store_flush(import);
}

void
import_store_end(struct import *import)
{
	tdestroy(import->begun, free);
	import->begun = NULL;
}

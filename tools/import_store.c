/* SPDX-License-Identifier: MIT */
/*
 * import_store.c - the series of texts into the cache.
 *
 * Texts are gathered and stored many in one commit, as a commit costs as much
 * as reading a small file.  If a commit fails each text of it is tried alone,
 * so that a text that cannot be stored keeps no other: all series of a text are
 * kept or none.
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
/*  Keys of this run                                                        */
/* ------------------------------------------------------------------------ */

static int
store_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Note the keys of a text; false if another text, or series, has one. */
static bool
store_claim(struct import *import, struct import_text *text)
{
	uint32_t i;

	for (i = 0; i < text->series_count; ++i) {
		char *key = text->series[i].key;
		char *copy = strdup(key);
		char **found;

		found = copy == NULL
		                ? NULL
		                : tsearch(copy, &import->keys, store_order);
		if (found != NULL && *found == copy)
			continue;
		free(copy);
		bci_fail(&text->error, BC_EXISTS,
		         "another file of this run is %s already", key);
		return false;
	}
	return true;
}

/* Forget the keys of a text that was not stored. */
static void
store_disclaim(struct import *import, const struct import_text *text)
{
	uint32_t i;

	for (i = 0; i < text->series_count; ++i) {
		char **found =
			tfind(text->series[i].key, &import->keys, store_order);
		char *copy = found == NULL ? NULL : *found;

		tdelete(text->series[i].key, &import->keys, store_order);
		free(copy);
	}
}

/* ------------------------------------------------------------------------ */
/*  What is stored already                                                  */
/* ------------------------------------------------------------------------ */

/* Compare a series with what is stored under its key, and count its rows. */
static enum bc_status
store_compare(const struct import *import, struct import_series *series,
              struct bc_error *err)
{
	struct bci_table_change change = { .inserted = series->table.rows };
	struct bc_cache *cache = import->tool->cache;
	struct bc_view view;

	if (cache != NULL && bc_exists(cache, series->key, NULL) == BC_OK) {
		if (!import->settings.replace)
			return bci_fail(err, BC_EXISTS,
			                "%s exists: --replace replaces it",
			                series->key);
		if (bc_get(cache, series->key, &view) == BC_OK) {
			if (view.kind == BC_FRAME)
				bci_table_compare(&series->table, &view,
				                  &change);
			bc_view_release(&view);
		}
	}
	series->same = change.same_shape && change.inserted == 0 &&
	               change.updated == 0 && change.gone == 0;
	series->counts = (struct bc_counts){
		.inserted = change.inserted,
		.updated = change.updated,
		.identical = change.identical + series->order.identical,
		.conflicting = series->order.conflicting,
		.rejected = series->incomplete,
	};
	return BC_OK;
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
/*  Putting                                                                 */
/* ------------------------------------------------------------------------ */

/* The columns of a table as a put takes them; the caller frees them. */
static struct bc_column *
store_columns(const struct bci_table *table)
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

/* Count the suspect bars of a series. */
static void
store_suspect(struct import_series *series)
{
	const struct bci_table *table = &series->table;
	struct bc_column *columns = store_columns(table);
	struct bci_bar_columns bars;
	uint64_t row;

	bci_bar_columns(columns, table->column_count, &bars);
	series->counts.suspect = bci_bar_count_bad(&bars, table->rows, &row);
	free(columns);
}

/* Add what is new of a text to a batch. */
static enum bc_status
store_put(const struct import *import, const struct import_text *text,
          struct bc_batch *batch, struct bc_error *err)
{
	enum bc_status status = BC_OK;
	uint32_t i;

	for (i = 0; i < text->series_count && status == BC_OK; ++i) {
		const struct import_series *series = &text->series[i];
		const struct bci_table *table = &series->table;
		struct bc_column *columns;

		if (series->same || table->rows == 0)
			continue;
		columns = store_columns(table);
		status = bc_batch_put(
			batch, series->key,
			&(struct bc_frame){ .rows = table->rows,
		                            .time_ns = table->time_ns,
		                            .columns = columns,
		                            .column_count =
		                                    table->column_count },
			&import->settings.put, NULL, err);
		free(columns);
	}
	return status;
}

/* Store the good ones of 'count' texts in one commit. */
static enum bc_status
store_commit(const struct import *import, const struct import_text *texts,
             size_t count, struct bc_error *err)
{
	struct bc_batch *batch = NULL;
	enum bc_status status;
	size_t i;

	BCI_TRY(bc_batch_begin(import->tool->cache, &batch, err));
	for (i = 0; i < count; ++i)
		if (texts[i].error.status == BC_OK)
			BCI_TRY(store_put(import, &texts[i], batch, err));
	BCI_TRY(bc_batch_commit(&batch, err));
done:
	bc_batch_abort(batch);
	return status;
}

/* Whether a failure to store one text says nothing about the next. */
static bool
store_may_go_on(enum bc_status status)
{
	return status == BC_OK || status == BC_EXISTS ||
	       status == BC_TOO_LARGE || status == BC_INVALID ||
	       status == BC_KEY;
}

/* Store each text alone, up to one after which nothing can be stored. */
static void
store_singly(struct import *import)
{
	size_t i;

	for (i = 0; i < import->group_count; ++i) {
		struct import_text *text = &import->group[i];

		if (text->error.status != BC_OK)
			continue;
		if (import->stopped)
			bci_fail(&text->error, BC_FULL,
			         "not stored: the cache takes no more");
		else
			import->stopped = !store_may_go_on(
				store_commit(import, text, 1, &text->error));
		if (text->error.status != BC_OK)
			store_disclaim(import, text);
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
		import_report_text(&import->report, &import->group[i]);
		import_text_free(&import->group[i]);
	}
	free(import->group);
	import->group = NULL;
	import->group_count = 0;
	import->group_bytes = 0;
}

/* ------------------------------------------------------------------------ */
/*  Gathering                                                               */
/* ------------------------------------------------------------------------ */

/* Check the series of a text against the run and the cache. */
static void
store_check(struct import *import, struct import_text *text)
{
	uint32_t i;

	if (text->error.status != BC_OK || !store_claim(import, text))
		return;
	for (i = 0; i < text->series_count; ++i) {
		struct import_series *series = &text->series[i];

		if (store_compare(import, series, &text->error) != BC_OK) {
			store_disclaim(import, text);
			return;
		}
		store_suspect(series);
		import->group_bytes += series->table.rows *
		                       (series->table.column_count + 1) *
		                       sizeof(double);
	}
	store_sum(text);
}

void
import_store_add(struct import *import, const struct import_text *text)
{
	struct import_text *added;

	import->group = tool_grow(import->group, import->group_count,
	                          sizeof(*import->group));
	added = &import->group[import->group_count++];
	*added = *text;
	store_check(import, added);
	if (import->group_count == STORE_TEXTS ||
	    import->group_bytes >= STORE_BYTES)
		import_store_flush(import);
}

void
import_store_end(struct import *import)
{
	tdestroy(import->keys, free);
	import->keys = NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * import_preview.c - what storing would do, for a dry run: the plan of the
 * merge that the library would carry out, made here from a read of what is
 * stored.
 */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "error.h"
#include "merge.h"
#include "recode.h"

/* The strings of a text column that is stored. */
static struct bci_text *
preview_stored(const struct bc_view *view, uint32_t index)
{
	uint32_t i, count = bc_view_text_count(view, index);
	struct bci_text *texts = tool_alloc(count, sizeof(*texts));

	for (i = 0; i < count; ++i) {
		texts[i].text = bc_view_text(view, index, i, &texts[i].bytes);
		if (texts[i].text == NULL)
			texts[i] = (struct bci_text){ "", 0 };
	}
	return texts;
}

/* The codes of a column's strings where it is stored; the caller frees them. */
static enum bc_status
preview_recode(const struct bc_view *view, uint32_t index,
               const struct bci_table_column *column, uint32_t **recode,
               struct bc_error *err)
{
	uint32_t i, added_count, count = column->dictionary_count;
	struct bci_text *stored = preview_stored(view, index);
	struct bci_text *fresh = tool_alloc(count, sizeof(*fresh));
	uint32_t *added = tool_alloc(count, sizeof(*added));
	enum bc_status status;

	*recode = tool_alloc(count, sizeof(**recode));
	for (i = 0; i < count; ++i)
		fresh[i] = (struct bci_text){ column->dictionary[i],
			                      strlen(column->dictionary[i]) };
	status = bci_recode(&bci_allocator_default, stored,
	                    bc_view_text_count(view, index), fresh, count,
	                    *recode, added, &added_count, err);
	free(added);
	free(fresh);
	free(stored);
	return status;
}

/* Pair the columns of a table with those that are stored. */
static enum bc_status
preview_columns(const struct import_series *series, const struct bc_view *view,
                struct bci_merge_column *columns, uint32_t *volume,
                struct bc_error *err)
{
	const struct bci_table *table = &series->table;
	enum bc_status status = BC_OK;
	uint32_t i;

	if (view->schema->column_count != table->column_count + 1)
		return bci_fail(err, BC_INVALID, "%s has other columns",
		                series->key);
	for (i = 0; i < table->column_count; ++i) {
		const struct bci_table_column *column = &table->columns[i];
		int found = bc_schema_find(view->schema, column->name);

		if (found < 0 ||
		    view->schema->columns[found].type != column->type)
			return bci_fail(err, BC_INVALID, "%s has other columns",
			                series->key);
		columns[i].type = column->type;
		columns[i].old_data = bc_view_column(view, (uint32_t)found);
		columns[i].new_data = column->data;
		if (strcmp(column->name, "volume") == 0)
			*volume = i;
		if (column->type == BC_TEXT)
			BCI_TRY(preview_recode(view, (uint32_t)found, column,
			                       (uint32_t **)&columns[i].recode,
			                       err));
	}
done:
	return status;
}

/* Plan the merge of a series with the stored rows of a view. */
static enum bc_status
preview_merge(const struct import *import, struct import_series *series,
              const struct bc_view *view, struct bc_error *err)
{
	const struct bci_table *table = &series->table;
	struct bci_merge_column *columns =
		tool_alloc(table->column_count, sizeof(*columns));
	struct bci_merge_input input = {
		.old_ns = bc_view_time(view),
		.new_ns = table->time_ns,
		.old_rows = view->rows,
		.new_rows = table->rows,
		.old_closed = view->rows - view->open_rows,
		.new_closed = table->rows - series->open,
		.columns = columns,
		.column_count = table->column_count,
		.volume = table->column_count,
		.policy = import->settings.append.merge,
	};
	struct bci_merge merge = { 0 };
	enum bc_status status;
	uint32_t i;

	BCI_TRY(preview_columns(series, view, columns, &input.volume, err));
	if (input.policy == BC_MERGE_VOLUME &&
	    input.volume == table->column_count)
		input.policy = BC_MERGE_LAST;
	status = bci_merge_plan(&input, &bci_allocator_default, &merge, err);
	series->merged = merge.counts;
	bci_merge_free(&merge);
done:
	for (i = 0; i < table->column_count; ++i)
		free((uint32_t *)columns[i].recode);
	free(columns);
	return status;
}

enum bc_status
import_preview(const struct import *import, struct import_series *series,
               struct bc_error *err)
{
	struct bc_cache *cache = import->tool->cache;
	const struct bci_table *table = &series->table;
	enum bc_status status;
	struct bc_view view;

	series->merged = (struct bc_counts){ .inserted = table->rows };
	if (cache == NULL || table->rows == 0)
		return BC_OK;
	status = bc_read(cache, series->key, table->time_ns[0], INT64_MAX, NULL,
	                 BC_READ_PARTIAL | BC_READ_OPEN, &view);
	if (status == BC_MISS)
		return BC_OK;
	if (status != BC_OK)
		return bci_fail(err, status, "%s %s", series->key,
		                status == BC_INVALID
		                        ? "is no series and no frame"
		                        : "cannot be read");
	if (view.schema != NULL && view.rows != 0)
		status = preview_merge(import, series, &view, err);
	bc_view_release(&view);
	return status;
}

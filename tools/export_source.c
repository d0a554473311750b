/* SPDX-License-Identifier: MIT */
/*
 * export_source.c - the rows of an entry that are exported, block by block.
 *
 * Names and types of the columns are known before the first row, since a range
 * without rows has a header too.  Each block brings its own dictionaries: one
 * that comes later may have more words.
 */
#include "export_source.h"

#include <stdlib.h>
#include <string.h>

/* Rows of a block; for each one the dictionaries are looked through anew. */
#define EXPORT_BLOCK_ROWS (1u << 18)

/* A time column alone: what is known of a series that never had a row. */
static const struct bc_schema_column export_time = { .name = BC_TIME,
	                                             .type = BC_I64,
	                                             .bytes = sizeof(int64_t) };
static const struct bc_schema export_no_rows = { .column_count = 1,
	                                         .has_time = 1,
	                                         .row_bytes = sizeof(int64_t),
	                                         .columns = &export_time };

/* Take the columns, and their names for the library. */
static void
export_source_begin_columns(struct export_source *source)
{
	const struct frame *part = &source->part;
	size_t count = part->column_count;
	uint32_t i;

	source->columns = tool_alloc(count, sizeof(*source->columns));
	source->names = tool_alloc(count, sizeof(*source->names));
	for (i = 1; i < count; ++i) {
		const struct bc_schema_column *column =
			&source->header.schema->columns[part->columns[i]];

		source->columns[i - 1].name = column->name;
		source->columns[i - 1].type = column->type;
		source->names[i - 1] = column->name;
	}
	source->rows.columns = source->columns;
	source->rows.column_count = part->column_count - 1;
}

static void
export_source_free_words(struct bci_shape_column *column)
{
	free((void *)(uintptr_t)column->dictionary);
	column->dictionary = NULL;
	column->dictionary_count = 0;
}

/* The dictionary of a text column. */
static void
export_source_words(struct bci_shape_column *column, const struct bc_view *view,
                    uint32_t index)
{
	uint32_t count = bc_view_text_count(view, index), code;
	struct bci_field *words;

	export_source_free_words(column);
	if (count == 0)
		return;
	words = tool_alloc(count, sizeof(*words));
	for (code = 0; code < count; ++code)
		words[code].text =
			bc_view_text(view, index, code, &words[code].bytes);
	column->dictionary = words;
	column->dictionary_count = count;
}

/*
 * Point the columns to where they lie in a block.  False if they are others
 * than the entry had a moment ago.
 */
static bool
export_source_point(struct export_source *source, const struct bc_view *view)
{
	uint32_t i;

	for (i = 0; i < source->rows.column_count; ++i) {
		struct bci_shape_column *column = &source->columns[i];
		int index = bc_schema_find(view->schema, column->name);

		if (index < 0 ||
		    view->schema->columns[index].type != column->type)
			return false;
		column->data = bc_view_column(view, (uint32_t)index);
		export_source_words(column, view, (uint32_t)index);
	}
	return true;
}

enum tool_exit
export_source_next(struct export_source *source)
{
	const char *key = source->info->key;
	enum bc_status status;
	struct bc_view view;

	status = bc_stream_next(source->stream, &view);
	if (status != BC_OK) {
		tool_say("cannot read %s: %s", key,
		         status == BC_MISS ? "stored bytes are damaged"
		                           : bc_strerror(status));
		return status == BC_MISS ? TOOL_MISS : TOOL_CANNOT;
	}
	source->rows.first = 0;
	source->rows.rows = view.rows;
	source->rows.more = view.rows != 0;
	source->total += view.rows;
	if (view.rows == 0)
		return TOOL_DONE;
	source->rows.time_ns = bc_view_time(&view);
	if (!export_source_point(source, &view)) {
		tool_say("%s was replaced while it was read", key);
		return TOOL_CANNOT;
	}
	return TOOL_DONE;
}

enum tool_exit
export_source_open(struct export_source *source, const struct tool *tool,
                   const struct bc_info *info, const char *columns,
                   const struct bci_range *range, unsigned flags,
                   enum bc_miss *miss)
{
	enum bc_status status;
	struct bc_error err;

	*source = (struct export_source){ .info = info };
	*miss = BC_MISS_NONE;
	source->rows.key = info->key;
	source->header.schema =
		info->schema != NULL ? info->schema : &export_no_rows;
	/* Which columns a series without rows will have is not known. */
	if (info->schema == NULL)
		columns = NULL;
	frame_init(&source->part, &source->header);
	if (columns != NULL && !frame_select(&source->part, columns))
		return TOOL_USAGE;
	export_source_begin_columns(source);
	status = bc_stream_open(tool->cache, info->key, range->from_ns,
	                        range->to_ns,
	                        columns != NULL ? source->names : NULL, flags,
	                        EXPORT_BLOCK_ROWS, &source->stream, miss, &err);
	if (status == BC_MISS)
		return TOOL_MISS;
	if (status != BC_OK)
		return tool_fail(&err);
	return export_source_next(source);
}

void
export_source_close(struct export_source *source)
{
	uint32_t i;

	bc_stream_close(source->stream);
	for (i = 0; i < source->rows.column_count; ++i)
		export_source_free_words(&source->columns[i]);
	free(source->columns);
	free(source->names);
	frame_free(&source->part);
	*source = (struct export_source){ 0 };
}

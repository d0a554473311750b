/* SPDX-License-Identifier: MIT */
/*
 * view.c - columns and text of a view, and letting go of it.
 */
#include "common.h"

#include "hit.h"
#include "schema.h"
#include "segment.h"

const void *
bc_view_column(const struct bc_view *view, uint32_t index)
{
	const struct bc_schema_column *column;

	if (BCI_UNLIKELY(view->schema == NULL ||
	                 index >= view->schema->column_count))
		return NULL;
	column = &view->schema->columns[index];
	return (const unsigned char *)view->data +
	       bci_layout_offset(column->wide, column->medium, column->narrow,
	                         view->layout_rows) +
	       view->first_row * column->bytes;
}

const void *
bc_view_find(const struct bc_view *view, const char *name, enum bc_type type)
{
	int index = bc_schema_find(view->schema, name);

	if (index < 0 || view->schema->columns[index].type != type)
		return NULL;
	return bc_view_column(view, (uint32_t)index);
}

const int64_t *
bc_view_time(const struct bc_view *view)
{
	if (view->schema == NULL || !view->schema->has_time)
		return NULL;
	return bc_view_column(view, 0);
}

const double *
bc_view_f64(const struct bc_view *view, const char *name)
{
	return bc_view_find(view, name, BC_F64);
}

/* Find dictionary 'index' of a view; see bci_segment_text(). */
static const char *
view_text(const struct bc_view *view, uint32_t index, uint32_t code,
          size_t *bytes, uint32_t *count)
{
	uint64_t columns_bytes;

	*bytes = 0;
	*count = 0;
	if (view->schema == NULL || index >= view->schema->column_count ||
	    view->schema->columns[index].type != BC_TEXT)
		return NULL;
	columns_bytes = bci_layout_bytes(view->schema, view->layout_rows);
	if (columns_bytes > view->body_bytes)
		return NULL;
	return bci_segment_text(
		(const unsigned char *)view->data + columns_bytes,
		view->body_bytes - columns_bytes,
		view->schema->columns[index].texts, code, bytes, count);
}

const char *
bc_view_text(const struct bc_view *view, uint32_t index, uint32_t code,
             size_t *bytes)
{
	uint32_t count;
	size_t ignored;

	return view_text(view, index, code, bytes != NULL ? bytes : &ignored,
	                 &count);
}

uint32_t
bc_view_text_count(const struct bc_view *view, uint32_t index)
{
	uint32_t count;
	size_t bytes;

	(void)view_text(view, index, 0, &bytes, &count);
	return count;
}

void
bc_view_release(struct bc_view *view)
{
	if (view == NULL)
		return;
	if (view->pin != NULL) {
		if (BCI_LIKELY(view->pin_count != NULL))
			bci_map_unpin(view->pin, view->pin_count);
		else
			bci_chunk_give(view->pin, NULL);
	}
	*view = (struct bc_view){ .data = NULL };
}

/* SPDX-License-Identifier: MIT */
/*
 * select.c - a part of a view as another view: rows one behind the other, or
 * those of one symbol.
 *
 * Both keep what the view keeps: the map, the copy or the stitch has one more
 * user, so either may be released first.
 */
#include "common.h"

#include "environment.h"

/* ---- slices ------------------------------------------------------------ */

/*
 * One more user of what a view keeps.  The pins of a map are taken by whoever
 * has the lane; without one a pin less is dropped, which comes to the same.
 */
static void
select_share(const struct bc_view *view)
{
	if (view->pin == NULL)
		return;
	if (view->pin_count != NULL)
		atomic_fetch_sub((atomic_long *)view->pin_count, 1);
	else
		bci_chunk_share(view->pin);
}

/* Bytes of rows [first, first + count) of a view that were copied. */
static uint64_t
select_copied(const struct bc_view *view, uint64_t first, uint64_t count)
{
	const uint64_t bytes = count * view->schema->row_bytes;

	if (view->copied_bytes == 0 || view->copied_bytes == view->bytes)
		return view->copied_bytes == 0 ? 0 : bytes;
	first += view->first_row;
	return bci_stitch_copied_of(view->pin, first, first + count);
}

enum bc_status
bc_view_slice(const struct bc_view *view, uint64_t first, uint64_t count,
              struct bc_view *out)
{
	const bool last = count != 0 && first + count == view->rows;
	const int64_t *times;
	struct bc_view slice = *view;

	if (view->schema == NULL || first > view->rows ||
	    count > view->rows - first) {
		*out = (struct bc_view){ .miss = BC_MISS_NONE };
		return BC_INVALID;
	}
	slice.rows = count;
	slice.first_row += first;
	slice.bytes = count * view->schema->row_bytes;
	slice.copied_bytes = select_copied(view, first, count);
	slice.open_rows = last ? view->open_rows : 0;
	slice.first_ns = slice.last_ns = 0;
	times = count != 0 ? bc_view_time(&slice) : NULL;
	if (times != NULL) {
		slice.first_ns = times[0];
		slice.last_ns = times[count - 1];
	}
	select_share(view);
	*out = slice;
	return BC_OK;
}

/* ---- rows of one text -------------------------------------------------- */

/* What rows are looked for. */
struct select_text {
	const struct bc_view *view;
	const uint32_t *codes;
	const char *text;
	size_t bytes;
	uint32_t column, code; /* the first code that stands for the text */
	bool doubled;          /* others do, too */
};

static bool
select_is_text(const struct select_text *wanted, uint32_t code)
{
	size_t bytes;
	const char *text =
		bc_view_text(wanted->view, wanted->column, code, &bytes);

	return text != NULL && bytes == wanted->bytes &&
	       memcmp(text, wanted->text, bytes) == 0;
}

/* Find the code of the text; false if the dictionary has it not. */
static bool
select_find_code(struct select_text *wanted)
{
	uint32_t count = bc_view_text_count(wanted->view, wanted->column);
	bool found = false;

	wanted->doubled = false;
	for (uint32_t i = 0; i < count; i++) {
		if (!select_is_text(wanted, i))
			continue;
		if (!found)
			wanted->code = i;
		wanted->doubled |= found;
		found = true;
	}
	return found;
}

static bool
select_has(const struct select_text *wanted, uint64_t row)
{
	uint32_t code = wanted->codes[row];

	return code == wanted->code ||
	       (wanted->doubled && select_is_text(wanted, code));
}

/* The environment that a view keeps. */
static struct bci_env *
select_env(const struct bc_view *view)
{
	const struct bci_map *map = view->pin;

	if (view->pin_count == NULL)
		return ((const struct bci_chunk *)view->pin)->env;
	return (struct bci_env *)(void *)((char *)map->maps -
	                                  offsetof(struct bci_env, maps));
}

/* Copy the elements of the rows, of one column. */
static void
select_copy_column(const struct select_text *wanted, uint32_t index,
                   uint64_t first, uint64_t end, unsigned char *to)
{
	const unsigned char *from = bc_view_column(wanted->view, index);
	const size_t bytes = wanted->view->schema->columns[index].bytes;

	for (uint64_t row = first; row < end; row++) {
		if (!select_has(wanted, row))
			continue;
		memcpy(to, from + row * bytes, bytes);
		to += bytes;
	}
}

/* The rows of [first, end) that match, 'count' of them, copied. */
static enum bc_status
select_copy(const struct select_text *wanted, uint64_t first, uint64_t end,
            uint64_t count, struct bc_view *out)
{
	const struct bc_view *view = wanted->view;
	const uint64_t before =
		bci_layout_bytes(view->schema, view->layout_rows);
	const uint64_t columns = bci_layout_bytes(view->schema, count);
	const uint64_t words = view->body_bytes - before;
	struct bci_chunk *chunk;
	const int64_t *times;

	chunk = bci_chunk_make(select_env(view), columns + words);
	if (chunk == NULL)
		return BC_NOMEM;
	*out = *view;
	out->data = bci_chunk_data(chunk);
	out->rows = out->layout_rows = count;
	out->first_row = 0;
	out->bytes = out->copied_bytes = count * view->schema->row_bytes;
	out->body_bytes = columns + words;
	out->open_rows = end == view->rows ? view->open_rows : 0;
	out->pin = chunk;
	out->pin_count = NULL;
	for (uint32_t i = 0; i < view->schema->column_count; i++)
		select_copy_column(
			wanted, i, first, end,
			(unsigned char *)(uintptr_t)bc_view_column(out, i));
	memcpy(bci_chunk_data(chunk) + columns,
	       (const unsigned char *)view->data + before, words);
	times = bc_view_time(out);
	if (times != NULL) {
		out->first_ns = times[0];
		out->last_ns = times[count - 1];
	}
	return BC_OK;
}

enum bc_status
bc_view_select(const struct bc_view *view, const char *column, const char *text,
               struct bc_view *out)
{
	int index = bc_schema_find(view->schema, column);
	struct select_text wanted = { .view = view, .text = text };
	uint64_t first = 0, end = 0, count = 0;
	struct bc_view selected = { .miss = BC_MISS_NONE };
	enum bc_status status;

	*out = (struct bc_view){ .miss = BC_MISS_NONE };
	if (index < 0 || text == NULL ||
	    view->schema->columns[index].type != BC_TEXT)
		return BC_INVALID;
	wanted.column = (uint32_t)index;
	wanted.bytes = strlen(text);
	wanted.codes = bc_view_column(view, wanted.column);
	if (view->rows == 0 || !select_find_code(&wanted))
		return bc_view_slice(view, 0, 0, out);
	for (uint64_t row = 0; row < view->rows; row++) {
		if (!select_has(&wanted, row))
			continue;
		if (count++ == 0)
			first = row;
		end = row + 1;
	}
	if (count == end - first)
		return bc_view_slice(view, first, count, out);
	status = select_copy(&wanted, first, end, count, &selected);
	if (status == BC_OK)
		*out = selected;
	return status;
}

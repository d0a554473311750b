/* SPDX-License-Identifier: MIT */
/*
 * collection.c - where the rows of an edited series lie: a list of runs in old
 * segments, in the caller's columns and in the tail.
 */
#include "common.h"

#include "alloc.h"
#include "check.h"
#include "collection.h"
#include "error.h"

#define COLLECTION_ROOM 16 /* parts, at first */

static const struct bc_allocator *
collection_allocator(const struct bci_collection *collection)
{
	return &collection->edit->series->writer->env->allocator;
}

void
bci_collection_free(struct bci_collection *collection)
{
	bci_free(collection_allocator(collection), collection->parts);
	*collection = (struct bci_collection){ .edit = collection->edit };
}

static enum bc_status
collection_add(struct bci_collection *collection, const void *const *columns,
               uint64_t first, uint64_t rows, struct bc_error *err)
{
	if (collection->count == collection->room) {
		size_t room = collection->room > 0 ? 2 * collection->room
		                                   : COLLECTION_ROOM;
		void *grown = bci_regrow(collection_allocator(collection),
		                         collection->parts, collection->count,
		                         room, sizeof(*collection->parts));

		if (grown == NULL)
			return bci_fail(err, BC_NOMEM, "no memory to change %s",
			                collection->edit->series->key);
		collection->parts = grown;
		collection->room = room;
	}
	collection->parts[collection->count++] =
		(struct bci_part){ columns, first, rows };
	return BC_OK;
}

/* Add rows [from, end) of a piece's result. */
static enum bc_status
collection_add_piece(struct bci_collection *collection,
                     const struct bci_piece *piece, uint64_t from, uint64_t end,
                     struct bc_error *err)
{
	const struct bci_edit *edit = collection->edit;
	const struct bci_merge_run whole = { BCI_MERGE_OLD, 0,
		                             piece->old_rows };
	const struct bci_merge_run *runs =
		piece->planned ? piece->merge.runs : &whole;
	size_t count = piece->planned ? piece->merge.run_count : 1;
	enum bc_status status = BC_OK;
	uint64_t at = 0;

	if (piece->segment != NULL)
		status = bci_series_map(edit->series, piece->segment, err);
	for (size_t i = 0; status == BC_OK && i < count && at < end; i++) {
		bool fresh = runs[i].source == BCI_MERGE_NEW;
		uint64_t stop = bci_min(runs[i].count, end - at);
		uint64_t skip = from > at ? bci_min(from - at, stop) : 0;

		at += runs[i].count;
		if (skip == stop)
			continue;
		status = collection_add(
			collection,
			fresh ? edit->fresh : bci_piece_columns(edit, piece),
			runs[i].first + skip + (fresh ? piece->fresh_first : 0),
			stop - skip, err);
	}
	return status;
}

enum bc_status
bci_collect(struct bci_collection *collection, uint64_t first, uint64_t rows,
            struct bc_error *err)
{
	const struct bci_edit *edit = collection->edit;
	uint64_t end = first + rows;

	collection->count = 0;
	if (first < collection->piece_from)
		collection->piece = collection->piece_from = 0;
	while (collection->piece < edit->piece_count) {
		const struct bci_piece *piece =
			&edit->pieces[collection->piece];
		uint64_t from = collection->piece_from;
		uint64_t to = from + piece->rows;
		enum bc_status status = BC_OK;

		if (to > first && from < end)
			status = collection_add_piece(
				collection, piece,
				first > from ? first - from : 0,
				bci_min(to, end) - from, err);
		if (status != BC_OK)
			return status;
		if (to >= end)
			break; /* The next rows may be of this one too. */
		collection->piece++;
		collection->piece_from = to;
	}
	return BC_OK;
}

void
bci_collection_copy(const struct bci_collection *collection,
                    const void *const *columns)
{
	const struct bc_schema *schema = collection->edit->series->schema;

	for (uint32_t i = 0; i < schema->column_count; i++) {
		uint32_t width = schema->columns[i].bytes;
		char *to = (char *)(uintptr_t)columns[i];

		for (size_t k = 0; k < collection->count; k++) {
			const struct bci_part *part = &collection->parts[k];
			const char *from = part->columns[i];

			memcpy(to, from + part->first * width,
			       part->rows * width);
			to += part->rows * width;
		}
	}
}

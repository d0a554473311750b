/* SPDX-License-Identifier: MIT */
/*
 * edit.c - planning a change of the rows of a series.
 *
 * New rows are given to the segments whose times they fall into; each of these
 * is merged by itself, in place.  Rows that fall between segments are pieces of
 * their own.  What gets no new row is not looked at.
 */
#include "common.h"

#include "alloc.h"
#include "check.h"
#include "edit.h"
#include "error.h"
#include "lookup.h"
#include "moment.h"

#define EDIT_CAPACITY 8 /* pieces, at first */

static enum bc_status
edit_fail(const struct bci_edit *edit, struct bc_error *err)
{
	return bci_fail(err, BC_NOMEM, "no memory to change %s",
	                edit->series->key);
}

static const struct bc_allocator *
edit_allocator(const struct bci_edit *edit)
{
	return &edit->series->writer->env->allocator;
}

void
bci_edit_open(struct bci_edit *edit, struct bci_series *series)
{
	*edit = (struct bci_edit){
		.series = series,
		.ends_open = series->record.open,
	};
}

void
bci_edit_close(struct bci_edit *edit)
{
	const struct bc_allocator *allocator = edit_allocator(edit);

	for (size_t i = 0; i < edit->piece_count; i++) {
		if (edit->pieces[i].planned)
			bci_merge_free(&edit->pieces[i].merge);
	}
	for (uint32_t i = 0;
	     edit->codes != NULL && i < edit->series->schema->column_count; i++)
		bci_free(allocator, edit->codes[i]);
	bci_free(allocator, edit->codes);
	bci_free(allocator, edit->fresh);
	bci_free(allocator, edit->pieces);
	bci_glossary_close(&edit->glossary);
}

enum bc_status
bci_edit_glossary(struct bci_edit *edit, struct bc_error *err)
{
	if (edit->has_glossary)
		return BC_OK;
	edit->has_glossary = true;
	return bci_glossary_open(&edit->glossary, edit->series, err);
}

const void *const *
bci_piece_columns(const struct bci_edit *edit, const struct bci_piece *piece)
{
	if (piece->segment != NULL)
		return piece->segment->columns;
	return piece->old_rows != 0 ? edit->series->tail : NULL;
}

/* ---- new rows ---------------------------------------------------------- */

/* The column of an append that is column 'index' of the schema, or NULL. */
static const struct bc_column *
edit_find(const struct bci_operation *operation,
          const struct bc_schema_column *wanted, uint32_t index)
{
	const struct bci_value *value = &operation->value;
	const struct bc_column *column = &value->columns[index - 1];

	if (strcmp(column->name, wanted->name) != 0) {
		for (uint32_t i = 0; i < value->column_count; i++) {
			column = &value->columns[i];
			if (strcmp(column->name, wanted->name) == 0)
				break;
		}
	}
	return strcmp(column->name, wanted->name) == 0 &&
	                       column->type == wanted->type
	               ? column
	               : NULL;
}

/* Take one column; text in codes that all segments have in common. */
static enum bc_status
edit_take_column(struct bci_edit *edit, const struct bc_column *column,
                 uint32_t index, struct bc_error *err)
{
	const struct bc_allocator *allocator = edit_allocator(edit);
	uint32_t *codes;

	edit->fresh[index] = column->data;
	if (column->type != BC_TEXT)
		return BC_OK;
	codes = bci_alloc(allocator, edit->fresh_rows, sizeof(*codes));
	if (codes == NULL)
		return edit_fail(edit, err);
	edit->codes[index] = codes;
	edit->fresh[index] = codes;
	return bci_glossary_add(&edit->glossary, index - 1, column,
	                        edit->fresh_rows, codes, err);
}

/* Volume is what a column of that name says, if it holds numbers. */
static enum bc_status
edit_find_volume(struct bci_edit *edit, struct bc_error *err)
{
	const struct bc_schema *schema = edit->series->schema;
	int index = bc_schema_find(schema, "volume");

	if (edit->policy != BC_MERGE_VOLUME)
		return BC_OK;
	if (index < 1 || schema->columns[index].type == BC_TEXT)
		return bci_fail(err, BC_INVALID,
		                "%s: merging by volume needs a column of that "
		                "name",
		                edit->series->key);
	edit->volume = (uint32_t)index - 1;
	return BC_OK;
}

/* The schema of a series is that of its first rows. */
static enum bc_status
edit_schema(struct bci_edit *edit, const struct bci_operation *operation,
            struct bc_error *err)
{
	struct bci_series *series = edit->series;
	struct bci_writer *writer = series->writer;

	if (series->schema != NULL)
		return BC_OK;
	series->schema = operation->value.schema;
	return bci_schema_intern(writer->txn, &writer->env->tables,
	                         &writer->state, operation->schema_stored,
	                         operation->value.schema_bytes,
	                         &series->head.schema, err);
}

enum bc_status
bci_edit_take(struct bci_edit *edit, const struct bci_operation *operation,
              struct bc_error *err)
{
	const struct bc_allocator *allocator = edit_allocator(edit);
	const struct bc_schema *schema;
	enum bc_status status;

	edit->fresh_rows = operation->value.rows;
	edit->policy = operation->merge;
	edit->open = operation->open;
	edit->placement = operation->placement;
	BCI_TRY(edit_schema(edit, operation, err));
	schema = edit->series->schema;
	if (schema->column_count != operation->value.column_count + 1)
		return bci_fail(err, BC_INVALID,
		                "%s has %u columns, not %u, with the time",
		                edit->series->key, schema->column_count,
		                operation->value.column_count + 1);
	edit->fresh = bci_alloc(allocator, schema->column_count,
	                        sizeof(*edit->fresh));
	edit->codes = bci_zalloc(allocator, schema->column_count,
	                         sizeof(*edit->codes));
	if (edit->fresh == NULL || edit->codes == NULL)
		return edit_fail(edit, err);
	for (uint32_t i = 1; i < schema->column_count; i++)
		edit->has_texts |= schema->columns[i].type == BC_TEXT;
	if (edit->has_texts)
		BCI_TRY(bci_edit_glossary(edit, err));
	edit->fresh[0] = operation->value.time_ns;
	for (uint32_t i = 1; i < schema->column_count; i++) {
		const struct bc_column *column =
			edit_find(operation, &schema->columns[i], i);

		if (column == NULL)
			return bci_fail(err, BC_INVALID,
			                "%s has a column %s of type %s, the "
			                "new rows have none",
			                edit->series->key,
			                schema->columns[i].name,
			                bc_type_name(schema->columns[i].type));
		BCI_TRY(edit_take_column(edit, column, i, err));
	}
	status = edit_find_volume(edit, err);
done:
	return status;
}

/* ---- pieces ------------------------------------------------------------ */

static enum bc_status
edit_add(struct bci_edit *edit, struct bci_series_segment *segment,
         uint64_t old_rows, uint64_t fresh_first, uint64_t fresh_end,
         struct bc_error *err)
{
	struct bci_piece *piece;

	if (edit->piece_count == edit->piece_room) {
		size_t room = edit->piece_room > 0 ? 2 * edit->piece_room
		                                   : EDIT_CAPACITY;

		piece = bci_regrow(edit_allocator(edit), edit->pieces,
		                   edit->piece_count, room, sizeof(*piece));
		if (piece == NULL)
			return edit_fail(edit, err);
		edit->pieces = piece;
		edit->piece_room = room;
	}
	edit->pieces[edit->piece_count++] = (struct bci_piece){
		.segment = segment,
		.old_rows = old_rows,
		.fresh_first = fresh_first,
		.fresh_rows = fresh_end - fresh_first,
		.rows = old_rows,
	};
	return BC_OK;
}

enum bc_status
bci_edit_split(struct bci_edit *edit, struct bc_error *err)
{
	struct bci_series *series = edit->series;
	const int64_t *time_ns = edit->fresh != NULL ? edit->fresh[0] : NULL;
	uint64_t rows = edit->fresh_rows, at = 0, end;
	enum bc_status status;

	BCI_TRY(bci_series_load(series, err));
	for (size_t i = 0; i < series->segment_count; i++) {
		struct bci_series_segment *segment = &series->segments[i];
		const struct bci_locator *locator = &segment->locator;
		bool last = i + 1 == series->segment_count;

		end = bci_lookup_time(time_ns, at, rows, locator->first_ns);
		if (end > at)
			BCI_TRY(edit_add(edit, NULL, 0, at, end, err));
		at = end;
		/* NOLINTNEXTLINE(clang-analyzer-core.*): rows have times */
		while (end < rows && time_ns[end] <= locator->last_ns)
			end = bci_lookup_time(time_ns, end + 1, rows,
			                      locator->last_ns);
		/* What follows a bar that had not ended replaces it. */
		if (last && series->tail_rows == 0 && series->record.open)
			end = rows;
		BCI_TRY(edit_add(edit, segment, locator->rows, at, end, err));
		at = end;
	}
	status = edit_add(edit, NULL, series->tail_rows, at, rows, err);
done:
	return status;
}

/* ---- merging ----------------------------------------------------------- */

/* The time of the last new row. */
static int64_t
edit_last(const struct bci_edit *edit)
{
	return ((const int64_t *)edit->fresh[0])[edit->fresh_rows - 1];
}

/* Whether the last row of a piece is the bar that had not ended. */
static bool
edit_holds_open(const struct bci_edit *edit, const struct bci_piece *piece)
{
	const struct bci_piece *tail = bci_edit_tail(edit);

	if (!edit->series->record.open || piece->old_rows == 0)
		return false;
	return piece == tail || (tail->old_rows == 0 && piece + 1 == tail);
}

/* Whether all new rows come behind those that are in segments. */
static bool
edit_reaches_tail_only(const struct bci_edit *edit)
{
	const struct bci_series *series = edit->series;
	int64_t last_ns;

	if (series->loaded)
		return false;
	if (!bci_series_last(series, &last_ns))
		return true;
	return ((const int64_t *)edit->fresh[0])[0] > last_ns &&
	       !(series->record.open && series->tail_rows == 0);
}

/* Both sides of a piece, as the merge takes them. */
static void
edit_describe(const struct bci_edit *edit, const struct bci_piece *piece,
              struct bci_merge_column *columns, struct bci_merge_input *input)
{
	const struct bc_schema *schema = edit->series->schema;
	const void *const *old = bci_piece_columns(edit, piece);
	uint64_t fresh_end = piece->fresh_first + piece->fresh_rows;
	bool old_open = edit_holds_open(edit, piece);
	bool fresh_open = edit->open && fresh_end == edit->fresh_rows &&
	                  edit->series->record.rows != 0 &&
	                  edit_last(edit) == edit->series->record.last_ns;

	for (uint32_t i = 1; i < schema->column_count; i++) {
		const char *fresh = edit->fresh[i];
		size_t width = schema->columns[i].bytes;

		columns[i - 1] = (struct bci_merge_column){
			/* Codes are common: text is as good as a number. */
			.type = schema->columns[i].type == BC_TEXT
			                ? BC_I32
			                : schema->columns[i].type,
			.old_data = old != NULL ? old[i] : NULL,
			.new_data = fresh + piece->fresh_first * width,
		};
	}
	*input = (struct bci_merge_input){
		.old_ns = old != NULL ? old[0] : NULL,
		.new_ns = (const int64_t *)edit->fresh[0] + piece->fresh_first,
		.old_rows = piece->old_rows,
		.new_rows = piece->fresh_rows,
		.old_closed = piece->old_rows - old_open,
		/* One behind all others ends them all, as a closed one does. */
		.new_closed = piece->fresh_rows - fresh_open,
		.columns = columns,
		.column_count = schema->column_count - 1,
		.volume = edit->volume,
		.policy = edit->policy,
	};
}

/* The row that may not be as it is stored is counted from the first new one. */
static enum bc_status
edit_refuse(const struct bci_edit *edit, const struct bci_piece *piece,
            struct bc_error *err)
{
	uint64_t row = piece->fresh_first;
	char text[BCI_TIME_TEXT];

	if (err == NULL)
		return BC_EXISTS;
	row += (uint64_t)err->row;
	bci_time_format(((const int64_t *)edit->fresh[0])[row], text);
	return bci_fail_row(err, BC_EXISTS, row,
	                    "%s: row %llu: the bar of %s is stored with other "
	                    "values",
	                    edit->series->key, (unsigned long long)row, text);
}

static void
edit_count(struct bci_edit *edit, const struct bci_piece *piece, bool was_open)
{
	const struct bc_counts *counts = &piece->merge.counts;

	edit->counts.inserted += counts->inserted;
	edit->counts.updated += counts->updated;
	edit->counts.identical += counts->identical;
	edit->counts.conflicting += counts->conflicting;
	edit->changed = edit->changed || piece->merge.changed;
	edit->replaced = edit->replaced || counts->updated > was_open;
	if (was_open)
		edit->ends_open = piece->merge.closed < piece->merge.rows;
}

/* Plan one piece, if new rows fall into it. */
static enum bc_status
edit_merge_piece(struct bci_edit *edit, struct bci_piece *piece,
                 struct bci_merge_column *columns, struct bc_error *err)
{
	struct bci_merge_input input;
	enum bc_status status = BC_OK;

	if (piece->fresh_rows == 0)
		return BC_OK;
	if (piece->segment != NULL)
		status = bci_series_map(edit->series, piece->segment, err);
	if (status != BC_OK)
		return status;
	edit_describe(edit, piece, columns, &input);
	status = bci_merge_plan(&input, edit_allocator(edit), &piece->merge,
	                        err);
	piece->planned = true;
	if (status == BC_EXISTS)
		return edit_refuse(edit, piece, err);
	if (status != BC_OK)
		return status;
	edit_count(edit, piece, edit_holds_open(edit, piece));
	piece->rows = piece->merge.rows;
	if (!piece->merge.changed)
		piece->state = BCI_TILE_KEPT;
	else
		piece->state = piece->rows == piece->old_rows ? BCI_TILE_EDITED
		                                              : BCI_TILE_MOVED;
	return BC_OK;
}

/* A bar that has not ended can only be the last one. */
static void
edit_reject_open(struct bci_edit *edit)
{
	const struct bci_series_record *record = &edit->series->record;

	if (!edit->open || record->rows == 0 ||
	    edit_last(edit) >= record->last_ns)
		return;
	edit->fresh_rows--;
	edit->open = false;
	edit->counts.rejected = 1;
}

enum bc_status
bci_edit_merge(struct bci_edit *edit, struct bc_error *err)
{
	struct bci_series *series = edit->series;
	struct bci_merge_column *columns = NULL;
	enum bc_status status = BC_OK;
	bool ends;

	if (edit->fresh_rows != 0)
		edit_reject_open(edit);
	edit->narrow = edit->fresh_rows == 0 || edit_reaches_tail_only(edit);
	BCI_TRY(edit->narrow ? edit_add(edit, NULL, series->tail_rows, 0,
	                                edit->fresh_rows, err)
	                     : bci_edit_split(edit, err));
	if (edit->fresh_rows == 0)
		return BC_OK;
	ends = edit->open && (series->record.rows == 0 ||
	                      edit_last(edit) > series->record.last_ns);
	columns = bci_alloc(edit_allocator(edit), series->schema->column_count,
	                    sizeof(*columns));
	if (columns == NULL) {
		status = edit_fail(edit, err);
		goto done;
	}
	for (size_t i = 0; i < edit->piece_count; i++)
		BCI_TRY(edit_merge_piece(edit, &edit->pieces[i], columns, err));
	edit->ends_open = edit->ends_open || ends;
done:
	bci_free(edit_allocator(edit), columns);
	return status;
}

/* ---- removing ---------------------------------------------------------- */

/* Whether a range reaches behind 'time_ns'; INT64_MAX is the end of all. */
static bool
edit_reaches(int64_t to_ns, int64_t time_ns)
{
	return to_ns == INT64_MAX || time_ns < to_ns;
}

/* Leave out rows [first, end) of a piece. */
static enum bc_status
edit_leave_out(struct bci_edit *edit, struct bci_piece *piece, uint64_t first,
               uint64_t end, struct bc_error *err)
{
	struct bci_merge *merge = &piece->merge;

	if (first >= end)
		return BC_OK;
	merge->allocator = edit_allocator(edit);
	merge->runs = bci_alloc(merge->allocator, 2, sizeof(*merge->runs));
	piece->planned = true;
	if (merge->runs == NULL)
		return edit_fail(edit, err);
	if (first != 0)
		merge->runs[merge->run_count++] =
			(struct bci_merge_run){ BCI_MERGE_OLD, 0, first };
	if (end != piece->old_rows)
		merge->runs[merge->run_count++] =
			(struct bci_merge_run){ BCI_MERGE_OLD, end,
			                        piece->old_rows - end };
	piece->rows -= end - first;
	piece->state = BCI_TILE_MOVED;
	edit->removed += end - first;
	edit->changed = true;
	edit->replaced = true;
	if (edit_holds_open(edit, piece) && end == piece->old_rows)
		edit->ends_open = false;
	return BC_OK;
}

static enum bc_status
edit_cut_piece(struct bci_edit *edit, struct bci_piece *piece, int64_t from_ns,
               int64_t to_ns, struct bc_error *err)
{
	const struct bci_series_segment *segment = piece->segment;
	uint64_t first, end = piece->old_rows;
	const int64_t *time_ns;
	enum bc_status status;

	if (piece->old_rows == 0)
		return BC_OK;
	if (segment != NULL) {
		const struct bci_locator *locator = &segment->locator;

		if (locator->last_ns < from_ns ||
		    !edit_reaches(to_ns, locator->first_ns))
			return BC_OK;
		if (locator->first_ns >= from_ns &&
		    edit_reaches(to_ns, locator->last_ns))
			return edit_leave_out(edit, piece, 0, end, err);
		status = bci_series_map(edit->series, piece->segment, err);
		if (status != BC_OK)
			return status;
	}
	/* NOLINTNEXTLINE(analyzer-null-dereference): a piece has columns */
	time_ns = bci_piece_columns(edit, piece)[0];
	first = bci_lookup_time(time_ns, 0, piece->old_rows, from_ns);
	if (to_ns != INT64_MAX)
		end = bci_lookup_time(time_ns, first, piece->old_rows, to_ns);
	return edit_leave_out(edit, piece, first, end, err);
}

enum bc_status
bci_edit_cut(struct bci_edit *edit, int64_t from_ns, int64_t to_ns,
             struct bc_error *err)
{
	enum bc_status status;

	BCI_TRY(bci_edit_split(edit, err));
	for (size_t i = 0; i < edit->piece_count; i++)
		BCI_TRY(edit_cut_piece(edit, &edit->pieces[i], from_ns, to_ns,
		                       err));
done:
	return status;
}

enum bc_status
bci_edit_widen(struct bci_edit *edit, struct bc_error *err)
{
	struct bci_piece tail;
	size_t count;
	enum bc_status status;

	if (!edit->narrow)
		return BC_OK;
	edit->narrow = false;
	tail = *bci_edit_tail(edit);
	status = bci_series_load(edit->series, err);
	edit->piece_count--;
	count = edit->series->segment_count;
	for (size_t i = 0; status == BC_OK && i < count; i++) {
		struct bci_series_segment *segment = &edit->series->segments[i];

		status = edit_add(edit, segment, segment->locator.rows, 0, 0,
		                  err);
	}
	if (status == BC_OK)
		status = edit_add(edit, NULL, 0, 0, 0, err);
	if (status != BC_OK) {
		bci_merge_free(&tail.merge);
		return status;
	}
	*bci_edit_tail(edit) = tail;
	return BC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * frame.c - printing some rows and columns of a view, straight from where
 * they lie.
 *
 * Doubles are printed with the fewest digits that read back to the same bits.
 * Times are text in tables and CSV and integers in JSON, where a number that is
 * not finite is null.
 */
#include "frame.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup.h"
#include "moment.h"
#include "entry.h"
#include "number.h"
#include "tool.h"

void
frame_init(struct frame *frame, const struct bc_view *view)
{
	uint32_t i, count = view->schema->column_count;

	*frame = (struct frame){ .view = view, .rows = view->rows };
	frame->columns = tool_alloc(count, sizeof(*frame->columns));
	frame->column_count = count;
	for (i = 0; i < count; ++i)
		frame->columns[i] = i;
}

void
frame_free(struct frame *frame)
{
	free(frame->columns);
	json_decref(frame->more);
	*frame = (struct frame){ 0 };
}

/* The column whose name is 'bytes' bytes at 'name', or -1. */
static int
frame_find(const struct bc_schema *schema, const char *name, size_t bytes)
{
	uint32_t i;

	for (i = 0; i < schema->column_count; ++i)
		if (strlen(schema->columns[i].name) == bytes &&
		    memcmp(schema->columns[i].name, name, bytes) == 0)
			return (int)i;
	return -1;
}

/* Take column 'index' unless it is taken already. */
static void
frame_take(struct frame *frame, uint32_t index)
{
	uint32_t i;

	for (i = 0; i < frame->column_count; ++i)
		if (frame->columns[i] == index)
			return;
	frame->columns[frame->column_count++] = index;
}

bool
frame_select(struct frame *frame, const char *list)
{
	const struct bc_schema *schema = frame->view->schema;

	frame->column_count = 0;
	if (schema->has_time)
		frame_take(frame, 0);
	for (;;) {
		size_t bytes = strcspn(list, ",");
		int index = frame_find(schema, list, bytes);

		if (index < 0) {
			tool_say("there is no column '%.*s'", (int)bytes, list);
			return false;
		}
		frame_take(frame, (uint32_t)index);
		if (list[bytes] == '\0')
			return true;
		list += bytes + 1;
	}
}

void
frame_also(struct frame *frame, const char *name)
{
	int index = bc_schema_find(frame->view->schema, name);

	if (index >= 0)
		frame_take(frame, (uint32_t)index);
}

/* The first row of the selection that is not before 'ns'. */
static uint64_t
frame_lower_bound(const struct frame *frame, int64_t ns)
{
	const int64_t *time = bc_view_time(frame->view);

	return bci_lookup_time(time, frame->first, frame->first + frame->rows,
	                       ns);
}

void
frame_from(struct frame *frame, int64_t from_ns)
{
	uint64_t row = frame_lower_bound(frame, from_ns);

	frame->rows -= row - frame->first;
	frame->first = row;
}

void
frame_to(struct frame *frame, int64_t to_ns)
{
	frame->rows = frame_lower_bound(frame, to_ns) - frame->first;
}

void
frame_head(struct frame *frame, uint64_t count)
{
	if (count < frame->rows)
		frame->rows = count;
}

void
frame_tail(struct frame *frame, uint64_t count)
{
	if (count < frame->rows) {
		frame->first += frame->rows - count;
		frame->rows = count;
	}
}

/* Whether column 'index' of the schema is the time column. */
static bool
frame_is_time(const struct frame *frame, uint32_t index)
{
	return index == 0 && frame->view->schema->has_time;
}

/* Element 'row' of an integer column as text. */
static size_t
frame_integer(enum bc_type type, const void *data, uint64_t row,
              char text[OUTPUT_CELL_TEXT])
{
	int64_t value;

	if (type == BC_I64)
		value = ((const int64_t *)data)[row];
	else if (type == BC_I32)
		value = ((const int32_t *)data)[row];
	else
		value = ((const uint8_t *)data)[row];
	return (size_t)snprintf(text, OUTPUT_CELL_TEXT, "%" PRId64, value);
}

/* The text of one element; of a text column, where it lies. */
static struct output_cell
frame_element(const struct frame *frame, uint64_t row, uint32_t index,
              char text[OUTPUT_CELL_TEXT])
{
	const struct bc_view *view = frame->view;
	const void *data = bc_view_column(view, index);
	enum bc_type type = view->schema->columns[index].type;
	struct output_cell cell = { text, 0 };

	row += frame->first;
	switch (type) {
	case BC_F64:
		cell.bytes =
			bci_number_format(((const double *)data)[row], text);
		break;
	case BC_F32:
		cell.bytes =
			bci_number_format_f32(((const float *)data)[row], text);
		break;
	case BC_I64:
	case BC_I32:
	case BC_U8:
		cell.bytes = frame_integer(type, data, row, text);
		break;
	case BC_TEXT:
		cell.text =
			bc_view_text(view, index, ((const uint32_t *)data)[row],
		                     &cell.bytes);
		if (cell.text == NULL)
			cell = (struct output_cell){ "?", 1 };
		break;
	}
	return cell;
}

/* An output_cell_function. */
static struct output_cell
frame_cell(void *context, uint64_t row, uint32_t column,
           char text[OUTPUT_CELL_TEXT])
{
	const struct frame *frame = context;
	uint32_t index = frame->columns[column];

	if (frame_is_time(frame, index)) {
		int64_t ns = bc_view_time(frame->view)[frame->first + row];

		return (struct output_cell){ text, bci_time_format(ns, text) };
	}
	return frame_element(frame, row, index, text);
}

/* Whether an element is a floating-point number that JSON has no word for. */
static bool
frame_is_null(const struct frame *frame, uint64_t row, uint32_t index)
{
	const void *data = bc_view_column(frame->view, index);

	row += frame->first;
	switch (frame->view->schema->columns[index].type) {
	case BC_F64:
		return !isfinite(((const double *)data)[row]);
	case BC_F32:
		return !isfinite(((const float *)data)[row]);
	default:
		return false;
	}
}

/* A JSON string of text that may be anything. */
static void
frame_json_text(struct output_cell cell)
{
	json_t *string = json_stringn(cell.text, cell.bytes);

	if (string == NULL) {
		fputs("null", stdout);
		return;
	}
	json_dumpf(string, stdout, JSON_ENCODE_ANY);
	json_decref(string);
}

/* One row as [1704067200000000000,1.5,null]. */
static void
frame_json_row(const struct frame *frame, uint64_t row)
{
	char text[OUTPUT_CELL_TEXT];
	struct output_cell cell;
	uint32_t i;

	for (i = 0; i < frame->column_count; ++i) {
		uint32_t index = frame->columns[i];

		putchar(i == 0 ? '[' : ',');
		if (frame_is_null(frame, row, index)) {
			fputs("null", stdout);
			continue;
		}
		cell = frame_element(frame, row, index, text);
		if (frame->view->schema->columns[index].type == BC_TEXT)
			frame_json_text(cell);
		else
			fwrite(cell.text, 1, cell.bytes, stdout);
	}
	putchar(']');
}

/*
 * One object whose last member, "data", is written row by row: the rows of a
 * frame may be more than a tree of values should hold.
 */
static void
frame_json(const struct frame *frame, const char *key)
{
	const struct bc_schema *schema = frame->view->schema;
	json_t *names = json_array(), *types = json_array();
	json_t *head = json_object();
	uint64_t row;
	uint32_t i;

	for (i = 0; i < frame->column_count; ++i) {
		const struct bc_schema_column *column =
			&schema->columns[frame->columns[i]];

		json_array_append_new(names, output_json_text(column->name));
		json_array_append_new(
			types, output_json_text(bc_type_name(column->type)));
	}
	output_add_text(head, "key", key);
	output_add_text(head, "kind", entry_kind(frame->view->kind));
	output_add_count(head, "rows", frame->rows);
	output_add(head, "columns", names);
	output_add(head, "types", types);
	if (frame->more != NULL)
		json_object_update(head, frame->more);
	output_json_list(head, "data");
	for (row = 0; row < frame->rows && !output_failed(NULL); ++row) {
		fputs(row == 0 ? "\n" : ",\n", stdout);
		frame_json_row(frame, row);
	}
	fputs("]}\n", stdout);
}

void
frame_print(const struct frame *frame, const char *key,
            enum output_format format)
{
	const struct bc_schema *schema = frame->view->schema;
	struct output_column *columns;
	struct output_table table = {
		.column_count = frame->column_count,
		.rows = frame->rows,
		.cell = frame_cell,
		.context = (void *)(uintptr_t)frame,
	};
	uint32_t i;

	if (format == OUTPUT_JSON) {
		frame_json(frame, key);
		return;
	}
	columns = tool_alloc(frame->column_count, sizeof(*columns));
	for (i = 0; i < frame->column_count; ++i) {
		uint32_t index = frame->columns[i];

		columns[i].name = schema->columns[index].name;
		columns[i].right = schema->columns[index].type != BC_TEXT &&
		                   !frame_is_time(frame, index);
	}
	table.columns = columns;
	output_table(&table, format);
	free(columns);
}

/* SPDX-License-Identifier: MIT */
/*
 * sheet.c - the lines of text that rows of JSON become, and their columns.
 *
 * A row takes no more as text than it takes as JSON, but for the tabs of what
 * it lacks.  So room for all is had at once, and only rows that are objects
 * ask again, in front of each.
 */
#include "common.h"

#include "alloc.h"
#include "dialect.h"
#include "error.h"
#include "sheet.h"

enum bc_status
bci_sheet_begin(struct bci_sheet *sheet, const struct bc_allocator *allocator,
                const struct bci_scan *scan)
{
	*sheet = (struct bci_sheet){
		.allocator = allocator,
		.scan = scan,
		/* An object asks for all tabs before it is known that its own
		   names pay for most. */
		.capacity = (size_t)(scan->end - scan->begin) + BCI_FIELDS_MAX +
		            BCI_CELL_SLACK + 64,
	};
	sheet->text = bci_alloc(allocator, sheet->capacity, 1);
	if (sheet->text == NULL)
		return bci_fail(scan->err, BC_NOMEM, "no memory for %zu bytes",
		                sheet->capacity);
	return BC_OK;
}

void
bci_sheet_put(struct bci_sheet *sheet, const struct bci_cell *cell)
{
	char *end = bci_cell_put(sheet->scan, cell, sheet->text + sheet->used);

	*end++ = '\t';
	sheet->used = (size_t)(end - sheet->text);
}

void
bci_sheet_end(struct bci_sheet *sheet, size_t from)
{
	if (sheet->used > from)
		sheet->used--;
	sheet->text[sheet->used++] = '\n';
}

enum bc_status
bci_sheet_room(struct bci_sheet *sheet, size_t bytes)
{
	size_t input = (size_t)(sheet->scan->end - sheet->scan->begin);
	size_t capacity = sheet->capacity;
	char *text;

	bytes += BCI_CELL_SLACK;
	if (bytes <= capacity - sheet->used)
		return BC_OK;
	capacity += capacity / 2 + bytes;
	if (capacity / 16 > input + 65536)
		return bci_fail(sheet->scan->err, BC_INVALID,
		                "most rows lack most of the %u names of all",
		                sheet->column_count);
	text = bci_regrow(sheet->allocator, sheet->text, sheet->used, capacity,
	                  1);
	if (text == NULL)
		return bci_fail(sheet->scan->err, BC_NOMEM,
		                "no memory for rows");
	sheet->text = text;
	sheet->capacity = capacity;
	return BC_OK;
}

enum bc_status
bci_sheet_add(struct bci_sheet *sheet, const struct bci_cell *name,
              struct bci_sheet_column **out)
{
	struct bci_sheet_column *columns;
	uint32_t room = sheet->column_room * 2 + 16;

	if (sheet->column_count == BCI_FIELDS_MAX)
		return bci_fail(sheet->scan->err, BC_INVALID,
		                "more than %d names of values", BCI_FIELDS_MAX);
	if (sheet->column_count == sheet->column_room) {
		columns =
			bci_regrow(sheet->allocator, sheet->columns,
		                   sheet->column_count, room, sizeof(*columns));
		if (columns == NULL)
			return bci_fail(sheet->scan->err, BC_NOMEM,
			                "no memory for names");
		sheet->columns = columns;
		sheet->column_room = room;
	}
	*out = &sheet->columns[sheet->column_count++];
	**out = (struct bci_sheet_column){ .name = *name };
	return BC_OK;
}

struct bci_sheet_column *
bci_sheet_find(struct bci_sheet *sheet, const struct bci_cell *name,
               uint32_t hint)
{
	if (hint < sheet->column_count &&
	    bci_cell_same(&sheet->columns[hint].name, name))
		return &sheet->columns[hint];
	for (uint32_t i = 0; i < sheet->column_count; i++)
		if (bci_cell_same(&sheet->columns[i].name, name))
			return &sheet->columns[i];
	return NULL;
}

/* Whether a cell is a number of a row rather than a time. */
static bool
sheet_is_count(const struct bci_cell *cell)
{
	for (size_t i = 0; i < cell->bytes; i++)
		if (cell->text[i] < '0' || cell->text[i] > '9')
			return false;
	return cell->bytes < sizeof("20240101") - 1;
}

enum bc_status
bci_sheet_header(struct bci_sheet *sheet, const struct bci_cell *time)
{
	static const struct bci_cell names[] = {
		{ .text = "", .bytewise = true },
		{ .text = "time", .bytes = 4, .bytewise = true },
	};
	size_t from, bytes = 8;
	enum bc_status status;

	for (uint32_t i = 0; i < sheet->column_count; i++)
		bytes += sheet->columns[i].name.bytes + 3;
	status = bci_sheet_room(sheet, bytes);
	if (status != BC_OK)
		return status;
	from = sheet->used;
	if (time != NULL)
		bci_sheet_put(sheet, &names[!sheet_is_count(time)]);
	for (uint32_t i = 0; i < sheet->column_count; i++)
		bci_sheet_put(sheet, &sheet->columns[i].name);
	bci_sheet_end(sheet, from);
	return BC_OK;
}

void
bci_sheet_free(struct bci_sheet *sheet)
{
	bci_free(sheet->allocator, sheet->columns);
	bci_free(sheet->allocator, sheet->text);
}

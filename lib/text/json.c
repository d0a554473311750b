/* SPDX-License-Identifier: MIT */
/*
 * json.c - rows of JSON as delimited text.
 *
 * A text that begins with a list is rows, or lines of rows, and is read once.
 * In an object the one list of rows is searched first, which is a pass of its
 * own and checks the grammar of all that is around it.  Rows that are objects
 * are read once more if a later one has a name that the first one lacks,
 * because the header is the first line.
 */
#include "common.h"

#include "check.h"
#include "error.h"
#include "json.h"
#include "outline.h"
#include "scan.h"
#include "sheet.h"

struct json {
	struct bci_scan scan;
	struct bci_sheet sheet;
	uint32_t headed;   /* columns that the header has */
	uint64_t row;      /* from 1 */
	bool objects;      /* rows are objects, not lists */
	const char *index; /* what stands in front of the next row, or NULL */
};

bool
bci_json_is(const char *text, size_t bytes)
{
	struct bci_scan scan = { text, text, text + bytes, NULL };
	char first;

	if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		scan.at += 3;
	first = bci_scan_peek(&scan);
	if (first != '[')
		return first == '{';
	/* "[Data]" heads sections of other files. */
	scan.at++;
	first = bci_scan_peek(&scan);
	return first == '\0' || strchr("[]{\"-0123456789", first) != NULL;
}

/* ------------------------------------------------------------------------ */
/*  Rows                                                                    */
/* ------------------------------------------------------------------------ */

/* Pass a cell of the row at hand, in the column 'name' or the n-th. */
static enum bc_status
json_cell(struct json *json, const struct bci_cell *name, size_t n,
          struct bci_cell *cell)
{
	char first = bci_scan_peek(&json->scan);

	if (BCI_LIKELY(first != '[' && first != '{'))
		return bci_scan_cell(&json->scan, cell);
	if (name == NULL)
		return bci_fail(json->scan.err, BC_INVALID,
		                "row %llu: value %zu is a list or an object",
		                (unsigned long long)json->row, n + 1);
	return bci_fail(json->scan.err, BC_INVALID,
	                "row %llu: '%.*s' is a list or an object",
	                (unsigned long long)json->row,
	                (int)bci_min(name->bytes, 64), name->text);
}

/* Pass a list of cells and write them as a line. */
static enum bc_status
json_list_row(struct json *json)
{
	size_t from = json->sheet.used;
	struct bci_cell cell;
	enum bc_status status;
	bool more;

	for (size_t n = 0;; n++) {
		BCI_TRY(bci_scan_element(&json->scan, '[', n == 0, &more));
		if (!more)
			break;
		BCI_TRY(json_cell(json, NULL, n, &cell));
		bci_sheet_put(&json->sheet, &cell);
	}
	bci_sheet_end(&json->sheet, from);
done:
	return status;
}

/* Pass the members of an object into the columns. */
static enum bc_status
json_members(struct json *json)
{
	struct bci_sheet_column *column;
	struct bci_cell name, cell;
	enum bc_status status;
	bool more;

	for (uint32_t n = 0;; n++) {
		BCI_TRY(bci_scan_element(&json->scan, '{', n == 0, &more));
		if (!more)
			break;
		BCI_TRY(bci_scan_name(&json->scan, &name));
		column = bci_sheet_find(&json->sheet, &name, n);
		if (column == NULL)
			BCI_TRY(bci_sheet_add(&json->sheet, &name, &column));
		if (column->row == json->row)
			return bci_fail(json->scan.err, BC_INVALID,
			                "row %llu has '%.*s' twice",
			                (unsigned long long)json->row,
			                (int)bci_min(name.bytes, 64),
			                name.text);
		BCI_TRY(json_cell(json, &name, n, &cell));
		column->cell = cell;
		column->row = json->row;
	}
done:
	return status;
}

/* Pass an object and write it as a line; 'time' (may be NULL) goes in front. */
static enum bc_status
json_object_row(struct json *json, const struct bci_cell *time)
{
	static const struct bci_cell none = { .text = "", .bytewise = true };
	const char *at = json->scan.at;
	enum bc_status status;
	size_t from, bytes;

	BCI_TRY(json_members(json));
	if (json->row == 1) {
		json->headed = json->sheet.column_count;
		BCI_TRY(bci_sheet_header(&json->sheet, time));
	}
	bytes = (size_t)(json->scan.at - at) + json->sheet.column_count + 2;
	BCI_TRY(bci_sheet_room(&json->sheet,
	                       bytes + (time != NULL ? time->bytes + 3 : 0)));
	from = json->sheet.used;
	if (time != NULL)
		bci_sheet_put(&json->sheet, time);
	for (uint32_t i = 0; i < json->sheet.column_count; i++) {
		const struct bci_sheet_column *column = &json->sheet.columns[i];

		bci_sheet_put(&json->sheet,
		              column->row == json->row ? &column->cell : &none);
	}
	bci_sheet_end(&json->sheet, from);
done:
	return status;
}

/* Write what the list "index" has for the next row. */
static enum bc_status
json_index(struct json *json)
{
	struct bci_scan scan = json->scan;
	struct bci_cell cell;
	enum bc_status status;
	bool more;

	scan.at = json->index;
	BCI_TRY(bci_scan_element(&scan, '[', json->row == 1, &more));
	if (!more)
		return bci_fail(scan.err, BC_INVALID,
		                "'index' has only %llu values",
		                (unsigned long long)json->row - 1);
	BCI_TRY(bci_scan_cell(&scan, &cell));
	if (json->row == 1)
		BCI_TRY(bci_sheet_header(&json->sheet, &cell));
	bci_sheet_put(&json->sheet, &cell);
	json->index = scan.at;
done:
	return status;
}

/* Pass the row at hand. */
static enum bc_status
json_row(struct json *json, enum bci_rows form)
{
	char first = bci_scan_peek(&json->scan);
	struct bci_cell time;
	enum bc_status status;

	if (form == BCI_ROWS_TIMES) {
		BCI_TRY(bci_scan_name(&json->scan, &time));
		first = bci_scan_peek(&json->scan);
	}
	if (json->row == 1)
		json->objects = first == '{';
	if (first != (json->objects ? '{' : '['))
		return bci_fail(json->scan.err, BC_INVALID,
		                "row %llu is not %s as %s",
		                (unsigned long long)json->row,
		                json->objects ? "an object" : "a list",
		                json->row == 1 ? "rows are" : "the first one");
	if (json->objects)
		return json_object_row(json,
		                       form == BCI_ROWS_TIMES ? &time : NULL);
	if (form == BCI_ROWS_TIMES)
		bci_sheet_put(&json->sheet, &time);
	if (json->index != NULL)
		BCI_TRY(json_index(json));
	else if (json->row == 1 && json->sheet.column_count != 0)
		BCI_TRY(bci_sheet_header(&json->sheet, NULL));
	status = json_list_row(json);
done:
	return status;
}

/* Pass all rows at 'at'. */
static enum bc_status
json_rows(struct json *json, enum bci_rows form, const char *at)
{
	enum bc_status status;
	bool more;

	json->scan.at = at;
	json->sheet.used = 0;
	for (uint32_t i = 0; i < json->sheet.column_count; i++)
		json->sheet.columns[i].row = 0;
	for (json->row = 1;; json->row++) {
		if (form == BCI_ROWS_LINES) {
			status = BC_OK;
			bci_scan_peek(&json->scan);
			more = json->scan.at < json->scan.end;
		} else {
			BCI_TRY(bci_scan_element(
				&json->scan, form == BCI_ROWS_LIST ? '[' : '{',
				json->row == 1, &more));
		}
		if (!more)
			break;
		BCI_TRY(json_row(json, form));
	}
done:
	return status;
}

/* ------------------------------------------------------------------------ */
/*  Columns that lie one after the other                                    */
/* ------------------------------------------------------------------------ */

/* Find the columns in the object at hand; each begins with 'open'. */
static enum bc_status
json_columns(struct json *json, char open)
{
	struct bci_sheet_column *column;
	struct bci_shape shape;
	struct bci_cell name;
	enum bc_status status;
	const char *at;
	bool more;

	for (size_t n = 0;; n++) {
		BCI_TRY(bci_scan_element(&json->scan, '{', n == 0, &more));
		if (!more)
			break;
		BCI_TRY(bci_scan_name(&json->scan, &name));
		at = json->scan.at;
		BCI_TRY(bci_scan_skip(&json->scan, &shape));
		if (shape.first != open || !shape.flat || shape.count == 0)
			continue;
		BCI_TRY(bci_sheet_add(&json->sheet, &name, &column));
		column->at = at;
	}
done:
	return status;
}

/* Write the next row, or set *more to false behind the last one. */
static enum bc_status
json_across(struct json *json, char open, bool *more)
{
	struct bci_scan *scan = &json->scan;
	struct bci_cell time = { .text = "", .bytewise = true }, other;
	size_t from = json->sheet.used;
	enum bc_status status = BC_OK;

	for (uint32_t i = 0; i < json->sheet.column_count; i++) {
		struct bci_sheet_column *column = &json->sheet.columns[i];

		scan->at = column->at;
		BCI_TRY(bci_scan_element(scan, open, json->row == 1, more));
		if (!*more)
			return BC_OK;
		if (open == '{')
			BCI_TRY(bci_scan_name(scan, &other));
		if (open == '{' && i == 0) {
			time = other;
			if (json->row == 1)
				BCI_TRY(bci_sheet_header(&json->sheet, &time));
			from = json->sheet.used;
			bci_sheet_put(&json->sheet, &time);
		} else if (open == '{' && !bci_cell_same(&time, &other)) {
			return bci_fail(scan->err, BC_INVALID,
			                "row %llu: '%.*s' has another time",
			                (unsigned long long)json->row,
			                (int)bci_min(column->name.bytes, 64),
			                column->name.text);
		}
		BCI_TRY(bci_scan_cell(scan, &column->cell));
		bci_sheet_put(&json->sheet, &column->cell);
		column->at = scan->at;
	}
	bci_sheet_end(&json->sheet, from);
done:
	return status;
}

/* Write the rows of columns in the object at 'at'. */
static enum bc_status
json_transpose(struct json *json, char open, const char *at)
{
	enum bc_status status;
	bool more = true;

	json->scan.at = at;
	BCI_TRY(json_columns(json, open));
	if (open == '[')
		BCI_TRY(bci_sheet_header(&json->sheet, NULL));
	for (json->row = 1;; json->row++) {
		BCI_TRY(json_across(json, open, &more));
		if (!more)
			break;
	}
done:
	return status;
}

/* ------------------------------------------------------------------------ */
/*  All of it                                                               */
/* ------------------------------------------------------------------------ */

/* Take the names in the list at 'at' for those of the columns. */
static enum bc_status
json_names(struct json *json, const char *at)
{
	struct bci_scan scan = json->scan;
	struct bci_sheet_column *column;
	struct bci_cell name;
	enum bc_status status;
	bool more;

	scan.at = at;
	for (size_t n = 0;; n++) {
		BCI_TRY(bci_scan_element(&scan, '[', n == 0, &more));
		if (!more)
			break;
		BCI_TRY(bci_scan_cell(&scan, &name));
		BCI_TRY(bci_sheet_add(&json->sheet, &name, &column));
	}
done:
	return status;
}

/* Whether a name or a type can be told from the next one in a list. */
static bool
json_is_plain(const struct bci_cell *cell)
{
	return !cell->bytewise && cell->bytes != 0 &&
	       memchr(cell->text, ',', cell->bytes) == NULL &&
	       memchr(cell->text, ':', cell->bytes) == NULL;
}

/* Pair the types in the list at 'at' with the names of the columns. */
static enum bc_status
json_types(struct json *json, const char *at, char types[BCI_JSON_TYPES])
{
	struct bci_scan scan = json->scan;
	struct bci_cell type;
	enum bc_status status;
	size_t used = 0;
	bool more;

	scan.at = at;
	for (uint32_t i = 0;; i++) {
		const struct bci_cell *name = &json->sheet.columns[i].name;

		BCI_TRY(bci_scan_element(&scan, '[', i == 0, &more));
		if (more != (i < json->sheet.column_count))
			return bci_fail(scan.err, BC_INVALID,
			                "'types' has not as many values as "
			                "there are names of columns");
		if (!more)
			break;
		BCI_TRY(bci_scan_cell(&scan, &type));
		if (!json_is_plain(name) || !json_is_plain(&type))
			continue;
		if (used + name->bytes + type.bytes + 3 > BCI_JSON_TYPES)
			return bci_fail(scan.err, BC_INVALID,
			                "the names of columns are too long");
		if (used != 0)
			types[used++] = ',';
		memcpy(types + used, name->text, name->bytes);
		used += name->bytes;
		types[used++] = ':';
		memcpy(types + used, type.text, type.bytes);
		used += type.bytes;
	}
done:
	types[used] = '\0';
	return status;
}

/* Find the rows. */
static enum bc_status
json_outline(struct json *json, struct bci_outline *outline)
{
	struct bci_scan *scan = &json->scan, inside;
	const char *at = scan->at;
	enum bc_status status;
	size_t bytes;
	char first;

	*outline = (struct bci_outline){ .form = BCI_ROWS_LIST, .at = at };
	if (bci_scan_peek(scan) == '[') {
		inside = *scan;
		inside.at = scan->at + 1;
		first = bci_scan_peek(&inside);
		/* A list of single values is the first line of rows. */
		if (first != '[' && first != '{' && first != ']')
			outline->form = BCI_ROWS_LINES;
		return BC_OK;
	}
	status = bci_outline_find(scan, outline);
	if (status != BC_OK)
		return status;
	bytes = (size_t)(scan->at - at);
	if (bci_scan_peek(scan) == '{') {
		*outline = (struct bci_outline){ .form = BCI_ROWS_LINES,
			                         .at = at };
		return BC_OK;
	}
	if (scan->at < scan->end)
		return bci_scan_fail(scan, "more behind the end");
	if (outline->form == BCI_ROWS_NONE && !outline->empty)
		return bci_fail(scan->err, BC_INVALID,
		                "no list of rows in this JSON: %.*s",
		                (int)bci_min(bytes, 120), at);
	return BC_OK;
}

/* Write the rows that 'outline' shows. */
static enum bc_status
json_write(struct json *json, const struct bci_outline *outline,
           char types[BCI_JSON_TYPES])
{
	struct bci_scan inside = json->scan;
	enum bc_status status;

	if (outline->form == BCI_ROWS_LISTS)
		return json_transpose(json, '[', outline->at);
	if (outline->form == BCI_ROWS_OBJECTS)
		return json_transpose(json, '{', outline->at);
	if (outline->columns != NULL) {
		inside.at = outline->at + 1;
		if (bci_scan_peek(&inside) == '[') {
			BCI_TRY(json_names(json, outline->columns));
			json->index = outline->index;
		}
		if (json->sheet.column_count != 0 && outline->types != NULL)
			BCI_TRY(json_types(json, outline->types, types));
	}
	/* Again if names were met that the header has not. */
	do {
		BCI_TRY(json_rows(json, outline->form, outline->at));
	} while (json->sheet.column_count > json->headed && json->objects);
done:
	return status;
}

/* Find the rows in all of the text and write them. */
static enum bc_status
json_read(struct json *json, char types[BCI_JSON_TYPES])
{
	struct bci_scan *scan = &json->scan;
	bool list = bci_scan_peek(scan) == '[';
	struct bci_outline outline;
	enum bc_status status;

	BCI_TRY(json_outline(json, &outline));
	if (outline.form != BCI_ROWS_NONE)
		BCI_TRY(json_write(json, &outline, types));
	if (list && (bci_scan_peek(scan), scan->at < scan->end))
		return bci_scan_fail(scan, "more behind the end of the list");
	if (json->row <= 1)
		return bci_fail(scan->err, BC_INVALID, "no rows");
	if (json->objects && json->sheet.column_count == 0)
		return bci_fail(scan->err, BC_INVALID, "no names in the rows");
done:
	return status;
}

enum bc_status
bci_json_rows(const struct bc_allocator *allocator, const char *text,
              size_t text_bytes, char **out, size_t *bytes,
              char types[BCI_JSON_TYPES], struct bc_error *err)
{
	struct json json = { .scan = { text, text, text + text_bytes, err } };
	enum bc_status status;

	*out = NULL;
	*bytes = 0;
	types[0] = '\0';
	if (text_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		json.scan.at += 3;
	BCI_TRY(bci_sheet_begin(&json.sheet, allocator, &json.scan));
	BCI_TRY(json_read(&json, types));
	*out = json.sheet.text;
	*bytes = json.sheet.used;
	json.sheet.text = NULL; /* Handed to the caller. */
done:
	bci_sheet_free(&json.sheet);
	return status;
}

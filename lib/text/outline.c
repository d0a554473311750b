/* SPDX-License-Identifier: MIT */
/*
 * outline.c - where the rows are in an object of JSON.
 *
 * Services wrap their rows in objects, some of them twice, beside a status, a
 * symbol, a page number.  So no names are asked for: what has the shape of rows
 * is rows, down to the third level, and two such things are refused by name,
 * because the names tell the symbols then.
 */
#include "common.h"

#include "check.h"
#include "error.h"
#include "outline.h"

#define OUTLINE_DEPTH 3 /* of rows: {"data": {"a": {"b": [row, ...]}}} */
#define OUTLINE_ROW 5   /* values of a row that stands alone */
#define OUTLINE_LISTS 4 /* lists that are columns */

/* The names that lead to something. */
struct outline_path {
	struct bci_cell names[OUTLINE_DEPTH + 2];
	int depth;
};

/* A search. */
struct outline {
	struct bci_scan *scan;
	struct bci_outline *out;
	struct outline_path path,
		found; /* to the object at hand, to the rows */
	bool uneven;   /* lists that are no columns, */
	struct bci_cell long_list, short_list; /* because of these two */
};

/* What an object holds. */
struct outline_object {
	struct bci_cell first; /* its first name */
	size_t members, flat_lists, flat_objects;
	bool flat;                     /* it holds no others */
	bool lists_even, objects_even; /* as many values each; the same names */
	size_t length, inner_length;   /* of the first list, first object */
	struct bci_cell list, inner, odd; /* its name; its first name */
	const char *columns, *types, *index;
	bool has_rows;
};

bool
bci_outline_is_time(const struct bci_cell *name)
{
	bool digit = false;

	for (size_t i = 0; i < name->bytes; i++) {
		if (name->text[i] >= '0' && name->text[i] <= '9')
			digit = true;
		else if (memchr("-+/:. TZ", name->text[i], 8) == NULL)
			return false;
	}
	return digit;
}

static bool
outline_named(const struct bci_cell *name, const char *text)
{
	return name->bytes == strlen(text) &&
	       memcmp(name->text, text, name->bytes) == 0;
}

/* Write the names of a path with points between them. */
static void
outline_path_write(const struct outline_path *path, char text[64])
{
	size_t used = 0;

	for (int i = 0; i < path->depth; i++) {
		const struct bci_cell *name = &path->names[i];

		if (i != 0 && used < 63)
			text[used++] = '.';
		for (size_t j = 0; j < name->bytes && used < 63; j++)
			text[used++] = name->text[j];
	}
	text[used] = '\0';
}

/* Take what is at 'at' for the rows; refuse it if there are rows already. */
static enum bc_status
outline_take(struct outline *outline, enum bci_rows form, const char *at)
{
	char one[64], two[64];

	if (outline->path.depth > OUTLINE_DEPTH)
		return BC_OK;
	if (outline->out->form == BCI_ROWS_NONE) {
		outline->out->form = form;
		outline->out->at = at;
		outline->found = outline->path;
		return BC_OK;
	}
	outline_path_write(&outline->found, one);
	outline_path_write(&outline->path, two);
	return bci_fail(outline->scan->err, BC_INVALID,
	                "more than one list of rows: '%s' and '%s'", one, two);
}

/* Note a list of single values that may be a column or names. */
static void
outline_flat_list(struct outline_object *object, const struct bci_cell *name,
                  const char *at, size_t length)
{
	if (object->flat_lists++ == 0) {
		object->list = *name;
		object->length = length;
		object->lists_even = true;
	} else if (object->length != length) {
		object->odd = *name;
		object->lists_even = false;
	}
	if (outline_named(name, "columns") || outline_named(name, "fields") ||
	    outline_named(name, "column_names"))
		object->columns = at;
	else if (outline_named(name, "types"))
		object->types = at;
	else if (outline_named(name, "index"))
		object->index = at;
}

/* Pass a list that is a member of an object. */
static enum bc_status
outline_list(struct outline *outline, struct outline_object *object,
             const struct bci_cell *name)
{
	const char *at = outline->scan->at;
	struct bci_scan inside = { .at = at + 1, .end = outline->scan->end };
	char first = bci_scan_peek(&inside);
	struct bci_shape shape;
	enum bc_status status = bci_scan_skip(outline->scan, &shape);

	object->flat = false;
	if (status != BC_OK)
		return status;
	if (shape.count == 0)
		outline->out->empty = true;
	else if (shape.flat)
		outline_flat_list(object, name, at, shape.count);
	else if (first == '[' || first == '{') {
		object->has_rows = outline->path.depth <= OUTLINE_DEPTH;
		return outline_take(outline, BCI_ROWS_LIST, at);
	}
	return BC_OK;
}

/* Note an object that is a member of another one. */
static void
outline_inner(struct outline_object *object, const struct outline_object *inner)
{
	object->flat = false;
	if (!inner->flat || inner->members == 0)
		return;
	if (object->flat_objects++ == 0) {
		object->inner = inner->first;
		object->inner_length = inner->members;
		object->objects_even = true;
	} else if (object->inner_length != inner->members ||
	           !bci_cell_same(&object->inner, &inner->first)) {
		object->objects_even = false;
	}
}

/* Decide whether an object that was passed is rows itself. */
static enum bc_status
outline_decide(struct outline *outline, const struct outline_object *object,
               const char *at)
{
	size_t members = object->members;

	if (object->has_rows && outline->out->form == BCI_ROWS_LIST) {
		outline->out->columns = object->columns;
		outline->out->types = object->types;
		outline->out->index = object->index;
		return BC_OK;
	}
	if (members == 0)
		return BC_OK;
	if (bci_outline_is_time(&object->first) &&
	    (object->flat_objects == members || object->flat_lists == members))
		return outline_take(outline, BCI_ROWS_TIMES, at);
	if (object->flat_objects == members && object->objects_even &&
	    bci_outline_is_time(&object->inner))
		return outline_take(outline, BCI_ROWS_OBJECTS, at);
	if (object->flat_lists < OUTLINE_LISTS)
		return BC_OK;
	if (object->lists_even)
		return outline_take(outline, BCI_ROWS_LISTS, at);
	outline->uneven = true;
	outline->long_list = object->list;
	outline->short_list = object->odd;
	return BC_OK;
}

static enum bc_status outline_object(struct outline *outline,
                                     struct outline_object *object);

/* Pass the value of a member of an object. */
static enum bc_status
outline_member(struct outline *outline, struct outline_object *object,
               const struct bci_cell *name)
{
	char first = bci_scan_peek(outline->scan);
	struct outline_object inner;
	struct bci_shape shape;
	enum bc_status status;

	/* A row below the lowest time may be looked into, but no further; and
	   pandas describes the columns of a table in its schema. */
	if ((first != '[' && first != '{') || outline_named(name, "schema") ||
	    outline->path.depth > OUTLINE_DEPTH + 1) {
		object->flat &= first != '[' && first != '{';
		return bci_scan_skip(outline->scan, &shape);
	}
	if (first == '[')
		return outline_list(outline, object, name);
	status = outline_object(outline, &inner);
	if (status == BC_OK)
		outline_inner(object, &inner);
	return status;
}

/* Pass an object. */
static enum bc_status
outline_object(struct outline *outline, struct outline_object *object)
{
	struct bci_scan *scan = outline->scan;
	struct outline_path *path = &outline->path;
	const char *at = (bci_scan_peek(scan), scan->at);
	enum bc_status status;
	struct bci_cell name;
	bool more;

	*object = (struct outline_object){ .flat = true };
	for (;; object->members++) {
		BCI_TRY(bci_scan_element(scan, '{', object->members == 0,
		                         &more));
		if (!more)
			break;
		BCI_TRY(bci_scan_name(scan, &name));
		if (object->members == 0)
			object->first = name;
		path->names[path->depth++] = name;
		BCI_TRY(outline_member(outline, object, &name));
		path->depth--;
	}
	status = outline_decide(outline, object, at);
done:
	return status;
}

enum bc_status
bci_outline_find(struct bci_scan *scan, struct bci_outline *out)
{
	struct outline outline = { .scan = scan, .out = out };
	struct outline_object object;
	const char *at = scan->at;
	enum bc_status status;

	*out = (struct bci_outline){ .form = BCI_ROWS_NONE };
	status = outline_object(&outline, &object);
	if (status != BC_OK || out->form != BCI_ROWS_NONE)
		return status;
	if (object.flat && object.members >= OUTLINE_ROW) {
		out->form = BCI_ROWS_LINES;
		out->at = at;
	} else if (outline.uneven) {
		return bci_fail(scan->err, BC_INVALID,
		                "the lists '%.*s' and '%.*s' are not of one "
		                "length",
		                (int)bci_min(outline.long_list.bytes, 64),
		                outline.long_list.text,
		                (int)bci_min(outline.short_list.bytes, 64),
		                outline.short_list.text);
	}
	return BC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * shape_rows.c - rows of a frame as text, field by field.
 *
 * Whatever is written reads back to what it was, or is refused with its row: a
 * moment between those that a form can tell, a wall-clock time that a reader
 * would take for the hour before, a price between two units, a text that a
 * line of fields cannot hold.
 */
#include "common.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "calendar.h"
#include "error.h"
#include "moment.h"
#include "number.h"
#include "shape_plan.h"

/* Whole numbers up to here are doubles, each of them. */
#define ROWS_WHOLE_MAX 0x1p53

/* ------------------------------------------------------------------------ */
/*  Moments                                                                 */
/* ------------------------------------------------------------------------ */

/*
 * How far the clock is ahead at 'utc_ns', which is not before the last one.
 * *before_ns is 0, or how much earlier it showed the same.
 */
static int64_t
rows_ahead(struct bci_shape *shape, int64_t utc_ns, int64_t *before_ns)
{
	const struct bci_zone *zone = shape->options.zone;
	const struct bci_zone_change *change;

	*before_ns = 0;
	if (zone == NULL)
		return 0;
	while (shape->change + 1 < zone->count &&
	       zone->changes[shape->change + 1].utc_ns <= utc_ns)
		shape->change++;
	change = &zone->changes[shape->change];
	if (shape->change != 0) {
		int64_t back_ns = change[-1].ahead_ns - change->ahead_ns;

		if (back_ns > 0 && utc_ns - change->utc_ns < back_ns)
			*before_ns = back_ns;
	}
	return change->ahead_ns;
}

/* The number of the row for people: among the rows of all frames. */
static uint64_t
rows_number(const struct bci_shape *shape)
{
	return shape->origin + shape->passed +
	       (shape->row - shape->frame.first);
}

/* Say why the row has no place among the times of the preset. */
static enum bc_status
rows_refuse(const struct bci_shape *shape, struct bc_error *err,
            const char *reason)
{
	char text[BCI_TIME_TEXT];

	bci_time_format(shape->frame.time_ns[shape->row], text);
	return bci_fail_row(err, BC_INVALID, rows_number(shape),
	                    "row %" PRIu64 " at %s does not fit %s: %s",
	                    rows_number(shape), text,
	                    shape->options.preset->name, reason);
}

/* Say why the value of a field cannot be written. */
static enum bc_status
rows_fail(const struct bci_shape *shape, const struct bci_shape_field *field,
          struct bc_error *err)
{
	const char *reason = "a bar that ends too late";
	char text[BCI_TIME_TEXT];

	bci_time_format(shape->frame.time_ns[shape->row], text);
	if (field->kind == BCI_SHAPE_SCALED)
		reason = "a price between two units of the preset";
	else if (field->column != NULL)
		reason = "a text that a line of fields cannot hold";
	return bci_fail_row(err, BC_INVALID, rows_number(shape),
	                    "row %" PRIu64 " at %s, column %.*s: %s",
	                    rows_number(shape), text, (int)field->name_bytes,
	                    field->name, reason);
}

/* Find the stamp of the row, and whether the preset's form can tell it. */
static enum bc_status
rows_stamp(struct bci_shape *shape, struct bc_error *err)
{
	enum bci_form_kind kind = shape->moment.form.kind;
	int64_t last_ns = shape->utc_ns, last_day = shape->day;
	int64_t utc_ns = shape->frame.time_ns[shape->row];
	int64_t shown_ns, before_ns = 0;

	if (shape->options.preset->stamp == BCI_STAMP_CLOSE && !shape->daily &&
	    !bci_timeframe_move(&shape->frame.timeframe, utc_ns, 1, &utc_ns))
		return rows_refuse(shape, err, "the bar ends too late");
	shape->ahead_ns = 0;
	/* The bar of a day has its date in any zone. */
	if (!shape->daily || utc_ns % BCI_DAY_NS != 0)
		shape->ahead_ns = rows_ahead(shape, utc_ns, &before_ns);
	if (__builtin_add_overflow(utc_ns, shape->ahead_ns, &shown_ns))
		return rows_refuse(shape, err, "it has no local time");
	if ((kind == BCI_FORM_UNIX ? utc_ns : shown_ns) % shape->unit_ns != 0)
		return rows_refuse(shape, err, "times are less fine there");
	shape->day = shown_ns / BCI_DAY_NS - (shown_ns % BCI_DAY_NS < 0);
	if (kind == BCI_FORM_OF_DAY && last_ns != INT64_MIN &&
	    shape->day != last_day)
		return rows_refuse(shape, err,
		                   "there are no dates, and the first row is "
		                   "of another day");
	if (before_ns != 0 && kind != BCI_FORM_UNIX &&
	    !shape->moment.form.zoned && last_ns < utc_ns - before_ns)
		return rows_refuse(shape, err,
		                   "the clock shows this hour twice, and the "
		                   "earlier would be read");
	shape->utc_ns = utc_ns;
	return BC_OK;
}

/* The moment of the row, in our own shape or the preset's. */
static char *
rows_moment(struct bci_shape *shape, char *at)
{
	int64_t ns = shape->frame.time_ns[shape->row];

	if (shape->options.preset != NULL)
		return bci_print_moment(&shape->moment, at, shape->utc_ns,
		                        shape->ahead_ns);
	if (!shape->json && ns % BCI_SECOND_NS != 0)
		return at + bci_time_format(ns, at);
	return bci_print_moment(&shape->moment, at, ns, 0);
}

/* ------------------------------------------------------------------------ */
/*  Rows                                                                    */
/* ------------------------------------------------------------------------ */

/* A double; 'is_f32' if it was a float. */
static char *
rows_double(const struct bci_shape *shape, struct bci_shape_field *field,
            char *at, double value, bool is_f32)
{
	char *from = at;

	if (BCI_UNLIKELY(!isfinite(value))) {
		if (isnan(value))
			return shape->json ? bci_shape_put(at, "null") : at;
		return bci_shape_put(at, shape->json ? value < 0 ? "\"-inf\""
		                                                 : "\"inf\""
		                         : value < 0 ? "-inf"
		                                     : "inf");
	}
	if (is_f32)
		at += bci_number_format_f32((float)value, at);
	else
		at = bci_print_number(at, value, &field->decimals);
	if (field->kind != BCI_SHAPE_MARKED)
		return at;
	for (; from < at; from++)
		if (*from == '.' || *from == 'e')
			return at;
	return bci_shape_put(at, ".0");
}

/* An element of a column as a double; false if it has no equal. */
static bool
rows_value(const struct bci_shape_column *column, uint64_t row, double *value)
{
	int64_t integer;

	switch (column->type) {
	case BC_F64:
		*value = ((const double *)column->data)[row];
		return true;
	case BC_F32:
		*value = (double)((const float *)column->data)[row];
		return true;
	case BC_I64:
		integer = ((const int64_t *)column->data)[row];
		*value = (double)integer;
		return fabs(*value) <= ROWS_WHOLE_MAX;
	case BC_I32:
		*value = ((const int32_t *)column->data)[row];
		return true;
	case BC_U8:
		*value = ((const uint8_t *)column->data)[row];
		return true;
	case BC_TEXT:
		break;
	}
	return false;
}

/* A price in whole units, or NULL if it is none. */
static char *
rows_scaled(const struct bci_shape *shape, const struct bci_shape_field *field,
            char *at)
{
	double divisor = shape->options.preset->price_divisor;
	double value;
	int64_t units;

	if (!rows_value(field->column, shape->row, &value) ||
	    !(fabs(value * divisor) <= ROWS_WHOLE_MAX))
		return NULL;
	units = (int64_t)(value * divisor + (value < 0 ? -0.5 : 0.5));
	if ((double)units / divisor != value)
		return NULL;
	return bci_print_integer(at, units);
}

/* An element of a column; NULL if it cannot be written. */
static char *
rows_element(const struct bci_shape *shape, struct bci_shape_field *field,
             char *at)
{
	const struct bci_shape_column *column = field->column;
	const void *data = column->data;
	uint64_t row = shape->row;
	uint32_t code;

	switch (column->type) {
	case BC_F64:
		return rows_double(shape, field, at,
		                   ((const double *)data)[row], false);
	case BC_F32:
		return rows_double(shape, field, at,
		                   (double)((const float *)data)[row], true);
	case BC_I64:
		return bci_print_integer(at, ((const int64_t *)data)[row]);
	case BC_I32:
		return bci_print_integer(at, ((const int32_t *)data)[row]);
	case BC_U8:
		return bci_print_integer(at, ((const uint8_t *)data)[row]);
	case BC_TEXT:
		break;
	}
	code = ((const uint32_t *)data)[row];
	if (code >= column->dictionary_count ||
	    column->dictionary[code].text == NULL)
		return NULL;
	return bci_shape_text(shape, at, column->dictionary[code].text,
	                      column->dictionary[code].bytes);
}

/* One field of the row; NULL if its value cannot be written. */
static char *
rows_cell(struct bci_shape *shape, struct bci_shape_field *field, char *at)
{
	int64_t ns;

	switch (field->kind) {
	case BCI_SHAPE_EMPTY:
		return shape->json ? bci_shape_put(at, "null") : at;
	case BCI_SHAPE_CONSTANT:
		return bci_shape_put(at, field->constant);
	case BCI_SHAPE_MOMENT:
		return rows_moment(shape, at);
	case BCI_SHAPE_CLOCK:
		return bci_print_moment(&shape->clock, at, shape->utc_ns,
		                        shape->ahead_ns);
	case BCI_SHAPE_CLOSE_TIME:
		if (!bci_timeframe_move(&shape->frame.timeframe,
		                        shape->frame.time_ns[shape->row], 1,
		                        &ns))
			return NULL;
		return bci_print_moment(&shape->moment, at, ns - shape->unit_ns,
		                        shape->ahead_ns);
	case BCI_SHAPE_SCALED:
		return rows_scaled(shape, field, at);
	case BCI_SHAPE_NUMBER:
	case BCI_SHAPE_MARKED:
		break;
	}
	return rows_element(shape, field, at);
}

/* The row, with what parts it from the one before. */
static enum bc_status
rows_row(struct bci_shape *shape, char **text, struct bc_error *err)
{
	char *at = *text, *next;

	if (shape->options.preset != NULL) {
		enum bc_status status = rows_stamp(shape, err);

		if (status != BC_OK)
			return status;
	}
	if (shape->json)
		at = bci_shape_put(at, shape->row == shape->frame.first &&
		                                       shape->passed == 0
		                               ? "\n["
		                               : ",\n[");
	for (uint32_t i = 0; i < shape->field_count; i++) {
		struct bci_shape_field *field = &shape->fields[i];

		if (i != 0)
			*at++ = shape->delimiter;
		next = rows_cell(shape, field, at);
		if (BCI_UNLIKELY(next == NULL))
			return rows_fail(shape, field, err);
		at = next;
	}
	*at++ = shape->json ? ']' : '\n';
	*text = at;
	shape->row++;
	return BC_OK;
}

/* What opens or closes the text, if it is time for it. */
static char *
rows_around(struct bci_shape *shape, char *at)
{
	if (shape->part == BCI_SHAPE_HEAD) {
		memcpy(at, shape->head, shape->head_bytes);
		at += shape->head_bytes;
		shape->part = BCI_SHAPE_ROWS;
	}
	if (shape->part == BCI_SHAPE_TAIL) {
		if (shape->json)
			at = bci_shape_put(at, shape->options.preset != NULL
			                               ? "\n]\n"
			                               : "\n]}\n");
		shape->part = BCI_SHAPE_DONE;
	}
	return at;
}

enum bc_status
bci_shape_more(struct bci_shape *shape, char *text, size_t capacity,
               size_t *bytes, struct bc_error *err)
{
	uint64_t end = shape->frame.first + shape->frame.rows;
	enum bc_status status = BC_OK;
	char *at = text;

	BCI_ASSERT(capacity >= shape->room);
	at = rows_around(shape, at);
	while (shape->part == BCI_SHAPE_ROWS && status == BC_OK &&
	       capacity - (size_t)(at - text) >= shape->room) {
		if (shape->row == end && shape->frame.more)
			break;
		if (shape->row == end)
			shape->part = BCI_SHAPE_TAIL;
		else
			status = rows_row(shape, &at, err);
	}
	at = rows_around(shape, at);
	*bytes = status == BC_OK ? (size_t)(at - text) : 0;
	return status;
}

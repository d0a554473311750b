/* SPDX-License-Identifier: MIT */
/*
 * row.c - rows of delimited text into columns: the inner loop of csv.c.
 *
 * A cell is first taken to be bare, and to end as that of the row before did;
 * nearly all are and do.  Blanks, quotes, thousands, words for nothing are
 * looked for only where that fails, in row_cell.c.  The last line ends with an
 * end of a line, and bytes behind it can be read, so that nothing is checked
 * against the end of the text but by the slow ways.
 */
#include "common.h"

#include <math.h>

#include "alloc.h"
#include "number.h"
#include "row.h"

/* ------------------------------------------------------------------------ */
/*  What was put off                                                        */
/* ------------------------------------------------------------------------ */

/* Give each new text its code. */
static bool
row_settle_text(struct bci_row_reader *reader)
{
	const struct bc_allocator *allocator = &reader->table.allocator;
	char name[2 * BC_KEY_MAX + 2];
	size_t bytes = 0;
	bool renamed = false;

	for (uint32_t i = 0; i < reader->count; i++) {
		struct bci_row_field *field = &reader->fields[i];

		renamed |= field->open && field->op == BCI_ROW_SERIES;
		if (field->open && field->op == BCI_ROW_TEXT &&
		    bci_dictionary_code(&field->words, allocator,
		                        field->cell.text, field->cell.bytes,
		                        &field->code) != BC_OK)
			return false;
	}
	if (!renamed)
		return true;
	/* The symbol stands before the period, in whatever fields they are. */
	for (int part = BCI_ROLE_SYMBOL; part <= BCI_ROLE_PERIOD; part++) {
		for (uint32_t i = 0; i < reader->count; i++) {
			const struct bci_row_field *field = &reader->fields[i];

			if ((int)field->role != part)
				continue;
			memcpy(name + bytes, field->cell.text,
			       field->cell.bytes);
			bytes += field->cell.bytes;
		}
		name[bytes++] = '\0';
	}
	return bci_dictionary_code(&reader->names, allocator, name, bytes,
	                           &reader->code) == BC_OK;
}

/* Find the moments that a wall clock may mean; none is a fault. */
static bool
row_localize(struct bci_row_reader *reader)
{
	reader->moments = 1;
	if (reader->utc || reader->zone == NULL)
		return true;
	reader->moments = bci_zone_to_utc(reader->zone, reader->time_ns,
	                                  &reader->hint, reader->moment_ns);
	reader->time_ns = reader->moment_ns[0];
	reader->deferred |= reader->moments == 2;
	return reader->moments != 0;
}

/* Room for the place of each series. */
static bool
row_places(struct bci_row_reader *reader)
{
	uint32_t old = reader->place_capacity;
	uint64_t capacity = 2 * (uint64_t)reader->code + 16;
	void *grown;

	if (reader->code < old)
		return true;
	grown = bci_regrow(&reader->table.allocator, reader->places, old,
	                   capacity, sizeof(*reader->places));
	if (grown == NULL)
		return false;
	reader->places = grown;
	reader->place_capacity = (uint32_t)capacity;
	memset(reader->places + old, 0,
	       (capacity - old) * sizeof(*reader->places));
	return true;
}

/*
 * Of two moments take the earlier one, unless only the later one goes the way
 * of the rows; of two that do, the nearer one.
 */
static void
row_choose(struct bci_row_reader *reader, const struct bci_row_place *place)
{
	const int64_t *moment_ns = reader->moment_ns;

	if ((place->direction > 0 && moment_ns[0] <= place->time_ns &&
	     moment_ns[1] > place->time_ns) ||
	    (place->direction <= 0 && place->any &&
	     moment_ns[1] < place->time_ns))
		reader->time_ns = moment_ns[1];
}

static void
row_advance(struct bci_row_reader *reader, struct bci_row_place *place)
{
	if (place->any && reader->time_ns != place->time_ns)
		place->direction = reader->time_ns > place->time_ns ? 1 : -1;
	place->time_ns = reader->time_ns;
	place->any = true;
}

/* ------------------------------------------------------------------------ */
/*  Rows                                                                    */
/* ------------------------------------------------------------------------ */

/* Turn the rows of an i64 column into doubles, if that is without error. */
static bool
row_promote(struct bci_row_reader *reader, struct bci_row_field *field)
{
	uint64_t rows = reader->table.rows;
	const int64_t *from = field->data;

	for (; field->checked < rows; field->checked++)
		if (from[field->checked] > BCI_ROW_EXACT ||
		    from[field->checked] < -BCI_ROW_EXACT)
			return false;
	for (uint64_t i = 0; i < rows; i++) {
		double value = (double)from[i];

		memcpy((double *)field->data + i, &value, sizeof(value));
	}
	field->promoted = true;
	reader->table.columns[field->column].type = BC_F64;
	return true;
}

/* Whether each column that must become f64 can; the first that cannot. */
static bool
row_settle_counts(struct bci_row_reader *reader)
{
	for (uint32_t i = 0; i < reader->count; i++) {
		struct bci_row_field *field = &reader->fields[i];

		if (!field->absent)
			continue;
		if (!field->promoted && !row_promote(reader, field)) {
			reader->fault = BCI_ROW_EMPTY;
			reader->fault_field = i;
			return false;
		}
		((double *)field->data)[reader->table.rows] = NAN;
	}
	return true;
}

/* Forget what the cells of a row have put off. */
static void
row_clear(struct bci_row_reader *reader, bool kept)
{
	for (uint32_t i = 0; i < reader->count; i++) {
		struct bci_row_field *field = &reader->fields[i];

		field->absent = false;
		if (field->open && !kept)
			field->whole.bytes = 0;
		field->open = false;
	}
	reader->deferred = false;
}

/* Settle what the cells of a row have put off. */
static enum bci_row_end
row_settle(struct bci_row_reader *reader)
{
	if (!row_settle_counts(reader)) {
		row_clear(reader, false);
		return BCI_ROW_FAULT;
	}
	if (!row_settle_text(reader) ||
	    (reader->zone != NULL && !row_places(reader)))
		return BCI_ROW_NOMEM;
	for (uint32_t i = 0; i < reader->count; i++) {
		struct bci_row_field *field = &reader->fields[i];

		if (field->op == BCI_ROW_TEXT)
			((uint32_t *)field->data)[reader->table.rows] =
				field->code;
	}
	if (reader->moments == 2)
		row_choose(reader, &reader->places[reader->code]);
	row_clear(reader, true);
	return BCI_ROW_STOP;
}

/*
 * Put numbers into f64 columns as long as they are quick and such columns
 * follow.  Returns the beginning of the field that is then *field, which may
 * be the one that it was, or the one behind the last.
 */
static inline const char *
row_put_quick(const struct bci_row_reader *reader, struct bci_row_field **field,
              const char *at, uint64_t row)
{
	struct bci_row_field *to = *field;
	const char *end;
	double value;

	for (; to->op == BCI_ROW_F64; to++) {
		end = bci_number_quick(at, reader->point, &value);
		if (BCI_UNLIKELY(end == NULL || *end != to->stop))
			break;
		if (BCI_UNLIKELY(to->scaled))
			value /= reader->dialect->price_divisor;
		((double *)to->data)[row] = value;
		at = end + 1;
	}
	*field = to;
	return at;
}

/* Read the field at 'at'; returns its end, or NULL if the row is refused. */
static inline const char *
row_field(struct bci_row_reader *reader, struct bci_row_field *field,
          const char *at, uint64_t row)
{
	const char *end;
	int64_t value = 0;

	switch (field->op) {
	case BCI_ROW_UNIX:
		end = bci_integer_quick(at, &value);
		if (BCI_UNLIKELY(end == NULL || end != at + field->digits ||
		                 *end != field->stop || *at == '0' ||
		                 __builtin_mul_overflow(value, field->unit_ns,
		                                        &value)))
			break;
		reader->time_ns = value;
		reader->unit_ns = field->unit_ns;
		reader->utc = true;
		return end;
	case BCI_ROW_DAY:
		end = at + field->memo.bytes;
		if (BCI_UNLIKELY(!bci_form_date(&field->memo, at, &value) ||
		                 *end != field->stop ||
		                 !bci_time_join(value, 0, &value) ||
		                 __builtin_add_overflow(reader->time_ns, value,
		                                        &value)))
			break;
		reader->time_ns = value;
		return end;
	case BCI_ROW_I64:
		end = bci_integer_quick(at, &value);
		if (BCI_UNLIKELY(end == NULL || *end != field->stop ||
		                 field->promoted))
			break;
		((int64_t *)field->data)[row] = value;
		return end;
	case BCI_ROW_TEXT:
		((uint32_t *)field->data)[row] = field->code;
		break;
	default:
		break;
	}
	return bci_row_cell(reader, field, at);
}

/*
 * The beginning of the line behind the row whose last field ends at 'at', or
 * NULL.  Fields that are too many may be there if they are empty.
 */
static inline const char *
row_line_end(struct bci_row_reader *reader, const char *at, char delimiter)
{
	struct bci_field cell;

	while (BCI_UNLIKELY(*at == delimiter)) {
		at = bci_field_find(at + 1, reader->end, delimiter, &cell);
		if (cell.bytes != 0) {
			reader->fault = BCI_ROW_FIELDS;
			return NULL;
		}
	}
	at += *at == '\r';
	return at + (*at == '\n');
}

/* Read the row at 'at'; returns the next line, or NULL if it is refused. */
static inline const char *
row_row(struct bci_row_reader *reader, const char *at, char delimiter)
{
	struct bci_row_field *field = reader->fields;
	struct bci_row_field *last = field + reader->count - 1;
	uint64_t row = reader->table.rows;

	reader->time_ns = reader->base_ns;
	reader->utc = false;
	for (;; field++) {
		if (reader->quick) {
			at = row_put_quick(reader, &field, at, row);
			if (field > last)
				return at + (at[-1] == '\r' && *at == '\n');
		}
		at = row_field(reader, field, at, row);
		if (BCI_UNLIKELY(at == NULL))
			break;
		if (field == last)
			return row_line_end(reader, at, delimiter);
		if (BCI_UNLIKELY(*at++ != delimiter)) {
			reader->fault = BCI_ROW_FIELDS;
			break;
		}
	}
	reader->fault_field = (uint32_t)(field - reader->fields);
	return NULL;
}

/* Keep the row whose cells have been read. */
static inline enum bci_row_end
row_keep(struct bci_row_reader *reader)
{
	uint64_t row = reader->table.rows;
	enum bci_row_end end;

	if (BCI_UNLIKELY(!row_localize(reader))) {
		reader->fault = BCI_ROW_SKIPPED;
		reader->fault_field = reader->time_field;
		return BCI_ROW_FAULT;
	}
	if (BCI_UNLIKELY(reader->deferred)) {
		end = row_settle(reader);
		if (end != BCI_ROW_STOP)
			return end;
	}
	if (reader->zone != NULL)
		row_advance(reader, &reader->places[reader->code]);
	if (reader->series)
		reader->table.codes[row] = reader->code;
	if (BCI_UNLIKELY(row == 0))
		reader->first_unit_ns = reader->unit_ns;
	reader->last_unit_ns = reader->unit_ns;
	reader->table.time_ns[row] = reader->time_ns;
	reader->table.rows = row + 1;
	return BCI_ROW_STOP;
}

enum bci_row_end
bci_row_read(struct bci_row_reader *reader, const char **at, const char *stop,
             uint64_t *lines)
{
	enum bci_row_end end = BCI_ROW_STOP;
	char delimiter = reader->dialect->delimiter;
	const char *next;

	while (*at < stop) {
		if (BCI_UNLIKELY(**at == '#' || **at == '\n' || **at == '\r'))
			return BCI_ROW_IDLE;
		if (BCI_UNLIKELY(reader->table.rows == reader->capacity))
			return BCI_ROW_FULL;
		next = row_row(reader, *at, delimiter);
		end = next == NULL ? BCI_ROW_FAULT : row_keep(reader);
		if (BCI_UNLIKELY(end != BCI_ROW_STOP)) {
			row_clear(reader, false);
			return end;
		}
		*at = next;
		++*lines;
	}
	return end;
}

/* SPDX-License-Identifier: MIT */
/*
 * row_cell.c - cells of a row in any dress: what row.c does not do in passing.
 *
 * Columns are written where the next row belongs, and a row that is refused is
 * overwritten by the next one.  What cannot be overwritten, new strings and a
 * change of type, is put off until all cells of the row have been read.
 */
#include "common.h"

#include <math.h>

#include "amount.h"
#include "key.h"
#include "number.h"
#include "row.h"

/* What bc_put() takes. */
#define ROW_TEXT_MAX 65535

static bool
row_ends(const struct bci_row_reader *reader, const char *at)
{
	return bci_field_ends(at, reader->end, reader->dialect->delimiter);
}

/* Note why the row is refused. */
static const char *
row_refuse(struct bci_row_reader *reader, enum bci_row_fault fault)
{
	reader->fault = fault;
	return NULL;
}

/* ------------------------------------------------------------------------ */
/*  Numbers                                                                 */
/* ------------------------------------------------------------------------ */

/* What an absent number is: NaN, or a reason to refuse the row. */
static const char *
row_absent(struct bci_row_reader *reader, struct bci_row_field *field,
           const char *end)
{
	if (field->role == BCI_ROLE_PRICE)
		return row_refuse(reader, BCI_ROW_MISSING);
	if (field->type == BC_F64 || field->type == BC_F32)
		return end;
	if (field->type != BC_I64)
		return row_refuse(reader, BCI_ROW_EMPTY);
	field->absent = true;
	reader->deferred = true;
	return end;
}

/* The number at 'at' with blanks and quotes around it, or NULL. */
static const char *
row_wrapped(const struct bci_row_reader *reader, const char *at, double *out)
{
	char quote;
	const char *end;

	while (*at == ' ')
		at++;
	quote = *at;
	at += quote == '"';
	end = bci_number_quick(at, reader->point, out);
	if (end == NULL && *at == '-' && reader->point == '.') {
		end = bci_number_quick(at + 1, '.', out);
		*out = -*out;
	}
	if (end != NULL && quote == '"' && *end++ != '"')
		return NULL;
	return end;
}

/* The number at 'at' in any dress; NaN if it is absent. */
static const char *
row_number(struct bci_row_reader *reader, struct bci_row_field *field,
           const char *at, double *out)
{
	const struct bci_dialect *dialect = reader->dialect;
	struct bci_field cell;
	const char *end = NULL;

	if (reader->quick)
		end = row_wrapped(reader, at, out);
	if (end != NULL && row_ends(reader, end))
		return end;
	if (dialect->decimal == '.')
		end = bci_number_parse(at, reader->end, out);
	if (end != NULL && row_ends(reader, end) && isfinite(*out))
		return end;
	end = bci_field_find(at, reader->end, dialect->delimiter, &cell);
	switch (bci_amount_f64(&cell, dialect->decimal, dialect->grouping,
	                       out)) {
	case BCI_AMOUNT_VALUE:
		return end;
	case BCI_AMOUNT_ABSENT:
		*out = NAN;
		return row_absent(reader, field, end);
	default:
		return row_refuse(reader, BCI_ROW_NUMBER);
	}
}

/* The integer at 'at' in any dress; untouched if it is absent. */
static const char *
row_integer(struct bci_row_reader *reader, struct bci_row_field *field,
            const char *at, int64_t *out)
{
	const struct bci_dialect *dialect = reader->dialect;
	struct bci_field cell;
	const char *end = bci_integer_parse(at, reader->end, out);

	if (end != NULL && row_ends(reader, end))
		return end;
	end = bci_field_find(at, reader->end, dialect->delimiter, &cell);
	switch (bci_amount_i64(&cell, dialect->decimal, dialect->grouping,
	                       out)) {
	case BCI_AMOUNT_VALUE:
		return end;
	case BCI_AMOUNT_ABSENT:
		return row_absent(reader, field, end);
	case BCI_AMOUNT_UNFIT:
		return row_refuse(reader, BCI_ROW_UNFIT);
	default:
		return row_refuse(reader, BCI_ROW_NUMBER);
	}
}

/* Put a number into an f64 column. */
static const char *
row_put_number(struct bci_row_reader *reader, struct bci_row_field *field,
               const char *at)
{
	double value = 0;
	const char *end = row_number(reader, field, at, &value);

	if (field->scaled)
		value /= reader->dialect->price_divisor;
	((double *)field->data)[reader->table.rows] = value;
	return end;
}

/* Put an integer into an i64 column, or into one that became f64. */
static const char *
row_put_integer(struct bci_row_reader *reader, struct bci_row_field *field,
                const char *at)
{
	int64_t value = 0;
	const char *end = row_integer(reader, field, at, &value);

	if (!field->promoted) {
		((int64_t *)field->data)[reader->table.rows] = value;
		return end;
	}
	if (end != NULL && (value > BCI_ROW_EXACT || value < -BCI_ROW_EXACT))
		return row_refuse(reader, BCI_ROW_UNFIT);
	((double *)field->data)[reader->table.rows] = (double)value;
	return end;
}

/* Put a number into a column of 4 bytes or 1. */
static const char *
row_put_narrow(struct bci_row_reader *reader, struct bci_row_field *field,
               const char *at)
{
	uint64_t row = reader->table.rows;
	const char *end;
	int64_t value = 0;
	double real;

	if (field->type == BC_F32) {
		end = row_number(reader, field, at, &real);
		if (end != NULL && !isnan(real) && isinf((float)real))
			return row_refuse(reader, BCI_ROW_UNFIT);
		((float *)field->data)[row] = (float)real;
		return end;
	}
	end = row_integer(reader, field, at, &value);
	if (end == NULL)
		return NULL;
	if (field->type == BC_I32) {
		if (value < INT32_MIN || value > INT32_MAX)
			return row_refuse(reader, BCI_ROW_UNFIT);
		((int32_t *)field->data)[row] = (int32_t)value;
	} else {
		if (value < 0 || value > UINT8_MAX)
			return row_refuse(reader, BCI_ROW_UNFIT);
		((uint8_t *)field->data)[row] = (uint8_t)value;
	}
	return end;
}

/* ------------------------------------------------------------------------ */
/*  Text                                                                    */
/* ------------------------------------------------------------------------ */

/* Take a cell of text; one that repeats the row before has its code already. */
static const char *
row_text(struct bci_row_reader *reader, struct bci_row_field *field,
         const char *at)
{
	size_t bytes = field->whole.bytes;
	size_t most = field->op == BCI_ROW_SERIES ? BC_KEY_MAX : ROW_TEXT_MAX;
	const char *end;

	if (bytes != 0 && at[bytes] == field->stop &&
	    memcmp(at, field->whole.text, bytes) == 0)
		return at + bytes;
	end = bci_field_find(at, reader->end, reader->dialect->delimiter,
	                     &field->cell);
	/* Beyond the last row so many bytes can be compared. */
	bytes = (size_t)(end - at);
	if (bytes >= BCI_ROW_AHEAD || (*at == '"' && end[-1] != '"'))
		bytes = 0;
	field->whole = (struct bci_field){ at, bytes };
	field->open = reader->deferred = true;
	if (field->cell.bytes == 0 && field->role == BCI_ROLE_SYMBOL)
		return row_refuse(reader, BCI_ROW_EMPTY);
	if (field->cell.bytes > most ||
	    memchr(field->cell.text, '\0', field->cell.bytes) != NULL ||
	    !bci_utf8_valid(field->cell.text, field->cell.bytes))
		return row_refuse(reader, BCI_ROW_WORDS);
	return end;
}

/* ------------------------------------------------------------------------ */
/*  Moments                                                                 */
/* ------------------------------------------------------------------------ */

/* Take a moment or a part of one. */
static const char *
row_moment(struct bci_row_reader *reader, struct bci_row_field *field,
           const char *at)
{
	struct bci_field cell;
	int64_t part_ns;
	bool utc;
	const char *end = bci_form_parse(field->form, &field->memo, at,
	                                 reader->end, &part_ns, &utc);

	cell = (struct bci_field){ at, (size_t)(end - at) };
	if (end == NULL || !row_ends(reader, end)) {
		end = bci_field_find(at, reader->end,
		                     reader->dialect->delimiter, &cell);
		at = cell.text + cell.bytes;
		if (bci_form_parse(field->form, &field->memo, cell.text, at,
		                   &part_ns, &utc) != at)
			return row_refuse(reader, BCI_ROW_TIME);
	}
	if (__builtin_add_overflow(reader->time_ns, part_ns, &reader->time_ns))
		return row_refuse(reader, BCI_ROW_TIME);
	reader->utc |= utc;
	if (field->form->kind != BCI_FORM_TEXT) {
		reader->unit_ns = field->unit_ns = field->memo.unit_ns;
		/* As many digits are as large: the same unit. */
		field->digits = *cell.text > '0' && *cell.text <= '9'
		                        ? (int64_t)cell.bytes
		                        : 0;
	}
	return end;
}

/* Pass a field that is left out. */
static const char *
row_skip(const struct bci_row_reader *reader, const char *at)
{
	struct bci_field cell;
	const char *end = at;

	while (!bci_field_ends(end, reader->end, reader->dialect->delimiter)) {
		if (*end++ == '"')
			return bci_field_find(at, reader->end,
			                      reader->dialect->delimiter,
			                      &cell);
	}
	return end;
}

const char *
bci_row_cell(struct bci_row_reader *reader, struct bci_row_field *field,
             const char *at)
{
	switch (field->op) {
	case BCI_ROW_F64:
		return row_put_number(reader, field, at);
	case BCI_ROW_I64:
		return row_put_integer(reader, field, at);
	case BCI_ROW_NARROW:
		return row_put_narrow(reader, field, at);
	case BCI_ROW_UNIX:
	case BCI_ROW_DAY:
	case BCI_ROW_MOMENT:
		return row_moment(reader, field, at);
	case BCI_ROW_TEXT:
	case BCI_ROW_SERIES:
		return row_text(reader, field, at);
	default:
		return row_skip(reader, at);
	}
}

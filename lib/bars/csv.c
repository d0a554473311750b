/* SPDX-License-Identifier: MIT */
/*
 * csv.c - text rows to columns.
 *
 * One pass over the text, after one that counts its lines, so that every
 * column is allocated once.  A cell is first taken to be a bare number that
 * ends at the delimiter, which nearly all are; blanks, quotes and empty cells
 * are looked for only where that fails.  Nothing is guessed at: a file is
 * either parsed as a whole, exactly, or refused with the line at fault.
 */
#include "common.h"

#include <math.h>
#include <strings.h>

#include "alloc.h"
#include "check.h"
#include "csv.h"
#include "dialect.h"
#include "error.h"
#include "number.h"

/* What a row is parsed with. */
struct csv_parser {
	const struct bci_dialect *dialect;
	const char *end;
	double *cells[BCI_FIELDS_MAX]; /* the column of each field, or NULL */
	uint32_t fault;                /* the field that stopped the parser */
	int64_t time_ns, unit_ns;      /* of the last row */
};

/* ------------------------------------------------------------------------ */
/*  Cells                                                                   */
/* ------------------------------------------------------------------------ */

/* A number with blanks or quotes around it, or nothing where that may be. */
static const char *
csv_number_dressed(const struct csv_parser *parser, const char *at,
                   enum bci_field_role role, double *out)
{
	struct bci_field field;
	const char *end = bci_field_find(at, parser->end,
	                                 parser->dialect->delimiter, &field);

	if (field.bytes == 0 ||
	    (field.bytes == 4 && strncasecmp(field.text, "null", 4) == 0)) {
		*out = NAN;
		return role == BCI_FIELD_PRICE ? NULL : end;
	}
	if (bci_number_parse(field.text, field.text + field.bytes, out) !=
	    field.text + field.bytes)
		return NULL;
	return end;
}

static inline const char *
csv_number(const struct csv_parser *parser, const char *at,
           enum bci_field_role role, double *out)
{
	const char *end = bci_number_parse(at, parser->end, out);

	if (BCI_LIKELY(end != NULL &&
	               bci_field_ends(end, parser->end,
	                              parser->dialect->delimiter)))
		return end;
	return csv_number_dressed(parser, at, role, out);
}

/* A moment, or one of its halves. */
static const char *
csv_time_part(const char *at, const char *end, enum bci_field_role role,
              int64_t *time_ns, int64_t *unit_ns)
{
	if (role == BCI_FIELD_DATE)
		return bci_date_parse(at, end, time_ns);
	if (role == BCI_FIELD_CLOCK)
		return bci_clock_parse(at, end, time_ns);
	return bci_time_parse(at, end, time_ns, unit_ns);
}

/* Take a cell of the time; both halves of a moment are added up. */
static const char *
csv_time(struct csv_parser *parser, const char *at, enum bci_field_role role)
{
	char delimiter = parser->dialect->delimiter;
	struct bci_field field;
	int64_t part_ns;
	const char *end = csv_time_part(at, parser->end, role, &part_ns,
	                                &parser->unit_ns);

	if (end == NULL || !bci_field_ends(end, parser->end, delimiter)) {
		end = bci_field_find(at, parser->end, delimiter, &field);
		at = field.text + field.bytes;
		if (csv_time_part(field.text, at, role, &part_ns,
		                  &parser->unit_ns) != at)
			return NULL;
	}
	if (__builtin_add_overflow(parser->time_ns, part_ns, &parser->time_ns))
		return NULL;
	return end;
}

/* ------------------------------------------------------------------------ */
/*  Rows                                                                    */
/* ------------------------------------------------------------------------ */

/*
 * Parse the row at 'at' into row 'row' of the columns.  Returns the start of
 * the next line, or NULL with the field at fault in parser->fault.
 */
static const char *
csv_row(struct csv_parser *parser, const char *at, uint64_t row)
{
	const struct bci_dialect *dialect = parser->dialect;
	const char *end = parser->end;
	struct bci_field dropped;

	parser->time_ns = 0;
	for (uint32_t i = 0; i < dialect->field_count; i++) {
		enum bci_field_role role = dialect->roles[i];

		parser->fault = i;
		if (i != 0) {
			if (at == end || *at != dialect->delimiter)
				return NULL;
			at++;
		}
		if (role <= BCI_FIELD_NUMBER)
			at = csv_number(parser, at, role,
			                &parser->cells[i][row]);
		else if (role == BCI_FIELD_DROP)
			at = bci_field_find(at, end, dialect->delimiter,
			                    &dropped);
		else
			at = csv_time(parser, at, role);
		if (at == NULL)
			return NULL;
	}
	if (at < end && *at == '\r')
		at++;
	if (at < end && *at != '\n')
		return NULL;
	return at < end ? at + 1 : at;
}

/* Say in words why csv_row() refused the row at 'at'. */
static enum bc_status
csv_explain(const struct csv_parser *parser, const char *at, uint64_t line,
            struct bc_error *err)
{
	const struct bci_dialect *dialect = parser->dialect;
	struct bci_field field, fault = { at, 0 };
	uint32_t count = 0;
	char cell[32];
	size_t bytes;

	do {
		at = bci_field_find(at, parser->end, dialect->delimiter,
		                    &field);
		if (count++ == parser->fault)
			fault = field;
	} while (at < parser->end && *at++ == dialect->delimiter);
	if (count != dialect->field_count)
		return bci_fail_row(err, BC_INVALID, line,
		                    "line %llu has %u fields and not %u",
		                    (unsigned long long)line, count,
		                    dialect->field_count);
	bytes = bci_min(fault.bytes, sizeof(cell) - 1);
	for (size_t i = 0; i < bytes; i++)
		cell[i] = fault.text[i] >= 0x20 && fault.text[i] < 0x7f
		                  ? fault.text[i]
		                  : '?';
	cell[bytes] = '\0';
	return bci_fail_row(err, BC_INVALID, line,
	                    "line %llu, column %u (%s): '%s' is not a %s",
	                    (unsigned long long)line, parser->fault + 1,
	                    dialect->names[parser->fault], cell,
	                    dialect->roles[parser->fault] <= BCI_FIELD_NUMBER
	                            ? "number"
	                            : "time");
}

/* Whether nothing but ends of lines is left. */
static bool
csv_is_rest_blank(const char *at, const char *end)
{
	while (at < end && (*at == '\n' || *at == '\r'))
		at++;
	return at == end;
}

/* Put the time of row 'row' down; all rows must go the same way. */
static enum bc_status
csv_put_time(struct bci_csv *out, const struct csv_parser *parser, uint64_t row,
             struct bc_error *err)
{
	unsigned long long line = parser->dialect->line + row;
	int64_t time_ns = parser->time_ns;

	out->time_ns[row] = time_ns;
	if (row == 0) {
		out->unit_ns = parser->unit_ns;
		return BC_OK;
	}
	if (row == 1)
		out->descending = time_ns < out->time_ns[0];
	if (BCI_LIKELY(out->descending ? time_ns < out->time_ns[row - 1]
	                               : time_ns > out->time_ns[row - 1]))
		return BC_OK;
	return bci_fail_row(err, BC_ORDER, line,
	                    time_ns == out->time_ns[row - 1]
	                            ? "line %llu repeats the time of the line "
	                              "before it"
	                            : "line %llu goes back in time",
	                    line);
}

/* Parse all rows. */
static enum bc_status
csv_rows(struct csv_parser *parser, struct bci_csv *out, struct bc_error *err)
{
	const char *at = parser->dialect->rows;
	enum bc_status status = BC_OK;
	uint64_t row = 0;

	while (!csv_is_rest_blank(at, parser->end)) {
		const char *next = csv_row(parser, at, row);

		if (next == NULL)
			return csv_explain(parser, at,
			                   parser->dialect->line + row, err);
		BCI_TRY(csv_put_time(out, parser, row, err));
		at = next;
		row++;
	}
	out->rows = row;
done:
	return status;
}

/* ------------------------------------------------------------------------ */
/*  Columns                                                                 */
/* ------------------------------------------------------------------------ */

/* No file has more rows: by its lines, and by the least a row can be. */
static uint64_t
csv_count_lines(const struct bci_dialect *dialect, const char *end)
{
	const char *at = dialect->rows;
	uint64_t most, count = 1;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at++;
		count++;
	}
	most = (uint64_t)(end - dialect->rows) / dialect->field_count + 1;
	return bci_min(count, most);
}

/* Allocate the columns of 'dialect' for 'rows' rows. */
static enum bc_status
csv_allocate(const struct bci_dialect *dialect, uint64_t rows,
             struct csv_parser *parser, struct bci_csv *out)
{
	const struct bc_allocator *allocator = &out->allocator;
	uint32_t count = dialect->column_count;

	out->names = bci_zalloc(allocator, count, sizeof(*out->names));
	out->columns = bci_zalloc(allocator, count, sizeof(*out->columns));
	out->time_ns = bci_alloc(allocator, rows, sizeof(*out->time_ns));
	if (out->names == NULL || out->columns == NULL || out->time_ns == NULL)
		return BC_NOMEM;
	out->column_count = count;
	for (uint32_t i = 0, column = 0; i < dialect->field_count; i++) {
		if (dialect->roles[i] > BCI_FIELD_NUMBER)
			continue;
		strcpy(out->names[column], dialect->names[i]);
		out->columns[column] =
			bci_alloc(allocator, rows, sizeof(**out->columns));
		if (out->columns[column] == NULL)
			return BC_NOMEM;
		parser->cells[i] = out->columns[column++];
	}
	strcpy(out->time_name, dialect->time_name);
	out->header = dialect->header;
	return BC_OK;
}

/* Turn a file round that begins with its newest row. */
static void
csv_reverse(struct bci_csv *csv)
{
	for (uint64_t i = 0, j = csv->rows - 1; i < j; i++, j--) {
		int64_t time_ns = csv->time_ns[i];

		csv->time_ns[i] = csv->time_ns[j];
		csv->time_ns[j] = time_ns;
		for (uint32_t k = 0; k < csv->column_count; k++) {
			double value = csv->columns[k][i];

			csv->columns[k][i] = csv->columns[k][j];
			csv->columns[k][j] = value;
		}
	}
}

enum bc_status
bci_csv_parse(const struct bc_allocator *allocator, const char *text,
              size_t bytes, struct bci_csv *out, struct bc_error *err)
{
	struct csv_parser parser = { .end = text + bytes };
	struct bci_dialect *dialect;
	enum bc_status status = BC_NOMEM;

	memset(out, 0, sizeof(*out));
	out->allocator = *allocator;
	dialect = bci_alloc(allocator, 1, sizeof(*dialect));
	if (dialect == NULL)
		goto done;
	parser.dialect = dialect;
	BCI_TRY(bci_dialect_find(text, bytes, dialect, err));
	BCI_TRY(csv_allocate(dialect, csv_count_lines(dialect, parser.end),
	                     &parser, out));
	BCI_TRY(csv_rows(&parser, out, err));
	if (out->descending)
		csv_reverse(out);
done:
	if (status == BC_NOMEM)
		bci_fail(err, status, "no memory for the columns of a file");
	if (status != BC_OK)
		bci_csv_free(out);
	bci_free(allocator, dialect);
	return status;
}

void
bci_csv_free(struct bci_csv *csv)
{
	for (uint32_t i = 0; i < csv->column_count; i++)
		bci_free(&csv->allocator, csv->columns[i]);
	bci_free(&csv->allocator, csv->columns);
	bci_free(&csv->allocator, csv->names);
	bci_free(&csv->allocator, csv->time_ns);
	memset(csv, 0, sizeof(*csv));
}

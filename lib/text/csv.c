/* SPDX-License-Identifier: MIT */
/*
 * csv.c - rows of delimited text to columns, by a dialect that is known.
 *
 * What is done with each field is decided once; row.c then reads row by row.
 * It looks a few bytes ahead without checking where the text ends, so the last
 * lines are copied to memory with room behind them and read there; the text
 * itself, which may be a mapped file, is never read beyond its end.
 *
 * The number of rows is estimated from the lines at the beginning.  Where there
 * are more, room is made by what they were like so far, so that a column is
 * copied a few times at most.  Memory that is not needed was never touched.
 */
#include "common.h"

#include <stdio.h>

#include "alloc.h"
#include "check.h"
#include "control.h"
#include "csv.h"
#include "error.h"
#include "mapping.h"
#include "row.h"

/* Rows are estimated from so many bytes. */
#define CSV_SAMPLE 16384

struct bci_csv {
	struct bci_row_reader reader;
	const char *text; /* the caller's */
	size_t bytes;
	const char *at; /* the line that comes next, in it or in the tail */
	uint64_t line;  /* its number */
	char *tail;     /* a copy of the last lines */
	size_t tail_bytes;
	size_t tail_at; /* where they begin in the text */
	bool in_tail;
	struct bci_csv_report report;
};

/* ------------------------------------------------------------------------ */
/*  Beginning                                                               */
/* ------------------------------------------------------------------------ */

/* The end of the line that 'at' is in, without what ends it. */
static const char *
csv_line_end(const char *at, const char *end)
{
	while (at < end && *at != '\n' && *at != '\r')
		at++;
	return at;
}

static enum bci_row_op
csv_op(const struct bci_dialect_field *field, const struct bci_form *form)
{
	switch (field->role) {
	case BCI_ROLE_TIME:
	case BCI_ROLE_DATE:
	case BCI_ROLE_CLOCK:
		if (form->kind == BCI_FORM_UNIX && field->role == BCI_ROLE_TIME)
			return BCI_ROW_UNIX;
		return form->kind == BCI_FORM_TEXT &&
		                       form->date_count == form->count
		               ? BCI_ROW_DAY
		               : BCI_ROW_MOMENT;
	case BCI_ROLE_SYMBOL:
	case BCI_ROLE_PERIOD:
		return BCI_ROW_SERIES;
	case BCI_ROLE_DROP:
		return BCI_ROW_SKIP;
	default:
		break;
	}
	switch (field->type) {
	case BC_F64:
		return BCI_ROW_F64;
	case BC_I64:
		return BCI_ROW_I64;
	case BC_TEXT:
		return BCI_ROW_TEXT;
	default:
		return BCI_ROW_NARROW;
	}
}

/* Plan what is done with each field. */
static void
csv_plan(struct bci_csv *csv)
{
	struct bci_row_reader *reader = &csv->reader;
	const struct bci_dialect *dialect = reader->dialect;
	const char *end = csv->text + csv->bytes;
	const char *line_end = csv_line_end(csv->at, end);
	uint32_t column = 0;
	bool dated = false;

	for (uint32_t i = 0; i < reader->count; i++) {
		const struct bci_dialect_field *from = &dialect->fields[i];
		struct bci_row_field *field = &reader->fields[i];

		field->form = from->role == BCI_ROLE_CLOCK ? &dialect->clock
		                                           : &dialect->time;
		field->op = csv_op(from, field->form);
		field->role = from->role;
		field->type = from->type;
		field->stop = dialect->delimiter;
		if (i + 1 == reader->count)
			field->stop = line_end < end ? *line_end : '\n';
		if (bci_role_is_kept(from->role))
			field->column = column++;
		if (from->role == BCI_ROLE_PRICE && dialect->price_divisor != 1)
			field->scaled = true;
		/* A market may have nobody on one side. */
		if (from->role == BCI_ROLE_PRICE &&
		    (strncmp(from->name, "bid_", 4) == 0 ||
		     strncmp(from->name, "ask_", 4) == 0))
			field->role = BCI_ROLE_VALUE;
		if (field->op == BCI_ROW_SERIES)
			reader->series = true;
		if (from->role >= BCI_ROLE_TIME &&
		    from->role <= BCI_ROLE_CLOCK) {
			dated = dated || field->form->dated;
			reader->time_field = i;
		}
	}
	reader->base_ns = dated ? 0 : dialect->day_ns;
	reader->point = dialect->decimal;
	/* A decimal mark that is the delimiter, too, stands in quotes only. */
	reader->quick = dialect->decimal != dialect->delimiter;
}

/* Make room for 'capacity' elements at *array. */
static bool
csv_grow(struct bci_row_reader *reader, void **array, uint64_t capacity,
         size_t bytes)
{
	struct bci_table *table = &reader->table;
	void *grown = bci_alloc(&table->allocator, capacity, bytes);

	if (grown == NULL)
		return false;
	/* Before it is touched: a third of all time went to page faults. */
	bci_map_large(grown, capacity * bytes);
	if (table->rows != 0)
		memcpy(grown, *array, table->rows * bytes);
	bci_free(&table->allocator, *array);
	*array = grown;
	return true;
}

/* Make room for 'capacity' rows. */
static enum bc_status
csv_reserve(struct bci_row_reader *reader, uint64_t capacity)
{
	struct bci_table *table = &reader->table;
	void *array = table->time_ns;
	bool done = csv_grow(reader, &array, capacity, sizeof(int64_t));

	table->time_ns = array;
	if (done && reader->series) {
		array = table->codes;
		done = csv_grow(reader, &array, capacity, sizeof(uint32_t));
		table->codes = array;
	}
	for (uint32_t i = 0; done && i < reader->count; i++) {
		struct bci_row_field *field = &reader->fields[i];

		if (!bci_role_is_kept(field->role))
			continue;
		done = csv_grow(reader, &field->data, capacity,
		                bc_type_bytes(field->type));
		table->columns[field->column].data = field->data;
	}
	if (done)
		reader->capacity = capacity;
	return done ? BC_OK : BC_NOMEM;
}

/*
 * Make room for the rows of the 'rest' bytes that follow, if 'rows' rows took
 * 'past' bytes.
 */
static enum bc_status
csv_reserve_rest(struct bci_csv *csv, uint64_t rows, size_t past, size_t rest)
{
	double more = (double)rest * (double)(rows + 1) / (double)(past + 1);

	return csv_reserve(&csv->reader, csv->reader.table.rows + 64 +
	                                         (uint64_t)(more * 1.05));
}

/* Allocate the columns. */
static enum bc_status
csv_allocate(struct bci_csv *csv)
{
	struct bci_row_reader *reader = &csv->reader;
	const struct bci_dialect *dialect = reader->dialect;
	struct bci_table *table = &reader->table;
	size_t rest = csv->bytes - dialect->rows_at;
	size_t past = bci_min(rest, CSV_SAMPLE);
	uint64_t lines = 0;

	/* One more, which ends a run of columns. */
	reader->fields = bci_zalloc(&table->allocator,
	                            (uint64_t)dialect->field_count + 1,
	                            sizeof(*reader->fields));
	table->columns = bci_zalloc(&table->allocator, dialect->column_count,
	                            sizeof(*table->columns));
	if (reader->fields == NULL || table->columns == NULL)
		return BC_NOMEM;
	reader->count = dialect->field_count;
	table->column_count = dialect->column_count;
	csv_plan(csv);
	for (uint32_t i = 0; i < reader->count; i++) {
		struct bci_row_field *field = &reader->fields[i];
		struct bci_table_column *column =
			&table->columns[field->column];

		if (!bci_role_is_kept(field->role))
			continue;
		memcpy(column->name, dialect->fields[i].name,
		       sizeof(column->name));
		column->type = field->type;
	}
	if (reader->zone != NULL) {
		reader->place_capacity = 1;
		reader->places = bci_zalloc(&table->allocator, 1,
		                            sizeof(*reader->places));
		if (reader->places == NULL)
			return BC_NOMEM;
	}
	for (size_t i = 0; i < past; i++)
		lines += csv->at[i] == '\n' || csv->at[i] == '\r';
	return csv_reserve_rest(csv, lines, past, rest);
}

/*
 * Copy the lines that end within BCI_ROW_AHEAD bytes of the end of the text;
 * what is left of the text can be read that far beyond its last line.
 */
static enum bc_status
csv_cut_tail(struct bci_csv *csv)
{
	const char *end = csv->text + csv->bytes, *from = csv->at;

	if (BCI_CONTROL(tail_in_place))
		from = end;
	else if (end - csv->at > BCI_ROW_AHEAD)
		for (from = end - BCI_ROW_AHEAD;
		     from > csv->at && from[-1] != '\n' &&
		     (from[-1] != '\r' || *from == '\n');
		     from--)
			;
	csv->tail_at = (size_t)(from - csv->text);
	csv->tail_bytes = (size_t)(end - from);
	csv->tail = bci_zalloc(&csv->reader.table.allocator,
	                       csv->tail_bytes + 1 + BCI_ROW_AHEAD, 1);
	if (csv->tail == NULL)
		return BC_NOMEM;
	if (from < end) {
		memcpy(csv->tail, from, csv->tail_bytes);
		if (end[-1] != '\n')
			csv->tail[csv->tail_bytes++] = '\n';
	}
	csv->reader.end = from;
	return BC_OK;
}

enum bc_status
bci_csv_begin(const struct bc_allocator *allocator, const char *text,
              size_t bytes, const struct bci_dialect *dialect,
              const struct bci_zone *zone, struct bci_csv **out,
              struct bc_error *err)
{
	struct bci_csv *csv = bci_zalloc(allocator, 1, sizeof(*csv));
	enum bc_status status = BC_NOMEM;

	*out = NULL;
	if (csv == NULL)
		goto done;
	csv->reader.table.allocator = *allocator;
	csv->reader.dialect = dialect;
	if (zone != NULL && (zone->count > 1 || zone->changes[0].ahead_ns != 0))
		csv->reader.zone = zone;
	csv->text = text;
	csv->bytes = bytes;
	csv->at = text + dialect->rows_at;
	csv->line = dialect->line;
	BCI_TRY(csv_allocate(csv));
	BCI_TRY(csv_cut_tail(csv));
	*out = csv;
	csv = NULL;
done:
	bci_csv_abort(csv);
	if (status != BC_OK)
		bci_fail(err, status, "no memory for the columns of a file");
	return status;
}

/* ------------------------------------------------------------------------ */
/*  Bad rows                                                                */
/* ------------------------------------------------------------------------ */

/* Whether a line is no row at all: it repeats the header, or is empty. */
static bool
csv_is_idle(const struct bci_csv *csv, const char *end)
{
	const struct bci_dialect *dialect = csv->reader.dialect;
	const char *at = csv->at;
	struct bci_field field;

	if (dialect->header && (size_t)(end - at) == dialect->header_bytes &&
	    memcmp(at, csv->text + dialect->header_at, dialect->header_bytes) ==
	            0)
		return true;
	for (;; at++) {
		at = bci_field_find(at, end, dialect->delimiter, &field);
		if (field.bytes != 0)
			return false;
		if (at == end)
			return true;
	}
}

/* The bytes of a cell that can be printed, with quotes. */
static void
csv_quote(const struct bci_field *cell, char text[40])
{
	size_t bytes = bci_min(cell->bytes, 32);
	char *at = text;

	*at++ = '\'';
	for (size_t i = 0; i < bytes; i++)
		*at++ = cell->text[i] >= 0x20 && cell->text[i] < 0x7f
		                ? cell->text[i]
		                : '?';
	if (bytes < cell->bytes)
		at += sprintf(at, "...");
	strcpy(at, "'");
}

/* Say in words what is wrong with field 'index' of the line. */
static void
csv_explain(const struct bci_csv *csv, const struct bci_field *cell,
            char *reason, size_t bytes)
{
	const struct bci_row_reader *reader = &csv->reader;
	uint32_t index = reader->fault_field;
	const struct bci_dialect_field *field = &reader->dialect->fields[index];
	const char *name = field->name[0] != '\0' ? field->name : field->label;
	char text[40], what[40] = "";

	csv_quote(cell, text);
	switch (reader->fault) {
	case BCI_ROW_MISSING:
		snprintf(what, sizeof(what), "is no price");
		break;
	case BCI_ROW_UNFIT:
		snprintf(what, sizeof(what), "does not fit %s",
		         bc_type_name(field->type));
		break;
	case BCI_ROW_EMPTY:
		snprintf(what, sizeof(what), "says nothing");
		break;
	case BCI_ROW_TIME:
		snprintf(what, sizeof(what), "is not a time");
		break;
	case BCI_ROW_SKIPPED:
		snprintf(what, sizeof(what), "is a time that clocks skipped");
		break;
	case BCI_ROW_WORDS:
		snprintf(what, sizeof(what), "is not a text to keep");
		break;
	default:
		snprintf(what, sizeof(what), "is not a number");
	}
	snprintf(reason, bytes, "column %u%s%s%s: %s %s", index + 1,
	         name[0] != '\0' ? " (" : "", name, name[0] != '\0' ? ")" : "",
	         text, what);
}

/* Count and describe the bad row that ends at 'end'. */
static void
csv_reject(struct bci_csv *csv, const char *end)
{
	const struct bci_dialect *dialect = csv->reader.dialect;
	struct bci_csv_report *report = &csv->report;
	const char *at = csv->at;
	struct bci_field field, cell = { at, 0 };
	struct bci_csv_fault fault = { .line = csv->line };
	uint32_t fields = 0, used = 0;

	for (;; at++) {
		at = bci_field_find(at, end, dialect->delimiter, &field);
		if (fields == csv->reader.fault_field)
			cell = field;
		fields++;
		if (field.bytes != 0 || fields <= dialect->field_count)
			used = fields;
		if (at == end)
			break;
	}
	if (used != dialect->field_count) {
		snprintf(fault.reason, sizeof(fault.reason),
		         "has %u field%s and not %u", fields,
		         fields == 1 ? "" : "s", dialect->field_count);
	} else {
		fault.missing = csv->reader.fault == BCI_ROW_MISSING;
		csv_explain(csv, &cell, fault.reason, sizeof(fault.reason));
	}
	report->missing += fault.missing;
	report->unreadable += !fault.missing;
	if (report->fault_count < BCI_CSV_FAULTS)
		report->faults[report->fault_count++] = fault;
}

/* Pass a line that is no row. */
static void
csv_pass(struct bci_csv *csv, bool fault)
{
	const char *end = csv_line_end(csv->at, csv->reader.end);

	if (fault && !csv_is_idle(csv, end))
		csv_reject(csv, end);
	csv->at = bci_line_next(end, csv->reader.end);
	csv->line++;
}

/* ------------------------------------------------------------------------ */
/*  Reading                                                                 */
/* ------------------------------------------------------------------------ */

/* How much of the caller's text has been read. */
static size_t
csv_used(const struct bci_csv *csv)
{
	if (!csv->in_tail)
		return (size_t)(csv->at - csv->text);
	/* The tail may have one byte more than the text. */
	return bci_min(csv->tail_at + (size_t)(csv->at - csv->tail),
	               csv->bytes);
}

/* Read the lines up to 'stop'. */
static enum bc_status
csv_read(struct bci_csv *csv, const char *stop)
{
	struct bci_row_reader *reader = &csv->reader;
	size_t used;

	while (csv->at < stop) {
		switch (bci_row_read(reader, &csv->at, stop, &csv->line)) {
		case BCI_ROW_STOP:
			return BC_OK;
		case BCI_ROW_IDLE:
			csv_pass(csv, false);
			break;
		case BCI_ROW_FAULT:
			csv_pass(csv, true);
			break;
		case BCI_ROW_FULL:
			used = csv_used(csv);
			if (csv_reserve_rest(csv, reader->table.rows,
			                     used - reader->dialect->rows_at,
			                     csv->bytes - used) != BC_OK)
				return BC_NOMEM;
			break;
		default:
			return BC_NOMEM;
		}
	}
	return BC_OK;
}

/* Hand the names of the series over to the table. */
static enum bc_status
csv_finish_series(struct bci_csv *csv)
{
	struct bci_row_reader *reader = &csv->reader;
	struct bci_table *table = &reader->table;
	struct bci_dictionary *names = &reader->names;

	if (names->count == 0 || table->series != NULL)
		return BC_OK;
	table->series = bci_zalloc(&table->allocator, names->count,
	                           sizeof(*table->series));
	if (table->series == NULL)
		return BC_NOMEM;
	table->series_count = names->count;
	for (uint32_t i = 0; i < names->count; i++) {
		char *symbol = names->strings[i];

		table->series[i].symbol = symbol;
		table->series[i].period = symbol + strlen(symbol) + 1;
	}
	names->count = 0;
	if (table->series_count > 1)
		return bci_table_index(table, NULL);
	bci_free(&table->allocator, table->codes);
	table->codes = NULL;
	return BC_OK;
}

/* Hand the strings over to the table. */
static enum bc_status
csv_finish(struct bci_csv *csv)
{
	struct bci_row_reader *reader = &csv->reader;

	for (uint32_t i = 0; i < reader->count; i++) {
		struct bci_row_field *field = &reader->fields[i];
		struct bci_table_column *column;

		if (field->op != BCI_ROW_TEXT || field->words.count == 0)
			continue;
		column = &reader->table.columns[field->column];
		column->dictionary = (const char **)field->words.strings;
		column->dictionary_count = field->words.count;
		field->words.strings = NULL;
		field->words.count = 0;
	}
	return csv_finish_series(csv);
}

enum bc_status
bci_csv_more(struct bci_csv *csv, size_t bytes, size_t *used, bool *done,
             struct bc_error *err)
{
	const char *end = csv->reader.end;
	enum bc_status status = BC_OK;

	if (csv->at == end && !csv->in_tail) {
		csv->in_tail = true;
		csv->at = csv->tail;
		csv->reader.end = end = csv->tail + csv->tail_bytes;
	}
	bytes = bci_min(bci_max(bytes, 1), (size_t)(end - csv->at));
	BCI_TRY(csv_read(csv, csv->at + bytes));
	*done = csv->at == end && csv->in_tail;
	*used = csv_used(csv);
	if (*done)
		BCI_TRY(csv_finish(csv));
done:
	if (status != BC_OK)
		bci_fail(err, status, "no memory for the rows of a file");
	return status;
}

void
bci_csv_end(struct bci_csv *csv, struct bci_table *table,
            struct bci_csv_report *report)
{
	*report = csv->report;
	report->rows =
		csv->reader.table.rows + report->unreadable + report->missing;
	report->unit_ns = csv->reader.first_unit_ns;
	report->last_unit_ns = csv->reader.last_unit_ns;
	*table = csv->reader.table;
	csv->reader.table = (struct bci_table){ .allocator = table->allocator };
	bci_csv_abort(csv);
}

void
bci_csv_abort(struct bci_csv *csv)
{
	struct bc_allocator allocator;

	if (csv == NULL)
		return;
	allocator = csv->reader.table.allocator;
	for (uint32_t i = 0; i < csv->reader.count; i++)
		bci_dictionary_free(&csv->reader.fields[i].words, &allocator);
	bci_dictionary_free(&csv->reader.names, &allocator);
	bci_table_free(&csv->reader.table);
	bci_free(&allocator, csv->reader.places);
	bci_free(&allocator, csv->reader.fields);
	bci_free(&allocator, csv->tail);
	bci_free(&allocator, csv);
}

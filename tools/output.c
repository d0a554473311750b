/* SPDX-License-Identifier: MIT */
/*
 * output.c - tables, CSV, "name value" lines and JSON on standard output.
 *
 * A table is not held in memory: its cells are asked for twice, once for the
 * widths of the columns and once for printing, so that a frame of a million
 * rows costs no more than a small one.  Text that comes out of a cache may
 * hold anything; a terminal gets no control characters from here.
 */
#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define OUTPUT_PAIR_INDENT 18

bool
output_is_terminal(void)
{
	return isatty(STDOUT_FILENO) != 0;
}

/*
 * The errno of the first failure is kept: it is right if this is asked soon
 * after writing, and closing the stream later may succeed without a word.
 */
bool
output_failed(int *os_errno)
{
	static int first;

	if (ferror(stdout) && first == 0)
		first = errno;
	if (os_errno != NULL)
		*os_errno = first;
	return ferror(stdout) != 0;
}

enum output_format
output_format_default(void)
{
	return output_is_terminal() ? OUTPUT_TABLE : OUTPUT_CSV;
}

/* How many characters: bytes that do not continue a character. */
static size_t
output_width(struct output_cell cell)
{
	size_t i, width = 0;

	for (i = 0; i < cell.bytes; ++i)
		width += ((unsigned char)cell.text[i] & 0xC0) != 0x80;
	return width;
}

void
output_text(FILE *file, const char *text, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; ++i) {
		unsigned char byte = (unsigned char)text[i];

		/* U+0080 to U+009F, C2 80 to C2 9F, are controls too. */
		if (byte == 0xC2 && i + 1 < bytes &&
		    (unsigned char)text[i + 1] < 0xA0) {
			++i;
			byte = '?';
		} else if (byte < 0x20 || byte == 0x7F) {
			byte = '?';
		}
		putc(byte, file);
	}
}

void
output_line(const char *text)
{
	if (output_is_terminal())
		output_text(stdout, text, strlen(text));
	else
		fputs(text, stdout);
	putchar('\n');
}

/* A field of CSV, quoted if it must be. */
static void
output_csv_field(struct output_cell cell)
{
	size_t i;

	for (i = 0; i < cell.bytes; ++i)
		if (strchr(",\"\r\n", cell.text[i]) != NULL)
			break;
	if (i == cell.bytes) {
		fwrite(cell.text, 1, cell.bytes, stdout);
		return;
	}
	putchar('"');
	for (i = 0; i < cell.bytes; ++i) {
		if (cell.text[i] == '"')
			putchar('"');
		putchar(cell.text[i]);
	}
	putchar('"');
}

/* The name of a column as a cell. */
static struct output_cell
output_name(const struct output_table *table, uint32_t column)
{
	const char *name = table->columns[column].name;

	return (struct output_cell){ name, strlen(name) };
}

static void
output_csv(const struct output_table *table)
{
	char text[OUTPUT_CELL_TEXT];
	uint64_t row;
	uint32_t i;

	for (i = 0; i < table->column_count; ++i) {
		if (i != 0)
			putchar(',');
		output_csv_field(output_name(table, i));
	}
	putchar('\n');
	for (row = 0; row < table->rows && !output_failed(NULL); ++row) {
		for (i = 0; i < table->column_count; ++i) {
			if (i != 0)
				putchar(',');
			output_csv_field(
				table->cell(table->context, row, i, text));
		}
		putchar('\n');
	}
}

/* Print a cell in its column; nothing behind the last one. */
static void
output_aligned(const struct output_table *table, uint32_t column,
               struct output_cell cell, size_t width)
{
	int fill = (int)(width - output_width(cell));

	if (column != 0)
		fputs("  ", stdout);
	if (table->columns[column].right)
		printf("%*s", fill, "");
	output_text(stdout, cell.text, cell.bytes);
	if (!table->columns[column].right && column + 1 < table->column_count)
		printf("%*s", fill, "");
}

static void
output_columns(const struct output_table *table)
{
	size_t *widths = tool_alloc(table->column_count, sizeof(*widths));
	char text[OUTPUT_CELL_TEXT];
	uint64_t row;
	uint32_t i;

	for (i = 0; i < table->column_count; ++i)
		widths[i] = output_width(output_name(table, i));
	for (row = 0; row < table->rows; ++row)
		for (i = 0; i < table->column_count; ++i) {
			size_t width = output_width(
				table->cell(table->context, row, i, text));

			if (width > widths[i])
				widths[i] = width;
		}
	for (i = 0; i < table->column_count; ++i)
		output_aligned(table, i, output_name(table, i), widths[i]);
	putchar('\n');
	for (row = 0; row < table->rows && !output_failed(NULL); ++row) {
		for (i = 0; i < table->column_count; ++i)
			output_aligned(
				table, i,
				table->cell(table->context, row, i, text),
				widths[i]);
		putchar('\n');
	}
	free(widths);
}

void
output_table(const struct output_table *table, enum output_format format)
{
	if (format == OUTPUT_CSV)
		output_csv(table);
	else
		output_columns(table);
}

void
output_rows_add(struct output_rows *rows, const char *text)
{
	size_t bytes = strlen(text) + 1;

	rows->cells = tool_grow(rows->cells, rows->count, sizeof(char *));
	rows->cells[rows->count] = tool_alloc(bytes, 1);
	memcpy(rows->cells[rows->count++], text, bytes);
}

/* What output_rows_print() walks over. */
struct output_rows_context {
	const struct output_rows *rows;
	uint32_t column_count;
};

static struct output_cell
output_rows_cell(void *context, uint64_t row, uint32_t column,
                 char text[OUTPUT_CELL_TEXT])
{
	const struct output_rows_context *at = context;
	const char *cell = at->rows->cells[row * at->column_count + column];

	(void)text;
	return (struct output_cell){ cell, strlen(cell) };
}

void
output_rows_print(struct output_rows *rows, const struct output_column *columns,
                  uint32_t column_count, enum output_format format)
{
	struct output_rows_context context = { rows, column_count };
	struct output_table table = {
		.columns = columns,
		.column_count = column_count,
		.rows = rows->count / column_count,
		.cell = output_rows_cell,
		.context = &context,
	};
	size_t i;

	output_table(&table, format);
	for (i = 0; i < rows->count; ++i)
		free(rows->cells[i]);
	free(rows->cells);
	*rows = (struct output_rows){ 0 };
}

void
output_pair(const char *name, const char *format, ...)
{
	va_list values;
	char *text = NULL;
	int bytes;

	va_start(values, format);
	bytes = vasprintf(&text, format, values);
	va_end(values);
	if (bytes < 0) {
		tool_say("out of memory");
		exit(TOOL_CANNOT);
	}
	printf("%-*s", OUTPUT_PAIR_INDENT, name);
	output_text(stdout, text, (size_t)bytes);
	putchar('\n');
	free(text);
}

void
output_add(json_t *object, const char *name, json_t *value)
{
	/* Without memory 'object' or 'value' is NULL, which fails too. */
	if (json_object_set_new(object, name, value) == 0)
		return;
	tool_say("out of memory");
	exit(TOOL_CANNOT);
}

json_t *
output_json_text(const char *text)
{
	json_t *string;
	char *copy, *at;

	if (text == NULL)
		return json_null();
	string = json_string(text);
	if (string != NULL)
		return string;
	copy = tool_copy(text);
	for (at = copy; *at != '\0'; ++at)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

void
output_add_text(json_t *object, const char *name, const char *text)
{
	output_add(object, name, output_json_text(text));
}

void
output_add_count(json_t *object, const char *name, uint64_t count)
{
	output_add(object, name, json_integer((json_int_t)count));
}

void
output_add_ns(json_t *object, const char *name, bool known, int64_t ns)
{
	output_add(object, name, known ? json_integer(ns) : json_null());
}

void
output_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(value);
}

void
output_json_list(json_t *object, const char *name)
{
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (text == NULL) {
		tool_say("out of memory for JSON");
		exit(TOOL_CANNOT);
	}
	printf("%.*s,\"%s\":[", (int)strlen(text) - 1, text, name);
	free(text);
}

void
output_add_counts(json_t *object, const struct bc_counts *counts)
{
	output_add_count(object, "inserted", counts->inserted);
	output_add_count(object, "updated", counts->updated);
	output_add_count(object, "identical", counts->identical);
	output_add_count(object, "conflicting", counts->conflicting);
	output_add_count(object, "suspect", counts->suspect);
	output_add_count(object, "rejected", counts->rejected);
}

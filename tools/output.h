/* SPDX-License-Identifier: MIT */
/*
 * output.h - what commands print: tables, CSV, lines of "name value", JSON.
 */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include "barcache.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum output_format { OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_JSON, OUTPUT_RAW };

/* A cell: text that need not be terminated. */
struct output_cell {
	const char *text;
	size_t bytes;
};

#define OUTPUT_CELL_TEXT 48 /* room for a number or a time */

/*
 * The text of a cell.  It may be written to 'text' and need only live until
 * the next call; a table is walked twice.
 */
typedef struct output_cell output_cell_function(void *context, uint64_t row,
                                                uint32_t column,
                                                char text[OUTPUT_CELL_TEXT]);

struct output_column {
	const char *name;
	bool right; /* aligned to the right, as numbers are */
};

struct output_table {
	const struct output_column *columns;
	uint32_t column_count;
	uint64_t rows;
	output_cell_function *cell;
	void *context;
};

/* Whether standard output is a terminal. */
bool output_is_terminal(void);

/* Whether standard output has failed, and with which errno (0: unknown). */
bool output_failed(int *os_errno);

/* Aligned columns on a terminal, CSV elsewhere. */
enum output_format output_format_default(void);

/* Print a table, aligned or as CSV (RFC 4180, but with bare newlines). */
void output_table(const struct output_table *table, enum output_format format);

/*
 * Rows that are gathered before they are printed: 'cells' holds rows *
 * column_count texts of its own.
 */
struct output_rows {
	char **cells;
	size_t count;
};

/* Append one cell; it is copied. */
void output_rows_add(struct output_rows *rows, const char *text);

/* Print and free the rows. */
void output_rows_print(struct output_rows *rows,
                       const struct output_column *columns,
                       uint32_t column_count, enum output_format format);

/* One line "name   value". */
void output_pair(const char *name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Text for a terminal: control characters become '?'. */
void output_text(FILE *file, const char *text, size_t bytes);

/* A line of text; control characters become '?' on a terminal only. */
void output_line(const char *text);

/*
 * Members of JSON objects.  Each call takes over 'value', and ends the run if
 * there is no memory.  A text that is NULL is null, and bytes of it that are
 * not UTF-8 become '?'.
 */
void output_add(json_t *object, const char *name, json_t *value);
void output_add_text(json_t *object, const char *name, const char *text);
void output_add_count(json_t *object, const char *name, uint64_t count);

/* What became of rows: a member for each of the counts. */
void output_add_counts(json_t *object, const struct bc_counts *counts);

/* An integer of nanoseconds, or null if 'known' is false. */
void output_add_ns(json_t *object, const char *name, bool known, int64_t ns);

/* A text as it is added to an object, for a list. */
json_t *output_json_text(const char *text);

/* Print a value as one line of JSON and let go of it. */
void output_json(json_t *value);

/*
 * Print an object but for its end, with a last member that is a list whose
 * elements follow, and let go of it: "]}" and a newline are to come.
 */
void output_json_list(json_t *object, const char *name);

#endif /* TOOL_OUTPUT_H */

/* SPDX-License-Identifier: MIT */
/*
 * json.h - rows of JSON as delimited text.
 */
#ifndef BCI_JSON_H
#define BCI_JSON_H

#include "common.h"

/*
 * Whether a text begins as JSON does: behind blanks or a BOM, '{', or '[' and
 * what may begin a value.
 */
bool bci_json_is(const char *text, size_t bytes);

/* Room for the names and types of all columns. */
#define BCI_JSON_TYPES (BC_COLUMNS_MAX * (BC_COLUMN_NAME_MAX + 8))

/*
 * Rewrite rows of JSON as text with tabs between fields and one row a line, in
 * memory of 'allocator' that the caller frees.  Numbers keep their spelling,
 * true and false are 1 and 0, null is an empty field; in strings, control bytes
 * become blanks and double quotes single ones.  Rows are
 *
 *   [[t, o, ...], ...]                arrays: no header
 *   [{"date": t, "open": o}, ...]     objects: the header has all their names,
 *                                     an absent one is an empty field
 *   {"columns": [...], "data": [[...]]}   as `export --format json` writes,
 *                                     with "types" as a list beside it; pandas
 *                                     has "index" there, which goes in front
 *   {"2024-01-02": {"open": ...}}     objects (or arrays) under their time
 *   {"t": [...], "o": [...], ...}     a list for each column
 *   {"open": {"2024-01-02": ...}}     an object for each column
 *   one of these as the only one in an object, at most three levels down
 *   {...} newline {...}               objects or arrays one a line
 *
 * Line n of the text is row n (n + 1 under a header).  Returns BC_OK;
 * BC_INVALID with the byte or row at fault in words, or if there are no rows;
 * BC_NOMEM.  'types' receives "open:f64,count:i64,..." where the text names
 * types, as a hint to keep these columns, or is empty.
 */
enum bc_status bci_json_rows(const struct bc_allocator *allocator,
                             const char *text, size_t text_bytes, char **out,
                             size_t *bytes, char types[BCI_JSON_TYPES],
                             struct bc_error *err);

#endif /* BCI_JSON_H */

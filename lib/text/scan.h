/* SPDX-License-Identifier: MIT */
/*
 * scan.h - JSON text, read value by value where it lies.
 */
#ifndef BCI_SCAN_H
#define BCI_SCAN_H

#include "common.h"

struct bci_scan {
	const char *begin, *at, *end;
	struct bc_error *err;
};

/* A value that holds no others, or the name of a member. */
struct bci_cell {
	const char *text; /* without the quotes of a string, escapes as is */
	size_t bytes;     /* 0 for null */
	bool bytewise;    /* each byte has to be looked at to write it */
};

static inline bool
bci_cell_same(const struct bci_cell *a, const struct bci_cell *b)
{
	return a->bytes == b->bytes && memcmp(a->text, b->text, a->bytes) == 0;
}

/* What was skipped. */
struct bci_shape {
	char first;   /* the byte it begins with: '[', '{', '"', ... */
	size_t count; /* of its elements or members */
	bool flat;    /* none of these holds others */
};

/* As bci_fail() with BC_INVALID, in front "byte N: ", the one at hand. */
enum bc_status bci_scan_fail(const struct bci_scan *scan, const char *format,
                             ...) BCI_PRINTF(2, 3);

/* The byte behind the blanks, which are passed; 0 at the end. */
static inline char
bci_scan_peek(struct bci_scan *scan)
{
	for (; scan->at < scan->end; scan->at++) {
		char byte = *scan->at;

		if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t')
			return byte;
	}
	return '\0';
}

/* Pass 'byte' if it is the next one behind the blanks. */
static inline bool
bci_scan_take(struct bci_scan *scan, char byte)
{
	if (bci_scan_peek(scan) != byte)
		return false;
	scan->at++;
	return true;
}

/*
 * Go to the first element (or member) of the list (or object) whose opening
 * byte is next, or, if not 'first', to the next one of it; *more is false
 * behind its closing byte.
 */
enum bc_status bci_scan_element(struct bci_scan *scan, char open, bool first,
                                bool *more);

/* Pass the name of a member and the colon. */
enum bc_status bci_scan_name(struct bci_scan *scan, struct bci_cell *name);

/*
 * Pass a value that holds no others.  True and false are the cells 1 and 0;
 * NaN, Infinity and -Infinity, as Python writes them, are values.
 */
enum bc_status bci_scan_cell(struct bci_scan *scan, struct bci_cell *cell);

/* Pass any value, checking its grammar. */
enum bc_status bci_scan_skip(struct bci_scan *scan, struct bci_shape *shape);

/*
 * Write a cell to 'out' as a field of delimited text: control bytes are blanks
 * there and double quotes single ones.  Needs as many bytes as the cell has in
 * JSON, and up to BCI_CELL_SLACK bytes behind these are written, too.  Returns
 * the end.
 */
#define BCI_CELL_SLACK 32
char *bci_cell_put(const struct bci_scan *scan, const struct bci_cell *cell,
                   char *out);

#endif /* BCI_SCAN_H */

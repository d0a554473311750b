/* SPDX-License-Identifier: MIT */
/*
 * outline.h - where the rows are in an object of JSON.
 */
#ifndef BCI_OUTLINE_H
#define BCI_OUTLINE_H

#include "scan.h"

enum bci_rows {
	BCI_ROWS_NONE,
	BCI_ROWS_LIST,    /* [row, ...] */
	BCI_ROWS_TIMES,   /* {time: row, ...} */
	BCI_ROWS_LISTS,   /* {name: [value, ...], ...} */
	BCI_ROWS_OBJECTS, /* {name: {time: value, ...}, ...} */
	BCI_ROWS_LINES    /* row row ... */
};

struct bci_outline {
	enum bci_rows form;
	const char *at;    /* the list or the object */
	/* Lists beside a list of rows, or NULL: names and types of the values,
	   and what stands in front of each row. */
	const char *columns, *types, *index;
	bool empty; /* there are lists, but nothing is in them */
};

/* Whether a name looks like a time or a number rather than a word. */
bool bci_outline_is_time(const struct bci_cell *name);

/*
 * Pass an object and say where its rows are.  An object that holds no other
 * values than single ones is a row itself if it has enough of them.
 */
enum bc_status bci_outline_find(struct bci_scan *scan, struct bci_outline *out);

#endif /* BCI_OUTLINE_H */

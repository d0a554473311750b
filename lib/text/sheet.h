/* SPDX-License-Identifier: MIT */
/*
 * sheet.h - the lines of text that rows of JSON become, and their columns.
 */
#ifndef BCI_SHEET_H
#define BCI_SHEET_H

#include "scan.h"

/* A column of rows that are objects, or a list or object that is a column. */
struct bci_sheet_column {
	struct bci_cell name;
	struct bci_cell cell; /* in the row at hand */
	uint64_t row;         /* the row that 'cell' is of; 0: none yet */
	const char *at;       /* how far a column of its own is read */
};

struct bci_sheet {
	const struct bc_allocator *allocator;
	const struct bci_scan *scan; /* where the cells are from */
	char *text;
	size_t used, capacity;
	struct bci_sheet_column *columns;
	uint32_t column_count, column_room;
};

/*
 * Begin with room for all that a scan can bring, but for the tabs of absent
 * cells.  Returns BC_OK, BC_NOMEM.
 */
enum bc_status bci_sheet_begin(struct bci_sheet *sheet,
                               const struct bc_allocator *allocator,
                               const struct bci_scan *scan);

/* Make room for 'bytes' bytes more.  Returns BC_OK, BC_NOMEM, BC_INVALID. */
enum bc_status bci_sheet_room(struct bci_sheet *sheet, size_t bytes);

/* Write a cell and a tab; there is room. */
void bci_sheet_put(struct bci_sheet *sheet, const struct bci_cell *cell);

/* End the line that began at 'from': its last tab becomes the newline. */
void bci_sheet_end(struct bci_sheet *sheet, size_t from);

/* Add a column.  Returns BC_OK, BC_NOMEM, BC_INVALID. */
enum bc_status bci_sheet_add(struct bci_sheet *sheet,
                             const struct bci_cell *name,
                             struct bci_sheet_column **out);

/* The column of that name, perhaps number 'hint', or NULL. */
struct bci_sheet_column *bci_sheet_find(struct bci_sheet *sheet,
                                        const struct bci_cell *name,
                                        uint32_t hint);

/*
 * Write the header.  'time' is what goes in front of the first row, or NULL: a
 * time, or the number of the row, which has no name.
 */
enum bc_status bci_sheet_header(struct bci_sheet *sheet,
                                const struct bci_cell *time);

/* Let go of the text and the columns. */
void bci_sheet_free(struct bci_sheet *sheet);

#endif /* BCI_SHEET_H */

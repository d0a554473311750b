/* SPDX-License-Identifier: MIT */
/*
 * csv.h - text rows to columns: the pure half of import, no I/O.
 */
#ifndef BCI_CSV_H
#define BCI_CSV_H

#include "common.h"
#include "moment.h"

/* A parsed file; all memory belongs to it. */
struct bci_csv {
	uint64_t rows;
	int64_t *time_ns;     /* ascending */
	uint32_t column_count; /* without time */
	char (*names)[BC_COLUMN_NAME_MAX + 1];
	double **columns;     /* 'rows' elements each */
	char time_name[BC_COLUMN_NAME_MAX + 1]; /* "" without a header */
	int64_t unit_ns;      /* of the first time: 1, 1e3, 1e6, 1e9; 0: date */
	bool header;          /* the file had one */
	bool descending;      /* the file ran backwards and was turned round */
	struct bc_allocator allocator;
};

/*
 * Parse 'bytes' bytes of CSV text: with a header (columns matched by name in
 * any case), or without in Binance's 12-column, Kraken's 7-column or CCXT's
 * 6-column order.  The time may be in two columns, "date" and "time".  Fields
 * end at ',', ';' or a tab; lines before the first that begin with '#' are
 * skipped.  Each integer time has the unit that its magnitude tells.
 * Strict: a row with another number of fields, an unparseable number or time,
 * or times that are not strictly monotonic fail the whole text with the line
 * number (1 is the first line) in 'err->message' and in 'err->row'.
 *
 * Returns BC_OK, BC_INVALID, BC_ORDER, BC_NOMEM.  'out' is zeroed on failure.
 */
enum bc_status bci_csv_parse(const struct bc_allocator *allocator,
                             const char *text, size_t bytes,
                             struct bci_csv *out, struct bc_error *err);

/* Free what bci_csv_parse() filled; a zeroed one is allowed. */
void bci_csv_free(struct bci_csv *csv);

#endif /* BCI_CSV_H */

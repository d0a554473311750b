/* SPDX-License-Identifier: MIT */
/*
 * csv.h - rows of delimited text to columns, by a dialect that is known.
 */
#ifndef BCI_CSV_H
#define BCI_CSV_H

#include "dialect.h"
#include "table.h"

/* How many bad rows are described; all are counted. */
#define BCI_CSV_FAULTS 5

struct bci_csv_fault {
	uint64_t line; /* 1 is the first line of the text */
	bool missing;  /* a price is not there, rather than not to be read */
	char reason[160]; /* "column 3 (high): 'x' is not a number" */
};

/* What became of the rows of a text. */
struct bci_csv_report {
	uint64_t rows;       /* that the text has: kept and rejected */
	uint64_t unreadable; /* rejected: fields, numbers, moments */
	uint64_t missing;    /* rejected: a price is empty, null, NaN or inf */
	uint32_t fault_count;
	struct bci_csv_fault faults[BCI_CSV_FAULTS]; /* the first ones */
	int64_t unit_ns;     /* of the first and of the last integer time; */
	int64_t last_unit_ns; /* 0 where times are text */
};

/* A text that is being read. */
struct bci_csv;

/*
 * Begin to read 'bytes' bytes at 'text'; nothing behind them is touched.
 * 'zone' (NULL: UTC) is that of wall-clock times.  Text, dialect and zone are
 * borrowed until the end.  Returns BC_OK, BC_NOMEM; *out is NULL on failure.
 */
enum bc_status bci_csv_begin(const struct bc_allocator *allocator,
                             const char *text, size_t bytes,
                             const struct bci_dialect *dialect,
                             const struct bci_zone *zone, struct bci_csv **out,
                             struct bc_error *err);

/*
 * Read on for about 'bytes' bytes.  *done is set at the end; *used is how far
 * reading has come.  Bad rows are no failure.  Returns BC_OK, BC_NOMEM.
 *
 * Blank lines, lines of empty fields, lines that begin with '#' and lines that
 * repeat the header are no rows.  Wall-clock times that a zone skips are
 * unreadable; of two moments that one may mean, the one is taken that keeps the
 * direction of the rows, else the earlier.
 */
enum bc_status bci_csv_more(struct bci_csv *csv, size_t bytes, size_t *used,
                            bool *done, struct bc_error *err);

/* The rows in the order of the text; the report.  Ends the reading. */
void bci_csv_end(struct bci_csv *csv, struct bci_table *table,
                 struct bci_csv_report *report);

/* Forget a reading.  NULL is allowed. */
void bci_csv_abort(struct bci_csv *csv);

#endif /* BCI_CSV_H */

/* SPDX-License-Identifier: MIT */
/*
 * row.h - rows of delimited text into columns, one after the other: the inner
 * loop of csv.c.
 */
#ifndef BCI_ROW_H
#define BCI_ROW_H

#include "dialect.h"
#include "dictionary.h"
#include "field.h"
#include "table.h"

/* Bytes that must be readable behind the last row, whatever they are. */
#define BCI_ROW_AHEAD 64

/* Integers up to this are doubles without error. */
#define BCI_ROW_EXACT (INT64_C(1) << 53)

/* What is done with a field. */
enum bci_row_op {
	BCI_ROW_SKIP,
	BCI_ROW_F64,
	BCI_ROW_I64,
	BCI_ROW_NARROW, /* f32, i32, u8 */
	BCI_ROW_TEXT,
	BCI_ROW_SERIES, /* a part of what names the series */
	BCI_ROW_UNIX,   /* a moment that is a number */
	BCI_ROW_DAY,    /* a date alone, as text */
	BCI_ROW_MOMENT
};

/* Why a row is no row. */
enum bci_row_fault {
	BCI_ROW_FIELDS,  /* too few or too many */
	BCI_ROW_NUMBER,  /* not a number */
	BCI_ROW_MISSING, /* a price that is not there */
	BCI_ROW_EMPTY,   /* another cell that must not be empty */
	BCI_ROW_UNFIT,   /* a number that its type does not hold */
	BCI_ROW_TIME,    /* not a moment */
	BCI_ROW_SKIPPED, /* a moment that the clocks left out */
	BCI_ROW_WORDS    /* text that is too long or no UTF-8 */
};

struct bci_row_field {
	/* What every row needs comes first. */
	enum bci_row_op op;
	char stop;        /* the byte that mostly ends it */
	bool scaled;      /* a price that is divided */
	bool promoted;    /* an i64 column that became f64 */
	bool absent;      /* this row: no count, the column must become f64 */
	bool open;        /* this row: 'cell' has no code yet */
	void *data;       /* of the column */
	int64_t digits;   /* of the last UNIX number, if it was plain */
	int64_t unit_ns;  /* its unit */
	const struct bci_form *form;
	enum bci_role role;
	enum bc_type type;
	uint32_t column;  /* of the table */
	uint32_t code;    /* of the last row's text */
	struct bci_field cell;  /* of text */
	struct bci_field whole; /* the same with quotes, as it stands */
	uint64_t checked; /* rows of an i64 column that doubles can hold */
	struct bci_form_memo memo;
	struct bci_dictionary words;
};

/* Where the rows of a series have come to. */
struct bci_row_place {
	int64_t time_ns;
	int direction; /* 1 ascending, -1 descending, 0 not known */
	bool any;
};

struct bci_row_reader {
	const struct bci_dialect *dialect;
	const struct bci_zone *zone; /* NULL: wall-clock time is UTC */
	struct bci_row_field *fields;
	uint32_t count;
	const char *end;    /* of the text; a line ends there */
	char point;         /* of quick numbers */
	bool quick;         /* cells may be quick numbers */
	bool deferred;      /* this row has cells to settle */
	bool series;        /* rows name their series */
	uint32_t time_field; /* the first one of the moment */
	uint32_t fault_field;
	enum bci_row_fault fault;
	/* This row's moment. */
	int64_t time_ns, unit_ns, base_ns;
	bool utc;
	int moments;
	int64_t moment_ns[2];
	size_t hint;        /* of the zone */
	/* Series: symbol and period with a NUL between. */
	struct bci_dictionary names;
	uint32_t code;      /* of the last row */
	struct bci_row_place *places; /* by series; only with a zone */
	uint32_t place_capacity;
	uint64_t capacity;  /* rows there is room for */
	int64_t first_unit_ns, last_unit_ns;
	struct bci_table table;
};

/*
 * Read the cell at 'at' in any dress.  Returns the end of the field, or NULL
 * with reader->fault set.
 */
const char *bci_row_cell(struct bci_row_reader *reader,
                         struct bci_row_field *field, const char *at);

/* How reading rows has come to an end. */
enum bci_row_end {
	BCI_ROW_STOP,  /* at or behind 'stop' */
	BCI_ROW_IDLE,  /* at a blank line or a remark */
	BCI_ROW_FAULT, /* at a line that is no row: reader->fault says why */
	BCI_ROW_FULL,  /* there is no room for one more row */
	BCI_ROW_NOMEM
};

/*
 * Read rows from *at, the beginning of a line, until 'stop' or what is no row;
 * *at is then the beginning of that line.  *lines is advanced by one a row.
 */
enum bci_row_end bci_row_read(struct bci_row_reader *reader, const char **at,
                              const char *stop, uint64_t *lines);

#endif /* BCI_ROW_H */

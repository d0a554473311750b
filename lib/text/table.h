/* SPDX-License-Identifier: MIT */
/*
 * table.h - rows of a file as typed columns, before they become frames.
 */
#ifndef BCI_TABLE_H
#define BCI_TABLE_H

#include "common.h"
#include "timeframe.h"

struct bci_table_column {
	char name[BC_COLUMN_NAME_MAX + 1];
	enum bc_type type;
	void *data;
	const char **dictionary; /* of BC_TEXT */
	uint32_t dictionary_count;
	bool shared;  /* dictionary and strings belong to another table */
};

/* All memory belongs to it. */
struct bci_table {
	uint64_t rows;
	int64_t *time_ns;
	uint32_t column_count; /* without time */
	struct bci_table_column *columns;
	/* The series of each row: a code into 'series', or NULL where the
	   file has one series only, whose name may be series[0]. */
	uint32_t *codes;
	uint32_t series_count; /* 0: rows name no series */
	struct bci_table_series {
		char *symbol; /* "" if there is no such field */
		char *period; /* the same; lies in the memory of 'symbol' */
	} *series;
	/* The rows of series 'code' in the order of the file are members
	   starts[code] to starts[code + 1]; NULL: bci_table_index() has not
	   been called. */
	uint64_t *members, *starts;
	struct bc_allocator allocator;
};

void bci_table_free(struct bci_table *table);

/*
 * Find the rows of all series at once, so that taking one is not a search.
 * Returns BC_OK, BC_NOMEM.
 */
enum bc_status bci_table_index(struct bci_table *table, struct bc_error *err);

/*
 * The rows of series 'code' as a table of their own.  Its text columns borrow
 * the strings of 'table'.  Returns BC_OK, BC_NOMEM.
 */
enum bc_status bci_table_take(const struct bci_table *table, uint32_t code,
                              struct bci_table *out, struct bc_error *err);

/* How the rows of a file were ordered. */
enum bci_order { BCI_ASCENDING, BCI_DESCENDING, BCI_MIXED };

/* What bci_table_sort() found. */
struct bci_table_order {
	enum bci_order order;
	uint64_t identical;   /* rows that repeat another in all columns */
	uint64_t conflicting; /* same time, other values: the last one stays */
};

/*
 * Sort rows by time, ascending, and leave one row a time: the last of the file
 * (of rows that are equal in all columns, any).  NaN equals NaN of the same
 * bits.  Returns BC_OK, BC_NOMEM.
 */
enum bc_status bci_table_sort(struct bci_table *table,
                              struct bci_table_order *order,
                              struct bc_error *err);

/* The commonest step between rows in ascending order; 0 if there is none. */
int64_t bci_table_step(const struct bci_table *table);

/*
 * Turn times that end bars into times that begin them.  False if one would
 * leave the range of times.
 */
bool bci_table_stamp_open(struct bci_table *table,
                          const struct bci_timeframe *timeframe);

/* How the rows of a table, ascending, compare with stored ones. */
struct bci_table_change {
	uint64_t inserted, updated, identical; /* rows of the table */
	uint64_t gone; /* stored rows whose time the table has not */
	bool same_shape; /* the same columns in the same order */
};

/* 'view' is a frame. */
void bci_table_compare(const struct bci_table *table,
                       const struct bc_view *view,
                       struct bci_table_change *change);

#endif /* BCI_TABLE_H */

/* SPDX-License-Identifier: MIT */
/*
 * dialect.h - how a file of rows is laid out, what its fields stand for, and
 * how sure that is.
 */
#ifndef BCI_DIALECT_H
#define BCI_DIALECT_H

#include "column.h"
#include "common.h"
#include "form.h"
#include "preset.h"
#include "zone.h"

/* What a decision rests on, from the surest to the weakest. */
enum bci_basis {
	BCI_GIVEN,  /* the caller said so */
	BCI_STATED, /* the file says so: header, offset, name, known source */
	BCI_FOUND,  /* no other reading fits the rows */
	BCI_ASSUMED /* by rule: nothing tells */
};

/* "given", "stated", "found", "assumed"; never NULL. */
const char *bci_basis_name(enum bci_basis basis);

/* Names and a few fields more than a frame may have columns. */
#define BCI_FIELDS_MAX (BC_COLUMNS_MAX + 8)

struct bci_dialect_field {
	enum bci_role role;
	enum bc_type type; /* of the column, where the role is kept */
	char name[BC_COLUMN_NAME_MAX + 1];  /* of the column: ours */
	char label[BC_COLUMN_NAME_MAX + 1]; /* the file's; "" without one */
};

struct bci_dialect {
	const struct bci_preset *preset; /* NULL: none that is known */
	char delimiter;
	char decimal;  /* '.' or ',' */
	char grouping; /* of thousands: ',', '.', ' ', '\'', or 0 */
	bool header;
	size_t header_at, header_bytes; /* of its line, without the end */
	size_t rows_at;    /* offset of the first row */
	uint64_t line;     /* number of the line that begins there */
	uint32_t field_count, column_count; /* of a row; of these, kept */
	struct bci_dialect_field fields[BCI_FIELDS_MAX];
	struct bci_form time;  /* of BCI_ROLE_TIME or BCI_ROLE_DATE */
	struct bci_form clock; /* of BCI_ROLE_CLOCK, else kind NONE */
	int64_t day_ns;        /* added to times of day alone */
	char zone[BCI_ZONE_NAME_MAX + 1]; /* "UTC", "America/New_York" */
	enum bci_stamp stamp;  /* never BCI_STAMP_UNKNOWN */
	double price_divisor;  /* 1, 1e4, 1e9: prices are divided by it */
	struct {
		enum bci_basis columns, time, zone, stamp, divisor, number;
	} basis;
	/* Why, in a few words for people; "" where there is nothing to say. */
	char columns_reason[96], time_reason[96], zone_reason[96];
};

#endif /* BCI_DIALECT_H */

/* SPDX-License-Identifier: MIT */
/*
 * dialect.h - how a CSV file is laid out: its delimiter, its header, and what
 * each field of a row stands for.
 */
#ifndef BCI_DIALECT_H
#define BCI_DIALECT_H

#include "common.h"

/* What a field of a row is. */
enum bci_field_role {
	BCI_FIELD_PRICE,  /* a number that must be there */
	BCI_FIELD_NUMBER, /* a number, or nothing */
	BCI_FIELD_TIME,   /* a moment */
	BCI_FIELD_DATE,   /* the date of a moment */
	BCI_FIELD_CLOCK,  /* the time of day that goes with it */
	BCI_FIELD_DROP
};

/* Names and a few fields more than a frame may have columns. */
#define BCI_FIELDS_MAX (BC_COLUMNS_MAX + 8)

struct bci_dialect {
	char delimiter;
	bool header;
	const char *rows; /* the first byte behind the header */
	uint64_t line;    /* number of the line that begins there */
	uint32_t field_count, column_count; /* of a row; of these, columns */
	enum bci_field_role roles[BCI_FIELDS_MAX];
	char names[BCI_FIELDS_MAX][BC_COLUMN_NAME_MAX + 1]; /* of fields */
	char time_name[BC_COLUMN_NAME_MAX + 1];
};

/* A field without the blanks and quotes around it. */
struct bci_field {
	const char *text;
	size_t bytes;
};

/*
 * Find the field at 'text' in a line.  Returns the byte behind it: 'end', the
 * delimiter, or the end of the line.
 */
const char *bci_field_find(const char *text, const char *end, char delimiter,
                           struct bci_field *out);

/* Whether a field ends at 'at'. */
static inline bool
bci_field_ends(const char *at, const char *end, char delimiter)
{
	return at == end || *at == delimiter || *at == '\n' || *at == '\r';
}

/*
 * Find out the dialect of a file from its first lines.  Returns BC_OK or
 * BC_INVALID.
 */
enum bc_status bci_dialect_find(const char *text, size_t bytes,
                                struct bci_dialect *out, struct bc_error *err);

#endif /* BCI_DIALECT_H */

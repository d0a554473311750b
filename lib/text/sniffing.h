/* SPDX-License-Identifier: MIT */
/*
 * sniffing.h - what the steps of finding a dialect share: each decides one
 * thing in 'out', with its basis, from the sample and from what the steps
 * before it decided.
 */
#ifndef BCI_SNIFFING_H
#define BCI_SNIFFING_H

#include "common.h"
#include "dialect.h"
#include "figure.h"
#include "sample.h"
#include "sniff.h"

struct bci_sniffing {
	const struct bci_hints *hints;
	struct bci_dialect *out;
	struct bc_error *err;
	struct bci_sample sample;
	uint64_t header_line;  /* its number; of the first row without one */
	uint32_t label_count;  /* as many as fields, or 0 without a header */
	struct bci_field labels[BCI_FIELDS_MAX]; /* as the file has them */
	char said[BCI_ZONE_NAME_MAX + 1]; /* zone named before the header */
	unsigned char kinds[BCI_FIELDS_MAX]; /* enum bci_figure_kind of cells */
	unsigned char *looks; /* that of each cell, in the order of 'cells' */
	struct bci_sniff_moment {
		int64_t time_ns;
		bool known;
	} *moments; /* of the rows, as soon as it is known where they are */
	bool asked[BCI_FIELDS_MAX];          /* to be kept, by 'extra' */
	/* What the names of fields mean, or NULL. */
	const struct bci_meaning *meanings[BCI_FIELDS_MAX];
};

/* Where an error message names a line: the one of row 'row' of the sample. */
uint64_t bci_sniff_line(const struct bci_sniffing *s, uint32_t row);

/* Whether the cells of a column are numbers. */
static inline bool
bci_sniff_numeric(const struct bci_sniffing *s, uint32_t column)
{
	return s->kinds[column] == BCI_FIGURE_INTEGER ||
	       s->kinds[column] == BCI_FIGURE_NUMBER;
}

/* What the cells of a column are, each one. */
static inline const unsigned char *
bci_sniff_looks(const struct bci_sniffing *s, uint32_t column)
{
	return s->looks + (size_t)column * s->sample.rows;
}

/* The field with this role, or -1. */
int bci_sniff_role(const struct bci_sniffing *s, enum bci_role role);

/* The first field kept under this name, or -1. */
int bci_sniff_named(const struct bci_sniffing *s, const char *name);

/* Give a field a role and a name of ours. */
void bci_sniff_assign(struct bci_sniffing *s, uint32_t column,
                      enum bci_role role, const char *name);

/* Take its role from a field, and give it back the name in the header. */
void bci_sniff_rename(struct bci_sniffing *s, uint32_t column);

/* The field by its label, our name, or our spelling of the label; or -1. */
int bci_sniff_find(const struct bci_sniffing *s, const struct bci_field *name);

/* The names of the fields, as far as there is room, for a message. */
void bci_sniff_columns_text(const struct bci_sniffing *s, char text[128]);

/* How many bytes of a cell a message shows. */
static inline int
bci_sniff_shown(const struct bci_field *field)
{
	return field->bytes < 40 ? (int)field->bytes : 40;
}

/* The next of the names in a list "a,b,...": false behind the last. */
bool bci_sniff_next(const char **list, struct bci_field *name);

/* sniff_header.c: whether there is a header, and the names in it. */
enum bc_status bci_sniff_header(struct bci_sniffing *s);

/* sniff_number.c: how numbers are written, and what the columns hold. */
void bci_sniff_numbers(struct bci_sniffing *s);
bool bci_sniff_value(const struct bci_sniffing *s, uint32_t column,
                     uint32_t row, double *out);
void bci_sniff_divisor(struct bci_sniffing *s);

/* Whether a word of letters stands in the path of the file. */
bool bci_sniff_path_has(const struct bci_sniffing *s, const char *word);

/* Whether rows look like those of LEAN. */
bool bci_sniff_is_lean(const struct bci_sniffing *s);

/* Whether a column counts rows: 0, 1, 2, ... */
bool bci_sniff_counts_rows(const struct bci_sniffing *s, uint32_t column);

/* sniff_name.c: roles by names, of the header or as the caller gives them. */
void bci_sniff_label(struct bci_sniffing *s);
enum bc_status bci_sniff_names(struct bci_sniffing *s);
enum bc_status bci_sniff_list(struct bci_sniffing *s, const char *list,
                              enum bci_basis basis);

/* sniff_keep.c: the volume, what else is kept, under which names and types. */
enum bc_status bci_sniff_volume(struct bci_sniffing *s);
enum bc_status bci_sniff_keep(struct bci_sniffing *s);

/* Whether all numbers of a column are 0. */
bool bci_sniff_is_zero(const struct bci_sniffing *s, uint32_t column);

/* sniff_row.c: roles of the fields of a file without a header. */
enum bc_status bci_sniff_rows(struct bci_sniffing *s);

/* sniff_price.c: which of four columns are what, and whether names name all. */
struct bci_sniff_order {
	char letters[5];   /* what the four are: "OHLC" */
	bool found;        /* no other order fits as well */
	uint32_t rows;     /* with four prices */
	uint32_t against;  /* of these, that are no bars by this order */
};
struct bci_sniff_order bci_sniff_order(const struct bci_sniffing *s,
                                       const uint32_t columns[4]);

/* Refuse a file whose names name no prices, or some that are not enough. */
enum bc_status bci_sniff_check_prices(struct bci_sniffing *s);

/* Mention names that the numbers below them contradict. */
void bci_sniff_doubt(struct bci_sniffing *s);

/* sniff_time.c: which fields are the moment of a row, and its form. */
enum bc_status bci_sniff_time(struct bci_sniffing *s);

/* The moment of a row; false if it has none. */
static inline bool
bci_sniff_moment(const struct bci_sniffing *s, uint32_t row, int64_t *time_ns)
{
	*time_ns = s->moments[row].time_ns;
	return s->moments[row].known;
}

/* A cell as a moment by a form, read to its end. */
bool bci_sniff_parse(const struct bci_form *form, const struct bci_field *cell,
                     int64_t *time_ns);

/* sniff_date.c: decide between two readings of the date in a column. */
void bci_sniff_day_or_month(struct bci_sniffing *s, uint32_t column,
                            struct bci_form_guess *guess);

/* The day of rows that have times of day alone. */
enum bc_status bci_sniff_day(struct bci_sniffing *s);

/* sniff_zone.c: the zone of moments, and which end of a bar they are. */
void bci_sniff_zone(struct bci_sniffing *s);
void bci_sniff_stamp(struct bci_sniffing *s);

#endif /* BCI_SNIFFING_H */

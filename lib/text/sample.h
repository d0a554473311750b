/* SPDX-License-Identifier: MIT */
/*
 * sample.h - some lines of a delimited text as a matrix of cells: enough to
 * find out what its columns are, at a cost that does not grow with the text.
 */
#ifndef BCI_SAMPLE_H
#define BCI_SAMPLE_H

#include "common.h"
#include "dialect.h"
#include "field.h"

/* Lines from the beginning, and from the middle and the end each. */
#define BCI_SAMPLE_HEAD 192
#define BCI_SAMPLE_PART 64
#define BCI_SAMPLE_LINES (BCI_SAMPLE_HEAD + 2 * BCI_SAMPLE_PART)

struct bci_sample_line {
	const char *at;
	uint32_t bytes;   /* without its end */
	uint32_t fields;
	uint64_t number;  /* 1 is the first of the text; 0: not known */
	bool comment;     /* begins with '#' */
	bool quoted;      /* has a '"' somewhere */
	bool follows;     /* upon the line before it in the sample */
};

struct bci_sample {
	const char *text, *end; /* without a byte-order mark */
	const char *begin;      /* with it: what offsets count from */
	char delimiter;
	uint32_t fields;     /* of most rows */
	uint32_t line_count; /* none of them blank */
	uint32_t lead;       /* of these, before the first row */
	struct bci_sample_line lines[BCI_SAMPLE_LINES];
	uint32_t rows;
	uint32_t row_lines[BCI_SAMPLE_LINES]; /* their places in 'lines' */
	struct bci_field *cells; /* column by column, 'rows' each */
};

/*
 * Take a sample.  Returns BC_OK; BC_INVALID where the text cannot be rows;
 * BC_NOMEM.  bci_sample_free() frees it in any case.
 */
enum bc_status bci_sample_take(const char *text, size_t bytes,
                               struct bci_sample *sample, struct bc_error *err);

/* Its memory; a zeroed sample is allowed. */
void bci_sample_free(struct bci_sample *sample);

/* The cells of a column, one a row. */
static inline const struct bci_field *
bci_sample_column(const struct bci_sample *sample, uint32_t column)
{
	return sample->cells + (size_t)column * sample->rows;
}

/* Whether row 'row' stands upon the one before it in the text. */
static inline bool
bci_sample_follows(const struct bci_sample *sample, uint32_t row)
{
	uint32_t at = sample->row_lines[row];

	return row > 0 && sample->row_lines[row - 1] + 1 == at &&
	       sample->lines[at].follows;
}

#endif /* BCI_SAMPLE_H */

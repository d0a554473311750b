/* SPDX-License-Identifier: MIT */
/*
 * bar.h - what makes a bar possible, checked over whole columns.
 */
#ifndef BCI_BAR_H
#define BCI_BAR_H

#include "common.h"

/* The price columns of a frame; data is NULL where there is none. */
struct bci_bar_columns {
	const void *data[4];  /* open, high, low, close */
	enum bc_type type[4]; /* BC_F64 or BC_F32 */
};

/* Pick the price columns out of a frame's columns, by name and type. */
void bci_bar_columns(const struct bc_column *columns, uint32_t count,
                     struct bci_bar_columns *out);

/* BC_OK if strictly ascending, else BC_ORDER with the first row at fault. */
enum bc_status bci_bar_check_times(const int64_t *time_ns, uint64_t rows,
                                   struct bc_error *err);

/*
 * Count the rows that break a rule: a price that is not finite, low above open
 * or close, high below open or close, low above high; rules that need a column
 * that is not there do not apply.  *first_bad is the first such row, or 'rows'.
 * One pass, no branches in the loop where all four columns are f64.
 */
uint64_t bci_bar_count_bad(const struct bci_bar_columns *bars, uint64_t rows,
                           uint64_t *first_bad);

/* Why row 'row' is impossible, as text for an error; never NULL. */
const char *bci_bar_reason(const struct bci_bar_columns *bars, uint64_t row);

#endif /* BCI_BAR_H */

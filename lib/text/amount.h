/* SPDX-License-Identifier: MIT */
/*
 * amount.h - the exact value of a number as people write it.
 */
#ifndef BCI_AMOUNT_H
#define BCI_AMOUNT_H

#include "common.h"
#include "field.h"

enum bci_amount {
	BCI_AMOUNT_VALUE,
	BCI_AMOUNT_ABSENT, /* nothing, "null", "NaN", "n/a", "-", "inf" */
	BCI_AMOUNT_NONE,   /* no number */
	BCI_AMOUNT_UNFIT   /* a number, but no integer that fits */
};

/*
 * Read a cell without blanks and quotes around it.  'decimal' stands before
 * the fraction, 'grouping' (or 0) between thousands.  A currency may stand in
 * front or behind, and "%" or K, M, B, T (thousands to trillions) behind.
 * "%" says nothing about the value: 1.5% is 1.5.
 *
 * The double is the nearest one to the number that is written.
 */
enum bci_amount bci_amount_f64(const struct bci_field *cell, char decimal,
                               char grouping, double *out);
enum bci_amount bci_amount_i64(const struct bci_field *cell, char decimal,
                               char grouping, int64_t *out);

#endif /* BCI_AMOUNT_H */

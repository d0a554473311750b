/* SPDX-License-Identifier: MIT */
/*
 * formula.h - indicators as people write them: "sma(20)", "sma(volume,20)".
 */
#ifndef BCI_FORMULA_H
#define BCI_FORMULA_H

#include "common.h"

#define BCI_FORMULA_WINDOW_MAX 1000000
#define BCI_FORMULA_INPUTS 3
#define BCI_FORMULA_TEXT (BC_COLUMN_NAME_MAX + 24)

enum bci_indicator {
	BCI_INDICATOR_SMA,
	BCI_INDICATOR_EMA,
	BCI_INDICATOR_RSI,
	BCI_INDICATOR_ATR
};

struct bci_formula {
	enum bci_indicator indicator;
	uint64_t window;
	unsigned input_count; /* the columns it looks at */
	char inputs[BCI_FORMULA_INPUTS][BC_COLUMN_NAME_MAX + 1];
	char name[BC_COLUMN_NAME_MAX + 1]; /* of the column that it makes */
};

/*
 * Take a text apart.  Names of indicators in any case, with blanks around each
 * part; without a column it is that of the close.  Returns BC_OK, or BC_INVALID
 * with what should have been written.
 */
BC_CHECKED enum bc_status bci_formula_parse(const char *text,
                                            struct bci_formula *out,
                                            struct bc_error *err);

/* The one spelling of all those that mean the same. */
void bci_formula_text(const struct bci_formula *formula,
                      char text[BCI_FORMULA_TEXT]);

/*
 * How many rows before a row its value depends on.  That of an SMA is w - 1.
 * The other averages never forget: after k windows w a weight of exp(-2k) of
 * where they began is left to an EMA, exp(-k) to Wilder's.  20 and 40 windows
 * make either 4e-18, less than a double can tell.
 */
uint64_t bci_formula_settles(const struct bci_formula *formula);

/* The values, from the columns at 'inputs'. */
void bci_formula_compute(const struct bci_formula *formula,
                         const double *const inputs[BCI_FORMULA_INPUTS],
                         uint64_t rows, double *out);

#endif /* BCI_FORMULA_H */

/* SPDX-License-Identifier: MIT */
/*
 * fold.h - many values of a column to one: the first, the largest, the sum.
 */
#ifndef BCI_FOLD_H
#define BCI_FOLD_H

#include "common.h"

/*
 * A NaN is a value that is missing: every rule passes over it, and where there
 * is no other the result is NaN (of BCI_FOLD_COUNT 0).
 */
enum bci_fold_rule {
	BCI_FOLD_FIRST = 0,
	BCI_FOLD_LAST,
	BCI_FOLD_MIN,
	BCI_FOLD_MAX,
	BCI_FOLD_SUM,
	BCI_FOLD_MEAN,
	BCI_FOLD_COUNT,
	BCI_FOLD_RULES
};

/* "first", "last", "min", "max", "sum", "mean", "count". */
const char *bci_fold_name(enum bci_fold_rule rule);

/* The reverse, exactly so spelled; false if it is none. */
bool bci_fold_parse(const char *text, size_t bytes, enum bci_fold_rule *out);

/*
 * The usual rule of a column: open first, high max, low min, close and
 * adj_close last, vwap mean, those that count something (volume, quote_volume,
 * trades, ...) sum, and of any other the last.
 */
enum bci_fold_rule bci_fold_usual(const char *column);

/*
 * The type of what comes out: counts and sums of integers are i64, sums of
 * floats and means f64, all else as it went in.  0 if the type has no such
 * rule: texts have a first, a last and a count.
 */
unsigned bci_fold_type(enum bci_fold_rule rule, enum bc_type type);

#define BCI_FOLD_LANES 4

/* The value so far.  Zeroed it is that of no rows. */
struct bci_fold {
	uint64_t seen;   /* values of a sum, NaN or not */
	uint64_t count;  /* values that are there; of a least, if any are */
	double number;   /* of floats; of a sum that of whole blocks */
	double lost;     /* what rounding took from that */
	double lanes[BCI_FOLD_LANES]; /* of a sum: the block so far */
	int64_t integer; /* of integers and texts */
	bool overflow;   /* a sum of integers does not fit int64 */
};

/*
 * Take in the elements [first, first + count) of a column.  How rows are cut
 * into calls does not change a bit of the result.  The relative error of a sum
 * of values of one sign is below 1e-13, however many they are.
 */
void bci_fold_rows(struct bci_fold *fold, enum bci_fold_rule rule,
                   enum bc_type type, const void *data, uint64_t first,
                   uint64_t count);

/* Elements of any type but texts as doubles. */
void bci_fold_to_doubles(enum bc_type type, const void *data, uint64_t first,
                         uint64_t count, double *out);

/*
 * Write the result as element 'row' of 'out', of type bci_fold_type().  An
 * integer column without a value gives 0.
 */
void bci_fold_write(const struct bci_fold *fold, enum bci_fold_rule rule,
                    enum bc_type type, void *out, uint64_t row);

#endif /* BCI_FOLD_H */

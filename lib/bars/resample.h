/* SPDX-License-Identifier: MIT */
/*
 * resample.h - bars of one timeframe to bars of a larger one, block by block.
 */
#ifndef BCI_RESAMPLE_H
#define BCI_RESAMPLE_H

#include "bucket.h"
#include "fold.h"

#define BCI_CARRY_NOTHING (-1)

struct bci_resample_column {
	enum bc_type type;
	enum bci_fold_rule rule;
	/*
	 * With BC_FILL_FLAT the column of the last row whose value this one
	 * takes in an empty bucket: that of the close for all four prices.  It
	 * has the same type.  With BCI_CARRY_NOTHING, and with BC_FILL_NAN: 0
	 * for sums and counts, else NaN.
	 */
	int carry;
};

/* Zeroed but for 'buckets' and 'from_ns': bars of open times as all have it. */
struct bci_resample_options {
	struct bci_bucket_rule buckets;
	struct bci_timeframe source; /* of the rows; zeroed: not known */
	enum bc_side closed; /* BC_RIGHT: stamped with the end of a bar, a
	                         row on a boundary belongs to the one before */
	enum bc_side label;  /* which end of a bucket is its time */
	enum bc_fill fill;
	bool drop_partial;    /* leave out what would be flagged */
	int64_t from_ns;      /* no row before this was looked for */
};

/*
 * Rows that go in, and a column for each of those opened.  Times ascend
 * strictly, as those of every stored frame do; only the first one is checked.
 */
struct bci_resample_rows {
	const int64_t *time_ns;
	const void *const *columns;
	uint64_t rows;
};

/*
 * Rows that come out, in memory of the caller with room for 'capacity'.
 * Columns have the types that bci_fold_type() says.  'partial' (may be NULL)
 * is 1 for a bucket that began before 'from_ns' or ends after the 'to_ns' of
 * bci_resample_finish().  'rows' are there already; more come behind them.
 */
struct bci_resample_out {
	int64_t *time_ns;
	void *const *columns;
	uint8_t *partial;
	uint64_t capacity, rows;
};

/*
 * Buckets in the making.  Threads: one at a time.
 */
struct bci_resample;

/*
 * Begin.  Columns and options are copied; the zone is borrowed.  Returns
 * BC_OK, BC_NOMEM, or BC_INVALID: what bci_bucket_check() refuses, a rule that
 * the type does not have, a column to carry that is not there or of another
 * type, NaN for a column of integers.  *out is NULL on failure.
 */
BC_CHECKED enum bc_status
bci_resample_open(const struct bc_allocator *allocator,
                  const struct bci_resample_options *options,
                  const struct bci_resample_column *columns,
                  uint32_t column_count, struct bci_resample **out,
                  struct bc_error *err);

/*
 * Take in rows and write the buckets that end with them.  *used says how many
 * rows were taken: all, unless 'out' is full; then come again with the others
 * and with room.  The result does not depend on how rows are cut into blocks.
 *
 * Returns BC_OK; BC_ORDER if the first row is not after those before it;
 * BC_INVALID with the row if it lasts beyond the end of its bucket, if its
 * bucket does not fit int64, or if a sum of integers does not.  After a
 * failure all that is left is to close.
 */
BC_CHECKED enum bc_status bci_resample_feed(
	struct bci_resample *resample, const struct bci_resample_rows *in,
	uint64_t *used, struct bci_resample_out *out, struct bc_error *err);

/*
 * Write the last bucket: no row from 'to_ns' on was looked for.  *done is
 * false if there was no room for it.  Returns as bci_resample_feed().
 */
BC_CHECKED enum bc_status
bci_resample_finish(struct bci_resample *resample, int64_t to_ns,
                    struct bci_resample_out *out, bool *done,
                    struct bc_error *err);

/* NULL is allowed. */
void bci_resample_close(struct bci_resample *resample);

#endif /* BCI_RESAMPLE_H */

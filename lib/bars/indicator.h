/* SPDX-License-Identifier: MIT */
/*
 * indicator.h - moving averages and what is built on them: SMA, EMA, RSI, ATR.
 *
 * All take 'count' rows in the order of time and write 'count' values to
 * 'out', memory of the caller that overlaps no input.  The value of row i
 * covers the rows i - window + 1 to i; a row that has none yet is NaN.
 * 'window' is 1 or more, and may be larger than 'count': then all are NaN.
 *
 * A value that is NaN or infinite is a value that is missing.  Nothing is
 * computed across it: the rows before it and the rows behind it are taken as
 * two series, each with its own beginning, and the row itself is NaN.
 *
 * Relative error is below 1e-12 for any window and any number of rows, as long
 * as the values of a window do not cancel each other (prices of one sign do
 * not) and their sum is a finite f64; that of an RSI below 1e-10, where next to
 * nothing is left of the gains, is so relative to 1.  The same input gives the
 * same bits on every processor, and no value depends on the rows behind it.
 */
#ifndef BCI_INDICATOR_H
#define BCI_INDICATOR_H

#include "common.h"

/* The mean of the last 'window' values; the first one at row window - 1. */
void bci_sma(const double *values, uint64_t count, uint64_t window,
             double *out);

/*
 * The exponential average: the first one, at row window - 1, is the mean of
 * the values so far, and each next one lies 2 / (window + 1) of the way from
 * the last one to the new value.
 */
void bci_ema(const double *values, uint64_t count, uint64_t window,
             double *out);

/*
 * Wilder's relative strength index, 0 to 100: 100 G / (G + L), where G and L
 * are averages of the gains and of the losses from one value to the next.  The
 * first one, at row 'window', is of plain means; from then on an average moves
 * 1 / window of the way to what is new.  It is 50 where nothing moved at all.
 */
void bci_rsi(const double *values, uint64_t count, uint64_t window,
             double *out);

/*
 * Wilder's average true range.  The true range of a bar is the largest of
 * high - low, |high - c| and |low - c|, where c is the close before it; that
 * of the first bar is high - low.  The first average, at row window - 1, is
 * the mean of the ranges so far, and each next one moves 1 / window of the way
 * to the new range.
 */
void bci_atr(const double *high, const double *low, const double *close,
             uint64_t count, uint64_t window, double *out);

#endif /* BCI_INDICATOR_H */

/* SPDX-License-Identifier: MIT */
/*
 * indicator.c - moving averages and what is built on them: SMA, EMA, RSI, ATR.
 *
 * A running sum, from which the oldest value is taken away, keeps the rounding
 * of every row it ever saw, and a single infinity makes a NaN of it for good.
 * So nothing is ever taken away here.  The rows are cut into blocks as long as
 * the window, and every window consists of the end of one block and the
 * beginning of the next: the sums of ends are built from the right, those of
 * beginnings from the left, and two of them make a window.  That is three
 * additions a row, of sums of at most 'window' values.
 *
 * Exponential averages move by a share of the distance, average += share *
 * (value - average), because then the weights add up to one exactly, and a
 * constant input stays what it is.
 *
 * Either way the error grows with the window alone, by half a unit in the last
 * place for each value in it at worst: 1.2e-13 up to PLAIN_MAX.  Above that
 * each sum and average carries its rounding error along in a second double.
 *
 * No code path depends on the processor: what is not bound by the latency of
 * an addition here is done in two lanes, which every x86-64 has.
 */
#include "common.h"

#include <float.h>
#include <math.h>


#if defined(__clang__)
/* Else it may fuse products and sums where the processor can: other bits. */
#pragma STDC FP_CONTRACT OFF
#endif

/* The largest window whose rounding need not be carried along. */
#define PLAIN_MAX 1024

/* Blocks summed side by side: an addition takes about four cycles. */
#define LANES 4

/*
 * Gains and losses of which both are smaller than this count for nothing
 * beside any next move; only their ratio matters, and that must not be lost to
 * denormal numbers while the price stands still.
 */
#define STILL 1e-280

/* A sum, or an average, and what rounding has taken from it so far. */
struct indicator_sum {
	double value, lost;
};

static inline bool
indicator_finite(double value)
{
	return fabs(value) <= DBL_MAX;
}

/* Add 'value'; what is lost is exact, whichever of the two is larger. */
static inline void
indicator_add(struct indicator_sum *sum, double value)
{
	double total = sum->value + value;
	double part = total - sum->value;

	sum->lost += (sum->value - (total - part)) + (value - part);
	sum->value = total;
}

/* ------------------------------------------------------------------------ */
/*  Simple average                                                          */
/* ------------------------------------------------------------------------ */

/*
 * For LANES blocks beginning at 'values': write to out[i] the sum of the
 * window that ends at row i, less the division.  The rows of the block before
 * them are there.  The lanes are independent chains of additions.
 */
static void
indicator_sum_lanes(const double *values, size_t window, double *out)
{
	const double *in[LANES];
	double *to[LANES], a = 0, b = 0, c = 0, d = 0;

	for (size_t lane = 0; lane < LANES; lane++) {
		in[lane] = values + lane * window;
		to[lane] = out + lane * window;
		to[lane][window - 1] = 0;
	}
	for (size_t i = window - 1; i > 0; i--) {
		a += (in[0] - window)[i];
		to[0][i - 1] = a;
		b += in[0][i];
		to[1][i - 1] = b;
		c += in[1][i];
		to[2][i - 1] = c;
		d += in[2][i];
		to[3][i - 1] = d;
	}
	a = b = c = d = 0;
	for (size_t i = 0; i < window; i++) {
		a += in[0][i];
		to[0][i] += a;
		b += in[1][i];
		to[1][i] += b;
		c += in[2][i];
		to[2][i] += c;
		d += in[3][i];
		to[3][i] += d;
	}
}

/* The same for the first 'count' rows of one block. */
static void
indicator_sum_block(const double *values, size_t window, size_t count,
                    double *out)
{
	const double *before = values - window;
	double sum = 0;

	for (size_t i = window - 1; i > 0; i--) {
		sum += before[i];
		if (i <= count)
			out[i - 1] = sum;
	}
	if (count == window)
		out[window - 1] = 0;
	sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += values[i];
		out[i] += sum;
	}
}

/*
 * The same for a long window, with the errors of both sums.  Those of the ends
 * stay behind in 'out', as value plus error: one more rounding, no more.
 */
static void
indicator_sum_exactly(const double *values, size_t window, size_t count,
                      double *out)
{
	const double *before = values - window;
	struct indicator_sum sum = { 0, 0 };

	for (size_t i = window - 1; i > 0; i--) {
		indicator_add(&sum, before[i]);
		if (i <= count)
			out[i - 1] = sum.value + sum.lost;
	}
	if (count == window)
		out[window - 1] = 0;
	sum = (struct indicator_sum){ 0, 0 };
	for (size_t i = 0; i < count; i++) {
		indicator_add(&sum, values[i]);
		out[i] += sum.value + sum.lost;
	}
}

/* Sums to means; what is not finite, from wherever, becomes NaN. */
static void
indicator_finish(double *sums, size_t count, double share)
{
	double mean;

	for (size_t i = 0; i < count; i++) {
		mean = sums[i] * share;
		sums[i] = mean + (mean - mean);
	}
}

/* NaN for the rows that come too early: at most 'count' of them. */
static size_t
indicator_begin(double *out, size_t count, uint64_t early)
{
	size_t rows = early < count ? (size_t)early : count;

	for (size_t i = 0; i < rows; i++)
		out[i] = NAN;
	return rows;
}

void
bc_sma(const double *values, uint64_t count, uint64_t window, double *out)
{
	double share = 1 / (double)window;
	size_t row, rows, group = LANES * (size_t)window;
	struct indicator_sum first = { 0, 0 };

	BCI_ASSERT(window > 0);
	if (indicator_begin(out, count, window - 1) == count)
		return;
	for (row = 0; row < window; row++)
		indicator_add(&first, values[row]);
	out[window - 1] = first.value + first.lost;
	indicator_finish(out + window - 1, 1, share);
	for (; row < count; row += rows) {
		rows = count - row < window ? count - row : window;
		if (window > PLAIN_MAX) {
			indicator_sum_exactly(values + row, window, rows,
			                      out + row);
		} else if (count - row >= group) {
			rows = group;
			indicator_sum_lanes(values + row, window, out + row);
		} else {
			indicator_sum_block(values + row, window, rows,
			                    out + row);
		}
		indicator_finish(out + row, rows, share);
	}
}

/* ------------------------------------------------------------------------ */
/*  Averages that move a share of the way                                   */
/* ------------------------------------------------------------------------ */

/*
 * From row '*row' on, find the first 'window' finite values in a row and write
 * NaN until there are as many.  Returns their mean and leaves *row behind the
 * last of them; NaN with *row at the end if there are none.
 */
static double
indicator_seed(const double *values, uint64_t count, uint64_t window,
               uint64_t *row, double *out)
{
	struct indicator_sum sum = { 0, 0 };
	uint64_t seen = 0, i = *row;
	double value;

	for (; i < count && seen < window; i++) {
		value = values[i]; /* Before it is written over. */
		out[i] = NAN;
		seen++;
		indicator_add(&sum, value);
		if (!indicator_finite(value)) {
			sum = (struct indicator_sum){ 0, 0 };
			seen = 0;
		}
	}
	*row = i;
	if (seen < window)
		return NAN;
	out[i - 1] = (sum.value + sum.lost) / (double)window;
	return out[i - 1];
}

/* Go on from 'average' while values are finite; the row it ends at. */
static uint64_t
indicator_move(const double *values, uint64_t count, double share,
               double average, uint64_t row, double *out)
{
	for (; row < count && indicator_finite(values[row]); row++) {
		average += (values[row] - average) * share;
		out[row] = average;
	}
	return row;
}

/* The same with what rounding takes away, for long windows. */
static uint64_t
indicator_move_exactly(const double *values, uint64_t count, double share,
                       double average, uint64_t row, double *out)
{
	struct indicator_sum sum = { average, 0 };
	double way;

	for (; row < count && indicator_finite(values[row]); row++) {
		way = ((values[row] - sum.value) - sum.lost) * share + sum.lost;
		sum.lost = 0;
		indicator_add(&sum, way);
		out[row] = sum.value;
	}
	return row;
}

/* An average that moves by 'share'; 'out' may be 'values'. */
static void
indicator_smooth(const double *values, uint64_t count, uint64_t window,
                 double share, double *out)
{
	uint64_t row = 0;
	double average;

	BCI_ASSERT(window > 0);
	while (row < count) {
		average = indicator_seed(values, count, window, &row, out);
		if (window > PLAIN_MAX)
			row = indicator_move_exactly(values, count, share,
			                             average, row, out);
		else
			row = indicator_move(values, count, share, average, row,
			                     out);
	}
}

void
bc_ema(const double *values, uint64_t count, uint64_t window, double *out)
{
	indicator_smooth(values, count, window, 2 / ((double)window + 1), out);
}

/* The true range of a bar behind one that closed at 'last', or at NaN. */
static inline double
indicator_range(double high, double low, double last)
{
	double range = high - low;
	double above = fabs(high - last), below = fabs(low - last);

	/* A comparison with NaN is false. */
	range = above > range ? above : range;
	return below > range ? below : range;
}

void
bc_atr(const double *high, const double *low, const double *close,
        uint64_t count, uint64_t window, double *out)
{
	double last = NAN, range;

	for (uint64_t i = 0; i < count; i++) {
		range = indicator_range(high[i], low[i], last);
		last = close[i];
		/* Without a close the bar is missing, for the next one too. */
		if (BCI_UNLIKELY(!indicator_finite(range + (last - last))))
			range = last = NAN;
		out[i] = range;
	}
	indicator_smooth(out, count, window, 1 / (double)window, out);
}

/* ------------------------------------------------------------------------ */
/*  Relative strength                                                       */
/* ------------------------------------------------------------------------ */

/* Averages of the gains and of the losses. */
struct indicator_strength {
	struct indicator_sum gain, loss;
};

/* The share of gains in all that moved, in percent. */
static inline double
indicator_percent(double gain, double loss)
{
	return gain + loss > 0 ? 100 * (gain / (gain + loss)) : 50;
}

/* What of a move is gain; of the opposite move it is the loss. */
static inline double
indicator_gain(double way)
{
	return (fabs(way) + way) / 2; /* exact, and nothing to mispredict */
}

/*
 * Take the plain means over 'window' moves from row '*row' on, as
 * indicator_seed() does for values.
 */
static bool
indicator_seed_strength(const double *values, uint64_t count, uint64_t window,
                        uint64_t *row, struct indicator_strength *strength,
                        double *out)
{
	uint64_t seen = 0, i = *row;
	double way;

	memset(strength, 0, sizeof(*strength));
	for (; i < count && seen < window; i++) {
		way = i > 0 ? values[i] - values[i - 1] : NAN;
		out[i] = NAN;
		seen++;
		indicator_add(&strength->gain, indicator_gain(way));
		indicator_add(&strength->loss, indicator_gain(-way));
		if (!indicator_finite(way)) {
			memset(strength, 0, sizeof(*strength));
			seen = 0;
		}
	}
	*row = i;
	if (seen < window)
		return false;
	strength->gain.value += strength->gain.lost;
	strength->loss.value += strength->loss.lost;
	strength->gain.value /= (double)window;
	strength->loss.value /= (double)window;
	strength->gain.lost = strength->loss.lost = 0;
	out[i - 1] =
		indicator_percent(strength->gain.value, strength->loss.value);
	return true;
}

/* Go on while values are finite; the row it ends at. */
static uint64_t
indicator_move_strength(const double *values, uint64_t count, double share,
                        const struct indicator_strength *strength, uint64_t row,
                        double *out)
{
	double gain = strength->gain.value, loss = strength->loss.value, way;

	for (; row < count; row++) {
		way = values[row] - values[row - 1];
		if (BCI_UNLIKELY(!indicator_finite(way)))
			break;
		/* A branch, or the test would lengthen the chain of sums. */
		if (BCI_UNLIKELY(way == 0) && gain + loss <= STILL) {
			out[row] = indicator_percent(gain, loss);
			continue;
		}
		gain += (indicator_gain(way) - gain) * share;
		loss += (indicator_gain(-way) - loss) * share;
		out[row] = indicator_percent(gain, loss);
	}
	return row;
}

void
bc_rsi(const double *values, uint64_t count, uint64_t window, double *out)
{
	struct indicator_strength strength;
	uint64_t row = 0;

	BCI_ASSERT(window > 0);
	while (row < count)
		if (indicator_seed_strength(values, count, window, &row,
		                            &strength, out))
			row = indicator_move_strength(values, count,
			                              1 / (double)window,
			                              &strength, row, out);
}

/* SPDX-License-Identifier: MIT */
/*
 * bar.c - what makes a bar possible, checked over whole columns.
 *
 * Every put passes through here, so the usual case, four f64 columns and no
 * fault, is a loop without branches over blocks of a constant number of rows,
 * which compilers turn into vector code.  A block with a fault is looked
 * through once more, row by row, to name the first one.
 */
#include "common.h"

#include <float.h>
#include <math.h>

#include "bar.h"
#include "error.h"

#define BLOCK 512

enum bar_price { OPEN, HIGH, LOW, CLOSE };

static const char *const bar_names[4] = { "open", "high", "low", "close" };

void
bci_bar_columns(const struct bc_column *columns, uint32_t count,
                struct bci_bar_columns *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < count; i++) {
		if (columns[i].type != BC_F64 && columns[i].type != BC_F32)
			continue;
		for (int price = OPEN; price <= CLOSE; price++) {
			if (strcmp(columns[i].name, bar_names[price]) != 0)
				continue;
			out->data[price] = columns[i].data;
			out->type[price] = columns[i].type;
		}
	}
}

/* How many of 'count' times do not come after the one before them. */
static inline uint64_t
bar_count_late(const int64_t *time_ns, uint64_t count)
{
	uint64_t late = 0;

	for (uint64_t i = 0; i < count; i++)
		late += (uint64_t)(time_ns[i + 1] <= time_ns[i]);
	return late;
}

enum bc_status
bci_bar_check_times(const int64_t *time_ns, uint64_t rows, struct bc_error *err)
{
	uint64_t row = 0;

	while (rows - row > BLOCK && bar_count_late(time_ns + row, BLOCK) == 0)
		row += BLOCK;
	for (; row + 1 < rows; row++)
		if (time_ns[row + 1] <= time_ns[row])
			return bci_fail_row(err, BC_ORDER, row + 1,
			                    "the time of row %llu is not after "
			                    "the one before it",
			                    (unsigned long long)row + 1);
	return BC_OK;
}

/* A price as f64; one that is not there is NaN. */
static double
bar_price(const struct bci_bar_columns *bars, enum bar_price price,
          uint64_t row)
{
	if (bars->data[price] == NULL)
		return NAN;
	if (bars->type[price] == BC_F64)
		return ((const double *)bars->data[price])[row];
	return (double)((const float *)bars->data[price])[row];
}

/*
 * The rule that row 'row' breaks, or NULL.  A missing column is a NaN here and
 * fails no comparison; NaN in a column that is there was found before.
 */
static const char *
bar_fault(const struct bci_bar_columns *bars, uint64_t row)
{
	static const char *const endless[4] = {
		"open is not finite",
		"high is not finite",
		"low is not finite",
		"close is not finite",
	};
	double open = bar_price(bars, OPEN, row);
	double high = bar_price(bars, HIGH, row);
	double low = bar_price(bars, LOW, row);
	double close = bar_price(bars, CLOSE, row);

	for (int price = OPEN; price <= CLOSE; price++)
		if (bars->data[price] != NULL &&
		    !isfinite(bar_price(bars, (enum bar_price)price, row)))
			return endless[price];
	if (low > high)
		return "low is above high";
	if (low > open)
		return "low is above open";
	if (low > close)
		return "low is above close";
	if (high < open)
		return "high is below open";
	if (high < close)
		return "high is below close";
	return NULL;
}

/* Count the bad among 'count' rows; a NaN makes a comparison false. */
static inline __attribute__((always_inline)) uint64_t
bar_count_f64(const double *open, const double *high, const double *low,
              const double *close, uint64_t count)
{
	uint64_t good = 0;

	for (uint64_t i = 0; i < count; i++)
		good += (uint64_t)((low[i] <= open[i]) & (low[i] <= close[i]) &
		                   (open[i] <= high[i]) &
		                   (close[i] <= high[i]) &
		                   (low[i] >= -DBL_MAX) & (high[i] <= DBL_MAX));
	return count - good;
}

typedef uint64_t bar_counter(const double *open, const double *high,
                             const double *low, const double *close,
                             uint64_t count);

static uint64_t
bar_count_plain(const double *open, const double *high, const double *low,
                const double *close, uint64_t count)
{
	return bar_count_f64(open, high, low, close, count);
}

#if defined(__x86_64__)
/* The same loop, four rows at a time: every put waits for it. */
__attribute__((target("avx2"))) static uint64_t
bar_count_avx2(const double *open, const double *high, const double *low,
               const double *close, uint64_t count)
{
	return bar_count_f64(open, high, low, close, count);
}
#endif

/* The fastest counter that this processor runs. */
static bar_counter *
bar_choose_counter(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2"))
		return bar_count_avx2;
#endif
	return bar_count_plain;
}

/* Whether all four prices are there as f64. */
static bool
bar_all_f64(const struct bci_bar_columns *bars)
{
	for (int price = OPEN; price <= CLOSE; price++)
		if (bars->data[price] == NULL || bars->type[price] != BC_F64)
			return false;
	return true;
}

/* Count the bad rows of [row, row + count) and find the first of them. */
static uint64_t
bar_count_rows(const struct bci_bar_columns *bars, uint64_t row, uint64_t count,
               uint64_t *first_bad)
{
	uint64_t bad = 0;

	for (uint64_t i = row; i < row + count; i++) {
		if (bar_fault(bars, i) == NULL)
			continue;
		if (i < *first_bad)
			*first_bad = i;
		bad++;
	}
	return bad;
}

uint64_t
bci_bar_count_bad(const struct bci_bar_columns *bars, uint64_t rows,
                  uint64_t *first_bad)
{
	bar_counter *count = bar_choose_counter();
	uint64_t bad = 0, found, row = 0;

	*first_bad = rows;
	for (; bar_all_f64(bars) && rows - row >= BLOCK; row += BLOCK) {
		found = count((const double *)bars->data[OPEN] + row,
		              (const double *)bars->data[HIGH] + row,
		              (const double *)bars->data[LOW] + row,
		              (const double *)bars->data[CLOSE] + row, BLOCK);
		if (found != 0 && bad == 0)
			bar_count_rows(bars, row, BLOCK, first_bad);
		bad += found;
	}
	return bad + bar_count_rows(bars, row, rows - row, first_bad);
}

const char *
bci_bar_reason(const struct bci_bar_columns *bars, uint64_t row)
{
	const char *fault = bar_fault(bars, row);

	return fault != NULL ? fault : "the bar is possible";
}

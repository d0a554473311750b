/* SPDX-License-Identifier: MIT */
/*
 * test_indicator.c - averages against vectors and against slow references in
 * long double; what is missing; what must not matter.
 */
#include "barcache.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ERROR_MAX 1e-12L

/* Input and output of one run; references take up to 100,000 rows. */
struct series {
	size_t count;
	double *high, *low, *close, *out;
	long double *expected;
};

enum kind { SMA, EMA, RSI, ATR, KINDS };

static void *
numbers(size_t count, size_t bytes)
{
	void *memory = calloc(count + 1, bytes);

	assert_non_null(memory);
	return memory;
}

static void
series_init(struct series *series, size_t count)
{
	series->count = count;
	series->high = numbers(count, sizeof(double));
	series->low = numbers(count, sizeof(double));
	series->close = numbers(count, sizeof(double));
	series->out = numbers(count, sizeof(double));
	series->expected =
		numbers(count < 100000 ? count : 100000, sizeof(long double));
}

static void
series_free(struct series *series)
{
	free(series->high);
	free(series->low);
	free(series->close);
	free(series->out);
	free(series->expected);
}

/* Prices that walk in steps of 0.01, some of them flat, around 'level'. */
static void
series_walk(struct series *series, uint64_t seed, double level)
{
	int64_t ticks = (int64_t)(level * 100), step;

	for (size_t i = 0; i < series->count; i++) {
		uint64_t chance = test_mix(seed, i);

		step = (int64_t)(chance % 41) - 20;
		ticks += ticks + step < 100 ? 20 : step;
		series->close[i] = (double)ticks / 100;
		series->high[i] =
			series->close[i] + (double)(chance / 64 % 30) / 100;
		series->low[i] =
			series->close[i] - (double)(chance / 4096 % 30) / 100;
	}
}

static void
compute(const struct series *series, enum kind kind, uint64_t window)
{
	if (kind == SMA)
		bc_sma(series->close, series->count, window, series->out);
	else if (kind == EMA)
		bc_ema(series->close, series->count, window, series->out);
	else if (kind == RSI)
		bc_rsi(series->close, series->count, window, series->out);
	else
		bc_atr(series->high, series->low, series->close, series->count,
		        window, series->out);
}

/* ------------------------------------------------------------------------ */
/*  References: the definitions, word for word, in long double              */
/* ------------------------------------------------------------------------ */

static void
slow_sma(const struct series *series, size_t window)
{
	for (size_t i = 0; i < series->count; i++) {
		long double sum = 0;

		series->expected[i] = NAN;
		if (i + 1 < window)
			continue;
		for (size_t j = i + 1 - window; j <= i; j++)
			sum += series->close[j];
		series->expected[i] = sum / (long double)window;
	}
}

/* The mean of 'window' values from 'first' on, then share by share. */
static void
slow_smooth(const long double *values, size_t count, size_t first,
            size_t window, long double share, long double *out)
{
	long double sum = 0;

	for (size_t i = 0; i < count; i++) {
		out[i] = NAN;
		if (i < first)
			continue;
		sum += i < first + window ? values[i] : 0;
		if (i + 1 == first + window)
			out[i] = sum / (long double)window;
		else if (i >= first + window)
			out[i] = share * values[i] + (1 - share) * out[i - 1];
	}
}

static void
slow_ema(const struct series *series, size_t window)
{
	long double *values = numbers(series->count, sizeof(*values));

	for (size_t i = 0; i < series->count; i++)
		values[i] = series->close[i];
	slow_smooth(values, series->count, 0, window,
	            2.0L / ((long double)window + 1), series->expected);
	free(values);
}

static void
slow_rsi(const struct series *series, size_t window)
{
	size_t count = series->count;
	long double *gains = numbers(count, sizeof(*gains));
	long double *losses = numbers(count, sizeof(*losses));
	long double *gain = numbers(count, sizeof(*gain));
	long double *loss = numbers(count, sizeof(*loss));

	for (size_t i = 1; i < count; i++) {
		long double way = (long double)series->close[i] -
		                  (long double)series->close[i - 1];

		gains[i] = way > 0 ? way : 0;
		losses[i] = way < 0 ? -way : 0;
	}
	slow_smooth(gains, count, 1, window, 1.0L / (long double)window, gain);
	slow_smooth(losses, count, 1, window, 1.0L / (long double)window, loss);
	for (size_t i = 0; i < count; i++) {
		series->expected[i] = 100 - 100 / (1 + gain[i] / loss[i]);
		if (loss[i] == 0)
			series->expected[i] = gain[i] > 0 ? 100 : 50;
	}
	free(gains);
	free(losses);
	free(gain);
	free(loss);
}

static void
slow_atr(const struct series *series, size_t window)
{
	long double *ranges = numbers(series->count, sizeof(*ranges));

	for (size_t i = 0; i < series->count; i++) {
		long double high = series->high[i], low = series->low[i];

		long double last = i > 0 ? series->close[i - 1] : low;
		long double above = fabsl(high - last);
		long double below = fabsl(low - last);

		ranges[i] = high - low;
		if (i > 0 && above > ranges[i])
			ranges[i] = above;
		if (i > 0 && below > ranges[i])
			ranges[i] = below;
	}
	slow_smooth(ranges, series->count, 0, window,
	            1.0L / (long double)window, series->expected);
	free(ranges);
}

static void
slow(const struct series *series, enum kind kind, uint64_t window)
{
	if (kind == SMA)
		slow_sma(series, window);
	else if (kind == EMA)
		slow_ema(series, window);
	else if (kind == RSI)
		slow_rsi(series, window);
	else
		slow_atr(series, window);
}

/* Every value is as the reference has it, NaN at the same rows. */
static void
compare(const struct series *series, enum kind kind, uint64_t window)
{
	long double error, worst = 0;

	for (size_t i = 0; i < series->count; i++) {
		long double expected = series->expected[i];

		if (!!isnan(expected) != !!isnan(series->out[i]))
			fail_msg("kind %d, window %llu, row %zu: %g and not "
			         "%Lg",
			         kind, (unsigned long long)window, i,
			         series->out[i], expected);
		if (isnan(expected))
			continue;
		error = fabsl((long double)series->out[i] - expected);
		if (expected != 0)
			error /= fabsl(expected);
		worst = error > worst ? error : worst;
	}
	if (worst > ERROR_MAX)
		fail_msg("kind %d, window %llu: relative error %Lg", kind,
		         (unsigned long long)window, worst);
}

static void
check(const struct series *series, enum kind kind, uint64_t window)
{
	compute(series, kind, window);
	slow(series, kind, window);
	compare(series, kind, window);
}

/* ------------------------------------------------------------------------ */
/*  Vectors                                                                 */
/* ------------------------------------------------------------------------ */

static const double vector_close[] = { 10, 11, 12, 11, 13, 12, 14, 15, 14, 16 };
static const double vector_high[] = { 11,   12, 13,   12.5, 14,
	                              13.5, 15, 15.5, 15,   17 };
static const double vector_low[] = { 9,    10,   11, 10,   11.5,
	                             11.5, 12.5, 14, 13.5, 14.5 };

/* With a window of 3; six decimals. */
static const double vector_out[KINDS][10] = {
	{ NAN, NAN, 11, 11.333333, 12, 12, 13, 13.666667, 14.333333, 15 },
	{ NAN, NAN, 11, 11, 12, 12, 13, 14, 14, 15 },
	{ NAN, NAN, NAN, 66.666667, 83.333333, 60.606061, 78.333333, 83.800623,
	  60.790960, 78.500620 },
	{ NAN, NAN, 2, 2.166667, 2.444444, 2.296296, 2.530864, 2.187243,
	  1.958162, 2.305441 },
};

static void
each_indicator_gives_its_vector(void **state)
{
	struct series series;

	(void)state;
	series_init(&series, COUNT(vector_close));
	memcpy(series.close, vector_close, sizeof(vector_close));
	memcpy(series.high, vector_high, sizeof(vector_high));
	memcpy(series.low, vector_low, sizeof(vector_low));
	for (int kind = SMA; kind < KINDS; kind++) {
		compute(&series, (enum kind)kind, 3);
		for (size_t i = 0; i < series.count; i++)
			if (isnan(vector_out[kind][i]))
				assert_true(isnan(series.out[i]));
			else
				assert_true(fabs(series.out[i] -
				                 vector_out[kind][i]) < 6e-7);
	}
	series_free(&series);
}

/* ------------------------------------------------------------------------ */
/*  Against the references                                                  */
/* ------------------------------------------------------------------------ */

static void
every_window_agrees_with_the_definition(void **state)
{
	static const uint64_t windows[] = {
		1,   2,   3,   4,    5,    7,    14,   20,   21,
		199, 200, 640, 1023, 1024, 1025, 2999, 3000, 3001
	};
	struct series series;

	(void)state;
	series_init(&series, 3000);
	for (size_t i = 0; i < COUNT(windows); i++)
		for (int kind = SMA; kind < KINDS; kind++) {
			series_walk(&series, i + 1, 200);
			check(&series, (enum kind)kind, windows[i]);
		}
	series_free(&series);
}

static void
a_long_window_is_as_exact_as_a_short_one(void **state)
{
	static const uint64_t windows[] = { 1024, 1025, 20000 };
	struct series series;

	(void)state;
	series_init(&series, 60000);
	for (size_t i = 0; i < COUNT(windows); i++)
		for (int kind = SMA; kind < KINDS; kind++) {
			series_walk(&series, i + 7, 40000);
			check(&series, (enum kind)kind, windows[i]);
		}
	/* The same value all over: what is rounded is rounded one way. */
	for (size_t i = 0; i < series.count; i++)
		series.close[i] = series.high[i] = series.low[i] = 0.1;
	check(&series, SMA, 1024);
	check(&series, SMA, 20000);
	check(&series, EMA, 20000);
	series_free(&series);
}

/*
 * Only the last rows are compared.  The reference begins 5,000 rows before the
 * end; after 4,000 of them a share of 1e-124 is left of how it began.
 */
static void
ten_million_rows_do_not_drift(void **state)
{
	static const uint64_t windows[KINDS] = { 20, 20, 14, 14 };
	const size_t rows = 10000000, first = rows - 5000;
	struct series series, end;

	(void)state;
	series_init(&series, rows);
	series_walk(&series, 5, 3000);
	end = series;
	end.count = rows - first;
	end.high += first;
	end.low += first;
	end.close += first;
	end.out += first;
	for (int kind = SMA; kind < KINDS; kind++) {
		compute(&series, (enum kind)kind, windows[kind]);
		slow(&end, (enum kind)kind, windows[kind]);
		for (size_t i = 0; i < 4000; i++)
			end.expected[i] = end.out[i];
		compare(&end, (enum kind)kind, windows[kind]);
	}
	series_free(&series);
}

static void
a_huge_value_is_forgotten_with_its_window(void **state)
{
	struct series series;

	(void)state;
	series_init(&series, 4000);
	series_walk(&series, 9, 100);
	series.close[1234] = 1e200;
	series.close[2500] = 1e-200;
	check(&series, SMA, 20);
	check(&series, SMA, 1100);
	series_free(&series);
}

/* ------------------------------------------------------------------------ */
/*  Special cases                                                           */
/* ------------------------------------------------------------------------ */

static void
what_does_not_move_has_a_strength_of_50(void **state)
{
	struct series series;

	(void)state;
	series_init(&series, 100000);
	for (size_t i = 0; i < series.count; i++)
		series.close[i] = 7;
	bc_rsi(series.close, series.count, 14, series.out);
	assert_true(isnan(series.out[13]));
	for (size_t i = 14; i < series.count; i++)
		assert_true(series.out[i] == 50);
	for (size_t i = 0; i < series.count; i++)
		series.close[i] = (double)i;
	bc_rsi(series.close, series.count, 14, series.out);
	assert_true(series.out[14] == 100 && series.out[99999] == 100);
	for (size_t i = 0; i < series.count; i++)
		series.close[i] = -(double)i;
	bc_rsi(series.close, series.count, 14, series.out);
	assert_true(series.out[14] == 0 && series.out[99999] == 0);
	series_free(&series);
}

static void
strength_survives_a_long_standstill(void **state)
{
	struct series series;

	(void)state;
	series_init(&series, 100000);
	series_walk(&series, 3, 50);
	for (size_t i = 200; i < 99000; i++)
		series.close[i] = series.close[199];
	check(&series, RSI, 14);
	series.count = 12000; /* How long even a long double stands 2. */
	check(&series, RSI, 2);
	series_free(&series);
}

/* The bits of 'count' values are the same, or both are NaN. */
static void
expect_same(const double *a, const double *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(&a[i], &b[i], sizeof(a[i])) != 0 &&
		    !(isnan(a[i]) && isnan(b[i])))
			fail_msg("row %zu: %.17g and %.17g", i, a[i], b[i]);
}

static void
rows_behind_a_row_do_not_change_it(void **state)
{
	static const uint64_t windows[] = { 1, 3, 20, 1500 };
	struct series series, part;

	(void)state;
	series_init(&series, 5000);
	series_walk(&series, 11, 100);
	part = series;
	part.out = numbers(series.count, sizeof(double));
	for (size_t i = 0; i < COUNT(windows); i++)
		for (int kind = SMA; kind < KINDS; kind++) {
			compute(&series, (enum kind)kind, windows[i]);
			for (part.count = 1; part.count < 5000;
			     part.count += 97) {
				compute(&part, (enum kind)kind, windows[i]);
				expect_same(part.out, series.out, part.count);
			}
		}
	free(part.out);
	series_free(&series);
}

/* Whether a value is finite; of a bar all three have to be. */
static bool
present(const struct series *series, enum kind kind, size_t row)
{
	return isfinite(series->close[row]) &&
	       (kind != ATR ||
	        (isfinite(series->high[row]) && isfinite(series->low[row])));
}

/* Each run of rows that are there, as a series of its own. */
static void
slow_runs(const struct series *series, enum kind kind, uint64_t window)
{
	struct series run = *series;

	for (size_t i = 0; i < series->count; i++)
		series->expected[i] = NAN;
	for (size_t first = 0; first < series->count; first++) {
		size_t end = first;

		while (end < series->count && present(series, kind, end))
			end++;
		run.count = end - first;
		run.high = series->high + first;
		run.low = series->low + first;
		run.close = series->close + first;
		run.expected = series->expected + first;
		slow(&run, kind, window);
		first = end;
	}
}

static void
what_is_missing_parts_two_series(void **state)
{
	static const double nothings[] = { NAN, INFINITY, -INFINITY };
	static const uint64_t windows[] = { 1, 2, 5, 20, 1200 };
	struct series series;

	(void)state;
	series_init(&series, 9000);
	for (size_t i = 0; i < COUNT(windows); i++) {
		series_walk(&series, i + 21, 100);
		series.close[0] = series.close[8999] = NAN;
		for (size_t k = 0; k < 12; k++) {
			uint64_t chance = test_mix(i, k);
			double nothing = nothings[chance / 4 % 3];

			series.close[chance / 16 % 9000] = nothing;
			series.high[chance / 32 % 9000] = nothing;
			series.low[chance / 64 % 9000] = nothing;
		}
		for (int kind = SMA; kind < KINDS; kind++) {
			compute(&series, (enum kind)kind, windows[i]);
			slow_runs(&series, (enum kind)kind, windows[i]);
			compare(&series, (enum kind)kind, windows[i]);
		}
	}
	series_free(&series);
}

static void
nothing_is_written_behind_the_end(void **state)
{
	static const uint64_t windows[] = { 1, 3, 20, 1000, 1025, UINT64_MAX };
	static const size_t counts[] = { 0, 1, 2, 19, 20, 21, 160, 1025 };
	struct series series;

	(void)state;
	series_init(&series, 1025);
	series_walk(&series, 2, 10);
	for (size_t i = 0; i < COUNT(windows); i++)
		for (size_t j = 0; j < COUNT(counts); j++)
			for (int kind = SMA; kind < KINDS; kind++) {
				series.count = counts[j];
				series.out[counts[j]] = 4711;
				check(&series, (enum kind)kind,
				      windows[i] < 5000 ? windows[i] : 5000);
				compute(&series, (enum kind)kind, windows[i]);
				assert_true(series.out[counts[j]] == 4711);
			}
	series_free(&series);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_indicator_gives_its_vector),
		cmocka_unit_test(every_window_agrees_with_the_definition),
		cmocka_unit_test(a_long_window_is_as_exact_as_a_short_one),
		cmocka_unit_test(ten_million_rows_do_not_drift),
		cmocka_unit_test(a_huge_value_is_forgotten_with_its_window),
		cmocka_unit_test(what_does_not_move_has_a_strength_of_50),
		cmocka_unit_test(strength_survives_a_long_standstill),
		cmocka_unit_test(rows_behind_a_row_do_not_change_it),
		cmocka_unit_test(what_is_missing_parts_two_series),
		cmocka_unit_test(nothing_is_written_behind_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

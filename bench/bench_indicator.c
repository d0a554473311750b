/* SPDX-License-Identifier: MIT */
/*
 * bench_indicator.c - how long do the indicators take over 1,000,000 bars on
 * one core?  Beside what one writes first: the sum of each window anew, and
 * averages by the textbook's formula.
 */
#include "data.h"

#include <math.h>
#include <stdlib.h>


#define INDICATOR_ROWS 1000000

/* Closes of a walk, and where the values go. */
struct indicator_bench {
	const double *close;
	double *out;
};

static void
naive_sma(const double *values, uint64_t count, uint64_t window, double *out)
{
	double sum;

	for (uint64_t i = 0; i < count; i++) {
		sum = 0;
		for (uint64_t j = i + 1 - window; i + 1 >= window && j <= i;
		     j++)
			sum += values[j];
		out[i] = i + 1 >= window ? sum / (double)window : NAN;
	}
}

static void
naive_rsi(const double *values, uint64_t count, uint64_t window, double *out)
{
	double gain = 0, loss = 0, way, w = (double)window;

	for (uint64_t i = 0; i < count; i++) {
		way = i > 0 ? values[i] - values[i - 1] : 0;
		out[i] = NAN;
		if (i <= window) {
			gain += way > 0 ? way / w : 0;
			loss += way < 0 ? -way / w : 0;
		} else {
			gain = (gain * (w - 1) + (way > 0 ? way : 0)) / w;
			loss = (loss * (w - 1) + (way < 0 ? -way : 0)) / w;
		}
		if (i >= window)
			out[i] = 100 - 100 / (1 + gain / loss);
	}
}

typedef void indicator_call(const double *values, uint64_t count,
                            uint64_t window, double *out);

/* What one pass takes. */
static double
indicator_time(const struct indicator_bench *bench, indicator_call *call,
               uint64_t window)
{
	uint64_t begin = bench_now_ns();

	call(bench->close, INDICATOR_ROWS, window, bench->out);
	bench_sink += (uint64_t)bench->out[INDICATOR_ROWS - 1];
	return (double)(bench_now_ns() - begin);
}

/* Time ours and the rival in turns and report the medians. */
static void
indicator_measure(const struct indicator_bench *bench,
                  const struct bench_options *options, const char *name,
                  uint64_t window, indicator_call *ours, indicator_call *theirs)
{
	double our_ns[BENCH_ROUNDS_MAX], their_ns[BENCH_ROUNDS_MAX];

	(void)indicator_time(bench, ours, window);
	for (unsigned i = 0; i < options->rounds; i++) {
		our_ns[i] = indicator_time(bench, ours, window);
		their_ns[i] = indicator_time(bench, theirs, window);
	}
	bench_report("indicator", name, "pass_ns",
	             bench_median(our_ns, options->rounds), "ns", "naive",
	             bench_median(their_ns, options->rounds));
}

int
main(int argc, char **argv)
{
	struct bench_options options;
	struct indicator_bench bench;
	struct bench_bars bars;

	bench_options_parse(argc, argv, &options);
	bench_pin(0);
	bench_bars_init(&bars, INDICATOR_ROWS);
	bench_bars_fill(&bars, 1);
	bench.close = bars.columns[3].data;
	bench.out = bench_alloc(INDICATOR_ROWS, sizeof(double));
	indicator_measure(&bench, &options, "sma20-1m", 20, bc_sma, naive_sma);
	indicator_measure(&bench, &options, "rsi14-1m", 14, bc_rsi, naive_rsi);
	free(bench.out);
	bench_bars_free(&bars);
	return 0;
}

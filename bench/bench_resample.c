/* SPDX-License-Identifier: MIT */
/*
 * bench_resample.c - how long does a year of minute bars take to become hours?
 * Beside the loop that one writes first: row by row, a division for each.
 */
#include "data.h"

#include <stdlib.h>

#include "alloc.h"
#include "resample.h"

#define RESAMPLE_HOUR_NS (60 * BENCH_MINUTE_NS)
#define RESAMPLE_ROOM (BENCH_YEAR_ROWS / 60 + 2)

/* A year of bars, and room for its hours. */
struct resample_bench {
	struct bench_bars bars;
	const void *from[BENCH_COLUMNS - 1];
	int64_t *time_ns;
	void *to[BENCH_COLUMNS - 1];
};

typedef uint64_t resample_call(const struct resample_bench *bench);

static const struct bci_resample_column resample_columns[] = {
	{ BC_F64, BCI_FOLD_FIRST, BCI_CARRY_NOTHING },
	{ BC_F64, BCI_FOLD_MAX, BCI_CARRY_NOTHING },
	{ BC_F64, BCI_FOLD_MIN, BCI_CARRY_NOTHING },
	{ BC_F64, BCI_FOLD_LAST, BCI_CARRY_NOTHING },
	{ BC_F64, BCI_FOLD_SUM, BCI_CARRY_NOTHING },
};

static uint64_t
resample_ours(const struct resample_bench *bench)
{
	struct bci_resample_options options = {
		.source = { .step_ns = BENCH_MINUTE_NS },
		.buckets = { .timeframe = { .step_ns = RESAMPLE_HOUR_NS } },
		.from_ns = BENCH_EPOCH_NS,
	};
	struct bci_resample_rows in = { bench->bars.frame.time_ns, bench->from,
		                        BENCH_YEAR_ROWS };
	struct bci_resample_out out = { bench->time_ns, bench->to, NULL,
		                        RESAMPLE_ROOM, 0 };
	struct bci_resample *resample;
	struct bc_error err;
	uint64_t used;
	bool done;

	if (bci_resample_open(&bci_allocator_default, &options,
	                      resample_columns, BENCH_COLUMNS - 1, &resample,
	                      &err) != BC_OK ||
	    bci_resample_feed(resample, &in, &used, &out, &err) != BC_OK ||
	    bci_resample_finish(resample, INT64_MAX, &out, &done, &err) !=
	            BC_OK)
		bench_die("resample: %s", err.message);
	bci_resample_close(resample);
	return out.rows;
}

static uint64_t
resample_naive(const struct resample_bench *bench)
{
	const double *const *from = (const double *const *)bench->from;
	double *const *to = (double *const *)bench->to;
	uint64_t rows = 0;

	for (uint64_t i = 0; i < BENCH_YEAR_ROWS; i++) {
		int64_t time_ns = bench->bars.frame.time_ns[i];
		int64_t hour_ns = time_ns / RESAMPLE_HOUR_NS * RESAMPLE_HOUR_NS;

		if (rows == 0 || bench->time_ns[rows - 1] != hour_ns) {
			bench->time_ns[rows] = hour_ns;
			to[0][rows] = from[0][i];
			to[1][rows] = from[1][i];
			to[2][rows] = from[2][i];
			to[4][rows] = 0;
			rows++;
		}
		if (from[1][i] > to[1][rows - 1])
			to[1][rows - 1] = from[1][i];
		if (from[2][i] < to[2][rows - 1])
			to[2][rows - 1] = from[2][i];
		to[3][rows - 1] = from[3][i];
		to[4][rows - 1] += from[4][i];
	}
	return rows;
}

/* What one pass takes. */
static double
resample_time(const struct resample_bench *bench, resample_call *call)
{
	uint64_t begin = bench_now_ns();

	bench_sink += call(bench);
	return (double)(bench_now_ns() - begin);
}

int
main(int argc, char **argv)
{
	double our_ns[BENCH_ROUNDS_MAX], their_ns[BENCH_ROUNDS_MAX];
	struct bench_options options;
	struct resample_bench bench;

	bench_options_parse(argc, argv, &options);
	bench_pin(0);
	bench_bars_init(&bench.bars, BENCH_YEAR_ROWS);
	bench_bars_fill(&bench.bars, 1);
	bench.time_ns = bench_alloc(RESAMPLE_ROOM, sizeof(int64_t));
	for (int i = 0; i < BENCH_COLUMNS - 1; i++) {
		bench.from[i] = bench.bars.columns[i].data;
		bench.to[i] = bench_alloc(RESAMPLE_ROOM, sizeof(double));
	}
	if (resample_ours(&bench) != resample_naive(&bench))
		bench_die("the numbers of hours differ");
	for (unsigned i = 0; i < options.rounds; i++) {
		our_ns[i] = resample_time(&bench, resample_ours);
		their_ns[i] = resample_time(&bench, resample_naive);
	}
	bench_report("resample", "1m-to-1h", "pass_ns",
	             bench_median(our_ns, options.rounds), "ns", "naive",
	             bench_median(their_ns, options.rounds));
	for (int i = 0; i < BENCH_COLUMNS - 1; i++)
		free(bench.to[i]);
	free(bench.time_ns);
	bench_bars_free(&bench.bars);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * bench_resample.c - how long does a year of minute bars take to become hours?
 * Beside the loop that one writes first: row by row, a division for each.
 */
#include "data.h"

#include <stdlib.h>

#define RESAMPLE_HOUR_NS (60 * BENCH_MINUTE_NS)
#define RESAMPLE_ROOM (BENCH_YEAR_ROWS / 60 + 2)

/* A year of bars as a view, and room for its hours. */
struct resample_bench {
	struct bc_cache *cache;
	struct bc_view view;
	const int64_t *from_ns;
	const double *from[BENCH_COLUMNS - 1];
	int64_t *time_ns;
	double *to[BENCH_COLUMNS - 1];
};

typedef uint64_t resample_call(const struct resample_bench *bench);

static uint64_t
resample_ours(const struct resample_bench *bench)
{
	struct bc_resample rule = BC_RESAMPLE_INIT;
	struct bc_view hours;
	struct bc_error err;
	uint64_t rows;

	rule.timeframe = "1h";
	if (bc_resample(bench->cache, &bench->view, "1m", INT64_MIN, INT64_MAX,
	                &rule, &hours, &err) != BC_OK)
		bench_die("resample: %s", err.message);
	rows = hours.rows;
	bc_view_release(&hours);
	return rows;
}

static uint64_t
resample_naive(const struct resample_bench *bench)
{
	const double *const *from = bench->from;
	double *const *to = bench->to;
	uint64_t rows = 0;

	for (uint64_t i = 0; i < BENCH_YEAR_ROWS; i++) {
		int64_t time_ns = bench->from_ns[i];
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

/* Put a year of bars and show it. */
static void
resample_begin(struct resample_bench *bench, const char *path)
{
	struct bench_bars bars;
	struct bc_error err;

	bench->cache = bench_cache_open(path, (uint64_t)1 << 30,
	                                BC_DURABILITY_DEFAULT);
	bench_bars_init(&bars, BENCH_YEAR_ROWS);
	bench_bars_fill(&bars, 1);
	if (bc_put(bench->cache, "year", &bars.frame, NULL, NULL, &err) !=
	            BC_OK ||
	    bc_get(bench->cache, "year", &bench->view) != BC_OK)
		bench_die("resample: the bars cannot be put or read");
	bench_bars_free(&bars);
	bench->from_ns = bc_view_time(&bench->view);
	bench->time_ns = bench_alloc(RESAMPLE_ROOM, sizeof(int64_t));
	for (uint32_t i = 0; i < BENCH_COLUMNS - 1; i++) {
		bench->from[i] = bc_view_column(&bench->view, i + 1);
		bench->to[i] = bench_alloc(RESAMPLE_ROOM, sizeof(double));
	}
}

int
main(int argc, char **argv)
{
	double our_ns[BENCH_ROUNDS_MAX], their_ns[BENCH_ROUNDS_MAX];
	char path[BENCH_PATH_MAX];
	struct bench_options options;
	struct resample_bench bench;

	bench_options_parse(argc, argv, &options);
	bench_pin(0);
	bench_path(path, options.dir, "resample-cache");
	resample_begin(&bench, path);
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
	bc_view_release(&bench.view);
	bc_close(bench.cache);
	bench_remove_tree(path);
	return 0;
}

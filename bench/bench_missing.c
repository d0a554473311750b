/* SPDX-License-Identifier: MIT */
/*
 * bench_missing.c - how long does it take to find out what is still to be
 * fetched of a year of 500 hourly series?  Beside looking at the times of the
 * bars that are there.
 */
#include "series.h"

#include <stdlib.h>

#define MISSING_SERIES 500
#define MISSING_HOUR_NS (60 * BENCH_MINUTE_NS)
#define MISSING_ROWS 8760
#define MISSING_GAPS 16

struct missing_bench {
	struct bc_cache *cache;
	char keys[MISSING_SERIES][BENCH_KEY_BYTES];
	const char *names[MISSING_SERIES];
	struct bc_gap gaps[MISSING_SERIES * MISSING_GAPS];
	struct bench_bars bars;
	int64_t *hours;
};

/* A year of hours, of which some days are left out. */
static void
missing_make(struct missing_bench *bench, uint32_t index)
{
	struct bc_column columns[BENCH_COLUMNS - 1];
	uint64_t step = MISSING_ROWS / (index % MISSING_GAPS + 1);

	for (uint64_t at = 0; at + step <= MISSING_ROWS; at += step) {
		struct bc_frame part =
		        bench_part(&bench->bars, at, step - 24, columns);

		part.time_ns = bench->hours + at;
		bench_append(bench->cache, bench->keys[index], &part);
	}
}

static size_t
missing_ours(struct missing_bench *bench)
{
	struct bc_error err;
	size_t found;

	if (bc_missing(bench->cache, bench->names, MISSING_SERIES,
	               BENCH_EPOCH_NS,
	               BENCH_EPOCH_NS + MISSING_ROWS * MISSING_HOUR_NS, 0,
	               bench->gaps, MISSING_SERIES * MISSING_GAPS, &found,
	               &err) != BC_OK)
		bench_die("bc_missing: %s", err.message);
	return found;
}

/* What a cache without coverage does: read the times and look for holes. */
static size_t
missing_scan(struct missing_bench *bench)
{
	size_t found = 0;

	for (size_t i = 0; i < MISSING_SERIES; i++) {
		static const char *const only_time[] = {NULL};
		const int64_t *time_ns;
		struct bc_view view;

		bench_range_read(bench->cache, bench->keys[i], INT64_MIN,
		                 INT64_MAX, only_time, BC_READ_PARTIAL, &view);
		time_ns = bc_view_time(&view);
		for (uint64_t row = 1; row < view.rows; row++)
			found += time_ns[row] - time_ns[row - 1] !=
			         MISSING_HOUR_NS;
		found += view.last_ns + MISSING_HOUR_NS <
		         BENCH_EPOCH_NS + MISSING_ROWS * MISSING_HOUR_NS;
		bc_view_release(&view);
	}
	return found;
}

static double
missing_time(struct missing_bench *bench,
             size_t (*call)(struct missing_bench *bench))
{
	uint64_t begin = bench_now_ns();

	bench_sink += call(bench);
	return (double)(bench_now_ns() - begin) / MISSING_SERIES;
}

int
main(int argc, char **argv)
{
	static struct missing_bench bench;
	double ours[BENCH_ROUNDS_MAX], theirs[BENCH_ROUNDS_MAX];
	struct bench_options options;
	char path[BENCH_PATH_MAX];

	bench_options_parse(argc, argv, &options);
	bench_pin(0);
	bench_path(path, options.dir, "missing-cache");
	bench.cache = bench_cache_open(path, (uint64_t)4 << 30, BC_SCRATCH);
	bench_bars_init(&bench.bars, MISSING_ROWS);
	bench_bars_fill(&bench.bars, 1);
	bench.hours = bench_alloc(MISSING_ROWS, sizeof(int64_t));
	for (int64_t i = 0; i < MISSING_ROWS; i++)
		bench.hours[i] = BENCH_EPOCH_NS + i * MISSING_HOUR_NS;
	for (uint32_t i = 0; i < MISSING_SERIES; i++) {
		snprintf(bench.keys[i], BENCH_KEY_BYTES, "feed/spot/S%03u/1h",
		         i);
		bench.names[i] = bench.keys[i];
		missing_make(&bench, i);
	}
	if (missing_ours(&bench) != missing_scan(&bench))
		bench_die("%zu gaps, but %zu holes", missing_ours(&bench),
		          missing_scan(&bench));
	for (unsigned i = 0; i < options.rounds; i++) {
		ours[i] = missing_time(&bench, missing_ours);
		theirs[i] = missing_time(&bench, missing_scan);
	}
	bench_report("missing", "year-500-series", "key_ns",
	             bench_median(ours, options.rounds), "ns", "scan",
	             bench_median(theirs, options.rounds));
	free(bench.hours);
	bench_bars_free(&bench.bars);
	bc_close(bench.cache);
	bench_remove_tree(path);
	return 0;
}

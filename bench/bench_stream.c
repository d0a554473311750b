/* SPDX-License-Identifier: MIT */
/*
 * bench_stream.c - how fast is a series walked that no process wants to hold:
 * three years of seconds, 4.5 GB?  Beside summing memory that is there already;
 * and what its newest rows and a day of it cost.
 */
#include "series.h"

#include <stdlib.h>

#define STREAM_SECOND_NS 1000000000
#define STREAM_DAY_ROWS 86400
#define STREAM_DAYS 1095 /* 94,608,000 rows */
#define STREAM_BLOCK_ROWS 65536
#define STREAM_KEY "binance/spot/BTC_USDT/1s"
#define STREAM_MEMORY ((size_t)256 << 20)

struct stream_bench {
	struct bc_cache *cache;
	uint64_t days, rows;
};

/* Append day after day, whose times alone differ. */
static void
stream_make(struct stream_bench *bench)
{
	struct bench_bars bars;
	int64_t *time_ns;

	bench_bars_init(&bars, STREAM_DAY_ROWS);
	bench_bars_fill(&bars, 1);
	time_ns = bars.flat;
	for (uint64_t day = 0; day < bench->days; day++) {
		for (uint64_t i = 0; i < STREAM_DAY_ROWS; i++)
			time_ns[i] = BENCH_EPOCH_NS +
			             (int64_t)(day * STREAM_DAY_ROWS + i) *
			                     STREAM_SECOND_NS;
		bench_append(bench->cache, STREAM_KEY, &bars.frame);
	}
	bench->rows = bench->days * STREAM_DAY_ROWS;
	bench_bars_free(&bars);
}

/* Walk it all, every byte; returns GB/s. */
static double
stream_walk(const struct stream_bench *bench)
{
	uint64_t begin = bench_now_ns(), rows = 0, sum = 0;
	struct bc_stream *stream;
	struct bc_view view;
	struct bc_error err;

	if (bc_stream_open(bench->cache, STREAM_KEY, INT64_MIN, INT64_MAX, NULL,
	                   0, STREAM_BLOCK_ROWS, &stream, NULL, &err) != BC_OK)
		bench_die("bc_stream_open: %s", err.message);
	do {
		if (bc_stream_next(stream, &view) != BC_OK)
			bench_die("bc_stream_next failed");
		if (view.rows != 0)
			sum += bench_sum_view(&view);
		rows += view.rows;
	} while (view.rows != 0);
	bc_stream_close(stream);
	if (rows != bench->rows)
		bench_die("%llu rows of %llu", (unsigned long long)rows,
		          (unsigned long long)bench->rows);
	bench_sink = sum;
	return (double)(rows * BENCH_ROW_BYTES) /
	       (double)(bench_now_ns() - begin);
}

/* Sum memory of our own, as often as the stream has bytes; GB/s. */
static double
stream_memory(const struct stream_bench *bench, const uint64_t *memory)
{
	uint64_t begin = bench_now_ns(), done = 0;
	uint64_t bytes = bench->rows * BENCH_ROW_BYTES, sum = 0;

	for (; done < bytes; done += STREAM_MEMORY)
		sum += bench_sum(memory, STREAM_MEMORY / sizeof(*memory));
	bench_sink = sum;
	return (double)done / (double)(bench_now_ns() - begin);
}

/* The newest 500 rows, and a day by chance, each touched at both ends. */
static void
stream_reads(const struct stream_bench *bench, const char *name, bool tail,
             size_t reads)
{
	const int64_t day_ns = (int64_t)STREAM_DAY_ROWS * STREAM_SECOND_NS;
	struct bench_samples ticks;
	struct bench_latency out;
	struct bc_view view;
	uint64_t state = 5;

	bench_samples_init(&ticks, reads);
	for (size_t i = 0; i < reads; i++) {
		int64_t from = BENCH_EPOCH_NS +
		               day_ns * bench_random_below(
		                                &state, (uint32_t)bench->days);
		uint64_t begin = bench_ticks();

		if (tail && bc_tail(bench->cache, STREAM_KEY, 500, NULL, 0,
		                    &view) != BC_OK)
			bench_die("bc_tail: %s", bc_miss_name(view.miss));
		if (!tail)
			bench_range_read(bench->cache, STREAM_KEY, from,
			                 from + day_ns, NULL, 0, &view);
		bench_sink += (uint64_t)bc_view_time(&view)[view.rows - 1];
		bc_view_release(&view);
		bench_samples_add(&ticks, bench_ticks() - begin);
	}
	bench_latency_of_ticks(&ticks, &out);
	bench_report_latency("stream", name, &out, 1, NULL, NULL);
	bench_samples_free(&ticks);
}

int
main(int argc, char **argv)
{
	double ours[BENCH_ROUNDS_MAX], theirs[BENCH_ROUNDS_MAX];
	struct bench_options options;
	struct stream_bench bench;
	char path[BENCH_PATH_MAX], name[32];
	uint64_t *memory;
	unsigned rounds;

	bench_options_parse(argc, argv, &options);
	bench_pin(0);
	bench.days = options.quick ? STREAM_DAYS / 10 : STREAM_DAYS;
	rounds = options.quick ? 2 : 3;
	bench_path(path, options.dir, "stream-cache");
	bench.cache = bench_cache_open(path, (uint64_t)16 << 30, BC_SCRATCH);
	stream_make(&bench);
	bench_series_compact(bench.cache);
	snprintf(name, sizeof(name), "seconds-%llu",
	         (unsigned long long)(bench.rows / 100000 * 100000));
	memory = bench_alloc(1, STREAM_MEMORY);
	for (size_t i = 0; i < STREAM_MEMORY / sizeof(*memory); i++)
		memory[i] = i;
	(void)stream_walk(&bench); /* checks every byte for the first time */
	for (unsigned i = 0; i < rounds; i++) {
		ours[i] = stream_walk(&bench);
		theirs[i] = stream_memory(&bench, memory);
	}
	bench_report("stream", name, "gb_per_s", bench_median(ours, rounds),
	             "GB/s", "memory", bench_median(theirs, rounds));
	free(memory);
	bench_report("stream", name, "anonymous_mb",
	             (double)bench_anonymous_bytes() / 1e6, "MB", NULL, 0);
	stream_reads(&bench, "tail-500", true, 20000);
	stream_reads(&bench, "random-day", false, 20000);
	bc_close(bench.cache);
	bench_remove_tree(path);
	return 0;
}

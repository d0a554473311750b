/* SPDX-License-Identifier: MIT */
/*
 * bench_range.c - how long does it take to have a range of a series as one
 * array a column?  A year of minute bars that came in one piece, by month or by
 * day, a window of 1,950 rows in it; beside gathering the pieces into fresh
 * memory, and beside a mapped flat file.
 */
#include "series.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cache.h"
#include "lookup.h"
#include "stitch.h"

#define RANGE_WINDOW 1950

static const char *const range_close[] = {"close", NULL};

/* A year of bars, and what a read of it is to be compared with. */
struct range_bench {
	struct bench_options options;
	struct bench_bars bars;
	struct bench_flat flat;
	struct bc_cache *cache;
	const char *key;
	const char *const *columns;
	int64_t from_ns, to_ns;
};

static void
range_touch(const struct bc_view *view)
{
	bench_sink += (uint64_t)bc_view_time(view)[view->rows / 2];
}

/* One read; its ticks.  'copied' gets the bytes that it copied. */
static uint64_t
range_once(struct range_bench *bench, unsigned flags, uint64_t *copied)
{
	uint64_t begin = bench_ticks(), ticks;
	struct bc_view view;

	bench_range_read(bench->cache, bench->key, bench->from_ns, bench->to_ns,
	                 bench->columns, flags, &view);
	range_touch(&view);
	ticks = bench_ticks() - begin;
	*copied = view.copied_bytes;
	bc_view_release(&view);
	return ticks;
}

/* Forget what was stitched together, so that the next read does it anew. */
static void
range_forget(struct range_bench *bench)
{
	struct bci_lane *lane;
	struct bci_env *env;

	if (bci_cache_env(bench->cache, &env, NULL) != BC_OK)
		bench_die("no environment");
	lane = bci_lane_take(env);
	for (int i = 1; i < BCI_STITCHES_KEPT * 2; i *= 2)
		bci_stitches_drop_half(env, lane);
	bci_lane_give(lane);
}

/*
 * Find the range in the flat file by arithmetic and touch it: the floor of
 * what a range can cost.
 */
static uint64_t
range_flat(struct range_bench *bench)
{
	uint64_t begin = bench_ticks();
	const int64_t *time_ns = (const void *)bench->flat.base;

	bench_sink += (uint64_t)time_ns[BENCH_YEAR_ROWS / 2];
	return bench_ticks() - begin;
}

/*
 * Copy the months, which lie apart in the flat file, to fresh memory: what a
 * program does that has an array of each.  Fresh is what the kernel hands out;
 * malloc() would hand out what the round before gave back.
 */
static uint64_t
range_gather(struct range_bench *bench)
{
	const size_t month = BENCH_YEAR_ROWS / 12;
	const double *from = (const void *)bench->flat.base;
	uint32_t count = bench->columns != NULL ? 2 : BENCH_COLUMNS;
	const size_t bytes = BENCH_YEAR_ROWS * sizeof(*from);
	uint64_t begin = bench_ticks(), ticks = 0;

	for (uint32_t i = 0; i < count; i++) {
		double *to = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (to == MAP_FAILED)
			bench_die("no memory");
		for (size_t at = 0; at < BENCH_YEAR_ROWS; at += month)
			memcpy(to + at, from + i * BENCH_YEAR_ROWS + at,
			       month * sizeof(*to));
		bench_sink += (uint64_t)to[BENCH_YEAR_ROWS / 2];
		ticks += bench_ticks() - begin;
		munmap(to, bytes);
		begin = bench_ticks();
	}
	return ticks;
}

/* First views, gathered copies and the flat file, by turns. */
static void
range_compare(struct range_bench *bench, const char *name)
{
	size_t reads = bench->options.quick ? 40 : 200;
	struct bench_samples ours, gathered, flat;
	struct bench_latency our, gather, floor;
	uint64_t copied;

	bench_samples_init(&ours, reads);
	bench_samples_init(&gathered, reads);
	bench_samples_init(&flat, reads);
	(void)range_once(bench, 0, &copied); /* checks it for the first time */
	for (size_t i = 0; i < reads; i++) {
		range_forget(bench);
		bench_samples_add(&ours, range_once(bench, 0, &copied));
		bench_samples_add(&flat, range_flat(bench));
		if (i % 8 == 0)
			bench_samples_add(&gathered, range_gather(bench));
	}
	bench_latency_of_ticks(&ours, &our);
	bench_latency_of_ticks(&gathered, &gather);
	bench_latency_of_ticks(&flat, &floor);
	bench_report_latency("range", name, &our, 1, "gather", &gather);
	bench_report_latency("range", name, &our, 1, "mmap", &floor);
	bench_report("range", name, "copied_bytes", (double)copied, "B", NULL,
	             0);
	bench_samples_free(&ours);
	bench_samples_free(&gathered);
	bench_samples_free(&flat);
}

/* The same range again and again, or windows by chance. */
static void
range_many(struct range_bench *bench, const char *name, uint64_t window)
{
	size_t reads = bench->options.quick ? 100000 : 400000;
	int64_t span_ns = bench->to_ns - bench->from_ns;
	struct range_bench part = *bench;
	struct bench_samples ticks;
	struct bench_latency out;
	uint64_t state = 3, copied;

	bench_samples_init(&ticks, reads);
	(void)range_once(bench, 0, &copied);
	for (size_t i = 0; i < reads; i++) {
		if (window != 0) {
			uint64_t span = (uint64_t)(span_ns / BENCH_MINUTE_NS);
			uint32_t at = bench_random_below(
			        &state, (uint32_t)(span - window));

			part.from_ns = bench->from_ns + at * BENCH_MINUTE_NS;
			part.to_ns = part.from_ns +
			             (int64_t)window * BENCH_MINUTE_NS;
		}
		bench_samples_add(&ticks, range_once(&part, 0, &copied));
	}
	bench_latency_of_ticks(&ticks, &out);
	bench_report_latency("range", name, &out, 1, NULL, NULL);
	bench_samples_free(&ticks);
}

/*
 * The first read of a process, with the checksums of all it shows, and without
 * any: what it takes to open the cache is not part of it.
 */
static void
range_first(struct range_bench *bench, const char *name)
{
	static const enum bc_checking checking[] = {BC_CHECK_FIRST,
	                                            BC_CHECK_NEVER};
	double ns[2][BENCH_ROUNDS_MAX];
	char path[BENCH_PATH_MAX];
	uint64_t copied;

	bench_path(path, bench->options.dir, "range-cache");
	for (unsigned i = 0; i < bench->options.rounds; i++) {
		for (size_t k = 0; k < 2; k++) {
			struct bc_options options = BC_OPTIONS_INIT;
			struct bc_error err;

			bc_close(bench->cache);
			options.checking = checking[k];
			if (bc_open(path, &options, &bench->cache, &err) !=
			    BC_OK)
				bench_die("bc_open: %s", err.message);
			ns[k][i] = (double)range_once(bench, 0, &copied) *
			           bench_tick_ns();
		}
	}
	bench_report("range", name, "first_ns",
	             bench_median(ns[0], bench->options.rounds), "ns",
	             "unchecked", bench_median(ns[1], bench->options.rounds));
}

/* The year with some minutes missing, as markets are that sleep at times. */
static void
range_make_gappy(struct range_bench *bench, const char *key)
{
	struct bench_bars bars;
	int64_t *time_ns;
	uint64_t state = 11, minute = 0;

	bench_bars_init(&bars, BENCH_YEAR_ROWS);
	bench_bars_fill(&bars, 2);
	time_ns = bars.flat;
	for (uint64_t i = 0; i < BENCH_YEAR_ROWS; i++) {
		uint64_t chance = bench_random(&state);
		uint64_t quiet = minute / 60 % 24 < 6 ? 8 : 64;

		time_ns[i] = BENCH_EPOCH_NS + (int64_t)minute * BENCH_MINUTE_NS;
		minute += 1 + (chance % quiet == 0 ? chance >> 60 : 0);
		if (chance >> 8 << 48 == 0)
			minute += 300; /* the exchange was down */
	}
	bench_append(bench->cache, key, &bars.frame);
	bench_bars_free(&bars);
}

/* What finding the row of a moment by chance takes, in a view with holes. */
static void
range_search(const struct bc_view *view, const char *name)
{
	const struct bci_lookup known = {view->rows, view->first_ns,
	                                 view->last_ns, 0};
	const int64_t *times = bc_view_time(view);
	const uint64_t span = (uint64_t)(view->last_ns - view->first_ns);
	struct bench_samples ticks;
	struct bench_latency out;
	uint64_t state = 13;

	bench_samples_init(&ticks, 100000);
	for (size_t i = 0; i < 100000; i++) {
		int64_t time_ns = view->first_ns +
		                  (int64_t)(bench_random(&state) % span);
		uint64_t begin = bench_ticks();

		bench_sink += bci_lookup_row(&known, times, time_ns);
		bench_samples_add(&ticks, bench_ticks() - begin);
	}
	bench_latency_of_ticks(&ticks, &out);
	bench_report("range", name, "search_p50_ns", out.p50_ns, "ns", NULL, 0);
	bench_samples_free(&ticks);
}

/* Windows in a series with holes; a real one if BENCH_GAPPY is CACHE:KEY. */
static void
range_gappy(struct range_bench *bench)
{
	const char *real = getenv("BENCH_GAPPY");
	const char *colon = real == NULL ? NULL : strchr(real, ':');
	const char *name = colon != NULL ? "window-gappy-real" : "window-gappy";
	struct range_bench gappy = *bench;
	struct bc_view view;

	gappy.key = "gappy/spot/A/1m";
	if (colon != NULL) {
		char path[BENCH_PATH_MAX];

		snprintf(path, sizeof(path), "%.*s", (int)(colon - real), real);
		gappy.cache = bench_cache_open(path, 0, BC_DURABILITY_DEFAULT);
		gappy.key = colon + 1;
	}
	bench_range_read(gappy.cache, gappy.key, INT64_MIN, INT64_MAX, NULL, 0,
	                 &view);
	gappy.from_ns = view.first_ns;
	gappy.to_ns = view.last_ns;
	range_search(&view, name);
	bc_view_release(&view);
	range_many(&gappy, name, RANGE_WINDOW);
	if (colon != NULL)
		bc_close(gappy.cache);
}

static void
range_make(struct range_bench *bench)
{
	char path[BENCH_PATH_MAX];
	FILE *file;

	bench_path(path, bench->options.dir, "range-flat");
	file = fopen(path, "w");
	if (file == NULL || fwrite(bench->bars.flat, bench->bars.flat_bytes, 1,
	                           file) != 1 ||
	    fclose(file) != 0)
		bench_die("cannot write %s", path);
	bench_flat_open(&bench->flat, path, bench->bars.flat_bytes);
	bench_path(path, bench->options.dir, "range-cache");
	bench->cache = bench_cache_open(path, (uint64_t)4 << 30,
	                                BC_DURABILITY_DEFAULT);
	bench_series_append(bench->cache, "compacted/spot/A/1m", &bench->bars,
	                    1440);
	bench_series_compact(bench->cache);
	bench_series_append(bench->cache, "months/spot/A/1m", &bench->bars,
	                    BENCH_MONTHS);
	bench_series_append(bench->cache, "days/spot/A/1m", &bench->bars, 1440);
	if (bc_put(bench->cache, "one/spot/A/1m", &bench->bars.frame, NULL,
	           NULL, NULL) != BC_OK)
		bench_die("bc_put failed");
	range_make_gappy(bench, "gappy/spot/A/1m");
	bench_settle(bench->options.dir);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name, *key;
		const char *const *columns;
	} cases[] = {
	        {"one-segment", "one/spot/A/1m", NULL},
	        {"monthly-appends", "months/spot/A/1m", NULL},
	        {"daily-appends", "days/spot/A/1m", NULL},
	        {"daily-appends-compacted", "compacted/spot/A/1m", NULL},
	        {"monthly-appends-close", "months/spot/A/1m", range_close},
	};
	static struct range_bench bench;

	bench_options_parse(argc, argv, &bench.options);
	bench_pin(0);
	bench_bars_init(&bench.bars, BENCH_YEAR_ROWS);
	bench_bars_fill(&bench.bars, 1);
	range_make(&bench);
	bench.from_ns = BENCH_EPOCH_NS;
	bench.to_ns = BENCH_EPOCH_NS + BENCH_YEAR_ROWS * BENCH_MINUTE_NS;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench.key = cases[i].key;
		bench.columns = cases[i].columns;
		range_compare(&bench, cases[i].name);
	}
	bench.key = "months/spot/A/1m";
	bench.columns = NULL;
	range_many(&bench, "repeated", 0);
	range_first(&bench, "monthly-appends");
	bench.key = "compacted/spot/A/1m";
	range_many(&bench, "window-1950", RANGE_WINDOW);
	range_gappy(&bench);
	bc_close(bench.cache);
	bench_flat_close(&bench.flat);
	bench_bars_free(&bench.bars);
	return 0;
}

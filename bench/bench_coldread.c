/* SPDX-License-Identifier: MIT */
/*
 * bench_coldread.c - what does it cost that bars are packed?  A month and a
 * year of minute bars from the cold tier to a view, the same month again, and
 * what eight processes hold in memory of their own that read the same months.
 *
 * The first three read through a handle that may not write, so that nothing
 * becomes warm under way, and keep fewer decoded months than they read, so that
 * each read decodes into memory that another month has left.
 */
#include "data.h"

#include <stdlib.h>
#include <string.h>

#define COLD_MONTHS 24
#define COLD_MONTH_ROWS 43200
#define COLD_YEARS 4
#define COLD_HOT_BYTES ((uint64_t)12 << 20) /* five months */
#define COLD_PROCESSES 8
#define COLD_PASSES 3

/* ------------------------------------------------------------------------ */
/*  Data                                                                    */
/* ------------------------------------------------------------------------ */

static void
cold_path(const struct bench_options *options, char path[BENCH_PATH_MAX])
{
	bench_path(path, options->dir, "coldread");
}

static struct bc_cache *
cold_open(const struct bench_options *options, unsigned flags,
          uint64_t hot_bytes)
{
	struct bc_options open = BC_OPTIONS_INIT;
	char path[BENCH_PATH_MAX];
	struct bc_cache *cache;
	struct bc_error err;

	cold_path(options, path);
	open.flags = flags;
	open.hot_bytes = hot_bytes;
	if (bc_open(path, &open, &cache, &err) != BC_OK)
		bench_die("bc_open: %s", err.message);
	return cache;
}

/* Months as frames and years as series, all packed. */
static void
cold_make(const struct bench_options *options)
{
	struct bc_append_options append = BC_APPEND_OPTIONS_INIT;
	struct bc_put_options put = BC_PUT_OPTIONS_INIT;
	char path[BENCH_PATH_MAX], key[BENCH_KEY_BYTES];
	struct bench_bars month, year;
	struct bc_cache *cache;
	struct bc_error err;

	cold_path(options, path);
	bench_remove_tree(path);
	cache = cold_open(options, BC_OPEN_CREATE, 0);
	bench_bars_init(&month, COLD_MONTH_ROWS);
	bench_bars_init(&year, BENCH_YEAR_ROWS);
	put.placement = append.placement = BC_PLACE_COLD;
	for (uint32_t i = 0; i < COLD_MONTHS; i++) {
		bench_bars_fill(&month, i + 1);
		bench_key(key, i);
		if (bc_put(cache, key, &month.frame, &put, NULL, &err) != BC_OK)
			bench_die("bc_put: %s", err.message);
	}
	for (uint32_t i = 0; i < COLD_YEARS; i++) {
		bench_bars_fill(&year, i + 1000);
		bench_key(key, COLD_MONTHS + i);
		if (bc_append(cache, key, &year.frame, &append, NULL, &err) !=
		    BC_OK)
			bench_die("bc_append: %s", err.message);
	}
	bench_bars_free(&month);
	bench_bars_free(&year);
	bc_close(cache);
}

/* ------------------------------------------------------------------------ */
/*  One process                                                             */
/* ------------------------------------------------------------------------ */

/* Time gets of keys [first, first + count), one after the other. */
static void
cold_time(struct bc_cache *cache, uint32_t first, uint32_t count, size_t reads,
          enum bc_tier tier, struct bench_latency *out)
{
	struct bench_samples samples;
	char key[BENCH_KEY_BYTES];
	struct bc_view view;

	bench_samples_init(&samples, reads);
	for (size_t i = 0; i < reads + count; i++) {
		uint64_t begin, end;

		bench_key(key, first + (uint32_t)(i % count));
		begin = bench_ticks();
		if (bc_get(cache, key, &view) != BC_OK)
			bench_die("bc_get: %s", bc_miss_name(view.miss));
		end = bench_ticks();
		if (view.tier != tier && i >= count)
			bench_die("tier %d, not %d", (int)view.tier, (int)tier);
		bench_sink += (uint64_t)view.first_ns;
		bc_view_release(&view);
		/* Before that memory is mapped for the first time. */
		if (i >= count)
			bench_samples_add(&samples, end - begin);
	}
	bench_latency_of_ticks(&samples, out);
	bench_samples_free(&samples);
}

/* Time gets of one key through a bound handle: it is in the hot tier. */
static void
cold_time_again(struct bc_cache *cache, size_t reads, struct bench_latency *out)
{
	struct bench_samples samples;
	char key[BENCH_KEY_BYTES];
	struct bc_bound *bound;
	struct bc_view view;

	bench_key(key, 0);
	if (bc_bind(cache, key, &bound) != BC_OK)
		bench_die("bc_bind");
	bench_samples_init(&samples, reads);
	for (size_t i = 0; i < reads + 2; i++) {
		uint64_t begin = bench_ticks(), end;

		if (bc_bound_get(bound, &view) != BC_OK)
			bench_die("bc_bound_get: %s", bc_miss_name(view.miss));
		end = bench_ticks();
		bench_sink += (uint64_t)view.first_ns;
		bc_view_release(&view);
		if (i >= 2)
			bench_samples_add(&samples, end - begin);
	}
	bench_latency_of_ticks(&samples, out);
	bench_samples_free(&samples);
	bc_unbind(bound);
}

/* Copying as many bytes, from and to memory that is in no cache. */
static void
cold_time_copy(size_t bytes, size_t copies, struct bench_latency *out)
{
	const size_t places = ((size_t)64 << 20) / bytes + 2;
	struct bench_samples samples;
	char *memory = bench_alloc(places, bytes);

	memset(memory, 1, places * bytes);
	bench_samples_init(&samples, copies);
	for (size_t i = 0; i < copies; i++) {
		uint64_t begin = bench_ticks();

		memcpy(memory + (i + 1) % places * bytes,
		       memory + i % places * bytes, bytes);
		bench_samples_add(&samples, bench_ticks() - begin);
	}
	bench_latency_of_ticks(&samples, out);
	bench_samples_free(&samples);
	free(memory);
}

static void
cold_alone(const struct bench_options *options)
{
	static struct bench_latency month[BENCH_ROUNDS_MAX],
		again[BENCH_ROUNDS_MAX], get[BENCH_ROUNDS_MAX],
		year[BENCH_ROUNDS_MAX],
		copy[BENCH_ROUNDS_MAX], long_copy[BENCH_ROUNDS_MAX];
	const size_t reads = options->quick ? 100 : 1000;
	struct bc_cache *cache =
		cold_open(options, BC_OPEN_READONLY, COLD_HOT_BYTES);

	for (unsigned i = 0; i < options->rounds; i++) {
		cold_time(cache, 0, COLD_MONTHS, reads, BC_COLD, &month[i]);
		cold_time(cache, 0, 1, 100 * reads, BC_HOT, &get[i]);
		cold_time_again(cache, 100 * reads, &again[i]);
		cold_time(cache, COLD_MONTHS, COLD_YEARS, reads / 10, BC_COLD,
		          &year[i]);
		cold_time_copy(COLD_MONTH_ROWS * BENCH_ROW_BYTES, reads,
		               &copy[i]);
		cold_time_copy(BENCH_YEAR_ROWS * BENCH_ROW_BYTES, reads / 10,
		               &long_copy[i]);
	}
	bc_close(cache);
	bench_report_latency("coldread", "month", month, options->rounds,
	                     "memcpy", copy);
	bench_report_latency("coldread", "month-repeated", again,
	                     options->rounds, "get", get);
	bench_report_latency("coldread", "year", year, options->rounds,
	                     "memcpy", long_copy);
}

/* ------------------------------------------------------------------------ */
/*  Many processes                                                          */
/* ------------------------------------------------------------------------ */

/* Arguments: "reader", the index of the process. */
static int
cold_child(const struct bench_options *options, char **argv)
{
	uint64_t before = bench_private_bytes();
	struct bc_cache *cache = cold_open(options, 0, 0);
	char key[BENCH_KEY_BYTES];
	struct bc_view view;

	bench_pin((unsigned)strtoul(argv[1], NULL, 10));
	for (unsigned pass = 0; pass < COLD_PASSES; pass++) {
		for (uint32_t i = 0; i < COLD_MONTHS; i++) {
			bench_key(key, i);
			if (bc_get(cache, key, &view) != BC_OK)
				bench_die("bc_get: %s",
				          bc_miss_name(view.miss));
			bench_sink += bench_sum_view(&view);
			bc_view_release(&view);
		}
		printf("%.0f\n", (double)bench_private_bytes() -
		                         (double)before);
		fflush(stdout);
		bench_parent_wait();
	}
	bc_close(cache);
	return 0;
}

static void
cold_processes(const struct bench_options *options)
{
	static double results[COLD_PASSES][BENCH_ROUNDS_MAX];
	struct bench_child children[COLD_PROCESSES];

	for (unsigned round = 0; round < options->rounds; round++) {
		cold_make(options);
		for (unsigned i = 0; i < COLD_PROCESSES; i++) {
			char text[16];
			const char *const arguments[] = {
			        "--dir", options->dir, "reader", text, NULL};

			snprintf(text, sizeof(text), "%u", i);
			bench_child_start(&children[i], arguments);
		}
		for (unsigned pass = 0; pass < COLD_PASSES; pass++) {
			double bytes, sum = 0;

			for (unsigned i = 0; i < COLD_PROCESSES; i++) {
				bench_child_numbers(&children[i], &bytes, 1);
				sum += bytes;
			}
			results[pass][round] = sum / COLD_PROCESSES / 1e6;
			for (unsigned i = 0; i < COLD_PROCESSES; i++)
				bench_child_say(&children[i], "on");
		}
		for (unsigned i = 0; i < COLD_PROCESSES; i++)
			bench_child_end(&children[i]);
	}
	for (unsigned pass = 0; pass < COLD_PASSES; pass++) {
		char metric[32];

		snprintf(metric, sizeof(metric), "private_mb_pass_%u",
		         pass + 1);
		bench_report("coldread", "procs-8", metric,
		             bench_median(results[pass], options->rounds), "MB",
		             NULL, 0);
	}
}

int
main(int argc, char **argv)
{
	struct bench_options options;
	char path[BENCH_PATH_MAX];

	bench_options_parse(argc, argv, &options);
	if (argc - options.rest == 2)
		return cold_child(&options, argv + options.rest);
	cold_make(&options);
	cold_alone(&options);
	cold_processes(&options);
	cold_path(&options, path);
	bench_remove_tree(path);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * bench_live.c - does a writer delay a reader?  One process gets frames of
 * 64 KiB at random, first alone ("quiet"), then while another replaces frames
 * of the same cache as fast as it can ("writer"); each on its own core.
 */
#include "data.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LIVE_FRAMES 10000
#define LIVE_ROWS (BENCH_MIB_ROWS / 16)
#define LIVE_READS 262144
#define LIVE_LOOK 4096 /* reads between looks at the clock and the writer */

/*
 * What the writer may put in a round, so that neither the budget nor the disk
 * fills: replaced frames may keep their space until the next cleaning.
 */
#define LIVE_PUTS_MAX 5000

/*
 * The writer: replaces frames until the time that the parent names or until
 * it has put all it may; prints puts per second.  Argument: the path.
 */
static int
live_writer(const char *path)
{
	struct bc_cache *cache =
	        bench_cache_open(path, 0, BC_DURABILITY_DEFAULT);
	uint64_t state = bench_now_ns(), puts = 0, begin_ns;
	unsigned long long until_ns;
	char key[BENCH_KEY_BYTES];
	struct bench_bars bars;
	struct bc_error err;

	bench_pin(1);
	bench_bars_init(&bars, LIVE_ROWS);
	bench_bars_fill(&bars, state);
	printf("0\n");
	fflush(stdout);
	if (scanf("%llu", &until_ns) != 1)
		bench_die("the parent process is gone");
	begin_ns = bench_now_ns();
	for (; puts < LIVE_PUTS_MAX && bench_now_ns() < until_ns; puts++) {
		bench_key(key, bench_random_below(&state, LIVE_FRAMES));
		((double *)bars.flat)[LIVE_ROWS * BENCH_COLUMNS - 1] =
		        (double)puts;
		if (bc_put(cache, key, &bars.frame, NULL, NULL, &err) != BC_OK)
			bench_die("bc_put: %s", err.message);
	}
	printf("%.6f\n",
	       (double)puts * 1e9 / (double)(bench_now_ns() - begin_ns));
	fflush(stdout);
	bench_bars_free(&bars);
	bc_close(cache);
	return 0;
}

/*
 * Keep how long each get takes until 'until_ns', or until the writer (NULL:
 * none) has printed that it is done.
 */
static void
live_read(struct bc_cache *cache, const struct bench_data *data,
          const uint32_t *order, uint64_t until_ns, struct bench_child *writer,
          struct bench_samples *samples)
{
	struct pollfd done = {.fd = -1, .events = POLLIN};
	uint64_t sum = 0;

	if (writer != NULL)
		done.fd = fileno(writer->from);
	samples->count = 0;
	while (samples->count + LIVE_LOOK <= samples->room &&
	       bench_now_ns() < until_ns && poll(&done, 1, 0) == 0) {
		for (size_t i = 0; i < LIVE_LOOK; i++) {
			uint32_t index = order[samples->count % LIVE_READS];
			uint64_t begin = bench_ticks();

			sum += bench_read_cache(cache, data->keys[index],
			                        index);
			bench_samples_add(samples, bench_ticks() - begin);
		}
	}
	bench_sink = sum;
}

/* One round: alone, then beside a writer; returns the writer's puts a second */
static double
live_round(const struct bench_options *options, struct bc_cache *cache,
           const struct bench_data *data, const uint32_t *order,
           struct bench_samples *samples, struct bench_latency *quiet,
           struct bench_latency *busy)
{
	const uint64_t window_ns = options->quick ? 500000000 : 1000000000;
	struct bench_child writer;
	uint64_t until_ns;
	double number;
	char text[32];

	bench_settle(options->dir);
	bench_warm_all(bench_read_cache, cache, data);
	live_read(cache, data, order, bench_now_ns() + window_ns, NULL,
	          samples);
	bench_latency_of_ticks(samples, quiet);

	bench_child_start(&writer,
	                  (const char *const[]){"--dir", options->dir,
	                                        "writer", data->cache, NULL});
	bench_child_numbers(&writer, &number, 1);
	bench_warm_all(bench_read_cache, cache, data);
	until_ns = bench_now_ns() + window_ns;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)until_ns);
	bench_child_say(&writer, text);
	live_read(cache, data, order, until_ns, &writer, samples);
	bench_child_numbers(&writer, &number, 1);
	bench_child_end(&writer);
	bench_latency_of_ticks(samples, busy);
	return number;
}

int
main(int argc, char **argv)
{
	struct bench_latency quiet[BENCH_ROUNDS_MAX], busy[BENCH_ROUNDS_MAX];
	double puts[BENCH_ROUNDS_MAX];
	struct bench_samples samples;
	struct bench_options options;
	char home[BENCH_PATH_MAX];
	struct bench_data data;
	struct bc_cache *cache;
	uint32_t *order;

	bench_options_parse(argc, argv, &options);
	if (argc - options.rest == 2)
		return live_writer(argv[options.rest + 1]);
	bench_pin(0);
	bench_path(home, options.dir, "live");
	(void)mkdir(home, 0700);
	bench_data_make(&data, home, LIVE_FRAMES, LIVE_ROWS, false);
	cache = bench_cache_open(data.cache, 0, BC_DURABILITY_DEFAULT);
	order = bench_order_uniform(LIVE_FRAMES, LIVE_READS, 5);
	bench_samples_init(&samples, 8000000);
	for (unsigned i = 0; i < options.rounds; i++)
		puts[i] = live_round(&options, cache, &data, order, &samples,
		                     &quiet[i], &busy[i]);
	bench_report_latency("live", "quiet", quiet, options.rounds, NULL,
	                     NULL);
	bench_report_latency("live", "writer", busy, options.rounds, "quiet",
	                     quiet);
	bench_report("live", "writer", "per_s",
	             bench_median(puts, options.rounds), "1/s", NULL, 0);
	bench_samples_free(&samples);
	free(order);
	bc_close(cache);
	bench_data_free(&data);
	bench_remove_tree(home);
	return 0;
}

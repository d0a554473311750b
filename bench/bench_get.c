/* SPDX-License-Identifier: MIT */
/*
 * bench_get.c - how long does it take to get a frame whose bytes are in the
 * page cache?  With all bookkeeping on, beside raw LMDB (renew, get, touch,
 * reset) and a mapped flat file; and the first get of a fresh process.
 */
#include "data.h"

#include <stdlib.h>
#include <string.h>

/* One way of reading, and what it measured in each round. */
struct get_subject {
	bench_read *read;
	void *context;
	struct bench_latency rounds[BENCH_ROUNDS_MAX];
};

/* Measure all subjects in turn, 'rounds' times, and print them as 'name'. */
static void
get_compare(const struct bench_options *options, const char *name,
            const struct bench_data *data, const uint32_t *order, size_t reads)
{
	static struct get_subject subjects[3];
	struct bench_flat flat;

	subjects[0].read = bench_read_cache;
	subjects[0].context =
	        bench_cache_open(data->cache, 0, BC_DURABILITY_DEFAULT);
	subjects[1].read = bench_read_lmdb;
	subjects[1].context = bench_lmdb_open(data->lmdb, false, BENCH_SYNC);
	bench_flat_open(&flat, data->flat, data->rows * BENCH_ROW_BYTES);
	subjects[2].read = bench_read_flat;
	subjects[2].context = &flat;
	for (size_t i = 0; i < 3; i++)
		bench_warm_all(subjects[i].read, subjects[i].context, data);
	for (unsigned round = 0; round < options->rounds; round++) {
		for (size_t i = 0; i < 3; i++) {
			struct get_subject *one = &subjects[i];

			/* Bring back what the one before pushed out. */
			bench_warm(one->read, one->context, data, order,
			           reads / 8);
			bench_time_reads(one->read, one->context, data, order,
			                 reads, &one->rounds[round]);
		}
	}
	bench_report_latency("get", name, subjects[0].rounds, options->rounds,
	                     "lmdb", subjects[1].rounds);
	bench_report_latency("get", name, subjects[0].rounds, options->rounds,
	                     "mmap", subjects[2].rounds);
	bench_flat_close(&flat);
	bench_lmdb_close(subjects[1].context);
	bc_close(subjects[0].context);
}

/*
 * A fresh process: open, get frame 'index', touch it; print the nanoseconds.
 * Arguments: "first", "cache" or "lmdb", the path, the index.
 */
static int
get_first_child(char **argv)
{
	uint32_t index = (uint32_t)strtoul(argv[3], NULL, 10);
	char key[BENCH_KEY_BYTES];
	uint64_t begin, end;

	bench_key(key, index);
	begin = bench_now_ns();
	if (strcmp(argv[1], "cache") == 0) {
		struct bc_cache *cache =
		        bench_cache_open(argv[2], 0, BC_DURABILITY_DEFAULT);

		bench_sink = bench_read_cache(cache, key, index);
		end = bench_now_ns();
		bc_close(cache);
	} else {
		struct bench_lmdb *lmdb =
		        bench_lmdb_open(argv[2], false, BENCH_SYNC);

		bench_sink = bench_read_lmdb(lmdb, key, index);
		end = bench_now_ns();
		bench_lmdb_close(lmdb);
	}
	printf("%.0f\n", (double)(end - begin));
	return 0;
}

/* One first get of a fresh process, in nanoseconds. */
static uint64_t
get_first_once(const struct bench_options *options, const char *kind,
               const char *path, uint32_t index)
{
	struct bench_child child;
	char number[16];
	const char *const arguments[] = {"--dir", options->dir, "first",
	                                 kind,    path,         number,
	                                 NULL};
	double ns;

	snprintf(number, sizeof(number), "%u", index);
	bench_child_start(&child, arguments);
	bench_child_numbers(&child, &ns, 1);
	bench_child_end(&child);
	return (uint64_t)ns;
}

static void
get_first(const struct bench_options *options, const struct bench_data *data)
{
	size_t runs = options->quick ? 60 : 300;
	struct bench_samples ours, theirs;
	struct bench_latency our, their;
	uint64_t state = 7;

	bench_samples_init(&ours, runs);
	bench_samples_init(&theirs, runs);
	for (size_t i = 0; i < runs; i++) {
		uint32_t index = bench_random_below(&state, data->count);

		bench_samples_add(&ours, get_first_once(options, "cache",
		                                        data->cache, index));
		bench_samples_add(&theirs, get_first_once(options, "lmdb",
		                                          data->lmdb, index));
	}
	bench_latency_of_ns(&ours, &our);
	bench_latency_of_ns(&theirs, &their);
	bench_report_latency("get", "first", &our, 1, "lmdb", &their);
	bench_samples_free(&theirs);
	bench_samples_free(&ours);
}

/*
 * Get 100 frames in turn, 'gets' times in all, and nothing else: for counting
 * system calls and for profilers.
 */
static int
get_repeat(const struct bench_options *options, size_t gets)
{
	struct bench_data data;
	struct bc_cache *cache;
	uint64_t sum = 0;

	bench_data_make(&data, options->dir, 100, 512, false);
	cache = bench_cache_open(data.cache, 0, BC_DURABILITY_DEFAULT);
	for (size_t i = 0; i < gets; i++) {
		uint32_t index = (uint32_t)(i % data.count);

		sum += bench_read_cache(cache, data.keys[index], index);
	}
	bench_sink = sum;
	bc_close(cache);
	bench_data_free(&data);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		uint32_t count;
		uint64_t rows;
		const char *name;
	} cases[] = {{100, 512, "uniform-100"},
	             {10000, 512, "uniform-10000"},
	             {1000000, 20, "uniform-1000000"}};
	struct bench_options options;
	struct bench_data data;
	uint32_t *order;
	size_t reads;

	bench_options_parse(argc, argv, &options);
	if (argc - options.rest == 4 &&
	    strcmp(argv[options.rest], "first") == 0)
		return get_first_child(argv + options.rest);
	if (argc - options.rest == 2 &&
	    strcmp(argv[options.rest], "repeat") == 0)
		return get_repeat(&options,
		                  strtoul(argv[options.rest + 1], NULL, 10));
	reads = options.quick ? 600000 : 2000000;
	bench_pin(0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_data_make(&data, options.dir, cases[i].count,
		                cases[i].rows, true);
		order = bench_order_uniform(data.count, reads, 1);
		get_compare(&options, cases[i].name, &data, order, reads);
		free(order);
		if (data.count == 10000) {
			order = bench_order_zipf(data.count, reads, 2);
			get_compare(&options, "zipf-10000", &data, order,
			            reads);
			free(order);
			get_first(&options, &data);
		}
		bench_data_free(&data);
	}
	return 0;
}

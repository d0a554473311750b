/* SPDX-License-Identifier: MIT */
/*
 * bench_open.c - how long does a fresh process take to open and close a cache
 * of a million entries?  Beside an LMDB file of as many.
 */
#include "data.h"

#include <string.h>

/* A fresh process: arguments are "child", "cache" or "lmdb", the path. */
static int
open_child(char **argv)
{
	uint64_t begin = bench_now_ns();

	if (strcmp(argv[1], "cache") == 0)
		bc_close(bench_cache_open(argv[2], 0, BC_DURABILITY_DEFAULT));
	else
		bench_lmdb_close(bench_lmdb_open(argv[2], false, BENCH_SYNC));
	printf("%.0f\n", (double)(bench_now_ns() - begin));
	return 0;
}

static uint64_t
open_once(const struct bench_options *options, const char *kind,
          const char *path)
{
	const char *const arguments[] = {"--dir", options->dir, "child",
	                                 kind,    path,         NULL};
	struct bench_child child;
	double ns;

	bench_child_start(&child, arguments);
	bench_child_numbers(&child, &ns, 1);
	bench_child_end(&child);
	return (uint64_t)ns;
}

int
main(int argc, char **argv)
{
	struct bench_samples ours, theirs;
	struct bench_latency our, their;
	struct bench_options options;
	struct bench_data data;
	size_t runs;

	bench_options_parse(argc, argv, &options);
	if (argc - options.rest == 3)
		return open_child(argv + options.rest);
	runs = options.quick ? 100 : 500;
	bench_data_make(&data, options.dir, 1000000, 20, true);
	bench_samples_init(&ours, runs);
	bench_samples_init(&theirs, runs);
	for (size_t i = 0; i < runs; i++) {
		bench_samples_add(&ours,
		                  open_once(&options, "cache", data.cache));
		bench_samples_add(&theirs,
		                  open_once(&options, "lmdb", data.lmdb));
	}
	bench_latency_of_ns(&ours, &our);
	bench_latency_of_ns(&theirs, &their);
	bench_report_latency("open", "entries-1000000", &our, 1, "lmdb",
	                     &their);
	bench_samples_free(&theirs);
	bench_samples_free(&ours);
	bench_data_free(&data);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * bench_fanout.c - what happens when many processes read the same cache at
 * once?  Gets per second in total, bandwidth of summing all columns through
 * views, and the memory that each reader needs for itself.
 *
 * A page of a file that one process alone has mapped counts as private to it,
 * although it is the page cache's.  So one more process, the holder, has read
 * everything before the readers begin, and what they count is theirs.
 */
#include "data.h"

#include <stdlib.h>
#include <string.h>

#define FANOUT_FRAMES 10000
#define FANOUT_ROWS 512
#define FANOUT_FEW 100   /* frames read before memory is first looked at */
#define FANOUT_SLICE 100 /* frames summed between looks at the clock */
#define FANOUT_READS 65536
#define FANOUT_PROCESSES_MAX 20

/* ------------------------------------------------------------------------ */
/*  Child: a reader                                                         */
/* ------------------------------------------------------------------------ */

struct fanout_reader {
	struct bench_data data;
	uint32_t *order;
	struct bc_cache *cache;
	struct bench_lmdb *lmdb;
	struct bench_flat flat;
	double begun[3]; /* what the first reads took: see fanout_begin() */
};

/* A step of a measurement; returns how many frames it read. */
typedef uint64_t fanout_step(struct fanout_reader *reader, uint64_t done);

/* Sum all columns of frames [from, to). */
static void
fanout_sum(struct fanout_reader *reader, uint32_t from, uint32_t to)
{
	uint64_t sum = 0;

	for (uint32_t i = from; i < to; i++) {
		struct bc_view view;

		if (bc_get(reader->cache, reader->data.keys[i], &view) != BC_OK)
			bench_die("bc_get: %s", bc_miss_name(view.miss));
		sum += bench_sum_view(&view);
		bc_view_release(&view);
	}
	bench_sink = sum;
}

static uint64_t
fanout_gets(struct fanout_reader *reader, bench_read *read, void *context,
            uint64_t done)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < 64; i++) {
		uint32_t index = reader->order[(done + i) % FANOUT_READS];

		sum += read(context, reader->data.keys[index], index);
	}
	bench_sink = sum;
	return 64;
}

static uint64_t
fanout_step_cache(struct fanout_reader *reader, uint64_t done)
{
	return fanout_gets(reader, bench_read_cache, reader->cache, done);
}

static uint64_t
fanout_step_lmdb(struct fanout_reader *reader, uint64_t done)
{
	return fanout_gets(reader, bench_read_lmdb, reader->lmdb, done);
}

static uint64_t
fanout_step_scan(struct fanout_reader *reader, uint64_t done)
{
	uint32_t from = (uint32_t)(done % FANOUT_FRAMES);

	fanout_sum(reader, from, from + FANOUT_SLICE);
	return FANOUT_SLICE;
}

static uint64_t
fanout_step_flat(struct fanout_reader *reader, uint64_t done)
{
	size_t bytes = reader->flat.frame_bytes;
	const void *from = reader->flat.base + done % FANOUT_FRAMES * bytes;

	bench_sink = bench_sum(from, FANOUT_SLICE * bytes / 8);
	return FANOUT_SLICE;
}

/* The measurements in the order in which they are taken. */
static fanout_step *const fanout_steps[] = {
        fanout_step_cache, fanout_step_lmdb, fanout_step_scan,
        fanout_step_flat};

#define FANOUT_STEPS (sizeof(fanout_steps) / sizeof(fanout_steps[0]))

/*
 * Read everything for the first time: bytes that became private by reading a
 * few frames and by reading all, and the bandwidth, checks included.
 */
static void
fanout_begin(struct fanout_reader *reader)
{
	uint64_t before = bench_private_bytes(), few, all, begin, ns;

	reader->cache = bench_cache_open(reader->data.cache, 0,
	                                 BC_DURABILITY_DEFAULT);
	fanout_sum(reader, 0, FANOUT_FEW);
	few = bench_private_bytes();
	begin = bench_now_ns();
	fanout_sum(reader, FANOUT_FEW, FANOUT_FRAMES);
	ns = bench_now_ns() - begin;
	all = bench_private_bytes();
	reader->begun[0] = (double)few - (double)before;
	reader->begun[1] = (double)all - (double)before;
	reader->begun[2] = (double)(FANOUT_FRAMES - FANOUT_FEW) * FANOUT_ROWS *
	                   BENCH_ROW_BYTES / (double)ns;
}

/* One measurement within the window that the parent names. */
static void
fanout_run(struct fanout_reader *reader, fanout_step *step)
{
	unsigned long long begin_ns, end_ns;
	uint64_t done = 0;

	fflush(stdout);
	if (scanf("%llu %llu", &begin_ns, &end_ns) != 2)
		bench_die("the parent process is gone");
	while (bench_now_ns() < begin_ns)
		continue;
	while (bench_now_ns() < end_ns)
		done += step(reader, done);
	printf("%llu\n", (unsigned long long)done);
}

/* Arguments: "reader" or "holder", the index of the process. */
static int
fanout_child(const struct bench_options *options, char **argv)
{
	struct fanout_reader reader;
	unsigned index = (unsigned)strtoul(argv[1], NULL, 10);

	bench_data_make(&reader.data, options->dir, FANOUT_FRAMES, FANOUT_ROWS,
	                true);
	reader.order = bench_order_uniform(FANOUT_FRAMES, FANOUT_READS, index);
	bench_pin(index);
	fanout_begin(&reader);
	reader.lmdb = bench_lmdb_open(reader.data.lmdb, false, BENCH_SYNC);
	bench_flat_open(&reader.flat, reader.data.flat,
	                FANOUT_ROWS * BENCH_ROW_BYTES);
	bench_warm_all(bench_read_lmdb, reader.lmdb, &reader.data);
	for (uint32_t i = 0; i < FANOUT_FRAMES; i += FANOUT_SLICE)
		(void)fanout_step_flat(&reader, i);
	printf("%.0f %.0f %.6f\n", reader.begun[0], reader.begun[1],
	       reader.begun[2]);
	if (strcmp(argv[0], "holder") == 0) {
		bench_parent_wait();
	} else {
		for (size_t i = 0; i < FANOUT_STEPS; i++)
			fanout_run(&reader, fanout_steps[i]);
	}
	bench_flat_close(&reader.flat);
	bench_lmdb_close(reader.lmdb);
	bc_close(reader.cache);
	return 0;
}

/* ------------------------------------------------------------------------ */
/*  Parent                                                                  */
/* ------------------------------------------------------------------------ */

/* What was measured of a number of processes, by round. */
struct fanout_result {
	double private_few[BENCH_ROUNDS_MAX];
	double private_all[BENCH_ROUNDS_MAX];
	double first_scan[BENCH_ROUNDS_MAX];
	double per_s[FANOUT_STEPS][BENCH_ROUNDS_MAX]; /* frames, in total */
};

/* One round with 'count' readers. */
static void
fanout_round(const struct bench_options *options, unsigned count,
             unsigned round, struct fanout_result *result)
{
	struct bench_child children[FANOUT_PROCESSES_MAX];
	uint64_t window_ns = options->quick ? 200000000 : 500000000;
	double begun[3];
	char text[64];

	result->private_few[round] = result->private_all[round] = 0;
	result->first_scan[round] = 0;
	for (unsigned i = 0; i < count; i++) {
		const char *const arguments[] = {"--dir", options->dir,
		                                 "reader", text, NULL};

		snprintf(text, sizeof(text), "%u", i);
		bench_child_start(&children[i], arguments);
	}
	for (unsigned i = 0; i < count; i++) {
		bench_child_numbers(&children[i], begun, 3);
		result->private_few[round] += begun[0] / count / 1e6;
		result->private_all[round] += begun[1] / count / 1e6;
		result->first_scan[round] += begun[2];
	}
	for (size_t step = 0; step < FANOUT_STEPS; step++) {
		uint64_t begin_ns = bench_now_ns() + 20000000;
		double frames, sum = 0;

		snprintf(text, sizeof(text), "%llu %llu",
		         (unsigned long long)begin_ns,
		         (unsigned long long)(begin_ns + window_ns));
		for (unsigned i = 0; i < count; i++)
			bench_child_say(&children[i], text);
		for (unsigned i = 0; i < count; i++) {
			bench_child_numbers(&children[i], &frames, 1);
			sum += frames;
		}
		result->per_s[step][round] = sum * 1e9 / (double)window_ns;
	}
	for (unsigned i = 0; i < count; i++)
		bench_child_end(&children[i]);
}

static void
fanout_print(unsigned count, unsigned rounds, struct fanout_result *result)
{
	const double gb = FANOUT_ROWS * BENCH_ROW_BYTES / 1e9;
	double medians[FANOUT_STEPS];
	char name[32];

	snprintf(name, sizeof(name), "procs-%u", count);
	for (size_t i = 0; i < FANOUT_STEPS; i++)
		medians[i] = bench_median(result->per_s[i], rounds);
	bench_report("fanout", name, "per_s", medians[0], "1/s", "lmdb",
	             medians[1]);
	bench_report("fanout", name, "gb_per_s", medians[2] * gb, "GB/s",
	             "mmap", medians[3] * gb);
	bench_report("fanout", name, "first_gb_per_s",
	             bench_median(result->first_scan, rounds), "GB/s", NULL, 0);
	bench_report("fanout", name, "private_100_mb",
	             bench_median(result->private_few, rounds), "MB", NULL, 0);
	bench_report("fanout", name, "private_mb",
	             bench_median(result->private_all, rounds), "MB", NULL, 0);
}

int
main(int argc, char **argv)
{
	static const unsigned counts[] = {1, 2, 4, 8, FANOUT_PROCESSES_MAX};
	static struct fanout_result results[sizeof(counts) / sizeof(counts[0])];
	struct bench_options options;
	struct bench_child holder;
	struct bench_data data;
	double begun[3];

	bench_options_parse(argc, argv, &options);
	if (argc - options.rest == 2)
		return fanout_child(&options, argv + options.rest);
	bench_data_make(&data, options.dir, FANOUT_FRAMES, FANOUT_ROWS, true);
	bench_child_start(&holder, (const char *const[]){"--dir", options.dir,
	                                                 "holder", "0", NULL});
	bench_child_numbers(&holder, begun, 3);
	for (unsigned round = 0; round < options.rounds; round++) {
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
			fanout_round(&options, counts[i], round, &results[i]);
	}
	bench_child_say(&holder, "end");
	bench_child_end(&holder);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		fanout_print(counts[i], options.rounds, &results[i]);
	bench_data_free(&data);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * bench_append.c - what does a new bar cost?  One bar for one long series, and
 * one for each of 500 series in a commit, in a cache of 100,000 entries.
 * Beside raw LMDB with the flags that promise the same, which replaces a record
 * of the size that a series has.
 */
#include "series.h"

#include <stdlib.h>
#include <string.h>

#define APPEND_ENTRIES 100000
#define APPEND_ENTRY_ROWS 20
#define APPEND_LONG_ROWS 1000000
#define APPEND_SERIES 500
#define APPEND_RECORD_BYTES 1900

/* Time and bytes of the appends of a subject. */
struct append_cost {
	struct bench_samples ns;
	uint64_t bytes;
};

struct append_bench {
	struct bench_data data; /* the entries that are there already */
	struct bc_cache *cache;
	struct bench_lmdb *lmdb;
	struct bench_bars bars;
	char keys[APPEND_SERIES][BENCH_KEY_BYTES];
	uint64_t next; /* row of 'bars' that the short series get next */
};

/* Bytes that this process handed to write() and its kin. */
static uint64_t
append_written(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	unsigned long long bytes = 0;
	char line[64];

	if (file == NULL)
		bench_die("cannot read /proc/self/io");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "wchar: %llu", &bytes) == 1)
			break;
	}
	fclose(file);
	return bytes;
}

/* One commit of each subject, by turns, 'commits' times. */
typedef void append_call(struct append_bench *bench, uint64_t round);

static void
append_measure(struct append_bench *bench, append_call *call, uint64_t commits,
               struct append_cost *cost)
{
	uint64_t before = append_written();

	for (uint64_t i = 0; i < commits; i++) {
		uint64_t begin = bench_now_ns();

		call(bench, i);
		bench_samples_add(&cost->ns, bench_now_ns() - begin);
	}
	cost->bytes += append_written() - before;
}

static void
append_one(struct append_bench *bench, uint64_t round)
{
	struct bc_column columns[BENCH_COLUMNS - 1];
	struct bc_frame bar;

	(void)round;
	bar = bench_part(&bench->bars, bench->next++, 1, columns);
	bench_append(bench->cache, BENCH_SERIES_KEY, &bar);
}

static void
append_one_lmdb(struct append_bench *bench, uint64_t round)
{
	static unsigned char record[APPEND_RECORD_BYTES];

	memcpy(record, &round, sizeof(round));
	bench_lmdb_begin(bench->lmdb);
	bench_lmdb_put(bench->lmdb, bench->data.keys[7], record,
	               sizeof(record));
	bench_lmdb_commit(bench->lmdb);
}

/* The next bar of each of the short series in one commit. */
static void
append_batch(struct append_bench *bench, uint64_t round)
{
	struct bc_column columns[BENCH_COLUMNS - 1];
	struct bc_batch *batch;
	struct bc_frame bar;
	struct bc_error err;

	bar = bench_part(&bench->bars, round, 1, columns);
	if (bc_batch_begin(bench->cache, &batch, &err) != BC_OK)
		bench_die("bc_batch_begin: %s", err.message);
	for (size_t i = 0; i < APPEND_SERIES; i++) {
		if (bc_batch_append(batch, bench->keys[i], &bar, NULL, NULL,
		                    &err) != BC_OK)
			bench_die("bc_batch_append: %s", err.message);
	}
	if (bc_batch_commit(&batch, &err) != BC_OK)
		bench_die("bc_batch_commit: %s", err.message);
}

static void
append_batch_lmdb(struct append_bench *bench, uint64_t round)
{
	static unsigned char record[APPEND_RECORD_BYTES];

	memcpy(record, &round, sizeof(round));
	bench_lmdb_begin(bench->lmdb);
	for (size_t i = 0; i < APPEND_SERIES; i++)
		bench_lmdb_put(bench->lmdb, bench->keys[i], record,
		               sizeof(record));
	bench_lmdb_commit(bench->lmdb);
}

static void
append_report(const char *name, uint64_t commits, struct append_cost *ours,
              struct append_cost *theirs)
{
	struct bench_latency our, their;

	bench_latency_of_ns(&ours->ns, &our);
	bench_latency_of_ns(&theirs->ns, &their);
	bench_report_latency("append", name, &our, 1, "lmdb", &their);
	bench_report("append", name, "bytes_written",
	             (double)ours->bytes / (double)commits, "B", "lmdb",
	             (double)theirs->bytes / (double)commits);
}

/* Both subjects take turns, a tenth of the commits each time. */
static void
append_compare(struct append_bench *bench, const char *name, append_call *ours,
               append_call *theirs, uint64_t commits)
{
	struct append_cost our = {.bytes = 0}, their = {.bytes = 0};

	bench_samples_init(&our.ns, commits);
	bench_samples_init(&their.ns, commits);
	for (uint64_t i = 0; i < 10; i++) {
		append_measure(bench, ours, commits / 10, &our);
		append_measure(bench, theirs, commits / 10, &their);
	}
	append_report(name, commits, &our, &their);
	bench_samples_free(&our.ns);
	bench_samples_free(&their.ns);
}

int
main(int argc, char **argv)
{
	static struct append_bench bench;
	struct bc_column columns[BENCH_COLUMNS - 1];
	struct bench_options options;
	struct bc_frame all;
	uint64_t commits;

	bench_options_parse(argc, argv, &options);
	bench_pin(0);
	commits = options.quick ? 300 : 1000;
	bench_data_make(&bench.data, options.dir, APPEND_ENTRIES,
	                APPEND_ENTRY_ROWS, true);
	bench.cache = bench_cache_open(bench.data.cache, 0,
	                               BC_DURABILITY_DEFAULT);
	bench.lmdb =
	        bench_lmdb_open(bench.data.lmdb, true, BENCH_NOMETASYNC);
	bench_bars_init(&bench.bars, APPEND_LONG_ROWS + 2 * commits);
	bench_bars_fill(&bench.bars, 1);
	all = bench_part(&bench.bars, 0, APPEND_LONG_ROWS, columns);
	bench_append(bench.cache, BENCH_SERIES_KEY, &all);
	bench.next = APPEND_LONG_ROWS;
	for (uint32_t i = 0; i < APPEND_SERIES; i++)
		snprintf(bench.keys[i], BENCH_KEY_BYTES, "feed/spot/S%03u/1m",
		         i);
	bench_settle(options.dir);
	append_compare(&bench, "one-bar", append_one, append_one_lmdb, commits);
	append_compare(&bench, "batch-500-series", append_batch,
	               append_batch_lmdb, commits / 5);
	bench_bars_free(&bench.bars);
	bench_lmdb_close(bench.lmdb);
	bc_close(bench.cache);
	bench_data_free(&bench.data);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * bench_put.c - how long does it take to put a frame, by durability, by size
 * and by how full the cache is?  Beside raw LMDB with the flags that promise
 * about the same, one transaction a commit.
 */
#include "data.h"

#include <stdlib.h>

#define PUT_MIB ((uint64_t)1 << 20)

/* Frames of a batch, and so the most frames that are made ahead. */
#define PUT_BATCH 16

struct put_case {
	const char *name;
	enum bc_durability durability;
	enum bench_lmdb_sync sync;
	uint64_t rows;
	uint32_t commits; /* in each round */
};

/* A cache and its rival, and what is put into both. */
struct put_bench {
	char cache_path[BENCH_PATH_MAX], lmdb_path[BENCH_PATH_MAX];
	struct bc_cache *cache;
	struct bench_lmdb *lmdb;
	struct bench_bars bars[PUT_BATCH];
	uint32_t bars_count;
	uint32_t cache_next, lmdb_next; /* the index of the next key */
};

/* Durations of commits and the bytes they put. */
struct put_samples {
	struct bench_samples ours, theirs;
};

static void
put_begin(struct put_bench *bench, const struct bench_options *options,
          uint64_t budget, const struct put_case *one, uint32_t bars_count)
{
	bench_path(bench->cache_path, options->dir, "put-cache");
	bench_path(bench->lmdb_path, options->dir, "put-lmdb");
	bench->cache =
	        bench_cache_open(bench->cache_path, budget, one->durability);
	bench->lmdb = bench_lmdb_open(bench->lmdb_path, true, one->sync);
	bench->bars_count = bars_count;
	for (uint32_t i = 0; i < bars_count; i++) {
		bench_bars_init(&bench->bars[i], one->rows);
		bench_bars_fill(&bench->bars[i], i);
	}
	bench->cache_next = bench->lmdb_next = 0;
	bench_settle(options->dir);
}

static void
put_end(struct put_bench *bench)
{
	char lock[BENCH_PATH_MAX + 8];

	for (uint32_t i = 0; i < bench->bars_count; i++)
		bench_bars_free(&bench->bars[i]);
	bc_close(bench->cache);
	bench_lmdb_close(bench->lmdb);
	bench_remove_tree(bench->cache_path);
	bench_remove_tree(bench->lmdb_path);
	snprintf(lock, sizeof(lock), "%s-lock", bench->lmdb_path);
	(void)remove(lock);
}

/* One bc_put() of a frame under a new key. */
static void
put_one_cache(struct put_bench *bench)
{
	char key[BENCH_KEY_BYTES];
	struct bc_error err;

	bench_key(key, bench->cache_next);
	if (bc_put(bench->cache, key,
	           &bench->bars[bench->cache_next % bench->bars_count].frame,
	           NULL, NULL, &err) != BC_OK)
		bench_die("bc_put %s: %s", key, err.message);
	bench->cache_next++;
}

/* One commit of all frames under new keys. */
static void
put_batch_cache(struct put_bench *bench)
{
	char key[BENCH_KEY_BYTES];
	struct bc_batch *batch;
	struct bc_error err;

	if (bc_batch_begin(bench->cache, &batch, &err) != BC_OK)
		bench_die("bc_batch_begin: %s", err.message);
	for (uint32_t i = 0; i < bench->bars_count; i++) {
		bench_key(key, bench->cache_next++);
		if (bc_batch_put(batch, key, &bench->bars[i].frame, NULL, NULL,
		                 &err) != BC_OK)
			bench_die("bc_batch_put %s: %s", key, err.message);
	}
	if (bc_batch_commit(&batch, &err) != BC_OK)
		bench_die("bc_batch_commit: %s", err.message);
}

/* One transaction of the rival with 'count' frames under new keys. */
static void
put_lmdb(struct put_bench *bench, uint32_t count)
{
	char key[BENCH_KEY_BYTES];

	bench_lmdb_begin(bench->lmdb);
	for (uint32_t i = 0; i < count; i++) {
		const struct bench_bars *bars =
		        &bench->bars[bench->lmdb_next % bench->bars_count];

		bench_key(key, bench->lmdb_next++);
		bench_lmdb_put(bench->lmdb, key, bars->flat, bars->flat_bytes);
	}
	bench_lmdb_commit(bench->lmdb);
}

/* Time 'commits' commits of one frame, or of a batch, of both. */
static void
put_round(struct put_bench *bench, uint32_t commits, bool batch,
          struct put_samples *samples)
{
	size_t bytes = (batch ? bench->bars_count : 1) *
	               bench->bars[0].flat_bytes * (commits + 1);
	uint64_t begin;

	bench_touch_memory(2 * bytes + 512 * PUT_MIB);
	for (uint32_t i = 0; i < commits; i++) {
		begin = bench_now_ns();
		if (batch)
			put_batch_cache(bench);
		else
			put_one_cache(bench);
		bench_samples_add(&samples->ours, bench_now_ns() - begin);
	}
	bench_touch_memory(2 * bytes + 512 * PUT_MIB);
	for (uint32_t i = 0; i < commits; i++) {
		begin = bench_now_ns();
		put_lmdb(bench, batch ? bench->bars_count : 1);
		bench_samples_add(&samples->theirs, bench_now_ns() - begin);
	}
}

/* Bytes by nanoseconds of all samples. */
static double
put_bandwidth(const struct bench_samples *samples, size_t commit_bytes)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < samples->count; i++)
		ns += samples->values[i];
	return ns == 0 ? 0
	               : (double)(samples->count * commit_bytes) / (double)ns;
}

static void
put_samples_init(struct put_samples *samples, size_t room)
{
	bench_samples_init(&samples->ours, room);
	bench_samples_init(&samples->theirs, room);
}

/* Print the samples of a case and free them. */
static void
put_report(const char *name, struct put_samples *samples, size_t commit_bytes)
{
	double our_rate = put_bandwidth(&samples->ours, commit_bytes);
	double their_rate = put_bandwidth(&samples->theirs, commit_bytes);
	struct bench_latency our, their;

	bench_latency_of_ns(&samples->ours, &our);
	bench_latency_of_ns(&samples->theirs, &their);
	bench_report_latency("put", name, &our, 1, "lmdb", &their);
	bench_report("put", name, "gb_per_s", our_rate, "GB/s", "lmdb",
	             their_rate);
	bench_samples_free(&samples->theirs);
	bench_samples_free(&samples->ours);
}

/* One frame a commit, into a cache that has room for all of them. */
static void
put_singles(const struct bench_options *options, const struct put_case *one)
{
	uint32_t commits = options->quick ? (one->commits + 1) / 2
	                                  : one->commits;
	size_t frame_bytes = one->rows * BENCH_ROW_BYTES;
	uint64_t bytes = (uint64_t)options->rounds * commits * frame_bytes;
	static struct put_bench bench;
	struct put_samples samples;

	put_begin(&bench, options, 2 * bytes + 512 * PUT_MIB, one, 1);
	put_samples_init(&samples, (size_t)options->rounds * commits);
	for (unsigned round = 0; round < options->rounds; round++) {
		put_round(&bench, commits, false, &samples);
		bench_settle(options->dir);
	}
	put_report(one->name, &samples, frame_bytes);
	put_end(&bench);
}

/*
 * Batches of 16 MiB into a cache whose budget is used to 10, 50 and 90
 * percent: each measurement begins 4 percent below and ends 4 above.
 */
static void
put_fill(const struct bench_options *options)
{
	static const struct {
		const char *name;
		uint32_t percent;
	} levels[] = {{"relaxed-batch16MiB-fill10", 10},
	              {"relaxed-batch16MiB-fill50", 50},
	              {"relaxed-batch16MiB-fill90", 90}};
	const struct put_case one = {NULL, BC_RELAXED, BENCH_NOMETASYNC,
	                             BENCH_MIB_ROWS, 0};
	const uint32_t frames = options->quick ? 1280 : 2560; /* the budget */
	const uint32_t commits = frames * 8 / 100 / PUT_BATCH;
	unsigned repeats = options->quick ? 2 : 5;
	struct put_samples samples[3];
	static struct put_bench bench;

	for (size_t i = 0; i < 3; i++)
		put_samples_init(&samples[i], (size_t)repeats * commits);
	for (unsigned repeat = 0; repeat < repeats; repeat++) {
		put_begin(&bench, options, frames * PUT_MIB, &one, PUT_BATCH);
		for (size_t i = 0; i < 3; i++) {
			uint32_t begin = frames * (levels[i].percent - 4) / 100;

			while (bench.cache_next + PUT_BATCH <= begin)
				put_batch_cache(&bench);
			while (bench.lmdb_next + PUT_BATCH <= begin)
				put_lmdb(&bench, PUT_BATCH);
			bench_settle(options->dir);
			put_round(&bench, commits, true, &samples[i]);
		}
		put_end(&bench);
	}
	for (size_t i = 0; i < 3; i++)
		put_report(levels[i].name, &samples[i],
		           PUT_BATCH * BENCH_MIB_ROWS * BENCH_ROW_BYTES);
}

int
main(int argc, char **argv)
{
	static const struct put_case cases[] = {
	        {"durable-1MiB", BC_DURABLE, BENCH_SYNC, BENCH_MIB_ROWS, 40},
	        {"relaxed-1MiB", BC_RELAXED, BENCH_NOMETASYNC, BENCH_MIB_ROWS,
	         80},
	        {"scratch-1MiB", BC_SCRATCH, BENCH_NOSYNC, BENCH_MIB_ROWS, 80},
	        {"relaxed-64KiB", BC_RELAXED, BENCH_NOMETASYNC,
	         BENCH_MIB_ROWS / 16, 400},
	        {"relaxed-64MiB", BC_RELAXED, BENCH_NOMETASYNC,
	         BENCH_MIB_ROWS * 64, 6},
	};
	struct bench_options options;

	bench_options_parse(argc, argv, &options);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		put_singles(&options, &cases[i]);
	put_fill(&options);
	return 0;
}

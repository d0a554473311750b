/* SPDX-License-Identifier: MIT */
/*
 * data.h - what the benchmarks read and write: bars by a random walk, keys,
 * caches full of frames with the rivals' files beside them, and the one loop
 * that times reads.
 */
#ifndef BENCH_DATA_H
#define BENCH_DATA_H

#include "barcache.h"
#include "bench.h"

#define BENCH_MINUTE_NS 60000000000
#define BENCH_EPOCH_NS 1704067200000000000 /* 2024-01-01 00:00 UTC */
#define BENCH_YEAR_ROWS 525600

/* A frame is the time and five columns of doubles. */
#define BENCH_COLUMNS 6
#define BENCH_ROW_BYTES ((size_t)8 * BENCH_COLUMNS)
#define BENCH_MIB_ROWS 21845 /* rows of a frame of one MiB */

/* ------------------------------------------------------------------------ */
/*  Bars                                                                    */
/* ------------------------------------------------------------------------ */

/* A random walk on a grid of ticks of 0.01, volumes on one of 0.001. */
struct bench_walk {
	uint64_t state;
	int64_t close;
};

struct bench_bar {
	int64_t open, high, low, close; /* ticks */
	int64_t volume;                 /* thousandths */
};

/* Start a walk; equal seeds give equal bars. */
void bench_walk_init(struct bench_walk *walk, uint64_t seed);
void bench_walk_next(struct bench_walk *walk, struct bench_bar *bar);

/*
 * A frame of minute bars in memory of ours: 'flat' holds its columns one
 * after the other, which is what the rivals store.  Do not move the struct.
 */
struct bench_bars {
	struct bc_frame frame;
	struct bc_column columns[BENCH_COLUMNS - 1];
	void *flat;
	size_t flat_bytes;
};

void bench_bars_init(struct bench_bars *bars, uint64_t rows);
void bench_bars_fill(struct bench_bars *bars, uint64_t seed);
void bench_bars_free(struct bench_bars *bars);

/* Write 'rows' minute bars as a CSV file. */
void bench_csv_write(const char *path, uint64_t seed, uint64_t rows);

/* The same of daily bars, whose prices have 'digits' decimals. */
void bench_csv_write_daily(const char *path, uint64_t seed, uint64_t rows,
                           unsigned digits);

/* Memory of a key, and the key of frame 'index'. */
#define BENCH_KEY_BYTES 40
void bench_key(char key[BENCH_KEY_BYTES], uint32_t index);

/* ------------------------------------------------------------------------ */
/*  Caches and rivals                                                       */
/* ------------------------------------------------------------------------ */

/* Open a cache or bench_die(); 'budget' 0 opens one that exists. */
struct bc_cache *bench_cache_open(const char *path, uint64_t budget,
                                  enum bc_durability durability);

/* One LMDB file with one unnamed database, used as plainly as can be. */
struct bench_lmdb;

enum bench_lmdb_sync { BENCH_SYNC, BENCH_NOMETASYNC, BENCH_NOSYNC };

struct bench_lmdb *bench_lmdb_open(const char *path, bool create,
                                   enum bench_lmdb_sync sync);
void bench_lmdb_close(struct bench_lmdb *lmdb);

/* A write transaction: begin, any number of puts, commit. */
void bench_lmdb_begin(struct bench_lmdb *lmdb);
void bench_lmdb_put(struct bench_lmdb *lmdb, const char *key,
                    const void *data, size_t bytes);
void bench_lmdb_commit(struct bench_lmdb *lmdb);

/* In a write transaction: memory for a value, which the caller fills before it
 * does anything else; deleting a key that is there. */
void *bench_lmdb_reserve(struct bench_lmdb *lmdb, const char *key,
                         size_t bytes);
void bench_lmdb_delete(struct bench_lmdb *lmdb, const char *key);

/* Write all of it to a new file, without what is free (MDB_CP_COMPACT). */
void bench_lmdb_copy(struct bench_lmdb *lmdb, const char *path);

/* A file of frames one after the other, mapped. */
struct bench_flat {
	const unsigned char *base;
	size_t bytes, frame_bytes;
};

void bench_flat_open(struct bench_flat *flat, const char *path,
                     size_t frame_bytes);
void bench_flat_close(struct bench_flat *flat);

/* The same frames three times: in a cache, in LMDB, in a flat file. */
struct bench_data {
	uint32_t count;
	uint64_t rows;
	char (*keys)[BENCH_KEY_BYTES];
	char cache[BENCH_PATH_MAX];
	char lmdb[BENCH_PATH_MAX];
	char flat[BENCH_PATH_MAX];
};

/*
 * Make 'count' frames of 'rows' rows under 'dir', or take those that are
 * there.  The rivals are made too if 'rivals' is set.
 */
void bench_data_make(struct bench_data *data, const char *dir, uint32_t count,
                     uint64_t rows, bool rivals);
void bench_data_free(struct bench_data *data);

/* ------------------------------------------------------------------------ */
/*  Timed reads                                                             */
/* ------------------------------------------------------------------------ */

/* One read of a frame that touches its first element and lets go of it. */
typedef uint64_t bench_read(void *context, const char *key, uint32_t index);

bench_read bench_read_cache; /* context: struct bc_cache */
bench_read bench_read_lmdb;  /* context: struct bench_lmdb */
bench_read bench_read_flat;  /* context: struct bench_flat */

/* Indices below 'count' in the order to read them; freed with free(). */
uint32_t *bench_order_uniform(uint32_t count, size_t reads, uint64_t seed);

/* The same by Zipf's law (exponent 0.99), the frequent ones strewn about. */
uint32_t *bench_order_zipf(uint32_t count, size_t reads, uint64_t seed);

/*
 * Time 'reads' reads in the given order: half of them one by one for the
 * percentiles, half in batches as a check of the clock.  The keys of a batch
 * are fetched before it, as a caller has just made its key.
 */
void bench_time_reads(bench_read *read, void *context,
                      const struct bench_data *data, const uint32_t *order,
                      size_t reads, struct bench_latency *out);

/* Read every frame of 'data' once, untimed. */
void bench_warm_all(bench_read *read, void *context,
                    const struct bench_data *data);

/* Read 'reads' frames in the given order, untimed. */
void bench_warm(bench_read *read, void *context, const struct bench_data *data,
                const uint32_t *order, size_t reads);

/*
 * Sum of 'count' elements, as integers: the compiler may then add several at
 * a time, and memory is what limits it.
 */
uint64_t bench_sum(const uint64_t *elements, uint64_t count);

/* The same over all columns of a view. */
uint64_t bench_sum_view(const struct bc_view *view);

#endif /* BENCH_DATA_H */

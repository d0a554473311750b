/* SPDX-License-Identifier: MIT */
/*
 * series.h - series for the benchmarks: the same bars, appended in pieces of
 * one size or another.
 */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include "data.h"

#define BENCH_SERIES_KEY "binance/spot/BTC_USDT/1m"

/* Rows [first, first + rows) of 'bars' as a frame; 'columns' is its memory. */
struct bc_frame bench_part(const struct bench_bars *bars, uint64_t first,
                           uint64_t rows,
                           struct bc_column columns[BENCH_COLUMNS - 1]);

/* Append a frame or bench_die(). */
void bench_append(struct bc_cache *cache, const char *key,
                  const struct bc_frame *frame);

/* How a series came to be: pieces of so many rows, or calendar months. */
enum bench_pieces { BENCH_MONTHS = 1 };

/*
 * Append all of 'bars', 'step' rows at a time (BENCH_MONTHS: a calendar month
 * at a time).
 */
void bench_series_append(struct bc_cache *cache, const char *key,
                         const struct bench_bars *bars, uint64_t step);

/* Merge the segments of all series or bench_die(). */
void bench_series_compact(struct bc_cache *cache);

/* Read a range or bench_die(). */
void bench_range_read(struct bc_cache *cache, const char *key, int64_t from_ns,
                      int64_t to_ns, const char *const *columns,
                      unsigned flags, struct bc_view *view);

#endif /* BENCH_SERIES_H */

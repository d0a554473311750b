/* SPDX-License-Identifier: MIT */
/*
 * data.c - see data.h.  Everything is made from seeds, so that two runs, and
 * a cache and its rivals, hold the same bytes.
 */
#include "data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

/* Bytes of frames that are put in one commit while data is made. */
#define DATA_BATCH_BYTES ((size_t)16 << 20)
#define DATA_BATCH_MAX 1000

/* Reads whose keys are fetched ahead, and that are timed as one. */
#define DATA_READS 64

/* ------------------------------------------------------------------------ */
/*  Bars                                                                    */
/* ------------------------------------------------------------------------ */

void
bench_walk_init(struct bench_walk *walk, uint64_t seed)
{
	walk->state = seed;
	walk->close = 1000 + (int64_t)bench_random_below(&walk->state, 5000000);
}

void
bench_walk_next(struct bench_walk *walk, struct bench_bar *bar)
{
	uint64_t chance = bench_random(&walk->state);
	int64_t reach = 1 + walk->close / 2000;
	int64_t span = 2 * reach + 1;

	bar->open = walk->close;
	bar->close = bar->open - reach;
	bar->close += (int64_t)(chance & 0xffff) * span >> 16;
	if (bar->close < 100)
		bar->close = 100;
	bar->high = bar->open > bar->close ? bar->open : bar->close;
	bar->low = bar->open < bar->close ? bar->open : bar->close;
	bar->high += (int64_t)(chance >> 16 & 0xff) * reach >> 8;
	bar->low -= (int64_t)(chance >> 24 & 0xff) * reach >> 8;
	if (bar->low < 1)
		bar->low = 1;
	bar->volume = (int64_t)(chance >> 32 & 0xffffff);
	walk->close = bar->close;
}

void
bench_bars_init(struct bench_bars *bars, uint64_t rows)
{
	static const char *const names[BENCH_COLUMNS - 1] = {
	        "open", "high", "low", "close", "volume"};

	memset(bars, 0, sizeof(*bars));
	bars->flat_bytes = rows * BENCH_ROW_BYTES;
	bars->flat = bench_alloc(1, bars->flat_bytes);
	for (uint32_t i = 0; i < BENCH_COLUMNS - 1; i++) {
		bars->columns[i].name = names[i];
		bars->columns[i].type = BC_F64;
		bars->columns[i].data = (double *)bars->flat + (i + 1) * rows;
	}
	bars->frame.rows = rows;
	bars->frame.time_ns = bars->flat;
	bars->frame.columns = bars->columns;
	bars->frame.column_count = BENCH_COLUMNS - 1;
}

void
bench_bars_fill(struct bench_bars *bars, uint64_t seed)
{
	uint64_t rows = bars->frame.rows;
	int64_t *time_ns = bars->flat;
	double *column = (double *)bars->flat + rows;
	struct bench_walk walk;
	struct bench_bar bar;

	bench_walk_init(&walk, seed);
	for (uint64_t i = 0; i < rows; i++) {
		bench_walk_next(&walk, &bar);
		time_ns[i] = BENCH_EPOCH_NS + (int64_t)i * BENCH_MINUTE_NS;
		column[i] = (double)bar.open / 100;
		column[i + rows] = (double)bar.high / 100;
		column[i + 2 * rows] = (double)bar.low / 100;
		column[i + 3 * rows] = (double)bar.close / 100;
		column[i + 4 * rows] = (double)bar.volume / 1000;
	}
}

void
bench_bars_free(struct bench_bars *bars)
{
	free(bars->flat);
	bars->flat = NULL;
}

void
bench_key(char key[BENCH_KEY_BYTES], uint32_t index)
{
	snprintf(key, BENCH_KEY_BYTES, "binance/spot/SYM%05u_USDT/1m", index);
}

/* ------------------------------------------------------------------------ */
/*  Making data                                                             */
/* ------------------------------------------------------------------------ */

struct bc_cache *
bench_cache_open(const char *path, uint64_t budget,
                 enum bc_durability durability)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache;
	struct bc_error err;

	if (budget > 0)
		options.flags = BC_OPEN_CREATE;
	options.warm_bytes = budget;
	options.durability = durability;
	if (bc_open(path, &options, &cache, &err) != BC_OK)
		bench_die("bc_open: %s", err.message);
	return cache;
}

/* Put frames [from, to) of 'data', which 'bars' holds, in one commit. */
static void
data_put_cache(struct bc_cache *cache, const struct bench_data *data,
               const struct bench_bars *bars, uint32_t from, uint32_t to)
{
	struct bc_batch *batch;
	struct bc_error err;

	if (bc_batch_begin(cache, &batch, &err) != BC_OK)
		bench_die("bc_batch_begin: %s", err.message);
	for (uint32_t i = from; i < to; i++) {
		if (bc_batch_put(batch, data->keys[i], &bars[i - from].frame,
		                 NULL, NULL, &err) != BC_OK)
			bench_die("bc_batch_put: %s", err.message);
	}
	if (bc_batch_commit(&batch, &err) != BC_OK)
		bench_die("bc_batch_commit: %s", err.message);
}

/* The same for the rivals; 'lmdb' and 'flat' are open. */
static void
data_put_rivals(struct bench_lmdb *lmdb, FILE *flat,
                const struct bench_data *data, const struct bench_bars *bars,
                uint32_t from, uint32_t to)
{
	bench_lmdb_begin(lmdb);
	for (uint32_t i = from; i < to; i++) {
		const struct bench_bars *one = &bars[i - from];

		bench_lmdb_put(lmdb, data->keys[i], one->flat,
		               one->flat_bytes);
		if (fwrite(one->flat, one->flat_bytes, 1, flat) != 1)
			bench_die("cannot write %s", data->flat);
	}
	bench_lmdb_commit(lmdb);
}

/*
 * Make the cache, or the rivals, of 'data' at their places with ".part" at
 * the end of the name; bench_data_make() gives them their names.
 */
static void
data_fill(const struct bench_data *data, const char *cache_path,
          const char *lmdb_path, const char *flat_path)
{
	size_t frame_bytes = data->rows * BENCH_ROW_BYTES;
	uint64_t budget = ((uint64_t)1 << 30) + 3 * data->count * frame_bytes;
	uint32_t step = (uint32_t)(DATA_BATCH_BYTES / frame_bytes);
	struct bench_lmdb *lmdb = NULL;
	struct bc_cache *cache = NULL;
	struct bench_bars *bars;
	FILE *flat = NULL;

	step = step > DATA_BATCH_MAX ? DATA_BATCH_MAX : step > 0 ? step : 1;
	bars = bench_alloc(step, sizeof(*bars));
	for (uint32_t i = 0; i < step; i++)
		bench_bars_init(&bars[i], data->rows);
	if (cache_path != NULL) {
		cache = bench_cache_open(cache_path, budget,
		                         BC_DURABILITY_DEFAULT);
	} else {
		lmdb = bench_lmdb_open(lmdb_path, true, BENCH_NOSYNC);
		flat = fopen(flat_path, "w");
		if (flat == NULL)
			bench_die("cannot write %s", flat_path);
	}
	for (uint32_t from = 0; from < data->count; from += step) {
		uint32_t to = data->count - from < step ? data->count
		                                        : from + step;

		for (uint32_t i = from; i < to; i++)
			bench_bars_fill(&bars[i - from], i);
		if (cache != NULL)
			data_put_cache(cache, data, bars, from, to);
		else
			data_put_rivals(lmdb, flat, data, bars, from, to);
	}
	if (flat != NULL && fclose(flat) != 0)
		bench_die("cannot write %s", flat_path);
	if (lmdb != NULL)
		bench_lmdb_close(lmdb);
	bc_close(cache);
	for (uint32_t i = 0; i < step; i++)
		bench_bars_free(&bars[i]);
	free(bars);
}

/* Give what was made under 'part' its name. */
static void
data_rename(const char *part, const char *path)
{
	if (rename(part, path) != 0)
		bench_die("cannot rename %s", part);
}

void
bench_data_make(struct bench_data *data, const char *dir, uint32_t count,
                uint64_t rows, bool rivals)
{
	char home[BENCH_PATH_MAX], name[32];
	char part[BENCH_PATH_MAX], flat_part[BENCH_PATH_MAX];

	data->count = count;
	data->rows = rows;
	data->keys = bench_alloc(count, sizeof(*data->keys));
	for (uint32_t i = 0; i < count; i++)
		bench_key(data->keys[i], i);
	snprintf(name, sizeof(name), "frames-%u", count);
	bench_path(home, dir, name);
	(void)mkdir(home, 0700);
	bench_path(data->cache, home, "cache");
	bench_path(data->lmdb, home, "lmdb");
	bench_path(data->flat, home, "flat");
	if (access(data->cache, F_OK) != 0) {
		bench_path(part, home, "cache.part");
		bench_remove_tree(part);
		data_fill(data, part, NULL, NULL);
		data_rename(part, data->cache);
	}
	if (rivals && access(data->lmdb, F_OK) != 0) {
		bench_path(part, home, "lmdb.part");
		bench_path(flat_part, home, "flat.part");
		(void)remove(part);
		data_fill(data, NULL, part, flat_part);
		data_rename(flat_part, data->flat);
		data_rename(part, data->lmdb);
	}
	bench_settle(dir);
}

void
bench_data_free(struct bench_data *data)
{
	free(data->keys);
	data->keys = NULL;
}

/* ------------------------------------------------------------------------ */
/*  Timed reads                                                             */
/* ------------------------------------------------------------------------ */

uint64_t
bench_read_cache(void *context, const char *key, uint32_t index)
{
	struct bc_view view;
	uint64_t first;

	(void)index;
	if (bc_get(context, key, &view) != BC_OK)
		bench_die("bc_get %s: %s", key, bc_miss_name(view.miss));
	first = (uint64_t)bc_view_time(&view)[0];
	bc_view_release(&view);
	return first;
}

uint32_t *
bench_order_uniform(uint32_t count, size_t reads, uint64_t seed)
{
	uint32_t *order = bench_alloc(reads, sizeof(*order));

	for (size_t i = 0; i < reads; i++)
		order[i] = bench_random_below(&seed, count);
	return order;
}

uint32_t *
bench_order_zipf(uint32_t count, size_t reads, uint64_t seed)
{
	uint32_t *order = bench_alloc(reads, sizeof(*order));
	uint32_t *place = bench_alloc(count, sizeof(*place));
	double *until = bench_alloc(count, sizeof(*until));
	double sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t other = bench_random_below(&seed, i + 1);

		sum += 1 / pow(i + 1, 0.99);
		until[i] = sum;
		place[i] = place[other];
		place[other] = i;
	}
	for (size_t i = 0; i < reads; i++) {
		double at = (double)(bench_random(&seed) >> 11) * 0x1p-53 * sum;
		uint32_t low = 0, high = count - 1;

		while (low < high) {
			uint32_t middle = (low + high) / 2;

			if (until[middle] < at)
				low = middle + 1;
			else
				high = middle;
		}
		order[i] = place[low];
	}
	free(until);
	free(place);
	return order;
}

void
bench_time_reads(bench_read *read, void *context,
                 const struct bench_data *data, const uint32_t *order,
                 size_t reads, struct bench_latency *out)
{
	char keys[DATA_READS][BENCH_KEY_BYTES];
	struct bench_samples singles, batches;
	uint64_t sum = 0;

	bench_samples_init(&singles, reads / 2 + DATA_READS);
	bench_samples_init(&batches, reads / DATA_READS / 2 + 1);
	for (size_t at = 0; at + DATA_READS <= reads; at += DATA_READS) {
		uint64_t begin;

		for (size_t i = 0; i < DATA_READS; i++)
			memcpy(keys[i], data->keys[order[at + i]],
			       sizeof(keys[i]));
		begin = bench_ticks();
		if (at / DATA_READS % 2 == 0) {
			for (size_t i = 0; i < DATA_READS; i++)
				sum += read(context, keys[i], order[at + i]);
			bench_samples_add(&batches, bench_ticks() - begin);
			continue;
		}
		for (size_t i = 0; i < DATA_READS; i++) {
			begin = bench_ticks();
			sum += read(context, keys[i], order[at + i]);
			bench_samples_add(&singles, bench_ticks() - begin);
		}
	}
	bench_sink = sum;
	bench_latency_of_ticks(&singles, out);
	out->batch_ns = (double)bench_percentile(&batches, 0.5) *
	                bench_tick_ns() / DATA_READS;
	bench_samples_free(&batches);
	bench_samples_free(&singles);
}

void
bench_warm(bench_read *read, void *context, const struct bench_data *data,
           const uint32_t *order, size_t reads)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < reads; i++)
		sum += read(context, data->keys[order[i]], order[i]);
	bench_sink = sum;
}

void
bench_warm_all(bench_read *read, void *context, const struct bench_data *data)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < data->count; i++)
		sum += read(context, data->keys[i], i);
	bench_sink = sum;
}

uint64_t
bench_sum(const uint64_t *elements, uint64_t count)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < count; i++)
		sum += elements[i];
	return sum;
}

uint64_t
bench_sum_view(const struct bc_view *view)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < view->schema->column_count; i++)
		sum += bench_sum(bc_view_column(view, i), view->rows);
	return sum;
}

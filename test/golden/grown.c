/* SPDX-License-Identifier: MIT */
/*
 * grown.c - making the series of the golden cache.
 *
 * They are chosen to take every way through the format of series: segments in
 * the table and in the record, rows in the tail, one that had not ended, bars
 * and empty stretches that are known and gaps between them, text whose
 * dictionary grew, a frame that became a series, rows that were removed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "grown.h"

#include <stdlib.h>
#include <string.h>

#define BEGIN_NS 1577836800000000000 /* 2020-01-01 */
#define MINUTE_NS 60000000000
#define WORDS 5

enum series { LONG, GAPS, EMPTY, FRAME, CUT };

static const char *const keys[GOLDEN_SERIES] = {
	[LONG] = "golden/series/long/1m",   [GAPS] = "golden/series/gaps/1m",
	[EMPTY] = "golden/series/empty/1m", [FRAME] = "golden/series/frame/1m",
	[CUT] = "golden/series/cut/1m",
};

static const char *const words[WORDS] = { "buy", "sell", "", "B\u00f6rse",
	                                  "hold" };

/* What is done, in this order; rows are counted from the first there may be. */
static const struct step {
	enum series series;
	enum { APPEND, KNOW, PUT, REMOVE, SINGLE } what;
	uint64_t first, count;
	uint64_t from, to; /* the range, in rows; both 0: as the rows have it */
	unsigned flags;
} steps[] = {
	{ LONG, APPEND, 0, 4096, 0, 0, 0 },
	{ LONG, APPEND, 4096, 4096, 0, 0, 0 },
	{ LONG, APPEND, 8192, 4096, 0, 0, 0 },
	{ LONG, APPEND, 12288, 4096, 0, 0, 0 },
	{ LONG, APPEND, 16384, 600, 0, 0, 0 },
	{ LONG, APPEND, 16984, 600, 0, 0, 0 },
	{ LONG, APPEND, 17584, 600, 0, 0, 0 },
	{ LONG, APPEND, 18184, 600, 0, 0, 0 },
	{ LONG, APPEND, 18784, 600, 0, 0, 0 },
	{ LONG, SINGLE, 19384, 30, 0, 0, 0 },
	{ GAPS, APPEND, 0, 100, 0, 100, 0 },
	{ GAPS, KNOW, 0, 0, 100, 200, 0 },
	{ GAPS, APPEND, 300, 60, 290, 360, 0 },
	{ GAPS, KNOW, 0, 0, 500, 510, 0 },
	{ GAPS, APPEND, 520, 2, 520, 522, BC_APPEND_OPEN },
	{ EMPTY, KNOW, 0, 0, 0, 1000, 0 },
	{ EMPTY, KNOW, 0, 0, 2000, 3000, 0 },
	{ FRAME, PUT, 0, 500, 0, 0, 0 },
	{ FRAME, APPEND, 500, 3, 0, 0, 0 },
	{ CUT, APPEND, 0, 900, 0, 0, 0 },
	{ CUT, REMOVE, 0, 0, 100, 150, 0 },
};

static int64_t
moment(uint64_t row)
{
	return BEGIN_NS + (int64_t)row * MINUTE_NS;
}

static double
price(unsigned series, uint64_t row)
{
	return 100 + series + (double)(row % 500) / 8;
}

const char *
golden_series_key(unsigned series)
{
	return keys[series];
}

/* ---- rows -------------------------------------------------------------- */

static void *
take(uint64_t rows, size_t bytes)
{
	void *memory = calloc(rows + 1, bytes);

	if (memory == NULL)
		abort();
	return memory;
}

/* Columns of bars, or for LONG and FRAME a price, a word and a flag. */
static void
columns_make(struct golden_rows *rows, unsigned series)
{
	static const char *const bar[] = { "open", "high", "low", "close",
		                           "volume" };
	static const struct bc_column tick[] = {
		{ .name = "price", .type = BC_F64 },
		{ .name = "side",
		  .type = BC_TEXT,
		  .dictionary = words,
		  .dictionary_count = WORDS },
		{ .name = "flag", .type = BC_U8 },
	};

	rows->column_count = series == LONG || series == FRAME ? 3 : 5;
	for (unsigned i = 0; i < rows->column_count; i++) {
		if (rows->column_count == 3)
			rows->columns[i] = tick[i];
		else
			rows->columns[i] = (struct bc_column){
				.name = bar[i],
				.type = BC_F64,
			};
		rows->memory[i] =
			take(rows->rows, bc_type_bytes(rows->columns[i].type));
		rows->columns[i].data = rows->memory[i];
	}
}

/* Write row 'row' of the series to place 'at'. */
static void
row_make(struct golden_rows *rows, unsigned series, uint64_t at, uint64_t row)
{
	static const double above[] = { 0, 2, -2, 0.5 };
	double *prices = rows->memory[0];

	rows->time_ns[at] = moment(row);
	if (rows->column_count == 3) {
		prices[at] = price(series, row);
		/* The last words come late. */
		((uint32_t *)rows->memory[1])[at] =
			row < 17000 ? (uint32_t)(row % 3)
				    : (uint32_t)(row % WORDS);
		((uint8_t *)rows->memory[2])[at] = (uint8_t)(row % 7);
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		((double *)rows->memory[i])[at] = price(series, row) + above[i];
	((double *)rows->memory[4])[at] = (double)(row % 50);
}

static void
rows_make(struct golden_rows *rows, unsigned series, uint64_t first,
          uint64_t count)
{
	rows->rows = count;
	rows->time_ns = take(count, sizeof(*rows->time_ns));
	columns_make(rows, series);
	for (uint64_t i = 0; i < count; i++)
		row_make(rows, series, i, first + i);
}

void
golden_rows_free(struct golden_rows *rows)
{
	for (unsigned i = 0; i < rows->column_count; i++)
		free(rows->memory[i]);
	free(rows->time_ns);
}

static bool
row_is_there(unsigned series, uint64_t row)
{
	bool there = false;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct step *step = &steps[i];

		if (step->series != series)
			continue;
		if (row >= step->first && row - step->first < step->count)
			there = true;
		if (step->what == REMOVE && row >= step->from && row < step->to)
			there = false;
	}
	return there;
}

#define ROWS_MAX 20000

void
golden_rows_make(struct golden_rows *rows, unsigned series, bool grown)
{
	uint64_t count = 0, last = 0;

	for (uint64_t row = 0; row < ROWS_MAX; row++)
		count += row_is_there(series, row);
	rows_make(rows, series, 0, count + grown);
	count = 0;
	for (uint64_t row = 0; row < ROWS_MAX; row++) {
		if (!row_is_there(series, row))
			continue;
		row_make(rows, series, count++, row);
		last = row + 1;
	}
	if (grown)
		row_make(rows, series, count, last);
}

/* ---- doing ------------------------------------------------------------- */

/* What a fetch of rows [first, first + count) brings, or nothing of a range. */
static enum bc_status
append(struct bc_cache *cache, const struct step *step, uint64_t first,
       uint64_t count, struct bc_error *err)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct golden_rows rows = { 0 };
	struct bc_frame frame;
	enum bc_status status;

	options.flags = step->flags;
	options.dataset_id = step->series + 1;
	if (step->to != 0) {
		options.from_ns = moment(step->from);
		options.to_ns = moment(step->to);
	}
	rows_make(&rows, step->series, first, count);
	frame = (struct bc_frame){ count, rows.time_ns, rows.columns,
		                   rows.column_count };
	/* Its dictionary grows: what comes first has fewer words. */
	if (rows.column_count == 3 && first < 17000)
		rows.columns[1].dictionary_count =
			first + count <= 17000 ? 3 : WORDS;
	status = step->what == PUT
	                 ? bc_put(cache, keys[step->series], &frame, NULL, NULL,
	                          err)
	                 : bc_append(cache, keys[step->series],
	                             step->what == KNOW ? NULL : &frame,
	                             &options, NULL, err);
	golden_rows_free(&rows);
	return status;
}

enum bc_status
golden_series_make(struct bc_cache *cache, struct bc_error *err)
{
	enum bc_status status = BC_OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct step *step = &steps[i];

		if (step->what == REMOVE) {
			status = bc_remove_range(cache, keys[step->series],
			                         moment(step->from),
			                         moment(step->to), NULL, err);
		} else if (step->what == SINGLE) {
			for (uint64_t k = 0; k < step->count; k++) {
				status = append(cache, step, step->first + k, 1,
				                err);
				if (status != BC_OK)
					return status;
			}
		} else {
			status = append(cache, step, step->first, step->count,
			                err);
		}
		if (status != BC_OK)
			return status;
	}
	return status;
}

enum bc_status
golden_series_grow(struct bc_cache *cache, unsigned series,
                   struct bc_error *err)
{
	struct golden_rows rows;
	struct bc_frame frame;
	enum bc_status status;
	uint64_t first;

	golden_rows_make(&rows, series, true);
	first = rows.rows < 2 ? 0 : rows.rows - 2;
	for (unsigned i = 0; i < rows.column_count; i++)
		rows.columns[i].data =
			(const char *)rows.memory[i] +
			first * bc_type_bytes(rows.columns[i].type);
	frame = (struct bc_frame){ rows.rows - first, rows.time_ns + first,
		                   rows.columns, rows.column_count };
	status = bc_append(cache, keys[series], &frame, NULL, NULL, err);
	golden_rows_free(&rows);
	return status;
}

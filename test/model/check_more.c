/* SPDX-License-Identifier: MIT */
/*
 * check_more.c - what is known, what is missing, and ranges by blocks and row
 * by row, against a model.
 */
#include "check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVALS 4096
#define MOVES 200

/* ---- streams ------------------------------------------------------------- */

/* A range with its arguments. */
struct check_range {
	int64_t from_ns, to_ns;
	unsigned flags;
	struct model_columns columns;
	struct model_part part;
	char what[160];
};

static void
range_roll(struct check_range *range, const struct model_series *series,
           struct model_dice *dice, const char *name)
{
	int64_t one = model_roll_time(series, dice);
	int64_t other = model_roll_time(series, dice);

	memset(range, 0, sizeof(*range));
	if (model_roll(dice, 4) == 0) {
		one = INT64_MIN;
		other = INT64_MAX;
	}
	range->from_ns = one < other ? one : other;
	range->to_ns = one < other ? other : one;
	range->flags = (unsigned)model_roll(dice, 4);
	model_columns_roll(&range->columns, series, dice);
	range->part =
		model_read(series, range->from_ns, range->to_ns, range->flags);
	snprintf(range->what, sizeof(range->what),
	         "%s(from %" PRId64 ", to %" PRId64 ", flags %u)", name,
	         range->from_ns, range->to_ns, range->flags);
}

static bool
range_opened(const struct check_range *range, const struct model_series *series,
             enum bc_status status, enum bc_miss miss)
{
	if (status != range->part.status || miss != range->part.miss) {
		fprintf(stderr, "%s: %s: %s (%s), expected %s (%s)\n",
		        series->shape->key, range->what, bc_status_name(status),
		        bc_miss_name(miss), bc_status_name(range->part.status),
		        bc_miss_name(range->part.miss));
		test_require_failed("the status", __FILE__, __LINE__);
	}
	return status == BC_OK;
}

void
model_check_stream(struct bc_cache *cache, const struct model_series *series,
                   struct model_dice *dice)
{
	uint64_t block = 1 + model_roll(dice, model_roll(dice, 2) ? 70 : 9000);
	struct bc_stream *stream = NULL;
	enum bc_miss miss = BC_MISS_NONE;
	struct model_part rest, part;
	struct check_range range;
	enum bc_status status;
	struct bc_error err;
	struct bc_view view;

	range_roll(&range, series, dice, "bc_stream_open");
	if (range.part.count / block > 2000)
		block = 65536;
	status = bc_stream_open(cache, series->shape->key, range.from_ns,
	                        range.to_ns, range.columns.list, range.flags,
	                        block == 65536 ? 0 : block, &stream, &miss,
	                        &err);
	if (!range_opened(&range, series, status, miss))
		return;
	rest = range.part;
	do {
		part = rest;
		part.count = rest.count < block ? rest.count : block;
		part.open = rest.open && part.count == rest.count;
		assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
		if (part.count > 0)
			model_check_view(series, &range.columns, part, &view,
			                 range.what);
		require(view.rows == part.count);
		rest.first += part.count;
		rest.count -= part.count;
	} while (part.count > 0);
	bc_stream_close(stream);
}

/* ---- windows ------------------------------------------------------------- */

/* A window and the row of the series that it comes to next. */
struct check_window {
	struct bc_window *window;
	uint64_t rows;
	size_t next;
};

static void
window_step(struct check_window *at, const struct model_series *series,
            const struct check_range *range)
{
	const size_t end = range->part.first + range->part.count;
	struct model_part part = { .status = BC_OK };
	struct bc_view view;

	assert_status(bc_window_next(at->window, &view), BC_OK, NULL);
	if (at->next == end) {
		require(view.rows == 0);
		return;
	}
	part.count = at->next + 1 < at->rows ? at->next + 1 : at->rows;
	part.first = at->next + 1 - part.count;
	part.open = series->open && at->next + 1 == series->rows.count;
	model_check_view(series, &range->columns, part, &view, range->what);
	at->next++;
}

static void
window_seek(struct check_window *at, const struct model_series *series,
            const struct check_range *range, struct model_dice *dice)
{
	const size_t end = range->part.first + range->part.count;
	int64_t time_ns = model_roll_time(series, dice);

	assert_status(bc_window_seek(at->window, time_ns), BC_OK, NULL);
	at->next = model_rows_find(&series->rows, time_ns);
	at->next = at->next < end ? at->next : end;
	if (at->next < range->part.first)
		at->next = range->part.first;
}

void
model_check_window(struct bc_cache *cache, const struct model_series *series,
                   struct model_dice *dice)
{
	struct check_window at = { .rows = 1 + model_roll(dice, 300) };
	uint64_t ahead = model_roll(dice, 3) * model_roll(dice, 100);
	enum bc_miss miss = BC_MISS_NONE;
	struct check_range range;
	enum bc_status status;
	struct bc_error err;

	range_roll(&range, series, dice, "bc_window_open");
	status = bc_window_open(cache, series->shape->key, range.from_ns,
	                        range.to_ns, range.columns.list, range.flags,
	                        at.rows, ahead, &at.window, &miss, &err);
	if (!range_opened(&range, series, status, miss))
		return;
	at.next = range.part.first;
	for (int i = 0; i < MOVES; i++) {
		window_step(&at, series, &range);
		if (model_roll(dice, 16) == 0)
			window_seek(&at, series, &range, dice);
	}
	bc_window_close(at.window);
}

/* ---- what is known ------------------------------------------------------- */

static void
intervals_print(const char *name, const struct bc_interval *items, size_t count)
{
	fprintf(stderr, "  %s:", name);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, " [%" PRId64 ", %" PRId64 ") %d",
		        items[i].from_ns, items[i].to_ns, (int)items[i].known);
	fprintf(stderr, "\n");
}

static bool
intervals_same(const struct bc_interval *some, const struct bc_interval *others,
               size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (some[i].from_ns != others[i].from_ns ||
		    some[i].to_ns != others[i].to_ns ||
		    some[i].known != others[i].known)
			return false;
	return true;
}

static void
check_coverage(struct bc_cache *cache, const struct model_series *series)
{
	static struct bc_interval found[INTERVALS];
	const struct model_known *known = &series->known;
	struct bc_error err;
	size_t count = 0;

	if (series->kind != BC_SERIES) {
		assert_status(bc_coverage(cache, series->shape->key, found,
		                          INTERVALS, &count, &err),
		              BC_MISS, &err);
		return;
	}
	assert_status(bc_coverage(cache, series->shape->key, found, INTERVALS,
	                          &count, &err),
	              BC_OK, &err);
	if (count == known->count && intervals_same(found, known->items, count))
		return;
	fprintf(stderr, "%s: bc_coverage\n", series->shape->key);
	intervals_print("found", found, count < INTERVALS ? count : INTERVALS);
	intervals_print("expected", known->items, known->count);
	test_require_failed("what is known", __FILE__, __LINE__);
}

static void
check_info(struct bc_cache *cache, const struct model_series *series)
{
	const struct model_rows *rows = &series->rows;
	char text[BC_KEY_MAX + 200];
	enum bc_status status;
	struct bc_info info;
	struct bc_error err;

	status = bc_info(cache, series->shape->key, text, sizeof(text), &info,
	                 &err);
	assert_status(status, series->kind == 0 ? BC_MISS : BC_OK, &err);
	if (status != BC_OK)
		return;
	if (info.kind != (enum bc_kind)series->kind ||
	    info.rows != rows->count || info.open_rows != series->open) {
		fprintf(stderr,
		        "%s: kind %d, %" PRIu64 " rows, %u open, expected "
		        "kind %u, %zu rows, %d open\n",
		        series->shape->key, (int)info.kind, info.rows,
		        info.open_rows, series->kind, rows->count,
		        series->open);
		test_require_failed("info", __FILE__, __LINE__);
	}
	require(info.tail_rows <= info.rows);
	if (series->kind == BC_SERIES)
		require(info.interval_count == series->known.count);
	if (rows->count == 0)
		return;
	require(info.first_ns == rows->items[0].time_ns);
	require(info.last_ns == rows->items[rows->count - 1].time_ns);
	require(info.segment_count > 0 || info.tail_rows == info.rows);
	require(info.schema != NULL && info.schema->has_time == 1);
	require(info.payload_bytes == info.rows * info.schema->row_bytes);
}

void
model_check_whole(struct bc_cache *cache, const struct model_series *series)
{
	struct model_part part =
		model_read(series, INT64_MIN, INT64_MAX, BC_READ_PARTIAL);
	struct model_columns columns;
	enum bc_status status;
	struct bc_view view;

	check_info(cache, series);
	check_coverage(cache, series);
	status = bc_get(cache, series->shape->key, &view);
	if (series->kind == BC_BLOB) {
		require(status == BC_OK && view.kind == BC_BLOB);
		bc_view_release(&view);
		return;
	}
	assert_status(status, part.status, NULL);
	require(view.miss == part.miss);
	if (status != BC_OK)
		return;
	model_columns_all(&columns, series);
	model_check_view(series, &columns, part, &view, "bc_get");
	bc_view_release(&view);
}

/* ---- what is missing ----------------------------------------------------- */

/* The gaps of one key, behind those of the keys before. */
static size_t
missing_expect(const struct model_series *series, size_t key, int64_t from_ns,
               int64_t to_ns, unsigned kinds, struct bc_gap *gaps, size_t count)
{
	struct model_known known = { 0 };
	int64_t at = from_ns;

	model_coverage(series, &known);
	if (series->kind == BC_FRAME && known.count > 0)
		known.items[0].to_ns = model_frame_end(series);
	for (size_t i = 0; i < known.count && at < to_ns; i++) {
		const struct bc_interval *item = &known.items[i];

		if (((unsigned)item->known & kinds) == 0 || item->to_ns <= at)
			continue;
		if (item->from_ns > at)
			gaps[count++] = (struct bc_gap){ key, at,
				                         item->from_ns < to_ns
				                                 ? item->from_ns
				                                 : to_ns };
		at = item->to_ns;
	}
	if (at < to_ns)
		gaps[count++] = (struct bc_gap){ key, at, to_ns };
	free(known.items);
	return count;
}

static void
gaps_print(const char *name, const struct bc_gap *gaps, size_t count)
{
	fprintf(stderr, "  %s:", name);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, " %zu [%" PRId64 ", %" PRId64 ")", gaps[i].key,
		        gaps[i].from_ns, gaps[i].to_ns);
	fprintf(stderr, "\n");
}

void
model_check_missing(struct bc_cache *cache, const struct model_series *series,
                    size_t count, struct model_dice *dice)
{
	static struct bc_gap found[INTERVALS], expected[INTERVALS];
	unsigned settled = (unsigned)model_roll(dice, 2);
	unsigned kinds =
		BC_KNOWN_BARS | BC_KNOWN_EMPTY | (settled ? BC_KNOWN_OPEN : 0);
	const struct model_series *some = &series[model_roll(dice, count)];
	int64_t one = model_roll_time(some, dice);
	int64_t other = model_roll_time(some, dice);
	const char *keys[MODEL_SHAPES];
	size_t gaps = 0, total = 0, i;
	struct bc_error err;

	if (one > other) {
		int64_t swap = one;

		one = other;
		other = swap;
	}
	for (i = 0; i < count; i++) {
		keys[i] = series[i].shape->key;
		total = missing_expect(&series[i], i, one, other, kinds,
		                       expected, total);
	}
	assert_status(bc_missing(cache, keys, count, one, other,
	                         settled ? BC_MISSING_SETTLED : 0, found,
	                         INTERVALS, &gaps, &err),
	              BC_OK, &err);
	for (i = 0; i < total && i < gaps; i++)
		if (found[i].key != expected[i].key ||
		    found[i].from_ns != expected[i].from_ns ||
		    found[i].to_ns != expected[i].to_ns)
			break;
	if (i == total && gaps == total)
		return;
	fprintf(stderr, "bc_missing(%" PRId64 ", %" PRId64 ", %u)\n", one,
	        other, settled);
	gaps_print("found", found, gaps < INTERVALS ? gaps : INTERVALS);
	gaps_print("expected", expected, total);
	test_require_failed("what is missing", __FILE__, __LINE__);
}

/* SPDX-License-Identifier: MIT */
/*
 * growing.c - series: rows behind them, rows that were lost fetched again, and
 * reads of ranges.  Row i is at minute i, and its values follow from the key,
 * the version of the series and i.
 */
#include "chaos/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MOST 60000

static int64_t
row_mark(const struct chaos_world *world, unsigned key, uint64_t row)
{
	return (int64_t)test_mix(world->entries[key].version * 64 + key, row);
}

static double
row_close(int64_t mark)
{
	return (double)(mark & 0xffff) / 8;
}

/* Append rows [first, first + count). */
static enum bc_status
rows_append(struct chaos_world *world, struct bc_cache *cache, unsigned key,
            uint64_t first, uint64_t count, struct bc_error *err)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	int64_t *time_ns = malloc((count + 1) * 8);
	int64_t *mark = malloc((count + 1) * 8);
	double *close = malloc((count + 1) * 8);
	struct bc_column columns[2] = {
		{ .name = "close", .type = BC_F64, .data = close },
		{ .name = "mark", .type = BC_I64, .data = mark },
	};
	struct bc_frame frame = { count, time_ns, columns, 2 };
	enum bc_status status;
	char name[40];

	require(time_ns != NULL && mark != NULL && close != NULL);
	for (uint64_t i = 0; i < count; i++) {
		time_ns[i] = (int64_t)(first + i) * CHAOS_MINUTE;
		mark[i] = row_mark(world, key, first + i);
		close[i] = row_close(mark[i]);
	}
	options.from_ns = (int64_t)first * CHAOS_MINUTE;
	options.to_ns = (int64_t)(first + count) * CHAOS_MINUTE;
	options.placement =
		test_mix(first, key) % 4 == 0 ? BC_PLACE_COLD : BC_PLACE_AUTO;
	chaos_key(key, name);
	status = bc_append(cache, name, &frame, &options, NULL, err);
	free(time_ns);
	free(mark);
	free(close);
	world->written += 24 * count;
	return status;
}

/* ---- looking ------------------------------------------------------------- */

/* All rows of a view must be right; returns how many there are. */
static uint64_t
rows_check(const struct chaos_world *world, unsigned key,
           const struct bc_view *view)
{
	const int64_t *time_ns = bc_view_time(view);
	const double *close = bc_view_f64(view, "close");
	const int64_t *mark = bc_view_find(view, "mark", BC_I64);

	require(view->rows == 0 || (time_ns && close && mark));
	for (uint64_t i = 0; i < view->rows; i++) {
		uint64_t row = (uint64_t)time_ns[i] / (uint64_t)CHAOS_MINUTE;
		int64_t expected = row_mark(world, key, row);

		require(row < world->entries[key].rows);
		require(time_ns[i] % CHAOS_MINUTE == 0);
		require(i == 0 || time_ns[i] > time_ns[i - 1]);
		require(mark[i] == expected);
		require(memcmp(&close[i], &(double){ row_close(expected) },
		               8) == 0);
	}
	return view->rows;
}

/* Read rows [from, to) and judge what comes. */
static void
rows_read(struct chaos_world *world, struct bc_cache *cache, unsigned key,
          uint64_t from, uint64_t to, unsigned flags)
{
	enum bc_status status;
	struct bc_view view;
	char name[40];

	chaos_key(key, name);
	status = bc_read(cache, name, (int64_t)from * CHAOS_MINUTE,
	                 (int64_t)to * CHAOS_MINUTE, NULL, flags, &view);
	world->requests++;
	if (status != BC_OK) {
		assert_status(status, BC_MISS, NULL);
		chaos_entry_miss(world, key, view.miss);
		return;
	}
	chaos_entry_hit(world, key);
	if (cache == world->second)
		chaos_entry_linked(world, key);
	if (rows_check(world, key, &view) != to - from) {
		require(view.rows < to - from);
		require((flags & BC_READ_PARTIAL) != 0);
		chaos_entry_miss(world, key, BC_MISS_NOT_COVERED);
	}
	bc_view_release(&view);
}

void
chaos_series_check(struct chaos_world *world, struct bc_cache *cache,
                   unsigned key)
{
	const uint64_t rows = world->entries[key].rows;

	if (world->entries[key].there && rows > 0) {
		rows_read(world, cache, key, 0, rows, 0);
		rows_read(world, cache, key, 0, rows, BC_READ_PARTIAL);
	}
}

bool
chaos_series_look(struct chaos_world *world, unsigned key)
{
	if (!chaos_entry_look(world, key))
		return false;
	if (key >= CHAOS_VALUES)
		chaos_series_check(world, world->cache, key);
	return world->entries[key].there;
}

/* ---- operations ---------------------------------------------------------- */

/* True if it failed as it may: what is pinned takes the room. */
static bool
rows_refused(struct chaos_world *world, enum bc_status status, uint64_t rows)
{
	uint64_t bytes = 24 * rows, pinned = bytes;

	for (unsigned key = 0; key < CHAOS_KEYS; key++)
		if (world->entries[key].pinned)
			pinned += world->entries[key].bytes + 8192 +
			          48 * world->entries[key].rows;
	if (status == BC_FULL) {
		require(pinned > world->config.warm_bytes / 3);
		world->full++;
		return true;
	}
	return status == BC_TOO_LARGE &&
	       24 * world->entries[0].rows + bytes + 8192 >
	               world->config.warm_bytes / 16;
}

static void
rows_add(struct chaos_world *world, const struct chaos_op *op, unsigned key)
{
	struct chaos_entry *entry = &world->entries[key];
	const struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	unsigned run = op->word % 4 == 0 ? 0 : CHAOS_RUNS;
	uint64_t count = 1 + op->size / 24, rows = entry->rows;
	enum bc_status status;
	struct bc_error err;
	bool fresh = !entry->there, holes = entry->holes || entry->evicted;
	uint64_t evictions = entry->evictions;

	if (fresh) {
		chaos_entry_gone(world, key);
		entry->version = ++world->versions;
		rows = 0;
		evictions = world->evictions;
	}
	status = rows_append(world, chaos_handle(world, op), key, rows, count,
	                     &err);
	if (rows_refused(world, status, rows + count)) {
		if (fresh)
			chaos_entry_gone(world, key);
		return;
	}
	assert_status(status, BC_OK, &err);
	chaos_entry_put(world, key, entry->version, 0, &options, run);
	entry->rows = rows + count;
	entry->expires_ns = 0;
	entry->holes = holes;
	entry->evictions = evictions;
}

/* Fetch again what was lost. */
static void
rows_fill(struct chaos_world *world, const struct chaos_op *op, unsigned key)
{
	struct chaos_entry *entry = &world->entries[key];
	struct bc_cache *cache = chaos_handle(world, op);
	const struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_gap gaps[64];
	struct bc_error err;
	enum bc_status status;
	char name[40];
	const char *names[1] = { name };
	size_t found = 0;

	chaos_key(key, name);
	chaos_follow_evictions(world);
	entry->evictions = world->evictions;
	assert_status(bc_missing(world->cache, names, 1, 0,
	                         (int64_t)entry->rows * CHAOS_MINUTE, 0, gaps,
	                         64, &found, &err),
	              BC_OK, &err);
	for (size_t i = 0; i < found && i < 64; i++) {
		uint64_t from = (uint64_t)(gaps[i].from_ns / CHAOS_MINUTE);
		uint64_t to = (uint64_t)(gaps[i].to_ns / CHAOS_MINUTE);

		status = rows_append(world, cache, key, from, to - from, &err);
		if (rows_refused(world, status, entry->rows)) {
			entry->holes = true;
			return;
		}
		assert_status(status, BC_OK, &err);
	}
	if (found > 0 && entry->evicted) {
		uint64_t rows = entry->rows;

		chaos_entry_put(world, key, entry->version, 0, &options,
		                CHAOS_RUNS);
		entry->rows = rows;
		entry->expires_ns = 0;
	}
	if (found > 0 && cache == world->second) {
		entry->runs.may |= 1;
		entry->runs.has |= 1;
	}
	entry->holes = found > 64;
}

void
chaos_append(struct chaos_world *world, const struct chaos_op *op)
{
	unsigned key = CHAOS_VALUES + op->key % CHAOS_SERIES;
	struct chaos_entry *entry = &world->entries[key];
	struct bc_error err;
	char name[40];

	if (chaos_series_look(world, key) && entry->rows > ROWS_MOST) {
		chaos_key(key, name);
		assert_status(bc_remove(world->cache, name, &err), BC_OK, &err);
		chaos_entry_gone(world, key);
	}
	if (entry->there && (op->word >> 8) % 3 == 0)
		rows_fill(world, op, key);
	else
		rows_add(world, op, key);
	chaos_follow_evictions(world);
	chaos_series_check(world, world->cache, key);
}

void
chaos_read(struct chaos_world *world, const struct chaos_op *op)
{
	unsigned key = CHAOS_VALUES + op->key % CHAOS_SERIES;
	const uint64_t rows = world->entries[key].rows;
	uint64_t from, to;

	if (!chaos_entry_look(world, key) || rows == 0)
		return;
	from = (op->word >> 8) % rows;
	to = from + 1 + (op->word >> 32) % (rows - from);
	rows_read(world, chaos_handle(world, op), key, from, to,
	          (op->word >> 2) % 2 ? BC_READ_PARTIAL : 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * world_series.c - the public calls on ranges and series, and a series that
 * grows: row i lies at minute i, and its mark follows from i.
 */
#include "world.h"

#include <stdio.h>
#include <string.h>

#define GROWN "grown/spot/G/1m"
#define MINUTE INT64_C(60000000000)
#define STEP 10 /* rows that a call appends or removes */
#define ROWS_MAX 256

struct rows {
	int64_t time_ns[ROWS_MAX];
	int64_t mark[ROWS_MAX];
	struct bc_column column;
	struct bc_frame frame;
};

static void
rows_make(struct rows *rows, uint64_t first, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		rows->time_ns[i] = (int64_t)(first + i) * MINUTE;
		rows->mark[i] = (int64_t)test_mix(WORLD_SEED, first + i);
	}
	rows->column = (struct bc_column){ .name = "mark",
		                           .type = BC_I64,
		                           .data = rows->mark };
	rows->frame =
		(struct bc_frame){ count, rows->time_ns, &rows->column, 1 };
}

static bool
rows_are_right(const struct bc_view *view, uint64_t first)
{
	const int64_t *time_ns = bc_view_time(view);
	const int64_t *mark = bc_view_find(view, "mark", BC_I64);

	if (view->rows != 0 && (time_ns == NULL || mark == NULL))
		return false;
	for (uint64_t i = 0; i < view->rows; i++)
		if (time_ns[i] != (int64_t)(first + i) * MINUTE ||
		    mark[i] != (int64_t)test_mix(WORLD_SEED, first + i))
			return false;
	return true;
}

static void
grown_add(struct world *world, uint64_t count)
{
	struct bc_error err;
	struct rows rows;

	rows_make(&rows, world->grown, count);
	assert_status(
		bc_append(world->cache, GROWN, &rows.frame, NULL, NULL, &err),
		BC_OK, &err);
	world->grown += count;
}

void
grown_furnish(struct world *world)
{
	static const char *const symbols[] = { "A", "B" };
	static const uint32_t codes[] = { 0, 1, 0, 1 };
	struct bc_column column = { .name = "symbol",
		                    .type = BC_TEXT,
		                    .data = codes,
		                    .dictionary = symbols,
		                    .dictionary_count = 2 };
	struct bc_frame frame = { 4, NULL, &column, 1 };
	struct bc_error err;

	for (unsigned i = 0; i < 4; i++)
		grown_add(world, ROWS_MAX);
	assert_status(bc_put(world->cache, "symbols", &frame, NULL, NULL, &err),
	              BC_OK, &err);
}

void
grown_prepare(struct world *world)
{
	if (world->grown < ROWS_MAX)
		grown_add(world, ROWS_MAX);
	world->grown_due = world->grown;
}

bool
grown_is_right(struct world *world, uint64_t count)
{
	struct bc_view view;
	bool right;

	if (bc_read(world->cache, GROWN, INT64_MIN, INT64_MAX, NULL,
	            BC_READ_PARTIAL, &view) != BC_OK)
		return false;
	right = view.rows == count && rows_are_right(&view, 0);
	bc_view_release(&view);
	return right;
}

/* ---- reading ------------------------------------------------------------- */

/* The view of a read of the series from row 'first' on. */
static enum bc_status
grown_done(struct world *world, enum bc_status status, struct bc_view *view,
           uint64_t first, uint64_t count)
{
	if (status != BC_OK) {
		world->filled = view->data != NULL || view->rows != 0 ||
		                view->schema != NULL || view->bytes != 0;
		return status;
	}
	if (view->rows == count && rows_are_right(view, first))
		world->seen = world->version;
	bc_view_release(view);
	return status;
}

static enum bc_status
call_read(struct world *world, struct bc_error *err)
{
	enum bc_status status;
	struct bc_view view;

	(void)err;
	status = bc_read(world->cache, GROWN, 5 * MINUTE, 200 * MINUTE, NULL, 0,
	                 &view);
	return grown_done(world, status, &view, 5, 195);
}

static enum bc_status
call_read_frame(struct world *world, struct bc_error *err)
{
	enum bc_status status;
	struct bc_view view;

	(void)err;
	status = bc_read(world->cache, "target", INT64_MIN, INT64_MAX, NULL, 0,
	                 &view);
	return world_view_done(world, status, &view);
}

static enum bc_status
call_tail(struct world *world, struct bc_error *err)
{
	enum bc_status status;
	struct bc_view view;

	(void)err;
	status = bc_tail(world->cache, GROWN, 3, NULL, 0, &view);
	return grown_done(world, status, &view, world->grown - 3, 3);
}

static enum bc_status
call_asof(struct world *world, struct bc_error *err)
{
	enum bc_status status;
	struct bc_view view;

	(void)err;
	status = bc_asof(world->cache, GROWN, 7 * MINUTE + 1, NULL, 0, &view);
	return grown_done(world, status, &view, 7, 1);
}

static enum bc_status
call_read_rows(struct world *world, struct bc_error *err)
{
	struct bc_view view, slice;
	enum bc_status status;

	(void)err;
	status = bc_read_rows(world->cache, GROWN, 10, 90, NULL,
	                      BC_READ_PRIVATE, &view);
	if (status != BC_OK)
		return grown_done(world, status, &view, 0, 0);
	status = bc_view_slice(&view, 5, 20, &slice);
	bc_view_release(&view);
	return grown_done(world, status, &slice, 15, 20);
}

static enum bc_status
call_select(struct world *world, struct bc_error *err)
{
	struct bc_view view, chosen;
	enum bc_status status;

	(void)err;
	status = bc_get(world->cache, "symbols", &view);
	if (status != BC_OK)
		return status;
	status = bc_view_select(&view, "symbol", "B", &chosen);
	bc_view_release(&view);
	world->filled = status != BC_OK && chosen.rows != 0;
	if (status == BC_OK && chosen.rows == 2)
		world->seen = world->version;
	if (status == BC_OK)
		bc_view_release(&chosen);
	return status;
}

static enum bc_status
call_stream(struct world *world, struct bc_error *err)
{
	struct bc_stream *stream = NULL;
	enum bc_status status;
	struct bc_view view;
	uint64_t first = 0;

	status = bc_stream_open(world->cache, GROWN, INT64_MIN, INT64_MAX, NULL,
	                        0, 300, &stream, NULL, err);
	world->filled = status != BC_OK && stream != NULL;
	while (status == BC_OK) {
		status = bc_stream_next(stream, &view);
		if (status != BC_OK || view.rows == 0 ||
		    !rows_are_right(&view, first))
			break;
		first += view.rows;
	}
	bc_stream_close(stream);
	if (first == world->grown)
		world->seen = world->version;
	if (status != BC_OK && err->status == BC_OK)
		err->status = status; /* A block has no words of its own. */
	return status;
}

static enum bc_status
call_window(struct world *world, struct bc_error *err)
{
	struct bc_window *window = NULL;
	enum bc_status status;
	struct bc_view view;

	status = bc_window_open(world->cache, GROWN, 20 * MINUTE, 90 * MINUTE,
	                        NULL, 0, 5, 16, &window, NULL, err);
	world->filled = status != BC_OK && window != NULL;
	if (status == BC_OK)
		status = bc_window_next(window, &view);
	if (status == BC_OK)
		status = bc_window_seek(window, 60 * MINUTE);
	if (status == BC_OK)
		status = bc_window_next(window, &view);
	if (status == BC_OK && view.rows == 5 && rows_are_right(&view, 56))
		world->seen = world->version;
	bc_window_close(window);
	if (status != BC_OK && err->status == BC_OK)
		err->status = status;
	return status;
}

static enum bc_status
call_coverage(struct world *world, struct bc_error *err)
{
	static const char *const keys[] = { GROWN, "nothing/spot/N/1m" };
	struct bc_interval intervals[4];
	enum bc_status status;
	struct bc_gap gaps[4];
	size_t known, found;

	status = bc_coverage(world->cache, GROWN, intervals, 4, &known, err);
	if (status == BC_OK)
		status = bc_missing(world->cache, keys, 2, 0, 10 * MINUTE, 0,
		                    gaps, 4, &found, err);
	if (status == BC_OK && known >= 1 && found == 1 && gaps[0].key == 1)
		world->seen = world->version;
	return status;
}

static enum bc_status
call_derived(struct world *world, struct bc_error *err)
{
	static const char *const add[] = { "sma(mark,3)", NULL };
	struct bc_resample rule = BC_RESAMPLE_INIT;
	struct bc_derive derive = BC_DERIVE_INIT;
	enum bc_status status;
	struct bc_view view;

	rule.timeframe = "5m";
	derive.resample = &rule;
	derive.add = add;
	status = bc_read_derived(
		world->cache, GROWN, (int64_t)(world->number % 20) * MINUTE * 5,
		200 * MINUTE, BC_READ_PARTIAL, &derive, &view, err);
	world->filled = status != BC_OK && view.rows != 0;
	if (status == BC_OK) {
		world->seen = world->version;
		bc_view_release(&view);
	}
	return status;
}

static enum bc_status
call_resample(struct world *world, struct bc_error *err)
{
	struct bc_resample rule = BC_RESAMPLE_INIT;
	struct bc_view view, larger;
	enum bc_status status;

	rule.timeframe = "1h";
	status = bc_read(world->cache, GROWN, 0, 120 * MINUTE, NULL, 0, &view);
	if (status != BC_OK) {
		err->status = status;
		return status;
	}
	status = bc_resample(world->cache, &view, "1m", 0, 120 * MINUTE, &rule,
	                     &larger, err);
	bc_view_release(&view);
	world->filled = status != BC_OK && larger.rows != 0;
	if (status == BC_OK) {
		if (larger.rows == 2)
			world->seen = world->version;
		bc_view_release(&larger);
	}
	return status;
}

/* ---- growing ------------------------------------------------------------- */

static enum bc_status
call_append(struct world *world, struct bc_error *err)
{
	struct rows rows;

	world->seen = world->version;
	world->grown_due = world->grown + STEP;
	rows_make(&rows, world->grown, STEP);
	return bc_append(world->cache, GROWN, &rows.frame, NULL, NULL, err);
}

static enum bc_status
call_batch_append(struct world *world, struct bc_error *err)
{
	struct bc_batch *batch = NULL;
	enum bc_status status = bc_batch_begin(world->cache, &batch, err);
	struct rows rows;

	world->seen = world->version;
	world->grown_due = world->grown + ROWS_MAX;
	rows_make(&rows, world->grown, ROWS_MAX);
	if (status != BC_OK)
		return status;
	status = bc_batch_append(batch, GROWN, &rows.frame, NULL, NULL, err);
	if (status == BC_OK)
		return bc_batch_commit(&batch, err);
	bc_batch_abort(batch);
	return status;
}

static enum bc_status
call_remove_range(struct world *world, struct bc_error *err)
{
	world->seen = world->version;
	world->grown_due = world->grown - STEP;
	return bc_remove_range(world->cache, GROWN,
	                       (int64_t)(world->grown - STEP) * MINUTE,
	                       INT64_MAX, NULL, err);
}

/* ---- fetching ------------------------------------------------------------ */

static enum bc_status
hand_over(struct bc_fetch *fetch, struct bc_error *err)
{
	struct rows rows;

	if (fetch->to_ns == 0 && strncmp(fetch->key, "blob", 4) == 0)
		return bc_fetch_put_blob(fetch, "fetched", 7, NULL, err);
	if (fetch->to_ns == 0) {
		rows_make(&rows, 0, 50);
		return bc_fetch_put(fetch, &rows.frame, NULL, err);
	}
	rows_make(&rows, (uint64_t)(fetch->from_ns / MINUTE),
	          (uint64_t)((fetch->to_ns - fetch->from_ns) / MINUTE));
	return bc_fetch_append(fetch, &rows.frame, NULL, NULL, err);
}

static enum bc_status
call_get_or_fetch(struct world *world, struct bc_error *err)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	enum bc_status status;
	struct bc_view view;
	char key[32];

	options.function = hand_over;
	snprintf(key, sizeof(key), "blob/%u", (unsigned)world->number);
	status = bc_get_or_fetch(world->cache, key, &options, &view, err);
	world->filled = status != BC_OK && view.bytes != 0;
	if (status == BC_OK) {
		if (view.bytes == 7 && memcmp(view.data, "fetched", 7) == 0)
			world->seen = world->version;
		bc_view_release(&view);
	}
	return status;
}

static enum bc_status
call_read_or_fetch(struct world *world, struct bc_error *err)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	enum bc_status status;
	struct bc_view view;
	char key[40];

	options.function = hand_over;
	snprintf(key, sizeof(key), "fetched/spot/F%u/1m",
	         (unsigned)world->number);
	status = bc_read_or_fetch(world->cache, key, 10 * MINUTE, 40 * MINUTE,
	                          NULL, 0, &options, &view, err);
	return grown_done(world, status, &view, 10, 30);
}

static enum bc_status
call_fetch_many(struct world *world, struct bc_error *err)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	enum bc_status status, statuses[2];
	const char *keys[2];
	struct bc_view views[2];
	char texts[2][40];

	options.function = hand_over;
	options.threads = 2;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%s/%u",
		         i == 0 ? "frame" : "blob/many",
		         (unsigned)world->number);
		keys[i] = texts[i];
	}
	status = bc_fetch_many(world->cache, keys, 2, 0, 0, NULL, 0, &options,
	                       views, statuses, err);
	if (status == BC_OK && views[0].rows == 50 &&
	    rows_are_right(&views[0], 0) && views[1].bytes == 7)
		world->seen = world->version;
	for (unsigned i = 0; i < 2; i++)
		bc_view_release(&views[i]);
	return status;
}

const struct call series_calls[] = {
	{ "bc_read", "bc_read", call_read, READS, false, 300 },
	{ "bc_read, a frame", "bc_read", call_read_frame, READS, false, 300 },
	{ "bc_tail", "bc_tail", call_tail, READS, false, 300 },
	{ "bc_asof", "bc_asof", call_asof, READS, false, 300 },
	{ "bc_read_rows", "bc_read_rows bc_view_slice", call_read_rows, READS,
	  false, 300 },
	{ "bc_view_select", "bc_view_select", call_select, READS, false, 300 },
	{ "bc_stream_open", "bc_stream_open bc_stream_next", call_stream, READS,
	  false, 300 },
	{ "bc_window_open", "bc_window_open bc_window_next bc_window_seek",
	  call_window, READS, false, 300 },
	{ "bc_missing", "bc_coverage bc_missing", call_coverage, READS, true,
	  300 },
	{ "bc_read_derived", "bc_read_derived", call_derived, READS, false,
	  300 },
	{ "bc_resample", "bc_resample", call_resample, READS, false, 300 },
	{ "bc_append", "bc_append", call_append, READS, true, 300 },
	{ "bc_batch_append", "bc_batch_append", call_batch_append, READS, true,
	  300 },
	{ "bc_remove_range", "bc_remove_range", call_remove_range, READS, true,
	  300 },
	{ "bc_get_or_fetch", "bc_get_or_fetch bc_fetch_put_blob",
	  call_get_or_fetch, READS, true, 300 },
	{ "bc_read_or_fetch", "bc_read_or_fetch bc_fetch_append",
	  call_read_or_fetch, READS, true, 300 },
	{ "bc_fetch_many", "bc_fetch_many bc_fetch_put", call_fetch_many, READS,
	  true, 300 },
};

const unsigned series_call_count = CALL_COUNT(series_calls);

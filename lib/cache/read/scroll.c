/* SPDX-License-Identifier: MIT */
/*
 * scroll.c - a span of rows that is looked at part by part.
 *
 * A part within one segment is shown where it lies.  Others are copied to a
 * buffer that the next one uses again: rows come in order, so each is copied
 * once, and nothing is left mapped.
 */
#include "common.h"

#include "alloc.h"
#include "clock.h"
#include "error.h"
#include "mapping.h"
#include "piece.h"
#include "query.h"
#include "scroll.h"

enum bc_status
bci_scroll_open(struct bci_scroll *scroll, struct bc_cache *cache,
                struct bci_query *query, enum bc_miss *miss,
                struct bc_error *err)
{
	const char *const key = query->key;
	enum bc_miss reason = BC_MISS_NONE;
	struct bc_view checked;
	enum bc_status status;

	scroll->allocator = cache->allocator;
	scroll->flags = query->flags;
	status = bci_query_check(cache, query, &checked);
	if (status != BC_OK) {
		reason = checked.miss;
		goto failed;
	}
	status = BC_NOMEM;
	scroll->key =
		bci_strndup(&cache->allocator, query->key, query->key_bytes);
	if (scroll->key == NULL)
		goto failed;
	query->key = scroll->key;
	status = bci_query_find(cache, query, &scroll->span, &reason);
	if (status != BC_OK)
		goto failed;
	/* Pins go one by one at the end; this one is the last to go. */
	scroll->hold = bci_chunk_make(scroll->span.env, BCI_LINE);
	if (scroll->hold != NULL)
		return BC_OK;
	bci_span_close(&scroll->span, NULL);
	status = BC_NOMEM;
failed:
	bci_free(&cache->allocator, scroll->key);
	scroll->key = NULL;
	if (miss != NULL)
		*miss = reason;
	if (status == BC_MISS)
		return bci_fail(err, status, "cannot read %.400s: %s", key,
		                bc_miss_name(reason));
	return bci_fail(err, status, "cannot read %.400s: %s", key,
	                bc_strerror(status));
}

/* Copy the rows to the buffer, made by the first that need it. */
static enum bc_status
scroll_copy(struct bci_scroll *scroll, struct bci_lane *lane, uint64_t first,
            uint64_t end, uint64_t most, struct bc_view *view)
{
	if (scroll->buffer == NULL) {
		scroll->buffer_bytes = bci_excerpt_room(&scroll->span, most);
		scroll->buffer = bci_map_zeroed(scroll->buffer_bytes);
		if (scroll->buffer == NULL)
			return BC_NOMEM;
	}
	return bci_excerpt_copy(&scroll->span, lane, first, end, scroll->buffer,
	                        most, view);
}

/* Show the rows; the caller has the lane. */
static enum bc_status
scroll_try(struct bci_scroll *scroll, struct bci_lane *lane, uint64_t first,
           uint64_t end, uint64_t most, struct bc_view *view)
{
	struct bci_span *span = &scroll->span;
	enum bc_status status = bci_excerpt_check(span, lane, first, end);

	if (status != BC_OK)
		return status;
	if (first == end || ((scroll->flags & BC_READ_PRIVATE) == 0 &&
	                     bci_excerpt_is_whole(span, first, end))) {
		status = bci_excerpt_show(span, lane, first, end, scroll->flags,
		                          NULL, &scroll->shown);
		*view = scroll->shown;
		return status;
	}
	if ((scroll->flags & BC_READ_ZERO_COPY) != 0)
		return BC_COPY;
	return scroll_copy(scroll, lane, first, end, most, view);
}

enum bc_status
bci_scroll_show(struct bci_scroll *scroll, uint64_t first, uint64_t end,
                uint64_t most, struct bc_view *view)
{
	struct bci_env *env = scroll->span.env;
	enum bc_miss miss = BC_MISS_NONE;
	struct bci_lane *lane;
	enum bc_status status;

	bc_view_release(&scroll->shown);
	lane = bci_lane_take(env);
	status = scroll_try(scroll, lane, first, end, most, view);
	if (status == BC_OK) {
		bci_excerpt_stamp(&scroll->span, first, end,
		                  bci_clock_coarse_ns());
	} else if (status == BC_MISS) {
		miss = BC_MISS_CORRUPT;
		bci_tally_miss(env, lane, BC_MISS_CORRUPT);
	}
	bci_lane_give(lane);
	if (status != BC_OK) {
		scroll->shown = (struct bc_view){ .miss = BC_MISS_NONE };
		*view = (struct bc_view){ .miss = miss };
	}
	return status;
}

void
bci_scroll_expect(const struct bci_scroll *scroll, uint64_t first,
                  uint64_t count)
{
	const struct bci_span *span = &scroll->span;
	const struct bci_piece *piece;
	uint64_t rows;

	if (first >= span->end)
		return;
	/* What is in the next segment is asked for when that has begun. */
	piece = &span->pieces[bci_span_piece(span, first)];
	rows = bci_min(bci_min(count, span->end - first),
	               piece->start + piece->locator.rows - first);
	if (piece->map == NULL || bci_piece_is_packed(piece))
		return;
	for (uint32_t i = 0; i < span->shown->column_count; i++) {
		const struct bc_schema_column *column =
			&span->shown->columns[i];

		bci_map_soon(piece->data +
		                     bci_layout_offset(column->wide,
		                                       column->medium,
		                                       column->narrow,
		                                       piece->locator.rows) +
		                     (first - piece->start) * column->bytes,
		             rows * column->bytes);
	}
}

enum bc_status
bci_scroll_row(struct bci_scroll *scroll, int64_t time_ns, uint64_t *row)
{
	struct bci_span *span = &scroll->span;
	struct bci_lane *lane = bci_lane_take(span->env);
	enum bc_status status = bci_span_open_time(span, lane, time_ns);

	bci_lane_give(lane);
	if (status == BC_OK)
		*row = bci_span_row(span, time_ns);
	return status;
}

enum bc_status
bci_scroll_prove(struct bci_scroll *scroll, uint64_t row, int64_t time_ns)
{
	struct bci_env *env = scroll->span.env;
	enum bc_status status = bci_excerpt_prove(&scroll->span, row, time_ns);
	struct bci_lane *lane;

	if (status == BC_MISS) {
		lane = bci_lane_take(env);
		bci_tally_miss(env, lane, BC_MISS_CORRUPT);
		bci_lane_give(lane);
	}
	return status;
}

void
bci_scroll_close(struct bci_scroll *scroll)
{
	bc_view_release(&scroll->shown);
	bci_unmap(scroll->buffer, scroll->buffer_bytes);
	bci_span_close(&scroll->span, NULL);
	bci_chunk_give(scroll->hold, NULL);
	bci_free(&scroll->allocator, scroll->key);
}

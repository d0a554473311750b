/* SPDX-License-Identifier: MIT */
/*
 * excerpt.c - rows of a span as a view.
 *
 * Rows of one segment are shown where they lie.  A few rows of several are
 * copied: a thousand bars take a microsecond, mapping pages takes several and
 * leaves mappings behind.  Many are stitched.
 */
#include "common.h"

#include "excerpt.h"
#include "piece.h"

/* Up to so many bytes it is cheaper to copy than to map. */
#define EXCERPT_COPY_MAX (128u << 10)

/* ---- checking ---------------------------------------------------------- */

/* What is wrong with rows of a segment that may not have been checked. */
static const char *
piece_wrong(const struct bci_span *span, const struct bci_piece *piece,
            const struct bc_schema *shown, uint64_t first, uint64_t count)
{
	const enum bc_checking checking = span->cache->checking;
	const char *wrong = bci_piece_header(span, piece);

	if (wrong != NULL || checking == BC_CHECK_NEVER)
		return wrong;
	return bci_map_check_rows(piece->map, &piece->locator, shown, first,
	                          count, bci_hit_how(span->cache));
}

static enum bc_status
piece_check(const struct bci_span *span, const struct bci_piece *piece,
            const struct bc_schema *shown, uint64_t first, uint64_t count)
{
	const struct bci_locator *locator = &piece->locator;
	const char *wrong;

	if (piece->map == NULL || piece->hot != NULL)
		return BC_OK; /* It was checked before it was copied. */
	if (BCI_UNLIKELY(
		    bci_slot_is_bad(&span->env->ledger, locator->slot,
	                            bci_segment_id(locator, span->entry_id))))
		return BC_MISS;
	if (BCI_LIKELY(span->cache->checking == BC_CHECK_FIRST &&
	               bci_map_rows_are_checked(piece->map, locator, shown,
	                                        first, count) &&
	               bci_piece_agrees(span, piece)))
		return BC_OK;
	wrong = piece_wrong(span, piece, shown, first, count);
	if (wrong == NULL)
		return BC_OK;
	bci_hit_report(span->cache, span->env, locator, span->entry_id,
	               span->key, span->key_bytes, wrong);
	return BC_MISS;
}

enum bc_status
bci_excerpt_prove(const struct bci_span *span, uint64_t row, int64_t time_ns)
{
	const struct bci_piece *piece = span->pieces;
	const struct bci_piece *end = piece + span->count;
	const int64_t *times;
	uint64_t low, high;
	enum bc_status status;

	while (piece != end && piece->locator.last_ns < time_ns)
		piece++;
	if (piece == end || piece->map == NULL || bci_piece_is_packed(piece) ||
	    span->cache->checking == BC_CHECK_NEVER)
		return BC_OK; /* Nothing was searched, or what was copied. */
	times = bci_piece_times(piece);
	row -= piece->start;
	low = row - (row != 0);
	high = row + (row != piece->locator.rows);
	status = piece_check(span, piece, &bci_time_schema, low, high - low);
	if (status != BC_OK)
		return status;
	if (BCI_LIKELY((row == low || times[low] < time_ns) &&
	               (row == high || times[row] >= time_ns)))
		return BC_OK;
	bci_hit_report(span->cache, span->env, &piece->locator, span->entry_id,
	               span->key, span->key_bytes, "times do not ascend");
	return BC_MISS;
}

/* Check closed pieces; open those that are shown or whose times are needed. */
static enum bc_status
excerpt_open(struct bci_span *span, struct bci_lane *lane, uint64_t first,
             uint64_t end)
{
	const bool whole = bci_excerpt_is_whole(span, first, end);
	enum bc_status status = BC_OK;

	for (size_t i = bci_span_piece(span, first);
	     status == BC_OK && i < span->count && span->pieces[i].start < end;
	     i++) {
		struct bci_piece *piece = &span->pieces[i];

		if (!bci_piece_is_closed(piece))
			continue;
		status = whole ? bci_piece_open(span, lane, piece)
		               : bci_piece_check(span, piece);
	}
	if (status == BC_OK)
		status = bci_span_open_row(span, lane, first);
	if (status == BC_OK)
		status = bci_span_open_row(span, lane, end - 1);
	return status;
}

enum bc_status
bci_excerpt_check(struct bci_span *span, struct bci_lane *lane, uint64_t first,
                  uint64_t end)
{
	enum bc_status status = BC_OK;

	if (first != end)
		status = excerpt_open(span, lane, first, end);
	for (size_t i = bci_span_piece(span, first);
	     status == BC_OK && i < span->count && span->pieces[i].start < end;
	     i++) {
		const struct bci_piece *piece = &span->pieces[i];
		uint64_t low = bci_max(first, piece->start) - piece->start;
		uint64_t high =
			bci_min(end - piece->start, piece->locator.rows);

		if (low < high && !bci_piece_is_closed(piece))
			status = piece_check(span, piece, span->shown, low,
			                     high - low);
	}
	if (status == BC_OK && span->words.map != NULL && first != end &&
	    !bci_excerpt_is_whole(span, first, end))
		status = piece_check(span, &span->words, span->shown, 0, 0);
	if (status != BC_OK || !span->searched)
		return status;
	if (first == span->begin || (first < span->begin && span->begin <= end))
		status = bci_excerpt_prove(span, span->begin, span->from_ns);
	/* The end of all rows was not searched, and one may be of that time. */
	if (status == BC_OK && end == span->end && span->to_ns != INT64_MAX)
		status = bci_excerpt_prove(span, end, span->to_ns);
	return status;
}

/* ---- what a view says -------------------------------------------------- */

/* All but where its memory comes from. */
static void
view_fill(const struct bci_span *span, uint64_t first, uint64_t end,
          struct bc_view *view)
{
	*view = (struct bc_view){
		.kind = span->kind,
		.tier = span->tier,
		.open_rows = first <= span->open_row && span->open_row < end,
		.rows = end - first,
		.schema = span->shown,
		.bytes = (end - first) * span->shown->row_bytes,
		.revision = span->revision,
	};
	if (first != end) {
		view->first_ns = bci_span_time(span, first);
		view->last_ns = bci_span_time(span, end - 1);
	}
}

/* Rows of one piece, where they lie; a pin or a reference is the view's. */
static void
view_piece(struct bci_span *span, struct bci_lane *lane,
           const struct bci_piece *piece, uint64_t first, struct bc_view *view)
{
	view->data = piece->data;
	view->layout_rows = piece->locator.rows;
	view->first_row = first - piece->start;
	view->body_bytes = piece->body_bytes;
	if (BCI_UNLIKELY(bci_piece_is_packed(piece))) {
		view->copied_bytes = view->bytes;
		bci_chunk_share(&piece->hot->chunk);
		view->pin = piece->hot;
		return;
	}
	if (BCI_LIKELY(piece->map != NULL)) {
		bci_map_pin(piece->map, lane->index);
		view->pin = piece->map;
		view->pin_count = &piece->map->pins[lane->index].dropped;
		return;
	}
	view->copied_bytes = view->bytes;
	bci_chunk_share(span->chunk);
	view->pin = span->chunk;
}

/* ---- dictionaries ------------------------------------------------------ */

static const unsigned char *
piece_words(const struct bci_span *span, const struct bci_piece *piece,
            uint64_t *bytes)
{
	uint64_t columns = bci_layout_bytes(span->schema, piece->locator.rows);

	*bytes = piece->body_bytes - columns;
	return piece->data + columns;
}

const unsigned char *
bci_excerpt_words(const struct bci_span *span, uint64_t first, uint64_t end,
                  uint64_t *bytes)
{
	const struct bci_piece *piece = &span->words;

	if (bci_excerpt_is_whole(span, first, end))
		piece = &span->pieces[bci_span_piece(span, first)];
	else if (piece->map == NULL)
		piece = NULL;
	*bytes = 0;
	/* A tail has none. */
	return piece == NULL || piece->locator.bytes == 0
	               ? NULL
	               : piece_words(span, piece, bytes);
}

/* ---- copies ------------------------------------------------------------ */

uint64_t
bci_excerpt_room(const struct bci_span *span, uint64_t layout_rows)
{
	uint64_t bytes, words = 0;

	if (span->words.map != NULL)
		(void)piece_words(span, &span->words, &words);
	for (size_t i = 0; i < span->count; i++) {
		const struct bci_piece *piece = &span->pieces[i];

		if (piece->locator.bytes == 0)
			continue;
		if (bci_piece_is_closed(piece)) /* At most so many. */
			bytes = bci_locator_raw_bytes(&piece->locator) -
			        bci_layout_bytes(span->schema,
			                         piece->locator.rows);
		else
			(void)piece_words(span, piece, &bytes);
		words = bci_max(words, bytes);
	}
	return bci_layout_bytes(span->schema, layout_rows) + words;
}

/* Copy rows of an open piece to row 'at' of the layout. */
static void
piece_copy(const struct bc_schema *shown, const struct bci_piece *piece,
           uint64_t first, uint64_t count, unsigned char *to,
           uint64_t layout_rows, uint64_t at)
{
	for (uint32_t i = 0; i < shown->column_count; i++) {
		const struct bc_schema_column *column = &shown->columns[i];
		const unsigned char *from =
			piece->data +
			bci_layout_offset(column->wide, column->medium,
		                          column->narrow, piece->locator.rows);

		memcpy(to +
		               bci_layout_offset(column->wide, column->medium,
		                                 column->narrow, layout_rows) +
		               at * column->bytes,
		       from + first * column->bytes, count * column->bytes);
	}
}

enum bc_status
bci_excerpt_copy(struct bci_span *span, struct bci_lane *lane, uint64_t first,
                 uint64_t end, unsigned char *to, uint64_t layout_rows,
                 struct bc_view *view)
{
	const unsigned char *words;
	enum bc_status status = BC_OK;
	uint64_t bytes;

	for (size_t i = bci_span_piece(span, first);
	     i < span->count && span->pieces[i].start < end; i++) {
		struct bci_piece *piece = &span->pieces[i];
		uint64_t low = bci_max(first, piece->start);
		uint64_t high =
			bci_min(end, piece->start + piece->locator.rows);

		if (bci_piece_is_closed(piece))
			status = bci_piece_decode(
				span, lane, piece, low - piece->start,
				high - low, to, layout_rows, low - first);
		else
			piece_copy(span->shown, piece, low - piece->start,
			           high - low, to, layout_rows, low - first);
		if (status != BC_OK)
			return status;
	}
	view_fill(span, first, end, view);
	view->data = to;
	view->layout_rows = layout_rows;
	view->copied_bytes = view->bytes;
	words = bci_excerpt_words(span, first, end, &bytes);
	view->body_bytes = bci_layout_bytes(span->schema, layout_rows);
	if (bytes != 0)
		memcpy(to + view->body_bytes, words, bytes);
	view->body_bytes += bytes;
	return BC_OK;
}

/* Copied to memory that the view keeps. */
static enum bc_status
excerpt_gather(struct bci_span *span, struct bci_lane *lane, uint64_t first,
               uint64_t end, struct bc_view *view)
{
	uint64_t bytes = bci_excerpt_room(span, end - first);
	struct bci_chunk *chunk;
	enum bc_status status;

	chunk = bytes <= BCI_CHUNK_POOLED
	                ? bci_chunk_take(span->env, lane, bytes)
	                : bci_chunk_make(span->env, bytes);
	if (chunk == NULL)
		return BC_NOMEM;
	status = bci_excerpt_copy(span, lane, first, end, bci_chunk_data(chunk),
	                          end - first, view);
	if (status == BC_OK)
		view->pin = chunk;
	else
		bci_chunk_give(chunk, lane);
	return status;
}

/* ---- stitches ---------------------------------------------------------- */

static enum bc_status
excerpt_stitch(struct bci_span *span, struct bci_lane *lane, uint64_t first,
               uint64_t end, unsigned flags, struct bci_stitch **used,
               struct bc_view *view)
{
	/* What is kept was checked once, and is shown unchecked. */
	const bool keep = span->cache->checking == BC_CHECK_FIRST;
	struct bci_stitch *stitch;
	enum bc_status status;
	uint64_t row;

	status = bci_stitch_get(span, lane, first, end, keep, &stitch);
	if (status != BC_OK)
		return status;
	row = first - span->pieces[bci_span_piece(span, first)].start;
	view_fill(span, first, end, view);
	if (stitch->packed && span->tier == BC_WARM)
		view->tier = BC_HOT; /* It was decoded for an earlier read. */
	view->copied_bytes = bci_stitch_copied(stitch, row, row + end - first);
	view->data = stitch->data;
	view->layout_rows = stitch->layout_rows;
	view->first_row = stitch->lead + row;
	view->body_bytes = stitch->body_bytes;
	view->pin = stitch;
	if (view->copied_bytes != 0 && (flags & BC_READ_ZERO_COPY) != 0) {
		bci_chunk_give(&stitch->chunk, lane);
		return BC_COPY;
	}
	/* What was decoded is kept in one place only, which has a limit. */
	if (used != NULL && keep && !stitch->refused && !stitch->packed)
		*used = stitch;
	return BC_OK;
}

/* ---- showing ----------------------------------------------------------- */

/* No rows: a view needs what keeps its schema, and some memory. */
static enum bc_status
excerpt_empty(struct bci_span *span, struct bci_lane *lane, uint64_t at,
              struct bc_view *view)
{
	struct bci_chunk *chunk = bci_chunk_take(span->env, lane, BCI_LINE);

	if (chunk == NULL)
		return BC_NOMEM;
	view_fill(span, at, at, view);
	view->data = bci_chunk_data(chunk);
	view->pin = chunk;
	return BC_OK;
}

bool
bci_excerpt_is_whole(const struct bci_span *span, uint64_t first, uint64_t end)
{
	const struct bci_piece *piece =
		&span->pieces[bci_span_piece(span, first)];

	/* A tail whose texts are in a segment is not whole without it. */
	return end - piece->start <= piece->locator.rows &&
	       (piece->map != NULL || span->words.map == NULL);
}

enum bc_status
bci_excerpt_show(struct bci_span *span, struct bci_lane *lane, uint64_t first,
                 uint64_t end, unsigned flags, struct bci_stitch **stitch,
                 struct bc_view *view)
{
	const struct bci_piece *piece;

	if (stitch != NULL)
		*stitch = NULL;
	if (BCI_UNLIKELY(first == end))
		return excerpt_empty(span, lane, first, view);
	if ((flags & BC_READ_PRIVATE) != 0)
		return excerpt_gather(span, lane, first, end, view);
	if (BCI_LIKELY(bci_excerpt_is_whole(span, first, end))) {
		piece = &span->pieces[bci_span_piece(span, first)];
		if ((piece->map == NULL || bci_piece_is_packed(piece)) &&
		    (flags & BC_READ_ZERO_COPY) != 0)
			return BC_COPY;
		view_fill(span, first, end, view);
		view_piece(span, lane, piece, first, view);
		return BC_OK;
	}
	if ((flags & BC_READ_ZERO_COPY) == 0 &&
	    bci_excerpt_room(span, end - first) <= EXCERPT_COPY_MAX)
		return excerpt_gather(span, lane, first, end, view);
	return excerpt_stitch(span, lane, first, end, flags, stitch, view);
}

void
bci_excerpt_stamp(const struct bci_span *span, uint64_t first, uint64_t end,
                  int64_t now_ns)
{
	struct bci_ledger *ledger = &span->env->ledger;

	if (!ledger->writable || first == end)
		return;
	for (size_t i = bci_span_piece(span, first);
	     i < span->count && span->pieces[i].start < end; i++) {
		const struct bci_locator *locator = &span->pieces[i].locator;
		struct bci_slot *slot = bci_ledger_slot(ledger, locator->slot);

		if (span->pieces[i].map != NULL && slot != NULL)
			bci_slot_stamp(slot,
			               bci_segment_id(locator, span->entry_id),
			               (uint32_t)(now_ns / 1000000000));
	}
}

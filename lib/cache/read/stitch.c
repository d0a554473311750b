/* SPDX-License-Identifier: MIT */
/*
 * stitch.c - mapping the pages of several segments side by side.
 *
 * One reservation of address space is laid out as one big segment would be; the
 * pages of each column of each piece are duplicated into it from the mapping of
 * the arena that is there already (mremap() with an old size of 0), which needs
 * no descriptor and copies nothing.  What does not fill pages of the host, or
 * lies in them at another place, is copied; so is the tail.
 */
#include "common.h"

#include "alloc.h"
#include "excerpt.h"
#include "mapping.h"
#include "piece.h"

#define STITCH_ADDRESS_MAX (1ull << 46)

/* ---- places ------------------------------------------------------------ */

/* Where an element of a column is in a stitch, as an offset. */
static uint64_t
stitch_offset(const struct bci_stitch *stitch,
              const struct bc_schema_column *column, uint64_t row)
{
	return bci_layout_offset(column->wide, column->medium, column->narrow,
	                         stitch->layout_rows) +
	       (stitch->lead + row) * column->bytes;
}

/* Where a column of a piece begins. */
static const unsigned char *
piece_column(const struct bci_piece *piece,
             const struct bc_schema_column *column)
{
	return piece->data + bci_layout_offset(column->wide, column->medium,
	                                       column->narrow,
	                                       piece->locator.rows);
}

/*
 * Rows that lie before the first, so that as many rows as possible come to
 * places that are congruent to those in their files: segments have 4,096 rows
 * times something, except where rows were put between.
 */
static uint64_t
stitch_lead(const struct bci_stitch_work *work)
{
	const struct bci_piece *pieces = work->span->pieces + work->piece;
	const uint64_t origin = pieces[0].start;
	uint64_t best = 0, best_rows = 0;

	for (size_t i = 0; i < work->stitch->count; i++) {
		uint64_t phase = (pieces[i].start - origin) % BCI_PAGED_ROWS;
		uint64_t rows = 0;

		if (pieces[i].locator.rows < BCI_PAGED_ROWS ||
		    (best_rows != 0 && (phase + best) % BCI_PAGED_ROWS == 0))
			continue;
		for (size_t k = i; k < work->stitch->count; k++) {
			if (pieces[k].locator.rows >= BCI_PAGED_ROWS &&
			    (pieces[k].start - origin) % BCI_PAGED_ROWS ==
			            phase)
				rows += pieces[k].locator.rows;
		}
		if (rows > best_rows) {
			best_rows = rows;
			best = (BCI_PAGED_ROWS - phase) % BCI_PAGED_ROWS;
		}
	}
	return best;
}

/* Whether every column shown of a piece lies in its page as it will. */
static bool
stitch_fits(const struct bci_stitch *stitch, const struct bci_piece *piece,
            uint64_t row)
{
	if (piece->map == NULL || bci_piece_is_packed(piece) ||
	    piece->locator.rows < BCI_PAGED_ROWS)
		return false;
	for (uint32_t i = 0; i < stitch->shown->column_count; i++) {
		const struct bc_schema_column *column =
			&stitch->shown->columns[i];
		uintptr_t from = (uintptr_t)piece_column(piece, column);

		if ((from - stitch_offset(stitch, column, row)) %
		            bci_stitch_page !=
		    0)
			return false;
	}
	return true;
}

/* Which bytes of a column of a mapped piece are mapped, as offsets. */
struct stitch_extent {
	uint64_t begin, end; /* of the column's rows */
	uint64_t low, high;  /* of what is mapped; equal: nothing */
};

/*
 * Pages that two pieces share are nobody's; those that only the first or the
 * last piece begins or ends in are its own.
 */
static struct stitch_extent
stitch_extent(const struct bci_stitch *stitch, size_t seam, uint64_t row,
              const struct bc_schema_column *column)
{
	const uint64_t page = bci_stitch_page;
	struct stitch_extent extent;

	extent.begin = stitch_offset(stitch, column, row);
	extent.end = extent.begin + stitch->seams[seam].rows * column->bytes;
	extent.low = extent.high = extent.end;
	if (!stitch->seams[seam].mapped)
		return extent;
	extent.low = seam == 0 ? extent.begin & ~(page - 1)
	                       : bci_round_up(extent.begin, page);
	extent.high = seam + 1 == stitch->count ? bci_round_up(extent.end, page)
	                                        : extent.end & ~(page - 1);
	if (extent.low >= extent.high)
		extent.low = extent.high = extent.end;
	return extent;
}

/* Bytes of [from, to) that lie in [low, high). */
static uint64_t
stitch_overlap(uint64_t from, uint64_t to, uint64_t low, uint64_t high)
{
	from = bci_max(from, low);
	to = bci_min(to, high);
	return from < to ? to - from : 0;
}

uint64_t
bci_stitch_copied(const struct bci_stitch *stitch, uint64_t first, uint64_t end)
{
	uint64_t row = 0, copied = 0;

	for (size_t i = 0; i < stitch->count; row += stitch->seams[i++].rows) {
		if (row + stitch->seams[i].rows <= first || row >= end)
			continue;
		for (uint32_t k = 0; k < stitch->shown->column_count; k++) {
			const struct bc_schema_column *column =
				&stitch->shown->columns[k];
			struct stitch_extent extent =
				stitch_extent(stitch, i, row, column);
			uint64_t from =
				bci_max(stitch_offset(stitch, column, first),
			                extent.begin);
			uint64_t to = bci_min(
				stitch_offset(stitch, column, end), extent.end);

			copied += to - from -
			          stitch_overlap(from, to, extent.low,
			                         extent.high);
		}
	}
	return copied;
}

uint64_t
bci_stitch_copied_of(const void *pin, uint64_t first, uint64_t end)
{
	const struct bci_stitch *stitch = pin;

	return bci_stitch_copied(stitch, first - stitch->lead,
	                         end - stitch->lead);
}

/* ---- filling ----------------------------------------------------------- */

/* Duplicate the pages of a piece's columns; false if the kernel will not. */
static bool
stitch_map_piece(struct bci_stitch_work *work, size_t seam, uint64_t row)
{
	const struct bci_stitch *stitch = work->stitch;
	const struct bci_piece *piece = &work->span->pieces[work->piece + seam];

	for (uint32_t i = 0; i < stitch->shown->column_count; i++) {
		const struct bc_schema_column *column =
			&stitch->shown->columns[i];
		struct stitch_extent extent =
			stitch_extent(stitch, seam, row, column);

		if (extent.low != extent.high &&
		    !bci_map_again(piece_column(piece, column) - extent.begin +
		                           extent.low,
		                   extent.high - extent.low,
		                   stitch->data + extent.low))
			return false;
	}
	return true;
}

/* Decode the shown rows of a packed piece right there. */
static enum bc_status
stitch_decode_piece(struct bci_stitch_work *work, size_t seam, uint64_t row)
{
	const struct bci_stitch *stitch = work->stitch;
	uint64_t end = row + stitch->seams[seam].rows;
	uint64_t low = bci_max(work->first, row),
		 high = bci_min(work->end, end);

	if (low >= high)
		return BC_OK;
	return bci_piece_decode(work->span, work->lane,
	                        &work->span->pieces[work->piece + seam],
	                        low - row, high - low, stitch->data,
	                        stitch->layout_rows, stitch->lead + low);
}

/* Copy what of the shown rows of a piece is not mapped. */
static void
stitch_copy_piece(struct bci_stitch_work *work, size_t seam, uint64_t row)
{
	const struct bci_stitch *stitch = work->stitch;
	const struct bci_piece *piece = &work->span->pieces[work->piece + seam];

	for (uint32_t i = 0; i < stitch->shown->column_count; i++) {
		const struct bc_schema_column *column =
			&stitch->shown->columns[i];
		struct stitch_extent extent =
			stitch_extent(stitch, seam, row, column);
		const unsigned char *from = piece_column(piece, column);
		uint64_t begin =
			bci_max(stitch_offset(stitch, column, work->first),
		                extent.begin);
		uint64_t end = bci_min(stitch_offset(stitch, column, work->end),
		                       extent.end);
		uint64_t low = bci_min(extent.low, end);
		uint64_t high = bci_max(extent.high, begin);

		if (begin < low)
			memcpy(stitch->data + begin,
			       from + (begin - extent.begin), low - begin);
		if (high < end)
			memcpy(stitch->data + high,
			       from + (high - extent.begin), end - high);
	}
}

/* Copy the dictionaries behind the columns. */
static void
stitch_copy_words(struct bci_stitch_work *work)
{
	struct bci_stitch *stitch = work->stitch;
	const struct bci_span *span = work->span;
	const uint64_t origin = span->pieces[work->piece].start;
	uint64_t bytes,
		at = bci_layout_bytes(span->schema, stitch->layout_rows);
	const unsigned char *words = bci_excerpt_words(
		span, origin + work->first, origin + work->end, &bytes);

	if (bytes != 0)
		memcpy(stitch->data + at, words, bytes);
	stitch->body_bytes = at + bytes;
}

static void
stitch_release(struct bci_chunk *chunk)
{
	struct bci_stitch *stitch = (struct bci_stitch *)(void *)chunk;

	bci_unmap(stitch->data, stitch->map_bytes);
	atomic_fetch_sub(&bci_stitch_mappings, stitch->mappings);
	/* The chunk still counts, and so keeps maps and environment. */
	for (size_t i = 0; i < stitch->count; i++) {
		if (stitch->seams[i].map != NULL)
			atomic_fetch_add(&stitch->seams[i]
			                          .map->pins[stitch->shard]
			                          .dropped,
			                 1);
	}
}

/* Reserve, map, copy and decode; BC_NOMEM if the kernel did not let us. */
static enum bc_status
stitch_fill(struct bci_stitch_work *work)
{
	struct bci_stitch *stitch = work->stitch;
	enum bc_status status = BC_OK;
	uint64_t row = 0;

	stitch->data = bci_map_zeroed(stitch->map_bytes);
	if (stitch->data == NULL)
		return BC_NOMEM;
	if (stitch->packed && stitch->mappings == 0)
		bci_map_large(stitch->data, stitch->map_bytes);
	for (size_t i = 0; i < stitch->count; row += stitch->seams[i++].rows) {
		if (stitch->seams[i].mapped && !stitch_map_piece(work, i, row))
			return BC_NOMEM;
	}
	row = 0;
	for (size_t i = 0; i < stitch->count; row += stitch->seams[i++].rows) {
		if (bci_piece_is_closed(&work->span->pieces[work->piece + i]))
			status = stitch_decode_piece(work, i, row);
		else
			stitch_copy_piece(work, i, row);
		if (status != BC_OK)
			return status;
	}
	stitch_copy_words(work);
	bci_map_seal(stitch->data, stitch->map_bytes);
	return BC_OK;
}

/* Let go of what was reckoned, so that everything is copied instead. */
static void
stitch_give_up_mapping(struct bci_stitch *stitch)
{
	bci_unmap(stitch->data, stitch->map_bytes);
	stitch->data = NULL;
	for (size_t i = 0; i < stitch->count; i++)
		stitch->seams[i].mapped = false;
	atomic_fetch_sub(&bci_stitch_mappings, stitch->mappings);
	stitch->mappings = 0;
	stitch->refused = true;
	atomic_fetch_add(&bci_stitch_refused, 1);
}

/* ---- making one -------------------------------------------------------- */

/* Take 'count' mappings of what the process may have. */
static bool
stitch_may_map(long count)
{
	if (atomic_fetch_add(&bci_stitch_mappings, count) + count <=
	    atomic_load(&bci_stitch_mappings_max))
		return true;
	atomic_fetch_sub(&bci_stitch_mappings, count);
	return false;
}

/*
 * Decide what can be mapped, and count it: a mapping a column, and what is left
 * of the reservation between them.
 */
static void
stitch_decide(struct bci_stitch_work *work, struct bci_lane *lane)
{
	struct bci_stitch *stitch = work->stitch;
	const struct bci_piece *pieces = work->span->pieces + work->piece;
	uint64_t row = 0;
	long mapped = 0;

	for (size_t i = 0; i < stitch->count; row += stitch->seams[i++].rows) {
		stitch->seams[i].mapped = stitch_fits(stitch, &pieces[i], row);
		mapped += stitch->seams[i].mapped;
	}
	if (mapped == 0)
		return;
	stitch->mappings = 2 * mapped * (long)stitch->shown->column_count + 1;
	/* Halves: after seven of them nothing is kept. */
	for (int i = 0; i < 8; i++) {
		if (stitch_may_map(stitch->mappings))
			return;
		bci_stitches_drop_half(work->span->env, lane);
	}
	atomic_fetch_add(&bci_stitch_mappings, stitch->mappings);
	stitch_give_up_mapping(stitch);
}

/*
 * Mapped pieces are valid as a whole, although not all is shown.  Then the rows
 * of a page that is copied because two pieces share it are copied as a whole,
 * too, and checked before.
 */
static enum bc_status
stitch_widen(struct bci_stitch_work *work)
{
	struct bci_stitch *stitch = work->stitch;
	const struct bci_seam *last = &stitch->seams[stitch->count - 1];
	const uint64_t origin = work->span->pieces[work->piece].start;
	const uint64_t before =
		work->span->pieces[work->piece + stitch->count - 1].start -
		origin;
	const uint64_t page = bci_stitch_page;

	stitch->valid_first = work->first;
	stitch->valid_end = work->end;
	if (stitch->seams[0].mapped) {
		uint64_t rows = stitch->seams[0].rows;

		stitch->valid_first = 0;
		work->first = bci_min(work->first, rows - bci_min(rows, page));
	}
	if (last->mapped) {
		stitch->valid_end = before + last->rows;
		work->end =
			bci_max(work->end, before + bci_min(last->rows, page));
	}
	return bci_excerpt_check(work->span, work->lane, origin + work->first,
	                         origin + work->end);
}

static void
stitch_pin(struct bci_stitch_work *work, struct bci_lane *lane)
{
	struct bci_stitch *stitch = work->stitch;

	for (size_t i = 0; i < stitch->count; i++) {
		const struct bci_piece *piece =
			&work->span->pieces[work->piece + i];
		struct bci_seam *seam = &stitch->seams[i];

		stitch->packed |= bci_piece_is_packed(piece);
		seam->map = piece->map;
		seam->rows = piece->locator.rows;
		seam->slot = piece->locator.slot;
		seam->id =
			bci_segment_id(&piece->locator, work->span->entry_id);
		if (piece->map == NULL)
			stitch->tail_checksum = work->span->tail_checksum;
		else
			bci_map_pin(piece->map, lane->index);
	}
	stitch->shard = lane->index;
}

/* An empty one for pieces [piece, piece + count) of a span. */
static struct bci_stitch *
stitch_new(struct bci_stitch_work *work, size_t count, struct bci_lane *lane)
{
	const struct bci_span *span = work->span;
	const struct bci_piece *last = &span->pieces[work->piece + count - 1];
	struct bci_env *env = span->env;
	struct bci_stitch *stitch;
	uint64_t rows;

	stitch = bci_zalloc(&env->allocator, 1,
	                    sizeof(*stitch) + count * sizeof(stitch->seams[0]));
	if (stitch == NULL)
		return NULL;
	work->stitch = stitch;
	stitch->count = count;
	stitch->shown = span->shown;
	stitch->lead = stitch_lead(work);
	rows = stitch->lead + last->start + last->locator.rows -
	       span->pieces[work->piece].start;
	/* So many that the narrowest column, too, begins on a page. */
	stitch->layout_rows =
		bci_round_up(rows, bci_max(bci_stitch_page, BCI_PAGED_ROWS));
	if (!bci_mul(stitch->layout_rows, span->schema->row_bytes, &rows) ||
	    rows > STITCH_ADDRESS_MAX) {
		bci_free(&env->allocator, stitch);
		return NULL;
	}
	stitch->map_bytes = bci_round_up(
		bci_excerpt_room(span, stitch->layout_rows), bci_stitch_page);
	bci_chunk_begin(env, &stitch->chunk, stitch_release);
	stitch_pin(work, lane);
	return stitch;
}

/* Make one for rows [first, end) as the work says. */
enum bc_status
bci_stitch_make(struct bci_stitch_work *work, size_t count,
                struct bci_lane *lane)
{
	const uint64_t first = work->first, end = work->end;
	struct bci_stitch *stitch = stitch_new(work, count, lane);
	enum bc_status status;

	if (stitch == NULL)
		return BC_NOMEM;
	work->lane = lane;
	stitch_decide(work, lane);
	status = stitch_widen(work);
	if (status == BC_OK)
		status = stitch_fill(work);
	if (status == BC_NOMEM && stitch->mappings != 0) {
		stitch_give_up_mapping(stitch);
		work->first = stitch->valid_first = first;
		work->end = stitch->valid_end = end;
		status = stitch_fill(work);
	}
	if (status == BC_OK) {
		stitch->private_bytes = bci_stitch_copied(
			stitch, stitch->valid_first, stitch->valid_end);
		return BC_OK;
	}
	bci_chunk_give(&stitch->chunk, lane);
	return status;
}

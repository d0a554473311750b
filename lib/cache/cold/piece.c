/* SPDX-License-Identifier: MIT */
/*
 * piece.c - packed segments as pieces of a span.
 *
 * A piece is closed until rows of it are needed.  Then it is opened as a whole,
 * which the hot tier remembers; or, where few rows of a single read are needed,
 * only their blocks are decoded, to memory of the view's own; or, where rows of
 * several segments come to one place anyway, it is decoded right there.
 */
#include "common.h"

#include "decode.h"
#include "piece.h"

/* Of all rows a part of 1/NARROW_SHARE is few. */
#define NARROW_SHARE 4

/* So often in a row it is cheaper to read parts of a segment than all of it. */
#define NARROW_MOST 8

/* ---- checking ---------------------------------------------------------- */

static enum bc_status
piece_report(struct bci_span *span, const struct bci_piece *piece,
             const char *wrong)
{
	span->reported = true;
	bci_hit_report(span->cache, span->env, &piece->locator, span->entry_id,
	               span->key, span->key_bytes, wrong);
	return BC_MISS;
}

/* What the catalogue says of a segment of the span. */
static inline struct bci_segment_claim
piece_claim(const struct bci_span *span)
{
	return (struct bci_segment_claim){
		.kind = BC_FRAME,
		.revision = span->kind == BC_SERIES ? NULL : &span->revision,
		.key = span->key,
		.key_bytes = span->key_bytes,
		.key_hash = span->key_hash,
		.schema = span->schema,
	};
}

bool
bci_piece_agrees(const struct bci_span *span, const struct bci_piece *piece)
{
	const struct bci_segment_claim claim = piece_claim(span);

	return bci_segment_agrees(piece->map->base + piece->locator.offset,
	                          &piece->locator, span->entry_id, &claim);
}

const char *
bci_piece_header(const struct bci_span *span, const struct bci_piece *piece)
{
	const struct bci_locator *locator = &piece->locator;
	const unsigned char *image = piece->map->base + locator->offset;
	const struct bci_segment_claim claim = piece_claim(span);
	const char *wrong;

	if (!bci_segment_is(image, locator, span->env->cache_id,
	                    span->entry_id))
		return "another segment";
	if (span->cache->checking == BC_CHECK_NEVER)
		return NULL;
	wrong = bci_segment_check(image, locator, span->schema);
	return wrong != NULL ? wrong : bci_segment_check_claim(image, &claim);
}

/* Whether all of it was checked, and is the one that the catalogue means. */
static bool
piece_is_checked(const struct bci_span *span, const struct bci_piece *piece)
{
	return bci_map_is_checked(piece->map, &piece->locator) &&
	       bci_piece_agrees(span, piece);
}

/* Whether a reader marked it bad. */
static bool
piece_is_bad(const struct bci_span *span, const struct bci_piece *piece)
{
	return bci_slot_is_bad(&span->env->ledger, piece->locator.slot,
	                       bci_segment_id(&piece->locator, span->entry_id));
}

enum bc_status
bci_piece_check(struct bci_span *span, const struct bci_piece *piece)
{
	const enum bc_checking checking = span->cache->checking;
	const char *wrong;

	if (piece_is_bad(span, piece))
		return BC_MISS;
	if (checking == BC_CHECK_FIRST && piece_is_checked(span, piece))
		return BC_OK;
	wrong = bci_piece_header(span, piece);
	if (wrong == NULL && checking != BC_CHECK_NEVER)
		wrong = bci_map_check_body(piece->map, &piece->locator,
		                           bci_hit_how(span->cache));
	return wrong == NULL ? BC_OK : piece_report(span, piece, wrong);
}

/* ---- opening ----------------------------------------------------------- */

/* What was decoded is where the rows are from now on. */
static void
piece_take(struct bci_span *span, struct bci_piece *piece, struct bci_hot *hot,
           enum bc_tier tier)
{
	piece->hot = hot;
	piece->again = atomic_load(&hot->again);
	piece->data = hot->data;
	piece->body_bytes = hot->body_bytes;
	if (span->tier != BC_COLD)
		span->tier = tier;
}

void
bci_piece_find(struct bci_span *span, struct bci_piece *piece)
{
	const struct bci_segment_claim claim = piece_claim(span);
	struct bci_hot *hot;

	if (span->cache->checking == BC_CHECK_ALWAYS ||
	    piece_is_bad(span, piece))
		return;
	hot = bci_hot_find(span->env,
	                   bci_segment_id(&piece->locator, span->entry_id),
	                   &piece->locator, &claim);
	if (hot != NULL)
		piece_take(span, piece, hot, BC_HOT);
}

enum bc_status
bci_piece_open(struct bci_span *span, struct bci_lane *lane,
               struct bci_piece *piece)
{
	const struct bci_cold cold = {
		.image = piece->map->base + piece->locator.offset,
		.locator = &piece->locator,
		.schema = span->schema,
		.entry_id = span->entry_id,
		.key = span->key,
		.key_bytes = span->key_bytes,
	};
	struct bci_hot *hot;
	enum bc_status status = bci_piece_check(span, piece);

	if (status == BC_OK)
		status = bci_decode_segment(span->env, lane, &cold, &hot);
	if (status == BC_OK)
		piece_take(span, piece, hot, BC_COLD);
	return status == BC_CORRUPT
	               ? piece_report(span, piece, "what is packed")
	               : status;
}

/* ---- a part ------------------------------------------------------------ */

/* Open the packed form, checked no further than its own checksums go. */
static enum bc_status
piece_look(struct bci_span *span, const struct bci_piece *piece,
           struct bci_packed *packed)
{
	const char *wrong = NULL;
	bool checked = piece_is_checked(span, piece);

	if (piece_is_bad(span, piece))
		return BC_MISS;
	if (!checked || span->cache->checking == BC_CHECK_ALWAYS) {
		checked = false;
		wrong = bci_piece_header(span, piece);
	}
	if (wrong == NULL)
		wrong = bci_packed_open(piece->map->base +
		                                piece->locator.offset,
		                        &piece->locator, span->schema, packed);
	if (wrong != NULL)
		return piece_report(span, piece, wrong);
	if (checked || span->cache->checking == BC_CHECK_NEVER) {
		bci_packed_trust(packed);
		return BC_OK;
	}
	/* Dictionaries that are stored raw have no checksum but the table's. */
	return packed->text_bytes != 0 ? bci_piece_check(span, piece) : BC_OK;
}

/* Whether so few rows are better decoded alone, this time. */
static bool
piece_is_narrow(struct bci_span *span, struct bci_lane *lane,
                const struct bci_piece *piece, uint64_t rows)
{
	const uint64_t id = bci_segment_id(&piece->locator, span->entry_id);

	if (rows > piece->locator.rows / NARROW_SHARE)
		return false;
	if (lane->narrow_id != id) {
		lane->narrow_id = id;
		lane->narrow_count = 0;
	}
	return lane->narrow_count++ < NARROW_MOST;
}

/* Whether the rows decoded can be a part of the segment. */
static bool
piece_is_part(const struct bci_piece *piece, const struct bci_hot *hot,
              uint64_t rows)
{
	const int64_t *times = (const int64_t *)(const void *)hot->data;

	return times[0] >= piece->locator.first_ns &&
	       times[0] <= times[rows - 1] &&
	       times[rows - 1] <= piece->locator.last_ns;
}

/* Decode blocks [first, end) and make the piece one of them. */
static enum bc_status
piece_cut(struct bci_span *span, struct bci_lane *lane, struct bci_piece *piece,
          const struct bci_packed *packed, uint64_t first, uint64_t end)
{
	const uint64_t rows = end - first;
	const uint64_t columns = bci_layout_bytes(span->schema, rows);
	void *work = bci_decode_work(span->env, lane);
	struct bci_hot *hot =
		work == NULL ? NULL
			     : bci_hot_make(span->env,
	                                    columns + packed->text_bytes, 0);
	const int64_t *times;

	if (hot == NULL)
		return BC_NOMEM;
	if (!bci_packed_decode_rows(packed, span->shown, first, rows, work,
	                            hot->data, rows, 0) ||
	    !bci_packed_decode_text(packed, work, hot->data + columns) ||
	    !piece_is_part(piece, hot, rows)) {
		bci_chunk_give(&hot->chunk, lane);
		return piece_report(span, piece, "what is packed");
	}
	times = (const int64_t *)(const void *)hot->data;
	piece->locator.rows = (uint32_t)rows;
	piece->locator.first_ns = times[0];
	piece->locator.last_ns = times[rows - 1];
	piece_take(span, piece, hot, BC_COLD);
	return BC_OK;
}

enum bc_status
bci_piece_narrow(struct bci_span *span, struct bci_lane *lane,
                 struct bci_piece *piece, uint64_t *first, uint64_t end)
{
	struct bci_packed packed;
	enum bc_status status;

	end = bci_min(bci_round_up(end, BCI_PACK_ROWS), piece->locator.rows);
	*first -= *first % BCI_PACK_ROWS;
	if (*first >= end ||
	    !piece_is_narrow(span, lane, piece, end - *first)) {
		*first = 0;
		return BC_OK;
	}
	status = piece_look(span, piece, &packed);
	if (status != BC_OK)
		return status;
	return piece_cut(span, lane, piece, &packed, *first, end);
}

/* The first block whose first time is at or behind 'time_ns'; false if the
 * index has no times. */
static bool
piece_block(const struct bci_packed *packed, int64_t time_ns, uint64_t *block)
{
	uint64_t low = 0,
		 high = (packed->rows + BCI_PACK_ROWS - 1) / BCI_PACK_ROWS;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		int64_t first_ns;

		if (bci_pack_block_time(&packed->pack, middle, &first_ns) !=
		    BC_OK)
			return false;
		if (first_ns < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	*block = low;
	return true;
}

enum bc_status
bci_piece_narrow_times(struct bci_span *span, struct bci_lane *lane,
                       struct bci_piece *piece, int64_t from_ns, int64_t to_ns)
{
	const struct bci_locator *locator = &piece->locator;
	struct bci_packed packed;
	uint64_t first, end;
	enum bc_status status;

	/* Most often it is all or half of it, and that can be told at once. */
	if (locator->rows <= NARROW_SHARE * BCI_PACK_ROWS ||
	    (from_ns <= locator->first_ns && to_ns > locator->last_ns))
		return BC_OK;
	status = piece_look(span, piece, &packed);
	if (status != BC_OK)
		return status;
	if (!piece_block(&packed, from_ns, &first) ||
	    !piece_block(&packed, to_ns, &end))
		return BC_OK;
	/* The block before begins earlier, but may reach that far. */
	first = (first - (first != 0)) * BCI_PACK_ROWS;
	end = bci_min(end * BCI_PACK_ROWS, locator->rows);
	if (to_ns == INT64_MAX) /* Rows of that time, too. */
		end = locator->rows;
	if (first >= end || !piece_is_narrow(span, lane, piece, end - first))
		return BC_OK;
	return piece_cut(span, lane, piece, &packed, first, end);
}

enum bc_status
bci_piece_open_words(struct bci_span *span, struct bci_lane *lane,
                     struct bci_piece *piece)
{
	void *work = bci_decode_work(span->env, lane);
	struct bci_packed packed;
	struct bci_hot *hot = NULL;
	enum bc_status status = piece_look(span, piece, &packed);

	if (status != BC_OK)
		return status;
	if (work != NULL)
		hot = bci_hot_make(span->env, bci_max(packed.text_bytes, 1), 0);
	if (hot == NULL)
		return BC_NOMEM;
	if (!bci_packed_decode_text(&packed, work, hot->data)) {
		bci_chunk_give(&hot->chunk, lane);
		return piece_report(span, piece, "what is packed");
	}
	hot->body_bytes = packed.text_bytes;
	piece->locator.rows = 0;
	piece_take(span, piece, hot, BC_COLD);
	return BC_OK;
}

/* ---- in place ---------------------------------------------------------- */

enum bc_status
bci_piece_decode(struct bci_span *span, struct bci_lane *lane,
                 struct bci_piece *piece, uint64_t first, uint64_t count,
                 unsigned char *to, uint64_t layout_rows, uint64_t at)
{
	void *work = bci_decode_work(span->env, lane);
	struct bci_packed packed;
	enum bc_status status;

	if (work == NULL)
		return BC_NOMEM;
	status = piece_look(span, piece, &packed);
	if (status != BC_OK)
		return status;
	if (!bci_packed_decode_rows(&packed, span->shown, first, count, work,
	                            to, layout_rows, at))
		return piece_report(span, piece, "what is packed");
	span->tier = BC_COLD;
	if (span->env->ledger.writable)
		piece->again = bci_slot_decoded(
			&span->env->ledger, piece->locator.slot,
			bci_segment_id(&piece->locator, span->entry_id));
	return BC_OK;
}

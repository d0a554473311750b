/* SPDX-License-Identifier: MIT */
/*
 * span.c - from a query to pieces, within one transaction.
 *
 * Segments are taken from the directory in order of time; those at both ends
 * are searched for the first and the last row.  What is found is pinned, so
 * that the rest (checking, copying, mapping side by side) is done without a
 * transaction.  A search may be led astray by damage: the rows around both ends
 * are compared when they have been checked (bci_excerpt_check()).
 */
#include "common.h"

#include "alloc.h"
#include "coverage.h"
#include "lookup.h"
#include "piece.h"
#include "reach.h"

/* The schema of a series that never had a row. */
static const struct bc_schema_column span_time_column = { .name = BC_TIME,
	                                                  .type = BC_I64,
	                                                  .bytes = 8 };
const struct bc_schema bci_time_schema = { .column_count = 1,
	                                   .has_time = 1,
	                                   .row_bytes = 8,
	                                   .columns = &span_time_column,
	                                   .wide = 1 };

/* ---- rows and pieces --------------------------------------------------- */

/* Number the rows of all pieces. */
static void
span_number(struct bci_span *span)
{
	span->rows = 0;
	for (size_t i = 0; i < span->count; i++) {
		span->pieces[i].start = span->rows;
		span->rows += span->pieces[i].locator.rows;
	}
}

enum bc_status
bci_span_grow(struct bci_span *span)
{
	const struct bc_allocator *allocator = &span->env->allocator;
	size_t capacity = 4 * span->capacity;
	struct bci_piece *pieces;

	pieces = bci_alloc(allocator, capacity, sizeof(*pieces));
	if (pieces == NULL)
		return BC_NOMEM;
	memcpy(pieces, span->pieces, span->count * sizeof(*pieces));
	if (span->pieces != span->own)
		bci_free(allocator, span->pieces);
	span->pieces = pieces;
	span->capacity = capacity;
	return BC_OK;
}

size_t
bci_span_piece(const struct bci_span *span, uint64_t row)
{
	size_t low = 0, high = span->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (span->pieces[middle].start <= row)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int64_t
bci_span_time(const struct bci_span *span, uint64_t row)
{
	const struct bci_piece *piece =
		&span->pieces[bci_span_piece(span, row)];
	const struct bci_locator *locator = &piece->locator;

	row -= piece->start;
	if (!bci_piece_is_closed(piece))
		return bci_piece_times(piece)[row];
	if (row + 1 == locator->rows)
		return locator->last_ns;
	return locator->first_ns + (int64_t)row * locator->step_ns;
}

enum bc_status
bci_span_open_row(struct bci_span *span, struct bci_lane *lane, uint64_t row)
{
	struct bci_piece *piece = &span->pieces[bci_span_piece(span, row)];

	row -= piece->start;
	if (!bci_piece_is_closed(piece) || piece->locator.step_ns != 0 ||
	    row == 0 || row + 1 == piece->locator.rows)
		return BC_OK;
	return bci_piece_open(span, lane, piece);
}

enum bc_status
bci_span_open_time(struct bci_span *span, struct bci_lane *lane,
                   int64_t time_ns)
{
	for (size_t i = 0; i < span->count; i++) {
		struct bci_piece *piece = &span->pieces[i];

		if (piece->locator.last_ns < time_ns)
			continue;
		if (!bci_piece_is_closed(piece) ||
		    piece->locator.step_ns != 0 ||
		    piece->locator.first_ns >= time_ns)
			return BC_OK;
		return bci_piece_open(span, lane, piece);
	}
	return BC_OK;
}

uint64_t
bci_span_row(const struct bci_span *span, int64_t time_ns)
{
	for (size_t i = 0; i < span->count; i++) {
		const struct bci_piece *piece = &span->pieces[i];
		const struct bci_lookup known = {
			.rows = piece->locator.rows,
			.first_ns = piece->locator.first_ns,
			.last_ns = piece->locator.last_ns,
			.step_ns = piece->locator.step_ns,
		};

		if (known.rows == 0 || known.last_ns < time_ns)
			continue;
		/* The first row of a closed one needs no look at the times. */
		return known.first_ns >= time_ns
		               ? piece->start
		               : piece->start +
		                         bci_lookup_row(&known,
		                                        bci_piece_times(piece),
		                                        time_ns);
	}
	return span->rows;
}

/* ---- rows -------------------------------------------------------------- */

/* Find first and end among the rows of the pieces by time. */
static enum bc_status
span_settle_time(struct bci_reach *search, uint64_t rows)
{
	const struct bci_query *query = search->query;
	struct bci_span *span = search->span;
	enum bc_status status = BC_OK;

	span->searched = true;
	span->from_ns = query->from_ns;
	span->to_ns = query->to_ns;
	if (rows != span->rows) { /* The one that had not ended is left out. */
		BCI_TRY(bci_span_open_row(span, search->lane, rows));
		span->to_ns = bci_span_time(span, rows) < span->to_ns
		                      ? bci_span_time(span, rows)
		                      : span->to_ns;
	}
	BCI_TRY(bci_span_open_time(span, search->lane, span->to_ns));
	if (span->to_ns != INT64_MAX)
		span->end = bci_min(bci_span_row(span, span->to_ns), rows);
	if (query->by == BCI_BY_MOMENT) {
		span->from_ns = INT64_MIN;
		span->begin = 0;
		span->first = span->end - (span->end != 0);
		return BC_OK;
	}
	BCI_TRY(bci_span_open_time(span, search->lane, query->from_ns));
	span->begin = bci_min(bci_span_row(span, query->from_ns), span->end);
	span->from_ns =
		span->from_ns < span->to_ns ? span->from_ns : span->to_ns;
	span->first = span->begin - bci_min(query->count, span->begin);
done:
	return status;
}

/* Find first and end; 'before' rows come before those of the pieces. */
static enum bc_status
span_settle(struct bci_reach *search, uint64_t before)
{
	const struct bci_query *query = search->query;
	struct bci_span *span = search->span;
	uint64_t rows = span->rows;

	if (span->open_row != UINT64_MAX &&
	    (query->flags & BC_READ_OPEN) == 0) {
		rows = span->open_row;
		span->open_row = UINT64_MAX;
	}
	span->end = rows;
	if (query->by == BCI_BY_TIME || query->by == BCI_BY_MOMENT)
		return span_settle_time(search, rows);
	if (query->by == BCI_BY_TAIL) {
		span->first = rows - bci_min(query->count, rows);
	} else {
		span->first = query->first - bci_min(before, query->first);
		span->first = bci_min(span->first, rows);
		span->end =
			span->first + bci_min(query->count, rows - span->first);
	}
	span->begin = span->first;
	return BC_OK;
}

/* ---- coverage ---------------------------------------------------------- */

/*
 * Whether all that the query asks for is known.  Ends that are left open are
 * those of the rows; the newest rows are all of them only if none is missing
 * between.
 */
static enum bc_status
span_is_known(struct bci_reach *search)
{
	const struct bci_series_record *series = &search->entry->series;
	const struct bci_query *query = search->query;
	struct bci_span *span = search->span;
	int64_t from_ns = query->from_ns, to_ns = query->to_ns, last_ns;
	enum bc_status status;

	if ((query->flags & BC_READ_PARTIAL) != 0)
		return BC_OK;
	if (query->by != BCI_BY_TIME) {
		if (span->first == span->end)
			return BC_OK;
		status = bci_span_open_row(span, search->lane, span->first);
		if (status == BC_OK)
			status = bci_span_open_row(span, search->lane,
			                           span->end - 1);
		if (status != BC_OK)
			return status == BC_MISS ? BC_CORRUPT : status;
		from_ns = bci_span_time(span, span->first);
		last_ns = bci_span_time(span, span->end - 1);
		if (query->by != BCI_BY_MOMENT)
			to_ns = last_ns + (last_ns != INT64_MAX);
	} else if (from_ns == INT64_MIN) {
		from_ns = series->first_ns;
	}
	if (to_ns == INT64_MAX)
		to_ns = series->last_ns + (series->last_ns != INT64_MAX);
	if (from_ns >= to_ns ||
	    (series->rows == 0 &&
	     (query->from_ns == INT64_MIN || query->to_ns == INT64_MAX)))
		return BC_OK;
	return bci_coverage_holds(search->lane->txn, &span->env->tables,
	                          search->entry, from_ns, to_ns);
}

/* ---- finding ----------------------------------------------------------- */

static enum bc_status
span_find_series(struct bci_reach *search, enum bc_miss *miss)
{
	const struct bci_series_record *series = &search->entry->series;
	struct bci_span *span = search->span;
	enum bc_status status;
	uint64_t before;

	if (!bci_reach_tail_is_sane(search))
		return BC_CORRUPT;
	bci_directory_open(&search->directory, search->lane->txn,
	                   &span->env->tables, search->entry);
	bci_directory_lend(&search->directory, &search->lane->cursor);
	BCI_TRY(bci_reach(search, &before));
	BCI_TRY(bci_reach_words(search));
	span_number(span);
	if (series->open && span->count != 0 &&
	    span->pieces[span->count - 1].locator.last_ns == series->last_ns)
		span->open_row = span->rows - 1;
	BCI_TRY(span_settle(search, before));
	status = span_is_known(search);
	if (status == BC_MISS)
		*miss = BC_MISS_NOT_COVERED;
done:
	bci_directory_close(&search->directory);
	return status;
}

static enum bc_status
span_find_frame(struct bc_cache *cache, struct bci_reach *search,
                enum bc_miss *miss)
{
	const struct bci_query *query = search->query;
	struct bci_span *span = search->span;
	const struct bci_wanted wanted = {
		.key = query->key,
		.key_bytes = query->key_bytes,
	};
	struct bci_locator locator;
	uint64_t before = 0;
	enum bc_status status;
	struct bci_hit hit;

	if (search->entry->segment_count == 0) {
		*miss = BC_MISS_EVICTED;
		return BC_MISS;
	}
	bci_entry_locator(search->entry, 0, &locator);
	if (search->entry->inlined == NULL) {
		status = bci_reach_frame(search, &locator, &before);
	} else if (!bci_piece_is_sane(&locator, span->schema)) {
		status = BC_CORRUPT;
	} else {
		status = bci_hit_fill(span->env, search->lane, search->entry,
		                      &hit);
		if (status != BC_OK)
			return status;
		span->chunk = hit.chunk;
		span->pieces[span->count++] = (struct bci_piece){
			.locator = locator,
			.data = hit.chunk->image + locator.header_bytes,
			.body_bytes = locator.bytes - locator.header_bytes,
		};
		status = bci_hit_check(cache, span->env, &hit, &wanted,
		                       BCI_CHECK_AGAIN);
	}
	if (status != BC_OK)
		return status;
	span_number(span);
	return span_settle(search, before);
}

/* The schema of the entry, and of what is shown. */
static enum bc_status
span_find_schema(struct bci_reach *search)
{
	const struct bci_entry_record *head = &search->entry->head;
	struct bci_span *span = search->span;
	enum bc_status status;

	if (head->kind != BC_FRAME && head->kind != BC_SERIES)
		return BC_INVALID;
	if (head->schema == 0) {
		span->schema = span->shown = &bci_time_schema;
		return BC_OK;
	}
	status = bci_env_schema(span->env, search->lane->txn, head->schema,
	                        &span->schema);
	if (status != BC_OK)
		return status;
	if (!span->schema->has_time)
		return BC_CORRUPT;
	return bci_env_pick(span->env, span->schema, search->query->columns,
	                    &span->shown);
}

enum bc_status
bci_span_find(struct bc_cache *cache, struct bci_env *env,
              struct bci_lane *lane, const struct bci_query *query,
              struct bci_span *span, enum bc_miss *miss)
{
	struct bci_reach search = { .span = span,
		                    .lane = lane,
		                    .query = query };
	struct bci_entry entry;
	enum bc_status status;

	status = bci_hit_entry(env, lane, query->key, query->key_bytes,
	                       query->stale ? INT64_MIN : query->now_ns, &entry,
	                       miss);
	span->lost.bytes = 0;
	if (BCI_LIKELY(status == BC_OK))
		status = bci_lane_knows(env, lane, &entry);
	if (BCI_UNLIKELY(status != BC_OK))
		return status;
	search.entry = &entry;
	span->cache = cache;
	span->env = env;
	span->key = query->key;
	span->key_bytes = query->key_bytes;
	span->key_hash = bci_hash64(query->key, query->key_bytes);
	span->entry_id = entry.head.id;
	span->revision = entry.head.revision;
	span->expires_ns = entry.head.expires_ns;
	span->kind = (enum bc_kind)entry.head.kind;
	span->slot = span->kind == BC_SERIES ? entry.series.slot : 0;
	span->tier = BC_WARM;
	span->reported = false;
	span->shard = lane->index;
	span->pieces = span->own;
	span->count = 0;
	span->capacity = BCI_SPAN_OWN;
	span->chunk = NULL;
	span->words.map = NULL;
	span->rows = span->first = span->end = span->begin = 0;
	span->open_row = UINT64_MAX;
	span->searched = false;
	*miss = BC_MISS_CORRUPT;
	status = span_find_schema(&search);
	if (status == BC_OK)
		status = span->kind == BC_SERIES
		                 ? span_find_series(&search, miss)
		                 : span_find_frame(cache, &search, miss);
	if (status == BC_OK)
		return BC_OK;
	bci_span_close(span, lane);
	if (status != BC_CORRUPT)
		return status;
	if (!span->reported)
		bci_log(cache, BC_EVENT_CHECKSUM,
		        "%.*s: the catalogue is damaged", (int)query->key_bytes,
		        query->key);
	return BC_MISS;
}

static void
piece_unpin(const struct bci_piece *piece, unsigned shard)
{
	if (piece->map != NULL)
		bci_map_unpin(piece->map, &piece->map->pins[shard].dropped);
}

/* Give back what packed pieces were decoded to. */
static void
piece_give(const struct bci_piece *piece, struct bci_lane *lane)
{
	if (piece->map != NULL && piece->hot != NULL)
		bci_chunk_give(&piece->hot->chunk, lane);
}

void
bci_span_close(struct bci_span *span, struct bci_lane *lane)
{
	const struct bc_allocator allocator = span->env->allocator;

	/* Pins first: without them the chunk may be all that keeps the cache.
	 */
	for (size_t i = 0; i < span->count; i++)
		piece_unpin(&span->pieces[i], span->shard);
	piece_unpin(&span->words, span->shard);
	for (size_t i = 0; i < span->count; i++)
		piece_give(&span->pieces[i], lane);
	piece_give(&span->words, lane);
	if (span->pieces != span->own)
		bci_free(&allocator, span->pieces);
	if (span->chunk != NULL)
		bci_chunk_give(span->chunk, lane);
	span->count = 0;
	span->chunk = NULL;
	span->words.map = NULL;
}

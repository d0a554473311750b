/* SPDX-License-Identifier: MIT */
/*
 * reach.c - from the directory of a series to the pieces of a span.
 *
 * How rows are asked for decides where to begin and in which direction to go;
 * what is found is pinned at once.  The tail is copied, because its record is
 * gone with the transaction.
 */
#include "common.h"

#include "alloc.h"
#include "piece.h"
#include "reach.h"

/* ---- pieces ------------------------------------------------------------ */

/* Whether columns and dictionaries lie within the segment. */
bool
bci_piece_is_sane(const struct bci_locator *locator,
                  const struct bc_schema *schema)
{
	uint64_t most = locator->codec == BCI_FORM_RAW
	                        ? locator->bytes - locator->header_bytes
	                        : bci_locator_raw_bytes(locator);

	return bci_locator_is_sane(locator) &&
	       bci_layout_bytes(schema, locator->rows) <= most &&
	       locator->first_ns <= locator->last_ns;
}

/* Find and pin where a segment lies. */
static enum bc_status
reach_pin(struct bci_reach *search, const struct bci_locator *locator,
          struct bci_piece *piece)
{
	struct bci_span *span = search->span;
	enum bc_status status;

	if (!bci_piece_is_sane(locator, span->schema))
		return BC_CORRUPT;
	piece->locator = *locator;
	piece->hot = NULL;
	piece->again = false;
	status = bci_hit_map(span->env, search->lane, locator, &piece->map);
	if (status != BC_OK) {
		piece->map = NULL;
		span->lost = *locator;
		return status;
	}
	piece->data = NULL;
	bci_map_pin(piece->map, search->lane->index);
	if (BCI_UNLIKELY(locator->codec == BCI_FORM_PACKED)) {
		bci_piece_find(span, piece);
		return BC_OK;
	}
	piece->data =
		piece->map->base + locator->offset + locator->header_bytes;
	piece->body_bytes = locator->bytes - locator->header_bytes;
	if (BCI_UNLIKELY(bci_locator_is_cold(locator)))
		span->tier = BC_COLD;
	return BC_OK;
}

/* To a search, what is missing is no damage. */
static enum bc_status
reach_damage(enum bc_status status)
{
	return status == BC_MISS ? BC_CORRUPT : status;
}

/* Decode some rows of a packed piece, where the query asks for few by time. */
static enum bc_status
reach_narrow(struct bci_reach *search, struct bci_piece *piece)
{
	const struct bci_query *query = search->query;
	int64_t from_ns = query->from_ns;

	if (query->by == BCI_BY_MOMENT)
		from_ns = query->to_ns - (query->to_ns != INT64_MIN);
	else if (query->by != BCI_BY_TIME || query->count != 0)
		return BC_OK;
	return reach_damage(bci_piece_narrow_times(
		search->span, search->lane, piece, from_ns, query->to_ns));
}

enum bc_status
bci_reach_add(struct bci_reach *search, const struct bci_locator *locator)
{
	struct bci_span *span = search->span;
	enum bc_status status;

	if (span->count == span->capacity) {
		status = bci_span_grow(span);
		if (status != BC_OK)
			return status;
	}
	status = reach_pin(search, locator, &span->pieces[span->count]);
	if (status != BC_OK)
		return status;
	span->count++;
	return bci_piece_is_closed(&span->pieces[span->count - 1])
	               ? reach_narrow(search, &span->pieces[span->count - 1])
	               : BC_OK;
}

/* Add one of which only rows [first, end) are asked for. */
static enum bc_status
reach_add_rows(struct bci_reach *search, const struct bci_locator *locator,
               uint64_t *first, uint64_t end)
{
	struct bci_span *span = search->span;
	enum bc_status status = bci_reach_add(search, locator);

	if (status != BC_OK ||
	    !bci_piece_is_closed(&span->pieces[span->count - 1])) {
		*first = 0;
		return status;
	}
	return reach_damage(bci_piece_narrow(
		span, search->lane, &span->pieces[span->count - 1], first,
		bci_min(end, locator->rows)));
}

enum bc_status
bci_reach_frame(struct bci_reach *search, const struct bci_locator *locator,
                uint64_t *before)
{
	const struct bci_query *query = search->query;
	uint64_t end = UINT64_MAX, rows = locator->rows;

	*before = 0;
	if (query->by == BCI_BY_TAIL) {
		*before = rows - bci_min(query->count, rows);
	} else if (query->by == BCI_BY_ROWS) {
		*before = bci_min(query->first, rows);
		end = *before + bci_min(query->count, rows - *before);
	}
	return reach_add_rows(search, locator, before, end);
}

static void
reach_reverse(struct bci_span *span)
{
	for (size_t i = 0, k = span->count; i + 1 < k; i++) {
		struct bci_piece piece = span->pieces[i];

		span->pieces[i] = span->pieces[--k];
		span->pieces[k] = piece;
	}
}

/* ---- the tail ---------------------------------------------------------- */

static int64_t
tail_time(const struct bci_entry *entry, unsigned row)
{
	int64_t time_ns;

	memcpy(&time_ns, entry->tail + 8ull * row, sizeof(time_ns));
	return time_ns;
}

bool
bci_reach_tail_is_sane(const struct bci_reach *search)
{
	const struct bci_series_record *series = &search->entry->series;

	return series->tail_rows == 0 ||
	       (bci_tail_is_whole(search->entry, search->span->schema) &&
	        tail_time(search->entry, series->tail_rows - 1u) ==
	                series->last_ns);
}

/* Copy the tail as if it were a segment; its packed columns have any place. */
static enum bc_status
reach_tail_piece(struct bci_reach *search)
{
	const struct bci_entry *entry = search->entry;
	const unsigned rows = entry->series.tail_rows;
	struct bci_span *span = search->span;
	const struct bc_schema *schema = span->schema;
	const unsigned char *from = entry->tail;
	struct bci_piece *piece;

	if (rows == 0)
		return BC_OK;
	if (span->count == span->capacity && bci_span_grow(span) != BC_OK)
		return BC_NOMEM;
	span->chunk = bci_chunk_take(span->env, search->lane,
	                             bci_layout_bytes(schema, rows));
	if (span->chunk == NULL)
		return BC_NOMEM;
	piece = &span->pieces[span->count++];
	*piece = (struct bci_piece){
		.locator.first_ns = tail_time(entry, 0),
		.locator.last_ns = entry->series.last_ns,
		.locator.rows = rows,
		.data = bci_chunk_data(span->chunk),
		.body_bytes = bci_layout_bytes(schema, rows),
	};
	for (uint32_t i = 0; i < schema->column_count; i++) {
		const struct bc_schema_column *column = &schema->columns[i];

		memcpy(bci_chunk_data(span->chunk) +
		               bci_layout_offset(column->wide, column->medium,
		                                 column->narrow, rows),
		       from, (size_t)rows * column->bytes);
		from += (size_t)rows * column->bytes;
	}
	span->tail_checksum = entry->series.tail_checksum;
	return BC_OK;
}

/* ---- segments ---------------------------------------------------------- */

/*
 * Pieces that end before 'time_ns', back from the last of these until they have
 * 'rows' rows; the nearest first.
 */
static enum bc_status
reach_back(struct bci_reach *search, int64_t time_ns, uint64_t rows)
{
	struct bci_locator locator;
	uint64_t found = 0;
	enum bc_status status = BC_OK;

	while (status == BC_OK && found < rows) {
		status = bci_directory_before(&search->directory, time_ns,
		                              &locator);
		if (status == BC_OK) {
			uint64_t first = locator.rows -
			                 bci_min(rows - found, locator.rows);

			status = reach_add_rows(search, &locator, &first,
			                        UINT64_MAX);
		}
		found += locator.rows;
		time_ns = locator.first_ns;
	}
	reach_reverse(search->span);
	return status == BC_MISS ? BC_OK : status;
}

/* Pieces with times in [from_ns, to_ns). */
static enum bc_status
walk(struct bci_reach *search, int64_t from_ns, int64_t to_ns)
{
	const struct bci_series_record *series = &search->entry->series;
	const bool all = to_ns == INT64_MAX; /* rows of that time, too */
	struct bci_locator locator;
	enum bc_status status;

	if (series->rows == 0 || from_ns > series->last_ns ||
	    (!all && (from_ns >= to_ns || to_ns <= series->first_ns)))
		return BC_OK;
	/* No look at the segments where only newer rows are asked for. */
	if (series->tail_rows != 0 && tail_time(search->entry, 0) <= from_ns)
		return reach_tail_piece(search);
	status = bci_directory_seek(&search->directory, from_ns, &locator);
	while (status == BC_OK && (all || locator.first_ns < to_ns)) {
		status = bci_reach_add(search, &locator);
		if (status != BC_OK || (!all && locator.last_ns >= to_ns - 1))
			return status;
		status = bci_directory_next(&search->directory, &locator);
	}
	if (status != BC_MISS)
		return status;
	if (series->tail_rows != 0 &&
	    (all || tail_time(search->entry, 0) < to_ns))
		return reach_tail_piece(search);
	return BC_OK;
}

static enum bc_status
reach_time(struct bci_reach *search)
{
	const struct bci_query *query = search->query;
	enum bc_status status;

	if (query->count != 0) {
		status = reach_back(search, query->from_ns, query->count);
		if (status != BC_OK)
			return status;
	}
	return walk(search, query->from_ns, query->to_ns);
}

/* The piece with the last row before to_ns; the open row does not count. */
static enum bc_status
reach_moment(struct bci_reach *search, int64_t to_ns)
{
	const struct bci_series_record *series = &search->entry->series;
	bool all = to_ns == INT64_MAX;
	struct bci_locator locator;
	enum bc_status status;

	/* It may be all that its piece has. */
	if (series->open != 0 && (search->query->flags & BC_READ_OPEN) == 0 &&
	    series->last_ns <= to_ns) {
		to_ns = series->last_ns;
		all = false;
	}
	if (series->rows == 0 || (!all && to_ns <= series->first_ns))
		return BC_OK;
	if (series->tail_rows != 0 &&
	    (all || tail_time(search->entry, 0) < to_ns))
		return reach_tail_piece(search);
	status = bci_directory_seek(&search->directory, to_ns, &locator);
	if (status == BC_MISS ||
	    (status == BC_OK && !all && locator.first_ns >= to_ns))
		status = bci_directory_before(&search->directory, to_ns,
		                              &locator);
	if (status == BC_OK)
		return bci_reach_add(search, &locator);
	return status == BC_MISS ? BC_OK : status;
}

/* Pieces with the newest rows. */
static enum bc_status
reach_tail(struct bci_reach *search, uint64_t rows)
{
	const struct bci_series_record *series = &search->entry->series;
	enum bc_status status;

	/* One more: the newest may be one that is not shown. */
	rows += rows != UINT64_MAX && series->open != 0;
	if (rows > series->tail_rows) {
		status =
			reach_back(search, INT64_MAX, rows - series->tail_rows);
		if (status != BC_OK)
			return status;
	}
	return reach_tail_piece(search);
}

/* Pieces with rows [first, end) of all; *before says how many come before. */
static enum bc_status
reach_rows(struct bci_reach *search, uint64_t first, uint64_t end,
           uint64_t *before)
{
	const struct bci_series_record *series = &search->entry->series;
	struct bci_locator locator;
	enum bc_status status;
	uint64_t at = 0;

	*before = 0;
	if (first >= end || first >= series->rows)
		return BC_OK;
	if (first >= series->rows - series->tail_rows) {
		*before = series->rows - series->tail_rows;
		return reach_tail_piece(search);
	}
	if (series->older_count != 0 && first >= series->older_rows) {
		at = series->older_rows;
		status =
			bci_directory_seek(&search->directory,
		                           series->older_last_ns + 1, &locator);
	} else {
		status = bci_directory_seek(&search->directory, INT64_MIN,
		                            &locator);
	}
	*before = at;
	while (status == BC_OK && at < end) {
		uint64_t skip = bci_max(first, at) - at;

		if (skip < locator.rows) {
			status = reach_add_rows(search, &locator, &skip,
			                        end - at);
			if (search->span->count == 1)
				*before = at + skip;
		}
		at += locator.rows;
		if (status == BC_OK && at < end)
			status = bci_directory_next(&search->directory,
			                            &locator);
	}
	if (status != BC_MISS)
		return status;
	return end > at ? reach_tail_piece(search) : BC_OK;
}

static bool
schema_has_text(const struct bc_schema *schema)
{
	for (uint32_t i = 0; i < schema->column_count; i++) {
		if (schema->columns[i].type == BC_TEXT)
			return true;
	}
	return false;
}

/*
 * Where rows of several pieces are shown, their dictionaries are those of the
 * last segment among them, which begins with the others'; the tail uses those
 * of the newest one.
 */
enum bc_status
bci_reach_words(struct bci_reach *search)
{
	struct bci_span *span = search->span;
	int64_t behind_ns = INT64_MAX;
	struct bci_locator locator;
	enum bc_status status;

	if ((span->count < 2 && span->chunk == NULL) || span->count == 0 ||
	    !schema_has_text(span->shown))
		return BC_OK;
	if (span->chunk == NULL)
		behind_ns = span->pieces[span->count - 1].locator.last_ns;
	behind_ns += behind_ns != INT64_MAX;
	status = bci_directory_before(&search->directory, behind_ns, &locator);
	if (status == BC_OK) {
		status = reach_pin(search, &locator, &span->words);
		if (status == BC_OK && bci_piece_is_closed(&span->words))
			status = reach_damage(bci_piece_open_words(
				span, search->lane, &span->words));
		return status;
	}
	return status == BC_MISS ? BC_OK : status;
}

/* ---- all --------------------------------------------------------------- */

enum bc_status
bci_reach(struct bci_reach *search, uint64_t *before)
{
	const struct bci_query *query = search->query;
	uint64_t end;

	*before = 0;
	switch (query->by) {
	case BCI_BY_TIME:
		return reach_time(search);
	case BCI_BY_MOMENT:
		return reach_moment(search, query->to_ns);
	case BCI_BY_TAIL:
		return reach_tail(search, query->count);
	case BCI_BY_ROWS:
	default:
		if (__builtin_add_overflow(query->first, query->count, &end))
			end = UINT64_MAX;
		return reach_rows(search, query->first, end, before);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * splice.c - storing a planned change of a series.
 *
 * New segments are written straight from where their rows lie: old segments in
 * their arenas, the caller's columns, the tail.  Most changes are a bar that
 * goes to the tail; then the record is all that is written.
 */
#include "common.h"

#include "alloc.h"
#include "collection.h"
#include "directory.h"
#include "error.h"
#include "hash.h"
#include "measure.h"
#include "parcel.h"
#include "splice.h"

struct splice {
	enum bci_splice_how how;
	struct bci_edit *edit;
	struct bci_series *series;
	struct bci_writer *writer;
	const struct bc_allocator *allocator;
	struct bci_value value; /* of a segment; rows and parts vary */
	unsigned char *schema_stored;
	struct bci_tiling tiling;
	struct bci_locator *locators; /* one a cut */
	struct bci_collection rows; /* of the result, of what is written now */
	unsigned char *tail_memory;
	const void **tail;
	uint64_t written; /* bytes */
};

static enum bc_status
splice_fail(const struct splice *splice, struct bc_error *err)
{
	return bci_fail(err, BC_NOMEM, "no memory to change %s",
	                splice->series->key);
}

static void
splice_close(struct splice *splice)
{
	bci_free(splice->allocator, splice->schema_stored);
	bci_free(splice->allocator, splice->locators);
	bci_collection_free(&splice->rows);
	bci_free(splice->allocator, splice->tail_memory);
	bci_free(splice->allocator, splice->tail);
	bci_tiling_free(&splice->tiling);
}

/* ---- the tail ---------------------------------------------------------- */

/* Copy the last rows of the result to where the record takes them from. */
static enum bc_status
splice_gather_tail(struct splice *splice, uint64_t first, uint64_t rows,
                   struct bc_error *err)
{
	const struct bc_schema *schema = splice->series->schema;
	enum bc_status status;

	bci_free(splice->allocator, splice->tail);
	bci_free(splice->allocator, splice->tail_memory);
	splice->tail = NULL;
	splice->tail_memory = NULL;
	if (rows == 0)
		return BC_OK;
	status = bci_collect(&splice->rows, first, rows, err);
	if (status != BC_OK)
		return status;
	splice->tail_memory =
		bci_alloc(splice->allocator, 1, bci_layout_bytes(schema, rows));
	if (splice->tail_memory != NULL)
		splice->tail = bci_series_columns(splice->series,
		                                  splice->tail_memory, rows);
	if (splice->tail == NULL)
		return splice_fail(splice, err);
	bci_collection_copy(&splice->rows, splice->tail);
	return BC_OK;
}

/* ---- limits ------------------------------------------------------------ */

/* What all segments of a series have in common. */
static enum bc_status
splice_prepare(struct splice *splice, struct bc_error *err)
{
	struct bci_series *series = splice->series;
	struct bci_bytes stored;
	enum bc_status status = bci_edit_glossary(splice->edit, err);

	if (status != BC_OK)
		return status;
	status = bci_schema_load(splice->writer->txn,
	                         &splice->writer->env->tables,
	                         series->head.schema, &stored);
	if (status != BC_OK)
		return bci_fail(err, status, "%s: its schema", series->key);
	splice->schema_stored = bci_alloc(splice->allocator, 1, stored.size);
	if (splice->schema_stored == NULL)
		return splice_fail(splice, err);
	memcpy(splice->schema_stored, stored.data, stored.size);
	splice->value = (struct bci_value){
		.kind = BC_FRAME,
		.columns = bci_glossary_columns(&splice->edit->glossary),
		.column_count = splice->edit->glossary.column_count,
		.schema = series->schema,
		.schema_stored = splice->schema_stored,
		.schema_bytes = stored.size,
	};
	return BC_OK;
}

/* The largest segment of a tier. */
static uint64_t
splice_limit(const struct splice *splice, bool cold)
{
	const struct bci_config_record *config = &splice->writer->config;

	return bci_min(cold ? config->cold_bytes / 4 : config->warm_bytes / 4,
	               BCI_SEGMENT_MAX);
}

/*
 * Whether a segment of so many bytes goes to the cold tier: it was asked for,
 * or all of its rows come from there.
 */
static bool
splice_is_cold(const struct splice *splice, const struct bci_cut *cut,
               uint64_t bytes)
{
	const struct bci_edit *edit = splice->edit;
	uint64_t end = 0;

	if (edit->placement != BC_PLACE_AUTO)
		return edit->placement == BC_PLACE_COLD;
	for (size_t i = 0;
	     i < edit->piece_count && end < cut->first + cut->rows; i++) {
		const struct bci_piece *piece = &edit->pieces[i];

		end += piece->rows;
		if (piece->rows != 0 && end > cut->first &&
		    (piece->segment == NULL || piece->fresh_rows != 0 ||
		     !bci_locator_is_cold(&piece->segment->locator)))
			return false;
	}
	return bytes <= splice_limit(splice, true);
}

/* Rows that a segment may have, so that a quarter of the budget holds it. */
static uint64_t
splice_most(struct splice *splice)
{
	bool cold = splice->edit->placement == BC_PLACE_COLD;

	return bci_measure_rows(&splice->value, splice->series->key_bytes,
	                        splice_limit(splice, cold), BCI_TILE_UNIT);
}

/* ---- writing ----------------------------------------------------------- */

/* Write a segment to the cold tier. */
static enum bc_status
splice_write_cold(struct splice *splice, struct bci_segment_owner *owner,
                  const struct bci_segment_plan *plan,
                  struct bci_locator *locator, uint8_t digest[16],
                  struct bc_error *err)
{
	struct bci_parcel parcel;
	enum bc_status status;

	status = bci_parcel_make(splice->allocator, &splice->value, plan, owner,
	                         &parcel, err);
	if (status != BC_OK)
		return status;
	status = bci_parcel_put(splice->writer, &parcel, &splice->value, plan,
	                        owner, locator, digest, err);
	bci_parcel_free(&parcel);
	return status;
}

/* Write a segment to the young queue. */
static enum bc_status
splice_write_warm(struct splice *splice, struct bci_segment_owner *owner,
                  const struct bci_segment_plan *plan,
                  struct bci_locator *locator, uint8_t digest[16],
                  struct bc_error *err)
{
	struct bci_writer *writer = splice->writer;
	enum bc_status status;
	uint64_t offset;
	void *room;

	BCI_TRY(bci_measure_segment(writer, plan->bytes,
	                            splice->how == BCI_SPLICE_GROW,
	                            splice->written, err));
	BCI_TRY(bci_writer_room(writer, BCI_YOUNG, plan->bytes, &room,
	                        &owner->arena, &offset, err));
	bci_segment_write(&splice->value, owner, plan, room, locator, digest);
	locator->offset = offset;
done:
	return status;
}

/* Write the segment that cut 'index' is to be. */
static enum bc_status
splice_write(struct splice *splice, size_t index, struct bc_error *err)
{
	const struct bci_cut *cut = &splice->tiling.cuts[index];
	struct bci_locator *locator = &splice->locators[index];
	struct bci_series *series = splice->series;
	struct bci_segment_owner owner = {
		.cache_id = splice->writer->env->cache_id,
		.entry_id = series->head.id,
		.revision = splice->writer->state.revision,
		.key = series->key,
		.key_bytes = series->key_bytes,
		.key_hash = bci_hash64(series->key, series->key_bytes),
		.series = true,
	};
	struct bci_segment_plan plan = { .bytes = 0 };
	enum bc_status status;
	uint8_t digest[16];
	bool planned, cold;

	BCI_TRY(bci_collect(&splice->rows, cut->first, cut->rows, err));
	splice->value.rows = cut->rows;
	splice->value.parts = splice->rows.parts;
	splice->value.part_count = splice->rows.count;
	planned = bci_segment_plan(&splice->value, series->key_bytes, false,
	                           &plan);
	cold = splice_is_cold(splice, cut, plan.bytes);
	if (!planned || plan.bytes > splice_limit(splice, cold))
		return bci_fail(err, BC_TOO_LARGE,
		                "%s: a segment above a quarter of its budget",
		                series->key);
	BCI_TRY((cold ? splice_write_cold : splice_write_warm)(
		splice, &owner, &plan, locator, digest, err));
	splice->written += plan.bytes;
	if (splice->how == BCI_SPLICE_GROW)
		bci_series_trace(series, locator);
	status = bci_writer_name(splice->writer, locator, &series->head, err);
done:
	return status;
}

/* Write what is new of the cuts, and find what is kept. */
static enum bc_status
splice_write_all(struct splice *splice, struct bc_error *err)
{
	const struct bci_tiling *tiling = &splice->tiling;
	enum bc_status status = BC_OK;

	splice->locators = bci_alloc(splice->allocator, tiling->count + 1,
	                             sizeof(*splice->locators));
	if (splice->locators == NULL)
		return splice_fail(splice, err);
	for (size_t i = 0; status == BC_OK && i < tiling->count; i++) {
		const struct bci_cut *cut = &tiling->cuts[i];

		if (cut->tile == BCI_TILE_WRITTEN)
			status = splice_write(splice, i, err);
		else
			splice->locators[i] = splice->edit->pieces[cut->tile]
			                              .segment->locator;
	}
	return status;
}

/* ---- what is named ----------------------------------------------------- */

/*
 * Give back the segments that were not kept.  Rows that were safe on the disk
 * must be so again before the old place may go.
 */
static enum bc_status
splice_release(struct splice *splice, struct bc_error *err)
{
	const struct bci_tiling *tiling = &splice->tiling;
	struct bci_writer *writer = splice->writer;
	struct bci_edit *edit = splice->edit;
	size_t cut = 0;

	for (size_t i = 0; i + 1 < edit->piece_count; i++) {
		const struct bci_piece *piece = &edit->pieces[i];
		enum bc_status status;

		while (cut < tiling->count &&
		       (tiling->cuts[cut].tile == BCI_TILE_WRITTEN ||
		        tiling->cuts[cut].tile < i))
			cut++;
		if (piece->segment == NULL ||
		    (cut < tiling->count && tiling->cuts[cut].tile == i))
			continue;
		writer->must_settle |= piece->rows != 0;
		status = bci_writer_unname(writer, &piece->segment->locator,
		                           err);
		if (status == BC_OK && piece->segment->older)
			status = bci_directory_delete(
				writer->txn, &writer->env->tables,
				splice->series->head.id,
				piece->segment->locator.last_ns, err);
		if (status != BC_OK)
			return status;
	}
	return BC_OK;
}

/* Name all but the newest segments in `segments`. */
static enum bc_status
splice_name_older(struct splice *splice, struct bc_error *err)
{
	const struct bci_tiling *tiling = &splice->tiling;
	struct bci_series_record *record = &splice->series->record;
	size_t count = tiling->count, older = 0;

	/* One that is there already stays, and so do those before it. */
	for (size_t i = 0; i < count; i++) {
		size_t tile = tiling->cuts[i].tile;

		if (tile != BCI_TILE_WRITTEN &&
		    splice->edit->pieces[tile].segment->older)
			older = i + 1;
	}
	if (count > BCI_NEWER_MAX && older < count - BCI_NEWER_MAX)
		older = count - BCI_NEWER_MAX;
	record->older_count = (uint32_t)older;
	record->newer_count = (uint16_t)(count - older);
	record->older_last_ns = 0;
	record->older_rows = 0;
	for (size_t i = 0; i < older; i++) {
		size_t tile = tiling->cuts[i].tile;
		const struct bci_locator *locator = &splice->locators[i];
		enum bc_status status = BC_OK;

		record->older_rows += locator->rows;
		record->older_last_ns = locator->last_ns;
		if (tile == BCI_TILE_WRITTEN ||
		    !splice->edit->pieces[tile].segment->older)
			status = bci_directory_put(splice->writer->txn,
			                           &splice->writer->env->tables,
			                           splice->series->head.id,
			                           locator, err);
		if (status != BC_OK)
			return status;
	}
	return BC_OK;
}

/* A frame without rows, or in its record, has a segment that is no series'. */
static enum bc_status
splice_release_frame(struct splice *splice, struct bc_error *err)
{
	const struct bci_entry *entry = &splice->series->entry;
	struct bci_locator locator;

	if (!splice->series->frame || entry->segment_count == 0)
		return BC_OK;
	bci_entry_locator(entry, 0, &locator);
	if (locator.arena != 0 && locator.rows != 0)
		return BC_OK;
	return bci_writer_unname(splice->writer, &locator, err);
}

/* ---- planning ---------------------------------------------------------- */

static enum bc_status
splice_tile(struct splice *splice, const struct bci_tiling_rule *rule,
            bool compact, struct bc_error *err)
{
	struct bci_edit *edit = splice->edit;
	size_t count = edit->piece_count - 1;
	struct bci_tile *tiles =
		bci_alloc(splice->allocator, count + 1, sizeof(*tiles));
	enum bc_status status = BC_NOMEM;

	if (tiles == NULL)
		return splice_fail(splice, err);
	for (size_t i = 0; i < count; i++)
		tiles[i] = (struct bci_tile){ edit->pieces[i].rows,
			                      edit->pieces[i].state };
	bci_tiling_free(&splice->tiling);
	if (compact)
		status = bci_tiling_compact(tiles, count, rule->most,
		                            splice->allocator, &splice->tiling);
	else
		status = bci_tiling_plan(tiles, count,
		                         bci_edit_tail(edit)->rows, rule,
		                         splice->allocator, &splice->tiling);
	if (compact)
		splice->tiling.tail_rows = bci_edit_tail(edit)->rows;
	bci_free(splice->allocator, tiles);
	return status == BC_OK ? BC_OK : splice_fail(splice, err);
}

static uint64_t
splice_rows(const struct bci_edit *edit)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < edit->piece_count; i++)
		rows += edit->pieces[i].rows;
	return rows;
}

/* Whether the newest segment has the texts of the tail. */
static bool
splice_tail_is_told(const struct splice *splice)
{
	const struct bci_tiling *tiling = &splice->tiling;
	const struct bci_edit *edit = splice->edit;
	const struct bci_glossary *glossary = &edit->glossary;
	size_t last =
		tiling->count != 0 ? tiling->cuts[tiling->count - 1].tile : 0;
	bool newest;

	if (tiling->count != 0 && last == BCI_TILE_WRITTEN)
		return true;
	newest = tiling->count != 0 && last + 2 == edit->piece_count &&
	         edit->pieces[last].segment != NULL;
	for (uint32_t i = 0; i < glossary->column_count; i++) {
		const uint32_t *codes = splice->tail[i + 1];
		uint32_t count = newest ? glossary->columns[i].newest : 0;

		if (glossary->stored[i].type != BC_TEXT)
			continue;
		for (uint64_t row = 0; row < tiling->tail_rows; row++) {
			if (codes[row] >= count)
				return false;
		}
	}
	return true;
}

/* Plan the segments; the tail is gathered then. */
static enum bc_status
splice_plan(struct splice *splice, bool compact, struct bc_error *err)
{
	struct bci_edit *edit = splice->edit;
	struct bci_series *series = splice->series;
	uint64_t rows = splice_rows(edit);
	struct bci_tiling_rule rule = { .open = edit->ends_open };
	enum bc_status status;

	if (series->schema == NULL || rows == 0)
		return BC_OK;
	BCI_TRY(splice_prepare(splice, err));
	rule.tail_room =
		bci_tail_room(series->key_bytes, series->schema->row_bytes);
	rule.most = splice_most(splice);
	for (;;) {
		BCI_TRY(splice_tile(splice, &rule, compact, err));
		BCI_TRY(splice_gather_tail(splice,
		                           rows - splice->tiling.tail_rows,
		                           splice->tiling.tail_rows, err));
		if (splice->tiling.tail_rows == 0 || rule.spill ||
		    splice_tail_is_told(splice))
			break;
		rule.spill = true;
	}
done:
	return status;
}

/* ---- the whole --------------------------------------------------------- */

/* What the record says of the rows. */
static void
splice_record(struct splice *splice, const struct bci_locator *newest,
              uint64_t rows, uint64_t tail_rows)
{
	struct bci_series_record *record = &splice->series->record;
	const int64_t *time_ns = splice->tail != NULL ? splice->tail[0] : NULL;

	record->rows = rows;
	record->tail_rows = (uint16_t)tail_rows;
	record->open = rows != 0 && splice->edit->ends_open;
	if (rows == 0)
		record->first_ns = record->last_ns = 0;
	else if (rows == tail_rows && time_ns != NULL)
		record->first_ns = time_ns[0];
	if (tail_rows != 0)
		/* NOLINTNEXTLINE(clang-analyzer-core.*): a tail has times */
		record->last_ns = time_ns[tail_rows - 1];
	else if (newest != NULL)
		record->last_ns = newest->last_ns;
}

/* Only the tail differs, and it still fits the record. */
static enum bc_status
splice_tail_only(struct splice *splice, struct bc_error *err)
{
	struct bci_series *series = splice->series;
	uint64_t rows = bci_edit_tail(splice->edit)->rows;
	uint64_t before = series->record.rows - series->tail_rows;
	struct bci_locator newer[BCI_NEWER_MAX];
	unsigned count = series->record.newer_count;
	enum bc_status status;

	status = splice_gather_tail(splice, 0, rows, err);
	if (status != BC_OK)
		return status;
	for (unsigned i = 0; i < count; i++)
		bci_entry_locator(&series->entry, i, &newer[i]);
	splice_record(splice, count != 0 ? &newer[count - 1] : NULL,
	              before + rows, rows);
	return bci_series_store(series, newer, splice->tail, err);
}

static bool
splice_is_tail_only(const struct bci_edit *edit)
{
	const struct bci_series *series = edit->series;
	uint64_t rows = bci_edit_tail(edit)->rows;

	return edit->narrow && !series->frame &&
	       (rows == 0 || rows <= bci_tail_room(series->key_bytes,
	                                           series->schema->row_bytes));
}

/* Bytes of the rows that would be written. */
static uint64_t
splice_planned_bytes(const struct splice *splice)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < splice->tiling.count; i++) {
		if (splice->tiling.cuts[i].tile == BCI_TILE_WRITTEN)
			rows += splice->tiling.cuts[i].rows;
	}
	return rows == 0 ? 0 : rows * splice->series->schema->row_bytes;
}

enum bc_status
bci_splice(struct bci_edit *edit, enum bci_splice_how how,
           struct bci_splice_report *report, struct bc_error *err)
{
	struct splice splice = {
		.how = how,
		.edit = edit,
		.series = edit->series,
		.writer = edit->series->writer,
		.allocator = &edit->series->writer->env->allocator,
		.rows = { .edit = edit },
	};
	struct bci_tiling *tiling = &splice.tiling;
	struct bci_series_record *record = &edit->series->record;
	enum bc_status status;

	tiling->allocator = splice.allocator;
	splice.writer->busy_entry = edit->series->head.id;
	splice.writer->must_sync |= edit->replaced;
	if (how == BCI_SPLICE_GROW && splice_is_tail_only(edit)) {
		status = splice_tail_only(&splice, err);
		goto done;
	}
	BCI_TRY(bci_edit_widen(edit, err));
	BCI_TRY(splice_plan(&splice, how != BCI_SPLICE_GROW, err));
	if (how != BCI_SPLICE_GROW &&
	    (how == BCI_SPLICE_DRY ||
	     tiling->count >= edit->series->segment_count)) {
		splice.written = splice_planned_bytes(&splice);
		goto done;
	}
	BCI_TRY(splice_write_all(&splice, err));
	/* Rows that leave the record were safe there. */
	splice.writer->must_settle |=
		tiling->tail_rows < bci_edit_tail(edit)->rows &&
		bci_edit_tail(edit)->old_rows != 0;
	BCI_TRY(splice_release(&splice, err));
	BCI_TRY(splice_release_frame(&splice, err));
	BCI_TRY(splice_name_older(&splice, err));
	if (tiling->count != 0)
		record->first_ns = splice.locators[0].first_ns;
	splice_record(&splice,
	              tiling->count != 0 ? &splice.locators[tiling->count - 1]
	                                 : NULL,
	              splice_rows(edit), tiling->tail_rows);
	status = bci_series_store(edit->series,
	                          splice.locators + record->older_count,
	                          splice.tail, err);
done:
	if (report != NULL)
		*report = (struct bci_splice_report){ tiling->count,
			                              splice.written };
	splice.writer->busy_entry = 0;
	splice_close(&splice);
	return status;
}

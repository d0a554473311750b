/* SPDX-License-Identifier: MIT */
/*
 * series.c - a series as its writer sees it: record and tail.
 */
#include "common.h"

#include "alloc.h"
#include "coverage.h"
#include "directory.h"
#include "error.h"
#include "expiry.h"
#include "labelling.h"
#include "series.h"
#include "victim.h"

/* ---- columns ----------------------------------------------------------- */

const void **
bci_series_columns(const struct bci_series *series, const unsigned char *data,
                   uint64_t rows)
{
	const struct bc_schema *schema = series->schema;
	const void **columns =
		bci_alloc(&series->writer->env->allocator, schema->column_count,
	                  sizeof(*columns));

	for (uint32_t i = 0; columns != NULL && i < schema->column_count; i++) {
		const struct bc_schema_column *column = &schema->columns[i];

		columns[i] =
			data + bci_layout_offset(column->wide, column->medium,
		                                 column->narrow, rows);
	}
	return columns;
}

/* The tail has no slot to be marked in: writers are told to look for it. */
static void
series_report_tail(struct bci_series *series)
{
	struct bci_ledger *ledger = &series->writer->env->ledger;

	if (ledger->header != NULL && ledger->writable)
		atomic_fetch_add(&ledger->header->bad_count, 1);
}

/* Copy the tail out of the record to where its columns are aligned. */
static enum bc_status
series_copy_tail(struct bci_series *series, struct bc_error *err)
{
	const struct bc_schema *schema = series->schema;
	const unsigned char *from = series->entry.tail;
	uint64_t rows = series->record.tail_rows;
	unsigned char *data;

	if (rows == 0)
		return BC_OK;
	if (!bci_tail_is_whole(&series->entry, schema)) {
		series_report_tail(series);
		return bci_fail(err, BC_CORRUPT,
		                "%s: rows that are needed are damaged: the "
		                "newest",
		                series->key);
	}
	data = bci_alloc(&series->writer->env->allocator, 1,
	                 bci_layout_bytes(schema, rows));
	series->image = data;
	if (data != NULL)
		series->tail = bci_series_columns(series, data, rows);
	if (series->tail == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to append to %s",
		                series->key);
	for (uint32_t i = 0; i < schema->column_count; i++) {
		size_t bytes = rows * schema->columns[i].bytes;

		memcpy((void *)(uintptr_t)series->tail[i], from, bytes);
		from += bytes;
	}
	series->tail_rows = rows;
	return BC_OK;
}

/* ---- opening ----------------------------------------------------------- */

/* What the segments of a series must say of themselves. */
const char *
bci_series_check(const struct bci_series *series, const unsigned char *image,
                 const struct bci_locator *locator)
{
	const struct bci_segment_claim claim = {
		.kind = BC_FRAME,
		.revision = series->frame ? &series->entry.head.revision : NULL,
		.key = series->key,
		.key_bytes = series->key_bytes,
		.schema = series->schema,
	};

	if (!bci_segment_is(image, locator, series->writer->env->cache_id,
	                    series->head.id))
		return "another segment";
	return bci_segment_check_claim(image, &claim);
}

/* The rows of an inline frame are those of a tail. */
static enum bc_status
series_take_inline(struct bci_series *series, struct bc_error *err)
{
	const struct bci_entry *entry = &series->entry;
	struct bci_locator locator;
	const char *wrong = NULL;
	unsigned char *image;

	bci_entry_locator(entry, 0, &locator);
	if (!bci_locator_is_sane(&locator) || locator.arena != 0 ||
	    entry->inlined_bytes != locator.bytes)
		return bci_fail(err, BC_CORRUPT, "%s: what the catalogue says",
		                series->key);
	image = bci_alloc(&series->writer->env->allocator, 1,
	                  BCI_LINE + locator.bytes);
	series->image = image;
	if (image == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to append to %s",
		                series->key);
	image += BCI_VALUE_SHIFT; /* Columns are aligned as in an arena. */
	memcpy(image, entry->inlined, locator.bytes);
	wrong = bci_segment_check(image, &locator, series->schema);
	if (wrong == NULL)
		wrong = bci_series_check(series, image, &locator);
	for (uint32_t i = 0; wrong == NULL && i < bci_segment_blocks(&locator);
	     i++) {
		if (!bci_segment_check_block(image, &locator, i))
			wrong = "checksum of a block";
	}
	if (wrong != NULL) {
		bci_slot_mark_bad(&series->writer->env->ledger, locator.slot,
		                  bci_segment_id(&locator, series->head.id));
		return bci_fail(err, BC_CORRUPT,
		                "%s: rows that are needed are damaged: %s",
		                series->key, wrong);
	}
	series->tail = bci_series_columns(series, image + locator.header_bytes,
	                                  locator.rows);
	if (series->tail == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to append to %s",
		                series->key);
	series->tail_rows = locator.rows;
	return BC_OK;
}

/* The schema; one of this transaction may yet come to nothing. */
static enum bc_status
series_schema(struct bci_series *series, struct bc_error *err)
{
	struct bci_writer *writer = series->writer;
	uint32_t id = series->head.schema;
	struct bci_bytes stored;
	enum bc_status status;
	bool damaged = false;

	if (id == 0)
		return BC_OK;
	if (id < writer->first_schema) {
		status = bci_env_schema(writer->env, writer->txn, id,
		                        &series->schema);
	} else {
		status = bci_schema_load(writer->txn, &writer->env->tables, id,
		                         &stored);
		if (status == BC_OK) {
			series->own = bci_schema_decode(&writer->env->allocator,
			                                stored.data,
			                                stored.size, &damaged);
			if (series->own == NULL)
				status = damaged ? BC_CORRUPT : BC_NOMEM;
		}
		series->schema = series->own;
	}
	if (status != BC_OK)
		return bci_fail(err, status, "%s: its schema", series->key);
	if (!series->schema->has_time)
		return bci_fail(err, BC_INVALID, "%s has no time", series->key);
	return BC_OK;
}

/* What a series record says of a frame. */
static void
series_from_frame(struct bci_series *series)
{
	struct bci_series_record *record = &series->record;
	struct bci_locator locator;

	*record = (struct bci_series_record){
		.updated_ns = series->writer->now_ns,
	};
	series->head.kind = BC_SERIES;
	series->head.flags &= BCI_ENTRY_KEEPS;
	series->head.expires_ns = 0; /* A part of it may; not the whole. */
	if (series->entry.segment_count == 0)
		return;
	bci_entry_locator(&series->entry, 0, &locator);
	record->rows = locator.rows;
	if (locator.rows == 0)
		return;
	record->first_ns = locator.first_ns;
	record->last_ns = locator.last_ns;
	record->newer_count = locator.arena != 0;
}

/* Find the record; BC_MISS if there is none that counts. */
static enum bc_status
series_find(struct bci_series *series, struct bc_error *err)
{
	struct bci_writer *writer = series->writer;
	enum bc_status status;
	bool damaged;

	status = bci_entry_get_copy(writer->txn, &writer->env->tables,
	                            series->key, series->key_bytes,
	                            &series->stored, &series->entry, &damaged);
	if (status == BC_MISS)
		return BC_MISS;
	if (status != BC_OK && !damaged)
		return bci_fail(err, status, "the record of entry %s",
		                series->key);
	if (!damaged) {
		series->ghost = bci_entry_is_ghost(&series->entry);
		if (series->ghost)
			return BC_MISS;
		if (series->entry.head.expires_ns == 0 ||
		    series->entry.head.expires_ns > writer->now_ns)
			return BC_OK;
	}
	status = bci_writer_remove(writer, series->key, series->key_bytes, err);
	return status == BC_OK ? BC_MISS : status;
}

enum bc_status
bci_series_open(struct bci_writer *writer, const char *key, size_t key_bytes,
                struct bci_series *out, struct bc_error *err)
{
	enum bc_status status;

	memset(out, 0, offsetof(struct bci_series, stored));
	out->writer = writer;
	out->key = key;
	out->key_bytes = key_bytes;
	status = series_find(out, err);
	if (status == BC_MISS) {
		out->head = (struct bci_entry_record){
			.version = BCI_RECORD_VERSION,
			.kind = BC_SERIES,
		};
		if (out->ghost) {
			out->head.id = out->entry.head.id;
			out->head.flags =
				out->entry.head.flags & BCI_ENTRY_KEEPS;
		}
		return BC_OK;
	}
	if (status != BC_OK)
		return status;
	out->exists = true;
	out->head = out->entry.head;
	if (out->head.kind != BC_SERIES && out->head.kind != BC_FRAME)
		return bci_fail(err, BC_INVALID, "%s is no series and no frame",
		                key);
	status = series_schema(out, err);
	if (status != BC_OK)
		return status;
	out->record = out->entry.series;
	if (out->head.kind == BC_SERIES)
		return series_copy_tail(out, err);
	out->frame = true;
	series_from_frame(out);
	return out->entry.inlined != NULL ? series_take_inline(out, err)
	                                  : BC_OK;
}

static void
series_unmap(struct bci_series_segment *segment)
{
	if (segment->map != NULL)
		atomic_fetch_add_explicit(
			&segment->map->pins[segment->shard].dropped, 1,
			memory_order_release);
	segment->map = NULL;
	if (segment->hot != NULL)
		bci_chunk_give(&segment->hot->chunk, NULL);
	segment->hot = NULL;
}

void
bci_series_close(struct bci_series *series)
{
	const struct bc_allocator *allocator = &series->writer->env->allocator;

	for (size_t i = 0; i < series->segment_count; i++) {
		series_unmap(&series->segments[i]);
		bci_free(allocator, series->segments[i].columns);
	}
	bci_free(allocator, series->segments);
	bci_free(allocator, series->tail);
	bci_free(allocator, series->image);
	bci_free(allocator, series->own);
	memset(series, 0, offsetof(struct bci_series, stored));
}

enum bc_status
bci_series_begin(struct bci_series *series, struct bc_error *err)
{
	struct bci_writer *writer = series->writer;
	enum bc_status status;

	if (series->exists)
		return BC_OK;
	status = bci_writer_make_room(writer, 0, 0, 1, err);
	if (status != BC_OK)
		return status;
	if (series->ghost)
		status = bci_ghost_forget(writer, &series->entry, err);
	else
		series->head.id = writer->state.next_entry++;
	if (status != BC_OK)
		return status;
	writer->state.entries++;
	series->exists = true;
	return BC_OK;
}

/* ---- storing ----------------------------------------------------------- */

/* Take a slot of the ledger for the series as such, unless it has one. */
static enum bc_status
series_take_slot(struct bci_series *series, struct bc_error *err)
{
	enum bc_status status;
	uint32_t slot;

	if (series->record.slot != 0)
		return BC_OK;
	status = bci_writer_take_slot(
		series->writer, bci_entry_slot_id(series->head.id), &slot, err);
	if (status == BC_OK)
		series->record.slot = slot + 1;
	return status;
}

enum bc_status
bci_series_store(struct bci_series *series, const struct bci_locator *newer,
                 const void *const *tail, struct bc_error *err)
{
	struct bci_writer *writer = series->writer;
	struct bci_series_record *record = &series->record;
	size_t locators = record->newer_count * sizeof(*newer);
	size_t tail_bytes = 0;
	unsigned char *to, *rows;
	enum bc_status status;
	void *room;

	if (record->tail_rows != 0)
		tail_bytes = record->tail_rows * series->schema->row_bytes;
	status = series_take_slot(series, err);
	if (status != BC_OK)
		return status;
	if (series->frame) {
		status = bci_expiry_change(writer->txn, &writer->env->tables,
		                           series->key, series->key_bytes,
		                           &series->entry.head, &series->head,
		                           err);
		if (status != BC_OK)
			return status;
	}
	if (!series->same) {
		series->head.revision = writer->state.revision;
		record->updated_ns = writer->now_ns;
	}
	status = bci_table_reserve(writer->txn, writer->env->tables.entries,
	                           series->key, series->key_bytes,
	                           sizeof(series->head) + sizeof(*record) +
	                                   locators + tail_bytes,
	                           &room, err);
	if (status != BC_OK)
		return status;
	to = (unsigned char *)room + sizeof(series->head) + sizeof(*record);
	if (locators != 0)
		memcpy(to, newer, locators);
	rows = to += locators;
	for (uint32_t i = 0;
	     tail_bytes != 0 && i < series->schema->column_count; i++) {
		size_t bytes =
			record->tail_rows * series->schema->columns[i].bytes;

		memcpy(to, tail[i], bytes);
		to += bytes;
	}
	record->tail_checksum = bci_tail_checksum(rows, tail_bytes);
	record->sum = bci_series_sum(series->key, series->key_bytes,
	                             &series->head, record);
	memcpy(room, &series->head, sizeof(series->head));
	memcpy((unsigned char *)room + sizeof(series->head), record,
	       sizeof(*record));
	return BC_OK;
}

enum bc_status
bci_series_release(struct bci_writer *writer, const struct bci_entry *entry,
                   struct bc_error *err)
{
	const struct bci_tables *tables = &writer->env->tables;
	struct bci_order_key first =
		bci_order_key_of(entry->head.id, INT64_MIN);
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes key, value;
	struct bci_locator locator;
	enum bc_status status;
	int64_t last_ns;

	BCI_TRY(bci_coverage_delete(writer->txn, tables, entry->head.id, err));
	BCI_TRY(bci_cursor_open(writer->txn, tables->segments, &cursor, err));
	for (;;) {
		key = (struct bci_bytes){ sizeof(first), &first };
		status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
		if (status == BC_MISS ||
		    (status == BC_OK &&
		     !bci_order_key_read(key.data, key.size, entry->head.id,
		                         &last_ns)))
			break;
		if (status != BC_OK) {
			status = bci_fail(err, status, "the segments table");
			goto done;
		}
		if (value.size == sizeof(locator)) {
			memcpy(&locator, value.data, sizeof(locator));
			BCI_TRY(bci_writer_unname(writer, &locator, err));
		}
		BCI_TRY(bci_directory_delete(writer->txn, tables,
		                             entry->head.id, last_ns, err));
	}
	status = BC_OK;
done:
	bci_cursor_close(cursor);
	return status;
}

void
bci_series_trace(const struct bci_series *series,
                 const struct bci_locator *locator)
{
	const struct bci_writer *writer = series->writer;
	struct bci_detail_record detail;

	if (writer->cache->tracer == NULL)
		return;
	if (bci_detail_load(writer->txn, &writer->env->tables, series->head.id,
	                    &detail) != BC_OK)
		detail.cost_ns = 0;
	bci_tracer_put(writer->cache, series->key, series->key_bytes,
	               &locator->last_ns, locator->bytes, detail.cost_ns);
}

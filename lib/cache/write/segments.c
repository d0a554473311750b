/* SPDX-License-Identifier: MIT */
/*
 * segments.c - the segments of a series as its writer reads them: in place,
 * through the maps that readers of this process use too, or decoded.
 *
 * They are pinned, because an arena of this very transaction is one that no
 * reader's transaction knows: a reader would let its map go.
 */
#include "common.h"

#include "alloc.h"
#include "checked.h"
#include "decode.h"
#include "directory.h"
#include "error.h"
#include "series.h"

#define SERIES_CAPACITY 8 /* segments, at first */

bool
bci_series_last(const struct bci_series *series, int64_t *last_ns)
{
	struct bci_locator locator;

	if (series->record.newer_count != 0) {
		bci_entry_locator(&series->entry,
		                  series->record.newer_count - 1u, &locator);
		*last_ns = locator.last_ns;
		return true;
	}
	*last_ns = series->record.older_last_ns;
	return series->record.older_count != 0;
}

static enum bc_status
series_add(struct bci_series *series, size_t *room,
           const struct bci_locator *locator)
{
	if (series->segment_count == *room) {
		size_t next = *room > 0 ? 2 * *room : SERIES_CAPACITY;
		void *grown = bci_regrow(&series->writer->env->allocator,
		                         series->segments, *room, next,
		                         sizeof(*series->segments));

		if (grown == NULL)
			return BC_NOMEM;
		series->segments = grown;
		*room = next;
	}
	series->segments[series->segment_count] = (struct bci_series_segment){
		.locator = *locator,
		.older = series->segment_count < series->record.older_count,
	};
	series->segment_count++;
	return BC_OK;
}

enum bc_status
bci_series_load(struct bci_series *series, struct bc_error *err)
{
	struct bci_directory directory;
	struct bci_locator locator;
	enum bc_status status = BC_MISS;
	uint64_t rows = series->tail_rows;
	size_t room = 0;

	if (series->loaded)
		return BC_OK;
	series->loaded = true;
	if (series->record.newer_count == 0 && series->record.older_count == 0)
		return BC_OK;
	bci_directory_open(&directory, series->writer->txn,
	                   &series->writer->env->tables, &series->entry);
	while ((status = bci_directory_next(&directory, &locator)) == BC_OK) {
		rows += locator.rows;
		status = series_add(series, &room, &locator);
		if (status != BC_OK)
			break;
	}
	bci_directory_close(&directory);
	if (status == BC_MISS)
		status = rows == series->record.rows &&
		                         series->segment_count ==
		                                 series->record.older_count +
		                                         (size_t)series->record
		                                                 .newer_count
		                 ? BC_OK
		                 : BC_CORRUPT;
	return status == BC_OK
	               ? BC_OK
	               : bci_fail(err, status, "%s: its segments", series->key);
}

/* The record of an arena as this transaction has it. */
static enum bc_status
segment_arena(struct bci_writer *writer, uint64_t number,
              struct bci_arena_record *arena, struct bc_error *err)
{
	enum bci_queue queue = bci_writer_queue(writer, number);
	enum bc_status status = BC_OK;

	/* What this transaction has added has to be in the file. */
	if (queue != BCI_QUEUES)
		status = bci_writer_flush(writer, queue, err);
	return status != BC_OK ? status
	                       : bci_writer_arena(writer, number, arena);
}

enum bc_status
bci_segment_pin(struct bci_writer *writer, const struct bci_locator *locator,
                struct bci_map **map, unsigned *shard, struct bc_error *err)
{
	struct bci_env *env = writer->env;
	struct bci_arena_record arena;
	struct bci_lane *lane;
	enum bc_status status;

	*map = NULL;
	status = segment_arena(writer, locator->arena, &arena, err);
	if (status != BC_OK)
		return status;
	lane = bci_lane_take(env);
	status = bci_maps_add(&env->maps, locator->arena, &arena, map);
	if (status == BC_OK) {
		*shard = lane->index;
		bci_map_pin(*map, lane->index);
	} else {
		*map = NULL;
	}
	bci_lane_give(lane);
	return status;
}

void
bci_segment_unpin(struct bci_map *map, unsigned shard)
{
	atomic_fetch_add_explicit(&map->pins[shard].dropped, 1,
	                          memory_order_release);
}

static const char *
series_check_map(const struct bci_series *series,
                 const struct bci_series_segment *segment)
{
	const struct bci_locator *locator = &segment->locator;
	struct bci_map *map = segment->map;
	const char *wrong;

	if (!bci_map_reaches(map, locator->offset + locator->bytes))
		return "arena file is too short";
	wrong = bci_map_check(map, locator, series->schema, BCI_CHECK_HERE);
	return wrong != NULL
	               ? wrong
	               : bci_series_check(series, map->base + locator->offset,
	                                  locator);
}

/* Find the columns of a segment that was checked: decode it if need be. */
static enum bc_status
series_unpack(struct bci_series *series, struct bci_series_segment *segment)
{
	const struct bci_locator *locator = &segment->locator;
	const unsigned char *image = segment->map->base + locator->offset;
	const struct bci_cold cold = {
		.image = image,
		.locator = locator,
		.schema = series->schema,
		.entry_id = series->head.id,
		.key = series->key,
		.key_bytes = series->key_bytes,
	};
	struct bci_env *env = series->writer->env;
	struct bci_lane *lane;
	enum bc_status status;

	segment->data = image + locator->header_bytes;
	segment->body_bytes = locator->bytes - locator->header_bytes;
	if (locator->codec == BCI_FORM_RAW)
		return BC_OK;
	lane = bci_lane_take(env);
	status = bci_decode_segment(env, lane, &cold, &segment->hot);
	bci_lane_give(lane);
	if (status != BC_OK)
		return status;
	segment->data = segment->hot->data;
	segment->body_bytes = segment->hot->body_bytes;
	return BC_OK;
}

enum bc_status
bci_series_map(struct bci_series *series, struct bci_series_segment *segment,
               struct bc_error *err)
{
	const struct bci_locator *locator = &segment->locator;
	struct bci_env *env = series->writer->env;
	uint64_t id = bci_segment_id(locator, series->head.id);
	const char *wrong = "marked as damaged";
	enum bc_status status = BC_OK;

	if (segment->columns != NULL)
		return BC_OK;
	if (!bci_slot_is_bad(&env->ledger, locator->slot, id)) {
		status = bci_segment_pin(series->writer, locator, &segment->map,
		                         &segment->shard, err);
		if (status == BC_MISS)
			wrong = "its arena is gone";
		else if (status != BC_OK)
			return bci_fail(err, status, "%s: arena %u",
			                series->key, locator->arena);
		else
			wrong = series_check_map(series, segment);
	}
	if (wrong == NULL)
		status = series_unpack(series, segment);
	if (status == BC_CORRUPT)
		wrong = "what is packed";
	if (wrong != NULL) {
		bci_slot_mark_bad(&env->ledger, locator->slot, id);
		bci_log(series->writer->cache, BC_EVENT_CHECKSUM,
		        "%s: damaged in arena %u at %llu: %s", series->key,
		        locator->arena, (unsigned long long)locator->offset,
		        wrong);
		return bci_fail(err, BC_CORRUPT,
		                "%s: rows that are needed are damaged: %s",
		                series->key, wrong);
	}
	if (status == BC_OK)
		segment->columns = bci_series_columns(series, segment->data,
		                                      locator->rows);
	return segment->columns != NULL
	               ? BC_OK
	               : bci_fail(err, BC_NOMEM, "no memory to append to %s",
	                          series->key);
}

uint64_t
bci_series_text_bytes(const struct bci_series *series,
                      const struct bci_series_segment *segment)
{
	const struct bci_locator *locator = &segment->locator;
	uint64_t columns = bci_layout_bytes(series->schema, locator->rows);
	uint64_t body = locator->codec == BCI_FORM_RAW
	                        ? locator->bytes - locator->header_bytes
	                        : segment->body_bytes;

	return body > columns ? body - columns : 0;
}

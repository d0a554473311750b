/* SPDX-License-Identifier: MIT */
/*
 * live.c - walking the segments of an arena.
 *
 * The catalogue knows where the segment of a key lies, but not whose segments
 * lie in an arena; the file does.  LMDB gives each value pages of its own, the
 * first of which begins with its number, a flag and how many they are.  A value
 * holds a segment, or several small ones on multiples of a line.  Each repeats
 * its key, and the record of that key says whether it is still what counts.
 */
#include "common.h"

#include "catalogue.h"
#include "live.h"

/* The head of an LMDB page. */
#define PAGE_HEAD 16u

static bool
live_pin(struct bci_live *live, const struct bci_arena_record *arena,
         enum bc_status *status)
{
	struct bci_env *env = live->writer->env;
	struct bci_lane *lane = bci_lane_take(env);

	*status = bci_maps_add(&env->maps, live->number, arena, &live->map);
	if (*status == BC_OK) {
		live->shard = lane->index;
		bci_map_pin(live->map, lane->index);
	} else {
		live->map = NULL;
	}
	bci_lane_give(lane);
	return *status == BC_OK;
}

enum bc_status
bci_live_open(struct bci_live *live, struct bci_writer *writer, uint64_t number,
              struct bci_place from, struct bc_error *err)
{
	struct bci_arena_record arena;
	enum bci_queue queue = bci_writer_queue(writer, number);
	enum bc_status status = BC_OK;

	memset(live, 0, offsetof(struct bci_live, entry));
	live->writer = writer;
	live->number = number;
	live->place = from;
	if (queue != BCI_QUEUES)
		status = bci_writer_flush(writer, queue, err);
	if (status == BC_OK)
		status = bci_writer_arena(writer, number, &arena);
	if (status != BC_OK)
		return status;
	if (!live_pin(live, &arena, &status))
		return status;
	live->page_bytes = arena.page_bytes;
	live->end_bytes = arena.end_bytes;
	if (live->page_bytes < BCI_PAGE ||
	    live->place.page % live->page_bytes != 0)
		return BC_CORRUPT;
	/* A power cut may have taken the end of it, but not what was synced. */
	if (!bci_map_reaches(live->map, live->end_bytes))
		live->end_bytes =
			bci_min(live->end_bytes, live->map->known_bytes);
	return BC_OK;
}

void
bci_live_close(struct bci_live *live)
{
	if (live->map != NULL)
		bci_map_unpin(live->map, &live->map->pins[live->shard].dropped);
	live->map = NULL;
}

/* Go to the next value, from 'place.page' on; false at the end. */
static bool
live_next_value(struct bci_live *live)
{
	for (; bci_within(live->place.page, live->page_bytes, live->end_bytes);
	     live->place.page += live->page_bytes) {
		uint64_t bytes = bci_map_value(live->map, live->place.page,
		                               live->end_bytes);

		if (bytes == 0)
			continue;
		live->value_end = live->place.page + bytes;
		if (live->place.inner == 0)
			live->place.inner = PAGE_HEAD;
		return true;
	}
	return false;
}

/* Leave the value that the walk is in. */
static void
live_leave_value(struct bci_live *live)
{
	live->place.page = live->value_end;
	live->place.inner = 0;
	live->value_end = 0;
}

/* Whether a header can be one of this arena, and its bytes lie in the value. */
static bool
live_header(const struct bci_live *live, uint64_t at,
            struct bci_segment_header *header, uint64_t *bytes)
{
	uint64_t room = live->value_end - at;

	if (room < sizeof(*header))
		return false;
	memcpy(header, live->map->base + at, sizeof(*header));
	*bytes = header->header_bytes;
	return memcmp(header->magic, "BCSG", 4) == 0 &&
	       header->cache_id == live->writer->env->cache_id &&
	       header->arena == (uint32_t)live->number &&
	       header->key_bytes != 0 && header->key_bytes <= BC_KEY_MAX &&
	       header->schema_bytes <= room && *bytes <= room &&
	       sizeof(*header) + header->schema_bytes + header->key_bytes <=
	               *bytes &&
	       header->data_bytes <= room && header->text_bytes <= room &&
	       (*bytes += header->data_bytes + header->text_bytes) <= room;
}

/* Whether a locator is that of the segment at 'offset'. */
static bool
live_is(const struct bci_live *live, const struct bci_locator *locator,
        uint64_t offset)
{
	return locator->arena == live->number && locator->offset == offset &&
	       bci_locator_is_sane(locator) &&
	       bci_within(offset, locator->bytes, live->end_bytes);
}

/* Find the segment at 'offset' among those of a series. */
static enum bc_status
live_find_piece(struct bci_live *live, const struct bci_segment_header *header,
                uint64_t offset, struct bci_live_segment *out)
{
	struct bci_env *env = live->writer->env;
	struct bci_order_key key;
	struct bci_bytes value;
	enum bc_status status;

	for (unsigned i = 0; i < live->entry.segment_count; i++) {
		bci_entry_locator(&live->entry, i, &out->locator);
		if (live_is(live, &out->locator, offset))
			return BC_OK;
	}
	if (live->entry.series.older_count == 0)
		return BC_MISS;
	key = bci_order_key_of(live->entry.head.id, header->last_ns);
	status = bci_table_get(live->writer->txn, env->tables.segments, &key,
	                       sizeof(key), &value);
	if (status != BC_OK || value.size != sizeof(out->locator))
		return status == BC_OK ? BC_MISS : status;
	memcpy(&out->locator, value.data, sizeof(out->locator));
	out->older = true;
	return live_is(live, &out->locator, offset) ? BC_OK : BC_MISS;
}

/* Whether the record of the key that a header repeats names the segment. */
static enum bc_status
live_find(struct bci_live *live, const struct bci_segment_header *header,
          uint64_t offset, struct bci_live_segment *out)
{
	struct bci_writer *writer = live->writer;
	enum bc_status status;

	memcpy(live->key,
	       live->map->base + offset + sizeof(*header) +
	               header->schema_bytes,
	       header->key_bytes);
	live->key[header->key_bytes] = '\0';
	status = bci_entry_get_copy(writer->txn, &writer->env->tables,
	                            live->key, header->key_bytes, &live->stored,
	                            &live->entry, NULL);
	if (status != BC_OK)
		return status == BC_CORRUPT ? BC_MISS : status;
	if (live->entry.head.id != header->entry_id)
		return BC_MISS;
	*out = (struct bci_live_segment){
		.key = live->key,
		.key_bytes = header->key_bytes,
		.entry = &live->entry,
		.image = live->map->base + offset,
		.revision = header->revision,
	};
	if (live->entry.head.kind == BC_SERIES)
		return live_find_piece(live, header, offset, out);
	if (live->entry.segment_count == 0 || live->entry.inlined != NULL)
		return BC_MISS;
	bci_entry_locator(&live->entry, 0, &out->locator);
	return live_is(live, &out->locator, offset) ? BC_OK : BC_MISS;
}

enum bc_status
bci_live_next(struct bci_live *live, struct bci_live_segment *out)
{
	while (live->value_end != 0 || live_next_value(live)) {
		struct bci_segment_header header;
		uint64_t at = live->place.page + live->place.inner;
		enum bc_status status;
		uint64_t bytes;

		if (live->place.inner > live->value_end - live->place.page ||
		    !live_header(live, at, &header, &bytes)) {
			live_leave_value(live);
			continue;
		}
		live->place.inner += bci_round_up(bytes, BCI_LINE);
		status = live_find(live, &header, at, out);
		if (status != BC_MISS)
			return status;
	}
	return BC_MISS;
}

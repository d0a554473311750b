/* SPDX-License-Identifier: MIT */
/*
 * segment.c - writing a segment's image and checking one that was read.
 *
 * Writing is one pass: each 64 KiB is hashed right after it was copied, while
 * it is still in the cache.
 */
#include "common.h"

#include "control.h"
#include "hash.h"
#include "segment.h"

static const uint8_t segment_magic[4] = { 'B', 'C', 'S', 'G' };

/* ---- dictionaries ------------------------------------------------------ */

/*
 * One dictionary: count u32, bytes u32 of the whole dictionary, the end of each
 * string u32 counted from the first, the strings, zeros to 8.
 */
#define TEXT_HEAD 8

static uint64_t
text_dictionary_bytes(const struct bc_column *column)
{
	uint64_t bytes = TEXT_HEAD + 4ull * column->dictionary_count;

	for (uint32_t i = 0; i < column->dictionary_count; i++)
		bytes += strlen(column->dictionary[i]);
	return bci_round_up(bytes, 8);
}

static uint64_t
text_area_bytes(const struct bci_value *value)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < value->column_count; i++) {
		if (value->columns[i].type == BC_TEXT)
			bytes += text_dictionary_bytes(&value->columns[i]);
	}
	return bytes;
}

const unsigned char *
bci_segment_dictionary(const unsigned char *area, uint64_t area_bytes,
                       uint32_t column, uint64_t *bytes)
{
	uint32_t head[2];

	*bytes = 0;
	for (;; column--) {
		if (area_bytes < TEXT_HEAD)
			return NULL;
		memcpy(head, area, sizeof(head));
		if (head[1] > area_bytes || head[1] < TEXT_HEAD ||
		    head[0] > (head[1] - TEXT_HEAD) / 4)
			return NULL;
		if (column == 0)
			break;
		area += head[1];
		area_bytes -= head[1];
	}
	*bytes = head[1];
	return area;
}

const char *
bci_segment_text(const unsigned char *area, uint64_t area_bytes,
                 uint32_t column, uint32_t code, size_t *bytes, uint32_t *count)
{
	uint64_t dictionary_bytes, strings;
	uint32_t end, start = 0;

	*bytes = 0;
	*count = 0;
	area = bci_segment_dictionary(area, area_bytes, column,
	                              &dictionary_bytes);
	if (area == NULL)
		return NULL;
	memcpy(count, area, sizeof(*count));
	if (code >= *count)
		return NULL;
	strings = TEXT_HEAD + 4ull * *count;
	memcpy(&end, area + TEXT_HEAD + 4ull * code, 4);
	if (code != 0)
		memcpy(&start, area + TEXT_HEAD + 4ull * (code - 1), 4);
	if (start > end ||
	    (end > dictionary_bytes - strings && !BCI_CONTROL(text_unbounded)))
		return NULL;
	*bytes = end - start;
	return (const char *)area + strings + start;
}

/* ---- sizes ------------------------------------------------------------- */

/* What follows from data and text, and so many bytes of schema and key. */
static bool
plan_finish(struct bci_segment_plan *plan, uint64_t names, uint64_t unit)
{
	uint64_t body = plan->data_bytes + plan->text_bytes;
	uint64_t head = sizeof(struct bci_segment_header) + names;

	plan->block_count = (uint32_t)((body + BCI_BLOCK - 1) / BCI_BLOCK);
	head = bci_round_up(head, 8) + 8ull * plan->block_count;
	plan->header_bytes =
		bci_round_up(BCI_VALUE_SHIFT + head, unit) - BCI_VALUE_SHIFT;
	plan->bytes = plan->header_bytes + body;
	return plan->bytes <= BCI_SEGMENT_MAX;
}

bool
bci_segment_plan(const struct bci_value *value, size_t key_bytes, bool bare,
                 struct bci_segment_plan *plan)
{
	uint64_t unit;

	if (value->kind == BC_BLOB) {
		plan->data_bytes = value->blob_bytes;
		plan->text_bytes = 0;
		unit = BCI_LINE;
	} else {
		if (value->rows > BCI_SEGMENT_MAX)
			return false;
		plan->data_bytes = bci_layout_bytes(value->schema, value->rows);
		plan->text_bytes = text_area_bytes(value);
		unit = bci_layout_alignment(value->rows);
	}
	if (plan->data_bytes > BCI_SEGMENT_MAX ||
	    plan->text_bytes > BCI_SEGMENT_MAX)
		return false;
	plan->bare = bare;
	return plan_finish(plan, bare ? 0 : value->schema_bytes + key_bytes,
	                   unit);
}

/* ---- writing ----------------------------------------------------------- */

/* Where the body is being written, and the table its checksums go to. */
struct segment_writer {
	unsigned char *to;    /* next byte */
	unsigned char *block; /* start of the block being filled */
	uint64_t *table;
};

static void
writer_close_block(struct segment_writer *writer)
{
	if (writer->to == writer->block)
		return;
	*writer->table++ =
		bci_hash64(writer->block, (size_t)(writer->to - writer->block));
	writer->block = writer->to;
}

/* Copy 'bytes' bytes, or write zeros where 'from' is NULL. */
static void
writer_feed(struct segment_writer *writer, const void *from, uint64_t bytes)
{
	const unsigned char *source = from;

	while (bytes != 0) {
		uint64_t used = (uint64_t)(writer->to - writer->block);
		size_t step = (size_t)bci_min(bytes, BCI_BLOCK - used);

		if (source != NULL) {
			memcpy(writer->to, source, step);
			source += step;
		} else {
			memset(writer->to, 0, step);
		}
		writer->to += step;
		bytes -= step;
		if (used + step == BCI_BLOCK)
			writer_close_block(writer);
	}
}

/* The elements of column 'index' of the schema, where they are in one place. */
static const void *
value_column(const struct bci_value *value, uint32_t index)
{
	if (value->time_ns == NULL)
		return value->columns[index].data;
	return index == 0 ? value->time_ns : value->columns[index - 1].data;
}

/* Copy column 'index' of the schema, from one place or from several. */
static void
writer_feed_column(struct segment_writer *writer, const struct bci_value *value,
                   uint32_t index)
{
	uint32_t width = value->schema->columns[index].bytes;
	uint64_t bytes = width * value->rows;
	uint64_t unit = bci_layout_alignment(value->rows);

	if (value->parts == NULL)
		writer_feed(writer, value_column(value, index), bytes);
	for (size_t i = 0; i < value->part_count; i++) {
		const struct bci_part *part = &value->parts[i];
		const char *elements = part->columns[index];

		if (part->rows != 0)
			writer_feed(writer, elements + part->first * width,
			            part->rows * width);
	}
	writer_feed(writer, NULL, bci_round_up(bytes, unit) - bytes);
}

static void
writer_feed_dictionary(struct segment_writer *writer,
                       const struct bc_column *column)
{
	uint64_t bytes = text_dictionary_bytes(column);
	uint32_t head[2] = { column->dictionary_count, (uint32_t)bytes };
	uint64_t used = TEXT_HEAD + 4ull * column->dictionary_count;
	uint32_t end = 0;

	writer_feed(writer, head, sizeof(head));
	for (uint32_t i = 0; i < column->dictionary_count; i++) {
		end += (uint32_t)strlen(column->dictionary[i]);
		writer_feed(writer, &end, sizeof(end));
	}
	for (uint32_t i = 0; i < column->dictionary_count; i++)
		writer_feed(writer, column->dictionary[i],
		            strlen(column->dictionary[i]));
	writer_feed(writer, NULL, bytes - used - end);
}

static void
segment_write_body(const struct bci_value *value, struct segment_writer *writer)
{
	if (value->kind == BC_BLOB) {
		writer_feed(writer, value->blob, value->blob_bytes);
	} else {
		for (uint32_t i = 0; i < value->schema->column_count; i++)
			writer_feed_column(writer, value, i);
		for (uint32_t i = 0; i < value->column_count; i++) {
			if (value->columns[i].type == BC_TEXT)
				writer_feed_dictionary(writer,
				                       &value->columns[i]);
		}
	}
	writer_close_block(writer);
}

/* What the times of a value say of it, gathered piece by piece. */
struct segment_times {
	uint64_t rows;
	int64_t first_ns, last_ns;
	uint64_t step, differs;
};

static void
times_add(struct segment_times *times, const int64_t *time_ns, uint64_t rows)
{
	uint64_t last, step, differs = 0, i = 0;

	if (rows == 0)
		return;
	if (times->rows == 0) {
		times->first_ns = times->last_ns = time_ns[i++];
		times->rows = 1;
	}
	last = (uint64_t)times->last_ns;
	if (times->rows == 1 && i < rows)
		times->step = (uint64_t)time_ns[i] - last;
	step = times->step;
	times->rows += rows - i;
	for (; i < rows; i++) {
		differs |= ((uint64_t)time_ns[i] - last) ^ step;
		last = (uint64_t)time_ns[i];
	}
	times->last_ns = (int64_t)last;
	times->differs |= differs;
}

/* The first and last time, and the step that all neighbours keep, or 0. */
static struct segment_times
segment_times(const struct bci_value *value)
{
	struct segment_times times = { 0 };

	if (value->schema == NULL || !value->schema->has_time)
		return times;
	if (value->parts == NULL)
		times_add(&times, value->time_ns, value->rows);
	for (size_t i = 0; i < value->part_count; i++) {
		const struct bci_part *part = &value->parts[i];
		const int64_t *time_ns = part->columns[0];

		if (part->rows != 0)
			times_add(&times, time_ns + part->first, part->rows);
	}
	BCI_ASSERT(times.rows == value->rows);
	if (times.differs != 0)
		times.step = 0;
	return times;
}

/*
 * The digest of the content alone: kind, rows, names, types and, by way of the
 * checksums of its blocks, every value.  The same content has the same digest
 * under any key and in any cache.
 */
static void
segment_digest(const struct bci_value *value, const uint64_t *table,
               uint32_t block_count, uint8_t digest[16])
{
	struct {
		uint64_t kind, rows;
		uint8_t schema[16], blocks[16];
	} summary = { .kind = (uint64_t)value->kind, .rows = value->rows };

	bci_hash128(value->schema_stored, value->schema_bytes, summary.schema);
	bci_hash128(table, 8 * (size_t)block_count, summary.blocks);
	bci_hash128(&summary, sizeof(summary), digest);
}

void
bci_segment_write(const struct bci_value *value,
                  const struct bci_segment_owner *owner,
                  const struct bci_segment_plan *plan, unsigned char *to,
                  struct bci_locator *locator, uint8_t digest[16])
{
	uint64_t table_at = plan->header_bytes - 8ull * plan->block_count;
	struct segment_writer writer = {
		.to = to + plan->header_bytes,
		.block = to + plan->header_bytes,
		.table = (uint64_t *)(void *)(to + table_at),
	};
	struct bci_segment_header header = {
		.version = BCI_SEGMENT_VERSION,
		.column_count =
			(uint16_t)(value->schema == NULL
		                           ? 0
		                           : value->schema->column_count),
		.cache_id = owner->cache_id,
		.arena = owner->arena,
		.header_bytes = (uint32_t)plan->header_bytes,
		.entry_id = owner->entry_id,
		.key_hash = owner->key_hash,
		.revision = owner->revision,
		.rows = value->rows,
		.data_bytes = plan->data_bytes,
		.text_bytes = plan->text_bytes,
		.block_count = plan->block_count,
		.kind = (uint8_t)value->kind,
		.series = owner->series,
	};
	const struct segment_times times = segment_times(value);
	size_t used = sizeof(header);

	BCI_ASSERT(((uintptr_t)to + plan->header_bytes) % 8 == 0);
	memcpy(header.magic, segment_magic, sizeof(segment_magic));
	header.first_ns = times.first_ns;
	header.last_ns = times.last_ns;
	if (!plan->bare) {
		header.schema_bytes = (uint32_t)value->schema_bytes;
		header.key_bytes = (uint16_t)owner->key_bytes;
		if (value->schema_bytes != 0)
			memcpy(to + used, value->schema_stored,
			       value->schema_bytes);
		used += value->schema_bytes;
		memcpy(to + used, owner->key, owner->key_bytes);
		used += owner->key_bytes;
	}
	memcpy(to, &header, sizeof(header));
	/* LMDB hands out dirty memory: nothing of it may reach the disk. */
	memset(to + used, 0, table_at - used);
	segment_write_body(value, &writer);
	segment_digest(value, (uint64_t *)(void *)(to + table_at),
	               plan->block_count, digest);
	*locator = (struct bci_locator){
		.arena = owner->arena,
		.bytes = (uint32_t)plan->bytes,
		.checksum = bci_hash64(to, plan->header_bytes),
		.first_ns = header.first_ns,
		.last_ns = header.last_ns,
		.step_ns = (int64_t)times.step,
		.rows = (uint32_t)value->rows,
		.header_bytes = header.header_bytes,
	};
}

/* ---- another form of one that exists ----------------------------------- */

/* Bytes of schema and key, or UINT64_MAX if the header has no room for them. */
static uint64_t
segment_names(const unsigned char *image, struct bci_segment_header *header)
{
	uint64_t names;

	memcpy(header, image, sizeof(*header));
	names = (uint64_t)header->schema_bytes + header->key_bytes;
	return names + sizeof(*header) <= header->header_bytes ? names
	                                                       : UINT64_MAX;
}

bool
bci_segment_replan(const unsigned char *image, enum bci_form form,
                   uint64_t data_bytes, uint64_t text_bytes,
                   struct bci_segment_plan *plan)
{
	struct bci_segment_header header;
	uint64_t names = segment_names(image, &header), unit = BCI_LINE;

	if (names == UINT64_MAX || data_bytes > BCI_SEGMENT_MAX ||
	    text_bytes > BCI_SEGMENT_MAX)
		return false;
	if (form == BCI_FORM_RAW && header.kind != BC_BLOB)
		unit = bci_layout_alignment(header.rows);
	*plan = (struct bci_segment_plan){
		.data_bytes = data_bytes,
		.text_bytes = text_bytes,
	};
	return plan_finish(plan, names, unit);
}

void
bci_segment_rewrite(const unsigned char *image, enum bci_form form,
                    const struct bci_segment_plan *plan, uint32_t arena,
                    unsigned char *to, struct bci_locator *locator)
{
	const uint64_t table_at = plan->header_bytes - 8ull * plan->block_count;
	struct segment_writer writer = {
		.to = to + plan->header_bytes,
		.block = to + plan->header_bytes,
		.table = (uint64_t *)(void *)(to + table_at),
	};
	struct bci_segment_header header;
	uint64_t names = segment_names(image, &header);

	BCI_ASSERT(names + sizeof(header) <= table_at);
	header.arena = arena;
	header.header_bytes = (uint32_t)plan->header_bytes;
	header.data_bytes = plan->data_bytes;
	header.text_bytes = plan->text_bytes;
	header.block_count = plan->block_count;
	header.codec = (uint8_t)form;
	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), image + sizeof(header), names);
	memset(to + sizeof(header) + names, 0,
	       table_at - names - sizeof(header));
	for (uint64_t left = plan->bytes - plan->header_bytes; left != 0;) {
		uint64_t step = bci_min(left, BCI_BLOCK);

		writer.to += step;
		left -= step;
		writer_close_block(&writer);
	}
	locator->arena = arena;
	locator->bytes = (uint32_t)plan->bytes;
	locator->header_bytes = (uint32_t)plan->header_bytes;
	locator->checksum = bci_hash64(to, plan->header_bytes);
	locator->codec = (uint8_t)form;
}

/* ---- checking ---------------------------------------------------------- */

bool
bci_segment_is(const unsigned char *image, const struct bci_locator *locator,
               uint64_t cache_id, uint64_t entry_id)
{
	struct bci_segment_header header;

	memcpy(&header, image, sizeof(header));
	return memcmp(header.magic, segment_magic, 4) == 0 &&
	       header.version == BCI_SEGMENT_VERSION &&
	       header.cache_id == cache_id && header.entry_id == entry_id &&
	       header.arena == locator->arena &&
	       header.header_bytes == locator->header_bytes;
}

const char *
bci_segment_check(const unsigned char *image, const struct bci_locator *locator,
                  const struct bc_schema *schema)
{
	struct bci_segment_header header;
	uint64_t data_bytes;

	if (bci_hash64(image, locator->header_bytes) != locator->checksum)
		return "checksum of the header";
	memcpy(&header, image, sizeof(header));
	data_bytes = header.data_bytes;
	if (locator->codec == BCI_FORM_RAW)
		data_bytes = schema == NULL
		                     ? locator->bytes - locator->header_bytes
		                     : bci_layout_bytes(schema, locator->rows);
	if (header.rows != locator->rows ||
	    header.first_ns != locator->first_ns ||
	    header.last_ns != locator->last_ns ||
	    header.codec != locator->codec)
		return "header and catalogue differ";
	if (header.data_bytes != data_bytes || data_bytes > locator->bytes ||
	    header.text_bytes > locator->bytes ||
	    locator->header_bytes + data_bytes + header.text_bytes !=
	            locator->bytes)
		return "sizes in the header";
	if (header.block_count != bci_segment_blocks(locator) ||
	    sizeof(header) + 8ull * header.block_count > locator->header_bytes)
		return "block table of the header";
	return NULL;
}

/* Whether a schema is the one stored at 'stored'. */
static bool
segment_schema_is(const unsigned char *stored, size_t bytes,
                  const struct bc_schema *schema)
{
	size_t at = 4;

	if (bytes < at || stored[2] != schema->has_time ||
	    (stored[0] | (uint32_t)stored[1] << 8) != schema->column_count)
		return false;
	for (uint32_t i = 0; i < schema->column_count; i++) {
		const struct bc_schema_column *column = &schema->columns[i];
		size_t length = strlen(column->name);

		if (bytes - at < 2 + length ||
		    stored[at] != (unsigned char)column->type ||
		    stored[at + 1] != (unsigned char)length ||
		    memcmp(stored + at + 2, column->name, length) != 0)
			return false;
		at += 2 + length;
	}
	return at == bytes;
}

const char *
bci_segment_check_claim(const unsigned char *image,
                        const struct bci_segment_claim *claim)
{
	struct bci_segment_header header;

	memcpy(&header, image, sizeof(header));
	if (header.kind != claim->kind ||
	    (claim->revision != NULL && header.revision != *claim->revision))
		return "kind or revision in the catalogue";
	if (!BCI_CONTROL(checksum_without_key) &&
	    header.key_hash != bci_hash64(claim->key, claim->key_bytes))
		return "it belongs to another key";
	/* Inline segments do without schema and key. */
	if (claim->schema != NULL && header.schema_bytes != 0 &&
	    (header.schema_bytes > header.header_bytes - sizeof(header) ||
	     !segment_schema_is(image + sizeof(header), header.schema_bytes,
	                        claim->schema)))
		return "it has another schema";
	return NULL;
}

bool
bci_segment_check_block(const unsigned char *image,
                        const struct bci_locator *locator, uint32_t index)
{
	uint32_t count = bci_segment_blocks(locator);
	uint64_t at = (uint64_t)index * BCI_BLOCK;
	uint64_t body = locator->bytes - locator->header_bytes;
	uint64_t stored;

	BCI_ASSERT(index < count);
	memcpy(&stored, image + locator->header_bytes - 8ull * (count - index),
	       8);
	return bci_hash64(image + locator->header_bytes + at,
	                  (size_t)bci_min(body - at, BCI_BLOCK)) == stored;
}

uint64_t
bci_segment_text_bytes(const unsigned char *image)
{
	struct bci_segment_header header;

	memcpy(&header, image, sizeof(header));
	return header.text_bytes;
}

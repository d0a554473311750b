/* SPDX-License-Identifier: MIT */
/*
 * checked.c - checking the bytes of segments once, and remembering it.
 *
 * What was checked is one bit: a segment of a page or more owns its pages, and
 * has fewer 64 KiB blocks than pages, so block k has the bit of its first page
 * plus k.  Smaller ones share pages and have the bit of their first line in a
 * second map.  Both maps are anonymous memory that costs only what is touched:
 * a bit for 64 KiB of bars.
 *
 * The bits are those of a place, and compaction moves segments to others.  It
 * checks what it copies, so whoever had checked a segment where it was need not
 * read a megabyte once more in the middle of a get: a tag of what its header
 * says, checksums of all blocks among it, is kept by the slot of the ledger,
 * which goes with the segment.  A table of a fixed size is enough: who is
 * crowded out of it is checked again.
 */
#include "common.h"

#include "ahead.h"
#include "arena.h"
#include "checked.h"
#include "hash.h"
#include "segment.h"

#define WORD_BITS 64

/* ---- bits -------------------------------------------------------------- */

/* The bits of a segment: where they begin and how many they are. */
static atomic_ullong *
map_bits(const struct bci_map *map, const struct bci_locator *locator,
         uint64_t *first, uint32_t *count)
{
	if (locator->bytes < BCI_VALUE_MIN) {
		*first = locator->offset / BCI_LINE;
		*count = 1;
		return map->small;
	}
	*first = locator->offset / BCI_PAGE;
	*count = (uint32_t)bci_max(bci_segment_blocks(locator), 1);
	return map->whole;
}

static bool
bit_is_set(atomic_ullong *bits, uint64_t at)
{
	return atomic_load_explicit(&bits[at / WORD_BITS],
	                            memory_order_acquire) >>
	               (at % WORD_BITS) &
	       1;
}

static void
bit_set(atomic_ullong *bits, uint64_t at)
{
	atomic_fetch_or_explicit(&bits[at / WORD_BITS],
	                         1ull << (at % WORD_BITS),
	                         memory_order_release);
}

static void
bits_set(atomic_ullong *bits, uint64_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		bit_set(bits, first + i);
}

/* Whether bits [first, first + count) are all set, a word at a time. */
static bool
bits_are_set(atomic_ullong *bits, uint64_t first, uint32_t count)
{
	while (count != 0) {
		unsigned shift = first % WORD_BITS;
		uint32_t step = (uint32_t)bci_min(count, WORD_BITS - shift);
		uint64_t want = step == WORD_BITS
		                        ? ~0ull
		                        : ((1ull << step) - 1) << shift;
		uint64_t have = atomic_load_explicit(&bits[first / WORD_BITS],
		                                     memory_order_acquire);

		if ((have & want) != want)
			return false;
		first += step;
		count -= step;
	}
	return true;
}

bool
bci_map_is_checked(const struct bci_map *map, const struct bci_locator *locator)
{
	uint64_t first;
	uint32_t count;
	atomic_ullong *bits = map_bits(map, locator, &first, &count);

	return bits_are_set(bits, first, count);
}

/* ---- what was checked before it was moved ------------------------------ */

/* What a header says, but for the arena that it is in; never 0. */
static uint64_t
moved_tag(const struct bci_map *map, const struct bci_locator *locator)
{
	const unsigned char *image = map->base + locator->offset;
	struct bci_segment_header header;
	uint64_t parts[2];

	memcpy(&header, image, sizeof(header));
	header.arena = 0;
	parts[0] = bci_hash64(&header, sizeof(header));
	parts[1] = bci_hash64(image + sizeof(header),
	                      locator->header_bytes - sizeof(header));
	return bci_hash64(parts, sizeof(parts)) | 1;
}

/* Where the tag of a segment is; NULL for one that is as soon checked. */
static atomic_ullong *
moved_cell(const struct bci_map *map, const struct bci_locator *locator)
{
	atomic_ullong *moved =
		atomic_load_explicit(&map->maps->moved, memory_order_acquire);

	return moved == NULL || locator->bytes < BCI_VALUE_MIN
	               ? NULL
	               : &moved[locator->slot % BCI_MOVED_TAGS];
}

/* Remember a segment if all of it was checked. */
static void
moved_remember(const struct bci_map *map, const struct bci_locator *locator)
{
	atomic_ullong *cell = moved_cell(map, locator);

	if (cell != NULL && bci_map_is_checked(map, locator))
		atomic_store_explicit(cell, moved_tag(map, locator),
		                      memory_order_relaxed);
}

/* Whether a segment was checked where it was before; then it is here, too. */
static bool
moved_recall(struct bci_map *map, const struct bci_locator *locator)
{
	atomic_ullong *cell = moved_cell(map, locator), *bits;
	uint64_t first, tag;
	uint32_t count;

	if (cell == NULL)
		return false;
	tag = atomic_load_explicit(cell, memory_order_relaxed);
	if (tag == 0 || tag != moved_tag(map, locator))
		return false;
	bits = map_bits(map, locator, &first, &count);
	bits_set(bits, first, count);
	bci_map_ahead(map, locator->offset);
	return true;
}

/* ---- all of a segment -------------------------------------------------- */

/* Check blocks [from, to): all if 'how' is to check again. */
static const char *
map_check_blocks(struct bci_map *map, const struct bci_locator *locator,
                 uint32_t from, uint32_t to, enum bci_check how)
{
	const unsigned char *image = map->base + locator->offset;
	uint64_t first;
	uint32_t count;
	atomic_ullong *bits = map_bits(map, locator, &first, &count);

	for (uint32_t i = from; i < to; i++) {
		if (how != BCI_CHECK_AGAIN && bit_is_set(bits, first + i))
			continue;
		if (!bci_segment_check_block(image, locator, i))
			return "checksum of a block";
		bit_set(bits, first + i);
	}
	return NULL;
}

const char *
bci_map_check_body(struct bci_map *map, const struct bci_locator *locator,
                   enum bci_check how)
{
	uint32_t count, blocks = bci_segment_blocks(locator);
	const char *wrong;
	uint64_t first;
	atomic_ullong *bits = map_bits(map, locator, &first, &count);

	if (how == BCI_CHECK_ONCE && moved_recall(map, locator))
		return NULL;
	wrong = map_check_blocks(map, locator, 0, blocks, how);
	if (wrong != NULL)
		return wrong;
	if (blocks == 0)
		bit_set(bits, first);
	moved_remember(map, locator);
	return NULL;
}

const char *
bci_map_check(struct bci_map *map, const struct bci_locator *locator,
              const struct bc_schema *schema, enum bci_check how)
{
	const char *wrong =
		bci_segment_check(map->base + locator->offset, locator, schema);

	return wrong != NULL ? wrong : bci_map_check_body(map, locator, how);
}

/* ---- some rows of some columns ----------------------------------------- */

/* Blocks [from, to) of a segment. */
struct map_span {
	uint32_t from, to;
};

/* Bytes of the body to blocks; false if they lie beyond it. */
static bool
span_of(const struct bci_locator *locator, uint64_t at, uint64_t bytes,
        struct map_span *span)
{
	if (!bci_within(at, bytes, locator->bytes - locator->header_bytes))
		return false;
	span->from = (uint32_t)(at / BCI_BLOCK);
	span->to = bytes == 0 ? span->from
	                      : (uint32_t)((at + bytes - 1) / BCI_BLOCK + 1);
	return true;
}

static bool
span_of_rows(const struct bci_locator *locator,
             const struct bc_schema_column *column, uint64_t first,
             uint64_t count, struct map_span *span)
{
	uint64_t at = bci_layout_offset(column->wide, column->medium,
	                                column->narrow, locator->rows);

	return span_of(locator, at + first * column->bytes,
	               count * column->bytes, span);
}

/* Where the dictionaries lie: behind all columns, of which some are shown. */
static bool
span_of_text(const struct bci_locator *locator, const struct bc_schema *shown,
             struct map_span *span)
{
	uint64_t at = bci_layout_bytes(shown, locator->rows);
	uint64_t body = locator->bytes - locator->header_bytes;

	return at <= body && span_of(locator, at, body - at, span);
}

static bool
map_has_text(const struct bc_schema *shown)
{
	for (uint32_t i = 0; i < shown->column_count; i++) {
		if (shown->columns[i].type == BC_TEXT)
			return true;
	}
	return false;
}

bool
bci_map_rows_are_checked(const struct bci_map *map,
                         const struct bci_locator *locator,
                         const struct bc_schema *shown, uint64_t first,
                         uint64_t count)
{
	struct map_span span;
	uint64_t bit;
	uint32_t bits_count;
	atomic_ullong *bits = map_bits(map, locator, &bit, &bits_count);

	if (bits_count == 1)
		return bit_is_set(bits, bit);
	if (!bci_within(first, count, locator->rows))
		return false;
	for (uint32_t i = 0; i < shown->column_count; i++) {
		if (!span_of_rows(locator, &shown->columns[i], first, count,
		                  &span) ||
		    !bits_are_set(bits, bit + span.from, span.to - span.from))
			return false;
	}
	return !map_has_text(shown) ||
	       (span_of_text(locator, shown, &span) &&
	        bits_are_set(bits, bit + span.from, span.to - span.from));
}

const char *
bci_map_check_rows(struct bci_map *map, const struct bci_locator *locator,
                   const struct bc_schema *shown, uint64_t first,
                   uint64_t count, enum bci_check how)
{
	static const char beyond[] = "it has not that many rows";
	const char *wrong = NULL;
	struct map_span span;

	if (bci_segment_blocks(locator) <= 1)
		return bci_map_check_body(map, locator, how);
	if (!bci_within(first, count, locator->rows))
		return beyond;
	if (how == BCI_CHECK_ONCE && moved_recall(map, locator))
		return NULL;
	for (uint32_t i = 0; wrong == NULL && i < shown->column_count; i++) {
		if (!span_of_rows(locator, &shown->columns[i], first, count,
		                  &span))
			wrong = beyond;
		else
			wrong = map_check_blocks(map, locator, span.from,
			                         span.to, how);
	}
	if (wrong == NULL && map_has_text(shown)) {
		if (!span_of_text(locator, shown, &span))
			wrong = "it has no dictionaries";
		else
			wrong = map_check_blocks(map, locator, span.from,
			                         span.to, how);
	}
	if (wrong == NULL)
		moved_remember(map, locator);
	return wrong;
}

/* SPDX-License-Identifier: MIT */
/*
 * mapped.c - mapping arenas for reading, remembering what was checked, letting
 * go of arenas that are gone.
 *
 * What was checked is one bit: a segment of a page or more owns its pages, and
 * has fewer 64 KiB blocks than pages, so block k has the bit of its first page
 * plus k.  Smaller ones share pages and have the bit of their first line in a
 * second map.  Both maps are anonymous memory that costs only what is touched:
 * a bit for 64 KiB of bars.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "alloc.h"
#include "arena.h"
#include "file.h"
#include "lock.h"
#include "mapped.h"
#include "mapping.h"
#include "segment.h"

#define WORD_BITS 64

void
bci_maps_open(struct bci_maps *maps, const struct bc_allocator *allocator)
{
	memset(maps, 0, sizeof(*maps));
	pthread_mutex_init(&maps->mutex, NULL);
	for (size_t i = 0; i < BCI_COUNT(maps->class_fd); i++)
		maps->class_fd[i] = -1;
	maps->lock_fd = -1;
	maps->allocator = *allocator;
}

static void
map_free(struct bci_maps *maps, struct bci_map *map)
{
	bci_unmap((void *)(uintptr_t)map->base, map->map_bytes);
	bci_unmap((void *)map->whole, map->whole_bytes);
	bci_unmap((void *)map->small, map->small_bytes);
	bci_free(&maps->allocator, map);
}

static long
map_pins(const struct bci_map *map)
{
	long sum = 0;

	for (size_t i = 0; i < BCI_PIN_SHARDS; i++) {
		/* In this order: never less than what is pinned. */
		long dropped = atomic_load_explicit(&map->pins[i].dropped,
		                                    memory_order_acquire);

		sum += atomic_load_explicit(&map->pins[i].taken,
		                            memory_order_acquire) -
		       dropped;
	}
	return sum;
}

long
bci_maps_pins(struct bci_maps *maps)
{
	long sum = 0;

	pthread_mutex_lock(&maps->mutex);
	for (size_t i = 0; i < BCI_MAP_HEADS; i++) {
		struct bci_map *map = atomic_load(&maps->heads[i]);

		for (; map != NULL; map = atomic_load(&map->next))
			sum += map_pins(map);
	}
	for (struct bci_map *map = maps->limbo; map != NULL;
	     map = map->limbo_next)
		sum += map_pins(map);
	pthread_mutex_unlock(&maps->mutex);
	return sum;
}

bool
bci_maps_has(struct bci_maps *maps, uint64_t number)
{
	bool has;

	pthread_mutex_lock(&maps->mutex);
	has = bci_maps_find(maps, number) != NULL;
	for (struct bci_map *map = maps->limbo; map != NULL && !has;
	     map = map->limbo_next)
		has = map->number == number;
	pthread_mutex_unlock(&maps->mutex);
	return has;
}

/* Add a map to a sum of bytes, and its pins to the survey. */
static void
survey_add(const struct bci_map *map, uint64_t *bytes,
           struct bci_survey *survey)
{
	long pins = map_pins(map);

	*bytes += atomic_load(&map->known_bytes);
	survey->pins += pins > 0 ? (uint64_t)pins : 0;
}

bool
bci_maps_survey(struct bci_maps *maps, struct bci_survey *out)
{
	*out = (struct bci_survey){ 0 };
	if (pthread_mutex_trylock(&maps->mutex) != 0)
		return false;
	for (size_t i = 0; i < BCI_MAP_HEADS; i++) {
		struct bci_map *map = atomic_load(&maps->heads[i]);

		for (; map != NULL; map = atomic_load(&map->next))
			survey_add(map, &out->mapped_bytes, out);
	}
	for (struct bci_map *map = maps->limbo; map != NULL;
	     map = map->limbo_next)
		survey_add(map, &out->limbo_bytes, out);
	pthread_mutex_unlock(&maps->mutex);
	return true;
}

void
bci_maps_close(struct bci_maps *maps)
{
	for (size_t i = 0; i < BCI_MAP_HEADS; i++) {
		struct bci_map *next, *map = atomic_load(&maps->heads[i]);

		for (; map != NULL; map = next) {
			next = atomic_load(&map->next);
			map_free(maps, map);
		}
	}
	while (maps->limbo != NULL) {
		struct bci_map *map = maps->limbo;

		maps->limbo = map->limbo_next;
		map_free(maps, map);
	}
	pthread_mutex_destroy(&maps->mutex);
}

/* Map the file and make its bit maps. */
static enum bc_status
map_make(struct bci_maps *maps, int fd, uint64_t number,
         const struct bci_arena_record *arena, struct bci_map **out)
{
	struct bci_map *map = bci_zalloc(&maps->allocator, 1, sizeof(*map));
	struct stat st;

	if (map == NULL)
		return BC_NOMEM;
	map->number = number;
	map->maps = maps;
	map->class_ = (enum bci_arena_class)arena->class_;
	/* LMDB may have gone past the capacity by pages of its B-tree. */
	map->map_bytes =
		bci_round_up(arena->capacity_bytes, BCI_PAGE) + (1u << 20);
	map->whole_bytes = bci_round_up(map->map_bytes / BCI_PAGE / 8 + 8, 8);
	map->small_bytes = bci_round_up(map->map_bytes / BCI_LINE / 8 + 8, 8);
	if (fstat(fd, &st) != 0) {
		bci_free(&maps->allocator, map);
		return BC_IO;
	}
	map->device = st.st_dev;
	map->inode = st.st_ino;
	atomic_store(&map->known_bytes, (uint64_t)st.st_size);
	map->base = bci_map_file(fd, map->map_bytes, false);
	map->whole = bci_map_zeroed(map->whole_bytes);
	map->small = bci_map_zeroed(map->small_bytes);
	if (map->base == NULL || map->whole == NULL || map->small == NULL) {
		map_free(maps, map);
		return BC_NOMEM;
	}
	*out = map;
	return BC_OK;
}

enum bc_status
bci_maps_add(struct bci_maps *maps, uint64_t number,
             const struct bci_arena_record *arena, struct bci_map **out)
{
	_Atomic(struct bci_map *) *head = &maps->heads[number % BCI_MAP_HEADS];
	char name[BCI_ARENA_NAME];
	enum bc_status status;
	int fd = -1;

	if (arena->class_ >= BCI_COUNT(maps->class_fd) ||
	    arena->capacity_bytes > 2 * BCI_ARENA_MAX)
		return BC_CORRUPT;
	bci_arena_name(number, name);
	pthread_mutex_lock(&maps->mutex);
	*out = bci_maps_find(maps, number); /* Another thread was faster. */
	if (*out != NULL) {
		pthread_mutex_unlock(&maps->mutex);
		return BC_OK;
	}
	status = bci_file_open(maps->class_fd[arena->class_], name, O_RDONLY,
	                       &fd, NULL);
	if (status == BC_OK)
		status = map_make(maps, fd, number, arena, out);
	else if (status == BC_ABSENT)
		status = BC_MISS;
	bci_file_close(&fd);
	if (status == BC_OK) {
		if (maps->lock_fd >= 0)
			(void)bci_lock_try(maps->lock_fd, number,
			                   BCI_LOCK_SHARED);
		atomic_store(&(*out)->next, atomic_load(head));
		atomic_store_explicit(head, *out, memory_order_release);
		atomic_fetch_add(&maps->count, 1);
	}
	pthread_mutex_unlock(&maps->mutex);
	return status;
}

void
bci_maps_drop(struct bci_maps *maps, uint64_t number)
{
	_Atomic(struct bci_map *) *link = &maps->heads[number % BCI_MAP_HEADS];
	struct bci_map *map;

	pthread_mutex_lock(&maps->mutex);
	map = atomic_load(link);
	while (map != NULL && map->number != number) {
		link = &map->next;
		map = atomic_load(link);
	}
	if (map != NULL) {
		atomic_store(link, atomic_load(&map->next));
		map->limbo_next = maps->limbo;
		maps->limbo = map;
		atomic_fetch_add(&maps->limbo_count, 1);
		atomic_fetch_sub(&maps->count, 1);
		atomic_store(&map->dying, true);
	}
	pthread_mutex_unlock(&maps->mutex);
}

size_t
bci_maps_numbers(struct bci_maps *maps, uint64_t *numbers, size_t capacity)
{
	size_t count = 0;

	pthread_mutex_lock(&maps->mutex);
	for (size_t i = 0; i < BCI_MAP_HEADS; i++) {
		struct bci_map *map = atomic_load(&maps->heads[i]);

		for (; map != NULL && count < capacity;
		     map = atomic_load(&map->next))
			numbers[count++] = map->number;
	}
	pthread_mutex_unlock(&maps->mutex);
	return count;
}

void
bci_maps_collect(struct bci_maps *maps, bool (*quiet)(const void *context),
                 const void *context)
{
	struct bci_map **link = &maps->limbo;

	pthread_mutex_lock(&maps->mutex);
	if (!quiet(context))
		link = NULL;
	while (link != NULL && *link != NULL) {
		struct bci_map *map = *link;

		if (map_pins(map) != 0) {
			link = &map->limbo_next;
			continue;
		}
		*link = map->limbo_next;
		if (maps->lock_fd >= 0)
			bci_lock_release(maps->lock_fd, map->number);
		map_free(maps, map);
		atomic_fetch_sub(&maps->limbo_count, 1);
	}
	pthread_mutex_unlock(&maps->mutex);
}

bool
bci_map_reaches(struct bci_map *map, uint64_t end_bytes)
{
	char name[BCI_ARENA_NAME];
	struct stat st;

	if (end_bytes <=
	    atomic_load_explicit(&map->known_bytes, memory_order_relaxed))
		return true;
	if (end_bytes > map->map_bytes)
		return false;
	bci_arena_name(map->number, name);
	if (fstatat(map->maps->class_fd[map->class_], name, &st,
	            AT_SYMLINK_NOFOLLOW) != 0 ||
	    st.st_dev != map->device || st.st_ino != map->inode)
		return false;
	atomic_store_explicit(&map->known_bytes, (uint64_t)st.st_size,
	                      memory_order_relaxed);
	return end_bytes <= (uint64_t)st.st_size;
}

/* ---- what was checked -------------------------------------------------- */

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

/* Check blocks [from, to) that were not checked before, or all if 'again'. */
static const char *
map_check_blocks(struct bci_map *map, const struct bci_locator *locator,
                 uint32_t from, uint32_t to, bool again)
{
	const unsigned char *image = map->base + locator->offset;
	uint64_t first;
	uint32_t count;
	atomic_ullong *bits = map_bits(map, locator, &first, &count);

	for (uint32_t i = from; i < to; i++) {
		if (!again && bit_is_set(bits, first + i))
			continue;
		if (!bci_segment_check_block(image, locator, i))
			return "checksum of a block";
		bit_set(bits, first + i);
	}
	return NULL;
}

const char *
bci_map_check(struct bci_map *map, const struct bci_locator *locator,
              const struct bc_schema *schema, bool again)
{
	uint32_t count, blocks = bci_segment_blocks(locator);
	const char *wrong;
	uint64_t first;
	atomic_ullong *bits = map_bits(map, locator, &first, &count);

	wrong = bci_segment_check(map->base + locator->offset, locator, schema);
	if (wrong == NULL)
		wrong = map_check_blocks(map, locator, 0, blocks, again);
	if (wrong == NULL && blocks == 0)
		bit_set(bits, first);
	return wrong;
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
                   const struct bc_schema *schema,
                   const struct bc_schema *shown, uint64_t first,
                   uint64_t count, bool again)
{
	static const char beyond[] = "it has not that many rows";
	const char *wrong;
	struct map_span span;

	if (bci_segment_blocks(locator) <= 1)
		return bci_map_check(map, locator, schema, again);
	wrong = bci_segment_check(map->base + locator->offset, locator, schema);
	if (wrong == NULL && !bci_within(first, count, locator->rows))
		wrong = beyond;
	for (uint32_t i = 0; wrong == NULL && i < shown->column_count; i++) {
		if (!span_of_rows(locator, &shown->columns[i], first, count,
		                  &span))
			wrong = beyond;
		else
			wrong = map_check_blocks(map, locator, span.from,
			                         span.to, again);
	}
	if (wrong == NULL && map_has_text(shown)) {
		if (!span_of_text(locator, shown, &span))
			wrong = "it has no dictionaries";
		else
			wrong = map_check_blocks(map, locator, span.from,
			                         span.to, again);
	}
	return wrong;
}

/* SPDX-License-Identifier: MIT */
/*
 * mapped.c - mapping arenas for reading, and letting go of those that are gone.
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

/* The head of an LMDB page: u64 number, u16, u16 flags, u32 pages. */
#define PAGE_FLAGS_AT 10u
#define PAGE_COUNT_AT 12u
#define PAGE_OVERFLOW 4u

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
	bci_unmap((void *)atomic_load(&maps->moved), BCI_MOVED_BYTES);
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
	map->page_bytes = arena->page_bytes;
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
	if (atomic_load(&maps->moved) == NULL)
		atomic_store(&maps->moved, bci_map_zeroed(BCI_MOVED_BYTES));
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
	struct bci_map **link = &maps->limbo, *taken = NULL, *next;

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
		map->limbo_next = taken;
		taken = map;
		if (maps->lock_fd >= 0)
			bci_lock_release(maps->lock_fd, map->number);
		atomic_fetch_sub(&maps->limbo_count, 1);
	}
	pthread_mutex_unlock(&maps->mutex);
	/* Of the last who had it this takes milliseconds: its pages and its
	 * blocks are given back. */
	for (; taken != NULL; taken = next) {
		next = taken->limbo_next;
		map_free(maps, taken);
	}
}

uint64_t
bci_map_value(const struct bci_map *map, uint64_t at, uint64_t end)
{
	const unsigned char *page = map->base + at;
	uint64_t number, bytes;
	uint16_t flags;
	uint32_t count;

	memcpy(&number, page, sizeof(number));
	memcpy(&flags, page + PAGE_FLAGS_AT, sizeof(flags));
	memcpy(&count, page + PAGE_COUNT_AT, sizeof(count));
	bytes = count * map->page_bytes;
	return (flags & PAGE_OVERFLOW) != 0 && number == at / map->page_bytes &&
	                       bci_within(at, bytes, end)
	               ? bytes
	               : 0;
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

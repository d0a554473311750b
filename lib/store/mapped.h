/* SPDX-License-Identifier: MIT */
/*
 * mapped.h - the arenas that this process has mapped, and what pins them.
 *
 * A map lives as long as the catalogue names its arena or a view points into
 * it.  Lookups are lock-free: chains of maps hang from a fixed table of heads;
 * a map taken out of its chain is freed only when no reader can still be
 * walking there (the caller says when) and nothing pins it.
 */
#ifndef BCI_MAPPED_H
#define BCI_MAPPED_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "record.h"

#define BCI_PIN_SHARDS 16 /* one a lane */
#define BCI_MAP_HEADS 512
#define BCI_MOVED_TAGS 65536u
#define BCI_MOVED_BYTES (BCI_MOVED_TAGS * sizeof(atomic_ullong))

/*
 * A shard of a map's pins, on a cache line of its own.  'taken' is only added
 * to by whoever has the lane of that number, so that it needs no locked add;
 * 'dropped' by any thread that lets go of a view.
 */
struct bci_pin {
	atomic_long taken;
	atomic_long dropped;
	char rest[BCI_CACHE_LINE - 2 * sizeof(atomic_long)];
};

struct bci_maps;

struct bci_map {
	struct bci_pin pins[BCI_PIN_SHARDS];
	uint64_t number;
	const unsigned char *base;
	uint64_t map_bytes;
	uint64_t page_bytes;       /* of LMDB */
	atomic_ullong known_bytes; /* of the file, when last looked */
	atomic_ullong ahead_bytes; /* up to where heads are ready: ahead.h */
	atomic_ullong *whole;      /* a bit a page: blocks checked */
	atomic_ullong *small;      /* a bit a line: small segments checked */
	uint64_t whole_bytes, small_bytes;
	_Atomic(struct bci_map *) next;
	struct bci_map *limbo_next; /* under the mutex */
	atomic_bool dying;          /* out of the table */
	struct bci_maps *maps;
	enum bci_arena_class class_;
	dev_t device;
	ino_t inode;
};

struct bci_maps {
	_Atomic(struct bci_map *) heads[BCI_MAP_HEADS];
	pthread_mutex_t mutex;
	struct bci_map *limbo; /* taken out, not yet unmapped */
	atomic_uint limbo_count;
	atomic_uint count;
	int class_fd[3]; /* directories by class; -1: not there */
	int lock_fd;     /* arenas.lock: a shared lock a mapped arena */
	/* Tags of segments, see checked.c; NULL before anything is mapped, or
	 * if there is no memory for them. */
	_Atomic(atomic_ullong *) moved;
	struct bc_allocator allocator;
};

void bci_maps_open(struct bci_maps *maps, const struct bc_allocator *allocator);

/* Unmap everything; nothing may be pinned. */
void bci_maps_close(struct bci_maps *maps);

/* The sum of all pins. */
long bci_maps_pins(struct bci_maps *maps);

/* What is mapped: file bytes of arenas in the table, and in limbo; all pins. */
struct bci_survey {
	uint64_t mapped_bytes, limbo_bytes, pins;
};

/* Whether arena 'number' is mapped, in limbo or not. */
bool bci_maps_has(struct bci_maps *maps, uint64_t number);

/* False if another thread has the table: ask later. */
bool bci_maps_survey(struct bci_maps *maps, struct bci_survey *out);

/* The map of arena 'number' or NULL. */
static inline struct bci_map *
bci_maps_find(struct bci_maps *maps, uint64_t number)
{
	/* Not before the lane was taken, which who takes maps out looks at. */
	struct bci_map *map = atomic_load_explicit(
		&maps->heads[number % BCI_MAP_HEADS], memory_order_seq_cst);

	while (map != NULL && map->number != number)
		map = atomic_load_explicit(&map->next, memory_order_acquire);
	return map;
}

/*
 * Map arena 'number'.  BC_MISS if its file is gone; BC_NOMEM, BC_IO, BC_UNSAFE,
 * BC_DENIED.
 */
enum bc_status bci_maps_add(struct bci_maps *maps, uint64_t number,
                            const struct bci_arena_record *arena,
                            struct bci_map **out);

/* Take the map of 'number' out of the table; its memory goes to limbo. */
void bci_maps_drop(struct bci_maps *maps, uint64_t number);

/* Numbers of the arenas that are mapped, up to 'capacity'; returns how many. */
size_t bci_maps_numbers(struct bci_maps *maps, uint64_t *numbers,
                        size_t capacity);

/*
 * Unmap what is in limbo and not pinned, if 'quiet' says that no reader of this
 * process is between a lookup and a pin.  It is asked when no map can get into
 * limbo: one that did so after the question could have been found before.
 */
void bci_maps_collect(struct bci_maps *maps, bool (*quiet)(const void *context),
                      const void *context);

/* Pin a map; the caller has lane 'lane' to itself. */
static inline void
bci_map_pin(struct bci_map *map, unsigned lane)
{
	atomic_long *taken = &map->pins[lane].taken;

	atomic_store_explicit(
		taken, atomic_load_explicit(taken, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

/*
 * Bytes of the value that begins with the page at 'at', its head of LMDB among
 * them; 0 if none does that lies before 'end'.  The page does.
 */
uint64_t bci_map_value(const struct bci_map *map, uint64_t at, uint64_t end);

/* Whether the file reaches up to 'end_bytes'; asks the kernel if need be. */
bool bci_map_reaches(struct bci_map *map, uint64_t end_bytes);

#endif /* BCI_MAPPED_H */

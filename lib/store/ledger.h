/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - shared memory of all processes that have a cache open: access
 * stamps, counters, the table of processes.
 *
 * It is advisory: lost or damaged it is rebuilt, and only statistics and the
 * order of eviction suffer.  A file of fixed areas, each allocated on the disk
 * up to a published count before anybody touches it:
 *
 *   0         struct bci_ledger_header
 *   64 KiB    rows: one a process
 *   16 MiB    slots: one a segment, 16 bytes
 */
#ifndef BCI_LEDGER_H
#define BCI_LEDGER_H

#include <stdatomic.h>

#include "record.h"

#define BCI_LEDGER_FILE "ledger"
#define BCI_LEDGER_VERSION 1
#define BCI_LEDGER_ROWS_AT (64u << 10)
#define BCI_LEDGER_ROWS 4096u
#define BCI_LEDGER_SLOTS_AT (16u << 20)
#define BCI_LEDGER_SLOTS (1u << 27)

/* Counter shards of a process; a shard belongs to whoever has its lane. */
#define BCI_LANES 16

struct bci_ledger_header {
	uint8_t magic[4]; /* "BCLG" */
	uint32_t version;
	uint64_t cache_id;
	atomic_uint rows_ready;
	atomic_uint slots_ready;
	atomic_ullong generation;  /* grows when arenas were removed */
	atomic_ullong bad_count;   /* grows when a segment is marked bad */
	atomic_ullong bad_handled; /* bad_count that writers have acted on */
	atomic_uint leases_ended;  /* a futex: see lease.h; began as reserved */
	uint32_t reserved0;
};
_Static_assert(sizeof(struct bci_ledger_header) == 56, "ledger header");

enum bci_counter {
	BCI_COUNT_HITS,                               /* + enum bc_tier */
	BCI_COUNT_MISSES = BCI_COUNT_HITS + BC_TIERS, /* + enum bc_miss */
	BCI_COUNT_PUTS = BCI_COUNT_MISSES + BC_MISS_REASONS,
	BCI_COUNT_REMOVALS,
	BCI_COUNT_PUT_BYTES,
	BCI_COUNT_END
};
#define BCI_COUNTERS 16
_Static_assert(BCI_COUNT_END <= BCI_COUNTERS, "counters of a shard");

struct bci_shard {
	atomic_ullong counters[BCI_COUNTERS];
};

/*
 * One process.  Counters only ever grow, whoever owns the row: the cache's are
 * the sum over all rows, a process's are its row's less 'base'.
 */
struct bci_row {
	uint64_t pid;
	uint64_t pid_namespace;
	int64_t opened_ns;
	uint64_t reserved0;
	char name[32];
	uint64_t reserved1[8];
	uint64_t base[BCI_COUNTERS];
	struct bci_shard shards[BCI_LANES];
};
_Static_assert(sizeof(struct bci_row) == 256 + 128 * BCI_LANES, "row");
_Static_assert(BCI_LEDGER_ROWS_AT + BCI_LEDGER_ROWS * sizeof(struct bci_row) <=
                       BCI_LEDGER_SLOTS_AT,
               "rows end before the slots");

/*
 * One segment.  'word' is its id and, above it, the bits that can change a
 * result; a stamp for another id is dropped.
 */
struct bci_slot {
	atomic_uint accessed_s; /* seconds since 1970 */
	atomic_uint count;      /* 1 for the put, 1 for each hit */
	atomic_ullong word;
};
_Static_assert(sizeof(struct bci_slot) == 16, "slot");

#define BCI_SLOT_BAD (1ull << 63)
#define BCI_SLOT_ID ((1ull << 62) - 1)

struct bci_ledger {
	struct bci_ledger_header *header; /* NULL: there is no ledger */
	struct bci_row *rows;
	struct bci_slot *slots;
	uint64_t map_bytes;
	struct bci_row *row; /* of this process; private memory if none free */
	unsigned row_index;  /* BCI_LEDGER_ROWS: the row is private */
	int fd;              /* holds the lock on our row */
	bool writable;
};

/* The id of a segment: its place, which is never used twice. */
static inline uint64_t
bci_segment_id(const struct bci_locator *locator, uint64_t entry_id)
{
	if (locator->arena == 0) /* inline in the catalogue */
		return (1ull << 61) | (entry_id & ((1ull << 60) - 1));
	return (uint64_t)locator->arena << 26 | locator->offset >> 6;
}

/*
 * Open the ledger in 'dir_fd'; make it, or rebuild it in place if it is not of
 * this cache, when 'may_write' (the caller then holds the writer lock).
 * Without a usable file the ledger is empty and counts in private memory.
 */
enum bc_status bci_ledger_open(struct bci_ledger *ledger, int dir_fd,
                               uint64_t cache_id, bool may_write, bool group,
                               const struct bc_allocator *allocator,
                               struct bc_error *err);

void bci_ledger_close(struct bci_ledger *ledger,
                      const struct bc_allocator *allocator);

/* In a forked child: give up descriptors, keep what views may still need. */
void bci_ledger_abandon(struct bci_ledger *ledger);

/* The inode of our PID namespace: process numbers mean nothing without it. */
uint64_t bci_process_namespace(void);

/*
 * Claim a row for this process, called 'name' or, if NULL, as its program is.
 * Without a free row counts go to private memory.
 */
void bci_ledger_claim(struct bci_ledger *ledger, const char *name,
                      uint64_t pid_namespace,
                      const struct bc_allocator *allocator);

/* Make slots [0, count) usable; the writer lock is held. */
enum bc_status bci_ledger_grow(struct bci_ledger *ledger, uint64_t count,
                               struct bc_error *err);

/* The slot or NULL if the ledger has no such slot. */
static inline struct bci_slot *
bci_ledger_slot(const struct bci_ledger *ledger, uint32_t number)
{
	if (BCI_UNLIKELY(
		    ledger->header == NULL ||
		    number >= atomic_load_explicit(&ledger->header->slots_ready,
	                                           memory_order_acquire)))
		return NULL;
	return &ledger->slots[number];
}

/* Begin a slot anew for segment 'id', 0: none; the writer lock is held. */
void bci_slot_begin(struct bci_ledger *ledger, uint32_t number, uint64_t id,
                    uint32_t now_s, uint32_t count);

/* Whether the segment is marked bad. */
static inline bool
bci_slot_is_bad(const struct bci_slot *slot, uint64_t id)
{
	return slot != NULL &&
	       atomic_load_explicit(&slot->word, memory_order_relaxed) ==
	               (id | BCI_SLOT_BAD);
}

/*
 * Note a hit.  The count is a load and a store: two processes that hit one
 * segment in the same few nanoseconds may count once, which no eviction minds;
 * a locked add would cost every hit a fence.  The counters of requests, which
 * must add up, are exact.
 */
static inline void
bci_slot_stamp(struct bci_slot *slot, uint64_t id, uint32_t now_s)
{
	uint32_t count;

	if ((atomic_load_explicit(&slot->word, memory_order_relaxed) &
	     BCI_SLOT_ID) != id)
		return;
	if (atomic_load_explicit(&slot->accessed_s, memory_order_relaxed) !=
	    now_s)
		atomic_store_explicit(&slot->accessed_s, now_s,
		                      memory_order_relaxed);
	count = atomic_load_explicit(&slot->count, memory_order_relaxed);
	if (BCI_LIKELY(count != UINT32_MAX))
		atomic_store_explicit(&slot->count, count + 1,
		                      memory_order_relaxed);
}

/* Mark a segment bad, if the slot is still its own. */
void bci_slot_mark_bad(struct bci_ledger *ledger, uint32_t number, uint64_t id);

/* Add to a counter.  The caller has the lane to itself. */
static inline void
bci_count(struct bci_ledger *ledger, unsigned lane, unsigned counter,
          uint64_t amount)
{
	atomic_ullong *at = &ledger->row->shards[lane].counters[counter];

	atomic_store_explicit(
		at, atomic_load_explicit(at, memory_order_relaxed) + amount,
		memory_order_relaxed);
}

/* Sums over all rows, and of this process alone. */
void bci_ledger_totals(const struct bci_ledger *ledger,
                       uint64_t totals[BCI_COUNTERS],
                       uint64_t own[BCI_COUNTERS]);

/* Whether the process of row 'index' is alive. */
bool bci_ledger_row_lives(const struct bci_ledger *ledger, unsigned index);

/* Counters of a row, less its base. */
void bci_row_counters(const struct bci_row *row, uint64_t out[BCI_COUNTERS]);

/* Bytes of the file on the disk. */
uint64_t bci_ledger_bytes(const struct bci_ledger *ledger);

#endif /* BCI_LEDGER_H */

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
 *   4 KiB     histograms: of processes that are gone, one an operation
 *   16 KiB    rows: one a process
 *   56 MiB    the sketch of the eviction policy, 1 MiB
 *   64 MiB    slots: one a segment, 16 bytes
 *
 * What the header says is believed when the file is opened; from then on a
 * process goes by what it has found there itself (see bci_ledger_slot()), so
 * that a header damaged while it is in use sends nobody past the end.
 */
#ifndef BCI_LEDGER_H
#define BCI_LEDGER_H

#include <stdatomic.h>

#include "histogram.h"
#include "policy.h"

#define BCI_LEDGER_FILE "ledger"
#define BCI_LEDGER_VERSION 2
#define BCI_LEDGER_PAST_AT (4u << 10)
#define BCI_LEDGER_ROWS_AT (16u << 10)
#define BCI_LEDGER_ROWS 4096u
#define BCI_LEDGER_SKETCH_AT (56u << 20)
#define BCI_LEDGER_SKETCH (1u << 20)
#define BCI_LEDGER_SLOTS_AT (64u << 20)
#ifndef BCI_LEDGER_SLOTS /* less for valgrind: see BARCACHE_SMALL_MAPS */
#define BCI_LEDGER_SLOTS (1u << 27)
#endif

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
	atomic_uint sketch_ready;  /* bytes of the sketch that may be used */
	uint64_t birth;            /* random: tells rebuilt ledgers apart */
	atomic_uint unlinked;      /* grows when links of backtests are taken
	                              away: see links.h */
	uint32_t reserved0;
	uint64_t reserved1[7];
};
_Static_assert(sizeof(struct bci_ledger_header) == 128, "ledger header");

enum bci_counter {
	BCI_COUNT_HITS,                               /* + enum bc_tier */
	BCI_COUNT_MISSES = BCI_COUNT_HITS + BC_TIERS, /* + enum bc_miss */
	BCI_COUNT_PUTS = BCI_COUNT_MISSES + BC_MISS_REASONS,
	BCI_COUNT_REMOVALS,
	BCI_COUNT_PUT_BYTES,
	BCI_COUNT_EVICTIONS, /* entries, and segments of series */
	BCI_COUNT_EVICTED_BYTES,
	BCI_COUNT_EXPIRATIONS,    /* entries that a sweep removed */
	BCI_COUNT_DEMOTIONS,      /* entries that became packed */
	BCI_COUNT_PROMOTIONS,     /* entries that became warm again */
	BCI_COUNT_MOVED_BYTES,    /* copied to clean arenas */
	BCI_COUNT_ARENAS_REMOVED, /* files */
	BCI_COUNT_WRITTEN_BYTES,  /* put into arenas, for whatever reason */
	BCI_COUNT_FETCHES,        /* calls of a caller's function */
	BCI_COUNT_FETCH_NS,       /* time spent in them */
	BCI_COUNT_LINKS,          /* of backtests, written */
	BCI_COUNT_NOT_CACHED,     /* puts that were let go: best effort */
	BCI_COUNT_QUARANTINED,    /* damaged segments that were dropped */
	BCI_COUNT_STALE,          /* hits on what had expired, as asked for */
	BCI_COUNT_END
};
#define BCI_COUNTERS 32
_Static_assert(BCI_COUNT_END <= BCI_COUNTERS, "counters of a shard");

struct bci_shard {
	atomic_ullong counters[BCI_COUNTERS];
};

/*
 * One process.  Counters only ever grow, whoever owns the row: the cache's are
 * the sum over all rows, a process's are its row's less 'base'.  Histograms
 * begin anew with each owner; those of the last one are added to the past's.
 */
struct bci_row {
	uint64_t pid;
	uint64_t pid_namespace;
	int64_t opened_ns;
	/* What the process notes of itself from time to time. */
	atomic_llong noted_ns;
	char name[32];
	atomic_ullong mapped_bytes;  /* of arenas that the catalogue names */
	atomic_ullong limbo_bytes;   /* of arenas that only views keep */
	atomic_llong limbo_since_ns; /* the oldest of these; 0: none */
	atomic_ullong views;         /* held */
	atomic_llong views_since_ns; /* without a break; 0: none held */
	atomic_ullong links_pending; /* of backtests, not written yet */
	uint64_t reserved1[18];
	uint64_t base[BCI_COUNTERS];
	struct bci_shard shards[BCI_LANES];
	struct bci_histogram latency[BC_OPS];
};
_Static_assert(sizeof(struct bci_row) ==
                       512 + 256 * BCI_LANES +
                               BC_OPS * sizeof(struct bci_histogram),
               "row");
_Static_assert(BCI_LEDGER_PAST_AT + BC_OPS * sizeof(struct bci_histogram) <=
                       BCI_LEDGER_ROWS_AT,
               "histograms end before the rows");
_Static_assert(BCI_LEDGER_ROWS_AT + BCI_LEDGER_ROWS * sizeof(struct bci_row) <=
                       BCI_LEDGER_SKETCH_AT,
               "rows end before the sketch");

/*
 * One segment.  'word' is its id with the bits that say more of it; a stamp for
 * another id is dropped.
 */
struct bci_slot {
	atomic_uint accessed_s; /* seconds since 1970 */
	atomic_uint counts;     /* of accesses, and above them the credit */
	atomic_ullong word;
};
_Static_assert(sizeof(struct bci_slot) == 16, "slot");

/* Of `counts`: the accesses, from which bit on the credit less 1 is, its end.
 */
#define BCI_SLOT_ACCESSES ((1u << 30) - 1)
#define BCI_SLOT_CREDIT 30
_Static_assert(BCI_CREDIT_MAX - 1 == UINT32_MAX >> BCI_SLOT_CREDIT, "credit");

#define BCI_SLOT_BAD (1ull << 63)
#define BCI_SLOT_DECODED (1ull << 62) /* some process has decoded it */
#define BCI_SLOT_PART (1ull << 60)    /* of a series, which counts its own */
#define BCI_SLOT_ID ((1ull << 62) - 1 - BCI_SLOT_PART)

struct bci_ledger {
	struct bci_ledger_header *header; /* NULL: there is no ledger */
	struct bci_histogram *past;       /* of processes that are gone */
	struct bci_row *rows;
	struct bci_slot *slots;
	atomic_uint rows_known, slots_known; /* found to be in the file */
	bool sketch_known;
	uint64_t map_bytes;
	struct bci_row *row; /* of this process; private memory if none free */
	unsigned row_index;  /* BCI_LEDGER_ROWS: the row is private */
	int fd;              /* holds the lock on our row */
	bool writable;
};

/* The id of an entry as such: a series, or a value in the catalogue. */
static inline uint64_t
bci_entry_slot_id(uint64_t entry_id)
{
	return (1ull << 61) | (entry_id & ((1ull << 60) - 1));
}

/* The id of a segment: its place, which is never used twice. */
static inline uint64_t
bci_segment_id(const struct bci_locator *locator, uint64_t entry_id)
{
	if (locator->arena == 0)
		return bci_entry_slot_id(entry_id);
	return (uint64_t)locator->arena << 26 | locator->offset >> 6;
}

/* What the word of a slot of a new segment of an entry is. */
static inline uint64_t
bci_segment_word(const struct bci_locator *locator,
                 const struct bci_entry_record *head)
{
	return bci_segment_id(locator, head->id) |
	       (head->kind == BC_SERIES ? BCI_SLOT_PART : 0);
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

/* Rows, and slots, that may be looked at. */
unsigned bci_ledger_rows(struct bci_ledger *ledger);
unsigned bci_ledger_slots(struct bci_ledger *ledger);

/*
 * The sketch, BCI_LEDGER_SKETCH bytes that any process may change at any time,
 * or NULL if it cannot be had.  The first call makes it, of zeros: the writer
 * lock is held.
 */
uint8_t *bci_ledger_sketch(struct bci_ledger *ledger);

struct bci_slot *bci_ledger_slot_slow(struct bci_ledger *ledger,
                                      uint32_t number);

/* The slot or NULL if the ledger has no such slot. */
static inline struct bci_slot *
bci_ledger_slot(struct bci_ledger *ledger, uint32_t number)
{
	if (BCI_UNLIKELY(number >= atomic_load_explicit(&ledger->slots_known,
	                                                memory_order_relaxed)))
		return bci_ledger_slot_slow(ledger, number);
	return &ledger->slots[number];
}

/*
 * Begin a slot anew with its word, 0: of no segment; the writer lock is held.
 * One access, the put, unless it is of no segment.
 */
void bci_slot_begin(struct bci_ledger *ledger, uint32_t number, uint64_t word,
                    uint32_t now_s);

/*
 * The segment 'from' of a slot has another place now, and so another word; all
 * else stays, but for its credit, unless that is 0.  A slot that was of another
 * segment begins anew, as one that nobody accessed lately.
 */
void bci_slot_move(struct bci_ledger *ledger, uint32_t number, uint64_t from,
                   uint64_t word, unsigned credit);

/* How often it was accessed: 1 for the put, 1 for each hit. */
static inline uint32_t
bci_slot_accesses(const struct bci_slot *slot)
{
	return atomic_load_explicit(&slot->counts, memory_order_relaxed) &
	       BCI_SLOT_ACCESSES;
}

/*
 * What a policy that goes by where segments lie has left of that: it takes some
 * away when it keeps one, of which no user is to see anything.
 */
static inline unsigned
bci_slot_credit(const struct bci_slot *slot)
{
	return 1 + (atomic_load_explicit(&slot->counts, memory_order_relaxed) >>
	            BCI_SLOT_CREDIT);
}

/* Counts after one more access; both stay where they are full. */
static inline uint32_t
bci_counts_hit(uint32_t counts)
{
	const uint32_t one = 1u << BCI_SLOT_CREDIT;

	counts += counts < (BCI_CREDIT_MAX - 1) * one ? one : 0;
	return counts + ((counts & BCI_SLOT_ACCESSES) != BCI_SLOT_ACCESSES);
}

/* Whether there are marks that no writer has acted on yet. */
static inline bool
bci_ledger_has_bad(const struct bci_ledger *ledger)
{
	const struct bci_ledger_header *header = ledger->header;

	return header != NULL && atomic_load(&header->bad_count) !=
	                                 atomic_load(&header->bad_handled);
}

/*
 * Whether the segment is marked bad.  Writers leave no mark that they have
 * acted on, so that one which nobody counted is a bit that flipped: the segment
 * is to be judged by its checksums.
 */
static inline bool
bci_slot_is_bad(struct bci_ledger *ledger, uint32_t number, uint64_t id)
{
	const struct bci_slot *slot = bci_ledger_slot(ledger, number);

	return slot != NULL &&
	       (atomic_load_explicit(&slot->word, memory_order_relaxed) &
	        (BCI_SLOT_ID | BCI_SLOT_BAD)) == (id | BCI_SLOT_BAD) &&
	       bci_ledger_has_bad(ledger);
}

/* The segment that a slot is of. */
static inline uint64_t
bci_slot_id(const struct bci_slot *slot)
{
	return atomic_load_explicit(&slot->word, memory_order_relaxed) &
	       BCI_SLOT_ID;
}

/* Note that the segment was decoded; whether it had been before. */
bool bci_slot_decoded(struct bci_ledger *ledger, uint32_t number, uint64_t id);

/*
 * Note a hit.  The count is a load and a store: two processes that hit one
 * segment in the same few nanoseconds may count once, which no eviction minds;
 * a locked add would cost every hit a fence.  The counters of requests, which
 * must add up, are exact.
 */
static inline void
bci_slot_stamp(struct bci_slot *slot, uint64_t id, uint32_t now_s)
{
	uint32_t counts;

	if ((atomic_load_explicit(&slot->word, memory_order_relaxed) &
	     BCI_SLOT_ID) != id)
		return;
	if (atomic_load_explicit(&slot->accessed_s, memory_order_relaxed) !=
	    now_s)
		atomic_store_explicit(&slot->accessed_s, now_s,
		                      memory_order_relaxed);
	counts = atomic_load_explicit(&slot->counts, memory_order_relaxed);
	atomic_store_explicit(&slot->counts, bci_counts_hit(counts),
	                      memory_order_relaxed);
}

/*
 * Mark a segment bad, if the slot is still its own, and count that; a mark that
 * nobody counted is counted, too.
 */
void bci_slot_mark_bad(struct bci_ledger *ledger, uint32_t number, uint64_t id);

/* Add to a counter, which stays full once it is.  The caller has the lane. */
static inline void
bci_count(struct bci_ledger *ledger, unsigned lane, unsigned counter,
          uint64_t amount)
{
	atomic_ullong *at = &ledger->row->shards[lane].counters[counter];
	uint64_t count = atomic_load_explicit(at, memory_order_relaxed);

	if (BCI_LIKELY(count + amount >= count))
		atomic_store_explicit(at, count + amount, memory_order_relaxed);
}

/* Note how long an operation took; any thread, at any time. */
static inline void
bci_ledger_time(struct bci_ledger *ledger, enum bc_op op, int64_t ns)
{
	bci_histogram_add(&ledger->row->latency[op], ns < 0 ? 0 : (uint64_t)ns);
}

/* Sums over all rows of the file. */
void bci_ledger_sums(struct bci_ledger *ledger, uint64_t sums[BCI_COUNTERS]);

/* The same with what is in private memory, and of this process alone. */
void bci_ledger_totals(struct bci_ledger *ledger, uint64_t totals[BCI_COUNTERS],
                       uint64_t own[BCI_COUNTERS]);

/* The histogram of 'op' of all processes, ever. */
void bci_ledger_times(struct bci_ledger *ledger, enum bc_op op,
                      struct bci_histogram *out);

/* Whether the process of row 'index' is alive. */
bool bci_ledger_row_lives(const struct bci_ledger *ledger, unsigned index);

/* Counters of a row, less its base. */
void bci_row_counters(const struct bci_row *row, uint64_t out[BCI_COUNTERS]);

/* Bytes of the file on the disk. */
uint64_t bci_ledger_bytes(const struct bci_ledger *ledger);

#endif /* BCI_LEDGER_H */

/* SPDX-License-Identifier: MIT */
/*
 * record.h - what the catalogue stores, byte for byte.
 *
 * Every record begins with a version byte, is little-endian, and has no padding
 * that is not named.  The tables are described in doc/format.md; the layouts
 * are pinned here by static assertions.
 */
#ifndef BCI_RECORD_H
#define BCI_RECORD_H

#include "schema.h"

/* Caches of format 1 are read, and become format 2 when first written to. */
#define BCI_FORMAT_VERSION 2
#define BCI_FORMAT_OLDEST 1
#define BCI_RECORD_VERSION 1

/* A record stays in its leaf page, so the catalogue frees single pages only. */
#define BCI_RECORD_MAX 1900

/* Bytes between the start of a page and the value that LMDB puts there. */
#define BCI_VALUE_SHIFT 16

/* What 'bytes' take in the file of an arena as a value of their own. */
static inline uint64_t
bci_value_pages(uint64_t bytes)
{
	return bci_round_up(bytes + BCI_VALUE_SHIFT, BCI_PAGE);
}

/* Segments that the entry record of a series names itself, at most. */
#define BCI_NEWER_MAX 6

/* Rows in the entry record of a series, at most; see bci_tail_room(). */
#define BCI_TAIL_MAX 64

/* What an entry record may take of a leaf page, key included. */
#define BCI_LEAF_BYTES 2000u

/* Longest request text kept in the detail record; longer ones have a table. */
#define BCI_REQUEST_INLINE 1500

/* Different shapes of frames that a cache may know; none is ever forgotten. */
#define BCI_SCHEMAS_MAX 262144u

/* Values put alone and not longer than this lie in the entry record itself. */
#define BCI_INLINE_MAX 1400

/* `meta`, key "config": changed by bc_config_set() only. */
struct bci_config_record {
	uint8_t version;
	uint8_t durability; /* enum bc_durability */
	uint8_t group;      /* 1: files are 0660 */
	uint8_t reserved0;
	uint32_t format_version;
	uint64_t cache_id;
	int64_t created_ns;
	uint64_t warm_bytes;
	uint64_t cold_bytes;
	uint64_t value_max_bytes;
	uint64_t entries_max;
	uint32_t sync_interval_ms;
	uint32_t reserved1;
	/* From here on since format 2; a shorter record has zeros here. */
	uint8_t policy;      /* enum bc_policy; 0: the default */
	uint8_t low_percent; /* of a budget, for eviction; 0: the default */
	uint8_t frozen;      /* 1: nobody writes until it is thawed */
	uint8_t reserved2[5];
	int64_t ttl_ns;      /* of entries no rule names; 0: they stay */
	int64_t cold_ttl_ns; /* from going cold on; 0: no other than theirs */
	uint32_t expire_interval_ms; /* between sweeps; 0: the default */
	uint32_t reserved3;
	uint64_t reserved4[4];
};
_Static_assert(sizeof(struct bci_config_record) == 128, "config record");
#define BCI_CONFIG_OLD_BYTES 64u

/* How far eviction goes if nobody said. */
#define BCI_LOW_PERCENT 85u

static inline unsigned
bci_config_low_percent(const struct bci_config_record *config)
{
	return config->low_percent != 0 ? config->low_percent : BCI_LOW_PERCENT;
}

/* `meta`, key "state": rewritten by every commit. */
struct bci_state_record {
	uint8_t version;
	uint8_t unsynced; /* 1: an arena has bytes that were never synced */
	uint8_t reserved0[2];
	uint32_t next_schema;
	uint64_t revision; /* of the newest commit */
	uint64_t next_entry;
	uint64_t next_arena;
	uint64_t next_slot;
	uint64_t active_arena; /* of BCI_YOUNG; 0: none */
	uint64_t entries;
	uint64_t segments;
	uint64_t live_bytes; /* of segments that entries name */
	uint64_t linked_warm_bytes;
	uint64_t linked_cold_bytes;
	int64_t unsynced_ns; /* wall clock of the oldest unsynced commit */
	uint8_t boot_id[16]; /* of the boot that wrote this */
	/* From here on since format 2; a shorter record has zeros here. */
	uint64_t active_main, active_cold; /* as active_arena */
	uint64_t live_cold_bytes;          /* the part of live_bytes there */
	uint64_t cold_raw_bytes;           /* what these would take unpacked */
	int64_t committed_ns;              /* wall clock of the newest commit */
	uint64_t evicted;      /* entries that are known, but evicted */
	int64_t clock_ns;      /* wall clock at the boot, as of that commit */
	int64_t clock_set_ns;  /* ns since the boot when that last changed */
	uint64_t inline_bytes; /* the part of live_bytes in entry records */
	uint64_t reserved1;
};
_Static_assert(sizeof(struct bci_state_record) == 192, "state record");
#define BCI_STATE_OLD_BYTES 112u

enum bci_arena_class { BCI_ARENA_WARM = 1, BCI_ARENA_COLD = 2 };

/*
 * A queue of arenas: one is appended to, the oldest one goes first.  What is
 * put goes to the young one, what was worth keeping when its arena went to the
 * main one, what is packed to the cold one.
 */
enum bci_queue { BCI_YOUNG, BCI_MAIN, BCI_COLD, BCI_QUEUES };

static inline enum bci_arena_class
bci_queue_class(enum bci_queue queue)
{
	return queue == BCI_COLD ? BCI_ARENA_COLD : BCI_ARENA_WARM;
}

/* The live bytes of the warm class, those in entry records included. */
static inline uint64_t
bci_state_live_warm(const struct bci_state_record *state)
{
	return state->live_bytes -
	       bci_min(state->live_bytes, state->live_cold_bytes);
}

/* Where the state has the sum of the arenas of a class. */
static inline uint64_t *
bci_state_linked(struct bci_state_record *state, enum bci_arena_class class_)
{
	return class_ == BCI_ARENA_COLD ? &state->linked_cold_bytes
	                                : &state->linked_warm_bytes;
}

/* Where the state has the number of a queue's active arena. */
static inline uint64_t *
bci_state_active(struct bci_state_record *state, enum bci_queue queue)
{
	switch (queue) {
	case BCI_MAIN:
		return &state->active_main;
	case BCI_COLD:
		return &state->active_cold;
	default:
		return &state->active_arena;
	}
}

/* `arenas`, key: number u64. */
struct bci_arena_record {
	uint8_t version;
	uint8_t class_; /* enum bci_arena_class */
	uint8_t sealed;
	uint8_t queue; /* enum bci_queue */
	uint32_t page_bytes;
	uint64_t capacity_bytes; /* what LMDB may grow the file to */
	uint64_t end_bytes;      /* committed end of the file */
	uint64_t synced_bytes;   /* known to be on the disk up to here */
	uint64_t live_bytes;
	uint64_t segments; /* live ones */
	uint64_t txnid;    /* LMDB's, of the last append */
};
_Static_assert(sizeof(struct bci_arena_record) == 56, "arena record");

/* Where a segment lies, and what is needed to read it without asking more. */
struct bci_locator {
	uint32_t arena;
	uint32_t bytes;    /* header, data and text; not LMDB's rounding */
	uint64_t offset;   /* of the segment header in the arena file */
	uint64_t checksum; /* XXH3 of header and block table */
	int64_t first_ns;
	int64_t last_ns;
	int64_t step_ns; /* constant step between rows, or 0 */
	uint32_t rows;
	uint32_t slot;         /* in the ledger */
	uint32_t header_bytes; /* from the header to the column data */
	uint8_t codec;         /* enum bci_form */
	uint8_t raw_lines[3];  /* in a cold arena: lines it takes unpacked */
};
_Static_assert(sizeof(struct bci_locator) == 64, "segment locator");

/* How the content of a segment is stored. */
enum bci_form {
	BCI_FORM_RAW = 0,   /* as readers use it */
	BCI_FORM_PACKED = 1 /* see doc/format.md; only in cold arenas */
};

/*
 * What the image of a segment takes as readers use it, in lines of 64 bytes;
 * 0 unless it lies in a cold arena.
 */
static inline uint32_t
bci_locator_raw_lines(const struct bci_locator *locator)
{
	return locator->raw_lines[0] | (uint32_t)locator->raw_lines[1] << 8 |
	       (uint32_t)locator->raw_lines[2] << 16;
}

static inline void
bci_locator_set_raw_lines(struct bci_locator *locator, uint32_t lines)
{
	locator->raw_lines[0] = (uint8_t)lines;
	locator->raw_lines[1] = (uint8_t)(lines >> 8);
	locator->raw_lines[2] = (uint8_t)(lines >> 16);
}

/* Whether it lies in a cold arena. */
static inline bool
bci_locator_is_cold(const struct bci_locator *locator)
{
	return bci_locator_raw_lines(locator) != 0;
}

/* Where it is read from, as long as nobody has decoded it. */
static inline enum bc_tier
bci_locator_tier(const struct bci_locator *locator)
{
	return bci_locator_is_cold(locator) ? BC_COLD : BC_WARM;
}

/* Bytes of the image as readers use it; if it is cold, rounded up to 64. */
static inline uint64_t
bci_locator_raw_bytes(const struct bci_locator *locator)
{
	return bci_locator_is_cold(locator)
	               ? 64ull * bci_locator_raw_lines(locator)
	               : locator->bytes;
}

enum bci_entry_flags {
	BCI_ENTRY_INLINE = 1,  /* the segment follows its locator */
	BCI_ENTRY_DERIVED = 2, /* made of another entry: see parent.h */
	BCI_ENTRY_PINNED = 4,  /* never evicted */
	BCI_ENTRY_LABELLED = 8 /* it has labels: see label.h */
};

/*
 * `entries`, key: the key's bytes.  Only what every read needs, so that the
 * leaves of the hottest table stay few: followed by the locator of its segment,
 * or by one with arena 0 and the bytes of an inline segment, or by nothing: it
 * was evicted.  That of a series is followed by a series record, the locators
 * of its newest segments in order of time, and the tail: its newest rows, the
 * columns one behind the other without padding, the time first.
 */
struct bci_entry_record {
	uint8_t version;
	uint8_t kind;    /* enum bc_kind */
	uint16_t flags;  /* enum bci_entry_flags */
	uint32_t schema; /* 0: none */
	uint64_t id;
	uint64_t revision;
	int64_t expires_ns; /* 0: never */
};
_Static_assert(sizeof(struct bci_entry_record) == 32, "entry record");

/*
 * What a series is, as part of its entry record; so an append of a bar rewrites
 * one record.  Its rows are those of the segments in `segments` ("older"), of
 * the locators behind this ("newer") and of the tail, in order of time.  What
 * is known is what `coverage` says, and the two intervals here, which are the
 * newest and may touch.
 */
struct bci_series_record {
	uint64_t rows; /* of all segments and the tail */
	uint64_t older_rows;
	int64_t older_last_ns;              /* of the last of these; 0: none */
	int64_t first_ns, last_ns;          /* of the rows; 0: none */
	int64_t known_from_ns, known_to_ns; /* the newest that is final */
	int64_t open_from_ns, open_to_ns;   /* not final; both 0: none */
	int64_t updated_ns;
	uint64_t tail_checksum; /* XXH3 of the tail; 0: it has no rows */
	uint32_t older_count;
	uint32_t coverage_count; /* intervals in `coverage` */
	uint16_t newer_count;
	uint16_t tail_rows;
	uint8_t known; /* enum bc_known of known_*; 0: none */
	uint8_t open;  /* 1: the last row is a bar that had not ended */
	uint8_t reserved0[2];
	uint32_t slot;      /* of the ledger, for the entry as such; 0: none, or
	                       its number + 1 */
	uint32_t sum;       /* binds this to its entry: see bci_series_sum() */
	int64_t refresh_ns; /* until then what is open need not be asked for */
	int64_t fetched_ns; /* when it was asked for; both 0: always stale */
};
_Static_assert(sizeof(struct bci_series_record) == 128, "series record");

/*
 * `segments`, key: struct bci_order_key of the segment's last row, so that the
 * first key not below (entry, time) is the segment that may hold that time;
 * value: its locator.  `coverage`, key: that of the interval's start.
 */
struct bci_order_key {
	unsigned char bytes[16]; /* entry id, time + 2^63; both big-endian */
};
_Static_assert(sizeof(struct bci_order_key) == 16, "order key");

/* Keys are in the order of their bytes: so numbers in them are big-endian. */
static inline void
bci_key_put(unsigned char to[8], uint64_t number)
{
	for (unsigned i = 0; i < 8; i++)
		to[i] = (unsigned char)(number >> (56 - 8 * i));
}

static inline uint64_t
bci_key_get(const unsigned char from[8])
{
	uint64_t number = 0;

	for (unsigned i = 0; i < 8; i++)
		number = number << 8 | from[i];
	return number;
}

/* A time as a number in the same order, and back. */
static inline uint64_t
bci_key_time(int64_t time_ns)
{
	return (uint64_t)time_ns ^ 1ull << 63;
}

static inline int64_t
bci_key_time_of(uint64_t number)
{
	return (int64_t)(number ^ 1ull << 63);
}

static inline struct bci_order_key
bci_order_key_of(uint64_t entry_id, int64_t time_ns)
{
	struct bci_order_key key;

	bci_key_put(key.bytes, entry_id);
	bci_key_put(key.bytes + 8, bci_key_time(time_ns));
	return key;
}

/* The time of a stored key; false if it is one of another entry. */
static inline bool
bci_order_key_read(const void *stored, size_t bytes, uint64_t entry_id,
                   int64_t *time_ns)
{
	const unsigned char *at = stored;

	if (bytes != sizeof(struct bci_order_key))
		return false;
	*time_ns = bci_key_time_of(bci_key_get(at + 8));
	return bci_key_get(at) == entry_id;
}

struct bci_coverage_record {
	uint8_t version;
	uint8_t known; /* enum bc_known */
	uint8_t reserved0[6];
	int64_t to_ns;
};
_Static_assert(sizeof(struct bci_coverage_record) == 16, "coverage record");

enum bci_detail_flags {
	BCI_DETAIL_REQUEST_TABLE = 1 /* request text is in `requests` */
};

/*
 * `details`, key: entry id u64.  The rest, for info and for requests; followed
 * by the request text unless that is in its table.  Version 1 of the record, of
 * format 1, ends before ttl_ns.
 */
struct bci_detail_record {
	uint8_t version;
	uint8_t flags; /* enum bci_detail_flags */
	uint8_t reserved0[2];
	uint32_t request_bytes;
	int64_t created_ns;
	int64_t updated_ns;
	uint64_t dataset_id;
	uint64_t cost_ns;
	uint64_t suspect_rows;
	uint64_t payload_bytes;
	uint8_t digest[16];
	int64_t ttl_ns; /* as given; 0: by the rules */
	uint64_t reserved1[2];
};
_Static_assert(sizeof(struct bci_detail_record) == 96, "detail record");
#define BCI_DETAIL_VERSION 2
#define BCI_DETAIL_OLD_BYTES 72u

/* `labels`, key: see label.h. */
struct bci_label_record {
	uint8_t version;
	uint8_t reserved0[7];
	int64_t since_ns; /* when the entry got the label */
};
_Static_assert(sizeof(struct bci_label_record) == 16, "label record");

/*
 * A parsed entry: the fixed part and pointers into the record, which live as
 * long as the transaction that it was read in.
 */
struct bci_entry {
	struct bci_entry_record head;
	unsigned segment_count;        /* of a series: the newer ones */
	const unsigned char *locators; /* unaligned */
	const unsigned char *inlined;  /* bytes of an inline segment, or NULL */
	size_t inlined_bytes;
	const unsigned char *tail; /* of a series */
	size_t tail_bytes;
	struct bci_series_record series; /* of a series; else undefined */
};

/* The part of it that concerns a series. */
static inline enum bc_status
bci_entry_parse_series(const unsigned char *at, size_t rest,
                       struct bci_entry *out)
{
	size_t locators;

	if (rest < sizeof(out->series))
		return BC_CORRUPT;
	memcpy(&out->series, at, sizeof(out->series));
	at += sizeof(out->series);
	rest -= sizeof(out->series);
	locators = out->series.newer_count * sizeof(struct bci_locator);
	if (out->series.newer_count > BCI_NEWER_MAX || locators > rest ||
	    out->series.tail_rows > BCI_TAIL_MAX ||
	    (out->series.tail_rows == 0) != (locators == rest) ||
	    (out->head.schema == 0 && out->series.rows != 0) ||
	    out->series.open > 1 || out->series.known > 2)
		return BC_CORRUPT;
	out->segment_count = out->series.newer_count;
	out->locators = at;
	out->tail = at + locators;
	out->tail_bytes = rest - locators;
	return BC_OK;
}

/*
 * Take a stored entry apart.  Returns BC_OK, or BC_CORRUPT if lengths, kinds or
 * counts contradict each other.  Whose it is, is not looked at: see
 * bci_entry_read().
 */
static inline enum bc_status
bci_entry_parse(const void *record, size_t bytes, struct bci_entry *out)
{
	const unsigned char *at = record;
	size_t rest = bytes - sizeof(out->head);

	out->segment_count = 0;
	if (BCI_UNLIKELY(bytes < sizeof(out->head)))
		return BC_CORRUPT;
	memcpy(&out->head, at, sizeof(out->head));
	if (BCI_UNLIKELY(out->head.version != BCI_RECORD_VERSION ||
	                 out->head.kind < BC_FRAME ||
	                 out->head.kind > BC_SERIES))
		return BC_CORRUPT;
	out->locators = at + sizeof(out->head);
	out->inlined = NULL;
	out->inlined_bytes = 0;
	if (out->head.kind == BC_SERIES)
		return bci_entry_parse_series(out->locators, rest, out);
	if (BCI_UNLIKELY(out->head.kind != BC_BLOB && out->head.schema == 0))
		return BC_CORRUPT;
	if (BCI_UNLIKELY((out->head.flags & BCI_ENTRY_INLINE) != 0)) {
		if (rest <= sizeof(struct bci_locator))
			return BC_CORRUPT;
		out->segment_count = 1;
		out->inlined = out->locators + sizeof(struct bci_locator);
		out->inlined_bytes = rest - sizeof(struct bci_locator);
		return BC_OK;
	}
	if (BCI_UNLIKELY(rest != 0 && rest != sizeof(struct bci_locator)))
		return BC_CORRUPT;
	out->segment_count = rest != 0;
	return BC_OK;
}

/*
 * What binds the record of a series to its key and entry: a hash of these and
 * of all that it says, but for what may change without it (slot, refresh_ns,
 * fetched_ns) and the rows of the tail, which have a checksum of their own.
 * Other records need none, because the header of a segment says whose it is.
 */
uint32_t bci_series_sum(const void *key, size_t key_bytes,
                        const struct bci_entry_record *head,
                        const struct bci_series_record *series);

/*
 * Take the stored entry of a key apart: as bci_entry_parse(), and BC_CORRUPT
 * for a series that is another's, or not what was written.
 */
static inline enum bc_status
bci_entry_read(const void *key, size_t key_bytes, const void *record,
               size_t bytes, struct bci_entry *out)
{
	enum bc_status status = bci_entry_parse(record, bytes, out);

	/* NOLINTNEXTLINE(clang-analyzer-core.*): BC_OK came with all of it */
	if (BCI_UNLIKELY(status == BC_OK && out->head.kind == BC_SERIES &&
	                 out->series.sum != bci_series_sum(key, key_bytes,
	                                                   &out->head,
	                                                   &out->series)))
		return BC_CORRUPT;
	return status;
}

/*
 * Whether a parsed entry is a ghost: all that is known of it is that it was
 * evicted.  It counts as absent.
 */
static inline bool
bci_entry_is_ghost(const struct bci_entry *entry)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.*): parsed */
	return entry->head.kind != BC_SERIES && entry->segment_count == 0;
}

/* Copy locator 'index' of a parsed entry. */
static inline void
bci_entry_locator(const struct bci_entry *entry, unsigned index,
                  struct bci_locator *out)
{
	BCI_ASSERT(index < entry->segment_count);
	memcpy(out, entry->locators + index * sizeof(*out), sizeof(*out));
}

/*
 * Name another place for a segment that the record of an entry names itself;
 * false if it names no such segment.
 */
static inline bool
bci_entry_relocate(unsigned char *record, size_t bytes,
                   const struct bci_locator *from, const struct bci_locator *to)
{
	struct bci_entry entry;

	if (bci_entry_parse(record, bytes, &entry) != BC_OK)
		return false;
	for (unsigned i = 0; i < entry.segment_count; i++) {
		size_t at = (size_t)(entry.locators - record) + i * sizeof(*to);

		if (memcmp(record + at, from, sizeof(*from)) == 0) {
			memcpy(record + at, to, sizeof(*to));
			return true;
		}
	}
	return false;
}

#endif /* BCI_RECORD_H */

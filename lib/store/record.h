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

#include "check.h"

#define BCI_FORMAT_VERSION 1
#define BCI_RECORD_VERSION 1

/* A record stays in its leaf page, so the catalogue frees single pages only. */
#define BCI_RECORD_MAX 1900

/* Bytes between the start of a page and the value that LMDB puts there. */
#define BCI_VALUE_SHIFT 16

/* Segments in one entry record; a longer directory would not fit the leaf. */
#define BCI_SEGMENTS_MAX 12

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
};
_Static_assert(sizeof(struct bci_config_record) == 64, "config record");

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
	uint64_t active_arena; /* 0: none */
	uint64_t entries;
	uint64_t segments;
	uint64_t live_bytes; /* of segments that entries name */
	uint64_t linked_warm_bytes;
	uint64_t linked_cold_bytes;
	int64_t unsynced_ns; /* wall clock of the oldest unsynced commit */
	uint8_t boot_id[16]; /* of the boot that wrote this */
};
_Static_assert(sizeof(struct bci_state_record) == 112, "state record");

enum bci_arena_class { BCI_ARENA_WARM = 1, BCI_ARENA_COLD = 2 };

/* `arenas`, key: number u64. */
struct bci_arena_record {
	uint8_t version;
	uint8_t class_; /* enum bci_arena_class */
	uint8_t sealed;
	uint8_t reserved0;
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
	uint8_t codec;         /* 0: raw */
	uint8_t reserved0[3];
};
_Static_assert(sizeof(struct bci_locator) == 64, "segment locator");

enum bci_entry_flags {
	BCI_ENTRY_INLINE = 1 /* the segment follows its locator */
};

/*
 * `entries`, key: the key's bytes.  Only what every read needs, so that the
 * leaves of the hottest table stay few: followed by the locators of its
 * segments, or by one locator with arena 0 and the bytes of an inline segment.
 * Without any locator the entry was evicted.
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

enum bci_detail_flags {
	BCI_DETAIL_REQUEST_TABLE = 1 /* request text is in `requests` */
};

/*
 * `details`, key: entry id u64.  The rest, for info and for requests; followed
 * by the request text unless that is in its table.
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
};
_Static_assert(sizeof(struct bci_detail_record) == 72, "detail record");

/*
 * A parsed entry: the fixed part and pointers into the record, which live as
 * long as the transaction that it was read in.
 */
struct bci_entry {
	struct bci_entry_record head;
	unsigned segment_count;
	const unsigned char *locators; /* unaligned */
	const unsigned char *inlined;  /* bytes of an inline segment, or NULL */
	size_t inlined_bytes;
};

/*
 * Take a stored entry apart.  Returns BC_OK, or BC_CORRUPT if lengths, kinds or
 * counts contradict each other.
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
	                 out->head.kind > BC_ARRAYS ||
	                 (out->head.kind != BC_BLOB && out->head.schema == 0)))
		return BC_CORRUPT;
	out->locators = at + sizeof(out->head);
	out->inlined = NULL;
	out->inlined_bytes = 0;
	if (BCI_UNLIKELY((out->head.flags & BCI_ENTRY_INLINE) != 0)) {
		if (rest <= sizeof(struct bci_locator))
			return BC_CORRUPT;
		out->segment_count = 1;
		out->inlined = out->locators + sizeof(struct bci_locator);
		out->inlined_bytes = rest - sizeof(struct bci_locator);
		return BC_OK;
	}
	if (BCI_UNLIKELY(rest % sizeof(struct bci_locator) != 0 ||
	                 rest / sizeof(struct bci_locator) > BCI_SEGMENTS_MAX))
		return BC_CORRUPT;
	out->segment_count = (unsigned)(rest / sizeof(struct bci_locator));
	return BC_OK;
}

/* Copy locator 'index' of a parsed entry. */
static inline void
bci_entry_locator(const struct bci_entry *entry, unsigned index,
                  struct bci_locator *out)
{
	BCI_ASSERT(index < entry->segment_count);
	memcpy(out, entry->locators + index * sizeof(*out), sizeof(*out));
}

#endif /* BCI_RECORD_H */

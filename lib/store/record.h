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

/* Longest request text kept in the entry record; longer ones have a table. */
#define BCI_REQUEST_INLINE 400

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
	uint64_t revision;    /* of the newest commit */
	uint64_t next_entry;
	uint64_t next_arena;
	uint64_t next_slot;
	uint64_t active_arena; /* 0: none */
	uint64_t entries;
	uint64_t segments;
	uint64_t live_bytes;   /* of segments that entries name */
	uint64_t linked_warm_bytes;
	uint64_t linked_cold_bytes;
	int64_t unsynced_ns;   /* wall clock of the oldest unsynced commit */
	uint8_t boot_id[16];   /* of the boot that wrote this */
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
	uint64_t segments;       /* live ones */
	uint64_t txnid;          /* LMDB's, of the last append */
};
_Static_assert(sizeof(struct bci_arena_record) == 56, "arena record");

/* Where a segment lies, and what is needed to read it without asking more. */
struct bci_locator {
	uint32_t arena;
	uint32_t bytes;       /* header, data and text; not LMDB's rounding */
	uint64_t offset;      /* of the segment header in the arena file */
	uint64_t checksum;    /* XXH3 of header and block table */
	int64_t first_ns;
	int64_t last_ns;
	int64_t step_ns;      /* constant step between rows, or 0 */
	uint32_t rows;
	uint32_t slot;        /* in the ledger */
	uint32_t header_bytes; /* from the header to the column data */
	uint8_t codec;         /* 0: raw */
	uint8_t reserved0[3];
};
_Static_assert(sizeof(struct bci_locator) == 64, "segment locator");

enum bci_entry_flags {
	BCI_ENTRY_INLINE = 1,  /* the segment follows the record itself */
	BCI_ENTRY_EVICTED = 2, /* its segments were evicted */
	BCI_ENTRY_REQUEST_TABLE = 4 /* request text is in `requests` */
};

/*
 * `entries`, key: the key's bytes.  Followed by the request text (unless it is
 * in its table), then by the locators, or by the bytes of an inline segment
 * whose locator precedes it with arena 0.
 */
struct bci_entry_record {
	uint8_t version;
	uint8_t kind;   /* enum bc_kind */
	uint16_t flags; /* enum bci_entry_flags */
	uint32_t schema; /* 0: none */
	uint64_t id;
	uint64_t revision;
	uint64_t rows;
	int64_t first_ns;
	int64_t last_ns;
	int64_t created_ns;
	int64_t updated_ns;
	int64_t expires_ns; /* 0: never */
	uint64_t dataset_id;
	uint64_t cost_ns;
	uint64_t suspect_rows;
	uint64_t payload_bytes;
	uint8_t digest[16];
	uint32_t request_bytes;
	uint16_t segment_count;
	uint16_t reserved0;
};
_Static_assert(sizeof(struct bci_entry_record) == 128, "entry record");

/*
 * A parsed entry: the fixed part and pointers into the record, which live as
 * long as the transaction that it was read in.
 */
struct bci_entry {
	struct bci_entry_record head;
	const char *request;           /* NULL if none or in its table */
	const unsigned char *locators; /* unaligned */
	const unsigned char *inlined;  /* bytes of an inline segment, or NULL */
	size_t inlined_bytes;
};

/*
 * Take a stored entry apart.  Returns BC_OK, or BC_CORRUPT if lengths, kinds or
 * counts contradict each other.
 */
enum bc_status bci_entry_parse(const void *record, size_t bytes,
                               struct bci_entry *out);

/* Copy locator 'index' of a parsed entry. */
void bci_entry_locator(const struct bci_entry *entry, unsigned index,
                       struct bci_locator *out);

/* What goes into an entry record besides its fixed part. */
struct bci_entry_parts {
	const char *request; /* or NULL */
	const struct bci_locator *locators;
	const void *inlined; /* or NULL */
	size_t inlined_bytes;
};

/* Bytes of the record that bci_entry_build() makes. */
size_t bci_entry_bytes(const struct bci_entry_record *head,
                       const struct bci_entry_parts *parts);

/* Put a record together in 'to', bci_entry_bytes() long. */
void bci_entry_build(const struct bci_entry_record *head,
                     const struct bci_entry_parts *parts, unsigned char *to);

#endif /* BCI_RECORD_H */

/* SPDX-License-Identifier: MIT */
/*
 * series.h - a series as its writer sees it: record, segments, tail.
 */
#ifndef BCI_SERIES_H
#define BCI_SERIES_H

#include "entry.h"
#include "writer.h"

/* A segment; its columns are there once it was checked. */
struct bci_series_segment {
	struct bci_locator locator;
	bool older;          /* it is named in `segments` */
	struct bci_map *map; /* pinned in 'shard', or NULL */
	unsigned shard;
	struct bci_hot *hot; /* a reference: what it was decoded to, or NULL */
	const unsigned char *data; /* of the columns, once they are there */
	uint64_t body_bytes;       /* behind it, dictionaries included */
	const void **columns;      /* one a column of the schema, or NULL */
};

/*
 * An entry that is, or is to become, a series.  What is stored is changed only
 * by bci_series_store() and by those who write segments; 'head' and 'record'
 * say what it will be.
 */
struct bci_series {
	struct bci_writer *writer;
	const char *key;
	size_t key_bytes;
	bool exists; /* else there is nothing yet, and no id, but */
	bool ghost;  /* of what was evicted: 'head' has it */
	bool frame;  /* it is stored as a frame */
	bool same;   /* its rows stay what they are: so does its revision */
	struct bci_entry_record head;
	struct bci_series_record record;
	const struct bc_schema *schema; /* NULL: there never were rows */
	struct bci_series_segment *segments;
	size_t segment_count;
	bool loaded;            /* 'segments' are there */
	const void **tail;      /* columns of record.tail_rows rows, or NULL */
	uint64_t tail_rows;     /* of a small frame they may be more than fit */
	struct bci_entry entry; /* as it is stored; points to 'stored' */
	unsigned char *image;   /* of an inline frame, copied */
	struct bc_schema *own;  /* 'schema', if no other transaction knows it */
	struct bci_entry_copy stored;
};

/*
 * Look 'key' up.  An entry that expired or whose record is damaged is removed:
 * then there is none.  BC_INVALID if it is neither series nor frame; BC_CORRUPT
 * if its rows are damaged.  In any case bci_series_close() ends it.
 */
enum bc_status bci_series_open(struct bci_writer *writer, const char *key,
                               size_t key_bytes, struct bci_series *out,
                               struct bc_error *err);
void bci_series_close(struct bci_series *series);

/* Make an entry of what is none: it gets an id. */
enum bc_status bci_series_begin(struct bci_series *series,
                                struct bc_error *err);

/* Load 'segments', unless they are. */
enum bc_status bci_series_load(struct bci_series *series, struct bc_error *err);

/* The time of the last row in a segment; false if there is none. */
bool bci_series_last(const struct bci_series *series, int64_t *last_ns);

/*
 * Check every byte of a segment, unless this process has, and find its columns.
 * BC_CORRUPT if it is damaged: it is marked, and the next writer drops it.
 */
enum bc_status bci_series_map(struct bci_series *series,
                              struct bci_series_segment *segment,
                              struct bc_error *err);

/*
 * Map the arena of a segment and pin it, so that no reader lets it go; BC_MISS
 * if its file is gone, others as bci_maps_add().
 */
enum bc_status bci_segment_pin(struct bci_writer *writer,
                               const struct bci_locator *locator,
                               struct bci_map **map, unsigned *shard,
                               struct bc_error *err);
void bci_segment_unpin(struct bci_map *map, unsigned shard);

/* What a segment must say of itself; NULL or what is wrong. */
const char *bci_series_check(const struct bci_series *series,
                             const unsigned char *image,
                             const struct bci_locator *locator);

/*
 * Its bytes behind the columns: the dictionaries.  Those of a packed segment
 * are known once it is mapped.
 */
uint64_t bci_series_text_bytes(const struct bci_series *series,
                               const struct bci_series_segment *segment);

/* Pointers to the columns of 'rows' rows laid out at 'data', or NULL. */
const void **bci_series_columns(const struct bci_series *series,
                                const unsigned char *data, uint64_t rows);

/*
 * Store the record: 'newer' are the newest record.newer_count segments, 'tail'
 * the columns of record.tail_rows rows, of which the first is 'tail_first'.
 */
enum bc_status bci_series_store(struct bci_series *series,
                                const struct bci_locator *newer,
                                const void *const *tail, struct bc_error *err);

/* Give back what a series holds beside what its record names. */
enum bc_status bci_series_release(struct bci_writer *writer,
                                  const struct bci_entry *entry,
                                  struct bc_error *err);

/* Note a segment that the series gets as it grows, for the handle's trace. */
void bci_series_trace(const struct bci_series *series,
                      const struct bci_locator *locator);

#endif /* BCI_SERIES_H */

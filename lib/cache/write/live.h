/* SPDX-License-Identifier: MIT */
/*
 * live.h - what of an arena is live: the segments in its file that the
 * catalogue still names.
 */
#ifndef BCI_LIVE_H
#define BCI_LIVE_H

#include "entry.h"
#include "writer.h"

/* A segment that is named, by the entry 'key'. */
struct bci_live_segment {
	const char *key;
	size_t key_bytes;
	const struct bci_entry *entry; /* as stored, copied */
	struct bci_locator locator;
	bool older;                 /* a series names it in `segments` */
	const unsigned char *image; /* of header at least; not checked */
	uint64_t revision;          /* as its header says */
};

/*
 * A walk through the file of an arena.  Its bytes are believed in nothing: each
 * header only leads to a key, whose record is looked up.  Between two steps the
 * catalogue may be changed, the segment itself moved or dropped.
 */
struct bci_live {
	struct bci_writer *writer;
	uint64_t number;
	uint64_t page_bytes, end_bytes;
	struct bci_place place; /* where to go on */
	uint64_t value_end;     /* of the value at 'place', if inside one */
	struct bci_map *map;    /* pinned in 'shard' */
	unsigned shard;
	struct bci_entry entry;
	char key[BC_KEY_MAX + 1];
	struct bci_entry_copy stored;
};

/*
 * Begin at 'from'; what was added to the arena is flushed first.  Of a file
 * that is too short the walk is of what is left.  BC_OK; what
 * bci_live_is_over() says; others.  In any case bci_live_close() ends it.
 */
enum bc_status bci_live_open(struct bci_live *live, struct bci_writer *writer,
                             uint64_t number, struct bci_place from,
                             struct bc_error *err);
void bci_live_close(struct bci_live *live);

/* Whether a walk that ended so has come to its end, or there is no file that it
 * could be through. */
static inline bool
bci_live_is_over(enum bc_status status)
{
	return status == BC_MISS || status == BC_CORRUPT || status == BC_ABSENT;
}

/* The next one; it is valid until the walk goes on.  BC_MISS at the end. */
enum bc_status bci_live_next(struct bci_live *live,
                             struct bci_live_segment *out);

#endif /* BCI_LIVE_H */

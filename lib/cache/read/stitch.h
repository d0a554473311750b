/* SPDX-License-Identifier: MIT */
/*
 * stitch.h - rows of several segments as one stretch of memory: their pages
 * mapped side by side, once for all readers of the process that want the same.
 */
#ifndef BCI_STITCH_H
#define BCI_STITCH_H

#include <pthread.h>

#include "chunk.h"

/* Stitches that are kept although nobody looks at them. */
#define BCI_STITCHES_KEPT 64

struct bci_span;
struct bci_map;

/* A piece of a stitch: which segment it is, and what keeps it. */
struct bci_seam {
	uint64_t id;         /* of the segment */
	uint64_t rows;       /* of the piece */
	struct bci_map *map; /* pinned; NULL: the tail */
	uint32_t slot;       /* in the ledger */
	bool mapped;         /* all its whole pages are the segment's own */
};

/*
 * It is laid out as one segment of 'layout_rows' rows.  Row 'lead' of that is
 * the first row of the first piece.  Rows [valid_first, valid_end), as counted
 * from there, are the segments' rows.
 */
struct bci_stitch {
	struct bci_chunk chunk; /* first: views hold references to it */
	const struct bc_schema *shown;
	uint64_t hash;
	uint64_t used; /* when last, as the table counts */
	uint64_t layout_rows, lead;
	uint64_t valid_first, valid_end;
	uint64_t tail_checksum; /* 0 without a tail */
	unsigned char *data;
	uint64_t map_bytes, body_bytes;
	uint64_t private_bytes; /* of these: copies */
	long mappings;          /* that it was reckoned to take */
	bool refused;           /* what could be mapped was copied */
	bool packed;            /* some of it was decoded */
	unsigned shard;
	size_t count;
	struct bci_seam seams[];
};

struct bci_stitches {
	pthread_mutex_t mutex;
	struct bci_stitch *kept[BCI_STITCHES_KEPT];
	uint64_t used;
	uint64_t private_bytes; /* of all kept */
	atomic_uint dropped;    /* how often any were let go */
	atomic_bool packed;     /* some that are kept were decoded */
};

/* Internal limits, which tests lower: bytes of a page of the host; mappings
 * that the process may have, 0: not yet asked for. */
extern uint64_t bci_stitch_page;
extern atomic_long bci_stitch_mappings_max;

/* Mappings in use, and pieces copied because there were too many. */
extern atomic_long bci_stitch_mappings;
extern atomic_ulong bci_stitch_refused;

void bci_stitches_open(struct bci_stitches *stitches);

/*
 * Rows [first, end) of a span, which were checked, as one stretch: *out is a
 * reference.  With 'keep' it may be one that was made before, and is kept.
 * Returns BC_OK, BC_MISS if bytes that are copied with them are damaged,
 * BC_NOMEM.
 */
enum bc_status bci_stitch_get(struct bci_span *span, struct bci_lane *lane,
                              uint64_t first, uint64_t end, bool keep,
                              struct bci_stitch **out);

/* What one is made of: rows [first, end) of some pieces of a span, as they are
 * counted from the first of these. */
struct bci_stitch_work {
	struct bci_stitch *stitch;
	struct bci_span *span;
	struct bci_lane *lane;
	size_t piece; /* the first of the span */
	uint64_t first, end;
};

/* Make one of 'count' pieces; returns as bci_stitch_get(). */
enum bc_status bci_stitch_make(struct bci_stitch_work *work, size_t count,
                               struct bci_lane *lane);

/* Bytes of rows [first, end) of the stitch that were copied. */
uint64_t bci_stitch_copied(const struct bci_stitch *stitch, uint64_t first,
                           uint64_t end);

/* The same for rows as they are laid out, of a view's pin that is a stitch. */
uint64_t bci_stitch_copied_of(const void *pin, uint64_t first, uint64_t end);

/* Let go of those kept whose arenas are gone; the caller has the lane. */
void bci_stitches_drop(struct bci_env *env, struct bci_lane *lane);

/* Let go of decoded ones whose segments lie elsewhere by now. */
void bci_stitches_drop_stale(struct bci_env *env);

/* Let go of the older half, to make room for mappings. */
void bci_stitches_drop_half(struct bci_env *env, struct bci_lane *lane);

/* The same while the environment is being closed, and the end. */
void bci_stitches_shut(struct bci_env *env);
void bci_stitches_free(struct bci_stitches *stitches);

#endif /* BCI_STITCH_H */

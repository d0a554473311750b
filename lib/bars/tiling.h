/* SPDX-License-Identifier: MIT */
/*
 * tiling.h - how the rows of a growing series are cut into segments: which are
 * kept as they are, and where new ones begin and end.
 */
#ifndef BCI_TILING_H
#define BCI_TILING_H

#include "common.h"

/* Long segments have a multiple of so many rows: their columns fill pages. */
#define BCI_TILE_UNIT 4096

/* Rows of a segment, at most. */
#define BCI_TILE_MOST (1u << 20)

/*
 * A shorter one at an end of the series is merged with what comes to it; or one
 * shorter than so many tails, where the tail has room for few rows.
 */
#define BCI_TILE_SHORT 512
#define BCI_TILE_SHORT_TAILS 16

/* Rows rewritten, at most, so that an insertion shifts no others off pages. */
#define BCI_TILE_RECUT (1u << 18)

enum bci_tile_state {
	BCI_TILE_KEPT,   /* nothing of it changed */
	BCI_TILE_EDITED, /* values changed, the number of rows did not */
	BCI_TILE_MOVED   /* rows were inserted or removed */
};

/* A segment, or rows between two that are in none yet. */
struct bci_tile {
	uint64_t rows; /* after the change; 0: all were removed */
	enum bci_tile_state state;
};

struct bci_tiling_rule {
	uint64_t most;      /* rows of a segment; 1 to BCI_TILE_MOST */
	uint64_t tail_room; /* rows that the tail takes; 0: there is none */
	bool open;  /* the last row may change yet: it stays in the tail */
	bool spill; /* the tail may not stay as it is */
};

#define BCI_TILE_WRITTEN SIZE_MAX

/* A segment of the result: rows [first, first + rows) of it. */
struct bci_cut {
	uint64_t first, rows;
	size_t tile; /* that it is, unchanged; BCI_TILE_WRITTEN: a new one */
};

struct bci_tiling {
	struct bci_cut *cuts; /* of the tiling */
	size_t count, capacity;
	uint64_t tail_rows; /* the rows behind the last segment */
	const struct bc_allocator *allocator;
};

/*
 * Cut the rows of 'count' tiles and of a tail of 'tail_rows' rows behind them.
 *
 * Rows that come to either end are merged with short segments there, with
 * those below 4,096 rows once they make that many together, and so with those
 * below 32,768, 131,072 and 524,288 (and 64 and 512, where short is shorter): a
 * row is written some twelve times however slowly a series grows, and a year of
 * minutes is three or four segments whether or not it was ever compacted.
 * What does not fill a unit is the outermost segment of that end, so that all
 * others can be mapped side by side.  Rows inserted or removed in the middle
 * move everything to the nearer end, or, if that is far, leave an odd segment.
 *
 * BC_OK or BC_NOMEM; in any case bci_tiling_free() frees it.
 */
BC_CHECKED enum bc_status bci_tiling_plan(const struct bci_tile *tiles,
                                          size_t count, uint64_t tail_rows,
                                          const struct bci_tiling_rule *rule,
                                          const struct bc_allocator *allocator,
                                          struct bci_tiling *out);

/*
 * The fewest segments for the same rows; those at the beginning that are as
 * long as can be are kept.  The tail is no part of it.
 */
BC_CHECKED enum bc_status bci_tiling_compact(
	const struct bci_tile *tiles, size_t count, uint64_t most,
	const struct bc_allocator *allocator, struct bci_tiling *out);

void bci_tiling_free(struct bci_tiling *tiling);

#endif /* BCI_TILING_H */

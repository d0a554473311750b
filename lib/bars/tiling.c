/* SPDX-License-Identifier: MIT */
/*
 * tiling.c - how the rows of a growing series are cut into segments.
 *
 * Tiles are marked to be rewritten: what moved, then what is too short beside
 * it, then what has to move with it, then the short ones that are due at either
 * end.  Each run of marked tiles is then cut anew; all others stay.
 */
#include "common.h"

#include "alloc.h"
#include "check.h"
#include "tiling.h"

#define TILING_CAPACITY 8 /* cuts, at first */

/* Tiles shorter than this are merged when together they make one. */
static const uint64_t tiling_levels[] = { 64, 512, BCI_TILE_UNIT,
	                                  8 * BCI_TILE_UNIT,
	                                  32 * BCI_TILE_UNIT,
	                                  128 * BCI_TILE_UNIT };

struct tiling_state {
	const struct bci_tile *tiles;
	size_t count;
	bool *marked;
	uint64_t unit, most, tiny;
	struct bci_tiling *out;
};

void
bci_tiling_free(struct bci_tiling *tiling)
{
	const struct bc_allocator *allocator = tiling->allocator;

	if (tiling->cuts != NULL)
		bci_free(allocator, tiling->cuts);
	*tiling = (struct bci_tiling){ .allocator = allocator };
}

/* ---- marking ----------------------------------------------------------- */

static uint64_t
tiling_rows(const struct tiling_state *state, size_t first, size_t end)
{
	uint64_t rows = 0;

	for (; first < end; first++)
		rows += state->tiles[first].rows;
	return rows;
}

static void
tiling_mark(struct tiling_state *state, size_t first, size_t end)
{
	for (; first < end; first++)
		state->marked[first] = true;
}

/* The run of marked tiles from 'from' on: [*first, *end).  False: no more. */
static bool
tiling_run(const struct tiling_state *state, size_t from, size_t *first,
           size_t *end)
{
	while (from < state->count && !state->marked[from])
		from++;
	*first = from;
	while (from < state->count && state->marked[from])
		from++;
	*end = from;
	return *first < *end;
}

/* In the middle nothing is to be shorter than it would be at an end. */
static void
tiling_absorb(struct tiling_state *state)
{
	size_t first, end;

	for (size_t at = 0; tiling_run(state, at, &first, &end); at = end) {
		uint64_t rows = tiling_rows(state, first, end);

		while (rows != 0 && rows < state->tiny && first > 0 &&
		       end < state->count) {
			bool left = state->tiles[first - 1].rows <
			            state->tiles[end].rows;
			size_t next = left ? --first : end++;

			state->marked[next] = true;
			rows += state->tiles[next].rows;
		}
	}
}

/* What moved in the middle moves the nearer end, if that is near. */
static void
tiling_extend(struct tiling_state *state)
{
	size_t first, end;

	for (size_t at = 0; tiling_run(state, at, &first, &end); at = end) {
		uint64_t before = tiling_rows(state, 0, first);
		uint64_t behind = tiling_rows(state, end, state->count);

		if (tiling_rows(state, first, end) == 0)
			continue;
		if (behind <= before && behind <= BCI_TILE_RECUT)
			tiling_mark(state, end, state->count);
		else if (before <= BCI_TILE_RECUT)
			tiling_mark(state, 0, first);
	}
}

/*
 * Mark the tiles that are due beside 'rows' rows at one end: outward from tile
 * 'from', 'left' as many as there are; 'step' is the direction.
 */
static void
tiling_merge(struct tiling_state *state, size_t from, int step, size_t left,
             uint64_t rows)
{
	size_t taken = 0;

#define TILE(n) (step < 0 ? from - 1 - (n) : from + (n))
	for (; taken < left && state->tiles[TILE(taken)].rows < state->tiny;
	     taken++)
		rows += state->tiles[TILE(taken)].rows;
	for (size_t i = 0; i < BCI_COUNT(tiling_levels); i++) {
		uint64_t level = bci_min(tiling_levels[i], state->most);
		uint64_t sum = rows;
		size_t next = taken;

		if (level <= state->tiny)
			continue;
		for (; next < left && state->tiles[TILE(next)].rows < level;
		     next++)
			sum += state->tiles[TILE(next)].rows;
		if (sum >= level) {
			rows = sum;
			taken = next;
		}
	}
	while (taken-- > 0)
		state->marked[TILE(taken)] = true;
#undef TILE
}

/* Both ends: 'spilled' rows come from the tail. */
static void
tiling_mark_ends(struct tiling_state *state, uint64_t spilled)
{
	size_t first = state->count, end = 0;
	uint64_t rows;

	while (first > 0 && state->marked[first - 1])
		first--;
	rows = tiling_rows(state, first, state->count) + spilled;
	if (rows != 0)
		tiling_merge(state, first, -1, first, rows);
	while (end < state->count && state->marked[end])
		end++;
	rows = tiling_rows(state, 0, end);
	if (rows != 0)
		tiling_merge(state, end, 1, state->count - end, rows);
}

/* ---- cutting ----------------------------------------------------------- */

static enum bc_status
tiling_cut(struct bci_tiling *out, uint64_t *first, uint64_t rows, size_t tile)
{
	struct bci_cut *last = NULL;

	if (rows == 0)
		return BC_OK;
	if (out->count == out->capacity) {
		size_t capacity =
			out->capacity > 0 ? 2 * out->capacity : TILING_CAPACITY;

		last = bci_regrow(out->allocator, out->cuts, out->count,
		                  capacity, sizeof(*last));
		if (last == NULL)
			return BC_NOMEM;
		out->cuts = last;
		out->capacity = capacity;
	}
	out->cuts[out->count++] = (struct bci_cut){ *first, rows, tile };
	*first += rows;
	return BC_OK;
}

/* Cut 'rows' rows, a multiple of the unit, into as few as can be. */
static enum bc_status
tiling_cut_long(struct tiling_state *state, uint64_t *first, uint64_t rows)
{
	enum bc_status status = BC_OK;

	while (status == BC_OK && rows != 0) {
		uint64_t step = bci_min(rows, state->most);

		status = tiling_cut(state->out, first, step, BCI_TILE_WRITTEN);
		rows -= step;
	}
	return status;
}

/* In the middle it does not help to put what is odd into one of its own. */
static enum bc_status
tiling_cut_middle(struct tiling_state *state, uint64_t *first, uint64_t rows)
{
	enum bc_status status = BC_OK;

	while (status == BC_OK && rows > state->most) {
		uint64_t step = state->most;

		if (rows - step < state->tiny && step > state->unit)
			step -= state->unit;
		status = tiling_cut(state->out, first, step, BCI_TILE_WRITTEN);
		rows -= step;
	}
	return status != BC_OK
	               ? status
	               : tiling_cut(state->out, first, rows, BCI_TILE_WRITTEN);
}

/* Cut the run [at, end) of marked tiles; 'spilled' rows more at the end. */
static enum bc_status
tiling_cut_run(struct tiling_state *state, size_t at, size_t end,
               uint64_t spilled, const struct bci_tiling_rule *rule,
               uint64_t *first)
{
	struct bci_tiling *out = state->out;
	uint64_t rows = tiling_rows(state, at, end) + spilled;
	uint64_t rest = rows % state->unit;
	enum bc_status status = BC_OK;

	if (end < state->count && at != 0)
		return tiling_cut_middle(state, first, rows);
	if (end < state->count)
		status = tiling_cut(out, first, rest, BCI_TILE_WRITTEN);
	if (status == BC_OK)
		status = tiling_cut_long(state, first, rows - rest);
	if (status != BC_OK || end < state->count)
		return status;
	if (rest + out->tail_rows <= rule->tail_room &&
	    (!rule->spill || rest < rows)) {
		out->tail_rows += rest;
		return BC_OK;
	}
	return tiling_cut(out, first, rest, BCI_TILE_WRITTEN);
}

static enum bc_status
tiling_cut_all(struct tiling_state *state, uint64_t spilled,
               const struct bci_tiling_rule *rule)
{
	enum bc_status status = BC_OK;
	uint64_t first = 0;
	size_t at = 0, end;

	while (status == BC_OK && at < state->count) {
		if (!state->marked[at]) {
			bool kept = state->tiles[at].state == BCI_TILE_KEPT;

			status = tiling_cut(state->out, &first,
			                    state->tiles[at].rows,
			                    kept ? at : BCI_TILE_WRITTEN);
			at++;
			continue;
		}
		tiling_run(state, at, &at, &end);
		if (end == state->count)
			break; /* That is cut together with the tail. */
		status = tiling_cut_run(state, at, end, 0, rule, &first);
		at = end;
	}
	if (status == BC_OK)
		status = tiling_cut_run(state, at, state->count, spilled, rule,
		                        &first);
	return status;
}

/* ---- both plans -------------------------------------------------------- */

static enum bc_status
tiling_begin(struct tiling_state *state, const struct bci_tile *tiles,
             size_t count, uint64_t most, uint64_t tail_room,
             const struct bc_allocator *allocator, struct bci_tiling *out)
{
	*out = (struct bci_tiling){ .allocator = allocator };
	most = bci_max(bci_min(most, BCI_TILE_MOST), 1);
	*state = (struct tiling_state){
		.tiles = tiles,
		.count = count,
		.unit = bci_min(most, BCI_TILE_UNIT),
		.out = out,
	};
	state->most = most / state->unit * state->unit;
	state->tiny =
		bci_min(most, bci_min(BCI_TILE_SHORT,
	                              BCI_TILE_SHORT_TAILS * (tail_room + 1)));
	state->marked =
		bci_zalloc(allocator, count + 1, sizeof(*state->marked));
	return state->marked != NULL ? BC_OK : BC_NOMEM;
}

enum bc_status
bci_tiling_plan(const struct bci_tile *tiles, size_t count, uint64_t tail_rows,
                const struct bci_tiling_rule *rule,
                const struct bc_allocator *allocator, struct bci_tiling *out)
{
	uint64_t keep = rule->open && rule->tail_room != 0 && tail_rows != 0;
	struct tiling_state state;
	uint64_t spilled = 0;
	enum bc_status status;

	status = tiling_begin(&state, tiles, count, rule->most, rule->tail_room,
	                      allocator, out);
	if (status != BC_OK)
		return status;
	if (tail_rows > rule->tail_room || rule->spill) {
		if (rule->spill && tail_rows == keep)
			keep = 0;
		spilled = tail_rows - keep;
	}
	out->tail_rows = tail_rows - spilled;
	for (size_t i = 0; i < count; i++)
		state.marked[i] = tiles[i].state == BCI_TILE_MOVED;
	tiling_absorb(&state);
	tiling_extend(&state);
	tiling_mark_ends(&state, spilled);
	status = tiling_cut_all(&state, spilled, rule);
	bci_free(allocator, state.marked);
	return status;
}

enum bc_status
bci_tiling_compact(const struct bci_tile *tiles, size_t count, uint64_t most,
                   const struct bc_allocator *allocator, struct bci_tiling *out)
{
	const struct bci_tiling_rule rule = { .most = most };
	struct tiling_state state;
	enum bc_status status;
	size_t at = 0;

	status = tiling_begin(&state, tiles, count, most, 0, allocator, out);
	if (status != BC_OK)
		return status;
	while (at < count && tiles[at].rows == state.most)
		at++;
	tiling_mark(&state, at, count);
	status = tiling_cut_all(&state, 0, &rule);
	bci_free(allocator, state.marked);
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * list.c - walking a table.
 *
 * A walk goes over the keys in steps: each step is one short transaction that
 * copies some records out, so that neither the caller's function nor a slow
 * terminal keeps the catalogue from reusing its pages.
 */
#include "common.h"

#include "alloc.h"
#include "key.h"
#include "list.h"

#define STEP 128 /* records copied at a time */

/* Records copied in one step: key length u16, record length u16, both. */
struct walk_step {
	unsigned char *bytes;
	size_t used, count;
};

#define STEP_BYTES (STEP * (4 + BCI_LABEL_KEY + BCI_PAGE))

/* Copy the next records after '*last' (inclusive where 'from' is true). */
static enum bc_status
walk_copy(struct MDB_cursor *cursor, const struct bci_walk *walk,
          struct walk_step *step, bool *end)
{
	struct bci_bytes key = { walk->last_bytes, walk->last }, value;
	enum bc_status status;

	step->used = step->count = 0;
	*end = false;
	status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	if (status == BC_OK && walk->started && key.size == walk->last_bytes &&
	    memcmp(key.data, walk->last, key.size) == 0)
		status = bci_cursor_move(cursor, BCI_NEXT, &key, &value);
	for (; status == BC_OK && step->count < STEP;
	     status = bci_cursor_move(cursor, BCI_NEXT, &key, &value)) {
		uint16_t sizes[2] = { (uint16_t)key.size,
			              (uint16_t)value.size };
		unsigned char *to = step->bytes + step->used;

		if (key.size > sizeof(walk->last) || value.size > BCI_PAGE)
			return BC_CORRUPT;
		memcpy(to, sizes, sizeof(sizes));
		memcpy(to + 4, key.data, key.size);
		memcpy(to + 4 + key.size, value.data, value.size);
		step->used += 4 + key.size + value.size;
		step->count++;
	}
	*end = status == BC_MISS;
	return status == BC_MISS ? BC_OK : status;
}

/* The table, if the lane's transaction has it; BC_ABSENT asks for another. */
static enum bc_status
walk_table(struct bci_env *env, struct bci_lane *lane,
           const struct bci_walk *walk, unsigned *table)
{
	*table = walk->table == BCI_WALK_ENTRIES ? env->tables.entries
	         : walk->table == BCI_WALK_LABELS
	                 ? atomic_load(&env->tables.labels)
	                 : atomic_load(&env->tables.labelled);
	return bci_table_is_open(lane->txn, *table)
	               ? BC_OK
	               : bci_lane_open_tables(env, lane);
}

static enum bc_status
walk_try(struct bci_env *env, struct bci_lane *lane,
         const struct bci_walk *walk, struct walk_step *step, bool *end)
{
	struct MDB_cursor *cursor = NULL;
	enum bc_status status = bci_lane_begin(env, lane);
	unsigned table;

	if (status != BC_OK)
		return status;
	status = walk_table(env, lane, walk, &table);
	if (status == BC_OK)
		status = bci_cursor_open(lane->txn, table, &cursor, NULL);
	if (status == BC_OK)
		status = walk_copy(cursor, walk, step, end);
	bci_cursor_close(cursor);
	bci_lane_end(lane);
	return status;
}

static enum bc_status
walk_read(struct bci_env *env, const struct bci_walk *walk,
          struct walk_step *step, bool *end)
{
	struct bci_lane *lane = bci_lane_take(env);
	enum bc_status status = walk_try(env, lane, walk, step, end);

	if (status == BC_ABSENT)
		status = walk_try(env, lane, walk, step, end);
	bci_lane_give(lane);
	if (status == BC_ABSENT) { /* A cache of format 1 has no labels. */
		step->count = 0;
		*end = true;
		status = BC_OK;
	}
	return status;
}

/* Hand the records of a step out; *end is set when 'function' says so. */
static enum bc_status
walk_hand_out(struct bci_walk *walk, const struct walk_step *step, bool *end)
{
	const unsigned char *at = step->bytes;

	for (size_t i = 0; i < step->count; i++) {
		struct bci_bytes key, record;
		uint16_t sizes[2];
		enum bc_status status;

		memcpy(sizes, at, sizeof(sizes));
		key = (struct bci_bytes){ sizes[0], at + 4 };
		record = (struct bci_bytes){ sizes[1], at + 4 + sizes[0] };
		at += 4 + sizes[0] + sizes[1];
		walk->last_bytes = key.size;
		memcpy(walk->last, key.data, key.size);
		walk->started = true;
		if (walk->prefix_bytes > key.size ||
		    memcmp(walk->prefix, key.data, walk->prefix_bytes) != 0) {
			*end = true; /* Past the prefix: keys are sorted. */
			return BC_OK;
		}
		status = walk->function(walk->context, &key, &record);
		if (status != BC_OK) {
			*end = true;
			return status == BC_MISS ? BC_OK : status;
		}
	}
	return BC_OK;
}

enum bc_status
bci_walk(struct bc_cache *cache, struct bci_walk *walk)
{
	struct walk_step step = { 0 };
	enum bc_status status;
	struct bci_env *env;
	bool end = false;

	if (walk->prefix == NULL)
		walk->prefix = "";
	if (walk->table == BCI_WALK_ENTRIES && walk->prefix_bytes != 0 &&
	    !bci_key_possible(walk->prefix, walk->prefix_bytes))
		return BC_OK; /* No key begins so. */
	walk->started = false;
	walk->last_bytes = 1;
	walk->last[0] = BCI_KEY_FIRST[0];
	if (walk->prefix_bytes != 0) {
		walk->last_bytes = walk->prefix_bytes;
		memcpy(walk->last, walk->prefix, walk->prefix_bytes);
	}
	step.bytes = bci_alloc(&cache->allocator, STEP_BYTES, 1);
	if (step.bytes == NULL)
		return BC_NOMEM;
	do {
		bool stop = false;

		status = bci_cache_env(cache, &env, NULL);
		if (status == BC_OK)
			status = walk_read(env, walk, &step, &end);
		if (status == BC_OK)
			status = walk_hand_out(walk, &step, &stop);
		end = end || stop;
	} while (status == BC_OK && !end);
	bci_free(&cache->allocator, step.bytes);
	return status;
}

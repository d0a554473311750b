/* SPDX-License-Identifier: MIT */
/*
 * values.c - frames and blobs: puts, batches, gets, views that are kept.
 */
#include "chaos/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A row of a series: its time and its columns. */
#define CHAOS_ROW_BYTES 24u

/* Whether a put may find no room: what is pinned takes it. */
static bool
value_may_be_full(const struct chaos_world *world, uint64_t bytes)
{
	for (unsigned key = 0; key < CHAOS_KEYS; key++) {
		const struct chaos_entry *entry = &world->entries[key];

		if (entry->pinned)
			bytes += entry->bytes + CHAOS_ROW_BYTES * entry->rows +
			         8192;
	}
	return bytes > world->config.warm_bytes / 2;
}

static void
value_make(struct test_value *value, struct chaos_world *world, unsigned key,
           uint64_t size, uint64_t word)
{
	char name[40];

	chaos_key(key, name);
	if (word % 3 == 0)
		test_value_blob(value, name, ++world->versions, CHAOS_SEED,
		                size / 8 * 8);
	else
		test_value_frame(value, name, ++world->versions, CHAOS_SEED,
		                 1 + size / 56);
	world->written += size;
}

static uint64_t
value_bytes(const struct test_value *value)
{
	return value->kind == BC_BLOB ? value->bytes : value->frame.rows * 56;
}

/* What goes with a put; its tags are in 'list'. */
static unsigned
value_options(struct bc_put_options *options, uint64_t word,
              const char *list[CHAOS_TAGS + 1])
{
	static const int64_t ttls[] = { 0,
		                        0,
		                        0,
		                        0,
		                        BC_TTL_NEVER,
		                        10 * CHAOS_MINUTE,
		                        60 * CHAOS_MINUTE,
		                        6000 * CHAOS_MINUTE };
	unsigned run = CHAOS_RUNS;

	*options = (struct bc_put_options)BC_PUT_OPTIONS_INIT;
	options->ttl_ns = ttls[(word >> 8) % 8];
	options->placement =
		(word >> 33) % 4 == 0 ? BC_PLACE_COLD : BC_PLACE_AUTO;
	options->cost_ns = (word >> 11) % 1000 * 1000000;
	if ((word >> 21) % 4 == 0) {
		chaos_tags_list((uint32_t)(word >> 23) & 63, list);
		options->tags = list;
	}
	if ((word >> 29) % 8 == 0) {
		run = (unsigned)(word >> 32) % CHAOS_RUNS;
		options->backtest = chaos_run_name(run);
	} else if (word % 4 == 0) {
		run = 0; /* The handle's own. */
	}
	return run;
}

static enum bc_status
value_put(struct bc_cache *cache, const struct test_value *value,
          const struct bc_put_options *options, struct bc_error *err)
{
	if (value->kind == BC_BLOB)
		return bc_put_blob(cache, value->key, value->data, value->bytes,
		                   options, err);
	return bc_put(cache, value->key, &value->frame, options, NULL, err);
}

/* True if a put failed as it may; the cache is as before then. */
static bool
value_refused(struct chaos_world *world, enum bc_status status, uint64_t bytes)
{
	if (status == BC_TOO_LARGE) {
		require(bytes + 40960 > world->config.warm_bytes / 4);
		return true;
	}
	if (status != BC_FULL)
		return false;
	require(value_may_be_full(world, bytes));
	world->full++;
	return true;
}

void
chaos_put(struct chaos_world *world, const struct chaos_op *op)
{
	unsigned key = op->key % CHAOS_VALUES, run;
	bool may_be_there = chaos_entry_look(world, key);
	const char *list[CHAOS_TAGS + 1];
	struct bc_put_options options;
	struct test_value value;
	enum bc_status status;
	struct bc_error err;
	bool is_new = (op->word >> 37) % 8 == 0;
	bool is_over =
		world->entries[key].evicted || world->entries[key].overdue;

	run = value_options(&options, op->word, list);
	options.flags = is_new ? BC_PUT_NEW : 0;
	value_make(&value, world, key, op->size, op->word >> 5);
	status = value_put(chaos_handle(world, op), &value, &options, &err);
	if (is_new && status == BC_EXISTS) {
		require(may_be_there);
	} else if (!value_refused(world, status, value_bytes(&value))) {
		assert_status(status, BC_OK, &err);
		require(!is_new || !may_be_there || is_over);
		chaos_follow_evictions(world);
		chaos_entry_put(world, key, value.version, value_bytes(&value),
		                &options, run);
	}
	test_value_free(&value);
}

/* ---- batches ------------------------------------------------------------- */

/* Each key once. */
static unsigned
batch_key(const struct chaos_op *op, unsigned index)
{
	return (op->key + 3 * index) % CHAOS_VALUES;
}

/* Put the operations of a batch into it; returns how many bytes. */
static uint64_t
batch_fill(struct chaos_world *world, const struct chaos_op *op,
           struct bc_batch *batch, struct test_value *values, unsigned count)
{
	uint64_t bytes = 0;
	struct bc_error err;

	for (unsigned i = 0; i < count; i++) {
		uint64_t word = test_mix(op->word, i);
		unsigned key = batch_key(op, i);
		char name[40];

		chaos_key(key, name);
		values[i].version = 0;
		if (word % 4 == 0) {
			assert_status(bc_batch_remove(batch, name, &err), BC_OK,
			              &err);
			continue;
		}
		value_make(&values[i], world, key, op->size / count + 8, word);
		assert_status(test_value_add(batch, &values[i], &err), BC_OK,
		              &err);
		bytes += value_bytes(&values[i]);
	}
	return bytes;
}

void
chaos_batch(struct chaos_world *world, const struct chaos_op *op)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct test_value values[CHAOS_BATCH_MAX];
	unsigned count = 2 + (unsigned)op->key % (CHAOS_BATCH_MAX - 1);
	unsigned run = op->word % 4 == 0 ? 0 : CHAOS_RUNS;
	struct bc_batch *batch = NULL;
	enum bc_status status;
	struct bc_error err;
	uint64_t bytes;

	memset(values, 0, sizeof(values));
	chaos_look_all(world);
	assert_status(bc_batch_begin(chaos_handle(world, op), &batch, &err),
	              BC_OK, &err);
	bytes = batch_fill(world, op, batch, values, count);
	status = bc_batch_commit(&batch, &err);
	if (!value_refused(world, status, bytes)) {
		assert_status(status, BC_OK, &err);
		chaos_follow_evictions(world);
		for (unsigned i = 0; i < count; i++) {
			unsigned key = batch_key(op, i);

			if (values[i].version == 0)
				chaos_entry_gone(world, key);
			else
				chaos_entry_put(world, key, values[i].version,
				                value_bytes(&values[i]),
				                &options, run);
		}
	}
	for (unsigned i = 0; i < count; i++)
		test_value_free(&values[i]);
}

/* ---- reading ------------------------------------------------------------- */

/* Judge what a get of a value found; true for a hit. */
static bool
value_judge(struct chaos_world *world, const struct bc_cache *cache,
            unsigned key, enum bc_status status, const struct bc_view *view)
{
	struct chaos_entry *entry = &world->entries[key];
	uint64_t version;
	char name[40];

	chaos_key(key, name);
	world->requests++;
	if (status != BC_OK) {
		assert_status(status, BC_MISS, NULL);
		chaos_entry_miss(world, key, view->miss);
		return false;
	}
	chaos_entry_hit(world, key);
	version = test_view_version(view, name, CHAOS_SEED);
	if (version != entry->version)
		fprintf(stderr, "%s shows version %" PRIu64 "\n", name,
		        version);
	require(version == entry->version);
	if (cache == world->second)
		chaos_entry_linked(world, key);
	return true;
}

static void
value_get_many(struct chaos_world *world, struct bc_cache *cache,
               unsigned first)
{
	const char *names[CHAOS_VALUES];
	char texts[CHAOS_VALUES][40];
	struct bc_view views[CHAOS_VALUES];
	enum bc_status status;

	for (unsigned i = 0; i < CHAOS_VALUES; i++) {
		chaos_key((first + i) % CHAOS_VALUES, texts[i]);
		names[i] = texts[i];
	}
	status = bc_get_many(cache, names, CHAOS_VALUES, views);
	require(status == BC_OK || status == BC_MISS);
	for (unsigned i = 0; i < CHAOS_VALUES; i++) {
		status = views[i].miss == BC_MISS_NONE ? BC_OK : BC_MISS;
		value_judge(world, cache, (first + i) % CHAOS_VALUES, status,
		            &views[i]);
		bc_view_release(&views[i]);
	}
}

void
chaos_get(struct chaos_world *world, const struct chaos_op *op)
{
	struct bc_cache *cache = chaos_handle(world, op);
	struct bc_view view;
	char name[40];

	if ((op->word >> 8) % 8 == 0) {
		value_get_many(world, cache, op->key % CHAOS_VALUES);
		return;
	}
	for (unsigned i = 0; i < 1 + (op->word >> 11) % 6; i++) {
		unsigned key = (op->key + i * i) % CHAOS_VALUES;
		enum bc_status status;

		chaos_key(key, name);
		status = bc_get(cache, name, &view);
		value_judge(world, cache, key, status, &view);
		bc_view_release(&view);
	}
}

void
chaos_keep(struct chaos_world *world, const struct chaos_op *op)
{
	struct chaos_kept *kept = &world->kept[op->word % CHAOS_KEPT];
	unsigned key = op->key % CHAOS_VALUES;
	enum bc_status status;
	char name[40];

	bc_view_release(&kept->view);
	chaos_key(key, name);
	status = bc_get(world->cache, name, &kept->view);
	kept->key = key;
	kept->version = world->entries[key].version;
	if (!value_judge(world, world->cache, key, status, &kept->view))
		bc_view_release(&kept->view);
}

void
chaos_kept_check(const struct chaos_world *world)
{
	char name[40];

	for (unsigned i = 0; i < CHAOS_KEPT; i++) {
		const struct chaos_kept *kept = &world->kept[i];

		if (kept->view.kind == 0)
			continue;
		chaos_key(kept->key, name);
		require(test_view_version(&kept->view, name, CHAOS_SEED) ==
		        kept->version);
	}
}

void
chaos_remove(struct chaos_world *world, const struct chaos_op *op)
{
	unsigned key = op->key % CHAOS_KEYS;
	bool there = chaos_entry_look(world, key);
	bool overdue = world->entries[key].overdue;
	enum bc_status status;
	struct bc_error err;
	char name[40];

	chaos_key(key, name);
	status = bc_remove(chaos_handle(world, op), name, &err);
	if (world->entries[key].evicted) {
		assert_status(status, BC_MISS, &err);
		chaos_entry_gone(world, key);
	} else {
		if (!overdue || status != BC_MISS)
			assert_status(status, there ? BC_OK : BC_MISS, &err);
		chaos_entry_gone(world, key);
	}
	require(bc_exists(world->cache, name, NULL) == BC_MISS);
}

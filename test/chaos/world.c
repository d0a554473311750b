/* SPDX-License-Identifier: MIT */
/*
 * world.c - a cache with two handles, and one operation after the other.
 */
#include "chaos/world.h"

#include <stdio.h>
#include <string.h>

#include "clockwork.h"

#define CHECK_EVERY 25

static struct bc_cache *
world_open(const struct chaos_world *world, const char *backtest)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	options.flags = BC_OPEN_CREATE;
	options.warm_bytes = world->warm_bytes;
	options.sync_interval_ms = 1000;
	options.backtest = backtest;
	options.link_interval_ms = 3600000;
	assert_status(bc_open(world->path, &options, &cache, &err), BC_OK,
	              &err);
	return cache;
}

static void
world_open_both(struct chaos_world *world)
{
	struct bc_error err;

	world->cache = world_open(world, NULL);
	world->second = world_open(world, chaos_run_name(0));
	assert_status(bc_config_get(world->cache, &world->config, &err), BC_OK,
	              &err);
}

void
chaos_world_begin(struct chaos_world *world, const char *path,
                  uint64_t warm_bytes)
{
	memset(world, 0, sizeof(*world));
	world->path = path;
	world->warm_bytes = warm_bytes;
	clockwork_true();
	world_open_both(world);
}

struct bc_cache *
chaos_handle(const struct chaos_world *world, const struct chaos_op *op)
{
	return op->word % 4 == 0 ? world->second : world->cache;
}

/* What was hit through the second handle is linked now. */
static void
world_flushed(struct chaos_world *world)
{
	for (unsigned key = 0; key < CHAOS_KEYS; key++) {
		struct chaos_entry *entry = &world->entries[key];

		if (entry->there && entry->hit)
			entry->runs.has |= 1;
		entry->hit = world->linkable[key] = false;
	}
}

static void
world_sync(struct chaos_world *world, const struct chaos_op *op)
{
	struct bc_error err;

	chaos_look_all(world);
	if ((op->word >> 8) % 2) {
		assert_status(bc_sync(world->cache, &err), BC_OK, &err);
		return;
	}
	assert_status(bc_flush(world->cache, &err), BC_OK, &err);
	world_flushed(world);
}

static void
world_reopen(struct chaos_world *world)
{
	chaos_look_all(world);
	bc_close(world->second);
	bc_close(world->cache);
	world_flushed(world);
	world_open_both(world);
}

static void
world_clock(struct chaos_world *world, const struct chaos_op *op)
{
	int64_t minutes = 1 + (int64_t)((op->word >> 8) % 300);

	if (op->kind == CHAOS_PASS) {
		clockwork_pass(minutes * CHAOS_MINUTE);
	} else if ((op->word >> 32) % 2) {
		clockwork_set(minutes * CHAOS_MINUTE);
	} else {
		clockwork_set(-minutes * CHAOS_MINUTE);
		world->set_back += minutes * CHAOS_MINUTE;
	}
}

static void
world_perform(struct chaos_world *world, const struct chaos_op *op)
{
	static void (*const calls[CHAOS_KINDS])(struct chaos_world *,
	                                        const struct chaos_op *) = {
		[CHAOS_PUT] = chaos_put,
		[CHAOS_BATCH] = chaos_batch,
		[CHAOS_APPEND] = chaos_append,
		[CHAOS_GET] = chaos_get,
		[CHAOS_READ] = chaos_read,
		[CHAOS_KEEP] = chaos_keep,
		[CHAOS_REMOVE] = chaos_remove,
		[CHAOS_PIN] = chaos_pin,
		[CHAOS_TAG] = chaos_tag,
		[CHAOS_LINK] = chaos_link,
		[CHAOS_DEPEND] = chaos_depend,
		[CHAOS_INVALIDATE] = chaos_invalidate,
		[CHAOS_CLEAR] = chaos_clear,
		[CHAOS_WHERE] = chaos_where,
		[CHAOS_CONFIG] = chaos_config,
		[CHAOS_COMPACT] = chaos_compact,
		[CHAOS_PASS] = world_clock,
		[CHAOS_SET] = world_clock,
		[CHAOS_SYNC] = world_sync,
		[CHAOS_COPY] = chaos_copy,
	};

	if (op->kind == CHAOS_REOPEN)
		world_reopen(world);
	else if (op->kind == CHAOS_EXPIRE)
		chaos_expire(world);
	else if (calls[op->kind] != NULL)
		calls[op->kind](world, op);
}

static void
world_check(struct chaos_world *world, const struct chaos_op *op)
{
	for (unsigned key = 0; key < CHAOS_KEYS; key++)
		chaos_labels_check(world, key);
	for (unsigned key = CHAOS_VALUES; key < CHAOS_KEYS; key++)
		chaos_series_check(world, chaos_handle(world, op), key);
	chaos_kept_check(world);
	chaos_accounts_check(world);
}

void
chaos_world_run(struct chaos_world *world, const struct chaos_op *ops,
                size_t count)
{
	char text[CHAOS_OP_TEXT];

	for (size_t i = 0; i < count; i++) {
		chaos_op_print(&ops[i], text);
		fprintf(stderr, "%zu: %s\n", i, text);
		chaos_follow(world);
		world->evictions_before = world->evictions;
		world_perform(world, &ops[i]);
		chaos_follow(world);
		chaos_entry_look(world, ops[i].key % CHAOS_KEYS);
		chaos_labels_check(world, ops[i].key % CHAOS_KEYS);
		chaos_budget_check(world);
		if (i % CHECK_EVERY == CHECK_EVERY - 1 || i + 1 == count)
			world_check(world, &ops[i]);
	}
}

void
chaos_world_end(struct chaos_world *world)
{
	chaos_clear_all(world);
	chaos_kept_check(world);
	for (unsigned i = 0; i < CHAOS_KEPT; i++)
		bc_view_release(&world->kept[i].view);
	bc_close(world->second);
	bc_close(world->cache);
	clockwork_true();
}

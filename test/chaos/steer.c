/* SPDX-License-Identifier: MIT */
/*
 * steer.c - settings, compaction, copies, and whether the accounts add up.
 */
#include "chaos/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

void
chaos_config(struct chaos_world *world, const struct chaos_op *op)
{
	static const uint32_t intervals[] = { 0, 1, 1000, BC_EXPIRE_MANUAL };
	struct bc_config *config = &world->config;
	uint64_t before = config->warm_bytes;
	struct bc_error err;

	config->warm_bytes = world->warm_bytes << ((op->word >> 8) % 3) >> 1;
	config->policy = (op->word >> 24) % 8;
	config->low_percent = (op->word >> 28) % 4 == 0 ? 60 : 0;
	config->expire_interval_ms = intervals[(op->word >> 16) % 4];
	config->ttl_ns = (op->word >> 20) % 4 == 0 ? 90 * CHAOS_MINUTE : 0;
	world->shrunk |= config->warm_bytes < before;
	assert_status(bc_config_set(chaos_handle(world, op), config, &err),
	              BC_OK, &err);
	assert_status(bc_config_get(world->cache, config, &err), BC_OK, &err);
}

void
chaos_compact(struct chaos_world *world, const struct chaos_op *op)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct bc_compact_report report;
	enum bc_status status;
	struct bc_error err;

	options.flags = (op->word >> 8) % 4 == 0 ? BC_COMPACT_DRY_RUN : 0;
	status = bc_compact(chaos_handle(world, op), &options, &report, &err);
	if (status != BC_FULL)
		assert_status(status, BC_OK, &err);
}

void
chaos_expire(struct chaos_world *world)
{
	struct bc_error err;
	uint64_t removed;

	assert_status(bc_expire(world->cache, &removed, &err), BC_OK, &err);
}

/* What the cache shows of a value is what its copy shows. */
static void
copy_check(struct chaos_world *world, struct bc_cache *copy, unsigned key)
{
	enum bc_status status, expected;
	struct bc_view view;
	char name[40];

	chaos_key(key, name);
	expected = bc_exists(world->cache, name, NULL);
	status = bc_get(copy, name, &view);
	if (!world->entries[key].overdue)
		assert_status(status, expected, NULL);
	if (status == BC_OK)
		require(test_view_version(&view, name, CHAOS_SEED) ==
		        world->entries[key].version);
	bc_view_release(&view);
}

void
chaos_copy(struct chaos_world *world, const struct chaos_op *op)
{
	struct bc_copy_options options = BC_COPY_OPTIONS_INIT;
	struct bc_cache *copy;
	struct bc_error err;
	char path[TEST_PATH];

	snprintf(path, sizeof(path), "%s.copy", world->path);
	test_remove_tree(path);
	options.flags = (op->word >> 8) % 2 ? BC_COPY_FREEZE : BC_COPY_VERIFY;
	chaos_look_all(world);
	assert_status(
		bc_copy(chaos_handle(world, op), path, &options, NULL, &err),
		BC_OK, &err);
	copy = test_open(path, 0);
	for (unsigned key = 0; key < CHAOS_VALUES; key++)
		copy_check(world, copy, key);
	bc_close(copy);
	test_remove_tree(path);
}

/* ---- accounts ------------------------------------------------------------ */

struct listed {
	uint64_t entries, bytes, tails;
};

static int
listed_add(void *context, const struct bc_info *info)
{
	struct listed *listed = context;

	listed->entries++;
	listed->bytes += info->stored_bytes;
	listed->tails += info->tail_rows;
	return 0;
}

static void
arenas_count(void *context, const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	*(uint64_t *)context += bci_arena_number(name) != 0;
}

void
chaos_accounts_check(struct chaos_world *world)
{
	struct bc_verify_report report;
	struct listed listed = { 0, 0, 0 };
	struct bc_rates rates;
	struct bc_stats stats;
	struct bc_error err;
	uint64_t arenas = 0;

	assert_status(bc_stats(world->cache, &stats, &err), BC_OK, &err);
	assert_status(bc_list(world->cache, NULL, listed_add, &listed, &err),
	              BC_OK, &err);
	if (listed.entries != stats.entries ||
	    (listed.tails == 0 && listed.bytes != stats.live_bytes))
		fprintf(stderr,
		        "listed %" PRIu64 " of %" PRIu64 " bytes, stats say "
		        "%" PRIu64 " of %" PRIu64 "\n",
		        listed.entries, listed.bytes, stats.entries,
		        stats.live_bytes);
	require(listed.entries == stats.entries);
	if (listed.tails == 0)
		require(listed.bytes == stats.live_bytes);
	bc_rates(&stats.total, &rates);
	if (rates.requests != world->requests)
		fprintf(stderr, "%" PRIu64 " requests, not %" PRIu64 "\n",
		        rates.requests, world->requests);
	require(rates.requests == world->requests);
	require(rates.hits + rates.misses == rates.requests);
	require(stats.live_bytes <=
	        stats.warm_bytes + stats.cold_bytes + stats.catalogue_bytes);
	test_walk(world->path, arenas_count, &arenas);
	if (arenas != stats.arenas)
		fprintf(stderr, "%" PRIu64 " arenas, known are %" PRIu64 "\n",
		        arenas, stats.arenas);
	require(arenas == stats.arenas);
	assert_status(bc_verify(world->cache, NULL, NULL, NULL, &report, &err),
	              BC_OK, &err);
}

void
chaos_budget_check(struct chaos_world *world)
{
	const uint64_t budget = world->config.warm_bytes;
	struct bc_stats stats;
	struct bc_error err;

	assert_status(bc_stats(world->cache, &stats, &err), BC_OK, &err);
	if (world->shrunk)
		return;
	if (stats.warm_bytes > budget + 2 * bci_arena_capacity(budget))
		fprintf(stderr, "%" PRIu64 " bytes of %" PRIu64 "\n",
		        stats.warm_bytes, budget);
	require(stats.warm_bytes <= budget + 2 * bci_arena_capacity(budget));
}

static int
first_key(void *context, const struct bc_info *info)
{
	snprintf(context, BC_KEY_MAX + 1, "%s", info->key);
	return 1;
}

void
chaos_clear_all(struct chaos_world *world)
{
	char key[BC_KEY_MAX + 1];
	struct bc_stats stats;
	struct bc_error err;

	for (;;) {
		key[0] = '\0';
		assert_status(bc_list(world->cache, NULL, first_key, key, &err),
		              BC_OK, &err);
		if (key[0] == '\0')
			break;
		assert_status(bc_remove(world->cache, key, &err), BC_OK, &err);
	}
	/* What was evicted is not listed, but known. */
	for (unsigned i = 0; i < CHAOS_KEYS; i++) {
		enum bc_status status;

		chaos_key(i, key);
		status = bc_remove(world->cache, key, &err);
		assert_status(status, BC_MISS, &err);
	}
	assert_status(bc_stats(world->cache, &stats, &err), BC_OK, &err);
	require(stats.entries == 0 && stats.segments == 0);
	require(stats.evicted_entries == 0);
	require(stats.live_bytes == 0 && stats.live_cold_bytes == 0);
	if (stats.access_sum != 0)
		fprintf(stderr, "accesses %" PRIu64 "\n", stats.access_sum);
	require(stats.access_sum == 0);
	require(stats.avg_access_count == 0);
}

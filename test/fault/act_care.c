/* SPDX-License-Identifier: MIT */
/*
 * act_care.c - acts on the cache as a whole: opening, settings, eviction,
 * compaction, copies, freezing, salvage.
 */
#include "act.h"

#include <string.h>
#include <unistd.h>

static void
care_open(struct stage *stage)
{
	struct gallery_found found;

	if (!SAYS(stage, bc_open(stage->dir.cache, &stage->options,
	                         &stage->cache, &stage->err)))
		return;
	found = gallery_read(stage->cache);
	TRUE_OF(stage, found.wrong == 0 && found.short_ == 0);
	gallery_change(stage->cache, 1 | 16);
	SAYS(stage, bc_sync(stage->cache, &stage->err));
	bc_close(stage->cache);
	stage->cache = NULL;
}

/* Budgets that are too small for what is there, and then another put. */
static void
care_budget(struct stage *stage)
{
	struct bc_config config;

	if (!SAYS(stage, bc_config_get(stage->cache, &config, &stage->err)))
		return;
	config.warm_bytes = 1u << 20;
	config.cold_bytes = 1u << 20;
	config.ttl_ns = INT64_MAX / 4;
	config.cold_ttl_ns = INT64_MAX / 4;
	config.policy = BC_POLICY_LRU;
	config.durability = BC_DURABLE;
	SAYS(stage, bc_config_set(stage->cache, &config, &stage->err));
	for (unsigned i = 0; i < 3; i++)
		SAYS(stage, test_put_rows(stage->cache, "filler", i + 1, 1, 700,
		                          &stage->err));
	SAYS(stage, bc_place(stage->cache, gallery_keys[7], BC_PLACE_COLD, NULL,
	                     &stage->err));
	SAYS(stage, bc_compact(stage->cache, NULL, NULL, &stage->err));
}

static int
care_count(void *context, const struct bc_compact_progress *progress)
{
	unsigned *count = context;

	*count += progress->elapsed_ns > 0;
	return 0;
}

/* Everything evicted, as each policy chooses. */
static void
care_evict(struct stage *stage)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct bc_compact_report report;
	unsigned count = 0;

	options.flags = BC_COMPACT_TARGET | BC_COMPACT_COLD_TARGET;
	options.progress = care_count;
	options.context = &count;
	options.target_bytes = 700000;
	options.cold_target_bytes = 700000;
	for (int policy = 1; policy <= BC_POLICY_ADAPTIVE; policy++) {
		options.policy = (enum bc_policy)policy;
		SAYS(stage,
		     bc_compact(stage->cache, &options, &report, &stage->err));
		options.target_bytes -= 100000;
		options.cold_target_bytes -= 100000;
	}
}

static void
care_merge(struct stage *stage)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct bc_compact_report report;

	options.prefix = "s/";
	SAYS(stage, bc_compact(stage->cache, &options, &report, &stage->err));
	options.prefix = NULL;
	options.max_ns = INT64_MAX;
	SAYS(stage, bc_compact(stage->cache, &options, &report, &stage->err));
}

static void
care_rules(struct stage *stage)
{
	static const struct bc_rule rules[] = {
		{ "v/*", 1000 },
		{ "s/*", BC_TTL_NEVER },
	};
	uint64_t removed;

	SAYS(stage, bc_rules_set(stage->cache, rules, 2, &stage->err));
	SAYS(stage,
	     test_put_rows(stage->cache, "v/brief", 1, 1, 900, &stage->err));
	SAYS(stage, bc_touch(stage->cache, gallery_keys[4], NULL, &stage->err));
	SAYS(stage, bc_expire(stage->cache, &removed, &stage->err));
	SAYS(stage, bc_rules_set(stage->cache, NULL, 0, &stage->err));
}

static void
care_copy(struct stage *stage)
{
	struct bc_copy_options options = BC_COPY_OPTIONS_INIT;
	struct bc_copy_report report;
	char path[TEST_PATH];

	test_path(path, stage->dir.path, "copy");
	test_remove_tree(path);
	options.flags = BC_COPY_VERIFY | BC_COPY_FREEZE;
	SAYS(stage,
	     bc_copy(stage->cache, path, &options, &report, &stage->err));
	/* Damage that was there is no reason to leave nothing; more may be. */
	if (access(path, F_OK) == 0)
		SAYS(stage, bc_thaw(path, &stage->options, &stage->err));
}

static void
care_salvage(struct stage *stage)
{
	struct bc_salvage_report report;
	char path[TEST_PATH];

	test_path(path, stage->dir.path, "saved");
	test_remove_tree(path);
	SAYS(stage, bc_salvage(stage->dir.cache, path, &stage->options, &report,
	                       &stage->err));
}

static void
care_freeze(struct stage *stage)
{
	if (SAYS(stage, bc_open(stage->dir.cache, &stage->options,
	                        &stage->cache, &stage->err))) {
		SAYS(stage, bc_freeze(stage->cache, &stage->err));
		SAYS(stage, bc_freeze(stage->cache, &stage->err));
		bc_close(stage->cache);
		stage->cache = NULL;
	}
	if (SAYS(stage, bc_open(stage->dir.cache, &stage->options,
	                        &stage->cache, &stage->err))) {
		gallery_read(stage->cache);
		SAYS(stage,
		     bc_remove(stage->cache, gallery_keys[3], &stage->err));
		bc_close(stage->cache);
		stage->cache = NULL;
	}
	SAYS(stage, bc_thaw(stage->dir.cache, &stage->options, &stage->err));
}

const struct act care_acts[] = {
	{ "open", care_open, ACT_OPENS },
	{ "budgets", care_budget, 0 },
	{ "eviction", care_evict, 0 },
	{ "merging", care_merge, 0 },
	{ "rules", care_rules, 0 },
	{ "copy", care_copy, 0 },
	{ "salvage", care_salvage, ACT_OPENS },
	{ "freeze", care_freeze, ACT_OPENS },
	{ "open after a power cut", care_open, ACT_OPENS | ACT_BOOT },
	{ "the same with damage", care_open,
	  ACT_OPENS | ACT_BOOT | ACT_DAMAGED },
	{ "damage opened", care_open, ACT_OPENS | ACT_DAMAGED },
	{ "damage evicted", care_evict, ACT_DAMAGED },
	{ "damage merged", care_merge, ACT_DAMAGED },
	{ "damage copied", care_copy, ACT_DAMAGED },
	{ "damage salvaged", care_salvage, ACT_OPENS | ACT_DAMAGED },
};

const unsigned care_act_count = ACT_COUNT(care_acts);

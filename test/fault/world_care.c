/* SPDX-License-Identifier: MIT */
/*
 * world_care.c - the public calls that label, look around, and keep a cache in
 * order.
 */
#include "world.h"

#include <stdio.h>
#include <string.h>

/* What succeeds without a value to be shown. */
static enum bc_status
seen(struct world *world, enum bc_status status)
{
	if (status == BC_OK)
		world->seen = world->version;
	return status;
}

/* A key of this try alone. */
static enum bc_status
child_put(struct world *world, char key[24], struct bc_error *err)
{
	snprintf(key, 24, "child/%u", (unsigned)world->number);
	return bc_put_blob(world->cache, key, key, 24, NULL, err);
}

static enum bc_status
call_get_request(struct world *world, struct bc_error *err)
{
	static const char *const symbols[] = { "A", "B" };
	struct bc_request request = { symbols,      2,    "2020-01-01",
		                      "2020-02-01", "1d", "test" };
	enum bc_status status;
	struct bc_view view;

	(void)err;
	status = bc_get_request(world->cache, &request, &view);
	if (status == BC_MISS && view.miss == BC_MISS_ABSENT)
		return seen(world, BC_OK);
	return status;
}

static enum bc_status
call_touch(struct world *world, struct bc_error *err)
{
	return seen(world, bc_touch(world->cache, "target", NULL, err));
}

static enum bc_status
call_expire(struct world *world, struct bc_error *err)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	enum bc_status status;

	options.ttl_ns = 1;
	status = bc_put_blob(world->cache, "brief", "abc", 3, &options, err);
	if (status == BC_OK)
		status = bc_expire(world->cache, NULL, err);
	return seen(world, status);
}

static enum bc_status
call_compression(struct world *world, struct bc_error *err)
{
	struct bc_compression all;

	return seen(world, bc_compression(world->cache, NULL, &all, err));
}

static enum bc_status
call_place(struct world *world, struct bc_error *err)
{
	enum bc_placement to =
		world->number % 2 == 0 ? BC_PLACE_COLD : BC_PLACE_WARM;

	return seen(world, bc_place(world->cache, "old/5", to, NULL, err));
}

static enum bc_status
call_compact(struct world *world, struct bc_error *err)
{
	return seen(world, bc_compact(world->cache, NULL, NULL, err));
}

static enum bc_status
call_tag(struct world *world, struct bc_error *err)
{
	const char *const tags[] = { "a", "b", NULL };

	return seen(world, bc_tag(world->cache, "target", tags,
	                          BC_LABELS_REPLACE, err));
}

static enum bc_status
call_invalidate(struct world *world, struct bc_error *err)
{
	static const char *const parents[] = { "parent", NULL };
	enum bc_status status;
	char key[24];

	status = child_put(world, key, err);
	if (status == BC_OK)
		status = bc_depend(world->cache, key, parents, BC_LABELS_ADD,
		                   err);
	if (status == BC_OK)
		status = bc_invalidate(world->cache, "parent", 0, NULL, err);
	return seen(world, status);
}

static enum bc_status
call_clear(struct world *world, struct bc_error *err)
{
	enum bc_status status;
	char key[24];

	status = child_put(world, key, err);
	if (status == BC_OK)
		status = bc_link(world->cache, "backtest", key, 1, err);
	if (status == BC_OK)
		status = bc_clear_backtest(world->cache, "backtest", 0, NULL,
		                           err);
	return seen(world, status);
}

static enum bc_status
call_flush(struct world *world, struct bc_error *err)
{
	struct bc_options options = world->options;
	struct bc_cache *cache = NULL;
	enum bc_status status;
	struct bc_view view;

	options.backtest = "flushed";
	status = bc_open(world->dir.cache, &options, &cache, err);
	if (status != BC_OK)
		return status;
	status = bc_get(cache, "target", &view);
	if (status == BC_OK) {
		bc_view_release(&view);
		status = bc_flush(cache, err);
	} else {
		err->status = status;
		snprintf(err->message, sizeof(err->message), "a get failed");
	}
	bc_close(cache);
	return seen(world, status);
}

static int
label_count(void *context, const struct bc_label *label)
{
	unsigned *count = context;

	(void)label;
	(*count)++;
	return 0;
}

static enum bc_status
call_labels(struct world *world, struct bc_error *err)
{
	enum bc_status status;
	unsigned count = 0;

	status = bc_labels(world->cache, "old/1", 0, label_count, &count, err);
	if (status == BC_OK)
		status = bc_labelled(world->cache, BC_LABEL_TAG, NULL,
		                     label_count, &count, err);
	return seen(world, status);
}

static enum bc_status
call_pin(struct world *world, struct bc_error *err)
{
	return seen(world, bc_pin(world->cache, "target",
	                          (int)(world->number % 2), err));
}

static enum bc_status
call_remove_where(struct world *world, struct bc_error *err)
{
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	struct bc_filter filter = { .prefix = "child/" };
	enum bc_status status;
	char key[24];

	options.filter = &filter;
	status = child_put(world, key, err);
	if (status == BC_OK)
		status = bc_remove_where(world->cache, &options, NULL, err);
	return seen(world, status);
}

static int
rule_ignore(void *context, const struct bc_rule *rule)
{
	(void)context, (void)rule;
	return 0;
}

static enum bc_status
call_rules(struct world *world, struct bc_error *err)
{
	struct bc_rule rule = { .pattern = "fleeting/*" };
	enum bc_status status;

	rule.ttl_ns = (int64_t)world->number + 1;
	status = bc_rules_set(world->cache, &rule, 1, err);
	if (status == BC_OK)
		status = bc_rules_get(world->cache, rule_ignore, NULL, err);
	return seen(world, status);
}

static enum bc_status
call_days(struct world *world, struct bc_error *err)
{
	struct bc_latency latency;
	struct bc_process process;
	enum bc_status status;
	struct bc_hot hot;
	size_t count;

	status = bc_days(world->cache, 0, INT64_MAX, NULL, 0, &count, err);
	if (status == BC_OK)
		status = bc_latency(world->cache, BC_OP_GET, 0, &latency, err);
	if (status == BC_OK)
		status = bc_top(world->cache, NULL, &hot, 1, &count, err);
	if (status == BC_OK)
		status = bc_processes(world->cache, &process, 1, &count, err);
	return seen(world, status);
}

static enum bc_status
call_health(struct world *world, struct bc_error *err)
{
	struct bc_health health;

	return seen(world, bc_health(world->dir.cache, 0, &health, err));
}

static enum bc_status
call_warm(struct world *world, struct bc_error *err)
{
	struct bc_warm_options options = BC_WARM_OPTIONS_INIT;

	options.threads = 1;
	options.flags = BC_WARM_VERIFY;
	return seen(world, bc_warm(world->cache, &options, NULL, err));
}

/* With a handle of its own, as it is closed in between. */
static enum bc_status
call_freeze(struct world *world, struct bc_error *err)
{
	struct bc_cache *cache = NULL;
	enum bc_status status;

	status = bc_open(world->dir.cache, &world->options, &cache, err);
	if (status != BC_OK)
		return status;
	status = bc_freeze(cache, err);
	bc_close(cache);
	if (status == BC_OK)
		status = bc_thaw(world->dir.cache, &world->options, err);
	return status;
}

static enum bc_status
call_repair(struct world *world, struct bc_error *err)
{
	enum bc_status status = bc_repair(world->cache, NULL, NULL, err);

	if (status == BC_OK)
		status = bc_quarantine(world->cache, NULL, NULL, NULL, err);
	return seen(world, status);
}

static enum bc_status
call_salvage(struct world *world, struct bc_error *err)
{
	struct bc_options options = world->options;
	char path[TEST_PATH];

	options.flags = 0;
	test_path(path, world->dir.path, "saved");
	return bc_salvage(world->dir.cache, path, &options, NULL, err);
}

static enum bc_status
call_copy(struct world *world, struct bc_error *err)
{
	char path[TEST_PATH];

	test_path(path, world->dir.path, "copy");
	return seen(world, bc_copy(world->cache, path, NULL, NULL, err));
}

const struct call care_calls[] = {
	{ "bc_get_request", "bc_get_request", call_get_request, READS, false,
	  300 },
	{ "bc_touch", "bc_touch", call_touch, READS, true, 300 },
	{ "bc_expire", "bc_expire", call_expire, READS, true, 300 },
	{ "bc_place", "bc_place", call_place, READS, true, 300 },
	{ "bc_compression", "bc_compression", call_compression, READS, true,
	  300 },
	{ "bc_compact", "bc_compact", call_compact, READS, true, 300 },
	{ "bc_tag", "bc_tag", call_tag, READS, true, 300 },
	{ "bc_invalidate", "bc_depend bc_invalidate", call_invalidate, READS,
	  true, 300 },
	{ "bc_clear_backtest", "bc_link bc_clear_backtest", call_clear, READS,
	  true, 300 },
	{ "bc_flush", "bc_flush", call_flush, READS, true, 300 },
	{ "bc_labels", "bc_labels bc_labelled", call_labels, READS, true, 300 },
	{ "bc_pin", "bc_pin", call_pin, READS, true, 300 },
	{ "bc_remove_where", "bc_remove_where", call_remove_where, READS, true,
	  300 },
	{ "bc_rules_set", "bc_rules_get bc_rules_set", call_rules, READS, true,
	  300 },
	{ "bc_days", "bc_days bc_latency bc_top bc_processes", call_days, READS,
	  true, 300 },
	{ "bc_health", "bc_health", call_health, READS, true, 300 },
	{ "bc_warm", "bc_warm", call_warm, READS, true, 300 },
	{ "bc_freeze", "bc_freeze bc_thaw", call_freeze, OPENS, true, 300 },
	{ "bc_repair", "bc_repair bc_quarantine", call_repair, READS, true,
	  300 },
	{ "bc_salvage", "bc_salvage", call_salvage, OPENS, true, 300 },
	{ "bc_copy", "bc_copy", call_copy, READS, true, 300 },
};

const unsigned care_call_count = CALL_COUNT(care_calls);

/* SPDX-License-Identifier: MIT */
/*
 * act_look.c - acts that look at a gallery and leave it as it is, but for what
 * reading does by itself: derived entries, promotions, counters.
 */
#include "act.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_NS INT64_C(60000000000)
#define BEGIN_NS (28000000 * MINUTE_NS)
#define SPOT_A gallery_keys[7]
#define SPOT_B gallery_keys[8]
#define SPOT_D gallery_keys[10]

static void
look_read(struct stage *stage)
{
	struct gallery_found found = gallery_read(stage->cache);

	TRUE_OF(stage, found.wrong == 0 && found.short_ == 0);
}

static void
look_around(struct stage *stage)
{
	gallery_look(stage->cache, stage->dir.cache);
}

static int
look_entry(void *context, const struct bc_info *info)
{
	unsigned *count = context;

	*count += info->key[0] != '\0';
	return 0;
}

static void
look_lists(struct stage *stage)
{
	static const struct bc_filter filters[] = {
		{ .glob = "s/*/[AB]/1m" },
		{ .regex = "^v/.*/(large|small)$" },
		{ .prefix = "v/", .tag = "red" },
		{ .backtest = "a backtest" },
		{ .backtest = "nobody's" },
		{ .source = "test" },
		{ .source = "s", .kind = BC_FRAME },
		{ .kind = BC_BLOB, .updated_before_ns = INT64_MAX },
		{ .not_accessed_since_ns = INT64_MAX, .prefix = "v/frame" },
		{ .keep_last = 2, .prefix = "v/" },
	};
	unsigned count = 0;

	for (size_t i = 0; i < ACT_COUNT(filters); i++)
		SAYS(stage, bc_list(stage->cache, &filters[i], look_entry,
		                    &count, &stage->err));
	(void)SAYS(stage, bc_list(stage->cache, NULL, look_entry, &count,
	                          &stage->err));
}

static int
look_label(void *context, const struct bc_label *label)
{
	unsigned *count = context;

	*count += label->text[0] != '\0' && label->key[0] != '\0';
	return 0;
}

static int
look_one_label(void *context, const struct bc_label *label)
{
	return look_label(context, label) + 1;
}

static void
look_labels(struct stage *stage)
{
	static const char *const texts[] = { "red", "a backtest",
		                             "v/blob/large" };
	unsigned count = 0;

	for (size_t i = 0; i < GALLERY_KEYS; i++)
		SAYS(stage, bc_labels(stage->cache, gallery_keys[i], 0,
		                      look_label, &count, &stage->err));
	for (int kind = 1; kind <= 3; kind++) {
		SAYS(stage, bc_labels(stage->cache, gallery_keys[5],
		                      (enum bc_label_kind)kind, look_one_label,
		                      &count, &stage->err));
		SAYS(stage, bc_labelled(stage->cache, (enum bc_label_kind)kind,
		                        NULL, look_label, &count, &stage->err));
		SAYS(stage, bc_labelled(stage->cache, (enum bc_label_kind)kind,
		                        texts[kind - 1], look_one_label, &count,
		                        &stage->err));
	}
}

static int
look_warmed(void *context, const struct bc_warmed *entry)
{
	unsigned *count = context;

	*count += entry->status == BC_OK;
	return 0;
}

static void
look_warm(struct stage *stage)
{
	static const struct bc_filter series = { .prefix = "s/" };
	const struct bc_warm_key keys[] = {
		{ gallery_keys[2], 0, 0 },
		{ SPOT_A, BEGIN_NS, BEGIN_NS + 900 * MINUTE_NS },
		{ "absent", 0, 0 },
	};
	struct bc_warm_options options = BC_WARM_OPTIONS_INIT;
	struct bc_warm_report report;
	unsigned count = 0;

	options.threads = 1;
	options.function = look_warmed;
	options.context = &count;
	options.flags = BC_WARM_DRY_RUN;
	SAYS(stage, bc_warm(stage->cache, &options, &report, &stage->err));
	options.flags = BC_WARM_VERIFY;
	options.keys = keys;
	options.key_count = ACT_COUNT(keys);
	SAYS(stage, bc_warm(stage->cache, &options, &report, &stage->err));
	options.filter = &series;
	options.from_ns = BEGIN_NS;
	options.to_ns = BEGIN_NS + 300 * MINUTE_NS;
	SAYS(stage, bc_warm(stage->cache, &options, NULL, &stage->err));
}

static void
look_bad(void *context, const char *key, const char *reason)
{
	unsigned *count = context;

	*count += key[0] != '\0' && reason[0] != '\0';
}

static void
look_verify(struct stage *stage)
{
	struct bc_verify_report report;
	struct bc_compression packed;
	unsigned count = 0;

	SAYS(stage, bc_verify(stage->cache, NULL, look_bad, &count, &report,
	                      &stage->err));
	SAYS(stage,
	     bc_verify(stage->cache, "s/", NULL, NULL, &report, &stage->err));
	SAYS(stage, bc_compression(stage->cache, NULL, &packed, &stage->err));
	for (size_t i = 0; i < GALLERY_KEYS; i++)
		SAYS(stage, bc_compression(stage->cache, gallery_keys[i],
		                           &packed, &stage->err));
}

static void
look_views(struct stage *stage)
{
	struct bc_view views[GALLERY_KEYS];
	struct bc_snapshot *snapshot;
	struct bc_bound *bound;
	enum bc_status status;

	if (SAYS(stage,
	         bc_snapshot_open(stage->cache, gallery_keys, GALLERY_KEYS,
	                          &snapshot, &stage->err))) {
		for (size_t i = 0; i < GALLERY_KEYS; i++) {
			status = bc_snapshot_get(snapshot, i, &views[i]);
			act_view(stage, status, gallery_keys[i], &views[i],
			         "bc_snapshot_get");
		}
		bc_snapshot_close(snapshot);
	}
	for (size_t i = 0; i < GALLERY_KEYS; i++) {
		if (!SAYS(stage,
		          bc_bind(stage->cache, gallery_keys[i], &bound)))
			continue;
		status = bc_bound_get(bound, &views[0]);
		act_view(stage, status, gallery_keys[i], &views[0],
		         "bc_bound_get");
		bc_unbind(bound);
	}
	status = bc_get_many(stage->cache, gallery_keys, GALLERY_KEYS, views);
	act_note(stage, status, "bc_get_many");
	for (size_t i = 0; i < GALLERY_KEYS; i++) {
		TRUE_OF(stage,
		        views[i].data == NULL ||
		                gallery_is_right(gallery_keys[i], &views[i]));
		bc_view_release(&views[i]);
	}
}

static void
look_ranges(struct stage *stage)
{
	static const unsigned flags[] = { 0, BC_READ_PRIVATE,
		                          BC_READ_ZERO_COPY };
	static const char *const columns[] = { "close", NULL };
	struct bc_view view, slice;
	enum bc_status status;

	for (size_t i = 0; i < ACT_COUNT(flags); i++) {
		status = bc_read(
			stage->cache, SPOT_A, BEGIN_NS + 10 * MINUTE_NS,
			BEGIN_NS + 3000 * MINUTE_NS, columns, flags[i], &view);
		if (status == BC_OK &&
		    SAYS(stage, bc_view_slice(&view, 5, 200, &slice)))
			act_view(stage, BC_OK, SPOT_A, &slice, "slice");
		act_view(stage, status, SPOT_A, &view, "bc_read");
	}
	status = bc_read(stage->cache, SPOT_D, BEGIN_NS + 250 * MINUTE_NS,
	                 BEGIN_NS + 350 * MINUTE_NS, NULL, 0, &view);
	act_view(stage, status, SPOT_D, &view, "bc_read, packed");
	status = bc_tail(stage->cache, SPOT_B, 15, columns, 0, &view);
	act_view(stage, status, SPOT_B, &view, "bc_tail");
	status = bc_asof(stage->cache, SPOT_D, BEGIN_NS + 400 * MINUTE_NS, NULL,
	                 0, &view);
	act_view(stage, status, SPOT_D, &view, "bc_asof");
	status = bc_read_rows(stage->cache, SPOT_A, 500, 2000, NULL, 0, &view);
	act_view(stage, status, SPOT_A, &view, "bc_read_rows");
}

static void
look_derived(struct stage *stage)
{
	static const char *const add[] = { "sma(close,3)", "ema(5)", NULL };
	static const char *const times[] = { "5m", "1h", "1d" };
	struct bc_resample rule = BC_RESAMPLE_INIT;
	struct bc_derive derive = BC_DERIVE_INIT;
	enum bc_status status;
	struct bc_view view;

	derive.resample = &rule;
	for (int i = 0; i < 3; i++) {
		rule.timeframe = times[i];
		rule.zone = i == 2 ? "America/New_York" : NULL;
		rule.fill = (enum bc_fill)i;
		derive.add = i == 1 ? add : NULL;
		stage->err = (struct bc_error){ .status = BC_OK };
		status = bc_read_derived(stage->cache, SPOT_A, BEGIN_NS,
		                         BEGIN_NS + 3000 * MINUTE_NS,
		                         BC_READ_PARTIAL, &derive, &view,
		                         &stage->err);
		act_view(stage, status, NULL, &view, "bc_read_derived");
	}
	derive.resample = NULL;
	derive.add = add;
	status = bc_read_derived(stage->cache, SPOT_D, BEGIN_NS, INT64_MAX,
	                         BC_READ_PARTIAL | BC_READ_OPEN, &derive, &view,
	                         &stage->err);
	act_view(stage, status, NULL, &view, "bc_read_derived, as it is");
}

static int
look_rule(void *context, const struct bc_rule *rule)
{
	unsigned *count = context;

	*count += rule->pattern[0] != '\0';
	return 1;
}

static void
look_facts(struct stage *stage)
{
	static const struct bc_filter series = { .prefix = "s/" };
	struct bc_process processes[2];
	struct bc_latency latency;
	struct bc_health health;
	struct bc_config config;
	struct bc_stats stats;
	struct bc_day days[2];
	struct bc_hot hot[3];
	unsigned rules = 0;
	size_t count;

	SAYS(stage, bc_stats(stage->cache, &stats, &stage->err));
	SAYS(stage,
	     bc_health(stage->dir.cache, BC_OPEN_GROUP, &health, &stage->err));
	SAYS(stage, bc_config_get(stage->cache, &config, &stage->err));
	SAYS(stage, bc_rules_get(stage->cache, look_rule, &rules, &stage->err));
	SAYS(stage,
	     bc_days(stage->cache, 0, INT32_MAX, days, 2, &count, &stage->err));
	SAYS(stage, bc_top(stage->cache, &series, hot, 3, &count, &stage->err));
	SAYS(stage,
	     bc_processes(stage->cache, processes, 2, &count, &stage->err));
	SAYS(stage,
	     bc_latency(stage->cache, BC_OP_GET, 0, &latency, &stage->err));
}

static void
look_gaps(struct stage *stage)
{
	struct bc_interval intervals[4];
	struct bc_gap gaps[4];
	size_t count;

	SAYS(stage, bc_missing(stage->cache, gallery_keys + 4, 8,
	                       BEGIN_NS - MINUTE_NS, BEGIN_NS + 900 * MINUTE_NS,
	                       0, gaps, 4, &count, &stage->err));
	SAYS(stage,
	     bc_missing(stage->cache, gallery_keys + 7, 5, INT64_MIN, INT64_MAX,
	                BC_MISSING_SETTLED, gaps, 4, &count, &stage->err));
	for (size_t i = 7; i < GALLERY_KEYS; i++)
		SAYS(stage, bc_coverage(stage->cache, gallery_keys[i],
		                        intervals, 4, &count, &stage->err));
}

static void
look_dry(struct stage *stage)
{
	static const struct bc_filter all = { .prefix = "" };
	struct bc_compact_options compact = BC_COMPACT_OPTIONS_INIT;
	struct bc_remove_options rest = BC_REMOVE_OPTIONS_INIT;
	struct bc_repair_options repair = BC_REPAIR_OPTIONS_INIT;
	struct bc_compact_report merged;
	struct bc_repair_report repaired;
	struct bc_removed removed;

	compact.flags =
		BC_COMPACT_DRY_RUN | BC_COMPACT_TARGET | BC_COMPACT_COLD_TARGET;
	SAYS(stage, bc_compact(stage->cache, &compact, &merged, &stage->err));
	repair.flags = BC_REPAIR_DRY_RUN;
	SAYS(stage, bc_repair(stage->cache, &repair, &repaired, &stage->err));
	rest.flags = BC_REMOVE_DRY_RUN | BC_REMOVE_DEPENDENTS;
	rest.filter = &all;
	SAYS(stage,
	     bc_remove_where(stage->cache, &rest, &removed, &stage->err));
}

/* A handle that may only read, one that links what it hits, one with a trace.
 */
static void
look_handles(struct stage *stage)
{
	struct bc_options options = stage->options;
	struct bc_cache *cache;
	struct bc_view view;
	char trace[TEST_PATH];

	test_path(trace, stage->dir.path, "trace");
	for (int i = 0; i < 4; i++) {
		options = stage->options;
		options.flags = i == 0   ? BC_OPEN_READONLY
		                : i == 3 ? BC_OPEN_REFRESH
		                         : 0;
		options.backtest = i == 1 ? "of a hit" : NULL;
		options.trace = i == 2 ? trace : NULL;
		options.checking = i == 1 ? BC_CHECK_ALWAYS : BC_CHECK_FIRST;
		if (!SAYS(stage, bc_open(stage->dir.cache, &options, &cache,
		                         &stage->err)))
			continue;
		for (size_t k = 0; k < GALLERY_KEYS; k += 3)
			act_view(stage, bc_get(cache, gallery_keys[k], &view),
			         gallery_keys[k], &view, "bc_get");
		SAYS(stage,
		     bc_touch(cache, gallery_keys[4], NULL, &stage->err));
		if (i == 1)
			SAYS(stage, bc_flush(cache, &stage->err));
		bc_close(cache);
	}
}

const struct act look_acts[] = {
	{ "read", look_read, 0 },
	{ "look", look_around, 0 },
	{ "lists", look_lists, 0 },
	{ "labels", look_labels, 0 },
	{ "warm", look_warm, 0 },
	{ "verify", look_verify, 0 },
	{ "views", look_views, 0 },
	{ "ranges", look_ranges, 0 },
	{ "derived", look_derived, 0 },
	{ "facts", look_facts, 0 },
	{ "gaps", look_gaps, 0 },
	{ "dry runs", look_dry, 0 },
	{ "handles", look_handles, 0 },
	{ "reading damage", look_read, ACT_DAMAGED },
	{ "verifying damage", look_verify, ACT_DAMAGED },
	{ "warming damage", look_warm, ACT_DAMAGED },
};

const unsigned look_act_count = ACT_COUNT(look_acts);

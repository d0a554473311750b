/* SPDX-License-Identifier: MIT */
/*
 * cmd_stats.c - barcache stats: counters, hit rate, budgets, times, days,
 * processes, the hottest entries; for people, as JSON, and for Prometheus.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "counter.h"
#include "entry.h"
#include "moment.h"
#include "output.h"
#include "stats_print.h"
#include "tool.h"
#include "unit.h"

enum {
	STATS_FROM,
	STATS_TO,
	STATS_DAYS,
	STATS_TOP,
	STATS_PROCESSES,
	STATS_PROMETHEUS
};

static const struct args_option stats_options[] = {
	[STATS_FROM] = { "from", ARGS_TIME, "TIME",
	                 "Show days (UTC) from the day of TIME on" },
	[STATS_TO] = { "to", ARGS_TIME, "TIME",
	               "Show days up to the day of TIME, which is included" },
	[STATS_DAYS] = { "days", ARGS_COUNT, "N", "Show the last N days" },
	[STATS_TOP] = { "top", ARGS_COUNT, "N",
	                "Show the N entries that are read most" },
	[STATS_PROCESSES] = { "processes", ARGS_FLAG, NULL,
	                      "Show the processes that have the cache open "
	                      "instead" },
	[STATS_PROMETHEUS] = { "prometheus", ARGS_FLAG, NULL,
	                       "Print metrics as Prometheus reads them" },
};

/* Processes that may come while they are counted. */
#define STATS_SPARE 64

#define STATS_TOP_JSON 10
#define STATS_TOP_MAX 100000

#define DAY_NS (86400 * BCI_SECOND_NS)

/* ---- days -------------------------------------------------------------- */

/* The day that a time is of; before 1970 too. */
static int64_t
stats_day(int64_t ns)
{
	return ns / DAY_NS - (ns % DAY_NS < 0);
}

/* Which days were asked for. */
static enum tool_exit
stats_range(const struct tool *tool, int64_t *first, int64_t *last)
{
	const struct args_value *values = tool->args.values;

	*first = 0;
	*last = stats_day(bci_clock_wall_ns());
	if (values[STATS_DAYS].set &&
	    (values[STATS_FROM].set || values[STATS_TO].set))
		return tool_usage(tool, "--days and --from or --to exclude "
		                        "each other");
	if (values[STATS_DAYS].set && values[STATS_DAYS].number == 0)
		return tool_usage(tool, "--days: 0 days");
	if (values[STATS_DAYS].set &&
	    values[STATS_DAYS].number <= (uint64_t)*last)
		*first = *last - (int64_t)values[STATS_DAYS].number + 1;
	if (values[STATS_FROM].set)
		*first = stats_day(values[STATS_FROM].ns);
	if (values[STATS_TO].set)
		*last = stats_day(values[STATS_TO].ns);
	if (*first > *last)
		return tool_usage(tool, "--to must not be before --from");
	return TOOL_DONE;
}

static enum tool_exit
stats_days(struct tool *tool)
{
	struct bc_day *days = NULL;
	enum tool_exit result;
	size_t count = 0, capacity;
	int64_t first, last;
	struct bc_error err;

	result = stats_range(tool, &first, &last);
	if (result != TOOL_DONE)
		return result;
	do {
		/* Another one may begin meanwhile. */
		capacity = count + 1;
		free(days);
		days = tool_alloc(capacity, sizeof(*days));
		if (bc_days(tool->cache, first, last, days, capacity, &count,
		            &err) != BC_OK) {
			result = tool_fail(&err);
			goto done;
		}
	} while (count > capacity);
	if (tool->json)
		stats_days_json(days, count);
	else
		stats_days_print(days, count);
done:
	free(days);
	return result;
}

/* ---- processes and entries ---------------------------------------------- */

static enum tool_exit
stats_processes(struct tool *tool, const struct bc_stats *stats)
{
	size_t capacity = (size_t)stats->processes + STATS_SPARE;
	struct bc_process *processes = tool_alloc(capacity, sizeof(*processes));
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;
	size_t count = 0;

	if (bc_processes(tool->cache, processes, capacity, &count, &err) !=
	    BC_OK)
		result = tool_fail(&err);
	else if (tool->json)
		stats_processes_json(processes, count);
	else
		stats_processes_print(processes, count);
	free(processes);
	return result;
}

/* The hottest 'wanted' entries; memory to free, or NULL after a message. */
static struct bc_hot *
stats_hottest(struct tool *tool, uint64_t wanted, size_t *count)
{
	struct bc_hot *hot =
		tool_alloc((size_t)wanted + (wanted == 0), sizeof(*hot));
	struct bc_error err;

	if (bc_top(tool->cache, NULL, hot, (size_t)wanted, count, &err) ==
	    BC_OK)
		return hot;
	(void)tool_fail(&err);
	free(hot);
	return NULL;
}

/* ---- all --------------------------------------------------------------- */

static enum tool_exit
stats_all(struct tool *tool, struct stats_facts *facts)
{
	const struct args_value *top = &tool->args.values[STATS_TOP];
	uint64_t wanted = top->set     ? top->number
	                  : tool->json ? STATS_TOP_JSON
	                               : 0;
	struct bc_error err;
	enum bc_op op;

	for (op = 0; op < BC_OPS; ++op)
		if (bc_latency(tool->cache, op, 0, &facts->latency[op], &err) !=
		    BC_OK)
			return tool_fail(&err);
	if (!top->set && bc_compression(tool->cache, NULL, &facts->compression,
	                                &err) != BC_OK)
		return tool_fail(&err);
	if (tool->args.values[STATS_PROMETHEUS].set) {
		stats_prometheus(facts);
		return TOOL_DONE;
	}
	facts->hot = stats_hottest(tool, wanted, &facts->hot_count);
	if (facts->hot == NULL)
		return TOOL_CANNOT;
	if (tool->json)
		stats_json(facts);
	else if (top->set)
		stats_hot_print(facts->hot, facts->hot_count);
	else
		stats_print(facts);
	free(facts->hot);
	return TOOL_DONE;
}

static enum tool_exit
stats_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	struct stats_facts facts = { .hot = NULL };
	enum tool_exit result;
	struct bc_error err;

	if (values[STATS_PROMETHEUS].set && tool->json)
		return tool_usage(tool, "--json and --prometheus exclude each "
		                        "other");
	if (values[STATS_TOP].set && values[STATS_TOP].number > STATS_TOP_MAX)
		return tool_usage(tool, "--top: at most %d", STATS_TOP_MAX);
	result = tool_open(tool, TOOL_READ, NULL);
	if (result != TOOL_DONE)
		return result;
	if (values[STATS_FROM].set || values[STATS_TO].set ||
	    values[STATS_DAYS].set)
		return stats_days(tool);
	if (bc_stats(tool->cache, &facts.stats, &err) != BC_OK)
		return tool_fail(&err);
	if (values[STATS_PROCESSES].set)
		return stats_processes(tool, &facts.stats);
	return stats_all(tool, &facts);
}

const struct tool_command cmd_stats = {
	.name = "stats",
	.summary = "Show counters, hit rate and budgets",
	.operands = "",
	.options = stats_options,
	.option_count = sizeof(stats_options) / sizeof(stats_options[0]),
	.run = stats_run,
	.notes = "With --from, --to or --days: one row a day, of days without "
		 "any none.  With --top: the entries that are read most.  "
		 "What was counted since the last commit of a writer is "
		 "today's.\n\n"
		 "JSON: requests, hits (total, hot, warm, cold), misses "
		 "(total and each reason), tiers (hits and misses of each), "
		 "hit_ratio (0 to 1), corrupt, puts, put_bytes, written_bytes, "
		 "removals, stale, evictions, evicted_bytes, expirations, "
		 "demotions, promotions, moved_bytes, arenas_removed, fetches, "
		 "fetch_ns, links, not_cached, quarantined, "
		 "write_amplification, avg_fetch_ns; ops_per_second, "
		 "compression_ratio, compression (tiers, packed: segments, "
		 "raw_bytes, stored_bytes; codecs: columns and the same; "
		 "unreadable), entry_count, evicted_entries, max_items, "
		 "segments, access_sum, avg_access_count, bytes, total_size "
		 "(on disk), capacity, warm_bytes, warm_budget_bytes, "
		 "cold_bytes, live_cold_bytes, cold_budget_bytes, "
		 "catalogue_bytes, ledger_bytes, pinned_unlinked_bytes, "
		 "arenas, damaged_segments, readers, readers_max, processes, "
		 "guarded, folded_ns, compacted_ns, latency (of each "
		 "operation: count, sum_ns, min_ns, max_ns, p50_ns, p99_ns, "
		 "p999_ns), top_accessed (a list of key, kind, tier, "
		 "access_count, accessed_ns, stored_bytes); of days: days, a "
		 "list of date, entry_count, bytes and the counters; with "
		 "--processes: processes, a list of pid, pid_namespace, name, "
		 "started_ns, noted_ns, mapped_bytes, views, views_since_ns, "
		 "links_pending, pinned_unlinked_bytes and the counters.",
};

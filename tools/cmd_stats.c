/* SPDX-License-Identifier: MIT */
/*
 * cmd_stats.c - barcache stats: counters, hit rate, budgets, processes.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "moment.h"
#include "entry.h"
#include "output.h"
#include "tool.h"
#include "unit.h"

enum { STATS_PROCESSES };

static const struct args_option stats_options[] = {
	[STATS_PROCESSES] = { "processes", ARGS_FLAG, NULL,
	                      "Show the processes that have the cache open "
	                      "instead" },
};

/* Processes that may come while they are counted. */
#define STATS_SPARE 64

static uint64_t
stats_hits(const struct bc_counters *counters)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < BC_TIERS; ++i)
		sum += counters->hits[i];
	return sum;
}

static uint64_t
stats_misses(const struct bc_counters *counters)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < BC_MISS_REASONS; ++i)
		sum += counters->misses[i];
	return sum;
}

/* Add {"total": 3, "warm": 3, ...} of names and counts from index 1 on. */
static void
stats_add_counts(json_t *object, const char *title, uint64_t total,
                 const uint64_t *counts, size_t count,
                 const char *(*name)(size_t index))
{
	json_t *inner = json_object();
	size_t i;

	output_add_count(inner, "total", total);
	for (i = 1; i < count; ++i)
		output_add_count(inner, name(i), counts[i]);
	output_add(object, title, inner);
}

static const char *
stats_tier(size_t index)
{
	return entry_tier((enum bc_tier)index);
}

static const char *
stats_miss(size_t index)
{
	return bc_miss_name((enum bc_miss)index);
}

/* What stats and its processes have in common. */
static void
stats_add_counters(json_t *object, const struct bc_counters *counters)
{
	uint64_t hits = stats_hits(counters);
	uint64_t misses = stats_misses(counters);
	uint64_t requests = hits + misses;

	output_add_count(object, "requests", requests);
	stats_add_counts(object, "hits", hits, counters->hits, BC_TIERS,
	                 stats_tier);
	stats_add_counts(object, "misses", misses, counters->misses,
	                 BC_MISS_REASONS, stats_miss);
	output_add(object, "hit_rate",
	           requests == 0 ? json_null()
	                         : json_real((double)hits / (double)requests));
	output_add_count(object, "puts", counters->puts);
	output_add_count(object, "put_bytes", counters->put_bytes);
	output_add_count(object, "removals", counters->removals);
}

static void
stats_print_json(const struct bc_stats *stats)
{
	json_t *object = json_object();

	stats_add_counters(object, &stats->total);
	output_add_count(object, "entries", stats->entries);
	output_add_count(object, "segments", stats->segments);
	output_add_count(object, "access_sum", stats->access_sum);
	output_add_count(object, "live_bytes", stats->live_bytes);
	output_add_count(object, "warm_bytes", stats->warm_bytes);
	output_add_count(object, "warm_budget_bytes", stats->warm_budget_bytes);
	output_add_count(object, "cold_bytes", stats->cold_bytes);
	output_add_count(object, "cold_budget_bytes", stats->cold_budget_bytes);
	output_add_count(object, "catalogue_bytes", stats->catalogue_bytes);
	output_add_count(object, "ledger_bytes", stats->ledger_bytes);
	output_add_count(object, "arenas", stats->arenas);
	output_add_count(object, "readers", stats->readers);
	output_add_count(object, "readers_max", stats->readers_max);
	output_add_count(object, "processes", stats->processes);
	output_add(object, "guarded", json_boolean(stats->guarded != 0));
	output_json(object);
}

/* "12 (80.0 %): warm 10, cold 2" without the names that have none. */
static void
stats_print_counts(const char *title, uint64_t total, uint64_t requests,
                   const uint64_t *counts, size_t count,
                   const char *(*name)(size_t index))
{
	char text[256];
	size_t i, used = 0;

	used += (size_t)snprintf(text, sizeof(text), "%" PRIu64, total);
	if (requests != 0)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, " (%.1f %%)",
			100.0 * (double)total / (double)requests);
	for (i = 1; total != 0 && i < count; ++i)
		if (counts[i] != 0 && used < sizeof(text))
			used += (size_t)snprintf(
				text + used, sizeof(text) - used,
				", %s %" PRIu64, name(i), counts[i]);
	output_pair(title, "%s", text);
}

/* "12 MiB of 1 GiB (1.2 %)" */
static void
stats_print_budget(const char *title, uint64_t used, uint64_t budget)
{
	char used_text[UNIT_TEXT], budget_text[UNIT_TEXT];

	output_pair(title, "%s of %s (%.1f %%)",
	            unit_format_bytes(used, used_text),
	            unit_format_bytes(budget, budget_text),
	            budget == 0 ? 0.0 : 100.0 * (double)used / (double)budget);
}

static void
stats_print(const struct bc_stats *stats)
{
	const struct bc_counters *total = &stats->total;
	uint64_t hits = stats_hits(total), misses = stats_misses(total);
	char bytes[UNIT_TEXT];

	output_pair("entries", "%" PRIu64, stats->entries);
	output_pair("segments", "%" PRIu64, stats->segments);
	output_pair("requests", "%" PRIu64, hits + misses);
	stats_print_counts("hits", hits, hits + misses, total->hits, BC_TIERS,
	                   stats_tier);
	stats_print_counts("misses", misses, hits + misses, total->misses,
	                   BC_MISS_REASONS, stats_miss);
	output_pair("puts", "%" PRIu64 ", %s", total->puts,
	            unit_format_bytes(total->put_bytes, bytes));
	output_pair("removals", "%" PRIu64, total->removals);
	output_pair("live bytes", "%s",
	            unit_format_bytes(stats->live_bytes, bytes));
	stats_print_budget("warm files", stats->warm_bytes,
	                   stats->warm_budget_bytes);
	stats_print_budget("cold files", stats->cold_bytes,
	                   stats->cold_budget_bytes);
	output_pair("catalogue", "%s",
	            unit_format_bytes(stats->catalogue_bytes, bytes));
	output_pair("ledger", "%s",
	            unit_format_bytes(stats->ledger_bytes, bytes));
	output_pair("arenas", "%" PRIu64, stats->arenas);
	output_pair("readers", "%" PRIu32 " of %" PRIu32, stats->readers,
	            stats->readers_max);
	output_pair("processes", "%" PRIu32, stats->processes);
	output_pair("lookups", "%s",
	            stats->guarded != 0 ? "guarded by a file lock"
	                                : "lock-free");
}

static const struct output_column stats_columns[] = {
	{ "pid", true },      { "name", false },  { "started", false },
	{ "hits", true },     { "misses", true }, { "puts", true },
	{ "removals", true },
};

static void
stats_add_number(struct output_rows *rows, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	output_rows_add(rows, text);
}

static void
stats_processes_print(const struct bc_process *processes, size_t count)
{
	struct output_rows rows = { 0 };
	char started[BCI_TIME_TEXT];
	size_t i;

	for (i = 0; i < count; ++i) {
		const struct bc_counters *counters = &processes[i].counters;

		stats_add_number(&rows, processes[i].pid);
		output_rows_add(&rows, processes[i].name);
		output_rows_add(&rows,
		                entry_clock(processes[i].started_ns, started));
		stats_add_number(&rows, stats_hits(counters));
		stats_add_number(&rows, stats_misses(counters));
		stats_add_number(&rows, counters->puts);
		stats_add_number(&rows, counters->removals);
	}
	output_rows_print(&rows, stats_columns,
	                  sizeof(stats_columns) / sizeof(stats_columns[0]),
	                  output_format_default());
}

static void
stats_processes_json(const struct bc_process *processes, size_t count)
{
	json_t *object = json_object(), *list = json_array();
	size_t i;

	for (i = 0; i < count; ++i) {
		json_t *process = json_object();

		output_add_count(process, "pid", processes[i].pid);
		output_add_count(process, "pid_namespace",
		                 processes[i].pid_namespace);
		output_add_text(process, "name", processes[i].name);
		output_add_ns(process, "started_ns", true,
		              processes[i].started_ns);
		stats_add_counters(process, &processes[i].counters);
		json_array_append_new(list, process);
	}
	output_add(object, "processes", list);
	output_json(object);
}

static enum tool_exit
stats_processes(struct tool *tool, const struct bc_stats *stats)
{
	size_t capacity = (size_t)stats->processes + STATS_SPARE;
	struct bc_process *processes = tool_alloc(capacity, sizeof(*processes));
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;
	size_t count = 0;

	if (bc_processes(tool->cache, processes, capacity, &count, &err) !=
	    BC_OK) {
		result = tool_fail(&err);
		goto done;
	}
	if (count > capacity)
		count = capacity;
	if (tool->json)
		stats_processes_json(processes, count);
	else
		stats_processes_print(processes, count);
done:
	free(processes);
	return result;
}

static enum tool_exit
stats_run(struct tool *tool)
{
	struct bc_stats stats;
	enum tool_exit result;
	struct bc_error err;

	result = tool_open(tool, TOOL_READ, NULL);
	if (result != TOOL_DONE)
		return result;
	if (bc_stats(tool->cache, &stats, &err) != BC_OK)
		return tool_fail(&err);
	if (tool->args.values[STATS_PROCESSES].set)
		return stats_processes(tool, &stats);
	if (tool->json)
		stats_print_json(&stats);
	else
		stats_print(&stats);
	return TOOL_DONE;
}

const struct tool_command cmd_stats = {
	.name = "stats",
	.summary = "Show counters, hit rate and budgets",
	.operands = "",
	.options = stats_options,
	.option_count = sizeof(stats_options) / sizeof(stats_options[0]),
	.run = stats_run,
	.notes = "JSON: requests, hits (total, hot, warm, cold), misses "
		 "(total and each reason), hit_rate (0 to 1, or null), "
		 "puts, put_bytes, removals, entries, segments, access_sum, "
		 "live_bytes, warm_bytes, warm_budget_bytes, cold_bytes, "
		 "cold_budget_bytes, catalogue_bytes, ledger_bytes, arenas, "
		 "readers, readers_max, processes, guarded; with "
		 "--processes: processes, a list of pid, pid_namespace, "
		 "name, started_ns and the counters of each.",
};

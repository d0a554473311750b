/* SPDX-License-Identifier: MIT */
/*
 * stats_print.c - statistics for people.
 */
#include "stats_print.h"

#include <inttypes.h>
#include <stdio.h>

#include "compression.h"
#include "counter.h"
#include "entry.h"
#include "moment.h"
#include "output.h"
#include "unit.h"

#define DAY_NS (86400 * INT64_C(1000000000))

/* "12 (80.0 %), warm 10, cold 2" without the names that have none. */
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

/* A count with bytes, unless there were none. */
static void
stats_print_some(const char *title, uint64_t count, uint64_t bytes)
{
	char text[UNIT_TEXT];

	if (count != 0)
		output_pair(title, "%" PRIu64 ", %s", count,
		            unit_format_bytes(bytes, text));
}

static void
stats_print_one(const char *title, uint64_t count)
{
	if (count != 0)
		output_pair(title, "%" PRIu64, count);
}

/* What happens in some caches only. */
static void
stats_print_rare(const struct bc_counters *total)
{
	char bytes[UNIT_TEXT], span[UNIT_SPAN_TEXT];
	struct bc_rates rates;

	bc_rates(total, &rates);
	stats_print_some("evictions", total->evictions, total->evicted_bytes);
	stats_print_one("expirations", total->expirations);
	stats_print_one("demotions", total->demotions);
	stats_print_one("promotions", total->promotions);
	if (total->moved_bytes != 0)
		output_pair("moved", "%s",
		            unit_format_bytes(total->moved_bytes, bytes));
	if (total->fetches != 0)
		output_pair(
			"fetches", "%" PRIu64 ", %s each", total->fetches,
			unit_format_span((uint64_t)rates.avg_fetch_ns, span));
	stats_print_one("stale hits", total->stale);
	stats_print_one("links", total->links);
	stats_print_one("not cached", total->not_cached);
	stats_print_one("quarantined", total->quarantined);
}

static void
stats_print_latency(const struct bc_latency latency[BC_OPS])
{
	char p50[UNIT_TEXT], p99[UNIT_TEXT], p999[UNIT_TEXT];
	size_t i;

	for (i = 0; i < BC_OPS; ++i) {
		const struct bc_latency *one = &latency[i];

		if (one->count != 0)
			output_pair(bc_op_name((enum bc_op)i),
			            "p50 %s, p99 %s, p99.9 %s, of %" PRIu64,
			            unit_format_latency(one->p50_ns, p50),
			            unit_format_latency(one->p99_ns, p99),
			            unit_format_latency(one->p999_ns, p999),
			            one->count);
	}
}

static void
stats_print_sizes(const struct stats_facts *facts)
{
	const struct bc_stats *stats = &facts->stats;
	char bytes[UNIT_TEXT];

	output_pair("live bytes", "%s",
	            unit_format_bytes(stats->live_bytes, bytes));
	stats_print_budget("warm files", stats->warm_bytes,
	                   stats->warm_budget_bytes);
	stats_print_budget("cold files", stats->cold_bytes,
	                   stats->cold_budget_bytes);
	if (stats->live_cold_bytes != 0)
		output_pair("packed", "%.1f to 1", stats->compression_ratio);
	compression_print(&facts->compression);
	output_pair("catalogue", "%s",
	            unit_format_bytes(stats->catalogue_bytes, bytes));
	output_pair("ledger", "%s",
	            unit_format_bytes(stats->ledger_bytes, bytes));
	if (stats->pinned_unlinked_bytes != 0)
		output_pair(
			"kept by views", "%s",
			unit_format_bytes(stats->pinned_unlinked_bytes, bytes));
	output_pair("arenas", "%" PRIu64, stats->arenas);
}

void
stats_print(const struct stats_facts *facts)
{
	const struct bc_stats *stats = &facts->stats;
	const struct bc_counters *total = &stats->total;
	struct bc_rates rates;
	char bytes[UNIT_TEXT];

	bc_rates(total, &rates);
	output_pair("entries", "%" PRIu64, stats->entries);
	output_pair("segments", "%" PRIu64, stats->segments);
	output_pair("requests", "%" PRIu64, rates.requests);
	stats_print_counts("hits", rates.hits, rates.requests, total->hits,
	                   BC_TIERS, counter_tier);
	stats_print_counts("misses", rates.misses, rates.requests,
	                   total->misses, BC_MISS_REASONS, counter_miss);
	output_pair("accesses", "%.1f an entry", stats->avg_access_count);
	output_pair("puts", "%" PRIu64 ", %s", total->puts,
	            unit_format_bytes(total->put_bytes, bytes));
	output_pair("removals", "%" PRIu64, total->removals);
	stats_print_rare(total);
	stats_print_sizes(facts);
	output_pair("readers", "%" PRIu32 " of %" PRIu32, stats->readers,
	            stats->readers_max);
	output_pair("processes", "%" PRIu32, stats->processes);
	output_pair("lookups", "%s",
	            stats->guarded != 0 ? "guarded by a file lock"
	                                : "lock-free");
	stats_print_latency(facts->latency);
}

/* ---- tables -------------------------------------------------------------- */

static void
stats_add_number(struct output_rows *rows, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	output_rows_add(rows, text);
}

#define COLUMNS(columns) (sizeof(columns) / sizeof((columns)[0]))

static const struct output_column days_columns[] = {
	{ "date", false },   { "requests", true },  { "hits", true },
	{ "misses", true },  { "hit rate", true },  { "puts", true },
	{ "fetches", true }, { "evictions", true }, { "expirations", true },
	{ "entries", true }, { "bytes", true },
};

void
stats_days_print(const struct bc_day *days, size_t count)
{
	struct output_rows rows = { 0 };
	size_t i;

	for (i = 0; i < count; ++i) {
		const struct bc_counters *counted = &days[i].counters;
		char text[BCI_TIME_TEXT];
		struct bc_rates rates;

		bc_rates(counted, &rates);
		bci_time_format(days[i].day * DAY_NS, text);
		text[10] = '\0'; /* the date */
		output_rows_add(&rows, text);
		stats_add_number(&rows, rates.requests);
		stats_add_number(&rows, rates.hits);
		stats_add_number(&rows, rates.misses);
		snprintf(text, sizeof(text), "%.1f %%", 100 * rates.hit_ratio);
		output_rows_add(&rows, text);
		stats_add_number(&rows, counted->puts);
		stats_add_number(&rows, counted->fetches);
		stats_add_number(&rows, counted->evictions);
		stats_add_number(&rows, counted->expirations);
		stats_add_number(&rows, days[i].entries);
		stats_add_number(&rows, days[i].live_bytes);
	}
	output_rows_print(&rows, days_columns, COLUMNS(days_columns),
	                  output_format_default());
}

static const struct output_column process_columns[] = {
	{ "pid", true },      { "name", false },  { "started", false },
	{ "hits", true },     { "misses", true }, { "puts", true },
	{ "removals", true }, { "views", true },  { "kept bytes", true },
};

void
stats_processes_print(const struct bc_process *processes, size_t count)
{
	struct output_rows rows = { 0 };
	char started[BCI_TIME_TEXT];
	size_t i;

	for (i = 0; i < count; ++i) {
		struct bc_rates rates;

		bc_rates(&processes[i].counters, &rates);
		stats_add_number(&rows, processes[i].pid);
		output_rows_add(&rows, processes[i].name);
		output_rows_add(&rows,
		                entry_clock(processes[i].started_ns, started));
		stats_add_number(&rows, rates.hits);
		stats_add_number(&rows, rates.misses);
		stats_add_number(&rows, processes[i].counters.puts);
		stats_add_number(&rows, processes[i].counters.removals);
		stats_add_number(&rows, processes[i].views);
		stats_add_number(&rows, processes[i].pinned_unlinked_bytes);
	}
	output_rows_print(&rows, process_columns, COLUMNS(process_columns),
	                  output_format_default());
}

static const struct output_column hot_columns[] = {
	{ "key", false },     { "kind", false }, { "tier", false },
	{ "accesses", true }, { "last", false }, { "bytes", true },
};

void
stats_hot_print(const struct bc_hot *hot, size_t count)
{
	struct output_rows rows = { 0 };
	char text[BCI_TIME_TEXT];
	size_t i;

	for (i = 0; i < count; ++i) {
		output_rows_add(&rows, hot[i].key);
		output_rows_add(&rows, entry_kind(hot[i].kind));
		output_rows_add(&rows, entry_tier(hot[i].tier));
		stats_add_number(&rows, hot[i].access_count);
		output_rows_add(
			&rows, hot[i].accessed_ns == 0
				       ? "-"
				       : entry_clock(hot[i].accessed_ns, text));
		stats_add_number(&rows, hot[i].stored_bytes);
	}
	output_rows_print(&rows, hot_columns, COLUMNS(hot_columns),
	                  output_format_default());
}

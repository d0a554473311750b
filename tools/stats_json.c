/* SPDX-License-Identifier: MIT */
/*
 * stats_json.c - statistics for programs: JSON, and the text format of
 * Prometheus.  Their names are listed in test/cli/names and never change their
 * meaning.
 */
#include "stats_print.h"

#include <inttypes.h>
#include <stdio.h>

#include "compression.h"
#include "counter.h"
#include "entry.h"
#include "moment.h"
#include "output.h"

#define DAY_NS (86400 * INT64_C(1000000000))

uint64_t
stats_total_size(const struct bc_stats *stats)
{
	return stats->warm_bytes + stats->cold_bytes + stats->catalogue_bytes +
	       stats->ledger_bytes;
}

/* ---- a size, a count, by name -------------------------------------------- */

/* Numbers of struct bc_stats that are neither counters nor ratios. */
struct stats_gauge {
	const char *name, *help;
	uint64_t (*value)(const struct bc_stats *stats);
};

#define GAUGE(member)                                                          \
	static uint64_t gauge_##member(const struct bc_stats *stats)           \
	{                                                                      \
		return stats->member;                                          \
	}
GAUGE(entries)
GAUGE(evicted_entries)
GAUGE(entries_max)
GAUGE(segments)
GAUGE(access_sum)
GAUGE(live_bytes)
GAUGE(warm_bytes)
GAUGE(warm_budget_bytes)
GAUGE(cold_bytes)
GAUGE(live_cold_bytes)
GAUGE(cold_budget_bytes)
GAUGE(catalogue_bytes)
GAUGE(ledger_bytes)
GAUGE(pinned_unlinked_bytes)
GAUGE(arenas)
GAUGE(corrupt)
GAUGE(readers)
GAUGE(readers_max)
GAUGE(processes)
#undef GAUGE

static uint64_t
gauge_capacity(const struct bc_stats *stats)
{
	return stats->warm_budget_bytes + stats->cold_budget_bytes;
}

static const struct stats_gauge gauges[] = {
	{ "entry_count", "Entries.", gauge_entries },
	{ "evicted_entries", "Of these, evicted ones.", gauge_evicted_entries },
	{ "max_items", "Entries that are allowed.", gauge_entries_max },
	{ "segments", "Segments.", gauge_segments },
	{ "access_sum", "Sum of access counts.", gauge_access_sum },
	{ "bytes", "Bytes of what entries name.", gauge_live_bytes },
	{ "total_size", "Bytes on the disk.", stats_total_size },
	{ "capacity", "Both budgets in bytes.", gauge_capacity },
	{ "warm_bytes", "Warm files.", gauge_warm_bytes },
	{ "warm_budget_bytes", "Their budget.", gauge_warm_budget_bytes },
	{ "cold_bytes", "Cold files.", gauge_cold_bytes },
	{ "live_cold_bytes", "Of these, bytes in use.", gauge_live_cold_bytes },
	{ "cold_budget_bytes", "Their budget.", gauge_cold_budget_bytes },
	{ "catalogue_bytes", "The catalogue.", gauge_catalogue_bytes },
	{ "ledger_bytes", "The ledger.", gauge_ledger_bytes },
	{ "pinned_unlinked_bytes", "Removed files that views keep.",
	  gauge_pinned_unlinked_bytes },
	{ "arenas", "Arena files.", gauge_arenas },
	{ "damaged_segments", "Segments found damaged.", gauge_corrupt },
	{ "readers", "Slots of readers in use.", gauge_readers },
	{ "readers_max", "Slots of readers.", gauge_readers_max },
	{ "processes", "Processes that have the cache open.", gauge_processes },
};
#define GAUGES (sizeof(gauges) / sizeof(gauges[0]))

/* ---- JSON ---------------------------------------------------------------- */

static void
stats_add_latency(json_t *object, const struct bc_latency *latency)
{
	output_add_count(object, "count", latency->count);
	output_add_count(object, "sum_ns", latency->sum_ns);
	output_add_count(object, "min_ns", latency->min_ns);
	output_add_count(object, "max_ns", latency->max_ns);
	output_add_count(object, "p50_ns", latency->p50_ns);
	output_add_count(object, "p99_ns", latency->p99_ns);
	output_add_count(object, "p999_ns", latency->p999_ns);
}

json_t *
stats_hot_list(const struct bc_hot *hot, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; ++i) {
		json_t *item = json_object();

		output_add_text(item, "key", hot[i].key);
		output_add_text(item, "kind", entry_kind(hot[i].kind));
		output_add_text(item, "tier", entry_tier(hot[i].tier));
		output_add_count(item, "access_count", hot[i].access_count);
		output_add_ns(item, "accessed_ns", hot[i].accessed_ns != 0,
		              hot[i].accessed_ns);
		output_add_count(item, "stored_bytes", hot[i].stored_bytes);
		json_array_append_new(list, item);
	}
	return list;
}

void
stats_json(const struct stats_facts *facts)
{
	const struct bc_stats *stats = &facts->stats;
	json_t *object = json_object(), *latency = json_object();
	size_t i;

	counter_add_json(object, &stats->total);
	output_add(object, "ops_per_second", json_real(stats->ops_per_second));
	output_add(object, "compression_ratio",
	           json_real(stats->compression_ratio));
	output_add(object, "compression",
	           compression_json(&facts->compression));
	output_add(object, "avg_access_count",
	           json_real(stats->avg_access_count));
	for (i = 0; i < GAUGES; ++i)
		output_add_count(object, gauges[i].name,
		                 gauges[i].value(stats));
	output_add(object, "guarded", json_boolean(stats->guarded != 0));
	output_add_ns(object, "folded_ns", stats->folded_ns != 0,
	              stats->folded_ns);
	output_add_ns(object, "compacted_ns", stats->compacted_ns != 0,
	              stats->compacted_ns);
	for (i = 0; i < BC_OPS; ++i) {
		json_t *one = json_object();

		stats_add_latency(one, &facts->latency[i]);
		output_add(latency, bc_op_name((enum bc_op)i), one);
	}
	output_add(object, "latency", latency);
	output_add(object, "top_accessed",
	           stats_hot_list(facts->hot, facts->hot_count));
	output_json(object);
}

void
stats_days_json(const struct bc_day *days, size_t count)
{
	json_t *object = json_object(), *list = json_array();
	char text[BCI_TIME_TEXT];
	size_t i;

	for (i = 0; i < count; ++i) {
		json_t *day = json_object();

		bci_time_format(days[i].day * DAY_NS, text);
		text[10] = '\0'; /* the date */
		output_add_text(day, "date", text);
		output_add_count(day, "entry_count", days[i].entries);
		output_add_count(day, "bytes", days[i].live_bytes);
		counter_add_json(day, &days[i].counters);
		json_array_append_new(list, day);
	}
	output_add(object, "days", list);
	output_json(object);
}

json_t *
stats_processes_list(const struct bc_process *processes, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; ++i) {
		const struct bc_process *one = &processes[i];
		json_t *process = json_object();

		output_add_count(process, "pid", one->pid);
		output_add_count(process, "pid_namespace", one->pid_namespace);
		output_add_text(process, "name", one->name);
		output_add_ns(process, "started_ns", true, one->started_ns);
		output_add_ns(process, "noted_ns", true, one->noted_ns);
		output_add_count(process, "mapped_bytes", one->mapped_bytes);
		output_add_count(process, "views", one->views);
		output_add_ns(process, "views_since_ns",
		              one->views_since_ns != 0, one->views_since_ns);
		output_add_count(process, "links_pending", one->links_pending);
		output_add_count(process, "pinned_unlinked_bytes",
		                 one->pinned_unlinked_bytes);
		counter_add_json(process, &one->counters);
		json_array_append_new(list, process);
	}
	return list;
}

void
stats_processes_json(const struct bc_process *processes, size_t count)
{
	json_t *object = json_object();

	output_add(object, "processes", stats_processes_list(processes, count));
	output_json(object);
}

/* ---- Prometheus -----------------------------------------------------------
 */

static void
metric(const char *name, const char *type, const char *help)
{
	printf("# HELP barcache_%s %s\n# TYPE barcache_%s %s\n", name, help,
	       name, type);
}

static void
metric_counters(const struct bc_counters *all)
{
	size_t i;

	metric("hits_total", "counter", "Hits by tier.");
	for (i = 1; i < BC_TIERS; ++i)
		printf("barcache_hits_total{tier=\"%s\"} %" PRIu64 "\n",
		       counter_tier(i), all->hits[i]);
	metric("misses_total", "counter", "Misses by reason.");
	for (i = 1; i < BC_MISS_REASONS; ++i)
		printf("barcache_misses_total{reason=\"%s\"} %" PRIu64 "\n",
		       counter_miss(i), all->misses[i]);
	for (i = 0; i < counter_count; ++i) {
		char name[64];

		snprintf(name, sizeof(name), "%s_total", counters[i].name);
		metric(name, "counter", counters[i].help);
		printf("barcache_%s %" PRIu64 "\n", name,
		       counter_value(all, &counters[i]));
	}
}

static void
metric_latency(const struct bc_latency latency[BC_OPS])
{
	size_t i;

	metric("latency_seconds", "summary",
	       "How long operations took; of reads one in 64.");
	for (i = 0; i < BC_OPS; ++i) {
		const char *op = bc_op_name((enum bc_op)i);
		const struct bc_latency *one = &latency[i];

		printf("barcache_latency_seconds{op=\"%s\",quantile=\"0.5\"} "
		       "%.9f\n",
		       op, (double)one->p50_ns / 1e9);
		printf("barcache_latency_seconds{op=\"%s\",quantile=\"0.99\"} "
		       "%.9f\n",
		       op, (double)one->p99_ns / 1e9);
		printf("barcache_latency_seconds{op=\"%s\",quantile=\"0.999\"} "
		       "%.9f\n",
		       op, (double)one->p999_ns / 1e9);
		printf("barcache_latency_seconds_sum{op=\"%s\"} %.9f\n", op,
		       (double)one->sum_ns / 1e9);
		printf("barcache_latency_seconds_count{op=\"%s\"} %" PRIu64
		       "\n",
		       op, one->count);
	}
}

/* A metric of sums: of each tier, or of each codec. */
struct metric_packed {
	const char *name, *help;
	size_t offset; /* in struct bc_packed */
	bool codecs;
};

static const struct metric_packed metrics_packed[] = {
	{ "tier_segments", "Segments of a tier.",
	  offsetof(struct bc_packed, count), false },
	{ "tier_raw_bytes", "What they would take if nothing was packed.",
	  offsetof(struct bc_packed, raw_bytes), false },
	{ "tier_stored_bytes", "What they take.",
	  offsetof(struct bc_packed, stored_bytes), false },
	{ "codec_columns", "Packed columns by codec.",
	  offsetof(struct bc_packed, count), true },
	{ "codec_raw_bytes", "What they take unpacked.",
	  offsetof(struct bc_packed, raw_bytes), true },
	{ "codec_stored_bytes", "What they take.",
	  offsetof(struct bc_packed, stored_bytes), true },
};

static void
metric_packed(const struct bc_compression *all, const struct metric_packed *one)
{
	const struct bc_packed *sums = one->codecs ? all->codecs : all->tiers;
	size_t i = one->codecs ? BC_CODEC_RAW : BC_WARM;
	size_t end = one->codecs ? BC_CODECS : BC_TIERS;

	metric(one->name, "gauge", one->help);
	for (; i < end; ++i)
		printf("barcache_%s{%s=\"%s\"} %" PRIu64 "\n", one->name,
		       one->codecs ? "codec" : "tier",
		       one->codecs ? bc_codec_name((enum bc_codec)i)
		                   : counter_tier(i),
		       *(const uint64_t *)(const void
		                                   *)((const char *)&sums[i] +
		                                      one->offset));
}

static void
metric_compression(const struct bc_compression *all)
{
	size_t i;

	for (i = 0; i < sizeof(metrics_packed) / sizeof(*metrics_packed); ++i)
		metric_packed(all, &metrics_packed[i]);
	metric("unreadable_segments", "gauge", "Packed, but damaged.");
	printf("barcache_unreadable_segments %" PRIu64 "\n", all->unreadable);
}

void
stats_prometheus(const struct stats_facts *facts)
{
	const struct bc_stats *stats = &facts->stats;
	size_t i;

	metric_counters(&stats->total);
	for (i = 0; i < GAUGES; ++i) {
		metric(gauges[i].name, "gauge", gauges[i].help);
		printf("barcache_%s %" PRIu64 "\n", gauges[i].name,
		       gauges[i].value(stats));
	}
	metric("compression_ratio", "gauge", "Unpacked by packed bytes.");
	printf("barcache_compression_ratio %.6f\n", stats->compression_ratio);
	metric_compression(&facts->compression);
	metric("guarded", "gauge", "1 if lookups take a file lock.");
	printf("barcache_guarded %u\n", stats->guarded);
	metric("compacted_timestamp_seconds", "gauge",
	       "The newest compaction; 0: none.");
	printf("barcache_compacted_timestamp_seconds %.3f\n",
	       (double)stats->compacted_ns / 1e9);
	metric_latency(facts->latency);
}

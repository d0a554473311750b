/* SPDX-License-Identifier: MIT */
/*
 * stats_print.h - statistics for people, as JSON, and for Prometheus.
 */
#ifndef TOOL_STATS_PRINT_H
#define TOOL_STATS_PRINT_H

#include "barcache.h"

#include <jansson.h>

struct stats_facts {
	struct bc_stats stats;
	struct bc_compression compression;
	struct bc_latency latency[BC_OPS];
	struct bc_hot *hot;
	size_t hot_count;
};

/* Bytes on the disk: arenas, catalogue, ledger. */
uint64_t stats_total_size(const struct bc_stats *stats);

void stats_print(const struct stats_facts *facts);
void stats_json(const struct stats_facts *facts);
void stats_prometheus(const struct stats_facts *facts);

void stats_days_print(const struct bc_day *days, size_t count);
void stats_days_json(const struct bc_day *days, size_t count);

void stats_processes_print(const struct bc_process *processes, size_t count);
void stats_processes_json(const struct bc_process *processes, size_t count);

/* The list of processes, or of the hottest entries, for another object. */
json_t *stats_processes_list(const struct bc_process *processes, size_t count);
json_t *stats_hot_list(const struct bc_hot *hot, size_t count);

void stats_hot_print(const struct bc_hot *hot, size_t count);

#endif /* TOOL_STATS_PRINT_H */

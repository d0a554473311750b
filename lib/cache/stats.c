/* SPDX-License-Identifier: MIT */
/*
 * stats.c - counters and sizes, of the cache and of each process.
 */
#include "common.h"

#include "error.h"
#include "list.h"

static void
stats_counters(const uint64_t raw[BCI_COUNTERS], struct bc_counters *out)
{
	for (unsigned i = 0; i < BC_TIERS; i++)
		out->hits[i] = raw[BCI_COUNT_HITS + i];
	for (unsigned i = 0; i < BC_MISS_REASONS; i++)
		out->misses[i] = raw[BCI_COUNT_MISSES + i];
	out->puts = raw[BCI_COUNT_PUTS];
	out->removals = raw[BCI_COUNT_REMOVALS];
	out->put_bytes = raw[BCI_COUNT_PUT_BYTES];
}

/* Sum of the access counts of all live segments. */
static uint64_t
stats_accesses(struct bci_ledger *ledger)
{
	unsigned ready = bci_ledger_slots(ledger);
	uint64_t sum = 0;

	for (unsigned i = 0; i < ready; i++)
		sum += atomic_load_explicit(&ledger->slots[i].count,
		                            memory_order_relaxed);
	return sum;
}

static uint32_t
stats_processes(struct bci_ledger *ledger)
{
	unsigned ready = bci_ledger_rows(ledger);
	uint32_t count = 0;

	for (unsigned i = 0; i < ready; i++)
		count += bci_ledger_row_lives(ledger, i);
	return count;
}

static uint64_t
stats_arenas(struct bci_env *env)
{
	struct bci_lane *lane = bci_lane_take(env);
	uint64_t count = 0;

	if (bci_lane_begin(env, lane) == BC_OK) {
		(void)bci_table_count(lane->txn, env->tables.arenas, &count);
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	return count;
}

/* What the catalogue says. */
static enum bc_status
stats_catalogue(struct bci_env *env, struct bc_stats *stats,
                struct bc_error *err)
{
	struct bci_config_record config;
	struct bci_state_record state;
	enum bc_status status = bci_env_read(env, &config, &state, err);

	if (status != BC_OK)
		return status;
	stats->entries = state.entries;
	stats->segments = state.segments;
	stats->live_bytes = state.live_bytes;
	stats->warm_bytes = state.linked_warm_bytes;
	stats->cold_bytes = state.linked_cold_bytes;
	stats->warm_budget_bytes = config.warm_bytes;
	stats->cold_budget_bytes = config.cold_bytes;
	stats->arenas = stats_arenas(env);
	return BC_OK;
}

enum bc_status
bc_stats(struct bc_cache *cache, struct bc_stats *stats, struct bc_error *err)
{
	uint64_t total[BCI_COUNTERS], own[BCI_COUNTERS];
	struct bci_db_facts facts;
	enum bc_status status;
	struct bci_env *env;

	*stats = (struct bc_stats){ 0 };
	status = bci_cache_env(cache, &env, err);
	if (status == BC_OK)
		status = stats_catalogue(env, stats, err);
	if (status == BC_OK)
		status = bci_db_facts(env->db, &facts, err);
	if (status != BC_OK)
		return status;
	bci_ledger_totals(&env->ledger, total, own);
	stats_counters(total, &stats->total);
	stats_counters(own, &stats->process);
	stats->catalogue_bytes = facts.end_bytes;
	stats->ledger_bytes = bci_ledger_bytes(&env->ledger);
	stats->arenas_mapped = atomic_load(&env->maps.count);
	stats->access_sum = stats_accesses(&env->ledger);
	stats->readers = facts.readers;
	stats->readers_max = facts.readers_max;
	stats->processes = stats_processes(&env->ledger);
	stats->guarded = bci_env_is_guarded(env);
	stats->read_only = env->read_only;
	return BC_OK;
}

enum bc_status
bc_processes(struct bc_cache *cache, struct bc_process *processes,
             size_t capacity, size_t *count, struct bc_error *err)
{
	uint64_t raw[BCI_COUNTERS];
	enum bc_status status;
	struct bci_env *env;
	unsigned ready;

	*count = 0;
	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	ready = bci_ledger_rows(&env->ledger);
	for (unsigned i = 0; i < ready && *count < capacity; i++) {
		const struct bci_row *row = &env->ledger.rows[i];
		struct bc_process *process = &processes[*count];

		if (row->pid == 0 || !bci_ledger_row_lives(&env->ledger, i))
			continue;
		*process = (struct bc_process){
			.pid = row->pid,
			.pid_namespace = row->pid_namespace,
			.started_ns = row->opened_ns,
		};
		memcpy(process->name, row->name, sizeof(process->name) - 1);
		bci_row_counters(row, raw);
		stats_counters(raw, &process->counters);
		++*count;
	}
	return BC_OK;
}

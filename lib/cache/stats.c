/* SPDX-License-Identifier: MIT */
/*
 * stats.c - counters and sizes, of the cache, of its days, of operations.
 *
 * What was counted is what days have, and what the ledger counted since that
 * was last folded into them.
 */
#include "common.h"

#include "clock.h"
#include "error.h"
#include "gone.h"
#include "lock.h"
#include "stats.h"
#include "tally.h"

/* ---- counters ---------------------------------------------------------- */

void
bci_stats_counters(const uint64_t raw[BCI_COUNTERS], struct bc_counters *out)
{
	for (unsigned i = 0; i < BC_TIERS; i++)
		out->hits[i] = raw[BCI_COUNT_HITS + i];
	for (unsigned i = 0; i < BC_MISS_REASONS; i++)
		out->misses[i] = raw[BCI_COUNT_MISSES + i];
	out->puts = raw[BCI_COUNT_PUTS];
	out->removals = raw[BCI_COUNT_REMOVALS];
	out->put_bytes = raw[BCI_COUNT_PUT_BYTES];
	out->written_bytes = raw[BCI_COUNT_WRITTEN_BYTES];
	out->evictions = raw[BCI_COUNT_EVICTIONS];
	out->evicted_bytes = raw[BCI_COUNT_EVICTED_BYTES];
	out->expirations = raw[BCI_COUNT_EXPIRATIONS];
	out->demotions = raw[BCI_COUNT_DEMOTIONS];
	out->promotions = raw[BCI_COUNT_PROMOTIONS];
	out->moved_bytes = raw[BCI_COUNT_MOVED_BYTES];
	out->arenas_removed = raw[BCI_COUNT_ARENAS_REMOVED];
	out->fetches = raw[BCI_COUNT_FETCHES];
	out->fetch_ns = raw[BCI_COUNT_FETCH_NS];
	out->links = raw[BCI_COUNT_LINKS];
	out->not_cached = raw[BCI_COUNT_NOT_CACHED];
	out->quarantined = raw[BCI_COUNT_QUARANTINED];
	out->stale = raw[BCI_COUNT_STALE];
}

/* a / b, or 'otherwise' of nothing. */
static double
stats_ratio(uint64_t a, uint64_t b, double otherwise)
{
	return b == 0 ? otherwise : (double)a / (double)b;
}

void
bc_rates(const struct bc_counters *counters, struct bc_rates *out)
{
	*out = (struct bc_rates){ 0 };
	for (unsigned i = 0; i < BC_TIERS; i++)
		out->hits = bci_add_saturating(out->hits, counters->hits[i]);
	for (unsigned i = 0; i < BC_MISS_REASONS; i++)
		out->misses =
			bci_add_saturating(out->misses, counters->misses[i]);
	out->requests = bci_add_saturating(out->hits, out->misses);
	out->hit_ratio = stats_ratio(out->hits, out->requests, 0);
	out->write_amplification =
		stats_ratio(counters->written_bytes, counters->put_bytes, 0);
	out->avg_fetch_ns =
		stats_ratio(counters->fetch_ns, counters->fetches, 0);
}

/* Sum of the access counts of all entries. */
static uint64_t
stats_accesses(struct bci_ledger *ledger)
{
	unsigned ready = bci_ledger_slots(ledger);
	uint64_t sum = 0;

	for (unsigned i = 0; i < ready; i++) {
		const struct bci_slot *slot = &ledger->slots[i];

		/* What a series counts is in a slot of its own. */
		if (!(atomic_load_explicit(&slot->word, memory_order_relaxed) &
		      BCI_SLOT_PART))
			sum += bci_slot_accesses(slot);
	}
	return sum;
}

/* Live processes, and what they do a second. */
static void
stats_processes(struct bci_ledger *ledger, struct bc_stats *stats)
{
	unsigned ready = bci_ledger_rows(ledger);
	int64_t now_ns = bci_clock_wall_ns();

	for (unsigned i = 0; i < ready; i++) {
		const struct bci_row *row = &ledger->rows[i];
		uint64_t raw[BCI_COUNTERS], sum = 0;
		double age_s;

		if (row->pid == 0 || !bci_ledger_row_lives(ledger, i))
			continue;
		stats->processes++;
		bci_row_counters(row, raw);
		for (unsigned j = 0; j <= BCI_COUNT_REMOVALS; j++)
			sum = bci_add_saturating(sum, raw[j]);
		age_s = ((double)now_ns - (double)row->opened_ns) / 1e9;
		if (age_s > 0)
			stats->ops_per_second += (double)sum / age_s;
	}
}

/* Whether a process has arena 'number' mapped, this one included. */
static bool
stats_is_mapped(struct bci_env *env, uint64_t number)
{
	return bci_maps_has(&env->maps, number) ||
	       (env->maps.lock_fd >= 0 &&
	        bci_lock_is_held(env->maps.lock_fd, number));
}

/* Bytes of arenas that are gone but mapped. */
static enum bc_status
stats_pinned(struct bci_env *env, struct MDB_txn *txn, uint64_t *bytes)
{
	uint64_t number = 0;
	struct bci_gone gone;
	enum bc_status status;

	*bytes = 0;
	while ((status = bci_gone_next(txn, &env->tables, &number, &gone)) ==
	       BC_OK) {
		if (stats_is_mapped(env, number))
			*bytes = bci_add_saturating(*bytes, gone.bytes);
	}
	return status == BC_MISS ? BC_OK : status;
}

/* What the catalogue says, beside the state. */
static enum bc_status
stats_tables(struct bci_env *env, struct bc_stats *stats,
             struct bci_folded *folded)
{
	struct bci_lane *lane = bci_lane_take(env);
	enum bc_status status = bci_lane_begin(env, lane);

	if (status == BC_OK) {
		status = bci_table_count(lane->txn, env->tables.arenas,
		                         &stats->arenas);
		if (status == BC_OK)
			status = bci_folded_load(lane->txn, &env->tables,
			                         folded);
		if (status == BC_OK)
			status = stats_pinned(env, lane->txn,
			                      &stats->pinned_unlinked_bytes);
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	return status;
}

static enum bc_status
stats_catalogue(struct bci_env *env, struct bc_stats *stats,
                struct bci_folded *folded, struct bc_error *err)
{
	struct bci_config_record config;
	struct bci_state_record state;
	enum bc_status status = bci_env_read(env, &config, &state, err);

	if (status == BC_OK)
		status = stats_tables(env, stats, folded);
	if (status != BC_OK)
		return bci_fail(err, status, "cannot read statistics: %s",
		                bc_strerror(status));
	stats->entries = state.entries;
	stats->entries_max = config.entries_max;
	stats->evicted_entries = state.evicted;
	stats->segments = state.segments;
	stats->live_bytes = state.live_bytes;
	stats->live_cold_bytes = state.live_cold_bytes;
	stats->compression_ratio =
		stats_ratio(state.cold_raw_bytes, state.live_cold_bytes, 1);
	stats->warm_bytes = state.linked_warm_bytes;
	stats->cold_bytes = state.linked_cold_bytes;
	stats->warm_budget_bytes = config.warm_bytes;
	stats->cold_budget_bytes = config.cold_bytes;
	stats->folded_ns = folded->folded_ns;
	stats->compacted_ns = folded->compacted_ns;
	return BC_OK;
}

void
bci_stats_rest(struct bci_env *env, const struct bci_folded *folded,
               uint64_t rest[BCI_COUNTERS])
{
	struct bci_ledger *ledger = &env->ledger;
	uint64_t sums[BCI_COUNTERS], own[BCI_COUNTERS];

	bci_ledger_sums(ledger, sums);
	bci_folded_rest(folded,
	                ledger->header == NULL ? 0 : ledger->header->birth,
	                sums, rest);
	if (ledger->row_index == BCI_LEDGER_ROWS) {
		/* In private memory, and never folded. */
		bci_row_counters(ledger->row, own);
		bci_counters_add(rest, own);
	}
}

/* The counters of the cache and of this process. */
static void
stats_count(struct bci_env *env, const struct bci_folded *folded,
            struct bc_stats *stats)
{
	uint64_t raw[BCI_COUNTERS];

	bci_stats_rest(env, folded, raw);
	bci_counters_add(raw, folded->sums);
	bci_stats_counters(raw, &stats->total);
	bci_row_counters(env->ledger.row, raw);
	bci_stats_counters(raw, &stats->process);
}

enum bc_status
bc_stats(struct bc_cache *cache, struct bc_stats *stats, struct bc_error *err)
{
	struct bci_db_facts facts;
	struct bci_folded folded;
	enum bc_status status;
	struct bci_env *env;

	*stats = (struct bc_stats){ 0 };
	status = bci_cache_env(cache, &env, err);
	if (status == BC_OK)
		status = stats_catalogue(env, stats, &folded, err);
	if (status == BC_OK)
		status = bci_db_facts(env->db, &facts, err);
	if (status != BC_OK)
		return status;
	bci_tally_note(env, bci_clock_wall_ns());
	stats_count(env, &folded, stats);
	stats->catalogue_bytes = facts.end_bytes;
	stats->ledger_bytes = bci_ledger_bytes(&env->ledger);
	stats->arenas_mapped = atomic_load(&env->maps.count);
	stats->access_sum = stats_accesses(&env->ledger);
	stats->avg_access_count =
		stats_ratio(stats->access_sum, stats->entries, 0);
	stats->corrupt = env->ledger.header == NULL
	                         ? 0
	                         : atomic_load(&env->ledger.header->bad_count);
	stats->readers = facts.readers;
	stats->readers_max = facts.readers_max;
	stats_processes(&env->ledger, stats);
	stats->guarded = bci_env_is_guarded(env);
	stats->read_only = env->read_only;
	return BC_OK;
}

/* ---- times ------------------------------------------------------------- */

enum bc_status
bc_latency(struct bc_cache *cache, enum bc_op op, int process,
           struct bc_latency *out, struct bc_error *err)
{
	struct bci_histogram all;
	enum bc_status status;
	struct bci_env *env;

	*out = (struct bc_latency){ 0 };
	if ((unsigned)op >= BC_OPS)
		return bci_fail(err, BC_INVALID, "no operation %d", (int)op);
	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	if (process != 0) {
		bci_histogram_show(&env->ledger.row->latency[op], out);
	} else {
		bci_ledger_times(&env->ledger, op, &all);
		bci_histogram_show(&all, out);
	}
	return BC_OK;
}

/* ---- days -------------------------------------------------------------- */

struct days {
	struct bc_day *out;
	size_t capacity, count;
};

static void
days_add(struct days *days, uint64_t number, const struct bci_day *day)
{
	if (days->count < days->capacity) {
		struct bc_day *to = &days->out[days->count];

		*to = (struct bc_day){
			.day = (int64_t)number,
			.entries = day->entries,
			.live_bytes = day->bytes,
		};
		bci_stats_counters(day->counters, &to->counters);
	}
	days->count++;
}

/* Today's row as it would be if all were folded now. */
static enum bc_status
days_today(struct bci_env *env, struct MDB_txn *txn, uint64_t today,
           struct bci_day *day)
{
	uint64_t rest[BCI_COUNTERS];
	struct bci_state_record state;
	struct bci_folded folded;
	enum bc_status status;

	status = bci_day_load(txn, &env->tables, today, day);
	if (status == BC_OK)
		status = bci_folded_load(txn, &env->tables, &folded);
	if (status == BC_OK)
		status = bci_state_load(txn, &env->tables, &state, NULL);
	if (status != BC_OK)
		return status;
	bci_stats_rest(env, &folded, rest);
	bci_counters_add(day->counters, rest);
	day->entries = state.entries;
	day->bytes = state.live_bytes;
	return BC_OK;
}

static enum bc_status
days_collect(struct bci_env *env, struct MDB_txn *txn, uint64_t first,
             uint64_t last, struct days *days)
{
	uint64_t today = bci_day_of(bci_clock_wall_ns()), number = first;
	bool due = first <= today && today <= last;
	struct bci_day now, day;
	enum bc_status status = BC_OK;

	if (due)
		status = days_today(env, txn, today, &now);
	while (status == BC_OK) {
		status = bci_day_next(txn, &env->tables, &number, &day);
		if (due && (status == BC_MISS || number >= today)) {
			days_add(days, today, &now);
			due = false;
		}
		if (status != BC_OK || number > last)
			break;
		if (number != today)
			days_add(days, number, &day);
		number++;
	}
	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bc_days(struct bc_cache *cache, int64_t first, int64_t last,
        struct bc_day *days, size_t capacity, size_t *count,
        struct bc_error *err)
{
	struct days all = { .out = days, .capacity = capacity };
	enum bc_status status;
	struct bci_lane *lane;
	struct bci_env *env;

	*count = 0;
	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK || last < 0 || first > last)
		return status;
	lane = bci_lane_take(env);
	status = bci_lane_begin(env, lane);
	if (status == BC_OK) {
		status = days_collect(env, lane->txn,
		                      first < 0 ? 0 : (uint64_t)first,
		                      (uint64_t)last, &all);
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	if (status != BC_OK)
		return bci_fail(err, status, "cannot read the days: %s",
		                bc_strerror(status));
	*count = all.count;
	return BC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * counter.c - one table of the plain counters, for all ways to print them.
 */
#include "counter.h"

#include "entry.h"
#include "output.h"

const struct counter counters[] = {
#define COUNTER(name, help)                                                    \
	{                                                                      \
#name, help, offsetof(struct bc_counters, name)                \
	}
	COUNTER(puts, "Entries put."),
	COUNTER(put_bytes, "Payload bytes put."),
	COUNTER(written_bytes, "Bytes stored, for whatever reason."),
	COUNTER(removals, "Entries removed."),
	COUNTER(stale, "Hits on what had expired, as asked for."),
	COUNTER(evictions, "Entries and segments evicted."),
	COUNTER(evicted_bytes, "Bytes evicted."),
	COUNTER(expirations, "Expired entries removed."),
	COUNTER(demotions, "Entries packed."),
	COUNTER(promotions, "Entries unpacked again."),
	COUNTER(moved_bytes, "Bytes moved to clean arenas."),
	COUNTER(arenas_removed, "Arena files removed."),
	COUNTER(fetches, "Calls of functions that fetch."),
	COUNTER(fetch_ns, "Nanoseconds spent in them."),
	COUNTER(links, "Links of backtests written."),
	COUNTER(not_cached, "Puts let go because there was no room."),
	COUNTER(quarantined, "Damaged entries dropped."),
#undef COUNTER
};
const size_t counter_count = sizeof(counters) / sizeof(counters[0]);

uint64_t
counter_value(const struct bc_counters *all, const struct counter *counter)
{
	return *(const uint64_t *)(const void *)((const char *)all +
	                                         counter->offset);
}

const char *
counter_tier(size_t index)
{
	return entry_tier((enum bc_tier)index);
}

const char *
counter_miss(size_t index)
{
	return bc_miss_name((enum bc_miss)index);
}

uint64_t
counter_tier_misses(const struct bc_counters *all, size_t tier)
{
	struct bc_rates rates;
	uint64_t rest;
	size_t i;

	bc_rates(all, &rates);
	rest = rates.requests;
	for (i = 1; i <= tier; ++i)
		rest -= all->hits[i];
	return rest;
}

/* Add {"total": 3, "warm": 3, ...} of names and counts from index 1 on. */
static void
counter_add_counts(json_t *object, const char *title, uint64_t total,
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

static void
counter_add_tiers(json_t *object, const struct bc_counters *all)
{
	json_t *tiers = json_object();
	size_t i;

	for (i = 1; i < BC_TIERS; ++i) {
		json_t *tier = json_object();

		output_add_count(tier, "hits", all->hits[i]);
		output_add_count(tier, "misses", counter_tier_misses(all, i));
		output_add(tiers, counter_tier(i), tier);
	}
	output_add(object, "tiers", tiers);
}

void
counter_add_json(json_t *object, const struct bc_counters *all)
{
	struct bc_rates rates;
	size_t i;

	bc_rates(all, &rates);
	output_add_count(object, "requests", rates.requests);
	counter_add_counts(object, "hits", rates.hits, all->hits, BC_TIERS,
	                   counter_tier);
	counter_add_counts(object, "misses", rates.misses, all->misses,
	                   BC_MISS_REASONS, counter_miss);
	counter_add_tiers(object, all);
	output_add(object, "hit_ratio", json_real(rates.hit_ratio));
	output_add_count(object, "corrupt", all->misses[BC_MISS_CORRUPT]);
	for (i = 0; i < counter_count; ++i)
		output_add_count(object, counters[i].name,
		                 counter_value(all, &counters[i]));
	output_add(object, "write_amplification",
	           json_real(rates.write_amplification));
	output_add(object, "avg_fetch_ns", json_real(rates.avg_fetch_ns));
}

struct bc_counters
counter_since(const struct bc_counters *now, const struct bc_counters *before)
{
	/* All members are uint64_t. */
	struct bc_counters since = *now;
	const uint64_t *old = (const uint64_t *)(const void *)before;
	uint64_t *new = (uint64_t *)(void *)&since;
	size_t i;

	for (i = 0; i < sizeof(since) / sizeof(*new); ++i)
		new[i] -= new[i] < old[i] ? new[i] : old[i];
	return since;
}

/* SPDX-License-Identifier: MIT */
/*
 * counter.h - the names of what is counted, and sums of it, as stats and top
 * print them.
 */
#ifndef TOOL_COUNTER_H
#define TOOL_COUNTER_H

#include "barcache.h"

#include <jansson.h>
#include <stddef.h>

/* A plain counter of struct bc_counters. */
struct counter {
	const char *name; /* in JSON, and with a prefix for Prometheus */
	const char *help;
	size_t offset;
};

extern const struct counter counters[];
extern const size_t counter_count;

uint64_t counter_value(const struct bc_counters *all,
                       const struct counter *counter);

/* "hot", "warm", "cold" from index 1 on; "absent", ... from index 1 on. */
const char *counter_tier(size_t index);
const char *counter_miss(size_t index);

/*
 * Requests that a tier was asked for and did not have: a lookup asks the hot
 * tier first, then the warm one, then the cold one.
 */
uint64_t counter_tier_misses(const struct bc_counters *all, size_t tier);

/* Add requests, hits, misses, tiers, hit_ratio and all plain counters. */
void counter_add_json(json_t *object, const struct bc_counters *all);

/* now - before, each of them; 0 where it went back. */
struct bc_counters counter_since(const struct bc_counters *now,
                                 const struct bc_counters *before);

#endif /* TOOL_COUNTER_H */

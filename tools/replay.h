/* SPDX-License-Identifier: MIT */
/*
 * replay.h - what a trace of accesses makes of a cache, by a policy over a
 * model of the arenas.
 */
#ifndef TOOL_REPLAY_H
#define TOOL_REPLAY_H

#include "barcache.h"

#include <stdbool.h>
#include <stdint.h>

#include "trace.h"

struct replay_options {
	uint64_t budget;
	unsigned low_percent; /* live bytes that victims are chosen down to */
	int64_t tick_ns;      /* times of access are multiples of this */
};

/* Sums over all accesses. */
struct replay_result {
	uint64_t requests, hits;
	double bytes, hit_bytes;
	double cost, hit_cost;
	double put_bytes, moved_bytes; /* moved: by cleaning */
	double most_linked;            /* of the budget */
	uint64_t passes;               /* choices of victims */
	uint64_t nanoseconds;          /* that the replay took */
};

/* Count an access. */
void replay_count(struct replay_result *result,
                  const struct trace_access *access, bool hit);

void replay_policy(const struct trace *trace, enum bc_policy policy,
                   const struct replay_options *options,
                   struct replay_result *out);

#endif /* TOOL_REPLAY_H */

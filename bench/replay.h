/* SPDX-License-Identifier: MIT */
/*
 * replay.h - what a trace of accesses makes of a cache: by a policy over a
 * model of the arenas, by simple rivals that know no arenas, and at best.
 */
#ifndef BENCH_REPLAY_H
#define BENCH_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "barcache.h"
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

/* Rivals with a budget that is used to the last byte, at no cost. */
enum replay_rival { REPLAY_LRU, REPLAY_FIFO, REPLAY_RANDOM, REPLAY_RIVALS };

void replay_rival(const struct trace *trace, enum replay_rival rival,
                  uint64_t budget, struct replay_result *out);

/*
 * A bound that no policy exceeds, of hit bytes / bytes: see optimum.c.
 */
double replay_optimum(const struct trace *trace, uint64_t budget);

#endif /* BENCH_REPLAY_H */

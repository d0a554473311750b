/* SPDX-License-Identifier: MIT */
/*
 * workload.h - traces of accesses as backtests and notebooks make them, by
 * chance but the same in every run.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "trace.h"

/* A kind of trace, and budgets as shares of what it touches in all. */
struct workload {
	const char *name;
	bool looping; /* a sweep again and again over more than the budget */
	double budgets[3];
	void (*make)(struct trace *trace, uint64_t seed);
};

extern const struct workload workloads[];
extern const unsigned workloads_count;

/*
 * The default was tuned with seeds from the first one on (1 to 3 and 7001 to
 * 7003) and no others; what is
 * reported comes from the held-out ones.
 */
#define WORKLOAD_TUNING_SEED UINT64_C(1)
#define WORKLOAD_HELD_OUT_SEED UINT64_C(90001)
#define WORKLOAD_SEEDS 3

/* Make a trace, index and all. */
void workload_make(const struct workload *workload, uint64_t seed,
                   struct trace *trace);

#endif /* BENCH_WORKLOAD_H */

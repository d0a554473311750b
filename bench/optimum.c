/* SPDX-License-Identifier: MIT */
/*
 * optimum.c - a bound of what any policy that knows the future can hit.
 *
 * Between two accesses of a key lies an interval in which it must be kept for
 * the second to be a hit; that takes its bytes for as many steps as the
 * interval is long, and is worth its bytes.  A budget over a trace of n
 * accesses has budget x n of these byte steps.  Taking the shortest intervals
 * first until they are used up ignores that no moment may exceed the budget,
 * so no real schedule hits more bytes (PFOO-L of Berger, Beckmann and
 * Harchol-Balter, "Practical bounds on optimal caching with variable object
 * sizes", with bytes for the worth).
 */
#include "bench.h"

#include <stdlib.h>

#include "rivals.h"

struct interval {
	uint64_t steps, bytes;
};

static int
interval_order(const void *a, const void *b)
{
	const struct interval *one = a, *other = b;

	return (one->steps > other->steps) - (one->steps < other->steps);
}

double
replay_optimum(const struct trace *trace, uint64_t budget)
{
	struct interval *all =
		bench_alloc(trace->count + 1, sizeof(struct interval));
	double room = (double)budget * (double)trace->count;
	double bytes = 0, hits = 0;
	size_t count = 0;

	for (size_t i = 0; i < trace->count; i++) {
		const struct trace_access *access = &trace->items[i];

		bytes += (double)access->bytes;
		if (access->next == UINT32_MAX || access->bytes > budget / 4)
			continue;
		all[count++] =
			(struct interval){ access->next - i, access->bytes };
	}
	qsort(all, count, sizeof(*all), interval_order);
	for (size_t i = 0; i < count && room > 0; i++) {
		double need = (double)all[i].steps * (double)all[i].bytes;
		double part = need < room ? 1 : room / need;

		hits += part * (double)all[i].bytes;
		room -= need;
	}
	free(all);
	return bytes > 0 ? hits / bytes : 0;
}

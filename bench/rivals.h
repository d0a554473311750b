/* SPDX-License-Identifier: MIT */
/*
 * rivals.h - what a trace makes of caches that know no arenas, and at best.
 */
#ifndef BENCH_RIVALS_H
#define BENCH_RIVALS_H

#include "replay.h"

/* Rivals with a budget that is used to the last byte, at no cost. */
enum replay_rival { REPLAY_LRU, REPLAY_FIFO, REPLAY_RANDOM, REPLAY_RIVALS };

void replay_rival(const struct trace *trace, enum replay_rival rival,
                  uint64_t budget, struct replay_result *out);

/*
 * A bound that no policy exceeds, of hit bytes / bytes: see optimum.c.
 */
double replay_optimum(const struct trace *trace, uint64_t budget);

#endif /* BENCH_RIVALS_H */

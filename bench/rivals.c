/* SPDX-License-Identifier: MIT */
/*
 * rivals.c - LRU, FIFO and random eviction as textbooks have them: one byte
 * budget without arenas or a low-water mark, one victim at a time.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "rivals.h"

#define NONE UINT32_MAX

/* A ring of ids, the first to go behind 'keys', and an array of them. */
struct rivals {
	uint32_t *next, *previous;
	uint32_t *resident, *place; /* place: NONE if it is not here */
	uint32_t count, end;
	uint64_t *bytes;
	uint64_t used, seed;
};

static void
rivals_unlink(struct rivals *rivals, uint32_t id)
{
	rivals->next[rivals->previous[id]] = rivals->next[id];
	rivals->previous[rivals->next[id]] = rivals->previous[id];
}

static void
rivals_link(struct rivals *rivals, uint32_t id)
{
	uint32_t last = rivals->previous[rivals->end];

	rivals->next[last] = id;
	rivals->previous[id] = last;
	rivals->next[id] = rivals->end;
	rivals->previous[rivals->end] = id;
}

static void
rivals_evict(struct rivals *rivals, enum replay_rival rival)
{
	uint32_t id = rivals->next[rivals->end], last;

	if (rival == REPLAY_RANDOM)
		id = rivals->resident[bench_random(&rivals->seed) %
		                      rivals->count];
	last = rivals->resident[--rivals->count];
	rivals->resident[rivals->place[id]] = last;
	rivals->place[last] = rivals->place[id];
	rivals->place[id] = NONE;
	rivals_unlink(rivals, id);
	rivals->used -= rivals->bytes[id];
}

static void
rivals_access(struct rivals *rivals, enum replay_rival rival,
              const struct trace_access *access, uint64_t budget,
              struct replay_result *out)
{
	uint32_t id = access->id;
	bool hit = rivals->place[id] != NONE;

	replay_count(out, access, hit);
	if (hit) {
		if (rival == REPLAY_LRU) {
			rivals_unlink(rivals, id);
			rivals_link(rivals, id);
		}
		return;
	}
	if (access->bytes > budget / 4)
		return;
	while (rivals->used + access->bytes > budget)
		rivals_evict(rivals, rival);
	rivals->bytes[id] = access->bytes;
	rivals->used += access->bytes;
	rivals->place[id] = rivals->count;
	rivals->resident[rivals->count++] = id;
	rivals_link(rivals, id);
}

void
replay_rival(const struct trace *trace, enum replay_rival rival,
             uint64_t budget, struct replay_result *out)
{
	struct rivals rivals = {
		.next = bench_alloc(trace->keys + 1, sizeof(uint32_t)),
		.previous = bench_alloc(trace->keys + 1, sizeof(uint32_t)),
		.resident = bench_alloc(trace->keys + 1, sizeof(uint32_t)),
		.place = bench_alloc(trace->keys + 1, sizeof(uint32_t)),
		.bytes = bench_alloc(trace->keys + 1, sizeof(uint64_t)),
		.end = trace->keys,
		.seed = 1,
	};

	memset(out, 0, sizeof(*out));
	rivals.next[rivals.end] = rivals.previous[rivals.end] = rivals.end;
	for (uint32_t i = 0; i < trace->keys; i++)
		rivals.place[i] = NONE;
	for (size_t i = 0; i < trace->count; i++)
		rivals_access(&rivals, rival, &trace->items[i], budget, out);
	free(rivals.next);
	free(rivals.previous);
	free(rivals.resident);
	free(rivals.place);
	free(rivals.bytes);
}

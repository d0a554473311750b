/* SPDX-License-Identifier: MIT */
/*
 * replay.c - a model of the cache that replays a trace through the policies of
 * the library.
 *
 * As in the cache, segments are appended to arenas of 1/32 of the budget, in
 * two queues; the bytes of a file come back when it is unlinked, with none of
 * its segments live.  When the files would exceed the budget, an ordered policy
 * takes the oldest arena of a queue and keeps or evicts what lives there; any
 * other chooses victims down to the low-water mark, of all where these are few,
 * else of those that it comes by in rounds, and the arenas with the most dead
 * bytes are cleaned.  What is moved is counted.
 */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "pool.h"

#define NOWHERE UINT32_MAX
#define ARENAS_MAX 8192
#define ARENA_SHARE 32

/* What is known of a key. */
struct object {
	uint64_t bytes, cost_ns, order;
	int64_t stored_ns, accessed_ns;
	uint32_t count;
	uint32_t arena; /* or NOWHERE */
	uint8_t credit;
};

struct arena {
	uint32_t *ids; /* of the objects that were appended */
	uint64_t *orders;
	size_t count, room;
	uint64_t bytes, live;
	uint64_t sequence; /* 0: not in use */
	int64_t begun_ns;
	enum bci_queue queue;
	bool sealed;
};

struct replay {
	const struct replay_options *options;
	struct replay_result *result;
	enum bc_policy policy;
	struct object *objects;
	uint32_t objects_count;
	uint32_t residents;
	uint32_t round; /* the next object that is looked at */
	struct bci_pool pool;
	uint32_t places[BCI_POOL];
	struct arena arenas[ARENAS_MAX];
	uint32_t active[2]; /* or NOWHERE */
	uint64_t linked[2];
	uint64_t live, order, sequence;
	int64_t now_ns;
	struct bci_history history;
	struct bci_candidate *candidates;
};

/* ---- arenas ------------------------------------------------------------ */

static uint64_t
replay_linked(const struct replay *replay)
{
	return replay->linked[BCI_YOUNG] + replay->linked[BCI_MAIN];
}

static uint32_t
replay_open(struct replay *replay, enum bci_queue queue)
{
	uint32_t number = 0;
	struct arena *arena;

	while (number < ARENAS_MAX && replay->arenas[number].sequence != 0)
		number++;
	BCI_ASSERT(number < ARENAS_MAX);
	arena = &replay->arenas[number];
	arena->count = 0;
	arena->bytes = arena->live = 0;
	arena->sequence = ++replay->sequence;
	arena->begun_ns = replay->now_ns;
	arena->queue = queue;
	arena->sealed = false;
	replay->active[queue] = number;
	return number;
}

static void
replay_append(struct replay *replay, enum bci_queue queue, uint32_t id)
{
	struct object *object = &replay->objects[id];
	uint64_t capacity = replay->options->budget / ARENA_SHARE;
	uint32_t number = replay->active[queue];
	struct arena *arena;

	if (number != NOWHERE && replay->arenas[number].bytes > 0 &&
	    replay->arenas[number].bytes + object->bytes > capacity) {
		replay->arenas[number].sealed = true;
		number = NOWHERE;
	}
	if (number == NOWHERE)
		number = replay_open(replay, queue);
	arena = &replay->arenas[number];
	if (arena->count == arena->room) {
		arena->room = arena->room == 0 ? 64 : 2 * arena->room;
		arena->ids =
			realloc(arena->ids, arena->room * sizeof(uint32_t));
		arena->orders =
			realloc(arena->orders, arena->room * sizeof(uint64_t));
		BCI_ASSERT(arena->ids != NULL && arena->orders != NULL);
	}
	object->arena = number;
	object->order = ++replay->order;
	arena->ids[arena->count] = id;
	arena->orders[arena->count++] = object->order;
	arena->bytes += object->bytes;
	arena->live += object->bytes;
	replay->live += object->bytes;
	replay->linked[queue] += object->bytes;
}

static void
replay_drop(struct replay *replay, uint32_t id)
{
	struct object *object = &replay->objects[id];

	replay->arenas[object->arena].live -= object->bytes;
	replay->live -= object->bytes;
	replay->residents--;
	object->arena = NOWHERE;
}

static void
replay_unlink(struct replay *replay, uint32_t number)
{
	struct arena *arena = &replay->arenas[number];

	replay->linked[arena->queue] -= arena->bytes;
	arena->sequence = 0;
	if (replay->active[arena->queue] == number)
		replay->active[arena->queue] = NOWHERE;
}

static bool
replay_is_live(const struct replay *replay, uint32_t number, size_t i)
{
	const struct arena *arena = &replay->arenas[number];
	const struct object *object = &replay->objects[arena->ids[i]];

	return object->arena == number && object->order == arena->orders[i];
}

static void
replay_move(struct replay *replay, enum bci_queue queue, uint32_t id)
{
	replay_drop(replay, id);
	replay_append(replay, queue, id);
	replay->objects[id].stored_ns =
		replay->arenas[replay->objects[id].arena].begun_ns;
	replay->result->moved_bytes += (double)replay->objects[id].bytes;
}

static void
replay_candidate(const struct replay *replay, uint32_t id,
                 struct bci_candidate *out)
{
	const struct object *object = &replay->objects[id];

	*out = (struct bci_candidate){
		.key = (id + 1) * UINT64_C(0x9E3779B97F4A7C15),
		.order = object->order,
		.bytes = object->bytes,
		.cost_ns = object->cost_ns,
		.stored_ns = object->stored_ns,
		.accessed_ns = object->accessed_ns,
		.count = object->count,
		.credit = object->credit,
		.queue = (uint8_t)replay->arenas[object->arena].queue,
		.id = id,
	};
}

/* ---- making room ------------------------------------------------------- */

/* The oldest arena of a queue, preferably a sealed one. */
static uint32_t
replay_oldest(const struct replay *replay, enum bci_queue queue)
{
	uint32_t best = NOWHERE;

	for (uint32_t i = 0; i < ARENAS_MAX; i++) {
		const struct arena *arena = &replay->arenas[i];

		if (arena->sequence != 0 && arena->queue == queue &&
		    (best == NOWHERE ||
		     arena->sequence < replay->arenas[best].sequence))
			best = i;
	}
	return best;
}

static void
replay_take_arena(struct replay *replay)
{
	enum bci_queue queue = bci_policy_next(replay->policy, &replay->history,
	                                       replay->linked[BCI_YOUNG],
	                                       replay->linked[BCI_MAIN]);
	uint32_t number = replay_oldest(replay, queue);

	if (number == NOWHERE)
		number = replay_oldest(replay, BCI_YOUNG + BCI_MAIN - queue);
	if (replay->active[replay->arenas[number].queue] == number)
		replay->active[replay->arenas[number].queue] = NOWHERE;
	for (size_t i = 0; i < replay->arenas[number].count; i++) {
		uint32_t id = replay->arenas[number].ids[i];
		struct bci_candidate candidate;

		if (!replay_is_live(replay, number, i))
			continue;
		replay_candidate(replay, id, &candidate);
		if (bci_policy_keeps(replay->policy, &replay->history,
		                     &candidate, replay->now_ns)) {
			replay->objects[id].credit = candidate.credit;
			replay_move(replay, BCI_MAIN, id);
		} else {
			replay_drop(replay, id);
		}
	}
	replay_unlink(replay, number);
}

/* Look at some more objects, in the order of their numbers. */
static void
replay_look(struct replay *replay)
{
	uint32_t looks = bci_pool_looks(&replay->pool);

	for (uint32_t i = 0; i < replay->objects_count && looks > 0; i++) {
		uint32_t id = replay->round++ % replay->objects_count;
		struct bci_candidate candidate;
		uint32_t place;

		if (replay->objects[id].arena == NOWHERE)
			continue;
		looks--;
		replay_candidate(replay, id, &candidate);
		candidate.key = id;
		place = bci_pool_offer(&replay->pool, &candidate);
		if (place != BCI_POOL_NONE)
			replay->places[place] = id;
	}
}

static void
replay_choose_some(struct replay *replay, uint64_t target)
{
	bci_pool_begin(&replay->pool, replay->policy, replay->now_ns);
	while (replay->live > target) {
		struct bci_candidate candidate;
		uint32_t id;

		replay_look(replay);
		id = replay->places[bci_pool_take(&replay->pool, &candidate)];
		/* It may have gone, or have been accessed, since. */
		if (replay->objects[id].arena != NOWHERE &&
		    replay->objects[id].accessed_ns == candidate.accessed_ns)
			replay_drop(replay, id);
	}
}

static void
replay_choose(struct replay *replay, uint64_t target)
{
	struct bci_choice choice = {
		.candidates = replay->candidates,
		.used_bytes = replay->live,
		.target_bytes = target,
		.now_ns = replay->now_ns,
	};
	size_t gone;

	replay->result->passes++;
	if (replay->residents > BCI_POOL_EXACT) {
		replay_choose_some(replay, target);
		return;
	}
	for (uint32_t id = 0; id < replay->objects_count; id++) {
		if (replay->objects[id].arena != NOWHERE)
			replay_candidate(replay, id,
			                 &replay->candidates[choice.count++]);
	}
	gone = bci_policy_choose(replay->policy, &choice);
	for (size_t i = 0; i < choice.count; i++) {
		uint32_t id = (uint32_t)replay->candidates[i].id;

		if (i < gone)
			replay_drop(replay, id);
	}
}

/* Unlink the arena with most dead bytes, moving what is live. */
static void
replay_clean(struct replay *replay)
{
	uint32_t best = NOWHERE;
	uint64_t most = 0;

	for (uint32_t i = 0; i < ARENAS_MAX; i++) {
		const struct arena *arena = &replay->arenas[i];

		if (arena->sequence != 0 && arena->bytes - arena->live > most) {
			most = arena->bytes - arena->live;
			best = i;
		}
	}
	BCI_ASSERT(best != NOWHERE);
	if (replay->active[replay->arenas[best].queue] == best)
		replay->active[replay->arenas[best].queue] = NOWHERE;
	for (size_t i = 0; i < replay->arenas[best].count; i++) {
		uint32_t id = replay->arenas[best].ids[i];

		if (replay_is_live(replay, best, i))
			replay_move(replay, BCI_MAIN, id);
	}
	replay_unlink(replay, best);
}

static void
replay_make_room(struct replay *replay, uint64_t bytes)
{
	uint64_t budget = replay->options->budget;
	uint64_t low = budget / 100 * replay->options->low_percent;

	if (replay_linked(replay) + bytes <= budget)
		return;
	if (bci_policy_is_ordered(replay->policy)) {
		while (replay_linked(replay) + bytes > budget)
			replay_take_arena(replay);
		return;
	}
	if (replay->live + bytes > low)
		replay_choose(replay, low > bytes ? low - bytes : 0);
	while (replay_linked(replay) + bytes > budget)
		replay_clean(replay);
}

/* ---- replaying --------------------------------------------------------- */

void
replay_count(struct replay_result *result, const struct trace_access *access,
             bool hit)
{
	double cost = access->cost_ns == 0
	                      ? (double)access->bytes * BCI_POLICY_COST_NS
	                      : (double)access->cost_ns;

	result->requests++;
	result->bytes += (double)access->bytes;
	result->cost += cost;
	if (!hit)
		return;
	result->hits++;
	result->hit_bytes += (double)access->bytes;
	result->hit_cost += cost;
}

static void
replay_access(struct replay *replay, const struct trace_access *access)
{
	struct object *object = &replay->objects[access->id];
	int64_t tick_ns = replay->options->tick_ns;
	enum bci_queue queue;

	replay->now_ns = access->time_ns / tick_ns * tick_ns;
	replay_count(replay->result, access, object->arena != NOWHERE);
	if (object->arena != NOWHERE) {
		object->count++;
		if (object->credit < BCI_CREDIT_MAX)
			object->credit++;
		object->accessed_ns = replay->now_ns;
		return;
	}
	/* The cache refuses what is larger. */
	if (access->bytes > replay->options->budget / 4)
		return;
	replay_make_room(replay, access->bytes);
	queue = bci_policy_admit(replay->policy, &replay->history,
	                         (access->id + 1) *
	                                 UINT64_C(0x9E3779B97F4A7C15),
	                         access->bytes, replay->now_ns);
	*object = (struct object){
		.bytes = access->bytes,
		.cost_ns = access->cost_ns,
		.stored_ns = replay->now_ns,
		.accessed_ns = replay->now_ns,
		.count = 1,
		.credit = 1,
	};
	replay->residents++;
	replay_append(replay, queue, access->id);
	/* What the cache knows is when the arena was begun. */
	object->stored_ns = replay->arenas[object->arena].begun_ns;
	replay->result->put_bytes += (double)access->bytes;
	if ((double)replay_linked(replay) > replay->result->most_linked)
		replay->result->most_linked = (double)replay_linked(replay);
}

void
replay_policy(const struct trace *trace, enum bc_policy policy,
              const struct replay_options *options, struct replay_result *out)
{
	struct replay *replay = trace_alloc(1, sizeof(*replay));
	int64_t begin_ns = bci_clock_monotonic_ns();

	memset(replay, 0, sizeof(*replay));
	memset(out, 0, sizeof(*out));
	replay->options = options;
	replay->result = out;
	replay->policy = policy;
	replay->objects = trace_alloc(trace->keys, sizeof(struct object));
	replay->objects_count = trace->keys;
	replay->candidates =
		trace_alloc(trace->keys, sizeof(struct bci_candidate));
	for (uint32_t i = 0; i < trace->keys; i++)
		replay->objects[i].arena = NOWHERE;
	replay->active[BCI_YOUNG] = replay->active[BCI_MAIN] = NOWHERE;
	for (size_t i = 0; i < trace->count; i++)
		replay_access(replay, &trace->items[i]);
	out->most_linked /= (double)options->budget;
	out->nanoseconds = (uint64_t)(bci_clock_monotonic_ns() - begin_ns);
	for (uint32_t i = 0; i < ARENAS_MAX; i++) {
		free(replay->arenas[i].ids);
		free(replay->arenas[i].orders);
	}
	free(replay->candidates);
	free(replay->objects);
	free(replay);
}

/* SPDX-License-Identifier: MIT */
/*
 * haul.c - moving segments without keeping writers waiting.
 *
 * A copy must be on the disk before the catalogue names it instead of what it
 * is a copy of.  Reading, checking, writing and syncing take longer than all
 * else, and under the writer lock it would be everybody's time.  So copies are
 * made in an arena apart, by what a read transaction sees, and named when they
 * are complete, by a writer that looks again at what is live: what was
 * replaced, removed or moved by others meanwhile keeps its place, and its copy
 * is dead.
 */
#include "common.h"

#include "alloc.h"
#include "arena.h"
#include "candidate.h"
#include "clock.h"
#include "error.h"
#include "haul.h"
#include "move.h"

/* So much is copied at the most before it is named, so that who wants to end
 * waits a fraction of a second. */
#define HAUL_BYTES (256ull << 20)

/* A copy, and where in its arena the segment is. */
struct bci_load {
	uint64_t offset;
	struct bci_locator to;
};

void
bci_haul_begin(struct bci_haul *haul, const struct bci_haul *before)
{
	/* What is named is not in the record of its arena any more. */
	uint64_t part_bytes =
		bci_haul_is_loaded(before) ? before->part_bytes : 0;

	bci_apart_close(&haul->apart, haul->named);
	*haul = (struct bci_haul){
		.ended = before->ended,
		.part = before->part,
		.part_bytes = part_bytes,
		.loads = haul->loads,
		.room = haul->room,
		.moved_bytes = haul->moved_bytes,
		.moved_segments = haul->moved_segments,
	};
}

void
bci_haul_free(struct bci_haul *haul, const struct bc_allocator *allocator)
{
	bci_haul_begin(haul, haul);
	bci_free(allocator, haul->loads);
	haul->loads = NULL;
}

bool
bci_haul_is_loaded(const struct bci_haul *haul)
{
	return haul->ready && haul->leg < haul->leg_count;
}

/* ---- setting aside ----------------------------------------------------- */

bool
bci_haul_add(struct bci_haul *haul, struct bci_writer *writer, uint64_t number,
             const struct bci_arena_record *arena)
{
	const struct bci_config_record *config = &writer->config;
	bool cold = arena->class_ == BCI_ARENA_COLD;
	enum bci_queue queue = cold ? BCI_COLD : BCI_MAIN;
	uint64_t live_bytes = arena->live_bytes;
	struct bci_leg leg = { .number = number };

	if (haul->leg_count == 0) {
		haul->queue = queue;
		haul->capacity_bytes =
			bci_min(bci_arena_capacity(cold ? config->cold_bytes
		                                        : config->warm_bytes),
		                HAUL_BYTES);
		haul->syncs = config->durability != BC_SCRATCH;
	}
	if (queue != haul->queue || haul->leg_count == BCI_HAUL_LEGS ||
	    haul->live_bytes >= haul->capacity_bytes)
		return false;
	if (number == haul->part.number) {
		leg.begin = leg.end = haul->part.end;
		live_bytes -= bci_min(live_bytes, haul->part_bytes);
	}
	haul->legs[haul->leg_count++] = leg;
	haul->live_bytes += live_bytes;
	return true;
}

bool
bci_haul_is_worth(const struct bci_haul *haul)
{
	return haul->leg_count != 0 &&
	       haul->live_bytes >= haul->capacity_bytes / 8;
}

enum bc_status
bci_haul_reserve(struct bci_haul *haul, struct bci_writer *writer,
                 struct bc_error *err)
{
	enum bc_status status = bci_writer_check_number(writer, err);

	if (status == BC_OK)
		haul->number = writer->state.next_arena++;
	return status;
}

/* ---- copying ----------------------------------------------------------- */

static enum bc_status
haul_add_load(struct bci_haul *haul, const struct bc_allocator *allocator,
              uint64_t offset, const struct bci_locator *to,
              struct bc_error *err)
{
	if (haul->count == haul->room) {
		size_t room = 2 * haul->room + 64;
		void *grown = bci_regrow(allocator, haul->loads, haul->count,
		                         room, sizeof(*haul->loads));

		if (grown == NULL)
			return bci_fail(err, BC_NOMEM, "no memory to compact");
		haul->loads = grown;
		haul->room = room;
	}
	haul->loads[haul->count++] = (struct bci_load){ offset, *to };
	return BC_OK;
}

/* Copy the next segment; BC_MISS if there is none, BC_FULL if no room. */
static enum bc_status
haul_copy_one(struct bci_haul *haul, struct bci_leg *leg,
              struct bci_mover *mover, struct bci_live *live,
              struct bc_error *err)
{
	struct bci_live_segment segment;
	struct bci_locator to;
	enum bc_status status = bci_live_next(live, &segment);

	if (status != BC_OK)
		return status;
	if (!bci_apart_fits(&haul->apart,
	                    bci_max(segment.locator.bytes, BCI_MOVE_SHARED)) &&
	    haul->count != 0)
		return BC_FULL;
	/* One that is larger than an arena stays, for who cleans; and so does
	 * one that is damaged, to be found by it. */
	leg->end = live->place;
	if (!bci_apart_fits(&haul->apart, segment.locator.bytes))
		return BC_OK;
	status = bci_move_copy(mover, live, &segment, UINT32_MAX, &to, err);
	if (status != BC_OK)
		return status == BC_CORRUPT ? BC_OK : status;
	haul->part_bytes += to.bytes;
	return haul_add_load(haul, &mover->writer->env->allocator,
	                     segment.locator.offset, &to, err);
}

/* Copy an arena; BC_FULL if not to its end, of which the next haul hears. */
static enum bc_status
haul_copy_leg(struct bci_haul *haul, struct bci_leg *leg,
              struct bci_mover *mover, struct bc_error *err)
{
	struct bci_live live;
	enum bc_status status = bci_live_open(&live, mover->writer, leg->number,
	                                      leg->begin, err);

	leg->first = haul->count;
	while (status == BC_OK)
		status = haul_copy_one(haul, leg, mover, &live, err);
	bci_live_close(&live);
	/* There is no more in it that could be moved. */
	if (bci_live_is_over(status) ||
	    (status == BC_FULL && haul->count == 0)) {
		haul->ended = leg->number;
		return BC_OK;
	}
	if (status == BC_FULL)
		haul->part = *leg;
	return status;
}

static enum bc_status
haul_copy_all(struct bci_haul *haul, struct bci_writer *reader,
              struct bc_error *err)
{
	struct bci_mover mover;
	enum bc_status status = BC_OK;
	unsigned i;

	bci_mover_open(&mover, reader, haul->queue);
	mover.apart = &haul->apart;
	for (i = 0; status == BC_OK && i < haul->leg_count; i++) {
		haul->part_bytes = 0;
		status = haul_copy_leg(haul, &haul->legs[i], &mover, err);
	}
	haul->leg_count = i;
	bci_mover_close(&mover);
	return status == BC_FULL ? BC_OK : status;
}

enum bc_status
bci_haul_copy(struct bci_haul *haul, struct bc_cache *cache,
              struct bc_error *err)
{
	struct bci_writer reader = { .cache = cache };
	enum bc_status status;
	struct bci_lane *lane;

	if (haul->number == 0 || haul->ready)
		return BC_OK;
	status = bci_cache_env(cache, &reader.env, err);
	if (status == BC_OK)
		status = bci_apart_make(&haul->apart, reader.env, haul->number,
		                        haul->queue, haul->capacity_bytes,
		                        haul->syncs, err);
	if (status != BC_OK)
		return status;
	lane = bci_lane_take(reader.env);
	status = bci_lane_begin(reader.env, lane);
	if (status == BC_OK) {
		reader.txn = lane->txn;
		status = haul_copy_all(haul, &reader, err);
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	if (status == BC_OK)
		status = bci_apart_finish(&haul->apart, err);
	haul->ready = status == BC_OK;
	return status;
}

enum bc_status
bci_haul_sync(struct bci_haul *haul, struct bc_error *err)
{
	enum bc_status status = BC_OK;

	if (haul->ready && !haul->synced)
		status = bci_apart_sync(&haul->apart, err);
	haul->synced = haul->ready && status == BC_OK;
	return status;
}

/* ---- naming ------------------------------------------------------------ */

/*
 * Tell the catalogue of the arena, before the first segment in it.  BC_MISS if
 * it has gone again, with all that was named of it by earlier transactions:
 * others have replaced that since.
 */
static enum bc_status
haul_name_arena(struct bci_haul *haul, struct bci_writer *writer,
                struct bc_error *err)
{
	const struct bci_arena_record *arena = &haul->apart.arena;
	struct bci_arena_record stored;
	enum bc_status status;

	if (haul->named)
		return bci_writer_arena(writer, haul->number, &stored);
	haul->named = true;
	status = bci_arena_store(writer->txn, &writer->env->tables,
	                         haul->number, arena, err);
	*bci_state_linked(&writer->state, bci_queue_class(haul->queue)) +=
		arena->end_bytes;
	writer->counted[BCI_COUNT_WRITTEN_BYTES] += arena->end_bytes;
	if (!haul->syncs && !writer->state.unsynced) {
		writer->state.unsynced = 1;
		writer->state.unsynced_ns = writer->now_ns;
	}
	return status;
}

static enum bc_status
haul_name_one(struct bci_haul *haul, struct bci_leg *leg,
              struct bci_mover *mover, const struct bci_live_segment *segment,
              struct bc_error *err)
{
	const uint64_t offset = segment->locator.offset;
	struct bci_locator to;
	enum bc_status status;
	size_t end =
		haul->leg + 1 < haul->leg_count ? leg[1].first : haul->count;

	while (leg->first < end && haul->loads[leg->first].offset < offset)
		leg->first++;
	if (leg->first == end || haul->loads[leg->first].offset != offset)
		return BC_OK;
	status = haul_name_arena(haul, mover->writer, err);
	if (status != BC_OK)
		return status == BC_MISS ? BC_OK : status;
	to = haul->loads[leg->first].to;
	to.slot = segment->locator.slot;
	return bci_move_name(mover, segment, &to, 0, err);
}

static bool
haul_is_before(const struct bci_place *a, const struct bci_place *b)
{
	return a->page < b->page || (a->page == b->page && a->inner < b->inner);
}

/* Name what was copied of an arena: BC_OK, or BC_BUSY if time is up. */
static enum bc_status
haul_name_leg(struct bci_haul *haul, struct bci_mover *mover,
              struct bci_live *live, int64_t until_ns, struct bc_error *err)
{
	struct bci_leg *leg = &haul->legs[haul->leg];
	struct bci_live_segment segment;
	struct bci_arena_record arena;
	enum bc_status status;

	while (haul_is_before(&live->place, &leg->end)) {
		status = bci_live_next(live, &segment);
		if (status != BC_OK)
			return bci_live_is_over(status) ? BC_OK : status;
		status = haul_name_one(haul, leg, mover, &segment, err);
		if (status != BC_OK)
			return status;
		leg->begin = live->place;
		/* With its last segment the arena is gone, too. */
		status = bci_writer_arena(mover->writer, leg->number, &arena);
		if (status != BC_OK)
			return bci_live_is_over(status) ? BC_OK : status;
		if (bci_clock_monotonic_ns() >= until_ns)
			return BC_BUSY;
	}
	return BC_OK;
}

enum bc_status
bci_haul_name(struct bci_haul *haul, struct bci_writer *writer,
              int64_t until_ns, struct bc_error *err)
{
	enum bc_status status = BC_OK;
	struct bci_mover mover;
	struct bci_live live;

	BCI_ASSERT(haul->synced);
	bci_mover_open(&mover, writer, haul->queue);
	while (status == BC_OK && haul->leg < haul->leg_count) {
		const struct bci_leg *leg = &haul->legs[haul->leg];

		status = bci_live_open(&live, writer, leg->number, leg->begin,
		                       err);
		if (status == BC_OK)
			status = haul_name_leg(haul, &mover, &live, until_ns,
			                       err);
		else if (bci_live_is_over(status))
			status = BC_OK;
		bci_live_close(&live);
		if (status == BC_OK)
			haul->leg++;
	}
	haul->moved_bytes += mover.moved_bytes;
	haul->moved_segments += mover.moved_segments;
	return status == BC_BUSY ? BC_OK : status;
}

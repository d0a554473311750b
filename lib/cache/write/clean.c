/* SPDX-License-Identifier: MIT */
/*
 * clean.c - giving arenas back.
 *
 * An arena is only ever added to, so the one way to get at its dead bytes is to
 * do without the whole file.  That takes as many steps as its live bytes ask
 * for; what is done is in the catalogue, and where to go on is a hint of this
 * process, so a step may end, or be killed, anywhere.
 */
#include "common.h"

#include "arena.h"
#include "candidate.h"
#include "clean.h"
#include "clock.h"
#include "error.h"
#include "live.h"
#include "move.h"
#include "recover.h"
#include "victim.h"

/* Pages of a file that are no segments': LMDB's own. */
#define OWN_PAGES 8u

struct clean {
	struct bci_writer *writer;
	struct bci_cleaning *cleaning;
	struct bci_live live;
	struct bci_mover mover;
	uint64_t found; /* live segments seen since the beginning of the file */
	uint64_t done_bytes;
};

uint64_t
bci_clean_gain(const struct bci_arena_record *arena)
{
	uint64_t page = bci_max(arena->page_bytes, BCI_PAGE);
	uint64_t own = (OWN_PAGES + arena->segments / 64) * page;
	uint64_t live = arena->live_bytes;
	uint64_t mean =
		arena->segments == 0 ? 0 : arena->live_bytes / arena->segments;

	/* Small ones will share pages, larger ones fill up their last. */
	if (mean >= BCI_VALUE_MIN)
		live = bci_max(
			arena->segments *
				bci_round_up(mean + BCI_VALUE_SHIFT, page),
			live + arena->segments * (page / 2));
	else
		live += arena->segments * (BCI_LINE / 2);
	live += own;
	return arena->end_bytes > live ? arena->end_bytes - live : 0;
}

/* ---- one segment ------------------------------------------------------- */

/* Whether a segment is kept, and with which credit (0: its own); or evicted. */
static bool
clean_keeps(struct clean *clean, const struct bci_live_segment *segment,
            enum bci_queue queue, unsigned *credit)
{
	struct bci_cleaning *cleaning = clean->cleaning;
	struct bci_candidate candidate;

	bci_candidate_make(clean->writer, segment->key, segment->key_bytes,
	                   segment->entry, &segment->locator, &candidate);
	candidate.queue = (uint8_t)queue;
	*credit = 0;
	if (candidate.pinned || cleaning->how == BCI_CLEAN_MOVE)
		return true;
	if (cleaning->how == BCI_CLEAN_EMPTY ||
	    !bci_policy_keeps(cleaning->policy, cleaning->history, &candidate,
	                      clean->writer->now_ns))
		return false;
	*credit = candidate.credit;
	return true;
}

static enum bc_status
clean_evict(struct clean *clean, const struct bci_live_segment *segment,
            struct bc_error *err)
{
	enum bc_status status =
		bci_victim_drop(clean->writer, segment->key, segment->key_bytes,
	                        &segment->locator, true, err);

	if (status != BC_OK && status != BC_MISS)
		return status;
	clean->cleaning->evicted_bytes += segment->locator.bytes;
	clean->cleaning->evicted_segments++;
	return BC_OK;
}

/* A damaged segment goes, whoever would keep it. */
static enum bc_status
clean_discard(struct clean *clean, const struct bci_live_segment *segment,
              struct bc_error *err)
{
	enum bc_status status;

	bci_log(clean->writer->cache, BC_EVENT_QUARANTINE,
	        "dropped %.100s: it is damaged in arena %llu", segment->key,
	        (unsigned long long)clean->live.number);
	status =
		bci_victim_drop(clean->writer, segment->key, segment->key_bytes,
	                        &segment->locator, false, err);
	return status == BC_MISS ? BC_OK : status;
}

static enum bc_status
clean_segment(struct clean *clean, const struct bci_live_segment *segment,
              const struct bci_arena_record *arena, struct bc_error *err)
{
	struct bci_writer *writer = clean->writer;
	struct bci_cleaning *cleaning = clean->cleaning;
	enum bc_status status;
	unsigned credit;

	clean->found++;
	if (segment->entry->head.id == writer->busy_entry ||
	    bci_writer_is_fresh(writer, segment->entry, &segment->locator)) {
		cleaning->blocked = true;
		return BC_OK;
	}
	clean->done_bytes += segment->locator.bytes;
	if (!clean_keeps(clean, segment, (enum bci_queue)arena->queue, &credit))
		return clean_evict(clean, segment, err);
	if (bci_writer_is_placed(writer, &segment->locator)) {
		/* Once is enough, or it would go round and round. */
		cleaning->blocked = true;
		return BC_OK;
	}
	status = bci_move_segment(&clean->mover, &clean->live, segment, credit,
	                          arena->live_bytes, err);
	return status == BC_CORRUPT ? clean_discard(clean, segment, err)
	                            : status;
}

/* ---- a step ------------------------------------------------------------ */

static bool
clean_is_enough(const struct clean *clean)
{
	const struct bci_cleaning *cleaning = clean->cleaning;

	return clean->done_bytes >= cleaning->quota_bytes ||
	       (cleaning->until_ns != 0 && clean->done_bytes != 0 &&
	        bci_clock_monotonic_ns() >= cleaning->until_ns) ||
	       (cleaning->evict_bytes != 0 &&
	        cleaning->evicted_bytes >= cleaning->evict_bytes);
}

/* Walk on until it is enough; BC_MISS at the end of the file. */
static enum bc_status
clean_walk(struct clean *clean, struct bc_error *err)
{
	uint64_t number = clean->live.number;
	struct bci_live_segment segment;
	struct bci_arena_record arena;
	enum bc_status status = BC_OK;

	while (!clean_is_enough(clean)) {
		status = bci_writer_arena(clean->writer, number, &arena);
		if (status != BC_OK || arena.segments == 0)
			return status == BC_OK ? BC_MISS : status;
		status = bci_live_next(&clean->live, &segment);
		if (status == BC_OK)
			status = clean_segment(clean, &segment, &arena, err);
		if (status != BC_OK)
			return status;
	}
	return status;
}

/*
 * The file was walked to its end.  What the catalogue still names in it is not
 * to be found, so it is damaged.
 */
static enum bc_status
clean_end(struct clean *clean, struct bc_error *err)
{
	struct bci_writer *writer = clean->writer;
	uint64_t number = clean->live.number;
	struct bci_arena_record arena;
	enum bc_status status = bci_writer_arena(writer, number, &arena);

	if (status == BC_MISS) {
		clean->cleaning->gone = true;
		return BC_OK;
	}
	if (status != BC_OK)
		return status;
	if (arena.segments == 0)
		return BC_OK; /* It is being appended to. */
	if (clean->found != 0 || clean->cleaning->blocked)
		return BC_OK; /* Something has to stay now. */
	if (writer->busy_entry != 0) {
		/* It may be of the series whose record is yet to come. */
		clean->cleaning->blocked = true;
		return BC_OK;
	}
	status = bci_recover_arena(writer, number, err);
	if (status != BC_OK)
		return status;
	clean->cleaning->gone =
		bci_writer_arena(writer, number, &arena) == BC_MISS;
	clean->cleaning->blocked = !clean->cleaning->gone;
	return BC_OK;
}

/* Walk the file from a place on; *ended says whether to its end. */
static enum bc_status
clean_from(struct clean *clean, uint64_t number, struct bci_place from,
           bool *ended, struct bc_error *err)
{
	enum bc_status status;

	clean->found = 0;
	status = bci_live_open(&clean->live, clean->writer, number, from, err);
	if (status == BC_OK)
		status = clean_walk(clean, err);
	bci_mover_close(&clean->mover);
	bci_live_close(&clean->live);
	*ended = bci_live_is_over(status);
	return *ended ? BC_OK : status;
}

enum bc_status
bci_clean(struct bci_writer *writer, uint64_t number,
          struct bci_cleaning *cleaning, struct bc_error *err)
{
	struct bci_cleaned *hint = writer->env->cleaned;
	struct clean clean = { .writer = writer, .cleaning = cleaning };
	struct bci_place from = { 0, 0 };
	struct bci_arena_record arena;
	enum bc_status status;
	bool ended;

	status = bci_writer_arena(writer, number, &arena);
	if (status != BC_OK)
		return bci_fail(err, status, "the record of arena %llu",
		                (unsigned long long)number);
	hint += arena.class_ % BCI_COUNT(writer->env->cleaned);
	if (hint->number == number)
		from = hint->place;
	hint->number = 0;
	bci_mover_open(&clean.mover, writer,
	               arena.class_ == BCI_ARENA_COLD ? BCI_COLD : BCI_MAIN);
	status = clean_from(&clean, number, from, &ended, err);
	if (status == BC_OK && ended && (from.page != 0 || from.inner != 0))
		/* What had to stay then may go now. */
		status = clean_from(&clean, number, (struct bci_place){ 0, 0 },
		                    &ended, err);
	if (status == BC_OK && !ended &&
	    bci_writer_arena(writer, number, &arena) == BC_MISS)
		ended = true; /* It went with the last one. */
	if (status == BC_OK && ended) {
		status = clean_end(&clean, err);
	} else if (status == BC_OK) {
		hint->number = number;
		hint->place = clean.live.place;
		hint->how = cleaning->how;
	}
	cleaning->moved_bytes += clean.mover.moved_bytes;
	cleaning->moved_segments += clean.mover.moved_segments;
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * haul.c - moving segments without keeping writers waiting for the disk.
 *
 * A copy must be on the disk before the catalogue names it instead of what it
 * is a copy of.  Syncing takes longer than all else, and under the writer lock
 * it would be everybody's time.  So copies are made in one transaction, synced
 * when the lock is given back, and named in a later one, which looks again at
 * what is live: what was replaced, removed or moved by others meanwhile keeps
 * its place, and its copy is dead.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "arena.h"
#include "candidate.h"
#include "clock.h"
#include "control.h"
#include "error.h"
#include "file.h"
#include "haul.h"
#include "move.h"
#include "recover.h"

/* So much is copied, at the most, before it is named. */
#define LOADS_BYTES (64ull << 20)

/* Small segments share values of so many bytes. */
#define SHARED_BYTES (64u << 10)

/* A copy, and where in the arena the segment is. */
struct bci_load {
	uint64_t offset;
	struct bci_locator to;
};

void
bci_haul_begin(struct bci_haul *haul, uint64_t number)
{
	*haul = (struct bci_haul){
		.number = number,
		.loads = haul->loads,
		.room = haul->room,
		.moved_bytes = haul->moved_bytes,
		.moved_segments = haul->moved_segments,
	};
}

void
bci_haul_free(struct bci_haul *haul, const struct bc_allocator *allocator)
{
	bci_free(allocator, haul->loads);
	haul->loads = NULL;
}

bool
bci_haul_is_loaded(const struct bci_haul *haul)
{
	return haul->count != 0;
}

/* What was copied is named, or not worth it: go on behind it. */
static void
haul_drop(struct bci_haul *haul)
{
	haul->begin = haul->end;
	haul->count = 0;
	haul->full = haul->synced = false;
	haul->arena = haul->end_bytes = 0;
	haul->started_bytes = haul->written_bytes = 0;
	haul->loads_bytes = 0;
}

/* ---- copying ----------------------------------------------------------- */

static enum bc_status
haul_add(struct bci_haul *haul, const struct bc_allocator *allocator,
         uint64_t offset, const struct bci_locator *to, struct bc_error *err)
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

/* Copy the next segment; BC_MISS if there is none, or no room beside others. */
static enum bc_status
haul_copy_one(struct bci_haul *haul, struct bci_mover *mover,
              struct bci_live *live, struct bc_error *err)
{
	struct bci_writer *writer = mover->writer;
	struct bci_live_segment segment;
	struct bci_locator to;
	enum bc_status status;
	bool fits = true;

	haul->end = live->place;
	status = bci_live_next(live, &segment);
	haul->ended = status == BC_MISS;
	if (status != BC_OK)
		return status;
	/* An arena that is sealed without a live segment would be gone. */
	if (haul->count != 0)
		status = bci_writer_fits(
			writer, haul->queue,
			bci_max(segment.locator.bytes, SHARED_BYTES), &fits,
			err);
	if (status != BC_OK)
		return status;
	if (!fits) {
		haul->full = true;
		return BC_MISS;
	}
	status = bci_move_copy(mover, live, &segment, UINT32_MAX, &to, err);
	haul->end = live->place;
	if (status == BC_CORRUPT)
		return BC_OK; /* It stays, to be found by who cleans. */
	if (status != BC_OK)
		return status;
	if (haul->count == 0) {
		haul->arena = to.arena;
		haul->written_bytes = to.offset - BCI_VALUE_SHIFT;
		haul->started_bytes = haul->written_bytes;
	}
	haul->loads_bytes += to.bytes;
	return haul_add(haul, &writer->env->allocator, segment.locator.offset,
	                &to, err);
}

static enum bc_status
haul_copy_all(struct bci_haul *haul, struct bci_mover *mover, int64_t until_ns,
              struct bc_error *err)
{
	struct bci_live live;
	enum bc_status status = bci_live_open(&live, mover->writer,
	                                      haul->number, haul->end, err);

	if (status == BC_CORRUPT || status == BC_ABSENT)
		status = BC_MISS; /* There is nothing that could be moved. */
	haul->ended = status == BC_MISS;
	while (status == BC_OK && haul->loads_bytes < LOADS_BYTES) {
		status = haul_copy_one(haul, mover, &live, err);
		if (bci_clock_monotonic_ns() >= until_ns)
			break;
	}
	bci_mover_close(mover);
	bci_live_close(&live);
	haul->full |= haul->loads_bytes >= LOADS_BYTES;
	return status == BC_MISS ? BC_OK : status;
}

static enum bc_status
haul_copy(struct bci_haul *haul, struct bci_writer *writer, int64_t until_ns,
          struct bc_error *err)
{
	struct bci_arena_record arena;
	struct bci_mover mover;
	enum bc_status status = bci_writer_arena(writer, haul->number, &arena);

	if (status != BC_OK)
		return bci_fail(err, status, "the record of arena %llu",
		                (unsigned long long)haul->number);
	haul->queue = arena.class_ == BCI_ARENA_COLD ? BCI_COLD : BCI_MAIN;
	/* If a sync is due, the next commit is soon enough. */
	writer->must_not_settle = true;
	bci_mover_open(&mover, writer, haul->queue);
	status = haul_copy_all(haul, &mover, until_ns, err);
	if (status == BC_OK)
		status = bci_writer_flush(writer, haul->queue, err);
	haul->end_bytes = writer->active[haul->queue].arena.end_bytes;
	haul->txnid = writer->active[haul->queue].arena.txnid;
	return status;
}

/* ---- naming ------------------------------------------------------------ */

static enum bc_status
haul_name_one(struct bci_haul *haul, struct bci_mover *mover,
              const struct bci_live_segment *segment, size_t *at,
              struct bc_error *err)
{
	struct bci_candidate candidate;
	struct bci_locator to;

	while (*at < haul->count &&
	       haul->loads[*at].offset < segment->locator.offset)
		++*at;
	if (*at == haul->count ||
	    haul->loads[*at].offset != segment->locator.offset)
		return BC_OK;
	bci_candidate_make(mover->writer, segment->key, segment->key_bytes,
	                   segment->entry, &segment->locator, &candidate);
	to = haul->loads[*at].to;
	to.slot = segment->locator.slot;
	return bci_move_name(mover, segment, &to, candidate.count, err);
}

static bool
haul_is_before(const struct bci_place *a, const struct bci_place *b)
{
	return a->page < b->page || (a->page == b->page && a->inner < b->inner);
}

static enum bc_status
haul_name_all(struct bci_haul *haul, struct bci_mover *mover,
              struct bci_live *live, int64_t until_ns, struct bc_error *err)
{
	struct bci_live_segment segment;
	struct bci_arena_record arena;
	enum bc_status status = BC_OK;
	size_t at = 0;

	while (haul_is_before(&live->place, &haul->end)) {
		status = bci_live_next(live, &segment);
		if (status == BC_OK)
			status = haul_name_one(haul, mover, &segment, &at, err);
		if (status != BC_OK)
			break;
		haul->begin = live->place;
		status = bci_writer_arena(mover->writer, haul->number, &arena);
		if (status != BC_OK)
			break; /* It went with the last one. */
		if (bci_clock_monotonic_ns() >= until_ns)
			break;
	}
	if (status == BC_MISS || !haul_is_before(&live->place, &haul->end))
		haul_drop(haul);
	return status == BC_MISS ? BC_OK : status;
}

/* Name copies that are on the disk. */
static enum bc_status
haul_name(struct bci_haul *haul, struct bci_writer *writer, int64_t until_ns,
          struct bc_error *err)
{
	struct bci_active *active = &writer->active[haul->queue];
	struct bci_mover mover;
	struct bci_live live;
	enum bc_status status;

	/* Whoever sealed it may have found its bytes lost. */
	if (bci_writer_queue(writer, haul->arena) != haul->queue) {
		haul_drop(haul);
		return BC_OK;
	}
	/* What others added since may lie in front of the end, too: in pages
	 * that LMDB had for itself before. */
	if (active->arena.synced_bytes < haul->end_bytes &&
	    active->arena.txnid == haul->txnid && !active->pending) {
		active->arena.synced_bytes = haul->end_bytes;
		active->changed = true;
	}
	bci_mover_open(&mover, writer, haul->queue);
	status = bci_live_open(&live, writer, haul->number, haul->begin, err);
	if (status == BC_OK)
		status = haul_name_all(haul, &mover, &live, until_ns, err);
	bci_live_close(&live);
	if (status == BC_MISS || status == BC_CORRUPT || status == BC_ABSENT) {
		haul_drop(haul);
		status = BC_OK;
	}
	haul->moved_bytes += mover.moved_bytes;
	haul->moved_segments += mover.moved_segments;
	return status;
}

enum bc_status
bci_haul_step(struct bci_haul *haul, struct bci_writer *writer,
              int64_t until_ns, struct bc_error *err)
{
	return haul->synced ? haul_name(haul, writer, until_ns, err)
	                    : haul_copy(haul, writer, until_ns, err);
}

/* ---- syncing ----------------------------------------------------------- */

/* Have a part of a file written; with WAIT_AFTER in 'flags' wait for it. */
static enum bc_status
haul_write_range(int fd, uint64_t from, uint64_t to, unsigned flags,
                 struct bc_error *err)
{
	/* 0 bytes would be all that follows. */
	if (from < to && sync_file_range(fd, (off_t)from, (off_t)(to - from),
	                                 SYNC_FILE_RANGE_WRITE | flags) != 0)
		return bci_fail_os(err, errno, "cannot write an arena");
	return BC_OK;
}

/* While the disk writes what was copied last, more can be copied; but no more
 * than that, or the next commit would wait for it. */
static enum bc_status
haul_write(const struct bci_haul *haul, int fd, int dir_fd,
           struct bc_error *err)
{
	enum bc_status status = haul_write_range(fd, haul->started_bytes,
	                                         haul->end_bytes, 0, err);

	if (status == BC_OK)
		status = haul_write_range(fd, haul->written_bytes,
		                          haul->started_bytes,
		                          SYNC_FILE_RANGE_WAIT_BEFORE |
		                                  SYNC_FILE_RANGE_WAIT_AFTER,
		                          err);
	if (status != BC_OK)
		return status;
	if (!haul->full && !haul->ended)
		return BC_OK;
	if (BCI_CONTROL(moves_not_synced))
		return BC_OK;
	if (fdatasync(fd) != 0 || fsync(dir_fd) != 0)
		return bci_fail_os(err, errno, "cannot sync an arena");
	return BC_OK;
}

enum bc_status
bci_haul_sync(struct bci_haul *haul, struct bc_cache *cache,
              struct bc_error *err)
{
	char name[BCI_ARENA_NAME];
	struct bci_env *env;
	enum bc_status status;
	int dir_fd, fd = -1;

	if (haul->count == 0 || haul->synced)
		return BC_OK;
	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	dir_fd = env->maps.class_fd[bci_queue_class(haul->queue)];
	bci_arena_name(haul->arena, name);
	status = bci_file_open(dir_fd, name, O_RDWR, &fd, err);
	if (status == BC_ABSENT) { /* Others have no use for it. */
		haul_drop(haul);
		return BC_OK;
	}
	if (status == BC_OK)
		status = haul_write(haul, fd, dir_fd, err);
	bci_file_close(&fd);
	if (status != BC_OK) {
		bci_recover_unsynced(cache, env, haul->arena);
		return status;
	}
	haul->written_bytes = haul->started_bytes;
	haul->started_bytes = haul->end_bytes;
	haul->synced = haul->full || haul->ended;
	return BC_OK;
}

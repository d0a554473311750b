/* SPDX-License-Identifier: MIT */
/*
 * tracer.c - what a handle reads and puts, appended to a trace.
 *
 * Each lane has a ring of its own, so that noting an access takes no lock; it
 * is written when it is full, by the first access a second after its oldest
 * one, by bc_flush() and bc_close().  Lines are appended in blocks by one write
 * each, so that several processes may share a file.
 *
 * The key of a segment of a series is mixed with the time of its last row, as
 * eviction does it: segments are what goes.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "hash.h"
#include "span.h"
#include "tracer.h"

#define RING_ITEMS 2048
#define BLOCK_BYTES 16384

/* ---- the file ----------------------------------------------------------- */

static bool
tracer_write(struct bci_tracer *tracer, const char *text, size_t bytes)
{
	while (bytes != 0 && !atomic_load(&tracer->failed)) {
		ssize_t done = write(tracer->fd, text, bytes);

		if (done < 0 && errno != EINTR)
			atomic_store(&tracer->failed, true);
		if (done <= 0)
			continue;
		text += done;
		bytes -= (size_t)done;
	}
	return bytes == 0;
}

/* Begin a new file, or see that another is a trace. */
static enum bc_status
tracer_head(struct bci_tracer *tracer, const char *path, struct bc_error *err)
{
	static const char head[] = BCI_TRACE_HEAD "\n";
	char found[sizeof(head) - 1];
	ssize_t bytes = pread(tracer->fd, found, sizeof(found), 0);

	if (bytes == 0 && tracer_write(tracer, head, sizeof(head) - 1))
		return BC_OK;
	if (bytes <= 0)
		return bci_fail_os(err, errno, "cannot write a trace to %s",
		                   path);
	if (bytes != sizeof(found) || memcmp(found, head, sizeof(found)) != 0)
		return bci_fail(err, BC_INVALID, "%s is no trace", path);
	return BC_OK;
}

enum bc_status
bci_tracer_open(const struct bc_allocator *allocator, const char *path,
                struct bci_tracer **out, struct bc_error *err)
{
	struct bci_tracer *tracer = bci_zalloc(allocator, 1, sizeof(*tracer));
	enum bc_status status = BC_OK;

	*out = NULL;
	if (tracer == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for a trace");
	tracer->fork_count = atomic_load(&bci_fork_count);
	tracer->fd =
		open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK,
	             0600);
	if (tracer->fd < 0) {
		status = bci_fail_os(err, errno, "cannot write a trace to %s",
		                     path);
		goto done;
	}
	BCI_TRY(tracer_head(tracer, path, err));
	for (unsigned i = 0; status == BC_OK && i < BCI_LANES; i++) {
		struct bci_ring *ring = &tracer->rings[i];

		ring->items =
			bci_alloc(allocator, RING_ITEMS, sizeof(*ring->items));
		if (ring->items == NULL)
			status = bci_fail(err, BC_NOMEM,
			                  "no memory for a trace");
	}
done:
	if (status == BC_OK)
		*out = tracer;
	else
		bci_tracer_close(allocator, tracer);
	return status;
}

void
bci_tracer_close(const struct bc_allocator *allocator,
                 struct bci_tracer *tracer)
{
	if (tracer == NULL)
		return;
	for (unsigned i = 0; i < BCI_LANES; i++)
		bci_free(allocator, tracer->rings[i].items);
	bci_free(allocator, tracer->puts);
	bci_file_close(&tracer->fd);
	bci_free(allocator, tracer);
}

void
bci_tracer_restart(struct bci_tracer *tracer)
{
	for (unsigned i = 0; i < BCI_LANES; i++)
		tracer->rings[i].count = 0;
	tracer->put_count = 0;
	tracer->fork_count = atomic_load(&bci_fork_count);
}

/* ---- rings --------------------------------------------------------------- */

/* Write a ring; the caller has its lane. */
static void
ring_write(struct bci_tracer *tracer, struct bci_ring *ring)
{
	char block[BLOCK_BYTES];
	size_t used = 0;

	for (size_t i = 0; i < ring->count; i++) {
		if (sizeof(block) - used < BCI_ACCESS_LINE) {
			tracer_write(tracer, block, used);
			used = 0;
		}
		used += bci_access_format(&ring->items[i], block + used);
	}
	tracer_write(tracer, block, used);
	ring->count = 0;
}

static void
ring_add(struct bci_tracer *tracer, const struct bci_lane *lane,
         const struct bci_access *access)
{
	struct bci_ring *ring = &tracer->rings[lane->index];

	/* A child that has not opened anew writes nothing of its parent's. */
	if (tracer->fork_count != atomic_load(&bci_fork_count))
		return;
	if (ring->count == RING_ITEMS ||
	    (ring->count != 0 &&
	     access->time_ns - ring->items[0].time_ns >= BCI_SECOND_NS))
		ring_write(tracer, ring);
	ring->items[ring->count++] = *access;
}

void
bci_tracer_flush(struct bci_tracer *tracer, struct bci_env *env)
{
	for (unsigned i = 0; i < BCI_LANES; i++) {
		struct bci_lane *lane = &env->lanes[i];

		while (atomic_exchange_explicit(&lane->busy, 1,
		                                memory_order_seq_cst) != 0)
			sched_yield();
		ring_write(tracer, &tracer->rings[i]);
		bci_lane_give(lane);
	}
}

/* ---- accesses ------------------------------------------------------------ */

void
bci_tracer_add(struct bci_tracer *tracer, const struct bci_lane *lane,
               enum bci_access_kind kind, int64_t now_ns, const char *key,
               size_t key_bytes, uint64_t bytes)
{
	const struct bci_access access = {
		.time_ns = now_ns,
		.key = bci_hash64(key, key_bytes),
		.bytes = bytes,
		.kind = kind,
	};

	ring_add(tracer, lane, &access);
}

void
bci_tracer_span(struct bci_tracer *tracer, const struct bci_lane *lane,
                const struct bci_span *span, int64_t now_ns)
{
	struct bci_access access = {
		.time_ns = now_ns,
		.key = bci_hash64(span->key, span->key_bytes),
		.kind = BCI_ACCESS_READ,
	};
	const uint64_t key = access.key;
	size_t count = 0;

	for (size_t i = 0; i < span->count; i++) {
		const struct bci_piece *piece = &span->pieces[i];
		const struct bci_locator *locator = &piece->locator;

		if (piece->map == NULL || piece->start >= span->end ||
		    piece->start + locator->rows <= span->first)
			continue;
		access.bytes = locator->bytes;
		if (span->kind == BC_SERIES)
			access.key = key ^ bci_hash64(&locator->last_ns,
			                              sizeof(int64_t));
		ring_add(tracer, lane, &access);
		count++;
	}
	if (count != 0)
		return;
	/* Out of the catalogue, or known to be empty. */
	access.bytes = (span->end - span->first) * span->schema->row_bytes;
	ring_add(tracer, lane, &access);
}

void
bci_tracer_put(struct bc_cache *cache, const char *key, size_t key_bytes,
               const int64_t *last_ns, uint64_t bytes, uint64_t cost_ns)
{
	struct bci_tracer *tracer = cache->tracer;
	struct bci_access access = {
		.key = bci_hash64(key, key_bytes),
		.bytes = bytes,
		.cost_ns = cost_ns,
		.kind = BCI_ACCESS_PUT,
	};

	if (last_ns != NULL)
		access.key ^= bci_hash64(last_ns, sizeof(*last_ns));
	if (tracer->put_count == tracer->put_room) {
		size_t room = 2 * tracer->put_room + 64;
		void *grown = bci_regrow(&cache->allocator, tracer->puts,
		                         tracer->put_count, room,
		                         sizeof(*tracer->puts));

		if (grown == NULL)
			return; /* A put goes before its trace. */
		tracer->puts = grown;
		tracer->put_room = room;
	}
	tracer->puts[tracer->put_count++] = access;
}

void
bci_tracer_committed(struct bci_tracer *tracer, struct bci_env *env,
                     int64_t now_ns)
{
	struct bci_lane *lane;

	if (tracer->put_count == 0)
		return;
	lane = bci_lane_take(env);
	for (size_t i = 0; i < tracer->put_count; i++) {
		tracer->puts[i].time_ns = now_ns;
		ring_add(tracer, lane, &tracer->puts[i]);
	}
	bci_lane_give(lane);
	tracer->put_count = 0;
}

void
bci_tracer_aborted(struct bci_tracer *tracer)
{
	tracer->put_count = 0;
}

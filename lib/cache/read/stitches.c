/* SPDX-License-Identifier: MIT */
/*
 * stitches.c - stitches that are kept, so that whoever wants the same segments
 * again, in whatever thread, shares what is mapped already.
 *
 * A stitch is known by its segments, whose ids are never used twice, and by
 * what its tail held; so a commit that did not touch them leaves it good.  The
 * table is short and goes by when one was last used.
 */
#include "common.h"

#include <stdio.h>
#include <unistd.h>

#include "excerpt.h"
#include "hash.h"

#define MAPPINGS_DEFAULT 65530

/* Copies in stitches that are kept, in all; one that has more is not kept. */
#define PRIVATE_BYTES_KEPT (64ull << 20)

uint64_t bci_stitch_page;
atomic_long bci_stitch_mappings_max;
atomic_long bci_stitch_mappings;
atomic_ulong bci_stitch_refused;

/* ---- limits ------------------------------------------------------------ */

static pthread_once_t stitch_once = PTHREAD_ONCE_INIT;

/* A quarter of what the kernel lets a process have is ours. */
static void
stitch_ask_host(void)
{
	FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
	long most = 0;

	if (file != NULL) {
		if (fscanf(file, "%ld", &most) != 1)
			most = 0;
		fclose(file);
	}
	if (bci_stitch_page == 0)
		bci_stitch_page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (atomic_load(&bci_stitch_mappings_max) == 0)
		atomic_store(&bci_stitch_mappings_max,
		             (most > 0 ? most : MAPPINGS_DEFAULT) / 4);
}

/* ---- the table --------------------------------------------------------- */

void
bci_stitches_open(struct bci_stitches *stitches)
{
	pthread_once(&stitch_once, stitch_ask_host);
	pthread_mutex_init(&stitches->mutex, NULL);
}

/* What tells apart one sequence of segments from another. */
static uint64_t
stitch_hash(const struct bci_stitch_work *work, size_t count)
{
	uint64_t hash = (uintptr_t)work->span->shown;

	for (size_t i = 0; i < count; i++) {
		const struct bci_piece *piece =
			&work->span->pieces[work->piece + i];
		const uint64_t words[3] = {
			hash,
			bci_segment_id(&piece->locator, work->span->entry_id),
			piece->map != NULL ? 0 : work->span->tail_checksum
		};

		hash = bci_hash64(words, sizeof(words));
	}
	return hash;
}

/* Whether a stitch is of these very pieces and shows the rows. */
static bool
stitch_is(const struct bci_stitch *stitch, const struct bci_stitch_work *work,
          size_t count, uint64_t hash)
{
	if (stitch->hash != hash || stitch->count != count ||
	    stitch->shown != work->span->shown ||
	    work->first < stitch->valid_first || work->end > stitch->valid_end)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct bci_piece *piece =
			&work->span->pieces[work->piece + i];
		const struct bci_seam *seam = &stitch->seams[i];

		if (seam->map != piece->map ||
		    seam->rows != piece->locator.rows ||
		    seam->id != bci_segment_id(&piece->locator,
		                               work->span->entry_id) ||
		    (seam->map == NULL &&
		     stitch->tail_checksum != work->span->tail_checksum))
			return false;
	}
	return true;
}

static struct bci_stitch *
stitches_find(struct bci_stitches *stitches, const struct bci_stitch_work *work,
              size_t count, uint64_t hash)
{
	struct bci_stitch *found = NULL;

	pthread_mutex_lock(&stitches->mutex);
	for (size_t i = 0; i < BCI_STITCHES_KEPT && found == NULL; i++) {
		struct bci_stitch *stitch = stitches->kept[i];

		if (stitch == NULL || !stitch_is(stitch, work, count, hash))
			continue;
		stitch->used = ++stitches->used;
		bci_chunk_share(&stitch->chunk);
		found = stitch;
	}
	pthread_mutex_unlock(&stitches->mutex);
	return found;
}

/* Take out the one that was not used for longest; under the mutex. */
static struct bci_stitch *
stitches_take_oldest(struct bci_stitches *stitches)
{
	struct bci_stitch *stitch;
	size_t oldest = 0;

	for (size_t i = 1; i < BCI_STITCHES_KEPT; i++) {
		if (stitches->kept[oldest] == NULL ||
		    (stitches->kept[i] != NULL &&
		     stitches->kept[i]->used < stitches->kept[oldest]->used))
			oldest = i;
	}
	stitch = stitches->kept[oldest];
	stitches->kept[oldest] = NULL;
	if (stitch != NULL)
		stitches->private_bytes -= stitch->private_bytes;
	return stitch;
}

/* Keep a stitch, and let go of what there is no more room for. */
static void
stitches_add(struct bci_stitches *stitches, struct bci_stitch *stitch,
             struct bci_lane *lane)
{
	struct bci_stitch *gone[BCI_STITCHES_KEPT];
	size_t count = 0, place = BCI_STITCHES_KEPT;

	if (stitch->private_bytes > PRIVATE_BYTES_KEPT)
		return;
	pthread_mutex_lock(&stitches->mutex);
	while (stitches->private_bytes + stitch->private_bytes >
	       PRIVATE_BYTES_KEPT)
		gone[count++] = stitches_take_oldest(stitches);
	for (size_t i = 0; i < BCI_STITCHES_KEPT; i++) {
		if (stitches->kept[i] == NULL)
			place = i;
	}
	if (place == BCI_STITCHES_KEPT) {
		gone[count++] = stitches_take_oldest(stitches);
		for (place = 0; stitches->kept[place] != NULL;)
			place++;
	}
	bci_chunk_share(&stitch->chunk);
	stitch->used = ++stitches->used;
	stitches->private_bytes += stitch->private_bytes;
	stitches->kept[place] = stitch;
	if (stitch->packed)
		atomic_store(&stitches->packed, true);
	pthread_mutex_unlock(&stitches->mutex);
	while (count != 0)
		bci_chunk_give(&gone[--count]->chunk, lane);
}

/* Take those out whose arenas are gone; with 'all' any. */
static size_t
stitches_take_dying(struct bci_stitches *stitches, bool all,
                    struct bci_stitch *gone[BCI_STITCHES_KEPT])
{
	size_t count = 0;

	for (size_t i = 0; i < BCI_STITCHES_KEPT; i++) {
		struct bci_stitch *stitch = stitches->kept[i];
		bool dying = all && stitch != NULL;

		for (size_t k = 0; stitch != NULL && k < stitch->count; k++)
			dying |= stitch->seams[k].map != NULL &&
			         atomic_load(&stitch->seams[k].map->dying);
		if (!dying)
			continue;
		stitches->private_bytes -= stitch->private_bytes;
		stitches->kept[i] = NULL;
		gone[count++] = stitch;
	}
	return count;
}

/* Take the older half out. */
static size_t
stitches_take_half(struct bci_stitches *stitches,
                   struct bci_stitch *gone[BCI_STITCHES_KEPT])
{
	size_t kept = 0, count = 0;

	for (size_t i = 0; i < BCI_STITCHES_KEPT; i++)
		kept += stitches->kept[i] != NULL;
	while (count < (kept + 1) / 2)
		gone[count++] = stitches_take_oldest(stitches);
	return count;
}

/* What lanes remember refers to stitches, too. */
static void
stitches_forget_recent(struct bci_env *env, struct bci_lane *own)
{
	for (unsigned i = 0; i < BCI_LANES; i++) {
		struct bci_lane *lane = &env->lanes[i];

		if (lane == own) {
			bci_recent_forget(env, lane);
		} else if (atomic_exchange(&lane->busy, 1) == 0) {
			bci_recent_forget(env, lane);
			bci_lane_give(lane);
		}
		/* Busy ones see it by the count when they next look. */
	}
}

static void
stitches_let_go(struct bci_env *env, struct bci_lane *lane, bool half)
{
	struct bci_stitch *gone[BCI_STITCHES_KEPT];
	struct bci_stitches *stitches = &env->stitches;
	size_t count;

	pthread_mutex_lock(&stitches->mutex);
	count = half ? stitches_take_half(stitches, gone)
	             : stitches_take_dying(stitches, false, gone);
	atomic_fetch_add(&stitches->dropped, 1);
	pthread_mutex_unlock(&stitches->mutex);
	stitches_forget_recent(env, lane);
	while (count != 0)
		bci_chunk_give(&gone[--count]->chunk, lane);
}

void
bci_stitches_drop_half(struct bci_env *env, struct bci_lane *lane)
{
	stitches_let_go(env, lane, true);
}

/* Whether a segment of it lies elsewhere by now: it became warm, or went. */
static bool
stitch_is_stale(struct bci_env *env, const struct bci_stitch *stitch)
{
	for (size_t i = 0; i < stitch->count; i++) {
		const struct bci_seam *seam = &stitch->seams[i];
		const struct bci_slot *slot =
			bci_ledger_slot(&env->ledger, seam->slot);

		if (seam->map != NULL && slot != NULL &&
		    bci_slot_id(slot) != seam->id)
			return true;
	}
	return false;
}

void
bci_stitches_drop_stale(struct bci_env *env)
{
	struct bci_stitch *gone[BCI_STITCHES_KEPT];
	struct bci_stitches *stitches = &env->stitches;
	bool packed = false;
	size_t count = 0;

	pthread_mutex_lock(&stitches->mutex);
	for (size_t i = 0; i < BCI_STITCHES_KEPT; i++) {
		struct bci_stitch *stitch = stitches->kept[i];

		if (stitch == NULL || !stitch->packed)
			continue;
		if (!stitch_is_stale(env, stitch)) {
			packed = true;
			continue;
		}
		stitches->private_bytes -= stitch->private_bytes;
		stitches->kept[i] = NULL;
		gone[count++] = stitch;
	}
	atomic_store(&stitches->packed, packed);
	pthread_mutex_unlock(&stitches->mutex);
	while (count != 0)
		bci_chunk_give(&gone[--count]->chunk, NULL);
}

void
bci_stitches_drop(struct bci_env *env, struct bci_lane *lane)
{
	stitches_let_go(env, lane, false);
}

void
bci_stitches_shut(struct bci_env *env)
{
	struct bci_stitch *gone[BCI_STITCHES_KEPT];
	size_t count = stitches_take_dying(&env->stitches, true, gone);

	while (count != 0)
		bci_chunk_shut(&gone[--count]->chunk);
}

void
bci_stitches_free(struct bci_stitches *stitches)
{
	pthread_mutex_destroy(&stitches->mutex);
}

enum bc_status
bci_stitch_get(struct bci_span *span, struct bci_lane *lane, uint64_t first,
               uint64_t end, bool keep, struct bci_stitch **out)
{
	struct bci_stitch_work work = { .span = span };
	struct bci_stitches *stitches = &span->env->stitches;
	enum bc_status status;
	uint64_t hash = 0;
	size_t count;

	work.piece = bci_span_piece(span, first);
	count = bci_span_piece(span, end - 1) + 1 - work.piece;
	work.first = first - span->pieces[work.piece].start;
	work.end = end - span->pieces[work.piece].start;
	/* A child has no part in what its parent's threads keep. */
	keep = keep && span->env->fork_count == atomic_load(&bci_fork_count);
	if (keep) {
		hash = stitch_hash(&work, count);
		*out = stitches_find(stitches, &work, count, hash);
		if (*out != NULL)
			return BC_OK;
	}
	status = bci_stitch_make(&work, count, lane);
	if (status != BC_OK)
		return status;
	*out = work.stitch;
	work.stitch->hash = hash;
	if (keep && !work.stitch->refused)
		stitches_add(stitches, work.stitch, lane);
	return BC_OK;
}

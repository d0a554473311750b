/* SPDX-License-Identifier: MIT */
/*
 * compact.c - putting a cache in order.
 *
 * Every step is a commit of its own and leaves the cache as good as it found
 * it, so that it may be killed between any two, and two may run at once: each
 * looks at what there is when its turn comes.
 */
#include "common.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "arena.h"
#include "clean.h"
#include "clock.h"
#include "compact.h"
#include "error.h"
#include "expire.h"
#include "haul.h"
#include "labelling.h"
#include "list.h"
#include "parent.h"
#include "recover.h"
#include "shrink.h"
#include "victim.h"

/* What one commit does at the most; a writer that waits is let in after it. */
#define EXPIRE_MOST 256u
#define DROP_MOST 64u
#define TIDY_MOST 1024u

bool
bci_compact_goes_on(struct bci_compact *compact, const char *step,
                    uint64_t done)
{
	const struct bc_compact_options *options = compact->options;
	struct bc_compact_progress progress = {
		.step = step,
		.done = done,
		.elapsed_ns = (uint64_t)(bci_clock_monotonic_ns() -
		                         compact->begun_ns),
	};
	struct bci_state_record state;
	struct bci_env *env;

	if (options->max_ns > 0 &&
	    progress.elapsed_ns >= (uint64_t)options->max_ns)
		compact->ended = true;
	if (options->progress != NULL && !compact->ended) {
		if (bci_cache_env(compact->cache, &env, NULL) == BC_OK &&
		    bci_env_read(env, NULL, &state, NULL) == BC_OK)
			progress.used_bytes = state.linked_warm_bytes +
			                      state.linked_cold_bytes;
		compact->ended =
			options->progress(options->context, &progress) != 0;
	}
	return !compact->ended;
}

enum bc_status
bci_compact_commit(struct bci_compact *compact, bci_compact_work *work,
                   void *context, bool *more)
{
	struct bci_writer writer;
	enum bc_status status;
	int64_t begun_ns = bci_clock_monotonic_ns();

	*more = false;
	status = bci_writer_open(compact->cache, &writer, compact->err);
	if (status != BC_OK)
		return status;
	status = work(compact, &writer, context, more, compact->err);
	if (status == BC_OK && !compact->dry)
		status = bci_writer_commit(&writer, compact->err);
	else
		bci_writer_abort(&writer);
	bci_ledger_time(&writer.env->ledger, BC_OP_COMPACT,
	                bci_clock_monotonic_ns() - begun_ns);
	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bci_compact_repeat(struct bci_compact *compact, const char *step,
                   bci_compact_work *work, void *context)
{
	enum bc_status status = BC_OK;
	uint64_t done = 0;
	bool more = true;

	while (status == BC_OK && more && !compact->ended) {
		if (!bci_compact_goes_on(compact, step, done++))
			break;
		status = bci_compact_commit(compact, work, context, &more);
	}
	return status;
}

/* ---- steps ------------------------------------------------------------- */

static enum bc_status
compact_expire(struct bci_compact *compact, struct bci_writer *writer,
               void *context, bool *more, struct bc_error *err)
{
	uint64_t removed;
	enum bc_status status =
		compact->dry
			? bci_expire_count(writer, EXPIRE_MOST, context,
	                                   &removed, err)
			: bci_expire_step(writer, EXPIRE_MOST, &removed, err);

	compact->report.expired += removed;
	*more = removed == EXPIRE_MOST;
	return status == BC_OK && removed == 0 ? BC_MISS : status;
}

/* A step of cleaning ends after so many bytes, if not by the clock. */
#define CLEAN_BYTES (64ull << 20)

/* Arenas that there were when cleaning began. */
struct compact_clean {
	uint64_t before;  /* those below this number */
	uint64_t after;   /* and above this one: the others were done */
	int64_t until_ns; /* of the monotonic clock: the end of the step */
	/* While one is on its way to the disk, the other is copied. */
	struct bci_haul hauls[2];
	struct bci_haul *haul; /* to be named */
	struct bci_haul *next; /* to be copied */
};

/* The next arena after *after that is worth cleaning, which is then *after + 1;
 * one in use is sealed for it. */
static enum bc_status
compact_find(struct bci_writer *writer, const struct compact_clean *clean,
             uint64_t *after, struct bci_arena_record *arena,
             struct bc_error *err)
{
	enum bc_status status;

	for (;;) {
		uint64_t number = *after;
		enum bci_queue queue;

		status = bci_arena_next(writer->txn, &writer->env->tables,
		                        &number, arena);
		if (status == BC_OK && clean->before != 0 &&
		    number >= clean->before)
			status = BC_MISS;
		if (status != BC_OK)
			return status;
		queue = bci_writer_queue(writer, number);
		if (queue != BCI_QUEUES) {
			*arena = writer->active[queue].arena;
			if (bci_clean_gain(arena) > arena->end_bytes / 2 ||
			    arena->segments == 0)
				status = bci_writer_seal(writer, queue, err);
			if (status != BC_OK)
				return status;
			arena->sealed = *bci_state_active(&writer->state,
			                                  queue) != number;
		}
		if (arena->sealed && arena->segments != 0 &&
		    bci_clean_gain(arena) > arena->end_bytes / 8) {
			*after = number - 1;
			return BC_OK;
		}
		*after = number;
	}
}

/* Move what is live in an arena, or drop what is damaged. */
static enum bc_status
compact_empty(struct bci_compact *compact, struct bci_writer *writer,
              struct compact_clean *clean, struct bc_error *err)
{
	struct bci_cleaning cleaning = {
		.how = BCI_CLEAN_MOVE,
		.quota_bytes = CLEAN_BYTES,
		.until_ns = clean->until_ns,
	};
	enum bc_status status =
		bci_clean(writer, clean->after + 1, &cleaning, err);

	compact->report.moved += cleaning.moved_segments;
	compact->report.moved_bytes += cleaning.moved_bytes;
	if (cleaning.gone || cleaning.blocked ||
	    cleaning.moved_segments + cleaning.evicted_segments == 0)
		clean->after++;
	return status == BC_OK ? bci_writer_flush_all(writer, err) : status;
}

/*
 * Plan the next haul, of what lies behind the last one; none if there is not so
 * much to be moved that it is worth an arena of its own.
 */
static enum bc_status
compact_plan(struct bci_writer *writer, struct compact_clean *clean,
             struct bc_error *err)
{
	uint64_t after = bci_max(clean->after, clean->haul->ended);
	struct bci_haul *haul = clean->next;
	struct bci_arena_record arena;
	enum bc_status status;

	bci_haul_begin(haul, clean->haul);
	status = compact_find(writer, clean, &after, &arena, err);
	while (status == BC_OK &&
	       bci_haul_add(haul, writer, after + 1, &arena)) {
		after++;
		status = compact_find(writer, clean, &after, &arena, err);
	}
	if (status != BC_OK && status != BC_MISS)
		return status;
	return bci_haul_is_worth(haul) ? bci_haul_reserve(haul, writer, err)
	                               : BC_OK;
}

/* Go on with the next arena that is worth it. */
static enum bc_status
compact_next(struct bci_compact *compact, struct bci_writer *writer,
             struct compact_clean *clean, bool *more, struct bc_error *err)
{
	struct bci_arena_record arena;
	enum bc_status status =
		compact_find(writer, clean, &clean->after, &arena, err);

	if (status != BC_OK)
		return status == BC_MISS && (writer->must_sync ||
		                             writer->retired_count != 0)
		               ? BC_OK
		               : status;
	*more = true;
	if (compact->dry) {
		compact->report.moved += arena.segments;
		compact->report.moved_bytes += arena.live_bytes;
		clean->after++;
		return BC_OK;
	}
	if (clean->after + 1 > clean->haul->ended)
		status = compact_plan(writer, clean, err);
	if (status != BC_OK || clean->next->number != 0)
		return status;
	return compact_empty(compact, writer, clean, err);
}

/* Name what is on the disk; then what was copied meanwhile is what must get
 * there, and another may be copied. */
static enum bc_status
compact_name(struct bci_compact *compact, struct bci_writer *writer,
             struct compact_clean *clean, struct bc_error *err)
{
	struct bci_haul *named = clean->haul;
	enum bc_status status = BC_OK;

	if (bci_haul_is_loaded(named))
		status = bci_haul_name(named, writer, clean->until_ns, err);
	if (status != BC_OK || bci_haul_is_loaded(named) ||
	    !bci_haul_is_loaded(clean->next))
		return status;
	clean->haul = clean->next;
	clean->next = named;
	return compact->ended ? BC_OK : compact_plan(writer, clean, err);
}

static enum bc_status
compact_clean(struct bci_compact *compact, struct bci_writer *writer,
              void *context, bool *more, struct bc_error *err)
{
	struct compact_clean *clean = context;

	clean->until_ns = bci_clock_monotonic_ns() + BCI_COMPACT_STEP_NS;
	if (clean->before == 0) {
		clean->before = writer->state.next_arena;
		/* One that was killed may have left an arena apart. */
		if (!compact->dry)
			bci_recover_sweep(writer);
	}
	if (!bci_haul_is_loaded(clean->haul) &&
	    !bci_haul_is_loaded(clean->next))
		return compact_next(compact, writer, clean, more, err);
	*more = true;
	return compact_name(compact, writer, clean, err);
}

/* What is on its way when time is up still arrives. */
static enum bc_status
compact_clean_all(struct bci_compact *compact)
{
	struct compact_clean clean = {
		.haul = &clean.hauls[0],
		.next = &clean.hauls[1],
	};
	enum bc_status status = BC_OK;
	uint64_t done = 0;
	bool more = true;

	while (status == BC_OK && more) {
		if (bci_compact_goes_on(compact, "clean", done++))
			status = bci_haul_copy(clean.next, compact->cache,
			                       compact->err);
		else if (!bci_haul_is_loaded(clean.haul) &&
		         !bci_haul_is_loaded(clean.next))
			break;
		if (status == BC_OK)
			status = bci_haul_sync(clean.haul, compact->err);
		if (status == BC_OK)
			status = bci_compact_commit(compact, compact_clean,
			                            &clean, &more);
	}
	for (size_t i = 0; i < BCI_COUNT(clean.hauls); i++) {
		compact->report.moved += clean.hauls[i].moved_segments;
		compact->report.moved_bytes += clean.hauls[i].moved_bytes;
		bci_haul_free(&clean.hauls[i], &compact->cache->allocator);
	}
	return status;
}

/* ---- what is of no use ------------------------------------------------- */

/* Keys of entries that were derived, and may be of no use. */
struct compact_drop {
	struct bci_compact *compact;
	unsigned count;
	char keys[DROP_MOST][BC_KEY_MAX + 1];
};

static enum bc_status
compact_drop_one(struct bci_compact *compact, struct bci_writer *writer,
                 const char *key, struct bc_error *err)
{
	size_t key_bytes = strlen(key);
	struct bci_entry_record head;
	bool lost = false;
	enum bc_status status =
		bci_entry_head(writer, key, key_bytes, &head, err);

	if (status == BC_OK && (head.flags & BCI_ENTRY_PINNED) == 0)
		status = bci_parent_is_lost(writer, &head, &lost, err);
	if (status != BC_OK || !lost)
		return status == BC_MISS ? BC_OK : status;
	compact->report.dropped++;
	status = compact->dry
	                 ? BC_OK
	                 : bci_writer_remove_alone(writer, key, key_bytes, err);
	return status == BC_MISS ? BC_OK : status;
}

static enum bc_status
compact_drop(struct bci_compact *compact, struct bci_writer *writer,
             void *context, bool *more, struct bc_error *err)
{
	struct compact_drop *drop = context;
	uint64_t before = compact->report.dropped;
	enum bc_status status = BC_OK;

	for (unsigned i = 0; status == BC_OK && i < drop->count; i++)
		status = compact_drop_one(compact, writer, drop->keys[i], err);
	drop->count = 0;
	*more = false;
	return status == BC_OK && compact->report.dropped == before ? BC_MISS
	                                                            : status;
}

static enum bc_status
compact_drop_visit(void *context, const struct bci_bytes *key,
                   const struct bci_bytes *record)
{
	struct compact_drop *drop = context;
	struct bci_entry entry;
	enum bc_status status;
	char *name;

	if (bci_entry_read(key->data, key->size, record->data, record->size,
	                   &entry) != BC_OK ||
	    (entry.head.flags & BCI_ENTRY_DERIVED) == 0)
		return BC_OK;
	name = drop->keys[drop->count++];
	memcpy(name, key->data, key->size);
	name[key->size] = '\0';
	if (drop->count < DROP_MOST)
		return BC_OK;
	status = bci_compact_repeat(drop->compact, "drop", compact_drop, drop);
	return status == BC_OK && drop->compact->ended ? BC_MISS : status;
}

static enum bc_status
compact_drop_all(struct bci_compact *compact)
{
	struct compact_drop drop = { .compact = compact };
	struct bci_walk walk = {
		.function = compact_drop_visit,
		.context = &drop,
	};
	enum bc_status status = bci_walk(compact->cache, &walk);

	if (status == BC_OK && drop.count != 0 && !compact->ended)
		status = bci_compact_repeat(compact, "drop", compact_drop,
		                            &drop);
	return status;
}

/* Ghosts, and what was counted. */
static enum bc_status
compact_tidy(struct bci_compact *compact, struct bci_writer *writer,
             void *context, bool *more, struct bc_error *err)
{
	enum bc_status status = bci_ghosts_trim(writer, TIDY_MOST, err);

	(void)compact;
	(void)context;
	*more = false;
	if (status == BC_OK)
		status = bci_writer_forget_gone(writer, err);
	return status == BC_OK ? bci_writer_fold(writer, true, err) : status;
}

/* ---- the whole --------------------------------------------------------- */

/* Bytes of the disk that arenas take, and how many there are. */
static void
compact_count(struct bci_compact *compact, uint64_t *arenas, uint64_t *blocks)
{
	struct bci_arena_record arena;
	struct bci_lane *lane;
	struct bci_env *env;
	uint64_t number = 0;

	*arenas = *blocks = 0;
	if (bci_cache_env(compact->cache, &env, NULL) != BC_OK)
		return;
	lane = bci_lane_take(env);
	if (bci_lane_begin(env, lane) == BC_OK) {
		while (bci_arena_next(lane->txn, &env->tables, &number,
		                      &arena) == BC_OK) {
			char name[BCI_ARENA_NAME];
			struct stat st;

			bci_arena_name(number, name);
			++*arenas;
			if (arena.class_ < BCI_COUNT(env->maps.class_fd) &&
			    fstatat(env->maps.class_fd[arena.class_], name, &st,
			            AT_SYMLINK_NOFOLLOW) == 0)
				*blocks += (uint64_t)st.st_blocks * 512;
		}
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
}

static enum bc_status
compact_all(struct bci_compact *compact)
{
	struct bci_expiry row = { .expires_ns = INT64_MIN };
	enum bc_status status;

	BCI_TRY(bci_compact_repeat(compact, "expire", compact_expire, &row));
	BCI_TRY(bci_shrink_run(compact));
	if (!compact->ended)
		BCI_TRY(compact_drop_all(compact));
	if (!compact->ended)
		BCI_TRY(bci_merging_run(compact, NULL));
	if (!compact->ended)
		BCI_TRY(compact_clean_all(compact));
	if (!compact->dry)
		BCI_TRY(bci_compact_repeat(compact, "tidy", compact_tidy,
		                           NULL));
done:
	return status;
}

static enum bc_status
compact_check(const struct bc_compact_options *options, struct bc_error *err)
{
	if (options->struct_size != sizeof(*options))
		return bci_fail(err, BC_INVALID,
		                "compact options were not begun with "
		                "BC_COMPACT_OPTIONS_INIT");
	if ((options->flags &
	     ~(unsigned)(BC_COMPACT_DRY_RUN | BC_COMPACT_TARGET |
	                 BC_COMPACT_COLD_TARGET)) != 0)
		return bci_fail(err, BC_INVALID, "unknown compact flags %#x",
		                options->flags);
	if (options->prefix != NULL && strlen(options->prefix) > BC_KEY_MAX)
		return bci_fail(err, BC_INVALID, "the prefix is too long");
	if ((unsigned)options->policy > BC_POLICY_ADAPTIVE ||
	    options->max_ns < 0)
		return bci_fail(err, BC_INVALID,
		                "policy or max_ns is out of range");
	return BC_OK;
}

enum bc_status
bc_compact(struct bc_cache *cache, const struct bc_compact_options *options,
           struct bc_compact_report *report, struct bc_error *err)
{
	const struct bc_compact_options none = BC_COMPACT_OPTIONS_INIT;
	struct bc_error ignored;
	struct bci_compact compact = {
		.cache = cache,
		.options = options != NULL ? options : &none,
		.begun_ns = bci_clock_monotonic_ns(),
		.err = err != NULL ? err : &ignored,
	};
	enum bc_status status;

	if (report != NULL)
		*report = (struct bc_compact_report){ 0 };
	status = compact_check(compact.options, err);
	if (status != BC_OK)
		return status;
	compact.dry = (compact.options->flags & BC_COMPACT_DRY_RUN) != 0;
	compact.err->status = BC_OK;
	compact_count(&compact, &compact.report.arenas_before,
	              &compact.report.blocks_before);
	status = compact.options->prefix != NULL
	                 ? bci_merging_run(&compact, compact.options->prefix)
	                 : compact_all(&compact);
	compact_count(&compact, &compact.report.arenas_after,
	              &compact.report.blocks_after);
	compact.report.elapsed_ns =
		(uint64_t)(bci_clock_monotonic_ns() - compact.begun_ns);
	compact.report.incomplete = compact.ended;
	if (report != NULL)
		*report = compact.report;
	if (status == BC_OK && compact.report.merged == 0)
		return compact.refused; /* 'err' says what had no room. */
	if (status != BC_OK && compact.err->status == BC_OK)
		return bci_fail(err, status, "cannot compact: %s",
		                bc_strerror(status));
	return status;
}

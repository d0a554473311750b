/* SPDX-License-Identifier: MIT */
/*
 * writer.c - taking turns at writing, and the two-step commit.
 *
 * Segments are committed to their arenas first, then one transaction of the
 * catalogue makes them visible.  A crash between the two leaves bytes that
 * nothing names.  The outer lock has a deadline and survives close(); LMDB's
 * own mutex, taken inside it, has neither property.
 */
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "control.h"
#include "create.h"
#include "day.h"
#include "error.h"
#include "file.h"
#include "freeze.h"
#include "lock.h"
#include "recover.h"
#include "watch.h"
#include "writer.h"

/* Links of hits that a commit takes along. */
#define LINKS_ALONG 256

/* Where the holder of the writer lock says who it is. */
#define HOLDER_AT 64

/* ---- the lock ---------------------------------------------------------- */

static void
holder_write(struct bci_env *env, bool held)
{
	struct bci_holder holder = {
		.pid = (uint64_t)getpid(),
		.pid_namespace = env->pid_namespace,
		.since_ns = bci_clock_wall_ns(),
		.held = held,
	};

	(void)bci_file_write(env->writer_fd, &holder, sizeof(holder), HOLDER_AT,
	                     NULL);
}

bool
bci_writer_holder(struct bci_env *env, struct bci_holder *holder)
{
	return bci_file_read(env->writer_fd, holder, sizeof(*holder),
	                     HOLDER_AT) == (ssize_t)sizeof(*holder);
}

static enum bc_status
lock_fail_busy(struct bci_env *env, int64_t waited_ns, struct bc_error *err)
{
	struct bci_holder holder;

	if (!bci_writer_holder(env, &holder) || holder.pid == 0)
		return bci_fail(err, BC_BUSY,
		                "the writer lock was not to be had in %lld ms",
		                (long long)(waited_ns / 1000000));
	return bci_fail(err, BC_BUSY,
	                "the writer lock was not to be had in %lld ms; last "
	                "holder: process %llu",
	                (long long)(waited_ns / 1000000),
	                (unsigned long long)holder.pid);
}

static enum bc_status
lock_mutex(struct bci_env *env, int64_t timeout_ns)
{
	int64_t until = bci_clock_monotonic_ns() + timeout_ns;
	struct timespec deadline = {
		.tv_sec = until / BCI_SECOND_NS,
		.tv_nsec = until % BCI_SECOND_NS,
	};

	return pthread_mutex_clocklock(&env->writer_mutex, CLOCK_MONOTONIC,
	                               &deadline) == 0
	               ? BC_OK
	               : BC_BUSY;
}

/* bci_writer_lock(), waiting so long. */
static enum bc_status
writer_lock(struct bc_cache *cache, struct bci_env *env, int64_t timeout,
            struct bc_error *err)
{
	struct bci_holder last;
	int error;

	if (bci_env_is_frozen(env))
		return bci_fail(err, BC_READONLY, BCI_FROZEN_TEXT);
	if (env->read_only)
		return bci_env_fail_unwritable(env, err);
	if ((cache->flags & BC_OPEN_READONLY) != 0)
		return bci_fail(err, BC_READONLY,
		                "the cache was opened to read only");
	if (lock_mutex(env, timeout) != BC_OK)
		return bci_fail(err, BC_BUSY,
		                "another thread of this process kept the "
		                "writer lock for %lld ms",
		                (long long)(timeout / 1000000));
	error = bci_lock_gated(env->writer_fd, BCI_LOCK_WRITER,
	                       BCI_LOCK_EXCLUSIVE,
	                       bci_clock_monotonic_ns() + timeout);
	if (error != 0) {
		pthread_mutex_unlock(&env->writer_mutex);
		if (error == EAGAIN)
			return lock_fail_busy(env, timeout, err);
		return bci_fail_os(err, error, "cannot lock writer.lock");
	}
	if (bci_writer_holder(env, &last) && last.held == 1) {
		env->swept = false; /* It may have left files behind. */
		bci_log(cache, BC_EVENT_TAKEOVER,
		        "process %llu ended while it held the writer lock",
		        (unsigned long long)last.pid);
	}
	holder_write(env, true);
	return BC_OK;
}

enum bc_status
bci_writer_lock(struct bc_cache *cache, struct bci_env *env,
                struct bc_error *err)
{
	return writer_lock(cache, env, cache->lock_timeout_ns, err);
}

void
bci_writer_unlock(struct bci_env *env)
{
	holder_write(env, false);
	bci_lock_release(env->writer_fd, BCI_LOCK_WRITER);
	pthread_mutex_unlock(&env->writer_mutex);
}

/* ---- beginning --------------------------------------------------------- */

/* Take guard.lock, so that no guarded reader looks anything up. */
static enum bc_status
writer_lock_guard(struct bc_cache *cache, struct bci_env *env,
                  struct bc_error *err)
{
	enum bc_status status;
	int error;

	if (env->guard_fd < 0) {
		status = bci_file_ensure(env->dir_fd, "guard.lock", env->group,
		                         4096, &env->guard_fd, err);
		if (status != BC_OK)
			return status;
	}
	error = bci_lock_gated(
		env->guard_fd, BCI_LOCK_GUARD, BCI_LOCK_EXCLUSIVE,
		bci_clock_monotonic_ns() + cache->lock_timeout_ns);
	if (error == EAGAIN)
		return bci_fail(err, BC_BUSY,
		                "a guarded reader keeps guard.lock");
	if (error != 0)
		return bci_fail_os(err, error, "cannot lock guard.lock");
	return BC_OK;
}

/*
 * Begin a transaction that has all tables.  The first one of this process in a
 * cache of format 1 upgrades it; where another process did, it opens them.
 */
static enum bc_status
writer_begin_txn(struct bci_writer *writer, struct bc_error *err)
{
	struct bci_env *env = writer->env;
	enum bc_status status = bci_txn_begin(env->db, &writer->txn, err);

	if (status != BC_OK ||
	    (bci_table_is_open(writer->txn, env->tables.coverage) &&
	     env->tables.quarantine != BCI_NO_TABLE))
		return status;
	bci_txn_abort(writer->txn);
	writer->txn = NULL;
	status = writer_lock_guard(writer->cache, env, err);
	if (status != BC_OK)
		return status;
	pthread_mutex_lock(&env->tables_mutex);
	status = bci_catalogue_upgrade(env->db, &env->tables, err);
	pthread_mutex_unlock(&env->tables_mutex);
	bci_lock_release(env->guard_fd, BCI_LOCK_GUARD);
	if (status == BC_OK)
		status = bci_txn_begin(env->db, &writer->txn, err);
	return status;
}

/* Load the records of the arenas that are appended to. */
static enum bc_status
writer_load_active(struct bci_writer *writer, struct bc_error *err)
{
	for (unsigned queue = 0; queue < BCI_QUEUES; queue++) {
		uint64_t number = *bci_state_active(&writer->state, queue);
		enum bc_status status;

		if (number == 0)
			continue;
		status = bci_arena_load(writer->txn, &writer->env->tables,
		                        number, &writer->active[queue].arena);
		if (status != BC_OK)
			return bci_fail(err,
			                status == BC_MISS ? BC_CORRUPT : status,
			                "cannot read the record of arena %llu",
			                (unsigned long long)number);
	}
	return BC_OK;
}

static enum bc_status
writer_begin(struct bc_cache *cache, struct bci_env *env, int64_t timeout,
             struct bci_writer *writer, struct bc_error *err)
{
	enum bc_status status;

	*writer = (struct bci_writer){
		.cache = cache,
		.env = env,
		.begun_ns = bci_clock_monotonic_ns(),
	};
	status = writer_lock(cache, env, timeout, err);
	if (status != BC_OK)
		return status;
	BCI_TRY(writer_begin_txn(writer, err));
	BCI_TRY(bci_config_load(writer->txn, &env->tables, &writer->config,
	                        err));
	if (writer->config.frozen && !cache->thaws) {
		status = bci_fail(err, BC_READONLY, BCI_FROZEN_TEXT);
		goto done;
	}
	BCI_TRY(bci_state_load(writer->txn, &env->tables, &writer->state, err));
	BCI_TRY(bci_writer_bound_slots(writer, err));
	writer->first_arena = writer->state.next_arena;
	writer->first_schema = writer->state.next_schema;
	BCI_TRY(writer_load_active(writer, err));
	for (unsigned queue = 0; queue < BCI_QUEUES; queue++) {
		writer->first_active[queue] =
			*bci_state_active(&writer->state, queue);
		writer->first_bytes[queue] =
			writer->active[queue].arena.end_bytes;
	}
	writer->now_ns = bci_clock_wall_ns();
	writer->state.revision++;
done:
	if (status != BC_OK)
		bci_writer_abort(writer);
	return status;
}

enum bc_status
bci_writer_begin(struct bc_cache *cache, struct bci_env *env,
                 struct bci_writer *writer, struct bc_error *err)
{
	return writer_begin(cache, env, cache->lock_timeout_ns, writer, err);
}

enum bc_status
bci_writer_begin_tidy(struct bc_cache *cache, struct bci_env *env,
                      int64_t timeout_ns, struct bci_writer *writer,
                      struct bc_error *err)
{
	enum bc_status status;
	uint8_t boot_id[16];

	status = writer_begin(cache, env, timeout_ns, writer, err);
	if (status != BC_OK)
		return status;
	bci_boot_id(boot_id);
	BCI_TRY(bci_watch_clock(writer, boot_id, err));
	if (memcmp(boot_id, writer->state.boot_id, sizeof(boot_id)) != 0)
		BCI_TRY(bci_recover_boot(writer, boot_id, err));
	if (writer->now_ns - env->cleared_ns >= BCI_SECOND_NS ||
	    writer->now_ns < env->cleared_ns) {
		/* A reader killed amid a lookup pins pages until then. */
		bci_db_clear_readers(env->db);
		env->cleared_ns = writer->now_ns;
	}
	if (!env->swept) {
		bci_recover_sweep(writer);
		env->swept = true;
	}
	BCI_TRY(bci_recover_bad(writer, err));
done:
	if (status != BC_OK)
		bci_writer_abort(writer);
	return status;
}

enum bc_status
bci_writer_open(struct bc_cache *cache, struct bci_writer *writer,
                struct bc_error *err)
{
	enum bc_status status;
	struct bci_env *env;

	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	return bci_writer_begin_tidy(cache, env, cache->lock_timeout_ns, writer,
	                             err);
}

/* ---- ending ------------------------------------------------------------ */

static void
writer_end(struct bci_writer *writer)
{
	bci_free(&writer->env->allocator, writer->retired);
	bci_free(&writer->env->allocator, writer->freed.numbers);
	bci_free(&writer->env->allocator, writer->taken.numbers);
	bci_free(&writer->env->allocator, writer->restamps);
	writer->retired = NULL;
	writer->freed = (struct bci_slots){ .numbers = NULL };
	writer->taken = (struct bci_slots){ .numbers = NULL };
	writer->restamps = NULL;
	bci_writer_unlock(writer->env);
}

/* Arenas that nobody will ever name: what failed leaves no bytes behind. */
static void
writer_unlink_made(struct bci_writer *writer)
{
	static const enum bci_arena_class classes[] = { BCI_ARENA_WARM,
		                                        BCI_ARENA_COLD };
	char name[BCI_ARENA_NAME];

	for (uint64_t number = writer->first_arena;
	     number != 0 && number < writer->state.next_arena; number++) {
		bci_arena_name(number, name);
		for (size_t i = 0; i < BCI_COUNT(classes); i++)
			(void)unlinkat(writer->env->maps.class_fd[classes[i]],
			               name, 0);
	}
}

void
bci_writer_abort(struct bci_writer *writer)
{
	/* Of a commit that failed it is not known what is on the disk. */
	bool undone = writer->txn != NULL;

	bci_txn_abort(writer->txn);
	writer->txn = NULL;
	for (size_t i = 0; undone && i < writer->taken.count; i++)
		bci_slot_begin(&writer->env->ledger, writer->taken.numbers[i],
		               0, 0);
	bci_links_give_back(writer);
	if (writer->cache->tracer != NULL)
		bci_tracer_aborted(writer->cache->tracer);
	/* Drops what was added.  It may be an arena that this transaction
	 * made, whose number another writer will use again: never keep it. */
	for (unsigned queue = 0; queue < BCI_QUEUES; queue++)
		bci_appender_close(&writer->env->appenders[queue]);
	if (undone)
		writer_unlink_made(writer);
	for (uint64_t number = writer->first_arena;
	     number != 0 && number < writer->state.next_arena; number++)
		bci_maps_drop(&writer->env->maps, number);
	/* Nor what was decoded of it. */
	if (writer->first_arena < writer->state.next_arena)
		bci_hots_drop(writer->env);
	writer_end(writer);
}

/* Unlink what the commit retired; tell readers to let go of their maps. */
static void
writer_unlink_retired(struct bci_writer *writer)
{
	struct bci_env *env = writer->env;
	char name[BCI_ARENA_NAME];

	for (size_t i = 0; i < writer->retired_count; i++) {
		const struct bci_retired *arena = &writer->retired[i];
		/* Of no class, by a damaged record: it is swept up later. */
		const int dir_fd = arena->class_ < BCI_COUNT(env->maps.class_fd)
		                           ? env->maps.class_fd[arena->class_]
		                           : -1;

		bci_arena_name(arena->number, name);
		if (dir_fd >= 0)
			(void)unlinkat(dir_fd, name, 0);
		/* A process that only writes has no lookup that lets go. */
		bci_maps_drop(&env->maps, arena->number);
	}
	if (writer->retired_count != 0 && env->ledger.header != NULL &&
	    env->ledger.writable)
		atomic_fetch_add(&env->ledger.header->generation, 1);
}

/* Let later commits use the slots whose segments go with this one. */
static enum bc_status
writer_give_slots(struct bci_writer *writer, struct bc_error *err)
{
	enum bc_status status = BC_OK;

	for (size_t i = 0; status == BC_OK && i < writer->freed.count; i++)
		status = bci_slot_give(writer->txn, &writer->env->tables,
		                       writer->freed.numbers[i], err);
	return status;
}

/* Bring the ledger up to what was committed. */
static void
writer_settle_ledger(struct bci_writer *writer)
{
	struct bci_ledger *ledger = &writer->env->ledger;

	for (size_t i = 0; i < writer->restamp_count; i++) {
		const struct bci_restamp *moved = &writer->restamps[i];

		bci_slot_move(ledger, moved->slot, moved->from, moved->word,
		              moved->credit);
	}
	for (size_t i = 0; i < writer->freed.count; i++)
		bci_slot_begin(ledger, writer->freed.numbers[i], 0, 0);
	if (writer->bad_seen != 0)
		atomic_store(&ledger->header->bad_handled, writer->bad_seen);
	if (writer->unlinks && ledger->header != NULL && ledger->writable)
		atomic_fetch_add(&ledger->header->unlinked, 1);
}

static enum bci_db_sync
writer_commit_sync(const struct bci_writer *writer)
{
	switch (writer->config.durability) {
	case BC_DURABLE:
		return BCI_CONTROL(no_meta_sync) ? BCI_SYNC_DATA
		                                 : BCI_SYNC_FULL;
	case BC_SCRATCH:
		return BCI_SYNC_NONE;
	default:
		return writer->must_sync && !BCI_CONTROL(removal_not_synced)
		               ? BCI_SYNC_FULL
		               : BCI_SYNC_DATA;
	}
}

/* Commit the catalogue while no guarded reader looks anything up. */
static enum bc_status
writer_commit_catalogue(struct bci_writer *writer, struct bc_error *err)
{
	struct bci_env *env = writer->env;
	enum bc_status status;

	bci_db_set_sync(env->db, writer_commit_sync(writer));
	status = writer_lock_guard(writer->cache, env, err);
	if (status != BC_OK)
		return status;
	status = bci_txn_commit(&writer->txn, err);
	atomic_store(&env->doubtful, status != BC_OK);
	bci_lock_release(env->guard_fd, BCI_LOCK_GUARD);
	return status;
}

static void
writer_count(struct bci_writer *writer)
{
	struct bci_env *env = writer->env;
	struct bci_lane *lane;

	if (writer->cache->tracer != NULL)
		bci_tracer_committed(writer->cache->tracer, env,
		                     writer->now_ns);
	lane = bci_lane_take(env);
	writer->counted[BCI_COUNT_ARENAS_REMOVED] += writer->retired_count;
	for (unsigned i = BCI_COUNT_PUTS; i < BCI_COUNT_END; i++) {
		if (writer->counted[i] != 0)
			bci_count(&env->ledger, lane->index, i,
			          writer->counted[i]);
	}
	bci_lane_give(lane);
	if (writer->counted[BCI_COUNT_PUTS] != 0 ||
	    writer->counted[BCI_COUNT_REMOVALS] != 0)
		bci_ledger_time(&env->ledger, BC_OP_PUT,
		                bci_clock_monotonic_ns() - writer->begun_ns);
}

enum bc_status
bci_writer_fold(struct bci_writer *writer, bool compacted, struct bc_error *err)
{
	struct bci_env *env = writer->env;
	struct bci_folded folded;
	struct bci_fold_facts facts = {
		.now_ns = writer->now_ns,
		.entries = writer->state.entries,
		.bytes = writer->state.live_bytes,
		.compacted = compacted,
	};
	enum bc_status status;

	if (env->ledger.header == NULL ||
	    (!compacted && !bci_day_is_due(env->folded_ns, writer->now_ns)))
		return BC_OK;
	status = bci_folded_load(writer->txn, &env->tables, &folded);
	if (status != BC_OK)
		return bci_fail(err, status, "cannot read what was counted");
	env->folded_ns = folded.folded_ns; /* Perhaps another process did. */
	if (!compacted && !bci_day_is_due(folded.folded_ns, writer->now_ns))
		return BC_OK;
	facts.birth = env->ledger.header->birth;
	bci_ledger_sums(&env->ledger, facts.totals);
	return bci_day_fold(writer->txn, &env->tables, &facts, err);
}

/* Whether relaxed mode owes the disk a sync. */
static bool
writer_sync_is_due(const struct bci_writer *writer)
{
	int64_t interval = (int64_t)writer->config.sync_interval_ms * 1000000;
	int64_t age = writer->now_ns - writer->state.unsynced_ns;

	/* A clock set back counts as long ago. */
	return writer->config.durability == BC_RELAXED &&
	       writer->state.unsynced && (age >= interval || age < 0);
}

enum bc_status
bci_writer_commit(struct bci_writer *writer, struct bc_error *err)
{
	struct bci_env *env = writer->env;
	uint64_t failed = 0;
	enum bc_status status;
	bool retired;

	BCI_TRY(bci_links_write(writer, LINKS_ALONG, err));
	if (!BCI_CONTROL(catalogue_before_arena))
		BCI_TRY(bci_writer_flush_all(writer, err));
	if (writer_sync_is_due(writer) ||
	    (writer->must_settle && writer->config.durability == BC_RELAXED))
		BCI_TRY(bci_writer_sync_arenas(writer, &failed, err));
	else if (writer->must_settle_moves && !BCI_CONTROL(moves_not_synced) &&
	         writer->config.durability == BC_RELAXED)
		BCI_TRY(bci_writer_sync_moves(writer, &failed, err));
	BCI_TRY(bci_writer_store_active(writer, err));
	writer->state.committed_ns = writer->now_ns;
	BCI_TRY(bci_writer_fold(writer, false, err));
	BCI_TRY(writer_give_slots(writer, err));
	if (writer->retired_count != 0)
		BCI_TRY(bci_writer_forget_gone(writer, err));
	BCI_TRY(bci_state_store(writer->txn, &env->tables, &writer->state,
	                        err));
	if (BCI_CONTROL(unlink_before_commit))
		writer_unlink_retired(writer);
	BCI_TRY(writer_commit_catalogue(writer, err));
	if (BCI_CONTROL(catalogue_before_arena))
		BCI_TRY(bci_writer_flush_all(writer, err));
	writer_settle_ledger(writer);
	atomic_store(&env->wrote, true);
	writer_unlink_retired(writer);
	bci_links_written(writer);
	writer_count(writer);
	retired = writer->retired_count != 0;
	writer_end(writer);
	/* Unmapping an arena, and freeing what it took if nobody else has it,
	 * takes milliseconds that nobody need wait for. */
	if (retired)
		bci_env_collect(env, NULL);
	return BC_OK;
done:
	bci_writer_abort(writer);
	if (failed != 0)
		bci_recover_unsynced(writer->cache, env, failed);
	return status;
}

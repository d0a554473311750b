/* SPDX-License-Identifier: MIT */
/*
 * lane.c - how readers get at the catalogue: lanes, guarded lookups, decoded
 * schemas, letting go of maps.
 *
 * Beginning an LMDB read transaction takes a mutex; renewing one takes 14 ns.
 * So transactions are pooled in lanes, and a lane is taken by one atomic
 * exchange.  Where LMDB's reader table cannot be used (another PID namespace
 * has our process number, the table is full, the file system is read-only) a
 * lookup is guarded instead: it holds a shared lock that writers take
 * exclusively around their commit.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "alloc.h"
#include "clock.h"
#include "environment.h"
#include "error.h"
#include "file.h"
#include "lock.h"
#include "tally.h"

#define GUARD_FILE "guard.lock"
#define GUARD_WAIT_NS (10 * BCI_SECOND_NS)

/* ---- lanes ------------------------------------------------------------- */

struct bci_lane *
bci_lane_take_slow(struct bci_env *env, unsigned first)
{
	for (unsigned i = 0;; i++) {
		struct bci_lane *lane = &env->lanes[(first + i) % BCI_LANES];

		if (atomic_load_explicit(&lane->busy, memory_order_relaxed) ==
		            0 &&
		    atomic_exchange_explicit(&lane->busy, 1,
		                             memory_order_seq_cst) == 0)
			return lane;
		if (i % BCI_LANES == BCI_LANES - 1)
			sched_yield();
	}
}

/* Whether LMDB registers readers of this environment in its table. */
static bool
lane_has_table(struct MDB_env *db)
{
	struct bci_db_facts facts;

	return bci_db_facts(db, &facts, NULL) == BC_OK && facts.readers != 0;
}

/* Open LMDB a second time, without its lock file, for guarded lookups. */
static enum bc_status
lane_open_guard(struct bci_env *env)
{
	struct MDB_env *db = NULL, *expected = NULL;
	enum bc_status status;

	status = bci_db_open(env->dir_fd, BCI_CATALOGUE_FILE, BCI_CATALOGUE_MAP,
	                     BCI_DB_READONLY | BCI_DB_NOLOCK, &db, NULL);
	if (status != BC_OK)
		return status;
	if (!atomic_compare_exchange_strong(&env->guard_db, &expected, db))
		bci_db_close(db); /* Another lane was faster. */
	return BC_OK;
}

static enum bc_status
lane_lock_guard(struct bci_lane *lane)
{
	int error =
		bci_lock_gated(lane->guard_fd, BCI_LOCK_GUARD, BCI_LOCK_SHARED,
	                       bci_clock_monotonic_ns() + GUARD_WAIT_NS);

	if (error == 0)
		return BC_OK;
	return error == EAGAIN ? BC_BUSY : BC_IO;
}

/* Open the tables of an environment of LMDB, perhaps once more. */
static enum bc_status
lane_tables(struct bci_env *env, struct MDB_env *db)
{
	struct bci_tables tables;
	enum bc_status status;

	pthread_mutex_lock(&env->tables_mutex);
	status = bci_catalogue_tables(db, &tables, NULL);
	/* Opened in the same order, tables have the same numbers. */
	if (status == BC_OK && tables.segments != BCI_NO_TABLE) {
		bci_tables_copy_added(&env->tables, &tables);
	}
	pthread_mutex_unlock(&env->tables_mutex);
	return status;
}

enum bc_status
bci_lane_open_tables(struct bci_env *env, struct bci_lane *lane)
{
	enum bc_status status = lane_tables(
		env,
		lane->guard_fd >= 0 ? atomic_load(&env->guard_db) : env->db);

	return status == BC_OK ? BC_ABSENT : status;
}

/* The first transaction of a guarded lane. */
static enum bc_status
lane_begin_guarded(struct bci_env *env, struct bci_lane *lane)
{
	struct MDB_env *db;
	enum bc_status status;

	status = bci_file_open(env->dir_fd, GUARD_FILE, O_RDONLY,
	                       &lane->guard_fd, NULL);
	if (status != BC_OK)
		return BC_IO;
	status = lane_lock_guard(lane);
	if (status != BC_OK) {
		bci_file_close(&lane->guard_fd);
		return status;
	}
	db = atomic_load(&env->guard_db);
	if (db != env->db)
		status = lane_tables(env, db);
	if (status == BC_OK)
		status = bci_txn_begin_read(db, &lane->txn, NULL);
	if (status != BC_OK)
		bci_file_close(&lane->guard_fd);
	return status;
}

enum bc_status
bci_lane_begin_slow(struct bci_env *env, struct bci_lane *lane)
{
	enum bc_status status;

	if (lane->txn != NULL && lane->guard_fd >= 0) {
		status = lane_lock_guard(lane);
		if (status != BC_OK)
			return status;
		status = bci_txn_renew(lane->txn);
		if (status != BC_OK)
			bci_lock_release(lane->guard_fd, BCI_LOCK_GUARD);
		return status;
	}
	bci_txn_abort(lane->txn);
	lane->txn = NULL;
	if (bci_env_is_frozen(env)) /* Nobody writes: no table, no guard. */
		return bci_txn_begin_read(env->db, &lane->txn, NULL);
	if (atomic_load(&env->guard_db) == NULL) {
		status = bci_txn_begin_read(env->db, &lane->txn, NULL);
		if (status == BC_OK && lane_has_table(env->db))
			return BC_OK;
		if (status == BC_OK) {
			struct MDB_env *expected = NULL;

			bci_txn_abort(lane->txn);
			lane->txn = NULL;
			atomic_compare_exchange_strong(&env->guard_db,
			                               &expected, env->db);
		} else if (status == BC_BUSY) {
			status = lane_open_guard(env);
			if (status != BC_OK)
				return status;
		} else {
			return status;
		}
	}
	return lane_begin_guarded(env, lane);
}

void
bci_lane_end(struct bci_lane *lane)
{
	bci_txn_reset(lane->txn);
	if (BCI_UNLIKELY(lane->guard_fd >= 0))
		bci_lock_release(lane->guard_fd, BCI_LOCK_GUARD);
}

bool
bci_env_is_guarded(struct bci_env *env)
{
	return atomic_load(&env->guard_db) != NULL;
}

enum bc_status
bci_env_read(struct bci_env *env, struct bci_config_record *config,
             struct bci_state_record *state, struct bc_error *err)
{
	struct bci_lane *lane = bci_lane_take(env);
	enum bc_status status = bci_lane_begin(env, lane);

	if (status != BC_OK) {
		bci_lane_give(lane);
		return bci_fail(err, status, "cannot read %s: %s",
		                BCI_CATALOGUE_FILE, bc_strerror(status));
	}
	if (config != NULL)
		status = bci_config_load(lane->txn, &env->tables, config, err);
	if (status == BC_OK && state != NULL)
		status = bci_state_load(lane->txn, &env->tables, state, err);
	bci_lane_end(lane);
	bci_lane_give(lane);
	return status;
}

/* ---- schemas ----------------------------------------------------------- */

/* The chunk of schema 'id', made if it is the first of its range. */
static _Atomic(struct bc_schema *) *
schema_chunk(struct bci_env *env, uint32_t id)
{
	_Atomic(_Atomic(struct bc_schema *) *) *place =
		&env->schemas[id / BCI_SCHEMA_CHUNK];
	_Atomic(struct bc_schema *) *chunk = atomic_load(place);

	if (chunk == NULL) {
		chunk = bci_zalloc(&env->allocator, BCI_SCHEMA_CHUNK,
		                   sizeof(*chunk));
		if (chunk != NULL)
			atomic_store_explicit(place, chunk,
			                      memory_order_release);
	}
	return chunk;
}

enum bc_status
bci_env_schema_slow(struct bci_env *env, struct MDB_txn *txn, uint32_t id,
                    const struct bc_schema **out)
{
	_Atomic(struct bc_schema *) *chunk;
	struct bc_schema *schema = NULL;
	struct bci_bytes stored;
	enum bc_status status;
	bool damaged = false;

	*out = NULL;
	if (id / BCI_SCHEMA_CHUNK >= BCI_SCHEMA_CHUNKS)
		return BC_CORRUPT;
	status = bci_schema_load(txn, &env->tables, id, &stored);
	if (status != BC_OK)
		return status;
	pthread_mutex_lock(&env->schema_mutex);
	chunk = schema_chunk(env, id);
	if (chunk != NULL) {
		schema = atomic_load(&chunk[id % BCI_SCHEMA_CHUNK]);
		if (schema == NULL) {
			schema = bci_schema_decode(&env->allocator, stored.data,
			                           stored.size, &damaged);
			atomic_store_explicit(&chunk[id % BCI_SCHEMA_CHUNK],
			                      schema, memory_order_release);
		}
	}
	pthread_mutex_unlock(&env->schema_mutex);
	*out = schema;
	if (schema != NULL)
		return BC_OK;
	return damaged ? BC_CORRUPT : BC_NOMEM;
}

/* ---- letting go -------------------------------------------------------- */

/* Take the maps of arenas that are gone out of the table. */
static void
lane_drop_gone(struct bci_env *env, struct bci_lane *lane)
{
	size_t room = atomic_load(&env->maps.count), count;
	struct bci_arena_record record;
	uint64_t *numbers;

	numbers = bci_alloc(&env->allocator, room, sizeof(*numbers));
	if (numbers == NULL)
		return; /* The next change of generation tries again. */
	count = bci_maps_numbers(&env->maps, numbers, room);
	for (size_t i = 0; i < count; i++) {
		if (bci_arena_load(lane->txn, &env->tables, numbers[i],
		                   &record) == BC_MISS)
			bci_maps_drop(&env->maps, numbers[i]);
	}
	bci_free(&env->allocator, numbers);
}

void
bci_env_drop_maps(struct bci_env *env, struct bci_lane *lane, uint64_t newest,
                  int64_t now_ns)
{
	int64_t now_s = now_ns / BCI_SECOND_NS;

	if (atomic_exchange(&env->generation, newest) != newest) {
		lane_drop_gone(env, lane);
		bci_stitches_drop(env, lane);
	} else if (atomic_load(&env->collected_s) == now_s)
		return;
	atomic_store(&env->collected_s, now_s);
	bci_env_collect(env, lane);
	bci_tally_note(env, now_ns);
}

struct lane_question {
	const struct bci_env *env;
	const struct bci_lane *own;
};

/*
 * Whether no other lane is taken.  One that is idle now began no lookup before
 * the maps left their chains, so it cannot be about to pin one.
 */
static bool
lane_are_idle(const void *context)
{
	const struct lane_question *question = context;

	for (unsigned i = 0; i < BCI_LANES; i++) {
		const struct bci_lane *lane = &question->env->lanes[i];

		if (lane != question->own && atomic_load(&lane->busy))
			return false;
	}
	return true;
}

void
bci_env_collect(struct bci_env *env, const struct bci_lane *own)
{
	const struct lane_question question = { env, own };

	if (atomic_load(&env->maps.limbo_count) != 0)
		bci_maps_collect(&env->maps, lane_are_idle, &question);
}

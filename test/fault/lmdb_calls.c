/* SPDX-License-Identifier: MIT */
/*
 * lmdb_calls.c - the wrapped functions of LMDB.
 *
 * A failure here looks as one of LMDB's own: nothing was done, and what the
 * call would have consumed is gone.  Calls that LMDB makes inside itself are
 * not counted, whether or not its build lets them be interposed.
 */
#include "gate.h"

#include <lmdb.h>

static _Thread_local int depth;

/* The body of a wrapper; 'undo' runs before a faked failure is returned. */
#define WRAP(name, path, arguments, undo)                                      \
	do {                                                                   \
		REAL(name);                                                    \
		struct gate gate = { .mode = FAULT_NONE };                     \
		int result;                                                    \
                                                                               \
		if (depth == 0)                                                \
			gate = gate_enter(FAULT_LMDB, #name, -1, path);        \
		if (gate.mode == FAULT_FAIL) {                                 \
			undo;                                                  \
			return gate.error;                                     \
		}                                                              \
		depth++;                                                       \
		result = real arguments;                                       \
		depth--;                                                       \
		gate_leave(gate);                                              \
		return result;                                                 \
	} while (0)

FAULT_API int
mdb_env_create(MDB_env **env)
{
	WRAP(mdb_env_create, NULL, (env), (void)0);
}

FAULT_API int
mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
	WRAP(mdb_env_open, path, (env, path, flags, mode), (void)0);
}

FAULT_API int
mdb_env_set_mapsize(MDB_env *env, size_t bytes)
{
	WRAP(mdb_env_set_mapsize, NULL, (env, bytes), (void)0);
}

FAULT_API int
mdb_env_sync(MDB_env *env, int force)
{
	WRAP(mdb_env_sync, NULL, (env, force), (void)0);
}

FAULT_API int
mdb_reader_check(MDB_env *env, int *dead)
{
	WRAP(mdb_reader_check, NULL, (env, dead), (void)0);
}

FAULT_API int
mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
	WRAP(mdb_txn_begin, NULL, (env, parent, flags, txn), (void)0);
}

FAULT_API int
mdb_txn_renew(MDB_txn *txn)
{
	WRAP(mdb_txn_renew, NULL, (txn), (void)0);
}

/* LMDB frees a transaction whose commit failed: so must we. */
FAULT_API int
mdb_txn_commit(MDB_txn *txn)
{
	WRAP(mdb_txn_commit, NULL, (txn), mdb_txn_abort(txn));
}

FAULT_API int
mdb_dbi_open(MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *dbi)
{
	WRAP(mdb_dbi_open, NULL, (txn, name, flags, dbi), (void)0);
}

FAULT_API int
mdb_stat(MDB_txn *txn, MDB_dbi dbi, MDB_stat *stat)
{
	WRAP(mdb_stat, NULL, (txn, dbi, stat), (void)0);
}

FAULT_API int
mdb_drop(MDB_txn *txn, MDB_dbi dbi, int remove)
{
	WRAP(mdb_drop, NULL, (txn, dbi, remove), (void)0);
}

FAULT_API int
mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
	WRAP(mdb_get, NULL, (txn, dbi, key, data), (void)0);
}

FAULT_API int
mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags)
{
	WRAP(mdb_put, NULL, (txn, dbi, key, data, flags), (void)0);
}

FAULT_API int
mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
	WRAP(mdb_del, NULL, (txn, dbi, key, data), (void)0);
}

FAULT_API int
mdb_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor)
{
	WRAP(mdb_cursor_open, NULL, (txn, dbi, cursor), (void)0);
}

FAULT_API int
mdb_cursor_renew(MDB_txn *txn, MDB_cursor *cursor)
{
	WRAP(mdb_cursor_renew, NULL, (txn, cursor), (void)0);
}

FAULT_API int
mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data,
               MDB_cursor_op operation)
{
	WRAP(mdb_cursor_get, NULL, (cursor, key, data, operation), (void)0);
}

FAULT_API int
mdb_cursor_put(MDB_cursor *cursor, MDB_val *key, MDB_val *data, unsigned flags)
{
	WRAP(mdb_cursor_put, NULL, (cursor, key, data, flags), (void)0);
}

FAULT_API int
mdb_cursor_del(MDB_cursor *cursor, unsigned flags)
{
	WRAP(mdb_cursor_del, NULL, (cursor, flags), (void)0);
}

FAULT_API int
mdb_cursor_count(MDB_cursor *cursor, size_t *items)
{
	WRAP(mdb_cursor_count, NULL, (cursor, items), (void)0);
}

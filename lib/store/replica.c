/* SPDX-License-Identifier: MIT */
/*
 * replica.c - copying a catalogue record by record.
 *
 * LMDB can copy its own files, but only from a transaction of its own, while
 * the arenas have to be those that very transaction names.  Walked in order and
 * appended, the records make a file without free pages, at about two million a
 * second.
 */
#include "common.h"

#include "error.h"
#include "replica.h"

/* Records of a transaction: their pages fit LMDB's list of changed ones. */
#define RECORDS_MAX 50000u

struct replica {
	struct MDB_env *to;
	struct MDB_txn *txn; /* on 'to' */
	unsigned records;    /* in it */
};

static enum bc_status
replica_add(struct replica *replica, unsigned table,
            const struct bci_bytes *key, const struct bci_bytes *value,
            struct bc_error *err)
{
	enum bc_status status;

	if (replica->records >= RECORDS_MAX) {
		status = bci_txn_commit(&replica->txn, err);
		if (status != BC_OK)
			return status;
		replica->records = 0;
	}
	if (replica->txn == NULL) {
		status = bci_txn_begin(replica->to, &replica->txn, err);
		if (status != BC_OK)
			return status;
	}
	replica->records++;
	return bci_table_put_last(replica->txn, table, key, value, err);
}

/* Records that the new catalogue has already, and names of tables. */
static bool
replica_is_own(bool entries, const struct bci_bytes *key)
{
	return entries &&
	       (key->size == 0 || *(const char *)key->data < BCI_KEY_FIRST[0]);
}

static enum bc_status
replica_table(struct replica *replica, struct MDB_txn *from,
              unsigned from_table, unsigned to_table, bool entries,
              struct bc_error *err)
{
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes key, value;
	enum bc_status status, added = BC_OK;

	status = bci_cursor_open(from, from_table, &cursor, err);
	if (status != BC_OK)
		return status;
	status = bci_cursor_move(cursor, BCI_FIRST, &key, &value);
	while (status == BC_OK && added == BC_OK) {
		if (!replica_is_own(entries, &key))
			added = replica_add(replica, to_table, &key, &value,
			                    err);
		status = bci_cursor_move(cursor, BCI_NEXT, &key, &value);
	}
	bci_cursor_close(cursor);
	if (added != BC_OK)
		return added;
	if (status != BC_MISS)
		return bci_fail(err, status, "cannot read %s: %s",
		                BCI_CATALOGUE_FILE, bc_strerror(status));
	return BC_OK;
}

enum bc_status
bci_replica_fill(struct MDB_txn *txn, const struct bci_tables *tables,
                 struct MDB_env *to, const struct bci_tables *to_tables,
                 struct bc_error *err)
{
	struct replica replica = { .to = to };
	enum bc_status status = BC_OK;

	for (unsigned i = 0; status == BC_OK && i < BCI_TABLES; i++) {
		unsigned from = bci_table_number(tables, i);

		/* The two records of `meta` are stored when it is settled. */
		if (from == tables->meta ||
		    from == atomic_load(&tables->gone) || from == BCI_NO_TABLE)
			continue;
		status = replica_table(&replica, txn, from,
		                       bci_table_number(to_tables, i),
		                       from == tables->entries, err);
	}
	if (status == BC_OK && replica.txn != NULL)
		status = bci_txn_commit(&replica.txn, err);
	bci_txn_abort(replica.txn);
	return status;
}

/* Seal all arenas; what is copied of them is on the disk. */
static enum bc_status
replica_seal(struct MDB_txn *txn, const struct bci_tables *tables,
             struct bc_error *err)
{
	struct bci_arena_record arena;
	enum bc_status status;
	uint64_t number = 0;

	while ((status = bci_arena_next(txn, tables, &number, &arena)) ==
	       BC_OK) {
		arena.sealed = 1;
		arena.synced_bytes = arena.end_bytes;
		status = bci_arena_store(txn, tables, number, &arena, err);
		if (status != BC_OK)
			return status;
	}
	return status == BC_MISS ? BC_OK
	                         : bci_fail(err, status, "cannot read arenas");
}

enum bc_status
bci_replica_settle(struct MDB_env *env, const struct bci_tables *tables,
                   const struct bci_config_record *config,
                   const uint8_t boot_id[16], struct bci_state_record *state,
                   struct bc_error *err)
{
	struct MDB_txn *txn = NULL;
	enum bc_status status;

	for (unsigned queue = 0; queue < BCI_QUEUES; queue++)
		*bci_state_active(state, (enum bci_queue)queue) = 0;
	state->unsynced = 0;
	memcpy(state->boot_id, boot_id, sizeof(state->boot_id));
	BCI_TRY(bci_txn_begin(env, &txn, err));
	BCI_TRY(replica_seal(txn, tables, err));
	BCI_TRY(bci_config_store(txn, tables, config, err));
	BCI_TRY(bci_state_store(txn, tables, state, err));
	BCI_TRY(bci_txn_commit(&txn, err));
	status = bci_db_sync(env, err);
done:
	bci_txn_abort(txn);
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * db.h - LMDB as the rest of the library sees it.  lmdb.c behind it is the only
 * file that includes <lmdb.h> and knows its codes.
 */
#ifndef BCI_DB_H
#define BCI_DB_H

#include "common.h"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

/* Bytes in a database; laid out as LMDB's own. */
struct bci_bytes {
	size_t size;
	const void *data;
};

enum bci_db_open_flags {
	BCI_DB_READONLY = 1, /* the file cannot be written */
	BCI_DB_NOLOCK = 2, /* no reader table: others must keep writers away */
	BCI_DB_NOSYNC = 4  /* commits are not synced */
};

enum bci_db_sync { BCI_SYNC_FULL, BCI_SYNC_DATA, BCI_SYNC_NONE };

struct bci_db_facts {
	uint64_t page_bytes;
	uint64_t end_bytes;            /* committed end of the file */
	uint64_t txnid;                /* of the newest commit */
	uint32_t readers, readers_max; /* readers_max is 0 without a table */
};

/* Whether the LMDB that runs writes the file format we rely on (0.9). */
bool bci_db_supported(void);

/*
 * Open the file 'name' in directory 'dir_fd' (through /proc, so that no
 * component is looked up again) with room to grow to 'map_bytes'.  A file of
 * zero bytes is a new database.  Returns BC_OK; BC_FORMAT if it is no LMDB 0.9
 * file; BC_NOMEM if the address space is limited; BC_DENIED, BC_READONLY,
 * BC_NOSPACE, BC_IO, BC_ABSENT.
 */
enum bc_status bci_db_open(int dir_fd, const char *name, uint64_t map_bytes,
                           unsigned flags, struct MDB_env **out,
                           struct bc_error *err);

/* Close; NULL is allowed.  No transaction may be open. */
void bci_db_close(struct MDB_env *env);

/* How commits from now on are synced.  The caller is the only writer. */
void bci_db_set_sync(struct MDB_env *env, enum bci_db_sync sync);

/* Sync everything committed. */
enum bc_status bci_db_sync(struct MDB_env *env, struct bc_error *err);

/* The descriptor of the data file; it stays LMDB's. */
int bci_db_fd(struct MDB_env *env);

enum bc_status bci_db_facts(struct MDB_env *env, struct bci_db_facts *facts,
                            struct bc_error *err);

/* The newest commit, read without a transaction. */
uint64_t bci_db_newest(struct MDB_env *env);

/* LMDB's reader table. */
struct bci_db_readers {
	uint32_t used;   /* slots that a process has */
	uint32_t stale;  /* of these, whose process is not alive (here) */
	uint64_t oldest; /* the oldest commit that one reads; 0: none does */
};

void bci_db_readers(struct MDB_env *env, struct bci_db_readers *out);

/* Free slots of LMDB's reader table whose processes are gone. */
void bci_db_clear_readers(struct MDB_env *env);

/* Begin a write transaction.  The caller holds the outer writer lock. */
enum bc_status bci_txn_begin(struct MDB_env *env, struct MDB_txn **out,
                             struct bc_error *err);

/*
 * Begin a read transaction.  BC_BUSY if LMDB has no slot for it: the reader
 * table is full, or another PID namespace has a process of our number.
 */
enum bc_status bci_txn_begin_read(struct MDB_env *env, struct MDB_txn **out,
                                  struct bc_error *err);

/* Commit and set *txn to NULL, whatever is returned. */
enum bc_status bci_txn_commit(struct MDB_txn **txn, struct bc_error *err);

/* Abort; NULL is allowed. */
void bci_txn_abort(struct MDB_txn *txn);

/* Put a read transaction to sleep, and wake it on the newest commit. */
void bci_txn_reset(struct MDB_txn *txn);
enum bc_status bci_txn_renew(struct MDB_txn *txn);

/* The commit that a transaction sees. */
uint64_t bci_txn_id(struct MDB_txn *txn);

/* Open table 'name' (NULL: the unnamed one), creating it on demand. */
enum bc_status bci_table_open(struct MDB_txn *txn, const char *name,
                              bool create, bool integer_keys, unsigned *table,
                              struct bc_error *err);

/* Whether 'table' was open when the transaction began. */
bool bci_table_is_open(struct MDB_txn *txn, unsigned table);

/* Number of records of a table. */
enum bc_status bci_table_count(struct MDB_txn *txn, unsigned table,
                               uint64_t *count);

/* Bytes of its pages; 0 if it cannot be told. */
uint64_t bci_table_bytes(struct MDB_txn *txn, unsigned table);

/* BC_OK, BC_MISS, BC_CORRUPT or BC_IO; the value lives as long as 'txn'. */
enum bc_status bci_table_get(struct MDB_txn *txn, unsigned table,
                             const void *key, size_t key_bytes,
                             struct bci_bytes *value);

/* Insert or replace. */
enum bc_status bci_table_put(struct MDB_txn *txn, unsigned table,
                             const void *key, size_t key_bytes,
                             const void *value, size_t bytes,
                             struct bc_error *err);

/* Insert behind all others: 'key' is larger than any. */
enum bc_status bci_table_put_last(struct MDB_txn *txn, unsigned table,
                                  const struct bci_bytes *key,
                                  const struct bci_bytes *value,
                                  struct bc_error *err);

/* Insert or replace by a value of 'bytes' bytes to be written at *room. */
enum bc_status bci_table_reserve(struct MDB_txn *txn, unsigned table,
                                 const void *key, size_t key_bytes,
                                 size_t bytes, void **room,
                                 struct bc_error *err);

/*
 * Append a value of 'bytes' bytes under the integer 'key', larger than all
 * before; *page is the number of the page that it begins in.  The value must be
 * long enough to have overflow pages of its own.
 */
enum bc_status bci_table_append(struct MDB_txn *txn, unsigned table,
                                uint64_t key, size_t bytes, void **room,
                                uint64_t *page, struct bc_error *err);

/* Delete; an absent key is BC_MISS. */
enum bc_status bci_table_delete(struct MDB_txn *txn, unsigned table,
                                const void *key, size_t key_bytes,
                                struct bc_error *err);

enum bci_seek {
	BCI_FIRST,
	BCI_LAST,
	BCI_NEXT,
	BCI_PREV,
	BCI_FROM /* the first key not below *key */
};

enum bc_status bci_cursor_open(struct MDB_txn *txn, unsigned table,
                               struct MDB_cursor **out, struct bc_error *err);
void bci_cursor_close(struct MDB_cursor *cursor); /* NULL is allowed */

/* Use a cursor of a read transaction that is over in another one. */
enum bc_status bci_cursor_renew(struct MDB_txn *txn, struct MDB_cursor *cursor);

/* Move; BC_OK with key and value, BC_MISS at the end, or an error. */
enum bc_status bci_cursor_move(struct MDB_cursor *cursor, enum bci_seek seek,
                               struct bci_bytes *key, struct bci_bytes *value);

#endif /* BCI_DB_H */

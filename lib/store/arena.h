/* SPDX-License-Identifier: MIT */
/*
 * arena.h - appending segments to an arena, an LMDB file that is only ever
 * added to.  All of it under the outer writer lock.
 */
#ifndef BCI_ARENA_H
#define BCI_ARENA_H

#include "db.h"
#include "record.h"

#define BCI_ARENA_MIN (128ull << 10)
#define BCI_ARENA_MAX (1ull << 30)

/*
 * A transaction holds its values in fresh memory until it is committed.  Where
 * a commit costs no sync it is made after so many bytes, so that the same few
 * pages are used again and again: twice as fast as going through a whole batch
 * once.
 */
#define BCI_ARENA_PENDING (2ull << 20)

/* Shorter segments share values; others have at least a page of 4 KiB each. */
#define BCI_VALUE_MIN 4080u

/* Room for "00000017.mdb". */
#define BCI_ARENA_NAME 24

/* The directory of a class of arenas, below the cache's own. */
const char *bci_arena_directory(enum bci_arena_class class_);

/* The file name of arena 'number'. */
void bci_arena_name(uint64_t number, char name[BCI_ARENA_NAME]);

/* The number in a file name, or 0 if it is not an arena's. */
uint64_t bci_arena_number(const char *name);

/* The usual capacity under a byte budget. */
uint64_t bci_arena_capacity(uint64_t budget_bytes);

/* An arena open for appending. */
struct bci_appender {
	struct MDB_env *env;
	struct MDB_txn *txn; /* NULL between appends */
	int dir_fd;          /* of its class; borrowed */
	unsigned table;
	uint64_t number;
	uint64_t page_bytes;
	uint64_t capacity_pages;
	uint64_t end_pages; /* committed, and what the transaction adds */
	uint64_t pending;   /* values in the transaction */
	uint64_t next_key;
	uint64_t txnid; /* of the file when we last looked */
};

/*
 * Make arena 'number' with room for 'capacity_bytes', under a temporary name
 * that becomes the real one once its first commit is in the file.  Synced with
 * its directory if 'durable'.
 */
enum bc_status bci_appender_create(struct bci_appender *appender, int dir_fd,
                                   uint64_t number, uint64_t capacity_bytes,
                                   bool group, bool durable,
                                   struct bc_error *err);

/*
 * Open an arena that exists.  BC_CORRUPT if its end or its last commit lies
 * before what 'arena' records: it was rolled back and must be sealed.
 */
enum bc_status bci_appender_open(struct bci_appender *appender, int dir_fd,
                                 uint64_t number,
                                 const struct bci_arena_record *arena,
                                 struct bc_error *err);

/*
 * Bring an appender that was kept open up to date: other processes may have
 * appended since.  BC_CORRUPT as bci_appender_open().
 */
enum bc_status bci_appender_renew(struct bci_appender *appender,
                                  const struct bci_arena_record *arena,
                                  struct bc_error *err);

/* Close, dropping what was not committed; a zeroed one is allowed. */
void bci_appender_close(struct bci_appender *appender);

/* Pages that a value of 'bytes' bytes takes, with what its B-tree may need. */
uint64_t bci_arena_pages(uint64_t bytes, uint64_t page_bytes);

/* Whether a value of 'bytes' bytes still fits. */
bool bci_appender_fits(const struct bci_appender *appender, uint64_t bytes);

/* Add a value of 'bytes' bytes, to be written at *room; *offset in the file. */
enum bc_status bci_appender_add(struct bci_appender *appender, uint64_t bytes,
                                void **room, uint64_t *offset,
                                struct bc_error *err);

/*
 * Commit what was added.  If 'durable' the values are on the disk when this
 * returns (the arena's own meta page need not be: readers go by offset).
 * Fills end_bytes and txnid of 'arena'.
 */
enum bc_status bci_appender_commit(struct bci_appender *appender, bool durable,
                                   struct bci_arena_record *arena,
                                   struct bc_error *err);

#endif /* BCI_ARENA_H */

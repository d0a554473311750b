/* SPDX-License-Identifier: MIT */
/*
 * writer.h - one writer's turn: the lock, the transaction, what it changes.
 */
#ifndef BCI_WRITER_H
#define BCI_WRITER_H

#include "cache.h"
#include "history.h"

/* Arenas that a commit leaves without live bytes; unlinked after it. */
struct bci_retired {
	uint64_t number;
	enum bci_arena_class class_;
};

/* The active arena of a queue, as a transaction has it. */
struct bci_active {
	struct bci_arena_record arena; /* if the state names one */
	bool changed;                  /* 'arena' must be stored */
	bool pending;                  /* its appender has values to commit */
	uint64_t pending_bytes;        /* of these */
};

/* A slot whose segment was moved: what it is to say once that is committed. */
struct bci_restamp {
	uint64_t from, word; /* its id before, its word then */
	uint32_t slot;
	unsigned credit; /* 0: as it is by then */
};

/* Slots of the ledger. */
struct bci_slots {
	uint32_t *numbers;
	size_t count, room;
};

struct bci_writer {
	struct bc_cache *cache;
	struct bci_env *env;
	struct MDB_txn *txn;
	struct bci_config_record config;
	struct bci_state_record state;
	struct bci_active active[BCI_QUEUES];
	bool must_sync;   /* the commit removes or overwrites something */
	bool must_settle; /* it moves rows that were safe: arenas are synced */
	bool must_settle_moves; /* the same, but only to the main queues */
	uint64_t first_arena;   /* arenas and schemas from these numbers on */
	uint32_t first_schema;  /* are made by this transaction */
	uint64_t first_active[BCI_QUEUES]; /* what was active before it, and */
	uint64_t first_bytes[BCI_QUEUES];  /* what it adds to that from */
	bool keeps_all;      /* nothing is evicted for what it writes */
	uint64_t busy_entry; /* its segments stay where they are; 0: none */
	bool overdrawn;      /* it took room that is made only when they may
	                        go: see bci_growth_apply() */
	struct bci_retired *retired;
	size_t retired_count, retired_room;
	struct bci_slots freed; /* they are free once it is committed, */
	struct bci_slots taken; /* and these again if it is not */
	struct bci_restamp *restamps;
	size_t restamp_count, restamp_room;
	uint64_t bad_seen; /* the bad_count of the ledger acted on; 0: none */
	int64_t now_ns;
	int64_t begun_ns; /* of the monotonic clock, before the lock */
	uint64_t counted[BCI_COUNTERS]; /* to be counted when committed */
	uint64_t moved_bytes[BCI_ARENA_COLD + 1]; /* so far, of each class */
	bool clock_settled;          /* nobody set the wall clock lately */
	struct bci_pending *linking; /* links of hits that this commit writes */
	bool unlinks;                /* it takes links of backtests away */
};

/* Who has the writer lock, or had it last, as it says in writer.lock. */
struct bci_holder {
	uint64_t pid; /* 0: nobody ever */
	uint64_t pid_namespace;
	int64_t since_ns; /* it took the lock, or gave it back */
	uint64_t held;    /* 1: it has the lock, or died with it */
};

bool bci_writer_holder(struct bci_env *env, struct bci_holder *holder);

/*
 * Take the writer lock: the mutex of this process, the gate, the lock itself.
 * Returns BC_OK, BC_READONLY, BC_BUSY ("last holder ..."), BC_IO.
 */
enum bc_status bci_writer_lock(struct bc_cache *cache, struct bci_env *env,
                               struct bc_error *err);
void bci_writer_unlock(struct bci_env *env);

/* Take the lock and begin a transaction on the newest state. */
enum bc_status bci_writer_begin(struct bc_cache *cache, struct bci_env *env,
                                struct bci_writer *writer,
                                struct bc_error *err);

/*
 * Begin, and first do what is due: sweep leftover files, drop segments that
 * readers found bad, recover after another boot.  'timeout_ns' is how long to
 * wait for the lock: that of the handle, or less.
 */
enum bc_status bci_writer_begin_tidy(struct bc_cache *cache,
                                     struct bci_env *env, int64_t timeout_ns,
                                     struct bci_writer *writer,
                                     struct bc_error *err);

/* The same in the environment of the cache, waiting as its handle says. */
enum bc_status bci_writer_open(struct bc_cache *cache,
                               struct bci_writer *writer, struct bc_error *err);

/*
 * Commit: arenas first, then the catalogue, then unlink retired arenas; gives
 * the lock back whatever happens.
 */
enum bc_status bci_writer_commit(struct bci_writer *writer,
                                 struct bc_error *err);

/*
 * Fold the ledger's counters into today's row: if it is due, as every commit
 * does, or as part of a compaction, whose time is noted.
 */
enum bc_status bci_writer_fold(struct bci_writer *writer, bool compacted,
                               struct bc_error *err);

/* Forget everything since the beginning and give the lock back. */
void bci_writer_abort(struct bci_writer *writer);

/*
 * Make room for segments of 'bytes' bytes in total, which take 'file_bytes' in
 * arenas, and for so many new entries: others are evicted, arenas are cleaned,
 * in proportion to what comes.  What this transaction wrote stays, and so do
 * pinned entries.  BC_FULL if nothing may go; BC_ENTRIES.
 *
 * Nothing that was added to an arena may be unfinished.
 */
enum bc_status bci_writer_make_room(struct bci_writer *writer, uint64_t bytes,
                                    uint64_t file_bytes, uint64_t new_entries,
                                    struct bc_error *err);

/*
 * The same for segments of the cold class.  One call may be inside the other:
 * what makes room in the warm class may be packed.
 */
enum bc_status bci_writer_make_room_cold(struct bci_writer *writer,
                                         uint64_t bytes, uint64_t file_bytes,
                                         struct bc_error *err);

/* What policies remember, or NULL: see history.h. */
struct bci_history *bci_writer_history(struct bci_writer *writer);

/* Whether this transaction wrote a segment to where it lies. */
bool bci_writer_is_placed(const struct bci_writer *writer,
                          const struct bci_locator *locator);

/* The same, if it was not only moved there: it is part of what is put. */
bool bci_writer_is_fresh(struct bci_writer *writer,
                         const struct bci_entry *entry,
                         const struct bci_locator *locator);

/* Whether a segment may be on the disk already, so that what comes in its place
 * has to be before it goes: not if nothing of its arena ever was. */
bool bci_writer_may_be_safe(struct bci_writer *writer,
                            const struct bci_locator *locator);

/* A segment moved from one place to another; its slot goes with it, with this
 * credit unless that is 0. */
enum bc_status bci_writer_restamp(struct bci_writer *writer,
                                  const struct bci_locator *to,
                                  const struct bci_locator *from,
                                  const struct bci_entry_record *head,
                                  unsigned credit, struct bc_error *err);

/*
 * See that the next arena has a number that none has had, whatever a damaged
 * record says: a file of that name would be replaced.
 */
enum bc_status bci_writer_check_number(struct bci_writer *writer,
                                       struct bc_error *err);

/*
 * Room for a value of 'bytes' bytes in the active arena of a queue, sealing it
 * and making another as needed; locator's arena and offset are filled.  Now and
 * then what is pending is committed, so that the room of earlier values is
 * gone.
 */
enum bc_status bci_writer_room(struct bci_writer *writer, enum bci_queue queue,
                               uint64_t bytes, void **room, uint32_t *arena,
                               uint64_t *offset, struct bc_error *err);

/* Whether that needs no other arena than the active one. */
enum bc_status bci_writer_fits(struct bci_writer *writer, enum bci_queue queue,
                               uint64_t bytes, bool *fits,
                               struct bc_error *err);

/* The queue whose active arena has this number, or BCI_QUEUES. */
enum bci_queue bci_writer_queue(struct bci_writer *writer, uint64_t number);

/* The record of an arena as this transaction has it; BC_MISS, BC_CORRUPT. */
enum bc_status bci_writer_arena(struct bci_writer *writer, uint64_t number,
                                struct bci_arena_record *arena);

/* Commit what was added to active arenas; the catalogue comes later. */
enum bc_status bci_writer_flush(struct bci_writer *writer, enum bci_queue queue,
                                struct bc_error *err);
enum bc_status bci_writer_flush_all(struct bci_writer *writer,
                                    struct bc_error *err);

/* Whether the record of an active arena must be stored. */
bool bci_writer_changed_arenas(const struct bci_writer *writer);

/* Store these records. */
enum bc_status bci_writer_store_active(struct bci_writer *writer,
                                       struct bc_error *err);

/* Seal an active arena; if nothing in it is live it is retired. */
enum bc_status bci_writer_seal(struct bci_writer *writer, enum bci_queue queue,
                               struct bc_error *err);

/* Forget an arena without live segments; its file goes after the commit. */
enum bc_status bci_writer_retire(struct bci_writer *writer, uint64_t number,
                                 const struct bci_arena_record *arena,
                                 struct bc_error *err);

/* Forget of arenas that are gone those that nobody has mapped any more. */
enum bc_status bci_writer_forget_gone(struct bci_writer *writer,
                                      struct bc_error *err);

/* Change an arena's live bytes and segments; retires it when none are left. */
enum bc_status bci_writer_account(struct bci_writer *writer, uint64_t arena,
                                  int64_t bytes, int64_t segments,
                                  struct bc_error *err);

/*
 * Correct the state's number of slots if it cannot be: there are no more than
 * segments, entries and free slots, but for some that damage took.  One that is
 * too large would take the disk, and its budget, for a ledger that nobody
 * needs; one too small costs stamps.
 */
enum bc_status bci_writer_bound_slots(struct bci_writer *writer,
                                      struct bc_error *err);

/* Take a slot of the ledger, and begin it with this word. */
enum bc_status bci_writer_take_slot(struct bci_writer *writer, uint64_t word,
                                    uint32_t *slot, struct bc_error *err);

/* Account for a new segment, take a slot of the ledger for it and begin it. */
enum bc_status bci_writer_name(struct bci_writer *writer,
                               struct bci_locator *locator,
                               const struct bci_entry_record *head,
                               struct bc_error *err);

/* The reverse for a segment that nothing is to name any more. */
enum bc_status bci_writer_unname(struct bci_writer *writer,
                                 const struct bci_locator *locator,
                                 struct bc_error *err);

/* Give back everything that an entry holds, but not its record. */
enum bc_status bci_writer_release(struct bci_writer *writer,
                                  const struct bci_entry *entry,
                                  struct bc_error *err);

/*
 * Remove entry 'key', its labels, and what bc_read_derived() has kept of it;
 * BC_MISS if there is none, or it was evicted: that is then forgotten.
 */
enum bc_status bci_writer_remove(struct bci_writer *writer, const char *key,
                                 size_t key_bytes, struct bc_error *err);

/*
 * Sync all arenas with unsynced bytes, as part of a transaction.  If one fails,
 * *failed is its number: abort, then bci_recover_unsynced().
 */
enum bc_status bci_writer_sync_arenas(struct bci_writer *writer,
                                      uint64_t *failed, struct bc_error *err);

/* The same for those that segments are moved to, which are few bytes. */
enum bc_status bci_writer_sync_moves(struct bci_writer *writer,
                                     uint64_t *failed, struct bc_error *err);

#endif /* BCI_WRITER_H */

/* SPDX-License-Identifier: MIT */
/*
 * environment.h - what one process shares per cache: one LMDB environment,
 * however often the cache is opened, the maps, the ledger, the lanes of its
 * readers, the writer's side.
 */
#ifndef BCI_ENVIRONMENT_H
#define BCI_ENVIRONMENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "arena.h"
#include "catalogue.h"
#include "chunk.h"
#include "ledger.h"
#include "links.h"
#include "mapped.h"
#include "pick.h"
#include "segment.h"
#include "stitch.h"
#include "tier.h"

/* Bytes of writer.lock and of guard.lock; each lock's gate is the next byte. */
#define BCI_LOCK_WRITER 0
#define BCI_LOCK_OPEN 2 /* around opening and closing LMDB */
#define BCI_LOCK_COPY 4 /* while the directory becomes a copy */
#define BCI_LOCK_GUARD 0

/*
 * Byte of meta.mdb: shared by who opened the cache while it was frozen, and so
 * without LMDB's locks, exclusive by who thaws it.
 */
#define BCI_LOCK_FROZEN (1ull << 40)

#define BCI_SCHEMA_CHUNK 256u
#define BCI_SCHEMA_CHUNKS (BCI_SCHEMAS_MAX / BCI_SCHEMA_CHUNK)

/*
 * One reader's way into the catalogue: a pooled read transaction and a shard of
 * counters.  A thread has it to itself between bci_lane_take() and
 * bci_lane_give(); it usually gets the same one again.
 */
struct bci_lane {
	atomic_uint busy;
	unsigned index;
	struct MDB_txn *txn; /* NULL until first used; else reset when idle */
	int guard_fd;        /* holds the guard lock; -1: not guarded */
	uint32_t turns;      /* hits, to time one in so many */
	struct MDB_cursor *cursor; /* on `segments`, as idle as 'txn' */
	struct bci_memo *memo;     /* where records are in the catalogue */
	struct bci_recent *recent; /* reads that may come again */
	struct bci_chunk *chunks[BCI_CHUNK_SIZES]; /* free ones */
	uint16_t chunk_counts[BCI_CHUNK_SIZES];
	void *work;            /* the codec's; NULL until first used */
	uint64_t narrow_id;    /* the segment that a part was last read of, */
	uint32_t narrow_count; /* and how often in a row */
	char rest[16];         /* no two lanes share a cache line */
};
_Static_assert(sizeof(struct bci_lane) == 128, "lane");

/* A place in an arena: a page, and in the value that begins there a segment. */
struct bci_place {
	uint64_t page, inner;
};

/* An arena that is being cleaned, step by step; a hint, and 0 for none. */
struct bci_cleaned {
	uint64_t number;
	struct bci_place place;
	unsigned how; /* enum bci_clean_how */
};

struct bci_env {
	struct bci_lane lanes[BCI_LANES];
	struct bci_env *next; /* registry */
	unsigned references;
	unsigned fork_count; /* of the process that opened it */
	dev_t device;
	ino_t inode;
	struct bc_allocator allocator;
	int dir_fd, writer_fd, guard_fd;
	int frozen_fd; /* holds BCI_LOCK_FROZEN; -1: the cache was not frozen */
	struct MDB_env *db;
	_Atomic(struct MDB_env *) guard_db; /* LMDB without its reader table */
	struct bci_tables tables;
	uint64_t cache_id;
	uint64_t pid_namespace; /* of this process */
	bool read_only, group;
	const char *unwritable; /* the file that makes it read-only; or NULL */
	bool untracked;         /* a benchmark wants hits that leave no trace */
	atomic_bool closed;     /* only views are left */
	atomic_bool wrote;      /* this process committed something */
	atomic_bool doubtful;   /* its last commit failed */
	atomic_ullong generation; /* of the ledger, when last looked */
	atomic_llong collected_s; /* when maps were last collected */
	atomic_long chunks_out;
	struct bci_maps maps;
	struct bci_ledger ledger;
	_Atomic(_Atomic(struct bc_schema *) *) schemas[BCI_SCHEMA_CHUNKS];
	pthread_mutex_t schema_mutex;
	pthread_mutex_t tables_mutex; /* LMDB opens tables one at a time */
	struct bci_picks picks;       /* changed under schema_mutex */
	struct bci_stitches stitches; /* of this process */
	struct bci_links links;       /* of hits, to be written */
	struct bci_hots hots;         /* of this process, too */
	/* The writer's: under writer_mutex. */
	pthread_mutex_t writer_mutex;
	struct bci_appender appenders[BCI_QUEUES];
	struct bci_cleaned cleaned[3]; /* by class */
	struct bci_patrol *patrols[4]; /* see patrol.h; NULL until needed */
	uint64_t inlined_due; /* bytes in entry records that should go */
	bool swept;           /* leftover files were removed */
	int64_t cleared_ns;   /* when slots of dead readers were looked for */
	int64_t expired_ns;   /* when no expired entry was left */
	int64_t folded_ns;    /* when counters were folded, as far as known */
};

/* Forks this process has behind it; a child's handles compare it. */
extern atomic_uint bci_fork_count;

/*
 * Get the environment of the cache in 'dir_fd' (which is kept, or closed), open
 * it if this process has not, create the cache if 'config' is not NULL and
 * there is none.  Errors as bc_open().
 */
enum bc_status bci_env_open(struct bc_cache *cache, int dir_fd,
                            const struct bci_config_record *config,
                            struct bci_env **out, struct bc_error *err);

/*
 * Open the files of an environment whose directory is known, as part of
 * bci_env_open().  What was opened is the environment's also on failure.
 */
enum bc_status bci_env_attach(struct bc_cache *cache, struct bci_env *env,
                              struct bc_error *err);

/* BC_READONLY for a cache of which a file cannot be written: which one. */
enum bc_status bci_env_fail_unwritable(const struct bci_env *env,
                                       struct bc_error *err);

/* Give a reference back; the last one closes. */
void bci_env_close(struct bci_env *env);

/* Drop a pin that may be the last of a map that is to go, or of a cache. */
void bci_env_unpin(struct bci_env *env, atomic_long *dropped);

/*
 * Drop a map's pin.  Neither map nor environment may be touched once it is
 * gone, so who might be the last one does it under the registry's mutex.
 */
static inline void
bci_map_unpin(struct bci_map *map, atomic_long *dropped)
{
	struct bci_env *env =
		(struct bci_env *)(void *)((char *)map->maps -
	                                   offsetof(struct bci_env, maps));

	if (BCI_UNLIKELY(
		    atomic_load_explicit(&map->dying, memory_order_relaxed) ||
		    atomic_load_explicit(&env->closed, memory_order_relaxed)))
		bci_env_unpin(env, dropped);
	else
		atomic_fetch_add_explicit(dropped, 1, memory_order_release);
}

/* Free a chunk that nobody refers to, and what only it kept. */
void bci_env_free_chunk(struct bci_env *env, struct bci_chunk *chunk);

/* ---- lanes ------------------------------------------------------------- */

struct bci_lane *bci_lane_take_slow(struct bci_env *env, unsigned first);

/* Take a lane; the same thread finds the same one unless it is taken. */
static inline struct bci_lane *
bci_lane_take(struct bci_env *env)
{
	uintptr_t self = (uintptr_t)pthread_self();
	unsigned first = (unsigned)(self >> 12 ^ self >> 20) % BCI_LANES;
	struct bci_lane *lane = &env->lanes[first];

	if (BCI_LIKELY(atomic_exchange_explicit(&lane->busy, 1,
	                                        memory_order_seq_cst) == 0))
		return lane;
	return bci_lane_take_slow(env, first);
}

static inline void
bci_lane_give(struct bci_lane *lane)
{
	atomic_store_explicit(&lane->busy, 0, memory_order_release);
}

/* Begin the lane's first transaction, or mend it; see bci_lane_begin(). */
enum bc_status bci_lane_begin_slow(struct bci_env *env, struct bci_lane *lane);

/*
 * Let the lane see the newest commit.  Returns BC_OK, BC_NOMEM, BC_IO, or
 * BC_BUSY if a guarded lookup did not get the guard lock in time.
 */
static inline enum bc_status
bci_lane_begin(struct bci_env *env, struct bci_lane *lane)
{
	if (BCI_LIKELY(lane->txn != NULL && lane->guard_fd < 0 &&
	               bci_txn_renew(lane->txn) == BC_OK))
		return BC_OK;
	return bci_lane_begin_slow(env, lane);
}

/* End what bci_lane_begin() began. */
void bci_lane_end(struct bci_lane *lane);

/*
 * Whether the lane's transaction can look up all that belongs to 'entry': a
 * cache of format 1 gets tables when it is upgraded, and a process that had it
 * open before that learns of them here.  BC_OK; BC_ABSENT if they are open
 * now, but not in this transaction: end it, begin again, look up again; in the
 * end the entry is damaged.  BC_BUSY, BC_NOMEM, BC_IO.
 */
enum bc_status bci_lane_open_tables(struct bci_env *env, struct bci_lane *lane);

static inline enum bc_status
bci_lane_knows(struct bci_env *env, struct bci_lane *lane,
               const struct bci_entry *entry)
{
	if (BCI_LIKELY(entry->head.kind != BC_SERIES ||
	               (entry->series.older_count == 0 &&
	                entry->series.coverage_count == 0) ||
	               bci_table_is_open(lane->txn, env->tables.coverage)))
		return BC_OK;
	return bci_lane_open_tables(env, lane);
}

/* Whether this process opened a frozen cache, which nobody changes. */
static inline bool
bci_env_is_frozen(const struct bci_env *env)
{
	return env->frozen_fd >= 0;
}

/* Whether this process has to keep writers away while it looks something up. */
bool bci_env_is_guarded(struct bci_env *env);

/* Read the catalogue's settings and its state; either may be NULL. */
enum bc_status bci_env_read(struct bci_env *env,
                            struct bci_config_record *config,
                            struct bci_state_record *state,
                            struct bc_error *err);

/* ---- what lookups need ------------------------------------------------- */

/*
 * The schema 'id', decoded once a process.  Returns BC_OK, BC_CORRUPT, BC_NOMEM
 * or BC_IO.
 */
enum bc_status bci_env_schema_slow(struct bci_env *env, struct MDB_txn *txn,
                                   uint32_t id, const struct bc_schema **out);

/* The same if it was decoded already, else NULL. */
static inline const struct bc_schema *
bci_env_schema_known(const struct bci_env *env, uint32_t id)
{
	_Atomic(struct bc_schema *) *chunk;

	if (BCI_UNLIKELY(id / BCI_SCHEMA_CHUNK >= BCI_SCHEMA_CHUNKS))
		return NULL;
	chunk = atomic_load_explicit(&env->schemas[id / BCI_SCHEMA_CHUNK],
	                             memory_order_acquire);
	return chunk == NULL
	               ? NULL
	               : atomic_load_explicit(&chunk[id % BCI_SCHEMA_CHUNK],
	                                      memory_order_acquire);
}

static inline enum bc_status
bci_env_schema(struct bci_env *env, struct MDB_txn *txn, uint32_t id,
               const struct bc_schema **out)
{
	*out = bci_env_schema_known(env, id);
	return BCI_LIKELY(*out != NULL)
	               ? BC_OK
	               : bci_env_schema_slow(env, txn, id, out);
}

/*
 * The generation of the ledger: it grows when arenas were removed.  Asked for
 * before a transaction begins, so that the transaction knows of the removal.
 */
static inline uint64_t
bci_env_newest(const struct bci_env *env)
{
	return env->ledger.header == NULL
	               ? 0
	               : atomic_load_explicit(&env->ledger.header->generation,
	                                      memory_order_acquire);
}

/*
 * The newest commit, for who remembers what was found in one.  0 after a commit
 * of this process has failed, perhaps half-way: then what is the newest one is
 * for LMDB to say, or that it cannot.
 */
static inline uint64_t
bci_env_commit(const struct bci_env *env)
{
	return BCI_UNLIKELY(atomic_load_explicit(&env->doubtful,
	                                         memory_order_relaxed))
	               ? 0
	               : bci_db_newest(env->db);
}

/* It grows when links of backtests are taken away. */
static inline unsigned
bci_env_unlinked(const struct bci_env *env)
{
	return env->ledger.header == NULL
	               ? 0
	               : atomic_load_explicit(&env->ledger.header->unlinked,
	                                      memory_order_relaxed);
}

/* Whether this process has not acted on generation 'newest'. */
static inline bool
bci_env_is_stale(const struct bci_env *env, uint64_t newest)
{
	return newest != atomic_load_explicit(&env->generation,
	                                      memory_order_relaxed) ||
	       atomic_load_explicit(&env->maps.limbo_count,
	                            memory_order_relaxed) != 0;
}

/*
 * Let go of maps whose arenas the catalogue no longer names, and of those that
 * were let go while views pinned them (which is tried once a second).  Called
 * with a lane whose transaction began after 'newest' was read.
 */
void bci_env_drop_maps(struct bci_env *env, struct bci_lane *lane,
                       uint64_t newest, int64_t now_ns);

/* Let go of decoded segments that are in place, or gone, by now. */
static inline void
bci_env_tidy(struct bci_env *env, int64_t now_ns)
{
	if (BCI_UNLIKELY(atomic_load_explicit(&env->hots.count,
	                                      memory_order_relaxed) != 0 ||
	                 atomic_load_explicit(&env->stitches.packed,
	                                      memory_order_relaxed)))
		bci_hots_tidy_slow(env, now_ns);
}

/* Unmap what was let go, if no lane but 'own' is busy. */
void bci_env_collect(struct bci_env *env, const struct bci_lane *own);

#endif /* BCI_ENVIRONMENT_H */

/* SPDX-License-Identifier: MIT */
/*
 * world.h - a cache under random management, and what must hold of it.
 *
 * A cache may forget, but only for a reason.  So the model does not say what a
 * cache holds, but what it may have lost: an entry is evicted only if something
 * was evicted since it was put and it was not pinned; it is gone only if it was
 * removed, was over its time, or had been evicted before.  What was seen to be
 * lost stays lost until it is put again, and what is there is the newest.
 */
#ifndef BARCACHE_CHAOS_WORLD_H
#define BARCACHE_CHAOS_WORLD_H

#include "support.h"

#include "chaos/op.h"

#define CHAOS_VALUES 20 /* keys of frames and blobs */
#define CHAOS_SERIES 4  /* keys of series, behind them */
#define CHAOS_KEYS (CHAOS_VALUES + CHAOS_SERIES)
#define CHAOS_TAGS 6
#define CHAOS_RUNS 3 /* backtests; run 0 is that of the second handle */
#define CHAOS_KEPT 6 /* views */
#define CHAOS_BATCH_MAX 6
#define CHAOS_SEED 77
#define CHAOS_SECOND INT64_C(1000000000)
#define CHAOS_MINUTE (60 * CHAOS_SECOND)

/* Labels by bits: those that an entry has, and those that it may have. */
struct chaos_labels {
	uint32_t has, may;
};

struct chaos_entry {
	bool there;         /* put, and not seen to be gone */
	uint64_t version;   /* of the newest put */
	uint64_t rows;      /* of a series: 0 to rows - 1 were appended */
	uint64_t bytes;     /* payload */
	bool evicted;       /* seen to be */
	bool holes;         /* of a series: something was evicted */
	uint64_t evictions; /* of the cache, when it was last safe */
	bool pinned;
	bool doubtful;      /* may have been removed by the last operation */
	bool hit;           /* by the second handle, since it was put */
	bool overdue;       /* its time was over, at least for a moment */
	int64_t expires_ns; /* 0: never */
	struct chaos_labels tags, runs, parents;
};

/* A view that is held, and what it shows. */
struct chaos_kept {
	struct bc_view view;
	unsigned key;
	uint64_t version;
};

struct chaos_world {
	const char *path;
	uint64_t warm_bytes; /* of the budget at first */
	struct bc_cache *cache;
	struct bc_cache *second; /* with a backtest */
	struct bc_config config;
	struct chaos_entry entries[CHAOS_KEYS];
	struct chaos_kept kept[CHAOS_KEPT];
	bool linkable[CHAOS_KEYS]; /* hit by the second handle since a flush */
	uint64_t versions;         /* given so far */
	uint64_t evictions;        /* of the cache */
	uint64_t evictions_before; /* the operation */
	uint64_t requests; /* gets and reads so far, as the cache counts */
	uint64_t written;  /* bytes put since the beginning */
	uint64_t full;     /* puts without room */
	int64_t set_back;  /* by how much the clock was ever set back */
	bool squeezed;     /* something was evicted that was asked for */
	bool shrunk;       /* the budget became smaller since a compaction */
};

void chaos_world_begin(struct chaos_world *world, const char *path,
                       uint64_t warm_bytes);
void chaos_world_run(struct chaos_world *world, const struct chaos_op *ops,
                     size_t count);
void chaos_world_end(struct chaos_world *world);

/* ---- parts of it --------------------------------------------------------- */

void chaos_key(unsigned key, char text[40]);
int64_t chaos_now(void);

/* The handle that an operation uses. */
struct bc_cache *chaos_handle(const struct chaos_world *world,
                              const struct chaos_op *op);

/* entry.c: what a read that found this says of the entry. */
void chaos_entry_put(struct chaos_world *world, unsigned key, uint64_t version,
                     uint64_t bytes, const struct bc_put_options *options,
                     unsigned run);
void chaos_entry_gone(struct chaos_world *world, unsigned key);
void chaos_entry_linked(struct chaos_world *world, unsigned key);
void chaos_entry_hit(struct chaos_world *world, unsigned key);
void chaos_entry_miss(struct chaos_world *world, unsigned key,
                      enum bc_miss miss);
/* Look which of them are there; counts as nothing. */
bool chaos_entry_look(struct chaos_world *world, unsigned key);
void chaos_look_all(struct chaos_world *world);
/* What was evicted, and which times are over, after an operation. */
void chaos_follow_evictions(struct chaos_world *world);
void chaos_follow(struct chaos_world *world);
void chaos_entry_print(const struct chaos_world *world, unsigned key);

/* The same of a series: reads it, too. */
bool chaos_series_look(struct chaos_world *world, unsigned key);

/* values.c, growing.c, marks.c, where.c, steer.c: operations. */
void chaos_put(struct chaos_world *world, const struct chaos_op *op);
void chaos_batch(struct chaos_world *world, const struct chaos_op *op);
void chaos_get(struct chaos_world *world, const struct chaos_op *op);
void chaos_keep(struct chaos_world *world, const struct chaos_op *op);
void chaos_kept_check(const struct chaos_world *world);
void chaos_remove(struct chaos_world *world, const struct chaos_op *op);

void chaos_append(struct chaos_world *world, const struct chaos_op *op);
void chaos_read(struct chaos_world *world, const struct chaos_op *op);
void chaos_series_check(struct chaos_world *world, struct bc_cache *cache,
                        unsigned key);

void chaos_pin(struct chaos_world *world, const struct chaos_op *op);
void chaos_tag(struct chaos_world *world, const struct chaos_op *op);
void chaos_link(struct chaos_world *world, const struct chaos_op *op);
void chaos_depend(struct chaos_world *world, const struct chaos_op *op);
void chaos_invalidate(struct chaos_world *world, const struct chaos_op *op);
void chaos_clear(struct chaos_world *world, const struct chaos_op *op);
void chaos_where(struct chaos_world *world, const struct chaos_op *op);
void chaos_labels_check(struct chaos_world *world, unsigned key);
/* Tags of a put, ended by NULL. */
void chaos_tags_list(uint32_t bits, const char *list[CHAOS_TAGS + 1]);
const char *chaos_run_name(unsigned run);

void chaos_config(struct chaos_world *world, const struct chaos_op *op);
void chaos_compact(struct chaos_world *world, const struct chaos_op *op);
void chaos_expire(struct chaos_world *world);
void chaos_copy(struct chaos_world *world, const struct chaos_op *op);
void chaos_accounts_check(struct chaos_world *world);
void chaos_budget_check(struct chaos_world *world);
void chaos_clear_all(struct chaos_world *world);

#endif /* BARCACHE_CHAOS_WORLD_H */

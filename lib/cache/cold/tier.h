/* SPDX-License-Identifier: MIT */
/*
 * tier.h - segments of the cold tier that this process has decoded: shared by
 * its threads, bounded by bytes, the one not used for longest goes first.
 */
#ifndef BCI_TIER_H
#define BCI_TIER_H

#include <pthread.h>
#include <stdatomic.h>

#include "chunk.h"
#include "segment.h"

#define BCI_TIER_HEADS 256
#define BCI_HOT_SPARE 16 /* buffers kept for the next */

/* What of the memory of a process decoded segments may take. */
#define BCI_HOT_DEFAULT (256ull << 20)

/*
 * A decoded segment: 'data' is the body of the raw one.  Views refer to it as
 * to any chunk; the table has a reference of its own.
 */
struct bci_hot {
	struct bci_chunk chunk; /* first */
	uint64_t id;            /* of the segment */
	atomic_bool again;      /* it was decoded before: see promote.h */
	unsigned char *data;
	uint64_t body_bytes;
	uint64_t room;              /* of the memory behind 'data' */
	struct bci_locator locator; /* for who writes it to the warm tier, */
	size_t key_bytes;           /* and so the key of its entry, behind */
	struct bci_hot *chain;      /* of the table; under the mutex */
	struct bci_hot *newer, *older;
	char key[];
};

struct bci_spare {
	unsigned char *data;
	uint64_t room;
};

struct bci_hots {
	pthread_mutex_t mutex;
	struct bci_hot *heads[BCI_TIER_HEADS];
	struct bci_hot *newest, *oldest;
	struct bci_spare spare[BCI_HOT_SPARE]; /* memory of those let go */
	unsigned spare_count;
	uint64_t spare_bytes;
	uint64_t bytes;         /* of those in the table */
	uint64_t limit;         /* for both together */
	int64_t looked_ns;      /* when memory of the host was last looked at */
	atomic_llong tidied_ms; /* when stale ones were last looked for */
	atomic_uint count;      /* in the table */
	atomic_llong paid_ns;   /* until then promotions take their share */
	atomic_llong pause_ns;  /* until then another writes */
};

void bci_hots_open(struct bci_hots *hots);

/* How many bytes may be kept; 0: as it is. */
void bci_hots_limit(struct bci_env *env, uint64_t bytes);

/*
 * The decoded segment 'id', which is that of 'locator' and of the claim's key
 * and has room for its columns, with a reference, or NULL.  After a fork the
 * child has none.
 */
struct bci_hot *bci_hot_find(struct bci_env *env, uint64_t id,
                             const struct bci_locator *locator,
                             const struct bci_segment_claim *claim);

/*
 * Memory for one of 'bytes' bytes, with one reference, in no table yet.  NULL
 * if there is none, even after all that is kept was let go.  'key_bytes' is the
 * room for a key.
 */
struct bci_hot *bci_hot_make(struct bci_env *env, uint64_t bytes,
                             size_t key_bytes);

/* Keep it under 'id', unless another thread was faster. */
void bci_hot_keep(struct bci_env *env, struct bci_hot *hot, uint64_t id);

/* Up to 'most' of those to be promoted, each with a reference for the caller.
 */
size_t bci_hots_again(struct bci_env *env, struct bci_hot **out, size_t most);

/*
 * Segment 'id' was promoted, or cannot be: let go of it if it 'went', else do
 * not ask for it again.
 */
void bci_hot_settle(struct bci_env *env, uint64_t id, bool went);

/* Let go of those whose segments nobody names any more; at times only. */
void bci_hots_tidy_slow(struct bci_env *env, int64_t now_ns);

/* Let go of everything that no view shows. */
void bci_hots_drop(struct bci_env *env);

/* The same while the environment is being closed, and the end. */
void bci_hots_shut(struct bci_env *env);
void bci_hots_free(struct bci_hots *hots);

#endif /* BCI_TIER_H */

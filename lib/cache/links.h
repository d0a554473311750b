/* SPDX-License-Identifier: MIT */
/*
 * links.h - which entries a backtest hits, gathered in the process and written
 * in batches.
 */
#ifndef BCI_LINKS_H
#define BCI_LINKS_H

#include <pthread.h>

#include "ids.h"
#include "ledger.h"

struct bc_cache;
struct bci_env;
struct bci_writer;

/*
 * Entries that one lane has noted for one handle; only the owner of the lane
 * touches it.
 */
struct bci_linked {
	struct bci_ids ids;
	unsigned unlinked; /* that of the ledger when they were noted */
	char rest[36];     /* no two lanes share a cache line */
};
_Static_assert(sizeof(struct bci_linked) == 64, "linked");

/* What a handle with a backtest has for it. */
struct bci_linker {
	struct bci_linked lanes[BCI_LANES];
	size_t backtest_bytes;
	char backtest[BC_LABEL_MAX + 1];
};

/* A link that is still to be written. */
struct bci_pending {
	struct bci_pending *next;
	uint64_t entry_id;
	uint32_t backtest_bytes, key_bytes;
	char text[]; /* both, each terminated */
};

/* Those of a process for a cache; all but 'count' is under the mutex. */
struct bci_links {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct bci_pending *first, **last;
	atomic_size_t count;
	struct bc_cache *handles; /* that have a backtest */
	struct bc_cache *flushing; /* the thread uses it */
	pthread_t thread; /* if it is running */
	bool running;
};

void bci_links_init(struct bci_links *links);
void bci_links_free(struct bci_env *env);

/* Make what a handle needs for its backtest; NULL if there is no memory. */
struct bci_linker *bci_linker_make(const struct bc_allocator *allocator,
                                   const char *backtest);
void bci_linker_free(const struct bc_allocator *allocator,
                     struct bci_linker *linker);

/*
 * A handle with a backtest begins to use 'env', or ends it: what is pending is
 * written, and the thread ends with the last one.
 */
void bci_links_join(struct bc_cache *cache, struct bci_env *env);
void bci_links_leave(struct bc_cache *cache, struct bci_env *env);

/* Note a hit that the lane has not noted before. */
void bci_link_note(struct bc_cache *cache, struct bci_env *env,
                   struct bci_linked *linked, uint64_t entry_id,
                   const char *key, size_t key_bytes);

/*
 * Write what is pending as part of a commit, at most 'most' links; entries that
 * are gone are passed over.  They are pending again if it comes to nothing.
 */
enum bc_status bci_links_write(struct bci_writer *writer, size_t most,
                               struct bc_error *err);

/* The commit was made, or not. */
void bci_links_written(struct bci_writer *writer);
void bci_links_give_back(struct bci_writer *writer);

/* Write all that is pending, in commits of their own. */
enum bc_status bci_links_flush(struct bc_cache *cache, struct bci_env *env,
                               struct bc_error *err);

#endif /* BCI_LINKS_H */

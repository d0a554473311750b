/* SPDX-License-Identifier: MIT */
/*
 * cache.h - a handle of a cache, as bc_open() returns it.
 */
#ifndef BCI_CACHE_H
#define BCI_CACHE_H

#include "control.h"
#include "environment.h"
#include "tracer.h"

#define BCI_CACHE_MAGIC 0x63616368u

/* The least warm budget: a page. */
#define BCI_WARM_MIN 4096u

struct bc_cache {
	unsigned magic;
	unsigned flags; /* enum bc_open_flags */
	enum bc_checking checking;
	_Atomic(struct bci_env *) env;
	bool thaws; /* it may write although the cache is frozen */
	int64_t lock_timeout_ns;
	uint64_t hot_bytes; /* 0: as it is */
	uint32_t group_id;  /* of a cache that is made for a group */
	bc_log *log;
	void *log_context;
	struct bc_allocator allocator;
	char name[32];
	pthread_mutex_t reopen_mutex;
	bool notes;   /* it has one of the next two: hits are noted */
	bool recalls; /* a read may be answered as the same one before was */
	struct bci_linker *linker; /* of its backtest; NULL: it has none */
	struct bci_tracer *tracer; /* NULL: accesses are not recorded */
	int64_t link_interval_ns;
	struct bc_cache *next_linking; /* of the handles with a backtest */
};

/* Report an event to the host's log callback. */
void bci_log(const struct bc_cache *cache, enum bc_event event,
             const char *format, ...) BCI_PRINTF(3, 4);

/*
 * bc_open(); with 'thaws' as if the cache were not frozen, which is for who is
 * about to change that.
 */
enum bc_status bci_cache_open(const char *path,
                              const struct bc_options *options, bool thaws,
                              struct bc_cache **out, struct bc_error *err);

/* After fork(): open anew in the child. */
enum bc_status bci_cache_reopen(struct bc_cache *cache, struct bci_env **out,
                                struct bc_error *err);

/* The environment of a handle, opened anew if this is a forked child. */
static inline enum bc_status
bci_cache_env(struct bc_cache *cache, struct bci_env **out,
              struct bc_error *err)
{
	struct bci_env *env =
		atomic_load_explicit(&cache->env, memory_order_acquire);

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	*out = env;
	if (BCI_LIKELY(env->fork_count ==
	               atomic_load_explicit(&bci_fork_count,
	                                    memory_order_relaxed)) ||
	    BCI_CONTROL(fork_unnoticed))
		return BC_OK;
	return bci_cache_reopen(cache, out, err);
}

#endif /* BCI_CACHE_H */

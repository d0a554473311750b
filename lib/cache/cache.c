/* SPDX-License-Identifier: MIT */
/*
 * cache.c - opening, closing and syncing a cache; its options; its log.
 */
#include "common.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "create.h"
#include "day.h"
#include "dir.h"
#include "error.h"
#include "file.h"
#include "hash.h"
#include "label.h"
#include "recover.h"
#include "writer.h"

#define OPEN_FLAGS                                                             \
	(BC_OPEN_CREATE | BC_OPEN_READONLY | BC_OPEN_BYPASS |                  \
	 BC_OPEN_REFRESH | BC_OPEN_GROUP | BC_OPEN_NETWORK)

#define WARM_DEFAULT (1ull << 30)
#define COLD_DEFAULT (10ull << 30)
#define ENTRIES_DEFAULT (1ull << 40)
#define SYNC_DEFAULT_MS 10000
#define LOCK_DEFAULT_MS 10000
#define LINK_DEFAULT_MS 10000

const char *
bc_version(void)
{
	return BC_VERSION_STRING;
}

void
bci_log(const struct bc_cache *cache, enum bc_event event, const char *format,
        ...)
{
	char text[512];
	va_list arguments;

	if (cache->log == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	cache->log(cache->log_context, event, text);
}

/* ---- options ----------------------------------------------------------- */

static enum bc_status
options_check(const struct bc_options *options, struct bc_error *err)
{
	if (options->struct_size != sizeof(*options))
		return bci_fail(err, BC_INVALID,
		                "options were not begun with BC_OPTIONS_INIT");
	if ((options->flags & ~(unsigned)OPEN_FLAGS) != 0)
		return bci_fail(err, BC_INVALID, "unknown open flags %#x",
		                options->flags);
	if ((unsigned)options->durability > BC_SCRATCH ||
	    (unsigned)options->checking > BC_CHECK_NEVER)
		return bci_fail(err, BC_INVALID,
		                "durability or checking is out of range");
	if ((options->allocator.alloc == NULL) !=
	    (options->allocator.release == NULL))
		return bci_fail(err, BC_INVALID,
		                "an allocator needs both functions");
	if (options->warm_bytes != 0 && options->warm_bytes < BCI_WARM_MIN)
		return bci_fail(err, BC_INVALID,
		                "a warm budget of %llu bytes; at least %u",
		                (unsigned long long)options->warm_bytes,
		                BCI_WARM_MIN);
	if (options->value_max_bytes > BCI_SEGMENT_MAX)
		return bci_fail(err, BC_INVALID,
		                "value_max_bytes is at most 1 GiB");
	if (options->backtest != NULL &&
	    !bci_label_valid(options->backtest, strlen(options->backtest)))
		return bci_fail(err, BC_INVALID,
		                "'%.100s' is no name of a backtest",
		                options->backtest);
	if (options->backtest != NULL &&
	    (options->flags & BC_OPEN_READONLY) != 0)
		return bci_fail(err, BC_INVALID,
		                "a backtest is linked with what it reads, "
		                "which takes a handle that writes");
	if ((unsigned)options->policy > BC_POLICY_ADAPTIVE ||
	    options->low_percent > 100)
		return bci_fail(err, BC_INVALID,
		                "policy or low_percent is out of range");
	return BC_OK;
}

/* What a new cache stores. */
static enum bc_status
options_config(const struct bc_options *options,
               struct bci_config_record *config, struct bc_error *err)
{
	*config = (struct bci_config_record){
		.version = BCI_RECORD_VERSION,
		.durability =
			(uint8_t)(options->durability != 0 ? options->durability
		                                           : BC_RELAXED),
		.group = (options->flags & BC_OPEN_GROUP) != 0,
		.format_version = BCI_FORMAT_VERSION,
		.created_ns = bci_clock_wall_ns(),
		.warm_bytes = options->warm_bytes != 0 ? options->warm_bytes
		                                       : WARM_DEFAULT,
		.cold_bytes = options->cold_bytes != 0 ? options->cold_bytes
		                                       : COLD_DEFAULT,
		.value_max_bytes = options->value_max_bytes != 0
		                           ? options->value_max_bytes
		                           : BCI_SEGMENT_MAX,
		.entries_max = options->entries_max != 0 ? options->entries_max
		                                         : ENTRIES_DEFAULT,
		.sync_interval_ms = options->sync_interval_ms != 0
		                            ? options->sync_interval_ms
		                            : SYNC_DEFAULT_MS,
		.policy = (uint8_t)options->policy,
		.low_percent = (uint8_t)options->low_percent,
	};
	if (!bci_random(&config->cache_id, sizeof(config->cache_id)))
		return bci_fail(err, BC_IO, "no random number to be had");
	return BC_OK;
}

/*
 * The file that accesses go to, or NULL.  The environment is not believed by a
 * program that runs with more rights than its user has.
 */
static const char *
options_trace(const struct bc_options *options)
{
	const char *path = options->trace;

	if (path == NULL)
		path = secure_getenv("BARCACHE_TRACE");
	return path != NULL && *path != '\0' ? path : NULL;
}

static struct bc_cache *
cache_make(const struct bc_options *options)
{
	const struct bc_allocator *allocator = options->allocator.alloc != NULL
	                                               ? &options->allocator
	                                               : &bci_allocator_default;
	struct bc_cache *cache = bci_zalloc(allocator, 1, sizeof(*cache));
	uint32_t timeout = options->lock_timeout_ms != 0
	                           ? options->lock_timeout_ms
	                           : LOCK_DEFAULT_MS;
	uint32_t interval = options->link_interval_ms != 0
	                            ? options->link_interval_ms
	                            : LINK_DEFAULT_MS;

	if (cache == NULL)
		return NULL;
	if (options->backtest != NULL) {
		cache->linker = bci_linker_make(allocator, options->backtest);
		if (cache->linker == NULL) {
			bci_free(allocator, cache);
			return NULL;
		}
	}
	cache->magic = BCI_CACHE_MAGIC;
	cache->flags = options->flags;
	cache->checking = options->checking;
	cache->group_id = options->group_id;
	cache->hot_bytes = options->hot_bytes;
	cache->lock_timeout_ns = (int64_t)timeout * 1000000;
	cache->link_interval_ns = (int64_t)interval * 1000000;
	cache->log = options->log;
	cache->log_context = options->log_context;
	cache->allocator = *allocator;
	if (options->name != NULL)
		memcpy(cache->name, options->name,
		       strnlen(options->name, sizeof(cache->name) - 1));
	pthread_mutex_init(&cache->reopen_mutex, NULL);
	return cache;
}

static void
cache_free(struct bc_cache *cache)
{
	struct bc_allocator allocator = cache->allocator;

	bci_linker_free(&allocator, cache->linker);
	bci_tracer_close(&allocator, cache->tracer);
	pthread_mutex_destroy(&cache->reopen_mutex);
	cache->magic = 0;
	bci_free(&allocator, cache);
}

/* ---- open -------------------------------------------------------------- */

/*
 * After another boot what was never synced must be checked before it is read.
 * A cache that cannot be written can only be checked read by read.
 */
static enum bc_status
cache_check_boot(struct bc_cache *cache, struct bci_env *env,
                 struct bc_error *err)
{
	struct bci_config_record config;
	struct bci_state_record state;
	uint8_t boot_id[16];
	struct bci_writer writer;
	enum bc_status status;

	status = bci_env_read(env, &config, &state, err);
	if (status != BC_OK)
		return status;
	bci_boot_id(boot_id);
	/* All that a frozen cache holds was synced. */
	if (config.frozen ||
	    memcmp(boot_id, state.boot_id, sizeof(boot_id)) == 0)
		return BC_OK;
	if (env->read_only || (cache->flags & BC_OPEN_READONLY) != 0) {
		if (cache->checking == BC_CHECK_NEVER)
			cache->checking = BC_CHECK_FIRST;
		return BC_OK;
	}
	status = bci_writer_begin_tidy(cache, env, cache->lock_timeout_ns,
	                               &writer, err);
	if (status == BC_OK)
		status = bci_writer_commit(&writer, err);
	return status;
}

/* Open the environment in 'dir_fd', which is taken over. */
static enum bc_status
cache_attach(struct bc_cache *cache, int dir_fd,
             const struct bci_config_record *config, struct bci_env **out,
             struct bc_error *err)
{
	enum bc_status status;

	status = bci_env_open(cache, dir_fd, config, out, err);
	if (status != BC_OK)
		return status;
	bci_hots_limit(*out, cache->hot_bytes);
	status = cache_check_boot(cache, *out, err);
	if (status != BC_OK) {
		bci_env_close(*out);
		*out = NULL;
		return status;
	}
	if (bci_env_is_guarded(*out))
		bci_log(cache, BC_EVENT_GUARDED,
		        "LMDB has no reader slot for this process: lookups are "
		        "guarded by a lock");
	return BC_OK;
}

enum bc_status
bci_cache_open(const char *path, const struct bc_options *options, bool thaws,
               struct bc_cache **out, struct bc_error *err)
{
	static const struct bc_options defaults = BC_OPTIONS_INIT;
	struct bci_config_record config;
	struct bci_dir_options dir = { 0 };
	struct bc_cache *cache = NULL;
	struct bci_env *env = NULL;
	enum bc_status status;
	const char *trace;
	int dir_fd = -1;

	BCI_ASSERT(path != NULL && out != NULL);
	*out = NULL;
	if (options == NULL)
		options = &defaults;
	BCI_TRY(options_check(options, err));
	if (!bci_db_supported()) {
		status = bci_fail(err, BC_FORMAT,
		                  "liblmdb %s: barcache needs LMDB 0.9, later "
		                  "ones have another file format",
		                  bc_lmdb_version());
		goto done;
	}
	BCI_TRY(options_config(options, &config, err));
	cache = cache_make(options);
	if (cache == NULL) {
		status = bci_fail(err, BC_NOMEM, "no memory to open %s", path);
		goto done;
	}
	cache->thaws = thaws;
	trace = options_trace(options);
	if (trace != NULL)
		BCI_TRY(bci_tracer_open(&cache->allocator, trace,
		                        &cache->tracer, err));
	cache->notes = cache->linker != NULL || cache->tracer != NULL;
	cache->recalls =
		cache->checking == BC_CHECK_FIRST && cache->tracer == NULL;
	dir.create = (options->flags & BC_OPEN_CREATE) != 0;
	dir.group = (options->flags & BC_OPEN_GROUP) != 0;
	dir.network = (options->flags & BC_OPEN_NETWORK) != 0;
	BCI_TRY(bci_dir_open(path, &dir, &dir_fd, err));
	BCI_TRY(cache_attach(cache, dir_fd, dir.create ? &config : NULL, &env,
	                     err));
	atomic_store(&cache->env, env);
	if (cache->linker != NULL)
		bci_links_join(cache, env);
	*out = cache;
	cache = NULL;
done:
	if (cache != NULL)
		cache_free(cache);
	if (status != BC_OK && err != NULL &&
	    strstr(err->message, path) == NULL) {
		struct bc_error inner = *err;

		bci_fail(err, inner.status, "%.100s: %.150s", path,
		         inner.message);
		err->os_errno = inner.os_errno;
	}
	return status;
}

/*
 * A child begins anew: what its parent has pending is the parent's, and what
 * other threads of that were at work on is left alone.
 */
static enum bc_status
cache_relink(struct bc_cache *cache, struct bci_env *env, struct bc_error *err)
{
	struct bci_linker *linker;

	if (cache->linker == NULL)
		return BC_OK;
	linker = bci_linker_make(&cache->allocator, cache->linker->backtest);
	if (linker == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to open a cache");
	cache->linker = linker;
	bci_links_join(cache, env);
	return BC_OK;
}

enum bc_status
bc_open(const char *path, const struct bc_options *options,
        struct bc_cache **out, struct bc_error *err)
{
	return bci_cache_open(path, options, false, out, err);
}

enum bc_status
bci_cache_reopen(struct bc_cache *cache, struct bci_env **out,
                 struct bc_error *err)
{
	struct bci_env *env;
	enum bc_status status = BC_OK;
	int dir_fd;

	pthread_mutex_lock(&cache->reopen_mutex);
	env = atomic_load(&cache->env);
	if (env->fork_count != atomic_load(&bci_fork_count)) {
		dir_fd = openat(env->dir_fd, ".",
		                O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		status = cache_attach(cache, dir_fd, NULL, &env, err);
		if (status == BC_OK)
			status = cache_relink(cache, env, err);
		if (status == BC_OK) {
			if (cache->tracer != NULL)
				bci_tracer_restart(cache->tracer);
			atomic_store(&cache->env, env);
			bci_log(cache, BC_EVENT_REOPEN,
			        "opened anew after fork()");
		}
	}
	pthread_mutex_unlock(&cache->reopen_mutex);
	*out = status == BC_OK ? env : NULL;
	return status;
}

/* ---- sync and close ---------------------------------------------------- */

static enum bc_status
cache_sync(struct bc_cache *cache, struct bci_env *env, struct bc_error *err)
{
	struct bci_writer writer;
	uint64_t failed = 0;
	enum bc_status status;

	status = bci_writer_begin(cache, env, &writer, err);
	if (status != BC_OK)
		return status;
	status = bci_writer_sync_arenas(&writer, &failed, err);
	if (status == BC_OK) {
		/* Makes this commit, and with it all before, durable. */
		writer.must_sync = true;
		status = bci_writer_commit(&writer, err);
		if (status == BC_OK && writer.config.durability == BC_SCRATCH)
			status = bci_db_sync(env->db, err);
		return status;
	}
	bci_writer_abort(&writer);
	if (failed != 0)
		bci_recover_unsynced(cache, env, failed);
	return status;
}

enum bc_status
bc_sync(struct bc_cache *cache, struct bc_error *err)
{
	struct bci_env *env;
	enum bc_status status = bci_cache_env(cache, &env, err);

	return status == BC_OK ? cache_sync(cache, env, err) : status;
}

/* Whether relaxed mode has bytes to sync. */
static bool
cache_owes_sync(struct bci_env *env)
{
	struct bci_config_record config;
	struct bci_state_record state;

	return bci_env_read(env, &config, &state, NULL) == BC_OK &&
	       state.unsynced && config.durability == BC_RELAXED;
}

/*
 * Whether this handle may fold counters into days, and it is due.  Not in a
 * cache without that table: reading one of an older format does not upgrade it.
 */
static bool
cache_owes_fold(struct bc_cache *cache, struct bci_env *env)
{
	bool due = false;
	struct bci_folded folded;
	struct bci_lane *lane;

	if (env->read_only || (cache->flags & BC_OPEN_READONLY) != 0)
		return false;
	lane = bci_lane_take(env);
	if (bci_lane_begin(env, lane) == BC_OK) {
		due = bci_table_is_open(lane->txn, env->tables.days) &&
		      bci_folded_load(lane->txn, &env->tables, &folded) ==
		              BC_OK &&
		      bci_day_is_due(folded.folded_ns, bci_clock_wall_ns());
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	return due;
}

/* Fold, unless somebody writes: who does will fold. */
static void
cache_fold(struct bc_cache *cache, struct bci_env *env)
{
	struct bci_writer writer;

	if (bci_writer_begin_tidy(cache, env, 0, &writer, NULL) != BC_OK)
		return;
	if (bci_writer_fold(&writer, false, NULL) == BC_OK)
		(void)bci_writer_commit(&writer, NULL);
	else
		bci_writer_abort(&writer);
}

void
bc_close(struct bc_cache *cache)
{
	struct bci_env *env;

	if (cache == NULL)
		return;
	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	env = atomic_load(&cache->env);
	if (env->fork_count == atomic_load(&bci_fork_count)) {
		if (cache->linker != NULL)
			bci_links_leave(cache, env);
		if (cache->tracer != NULL)
			bci_tracer_flush(cache->tracer, env);
		if (cache_owes_fold(cache, env))
			cache_fold(cache, env);
		if (!env->read_only && atomic_load(&env->wrote) &&
		    cache_owes_sync(env))
			(void)cache_sync(cache, env, NULL);
		bci_env_close(env);
	} else {
		/* Another thread of the parent may have been at work on it. */
		cache->linker = NULL;
	}
	cache_free(cache);
}

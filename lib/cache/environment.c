/* SPDX-License-Identifier: MIT */
/*
 * environment.c - the registry of open caches of this process, opening and
 * closing their files, fork.
 *
 * LMDB breaks when a process opens a file twice: the first close drops the
 * locks of both.  So environments are shared, found by device and inode of the
 * catalogue.  After fork() the child must neither use nor close what it
 * inherited: its handler closes the lock descriptors (an OFD lock lives as long
 * as any of them), forgets the environments, and every handle opens anew on its
 * next use.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "create.h"
#include "environment.h"
#include "error.h"
#include "file.h"
#include "lease.h"
#include "lock.h"
#include "memo.h"
#include "recent.h"
#include "tally.h"
#include "writer.h"

atomic_uint bci_fork_count;

static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct bci_env *registry; /* environments of this process */
static struct bci_env *zombies;  /* closed, kept for the views they have */

/* ---- fork -------------------------------------------------------------- */

static void
fork_prepare(void)
{
	pthread_mutex_lock(&registry_mutex);
	bci_leases_lock();
}

static void
fork_parent(void)
{
	bci_leases_unlock();
	pthread_mutex_unlock(&registry_mutex);
}

static void
fork_child(void)
{
	struct bci_env *env;

	bci_leases_abandon();
	for (env = registry; env != NULL; env = env->next) {
		bci_file_close(&env->writer_fd);
		bci_file_close(&env->guard_fd);
		bci_file_close(&env->frozen_fd);
		bci_file_close(&env->maps.lock_fd);
		bci_ledger_abandon(&env->ledger);
		for (unsigned i = 0; i < BCI_LANES; i++)
			bci_file_close(&env->lanes[i].guard_fd);
	}
	registry = NULL;
	zombies = NULL;
	atomic_fetch_add(&bci_fork_count, 1);
	pthread_mutex_unlock(&registry_mutex);
}

static void
fork_register(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* ---- closing ----------------------------------------------------------- */

static void
env_free_schemas(struct bci_env *env)
{
	for (unsigned i = 0; i < BCI_SCHEMA_CHUNKS; i++) {
		_Atomic(struct bc_schema *) *chunk =
			atomic_load(&env->schemas[i]);

		for (unsigned k = 0; chunk != NULL && k < BCI_SCHEMA_CHUNK; k++)
			bci_free(&env->allocator, atomic_load(&chunk[k]));
		bci_free(&env->allocator, (void *)chunk);
	}
}

/* What views need goes last: maps, schemas, chunks. */
static void
env_free(struct bci_env *env)
{
	struct bc_allocator allocator = env->allocator;

	bci_file_close(&env->maps.class_fd[BCI_ARENA_WARM]);
	bci_file_close(&env->maps.class_fd[BCI_ARENA_COLD]);
	bci_file_close(&env->maps.lock_fd);
	bci_maps_close(&env->maps);
	env_free_schemas(env);
	for (unsigned i = 0; i < BCI_LANES; i++) {
		bci_chunks_free(env, &env->lanes[i]);
		bci_free(&allocator, env->lanes[i].work);
	}
	for (size_t i = 0; i < BCI_COUNT(env->patrols); i++)
		bci_free(&allocator, env->patrols[i]);
	bci_picks_free(&env->picks, &env->allocator);
	bci_stitches_free(&env->stitches);
	bci_links_free(env);
	bci_hots_free(&env->hots);
	pthread_mutex_destroy(&env->schema_mutex);
	pthread_mutex_destroy(&env->tables_mutex);
	pthread_mutex_destroy(&env->writer_mutex);
	bci_free(&allocator, env);
}

static bool
env_is_pinned(struct bci_env *env)
{
	return bci_maps_pins(&env->maps) != 0 ||
	       atomic_load(&env->chunks_out) != 0;
}

/* Free what the last view has left. */
static void
env_free_zombies(void)
{
	struct bci_env **link = &zombies;

	while (*link != NULL) {
		struct bci_env *env = *link;

		if (env_is_pinned(env)) {
			link = &env->next;
			continue;
		}
		*link = env->next;
		env_free(env);
	}
}

static void
env_close_lanes(struct bci_env *env)
{
	for (unsigned i = 0; i < BCI_LANES; i++) {
		bci_recent_shut(env, &env->lanes[i]);
		bci_memo_shut(&env->lanes[i]);
		bci_cursor_close(env->lanes[i].cursor);
		env->lanes[i].cursor = NULL;
		bci_txn_abort(env->lanes[i].txn);
		env->lanes[i].txn = NULL;
		bci_file_close(&env->lanes[i].guard_fd);
	}
}

/*
 * Close LMDB under the lock that also covers opening: liblmdb 0.9.26 to 0.9.31
 * destroy mutexes that another process may be about to use.
 */
static void
env_close_db(struct bci_env *env)
{
	struct MDB_env *guard = atomic_load(&env->guard_db);
	bool locked;

	if (env->db == NULL && guard == NULL)
		return; /* It was busy already: do not wait once more. */
	locked = env->writer_fd >= 0 &&
	         bci_lock_gated(env->writer_fd, BCI_LOCK_OPEN,
	                        BCI_LOCK_EXCLUSIVE,
	                        bci_clock_monotonic_ns() + BCI_SECOND_NS) == 0;
	if (guard != env->db)
		bci_db_close(guard);
	bci_db_close(env->db);
	env->db = NULL;
	atomic_store(&env->guard_db, NULL);
	if (locked)
		bci_lock_release(env->writer_fd, BCI_LOCK_OPEN);
}

/* Close everything but what views still need; frees it if there are none. */
static void
env_shut(struct bci_env *env)
{
	for (unsigned queue = 0; queue < BCI_QUEUES; queue++)
		bci_appender_close(&env->appenders[queue]);
	bci_stitches_shut(env);
	bci_hots_shut(env);
	env_close_lanes(env);
	env_close_db(env);
	if (env->ledger.row != NULL)
		bci_ledger_close(&env->ledger, &env->allocator);
	bci_file_close(&env->writer_fd);
	bci_file_close(&env->guard_fd);
	bci_file_close(&env->frozen_fd);
	bci_file_close(&env->dir_fd);
	atomic_store(&env->closed, true);
	env->next = zombies;
	zombies = env;
	env_free_zombies();
}

void
bci_env_close(struct bci_env *env)
{
	struct bci_env **link = &registry;

	/* A child leaks what it inherited: closing it would drop locks and
	 * pages that the child's own environment needs. */
	if (env->fork_count != atomic_load(&bci_fork_count))
		return;
	pthread_mutex_lock(&registry_mutex);
	if (--env->references == 0) {
		while (*link != env)
			link = &(*link)->next;
		*link = env->next;
		env_shut(env);
	}
	pthread_mutex_unlock(&registry_mutex);
}

void
bci_env_unpin(struct bci_env *env, atomic_long *dropped)
{
	/* After a fork nothing of what was inherited is freed. */
	bool inherited = env->fork_count != atomic_load(&bci_fork_count);

	pthread_mutex_lock(&registry_mutex);
	atomic_fetch_add(dropped, 1);
	if (!inherited && !atomic_load(&env->closed)) {
		bci_env_collect(env, NULL);
		bci_tally_note(env, bci_clock_coarse_ns());
	}
	env_free_zombies();
	pthread_mutex_unlock(&registry_mutex);
}

void
bci_env_free_chunk(struct bci_env *env, struct bci_chunk *chunk)
{
	/* After a fork nothing of what was inherited is unmapped. */
	bool inherited = env->fork_count != atomic_load(&bci_fork_count);

	pthread_mutex_lock(&registry_mutex);
	bci_free(&env->allocator, chunk);
	if (!inherited && !atomic_load(&env->closed))
		bci_env_collect(env, NULL);
	atomic_fetch_sub(&env->chunks_out, 1);
	env_free_zombies();
	pthread_mutex_unlock(&registry_mutex);
}

/* ---- opening ----------------------------------------------------------- */

static void
env_init(struct bc_cache *cache, struct bci_env *env, int dir_fd)
{
	env->allocator = cache->allocator;
	env->dir_fd = dir_fd;
	env->writer_fd = -1;
	env->guard_fd = -1;
	env->frozen_fd = -1;
	env->references = 1;
	env->fork_count = atomic_load(&bci_fork_count);
	env->pid_namespace = bci_process_namespace();
	env->ledger.fd = -1;
	for (unsigned queue = 0; queue < BCI_QUEUES; queue++)
		env->appenders[queue].dir_fd = -1;
	for (unsigned i = 0; i < BCI_LANES; i++) {
		env->lanes[i].index = i;
		env->lanes[i].guard_fd = -1;
	}
	pthread_mutex_init(&env->schema_mutex, NULL);
	pthread_mutex_init(&env->tables_mutex, NULL);
	pthread_mutex_init(&env->writer_mutex, NULL);
	bci_maps_open(&env->maps, &cache->allocator);
	bci_stitches_open(&env->stitches);
	bci_links_init(&env->links);
	bci_hots_open(&env->hots);
}

/* Open an environment that this process has not; takes 'dir_fd' over. */
static enum bc_status
env_new(struct bc_cache *cache, int dir_fd, const struct stat *st,
        struct bci_env **out, struct bc_error *err)
{
	struct bci_env *env = bci_zalloc(&cache->allocator, 1, sizeof(*env));
	enum bc_status status;

	if (env == NULL) {
		bci_file_close(&dir_fd);
		return bci_fail(err, BC_NOMEM, "no memory to open a cache");
	}
	env_init(cache, env, dir_fd);
	env->device = st->st_dev;
	env->inode = st->st_ino;
	BCI_TRY(bci_env_attach(cache, env, err));
	env->next = registry;
	registry = env;
	*out = env;
	env = NULL;
done:
	if (env != NULL)
		env_shut(env);
	return status;
}

/* Make the catalogue be there, and say which file it is. */
static enum bc_status
env_locate(struct bc_cache *cache, int dir_fd,
           const struct bci_config_record *config, struct stat *st,
           struct bc_error *err)
{
	const int64_t deadline =
		bci_clock_monotonic_ns() + cache->lock_timeout_ns;
	enum bc_status status;
	bool discarded;

	status = bci_scratch_check(dir_fd, deadline, &discarded, err);
	if (status != BC_OK)
		return status;
	if (discarded)
		bci_log(cache, BC_EVENT_DISCARD,
		        "the host was restarted: the scratch cache begins "
		        "afresh");
	if (config != NULL && config->group) {
		status = bci_cache_share(dir_fd, cache->group_id, err);
		if (status != BC_OK)
			return status;
	}
	if (config != NULL) {
		status = bci_cache_create(dir_fd, config, deadline, err);
		if (status != BC_OK)
			return status;
	}
	if (fstatat(dir_fd, BCI_CATALOGUE_FILE, st, AT_SYMLINK_NOFOLLOW) == 0)
		return BC_OK;
	if (errno == ENOENT)
		return bci_fail(err, BC_ABSENT, "there is no %s",
		                BCI_CATALOGUE_FILE);
	return bci_fail_os(err, errno, "cannot examine %s", BCI_CATALOGUE_FILE);
}

enum bc_status
bci_env_open(struct bc_cache *cache, int dir_fd,
             const struct bci_config_record *config, struct bci_env **out,
             struct bc_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct bci_env *env;
	enum bc_status status;
	struct stat st;

	*out = NULL;
	pthread_once(&once, fork_register);
	pthread_mutex_lock(&registry_mutex);
	env_free_zombies();
	status = env_locate(cache, dir_fd, config, &st, err);
	for (env = registry; status == BC_OK && env != NULL; env = env->next) {
		if (env->device == st.st_dev && env->inode == st.st_ino)
			break;
	}
	if (status != BC_OK) {
		bci_file_close(&dir_fd);
	} else if (env != NULL) {
		bci_file_close(&dir_fd);
		env->references++;
		*out = env;
	} else {
		status = env_new(cache, dir_fd, &st, out, err);
	}
	pthread_mutex_unlock(&registry_mutex);
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * freeze.c - freezing and thawing.
 *
 * That a cache is frozen is a setting, which every writer looks at once it has
 * the lock.  A frozen cache is read without LMDB's table of readers, because
 * that is a file to write to; so nobody may ever write while such a reader has
 * it open.  It has a shared lock on a byte of the catalogue's file, which can
 * be taken where nothing can be written, and thawing takes that byte for itself
 * first.
 *
 * To know of the setting before LMDB is opened there is a marker, a file.  It
 * is there only while the setting is: made after it, removed before it.  So a
 * reader that finds it and has the lock may look at the setting.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "create.h"
#include "error.h"
#include "file.h"
#include "freeze.h"
#include "lock.h"
#include "preface.h"
#include "writer.h"

#define FROZEN_FILE "frozen"

/* ---- the marker -------------------------------------------------------- */

enum bc_status
bci_frozen_mark(int dir_fd, bool group, struct bc_error *err)
{
	enum bc_status status;
	int fd = -1;

	status = bci_file_ensure(dir_fd, FROZEN_FILE, group, 0, &fd, err);
	bci_file_close(&fd);
	if (status == BC_OK && fsync(dir_fd) != 0)
		status = bci_fail_os(err, errno, "cannot sync the directory");
	return status;
}

enum bc_status
bci_frozen_unmark(int dir_fd, struct bc_error *err)
{
	if ((unlinkat(dir_fd, FROZEN_FILE, 0) != 0 && errno != ENOENT) ||
	    fsync(dir_fd) != 0)
		return bci_fail_os(err, errno, "cannot remove %s", FROZEN_FILE);
	return BC_OK;
}

static bool
frozen_is_marked(int dir_fd)
{
	return faccessat(dir_fd, FROZEN_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- opening ----------------------------------------------------------- */

/* Whether the setting is what the marker says. */
static enum bc_status
frozen_look(int dir_fd, bool *frozen, struct bc_error *err)
{
	struct bci_config_record config = { 0 };
	struct bci_tables tables;
	struct MDB_env *db = NULL;
	struct MDB_txn *txn = NULL;
	enum bc_status status;

	BCI_TRY(bci_db_open(dir_fd, BCI_CATALOGUE_FILE, BCI_CATALOGUE_MAP,
	                    BCI_DB_READONLY | BCI_DB_NOLOCK, &db, err));
	BCI_TRY(bci_catalogue_tables(db, &tables, err));
	BCI_TRY(bci_txn_begin_read(db, &txn, err));
	BCI_TRY(bci_config_load(txn, &tables, &config, err));
	*frozen = config.frozen != 0;
done:
	bci_txn_abort(txn);
	bci_db_close(db);
	return status;
}

enum bc_status
bci_frozen_attach(struct bc_cache *cache, struct bci_env *env,
                  struct bc_error *err)
{
	int64_t deadline = bci_clock_monotonic_ns() + cache->lock_timeout_ns;
	enum bc_status status;
	bool frozen = false;
	int error, fd = -1;

	if (cache->thaws || !frozen_is_marked(env->dir_fd))
		return BC_OK;
	BCI_TRY(bci_file_open(env->dir_fd, BCI_CATALOGUE_FILE, O_RDONLY, &fd,
	                      err));
	BCI_TRY(bci_preface_check(fd, BCI_CATALOGUE_FILE, err));
	error = bci_lock_gated(fd, BCI_LOCK_FROZEN, BCI_LOCK_SHARED, deadline);
	if (error == EAGAIN) {
		status = bci_fail(err, BC_BUSY,
		                  "another process keeps thawing the cache");
		goto done;
	}
	if (error != 0) {
		status = bci_fail_os(err, error, "cannot lock %s",
		                     BCI_CATALOGUE_FILE);
		goto done;
	}
	if (frozen_is_marked(env->dir_fd))
		BCI_TRY(frozen_look(env->dir_fd, &frozen, err));
	if (frozen) {
		env->read_only = true;
		env->frozen_fd = fd;
		fd = -1;
	}
done:
	bci_file_close(&fd);
	return status;
}

/* ---- freezing ---------------------------------------------------------- */

/* Sync everything and store that nobody writes from now on. */
static enum bc_status
freeze_commit(struct bc_cache *cache, struct bci_env *env, struct bc_error *err)
{
	struct bci_config_record config;
	struct bci_writer writer;
	enum bc_status status;
	uint64_t failed = 0;

	status = bci_writer_begin_tidy(cache, env, cache->lock_timeout_ns,
	                               &writer, err);
	if (status != BC_OK)
		return status;
	config = writer.config;
	config.frozen = 1;
	/* This one commit is synced in a scratch cache as well. */
	writer.config.durability = BC_DURABLE;
	writer.must_sync = true;
	BCI_TRY(bci_writer_flush_all(&writer, err));
	BCI_TRY(bci_writer_sync_arenas(&writer, &failed, err));
	BCI_TRY(bci_config_store(writer.txn, &env->tables, &config, err));
	return bci_writer_commit(&writer, err);
done:
	bci_writer_abort(&writer);
	return status;
}

/* Make the marker, if the cache is still frozen once we have the lock. */
static enum bc_status
freeze_mark(struct bc_cache *cache, struct bci_env *env, struct bc_error *err)
{
	struct bci_config_record config;
	enum bc_status status = bci_writer_lock(cache, env, err);

	if (status != BC_OK)
		return status;
	BCI_TRY(bci_env_read(env, &config, NULL, err));
	if (!config.frozen)
		goto done;
	BCI_TRY(bci_frozen_mark(env->dir_fd, env->group, err));
	/* What a scratch cache holds is on the disk: it stays so. */
	config.durability = BC_DURABLE;
	BCI_TRY(bci_scratch_mark(env->dir_fd, &config, err));
done:
	bci_writer_unlock(env);
	return status;
}

enum bc_status
bc_freeze(struct bc_cache *cache, struct bc_error *err)
{
	struct bci_config_record config;
	enum bc_status status;
	struct bci_env *env;

	status = bci_cache_env(cache, &env, err);
	if (status == BC_OK)
		status = bci_env_read(env, &config, NULL, err);
	if (status != BC_OK || bci_env_is_frozen(env))
		return status;
	if ((cache->flags & BC_OPEN_READONLY) != 0)
		return bci_fail(err, BC_READONLY,
		                "the cache was opened to read only");
	if (!config.frozen)
		status = freeze_commit(cache, env, err);
	return status == BC_OK ? freeze_mark(cache, env, err) : status;
}

/* ---- thawing ----------------------------------------------------------- */

/* Take the byte that readers of a frozen cache share. */
static enum bc_status
thaw_lock(struct bc_cache *cache, struct bci_env *env, int *fd,
          struct bc_error *err)
{
	enum bc_status status;
	int error;

	status =
		bci_file_open(env->dir_fd, BCI_CATALOGUE_FILE, O_RDWR, fd, err);
	if (status != BC_OK)
		return status;
	error = bci_lock_gated(*fd, BCI_LOCK_FROZEN, BCI_LOCK_EXCLUSIVE,
	                       bci_clock_monotonic_ns() +
	                               cache->lock_timeout_ns);
	if (error == EAGAIN)
		return bci_fail(err, BC_BUSY,
		                "a process that opened the frozen cache still "
		                "has it open");
	if (error != 0)
		return bci_fail_os(err, error, "cannot lock %s",
		                   BCI_CATALOGUE_FILE);
	return BC_OK;
}

static enum bc_status
thaw_commit(struct bc_cache *cache, struct bci_env *env, struct bc_error *err)
{
	struct bci_writer writer;
	enum bc_status status;
	int fd = -1;

	status = bci_writer_begin_tidy(cache, env, cache->lock_timeout_ns,
	                               &writer, err);
	if (status != BC_OK)
		return status;
	BCI_TRY(thaw_lock(cache, env, &fd, err));
	BCI_TRY(bci_frozen_unmark(env->dir_fd, err));
	writer.config.frozen = 0;
	if (writer.config.durability == BC_SCRATCH)
		BCI_TRY(bci_scratch_mark(env->dir_fd, &writer.config, err));
	BCI_TRY(bci_config_store(writer.txn, &env->tables, &writer.config,
	                         err));
	writer.must_sync = true;
	status = bci_writer_commit(&writer, err);
	bci_file_close(&fd);
	return status;
done:
	bci_writer_abort(&writer);
	bci_file_close(&fd);
	return status;
}

enum bc_status
bc_thaw(const char *path, const struct bc_options *options,
        struct bc_error *err)
{
	struct bci_config_record config = { 0 };
	struct bc_cache *cache = NULL;
	enum bc_status status;
	struct bci_env *env;

	status = bci_cache_open(path, options, true, &cache, err);
	if (status != BC_OK)
		return status;
	env = atomic_load(&cache->env);
	if (bci_env_is_frozen(env)) /* It was open, and is shared. */
		status = bci_fail(err, BC_BUSY,
		                  "this process has the frozen cache open");
	else
		status = bci_env_read(env, &config, NULL, err);
	if (status == BC_OK && config.frozen)
		status = thaw_commit(cache, env, err);
	bc_close(cache);
	return status;
}

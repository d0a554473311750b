/* SPDX-License-Identifier: MIT */
/*
 * attach.c - opening the files of a cache: lock files, LMDB, ledger; going down
 * to what the permissions allow; refusing or mending what would be a SIGBUS.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "dir.h"
#include "environment.h"
#include "error.h"
#include "file.h"
#include "freeze.h"
#include "lock.h"
#include "preface.h"
#include "writer.h"

#define LOCK_BYTES 4096

enum bc_status
bci_env_fail_unwritable(const struct bci_env *env, struct bc_error *err)
{
	const char *name = env->unwritable;
	struct stat st;

	if (name == NULL ||
	    fstatat(env->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return bci_fail(err, BC_READONLY,
		                "the files of the cache cannot be written");
	return bci_fail(err, BC_READONLY,
	                "the files of the cache cannot be written: %s (mode "
	                "%04o)",
	                name, (unsigned)st.st_mode & 07777u);
}

/* A file of locks for writing, or, where that is not allowed, not at all. */
static enum bc_status
attach_lock_file(struct bci_env *env, const char *name, int *fd,
                 struct bc_error *err)
{
	enum bc_status status;

	if (env->read_only)
		return BC_OK;
	status = bci_file_ensure(env->dir_fd, name, env->group, LOCK_BYTES, fd,
	                         err);
	if (status == BC_DENIED || status == BC_READONLY) {
		env->read_only = true;
		env->unwritable = name;
		return BC_OK;
	}
	return status;
}

static enum bc_status
attach_class(struct bci_env *env, enum bci_arena_class class_,
             struct bc_error *err)
{
	return bci_dir_below(env->dir_fd, bci_arena_directory(class_),
	                     &env->maps.class_fd[class_], err);
}

/* Open everything that is not LMDB. */
static enum bc_status
attach_files(struct bci_env *env, struct bc_error *err)
{
	enum bc_status status;
	struct stat st;
	int fd = -1;

	status = bci_env_is_frozen(env)
	                 ? BC_READONLY
	                 : bci_file_open(env->dir_fd, BCI_CATALOGUE_FILE,
	                                 O_RDWR, &fd, err);
	if (status == BC_DENIED || status == BC_READONLY) {
		env->read_only = true;
		env->unwritable = BCI_CATALOGUE_FILE;
		status = bci_file_open(env->dir_fd, BCI_CATALOGUE_FILE,
		                       O_RDONLY, &fd, err);
	}
	BCI_TRY(status);
	BCI_TRY(bci_preface_check(fd, BCI_CATALOGUE_FILE, err));
	env->group = fstat(fd, &st) == 0 && (st.st_mode & S_IWGRP) != 0;
	BCI_TRY(attach_lock_file(env, "writer.lock", &env->writer_fd, err));
	BCI_TRY(attach_lock_file(env, "arenas.lock", &env->maps.lock_fd, err));
	BCI_TRY(attach_class(env, BCI_ARENA_WARM, err));
	BCI_TRY(attach_class(env, BCI_ARENA_COLD, err));
done:
	bci_file_close(&fd);
	return status;
}

/*
 * Closing LMDB's lock file drops the locks of an environment that an earlier
 * handle of this process may have; but one whose file was copied with holes is
 * the first.
 */
static enum bc_status
attach_fill_lmdb_lock(struct bci_env *env, const struct stat *st,
                      struct bc_error *err)
{
	enum bc_status status;
	int fd = -1;

	if (bci_file_open(env->dir_fd, BCI_CATALOGUE_LOCK, O_RDWR, &fd, NULL) !=
	    BC_OK)
		return BC_OK; /* LMDB cannot write to it either. */
	status = bci_file_fill(fd, 0, (uint64_t)st->st_size, err);
	bci_file_close(&fd);
	return status;
}

/* Therefore it is looked at by name only. */
static enum bc_status
attach_check_lmdb_lock(struct bci_env *env, struct bc_error *err)
{
	struct stat st;
	int fd = -1;
	enum bc_status status;

	if (fstatat(env->dir_fd, BCI_CATALOGUE_LOCK, &st,
	            AT_SYMLINK_NOFOLLOW) == 0) {
		status = bci_file_check(env->dir_fd, BCI_CATALOGUE_LOCK, &st,
		                        err);
		if (status == BC_OK &&
		    bci_file_is_sparse(&st, (uint64_t)st.st_size))
			status = attach_fill_lmdb_lock(env, &st, err);
		return status;
	}
	if (env->read_only)
		return BC_OK;
	/* A copied cache may lack it; a sparse one would be a SIGBUS. */
	status = bci_file_ensure(env->dir_fd, BCI_CATALOGUE_LOCK, env->group,
	                         64u * (4096 + 2), &fd, err);
	bci_file_close(&fd);
	return status;
}

/* Open LMDB, going down to what the permissions allow. */
static enum bc_status
attach_lmdb(struct bci_env *env, struct bc_error *err)
{
	enum bc_status status = BC_DENIED;

	if (!env->read_only)
		status = bci_db_open(env->dir_fd, BCI_CATALOGUE_FILE,
		                     BCI_CATALOGUE_MAP, 0, &env->db, err);
	if ((status == BC_DENIED || status == BC_READONLY) &&
	    !bci_env_is_frozen(env)) {
		if (!env->read_only)
			env->unwritable = BCI_CATALOGUE_LOCK;
		env->read_only = true;
		status = bci_db_open(env->dir_fd, BCI_CATALOGUE_FILE,
		                     BCI_CATALOGUE_MAP, BCI_DB_READONLY,
		                     &env->db, err);
	}
	if (status == BC_DENIED || status == BC_READONLY) {
		status = bci_db_open(
			env->dir_fd, BCI_CATALOGUE_FILE, BCI_CATALOGUE_MAP,
			BCI_DB_READONLY | BCI_DB_NOLOCK, &env->db, err);
		if (status == BC_OK && !bci_env_is_frozen(env))
			atomic_store(&env->guard_db, env->db);
	}
	return status;
}

/*
 * A file that was cut short would be a SIGBUS where its pages are missing.
 * Lengthened, they read as zeros, and LMDB reports them as corrupt.
 */
static enum bc_status
attach_check_size(struct bc_cache *cache, struct bci_env *env,
                  struct bc_error *err)
{
	struct bci_db_facts facts;
	enum bc_status status;
	struct stat st;
	int fd = bci_db_fd(env->db);

	status = bci_db_facts(env->db, &facts, err);
	if (status != BC_OK)
		return status;
	if (fstat(fd, &st) != 0)
		return bci_fail_os(err, errno, "cannot examine %s",
		                   BCI_CATALOGUE_FILE);
	if ((uint64_t)st.st_size >= facts.end_bytes)
		return BC_OK;
	if (env->read_only)
		return bci_fail(err, BC_CORRUPT, "%s was cut short",
		                BCI_CATALOGUE_FILE);
	status = bci_writer_lock(cache, env, err);
	if (status != BC_OK)
		return status;
	status = bci_db_facts(env->db, &facts, err);
	if (status == BC_OK && fstat(fd, &st) == 0 &&
	    (uint64_t)st.st_size < facts.end_bytes &&
	    ftruncate(fd, (off_t)facts.end_bytes) != 0)
		status = bci_fail_os(err, errno, "%s was cut short",
		                     BCI_CATALOGUE_FILE);
	bci_writer_unlock(env);
	return status;
}

static enum bc_status
attach_db(struct bc_cache *cache, struct bci_env *env, struct bc_error *err)
{
	enum bc_status status;
	bool locked = false;

	BCI_TRY(attach_check_lmdb_lock(env, err));
	if (env->writer_fd >= 0) {
		int error = bci_lock_gated(
			env->writer_fd, BCI_LOCK_OPEN, BCI_LOCK_EXCLUSIVE,
			bci_clock_monotonic_ns() + cache->lock_timeout_ns);

		locked = error == 0;
		if (!locked) {
			status = error == EAGAIN
			                 ? bci_fail(err, BC_BUSY,
			                            "another process keeps "
			                            "opening the cache")
			                 : bci_fail_os(
						   err, error,
						   "cannot lock writer.lock");
			goto done;
		}
	}
	BCI_TRY(attach_lmdb(env, err));
	BCI_TRY(attach_check_size(cache, env, err));
done:
	if (locked)
		bci_lock_release(env->writer_fd, BCI_LOCK_OPEN);
	return status;
}

/*
 * Open the tables for all later transactions.  Where LMDB has no reader slot
 * for us, a write transaction does it.
 */
static enum bc_status
attach_tables(struct bc_cache *cache, struct bci_env *env, struct bc_error *err)
{
	enum bc_status status;
	int fd = -1;

	/* Without a reader table, keep writers from committing meanwhile. */
	if (env->read_only && !bci_env_is_frozen(env) &&
	    bci_file_open(env->dir_fd, "guard.lock", O_RDONLY, &fd, NULL) ==
	            BC_OK)
		(void)bci_lock_gated(fd, BCI_LOCK_GUARD, BCI_LOCK_SHARED,
		                     bci_clock_monotonic_ns() +
		                             cache->lock_timeout_ns);
	status = bci_catalogue_tables(env->db, &env->tables, err);
	bci_file_close(&fd);
	if (status != BC_BUSY || env->read_only)
		return status;
	status = bci_writer_lock(cache, env, err);
	if (status != BC_OK)
		return status;
	status = bci_catalogue_tables_write(env->db, &env->tables, err);
	bci_writer_unlock(env);
	return status;
}

/*
 * Make a ledger of a file that is none, or of another version.  Who only reads
 * does it as well, for the handles that may come after it, but neither waits
 * for a writer nor fails: a ledger is not needed to read.
 */
static enum bc_status
attach_new_ledger(struct bc_cache *cache, struct bci_env *env,
                  struct bc_error *err)
{
	bool reads = (cache->flags & BC_OPEN_READONLY) != 0;
	enum bc_status status;

	if (!reads) {
		status = bci_writer_lock(cache, env, err);
		if (status != BC_OK)
			return status;
	} else if (bci_lock_try(env->writer_fd, BCI_LOCK_WRITER,
	                        BCI_LOCK_EXCLUSIVE) != 0) {
		return BC_OK;
	}
	bci_ledger_close(&env->ledger, &env->allocator);
	status = bci_ledger_open(&env->ledger, env->dir_fd, env->cache_id, true,
	                         env->group, &env->allocator, err);
	if (!reads)
		bci_writer_unlock(env);
	else
		bci_lock_release(env->writer_fd, BCI_LOCK_WRITER);
	if (status == BC_OK || !reads)
		return status;
	return bci_ledger_open(&env->ledger, env->dir_fd, env->cache_id, false,
	                       env->group, &env->allocator, err);
}

static enum bc_status
attach_ledger(struct bc_cache *cache, struct bci_env *env, struct bc_error *err)
{
	enum bc_status status;

	status = bci_ledger_open(&env->ledger, env->dir_fd, env->cache_id,
	                         false, env->group, &env->allocator, err);
	if (status == BC_OK && env->ledger.header == NULL && !env->read_only)
		status = attach_new_ledger(cache, env, err);
	if (bci_env_is_frozen(env))
		env->ledger.writable = false; /* Counts in private memory. */
	if (status == BC_OK && !env->read_only)
		bci_ledger_claim(&env->ledger,
		                 cache->name[0] != '\0' ? cache->name : NULL,
		                 env->pid_namespace, &env->allocator);
	return status;
}

/*
 * Read what the catalogue says of itself, through a lane as readers do.  The
 * state too: another format is refused before the ledger is written to.
 */
static enum bc_status
attach_config(struct bci_env *env, struct bc_error *err)
{
	struct bci_config_record config;
	struct bci_state_record state;
	enum bc_status status = bci_env_read(env, &config, &state, err);

	if (status == BC_OK)
		env->cache_id = config.cache_id;
	return status;
}

enum bc_status
bci_env_attach(struct bc_cache *cache, struct bci_env *env,
               struct bc_error *err)
{
	enum bc_status status;

	BCI_TRY(bci_frozen_attach(cache, env, err));
	BCI_TRY(attach_files(env, err));
	if (cache->thaws && env->read_only) {
		status = bci_env_fail_unwritable(env, err);
		goto done;
	}
	BCI_TRY(attach_db(cache, env, err));
	BCI_TRY(attach_tables(cache, env, err));
	BCI_TRY(attach_config(env, err));
	BCI_TRY(attach_ledger(cache, env, err));
done:
	return status;
}

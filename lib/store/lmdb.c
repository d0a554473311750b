/* SPDX-License-Identifier: MIT */
/*
 * lmdb.c - the calls to LMDB, and what its codes mean to us.
 *
 * LMDB's own file locking covers the catalogue only.  Arenas are opened with
 * MDB_NOLOCK under the outer writer lock, so they have no lock files.  Readers
 * use MDB_NOTLS: a slot of the reader table belongs to a transaction object,
 * which is pooled, not to a thread.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "control.h"
#include "db.h"
#include "error.h"

#define READERS_MAX 4096
#define TABLES_MAX 32

/* A disk with less than this left is full. */
#define FULL_BYTES (64u << 10)

_Static_assert(sizeof(struct bci_bytes) == sizeof(MDB_val), "MDB_val");

static char lmdb_version_text[32];

static void
lmdb_version_write(void)
{
	int major, minor, patch;

	mdb_version(&major, &minor, &patch);
	snprintf(lmdb_version_text, sizeof(lmdb_version_text), "%d.%d.%d",
	         major, minor, patch);
}

const char *
bc_lmdb_version(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, lmdb_version_write);
	return lmdb_version_text;
}

bool
bci_db_supported(void)
{
	int major, minor, patch;

	mdb_version(&major, &minor, &patch);
	return major == 0 && minor == 9;
}

static enum bc_status
lmdb_status(int code)
{
	switch (code) {
	case MDB_SUCCESS:
		return BC_OK;
	case MDB_NOTFOUND:
		return BC_MISS;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_BAD_TXN:
		return BC_CORRUPT;
	case MDB_VERSION_MISMATCH:
	case MDB_INVALID:
	case MDB_INCOMPATIBLE:
		return BC_FORMAT;
	case MDB_MAP_FULL:
		return BC_FULL;
	case MDB_READERS_FULL:
	case MDB_BAD_RSLOT:
	case EAGAIN:
		return BC_BUSY;
	default:
		return code > 0 ? bci_status_of(code) : BC_IO;
	}
}

static enum bc_status
lmdb_fail(struct bc_error *err, int code, const char *what)
{
	enum bc_status status = lmdb_status(code);

	if (code == MDB_SUCCESS)
		return BC_OK;
	bci_fail(err, status, "%s: %s", what, mdb_strerror(code));
	if (err != NULL && code > 0)
		err->os_errno = code;
	return status;
}

static enum bc_status
lmdb_open_fail(struct bc_error *err, int code, const char *name,
               uint64_t map_bytes)
{
	if (code == MDB_VERSION_MISMATCH || code == MDB_INVALID)
		return bci_fail(err, BC_FORMAT,
		                "%s is not a file of LMDB 0.9 (liblmdb %s says "
		                "%s)",
		                name, bc_lmdb_version(), mdb_strerror(code));
	if (code == ENOMEM)
		return bci_fail(err, BC_NOMEM,
		                "cannot map %s: %llu MiB of address space are "
		                "needed (see ulimit -v)",
		                name, (unsigned long long)map_bytes >> 20);
	return lmdb_fail(err, code, name);
}

enum bc_status
bci_db_open(int dir_fd, const char *name, uint64_t map_bytes, unsigned flags,
            struct MDB_env **out, struct bc_error *err)
{
	unsigned lmdb_flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD;
	char path[96];
	MDB_env *env = NULL;
	int code, fd = -1;

	*out = NULL;
	if ((flags & BCI_DB_READONLY) != 0)
		lmdb_flags |= MDB_RDONLY;
	if ((flags & BCI_DB_NOLOCK) != 0)
		lmdb_flags |= MDB_NOLOCK;
	if ((flags & BCI_DB_NOSYNC) != 0)
		lmdb_flags |= MDB_NOSYNC;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, name);
	code = mdb_env_create(&env);
	if (code == MDB_SUCCESS)
		code = mdb_env_set_mapsize(env, map_bytes);
	if (code == MDB_SUCCESS)
		code = mdb_env_set_maxdbs(env, TABLES_MAX);
	if (code == MDB_SUCCESS)
		code = mdb_env_set_maxreaders(env, READERS_MAX);
	if (code == MDB_SUCCESS)
		code = mdb_env_open(env, path, lmdb_flags, 0600);
	if (code != MDB_SUCCESS) {
		if (env != NULL)
			mdb_env_close(env);
		return lmdb_open_fail(err, code, name, map_bytes);
	}
	/* LMDB 0.9 opens its data file without O_CLOEXEC. */
	if (mdb_env_get_fd(env, &fd) == MDB_SUCCESS)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	*out = env;
	return BC_OK;
}

void
bci_db_close(struct MDB_env *env)
{
	if (env != NULL)
		mdb_env_close(env);
}

void
bci_db_set_sync(struct MDB_env *env, enum bci_db_sync sync)
{
	mdb_env_set_flags(env, MDB_NOSYNC,
	                  sync == BCI_SYNC_NONE || BCI_CONTROL(no_sync));
	mdb_env_set_flags(env, MDB_NOMETASYNC, sync == BCI_SYNC_DATA);
}

enum bc_status
bci_db_sync(struct MDB_env *env, struct bc_error *err)
{
	return lmdb_fail(err, mdb_env_sync(env, 1), "cannot sync");
}

int
bci_db_fd(struct MDB_env *env)
{
	int fd = -1;

	(void)mdb_env_get_fd(env, &fd);
	return fd;
}

enum bc_status
bci_db_facts(struct MDB_env *env, struct bci_db_facts *facts,
             struct bc_error *err)
{
	MDB_envinfo info;
	MDB_stat stat;
	int code = mdb_env_info(env, &info);

	if (code == MDB_SUCCESS)
		code = mdb_env_stat(env, &stat);
	if (code != MDB_SUCCESS)
		return lmdb_fail(err, code, "cannot examine the file");
	facts->page_bytes = stat.ms_psize;
	facts->end_bytes = (info.me_last_pgno + 1) * stat.ms_psize;
	facts->txnid = info.me_last_txnid;
	facts->readers = info.me_numreaders;
	facts->readers_max = info.me_maxreaders;
	return BC_OK;
}

uint64_t
bci_db_newest(struct MDB_env *env)
{
	MDB_envinfo info;

	return mdb_env_info(env, &info) == MDB_SUCCESS ? info.me_last_txnid : 0;
}

/* A line of mdb_reader_list(): process, thread, and the commit or "-". */
static int
readers_line(const char *line, void *context)
{
	struct bci_db_readers *readers = context;
	unsigned long long txnid;
	char thread[32];
	int pid, fields;

	fields = sscanf(line, "%d %31s %llu", &pid, thread, &txnid);
	if (fields < 2)
		return 0; /* The heading, or that there are none. */
	readers->used++;
	if (kill(pid, 0) != 0 && errno == ESRCH)
		readers->stale++;
	if (fields == 3 && (readers->oldest == 0 || txnid < readers->oldest))
		readers->oldest = txnid;
	return 0;
}

void
bci_db_readers(struct MDB_env *env, struct bci_db_readers *out)
{
	*out = (struct bci_db_readers){ 0 };
	(void)mdb_reader_list(env, readers_line, out);
}

void
bci_db_clear_readers(struct MDB_env *env)
{
	int dead;

	if (!BCI_CONTROL(no_reader_check))
		(void)mdb_reader_check(env, &dead);
}

enum bc_status
bci_txn_begin(struct MDB_env *env, struct MDB_txn **out, struct bc_error *err)
{
	*out = NULL;
	return lmdb_fail(err, mdb_txn_begin(env, NULL, 0, out),
	                 "cannot begin a write transaction");
}

enum bc_status
bci_txn_begin_read(struct MDB_env *env, struct MDB_txn **out,
                   struct bc_error *err)
{
	int code = mdb_txn_begin(env, NULL, MDB_RDONLY, out);

	if (code == MDB_READERS_FULL) {
		/* Nobody but readers in need clears slots of the dead. */
		bci_db_clear_readers(env);
		code = mdb_txn_begin(env, NULL, MDB_RDONLY, out);
	}
	if (code != MDB_SUCCESS)
		*out = NULL;
	return lmdb_fail(err, code, "cannot begin a read transaction");
}

/* LMDB takes the short write of a disk that gets full for EIO. */
static int
lmdb_full_disk(MDB_env *env, int code)
{
	struct statvfs fs;

	if (code != EIO || fstatvfs(bci_db_fd(env), &fs) != 0 ||
	    (uint64_t)fs.f_bavail * fs.f_frsize >= FULL_BYTES)
		return code;
	return ENOSPC;
}

enum bc_status
bci_txn_commit(struct MDB_txn **txn, struct bc_error *err)
{
	MDB_env *env = mdb_txn_env(*txn);
	int code = mdb_txn_commit(*txn);

	*txn = NULL; /* LMDB frees it even when it fails. */
	return lmdb_fail(err, lmdb_full_disk(env, code), "cannot commit");
}

void
bci_txn_abort(struct MDB_txn *txn)
{
	if (txn != NULL)
		mdb_txn_abort(txn);
}

void
bci_txn_reset(struct MDB_txn *txn)
{
	mdb_txn_reset(txn);
}

enum bc_status
bci_txn_renew(struct MDB_txn *txn)
{
	return lmdb_status(mdb_txn_renew(txn));
}

uint64_t
bci_txn_id(struct MDB_txn *txn)
{
	return mdb_txn_id(txn);
}

enum bc_status
bci_table_open(struct MDB_txn *txn, const char *name, bool create,
               bool integer_keys, unsigned *table, struct bc_error *err)
{
	unsigned flags = (create ? MDB_CREATE : 0u) |
	                 (integer_keys ? MDB_INTEGERKEY : 0u);
	int code = mdb_dbi_open(txn, name, flags, table);
	unsigned stored = 0;

	if (code == MDB_NOTFOUND)
		return bci_fail(err, BC_FORMAT, "there is no table '%s'", name);
	if (code == MDB_SUCCESS)
		code = mdb_dbi_flags(txn, *table, &stored);
	/* LMDB walks over the pages of such a table in another way. */
	if (code == MDB_SUCCESS && (stored & ~(unsigned)MDB_INTEGERKEY) != 0)
		return bci_fail(err, BC_FORMAT,
		                "a table is of a kind that barcache does not "
		                "make");
	return lmdb_fail(err, code, "cannot open a table");
}

bool
bci_table_is_open(struct MDB_txn *txn, unsigned table)
{
	unsigned flags;

	return mdb_dbi_flags(txn, table, &flags) == MDB_SUCCESS;
}

enum bc_status
bci_table_count(struct MDB_txn *txn, unsigned table, uint64_t *count)
{
	MDB_stat stat;
	int code = mdb_stat(txn, table, &stat);

	*count = code == MDB_SUCCESS ? stat.ms_entries : 0;
	return lmdb_status(code);
}

uint64_t
bci_table_bytes(struct MDB_txn *txn, unsigned table)
{
	MDB_stat stat;

	if (mdb_stat(txn, table, &stat) != MDB_SUCCESS)
		return 0;
	return (stat.ms_branch_pages + stat.ms_leaf_pages +
	        stat.ms_overflow_pages) *
	       (uint64_t)stat.ms_psize;
}

enum bc_status
bci_table_get(struct MDB_txn *txn, unsigned table, const void *key,
              size_t key_bytes, struct bci_bytes *value)
{
	MDB_val name = { key_bytes, (void *)(uintptr_t)key };

	return lmdb_status(
		mdb_get(txn, table, &name, (MDB_val *)(void *)value));
}

enum bc_status
bci_table_put(struct MDB_txn *txn, unsigned table, const void *key,
              size_t key_bytes, const void *value, size_t bytes,
              struct bc_error *err)
{
	MDB_val name = { key_bytes, (void *)(uintptr_t)key };
	MDB_val content = { bytes, (void *)(uintptr_t)value };

	return lmdb_fail(err, mdb_put(txn, table, &name, &content, 0),
	                 "cannot write a record");
}

enum bc_status
bci_table_put_last(struct MDB_txn *txn, unsigned table,
                   const struct bci_bytes *key, const struct bci_bytes *value,
                   struct bc_error *err)
{
	MDB_val name = { key->size, (void *)(uintptr_t)key->data };
	MDB_val content = { value->size, (void *)(uintptr_t)value->data };

	return lmdb_fail(err, mdb_put(txn, table, &name, &content, MDB_APPEND),
	                 "cannot write a record");
}

enum bc_status
bci_table_reserve(struct MDB_txn *txn, unsigned table, const void *key,
                  size_t key_bytes, size_t bytes, void **room,
                  struct bc_error *err)
{
	MDB_val name = { key_bytes, (void *)(uintptr_t)key };
	MDB_val content = { bytes, NULL };
	int code = mdb_put(txn, table, &name, &content, MDB_RESERVE);

	*room = content.mv_data;
	return lmdb_fail(err, code, "cannot write a record");
}

enum bc_status
bci_table_append(struct MDB_txn *txn, unsigned table, uint64_t key,
                 size_t bytes, void **room, uint64_t *page,
                 struct bc_error *err)
{
	MDB_val name = { sizeof(key), &key };
	MDB_val content = { bytes, NULL };
	int code =
		mdb_put(txn, table, &name, &content, MDB_RESERVE | MDB_APPEND);

	if (code != MDB_SUCCESS)
		return lmdb_fail(err, code, "cannot append a segment");
	*room = content.mv_data;
	/* An overflow page begins with its number, 16 bytes before the data,
	 * and keeps it through the commit. */
	memcpy(page, (char *)content.mv_data - 16, sizeof(*page));
	return BC_OK;
}

enum bc_status
bci_table_delete(struct MDB_txn *txn, unsigned table, const void *key,
                 size_t key_bytes, struct bc_error *err)
{
	MDB_val name = { key_bytes, (void *)(uintptr_t)key };
	int code = mdb_del(txn, table, &name, NULL);

	if (code == MDB_NOTFOUND)
		return BC_MISS;
	return lmdb_fail(err, code, "cannot delete a record");
}

enum bc_status
bci_cursor_open(struct MDB_txn *txn, unsigned table, struct MDB_cursor **out,
                struct bc_error *err)
{
	int code = mdb_cursor_open(txn, table, out);

	if (code != MDB_SUCCESS)
		*out = NULL;
	return lmdb_fail(err, code, "cannot open a cursor");
}

enum bc_status
bci_cursor_renew(struct MDB_txn *txn, struct MDB_cursor *cursor)
{
	return lmdb_status(mdb_cursor_renew(txn, cursor));
}

void
bci_cursor_close(struct MDB_cursor *cursor)
{
	if (cursor != NULL)
		mdb_cursor_close(cursor);
}

enum bc_status
bci_cursor_move(struct MDB_cursor *cursor, enum bci_seek seek,
                struct bci_bytes *key, struct bci_bytes *value)
{
	static const MDB_cursor_op operations[] = {
		[BCI_FIRST] = MDB_FIRST,    [BCI_LAST] = MDB_LAST,
		[BCI_NEXT] = MDB_NEXT,      [BCI_PREV] = MDB_PREV,
		[BCI_FROM] = MDB_SET_RANGE,
	};

	return lmdb_status(mdb_cursor_get(cursor, (MDB_val *)(void *)key,
	                                  (MDB_val *)(void *)value,
	                                  operations[seek]));
}

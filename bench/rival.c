/* SPDX-License-Identifier: MIT */
/*
 * rival.c - what barcache is compared with: LMDB used as plainly as can be,
 * and a mapped file of frames whose place is computed.  Neither checks,
 * counts, bounds or evicts anything: they are floors, not alternatives.
 */
#include "data.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Address space of a rival's map; sparse, more than any case writes. */
#define RIVAL_MAP_BYTES ((size_t)16 << 30)

struct bench_lmdb {
	MDB_env *env;
	MDB_txn *reader; /* reset between reads; NULL before the first */
	MDB_txn *writer;
	MDB_dbi dbi;
};

/* End the program if an LMDB call failed. */
static void
rival_check(int code, const char *call)
{
	if (code != 0)
		bench_die("%s: %s", call, mdb_strerror(code));
}

struct bench_lmdb *
bench_lmdb_open(const char *path, bool create, enum bench_lmdb_sync sync)
{
	static const unsigned sync_flags[] = {0, MDB_NOMETASYNC, MDB_NOSYNC};
	struct bench_lmdb *lmdb = bench_alloc(1, sizeof(*lmdb));
	unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | sync_flags[sync];
	MDB_txn *txn;

	if (!create)
		flags |= MDB_RDONLY;
	rival_check(mdb_env_create(&lmdb->env), "mdb_env_create");
	rival_check(mdb_env_set_mapsize(lmdb->env, RIVAL_MAP_BYTES),
	            "mdb_env_set_mapsize");
	rival_check(mdb_env_open(lmdb->env, path, flags, 0600),
	            "mdb_env_open");
	rival_check(mdb_txn_begin(lmdb->env, NULL, create ? 0 : MDB_RDONLY,
	                          &txn),
	            "mdb_txn_begin");
	rival_check(mdb_dbi_open(txn, NULL, 0, &lmdb->dbi), "mdb_dbi_open");
	rival_check(mdb_txn_commit(txn), "mdb_txn_commit");
	return lmdb;
}

void
bench_lmdb_close(struct bench_lmdb *lmdb)
{
	mdb_txn_abort(lmdb->reader);
	mdb_env_close(lmdb->env);
	free(lmdb);
}

void
bench_lmdb_begin(struct bench_lmdb *lmdb)
{
	rival_check(mdb_txn_begin(lmdb->env, NULL, 0, &lmdb->writer),
	            "mdb_txn_begin");
}

void
bench_lmdb_put(struct bench_lmdb *lmdb, const char *key, const void *data,
               size_t bytes)
{
	MDB_val name = {strlen(key), (void *)(uintptr_t)key};
	MDB_val value = {bytes, (void *)(uintptr_t)data};

	rival_check(mdb_put(lmdb->writer, lmdb->dbi, &name, &value, 0),
	            "mdb_put");
}

void *
bench_lmdb_reserve(struct bench_lmdb *lmdb, const char *key, size_t bytes)
{
	MDB_val name = {strlen(key), (void *)(uintptr_t)key};
	MDB_val value = {bytes, NULL};

	rival_check(mdb_put(lmdb->writer, lmdb->dbi, &name, &value,
	                    MDB_RESERVE),
	            "mdb_put");
	return value.mv_data;
}

void
bench_lmdb_delete(struct bench_lmdb *lmdb, const char *key)
{
	MDB_val name = {strlen(key), (void *)(uintptr_t)key};

	rival_check(mdb_del(lmdb->writer, lmdb->dbi, &name, NULL), "mdb_del");
}

void
bench_lmdb_copy(struct bench_lmdb *lmdb, const char *path)
{
	rival_check(mdb_env_copy2(lmdb->env, path, MDB_CP_COMPACT),
	            "mdb_env_copy2");
}

void
bench_lmdb_commit(struct bench_lmdb *lmdb)
{
	rival_check(mdb_txn_commit(lmdb->writer), "mdb_txn_commit");
	lmdb->writer = NULL;
}

uint64_t
bench_read_lmdb(void *context, const char *key, uint32_t index)
{
	struct bench_lmdb *lmdb = context;
	MDB_val name = {strlen(key), (void *)(uintptr_t)key};
	MDB_val value;
	uint64_t first;

	(void)index;
	if (lmdb->reader == NULL)
		rival_check(mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY,
		                          &lmdb->reader),
		            "mdb_txn_begin");
	else
		rival_check(mdb_txn_renew(lmdb->reader), "mdb_txn_renew");
	rival_check(mdb_get(lmdb->reader, lmdb->dbi, &name, &value),
	            "mdb_get");
	memcpy(&first, value.mv_data, sizeof(first));
	mdb_txn_reset(lmdb->reader);
	return first;
}

void
bench_flat_open(struct bench_flat *flat, const char *path, size_t frame_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat state;
	void *base;

	if (fd < 0 || fstat(fd, &state) != 0)
		bench_die("%s: %s", path, strerror(errno));
	base = mmap(NULL, (size_t)state.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		bench_die("%s: %s", path, strerror(errno));
	close(fd);
	flat->base = base;
	flat->bytes = (size_t)state.st_size;
	flat->frame_bytes = frame_bytes;
}

void
bench_flat_close(struct bench_flat *flat)
{
	munmap((void *)(uintptr_t)flat->base, flat->bytes);
	flat->base = NULL;
}

uint64_t
bench_read_flat(void *context, const char *key, uint32_t index)
{
	const struct bench_flat *flat = context;
	uint64_t first;

	(void)key;
	memcpy(&first, flat->base + index * flat->frame_bytes, sizeof(first));
	return first;
}

/* SPDX-License-Identifier: MIT */
/*
 * copy.c - a copy of a cache as it is at one moment, while it is in use.
 *
 * One read transaction of the catalogue is that moment.  It names arenas, and
 * what they hold up to their recorded ends is never changed; so all that is to
 * be done at once is to map them, which keeps their bytes even if a writer
 * removes the files.  If one was removed before it could be mapped, a newer
 * transaction is begun.  Then the records are copied, the transaction ends, and
 * the arenas follow in any time it takes.  No lock is held, so no writer waits.
 *
 * The cache keeps its id: it is in the header of every segment, under the
 * checksum that the catalogue has.  All arenas of the copy are sealed, because
 * LMDB's own pages in them may be those of a later commit.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "clone.h"
#include "create.h"
#include "dir.h"
#include "error.h"
#include "file.h"
#include "freeze.h"
#include "replica.h"
#include "target.h"

/* How often a newer transaction is begun. */
#define COPY_RETRIES 100

#define COPY_FLAGS (BC_COPY_VERIFY | BC_COPY_FREEZE)

struct copy_arena {
	uint64_t number;
	uint64_t end_bytes;
	enum bci_arena_class class_;
	struct bci_map *map; /* pinned; NULL: its file is lost */
	unsigned shard;
};

struct copy {
	struct bc_cache *cache;
	struct bci_env *env;
	const struct bc_copy_options *options;
	struct bc_copy_report *report;
	struct bci_target target;
	struct copy_arena *arenas;
	size_t count, room;
	bool unsure; /* an arena is not there, or shorter than it was */
	struct bci_config_record config;
	struct bci_state_record state;
	uint64_t done;
};

static void
copy_progress(void *context, uint64_t bytes)
{
	struct copy *copy = context;

	copy->done += bytes;
	if (copy->options->progress != NULL)
		copy->options->progress(copy->options->context, copy->done,
		                        copy->report->bytes);
}

/* ---- one moment -------------------------------------------------------- */

static void
copy_unpin(struct copy *copy)
{
	for (size_t i = 0; i < copy->count; i++) {
		struct bci_map *map = copy->arenas[i].map;

		if (map != NULL)
			bci_map_unpin(
				map, &map->pins[copy->arenas[i].shard].dropped);
	}
	copy->count = 0;
}

/* Map an arena and remember it. */
static enum bc_status
copy_pin_arena(struct copy *copy, struct bci_lane *lane, uint64_t number,
               const struct bci_arena_record *record)
{
	struct copy_arena arena = {
		.number = number,
		.end_bytes = record->end_bytes,
		.class_ = (enum bci_arena_class)record->class_,
		.shard = lane->index,
	};
	enum bc_status status;

	if (copy->count == copy->room) {
		size_t room = copy->room * 2 + 16;

		copy->arenas = bci_regrow(&copy->env->allocator, copy->arenas,
		                          copy->count, room, sizeof(arena));
		copy->room = copy->arenas == NULL ? 0 : room;
		if (copy->arenas == NULL) {
			copy->count = 0;
			return BC_NOMEM;
		}
	}
	arena.map = bci_maps_find(&copy->env->maps, number);
	status = arena.map != NULL ? BC_OK
	                           : bci_maps_add(&copy->env->maps, number,
	                                          record, &arena.map);
	if (status == BC_OK) {
		bci_map_pin(arena.map, lane->index);
		copy->report->bytes += arena.end_bytes;
		/* How long it is can be asked while it has its name. */
		copy->unsure |= !bci_map_reaches(arena.map, arena.end_bytes);
	} else if (status == BC_MISS) {
		arena.map = NULL;
		copy->report->lost_arenas++;
		copy->unsure = true;
	} else {
		return status;
	}
	copy->arenas[copy->count++] = arena;
	return BC_OK;
}

/* Map all arenas that the lane's transaction names. */
static enum bc_status
copy_pin(struct copy *copy, struct bci_lane *lane)
{
	struct bci_arena_record arena;
	enum bc_status status;
	uint64_t number = 0;

	copy_unpin(copy);
	copy->report->bytes = 0;
	copy->report->lost_arenas = 0;
	copy->unsure = false;
	while ((status = bci_arena_next(lane->txn, &copy->env->tables, &number,
	                                &arena)) == BC_OK) {
		status = copy_pin_arena(copy, lane, number, &arena);
		if (status != BC_OK)
			return status;
	}
	return status == BC_MISS ? BC_OK : status;
}

/* Begin a transaction that knows all tables, unless the cache lacks some. */
static enum bc_status
copy_begin(struct copy *copy, struct bci_lane *lane)
{
	struct bci_env *env = copy->env;
	enum bc_status status = bci_lane_begin(env, lane);

	if (status != BC_OK ||
	    bci_table_is_open(lane->txn, env->tables.coverage))
		return status;
	status = bci_lane_open_tables(env, lane);
	bci_lane_end(lane);
	return status == BC_ABSENT ? bci_lane_begin(env, lane) : status;
}

/*
 * Begin a transaction and map the arenas that it names.  One that is not there
 * was removed by a later commit; if there is none, it is lost.
 */
static enum bc_status
copy_moment(struct copy *copy, struct bci_lane *lane, struct bc_error *err)
{
	enum bc_status status;

	for (int i = 0; i < COPY_RETRIES; i++) {
		status = copy_begin(copy, lane);
		if (status != BC_OK)
			return bci_fail(err, status, "cannot read %s: %s",
			                BCI_CATALOGUE_FILE,
			                bc_strerror(status));
		status = copy_pin(copy, lane);
		if (status == BC_OK &&
		    (!copy->unsure ||
		     bci_db_newest(copy->env->db) == bci_txn_id(lane->txn)))
			return BC_OK;
		bci_lane_end(lane);
		if (status != BC_OK)
			return bci_fail(err, status,
			                "cannot map the arenas: %s",
			                bc_strerror(status));
	}
	return bci_fail(err, BC_BUSY,
	                "arenas are removed faster than they can be mapped");
}

/* ---- the catalogue ----------------------------------------------------- */

/* What the copy is set to. */
static void
copy_settings(struct copy *copy, struct bci_config_record *config)
{
	*config = copy->config;
	config->format_version = BCI_FORMAT_VERSION;
	config->frozen = (copy->options->flags & BC_COPY_FREEZE) != 0;
	/* It is on the disk, and is to be there after a reboot as well. */
	if (config->durability == BC_SCRATCH)
		config->durability = BC_RELAXED;
}

/* Make an empty cache in the new directory, and fill its catalogue. */
static enum bc_status
copy_catalogue(struct copy *copy, struct bci_lane *lane, struct bc_error *err)
{
	struct bci_config_record config;
	struct bci_tables tables;
	uint8_t boot_id[16];
	struct MDB_env *db = NULL;
	enum bc_status status;

	BCI_TRY(bci_config_load(lane->txn, &copy->env->tables, &copy->config,
	                        err));
	BCI_TRY(bci_state_load(lane->txn, &copy->env->tables, &copy->state,
	                       err));
	copy_settings(copy, &config);
	BCI_TRY(bci_cache_files(copy->target.dir_fd, &config, err));
	BCI_TRY(bci_db_open(copy->target.dir_fd, BCI_CATALOGUE_FILE,
	                    BCI_CATALOGUE_MAP, BCI_DB_NOLOCK | BCI_DB_NOSYNC,
	                    &db, err));
	BCI_TRY(bci_catalogue_tables(db, &tables, err));
	BCI_TRY(bci_replica_fill(lane->txn, &copy->env->tables, db, &tables,
	                         err));
	bci_boot_id(boot_id);
	BCI_TRY(bci_replica_settle(db, &tables, &config, boot_id, &copy->state,
	                           err));
	copy->report->revision = copy->state.revision;
	copy->report->committed_ns = copy->state.committed_ns;
	copy->report->entries = copy->state.entries;
done:
	bci_db_close(db);
	return status;
}

/* The records of one moment; the arenas are mapped when it is over. */
static enum bc_status
copy_records(struct copy *copy, struct bc_error *err)
{
	struct bci_lane *lane = bci_lane_take(copy->env);
	enum bc_status status = copy_moment(copy, lane, err);

	if (status == BC_OK) {
		status = copy_catalogue(copy, lane, err);
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	return status;
}

/* ---- arenas ------------------------------------------------------------ */

/* Write what is mapped: the file has no name any more. */
static enum bc_status
copy_from_map(struct copy *copy, const struct copy_arena *arena, int to,
              struct bc_error *err)
{
	const uint64_t step = 1u << 20;
	uint64_t bytes = arena->end_bytes;
	enum bc_status status = BC_OK;

	if (!bci_map_reaches(arena->map, bytes))
		bytes = bci_min(bytes, atomic_load(&arena->map->known_bytes));
	for (uint64_t at = 0; status == BC_OK && at < bytes; at += step) {
		uint64_t piece = bci_min(step, bytes - at);

		status = bci_file_write(to, arena->map->base + at, piece, at,
		                        err);
		copy_progress(copy, piece);
	}
	return status;
}

static enum bc_status
copy_arena(struct copy *copy, const struct copy_arena *arena, int class_fd,
           struct bc_error *err)
{
	char name[BCI_ARENA_NAME];
	enum bc_status status;
	int from = -1, to = -1;

	bci_arena_name(arena->number, name);
	BCI_TRY(bci_file_create(class_fd, name, copy->env->group, &to, err));
	status = bci_file_open(copy->env->maps.class_fd[arena->class_], name,
	                       O_RDONLY, &from, err);
	if (status == BC_OK)
		status = bci_clone(from, to, arena->end_bytes, copy_progress,
		                   copy, err);
	else if (status == BC_ABSENT)
		status = copy_from_map(copy, arena, to, err);
	if (status == BC_OK && fdatasync(to) != 0)
		status = bci_fail_os(err, errno, "cannot sync arena %s", name);
done:
	bci_file_close(&from);
	bci_file_close(&to);
	return status;
}

static enum bc_status
copy_arenas(struct copy *copy, enum bci_arena_class class_,
            struct bc_error *err)
{
	enum bc_status status;
	int fd;

	status = bci_dir_below(copy->target.dir_fd, bci_arena_directory(class_),
	                       &fd, err);
	for (size_t i = 0; status == BC_OK && i < copy->count; i++) {
		if (copy->arenas[i].class_ != class_ ||
		    copy->arenas[i].map == NULL)
			continue;
		status = copy_arena(copy, &copy->arenas[i], fd, err);
		copy->report->arenas++;
	}
	if (status == BC_OK && fsync(fd) != 0)
		status = bci_fail_os(err, errno, "cannot sync directory %s",
		                     bci_arena_directory(class_));
	bci_file_close(&fd);
	return status;
}

/* ---- checking ---------------------------------------------------------- */

/* Read the copy as whoever opens it would. */
static enum bc_status
copy_verify(struct copy *copy, struct bc_error *err)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_verify_report report;
	struct bc_cache *cache;
	enum bc_status status;

	options.flags =
		BC_OPEN_READONLY | (copy->cache->flags & BC_OPEN_NETWORK);
	options.allocator = copy->cache->allocator;
	status = bc_open(copy->target.temporary, &options, &cache, err);
	if (status != BC_OK)
		return status;
	status = bc_verify(cache, NULL, NULL, NULL, &report, err);
	copy->report->bad_entries = report.bad_entries;
	bc_close(cache);
	return status == BC_CORRUPT ? BC_OK : status;
}

/* ---- all of it --------------------------------------------------------- */

static enum bc_status
copy_make(struct copy *copy, struct bc_error *err)
{
	enum bc_status status;

	BCI_TRY(copy_records(copy, err));
	BCI_TRY(copy_arenas(copy, BCI_ARENA_WARM, err));
	BCI_TRY(copy_arenas(copy, BCI_ARENA_COLD, err));
	if ((copy->options->flags & BC_COPY_FREEZE) != 0)
		BCI_TRY(bci_frozen_mark(copy->target.dir_fd, copy->env->group,
		                        err));
	if ((copy->options->flags & BC_COPY_VERIFY) != 0)
		BCI_TRY(copy_verify(copy, err));
	BCI_TRY(bci_target_finish(&copy->target, err));
	if (copy->report->bad_entries != 0)
		status =
			bci_fail(err, BC_CORRUPT, "%llu entries are damaged",
		                 (unsigned long long)copy->report->bad_entries);
done:
	return status;
}

enum bc_status
bc_copy(struct bc_cache *cache, const char *path,
        const struct bc_copy_options *options, struct bc_copy_report *report,
        struct bc_error *err)
{
	static const struct bc_copy_options defaults = BC_COPY_OPTIONS_INIT;
	struct bc_copy_report ignored;
	struct copy copy = {
		.cache = cache,
		.options = options != NULL ? options : &defaults,
		.report = report != NULL ? report : &ignored,
	};
	enum bc_status status;

	*copy.report = (struct bc_copy_report){ 0 };
	if (copy.options->struct_size != sizeof(*options) ||
	    (copy.options->flags & ~(unsigned)COPY_FLAGS) != 0)
		return bci_fail(err, BC_INVALID,
		                "unknown flags, or options that were not begun "
		                "with BC_COPY_OPTIONS_INIT");
	status = bci_cache_env(cache, &copy.env, err);
	if (status != BC_OK)
		return status;
	status = bci_target_open(&copy.target, cache, copy.env, path, err);
	if (status == BC_OK)
		status = copy_make(&copy, err);
	bci_target_close(&copy.target);
	copy_unpin(&copy);
	bci_free(&copy.env->allocator, copy.arenas);
	return status;
}

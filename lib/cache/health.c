/* SPDX-License-Identifier: MIT */
/*
 * health.c - how a cache is, for people and for monitors.
 *
 * It is opened for reading only, as anybody would, and looked at from all
 * sides: the kernel knows of the disk, of locks and of what is in memory, the
 * catalogue of budgets, the ledger of processes and of damage.  What comes of
 * it is said in advice.c.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "advice.h"
#include "alloc.h"
#include "clock.h"
#include "error.h"
#include "file.h"
#include "lock.h"
#include "mapping.h"
#include "writer.h"

/* Arenas whose pages are looked for in memory; of more, one in so many. */
#define RESIDENT_ARENAS 256u

/* Processes that are looked at; there are rarely a dozen. */
#define PROCESSES 1024u

static double
health_share(uint64_t part, uint64_t of)
{
	return of == 0 ? 0 : (double)part / (double)of;
}

/* ---- memory ------------------------------------------------------------- */

/* Look for the pages of one arena. */
static void
resident_arena(struct bci_env *env, uint64_t number,
               const struct bci_arena_record *arena, struct bc_health *health)
{
	char name[BCI_ARENA_NAME];
	uint64_t bytes;
	off_t end;
	void *base;
	int fd = -1;

	if (arena->class_ >= BCI_COUNT(env->maps.class_fd))
		return;
	bci_arena_name(number, name);
	if (bci_file_open(env->maps.class_fd[arena->class_], name, O_RDONLY,
	                  &fd, NULL) != BC_OK)
		return; /* It was removed just now. */
	end = lseek(fd, 0, SEEK_END);
	bytes = end < 0 ? 0 : bci_min((uint64_t)end, arena->end_bytes);
	base = bytes == 0 ? NULL : bci_map_file(fd, bytes, false);
	if (base != NULL) {
		health->resident_bytes += bci_map_resident(base, bytes);
		health->resident_of_bytes += bytes;
	}
	bci_unmap(base, bytes);
	bci_file_close(&fd);
}

/* One arena after another, each in a transaction of its own. */
static void
health_resident(struct bci_env *env, uint64_t arenas, struct bc_health *health)
{
	uint64_t step = arenas / RESIDENT_ARENAS + 1, number = 0;
	struct bci_arena_record arena;
	enum bc_status status = BC_OK;

	for (uint64_t i = 0; status == BC_OK && i < 2 * arenas + 1; i++) {
		struct bci_lane *lane = bci_lane_take(env);

		status = bci_lane_begin(env, lane);
		if (status == BC_OK) {
			status = bci_arena_next(lane->txn, &env->tables,
			                        &number, &arena);
			bci_lane_end(lane);
		}
		bci_lane_give(lane);
		if (status == BC_OK && i % step == 0)
			resident_arena(env, number, &arena, health);
	}
}

/* ---- what there is to know ---------------------------------------------- */

static void
health_disk(int fd, struct bc_health *health)
{
	struct statvfs disk;

	if (fstatvfs(fd, &disk) != 0)
		return;
	health->disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	health->disk_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
}

static void
health_writer(struct bci_env *env, struct bc_health *health)
{
	struct bci_holder holder;

	health->writer_alive = -1;
	if (env->writer_fd < 0 || !bci_writer_holder(env, &holder))
		return;
	health->writer_pid = holder.pid;
	health->writer_since_ns = holder.since_ns;
	health->writer_holds =
		bci_lock_is_held(env->writer_fd, BCI_LOCK_WRITER);
	if (holder.pid != 0 && holder.pid <= INT32_MAX &&
	    holder.pid_namespace == env->pid_namespace)
		health->writer_alive =
			kill((pid_t)holder.pid, 0) == 0 || errno != ESRCH;
}

static void
health_readers(struct bci_env *env, struct bc_health *health)
{
	struct bci_db_readers readers;
	uint64_t newest = bci_db_newest(env->db);

	bci_db_readers(env->db, &readers);
	health->readers = readers.used;
	health->readers_stale = readers.stale;
	if (readers.oldest != 0 && readers.oldest < newest)
		health->reader_lag = newest - readers.oldest;
}

static void
health_ledger(struct bci_env *env, struct bc_health *health)
{
	struct bci_ledger_header *header = env->ledger.header;

	health->ledger = header != NULL;
	if (header == NULL)
		return;
	health->corrupt = atomic_load(&header->bad_count);
	if (health->corrupt != atomic_load(&header->bad_handled))
		health->corrupt_pending =
			health->corrupt - atomic_load(&header->bad_handled);
}

static enum bc_status
health_processes(struct bc_cache *cache, struct bc_health *health,
                 struct bc_error *err)
{
	struct bc_process *processes;
	enum bc_status status;
	size_t count;

	processes = bci_alloc(&cache->allocator, PROCESSES, sizeof(*processes));
	if (processes == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for processes");
	status = bc_processes(cache, processes, PROCESSES, &count, err);
	for (size_t i = 0; status == BC_OK && i < count; i++) {
		int64_t since_ns = processes[i].views_since_ns;

		if (since_ns != 0 && (health->views_since_ns == 0 ||
		                      since_ns < health->views_since_ns))
			health->views_since_ns = since_ns;
	}
	bci_free(&cache->allocator, processes);
	return status;
}

static void
health_sizes(const struct bc_stats *stats, struct bc_health *health)
{
	health->map_used =
		health_share(stats->catalogue_bytes, BCI_CATALOGUE_MAP);
	health->warm_used =
		health_share(stats->warm_bytes, stats->warm_budget_bytes);
	health->cold_used =
		health_share(stats->cold_bytes, stats->cold_budget_bytes);
	health->linked_bytes = stats->warm_bytes + stats->cold_bytes +
	                       stats->catalogue_bytes + stats->ledger_bytes;
	health->budget_bytes =
		stats->warm_budget_bytes + stats->cold_budget_bytes;
	health->pinned_unlinked_bytes = stats->pinned_unlinked_bytes;
	health->processes = stats->processes;
	health->readers_max = stats->readers_max;
	health->guarded = stats->guarded;
	health->quarantined = stats->total.quarantined;
}

/* All that can be known of a cache that opens. */
static enum bc_status
health_fill(struct bc_cache *cache, struct bc_health *health,
            struct bc_error *err)
{
	struct bci_config_record config;
	struct bci_state_record state;
	enum bc_status status;
	struct bc_stats stats;
	struct bci_env *env;

	BCI_TRY(bci_cache_env(cache, &env, err));
	BCI_TRY(bci_env_read(env, &config, &state, err));
	BCI_TRY(bc_stats(cache, &stats, err));
	BCI_TRY(health_processes(cache, health, err));
	health_sizes(&stats, health);
	health_disk(env->dir_fd, health);
	health_writer(env, health);
	health_readers(env, health);
	health_ledger(env, health);
	health_resident(env, stats.arenas, health);
	health->format_version = config.format_version;
	health->frozen = config.frozen;
	health->writable = !env->read_only && !config.frozen;
	health->committed_ns = state.committed_ns;
	health->compacted_ns = stats.compacted_ns;
	health->opens = 1;
done:
	return status;
}

enum bc_status
bc_health(const char *path, unsigned flags, struct bc_health *health,
          struct bc_error *err)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	enum bc_status status;

	BCI_ASSERT(path != NULL && health != NULL);
	*health = (struct bc_health){ .writer_alive = -1 };
	options.flags = (flags & (BC_OPEN_GROUP | BC_OPEN_NETWORK)) |
	                BC_OPEN_READONLY;
	options.name = "health";
	status = bc_open(path, &options, &cache, &health->error);
	if (status == BC_OK)
		status = health_fill(cache, health, &health->error);
	bc_close(cache);
	if (status == BC_NOMEM)
		return bci_fail(err, status, "%s", health->error.message);
	if (status == BC_OK)
		health->error = (struct bc_error){ .row = -1 };
	bci_advise(health, bci_clock_wall_ns());
	return BC_OK;
}

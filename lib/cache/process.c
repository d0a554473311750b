/* SPDX-License-Identifier: MIT */
/*
 * process.c - the processes that have a cache open, and what each keeps.
 *
 * A process notes in its row what it holds, but one that sleeps over a view
 * notes nothing.  So of removed arenas the kernel is asked: /proc/PID/maps
 * names them as deleted files, to those who may look.
 */
#include "common.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "gone.h"
#include "stats.h"
#include "tally.h"

#define DELETED " (deleted)\n"

/* ---- what the kernel knows ---------------------------------------------- */

/* What arena 'number' had on the disk before it was removed. */
static uint64_t
process_gone_bytes(struct bci_env *env, uint64_t number)
{
	struct bci_lane *lane = bci_lane_take(env);
	struct bci_gone gone = { 0 };
	uint64_t at = number - 1;

	if (bci_lane_begin(env, lane) == BC_OK) {
		if (bci_gone_next(lane->txn, &env->tables, &at, &gone) !=
		            BC_OK ||
		    at != number)
			gone.bytes = 0;
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	return gone.bytes;
}

/*
 * The number of the removed arena below 'directory' that a line of a table of
 * maps names; 0 if it names none.  The line is cut.
 */
static uint64_t
process_arena_of(char *line, const char *directory)
{
	char *path = strchr(line, '/');
	char *end = strstr(line, DELETED);
	size_t bytes = strlen(directory);

	if (path == NULL || end == NULL || path > end ||
	    strncmp(path, directory, bytes) != 0 || path[bytes] != '/')
		return 0;
	*end = '\0';
	return bci_arena_number(strrchr(path, '/') + 1);
}

/* The path of the cache, as the kernel has it now. */
static bool
process_directory(struct bci_env *env, char path[PATH_MAX])
{
	char link[40];
	ssize_t bytes;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", env->dir_fd);
	bytes = readlink(link, path, PATH_MAX - 1);
	if (bytes <= 0)
		return false;
	path[bytes] = '\0';
	return true;
}

/* Numbers of removed arenas that a process has mapped. */
struct process_arenas {
	uint64_t *numbers;
	size_t count, room;
};

static bool
process_note(struct bci_env *env, struct process_arenas *arenas,
             uint64_t number)
{
	if (arenas->count == arenas->room) {
		size_t room = 2 * arenas->room + 16;
		uint64_t *grown =
			bci_regrow(&env->allocator, arenas->numbers,
		                   arenas->count, room, sizeof(*grown));

		if (grown == NULL)
			return false;
		arenas->numbers = grown;
		arenas->room = room;
	}
	arenas->numbers[arenas->count++] = number;
	return true;
}

static int
process_compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/*
 * What these arenas had on the disk.  One may be mapped in several places: by a
 * child that opened the cache anew beside the maps that it inherited.
 */
static uint64_t
process_sum(struct bci_env *env, const struct process_arenas *arenas)
{
	uint64_t sum = 0;

	if (arenas->count > 1)
		qsort(arenas->numbers, arenas->count, sizeof(*arenas->numbers),
		      process_compare);
	for (size_t i = 0; i < arenas->count; i++) {
		if (i == 0 || arenas->numbers[i] != arenas->numbers[i - 1])
			sum += process_gone_bytes(env, arenas->numbers[i]);
	}
	return sum;
}

/* Sum up what a process keeps of removed arenas; false: not to be found out. */
static bool
process_pinned(struct bci_env *env, uint64_t pid, uint64_t *sum)
{
	char line[PATH_MAX + 256], directory[PATH_MAX];
	struct process_arenas arenas = { NULL, 0, 0 };
	bool noted = true;
	FILE *file;

	if (!process_directory(env, directory))
		return false;
	snprintf(line, sizeof(line), "/proc/%llu/maps",
	         (unsigned long long)pid);
	file = fopen(line, "re");
	if (file == NULL)
		return false;
	while (noted && fgets(line, sizeof(line), file) != NULL) {
		uint64_t number = process_arena_of(line, directory);

		if (number != 0)
			noted = process_note(env, &arenas, number);
	}
	fclose(file);
	if (noted)
		*sum = process_sum(env, &arenas);
	bci_free(&env->allocator, arenas.numbers);
	return noted;
}

/* ---- the rows ----------------------------------------------------------- */

static void
process_fill(struct bci_env *env, const struct bci_row *row,
             struct bc_process *out)
{
	uint64_t raw[BCI_COUNTERS];

	*out = (struct bc_process){
		.pid = row->pid,
		.pid_namespace = row->pid_namespace,
		.started_ns = row->opened_ns,
		.noted_ns = atomic_load(&row->noted_ns),
		.mapped_bytes = atomic_load(&row->mapped_bytes),
		.views = atomic_load(&row->views),
		.views_since_ns = atomic_load(&row->views_since_ns),
		.links_pending = atomic_load(&row->links_pending),
		.pinned_unlinked_bytes = atomic_load(&row->limbo_bytes),
	};
	memcpy(out->name, row->name, sizeof(out->name) - 1);
	bci_row_counters(row, raw);
	bci_stats_counters(raw, &out->counters);
	if (out->pid_namespace == env->pid_namespace)
		(void)process_pinned(env, out->pid,
		                     &out->pinned_unlinked_bytes);
}

enum bc_status
bc_processes(struct bc_cache *cache, struct bc_process *processes,
             size_t capacity, size_t *count, struct bc_error *err)
{
	enum bc_status status;
	struct bci_env *env;
	unsigned ready;

	*count = 0;
	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	bci_tally_note(env, bci_clock_wall_ns());
	ready = bci_ledger_rows(&env->ledger);
	for (unsigned i = 0; i < ready && *count < capacity; i++) {
		const struct bci_row *row = &env->ledger.rows[i];

		if (row->pid != 0 && bci_ledger_row_lives(&env->ledger, i))
			process_fill(env, row, &processes[(*count)++]);
	}
	return BC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * cut.c - recording a history in a child, and checking its crash states in
 * children that go from one to the next and are replaced when one dies.
 */
#include "crash/cut.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crash/disk.h"
#include "fault/recorder.h"

#define HANG_SECONDS 20
#define SAID_MOST 8 /* failures told in words */

/* One history, and what came of its states; shared with children. */
struct cut {
	struct history history;
	struct test_dir dir;
	int fd; /* of the trace */
	struct disk_trace trace;
	size_t first; /* record behind what was there before the history */
	const struct cut_plan *plan;
	int64_t only; /* this state alone; -1: all */
	struct results {
		_Atomic uint64_t next; /* state under way */
		uint8_t verdict[CUT_STATES];
	} * results;
};

/* ---- files --------------------------------------------------------------- */

static void
note_mark(void *context, enum history_mark mark, uint64_t number)
{
	(void)context;
	fault_mark(mark, number);
}

static void
files_record(const struct history *history, const struct test_dir *dir,
             int trace_fd)
{
	require(fault_record(dir->path, trace_fd));
	require(history_run(history, dir->cache, note_mark, NULL));
}

static void
files_begin(void)
{
}

static size_t
files_first(const struct disk_trace *trace)
{
	(void)trace;
	return 1;
}

static bool
files_arrive(const struct test_dir *dir)
{
	(void)dir;
	return true;
}

static void
files_leave(const struct test_dir *dir)
{
	test_remove_tree(dir->cache);
}

const struct cut_medium cut_files = {
	files_record, files_begin,   files_first, files_arrive,
	files_leave,  history_check, false,       "cache",
};

static void
record(void *argument)
{
	struct cut *cut = argument;

	cut->plan->medium->record(&cut->history, &cut->dir, cut->fd);
}

/* ---- checking ------------------------------------------------------------ */

/* The place of state 'state' in the trace: they are in order, at random. */
static size_t
state_place(const struct cut *cut, uint64_t state)
{
	uint64_t each = cut->plan->states, first = cut->first;
	uint64_t count = cut->trace.count - first;
	uint64_t word = test_mix(cut->history.seed ^ 0xc07, state);
	uint64_t place =
		first + count * state / each + word % (count / each + 1);

	return (size_t)(place < cut->trace.count ? place : cut->trace.count);
}

static enum disk_tear
state_tear(const struct cut *cut, uint64_t state)
{
	if (cut->plan->medium->whole)
		return DISK_WHOLE;
	return (enum disk_tear)(test_mix(cut->history.seed ^ 0x7ea2, state) %
	                        DISK_TEARS);
}

static bool
tear_is_fine(enum disk_tear tear)
{
	return tear == DISK_WORDS || tear == DISK_WORD;
}

/* What the history noted in the first 'count' records. */
static void
state_see(const struct cut *cut, size_t count, struct history_seen *seen)
{
	*seen = (struct history_seen){ .begun = 0 };
	for (size_t i = 0; i < count; i++) {
		const struct trace_record *record = cut->trace.records[i];

		if (record->kind == TRACE_MARK)
			history_see(seen, (enum history_mark)record->offset,
			            record->inode);
	}
}

static void
check_state(struct cut *cut, struct disk *disk, uint64_t state)
{
	size_t place = state_place(cut, state);
	enum disk_tear tear = state_tear(cut, state);
	struct history_seen seen;
	enum history_verdict verdict;

	alarm(HANG_SECONDS);
	state_see(cut, place, &seen);
	disk_forward(disk, place);
	disk_leave(disk, test_mix(cut->history.seed ^ 0x1ea5e, state), tear,
	           cut->dir.path);
	if (cut->only >= 0)
		print_error("state %d: record %zu of %zu\n", (int)state, place,
		            cut->trace.count);
	/* A file system that was being mounted for the first time may be lost
	 * as a whole: there was nothing in it yet. */
	verdict = seen.begun == 0 ? HISTORY_RIGHT : HISTORY_OPEN;
	if (cut->plan->medium->arrive(&cut->dir))
		verdict = cut->plan->medium->check(
			&cut->history, &seen, cut->dir.cache,
			cut->only < 0 ? NULL : stderr);
	cut->plan->medium->leave(&cut->dir);
	cut->results->verdict[state] = (uint8_t)verdict;
}

/* From the first state that is not checked; a child. */
static void
check_states(void *argument)
{
	static char boot[TEST_PATH];
	struct cut *cut = argument;
	struct disk *disk = disk_make(&cut->trace);
	FILE *to = fopen(test_path(boot, cut->dir.path, "boot_id"), "we");
	uint64_t state;

	require(to != NULL);
	fprintf(to, "01234567-89ab-4cde-8f01-23456789abcd\n");
	require(fclose(to) == 0);
	fault_boot_id(boot);
	cut->plan->medium->begin();
	cut->plan->medium->leave(&cut->dir);
	for (;;) {
		state = atomic_load(&cut->results->next);
		if (state >= cut->plan->states)
			break;
		if (cut->only < 0 || (uint64_t)cut->only == state)
			check_state(cut, disk, state);
		atomic_store(&cut->results->next, state + 1);
	}
	disk_free(disk);
}

static void
check_all(struct cut *cut)
{
	uint64_t state;
	int code;

	atomic_store(&cut->results->next, 0);
	memset(cut->results->verdict, 0, sizeof(cut->results->verdict));
	while ((code = test_child_run(check_states, cut)) != 0) {
		state = atomic_fetch_add(&cut->results->next, 1);
		cut->results->verdict[state] =
			(uint8_t)(code == TEST_CHILD_SIGNAL + SIGALRM
		                          ? HISTORY_HANG
		                          : HISTORY_CRASH);
	}
}

/* ---- counting ------------------------------------------------------------ */

static void
count_states(const struct cut *cut, struct cut_totals *totals)
{
	for (uint64_t state = 0; state < cut->plan->states; state++) {
		enum history_verdict verdict =
			(enum history_verdict)cut->results->verdict[state];
		bool fine = tear_is_fine(state_tear(cut, state));
		bool failed = fine ? verdict == HISTORY_WRONG ||
		                              verdict == HISTORY_SERVED
		                   : verdict != HISTORY_RIGHT;

		totals->states++;
		totals->fine += fine;
		totals->found[fine][verdict]++;
		totals->failures += failed;
		if (!failed || totals->failures > SAID_MOST)
			continue;
		print_error("state %" PRIu64 " (record %zu): %s; again: "
		            "BARCACHE_HISTORY=%" PRIu64
		            " BARCACHE_STATE=%" PRIu64 "\n",
		            state, state_place(cut, state),
		            history_verdict_name(verdict), cut->history.seed,
		            state);
	}
}

int
cut_history(const struct cut_plan *plan, struct cut_totals *totals)
{
	const char *again = getenv("BARCACHE_HISTORY");
	const char *only = getenv("BARCACHE_STATE");
	struct cut cut = {
		.plan = plan,
		.only = only != NULL ? strtoll(only, NULL, 10) : -1,
		.history = {
			.seed = again != NULL ? strtoull(again, NULL, 10)
			                      : plan->seed,
			.durability = plan->durability,
			.steps = plan->steps,
		},
	};
	int code;

	test_dir_make_fast(&cut.dir);
	test_path(cut.dir.cache, cut.dir.path, plan->medium->cache);
	cut.results = test_shared(sizeof(*cut.results));
	cut.fd = memfd_create("trace", MFD_CLOEXEC);
	assert_true(cut.fd >= 0);
	code = test_child_run(record, &cut);
	if (code == 0) {
		disk_trace_read(&cut.trace, cut.fd);
		cut.first = plan->medium->first(&cut.trace);
		check_all(&cut);
		count_states(&cut, totals);
		disk_trace_free(&cut.trace);
	}
	close(cut.fd);
	munmap(cut.results, sizeof(*cut.results));
	test_dir_remove(&cut.dir);
	return code;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_manage_kill.c - SIGKILL to a writer and a compactor, at any time and at
 * any call, while others read, hold views, and link.
 *
 * chaos/crowd.h says what must hold.  A seed repeats what is put, if not the
 * moments.
 */
#include "support.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chaos/party.h"
#include "fault/lab.h"
#include "fault/shim.h"
#include "fault/trace.h"

#define READERS 2

/* Kills in a run of all tests, about. */
#define KILLS 300

struct run {
	struct party party;
	struct fault_plan plan;
};

static void
run_begin(struct run *run, enum bc_durability durability, bool strict)
{
	memset(run, 0, sizeof(*run));
	party_begin(&run->party, durability, strict ? PARTY_ROOM : PARTY_LITTLE,
	            READERS);
	run->plan.path = run->party.dir.path;
}

static void
run_kill(pid_t child)
{
	party_kill(child);
	lab_trials(1);
}

/* ---- at any time --------------------------------------------------------- */

static void
kill_at_any_time(enum bc_durability durability, bool strict, unsigned kills)
{
	struct run run;
	pid_t writer, compactor;

	run_begin(&run, durability, strict);
	writer = test_child_start(crowd_write, &run.party.crowd);
	compactor = test_child_start(crowd_compact, &run.party.crowd);
	for (unsigned i = 0; i < lab_part(kills, KILLS) && lab_in_time(); i++) {
		uint64_t word = lab_next();

		test_sleep_ms(3 + (unsigned)(word >> 8) % 20);
		if (word % 3 != 0)
			run_kill(writer);
		if (word % 3 != 1)
			run_kill(compactor);
		party_look(&run.party);
		if (word % 3 == 2 && (word >> 16) % 4 == 0)
			party_check(&run.party);
		if (word % 3 != 0)
			writer =
				test_child_start(crowd_write, &run.party.crowd);
		if (word % 3 != 1)
			compactor = test_child_start(crowd_compact,
			                             &run.party.crowd);
	}
	run_kill(writer);
	run_kill(compactor);
	party_check(&run.party);
	party_end(&run.party);
}

static void
no_kill_at_any_time_loses_what_has_room(void **state)
{
	(void)state;
	kill_at_any_time(BC_RELAXED, true, 30);
}

static void
no_kill_at_any_time_harms_a_full_cache(void **state)
{
	(void)state;
	kill_at_any_time(BC_RELAXED, false, 60);
	kill_at_any_time(BC_DURABLE, false, 30);
}

/* ---- at any call --------------------------------------------------------- */

static void
armed_compactor(void *argument)
{
	struct run *run = argument;
	struct bc_cache *cache = crowd_open(&run->party.crowd, NULL);

	fault_arm(&run->plan);
	crowd_compact_once(&run->party.crowd, cache, 1);
	bc_close(cache);
	fault_disarm();
}

static void
armed_writer(void *argument)
{
	struct run *run = argument;

	run->party.crowd.rounds = 30;
	fault_arm(&run->plan);
	crowd_write(&run->party.crowd);
	fault_disarm();
}

/* Kill at call 'stride', 2 x 'stride', ... until there are no so many. */
static void
kill_at_calls(test_child *child, enum bc_durability durability, unsigned stride)
{
	static const enum fault_mode modes[] = { FAULT_KILL, FAULT_KILL_AFTER,
		                                 FAULT_TORN };
	struct run run;
	unsigned calm = 0;

	run_begin(&run, durability, false);
	for (unsigned at = 1; calm < 3 && lab_in_time();
	     at += (unsigned)lab_step(stride, KILLS)) {
		int code;

		party_write(&run.party, 30);
		run.plan.mode = modes[lab_next() % 3];
		run.plan.calls = run.plan.mode == FAULT_TORN
		                         ? FAULT_WRITE
		                         : FAULT_IO | FAULT_LOCK;
		run.plan.at = at;
		code = test_child_run(child, &run);
		party_look(&run.party);
		if (code == 0) {
			calm++;
			continue;
		}
		assert_int_equal(code, TEST_CHILD_SIGNAL + SIGKILL);
		calm = 0;
		lab_trials(1);
		party_check(&run.party);
	}
	party_end(&run.party);
}

static void
no_kill_of_a_compactor_at_a_call_harms_anybody(void **state)
{
	(void)state;
	kill_at_calls(armed_compactor, BC_RELAXED, 6);
	kill_at_calls(armed_compactor, BC_DURABLE, 12);
}

static void
no_kill_of_a_writer_that_evicts_harms_anybody(void **state)
{
	(void)state;
	kill_at_calls(armed_writer, BC_RELAXED, 12);
}

/* ---- of those that only look on ------------------------------------------ */

#define READER_KILLS 40

static struct fault_plan reader_plan;

static void
reader_opened(void)
{
	fault_arm(&reader_plan);
}

/* Dies amid a lookup, a mapping, or with views in its hands. */
static void
armed_reader(void *argument)
{
	struct run *run = argument;

	reader_plan = run->plan;
	run->party.crowd.opened = reader_opened;
	crowd_read(&run->party.crowd);
}

/* Nothing is left of the dead: no slot, and no file that they held. */
static void
no_trace_of_the_dead(void *argument)
{
	struct run *run = argument;
	struct bc_cache *cache = crowd_open(&run->party.crowd, NULL);
	struct bc_health health;
	struct bc_error err;

	crowd_care(&run->party.crowd, cache, CROWD_COMPACT, 0);
	assert_status(bc_health(run->party.dir.cache, 0, &health, &err), BC_OK,
	              &err);
	require(health.readers_stale == 0);
	require(health.pinned_unlinked_bytes == 0);
	bc_close(cache);
}

static void
no_kill_of_a_reader_at_a_call_harms_anybody(void **state)
{
	struct run run;
	unsigned i;

	(void)state;
	run_begin(&run, BC_RELAXED, false);
	for (i = 0; i < lab_part(READER_KILLS, READER_KILLS) && lab_in_time();
	     i++) {
		party_write(&run.party, 20);
		run.plan.mode = i % 2 == 0 ? FAULT_KILL : FAULT_KILL_AFTER;
		run.plan.calls = FAULT_LMDB | FAULT_LOCK | FAULT_IO;
		run.plan.path = NULL;
		run.plan.at = 1 + lab_next() % 400;
		assert_int_equal(test_child_run(armed_reader, &run),
		                 TEST_CHILD_SIGNAL + SIGKILL);
		party_look(&run.party);
		lab_trials(1);
	}
	party_leave(&run.party);
	assert_int_equal(test_child_run(no_trace_of_the_dead, &run), 0);
	party_end(&run.party);
}

/* ---- at any system call -------------------------------------------------- */

#define SITES_MAX 4096
#define SITES 2500    /* of all kinds of care together, about */
#define KILLS_MAX 300 /* of one crowd, whose processes have their time */

/* What is run to be killed: this program, told so by its arguments. */
static int
care(char **argv)
{
	struct crowd_shared shared = { .compactions = 0 };
	struct crowd crowd = { .path = argv[2], .shared = &shared };
	uint64_t word = strtoull(argv[4], NULL, 0);
	struct bc_cache *cache;

	crowd.warm_bytes = strtoull(argv[3], NULL, 0);
	cache = crowd_open(&crowd, NULL);
	trace_begin();
	crowd_care(&crowd, cache, (enum crowd_care)(word % CROWD_CARES), word);
	bc_close(cache);
	return 0;
}

struct care_command {
	char program[TEST_PATH], path[TEST_PATH], bytes[24], word[24];
	char verb[8];
	char *words[6];
};

static void
care_command(struct care_command *command, const struct run *run,
             enum crowd_care kind)
{
	uint64_t word = lab_next() / CROWD_CARES * CROWD_CARES + kind;
	ssize_t bytes = readlink("/proc/self/exe", command->program,
	                         sizeof(command->program) - 1);

	assert_true(bytes > 0);
	command->program[bytes] = '\0';
	test_path(command->path, run->party.dir.path, "cache");
	snprintf(command->verb, sizeof(command->verb), "care");
	snprintf(command->bytes, sizeof(command->bytes), "%" PRIu64,
	         run->party.crowd.warm_bytes);
	snprintf(command->word, sizeof(command->word), "%" PRIu64, word);
	command->words[0] = command->program;
	command->words[1] = command->verb;
	command->words[2] = command->path;
	command->words[3] = command->bytes;
	command->words[4] = command->word;
	command->words[5] = NULL;
}

/* Kill care at sites from *next on; true when it has come to the last. */
static bool
kill_care(struct run *run, enum crowd_care kind, size_t *next)
{
	static struct trace_site sites[SITES_MAX];
	struct care_command command;
	unsigned kills = 0;
	size_t count;
	int code;

	for (unsigned i = 0; i < 6; i++)
		party_write(&run->party, 20);
	care_command(&command, run, kind);
	count = trace_sites(command.words, run->party.dir.path, sites,
	                    SITES_MAX);
	assert_true(count > 0);
	for (; *next < count && kills < KILLS_MAX && lab_in_time();
	     *next += lab_step(SITES / 12, SITES)) {
		party_write(&run->party, 20);
		care_command(&command, run, kind);
		code = trace_kill(command.words, &sites[*next]);
		party_look(&run->party);
		if (code == 0)
			continue; /* Less to be done than when it was traced. */
		assert_int_equal(code, TEST_CHILD_SIGNAL + SIGKILL);
		kills++;
		lab_trials(1);
		party_check(&run->party);
	}
	return *next >= count || !lab_in_time();
}

static void
no_kill_of_care_at_a_system_call_harms_anybody(void **state)
{
	struct run run;

	(void)state;
	if (!trace_works()) {
		lab_skip("strace is not there, or may not trace");
		test_skip("strace is not there, or may not trace");
	}
	for (unsigned kind = 0; kind < CROWD_CARES; kind++) {
		size_t next = lab_step(SITES / 12, SITES) - 1;
		bool done = false;

		while (!done) {
			run_begin(&run, kind % 2 == 0 ? BC_RELAXED : BC_DURABLE,
			          false);
			done = kill_care(&run, (enum crowd_care)kind, &next);
			party_end(&run.party);
		}
	}
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_kill_at_any_time_loses_what_has_room),
		cmocka_unit_test(no_kill_at_any_time_harms_a_full_cache),
		cmocka_unit_test(
			no_kill_of_a_compactor_at_a_call_harms_anybody),
		cmocka_unit_test(no_kill_of_a_writer_that_evicts_harms_anybody),
		cmocka_unit_test(no_kill_of_a_reader_at_a_call_harms_anybody),
		cmocka_unit_test(
			no_kill_of_care_at_a_system_call_harms_anybody),
	};

	if (argc == 5 && strcmp(argv[1], "care") == 0)
		return care(argv);
	return LAB_MAIN(argc, argv, "manage_kill", tests);
}

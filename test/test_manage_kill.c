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

#include "chaos/crowd.h"
#include "fault/lab.h"
#include "fault/shim.h"

#define READERS 2

/* Kills in a run of all tests, about. */
#define KILLS 300

static struct {
	uint64_t checks, operations, reads, compactions;
} total;

struct run {
	struct test_dir dir;
	struct crowd crowd;
	struct fault_plan plan;
	pid_t readers[READERS], linker;
};

static void
run_begin(struct run *run, enum bc_durability durability, bool strict)
{
	memset(run, 0, sizeof(*run));
	test_dir_make_fast(&run->dir);
	run->crowd.path = run->dir.cache;
	run->crowd.seed = lab_next();
	run->crowd.durability = durability;
	run->crowd.strict = strict;
	run->crowd.warm_bytes = strict ? 256 << 20 : 4 << 20;
	run->crowd.shared = test_shared(sizeof(*run->crowd.shared));
	run->plan.path = run->dir.path;
	assert_int_equal(test_child_run(crowd_create, &run->crowd), 0);
	for (unsigned i = 0; i < READERS; i++)
		run->readers[i] = test_child_start(crowd_read, &run->crowd);
	run->linker = test_child_start(crowd_link, &run->crowd);
}

static void
run_check(struct run *run)
{
	assert_int_equal(test_child_run(crowd_check, &run->crowd), 0);
	total.checks++;
}

/* None of those that only look on may have ended. */
static void
run_look(const struct run *run)
{
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(waitpid(run->readers[i], NULL, WNOHANG), 0);
	assert_int_equal(waitpid(run->linker, NULL, WNOHANG), 0);
}

static void
run_end(struct run *run)
{
	struct crowd_shared *shared = run->crowd.shared;

	atomic_store(&shared->stop, 1);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(test_child_wait(run->readers[i]), 0);
	assert_int_equal(test_child_wait(run->linker), 0);
	run_check(run);
	total.operations += atomic_load(&shared->operations);
	total.reads += atomic_load(&shared->reads);
	total.compactions += atomic_load(&shared->compactions);
	lab_note("%" PRIu64 " checks, operations %" PRIu64 ", reads %" PRIu64
	         ", compactions %" PRIu64, total.checks, total.operations,
	         total.reads, total.compactions);
	test_dir_remove(&run->dir);
}

static void
run_kill(pid_t child)
{
	int code;

	kill(child, SIGKILL);
	code = test_child_wait(child);
	assert_int_equal(code, TEST_CHILD_SIGNAL + SIGKILL);
	lab_trials(1);
}

/* ---- at any time --------------------------------------------------------- */

static void
kill_at_any_time(enum bc_durability durability, bool strict, unsigned kills)
{
	struct run run;
	pid_t writer, compactor;

	run_begin(&run, durability, strict);
	writer = test_child_start(crowd_write, &run.crowd);
	compactor = test_child_start(crowd_compact, &run.crowd);
	for (unsigned i = 0; i < lab_part(kills, KILLS) && lab_in_time();
	     i++) {
		uint64_t word = lab_next();

		test_sleep_ms(3 + (unsigned)(word >> 8) % 20);
		if (word % 3 != 0)
			run_kill(writer);
		if (word % 3 != 1)
			run_kill(compactor);
		run_look(&run);
		if (word % 3 == 2 && (word >> 16) % 4 == 0)
			run_check(&run);
		if (word % 3 != 0)
			writer = test_child_start(crowd_write, &run.crowd);
		if (word % 3 != 1)
			compactor = test_child_start(crowd_compact, &run.crowd);
	}
	run_kill(writer);
	run_kill(compactor);
	run_check(&run);
	run_end(&run);
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
	struct bc_cache *cache = crowd_open(&run->crowd, NULL);

	fault_arm(&run->plan);
	crowd_compact_once(&run->crowd, cache, 1);
	bc_close(cache);
	fault_disarm();
}

static void
armed_writer(void *argument)
{
	struct run *run = argument;

	fault_arm(&run->plan);
	crowd_write(&run->crowd);
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

		run.crowd.rounds = 30;
		run.plan.mode = FAULT_NONE;
		assert_int_equal(test_child_run(crowd_write, &run.crowd), 0);
		run.plan.mode = modes[lab_next() % 3];
		run.plan.calls = run.plan.mode == FAULT_TORN
		                         ? FAULT_WRITE
		                         : FAULT_IO | FAULT_LOCK;
		run.plan.at = at;
		code = test_child_run(child, &run);
		run_look(&run);
		if (code == 0) {
			calm++;
			continue;
		}
		assert_int_equal(code, TEST_CHILD_SIGNAL + SIGKILL);
		calm = 0;
		lab_trials(1);
		run_check(&run);
	}
	run_end(&run);
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

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_kill_at_any_time_loses_what_has_room),
		cmocka_unit_test(no_kill_at_any_time_harms_a_full_cache),
		cmocka_unit_test(
			no_kill_of_a_compactor_at_a_call_harms_anybody),
		cmocka_unit_test(no_kill_of_a_writer_that_evicts_harms_anybody),
	};

	return LAB_MAIN(argc, argv, "manage_kill", tests);
}

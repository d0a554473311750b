/* SPDX-License-Identifier: MIT */
/*
 * test_kill.c - SIGKILL to writers, at every call they make and at random
 * times.
 *
 * After each kill a checker compares the whole cache with the history that was
 * acknowledged outside it, and the next writer has to go on with it.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault/lab.h"
#include "fault/oracle.h"
#include "fault/shim.h"

/* Kills in one run of all tests of a kind, about. */
#define AT_CALLS 700
#define AT_ANY_TIME 180
#define READERS_MAX 8

/* One cache and what the next writer does to it. */
struct run {
	struct test_dir dir;
	struct oracle oracle;
	struct fault_plan plan;
	enum oracle_kind kind; /* of the operation that meets the fault */
	bool creates;          /* the fault comes while the cache is made */
	_Atomic uint64_t *recovered_ms; /* the longest time to a new commit */
};

static void
run_begin(struct run *run, enum bc_durability durability)
{
	memset(run, 0, sizeof(*run));
	/* A kill needs no disk, and syncs wait for one: now and then. */
	if (durability == BC_RELAXED && (!lab_is_on() || lab_next() % 4 == 0))
		test_dir_make(&run->dir);
	else
		test_dir_make_fast(&run->dir);
	run->oracle.path = run->dir.cache;
	run->oracle.name = "oracle";
	run->oracle.seed = lab_next();
	run->oracle.options = (struct bc_options)BC_OPTIONS_INIT;
	run->oracle.options.flags = BC_OPEN_CREATE;
	run->oracle.options.durability = durability;
	run->oracle.options.sync_interval_ms = 20; /* Some puts sync, too. */
	/* Arenas of 2 MiB: they fill up, and empty ones are removed. */
	run->oracle.options.warm_bytes = 64 << 20;
	run->oracle.progress = test_shared(sizeof(*run->oracle.progress));
}

/* Begin the history anew in an empty directory. */
static void
run_again(struct run *run)
{
	test_remove_tree(run->dir.cache);
	atomic_store(&run->oracle.progress->acked, 0);
	atomic_store(&run->oracle.progress->started, 0);
	run->oracle.seed = lab_next();
}

static void
run_end(struct run *run)
{
	test_dir_remove(&run->dir);
	fault_disarm();
}

static uint64_t
next_number(const struct run *run)
{
	return atomic_load(&run->oracle.progress->acked) + 1;
}

/*
 * Goes on with the cache until the next operation is of the wanted kind, then
 * performs that one, and the close, under the fault.
 */
static void
whitebox_writer(void *argument)
{
	struct run *run = argument;
	struct bc_cache *cache;
	struct bc_error err;

	if (run->creates)
		fault_arm(&run->plan);
	assert_status(bc_open(run->dir.cache, &run->oracle.options, &cache,
	                     &err), BC_OK, &err);
	if (!run->creates) {
		do {
			assert_status(oracle_step(&run->oracle, cache, &err),
			             BC_OK, &err);
		} while (oracle_kind(run->oracle.seed, next_number(run)) !=
		         run->kind);
		require(oracle_litter(&run->oracle, cache) == ORACLE_RIGHT);
		fault_arm(&run->plan);
	}
	assert_status(oracle_step(&run->oracle, cache, &err), BC_OK, &err);
	bc_close(cache);
	fault_disarm();
}

/* The same without a fault: what was left behind must be usable. */
static void
last_writer(void *argument)
{
	struct run *run = argument;

	run->creates = false;
	run->plan.mode = FAULT_NONE;
	whitebox_writer(run);
}

/*
 * Kill at call 1, 2, ... until three operations in a row were too short for
 * the call to come.  They differ in size, so one alone is not the end.
 */
static void
whitebox_sweep(struct run *run, enum fault_mode mode)
{
	unsigned calm = 0, kills = 0;
	int code;

	run->plan.mode = mode;
	run->plan.calls = mode == FAULT_TORN ? FAULT_WRITE
	                                     : FAULT_IO | FAULT_LOCK;
	run->plan.path = run->dir.path;
	for (run->plan.at = 1; calm < 3 && lab_in_time();
	     run->plan.at += lab_step(1, AT_CALLS)) {
		if (run->creates)
			run_again(run);
		code = test_child_run(whitebox_writer, run);
		if (code == 0) {
			calm++;
			continue;
		}
		assert_int_equal(code, TEST_CHILD_SIGNAL + SIGKILL);
		calm = 0;
		kills++;
		lab_trials(1);
		assert_int_equal(oracle_check_in_child(&run->oracle),
		                 ORACLE_RIGHT);
		if (run->creates)
			assert_int_equal(test_child_run(last_writer, run), 0);
	}
	/* Else the shim missed the calls. */
	assert_true(kills > 0 || !lab_in_time());
	assert_int_equal(test_child_run(last_writer, run), 0);
	assert_int_equal(oracle_check_in_child(&run->oracle), ORACLE_RIGHT);
}

static void
whitebox(enum bc_durability durability, enum oracle_kind kind)
{
	static const enum fault_mode modes[] = { FAULT_KILL, FAULT_KILL_AFTER,
		                                 FAULT_TORN };
	struct run run;
	size_t i;

	run_begin(&run, durability);
	run.kind = kind;
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		whitebox_sweep(&run, modes[i]);
	run_end(&run);
}

static void
no_kill_in_a_relaxed_put_loses_or_tears(void **state)
{
	(void)state;
	whitebox(BC_RELAXED, ORACLE_PUT);
	whitebox(BC_RELAXED, ORACLE_REPLACE);
}

static void
no_kill_in_a_relaxed_batch_loses_or_tears(void **state)
{
	(void)state;
	whitebox(BC_RELAXED, ORACLE_BATCH);
}

static void
no_kill_in_a_relaxed_remove_loses_or_tears(void **state)
{
	(void)state;
	whitebox(BC_RELAXED, ORACLE_REMOVE);
}

static void
no_kill_in_a_durable_put_loses_or_tears(void **state)
{
	(void)state;
	whitebox(BC_DURABLE, ORACLE_PUT);
	whitebox(BC_DURABLE, ORACLE_REPLACE);
}

static void
no_kill_in_a_durable_batch_loses_or_tears(void **state)
{
	(void)state;
	whitebox(BC_DURABLE, ORACLE_BATCH);
	whitebox(BC_DURABLE, ORACLE_REMOVE);
}

static void
no_kill_in_scratch_loses_or_tears(void **state)
{
	(void)state;
	whitebox(BC_SCRATCH, ORACLE_BATCH);
}

/* LMDB refuses for ever a file whose first commit was cut short. */
static void
h3_a_kill_while_creating_leaves_no_trap(void **state)
{
	static const enum fault_mode modes[] = { FAULT_KILL, FAULT_TORN };
	struct run run;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		run_begin(&run, BC_RELAXED);
		run.creates = true;
		whitebox_sweep(&run, modes[i]);
		run_end(&run);
	}
}

/*
 * A commit of LMDB ends with one small write of a meta page.  Half of it, as
 * a prefix, must leave the commit before it.
 */
static void
h9_a_torn_meta_page_leaves_the_commit_before(void **state)
{
	struct run run;
	int code;

	(void)state;
	run_begin(&run, BC_DURABLE);
	run.kind = ORACLE_PUT;
	run.plan.calls = FAULT_WRITE;
	run.plan.mode = FAULT_TORN;
	run.plan.path = "meta.mdb";
	for (run.plan.at = 1; run.plan.at <= 2; run.plan.at++) {
		code = test_child_run(whitebox_writer, &run);
		assert_int_equal(code, TEST_CHILD_SIGNAL + SIGKILL);
		lab_trials(1);
		code = oracle_check_in_child(&run.oracle);
		assert_int_equal(code, ORACLE_RIGHT);
		assert_true(atomic_load(&run.oracle.progress->acked) <
		            atomic_load(&run.oracle.progress->started));
	}
	run_end(&run);
}

/* ------------------------------------------------------------------------ */
/*  Random times, beside readers                                            */
/* ------------------------------------------------------------------------ */

/* Writes until it is killed; notes how long its first commit took. */
static void
blackbox_writer(void *argument)
{
	struct run *run = argument;
	double began = lab_now();
	uint64_t took;
	struct bc_cache *cache;
	struct bc_error err;

	assert_status(bc_open(run->dir.cache, &run->oracle.options, &cache,
	                     &err), BC_OK, &err);
	assert_status(oracle_step(&run->oracle, cache, &err), BC_OK, &err);
	took = (uint64_t)((lab_now() - began) * 1e3);
	if (took > atomic_load(run->recovered_ms))
		atomic_store(run->recovered_ms, took);
	for (;;)
		assert_status(oracle_step(&run->oracle, cache, &err), BC_OK,
		             &err);
}

/* Reads until it is killed; leaves with a verdict when something is wrong. */
static void
blackbox_reader(void *argument)
{
	struct run *run = argument;
	struct bc_cache *cache;
	enum oracle_verdict verdict;
	struct bc_error err;
	uint64_t i;

	assert_status(bc_open(run->dir.cache, NULL, &cache, &err), BC_OK, &err);
	for (i = 0;; i++) {
		verdict = oracle_read(&run->oracle, cache,
		                      (unsigned)(test_mix(run->oracle.seed, i) %
		                                 ORACLE_KEYS));
		if (verdict != ORACLE_RIGHT)
			_exit((int)verdict);
		if (i % 64 == 0)
			test_sleep_ms(1);
	}
}

/* Holds what it found at first, whose bytes may never change. */
static void
blackbox_holder(void *argument)
{
	struct run *run = argument;
	uint64_t versions[ORACLE_KEYS], i;
	struct bc_view views[ORACLE_KEYS];
	struct bc_cache *cache;
	char key[24];

	cache = test_open(run->dir.cache, 0);
	for (i = 0; i < ORACLE_KEYS; i++) {
		oracle_key(&run->oracle, (unsigned)i, key);
		versions[i] = 0;
		if (bc_get(cache, key, &views[i]) == BC_OK)
			versions[i] = test_view_version(&views[i], key,
			                                run->oracle.seed);
	}
	for (;; i++) {
		oracle_key(&run->oracle, (unsigned)(i % ORACLE_KEYS), key);
		if (versions[i % ORACLE_KEYS] != 0)
			require(test_view_version(&views[i % ORACLE_KEYS], key,
			                          run->oracle.seed) ==
			        versions[i % ORACLE_KEYS]);
		test_sleep_ms(5);
	}
}

/* The first of them holds views. */
static void
onlookers_start(struct run *run, pid_t *onlookers, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		onlookers[i] = test_child_start(i == 0 ? blackbox_holder
		                                       : blackbox_reader, run);
}

/* None may have left before it is killed. */
static void
onlookers_end(const pid_t *onlookers, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		kill(onlookers[i], SIGKILL);
		assert_int_equal(test_child_wait(onlookers[i]),
		                 TEST_CHILD_SIGNAL + SIGKILL);
	}
}

static void
blackbox(enum bc_durability durability, unsigned kills)
{
	unsigned readers = lab_is_on() ? READERS_MAX : 3, i;
	static _Atomic uint64_t *recovered_ms;
	pid_t onlookers[READERS_MAX], writer;
	struct run run;

	run_begin(&run, durability);
	if (recovered_ms == NULL)
		recovered_ms = test_shared(sizeof(*recovered_ms));
	run.recovered_ms = recovered_ms;
	run.kind = ORACLE_PUT;
	assert_int_equal(test_child_run(last_writer, &run), 0);
	onlookers_start(&run, onlookers, readers);
	for (i = 0; i < lab_part(kills, AT_ANY_TIME) && lab_in_time(); i++) {
		writer = test_child_start(blackbox_writer, &run);
		test_sleep_ms(5 + (unsigned)(lab_next() % 36));
		kill(writer, SIGKILL);
		assert_int_equal(test_child_wait(writer),
		                 TEST_CHILD_SIGNAL + SIGKILL);
		lab_trials(1);
		assert_int_equal(oracle_check_in_child(&run.oracle),
		                 ORACLE_RIGHT);
	}
	onlookers_end(onlookers, readers);
	lab_note("longest recovery %llu ms",
	         (unsigned long long)atomic_load(recovered_ms));
	assert_int_equal(test_child_run(last_writer, &run), 0);
	assert_int_equal(oracle_check_in_child(&run.oracle), ORACLE_RIGHT);
	run_end(&run);
}

static void
a_relaxed_writer_killed_at_random_harms_nobody(void **state)
{
	(void)state;
	blackbox(BC_RELAXED, 60);
}

static void
a_durable_writer_killed_at_random_harms_nobody(void **state)
{
	(void)state;
	blackbox(BC_DURABLE, 60);
}

static void
a_scratch_writer_killed_at_random_harms_nobody(void **state)
{
	(void)state;
	blackbox(BC_SCRATCH, 20);
}

/* ------------------------------------------------------------------------ */
/*  Several writers                                                         */
/* ------------------------------------------------------------------------ */

#define WRITERS 3

/*
 * Writers of a history each, in one cache: while one is killed the others wait
 * for its lock, take it over, and append to the arena that it wrote to.
 */
static void
writers_killed_beside_each_other_harm_nobody(void **state)
{
	static const char *const names[WRITERS] = { "one", "two", "three" };
	struct run runs[WRITERS];
	pid_t writers[WRITERS];
	unsigned i, round, victim;

	(void)state;
	run_begin(&runs[0], BC_RELAXED);
	runs[0].recovered_ms = test_shared(sizeof(*runs[0].recovered_ms));
	for (i = 0; i < WRITERS; i++) {
		if (i > 0)
			runs[i] = runs[0];
		runs[i].oracle.name = names[i];
		runs[i].oracle.seed = lab_next();
		runs[i].oracle.options.warm_bytes = 256 << 20;
		runs[i].oracle.progress =
		        test_shared(sizeof(*runs[i].oracle.progress));
	}
	for (i = 0; i < WRITERS; i++)
		writers[i] = test_child_start(blackbox_writer, &runs[i]);
	for (round = 0; round < lab_part(40, AT_ANY_TIME) && lab_in_time();
	     round++) {
		victim = (unsigned)(lab_next() % WRITERS);
		test_sleep_ms(5 + (unsigned)(lab_next() % 36));
		kill(writers[victim], SIGKILL);
		assert_int_equal(test_child_wait(writers[victim]),
		                 TEST_CHILD_SIGNAL + SIGKILL);
		lab_trials(1);
		assert_int_equal(oracle_check_in_child(&runs[victim].oracle),
		                 ORACLE_RIGHT);
		writers[victim] = test_child_start(blackbox_writer,
		                                   &runs[victim]);
	}
	for (i = 0; i < WRITERS; i++) {
		kill(writers[i], SIGKILL);
		assert_int_equal(test_child_wait(writers[i]),
		                 TEST_CHILD_SIGNAL + SIGKILL);
	}
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(oracle_check_in_child(&runs[i].oracle),
		                 ORACLE_RIGHT);
	run_end(&runs[0]);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_kill_in_a_relaxed_put_loses_or_tears),
		cmocka_unit_test(no_kill_in_a_relaxed_batch_loses_or_tears),
		cmocka_unit_test(no_kill_in_a_relaxed_remove_loses_or_tears),
		cmocka_unit_test(no_kill_in_a_durable_put_loses_or_tears),
		cmocka_unit_test(no_kill_in_a_durable_batch_loses_or_tears),
		cmocka_unit_test(no_kill_in_scratch_loses_or_tears),
		cmocka_unit_test(h3_a_kill_while_creating_leaves_no_trap),
		cmocka_unit_test(h9_a_torn_meta_page_leaves_the_commit_before),
		cmocka_unit_test(
		        a_relaxed_writer_killed_at_random_harms_nobody),
		cmocka_unit_test(
		        a_durable_writer_killed_at_random_harms_nobody),
		cmocka_unit_test(
		        a_scratch_writer_killed_at_random_harms_nobody),
		cmocka_unit_test(writers_killed_beside_each_other_harm_nobody),
	};

	return LAB_MAIN(argc, argv, "kill", tests);
}

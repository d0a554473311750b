/* SPDX-License-Identifier: MIT */
/*
 * test_series_kill.c - SIGKILL in the middle of appends, spills, merges of
 * segments, removals and compaction.
 *
 * A history of operations follows from a seed; their effect is known from the
 * model (model/).  After each kill the cache must be what the model is after
 * the last operation that returned, or after the one that was under way, and
 * go on from there.
 */
#include "support.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fault/lab.h"
#include "fault/shim.h"
#include "model/world.h"

#define HISTORY 150
#define ROWS_MAX 12000
#define WARM_BYTES (256 << 20)

/* Kills in a run of all tests, about, and the operations they met. */
#define KILLS 256

static uint64_t operations;

/* One cache, its history, and the state that it must be in. */
struct run {
	struct test_dir dir;
	struct bc_options options;
	struct model_op ops[HISTORY];
	struct model_series series[MODEL_SHAPES];
	struct fault_plan plan;
	_Atomic uint64_t *acked; /* operations that returned */
	uint64_t done;           /* of these, in 'series' */
	FILE *said;              /* by checkers, of this kill */
	bool settle;
};

/* In a child, as a process that was forked shares nothing with a handle. */
static void
create(void *argument)
{
	struct run *run = argument;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	assert_status(bc_open(run->dir.cache, &run->options, &cache, &err),
	              BC_OK, &err);
	bc_close(cache);
}

static void
history_begin(struct run *run)
{
	test_remove_tree(run->dir.cache);
	for (size_t i = 0; i < MODEL_SHAPES; i++) {
		run->series[i].shape = &model_shapes[i];
		model_series_clear(&run->series[i]);
	}
	model_op_make(run->ops, HISTORY, ROWS_MAX, lab_next());
	for (size_t i = 0; i < HISTORY; i++)
		run->ops[i].batch = 0;
	atomic_store(run->acked, 0);
	run->done = 0;
	assert_int_equal(test_child_run(create, run), 0);
}

static void
run_begin(struct run *run, enum bc_durability durability)
{
	memset(run, 0, sizeof(*run));
	if (durability == BC_RELAXED && (!lab_is_on() || lab_next() % 4 == 0))
		test_dir_make(&run->dir);
	else
		test_dir_make_fast(&run->dir);
	run->options = (struct bc_options)BC_OPTIONS_INIT;
	run->options.flags = BC_OPEN_CREATE;
	run->options.durability = durability;
	run->options.sync_interval_ms = 20;
	run->options.warm_bytes = WARM_BYTES;
	run->acked = test_shared(sizeof(*run->acked));
	run->said = tmpfile();
	require(run->said != NULL);
	history_begin(run);
}

static void
run_end(struct run *run)
{
	fault_disarm();
	for (size_t i = 0; i < MODEL_SHAPES; i++)
		model_series_clear(&run->series[i]);
	fclose(run->said);
	test_dir_remove(&run->dir);
}

/* ---- the writer ---------------------------------------------------------- */

/* Goes on with the history until it is killed or the history ends. */
static void
writer(void *argument)
{
	struct run *run = argument;
	struct model_world world;
	uint64_t i;

	memset(&world, 0, sizeof(world));
	memcpy(world.series, run->series, sizeof(world.series));
	assert_status(
		bc_open(run->dir.cache, &run->options, &world.cache, NULL),
		BC_OK, NULL);
	world.second = world.cache;
	fault_arm(&run->plan);
	for (i = run->done; i < HISTORY; i++) {
		model_world_perform(&world, &run->ops[i]);
		atomic_store(run->acked, i + 1);
	}
	fault_disarm();
	require(world.full == 0);
	bc_close(world.cache);
}

/* ---- the checker --------------------------------------------------------- */

/*
 * Leaves with 0 if the cache is what the model says.  With 'settle' it puts a
 * value first: what the dead one committed but could not announce becomes
 * visible with the next commit.
 */
static void
checker(void *argument)
{
	struct run *run = argument;
	struct bc_options options = BC_OPTIONS_INIT;
	struct model_dice dice = { .seed = run->done };
	struct bc_verify_report report;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	/* Most checks are of a state that it may well not be in. */
	dup2(fileno(run->said), STDERR_FILENO);
	options.checking = BC_CHECK_ALWAYS;
	assert_status(bc_open(run->dir.cache, &options, &cache, &err), BC_OK,
	              &err);
	if (run->settle)
		assert_status(
			bc_put_blob(cache, "settle", "now", 3, NULL, &err),
			BC_OK, &err);
	for (size_t i = 0; i < MODEL_SHAPES; i++) {
		model_check_whole(cache, &run->series[i]);
		for (int n = 0; n < 4; n++)
			model_check_read(cache, &run->series[i], &dice, NULL);
		model_check_stream(cache, &run->series[i], &dice);
	}
	assert_status(bc_verify(cache, NULL, NULL, NULL, &report, &err), BC_OK,
	              &err);
	bc_close(cache);
}

static bool
run_is_right(struct run *run, bool settle)
{
	int code;

	run->settle = settle;
	code = test_child_run(checker, run);
	if (code != 0)
		dprintf(fileno(run->said), "so much for %" PRIu64 "%s: %d\n",
		        run->done, settle ? ", settled" : "", code);
	return code == 0;
}

/* What checkers said of states that it is not in. */
static void
run_tell(struct run *run)
{
	char line[256];

	rewind(run->said);
	while (fgets(line, sizeof(line), run->said) != NULL)
		fputs(line, stderr);
}

static void
run_must_be_right(struct run *run)
{
	bool right = run_is_right(run, false);

	if (!right)
		run_tell(run);
	assert_true(right);
}

/* Take the model on to the state after operation 'done'. */
static void
run_follow(struct run *run, uint64_t done)
{
	uint64_t removed;

	for (; run->done < done; run->done++) {
		const struct model_op *op = &run->ops[run->done];
		struct model_series *series = &run->series[op->key];

		if (op->kind == MODEL_WRONG &&
		    (series->rows.count == 0 || op->rows == 0))
			continue;
		model_op_apply(op, series, &removed);
	}
}

/* As test_series_model takes them, to see if it was the kill at all. */
static void
run_print(const struct run *run, uint64_t count)
{
	char text[MODEL_OP_TEXT];

	fprintf(stderr, "warm %d\n", WARM_BYTES);
	for (uint64_t i = 0; i < count && i < HISTORY; i++) {
		model_op_print(&run->ops[i], text);
		fprintf(stderr, "%s\n", text);
	}
}

/* After a kill: before or after the operation under way, and nothing else. */
static void
run_check(struct run *run)
{
	uint64_t acked = atomic_load(run->acked);
	bool before, settled;

	rewind(run->said);
	require(ftruncate(fileno(run->said), 0) == 0);
	run_follow(run, acked);
	before = run_is_right(run, false);
	settled = run_is_right(run, true);
	if (settled) {
		if (!before)
			run_tell(run);
		assert_true(before);
		return;
	}
	if (acked < HISTORY)
		run_follow(run, acked + 1);
	if (!run_is_right(run, true) ||
	    (!before && !run_is_right(run, false))) {
		run_tell(run);
		run_print(run, acked + 1);
		fail_msg("neither before nor after operation %" PRIu64
		         " of seed %#" PRIx64,
		         acked, lab_seed());
	}
	atomic_store(run->acked, run->done);
}

static void
run_finish_history(struct run *run)
{
	operations += run->done;
	lab_note("operations %" PRIu64, operations);
	history_begin(run);
}

/* ---- tests --------------------------------------------------------------- */

/* Kills at some call among the next ones, whatever they belong to. */
static void
kill_at_calls(enum bc_durability durability, unsigned kills, unsigned calls)
{
	static const enum fault_mode modes[] = { FAULT_KILL, FAULT_KILL_AFTER,
		                                 FAULT_TORN };
	struct run run;
	unsigned i;
	int code;

	run_begin(&run, durability);
	run.plan.path = run.dir.path;
	for (i = 0; i < lab_part(kills, KILLS) && lab_in_time(); i++) {
		run.plan.mode = modes[lab_next() % 3];
		run.plan.calls = run.plan.mode == FAULT_TORN
		                         ? FAULT_WRITE
		                         : FAULT_IO | FAULT_LOCK;
		run.plan.at = 1 + lab_next() % calls;
		code = test_child_run(writer, &run);
		if (code == 0) { /* The history is at its end. */
			run_follow(&run, HISTORY);
			run_must_be_right(&run);
			run_finish_history(&run);
			continue;
		}
		assert_int_equal(code, TEST_CHILD_SIGNAL + SIGKILL);
		lab_trials(1);
		run_check(&run);
	}
	operations += run.done;
	run_end(&run);
}

static void
no_kill_at_a_call_leaves_a_relaxed_series_in_part(void **state)
{
	(void)state;
	kill_at_calls(BC_RELAXED, 80, 24);
}

static void
no_kill_at_a_call_leaves_a_durable_series_in_part(void **state)
{
	(void)state;
	kill_at_calls(BC_DURABLE, 80, 36);
}

static void
no_kill_at_a_call_leaves_a_scratch_series_in_part(void **state)
{
	(void)state;
	kill_at_calls(BC_SCRATCH, 40, 24);
}

static void
no_kill_at_any_time_leaves_a_series_in_part(void **state)
{
	struct run run;
	pid_t child;
	unsigned i;
	int code;

	(void)state;
	run_begin(&run, BC_SCRATCH);
	for (i = 0; i < lab_part(60, KILLS) && lab_in_time(); i++) {
		child = test_child_start(writer, &run);
		test_sleep_ms(2 + (unsigned)(lab_next() % 12));
		kill(child, SIGKILL);
		code = test_child_wait(child);
		if (code == 0) {
			run_follow(&run, HISTORY);
			run_must_be_right(&run);
			run_finish_history(&run);
			continue;
		}
		assert_int_equal(code, TEST_CHILD_SIGNAL + SIGKILL);
		lab_trials(1);
		run_check(&run);
	}
	operations += run.done;
	run_end(&run);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			no_kill_at_a_call_leaves_a_relaxed_series_in_part),
		cmocka_unit_test(
			no_kill_at_a_call_leaves_a_durable_series_in_part),
		cmocka_unit_test(
			no_kill_at_a_call_leaves_a_scratch_series_in_part),
		cmocka_unit_test(no_kill_at_any_time_leaves_a_series_in_part),
	};

	return LAB_MAIN(argc, argv, "series_kill", tests);
}

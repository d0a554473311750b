/* SPDX-License-Identifier: MIT */
/*
 * test_label_failure.c - labelling, linking and removing with their first,
 * second, third ... allocation, call of LMDB, call of the system failing, or
 * being the last thing that the process does.
 *
 * Each time the cache must be what it was before, or what it is when all went
 * well; both tables of labels say the same; and the change can be made then.
 */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cache.h"
#include "fault/lab.h"
#include "fault/shim.h"

#define ROUNDS_MAX 2000
#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct fault {
	const char *name;
	unsigned calls; /* enum fault_calls; 0 for the allocator */
	enum fault_mode mode;
	int error;
} faults[] = {
	{ "memory", 0, FAULT_FAIL, 0 },
	{ "LMDB: ENOMEM", FAULT_LMDB, FAULT_FAIL, ENOMEM },
	{ "EIO", FAULT_IO, FAULT_FAIL, EIO },
	{ "killed before a call", FAULT_IO, FAULT_KILL, 0 },
	{ "killed in a call", FAULT_WRITE, FAULT_TORN, 0 },
};

static struct test_memory memory;

/* ---- the cache ---------------------------------------------------------- */

static struct bc_cache *
world_open(void)
{
	struct bc_options options = unit_options();

	options.backtest = "run";
	options.link_interval_ms = 3600000;
	options.allocator = test_allocator(&memory);
	return unit_open(&options);
}

static void
world_put(struct bc_cache *cache, const char *key, const char *const *tags,
          const char *parent)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;

	options.tags = tags;
	options.backtest = "old";
	assert_status(bc_put_blob(cache, key, key, strlen(key), &options, &err),
	              BC_OK, &err);
	if (parent != NULL)
		assert_status(bc_depend(cache, key, TEXTS(parent),
		                        BC_LABELS_ADD, &err),
		              BC_OK, &err);
}

/* A cache of four entries; hits of two of them are pending. */
static struct bc_cache *
world_make(void)
{
	struct bc_cache *cache;
	struct bc_error err;
	struct bc_view view;

	test_remove_tree(fixture.dir.cache);
	cache = world_open();
	world_put(cache, "raw", TEXTS("x", "y"), NULL);
	world_put(cache, "hourly", TEXTS("x"), "raw");
	world_put(cache, "sma", TEXTS("z"), "hourly");
	world_put(cache, "other", TEXTS("x"), NULL);
	assert_status(bc_link(cache, "second", "other", 1, &err), BC_OK, &err);
	assert_status(bc_get(cache, "raw", &view), BC_OK, NULL);
	bc_view_release(&view);
	assert_status(bc_get(cache, "sma", &view), BC_OK, NULL);
	bc_view_release(&view);
	return cache;
}

/* ---- what it is --------------------------------------------------------- */

#define STATE 2048

static int
state_label(void *context, const struct bc_label *label)
{
	char *text = context;
	size_t used = strlen(text);

	snprintf(text + used, STATE - used, "%d %s %s\n", (int)label->kind,
	         label->text, label->key);
	return 0;
}

static int
state_entry(void *context, const struct bc_info *info)
{
	char *text = context;
	size_t used = strlen(text);

	snprintf(text + used, STATE - used, "%s\n", info->key);
	return 0;
}

/* Both tables have the same number of records. */
static void
state_check_tables(struct bc_cache *cache)
{
	struct bci_env *env = atomic_load(&cache->env);
	struct bci_lane *lane = bci_lane_take(env);
	uint64_t forth = 0, back = 1;

	require(bci_lane_begin(env, lane) == BC_OK);
	require(bci_table_count(lane->txn, env->tables.labels, &forth) ==
	        BC_OK);
	require(bci_table_count(lane->txn, env->tables.labelled, &back) ==
	        BC_OK);
	require(forth == back);
	bci_lane_end(lane);
	bci_lane_give(lane);
}

/* All entries and all labels, as another handle sees them. */
static void
state_read(char text[STATE])
{
	struct bc_options options = unit_options();
	struct bc_cache *cache = unit_open(&options);
	struct bc_error err;

	text[0] = '\0';
	assert_status(bc_list(cache, NULL, state_entry, text, &err), BC_OK,
	              &err);
	for (int kind = BC_LABEL_TAG; kind <= BC_LABEL_PARENT; kind++)
		assert_status(bc_labelled(cache, (enum bc_label_kind)kind, NULL,
		                          state_label, text, &err),
		              BC_OK, &err);
	state_check_tables(cache);
	bc_close(cache);
}

/* ---- what is tried ------------------------------------------------------ */

typedef enum bc_status attempt(struct bc_cache *cache, struct bc_error *err);

static enum bc_status
try_flush(struct bc_cache *cache, struct bc_error *err)
{
	return bc_flush(cache, err);
}

static enum bc_status
try_tag(struct bc_cache *cache, struct bc_error *err)
{
	return bc_tag(cache, "raw", TEXTS("y", "new"), BC_LABELS_REPLACE, err);
}

static enum bc_status
try_put(struct bc_cache *cache, struct bc_error *err)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;

	options.tags = TEXTS("put");
	return bc_put_blob(cache, "raw", "new", 3, &options, err);
}

static enum bc_status
try_invalidate(struct bc_cache *cache, struct bc_error *err)
{
	return bc_invalidate(cache, "raw", BC_INVALIDATE_SELF, NULL, err);
}

static enum bc_status
try_clear(struct bc_cache *cache, struct bc_error *err)
{
	return bc_clear_backtest(cache, "old", 0, NULL, err);
}

static enum bc_status
try_remove(struct bc_cache *cache, struct bc_error *err)
{
	static const struct bc_filter filter = { .tag = "x" };
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;

	options.filter = &filter;
	options.flags = BC_REMOVE_DEPENDENTS;
	return bc_remove_where(cache, &options, NULL, err);
}

static attempt *const attempts[] = { try_flush,      try_tag,   try_put,
	                             try_invalidate, try_clear, try_remove };

/* ---- rounds ------------------------------------------------------------- */

struct round {
	attempt *attempt;
	const struct fault *fault;
	uint64_t at;
	char before[STATE], after[STATE];
	char flushed[STATE]; /* before, but nothing is pending */
};

static void
round_arm(const struct round *round)
{
	const struct fault_plan plan = {
		.calls = round->fault->calls,
		.mode = round->fault->mode,
		.error = round->fault->error,
		.at = round->at,
	};

	if (round->fault->calls != 0) {
		fault_arm(&plan);
		return;
	}
	atomic_store(&memory.requests, 0);
	atomic_store(&memory.fired, false);
	atomic_store(&memory.fail_at, round->at);
}

static bool
round_disarm(const struct round *round)
{
	bool fired = round->fault->calls != 0 ? fault_fired()
	                                      : atomic_load(&memory.fired);

	fault_disarm();
	atomic_store(&memory.fail_at, 0);
	return fired;
}

/* In a child, which may not live to return. */
static void
round_child(void *argument)
{
	const struct round *round = argument;
	struct bc_cache *cache = world_make();
	struct bc_error err;

	round_arm(round);
	(void)round->attempt(cache, &err);
	if (!round_disarm(round))
		_exit(1); /* There are no so many calls. */
}

static void
expect_state(const struct round *round, const char *now)
{
	if (strcmp(now, round->before) != 0 &&
	    strcmp(now, round->flushed) != 0 && strcmp(now, round->after) != 0)
		fail_msg("%s, call %u: neither before nor after:\n%s",
		         round->fault->name, (unsigned)round->at, now);
}

/* Returns whether there was such a call. */
static bool
round_fail(const struct round *round)
{
	struct bc_cache *cache = world_make();
	struct bc_error err = { .status = BC_OK };
	enum bc_status status;
	char now[STATE];
	bool fired;

	round_arm(round);
	status = round->attempt(cache, &err);
	fired = round_disarm(round);
	if (status != BC_OK) {
		if (err.status != status)
			print_error("%s, call %u: %s without a text\n",
			            round->fault->name, (unsigned)round->at,
			            bc_status_name(status));
		assert_int_equal(err.status, status);
		assert_true(err.message[0] != '\0');
	}
	bc_close(cache); /* What was pending is written here at the latest. */
	assert_int_equal(atomic_load(&memory.live), 0);
	state_read(now);
	/* After BC_IO there may be no more writing, and so no flush. */
	if (round->attempt == try_flush && status != BC_IO)
		assert_string_equal(now, round->after);
	expect_state(round, now);
	cache = world_open();
	assert_status(round->attempt(cache, &err), BC_OK, &err);
	bc_close(cache);
	return fired;
}

static void
try_all(const struct fault *fault, bool (*run)(const struct round *))
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		struct round round = { .attempt = attempts[i], .fault = fault };
		struct bc_cache *cache = world_make();
		struct bc_error err;

		state_read(round.before);
		assert_status(bc_flush(cache, &err), BC_OK, &err);
		state_read(round.flushed);
		bc_close(cache);
		cache = world_make();
		assert_status(round.attempt(cache, &err), BC_OK, &err);
		state_read(round.after);
		bc_close(cache);
		assert_string_not_equal(round.before, round.after);
		for (round.at = 1; lab_in_time() && run(&round);
		     round.at += lab_step(1, 1)) {
			assert_true(round.at < ROUNDS_MAX);
			lab_trials(1);
		}
	}
}

static bool
round_kill(const struct round *round)
{
	int result = test_child_run(round_child, (void *)(uintptr_t)round);
	char now[STATE];

	if (result == 1)
		return false;
	assert_int_equal(result, TEST_CHILD_SIGNAL + SIGKILL);
	state_read(now);
	expect_state(round, now);
	return true;
}

static void
whatever_fails_is_not_half_done(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		try_all(&faults[i], round_fail);
}

static void
killed_it_is_not_half_done(void **state)
{
	(void)state;
	for (size_t i = 3; i < 5; i++)
		try_all(&faults[i], round_kill);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, unit_teardown)
		CASE(whatever_fails_is_not_half_done),
		CASE(killed_it_is_not_half_done),
	};

	return LAB_MAIN(argc, argv, "label_failure", tests);
}

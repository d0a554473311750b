/* SPDX-License-Identifier: MIT */
/*
 * test_cold_kill.c - SIGKILL before, after and within every call of the system
 * while entries go from tier to tier: nothing is lost, nothing is wrong, and
 * the next one takes it to its end.
 */
#include "cold.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cache.h"
#include "fault/lab.h"
#include "fault/shim.h"

#define ROWS 9000
#define ROUNDS_MAX 400

static struct world {
	struct test_dir dir;
	struct bc_options options;
	struct cold_frame frame;
	struct fault_plan plan;
	const struct move *move;
} world;

static const char *const keys[] = { "warm", "cold", "s/m/X/1m" };

static struct bc_cache *
world_open(void)
{
	struct bc_cache *cache = NULL;
	struct bc_error err;

	assert_status(bc_open(world.dir.cache, &world.options, &cache, &err),
	              BC_OK, &err);
	return cache;
}

static void
world_make(void *unused)
{
	struct bc_append_options append = BC_APPEND_OPTIONS_INIT;
	struct bc_put_options put = BC_PUT_OPTIONS_INIT;
	struct bc_cache *cache = world_open();
	struct bc_error err;

	(void)unused;
	put.flags = BC_PUT_SUSPECT;
	assert_status(
		bc_put(cache, "warm", &world.frame.frame, &put, NULL, &err),
		BC_OK, &err);
	put.placement = BC_PLACE_COLD;
	assert_status(
		bc_put(cache, "cold", &world.frame.frame, &put, NULL, &err),
		BC_OK, &err);
	append.flags = BC_APPEND_SUSPECT;
	append.placement = BC_PLACE_COLD;
	assert_status(bc_append(cache, "s/m/X/1m", &world.frame.frame, &append,
	                        NULL, &err),
	              BC_OK, &err);
	assert_status(bc_sync(cache, &err), BC_OK, &err);
	bc_close(cache);
}

/* ---- moves ------------------------------------------------------------- */

static void
move_demote(struct bc_cache *cache)
{
	assert_status(bc_place(cache, "warm", BC_PLACE_COLD, NULL, NULL), BC_OK,
	              NULL);
}

static void
move_promote(struct bc_cache *cache)
{
	assert_status(bc_place(cache, "cold", BC_PLACE_WARM, NULL, NULL), BC_OK,
	              NULL);
}

static void
move_series(struct bc_cache *cache)
{
	assert_status(bc_place(cache, "s/m/X/1m", BC_PLACE_WARM, NULL, NULL),
	              BC_OK, NULL);
}

/* Decoded twice, which makes it warm. */
static void
move_read(struct bc_cache *cache)
{
	struct bci_env *env;
	struct bc_view view;

	assert_status(bci_cache_env(cache, &env, NULL), BC_OK, NULL);
	for (int i = 0; i < 2; i++) {
		bci_hots_drop(env);
		assert_status(bc_get(cache, "cold", &view), BC_OK, NULL);
		bc_view_release(&view);
	}
}

static const struct move {
	const char *name;
	void (*run)(struct bc_cache *cache);
} moves[] = {
	{ "demote", move_demote },
	{ "promote", move_promote },
	{ "promote a series", move_series },
	{ "promotion by a reader", move_read },
};

/* ---- killing ----------------------------------------------------------- */

static void
mover(void *unused)
{
	struct bc_cache *cache = world_open();

	(void)unused;
	fault_arm(&world.plan);
	world.move->run(cache);
	bc_close(cache);
	fault_disarm();
}

/* Everything reads as it was put; then the move goes through. */
static void
checker(void *unused)
{
	struct bc_verify_report report;
	struct bc_cache *cache = world_open();
	struct bc_error err;
	struct bc_view view;

	(void)unused;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 3; i++) {
			assert_status(bc_read(cache, keys[i], INT64_MIN,
			                      INT64_MAX, NULL, BC_READ_PARTIAL,
			                      &view),
			              BC_OK, NULL);
			require(view.rows == ROWS &&
			        cold_frame_is(&world.frame, &view, 0));
			bc_view_release(&view);
		}
		assert_status(bc_verify(cache, NULL, NULL, NULL, &report, &err),
		              BC_OK, &err);
		world.move->run(cache);
	}
	bc_close(cache);
}

/* Kill at call 'at'; false if there are not so many. */
static bool
one_kill(enum fault_mode mode, uint64_t at)
{
	int code;

	test_remove_tree(world.dir.cache);
	assert_int_equal(test_child_run(world_make, NULL), 0);
	world.plan = (struct fault_plan){
		.calls = mode == FAULT_TORN ? FAULT_WRITE
		                            : FAULT_IO | FAULT_LOCK,
		.mode = mode,
		.at = at,
		.path = world.dir.path,
	};
	code = test_child_run(mover, NULL);
	if (code != 0)
		assert_int_equal(code, TEST_CHILD_SIGNAL + SIGKILL);
	if (test_child_run(checker, NULL) != 0)
		fail_msg("%s, mode %d, call %llu", world.move->name, (int)mode,
		         (unsigned long long)at);
	return code != 0;
}

static void
no_kill_loses_anything(enum bc_durability durability)
{
	static const enum fault_mode modes[] = { FAULT_KILL, FAULT_KILL_AFTER,
		                                 FAULT_TORN };

	world.options.durability = durability;
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		world.move = &moves[i];
		for (size_t k = 0; k < 3; k++) {
			uint64_t at = 1;

			while (lab_in_time() && one_kill(modes[k], at)) {
				lab_trials(1);
				assert_true(++at < ROUNDS_MAX);
			}
			assert_true(at > 1 || !lab_in_time());
		}
	}
}

static void
no_kill_loses_anything_of_a_relaxed_cache(void **state)
{
	(void)state;
	no_kill_loses_anything(BC_RELAXED);
}

static void
no_kill_loses_anything_of_a_durable_cache(void **state)
{
	(void)state;
	no_kill_loses_anything(BC_DURABLE);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_kill_loses_anything_of_a_relaxed_cache),
		cmocka_unit_test(no_kill_loses_anything_of_a_durable_cache),
	};
	int failed;

	cold_frame_make(&world.frame, ROWS, 0, START, 1);
	test_dir_make_fast(&world.dir);
	world.options = (struct bc_options)BC_OPTIONS_INIT;
	world.options.flags = BC_OPEN_CREATE;
	failed = LAB_MAIN(argc, argv, "cold_kill", tests);
	cold_frame_free(&world.frame);
	test_dir_remove(&world.dir);
	return failed;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_series_model.c - random operations on series, in a cache and in a model
 * of it that is too simple to be wrong.  sequence.h says how to repeat a run.
 */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/world.h"
#include "sequence.h"

static struct test_dir dir;
static uint64_t *done, *full; /* shared with the children */

static void
series_make(void *ops, size_t count, uint64_t *setting, uint64_t seed)
{
	static const uint64_t budgets[] = { 8 << 20, 32 << 20, 64 << 20 };

	*setting = budgets[seed % 3];
	model_op_make(ops, count, *setting / 700, seed);
}

static void
series_run(const void *ops, size_t count, uint64_t setting)
{
	struct model_world world;

	test_remove_tree(dir.cache);
	model_world_begin(&world, dir.cache, setting);
	model_world_run(&world, ops, count);
	*done += world.done;
	*full += world.full;
	model_world_end(&world);
}

static void
a_cache_of_series_does_what_its_model_does(void **state)
{
	static const struct sequence_kind kind = {
		.setting = "warm",
		.op_bytes = sizeof(struct model_op),
		.make = series_make,
		.run = series_run,
		.print = model_op_print,
		.parse = model_op_parse,
	};

	(void)state;
	test_dir_make_fast(&dir);
	done = test_shared(2 * sizeof(*done));
	full = done + 1;
	sequence_run_all(&kind, 12, 100);
	printf("operations %" PRIu64 ", of them without room %" PRIu64 "\n",
	       *done, *full);
	/* A few of a file may be those that find none. */
	assert_true(*full * 5 < *done || getenv("BARCACHE_OPS") != NULL);
	test_dir_remove(&dir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cache_of_series_does_what_its_model_does),
	};

	return cmocka_run_group_tests_name("series_model", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_manage_model.c - random operations on a cache that is managed while it
 * is used: it evicts, expires, compacts, is steered, and its clock is set.
 * chaos/world.h says what must hold, sequence.h how to repeat a run.
 */
#include "support.h"

#include <stdio.h>
#include <unistd.h>

#include "chaos/world.h"
#include "sequence.h"

static struct test_dir dir;
static uint64_t *done, *full; /* shared with the children */

static void
manage_make(void *ops, size_t count, uint64_t *setting, uint64_t seed)
{
	static const uint64_t budgets[] = { 4 << 20, 16 << 20, 64 << 20,
		                            1 << 20 };

	*setting = budgets[seed % 4];
	chaos_op_make(ops, count, seed);
}

static void
manage_run(const void *ops, size_t count, uint64_t setting)
{
	struct chaos_world world;

	alarm(100); /* An endless loop is a failure. */
	test_remove_tree(dir.cache);
	chaos_world_begin(&world, dir.cache, setting);
	chaos_world_run(&world, ops, count);
	*done += count;
	*full += world.full;
	chaos_world_end(&world);
}

static void
a_managed_cache_forgets_only_what_it_may(void **state)
{
	static const struct sequence_kind kind = {
		.setting = "warm",
		.op_bytes = sizeof(struct chaos_op),
		.make = manage_make,
		.run = manage_run,
		.print = chaos_op_print,
		.parse = chaos_op_parse,
	};

	(void)state;
	test_dir_make_fast(&dir);
	done = test_shared(2 * sizeof(*done));
	full = done + 1;
	sequence_run_all(&kind, 12, 250);
	printf("operations %llu, of them without room %llu\n",
	       (unsigned long long)*done, (unsigned long long)*full);
	test_dir_remove(&dir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_managed_cache_forgets_only_what_it_may),
	};

	return cmocka_run_group_tests_name("manage_model", tests, NULL, NULL);
}

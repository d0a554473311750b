/* SPDX-License-Identifier: MIT */
/*
 * test_budget.c - a cache that is full makes room: whatever is put, in whatever
 * order, under every policy, it never takes more than its budget and two
 * arenas, what is there is right, and what is not was evicted.
 */
#include "filled_unit.h"

#include "arena.h"

#define MIB (1ull << 20)
#define KIB (1ull << 10)
#define KEYS 400u

static void
restart(uint64_t warm_bytes, enum bc_policy policy, uint64_t entries_max)
{
	struct bc_options options = unit_options();

	options.warm_bytes = warm_bytes;
	options.policy = policy;
	options.entries_max = entries_max;
	if (policy != BC_POLICY_DEFAULT)
		options.durability = BC_SCRATCH; /* It is faster. */
	filled_restart(&options);
}

static void
check_bounds(uint64_t budget)
{
	struct bc_stats stats = unit_stats();

	if (stats.live_bytes > budget ||
	    stats.warm_bytes > budget + 2 * bci_arena_capacity(budget)) {
		print_error("budget %llu: %llu bytes live, %llu linked\n",
		            (unsigned long long)budget,
		            (unsigned long long)stats.live_bytes,
		            (unsigned long long)stats.warm_bytes);
		fail();
	}
}

/* So many random commits; no value is longer than 'most' bytes. */
static void
run(uint64_t budget, uint64_t most, unsigned steps, uint64_t seed)
{
	unsigned i, index;

	for (i = 1; i <= steps; i++) {
		uint64_t random = test_mix(i, seed);
		uint64_t bytes = 16 + (random >> 32) % most / 8 * 8;

		index = (unsigned)(random % KEYS);
		switch (random >> 20 & 15) {
		case 0:
			filled_remove(index);
			break;
		case 1:
			filled_put_batch(
				index,
				1 + (unsigned)((random >> 24 & 31) %
			                       (budget / (2 * KIB))),
				KEYS, test_value_blob, i,
				16 + bytes / 64 / 8 * 8, NULL);
			break;
		case 2:
		case 3:
			filled_check(index % 20); /* Often asked for. */
			break;
		case 4:
			filled_check(index);
			break;
		default:
			filled_put(index, test_value_blob, i, bytes, NULL);
		}
		check_bounds(budget);
	}
	filled_check_all(KEYS);
}

/* ------------------------------------------------------------------------ */
/*  Random load                                                             */
/* ------------------------------------------------------------------------ */

static void
no_load_exceeds_the_budget_under_any_policy(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < FILLED_POLICIES; i++) {
		restart(8 * MIB, filled_policies[i], 0);
		run(8 * MIB, 256 * KIB, 1500, 7 + i);
		assert_true(filled.lost > 50);
		assert_true(unit_stats().live_bytes > 4 * MIB);
		unit_expect_sound();
		unit_reopen(NULL);
		unit_expect_sound();
	}
}

static void
small_budgets_work(void **state)
{
	static const uint64_t budgets[] = { 4 * KIB, 16 * KIB, 64 * KIB,
		                            512 * KIB };
	size_t i, k;

	(void)state;
	for (k = 0; k < sizeof(budgets) / sizeof(budgets[0]); k++) {
		for (i = 0; i < FILLED_POLICIES; i++) {
			restart(budgets[k], filled_policies[i], 0);
			run(budgets[k], budgets[k] / 8, 600, 31 + i);
			assert_true(filled.lost > 20);
			assert_true(unit_stats().live_bytes > budgets[k] / 8);
			unit_expect_sound();
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_load_exceeds_the_budget_under_any_policy, unit_setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(small_budgets_work, unit_setup,
		                                unit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_budget.c - a cache that is full makes room: whatever is put, in whatever
 * order, under every policy, it never takes more than its budget and two
 * arenas, what is there is right, and what is not was evicted.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "record.h"

#define MIB (1ull << 20)
#define KIB (1ull << 10)
#define KEYS 400u

static const enum bc_policy policies[] = {
	BC_POLICY_DEFAULT, BC_POLICY_LRU,    BC_POLICY_SIZE, BC_POLICY_HYBRID,
	BC_POLICY_SCORE,   BC_POLICY_S3FIFO, BC_POLICY_GDSF,
};

static uint64_t versions[KEYS]; /* of the newest put; 0: none */
static uint64_t lost;           /* entries found evicted */

static void
restart(uint64_t warm_bytes, enum bc_policy policy, uint64_t entries_max)
{
	struct bc_options options = unit_options();

	options.warm_bytes = warm_bytes;
	options.policy = policy;
	options.entries_max = entries_max;
	if (policy != BC_POLICY_DEFAULT)
		options.durability = BC_SCRATCH; /* It is faster. */
	unit_restart(&options);
	memset(versions, 0, sizeof(versions));
	lost = 0;
}

static char *
key_of(unsigned index, char key[16])
{
	snprintf(key, 16, "k%05u", index);
	return key;
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

/* Read one key: it is there as it was put, or was evicted. */
static void
check_key(unsigned index)
{
	struct bc_view view;
	char key[16];
	enum bc_status status =
		bc_get(fixture.cache, key_of(index, key), &view);

	if (status == BC_OK) {
		assert_int_not_equal(versions[index], 0);
		assert_int_equal(test_view_version(&view, key, UNIT_SEED),
		                 versions[index]);
		bc_view_release(&view);
		return;
	}
	assert_status(status, BC_MISS, NULL);
	if (versions[index] != 0) {
		assert_true(view.miss == BC_MISS_EVICTED ||
		            view.miss == BC_MISS_ABSENT);
		versions[index] = 0;
		lost++;
	}
}

static void
put_one(unsigned index, uint64_t version, uint64_t bytes)
{
	struct test_value value;
	struct bc_error err;
	char key[16];

	test_value_blob(&value, key_of(index, key), version, UNIT_SEED, bytes);
	assert_status(test_value_put(fixture.cache, &value, &err), BC_OK, &err);
	test_value_free(&value);
	versions[index] = version;
}

static void
put_batch(unsigned first, unsigned count, uint64_t version, uint64_t bytes)
{
	struct test_value values[32];
	struct bc_batch *batch;
	struct bc_error err;
	char key[16];
	unsigned i;

	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (i = 0; i < count; i++) {
		unsigned index = (first + i) % KEYS;

		test_value_blob(&values[i], key_of(index, key), version,
		                UNIT_SEED, bytes);
		assert_status(test_value_add(batch, &values[i], &err), BC_OK,
		              &err);
		versions[index] = version;
	}
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	for (i = 0; i < count; i++)
		test_value_free(&values[i]);
}

/* So many random commits; no value is longer than 'most' bytes. */
static void
run(uint64_t budget, uint64_t most, unsigned steps, uint64_t seed)
{
	unsigned i, index;
	struct bc_error err;
	char key[16];

	for (i = 1; i <= steps; i++) {
		uint64_t random = test_mix(i, seed);
		uint64_t bytes = 16 + (random >> 32) % most / 8 * 8;

		index = (unsigned)(random % KEYS);
		switch (random >> 20 & 15) {
		case 0:
			assert_true(bc_remove(fixture.cache, key_of(index, key),
			                      &err) != BC_BUSY);
			versions[index] = 0;
			break;
		case 1:
			put_batch(index,
			          1 + (unsigned)((random >> 24 & 31) %
			                         (budget / (2 * KIB))),
			          i, 16 + bytes / 64 / 8 * 8);
			break;
		case 2:
		case 3:
			check_key(index % 20); /* Often asked for. */
			break;
		case 4:
			check_key(index);
			break;
		default:
			put_one(index, i, bytes);
		}
		check_bounds(budget);
	}
	for (index = 0; index < KEYS; index++)
		check_key(index);
}

/* ------------------------------------------------------------------------ */
/*  Random load                                                             */
/* ------------------------------------------------------------------------ */

static void
no_load_exceeds_the_budget_under_any_policy(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		restart(8 * MIB, policies[i], 0);
		run(8 * MIB, 256 * KIB, 1500, 7 + i);
		assert_true(lost > 50);
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
		for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
			restart(budgets[k], policies[i], 0);
			run(budgets[k], budgets[k] / 8, 600, 31 + i);
			assert_true(lost > 20);
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

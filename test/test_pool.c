/* SPDX-License-Identifier: MIT */
/*
 * test_pool.c - the pool of candidates that were looked at: it gives the lowest
 * first, remembers each once and the lowest of many, and what a round takes
 * from it is what a ranking of all would have taken, or nearly.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND INT64_C(1000000000)
#define NOW (INT64_C(1800000000) * SECOND)
#define MANY 20000u

static const enum bc_policy choosing[] = {
	BC_POLICY_LRU,   BC_POLICY_SIZE, BC_POLICY_HYBRID,
	BC_POLICY_SCORE, BC_POLICY_GDSF,
};

static struct bci_pool pool;
static struct bci_candidate many[MANY];

static int
setup(void **state)
{
	(void)state;
	memset(&pool, 0, sizeof(pool));
	return 0;
}

/* Accessed so many seconds ago. */
static struct bci_candidate
candidate(uint64_t key, int64_t age_s, uint64_t bytes)
{
	return (struct bci_candidate){
		.key = key,
		.order = key,
		.bytes = bytes,
		.accessed_ns = NOW - age_s * SECOND,
		.count = 1,
	};
}

static uint32_t
offer(uint64_t key, int64_t age_s, uint64_t bytes)
{
	struct bci_candidate given = candidate(key, age_s, bytes);

	return bci_pool_offer(&pool, &given);
}

static void
expect_next(uint64_t key, uint32_t place)
{
	struct bci_candidate taken;

	assert_int_equal(bci_pool_take(&pool, &taken), place);
	assert_int_equal(taken.key, key);
}

static void
expect_empty(void)
{
	struct bci_candidate taken;

	assert_true(bci_pool_take(&pool, &taken) == BCI_POOL_NONE);
}

/* ---- what it remembers ------------------------------------------------- */

static void
the_lowest_goes_first(void **state)
{
	uint32_t places[4];

	(void)state;
	bci_pool_begin(&pool, BC_POLICY_LRU, NOW);
	expect_empty();
	places[0] = offer(10, 5, 1);
	places[1] = offer(11, 9, 1);
	places[2] = offer(12, 1, 1);
	places[3] = offer(13, 9, 1);
	expect_next(11, places[1]); /* Of equals the older. */
	expect_next(13, places[3]);
	/* A place that is free again may be another's. */
	places[1] = offer(14, 7, 1);
	assert_true(places[1] != places[0] && places[1] != places[2]);
	expect_next(14, places[1]);
	expect_next(10, places[0]);
	expect_next(12, places[2]);
	expect_empty();
}

static void
one_that_is_known_is_known_anew(void **state)
{
	uint32_t place, other;

	(void)state;
	bci_pool_begin(&pool, BC_POLICY_LRU, NOW);
	place = offer(1, 9, 1);
	other = offer(2, 5, 1);
	assert_int_equal(offer(1, 0, 1), place);
	assert_int_equal(pool.count, 2);
	expect_next(2, other);
	expect_next(1, place);
}

static void
pinned_ones_are_not_remembered(void **state)
{
	struct bci_candidate given = candidate(1, 9, 1);

	(void)state;
	bci_pool_begin(&pool, BC_POLICY_LRU, NOW);
	given.pinned = true;
	assert_true(bci_pool_offer(&pool, &given) == BCI_POOL_NONE);
	expect_empty();
}

/* A full one gives up whoever would go last. */
static void
the_lowest_of_many_stay(void **state)
{
	(void)state;
	bci_pool_begin(&pool, BC_POLICY_LRU, NOW);
	for (uint64_t i = 0; i < 4 * BCI_POOL; i++)
		/* 0, 4095, 1, 4094, ... seconds ago. */
		(void)offer(i,
		            (int64_t)(i % 2 == 0 ? i / 2
		                                 : 4 * BCI_POOL - 1 - i / 2),
		            1);
	assert_int_equal(pool.count, BCI_POOL);
	assert_true(offer(MANY, 0, 1) == BCI_POOL_NONE);
	for (uint64_t i = 0; i < BCI_POOL; i++) {
		struct bci_candidate taken;

		assert_true(bci_pool_take(&pool, &taken) < BCI_POOL);
		assert_true(taken.accessed_ns ==
		            NOW - (int64_t)(4 * BCI_POOL - 1 - i) * SECOND);
	}
	expect_empty();
}

static void
another_policy_begins_anew(void **state)
{
	(void)state;
	bci_pool_begin(&pool, BC_POLICY_LRU, NOW);
	(void)offer(1, 9, 1);
	bci_pool_begin(&pool, BC_POLICY_LRU, NOW + SECOND);
	assert_int_equal(pool.count, 1);
	bci_pool_begin(&pool, BC_POLICY_SIZE, NOW);
	expect_empty();
	(void)offer(1, 9, 1);
	/* An ordered policy is lru here. */
	bci_pool_begin(&pool, BC_POLICY_ADAPTIVE, NOW);
	assert_int_equal(pool.policy, BC_POLICY_LRU);
	expect_empty();
}

/* What is worth less and less may change places with what was last. */
static void
ranks_go_with_time(void **state)
{
	struct bci_candidate given;

	(void)state;
	bci_pool_begin(&pool, BC_POLICY_SCORE, NOW);
	given = candidate(1, 9, 1);
	given.count = 5; /* 5 / 10 */
	(void)bci_pool_offer(&pool, &given);
	given = candidate(2, 1, 1);
	given.count = 2; /* 2 / 2 */
	(void)bci_pool_offer(&pool, &given);
	bci_pool_begin(&pool, BC_POLICY_SCORE, NOW + 100 * SECOND);
	(void)bci_pool_take(&pool, &given);
	assert_int_equal(given.key, 2); /* 2 / 102 before 5 / 110 */
}

/* ---- beside a ranking of all ------------------------------------------- */

static void
make_many(void)
{
	uint64_t seed = 1;

	for (unsigned i = 0; i < MANY; i++) {
		many[i] = candidate(i, (int64_t)(test_mix_next(&seed) % 100000),
		                    1000 + test_mix_next(&seed) % 9000);
		many[i].count = 1 + (uint32_t)(test_mix_next(&seed) % 8);
		many[i].cost_ns = 1 + test_mix_next(&seed) % 1000000;
	}
}

/* Rounds over 'many', of which 'gone' are taken: whose they are. */
static void
take_in_rounds(enum bc_policy policy, unsigned gone, bool *out)
{
	unsigned at = 0;

	memset(&pool, 0, sizeof(pool));
	bci_pool_begin(&pool, policy, NOW);
	for (unsigned i = 0; i < gone; i++) {
		struct bci_candidate taken;

		for (uint32_t k = bci_pool_looks(&pool); k > 0; at++) {
			const struct bci_candidate *next = &many[at % MANY];

			if (out[next->key])
				continue;
			(void)bci_pool_offer(&pool, next);
			k--;
		}
		assert_true(bci_pool_take(&pool, &taken) < BCI_POOL);
		assert_false(out[taken.key]);
		out[taken.key] = true;
	}
}

/* Nine of ten that go are among the lowest quarter. */
static void
what_goes_is_low(void **state)
{
	static struct bci_candidate ranked[MANY];
	static bool gone[MANY], low[MANY];
	const unsigned count = MANY / 20;

	(void)state;
	make_many();
	for (size_t i = 0; i < COUNT(choosing); i++) {
		struct bci_choice choice = {
			.candidates = ranked,
			.count = MANY,
			.used_bytes = UINT64_MAX,
			.now_ns = NOW,
		};
		unsigned good = 0;

		memset(gone, 0, sizeof(gone));
		memset(low, 0, sizeof(low));
		memcpy(ranked, many, sizeof(ranked));
		assert_int_equal(bci_policy_choose(choosing[i], &choice), MANY);
		for (unsigned j = 0; j < MANY / 4; j++)
			low[ranked[j].key] = true;
		take_in_rounds(choosing[i], count, gone);
		for (unsigned j = 0; j < MANY; j++)
			good += gone[j] && low[j];
		assert_true(good >= count / 10 * 9);
	}
}

/* The same looks give the same victims. */
static void
nothing_is_left_to_chance(void **state)
{
	static bool first[MANY], second[MANY];

	(void)state;
	make_many();
	take_in_rounds(BC_POLICY_HYBRID, 500, first);
	take_in_rounds(BC_POLICY_HYBRID, 500, second);
	assert_memory_equal(first, second, sizeof(first));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_lowest_goes_first),
		TEST(one_that_is_known_is_known_anew),
		TEST(pinned_ones_are_not_remembered),
		TEST(the_lowest_of_many_stay),
		TEST(another_policy_begins_anew),
		TEST(ranks_go_with_time),
		TEST(what_goes_is_low),
		TEST(nothing_is_left_to_chance),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}

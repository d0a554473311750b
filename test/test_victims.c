/* SPDX-License-Identifier: MIT */
/*
 * test_victims.c - the lowest of many candidates, in orders that make quick
 * ways of sorting slow or wrong, against qsort().
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "victims.h"

#define MOST 3000

static struct bci_candidate given[MOST], sorted[MOST], work[MOST];

/* Ranks as they come. */
enum shape { RANDOM, RISING, FALLING, EQUAL, FEW_RANKS, PIPE, SAW, SHAPES };

static uint64_t
rank_of(enum shape shape, size_t i, size_t count, uint64_t *seed)
{
	switch (shape) {
	case RISING:
		return i;
	case FALLING:
		return count - i;
	case EQUAL:
		return 7;
	case FEW_RANKS:
		return test_mix_next(seed) % 3;
	case PIPE:
		return i < count / 2 ? i : count - i;
	case SAW:
		return i % 17;
	default:
		return test_mix_next(seed);
	}
}

static int
compare(const void *a, const void *b)
{
	const struct bci_candidate *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

/* Ties go by an order that is not the one they come in. */
static void
make(enum shape shape, size_t count, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		given[i] = (struct bci_candidate){
			.order = i * 1009 % MOST,
			.rank = rank_of(shape, i, count, &seed),
			.bytes = test_mix_next(&seed) % 100,
			.id = i,
		};
	memcpy(work, given, sizeof(work));
	memcpy(sorted, given, sizeof(sorted));
	qsort(sorted, count, sizeof(sorted[0]), compare);
}

/* Nobody is lost, and nobody is there twice. */
static void
check_all_there(size_t count)
{
	static bool there[MOST];

	memset(there, 0, sizeof(there));
	for (size_t i = 0; i < count; i++) {
		assert_true(work[i].id < count);
		assert_false(there[work[i].id]);
		there[work[i].id] = true;
		assert_memory_equal(&work[i], &given[work[i].id],
		                    sizeof(work[i]));
	}
}

static void
check_take(size_t count, size_t least, uint64_t need)
{
	uint64_t left = need, bytes = 0;
	size_t expected = 0, taken;

	memcpy(work, given, sizeof(work));
	while (expected < count && (bytes < need || expected < least))
		bytes += sorted[expected++].bytes;
	taken = bci_victims_take(work, count, least, &left);
	assert_int_equal(taken, expected);
	assert_int_equal(left, bytes < need ? need - bytes : 0);
	assert_memory_equal(work, sorted, taken * sizeof(work[0]));
	check_all_there(count);
}

static void
check_part(size_t count, size_t lower)
{
	memcpy(work, given, sizeof(work));
	bci_victims_part(work, count, lower);
	check_all_there(count);
	qsort(work, lower, sizeof(work[0]), compare);
	assert_memory_equal(work, sorted, lower * sizeof(work[0]));
}

/* In steps of any length; what was sorted before may have other ranks now. */
static void
check_sort_to(size_t count, uint64_t seed)
{
	struct bci_victims victims;
	size_t most = 0;

	memcpy(work, given, sizeof(work));
	bci_victims_begin(&victims, work, count);
	while (most < count) {
		size_t before = victims.sorted;

		most += 1 + test_mix_next(&seed) % 100;
		bci_victims_sort_to(&victims, most);
		assert_true(victims.sorted >= most || victims.sorted == count);
		assert_true(victims.sorted <= count);
		for (size_t i = before; i < victims.sorted; i++) {
			assert_memory_equal(&work[i], &sorted[i],
			                    sizeof(work[i]));
			work[i].rank = test_mix_next(&seed);
		}
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(work[i].id, sorted[i].id);
}

static void
check(enum shape shape, size_t count, uint64_t seed)
{
	uint64_t all = 100 * count + 1;

	make(shape, count, seed);
	check_sort_to(count, seed);
	check_take(count, 0, 0);
	check_take(count, 0, 1);
	check_take(count, 0, all / 20);
	check_take(count, count / 3, all / 20);
	check_take(count, count + 1, 0);
	check_take(count, 0, UINT64_MAX);
	check_part(count, 0);
	check_part(count, count / 7);
	check_part(count, (count + 1) / 2);
	check_part(count, count);
}

static void
all_that_is_lower_comes_first_in_order(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 3, 12, 13, 14, 100, MOST };

	(void)state;
	for (unsigned shape = 0; shape < SHAPES; shape++)
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
			check((enum shape)shape, counts[i], 1 + i);
}

static void
any_number_of_them(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		uint64_t random = seed;
		size_t count = test_mix_next(&random) % 300;

		check((enum shape)(test_mix_next(&random) % SHAPES), count,
		      seed);
	}
}

static void
pinned_ones_are_put_behind(void **state)
{
	size_t spared = 0, count = 500;
	uint64_t seed = 3;

	(void)state;
	make(RANDOM, count, seed);
	for (size_t i = 0; i < count; i++)
		given[i].pinned = test_mix_next(&seed) % 3 == 0;
	memcpy(work, given, sizeof(work));
	for (size_t i = 0; i < count; i++)
		spared += !given[i].pinned;
	assert_int_equal(bci_victims_spare(work, count), spared);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(work[i].pinned, i >= spared);
	check_all_there(count);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_lower_comes_first_in_order),
		cmocka_unit_test(any_number_of_them),
		cmocka_unit_test(pinned_ones_are_put_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_histogram.c - buckets that follow each other without a gap, percentiles
 * against a sorted list, adding from threads, and what damage makes of it.
 */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"

#define MANY 5000
#define THREADS 4

static struct bci_histogram histogram;

static int
setup(void **state)
{
	(void)state;
	memset(&histogram, 0, sizeof(histogram));
	return 0;
}

static void
buckets_follow_each_other(void **state)
{
	unsigned i;

	(void)state;
	assert_int_equal(bci_bucket_begin(0), 0);
	for (i = 0; i < BCI_BUCKETS; i++) {
		assert_int_equal(bci_bucket_of(bci_bucket_begin(i)), i);
		if (i == 0)
			continue;
		assert_true(bci_bucket_begin(i) > bci_bucket_begin(i - 1));
		assert_int_equal(bci_bucket_of(bci_bucket_begin(i) - 1), i - 1);
	}
	assert_int_equal(bci_bucket_of(UINT64_MAX), BCI_BUCKETS - 1);
}

static void
an_empty_one_is_all_zeros(void **state)
{
	static const struct bc_latency zeros;
	struct bc_latency latency;

	(void)state;
	memset(&latency, 0xff, sizeof(latency));
	bci_histogram_show(&histogram, &latency);
	assert_memory_equal(&latency, &zeros, sizeof(zeros));
}

static int
compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* What a percentile may be off by: a bucket, a quarter of a power of two. */
static void
expect_near(uint64_t got, uint64_t exact)
{
	assert_true(got <= exact + exact / 4 + 1);
	assert_true(got + got / 4 + 1 >= exact);
}

static void
percentiles_are_those_of_a_sorted_list(void **state)
{
	static uint64_t values[MANY];
	struct bc_latency latency;
	uint64_t sum = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		/* Spread over many powers of two. */
		values[i] = test_mix(i, 7) >> (24 + test_mix(i, 8) % 36);
		sum += values[i];
		bci_histogram_add(&histogram, values[i]);
	}
	qsort(values, MANY, sizeof(*values), compare);
	bci_histogram_show(&histogram, &latency);
	assert_int_equal(latency.count, MANY);
	assert_int_equal(latency.sum_ns, sum);
	assert_int_equal(latency.min_ns, values[0]);
	assert_int_equal(latency.max_ns, values[MANY - 1]);
	expect_near(latency.p50_ns, values[MANY / 2]);
	expect_near(latency.p99_ns, values[MANY * 99 / 100]);
	expect_near(latency.p999_ns, values[MANY * 999 / 1000]);
	assert_int_equal(bci_histogram_percentile(&histogram, 1),
	                 values[MANY - 1]);
}

static void
one_value_is_every_percentile(void **state)
{
	struct bc_latency latency;

	(void)state;
	bci_histogram_add(&histogram, 0);
	bci_histogram_show(&histogram, &latency);
	assert_int_equal(latency.count, 1);
	assert_int_equal(latency.min_ns + latency.max_ns + latency.p999_ns, 0);
	bci_histogram_clear(&histogram);
	bci_histogram_add(&histogram, 1000003);
	bci_histogram_show(&histogram, &latency);
	assert_int_equal(latency.min_ns, 1000003);
	assert_int_equal(latency.max_ns, 1000003);
	assert_int_equal(latency.p50_ns, 1000003);
	assert_int_equal(latency.p999_ns, 1000003);
}

static void
what_is_too_long_is_kept_in_the_last_bucket(void **state)
{
	(void)state;
	bci_histogram_add(&histogram, UINT64_MAX - 1);
	assert_int_equal(bci_histogram_percentile(&histogram, 0.5),
	                 UINT64_MAX - 1);
}

static void
two_add_up_to_one(void **state)
{
	static struct bci_histogram both, other;
	struct bc_latency a, b;
	unsigned i;

	(void)state;
	memset(&both, 0, sizeof(both));
	memset(&other, 0, sizeof(other));
	for (i = 0; i < 200; i++) {
		uint64_t ns = test_mix(i, 3) % 100000;

		bci_histogram_add(i % 3 == 0 ? &histogram : &other, ns);
		bci_histogram_add(&both, ns);
	}
	bci_histogram_merge(&histogram, &other);
	bci_histogram_show(&histogram, &a);
	bci_histogram_show(&both, &b);
	assert_memory_equal(&a, &b, sizeof(a));
	/* With an empty one in either direction. */
	bci_histogram_clear(&other);
	bci_histogram_merge(&histogram, &other);
	bci_histogram_show(&histogram, &a);
	assert_memory_equal(&a, &b, sizeof(a));
	bci_histogram_merge(&other, &histogram);
	bci_histogram_show(&other, &a);
	assert_memory_equal(&a, &b, sizeof(a));
}

static void
counts_that_are_full_stay_so(void **state)
{
	struct bc_latency latency;

	(void)state;
	memset(&histogram, 0xff, sizeof(histogram));
	bci_histogram_add(&histogram, 5);
	bci_histogram_merge(&histogram, &histogram);
	bci_histogram_show(&histogram, &latency);
	assert_true(latency.count == UINT64_MAX);
	assert_true(latency.sum_ns == UINT64_MAX);
}

static void
noise_is_shown_without_harm(void **state)
{
	struct bc_latency latency;
	unsigned round, i;

	(void)state;
	for (round = 0; round < 200; round++) {
		uint64_t *words = (uint64_t *)(void *)&histogram;

		for (i = 0; i < sizeof(histogram) / sizeof(*words); i++)
			words[i] = test_mix(round, i);
		bci_histogram_add(&histogram, round);
		bci_histogram_show(&histogram, &latency);
		assert_true(latency.p50_ns <= latency.max_ns);
		assert_true(latency.p999_ns <= latency.max_ns);
	}
}

static void *
add_many(void *unused)
{
	unsigned i;

	(void)unused;
	for (i = 1; i <= MANY; i++)
		bci_histogram_add(&histogram, i);
	return NULL;
}

static void
nothing_that_threads_add_is_lost(void **state)
{
	pthread_t threads[THREADS];
	struct bc_latency latency;
	unsigned i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, add_many, NULL), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	bci_histogram_show(&histogram, &latency);
	assert_int_equal(latency.count, THREADS * MANY);
	assert_int_equal(latency.sum_ns,
	                 THREADS * (uint64_t)MANY * (MANY + 1) / 2);
	assert_int_equal(latency.min_ns, 1);
	assert_int_equal(latency.max_ns, MANY);
}

int
main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, setup)
	static const struct CMUnitTest tests[] = {
		TEST(buckets_follow_each_other),
		TEST(an_empty_one_is_all_zeros),
		TEST(percentiles_are_those_of_a_sorted_list),
		TEST(one_value_is_every_percentile),
		TEST(what_is_too_long_is_kept_in_the_last_bucket),
		TEST(two_add_up_to_one),
		TEST(counts_that_are_full_stay_so),
		TEST(noise_is_shown_without_harm),
		TEST(nothing_that_threads_add_is_lost),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}

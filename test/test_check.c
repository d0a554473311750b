/* SPDX-License-Identifier: MIT */
/*
 * test_check.c - arithmetic on sizes, at both sides of every boundary.
 */
#include "support.h"

#include "check.h"

static void
a_sum_that_does_not_fit_is_refused(void **state)
{
	uint64_t sum = 1;

	(void)state;
	assert_false(bci_add(UINT64_MAX, 1, &sum));
	assert_true(bci_add(UINT64_MAX, 0, &sum));
	assert_true(sum == UINT64_MAX);
	assert_false(bci_add(1ull << 63, 1ull << 63, &sum));
	assert_true(bci_add(1ull << 63, (1ull << 63) - 1, &sum));
	assert_true(sum == UINT64_MAX);
}

static void
a_product_that_does_not_fit_is_refused(void **state)
{
	uint64_t product = 1;

	(void)state;
	assert_false(bci_mul(1ull << 32, 1ull << 32, &product));
	assert_true(bci_mul(1ull << 32, (1ull << 32) - 1, &product));
	assert_true(product == 0xffffffff00000000u);
	assert_true(bci_mul(0, UINT64_MAX, &product));
	assert_int_equal(product, 0);
}

static void
rounding_up_keeps_multiples(void **state)
{
	static const uint64_t cases[][3] = {
		{ 0, 64, 0 },         { 1, 64, 64 },
		{ 63, 64, 64 },       { 64, 64, 64 },
		{ 65, 64, 128 },      { 4095, 4096, 4096 },
		{ 4096, 4096, 4096 }, { 4097, 4096, 8192 },
		{ 7, 1, 7 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(bci_round_up(cases[i][0], cases[i][1]),
		                 cases[i][2]);
}

static void
the_lesser_and_the_greater_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(bci_min(3, 4), 3);
	assert_int_equal(bci_min(4, 3), 3);
	assert_int_equal(bci_max(3, 4), 4);
	assert_int_equal(bci_max(4, 3), 4);
	assert_true(bci_max(UINT64_MAX, 1) == UINT64_MAX);
}

static void
a_range_lies_within_a_limit_or_not(void **state)
{
	(void)state;
	assert_true(bci_within(0, 10, 10));
	assert_false(bci_within(0, 11, 10));
	assert_true(bci_within(10, 0, 10));
	assert_false(bci_within(11, 0, 10));
	assert_true(bci_within(4, 6, 10));
	assert_false(bci_within(4, 7, 10));
	/* Sums that wrap around must not look small. */
	assert_false(bci_within(8, UINT64_MAX, 10));
	assert_false(bci_within(UINT64_MAX, 8, 10));
	assert_true(bci_within(UINT64_MAX, 0, UINT64_MAX));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sum_that_does_not_fit_is_refused),
		cmocka_unit_test(a_product_that_does_not_fit_is_refused),
		cmocka_unit_test(rounding_up_keeps_multiples),
		cmocka_unit_test(the_lesser_and_the_greater_are_told_apart),
		cmocka_unit_test(a_range_lies_within_a_limit_or_not),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}

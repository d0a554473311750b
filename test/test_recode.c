/* SPDX-License-Identifier: MIT */
/*
 * test_recode.c - two dictionaries of a text column to one.
 */
#include "barcache.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "recode.h"
#include "support.h"

#define T(string)                                                              \
	{                                                                      \
		(string), sizeof(string) - 1                                   \
	}

static void
old_codes_stay_and_new_strings_follow(void **state)
{
	static const struct bci_text old[] = { T("buy"), T(""), T("sell") };
	static const struct bci_text new[] = { T("sell"), T("halt"), T("buy"),
		                               T("halt"), T("se"),   T(""),
		                               T("a\0b"), T("a\0c") };
	static const uint32_t expected[] = { 2, 3, 0, 3, 4, 1, 5, 6 };
	static const uint32_t fresh[] = { 1, 4, 6, 7 };
	uint32_t recode[8], added[8], count;
	struct bc_error err;

	(void)state;
	assert_status(bci_recode(&bci_allocator_default, old, 3, new, 8, recode,
	                         added, &count, &err),
	              BC_OK, &err);
	assert_memory_equal(recode, expected, sizeof(expected));
	assert_int_equal(count, 4);
	assert_memory_equal(added, fresh, sizeof(fresh));
}

static void
either_side_may_be_empty(void **state)
{
	static const struct bci_text some[] = { T("a"), T("b") };
	uint32_t recode[2], added[2], count;
	struct bc_error err;

	(void)state;
	assert_status(bci_recode(&bci_allocator_default, NULL, 0, some, 2,
	                         recode, added, &count, &err),
	              BC_OK, &err);
	assert_true(count == 2 && recode[0] == 0 && recode[1] == 1);
	assert_status(bci_recode(&bci_allocator_default, some, 2, NULL, 0,
	                         recode, added, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 0);
}

static void
of_two_old_strings_the_first_counts(void **state)
{
	static const struct bci_text old[] = { T("x"), T("y"), T("x") };
	uint32_t recode[1], added[1], count;
	struct bc_error err;

	(void)state;
	assert_status(bci_recode(&bci_allocator_default, old, 3, old + 2, 1,
	                         recode, added, &count, &err),
	              BC_OK, &err);
	assert_true(count == 0 && recode[0] == 0);
}

#define MANY 5000

/* Old: 0 to 4,999 in words; new: 2,500 to 7,499, backwards. */
static void
many_strings_are_told_apart(void **state)
{
	static char words[MANY + MANY / 2][16];
	static struct bci_text old[MANY], new[MANY];
	static uint32_t recode[MANY], added[MANY];
	uint32_t count;
	struct bc_error err;

	(void)state;
	for (uint32_t i = 0; i < MANY + MANY / 2; i++)
		snprintf(words[i], sizeof(words[i]), "%u", i);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t j = MANY + MANY / 2 - 1 - i;

		old[i] = (struct bci_text){ words[i], strlen(words[i]) };
		new[i] = (struct bci_text){ words[j], strlen(words[j]) };
	}
	assert_status(bci_recode(&bci_allocator_default, old, MANY, new, MANY,
	                         recode, added, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, MANY / 2);
	for (uint32_t i = 0; i < MANY / 2; i++) {
		assert_int_equal(added[i], i);
		assert_int_equal(recode[i], MANY + i);
		assert_int_equal(recode[MANY / 2 + i], MANY - 1 - i);
	}
}

static void
without_memory_or_numbers_it_fails(void **state)
{
	static const struct bci_text one = T("a");
	struct test_memory memory = { .fail_at = 1 };
	struct bc_allocator allocator = test_allocator(&memory);
	uint32_t recode[1], added[1], count = 9;
	struct bc_error err;

	(void)state;
	assert_status(bci_recode(&allocator, &one, 1, &one, 1, recode, added,
	                         &count, &err),
	              BC_NOMEM, &err);
	assert_int_equal(count, 0);
	assert_status(bci_recode(&allocator, &one, UINT32_MAX, &one, 1, recode,
	                         added, &count, &err),
	              BC_TOO_LARGE, &err);
	assert_int_equal(memory.live, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_codes_stay_and_new_strings_follow),
		cmocka_unit_test(either_side_may_be_empty),
		cmocka_unit_test(of_two_old_strings_the_first_counts),
		cmocka_unit_test(many_strings_are_told_apart),
		cmocka_unit_test(without_memory_or_numbers_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_alloc.c - memory by count and size, through an allocator that counts.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

static struct test_memory memory;
static struct bc_allocator allocator;
static size_t asked; /* bytes of the last request of 'recorder' */

static int
setup(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	allocator = test_allocator(&memory);
	return 0;
}

static void *
recorder_alloc(void *context, size_t bytes)
{
	(void)context;
	asked = bytes;
	return malloc(bytes);
}

static void
recorder_release(void *context, void *found)
{
	(void)context;
	free(found);
}

static void
a_product_that_overflows_is_no_memory(void **state)
{
	(void)state;
	assert_null(bci_alloc(&allocator, UINT64_MAX, 2));
	assert_null(bci_alloc(&allocator, 1ull << 32, 1ull << 32));
	assert_null(bci_zalloc(&allocator, UINT64_MAX / 8 + 1, 8));
	assert_null(bci_regrow(&allocator, NULL, 0, UINT64_MAX / 4, 8));
	assert_int_equal(memory.requests, 0);
}

static void
the_allocator_is_asked_for_the_product(void **state)
{
	const struct bc_allocator recorder = { .alloc = recorder_alloc,
		                               .release = recorder_release };
	void *found;

	(void)state;
	found = bci_alloc(&recorder, 3, 7);
	assert_int_equal(asked, 21);
	bci_free(&recorder, found);
	found = bci_strndup(&recorder, "abcdef", 3);
	assert_int_equal(asked, 4);
	bci_free(&recorder, found);
}

static void
nothing_is_still_memory_of_its_own(void **state)
{
	void *a = bci_alloc(&allocator, 0, 8), *b = bci_alloc(&allocator, 8, 0);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	bci_free(&allocator, a);
	bci_free(&allocator, b);
	assert_int_equal(memory.live, 0);
}

static void
zeroed_memory_is_zero(void **state)
{
	unsigned char *found;
	size_t i;

	(void)state;
	/* Dirty what malloc() will hand out again. */
	found = bci_alloc(&allocator, 40, 25);
	memset(found, 0xa5, 1000);
	bci_free(&allocator, found);
	found = bci_zalloc(&allocator, 40, 25);
	for (i = 0; i < 1000; i++)
		assert_int_equal(found[i], 0);
	bci_free(&allocator, found);
}

static void
a_copy_of_text_ends_where_it_is_told_to(void **state)
{
	char *copy = bci_strndup(&allocator, "time\0series", 7);

	(void)state;
	assert_memory_equal(copy, "time\0se", 8);
	bci_free(&allocator, copy);
	copy = bci_strndup(&allocator, NULL, 0);
	assert_string_equal(copy, "");
	bci_free(&allocator, copy);
}

static void
growing_keeps_the_elements_and_frees_the_old(void **state)
{
	uint64_t *array = bci_alloc(&allocator, 3, 8), *grown;

	(void)state;
	array[0] = 5, array[1] = 6, array[2] = 7;
	memory.fail_at = 2;
	assert_null(bci_regrow(&allocator, array, 3, 10, 8));
	assert_int_equal(array[2], 7); /* Still the caller's. */
	memory.fail_at = 0;
	grown = bci_regrow(&allocator, array, 3, 10, 8);
	assert_int_equal(grown[0], 5);
	assert_int_equal(grown[2], 7);
	assert_int_equal(memory.live, 1);
	bci_free(&allocator, grown);
	bci_free(&allocator, NULL);
	assert_int_equal(memory.live, 0);
}

static void
a_failing_allocator_is_passed_on(void **state)
{
	(void)state;
	memory.fail_at = 1;
	assert_null(bci_zalloc(&allocator, 4, 4));
	memory.fail_at = 2;
	assert_null(bci_strndup(&allocator, "text", 4));
	assert_int_equal(memory.live, 0);
}

#define TEST(function) cmocka_unit_test_setup(function, setup)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_product_that_overflows_is_no_memory),
		TEST(the_allocator_is_asked_for_the_product),
		TEST(nothing_is_still_memory_of_its_own),
		TEST(zeroed_memory_is_zero),
		TEST(a_copy_of_text_ends_where_it_is_told_to),
		TEST(growing_keeps_the_elements_and_frees_the_old),
		TEST(a_failing_allocator_is_passed_on),
	};

	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_clock.c - the clocks agree with those of the system and with each
 * other.  How exactly they do depends on the load, so nothing narrow is said.
 */
#include "support.h"

#include <time.h>

#include "clock.h"

/* Clocks of one host do not differ by this unless one is in other units. */
#define APART_NS (100 * BCI_SECOND_NS)

static void
the_wall_clock_counts_ns_since_1970(void **state)
{
	int64_t before = (int64_t)time(NULL) - 1;
	int64_t now = bci_clock_wall_ns();

	(void)state;
	assert_true(now >= before * BCI_SECOND_NS);
	assert_true(now - before * BCI_SECOND_NS < APART_NS);
}

static void
the_coarse_clock_shows_the_same_time(void **state)
{
	int64_t apart = bci_clock_wall_ns() - bci_clock_coarse_ns();

	(void)state;
	assert_true(apart > -APART_NS && apart < APART_NS);
}

static void
the_monotonic_clock_never_goes_back(void **state)
{
	int64_t last = bci_clock_monotonic_ns(), next;
	int i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		next = bci_clock_monotonic_ns();
		assert_true(next >= last);
		last = next;
	}
}

static void
sleeping_lets_the_monotonic_clock_go_on(void **state)
{
	int64_t before = bci_clock_monotonic_ns();

	(void)state;
	bci_clock_sleep_ns(2000000);
	assert_true(bci_clock_monotonic_ns() - before >= 2000000);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wall_clock_counts_ns_since_1970),
		cmocka_unit_test(the_coarse_clock_shows_the_same_time),
		cmocka_unit_test(the_monotonic_clock_never_goes_back),
		cmocka_unit_test(sleeping_lets_the_monotonic_clock_go_on),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_freshness.c - whether what had not ended is fresh: by age, by the close
 * of a market, by both; at the edges of each.
 */
#include "support.h"

#include "freshness.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

/* Moments of one week in New York, whose exchange closes at 20:00 UTC. */
#define FRIDAY_16_00 (1696608000 * SECOND) /* 2023-10-06 */
#define FRIDAY_18_00 (1696615200 * SECOND)
#define FRIDAY_18_30 (1696617000 * SECOND)
#define FRIDAY_19_00 (1696618800 * SECOND)
#define FRIDAY_19_30 (1696620600 * SECOND)
#define FRIDAY_CLOSE (1696622400 * SECOND)
#define FRIDAY_20_01 (1696622460 * SECOND)
#define FRIDAY_21_00 (1696626000 * SECOND)
#define SATURDAY_10_00 (1696672800 * SECOND)
#define SATURDAY_14_00 (1696687200 * SECOND)
#define SUNDAY_10_00 (1696759200 * SECOND)
#define MONDAY_13_00 (1696856400 * SECOND)
#define MONDAY_OPEN (1696858200 * SECOND)
#define MONDAY_CLOSE (1696881600 * SECOND)
#define MONDAY_20_01 (1696881660 * SECOND)

static void
what_was_fetched_before_a_close_is_stale_after_it(void **state)
{
	static const struct {
		int64_t fetched_ns, next_close_ns, now_ns;
		bool fresh;
	} cases[] = {
		{ FRIDAY_19_00, FRIDAY_CLOSE, FRIDAY_19_30, true },
		{ FRIDAY_19_00, FRIDAY_CLOSE, MONDAY_20_01, false },
		{ FRIDAY_20_01, MONDAY_CLOSE, FRIDAY_21_00, true },
		{ FRIDAY_20_01, MONDAY_CLOSE, SATURDAY_14_00, true },
		{ FRIDAY_20_01, MONDAY_CLOSE, MONDAY_13_00, true },
		{ FRIDAY_21_00, MONDAY_CLOSE, SATURDAY_10_00, true },
		{ FRIDAY_21_00, MONDAY_CLOSE, SUNDAY_10_00, true },
		{ FRIDAY_21_00, MONDAY_CLOSE, MONDAY_20_01, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(bci_is_fresh(cases[i].fetched_ns,
		                              cases[i].next_close_ns,
		                              cases[i].now_ns),
		                 cases[i].fresh);
}

static void
an_open_market_goes_by_age_a_closed_one_by_its_open(void **state)
{
	(void)state;
	/* Fetched after the close: fresh until it opens. */
	assert_true(bci_is_fresh(FRIDAY_21_00, MONDAY_OPEN, SATURDAY_10_00));
	assert_false(bci_is_fresh(FRIDAY_21_00, MONDAY_OPEN, MONDAY_OPEN));
	/* Fetched while it is open: for an hour. */
	assert_true(
		bci_is_fresh(FRIDAY_18_00, FRIDAY_18_00 + HOUR, FRIDAY_18_30));
	assert_false(
		bci_is_fresh(FRIDAY_16_00, FRIDAY_16_00 + HOUR, FRIDAY_18_00));
}

static bool
fresh_at_age(int64_t ttl_ns, int64_t age_ns)
{
	return bci_is_fresh(FRIDAY_18_00, FRIDAY_18_00 + ttl_ns,
	                    FRIDAY_18_00 + age_ns);
}

static void
age_counts_to_the_nanosecond(void **state)
{
	(void)state;
	assert_true(fresh_at_age(HOUR, HOUR / 2));
	assert_false(fresh_at_age(HOUR, 2 * HOUR));
	assert_true(fresh_at_age(DAY, HOUR));
	assert_true(fresh_at_age(HOUR, HOUR / 2));
	assert_false(fresh_at_age(HOUR, 3700 * SECOND));
	assert_true(fresh_at_age(HOUR, HOUR - 1));
	assert_false(fresh_at_age(HOUR, HOUR));
}

static void
times_that_are_missing_or_wrong(void **state)
{
	(void)state;
	/* Never fetched; just fetched, but live. */
	assert_false(bci_is_fresh(0, 0, FRIDAY_18_00));
	assert_false(bci_is_fresh(FRIDAY_18_00, FRIDAY_18_00, FRIDAY_18_00));
	/* Never stale: a file, one year old. */
	assert_true(bci_is_fresh(FRIDAY_18_00 - 365 * DAY, INT64_MAX,
	                         FRIDAY_18_00));
	/* Fetched by a clock that is ahead, and by one that is wrong. */
	assert_true(bci_is_fresh(FRIDAY_18_00 + HOUR, FRIDAY_18_00 + 2 * HOUR,
	                         FRIDAY_18_00));
	assert_false(
		bci_is_fresh(FRIDAY_18_00 + HOUR + 1, INT64_MAX, FRIDAY_18_00));
	assert_false(bci_is_fresh(INT64_MAX, INT64_MAX, INT64_MIN));
	assert_true(bci_is_fresh(INT64_MIN, INT64_MAX, 0));
}

static void
how_long_follows_from_the_timeframe(void **state)
{
	(void)state;
	assert_true(bci_freshness_default("a/b/c/1d") == DAY);
	assert_true(bci_freshness_default("a/b/c/1h") == HOUR);
	assert_true(bci_freshness_default("a/b/c/5m") == 300 * SECOND);
	assert_true(bci_freshness_default("a/b/c/1m") == 300 * SECOND);
	assert_true(bci_freshness_default("a/b/c/1m@mark") == 300 * SECOND);
	assert_true(bci_freshness_default("a/b/c/15m") == HOUR);
	assert_true(bci_freshness_default("a/b/c/1s") == HOUR);
	assert_true(bci_freshness_default("a/b/c/1w") == HOUR);
	assert_true(bci_freshness_default("a/b/c/1M") == HOUR);
	assert_true(bci_freshness_default("any key") == HOUR);
	assert_true(bci_freshness_default("a/b/c/odd") == HOUR);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test(name)
		TEST(what_was_fetched_before_a_close_is_stale_after_it),
		TEST(an_open_market_goes_by_age_a_closed_one_by_its_open),
		TEST(age_counts_to_the_nanosecond),
		TEST(times_that_are_missing_or_wrong),
		TEST(how_long_follows_from_the_timeframe),
#undef TEST
	};

	return cmocka_run_group_tests_name("freshness", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_days.c - counters by days: folded when it is due, once, whatever the
 * clock does, whoever dies, and whatever becomes of the ledger.
 */
#include "timed_unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define DAYS_MAX 40

static struct bc_day days[DAYS_MAX];

static int
setup(void **state)
{
	int result = unit_setup(state);
	int64_t now_ns = bci_clock_wall_ns();

	/* Noon, so that no midnight comes by itself. */
	clockwork_set(DAY - now_ns % DAY + DAY / 2);
	return result;
}

static size_t
all_days(void)
{
	struct bc_error err;
	size_t count;

	assert_status(bc_days(fixture.cache, INT64_MIN, INT64_MAX, days,
	                      DAYS_MAX, &count, &err),
	              BC_OK, &err);
	return count;
}

static int64_t
today(void)
{
	return bci_clock_wall_ns() / DAY;
}

/* So many puts of one key. */
static void
put_some(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		unit_put("a", i + 1, 10);
}

static uint64_t
hits_of(const struct bc_counters *counters)
{
	struct bc_rates rates;

	bc_rates(counters, &rates);
	return rates.hits;
}

static void
get_some(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct bc_view view;

		assert_int_equal(bc_get(fixture.cache, "a", &view), BC_OK);
		bc_view_release(&view);
	}
}

/* All days together are what bc_stats() says. */
static void
expect_sum(uint64_t puts, uint64_t hits)
{
	size_t count = all_days(), i;
	struct bc_stats stats = unit_stats();
	uint64_t sum_puts = 0, sum_hits = 0;

	for (i = 0; i < count; i++) {
		sum_puts += days[i].counters.puts;
		sum_hits += hits_of(&days[i].counters);
	}
	assert_int_equal(sum_puts, puts);
	assert_int_equal(sum_hits, hits);
	assert_int_equal(stats.total.puts, puts);
	assert_int_equal(hits_of(&stats.total), hits);
}

static void
today_has_what_is_not_folded(void **state)
{
	(void)state;
	assert_int_equal(all_days(), 1);
	assert_int_equal(days[0].day, today());
	assert_int_equal(days[0].counters.puts, 0);
	put_some(2);
	get_some(3);
	assert_int_equal(all_days(), 1);
	assert_int_equal(days[0].counters.puts, 2);
	assert_int_equal(hits_of(&days[0].counters), 3);
	assert_int_equal(days[0].entries, 1);
	assert_true(days[0].live_bytes > 0);
	expect_sum(2, 3);
}

static void
a_commit_folds_once_a_minute(void **state)
{
	int64_t first_ns;

	(void)state;
	put_some(2);
	first_ns = unit_stats().folded_ns;
	assert_int_equal(first_ns / DAY, today());
	clockwork_pass(30 * UNIT_SECOND_NS);
	put_some(1);
	assert_int_equal(unit_stats().folded_ns, first_ns);
	clockwork_pass(31 * UNIT_SECOND_NS);
	put_some(1);
	assert_true(unit_stats().folded_ns > first_ns);
	expect_sum(4, 0);
}

static void
another_day_has_a_row_of_its_own(void **state)
{
	int64_t first = today();

	(void)state;
	put_some(1);
	get_some(5);
	clockwork_pass(61 * UNIT_SECOND_NS);
	put_some(1); /* folds what was before */
	clockwork_pass(DAY);
	get_some(1);
	put_some(3);
	get_some(2);
	assert_int_equal(all_days(), 2);
	assert_int_equal(days[0].day, first);
	assert_int_equal(hits_of(&days[0].counters), 5);
	assert_int_equal(days[1].day, first + 1);
	assert_int_equal(hits_of(&days[1].counters), 3);
	expect_sum(5, 8);
	/* A week later: nothing in between. */
	clockwork_pass(7 * DAY);
	put_some(1);
	assert_int_equal(all_days(), 3);
	assert_int_equal(days[2].day, first + 8);
	expect_sum(6, 8);
}

static void
a_range_includes_both_ends(void **state)
{
	int64_t first = today();
	struct bc_error err;
	size_t count;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		put_some(1);
		clockwork_pass(DAY);
	}
	assert_int_equal(all_days(), 6);
	assert_status(bc_days(fixture.cache, first + 1, first + 3, days,
	                      DAYS_MAX, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 3);
	assert_int_equal(days[0].day, first + 1);
	assert_int_equal(days[2].day, first + 3);
	assert_status(bc_days(fixture.cache, today(), today(), days, DAYS_MAX,
	                      &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 1);
	assert_status(bc_days(fixture.cache, first, first - 1, days, DAYS_MAX,
	                      &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 0);
	assert_status(
		bc_days(fixture.cache, -9, -1, days, DAYS_MAX, &count, &err),
		BC_OK, &err);
	assert_int_equal(count, 0);
	/* Without room they are only counted. */
	memset(days, 0x55, sizeof(days));
	assert_status(
		bc_days(fixture.cache, 0, INT64_MAX, days, 2, &count, &err),
		BC_OK, &err);
	assert_int_equal(count, 6);
	assert_int_equal(days[2].day, 0x5555555555555555);
}

static void
closing_folds_what_was_only_read(void **state)
{
	int64_t before_ns;

	(void)state;
	put_some(1);
	before_ns = unit_stats().folded_ns;
	get_some(4);
	unit_reopen(NULL); /* not due yet */
	assert_int_equal(unit_stats().folded_ns, before_ns);
	clockwork_pass(61 * UNIT_SECOND_NS);
	unit_reopen(NULL);
	assert_true(unit_stats().folded_ns > before_ns);
	expect_sum(1, 4);
}

static void
a_reader_only_folds_nothing(void **state)
{
	struct bc_options options = unit_options();
	int64_t before_ns;

	(void)state;
	put_some(1);
	before_ns = unit_stats().folded_ns;
	options.flags = BC_OPEN_READONLY;
	unit_reopen(&options);
	get_some(4);
	clockwork_pass(61 * UNIT_SECOND_NS);
	unit_reopen(NULL);
	assert_int_equal(unit_stats().folded_ns, before_ns);
	expect_sum(1, 4);
}

static void
a_new_ledger_begins_at_nothing(void **state)
{
	char path[TEST_PATH];

	(void)state;
	put_some(3);
	get_some(7);
	clockwork_pass(61 * UNIT_SECOND_NS);
	put_some(1); /* folds 3 puts and 7 hits; its own comes later */
	bc_close(fixture.cache);
	assert_int_equal(unlink(test_path(path, fixture.dir.cache, "ledger")),
	                 0);
	fixture.cache = unit_open(NULL);
	expect_sum(3, 7);
	clockwork_pass(61 * UNIT_SECOND_NS);
	get_some(2);
	put_some(2);
	expect_sum(5, 9);
	clockwork_pass(61 * UNIT_SECOND_NS);
	put_some(1);
	expect_sum(6, 9);
}

static void
a_clock_that_is_set_back_does_no_harm(void **state)
{
	int64_t first = today();

	(void)state;
	put_some(1);
	clockwork_pass(3 * DAY);
	put_some(1);
	clockwork_set(-2 * DAY);
	put_some(1);
	get_some(2);
	expect_sum(3, 2);
	assert_int_equal(all_days(), 3);
	assert_int_equal(days[0].day, first);
	assert_int_equal(days[1].day, today());
	assert_int_equal(days[2].day, first + 3);
	/* Before 1970, and in a far future. */
	clockwork_set(-bci_clock_wall_ns() - 5 * DAY);
	put_some(1);
	expect_sum(4, 2);
	clockwork_set(100000 * DAY);
	put_some(1);
	expect_sum(5, 2);
}

/* Dies in the middle of putting. */
static void
put_until_killed(void *argument)
{
	struct bc_cache *cache = test_open(argument, 0);
	struct bc_error err;

	for (uint64_t i = 1;; i++) {
		clockwork_pass(61 * UNIT_SECOND_NS); /* each one folds */
		require(test_put_rows(cache, "b", i, UNIT_SEED, 5, &err) ==
		        BC_OK);
	}
}

static void
who_is_killed_neither_loses_nor_repeats(void **state)
{
	uint64_t last = 0;
	unsigned round;

	(void)state;
	put_some(1);
	for (round = 0; round < 10; round++) {
		pid_t child =
			test_child_start(put_until_killed, fixture.dir.cache);
		struct bc_stats stats;
		uint64_t sum = 0;
		size_t count, i;

		test_sleep_ms(20 + round);
		kill(child, SIGKILL);
		(void)test_child_wait(child);
		stats = unit_stats();
		count = all_days();
		for (i = 0; i < count; i++)
			sum += days[i].counters.puts;
		assert_int_equal(sum, stats.total.puts);
		assert_true(sum >= last);
		last = sum;
	}
	clockwork_pass(61 * UNIT_SECOND_NS);
	put_some(1);
	expect_sum(last + 1, 0);
}

int
main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, timed_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(today_has_what_is_not_folded),
		TEST(a_commit_folds_once_a_minute),
		TEST(another_day_has_a_row_of_its_own),
		TEST(a_range_includes_both_ends),
		TEST(closing_folds_what_was_only_read),
		TEST(a_reader_only_folds_nothing),
		TEST(a_new_ledger_begins_at_nothing),
		TEST(a_clock_that_is_set_back_does_no_harm),
		TEST(who_is_killed_neither_loses_nor_repeats),
	};

	return cmocka_run_group_tests_name("days", tests, NULL, NULL);
}

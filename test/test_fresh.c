/* SPDX-License-Identifier: MIT */
/*
 * test_fresh.c - until when what had not ended is not asked for again: by the
 * timeframe, by a rule, by the caller's calendar; what a fetch of the same
 * renews; clocks that were wrong.
 */
#include "timed_unit.h"

#include <string.h>

#define DAILY "nyse/stock/SPY/1d"
#define HOURLY "nyse/stock/SPY/1h"

/* Moments of one week in New York, whose exchange closes at 20:00 UTC. */
#define FRIDAY (1696550400 * UNIT_SECOND_NS) /* 2023-10-06T00:00Z */
#define MONDAY (FRIDAY + 3 * DAY)
#define AT(hours, minutes) ((hours)*HOUR + (minutes)*MINUTE)

#define JANUARY (1704067200 * UNIT_SECOND_NS) /* 2024-01-01T00:00Z */
#define FEBRUARY (JANUARY + 31 * DAY)

static int
setup(void **state)
{
	clockwork_at(FRIDAY);
	return unit_setup(state);
}

static struct bc_append_options
until(int64_t ttl_ns, int64_t refresh_ns)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;

	options.flags = BC_APPEND_OPEN;
	options.ttl_ns = ttl_ns;
	options.refresh_ns = refresh_ns;
	return options;
}

/* Append a bar at 'time_ns' whose close is 'close'. */
static void
bar(const char *key, int64_t time_ns, double close,
    const struct bc_append_options *options)
{
	struct bc_column column = { .name = "close",
		                    .type = BC_F64,
		                    .data = &close };
	struct bc_frame frame = { 1, &time_ns, &column, 1 };
	struct bc_error err;

	assert_status(
		bc_append(fixture.cache, key, &frame, options, NULL, &err),
		BC_OK, &err);
}

/* Whether nothing of a range is to be fetched. */
static bool
fresh(const char *key, int64_t from_ns, int64_t to_ns)
{
	struct bc_error err;
	struct bc_gap gap;
	size_t found;

	assert_status(bc_missing(fixture.cache, &key, 1, from_ns, to_ns, 0,
	                         &gap, 1, &found, &err),
	              BC_OK, &err);
	if (found != 0) {
		assert_int_equal(found, 1);
		assert_true(gap.from_ns >= from_ns && gap.to_ns == to_ns);
	}
	return found == 0;
}

static void
a_close_of_the_market_is_a_time_that_the_caller_gives(void **state)
{
	const int64_t close = FRIDAY + AT(20, 0), next = MONDAY + AT(20, 0);
	struct bc_append_options options = until(0, close);

	(void)state;
	clockwork_at(FRIDAY + AT(19, 0));
	bar(DAILY, FRIDAY, 1, &options);
	clockwork_at(FRIDAY + AT(19, 30));
	assert_true(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	clockwork_at(MONDAY + AT(20, 1));
	assert_false(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	clockwork_at(FRIDAY + AT(20, 1));
	options.refresh_ns = next;
	bar(DAILY, FRIDAY, 2, &options);
	assert_true(unit_info(DAILY).refresh_ns == next);
	clockwork_at(FRIDAY + AT(21, 0));
	assert_true(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	clockwork_at(FRIDAY + AT(38, 0));
	assert_true(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	clockwork_at(MONDAY + AT(13, 0));
	assert_true(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	clockwork_at(next);
	assert_false(fresh(DAILY, FRIDAY, FRIDAY + DAY));
}

static void
an_open_market_goes_by_age(void **state)
{
	struct bc_append_options options = until(HOUR, 0);

	(void)state;
	clockwork_at(FRIDAY + AT(18, 0));
	bar(HOURLY, FRIDAY + AT(18, 0), 1, &options);
	clockwork_at(FRIDAY + AT(18, 30));
	assert_true(fresh(HOURLY, FRIDAY + AT(18, 0), FRIDAY + AT(19, 0)));
	clockwork_at(FRIDAY + AT(19, 1));
	assert_false(fresh(HOURLY, FRIDAY + AT(18, 0), FRIDAY + AT(19, 0)));
	/* Fetched when it was closed: until it opens on Monday. */
	options.refresh_ns = MONDAY + AT(13, 30);
	clockwork_at(FRIDAY + AT(21, 0));
	bar(HOURLY, FRIDAY + AT(20, 0), 1, &options);
	clockwork_at(FRIDAY + AT(34, 0));
	assert_true(fresh(HOURLY, FRIDAY + AT(20, 0), FRIDAY + AT(21, 0)));
	clockwork_at(MONDAY + AT(13, 30));
	assert_false(fresh(HOURLY, FRIDAY + AT(20, 0), FRIDAY + AT(21, 0)));
}

static void
the_timeframe_says_how_long_if_nobody_does(void **state)
{
	static const struct {
		const char *key;
		int64_t bar_ns, ttl_ns;
	} cases[] = {
		{ "a/b/c/1d", DAY, DAY },
		{ "a/b/c/1h", HOUR, HOUR },
		{ "a/b/c/5m", 5 * MINUTE, 5 * MINUTE },
		{ "a/b/c/1m", MINUTE, 5 * MINUTE },
		{ "a/b/c/4h", 4 * HOUR, HOUR },
	};
	struct bc_append_options options = until(BC_TTL_DEFAULT, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *key = cases[i].key;
		int64_t to_ns = FRIDAY + cases[i].bar_ns;

		clockwork_at(FRIDAY);
		bar(key, FRIDAY, 1, &options);
		clockwork_at(FRIDAY + cases[i].ttl_ns / 2);
		assert_true(fresh(key, FRIDAY, to_ns));
		clockwork_at(FRIDAY + cases[i].ttl_ns + UNIT_SECOND_NS);
		assert_false(fresh(key, FRIDAY, to_ns));
	}
}

static void
words_for_always_and_never(void **state)
{
	struct bc_append_options options = until(BC_TTL_NONE, 0);
	struct bc_error err;

	(void)state;
	bar(DAILY, FRIDAY, 1, &options);
	assert_false(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	assert_int_equal(unit_info(DAILY).refresh_ns, 0);
	options.ttl_ns = BC_TTL_NEVER;
	bar(DAILY, FRIDAY, 1, &options);
	clockwork_at(FRIDAY + 10000 * DAY);
	assert_true(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	options.ttl_ns = -1;
	assert_status(
		bc_append(fixture.cache, DAILY, NULL, &options, NULL, &err),
		BC_INVALID, &err);
}

static void
who_asks_for_what_comes_next_asks_for_both(void **state)
{
	struct bc_append_options options = until(BC_TTL_NEVER, 0);
	const char *key = DAILY;
	struct bc_error err;
	struct bc_gap gaps[2];
	size_t found;

	(void)state;
	bar(key, FRIDAY, 1, &options);
	assert_true(fresh(key, FRIDAY, FRIDAY + DAY));
	assert_status(bc_missing(fixture.cache, &key, 1, FRIDAY, MONDAY, 0,
	                         gaps, 2, &found, &err),
	              BC_OK, &err);
	assert_int_equal(found, 1);
	assert_true(gaps[0].from_ns == FRIDAY && gaps[0].to_ns == MONDAY);
	/* What is missing before it does not matter to it. */
	assert_status(bc_missing(fixture.cache, &key, 1, FRIDAY - DAY,
	                         FRIDAY + DAY, 0, gaps, 2, &found, &err),
	              BC_OK, &err);
	assert_int_equal(found, 1);
	assert_true(gaps[0].from_ns == FRIDAY - DAY && gaps[0].to_ns == FRIDAY);
}

static void
what_is_final_is_always_fresh(void **state)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;

	(void)state;
	/* January, asked for on the 20th: the rest had not ended. */
	clockwork_at(JANUARY + 19 * DAY);
	options.flags = BC_APPEND_OPEN;
	options.from_ns = JANUARY;
	options.to_ns = FEBRUARY;
	bar(DAILY, JANUARY + 19 * DAY, 1, &options);
	assert_true(fresh(DAILY, JANUARY, FEBRUARY));
	clockwork_at(JANUARY + 21 * DAY);
	assert_false(fresh(DAILY, JANUARY, FEBRUARY));
	assert_true(fresh(DAILY, JANUARY, JANUARY + 19 * DAY));
	/* In February, all of it. */
	clockwork_at(FEBRUARY);
	options.flags = 0;
	bar(DAILY, JANUARY + 30 * DAY, 1, &options);
	clockwork_at(FEBRUARY + 3650 * DAY);
	assert_true(fresh(DAILY, JANUARY, FEBRUARY));
	assert_int_equal(unit_info(DAILY).refresh_ns, 0);
}

static void
the_same_bar_again_is_fresh_again_and_no_other_revision(void **state)
{
	struct bc_append_options options = until(HOUR, 0);
	uint64_t revision;
	int64_t updated_ns;

	(void)state;
	bar(DAILY, FRIDAY, 1, &options);
	revision = unit_info(DAILY).revision;
	updated_ns = unit_info(DAILY).updated_ns;
	clockwork_at(FRIDAY + 2 * HOUR);
	assert_false(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	bar(DAILY, FRIDAY, 1, &options);
	assert_true(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	assert_int_equal(unit_info(DAILY).revision, revision);
	assert_true(unit_info(DAILY).updated_ns == updated_ns);
	/* Older bars leave the newest as it was. */
	clockwork_at(FRIDAY + 4 * HOUR);
	options = (struct bc_append_options)BC_APPEND_OPTIONS_INIT;
	bar(DAILY, FRIDAY - 5 * DAY, 1, &options);
	assert_false(fresh(DAILY, FRIDAY, FRIDAY + DAY));
}

static void
what_had_not_ended_and_is_cut_out_leaves_nothing(void **state)
{
	struct bc_append_options options = until(DAY, 0);
	struct bc_error err;

	(void)state;
	bar(DAILY, FRIDAY, 1, &options);
	assert_status(bc_remove_range(fixture.cache, DAILY, FRIDAY, MONDAY,
	                              NULL, &err),
	              BC_OK, &err);
	assert_int_equal(unit_info(DAILY).refresh_ns, 0);
	assert_false(fresh(DAILY, FRIDAY, FRIDAY + DAY));
}

static void
rules_hold_for_what_had_not_ended(void **state)
{
	const struct bc_rule rules[] = { { "nyse/*", 2 * HOUR },
		                         { "*", BC_TTL_NEVER } };
	struct bc_append_options options = until(BC_TTL_DEFAULT, 0);
	struct bc_error err;

	(void)state;
	assert_status(bc_rules_set(fixture.cache, rules, 2, &err), BC_OK, &err);
	bar(DAILY, FRIDAY, 1, &options);
	bar("other/b/c/1m", FRIDAY, 1, &options);
	clockwork_at(FRIDAY + HOUR);
	assert_true(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	clockwork_at(FRIDAY + 3 * HOUR);
	assert_false(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	assert_true(fresh("other/b/c/1m", FRIDAY, FRIDAY + MINUTE));
}

/* ---- fetching ---------------------------------------------------------- */

static unsigned asks;

static enum bc_status
fetch_bar(struct bc_fetch *fetch, struct bc_error *err)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	double close = ++asks;
	struct bc_column column = { .name = "close",
		                    .type = BC_F64,
		                    .data = &close };
	struct bc_frame frame = { 1, &fetch->from_ns, &column, 1 };

	options.flags = BC_APPEND_OPEN;
	return bc_fetch_append(fetch, &frame, &options, NULL, err);
}

static double
want(void)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct bc_error err;
	struct bc_view view;
	double close;

	options.function = fetch_bar;
	assert_status(bc_read_or_fetch(fixture.cache, DAILY, FRIDAY,
	                               FRIDAY + DAY, NULL, BC_READ_OPEN,
	                               &options, &view, &err),
	              BC_OK, &err);
	assert_int_equal(view.rows, 1);
	close = *bc_view_f64(&view, "close");
	bc_view_release(&view);
	return close;
}

static void
what_is_fresh_is_not_fetched(void **state)
{
	(void)state;
	asks = 0;
	assert_true(want() == 1);
	clockwork_at(FRIDAY + 12 * HOUR);
	assert_true(want() == 1);
	clockwork_at(FRIDAY + DAY + UNIT_SECOND_NS);
	assert_true(want() == 2);
	assert_true(want() == 2);
}

/* ---- clocks ------------------------------------------------------------ */

static void
what_was_fetched_in_the_future_is_stale(void **state)
{
	struct bc_append_options options = until(DAY, 0);

	(void)state;
	/* Some minutes are nothing: two hosts may differ by that. */
	clockwork_at(FRIDAY + AT(0, 30));
	bar(DAILY, FRIDAY, 1, &options);
	clockwork_at(FRIDAY);
	assert_true(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	clockwork_at(FRIDAY - DAY);
	assert_false(fresh(DAILY, FRIDAY, FRIDAY + DAY));
	clockwork_at(FRIDAY + 3650 * DAY);
	options.refresh_ns = FRIDAY + 3651 * DAY;
	bar(DAILY, FRIDAY, 1, &options);
	clockwork_at(FRIDAY);
	assert_false(fresh(DAILY, FRIDAY, FRIDAY + DAY));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, timed_teardown)
		TEST(a_close_of_the_market_is_a_time_that_the_caller_gives),
		TEST(an_open_market_goes_by_age),
		TEST(the_timeframe_says_how_long_if_nobody_does),
		TEST(words_for_always_and_never),
		TEST(who_asks_for_what_comes_next_asks_for_both),
		TEST(what_is_final_is_always_fresh),
		TEST(the_same_bar_again_is_fresh_again_and_no_other_revision),
		TEST(what_had_not_ended_and_is_cut_out_leaves_nothing),
		TEST(rules_hold_for_what_had_not_ended),
		TEST(what_is_fresh_is_not_fetched),
		TEST(what_was_fetched_in_the_future_is_stale),
#undef TEST
	};

	return cmocka_run_group_tests_name("fresh", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_bucket.c - time cut into buckets: vectors, wall clocks that are set, and
 * that buckets follow one another without gaps.
 */
#include "barcache.h"

#include <string.h>

#include "bucket.h"
#include "moment.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MINUTE INT64_C(60000000000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static int64_t
at(const char *text)
{
	int64_t time_ns, unit_ns;

	if (bci_time_parse(text, text + strlen(text), &time_ns, &unit_ns) ==
	    NULL)
		fail_msg("'%s' is no moment", text);
	return time_ns;
}

static struct bci_bucket_rule
rule_of(const char *timeframe)
{
	struct bci_bucket_rule rule = { .origin = BCI_ORIGIN_EPOCH };

	assert_true(bci_timeframe_parse(timeframe, strlen(timeframe),
	                                &rule.timeframe));
	return rule;
}

/* The bucket of a moment is this one. */
static void
expect(const struct bci_bucket_rule *rule, const char *moment, const char *from,
       const char *to)
{
	char is[2][BCI_TIME_TEXT];
	struct bci_bucket bucket;
	size_t hint = 0;

	assert_true(bci_bucket_find(rule, at(moment), &hint, &bucket));
	bci_time_format(bucket.from_ns, is[0]);
	bci_time_format(bucket.to_ns, is[1]);
	if (bucket.from_ns != at(from) || bucket.to_ns != at(to))
		fail_msg("%s lies in %s to %s", moment, is[0], is[1]);
}

/* ------------------------------------------------------------------------ */
/*  Wall clocks                                                             */
/* ------------------------------------------------------------------------ */

static struct bci_zone_change new_york_changes[] = {
	{ INT64_MIN, -5 * HOUR },
	{ INT64_C(1710054000) * 1000000000, -4 * HOUR }, /* 2024-03-10 07:00 */
	{ INT64_C(1730613600) * 1000000000, -5 * HOUR }, /* 2024-11-03 06:00 */
};
static const struct bci_zone new_york = { "America/New_York", 3,
	                                  new_york_changes };

/* Clocks are set at midnight: back to 23:00, forward to 01:00. */
static struct bci_zone_change sao_paulo_changes[] = {
	{ INT64_MIN, -2 * HOUR },
	{ INT64_C(1518919200) * 1000000000, -3 * HOUR }, /* 2018-02-18 02:00 */
	{ INT64_C(1541300400) * 1000000000, -2 * HOUR }, /* 2018-11-04 03:00 */
};
static const struct bci_zone sao_paulo = { "America/Sao_Paulo", 3,
	                                   sao_paulo_changes };

static void
a_session_begins_by_the_wall_clock(void **state)
{
	struct bci_bucket_rule rule = rule_of("1h");

	(void)state;
	rule.origin = BCI_ORIGIN_DAY;
	rule.zone = &new_york;
	rule.offset_ns = 9 * HOUR + 30 * MINUTE;
	expect(&rule, "2024-03-08T14:30:00Z", "2024-03-08T14:30:00Z",
	       "2024-03-08T15:30:00Z");
	expect(&rule, "2024-03-08T14:29:59Z", "2024-03-08T13:30:00Z",
	       "2024-03-08T14:30:00Z");
	expect(&rule, "2024-03-11T13:30:00Z", "2024-03-11T13:30:00Z",
	       "2024-03-11T14:30:00Z");
	expect(&rule, "2024-11-04T20:59:00Z", "2024-11-04T20:30:00Z",
	       "2024-11-04T21:30:00Z");
	rule.timeframe.step_ns = DAY;
	expect(&rule, "2024-03-09T15:00:00Z", "2024-03-09T14:30:00Z",
	       "2024-03-10T13:30:00Z");
	/* 4 h into a day of 23 h: the last bucket is cut. */
	rule.timeframe.step_ns = 4 * HOUR;
	expect(&rule, "2024-03-10T13:00:00Z", "2024-03-10T10:30:00Z",
	       "2024-03-10T13:30:00Z");
}

static void
a_midnight_skipped_or_shown_twice_begins_one_day(void **state)
{
	struct bci_bucket_rule rule = rule_of("1d");

	(void)state;
	rule.zone = &sao_paulo;
	expect(&rule, "2018-11-04T02:59:59Z", "2018-11-03T03:00:00Z",
	       "2018-11-04T03:00:00Z");
	expect(&rule, "2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z",
	       "2018-11-05T02:00:00Z");
	/* 23:00 to 24:00 of the 17th comes twice. */
	expect(&rule, "2018-02-18T01:30:00Z", "2018-02-17T02:00:00Z",
	       "2018-02-18T03:00:00Z");
	expect(&rule, "2018-02-18T02:30:00Z", "2018-02-17T02:00:00Z",
	       "2018-02-18T03:00:00Z");
}

/* ------------------------------------------------------------------------ */
/*  Calendar                                                                */
/* ------------------------------------------------------------------------ */

static void
each_timeframe_has_its_buckets(void **state)
{
	static const struct {
		const char *timeframe, *moment, *from, *to;
	} list[] = {
		{ "1m", "2024-01-31T23:59:59Z", "2024-01-31T23:59:00Z",
		  "2024-02-01" },
		{ "4h", "1969-12-31T23:59:59Z", "1969-12-31T20:00:00Z",
		  "1970-01-01" },
		{ "7h", "1970-01-01T23:00:00Z", "1970-01-01T21:00:00Z",
		  "1970-01-02T04:00:00Z" },
		{ "1d", "2024-02-29T12:00:00Z", "2024-02-29", "2024-03-01" },
		{ "3d", "1970-01-05", "1970-01-04", "1970-01-07" },
		{ "1w", "1970-01-05", "1970-01-05", "1970-01-12" },
		{ "1w", "1970-01-04T23:59:59Z", "1969-12-29", "1970-01-05" },
		{ "1w", "2024-01-07T12:00:00Z", "2024-01-01", "2024-01-08" },
		{ "2w", "1970-01-12", "1970-01-05", "1970-01-19" },
		{ "1M", "2024-01-31T23:59:59Z", "2024-01-01", "2024-02-01" },
		{ "1M", "2024-02-29", "2024-02-01", "2024-03-01" },
		{ "1M", "1969-12-31T23:59:59Z", "1969-12-01", "1970-01-01" },
		{ "3M", "2024-05-17", "2024-04-01", "2024-07-01" },
		{ "1y", "2024-12-31T23:59:59Z", "2024-01-01", "2025-01-01" },
		{ "10y", "1969-06-01", "1960-01-01", "1970-01-01" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(list); i++) {
		struct bci_bucket_rule rule = rule_of(list[i].timeframe);

		expect(&rule, list[i].moment, list[i].from, list[i].to);
	}
}

static void
offsets_and_other_first_days_shift_buckets(void **state)
{
	struct bci_bucket_rule rule = rule_of("1w");

	(void)state;
	rule.week_begins = 6;
	expect(&rule, "2024-01-07", "2024-01-07", "2024-01-14");
	expect(&rule, "2024-01-06T23:59:59Z", "2023-12-31", "2024-01-07");
	rule.offset_ns = -2 * HOUR;
	expect(&rule, "2024-01-06T22:00:00Z", "2024-01-06T22:00:00Z",
	       "2024-01-13T22:00:00Z");
	rule = rule_of("1M");
	rule.offset_ns = 17 * HOUR;
	expect(&rule, "2024-02-01T16:59:00Z", "2024-01-01T17:00:00Z",
	       "2024-02-01T17:00:00Z");
	rule = rule_of("4h");
	rule.offset_ns = HOUR;
	expect(&rule, "2024-01-01T00:30:00Z", "2023-12-31T21:00:00Z",
	       "2024-01-01T01:00:00Z");
	rule = rule_of("7h");
	rule.origin = BCI_ORIGIN_DAY;
	expect(&rule, "2024-01-01T23:00:00Z", "2024-01-01T21:00:00Z",
	       "2024-01-02");
}

/* Buckets hold their moment and follow one another. */
static void
expect_chain(const struct bci_bucket_rule *rule, int64_t time_ns)
{
	struct bci_bucket here, next, last;
	size_t hint = 0;

	assert_true(bci_bucket_find(rule, time_ns, &hint, &here));
	assert_true(here.from_ns <= time_ns && time_ns < here.to_ns);
	assert_true(bci_bucket_find(rule, here.to_ns, &hint, &next));
	assert_true(next.from_ns == here.to_ns && next.to_ns > here.to_ns);
	assert_true(bci_bucket_find(rule, here.to_ns - 1, &hint, &last));
	assert_memory_equal(&last, &here, sizeof(here));
	assert_true(bci_bucket_find(rule, here.from_ns, &hint, &last));
	assert_memory_equal(&last, &here, sizeof(here));
	assert_true(bci_bucket_find(rule, here.from_ns - 1, &hint, &last));
	assert_true(last.to_ns == here.from_ns);
}

static void
buckets_follow_one_another(void **state)
{
	static const char *const timeframes[] = { "1m",   "1h", "4h", "7h",
		                                  "1d",   "3d", "1w", "2w",
		                                  "1M",   "3M", "5M", "1y",
		                                  "100ns" };
	static const struct bci_zone *const zones[] = { NULL, &new_york,
		                                        &sao_paulo };
	static const int64_t offsets[] = { 0, 9 * HOUR + 30 * MINUTE, -7 * HOUR,
		                           DAY - 1 };

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		uint64_t chance = test_mix(77, i);
		struct bci_bucket_rule rule = rule_of(timeframes[chance % 13]);
		const struct bci_zone *zone = zones[chance / 16 % 3];
		int64_t time_ns = (int64_t)test_mix(78, i) / 2;

		rule.zone = zone;
		rule.origin = (enum bci_origin)(chance / 64 % 2);
		rule.offset_ns = offsets[chance / 128 % 4];
		rule.week_begins = (unsigned)(chance / 512 % 7);
		if (chance / 4096 % 2 && zone != NULL) /* by a change */
			time_ns = zone->changes[1 + chance / 8192 % 2].utc_ns +
			          time_ns % (2 * DAY);
		expect_chain(&rule, time_ns);
	}
}

static void
ends_that_do_not_fit_are_refused(void **state)
{
	static const char *const timeframes[] = { "1h", "1d", "1w", "1M" };
	struct bci_bucket bucket;
	size_t hint = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(timeframes); i++) {
		struct bci_bucket_rule rule = rule_of(timeframes[i]);

		assert_false(bci_bucket_find(&rule, INT64_MAX, &hint, &bucket));
		assert_false(bci_bucket_find(&rule, INT64_MIN, &hint, &bucket));
	}
}

/* ------------------------------------------------------------------------ */
/*  What makes sense                                                        */
/* ------------------------------------------------------------------------ */

/* NULL: it is allowed; else a word of the reason. */
static void
expect_reason(const struct bci_bucket_rule *rule, const char *source,
              const char *reason)
{
	struct bci_timeframe from = { .step_ns = 0 };
	struct bc_error err;

	if (source != NULL)
		assert_true(bci_timeframe_parse(source, strlen(source), &from));
	assert_status(bci_bucket_check(rule, &from, &err),
	              reason == NULL ? BC_OK : BC_INVALID, &err);
	if (reason != NULL && strstr(err.message, reason) == NULL)
		fail_msg("'%s' does not say '%s'", err.message, reason);
}

static void
only_whole_bars_go_into_a_bucket(void **state)
{
	static const struct {
		const char *source, *target, *reason;
	} list[] = {
		{ "1m", "1h", NULL },       { "1h", "1h", NULL },
		{ "1m", "1M", NULL },       { "1d", "1w", NULL },
		{ "1M", "3M", NULL },       { "1M", "1y", NULL },
		{ NULL, "1h", NULL },       { "8h", "1M", NULL },
		{ "1h", "1m", "finer" },    { "1d", "4h", "finer" },
		{ "1M", "1w", "finer" },    { "3M", "1M", "finer" },
		{ "4h", "6h", "multiple" }, { "2M", "3M", "multiple" },
		{ "3d", "1w", "multiple" }, { "1w", "1M", "months" },
		{ "3d", "1M", "months" },   { "7h", "1M", "days" },
		{ "7h", "7d", "days" },     { "1M", "36h", "finer" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(list); i++) {
		struct bci_bucket_rule rule = rule_of(list[i].target);

		expect_reason(&rule, list[i].source, list[i].reason);
	}
}

static void
a_rule_out_of_range_is_refused(void **state)
{
	struct bci_bucket_rule rule = rule_of("1h");

	(void)state;
	rule.offset_ns = 30 * MINUTE;
	expect_reason(&rule, "30m", NULL);
	expect_reason(&rule, "1h", "offset");
	rule.offset_ns = DAY;
	expect_reason(&rule, NULL, "offset");
	rule = rule_of("1w");
	rule.week_begins = 7;
	expect_reason(&rule, NULL, "Sunday");
	rule = rule_of("36h");
	expect_reason(&rule, "1h", NULL);
	rule.origin = BCI_ORIGIN_DAY;
	expect_reason(&rule, "1h", "whole days");
	rule.timeframe.step_ns = 0;
	expect_reason(&rule, NULL, "no timeframe");
	rule.timeframe.months = 1;
	rule.timeframe.step_ns = 1;
	expect_reason(&rule, NULL, "no timeframe");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_begins_by_the_wall_clock),
		cmocka_unit_test(
			a_midnight_skipped_or_shown_twice_begins_one_day),
		cmocka_unit_test(each_timeframe_has_its_buckets),
		cmocka_unit_test(offsets_and_other_first_days_shift_buckets),
		cmocka_unit_test(buckets_follow_one_another),
		cmocka_unit_test(ends_that_do_not_fit_are_refused),
		cmocka_unit_test(only_whole_bars_go_into_a_bucket),
		cmocka_unit_test(a_rule_out_of_range_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

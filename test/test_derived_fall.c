/* SPDX-License-Identifier: MIT */
/*
 * test_derived_fall.c - derived ranges fall with what they were made of, and
 * are not taken for what others put there.
 */
#include "larger.h"

#include <string.h>

#include "clockwork.h"
#include "operation.h"

#define KEY "x/spot/A/1m"

/* ------------------------------------------------------------------------ */
/*  Falling                                                                 */
/* ------------------------------------------------------------------------ */

/* Whether the next read makes it anew; the view is the new one. */
static bool
is_made_anew(const struct bc_derive *derive)
{
	uint64_t puts = unit_stats().total.puts;

	larger_read(&larger, KEY, 0, 2 * HOUR, BC_READ_PARTIAL, derive);
	return unit_stats().total.puts != puts;
}

static void
what_changes_below_falls(void **state)
{
	static const char *const sma[] = { "sma(2)", NULL };
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = larger_derive(&rule, sma);
	struct bc_error err;

	(void)state;
	bars_fill(0, 2 * HOUR, MINUTE);
	bars_append(KEY, 0, 90, 0);
	assert_true(is_made_anew(&derive));
	larger_expect(1, HOUR, 30);
	assert_false(is_made_anew(&derive));
	bars_append(KEY, 90, 1, 0); /* a bar more */
	assert_true(is_made_anew(&derive));
	larger_expect(1, HOUR, 31);
	bars_append(KEY, 10, 50, 0); /* what is stored already */
	assert_false(is_made_anew(&derive));
	bars.volume[3] = 5; /* a correction */
	bars_append(KEY, 3, 1, 0);
	assert_true(is_made_anew(&derive));
	larger_expect(0, 0, 64);
	assert_status(
		bc_remove_range(fixture.cache, KEY, 0, 3 * MINUTE, NULL, &err),
		BC_OK, &err);
	assert_true(is_made_anew(&derive));
	larger_expect(0, 0, 61);
	assert_false(is_made_anew(&derive));
	assert_int_equal(unit_stats().entries, 2);
}

static void
what_is_gone_is_not_served(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = larger_derive(&rule, NULL);
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	bars_fill(0, 2 * HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	assert_true(is_made_anew(&derive));
	assert_status(bc_remove(fixture.cache, KEY, &err), BC_OK, &err);
	bc_view_release(&larger);
	assert_status(bc_read_derived(fixture.cache, KEY, 0, 2 * HOUR,
	                              BC_READ_PARTIAL, &derive, &larger, &err),
	              BC_MISS, &err);
	assert_int_equal(larger.miss, BC_MISS_ABSENT);
	assert_non_null(strstr(err.message, "absent"));
	bars.volume[0] = 2;
	frame = bars_frame(0, bars.rows, columns);
	options.ttl_ns = 2 * HOUR;
	assert_status(bc_put(fixture.cache, KEY, &frame, &options, NULL, &err),
	              BC_OK, &err);
	assert_true(is_made_anew(&derive));
	larger_expect(0, 0, 61);
	clockwork_pass(3 * HOUR);
	bc_view_release(&larger);
	assert_status(bc_read_derived(fixture.cache, KEY, 0, 2 * HOUR,
	                              BC_READ_PARTIAL, &derive, &larger, &err),
	              BC_MISS, &err);
	assert_int_equal(larger.miss, BC_MISS_EXPIRED);
	clockwork_true();
}

static void
what_others_put_there_is_not_served(void **state)
{
	static const char made[] =
		"derived/" KEY "?0..7200000000000&partial&1h";
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = larger_derive(&rule, NULL);
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	bars_fill(0, 2 * HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	frame = bars_frame(0, 1, columns);
	assert_status(bc_put(fixture.cache, made, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	assert_true(is_made_anew(&derive));
	assert_int_equal(larger.rows, 2);
	assert_int_equal(unit_stats().entries, 2);
	bars_append(made, 0, 1, 0);
	assert_true(is_made_anew(&derive));
	assert_int_equal(larger.rows, 2);
}

static void
damage_is_made_good(void **state)
{
	static const char made[] = "derived/" KEY "?..&5m";
	struct bc_resample rule = larger_rule("5m");
	struct bc_derive derive = larger_derive(&rule, NULL);
	uint64_t rows;

	(void)state;
	bars_fill(0, 200 * HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	larger_read(&larger, KEY, INT64_MIN, INT64_MAX, 0, &derive);
	rows = larger.rows;
	bc_view_release(&larger);
	unit_flip(made, 4000);
	unit_reopen(NULL);
	larger_read(&larger, KEY, INT64_MIN, INT64_MAX, 0, &derive);
	assert_int_equal(larger.rows, rows);
	assert_int_equal(fixture.events[BC_EVENT_CHECKSUM], 1);
	larger_expect(0, 0, 5);
	larger_read(&larger, KEY, INT64_MIN, INT64_MAX, 0, &derive);
	assert_int_equal(larger.copied_bytes, 0);
	assert_int_equal(fixture.events[BC_EVENT_CHECKSUM], 1);
}

/* Whether an entry made of the source at 'revision' gets stored. */
static bool
is_stored(uint64_t revision)
{
	const struct bci_parent parent = { KEY, strlen(KEY), revision };
	struct bci_operation operation;
	struct bc_column columns[6];
	struct bc_frame frame = bars_frame(0, 1, columns);
	uint64_t puts = unit_stats().total.puts;
	struct bc_error err;

	assert_status(bci_operation_put(&fixture.cache->allocator, "made",
	                                &frame, NULL, NULL, &operation, &err),
	              BC_OK, &err);
	operation.parent = &parent;
	assert_status(bci_operations_commit(fixture.cache, &operation, 1, &err),
	              BC_OK, &err);
	bci_operation_free(&fixture.cache->allocator, &operation);
	return unit_stats().total.puts != puts;
}

static void
what_comes_late_is_not_stored(void **state)
{
	uint64_t revision;
	struct bc_error err;

	(void)state;
	bars_fill(0, 2 * HOUR, MINUTE);
	assert_false(is_stored(0));
	bars_append(KEY, 0, 10, 0);
	revision = unit_info(KEY).revision;
	bars_append(KEY, 10, 1, 0);
	assert_false(is_stored(revision));
	expect_miss(fixture.cache, "made", BC_MISS_ABSENT);
	revision = unit_info(KEY).revision;
	assert_true(is_stored(revision));
	assert_false(is_stored(revision)); /* another was faster */
	assert_status(bc_remove(fixture.cache, KEY, &err), BC_OK, &err);
	assert_false(is_stored(revision));
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, larger_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_changes_below_falls),
		TEST(what_is_gone_is_not_served),
		TEST(what_others_put_there_is_not_served),
		TEST(damage_is_made_good),
		TEST(what_comes_late_is_not_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

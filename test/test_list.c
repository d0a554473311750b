/* SPDX-License-Identifier: MIT */
/*
 * test_list.c - listing entries by conditions, and what is known of one.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_NS 60000000000LL

/* Names of the entries listed so far, with a space after each. */
static char listed[4000];
static unsigned stop_after;

static int
collect(void *context, const struct bc_info *info)
{
	unsigned *count = context;
	size_t used = strlen(listed);

	snprintf(listed + used, sizeof(listed) - used, "%s ", info->key);
	return ++*count == stop_after;
}

static void
expect_list(const struct bc_filter *filter, const char *names)
{
	unsigned count = 0;
	struct bc_error err;

	listed[0] = '\0';
	assert_status(bc_list(fixture.cache, filter, collect, &count, &err),
	              BC_OK, &err);
	assert_string_equal(listed, names);
}

static int
setup(void **state)
{
	static const char *const keys[] = { "eth/1m",   "btc/1m", "btc/1h",
		                            "\xc3\xa9", "btc",    "btc0" };
	unsigned i;

	unit_setup(state);
	stop_after = 0;
	for (i = 0; i < 6; i++)
		unit_put(keys[i], i + 1, i == 1 ? 200 : 5);
	return 0;
}

static void
a_bad_filter_is_refused(void **state)
{
	struct bc_filter filter = { .regex = "(" };
	unsigned count = 0;
	struct bc_error err;

	(void)state;
	assert_status(bc_list(fixture.cache, &filter, collect, &count, &err),
	              BC_INVALID, &err);
	assert_non_null(strstr(err.message, "("));
	assert_int_equal(count, 0);
}

static void
entries_come_in_order_of_their_bytes(void **state)
{
	struct bc_filter filter = { .prefix = NULL };

	(void)state;
	expect_list(NULL, "btc btc/1h btc/1m btc0 eth/1m \xc3\xa9 ");
	expect_list(&filter, "btc btc/1h btc/1m btc0 eth/1m \xc3\xa9 ");
}

static void
all_conditions_must_hold(void **state)
{
	static const struct {
		struct bc_filter filter;
		const char *names;
	} cases[] = {
		{ { .prefix = "" }, "btc btc/1h btc/1m btc0 eth/1m \xc3\xa9 " },
		{ { .prefix = "btc/" }, "btc/1h btc/1m " },
		{ { .prefix = "btc" }, "btc btc/1h btc/1m btc0 " },
		{ { .prefix = "btc/1m" }, "btc/1m " },
		{ { .prefix = "btc/1mm" }, "" },
		{ { .prefix = "\001" }, "" },
		{ { .prefix = "z" }, "" },
		{ { .prefix = "\xff" }, "" },
		{ { .glob = "*/1m" }, "btc/1m eth/1m " },
		{ { .glob = "???" }, "btc " },
		{ { .glob = "*\001*" }, "" },
		{ { .glob = "" }, "" },
		{ { .regex = "1[mh]$" }, "btc/1h btc/1m eth/1m " },
		{ { .regex = "^b.*m" }, "btc/1m " },
		{ { .regex = "meta" }, "" },
		{ { .prefix = "btc", .glob = "*1*", .regex = "h$" },
		  "btc/1h " },
		{ { .prefix = "btc", .glob = "eth*" }, "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_list(&cases[i].filter, cases[i].names);
}

static void
a_prefix_longer_than_any_key_finds_nothing(void **state)
{
	char prefix[BC_KEY_MAX + 2], expected[BC_KEY_MAX + 3];
	struct bc_filter filter = { .prefix = prefix };

	(void)state;
	memset(prefix, 'k', sizeof(prefix));
	prefix[BC_KEY_MAX + 1] = '\0';
	expect_list(&filter, "");
	prefix[BC_KEY_MAX] = '\0';
	expect_list(&filter, "");
	unit_put(prefix, 1, 5);
	snprintf(expected, sizeof(expected), "%s ", prefix);
	expect_list(&filter, expected);
}

static void
a_function_may_end_the_listing(void **state)
{
	(void)state;
	stop_after = 1;
	expect_list(NULL, "btc ");
	stop_after = 3;
	expect_list(NULL, "btc btc/1h btc/1m ");
}

static int
change_while_listing(void *context, const struct bc_info *info)
{
	unsigned *count = context;
	struct bc_error err;
	char key[32];

	++*count;
	snprintf(key, sizeof(key), "%.20s", info->key);
	assert_status(bc_remove(fixture.cache, key, &err), BC_OK, &err);
	unit_put("a-first", *count, 5); /* before all: not met again */
	expect_miss(fixture.cache, key, BC_MISS_ABSENT);
	return 0;
}

static void
a_function_may_call_the_cache(void **state)
{
	unsigned count = 0;
	struct bc_error err;

	(void)state;
	assert_status(bc_list(fixture.cache, NULL, change_while_listing, &count,
	                      &err),
	              BC_OK, &err);
	assert_int_equal(count, 6);
	expect_list(NULL, "a-first ");
	assert_int_equal(unit_stats().entries, 1);
}

static int
count_in_order(void *context, const struct bc_info *info)
{
	unsigned *count = context;

	assert_int_equal(strtoul(info->key + 1, NULL, 10), *count);
	assert_int_equal(info->rows, *count % 3);
	++*count;
	return 0;
}

static void
a_listing_goes_on_over_many_steps(void **state)
{
	enum { COUNT = 1000 };
	struct bc_filter filter = { .prefix = "n" };
	struct test_value *values = calloc(COUNT, sizeof(*values));
	struct bc_batch *batch;
	struct bc_error err;
	unsigned i, count = 0;
	char key[16];

	(void)state;
	assert_non_null(values);
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (i = 0; i < COUNT; i++) {
		snprintf(key, sizeof(key), "n%06u", i);
		test_value_frame(&values[i], key, 1, UNIT_SEED, i % 3);
		assert_status(test_value_add(batch, &values[i], &err), BC_OK,
		              &err);
	}
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	for (i = 0; i < COUNT; i++)
		test_value_free(&values[i]);
	free(values);
	assert_status(
		bc_list(fixture.cache, &filter, count_in_order, &count, &err),
		BC_OK, &err);
	assert_int_equal(count, COUNT);
}

/* ------------------------------------------------------------------------ */
/*  One entry                                                               */
/* ------------------------------------------------------------------------ */

static void
info_needs_room_for_the_key(void **state)
{
	char text[7] = "";
	struct bc_info info;
	struct bc_error err;

	(void)state;
	assert_status(bc_info(fixture.cache, "btc/1m", text, 6, &info, &err),
	              BC_INVALID, &err);
	assert_status(bc_info(fixture.cache, "btc/1m", text, 7, &info, &err),
	              BC_OK, &err);
	assert_string_equal(info.key, "btc/1m");
	assert_null(info.request);
	assert_status(bc_info(fixture.cache, "btc/1", text, 7, &info, &err),
	              BC_MISS, &err);
	assert_null(info.key);
}

static void
accesses_are_counted_from_one(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 5; i++)
		expect_hit(fixture.cache, "btc/1m", 2);
	assert_int_equal(unit_info("btc/1m").access_count, 6);
	assert_int_equal(unit_info("btc/1m").access_count, 6);
	assert_int_equal(unit_info("btc").access_count, 1);
	unit_put("btc/1m", 9, 200); /* A new value begins anew. */
	assert_int_equal(unit_info("btc/1m").access_count, 1);
	unit_put("btc", 9, 2);
	expect_hit(fixture.cache, "btc", 9);
	assert_int_equal(unit_info("btc").access_count, 2);
}

static void
an_entry_tells_its_rows_times_and_sizes(void **state)
{
	struct bc_info first = unit_info("btc/1m"), info;
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;

	(void)state;
	assert_int_equal(first.kind, BC_FRAME);
	assert_int_equal(first.tier, BC_WARM);
	assert_int_equal(first.rows, 200);
	assert_int_equal(first.first_ns, 2 * MINUTE_NS); /* of its version */
	assert_int_equal(first.last_ns, 201 * MINUTE_NS);
	assert_int_equal(first.step_ns, MINUTE_NS);
	assert_int_equal(first.payload_bytes, 200 * 56);
	assert_int_equal(first.stored_bytes, unit_locate("btc/1m").bytes);
	assert_int_equal(first.segment_count, 1);
	assert_int_equal(first.expires_ns, 0);
	assert_int_equal(first.created_ns, first.updated_ns);
	assert_int_equal(first.schema->column_count, 7);
	test_sleep_ms(20);
	options.dataset_id = 77;
	options.cost_ns = 88;
	options.ttl_ns = 3600 * UNIT_SECOND_NS;
	assert_status(
		bc_put_blob(fixture.cache, "btc/1m", "xyz", 3, &options, &err),
		BC_OK, &err);
	info = unit_info("btc/1m");
	assert_int_equal(info.kind, BC_BLOB);
	assert_null(info.schema);
	assert_int_equal(info.rows, 0);
	assert_int_equal(info.first_ns, 0);
	assert_int_equal(info.payload_bytes, 3);
	assert_int_equal(info.dataset_id, 77);
	assert_int_equal(info.cost_ns, 88);
	assert_int_equal(info.id, first.id);
	assert_int_equal(info.created_ns, first.created_ns);
	assert_true(info.updated_ns > first.updated_ns);
	assert_true(info.revision > first.revision);
	assert_int_equal(info.expires_ns,
	                 info.updated_ns + 3600 * UNIT_SECOND_NS);
}

static void
a_digest_is_of_the_value_wherever_it_lies(void **state)
{
	static const unsigned char bytes[3000];
	struct bc_info inlined, mapped;
	struct bc_batch *batch;
	struct bc_error err;

	(void)state;
	/* Inline under one key, in a bundle under others. */
	assert_status(bc_put_blob(fixture.cache, "x", bytes, 500, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	assert_status(bc_batch_put_blob(batch, "y", bytes, 500, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_batch_put_blob(batch, "z", bytes, 501, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	inlined = unit_info("x");
	mapped = unit_info("y");
	assert_int_equal(unit_locate("x").arena, 0);
	assert_int_not_equal(unit_locate("y").arena, 0);
	assert_memory_equal(inlined.digest, mapped.digest, 16);
	mapped = unit_info("z");
	assert_memory_not_equal(inlined.digest, mapped.digest, 16);
}

static void
the_request_is_told_short_or_long(void **state)
{
	static char symbol[3][10001];
	const char *symbols[3] = { symbol[0], symbol[1], symbol[2] };
	struct bc_request request = { symbols, 3, "2020", "2021", "1d", "x" };
	static const unsigned sizes[] = { 1, 300, 1000, 10000 };
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_view view;
	struct bc_info info;
	struct bc_error err;
	char text[50];
	unsigned i, k;

	(void)state;
	options.request = &request;
	for (i = 0; i < 4; i++) {
		for (k = 0; k < 3; k++) {
			memset(symbol[k], (int)('A' + k), sizes[i]);
			symbol[k][sizes[i]] = '\0';
		}
		assert_status(
			bc_put_blob(fixture.cache, "r", "x", 1, &options, &err),
			BC_OK, &err);
		info = unit_info("r");
		assert_non_null(info.request);
		for (k = 0; k < 3; k++)
			assert_non_null(strstr(info.request, symbol[k]));
		assert_true(strlen(info.request) > 3 * sizes[i]);
		/* Where there is no room it is left out. */
		assert_status(bc_info(fixture.cache, "r", text, sizeof(text),
		                      &info, &err),
		              BC_OK, &err);
		assert_null(info.request);
		assert_status(bc_put_blob(fixture.cache, NULL, "x", 1, &options,
		                          &err),
		              BC_OK, &err);
		assert_status(bc_get_request(fixture.cache, &request, &view),
		              BC_OK, NULL);
		bc_view_release(&view);
	}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_bad_filter_is_refused),
		TEST(info_needs_room_for_the_key),
		TEST(entries_come_in_order_of_their_bytes),
		TEST(all_conditions_must_hold),
		TEST(a_prefix_longer_than_any_key_finds_nothing),
		TEST(a_function_may_end_the_listing),
		TEST(a_function_may_call_the_cache),
		TEST(a_listing_goes_on_over_many_steps),
		TEST(accesses_are_counted_from_one),
		TEST(an_entry_tells_its_rows_times_and_sizes),
		TEST(a_digest_is_of_the_value_wherever_it_lies),
		TEST(the_request_is_told_short_or_long),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_conformance.c - what users of other caches of market data rely on, in
 * their words: the cases that their own tests have, where this cache can show
 * the same behaviour.
 */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char *const symbols[] = { "AAPL", "MSFT" };
static const char *const reversed[] = { "MSFT", "AAPL" };
static const struct bc_request request = {
	.symbols = symbols,
	.symbol_count = 2,
	.start = "2023-01-01",
	.end = "2023-12-31",
	.resolution = "1d",
	.source = "yfinance",
};

/* ------------------------------------------------------------------------ */
/*  Data bundles by request                                                 */
/* ------------------------------------------------------------------------ */

static void
key_of(const struct bc_request *asked, char key[BC_REQUEST_KEY_BYTES])
{
	struct bc_error err;
	size_t i;

	assert_status(bc_key_request(asked, key, &err), BC_OK, &err);
	assert_int_equal(strlen(key), 16);
	for (i = 0; i < 16; i++)
		assert_non_null(strchr("0123456789abcdef", key[i]));
}

static void
key_generation_is_deterministic_and_unique(void **state)
{
	char key[BC_REQUEST_KEY_BYTES], other[BC_REQUEST_KEY_BYTES];
	struct bc_request changed[6];
	unsigned i;

	(void)state;
	key_of(&request, key);
	key_of(&request, other);
	assert_string_equal(key, other);
	for (i = 0; i < 6; i++)
		changed[i] = request;
	changed[0].symbols = reversed;
	key_of(&changed[0], other);
	assert_string_equal(key, other);
	changed[1].symbol_count = 1;
	changed[2].start = "2023-01-02";
	changed[3].end = "2023-12-30";
	changed[4].resolution = "1h";
	changed[5].source = "ccxt";
	for (i = 1; i < 6; i++) {
		key_of(&changed[i], other);
		assert_string_not_equal(key, other);
	}
}

/* Put the bars of a request, as a data source does after a fetch. */
static struct test_value
write_bars(const struct bc_request *asked, uint64_t version)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct test_value value;
	struct bc_error err;

	test_value_frame(&value, "bars", version, UNIT_SEED, 250);
	options.request = asked;
	options.dataset_id = 7;
	assert_status(
		bc_put(fixture.cache, NULL, &value.frame, &options, NULL, &err),
		BC_OK, &err);
	return value;
}

static void
lookup_finds_key_dataset_and_size(void **state)
{
	struct test_value value;
	char key[BC_REQUEST_KEY_BYTES];
	struct bc_info info;

	(void)state;
	key_of(&request, key);
	expect_miss(fixture.cache, key, BC_MISS_ABSENT);
	value = write_bars(&request, 1);
	info = unit_info(key);
	assert_int_equal(info.dataset_id, 7);
	assert_true(info.payload_bytes > 0 && info.stored_bytes > 0);
	assert_non_null(strstr(info.request, "\"AAPL\""));
	assert_non_null(strstr(info.request, "\"1d\""));
	test_value_free(&value);
}

static void
written_bars_are_read_equal_also_by_a_new_instance(void **state)
{
	struct bc_request other = request;
	struct test_value value;
	struct bc_view view;
	unsigned i;

	(void)state;
	value = write_bars(&request, 1);
	test_value_free(&value);
	other.resolution = "1h"; /* isolated from it */
	value = write_bars(&other, 2);
	test_value_free(&value);
	for (i = 0; i < 2; i++) {
		assert_status(bc_get_request(fixture.cache, &request, &view),
		              BC_OK, NULL);
		assert_int_equal(test_view_version(&view, "bars", UNIT_SEED),
		                 1);
		bc_view_release(&view);
		assert_status(bc_get_request(fixture.cache, &other, &view),
		              BC_OK, NULL);
		assert_int_equal(test_view_version(&view, "bars", UNIT_SEED),
		                 2);
		bc_view_release(&view);
		unit_reopen(NULL);
	}
}

static void
access_count_increments(void **state)
{
	unsigned i;

	(void)state;
	unit_put("a", 1, 250);
	for (i = 0; i < 5; i++)
		expect_hit(fixture.cache, "a", 1);
	assert_int_equal(unit_info("a").access_count, 6);
}

static void
statistics_are_tracked(void **state)
{
	struct bc_stats stats;

	(void)state;
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	unit_put("a", 1, 250);
	expect_hit(fixture.cache, "a", 1);
	expect_hit(fixture.cache, "a", 1);
	stats = unit_stats();
	assert_int_equal(stats.process.hits[BC_WARM], 2);
	assert_int_equal(stats.process.misses[BC_MISS_ABSENT], 1);
	assert_int_equal(stats.entries, 1);
	assert_true(stats.live_bytes > 0);
}

struct names {
	unsigned count;
	char keys[16][BC_KEY_MAX + 1];
};

static int
note_name(void *context, const struct bc_info *info)
{
	struct names *names = context;

	strcpy(names->keys[names->count++], info->key);
	return 0;
}

static void
clearing_by_prefix_and_all_leaves_nothing(void **state)
{
	static const char *const prefixes[] = { "backtest-1/", NULL };
	static const unsigned expected[] = { 3, 2 };
	char key[32];
	struct names names;
	struct bc_error err;
	unsigned i, k;

	(void)state;
	for (i = 0; i < 5; i++) {
		snprintf(key, sizeof(key), "backtest-%u/%u", i < 3 ? 1 : 2, i);
		unit_put(key, 1, 250);
	}
	for (i = 0; i < 2; i++) {
		struct bc_filter filter = { .prefix = prefixes[i] };

		names.count = 0;
		assert_status(bc_list(fixture.cache, &filter, note_name, &names,
		                      &err),
		              BC_OK, &err);
		assert_int_equal(names.count, expected[i]);
		for (k = 0; k < names.count; k++)
			assert_status(
				bc_remove(fixture.cache, names.keys[k], &err),
				BC_OK, &err);
	}
	assert_int_equal(unit_stats().entries, 0);
	assert_int_equal(unit_stats().live_bytes, 0);
}

/* ------------------------------------------------------------------------ */
/*  Values by key                                                           */
/* ------------------------------------------------------------------------ */

static void
set_and_get(const char *key, const char *value, size_t bytes)
{
	struct bc_view view;
	struct bc_error err;

	assert_status(bc_put_blob(fixture.cache, key, value, bytes, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_get(fixture.cache, key, &view), BC_OK, NULL);
	assert_int_equal(view.bytes, bytes);
	assert_int_equal(view.kind, BC_BLOB);
	if (bytes != 0)
		assert_memory_equal(view.data, value, bytes);
	bc_view_release(&view);
}

static void
values_of_any_bytes_survive(void **state)
{
	static const char binary[] = { 0, 1, 2, 0, -1, -2, 0, 'x', 0 };
	static const char text[] = "stra\xc3\x9f"
				   "e \xe2\x82\xac";

	(void)state;
	set_and_get("binary", binary, sizeof(binary));
	set_and_get("text", text, sizeof(text));
	set_and_get("empty", "", 0);
	set_and_get("key with spaces / \xe2\x82\xac", "1", 1);
	set_and_get("binary", text, sizeof(text)); /* replaced */
	unit_reopen(NULL);
	assert_status(bc_exists(fixture.cache, "empty", NULL), BC_OK, NULL);
}

static void
a_value_of_no_bytes_is_a_hit_and_not_a_miss(void **state)
{
	struct bc_view view;
	struct bc_error err;

	(void)state;
	assert_status(bc_put_blob(fixture.cache, "e", NULL, 0, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_get(fixture.cache, "e", &view), BC_OK, NULL);
	assert_int_equal(view.bytes, 0);
	assert_int_equal(view.miss, BC_MISS_NONE);
	bc_view_release(&view);
}

static void
deleting_twice_tells_the_second_time(void **state)
{
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 5);
	assert_status(bc_exists(fixture.cache, "a", NULL), BC_OK, NULL);
	assert_status(bc_remove(fixture.cache, "a", &err), BC_OK, &err);
	assert_status(bc_remove(fixture.cache, "a", &err), BC_MISS, &err);
	assert_status(bc_exists(fixture.cache, "a", NULL), BC_MISS, NULL);
}

static void
a_value_is_gone_when_its_time_is_over(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;

	(void)state;
	options.ttl_ns = 20000000;
	assert_status(bc_put_blob(fixture.cache, "a", "x", 1, &options, &err),
	              BC_OK, &err);
	test_sleep_ms(60);
	expect_miss(fixture.cache, "a", BC_MISS_EXPIRED);
	assert_status(bc_exists(fixture.cache, "a", NULL), BC_MISS, NULL);
	assert_int_equal(unit_stats().entries, 1); /* until it is removed */
	assert_status(bc_remove(fixture.cache, "a", &err), BC_OK, &err);
	assert_int_equal(unit_stats().live_bytes, 0);
}

/* ------------------------------------------------------------------------ */
/*  Many at once                                                            */
/* ------------------------------------------------------------------------ */

#define READERS 5

static _Atomic unsigned right;

static void *
read_bars(void *unused)
{
	struct bc_view view;

	(void)unused;
	if (bc_get_request(fixture.cache, &request, &view) == BC_OK &&
	    test_view_version(&view, "bars", UNIT_SEED) == 1)
		atomic_fetch_add(&right, 1);
	bc_view_release(&view);
	return NULL;
}

static void
concurrent_backtests_share_one_fetch(void **state)
{
	struct test_value value = write_bars(&request, 1); /* the one */
	pthread_t readers[READERS];
	unsigned i;

	(void)state;
	test_value_free(&value);
	atomic_store(&right, 0);
	for (i = 0; i < READERS; i++)
		assert_int_equal(
			pthread_create(&readers[i], NULL, read_bars, NULL), 0);
	for (i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
	assert_int_equal(atomic_load(&right), READERS);
	assert_int_equal(unit_stats().total.hits[BC_WARM], READERS);
	assert_int_equal(unit_stats().total.puts, 1);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(key_generation_is_deterministic_and_unique),
		TEST(lookup_finds_key_dataset_and_size),
		TEST(written_bars_are_read_equal_also_by_a_new_instance),
		TEST(access_count_increments),
		TEST(statistics_are_tracked),
		TEST(clearing_by_prefix_and_all_leaves_nothing),
		TEST(values_of_any_bytes_survive),
		TEST(a_value_of_no_bytes_is_a_hit_and_not_a_miss),
		TEST(deleting_twice_tells_the_second_time),
		TEST(a_value_is_gone_when_its_time_is_over),
		TEST(concurrent_backtests_share_one_fetch),
	};

	return cmocka_run_group_tests_name("conformance", tests, NULL, NULL);
}

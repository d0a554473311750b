/* SPDX-License-Identifier: MIT */
/*
 * test_read.c - gets, by key, by request and through bound handles, and why
 * they miss.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "clockwork.h"

#define HOUR_NS (3600 * UNIT_SECOND_NS)
#define SHORT_NS 30000000 /* a time to live that ends within the test */

static const char *const symbols[] = { "AAPL", "MSFT" };
static const struct bc_request request = {
	.symbols = symbols,
	.symbol_count = 2,
	.start = "2020-01-01",
	.end = "2020-12-31",
	.resolution = "1d",
	.source = "yahoo",
};

static const unsigned char seven[] = { 1, 0, 2, 0, 0, 3, 0 };

/* Put seven bytes with a time to live. */
static void
put_expiring(const char *key, int64_t ttl_ns)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;

	options.ttl_ns = ttl_ns;
	assert_status(bc_put_blob(fixture.cache, key, seven, 7, &options, &err),
	              BC_OK, &err);
}

static void
expect_seven(enum bc_status status, struct bc_view *view)
{
	assert_status(status, BC_OK, NULL);
	assert_int_equal(view->kind, BC_BLOB);
	assert_int_equal(view->bytes, 7);
	assert_memory_equal(view->data, seven, 7);
	assert_int_equal(view->tier, BC_WARM);
	assert_int_equal(view->miss, BC_MISS_NONE);
	bc_view_release(view);
}

/* ------------------------------------------------------------------------ */
/*  Keys                                                                    */
/* ------------------------------------------------------------------------ */

static void
what_can_be_no_key_is_absent(void **state)
{
	static const char *const odd[] = { "",     "\001meta", "\001details",
		                           "\001", "\xff",     "a\n",
		                           "meta" };
	char longest[BC_KEY_MAX + 2];
	enum bc_miss miss = BC_MISS_NONE;
	struct bc_bound *bound = NULL;
	struct bc_error err;
	size_t i;

	(void)state;
	memset(longest, 'k', sizeof(longest));
	longest[BC_KEY_MAX + 1] = '\0';
	expect_miss(fixture.cache, longest, BC_MISS_ABSENT);
	longest[BC_KEY_MAX] = '\0';
	unit_put(longest, 5, 50);
	expect_hit(fixture.cache, longest, 5);
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		char text[64];
		struct bc_info info;

		expect_miss(fixture.cache, odd[i], BC_MISS_ABSENT);
		assert_status(bc_exists(fixture.cache, odd[i], &miss), BC_MISS,
		              NULL);
		assert_int_equal(miss, BC_MISS_ABSENT);
		assert_status(bc_info(fixture.cache, odd[i], text, sizeof(text),
		                      &info, &err),
		              BC_MISS, &err);
		if (i + 1 < sizeof(odd) / sizeof(odd[0])) {
			assert_status(bc_bind(fixture.cache, odd[i], &bound),
			              BC_KEY, NULL);
			assert_null(bound);
			assert_status(bc_remove(fixture.cache, odd[i], &err),
			              BC_KEY, &err);
		}
	}
	expect_hit(fixture.cache, longest, 5);
}

static void
the_newest_put_is_read_by_all(void **state)
{
	static const uint64_t rows[] = { 0,  1,   3,    10,   20,   63,
		                         64, 400, 4095, 4096, 20000 };
	uint64_t version = 0;
	struct bc_view view;
	unsigned i, k;

	(void)state;
	for (i = 0; i < 11; i++) {
		for (k = 0; k < 11; k++) {
			version++;
			unit_put("a", version, rows[(i + k) % 11]);
			assert_status(bc_get(fixture.cache, "a", &view), BC_OK,
			              NULL);
			assert_int_equal(view.rows, rows[(i + k) % 11]);
			assert_int_equal(view.bytes, 56 * view.rows);
			assert_int_equal((uintptr_t)view.data % 64, 0);
			if (view.rows != 0)
				assert_int_equal(test_view_version(&view, "a",
				                                   UNIT_SEED),
				                 version);
			bc_view_release(&view);
		}
	}
	assert_int_equal(unit_stats().entries, 1);
}

static void
a_view_keeps_its_bytes_whatever_happens(void **state)
{
	struct bc_view small, large;
	struct bc_error err;

	(void)state;
	unit_put("small", 1, 2);
	unit_put("large", 1, 9000);
	assert_status(bc_get(fixture.cache, "small", &small), BC_OK, NULL);
	assert_status(bc_get(fixture.cache, "large", &large), BC_OK, NULL);
	unit_put("small", 2, 2);
	assert_status(bc_remove(fixture.cache, "large", &err), BC_OK, &err);
	unit_put("other", 1, 9000);
	assert_int_equal(test_view_version(&small, "small", UNIT_SEED), 1);
	assert_int_equal(test_view_version(&large, "large", UNIT_SEED), 1);
	bc_view_release(&small);
	bc_view_release(&large);
	bc_view_release(&large); /* It is zeroed. */
	bc_view_release(NULL);
	expect_hit(fixture.cache, "small", 2);
}

/* ------------------------------------------------------------------------ */
/*  Requests                                                                */
/* ------------------------------------------------------------------------ */

static void
a_collision_of_request_keys_is_a_miss(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_request other = request;
	char key[BC_REQUEST_KEY_BYTES], longer[60000] = "";
	struct bc_view view;
	struct bc_error err;

	(void)state;
	/* Another request's bars, under the key that ours hashes to. */
	assert_status(bc_key_request(&request, key, &err), BC_OK, &err);
	other.end = "2021-12-31";
	options.request = &other;
	assert_status(bc_put_blob(fixture.cache, key, seven, 7, &options, &err),
	              BC_OK, &err);
	assert_status(bc_get_request(fixture.cache, &request, &view), BC_MISS,
	              NULL);
	assert_int_equal(view.miss, BC_MISS_OTHER_REQUEST);
	/* An entry without a request is none either. */
	assert_status(bc_put_blob(fixture.cache, key, seven, 7, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_get_request(fixture.cache, &request, &view), BC_MISS,
	              NULL);
	assert_int_equal(view.miss, BC_MISS_OTHER_REQUEST);
	/* Of the same length, too. */
	other = request;
	other.source = "yahoe";
	assert_status(bc_put_blob(fixture.cache, key, seven, 7, &options, &err),
	              BC_OK, &err);
	assert_status(bc_get_request(fixture.cache, &request, &view), BC_MISS,
	              NULL);
	/* And longer than what is compared with. */
	memset(longer, 'y', sizeof(longer) - 1);
	other.source = longer;
	assert_status(bc_put_blob(fixture.cache, key, seven, 7, &options, &err),
	              BC_OK, &err);
	assert_status(bc_get_request(fixture.cache, &request, &view), BC_MISS,
	              NULL);
	options.request = &request;
	assert_status(
		bc_put_blob(fixture.cache, NULL, seven, 7, &options, &err),
		BC_OK, &err);
	expect_seven(bc_get_request(fixture.cache, &request, &view), &view);
	expect_seven(bc_get(fixture.cache, key, &view), &view);
}

static void
a_bad_request_is_refused(void **state)
{
	struct bc_request bad = request;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	bad.start = NULL;
	assert_status(bc_get_request(fixture.cache, &bad, &view), BC_INVALID,
	              NULL);
	bad.start = "\xff";
	assert_status(bc_get_request(fixture.cache, &bad, &view), BC_KEY, NULL);
	assert_status(bc_get_request(fixture.cache, &request, &view), BC_MISS,
	              NULL);
	assert_int_equal(view.miss, BC_MISS_ABSENT);
	assert_status(bc_put_blob(fixture.cache, NULL, seven, 7, NULL, &err),
	              BC_KEY, &err);
}

/* ------------------------------------------------------------------------ */
/*  Expiry, existence, bypassing, checking                                  */
/* ------------------------------------------------------------------------ */

static void
an_entry_expires_and_is_put_anew(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	enum bc_miss miss;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	put_expiring("long", HOUR_NS);
	put_expiring("ever", INT64_MAX);
	put_expiring("short", SHORT_NS);
	test_sleep_ms(60);
	expect_miss(fixture.cache, "short", BC_MISS_EXPIRED);
	assert_status(bc_exists(fixture.cache, "short", &miss), BC_MISS, NULL);
	assert_int_equal(miss, BC_MISS_EXPIRED);
	expect_seven(bc_get(fixture.cache, "long", &view), &view);
	expect_seven(bc_get(fixture.cache, "ever", &view), &view);
	/* What is expired does not exist to BC_PUT_NEW. */
	options.flags = BC_PUT_NEW;
	assert_status(
		bc_put_blob(fixture.cache, "long", seven, 7, &options, &err),
		BC_EXISTS, &err);
	assert_status(
		bc_put_blob(fixture.cache, "short", seven, 7, &options, &err),
		BC_OK, &err);
	expect_seven(bc_get(fixture.cache, "short", &view), &view);
	options.ttl_ns = -1;
	assert_status(bc_put_blob(fixture.cache, "x", seven, 7, &options, &err),
	              BC_INVALID, &err);
}

static void
existence_is_told_without_being_counted(void **state)
{
	enum bc_miss miss = BC_MISS_CORRUPT;
	struct bc_stats stats;

	(void)state;
	unit_put("a", 1, 100);
	unit_put("inline", 1, 1);
	assert_status(bc_exists(fixture.cache, "a", &miss), BC_OK, NULL);
	assert_int_equal(miss, BC_MISS_NONE);
	assert_status(bc_exists(fixture.cache, "a", NULL), BC_OK, NULL);
	assert_status(bc_exists(fixture.cache, "inline", NULL), BC_OK, NULL);
	assert_status(bc_exists(fixture.cache, "b", &miss), BC_MISS, NULL);
	assert_int_equal(miss, BC_MISS_ABSENT);
	stats = unit_stats();
	assert_int_equal(stats.process.hits[BC_WARM], 0);
	assert_int_equal(stats.process.misses[BC_MISS_ABSENT], 0);
	assert_int_equal(unit_info("a").access_count, 1);
}

static void
bypassing_serves_nothing_and_stores_nothing(void **state)
{
	struct bc_options options = unit_options();
	struct bc_bound *bound;
	struct bc_cache *bypass;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 100);
	options.flags |= BC_OPEN_BYPASS;
	bypass = unit_open(&options);
	expect_miss(bypass, "a", BC_MISS_BYPASSED);
	assert_status(bc_bind(bypass, "a", &bound), BC_OK, NULL);
	assert_status(bc_bound_get(bound, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_BYPASSED);
	bc_unbind(bound);
	assert_status(bc_get_request(bypass, &request, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_BYPASSED);
	assert_status(test_put_rows(bypass, "a", 2, UNIT_SEED, 100, &err),
	              BC_OK, &err);
	assert_status(test_put_rows(bypass, "b", 2, UNIT_SEED, 100, &err),
	              BC_OK, &err);
	bc_close(bypass);
	expect_hit(fixture.cache, "a", 1);
	expect_miss(fixture.cache, "b", BC_MISS_ABSENT);
}

static void
refreshing_serves_nothing_and_replaces(void **state)
{
	struct bc_options options = unit_options();
	struct bc_cache *refresh;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 100);
	options.flags |= BC_OPEN_REFRESH;
	refresh = unit_open(&options);
	expect_miss(refresh, "a", BC_MISS_BYPASSED);
	assert_status(test_put_rows(refresh, "a", 2, UNIT_SEED, 100, &err),
	              BC_OK, &err);
	expect_miss(refresh, "a", BC_MISS_BYPASSED);
	bc_close(refresh);
	expect_hit(fixture.cache, "a", 2);
}

static void
checking_finds_damage_when_it_is_asked_to(void **state)
{
	static const enum bc_checking ways[] = { BC_CHECK_FIRST,
		                                 BC_CHECK_ALWAYS,
		                                 BC_CHECK_NEVER };
	struct bc_options options = unit_options();
	struct bc_view view;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		options.checking = ways[i];
		unit_restart(&options);
		unit_put("a", 1, 5000);
		unit_put("b", 1, 5000);
		expect_hit(fixture.cache, "a", 1);
		unit_flip("a", 100000);
		unit_flip("b", 100000);
		/* "a" was checked before, "b" was not. */
		assert_int_equal(bc_get(fixture.cache, "a", &view),
		                 ways[i] == BC_CHECK_ALWAYS ? BC_MISS : BC_OK);
		bc_view_release(&view);
		assert_int_equal(bc_get(fixture.cache, "b", &view),
		                 ways[i] == BC_CHECK_NEVER ? BC_OK : BC_MISS);
		bc_view_release(&view);
		unit_reopen(&options);
	}
}

/* ------------------------------------------------------------------------ */
/*  Bound handles                                                           */
/* ------------------------------------------------------------------------ */

static void
expect_bound(struct bc_bound *bound, uint64_t version)
{
	struct bc_view view;

	assert_status(bc_bound_get(bound, &view), BC_OK, NULL);
	assert_int_equal(test_view_version(&view, "a", UNIT_SEED), version);
	bc_view_release(&view);
}

static void
a_bound_handle_serves_the_newest_commit(void **state)
{
	struct bc_bound *bound;
	struct bc_view view;
	struct bc_error err;
	unsigned i;

	(void)state;
	assert_status(bc_bind(fixture.cache, "a", &bound), BC_OK, NULL);
	assert_status(bc_bound_get(bound, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_ABSENT);
	for (i = 1; i < 12; i++) {
		/* Inline values, small ones and large ones take turns. */
		unit_put("a", i, i % 3 == 0 ? 2 : i % 3 == 1 ? 100 : 9000);
		expect_bound(bound, i);
		expect_bound(bound, i);
		unit_put("b", i, 100);
		expect_bound(bound, i);
	}
	assert_status(bc_remove(fixture.cache, "a", &err), BC_OK, &err);
	assert_status(bc_bound_get(bound, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_ABSENT);
	unit_put("a", 12, 100);
	expect_bound(bound, 12);
	bc_unbind(bound);
	bc_unbind(NULL);
}

static void
a_bound_handle_sees_expiry_and_damage(void **state)
{
	struct bc_bound *expiring, *bound;
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	unsigned char *data = calloc(1, 5000);
	struct bc_view view;
	struct bc_error err;

	(void)state;
	assert_non_null(data);
	options.ttl_ns = HOUR_NS;
	assert_status(bc_bind(fixture.cache, "e", &expiring), BC_OK, NULL);
	assert_status(bc_bind(fixture.cache, "a", &bound), BC_OK, NULL);
	unit_put("a", 1, 5000);
	assert_status(
		bc_put_blob(fixture.cache, "e", data, 5000, &options, &err),
		BC_OK, &err);
	expect_bound(bound, 1);
	assert_status(bc_bound_get(expiring, &view), BC_OK, NULL);
	bc_view_release(&view);
	clockwork_pass(2 * HOUR_NS);
	assert_status(bc_bound_get(expiring, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_EXPIRED);
	clockwork_true();
	/* Another reader marks the segment: it is served no more. */
	unit_flip("a", 100000);
	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, NULL, &err),
	              BC_CORRUPT, &err);
	assert_status(bc_bound_get(bound, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	bc_unbind(bound);
	bc_unbind(expiring);
	free(data);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_can_be_no_key_is_absent),
		TEST(a_bad_request_is_refused),
		TEST(a_collision_of_request_keys_is_a_miss),
		TEST(the_newest_put_is_read_by_all),
		TEST(a_view_keeps_its_bytes_whatever_happens),
		TEST(an_entry_expires_and_is_put_anew),
		TEST(existence_is_told_without_being_counted),
		TEST(bypassing_serves_nothing_and_stores_nothing),
		TEST(refreshing_serves_nothing_and_replaces),
		TEST(checking_finds_damage_when_it_is_asked_to),
		TEST(a_bound_handle_serves_the_newest_commit),
		TEST(a_bound_handle_sees_expiry_and_damage),
	};

	return cmocka_run_group_tests_name("read", tests, NULL, NULL);
}

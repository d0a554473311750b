/* SPDX-License-Identifier: MIT */
/*
 * test_fetch.c - getting what is there and fetching what is not.  Who else
 * wants it: test_fetch_threads.c and test_fetch_process.c.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* What the function of a test does, and what it has seen. */
struct source {
	uint64_t version;    /* of what it hands over; 0: nothing */
	enum bc_status fail; /* what it returns */
	const char *message;
	struct bc_put_options put;
	unsigned sleep_ms;
	unsigned calls;
};

static struct source source;

static enum bc_status
source_hand_over(struct bc_fetch *fetch, struct source *from,
                 struct bc_error *err)
{
	struct test_value value;
	enum bc_status status;

	if (from->version == 0)
		return BC_OK;
	test_value_frame(&value, fetch->key, from->version, UNIT_SEED, 100);
	status = bc_fetch_put(fetch, &value.frame, &from->put, err);
	test_value_free(&value);
	return status;
}

static enum bc_status
source_fetch(struct bc_fetch *fetch, struct bc_error *err)
{
	struct source *from = fetch->context;
	enum bc_status status;

	from->calls++;
	test_sleep_ms(from->sleep_ms);
	status = source_hand_over(fetch, from, err);
	if (status != BC_OK)
		return status;
	if (from->message != NULL)
		snprintf(err->message, sizeof(err->message), "%s",
		         from->message);
	return from->fail;
}

static struct bc_fetch_options
fetch_options(struct source *from)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;

	options.function = source_fetch;
	options.context = from;
	return options;
}

static int
setup(void **state)
{
	source = (struct source){
		.version = 1,
		.put = BC_PUT_OPTIONS_INIT,
	};
	return unit_setup(state);
}

/* Get or fetch, expecting 'expected'; the version that came. */
static uint64_t
fetch(struct bc_cache *cache, const char *key, enum bc_status expected)
{
	struct bc_fetch_options options = fetch_options(&source);
	struct bc_error err = { 0 };
	uint64_t version = 0;
	struct bc_view view;

	assert_status(bc_get_or_fetch(cache, key, &options, &view, &err),
	              expected, &err);
	if (expected == BC_OK)
		version = test_view_version(&view, key, UNIT_SEED);
	else
		assert_null(view.data);
	bc_view_release(&view);
	return version;
}

/* ------------------------------------------------------------------------ */
/*  One caller                                                              */
/* ------------------------------------------------------------------------ */

static void
what_is_there_is_not_fetched(void **state)
{
	(void)state;
	unit_put("a", 7, 100);
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 7);
	assert_int_equal(source.calls, 0);
}

static void
what_is_not_there_is_fetched_and_stored(void **state)
{
	unsigned files;

	(void)state;
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 1);
	files = test_open_files();
	assert_int_equal(fetch(fixture.cache, "b", BC_OK), 1);
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 1);
	assert_int_equal(source.calls, 2);
	expect_hit(fixture.cache, "a", 1);
	expect_hit(fixture.cache, "b", 1);
	assert_int_equal(test_open_files(), files);
	assert_int_equal(unit_stats().process.misses[BC_MISS_ABSENT], 2);
	assert_int_equal(unit_stats().process.hits[BC_WARM], 5);
}

static enum bc_status
fetch_blob(struct bc_fetch *fetch, struct bc_error *err)
{
	assert_string_equal(fetch->key, "blob");
	assert_ptr_equal(fetch->cache, fixture.cache);
	assert_int_equal(fetch->from_ns, 0);
	assert_int_equal(fetch->to_ns, 0);
	assert_null(fetch->context);
	assert_non_null(err);
	/* The cache may be used meanwhile. */
	expect_miss(fetch->cache, fetch->key, BC_MISS_ABSENT);
	unit_put("beside", 1, 10);
	return bc_fetch_put_blob(fetch, "bytes", 5, NULL, err);
}

static void
the_function_knows_what_is_wanted(void **state)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct bc_view view;

	(void)state;
	options.function = fetch_blob;
	assert_status(
		bc_get_or_fetch(fixture.cache, "blob", &options, &view, NULL),
		BC_OK, NULL);
	assert_int_equal(view.kind, BC_BLOB);
	assert_int_equal(view.bytes, 5);
	assert_memory_equal(view.data, "bytes", 5);
	bc_view_release(&view);
	expect_hit(fixture.cache, "beside", 1);
}

static void
nothing_handed_over_is_a_miss(void **state)
{
	struct bc_fetch_options options = fetch_options(&source);
	struct bc_error err;
	struct bc_view view;

	(void)state;
	source.version = 0;
	assert_status(
		bc_get_or_fetch(fixture.cache, "a", &options, &view, &err),
		BC_MISS, &err);
	assert_int_equal(view.miss, BC_MISS_ABSENT);
	assert_int_equal(source.calls, 1);
	assert_int_equal(unit_stats().entries, 0);
}

static void
a_failure_is_what_the_function_says(void **state)
{
	struct bc_fetch_options options = fetch_options(&source);
	struct bc_error err;
	struct bc_view view;

	(void)state;
	source.version = 0;
	source.fail = BC_DENIED;
	source.message = "the exchange says 403";
	assert_status(
		bc_get_or_fetch(fixture.cache, "a", &options, &view, &err),
		BC_DENIED, &err);
	assert_string_equal(err.message, "the exchange says 403");
	assert_int_equal(err.status, BC_DENIED);
	assert_int_equal(err.row, -1);
	source.message = NULL;
	source.fail = BC_IO;
	assert_status(
		bc_get_or_fetch(fixture.cache, "a", &options, &view, &err),
		BC_IO, &err);
	assert_non_null(strstr(err.message, "a: fetching"));
	fetch(fixture.cache, "a", BC_IO);
	assert_int_equal(source.calls, 3);
	source.fail = BC_OK;
	source.version = 1;
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 1);
}

static void
what_came_before_a_failure_is_kept(void **state)
{
	(void)state;
	source.fail = BC_IO;
	fetch(fixture.cache, "a", BC_IO);
	expect_hit(fixture.cache, "a", 1);
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 1);
	assert_int_equal(source.calls, 1);
}

static enum bc_status
fetch_disorder(struct bc_fetch *fetch, struct bc_error *err)
{
	static const int64_t times[] = { 3, 2 };
	const struct bc_frame frame = { .rows = 2, .time_ns = times };

	return bc_fetch_put(fetch, &frame, NULL, err);
}

static void
what_a_put_refuses_is_refused(void **state)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct bc_error err;
	struct bc_view view;

	(void)state;
	options.function = fetch_disorder;
	assert_status(
		bc_get_or_fetch(fixture.cache, "a", &options, &view, &err),
		BC_ORDER, &err);
	assert_int_equal(err.row, 1);
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
}

static void
what_it_cost_is_measured_or_said(void **state)
{
	(void)state;
	source.sleep_ms = 2;
	fetch(fixture.cache, "a", BC_OK);
	assert_true(unit_info("a").cost_ns >= 2000000);
	source.put.cost_ns = 5;
	source.put.dataset_id = 6;
	fetch(fixture.cache, "b", BC_OK);
	assert_int_equal(unit_info("b").cost_ns, 5);
	assert_int_equal(unit_info("b").dataset_id, 6);
}

static void
what_has_expired_is_fetched_again(void **state)
{
	(void)state;
	/* It has expired before it is stored, and is shown once for all that.
	 */
	source.put.ttl_ns = 1;
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 1);
	while (bc_exists(fixture.cache, "a", NULL) == BC_OK)
		test_sleep_ms(1); /* The coarse clock is late. */
	expect_miss(fixture.cache, "a", BC_MISS_EXPIRED);
	source.version = 2;
	source.put.ttl_ns = 0;
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 2);
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 2);
	assert_int_equal(source.calls, 2);
}

static void
what_is_damaged_is_fetched_again(void **state)
{
	(void)state;
	unit_put("a", 7, 20000);
	unit_reopen(NULL);
	unit_flip("a", 100000);
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 1);
	assert_int_equal(source.calls, 1);
	expect_hit(fixture.cache, "a", 1);
}

/* ------------------------------------------------------------------------ */
/*  What cannot be done                                                     */
/* ------------------------------------------------------------------------ */

static void
options_are_checked(void **state)
{
	static const struct bc_fetch_options good = BC_FETCH_OPTIONS_INIT;
	struct bc_fetch_options options[3] = { good, good, good };
	char longest[BC_KEY_MAX + 2];
	struct bc_error err;
	struct bc_view view;
	unsigned i;

	(void)state;
	options[1].function = source_fetch;
	options[1].flags = 2;
	options[2].function = source_fetch;
	options[2].struct_size--;
	for (i = 0; i < 3; i++) {
		const char *const keys[] = { "a", "b" };
		enum bc_status statuses[2] = { BC_OK, BC_OK };
		struct bc_view views[2];

		assert_status(bc_get_or_fetch(fixture.cache, "a", &options[i],
		                              &view, &err),
		              BC_INVALID, &err);
		assert_status(bc_fetch_many(fixture.cache, keys, 2, 0, 0, NULL,
		                            0, &options[i], views, statuses,
		                            &err),
		              BC_INVALID, &err);
		assert_int_equal(statuses[0], BC_INVALID);
		assert_int_equal(statuses[1], BC_INVALID);
		assert_null(views[1].data);
	}
	assert_status(bc_get_or_fetch(fixture.cache, "a", NULL, &view, &err),
	              BC_INVALID, &err);
	fetch(fixture.cache, "", BC_KEY);
	memset(longest, 'k', sizeof(longest));
	longest[BC_KEY_MAX + 1] = '\0';
	fetch(fixture.cache, longest, BC_KEY);
	assert_int_equal(source.calls, 0);
}

static void
who_only_reads_is_told_so_and_asks_nobody(void **state)
{
	struct bc_options options = unit_options();

	(void)state;
	unit_put("a", 7, 100);
	options.flags = BC_OPEN_READONLY;
	unit_reopen(&options);
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 7);
	fetch(fixture.cache, "b", BC_READONLY);
	assert_int_equal(source.calls, 0);
}

static void
who_bypasses_gets_nothing_and_asks_nobody(void **state)
{
	struct bc_options options = unit_options();

	(void)state;
	unit_put("a", 7, 100);
	options.flags = BC_OPEN_BYPASS;
	unit_reopen(&options);
	fetch(fixture.cache, "a", BC_MISS);
	assert_int_equal(source.calls, 0);
}

static void
who_refreshes_fetches_what_is_there(void **state)
{
	struct bc_options options = unit_options();
	struct bc_cache *other = fixture.cache;

	(void)state;
	unit_put("a", 7, 100);
	options.flags = BC_OPEN_REFRESH;
	fixture.cache = unit_open(&options);
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 1);
	expect_hit(other, "a", 1);
	source.version = 2;
	assert_int_equal(fetch(fixture.cache, "a", BC_OK), 2);
	expect_hit(other, "a", 2);
	assert_int_equal(source.calls, 2);
	bc_close(other);
}

/* However often memory runs out, no lease is kept and nothing leaks. */
static void
no_memory_is_an_error_and_keeps_no_lease(void **state)
{
	struct test_memory memory = { 0 };
	struct bc_options options = unit_options();
	struct bc_fetch_options how = fetch_options(&source);
	enum bc_status status = BC_NOMEM;
	struct bc_view view;
	unsigned failed = 0;

	(void)state;
	options.allocator = test_allocator(&memory);
	unit_reopen(&options);
	how.wait_ms = 1;
	for (uint64_t at = 1; status != BC_OK; at++) {
		memory.fail_at = memory.requests + at;
		status = bc_get_or_fetch(fixture.cache, "a", &how, &view, NULL);
		memory.fail_at = 0;
		if (status != BC_OK)
			assert_status(status, BC_NOMEM, NULL);
		failed += status != BC_OK;
	}
	assert_true(failed > 3);
	assert_int_equal(test_view_version(&view, "a", UNIT_SEED), 1);
	bc_view_release(&view);
	bc_close(fixture.cache);
	fixture.cache = NULL;
	assert_int_equal(memory.live, 0);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_there_is_not_fetched),
		TEST(what_is_not_there_is_fetched_and_stored),
		TEST(the_function_knows_what_is_wanted),
		TEST(nothing_handed_over_is_a_miss),
		TEST(a_failure_is_what_the_function_says),
		TEST(what_came_before_a_failure_is_kept),
		TEST(what_a_put_refuses_is_refused),
		TEST(what_it_cost_is_measured_or_said),
		TEST(what_has_expired_is_fetched_again),
		TEST(what_is_damaged_is_fetched_again),
		TEST(options_are_checked),
		TEST(who_only_reads_is_told_so_and_asks_nobody),
		TEST(who_bypasses_gets_nothing_and_asks_nobody),
		TEST(who_refreshes_fetches_what_is_there),
		TEST(no_memory_is_an_error_and_keeps_no_lease),
	};

	return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}

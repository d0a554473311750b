/* SPDX-License-Identifier: MIT */
/*
 * test_links.c - what a backtest reads and puts is linked with it, by whatever
 * call that is done.
 */
#include "links_unit.h"

#include <stdio.h>
#include <string.h>

/* ---- hits --------------------------------------------------------------- */

static void
a_hit_is_linked_by_a_flush(void **state)
{
	struct bc_cache *cache;
	struct bc_view view;

	(void)state;
	unit_put("a", 1, 10);
	unit_put("b", 1, 1000);
	unit_put("c", 1, 1000);
	cache = links_open("run");
	for (int i = 0; i < 3; i++) {
		links_get(cache, "a");
		links_get(cache, "b");
	}
	assert_status(bc_get(cache, "none", &view), BC_MISS, NULL);
	assert_status(bc_exists(cache, "c", NULL), BC_OK, NULL);
	links_expect("run", "");
	links_flush(cache);
	links_expect("run", "a b");
	links_flush(cache);
	links_get(cache, "c");
	bc_close(cache);
	links_expect("run", "a b c");
	links_expect("ru", "");
}

typedef void reading(struct bc_cache *cache, const char *key);

static void
by_request(struct bc_cache *cache, const char *key)
{
	const char *const keys[] = { key, "none" };
	struct bc_view views[2];

	assert_status(bc_get_many(cache, keys, 2, views), BC_MISS, NULL);
	bc_view_release(&views[0]);
}

static void
by_snapshot(struct bc_cache *cache, const char *key)
{
	struct bc_snapshot *snapshot;
	struct bc_view view;

	assert_status(bc_snapshot_open(cache, &key, 1, &snapshot, NULL), BC_OK,
	              NULL);
	assert_status(bc_snapshot_get(snapshot, 0, &view), BC_OK, NULL);
	bc_view_release(&view);
	bc_snapshot_close(snapshot);
}

/* Through what it remembers: the first time it looks the entry up. */
static void
by_bound_handle(struct bc_cache *cache, const char *key)
{
	struct bc_bound *bound;
	struct bc_view view;
	struct bc_error err;

	assert_status(bc_bind(cache, key, &bound), BC_OK, NULL);
	for (int i = 0; i < 2; i++) {
		assert_status(bc_bound_get(bound, &view), BC_OK, NULL);
		bc_view_release(&view);
		links_flush(cache);
		if (i == 0)
			assert_status(bc_link(cache, "run", key, 0, &err),
			              BC_OK, &err);
	}
	bc_unbind(bound);
}

static void
by_range(struct bc_cache *cache, const char *key)
{
	struct bc_view view;

	assert_status(bc_read(cache, key, INT64_MIN, INT64_MAX, NULL,
	                      BC_READ_PARTIAL, &view),
	              BC_OK, NULL);
	bc_view_release(&view);
}

/* As by_range(), out of what the lane remembers. */
static void
by_range_again(struct bc_cache *cache, const char *key)
{
	struct bc_error err;

	by_range(cache, key);
	links_flush(cache);
	assert_status(bc_link(fixture.cache, "run", key, 0, &err), BC_OK, &err);
	by_range(cache, key);
	by_range(cache, key);
}

static void
by_tail(struct bc_cache *cache, const char *key)
{
	struct bc_view view;

	assert_status(bc_tail(cache, key, 3, NULL, BC_READ_PARTIAL, &view),
	              BC_OK, NULL);
	bc_view_release(&view);
}

static void
by_moment(struct bc_cache *cache, const char *key)
{
	struct bc_view view;

	assert_status(
		bc_asof(cache, key, INT64_MAX, NULL, BC_READ_PARTIAL, &view),
		BC_OK, NULL);
	bc_view_release(&view);
}

static void
by_number(struct bc_cache *cache, const char *key)
{
	struct bc_view view;

	assert_status(
		bc_read_rows(cache, key, 0, 2, NULL, BC_READ_PARTIAL, &view),
		BC_OK, NULL);
	bc_view_release(&view);
}

static void
by_stream(struct bc_cache *cache, const char *key)
{
	struct bc_stream *stream;
	struct bc_view view;

	assert_status(bc_stream_open(cache, key, INT64_MIN, INT64_MAX, NULL,
	                             BC_READ_PARTIAL, 0, &stream, NULL, NULL),
	              BC_OK, NULL);
	assert_status(bc_stream_next(stream, &view), BC_OK, NULL);
	bc_stream_close(stream);
}

static void
by_window(struct bc_cache *cache, const char *key)
{
	struct bc_window *window;
	struct bc_view view;

	assert_status(bc_window_open(cache, key, INT64_MIN, INT64_MAX, NULL,
	                             BC_READ_PARTIAL, 2, 0, &window, NULL,
	                             NULL),
	              BC_OK, NULL);
	assert_status(bc_window_next(window, &view), BC_OK, NULL);
	bc_window_close(window);
}

static void
every_way_to_read_links(void **state)
{
	static reading *const ways[] = {
		links_get, by_request,     by_snapshot, by_bound_handle,
		by_range,  by_range_again, by_tail,     by_moment,
		by_number, by_stream,      by_window,
	};
	static const char *const keys[] = { "frame", "inline", "series" };
	struct bc_cache *cache;
	struct bc_error err;

	(void)state;
	unit_put("frame", 1, 1000);
	unit_put("inline", 1, 5);
	links_append("series", 10000);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		for (size_t k = 0; k < 3; k++) {
			cache = links_open("run");
			ways[i](cache, keys[k]);
			bc_close(cache);
			links_expect("run", keys[k]);
			assert_status(
				bc_link(fixture.cache, "run", keys[k], 0, &err),
				BC_OK, &err);
		}
	}
	links_expect("run", "");
}

static void
what_is_derived_is_linked_with_its_source(void **state)
{
	struct bc_derive derive = BC_DERIVE_INIT;
	struct bc_resample hourly = BC_RESAMPLE_INIT;
	char links[4096] = "";
	struct bc_cache *cache;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	links_append("raw", 600);
	hourly.timeframe = "1h";
	derive.resample = &hourly;
	for (int i = 0; i < 2; i++) {
		cache = links_open(i == 0 ? "first" : "second");
		assert_status(bc_read_derived(cache, "raw", 0,
		                              600 * INT64_C(60000000000), 0,
		                              &derive, &view, &err),
		              BC_OK, &err);
		bc_view_release(&view);
		bc_close(cache);
	}
	assert_status(bc_labelled(fixture.cache, BC_LABEL_BACKTEST, "first",
	                          links_add, links, &err),
	              BC_OK, &err);
	assert_int_equal(strncmp(links, "raw derived/raw", 15), 0);
	/* The second one did not read the source. */
	links_expect("second", links + 4);
}

static void
a_put_is_linked_at_once(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_cache *cache;
	struct bc_batch *batch;
	struct bc_error err;

	(void)state;
	cache = links_open("run");
	assert_status(bc_put_blob(cache, "a", "x", 1, NULL, &err), BC_OK, &err);
	links_expect("run", "a");
	options.backtest = "other";
	assert_status(bc_batch_begin(cache, &batch, &err), BC_OK, &err);
	assert_status(bc_batch_put_blob(batch, "b", "x", 1, &options, &err),
	              BC_OK, &err);
	assert_status(bc_batch_put_blob(batch, "c", "x", 1, NULL, &err), BC_OK,
	              &err);
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	links_expect("run", "a c");
	links_expect("other", "b");
	assert_int_equal(unit_stats().entries, 3);
	bc_close(cache);
}

static void
any_commit_of_the_process_takes_links_along(void **state)
{
	struct bc_cache *cache;

	(void)state;
	unit_put("a", 1, 10);
	cache = links_open("run");
	links_get(cache, "a");
	unit_put("b", 1, 10);
	links_expect("run", "a");
	bc_close(cache);
}

static void
a_thread_writes_links_in_time(void **state)
{
	struct bc_options options = unit_options();
	struct bc_cache *cache, *other;
	char links[4096];
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 10);
	unit_put("b", 1, 10);
	options.backtest = "run";
	options.link_interval_ms = 20;
	cache = unit_open(&options);
	options.backtest = "other";
	other = unit_open(&options);
	links_get(cache, "a");
	links_get(other, "b");
	bc_close(cache); /* The thread goes on with the other handle. */
	links_get(other, "a");
	do {
		test_sleep_ms(10);
		links[0] = '\0';
		assert_status(bc_labelled(fixture.cache, BC_LABEL_BACKTEST,
		                          "other", links_add, links, &err),
		              BC_OK, &err);
	} while (strcmp(links, "a b") != 0);
	bc_close(other);
}

static void
a_backtest_needs_a_name_and_a_way_to_write(void **state)
{
	struct bc_options options = unit_options();
	struct bc_cache *cache;
	struct bc_error err;

	(void)state;
	options.backtest = "";
	assert_status(bc_open(fixture.dir.cache, &options, &cache, &err),
	              BC_INVALID, &err);
	options.backtest = "run";
	options.flags = BC_OPEN_READONLY;
	assert_status(bc_open(fixture.dir.cache, &options, &cache, &err),
	              BC_INVALID, &err);
	options.backtest = NULL;
	cache = unit_open(&options);
	unit_put("a", 1, 10);
	assert_status(bc_link(cache, "run", "a", 1, &err), BC_READONLY, &err);
	assert_status(bc_flush(cache, &err), BC_OK, &err);
	bc_close(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, unit_teardown)
		CASE(a_hit_is_linked_by_a_flush),
		CASE(every_way_to_read_links),
		CASE(what_is_derived_is_linked_with_its_source),
		CASE(a_put_is_linked_at_once),
		CASE(any_commit_of_the_process_takes_links_along),
		CASE(a_thread_writes_links_in_time),
		CASE(a_backtest_needs_a_name_and_a_way_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

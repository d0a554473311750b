/* SPDX-License-Identifier: MIT */
/*
 * test_fetch_range.c - reading a range of a series and fetching what of it is
 * missing, from an exchange that can do what real ones do: pages, holes, a bar
 * that has not ended, failures.
 */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define MINUTE (60 * UNIT_SECOND_NS)
#define ROWS_MAX 1000
#define ASKS_MAX 64
#define KEY "test/spot/X/1m"

enum page { WHOLE, FORWARD, BACKWARD };

static struct exchange {
	int64_t now;  /* the minute that has not ended yet */
	int64_t hole; /* minutes [hole, hole + 10) have no bars */
	enum page page;
	int64_t page_rows;
	double price;     /* of the open bar */
	bool silent;      /* it hands nothing over */
	unsigned fail_at; /* the ask that fails, from 1; 0: none */
	unsigned sleep_ms;
	uint32_t wait_ms; /* of who wants bars */
	_Atomic unsigned asks;
	int64_t from[ASKS_MAX], to[ASKS_MAX]; /* minutes */
} exchange;

static int
setup(void **state)
{
	exchange = (struct exchange){ .now = 10000, .hole = -100 };
	return unit_setup(state);
}

/* The bars of minutes [from, to); the last may not have ended. */
static enum bc_status
hand_over(struct bc_fetch *fetch, int64_t from, int64_t to,
          struct bc_counts *counts, struct bc_error *err)
{
	int64_t times[ROWS_MAX];
	double closes[ROWS_MAX];
	const struct bc_column close = { .name = "close",
		                         .type = BC_F64,
		                         .data = closes };
	struct bc_frame frame = { .time_ns = times,
		                  .columns = &close,
		                  .column_count = 1 };
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	int64_t minute;

	options.ttl_ns = BC_TTL_NONE;
	for (minute = from; minute < to && minute <= exchange.now; minute++) {
		bool open = minute == exchange.now;

		if (minute >= exchange.hole && minute < exchange.hole + 10)
			continue;
		times[frame.rows] = minute * MINUTE;
		closes[frame.rows++] = open ? exchange.price : (double)minute;
		if (open)
			options.flags = BC_APPEND_OPEN;
	}
	if (exchange.page != WHOLE) {
		options.from_ns = from * MINUTE;
		options.to_ns = to * MINUTE;
	}
	return bc_fetch_append(fetch, &frame, &options, counts, err);
}

static enum bc_status
fetch_bars(struct bc_fetch *fetch, struct bc_error *err)
{
	int64_t from = fetch->from_ns / MINUTE, to = fetch->to_ns / MINUTE;
	unsigned ask = atomic_fetch_add(&exchange.asks, 1);

	if (ask < ASKS_MAX) {
		exchange.from[ask] = from;
		exchange.to[ask] = to;
	}
	test_sleep_ms(exchange.sleep_ms);
	if (ask + 1 == exchange.fail_at) {
		snprintf(err->message, sizeof(err->message), "429");
		return BC_IO;
	}
	if (exchange.silent)
		return BC_OK;
	if (exchange.page == FORWARD && to - from > exchange.page_rows)
		to = from + exchange.page_rows;
	if (exchange.page == BACKWARD && to - from > exchange.page_rows)
		from = to - exchange.page_rows;
	return hand_over(fetch, from, to, NULL, err);
}

static struct bc_fetch_options
fetch_options(void)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;

	options.function = fetch_bars;
	options.wait_ms = exchange.wait_ms;
	return options;
}

/* Read minutes [from, to); the view is released by the caller. */
static enum bc_status
want(int64_t from, int64_t to, unsigned flags, struct bc_view *view)
{
	const struct bc_fetch_options options = fetch_options();
	struct bc_error err = { 0 };
	enum bc_status status =
		bc_read_or_fetch(fixture.cache, KEY, from * MINUTE, to * MINUTE,
	                         NULL, flags, &options, view, &err);

	if (status != BC_OK && (err.status != status || err.message[0] == '\0'))
		fail_msg("the error was not filled");
	return status;
}

/* The same, expecting all its bars that have ended, less 'less'. */
static void
expect_bars(int64_t from, int64_t to, uint64_t less)
{
	struct bc_view view;
	const double *close;
	uint64_t i;

	assert_status(want(from, to, 0, &view), BC_OK, NULL);
	assert_int_equal(view.rows, (uint64_t)(to - from) - less);
	close = bc_view_f64(&view, "close");
	for (i = 0; i < view.rows; i++)
		assert_int_equal(bc_view_time(&view)[i],
		                 (int64_t)close[i] * MINUTE);
	bc_view_release(&view);
}

#define expect_asks(count) assert_int_equal(exchange.asks, (count))

static void
expect_asked(unsigned ask, int64_t from, int64_t to)
{
	assert_true(ask < exchange.asks);
	assert_int_equal(exchange.from[ask], from);
	assert_int_equal(exchange.to[ask], to);
}

/* ------------------------------------------------------------------------ */
/*  What is asked for                                                       */
/* ------------------------------------------------------------------------ */

static void
only_what_is_missing_is_asked_for(void **state)
{
	(void)state;
	expect_bars(100, 200, 0);
	expect_asks(1);
	expect_asked(0, 100, 200);
	expect_bars(100, 200, 0);
	expect_bars(120, 130, 0);
	expect_asks(1);
	expect_bars(300, 400, 0);
	expect_asks(2);
	expect_bars(0, 500, 0);
	expect_asks(5);
	expect_asked(2, 0, 100);
	expect_asked(3, 200, 300);
	expect_asked(4, 400, 500);
	unit_reopen(NULL);
	expect_bars(0, 500, 0);
	expect_bars(490, 510, 0);
	expect_asks(6);
	expect_asked(5, 500, 510);
}

static void
an_empty_range_is_known_and_not_asked_for_again(void **state)
{
	(void)state;
	exchange.hole = 50;
	expect_bars(40, 70, 10);
	expect_bars(50, 60, 10);
	expect_asks(1);
	exchange.hole = 100;
	expect_bars(102, 108, 6);
	expect_bars(102, 108, 6);
	expect_asks(2);
}

static void
pages_are_asked_for_until_the_range_is_full(void **state)
{
	(void)state;
	exchange.page_rows = 30;
	exchange.page = FORWARD;
	expect_bars(0, 100, 0);
	expect_asks(4);
	expect_asked(1, 30, 100);
	expect_asked(3, 90, 100);
	exchange.page = BACKWARD;
	expect_bars(200, 300, 0);
	expect_asks(8);
	expect_asked(4, 200, 300);
	expect_asked(5, 200, 270);
	expect_asked(7, 200, 210);
	expect_bars(0, 300, 0);
	expect_asks(12);
}

static void
what_the_function_leaves_is_a_miss_or_partial(void **state)
{
	struct bc_view view;

	(void)state;
	expect_bars(100, 200, 0);
	exchange.silent = true;
	assert_status(want(50, 250, 0, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_NOT_COVERED);
	assert_null(view.data);
	expect_asks(3); /* each gap once */
	expect_asked(1, 50, 100);
	expect_asked(2, 200, 250);
	assert_status(want(50, 250, BC_READ_PARTIAL, &view), BC_OK, NULL);
	assert_int_equal(view.rows, 100);
	bc_view_release(&view);
	expect_asks(5);
	exchange.silent = false;
	expect_bars(50, 250, 0);
	expect_asks(7);
}

static void
a_failure_is_returned_and_what_came_before_is_kept(void **state)
{
	const struct bc_fetch_options options = fetch_options();
	struct bc_view view;
	struct bc_error err;

	(void)state;
	expect_bars(100, 200, 0);
	exchange.fail_at = 3;
	assert_status(bc_read_or_fetch(fixture.cache, KEY, 0, 300 * MINUTE,
	                               NULL, BC_READ_PARTIAL, &options, &view,
	                               &err),
	              BC_IO, &err);
	assert_string_equal(err.message, "429");
	assert_null(view.data);
	expect_asks(3);
	expect_bars(0, 200, 0);
	expect_asks(3);
	expect_bars(0, 300, 0);
	expect_asks(4);
	expect_asked(3, 200, 300);
}

static enum bc_status
fetch_a_frame(struct bc_fetch *fetch, struct bc_error *err)
{
	const int64_t times[] = { fetch->from_ns, fetch->to_ns - MINUTE };
	const double closes[] = { 0, 9 };
	const struct bc_column close = { "close", BC_F64, closes, NULL, 0 };
	const struct bc_frame frame = { 2, times, &close, 1 };

	return bc_fetch_put(fetch, &frame, NULL, err);
}

static void
a_frame_may_be_handed_over(void **state)
{
	struct bc_fetch_options options = fetch_options();
	struct bc_view view;
	struct bc_error err;

	(void)state;
	options.function = fetch_a_frame;
	assert_status(bc_read_or_fetch(fixture.cache, KEY, 0, 10 * MINUTE, NULL,
	                               0, &options, &view, &err),
	              BC_OK, &err);
	assert_int_equal(view.rows, 2);
	bc_view_release(&view);
	/* It grows to a series. */
	expect_bars(10, 20, 0);
	expect_asked(0, 10, 20);
}

/* ------------------------------------------------------------------------ */
/*  The bar that has not ended                                              */
/* ------------------------------------------------------------------------ */

static void
what_has_not_ended_is_asked_for_each_time(void **state)
{
	struct bc_view view;

	(void)state;
	exchange.now = 109;
	exchange.price = 1;
	expect_bars(100, 110, 1);
	exchange.price = 2;
	assert_status(want(100, 110, BC_READ_OPEN, &view), BC_OK, NULL);
	assert_int_equal(view.rows, 10);
	assert_int_equal(view.open_rows, 1);
	assert_true(bc_view_f64(&view, "close")[9] == 2);
	bc_view_release(&view);
	expect_asks(2);
	expect_asked(1, 109, 110);
	/* The same bar again: nothing to store, and no second ask. */
	expect_bars(100, 110, 1);
	expect_asks(3);
	exchange.now = 200;
	expect_bars(100, 110, 0);
	expect_bars(100, 110, 0);
	expect_asks(4);
}

static void
an_unchanged_open_bar_does_not_hide_other_gaps(void **state)
{
	(void)state;
	exchange.now = 109;
	expect_bars(100, 110, 1);
	expect_bars(50, 110, 1);
	expect_asks(3);
	expect_asked(1, 50, 100);
	expect_asked(2, 109, 110);
}

/* ------------------------------------------------------------------------ */
/*  Several at once                                                         */
/* ------------------------------------------------------------------------ */

static _Atomic unsigned wrong;

static void *
want_all(void *unused)
{
	struct bc_view view;

	(void)unused;
	if (want(100, 300, 0, &view) != BC_OK || view.rows != 199)
		atomic_fetch_add(&wrong, 1);
	bc_view_release(&view);
	return NULL;
}

static void
run_threads(void)
{
	pthread_t threads[8];
	unsigned i;

	atomic_store(&wrong, 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, want_all, NULL), 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(wrong, 0);
}

/* An exchange that is slower than eight threads take to begin. */
static void
all_who_want_a_range_make_one_fetch(void **state)
{
	(void)state;
	exchange.now = 299; /* the last bar has not ended */
	exchange.sleep_ms = 200;
	run_threads();
	expect_asks(1);
	exchange.price = 7;
	run_threads();
	expect_asks(2);
	expect_asked(1, 299, 300);
}

/* Hands over two pages, and lets another fetch the same in between. */
static enum bc_status
fetch_late(struct bc_fetch *fetch, struct bc_error *err)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_counts counts = { .inserted = 99 };
	const double old = -1;
	const struct bc_column close = { "close", BC_F64, &old, NULL, 0 };
	const struct bc_frame frame = { 1, &fetch->from_ns, &close, 1 };

	assert_status(hand_over(fetch, 100, 150, &counts, err), BC_OK, err);
	assert_int_equal(counts.inserted, 50);
	test_sleep_ms(2); /* longer than wait_ms */
	assert_status(hand_over(fetch, 150, 160, &counts, err), BC_OK, err);
	assert_int_equal(counts.inserted, 10);
	exchange.page = WHOLE;
	exchange.wait_ms = 5;
	expect_bars(100, 200, 0);
	/* Now it is late. */
	assert_status(bc_fetch_append(fetch, &frame, &options, &counts, err),
	              BC_OK, err);
	assert_int_equal(counts.inserted, 0);
	assert_int_equal(counts.updated, 0);
	return BC_OK;
}

static void
what_is_handed_over_too_late_is_dropped(void **state)
{
	struct bc_fetch_options options = fetch_options();
	struct bc_view view;
	struct bc_error err;

	(void)state;
	exchange.page = FORWARD;
	exchange.page_rows = 1000;
	options.function = fetch_late;
	options.wait_ms = 1;
	assert_status(bc_read_or_fetch(fixture.cache, KEY, 100 * MINUTE,
	                               200 * MINUTE, NULL, 0, &options, &view,
	                               &err),
	              BC_OK, &err);
	assert_int_equal(view.rows, 100);
	assert_true(bc_view_f64(&view, "close")[0] == 100);
	bc_view_release(&view);
}

/* While this fetches, what is stale is good enough for another. */
static enum bc_status
fetch_beside_a_stale_read(struct bc_fetch *fetch, struct bc_error *err)
{
	struct bc_fetch_options options = fetch_options();
	struct bc_view view;
	struct bc_error error;

	(void)err;
	options.flags = BC_FETCH_STALE;
	assert_status(bc_read_or_fetch(fetch->cache, KEY, 0, 300 * MINUTE, NULL,
	                               0, &options, &view, &error),
	              BC_OK, &error);
	assert_int_equal(view.rows, 100);
	bc_view_release(&view);
	return fetch_bars(fetch, err);
}

static void
a_series_is_shown_as_far_as_it_goes_while_another_fetches(void **state)
{
	struct bc_fetch_options options = fetch_options();
	struct bc_view view;
	struct bc_error err;

	(void)state;
	expect_bars(100, 200, 0);
	options.function = fetch_beside_a_stale_read;
	assert_status(bc_read_or_fetch(fixture.cache, KEY, 0, 200 * MINUTE,
	                               NULL, 0, &options, &view, &err),
	              BC_OK, &err);
	assert_int_equal(view.rows, 200);
	bc_view_release(&view);
	expect_asks(2);
}

static void
ranges_of_many_keys(void **state)
{
	static const char *const keys[] = { "x/y/a/1m", "x/y/b/1m", "x/y/a/1m",
		                            "x/y/c/1m", "" };
	const struct bc_fetch_options options = fetch_options();
	static const char *const columns[] = { "close", NULL };
	enum bc_status statuses[5];
	struct bc_view views[5];
	struct bc_error err;
	unsigned i;

	(void)state;
	assert_status(bc_fetch_many(fixture.cache, keys, 5, 0, 100 * MINUTE,
	                            columns, 0, &options, views, statuses,
	                            &err),
	              BC_KEY, &err);
	for (i = 0; i < 5; i++) {
		assert_status(statuses[i], i < 4 ? BC_OK : BC_KEY, NULL);
		assert_int_equal(views[i].rows, i < 4 ? 100 : 0);
		bc_view_release(&views[i]);
	}
	expect_asks(3);
}

/* ------------------------------------------------------------------------ */
/*  What cannot be done, damage, modes                                      */
/* ------------------------------------------------------------------------ */

static void
ranges_flags_and_columns_are_checked(void **state)
{
	static const char *const columns[] = { "volume", NULL };
	const struct bc_fetch_options options = fetch_options();
	struct bc_view view;
	struct bc_error err;

	(void)state;
	assert_status(want(5, 4, 0, &view), BC_INVALID, NULL);
	assert_status(want(4, 5, 1024, &view), BC_INVALID, NULL);
	assert_status(bc_read_or_fetch(fixture.cache, KEY, INT64_MIN, 1, NULL,
	                               0, &options, &view, &err),
	              BC_INVALID, &err);
	assert_status(bc_read_or_fetch(fixture.cache, KEY, 1, INT64_MAX, NULL,
	                               0, &options, &view, &err),
	              BC_INVALID, &err);
	expect_asks(0);
	assert_status(bc_read_or_fetch(fixture.cache, KEY, 0, MINUTE, columns,
	                               0, &options, &view, &err),
	              BC_INVALID, &err);
	expect_asks(1);
}

static void
modes_of_the_handle_hold(void **state)
{
	struct bc_options options = unit_options();
	struct bc_view view;

	(void)state;
	expect_bars(0, 100, 0);
	options.flags = BC_OPEN_READONLY;
	unit_reopen(&options);
	expect_bars(0, 100, 0);
	assert_status(want(50, 150, 0, &view), BC_READONLY, NULL);
	options.flags = BC_OPEN_BYPASS;
	unit_reopen(&options);
	assert_status(want(0, 100, 0, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_BYPASSED);
	expect_asks(1);
	options.flags = BC_OPEN_REFRESH;
	unit_reopen(&options);
	expect_bars(0, 100, 0);
	expect_asks(2);
	expect_asked(1, 0, 100);
}

static void
what_is_damaged_is_fetched_again(void **state)
{
	int64_t at;

	(void)state;
	for (at = 0; at < 10000; at += 1000)
		expect_bars(at, at + 1000, 0);
	unit_reopen(NULL);
	unit_flip(KEY, 20000);
	atomic_store(&exchange.asks, 0);
	exchange.page = FORWARD;
	exchange.page_rows = 1000;
	expect_bars(0, 10000, 0);
	assert_true(exchange.asks > 0);
	atomic_store(&exchange.asks, 0);
	expect_bars(0, 10000, 0);
	expect_asks(0);
}

static void
requests_and_costs_are_counted(void **state)
{
	(void)state;
	exchange.sleep_ms = 2;
	expect_bars(0, 100, 0);
	expect_bars(0, 100, 0);
	assert_int_equal(unit_stats().process.misses[BC_MISS_NOT_COVERED], 1);
	assert_int_equal(unit_stats().process.hits[BC_WARM], 2);
	assert_true(unit_info(KEY).cost_ns >= 2000000);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(only_what_is_missing_is_asked_for),
		TEST(an_empty_range_is_known_and_not_asked_for_again),
		TEST(pages_are_asked_for_until_the_range_is_full),
		TEST(what_the_function_leaves_is_a_miss_or_partial),
		TEST(a_failure_is_returned_and_what_came_before_is_kept),
		TEST(a_frame_may_be_handed_over),
		TEST(what_has_not_ended_is_asked_for_each_time),
		TEST(an_unchanged_open_bar_does_not_hide_other_gaps),
		TEST(all_who_want_a_range_make_one_fetch),
		TEST(what_is_handed_over_too_late_is_dropped),
		TEST(a_series_is_shown_as_far_as_it_goes_while_another_fetches),
		TEST(ranges_of_many_keys),
		TEST(ranges_flags_and_columns_are_checked),
		TEST(modes_of_the_handle_hold),
		TEST(what_is_damaged_is_fetched_again),
		TEST(requests_and_costs_are_counted),
	};

	return cmocka_run_group_tests_name("fetch_range", tests, NULL, NULL);
}

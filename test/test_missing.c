/* SPDX-License-Identifier: MIT */
/*
 * test_missing.c - what is known of entries, and what is still to be fetched.
 */
#include "unit.h"

#include <string.h>

#include "series_unit.h"

#define MINUTE (60 * UNIT_SECOND_NS)
#define ROWS_MAX 30000
#define GAPS 64

static int64_t times[ROWS_MAX];
static double closes[ROWS_MAX];
static struct bc_gap gaps[GAPS];
static size_t found;

/* 'rows' bars from minute 'first' on, every 'step' minutes. */
static struct bc_frame
bars(int64_t first, uint64_t rows, int64_t step)
{
	static const struct bc_column columns[] = {
		{ .name = "close", .type = BC_F64, .data = closes },
	};
	uint64_t i;

	assert_true(rows <= ROWS_MAX);
	for (i = 0; i < rows; i++) {
		times[i] = (first + (int64_t)i * step) * MINUTE;
		closes[i] = (double)times[i];
	}
	return (struct bc_frame){ .rows = rows,
		                  .time_ns = times,
		                  .columns = columns,
		                  .column_count = 1 };
}

static void
put_bars(const char *key, int64_t first, uint64_t rows, int64_t step)
{
	const struct bc_frame frame = bars(first, rows, step);
	struct bc_error err;

	assert_status(bc_put(fixture.cache, key, &frame, NULL, NULL, &err),
	              BC_OK, &err);
}

/* Say that minutes [from, to) were fetched and had 'rows' bars at their begin.
 */
static void
append(const char *key, int64_t from, int64_t to, uint64_t rows, unsigned flags)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	const struct bc_frame frame = bars(from, rows, 1);
	struct bc_error err;

	options.flags = flags;
	options.from_ns = from * MINUTE;
	options.to_ns = to * MINUTE;
	options.ttl_ns = BC_TTL_NONE;
	assert_status(
		bc_append(fixture.cache, key, &frame, &options, NULL, &err),
		BC_OK, &err);
}

static void
ask_ns(const char *key, int64_t from_ns, int64_t to_ns, unsigned flags)
{
	struct bc_error err;

	memset(gaps, 0x55, sizeof(gaps));
	assert_status(bc_missing(fixture.cache, &key, 1, from_ns, to_ns, flags,
	                         gaps, GAPS, &found, &err),
	              BC_OK, &err);
}

static void
ask(const char *key, int64_t from, int64_t to)
{
	ask_ns(key, from * MINUTE, to * MINUTE, 0);
}

static void
expect_gap_ns(size_t index, int64_t from_ns, int64_t to_ns)
{
	assert_true(index < found);
	assert_int_equal(gaps[index].key, 0);
	assert_int_equal(gaps[index].from_ns, from_ns);
	assert_int_equal(gaps[index].to_ns, to_ns);
}

/* The one gap of the last question. */
static void
expect_only(int64_t from, int64_t to)
{
	assert_int_equal(found, 1);
	expect_gap_ns(0, from * MINUTE, to * MINUTE);
}

/* ------------------------------------------------------------------------ */
/*  What is no series                                                       */
/* ------------------------------------------------------------------------ */

static void
of_what_is_not_there_all_is_missing(void **state)
{
	struct bc_error err;

	(void)state;
	ask("a", 0, 10);
	expect_only(0, 10);
	ask("", 0, 10);
	expect_only(0, 10);
	ask("\001meta", 0, 10);
	expect_only(0, 10);
	ask_ns("a", INT64_MIN, INT64_MAX, 0);
	assert_int_equal(found, 1);
	expect_gap_ns(0, INT64_MIN, INT64_MAX);
	assert_status(bc_put_blob(fixture.cache, "a", "x", 1, NULL, &err),
	              BC_OK, &err);
	ask("a", 0, 10);
	expect_only(0, 10);
}

static void
of_a_frame_what_lies_beside_its_rows(void **state)
{
	(void)state;
	put_bars("a", 100, 50, 2); /* [100, 200) */
	ask("a", 100, 200);
	assert_int_equal(found, 0);
	ask("a", 130, 150);
	assert_int_equal(found, 0);
	ask("a", 0, 150);
	expect_only(0, 100);
	ask("a", 150, 300);
	expect_only(200, 300);
	ask("a", 0, 300);
	assert_int_equal(found, 2);
	expect_gap_ns(0, 0, 100 * MINUTE);
	expect_gap_ns(1, 200 * MINUTE, 300 * MINUTE);
	ask_ns("a", INT64_MIN, INT64_MAX, 0);
	assert_int_equal(found, 2);
	expect_gap_ns(0, INT64_MIN, 100 * MINUTE);
	expect_gap_ns(1, 200 * MINUTE, INT64_MAX);
	ask("a", 300, 400);
	expect_only(300, 400);
}

static void
the_last_bar_of_a_frame_ends_by_its_key_or_its_step(void **state)
{
	static const int64_t odd[] = { 0, 1, 3 };
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	put_bars("x/y/z/1h", 0, 3, 60);
	ask("x/y/z/1h", 0, 200);
	expect_only(180, 200);
	put_bars("x/y/z/1d", 0, 1, 1);
	ask("x/y/z/1d", 0, 2000);
	expect_only(1440, 2000);
	put_bars("x/y/z/1M", 0, 1, 1);
	ask("x/y/z/1M", 0, 32 * 1440);
	expect_only(31 * 1440, 32 * 1440);
	/* Neither says anything: it is a moment. */
	frame = bars(0, 3, 1);
	frame.time_ns = odd;
	assert_status(bc_put(fixture.cache, "a", &frame, NULL, NULL, &err),
	              BC_OK, &err);
	ask_ns("a", 0, 10, 0);
	assert_int_equal(found, 1);
	expect_gap_ns(0, 4, 10);
	/* None at all is nothing known. */
	put_bars("a", 0, 0, 1);
	ask("a", 0, 10);
	expect_only(0, 10);
}

static void
what_ends_with_time_itself_has_no_gap_behind_it(void **state)
{
	static const int64_t last[] = { INT64_MAX };
	struct bc_frame frame = bars(0, 1, 1);
	struct bc_error err;

	(void)state;
	frame.time_ns = last;
	assert_status(bc_put(fixture.cache, "a", &frame, NULL, NULL, &err),
	              BC_OK, &err);
	ask_ns("a", INT64_MAX - 1, INT64_MAX, 0);
	assert_int_equal(found, 1);
	expect_gap_ns(0, INT64_MAX - 1, INT64_MAX);
}

static void
what_has_expired_is_missing(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_frame frame = bars(0, 10, 1);
	struct bc_error err;

	(void)state;
	options.ttl_ns = 1;
	assert_status(bc_put(fixture.cache, "a", &frame, &options, NULL, &err),
	              BC_OK, &err);
	while (bc_exists(fixture.cache, "a", NULL) == BC_OK)
		test_sleep_ms(1);
	ask("a", 0, 10);
	expect_only(0, 10);
}

static void
a_bad_frame_is_missing(void **state)
{
	(void)state;
	put_bars("a", 0, 9000, 1);
	unit_reopen(NULL);
	unit_flip("a", 50000);
	ask("a", 0, 9000);
	assert_int_equal(found, 0); /* Nobody has noticed. */
	expect_miss(fixture.cache, "a", BC_MISS_CORRUPT);
	ask("a", 10, 20);
	expect_only(10, 20);
	put_bars("a", 0, 9000, 1);
	ask("a", 0, 9000);
	assert_int_equal(found, 0);
}

/* ------------------------------------------------------------------------ */
/*  The question                                                            */
/* ------------------------------------------------------------------------ */

static void
ranges_and_flags_are_checked(void **state)
{
	const char *key = "a";
	struct bc_error err;

	(void)state;
	found = 7;
	assert_status(bc_missing(fixture.cache, &key, 1, 1, 0, 0, gaps, GAPS,
	                         &found, &err),
	              BC_INVALID, &err);
	assert_int_equal(found, 0);
	assert_status(bc_missing(fixture.cache, &key, 1, 0, 1, 2, gaps, GAPS,
	                         &found, &err),
	              BC_INVALID, &err);
	ask("a", 5, 5);
	assert_int_equal(found, 0);
	assert_status(bc_missing(fixture.cache, NULL, 0, 0, 1, 0, NULL, 0,
	                         &found, &err),
	              BC_OK, &err);
	assert_int_equal(found, 0);
}

static void
gaps_are_counted_beyond_the_room(void **state)
{
	static const char *const keys[] = { "none", "a", "all", "b" };
	struct bc_error err;
	size_t room;

	(void)state;
	put_bars("a", 10, 10, 1);
	put_bars("all", 0, 100, 1);
	put_bars("b", 50, 50, 1);
	for (room = 0; room <= 5; room++) {
		memset(gaps, 0x55, sizeof(gaps));
		assert_status(
			bc_missing(fixture.cache, keys, 4, 0, 100 * MINUTE, 0,
		                   room != 0 ? gaps : NULL, room, &found, &err),
			BC_OK, &err);
		assert_int_equal(found, 4);
		assert_int_equal(gaps[room].key, 0x5555555555555555);
	}
	assert_int_equal(gaps[0].key, 0);
	assert_int_equal(gaps[1].key, 1);
	assert_int_equal(gaps[1].to_ns, 10 * MINUTE);
	assert_int_equal(gaps[2].key, 1);
	assert_int_equal(gaps[2].from_ns, 20 * MINUTE);
	assert_int_equal(gaps[3].key, 3);
	assert_int_equal(gaps[3].to_ns, 50 * MINUTE);
}

static void
who_is_not_served_misses_everything(void **state)
{
	static const unsigned flags[] = { BC_OPEN_BYPASS, BC_OPEN_REFRESH };
	struct bc_options options = unit_options();
	unsigned i;

	(void)state;
	put_bars("a", 0, 100, 1);
	for (i = 0; i < 2; i++) {
		options.flags = flags[i];
		unit_reopen(&options);
		ask("a", 10, 20);
		expect_only(10, 20);
	}
}

/* ------------------------------------------------------------------------ */
/*  Series                                                                  */
/* ------------------------------------------------------------------------ */

static void
known(size_t index, int64_t from, int64_t to, enum bc_known kind)
{
	struct bc_interval intervals[8];
	struct bc_error err;
	size_t count;

	assert_status(
		bc_coverage(fixture.cache, "s", intervals, 8, &count, &err),
		BC_OK, &err);
	assert_true(index < count && count <= 8);
	assert_int_equal(intervals[index].from_ns, from * MINUTE);
	assert_int_equal(intervals[index].to_ns, to * MINUTE);
	assert_int_equal(intervals[index].known, kind);
}

static void
of_a_series_what_was_never_fetched(void **state)
{
	(void)state;
	append("s", 100, 200, 10, 0);
	append("s", 300, 400, 0, 0); /* empty */
	append("s", 500, 600, 100, 0);
	ask("s", 0, 700);
	assert_int_equal(found, 4);
	expect_gap_ns(0, 0, 100 * MINUTE);
	expect_gap_ns(1, 200 * MINUTE, 300 * MINUTE);
	expect_gap_ns(2, 400 * MINUTE, 500 * MINUTE);
	expect_gap_ns(3, 600 * MINUTE, 700 * MINUTE);
	ask("s", 150, 199);
	assert_int_equal(found, 0);
	ask("s", 300, 400);
	assert_int_equal(found, 0);
	ask("s", 520, 600);
	assert_int_equal(found, 0);
	ask("s", 199, 301);
	expect_only(200, 300);
	known(0, 100, 200, BC_KNOWN_BARS);
	known(1, 300, 400, BC_KNOWN_EMPTY);
	known(2, 500, 600, BC_KNOWN_BARS);
	unit_reopen(NULL);
	ask("s", 0, 550);
	assert_int_equal(found, 3);
}

static void
what_had_not_ended_is_missing_unless_settled(void **state)
{
	(void)state;
	append("s", 100, 103, 3, BC_APPEND_OPEN); /* 102 may yet change */
	known(0, 100, 102, BC_KNOWN_BARS);
	known(1, 102, 103, BC_KNOWN_OPEN);
	ask("s", 100, 103);
	expect_only(102, 103);
	ask("s", 100, 102);
	assert_int_equal(found, 0);
	ask_ns("s", 100 * MINUTE, 103 * MINUTE, BC_MISSING_SETTLED);
	assert_int_equal(found, 0);
	ask_ns("s", 100 * MINUTE, 110 * MINUTE, BC_MISSING_SETTLED);
	expect_only(103, 110);
	ask("s", 100, 110);
	expect_only(102, 110);
}

/* Bars that were there are known to have been, though their rows are gone. */
static void
what_is_fetched_empty_takes_no_bars_away(void **state)
{
	struct bc_error err;

	(void)state;
	append("s", 10, 14, 1, 0);
	assert_status(bc_remove_range(fixture.cache, "s", INT64_MIN,
	                              11 * MINUTE, NULL, &err),
	              BC_OK, &err);
	known(0, 11, 14, BC_KNOWN_BARS);
	append("s", 0, 30, 0, 0);
	known(0, 0, 11, BC_KNOWN_EMPTY);
	known(1, 11, 14, BC_KNOWN_BARS);
	known(2, 14, 30, BC_KNOWN_EMPTY);
}

static void
coverage_is_of_series_alone(void **state)
{
	struct bc_interval intervals[2];
	struct bc_error err;
	size_t count = 9;

	(void)state;
	assert_status(
		bc_coverage(fixture.cache, "s", intervals, 2, &count, &err),
		BC_MISS, &err);
	assert_int_equal(count, 0);
	put_bars("s", 0, 10, 1);
	assert_status(
		bc_coverage(fixture.cache, "s", intervals, 2, &count, &err),
		BC_MISS, &err);
	append("s", 100, 110, 10, 0);
	append("s", 200, 210, 10, 0);
	assert_status(
		bc_coverage(fixture.cache, "s", intervals, 2, &count, &err),
		BC_OK, &err);
	assert_int_equal(count, 3); /* with the frame that it began as */
	assert_int_equal(intervals[0].from_ns, 0);
	assert_int_equal(intervals[0].to_ns, 10 * MINUTE);
	assert_status(bc_coverage(fixture.cache, "s", NULL, 0, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 3);
}

static void
a_bad_segment_is_missing_and_the_others_are_not(void **state)
{
	struct bci_locator first;
	struct bc_view view;

	(void)state;
	append("s", 0, 30000, 30000, 0);
	append("s", 40000, 40010, 10, 0);
	unit_reopen(NULL);
	first = unit_locate("s");
	assert_int_equal(first.first_ns, 0);
	assert_true(first.rows >= 4096);
	unit_flip("s", 20000);
	assert_status(
		bc_read(fixture.cache, "s", 0, 100 * MINUTE, NULL, 0, &view),
		BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	ask_ns("s", 0, 40010 * MINUTE, 0);
	assert_int_equal(found, 2);
	expect_gap_ns(0, 0, first.last_ns + MINUTE);
	expect_gap_ns(1, 30000 * MINUTE, 40000 * MINUTE);
	ask("s", 40000, 40010);
	assert_int_equal(found, 0);
	unit_put("other", 1, 10); /* A writer drops it. */
	ask_ns("s", 0, 30000 * MINUTE, 0);
	assert_int_equal(found, 1);
	expect_gap_ns(0, 0, first.last_ns + MINUTE);
}

/* Make the newest interval of "s" one that ends before it begins. */
static void
turn_intervals_round(struct MDB_txn *txn, const struct bci_tables *tables)
{
	unsigned char copy[BCI_LEAF_BYTES];
	struct bci_series_record series;
	struct bci_bytes record;
	struct bc_error err;

	assert_status(bci_table_get(txn, tables->entries, "s", 1, &record),
	              BC_OK, NULL);
	assert_true(record.size <= sizeof(copy));
	memcpy(copy, record.data, record.size);
	memcpy(&series, copy + sizeof(struct bci_entry_record), sizeof(series));
	series.known_to_ns = series.known_from_ns - 1;
	memcpy(copy + sizeof(struct bci_entry_record), &series, sizeof(series));
	series_unit_sign("s", copy);
	assert_status(bci_table_put(txn, tables->entries, "s", 1, copy,
	                            record.size, &err),
	              BC_OK, &err);
}

static void
what_is_known_may_be_damaged(void **state)
{
	static const char *const keys[] = { "a", "s" };
	struct bc_interval intervals[2];
	struct bc_error err;
	size_t count;

	(void)state;
	append("s", 0, 10, 10, 0);
	unit_change_catalogue(turn_intervals_round);
	unit_reopen(NULL);
	assert_status(bc_missing(fixture.cache, keys, 2, 0, MINUTE, 0, gaps,
	                         GAPS, &found, &err),
	              BC_CORRUPT, &err);
	assert_int_equal(found, 0);
	assert_non_null(strstr(err.message, " s:"));
	assert_status(
		bc_coverage(fixture.cache, "s", intervals, 2, &count, &err),
		BC_CORRUPT, &err);
	assert_int_equal(count, 0);
}

/* ------------------------------------------------------------------------ */
/*  Against a plain model                                                   */
/* ------------------------------------------------------------------------ */

#define MODEL_MINUTES 400
#define MODEL_ROUNDS 300

/* What is known of each minute. */
static bool model[MODEL_MINUTES];

static void
model_check(int64_t from, int64_t to)
{
	int64_t minute = from;
	size_t index = 0;

	ask("s", from, to);
	while (minute < to) {
		int64_t begin = minute;

		while (minute < to && !model[minute])
			minute++;
		if (minute > begin)
			expect_gap_ns(index++, begin * MINUTE, minute * MINUTE);
		while (minute < to && model[minute])
			minute++;
	}
	assert_int_equal(found, index);
}

static void
gaps_are_what_appends_left(void **state)
{
	uint64_t random = 5;
	unsigned round;

	(void)state;
	memset(model, 0, sizeof(model));
	for (round = 0; round < MODEL_ROUNDS; round++) {
		int64_t from, to, i;

		random = test_mix(random, round);
		from = (int64_t)(random % MODEL_MINUTES);
		to = from + 1 + (int64_t)((random >> 20) % 8);
		if (to > MODEL_MINUTES)
			to = MODEL_MINUTES;
		append("s", from, to,
		       (random >> 40) % 3 == 0 ? 0 : (uint64_t)(to - from), 0);
		for (i = from; i < to; i++)
			model[i] = true;
		if (round % 64 == 63)
			unit_reopen(NULL);
		model_check(0, MODEL_MINUTES);
		model_check(from / 2, to);
		model_check(from, to);
	}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(of_what_is_not_there_all_is_missing),
		TEST(of_a_frame_what_lies_beside_its_rows),
		TEST(the_last_bar_of_a_frame_ends_by_its_key_or_its_step),
		TEST(what_ends_with_time_itself_has_no_gap_behind_it),
		TEST(what_has_expired_is_missing),
		TEST(a_bad_frame_is_missing),
		TEST(ranges_and_flags_are_checked),
		TEST(gaps_are_counted_beyond_the_room),
		TEST(who_is_not_served_misses_everything),
		TEST(of_a_series_what_was_never_fetched),
		TEST(what_had_not_ended_is_missing_unless_settled),
		TEST(what_is_fetched_empty_takes_no_bars_away),
		TEST(coverage_is_of_series_alone),
		TEST(a_bad_segment_is_missing_and_the_others_are_not),
		TEST(what_is_known_may_be_damaged),
		TEST(gaps_are_what_appends_left),
	};

	return cmocka_run_group_tests_name("missing", tests, NULL, NULL);
}

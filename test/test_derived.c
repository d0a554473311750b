/* SPDX-License-Identifier: MIT */
/*
 * test_derived.c - derived ranges: what they hold, and that they are made once.
 */
#include "larger.h"

#include <math.h>
#include <string.h>

#define KEY "x/spot/A/1m"

static struct bc_view again;

static const char *const add_all[] = { "sma(20)", "ema(5)",        "rsi(14)",
	                               "atr(3)",  "sma(volume,4)", NULL };

static int
teardown(void **state)
{
	bc_view_release(&again);
	return larger_teardown(state);
}

/* Sessions of seven hours, with minutes missing, from 2024-01-02 on. */
static void
bars_sessions(uint64_t rows)
{
	int64_t at = larger_moment(2024, 1, 2, 570), open = at;

	bars.rows = 0;
	while (bars.rows < rows) {
		uint64_t chance = test_mix(bars.rows, 3);

		bars_add(at, 100 + (double)(chance % 1000) / 8);
		bars.volume[bars.rows - 1] = (double)(chance >> 10 & 1023);
		at += (chance >> 20 & 7) == 7 ? 2 * MINUTE : MINUTE;
		if (at >= open + 7 * HOUR)
			at = open += DAY;
	}
}

/* The same bits, names and types. */
static void
expect_equal(const struct bc_view *a, const struct bc_view *b)
{
	assert_int_equal(a->rows, b->rows);
	assert_int_equal(a->schema->column_count, b->schema->column_count);
	assert_true(a->first_ns == b->first_ns && a->last_ns == b->last_ns);
	for (uint32_t i = 0; i < a->schema->column_count; i++) {
		assert_string_equal(a->schema->columns[i].name,
		                    b->schema->columns[i].name);
		assert_int_equal(a->schema->columns[i].type,
		                 b->schema->columns[i].type);
		if (a->rows != 0)
			assert_memory_equal(
				bc_view_column(a, i), bc_view_column(b, i),
				a->rows * a->schema->columns[i].bytes);
	}
}

/* ------------------------------------------------------------------------ */
/*  What they hold                                                          */
/* ------------------------------------------------------------------------ */

static bool
near(double value, double expected)
{
	return isnan(value) ? isnan(expected)
	                    : fabs(value - expected) <= 1e-12 * fabs(expected);
}

/*
 * The values of a range are those of all bars from the first one on; 'all' is
 * the whole series, resampled or as it is, 'skip' its rows before the range.
 */
static void
expect_settled(const struct bc_view *part, const struct bc_view *all,
               uint64_t skip)
{
	static double expected[BARS_MAX];
	const double *close = bc_view_f64(all, "close");

	assert_int_equal(part->rows, all->rows - skip);
	for (int i = 0; i < 5; i++) {
		static const char *const names[] = { "sma_20", "ema_5",
			                             "rsi_14", "atr_3",
			                             "sma_volume_4" };
		const double *values = bc_view_f64(part, names[i]);

		assert_non_null(values);
		if (i == 0)
			bc_sma(close, all->rows, 20, expected);
		if (i == 1)
			bc_ema(close, all->rows, 5, expected);
		if (i == 2)
			bc_rsi(close, all->rows, 14, expected);
		if (i == 3)
			bc_atr(bc_view_f64(all, "high"),
			       bc_view_f64(all, "low"), close, all->rows, 3,
			       expected);
		if (i == 4)
			bc_sma(bc_view_f64(all, "volume"), all->rows, 4,
			       expected);
		for (uint64_t row = 0; row < part->rows; row++)
			if (!near(values[row], expected[skip + row]))
				fail_msg("%s, row %d: %.17g, not %.17g",
				         names[i], (int)row, values[row],
				         expected[skip + row]);
	}
}

static void
indicators_see_the_bars_before(void **state)
{
	struct bc_derive derive = larger_derive(NULL, add_all);

	(void)state;
	bars_sessions(6000);
	bars_append(KEY, 0, bars.rows, 0);
	assert_int_equal(bc_get(fixture.cache, KEY, &bars.view), BC_OK);
	larger_read(&larger, KEY, bars.time[4000], INT64_MAX, 0, &derive);
	assert_int_equal(larger.schema->column_count, 7 + 5);
	expect_settled(&larger, &bars.view, 4000);
	assert_memory_equal(bc_view_f64(&larger, "close"), bars.price[3] + 4000,
	                    2000 * sizeof(double));
	larger_read(&larger, KEY, INT64_MIN, INT64_MAX, 0, &derive);
	expect_settled(&larger, &bars.view, 0);
	/* Of few bars before it takes what there are. */
	larger_read(&larger, KEY, bars.time[7], INT64_MAX, 0, &derive);
	expect_settled(&larger, &bars.view, 7);
}

static void
larger_bars_see_those_before(void **state)
{
	static const char *const keys[] = { KEY, "no series" };
	struct bc_resample rule = larger_rule("15m");
	struct bc_derive derive = larger_derive(&rule, add_all);
	int64_t from = larger_moment(2024, 1, 22, 600);
	uint64_t skip = 0;
	struct bc_error err;

	(void)state;
	bars_sessions(8000);
	for (int i = 0; i < 2; i++) {
		bc_view_release(&bars.view);
		bc_view_release(&again);
		bars_append(keys[i], 0, bars.rows, 0);
		assert_int_equal(bc_get(fixture.cache, keys[i], &bars.view),
		                 BC_OK);
		assert_status(bc_resample(fixture.cache, &bars.view, "1m",
		                          INT64_MIN, bars.view.last_ns + 1,
		                          &rule, &again, &err),
		              BC_OK, &err);
		while (bc_view_time(&again)[skip] < from)
			skip++;
		larger_read(&larger, keys[i], from, bars.view.last_ns + 1, 0,
		            &derive);
		expect_settled(&larger, &again, skip);
		assert_memory_equal(bc_view_time(&larger),
		                    bc_view_time(&again) + skip,
		                    larger.rows * sizeof(int64_t));
	}
}

static void
bars_do_not_depend_on_what_is_added(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive plain = larger_derive(&rule, NULL);
	struct bc_derive added = larger_derive(&rule, add_all);
	int64_t from = larger_moment(2024, 1, 8, 645), to = from + DAY;
	uint32_t columns;

	(void)state;
	bars_sessions(6000);
	bars_append(KEY, 0, bars.rows, 0);
	for (int fill = BC_FILL_NONE; fill <= BC_FILL_FLAT; fill++) {
		rule.fill = (enum bc_fill)fill;
		rule.partial = BC_PARTIAL_KEEP;
		larger_read(&larger, KEY, from, to, 0, &plain);
		larger_read(&again, KEY, from, to, 0, &added);
		larger_expect_partial(fill == BC_FILL_NONE
		                              ? "100000001"
		                              : "1000000000000000000000001");
		columns = larger.schema->column_count;
		assert_int_equal(again.rows, larger.rows);
		for (uint32_t i = 0; i < columns; i++)
			assert_memory_equal(
				bc_view_column(&again, i),
				bc_view_column(&larger, i),
				larger.rows * larger.schema->columns[i].bytes);
		rule.partial = BC_PARTIAL_DROP;
		larger_read(&again, KEY, from, to, 0, &plain);
		assert_int_equal(again.rows, larger.rows - 2);
		assert_int_equal(bc_schema_find(again.schema, "partial"), -1);
		assert_true(again.first_ns == bc_view_time(&larger)[1]);
	}
}

/* A dropped bucket that was cut by the range is whole for indicators. */
static void
what_is_dropped_is_seen_whole(void **state)
{
	static const char *const sma[] = { "sma(volume,2)", NULL };
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = larger_derive(&rule, sma);
	int64_t from = larger_moment(2024, 1, 2, 0);

	(void)state;
	bars_fill(from, from + 4 * HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	larger_read(&larger, KEY, from + 90 * MINUTE, from + 4 * HOUR, 0,
	            &derive);
	assert_true(bc_view_f64(&larger, "sma_volume_2")[0] == 45);
	assert_true(bc_view_f64(&larger, "sma_volume_2")[1] == 45);
	rule.partial = BC_PARTIAL_DROP;
	larger_read(&larger, KEY, from + 90 * MINUTE, from + 4 * HOUR, 0,
	            &derive);
	assert_int_equal(larger.rows, 2);
	assert_true(bc_view_f64(&larger, "sma_volume_2")[0] == 60);
}

static void
other_types_are_computed_with(void **state)
{
	static const char *const add[] = { "sma(trades,2)", NULL };
	struct bc_derive derive = larger_derive(NULL, add);

	(void)state;
	bars_fill(0, 4 * MINUTE, MINUTE);
	bars.trades[3] = 5;
	bars_append(KEY, 0, bars.rows, 0);
	larger_read(&larger, KEY, 2 * MINUTE, INT64_MAX, 0, &derive);
	assert_true(bc_view_f64(&larger, "sma_trades_2")[0] == 2);
	assert_true(bc_view_f64(&larger, "sma_trades_2")[1] == 3.5);
}

/* ------------------------------------------------------------------------ */
/*  Made once                                                               */
/* ------------------------------------------------------------------------ */

static void
what_was_made_is_served_again(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = larger_derive(&rule, add_all);
	struct bc_stats before, after;

	(void)state;
	bars_sessions(6000);
	bars_append(KEY, 0, bars.rows, 0);
	larger_read(&larger, KEY, INT64_MIN, INT64_MAX, 0, &derive);
	before = unit_stats();
	assert_int_equal(before.entries, 2);
	unit_reopen(NULL);
	larger_read(&again, KEY, INT64_MIN, INT64_MAX, 0, &derive);
	expect_equal(&larger, &again);
	assert_int_equal(again.tier, BC_WARM);
	assert_int_equal(again.copied_bytes, 0);
	after = unit_stats();
	assert_int_equal(after.entries, 2);
	assert_int_equal(after.total.puts, before.total.puts);
	assert_int_equal(after.total.hits[BC_WARM],
	                 before.total.hits[BC_WARM] + 1);
	assert_int_equal(unit_info("derived/" KEY
	                           "?..&1h&sma(20)&ema(5)&rsi(14)&atr(3)"
	                           "&sma(volume,4)")
	                         .rows,
	                 larger.rows);
}

static void
one_wish_has_one_entry(void **state)
{
	static const char *const other[] = { " SMA( close , 020)", NULL };
	static const char *const sma[] = { "sma(20)", NULL };
	struct bc_resample rule = larger_rule("60min");
	struct bc_derive derive = larger_derive(&rule, other);

	(void)state;
	bars_fill(0, 3 * HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	rule = larger_rule("1h");
	derive.add = sma;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	assert_int_equal(unit_stats().entries, 2);
	/* Another one each. */
	larger_read(&larger, KEY, 0, HOUR + 1, 0, &derive);
	rule.label = BC_RIGHT;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	rule.closed = BC_RIGHT;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	rule.fill = BC_FILL_FLAT;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	rule.partial = BC_PARTIAL_DROP;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	rule.zone = "+02:00";
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	rule.from_midnight = 1;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	rule.offset_ns = MINUTE;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	rule.week_begins = 2;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	larger_read(&larger, KEY, 0, HOUR, BC_READ_PARTIAL, &derive);
	larger_read(&larger, KEY, 0, HOUR, BC_READ_OPEN, &derive);
	derive.add = NULL;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	derive.resample = NULL;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	assert_int_equal(unit_stats().entries, 14);
}

static void
keys_of_any_length_have_an_entry(void **state)
{
	static const char *const sma[] = { "sma(2)", NULL };
	struct bc_derive derive = larger_derive(NULL, sma);
	char key[BC_KEY_MAX + 1];

	(void)state;
	memset(key, '?', sizeof(key));
	key[BC_KEY_MAX] = '\0';
	bars_fill(0, HOUR, MINUTE);
	bars_append(key, 0, bars.rows, 0);
	larger_read(&larger, key, 0, HOUR, 0, &derive);
	larger_read(&again, key, 0, HOUR, 0, &derive);
	expect_equal(&larger, &again);
	assert_int_equal(again.copied_bytes == 0, larger.copied_bytes == 0);
	larger_read(&again, key, 0, HOUR - 1, 0, &derive);
	assert_int_equal(unit_stats().entries, 3);
}

static void
texts_are_kept_with_their_words(void **state)
{
	static const uint32_t codes[] = { 1, 0, 2, 1 };
	static const char *const words[] = { "", "XNAS", "a longer word" };
	static const int64_t times[] = { 0, MINUTE, 2 * MINUTE, 3 * MINUTE };
	static const double close[] = { 1, 2, 3, 4 };
	static const char *const sma[] = { "sma(2)", NULL };
	const struct bc_column columns[] = {
		{ .name = "venue",
		  .type = BC_TEXT,
		  .data = codes,
		  .dictionary = words,
		  .dictionary_count = 3 },
		{ .name = "close", .type = BC_F64, .data = close },
	};
	const struct bc_frame frame = { .rows = 4,
		                        .time_ns = times,
		                        .columns = columns,
		                        .column_count = 2 };
	struct bc_resample rule = larger_rule("2m");
	struct bc_derive derive = larger_derive(&rule, sma);
	const uint32_t *venue;
	struct bc_error err;
	size_t bytes;

	(void)state;
	assert_status(bc_put(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	for (int i = 0; i < 2; i++) {
		larger_read(&larger, KEY, INT64_MIN, INT64_MAX, 0, &derive);
		venue = bc_view_find(&larger, "venue", BC_TEXT);
		assert_non_null(venue);
		assert_int_equal(bc_view_text_count(&larger, 1), 3);
		assert_non_null(bc_view_text(&larger, 1, venue[0], &bytes));
		assert_int_equal(bytes, 0);
		assert_memory_equal(bc_view_text(&larger, 1, venue[1], &bytes),
		                    "XNAS", 4);
		assert_int_equal(bytes, 4);
	}
	assert_int_equal(unit_stats().entries, 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(indicators_see_the_bars_before),
		TEST(larger_bars_see_those_before),
		TEST(bars_do_not_depend_on_what_is_added),
		TEST(what_is_dropped_is_seen_whole),
		TEST(other_types_are_computed_with),
		TEST(what_was_made_is_served_again),
		TEST(one_wish_has_one_entry),
		TEST(keys_of_any_length_have_an_entry),
		TEST(texts_are_kept_with_their_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

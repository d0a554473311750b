/* SPDX-License-Identifier: MIT */
/*
 * test_resample.c - bars to larger bars: vectors, refusals, and random series
 * against a slow reference, in one block and in many.
 */
#include "barcache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "moment.h"
#include "resample.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MINUTE INT64_C(60000000000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define COLUMNS 7
#define ROWS_MAX 5000

/* Bars, with trades (i64) and a mean price that is missing at times. */
struct bars {
	uint64_t rows;
	int64_t time_ns[ROWS_MAX];
	double values[COLUMNS - 1][ROWS_MAX];
	int64_t trades[ROWS_MAX];
	uint8_t partial[ROWS_MAX];
	void *columns[COLUMNS];
};

enum { OPEN, HIGH, LOW, CLOSE, VOLUME, VWAP, TRADES };

static struct bci_resample_column columns[COLUMNS] = {
	{ BC_F64, BCI_FOLD_FIRST, CLOSE },
	{ BC_F64, BCI_FOLD_MAX, CLOSE },
	{ BC_F64, BCI_FOLD_MIN, CLOSE },
	{ BC_F64, BCI_FOLD_LAST, CLOSE },
	{ BC_F64, BCI_FOLD_SUM, BCI_CARRY_NOTHING },
	{ BC_F64, BCI_FOLD_MEAN, BCI_CARRY_NOTHING },
	{ BC_I64, BCI_FOLD_SUM, BCI_CARRY_NOTHING },
};

static void
bars_init(struct bars *bars)
{
	bars->rows = 0;
	for (int i = 0; i < TRADES; i++)
		bars->columns[i] = bars->values[i];
	bars->columns[TRADES] = bars->trades;
}

static void
bars_add(struct bars *bars, int64_t time_ns, double price, int64_t trades)
{
	uint64_t row = bars->rows++;

	bars->time_ns[row] = time_ns;
	bars->values[OPEN][row] = price;
	bars->values[HIGH][row] = price + 2;
	bars->values[LOW][row] = price - 2;
	bars->values[CLOSE][row] = price + 1;
	bars->values[VOLUME][row] = (double)trades / 8;
	bars->values[VWAP][row] = trades % 5 != 0 ? price / 7 : NAN;
	bars->trades[row] = trades;
}

static struct bci_timeframe
timeframe(const char *text)
{
	struct bci_timeframe out;

	assert_true(bci_timeframe_parse(text, strlen(text), &out));
	return out;
}

static struct bci_resample_options
options_of(const char *source, const char *target)
{
	struct bci_resample_options options = { .from_ns = INT64_MIN };

	options.source = timeframe(source);
	options.buckets.timeframe = timeframe(target);
	return options;
}

/* Blocks of up to 'block' rows, room for up to 'room' rows at a time. */
static void
resample(const struct bars *in, const struct bci_resample_options *options,
         int64_t to_ns, uint64_t block, uint64_t room, struct bars *out)
{
	struct bci_resample *run;
	struct bc_error err;
	uint64_t used, row = 0;
	bool done = false;

	bars_init(out);
	assert_status(bci_resample_open(&bci_allocator_default, options,
	                                columns, COLUMNS, &run, &err),
	              BC_OK, &err);
	while (!done) {
		const void *from[COLUMNS];
		struct bci_resample_rows rows = { in->time_ns + row, from, 0 };
		struct bci_resample_out to = { out->time_ns, out->columns,
			                       out->partial, ROWS_MAX,
			                       out->rows };

		for (int i = 0; i < TRADES; i++)
			from[i] = in->values[i] + row;
		from[TRADES] = in->trades + row;
		rows.rows = in->rows - row < block ? in->rows - row : block;
		if (room < ROWS_MAX - out->rows)
			to.capacity = out->rows + room;
		if (row < in->rows) {
			assert_status(
				bci_resample_feed(run, &rows, &used, &to, &err),
				BC_OK, &err);
			row += used;
		} else {
			assert_status(bci_resample_finish(run, to_ns, &to,
			                                  &done, &err),
			              BC_OK, &err);
		}
		out->rows = to.rows;
	}
	bci_resample_close(run);
}

static void
expect_same(const struct bars *a, const struct bars *b)
{
	assert_int_equal(a->rows, b->rows);
	assert_memory_equal(a->time_ns, b->time_ns, a->rows * 8);
	assert_memory_equal(a->partial, b->partial, a->rows);
	assert_memory_equal(a->trades, b->trades, a->rows * 8);
	for (int i = 0; i < TRADES; i++)
		assert_memory_equal(a->values[i], b->values[i], a->rows * 8);
}

/* ------------------------------------------------------------------------ */
/*  The reference                                                           */
/* ------------------------------------------------------------------------ */

/* One value of a bucket's rows [first, end), word for word. */
static long double
slow_value(const double *values, uint64_t first, uint64_t end,
           enum bci_fold_rule rule)
{
	long double result = NAN, sum = 0;
	uint64_t count = 0;

	for (uint64_t i = first; i < end; i++) {
		if (isnan(values[i]))
			continue;
		if (count == 0 || rule == BCI_FOLD_LAST ||
		    (rule == BCI_FOLD_MIN && values[i] < result) ||
		    (rule == BCI_FOLD_MAX && values[i] > result))
			result = values[i];
		sum += values[i];
		count++;
	}
	if (count > 0 && rule == BCI_FOLD_SUM)
		return sum;
	return count > 0 && rule == BCI_FOLD_MEAN ? sum / count : result;
}

static void
slow_add(const struct bars *in, uint64_t first, uint64_t end, int64_t time_ns,
         bool partial, struct bars *out)
{
	uint64_t row = out->rows++;

	out->time_ns[row] = time_ns;
	out->partial[row] = partial;
	out->trades[row] = 0;
	for (uint64_t i = first; i < end; i++)
		out->trades[row] += columns[TRADES].rule == BCI_FOLD_SUM
		                            ? in->trades[i]
		                            : 1;
	for (int i = 0; i < TRADES; i++)
		out->values[i][row] = (double)slow_value(in->values[i], first,
		                                         end, columns[i].rule);
}

/* Bucket by bucket from the first row's to the last row's. */
static void
slow_resample(const struct bars *in, const struct bci_resample_options *options,
              int64_t to_ns, struct bars *out)
{
	int64_t step = options->buckets.timeframe.step_ns;
	int64_t shift = options->closed == BC_RIGHT;
	int64_t from = (in->time_ns[0] - shift) / step * step;
	double close = NAN;
	uint64_t first = 0, end;

	bars_init(out);
	for (; first < in->rows; from += step, first = end) {
		int64_t label = options->label == BC_RIGHT ? from + step : from;
		bool partial = from < options->from_ns || from + step > to_ns;

		end = first;
		while (end < in->rows && in->time_ns[end] - shift < from + step)
			end++;
		if (end > first) {
			close = in->values[CLOSE][end - 1];
			if (!partial || !options->drop_partial)
				slow_add(in, first, end, label, partial, out);
		} else if (options->fill != BC_FILL_NONE) {
			slow_add(in, first, end, label, false, out);
			out->values[VOLUME][out->rows - 1] = 0;
			for (int i = OPEN;
			     i <= CLOSE && options->fill == BC_FILL_FLAT; i++)
				out->values[i][out->rows - 1] = close;
		}
	}
}

static bool
close_to(double a, double b)
{
	return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12 * fabs(b);
}

static void
expect_close(const struct bars *a, const struct bars *b)
{
	assert_int_equal(a->rows, b->rows);
	for (uint64_t row = 0; row < a->rows; row++) {
		assert_true(a->time_ns[row] == b->time_ns[row]);
		assert_int_equal(a->partial[row], b->partial[row]);
		assert_true(a->trades[row] == b->trades[row]);
		for (int i = 0; i < TRADES; i++)
			if (!close_to(a->values[i][row], b->values[i][row]))
				fail_msg("row %d, column %d: %g and %g",
				         (int)row, i, a->values[i][row],
				         b->values[i][row]);
	}
}

/* ------------------------------------------------------------------------ */
/*  Random series                                                           */
/* ------------------------------------------------------------------------ */

/* Minutes, some of them missing alone, some for hours. */
static void
bars_random(struct bars *bars, uint64_t seed)
{
	int64_t time_ns = INT64_C(1709164800) * 1000000000, ticks = 5000;
	uint64_t density = test_mix(seed, 1) % 10, rows, chance;

	bars_init(bars);
	rows = 1 + test_mix(seed, 2) % 3000;
	time_ns += (int64_t)(test_mix(seed, 3) % 100) * MINUTE;
	while (bars->rows < rows) {
		chance = test_mix(seed, bars->rows + 10);
		time_ns += MINUTE;
		if (chance % 10 < density && density < 9)
			time_ns += (int64_t)(chance >> 8) % 4 * MINUTE;
		if (chance % 1009 == 0)
			time_ns += (int64_t)(chance >> 8 & 2047) * MINUTE;
		ticks += (int64_t)(chance >> 20) % 21 - 10;
		bars_add(bars, time_ns, (double)ticks / 100,
		         (int64_t)(chance >> 30) % 1000);
	}
}

static void
random_series_agree_with_the_reference(void **state)
{
	static const char *const targets[] = { "5m", "7m", "1h", "1d" };
	static struct bars in, whole, parts, slow;

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		uint64_t chance = test_mix(seed, 0);
		struct bci_resample_options options =
			options_of("1m", targets[chance % 4]);
		int64_t to_ns;

		bars_random(&in, seed);
		options.closed = (enum bc_side)(chance >> 2 & 1);
		options.label = (enum bc_side)(chance >> 3 & 1);
		options.fill = (enum bc_fill)((chance >> 4) % 3);
		options.drop_partial = chance >> 6 & 1;
		columns[TRADES].rule =
			chance >> 19 & 1 ? BCI_FOLD_COUNT : BCI_FOLD_SUM;
		options.from_ns =
			in.time_ns[0] - (int64_t)(chance >> 7 & 63) * MINUTE;
		to_ns = in.time_ns[in.rows - 1] +
		        (int64_t)(chance >> 13 & 63) * MINUTE;
		resample(&in, &options, to_ns, UINT64_MAX, UINT64_MAX, &whole);
		slow_resample(&in, &options, to_ns, &slow);
		expect_close(&whole, &slow);
		resample(&in, &options, to_ns, 1 + (chance >> 20) % 200,
		         1 + (chance >> 30) % 9, &parts);
		expect_same(&whole, &parts);
	}
	columns[TRADES].rule = BCI_FOLD_SUM;
}

/* ------------------------------------------------------------------------ */
/*  Vectors                                                                 */
/* ------------------------------------------------------------------------ */

static int64_t
at(const char *text)
{
	int64_t time_ns, unit_ns;

	assert_non_null(
		bci_time_parse(text, text + strlen(text), &time_ns, &unit_ns));
	return time_ns;
}

static void
minutes_become_months(void **state)
{
	static const uint64_t minutes[] = { 44640, 41760, 44640 };
	const struct bci_resample_column count = { BC_F64, BCI_FOLD_COUNT,
		                                   BCI_CARRY_NOTHING };
	struct bci_resample_options options = options_of("1m", "1M");
	static int64_t times[44640 + 41760 + 44640];
	static double values[COUNT(times)];
	const void *from = values;
	int64_t starts[4], counts[4];
	void *to = counts;
	struct bci_resample_rows rows = { times, &from, COUNT(times) };
	struct bci_resample_out out = { starts, &to, NULL, 4, 0 };
	struct bci_resample *run;
	struct bc_error err;
	uint64_t used;
	bool done;

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++)
		times[i] = at("2024-01-01") + (int64_t)i * MINUTE;
	assert_status(bci_resample_open(&bci_allocator_default, &options,
	                                &count, 1, &run, &err),
	              BC_OK, &err);
	assert_status(bci_resample_feed(run, &rows, &used, &out, &err), BC_OK,
	              &err);
	assert_int_equal(used, rows.rows);
	assert_status(
		bci_resample_finish(run, at("2024-04-01"), &out, &done, &err),
		BC_OK, &err);
	assert_true(done);
	assert_int_equal(out.rows, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(counts[i], minutes[i]);
	assert_true(starts[0] == at("2024-01-01"));
	assert_true(starts[1] == at("2024-02-01"));
	assert_true(starts[2] == at("2024-03-01"));
	bci_resample_close(run);
}

static void
edges_are_flagged_or_left_out(void **state)
{
	struct bci_resample_options options = options_of("1m", "5m");
	static struct bars in, out;

	(void)state;
	bars_init(&in);
	for (int i = 3; i < 17; i++)
		bars_add(&in, i * MINUTE, i, i);
	options.from_ns = 3 * MINUTE;
	resample(&in, &options, 17 * MINUTE, UINT64_MAX, UINT64_MAX, &out);
	assert_int_equal(out.rows, 4);
	assert_memory_equal(out.partial, "\1\0\0\1", 4);
	assert_true(out.values[OPEN][1] == 5 && out.values[HIGH][1] == 11 &&
	            out.values[LOW][1] == 3 && out.values[CLOSE][1] == 10);
	assert_int_equal(out.trades[1], 5 + 6 + 7 + 8 + 9);
	options.drop_partial = true;
	resample(&in, &options, 17 * MINUTE, UINT64_MAX, UINT64_MAX, &out);
	assert_int_equal(out.rows, 2);
	assert_true(out.time_ns[0] == 5 * MINUTE);
	/* What was looked for and is not there makes nothing partial. */
	options.from_ns = 0;
	resample(&in, &options, 20 * MINUTE, UINT64_MAX, UINT64_MAX, &out);
	assert_int_equal(out.rows, 4);
	assert_memory_equal(out.partial, "\0\0\0\0", 4);
}

static void
nothing_becomes_nothing(void **state)
{
	struct bci_resample_options options = options_of("1m", "5m");
	static struct bars in, out;

	(void)state;
	bars_init(&in);
	options.fill = BC_FILL_FLAT;
	resample(&in, &options, DAY, 1, 1, &out);
	assert_int_equal(out.rows, 0);
	bci_resample_close(NULL);
}

/* ------------------------------------------------------------------------ */
/*  Refusals                                                                */
/* ------------------------------------------------------------------------ */

static void
expect_refused(const struct bci_resample_options *options,
               const struct bci_resample_column *list, uint32_t count,
               const char *reason)
{
	struct bci_resample *run;
	struct bc_error err;

	assert_status(bci_resample_open(&bci_allocator_default, options, list,
	                                count, &run, &err),
	              BC_INVALID, &err);
	assert_null(run);
	if (strstr(err.message, reason) == NULL)
		fail_msg("'%s' does not say '%s'", err.message, reason);
}

static void
what_cannot_be_done_is_refused(void **state)
{
	struct bci_resample_column list[2] = {
		{ BC_I64, BCI_FOLD_LAST, BCI_CARRY_NOTHING },
		{ BC_F64, BCI_FOLD_LAST, BCI_CARRY_NOTHING },
	};
	struct bci_resample_options options = options_of("1h", "1m");

	(void)state;
	expect_refused(&options, list, 2, "finer");
	options = options_of("1m", "1h");
	options.fill = BC_FILL_NAN;
	expect_refused(&options, list, 2, "no NaN");
	options.fill = BC_FILL_FLAT;
	expect_refused(&options, list, 2, "no NaN");
	list[0].carry = 1; /* of another type */
	expect_refused(&options, list, 2, "carry");
	list[0].carry = 2;
	expect_refused(&options, list, 2, "carry");
	list[0].carry = -2;
	expect_refused(&options, list, 2, "carry");
	list[0].type = BC_TEXT;
	list[0].rule = BCI_FOLD_SUM;
	expect_refused(&options, list, 2, "no sum");
}

/* Feed these times, the last one alone; the status of that. */
static void
expect_feed(const struct bci_resample_options *options, const int64_t *times,
            uint64_t count, enum bc_status expected)
{
	int64_t starts[8];
	struct bci_resample_rows rows = { times, NULL, count - 1 };
	struct bci_resample_out out = { starts, NULL, NULL, 8, 0 };
	struct bci_resample *run;
	struct bc_error err;
	uint64_t used;

	assert_status(bci_resample_open(&bci_allocator_default, options, NULL,
	                                0, &run, &err),
	              BC_OK, &err);
	assert_status(bci_resample_feed(run, &rows, &used, &out, &err), BC_OK,
	              &err);
	rows.time_ns += rows.rows;
	rows.rows = 1;
	assert_status(bci_resample_feed(run, &rows, &used, &out, &err),
	              expected, expected == BC_OK ? NULL : &err);
	if (expected != BC_OK)
		assert_int_equal(err.row, 0);
	bci_resample_close(run);
}

static void
a_bar_across_a_boundary_is_refused(void **state)
{
	static struct bci_zone_change changes[] = {
		{ INT64_MIN, -5 * HOUR },
		{ INT64_C(1710054000) * 1000000000, -4 * HOUR },
	};
	static const struct bci_zone zone = { "New York", 2, changes };
	struct bci_resample_options options = options_of("15m", "1h");
	const int64_t good[] = { 0, 15 * MINUTE, 45 * MINUTE };
	const int64_t late[] = { 0, 15 * MINUTE, 46 * MINUTE };
	const int64_t ends[] = { 15 * MINUTE, 60 * MINUTE, 75 * MINUTE };
	const int64_t early[] = { 15 * MINUTE, 74 * MINUTE };
	/* Local midnights; the second day has 23 hours. */
	const int64_t days[] = { at("2024-03-09T05:00:00Z"),
		                 at("2024-03-10T05:00:00Z"),
		                 at("2024-03-11T04:00:00Z") };
	const int64_t utc[] = { at("2024-03-09") };

	(void)state;
	expect_feed(&options, good, 3, BC_OK);
	expect_feed(&options, late, 3, BC_INVALID);
	options.closed = BC_RIGHT;
	expect_feed(&options, ends, 3, BC_OK);
	expect_feed(&options, early, 2, BC_INVALID);
	options = options_of("1d", "1w");
	options.buckets.zone = &zone;
	expect_feed(&options, days, 3, BC_OK);
	options.buckets.timeframe = timeframe("1d");
	expect_feed(&options, days, 3, BC_OK);
	expect_feed(&options, utc, 1, BC_INVALID);
}

static void
rows_out_of_order_or_range_are_refused(void **state)
{
	struct bci_resample_options options = options_of("1m", "1h");
	const int64_t twice[] = { 0, HOUR, HOUR };
	const int64_t back[] = { HOUR, 2 * HOUR, 0 };
	const int64_t far[] = { 0, INT64_MAX }, low[] = { INT64_MIN };

	(void)state;
	expect_feed(&options, twice, 3, BC_ORDER);
	expect_feed(&options, back, 3, BC_ORDER);
	expect_feed(&options, far, 2, BC_INVALID);
	expect_feed(&options, low, 1, BC_INVALID);
	options.closed = BC_RIGHT;
	expect_feed(&options, low, 1, BC_INVALID);
}

static void
a_sum_of_integers_that_does_not_fit_is_refused(void **state)
{
	struct bci_resample_options options = options_of("1m", "1h");
	const struct bci_resample_column sum = { BC_I64, BCI_FOLD_SUM,
		                                 BCI_CARRY_NOTHING };
	const int64_t times[] = { 0, MINUTE }, values[] = { INT64_MAX, 1 };
	const void *from = values;
	int64_t start, total;
	void *to = &total;
	struct bci_resample_rows rows = { times, &from, 2 };
	struct bci_resample_out out = { &start, &to, NULL, 1, 0 };
	struct bci_resample *run;
	struct bc_error err;
	uint64_t used;
	bool done;

	(void)state;
	assert_status(bci_resample_open(&bci_allocator_default, &options, &sum,
	                                1, &run, &err),
	              BC_OK, &err);
	assert_status(bci_resample_feed(run, &rows, &used, &out, &err), BC_OK,
	              &err);
	assert_status(bci_resample_finish(run, HOUR, &out, &done, &err),
	              BC_INVALID, &err);
	bci_resample_close(run);
}

static void
without_memory_it_does_not_open(void **state)
{
	struct bci_resample_options options = options_of("1m", "1h");
	struct test_memory memory = { .fail_at = 0 };
	struct bc_allocator allocator = test_allocator(&memory);
	struct bci_resample *run;
	struct bc_error err;

	(void)state;
	for (uint64_t i = 1; i <= 4; i++) {
		memory.requests = 0;
		memory.fail_at = i;
		assert_status(bci_resample_open(&allocator, &options, columns,
		                                COLUMNS, &run, &err),
		              BC_NOMEM, &err);
		assert_null(run);
		assert_int_equal(memory.live, 0);
	}
	memory.requests = 0;
	memory.fail_at = 5;
	assert_status(bci_resample_open(&allocator, &options, columns, COLUMNS,
	                                &run, &err),
	              BC_OK, &err);
	bci_resample_close(run);
	assert_int_equal(memory.live, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_series_agree_with_the_reference),
		cmocka_unit_test(minutes_become_months),
		cmocka_unit_test(edges_are_flagged_or_left_out),
		cmocka_unit_test(nothing_becomes_nothing),
		cmocka_unit_test(what_cannot_be_done_is_refused),
		cmocka_unit_test(a_bar_across_a_boundary_is_refused),
		cmocka_unit_test(rows_out_of_order_or_range_are_refused),
		cmocka_unit_test(
			a_sum_of_integers_that_does_not_fit_is_refused),
		cmocka_unit_test(without_memory_it_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

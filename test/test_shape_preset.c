/* SPDX-License-Identifier: MIT */
/*
 * test_shape_preset.c - rows of a frame as text in the shape of a preset.
 */
#include "barcache.h"

#include "alloc.h"
#include "shape_unit.h"

static void
binance_has_twelve_columns(void **state)
{
	const int64_t count[3] = { 5, 6, 7 };

	(void)state;
	shape_unit_column("count", BC_I64, count);
	expect_preset("binance",
	              "open_time,open,high,low,close,volume,close_time,"
	              "quote_volume,count,taker_buy_volume,"
	              "taker_buy_quote_volume,ignore\n"
	              "1704067200000,1,2.5,0.25,1.125,0,1704067259999,,5,,,0\n"
	              "1704067260000,2,3.5,1.25,2.125,10,1704067319999,,6,,,"
	              "0\n"
	              "1704067320000,3,4.5,2.25,3.125,20,1704067379999,,7,,,"
	              "0\n");
	/* Without a timeframe nobody knows when a bar ends. */
	t.frame.timeframe = (struct bci_timeframe){ 0 };
	t.frame.rows = 1;
	t.options.header = false;
	expect("1704067200000,1,2.5,0.25,1.125,0,,,5,,,0\n");
	/* Of a month it is the last moment of the month. */
	t.frame.timeframe.months = 1;
	expect("1704067200000,1,2.5,0.25,1.125,0,1706745599999,,5,,,0\n");
}

static void
json_presets_are_lists_of_rows(void **state)
{
	(void)state;
	t.frame.rows = 2;
	expect_preset("ccxt", "[\n"
	                      "[1704067200000,1,2.5,0.25,1.125,0],\n"
	                      "[1704067260000,2,3.5,1.25,2.125,10]\n"
	                      "]\n");
	expect_preset("coinbase", "[\n"
	                          "[1704067200,0.25,2.5,1,1.125,0],\n"
	                          "[1704067260,1.25,3.5,2,2.125,10]\n"
	                          "]\n");
	t.frame.column_count = 4;
	expect_preset("freqtrade", "[\n"
	                           "[1704067200000,1,2.5,0.25,1.125,null],\n"
	                           "[1704067260000,2,3.5,1.25,2.125,null]\n"
	                           "]\n");
	t.frame.rows = 0;
	expect("[\n]\n");
}

static void
rows_of_minutes_are_as_their_sources_write_them(void **state)
{
	(void)state;
	t.frame.rows = 1;
	expect_preset("kraken", "1704067200,1,2.5,0.25,1.125,0,\n");
	expect_preset("bitfinex", "1704067200000,1,1.125,2.5,0.25,0\n");
	expect_preset("histdata", "20240101 000000;1;2.5;0.25;1.125;0\n");
	expect_preset("mt4", "2024.01.01,00:00,1,2.5,0.25,1.125,0\n");
	expect_preset("mt5", "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t"
	                     "<TICKVOL>\t<VOL>\t<SPREAD>\n"
	                     "2024.01.01\t00:00:00\t1\t2.5\t0.25\t1.125\t\t0\t"
	                     "\n");
	expect_preset("dukascopy", "Time (UTC),Open,High,Low,Close,Volume\n"
	                           "2024.01.01 00:00:00,1,2.5,0.25,1.125,0\n");
	expect_preset("polygon", "ticker,volume,open,close,high,low,"
	                         "window_start,transactions\n"
	                         "BTCUSDT,0,1,1.125,2.5,0.25,"
	                         "1704067200000000000,\n");
	expect_preset("kibot", "01/01/2024,00:00,1,2.5,0.25,1.125,0\n");
	expect_preset("stooq-bulk",
	              "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,"
	              "<CLOSE>,<VOL>,<OPENINT>\n"
	              "BTCUSDT,1,20240101,000000,1,2.5,0.25,1.125,0,\n");
	expect_preset("lean", "0,1,2.5,0.25,1.125,0\n");
	expect_preset("tradingview", "time,open,high,low,close,Volume\n"
	                             "1704067200,1,2.5,0.25,1.125,0\n");
}

static void
rows_of_days_are_as_their_sources_write_them(void **state)
{
	(void)state;
	shape_unit_step(BEGIN, DAY);
	t.frame.rows = 1;
	expect_preset("yahoo", "Date,Open,High,Low,Close,Adj Close,Volume\n"
	                       "2024-01-01,1,2.5,0.25,1.125,,0\n");
	expect_preset("yfinance", "Date,Close,High,Low,Open,Volume\n"
	                          "2024-01-01,1.125,2.5,0.25,1,0\n");
	/* No time of day. */
	expect_preset("mt5", "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t"
	                     "<TICKVOL>\t<VOL>\t<SPREAD>\n"
	                     "2024.01.01\t1\t2.5\t0.25\t1.125\t\t0\t\n");
	expect_preset("kibot", "01/01/2024,1,2.5,0.25,1.125,0\n");
	expect_preset("qlib", "symbol,date,open,close,high,low,volume,factor\n"
	                      "BTCUSDT,2024-01-01,1,1.125,2.5,0.25,0,\n");
	expect_preset("stooq-bulk",
	              "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,"
	              "<CLOSE>,<VOL>,<OPENINT>\n"
	              "BTCUSDT,D,20240101,000000,1,2.5,0.25,1.125,0,\n");
	expect_preset("lean", "20240101 00:00,1,2.5,0.25,1.125,0\n");
	expect_preset("stooq", "Date,Open,High,Low,Close,Volume\n"
	                       "2024-01-01,1,2.5,0.25,1.125,0\n");
	t.frame.column_count = 4;
	expect_preset("stooq", "Date,Open,High,Low,Close\n"
	                       "2024-01-01,1,2.5,0.25,1.125\n");
}

/* Hours of LEAN have dates, minutes do not. */
static void
hours_of_lean_are_dated(void **state)
{
	(void)state;
	shape_unit_step(BEGIN + HOUR, HOUR);
	t.frame.rows = 1;
	expect_preset("lean", "20240101 01:00,1,2.5,0.25,1.125,0\n");
	shape_unit_step(BEGIN + DAY - 2 * MINUTE, MINUTE);
	t.frame.rows = 2;
	expect_preset("lean", "86280000,1,2.5,0.25,1.125,0\n"
	                      "86340000,2,3.5,1.25,2.125,10\n");
	t.frame.rows = 3;
	expect_preset_refusal("lean", 2, "another day");
}

static void
prices_may_be_whole_units(void **state)
{
	(void)state;
	t.frame.rows = 1;
	t.open[0] = 1.123456789;
	t.low[0] = -0.5; /* oil in 2020 */
	expect_preset("databento",
	              "ts_event,rtype,publisher_id,instrument_id,open,high,"
	              "low,close,volume,symbol\n"
	              "1704067200000000000,,,,1123456789,2500000000,-500000000,"
	              "1125000000,0,BTCUSDT\n");
	expect_preset_refusal("lean-equity", 0, "open");
	t.open[0] = 1.1234;
	expect("0,11234,25000,-5000,11250,0\n");
	t.open[0] = 1.1234 * (1 + 4e-16);
	expect_refusal(0, "between two units");
	t.open[0] = 1e300;
	expect_refusal(0, "between two units");
	t.frame.symbol = "";
	t.open[0] = 1;
	expect_preset("databento",
	              "ts_event,rtype,publisher_id,instrument_id,open,high,"
	              "low,close,volume\n"
	              "1704067200000000000,,,,1000000000,2500000000,-500000000,"
	              "1125000000,0\n");
}

static void
what_a_preset_cannot_hold_is_refused(void **state)
{
	(void)state;
	t.time_ns[1] += 1;
	expect_preset_refusal("ccxt", 1, "2024-01-01T00:01:00.000000001Z");
	expect_preset_refusal("mt5", 1, "less fine");
	t.time_ns[1] += 999999;
	expect_preset_refusal("kraken", 1, "less fine");
	t.time_ns[1] += 999000000; /* a second */
	expect_preset_refusal("mt4", 1, "less fine");
	expect_preset_refusal("yahoo", 1, "less fine");
	shape_unit_step(BEGIN, DAY);
	t.time_ns[1] -= HOUR;
	expect_preset_refusal("yahoo", 1, "less fine");
	t.columns[3].name = "Close";
	expect_preset_refusal("yahoo", -1, "close");
	expect_preset_refusal("cryptodatadownload", -1, "only be read");
	t.columns[3].name = "close";
	t.frame.symbol = "A\"B";
	expect_preset_refusal("polygon", -1, "symbol");
}

static void
columns_without_a_place_are_known(void **state)
{
	const double vwap[3] = { 0 };
	struct bci_shape *shape;

	(void)state;
	shape_unit_column("vwap", BC_F64, vwap);
	t.options.preset = bci_preset_find("ccxt");
	assert_status(bci_shape_begin(&bci_allocator_default, &t.options,
	                              &t.frame, &shape, &t.err),
	              BC_OK, &t.err);
	assert_true(bci_shape_has(shape, 0));
	assert_true(bci_shape_has(shape, 4));
	assert_false(bci_shape_has(shape, 5));
	bci_shape_end(shape);
	t.options.preset = NULL;
	assert_status(bci_shape_begin(&bci_allocator_default, &t.options,
	                              &t.frame, &shape, &t.err),
	              BC_OK, &t.err);
	assert_true(bci_shape_has(shape, 5));
	bci_shape_end(shape);
}

/* ------------------------------------------------------------------------ */
/*  Time zones                                                              */
/* ------------------------------------------------------------------------ */

/* New York around 2024: -5 h; from 10 March -4 h; from 3 November -5 h. */
#define SPRING (INT64_C(1710054000) * BCI_SECOND_NS)
#define AUTUMN (INT64_C(1730613600) * BCI_SECOND_NS)
static struct bci_zone_change new_york_changes[] = {
	{ INT64_MIN, -5 * HOUR },
	{ SPRING, -4 * HOUR },
	{ AUTUMN, -5 * HOUR },
};
static const struct bci_zone new_york = {
	.name = "America/New_York",
	.count = 3,
	.changes = new_york_changes,
};

static void
times_of_presets_are_local(void **state)
{
	(void)state;
	t.options.zone = &new_york;
	t.options.header = false;
	shape_unit_step(SPRING - HOUR, HOUR);
	expect_preset("kibot", "03/10/2024,01:00,1,2.5,0.25,1.125,0\n"
	                       "03/10/2024,03:00,2,3.5,1.25,2.125,10\n"
	                       "03/10/2024,04:00,3,4.5,2.25,3.125,20\n");
	expect_preset("yfinance",
	              "2024-03-10 01:00:00-05:00,1.125,2.5,0.25,1,0\n"
	              "2024-03-10 03:00:00-04:00,2.125,3.5,1.25,2,10\n"
	              "2024-03-10 04:00:00-04:00,3.125,4.5,2.25,3,20\n");
	/* A number counts from 1970 everywhere. */
	t.frame.rows = 1;
	expect_preset("kraken", "1710050400,1,2.5,0.25,1.125,0,\n");
}

/* A reader takes the earlier of two hours unless the rows show the other. */
static void
a_doubled_hour_is_refused_where_it_would_be_misread(void **state)
{
	(void)state;
	t.options.zone = &new_york;
	t.options.header = false;
	shape_unit_step(AUTUMN - HOUR, HOUR);
	expect_preset("kibot", "11/03/2024,01:00,1,2.5,0.25,1.125,0\n"
	                       "11/03/2024,01:00,2,3.5,1.25,2.125,10\n"
	                       "11/03/2024,02:00,3,4.5,2.25,3.125,20\n");
	t.time_ns[0] -= MINUTE;
	expect_preset_refusal("kibot", 1, "twice");
	t.frame.first = 1;
	t.frame.rows = 2;
	t.time_ns[0] += MINUTE;
	expect_preset_refusal("kibot", 1, "twice");
	/* With its offset in every cell, or as a number, none is doubled. */
	expect_preset("yfinance",
	              "2024-11-03 01:00:00-05:00,2.125,3.5,1.25,2,10\n"
	              "2024-11-03 02:00:00-05:00,3.125,4.5,2.25,3,20\n");
	t.frame.rows = 1;
	expect_preset("kraken", "1730613600,2,3.5,1.25,2.125,10,\n");
}

static void
days_keep_their_date_in_any_zone(void **state)
{
	(void)state;
	t.options.zone = &new_york;
	t.options.header = false;
	t.frame.rows = 1;
	shape_unit_step(BEGIN, DAY);
	expect_preset("kibot", "01/01/2024,1,2.5,0.25,1.125,0\n");
	expect_preset("mt4", "2024.01.01,00:00,1,2.5,0.25,1.125,0\n");
	/* Midnight of the zone. */
	shape_unit_step(BEGIN + 5 * HOUR, DAY);
	expect_preset("kibot", "01/01/2024,1,2.5,0.25,1.125,0\n");
	/* And what is neither. */
	shape_unit_step(BEGIN + 6 * HOUR, DAY);
	expect_preset_refusal("kibot", 0, "less fine");
}

static void
a_preset_may_stamp_the_end_of_bars(void **state)
{
	(void)state;
	t.frame.rows = 1;
	expect_preset("ninjatrader", "20240101 000100;1;2.5;0.25;1.125;0\n");
	shape_unit_step(BEGIN, DAY);
	expect_preset("ninjatrader", "20240101;1;2.5;0.25;1.125;0\n");
	t.frame.timeframe = (struct bci_timeframe){ 0 };
	expect_preset_refusal("ninjatrader", -1, "how long");
	shape_unit_step(BEGIN, MINUTE);
	t.time_ns[0] = INT64_MAX - INT64_MAX % MINUTE;
	expect_preset_refusal("ninjatrader", 0, "too late");
	expect_preset_refusal("binance", 0, "close_time");
}

#define TEST(name) cmocka_unit_test_setup((name), shape_unit_setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(binance_has_twelve_columns),
		TEST(json_presets_are_lists_of_rows),
		TEST(rows_of_minutes_are_as_their_sources_write_them),
		TEST(rows_of_days_are_as_their_sources_write_them),
		TEST(hours_of_lean_are_dated),
		TEST(prices_may_be_whole_units),
		TEST(what_a_preset_cannot_hold_is_refused),
		TEST(columns_without_a_place_are_known),
		TEST(times_of_presets_are_local),
		TEST(a_doubled_hour_is_refused_where_it_would_be_misread),
		TEST(days_keep_their_date_in_any_zone),
		TEST(a_preset_may_stamp_the_end_of_bars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_sniff_rows.c - what is found out about files without a header: from the
 * numbers alone, and from the name of the file.
 */
#include "barcache.h"

#include <stdio.h>
#include <string.h>

#include "sniff_unit.h"

static const struct sniff_case nameless[] = {
	{ .text = "1735689600000000,93576.0,93610.93,93537.5,"
	          "93610.93,8.21827,1735689659999999,768978.2,2631,"
	          "4.9,459000.1,0\n"
	          "1735689660000000,93610.93,93652.0,93606.2,93652.0,"
	          "10.0,1735689719999999,768978.2,2631,4.9,459000.1,"
	          "0\n"
	          "1735689720000000,93652.0,93660.0,93600.2,93612.0,"
	          "10.0,1735689779999999,768978.2,2631,4.9,459000.1,"
	          "0\n",
	  .expected = "TIME open high low close volume -close_time "
	              "-quote_volume -count -taker_buy_volume "
	              "-taker_buy_quote_volume -ignore | unix=found "
	              "| UTC=stated | open=stated | assumed binance" },
	{ .text = "1704067200000\t42283.58\t42298.62\t42261.02\t42298"
	          ".61\t35.92724\t1704067259999\t1519032.73\t1327\t23"
	          ".18\t980394.73\n"
	          "1704067260000\t42298.62\t42320.0\t42298.61\t42320."
	          "0\t21.16779\t1704067319999\t895580.6\t1348\t10.41"
	          "\t440539.0\n",
	  .expected = "TIME open high low close volume -close_time "
	              "-quote_volume -count -taker_buy_volume "
	              "-taker_buy_quote_volume | unix=found | "
	              "UTC=stated | open=assumed | assumed" },
	{ .text = "1704067200000\t1.1\t1.3\t1.0\t1.2\t5\n"
	          "1704067260000\t1.2\t1.4\t1.1\t1.3\t6\n",
	  .expected = "TIME open high low close volume | unix=found "
	              "| UTC=stated | open=stated | assumed ccxt" },
	{ .text = "1704067260\t42260\t42300\t42290\t42280\t5.5\n"
	          "1704067200\t42250\t42310\t42260\t42290\t6.5\n"
	          "1704067140\t42240\t42270\t42250\t42260\t4.5\n",
	  .expected = "TIME low high open close volume | unix=found "
	              "| UTC=stated | open=stated | assumed coinbase" },
	{ .text = "1704067260000\t42298\t42320\t42321\t42290\t21.1\n"
	          "1704067200000\t42283\t42298\t42299\t42261\t35.9\n",
	  .expected = "TIME open close high low volume | unix=found "
	              "| UTC=stated | open=stated | assumed bitfinex" },
	{ .text = "1704067200\t42283.5\t42298.6\t42261.0\t42298.6\t42"
	          "280.1\t35.92\t1327\n"
	          "1704067260\t42298.6\t42320.0\t42298.6\t42320.0\t42"
	          "310.9\t21.16\t1348\n"
	          "1704067320\t42320.0\t42330.0\t42300.6\t42311.0\t42"
	          "312.9\t0.5\t12\n",
	  .expected = "TIME open high low close -vwap volume -count "
	              "| unix=found | UTC=stated | open=assumed | "
	              "assumed" },
	{ .text = "42240\t42270\t42250\t42260\t4.5\t1\t2\t1\t5\t17040"
	          "67199123\t42255\tMINUTE_1\t1704067140000\t17040671"
	          "99999\n"
	          "42250\t42310\t42260\t42290\t6.5\t1\t2\t1\t5\t17040"
	          "67259123\t42280\tMINUTE_1\t1704067200000\t17040672"
	          "59999\n"
	          "42260\t42300\t42290\t42280\t5.5\t1\t2\t1\t5\t17040"
	          "67319123\t42285\tMINUTE_1\t1704067260000\t17040673"
	          "19999\n",
	  .expected = "low high open close volume -count -field_7 "
	              "-field_8 -field_9 -field_10 -field_11 "
	              "-field_12 TIME -field_14 | unix=found | "
	              "UTC=stated | open=assumed | assumed" },
	{ .text = "2022-09-30 04:00:00,141.5,141.6,141.4,141.55,"
	          "1234\n"
	          "2022-09-30 04:01:00,141.55,141.7,141.5,141.6,800\n",
	  .expected = "TIME open high low close volume | %Y-%m-%d "
	              "%H:%M:%S=found | UTC=assumed | open=assumed | "
	              "assumed" },
	{ .text = "AAPL,20240102,187.15,188.44,183.885,185.64,"
	          "82488674\n"
	          "AAPL,20240103,184.22,185.88,183.43,184.25,"
	          "58414460\n",
	  .expected = "SYMBOL TIME open high low close volume | "
	              "%Y%m%d=found | UTC=stated | open=stated | "
	              "assumed" },
	{ .text = "20240102,AAPL,187.15,188.44,183.885,185.64,"
	          "82488674\n"
	          "20240103,T,184.22,185.88,183.43,184.25,58414460\n",
	  .expected = "TIME SYMBOL open high low close volume | "
	              "%Y%m%d=found | UTC=stated | open=stated | "
	              "assumed" },
	{ .text = "2024-01-02   09:30:00  187.15 188.44 183.885 "
	          "185.64   82488674\n"
	          "2024-01-02   09:31:00  185.64 185.88 183.43 "
	          "184.25  8414460\n",
	  .expected = "DATE CLOCK open high low close volume | "
	              "%Y-%m-%d + %H:%M:%S=found | UTC=assumed | "
	              "open=assumed | assumed" },
	{ .text = "20110103;126.35;126.39;126.35;126.39;1579\n"
	          "20110104;126.39;126.59;126.35;126.49;1379\n",
	  .expected = "TIME open high low close volume | "
	              "%Y%m%d=found | UTC=stated | open=stated | "
	              "assumed" },
	{ .text = "2024-01-02,10,1,5,9,3\n"
	          "2024-01-03,2,1,4,7,8\n"
	          "2024-01-04,1,10,5,3,2\n"
	          "2024-01-05,9,8,3,2,1\n"
	          "2024-01-06,2,10,3,5,7\n"
	          "2024-01-07,2,1,10,3,2\n"
	          "2024-01-08,7,2,10,3,2\n"
	          "2024-01-09,2,6,1,10,3\n"
	          "2024-01-10,10,6,1,1,3\n"
	          "2024-01-11,2,6,10,1,3\n"
	          "2024-01-12,2,6,1,1,30\n",
	  .expected = "refused 1: no header, and no four columns "
	              "that are open, high, low and close (the first "
	              "four are a bar in 1 of 11 rows): give "
	              "--columns" },
	{ .text = "31-10-2012,080000,1.1,1.2,1.0,1.1,5\n"
	          "02-10-2012,093000,1.1,1.2,1.0,1.1,5\n"
	          "31-10-2012,080100,1.1,1.2,1.0,1.1,5\n",
	  .expected = "DATE CLOCK open high low close volume | "
	              "%d-%m-%Y + %H%M%S=found | UTC=assumed | "
	              "open=assumed | assumed" },
	{ .text = "1704067200000000000,1.1,1.2,1.0,1.1,5\n"
	          "1704067260000000000,1.1,1.2,1.0,1.1,5\n",
	  .expected = "TIME open high low close volume | unix=found "
	              "| UTC=stated | open=assumed | assumed" },
};

static void
fields_without_names_are_known_by_their_numbers(void **state)
{
	(void)state;
	sniff_check(nameless, BCI_COUNT(nameless));
}

static const struct sniff_case shapes[] = {
	{ .text = "2012.02.01,00:00,1.30670,1.30703,1.30650,1.30690,"
	          "120\n"
	          "2012.02.01,00:01,1.30690,1.30713,1.30660,1.30700,"
	          "99\n",
	  .expected = "DATE CLOCK open high low close volume | "
	              "%Y.%m.%d + %H:%M=found | UTC=assumed | "
	              "open=assumed | assumed" },
	{ .text = "2012.02.01,00:00,1.306700,1.306710,1.306600,"
	          "1.306610,0\n"
	          "2012.02.01,00:01,1.306610,1.306700,1.306600,"
	          "1.306700,0\n",
	  .expected = "DATE CLOCK open high low close volume | "
	              "%Y.%m.%d + %H:%M=found | -05:00=assumed | "
	              "open=assumed | assumed" },
	{ .text = "20120201 000000;1.306600;1.306600;1.306560;1.30656"
	          "0;0\n"
	          "20120201 000100;1.306570;1.306570;1.306470;1.30656"
	          "0;0\n",
	  .expected = "TIME open high low close volume | %Y%m%d "
	              "%H%M%S=found | -05:00=assumed | open=assumed "
	              "| assumed" },
	{ .text = "01/03/2012,09:30,127.76,128.2,127.7,128.1,450000\n"
	          "01/03/2012,09:31,128.1,128.3,128.0,128.2,350000\n"
	          "01/13/2012,09:31,128.1,128.3,128.0,128.2,350000\n",
	  .expected = "DATE CLOCK open high low close volume | "
	              "%m/%d/%Y + %H:%M=found | "
	              "America/New_York=assumed | open=assumed | "
	              "assumed" },
	{ .text = "01/03/2012,127.76,128.2,127.7,128.1,450000\n"
	          "01/13/2012,128.1,128.3,128.0,128.2,350000\n",
	  .expected = "TIME open high low close volume | "
	              "%m/%d/%Y=found | UTC=stated | open=stated | "
	              "assumed" },
};

static void
some_shapes_tell_their_zone(void **state)
{
	(void)state;
	sniff_check(shapes, BCI_COUNT(shapes));
}

static const struct sniff_case clocks[] = {
	{ .text = "0,1.38711,1.38713,1.38709,1.38712,0,1.38724,"
	          "1.38726,1.38722,1.38725,0\n"
	          "60000,1.38712,1.38715,1.38709,1.38713,0,1.38725,"
	          "1.38728,1.38722,1.38726,0\n"
	          "120000,1.38713,1.38715,1.38709,1.38711,0,1.38726,"
	          "1.38728,1.38722,1.38724,0\n",
	  .hints.name = "forex/oanda/minute/eurusd/20140501_quote.zip",
	  .expected = "TIME bid_open bid_high bid_low bid_close "
	              "bid_volume ask_open ask_high ask_low "
	              "ask_close ask_volume | ms-of-day=stated | "
	              "UTC=assumed | open=assumed | found" },
	{ .text = "0,1.38711,1.38713,1.38709,1.38712,0\n"
	          "60000,1.38712,1.38715,1.38709,1.38713,0\n",
	  .expected = "refused 1: rows have times of day but no date,"
	              " and neither has the file's name (YYYYMMDD)" },
	{ .text = "19980102 09:00,973100,975300,970300,970300,"
	          "384500\n"
	          "19980102 10:00,970200,971300,965300,970500,"
	          "585900\n",
	  .hints.name = "spy.zip",
	  .expected = "TIME open high low close volume | %Y%m%d "
	              "%H:%M=found | UTC=assumed | open=assumed | "
	              "assumed /10000=assumed" },
};

static void
times_of_day_need_a_date_in_the_name(void **state)
{
	(void)state;
	sniff_check(clocks, BCI_COUNT(clocks));
}

/* ------------------------------------------------------------------------ */
/*  Orders of prices                                                        */
/* ------------------------------------------------------------------------ */

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* What to write, and how well it goes. */
struct walk {
	const char *order; /* "OHLC" */
	uint32_t rows;
	uint32_t bad; /* one row in so many is no bar; 0: none */
	bool flat;    /* all four prices the same */
	bool descending;
};

/* Write a walk of bars, a minute each, without a header. */
static void
write_walk(const struct walk *walk, char *text, size_t bytes)
{
	uint32_t seed = 7;
	int price = 100000;
	size_t at = 0;
	int bars[800][4];

	assert_true(walk->rows <= 800);
	for (uint32_t i = 0; i < walk->rows; i++) {
		int *bar = bars[i];
		int close = price + (int)(next_random(&seed) % 201) - 100;
		int top = price > close ? price : close;

		bar[0] = price;
		bar[1] = top + (int)(next_random(&seed) % 30);
		bar[2] = price + close - top - (int)(next_random(&seed) % 30);
		bar[3] = close;
		if (walk->bad != 0 && i % walk->bad == 0)
			bar[1] = bar[2] - 5;
		if (walk->flat)
			bar[0] = bar[1] = bar[2] = bar[3] = 100000;
		/* The next bar opens a little off the close. */
		price = close + (int)(next_random(&seed) % 7) - 3;
	}
	for (uint32_t i = 0; i < walk->rows; i++) {
		uint32_t row = walk->descending ? walk->rows - 1 - i : i;

		at += (size_t)snprintf(text + at, bytes - at, "%u",
		                       1704067200 + 60 * row);
		for (int j = 0; j < 4; j++) {
			size_t place = (size_t)(strchr("OHLC", walk->order[j]) -
			                        "OHLC");

			at += (size_t)snprintf(text + at, bytes - at, ",%.2f",
			                       bars[row][place] / 100.0);
		}
		at += (size_t)snprintf(text + at, bytes - at, ",%u\n",
		                       next_random(&seed) % 1000);
	}
}

/* The order that is found, and how sure it is. */
static void
check_walk(const struct walk *walk, const char *order, enum bci_basis basis)
{
	static const char *const names[] = { "open", "high", "low", "close" };
	static const struct bci_hints hints;
	static char text[65536];
	struct bci_dialect *dialect;

	write_walk(walk, text, sizeof(text));
	dialect = sniff_dialect(text, &hints);
	assert_int_equal(dialect->field_count, 6);
	for (int i = 0; i < 4; i++) {
		size_t place = (size_t)(strchr("OHLC", order[i]) - "OHLC");

		if (strcmp(dialect->fields[i + 1].name, names[place]) != 0)
			fail_msg("%s: field %d is %s", walk->order, i + 1,
			         dialect->fields[i + 1].name);
	}
	assert_string_equal(dialect->fields[5].name, "volume");
	assert_string_equal(bci_basis_name(dialect->basis.columns),
	                    bci_basis_name(basis));
}

static const char *const orders[] = {
	"OHLC", "OHCL", "OLHC", "OLCH", "OCHL", "OCLH", "HOLC", "HOCL",
	"HLOC", "HLCO", "HCOL", "HCLO", "LOHC", "LOCH", "LHOC", "LHCO",
	"LCOH", "LCHO", "COHL", "COLH", "CHOL", "CHLO", "CLOH", "CLHO",
};

static void
every_order_of_prices_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < BCI_COUNT(orders); i++) {
		struct walk walk = { .order = orders[i], .rows = 300 };

		check_walk(&walk, orders[i], BCI_FOUND);
		walk.descending = true;
		check_walk(&walk, orders[i], BCI_FOUND);
		walk.bad = 20;
		check_walk(&walk, orders[i], BCI_FOUND);
	}
}

static void
flat_bars_have_the_known_order(void **state)
{
	struct walk walk = { .order = "OHLC", .rows = 300, .flat = true };

	(void)state;
	check_walk(&walk, "OHLC", BCI_ASSUMED);
}

static void
a_few_rows_prove_little(void **state)
{
	struct walk walk = { .order = "OCHL", .rows = 5 };

	(void)state;
	check_walk(&walk, "OCHL", BCI_ASSUMED);
	walk.rows = 9;
	check_walk(&walk, "OCHL", BCI_ASSUMED);
	walk.rows = 10;
	check_walk(&walk, "OCHL", BCI_FOUND);
	/* The close before the open is believed of many rows only. */
	walk.order = "CHLO";
	walk.rows = 15;
	check_walk(&walk, "OHLC", BCI_ASSUMED);
}

/* ------------------------------------------------------------------------ */
/*  LEAN                                                                    */
/* ------------------------------------------------------------------------ */

static void
paths_tell_what_lean_leaves_out(void **state)
{
	static const char minutes[] = "34200000,1676500,1676600,1676400,"
				      "1676500,20000\n"
				      "34260000,1676500,1676800,1676500,"
				      "1676700,300\n";
	static const struct sniff_case cases[] = {
		{ .text = minutes,
		  .hints.name = "equity/usa/minute/spy/20131004_trade.zip/"
		                "20131004_spy_minute_trade.csv",
		  .expected = "TIME open high low close volume | "
		              "ms-of-day=stated | America/New_York=stated | "
		              "open=stated | assumed /10000=stated" },
		{ .text = minutes,
		  .hints.name = "2013-10-04.csv",
		  .expected = "TIME open high low close volume | "
		              "ms-of-day=stated | UTC=assumed | open=assumed "
		              "| assumed /10000=assumed" },
		{ .text = "0,611.78,611.91,611.78,611.9,1.13872\n"
		          "60000,611.87,611.88,611.87,611.88,0.56799\n",
		  .hints.name = "crypto/coinbase/minute/btcusd/"
		                "20161007_trade.zip/x.csv",
		  .expected = "TIME open high low close volume | "
		              "ms-of-day=stated | UTC=stated | open=stated "
		              "| assumed" },
		{ .text = "19980102 00:00,973100,975300,965300,973600,2150\n"
		          "19980105 00:00,978400,984400,967800,977500,4030\n",
		  .hints.name = "equity/usa/daily/spy.zip/spy.csv",
		  .expected = "TIME open high low close volume | %Y%m%d "
		              "%H:%M=found | UTC=stated | open=stated | "
		              "assumed /10000=stated" },
	};
	struct bci_dialect *dialect =
		sniff_dialect(cases[0].text, &cases[0].hints);

	(void)state;
	assert_int_equal(dialect->day_ns, INT64_C(1380844800000000000));
	sniff_check(cases, BCI_COUNT(cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			fields_without_names_are_known_by_their_numbers),
		cmocka_unit_test(some_shapes_tell_their_zone),
		cmocka_unit_test(times_of_day_need_a_date_in_the_name),
		cmocka_unit_test(every_order_of_prices_is_found),
		cmocka_unit_test(flat_bars_have_the_known_order),
		cmocka_unit_test(a_few_rows_prove_little),
		cmocka_unit_test(paths_tell_what_lean_leaves_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

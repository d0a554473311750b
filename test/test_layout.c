/* SPDX-License-Identifier: MIT */
/*
 * test_layout.c - what the path of a file says about the series in it.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "layout_name.h"
#include "moment.h"
#include "support.h"

/* A path and its parts, written SOURCE|MARKET|SYMBOL|TIMEFRAME|VARIANT. */
struct sample {
	const char *path, *parts;
};

static void
check(const char *rule, const struct sample *samples, size_t count)
{
	struct layout layout;
	char parts[5 * sizeof(layout.source)];

	for (size_t i = 0; i < count; i++) {
		layout_find(samples[i].path, &layout);
		snprintf(parts, sizeof(parts), "%s|%s|%s|%s|%s", layout.source,
		         layout.market, layout.symbol, layout.timeframe,
		         layout.variant);
		if (strcmp(parts, samples[i].parts) == 0 &&
		    strcmp(layout.name, rule) == 0)
			continue;
		print_error("'%s' is\n  %s by %s, not\n  %s by %s\n",
		            samples[i].path, parts, layout.name,
		            samples[i].parts, rule);
		fail();
	}
}

#define CHECK(rule, samples)                                                   \
	check((rule), (samples), sizeof(samples) / sizeof((samples)[0]))

static void
the_tree_of_binance_is_known(void **state)
{
	static const struct sample samples[] = {
		{ "/x/data/spot/monthly/klines/BTCUSDT/1m/"
		  "BTCUSDT-1m-2024-01.zip",
		  "binance|spot|BTCUSDT|1m|" },
		{ "data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip/"
		  "BTCUSDT-1m-2024-01.csv",
		  "binance|spot|BTCUSDT|1m|" },
		{ "data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01-31.csv",
		  "binance|spot|BTCUSDT|1h|" },
		{ "data/spot/monthly/klines/BTCUSDT/1mo/"
		  "BTCUSDT-1mo-2024-01.zip",
		  "binance|spot|BTCUSDT|1M|" },
		{ "data/spot/daily/klines/BTCUSDT/1m/2024-01-01_2024-02-01/"
		  "BTCUSDT-1m-2024-01-01.zip",
		  "binance|spot|BTCUSDT|1m|" },
		{ "data/futures/um/monthly/klines/ETHUSDT/4h/"
		  "ETHUSDT-4h-2023-12.zip",
		  "binance|futures-um|ETHUSDT|4h|" },
		{ "data/futures/cm/daily/markPriceKlines/BTCUSD_PERP/1m/"
		  "BTCUSD_PERP-1m-2024-01-01.zip",
		  "binance|futures-cm|BTCUSD_PERP|1m|mark" },
		{ "data/futures/um/monthly/indexPriceKlines/BTCUSDT/1d/"
		  "BTCUSDT-1d-2024-01.zip",
		  "binance|futures-um|BTCUSDT|1d|index" },
		{ "data/futures/um/monthly/premiumIndexKlines/BTCUSDT_240329/"
		  "1m/BTCUSDT_240329-1m-2024-01.zip",
		  "binance|futures-um|BTCUSDT_240329|1m|premium" },
		{ "DATA/SPOT/MONTHLY/KLINES/BTCUSDT/1M/BTCUSDT-1mo-2024-01.ZIP",
		  "binance|spot|BTCUSDT|1M|" },
	};
	static const struct sample others[] = {
		{ "data/spot/monthly/aggTrades/BTCUSDT/"
		  "BTCUSDT-aggTrades-2024-01.zip",
		  "||BTCUSDT-aggTrades-2024-01||" },
		{ "monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip",
		  "||BTCUSDT|1m|" },
		{ "BTCUSDT-1m-2024-01.zip", "||BTCUSDT|1m|" },
		{ "a/b/c/d/e/f/g/h/i/monthly/spot/futures/k/l/"
		  "BTCUSDT-1m-2024-01.zip",
		  "||BTCUSDT|1m|" },
	};

	(void)state;
	CHECK("binance", samples);
	CHECK("file name", others);
}

static void
the_tree_of_freqtrade_is_known(void **state)
{
	static const struct sample samples[] = {
		{ "user_data/data/binance/BTC_USDT-1h.json",
		  "binance|spot|BTC/USDT|1h|" },
		{ "data/kraken/XBT_EUR-5m.json.gz", "kraken|spot|XBT/EUR|5m|" },
		{ "data/binance/1INCH_USDT-1d.feather",
		  "binance|spot|1INCH/USDT|1d|" },
		{ "data/binance/BTC_USDT-1Mo.feather",
		  "binance|spot|BTC/USDT|1M|" },
		{ "data/bybit/futures/BTC_USDT_USDT-1h-futures.feather",
		  "bybit|futures|BTC/USDT:USDT|1h|" },
		{ "data/bybit/futures/BTC_USDT_USDT-8h-mark.json",
		  "bybit|futures|BTC/USDT:USDT|8h|mark" },
		{ "data/okx/futures/BTC_USDT_USDT-1h-funding_rate.feather",
		  "okx|futures|BTC/USDT:USDT|1h|funding_rate" },
		{ "data/okx/futures/BTC_USDT_USDT-1h-premiumIndex.feather",
		  "okx|futures|BTC/USDT:USDT|1h|premium" },
		{ "data/okx/BTC_USDT_USDT-1h-index.json",
		  "okx|futures|BTC/USDT:USDT|1h|index" },
		{ "data/deribit/futures/A_B_C_D-1h-futures.json",
		  "deribit|futures|A_B_C_D|1h|" },
	};
	static const struct sample others[] = {
		{ "tests/binance/BTC_USDT-1h.json", "||BTC_USDT|1h|" },
		{ "data/binance/BTC_USDT-1h.csv", "||BTC_USDT|1h|" },
		{ "data/binance/BTCUSDT-1h.json", "||BTCUSDT|1h|" },
		{ "data/binance/BTC_USDT-1h-2024.json", "||BTC_USDT|1h|" },
		{ "data/binance/BTC_USDT.json", "||BTC_USDT||" },
	};

	(void)state;
	CHECK("freqtrade", samples);
	CHECK("file name", others);
}

static void
the_tree_of_lean_is_known(void **state)
{
	static const struct sample samples[] = {
		{ "Data/equity/usa/minute/spy/20131004_trade.zip",
		  "lean|equity-usa|SPY|1m|" },
		{ "Data/equity/usa/minute/spy/20131004_trade.zip/"
		  "20131004_spy_minute_trade.csv",
		  "lean|equity-usa|SPY|1m|" },
		{ "Data/equity/usa/minute/spy/20131004_quote.zip",
		  "lean|equity-usa|SPY|1m|quote" },
		{ "equity/usa/daily/brk.b.zip/brk.b.csv",
		  "lean|equity-usa|BRK.B|1d|" },
		{ "equity/usa/hour/spy.zip", "lean|equity-usa|SPY|1h|" },
		{ "crypto/coinbase/second/btcusd/20161007_trade.zip",
		  "lean|crypto-coinbase|BTCUSD|1s|" },
		{ "crypto/coinbase/daily/btcusd_quote.zip",
		  "lean|crypto-coinbase|BTCUSD|1d|quote" },
		{ "forex/oanda/hour/eurusd.zip/eurusd.csv",
		  "lean|forex-oanda|EURUSD|1h|" },
		{ "equity/usa/tick/spy/20131007_trade.zip",
		  "lean|equity-usa|SPY||" },
		{ "future/cme/minute/es/20131007_trade.zip/"
		  "20131007_es_minute_trade_201312_20131220.csv",
		  "lean|future-cme|ES-201312-20131220|1m|" },
		{ "option/usa/minute/aapl/20140606_quote_american.zip/20140606_"
		  "aapl_minute_quote_american_call_6475000_20140606.csv",
		  "lean|option-usa|AAPL-AMERICAN-CALL-6475000-20140606|1m|"
		  "quote" },
		{ "lean/equity_usa_daily_spy.zip/spy.csv",
		  "lean|equity-usa|SPY|1d|" },
		{ "lean/equity_usa_hour_spy.zip", "lean|equity-usa|SPY|1h|" },
		{ "lean/minute/equity_usa_spy_20131004_trade.zip",
		  "lean|equity-usa|SPY|1m|" },
		{ "x/crypto_coinbase_btcusd_20161007_trade.zip/"
		  "20161007_btcusd_minute_trade.csv",
		  "lean|crypto-coinbase|BTCUSD|1m|" },
		{ "x/crypto_coinbase_btcusd_20161007_quote.zip",
		  "lean|crypto-coinbase|BTCUSD||quote" },
	};
	static const struct sample others[] = {
		{ "crypto_BTCUSDT_1m.csv", "||crypto_BTCUSDT|1m|" },
		{ "equity_usa_daily_spy.csv", "||equity_usa|1d|spy" },
		{ "index_us.zip", "||index_us||" },
		{ "equity_usa_spy_trade.zip", "||equity_usa_spy_trade||" },
	};

	(void)state;
	CHECK("lean", samples);
	CHECK("file name", others);
}

static void
the_tree_of_an_export_gives_the_keys_back(void **state)
{
	static const struct sample samples[] = {
		{ "out/binance/spot/BTCUSDT@1m.csv",
		  "binance|spot|BTCUSDT|1m|" },
		{ "binance/spot/BTC%2FUSDT@1h.csv.gz",
		  "binance|spot|BTC/USDT|1h|" },
		{ "csv/local/EURUSD@1d@2024-01.csv",
		  "csv|local|EURUSD|1d|2024-01" },
		{ "a/b/%2Ehidden%40x@3mo@.json", "a|b|.hidden@x|3M|" },
		{ "a%2Fb/c%25/d-1m_5m@2w@e%2ff.tsv", "a/b|c%|d-1m_5m|2w|e/f" },
		{ "a/b/100%@1m.csv", "a|b|100%|1m|" },
		{ "a/b/%zz%4%00@1m.csv", "a|b|%zz%4%00|1m|" },
	};
	static const struct sample others[] = {
		{ "b/BTCUSDT@1m.csv", "||BTCUSDT@1m||" },
		{ "a/b/me@home.csv", "||me@home||" },
		{ "a/b/x@60.csv", "||x@60||" },
		{ "a/b/@1m.csv", "||@1m||" },
		{ "a/b/x@1m@y@z.csv", "||x@1m@y@z||" },
		{ "a/b/x@.csv", "||x@||" },
	};

	(void)state;
	CHECK("barcache", samples);
	CHECK("file name", others);
}

static void
directories_tell_where_the_name_does_not(void **state)
{
	static const struct sample samples[] = {
		{ "cache/binance/spot/BTC_USDT/1m/2024-01.csv",
		  "binance|spot|BTC/USDT|1m|" },
		{ "cache/bybit/swap/BTC_USDT/1h/2024/2024-01.parquet",
		  "bybit|swap|BTC/USDT|1h|" },
		{ "x/okx/futures/A_B_C/1d/2024-01.pkl",
		  "okx|futures|A_B_C|1d|" },
		{ "x/BTCUSDT/1m/2024-01-31.csv", "||BTCUSDT|1m|" },
		{ "x/BTC_USDT/1m/2024/2024-01.csv", "||BTC_USDT|1m|" },
		{ "binance/spot/BTCUSDT/5m.csv", "binance|spot|BTCUSDT|5m|" },
		{ "AAPL/daily.csv", "||AAPL|1d|" },
		{ "./x/../AAPL/./1h.csv", "||AAPL|1h|" },
	};
	static const struct sample others[] = {
		{ "1m.csv", "||1m||" },
		{ "../1m.csv", "||1m||" },
		{ "stocks/3M.csv", "||3M||" },
		{ "BTCUSDT/2024-01.csv", "||2024-01||" },
		{ "stocks/1234.csv", "||1234||" },
	};

	(void)state;
	CHECK("directories", samples);
	CHECK("file name", others);
}

static void
a_file_name_is_cut_at_its_timeframe(void **state)
{
	static const struct sample samples[] = {
		{ "BTCUSDT-1m-2024-01.csv", "||BTCUSDT|1m|" },
		{ "/x/y/BTC_USDT-1h.csv", "||BTC_USDT|1h|" },
		{ "AAPL.csv", "||AAPL||" },
		{ "AAPL", "||AAPL||" },
		{ "brk.b.us.txt", "||brk.b.us||" },
		{ "SPY_daily_long.csv", "||SPY|1d|long" },
		{ "AAPL_1min.csv.gz", "||AAPL|1m|" },
		{ "AAPL_full_1min_adjsplit.txt", "||AAPL_full|1m|adjsplit" },
		{ "Coinbase_BTCUSD_1h.csv", "||Coinbase_BTCUSD|1h|" },
		{ "kraken_BTCUSDC_1m_2023.csv", "||kraken_BTCUSDC|1m|" },
		{ "6EH4.XCME_1min_bars_20240101.csv.gz",
		  "||6EH4.XCME|1m|bars" },
		{ "gbpusd-m1-bid-2012.csv", "||gbpusd|1m|bid" },
		{ "EURUSD_M15.csv", "||EURUSD|15m|" },
		{ "EURUSD H4.CSV", "||EURUSD|4h|" },
		{ "EURUSD_MN1.csv", "||EURUSD|1M|" },
		{ "BTCUSDT-1mo-2024-01.csv", "||BTCUSDT|1M|" },
		{ "BTCUSDT-1M.csv", "||BTCUSDT|1M|" },
		{ "EURUSD_15M.csv", "||EURUSD|15m|" },
		{ "AAPL.XNAS-1-MINUTE-LAST-EXTERNAL.csv",
		  "||AAPL.XNAS|1m|LAST-EXTERNAL" },
		{ "30min-bitstampUSD-2.csv", "||bitstampUSD-2|30m|" },
		{ "daily_IBM.csv", "||IBM|1d|" },
		{ "intraday_5min_IBM.csv", "||IBM|5m|" },
		{ "nasdaq 100 1d (1).csv", "||nasdaq 100|1d|(1)" },
		{ "ETH-100ms.csv", "||ETH|100ms|" },
		{ "BTC-1s.jsonl", "||BTC|1s|" },
		{ "SPY_5y_1d.csv", "||SPY_5y|1d|" },
		{ "GOLD-weekly.tsv", "||GOLD|1w|" },
	};
	static const struct sample others[] = {
		{ "oanda_US30.csv", "||oanda_US30||" },
		{ "oanda-us500-1h.csv", "||oanda-us500|1h|" },
		{ "spy-01.15.2015.csv", "||spy-01.15.2015||" },
		{ "US_10Y.csv", "||US_10Y||" },
		{ "AAPL_365d.csv", "||AAPL_365d||" },
		{ "SPY_1000T.csv", "||SPY_1000T||" },
		{ "INDEX_W5000.csv", "||INDEX_W5000||" },
		{ "3M.csv", "||3M||" },
		{ "daily.csv", "||daily||" },
		{ "2005-2006-day-001.txt", "||2005-2006|1d|001" },
		{ "x_99999999999999999999m.csv",
		  "||x_99999999999999999999m||" },
		{ "BTC--1m-.csv", "||BTC-|1m|" },
		{ ".csv", "||.csv||" },
		{ "data/x/", "||x||" },
		{ "", "||||" },
		{ "/", "||||" },
		{ "-", "||||" },
	};

	(void)state;
	CHECK("file name", samples);
	CHECK("file name", others);
}

static void
names_of_some_sources_have_ways_of_their_own(void **state)
{
	static const struct sample samples[] = {
		{ "DAT_ASCII_EURUSD_M1_2012.csv", "||EURUSD|1m|" },
		{ "DAT_MT_EURUSD_M1_201202.csv", "||EURUSD|1m|" },
		{ "EURUSD60.csv", "||EURUSD|1h|" },
		{ "EURUSD1440.csv", "||EURUSD|1d|" },
		{ "GBPJPY43200.csv", "||GBPJPY|1M|" },
		{ "EURUSD61.csv", "||EURUSD61||" },
		{ "EURUS60.csv", "||EURUS60||" },
		{ "US30USD60.csv", "||US30USD60||" },
		{ "BINANCE_BTCUSDT, 60.csv", "||BINANCE_BTCUSDT|1h|" },
		{ "BATS_SPY, 1D_5f0a1.csv", "||BATS_SPY|1d|5f0a1" },
		{ "Smith, John.csv", "||Smith, John||" },
		{ "EURUSD_Candlestick_1_M_BID_01.01.2020-31.12.2020.csv",
		  "||EURUSD|1m|BID" },
		{ "EURUSD_Candlestick_4_Hour_ASK.csv", "||EURUSD|4h|ASK" },
		{ "EURUSD_Candlestick_1_D.csv", "||EURUSD|1d|" },
		{ "S&P 500 Historical Data.csv", "||S&P 500||" },
		{ "AAPL Historical Data (1).csv", "||AAPL||" },
	};

	(void)state;
	CHECK("file name", samples);
}

static void
an_archive_and_its_member_complete_each_other(void **state)
{
	static const struct sample samples[] = {
		{ "BTCUSDT-1m-2024-01.zip/BTCUSDT-1m-2024-01.csv",
		  "||BTCUSDT|1m|" },
		{ "GOOG.zip/data.csv", "||GOOG||" },
		{ "GOOG_1h.zip/2024.csv", "||GOOG|1h|" },
		{ "EURUSD_M1_2020.zip/EURUSD_2020.csv", "||EURUSD|1m|" },
		{ "HISTDATA_COM_ASCII_EURUSD_M12012.zip/"
		  "DAT_ASCII_EURUSD_M1_2012.csv",
		  "||EURUSD|1m|" },
		{ "stocks_1min_2024.zip/dir/AAPL.txt", "||AAPL|1m|" },
		{ "d_us_txt.zip/data/daily/us/aapl.us.txt", "||aapl.us||" },
		{ "archive.zip/AAPL_1d.csv", "||AAPL|1d|" },
		{ "a.zip/b.zip/c.csv", "||c||" },
	};

	(void)state;
	CHECK("file name", samples);
}

/* The period that a path states, as "FROM TO" in days, or "". */
static void
check_period(const char *path, const char *symbol, const char *variant,
             const char *period)
{
	const int64_t day_ns = 86400 * INT64_C(1000000000);
	struct layout layout;
	char text[2 * BCI_TIME_TEXT] = "";

	layout_find(path, &layout);
	assert_int_equal(layout.period.from_ns % day_ns, 0);
	assert_int_equal(layout.period.to_ns % day_ns, 0);
	if (layout.period.to_ns != 0) {
		bci_time_format(layout.period.from_ns, text);
		text[10] = ' ';
		bci_time_format(layout.period.to_ns, text + 11);
		text[21] = '\0';
	}
	assert_string_equal(text, period);
	assert_string_equal(layout.symbol, symbol);
	assert_string_equal(layout.variant, variant);
}

static void
a_date_states_a_period(void **state)
{
	(void)state;
	check_period("A-1m-2024.csv", "A", "", "2024-01-01 2025-01-01");
	check_period("A-1m-2024-02.csv", "A", "", "2024-02-01 2024-03-01");
	check_period("A-1m-202412.csv", "A", "", "2024-12-01 2025-01-01");
	check_period("A-1m-2024-02-29.csv", "A", "", "2024-02-29 2024-03-01");
	check_period("A_1m_20231231.csv", "A", "", "2023-12-31 2024-01-01");
	check_period("A-1m-mark-2024_02.csv", "A", "mark",
	             "2024-02-01 2024-03-01");
	check_period("A-1m-2024-02-mark.csv", "A", "mark",
	             "2024-02-01 2024-03-01");
	check_period("x/A_B/1m/2024/2024-01-31.csv", "A_B", "",
	             "2024-01-31 2024-02-01");
	check_period("equity/usa/minute/spy/20131004_trade.zip", "SPY", "",
	             "2013-10-04 2013-10-05");
	check_period("2024-01-02.csv", "2024-01-02", "",
	             "2024-01-02 2024-01-03");
	check_period("GOOG_1h.zip/2024.csv", "GOOG", "",
	             "2024-01-01 2025-01-01");
	check_period("A_2024-01-02.csv", "A", "", "2024-01-02 2024-01-03");
}

static void
two_dates_or_none_state_no_period(void **state)
{
	(void)state;
	check_period("A-1m.csv", "A", "", "");
	check_period("A-1m-20240101-20240131.csv", "A", "", "");
	check_period("A-1m-2024-01-01_to_2024-02-01.csv", "A", "", "");
	check_period("A-1m-from-2024-01-to-2024-02-spot.csv", "A", "spot", "");
	check_period("A-1m-BID_31.01.2020-29.02.2020.csv", "A", "BID", "");
	check_period("A-1m-1704067200-1706745600.csv", "A", "", "");
	check_period("A-1m-1704067200000.csv", "A", "", "");
	check_period("A-20080101-20180101.csv", "A", "", "");
}

static void
what_is_no_date_stays(void **state)
{
	(void)state;
	check_period("A-1m-2024-13.csv", "A", "13", "2024-01-01 2025-01-01");
	check_period("A-1m-20240230.csv", "A", "20240230", "");
	check_period("A-1m-0815.csv", "A", "0815", "");
	check_period("A-1m-2024x.csv", "A", "2024x", "");
	check_period("A-1m-back-to-front.csv", "A", "back-to-front", "");
	check_period("A-1m-from-x.csv", "A", "from-x", "");
	/* Months of contracts are symbols of their own. */
	check_period("ES_202403.csv", "ES_202403", "", "");
	check_period("ES-2024-03.csv", "ES-2024-03", "", "");
	check_period("ES_20240315.csv", "ES_20240315", "", "");
	check_period("AAPL_2023.csv", "AAPL_2023", "", "");
	check_period("B_240329-1m-2024.csv", "B_240329", "",
	             "2024-01-01 2025-01-01");
	check_period("s/m/A@1m@2024-01.csv", "A", "2024-01", "");
}

static void
what_does_not_fit_a_key_stays_unsaid(void **state)
{
	char path[2 * BC_KEY_MAX];
	struct layout layout;

	(void)state;
	memset(path, 'x', sizeof(path));
	strcpy(path + BC_KEY_MAX, "-1m.csv");
	layout_find(path, &layout);
	assert_int_equal(strlen(layout.symbol), BC_KEY_MAX);
	assert_string_equal(layout.timeframe, "1m");
	memset(path, 'x', sizeof(path));
	strcpy(path + BC_KEY_MAX + 1, "-1m.csv");
	layout_find(path, &layout);
	assert_string_equal(layout.symbol, "");
	assert_string_equal(layout.timeframe, "1m");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_of_binance_is_known),
		cmocka_unit_test(the_tree_of_freqtrade_is_known),
		cmocka_unit_test(the_tree_of_lean_is_known),
		cmocka_unit_test(the_tree_of_an_export_gives_the_keys_back),
		cmocka_unit_test(directories_tell_where_the_name_does_not),
		cmocka_unit_test(a_file_name_is_cut_at_its_timeframe),
		cmocka_unit_test(names_of_some_sources_have_ways_of_their_own),
		cmocka_unit_test(an_archive_and_its_member_complete_each_other),
		cmocka_unit_test(a_date_states_a_period),
		cmocka_unit_test(two_dates_or_none_state_no_period),
		cmocka_unit_test(what_is_no_date_stays),
		cmocka_unit_test(what_does_not_fit_a_key_stays_unsaid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

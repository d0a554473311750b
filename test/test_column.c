/* SPDX-License-Identifier: MIT */
/*
 * test_column.c - the names of columns.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "column.h"
#include "support.h"

/* A header of a source and our names for it: "-" has none. */
struct header {
	const char *labels; /* with '|' between them */
	const char *names;  /* with a blank between them */
};

/* What a label means; NULL if nothing. */
static const struct bci_meaning *
meaning_of(const char *label, size_t bytes)
{
	char name[BC_COLUMN_NAME_MAX + 1];

	if (!bci_column_spell(label, bytes, name))
		fail_msg("'%.*s' cannot be spelled", (int)bytes, label);
	return bci_column_meaning(name);
}

/* The names of the labels must be as stated, and so must their number. */
static void
check_header(const struct header *header)
{
	const char *label = header->labels, *name = header->names;

	for (;; label++, name++) {
		size_t bytes = strcspn(label, "|"), length = strcspn(name, " ");
		const struct bci_meaning *meaning = meaning_of(label, bytes);
		const char *ours = meaning == NULL ? "-" : meaning->name;

		if (strlen(ours) != length || memcmp(ours, name, length) != 0)
			fail_msg("'%.*s' is '%s', not '%.*s'", (int)bytes,
			         label, ours, (int)length, name);
		label += bytes;
		name += length;
		assert_int_equal(*label == '\0', *name == '\0');
		if (*label == '\0')
			return;
	}
}

#define CHECK(headers)                                                         \
	for (size_t i = 0; i < sizeof(headers) / sizeof((headers)[0]); i++)    \
	check_header(&(headers)[i])

static void
a_name_is_spelled_in_one_way(void **state)
{
	static const struct {
		const char *label, *name;
	} names[] = {
		{ "", "" },
		{ "open", "open" },
		{ "Adj Close", "adj_close" },
		{ "Adj. Close", "adj_close" },
		{ "adj-close", "adj_close" },
		{ "adjClose", "adjclose" },
		{ "<TICKVOL>", "tickvol" },
		{ "Volume_(BTC)", "volume_btc" },
		{ "Volume (BTC)", "volume_btc" },
		{ "Time (UTC)", "time_utc" },
		{ "1. open", "open" },
		{ "5. adjusted close", "adjusted_close" },
		{ "4a. close (USD)", "close_usd" },
		{ "1.5", "1_5" },
		{ "2. ", "2" },
		{ "24h", "24h" },
		{ "Close/Last", "close_last" },
		{ "+Haut", "haut" },
		{ "Change %", "change_percent" },
		{ "%Chg", "percent_chg" },
		{ "%", "percent" },
		{ "Unnamed: 0", "unnamed_0" },
		{ "mid.o", "mid_o" },
		{ " a  b ", "a_b" },
		{ "_a__b_", "a_b" },
		{ "a\tb\x01"
		  "c\x7f",
		  "a_b_c" },
		{ "#", "" },
		{ "\"open\"", "open" },
		{ "Er\xc3\xb6"
		  "ffnung",
		  "er\xc3\xb6"
		  "ffnung" },
		{ "\xe5\xbc\x80\xe7\x9b\x98", "\xe5\xbc\x80\xe7\x9b\x98" },
	};
	char name[BC_COLUMN_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(bci_column_spell(names[i].label,
		                             strlen(names[i].label), name));
		assert_string_equal(name, names[i].name);
	}
}

static void
what_is_too_long_or_no_utf8_has_no_spelling(void **state)
{
	char label[BC_COLUMN_NAME_MAX + 1], name[BC_COLUMN_NAME_MAX + 1];

	(void)state;
	memset(label, 'A', sizeof(label));
	assert_true(bci_column_spell(label, sizeof(label) - 1, name));
	assert_int_equal(strlen(name), BC_COLUMN_NAME_MAX);
	assert_null(bci_column_meaning(name));
	assert_false(bci_column_spell(label, sizeof(label), name));
	label[0] = '%';
	assert_false(bci_column_spell(label, sizeof(label) - 1, name));
	label[0] = ' ';
	assert_true(bci_column_spell(label, sizeof(label), name));
	assert_false(bci_column_spell("\xff", 1, name));
	assert_false(bci_column_spell("open\xc3", 5, name));
}

static void
every_name_of_ours_means_itself(void **state)
{
	static const char *const ours[] = {
		"open",
		"high",
		"low",
		"close",
		"volume",
		"bid_open",
		"bid_high",
		"bid_low",
		"bid_close",
		"bid_volume",
		"ask_open",
		"ask_high",
		"ask_low",
		"ask_close",
		"ask_volume",
		"quote_volume",
		"count",
		"vwap",
		"taker_buy_volume",
		"taker_buy_quote_volume",
		"adj_open",
		"adj_high",
		"adj_low",
		"adj_close",
		"adj_volume",
		"dividends",
		"splits",
		"capital_gains",
		"open_interest",
		"spread",
		"tick_volume",
		"factor",
		"change",
		"change_percent",
		"prev_close",
		"market_cap",
		"symbol",
		"period",
		"time",
		"close_time",
		"date",
		"clock",
		"row",
		"ignore",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		const struct bci_meaning *meaning = bci_column_meaning(ours[i]);

		assert_non_null(meaning);
		assert_string_equal(meaning->name, ours[i]);
		assert_int_equal(meaning->standard, i < 15);
		assert_false(meaning->weak);
	}
}

static void
headers_of_exchanges_are_known(void **state)
{
	static const struct header headers[] = {
		{ "open_time|open|high|low|close|volume|close_time|"
		  "quote_volume|count|taker_buy_volume|"
		  "taker_buy_quote_volume|ignore",
		  "time open high low close volume close_time quote_volume "
		  "count taker_buy_volume taker_buy_quote_volume ignore" },
		{ "Open time|Open|High|Low|Close|Volume|Close time|"
		  "Quote asset volume|Number of trades|"
		  "Taker buy base asset volume|Taker buy quote asset volume|"
		  "Ignore",
		  "time open high low close volume close_time quote_volume "
		  "count taker_buy_volume taker_buy_quote_volume ignore" },
		{ "openTime|closeTime|quoteAssetVolume|numberOfTrades|"
		  "takerBuyBaseAssetVolume|takerBuyQuoteAssetVolume",
		  "time close_time quote_volume count taker_buy_volume "
		  "taker_buy_quote_volume" },
		{ "time|open|high|low|close|vwap|volume|trades",
		  "time open high low close vwap volume count" },
		{ "timestamp|open|close|high|low|volume",
		  "time open close high low volume" },
		{ "unix|date|symbol|open|high|low|close|Volume BTC|"
		  "Volume USDT|tradecount",
		  "time date symbol open high low close volume volume count" },
		{ "Timestamp|Open|High|Low|Close|Volume_(BTC)|"
		  "Volume_(Currency)|Weighted_Price",
		  "time open high low close volume quote_volume vwap" },
		{ "Unix Timestamp|Date|Symbol|Volume",
		  "time date symbol volume" },
		{ "ts|o|h|l|c|vol|volCcyQuote|confirm",
		  "time open high low close volume quote_volume ignore" },
		{ "vol_ccy|vol_quote", "volume quote_volume" },
		{ "start|end|interval|open|turnover|confirm|timestamp",
		  "time close_time period open quote_volume ignore time" },
		{ "time_period_start|time_period_end|price_open|price_high|"
		  "price_low|price_close|volume_traded|trades_count",
		  "time close_time open high low close volume count" },
		{ "timeOpen|timeClose|timeHigh|timeLow|name|open|marketCap",
		  "time close_time ignore ignore symbol open market_cap" },
		{ "time|low|high|open|close|volumefrom|volumeto|"
		  "conversionType",
		  "time low high open close volume quote_volume ignore" },
		{ "Date Time|Open|Adj Close", "time open adj_close" },
	};

	(void)state;
	CHECK(headers);
}

static void
headers_of_vendors_are_known(void **state)
{
	static const struct header headers[] = {
		{ "Date|Open|High|Low|Close|Adj Close|Volume|Dividends|"
		  "Stock Splits|Capital Gains",
		  "date open high low close adj_close volume dividends splits "
		  "capital_gains" },
		{ "Datetime|Open", "time open" },
		{ "<TICKER>|<PER>|<DATE>|<TIME>|<OPEN>|<HIGH>|<LOW>|<CLOSE>|"
		  "<VOL>|<OPENINT>",
		  "symbol period date time open high low close volume "
		  "open_interest" },
		{ "<ticker>|<per>|<date>|<open>|<o/i>|<DTYYYYMMDD>",
		  "symbol period date open open_interest date" },
		{ "ticker|volume|open|close|high|low|window_start|"
		  "transactions",
		  "symbol volume open close high low time count" },
		{ "v|vw|o|c|h|l|t|n",
		  "volume vwap open close high low time count" },
		{ "ts_event|rtype|publisher_id|instrument_id|open|symbol",
		  "time ignore ignore symbol open symbol" },
		{ "date|adjClose|adjHigh|adjLow|adjOpen|adjVolume|divCash|"
		  "splitFactor|tradesDone|volumeNotional",
		  "date adj_close adj_high adj_low adj_open adj_volume "
		  "dividends splits count quote_volume" },
		{ "1. open|2. high|3. low|4. close|5. adjusted close|"
		  "6. volume|7. dividend amount|8. split coefficient",
		  "open high low close adj_close volume dividends splits" },
		{ "Timestamp|Gmtoffset|Datetime|Open",
		  "time ignore time open" },
		{ "Date|Price|Open|High|Low|Vol.|Change %",
		  "date close open high low volume change_percent" },
		{ "Date|Close/Last|Volume", "date close volume" },
		{ "Date|Ex-Dividend|Split Ratio|Adj. Open|Adj. Volume",
		  "date dividends splits adj_open adj_volume" },
		{ "date|open|average|barCount", "date open vwap count" },
		{ "Time|Last|%Chg|Open Int",
		  "time close change_percent open_interest" },
		{ "Date|Settle|Previous Day Open Interest",
		  "date close open_interest" },
		{ "SYMBOL|OPEN|LAST|PREVCLOSE|TOTTRDQTY|TOTTRDVAL|TIMESTAMP|"
		  "TOTALTRADES|ISIN",
		  "symbol open close prev_close volume quote_volume time count "
		  "symbol" },
		{ "Open Price|WAP|No.of Shares|No. of Trades|"
		  "Total Turnover (Rs.)",
		  "open vwap volume count quote_volume" },
		{ "PERMNO|OPENPRC|ASKHI|BIDLO|PRC|VOL",
		  "symbol open high low close volume" },
		{ "symbol|date|open|factor", "symbol date open factor" },
		{ "day|open", "date open" },
		{ "TRADEDATE|SECID|NUMTRADES|WAPRICE|VALUE|begin|end",
		  "date symbol count vwap quote_volume time close_time" },
	};

	(void)state;
	CHECK(headers);
}

static void
headers_of_programs_are_known(void **state)
{
	static const struct header headers[] = {
		{ "<DATE>|<TIME>|<OPEN>|<TICKVOL>|<VOL>|<SPREAD>",
		  "date time open tick_volume volume spread" },
		{ "time|tick_volume|spread|real_volume",
		  "time tick_volume spread volume" },
		{ "Gmt time|Open|Volume", "time open volume" },
		{ "Time (UTC)|Local time", "time time" },
		{ "Date|Time|OpenInterest", "date time open_interest" },
		{ "Unnamed: 0|index|", "row row -" },
		{ "bidopen|bidclose|askhigh|tickqty",
		  "bid_open bid_close ask_high tick_volume" },
		{ "mid.o|mid.c|bid.c|ask.h|openBid|closeAsk|closeMid",
		  "open close bid_close ask_high bid_open ask_close close" },
		{ "bid_size|ask_size|AskVolume",
		  "bid_volume ask_volume ask_volume" },
		{ "date|code|preclose|volume|amount|pctChg|isST",
		  "date symbol prev_close volume quote_volume change_percent "
		  "ignore" },
	};

	(void)state;
	CHECK(headers);
}

static void
headers_in_other_languages_are_known(void **state)
{
	static const struct header headers[] = {
		{ "Datum|Eröffnung|Tageshoch|Tagestief|Schlusskurs|Volumen",
		  "date open high low close volume" },
		{ "DATUM|ERÖFFNUNG|Eroeffnungskurs|Stücke|Uhrzeit",
		  "date open open volume time" },
		{ "Date|Ouverture|+Haut|+Bas|Clôture|Dernier|Volume",
		  "date open high low close close volume" },
		{ "Fecha|Apertura|Máximo|Mínimo|Cierre|Último|Hora",
		  "date open high low close close time" },
		{ "Data|Abertura|Máxima|Mínima|Fechamento",
		  "date open high low close" },
		{ "Data|Otwarcie|Najwyzszy|Najnizszy|Zamkniecie|Wolumen",
		  "date open high low close volume" },
		{ "Data|Najwyższy|Najniższy|Zamknięcie",
		  "date high low close" },
		{ "Дата|Цена|Откр.|Макс.|Мин.|Объём|ОБЪЕМ|Изм. %",
		  "date close open high low volume volume change_percent" },
		{ "日期|时间|开盘|收盘|最高|最低|成交量|成交额|换手率",
		  "date time open close high low volume quote_volume -" },
		{ "日付|始値|高値|安値|終値|出来高",
		  "date open high low close volume" },
		{ "날짜|시가|고가|저가|종가|거래량",
		  "date open high low close volume" },
	};

	(void)state;
	CHECK(headers);
}

static void
words_of_a_moment_say_what_it_is(void **state)
{
	static const struct {
		const char *name;
		enum bci_role role; /* DROP: it means nothing */
		bool close, utc;
	} moments[] = {
		{ "time", BCI_ROLE_TIME, false, false },
		{ "kline_open_time_utc", BCI_ROLE_TIME, false, true },
		{ "candle_start_time", BCI_ROLE_TIME, false, false },
		{ "datetime_est", BCI_ROLE_TIME, false, false },
		{ "timestamp_ns", BCI_ROLE_TIME, false, true },
		{ "bar_end_ts", BCI_ROLE_TIME, true, false },
		{ "session_close_time_utc", BCI_ROLE_TIME, true, true },
		{ "end_date", BCI_ROLE_TIME, true, false },
		{ "start_date", BCI_ROLE_DATE, false, false },
		{ "local_trading_day", BCI_ROLE_DATE, false, false },
		{ "trade_date_utc", BCI_ROLE_DATE, false, true },
		{ "last_trade_time", BCI_ROLE_DROP, false, false },
		{ "expiry_date", BCI_ROLE_DROP, false, false },
		{ "time_zone", BCI_ROLE_DROP, false, false },
		{ "candle_start", BCI_ROLE_DROP, false, false },
		{ "runtime", BCI_ROLE_DROP, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		const struct bci_meaning *meaning =
			bci_column_meaning(moments[i].name);

		if (moments[i].role == BCI_ROLE_DROP) {
			assert_null(meaning);
			continue;
		}
		assert_non_null(meaning);
		assert_int_equal(meaning->role, moments[i].role);
		assert_int_equal(meaning->close, moments[i].close);
		assert_int_equal(meaning->utc, moments[i].utc);
	}
}

static void
a_weak_name_stands_back(void **state)
{
	static const char *const weak[] = { "price",        "last",
		                            "name",         "day",
		                            "local_time",   "isin",
		                            "instrument_id" };

	(void)state;
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++)
		assert_true(bci_column_meaning(weak[i])->weak);
	assert_true(bci_column_meaning("gmt_time")->utc);
	assert_true(bci_column_meaning("window_start")->utc);
	assert_false(bci_column_meaning("datetime")->utc);
	assert_true(bci_column_meaning("closetime")->close);
}

static void
other_names_mean_nothing(void **state)
{
	static const char *const names[] = {
		"",           "volume_ma", "volume_sma",
		"volume_24h", "rsi",       "ma_20",
		"open_ask_x", "bid",       "ask",
		"mask",       "amid",      "volumes_x",
		"volume_a_b", "signal",    "closed",
		"openn",      "o h",       "volume_verylongname",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bci_column_meaning(names[i]) != NULL)
			fail_msg("'%s' means '%s'", names[i],
			         bci_column_meaning(names[i])->name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_spelled_in_one_way),
		cmocka_unit_test(what_is_too_long_or_no_utf8_has_no_spelling),
		cmocka_unit_test(every_name_of_ours_means_itself),
		cmocka_unit_test(headers_of_exchanges_are_known),
		cmocka_unit_test(headers_of_vendors_are_known),
		cmocka_unit_test(headers_of_programs_are_known),
		cmocka_unit_test(headers_in_other_languages_are_known),
		cmocka_unit_test(words_of_a_moment_say_what_it_is),
		cmocka_unit_test(a_weak_name_stands_back),
		cmocka_unit_test(other_names_mean_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * preset.c - a table of the shapes of files.
 *
 * Each row says what the files of a source have in common and what a reader
 * could not know from them: the order of fields without a header, the unit of
 * integers, the time zone, which end of a bar is its stamp.  Where sources
 * differ from file to file, the row has what they write today.
 *
 * A form "unix" lets each number tell its unit, as one symbol may have
 * milliseconds up to a date and microseconds from then on (Binance, 2025).
 * Written, it is milliseconds.
 */
#include "common.h"

#include "preset.h"

/* What most sources have. */
#define OHLCV "open,high,low,close,volume"

const struct bci_preset bci_presets[] = {
	{
		.name = "binance",
		.summary = "Binance klines: 12 columns, ms or us",
		.delimiter = ',',
		.header = true,
		.fields = "time," OHLCV ",close_time,quote_volume,count,"
			  "taker_buy_volume,taker_buy_quote_volume,ignore",
		.labels = "open_time," OHLCV ",close_time,quote_volume,count,"
			  "taker_buy_volume,taker_buy_quote_volume,ignore",
		.time_format = "unix",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "ccxt",
		.summary = "JSON [[ms,open,high,low,close,volume],...]",
		.delimiter = ',',
		.json = true,
		.fields = "time," OHLCV,
		.time_format = "ms",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "freqtrade",
		.summary = "JSON of freqtrade: the rows of ccxt",
		.delimiter = ',',
		.json = true,
		.fields = "time," OHLCV,
		.time_format = "ms",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "coinbase",
		.summary = "JSON [[s,low,high,open,close,volume],...]",
		.delimiter = ',',
		.json = true,
		.fields = "time,low,high,open,close,volume",
		.time_format = "s",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "kraken",
		.summary = "Kraken: s, no header, count of trades last",
		.delimiter = ',',
		.fields = "time," OHLCV ",count",
		.time_format = "s",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "bitfinex",
		.summary = "Bitfinex: ms, no header, close before high",
		.delimiter = ',',
		.fields = "time,open,close,high,low,volume",
		.time_format = "ms",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "cryptodatadownload",
		.also = "cdd",
		.summary = "CryptoDataDownload: newest row first",
		.delimiter = ',',
		.header = true,
		.fields = "time,-,symbol," OHLCV ",quote_volume,[count]",
		.labels = "unix,date,symbol," OHLCV ",volume_quote,tradecount",
		.time_format = "unix",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
	},
	{
		.name = "kaggle",
		.summary = "Kaggle's Bitcoin minutes: s, weighted price",
		.delimiter = ',',
		.header = true,
		.fields = "time," OHLCV ",quote_volume,vwap",
		.labels = "Timestamp,Open,High,Low,Close,Volume_(BTC),"
			  "Volume_(Currency),Weighted_Price",
		.time_format = "s",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "yahoo",
		.summary = "Yahoo days: Date,Open,...,Adj Close,Volume",
		.delimiter = ',',
		.header = true,
		.fields = "time,open,high,low,close,adj_close,volume",
		.labels = "Date,Open,High,Low,Close,Adj Close,Volume",
		.time_format = "%Y-%m-%d",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "yfinance",
		.summary = "yfinance: Date,Close,High,Low,Open,Volume",
		.delimiter = ',',
		.header = true,
		.fields = "time,close,high,low,open,volume",
		.labels = "Date,Close,High,Low,Open,Volume",
		.time_format = "%Y-%m-%d %H:%M:%S%z",
		.daily_format = "%Y-%m-%d",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "stooq",
		.summary = "Stooq days: Date,Open,High,Low,Close,Volume",
		.delimiter = ',',
		.header = true,
		.fields = "time,open,high,low,close,[volume]",
		.labels = "Date,Open,High,Low,Close,Volume",
		.time_format = "%Y-%m-%d",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "stooq-bulk",
		.summary = "Stooq bulk files: <TICKER>,<PER>,<DATE>,...",
		.delimiter = ',',
		.header = true,
		.fields = "symbol,period,date,clock," OHLCV ",open_interest",
		.labels = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,"
			  "<CLOSE>,<VOL>,<OPENINT>",
		.time_format = "%Y%m%d",
		.clock_format = "%H%M%S",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "mt5",
		.summary = "MetaTrader 5: tabs, broker's time",
		.delimiter = '\t',
		.header = true,
		.fields = "date,clock,open,high,low,close,tick_volume,volume,"
			  "spread",
		.labels = "<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,"
			  "<TICKVOL>,<VOL>,<SPREAD>",
		.time_format = "%Y.%m.%d",
		.clock_format = "%H:%M:%S",
		.daily_format = "%Y.%m.%d",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "mt4",
		.also = "histdata-mt",
		.summary = "MetaTrader 4: no header, broker's time",
		.delimiter = ',',
		.fields = "date,clock," OHLCV,
		.time_format = "%Y.%m.%d",
		.clock_format = "%H:%M",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "histdata",
		.summary = "HistData ASCII: ';', EST without summer time",
		.delimiter = ';',
		.fields = "time," OHLCV,
		.time_format = "%Y%m%d %H%M%S",
		.zone = "-05:00",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "ninjatrader",
		.summary = "NinjaTrader: ';', UTC, stamped at the close",
		.delimiter = ';',
		.fields = "time," OHLCV,
		.time_format = "%Y%m%d %H%M%S",
		.daily_format = "%Y%m%d",
		.zone = "UTC",
		.stamp = BCI_STAMP_CLOSE,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "dukascopy",
		.summary = "Dukascopy: Time (UTC),Open,...,Volume",
		.delimiter = ',',
		.header = true,
		.fields = "time," OHLCV,
		.labels = "Time (UTC),Open,High,Low,Close,Volume",
		.time_format = "%Y.%m.%d %H:%M:%S",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "tradingview",
		.summary = "TradingView: time,open,high,low,close,Volume",
		.delimiter = ',',
		.header = true,
		.fields = "time," OHLCV,
		.labels = "time,open,high,low,close,Volume",
		.time_format = "s",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "polygon",
		.also = "massive",
		.summary = "Polygon, Massive flat files: ns, many tickers",
		.delimiter = ',',
		.header = true,
		.fields = "symbol,volume,open,close,high,low,time,count",
		.labels = "ticker,volume,open,close,high,low,window_start,"
			  "transactions",
		.time_format = "ns",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "databento",
		.summary = "Databento CSV: ns, prices in parts of 1e-9",
		.delimiter = ',',
		.header = true,
		.fields = "time,-,-,-," OHLCV ",[symbol]",
		.labels = "ts_event,rtype,publisher_id,instrument_id," OHLCV
			  ",symbol",
		.time_format = "ns",
		.zone = "UTC",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1e9,
		.writable = true,
	},
	{
		.name = "kibot",
		.summary = "Kibot: no header, New York time",
		.delimiter = ',',
		.fields = "date,clock," OHLCV,
		.time_format = "%m/%d/%Y",
		.clock_format = "%H:%M",
		.daily_format = "%m/%d/%Y",
		.zone = "America/New_York",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "lean",
		.summary = "LEAN: ms of a day, or hours and days",
		.delimiter = ',',
		.fields = "time," OHLCV,
		.time_format = "ms-of-day",
		.daily_format = "%Y%m%d %H:%M",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
	{
		.name = "lean-equity",
		.summary = "LEAN equities: prices in parts of 1/10000",
		.delimiter = ',',
		.fields = "time," OHLCV,
		.time_format = "ms-of-day",
		.daily_format = "%Y%m%d %H:%M",
		.zone = "America/New_York",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1e4,
		.writable = true,
	},
	{
		.name = "qlib",
		.summary = "Qlib: symbol,date,open,close,...,factor",
		.delimiter = ',',
		.header = true,
		.fields = "symbol,time,open,close,high,low,volume,factor",
		.labels = "symbol,date,open,close,high,low,volume,factor",
		.time_format = "%Y-%m-%d %H:%M:%S",
		.daily_format = "%Y-%m-%d",
		.stamp = BCI_STAMP_OPEN,
		.price_divisor = 1,
		.writable = true,
	},
};
const size_t bci_preset_count = BCI_COUNT(bci_presets);

const struct bci_preset *
bci_preset_find(const char *name)
{
	for (size_t i = 0; i < bci_preset_count; i++) {
		const struct bci_preset *preset = &bci_presets[i];

		if (strcmp(preset->name, name) == 0 ||
		    (preset->also != NULL && strcmp(preset->also, name) == 0))
			return preset;
	}
	return NULL;
}

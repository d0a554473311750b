/* SPDX-License-Identifier: MIT */
/*
 * test_sniff.c - what is found out about files with a header, source by source.
 */
#include "barcache.h"

#include "sniff_unit.h"

static const struct sniff_case exchanges[] = {
	{ .text = "open_time,open,high,low,close,volume,close_time,"
	          "quote_volume,count,taker_buy_volume,"
	          "taker_buy_quote_volume,ignore\n"
	          "1704067200000,42283.58,42298.62,42261.02,42298.61,"
	          "35.92724,1704067259999,1519032.73,1327,23.18,"
	          "980394.73,0\n"
	          "1704067260000,42298.62,42320.0,42298.61,42320.0,"
	          "21.16779,1704067319999,895580.6,1348,10.41,"
	          "440539.0,0\n",
	  .expected = "TIME open high low close volume -close_time "
	              "-quote_volume -count -taker_buy_volume "
	              "-taker_buy_quote_volume -ignore | unix=found "
	              "| UTC=stated | open=stated | stated binance" },
	{ .text = "ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm\n"
	          "1704067200000,42283.5,42298.6,42261.0,42298.6,"
	          "35.9,35.9,1500000,1\n"
	          "1704067260000,42298.6,42320.0,42298.6,42320.0,"
	          "21.1,21.1,900000,1\n",
	  .expected = "TIME open high low close volume -volccy "
	              "-quote_volume -confirm | unix=found | "
	              "UTC=stated | open=assumed | stated" },
	{ .text = "timestamp,open,high,low,close,volume\n"
	          "1704067200,42283,42298,42261,42298,35.9\n"
	          "1704067260,42298,42320,42298,42320,21.1\n",
	  .expected = "TIME open high low close volume | unix=found "
	              "| UTC=stated | open=assumed | stated" },
	{ .text = "Timestamp,Open,High,Low,Close,Volume_(BTC),"
	          "Volume_(Currency),Weighted_Price\n"
	          "1325317920,4.39,4.39,4.39,4.39,0.45558087,"
	          "2.0000000193,4.39\n"
	          "1325317980,NaN,NaN,NaN,NaN,NaN,NaN,NaN\n"
	          "1325318040,4.39,4.40,4.38,4.39,0.45558087,"
	          "2.0000000193,4.39\n",
	  .expected = "TIME open high low close volume -quote_volume "
	              "-vwap | unix=found | UTC=stated | open=stated "
	              "| stated kaggle" },
	{ .text = "https://www.CryptoDataDownload.com\n"
	          "unix,date,symbol,open,high,low,close,Volume BTC,"
	          "Volume USD\n"
	          "1646092800,2022-03-01 00:00:00,BTC/USD,43221.71,"
	          "43626.49,43185.48,43312.27,52.05632512,"
	          "2254677.87\n"
	          "1646089200,2022-02-28 23:00:00,BTC/USD,43085.30,"
	          "43364.81,42892.37,43178.98,106.81629132,"
	          "4612210.31\n",
	  .expected = "TIME -date SYMBOL open high low close volume "
	              "-quote_volume | unix=found | UTC=stated | "
	              "open=assumed | stated" },
	{ .text = "Unix Timestamp,Date,Symbol,Open,High,Low,Close,"
	          "Volume\n"
	          "1546300740000,2018-12-31 23:59:00,BTCUSD,3689.14,"
	          "3689.14,3689.14,3689.14,0\n"
	          "1546300680000,2018-12-31 23:58:00,BTCUSD,3689.14,"
	          "3690.14,3688.14,3689.14,1\n",
	  .expected = "TIME -date SYMBOL open high low close volume "
	              "| unix=found | UTC=stated | open=assumed | "
	              "stated" },
	{ .text = "close_time,open,high,low,close,volume\n"
	          "1704067260000,42283.58,42298.62,42261.02,42298.61,"
	          "35.92724\n"
	          "1704067320000,42298.62,42320.0,42298.61,42320.0,"
	          "21.16779\n",
	  .expected = "TIME open high low close volume | unix=found "
	              "| UTC=stated | close=stated | stated" },
	{ .text = "t\to\th\tl\tc\tv\tn\tvw\n"
	          "1704067200000\t1\t2\t0.5\t1.5\t10\t3\t1.2\n"
	          "1704067260000\t1.5\t2\t0.5\t1\t10\t4\t1.3\n",
	  .expected = "TIME open high low close volume -count -vwap "
	              "| unix=found | UTC=stated | open=assumed | "
	              "stated" },
	{ .text = "# time open high low close volume\n"
	          "1704067200 1 2 0.5 1.5 10\n"
	          "1704067260 1.5 2 0.5 1 10\n",
	  .expected = "TIME open high low close volume | unix=found "
	              "| UTC=stated | open=assumed | stated" },
};

static void
exchanges_are_read_by_their_headers(void **state)
{
	(void)state;
	sniff_check(exchanges, BCI_COUNT(exchanges));
}

static const struct sniff_case vendors[] = {
	{ .text = "ticker,volume,open,close,high,low,window_start,"
	          "transactions\n"
	          "AAPL,4930,200.29,200.5,200.63,200.29,"
	          "1744792500000000000,129\n"
	          "AAPL,1815,200.39,200.34,200.61,200.34,"
	          "1744792560000000000,57\n"
	          "MSFT,1815,400.39,400.34,400.61,400.34,"
	          "1744792560000000000,57\n",
	  .expected = "SYMBOL volume open close high low TIME -count "
	              "| unix=found | UTC=stated | open=stated | "
	              "stated polygon" },
	{ .text = "ts_event,rtype,publisher_id,instrument_id,open,"
	          "high,low,close,volume,symbol\n"
	          "1704153600000000000,33,1,5482,4800250000000,"
	          "4801000000000,4800000000000,4800500000000,120,"
	          "ESH4\n"
	          "1704153660000000000,33,1,5482,4800500000000,"
	          "4801500000000,4800250000000,4801250000000,95,"
	          "ESH4\n",
	  .expected = "TIME PERIOD -publisher_id -instrument_id open "
	              "high low close volume SYMBOL | unix=found | "
	              "UTC=stated | open=stated | stated databento "
	              "/1e+09=stated" },
	{ .text = "ts_event,rtype,publisher_id,instrument_id,open,"
	          "high,low,close,volume\n"
	          "2024-01-02T00:00:00.000000000Z,34,1,5482,"
	          "4800.250000000,4801.0,4800.0,4800.5,120\n"
	          "2024-01-02T01:00:00.000000000Z,34,1,5482,"
	          "4800.500000000,4801.5,4800.25,4801.25,95\n",
	  .expected = "TIME PERIOD -publisher_id SYMBOL open high "
	              "low close volume | "
	              "%Y-%m-%dT%H:%M:%S.%f%z=found | UTC=stated | "
	              "open=assumed | stated" },
	{ .text = "symbol,timestamp,open,high,low,close,volume,"
	          "trade_count,vwap\n"
	          "SPY,2024-01-02 09:00:00+00:00,476.1,476.3,476.0,"
	          "476.2,1204,30,476.15\n"
	          "SPY,2024-01-02 09:01:00+00:00,476.2,476.4,476.1,"
	          "476.3,904,20,476.25\n",
	  .expected = "SYMBOL TIME open high low close volume -count "
	              "-vwap | %Y-%m-%d %H:%M:%S%z=found | "
	              "UTC=stated | open=assumed | stated" },
	{ .text = "date,close,high,low,open,volume,adjClose,adjHigh,"
	          "adjLow,adjOpen,adjVolume,divCash,splitFactor\n"
	          "2024-01-02,185.64,188.44,183.885,187.15,82488674,"
	          "184.9,187.6,183.1,186.4,82488674,0.0,1.0\n"
	          "2024-01-03,184.25,185.88,183.43,184.22,58414460,"
	          "183.5,185.1,182.7,183.5,58414460,0.0,1.0\n",
	  .expected = "TIME close high low open volume -adj_close "
	              "-adj_high -adj_low -adj_open -adj_volume "
	              "-dividends -splits | %Y-%m-%d=found | "
	              "UTC=stated | open=stated | stated" },
	{ .text = "Date,Open,High,Low,Close,Adjusted_close,Volume\n"
	          "2024-01-02,187.15,188.44,183.885,185.64,184.9,"
	          "82488674\n"
	          "2024-01-03,184.22,185.88,183.43,184.25,183.5,"
	          "58414460\n",
	  .expected = "TIME open high low close -adj_close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "Timestamp,Gmtoffset,Datetime,Open,High,Low,Close,"
	          "Volume\n"
	          "1704205800,0,\"2024-01-02 14:30:00\",187.15,"
	          "188.44,186.885,187.64,8248867\n"
	          "1704205860,0,\"2024-01-02 14:31:00\",187.64,"
	          "187.88,186.43,187.25,5841446\n",
	  .expected = "TIME -gmtoffset -datetime open high low close "
	              "volume | unix=found | UTC=stated | "
	              "open=assumed | stated" },
	{ .text = "timestamp,open,high,low,close,adjusted_close,"
	          "volume,dividend_amount,split_coefficient\n"
	          "2024-01-03,184.22,185.88,183.43,184.25,183.9,"
	          "58414460,0.0000,1.0\n"
	          "2024-01-02,187.15,188.44,183.885,185.64,184.9,"
	          "82488674,0.0000,1.0\n",
	  .expected = "TIME open high low close -adj_close volume "
	              "-dividends -splits | %Y-%m-%d=found | "
	              "UTC=stated | open=stated | stated" },
	{ .text = "date\t1. open\t2. high\t3. low\t4. close\t5. "
	          "volume\n"
	          "2024-01-03\t184.22\t185.88\t183.43\t184.25\t584144"
	          "60\n"
	          "2024-01-02\t187.15\t188.44\t183.885\t185.64\t82488"
	          "674\n",
	  .expected = "TIME open high low close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "Datetime,Open,High,Low,Close,Volume,Dividends,"
	          "Stock Splits\n"
	          "2024-01-02 09:30:00-05:00,472.65,473.67,470.49,"
	          "472.16,123623700,0.0,0.0\n"
	          "2024-01-02 09:31:00-05:00,472.16,473.67,470.49,"
	          "472.36,103585900,0.0,0.0\n",
	  .expected = "TIME open high low close volume -dividends "
	              "-splits | %Y-%m-%d %H:%M:%S%z=found | "
	              "UTC=stated | open=assumed | stated" },
	{ .text = "Date,Open,High,Low,Close,Adj Close,Volume\n"
	          "2011-01-03,null,null,null,null,null,null\n"
	          "2011-01-04,1.1,1.2,1.0,1.15,1.15,100\n",
	  .expected = "TIME open high low close -adj_close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated yahoo" },
	{ .text = "symbol,date,open,close,high,low,volume,factor\n"
	          "SH600000,2020-01-02,12.47,12.47,12.64,12.45,"
	          "51629079,1.0\n"
	          "SH600000,2020-01-03,12.57,12.60,12.63,12.47,"
	          "38018810,1.0\n",
	  .expected = "SYMBOL TIME open close high low volume "
	              "-factor | %Y-%m-%d=found | UTC=stated | "
	              "open=stated | stated qlib" },
	{ .text = "time,volume,mid.o,mid.h,mid.l,mid.c\n"
	          "2024-01-02T00:00:00.000000000Z,120,1.10427,"
	          "1.10438,1.10395,1.10407\n"
	          "2024-01-02T00:01:00.000000000Z,130,1.10407,"
	          "1.10448,1.10395,1.10417\n",
	  .expected = "TIME volume open high low close | "
	              "%Y-%m-%dT%H:%M:%S.%f%z=found | UTC=stated | "
	              "open=assumed | stated" },
	{ .text = "time,bid.o,bid.h,bid.l,bid.c,ask.o,ask.h,ask.l,"
	          "ask.c,volume\n"
	          "2024-01-02T00:00:00.000000000Z,1.10427,1.10438,"
	          "1.10395,1.10407,1.1043,1.1044,1.104,1.1041,120\n"
	          "2024-01-02T00:01:00.000000000Z,1.10407,1.10448,"
	          "1.10395,1.10417,1.1041,1.1045,1.104,1.1042,130\n",
	  .expected = "TIME bid_open bid_high bid_low bid_close "
	              "ask_open ask_high ask_low ask_close volume | "
	              "%Y-%m-%dT%H:%M:%S.%f%z=found | UTC=stated | "
	              "open=assumed | stated" },
};

static void
vendors_are_read_by_their_headers(void **state)
{
	(void)state;
	sniff_check(vendors, BCI_COUNT(vendors));
}

static const struct sniff_case sites[] = {
	{ .text = "\"Date\",\"Price\",\"Open\",\"High\",\"Low\","
	          "\"Vol.\",\"Change %\"\n"
	          "\"01/31/2024\",\"184.40\",\"187.04\",\"187.10\","
	          "\"184.35\",\"55.47M\",\"-1.94%\"\n"
	          "\"01/30/2024\",\"188.04\",\"190.94\",\"191.80\","
	          "\"187.47\",\"55.86M\",\"-1.92%\"\n",
	  .expected = "TIME close open high low volume "
	              "-change_percent | %m/%d/%Y=found | UTC=stated "
	              "| open=stated | stated" },
	{ .text = "\"Date\",\"Price\",\"Open\",\"High\",\"Low\","
	          "\"Vol.\",\"Change %\"\n"
	          "\"Jan 31, 2024\",\"42,580.5\",\"42,941.0\",\"43,"
	          "743.0\",\"42,284.2\",\"54.90K\",\"-0.84%\"\n"
	          "\"Jan 30, 2024\",\"42,941.1\",\"43,303.0\",\"43,"
	          "838.9\",\"42,700.2\",\"56.10K\",\"-0.83%\"\n",
	  .expected = "TIME close open high low volume "
	              "-change_percent | %b %d, %Y=found | "
	              "UTC=stated | open=stated | stated numbers . ,"
	              "=found" },
	{ .text = "Date,Close/Last,Volume,Open,High,Low\n"
	          "01/31/2024,$184.40,55467800,$187.04,$187.095,"
	          "$184.35\n"
	          "01/30/2024,$188.04,55859370,$190.94,$191.80,"
	          "$187.47\n",
	  .expected = "TIME close volume open high low | "
	              "%m/%d/%Y=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "Date,Open,High,Low,Close,Volume\n"
	          "01/31/2024,\"187.04\",\"187.10\",\"184.35\","
	          "\"184.40\",\"55,467,800\"\n"
	          "01/30/2024,\"190.94\",\"191.80\",\"187.47\","
	          "\"188.04\",\"55,859,370\"\n",
	  .expected = "TIME open high low close volume | "
	              "%m/%d/%Y=found | UTC=stated | open=stated | "
	              "stated numbers . ,=found" },
	{ .text = "Date, Open, High, Low, Close, Volume\n"
	          "01/31/24, 187.04, 187.10, 184.35, 184.40, "
	          "55467800\n"
	          "01/30/24, 190.94, 191.80, 187.47, 188.04, "
	          "55859370\n",
	  .expected = "TIME open high low close volume | "
	              "%m/%d/%y=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "Date,Open,High,Low,Close,Volume\n"
	          "31-Jan-14,187.04,187.10,184.35,184.40,55467800\n"
	          "30-Jan-14,190.94,191.80,187.47,188.04,55859370\n",
	  .expected = "TIME open high low close volume | "
	              "%d-%b-%y=found | UTC=stated | open=stated | "
	              "stated" },
};

static void
sites_write_for_people(void **state)
{
	(void)state;
	sniff_check(sites, BCI_COUNT(sites));
}

static const struct sniff_case programs[] = {
	{ .text = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<T"
	          "ICKVOL>\t<VOL>\t<SPREAD>\n"
	          "2024.01.02\t00:00:00\t1.10427\t1.10438\t1.10395\t1"
	          ".10407\t456\t0\t12\n"
	          "2024.01.02\t01:00:00\t1.10407\t1.10447\t1.10405\t1"
	          ".10437\t556\t0\t11\n",
	  .expected = "DATE CLOCK open high low close volume -vol "
	              "-spread | %Y.%m.%d + %H:%M:%S=found | "
	              "UTC=assumed | open=stated | stated mt5" },
	{ .text = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<T"
	          "ICKVOL>\t<VOL>\t<SPREAD>\n"
	          "2024.01.02\t00:00:00\t1.10427\t1.10438\t1.10395\t1"
	          ".10407\t456\t12345\t12\n"
	          "2024.01.02\t01:00:00\t1.10407\t1.10447\t1.10405\t1"
	          ".10437\t556\t1\t11\n",
	  .expected = "DATE CLOCK open high low close -tick_volume "
	              "volume -spread | %Y.%m.%d + %H:%M:%S=found | "
	              "UTC=assumed | open=stated | stated mt5" },
	{ .text = "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>"
	          "\t<VOL>\t<SPREAD>\n"
	          "2024.01.02\t1.10427\t1.10438\t1.10395\t1.10407\t45"
	          "6\t0\t12\n"
	          "2024.01.03\t1.10407\t1.10447\t1.10405\t1.10437\t55"
	          "6\t0\t11\n",
	  .expected = "TIME open high low close volume -vol -spread "
	              "| %Y.%m.%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,"
	          "<CLOSE>,<VOL>,<OPENINT>\n"
	          "AAPL.US,5,20240102,153000,187.15,187.9,186.5,"
	          "187.0,1000,0\n"
	          "AAPL.US,5,20240102,153500,187.0,187.9,186.5,187.5,"
	          "1100,0\n",
	  .expected = "SYMBOL PERIOD DATE CLOCK open high low close "
	              "volume -open_interest | %Y%m%d + %H%M%S=found "
	              "| UTC=assumed | open=stated | stated "
	              "stooq-bulk" },
	{ .text = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,"
	          "<CLOSE>,<VOL>,<OPENINT>\n"
	          "AAPL.US,D,19840907,000000,0.1,0.101,0.099,0.1,"
	          "98811715,0\n"
	          "AAPL.US,D,19840910,000000,0.1,0.1015,0.0991,0.1,"
	          "76935250,0\n",
	  .expected = "SYMBOL PERIOD DATE CLOCK open high low close "
	              "volume -open_interest | %Y%m%d + %H%M%S=found "
	              "| UTC=stated | open=stated | stated stooq-bulk" },
	{ .text = "Gmt time,Open,High,Low,Close,Volume\n"
	          "01.01.2024 22:00:00.000,1.10427,1.10429,1.10425,"
	          "1.10425,12.5\n"
	          "01.01.2024 22:01:00.000,1.10425,1.10429,1.10422,"
	          "1.10427,22.5\n",
	  .expected = "TIME open high low close volume | %d.%m.%Y "
	              "%H:%M:%S.%f=assumed | UTC=stated | "
	              "open=assumed | stated" },
	{ .text = "Local time,Open,High,Low,Close,Volume\n"
	          "02.05.2016 06:01:00.000 GMT+0200,1.14561,1.14579,"
	          "1.14555,1.14574,136.5\n"
	          "02.05.2016 06:02:00.000 GMT+0200,1.14574,1.14579,"
	          "1.14555,1.14570,126.5\n",
	  .expected = "TIME open high low close volume | %d.%m.%Y "
	              "%H:%M:%S.%f%z=assumed | UTC=stated | "
	              "open=assumed | stated" },
	{ .text = "Time (UTC),Open,High,Low,Close,Volume\n"
	          "2016.05.02 06:01:00,1.14561,1.14579,1.14555,"
	          "1.14574,136.5\n"
	          "2016.05.02 06:02:00,1.14574,1.14579,1.14555,"
	          "1.14570,126.5\n",
	  .expected = "TIME open high low close volume | %Y.%m.%d "
	              "%H:%M:%S=found | UTC=stated | open=stated | "
	              "stated dukascopy" },
	{ .text = "time,open,high,low,close,Volume\n"
	          "1704205800,187.15,188.44,186.885,187.64,8248867\n"
	          "1704209400,187.64,187.88,186.43,187.25,5841446\n",
	  .expected = "TIME open high low close volume | unix=found "
	              "| UTC=stated | open=stated | stated "
	              "tradingview" },
	{ .text = "time,open,high,low,close,MA,MA,Volume,Volume MA\n"
	          "2024-01-02T09:30:00-05:00,187.15,188.44,186.885,"
	          "187.64,1,2,8248867,1\n"
	          "2024-01-02T10:30:00-05:00,187.64,187.88,186.43,"
	          "187.25,1,2,5841446,1\n",
	  .expected = "TIME open high low close -ma -ma volume "
	              "-volume_ma | %Y-%m-%dT%H:%M:%S%z=found | "
	              "UTC=stated | open=assumed | stated" },
	{ .text = "Date, Time, Open, High, Low, Last, Volume, "
	          "NumberOfTrades, BidVolume, AskVolume\n"
	          "2024/1/2, 09:30:00.0, 4788.25, 4790.00, 4787.50, "
	          "4789.75, 1200, 450, 600, 600\n"
	          "2024/1/2, 09:31:00.0, 4789.75, 4791.00, 4788.50, "
	          "4790.75, 1100, 440, 500, 600\n",
	  .expected = "DATE CLOCK open high low close volume -count "
	              "bid_volume ask_volume | %Y/%m/%d + "
	              "%H:%M:%S.%f=found | UTC=assumed | "
	              "open=assumed | stated" },
};

static void
programs_are_read_by_their_headers(void **state)
{
	(void)state;
	sniff_check(programs, BCI_COUNT(programs));
}

static const struct sniff_case headings[] = {
	{ .text = ",Date,Open,High,Low,Close,Volume\n"
	          "0,2024-01-02,187.15,188.44,183.885,185.64,"
	          "82488674\n"
	          "1,2024-01-03,184.22,185.88,183.43,184.25,"
	          "58414460\n",
	  .expected = "-field_1 TIME open high low close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "Date,Open,High,Low,Close,Volume,\n"
	          "2024-01-02,187.15,188.44,183.885,185.64,82488674,"
	          "\n"
	          "2024-01-03,184.22,185.88,183.43,184.25,58414460,\n",
	  .expected = "TIME open high low close volume -field_7 | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "Date,Open,High,Low,Close,Volume\n"
	          "2024-01-02,187.15,188.44,183.885,185.64,82488674,"
	          "\n"
	          "2024-01-03,184.22,185.88,183.43,184.25,58414460,\n",
	  .expected = "TIME open high low close volume -field_7 | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "Price,Close,High,Low,Open,Volume\n"
	          "Ticker,SPY,SPY,SPY,SPY,SPY\n"
	          "Date,,,,,\n"
	          "2024-01-02,472.65,473.67,470.49,472.16,123623700\n"
	          "2024-01-03,468.79,471.19,468.17,470.43,103585900\n",
	  .expected = "TIME close high low open volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated yfinance" },
	{ .text = "Price,Close,Close,High,High\n"
	          "Ticker,SPY,QQQ,SPY,QQQ\n"
	          "Date,,,,\n"
	          "2024-01-02,472.65,473.67,470.49,472.16\n"
	          "2024-01-03,468.79,471.19,468.17,470.43\n",
	  .expected = "refused 2: columns of several symbols side by "
	              "side (SPY, QQQ): write one file a symbol" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "2024-01-02,1,2,0.5,1,3,4\n"
	          "2024-01-03,1,2,0.5,1,3,4\n",
	  .expected = "refused 1: the header names 5 fields, rows "
	              "have 7: name them all by --columns" },
	{ .text = "Date Open High Low Close Volume\n"
	          "2024-01-02 187.15 188.44 183.885 185.64 82488674\n"
	          "2024-01-03 184.22 185.88 183.43 184.25 58414460\n",
	  .expected = "TIME open high low close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "time|open|high|low|close\n"
	          "2024-01-02T00:00Z|1|2|0.5|1\n",
	  .expected = "TIME open high low close | "
	              "%Y-%m-%dT%H:%M%z=found | UTC=stated | "
	              "open=assumed | stated" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "2024-01-02,1,2,0.5,1\n",
	  .expected = "TIME open high low close | %Y-%m-%d=found | "
	              "UTC=stated | open=stated | stated" },
	{ .text = "\"Index\",\"AAPL.Open\",\"AAPL.High\","
	          "\"AAPL.Low\",\"AAPL.Close\",\"AAPL.Volume\","
	          "\"AAPL.Adjusted\"\n"
	          "2024-01-02,187.15,188.44,183.885,185.64,82488674,"
	          "184.9\n",
	  .expected = "TIME open high low close volume "
	              "-aapl_adjusted | %Y-%m-%d=found | UTC=stated "
	              "| open=stated | stated" },
	{ .text = "Date,Close_SPY,High_SPY,Low_SPY,Open_SPY,"
	          "Volume_SPY\n"
	          "2024-01-02,472.65,473.67,470.49,472.16,123623700\n",
	  .expected = "TIME close high low open volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "Index,AAPL.Open,AAPL.Close,MSFT.Open,MSFT.Close\n"
	          "2024-01-02,187.15,188.44,183.885,185.64\n",
	  .expected = "refused 1: no prices but a column a symbol "
	              "(Index, AAPL.Open, AAPL.Close, MSFT.Open, "
	              "MSFT.Close): import one at a time by "
	              "--columns AAPL.Open=close --symbol AAPL.Open" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "2024-02-28,1,2,0.5,1\n"
	          "Date,Open,High,Low,Close\n"
	          "2024-03-01,1,2,0.5,1\n",
	  .expected = "TIME open high low close | %Y-%m-%d=found | "
	              "UTC=stated | open=stated | stated" },
	{ .text = "Date,Time,Open,High,Low,Close\n"
	          "2024-02-28,09:30,1,2,0.5,1,\n"
	          "2024-02-28,09:31,1,2,0.5,1,\n",
	  .expected = "DATE CLOCK open high low close -field_7 | "
	              "%Y-%m-%d + %H:%M=found | UTC=assumed | "
	              "open=assumed | stated" },
	{ .text = "Date,Open,High,Low,Close,OpenInterest\n"
	          "2024-02-28,09:30:00,1,2,0.5,1,0\n"
	          "2024-02-28,09:31:00,1,2,0.5,1,0\n",
	  .expected = "DATE CLOCK open high low close -open_interest "
	              "| %Y-%m-%d + %H:%M:%S=found | UTC=assumed | "
	              "open=assumed | stated" },
	{ .text = "Date,Open,High,Low,Close,v\n"
	          "2024-02-28,1,2,0.5,1,5\n",
	  .expected = "TIME open high low close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
};

static void
headers_may_have_gaps_and_levels(void **state)
{
	(void)state;
	sniff_check(headings, BCI_COUNT(headings));
}

static const struct sniff_case styles[] = {
	{ .text = "sep=;\n"
	          "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen\n"
	          "02.01.2024;187,15;188,44;183,885;185,"
	          "64;82.488.674\n"
	          "03.01.2024;184,22;185,88;183,43;184,"
	          "25;58.414.460\n",
	  .expected = "TIME open high low close volume | "
	              "%d.%m.%Y=assumed | UTC=stated | open=stated | "
	              "stated numbers , .=found" },
	{ .text = "Date;Open;High;Low;Close;Volume\n"
	          "2024-01-02;1 187,15;1 188,44;1 183,885;1 185,"
	          "64;82 488 674\n",
	  .expected = "TIME open high low close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated numbers ,  =found" },
	{ .text = "Date;Open;High;Low;Close;Volume\n"
	          "2024-01-02;1'187.15;1'188.44;1'183.885;1'185.64;82"
	          "'488'674\n",
	  .expected = "TIME open high low close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated numbers . '=found" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "2024-01-02,\"1,187\",\"1,188\",\"1,183\",\"1,"
	          "185\"\n",
	  .expected = "TIME open high low close | %Y-%m-%d=found | "
	              "UTC=stated | open=stated | stated numbers . ,"
	              "=assumed" },
	{ .text = "Date;Open;High;Low;Close\n"
	          "2024-01-02;1,187;1,188;1,183;1,185\n",
	  .expected = "TIME open high low close | %Y-%m-%d=found | "
	              "UTC=stated | open=stated | stated numbers , "
	              "0=assumed" },
	{ .text = "Date\tOpen\tHigh\tLow\tClose\tVolume\n"
	          "2024-02-28\t1.198\t1.199\t1.197\t1.198\t82,488\n",
	  .expected = "TIME open high low close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated numbers . ,=assumed" },
	{ .text = "Datum;Open;High;Low;Close;Volume\n"
	          "2024-02-28;145,123;145,199;145,001;145,"
	          "100;12.345\n",
	  .expected = "TIME open high low close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated numbers , .=assumed" },
};

static void
numbers_are_read_as_their_file_writes_them(void **state)
{
	(void)state;
	sniff_check(styles, BCI_COUNT(styles));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchanges_are_read_by_their_headers),
		cmocka_unit_test(vendors_are_read_by_their_headers),
		cmocka_unit_test(sites_write_for_people),
		cmocka_unit_test(programs_are_read_by_their_headers),
		cmocka_unit_test(headers_may_have_gaps_and_levels),
		cmocka_unit_test(numbers_are_read_as_their_file_writes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

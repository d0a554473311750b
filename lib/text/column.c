/* SPDX-License-Identifier: MIT */
/*
 * column.c - what the columns of a file may stand for, and the many names that
 * sources give them.
 *
 * Names are compared without case, '_' and the marks of letters, so that "Adj.
 * Close", "adjClose" and "ADJ_CLOSE" are one, as are both spellings of a German
 * or Polish name.  A table has the names of exchanges, vendors and programs in
 * the languages of their users; rules add what has no end: the bid, ask and mid
 * forms of a name, the volume in an asset, and moments whose words say what
 * they are ("candle_start_time_utc").
 */
#include "common.h"

#include <stdio.h>

#include "column.h"
#include "key.h"

/* ------------------------------------------------------------------------ */
/*  Meanings                                                                */
/* ------------------------------------------------------------------------ */

/*
 * Meanings and the names for them: a blank before and behind each, no '_', the
 * usual ones first.  Each name is there once.  The first COLUMN_SIDED have a
 * bid and an ask form.
 */
#define COLUMN_SIDED 5

static const struct column_row {
	struct bci_meaning meaning;
	const char *names;
} column_rows[] = {
	{ { .name = "open", .role = BCI_ROLE_PRICE, .standard = true },
	  " open o first opening openprice openingprice openpx "
	  "openrate priceopen pxopen openprc openvalue marketopen "
	  "tradeopen erster eroffnung eroeffnung eroffnungskurs "
	  "eroeffnungskurs anfang anfangskurs ouverture ouv "
	  "coursouverture premier apertura preciodeapertura abertura "
	  "otwarcie kursotwarcia oppningskurs oppning openingskoers "
	  "acilis 开盘 开盘价 今开 今开盘 開盤 開盤價 始値 시가 открытие откр "
	  "открытия "
	  "ценаоткрытия " },
	{ { .name = "high", .role = BCI_ROLE_PRICE, .standard = true },
	  " high h hi highest highprice highpx highrate pricehigh "
	  "pxhigh highvalue max maximum maxprice dayhigh highofday "
	  "askhi hoch tageshoch hochst hochstkurs hoechst hoechstkurs "
	  "haut plushaut courshaut maximo preciomaximo maxima massimo "
	  "najwyzszy kursmax hoogste hoog hogst hogstakurs hogsta "
	  "yuksek 最高 最高价 最高價 高値 고가 максимум макс " },
	{ { .name = "low", .role = BCI_ROLE_PRICE, .standard = true },
	  " low l lo lowest lowprice lowpx lowrate pricelow pxlow "
	  "lowvalue min minimum minprice daylow lowofday bidlo tief "
	  "tagestief tiefst tiefstkurs bas plusbas coursbas minimo "
	  "preciominimo minima najnizszy kursmin laagste laag lagst "
	  "lagstakurs lagsta dusuk 最低 最低价 最低價 安値 저가 минимум мин " },
	{ { .name = "close", .role = BCI_ROLE_PRICE, .standard = true },
	  " close c closing closeprice closingprice closepx closerate "
	  "priceclose pxclose closeprc closevalue marketclose "
	  "tradeclose closelast schluss schlusskurs tagesschluss "
	  "cloture clot coursdecloture cierre preciodecierre "
	  "fechamento chiusura prezzodichiusura zamkniecie "
	  "kurszamkniecia slotkoers slot stangningskurs stangning "
	  "kapanis 收盘 收盘价 收盤 收盤價 終値 종가 закрытие закр закрытия "
	  "ценазакрытия " },
	{ { .name = "volume", .role = BCI_ROLE_VALUE, .standard = true },
	  " volume v vol size volumes vols vlm volbase basevolume "
	  "basevol volumebase basevolm volumefrom volumetraded "
	  "tradedvolume tradevolume totalvolume totalvol realvolume "
	  "sharevolume volumeshares shares sharestraded numberofshares "
	  "noofshares noofsharestraded tottrdqty totaltradedquantity "
	  "ttltrdqty qty quantity tradedquantity tradedqty "
	  "contractstraded volumetotal volumeunits basecurrencyvolume "
	  "baseassetvolume volumen volum volym volumenes volumul "
	  "wolumen obrotwszt stuck stuecke stucke umsatzinstuck "
	  "quantita quantite titres volumi hacim hac cantidad "
	  "quantidade omloopaantal 成交量 成交股数 成交股數 总手 出来高 거래량 "
	  "объем "
	  "оборотвшт " },
	{ { .name = "close",
	    .role = BCI_ROLE_PRICE,
	    .standard = true,
	    .weak = true },
	  " price last lastprice latest latestprice ltp prc "
	  "lasttradedprice settle settlement settlementprice "
	  "settleprice letzter kurs dernier ultimo precio preco "
	  "ostatni cena senast simdi fiyat 现价 最新价 цена последняя " },
	{ { .name = "quote_volume", .role = BCI_ROLE_VALUE },
	  " quotevolume quotevol volumequote volquote quoteassetvolume "
	  "quoteassetvol qav qv q volumeto volumecurrency "
	  "volumeincurrency volumenotional notional notionalvolume "
	  "notionalvalue turnover totalturnover totalturnoverrs "
	  "turnoverlacs turnoverrs amount amt value dollarvolume "
	  "volccyquote volumeccyquote tottrdval totaltradedvalue "
	  "ttltrdval money volumemoney volumevalue tradedvalue "
	  "tradevalue tradingvalue umsatz obrot capitaux "
	  "volumequoteasset quotecurrencyvolume kwota 成交额 成交额元 成交金额 "
	  "成交額 成交金額 売買代金 거래대금 оборот " },
	{ { .name = "count", .role = BCI_ROLE_COUNT },
	  " count n trades tradecount tradescount counttrades "
	  "numtrades numberoftrades numoftrades nooftrades nbtrades "
	  "ntrades notrades tradesnum tradenum tradesnumber "
	  "tradenumber totaltrades tradesdone transactions "
	  "transactioncount numberoftransactions numtransactions "
	  "barcount ticks tickcount numticks deals numberofdeals "
	  "liczbatransakcji 成交笔数 成交筆數 笔数 сделок " },
	{ { .name = "vwap", .role = BCI_ROLE_VALUE },
	  " vwap vw wap waprice vwappx weightedprice weightedaverage "
	  "weightedavgprice weightedaverageprice volumeweighted "
	  "volumeweightedprice volumeweightedaverage "
	  "volumeweightedaverageprice volumeweightedavgprice average "
	  "averageprice avg avgprice avgpx priceavg 均价 均價 " },
	{ { .name = "taker_buy_volume", .role = BCI_ROLE_VALUE },
	  " takerbuyvolume takerbuyvol takerbuybase takerbuybasevolume "
	  "takerbuybasevol takerbuybaseassetvolume takerbuyassetvolume "
	  "takerbasevolume takerbasevol takerbuybaseasset takervolume "
	  "buyvolume volumebuy buyvol tbbav tbbase tbbv tbbaseav "
	  "tbbasevolume tbav activebuyvolume " },
	{ { .name = "taker_buy_quote_volume", .role = BCI_ROLE_VALUE },
	  " takerbuyquotevolume takerbuyquotevol takerbuyquote "
	  "takerbuyquoteassetvolume takerquotevolume takerquotevol "
	  "takerbuyquoteasset takerbuyturnover tbqav tbquote tbqv "
	  "tbquoteav tbquotevolume " },
	{ { .name = "adj_open", .role = BCI_ROLE_VALUE },
	  " adjopen openadj adjustedopen openadjusted " },
	{ { .name = "adj_high", .role = BCI_ROLE_VALUE },
	  " adjhigh highadj adjustedhigh highadjusted " },
	{ { .name = "adj_low", .role = BCI_ROLE_VALUE },
	  " adjlow lowadj adjustedlow lowadjusted " },
	{ { .name = "adj_close", .role = BCI_ROLE_VALUE },
	  " adjclose closeadj adjustedclose closeadjusted "
	  "adjcloseprice adjustedcloseprice adjprice adjprc "
	  "adjustedprice 終値調整値 調整後終値 调整收盘价 수정종가 " },
	{ { .name = "adj_volume", .role = BCI_ROLE_VALUE },
	  " adjvolume volumeadj adjustedvolume volumeadjusted adjvol " },
	{ { .name = "dividends", .role = BCI_ROLE_VALUE },
	  " dividends dividend dividendamount div divs divcash "
	  "cashdividend exdividend dividendsamount dividende "
	  "dividendes dividendo divamt dividendpershare " },
	{ { .name = "splits", .role = BCI_ROLE_VALUE },
	  " splits split splitratio splitcoefficient stocksplits "
	  "stocksplit splitfactor splitcoef " },
	{ { .name = "capital_gains", .role = BCI_ROLE_VALUE },
	  " capitalgains " },
	{ { .name = "open_interest", .role = BCI_ROLE_VALUE },
	  " openinterest openint oi openposition openpositions opint "
	  "opnint opninterest previousdayopeninterest "
	  "prevdayopeninterest prevopeninterest 持仓量 取組高 lop " },
	{ { .name = "spread", .role = BCI_ROLE_VALUE },
	  " spread spreadpoints " },
	{ { .name = "tick_volume", .role = BCI_ROLE_VALUE },
	  " tickvolume tickvol tickqty volumetick volumeticks " },
	{ { .name = "factor", .role = BCI_ROLE_VALUE },
	  " factor adjfactor adjustmentfactor adjustfactor cumfactor "
	  "复权因子 " },
	{ { .name = "change", .role = BCI_ROLE_VALUE },
	  " change chg netchange pricechange zmiana anderung variation "
	  "variazione variacao 涨跌 涨跌额 漲跌價差 前日比 " },
	{ { .name = "change_percent", .role = BCI_ROLE_VALUE },
	  " changepercent percentchange chgpercent percentchg "
	  "changepct pctchange pctchg chgpct changep pchange "
	  "varpercent percentvar farkpercent изм измpercent 涨跌幅 " },
	{ { .name = "prev_close", .role = BCI_ROLE_VALUE },
	  " prevclose previousclose preclose prevcloseprice "
	  "prevclosingprice 前收盘 昨收 昨收盘 " },
	{ { .name = "market_cap", .role = BCI_ROLE_VALUE },
	  " marketcap marketcapitalization marketcapitalisation mcap " },
	{ { .name = "symbol", .role = BCI_ROLE_SYMBOL },
	  " symbol symbols sym ticker tickers tic pair pairs "
	  "instrument instrumentname instid instr marketname "
	  "product productid productcode code stockcode contract "
	  "contractcode contractname secid seccode tscode stock asset "
	  "coin security act actsymbol tradingsymbol tickersymbol "
	  "currencypair symbole simbolo symbolcode papel ativo walor "
	  "kuerzel 代码 股票代码 证券代码 證券代號 合约 合约代码 コード "
	  "銘柄コード 종목코드 тикер " },
	{ { .name = "symbol", .role = BCI_ROLE_SYMBOL, .weak = true },
	  " name market isin cusip figi sedol instrumentid securityid permno "
	  "gvkey rawsymbol wkn stockname company companyname nazwa "
	  "bezeichnung 名称 股票名称 证券名称 名前 銘柄名 종목명 " },
	{ { .name = "period", .role = BCI_ROLE_PERIOD },
	  " period per timeframe tf interval freq frequency resolution "
	  "barsize granularity timespan barinterval barperiod "
	  "klineinterval candleinterval barlength " },
	{ { .name = "time", .role = BCI_ROLE_TIME },
	  " time times timestamp timestamps datetime ts t stamp "
	  "opentime openingtime startts starttime starttimestamp "
	  "startat start begintime begin beginat timestart timebegin "
	  "timeopen bartime bartimestamp baropentime barstarttime "
	  "candletime candlestarttime candlebegintime klinetime "
	  "klineopentime klinestarttime barstart periodstart "
	  "periodbegin windowstarttime intervalstart timeperiodstart "
	  "tradetime tradetimestamp tradedatetime tradedatetm tradets "
	  "quotetime dateandtime datehour datumzeit datumuhrzeit zeit "
	  "uhrzeit zeitpunkt zeitstempel heure horaire hora fechahora "
	  "horario ora dataora godzina czas tid tijd saat moment when "
	  "at dttm tstamp 时间 時間 時刻 日時 时刻 交易时间 일시 시간 время "
	  "датаивремя "
	  "датавремя " },
	{ { .name = "time", .role = BCI_ROLE_TIME, .weak = true },
	  " localtime localtimestamp localdatetime timelocal "
	  "datetimelocal exchangetime " },
	{ { .name = "time", .role = BCI_ROLE_TIME, .utc = true },
	  " timeutc utctime utc utctimestamp timestamputc utcdatetime "
	  "datetimeutc gmttime timegmt gmt gmttimestamp timestampgmt "
	  "gmtdatetime datetimegmt unix unixtime unixtimestamp unixts "
	  "unixms unixsecs unixseconds unixepoch epoch epochtime "
	  "epochms epochs epochseconds epochsecs epochtimestamp "
	  "posixtime posix tsevent windowstart opentimeutc "
	  "starttimeutc opentimems starttimems timestampms timestampns "
	  "timestampus opentimeiso timestampmillis timems timens "
	  "openns opens openms " },
	{ { .name = "time", .role = BCI_ROLE_TIME, .utc = true, .weak = true },
	  " tsinit tsrecv " },
	{ { .name = "close_time", .role = BCI_ROLE_TIME, .close = true },
	  " closetime closingtime closetimestamp closetimems closets "
	  "endtime endtimestamp endtimems endts end endat stoptime "
	  "timeclose timeend barclosetime barendtime barend "
	  "candleclosetime candleendtime klineclosetime klineendtime "
	  "periodend windowend intervalend timeperiodend finish " },
	{ { .name = "close_time",
	    .role = BCI_ROLE_TIME,
	    .close = true,
	    .utc = true },
	  " closetimeutc endtimeutc utcclosetime closens closems " },
	{ { .name = "date", .role = BCI_ROLE_DATE },
	  " date dates d datum dt tradedate tradingdate tradingday "
	  "tradeday businessdate asofdate pricedate startdate opendate "
	  "bardate sessiondate reportdate marketdate quotedate "
	  "valuedate dailydate dtyyyymmdd yyyymmdd yyyymmddhhmmss "
	  "caldt datadate handelstag handelsdatum dato jour seance "
	  "fecha data datanegociacao datapregao pvm tarih ngay 日期 交易日期 "
	  "交易日 日付 データ日付 날짜 일자 дата " },
	{ { .name = "date", .role = BCI_ROLE_DATE, .weak = true },
	  " day tag dia localdate datelocal dzien " },
	{ { .name = "date", .role = BCI_ROLE_DATE, .utc = true },
	  " dateutc utcdate dategmt gmtdate " },
	{ { .name = "clock", .role = BCI_ROLE_CLOCK },
	  " clock timeofday tod hhmmss hhmm timehhmm timehhmmss " },
	{ { .name = "row", .role = BCI_ROLE_DROP },
	  " row rows rownum rownumber rowid rownames index idx id no "
	  "num nr sno srno slno serial serialno unnamed0 level0 lp 序号 "
	  "番号 " },
	{ { .name = "ignore", .role = BCI_ROLE_DROP },
	  " ignore ignored unused unused1 confirm confirmed "
	  "isbestmatch rtype publisherid gmtoffset utcoffset timehigh "
	  "timelow conversiontype conversionsymbol otc isclosed "
	  "isfinal lastupdated lastupdate updatedat updatetime "
	  "createdat flags channelid sequence isst adjustflag "
	  "tradestatus unnamed none null na nan blank empty dummy " },
};

#define COLUMN_PRICE(text)                                                     \
	{                                                                      \
		.name = text, .role = BCI_ROLE_PRICE, .standard = true         \
	}
#define COLUMN_VOLUME(text)                                                    \
	{                                                                      \
		.name = text, .role = BCI_ROLE_VALUE, .standard = true         \
	}

static const struct bci_meaning column_bids[COLUMN_SIDED] = {
	COLUMN_PRICE("bid_open"),    COLUMN_PRICE("bid_high"),
	COLUMN_PRICE("bid_low"),     COLUMN_PRICE("bid_close"),
	COLUMN_VOLUME("bid_volume"),
};

static const struct bci_meaning column_asks[COLUMN_SIDED] = {
	COLUMN_PRICE("ask_open"),    COLUMN_PRICE("ask_high"),
	COLUMN_PRICE("ask_low"),     COLUMN_PRICE("ask_close"),
	COLUMN_VOLUME("ask_volume"),
};

/* ------------------------------------------------------------------------ */
/*  Spelling                                                                */
/* ------------------------------------------------------------------------ */

static bool
column_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Letters, digits, and all bytes of characters beyond ASCII. */
static bool
column_is_letter(char byte)
{
	return column_is_digit(byte) ||
	       ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
	       (unsigned char)byte >= 0x80;
}

/* The bytes of a numbering that a name begins with: "1. ", "4a. ". */
static size_t
column_numbering(const char *text, size_t bytes)
{
	size_t at = 0;

	while (at < bytes && column_is_digit(text[at]))
		at++;
	if (at == 0)
		return 0;
	at += at < bytes && text[at] >= 'a' && text[at] <= 'z';
	return bytes - at > 2 && text[at] == '.' && text[at + 1] == ' ' ? at + 2
	                                                                : 0;
}

bool
bci_column_spell(const char *text, size_t bytes,
                 char name[BC_COLUMN_NAME_MAX + 1])
{
	static const char percent[] = "percent";
	size_t count = 0, add;
	bool apart = false;

	name[0] = '\0';
	if (!bci_utf8_valid(text, bytes))
		return false;
	for (size_t i = column_numbering(text, bytes); i < bytes; i++) {
		bool is_percent = text[i] == '%';

		if (!is_percent && !column_is_letter(text[i])) {
			apart = true;
			continue;
		}
		apart = (apart || is_percent) && count != 0;
		add = is_percent ? sizeof(percent) - 1 : 1;
		if (count + apart + add > BC_COLUMN_NAME_MAX)
			return false;
		if (apart)
			name[count++] = '_';
		memcpy(name + count, is_percent ? percent : text + i, add);
		if (text[i] >= 'A' && text[i] <= 'Z')
			name[count] = (char)(text[i] | 0x20);
		count += add;
		apart = is_percent;
	}
	name[count] = '\0';
	return true;
}

/* ------------------------------------------------------------------------ */
/*  Looking up                                                              */
/* ------------------------------------------------------------------------ */

/*
 * Fold the two-byte character at 'at': Latin letters to their plain form,
 * Cyrillic ones to small letters.  Returns how many bytes are written.
 */
static size_t
column_fold(const char *at, char out[2])
{
	/* From U+00C0 to U+017F; '?' has no plain form. */
	static const char latin[] = {
		"aaaaaaaceeeeiiiidnooooo?ouuuuy?saaaaaaaceeeeiiii"
		"dnooooo?ouuuuy?yaaaaaaccccccccddddeeeeeeeeeegggg"
		"gggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooo"
		"oooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"
	};
	uint32_t point = ((unsigned char)at[0] & 0x1fu) << 6 |
	                 ((unsigned char)at[1] & 0x3fu);

	if (point >= 0xc0 && point < 0x180 && latin[point - 0xc0] != '?') {
		out[0] = latin[point - 0xc0];
		return 1;
	}
	if (point >= 0x410 && point < 0x430)
		point += 0x20;
	if (point == 0x401 || point == 0x451)
		point = 0x435; /* as most people type it */
	out[0] = (char)(0xc0 | point >> 6);
	out[1] = (char)(0x80 | (point & 0x3f));
	return 2;
}

/* The name without '_' and folded, which never makes it longer. */
static void
column_squeeze(const char *name, char out[BC_COLUMN_NAME_MAX + 1])
{
	size_t count = 0;

	for (; *name != '\0' && count + 2 <= BC_COLUMN_NAME_MAX; name++) {
		unsigned char lead = (unsigned char)*name;

		if (lead >= 0xc0 && lead < 0xe0 && name[1] != '\0')
			count += column_fold(name++, out + count);
		else if (*name != '_')
			out[count++] = *name;
	}
	out[count] = '\0';
}

/* The row with this name, or NULL. */
static const struct column_row *
column_find(const char *squeezed)
{
	char word[BC_COLUMN_NAME_MAX + 3] = " ";
	size_t bytes = strlen(squeezed);

	memcpy(word + 1, squeezed, bytes);
	strcpy(word + 1 + bytes, " ");
	for (size_t i = 0; i < BCI_COUNT(column_rows); i++)
		if (strstr(column_rows[i].names, word) != NULL)
			return &column_rows[i];
	return NULL;
}

/* What a name with a side in front or behind means: "bidopen", "closeask". */
static const struct bci_meaning *
column_sided(const char *squeezed)
{
	static const char *const sides[] = { "bid", "ask", "mid" };
	size_t bytes = strlen(squeezed);

	for (size_t i = 0; i < BCI_COUNT(sides); i++) {
		bool front = strncmp(squeezed, sides[i], 3) == 0;
		char rest[BC_COLUMN_NAME_MAX + 1];
		const struct column_row *row;
		size_t at;

		if (bytes <= 3 ||
		    (!front && strcmp(squeezed + bytes - 3, sides[i]) != 0))
			continue;
		snprintf(rest, sizeof(rest), "%.*s", (int)(bytes - 3),
		         squeezed + (front ? 3 : 0));
		row = column_find(rest);
		at = row == NULL ? COLUMN_SIDED : (size_t)(row - column_rows);
		if (at < COLUMN_SIDED)
			return i == 0   ? &column_bids[at]
			       : i == 1 ? &column_asks[at]
			                : &row->meaning;
	}
	return NULL;
}

/* Whether a word of a name, which ends at '_' or '\0', is one of a list. */
static bool
column_is_one(const char *word, size_t bytes, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strncmp(word, *list, bytes) == 0 && (*list)[bytes] == '\0')
			return true;
	return false;
}

/* "volume_btc": one word that is no statistic of volumes. */
static bool
column_is_asset_volume(const char *name)
{
	static const char *const statistics[] = {
		"24h",   "30d",    "7d",     "ad",      "adi",     "adv",
		"avg",   "bid",    "buy",    "change",  "chg",     "delta",
		"diff",  "down",   "ema",    "log",     "lag",     "ma",
		"max",   "mean",   "med",    "median",  "min",     "norm",
		"obv",   "osc",    "pct",    "percent", "profile", "rank",
		"ratio", "return", "roc",    "sell",    "sma",     "spike",
		"std",   "sum",    "type",   "up",      "vwap",    "weighted",
		"wma",   "z",      "zscore", NULL,
	};
	size_t bytes;

	if (strncmp(name, "volume_", 7) != 0 && strncmp(name, "vol_", 4) != 0)
		return false;
	name = strchr(name, '_') + 1;
	bytes = strlen(name);
	return bytes >= 2 && bytes <= 10 && strchr(name, '_') == NULL &&
	       !column_is_one(name, bytes, statistics);
}

/* The kinds of words that names of moments are made of. */
enum column_word { WORD_MOMENT, WORD_DATE, WORD_END, WORD_UTC, WORD_OTHER };

static const char *const column_words[][32] = {
	[WORD_MOMENT] = { "datetime", "epoch", "time", "timestamp", "ts",
	                  "unix", NULL },
	[WORD_DATE] = { "date", "day", NULL },
	[WORD_END] = { "close", "closing", "end", "stop", NULL },
	[WORD_UTC] = { "gmt", "ms", "ns", "sec", "seconds", "us", "utc", NULL },
	[WORD_OTHER] = { "bar",      "begin",    "candle",  "cet",   "chicago",
	                 "ct",       "cst",      "eastern", "est",   "et",
	                 "exchange", "interval", "iso",     "jst",   "kline",
	                 "local",    "london",   "market",  "ny",    "of",
	                 "open",     "period",   "session", "start", "string",
	                 "str",      "trade",    "trading", "tz",    "window",
	                 NULL },
};

/*
 * What the words of a name say of a moment.  NULL if it has a word that is not
 * known: "update_time" is no moment of a bar.
 */
static const struct bci_meaning *
column_moment(const char *name)
{
	bool has[WORD_OTHER + 1] = { false };
	enum bci_role role;

	for (;; name++) {
		size_t bytes = strcspn(name, "_"), kind = 0;

		while (kind <= WORD_OTHER &&
		       !column_is_one(name, bytes, column_words[kind]))
			kind++;
		if (kind > WORD_OTHER)
			return NULL;
		has[kind] = true;
		name += bytes;
		if (*name == '\0')
			break;
	}
	if (!has[WORD_MOMENT] && !has[WORD_DATE])
		return NULL;
	role = has[WORD_MOMENT] || has[WORD_END] ? BCI_ROLE_TIME
	                                         : BCI_ROLE_DATE;
	for (size_t i = 0; i < BCI_COUNT(column_rows); i++) {
		const struct bci_meaning *row = &column_rows[i].meaning;

		if (row->role == role && row->close == has[WORD_END] &&
		    row->utc == has[WORD_UTC] && !row->weak)
			return row;
	}
	return NULL;
}

const struct bci_meaning *
bci_column_meaning(const char *name)
{
	char squeezed[BC_COLUMN_NAME_MAX + 1];
	const struct column_row *row;
	const struct bci_meaning *meaning;

	column_squeeze(name, squeezed);
	row = column_find(squeezed);
	if (row == NULL && column_is_asset_volume(name))
		row = column_find("volume");
	if (row != NULL)
		return &row->meaning;
	meaning = column_sided(squeezed);
	return meaning != NULL ? meaning : column_moment(name);
}

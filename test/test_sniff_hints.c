/* SPDX-License-Identifier: MIT */
/*
 * test_sniff_hints.c - what a caller can say about a file, what its text says
 * outside of rows, and what is refused.
 */
#include "barcache.h"

#include <stdio.h>
#include <string.h>

#include "sniff_unit.h"

static const struct sniff_case named[] = {
	{ .text = "time,open,high,low,close,volume,n,note,ratio\n"
	          "1704205800,187.15,188.44,186.885,187.64,8248867,"
	          "12,a b,1.5\n"
	          "1704209400,187.64,187.88,186.43,187.25,5841446,13,"
	          "c,2.0\n",
	  .hints.columns = "time,open,high,low,close,volume,count,-,my ratio",
	  .expected = "TIME open high low close volume count:i64 "
	              "-note my_ratio | unix=found | UTC=stated | "
	              "open=assumed | given" },
	{ .text = "time,open,high,low,close,volume,n,note,ratio\n"
	          "1704205800,187.15,188.44,186.885,187.64,8248867,"
	          "12,a b,1.5\n"
	          "1704209400,187.64,187.88,186.43,187.25,5841446,13,"
	          "c,2.0\n",
	  .hints.columns = "time,open,high,low,close",
	  .expected = "refused 2: rows have 9 fields, but --columns "
	              "names 5" },
	{ .text = "20240102,185.64,188.44,183.885,187.15\n"
	          "20240103,184.25,185.88,183.43,184.22\n",
	  .hints.columns = "date,close,high,low,open",
	  .expected = "TIME close high low open | %Y%m%d=found | "
	              "UTC=stated | open=stated | given" },
	{ .text = "1704067260,1,2,0.5,1\n"
	          "1704067320,1,2,0.5,1\n",
	  .hints.columns = "close_time,open,high,low,close",
	  .expected = "TIME open high low close | unix=found | "
	              "UTC=stated | close=stated | given" },
	{ .text = "2024-01-02,185.64\n"
	          "2024-01-03,184.25\n",
	  .hints.columns = "time,close",
	  .expected = "TIME close | %Y-%m-%d=found | UTC=stated | "
	              "open=stated | given" },
	{ .text = "Date,AAPL,MSFT,GOOG\n"
	          "2024-01-02,185.64,370.87,139.56\n"
	          "2024-01-03,184.25,370.60,140.36\n",
	  .hints.columns = "AAPL=close",
	  .expected = "TIME close -msft -goog | %Y-%m-%d=found | "
	              "UTC=stated | open=stated | given" },
	{ .text = "Date,Open,High,Low,Close,Adj Close,Volume\n"
	          "2015-01-02,1.1,1.2,1.0,1.15,1.05,100\n",
	  .hints.columns = "Adj Close=close",
	  .expected = "TIME open high low -close close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "given yahoo" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "2015-01-02,1.1,1.2,1.0,1.15\n",
	  .hints.columns = "Foo=close",
	  .expected = "refused 1: --columns: no column is Foo; there "
	              "are Date, Open, High, Low, Close" },
	{ .text = "2022-09-30 04:00:00,141.5,141.6,141.4,141.55,"
	          "1234\n",
	  .hints.columns = "a=close",
	  .expected = "refused 1: --columns LABEL=NAME needs a "
	              "header: name all 6 fields in their order" },
};

static void
the_caller_names_fields(void **state)
{
	(void)state;
	sniff_check(named, BCI_COUNT(named));
}

static const struct sniff_case volumes[] = {
	{ .text = "unix,date,symbol,open,high,low,close,Volume BTC,"
	          "Volume USD\n"
	          "1646092800,2022-03-01 00:00:00,BTC/USD,43221.71,"
	          "43626.49,43185.48,43312.27,52.05632512,"
	          "2254677.87\n"
	          "1646089200,2022-02-28 23:00:00,BTC/USD,43085.30,"
	          "43364.81,42892.37,43178.98,106.81629132,"
	          "4612210.31\n",
	  .hints.volume = "Volume USD",
	  .expected = "TIME -date SYMBOL open high low close "
	              "-volume_btc volume | unix=found | UTC=stated "
	              "| open=assumed | stated" },
	{ .text = "Date,Open,High,Low,Close,Volume\n"
	          "2024-01-02,187.15,188.44,183.885,185.64,82488674\n"
	          "2024-01-03,184.22,185.88,183.43,184.25,58414460\n",
	  .hints.volume = "none",
	  .expected = "TIME open high low close -volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "Date,Open,High,Low,Close,Volume\n"
	          "2024-01-02,187.15,188.44,183.885,185.64,82488674\n"
	          "2024-01-03,184.22,185.88,183.43,184.25,58414460\n",
	  .hints.volume = "vol2",
	  .expected = "refused 1: --volume: no column is vol2; there "
	              "are Date, Open, High, Low, Close, Volume" },
};

static void
the_caller_picks_the_volume(void **state)
{
	(void)state;
	sniff_check(volumes, BCI_COUNT(volumes));
}

static const struct sniff_case extras[] = {
	{ .text = "time,open,high,low,close,volume,n,note,ratio,"
	          "time_close,\n"
	          "1704205800,187.15,188.44,186.885,187.64,8248867,"
	          "12,a b,1.5,1704209399,\n"
	          "1704209400,187.64,187.88,186.43,187.25,5841446,13,"
	          "c,2.0,1704212999,\n",
	  .hints.extra = "all",
	  .expected = "TIME open high low close volume count:i64 "
	              "note:text ratio close_time:i64 -field_11 | "
	              "unix=found | UTC=stated | open=assumed | "
	              "stated" },
	{ .text = "time,open,high,low,close,volume,n,note,ratio\n"
	          "1704205800,187.15,188.44,186.885,187.64,8248867,"
	          "12,a b,1.5\n"
	          "1704209400,187.64,187.88,186.43,187.25,5841446,13,"
	          "c,2.0\n",
	  .hints.extra = "n:i32,note,volume:f32,ratio:text",
	  .expected = "TIME open high low close volume:f32 count:i32 "
	              "note:text ratio:text | unix=found | "
	              "UTC=stated | open=assumed | stated" },
	{ .text = "time,open,high,low,close,volume,n,note,ratio\n"
	          "1704205800,187.15,188.44,186.885,187.64,8248867,"
	          "12,a b,1.5\n"
	          "1704209400,187.64,187.88,186.43,187.25,5841446,13,"
	          "c,2.0\n",
	  .hints.extra = "foo",
	  .expected = "refused 1: --extra: no column is foo; there "
	              "are time, open, high, low, close, volume, n, "
	              "note, ratio" },
	{ .text = "Date,Open,High,Low,Close,Session\n"
	          "2024-02-28 09:30,1,2,0.5,1,am\n"
	          "2024-02-28 09:31,1,2,0.5,1,am\n",
	  .hints.extra = "session",
	  .expected = "TIME open high low close session:text | "
	              "%Y-%m-%d %H:%M=found | UTC=assumed | "
	              "open=assumed | stated" },
	{ .text = "Date,Close,id\n"
	          "2024-02-28,1,1704067200000000001\n"
	          "2024-02-29,1,9223372036854775807\n",
	  .hints.extra = "id",
	  .expected = "TIME close id:i64 | %Y-%m-%d=found | "
	              "UTC=stated | open=stated | stated" },
	{ .text = "time,n\n"
	          "2024-01-01T00:00:00Z,1\n"
	          "2024-01-01T00:01:00Z,2\n",
	  .hints.extra = "n",
	  .expected = "TIME count:i64 | %Y-%m-%dT%H:%M:%S%z=found | "
	              "UTC=stated | open=assumed | stated" },
};

static void
extra_columns_get_fitting_types(void **state)
{
	(void)state;
	sniff_check(extras, BCI_COUNT(extras));
}

static const struct sniff_case forms[] = {
	{ .text = "Date,Open,High,Low,Close\n"
	          "01/02/2015,1.1,1.2,1.0,1.15\n",
	  .hints.time_format = "%d/%m/%Y",
	  .expected = "TIME open high low close | %d/%m/%Y=given | "
	              "UTC=stated | open=stated | stated" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "01/02/2015,1.1,1.2,1.0,1.15\n",
	  .hints.time_format = "%Y-%m-%d",
	  .expected = "refused 2: '01/02/2015' does not fit "
	              "--time-format %Y-%m-%d" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "01/02/2015,1.1,1.2,1.0,1.15\n",
	  .hints.time_format = "foo",
	  .expected = "refused -1: --time-format foo is no form of a "
	              "moment" },
	{ .text = "86400,1,2,0.5,1.5,10\n"
	          "172800,1.5,2,0.5,1,10\n",
	  .hints.time_format = "s",
	  .expected = "TIME open high low close volume | s=given | "
	              "UTC=stated | open=assumed | assumed" },
};

static void
the_caller_gives_the_form_of_moments(void **state)
{
	(void)state;
	sniff_check(forms, BCI_COUNT(forms));
}

static const struct sniff_case senseless[] = {
	{ .text = "Date,AAPL,MSFT,GOOG\n"
	          "2024-01-02,185.64,370.87,139.56\n"
	          "2024-01-03,184.25,370.60,140.36\n",
	  .expected = "refused 1: no prices but a column a symbol "
	              "(Date, AAPL, MSFT, GOOG): import one at a "
	              "time by --columns AAPL=close --symbol AAPL" },
	{ .text = "Date,Open,High,Low,Close,Volume\n",
	  .expected = "refused 1: one line, and it is no row" },
	{ .text = "86400,1,2,0.5,1.5,10\n"
	          "172800,1.5,2,0.5,1,10\n",
	  .expected = "refused 1: no column is known as the time: if "
	              "86400 is one, give --time-format (s, ms, us "
	              "or ns)" },
	{ .text = "2024-01-02,185.64\n"
	          "2024-01-03,184.25\n",
	  .expected = "refused 1: no header, and 1 column of numbers "
	              "beside the time: name all 2 fields by "
	              "--columns, like time,close" },
	{ .text = "Datum,Zuerst,Hoch,Tief,Danach\n"
	          "02.01.2024,1,2,0.5,1\n",
	  .expected = "refused 1: no column is the close among Datum,"
	              " Zuerst, Hoch, Tief, Danach: name it by "
	              "--columns LABEL=close" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "Q1 2020,1,2,0.5,1\n"
	          "Q2 2020,1,2,0.5,1\n",
	  .expected = "refused 2: no column is known as the time: if "
	              "'Q1 2020' is one, give --time-format, else "
	              "--columns" },
	{ .text = "a,b,c,d,e,f\n"
	          "2024-01-02,187.15,188.44,183.885,185.64,5\n",
	  .expected = "refused 1: no prices but a column a symbol (a,"
	              " b, c, d, e, f): import one at a time by "
	              "--columns b=close --symbol b" },
	{ .text = "id,price,qty,time\n"
	          "1,42283.5,0.1,1704067200000\n"
	          "2,42283.6,0.1,1704067200014\n"
	          "3,42283.7,0.1,1704067200014\n",
	  .expected = "refused 3: trades rather than bars: a price "
	              "alone, and less than a second between rows "
	              "(if not, --columns price=close)" },
	{ .text = "Date,Open,Close,Max,Lot\n"
	          "2024-01-02,187.15,188.44,190.1,3\n",
	  .expected = "refused 1: no column is the low among Date, "
	              "Open, Close, Max, Lot: name it by --columns "
	              "LABEL=low, or name all fields" },
	{ .text = "calc_time,funding_interval_hours,"
	          "last_funding_rate\n"
	          "1704067200000,8,0.00037409\n"
	          "1704096000000,8,0.00028731\n",
	  .expected = "refused 1: no column is open, high, low or "
	              "close among calc_time, funding_interval_hours,"
	              " last_funding_rate: name one by --columns "
	              "LABEL=close" },
};

static void
files_without_a_sense_are_refused(void **state)
{
	(void)state;
	sniff_check(senseless, BCI_COUNT(senseless));
}

static const struct sniff_case days[] = {
	{ .text = "Date,Time,Open,High,Low,Close\n"
	          "01/02/2015,09:00,1.1,1.2,1.0,1.15\n"
	          "02/02/2015,09:00,1.1,1.2,1.0,1.15\n"
	          "03/02/2015,09:00,1.1,1.2,1.0,1.15\n"
	          "04/02/2015,09:00,1.1,1.2,1.0,1.15\n",
	  .expected = "DATE CLOCK open high low close | %d/%m/%Y + "
	              "%H:%M=found | UTC=assumed | open=assumed | "
	              "stated" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "01/01/2015,1.1,1.2,1.0,1.15\n"
	          "02/01/2015,1.1,1.2,1.0,1.15\n"
	          "03/01/2015,1.1,1.2,1.0,1.15\n",
	  .expected = "TIME open high low close | %m/%d/%Y=assumed | "
	              "UTC=stated | open=stated | stated" },
};

static void
day_and_month_are_told_by_the_rows(void **state)
{
	(void)state;
	sniff_check(days, BCI_COUNT(days));
}

static const struct sniff_case oddities[] = {
	{ .text = "Date,Open,High,Low,Close,Volume\n"
	          "-,USD,USD,USD,USD,shares\n"
	          "2024-01-02,187.15,188.44,183.885,185.64,82488674\n",
	  .expected = "TIME open high low close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "# all times are GMT+2\n"
	          "Time,Open,High,Low,Close\n"
	          "2024-01-02 09:00:00,1,2,0.5,1\n"
	          "2024-01-02 09:01:00,1,2,0.5,1\n",
	  .expected = "TIME open high low close | %Y-%m-%d "
	              "%H:%M:%S=found | +02:00=stated | open=assumed "
	              "| stated" },
	{ .text = "open,high,low,close,volume\n"
	          "2024-01-02,187.15,188.44,183.885,185.64,82488674\n"
	          "2024-01-03,184.22,185.88,183.43,184.25,58414460\n",
	  .expected = "TIME open high low close volume | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "OPEN,D,20240102,000000,1.1,1.2,1.0,1.1,100\n"
	          "T,D,20240102,000000,2.1,2.2,2.0,2.1,100\n",
	  .expected = "SYMBOL -field_2 DATE CLOCK open high low "
	              "close volume | %Y%m%d + %H%M%S=found | "
	              "UTC=stated | open=stated | assumed" },
	{ .text = "1704067200.0,1,2,0.5,1,10\n"
	          "1704067260.0,1,2,0.5,1,10\n",
	  .expected = "TIME open high low close volume | unix=found "
	              "| UTC=stated | open=assumed | assumed" },
	{ .text = "\"Date\",\"Open\",\"High\",\"Low\",\"Close\","
	          "\"Note \"\"x\"\"\"\n"
	          "\"2024-01-02\",\"1\",\"2\",\"0.5\",\"1\",\"a "
	          "\"\"b\"\" c\"\n",
	  .expected = "TIME open high low close -note_x | "
	              "%Y-%m-%d=found | UTC=stated | open=stated | "
	              "stated" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "2024-02-28,1,2,0.5,1\n"
	          "2024-02-30,1,2,0.5,1\n"
	          "2024-03-01,1,2,0.5,1\n",
	  .expected = "TIME open high low close | %Y-%m-%d=found | "
	              "UTC=stated | open=stated | stated" },
	{ .text = "Date,Open,High,Low,Close\n"
	          "2024-02-28,1,2,0.5,\n",
	  .expected = "TIME open high low close | %Y-%m-%d=found | "
	              "UTC=stated | open=stated | stated" },
	{ .text = "time,close,ts\n"
	          "2024-01-01T00:00:00Z,1,1704067200000000001\n"
	          "2024-01-01T00:01:00Z,1,1704067260000000001\n",
	  .expected = "TIME close ts:i64 | %Y-%m-%dT%H:%M:%S%z=found "
	              "| UTC=stated | open=assumed | stated" },
};

static void
odd_lines_do_not_hide_what_is_what(void **state)
{
	(void)state;
	sniff_check(oddities, BCI_COUNT(oddities));
}

/* ------------------------------------------------------------------------ */
/*  Presets, zones, stamps                                                  */
/* ------------------------------------------------------------------------ */

static const char *
describe(const char *text, const struct bci_hints *hints)
{
	static char line[SNIFF_LINE];

	sniff_describe(text, strlen(text), hints, line);
	return line;
}

static void
presets_say_what_files_do_not(void **state)
{
	static const char kibot[] =
		"01/03/2012,09:30,127.7,128.2,127.7,128,1\n"
		"01/03/2012,09:31,128.1,128.3,128.0,128,2\n";
	struct bci_hints hints = { .preset = bci_preset_find("kibot") };

	(void)state;
	assert_string_equal(
		describe(kibot, &hints),
		"DATE CLOCK open high low close volume | %m/%d/%Y + "
		"%H:%M=stated | America/New_York=stated | open=stated | stated "
		"kibot");
	hints.zone = "Europe/Berlin";
	hints.stamp = BCI_STAMP_CLOSE;
	assert_string_equal(
		describe(kibot, &hints),
		"DATE CLOCK open high low close volume | %m/%d/%Y + "
		"%H:%M=stated | Europe/Berlin=given | close=given | stated "
		"kibot");
	hints.preset = bci_preset_find("histdata");
	assert_string_equal(describe(kibot, &hints),
	                    "refused 1: fields are separated by ',', those of "
	                    "--preset histdata by ';'");
	hints.preset = bci_preset_find("bitfinex");
	assert_string_equal(describe(kibot, &hints),
	                    "refused 1: rows have 7 fields, but the preset is "
	                    "one of 6");
	hints.preset = bci_preset_find("binance");
	assert_string_equal(
		describe("1704067200,1,2,0.5,1,5,1704067259,5,2,3,4,0\n",
	                 &hints),
		"TIME open high low close volume -close_time -quote_volume "
		"-count -taker_buy_volume -taker_buy_quote_volume -ignore | "
		"unix=found | UTC=stated | close=given | stated binance");
}

static void
cells_that_tell_their_zone_need_none(void **state)
{
	struct bci_hints hints = { .zone = "Europe/Berlin" };

	(void)state;
	assert_string_equal(describe("Date,Close\n2024-01-02,1\n", &hints),
	                    "TIME close | %Y-%m-%d=found | UTC=stated | "
	                    "open=stated | stated");
	assert_string_equal(describe("Time,Close\n1704067200,1\n", &hints),
	                    "TIME close | unix=found | UTC=stated | "
	                    "open=assumed | stated");
	assert_string_equal(
		describe("Time,Close\n2024-01-02 09:00,1\n", &hints),
		"TIME close | %Y-%m-%d %H:%M=found | "
		"Europe/Berlin=given | open=assumed | stated");
}

static void
names_that_numbers_contradict_are_mentioned(void **state)
{
	static const char text[] = "Date,Open,High,Low,Close\n"
				   "2024-01-01,5,1,9,6\n2024-01-02,5,1,9,6\n"
				   "2024-01-03,5,1,9,6\n2024-01-04,5,1,9,6\n"
				   "2024-01-05,5,1,9,6\n2024-01-06,5,1,9,6\n"
				   "2024-01-07,5,1,9,6\n2024-01-08,5,1,9,6\n"
				   "2024-01-09,5,1,9,6\n2024-01-10,5,9,1,6\n";
	static const struct bci_hints hints;
	const struct bci_dialect *dialect = sniff_dialect(text, &hints);

	(void)state;
	assert_string_equal(dialect->fields[2].name, "high");
	assert_string_equal(dialect->columns_reason,
	                    "but high and low are not what they say in 9 of "
	                    "10 rows");
}

static void
decisions_have_names(void **state)
{
	(void)state;
	assert_string_equal(bci_basis_name(BCI_GIVEN), "given");
	assert_string_equal(bci_basis_name(BCI_STATED), "stated");
	assert_string_equal(bci_basis_name(BCI_FOUND), "found");
	assert_string_equal(bci_basis_name(BCI_ASSUMED), "assumed");
}

/* ------------------------------------------------------------------------ */
/*  Lines                                                                   */
/* ------------------------------------------------------------------------ */

/* Where rows begin, in any form of a text. */
static void
check_place(const char *text, size_t header_at, size_t header_bytes,
            size_t rows_at, uint64_t line)
{
	static const struct bci_hints hints;
	const struct bci_dialect *dialect = sniff_dialect(text, &hints);

	assert_true(dialect->header);
	assert_int_equal(dialect->header_at, header_at);
	assert_int_equal(dialect->header_bytes, header_bytes);
	assert_int_equal(dialect->rows_at, rows_at);
	assert_int_equal(dialect->line, line);
}

static void
rows_begin_behind_header_and_remarks(void **state)
{
	(void)state;
	check_place("Date,Close\n2024-01-02,1\n", 0, 10, 11, 2);
	check_place("\xef\xbb\xbf"
	            "Date,Close\r\n2024-01-02,1\r\n",
	            3, 10, 15, 2);
	check_place("Date,Close\r2024-01-02,1\r", 0, 10, 11, 2);
	check_place("# a\n\n  \n#b,c\nDate,Close\n\n2024-01-02,1", 13, 10, 25,
	            7);
	check_place("sep=;\nDate;Close\n2024-01-02;1", 6, 10, 17, 3);
	check_place("Prices of A\nin USD, daily\nDate,Close\n2024-01-02,1", 26,
	            10, 37, 4);
}

/* Rows of one day, and at the end one of a day that cannot be a month. */
static void
a_cell_far_behind_decides_day_and_month(void **state)
{
	enum { ROWS = 30000, BYTES = 40 };
	static char text[ROWS * BYTES];
	static const struct bci_hints hints;
	const struct bci_dialect *dialect;
	size_t at = (size_t)snprintf(text, BYTES, "Time,Close\n");

	(void)state;
	for (int i = 0; i < ROWS; i++)
		at += (size_t)snprintf(
			text + at, BYTES, "%s/02/2015 %02d:%02d,1.5\n",
			i == 22345 ? "13" : "11", i / 60 % 24, i % 60);
	dialect = sniff_dialect(text, &hints);
	assert_string_equal(dialect->time.text, "%d/%m/%Y %H:%M");
	assert_int_equal(dialect->basis.time, BCI_FOUND);
	assert_string_equal(dialect->time_reason,
	                    "day before month, as a cell further on tells");
}

/* ------------------------------------------------------------------------ */
/*  Hostile texts                                                           */
/* ------------------------------------------------------------------------ */

static void
check_refused(const char *text, size_t bytes, const char *expected)
{
	static const struct bci_hints hints;
	char line[SNIFF_LINE];

	sniff_describe(text, bytes, &hints, line);
	assert_string_equal(line, expected);
}

static void
what_is_no_text_of_rows_is_refused(void **state)
{
	static char large[1 << 21];

	(void)state;
	check_refused("", 0, "refused 1: there is nothing in it");
	check_refused(" \n\t\r\n", 5, "refused 1: there is nothing in it");
	check_refused("\xef\xbb\xbf", 3, "refused 1: there is nothing in it");
	check_refused("Date,Close\n2024-01-02,\0"
	              "1\n",
	              25, "refused 1: no text: byte 23 is 0x00");
	check_refused("\x7f"
	              "ELF\x02\x01\x01",
	              7, "refused 1: no text: byte 5 is 0x02");
	check_refused("hello\nworld\n", 12,
	              "refused 1: no delimiter (tab ; | , or blank) makes rows "
	              "of its lines");
	check_refused("a,b\nc,d\n", 8,
	              "refused 1: no line looks like a row of numbers");
	check_refused("Date,Close\n", 11,
	              "refused 1: one line, and it is no row");
	check_refused("\"2024-01-02,1,2", 14,
	              "refused 1: no column is known as the time: if "
	              "'\"2024-01-02' is one, give --time-format, else "
	              "--columns");
	memset(large, 'x', sizeof(large));
	check_refused(large, sizeof(large),
	              "refused 1: a line of more than 65536 bytes is no row");
	memset(large, ',', sizeof(large));
	check_refused(large, sizeof(large),
	              "refused 1: a line of more than 65536 bytes is no row");
	memset(large + 60000, '\n', 1);
	memset(large + 120000, '\n', 1);
	check_refused(large, 120001,
	              "refused 1: rows have more than 520 fields");
	memset(large, '\n', sizeof(large));
	large[sizeof(large) - 1] = 'x';
	check_refused(large, sizeof(large),
	              "refused 1: no delimiter (tab ; | , or blank) makes rows "
	              "of its lines");
}

static void
labels_may_be_anything(void **state)
{
	static const struct bci_hints hints = { .extra = "all" };

	(void)state;
	assert_string_equal(
		describe("Date,Close,\xff\xfe,time,TIME 2,\"a,b\"\n"
	                 "2024-01-02,1,2,3,4,5\n",
	                 &hints),
		"TIME close field_3:i64 time_2:i64 time_2_2:i64 a_b:i64 | "
		"%Y-%m-%d=found | UTC=stated | open=stated | stated");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_caller_names_fields),
		cmocka_unit_test(the_caller_picks_the_volume),
		cmocka_unit_test(extra_columns_get_fitting_types),
		cmocka_unit_test(the_caller_gives_the_form_of_moments),
		cmocka_unit_test(files_without_a_sense_are_refused),
		cmocka_unit_test(day_and_month_are_told_by_the_rows),
		cmocka_unit_test(odd_lines_do_not_hide_what_is_what),
		cmocka_unit_test(presets_say_what_files_do_not),
		cmocka_unit_test(cells_that_tell_their_zone_need_none),
		cmocka_unit_test(names_that_numbers_contradict_are_mentioned),
		cmocka_unit_test(decisions_have_names),
		cmocka_unit_test(rows_begin_behind_header_and_remarks),
		cmocka_unit_test(a_cell_far_behind_decides_day_and_month),
		cmocka_unit_test(what_is_no_text_of_rows_is_refused),
		cmocka_unit_test(labels_may_be_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

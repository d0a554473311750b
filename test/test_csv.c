/* SPDX-License-Identifier: MIT */
/*
 * test_csv.c - text rows to columns: the dialects that are known, and the line
 * that is named where a file is none.
 */
#include "barcache.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "csv.h"
#include "support.h"

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)
#define NEW_YEAR (INT64_C(1704067200) * SECOND) /* 2024-01-01 */

/* Parse a copy that ends where the text ends, for the sake of sanitizers. */
static enum bc_status
parse_bytes(const char *text, size_t bytes, struct bci_csv *csv,
            struct bc_error *err)
{
	char *copy = malloc(bytes == 0 ? 1 : bytes);
	enum bc_status status;

	assert_non_null(copy);
	memcpy(copy, text, bytes);
	memset(err, 0, sizeof(*err));
	status = bci_csv_parse(&bci_allocator_default, copy, bytes, csv, err);
	free(copy);
	return status;
}

/* Parse what must parse into 'rows' rows of the columns 'names'. */
static struct bci_csv
parse(const char *text, uint64_t rows, const char *names)
{
	struct bci_csv csv;
	struct bc_error err;
	char found[600] = "";

	if (parse_bytes(text, strlen(text), &csv, &err) != BC_OK)
		fail_msg("%s: %s", text, err.message);
	for (uint32_t i = 0; i < csv.column_count; i++) {
		strcat(found, i != 0 ? "," : "");
		strcat(found, csv.names[i]);
	}
	assert_string_equal(found, names);
	assert_int_equal(csv.rows, rows);
	return csv;
}

static void
check_row(const struct bci_csv *csv, uint64_t row, int64_t time_ns,
          const double *values)
{
	assert_int_equal(csv->time_ns[row], time_ns);
	for (uint32_t i = 0; i < csv->column_count; i++)
		if (isnan(values[i]) ? !isnan(csv->columns[i][row])
		                     : csv->columns[i][row] != values[i])
			fail_msg("row %d, %s: %.17g", (int)row, csv->names[i],
			         csv->columns[i][row]);
}

#define OHLCV "open,high,low,close,volume"

/* The two rows that most of these files hold, in any dialect. */
static void
check_two(const char *text)
{
	static const double rows[2][5] = { { 2, 4, 1, 3, 10.5 },
		                           { 3, 5.25, 2, 4, 0 } };
	struct bci_csv csv = parse(text, 2, OHLCV);

	check_row(&csv, 0, NEW_YEAR, rows[0]);
	check_row(&csv, 1, NEW_YEAR + DAY, rows[1]);
	bci_csv_free(&csv);
	assert_null(csv.columns);
	bci_csv_free(&csv);
}

static void
times_are_known_by_many_names_and_forms(void **state)
{
	(void)state;
	check_two("timestamp,open,high,low,close,volume\n"
	          "1704067200000,2,4,1,3,10.5\n1704153600000,3,5.25,2,4,0\n");
	check_two("Time,Open,High,Low,Close,Volume\n"
	          "1704067200,2,4,1,3,10.5\n1704153600,3,5.25,2,4,0\n");
	check_two("DATE,OPEN,HIGH,LOW,CLOSE,VOLUME\n"
	          "2024-01-01,2,4,1,3,10.5\n2024-01-02,3,5.25,2,4,0\n");
	check_two("datetime,open,high,low,close,volume\n"
	          "2024-01-01 00:00:00,2,4,1,3,10.5\n"
	          "2024-01-02 00:00:00,3,5.25,2,4,0\n");
	check_two("Date Time,open,high,low,close,volume\n"
	          "2024-01-01T00:00:00Z,2,4,1,3,10.5\n"
	          "2024-01-02T01:00:00+01:00,3,5.25,2,4,0\n");
	check_two("open_time,open,high,low,close,volume\n"
	          "1704067200000000,2,4,1,3,10.5\n"
	          "1704153600000000,3,5.25,2,4,0\n");
	check_two("unix,open,high,low,close,volume\n"
	          "1704067200.0,2,4,1,3,10.5\n1704153600.0,3,5.25,2,4,0\n");
	check_two(",Open,High,Low,Close,Volume\n"
	          "2024-01-01,2,4,1,3,10.5\n2024-01-02,3,5.25,2,4,0\n");
	check_two("Time (UTC),Open,High,Low,Close,Volume\n"
	          "2024.01.01 00:00:00,2,4,1,3,10.5\n"
	          "2024.01.02 00:00:00,3,5.25,2,4,0\n");
	/* A first column without a name that numbers the rows. */
	check_two(",Date,Open,High,Low,Close,Volume\n"
	          "0,20240101,2,4,1,3,10.5\n1,20240102,3,5.25,2,4,0\n");
}

static void
dates_and_times_may_be_columns_of_their_own(void **state)
{
	struct bci_csv csv;

	(void)state;
	check_two("Date,Time,Open,High,Low,Close,Volume\n"
	          "2024-01-01,00:00:00,2,4,1,3,10.5\n"
	          "2024-01-02,00:00:00,3,5.25,2,4,0\n");
	check_two("<TIME>,<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOLUME>\n"
	          "000000,20240101,2,4,1,3,10.5\n"
	          "000000,20240102,3,5.25,2,4,0\n");
	check_two("2024.01.01,00:00,2,4,1,3,10.5\n"
	          "2024.01.02,00:00,3,5.25,2,4,0\n");
	csv = parse("date,time,close\n2024-01-01,23:59:59.5,1\n", 1, "close");
	assert_int_equal(csv.time_ns[0], NEW_YEAR + DAY - SECOND / 2);
	assert_string_equal(csv.time_name, "date");
	bci_csv_free(&csv);
}

static void
lines_end_in_any_way_and_blanks_do_not_count(void **state)
{
	(void)state;
	check_two("\xef\xbb\xbftimestamp,open,high,low,close,volume\r\n"
	          "1704067200000,2,4,1,3,10.5\r\n"
	          "1704153600000,3,5.25,2,4,0\r\n\r\n\r\n");
	check_two("1704067200000,2,4,1,3,10.5\n1704153600000,3,5.25,2,4,0");
	check_two("1704067200000,2,4,1,3,10.5\r\n1704153600000,3,5.25,2,4,0\r");
	check_two("\n# made by somebody\n#\ntimestamp,open,high,low,close,"
	          "volume\n1704067200000,2,4,1,3,10.5\n"
	          "1704153600000,3,5.25,2,4,0\n\n");
	check_two("timestamp, open , high,low ,\tclose,volume\n"
	          "1704067200000, 2,4 , 1 ,\t3,10.5\n"
	          " 1704153600000 ,3,5.25,2,4,0 \n");
	check_two("\"timestamp\",\"open\",\"high\",\"low\",\"close\","
	          "\"volume\"\n\"1704067200000\",\"2\",\"4\",\"1\",\"3\","
	          "\"10.5\"\n 1704153600000 , \"3\" ,\" 5.25 \",\"2\",\"4\","
	          "\"0\"\n");
}

static void
delimiters_are_found_out(void **state)
{
	(void)state;
	check_two("timestamp;open;high;low;close;volume\n"
	          "1704067200000;2;4;1;3;10.5\n1704153600000;3;5.25;2;4;0\n");
	check_two("<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOLUME>\n"
	          "2024.01.01\t00:00:00\t2\t4\t1\t3\t10.5\n"
	          "2024.01.02\t00:00:00\t3\t5.25\t2\t4\t0\n");
	check_two("20240101 000000;2;4;1;3;10.5\n"
	          "20240102 000000;3;5.25;2;4;0\n");
}

static void
columns_keep_the_order_of_the_file(void **state)
{
	static const double row[] = { 1, 2, 3, 4, 5 };
	struct bci_csv csv = parse("Volume,Close,day,High,Low,Adj Close\n"
	                           "1,2,2024-01-01,3,4,5\n",
	                           1, "volume,close,high,low,adj_close");

	(void)state;
	check_row(&csv, 0, NEW_YEAR, row);
	assert_string_equal(csv.time_name, "day");
	assert_true(csv.header);
	assert_false(csv.descending);
	assert_int_equal(csv.unit_ns, 0);
	bci_csv_free(&csv);
}

#define BINANCE                                                                \
	"open,high,low,close,volume,quote_volume,count,taker_buy_volume,"      \
	"taker_buy_quote_volume"

static void
binance_files_read_the_same_with_and_without_a_header(void **state)
{
	static const char *const texts[] = {
		"open_time,open,high,low,close,volume,close_time,quote_volume,"
		"count,taker_buy_volume,taker_buy_quote_volume,ignore\n"
		"1704067200000,2.0,4.0,1.0,3.0,10.5,1704153599999,31.5,7,5.25,"
		"15.75,0\n",
		"1704067200000,2.0,4.0,1.0,3.0,10.5,1704153599999,31.5,7,5.25,"
		"15.75,0\n",
	};
	static const double row[] = { 2, 4, 1, 3, 10.5, 31.5, 7, 5.25, 15.75 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bci_csv csv = parse(texts[i], 1, BINANCE);

		check_row(&csv, 0, NEW_YEAR, row);
		assert_int_equal(csv.header, i == 0);
		assert_string_equal(csv.time_name, i == 0 ? "open_time" : "");
		assert_int_equal(csv.unit_ns, 1000000);
		bci_csv_free(&csv);
	}
}

static void
seven_fields_end_in_a_count_of_trades(void **state)
{
	static const double row[] = { 2, 4, 1, 3, 10.5, 7 };
	struct bci_csv csv =
		parse("1704067200,2,4,1,3,10.5,7\n", 1, OHLCV ",count");

	(void)state;
	check_row(&csv, 0, NEW_YEAR, row);
	assert_int_equal(csv.unit_ns, SECOND);
	bci_csv_free(&csv);
}

static void
the_unit_of_times_may_change_within_a_file(void **state)
{
	struct bci_csv csv = parse("time,close\n1735689540000,1\n"
	                           "1735689600000000,2\n1735689660000000,3\n"
	                           "1735689720,4\n",
	                           4, "close");

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(csv.time_ns[i], INT64_C(1735689540) * SECOND +
		                                         i * 60 * SECOND);
	assert_int_equal(csv.unit_ns, 1000000); /* of the first row */
	bci_csv_free(&csv);
}

static void
a_descending_file_is_turned_round(void **state)
{
	struct bci_csv csv;
	char text[4000] = "date,close,volume\n";

	(void)state;
	for (int rows = 2; rows < 6; rows++) {
		text[18] = '\0';
		for (int i = rows; i > 0; i--)
			sprintf(text + strlen(text), "2024-01-%02d,%d,%d\n", i,
			        i, -i);
		csv = parse(text, (uint64_t)rows, "close,volume");
		assert_true(csv.descending);
		for (int i = 0; i < rows; i++) {
			double row[] = { i + 1, -i - 1 };

			check_row(&csv, (uint64_t)i, NEW_YEAR + i * DAY, row);
		}
		bci_csv_free(&csv);
	}
}

static void
an_empty_cell_is_nan_where_no_price_is_missing(void **state)
{
	static const double rows[3][3] = { { 1, NAN, NAN },
		                           { 2, 7, NAN },
		                           { 3, NAN, 5 } };
	struct bci_csv csv = parse("date,close,volume,spread\n"
	                           "2024-01-01,1,,\n2024-01-02,2,7, \"\" \n"
	                           "2024-01-03,3,null,5\n",
	                           3, "close,volume,spread");

	(void)state;
	for (uint64_t i = 0; i < 3; i++)
		check_row(&csv, i, NEW_YEAR + (int64_t)i * DAY, rows[i]);
	bci_csv_free(&csv);
	csv = parse("time,close,volume\r\n1704067200,1,\r\n1704153600,2,\r", 2,
	            "close,volume");
	assert_true(isnan(csv.columns[1][0]) && isnan(csv.columns[1][1]));
	bci_csv_free(&csv);
}

static void
a_header_alone_has_no_rows(void **state)
{
	struct bci_csv csv;

	(void)state;
	csv = parse("time,close", 0, "close");
	bci_csv_free(&csv);
	csv = parse("time,close\r\n\r\n", 0, "close");
	bci_csv_free(&csv);
}

/* ------------------------------------------------------------------------ */
/*  What is refused                                                         */
/* ------------------------------------------------------------------------ */

static const struct {
	const char *text;
	enum bc_status status;
	int line;
	const char *words; /* that the message has */
} bad_files[] = {
	{ "", BC_INVALID, 1, "neither" },
	{ "\n\n", BC_INVALID, 3, "neither" },
	{ "# only a remark", BC_INVALID, 2, "neither" },
	{ "\xef\xbb\xbf", BC_INVALID, 1, "neither" },
	{ "open,close\n1,2\n", BC_INVALID, 1, "names no time" },
	{ "hello", BC_INVALID, 1, "names no time" },
	{ "1,2,3\n", BC_INVALID, 1, "names no time" },
	{ "time\n1704067200\n", BC_INVALID, 1, "0 columns" },
	{ "time,ignore\n", BC_INVALID, 1, "0 columns" },
	{ "time,close,close\n", BC_INVALID, 1, "column 3" },
	{ "time,Close,CLOSE\n", BC_INVALID, 1, "close" },
	{ "time,close,\n", BC_INVALID, 1, "column 3" },
	{ "timestamp,close,time\n", BC_INVALID, 1, "'time'" },
	{ "time,clo\"se\n", BC_INVALID, 1, "impossible name" },
	{ "time,\xff\n", BC_INVALID, 1, "impossible name" },
	{ "time,a\x01\n", BC_INVALID, 1, "impossible name" },
	{ "1704067200,1,2,3,4\n", BC_INVALID, 1, "5 fields" },
	{ "#\n1704067200,1,2,3,4,5,6,7\n", BC_INVALID, 2, "8 fields" },
	{ "time,close\n1704067200\n", BC_INVALID, 2, "1 fields" },
	{ "time,close\n1704067200,1,2\n", BC_INVALID, 2, "3 fields" },
	{ "time,close\n1704067200,1\n\n1704067260,1\n", BC_INVALID, 3,
	  "1 fields" },
	{ "time,close\n1704067200,1\n1704067260,x\n", BC_INVALID, 3,
	  "(close): 'x' is not a number" },
	{ "time,close\n1704067200,\n", BC_INVALID, 2, "(close): ''" },
	{ "time,close\n1704067200,null\n", BC_INVALID, 2, "'null'" },
	{ "time,open\n1704067200,\"\"\n", BC_INVALID, 2, "(open)" },
	{ "time,high\n1704067200, \n", BC_INVALID, 2, "(high)" },
	{ "time,low\n1704067200,\r\n", BC_INVALID, 2, "(low)" },
	{ "time,close\n1704067200,1e\n", BC_INVALID, 2, "'1e'" },
	{ "time,close\n1704067200,0x1\n", BC_INVALID, 2, "'0x1'" },
	{ "time,close\n1704067200,1 2\n", BC_INVALID, 2, "'1 2'" },
	{ "time,close\n1704067200,\"1\n", BC_INVALID, 2, "'\"1'" },
	{ "time,close\n1704067200,\"1\"2\n", BC_INVALID, 2, "number" },
	{ "time,close\n1704067200,\"1,234.5\"\n", BC_INVALID, 2, "'1,234.5'" },
	{ "time;close\n1704067200;1,5\n", BC_INVALID, 2, "'1,5'" },
	{ "time,close\n1704067200,\x01\x7f\xff\n", BC_INVALID, 2, "'\?\?\?'" },
	{ "time,close\n1704067200,1\r1704067260,1\n", BC_INVALID, 2, "number" },
	{ "time,symbol,close\n1704067200,BTC,1\n", BC_INVALID, 2,
	  "(symbol): 'BTC'" },
	{ "time,close\n01/02/2024,1\n", BC_INVALID, 2,
	  "(time): '01/02/2024' is not a time" },
	{ "time,close\n,1\n", BC_INVALID, 2, "not a time" },
	{ "time,close\n60000,1\n", BC_INVALID, 2, "not a time" },
	{ "date,time,close\n2024-01-01,9:30,1\n", BC_INVALID, 2,
	  "(time): '9:30'" },
	{ "date,time,close\n2024-01-01 09:30,09:30,1\n", BC_INVALID, 2,
	  "(date)" },
	{ "date,time,close\n2262-04-11,23:59,1\n", BC_INVALID, 2,
	  "not a time" },
	{ "time,close\n1704067200,1\n1704067200,2\n", BC_ORDER, 3, "repeats" },
	{ "time,close\n1704067200,1\n1704067260,1\n1704067230,2\n", BC_ORDER, 4,
	  "goes back" },
	{ "time,close\n1704067260,1\n1704067200,1\n1704067230,2\n", BC_ORDER, 4,
	  "line 4" },
	{ "time,close\n1704067260,1\n1704067200,1\n1704067200,2\n", BC_ORDER, 4,
	  "repeats" },
	{ "1704067200000,1,2,3,4,5\n1704067200000,1,2,3,4,5\n", BC_ORDER, 2,
	  "repeats" },
};

static void
a_bad_file_is_refused_with_its_line(void **state)
{
	struct bci_csv csv, empty;
	struct bc_error err;

	(void)state;
	memset(&empty, 0, sizeof(empty));
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		const char *text = bad_files[i].text;
		enum bc_status status =
			parse_bytes(text, strlen(text), &csv, &err);

		if (status != bad_files[i].status ||
		    err.row != bad_files[i].line ||
		    strstr(err.message, bad_files[i].words) == NULL)
			fail_msg("'%s': %s, row %d: %s", text,
			         bc_status_name(status), (int)err.row,
			         err.message);
		assert_int_equal(err.status, status);
		assert_null(strpbrk(err.message, "\r\n"));
		assert_memory_equal(&csv, &empty, sizeof(csv));
		assert_int_equal(bci_csv_parse(&bci_allocator_default, text,
		                               strlen(text), &csv, NULL),
		                 status);
	}
}

static void
a_nul_byte_is_no_end_of_the_text(void **state)
{
	static const char text[] = "time,close\n1704067200,1\0\n";
	static const char header[] = "\0time,close\n1704067200,1\n";
	struct bci_csv csv;
	struct bc_error err;

	(void)state;
	assert_status(parse_bytes(text, sizeof(text) - 1, &csv, &err),
	              BC_INVALID, &err);
	assert_int_equal(err.row, 2);
	assert_status(parse_bytes(header, sizeof(header) - 1, &csv, &err),
	              BC_INVALID, &err);
	assert_int_equal(err.row, 1);
}

/* A file with 'columns' columns beside the time, and one row. */
static char *
make_wide(unsigned columns)
{
	char *text = malloc(40 + 16 * (size_t)columns);
	char *at = text;

	assert_non_null(text);
	at += sprintf(at, "time");
	for (unsigned i = 0; i < columns; i++)
		at += sprintf(at, ",c%u", i);
	at += sprintf(at, "\n1704067200");
	for (unsigned i = 0; i < columns; i++)
		at += sprintf(at, ",%u", i);
	return text;
}

static void
columns_and_names_have_a_most(void **state)
{
	char name[BC_COLUMN_NAME_MAX + 2], text[200];
	struct bci_csv csv;
	struct bc_error err;

	(void)state;
	for (unsigned columns = BC_COLUMNS_MAX - 2;
	     columns < BC_COLUMNS_MAX + 20; columns++) {
		bool fits = columns < BC_COLUMNS_MAX;
		char *wide = make_wide(columns);

		assert_status(parse_bytes(wide, strlen(wide), &csv, &err),
		              fits ? BC_OK : BC_INVALID, fits ? NULL : &err);
		if (fits) {
			assert_int_equal(csv.column_count, columns);
			assert_true(csv.columns[columns - 1][0] == columns - 1);
			bci_csv_free(&csv);
		}
		free(wide);
	}
	for (size_t bytes = BC_COLUMN_NAME_MAX; bytes < sizeof(name); bytes++) {
		bool fits = bytes == BC_COLUMN_NAME_MAX;

		memset(name, 'n', bytes);
		name[bytes] = '\0';
		snprintf(text, sizeof(text), "time,%s\n1704067200,5\n", name);
		assert_status(parse_bytes(text, strlen(text), &csv, &err),
		              fits ? BC_OK : BC_INVALID, fits ? NULL : &err);
		if (fits)
			assert_string_equal(csv.names[0], name);
		bci_csv_free(&csv);
	}
}

static void
every_missing_memory_is_survived(void **state)
{
	static const char text[] =
		"time,open,close\n1704067260,1,2\n1704067200,3,4\n";
	struct test_memory memory = { 0 };
	struct bc_allocator allocator = test_allocator(&memory);
	struct bci_csv csv, empty;
	struct bc_error err;
	uint64_t failures = 0;
	enum bc_status status;

	(void)state;
	memset(&empty, 0, sizeof(empty));
	do {
		memory.requests = 0;
		memory.fail_at = failures + 1;
		status = bci_csv_parse(&allocator, text, sizeof(text) - 1, &csv,
		                       &err);
		if (status == BC_OK)
			break;
		assert_status(status, BC_NOMEM, &err);
		assert_memory_equal(&csv, &empty, sizeof(csv));
		assert_int_equal(memory.live, 0);
		failures++;
	} while (failures < 100);
	assert_int_equal(failures, memory.requests);
	assert_true(failures >= 5);
	bci_csv_free(&csv);
	assert_int_equal(memory.live, 0);
}

/* ------------------------------------------------------------------------ */
/*  Random files                                                            */
/* ------------------------------------------------------------------------ */

/* A double with 1 to 17 digits, such as files hold. */
static double
random_value(uint64_t seed)
{
	uint64_t bits = test_mix(seed, 11);
	double value;

	if (seed % 4 == 0) {
		bits &= ~(UINT64_C(1) << 62); /* Finite. */
		memcpy(&value, &bits, sizeof(value));
		return value;
	}
	return (double)(bits % 100000000) / 100 * (seed % 4 == 1 ? 1 : 1.1);
}

static void
random_files_come_back_bit_for_bit(void **state)
{
	enum { ROWS = 20000, COLUMNS = 6 };
	static const char *const ends[] = { "\n", "\r\n" };
	static const char delimiters[] = ",;\t";
	char *text = malloc(ROWS * (COLUMNS + 1) * 32);
	struct bci_csv csv;
	struct bc_error err;

	(void)state;
	assert_non_null(text);
	for (uint64_t file = 0; file < 6; file++) {
		const char *end = ends[file % 2];
		char delimiter = delimiters[file % 3];
		char *at = text + sprintf(text, "time");

		for (int i = 0; i < COLUMNS; i++)
			at += sprintf(at, "%cc%d", delimiter, i);
		for (uint64_t row = 0; row < ROWS; row++) {
			at += sprintf(at, "%s%lld", end,
			              (long long)(1704067200000 + row * 60000));
			for (uint64_t i = 0; i < COLUMNS; i++)
				at += sprintf(at, "%c%.17g", delimiter,
				              random_value(row * 8 + i));
		}
		if (parse_bytes(text, (size_t)(at - text), &csv, &err) != BC_OK)
			fail_msg("%s", err.message);
		assert_int_equal(csv.rows, ROWS);
		assert_int_equal(csv.column_count, COLUMNS);
		for (uint64_t row = 0; row < ROWS; row++) {
			assert_int_equal(csv.time_ns[row],
			                 NEW_YEAR + (int64_t)row * 60 * SECOND);
			for (uint64_t i = 0; i < COLUMNS; i++) {
				double value = random_value(row * 8 + i);

				assert_memory_equal(&csv.columns[i][row],
				                    &value, sizeof(value));
			}
		}
		bci_csv_free(&csv);
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_known_by_many_names_and_forms),
		cmocka_unit_test(dates_and_times_may_be_columns_of_their_own),
		cmocka_unit_test(lines_end_in_any_way_and_blanks_do_not_count),
		cmocka_unit_test(delimiters_are_found_out),
		cmocka_unit_test(columns_keep_the_order_of_the_file),
		cmocka_unit_test(
			binance_files_read_the_same_with_and_without_a_header),
		cmocka_unit_test(seven_fields_end_in_a_count_of_trades),
		cmocka_unit_test(the_unit_of_times_may_change_within_a_file),
		cmocka_unit_test(a_descending_file_is_turned_round),
		cmocka_unit_test(
			an_empty_cell_is_nan_where_no_price_is_missing),
		cmocka_unit_test(a_header_alone_has_no_rows),
		cmocka_unit_test(a_bad_file_is_refused_with_its_line),
		cmocka_unit_test(a_nul_byte_is_no_end_of_the_text),
		cmocka_unit_test(columns_and_names_have_a_most),
		cmocka_unit_test(every_missing_memory_is_survived),
		cmocka_unit_test(random_files_come_back_bit_for_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_key.c - request keys against vectors computed with Python's json and
 * hashlib, series keys as a pair of inverse functions, and what is no key.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "hash.h"
#include "key.h"
#include "support.h"

/* ------------------------------------------------------------------------ */
/*  Request keys                                                            */
/* ------------------------------------------------------------------------ */

struct vector {
	const char *symbols[5]; /* ends with NULL */
	const char *start, *end, *resolution, *source;
	const char *text, *sha256;
};

#define DAILY(end, resolution, symbols)                                        \
	"{\"data_source\": \"yfinance\", \"end_date\": \"" end                 \
	"\", \"resolution\": \"" resolution                                    \
	"\", \"start_date\": \"2023-01-01\", \"symbols\": [" symbols "]}"

static const struct vector vectors[] = {
	{ { "MSFT", "AAPL" }, "2023-01-01", "2023-12-31", "1d", "yfinance",
	  DAILY("2023-12-31", "1d", "\"AAPL\", \"MSFT\""),
	  "8a3c9ff46519d39ec9540b865f2764be361f0fb8e0ed12f58b0c17b71ea97c54" },
	{ { "AAPL", "MSFT" }, "2023-01-01", "2023-12-31", "1d", "yfinance",
	  DAILY("2023-12-31", "1d", "\"AAPL\", \"MSFT\""),
	  "8a3c9ff46519d39ec9540b865f2764be361f0fb8e0ed12f58b0c17b71ea97c54" },
	{ { "BTC/USDT" }, "2024-01-01", "2024-01-31", "1m", "ccxt:binance",
	  "{\"data_source\": \"ccxt:binance\", \"end_date\": \"2024-01-31\", "
	  "\"resolution\": \"1m\", \"start_date\": \"2024-01-01\", "
	  "\"symbols\": [\"BTC/USDT\"]}",
	  "25bdd86a116a42ede691d4ac2bfaf1ece83240cb921afd25750b04680370fa24" },
	{ { "SAP\xc3\xa9", "\xe6\x97\xa5\xe7\xb5\x8c" "225", "A\"B\\",
	    "\xf0\x9f\x9a\x80X" },
	  "2023-01-01", "2023-12-31", "1h", "csv",
	  "{\"data_source\": \"csv\", \"end_date\": \"2023-12-31\", "
	  "\"resolution\": \"1h\", \"start_date\": \"2023-01-01\", "
	  "\"symbols\": [\"A\\\"B\\\\\", \"SAP\\u00e9\", "
	  "\"\\u65e5\\u7d4c225\", \"\\ud83d\\ude80X\"]}",
	  "11e5b57c76080193efe5e51de4143928c1e47a059adac07f29bc70c3ececfd14" },
	{ { "AAPL" }, "2023-01-01", "2023-12-31", "1d", "yfinance",
	  DAILY("2023-12-31", "1d", "\"AAPL\""),
	  "4ff5fe09fae53c3761ffee996286c0264acab83a1320b02d7bcf1b2abc443cd2" },
	{ { "AAPL", "AAPL" }, "2023-01-01", "2023-12-31", "1d", "yfinance",
	  DAILY("2023-12-31", "1d", "\"AAPL\", \"AAPL\""),
	  "56cd83fafa22d019db8036c2f6cd4abed2e3938ba6c0b8d09851d75d2ff796dc" },
	{ { "a\x7f\x09\x01/" }, "2023-01-01", "2023-12-31", "1d", "yfinance",
	  DAILY("2023-12-31", "1d", "\"a\\u007f\\t\\u0001/\""),
	  "ec5ef1c520c3208abcc340e2ef3f040bcea3f8bbdacf6e387d85a0d49c8aa4a0" },
	{ { NULL }, "", "", "", "",
	  "{\"data_source\": \"\", \"end_date\": \"\", \"resolution\": \"\", "
	  "\"start_date\": \"\", \"symbols\": []}",
	  "9475445033baab9f5e65eb80016b6bc4ab6257705429a71e70e6e18c490e2bf3" },
	{ { "AAPL" }, "2023-01-01", "2023-12-31", "1D", "yfinance",
	  DAILY("2023-12-31", "1D", "\"AAPL\""),
	  "a7d062e71b3408834e9389a56b80667cb64a0b3f6b5c2df0595a1805bba0cc12" },
	{ { "\xf0\x9f\x9a\x80", "\xef\xbc\xa1" }, "2023-01-01", "2023-12-31",
	  "1d", "yfinance",
	  DAILY("2023-12-31", "1d", "\"\\uff21\", \"\\ud83d\\ude80\""),
	  "ae2c75b74e981701d98d4306e8ed4e14da20cd0afff606f8b5f0ceae88e7d3d0" },
	{ { "\xef\xbc\xa1", "\xf0\x9f\x9a\x80" }, "2023-01-01", "2023-12-31",
	  "1d", "yfinance",
	  DAILY("2023-12-31", "1d", "\"\\uff21\", \"\\ud83d\\ude80\""),
	  "ae2c75b74e981701d98d4306e8ed4e14da20cd0afff606f8b5f0ceae88e7d3d0" },
	{ { "AAPL" }, "2023-01-01", "2023-12-31", "1h", "yfinance",
	  DAILY("2023-12-31", "1h", "\"AAPL\""),
	  "dc5a1357b626cd87d1c069926183ec163e0ddda12afe32b2e5cb8c6e4dee45e1" },
	{ { "AAPL" }, "2023-01-01", "2023-06-30", "1d", "yfinance",
	  DAILY("2023-06-30", "1d", "\"AAPL\""),
	  "6bed8c149c6099a0cb673db6f3490462f11cefde698ba23365eedd8fb55d8902" },
};

static struct bc_request
request_of(const struct vector *vector)
{
	struct bc_request request = {
		.symbols = vector->symbols,
		.start = vector->start,
		.end = vector->end,
		.resolution = vector->resolution,
		.source = vector->source,
	};

	while (vector->symbols[request.symbol_count] != NULL)
		request.symbol_count++;
	return request;
}

static void
requests_hash_as_in_python(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct bc_request request = request_of(&vectors[i]);
		char key[BC_REQUEST_KEY_BYTES], hex[65];
		unsigned char hash[32];
		struct bc_error err;
		char *text;
		size_t bytes;

		assert_status(bci_request_text(&bci_allocator_default, &request,
		                               &text, &bytes, &err),
		              BC_OK, NULL);
		assert_string_equal(text, vectors[i].text);
		assert_int_equal(bytes, strlen(text));
		bci_sha256(text, bytes, hash);
		for (int j = 0; j < 32; j++)
			snprintf(hex + 2 * j, 3, "%02x", hash[j]);
		assert_string_equal(hex, vectors[i].sha256);
		assert_status(bc_key_request(&request, key, &err), BC_OK, NULL);
		assert_memory_equal(key, hex, 16);
		assert_int_equal(key[16], '\0');
		bci_free(&bci_allocator_default, text);
	}
}

/* All short forms, others and both ends of what is not escaped. */
static void
escapes_are_those_of_python(void **state)
{
	static const char *const symbols[] = {
		"\x08\x0c\x0a\x0d\x09\x1f\x7f/\"\\\xc3\xa9\xf0\x9f\x9a\x80",
		" ~\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf",
	};
	const struct bc_request request = { symbols, 2, "", "", "", "" };
	struct bc_error err;
	char *text;
	size_t bytes;

	(void)state;
	assert_status(bci_request_text(&bci_allocator_default, &request, &text,
	                               &bytes, &err),
	              BC_OK, NULL);
	assert_string_equal(
		strchr(text, '['),
		"[\"\\b\\f\\n\\r\\t\\u001f\\u007f/\\\"\\\\\\u00e9\\ud83d\\ude80"
		"\", \" ~\\u0080\\u07ff\\u0800\\uffff\\udbff\\udfff\"]}");
	bci_free(&bci_allocator_default, text);
}

static void
a_request_that_is_not_whole_is_refused(void **state)
{
	static const char *const symbols[] = { "A", "B", NULL };
	static const char *const broken[] = { "A", "\xff" };
	const struct bc_request good = { symbols, 2, "1", "2", "3", "4" };
	char key[BC_REQUEST_KEY_BYTES];
	struct bc_request bad;
	struct bc_error err;

	(void)state;
	for (int i = 0; i < 10; i++) {
		const char **members[] = { &bad.start, &bad.end,
			                   &bad.resolution, &bad.source };
		enum bc_status expected = i < 6 ? BC_INVALID : BC_KEY;

		bad = good;
		if (i < 4)
			*members[i] = NULL;
		else if (i == 4)
			bad.symbol_count = 3;
		else if (i == 5)
			bad.symbols = NULL;
		else
			*members[i - 6] = "x\xed\xa0\x80";
		assert_status(bc_key_request(&bad, key, &err), expected, &err);
		assert_string_equal(key, "");
		assert_status(bc_key_request(&bad, key, NULL), expected, NULL);
	}
	bad = good;
	bad.symbols = broken;
	assert_status(bc_key_request(&bad, key, &err), BC_KEY, &err);
	assert_non_null(strstr(err.message, "symbol"));
	assert_status(bc_key_request(NULL, key, &err), BC_INVALID, &err);
	/* No symbols need no array. */
	bad.symbols = NULL;
	bad.symbol_count = 0;
	assert_status(bc_key_request(&bad, key, &err), BC_OK, NULL);
}

static void
a_request_fails_cleanly_without_memory(void **state)
{
	struct bc_request request = request_of(&vectors[0]);
	struct test_memory memory = { 0 };
	struct bc_allocator allocator = test_allocator(&memory);
	struct bc_error err;
	uint64_t failures = 0;
	enum bc_status status;
	char *text;
	size_t bytes;

	(void)state;
	do {
		memory.requests = 0;
		memory.fail_at = failures + 1;
		status = bci_request_text(&allocator, &request, &text, &bytes,
		                          &err);
		if (status == BC_OK)
			break;
		assert_status(status, BC_NOMEM, &err);
		assert_null(text);
		assert_int_equal(bytes, 0);
		assert_int_equal(memory.live, 0);
		failures++;
	} while (failures < 100);
	assert_int_equal(failures, memory.requests);
	assert_true(failures >= 2);
	bci_free(&allocator, text);
	assert_int_equal(memory.live, 0);
}

/* ------------------------------------------------------------------------ */
/*  Keys                                                                    */
/* ------------------------------------------------------------------------ */

static void
utf8_is_told_from_what_is_not(void **state)
{
	static const char *const good[] = {
		"", "a", "plain ASCII of more than eight bytes",
		"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf", "1234567\xc3\xa9zz345678\xc3\xa9",
	};
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf",
		"\xe0\x9f\xbf", "\xe2\x82", "\xe2(\xac", "\xed\xa0\x80",
		"\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x9a",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80",
		"\xfe", "\xff", "12345678\xff", "1234567\xe6\x97",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(bci_utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bci_utf8_valid(bad[i], strlen(bad[i])))
			fail_msg("case %zu is valid", i);
}

static void
a_key_has_length_utf8_and_no_controls(void **state)
{
	char key[BC_KEY_MAX + 2];

	(void)state;
	memset(key, 'k', sizeof(key));
	assert_false(bci_key_valid(key, 0));
	assert_true(bci_key_valid(key, 1));
	assert_true(bci_key_valid(key, BC_KEY_MAX));
	assert_false(bci_key_valid(key, BC_KEY_MAX + 1));
	assert_false(bci_key_valid("\xff", 1));
	assert_true(bci_key_valid("\xc2\x80\xe6\x97\xa5", 5));
	assert_false(bci_key_valid("1234567890\xe6\x97", 12));
	/* Every byte in every place of two words and a rest. */
	for (unsigned byte = 0; byte < 0x80; byte++)
		for (size_t at = 0; at < 19; at++) {
			bool good = byte >= 0x20 && byte != 0x7f;

			key[at] = (char)byte;
			if (bci_key_valid(key, 19) != good)
				fail_msg("byte %u at %zu", byte, at);
			key[at] = 'k';
		}
}

/* ------------------------------------------------------------------------ */
/*  Series keys                                                             */
/* ------------------------------------------------------------------------ */

static void
a_series_is_spelled_out_and_escaped(void **state)
{
	static const struct {
		struct bc_series series;
		const char *key;
	} cases[] = {
		{ { "binance", "spot", "BTCUSDT", "1m", NULL },
		  "binance/spot/BTCUSDT/1m" },
		{ { "binance", "spot", "BTCUSDT", "1M", "" },
		  "binance/spot/BTCUSDT/1M" },
		{ { "ccxt:binance", "swap", "BTC/USDT:USDT", "60min", "mark" },
		  "ccxt:binance/swap/BTC%2FUSDT:USDT/1h@mark" },
		{ { "a/b", "c@d", "e%f", "H4", "g/h@i%" },
		  "a%2Fb/c%40d/e%25f/4h@g%2Fh%40i%25" },
		{ { "x", "y", "\x01\x1f\x7f ~", "D", NULL },
		  "x/y/%01%1F%7F ~/1d" },
		{ { "x", "y", "^GSPC EURUSD=X BRK-B 0700.HK", "W", NULL },
		  "x/y/^GSPC EURUSD=X BRK-B 0700.HK/1w" },
		{ { "x", "y", "\xe6\x97\xa5\xe7\xb5\x8c" "225", "1d", NULL },
		  "x/y/\xe6\x97\xa5\xe7\xb5\x8c" "225/1d" },
	};
	char key[BC_KEY_MAX + 1];
	struct bc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_status(bc_key_series(&cases[i].series, key, &err), BC_OK,
		              NULL);
		assert_string_equal(key, cases[i].key);
	}
}

static void
a_series_with_a_bad_part_has_no_key(void **state)
{
	static const struct {
		struct bc_series series;
		enum bc_status status;
	} cases[] = {
		{ { "", "m", "s", "1m", NULL }, BC_KEY },
		{ { "e", "", "s", "1m", NULL }, BC_KEY },
		{ { "e", "m", "", "1m", NULL }, BC_KEY },
		{ { "e", "m", "s", "", NULL }, BC_KEY },
		{ { NULL, "m", "s", "1m", NULL }, BC_KEY },
		{ { "e", "m", "s", NULL, NULL }, BC_KEY },
		{ { "\xff", "m", "s", "1m", NULL }, BC_KEY },
		{ { "e", "m", "s\xc3", "1m", NULL }, BC_KEY },
		{ { "e", "m", "s", "1m", "\xed\xa0\x80" }, BC_KEY },
		{ { "e", "m", "s", "1x", NULL }, BC_INVALID },
		{ { "e", "m", "s", "\xff", NULL }, BC_INVALID },
		{ { "e", "m", "s", "0m", NULL }, BC_INVALID },
	};
	char key[BC_KEY_MAX + 1];
	struct bc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(key, "before");
		assert_status(bc_key_series(&cases[i].series, key, &err),
		              cases[i].status, &err);
		assert_string_equal(key, "");
		assert_status(bc_key_series(&cases[i].series, key, NULL),
		              cases[i].status, NULL);
	}
}

/* Lengths on both sides of the limit, by escapes and by plain bytes. */
static void
the_longest_key_fits_and_a_longer_one_does_not(void **state)
{
	static const size_t lengths[] = { 1, 2, 4, 100, BC_KEY_MAX - 7,
		                          BC_KEY_MAX };
	char symbol[2 * BC_KEY_MAX + 2];
	struct bc_series series = { "e", "m", symbol, "1m", NULL };
	struct bc_series back;
	char key[BC_KEY_MAX + 1], text[BC_KEY_MAX + 8];
	struct bc_error err;

	(void)state;
	for (size_t plain = BC_KEY_MAX - 12; plain < BC_KEY_MAX + 3; plain++)
		for (int variant = 0; variant < 2; variant++) {
			size_t bytes = 4 + plain + 3 + (variant ? 3 : 0);
			bool fits = bytes <= BC_KEY_MAX;

			memset(symbol, 's', plain);
			symbol[plain] = '\0';
			series.variant = variant ? "vv" : NULL;
			assert_status(bc_key_series(&series, key, &err),
			              fits ? BC_OK : BC_KEY,
			              fits ? NULL : &err);
			assert_int_equal(strlen(key), fits ? bytes : 0);
			if (fits) {
				assert_status(bc_key_parse(key, text, &back,
				                           &err),
				              BC_OK, NULL);
				assert_string_equal(back.symbol, symbol);
			}
		}
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(symbol, '/', lengths[i]);
		symbol[lengths[i]] = '\0';
		series.variant = NULL;
		assert_status(bc_key_series(&series, key, &err),
		              lengths[i] <= 100 ? BC_OK : BC_KEY,
		              lengths[i] <= 100 ? NULL : &err);
	}
}

static void
what_is_no_series_key_is_not_parsed(void **state)
{
	static const char *const bad[] = {
		"", "a", "a/b", "a/b/c", "a/b/c/", "a/b/c/d", "a/b/c/1m/d",
		"/b/c/1m", "a//c/1m", "a/b//1m", "a/b/c/1m@", "a/b/c/@v",
		"a/b/c/60m", "a/b/c/xyz", "a/b/c/1m@v@w", "a/b/c/1m@v/w",
		"a@x/b/c/1m", "a/b/c%/1m", "a/b/c%2/1m", "a/b/c%2f/1m",
		"a/b/c%2x/1m", "a/b/c%41/1m", "a/b/c%00/1m", "a/b/c/1m%",
		"a/b/c/1m@%", "a/b/c/1m@%2", "a/b/\xff/1m", "a/b/\x01/1m",
		"4ff5fe09fae53c37", "a/b/c/%31m", "a/b/c/1m@v%C3",
	};
	char text[BC_KEY_MAX + 8], longer[BC_KEY_MAX + 2];
	struct bc_series series;
	struct bc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		series.source = "before";
		if (bc_key_parse(bad[i], text, &series, &err) != BC_KEY)
			fail_msg("'%s' is one", bad[i]);
		assert_int_equal(err.status, BC_KEY);
		assert_null(series.source);
		assert_null(series.variant);
	}
	assert_status(bc_key_parse("x", text, &series, NULL), BC_KEY, NULL);
	assert_status(bc_key_parse(NULL, text, &series, &err), BC_KEY, &err);
	memset(longer, 'a', sizeof(longer));
	memcpy(longer + 4, "/b/", 3);
	memcpy(longer + sizeof(longer) - 4, "/1m", 4);
	assert_status(bc_key_parse(longer, text, &series, &err), BC_KEY, &err);
}

static void
a_series_without_a_variant_has_an_empty_one(void **state)
{
	char text[BC_KEY_MAX + 8];
	struct bc_series series;
	struct bc_error err;

	(void)state;
	assert_status(bc_key_parse("a/b/c%2Fd/4h", text, &series, &err), BC_OK,
	              NULL);
	assert_string_equal(series.source, "a");
	assert_string_equal(series.market, "b");
	assert_string_equal(series.symbol, "c/d");
	assert_string_equal(series.timeframe, "4h");
	assert_string_equal(series.variant, "");
	assert_status(bc_key_parse("a/b/c/1w@x%40", text, &series, &err), BC_OK,
	              NULL);
	assert_string_equal(series.variant, "x@");
}

/* Text out of few pieces, so that parts often look alike across borders. */
static void
random_part(uint64_t bits, char *out)
{
	static const char *const pieces[] = {
		"%", "/", "@", "2F", "25", "%2F", "a", "1m", "\x7f", "\x01",
		"\xc3\xa9", "\xf0\x9f\x9a\x80", ":", " ", "A", "\xe6\x97\xa5",
	};
	size_t count = 1 + bits % 4;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		strcat(out, pieces[bits >> (8 + 4 * i) & 15]);
}

struct made {
	char key[BC_KEY_MAX + 1];
	char identity[200]; /* the parts with a byte between no part holds */
};

static int
compare_made(const void *a, const void *b)
{
	return strcmp(((const struct made *)a)->key,
	              ((const struct made *)b)->key);
}

static void
series_and_keys_stand_for_each_other(void **state)
{
	static const char *const frames[] = { "1m", "1M", "1h", "1d" };
	enum { COUNT = 30000 };
	struct made *made = calloc(COUNT, sizeof(*made));
	uint64_t shared = 0;

	(void)state;
	assert_non_null(made);
	for (uint64_t i = 0; i < COUNT; i++) {
		char parts[4][40], key[BC_KEY_MAX + 1], text[BC_KEY_MAX + 8];
		struct bc_series series = { parts[0], parts[1], parts[2],
			                    frames[test_mix(i, 9) % 4],
			                    parts[3] };
		struct bc_series back;
		struct bc_error err;

		for (uint64_t j = 0; j < 4; j++)
			random_part(test_mix(i, 3 + j), parts[j]);
		if (i % 3 == 0)
			parts[3][0] = '\0';
		assert_status(bc_key_series(&series, made[i].key, &err), BC_OK,
		              NULL);
		assert_true(bci_key_valid(made[i].key, strlen(made[i].key)));
		assert_status(bc_key_parse(made[i].key, text, &back, &err),
		              BC_OK, NULL);
		assert_string_equal(back.source, series.source);
		assert_string_equal(back.market, series.market);
		assert_string_equal(back.symbol, series.symbol);
		assert_string_equal(back.timeframe, series.timeframe);
		assert_string_equal(back.variant, series.variant);
		assert_status(bc_key_series(&back, key, &err), BC_OK, NULL);
		assert_string_equal(key, made[i].key);
		snprintf(made[i].identity, sizeof(made[i].identity),
		         "%s\x02%s\x02%s\x02%s\x02%s", series.source,
		         series.market, series.symbol, series.timeframe,
		         series.variant);
	}
	qsort(made, COUNT, sizeof(*made), compare_made);
	for (size_t i = 1; i < COUNT; i++) {
		if (strcmp(made[i - 1].key, made[i].key) != 0)
			continue;
		assert_string_equal(made[i - 1].identity, made[i].identity);
		shared++;
	}
	/* There are so few pieces that some series come twice. */
	assert_true(shared < COUNT / 10);
	free(made);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_hash_as_in_python),
		cmocka_unit_test(escapes_are_those_of_python),
		cmocka_unit_test(a_request_that_is_not_whole_is_refused),
		cmocka_unit_test(a_request_fails_cleanly_without_memory),
		cmocka_unit_test(utf8_is_told_from_what_is_not),
		cmocka_unit_test(a_key_has_length_utf8_and_no_controls),
		cmocka_unit_test(a_series_is_spelled_out_and_escaped),
		cmocka_unit_test(a_series_with_a_bad_part_has_no_key),
		cmocka_unit_test(
			the_longest_key_fits_and_a_longer_one_does_not),
		cmocka_unit_test(what_is_no_series_key_is_not_parsed),
		cmocka_unit_test(a_series_without_a_variant_has_an_empty_one),
		cmocka_unit_test(series_and_keys_stand_for_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

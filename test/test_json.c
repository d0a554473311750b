/* SPDX-License-Identifier: MIT */
/*
 * test_json.c - rows of JSON as lines of text: the forms that services send,
 * and the byte or row that is named where a text is none of them.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "dialect.h"
#include "json.h"
#include "support.h"

static char types[BCI_JSON_TYPES];

/* Rewrite a copy that ends where the text ends, for the sake of sanitizers. */
static enum bc_status
rewrite(const struct bc_allocator *allocator, const char *json, char **text,
        size_t *bytes, struct bc_error *err)
{
	size_t json_bytes = strlen(json);
	char *copy = malloc(json_bytes != 0 ? json_bytes : 1);
	enum bc_status status;

	assert_non_null(copy);
	memcpy(copy, json, json_bytes);
	memset(err, 0, sizeof(*err));
	status = bci_json_rows(allocator, copy, json_bytes, text, bytes, types,
	                       err);
	free(copy);
	return status;
}

/* It must become 'expected'. */
static void
check(const char *json, const char *expected)
{
	struct bc_error err;
	char *text = NULL;
	size_t bytes;

	if (rewrite(&bci_allocator_default, json, &text, &bytes, &err) != BC_OK)
		fail_msg("%s: %s", json, err.message);
	if (bytes != strlen(expected) || memcmp(text, expected, bytes) != 0)
		fail_msg("%s became:\n%.*sexpected:\n%s", json, (int)bytes,
		         text, expected);
	free(text);
}

/* It must be refused with 'message'. */
static void
refuse(const char *json, const char *message)
{
	struct bc_error err;
	char *text = NULL;
	size_t bytes;

	if (rewrite(&bci_allocator_default, json, &text, &bytes, &err) !=
	    BC_INVALID)
		fail_msg("%s was taken", json);
	assert_int_equal(err.status, BC_INVALID);
	assert_string_equal(err.message, message);
	assert_null(text);
}

static void
json_is_known_by_its_first_bytes(void **state)
{
	static const char *const json[] = {
		"[",  "[[1]]", " \r\n\t[ -1]",        "{",  "{\"a\":1}",
		"[]", "[{}]",  "\xef\xbb\xbf[\"a\"]", "[1", "{'a': 1}",
	};
	static const char *const other[] = {
		"",          " ",
		"date,open", "[Data]\na,b",
		"[null]",    "\xef\xbb\xbf",
		"1,2",       "(",
	};

	(void)state;
	for (size_t i = 0; i < BCI_COUNT(json); i++)
		if (!bci_json_is(json[i], strlen(json[i])))
			fail_msg("%s", json[i]);
	for (size_t i = 0; i < BCI_COUNT(other); i++)
		if (bci_json_is(other[i], strlen(other[i])))
			fail_msg("%s", other[i]);
}

static void
lists_are_rows_without_a_header(void **state)
{
	(void)state;
	check("[[1509836520000, 0.00162008, 1e-5], [1509836580000,-0,0.5E+3]]",
	      "1509836520000\t0.00162008\t1e-5\n1509836580000\t-0\t0.5E+3\n");
	check("\xef\xbb\xbf [\n[\"1597026383085\",\"3.721\"]\n]\n",
	      "1597026383085\t3.721\n");
	check("[[1],[],[2]]", "1\n\n2\n");
	check("[[null],[null,null],[1,null]]", "\n\t\n1\t\n");
	check("[[NaN,Infinity,-Infinity,true,false]]",
	      "NaN\tInfinity\t-Infinity\t1\t0\n");
	/* Longer than what is copied at once. */
	check("[[0.123456789012345678901234567890123456789,2]]",
	      "0.123456789012345678901234567890123456789\t2\n");
}

static void
strings_become_fields(void **state)
{
	(void)state;
	check("[[\"a\\\"b\\\\c\\/d\",\"\\b\\f\\n\\r\\t|\",\"x\ty\nz\"]]",
	      "a'b\\c/d\t     |\tx y z\n");
	check("[[\"\\u00e9\\u20AC\\ud83d\\ude00\\u0041\\u0000\\u007f\"]]",
	      "\u00e9\u20ac\U0001f600A  \n");
	/* Half of a pair. */
	check("[[\"\\ud83d\",\"\\ude00x\",\"\\ud83d\\u0041\",\"\\ud83d\\n\"]]",
	      "\ufffd\t\ufffdx\t\ufffdA\t\ufffd \n");
	/* A line that begins with '#' would be a comment. */
	check("[[\"#AAPL\",1],[2,\"#3\"]]", "\"#AAPL\"\t1\n2\t\"#3\"\n");
	check("[[\"\",1]]", "\t1\n");
}

static void
objects_have_a_header_of_all_names(void **state)
{
	(void)state;
	check("[{\"date\":1,\"open\":2.5},{\"date\":2,\"open\":\"3\"}]",
	      "date\topen\n1\t2.5\n2\t3\n");
	check("[{\"t\":1,\"o\":2},{\"o\":4,\"t\":3},{\"t\":5}]",
	      "t\to\n1\t2\n3\t4\n5\t\n");
	/* A name that only a later one has. */
	check("[{\"t\":1},{\"t\":2,\"v\":3},{\"t\":4}]",
	      "t\tv\n1\t\n2\t3\n4\t\n");
	check("[{},{\"t\":2,\"v\":3}]", "t\tv\n\t\n2\t3\n");
	check("{\"t\":1,\"o\":2}\n{\"t\":2,\"o\":3}\n", "t\to\n1\t2\n2\t3\n");
	check("{\"t\":1,\"o\":2} {\"o\":3,\"v\":4}",
	      "t\to\tv\n1\t2\t\n\t3\t4\n");
	check("[1,2,3]\n[4,5,6]\n", "1\t2\t3\n4\t5\t6\n");
	check("{\"t\":1,\"o\":2,\"h\":3,\"l\":4,\"c\":5}",
	      "t\to\th\tl\tc\n1\t2\t3\t4\t5\n");
}

static void
rows_are_found_in_the_objects_of_services(void **state)
{
	(void)state;
	check("{\"error\":[],\"result\":{\"XXBTZUSD\":[[1,\"2\"],[2,\"3\"]],"
	      "\"last\":123}}",
	      "1\t2\n2\t3\n");
	check("{\"ticker\":\"AAPL\",\"results\":[{\"v\":1,\"t\":2}],\"count\":"
	      "1}",
	      "v\tt\n1\t2\n");
	check("{\"retCode\":0,\"result\":{\"symbol\":\"BTCUSD\",\"list\":"
	      "[[\"1\",\"2\"]]},\"retExtInfo\":{},\"time\":1}",
	      "1\t2\n");
	check("{\"a\":{\"b\":{\"c\":[[1,2]]}}}", "1\t2\n");
	check("{\"Meta Data\":{\"1. Information\":\"x\",\"2. Symbol\":\"IBM\"},"
	      "\"Time Series (Daily)\":{\"2024-01-03\":{\"1. open\":\"187.1\","
	      "\"2. high\":\"188\"},\"2024-01-02\":{\"1. open\":\"186\","
	      "\"2. high\":\"187\"}}}",
	      "time\t1. open\t2. high\n"
	      "2024-01-03\t187.1\t188\n2024-01-02\t186\t187\n");
	check("{\"s\":\"ok\",\"t\":[1,2],\"o\":[3,4],\"h\":[5,6],\"l\":[7,8],"
	      "\"c\":[9,null],\"x\":[]}",
	      "t\to\th\tl\tc\n1\t3\t5\t7\t9\n2\t4\t6\t8\t\n");
	check("{\"dataset\":{\"column_names\":[\"Date\",\"Open\"],"
	      "\"frequency\":"
	      "\"daily\",\"data\":[[\"2000-01-03\",1.5]]}}",
	      "Date\tOpen\n2000-01-03\t1.5\n");
	check("{\"2024-01-02\":[1,2],\"2024-01-03\":[3,4]}",
	      "2024-01-02\t1\t2\n2024-01-03\t3\t4\n");
}

static void
frames_of_pandas_are_rows_in_any_orientation(void **state)
{
	(void)state;
	/* index, columns, split, split with numbers of rows, table */
	check("{\"1704153600000\":{\"Open\":1,\"Close\":2},"
	      "\"1704240000000\":{\"Open\":3,\"Close\":4}}",
	      "time\tOpen\tClose\n1704153600000\t1\t2\n1704240000000\t3\t4\n");
	check("{\"Open\":{\"1704153600000\":1,\"1704240000000\":3},"
	      "\"Close\":{\"1704153600000\":2,\"1704240000000\":null}}",
	      "time\tOpen\tClose\n1704153600000\t1\t2\n1704240000000\t3\t\n");
	check("{\"columns\":[\"Open\",\"Close\"],\"index\":[1704153600000,"
	      "1704240000000],\"data\":[[1,2],[3,4]]}",
	      "time\tOpen\tClose\n1704153600000\t1\t2\n1704240000000\t3\t4\n");
	check("{\"columns\":[\"date\",\"Close\"],\"index\":[0,1],"
	      "\"data\":[[1,2],[3,4]]}",
	      "\tdate\tClose\n0\t1\t2\n1\t3\t4\n");
	check("{\"schema\":{\"fields\":[{\"name\":\"index\"},{\"name\":\"o\"}]}"
	      ","
	      "\"data\":[{\"index\":0,\"o\":1}]}",
	      "index\to\n0\t1\n");
}

static void
types_are_handed_on(void **state)
{
	(void)state;
	check("{\"key\":\"x\",\"columns\":[\"time\",\"open\",\"n,m\",\"count\"]"
	      ","
	      "\"types\":[\"i64\",\"f64\",\"f64\",\"i64\"],"
	      "\"data\":[[1,2.5,3,4]]}",
	      "time\topen\tn,m\tcount\n1\t2.5\t3\t4\n");
	assert_string_equal(types, "time:i64,open:f64,count:i64");
	check("[[1]]", "1\n");
	assert_string_equal(types, "");
	refuse("{\"columns\":[\"a\",\"b\"],\"types\":[\"f64\"],\"data\":[[1,2]]"
	       "}",
	       "'types' has not as many values as there are names of columns");
}

static void
what_has_no_rows_says_so(void **state)
{
	(void)state;
	refuse("[]", "no rows");
	refuse("{\"data\":[]}", "no rows");
	refuse("{\"s\":\"no_data\",\"t\":[],\"o\":[]}", "no rows");
	refuse("[{}]", "no names in the rows");
	refuse("{\"code\":-1121,\"msg\":\"Invalid symbol.\"}\n",
	       "no list of rows in this JSON: "
	       "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}");
	refuse("{\"bars\":{\"AAPL\":[{\"t\":1}],\"MSFT\":[{\"t\":1}]}}",
	       "more than one list of rows: 'bars.AAPL' and 'bars.MSFT'");
	refuse("{\"a\":{\"b\":{\"c\":{\"d\":[[1,2]]}}}}",
	       "no list of rows in this JSON: "
	       "{\"a\":{\"b\":{\"c\":{\"d\":[[1,2]]}}}}");
	refuse("{\"t\":[1,2],\"o\":[3,4],\"h\":[5,6],\"l\":[7],\"c\":[9,8]}",
	       "the lists 't' and 'l' are not of one length");
	refuse("{\"a\":{\"2024\":1},\"b\":{\"2024\":1,\"2025\":2}}",
	       "no list of rows in this JSON: "
	       "{\"a\":{\"2024\":1},\"b\":{\"2024\":1,\"2025\":2}}");
}

static void
rows_that_differ_are_named(void **state)
{
	(void)state;
	refuse("[[1,2],[3,[4]]]", "row 2: value 2 is a list or an object");
	refuse("{\"candles\":[{\"time\":1,\"mid\":{\"o\":1}}]}",
	       "row 1: 'mid' is a list or an object");
	refuse("[[1,2],{\"a\":1}]", "row 2 is not a list as the first one");
	refuse("[{\"a\":1},[1]]", "row 2 is not an object as the first one");
	refuse("[{\"a\":1},7]", "row 2 is not an object as the first one");
	refuse("[{\"a\":1},{\"a\":1,\"b\":2,\"a\":3}]", "row 2 has 'a' twice");
	refuse("{\"columns\":[\"a\"],\"index\":[1],\"data\":[[1],[2]]}",
	       "'index' has only 1 values");
	refuse("{\"a\":{\"20240101\":1,\"20240102\":2},"
	       "\"b\":{\"20240101\":1,\"20240103\":2}}",
	       "row 2: 'b' has another time");
}

static void
what_is_not_json_is_named_by_its_byte(void **state)
{
	(void)state;
	refuse("[[1,2]",
	       "not JSON at byte 7: it ends where ',' or ']' should be");
	refuse("[[1,02]]", "not JSON at byte 5: '0' where a value should be");
	refuse("[[1,.5]]", "not JSON at byte 5: '.' where a value should be");
	refuse("[[1,5.]]", "not JSON at byte 5: '5' where a value should be");
	refuse("[[1,5e]]", "not JSON at byte 5: '5' where a value should be");
	refuse("[[1,+5]]", "not JSON at byte 5: '+' where a value should be");
	refuse("[[1,-]]", "not JSON at byte 5: '-' where a value should be");
	refuse("[[1,]]", "not JSON at byte 5: ']' where a value should be");
	refuse("[[1 2]]", "not JSON at byte 5: '2' where ',' or ']' should be");
	refuse("[[nul]]", "not JSON at byte 3: 'n' where a value should be");
	refuse("[[\x01]]",
	       "not JSON at byte 3: a byte 0x01 where a value should be");
	refuse("[[1]] x",
	       "not JSON at byte 7: more behind the end of the list");
	refuse("{\"a\":[[1]]} x", "not JSON at byte 13: more behind the end");
	refuse("[[\"a\\x\"]]", "not JSON at byte 5: an unknown escape");
	refuse("[[\"\\u12g4\"]]",
	       "not JSON at byte 4: \\u wants four hex digits");
	refuse("[[\"a", "not JSON at byte 5: it ends within a string");
	refuse("[[\"a\\", "not JSON at byte 6: it ends within a string");
	refuse("[{\"a\" 1}]", "not JSON at byte 7: '1' where ':' should be");
	refuse("[{a:1}]", "not JSON at byte 3: 'a' where a name in double "
	                  "quotes should be");
	refuse("", "not JSON at byte 1: it ends where '{' should be");
}

/* A text of 'count' times 'piece' between two others; the caller frees it. */
static char *
repeat(const char *before, const char *piece, size_t count, const char *after)
{
	size_t bytes = strlen(before) + strlen(piece) * count + strlen(after);
	char *text = malloc(bytes + 1), *end = text;

	assert_non_null(text);
	end += sprintf(end, "%s", before);
	while (count-- > 0)
		end += sprintf(end, "%s", piece);
	strcpy(end, after);
	return text;
}

static void
hostile_texts_are_bounded(void **state)
{
	char *json = repeat("[[", "[", 100000, "");
	char name[32], *object;

	(void)state;
	refuse(json, "row 1: value 1 is a list or an object");
	free(json);
	json = repeat("{\"a\":", "[", 100000, "");
	refuse(json, "not JSON at byte 38: values nested more than 32 deep");
	free(json);
	json = repeat("", "{\"a\":", 100000, "");
	refuse(json, "not JSON at byte 186: values nested more than 32 deep");
	free(json);
	/* As many names as there may be, and one more. */
	object = repeat("[{", "", 0, "");
	for (int i = 0; i <= BCI_FIELDS_MAX; i++) {
		char *longer;

		snprintf(name, sizeof(name), "%s\"n%d\":1", i ? "," : "", i);
		longer = repeat(object, name, 1, "");
		free(object);
		object = longer;
		if (i == BCI_FIELDS_MAX - 1) {
			json = repeat(object, "},{", 300000, "}]");
			refuse(json, "most rows lack most of the 520 names of "
			             "all");
			free(json);
		}
	}
	json = repeat(object, "", 0, "}]");
	refuse(json, "more than 520 names of values");
	free(json);
	free(object);
}

/* Cut and changed texts are taken or refused, and never read too far. */
static void
damaged_texts_are_taken_or_refused(void **state)
{
	static const char *const samples[] = {
		"[[1,\"2\\u00e9\",null],[-3.5e7,true,NaN]]",
		"{\"a\":1,\"d\":{\"x\":[{\"t\":1,\"o\":\"2\"},{\"v\":3}]}}",
		"{\"columns\":[\"a\"],\"types\":[1],\"index\":[0],\"d\":[[1]]}",
		"{\"s\":1,\"t\":[1,2],\"o\":[3,4],\"h\":[5,6],\"l\":[7,8]}",
		"{\"a\":{\"0\":1,\"1\":2},\"b\":{\"0\":3,\"1\":4}}",
	};
	static const char bytes[] = "[]{}\",:\\0-e\x01 nt";
	size_t taken = 0, refused = 0, got;
	struct bc_error err;
	char copy[256], *text;

	(void)state;
	for (size_t i = 0; i < BCI_COUNT(samples); i++) {
		size_t length = strlen(samples[i]);

		for (size_t at = 0; at < length; at++) {
			for (size_t b = 0; b < sizeof(bytes); b++) {
				enum bc_status status;

				strcpy(copy, samples[i]);
				copy[at] = bytes[b]; /* The last one cuts. */
				text = NULL;
				status = rewrite(&bci_allocator_default, copy,
				                 &text, &got, &err);
				assert_true(status == BC_OK ||
				            status == BC_INVALID);
				assert_true((status == BC_OK) ==
				            (text != NULL));
				taken += status == BC_OK;
				refused += status != BC_OK;
				free(text);
			}
		}
	}
	assert_true(taken > 100 && refused > 1000);
}

static void
memory_that_is_not_there_is_reported(void **state)
{
	char *json = repeat("[{\"a\":1,\"b\":2,\"c\":3}", ",{}", 5000, "]");
	struct test_memory memory = { 0 };
	struct bc_allocator allocator = test_allocator(&memory);
	uint64_t fail_at = 0;
	struct bc_error err;
	enum bc_status status;
	size_t bytes;
	char *text;

	(void)state;
	do {
		memory.requests = 0;
		memory.fail_at = ++fail_at;
		memory.fired = false;
		status = rewrite(&allocator, json, &text, &bytes, &err);
		assert_status(status, memory.fired ? BC_NOMEM : BC_OK, &err);
		assert_int_equal(memory.live, status == BC_OK ? 1 : 0);
		bci_free(&allocator, text);
	} while (memory.fired);
	assert_true(fail_at > 2);
	free(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_known_by_its_first_bytes),
		cmocka_unit_test(lists_are_rows_without_a_header),
		cmocka_unit_test(strings_become_fields),
		cmocka_unit_test(objects_have_a_header_of_all_names),
		cmocka_unit_test(rows_are_found_in_the_objects_of_services),
		cmocka_unit_test(frames_of_pandas_are_rows_in_any_orientation),
		cmocka_unit_test(types_are_handed_on),
		cmocka_unit_test(what_has_no_rows_says_so),
		cmocka_unit_test(rows_that_differ_are_named),
		cmocka_unit_test(what_is_not_json_is_named_by_its_byte),
		cmocka_unit_test(hostile_texts_are_bounded),
		cmocka_unit_test(damaged_texts_are_taken_or_refused),
		cmocka_unit_test(memory_that_is_not_there_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

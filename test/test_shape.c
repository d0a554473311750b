/* SPDX-License-Identifier: MIT */
/*
 * test_shape.c - rows of a frame as text in our own shape.
 */
#include "barcache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "shape_unit.h"

#define OUR_CSV                                                                \
	"time,open,high,low,close,volume\n"                                    \
	"2024-01-01T00:00:00Z,1,2.5,0.25,1.125,0\n"                            \
	"2024-01-01T00:01:00Z,2,3.5,1.25,2.125,10\n"                           \
	"2024-01-01T00:02:00Z,3,4.5,2.25,3.125,20\n"

static void
our_csv_has_names_and_iso_times(void **state)
{
	(void)state;
	expect(OUR_CSV);
	t.options.header = false;
	expect(strchr(OUR_CSV, '\n') + 1);
	t.frame.rows = 0;
	expect("");
	t.options.header = true;
	expect("time,open,high,low,close,volume\n");
}

static void
our_json_has_names_types_and_ns(void **state)
{
	(void)state;
	t.frame.key = "a\"b\\c";
	t.frame.column_count = 2;
	t.options.json = true;
	expect("{\"key\":\"a\\\"b\\\\c\",\"columns\":[\"time\",\"open\","
	       "\"high\"],\"types\":[\"i64\",\"f64\",\"f64\"],\"data\":[\n"
	       "[1704067200000000000,1,2.5],\n"
	       "[1704067260000000000,2,3.5],\n"
	       "[1704067320000000000,3,4.5]\n"
	       "]}\n");
	t.frame.rows = 0;
	t.frame.key = "k";
	expect("{\"key\":\"k\",\"columns\":[\"time\",\"open\",\"high\"],"
	       "\"types\":[\"i64\",\"f64\",\"f64\"],\"data\":[\n]}\n");
}

static void
a_part_of_the_rows_may_be_written(void **state)
{
	(void)state;
	t.options.header = false;
	t.frame.first = 1;
	t.frame.rows = 1;
	expect("2024-01-01T00:01:00Z,2,3.5,1.25,2.125,10\n");
	t.options.json = true;
	t.frame.column_count = 1;
	expect("{\"key\":\"k\",\"columns\":[\"time\",\"open\"],"
	       "\"types\":[\"i64\",\"f64\"],\"data\":[\n"
	       "[1704067260000000000,2]\n]}\n");
}

/* Write the three rows one by one, each as a block of its own. */
static enum bc_status
write_in_parts(void)
{
	struct bci_shape_frame part = t.frame;
	struct bci_shape *shape;
	enum bc_status status;
	size_t bytes;
	char text[4000];

	part.rows = 1;
	part.more = true;
	assert_status(bci_shape_begin(&bci_allocator_default, &t.options, &part,
	                              &shape, &t.err),
	              BC_OK, &t.err);
	t.bytes = 0;
	for (;;) {
		status = bci_shape_more(shape, text, sizeof(text), &bytes,
		                        &t.err);
		memcpy(t.text + t.bytes, text, bytes);
		t.bytes += bytes;
		if (status != BC_OK || (bytes == 0 && !part.more))
			break;
		if (bytes != 0)
			continue;
		part.first++;
		part.more = part.first < t.frame.rows;
		part.rows = part.more;
		bci_shape_go_on(shape, &part);
	}
	t.text[t.bytes] = '\0';
	bci_shape_end(shape);
	return status;
}

static void
rows_in_parts_make_the_same_text(void **state)
{
	(void)state;
	assert_status(write_in_parts(), BC_OK, &t.err);
	assert_string_equal(t.text, OUR_CSV);
	t.options.json = true;
	assert_status(shape_unit_write(4000), BC_OK, &t.err);
	char *whole = malloc(strlen(t.text) + 1);
	assert_non_null(whole);
	strcpy(whole, t.text);
	assert_status(write_in_parts(), BC_OK, &t.err);
	assert_string_equal(t.text, whole);
	free(whole);
}

static void
a_row_of_a_later_part_has_its_number(void **state)
{
	(void)state;
	t.options.preset = bci_preset_find("mt5");
	assert_non_null(t.options.preset);
	t.frame.timeframe.step_ns = MINUTE;
	t.time_ns[2] += 1;
	assert_status(write_in_parts(), BC_INVALID, &t.err);
	assert_int_equal(t.err.row, 2);
}

static void
little_room_makes_no_difference(void **state)
{
	(void)state;
	assert_status(shape_unit_write(0), BC_OK, &t.err);
	assert_string_equal(t.text, OUR_CSV);
	t.options.json = true;
	assert_status(shape_unit_write(4000), BC_OK, &t.err);
	char *whole = malloc(strlen(t.text) + 1);
	assert_non_null(whole);
	strcpy(whole, t.text);
	assert_status(shape_unit_write(0), BC_OK, &t.err);
	assert_string_equal(t.text, whole);
	free(whole);
}

static void
times_have_the_fraction_that_they_need(void **state)
{
	(void)state;
	t.frame.column_count = 1;
	t.options.header = false;
	t.time_ns[0] = -1;
	t.time_ns[1] = BEGIN + 500000000;
	t.time_ns[2] = BEGIN + BCI_SECOND_NS;
	expect("1969-12-31T23:59:59.999999999Z,1\n"
	       "2024-01-01T00:00:00.5Z,2\n"
	       "2024-01-01T00:00:01Z,3\n");
	t.options.json = true;
	t.options.header = true;
	expect("{\"key\":\"k\",\"columns\":[\"time\",\"open\"],"
	       "\"types\":[\"i64\",\"f64\"],\"data\":[\n"
	       "[-1,1],\n[1704067200500000000,2],\n"
	       "[1704067201000000000,3]\n]}\n");
}

/* A reader must see that such a column is not one of integers. */
static void
doubles_beside_the_bar_show_that_they_are(void **state)
{
	const double vwap[3] = { 5, 1e22, 0.5 };
	const float f32[3] = { 7, 0.1f, -1 };
	const double bid[3] = { 3, 4, 5 };

	(void)state;
	t.frame.column_count = 0;
	shape_unit_column("vwap", BC_F64, vwap);
	shape_unit_column("f", BC_F32, f32);
	shape_unit_column("bid_open", BC_F64, bid);
	expect("time,vwap,f,bid_open\n"
	       "2024-01-01T00:00:00Z,5.0,7.0,3\n"
	       "2024-01-01T00:01:00Z,1e22,0.1,4\n"
	       "2024-01-01T00:02:00Z,0.5,-1.0,5\n");
}

static void
integers_of_all_sizes_are_integers(void **state)
{
	const int64_t i64[3] = { INT64_MIN, 0, INT64_MAX };
	const int32_t i32[3] = { INT32_MIN, 7, INT32_MAX };
	const uint8_t u8[3] = { 0, 1, 255 };

	(void)state;
	t.frame.column_count = 0;
	t.options.header = false;
	shape_unit_column("a", BC_I64, i64);
	shape_unit_column("b", BC_I32, i32);
	shape_unit_column("c", BC_U8, u8);
	expect("2024-01-01T00:00:00Z,-9223372036854775808,-2147483648,0\n"
	       "2024-01-01T00:01:00Z,0,7,1\n"
	       "2024-01-01T00:02:00Z,9223372036854775807,2147483647,255\n");
}

static void
what_is_not_finite_has_its_word(void **state)
{
	const double x[3] = { (double)NAN, (double)INFINITY,
		              -(double)INFINITY };

	(void)state;
	t.frame.column_count = 0;
	t.options.header = false;
	shape_unit_column("x", BC_F64, x);
	shape_unit_column("volume", BC_F64, x);
	expect("2024-01-01T00:00:00Z,,\n"
	       "2024-01-01T00:01:00Z,inf,inf\n"
	       "2024-01-01T00:02:00Z,-inf,-inf\n");
	t.options.json = true;
	t.frame.column_count = 1;
	expect("{\"key\":\"k\",\"columns\":[\"time\",\"x\"],"
	       "\"types\":[\"i64\",\"f64\"],\"data\":[\n"
	       "[1704067200000000000,null],\n"
	       "[1704067260000000000,\"inf\"],\n"
	       "[1704067320000000000,\"-inf\"]\n]}\n");
}

static void
a_negative_zero_keeps_its_sign(void **state)
{
	const double x[3] = { -0.0, 0.0, -0.0 };

	(void)state;
	t.frame.column_count = 0;
	t.options.header = false;
	shape_unit_column("close", BC_F64, x);
	shape_unit_column("x", BC_F64, x);
	expect("2024-01-01T00:00:00Z,-0,-0.0\n"
	       "2024-01-01T00:01:00Z,0,0.0\n"
	       "2024-01-01T00:02:00Z,-0,-0.0\n");
}

/* ------------------------------------------------------------------------ */
/*  Texts                                                                   */
/* ------------------------------------------------------------------------ */

static const uint32_t codes[3] = { 2, 0, 1 };

/* A text column with these words in the order of the rows. */
static void
begin_words(struct bci_field words[3], const char *a, const char *b,
            const char *c)
{
	words[2] = (struct bci_field){ a, strlen(a) };
	words[0] = (struct bci_field){ b, strlen(b) };
	words[1] = (struct bci_field){ c, strlen(c) };
	t.frame.column_count = 0;
	t.options.header = false;
	shape_unit_column("venue", BC_TEXT, codes);
	t.columns[0].dictionary = words;
	t.columns[0].dictionary_count = 3;
}

static void
texts_are_quoted_where_they_must_be(void **state)
{
	struct bci_field words[3];

	(void)state;
	begin_words(words, "New York, NY", "a b;c\\d", "");
	expect("2024-01-01T00:00:00Z,\"New York, NY\"\n"
	       "2024-01-01T00:01:00Z,a b;c\\d\n"
	       "2024-01-01T00:02:00Z,\n");
	t.options.json = true;
	expect("{\"key\":\"k\",\"columns\":[\"time\",\"venue\"],"
	       "\"types\":[\"i64\",\"text\"],\"data\":[\n"
	       "[1704067200000000000,\"New York, NY\"],\n"
	       "[1704067260000000000,\"a b;c\\\\d\"],\n"
	       "[1704067320000000000,\"\"]\n]}\n");
}

/* The room for a row is that of the longest one, with every '\\' doubled. */
/* A spreadsheet runs what begins like this, whoever wrote it. */
static void
formulas_are_inert_where_that_is_asked_for(void **state)
{
	struct bci_field words[3];

	(void)state;
	begin_words(words, "=cmd(), 1", "@SUM", "A=1");
	expect("2024-01-01T00:00:00Z,\"=cmd(), 1\"\n"
	       "2024-01-01T00:01:00Z,@SUM\n"
	       "2024-01-01T00:02:00Z,A=1\n");
	t.options.inert = true;
	expect("2024-01-01T00:00:00Z,\"'=cmd(), 1\"\n"
	       "2024-01-01T00:01:00Z,'@SUM\n"
	       "2024-01-01T00:02:00Z,A=1\n");
	begin_words(words, "-1", "+1", "");
	expect("2024-01-01T00:00:00Z,'-1\n"
	       "2024-01-01T00:01:00Z,'+1\n"
	       "2024-01-01T00:02:00Z,\n");
	t.columns[0].name = "=name";
	t.options.header = true;
	expect("time,'=name\n"
	       "2024-01-01T00:00:00Z,'-1\n"
	       "2024-01-01T00:01:00Z,'+1\n"
	       "2024-01-01T00:02:00Z,\n");
}

static void
inert_numbers_and_json_are_what_they_were(void **state)
{
	static const int64_t numbers[3] = { -1, 0, 1 };
	struct bci_field words[3];

	(void)state;
	begin_words(words, "=a", "-b", "@c");
	t.options.inert = true;
	shape_unit_column("count", BC_I64, numbers);
	expect("2024-01-01T00:00:00Z,'=a,-1\n"
	       "2024-01-01T00:01:00Z,'-b,0\n"
	       "2024-01-01T00:02:00Z,'@c,1\n");
	t.options.json = true;
	assert_status(shape_unit_write(0), BC_OK, &t.err);
	assert_null(strchr(t.text, '\''));
}

static void
long_rows_have_their_room(void **state)
{
	char longest[3001];
	struct bci_field words[3];

	(void)state;
	memset(longest, '\\', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	begin_words(words, "short", longest, longest);
	shape_unit_column("venue2", BC_TEXT, codes);
	t.columns[1].dictionary = words;
	t.columns[1].dictionary_count = 3;
	assert_status(shape_unit_write(0), BC_OK, &t.err);
	assert_int_equal(t.bytes, 3 * 23 + 2 * 5 + 4 * 3000);
	t.options.json = true;
	assert_status(shape_unit_write(0), BC_OK, &t.err);
	assert_non_null(strstr(t.text, ",\"short\",\"short\"],\n"));
	assert_true(t.bytes > 8 * 3000);
}

static void
texts_that_do_not_read_back_are_refused(void **state)
{
	static const char *const bad[] = {
		"a\nb", "a\rb", "5\" disk", " a", "a ", "\ta", "a\x7f", "a\x01"
	};
	struct bci_field words[3];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin_words(words, "good", bad[i], "good");
		expect_refusal(1, "venue");
		expect_refusal(1, "2024-01-01T00:01:00Z");
		t.options.json = true;
		expect_refusal(1, "venue");
		t.options.json = false;
	}
	/* A word of the dictionary that no row has is no fault. */
	t.frame.rows = 1;
	assert_status(shape_unit_write(4000), BC_OK, &t.err);
	t.columns[0].dictionary_count = 2;
	expect_refusal(0, "venue");
}

static void
names_that_no_file_can_hold_are_refused(void **state)
{
	static const char *const bad[] = { "a\nb", " a", "a\x01" };

	(void)state;
	t.columns[2].name = "a,b";
	t.frame.rows = 0;
	expect("time,open,high,\"a,b\",close,volume\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		t.columns[2].name = bad[i];
		t.options.json = false;
		expect_refusal(-1, "name");
		t.options.json = true;
		expect_refusal(-1, "name");
	}
}

/* ------------------------------------------------------------------------ */
/*  Memory                                                                  */
/* ------------------------------------------------------------------------ */

static void
without_memory_nothing_begins(void **state)
{
	struct test_memory memory = { 0 };
	struct bc_allocator allocator = test_allocator(&memory);
	struct bci_shape *shape;

	(void)state;
	for (uint64_t i = 1; i <= 2; i++) {
		memory.requests = 0;
		memory.fail_at = i;
		assert_status(bci_shape_begin(&allocator, &t.options, &t.frame,
		                              &shape, &t.err),
		              BC_NOMEM, &t.err);
		assert_null(shape);
		assert_int_equal(memory.live, 0);
	}
	bci_shape_end(NULL);
}

#define TEST(name) cmocka_unit_test_setup((name), shape_unit_setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(our_csv_has_names_and_iso_times),
		TEST(our_json_has_names_types_and_ns),
		TEST(a_part_of_the_rows_may_be_written),
		TEST(rows_in_parts_make_the_same_text),
		TEST(a_row_of_a_later_part_has_its_number),
		TEST(little_room_makes_no_difference),
		TEST(times_have_the_fraction_that_they_need),
		TEST(doubles_beside_the_bar_show_that_they_are),
		TEST(integers_of_all_sizes_are_integers),
		TEST(what_is_not_finite_has_its_word),
		TEST(a_negative_zero_keeps_its_sign),
		TEST(texts_are_quoted_where_they_must_be),
		TEST(formulas_are_inert_where_that_is_asked_for),
		TEST(inert_numbers_and_json_are_what_they_were),
		TEST(long_rows_have_their_room),
		TEST(texts_that_do_not_read_back_are_refused),
		TEST(names_that_no_file_can_hold_are_refused),
		TEST(without_memory_nothing_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

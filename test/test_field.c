/* SPDX-License-Identifier: MIT */
/*
 * test_field.c - lines and fields of delimited text.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "support.h"

#define FIELDS 8

/* Lines and what they are cut into, which ends with NULL. */
struct cut {
	const char *line;
	const char *fields[FIELDS];
};

/*
 * Check from memory of its own size, so that a sanitizer sees a byte read
 * behind the end.
 */
static void
check_cut(const char *line, char delimiter, const char *const *expected)
{
	size_t bytes = strlen(line);
	char *text = malloc(bytes + 1);
	struct bci_field fields[FIELDS];
	uint32_t count, i;

	assert_non_null(text);
	text = realloc(text, bytes == 0 ? 1 : bytes);
	assert_non_null(text);
	memcpy(text, line, bytes);
	count = bci_line_split(text, text + bytes, delimiter, fields, FIELDS);
	for (i = 0; i < count && expected[i] != NULL; i++)
		if (fields[i].bytes != strlen(expected[i]) ||
		    memcmp(fields[i].text, expected[i], fields[i].bytes) != 0)
			fail_msg("'%s' field %u: '%.*s', not '%s'", line, i,
			         (int)fields[i].bytes, fields[i].text,
			         expected[i]);
	if (i < count || expected[i] != NULL)
		fail_msg("'%s': %u fields", line, count);
	free(text);
}

static void
check_cuts(const struct cut *cuts, size_t count, char delimiter)
{
	for (size_t i = 0; i < count; i++)
		check_cut(cuts[i].line, delimiter, cuts[i].fields);
}

#define CHECK(cuts, delimiter)                                                 \
	check_cuts((cuts), sizeof(cuts) / sizeof((cuts)[0]), (delimiter))

static void
a_line_is_cut_at_delimiters(void **state)
{
	static const struct cut cuts[] = {
		{ "", { "" } },
		{ ",", { "", "" } },
		{ "a", { "a" } },
		{ "a,b", { "a", "b" } },
		{ "a,,b,", { "a", "", "b", "" } },
		{ "a,b\nc,d", { "a", "b" } },
		{ "a,b\r\nc,d", { "a", "b" } },
		{ "a,b\rc,d", { "a", "b" } },
		{ "\nc", { "" } },
		{ "a;b\tc,d", { "a;b\tc", "d" } },
	};

	(void)state;
	CHECK(cuts, ',');
}

static void
blanks_around_a_field_do_not_count(void **state)
{
	static const struct cut cuts[] = {
		{ " a , b c ,\td\t", { "a", "b c", "d" } },
		{ "  ,  ", { "", "" } },
		{ " \"a\" ,b", { "a", "b" } },
		{ "\" a \",b", { "a", "b" } },
	};
	static const struct cut tabs[] = {
		{ "a\t b\t\tc ", { "a", "b", "", "c" } },
	};

	(void)state;
	CHECK(cuts, ',');
	CHECK(tabs, '\t');
}

static void
quotes_may_hold_the_delimiter_but_no_line_end(void **state)
{
	static const struct cut cuts[] = {
		{ "\"a\",\"b\"", { "a", "b" } },
		{ "\"1,234.5\",b", { "1,234.5", "b" } },
		{ "\"\",b", { "", "b" } },
		{ "\"say \"\"a, b\"\"\",c", { "say \"\"a, b\"\"", "c" } },
		{ "\"a\nb\",c", { "\"a" } },
		{ "\"a\rb\",c", { "\"a" } },
	};

	(void)state;
	CHECK(cuts, ',');
}

static void
what_is_badly_quoted_keeps_its_quotes(void **state)
{
	static const struct cut cuts[] = {
		{ "\"a,b", { "\"a", "b" } },
		{ "\"", { "\"" } },
		{ "\"a\"b,c", { "\"a\"b", "c" } },
		{ "a\"b\",c", { "a\"b\"", "c" } },
		{ "\"\"\",c", { "\"\"\"", "c" } },
		{ "'a',b", { "'a'", "b" } },
	};

	(void)state;
	CHECK(cuts, ',');
}

static void
a_run_of_blanks_is_one_delimiter(void **state)
{
	static const struct cut cuts[] = {
		{ "a b", { "a", "b" } },
		{ "  a   b  ", { "a", "b" } },
		{ "a  \"b c\"   d\n", { "a", "b c", "d" } },
		{ "a  \r\nb", { "a" } },
		{ "   ", { "" } },
	};

	(void)state;
	CHECK(cuts, ' ');
}

static void
a_split_counts_fields_it_has_no_room_for(void **state)
{
	static const char line[] = "a,b,c,d\ne";
	struct bci_field fields[3] = { { line, 0 } };

	(void)state;
	fields[2] = (struct bci_field){ line, 77 };
	assert_int_equal(
		bci_line_split(line, line + strlen(line), ',', fields, 2), 4);
	assert_memory_equal(fields[1].text, "b", 1);
	assert_int_equal(fields[2].bytes, 77);
	assert_int_equal(
		bci_line_split(line, line + strlen(line), ',', NULL, 0), 4);
}

static void
a_field_tells_what_is_behind_it(void **state)
{
	static const char line[] = "ab, c \r\n";
	const char *end = line + strlen(line), *at;
	struct bci_field field;

	(void)state;
	at = bci_field_find(line, end, ',', &field);
	assert_ptr_equal(at, line + 2);
	at = bci_field_find(at + 1, end, ',', &field);
	assert_ptr_equal(at, strchr(line, '\r'));
	assert_int_equal(field.bytes, 1);
	assert_ptr_equal(bci_line_next(at, end), end);
	assert_ptr_equal(bci_field_find(end, end, ',', &field), end);
	assert_int_equal(field.bytes, 0);
}

static void
lines_end_in_any_of_three_ways(void **state)
{
	static const char text[] = "a\nb\r\nc\rd\n\ne";
	static const char starts[] = "abcd\ne";
	const char *end = text + strlen(text), *at = text;

	(void)state;
	for (size_t i = 0; i < strlen(starts); i++) {
		assert_true(at < end);
		assert_int_equal(*at, starts[i]);
		at = bci_line_next(at, end);
	}
	assert_ptr_equal(at, end);
	assert_ptr_equal(bci_line_next(end, end), end);
	at = "a\r";
	assert_ptr_equal(bci_line_next(at, at + 2), at + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_cut_at_delimiters),
		cmocka_unit_test(blanks_around_a_field_do_not_count),
		cmocka_unit_test(quotes_may_hold_the_delimiter_but_no_line_end),
		cmocka_unit_test(what_is_badly_quoted_keeps_its_quotes),
		cmocka_unit_test(a_run_of_blanks_is_one_delimiter),
		cmocka_unit_test(a_split_counts_fields_it_has_no_room_for),
		cmocka_unit_test(a_field_tells_what_is_behind_it),
		cmocka_unit_test(lines_end_in_any_of_three_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

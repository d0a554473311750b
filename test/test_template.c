/* SPDX-License-Identifier: MIT */
/*
 * test_template.c - command lines with places: their words, what stands in the
 * places, and what is refused.
 */
#include "barcache.h"

#include <stdio.h>
#include <string.h>

#include "support.h"
#include "template.h"

/* 2024-01-31T09:30:00Z and half a second later. */
#define FROM_NS (INT64_C(1706693400) * 1000000000)
#define TO_NS (FROM_NS + 500000000)

static const struct template_values values = {
	.key = "k/ey",
	.series = { .source = "src",
	            .market = "spot",
	            .symbol = "BTC/USDT",
	            .timeframe = "1m",
	            .variant = NULL },
	.from_ns = FROM_NS,
	.to_ns = TO_NS,
};

/* The words of a command with its values, joined by '|'. */
static void
check(const char *text, bool shell, const char *words)
{
	struct template template;
	struct bc_error err;
	char joined[1024] = "";
	char **argv;

	assert_int_equal(template_parse(text, shell, &template, &err), BC_OK);
	assert_int_equal(template_fill(&template, &values, &argv, &err), BC_OK);
	for (size_t i = 0; argv[i] != NULL; i++) {
		strcat(joined, i == 0 ? "" : "|");
		strcat(joined, argv[i]);
	}
	assert_string_equal(joined, words);
	template_free_words(argv);
	template_free(&template);
}

static void
refuse(const char *text, bool shell, const char *reason)
{
	struct template template;
	struct bc_error err;

	assert_int_equal(template_parse(text, shell, &template, &err),
	                 BC_INVALID);
	assert_non_null(strstr(err.message, reason));
	assert_null(template.words);
}

static void
words_are_split_at_blanks_outside_of_quotes(void **state)
{
	(void)state;
	check("a b", false, "a|b");
	check("  a\tb \n c ", false, "a|b|c");
	check("a 'b  c' d", false, "a|b  c|d");
	check("a \"b 'c'\" d", false, "a|b 'c'|d");
	check("a'b c'd", false, "ab cd");
	check("a '' \"\" b", false, "a|||b");
	check("a\\ b", false, "a b");
	check("'a\\ b'", false, "a\\ b");
	check("\"a\\\"b\\n\"", false, "a\"b\\n");
	check("a $HOME `x` * | b > c", false, "a|$HOME|`x`|*|||b|>|c");
	check("a \\", false, "a|\\");
}

static void
places_have_the_values_of_the_series(void **state)
{
	(void)state;
	check("c {source} {market} {symbol} {timeframe} {key}", false,
	      "c|src|spot|BTC/USDT|1m|k/ey");
	check("c {variant} x{variant}y", false, "c||xy");
	check("http://h/?s={symbol}&i={timeframe}", false,
	      "http://h/?s=BTC/USDT&i=1m");
	check("c '{symbol}' \"{symbol}\"", false, "c|BTC/USDT|BTC/USDT");
}

static void
ends_are_rounded_away_from_the_range(void **state)
{
	(void)state;
	check("{from} {to}", false,
	      "2024-01-31T09:30:00Z|2024-01-31T09:30:00.5Z");
	check("{from:iso} {to:iso}", false,
	      "2024-01-31T09:30:00Z|2024-01-31T09:30:00.5Z");
	check("{from:s} {to:s}", false, "1706693400|1706693401");
	check("{from:ms} {to:ms}", false, "1706693400000|1706693400500");
	check("{from:us} {to:us}", false, "1706693400000000|1706693400500000");
	check("{from:ns} {to:ns}", false,
	      "1706693400000000000|1706693400500000000");
	check("{from:date} {to:date}", false, "2024-01-31|2024-02-01");
}

static void
times_before_1970_are_rounded_alike(void **state)
{
	const struct template_values old = { .key = "k",
		                             .from_ns = -1500000000,
		                             .to_ns = -500000000 };
	struct template template;
	struct bc_error err;
	char **argv;

	(void)state;
	assert_int_equal(template_parse("{from:s} {to:s} {from:date} {to:date}",
	                                false, &template, &err),
	                 BC_OK);
	assert_int_equal(template_fill(&template, &old, &argv, &err), BC_OK);
	assert_string_equal(argv[0], "-2");
	assert_string_equal(argv[1], "0");
	assert_string_equal(argv[2], "1969-12-31");
	assert_string_equal(argv[3], "1970-01-01");
	assert_null(argv[4]);
	template_free_words(argv);
	template_free(&template);
}

static void
other_braces_stay(void **state)
{
	(void)state;
	check("awk '{ print $1 }'", false, "awk|{ print $1 }");
	check("{} {1} {A} {from {from:ms", false, "{}|{1}|{A}|{from|{from:ms");
	check("{{from} {{{to:s}", false, "{from}|{1706693401");
}

static void
a_shell_gets_one_word(void **state)
{
	(void)state;
	check("a 'b' | c {symbol} > {from:s}", true,
	      "sh|-c|a 'b' | c BTC/USDT > 1706693400");
	check("'open", true, "sh|-c|'open");
}

static void
a_value_that_a_shell_would_read_is_refused(void **state)
{
	static const char *const symbols[] = { "a b",     "a;b", "$(x)", "a'b",
		                               "a\"b",    "`x`", "a&b",  "*",
		                               "a\nb",    "a|b", "a>b",  "a\\b",
		                               "\xc3\xa9" };
	struct template_values bad = values;
	struct template template;
	struct bc_error err;
	char **argv;

	(void)state;
	assert_int_equal(template_parse("echo {symbol}", true, &template, &err),
	                 BC_OK);
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		bad.series.symbol = symbols[i];
		assert_int_equal(template_fill(&template, &bad, &argv, &err),
		                 BC_INVALID);
		assert_null(argv);
	}
	template_free(&template);
	/* Without a shell nobody reads it. */
	bad.series.symbol = "a b; $(x) 'y";
	assert_int_equal(
		template_parse("echo {symbol}", false, &template, &err), BC_OK);
	assert_int_equal(template_fill(&template, &bad, &argv, &err), BC_OK);
	assert_string_equal(argv[1], bad.series.symbol);
	assert_null(argv[2]);
	template_free_words(argv);
	template_free(&template);
}

static void
what_is_no_command_is_refused(void **state)
{
	(void)state;
	refuse("", false, "no command");
	refuse(" \t", false, "no command");
	refuse("a 'b", false, "never closed");
	refuse("a \"b", false, "never closed");
	refuse("a {symbl}", false, "{symbl}");
	refuse("a {from:weeks}", false, "{from:weeks}");
	refuse("a {symbol:ms}", false, "{symbol:ms}");
	refuse("a {symbl}", true, "{symbl}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_split_at_blanks_outside_of_quotes),
		cmocka_unit_test(places_have_the_values_of_the_series),
		cmocka_unit_test(ends_are_rounded_away_from_the_range),
		cmocka_unit_test(times_before_1970_are_rounded_alike),
		cmocka_unit_test(other_braces_stay),
		cmocka_unit_test(a_shell_gets_one_word),
		cmocka_unit_test(a_value_that_a_shell_would_read_is_refused),
		cmocka_unit_test(what_is_no_command_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

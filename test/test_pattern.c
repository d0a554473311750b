/* SPDX-License-Identifier: MIT */
/*
 * test_pattern.c - glob patterns over keys.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "support.h"

struct match {
	const char *pattern, *text;
	bool matches;
};

static void
check(const struct match *matches, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bci_glob_match(matches[i].pattern, matches[i].text) ==
		    matches[i].matches)
			continue;
		fail_msg("'%s' and '%s': not %d", matches[i].pattern,
		         matches[i].text, matches[i].matches);
	}
}

#define CHECK(matches) check((matches), sizeof(matches) / sizeof((matches)[0]))

static void
a_pattern_without_wildcards_is_the_text(void **state)
{
	static const struct match matches[] = {
		{ "", "", true },        { "", "a", false },
		{ "a", "", false },      { "abc", "abc", true },
		{ "abc", "ab", false },  { "ab", "abc", false },
		{ "abc", "abd", false },
	};

	(void)state;
	CHECK(matches);
}

static void
a_star_matches_any_run_slashes_too(void **state)
{
	static const struct match matches[] = {
		{ "*", "", true },
		{ "*", "binance/spot/BTC", true },
		{ "**", "x", true },
		{ "b*/1m", "binance/spot/BTC/1m", true },
		{ "b*/1m", "binance/spot/BTC/1h", false },
		{ "*BTC*", "binance/spot/BTC/1m", true },
		{ "*BTC*", "binance/spot/ETH/1m", false },
		{ "a*b*c", "a-b-b-c", true },
		{ "a*b*c", "a-b-b-", false },
		{ "*aab", "aaaaab", true },
		{ "*ab*ba*", "abba", true },
		{ "*ab*ba*", "aba", false },
	};

	(void)state;
	CHECK(matches);
}

static void
a_question_mark_is_one_character_of_utf8(void **state)
{
	static const struct match matches[] = {
		{ "?", "", false },
		{ "?", "a", true },
		{ "?", "ab", false },
		{ "?", "\xc3\xa9", true },             /* e with an accent */
		{ "??", "\xc3\xa9", false },
		{ "?", "\xe6\x97\xa5", true },         /* a kanji */
		{ "*??", "\xe6\x97\xa5", false },
		{ "*??x*", "\xe6\x97\xa5xa", false }, /* no part of one */
		{ "???", "\xe6\x97\xa5\xe7\xb5\x8c""225", false },
		{ "??225", "\xe6\x97\xa5\xe7\xb5\x8c""225", true },
		{ "?X", "\xf0\x9f\x9a\x80X", true },   /* beyond 0xFFFF */
		{ "??", "\xf0\x9f\x9a\x80X", true },
		{ "???", "\xf0\x9f\x9a\x80X", false },
		{ "?", "\xff", true },                 /* a stray byte */
		{ "??", "\x80\x80", true },
	};

	(void)state;
	CHECK(matches);
}

static void
a_set_is_one_ascii_byte(void **state)
{
	static const struct match matches[] = {
		{ "[abc]", "b", true },
		{ "[abc]", "d", false },
		{ "[abc]", "", false },
		{ "[a-c]x", "bx", true },
		{ "[a-c]x", "dx", false },
		{ "[!a-c]", "d", true },
		{ "[!a-c]", "b", false },
		{ "[c-a]", "b", false },
		{ "[-a]", "-", true },
		{ "[a-]", "-", true },
		{ "[a-]", "b", false },
		{ "[]]", "]", true },
		{ "[!]]", "]", false },
		{ "[!]]", "a", true },
		{ "[]-_]", "^", true },
		{ "[\\]]", "]", true },
		{ "[a\\-c]", "b", false },
		{ "[a\\-c]", "-", true },
		{ "[a-\\]]", "b", false },
		{ "[A-\\]]", "Z", true },
		{ "[!a]", "\xc3\xa9", false },
		{ "*[0-9][mh]", "binance/spot/BTC/15m", true },
		{ "*[0-9][mh]", "binance/spot/BTC/1d", false },
	};

	(void)state;
	CHECK(matches);
}

static void
what_is_not_closed_or_escaped_stands_for_itself(void **state)
{
	static const struct match matches[] = {
		{ "[", "[", true },
		{ "[abc", "[abc", true },
		{ "[abc", "a", false },
		{ "[]", "[]", true },
		{ "[!]", "[!]", true },
		{ "[!]", "!", false },
		{ "[a\\]", "[a]", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "\\?", "?", true },
		{ "\\[a]", "[a]", true },
		{ "\\\\", "\\", true },
		{ "\\a", "a", true },
		{ "\\", "\\", true },
		{ "a\\", "a\\", true },
	};

	(void)state;
	CHECK(matches);
}

/* With fallbacks to every star this would take longer than there is time. */
static void
a_hostile_pattern_ends(void **state)
{
	char pattern[BC_KEY_MAX + 1], text[BC_KEY_MAX + 1];

	(void)state;
	memset(text, 'a', BC_KEY_MAX);
	text[BC_KEY_MAX] = '\0';
	for (size_t i = 0; i < BC_KEY_MAX; i += 2)
		memcpy(pattern + i, "*a", 2);
	memcpy(pattern + BC_KEY_MAX - 2, "*b", 3);
	assert_false(bci_glob_match(pattern, text));
	memset(pattern, '[', BC_KEY_MAX);
	pattern[0] = '*';
	memset(text, '[', BC_KEY_MAX);
	assert_true(bci_glob_match(pattern, text));
	text[BC_KEY_MAX - 1] = 'x';
	assert_false(bci_glob_match(pattern, text));
}

/* The obvious recursive definition, for patterns of letters, '*' and '?'. */
static bool
match_slowly(const char *pattern, const char *text)
{
	if (*pattern == '\0')
		return *text == '\0';
	if (*pattern == '*')
		return match_slowly(pattern + 1, text) ||
		       (*text != '\0' && match_slowly(pattern, text + 1));
	return *text != '\0' && (*pattern == '?' || *pattern == *text) &&
	       match_slowly(pattern + 1, text + 1);
}

static void
short_patterns_match_as_defined(void **state)
{
	char pattern[8], text[8];
	uint64_t matched = 0;

	(void)state;
	for (uint64_t i = 0; i < 200000; i++) {
		uint64_t bits = test_mix(i, 1);
		size_t p = bits % 7, t = bits >> 8 & 7;

		for (size_t j = 0; j < 7; j++) {
			pattern[j] = "ab*?"[bits >> (16 + 2 * j) & 3];
			text[j] = "ab"[bits >> (40 + j) & 1];
		}
		pattern[p] = '\0';
		text[t == 7 ? 0 : t] = '\0';
		if (bci_glob_match(pattern, text) !=
		    match_slowly(pattern, text))
			fail_msg("'%s' and '%s'", pattern, text);
		matched += bci_glob_match(pattern, text);
	}
	assert_true(matched > 1000 && matched < 199000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_without_wildcards_is_the_text),
		cmocka_unit_test(a_star_matches_any_run_slashes_too),
		cmocka_unit_test(a_question_mark_is_one_character_of_utf8),
		cmocka_unit_test(a_set_is_one_ascii_byte),
		cmocka_unit_test(
			what_is_not_closed_or_escaped_stands_for_itself),
		cmocka_unit_test(a_hostile_pattern_ends),
		cmocka_unit_test(short_patterns_match_as_defined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

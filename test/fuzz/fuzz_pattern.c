/* SPDX-License-Identifier: MIT */
/*
 * fuzz_pattern.c - any bytes as a glob pattern and a key, against a matcher
 * that is plain enough to be right; as a rule of names in time zones, a formula
 * and a form of times, each of which is a small language.
 */
#include "target.h"

#include "alloc.h"
#include "check.h"
#include "form.h"
#include "formula.h"
#include "pattern.h"
#include "timeframe.h"
#include "zonerule.h"

/* Longer ones would take the plain matcher too long. */
#define PLAIN_MAX 24

/* ---- globs ------------------------------------------------------------- */

/* Bytes of the set at 'at', which begins with '['; 0: it is none. */
static size_t
set_bytes(const char *at)
{
	size_t i = at[1] == '!' || at[1] == '^' ? 2 : 1;

	for (i += at[i] == ']'; at[i] != '\0'; i++) {
		if (at[i] == ']')
			return i + 1;
	}
	return 0;
}

/* Bytes of the character at 'at', as far as they go on. */
static size_t
character(const char *at)
{
	size_t bytes = 1;

	while (((unsigned char)at[bytes] & 0xc0) == 0x80)
		bytes++;
	return bytes;
}

/* Whether a pattern without sets matches: by trying everything. */
static bool
plain_match(const char *pattern, const char *text)
{
	if (*pattern == '\0')
		return *text == '\0';
	if (*pattern == '*')
		return plain_match(pattern + 1, text) ||
		       (*text != '\0' && plain_match(pattern, text + 1));
	if (*text == '\0')
		return false;
	if (*pattern == '?')
		return plain_match(pattern + 1, text + character(text));
	if (*pattern == '\\' && pattern[1] != '\0')
		pattern++;
	return *pattern == *text && plain_match(pattern + 1, text + 1);
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
	}
	return true;
}

static void
check_glob(const char *pattern, const char *text)
{
	const bool matches = bci_glob_match(pattern, text);
	size_t sets = 0;

	for (const char *at = pattern; *at != '\0'; at++)
		sets += *at == '[' && set_bytes(at) != 0;
	/* Bytes that are no UTF-8 have no characters to agree about. */
	if (sets == 0 && strlen(pattern) <= PLAIN_MAX &&
	    strlen(text) <= PLAIN_MAX && is_ascii(text))
		CHECK(matches == plain_match(pattern, text));
	CHECK(bci_glob_match("*", text));
}

/* ---- other small languages --------------------------------------------- */

static void
check_rule(const char *text)
{
	struct bci_zone_rule rule;

	if (!bci_zone_rule_parse(text, strlen(text), &rule) || !rule.twice)
		return;
	for (int64_t year = 1970; year < 2100; year += 26) {
		CHECK(bci_zone_day_seconds(&rule.begin, year) >
		      INT64_C(-2000000000));
		CHECK(bci_zone_day_seconds(&rule.end, year) <
		      INT64_C(10000000000));
	}
}

static void
check_formula(const char *text)
{
	char first[BCI_FORMULA_TEXT], second[BCI_FORMULA_TEXT];
	struct bci_formula formula, back;
	struct bc_error err = { 0 };

	if (bci_formula_parse(text, &formula, &err) != BC_OK) {
		CHECK(err.status == BC_INVALID && err.message[0] != '\0');
		return;
	}
	CHECK(formula.window >= 1 && formula.window <= BCI_FORMULA_WINDOW_MAX);
	CHECK(formula.input_count <= BCI_FORMULA_INPUTS);
	bci_formula_text(&formula, first);
	CHECK(bci_formula_parse(first, &back, &err) == BC_OK);
	bci_formula_text(&back, second);
	CHECK(strcmp(first, second) == 0);
}

static void
check_form(const char *text, const char *cell)
{
	struct bci_form_memo memo = { .bytes = 0 };
	char room[64 + BCI_FORM_AHEAD] = { 0 };
	size_t bytes = bci_min(strlen(cell), 64);
	int64_t time_ns, again_ns;
	const char *end, *first;
	struct bci_form form;
	bool utc;

	if (!bci_form_compile(text, &form))
		return;
	CHECK(form.count <= BCI_FORM_ITEMS && form.kind != BCI_FORM_NONE);
	memcpy(room, cell, bytes);
	first = bci_form_parse(&form, NULL, room, room + bytes, &time_ns, &utc);
	CHECK(first == NULL || (first > room && first <= room + bytes));
	/* What was learnt from one cell changes nothing for the next. */
	for (int i = 0; i < 2; i++) {
		end = bci_form_parse(&form, &memo, room, room + bytes,
		                     &again_ns, &utc);
		CHECK(end == first);
		CHECK(end == NULL || again_ns == time_ns);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *pattern =
		bci_strndup(&bci_allocator_default, (const char *)data, bytes);
	char *text;

	CHECK(pattern != NULL);
	text = strchr(pattern, '\n');
	if (text != NULL)
		*text++ = '\0';
	check_glob(pattern, text == NULL ? "" : text);
	check_rule(pattern);
	check_formula(pattern);
	check_form(pattern, text == NULL ? "" : text);
	bci_free(&bci_allocator_default, pattern);
	return 0;
}

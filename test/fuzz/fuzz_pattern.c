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

/* The plain matcher has a table of so many elements and bytes. */
#define PLAIN_MAX 100

/* ---- globs ------------------------------------------------------------- */

/* What stands for one character, or, '*', for any number of them. */
struct element {
	char what; /* '*', '?', '[', or 'c': the byte itself */
	bool negated;
	unsigned char byte;
	bool members[128];
};

/* A member of a set, which '\\' may precede; moves on behind it. */
static unsigned char
plain_member(const char **at)
{
	if (**at == '\\' && (*at)[1] != '\0')
		++*at;
	return (unsigned char)*(*at)++;
}

/* The set at 'at'; returns what is behind it, or NULL if nothing closes it. */
static const char *
plain_set(const char *at, struct element *element)
{
	unsigned char first, last;

	memset(element, 0, sizeof(*element));
	element->what = '[';
	element->negated = *++at == '!';
	at += element->negated;
	do {
		if (*at == '\0')
			return NULL;
		first = last = plain_member(&at);
		if (at[0] == '-' && at[1] != ']' && at[1] != '\0') {
			at++;
			last = plain_member(&at);
		}
		for (unsigned byte = first; byte <= last && byte < 128; byte++)
			element->members[byte] = true;
	} while (*at != ']');
	return at + 1;
}

/* The elements of a pattern; returns how many. */
static size_t
plain_parse(const char *at, struct element *elements)
{
	size_t count = 0;

	while (*at != '\0') {
		struct element *element = &elements[count++];
		const char *behind = *at == '[' ? plain_set(at, element) : NULL;

		if (behind != NULL) {
			at = behind;
			continue;
		}
		element->what = *at == '*' || *at == '?' ? *at : 'c';
		if (*at == '\\' && at[1] != '\0')
			at++;
		element->byte = (unsigned char)*at++;
	}
	return count;
}

static bool
plain_fits(const struct element *element, unsigned char byte)
{
	if (element->what == '?')
		return true;
	if (element->what == '[')
		return element->members[byte] != element->negated;
	return element->byte == byte;
}

/* Whether a pattern matches a text of ASCII: by all ways, from the end. */
static bool
plain_match(const char *pattern, const char *text)
{
	static struct element elements[PLAIN_MAX];
	const size_t count = plain_parse(pattern, elements);
	const size_t bytes = strlen(text);
	/* Whether the elements from one on match the text from a byte on. */
	bool matches[PLAIN_MAX + 1][PLAIN_MAX + 2];

	memset(matches, 0, sizeof(matches));
	matches[count][bytes] = true;
	for (size_t i = count; i-- > 0;) {
		bool star = elements[i].what == '*';

		matches[i][bytes] = star && matches[i + 1][bytes];
		for (size_t j = bytes; j-- > 0;)
			matches[i][j] =
				star ? matches[i + 1][j] || matches[i][j + 1]
				     : matches[i + 1][j + 1] &&
						plain_fits(
							&elements[i],
							(unsigned char)text[j]);
	}
	return matches[0][0];
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

	/* Bytes that are no UTF-8 have no characters to agree about. */
	if (strlen(pattern) <= PLAIN_MAX && strlen(text) <= PLAIN_MAX &&
	    is_ascii(text))
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

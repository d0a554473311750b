/* SPDX-License-Identifier: MIT */
/*
 * pattern.c - glob patterns over keys.
 *
 * Greedy matching with one point to fall back to: when something after a '*'
 * does not fit, that '*' takes one character more.  Falling back to an earlier
 * '*' can never help, because the later one may take any run as well, so two
 * indices are all the state, and a hostile pattern costs no more than the
 * product of both lengths.
 */
#include "common.h"

#include "control.h"
#include "pattern.h"

/* The byte after the UTF-8 character at 'text'; a stray byte is one, too. */
static const char *
pattern_skip(const char *text)
{
	unsigned char lead = (unsigned char)*text++;
	int rest = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;

	for (; rest > 0 && ((unsigned char)*text & 0xc0) == 0x80; rest--)
		text++;
	return text;
}

/* The last ']' that no '\' precedes, or NULL: it can close a set. */
static const char *
pattern_last_bracket(const char *pattern)
{
	const char *last = NULL;

	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '\\' && pattern[1] != '\0')
			pattern++;
		else if (*pattern == ']')
			last = pattern;
	}
	return last;
}

/* The byte a set names at '*set', which moves to the byte after it. */
static unsigned char
pattern_set_byte(const char **set)
{
	if (**set == '\\')
		(*set)++;
	return (unsigned char)*(*set)++;
}

/*
 * Match 'byte' against the closed set behind the '[' at 'set'; *after is the
 * byte behind its ']'.  A ']' in the first place is a member.
 */
static bool
pattern_set_match(const char *set, unsigned char byte, const char **after)
{
	bool negated = set[1] == '!';
	bool found = false;
	bool first = true;
	unsigned char low, high;

	set += negated ? 2 : 1;
	while (first || *set != ']') {
		low = pattern_set_byte(&set);
		high = low;
		if (set[0] == '-' && set[1] != ']') {
			set++;
			high = pattern_set_byte(&set);
		}
		found = found || (low <= byte && byte <= high);
		first = false;
	}
	*after = set + 1;
	return byte < 0x80 && found != negated;
}

/*
 * Match one character of 'text' against one element of '*pattern' that is no
 * '*'.  Moves both on and returns true if it fits.
 */
static bool
pattern_step(const char **pattern, const char **text, const char *last_bracket)
{
	const char *p = *pattern;
	const char *t = *text;
	const char *after;

	if (*p == '?') {
		*pattern = p + 1;
		*text = pattern_skip(t);
		return true;
	}
	/* Beyond the first member there must be a ']' to close the set. */
	if (*p == '[' && last_bracket != NULL &&
	    (last_bracket > p + (p[1] == '!' ? 2 : 1) ||
	     BCI_CONTROL(set_unclosed))) {
		if (!pattern_set_match(p, (unsigned char)*t, &after))
			return false;
		*pattern = after;
		*text = t + 1;
		return true;
	}
	if (*p == '\\' && p[1] != '\0')
		p++;
	if (*p != *t)
		return false;
	*pattern = p + 1;
	*text = t + 1;
	return true;
}

bool
bci_glob_match(const char *pattern, const char *text)
{
	const char *last_bracket = pattern_last_bracket(pattern);
	const char *star = NULL;  /* behind the last '*' met */
	const char *taken = text; /* up to where that '*' reaches */

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			taken = text;
		} else if (*pattern != '\0' &&
		           pattern_step(&pattern, &text, last_bracket)) {
			continue;
		} else if (star != NULL) {
			taken = pattern_skip(taken);
			pattern = star;
			text = taken;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

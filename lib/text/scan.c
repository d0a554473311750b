/* SPDX-License-Identifier: MIT */
/*
 * scan.c - JSON text, read value by value where it lies.
 *
 * The grammar is RFC 8259's, and three words of Python's beside it.  Nothing is
 * built in memory: a cell points into the text, and its escapes are undone
 * where it is written.  Values within values are passed by recursion, to a
 * depth that no rows of prices have.
 */
#include "common.h"

#include <stdarg.h>
#include <stdio.h>

#include "error.h"
#include "scan.h"

#define SCAN_DEPTH_MAX 32

enum bc_status
bci_scan_fail(const struct bci_scan *scan, const char *format, ...)
{
	char reason[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return bci_fail(scan->err, BC_INVALID, "not JSON at byte %zu: %s",
	                (size_t)(scan->at - scan->begin) + 1, reason);
}

/* Refuse what is at hand where 'expected' should be. */
static enum bc_status
scan_expected(const struct bci_scan *scan, const char *expected)
{
	unsigned char byte;

	if (scan->at == scan->end)
		return bci_scan_fail(scan, "it ends where %s should be",
		                     expected);
	byte = (unsigned char)*scan->at;
	if (byte < 0x20 || byte >= 0x7f)
		return bci_scan_fail(scan, "a byte 0x%02x where %s should be",
		                     byte, expected);
	return bci_scan_fail(scan, "'%c' where %s should be", byte, expected);
}

enum bc_status
bci_scan_element(struct bci_scan *scan, char open, bool first, bool *more)
{
	bool list = open == '[';

	*more = true;
	if (first) {
		if (!bci_scan_take(scan, open))
			return scan_expected(scan, list ? "'['" : "'{'");
	} else if (bci_scan_take(scan, ',')) {
		return BC_OK;
	}
	if (bci_scan_take(scan, list ? ']' : '}')) {
		*more = false;
		return BC_OK;
	}
	if (first)
		return BC_OK;
	return scan_expected(scan, list ? "',' or ']'" : "',' or '}'");
}

/* Pass the four digits of an escape; their value, or -1. */
static int
scan_unit(const char *at, const char *end)
{
	int unit = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char low = (char)(at[i] | 0x20);

		if (at[i] >= '0' && at[i] <= '9')
			unit = unit * 16 + (at[i] - '0');
		else if (low >= 'a' && low <= 'f')
			unit = unit * 16 + (low - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

/* Pass a string; the quote that opens it is next. */
static enum bc_status
scan_string(struct bci_scan *scan, struct bci_cell *cell)
{
	const char *at = scan->at + 1, *end = scan->end;

	cell->text = at;
	cell->bytewise = at < end && *at == '#';
	for (; at < end && *at != '"'; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			cell->bytewise = true;
		if (*at != '\\')
			continue;
		cell->bytewise = true;
		scan->at = at++;
		if (at == end)
			break;
		if (memchr("\"\\/bfnrtu", *at, 9) == NULL)
			return bci_scan_fail(scan, "an unknown escape");
		if (*at == 'u' && scan_unit(at + 1, end) < 0)
			return bci_scan_fail(scan, "\\u wants four hex digits");
	}
	if (at >= end) {
		scan->at = end;
		return bci_scan_fail(scan, "it ends within a string");
	}
	cell->bytes = (size_t)(at - cell->text);
	scan->at = at + 1;
	return BC_OK;
}

enum bc_status
bci_scan_name(struct bci_scan *scan, struct bci_cell *name)
{
	enum bc_status status;

	if (bci_scan_peek(scan) != '"')
		return scan_expected(scan, "a name in double quotes");
	status = scan_string(scan, name);
	if (status == BC_OK && !bci_scan_take(scan, ':'))
		status = scan_expected(scan, "':'");
	return status;
}

static const char *
scan_digits(const char *at, const char *end)
{
	while (at < end && (unsigned char)(*at - '0') < 10)
		at++;
	return at;
}

/* The end of the number at 'at', or NULL if it is none. */
static const char *
scan_number(const char *at, const char *end)
{
	const char *from;

	if (*at == '-')
		at++;
	from = at;
	at = scan_digits(at, end);
	if (at == from || (*from == '0' && at - from > 1))
		return NULL;
	if (at < end && *at == '.') {
		from = ++at;
		at = scan_digits(at, end);
		if (at == from)
			return NULL;
	}
	if (at < end && (*at | 0x20) == 'e') {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		from = at;
		at = scan_digits(at, end);
		if (at == from)
			return NULL;
	}
	return at;
}

/* Pass a word, if it is one of those that are values. */
static bool
scan_word(struct bci_scan *scan, struct bci_cell *cell)
{
	static const struct {
		const char *word, *text;
	} words[] = {
		{ "null", "" },
		{ "true", "1" },
		{ "false", "0" },
		{ "NaN", "NaN" },
		{ "Infinity", "Infinity" },
		{ "-Infinity", "-Infinity" },
	};

	for (size_t i = 0; i < BCI_COUNT(words); i++) {
		size_t bytes = strlen(words[i].word);

		if ((size_t)(scan->end - scan->at) < bytes ||
		    memcmp(scan->at, words[i].word, bytes) != 0)
			continue;
		scan->at += bytes;
		cell->text = words[i].text;
		cell->bytes = strlen(words[i].text);
		cell->bytewise =
			true; /* It is not in the text: copy by byte. */
		return true;
	}
	return false;
}

enum bc_status
bci_scan_cell(struct bci_scan *scan, struct bci_cell *cell)
{
	char byte = bci_scan_peek(scan);
	const char *end;

	if (byte == '"')
		return scan_string(scan, cell);
	if (byte == '-' || (unsigned char)(byte - '0') < 10) {
		end = scan_number(scan->at, scan->end);
		if (end != NULL) {
			cell->text = scan->at;
			cell->bytes = (size_t)(end - scan->at);
			cell->bytewise = false;
			scan->at = end;
			return BC_OK;
		}
	}
	if (scan_word(scan, cell))
		return BC_OK;
	return scan_expected(scan, byte == '[' || byte == '{' ? "a single value"
	                                                      : "a value");
}

/* Pass a list or an object that 'depth' others are around. */
static enum bc_status
scan_skip(struct bci_scan *scan, struct bci_shape *shape, int depth)
{
	enum bc_status status = BC_OK;
	struct bci_shape inner;
	struct bci_cell cell;
	char first;
	bool more;

	*shape = (struct bci_shape){ .first = bci_scan_peek(scan),
		                     .flat = true };
	if (depth == SCAN_DEPTH_MAX)
		return bci_scan_fail(scan, "values nested more than %d deep",
		                     SCAN_DEPTH_MAX);
	for (;; shape->count++) {
		BCI_TRY(bci_scan_element(scan, shape->first, shape->count == 0,
		                         &more));
		if (!more)
			break;
		if (shape->first == '{')
			BCI_TRY(bci_scan_name(scan, &cell));
		first = bci_scan_peek(scan);
		if (first != '[' && first != '{') {
			BCI_TRY(bci_scan_cell(scan, &cell));
			continue;
		}
		shape->flat = false;
		BCI_TRY(scan_skip(scan, &inner, depth + 1));
	}
done:
	return status;
}

enum bc_status
bci_scan_skip(struct bci_scan *scan, struct bci_shape *shape)
{
	char first = bci_scan_peek(scan);
	struct bci_cell cell;

	if (first == '[' || first == '{')
		return scan_skip(scan, shape, 0);
	*shape = (struct bci_shape){ .first = first, .flat = true };
	return bci_scan_cell(scan, &cell);
}

/* Write a character of Unicode as UTF-8. */
static char *
cell_put_character(uint32_t character, char *out)
{
	if (character < 0x80) {
		*out++ = (char)character;
		return out;
	}
	if (character < 0x800) {
		*out++ = (char)(0xc0 | character >> 6);
	} else {
		if (character < 0x10000) {
			*out++ = (char)(0xe0 | character >> 12);
		} else {
			*out++ = (char)(0xf0 | character >> 18);
			*out++ = (char)(0x80 | (character >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (character >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (character & 0x3f));
	return out;
}

/*
 * The character of the escape whose backslash is at *at, which moves behind
 * it.  Half of a surrogate pair alone is U+FFFD.
 */
static uint32_t
cell_escape(const char **at, const char *end)
{
	const char *next = *at + 2;
	int high, low;

	*at = next;
	switch (next[-1]) {
	case 'u':
		break;
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return ' ';
	default:
		return (unsigned char)next[-1];
	}
	high = scan_unit(next, end);
	*at = next += 4;
	if (high < 0xd800 || high > 0xdfff)
		return (uint32_t)high;
	if (high > 0xdbff || end - next < 6 || next[0] != '\\' ||
	    next[1] != 'u')
		return 0xfffd;
	low = scan_unit(next + 2, end);
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*at = next + 6;
	return 0x10000 + (((uint32_t)high & 0x3ff) << 10) +
	       ((uint32_t)low & 0x3ff);
}

/* Write a cell byte by byte. */
static char *
cell_put_bytewise(const struct bci_cell *cell, char *out)
{
	const char *at = cell->text, *end = at + cell->bytes;
	/* A line that begins with '#' would be a comment. */
	bool quoted = cell->bytes != 0 && *at == '#';

	if (quoted)
		*out++ = '"';
	while (at < end) {
		uint32_t character = (unsigned char)*at;
		bool escape = character == '\\';

		if (escape)
			character = cell_escape(&at, end);
		else
			at++;
		if (character < 0x20 || character == 0x7f)
			character = ' ';
		else if (character == '"')
			character = '\'';
		if (escape)
			out = cell_put_character(character, out);
		else
			*out++ = (char)character;
	}
	if (quoted)
		*out++ = '"';
	return out;
}

char *
bci_cell_put(const struct bci_scan *scan, const struct bci_cell *cell,
             char *out)
{
	if (BCI_UNLIKELY(cell->bytewise))
		return cell_put_bytewise(cell, out);
	/* Copying a fixed number of bytes is one or two instructions. */
	if (BCI_LIKELY(cell->bytes <= BCI_CELL_SLACK &&
	               scan->end - cell->text >= BCI_CELL_SLACK))
		memcpy(out, cell->text, BCI_CELL_SLACK);
	else
		memcpy(out, cell->text, cell->bytes);
	return out + cell->bytes;
}

/* SPDX-License-Identifier: MIT */
/*
 * field.c - lines and fields of delimited text, as they lie in memory: nothing
 * is copied, so a quote that is doubled within quotes stays doubled.
 *
 * A line ends with "\n", "\r\n" or "\r".  A field may be padded with blanks and
 * may stand in double quotes, which may hold the delimiter but no end of a
 * line; so one stray quote never swallows more than its own line.  What is not
 * properly quoted keeps its quotes and is cut at the delimiters.
 */
#include "common.h"

#include "field.h"

static bool
field_is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/*
 * The byte behind the quote that closes the text at 'at', or NULL.  Two quotes
 * in a row close nothing.
 */
static const char *
field_close(const char *at, const char *end)
{
	for (; at < end && *at != '\n' && *at != '\r'; at++) {
		if (*at != '"')
			continue;
		if (at + 1 == end || at[1] != '"')
			return at + 1;
		at++;
	}
	return NULL;
}

/* The last blank of the run at 'at', or the end of the line if it is there. */
static const char *
field_run(const char *at, const char *end)
{
	const char *next = at;

	while (next < end && *next == ' ')
		next++;
	return next == at || bci_field_ends(next, end, '\n') ? next : next - 1;
}

const char *
bci_field_find(const char *text, const char *end, char delimiter,
               struct bci_field *out)
{
	const char *from, *to = NULL, *at = text;

	while (at < end && *at == ' ')
		at++;
	from = at;
	if (at < end && *at == '"') {
		to = field_close(at + 1, end);
		at = to == NULL ? at : to;
		while (delimiter != ' ' && at < end && *at == ' ')
			at++;
	}
	if (to != NULL && bci_field_ends(at, end, delimiter)) {
		from++;
		to--;
	} else {
		at = from;
		while (!bci_field_ends(at, end, delimiter))
			at++;
		to = at;
	}
	while (from < to && field_is_blank(*from))
		from++;
	while (from < to && field_is_blank(to[-1]))
		to--;
	*out = (struct bci_field){ from, (size_t)(to - from) };
	return delimiter == ' ' ? field_run(at, end) : at;
}

const char *
bci_line_next(const char *at, const char *end)
{
	/* Not memchr(): it would search the rest of the file for the end that
	   is not in use, and this is mostly called where the line ends. */
	while (at < end && *at != '\n' && *at != '\r')
		at++;
	if (at < end && *at++ == '\r' && at < end && *at == '\n')
		at++;
	return at;
}

uint32_t
bci_line_split(const char *line, const char *end, char delimiter,
               struct bci_field *fields, uint32_t capacity)
{
	struct bci_field field;
	uint32_t count = 0;

	for (;; line++) {
		line = bci_field_find(line, end, delimiter, &field);
		if (count < capacity)
			fields[count] = field;
		count++;
		if (line == end || *line != delimiter)
			return count;
	}
}

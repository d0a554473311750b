/* SPDX-License-Identifier: MIT */
/*
 * access.c - an access to a value, as a line of a trace.
 */
#include "common.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "access.h"

static const char *const access_names[BCI_ACCESS_KINDS] = {
	[BCI_ACCESS_OTHER] = "other", [BCI_ACCESS_GET] = "get",
	[BCI_ACCESS_READ] = "read",   [BCI_ACCESS_PUT] = "put",
	[BCI_ACCESS_MISS] = "miss",
};

const char *
bci_access_name(enum bci_access_kind kind)
{
	return (unsigned)kind < BCI_ACCESS_KINDS ? access_names[kind]
	                                         : access_names[0];
}

size_t
bci_access_format(const struct bci_access *access, char line[BCI_ACCESS_LINE])
{
	int length = snprintf(line, BCI_ACCESS_LINE,
	                      "%" PRId64 " %016" PRIx64 " %" PRIu64 " %" PRIu64,
	                      access->time_ns, access->key, access->bytes,
	                      access->cost_ns);

	if (access->kind != BCI_ACCESS_OTHER)
		length += snprintf(line + length,
		                   BCI_ACCESS_LINE - (size_t)length, " %s",
		                   bci_access_name(access->kind));
	line[length] = '\n';
	line[length + 1] = '\0';
	return (size_t)length + 1;
}

/* A number without a sign, and a space or the end behind it. */
static bool
access_number(const char **at, int base, uint64_t *out)
{
	const char *text = *at + strspn(*at, " ");
	char *end;

	if (strchr("0123456789abcdefABCDEF", *text) == NULL || *text == '\0')
		return false;
	errno = 0;
	*out = strtoull(text, &end, base);
	*at = end;
	return errno == 0 && end != text && (*end == ' ' || *end == '\0');
}

static bool
access_time(const char **at, int64_t *out)
{
	uint64_t ns;
	bool before = **at == '-'; /* 1970 */

	*at += before;
	if (!access_number(at, 10, &ns) || ns > INT64_MAX)
		return false;
	*out = before ? -(int64_t)ns : (int64_t)ns;
	return true;
}

enum bci_access_line
bci_access_parse(const char *line, struct bci_access *out)
{
	*out = (struct bci_access){ .kind = BCI_ACCESS_OTHER };
	if (*line == '\0' || *line == '#' || strcmp(line, BCI_TRACE_HEAD) == 0)
		return BCI_LINE_NOTHING;
	if (!access_time(&line, &out->time_ns) ||
	    !access_number(&line, 16, &out->key) ||
	    !access_number(&line, 10, &out->bytes) ||
	    !access_number(&line, 10, &out->cost_ns))
		return BCI_LINE_WRONG;
	line += strspn(line, " ");
	for (unsigned kind = 1; kind < BCI_ACCESS_KINDS; kind++) {
		size_t length = strlen(access_names[kind]);

		if (strncmp(line, access_names[kind], length) == 0 &&
		    (line[length] == '\0' || line[length] == ' '))
			out->kind = (enum bci_access_kind)kind;
	}
	return BCI_LINE_ACCESS;
}

/* SPDX-License-Identifier: MIT */
/*
 * field.h - lines and fields of delimited text.
 */
#ifndef BCI_FIELD_H
#define BCI_FIELD_H

#include "common.h"

/* A field without the blanks and quotes around it; it is not terminated. */
struct bci_field {
	const char *text;
	size_t bytes;
};

/* Whether a field ends at 'at'. */
static inline bool
bci_field_ends(const char *at, const char *end, char delimiter)
{
	return at == end || *at == delimiter || *at == '\n' || *at == '\r';
}

/*
 * Find the field at 'text' in a line.  Returns the byte behind it: 'end', the
 * delimiter, or the end of the line.  With a blank as the delimiter a run of
 * blanks is one.
 */
const char *bci_field_find(const char *text, const char *end, char delimiter,
                           struct bci_field *out);

/* The first byte of the line behind the one 'at' is in, or 'end'. */
const char *bci_line_next(const char *at, const char *end);

/*
 * Split the line at 'line' into at most 'capacity' fields.  Returns how many
 * it has, which may be more.
 */
uint32_t bci_line_split(const char *line, const char *end, char delimiter,
                        struct bci_field *fields, uint32_t capacity);

#endif /* BCI_FIELD_H */

/* SPDX-License-Identifier: MIT */
/*
 * content.h - a whole file as bytes: mapped, or read where that is impossible.
 */
#ifndef TOOL_CONTENT_H
#define TOOL_CONTENT_H

#include "barcache.h"

#include <stdbool.h>

struct content {
	const char *data; /* not NULL, even if there are no bytes */
	uint64_t bytes;
	bool mapped;
};

/*
 * The bytes of 'path', of standard input for "-".  False with *err filled,
 * whose message does not name the file.
 */
bool content_open(const char *path, struct content *content,
                  struct bc_error *err);

/* Let go of the bytes; a zeroed content is allowed. */
void content_close(struct content *content);

#endif /* TOOL_CONTENT_H */

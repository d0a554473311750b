/* SPDX-License-Identifier: MIT */
/*
 * input.h - a whole file as bytes: mapped, or read where that is impossible.
 */
#ifndef TOOL_INPUT_H
#define TOOL_INPUT_H

#include "barcache.h"

#include <stdbool.h>

struct input {
	const char *data; /* not NULL, even if there are no bytes */
	uint64_t bytes;
	bool mapped;
};

/*
 * The bytes of 'path', of standard input for "-".  False with *err filled,
 * whose message does not name the file.
 */
bool input_open(const char *path, struct input *input, struct bc_error *err);

/* Let go of the bytes; a zeroed input is allowed. */
void input_close(struct input *input);

#endif /* TOOL_INPUT_H */

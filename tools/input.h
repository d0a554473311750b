/* SPDX-License-Identifier: MIT */
/*
 * input.h - the texts that a path leads to: a plain file, standard input, what
 * is in a gzip file, each member of a zip archive; JSON rows as delimited text.
 */
#ifndef TOOL_INPUT_H
#define TOOL_INPUT_H

#include "barcache.h"

#include <stdbool.h>

enum input_packing { INPUT_PLAIN, INPUT_GZIP, INPUT_ZIP };

/* One text. */
struct input {
	const char *data; /* UTF-8 where that is known; never NULL */
	uint64_t bytes;
	uint64_t stored_bytes; /* of the file or the member, as it lies there */
	char *name;            /* PATH, PATH.zip/MEMBER, "-" */
	enum input_packing packing;
	bool json;             /* 'data' was JSON and is rows with tabs now */
	bool checked;          /* a checksum beside the file was right */
	int64_t modified_ns;   /* when it was written; 0: not known */
	char *types;           /* "open:f64,...", as JSON named them; "" */
};

/* A path that is being read. */
struct input_source;

/*
 * Open 'path', or standard input for "-".  NULL with *err filled, whose message
 * does not name the file: it cannot be read, is packed or written in a way that
 * is not read here (the message says what to do), or does not have the SHA-256
 * checksum that PATH.CHECKSUM states.
 */
struct input_source *input_open(const char *path, struct bc_error *err);

/* The same for an open file, which is called 'name' and stays open. */
struct input_source *input_open_file(int fd, const char *name,
                                     struct bc_error *err);

/*
 * The next text of it; the last one is let go.  1 with *input filled; 0 at the
 * end; -1 with *err filled if this text cannot be had, of which no more than
 * its name is known then; the next one may be had all the same.
 */
int input_next(struct input_source *source, const struct input **input,
               struct bc_error *err);

/*
 * Whether the file is as it was when it was opened, so that what was read of it
 * was all of one state.  False with *err filled.
 */
bool input_unchanged(const struct input_source *source, struct bc_error *err);

/* Close it; NULL is allowed. */
void input_close(struct input_source *source);

/* The largest file and the largest text that are taken. */
#ifndef INPUT_BYTES_MAX
#define INPUT_BYTES_MAX ((uint64_t)8 << 30)
#endif

#endif /* TOOL_INPUT_H */

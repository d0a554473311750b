/* SPDX-License-Identifier: MIT */
/*
 * buffer.h - bytes that grow, or that are a file's.
 */
#ifndef TOOL_BUFFER_H
#define TOOL_BUFFER_H

#include "barcache.h"

#include <stdbool.h>
#include <sys/stat.h>

struct buffer {
	char *data; /* NULL until there is room */
	uint64_t bytes, capacity;
	bool mapped; /* from a file, to be read only; else of malloc() */
};

/* Make it large enough for 'capacity' bytes.  False with *err filled. */
bool buffer_room(struct buffer *buffer, uint64_t capacity,
                 struct bc_error *err);

/*
 * The largest file and the largest text that are taken: INPUT_BYTES_MAX, unless
 * less was asked for.
 */
extern uint64_t buffer_limit;

/* A descriptor that ends waiting for a pipe once it can be read; or -1. */
extern int buffer_signals;

/* Whether it has no more bytes than that; else false with *err filled. */
bool buffer_fits(const struct buffer *buffer, struct bc_error *err);

/*
 * Make room for more where there is none, for one byte more than fits at most,
 * so that what fits can be read to its end.  False with *err filled.
 */
bool buffer_grow(struct buffer *buffer, struct bc_error *err);

/* Say why a file cannot be read; false. */
bool buffer_refuse(struct bc_error *err, int os_errno);

/*
 * How many bytes the open file that 'info' describes has, or 0 if nobody knows:
 * what is no file, is not read from its beginning, or says that it is empty, as
 * files of /proc do.
 */
uint64_t buffer_expect(int fd, const struct stat *info);

/*
 * Have all of the open file that 'info' describes: a large one as it lies in
 * the page cache, others, pipes and the like read to their end.  Should a
 * mapped one be cut short, the run ends with a message that names 'path'
 * (borrowed) when what is missing is read.  False with *err filled.
 */
bool buffer_load(struct buffer *buffer, int fd, const struct stat *info,
                 const char *path, struct bc_error *err);

/* Let go of the bytes. */
void buffer_free(struct buffer *buffer);

#endif /* TOOL_BUFFER_H */

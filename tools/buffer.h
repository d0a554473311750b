/* SPDX-License-Identifier: MIT */
/*
 * buffer.h - bytes that grow, or that are a file's.
 */
#ifndef TOOL_BUFFER_H
#define TOOL_BUFFER_H

#include "barcache.h"

#include <stdbool.h>

struct buffer {
	char *data; /* NULL until there is room */
	uint64_t bytes, capacity;
	bool mapped; /* from a file, to be read only; else of malloc() */
};

/* Make it large enough for 'capacity' bytes.  False with *err filled. */
bool buffer_room(struct buffer *buffer, uint64_t capacity,
                 struct bc_error *err);

/* Whether it has INPUT_BYTES_MAX bytes or less; else false with *err filled. */
bool buffer_fits(const struct buffer *buffer, struct bc_error *err);

/*
 * Make room for more where there is none, for one byte more than fits at most,
 * so that what fits can be read to its end.  False with *err filled.
 */
bool buffer_grow(struct buffer *buffer, struct bc_error *err);

/*
 * Take the 'bytes' bytes of a file as they lie in the page cache.  Should it be
 * cut short, the run ends with a message that names 'path' when what is missing
 * is read.  False if it cannot be mapped.
 */
bool buffer_map(struct buffer *buffer, int fd, uint64_t bytes,
                const char *path);

/* Let go of the bytes. */
void buffer_free(struct buffer *buffer);

#endif /* TOOL_BUFFER_H */

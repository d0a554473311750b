/* SPDX-License-Identifier: MIT */
/*
 * buffer.c - bytes that grow.
 *
 * By doubling, which costs no copy where it would matter: large blocks are
 * moved by the kernel, page by page.
 */
#include "buffer.h"

#include <stdlib.h>

#include "error.h"
#include "input.h"
#include "mapping.h"

#define BUFFER_FIRST 65536

bool
buffer_room(struct buffer *buffer, uint64_t capacity, struct bc_error *err)
{
	char *data;

	if (capacity <= buffer->capacity && buffer->data != NULL)
		return true;
	data = realloc(buffer->data, capacity != 0 ? capacity : 1);
	if (data == NULL) {
		bci_fail(err, BC_NOMEM, "no memory for %llu bytes",
		         (unsigned long long)capacity);
		return false;
	}
	bci_map_large(data, capacity);
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

bool
buffer_fits(const struct buffer *buffer, struct bc_error *err)
{
	if (buffer->bytes <= INPUT_BYTES_MAX)
		return true;
	bci_fail(err, BC_TOO_LARGE, "larger than %llu bytes",
	         (unsigned long long)INPUT_BYTES_MAX);
	return false;
}

bool
buffer_grow(struct buffer *buffer, struct bc_error *err)
{
	uint64_t capacity = buffer->capacity * 2;

	if (buffer->bytes < buffer->capacity)
		return true;
	if (!buffer_fits(buffer, err))
		return false;
	if (capacity < BUFFER_FIRST)
		capacity = BUFFER_FIRST;
	if (capacity > INPUT_BYTES_MAX)
		capacity = INPUT_BYTES_MAX + 1;
	return buffer_room(buffer, capacity, err);
}

void
buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}

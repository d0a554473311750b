/* SPDX-License-Identifier: MIT */
/*
 * lent.c - what main.c lends the sources of the tool, for tests of one alone.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lent.h"
#include "support.h"

char lent_said[2048];

void
tool_say(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(lent_said, sizeof(lent_said), format, values);
	va_end(values);
}

void *
tool_alloc(size_t count, size_t bytes)
{
	void *memory = calloc(count, bytes);

	assert_non_null(memory);
	return memory;
}

char *
tool_copy(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	return copy;
}

void *
tool_grow(void *array, size_t count, size_t bytes)
{
	array = reallocarray(array, count + 1, bytes);
	assert_non_null(array);
	return array;
}

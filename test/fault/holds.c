/* SPDX-License-Identifier: MIT */
/*
 * holds.c - see holds.h.
 */
#include "support.h"

#include <stdarg.h>
#include <stdio.h>

#include "fault/holds.h"

char holds_trying[128];

void
holds_try(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(holds_trying, sizeof(holds_trying), format, arguments);
	va_end(arguments);
}

void
holds_failed(const char *condition, const char *file, int line)
{
	print_error("%s: not so: %s\n", holds_trying, condition);
	_fail(file, line);
}

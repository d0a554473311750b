/* SPDX-License-Identifier: MIT */
/*
 * error.c - texts of statuses and misses, and the one place that writes a
 * struct bc_error.
 */
#include "common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"

/* One row a status: code, name as in the header, text for a person. */
#define STATUSES(X)                                                            \
	X(BC_OK, "success")                                                    \
	X(BC_MISS, "not in the cache")                                         \
	X(BC_NOMEM, "out of memory")                                           \
	X(BC_INVALID, "invalid argument")                                      \
	X(BC_KEY, "invalid key")                                               \
	X(BC_ORDER, "times are not strictly ascending")                        \
	X(BC_BARS, "a bar is impossible")                                      \
	X(BC_EXISTS, "the key exists")                                         \
	X(BC_TOO_LARGE, "the value is too large for this cache")               \
	X(BC_ENTRIES, "the cache holds as many entries as it may")             \
	X(BC_FULL, "the byte budget of the cache is used up")                  \
	X(BC_NOSPACE, "no space left on the disk")                             \
	X(BC_IO, "the operating system failed a call")                         \
	X(BC_CORRUPT, "stored bytes are damaged")                              \
	X(BC_FORMAT, "not a barcache of a known format")                       \
	X(BC_UNSAFE, "refused as unsafe")                                      \
	X(BC_DENIED, "permission denied")                                      \
	X(BC_READONLY, "the cache is read-only")                               \
	X(BC_BUSY, "another process holds the lock")                           \
	X(BC_ABSENT, "there is no cache here")                                 \
	X(BC_COPY, "the range cannot be shown without a copy")

const char *
bc_strerror(enum bc_status status)
{
	switch (status) {
#define TEXT(code, text)                                                       \
	case code:                                                             \
		return text;
		STATUSES(TEXT)
#undef TEXT
	}
	return "unknown status";
}

const char *
bc_status_name(enum bc_status status)
{
	switch (status) {
#define NAME(code, text)                                                       \
	case code:                                                             \
		return #code;
		STATUSES(NAME)
#undef NAME
	}
	return "BC_UNKNOWN";
}

const char *
bc_miss_name(enum bc_miss miss)
{
	static const char *const names[BC_MISS_REASONS] = {
		"none",    "absent",        "expired",     "evicted",
		"corrupt", "other_request", "not_covered", "bypassed",
	};

	if ((unsigned)miss >= BC_MISS_REASONS)
		return "unknown";
	return names[miss];
}

const char *
bc_op_name(enum bc_op op)
{
	static const char *const names[BC_OPS] = {
		"get", "read", "put", "fetch", "decode", "compact",
	};

	return (unsigned)op < BC_OPS ? names[op] : "unknown";
}

enum bc_status
bci_status_of(int os_errno)
{
	switch (os_errno) {
	case 0:
		return BC_OK;
	case ENOMEM:
		return BC_NOMEM;
	case ENOSPC:
	case EDQUOT:
		return BC_NOSPACE;
	case EACCES:
	case EPERM:
		return BC_DENIED;
	case EROFS:
		return BC_READONLY;
	case ENOENT:
		return BC_ABSENT;
	case ELOOP:
		return BC_UNSAFE;
	default:
		return BC_IO;
	}
}

/* Keep a text of the caller's, such as a bad key, from breaking the line. */
static void
error_one_line(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

static void
error_fill(struct bc_error *err, enum bc_status status, int os_errno,
           int64_t row, const char *format, va_list arguments)
{
	size_t used;
	int printed;

	if (err == NULL)
		return;
	err->status = status;
	err->os_errno = os_errno;
	err->row = row;
	printed = vsnprintf(err->message, sizeof(err->message), format,
	                    arguments);
	used = printed < 0 ? 0 : (size_t)printed;
	if (os_errno != 0 && used + 3 < sizeof(err->message))
		snprintf(err->message + used, sizeof(err->message) - used,
		         ": %s",
		         strerrordesc_np(os_errno) != NULL
		                 ? strerrordesc_np(os_errno)
		                 : "unknown error");
	error_one_line(err->message);
}

enum bc_status
bci_fail(struct bc_error *err, enum bc_status status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	error_fill(err, status, 0, -1, format, arguments);
	va_end(arguments);
	return status;
}

enum bc_status
bci_fail_row(struct bc_error *err, enum bc_status status, uint64_t row,
             const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	error_fill(err, status, 0, (int64_t)row, format, arguments);
	va_end(arguments);
	return status;
}

enum bc_status
bci_fail_os(struct bc_error *err, int os_errno, const char *format, ...)
{
	enum bc_status status = bci_status_of(os_errno);
	va_list arguments;

	va_start(arguments, format);
	error_fill(err, status, os_errno, -1, format, arguments);
	va_end(arguments);
	return status;
}

_Noreturn void
bci_assert_failed(const char *text, const char *file, int line)
{
	fprintf(stderr, "barcache: assertion failed at %s:%d: %s\n", file, line,
	        text);
	abort();
}

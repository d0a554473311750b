/* SPDX-License-Identifier: MIT */
/*
 * common.h - what every source file of the library includes first: the public
 * header, the assertion, the one macro that jumps, the host's limits.
 */
#ifndef BCI_COMMON_H
#define BCI_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "barcache.h"

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "barcache reads its columns in place: little-endian hosts only"
#endif
_Static_assert(sizeof(void *) == 8, "a cache is mapped: 64-bit hosts only");
_Static_assert(sizeof(double) == 8 && sizeof(float) == 4, "IEEE 754 columns");

/*
 * Run a fallible call; on failure leave through the label 'done' with the
 * status in the local 'status'.  The only macro in the library that jumps.
 */
#define BCI_TRY(call)                                                          \
	do {                                                                   \
		status = (call);                                               \
		if (status != BC_OK)                                           \
			goto done;                                             \
	} while (0)

/* Our own bugs, never the content of a file: stays on in release builds. */
#define BCI_ASSERT(condition)                                                  \
	((condition) ? (void)0                                                 \
	             : bci_assert_failed(#condition, __FILE__, __LINE__))

_Noreturn void bci_assert_failed(const char *text, const char *file, int line);

#define BCI_PRINTF(text, values) __attribute__((format(printf, text, values)))
#define BCI_LIKELY(x) __builtin_expect(!!(x), 1)
#define BCI_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define BCI_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BCI_CACHE_LINE 64

#endif /* BCI_COMMON_H */

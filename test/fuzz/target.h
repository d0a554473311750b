/* SPDX-License-Identifier: MIT */
/*
 * target.h - what a fuzz target is made of: the function that takes an input,
 * and a check that ends the program where an input shows a fault.
 */
#ifndef BARCACHE_FUZZ_TARGET_H
#define BARCACHE_FUZZ_TARGET_H

#include "common.h"

#include <stdio.h>
#include <stdlib.h>

/* Called with one input after the other; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
			        __LINE__, #condition);                         \
			abort();                                               \
		}                                                              \
	} while (0)

#endif /* BARCACHE_FUZZ_TARGET_H */

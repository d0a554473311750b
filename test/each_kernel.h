/* SPDX-License-Identifier: MIT */
/*
 * each_kernel.h - a test run with every kernel that there is, on a block of
 * numbers by chance.
 */
#ifndef BARCACHE_TEST_EACH_KERNEL_H
#define BARCACHE_TEST_EACH_KERNEL_H

#include "kernel.h"
#include "support.h"

#define ROWS BCI_PACK_ROWS

static inline uint64_t
random64(void)
{
	static uint64_t count;

	return test_mix(1, count++);
}

static const char *const names[] = { "portable", "sse2", "avx2", "avx512" };

/* Run 'test' with every kernel that there is. */
static inline void
with_each(void (*test)(const struct bci_kernel *kernel))
{
	for (int path = 0; path < BCI_PATHS; path++) {
		const struct bci_kernel *kernel =
			bci_kernel_of((enum bci_path)path);

		if (kernel == NULL)
			continue;
		assert_string_equal(kernel->name, names[path]);
		test(kernel);
	}
}

#endif /* BARCACHE_TEST_EACH_KERNEL_H */

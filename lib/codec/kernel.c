/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - which kernels this processor can run.  What the compiler's run
 * time found out when the program started is only looked up here.
 */
#include "common.h"

#include "kernel.h"

#if defined(__x86_64__)
static bool
kernel_has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool
kernel_has_avx512(void)
{
	return kernel_has_avx2() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512bw");
}
#endif

const struct bci_kernel *
bci_kernel_of(enum bci_path path)
{
	switch (path) {
	case BCI_PATH_PORTABLE:
		return &bci_kernel_portable;
#if defined(__x86_64__)
	case BCI_PATH_SSE2:
		return &bci_kernel_sse2;
	case BCI_PATH_AVX2:
		return kernel_has_avx2() ? &bci_kernel_avx2 : NULL;
	case BCI_PATH_AVX512:
		return kernel_has_avx512() ? &bci_kernel_avx512 : NULL;
#endif
	default:
		return NULL;
	}
}

const struct bci_kernel *
bci_kernel_best(void)
{
	const struct bci_kernel *kernel = NULL;

	for (int path = BCI_PATHS - 1; kernel == NULL; path--)
		kernel = bci_kernel_of((enum bci_path)path);
	return kernel;
}

/* SPDX-License-Identifier: MIT */
/*
 * kernel_avx2.c - the kernels for processors with AVX2 and FMA.
 */
#include "common.h"

#define BCI_KERNEL avx2
#define BCI_KERNEL_LANES 8
#include "kernels.h"

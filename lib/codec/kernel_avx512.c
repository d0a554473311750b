/* SPDX-License-Identifier: MIT */
/*
 * kernel_avx512.c - the kernels for processors with AVX-512 F, VL, DQ and BW.
 */
#include "common.h"

#define BCI_KERNEL avx512
#define BCI_KERNEL_LANES 16
#include "kernels.h"

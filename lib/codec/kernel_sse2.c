/* SPDX-License-Identifier: MIT */
/*
 * kernel_sse2.c - the kernels for every x86-64 processor.
 */
#include "common.h"

#define BCI_KERNEL sse2
#define BCI_KERNEL_LANES 4
#include "kernels.h"

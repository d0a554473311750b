/* SPDX-License-Identifier: MIT */
/*
 * kernel_portable.c - the kernels in plain C, for any processor.
 */
#include "common.h"

#define BCI_KERNEL portable
#define BCI_KERNEL_LANES 0
#include "kernels.h"

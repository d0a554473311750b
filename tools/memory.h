/* SPDX-License-Identifier: MIT */
/*
 * memory.h - memory for the columns of one file after another.
 */
#ifndef TOOL_MEMORY_H
#define TOOL_MEMORY_H

#include "barcache.h"

/*
 * Large blocks are huge pages where the system has them, and are kept for the
 * next file: memory that is new to a process costs more than filling it.
 * For one thread.
 */
extern const struct bc_allocator memory_columns;

#endif /* TOOL_MEMORY_H */

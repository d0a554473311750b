/* SPDX-License-Identifier: MIT */
/*
 * foreign.h - kinds of files that are not read here, known by their bytes.
 */
#ifndef TOOL_FOREIGN_H
#define TOOL_FOREIGN_H

#include "barcache.h"

#include <stdbool.h>

/*
 * Whether bytes are of a kind that is not read here; *err says then which, and
 * what to do.
 */
bool foreign_is(const char *data, uint64_t bytes, struct bc_error *err);

#endif /* TOOL_FOREIGN_H */

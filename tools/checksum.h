/* SPDX-License-Identifier: MIT */
/*
 * checksum.h - the checksum that lies beside a file.
 */
#ifndef TOOL_CHECKSUM_H
#define TOOL_CHECKSUM_H

#include "barcache.h"

#include <stdbool.h>

/*
 * Compare 'bytes' bytes at 'data' with the SHA-256 that PATH.CHECKSUM states,
 * if there is one: *checked.  False with *err filled if it is another or cannot
 * be read.
 */
bool checksum_verify(const char *path, const char *data, uint64_t bytes,
                     bool *checked, struct bc_error *err);

#endif /* TOOL_CHECKSUM_H */

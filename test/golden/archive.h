/* SPDX-License-Identifier: MIT */
/*
 * archive.h - a golden cache for each test, out of GOLDEN_ARCHIVE.
 */
#ifndef BARCACHE_GOLDEN_ARCHIVE_H
#define BARCACHE_GOLDEN_ARCHIVE_H

#include "dir_unit.h"

int archive_setup(void **state);

/* Make dir.cache once more as it was. */
void archive_unpack(void);

#endif /* BARCACHE_GOLDEN_ARCHIVE_H */

/* SPDX-License-Identifier: MIT */
/*
 * archive.h - a golden cache for each test, out of GOLDEN_ARCHIVE.
 */
#ifndef BARCACHE_GOLDEN_ARCHIVE_H
#define BARCACHE_GOLDEN_ARCHIVE_H

#include "dir_unit.h"

int archive_setup(void **state);

/*
 * Make dir.cache once more as it was, but of this boot: who opens a cache of
 * another one checks it first, and writes that down.
 */
void archive_unpack(void);

/* Make it one of another boot. */
void archive_set_boot(const void *boot_id);

/* A whole file, to be freed, and to overwrite one. */
unsigned char *archive_load(const char *path, size_t *bytes);
void archive_save(const char *path, const unsigned char *data, size_t bytes);

/*
 * Write 'count' bytes over those 'at' bytes from where 'text' begins, wherever
 * it occurs in a file: a key, and the version of the record that follows it.
 */
void archive_change(const char *name, const char *text, size_t at,
                    const void *bytes, size_t count);

#endif /* BARCACHE_GOLDEN_ARCHIVE_H */

/* SPDX-License-Identifier: MIT */
/*
 * commits.h - commits that can be told from each other.
 *
 * Each changes many keys at once, so that any key tells which one it is of, and
 * a cache that shows parts of two shows it.
 */
#ifndef BARCACHE_TEST_COMMITS_H
#define BARCACHE_TEST_COMMITS_H

#include "unit.h"

#define COMMIT_KEYS 6
#define COMMIT_BAR_NS (60 * UNIT_SECOND_NS)

/* Key 'index' of commit 'version', from 1.  The last one is its own. */
void commit_key(char key[32], uint64_t version, unsigned index);

/* New values, one more bar of a series; the own key of the one before goes. */
void commit_put(struct bc_cache *cache, uint64_t version);

/*
 * Which commit the cache in 'path' shows, after reading all of it; anything but
 * that one commit fails the test.
 */
uint64_t commit_shown(const char *path);

#endif /* BARCACHE_TEST_COMMITS_H */

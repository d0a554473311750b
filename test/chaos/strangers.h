/* SPDX-License-Identifier: MIT */
/*
 * strangers.h - whether the files below a cache are those that it knows.
 */
#ifndef BARCACHE_CHAOS_STRANGERS_H
#define BARCACHE_CHAOS_STRANGERS_H

#include "support.h"

/* Fails the test if there are others in directory 'path', or if some lack. */
void strangers_check(struct bc_cache *cache, const char *path);

#endif /* BARCACHE_CHAOS_STRANGERS_H */

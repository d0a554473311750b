/* SPDX-License-Identifier: MIT */
/*
 * links_unit.h - handles of backtests on the cache of the fixture, and what is
 * linked with them.
 */
#ifndef BARCACHE_TEST_LINKS_UNIT_H
#define BARCACHE_TEST_LINKS_UNIT_H

#include "unit.h"

#define LINKS_TEXT 4096

/* A bc_label_function: append the key to a text of LINKS_TEXT bytes. */
int links_add(void *context, const struct bc_label *label);

/* The keys that are linked with a backtest, by age of their entries. */
void links_expect(const char *backtest, const char *expected);

/* Another handle, whose links are not written before they are flushed. */
struct bc_cache *links_open(const char *backtest);

/* These must work. */
void links_flush(struct bc_cache *cache);
void links_get(struct bc_cache *cache, const char *key);

/* Append 'rows' rows, a minute apart, to a series. */
void links_append(const char *key, unsigned rows);

#endif /* BARCACHE_TEST_LINKS_UNIT_H */

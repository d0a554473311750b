/* SPDX-License-Identifier: MIT */
/*
 * timed_unit.h - the cache of the fixture while the clocks are set, and values
 * in it that live for some time.
 */
#ifndef BARCACHE_TEST_TIMED_UNIT_H
#define BARCACHE_TEST_TIMED_UNIT_H

#include "unit.h"

#include "clockwork.h"

#define MINUTE (60 * UNIT_SECOND_NS)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* For tests behind unit_setup(): the clocks are right again. */
int timed_teardown(void **state);

/* Put a few bytes, which must work. */
void timed_put(const char *key, int64_t ttl_ns);

/* Whether a get hits. */
bool timed_served(const char *key);

#endif /* BARCACHE_TEST_TIMED_UNIT_H */

/* SPDX-License-Identifier: MIT */
/*
 * filled_unit.h - values in the cache of the fixture that may be evicted at any
 * time: which there are, and whether what is found is right.
 */
#ifndef BARCACHE_TEST_FILLED_UNIT_H
#define BARCACHE_TEST_FILLED_UNIT_H

#include "unit.h"

#define FILLED_KEYS 400u /* at the most */
#define FILLED_POLICIES 7u

extern const enum bc_policy filled_policies[FILLED_POLICIES];

extern struct filled {
	uint64_t versions[FILLED_KEYS]; /* of the newest put; 0: none */
	uint64_t lost;                  /* entries found evicted */
	uint64_t met[BC_COLD + 1];      /* tiers that a value was found in */
} filled;

/* Begin with an empty cache, and nothing lost. */
void filled_restart(const struct bc_options *options);

/* Name 'key'; returns it. */
char *filled_key(unsigned index, char key[16]);

/* Read one key: it is there as it was put, or was evicted. */
void filled_check(unsigned index);
void filled_check_all(unsigned keys);

/* Remove one, if it is there. */
void filled_remove(unsigned index);

/*
 * Put a value, or the next 'count' keys of 'keys' in one batch; 'value' makes
 * them.
 */
typedef void filled_value(struct test_value *value, const char *key,
                          uint64_t version, uint64_t seed, uint64_t size);
void filled_put(unsigned index, filled_value *make, uint64_t version,
                uint64_t size, const struct bc_put_options *options);
void filled_put_batch(unsigned first, unsigned count, unsigned keys,
                      filled_value *make, uint64_t version, uint64_t size,
                      const struct bc_put_options *options);

#endif /* BARCACHE_TEST_FILLED_UNIT_H */

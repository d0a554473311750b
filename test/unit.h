/* SPDX-License-Identifier: MIT */
/*
 * unit.h - a fresh cache for each test of the cache's calls, what is expected
 * of a get, and a way to damage what is stored.
 */
#ifndef BARCACHE_TEST_UNIT_H
#define BARCACHE_TEST_UNIT_H

#include "support.h"

#include "catalogue.h"

#define UNIT_SEED 41
#define UNIT_SECOND_NS 1000000000LL

/* The fixture of the running test; its log counts the events. */
extern struct unit {
	struct test_dir dir;
	struct bc_cache *cache;
	_Atomic unsigned events[BC_EVENT_SYNC + 1];
} fixture;

/* A directory, and a cache in it with default options. */
int unit_setup(void **state);
int unit_teardown(void **state);

/* Options that create, report to the fixture and wait for locks 100 ms. */
struct bc_options unit_options(void);

/* Open the cache of the fixture; failing fails the test. */
struct bc_cache *unit_open(const struct bc_options *options);

/* Close the cache of the fixture and open it with these; NULL: defaults. */
void unit_reopen(const struct bc_options *options);

/* The same with an empty directory. */
void unit_restart(const struct bc_options *options);

/* Put a frame into the cache of the fixture, which must work. */
void unit_put(const char *key, uint64_t version, uint64_t rows);

/* Blobs of a byte under "k0", "k1", and so on, in one batch. */
void unit_put_many(unsigned count);

/* Say that 'key' was made of 'parent'. */
void unit_depend(const char *key, const char *parent);

/* A get must hit this version, or miss for this reason. */
#define expect_hit(cache, key, version)                                        \
	unit_expect_hit((cache), (key), (version), __FILE__, __LINE__)
#define expect_miss(cache, key, reason)                                        \
	unit_expect_miss((cache), (key), (reason), __FILE__, __LINE__)
void unit_expect_hit(struct bc_cache *cache, const char *key, uint64_t version,
                     const char *file, int line);
void unit_expect_miss(struct bc_cache *cache, const char *key,
                      enum bc_miss reason, const char *file, int line);

/* Nothing is damaged, nor was it ever. */
void unit_expect_sound(void);

/* Info of 'key', which must be there; strings are valid until the next. */
struct bc_info unit_info(const char *key);
struct bc_stats unit_stats(void);

/* Where the first segment of 'key' lies. */
struct bci_locator unit_locate(const char *key);

/* The path of arena 'number'. */
char *unit_arena_path(char path[TEST_PATH], uint64_t number);

/* Flip a bit of byte 'at' of the segment of 'key' in its file. */
void unit_flip(const char *key, uint64_t at);

/*
 * Close the cache, change its catalogue in a transaction of its own, and leave
 * it closed.
 */
typedef void unit_change(struct MDB_txn *txn, const struct bci_tables *tables);
void unit_change_catalogue(unit_change *change);

#endif /* BARCACHE_TEST_UNIT_H */

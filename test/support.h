/* SPDX-License-Identifier: MIT */
/*
 * support.h - what several tests need: a directory of their own, values whose
 * bytes derive from (key, version, seed), children whose exit is a result, an
 * allocator that counts and fails.
 */
#ifndef BARCACHE_TEST_SUPPORT_H
#define BARCACHE_TEST_SUPPORT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "barcache.h"

/* Whether memory is watched, and takes more than it would. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

/*
 * How many of the 'usual' trials to do, all of which other builds do: there
 * each takes many times as long.
 */
#define TEST_TRIALS(usual) (TEST_SANITIZED ? ((usual) + 2) / 3 : (usual))

/* ------------------------------------------------------------------------ */
/*  Statuses                                                                */
/* ------------------------------------------------------------------------ */

/*
 * Fails unless 'call' returned 'expected'; prints both names and the text of
 * 'err' (may be NULL).  With 'err' a failure must have filled it.  This and
 * require() also work in a child, which they end with TEST_CHILD_FAILED.
 */
#define assert_status(call, expected, err)                                     \
	test_assert_status((call), (expected), (err), #call, __FILE__, __LINE__)

#define require(condition)                                                     \
	((condition) ? (void)0                                                 \
	             : test_require_failed(#condition, __FILE__, __LINE__))

void test_assert_status(enum bc_status status, enum bc_status expected,
                        const struct bc_error *err, const char *call,
                        const char *file, int line);
void test_require_failed(const char *text, const char *file, int line);

/* Leave the running test as skipped, saying why on standard error. */
#define test_skip(reason)                                                      \
	do {                                                                   \
		print_error("%s skipped: %s\n", __func__, (reason));           \
		skip();                                                        \
	} while (0)

/* ------------------------------------------------------------------------ */
/*  Directories                                                             */
/* ------------------------------------------------------------------------ */

#define TEST_PATH 256

/* A directory of the test, and the path of a cache in it, not yet made. */
struct test_dir {
	char path[TEST_PATH];
	char cache[TEST_PATH];
};

/*
 * Make it below TMPDIR, or /tmp; fails the test if that does not work.  The
 * second form prefers memory to a disk, for tests that sync often and do not
 * depend on it.
 */
void test_dir_make(struct test_dir *dir);
void test_dir_make_fast(struct test_dir *dir);

/* Remove it with all it holds. */
void test_dir_remove(const struct test_dir *dir);

/* Remove 'path' and what is below it; nothing if it is not there. */
void test_remove_tree(const char *path);

/* Write "'directory'/'name'" to 'path'; returns it. */
char *test_path(char path[TEST_PATH], const char *directory, const char *name);

/* Calls 'visit' with the path of every file (no directory) below 'path'. */
typedef void test_visit(void *context, const char *path);
void test_walk(const char *path, test_visit *visit, void *context);

/* Open descriptors of this process; mappings of files below 'path'. */
unsigned test_open_files(void);
unsigned test_mappings(const char *path);

/* Open the cache in 'path'; failing fails the test or ends the child. */
struct bc_cache *test_open(const char *path, unsigned flags);

/* ------------------------------------------------------------------------ */
/*  Values                                                                  */
/* ------------------------------------------------------------------------ */

/*
 * A value under 'key': its kind, size and every byte follow from the key, the
 * version and the seed, and the version can be read back from it.  Sizes run
 * from a few bytes to half a megabyte.
 */
struct test_value {
	char key[BC_KEY_MAX + 1];
	uint64_t version, seed;
	enum bc_kind kind;
	struct bc_frame frame;        /* of BC_FRAME */
	struct bc_column columns[6];
	void *data;                   /* of both; the memory to free */
	uint64_t bytes;               /* of BC_BLOB */
};

/* Mixes two words into one; the source of all that looks random here. */
uint64_t test_mix(uint64_t a, uint64_t b);

/* The next of a series of numbers below 2^31 that begins with any *state. */
uint64_t test_mix_next(uint64_t *state);

void test_value_make(struct test_value *value, const char *key,
                     uint64_t version, uint64_t seed);
/* The same with a frame of exactly 'rows' rows. */
void test_value_frame(struct test_value *value, const char *key,
                      uint64_t version, uint64_t seed, uint64_t rows);
/* The same with a blob of 'bytes' bytes, a multiple of 8. */
void test_value_blob(struct test_value *value, const char *key,
                     uint64_t version, uint64_t seed, uint64_t bytes);
void test_value_free(struct test_value *value);

/* Put a value, alone or into a batch. */
enum bc_status test_value_put(struct bc_cache *cache,
                              const struct test_value *value,
                              struct bc_error *err);
enum bc_status test_value_add(struct bc_batch *batch,
                              const struct test_value *value,
                              struct bc_error *err);

/* Make, put, free; the second form with a chosen number of rows. */
enum bc_status test_put(struct bc_cache *cache, const char *key,
                        uint64_t version, uint64_t seed, struct bc_error *err);
enum bc_status test_put_rows(struct bc_cache *cache, const char *key,
                             uint64_t version, uint64_t seed, uint64_t rows,
                             struct bc_error *err);

/*
 * Put and remove in one batch.  'make' makes the value of that number, or
 * returns false with the key to remove in value->key.
 */
#define TEST_BATCH_MOST 8
typedef bool test_batch_make(const void *context, unsigned number,
                             struct test_value *value);
enum bc_status test_batch(struct bc_cache *cache, unsigned count,
                          test_batch_make *make, const void *context,
                          struct bc_error *err);

/*
 * The version that 'view' shows, after comparing every byte of it with what
 * that version of 'key' has; 0 if a byte, a size or a name is wrong.
 */
uint64_t test_view_version(const struct bc_view *view, const char *key,
                           uint64_t seed);

/* The same of a get, which must hit. */
uint64_t test_get(struct bc_cache *cache, const char *key, uint64_t seed);

/* Make a cache in 'path' that has 300 rows, version 1, under "a"; open it. */
struct bc_cache *test_create(const char *path, unsigned flags, uint64_t seed);

/* ------------------------------------------------------------------------ */
/*  Children                                                                */
/* ------------------------------------------------------------------------ */

enum {
	TEST_CHILD_FAILED = 97, /* exit code of a failed require() */
	TEST_CHILD_SKIPPED = 77, /* it may not do what it should try */
	TEST_CHILD_SIGNAL = 128 /* plus the signal, as shells say it */
};

typedef void test_child(void *argument);

/*
 * Run 'function' in a child; returning ends it with _exit(0).  It dies with
 * its parent, and by SIGALRM after test_child_seconds, two minutes.
 */
extern unsigned test_child_seconds;
pid_t test_child_start(test_child *function, void *argument);

/* Wait for it: its exit code, or TEST_CHILD_SIGNAL + the signal. */
int test_child_wait(pid_t child);

/* Both at once. */
int test_child_run(test_child *function, void *argument);

/*
 * For a child: namespaces of its own (CLONE_NEW...), or mounts of its own, so
 * that what it mounts ends with it.  Ends it with TEST_CHILD_SKIPPED if the
 * system does not allow that.
 */
void test_unshare(int flags);
void test_own_mounts(void);

/* Be another user, in one further group; ends as those do. */
void test_become(uid_t user, gid_t group, gid_t further);

/* Memory that parent and children share, zeroed; never freed. */
void *test_shared(size_t bytes);

/* Sleep; used to let another process get on, never to measure. */
void test_sleep_ms(unsigned ms);

/* ------------------------------------------------------------------------ */
/*  Memory                                                                  */
/* ------------------------------------------------------------------------ */

/* Counts what goes through it and fails request number 'fail_at' (from 1). */
struct test_memory {
	_Atomic uint64_t requests;
	_Atomic int64_t live;
	_Atomic uint64_t fail_at;
	_Atomic bool fired;
};

/* The allocator of options whose requests 'memory' counts. */
struct bc_allocator test_allocator(struct test_memory *memory);

#endif /* BARCACHE_TEST_SUPPORT_H */

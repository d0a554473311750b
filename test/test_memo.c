/* SPDX-License-Identifier: MIT */
/*
 * test_memo.c - what a lane remembers of its lookups holds until the next
 * commit, and never shows what is not so.
 */
#include "timed_unit.h"

#include "cache.h"
#include "hash.h"
#include "memo.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOTH 512 /* bytes of a key and its record that are changed */

static struct bci_env *
env_now(void)
{
	return atomic_load(&fixture.cache->env);
}

static uint64_t
hash_of(const char *key)
{
	return bci_hash64(key, strlen(key));
}

/* Whether the lane of this thread recalls 'key' as one of that hash. */
static bool
recalls_as(const char *key, uint64_t hash, struct bci_memory *memory)
{
	struct bci_lane *lane = bci_lane_take(env_now());
	bool recalled = bci_memo_recall(env_now(), lane, key, strlen(key), hash,
	                                memory);

	bci_lane_give(lane);
	return recalled;
}

static bool
recalls(const char *key)
{
	struct bci_memory memory;

	return recalls_as(key, hash_of(key), &memory);
}

/* What is stored under a key in the newest commit: a copy. */
static size_t
record_of(const char *key, unsigned char *record)
{
	struct bci_bytes value;
	struct MDB_txn *txn;

	require(bci_txn_begin_read(env_now()->db, &txn, NULL) == BC_OK);
	require(bci_table_get(txn, env_now()->tables.entries, key, strlen(key),
	                      &value) == BC_OK);
	assert_in_range(value.size, 1, BOTH);
	memcpy(record, value.data, value.size);
	bci_txn_abort(txn);
	return value.size;
}

static void
what_was_found_is_recalled_until_the_next_commit(void **state)
{
	unsigned char record[BOTH];
	struct bci_memory memory;
	struct bc_cache *other;
	struct bc_error err;
	size_t bytes;

	(void)state;
	unit_put("a", 1, 500);
	unit_put("b", 1, 500);
	assert_false(recalls("a"));
	expect_hit(fixture.cache, "a", 1);
	assert_true(recalls_as("a", hash_of("a"), &memory));
	bytes = record_of("a", record);
	assert_int_equal(memory.record.size, bytes);
	assert_memory_equal(memory.record.data, record, bytes);
	assert_false(recalls("b"));
	expect_hit(fixture.cache, "a", 1);

	other = unit_open(NULL);
	assert_status(test_put_rows(other, "a", 2, UNIT_SEED, 500, &err), BC_OK,
	              &err);
	bc_close(other);
	assert_false(recalls("a"));
	expect_hit(fixture.cache, "a", 2);
	assert_true(recalls("a"));

	assert_status(bc_remove(fixture.cache, "a", &err), BC_OK, &err);
	assert_false(recalls("a"));
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	expect_hit(fixture.cache, "b", 1);
	unit_expect_sound();
}

/* A commit of another process is one, too. */
static void
put_in_child(void *argument)
{
	struct bc_cache *cache = NULL;

	(void)argument;
	require(bc_open(fixture.dir.cache, NULL, &cache, NULL) == BC_OK);
	require(test_put_rows(cache, "a", 2, UNIT_SEED, 700, NULL) == BC_OK);
	bc_close(cache);
}

static void
what_another_process_put_is_seen_at_once(void **state)
{
	(void)state;
	unit_put("a", 1, 500);
	expect_hit(fixture.cache, "a", 1);
	assert_true(recalls("a"));
	assert_int_equal(test_child_run(put_in_child, NULL), 0);
	assert_false(recalls("a"));
	expect_hit(fixture.cache, "a", 2);
}

static void
a_key_is_compared_however_its_hash_is(void **state)
{
	struct bci_memory memory;

	(void)state;
	unit_put("a", 1, 500);
	unit_put("b", 1, 500);
	expect_hit(fixture.cache, "a", 1);
	assert_true(recalls_as("a", hash_of("a"), &memory));
	assert_false(recalls_as("b", hash_of("a"), &memory));
	assert_false(recalls_as("aa", hash_of("a"), &memory));
}

/* Learn 'key' as one of another hash, as if by a get. */
static void
learn_as(const char *key, uint64_t hash)
{
	struct bci_lane *lane = bci_lane_take(env_now());
	struct bci_bytes value;

	require(bci_lane_begin(env_now(), lane) == BC_OK);
	require(bci_table_get(lane->txn, env_now()->tables.entries, key,
	                      strlen(key), &value) == BC_OK);
	;
	bci_memo_learn(lane, key, strlen(key), hash, &value);
	bci_lane_end(lane);
	bci_lane_give(lane);
}

/* Hashes that differ in what tells items of one place apart. */
static void
what_is_crowded_out_is_looked_up(void **state)
{
	struct bci_memory memory;
	unsigned known = 0;

	(void)state;
	unit_put("a", 1, 500);
	for (uint64_t i = 1; i <= 9; i++)
		learn_as("a", i << 48);
	for (uint64_t i = 1; i <= 9; i++)
		known += recalls_as("a", i << 48, &memory);
	assert_in_range(known, 1, 8);
	assert_true(recalls_as("a", 9ull << 48, &memory));
	expect_hit(fixture.cache, "a", 1);
}

static void
a_long_key_is_looked_up_each_time(void **state)
{
	char key[BCI_MEMO_BYTES + 1];

	(void)state;
	memset(key, 'k', BCI_MEMO_BYTES);
	key[BCI_MEMO_BYTES] = '\0';
	unit_put(key, 1, 500);
	for (int i = 0; i < 3; i++) {
		expect_hit(fixture.cache, key, 1);
		assert_false(recalls(key));
	}
}

/* After a commit that failed only LMDB knows what is the newest. */
static void
nothing_is_recalled_after_a_failed_commit(void **state)
{
	(void)state;
	unit_put("a", 1, 500);
	expect_hit(fixture.cache, "a", 1);
	atomic_store(&env_now()->doubtful, true);
	assert_false(recalls("a"));
	expect_hit(fixture.cache, "a", 1);
	unit_put("b", 1, 500);
	expect_hit(fixture.cache, "a", 1);
	assert_true(recalls("a"));
}

/* What expires does so although nothing is committed. */
static void
what_has_expired_is_not_served(void **state)
{
	struct bc_touch_options options = BC_TOUCH_OPTIONS_INIT;

	(void)state;
	options.ttl_ns = HOUR;
	unit_put("a", 1, 500);
	assert_status(bc_touch(fixture.cache, "a", &options, NULL), BC_OK,
	              NULL);
	expect_hit(fixture.cache, "a", 1);
	assert_true(recalls("a"));
	clockwork_pass(2 * HOUR);
	assert_true(recalls("a"));
	expect_miss(fixture.cache, "a", BC_MISS_EXPIRED);
}

/*
 * Flip a bit of "target" and its record, which LMDB has mapped: wherever they
 * are in the file, as pages of older commits may have them, too.
 */
static void
flip(const unsigned char *both, size_t bytes, unsigned bit)
{
	int fd = bci_db_fd(env_now()->db);
	off_t size = lseek(fd, 0, SEEK_END);
	unsigned char *file = malloc((size_t)size), *at = file, byte;
	unsigned flipped = 0;

	assert_non_null(file);
	assert_int_equal(pread(fd, file, (size_t)size, 0), size);
	while ((at = memmem(at, (size_t)(file + size - at), both, bytes)) !=
	       NULL) {
		byte = (unsigned char)(at[bit / 8] ^ 1u << bit % 8);
		assert_int_equal(pwrite(fd, &byte, 1, at - file + bit / 8), 1);
		flipped++;
		at++;
	}
	assert_true(flipped != 0);
	free(file);
}

/* Whether "target" is shown, which then is as it was put. */
static bool
is_shown(void)
{
	struct bc_view view;
	bool shown = bc_get(fixture.cache, "target", &view) == BC_OK;

	if (shown)
		assert_int_equal(test_view_version(&view, "target", UNIT_SEED),
		                 1);
	bc_view_release(&view);
	return shown;
}

/*
 * Whichever bit of a key and its record flips after they were learnt, a get
 * shows what was put, or nothing.
 */
static void
no_flipped_bit_shows_other_bytes(void **state)
{
	const size_t key_bytes = strlen("target");
	unsigned char both[BOTH];
	size_t bytes = key_bytes + 1;
	unsigned shown = 0;

	(void)state;
	unit_put("decoy", 7, 500);
	memcpy(both, "target", key_bytes);
	for (unsigned bit = 0; bit < 8 * bytes; bit++) {
		unit_put("target", 1, 500);
		expect_hit(fixture.cache, "decoy", 7);
		expect_hit(fixture.cache, "target", 1);
		assert_true(recalls("target"));
		bytes = key_bytes + record_of("target", both + key_bytes);
		flip(both, bytes, bit);
		shown += is_shown();
		both[bit / 8] ^= (unsigned char)(1u << bit % 8);
		flip(both, bytes, bit);
		both[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	/* Some bits say nothing of where or what it is. */
	assert_in_range(shown, 1, 8 * bytes - 8 * key_bytes);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, timed_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_was_found_is_recalled_until_the_next_commit),
		TEST(what_another_process_put_is_seen_at_once),
		TEST(a_key_is_compared_however_its_hash_is),
		TEST(what_is_crowded_out_is_looked_up),
		TEST(a_long_key_is_looked_up_each_time),
		TEST(nothing_is_recalled_after_a_failed_commit),
		TEST(what_has_expired_is_not_served),
		TEST(no_flipped_bit_shows_other_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_oracle.c - the oracle of the kill tests says what is wrong when
 * something is: a checker that finds nothing because it cannot would make
 * every other figure worthless.
 */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "fault/oracle.h"

#define STEPS 40

static struct test_dir dir;
static struct oracle oracle;
static struct bc_cache *cache;

/* A cache with STEPS operations, closed again by the test. */
static int
setup(void **state)
{
	struct bc_error err;
	int i;

	(void)state;
	test_dir_make(&dir);
	memset(&oracle, 0, sizeof(oracle));
	oracle.path = dir.cache;
	oracle.name = "oracle";
	oracle.seed = 42;
	oracle.options = (struct bc_options)BC_OPTIONS_INIT;
	oracle.options.flags = BC_OPEN_CREATE;
	oracle.progress = test_shared(sizeof(*oracle.progress));
	assert_status(bc_open(dir.cache, &oracle.options, &cache, &err), BC_OK,
	              &err);
	for (i = 0; i < STEPS; i++)
		assert_status(oracle_step(&oracle, cache, &err), BC_OK, &err);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bc_close(cache);
	cache = NULL;
	test_dir_remove(&dir);
	return 0;
}

static int
verdict(void)
{
	bc_close(cache);
	cache = NULL;
	return oracle_check_in_child(&oracle);
}

/* A key that exists now, whose next operation is not the next one. */
static unsigned
present_key(void)
{
	uint64_t now = atomic_load(&oracle.progress->acked);
	unsigned i;

	for (i = 0; i < ORACLE_KEYS; i++)
		if (oracle_version(oracle.seed, i, now) != 0 &&
		    oracle_version(oracle.seed, i, now) ==
		            oracle_version(oracle.seed, i, now + 1))
			return i;
	fail_msg("no key is present");
	return 0;
}

static void
a_history_that_was_performed_is_right(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < ORACLE_KEYS; i++)
		assert_int_equal(oracle_read(&oracle, cache, i), ORACLE_RIGHT);
	assert_int_equal(oracle_litter(&oracle, cache), ORACLE_RIGHT);
	assert_int_equal(verdict(), ORACLE_RIGHT);
}

static void
an_operation_under_way_may_be_there(void **state)
{
	struct bc_error err;

	(void)state;
	assert_status(oracle_step(&oracle, cache, &err), BC_OK, &err);
	atomic_store(&oracle.progress->acked, STEPS);
	assert_int_equal(verdict(), ORACLE_RIGHT);
	assert_int_equal(atomic_load(&oracle.progress->acked), STEPS + 1);
}

static void
a_lost_operation_is_seen(void **state)
{
	(void)state;
	atomic_store(&oracle.progress->acked, STEPS + 10);
	assert_int_not_equal(verdict(), ORACLE_RIGHT);
}

static void
a_removed_value_is_seen(void **state)
{
	struct bc_error err;
	char key[24];

	(void)state;
	oracle_key(&oracle, present_key(), key);
	assert_status(bc_remove(cache, key, &err), BC_OK, &err);
	assert_int_equal(verdict(), ORACLE_LOST);
}

static void
an_older_value_is_seen(void **state)
{
	struct bc_error err;
	char key[24];

	(void)state;
	oracle_key(&oracle, present_key(), key);
	assert_status(test_put(cache, key, 1000000, oracle.seed, &err), BC_OK,
	              &err);
	assert_int_equal(oracle_read(&oracle, cache, present_key()),
	                 ORACLE_LOST);
	assert_int_equal(verdict(), ORACLE_LOST);
}

static void
a_wrong_byte_is_seen(void **state)
{
	struct test_value value;
	struct bc_error err;
	char key[24];

	(void)state;
	oracle_key(&oracle, present_key(), key);
	test_value_frame(&value, key, 1, oracle.seed, 500);
	((int64_t *)value.data)[6 * 500 + 499] ^= 1;
	assert_status(test_value_put(cache, &value, &err), BC_OK, &err);
	test_value_free(&value);
	assert_int_equal(verdict(), ORACLE_WRONG);
}

/* Half of a batch of two: the first key as after it, the second as before. */
static void
half_a_batch_is_seen(void **state)
{
	uint64_t number = STEPS + 1;
	struct bc_error err;
	unsigned i, done = 0, changed = 0;
	char key[24];

	(void)state;
	while (oracle_kind(oracle.seed, number) != ORACLE_BATCH) {
		assert_status(oracle_step(&oracle, cache, &err), BC_OK, &err);
		number++;
	}
	for (i = 0; i < ORACLE_KEYS; i++) {
		if (oracle_version(oracle.seed, i, number) != number)
			continue;
		changed++;
		if (done > 0)
			continue;
		oracle_key(&oracle, i, key);
		assert_status(test_put(cache, key, number, oracle.seed, &err),
		              BC_OK, &err);
		done++;
	}
	assert_true(changed > 1);
	assert_int_equal(verdict(), ORACLE_TORN);
}

static void
a_stray_file_is_seen(void **state)
{
	char path[TEST_PATH];
	FILE *file;

	(void)state;
	file = fopen(test_path(path, dir.cache, "meta.mdb.new"), "we");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(oracle_litter(&oracle, cache), ORACLE_LITTER);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_history_that_was_performed_is_right),
		TEST(an_operation_under_way_may_be_there),
		TEST(a_lost_operation_is_seen),
		TEST(a_removed_value_is_seen),
		TEST(an_older_value_is_seen),
		TEST(a_wrong_byte_is_seen),
		TEST(half_a_batch_is_seen),
		TEST(a_stray_file_is_seen),
	};

	return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}

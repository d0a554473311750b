/* SPDX-License-Identifier: MIT */
/*
 * test_limits.c - little address space, few descriptors, no reader slot left.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <lmdb.h>

#include "fault/shim.h"

#define SEED 31
#define SLOTS 4096 /* of the catalogue's reader table */

static struct test_dir dir;

static int
setup(void **state)
{
	(void)state;
	test_dir_make(&dir);
	bc_close(test_create(dir.cache, 0, SEED));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	test_dir_remove(&dir);
	return 0;
}

/* ------------------------------------------------------------------------ */
/*  Address space                                                           */
/* ------------------------------------------------------------------------ */

/* With plenty it works, with little it says what it wants. */
static void
open_in_little_space(void *argument)
{
	struct rlimit wanted = { *(rlim_t *)argument, *(rlim_t *)argument };
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	char path[TEST_PATH];
	struct bc_error err;
	enum bc_status status;

	require(setrlimit(RLIMIT_AS, &wanted) == 0);
	status = bc_open(dir.cache, NULL, &cache, &err);
	if (status == BC_OK) {
		require(test_get(cache, "a", SEED) == 1);
		bc_close(cache);
		return;
	}
	assert_status(status, BC_NOMEM, &err);
	require(cache == NULL);
	options.flags = BC_OPEN_CREATE;
	status = bc_open(test_path(path, dir.path, "new"), &options, &cache,
	                 &err);
	assert_status(status, BC_NOMEM, &err);
	_exit(20);
}

static void
too_little_address_space_is_said_to_be_that(void **state)
{
	static rlim_t spaces[] = { 32u << 20, 256u << 20, 1u << 30,
		                   8ull << 30, 60ull << 30 };
	unsigned i, refused = 0;
	int code;

	(void)state;
	if (TEST_SANITIZED)
		test_skip("a sanitizer needs the address space itself");
	for (i = 0; i < sizeof(spaces) / sizeof(*spaces); i++) {
		code = test_child_run(open_in_little_space, &spaces[i]);
		assert_true(code == 0 || code == 20);
		refused += code == 20;
	}
	assert_true(refused > 0);
	spaces[0] = RLIM_INFINITY;
	assert_int_equal(test_child_run(open_in_little_space, spaces), 0);
}

/* ------------------------------------------------------------------------ */
/*  Descriptors                                                             */
/* ------------------------------------------------------------------------ */

static void
open_with_few_descriptors(void *argument)
{
	struct rlimit wanted = { *(rlim_t *)argument, *(rlim_t *)argument };
	struct bc_cache *cache = NULL;
	struct bc_error err;
	enum bc_status status;
	struct bc_view view;

	require(setrlimit(RLIMIT_NOFILE, &wanted) == 0);
	status = bc_open(dir.cache, NULL, &cache, &err);
	if (status != BC_OK) {
		assert_status(status, BC_IO, &err);
		require(cache == NULL);
		return;
	}
	status = bc_get(cache, "a", &view); /* Needs one to map an arena. */
	require(status == BC_OK || status == BC_IO);
	bc_view_release(&view);
	status = test_put_rows(cache, "b", 1, SEED, 3000, &err);
	if (status != BC_OK)
		assert_status(status, BC_IO, &err);
	bc_close(cache);
	_exit(20);
}

static void
few_descriptors_give_an_error_or_a_cache_that_works(void **state)
{
	unsigned opened = 0, refused = 0;
	rlim_t most;
	int code;

	(void)state;
	for (most = 4; most <= 40; most++) {
		code = test_child_run(open_with_few_descriptors, &most);
		assert_true(code == 0 || code == 20);
		opened += code == 20;
		refused += code == 0;
	}
	assert_true(opened > 0 && refused > 0);
}

/* ------------------------------------------------------------------------ */
/*  LMDB's reader table                                                     */
/* ------------------------------------------------------------------------ */

static _Atomic unsigned *taken;

/* Every slot that plain LMDB gives, until it is killed. */
static void
take_all_slots(void *unused)
{
	char path[TEST_PATH];
	MDB_env *env = NULL;
	MDB_txn *txn;

	(void)unused;
	require(mdb_env_create(&env) == 0);
	require(mdb_env_open(env, test_path(path, dir.cache, "meta.mdb"),
	                     MDB_NOSUBDIR | MDB_NOTLS | MDB_RDONLY, 0) == 0);
	while (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0)
		atomic_fetch_add(taken, 1);
	atomic_fetch_add(taken, SLOTS);
	for (;;)
		pause();
}

static pid_t
start_taking(void)
{
	pid_t child;
	unsigned i;

	atomic_store(taken, 0);
	child = test_child_start(take_all_slots, NULL);
	for (i = 0; atomic_load(taken) <= SLOTS && i < 20000; i++)
		test_sleep_ms(1);
	assert_true(atomic_load(taken) > SLOTS);
	return child;
}

static void
read_and_write(void *argument)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	uint64_t guarded = *(uint64_t *)argument;
	struct bc_stats stats;
	struct bc_error err;
	uint64_t version = test_get(cache, "a", SEED);
	unsigned i;

	for (i = 0; i < 20; i++) {
		assert_status(test_put_rows(cache, "a", ++version, SEED, 300,
		                            &err), BC_OK, &err);
		require(test_get(cache, "a", SEED) == version);
	}
	assert_status(bc_stats(cache, &stats, &err), BC_OK, &err);
	require(stats.guarded == guarded);
	bc_close(cache);
}

static void
h11_without_a_reader_slot_reads_are_guarded_and_right(void **state)
{
	uint64_t guarded = 1;
	struct bc_cache *before;
	pid_t hog;

	(void)state;
	taken = test_shared(sizeof(*taken));
	before = test_open(dir.cache, 0); /* Has no slot yet, or has one. */
	hog = start_taking();
	assert_int_equal(test_child_run(read_and_write, &guarded), 0);
	assert_int_equal(test_get(before, "a", SEED), 21);
	kill(hog, SIGKILL);
	assert_int_equal(test_child_wait(hog), TEST_CHILD_SIGNAL + SIGKILL);
	assert_int_equal(test_get(before, "a", SEED), 21);
	bc_close(before);
}

/* LMDB itself never looks whether the owner of a slot still lives. */
static void
h11_slots_of_the_dead_are_taken_back(void **state)
{
	struct bc_cache *alive;
	uint64_t guarded = 0;
	pid_t hog;

	(void)state;
	taken = test_shared(sizeof(*taken));
	alive = test_open(dir.cache, 0); /* Keeps the table from a restart. */
	assert_int_equal(test_get(alive, "a", SEED), 1);
	hog = start_taking();
	kill(hog, SIGKILL);
	assert_int_equal(test_child_wait(hog), TEST_CHILD_SIGNAL + SIGKILL);
	assert_int_equal(test_child_run(read_and_write, &guarded), 0);
	assert_int_equal(test_get(alive, "a", SEED), 21);
	bc_close(alive);
}

/* Dies between waking its transaction and putting it to sleep again. */
static void
die_amid_a_lookup(void *unused)
{
	struct fault_plan plan = { .calls = FAULT_LMDB, .at = 2,
		                   .mode = FAULT_KILL };
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_view view;

	(void)unused;
	require(test_get(cache, "a", SEED) != 0);
	fault_arm(&plan); /* The renewal, then the lookup. */
	require(bc_get(cache, "a", &view) != BC_OK);
}

/* LMDB keeps every page for a reader that is gone, until somebody looks. */
static void
h11_a_reader_killed_amid_a_lookup_makes_nothing_grow(void **state)
{
	struct bc_stats before, after;
	struct bc_cache *cache;
	struct bc_error err;
	unsigned i;

	(void)state;
	cache = test_open(dir.cache, 0);
	for (i = 0; i < 50; i++)
		assert_status(test_put_rows(cache, "a", i + 1, SEED, 8, &err),
		              BC_OK, &err);
	assert_int_equal(test_child_run(die_amid_a_lookup, NULL),
	                 TEST_CHILD_SIGNAL + SIGKILL);
	test_sleep_ms(1100); /* Writers look once a second. */
	assert_status(bc_stats(cache, &before, &err), BC_OK, &err);
	for (i = 0; i < 400; i++)
		assert_status(test_put_rows(cache, "a", i + 1, SEED, 8, &err),
		              BC_OK, &err);
	assert_status(bc_stats(cache, &after, &err), BC_OK, &err);
	assert_true(after.catalogue_bytes < before.catalogue_bytes + 262144);
	bc_close(cache);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(too_little_address_space_is_said_to_be_that),
		TEST(few_descriptors_give_an_error_or_a_cache_that_works),
		TEST(h11_without_a_reader_slot_reads_are_guarded_and_right),
		TEST(h11_slots_of_the_dead_are_taken_back),
		TEST(h11_a_reader_killed_amid_a_lookup_makes_nothing_grow),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}

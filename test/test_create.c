/* SPDX-License-Identifier: MIT */
/*
 * test_create.c - many processes make the same cache at the same moment, some
 * of them are killed over it.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault/lab.h"

#define PROCESSES 20
#define ROUNDS 12
#define SEED 3

/* Shared by the processes of one round. */
struct race {
	char path[TEST_PATH];
	_Atomic bool go;
	_Atomic unsigned next;
	_Atomic uint64_t cache_id[PROCESSES];
};

static struct test_dir dir;
static struct race *race;

static int
setup(void **state)
{
	(void)state;
	test_dir_make(&dir);
	race = test_shared(sizeof(*race));
	memcpy(race->path, dir.cache, sizeof(race->path));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	test_dir_remove(&dir);
	return 0;
}

static void
racer_key(unsigned number, char key[24])
{
	snprintf(key, 24, "racer/%u", number);
}

static void
racer(void *argument)
{
	unsigned number = atomic_fetch_add(&race->next, 1);
	struct bc_config config;
	struct bc_cache *cache;
	struct bc_error err;
	char key[24];

	(void)argument;
	while (!atomic_load(&race->go))
		;
	cache = test_open(race->path, BC_OPEN_CREATE);
	racer_key(number, key);
	assert_status(test_put(cache, key, number + 1, SEED, &err), BC_OK,
	              &err);
	assert_status(bc_config_get(cache, &config, &err), BC_OK, &err);
	atomic_store(&race->cache_id[number], config.cache_id);
	bc_close(cache);
}

static void
start(pid_t *racers, unsigned count)
{
	unsigned i;

	test_remove_tree(race->path);
	atomic_store(&race->go, false);
	atomic_store(&race->next, 0);
	memset((void *)race->cache_id, 0, sizeof(race->cache_id));
	for (i = 0; i < count; i++)
		racers[i] = test_child_start(racer, NULL);
	while (atomic_load(&race->next) < count)
		test_sleep_ms(1);
	atomic_store(&race->go, true);
}

/* Every racer that got to its end has its value in the one cache there is. */
static void
finish(unsigned count)
{
	struct bc_cache *cache = test_open(race->path, BC_OPEN_CREATE);
	struct bc_config config;
	struct bc_error err;
	struct bc_view view;
	unsigned i;
	char key[24];

	assert_status(bc_config_get(cache, &config, &err), BC_OK, &err);
	for (i = 0; i < count; i++) {
		if (atomic_load(&race->cache_id[i]) == 0)
			continue;
		assert_true(atomic_load(&race->cache_id[i]) == config.cache_id);
		racer_key(i, key);
		assert_status(bc_get(cache, key, &view), BC_OK, NULL);
		assert_int_equal(test_view_version(&view, key, SEED), i + 1);
		bc_view_release(&view);
	}
	assert_status(test_put(cache, "last", 1, SEED, &err), BC_OK, &err);
	bc_close(cache);
}

static void
processes_that_create_at_once_share_one_cache(void **state)
{
	static const unsigned counts[] = { 2, 2, 2, 2, PROCESSES, PROCESSES };
	pid_t racers[PROCESSES];
	unsigned i, round;

	(void)state;
	for (round = 0; round < sizeof(counts) / sizeof(*counts); round++) {
		start(racers, counts[round]);
		for (i = 0; i < counts[round]; i++)
			assert_int_equal(test_child_wait(racers[i]), 0);
		finish(counts[round]);
		lab_trials(1);
	}
}

static void
h3_killing_some_of_them_harms_none_of_the_others(void **state)
{
	pid_t racers[PROCESSES];
	unsigned i, round;
	int code;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		start(racers, PROCESSES);
		for (i = 0; i < PROCESSES / 2; i++) {
			if (i % 2 == 0)
				test_sleep_ms((round + i) % 3);
			kill(racers[i], SIGKILL);
		}
		for (i = 0; i < PROCESSES; i++) {
			code = test_child_wait(racers[i]);
			if (i >= PROCESSES / 2 || code == 0)
				assert_int_equal(code, 0);
			else
				assert_int_equal(code,
				                 TEST_CHILD_SIGNAL + SIGKILL);
		}
		finish(PROCESSES);
		lab_trials(1);
	}
}


static void
an_opener_without_create_makes_nothing(void **state)
{
	struct bc_cache *cache = NULL;
	struct bc_error err;

	(void)state;
	assert_status(bc_open(dir.cache, NULL, &cache, &err), BC_ABSENT, &err);
	assert_null(cache);
	assert_non_null(strstr(err.message, dir.cache));
	assert_status(bc_open(dir.path, NULL, &cache, &err), BC_ABSENT, &err);
	assert_null(cache);
	assert_int_equal(rmdir(dir.path), 0); /* Still empty. */
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(processes_that_create_at_once_share_one_cache),
		TEST(h3_killing_some_of_them_harms_none_of_the_others),
		TEST(an_opener_without_create_makes_nothing),
	};

	return LAB_MAIN(argc, argv, "create", tests);
}

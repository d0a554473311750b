/* SPDX-License-Identifier: MIT */
/*
 * test_tallies.c - sixteen processes count in one ledger at once: what all of
 * them together did is what it says, to the last one.  A trial is a read.
 */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fault/lab.h"

#define PROCESSES 16
#define KEYS 8
#define READS 16000

struct tally {
	struct test_dir dir;
	uint64_t reads; /* of each process */
	_Atomic uint64_t hits, misses, puts;
};

static void
tally_key(unsigned index, char key[24])
{
	snprintf(key, 24, "tally/%u", index);
}

/* Reads what is there, and as often what is not; puts now and then. */
static void
counter(void *argument)
{
	struct tally *tally = argument;
	struct bc_cache *cache = test_open(tally->dir.cache, 0);
	uint64_t hits = 0, misses = 0, puts = 0;
	enum bc_status status;
	struct bc_view view;
	struct bc_error err;
	char key[24];

	for (uint64_t i = 0; i < tally->reads; i++) {
		tally_key((unsigned)test_mix(hits, i) % (2 * KEYS), key);
		status = bc_get(cache, key, &view);
		hits += status == BC_OK;
		misses += status == BC_MISS;
		if (status == BC_OK)
			bc_view_release(&view);
		if (i % 4096 != 0)
			continue;
		tally_key(0, key);
		assert_status(bc_put_blob(cache, key, key, 24, NULL, &err),
		              BC_OK, &err);
		puts++;
	}
	bc_close(cache);
	require(hits + misses == tally->reads);
	atomic_fetch_add(&tally->hits, hits);
	atomic_fetch_add(&tally->misses, misses);
	atomic_fetch_add(&tally->puts, puts);
}

static void
creator(void *argument)
{
	struct tally *tally = argument;
	struct bc_cache *cache = test_open(tally->dir.cache, BC_OPEN_CREATE);
	struct bc_error err;
	char key[24];

	for (unsigned i = 0; i < KEYS; i++) {
		tally_key(i, key);
		assert_status(bc_put_blob(cache, key, key, 24, NULL, &err),
		              BC_OK, &err);
	}
	bc_close(cache);
}

/* Run after all others have gone, by a process of its own. */
static void
auditor(void *argument)
{
	struct tally *tally = argument;
	struct bc_cache *cache = test_open(tally->dir.cache, 0);
	uint64_t hits = 0, misses = 0;
	struct bc_stats stats;
	struct bc_error err;

	assert_status(bc_stats(cache, &stats, &err), BC_OK, &err);
	for (unsigned i = 0; i < BC_TIERS; i++)
		hits += stats.total.hits[i];
	for (unsigned i = 0; i < BC_MISS_REASONS; i++)
		misses += stats.total.misses[i];
	require(hits == atomic_load(&tally->hits));
	require(misses == atomic_load(&tally->misses));
	require(stats.total.puts == atomic_load(&tally->puts) + KEYS);
	bc_close(cache);
}

static void
what_sixteen_processes_count_is_their_sum(void **state)
{
	struct tally *tally = test_shared(sizeof(*tally));
	pid_t children[PROCESSES];

	(void)state;
	test_dir_make_fast(&tally->dir);
	tally->reads =
		lab_part(READS * PROCESSES, READS * PROCESSES) / PROCESSES;
	assert_int_equal(test_child_run(creator, tally), 0);
	for (unsigned i = 0; i < PROCESSES; i++)
		children[i] = test_child_start(counter, tally);
	for (unsigned i = 0; i < PROCESSES; i++)
		assert_int_equal(test_child_wait(children[i]), 0);
	assert_int_equal(test_child_run(auditor, tally), 0);
	assert_true(atomic_load(&tally->hits) > 0);
	assert_true(atomic_load(&tally->misses) > 0);
	lab_trials(PROCESSES * tally->reads);
	test_dir_remove(&tally->dir);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_sixteen_processes_count_is_their_sum),
	};

	return LAB_MAIN(argc, argv, "tallies", tests);
}

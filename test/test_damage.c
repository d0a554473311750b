/* SPDX-License-Identifier: MIT */
/*
 * test_damage.c - arenas and catalogues that are not as they were left.
 *
 * A damaged arena costs the values that lie in it and no others, and never
 * serves a wrong byte.  All use is in children, because a crash is a result.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "fault/victim.h"

#define FLIPS 120

#define SEED VICTIM_SEED
#define KEYS VICTIM_KEYS

static struct victim victim;
static char file[TEST_PATH]; /* the one to damage */

static int
setup(void **state)
{
	(void)state;
	victim_begin(&victim);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	victim_end(&victim);
	return 0;
}

/* ------------------------------------------------------------------------ */
/*  Arenas                                                                  */
/* ------------------------------------------------------------------------ */

/*
 * Reads everything twice, verifies, and mends by putting again: right bytes or
 * a miss that says corrupt, and after the mending all is right.
 */
static void
use_damaged(void *argument)
{
	unsigned *least = argument; /* values that must be right */
	struct bc_cache *cache = victim_open(&victim, BC_RELAXED);
	struct bc_verify_report report;
	struct victim_found first, second;
	enum bc_status status;
	struct bc_error err;
	char key[24];
	unsigned i;

	first = victim_read(cache);
	require(first.right + first.corrupt == KEYS);
	require(first.right >= *least);
	second = victim_read(cache);
	require(second.right <= first.right);
	status = bc_verify(cache, NULL, NULL, NULL, &report, &err);
	require(status == (first.corrupt == 0 && report.bad_entries == 0
	                           ? BC_OK
	                           : BC_CORRUPT));
	require(report.bad_entries >= first.corrupt);
	for (i = 0; i < KEYS; i++) {
		victim_key(i, key);
		assert_status(test_put_rows(cache, key, i + 1, SEED,
		                            victim_rows(i), &err), BC_OK, &err);
	}
	require(victim_read(cache).right == KEYS);
	bc_close(cache);
}

static void
damaged_is_used(const char *what, uint64_t which, unsigned least)
{
	int code = test_child_run(use_damaged, &least);

	if (code != 0)
		fail_msg("arena %s (%llu): exit %d", what,
		         (unsigned long long)which, code);
}

/* A fresh cache, so that damage does not pile up. */
static off_t
begin_afresh(const char *spare)
{
	test_remove_tree(victim.dir.cache);
	victim_copy(spare, victim.dir.cache);
	victim_arena(&victim, file);
	return victim_bytes(file);
}

static char *
make_spare(char path[TEST_PATH])
{
	victim_fill(&victim, BC_RELAXED);
	test_path(path, victim.dir.path, "spare");
	victim_copy(victim.dir.cache, path);
	return path;
}

static void
h5_an_arena_cut_short_costs_only_what_lay_beyond(void **state)
{
	char spare[TEST_PATH];
	off_t bytes;
	uint64_t i;

	(void)state;
	make_spare(spare);
	for (i = 0; i <= 16; i++) {
		bytes = begin_afresh(spare);
		assert_int_equal(truncate(file, bytes * (off_t)i / 16 -
		                                        (off_t)(i % 2) * 100),
		                 0);
		damaged_is_used("truncated", i, i == 16 ? KEYS : KEYS / 4);
	}
	begin_afresh(spare);
	assert_int_equal(unlink(file), 0);
	damaged_is_used("removed", 0, KEYS / 4);
	bytes = begin_afresh(spare);
	assert_int_equal(truncate(file, bytes + 1000000), 0);
	damaged_is_used("extended", 0, KEYS);
}

static void
h8_no_flipped_bit_is_ever_served(void **state)
{
	char spare[TEST_PATH];
	uint64_t i, word;
	off_t bytes;

	(void)state;
	make_spare(spare);
	for (i = 0; i < FLIPS; i++) {
		bytes = begin_afresh(spare);
		word = test_mix(SEED, i);
		/* One value at most has that bit. */
		victim_flip(file, (off_t)(word % (uint64_t)bytes),
		            (word >> 60) % 8);
		damaged_is_used("with a bit flipped", i, KEYS - 1);
	}
}

static void
h8_an_arena_of_noise_or_of_another_cache_is_a_miss(void **state)
{
	char spare[TEST_PATH], other[TEST_PATH];
	off_t bytes;

	(void)state;
	make_spare(spare);
	bytes = begin_afresh(spare);
	victim_scramble(file, 0, bytes, 1);
	damaged_is_used("of noise", 0, KEYS / 4);
	bytes = begin_afresh(spare);
	victim_scramble(file, 8192, bytes - 8192, 2);
	damaged_is_used("of noise past LMDB's meta pages", 0, KEYS / 4);
	test_remove_tree(victim.dir.cache); /* The same in a new cache. */
	victim_fill(&victim, BC_RELAXED);
	victim_arena(&victim, file);
	victim_copy(file, test_path(other, victim.dir.path, "other"));
	begin_afresh(spare);
	assert_int_equal(rename(other, file), 0);
	damaged_is_used("of another cache", 0, KEYS / 4);
}

/* A restored backup of one file: older than what the catalogue knows. */
static void
restore_older(const char *older)
{
	victim_arena(&victim, file);
	assert_int_equal(rename(older, file), 0);
}

static void
put_more(void *unused)
{
	struct bc_cache *cache = victim_open(&victim, BC_RELAXED);
	struct bc_error err;

	(void)unused;
	require(victim_read(cache).right == KEYS);
	assert_status(test_put_rows(cache, "more", 1, SEED, 700, &err), BC_OK,
	              &err);
	bc_close(cache);
}

static void
use_rolled_back(void *unused)
{
	struct bc_cache *cache = victim_open(&victim, BC_RELAXED);
	struct bc_error err;
	struct bc_view view;

	(void)unused;
	require(victim_read(cache).right == KEYS);
	require(bc_get(cache, "more", &view) == BC_MISS);
	require(view.miss == BC_MISS_CORRUPT);
	/* Must not go where the catalogue still names "more". */
	assert_status(test_put_rows(cache, "next", 1, SEED, 700, &err), BC_OK,
	              &err);
	require(bc_get(cache, "more", &view) == BC_MISS);
	assert_status(bc_get(cache, "next", &view), BC_OK, NULL);
	require(test_view_version(&view, "next", SEED) == 1);
	bc_view_release(&view);
	require(victim_read(cache).right == KEYS);
	bc_close(cache);
}

static void
an_arena_older_than_the_catalogue_is_sealed(void **state)
{
	char older[TEST_PATH];

	(void)state;
	victim_fill(&victim, BC_RELAXED);
	victim_arena(&victim, file);
	victim_copy(file, test_path(older, victim.dir.path, "older"));
	assert_int_equal(test_child_run(put_more, NULL), 0);
	restore_older(older);
	assert_int_equal(test_child_run(use_rolled_back, NULL), 0);
	assert_true(atomic_load(&victim.events[BC_EVENT_ROLLBACK]) > 0);
}

/* ------------------------------------------------------------------------ */
/*  The catalogue                                                           */
/* ------------------------------------------------------------------------ */

static void
refused(void *unused)
{
	struct bc_cache *cache = NULL;
	struct bc_error err;
	enum bc_status status;

	(void)unused;
	status = bc_open(victim.dir.cache, NULL, &cache, &err);
	require(status == BC_FORMAT || status == BC_CORRUPT);
	require(err.status == status && err.message[0] != '\0');
	require(cache == NULL);
}

/* An error, or what is read is right; never a wrong byte, never a signal. */
static void
refused_or_right(void *unused)
{
	struct bc_cache *cache = NULL;
	struct bc_error err;
	enum bc_status status;
	struct bc_view view;
	char key[24];
	unsigned i;

	(void)unused;
	status = bc_open(victim.dir.cache, NULL, &cache, &err);
	if (status != BC_OK) {
		require(err.status == status && cache == NULL);
		return;
	}
	for (i = 0; i < KEYS; i++) {
		victim_key(i, key);
		if (bc_get(cache, key, &view) == BC_OK)
			require(test_view_version(&view, key, SEED) == i + 1);
		bc_view_release(&view);
	}
	if (test_put_rows(cache, "new", 1, SEED, 300, &err) == BC_OK) {
		assert_status(bc_get(cache, "new", &view), BC_OK, NULL);
		require(test_view_version(&view, "new", SEED) == 1);
		bc_view_release(&view);
	}
	bc_close(cache);
}

static void
h5_a_catalogue_cut_short_raises_no_signal(void **state)
{
	char spare[TEST_PATH];
	off_t bytes;
	unsigned i;
	int code;

	(void)state;
	make_spare(spare);
	for (i = 0; i < 16; i++) {
		begin_afresh(spare);
		test_path(file, victim.dir.cache, "meta.mdb");
		bytes = victim_bytes(file);
		assert_int_equal(truncate(file, bytes * i / 16), 0);
		code = test_child_run(refused_or_right, NULL);
		if (code != 0)
			fail_msg("%u of 16 parts left: exit %d", i, code);
	}
}

static void
a_catalogue_that_is_something_else_is_refused(void **state)
{
	char spare[TEST_PATH];

	(void)state;
	make_spare(spare);
	begin_afresh(spare);
	test_path(file, victim.dir.cache, "meta.mdb");
	victim_scramble(file, 0, victim_bytes(file), 3);
	assert_int_equal(test_child_run(refused, NULL), 0);
	begin_afresh(spare); /* An arena is an LMDB file, too. */
	victim_copy(file, test_path(spare, victim.dir.path, "arena"));
	test_path(file, victim.dir.cache, "meta.mdb");
	assert_int_equal(rename(spare, file), 0);
	assert_int_equal(test_child_run(refused, NULL), 0);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(h5_an_arena_cut_short_costs_only_what_lay_beyond),
		TEST(h8_no_flipped_bit_is_ever_served),
		TEST(h8_an_arena_of_noise_or_of_another_cache_is_a_miss),
		TEST(an_arena_older_than_the_catalogue_is_sealed),
		TEST(h5_a_catalogue_cut_short_raises_no_signal),
		TEST(a_catalogue_that_is_something_else_is_refused),
	};

	return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_reboot.c - the host was restarted.  The kernel's boot id is replaced for
 * one process; a process reads it once, so all use of the cache is in children.
 */
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "fault/shim.h"
#include "fault/victim.h"

#define SEED VICTIM_SEED
#define KEYS VICTIM_KEYS

static struct victim victim;
static enum bc_miss *miss; /* what append_after_power_cut() found; shared */

static int
setup(void **state)
{
	(void)state;
	victim_begin(&victim);
	miss = test_shared(sizeof(*miss));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	victim_end(&victim);
	return 0;
}

static void
pretend_reboot(void)
{
	static char boot[TEST_PATH];
	FILE *to = fopen(test_path(boot, victim.dir.path, "boot_id"), "we");

	require(to != NULL);
	fprintf(to, "01234567-89ab-4cde-8f01-23456789abcd\n");
	require(fclose(to) == 0);
	fault_boot_id(boot);
}

static void
fill(void *argument)
{
	victim_fill(&victim, *(enum bc_durability *)argument);
}

static void
die_with_the_cache_open(void *argument)
{
	enum bc_durability durability = *(enum bc_durability *)argument;
	struct bc_cache *cache = victim_open(&victim, durability);
	struct bc_error err;

	assert_status(test_put_rows(cache, "more", 1, SEED, 700, &err), BC_OK,
	              &err);
	kill(getpid(), SIGKILL);
}

static void
after_reboot(void *argument)
{
	enum bc_durability durability = *(enum bc_durability *)argument;
	struct bc_cache *cache;
	struct bc_error err;
	struct victim_found found;

	pretend_reboot();
	cache = victim_open(&victim, durability);
	found = victim_read(cache);
	if (durability == BC_SCRATCH)
		require(found.absent == KEYS);
	else
		require(found.right == KEYS);
	assert_status(test_put_rows(cache, "next", 1, SEED, 700, &err), BC_OK,
	              &err);
	bc_close(cache);
	cache = victim_open(&victim, durability);
	require(victim_read(cache).right == found.right);
	bc_close(cache);
}

static void
h10_only_scratch_is_discarded_after_a_reboot(void **state)
{
	enum bc_durability durability;

	(void)state;
	for (durability = BC_DURABLE; durability <= BC_SCRATCH; durability++) {
		test_remove_tree(victim.dir.cache);
		assert_int_equal(test_child_run(fill, &durability), 0);
		assert_int_equal(test_child_run(die_with_the_cache_open,
		                                &durability),
		                 TEST_CHILD_SIGNAL + SIGKILL);
		assert_int_equal(test_child_run(after_reboot, &durability), 0);
		assert_int_equal(atomic_load(&victim.events[BC_EVENT_DISCARD]),
		                 durability == BC_SCRATCH);
	}
}

/* ------------------------------------------------------------------------ */
/*  What a power cut leaves of an arena that was not synced                  */
/* ------------------------------------------------------------------------ */

#define META_BYTES 8192 /* LMDB's two meta pages */

static char arena[TEST_PATH];
static unsigned char meta[META_BYTES];
static off_t synced_bytes;

/* As it is on the disk when the last put has not reached it. */
static void
remember_synced(void)
{
	FILE *from;

	victim_arena(&victim, arena);
	synced_bytes = victim_bytes(arena);
	from = fopen(arena, "re");
	assert_non_null(from);
	assert_int_equal(fread(meta, 1, META_BYTES, from), META_BYTES);
	fclose(from);
}

static void
prepare_power_cut(void)
{
	enum bc_durability durability = BC_RELAXED;

	assert_int_equal(test_child_run(fill, &durability), 0);
	remember_synced();
	assert_int_equal(test_child_run(die_with_the_cache_open, &durability),
	                 TEST_CHILD_SIGNAL + SIGKILL);
	assert_true(victim_bytes(arena) > synced_bytes);
}

/*
 * Reads "more", keeps the view if there is one, and appends: the bytes that
 * were shown must not be written over.
 */
static void
append_after_power_cut(void *unused)
{
	struct bc_cache *cache;
	struct bc_view view, next;
	struct bc_error err;
	unsigned i;

	(void)unused;
	pretend_reboot();
	cache = victim_open(&victim, BC_RELAXED);
	require(victim_read(cache).right == KEYS);
	*miss = BC_MISS_NONE;
	if (bc_get(cache, "more", &view) != BC_OK)
		*miss = view.miss;
	for (i = 1; i <= 5; i++) {
		assert_status(test_put_rows(cache, "next", i, SEED, 700, &err),
		              BC_OK, &err);
		assert_status(bc_get(cache, "next", &next), BC_OK, NULL);
		require(test_view_version(&next, "next", SEED) == i);
		bc_view_release(&next);
	}
	if (*miss == BC_MISS_NONE)
		require(test_view_version(&view, "more", SEED) == 1);
	bc_view_release(&view);
	require(victim_read(cache).right == KEYS);
	bc_close(cache);
}

/* The catalogue knows of a value that the arena's own pages do not. */
static void
an_arena_with_an_older_end_is_not_appended_to(void **state)
{
	(void)state;
	prepare_power_cut();
	victim_overwrite(arena, 0, meta, META_BYTES);
	assert_int_equal(test_child_run(append_after_power_cut, NULL), 0);
	assert_int_equal(*miss, BC_MISS_NONE); /* Its bytes are all there. */
}

static void
pages_that_never_reached_the_disk_are_a_clean_miss(void **state)
{
	static const unsigned char zeros[4096];
	off_t at, end;

	(void)state;
	prepare_power_cut();
	end = victim_bytes(arena);
	for (at = synced_bytes; at < end; at += (off_t)sizeof(zeros))
		victim_overwrite(arena, at, zeros, sizeof(zeros));
	assert_int_equal(test_child_run(append_after_power_cut, NULL), 0);
	/* Before or after a writer has dropped it. */
	assert_true(*miss == BC_MISS_CORRUPT || *miss == BC_MISS_ABSENT);
	assert_true(atomic_load(&victim.events[BC_EVENT_QUARANTINE]) > 0);
}

/* ------------------------------------------------------------------------ */
/*  Recovery that fails itself                                              */
/* ------------------------------------------------------------------------ */

/* The first put after the power cut, under the plan. */
static void
recover_under_fault(void *argument)
{
	struct bc_cache *cache;
	struct bc_error err;

	pretend_reboot();
	cache = victim_open(&victim, BC_RELAXED);
	fault_arm(argument);
	(void)!test_put_rows(cache, "first", 1, SEED, 700, &err);
	fault_disarm();
	bc_close(cache);
	_exit(fault_fired() ? 20 : 0);
}

static void
one_recovery(const char *spare, struct fault_plan *plan, int *code)
{
	test_remove_tree(victim.dir.cache);
	victim_copy(spare, victim.dir.cache);
	*code = test_child_run(recover_under_fault, plan);
	if (plan->mode == FAULT_FAIL)
		assert_true(*code == 0 || *code == 20);
	else
		assert_true(*code == 0 ||
		            *code == TEST_CHILD_SIGNAL + SIGKILL);
	assert_int_equal(test_child_run(append_after_power_cut, NULL), 0);
	assert_int_equal(*miss, BC_MISS_NONE);
}

/*
 * What it cannot look at for want of memory or descriptors is not damaged, and
 * what it has begun the next writer ends: no value is dropped that is whole.
 */
static void
a_recovery_cut_short_anywhere_drops_nothing(void **state)
{
	static const struct fault_plan plans[] = {
		{ .mode = FAULT_KILL, .calls = FAULT_IO },
		{ .mode = FAULT_TORN, .calls = FAULT_WRITE },
		{ .mode = FAULT_FAIL, .calls = FAULT_OPEN, .error = EMFILE },
		{ .mode = FAULT_FAIL, .calls = FAULT_IO, .error = EIO },
		{ .mode = FAULT_FAIL, .calls = FAULT_MAP, .error = ENOMEM },
		{ .mode = FAULT_FAIL, .calls = FAULT_LMDB, .error = ENOMEM },
	};
	struct fault_plan plan;
	char spare[TEST_PATH];
	unsigned tried = 0;
	size_t i;
	int code;

	(void)state;
	prepare_power_cut();
	victim_overwrite(arena, 0, meta, META_BYTES);
	test_path(spare, victim.dir.path, "spare");
	victim_copy(victim.dir.cache, spare);
	for (i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
		plan = plans[i];
		code = 20;
		for (plan.at = 1; code != 0; plan.at++, tried++)
			one_recovery(spare, &plan, &code);
	}
	assert_true(tried > 50);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(h10_only_scratch_is_discarded_after_a_reboot),
		TEST(an_arena_with_an_older_end_is_not_appended_to),
		TEST(a_recovery_cut_short_anywhere_drops_nothing),
		TEST(pages_that_never_reached_the_disk_are_a_clean_miss),
	};

	return cmocka_run_group_tests_name("reboot", tests, NULL, NULL);
}

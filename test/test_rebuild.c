/* SPDX-License-Identifier: MIT */
/*
 * test_rebuild.c - the ledger is advisory: whatever is done to it, no value is
 * lost, and the next process makes it anew.  All use is in children, because a
 * crash is a result.
 */
#include "support.h"

#include <stdio.h>
#include <unistd.h>

#include "fault/victim.h"

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

static int
ignore_entry(void *context, const struct bc_info *info)
{
	(void)info;
	(*(unsigned *)context)++;
	return 0;
}

/* Everything that reads or writes the ledger. */
static void
use_ledger(void *unused)
{
	struct bc_process processes[8];
	struct bc_cache *cache = victim_open(&victim, BC_RELAXED);
	struct bc_stats stats;
	struct bc_error err;
	unsigned listed = 0;
	size_t count = 0;
	uint64_t version;

	(void)unused;
	require(victim_read(cache).right == KEYS);
	version = 100;
	assert_status(test_put(cache, "new", version, SEED, &err), BC_OK,
	              &err);
	assert_status(bc_stats(cache, &stats, &err), BC_OK, &err);
	require(stats.entries >= KEYS && stats.processes == 1);
	assert_status(bc_processes(cache, processes, 8, &count, &err), BC_OK,
	              &err);
	require(count == 1 && processes[0].pid == (uint64_t)getpid());
	assert_status(bc_list(cache, NULL, ignore_entry, &listed, &err), BC_OK,
	              &err);
	require(listed >= KEYS);
	bc_close(cache);
}

static void
ledger_is_used(const char *what)
{
	int code = test_child_run(use_ledger, NULL);

	if (code != 0)
		fail_msg("ledger %s: exit %d", what, code);
}

static void
a_ledger_of_any_length_is_rebuilt(void **state)
{
	off_t bytes;
	unsigned i;

	(void)state;
	victim_fill(&victim, BC_RELAXED);
	test_path(file, victim.dir.cache, "ledger");
	bytes = victim_bytes(file);
	for (i = 0; i < 10; i++) {
		assert_int_equal(truncate(file, bytes * i / 10 - (i == 7)), 0);
		ledger_is_used("truncated");
	}
	assert_int_equal(truncate(file, bytes + 5000000), 0);
	ledger_is_used("extended");
	assert_int_equal(unlink(file), 0);
	ledger_is_used("removed");
}

static void
a_ledger_of_garbage_is_rebuilt(void **state)
{
	static const unsigned char ones[4096] = { 0 };
	off_t bytes, at;
	uint64_t i;

	(void)state;
	victim_fill(&victim, BC_RELAXED);
	test_path(file, victim.dir.cache, "ledger");
	for (i = 0; i < 10; i++) {
		bytes = victim_bytes(file);
		victim_scramble(file, 0, i % 2 == 0 ? bytes : 4096, i);
		ledger_is_used("of noise");
		victim_scramble(file, 4096, bytes - 4096, i);
		ledger_is_used("of noise past its first page");
	}
	for (i = 0; i < 256; i++) {
		victim_flip(file, (off_t)i / 4, i % 4 * 2);
		ledger_is_used("with a bit flipped");
	}
	bytes = victim_bytes(file);
	for (at = 0; at < bytes; at += (off_t)sizeof(ones))
		victim_overwrite(file, at, ones, sizeof(ones));
	ledger_is_used("of zeros");
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_ledger_of_any_length_is_rebuilt),
		TEST(a_ledger_of_garbage_is_rebuilt),
	};

	return cmocka_run_group_tests_name("rebuild", tests, NULL, NULL);
}

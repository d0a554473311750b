/* SPDX-License-Identifier: MIT */
/*
 * test_noise.c - a ledger of noise, zeros, another version, cut short, or full,
 * before it is opened and while it is read: no crash, no entry lost, and all
 * reads as they were.
 */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger.h"

#define KEYS 12

static void
put_all(void)
{
	char key[8];

	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		unit_put(key, i + 1, 3 + 90 * i);
	}
}

static void
expect_all(struct bc_cache *cache)
{
	char key[8];

	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		expect_hit(cache, key, i + 1);
	}
}

static int
ledger_open(void)
{
	char path[TEST_PATH];
	int fd = open(test_path(path, fixture.dir.cache, BCI_LEDGER_FILE),
	              O_RDWR);

	assert_true(fd >= 0);
	return fd;
}

/* Write over [at, at + bytes) what 'round' makes of it. */
static void
scribble(unsigned round, uint64_t at, uint64_t bytes)
{
	unsigned char *noise = malloc(bytes);
	int fd = ledger_open();

	assert_non_null(noise);
	for (uint64_t i = 0; i < bytes; i++)
		noise[i] = round == 0   ? 0
		           : round == 1 ? 0xff
		                        : (unsigned char)test_mix(round, i);
	assert_int_equal(pwrite(fd, noise, bytes, (off_t)at), bytes);
	close(fd);
	free(noise);
}

/* Where there is something: header, past times, rows, slots. */
static const struct {
	uint64_t at, bytes;
} places[] = {
	{ 0, 128 },     { 0, 2048 },
	{ 0, 16384 },   { BCI_LEDGER_PAST_AT, 8192 },
	{ 8, 8 },       { 16, 8 },
	{ 24, 40 },     { BCI_LEDGER_ROWS_AT, sizeof(struct bci_row) },
	{ 2048, 2048 }, { BCI_LEDGER_SLOTS_AT, 65536 },
};
#define PLACES (sizeof(places) / sizeof(places[0]))
#define ROUNDS 6

/* All calls that look at the ledger. */
static void
look(struct bc_cache *cache)
{
	struct bc_process processes[8];
	struct bc_latency latency;
	struct bc_stats stats;
	struct bc_hot hot[4];
	struct bc_error err;
	size_t count;

	assert_status(bc_stats(cache, &stats, &err), BC_OK, &err);
	assert_int_equal(stats.entries, KEYS + (stats.entries > KEYS));
	assert_status(bc_processes(cache, processes, 8, &count, &err), BC_OK,
	              &err);
	assert_status(bc_top(cache, NULL, hot, 4, &count, &err), BC_OK, &err);
	assert_status(bc_days(cache, 0, INT64_MAX, NULL, 0, &count, &err),
	              BC_OK, &err);
	for (enum bc_op op = 0; op < BC_OPS; op++)
		assert_status(bc_latency(cache, op, 0, &latency, &err), BC_OK,
		              &err);
}

static void
noise_is_found_or_borne_when_it_is_opened(void **state)
{
	(void)state;
	put_all();
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < PLACES; i++) {
			bc_close(fixture.cache);
			scribble(round, places[i].at, places[i].bytes);
			fixture.cache = unit_open(NULL);
			expect_all(fixture.cache);
			look(fixture.cache);
			unit_put("more", round + 1, 50);
			expect_all(fixture.cache);
		}
	}
}

static void
noise_is_borne_while_it_is_read(void **state)
{
	(void)state;
	put_all();
	unit_put("more", 1, 50);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < PLACES; i++) {
			scribble(round, places[i].at, places[i].bytes);
			for (unsigned j = 0; j < 70; j++)
				expect_hit(fixture.cache, "k5", 6);
			expect_all(fixture.cache);
			look(fixture.cache);
			unit_put("more", round + 2, 50);
			expect_all(fixture.cache);
		}
	}
	unit_reopen(NULL);
	expect_all(fixture.cache);
}

static void
another_version_and_a_short_file_are_made_anew(void **state)
{
	static const off_t sizes[] = { 0,
		                       1,
		                       63,
		                       128,
		                       4096,
		                       16384,
		                       1 << 20,
		                       BCI_LEDGER_SLOTS_AT,
		                       BCI_LEDGER_SLOTS_AT + 100 };
	static const uint32_t versions[] = { 0, 1, 3, UINT32_MAX };
	struct bc_options options = unit_options();

	(void)state;
	put_all();
	for (unsigned i = 0; i < 13; i++) {
		int fd;

		bc_close(fixture.cache);
		fd = ledger_open();
		if (i < 4)
			assert_int_equal(pwrite(fd, &versions[i], 4, 4), 4);
		else
			assert_int_equal(ftruncate(fd, sizes[i - 4]), 0);
		close(fd);
		/* Who reads only does not mind, nor fail. */
		options.flags = BC_OPEN_READONLY;
		fixture.cache = unit_open(&options);
		expect_all(fixture.cache);
		look(fixture.cache);
		unit_reopen(NULL);
		expect_all(fixture.cache);
		look(fixture.cache);
		assert_int_equal(unit_stats().processes, 1);
	}
}

static void
read_for_ever(void *argument)
{
	struct bc_cache *cache = test_open(argument, 0);

	for (;;) {
		for (unsigned i = 0; i < KEYS; i++) {
			struct bc_view view;
			char key[8];

			snprintf(key, sizeof(key), "k%u", i);
			require(bc_get(cache, key, &view) == BC_OK);
			require(test_view_version(&view, key, UNIT_SEED) ==
			        i + 1);
			bc_view_release(&view);
		}
	}
}

static void
processes_that_read_meanwhile_go_on(void **state)
{
	pid_t children[3];

	(void)state;
	put_all();
	unit_put("more", 1, 50);
	for (unsigned i = 0; i < 3; i++)
		children[i] =
			test_child_start(read_for_ever, fixture.dir.cache);
	for (unsigned round = 0; round < 3 * ROUNDS; round++) {
		unsigned i = round % PLACES;

		scribble(round, places[i].at, places[i].bytes);
		unit_reopen(NULL); /* may make it anew under them */
		expect_all(fixture.cache);
		unit_put("more", round + 2, 50);
		test_sleep_ms(2);
	}
	for (unsigned i = 0; i < 3; i++) {
		kill(children[i], SIGKILL);
		assert_int_equal(test_child_wait(children[i]),
		                 TEST_CHILD_SIGNAL + SIGKILL);
	}
	expect_all(fixture.cache);
}

int
main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(noise_is_found_or_borne_when_it_is_opened),
		TEST(noise_is_borne_while_it_is_read),
		TEST(another_version_and_a_short_file_are_made_anew),
		TEST(processes_that_read_meanwhile_go_on),
	};

	return cmocka_run_group_tests_name("noise", tests, NULL, NULL);
}

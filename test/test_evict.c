/* SPDX-License-Identifier: MIT */
/*
 * test_evict.c - a full cache of more entries than are ranked each time: what
 * goes is low by the policy, wherever it lies and whoever evicts it; pinned
 * entries stay; entries of which only the record is read count as read.
 */
#include "timed_unit.h"

#include <stdio.h>
#include <string.h>

#include "clockwork.h"
#include "pool.h"

#define BEGIN (1800000000 * UNIT_SECOND_NS)
#define ENTRIES 2000u
#define BYTES 3900u /* a page of an arena */
#define READ 10u    /* entries that are read again and again */

static unsigned char bytes[64 * 1024];

/* Keys of numbers that follow each other do not. */
static char *
key_of(unsigned index, char key[16])
{
	snprintf(key, 16, "k%04u", index * 17 % ENTRIES);
	return key;
}

static void
at(int64_t second)
{
	clockwork_at(BEGIN + second * UNIT_SECOND_NS);
}

static void
put_key(const char *key, size_t size)
{
	struct bc_error err;

	assert_status(bc_put_blob(fixture.cache, key, bytes, size, NULL, &err),
	              BC_OK, &err);
}

static void
put(unsigned index, size_t size)
{
	char key[16];

	put_key(key_of(index, key), size);
}

static bool
is_there(unsigned index)
{
	char key[16];

	return bc_exists(fixture.cache, key_of(index, key), NULL) == BC_OK;
}

static void
get(unsigned index)
{
	struct bc_view view;
	char key[16];

	assert_int_equal(bc_get(fixture.cache, key_of(index, key), &view),
	                 BC_OK);
	bc_view_release(&view);
}

static struct bc_options
full_options(enum bc_policy policy)
{
	struct bc_options options = unit_options();

	options.policy = policy;
	options.durability = BC_SCRATCH;
	options.warm_bytes = ENTRIES * 3 / 4 * 4096;
	options.cold_bytes = 4096; /* nothing goes there */
	return options;
}

/* Fill a cache, a second apart: a quarter of what is put does not fit. */
static void
fill(enum bc_policy policy)
{
	struct bc_options options = full_options(policy);

	unit_restart(&options);
	for (unsigned i = 0; i < ENTRIES; i++) {
		at(i);
		put(i, BYTES);
	}
	at(ENTRIES);
	assert_true(unit_stats().entries > BCI_POOL_EXACT);
	assert_true(unit_stats().total.evictions > 0);
}

/* How many of the first 'count' that were put are gone. */
static unsigned
gone_of(unsigned first, unsigned count)
{
	unsigned gone = 0;

	for (unsigned i = first; i < first + count; i++)
		gone += !is_there(i);
	return gone;
}

/* ---- policies ---------------------------------------------------------- */

/* Nothing of the newer half goes as long as there is an older one. */
static void
what_was_not_accessed_goes(void **state)
{
	unsigned gone;

	(void)state;
	fill(BC_POLICY_LRU);
	gone = (unsigned)unit_stats().total.evictions;
	assert_int_equal(gone_of(0, ENTRIES / 2), gone);
}

static void
what_is_accessed_stays(void **state)
{
	struct bc_options options = full_options(BC_POLICY_LRU);

	(void)state;
	unit_restart(&options);
	for (unsigned i = 0; i < ENTRIES; i++) {
		at(i);
		put(i, BYTES);
		for (unsigned k = 0; k < 10; k++)
			get(k <= i ? k : 0);
	}
	assert_true(unit_stats().total.evictions > ENTRIES / 8);
	assert_int_equal(gone_of(0, 10), 0);
}

/* What a policy that moves things takes off for it nobody else sees. */
static void
accesses_stay_true(enum bc_policy policy)
{
	struct bc_options options = full_options(policy);
	unsigned hits[READ] = { 0 }, all = 0;
	struct bc_hot top[READ];
	struct bc_stats stats;
	struct bc_error err;
	char key[16];
	size_t count;

	unit_restart(&options);
	for (unsigned i = 0; i < ENTRIES; i++) {
		at(i);
		put(i, BYTES);
		/* The first is read every second, the next every other... */
		for (unsigned k = 0; k < READ && k <= i; k++) {
			if (i % (k + 1) != 0)
				continue;
			get(k);
			hits[k]++;
			all++;
		}
	}
	stats = unit_stats();
	assert_true(stats.total.evictions > ENTRIES / 8);
	assert_true(stats.total.moved_bytes > READ * BYTES);
	assert_int_equal(stats.access_sum, stats.entries + all);
	assert_status(bc_top(fixture.cache, NULL, top, READ, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, READ);
	for (unsigned k = 0; k < READ; k++) {
		key_of(k, key);
		assert_int_equal(unit_info(key).access_count, 1 + hits[k]);
		assert_string_equal(top[k].key, key);
		assert_int_equal(top[k].access_count, 1 + hits[k]);
	}
}

static void
accesses_are_true_by_any_policy(void **state)
{
	(void)state;
	accesses_stay_true(BC_POLICY_S3FIFO);
	accesses_stay_true(BC_POLICY_ADAPTIVE);
	accesses_stay_true(BC_POLICY_LRU);
}

/* A few are twice as large: all of them go before many others have to. */
static void
what_is_large_goes(void **state)
{
	struct bc_options options = full_options(BC_POLICY_SIZE);
	unsigned gone = 0;

	(void)state;
	unit_restart(&options);
	for (unsigned i = 0; i < ENTRIES; i++) {
		at(i);
		put(i, i % 8 == 0 && i < ENTRIES / 2 ? 2 * BYTES : BYTES);
	}
	for (unsigned i = 0; i < ENTRIES / 2; i += 8)
		gone += !is_there(i);
	assert_true(gone > ENTRIES / 16 / 4 * 3);
	assert_true(unit_stats().total.evictions > gone);
}

static void
what_cost_little_goes(void **state)
{
	struct bc_options options = full_options(BC_POLICY_GDSF);
	struct bc_put_options dear = BC_PUT_OPTIONS_INIT;
	unsigned gone = 0;
	struct bc_error err;
	char key[16];

	(void)state;
	dear.cost_ns = 3600 * UNIT_SECOND_NS;
	unit_restart(&options);
	for (unsigned i = 0; i < ENTRIES; i++) {
		at(i);
		assert_status(bc_put_blob(fixture.cache, key_of(i, key), bytes,
		                          BYTES, i % 4 == 0 ? &dear : NULL,
		                          &err),
		              BC_OK, &err);
	}
	for (unsigned i = 0; i < ENTRIES; i += 4)
		gone += !is_there(i);
	assert_true(unit_stats().total.evictions > ENTRIES / 8);
	assert_int_equal(gone, 0);
}

/* ---- rounds ------------------------------------------------------------ */

/* The first that are put have the last keys. */
static void
put_downwards(unsigned index)
{
	char key[16];

	at(index);
	snprintf(key, sizeof(key), "k%04u", 9999 - index);
	put_key(key, BYTES);
}

static unsigned
gone_downwards(unsigned count)
{
	unsigned gone = 0;

	for (unsigned i = 0; i < count; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%04u", 9999 - i);
		gone += bc_exists(fixture.cache, key, NULL) != BC_OK;
	}
	return gone;
}

/*
 * A process that evicts one and is gone goes on where the one before it was: or
 * none would ever get to the oldest.
 */
static void
another_process_goes_on(void **state)
{
	struct bc_options options = full_options(BC_POLICY_LRU);
	unsigned count = 0, before;
	uint64_t evictions;

	(void)state;
	unit_restart(&options);
	while (unit_stats().total.evictions == 0)
		put_downwards(count++);
	assert_true(unit_stats().entries > 4 * BCI_POOL_EXACT);
	before = gone_downwards(count / 3);
	evictions = unit_stats().total.evictions;
	for (unsigned i = 0; i < 60; i++) {
		unit_reopen(&options);
		put_downwards(count + i);
	}
	evictions = unit_stats().total.evictions - evictions;
	assert_true(evictions >= 30);
	assert_true(gone_downwards(count / 3) - before > evictions / 2);
}

/* All but a few are pinned: they are found, and nothing else goes. */
static void
pinned_entries_stay(void **state)
{
	struct bc_options options = full_options(BC_POLICY_LRU);
	const unsigned pins = 2 * BCI_POOL_EXACT;
	struct bc_error err;
	char key[16];

	(void)state;
	options.entries_max = pins + 3;
	unit_restart(&options);
	for (unsigned i = 0; i < pins; i++) {
		at(i);
		put(i, 100);
		assert_status(bc_pin(fixture.cache, key_of(i, key), 1, &err),
		              BC_OK, &err);
	}
	for (unsigned i = pins; i < pins + 20; i++) {
		at(i);
		put(i, 100);
		assert_true(is_there(i));
	}
	assert_int_equal(unit_stats().entries, pins + 3);
	assert_int_equal(unit_stats().total.evictions, 17);
	assert_int_equal(gone_of(0, pins), 0);
	assert_status(bc_pin(fixture.cache, key_of(pins + 17, key), 1, &err),
	              BC_OK, &err);
	assert_status(bc_pin(fixture.cache, key_of(pins + 18, key), 1, &err),
	              BC_OK, &err);
	assert_status(bc_pin(fixture.cache, key_of(pins + 19, key), 1, &err),
	              BC_OK, &err);
	assert_status(
		bc_put_blob(fixture.cache, "more", bytes, 100, NULL, &err),
		BC_ENTRIES, &err);
}

/* ---- what lies in records ---------------------------------------------- */

/* A series that only its record holds counts as read when its rows are. */
static void
a_series_that_is_read_stays(void **state)
{
	const double close = 1;
	const struct bc_column column = { "close", BC_F64, &close, NULL, 0 };
	struct bc_append_options append = BC_APPEND_OPTIONS_INIT;
	struct bc_options options = full_options(BC_POLICY_DEFAULT);
	const int64_t time_ns = BEGIN;
	const struct bc_frame frame = { 1, &time_ns, &column, 1 };
	struct bc_view view;
	struct bc_error err;
	char key[24];

	(void)state;
	options.entries_max = 4;
	unit_restart(&options);
	append.from_ns = BEGIN;
	append.to_ns = BEGIN + MINUTE;
	for (int i = 0; i < 6; i++) {
		at(60 + 10 * i);
		snprintf(key, sizeof(key), "x/y/S%d/1m", i);
		assert_status(bc_append(fixture.cache, key, &frame, &append,
		                        NULL, &err),
		              BC_OK, &err);
		at(60 + 10 * i + 5);
		assert_status(bc_read(fixture.cache, "x/y/S0/1m", BEGIN,
		                      BEGIN + MINUTE, NULL, 0, &view),
		              BC_OK, NULL);
		bc_view_release(&view);
	}
	assert_int_equal(unit_stats().entries, 4);
	assert_int_equal(bc_exists(fixture.cache, "x/y/S1/1m", NULL), BC_MISS);
	assert_int_equal(bc_exists(fixture.cache, "x/y/S2/1m", NULL), BC_MISS);
}

/* Small values are in no arena; with these some of them go, the oldest. */
static void
small_values_go_with_the_others(void **state)
{
	struct bc_options options = full_options(BC_POLICY_DEFAULT);
	const unsigned count = ENTRIES;
	unsigned small = 0, newer = 0;
	struct bc_stats stats;

	(void)state;
	options.warm_bytes = 2u << 20;
	unit_restart(&options);
	for (unsigned i = 0; i < count; i++) {
		char key[16];

		at(i);
		snprintf(key, sizeof(key), "s%06u", i);
		put_key(key, 1000);
		put(i, 2 * BYTES);
	}
	stats = unit_stats();
	assert_true(stats.live_bytes <= options.warm_bytes);
	for (unsigned i = 0; i < count; i++) {
		char key[16];

		snprintf(key, sizeof(key), "s%06u", i);
		if (bc_exists(fixture.cache, key, NULL) != BC_OK)
			continue;
		small++;
		newer += i >= count / 2;
	}
	assert_true(small > 0 && small < count);
	assert_true(newer >= small / 10 * 9);
	assert_true(is_there(count - 1));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, timed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_not_accessed_goes),
		TEST(what_is_accessed_stays),
		TEST(accesses_are_true_by_any_policy),
		TEST(what_is_large_goes),
		TEST(what_cost_little_goes),
		TEST(another_process_goes_on),
		TEST(pinned_entries_stay),
		TEST(a_series_that_is_read_stays),
		TEST(small_values_go_with_the_others),
	};

	return cmocka_run_group_tests_name("evict", tests, NULL, NULL);
}

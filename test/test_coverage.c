/* SPDX-License-Identifier: MIT */
/*
 * test_coverage.c - what is known of a series comes back as it was stored, by
 * few writes, and damaged records of it are found out.
 */
#include "series_unit.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "coverage.h"

#define ID 7
#define SPAN 60 /* moments that the random tests are about */

static struct bci_series_record series;
static struct bci_intervals known, loaded;
static struct bc_error err;

static int
setup(void **state)
{
	series = (struct bci_series_record){ 0 };
	known = (struct bci_intervals){ .allocator = &bci_allocator_default };
	loaded = known;
	return series_unit_setup(state);
}

static int
teardown(void **state)
{
	bci_intervals_free(&known);
	bci_intervals_free(&loaded);
	return series_unit_teardown(state);
}

static void
set(int64_t from_ns, int64_t to_ns, enum bc_known kind)
{
	assert_status(bci_intervals_set(&known, from_ns, to_ns, kind), BC_OK,
	              NULL);
}

static enum bc_status
load(void)
{
	bci_intervals_free(&loaded);
	return bci_coverage_load(series_unit.txn, &series_unit.tables, ID,
	                         &series, &loaded);
}

/* What is stored is what 'known' says. */
static void
assert_stored(void)
{
	assert_status(load(), BC_OK, NULL);
	assert_int_equal(loaded.count, known.count);
	for (size_t i = 0; i < known.count; i++) {
		assert_int_equal(loaded.items[i].from_ns,
		                 known.items[i].from_ns);
		assert_int_equal(loaded.items[i].to_ns, known.items[i].to_ns);
		assert_int_equal(loaded.items[i].known, known.items[i].known);
	}
}

/* Store 'known' over what is stored. */
static void
store(void)
{
	assert_status(load(), BC_OK, NULL);
	assert_status(bci_coverage_store(series_unit.txn, &series_unit.tables,
	                                 ID, &loaded, &known, &series, &err),
	              BC_OK, &err);
	assert_stored();
}

static enum bc_status
holds(int64_t from_ns, int64_t to_ns)
{
	const struct bci_entry entry = {
		.head = { .kind = BC_SERIES, .id = ID },
		.series = series,
	};

	return bci_coverage_holds(series_unit.txn, &series_unit.tables, &entry,
	                          from_ns, to_ns);
}

static uint64_t
records(void)
{
	uint64_t count;

	assert_status(bci_table_count(series_unit.txn,
	                              series_unit.tables.coverage, &count),
	              BC_OK, NULL);
	return count;
}

static void
the_newest_two_lie_in_the_entry_record(void **state)
{
	(void)state;
	store();
	assert_int_equal(records(), 0);
	set(0, 10, BC_KNOWN_BARS);
	set(10, 11, BC_KNOWN_OPEN);
	store();
	assert_int_equal(records(), 0);
	assert_int_equal(series.known_to_ns, 10);
	assert_int_equal(series.open_to_ns, 11);
	set(20, 30, BC_KNOWN_EMPTY);
	set(10, 11, BC_KNOWN_EMPTY);
	store();
	assert_int_equal(records(), 2);
	assert_int_equal(series.coverage_count, 2);
	assert_int_equal(series.open_to_ns, 0);
	assert_int_equal(series.known, BC_KNOWN_EMPTY);
	set(0, 30, BC_KNOWN_BARS);
	store();
	assert_int_equal(records(), 0);
	assert_status(bci_intervals_remove(&known, INT64_MIN, INT64_MAX), BC_OK,
	              NULL);
	set(5, 6, BC_KNOWN_OPEN);
	store();
	assert_int_equal(series.known, 0);
	assert_int_equal(series.open_from_ns, 5);
}

static void
ends_of_time_are_moments_like_others(void **state)
{
	(void)state;
	set(INT64_MIN, -5, BC_KNOWN_EMPTY);
	set(-5, 0, BC_KNOWN_BARS);
	set(1, INT64_MAX, BC_KNOWN_EMPTY);
	store();
	assert_status(holds(INT64_MIN, 0), BC_OK, NULL);
	assert_status(holds(INT64_MIN, 1), BC_MISS, NULL);
	assert_status(holds(1, INT64_MAX), BC_OK, NULL);
	assert_status(holds(INT64_MIN, INT64_MAX), BC_MISS, NULL);
	set(0, 1, BC_KNOWN_BARS);
	store();
	assert_status(holds(INT64_MIN, INT64_MAX), BC_OK, NULL);
}

static void
an_open_interval_before_others_is_refused(void **state)
{
	(void)state;
	set(0, 10, BC_KNOWN_OPEN);
	set(10, 20, BC_KNOWN_BARS);
	assert_status(bci_coverage_store(series_unit.txn, &series_unit.tables,
	                                 ID, &loaded, &known, &series, &err),
	              BC_INVALID, &err);
}

/* A random final or open stretch, set as a writer would. */
static void
random_change(uint64_t *seed)
{
	int64_t from = (int64_t)((*seed = test_mix(*seed, 1)) % SPAN);
	int64_t to = from + 1 + (int64_t)(test_mix(*seed, 2) % 9);
	enum bc_known kind =
		test_mix(*seed, 3) % 2 != 0 ? BC_KNOWN_BARS : BC_KNOWN_EMPTY;
	size_t i;

	/* As in a writer: whatever is open is not any more. */
	for (i = 0; i < known.count; i++) {
		if (known.items[i].known == BC_KNOWN_OPEN)
			set(known.items[i].from_ns, known.items[i].to_ns,
			    BC_KNOWN_BARS);
	}
	if (test_mix(*seed, 4) % 8 == 0)
		assert_status(bci_intervals_remove(&known, from, to), BC_OK,
		              NULL);
	else
		set(from, to, kind);
	if (known.count != 0 && test_mix(*seed, 5) % 3 == 0) {
		to = known.items[known.count - 1].to_ns;
		set(to, to + 1, BC_KNOWN_OPEN);
	}
}

static void
whatever_was_stored_comes_back(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		int64_t from, to;

		random_change(&seed);
		store();
		assert_true(records() + 2 >= known.count);
		from = (int64_t)(test_mix(seed, 6) % SPAN);
		to = from + (int64_t)(test_mix(seed, 7) % 20);
		assert_status(holds(from, to),
		              bci_intervals_cover(&known, 7, from, to)
		                      ? BC_OK
		                      : BC_MISS,
		              NULL);
	}
}

/* Extending in the entry record gives what the set gives, or changes nothing.
 */
static void
extending_the_newest_is_the_same_as_storing_all(void **state)
{
	unsigned extended = 0;
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		static const enum bc_known kinds[] = { BC_KNOWN_BARS,
			                               BC_KNOWN_BARS,
			                               BC_KNOWN_EMPTY,
			                               BC_KNOWN_OPEN };
		struct bci_series_record before;
		int64_t from, to;
		enum bc_known kind;

		if (round % 5 == 0)
			random_change(&seed);
		store();
		before = series;
		seed = test_mix(seed, 8);
		from = (int64_t)(seed % (SPAN + 12));
		to = from + (int64_t)(test_mix(seed, 9) % 6);
		kind = kinds[test_mix(seed, 10) % 4];
		if (!bci_coverage_extend(&series, from, to, kind)) {
			assert_memory_equal(&series, &before, sizeof(series));
			continue;
		}
		extended++;
		set(from, to, kind);
		assert_stored();
	}
	assert_true(extended > 500);
}

static void
a_bar_after_the_other_needs_no_table(void **state)
{
	(void)state;
	for (int64_t bar = 0; bar < 100; bar++) {
		assert_true(bci_coverage_extend(&series, bar, bar + 1,
		                                BC_KNOWN_BARS));
		assert_true(bci_coverage_extend(&series, bar + 1, bar + 2,
		                                BC_KNOWN_OPEN));
	}
	assert_int_equal(series.known_from_ns, 0);
	assert_int_equal(series.known_to_ns, 100);
	assert_int_equal(series.open_from_ns, 100);
	assert_int_equal(series.open_to_ns, 101);
	assert_status(holds(0, 101), BC_OK, NULL);
	assert_false(bci_coverage_extend(&series, 200, 201, BC_KNOWN_BARS));
	assert_true(bci_coverage_extend(&series, 7, 7, BC_KNOWN_EMPTY));
	assert_int_equal(series.known_to_ns, 100);
}

static void
forgetting_one_series_leaves_the_others(void **state)
{
	struct bci_intervals none = { .allocator = &bci_allocator_default };
	struct bci_series_record other = { 0 };

	(void)state;
	for (int64_t i = 0; i < 500; i++)
		set(2 * i, 2 * i + 1, BC_KNOWN_BARS);
	store();
	for (uint64_t id = ID - 1; id <= ID + 1; id += 2)
		assert_status(bci_coverage_store(series_unit.txn,
		                                 &series_unit.tables, id, &none,
		                                 &known, &other, &err),
		              BC_OK, &err);
	assert_int_equal(records(), 3 * 499);
	assert_stored();
	assert_status(bci_coverage_delete(series_unit.txn, &series_unit.tables,
	                                  ID, &err),
	              BC_OK, &err);
	assert_int_equal(records(), 2 * 499);
	assert_status(load(), BC_CORRUPT, NULL); /* the record still counts */
	assert_status(bci_coverage_delete(series_unit.txn, &series_unit.tables,
	                                  ID, &err),
	              BC_OK, &err);
}

/* ------------------------------------------------------------------------ */
/*  Damage                                                                  */
/* ------------------------------------------------------------------------ */

static void
put(int64_t from_ns, const struct bci_coverage_record *record, size_t bytes)
{
	struct bci_order_key key = bci_order_key_of(ID, from_ns);

	assert_status(bci_table_put(series_unit.txn,
	                            series_unit.tables.coverage, &key,
	                            sizeof(key), record, bytes, &err),
	              BC_OK, &err);
}

/* With this record at 20, loading and asking find that out. */
static void
assert_damaged(const struct bci_coverage_record *record, size_t bytes)
{
	put(20, record, bytes);
	assert_status(load(), BC_CORRUPT, NULL);
	assert_status(holds(20, 25), BC_CORRUPT, NULL);
}

static void
damaged_records_are_found_out(void **state)
{
	const struct bci_coverage_record good = {
		.version = BCI_RECORD_VERSION,
		.known = BC_KNOWN_BARS,
		.to_ns = 30,
	};
	struct bci_coverage_record bad;

	(void)state;
	set(0, 10, BC_KNOWN_BARS);
	set(20, 30, BC_KNOWN_BARS);
	set(40, 50, BC_KNOWN_BARS);
	store();
	assert_damaged(&good, sizeof(good) - 1);
	for (unsigned i = 0; i < 256; i++) {
		bad = good;
		bad.version = (uint8_t)i;
		if (i != good.version)
			assert_damaged(&bad, sizeof(bad));
		bad = good;
		bad.known = (uint8_t)i;
		if (i != BC_KNOWN_BARS && i != BC_KNOWN_EMPTY)
			assert_damaged(&bad, sizeof(bad));
	}
	bad = good;
	bad.to_ns = 20;
	assert_damaged(&bad, sizeof(bad));
	bad.to_ns = 41; /* into the newest */
	assert_damaged(&bad, sizeof(bad));
	put(20, &good, sizeof(good));
	assert_stored();
	put(25, &good, sizeof(good)); /* one too many, over another */
	assert_status(load(), BC_CORRUPT, NULL);
}

static void
intervals_that_cannot_be_are_found_out(void **state)
{
	/* known, from, to, open from, to, intervals in the table */
	static const int64_t cases[][6] = {
		{ BC_KNOWN_BARS, 10, 10, 0, 0, 0 },
		{ BC_KNOWN_BARS, 11, 10, 0, 0, 0 },
		{ BC_KNOWN_OPEN, 0, 10, 0, 0, 0 },
		{ 0, 0, 0, 5, 5, 0 },
		{ 0, 0, 0, 5, 4, 0 },
		{ BC_KNOWN_BARS, 0, 10, 9, 11, 0 },
		{ 0, 0, 0, 0, 0, 1 },
		{ BC_KNOWN_BARS, 0, 10, 0, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		series.known = (uint8_t)cases[i][0];
		series.known_from_ns = cases[i][1];
		series.known_to_ns = cases[i][2];
		series.open_from_ns = cases[i][3];
		series.open_to_ns = cases[i][4];
		series.coverage_count = (uint32_t)cases[i][5];
		assert_status(load(), BC_CORRUPT, NULL);
		if (i < 7) {
			assert_status(holds(0, 1), BC_CORRUPT, NULL);
			assert_false(bci_coverage_extend(&series, 100, 101,
			                                 BC_KNOWN_BARS));
		}
	}
}

static void
a_cache_without_the_table_knows_what_records_say(void **state)
{
	unsigned table = series_unit.tables.coverage;

	(void)state;
	set(0, 10, BC_KNOWN_BARS);
	store();
	series_unit.tables.coverage = BCI_NO_TABLE;
	assert_stored();
	assert_status(holds(0, 10), BC_OK, NULL);
	assert_status(bci_coverage_delete(series_unit.txn, &series_unit.tables,
	                                  ID, &err),
	              BC_OK, &err);
	set(20, 30, BC_KNOWN_BARS);
	assert_status(bci_coverage_store(series_unit.txn, &series_unit.tables,
	                                 ID, &loaded, &known, &series, &err),
	              BC_FORMAT, &err);
	series.coverage_count = 1;
	assert_status(load(), BC_CORRUPT, NULL);
	assert_status(holds(-5, 0), BC_CORRUPT, NULL);
	series_unit.tables.coverage = table;
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_newest_two_lie_in_the_entry_record),
		TEST(ends_of_time_are_moments_like_others),
		TEST(an_open_interval_before_others_is_refused),
		TEST(whatever_was_stored_comes_back),
		TEST(extending_the_newest_is_the_same_as_storing_all),
		TEST(a_bar_after_the_other_needs_no_table),
		TEST(forgetting_one_series_leaves_the_others),
		TEST(damaged_records_are_found_out),
		TEST(intervals_that_cannot_be_are_found_out),
		TEST(a_cache_without_the_table_knows_what_records_say),
	};

	return cmocka_run_group_tests_name("coverage", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_vectors.c - worked vectors of eviction, through the engine: entries of
 * known sizes that were accessed at known times, a budget of a few KiB that is
 * too small for them, and exactly who has to go.
 *
 * Each vector is gone through twice: the budget is lowered and something put,
 * or the cache is compacted down to it.
 */
#include "timed_unit.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"

#define UNIT_BYTES 256u
#define MOST 25u
#define BEGIN (1700000000 * UNIT_SECOND_NS)

/* What is there, and what has to go: a letter an entry, in their order. */
struct vector {
	const char *name;
	enum bc_policy policy;
	struct {
		unsigned accessed_s, units;
	} entries[MOST + 1]; /* up to one without units */
	unsigned limit;      /* in units */
	const char *victims;
};

#define E1_E3                                                                  \
	{                                                                      \
		{ 1, 30 }, { 2, 10 }, { 3, 40 },                               \
		{                                                              \
			4, 20                                                  \
		}                                                              \
	}
#define E2_E4                                                                  \
	{                                                                      \
		{ 1, 10 }, { 2, 30 }, { 3, 20 }, { 4, 50 }, { 5, 5 },          \
		{                                                              \
			6, 5                                                   \
		}                                                              \
	}

static struct vector vectors[] = {
	{ "E1 lru", BC_POLICY_LRU, E1_E3, 50, "abc" },
	{ "E1 size", BC_POLICY_SIZE, E1_E3, 50, "ca" },
	{ "E1 hybrid", BC_POLICY_HYBRID, E1_E3, 50, "abc" },
	{ "E2 lru", BC_POLICY_LRU, E2_E4, 90, "ab" },
	{ "E2 size", BC_POLICY_SIZE, E2_E4, 90, "d" },
	{ "E2 hybrid", BC_POLICY_HYBRID, E2_E4, 90, "b" },
	{ "E3 lru", BC_POLICY_LRU, E1_E3, 80, "a" },
	{ "E3 size", BC_POLICY_SIZE, E1_E3, 80, "c" },
	{ "E3 hybrid", BC_POLICY_HYBRID, E1_E3, 80, "a" },
	{ "E4 lru", BC_POLICY_LRU, E2_E4, 20, "abcd" },
	{ "E4 size", BC_POLICY_SIZE, E2_E4, 20, "dbc" },
	{ "E4 hybrid", BC_POLICY_HYBRID, E2_E4, 20, "bcad" },
};

static int
setup(void **state)
{
	clockwork_at(BEGIN);
	return unit_setup(state);
}

/* ---- what is there ------------------------------------------------------ */

static const char *
key_of(unsigned index)
{
	static char key[2];

	key[0] = (char)('a' + index);
	return key;
}

static void
put(const char *key, uint64_t bytes)
{
	static unsigned char zeros[1 << 20];
	struct bc_error err;

	assert_status(bc_put_blob(fixture.cache, key, zeros, bytes, NULL, &err),
	              BC_OK, &err);
}

/* Put a value that takes so many bytes where it is stored. */
static void
put_stored(const char *key, uint64_t stored)
{
	uint64_t header; /* more for what is larger */
	struct bc_error err;

	put("trial", stored - UNIT_BYTES + 1);
	header = unit_info("trial").stored_bytes - (stored - UNIT_BYTES + 1);
	assert_status(bc_remove(fixture.cache, "trial", &err), BC_OK, &err);
	put(key, stored - header);
	assert_int_equal(unit_info(key).stored_bytes, stored);
}

static void
open_cache(enum bc_policy policy, uint64_t budget)
{
	struct bc_options options = unit_options();

	options.warm_bytes = budget;
	options.cold_bytes = 4096; /* nothing goes there */
	options.policy = policy;
	options.low_percent = 100;
	unit_restart(&options);
}

static void
set_budget(uint64_t budget)
{
	struct bc_config config;
	struct bc_error err;

	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	config.warm_bytes = budget;
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_OK, &err);
}

/* The entries of a vector, as large and as long ago as it says. */
static unsigned
fill(const struct vector *vector)
{
	unsigned count;

	open_cache(vector->policy, 16ull * 100 * UNIT_BYTES);
	for (count = 0; vector->entries[count].units != 0; count++) {
		clockwork_at(BEGIN + vector->entries[count].accessed_s *
		                             UNIT_SECOND_NS);
		put_stored(key_of(count),
		           vector->entries[count].units * UNIT_BYTES);
	}
	clockwork_at(BEGIN + 10 * UNIT_SECOND_NS);
	return count;
}

/* These went, and no others. */
static void
expect_gone(unsigned count, const char *victims)
{
	for (unsigned i = 0; i < count; i++) {
		bool gone = strchr(victims, 'a' + (int)i) != NULL;
		enum bc_miss miss = BC_MISS_NONE;

		assert_int_equal(bc_exists(fixture.cache, key_of(i), &miss),
		                 gone ? BC_MISS : BC_OK);
		assert_int_equal(miss, gone ? BC_MISS_EVICTED : BC_MISS_NONE);
	}
	assert_int_equal(unit_stats().evicted_entries, strlen(victims));
	assert_int_equal(unit_stats().total.evictions, strlen(victims));
}

static uint64_t
bytes_left(const struct vector *vector)
{
	uint64_t units = 0;

	for (unsigned i = 0; vector->entries[i].units != 0; i++) {
		if (strchr(vector->victims, 'a' + (int)i) == NULL)
			units += vector->entries[i].units;
	}
	return units * UNIT_BYTES;
}

/* ---- E1 to E4 ------------------------------------------------------------ */

static void
by_a_put(void **state)
{
	const struct vector *vector = *state;
	unsigned count = fill(vector);

	set_budget((vector->limit + 1) * UNIT_BYTES);
	put_stored("z", UNIT_BYTES);
	expect_gone(count, vector->victims);
	assert_int_equal(unit_stats().live_bytes,
	                 bytes_left(vector) + UNIT_BYTES);
}

static void
by_compaction(void **state)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	const struct vector *vector = *state;
	unsigned count = fill(vector);
	struct bc_compact_report report;
	struct bc_error err;

	options.flags = BC_COMPACT_TARGET;
	options.target_bytes = vector->limit * UNIT_BYTES;
	assert_status(bc_compact(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	expect_gone(count, vector->victims);
	assert_int_equal(unit_stats().live_bytes, bytes_left(vector));
	assert_int_equal(report.evicted, strlen(vector->victims));
}

/* ---- V1 to V5: score ------------------------------------------------------
 */

static void
at(int64_t second)
{
	clockwork_at(BEGIN + second * UNIT_SECOND_NS);
}

/* Values of a unit, a second apart, in a cache that takes no more of them. */
static void
fill_entries(unsigned count)
{
	struct bc_options options = unit_options();

	options.policy = BC_POLICY_SCORE;
	options.entries_max = count;
	unit_restart(&options);
	for (unsigned i = 0; i < count; i++) {
		at(i);
		put(key_of(i), UNIT_BYTES);
	}
}

static void
v1_what_was_accessed_least_goes(void **state)
{
	struct bc_view view;

	(void)state;
	fill_entries(10);
	at(10);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(bc_get(fixture.cache, key_of(0), &view),
		                 BC_OK);
		bc_view_release(&view);
	}
	at(20);
	put("k10", UNIT_BYTES);
	expect_gone(10, "b");
	assert_int_equal(unit_stats().entries, 10);
}

static void
v2_a_tenth_goes_at_a_time(void **state)
{
	(void)state;
	fill_entries(25);
	at(100);
	put("k25", UNIT_BYTES);
	expect_gone(25, "ab");
	assert_int_equal(unit_stats().entries, 24);
}

static void
v3_what_is_larger_than_the_limit_changes_nothing(void **state)
{
	static unsigned char large[5 << 20];
	struct bc_stats before, after;
	struct bc_error err;

	(void)state;
	open_cache(BC_POLICY_SCORE, 1 << 20);
	put_stored("a", 100 * 1024);
	before = unit_stats();
	assert_status(bc_put_blob(fixture.cache, "b", large, sizeof(large),
	                          NULL, &err),
	              BC_TOO_LARGE, &err);
	after = unit_stats();
	expect_gone(1, "");
	assert_int_equal(after.entries, before.entries);
	assert_int_equal(after.live_bytes, before.live_bytes);
	assert_int_equal(after.warm_bytes, before.warm_bytes);
	assert_int_equal(bc_exists(fixture.cache, "b", NULL), BC_MISS);
}

/* 900 KiB of values in one commit; one may take a quarter of the budget. */
static void
v4_room_is_made_for_all_that_comes(void **state)
{
	static unsigned char zeros[100 * 1024];
	struct bc_batch *batch;
	struct bc_error err;
	uint64_t header;

	(void)state;
	open_cache(BC_POLICY_SCORE, 1 << 20);
	put_stored(key_of(0), sizeof(zeros));
	header = sizeof(zeros) - unit_info(key_of(0)).payload_bytes;
	for (unsigned i = 0; i < 10; i++) {
		at(i);
		put(key_of(i), sizeof(zeros) - header);
	}
	at(100);
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (unsigned i = 10; i < 19; i++)
		assert_status(bc_batch_put_blob(batch, key_of(i), zeros,
		                                sizeof(zeros) - header, NULL,
		                                &err),
		              BC_OK, &err);
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	expect_gone(19, "abcdefghi");
	assert_int_equal(unit_stats().live_bytes, 1024000);
}

static void
v5_what_is_replaced_needs_no_room(void **state)
{
	(void)state;
	fill_entries(3);
	at(10);
	put(key_of(2), UNIT_BYTES);
	expect_gone(3, "");
	assert_int_equal(unit_stats().entries, 3);
}

/* ---- series ----------------------------------------------------------------
 */

#define ROWS 128u

static int64_t
row_time(uint64_t row)
{
	return BEGIN / MINUTE * MINUTE + (int64_t)row * MINUTE;
}

/* Append rows, whose close is their number. */
static void
append(const char *key, uint64_t first)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	int64_t times[ROWS];
	double closes[ROWS];
	const struct bc_column column = { "close", BC_F64, closes, NULL, 0 };
	const struct bc_frame frame = { ROWS, times, &column, 1 };
	struct bc_error err;

	for (unsigned i = 0; i < ROWS; i++) {
		times[i] = row_time(first + i);
		closes[i] = (double)(first + i);
	}
	options.from_ns = row_time(first);
	options.to_ns = row_time(first + ROWS);
	assert_status(
		bc_append(fixture.cache, key, &frame, &options, NULL, &err),
		BC_OK, &err);
}

/* Whether rows are there; then they are right. */
static bool
read_rows(const char *key, uint64_t first, uint64_t count)
{
	struct bc_view view;
	enum bc_status status =
		bc_read(fixture.cache, key, row_time(first),
	                row_time(first + count), NULL, 0, &view);

	if (status != BC_OK) {
		assert_status(status, BC_MISS, NULL);
		assert_true(view.miss == BC_MISS_NOT_COVERED ||
		            view.miss == BC_MISS_EVICTED);
		return false;
	}
	assert_int_equal(view.rows, count);
	for (uint64_t i = 0; i < count; i++) {
		assert_true(bc_view_time(&view)[i] == row_time(first + i));
		assert_true(bc_view_f64(&view, "close")[i] ==
		            (double)(first + i));
	}
	bc_view_release(&view);
	return true;
}

/* E1 with series: equal ones, of which the longest not read goes. */
static void
a_series_goes_that_was_not_read_for_longest(void **state)
{
	static const char *const keys[] = { "x/y/A/1m", "x/y/B/1m",
		                            "x/y/C/1m" };
	uint64_t bytes = 0;

	(void)state;
	open_cache(BC_POLICY_LRU, 64 * 1024);
	for (unsigned i = 0; i < 3; i++) {
		at(1 + i);
		append(keys[i], 0);
		bytes = unit_stats().live_bytes;
	}
	at(4);
	assert_true(read_rows(keys[0], 10, 5)); /* A range counts, too. */
	at(5);
	set_budget(bytes);
	put("z", 16);
	assert_true(read_rows(keys[0], 0, ROWS));
	assert_false(read_rows(keys[1], 0, ROWS));
	assert_true(read_rows(keys[2], 0, ROWS));
	assert_int_equal(unit_stats().total.evictions, 1);
}

/* What is known of a series is there, and of a tiny budget never more. */
static void
expect_known_is_there(const char *key, uint64_t rows, uint64_t *known)
{
	struct bc_interval intervals[64];
	struct bc_error err;
	size_t count = 0;
	uint64_t next = 0;
	enum bc_status status =
		bc_coverage(fixture.cache, key, intervals, 64, &count, &err);

	*known = 0;
	assert_true(status == BC_OK || status == BC_MISS);
	assert_true(count <= 64);
	for (size_t i = 0; i <= count; i++) {
		uint64_t from = rows, to = rows;

		if (i < count) {
			from = (uint64_t)(intervals[i].from_ns - row_time(0)) /
			       MINUTE;
			to = (uint64_t)(intervals[i].to_ns - row_time(0)) /
			     MINUTE;
			assert_int_equal(intervals[i].known, BC_KNOWN_BARS);
			assert_true(read_rows(key, from, to - from));
		}
		if (from > next)
			assert_false(read_rows(key, next, from - next));
		*known += to - from;
		next = to;
	}
}

static void
a_series_grows_beyond_a_tiny_budget(void **state)
{
	static const enum bc_policy policies[] = {
		BC_POLICY_ADAPTIVE, BC_POLICY_LRU,   BC_POLICY_SIZE,
		BC_POLICY_HYBRID,   BC_POLICY_SCORE, BC_POLICY_S3FIFO,
		BC_POLICY_GDSF,
	};
	static const struct {
		uint64_t budget;
		unsigned parts;
	} loads[] = { { 16 << 10, 50 }, { 48 << 10, 50 }, { 192 << 10, 150 } };
	const char *key = "x/y/A/1m";
	uint64_t known = 0;

	(void)state;
	for (unsigned i = 0; i < 21; i++) {
		const uint64_t budget = loads[i / 7].budget;
		const unsigned parts = loads[i / 7].parts;

		open_cache(policies[i % 7], budget);
		for (unsigned part = 0; part < parts; part++) {
			at(part);
			append(key, part * ROWS);
			assert_true(read_rows(key, part * ROWS, ROWS));
			assert_true(unit_stats().live_bytes <= budget);
			assert_true(unit_stats().warm_bytes <=
			            budget + 2 * bci_arena_capacity(budget));
			expect_known_is_there(key, (part + 1) * ROWS, &known);
			assert_true(known >= ROWS);
		}
		assert_true(known < parts * ROWS);
		assert_true(unit_stats().total.evictions > 0);
	}
}

int
main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, timed_teardown)
	static const struct CMUnitTest others[] = {
		TEST(v1_what_was_accessed_least_goes),
		TEST(v2_a_tenth_goes_at_a_time),
		TEST(v3_what_is_larger_than_the_limit_changes_nothing),
		TEST(v4_room_is_made_for_all_that_comes),
		TEST(v5_what_is_replaced_needs_no_room),
		TEST(a_series_goes_that_was_not_read_for_longest),
		TEST(a_series_grows_beyond_a_tiny_budget),
	};
	enum { VECTORS = sizeof(vectors) / sizeof(vectors[0]) };
	struct CMUnitTest tests[2 * VECTORS];
	int failed;

	for (unsigned i = 0; i < VECTORS; i++) {
		struct vector *vector = &vectors[i];

		tests[2 * i] =
			(struct CMUnitTest){ vector->name, by_a_put, setup,
			                     timed_teardown, vector };
		tests[2 * i + 1] =
			(struct CMUnitTest){ vector->name, by_compaction, setup,
			                     timed_teardown, vector };
	}
	failed = cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
	return failed +
	       cmocka_run_group_tests_name("engine", others, NULL, NULL);
}

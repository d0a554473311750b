/* SPDX-License-Identifier: MIT */
/*
 * test_forget.c - what a writer does about damaged segments of a series: it
 * loses those, and is not known to have been complete there any more.
 */
#include "growth_unit.h"

#include <stdio.h>
#include <string.h>

#include "cache.h"

#define KEY "x/spot/A/1m"
#define BEGIN_NS (1000 * SERIES_MINUTE_NS)
#define SEGMENTS 8

static const char *const words[] = { "buy", "sell" };
static struct series_layout layout;

/* Eight segments, two of them older, and a tail of five rows. */
static void
make(bool text)
{
	static const uint64_t rows[] = { 4096, 4096, 4096, 4096, 600, 600, 600,
		                         600,  1,    1,    1,    1,   1 };
	uint64_t first = 0;

	unit_restart(NULL);
	fixture.events[BC_EVENT_QUARANTINE] = 0;
	series_free(&all);
	if (text) {
		all.labels = words;
		all.label_count = 2;
	}
	series_generate(&all, BEGIN_NS, SERIES_MINUTE_NS, 18789, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		series_grow(KEY, first, rows[i]);
		first += rows[i];
	}
	series_layout(KEY, &layout);
	assert_int_equal(layout.segment_count, SEGMENTS);
	assert_int_equal(layout.older_count, 2);
	assert_int_equal(layout.tail_rows, 5);
}

/* Flip a bit of the rows of a segment in its file. */
static void
flip(const struct bci_locator *locator)
{
	char path[TEST_PATH];
	FILE *file = fopen(unit_arena_path(path, locator->arena), "r+be");
	long at = (long)(locator->offset + locator->header_bytes + 40);
	int byte;

	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	byte = fgetc(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	assert_int_equal(fputc(byte ^ 4, file), byte ^ 4);
	assert_int_equal(fclose(file), 0);
}

static void
verify(enum bc_status expected)
{
	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, NULL, NULL),
	              expected, NULL);
}

/* Damage segment 'index', find it, and have a writer drop it. */
static void
lose(size_t index)
{
	flip(&layout.segments[index]);
	verify(BC_CORRUPT);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 0);
	unit_put("other", 1, 100);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 1);
	verify(BC_OK);
}

/*
 * All rows but those of [from_ns, to_ns) are there; that is the only gap of
 * the series, and what is fetched for it is taken.
 */
static void
assert_lost(int64_t from_ns, int64_t to_ns)
{
	const char *key = KEY;
	int64_t end_ns = BEGIN_NS + (int64_t)all.rows * SERIES_MINUTE_NS;
	struct series_rows left = { 0 };
	struct bc_gap gap = { 0, 0, 0 };
	uint64_t first = 0, count = 0;
	size_t found;

	left.labels = all.labels;
	left.label_count = all.label_count;
	series_generate(&left, BEGIN_NS, SERIES_MINUTE_NS, all.rows, 1);
	series_remove(&left, from_ns, to_ns);
	expect_rows(KEY, &left);
	series_free(&left);
	assert_status(bc_missing(fixture.cache, &key, 1, BEGIN_NS, end_ns, 0,
	                         &gap, 1, &found, NULL),
	              BC_OK, NULL);
	assert_int_equal(found, 1);
	assert_int_equal(gap.from_ns, from_ns);
	assert_int_equal(gap.to_ns, to_ns < end_ns ? to_ns : end_ns);
	while (all.time_ns[first] < from_ns)
		first++;
	while (first + count < all.rows && all.time_ns[first + count] < to_ns)
		count++;
	assert_status(series_append(KEY, &all, first, count, NULL, NULL, NULL),
	              BC_OK, NULL);
	expect_rows(KEY, &all);
	verify(BC_OK);
}

static void
a_damaged_segment_is_lost_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < SEGMENTS; i++) {
		const struct bci_locator *lost = &layout.segments[i];
		struct bc_info info;

		make(false);
		lose(i);
		info = unit_info(KEY);
		assert_int_equal(info.rows, all.rows - lost->rows);
		assert_int_equal(info.segment_count, SEGMENTS - 1);
		assert_int_equal(unit_stats().segments, SEGMENTS);
		assert_lost(lost->first_ns, lost->last_ns + SERIES_MINUTE_NS);
	}
}

static void
a_tail_does_not_outlive_its_words(void **state)
{
	(void)state;
	make(true);
	lose(SEGMENTS - 1);
	assert_int_equal(unit_info(KEY).tail_rows, 0);
	assert_lost(layout.segments[SEGMENTS - 1].first_ns, INT64_MAX);
	make(true);
	lose(SEGMENTS - 2); /* Not the newest: the tail stays. */
	assert_int_equal(unit_info(KEY).tail_rows, 5);
	assert_lost(layout.segments[SEGMENTS - 2].first_ns,
	            layout.segments[SEGMENTS - 2].last_ns + SERIES_MINUTE_NS);
}

static void
a_series_that_lost_all_is_still_there(void **state)
{
	(void)state;
	make(false);
	for (size_t i = 0; i < SEGMENTS; i++)
		flip(&layout.segments[i]);
	verify(BC_CORRUPT);
	unit_put("other", 1, 100);
	assert_int_equal(unit_info(KEY).rows, 5);
	assert_int_equal(unit_info(KEY).segment_count, 0);
	assert_int_equal(unit_stats().segments, 1);
	verify(BC_OK);
}

static void
records_that_contradict_each_other_take_the_series_along(void **state)
{
	struct bci_order_key key;
	struct MDB_txn *txn;
	struct bci_env *env;
	struct bc_view view;

	(void)state;
	make(false);
	key = bci_order_key_of(layout.id, layout.segments[0].last_ns);
	assert_status(bci_cache_env(fixture.cache, &env, NULL), BC_OK, NULL);
	assert_status(bci_txn_begin(env->db, &txn, NULL), BC_OK, NULL);
	assert_status(bci_table_put(txn, env->tables.segments, &key,
	                            sizeof(key), "short", 5, NULL),
	              BC_OK, NULL);
	assert_status(bci_txn_commit(&txn, NULL), BC_OK, NULL);
	flip(&layout.segments[SEGMENTS - 1]);
	assert_status(bc_tail(fixture.cache, KEY, 100, NULL, 0, &view), BC_MISS,
	              NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	unit_put("other", 1, 100);
	expect_miss(fixture.cache, KEY, BC_MISS_ABSENT);
	verify(BC_OK);
}

/* ------------------------------------------------------------------------ */
/*  Another boot                                                            */
/* ------------------------------------------------------------------------ */

/* The host was restarted, and nothing was known to be on the disk. */
static void
change_boot(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_state_record state;
	struct bci_arena_record arena;
	uint64_t number = 0;

	assert_int_equal(bci_state_load(txn, tables, &state, NULL), BC_OK);
	memset(state.boot_id, 0xb0, 16);
	state.unsynced = 1;
	assert_int_equal(bci_state_store(txn, tables, &state, NULL), BC_OK);
	while (bci_arena_next(txn, tables, &number, &arena) == BC_OK) {
		arena.synced_bytes = 0;
		arena.sealed = 0;
		assert_int_equal(
			bci_arena_store(txn, tables, number, &arena, NULL),
			BC_OK);
	}
}

static void
a_sound_series_survives_another_boot(void **state)
{
	(void)state;
	make(true);
	unit_change_catalogue(change_boot);
	unit_reopen(NULL);
	unit_put("other", 1, 100);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 0);
	expect_rows(KEY, &all);
	verify(BC_OK);
}

static void
what_never_reached_the_disk_is_lost_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < SEGMENTS; i++) {
		make(false);
		flip(&layout.segments[i]);
		unit_change_catalogue(change_boot);
		unit_reopen(NULL);
		unit_put("other", 1, 100);
		assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 1);
		assert_lost(layout.segments[i].first_ns,
		            layout.segments[i].last_ns + SERIES_MINUTE_NS);
	}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, series_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_damaged_segment_is_lost_alone),
		TEST(a_tail_does_not_outlive_its_words),
		TEST(a_series_that_lost_all_is_still_there),
		TEST(records_that_contradict_each_other_take_the_series_along),
		TEST(a_sound_series_survives_another_boot),
		TEST(what_never_reached_the_disk_is_lost_alone),
	};

	return cmocka_run_group_tests_name("forget", tests, NULL, NULL);
}

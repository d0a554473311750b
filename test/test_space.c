/* SPDX-License-Identifier: MIT */
/*
 * test_space.c - limits and the budget: each has its status, removing makes
 * room, arenas without live segments go, values lie where their size says.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record.h"

#define MIB (1ull << 20)

static unsigned char *data; /* 8 MiB that do not repeat */

static int
group_setup(void **state)
{
	uint64_t i;

	(void)state;
	data = malloc(8 * MIB);
	assert_non_null(data);
	for (i = 0; i < MIB; i++) {
		uint64_t word = test_mix(i, 5);

		memcpy(data + 8 * i, &word, 8);
	}
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	free(data);
	return 0;
}

static enum bc_status
put_blob(const char *key, uint64_t bytes, struct bc_error *err)
{
	return bc_put_blob(fixture.cache, key, data, bytes, NULL, err);
}

static void
expect_blob(const char *key, uint64_t bytes, uint32_t copied)
{
	struct bc_view view;

	assert_status(bc_get(fixture.cache, key, &view), BC_OK, NULL);
	assert_int_equal(view.bytes, bytes);
	assert_int_equal(view.copied_bytes, copied);
	if (bytes != 0)
		assert_memory_equal(view.data, data, bytes);
	bc_view_release(&view);
}

static void
restart_with(uint64_t warm_bytes, uint64_t value_max, uint64_t entries_max)
{
	struct bc_options options = unit_options();

	options.warm_bytes = warm_bytes;
	options.value_max_bytes = value_max;
	options.entries_max = entries_max;
	unit_restart(&options);
}

static char *
key_of(unsigned index, char key[16])
{
	snprintf(key, 16, "k%05u", index);
	return key;
}

/* ------------------------------------------------------------------------ */
/*  Limits                                                                  */
/* ------------------------------------------------------------------------ */

static void
a_value_has_a_largest_size(void **state)
{
	struct bc_error err;

	(void)state;
	restart_with(0, 1000, 0);
	assert_status(put_blob("a", 1001, &err), BC_TOO_LARGE, &err);
	assert_non_null(strstr(err.message, "1000"));
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	assert_status(put_blob("a", 1000, &err), BC_OK, &err);
	expect_blob("a", 1000, 1000);
}

static void
best_effort_does_without(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_batch *batch;
	struct bc_error err;

	(void)state;
	restart_with(8 * MIB, 0, 0);
	options.flags = BC_PUT_BEST_EFFORT;
	assert_status(
		bc_put_blob(fixture.cache, "a", data, 1000, &options, &err),
		BC_OK, &err);
	assert_int_equal(err.status, BC_OK);
	assert_status(
		bc_put_blob(fixture.cache, "a", data, 4 * MIB, &options, &err),
		BC_OK, &err);
	assert_int_equal(err.status, BC_TOO_LARGE);
	expect_blob("a", 1000, 1000);
	assert_int_equal(unit_stats().total.not_cached, 1);
	assert_status(
		bc_put_blob(fixture.cache, "a", data, 4 * MIB, &options, NULL),
		BC_OK, NULL);
	assert_int_equal(unit_stats().total.not_cached, 2);
	/* A removal is not let go. */
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	assert_status(
		bc_batch_put_blob(batch, "b", data, 4 * MIB, &options, &err),
		BC_OK, &err);
	assert_status(bc_batch_remove(batch, "a", &err), BC_OK, &err);
	assert_status(bc_batch_commit(&batch, &err), BC_TOO_LARGE, &err);
	assert_int_equal(unit_stats().total.not_cached, 2);
}

/* 'rows' rows behind those that are there, a minute apart. */
static enum bc_status
append(const char *key, unsigned rows, struct bc_counts *counts,
       struct bc_error *err)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	static int64_t next_ns;
	int64_t time_ns[8];
	double close[8];
	struct bc_column column = { .name = "close",
		                    .type = BC_F64,
		                    .data = close };
	struct bc_frame frame = { rows, time_ns, &column, 1 };

	for (unsigned i = 0; i < rows; i++) {
		time_ns[i] = next_ns += 60 * UNIT_SECOND_NS;
		close[i] = i;
	}
	options.flags = BC_APPEND_BEST_EFFORT;
	return bc_append(fixture.cache, key, &frame, &options, counts, err);
}

static void
so_do_appends_of_best_effort(void **state)
{
	struct bc_counts counts = { .inserted = 77 };
	struct bc_error err;

	(void)state;
	restart_with(8 * MIB, 0, 1);
	assert_status(append("a", 3, &counts, &err), BC_OK, &err);
	assert_int_equal(err.status, BC_OK);
	assert_int_equal(counts.inserted, 3);
	assert_int_equal(unit_stats().total.not_cached, 0);
	assert_status(bc_pin(fixture.cache, "a", 1, &err), BC_OK, &err);
	/* What is pinned makes no room for another. */
	assert_status(append("b", 3, &counts, &err), BC_OK, &err);
	assert_int_equal(err.status, BC_ENTRIES);
	assert_int_equal(counts.inserted, 0);
	assert_int_equal(unit_stats().total.not_cached, 1);
	expect_miss(fixture.cache, "b", BC_MISS_ABSENT);
	assert_status(append("a", 2, &counts, &err), BC_OK, &err);
	assert_int_equal(counts.inserted, 2);
	assert_int_equal(unit_info("a").rows, 5);
	assert_int_equal(unit_stats().total.not_cached, 1);
}

static void
a_value_takes_a_quarter_of_the_budget_at_most(void **state)
{
	struct bc_error err;

	(void)state;
	restart_with(8 * MIB, 0, 0);
	/* The header counts: 104 bytes, the key, 32 checksums. */
	assert_status(put_blob("a", 2 * MIB, &err), BC_TOO_LARGE, &err);
	assert_status(put_blob("a", 2 * MIB - 300, &err), BC_TOO_LARGE, &err);
	assert_status(put_blob("a", 2 * MIB - 512, &err), BC_OK, &err);
	expect_blob("a", 2 * MIB - 512, 0);
}

static void
entries_have_a_largest_number(void **state)
{
	struct test_value values[4];
	struct bc_batch *batch;
	struct bc_error err;
	char key[16];
	unsigned i;

	(void)state;
	restart_with(0, 0, 3);
	unit_put("a", 1, 100);
	unit_put("b", 1, 2);
	unit_put("c", 1, 5000);
	unit_put("a", 2, 100); /* Replacing adds none. */
	expect_hit(fixture.cache, "b", 1);
	assert_int_equal(unit_stats().entries, 3);
	unit_put("d", 1, 100); /* One more does, and another goes. */
	assert_int_equal(unit_stats().entries, 3);
	expect_miss(fixture.cache, "b", BC_MISS_EVICTED);
	expect_hit(fixture.cache, "a", 2);
	expect_hit(fixture.cache, "c", 1);
	/* More in one commit than there may be. */
	for (i = 0; i < 4; i++)
		test_value_frame(&values[i], key_of(i, key), 1, UNIT_SEED, 100);
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (i = 0; i < 4; i++)
		assert_status(test_value_add(batch, &values[i], &err), BC_OK,
		              &err);
	assert_status(bc_batch_commit(&batch, &err), BC_ENTRIES, &err);
	expect_hit(fixture.cache, "a", 2);
	/* A removal in the same commit makes room: nothing has to go. */
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	assert_status(test_value_add(batch, &values[0], &err), BC_OK, &err);
	assert_status(bc_batch_remove(batch, "a", &err), BC_OK, &err);
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	expect_hit(fixture.cache, "k00000", 1);
	expect_hit(fixture.cache, "c", 1);
	expect_hit(fixture.cache, "d", 1);
	assert_int_equal(unit_stats().entries, 3);
	for (i = 0; i < 4; i++)
		test_value_free(&values[i]);
}

/* ------------------------------------------------------------------------ */
/*  The budget                                                              */
/* ------------------------------------------------------------------------ */

/* Whether there is an entry, without a hit. */
static bool
is_there(const char *key)
{
	char text[BC_KEY_MAX + 1];
	struct bc_info info;
	struct bc_error err;
	enum bc_status status =
		bc_info(fixture.cache, key, text, sizeof(text), &info, &err);

	require(status == BC_OK || status == BC_MISS);
	return status == BC_OK;
}

/* Put values of this size until the first one goes; returns how many. */
static unsigned
fill(uint64_t bytes)
{
	struct bc_error err;
	unsigned count = 0;
	char key[16];

	do
		assert_status(put_blob(key_of(count++, key), bytes, &err),
		              BC_OK, &err);
	while (is_there("k00000") && count < 10000);
	expect_miss(fixture.cache, "k00000", BC_MISS_EVICTED);
	return count;
}

static void
what_is_there_is_not_evicted_to_be_new(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	unsigned char *blob = calloc(1, 60000);
	struct bc_error err;
	unsigned i = 0, kept = 0;
	char key[16];

	(void)state;
	restart_with(8 * MIB, 0, 0);
	(void)fill(60000);
	while (!is_there(key_of(i, key))) /* The first to go. */
		i++;
	options.flags = BC_PUT_NEW;
	for (unsigned k = i; k < i + 8; k++) {
		assert_status(bc_put_blob(fixture.cache, key_of(k, key), blob,
		                          60000, &options, &err),
		              BC_EXISTS, &err);
		kept += is_there(key);
	}
	assert_int_equal(kept, 8);
	free(blob);
}

static void
a_full_cache_lets_the_oldest_go_and_removing_makes_room(void **state)
{
	static const uint64_t sizes[] = { 900000, 60000, 5000 };
	struct bc_error err;
	unsigned i, k, count, kept;
	char key[16];

	(void)state;
	for (i = 0; i < 3; i++) {
		restart_with(8 * MIB, 0, 0);
		count = fill(sizes[i]);
		/* Half of it at least holds values, whatever their size. */
		assert_true(count * sizes[i] > 4 * MIB);
		assert_true(unit_stats().warm_bytes <= 8 * MIB + MIB / 2);
		/* What goes is old, and not more than need be. */
		for (k = kept = 0; k < count; k++)
			kept += is_there(key_of(k, key));
		assert_true(4 * kept > 3 * count);
		for (k = count / 4; k < count; k++)
			expect_blob(key_of(k, key), sizes[i], 0);
		for (k = kept = 0; k < count; k++) {
			if (!is_there(key_of(k, key)))
				continue;
			kept++;
			assert_status(
				bc_remove(fixture.cache, key_of(k, key), &err),
				BC_OK, &err);
		}
		assert_int_equal(unit_stats().live_bytes, 0);
		for (k = 0; k < kept / 2; k++)
			assert_status(put_blob(key_of(k, key), sizes[i], &err),
			              BC_OK, &err);
		unit_reopen(NULL);
		for (k = 0; k < kept / 2; k++)
			expect_blob(key_of(k, key), sizes[i], 0);
	}
}

static void
small_values_put_alone_use_the_budget_up_too(void **state)
{
	static const uint64_t sizes[] = { 3000, 1000 };
	struct bc_stats stats;
	struct bc_error err;
	unsigned i, k, count;
	char key[16];

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(2 * MIB, 0, 0);
		count = fill(sizes[i]);
		assert_true(count > 100);
		for (k = 0; k < 1500; k++) {
			assert_status(put_blob(key_of(k, key), sizes[i], &err),
			              BC_OK, &err);
			stats = unit_stats();
			assert_true(stats.live_bytes <= 2 * MIB);
			assert_true(stats.warm_bytes <= 2 * MIB + MIB / 4);
		}
		/* The catalogue is no way around it. */
		assert_true(stats.catalogue_bytes <= 2 * MIB);
		assert_true(is_there(key_of(1499, key)));
	}
}

static void
what_was_removed_goes_before_anything_is_evicted(void **state)
{
	struct bc_error err;
	unsigned count, k;
	char key[16];

	(void)state;
	restart_with(8 * MIB, 0, 0);
	count = fill(60000);
	for (k = 1; k < count; k++) {
		if (is_there(key_of(k, key)))
			break;
	}
	/* Every other one: no arena is empty, all have to be cleaned. */
	for (k += k % 2; k < count; k += 2)
		assert_status(bc_remove(fixture.cache, key_of(k, key), &err),
		              BC_OK, &err);
	for (k = 0; k < count / 4; k++)
		assert_status(put_blob(key_of(count + k, key), 60000, &err),
		              BC_OK, &err);
	for (k = 0; k < count / 4; k++)
		expect_blob(key_of(count + k, key), 60000, 0);
	for (k = count - 1 - count % 2; k > count / 8; k -= 2)
		expect_blob(key_of(k, key), 60000, 0);
}

static void
count_arenas(void *context, const char *path)
{
	if (strstr(path, ".mdb") != NULL && strstr(path, "/warm/") != NULL)
		++*(unsigned *)context;
}

static unsigned
arena_files(void)
{
	unsigned count = 0;

	test_walk(fixture.dir.cache, count_arenas, &count);
	return count;
}

static void
an_arena_without_live_segments_goes_from_disk_and_memory(void **state)
{
	struct bc_view view;
	struct bc_error err;
	unsigned k, files;
	char key[16];

	(void)state;
	restart_with(64 * MIB, 0, 0); /* arenas of 2 MiB */
	for (k = 0; k < 30; k++)
		assert_status(put_blob(key_of(k, key), 500000, &err), BC_OK,
		              &err);
	for (k = 0; k < 30; k++)
		expect_blob(key_of(k, key), 500000, 0);
	files = arena_files();
	assert_true(files >= 7);
	assert_int_equal(unit_stats().arenas, files);
	assert_int_equal(unit_stats().arenas_mapped, files);
	assert_status(bc_get(fixture.cache, "k00000", &view), BC_OK, NULL);
	for (k = 0; k < 25; k++)
		assert_status(bc_remove(fixture.cache, key_of(k, key), &err),
		              BC_OK, &err);
	assert_true(arena_files() <= files - 5);
	assert_int_equal(unit_stats().arenas, arena_files());
	/* The next read lets go of the maps, but not of the pinned one. */
	expect_blob("k00029", 500000, 0);
	assert_true(unit_stats().arenas_mapped <= arena_files());
	assert_memory_equal(view.data, data, 500000);
	/* The writer has the active one mapped once more. */
	assert_int_equal(test_mappings("/warm/0000"), arena_files() + 2);
	bc_view_release(&view);
	assert_int_equal(test_mappings("/warm/0000"), arena_files() + 1);
}

static void
replacing_for_ever_needs_no_more_than_the_budget(void **state)
{
	struct bc_error err;
	unsigned k;

	(void)state;
	restart_with(8 * MIB, 0, 0);
	for (k = 0; k < 300; k++)
		assert_status(put_blob("a", 300000, &err), BC_OK, &err);
	expect_blob("a", 300000, 0);
	assert_int_equal(unit_stats().segments, 1);
	assert_true(unit_stats().warm_bytes <= 8 * MIB);
}

static void
a_value_larger_than_an_arena_gets_one_of_its_own(void **state)
{
	struct bc_error err;

	(void)state;
	restart_with(64 * MIB, 0, 0); /* arenas of 2 MiB */
	assert_status(put_blob("small", 5000, &err), BC_OK, &err);
	assert_status(put_blob("large", 8 * MIB, &err), BC_OK, &err);
	assert_status(put_blob("after", 5000, &err), BC_OK, &err);
	expect_blob("small", 5000, 0);
	expect_blob("large", 8 * MIB, 0);
	expect_blob("after", 5000, 0);
	assert_int_not_equal(unit_locate("large").arena,
	                     unit_locate("small").arena);
	unit_reopen(NULL);
	expect_blob("large", 8 * MIB, 0);
}

/* ------------------------------------------------------------------------ */
/*  Inline values                                                           */
/* ------------------------------------------------------------------------ */

static void
a_value_put_alone_lies_inline_up_to_a_size(void **state)
{
	char longest[BC_KEY_MAX + 1];
	struct bc_error err;
	uint64_t bytes, inlined = 0;

	(void)state;
	for (bytes = 0; bytes <= 1500; bytes++) {
		assert_status(put_blob("a", bytes, &err), BC_OK, &err);
		if (unit_locate("a").arena != 0)
			break;
		expect_blob("a", bytes, (uint32_t)bytes);
		inlined = bytes;
	}
	/* The image has 112 bytes before the data. */
	assert_int_equal(inlined, BCI_INLINE_MAX - 112);
	expect_blob("a", inlined + 1, 0);
	for (; bytes <= 4200; bytes += 3) { /* and on, past a page */
		assert_status(put_blob("a", bytes, &err), BC_OK, &err);
		expect_blob("a", bytes, 0);
	}
	/* With the longest key the record still fits its page. */
	memset(longest, 'k', BC_KEY_MAX);
	longest[BC_KEY_MAX] = '\0';
	for (bytes = 1200; bytes < 1500; bytes++) {
		assert_status(put_blob(longest, bytes, &err), BC_OK, &err);
		expect_blob(longest, bytes,
		            unit_locate(longest).arena == 0 ? (uint32_t)bytes
		                                            : 0);
	}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_value_has_a_largest_size),
		TEST(best_effort_does_without),
		TEST(so_do_appends_of_best_effort),
		TEST(a_value_takes_a_quarter_of_the_budget_at_most),
		TEST(entries_have_a_largest_number),
		TEST(what_is_there_is_not_evicted_to_be_new),
		TEST(a_full_cache_lets_the_oldest_go_and_removing_makes_room),
		TEST(small_values_put_alone_use_the_budget_up_too),
		TEST(what_was_removed_goes_before_anything_is_evicted),
		TEST(an_arena_without_live_segments_goes_from_disk_and_memory),
		TEST(replacing_for_ever_needs_no_more_than_the_budget),
		TEST(a_value_larger_than_an_arena_gets_one_of_its_own),
		TEST(a_value_put_alone_lies_inline_up_to_a_size),
	};

	return cmocka_run_group_tests_name("space", tests, group_setup,
	                                   group_teardown);
}

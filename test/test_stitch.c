/* SPDX-License-Identifier: MIT */
/*
 * test_stitch.c - segments mapped side by side: what is shared, what is copied,
 * and what must not be shown.
 */
#include "series.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "stitch.h"

static const struct series long_ones = { .cuts = { 8192, 4096, 12288, 16384 },
	                                 .older = 2 };
static const struct series odd_ones = {
	.cuts = { 5000, 8192, 8192, 300, 4096, 1000 }, .older = 4, .tail = 6
};

static struct bc_view
read_rows(uint64_t first, uint64_t end, unsigned flags)
{
	struct bc_view view;

	assert_status(bc_read_rows(fixture.cache, SERIES_KEY, first,
	                           end - first, NULL, flags, &view),
	              BC_OK, NULL);
	expect_rows(&view, first, end - first);
	return view;
}

static void
put_another(uint64_t version)
{
	unit_put("another", version, 2000);
}

static int
stitch_setup(void **state)
{
	atomic_store(&bci_stitch_mappings_max, 10000);
	bci_stitch_page = (uint64_t)sysconf(_SC_PAGESIZE);
	return unit_setup(state);
}

static int
stitch_teardown(void **state)
{
	unit_teardown(state);
	assert_int_equal(atomic_load(&bci_stitch_mappings), 0);
	return 0;
}

static void
readers_share_a_stitch(void **state)
{
	struct bc_view first, second, other;

	(void)state;
	series_make(&long_ones);
	first = read_rows(100, 40000, 0);
	second = read_rows(100, 40000, 0);
	assert_ptr_equal(first.data, second.data);
	assert_int_equal(first.copied_bytes, 0);
	/* Other rows of the same segments lie there, too. */
	other = read_rows(8000, 20000, 0);
	assert_ptr_not_equal(other.data, first.data);
	bc_view_release(&other);
	other = read_rows(8191, 24577, 0);
	assert_int_equal(other.copied_bytes, 0);
	bc_view_release(&other);
	other = read_rows(0, made.rows, 0);
	assert_ptr_equal(other.data, first.data);
	bc_view_release(&other);
	bc_view_release(&second);
	bc_view_release(&first);
}

static void
a_commit_elsewhere_leaves_it_good(void **state)
{
	const void *data;
	struct bc_view view;

	(void)state;
	series_make(&odd_ones);
	view = read_rows(10, made.rows, 0);
	data = view.data;
	bc_view_release(&view);
	for (uint64_t i = 0; i < 3; i++) {
		put_another(i + 1);
		for (int k = 0; k < 3; k++) {
			view = read_rows(10, made.rows, 0);
			assert_ptr_equal(view.data, data);
			bc_view_release(&view);
		}
	}
}

/* Bytes copied are what does not lie in its pages as it did in its file. */
static void
what_is_not_congruent_is_copied(void **state)
{
	struct bc_view view;
	uint64_t row_bytes;

	(void)state;
	series_make(&odd_ones);
	/* All of 8192, 8192 lies as it did, so that 5000 does not. */
	view = read_rows(0, 21384, 0);
	row_bytes = view.schema->row_bytes;
	assert_int_equal(view.copied_bytes, 5000 * row_bytes);
	bc_view_release(&view);
	view = read_rows(4999, 21384, 0);
	assert_int_equal(view.copied_bytes, row_bytes);
	bc_view_release(&view);
	view = read_rows(5000, 25000, 0);
	assert_int_equal(view.copied_bytes, (25000 - 21384) * row_bytes);
	bc_view_release(&view);
	/* Only the first can be mapped; the last page of it is shared. */
	view = read_rows(13192, 21684, BC_READ_OPEN);
	assert_int_equal(view.copied_bytes, 300 * row_bytes);
	bc_view_release(&view);
}

/* On hosts of larger pages less can be mapped, and never wrong bytes. */
static void
hosts_of_larger_pages(void **state)
{
	const uint64_t pages[] = { 16384, 65536 };
	const struct series *const series[] = { &long_ones, &odd_ones };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < 2; k++) {
			unit_restart(NULL);
			bci_stitch_page = pages[i];
			series_make(series[k]);
			for (uint64_t n = 0; n < 40; n++) {
				uint64_t a = test_mix(n, 1) % made.rows;
				uint64_t b = test_mix(n, 2) % made.rows;
				struct bc_view view = read_rows(
					a < b ? a : b, a < b ? b : a, 0);

				assert_true(view.copied_bytes <= view.bytes);
				bc_view_release(&view);
			}
		}
	}
}

/* Long segments, however they lie: some may fit by luck, the bytes must. */
static void
a_long_last_page_is_shared(void **state)
{
	const struct series series = { .cuts = { 9000, 4096, 4500, 8192 } };
	struct bc_view view;

	(void)state;
	series_make(&series);
	for (uint64_t n = 0; n < 60; n++) {
		uint64_t a = test_mix(n, 3) % made.rows;
		uint64_t b = test_mix(n, 4) % made.rows;

		view = read_rows(a < b ? a : b, a < b ? b : a, 0);
		bc_view_release(&view);
	}
}

static void
too_many_mappings(void **state)
{
	unsigned long refused = atomic_load(&bci_stitch_refused);
	struct bc_view view, held;

	(void)state;
	series_make(&long_ones);
	/* 4 segments and 5 columns take up to 41. */
	atomic_store(&bci_stitch_mappings_max, 60);
	held = read_rows(0, made.rows, 0);
	assert_int_equal(held.copied_bytes, 0);
	view = read_rows(0, 24000, 0);
	assert_int_equal(view.copied_bytes, view.bytes);
	bc_view_release(&view);
	assert_int_equal(atomic_load(&bci_stitch_refused), refused + 1);
	assert_status(bc_read_rows(fixture.cache, SERIES_KEY, 1, 20000, NULL,
	                           BC_READ_ZERO_COPY, &view),
	              BC_COPY, NULL);
	bc_view_release(&held);
	/* Those that nobody looks at make room. */
	view = read_rows(5, 20000, 0);
	assert_int_equal(view.copied_bytes, 0);
	bc_view_release(&view);
	view = read_rows(9000, made.rows, 0);
	assert_int_equal(view.copied_bytes, 0);
	bc_view_release(&view);
}

static void
many_stitches_come_and_go(void **state)
{
	const struct series series = {
		.cuts = { 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096,
		          4096, 4096, 4096 },
		.older = 7,
	};
	struct bc_view views[66];
	size_t count = 0;

	(void)state;
	series_make(&series);
	for (uint64_t a = 0; a < 12; a++) {
		for (uint64_t b = a + 1; b < 12; b++)
			views[count++] =
				read_rows(a * 4096 + 7, b * 4096 + 100, 0);
	}
	assert_int_equal(count, 66);
	while (count != 0) {
		count--;
		expect_rows(
			&views[count],
			(uint64_t)((views[count].first_ns - series_time(0)) /
		                   SERIES_STEP_NS),
			views[count].rows);
		bc_view_release(&views[count]);
	}
}

static void
views_outlive_the_cache(void **state)
{
	struct bc_view view;

	(void)state;
	series_make(&odd_ones);
	view = read_rows(3, made.rows, 0);
	bc_close(fixture.cache);
	fixture.cache = NULL;
	expect_rows(&view, 3, made.rows - 3);
	bc_view_release(&view);
}

static void
it_is_read_only(void **state)
{
	struct bc_view view;
	int pipes[2];

	(void)state;
	series_make(&odd_ones);
	view = read_rows(0, made.rows, 0);
	assert_int_equal(pipe(pipes), 0);
	/* The kernel refuses what would be a crash of ours. */
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_int_equal(
		read(pipes[0], (void *)(uintptr_t)bc_view_time(&view), 1), -1);
	close(pipes[0]);
	close(pipes[1]);
	bc_view_release(&view);
}

static void
damage_is_not_shown(void **state)
{
	static const char *const close_only[] = { "close", NULL };
	static const char *const flag_only[] = { "flag", NULL };
	struct bc_view view;

	(void)state;
	series_make(&long_ones);
	series_flip(2, series_place(2, 1, 12000)); /* close */
	assert_status(bc_read_rows(fixture.cache, SERIES_KEY, 100, 35000,
	                           flag_only, 0, &view),
	              BC_OK, NULL);
	expect_rows(&view, 100, 35000);
	bc_view_release(&view);
	assert_status(bc_read_rows(fixture.cache, SERIES_KEY, 100, 15000,
	                           close_only, 0, &view),
	              BC_OK, NULL);
	expect_rows(&view, 100, 15000);
	bc_view_release(&view);
	/* The same segments, but more rows of them: those are looked at. */
	assert_status(bc_read_rows(fixture.cache, SERIES_KEY, 100, 24470,
	                           close_only, 0, &view),
	              BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	assert_int_equal(fixture.events[BC_EVENT_CHECKSUM], 1);
	/* It is marked: no row of that segment is served any more. */
	assert_status(bc_read_rows(fixture.cache, SERIES_KEY, 100, 15000,
	                           close_only, 0, &view),
	              BC_MISS, NULL);
	assert_status(bc_read_rows(fixture.cache, SERIES_KEY, 100, 35000,
	                           flag_only, 0, &view),
	              BC_MISS, NULL);
	assert_int_equal(fixture.events[BC_EVENT_CHECKSUM], 1);
	assert_status(bc_exists(fixture.cache, SERIES_KEY, NULL), BC_MISS,
	              NULL);
	view = read_rows(0, 12288, 0);
	bc_view_release(&view);
}

/* A time that a search steps on must not lead it to other rows. */
static void
damaged_times_are_found_out(void **state)
{
	struct series series = long_ones;
	struct bc_view view;
	unsigned found = 0;

	(void)state;
	series.gaps = true;
	for (uint64_t row = 8192 + 10; row < 8192 + 4096; row += 400) {
		unit_restart(NULL);
		series_make(&series);
		series_flip(1, series_place(1, 0, row - 8192) + 7);
		for (uint64_t k = 8200; k < 12000; k += 100) {
			if (bc_read(fixture.cache, SERIES_KEY, series_time(k),
			            series_time(k + 50), NULL, 0,
			            &view) != BC_OK) {
				assert_int_equal(view.miss, BC_MISS_CORRUPT);
				found++;
				break;
			}
			expect_rows(&view, k, 50);
			bc_view_release(&view);
		}
	}
	assert_int_not_equal(found, 0);
}

/* Change a byte of the tail in the entry record. */
static void
flip_tail(struct MDB_txn *txn, const struct bci_tables *tables)
{
	unsigned char record[BCI_PAGE];
	struct bci_bytes value;

	assert_int_equal(bci_table_get(txn, tables->entries, SERIES_KEY,
	                               strlen(SERIES_KEY), &value),
	                 BC_OK);
	memcpy(record, value.data, value.size);
	record[value.size - 5] ^= 1;
	assert_int_equal(bci_table_put(txn, tables->entries, SERIES_KEY,
	                               strlen(SERIES_KEY), record, value.size,
	                               NULL),
	                 BC_OK);
}

static void
a_damaged_tail_is_not_shown(void **state)
{
	struct bc_view view;

	(void)state;
	series_make(&odd_ones);
	unit_change_catalogue(flip_tail);
	unit_reopen(NULL);
	assert_status(bc_tail(fixture.cache, SERIES_KEY, 2, NULL, 0, &view),
	              BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	assert_int_equal(fixture.events[BC_EVENT_CHECKSUM], 1);
}

static void
counters_and_stamps(void **state)
{
	struct bc_view view;
	uint64_t hits;
	struct bci_env *env;
	uint32_t stamps[SERIES_CUTS];

	(void)state;
	series_make(&long_ones);
	assert_status(bci_cache_env(fixture.cache, &env, NULL), BC_OK, NULL);
	view = read_rows(0, made.rows, 0);
	bc_view_release(&view);
	hits = unit_stats().total.hits[BC_WARM];
	for (size_t i = 0; i < made.count; i++)
		stamps[i] = bci_slot_accesses(
			bci_ledger_slot(&env->ledger, made.locators[i].slot));
	for (int i = 0; i < 10; i++) {
		view = read_rows(0, made.rows, 0);
		bc_view_release(&view);
	}
	view = read_rows(0, 9000, 0);
	bc_view_release(&view);
	assert_int_equal(unit_stats().total.hits[BC_WARM] - hits, 11);
	for (size_t i = 0; i < made.count; i++) {
		const struct bci_slot *slot =
			bci_ledger_slot(&env->ledger, made.locators[i].slot);

		assert_int_equal(bci_slot_accesses(slot) - stamps[i],
		                 i < 2 ? 11 : 10);
		assert_true(slot->accessed_s > 1);
	}
}

/* ---- after a fork ------------------------------------------------------ */

static struct bc_view inherited;

static void
child_reads(void *argument)
{
	struct bc_view view;

	(void)argument;
	require(((const double *)bc_view_column(&inherited, 1))[9000] ==
	        series_close(9000));
	require(bc_read_rows(fixture.cache, SERIES_KEY, 0, made.rows, NULL, 0,
	                     &view) == BC_OK);
	require(view.data != inherited.data);
	require(((const double *)bc_view_column(&view, 1))[9000] ==
	        series_close(9000));
	bc_view_release(&inherited);
	require(((const double *)bc_view_column(&view, 1))[9000] ==
	        series_close(9000));
	bc_view_release(&view);
	bc_close(fixture.cache);
}

static void
a_child_has_stitches_of_its_own(void **state)
{
	(void)state;
	series_make(&odd_ones);
	inherited = read_rows(0, made.rows, 0);
	assert_int_equal(test_child_run(child_reads, NULL), 0);
	expect_rows(&inherited, 0, made.rows);
	bc_view_release(&inherited);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, stitch_setup, stitch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(readers_share_a_stitch),
		TEST(a_commit_elsewhere_leaves_it_good),
		TEST(what_is_not_congruent_is_copied),
		TEST(hosts_of_larger_pages),
		TEST(a_long_last_page_is_shared),
		TEST(too_many_mappings),
		TEST(many_stitches_come_and_go),
		TEST(views_outlive_the_cache),
		TEST(it_is_read_only),
		TEST(damage_is_not_shown),
		TEST(damaged_times_are_found_out),
		TEST(a_damaged_tail_is_not_shown),
		TEST(counters_and_stamps),
		TEST(a_child_has_stitches_of_its_own),
	};

	return cmocka_run_group_tests_name("stitch", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_ledger_times.c - what a ledger keeps beside counters and slots: times,
 * the sketch, its birth; and what a process does with one that lies.
 */
#include "ledger_unit.h"

#include <sys/stat.h>

/* ------------------------------------------------------------------------ */
/*  Times and the sketch                                                    */
/* ------------------------------------------------------------------------ */

static uint64_t
times_of(struct bci_ledger *ledger, enum bc_op op)
{
	static struct bci_histogram histogram;
	struct bc_latency latency;

	bci_ledger_times(ledger, op, &histogram);
	bci_histogram_show(&histogram, &latency);
	return latency.count;
}

static void
times_outlive_their_process(void **state)
{
	struct bci_ledger ledger, other;
	struct bc_latency own;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	bci_ledger_claim(&ledger, "first", 7, &bci_allocator_default);
	bci_ledger_time(&ledger, BC_OP_GET, 1000);
	bci_ledger_time(&ledger, BC_OP_GET, -5); /* the clock was set back */
	bci_ledger_time(&ledger, BC_OP_PUT, 77);
	close_ledger(&ledger);
	for (unsigned round = 0; round < 3; round++) {
		open_ledger(&other, CACHE_ID, false);
		bci_ledger_claim(&other, "next", 7, &bci_allocator_default);
		assert_int_equal(other.row_index, 0);
		bci_histogram_show(&other.row->latency[BC_OP_GET], &own);
		assert_int_equal(own.count, 0);
		bci_ledger_time(&other, BC_OP_GET, 500);
		assert_int_equal(times_of(&other, BC_OP_GET), 3 + round);
		assert_int_equal(times_of(&other, BC_OP_PUT), 1);
		close_ledger(&other);
	}
}

static void
the_sketch_is_made_once_and_shared(void **state)
{
	struct bci_ledger ledger, other;
	uint8_t *sketch;
	struct stat st;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	sketch = bci_ledger_sketch(&ledger);
	assert_non_null(sketch);
	for (size_t i = 0; i < BCI_LEDGER_SKETCH; i++)
		assert_int_equal(sketch[i], 0);
	assert_int_equal(fstat(ledger.fd, &st), 0);
	assert_true(st.st_size >= BCI_LEDGER_SKETCH_AT + BCI_LEDGER_SKETCH);
	assert_true(st.st_blocks * 512 >= BCI_LEDGER_SKETCH);
	sketch[BCI_LEDGER_SKETCH - 1] = 9;
	open_ledger(&other, CACHE_ID, false);
	assert_int_equal(bci_ledger_sketch(&other)[BCI_LEDGER_SKETCH - 1], 9);
	close_ledger(&other);
	close_ledger(&ledger);
	/* A ledger that is made anew has a new one. */
	open_ledger(&ledger, CACHE_ID + 1, true);
	assert_int_equal(bci_ledger_sketch(&ledger)[BCI_LEDGER_SKETCH - 1], 0);
	close_ledger(&ledger);
}

static void
rebuilt_ledgers_are_told_apart(void **state)
{
	struct bci_ledger ledger;
	uint64_t birth;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	birth = ledger.header->birth;
	close_ledger(&ledger);
	open_ledger(&ledger, CACHE_ID, false);
	assert_true(ledger.header->birth == birth);
	close_ledger(&ledger);
	open_ledger(&ledger, CACHE_ID + 1, true);
	assert_true(ledger.header->birth != birth);
	close_ledger(&ledger);
}

static void
rows_from_before_a_rebuilding_count_nothing(void **state)
{
	static struct bci_ledger ledgers[12];
	uint64_t totals[BCI_COUNTERS], own[BCI_COUNTERS];
	unsigned i;

	(void)state;
	for (i = 0; i < 12; i++) {
		open_ledger(&ledgers[i], CACHE_ID, i == 0);
		bci_ledger_claim(&ledgers[i], "x", 7, &bci_allocator_default);
		bci_count(&ledgers[i], 0, BCI_COUNT_PUTS, 1000);
		bci_ledger_time(&ledgers[i], BC_OP_PUT, 1);
	}
	for (i = 0; i < 12; i++)
		close_ledger(&ledgers[i]);
	for (i = 0; i < 12; i++) {
		open_ledger(&ledgers[i], CACHE_ID + 1, i == 0);
		bci_ledger_claim(&ledgers[i], "x", 7, &bci_allocator_default);
	}
	bci_ledger_totals(&ledgers[0], totals, own);
	assert_int_equal(totals[BCI_COUNT_PUTS], 0);
	assert_int_equal(times_of(&ledgers[0], BC_OP_PUT), 0);
	for (i = 0; i < 12; i++)
		close_ledger(&ledgers[i]);
}

/* ------------------------------------------------------------------------ */
/*  Damage while it is in use                                               */
/* ------------------------------------------------------------------------ */

static void
a_header_that_lies_sends_nobody_past_the_end(void **state)
{
	static const uint32_t counts[] = {
		0, 5, 4096, 5000, BCI_LEDGER_SLOTS, UINT32_MAX
	};
	uint64_t totals[BCI_COUNTERS], own[BCI_COUNTERS];
	struct bci_ledger ledger;
	struct bc_error err;
	unsigned i;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	bci_ledger_claim(&ledger, NULL, 7, &bci_allocator_default);
	assert_status(bci_ledger_grow(&ledger, 1, &err), BC_OK, &err);
	bci_slot_begin(&ledger, 0, 5, 100);
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		atomic_store(&ledger.header->rows_ready, counts[i]);
		atomic_store(&ledger.header->slots_ready, counts[i]);
		bci_ledger_totals(&ledger, totals, own);
		(void)times_of(&ledger, BC_OP_GET);
		assert_non_null(bci_ledger_slot(&ledger, 0));
		for (uint32_t j = 1; j != 0; j *= 2) {
			struct bci_slot *slot = bci_ledger_slot(&ledger, j);

			if (slot != NULL)
				bci_slot_stamp(slot, 5, 101);
		}
		bci_slot_mark_bad(&ledger, UINT32_MAX, 5);
	}
	close_ledger(&ledger);
}

static void
counters_that_are_full_stay_so(void **state)
{
	uint64_t totals[BCI_COUNTERS], own[BCI_COUNTERS];
	struct bci_ledger ledger;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	bci_ledger_claim(&ledger, NULL, 7, &bci_allocator_default);
	for (unsigned lane = 0; lane < BCI_LANES; lane++) {
		for (unsigned i = 0; i < BCI_COUNTERS; i++)
			atomic_store(&ledger.row->shards[lane].counters[i],
			             UINT64_MAX);
	}
	bci_count(&ledger, 3, BCI_COUNT_PUTS, 1);
	bci_ledger_totals(&ledger, totals, own);
	assert_true(totals[BCI_COUNT_PUTS] == UINT64_MAX);
	assert_true(own[BCI_COUNT_PUTS] == UINT64_MAX);
	close_ledger(&ledger);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, dir_setup, dir_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(times_outlive_their_process),
		TEST(the_sketch_is_made_once_and_shared),
		TEST(rebuilt_ledgers_are_told_apart),
		TEST(rows_from_before_a_rebuilding_count_nothing),
		TEST(a_header_that_lies_sends_nobody_past_the_end),
		TEST(counters_that_are_full_stay_so),
	};

	return cmocka_run_group_tests_name("ledger_times", tests, NULL, NULL);
}

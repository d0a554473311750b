/* SPDX-License-Identifier: MIT */
/*
 * test_ledger.c - the memory that processes share: rows, slots, counters, and
 * what is done about a ledger that is not one.
 */
#include "ledger_unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static void
patch(off_t at, const void *bytes, size_t count)
{
	int fd = openat(dir_fd, BCI_LEDGER_FILE, O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, count, at), count);
	close(fd);
}

static void
without_a_file_it_counts_in_private_memory(void **state)
{
	uint64_t totals[BCI_COUNTERS], own[BCI_COUNTERS];
	struct bci_ledger ledger;
	struct bc_error err;

	(void)state;
	open_ledger(&ledger, CACHE_ID, false);
	assert_null(ledger.header);
	bci_ledger_claim(&ledger, "nobody", 7, &bci_allocator_default);
	bci_count(&ledger, 3, BCI_COUNT_PUTS, 5);
	bci_ledger_totals(&ledger, totals, own);
	assert_int_equal(totals[BCI_COUNT_PUTS], 5);
	assert_int_equal(own[BCI_COUNT_PUTS], 5);
	assert_null(bci_ledger_slot(&ledger, 0));
	assert_status(bci_ledger_grow(&ledger, 100, &err), BC_OK, &err);
	bci_slot_begin(&ledger, 0, 1, 1);
	bci_slot_mark_bad(&ledger, 0, 1);
	assert_int_equal(bci_ledger_bytes(&ledger), 0);
	close_ledger(&ledger);
	assert_int_equal(faccessat(dir_fd, BCI_LEDGER_FILE, F_OK, 0), -1);
}

/* A ledger that must not be used as it is; a writer makes a new one of it. */
static void
expect_rebuilt(void)
{
	struct bci_ledger ledger;

	open_ledger(&ledger, CACHE_ID, false);
	assert_null(ledger.header);
	close_ledger(&ledger);
	open_ledger(&ledger, CACHE_ID, true);
	assert_non_null(ledger.header);
	assert_int_equal(ledger.header->slots_ready, 0);
	assert_int_equal(ledger.header->bad_count, 0);
	close_ledger(&ledger);
	open_ledger(&ledger, CACHE_ID, false);
	assert_non_null(ledger.header);
	close_ledger(&ledger);
}

static void
what_is_no_ledger_of_this_cache_is_rebuilt(void **state)
{
	static const uint32_t too_many = BCI_LEDGER_SLOTS + 1;
	static const uint32_t not_there = 4096;
	static const uint32_t rows = BCI_LEDGER_ROWS + 1;
	static const uint64_t other = CACHE_ID + 1;

	(void)state;
	patch(0, "noise", 5);
	expect_rebuilt();
	patch(0, "X", 1);
	expect_rebuilt();
	patch(4, "\1", 1);
	expect_rebuilt();
	patch(8, &other, 8);
	expect_rebuilt();
	patch(16, &rows, 4);
	expect_rebuilt();
	patch(20, &too_many, 4);
	expect_rebuilt();
	patch(20, &not_there, 4); /* more slots than the file has */
	expect_rebuilt();
}

static void
a_rebuilt_ledger_forgets_what_was_counted(void **state)
{
	uint64_t totals[BCI_COUNTERS], own[BCI_COUNTERS];
	struct bci_ledger ledger;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	bci_ledger_claim(&ledger, NULL, 7, &bci_allocator_default);
	bci_count(&ledger, 0, BCI_COUNT_PUTS, 7);
	close_ledger(&ledger);
	open_ledger(&ledger, CACHE_ID + 1, true);
	bci_ledger_totals(&ledger, totals, own);
	assert_int_equal(totals[BCI_COUNT_PUTS], 0);
	close_ledger(&ledger);
}

/* ------------------------------------------------------------------------ */
/*  Rows                                                                    */
/* ------------------------------------------------------------------------ */

static void
rows_are_locked_counted_and_used_again(void **state)
{
	uint64_t totals[BCI_COUNTERS], own[BCI_COUNTERS];
	struct bci_ledger first, second;

	(void)state;
	open_ledger(&first, CACHE_ID, true);
	open_ledger(&second, CACHE_ID, false);
	bci_ledger_claim(&first, "first", 7, &bci_allocator_default);
	bci_ledger_claim(&second, NULL, 7, &bci_allocator_default);
	assert_int_equal(first.row_index, 0);
	assert_int_equal(second.row_index, 1);
	assert_string_equal(first.row->name, "first");
	assert_string_not_equal(second.row->name, "");
	assert_int_equal(first.row->pid, getpid());
	assert_int_equal(first.row->pid_namespace, 7);
	assert_true(bci_ledger_row_lives(&first, 0));
	assert_true(bci_ledger_row_lives(&first, 1));
	assert_false(bci_ledger_row_lives(&first, 2));
	bci_count(&first, 0, BCI_COUNT_HITS + BC_WARM, 3);
	bci_count(&second, 15, BCI_COUNT_HITS + BC_WARM, 4);
	bci_ledger_totals(&second, totals, own);
	assert_int_equal(totals[BCI_COUNT_HITS + BC_WARM], 7);
	assert_int_equal(own[BCI_COUNT_HITS + BC_WARM], 4);
	close_ledger(&first);
	assert_false(bci_ledger_row_lives(&second, 0));
	/* The next one gets the row and its counts, but not as its own. */
	open_ledger(&first, CACHE_ID, false);
	bci_ledger_claim(&first, "third", 7, &bci_allocator_default);
	assert_int_equal(first.row_index, 0);
	bci_count(&first, 0, BCI_COUNT_HITS + BC_WARM, 1);
	bci_ledger_totals(&first, totals, own);
	assert_int_equal(totals[BCI_COUNT_HITS + BC_WARM], 8);
	assert_int_equal(own[BCI_COUNT_HITS + BC_WARM], 1);
	close_ledger(&first);
	close_ledger(&second);
}

static void
rows_grow_by_need(void **state)
{
	static struct bci_ledger ledgers[40];
	struct stat before, after;
	unsigned i;

	(void)state;
	open_ledger(&ledgers[0], CACHE_ID, true);
	assert_int_equal(fstat(ledgers[0].fd, &before), 0);
	bci_ledger_claim(&ledgers[0], "0", 7, &bci_allocator_default);
	for (i = 1; i < 40; i++) {
		open_ledger(&ledgers[i], CACHE_ID, false);
		bci_ledger_claim(&ledgers[i], "x", 7, &bci_allocator_default);
		assert_int_equal(ledgers[i].row_index, i);
	}
	assert_int_equal(fstat(ledgers[0].fd, &after), 0);
	assert_true(after.st_size > before.st_size);
	assert_true(ledgers[0].header->rows_ready >= 40);
	for (i = 0; i < 40; i++)
		close_ledger(&ledgers[i]);
}

static void
a_long_name_is_cut(void **state)
{
	struct bci_ledger ledger;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	bci_ledger_claim(&ledger, "0123456789012345678901234567890123456789", 7,
	                 &bci_allocator_default);
	assert_string_equal(ledger.row->name,
	                    "0123456789012345678901234567890");
	close_ledger(&ledger);
}

/* As somebody who may not write, whoever runs the tests. */
static void
read_only(void *unused)
{
	struct bci_ledger reader;

	(void)unused;
	if (geteuid() == 0)
		require(setresuid(65534, 65534, 65534) == 0);
	require(bci_ledger_open(&reader, dir_fd, CACHE_ID, false, false,
	                        &bci_allocator_default, NULL) == BC_OK);
	require(reader.header != NULL && !reader.writable);
	bci_ledger_claim(&reader, "reader", 7, &bci_allocator_default);
	require(reader.row_index == BCI_LEDGER_ROWS);
	bci_count(&reader, 0, BCI_COUNT_PUTS, 1); /* in private memory */
	bci_slot_mark_bad(&reader, 0, 5);
	require(!bci_slot_is_bad(&reader, 0, 5));
	close_ledger(&reader);
}

static void
to_a_reader_of_the_file_it_is_read_only(void **state)
{
	struct bci_ledger writer;
	struct bc_error err;
	char path[TEST_PATH];

	(void)state;
	open_ledger(&writer, CACHE_ID, true);
	assert_status(bci_ledger_grow(&writer, 1, &err), BC_OK, &err);
	bci_slot_begin(&writer, 0, 5, 100);
	assert_int_equal(chmod(dir.path, 0755), 0);
	test_path(path, dir.path, BCI_LEDGER_FILE);
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(test_child_run(read_only, NULL), 0);
	assert_false(bci_slot_is_bad(&writer, 0, 5));
	close_ledger(&writer);
}

/* ------------------------------------------------------------------------ */
/*  Slots                                                                   */
/* ------------------------------------------------------------------------ */

static void
slots_grow_before_they_are_used(void **state)
{
	struct bci_ledger ledger;
	struct bc_error err;
	struct stat st;
	unsigned ready;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	assert_null(bci_ledger_slot(&ledger, 0));
	bci_slot_begin(&ledger, 0, 1, 1); /* Nothing happens. */
	assert_status(bci_ledger_grow(&ledger, 1, &err), BC_OK, &err);
	ready = ledger.header->slots_ready;
	assert_true(ready >= 1);
	assert_non_null(bci_ledger_slot(&ledger, ready - 1));
	assert_null(bci_ledger_slot(&ledger, ready));
	assert_status(bci_ledger_grow(&ledger, ready, &err), BC_OK, &err);
	assert_int_equal(ledger.header->slots_ready, ready);
	assert_status(bci_ledger_grow(&ledger, ready + 1, &err), BC_OK, &err);
	assert_true(ledger.header->slots_ready > ready);
	assert_int_equal(fstat(ledger.fd, &st), 0);
	assert_true((uint64_t)st.st_size >=
	            BCI_LEDGER_SLOTS_AT + 16ull * ledger.header->slots_ready);
	/* Beyond the last slot segments just go uncounted. */
	ready = ledger.header->slots_ready;
	assert_status(bci_ledger_grow(&ledger, BCI_LEDGER_SLOTS + 1ull, &err),
	              BC_OK, &err);
	assert_int_equal(ledger.header->slots_ready, ready);
	close_ledger(&ledger);
}

/* A new ledger, and its slot 0, which is of segment 5 since second 100. */
static struct bci_slot *
open_slot(struct bci_ledger *ledger)
{
	struct bc_error err;

	open_ledger(ledger, CACHE_ID, true);
	assert_status(bci_ledger_grow(ledger, 1, &err), BC_OK, &err);
	bci_slot_begin(ledger, 0, 5, 100);
	return bci_ledger_slot(ledger, 0);
}

static void
a_stamp_for_another_segment_is_dropped(void **state)
{
	struct bci_ledger ledger;
	struct bci_slot *slot;

	(void)state;
	slot = open_slot(&ledger);
	bci_slot_stamp(slot, 6, 200);
	assert_int_equal(bci_slot_accesses(slot), 1);
	assert_int_equal(slot->accessed_s, 100);
	bci_slot_stamp(slot, 5, 200);
	assert_int_equal(bci_slot_accesses(slot), 2);
	assert_int_equal(slot->accessed_s, 200);
	slot->counts = BCI_SLOT_ACCESSES;
	bci_slot_stamp(slot, 5, 201);
	assert_int_equal(bci_slot_accesses(slot), BCI_SLOT_ACCESSES);
	assert_int_equal(bci_slot_credit(slot), 2); /* It goes on alone. */
	slot->counts = UINT32_MAX;
	bci_slot_stamp(slot, 5, 201);
	assert_true(slot->counts == UINT32_MAX); /* They do not wrap. */
	close_ledger(&ledger);
}

/* Credit is used up, and gained again; how often it was accessed is not. */
static void
credit_is_apart_from_accesses(void **state)
{
	struct bci_ledger ledger;
	struct bci_slot *slot;

	(void)state;
	slot = open_slot(&ledger);
	assert_int_equal(bci_slot_accesses(slot), 1);
	assert_int_equal(bci_slot_credit(slot), 1);
	for (unsigned i = 0; i < 1000; i++) {
		bci_slot_stamp(slot, 5, 200);
		assert_int_equal(bci_slot_accesses(slot), 2 + i);
		assert_int_equal(bci_slot_credit(slot),
		                 i < BCI_CREDIT_MAX - 1 ? 2 + i
		                                        : BCI_CREDIT_MAX);
	}
	bci_slot_move(&ledger, 0, 5, 6, 1);
	assert_int_equal(bci_slot_id(slot), 6);
	assert_int_equal(slot->accessed_s, 200);
	assert_int_equal(bci_slot_accesses(slot), 1001);
	assert_int_equal(bci_slot_credit(slot), 1);
	bci_slot_stamp(slot, 6, 201);
	bci_slot_move(&ledger, 0, 6, 7, 0);
	assert_int_equal(bci_slot_accesses(slot), 1002);
	assert_int_equal(bci_slot_credit(slot), 2);
	/* Of another segment nothing is taken over. */
	bci_slot_move(&ledger, 0, 8, 9, 3);
	assert_int_equal(bci_slot_id(slot), 9);
	assert_int_equal(slot->accessed_s, 0);
	assert_int_equal(bci_slot_accesses(slot), 1);
	assert_int_equal(bci_slot_credit(slot), 1);
	close_ledger(&ledger);
}

static void
a_bad_mark_sticks_to_its_segment_only(void **state)
{
	struct bci_ledger ledger;
	struct bc_error err;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	assert_status(bci_ledger_grow(&ledger, 1, &err), BC_OK, &err);
	bci_slot_begin(&ledger, 0, 5, 100);
	bci_slot_mark_bad(&ledger, 0, 6); /* Replaced meanwhile. */
	assert_false(bci_slot_is_bad(&ledger, 0, 5));
	assert_int_equal(ledger.header->bad_count, 0);
	bci_slot_mark_bad(&ledger, 0, 5);
	assert_true(bci_slot_is_bad(&ledger, 0, 5));
	assert_false(bci_slot_is_bad(&ledger, 0, 6));
	bci_slot_mark_bad(&ledger, 0, 5); /* Counted once. */
	assert_int_equal(ledger.header->bad_count, 1);
	bci_slot_begin(&ledger, 0, 7, 100);
	assert_false(bci_slot_is_bad(&ledger, 0, 7));
	assert_false(bci_slot_is_bad(&ledger, 0, 5));
	assert_false(bci_slot_is_bad(&ledger, 1u << 30, 5));
	bci_slot_mark_bad(&ledger, 1u << 30, 5);
	close_ledger(&ledger);
}

static void
a_mark_that_nobody_counted_says_nothing(void **state)
{
	struct bci_ledger ledger;
	struct bci_slot *slot;
	struct bc_error err;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	assert_status(bci_ledger_grow(&ledger, 2, &err), BC_OK, &err);
	bci_slot_begin(&ledger, 0, 5, 100);
	bci_slot_begin(&ledger, 1, 6, 100);
	slot = bci_ledger_slot(&ledger, 0);
	atomic_fetch_xor(&slot->word, BCI_SLOT_BAD);
	assert_false(bci_slot_is_bad(&ledger, 0, 5));
	/* Until somebody who looks finds that it is so. */
	bci_slot_mark_bad(&ledger, 0, 5);
	assert_true(bci_slot_is_bad(&ledger, 0, 5));
	bci_slot_mark_bad(&ledger, 0, 5);
	assert_int_equal(ledger.header->bad_count, 1);
	/* What a writer has acted on is not there any more. */
	atomic_store(&slot->word, 5);
	atomic_store(&ledger.header->bad_handled, 1);
	bci_slot_mark_bad(&ledger, 1, 6);
	assert_true(bci_slot_is_bad(&ledger, 1, 6));
	assert_int_equal(ledger.header->bad_count, 2);
	close_ledger(&ledger);
}

static void
places_have_ids_of_their_own(void **state)
{
	struct bci_locator a = { .arena = 1, .offset = 4096 + 16 };
	struct bci_locator b = { .arena = 1, .offset = 4096 + 16 + 64 };
	struct bci_locator c = { .arena = 2, .offset = 4096 + 16 };
	struct bci_locator inlined = { .arena = 0 };

	(void)state;
	assert_true(bci_segment_id(&a, 1) == bci_segment_id(&a, 2));
	assert_true(bci_segment_id(&a, 1) != bci_segment_id(&b, 1));
	assert_true(bci_segment_id(&a, 1) != bci_segment_id(&c, 1));
	assert_true(bci_segment_id(&inlined, 1) != bci_segment_id(&inlined, 2));
	assert_true(bci_segment_id(&inlined, 1) != bci_segment_id(&a, 1));
	a.arena = UINT32_MAX;
	a.offset = 2ull << 30;
	assert_true((bci_segment_id(&a, 1) & ~BCI_SLOT_ID) == 0);
	assert_true((bci_segment_id(&inlined, UINT64_MAX) & ~BCI_SLOT_ID) == 0);
}

/* ------------------------------------------------------------------------ */
/*  Threads                                                                 */
/* ------------------------------------------------------------------------ */

#define THREADS 4
#define ROUNDS 20000

struct counting {
	struct bci_ledger *ledger;
	unsigned lane;
};

static void *
count_in_a_lane(void *argument)
{
	struct counting *counting = argument;
	unsigned i;

	for (i = 0; i < ROUNDS; i++)
		bci_count(counting->ledger, counting->lane, BCI_COUNT_PUTS, 1);
	return NULL;
}

static void
counters_are_exact_over_threads_with_lanes(void **state)
{
	uint64_t totals[BCI_COUNTERS], own[BCI_COUNTERS];
	struct counting countings[THREADS];
	pthread_t threads[THREADS];
	struct bci_ledger ledger;
	unsigned i;

	(void)state;
	open_ledger(&ledger, CACHE_ID, true);
	bci_ledger_claim(&ledger, NULL, 7, &bci_allocator_default);
	for (i = 0; i < THREADS; i++) {
		countings[i] = (struct counting){ &ledger, i };
		assert_int_equal(pthread_create(&threads[i], NULL,
		                                count_in_a_lane, &countings[i]),
		                 0);
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	bci_ledger_totals(&ledger, totals, own);
	assert_int_equal(totals[BCI_COUNT_PUTS], THREADS * ROUNDS);
	assert_int_equal(own[BCI_COUNT_PUTS], THREADS * ROUNDS);
	close_ledger(&ledger);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, dir_setup, dir_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(without_a_file_it_counts_in_private_memory),
		TEST(what_is_no_ledger_of_this_cache_is_rebuilt),
		TEST(a_rebuilt_ledger_forgets_what_was_counted),
		TEST(rows_are_locked_counted_and_used_again),
		TEST(rows_grow_by_need),
		TEST(a_long_name_is_cut),
		TEST(to_a_reader_of_the_file_it_is_read_only),
		TEST(slots_grow_before_they_are_used),
		TEST(a_stamp_for_another_segment_is_dropped),
		TEST(credit_is_apart_from_accesses),
		TEST(a_bad_mark_sticks_to_its_segment_only),
		TEST(a_mark_that_nobody_counted_says_nothing),
		TEST(places_have_ids_of_their_own),
		TEST(counters_are_exact_over_threads_with_lanes),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_state.c - numbers of the state record that cannot be: of the next slot
 * of the ledger, of the next arena.  A bit that flipped in them takes no disk,
 * and no file that is in use.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ledger.h"

#define VALUES 6u

static uint64_t wanted;

static void
change_state(struct MDB_txn *txn, const struct bci_tables *tables,
             size_t offset)
{
	struct bci_state_record stored;
	struct bc_error err;

	assert_status(bci_state_load(txn, tables, &stored, &err), BC_OK, &err);
	memcpy((unsigned char *)&stored + offset, &wanted, sizeof(wanted));
	assert_status(bci_state_store(txn, tables, &stored, &err), BC_OK, &err);
}

static void
change_slot(struct MDB_txn *txn, const struct bci_tables *tables)
{
	change_state(txn, tables, offsetof(struct bci_state_record, next_slot));
}

static void
change_arena(struct MDB_txn *txn, const struct bci_tables *tables)
{
	change_state(txn, tables,
	             offsetof(struct bci_state_record, next_arena));
}

/* Values in an arena each, and one that is appended to. */
static void
fill(void)
{
	for (unsigned i = 0; i < VALUES; i++) {
		char key[8];

		snprintf(key, sizeof(key), "k%u", i);
		unit_put(key, i + 1, 40000);
	}
}

static void
expect_filled(void)
{
	for (unsigned i = 0; i < VALUES; i++) {
		char key[8];

		snprintf(key, sizeof(key), "k%u", i);
		expect_hit(fixture.cache, key, i + 1);
	}
}

static uint64_t
ledger_bytes(void)
{
	char path[TEST_PATH + 8];
	struct stat stat_;

	snprintf(path, sizeof(path), "%s/ledger", fixture.dir.cache);
	assert_int_equal(stat(path, &stat_), 0);
	return 512ull * (uint64_t)stat_.st_blocks;
}

static void
a_slot_that_cannot_be_takes_no_disk_and_no_value(void **state)
{
	const uint64_t numbers[] = { 0,          1u << 22,
		                     1u << 26,   BCI_LEDGER_SLOTS,
		                     1ull << 32, 1ull << 60,
		                     UINT64_MAX };
	uint64_t before;

	(void)state;
	fill();
	before = ledger_bytes();
	for (size_t i = 0; i < BCI_COUNT(numbers); i++) {
		wanted = numbers[i];
		unit_change_catalogue(change_slot);
		unit_reopen(NULL);
		unit_put("more", i + 1, 100);
		expect_hit(fixture.cache, "more", i + 1);
		expect_filled();
		assert_int_equal(unit_stats().total.evictions, 0);
	}
	/* What damage may cost: 65,536 slots more. */
	assert_in_range(ledger_bytes(), before, before + (2u << 20));
	unit_expect_sound();
}

static void
a_number_of_an_arena_that_is_there_is_not_given_again(void **state)
{
	struct bc_options options = unit_options();
	uint64_t arenas;

	(void)state;
	options.warm_bytes = 32u << 20; /* arenas of a few values */
	unit_restart(&options);
	fill();
	arenas = unit_locate("k5").arena;
	assert_true(arenas > 2);
	for (unsigned i = 0; i <= 3; i++) {
		wanted = i == 3 ? 1ull << 32 : i;
		unit_change_catalogue(change_arena);
		unit_reopen(NULL);
		for (unsigned k = 0; k < 3; k++)
			unit_put("more", 3 * i + k + 1, 40000);
		expect_hit(fixture.cache, "more", 3 * i + 3);
		expect_filled();
		assert_true(unit_locate("more").arena > arenas);
	}
	unit_expect_sound();
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_slot_that_cannot_be_takes_no_disk_and_no_value),
		TEST(a_number_of_an_arena_that_is_there_is_not_given_again),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_ghosts.c - what is remembered of entries that were evicted: so many of
 * them, the newest, with their labels; and what becomes of rows and counts of
 * these that are wrong.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define KEPT 1024u /* of a small cache, whatever is evicted */
#define STEP 64u   /* that a commit forgets at the most */
#define ENTRIES 1800u
#define BYTES 3900u /* a page of an arena */

static unsigned char bytes[BYTES];

static char *
key_of(unsigned index, char key[16])
{
	snprintf(key, 16, "k%04u", index);
	return key;
}

static enum bc_miss
miss_of(unsigned index)
{
	struct bc_view view;
	char key[16];

	if (bc_get(fixture.cache, key_of(index, key), &view) == BC_MISS)
		return view.miss;
	bc_view_release(&view);
	return BC_MISS_NONE;
}

static void
put(unsigned index)
{
	struct bc_error err;
	char key[16];

	assert_status(bc_put_blob(fixture.cache, key_of(index, key), bytes,
	                          BYTES, NULL, &err),
	              BC_OK, &err);
}

static void
put_many(unsigned from, unsigned end)
{
	for (unsigned i = from; i < end; i++)
		put(i);
}

static void
tag(unsigned index, const char *text)
{
	const char *const tags[] = { text, NULL };
	struct bc_error err;
	char key[16];

	assert_status(bc_tag(fixture.cache, key_of(index, key), tags,
	                     BC_LABELS_ADD, &err),
	              BC_OK, &err);
}

static int
count_label(void *context, const struct bc_label *label)
{
	(void)label;
	++*(unsigned *)context;
	return 0;
}

static unsigned
labels_of(unsigned index)
{
	struct bc_error err;
	unsigned count = 0;
	char key[16];

	assert_status(bc_labels(fixture.cache, key_of(index, key), 0,
	                        count_label, &count, &err),
	              BC_OK, &err);
	return count;
}

/* An eighth of what is put fits: the oldest goes. */
static void
begin(void)
{
	struct bc_options options = unit_options();

	options.policy = BC_POLICY_S3FIFO;
	options.durability = BC_SCRATCH;
	options.warm_bytes = 1u << 20;
	options.cold_bytes = 4096; /* nothing goes there */
	unit_restart(&options);
}

static void
compact(void)
{
	struct bc_error err;

	assert_status(bc_compact(fixture.cache, NULL, NULL, &err), BC_OK, &err);
}

/* ---- how many there are ------------------------------------------------ */

static void
the_oldest_are_forgotten(void **state)
{
	unsigned ghosts = 0, newest_absent = 0, oldest_ghost = ENTRIES;

	(void)state;
	begin();
	put_many(0, ENTRIES);
	assert_in_range(unit_stats().evicted_entries, KEPT, KEPT + STEP);
	compact();
	assert_int_equal(unit_stats().evicted_entries, KEPT);
	for (unsigned i = 0; i < ENTRIES; i++) {
		enum bc_miss miss = miss_of(i);

		if (miss == BC_MISS_ABSENT)
			newest_absent = i;
		else if (miss == BC_MISS_EVICTED && ghosts++ == 0)
			oldest_ghost = i;
		else
			assert_true(miss == BC_MISS_NONE ||
			            miss == BC_MISS_EVICTED);
	}
	assert_int_equal(ghosts, KEPT);
	assert_true(newest_absent < oldest_ghost);
	compact(); /* Nothing more is. */
	assert_int_equal(unit_stats().evicted_entries, KEPT);
}

static void
their_labels_go_with_them(void **state)
{
	struct bc_error err;
	unsigned count = 0;

	(void)state;
	begin();
	put_many(0, 400);
	tag(399, "kept");
	put_many(400, 401);
	tag(400, "forgotten");
	put_many(401, 800);
	assert_int_equal(miss_of(399), BC_MISS_EVICTED);
	assert_int_equal(miss_of(400), BC_MISS_EVICTED);
	put(399); /* What is remembered of it is its labels. */
	assert_int_equal(labels_of(399), 1);
	put_many(800, 2200);
	compact();
	assert_int_equal(miss_of(400), BC_MISS_ABSENT);
	assert_status(bc_labelled(fixture.cache, BC_LABEL_TAG, "forgotten",
	                          count_label, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 0);
	put(400);
	assert_int_equal(labels_of(400), 0);
}

/* ---- what is damaged --------------------------------------------------- */

static char live_key[16], ghost_key[16];

/* Add a row that is older than all others. */
static void
add_row(struct MDB_txn *txn, const struct bci_tables *tables, int64_t id,
        const char *key)
{
	struct bci_order_key name = bci_order_key_of(0, id);

	assert_status(bci_table_put(txn, tables->ghosts, &name, sizeof(name),
	                            key, strlen(key), NULL),
	              BC_OK, NULL);
}

/* Rows of an entry that is there, of one that is not, of another eviction. */
static void
add_wrong_rows(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_state_record stored;

	add_row(txn, tables, 1, live_key);
	add_row(txn, tables, 2, "absent");
	add_row(txn, tables, 3, ghost_key);
	assert_status(bci_state_load(txn, tables, &stored, NULL), BC_OK, NULL);
	stored.evicted += 3;
	assert_status(bci_state_store(txn, tables, &stored, NULL), BC_OK, NULL);
}

static void
rows_that_say_something_else_than_the_entry_go_alone(void **state)
{
	(void)state;
	begin();
	put_many(0, ENTRIES);
	compact();
	tag(ENTRIES - 1, "live");
	key_of(ENTRIES - 1, live_key);
	assert_int_equal(miss_of(ENTRIES / 2 + 200), BC_MISS_EVICTED);
	key_of(ENTRIES / 2 + 200, ghost_key);
	unit_change_catalogue(add_wrong_rows);
	unit_reopen(NULL);
	assert_int_equal(unit_stats().evicted_entries, KEPT + 3);
	compact();
	assert_int_equal(unit_stats().evicted_entries, KEPT);
	assert_int_equal(miss_of(ENTRIES - 1), BC_MISS_NONE);
	assert_int_equal(labels_of(ENTRIES - 1), 1);
	assert_int_equal(miss_of(ENTRIES / 2 + 200), BC_MISS_EVICTED);
}

/* Names that cannot be, before all others and behind them. */
static void
break_table(struct MDB_txn *txn, const struct bci_tables *tables)
{
	assert_status(
		bci_table_put(txn, tables->ghosts, "\0", 1, "k0000", 5, NULL),
		BC_OK, NULL);
	assert_status(
		bci_table_put(txn, tables->ghosts, "\xff\xff", 2, "", 0, NULL),
		BC_OK, NULL);
}

static void
a_damaged_table_keeps_nobody_from_putting(void **state)
{
	(void)state;
	begin();
	put_many(0, ENTRIES);
	unit_change_catalogue(break_table);
	unit_reopen(NULL);
	put_many(ENTRIES, ENTRIES + 400);
	assert_int_equal(miss_of(ENTRIES + 399), BC_MISS_NONE);
	compact();
	assert_in_range(unit_stats().evicted_entries, KEPT - 2, KEPT);
}

static uint64_t wanted;

static void
change_count(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_state_record stored;

	assert_status(bci_state_load(txn, tables, &stored, NULL), BC_OK, NULL);
	stored.evicted = wanted;
	assert_status(bci_state_store(txn, tables, &stored, NULL), BC_OK, NULL);
}

/* As a bit that flips leaves it. */
static void
count_is(uint64_t count)
{
	wanted = count;
	unit_change_catalogue(change_count);
	unit_reopen(NULL);
	assert_int_equal(unit_stats().evicted_entries, count);
}

static void
a_count_that_is_wrong_is_none(void **state)
{
	(void)state;
	begin();
	put(0);
	count_is(1ull << 40);
	put(1);
	assert_int_equal(unit_stats().evicted_entries, 0);
	put_many(2, 400);
	assert_int_equal(miss_of(0), BC_MISS_EVICTED);
	/* One that is too small does not become a large one. */
	count_is(0);
	put(0);
	assert_in_range(unit_stats().evicted_entries, 0, STEP);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, unit_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_oldest_are_forgotten),
		TEST(their_labels_go_with_them),
		TEST(rows_that_say_something_else_than_the_entry_go_alone),
		TEST(a_damaged_table_keeps_nobody_from_putting),
		TEST(a_count_that_is_wrong_is_none),
	};

	return cmocka_run_group_tests_name("ghosts", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_expire.c - what expires is a miss at once and removed in steps; words
 * for times to live; clocks that jump.
 */
#include "timed_unit.h"

#include <stdio.h>
#include <string.h>

#include "expire.h"

#define YEARS (3650 * DAY)

static uint64_t
expire(void)
{
	struct bc_error err;
	uint64_t removed = 99;

	assert_status(bc_expire(fixture.cache, &removed, &err), BC_OK, &err);
	return removed;
}

/* Whether there is an entry, be it expired. */
static bool
stored(const char *key)
{
	struct bc_error err;
	struct bc_info info;
	char text[1024];

	return bc_info(fixture.cache, key, text, sizeof(text), &info, &err) ==
	       BC_OK;
}

static void
configure(int64_t ttl_ns, uint32_t interval_ms)
{
	struct bc_config config;
	struct bc_error err;

	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	config.ttl_ns = ttl_ns;
	config.expire_interval_ms = interval_ms;
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_OK, &err);
}

/* The table has a row for each entry that expires, and no other. */
static void
check_table(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_bytes key = { 1, BCI_KEY_FIRST }, value;
	struct MDB_cursor *cursor;
	struct bci_entry entry;
	uint64_t rows, expiring = 0;

	assert_status(bci_table_count(txn, tables->expiry, &rows), BC_OK, NULL);
	assert_status(bci_cursor_open(txn, tables->entries, &cursor, NULL),
	              BC_OK, NULL);
	for (enum bc_status status =
	             bci_cursor_move(cursor, BCI_FROM, &key, &value);
	     status == BC_OK;
	     status = bci_cursor_move(cursor, BCI_NEXT, &key, &value)) {
		struct bci_expiry row;

		assert_status(bci_entry_parse(value.data, value.size, &entry),
		              BC_OK, NULL);
		if (entry.head.expires_ns == 0)
			continue;
		expiring++;
		row.expires_ns = entry.head.expires_ns;
		row.entry_id = entry.head.id;
		assert_status(bci_expiry_find(txn, tables, &row), BC_OK, NULL);
		assert_true(row.expires_ns == entry.head.expires_ns);
		assert_true(row.entry_id == entry.head.id);
		assert_int_equal(row.key_bytes, key.size);
		assert_memory_equal(row.key, key.data, key.size);
	}
	bci_cursor_close(cursor);
	assert_int_equal(rows, expiring);
}

static void
expect_table_in_step(void)
{
	unit_change_catalogue(check_table);
	unit_reopen(NULL);
}

static void
what_expires_is_a_miss_and_then_removed(void **state)
{
	(void)state;
	timed_put("a", HOUR);
	timed_put("b", 2 * HOUR);
	timed_put("c", BC_TTL_NEVER);
	timed_put("d", BC_TTL_DEFAULT);
	expect_table_in_step();
	assert_int_equal(expire(), 0);
	clockwork_pass(HOUR);
	assert_false(timed_served("a"));
	assert_true(stored("a") && timed_served("b"));
	assert_int_equal(expire(), 1);
	assert_false(stored("a"));
	clockwork_pass(100 * DAY);
	assert_int_equal(expire(), 1);
	assert_int_equal(expire(), 0);
	assert_true(timed_served("c") && timed_served("d"));
	assert_int_equal(unit_stats().entries, 2);
	expect_table_in_step();
}

static void
the_table_follows_whatever_becomes_of_an_entry(void **state)
{
	struct bc_append_options appended = BC_APPEND_OPTIONS_INIT;
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	const int64_t time_ns[] = { 0, MINUTE, 2 * MINUTE };
	const double close[] = { 1, 2, 3 };
	struct bc_column column = { .name = "close",
		                    .type = BC_F64,
		                    .data = close };
	struct bc_frame frame = { 2, time_ns, &column, 1 };
	struct bc_batch *batch;
	struct bc_error err;

	(void)state;
	options.ttl_ns = HOUR;
	timed_put("replaced", HOUR);
	timed_put("replaced", 2 * HOUR);
	timed_put("kept", HOUR);
	timed_put("kept", BC_TTL_NEVER);
	timed_put("removed", HOUR);
	assert_status(bc_remove(fixture.cache, "removed", &err), BC_OK, &err);
	assert_status(
		bc_put(fixture.cache, "grown", &frame, &options, NULL, &err),
		BC_OK, &err);
	assert_true(unit_info("grown").expires_ns != 0);
	frame.time_ns += 2;
	column.data = close + 2;
	frame.rows = 1;
	assert_status(bc_append(fixture.cache, "grown", &frame, &appended, NULL,
	                        &err),
	              BC_OK, &err);
	assert_int_equal(unit_info("grown").expires_ns, 0);
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (unsigned i = 0; i < 50; i++) {
		char key[16];

		snprintf(key, sizeof(key), "batch %u", i);
		options.ttl_ns = i % 2 == 0 ? HOUR : BC_TTL_NEVER;
		assert_status(
			bc_batch_put_blob(batch, key, "x", 1, &options, &err),
			BC_OK, &err);
	}
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	expect_table_in_step();
	clockwork_pass(HOUR);
	assert_int_equal(expire(), 25);
	clockwork_pass(HOUR);
	assert_int_equal(expire(), 1);
	assert_true(timed_served("kept") && timed_served("grown") &&
	            timed_served("batch 1"));
	expect_table_in_step();
}

static void
a_cache_has_a_default_that_a_put_may_overrule(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_config config;
	struct bc_error err;

	(void)state;
	timed_put("before", BC_TTL_DEFAULT);
	configure(HOUR, 0);
	timed_put("default", BC_TTL_DEFAULT);
	timed_put("never", BC_TTL_NEVER);
	timed_put("longer", 2 * HOUR);
	assert_true(unit_info("default").expires_ns != 0);
	assert_int_equal(unit_info("never").expires_ns, 0);
	clockwork_pass(HOUR);
	assert_false(timed_served("default"));
	assert_true(timed_served("before") && timed_served("never") &&
	            timed_served("longer"));
	/* Times that none can be. */
	options.ttl_ns = -1;
	assert_status(bc_put_blob(fixture.cache, "x", "x", 1, &options, &err),
	              BC_INVALID, &err);
	options.ttl_ns = INT64_MIN;
	assert_status(bc_put_blob(fixture.cache, "x", "x", 1, &options, &err),
	              BC_INVALID, &err);
	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	assert_true(config.ttl_ns == HOUR);
	config.ttl_ns = -1;
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_INVALID,
	              &err);
	config.ttl_ns = BC_TTL_NEVER;
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_OK, &err);
	timed_put("default", BC_TTL_DEFAULT);
	assert_int_equal(unit_info("default").expires_ns, 0);
	/* The longest of all is no overflow. */
	timed_put("long", BC_TTL_NEVER - 1);
	assert_true(unit_info("long").expires_ns == INT64_MAX);
	assert_true(timed_served("long"));
}

static void
commits_remove_a_few_once_the_interval_is_over(void **state)
{
	char key[16];

	(void)state;
	configure(0, 60000);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "%u", i);
		timed_put(key, UNIT_SECOND_NS);
	}
	clockwork_pass(2 * UNIT_SECOND_NS);
	timed_put("soon", BC_TTL_NEVER);
	assert_int_equal(unit_stats().entries, 41);
	clockwork_pass(MINUTE);
	timed_put("due", BC_TTL_NEVER);
	assert_int_equal(unit_stats().entries, 42 - 16);
	/* As long as some are left each commit removes some. */
	timed_put("due", BC_TTL_NEVER);
	timed_put("due", BC_TTL_NEVER);
	assert_int_equal(unit_stats().entries, 2);
	expect_table_in_step();
	configure(0, BC_EXPIRE_MANUAL);
	timed_put("z", UNIT_SECOND_NS);
	clockwork_pass(DAY);
	timed_put("due", BC_TTL_NEVER);
	assert_true(stored("z"));
	assert_int_equal(expire(), 1);
}

static void
a_sweep_takes_as_many_commits_as_it_needs(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_batch *batch;
	struct bc_error err;

	(void)state;
	options.ttl_ns = HOUR;
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (unsigned i = 0; i < 1000; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%u", i);
		assert_status(
			bc_batch_put_blob(batch, key, "x", 1, &options, &err),
			BC_OK, &err);
	}
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	clockwork_pass(HOUR);
	assert_int_equal(expire(), 1000);
	assert_int_equal(unit_stats().entries, 0);
	assert_int_equal(unit_stats().segments, 0);
	expect_table_in_step();
}

/* ---- what is damaged --------------------------------------------------- */

/* Rows of an entry that is not there, of another time, without a key. */
static void
add_wrong_rows(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_entry_record head = { .id = 77, .expires_ns = 5 };

	assert_status(
		bci_expiry_change(txn, tables, "absent", 6, NULL, &head, NULL),
		BC_OK, NULL);
	head.expires_ns = 6;
	assert_status(
		bci_expiry_change(txn, tables, "kept", 4, NULL, &head, NULL),
		BC_OK, NULL);
	head.id = 1;
	head.expires_ns = 7;
	assert_status(
		bci_expiry_change(txn, tables, "kept", 4, NULL, &head, NULL),
		BC_OK, NULL);
	head.expires_ns = 8;
	assert_status(bci_expiry_change(txn, tables, "", 0, NULL, &head, NULL),
	              BC_OK, NULL);
}

static void
rows_that_say_something_else_than_the_entry_go_alone(void **state)
{
	(void)state;
	timed_put("kept", HOUR);
	unit_change_catalogue(add_wrong_rows);
	unit_reopen(NULL);
	assert_int_equal(expire(), 0);
	assert_true(timed_served("kept"));
	expect_table_in_step();
}

static void
break_table(struct MDB_txn *txn, const struct bci_tables *tables)
{
	assert_status(
		bci_table_put(txn, tables->expiry, "short", 5, "k", 1, NULL),
		BC_OK, NULL);
}

static void
a_damaged_table_keeps_nobody_from_putting(void **state)
{
	struct bc_error err;

	(void)state;
	unit_change_catalogue(break_table);
	unit_reopen(NULL);
	timed_put("a", HOUR);
	assert_true(timed_served("a"));
	assert_status(bc_expire(fixture.cache, NULL, &err), BC_CORRUPT, &err);
}

static void
who_may_not_write_expires_nothing(void **state)
{
	struct bc_options options = unit_options();
	struct bc_error err;

	(void)state;
	timed_put("a", HOUR);
	options.flags = BC_OPEN_READONLY;
	unit_reopen(&options);
	clockwork_pass(DAY);
	assert_status(bc_expire(fixture.cache, NULL, &err), BC_READONLY, &err);
	assert_false(timed_served("a"));
}

/* ---- clocks ------------------------------------------------------------ */

static void
a_clock_that_was_wrong_for_a_moment_costs_nothing(void **state)
{
	(void)state;
	timed_put("a", HOUR);
	timed_put("b", DAY);
	clockwork_set(YEARS);
	assert_false(timed_served("a"));
	assert_int_equal(expire(), 0);
	timed_put("other", BC_TTL_NEVER);
	assert_true(stored("a") && stored("b"));
	clockwork_set(-YEARS);
	assert_true(timed_served("a") && timed_served("b"));
	assert_int_equal(expire(), 0);
	timed_put("other", BC_TTL_NEVER);
	assert_true(timed_served("a") && timed_served("b") &&
	            timed_served("other"));
	expect_table_in_step();
}

static void
a_clock_that_stands_for_a_minute_is_believed(void **state)
{
	(void)state;
	timed_put("a", HOUR);
	clockwork_set(DAY);
	assert_int_equal(expire(), 0);
	clockwork_pass(MINUTE - UNIT_SECOND_NS);
	assert_int_equal(expire(), 0);
	clockwork_pass(UNIT_SECOND_NS);
	assert_int_equal(expire(), 1);
}

static void
time_that_passes_without_a_commit_is_believed(void **state)
{
	(void)state;
	timed_put("a", HOUR);
	clockwork_pass(400 * DAY);
	assert_int_equal(expire(), 1);
}

/* As if the newest commit had been made before the machine was booted. */
static void
be_of_another_boot(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_state_record stored;
	struct bc_error err;

	assert_status(bci_state_load(txn, tables, &stored, &err), BC_OK, &err);
	stored.boot_id[0] ^= 1;
	assert_status(bci_state_store(txn, tables, &stored, &err), BC_OK, &err);
}

static void
after_a_boot_the_clock_is_believed_in_a_minute(void **state)
{
	(void)state;
	timed_put("a", HOUR);
	unit_change_catalogue(be_of_another_boot);
	clockwork_pass(DAY);
	clockwork_boot(30 * UNIT_SECOND_NS);
	unit_reopen(NULL);
	assert_int_equal(expire(), 0);
	assert_false(timed_served("a"));
	clockwork_pass(30 * UNIT_SECOND_NS);
	assert_int_equal(expire(), 1);
}

static void
what_was_put_in_the_future_lives_no_longer_than_it_may(void **state)
{
	int64_t expires_ns;

	(void)state;
	configure(3 * HOUR, 0);
	timed_put("early", DAY);
	clockwork_set(YEARS);
	timed_put("a", HOUR);
	timed_put("b", BC_TTL_DEFAULT);
	timed_put("never", BC_TTL_NEVER);
	expires_ns = unit_info("early").expires_ns;
	clockwork_set(-YEARS);
	timed_put("other", BC_TTL_NEVER);
	assert_true(unit_info("early").expires_ns == expires_ns);
	assert_true(timed_served("a") && timed_served("b"));
	expect_table_in_step();
	clockwork_pass(HOUR);
	assert_false(timed_served("a"));
	assert_true(timed_served("b"));
	clockwork_pass(2 * HOUR);
	assert_false(timed_served("b"));
	assert_true(timed_served("never") && timed_served("early"));
	assert_int_equal(expire(), 2);
	expect_table_in_step();
}

static void
a_day_back_shortens_what_would_live_longer(void **state)
{
	(void)state;
	timed_put("a", HOUR);
	clockwork_set(-DAY);
	timed_put("other", BC_TTL_NEVER);
	assert_true(timed_served("a"));
	clockwork_pass(HOUR);
	assert_false(timed_served("a"));
	assert_int_equal(expire(), 1);
}

static void
a_monotonic_clock_that_begins_anew_harms_nobody(void **state)
{
	(void)state;
	timed_put("a", HOUR);
	clockwork_reset_monotonic();
	timed_put("b", HOUR);
	assert_true(timed_served("a") && timed_served("b"));
	clockwork_pass(HOUR);
	assert_int_equal(expire(), 2);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, timed_teardown)
		TEST(what_expires_is_a_miss_and_then_removed),
		TEST(the_table_follows_whatever_becomes_of_an_entry),
		TEST(a_cache_has_a_default_that_a_put_may_overrule),
		TEST(commits_remove_a_few_once_the_interval_is_over),
		TEST(a_sweep_takes_as_many_commits_as_it_needs),
		TEST(rows_that_say_something_else_than_the_entry_go_alone),
		TEST(a_damaged_table_keeps_nobody_from_putting),
		TEST(who_may_not_write_expires_nothing),
		TEST(a_clock_that_was_wrong_for_a_moment_costs_nothing),
		TEST(a_clock_that_stands_for_a_minute_is_believed),
		TEST(time_that_passes_without_a_commit_is_believed),
		TEST(after_a_boot_the_clock_is_believed_in_a_minute),
		TEST(what_was_put_in_the_future_lives_no_longer_than_it_may),
		TEST(a_day_back_shortens_what_would_live_longer),
		TEST(a_monotonic_clock_that_begins_anew_harms_nobody),
#undef TEST
	};

	return cmocka_run_group_tests_name("expire", tests, NULL, NULL);
}

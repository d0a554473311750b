/* SPDX-License-Identifier: MIT */
/*
 * test_repair.c - damage of every kind, repaired: what was not damaged is all
 * there, the rest is listed, and verifying finds nothing.
 */
#include "commits.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "fault/shim.h"
#include "quarantine.h"

#define COUNT 8

static void
key_at(unsigned index, char key[16])
{
	snprintf(key, 16, "key/%u", index);
}

static uint64_t
rows_at(unsigned index)
{
	return index % 3 == 0 ? 2 : index % 3 * 4000;
}

static void
fill(void)
{
	char key[16];

	for (unsigned i = 0; i < COUNT; i++) {
		key_at(i, key);
		unit_put(key, i + 1, rows_at(i));
	}
}

/* All are right but those of 'bad', a bit each, which are not there. */
static void
expect_all_but(unsigned bad)
{
	char key[16];

	for (unsigned i = 0; i < COUNT; i++) {
		key_at(i, key);
		if ((bad & 1u << i) != 0)
			expect_miss(fixture.cache, key, BC_MISS_ABSENT);
		else
			expect_hit(fixture.cache, key, i + 1);
	}
}

static struct bc_repair_report
repair(unsigned flags)
{
	struct bc_repair_options options = BC_REPAIR_OPTIONS_INIT;
	struct bc_repair_report report;
	struct bc_error err;

	options.flags = flags;
	assert_status(bc_repair(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	return report;
}

static void
expect_clean(void)
{
	struct bc_verify_report verified;
	struct bc_repair_report report = repair(0);
	struct bc_error err;

	assert_int_equal(report.bad_entries, 0);
	assert_int_equal(report.dropped_entries, 0);
	assert_int_equal(report.dropped_segments, 0);
	assert_int_equal(report.accounts, 0);
	assert_int_equal(report.rows, 0);
	assert_int_equal(report.stamps, 0);
	assert_int_equal(report.arenas, 0);
	assert_status(
		bc_verify(fixture.cache, NULL, NULL, NULL, &verified, &err),
		BC_OK, &err);
}

static int
note_key(void *context, const struct bc_quarantined *dropped)
{
	char *keys = context;

	require(dropped->time_ns > 0 && dropped->reason[0] != '\0');
	strcat(keys, dropped->key);
	strcat(keys, dropped->arena != 0 ? "* " : " ");
	return 0;
}

static uint64_t
quarantined(char keys[200])
{
	struct bc_error err;
	uint64_t count;

	keys[0] = '\0';
	assert_status(
		bc_quarantine(fixture.cache, note_key, keys, &count, &err),
		BC_OK, &err);
	return count;
}

/* ---- nothing wrong ----------------------------------------------------- */

static void
what_is_not_damaged_is_left_alone(void **state)
{
	struct bc_stats before, after;
	char keys[200];

	(void)state;
	expect_clean(); /* Empty. */
	fill();
	for (uint64_t version = 1; version <= 20; version++)
		commit_put(fixture.cache, version);
	assert_status(bc_remove(fixture.cache, "key/1", NULL), BC_OK, NULL);
	before = unit_stats();
	expect_clean();
	after = unit_stats();
	assert_int_equal(before.entries, after.entries);
	assert_int_equal(before.live_bytes, after.live_bytes);
	assert_int_equal(before.warm_bytes, after.warm_bytes);
	assert_int_equal(quarantined(keys), 0);
}

static void
wrong_options_are_refused(void **state)
{
	struct bc_repair_options options = BC_REPAIR_OPTIONS_INIT;
	struct bc_error err;

	(void)state;
	options.flags = 8;
	assert_status(bc_repair(fixture.cache, &options, NULL, &err),
	              BC_INVALID, &err);
	options.flags = 0;
	options.struct_size = 3;
	assert_status(bc_repair(fixture.cache, &options, NULL, &err),
	              BC_INVALID, &err);
}

/* ---- segments ---------------------------------------------------------- */

static void
damaged_segments_go_and_are_listed(void **state)
{
	struct bc_repair_report report;
	char keys[200];

	(void)state;
	fill();
	unit_flip("key/1", unit_locate("key/1").header_bytes + 100);
	unit_flip("key/5", 40); /* In the header. */
	unit_reopen(NULL);
	report = repair(BC_REPAIR_DRY_RUN);
	assert_int_equal(report.entries, COUNT);
	assert_int_equal(report.bad_entries, 2);
	assert_int_equal(report.dropped_entries, 0);
	assert_int_equal(quarantined(keys), 0);
	assert_int_equal(unit_stats().entries, COUNT);
	report = repair(0);
	assert_int_equal(report.bad_entries, 2);
	assert_int_equal(report.dropped_segments, 2);
	assert_int_equal(report.accounts, 0);
	expect_all_but(1u << 1 | 1u << 5);
	assert_int_equal(quarantined(keys), 2);
	assert_string_equal(keys, "key/1* key/5* ");
	expect_clean();
	unit_reopen(NULL);
	expect_all_but(1u << 1 | 1u << 5);
	unit_put("key/1", 2, rows_at(1));
	unit_put("key/5", 6, rows_at(5));
	expect_all_but(0);
}

/* What a repair says while it reads. */
struct heard {
	char keys[64];
	uint64_t done, total;
	unsigned calls;
};

static void
hear_bad(void *context, const char *key, const char *reason)
{
	struct heard *heard = context;

	assert_true(reason[0] != '\0');
	strcat(heard->keys, key);
	strcat(heard->keys, " ");
}

static void
hear_progress(void *context, uint64_t done, uint64_t total)
{
	struct heard *heard = context;

	assert_true(done >= heard->done && done <= total);
	assert_true(heard->calls++ == 0 || total == heard->total);
	heard->done = done;
	heard->total = total;
}

static void
what_is_found_is_told_as_it_is_read(void **state)
{
	static const unsigned flags[] = { BC_REPAIR_DRY_RUN, 0 };
	struct bc_error err;

	(void)state;
	fill();
	unit_flip("key/2", unit_locate("key/2").header_bytes + 100);
	unit_flip("key/4", 40); /* In the header. */
	for (size_t i = 0; i < BCI_COUNT(flags); i++) {
		struct bc_repair_options options = BC_REPAIR_OPTIONS_INIT;
		struct heard heard = { .keys = "" };

		options.flags = flags[i];
		options.function = hear_bad;
		options.progress = hear_progress;
		options.context = &heard;
		unit_reopen(NULL);
		assert_status(bc_repair(fixture.cache, &options, NULL, &err),
		              BC_OK, &err);
		assert_string_equal(heard.keys, "key/2 key/4 ");
		assert_int_equal(heard.calls, COUNT);
		assert_true(heard.done > heard.total / 2);
	}
	expect_all_but(1u << 2 | 1u << 4);
}

static void
of_a_series_only_the_damaged_part_goes(void **state)
{
	const int64_t step = 60 * UNIT_SECOND_NS;
	struct bc_repair_report report;
	int64_t times[9000];
	double closes[9000];
	struct bc_column column = { .name = "close", .type = BC_F64 };
	struct bc_frame frame = { 3000, NULL, &column, 1 };
	struct bci_locator first;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	for (unsigned i = 0; i < 9000; i++) {
		times[i] = i * step;
		closes[i] = i;
	}
	for (unsigned part = 0; part < 3; part++) {
		frame.time_ns = times + 3000 * part;
		column.data = closes + 3000 * part;
		assert_status(bc_append(fixture.cache, "s/m/X/1m", &frame, NULL,
		                        NULL, &err),
		              BC_OK, &err);
	}
	first = unit_locate("s/m/X/1m");
	unit_flip("s/m/X/1m", first.header_bytes + 64);
	unit_reopen(NULL);
	report = repair(0);
	assert_int_equal(report.bad_entries, 1);
	assert_int_equal(report.dropped_entries, 0);
	assert_true(report.dropped_segments >= 1);
	assert_status(bc_read(fixture.cache, "s/m/X/1m", times[first.rows],
	                      INT64_MAX, NULL, 0, &view),
	              BC_OK, NULL);
	assert_int_equal(view.rows, 9000 - first.rows);
	assert_int_equal(bc_view_f64(&view, "close")[0], first.rows);
	bc_view_release(&view);
	assert_status(bc_read(fixture.cache, "s/m/X/1m", 0, 10 * step, NULL, 0,
	                      &view),
	              BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_NOT_COVERED);
	expect_clean();
}

static void
a_lost_arena_takes_what_it_had(void **state)
{
	struct bc_repair_report report;
	char path[TEST_PATH];
	int fd;

	(void)state;
	fill();
	bc_close(fixture.cache);
	assert_int_equal(unlink(unit_arena_path(path, 1)), 0);
	/* And files that nothing names. */
	unit_arena_path(path, 77);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	fixture.cache = unit_open(NULL);
	report = repair(0);
	assert_true(report.bad_entries >= 4);
	expect_all_but(1u << 1 | 1u << 2 | 1u << 4 | 1u << 5 | 1u << 7);
	assert_int_equal(access(path, F_OK), -1);
	expect_clean();
	fill(); /* The record of the lost one was still there. */
	expect_all_but(0);
	assert_true(repair(0).arenas <= 1);
	expect_clean();
}

/* ---- the catalogue ----------------------------------------------------- */

static void
damage_records(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_bytes value;
	unsigned char record[2000];

	/* An inline value with another byte. */
	assert_status(bci_table_get(txn, tables->entries, "key/3", 5, &value),
	              BC_OK, NULL);
	memcpy(record, value.data, value.size);
	record[value.size - 1] ^= 4;
	assert_status(bci_table_put(txn, tables->entries, "key/3", 5, record,
	                            value.size, NULL),
	              BC_OK, NULL);
	/* A record that is none, and one that is cut. */
	assert_status(
		bci_table_put(txn, tables->entries, "key/4", 5, "?", 1, NULL),
		BC_OK, NULL);
	assert_status(bci_table_get(txn, tables->entries, "key/5", 5, &value),
	              BC_OK, NULL);
	memcpy(record, value.data, value.size);
	record[1] = 9;
	assert_status(bci_table_put(txn, tables->entries, "key/5", 5, record,
	                            value.size, NULL),
	              BC_OK, NULL);
	/* A locator to another place. */
	assert_status(bci_table_get(txn, tables->entries, "key/7", 5, &value),
	              BC_OK, NULL);
	memcpy(record, value.data, value.size);
	record[32 + 8 + 1] ^= 0x10;
	assert_status(bci_table_put(txn, tables->entries, "key/7", 5, record,
	                            value.size, NULL),
	              BC_OK, NULL);
}

static void
damaged_records_of_entries_go(void **state)
{
	struct bc_repair_report report;
	char keys[200];

	(void)state;
	fill();
	unit_change_catalogue(damage_records);
	fixture.cache = unit_open(NULL);
	report = repair(0);
	assert_int_equal(report.bad_entries, 4);
	assert_int_equal(quarantined(keys), 4);
	/* What the records of two had named is without an entry. */
	assert_true(report.rows > 0);
	expect_all_but(1u << 3 | 1u << 4 | 1u << 5 | 1u << 7);
	expect_clean();
	fill();
	expect_all_but(0);
	expect_clean();
}

static void
damage_accounts(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_arena_record arena;
	struct bci_state_record state;
	const uint64_t strange = 4711;
	unsigned char zeros[96] = { 0 };
	struct bci_order_key order = bci_order_key_of(strange, 5);

	assert_status(bci_state_load(txn, tables, &state, NULL), BC_OK, NULL);
	state.entries += 3;
	state.segments = 1;
	state.live_bytes = 12;
	state.linked_warm_bytes += 4096;
	state.evicted = 9;
	state.next_entry = 2;
	assert_status(bci_state_store(txn, tables, &state, NULL), BC_OK, NULL);
	assert_status(bci_arena_load(txn, tables, 1, &arena), BC_OK, NULL);
	arena.live_bytes = 1;
	arena.segments = 1;
	assert_status(bci_arena_store(txn, tables, 1, &arena, NULL), BC_OK,
	              NULL);
	/* A slot that is used is free; rows of an entry that is not there. */
	assert_status(bci_slot_give(txn, tables, 0, NULL), BC_OK, NULL);
	assert_status(bci_table_put(txn, tables->details, &strange, 8, zeros,
	                            96, NULL),
	              BC_OK, NULL);
	assert_status(bci_table_put(txn, tables->coverage, &order,
	                            sizeof(order), zeros, 16, NULL),
	              BC_OK, NULL);
	assert_status(bci_table_put(txn, tables->expiry, "\x80zz", 3, zeros, 16,
	                            NULL),
	              BC_OK, NULL);
}

static void
wrong_accounts_are_put_right(void **state)
{
	struct bc_stats before, after;
	struct bc_repair_report report;
	char keys[200];

	(void)state;
	fill();
	before = unit_stats();
	unit_change_catalogue(damage_accounts);
	fixture.cache = unit_open(NULL);
	report = repair(BC_REPAIR_DRY_RUN);
	assert_true(report.accounts >= 8);
	assert_int_equal(unit_stats().entries, COUNT + 3);
	report = repair(0);
	assert_true(report.accounts >= 8);
	assert_int_equal(report.rows, 3);
	assert_int_equal(report.bad_entries, 0);
	after = unit_stats();
	assert_int_equal(before.entries, after.entries);
	assert_int_equal(before.segments, after.segments);
	assert_int_equal(before.live_bytes, after.live_bytes);
	assert_int_equal(before.warm_bytes, after.warm_bytes);
	expect_all_but(0);
	assert_int_equal(quarantined(keys), 0);
	expect_clean();
	unit_put("new", 1, 4000); /* With an id of its own. */
	expect_all_but(0);
	expect_hit(fixture.cache, "new", 1);
	expect_clean();
}

static void
missing_rows_of_expiry_come_back(struct MDB_txn *txn,
                                 const struct bci_tables *tables)
{
	struct MDB_cursor *cursor;
	struct bci_bytes key, value;
	unsigned char copy[64];
	size_t bytes;

	assert_status(bci_cursor_open(txn, tables->expiry, &cursor, NULL),
	              BC_OK, NULL);
	assert_status(bci_cursor_move(cursor, BCI_FIRST, &key, &value), BC_OK,
	              NULL);
	bytes = key.size;
	memcpy(copy, key.data, bytes);
	bci_cursor_close(cursor);
	assert_status(bci_table_delete(txn, tables->expiry, copy, bytes, NULL),
	              BC_OK, NULL);
}

static void
what_expires_is_found_again(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;

	(void)state;
	options.ttl_ns = 1000 * UNIT_SECOND_NS;
	assert_status(
		bc_put_blob(fixture.cache, "e", "12345678", 8, &options, &err),
		BC_OK, &err);
	expect_clean();
	unit_change_catalogue(missing_rows_of_expiry_come_back);
	fixture.cache = unit_open(NULL);
	assert_int_equal(repair(0).rows, 1);
	expect_clean();
}

/* ---- the ledger -------------------------------------------------------- */

static void
stamps_of_others_begin_anew(void **state)
{
	struct bci_env *env;
	struct bci_locator locator;

	(void)state;
	fill();
	assert_status(bci_cache_env(fixture.cache, &env, NULL), BC_OK, NULL);
	locator = unit_locate("key/1");
	bci_slot_begin(&env->ledger, locator.slot, 12345, 1);
	assert_int_equal(unit_info("key/1").access_count, 0);
	assert_int_equal(repair(BC_REPAIR_DRY_RUN).stamps, 1);
	assert_int_equal(repair(0).stamps, 1);
	assert_int_equal(unit_info("key/1").access_count, 1);
	/* So a segment can be marked again. */
	unit_flip("key/1", locator.header_bytes + 8);
	unit_reopen(NULL);
	assert_int_equal(repair(0).bad_entries, 1);
	expect_all_but(1u << 1);
	expect_clean();
}

/* ---- limits and faults ------------------------------------------------- */

static void
the_list_keeps_the_newest(void **state)
{
	struct bci_env *env;
	struct MDB_txn *txn;
	const struct bci_bytes key = { 1, "k" };
	uint64_t count;
	struct bc_error err;

	(void)state;
	assert_status(bci_cache_env(fixture.cache, &env, NULL), BC_OK, NULL);
	assert_status(bci_txn_begin(env->db, &txn, &err), BC_OK, &err);
	for (int64_t i = 1; i <= BCI_QUARANTINE_MAX + 50; i++)
		assert_status(bci_quarantine_add(txn, &env->tables, &key, 1,
		                                 NULL, "reason", i, &err),
		              BC_OK, &err);
	assert_status(bci_txn_commit(&txn, &err), BC_OK, &err);
	assert_status(bc_quarantine(fixture.cache, NULL, NULL, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, BCI_QUARANTINE_MAX);
}

static void
repair_under_fault(void *argument)
{
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	struct bc_error err;
	enum bc_status status;

	fault_arm(argument);
	status = bc_repair(cache, NULL, NULL, &err);
	fault_disarm();
	bc_close(cache);
	require(status == BC_OK || status == err.status);
}

static void
a_kill_at_any_call_harms_nothing(void **state)
{
	struct fault_plan plan = { .calls = FAULT_IO, .mode = FAULT_KILL };
	unsigned killed = 0;
	int result;

	(void)state;
	for (plan.at = 1;; plan.at++) {
		unit_restart(NULL);
		fill();
		unit_flip("key/4", 200);
		unit_change_catalogue(damage_accounts);
		result = test_child_run(repair_under_fault, &plan);
		fixture.cache = unit_open(NULL);
		if (result == 0)
			break;
		assert_int_equal(result, TEST_CHILD_SIGNAL + SIGKILL);
		killed++;
		repair(0);
		expect_all_but(1u << 4);
		expect_clean();
	}
	assert_true(killed > 10);
	expect_all_but(1u << 4);
	expect_clean();
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_not_damaged_is_left_alone),
		TEST(wrong_options_are_refused),
		TEST(damaged_segments_go_and_are_listed),
		TEST(what_is_found_is_told_as_it_is_read),
		TEST(of_a_series_only_the_damaged_part_goes),
		TEST(a_lost_arena_takes_what_it_had),
		TEST(damaged_records_of_entries_go),
		TEST(wrong_accounts_are_put_right),
		TEST(what_expires_is_found_again),
		TEST(stamps_of_others_begin_anew),
		TEST(the_list_keeps_the_newest),
		TEST(a_kill_at_any_call_harms_nothing),
	};

	return cmocka_run_group_tests_name("repair", tests, NULL, NULL);
}

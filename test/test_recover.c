/* SPDX-License-Identifier: MIT */
/*
 * test_recover.c - what writers do about another boot, an arena that was
 * rolled back, a scratch cache of before, and leftover files.
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "create.h"
#include "hash.h"

/* ------------------------------------------------------------------------ */
/*  Another boot                                                            */
/* ------------------------------------------------------------------------ */

static uint8_t seen_boot[16], seen_unsynced;
static uint64_t seen_active;

static void
look_at_state(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_state_record state;
	struct bc_error err;

	assert_status(bci_state_load(txn, tables, &state, &err), BC_OK, &err);
	memcpy(seen_boot, state.boot_id, 16);
	seen_unsynced = state.unsynced;
	seen_active = state.active_arena;
}

static void
change_boot(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_state_record state;
	struct bc_error err;

	assert_status(bci_state_load(txn, tables, &state, &err), BC_OK, &err);
	memset(state.boot_id, 0xb0, 16);
	assert_status(bci_state_store(txn, tables, &state, &err), BC_OK, &err);
}

/* And no arena was ever synced. */
static void
change_boot_unsynced(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_arena_record arena;
	struct bc_error err;
	uint64_t number;

	change_boot(txn, tables);
	for (number = 1; number < 20; number++) {
		if (bci_arena_load(txn, tables, number, &arena) != BC_OK)
			continue;
		arena.synced_bytes = 0;
		assert_status(
			bci_arena_store(txn, tables, number, &arena, &err),
			BC_OK, &err);
	}
}

/* Leave the cache closed as after change_boot(); open it again by 'open'. */
static void
after_another_boot(unit_change *change)
{
	struct bc_options options = unit_options();
	uint8_t boot[16];

	unit_change_catalogue(change);
	unit_reopen(&options);
	unit_change_catalogue(look_at_state);
	bci_boot_id(boot);
	assert_memory_equal(seen_boot, boot, 16);
	assert_int_equal(seen_unsynced, 0);
	unit_reopen(&options);
}

static void
another_boot_seals_the_arena_in_use(void **state)
{
	uint32_t before;

	(void)state;
	unit_put("a", 1, 100);
	before = unit_locate("a").arena;
	after_another_boot(change_boot);
	assert_int_equal(seen_active, 0);
	expect_hit(fixture.cache, "a", 1);
	unit_put("b", 1, 100);
	assert_true(unit_locate("b").arena > before);
	expect_hit(fixture.cache, "a", 1);
	expect_hit(fixture.cache, "b", 1);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 0);
}

static void
another_boot_drops_what_is_damaged_and_never_synced(void **state)
{
	(void)state;
	unit_put("a", 1, 9000);
	unit_put("b", 1, 9000);
	unit_put("inline", 1, 2);
	unit_flip("b", 300000);
	after_another_boot(change_boot_unsynced);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 1);
	expect_hit(fixture.cache, "a", 1);
	expect_miss(fixture.cache, "b", BC_MISS_ABSENT);
	expect_hit(fixture.cache, "inline", 1);
	assert_int_equal(unit_stats().entries, 2);
	assert_int_equal(unit_stats().segments, 2);
}

static void
what_was_synced_is_not_checked_after_a_boot(void **state)
{
	struct bc_error err;

	(void)state;
	unit_put("b", 1, 9000);
	assert_status(bc_sync(fixture.cache, &err), BC_OK, &err);
	unit_flip("b", 300000);
	after_another_boot(change_boot);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 0);
	expect_miss(fixture.cache, "b", BC_MISS_CORRUPT); /* by its reader */
}

static void
a_handle_to_read_leaves_recovery_to_others(void **state)
{
	struct bc_options options = unit_options();
	struct bc_view view;

	(void)state;
	unit_put("a", 1, 9000);
	unit_put("b", 1, 9000);
	unit_flip("b", 300000);
	unit_change_catalogue(change_boot_unsynced);
	options.flags = BC_OPEN_READONLY;
	options.checking = BC_CHECK_NEVER; /* not now */
	unit_reopen(&options);
	expect_hit(fixture.cache, "a", 1);
	assert_status(bc_get(fixture.cache, "b", &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	unit_change_catalogue(look_at_state);
	assert_int_equal(seen_boot[0], 0xb0);
	unit_reopen(NULL);
}

/* ------------------------------------------------------------------------ */
/*  Scratch caches                                                          */
/* ------------------------------------------------------------------------ */

/* The marker is config, boot, checksum of both. */
#define MARKER_BYTES 152
#define MARKER_BOOT 128

static void
patch_marker(bool with_checksum)
{
	unsigned char marker[MARKER_BYTES];
	char path[TEST_PATH];
	uint64_t checksum;
	int fd;

	bc_close(fixture.cache);
	fixture.cache = NULL;
	fd = open(test_path(path, fixture.dir.cache, "scratch"), O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, marker, sizeof(marker)), MARKER_BYTES);
	memset(marker + MARKER_BOOT, 0xb0, 16);
	checksum = bci_hash64(marker, MARKER_BYTES - 8);
	if (with_checksum)
		memcpy(marker + MARKER_BYTES - 8, &checksum, 8);
	assert_int_equal(pwrite(fd, marker, sizeof(marker), 0), MARKER_BYTES);
	close(fd);
}

static void
a_scratch_cache_of_another_boot_begins_afresh(void **state)
{
	struct bc_options options = unit_options();
	struct bc_config before, after;
	char path[TEST_PATH];
	struct bc_error err;

	(void)state;
	options.durability = BC_SCRATCH;
	options.warm_bytes = 77 << 20;
	options.entries_max = 7;
	unit_restart(&options);
	unit_put("a", 1, 9000);
	assert_status(bc_config_get(fixture.cache, &before, &err), BC_OK, &err);
	unit_arena_path(path, unit_locate("a").arena);
	patch_marker(true);
	unit_reopen(NULL);
	assert_int_equal(fixture.events[BC_EVENT_DISCARD], 1);
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	assert_int_equal(access(path, F_OK), -1);
	assert_status(bc_config_get(fixture.cache, &after, &err), BC_OK, &err);
	assert_int_equal(after.durability, BC_SCRATCH);
	assert_int_equal(after.warm_bytes, 77 << 20);
	assert_int_equal(after.entries_max, 7);
	assert_true(after.cache_id != before.cache_id);
	unit_put("a", 2, 9000);
	unit_reopen(NULL);
	expect_hit(fixture.cache, "a", 2);
	assert_int_equal(fixture.events[BC_EVENT_DISCARD], 1);
}

static void
a_damaged_marker_discards_nothing(void **state)
{
	struct bc_options options = unit_options();
	struct bc_cache *cache = NULL;
	char path[TEST_PATH];
	struct bc_error err;

	(void)state;
	options.durability = BC_SCRATCH;
	unit_restart(&options);
	unit_put("a", 1, 9000);
	patch_marker(false);
	assert_status(bc_open(fixture.dir.cache, &options, &cache, &err),
	              BC_FORMAT, &err);
	assert_null(cache);
	assert_int_equal(unlink(test_path(path, fixture.dir.cache, "scratch")),
	                 0);
	unit_reopen(NULL);
	expect_hit(fixture.cache, "a", 1);
}

/* ------------------------------------------------------------------------ */
/*  Arenas                                                                  */
/* ------------------------------------------------------------------------ */

static void
copy_file(const char *from, const char *to)
{
	static char buffer[1 << 16];
	FILE *source = fopen(from, "rb"), *target = fopen(to, "wb");
	size_t got;

	assert_non_null(source);
	assert_non_null(target);
	while ((got = fread(buffer, 1, sizeof(buffer), source)) != 0)
		assert_int_equal(fwrite(buffer, 1, got, target), got);
	fclose(source);
	fclose(target);
}

/* The arena of "new" goes back to before it; reads may come before a put. */
static void
roll_back(bool read_first)
{
	char arena[TEST_PATH], older[TEST_PATH];
	uint32_t before;

	unit_restart(NULL);
	unit_put("old", 1, 9000);
	before = unit_locate("old").arena;
	unit_reopen(NULL);
	unit_arena_path(arena, before);
	copy_file(arena, test_path(older, fixture.dir.path, "older"));
	unit_put("new", 1, 9000);
	assert_int_equal(unit_locate("new").arena, before);
	bc_close(fixture.cache);
	fixture.cache = NULL;
	copy_file(older, arena);
	unit_reopen(NULL);
	if (read_first) {
		expect_hit(fixture.cache, "old", 1);
		expect_miss(fixture.cache, "new", BC_MISS_CORRUPT);
	}
	atomic_store(&fixture.events[BC_EVENT_ROLLBACK], 0);
	unit_put("next", 1, 9000);
	assert_int_equal(fixture.events[BC_EVENT_ROLLBACK], 1);
	assert_true(unit_locate("next").arena > before);
	expect_hit(fixture.cache, "old", 1);
	expect_hit(fixture.cache, "next", 1);
	expect_miss(fixture.cache, "new", BC_MISS_ABSENT);
	unit_put("again", 1, 9000);
	assert_int_equal(fixture.events[BC_EVENT_ROLLBACK], 1);
}

static void
an_arena_that_was_rolled_back_serves_no_wrong_byte(void **state)
{
	(void)state;
	roll_back(true);
	roll_back(false);
}

static bool
exists(const char *name)
{
	char path[TEST_PATH];

	return access(test_path(path, fixture.dir.cache, name), F_OK) == 0;
}

static void
make_leftover(const char *name)
{
	char path[TEST_PATH];
	FILE *file = fopen(test_path(path, fixture.dir.cache, name), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite("leftover", 1, 8, file), 8);
	fclose(file);
}

static void
leftover_files_are_swept_by_the_first_writer(void **state)
{
	static const char *const names[] = {
		"warm/00000099.mdb", "warm/00000098.mdb.new",
		"cold/00000097.mdb", "meta.mdb.new",
		"scratch.new",
	};
	static const char *const others[] = { "warm/README", "warm/99.mdb" };
	unsigned i;

	(void)state;
	unit_put("a", 1, 100);
	unit_reopen(NULL);
	for (i = 0; i < 5; i++)
		make_leftover(names[i]);
	for (i = 0; i < 2; i++)
		make_leftover(others[i]);
	expect_hit(fixture.cache, "a", 1);
	assert_true(exists(names[0])); /* A reader removes nothing. */
	unit_put("b", 1, 100);
	for (i = 0; i < 5; i++)
		assert_false(exists(names[i]));
	for (i = 0; i < 2; i++)
		assert_true(exists(others[i])); /* not ours */
	expect_hit(fixture.cache, "a", 1);
	expect_hit(fixture.cache, "b", 1);
}

static void
an_unfinished_arena_of_the_next_number_is_no_obstacle(void **state)
{
	(void)state;
	make_leftover("warm/00000001.mdb");
	make_leftover("warm/00000001.mdb.new");
	unit_put("a", 1, 100);
	assert_int_equal(unit_locate("a").arena, 1);
	expect_hit(fixture.cache, "a", 1);
	unit_reopen(NULL);
	expect_hit(fixture.cache, "a", 1);
}

/*
 * What a commit would have dropped from the ledger is still there if it fails:
 * the mark of a damaged value, and the accesses of one that was to be replaced.
 */
static void
a_commit_that_fails_takes_nothing_from_the_ledger(void **state)
{
	struct bc_put_options only_new = BC_PUT_OPTIONS_INIT;
	struct bc_error err;
	uint64_t accesses;

	(void)state;
	only_new.flags = BC_PUT_NEW;
	unit_put("a", 1, 100);
	unit_put("b", 1, 100);
	unit_reopen(NULL);
	unit_flip("a", unit_locate("a").header_bytes);
	expect_miss(fixture.cache, "a", BC_MISS_CORRUPT);
	expect_hit(fixture.cache, "b", 1);
	accesses = unit_info("b").access_count;
	assert_status(bc_put_blob(fixture.cache, "b", "x", 1, &only_new, &err),
	              BC_EXISTS, &err);
	assert_int_equal(unit_info("b").access_count, accesses);
	assert_int_equal(unit_stats().entries, 2);
	unit_put("c", 1, 100);
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	assert_int_equal(unit_stats().entries, 2);
}

static void
damage_small(struct MDB_txn *txn, const struct bci_tables *tables)
{
	unsigned char copy[2048];
	struct bci_bytes record;

	assert_status(bci_table_get(txn, tables->entries, "small", 5, &record),
	              BC_OK, NULL);
	assert_true(record.size < sizeof(copy));
	memcpy(copy, record.data, record.size);
	copy[record.size - 1] ^= 4;
	assert_status(bci_table_put(txn, tables->entries, "small", 5, copy,
	                            record.size, NULL),
	              BC_OK, NULL);
}

/* As a large one does: see the one above. */
static void
a_small_value_that_was_found_bad_goes_as_well(void **state)
{
	struct bc_error err;

	(void)state;
	assert_status(
		bc_put_blob(fixture.cache, "small", "bytes", 5, NULL, &err),
		BC_OK, &err);
	assert_status(
		bc_put_blob(fixture.cache, "whole", "bytes", 5, NULL, &err),
		BC_OK, &err);
	unit_change_catalogue(damage_small);
	unit_reopen(NULL);
	expect_miss(fixture.cache, "small", BC_MISS_CORRUPT);
	unit_put("c", 1, 100);
	expect_miss(fixture.cache, "small", BC_MISS_ABSENT);
	assert_status(bc_exists(fixture.cache, "whole", NULL), BC_OK, NULL);
	assert_int_equal(unit_stats().entries, 2);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 1);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(another_boot_seals_the_arena_in_use),
		TEST(another_boot_drops_what_is_damaged_and_never_synced),
		TEST(what_was_synced_is_not_checked_after_a_boot),
		TEST(a_handle_to_read_leaves_recovery_to_others),
		TEST(a_scratch_cache_of_another_boot_begins_afresh),
		TEST(a_damaged_marker_discards_nothing),
		TEST(an_arena_that_was_rolled_back_serves_no_wrong_byte),
		TEST(leftover_files_are_swept_by_the_first_writer),
		TEST(an_unfinished_arena_of_the_next_number_is_no_obstacle),
		TEST(a_commit_that_fails_takes_nothing_from_the_ledger),
		TEST(a_small_value_that_was_found_bad_goes_as_well),
	};

	return cmocka_run_group_tests_name("recover", tests, NULL, NULL);
}

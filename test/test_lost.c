/* SPDX-License-Identifier: MIT */
/*
 * test_lost.c - arenas that are not what the catalogue says: without their
 * file, empty, cut short, or with a header that is wrong in one field.  What is
 * lost goes, the rest stays, and what is counted is right afterwards.
 */
#include "unit.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "segment.h"

#define VALUES 6u
#define ROWS 3000u

static char *
key_of(unsigned index, char key[8])
{
	snprintf(key, 8, "k%u", index);
	return key;
}

static void
change_boot(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_state_record stored;

	assert_status(bci_state_load(txn, tables, &stored, NULL), BC_OK, NULL);
	stored.boot_id[0] ^= 1;
	assert_status(bci_state_store(txn, tables, &stored, NULL), BC_OK, NULL);
}

/* As if the machine had been switched off: nothing is appended to what was. */
static void
boot(void)
{
	unit_change_catalogue(change_boot);
	unit_reopen(NULL);
}

/* Values in one arena, of which the last is dead, so that it can be cleaned. */
static void
fill(void)
{
	struct bc_error err;
	char key[8];

	for (unsigned i = 0; i <= VALUES; i++)
		unit_put(key_of(i, key), i + 1, ROWS);
	assert_int_equal(unit_locate("k0").arena,
	                 unit_locate(key_of(VALUES, key)).arena);
	assert_status(bc_remove(fixture.cache, key, &err), BC_OK, &err);
	assert_status(bc_sync(fixture.cache, &err), BC_OK, &err);
}

/* Those of 'lost', a bit each, are not there; the rest is as it was. */
static void
expect_lost(unsigned lost)
{
	struct bc_repair_report report;
	unsigned left = 0;
	struct bc_error err;
	char key[8];

	for (unsigned i = 0; i < VALUES; i++) {
		key_of(i, key);
		if ((lost & 1u << i) != 0)
			expect_miss(fixture.cache, key, BC_MISS_ABSENT);
		else
			expect_hit(fixture.cache, key, i + 1);
		left += (lost & 1u << i) == 0;
	}
	assert_int_equal(unit_stats().entries, left);
	assert_int_equal(unit_stats().segments, left);
	assert_status(bc_repair(fixture.cache, NULL, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.bad_entries, 0);
	assert_int_equal(report.accounts, 0);
	assert_int_equal(report.rows, 0);
	assert_int_equal(report.arenas, 0);
	unit_put("more", 99, ROWS);
	expect_hit(fixture.cache, "more", 99);
	assert_status(bc_remove(fixture.cache, "more", &err), BC_OK, &err);
}

static void
compact(void)
{
	struct bc_error err;

	assert_status(bc_compact(fixture.cache, NULL, NULL, &err), BC_OK, &err);
}

/* ---- without a file ---------------------------------------------------- */

/* What was evicted needs no sync: its arena may be gone and named all the same.
 */
static void
an_arena_without_its_file_takes_what_it_had(void **state)
{
	uint32_t first, second;
	char path[TEST_PATH];
	struct bc_error err;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		unit_put(i == 0 ? "k0" : i == 1 ? "k1" : "k2", i + 1, ROWS);
	boot();
	for (unsigned i = 3; i < VALUES; i++)
		unit_put(i == 3 ? "k3" : i == 4 ? "k4" : "k5", i + 1, ROWS);
	first = unit_locate("k0").arena;
	second = unit_locate("k5").arena;
	assert_int_not_equal(first, second);
	assert_int_equal(unlink(unit_arena_path(path, first)), 0);
	boot();
	expect_lost(07);
	/* The one that was appended to, too. */
	second = unit_locate("k5").arena;
	assert_status(bc_sync(fixture.cache, &err), BC_OK, &err);
	assert_int_equal(unlink(unit_arena_path(path, second)), 0);
	boot();
	expect_lost(077);
}

/* Nothing will be put there, and nobody cleans what is empty. */
static void
an_arena_that_was_empty_goes_when_it_is_sealed(void **state)
{
	struct bc_error err;
	char path[TEST_PATH];
	uint32_t arena;

	(void)state;
	unit_put("gone", 1, ROWS);
	arena = unit_locate("gone").arena;
	assert_status(bc_remove(fixture.cache, "gone", &err), BC_OK, &err);
	assert_int_equal(access(unit_arena_path(path, arena), F_OK), 0);
	boot();
	assert_int_not_equal(access(unit_arena_path(path, arena), F_OK), 0);
	expect_lost((1u << VALUES) - 1);
}

/* ---- with another content ---------------------------------------------- */

/* Write over 'count' bytes at 'at' of the segment of a key. */
static void
overwrite(const char *key, uint64_t at, const void *bytes, size_t count)
{
	struct bci_locator locator = unit_locate(key);
	char path[TEST_PATH];
	int fd = open(unit_arena_path(path, locator.arena), O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, count, (off_t)(locator.offset + at)),
	                 count);
	close(fd);
}

static void
an_arena_of_zeros_goes_with_what_it_had(void **state)
{
	static const unsigned char zeros[sizeof(struct bci_segment_header)];
	uint32_t arena;
	char path[TEST_PATH], key[8];

	(void)state;
	fill();
	arena = unit_locate("k0").arena;
	boot();
	for (unsigned i = 0; i < VALUES; i++)
		overwrite(key_of(i, key), 0, zeros, sizeof(zeros));
	compact();
	assert_int_not_equal(access(unit_arena_path(path, arena), F_OK), 0);
	assert_true(fixture.events[BC_EVENT_QUARANTINE] >= VALUES);
	expect_lost(077);
}

/* Fields of a header, and what is written there. */
static const struct {
	size_t at, bytes;
	uint64_t value;
} fields[] = {
	{ offsetof(struct bci_segment_header, magic), 1, 'X' },
	{ offsetof(struct bci_segment_header, cache_id), 8, 1 },
	{ offsetof(struct bci_segment_header, arena), 4, 77 },
	{ offsetof(struct bci_segment_header, header_bytes), 4, 0 },
	{ offsetof(struct bci_segment_header, header_bytes), 4, UINT32_MAX },
	{ offsetof(struct bci_segment_header, data_bytes), 8, UINT64_MAX },
	{ offsetof(struct bci_segment_header, data_bytes), 8, 1ull << 32 },
	{ offsetof(struct bci_segment_header, text_bytes), 8, UINT64_MAX },
	{ offsetof(struct bci_segment_header, text_bytes), 8, 1ull << 32 },
	{ offsetof(struct bci_segment_header, schema_bytes), 4, UINT32_MAX },
	{ offsetof(struct bci_segment_header, schema_bytes), 4, 4000 },
	{ offsetof(struct bci_segment_header, key_bytes), 2, 0 },
	{ offsetof(struct bci_segment_header, key_bytes), 2, BC_KEY_MAX + 1 },
	{ offsetof(struct bci_segment_header, key_bytes), 2, 1 },
};

/* It cannot be moved any more, whatever is wrong; its neighbours can. */
static void
a_header_that_is_wrong_takes_its_segment_alone(void **state)
{
	char path[TEST_PATH];
	uint32_t arena;

	(void)state;
	for (size_t i = 0; i < BCI_COUNT(fields); i++) {
		unit_restart(NULL);
		fill();
		arena = unit_locate("k0").arena;
		boot();
		overwrite("k2", fields[i].at, &fields[i].value,
		          fields[i].bytes);
		compact();
		assert_int_not_equal(access(unit_arena_path(path, arena), F_OK),
		                     0);
		expect_lost(1u << 2);
	}
}

static void
an_arena_that_was_cut_keeps_what_is_left(void **state)
{
	struct bci_locator locator;
	char path[TEST_PATH];

	(void)state;
	fill();
	locator = unit_locate("k4");
	boot();
	bc_close(fixture.cache);
	fixture.cache = NULL;
	assert_int_equal(truncate(unit_arena_path(path, locator.arena),
	                          (off_t)locator.offset),
	                 0);
	unit_reopen(NULL);
	compact();
	expect_lost(1u << 4 | 1u << 5);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_arena_without_its_file_takes_what_it_had),
		TEST(an_arena_that_was_empty_goes_when_it_is_sealed),
		TEST(an_arena_of_zeros_goes_with_what_it_had),
		TEST(a_header_that_is_wrong_takes_its_segment_alone),
		TEST(an_arena_that_was_cut_keeps_what_is_left),
	};

	return cmocka_run_group_tests_name("lost", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_odd_rows.c - rows of the catalogue that cannot be, in each table whose
 * names are bytes: names and values of another size.  Whoever meets one may say
 * so, in words; values are put and served as before, and a repair leaves
 * nothing to be found.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define VALUES 4u

/* Tables whose names are bytes, by their place in struct bci_tables. */
static const struct odd_table {
	const char *name;
	size_t at;
} odd_tables[] = {
#define TABLE(name)                                                            \
	{                                                                      \
#name, offsetof(struct bci_tables, name)                       \
	}
	TABLE(segments), TABLE(labels), TABLE(labelled),
	TABLE(expiry),   TABLE(ghosts), TABLE(coverage),
#undef TABLE
};

static const struct odd_table *odd;
static const void *odd_name;
static size_t odd_name_bytes, odd_value_bytes;

static void
add_odd(struct MDB_txn *txn, const struct bci_tables *tables)
{
	static const unsigned char value[64];
	const void *at = (const char *)tables + odd->at;
	unsigned number = atomic_load((const atomic_uint *)at);

	assert_status(bci_table_put(txn, number, odd_name, odd_name_bytes,
	                            value, odd_value_bytes, NULL),
	              BC_OK, NULL);
}

static char *
key_of(unsigned index, char key[8])
{
	snprintf(key, 8, "k%u", index);
	return key;
}

static int
count_entry(void *context, const struct bc_info *info)
{
	(void)info;
	++*(unsigned *)context;
	return 0;
}

/* What fails says so in words. */
static void
expect_words(enum bc_status status, const struct bc_error *err)
{
	if (status == BC_OK)
		return;
	assert_int_equal(err->status, status);
	assert_true(err->message[0] != '\0');
	assert_int_equal(status, BC_CORRUPT);
}

static void
work(void)
{
	static const char *const tags[] = { "word", NULL };
	struct bc_error err = { .status = BC_OK };
	unsigned count = 0;
	char key[8];

	for (unsigned i = 0; i < VALUES; i++)
		expect_hit(fixture.cache, key_of(i, key), i + 1);
	unit_put("more", 9, 3000);
	expect_hit(fixture.cache, "more", 9);
	assert_status(bc_tag(fixture.cache, "more", tags, BC_LABELS_ADD, &err),
	              BC_OK, &err);
	assert_status(bc_list(fixture.cache, NULL, count_entry, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, VALUES + 1);
	assert_status(bc_remove(fixture.cache, "more", &err), BC_OK, &err);
	expect_words(bc_expire(fixture.cache, NULL, &err), &err);
	expect_words(bc_quarantine(fixture.cache, NULL, NULL, NULL, &err),
	             &err);
	expect_words(bc_compact(fixture.cache, NULL, NULL, &err), &err);
	(void)unit_stats();
	for (unsigned i = 0; i < VALUES; i++)
		expect_hit(fixture.cache, key_of(i, key), i + 1);
}

static void
try_row(const void *name, size_t name_bytes, size_t value_bytes)
{
	struct bc_repair_report report;
	struct bc_error err;
	char key[8];

	odd_name = name;
	odd_name_bytes = name_bytes;
	odd_value_bytes = value_bytes;
	unit_restart(NULL);
	for (unsigned i = 0; i < VALUES; i++)
		unit_put(key_of(i, key), i + 1, i % 2 == 0 ? 2 : 3000);
	unit_change_catalogue(add_odd);
	unit_reopen(NULL);
	work();
	assert_status(bc_repair(fixture.cache, NULL, NULL, &err), BC_OK, &err);
	work();
	assert_status(bc_repair(fixture.cache, NULL, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.rows, 0);
	assert_int_equal(report.accounts, 0);
}

static void
rows_that_cannot_be_keep_nobody_from_working(void **state)
{
	static const unsigned char high[16] = { 0xff, 0xff, 0xff, 0xff,
		                                0xff, 0xff, 0xff, 0xff };

	(void)state;
	for (size_t i = 0; i < BCI_COUNT(odd_tables); i++) {
		odd = &odd_tables[i];
		try_row(high, 8, 3);
		try_row("\1", 1, 1);
		try_row(high, 3, 0);
		try_row(high, 16, 3);
	}
}

/* The largest number, behind which there is none: no walk goes round. */
static void
rows_of_numbers_are_passed_over(void **state)
{
	static const struct odd_table numbered[] = {
#define TABLE(name) { #name, offsetof(struct bci_tables, name) }
		TABLE(days), TABLE(gone), TABLE(quarantine)
#undef TABLE
	};
	static const unsigned char high[8] = { 0xff, 0xff, 0xff, 0xff,
		                               0xff, 0xff, 0xff, 0xff };

	(void)state;
	for (size_t i = 0; i < BCI_COUNT(numbered); i++) {
		odd = &numbered[i];
		try_row(high, 8, 3);
		try_row(high, 8, 16);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			rows_that_cannot_be_keep_nobody_from_working,
			unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(rows_of_numbers_are_passed_over,
		                                unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("odd_rows", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_fetch_failure.c - a get that would fetch what is missing, of a value
 * that is there, while one call of LMDB after the other says that a page is
 * damaged: the catalogue's own tables may be, and then the value is one that
 * cannot be shown.
 */
#include "unit.h"

#include <string.h>

#include <lmdb.h>

#include "fault/shim.h"

#define ROWS 700 /* in an arena */
#define CALLS_MAX 1000
#define VERSION 2
#define SEED 9

static unsigned fetches;   /* of the trial */
static unsigned refetched; /* trials in which it was fetched */

/* Fetched only if the cache says that what it has is damaged. */
static enum bc_status
fetched(struct bc_fetch *fetch, struct bc_error *err)
{
	struct test_value value;
	enum bc_status status;
	enum bc_miss miss;

	fetches++;
	assert_status(bc_exists(fetch->cache, fetch->key, &miss), BC_MISS,
	              NULL);
	assert_int_equal(miss, BC_MISS_CORRUPT);
	test_value_frame(&value, fetch->key, VERSION, SEED, ROWS);
	status = bc_fetch_put(fetch, &value.frame, NULL, err);
	test_value_free(&value);
	return status;
}

static enum bc_status
get_or_fetch(struct bc_error *err)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct bc_view view;
	enum bc_status status;

	options.function = fetched;
	status = bc_get_or_fetch(fixture.cache, "frame", &options, &view, err);
	if (status == BC_OK)
		assert_int_equal(test_view_version(&view, "frame", SEED),
		                 VERSION);
	bc_view_release(&view);
	return status;
}

/* The call with number 'at' fails; false if there are not so many. */
static bool
one_fails(uint64_t at)
{
	const struct fault_plan plan = { .calls = FAULT_LMDB,
		                         .mode = FAULT_FAIL,
		                         .error = MDB_CORRUPTED,
		                         .at = at };
	struct bc_error err;
	enum bc_status status;
	bool fired;

	unit_restart(NULL);
	assert_status(test_put_rows(fixture.cache, "frame", VERSION, SEED, ROWS,
	                            &err),
	              BC_OK, &err);
	unit_reopen(NULL);
	fetches = 0;
	fault_arm(&plan);
	status = get_or_fetch(&err);
	fault_disarm();
	fired = fault_fired();
	if (!fired || status != BC_OK)
		assert_int_equal(fetches, 0);
	if (status != BC_OK)
		assert_status(status, BC_CORRUPT, &err);
	refetched += fetches;
	/* It was for a moment only. */
	assert_status(get_or_fetch(&err), BC_OK, &err);
	assert_true(fetches <= 1);
	assert_status(bc_exists(fixture.cache, "frame", NULL), BC_OK, NULL);
	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, NULL, &err),
	              BC_OK, &err);
	return fired;
}

static void
what_lmdb_calls_damaged_is_fetched_once_or_shown(void **state)
{
	uint64_t at = 0;

	(void)state;
	do
		assert_true(++at < CALLS_MAX);
	while (one_fails(at));
	assert_true(at > 4); /* transaction, entry, schema, arena */
	assert_true(refetched > 0 && refetched < at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_lmdb_calls_damaged_is_fetched_once_or_shown,
			unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("fetch_failure", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_warm.c - entries are brought into memory, and that is no access.
 */
#include "series.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cold.h"

#define KEYS 3

static const char *const names[KEYS] = { "a", "b", "c" };

/* What the function was told, by index. */
static struct warmed {
	struct bc_warmed entries[8];
	unsigned calls;
	int answer;
} warmed;

static int
note(void *context, const struct bc_warmed *entry)
{
	assert_ptr_equal(context, &warmed);
	assert_true(entry->index < 8);
	warmed.entries[entry->index] = *entry;
	warmed.calls++;
	return warmed.answer;
}

static int
setup(void **state)
{
	int result = unit_setup(state);

	warmed = (struct warmed){ .calls = 0 };
	for (unsigned i = 0; i < KEYS; i++)
		unit_put(names[i], i + 1, 1000);
	return result;
}

static struct bc_warm_report
warm_keys(const struct bc_warm_key *keys, size_t count, unsigned flags)
{
	struct bc_warm_options options = BC_WARM_OPTIONS_INIT;
	struct bc_warm_report report;
	struct bc_error err;

	options.keys = keys;
	options.key_count = count;
	options.flags = flags;
	options.threads = 2;
	options.function = note;
	options.context = &warmed;
	assert_status(bc_warm(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	return report;
}

/* ---- which ------------------------------------------------------------- */

static void
everything_is_warmed_and_nothing_counted(void **state)
{
	struct bc_stats before = unit_stats(), after;
	struct bc_warm_report report;
	struct bc_error err;

	(void)state;
	assert_status(bc_warm(fixture.cache, NULL, &report, &err), BC_OK, &err);
	assert_int_equal(report.entries, KEYS);
	assert_int_equal(report.segments, KEYS);
	assert_true(report.bytes >= KEYS * 1000 * 8);
	assert_true(report.resident_bytes <= report.bytes);
	assert_int_equal(report.missing + report.damaged + report.failed, 0);
	/* What was read is in memory. */
	assert_status(bc_warm(fixture.cache, NULL, &report, &err), BC_OK, &err);
	assert_int_equal(report.resident_bytes, report.bytes);
	after = unit_stats();
	assert_int_equal(after.access_sum, before.access_sum);
	assert_memory_equal(&after.process, &before.process,
	                    sizeof(after.process));
	assert_int_equal(unit_info("a").access_count, 1);
}

static void
keys_and_a_filter(void **state)
{
	struct bc_warm_options options = BC_WARM_OPTIONS_INIT;
	const struct bc_warm_key keys[] = { { .key = "c" }, { .key = "no" } };
	const struct bc_filter filter = { .glob = "[ab]" };
	struct bc_warm_report report;
	struct bc_error err;

	(void)state;
	options.filter = &filter;
	options.function = note;
	options.context = &warmed;
	assert_status(bc_warm(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.entries, 2);
	options.keys = keys;
	options.key_count = 2;
	assert_status(bc_warm(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.entries, 4);
	assert_int_equal(report.missing, 1);
	assert_int_equal(warmed.entries[0].status, BC_OK);
	assert_int_equal(warmed.entries[1].status, BC_MISS);
	assert_int_equal(warmed.entries[1].miss, BC_MISS_ABSENT);
	/* No keys at all is not everything. */
	options.filter = NULL;
	options.key_count = 0;
	assert_status(bc_warm(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.entries, 0);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	struct bc_warm_options options = BC_WARM_OPTIONS_INIT;
	const struct bc_warm_key empty = { .key = "" };
	const struct bc_filter filter = { .regex = "(" };
	struct bc_error err;

	(void)state;
	assert_int_equal(warm_keys(&empty, 1, 0).failed, 1);
	assert_int_equal(warmed.entries[0].status, BC_KEY);
	options.flags = 4;
	assert_status(bc_warm(fixture.cache, &options, NULL, &err), BC_INVALID,
	              &err);
	options.flags = 0;
	options.key_count = 1;
	assert_status(bc_warm(fixture.cache, &options, NULL, &err), BC_INVALID,
	              &err);
	options.key_count = 0;
	options.filter = &filter;
	assert_status(bc_warm(fixture.cache, &options, NULL, &err), BC_INVALID,
	              &err);
	options.filter = NULL;
	options.struct_size--;
	assert_status(bc_warm(fixture.cache, &options, NULL, &err), BC_INVALID,
	              &err);
}

static void
the_function_can_end_it(void **state)
{
	struct bc_warm_options options = BC_WARM_OPTIONS_INIT;
	struct bc_warm_report report;
	struct bc_error err;

	(void)state;
	warmed.answer = 1;
	options.threads = 1;
	options.function = note;
	options.context = &warmed;
	assert_status(bc_warm(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	assert_int_equal(warmed.calls, 1);
	assert_int_equal(report.entries, 1);
}

/* ---- damage ------------------------------------------------------------ */

static void
damage_is_found_where_it_is_looked_for(void **state)
{
	const struct bc_warm_key keys[] = { { .key = "a" }, { .key = "b" } };
	struct bc_warm_report report;

	(void)state;
	unit_flip("a", 4000);
	assert_int_equal(warm_keys(keys, 2, 0).damaged, 0);
	report = warm_keys(keys, 2, BC_WARM_VERIFY | BC_WARM_DRY_RUN);
	assert_int_equal(report.damaged, 0);
	report = warm_keys(keys, 2, BC_WARM_VERIFY);
	assert_int_equal(report.damaged, 1);
	assert_int_equal(warmed.entries[0].status, BC_CORRUPT);
	assert_int_equal(warmed.entries[1].status, BC_OK);
	/* It is marked: nobody has to look again. */
	assert_int_equal(warm_keys(keys, 2, 0).damaged, 1);
	expect_miss(fixture.cache, "a", BC_MISS_CORRUPT);
	expect_hit(fixture.cache, "b", 2);
}

/* ---- series ------------------------------------------------------------ */

static void
of_a_series_the_segments_of_the_range(void **state)
{
	const struct series series = { .cuts = { 400, 500, 600 }, .tail = 7 };
	struct bc_warm_key key = { .key = SERIES_KEY };
	struct bc_warm_report report;

	(void)state;
	series_make(&series);
	report = warm_keys(&key, 1, BC_WARM_VERIFY);
	assert_int_equal(report.segments, made.count);
	assert_int_equal(report.entries, 1);
	key.from_ns = series_time(400);
	key.to_ns = series_time(900);
	report = warm_keys(&key, 1, 0);
	assert_int_equal(report.segments, 1);
	assert_int_equal(report.bytes, made.locators[1].bytes);
	key.from_ns--;
	key.to_ns++;
	assert_int_equal(warm_keys(&key, 1, 0).segments, 2);
	/* The newest rows lie in the catalogue. */
	key.from_ns = series_time(1500);
	key.to_ns = INT64_MAX;
	assert_int_equal(warm_keys(&key, 1, 0).segments, 0);
	assert_int_equal(warmed.entries[0].status, BC_OK);
}

/* ---- the cold tier ----------------------------------------------------- */

static enum bc_tier
tier_of(const char *key)
{
	struct bc_view view;
	enum bc_tier tier;

	assert_int_equal(bc_get(fixture.cache, key, &view), BC_OK);
	tier = view.tier;
	bc_view_release(&view);
	return tier;
}

static void
packed_ones_are_decoded_within_the_limit(void **state)
{
	const struct bc_warm_key keys[] = { { .key = "cold/1" },
		                            { .key = "cold/2" } };
	struct bc_put_options put = BC_PUT_OPTIONS_INIT;
	struct bc_options options = unit_options();
	struct cold_frame frame;
	struct bc_error err;
	uint64_t decoded;

	(void)state;
	cold_frame_make(&frame, 20000, 0, START, 5);
	put.flags = BC_PUT_SUSPECT;
	put.placement = BC_PLACE_COLD;
	for (unsigned i = 0; i < 2; i++)
		assert_status(bc_put(fixture.cache, keys[i].key, &frame.frame,
		                     &put, NULL, &err),
		              BC_OK, &err);
	cold_frame_free(&frame);
	assert_int_equal(warm_keys(keys, 2, BC_WARM_DRY_RUN).decoded_bytes, 0);
	decoded = warm_keys(keys, 1, 0).decoded_bytes;
	assert_true(decoded > 20000 * 8);
	assert_int_equal(tier_of("cold/1"), BC_HOT);
	assert_int_equal(warm_keys(keys, 1, 0).decoded_bytes, decoded);
	/* Room for one of both. */
	options.hot_bytes = decoded + decoded / 2;
	unit_reopen(&options);
	assert_int_equal(warm_keys(keys, 2, 0).decoded_bytes, decoded);
	assert_int_not_equal(warmed.entries[0].decoded_bytes == 0,
	                     warmed.entries[1].decoded_bytes == 0);
}

static void
so_are_those_of_a_series(void **state)
{
	struct bc_append_options append = BC_APPEND_OPTIONS_INIT;
	const struct bc_warm_key key = { .key = "x/spot/C/1m" };
	struct cold_frame frame;
	struct bc_error err;
	uint64_t decoded;

	(void)state;
	cold_frame_make(&frame, 20000, 0, START, 5);
	append.flags = BC_APPEND_SUSPECT;
	append.placement = BC_PLACE_COLD;
	assert_status(bc_append(fixture.cache, key.key, &frame.frame, &append,
	                        NULL, &err),
	              BC_OK, &err);
	cold_frame_free(&frame);
	assert_int_equal(warm_keys(&key, 1, BC_WARM_DRY_RUN).decoded_bytes, 0);
	decoded = warm_keys(&key, 1, 0).decoded_bytes;
	assert_true(decoded > 20000 * 8);
	assert_int_equal(tier_of(key.key), BC_HOT);
	/* It is there, and stays so. */
	assert_int_equal(warm_keys(&key, 1, 0).decoded_bytes, decoded);
}

/* ---- processes --------------------------------------------------------- */

static void
a_child_can_warm(void **state)
{
	struct bc_warm_report report;
	struct bc_error err;
	pid_t child;
	int status;

	(void)state;
	assert_status(bc_warm(fixture.cache, NULL, &report, &err), BC_OK, &err);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(bc_warm(fixture.cache, NULL, &report, &err) == BC_OK &&
		                      report.entries == KEYS &&
		                      report.failed == 0
		              ? 0
		              : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			everything_is_warmed_and_nothing_counted, setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(keys_and_a_filter, setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused,
		                                setup, unit_teardown),
		cmocka_unit_test_setup_teardown(the_function_can_end_it, setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(
			damage_is_found_where_it_is_looked_for, setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(
			of_a_series_the_segments_of_the_range, setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(
			packed_ones_are_decoded_within_the_limit, setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(so_are_those_of_a_series, setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(a_child_can_warm, setup,
		                                unit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

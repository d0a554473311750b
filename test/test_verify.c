/* SPDX-License-Identifier: MIT */
/*
 * test_verify.c - damage is found by verifying, served by nobody, and dropped
 * by the next writer.
 */
#include "unit.h"

#include <string.h>
#include <unistd.h>

/* The keys found bad, with a space after each. */
static char bad_keys[200];

static void
note_bad(void *context, const char *key, const char *reason)
{
	(void)context;
	assert_true(reason[0] != '\0');
	assert_true(strlen(bad_keys) + strlen(key) + 2 < sizeof(bad_keys));
	strcat(strcat(bad_keys, key), " ");
}

static struct bc_verify_report
verify(const char *prefix, enum bc_status expected, const char *bad)
{
	struct bc_verify_report report;
	struct bc_error err;

	bad_keys[0] = '\0';
	memset(&report, 0xa5, sizeof(report));
	assert_status(
		bc_verify(fixture.cache, prefix, note_bad, NULL, &report, &err),
		expected, &err);
	assert_string_equal(bad_keys, bad);
	return report;
}

static void
a_sound_cache_is_read_in_full(void **state)
{
	struct bc_verify_report report;
	char prefix[BC_KEY_MAX + 2];
	struct bc_error err;

	(void)state;
	report = verify(NULL, BC_OK, "");
	assert_int_equal(report.entries + report.segments + report.bytes, 0);
	unit_put("a/1", 1, 2);
	unit_put("a/2", 1, 100);
	unit_put("b/1", 1, 9000);
	report = verify(NULL, BC_OK, "");
	assert_int_equal(report.entries, 3);
	assert_int_equal(report.segments, 3);
	assert_int_equal(report.bad_entries + report.bad_segments, 0);
	assert_int_equal(report.bytes, unit_info("a/1").stored_bytes +
	                                       unit_info("a/2").stored_bytes +
	                                       unit_info("b/1").stored_bytes);
	assert_int_equal(verify("a/", BC_OK, "").entries, 2);
	assert_int_equal(verify("c", BC_OK, "").entries, 0);
	/* It counts as no access. */
	assert_int_equal(unit_info("a/2").access_count, 1);
	assert_int_equal(unit_stats().total.hits[BC_WARM], 0);
	memset(prefix, 'k', sizeof(prefix));
	prefix[BC_KEY_MAX + 1] = '\0';
	assert_status(bc_verify(fixture.cache, prefix, NULL, NULL, NULL, &err),
	              BC_INVALID, &err);
}

static void
a_flipped_byte_is_reported_missed_and_dropped(void **state)
{
	struct bc_verify_report report;

	(void)state;
	unit_put("a", 1, 9000);
	unit_put("b", 1, 9000);
	unit_put("c", 1, 100);
	expect_hit(fixture.cache, "b", 1); /* checked before: again now */
	unit_flip("b", 300000);
	report = verify(NULL, BC_CORRUPT, "b ");
	assert_int_equal(report.entries, 3);
	assert_int_equal(report.bad_entries, 1);
	assert_int_equal(report.bad_segments, 1);
	assert_int_equal(verify("a", BC_OK, "").entries, 1);
	assert_true(fixture.events[BC_EVENT_CHECKSUM] > 0);
	expect_miss(fixture.cache, "b", BC_MISS_CORRUPT);
	expect_hit(fixture.cache, "a", 1);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 0);
	unit_put("d", 1, 100); /* The next writer, of whatever. */
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 1);
	expect_miss(fixture.cache, "b", BC_MISS_ABSENT);
	expect_hit(fixture.cache, "a", 1);
	expect_hit(fixture.cache, "c", 1);
	verify(NULL, BC_OK, "");
	assert_int_equal(unit_stats().segments, 3);
	unit_put("b", 2, 9000);
	expect_hit(fixture.cache, "b", 2);
}

static void
damage_to_a_header_key_or_table_is_found_too(void **state)
{
	static const uint64_t places[] = { 0, 8, 24, 103, 110, 170 };
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++) {
		unit_put("a", i + 1, 100);
		unit_flip("a", places[i]);
		verify(NULL, BC_CORRUPT, "a ");
		expect_miss(fixture.cache, "a", BC_MISS_CORRUPT);
	}
	unit_put("a", 9, 100);
	expect_hit(fixture.cache, "a", 9);
}

static void
a_reader_alone_marks_damage_for_all(void **state)
{
	(void)state;
	unit_put("a", 1, 9000);
	unit_flip("a", 300000);
	expect_miss(fixture.cache, "a", BC_MISS_CORRUPT);
	unit_reopen(NULL);
	expect_miss(fixture.cache, "a", BC_MISS_CORRUPT);
	unit_put("b", 1, 10);
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 1);
}

static void
damage_that_was_only_for_a_moment_is_forgiven(void **state)
{
	(void)state;
	unit_put("a", 1, 9000);
	unit_flip("a", 300000);
	expect_miss(fixture.cache, "a", BC_MISS_CORRUPT);
	unit_flip("a", 300000);                           /* as it was */
	expect_miss(fixture.cache, "a", BC_MISS_CORRUPT); /* marked */
	unit_put("b", 1, 10); /* The writer looks again. */
	expect_hit(fixture.cache, "a", 1);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 0);
}

static void
a_damaged_neighbour_in_a_bundle_costs_itself_only(void **state)
{
	struct test_value values[8];
	char key[2] = "a";
	struct bc_batch *batch;
	struct bc_error err;
	unsigned i;

	(void)state;
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (i = 0; i < 8; i++) {
		key[0] = (char)('a' + i);
		test_value_frame(&values[i], key, 1, UNIT_SEED, 6);
		assert_status(test_value_add(batch, &values[i], &err), BC_OK,
		              &err);
	}
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	for (i = 0; i < 8; i++)
		test_value_free(&values[i]);
	unit_flip("d", 300);
	verify(NULL, BC_CORRUPT, "d ");
	unit_put("z", 1, 100);
	for (i = 0; i < 8; i++) {
		key[0] = (char)('a' + i);
		if (i == 3)
			expect_miss(fixture.cache, key, BC_MISS_ABSENT);
		else
			expect_hit(fixture.cache, key, 1);
	}
}

static void
a_missing_arena_is_reported(void **state)
{
	char path[TEST_PATH];
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 100);
	unit_put("inline", 1, 2);
	/* Else closing would fail to sync it, and drop what it held. */
	assert_status(bc_sync(fixture.cache, &err), BC_OK, &err);
	assert_int_equal(unlink(unit_arena_path(path, unit_locate("a").arena)),
	                 0);
	unit_reopen(NULL);
	verify(NULL, BC_CORRUPT, "a ");
	expect_miss(fixture.cache, "a", BC_MISS_CORRUPT);
	expect_hit(fixture.cache, "inline", 1);
	unit_put("b", 1, 100);
	expect_hit(fixture.cache, "b", 1);
	unit_put("a", 2, 100);
	expect_hit(fixture.cache, "a", 2);
	verify(NULL, BC_OK, "");
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_flipped_byte_is_reported_missed_and_dropped),
		TEST(damage_to_a_header_key_or_table_is_found_too),
		TEST(a_reader_alone_marks_damage_for_all),
		TEST(damage_that_was_only_for_a_moment_is_forgiven),
		TEST(a_damaged_neighbour_in_a_bundle_costs_itself_only),
		TEST(a_missing_arena_is_reported),
		TEST(a_sound_cache_is_read_in_full),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}

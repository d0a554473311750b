/* SPDX-License-Identifier: MIT */
/*
 * test_snapshot.c - one point in time over many keys.
 */
#include "unit.h"

#include <pthread.h>
#include <string.h>

static const char *const keys[] = { "a", "b", "none", "inline" };
#define KEYS 4

static void
put_all(uint64_t version)
{
	struct test_value values[3];
	struct bc_batch *batch;
	struct bc_error err;
	unsigned i;

	test_value_frame(&values[0], "a", version, UNIT_SEED, 100);
	test_value_frame(&values[1], "b", version, UNIT_SEED, 6000);
	test_value_frame(&values[2], "inline", version, UNIT_SEED, 3);
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (i = 0; i < 3; i++)
		assert_status(test_value_add(batch, &values[i], &err), BC_OK,
		              &err);
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	for (i = 0; i < 3; i++)
		test_value_free(&values[i]);
}

static struct bc_snapshot *
take(const char *const *names, size_t count)
{
	struct bc_snapshot *snapshot = NULL;
	struct bc_error err;

	assert_status(
		bc_snapshot_open(fixture.cache, names, count, &snapshot, &err),
		BC_OK, &err);
	return snapshot;
}

static void
expect(struct bc_snapshot *snapshot, size_t index, uint64_t version)
{
	struct bc_view view;
	enum bc_status status = bc_snapshot_get(snapshot, index, &view);

	if (version == 0) {
		assert_status(status, BC_MISS, NULL);
		assert_int_equal(view.miss, BC_MISS_ABSENT);
		assert_null(view.data);
		return;
	}
	assert_status(status, BC_OK, NULL);
	assert_int_equal(test_view_version(&view, keys[index], UNIT_SEED),
	                 version);
	bc_view_release(&view);
}

static void
what_is_no_key_or_index_is_said(void **state)
{
	static const char *const odd[] = { "", "\001meta", "\xff", "a" };
	struct bc_snapshot *snapshot = (struct bc_snapshot *)(void *)&fixture;
	struct bc_view view;
	struct bc_error err;
	unsigned i;

	(void)state;
	assert_status(bc_snapshot_open(fixture.cache, NULL, 1, &snapshot, &err),
	              BC_INVALID, &err);
	assert_null(snapshot);
	assert_status(
		bc_snapshot_open(fixture.cache, odd, SIZE_MAX, &snapshot, &err),
		BC_INVALID, &err);
	snapshot = take(NULL, 0);
	assert_status(bc_snapshot_get(snapshot, 0, &view), BC_INVALID, NULL);
	bc_snapshot_close(snapshot);
	put_all(1);
	snapshot = take(odd, 4);
	for (i = 0; i < 3; i++)
		expect(snapshot, i, 0);
	assert_status(bc_snapshot_get(snapshot, 3, &view), BC_OK, NULL);
	bc_view_release(&view);
	assert_status(bc_snapshot_get(snapshot, 4, &view), BC_INVALID, NULL);
	bc_snapshot_close(snapshot);
	bc_snapshot_close(NULL);
}

static void
a_snapshot_shows_its_moment_whatever_comes_later(void **state)
{
	struct bc_snapshot *old, *new;
	struct bc_view view;
	struct bc_error err;
	unsigned i;

	(void)state;
	put_all(1);
	old = take(keys, KEYS);
	put_all(2);
	unit_put("none", 7, 100);
	new = take(keys, KEYS);
	for (i = 0; i < KEYS; i++) {
		if (bc_remove(fixture.cache, keys[i], &err) != BC_OK)
			fail();
	}
	unit_put("other", 1, 9000);
	for (i = 0; i < KEYS; i++) {
		expect(old, i, i == 2 ? 0 : 1);
		expect(new, i, i == 2 ? 7 : 2);
	}
	assert_status(bc_snapshot_get(old, 1, &view), BC_OK, NULL);
	bc_snapshot_close(old);
	assert_int_equal(test_view_version(&view, "b", UNIT_SEED), 1);
	bc_view_release(&view);
	bc_snapshot_close(new);
	for (i = 0; i < KEYS; i++)
		expect_miss(fixture.cache, keys[i], BC_MISS_ABSENT);
}

static void
a_snapshot_keeps_arenas_that_are_gone(void **state)
{
	struct bc_options options = unit_options();
	struct bc_snapshot *snapshot;
	struct bc_error err;
	uint64_t version;

	(void)state;
	options.warm_bytes = 32 << 20; /* arenas of 1 MiB */
	unit_restart(&options);
	put_all(1);
	snapshot = take(keys, KEYS);
	for (version = 2; version < 12; version++)
		put_all(version);
	expect_hit(fixture.cache, "b", 11);
	assert_true(unit_stats().arenas_mapped <= unit_stats().arenas);
	expect(snapshot, 0, 1);
	expect(snapshot, 1, 1);
	bc_snapshot_close(snapshot);
	assert_status(bc_remove(fixture.cache, "a", &err), BC_OK, &err);
	expect_hit(fixture.cache, "b", 11);
	assert_true(test_mappings("/warm/0000") <= unit_stats().arenas + 1);
}

static void
the_same_key_may_be_asked_for_twice(void **state)
{
	static const char *const twice[] = { "b", "b", "inline", "inline" };
	struct bc_snapshot *snapshot;
	struct bc_view views[4];
	unsigned i;

	(void)state;
	put_all(3);
	snapshot = take(twice, 4);
	for (i = 0; i < 4; i++)
		assert_status(bc_snapshot_get(snapshot, i, &views[i]), BC_OK,
		              NULL);
	bc_snapshot_close(snapshot);
	for (i = 0; i < 4; i++) {
		assert_int_equal(
			test_view_version(&views[i], twice[i], UNIT_SEED), 3);
		bc_view_release(&views[i]);
	}
}

static void
what_expires_in_a_snapshot_is_not_served(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	static const char *const one[] = { "e" };
	struct bc_snapshot *snapshot;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	options.ttl_ns = 50000000;
	assert_status(bc_put_blob(fixture.cache, "e", "x", 1, &options, &err),
	              BC_OK, &err);
	snapshot = take(one, 1);
	test_sleep_ms(80);
	assert_status(bc_snapshot_get(snapshot, 0, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_EXPIRED);
	bc_snapshot_close(snapshot);
	snapshot = take(one, 1);
	assert_status(bc_snapshot_get(snapshot, 0, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_EXPIRED);
	bc_snapshot_close(snapshot);
}

static void
damage_in_a_snapshot_is_a_miss(void **state)
{
	struct bc_snapshot *snapshot;
	struct bc_view view;

	(void)state;
	put_all(1);
	snapshot = take(keys, KEYS);
	unit_flip("b", 150000);
	assert_status(bc_snapshot_get(snapshot, 1, &view), BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_CORRUPT);
	assert_null(view.data);
	expect(snapshot, 0, 1);
	bc_snapshot_close(snapshot);
}

static void
many_are_got_at_once(void **state)
{
	static const struct bc_view zeroed;
	struct bc_view views[KEYS];
	unsigned i;

	(void)state;
	put_all(4);
	memset(views, 0xa5, sizeof(views));
	assert_status(bc_get_many(fixture.cache, keys, KEYS, views), BC_MISS,
	              NULL);
	for (i = 0; i < KEYS; i++) {
		assert_int_equal(views[i].miss,
		                 i == 2 ? BC_MISS_ABSENT : BC_MISS_NONE);
		if (i != 2)
			assert_int_equal(test_view_version(&views[i], keys[i],
			                                   UNIT_SEED),
			                 4);
		bc_view_release(&views[i]);
	}
	assert_status(bc_get_many(fixture.cache, keys, 2, views), BC_OK, NULL);
	for (i = 0; i < 2; i++)
		bc_view_release(&views[i]);
	assert_status(bc_get_many(fixture.cache, NULL, 0, views), BC_OK, NULL);
	assert_status(bc_get_many(fixture.cache, NULL, 1, views), BC_INVALID,
	              NULL);
	assert_memory_equal(&views[0], &zeroed, sizeof(zeroed));
}

static void
gets_are_counted_and_the_snapshot_itself_is_not(void **state)
{
	struct bc_snapshot *snapshot;
	struct bc_stats stats;

	(void)state;
	put_all(1);
	snapshot = take(keys, KEYS);
	assert_int_equal(unit_stats().process.hits[BC_WARM], 0);
	expect(snapshot, 0, 1);
	expect(snapshot, 0, 1);
	expect(snapshot, 3, 1);
	expect(snapshot, 2, 0);
	bc_snapshot_close(snapshot);
	stats = unit_stats();
	assert_int_equal(stats.process.hits[BC_WARM], 3);
	assert_int_equal(stats.process.misses[BC_MISS_ABSENT], 1);
	assert_int_equal(unit_info("a").access_count, 3);
}

/* ------------------------------------------------------------------------ */
/*  Beside a writer                                                         */
/* ------------------------------------------------------------------------ */

#define COMMITS 60

static _Atomic bool written;

static void *
write_batches(void *unused)
{
	uint64_t version;

	(void)unused;
	for (version = 2; version < COMMITS; version++)
		put_all(version);
	atomic_store(&written, true);
	return NULL;
}

/* The versions of one get of all keys, which must be the same. */
static uint64_t
version_of_all(void)
{
	struct bc_view views[KEYS];
	uint64_t version = 0, found;
	unsigned i;

	assert_status(bc_get_many(fixture.cache, keys, KEYS, views), BC_MISS,
	              NULL);
	for (i = 0; i < KEYS; i++) {
		if (i == 2)
			continue;
		found = test_view_version(&views[i], keys[i], UNIT_SEED);
		assert_true(found != 0);
		assert_true(version == 0 || version == found);
		version = found;
		bc_view_release(&views[i]);
	}
	return version;
}

static void
all_keys_are_of_one_commit_while_others_are_made(void **state)
{
	uint64_t last = 1, version;
	pthread_t writer;

	(void)state;
	put_all(1);
	atomic_store(&written, false);
	assert_int_equal(pthread_create(&writer, NULL, write_batches, NULL), 0);
	while (!atomic_load(&written)) {
		version = version_of_all();
		assert_true(version >= last);
		last = version;
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(version_of_all(), COMMITS - 1);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_no_key_or_index_is_said),
		TEST(damage_in_a_snapshot_is_a_miss),
		TEST(what_expires_in_a_snapshot_is_not_served),
		TEST(a_snapshot_shows_its_moment_whatever_comes_later),
		TEST(a_snapshot_keeps_arenas_that_are_gone),
		TEST(the_same_key_may_be_asked_for_twice),
		TEST(many_are_got_at_once),
		TEST(gets_are_counted_and_the_snapshot_itself_is_not),
		TEST(all_keys_are_of_one_commit_while_others_are_made),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}

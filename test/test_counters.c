/* SPDX-License-Identifier: MIT */
/*
 * test_counters.c - counters that move by what a cache does on its own account:
 * each by exactly as much as was done, and everything that says what is there
 * back at zero when nothing is.
 */
#include "timed_unit.h"

#include <stdio.h>
#include <string.h>

#include "links_unit.h"

#define BLOB_BYTES 100000u

static unsigned char zeros[BLOB_BYTES];

/* Zeros, which pack. */
static void
put_zeros(const char *key, int64_t ttl_ns, enum bc_placement placement)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;

	options.ttl_ns = ttl_ns;
	options.placement = placement;
	assert_status(bc_put_blob(fixture.cache, key, zeros, sizeof(zeros),
	                          &options, &err),
	              BC_OK, &err);
}

static struct bc_counters
counted(void)
{
	return unit_stats().total;
}

static uint64_t
times(enum bc_op op)
{
	struct bc_latency latency;
	struct bc_error err;

	assert_status(bc_latency(fixture.cache, op, 0, &latency, &err), BC_OK,
	              &err);
	return latency.count;
}

/* ---- what goes on its own ------------------------------------------------ */

/* All counters of eviction, as the entries that it took say. */
static void
evicted_entries_and_their_bytes(void **state)
{
	struct bc_options options = unit_options();
	uint64_t sizes[3], bytes = 0, gone = 0;
	struct bc_error err;
	char key[2] = "a";

	(void)state;
	options.entries_max = 3;
	unit_restart(&options);
	for (unsigned i = 0; i < 3; i++) {
		key[0] = (char)('a' + i);
		unit_put(key, 1, 100 * (i + 1));
		sizes[i] = unit_info(key).stored_bytes;
	}
	assert_int_equal(counted().evictions, 0);
	assert_int_equal(counted().evicted_bytes, 0);
	unit_put("x", 1, 100);
	for (unsigned i = 0; i < 3; i++) {
		key[0] = (char)('a' + i);
		if (bc_exists(fixture.cache, key, NULL) == BC_OK)
			continue;
		gone++;
		bytes += sizes[i];
		expect_miss(fixture.cache, key, BC_MISS_EVICTED);
	}
	assert_int_equal(gone, 1);
	assert_int_equal(counted().evictions, gone);
	assert_int_equal(counted().evicted_bytes, bytes);
	assert_int_equal(counted().misses[BC_MISS_EVICTED], gone);
	assert_int_equal(unit_stats().evicted_entries, gone);
	assert_status(bc_remove(fixture.cache, "x", &err), BC_OK, &err);
	assert_int_equal(counted().evictions, gone);
}

static void
expired_entries_once_they_are_removed(void **state)
{
	uint64_t removed;
	struct bc_error err;

	(void)state;
	put_zeros("a", HOUR, BC_PLACE_AUTO);
	put_zeros("b", HOUR, BC_PLACE_AUTO);
	put_zeros("c", BC_TTL_NEVER, BC_PLACE_AUTO);
	clockwork_pass(2 * HOUR);
	expect_miss(fixture.cache, "a", BC_MISS_EXPIRED);
	assert_int_equal(counted().misses[BC_MISS_EXPIRED], 1);
	assert_int_equal(counted().expirations, 0);
	assert_status(bc_expire(fixture.cache, &removed, &err), BC_OK, &err);
	assert_int_equal(removed, 2);
	assert_int_equal(counted().expirations, 2);
	assert_int_equal(counted().removals, 0);
	assert_int_equal(counted().evictions, 0);
}

/* ---- between the tiers --------------------------------------------------- */

static void
place(const char *key, enum bc_placement placement)
{
	struct bc_error err;

	assert_status(bc_place(fixture.cache, key, placement, NULL, &err),
	              BC_OK, &err);
}

static void
ways_between_the_tiers(void **state)
{
	struct bc_view view;

	(void)state;
	put_zeros("a", 0, BC_PLACE_AUTO);
	put_zeros("b", 0, BC_PLACE_COLD); /* it never was elsewhere */
	assert_int_equal(counted().demotions, 0);
	place("a", BC_PLACE_COLD);
	place("a", BC_PLACE_COLD); /* where it is */
	assert_int_equal(counted().demotions, 1);
	assert_int_equal(counted().promotions, 0);
	assert_int_equal(times(BC_OP_DECODE), 0);
	assert_status(bc_get(fixture.cache, "a", &view), BC_OK, NULL);
	bc_view_release(&view);
	assert_int_equal(times(BC_OP_DECODE), 1);
	place("a", BC_PLACE_WARM);
	place("a", BC_PLACE_WARM);
	place("b", BC_PLACE_WARM);
	assert_int_equal(counted().demotions, 1);
	assert_int_equal(counted().promotions, 2);
	assert_int_equal(unit_stats().live_cold_bytes, 0);
}

static void
what_compaction_copies_and_removes(void **state)
{
	struct bc_compact_report report;
	struct bc_error err;
	char key[16];

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		put_zeros(key, 0, BC_PLACE_WARM);
	}
	for (unsigned i = 1; i < 40; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		assert_status(bc_remove(fixture.cache, key, &err), BC_OK, &err);
	}
	assert_int_equal(times(BC_OP_COMPACT), 0);
	assert_int_equal(unit_stats().compacted_ns, 0);
	clockwork_at(1700000000 * UNIT_SECOND_NS);
	assert_status(bc_compact(fixture.cache, NULL, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.moved, 1);
	assert_true(report.moved_bytes > BLOB_BYTES);
	assert_int_equal(counted().moved_bytes, report.moved_bytes);
	assert_true(counted().arenas_removed != 0);
	assert_true(times(BC_OP_COMPACT) != 0);
	assert_true(unit_stats().compacted_ns >= 1700000000 * UNIT_SECOND_NS);
}

/* ---- of callers ---------------------------------------------------------- */

static void
links_once_they_are_written(void **state)
{
	struct bc_cache *cache;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 100);
	cache = links_open("run");
	assert_status(bc_put_blob(cache, "b", "x", 1, NULL, &err), BC_OK, &err);
	assert_int_equal(counted().links, 1); /* as part of the put */
	links_get(cache, "b");
	links_get(cache, "a");
	links_get(cache, "a");
	assert_int_equal(counted().links, 1);
	links_flush(cache);
	assert_int_equal(counted().links, 2);
	bc_close(cache);
	assert_int_equal(counted().links, 2);
	for (int i = 0; i < 2; i++) /* the second says nothing new */
		assert_status(bc_link(fixture.cache, "other", "a", 1, &err),
		              BC_OK, &err);
	assert_int_equal(counted().links, 3);
}

/* While this fetches, another takes what has expired. */
static enum bc_status
fetch_beside(struct bc_fetch *fetch, struct bc_error *err)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct bc_view view;

	options.function = fetch_beside; /* is not called */
	options.flags = BC_FETCH_STALE;
	assert_status(bc_get_or_fetch(fetch->cache, "a", &options, &view, err),
	              BC_OK, err);
	assert_int_equal(view.bytes, sizeof(zeros));
	bc_view_release(&view);
	return bc_fetch_put_blob(fetch, "new", 3, NULL, err);
}

static void
hits_on_what_has_expired(void **state)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	put_zeros("a", HOUR, BC_PLACE_AUTO);
	options.function = fetch_beside;
	clockwork_pass(2 * HOUR);
	assert_int_equal(counted().stale, 0);
	assert_status(
		bc_get_or_fetch(fixture.cache, "a", &options, &view, &err),
		BC_OK, &err);
	assert_int_equal(view.bytes, 3);
	bc_view_release(&view);
	assert_int_equal(counted().stale, 1);
	assert_int_equal(counted().fetches, 1);
}

static void
misses_of_a_handle_that_bypasses_and_of_another_request(void **state)
{
	static const char *const symbols[] = { "A" };
	const struct bc_request mine = { symbols, 1, "2020", "2021", "1d", "" };
	struct bc_options options = unit_options();
	char key[BC_REQUEST_KEY_BYTES];
	struct bc_cache *bypass;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	assert_status(bc_key_request(&mine, key, &err), BC_OK, &err);
	unit_put(key, 1, 100);
	assert_status(bc_get_request(fixture.cache, &mine, &view), BC_MISS,
	              NULL);
	assert_int_equal(counted().misses[BC_MISS_OTHER_REQUEST], 1);
	options.flags |= BC_OPEN_BYPASS;
	bypass = unit_open(&options);
	expect_miss(bypass, key, BC_MISS_BYPASSED);
	bc_close(bypass);
	assert_int_equal(counted().misses[BC_MISS_BYPASSED], 1);
}

/* ---- nothing ------------------------------------------------------------- */

static void
nothing_is_left_when_all_is_removed(void **state)
{
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	const struct bc_filter all = { .glob = NULL };
	struct bc_stats stats;
	struct bc_error err;
	uint64_t made;

	(void)state;
	unit_put("inline", 1, 2);
	links_append("x/y/z/1m", 3000);
	put_zeros("warm", 0, BC_PLACE_AUTO);
	put_zeros("cold", 0, BC_PLACE_COLD);
	stats = unit_stats();
	assert_int_equal(stats.entries, 4);
	assert_true(stats.segments >= 4 && stats.arenas >= 2);
	made = stats.arenas + stats.total.arenas_removed;
	assert_true(stats.live_bytes != 0 && stats.live_cold_bytes != 0);
	assert_true(stats.warm_bytes != 0 && stats.cold_bytes != 0);
	assert_true(stats.access_sum != 0 && stats.compression_ratio > 1);
	options.filter = &all;
	assert_status(bc_remove_where(fixture.cache, &options, NULL, &err),
	              BC_OK, &err);
	assert_int_equal(counted().removals, 4);
	assert_status(bc_compact(fixture.cache, NULL, NULL, &err), BC_OK, &err);
	stats = unit_stats();
	assert_int_equal(stats.entries + stats.segments, 0);
	assert_int_equal(stats.live_bytes + stats.live_cold_bytes, 0);
	assert_int_equal(stats.access_sum + stats.evicted_entries, 0);
	assert_true(stats.compression_ratio == 1);
	assert_true(stats.avg_access_count == 0);
	assert_int_equal(stats.corrupt + stats.pinned_unlinked_bytes, 0);
	assert_int_equal(stats.arenas + stats.warm_bytes + stats.cold_bytes, 0);
	assert_int_equal(stats.total.arenas_removed, made);
}

int
main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, timed_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(evicted_entries_and_their_bytes),
		TEST(expired_entries_once_they_are_removed),
		TEST(ways_between_the_tiers),
		TEST(what_compaction_copies_and_removes),
		TEST(links_once_they_are_written),
		TEST(hits_on_what_has_expired),
		TEST(misses_of_a_handle_that_bypasses_and_of_another_request),
		TEST(nothing_is_left_when_all_is_removed),
	};

	return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}

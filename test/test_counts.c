/* SPDX-License-Identifier: MIT */
/*
 * test_counts.c - every number that bc_stats(), bc_latency(), bc_top() and
 * bc_processes() give moves when it should, and only then.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct bc_latency
latency_of(enum bc_op op, int process)
{
	struct bc_latency latency;
	struct bc_error err;

	assert_status(bc_latency(fixture.cache, op, process, &latency, &err),
	              BC_OK, &err);
	return latency;
}

static struct bc_rates
rates_now(void)
{
	struct bc_stats stats = unit_stats();
	struct bc_rates rates;

	bc_rates(&stats.total, &rates);
	return rates;
}

static void
get_times(const char *key, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct bc_view view;

		if (bc_get(fixture.cache, key, &view) == BC_OK)
			bc_view_release(&view);
	}
}

/* ---- rates ----------------------------------------------------------------
 */

static void
without_requests_the_ratio_is_nothing(void **state)
{
	struct bc_rates rates = rates_now();
	struct bc_stats stats = unit_stats();

	(void)state;
	assert_true(rates.hit_ratio == 0.0);
	assert_true(rates.write_amplification == 0.0);
	assert_true(rates.avg_fetch_ns == 0.0);
	assert_true(stats.avg_access_count == 0.0);
	assert_true(stats.compression_ratio == 1.0);
	assert_true(stats.ops_per_second == 0.0);
}

static void
one_miss_and_two_hits(void **state)
{
	struct bc_rates rates;

	(void)state;
	get_times("a", 1);
	unit_put("a", 1, 100);
	get_times("a", 2);
	rates = rates_now();
	assert_int_equal(rates.misses, 1);
	assert_int_equal(rates.hits, 2);
	assert_int_equal(rates.requests, 3);
	assert_true(rates.hit_ratio > 0.666 && rates.hit_ratio < 0.667);
}

static void
one_of_each_is_a_half(void **state)
{
	struct bc_rates rates;

	(void)state;
	get_times("a", 1);
	unit_put("a", 1, 100);
	get_times("a", 1);
	rates = rates_now();
	assert_true(rates.hit_ratio == 0.5);
	assert_int_equal(unit_stats().entries, 1);
	assert_true(unit_stats().live_bytes > 0);
}

/* ---- counters -------------------------------------------------------------
 */

static int
add_bytes(void *context, const struct bc_info *info)
{
	uint64_t *sum = context;

	*sum += info->stored_bytes;
	return 0;
}

static void
bytes_are_the_sum_of_the_entries(void **state)
{
	static const uint64_t rows[] = { 1, 3, 100, 5000, 20000 };
	uint64_t sum = 0;
	struct bc_error err;
	char key[8];

	(void)state;
	for (unsigned i = 0; i < 15; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		unit_put(key, 1, rows[i % 5]);
	}
	assert_status(bc_list(fixture.cache, NULL, add_bytes, &sum, &err),
	              BC_OK, &err);
	assert_int_equal(unit_stats().live_bytes, sum);
	for (unsigned i = 0; i < 15; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		assert_status(bc_remove(fixture.cache, key, &err), BC_OK, &err);
	}
	assert_int_equal(unit_stats().live_bytes, 0);
}

static void
what_is_written_is_counted(void **state)
{
	struct bc_stats stats;
	struct bc_rates rates;

	(void)state;
	unit_put("inline", 1, 2);
	stats = unit_stats();
	assert_true(stats.total.written_bytes >= 2 * 56);
	assert_true(stats.total.written_bytes < 1000);
	unit_put("large", 1, 10000);
	stats = unit_stats();
	assert_true(stats.total.written_bytes >= stats.warm_bytes);
	assert_true(stats.total.written_bytes >= 10000 * 56);
	bc_rates(&stats.total, &rates);
	assert_true(rates.write_amplification >= 1);
	assert_true(rates.write_amplification < 2);
}

static void
removed_arenas_are_counted(void **state)
{
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 20000);
	assert_int_equal(unit_stats().total.arenas_removed, 0);
	for (uint64_t i = 2; unit_stats().total.arenas_removed == 0; i++) {
		assert_true(i < 200);
		unit_put("a", i, 200000);
	}
	assert_status(bc_remove(fixture.cache, "a", &err), BC_OK, &err);
}

static void
damage_is_counted_when_it_is_found_and_when_it_is_dropped(void **state)
{
	struct bc_stats stats;

	(void)state;
	unit_put("bad", 1, 100);
	unit_put("good", 1, 100);
	unit_flip("bad", 2000);
	get_times("bad", 3);
	stats = unit_stats();
	assert_int_equal(stats.corrupt, 1);
	assert_int_equal(stats.total.misses[BC_MISS_CORRUPT], 3);
	assert_int_equal(stats.total.quarantined, 0);
	unit_put("good", 2, 100);
	stats = unit_stats();
	assert_int_equal(stats.corrupt, 1);
	assert_int_equal(stats.total.quarantined, 1);
}

static enum bc_status
fetch_slowly(struct bc_fetch *fetch, struct bc_error *err)
{
	test_sleep_ms(3);
	return bc_fetch_put_blob(fetch, "x", 1, NULL, err);
}

static void
fetches_are_counted_and_timed(void **state)
{
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	struct bc_latency latency;
	struct bc_stats stats;
	struct bc_rates rates;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	options.function = fetch_slowly;
	for (unsigned i = 0; i < 3; i++) {
		assert_status(bc_get_or_fetch(fixture.cache, "f", &options,
		                              &view, &err),
		              BC_OK, &err);
		bc_view_release(&view);
	}
	stats = unit_stats();
	assert_int_equal(stats.total.fetches, 1);
	assert_true(stats.total.fetch_ns >= 3000000);
	bc_rates(&stats.total, &rates);
	assert_true(rates.avg_fetch_ns >= 3e6);
	latency = latency_of(BC_OP_FETCH, 0);
	assert_int_equal(latency.count, 1);
	assert_true(latency.min_ns >= 3000000);
	assert_int_equal(latency.sum_ns, stats.total.fetch_ns);
}

static void
accesses_have_a_mean(void **state)
{
	struct bc_stats stats;

	(void)state;
	unit_put("a", 1, 100);
	unit_put("b", 1, 100);
	get_times("a", 5);
	/* Written and read five times is six. */
	assert_int_equal(unit_info("a").access_count, 6);
	stats = unit_stats();
	assert_int_equal(stats.access_sum, 7);
	assert_true(stats.avg_access_count == 3.5);
}

/* A read of a series is one access, however many segments it is of. */
static void
a_series_counts_its_accesses_once(void **state)
{
	static const int64_t begin_ns = 1700000040 * UNIT_SECOND_NS;
	static int64_t times[100];
	static double closes[100];
	const struct bc_column column = { "close", BC_F64, closes, NULL, 0 };
	const struct bc_frame frame = { 100, times, &column, 1 };
	struct bc_compact_report report;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	for (unsigned part = 0; part < 100; part++) {
		for (unsigned i = 0; i < 100; i++)
			times[i] = begin_ns +
			           60ll * UNIT_SECOND_NS * (part * 100 + i);
		assert_status(bc_append(fixture.cache, "x/spot/A/1m", &frame,
		                        NULL, NULL, &err),
		              BC_OK, &err);
	}
	assert_true(unit_info("x/spot/A/1m").segment_count > 1);
	assert_int_equal(unit_stats().access_sum, 1);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(bc_read(fixture.cache, "x/spot/A/1m",
		                         INT64_MIN, INT64_MAX, NULL, 0, &view),
		                 BC_OK);
		assert_int_equal(view.rows, 10000);
		bc_view_release(&view);
	}
	unit_put("a", 1, 100);
	assert_int_equal(unit_info("x/spot/A/1m").access_count, 6);
	assert_int_equal(unit_stats().access_sum, 7);
	/* Nor when its segments move, or become another tier's. */
	assert_status(bc_place(fixture.cache, "x/spot/A/1m", BC_PLACE_COLD,
	                       NULL, &err),
	              BC_OK, &err);
	assert_int_equal(unit_stats().access_sum, 7);
	assert_status(bc_compact(fixture.cache, NULL, &report, &err), BC_OK,
	              &err);
	assert_int_equal(unit_stats().access_sum, 7);
	assert_status(bc_repair(fixture.cache, NULL, NULL, &err), BC_OK, &err);
	assert_int_equal(unit_stats().access_sum, 7);
	assert_status(bc_remove(fixture.cache, "x/spot/A/1m", &err), BC_OK,
	              &err);
	assert_int_equal(unit_stats().access_sum, 1);
}

static void
operations_a_second_are_those_of_who_is_there(void **state)
{
	(void)state;
	unit_put("a", 1, 100);
	get_times("a", 1000);
	test_sleep_ms(5);
	assert_true(unit_stats().ops_per_second > 0);
	/* At least 5 ms for 1,001 of them. */
	assert_true(unit_stats().ops_per_second < 1001 / 0.005);
	unit_reopen(NULL);
	assert_true(unit_stats().ops_per_second == 0);
}

static void
limits_and_the_time_of_folding_are_said(void **state)
{
	struct bc_options options = unit_options();

	(void)state;
	options.entries_max = 77;
	unit_restart(&options);
	assert_int_equal(unit_stats().entries_max, 77);
	assert_int_equal(unit_stats().folded_ns, 0);
	assert_int_equal(unit_stats().compacted_ns, 0);
	unit_put("a", 1, 100);
	assert_true(unit_stats().folded_ns > 0);
}

/* ---- times ----------------------------------------------------------------
 */

static void
one_hit_in_64_is_timed(void **state)
{
	struct bc_latency latency;
	struct bc_view view;

	(void)state;
	unit_put("a", 1, 1000);
	get_times("a", 63);
	assert_int_equal(latency_of(BC_OP_GET, 0).count, 0);
	get_times("a", 1);
	assert_int_equal(latency_of(BC_OP_GET, 0).count, 1);
	get_times("a", 640);
	latency = latency_of(BC_OP_GET, 1);
	assert_int_equal(latency.count, 11);
	assert_true(latency.min_ns > 0);
	assert_true(latency.min_ns <= latency.p50_ns);
	assert_true(latency.p50_ns <= latency.p99_ns);
	assert_true(latency.p99_ns <= latency.p999_ns);
	assert_true(latency.p999_ns <= latency.max_ns);
	assert_true(latency.sum_ns >= 11 * latency.min_ns);
	assert_true(latency.sum_ns <= 11 * latency.max_ns);
	for (unsigned i = 0; i < 128; i++) {
		assert_int_equal(bc_read(fixture.cache, "a", INT64_MIN,
		                         INT64_MAX, NULL, 0, &view),
		                 BC_OK);
		bc_view_release(&view);
	}
	assert_int_equal(latency_of(BC_OP_READ, 0).count, 2);
	assert_int_equal(latency_of(BC_OP_GET, 0).count, 11);
}

static void
a_packed_value_is_cold_first_and_hot_then(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	static unsigned char zeros[100000];
	struct bc_stats stats;
	struct bc_error err;

	(void)state;
	options.placement = BC_PLACE_COLD;
	assert_status(bc_put_blob(fixture.cache, "packed", zeros, sizeof(zeros),
	                          &options, &err),
	              BC_OK, &err);
	get_times("packed", 3);
	stats = unit_stats();
	assert_int_equal(stats.total.hits[BC_COLD], 1);
	assert_int_equal(stats.total.hits[BC_HOT], 2);
	assert_int_equal(stats.total.hits[BC_WARM], 0);
	assert_true(stats.cold_bytes > 0);
	assert_true(stats.live_cold_bytes > 0);
	assert_true(stats.compression_ratio > 1);
	assert_int_equal(latency_of(BC_OP_DECODE, 0).count, 1);
}

static void
every_put_is_timed(void **state)
{
	struct bc_latency latency;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 100);
	unit_put("a", 2, 100);
	assert_status(bc_remove(fixture.cache, "a", &err), BC_OK, &err);
	assert_status(bc_sync(fixture.cache, &err), BC_OK, &err); /* is none */
	assert_int_equal(latency_of(BC_OP_PUT, 0).count, 3);
	unit_reopen(NULL);
	assert_int_equal(latency_of(BC_OP_PUT, 1).count, 0);
	latency = latency_of(BC_OP_PUT, 0);
	assert_int_equal(latency.count, 3);
	assert_true(latency.min_ns > 0);
	assert_status(bc_latency(fixture.cache, BC_OPS, 0, &latency, &err),
	              BC_INVALID, &err);
	assert_int_equal(latency.count, 0);
}

static void
operations_have_names(void **state)
{
	(void)state;
	assert_string_equal(bc_op_name(BC_OP_GET), "get");
	assert_string_equal(bc_op_name(BC_OP_COMPACT), "compact");
	assert_string_equal(bc_op_name(BC_OPS), "unknown");
}

/* ---- the hottest entries ---------------------------------------------------
 */

static void
the_hottest_come_first(void **state)
{
	static const char *const expected[] = { "d", "b", "a", "c" };
	const struct bc_filter filter = { .glob = "[abc]" };
	struct bc_hot hot[8];
	struct bc_error err;
	size_t count, i;

	(void)state;
	for (i = 0; i < 5; i++) {
		const char key[] = { (char)('a' + i), 0 };

		unit_put(key, 1, i == 0 ? 2 : 100);
	}
	get_times("b", 3);
	get_times("d", 9);
	get_times("a", 2);
	get_times("c", 2);
	assert_status(bc_top(fixture.cache, NULL, hot, 4, &count, &err), BC_OK,
	              &err);
	assert_int_equal(count, 4);
	for (i = 0; i < 4; i++) {
		struct bc_info info = unit_info(expected[i]);

		assert_string_equal(hot[i].key, expected[i]);
		assert_int_equal(hot[i].access_count, info.access_count);
		assert_int_equal(hot[i].accessed_ns, info.accessed_ns);
		assert_int_equal(hot[i].stored_bytes, info.stored_bytes);
		assert_int_equal(hot[i].kind, info.kind);
		assert_int_equal(hot[i].tier, info.tier);
	}
	assert_status(bc_top(fixture.cache, NULL, hot, 8, &count, &err), BC_OK,
	              &err);
	assert_int_equal(count, 5);
	assert_string_equal(hot[4].key, "e");
	assert_status(bc_top(fixture.cache, &filter, hot, 8, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 3);
	assert_string_equal(hot[0].key, "b");
	assert_status(bc_top(fixture.cache, NULL, hot, 0, &count, &err), BC_OK,
	              &err);
	assert_int_equal(count, 0);
}

/* ---- processes --------------------------------------------------------------
 */

static struct bc_process
own_process(void)
{
	struct bc_process processes[4];
	struct bc_error err;
	size_t count;

	assert_status(bc_processes(fixture.cache, processes, 4, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 1);
	return processes[0];
}

static void
what_a_process_holds_is_seen(void **state)
{
	struct bc_process process = own_process();
	struct bc_view views[3];

	(void)state;
	assert_int_equal(process.views, 0);
	assert_int_equal(process.views_since_ns, 0);
	assert_int_equal(process.mapped_bytes, 0);
	assert_int_equal(process.pinned_unlinked_bytes, 0);
	unit_put("a", 1, 1000);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(bc_get(fixture.cache, "a", &views[i]), BC_OK);
	process = own_process();
	assert_int_equal(process.views, 3);
	assert_true(process.views_since_ns > 0);
	assert_true(process.noted_ns >= process.views_since_ns);
	assert_true(process.mapped_bytes >= 56000);
	for (unsigned i = 0; i < 3; i++)
		bc_view_release(&views[i]);
	process = own_process();
	assert_int_equal(process.views, 0);
	assert_int_equal(process.views_since_ns, 0);
}

/* Held by a child that does nothing else. */
struct holding {
	_Atomic int holds, released;
};

static void
hold_a_view(void *argument)
{
	struct holding *holding = argument;
	struct bc_cache *cache = test_open(fixture.dir.cache, 0);
	struct bc_view view;

	require(bc_get(cache, "a", &view) == BC_OK);
	holding->holds = 1;
	while (holding->released == 0)
		test_sleep_ms(1);
	bc_view_release(&view);
	bc_close(cache);
}

static void
another_process_is_seen_with_its_view(void **state)
{
	struct holding *holding = test_shared(sizeof(*holding));
	struct bc_process processes[4];
	struct bc_error err;
	size_t count;
	pid_t child;

	(void)state;
	unit_put("a", 1, 1000);
	child = test_child_start(hold_a_view, holding);
	while (holding->holds == 0)
		test_sleep_ms(1);
	assert_status(bc_processes(fixture.cache, processes, 4, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 2);
	assert_int_equal(processes[1].pid, child);
	assert_true(processes[1].mapped_bytes >= 56000);
	assert_int_equal(unit_stats().processes, 2);
	holding->released = 1;
	assert_int_equal(test_child_wait(child), 0);
	assert_int_equal(unit_stats().processes, 1);
}

int
main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(without_requests_the_ratio_is_nothing),
		TEST(one_miss_and_two_hits),
		TEST(one_of_each_is_a_half),
		TEST(bytes_are_the_sum_of_the_entries),
		TEST(what_is_written_is_counted),
		TEST(removed_arenas_are_counted),
		TEST(damage_is_counted_when_it_is_found_and_when_it_is_dropped),
		TEST(fetches_are_counted_and_timed),
		TEST(accesses_have_a_mean),
		TEST(a_series_counts_its_accesses_once),
		TEST(operations_a_second_are_those_of_who_is_there),
		TEST(limits_and_the_time_of_folding_are_said),
		TEST(one_hit_in_64_is_timed),
		TEST(a_packed_value_is_cold_first_and_hot_then),
		TEST(every_put_is_timed),
		TEST(operations_have_names),
		TEST(the_hottest_come_first),
		TEST(what_a_process_holds_is_seen),
		TEST(another_process_is_seen_with_its_view),
	};

	return cmocka_run_group_tests_name("counts", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_dry_run.c - what a dry run of bc_compact() says is what the real one
 * then does, for each kind of step; and by whose order it evicts.
 */
#include "growth_unit.h"

#include <stdio.h>
#include <string.h>

#include "clockwork.h"

#define BEGIN (1800000000 * UNIT_SECOND_NS)
#define MIB (1u << 20)

static unsigned char noise[64 * 1024];

static int
teardown(void **state)
{
	clockwork_true();
	return series_teardown(state);
}

static void
at(int64_t second)
{
	clockwork_at(BEGIN + second * UNIT_SECOND_NS);
}

static char *
key_of(unsigned index, char key[16])
{
	snprintf(key, 16, "k%04u", index);
	return key;
}

static void
put(unsigned index, size_t size, int64_t ttl_ns)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;
	char key[16];

	options.ttl_ns = ttl_ns;
	assert_status(bc_put_blob(fixture.cache, key_of(index, key), noise,
	                          size, &options, &err),
	              BC_OK, &err);
}

static bool
is_there(unsigned index)
{
	char key[16];

	return bc_exists(fixture.cache, key_of(index, key), NULL) == BC_OK;
}

static struct bc_compact_report
compact(unsigned flags, uint64_t target_bytes)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct bc_compact_report report;
	struct bc_error err;

	options.flags = flags;
	options.target_bytes = target_bytes;
	assert_status(bc_compact(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.incomplete, 0);
	return report;
}

/* A dry run changes nothing and says what the real one does. */
static struct bc_compact_report
both(unsigned flags, uint64_t target_bytes)
{
	struct bc_stats before = unit_stats(), after;
	struct bc_compact_report dry, real;

	dry = compact(flags | BC_COMPACT_DRY_RUN, target_bytes);
	after = unit_stats();
	assert_int_equal(after.entries, before.entries);
	assert_int_equal(after.segments, before.segments);
	assert_int_equal(after.live_bytes, before.live_bytes);
	assert_int_equal(after.live_cold_bytes, before.live_cold_bytes);
	assert_int_equal(after.warm_bytes, before.warm_bytes);
	assert_int_equal(after.total.evictions, before.total.evictions);
	assert_int_equal(after.total.expirations, before.total.expirations);
	real = compact(flags, target_bytes);
	assert_int_equal(dry.expired, real.expired);
	assert_int_equal(dry.dropped, real.dropped);
	assert_int_equal(dry.evicted, real.evicted);
	assert_int_equal(dry.evicted_bytes, real.evicted_bytes);
	assert_int_equal(dry.demoted, real.demoted);
	assert_int_equal(dry.demoted_bytes, real.demoted_bytes);
	assert_int_equal(dry.merged, real.merged);
	assert_int_equal(dry.segments_before, real.segments_before);
	assert_int_equal(dry.segments_after, real.segments_after);
	/* What another step leaves dead is more to clean. */
	if (real.evicted + real.demoted + real.expired + real.dropped +
	            real.merged ==
	    0) {
		assert_int_equal(dry.moved, real.moved);
		assert_int_equal(dry.moved_bytes, real.moved_bytes);
	}
	return real;
}

/* ---- each kind of step ------------------------------------------------- */

/* More than one commit removes. */
static void
what_expires(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 700; i++)
		put(i, 100, i % 7 == 0 ? 0 : 10 * UNIT_SECOND_NS);
	clockwork_pass(100 * UNIT_SECOND_NS);
	assert_int_equal(both(0, 0).expired, 600);
	assert_int_equal(unit_stats().entries, 100);
}

/* Bars pack well and go to the cold tier, noise is dropped. */
static void
what_is_evicted_or_packed(void **state)
{
	struct bc_options options = unit_options();
	struct bc_compact_report report;
	char key[16];

	(void)state;
	options.warm_bytes = 64 * MIB;
	options.cold_bytes = 64 * MIB;
	options.policy = BC_POLICY_LRU;
	unit_restart(&options);
	for (unsigned i = 0; i < 400; i++) {
		at(i);
		if (i % 4 == 0)
			unit_put(key_of(i, key), 1, 300);
		else
			put(i, 20000, 0);
	}
	report = both(BC_COMPACT_TARGET, unit_stats().live_bytes / 3);
	assert_true(report.demoted > 0 && report.evicted > report.demoted);
	assert_int_equal(unit_stats().total.demotions, report.demoted);
	assert_int_equal(unit_stats().total.evictions, report.evicted);
}

static void
what_is_merged(void **state)
{
	(void)state;
	series_generate(&all, BEGIN, SERIES_MINUTE_NS, 40000, 1);
	for (unsigned i = 0; i < 4; i++)
		(void)series_grow("a", 10000 * i, 10000);
	for (unsigned i = 0; i < 3; i++)
		(void)series_grow("b", 10000 * i, 10000);
	assert_true(both(0, 0).merged >= 1);
	expect_rows("a", &all);
}

static void
what_is_moved(void **state)
{
	struct bc_options options = unit_options();
	struct bc_compact_report report;
	struct bc_error err;
	char key[16];

	(void)state;
	options.warm_bytes = 64 * MIB;
	unit_restart(&options);
	for (unsigned i = 0; i < 400; i++)
		put(i, 20000, 0);
	for (unsigned i = 0; i < 400; i += 2)
		assert_status(bc_remove(fixture.cache, key_of(i, key), &err),
		              BC_OK, &err);
	report = both(0, 0);
	assert_true(report.moved > 50);
	assert_int_equal(unit_stats().total.moved_bytes, report.moved_bytes);
}

/* Hours that were made of minutes which have changed: more than a commit. */
static void
what_is_of_no_use(void **state)
{
	const int64_t hour = 60 * SERIES_MINUTE_NS;
	const int64_t begin_ns = BEGIN / hour * hour;
	struct bc_resample rule = BC_RESAMPLE_INIT;
	struct bc_derive derive = BC_DERIVE_INIT;
	struct bc_view view;
	struct bc_error err;
	uint64_t entries;

	(void)state;
	series_generate(&all, begin_ns, SERIES_MINUTE_NS, 6060, 1);
	(void)series_grow("x/y/Z/1m", 0, 6000);
	rule.timeframe = "1h";
	derive.resample = &rule;
	for (int64_t i = 0; i < 90; i++) {
		assert_status(bc_read_derived(fixture.cache, "x/y/Z/1m",
		                              begin_ns + i * hour,
		                              begin_ns + (i + 2) * hour, 0,
		                              &derive, &view, &err),
		              BC_OK, &err);
		bc_view_release(&view);
	}
	entries = unit_stats().entries;
	assert_true(entries > 64);
	(void)series_grow("x/y/Z/1m", 6000, 60);
	assert_int_equal(both(0, 0).dropped, entries - 1);
	assert_int_equal(unit_stats().entries, 1);
}

static void
nothing_to_do(void **state)
{
	struct bc_compact_report report;

	(void)state;
	put(0, 5000, 0);
	report = both(0, 0);
	assert_int_equal(report.evicted + report.moved + report.expired +
	                         report.dropped + report.merged,
	                 0);
}

/* ---- by whose order ---------------------------------------------------- */

/*
 * Ten values; the first is read late, so s3fifo and adaptive keep it longer
 * than those after it that were put later than it was read.
 */
static void
fill_ten(enum bc_policy policy)
{
	struct bc_options options = unit_options();
	struct bc_view view;
	char key[16];

	options.warm_bytes = 64 * MIB;
	options.policy = policy;
	unit_restart(&options);
	for (unsigned i = 0; i < 10; i++) {
		at(10 * i);
		put(i, 20000, 0);
		if (i == 5) {
			at(10 * i + 5);
			assert_int_equal(
				bc_get(fixture.cache, key_of(0, key), &view),
				BC_OK);
			bc_view_release(&view);
		}
	}
	at(100);
}

static void
queues_say_what_goes(void **state)
{
	static const enum bc_policy policies[] = { BC_POLICY_S3FIFO,
		                                   BC_POLICY_DEFAULT };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		fill_ten(policies[i]);
		assert_int_equal(both(BC_COMPACT_TARGET, 25000).evicted, 9);
		assert_true(is_there(0));
		assert_int_equal(unit_stats().entries, 1);
	}
}

/* A segment of a series is kept as a value is: if it was read late. */
static void
a_series_that_is_read_is_kept(void **state)
{
	struct bc_options options = unit_options();
	struct bc_view view;

	(void)state;
	options.warm_bytes = 64 * MIB;
	unit_restart(&options);
	at(0);
	series_generate(&all, BEGIN, SERIES_MINUTE_NS, 1000, 1);
	(void)series_grow("x/y/Z/1m", 0, 1000);
	for (unsigned i = 0; i < 9; i++) {
		at(10 + i);
		put(i, 20000, 0);
	}
	at(50);
	assert_status(bc_read(fixture.cache, "x/y/Z/1m", BEGIN,
	                      BEGIN + 100 * SERIES_MINUTE_NS, NULL, 0, &view),
	              BC_OK, NULL);
	bc_view_release(&view);
	at(100);
	assert_int_equal(both(BC_COMPACT_TARGET, 60000).evicted, 9);
	expect_rows("x/y/Z/1m", &all);
}

static void
lru_says_what_goes(void **state)
{
	(void)state;
	fill_ten(BC_POLICY_LRU);
	assert_int_equal(both(BC_COMPACT_TARGET, 25000).evicted, 9);
	assert_true(is_there(9));
	assert_false(is_there(0));
}

/* Pinned entries stay even with nothing to stay. */
static void
pinned_entries_stay(void **state)
{
	struct bc_error err;
	char key[16];

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		put(i, i % 2 == 0 ? 20000 : 100, 0);
	for (unsigned i = 0; i < 2; i++)
		assert_status(bc_pin(fixture.cache, key_of(i, key), 1, &err),
		              BC_OK, &err);
	assert_int_equal(both(BC_COMPACT_TARGET, 0).evicted, 6);
	assert_true(is_there(0) && is_there(1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_expires),         TEST(what_is_evicted_or_packed),
		TEST(what_is_merged),       TEST(what_is_moved),
		TEST(what_is_of_no_use),    TEST(nothing_to_do),
		TEST(queues_say_what_goes), TEST(a_series_that_is_read_is_kept),
		TEST(lru_says_what_goes),   TEST(pinned_entries_stay),
	};
	uint64_t seed = 1;

	for (size_t i = 0; i < sizeof(noise); i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		noise[i] = (unsigned char)(seed >> 56);
	}
	return cmocka_run_group_tests_name("dry_run", tests, NULL, NULL);
}

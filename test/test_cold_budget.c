/* SPDX-License-Identifier: MIT */
/*
 * test_cold_budget.c - the cold tier makes room as the warm one does: whatever
 * goes there, by whatever way, it never takes more than its budget and two
 * arenas, what is there is right, and what is not was evicted.
 */
#include "filled_unit.h"

#include "arena.h"

#define MIB (1ull << 20)
#define KIB (1ull << 10)
#define KEYS 120u
#define MINUTE_NS INT64_C(60000000000)

static void
restart(uint64_t warm_bytes, uint64_t cold_bytes, enum bc_policy policy)
{
	struct bc_options options = unit_options();

	options.warm_bytes = warm_bytes;
	options.cold_bytes = cold_bytes;
	options.policy = policy;
	options.durability = BC_SCRATCH;
	filled_restart(&options);
}

static void
check_bounds(uint64_t warm, uint64_t cold)
{
	struct bc_stats stats = unit_stats();

	if (stats.live_bytes - stats.live_cold_bytes > warm ||
	    stats.warm_bytes > warm + 2 * bci_arena_capacity(warm) ||
	    stats.live_cold_bytes > cold ||
	    stats.cold_bytes > cold + 2 * bci_arena_capacity(cold)) {
		print_error("warm %llu of %llu (%llu live), cold %llu of %llu "
		            "(%llu live)\n",
		            (unsigned long long)stats.warm_bytes,
		            (unsigned long long)warm,
		            (unsigned long long)(stats.live_bytes -
		                                 stats.live_cold_bytes),
		            (unsigned long long)stats.cold_bytes,
		            (unsigned long long)cold,
		            (unsigned long long)stats.live_cold_bytes);
		fail();
	}
}

static void
put_frame(unsigned index, uint64_t version, uint64_t rows,
          enum bc_placement placement)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;

	options.placement = placement;
	filled_put(index, test_value_frame, version, rows, &options);
}

static void
put_batch(unsigned first, unsigned count, uint64_t version, uint64_t rows)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;

	options.placement = BC_PLACE_COLD;
	filled_put_batch(first, count, KEYS, test_value_frame, version, rows,
	                 &options);
}

static void
place(unsigned index, enum bc_placement placement)
{
	struct bc_error err;
	char key[16];
	enum bc_status status = bc_place(fixture.cache, filled_key(index, key),
	                                 placement, NULL, &err);

	assert_true(status == BC_OK || status == BC_MISS || status == BC_FULL);
}

/* ---- a series that grows in the cold tier ------------------------------ */

static double
bar_of(int64_t minute)
{
	return (double)(test_mix((uint64_t)minute, 3) % 100000) / 100;
}

/* Its own segments cannot go for it: of a tiny budget they may be all. */
static bool
append(int64_t minute, uint64_t rows)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	static int64_t time_ns[1000];
	static double close[1000];
	const struct bc_column columns[] = {
		{ .name = "close", .type = BC_F64, .data = close },
	};
	const struct bc_frame frame = { .rows = rows,
		                        .time_ns = time_ns,
		                        .columns = columns,
		                        .column_count = 1 };
	struct bc_error err;
	enum bc_status status;

	for (uint64_t i = 0; i < rows; i++) {
		time_ns[i] = (minute + (int64_t)i) * MINUTE_NS;
		close[i] = bar_of(minute + (int64_t)i);
	}
	options.placement = BC_PLACE_COLD;
	status = bc_append(fixture.cache, "x/y/z/1m", &frame, &options, NULL,
	                   &err);
	if (status != BC_FULL || unit_stats().cold_budget_bytes > MIB / 2)
		assert_status(status, BC_OK, &err);
	return status == BC_OK;
}

/* Read a range of the series: a miss, or the right rows. */
static void
check_range(int64_t minute, uint64_t rows)
{
	struct bc_view view;
	enum bc_status status =
		bc_read(fixture.cache, "x/y/z/1m", minute * MINUTE_NS,
	                (minute + (int64_t)rows) * MINUTE_NS, NULL, 0, &view);
	const double *close;

	if (status == BC_MISS)
		return;
	assert_status(status, BC_OK, NULL);
	assert_int_equal(view.rows, rows);
	close = bc_view_column(&view, 1);
	for (uint64_t i = 0; i < rows; i++)
		assert_true(close[i] == bar_of(minute + (int64_t)i));
	bc_view_release(&view);
}

/* ---- load -------------------------------------------------------------- */

static void
step(uint64_t random, uint64_t version, uint64_t most, int64_t *minute)
{
	unsigned index = (unsigned)(random % KEYS);
	uint64_t rows = 20 + (random >> 32) % most;
	struct bc_error err;

	switch (random >> 20 & 15) {
	case 0:
		filled_remove(index);
		break;
	case 1:
		put_batch(index, 1 + (unsigned)(random >> 24 & 7), version,
		          20 + rows / 8);
		break;
	case 2:
	case 3:
		filled_check(index % 20); /* Often asked for. */
		break;
	case 4:
		filled_check(index);
		break;
	case 5:
		place(index, BC_PLACE_COLD);
		break;
	case 6:
		place(index, BC_PLACE_WARM);
		break;
	case 7:
		rows = 1 + rows % 999;
		if (append(*minute, rows))
			*minute += (int64_t)rows;
		else
			assert_status(
				bc_remove(fixture.cache, "x/y/z/1m", &err),
				BC_OK, &err);
		check_range(*minute - 3 * (int64_t)rows / 2, rows);
		break;
	case 8:
	case 9:
	case 10:
		put_frame(index, version, rows, BC_PLACE_AUTO);
		break;
	default:
		put_frame(index, version, rows, BC_PLACE_COLD);
	}
}

static void
run(uint64_t warm, uint64_t cold, uint64_t most, unsigned steps, uint64_t seed)
{
	int64_t minute = 1000;
	unsigned i;

	for (i = 1; i <= steps; i++) {
		step(test_mix(i, seed), i, most, &minute);
		check_bounds(warm, cold);
	}
	filled_check_all(KEYS);
}

/* Nothing is live, and nothing counted so, once everything is removed. */
static void
expect_empty(void)
{
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	struct bc_filter filter = { 0 };
	struct bc_stats stats;
	struct bc_error err;

	options.filter = &filter;
	assert_status(bc_remove_where(fixture.cache, &options, NULL, &err),
	              BC_OK, &err);
	stats = unit_stats();
	assert_int_equal(stats.live_bytes, 0);
	assert_int_equal(stats.live_cold_bytes, 0);
	assert_int_equal(stats.entries, 0);
	assert_int_equal(stats.evicted_entries, 0);
}

static void
no_load_exceeds_the_cold_budget_under_any_policy(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < FILLED_POLICIES; i++) {
		restart(MIB, MIB, filled_policies[i]);
		run(MIB, MIB, 2000, 800, 7 + i);
		assert_true(filled.lost > 10);
		assert_true(filled.met[BC_WARM] != 0);
		assert_true(filled.met[BC_COLD] != 0);
		assert_true(unit_stats().live_cold_bytes > MIB / 4);
		unit_expect_sound();
		unit_reopen(NULL);
		unit_expect_sound();
		expect_empty();
	}
}

static void
small_cold_budgets_work(void **state)
{
	static const uint64_t budgets[] = { 32 * KIB, 128 * KIB };
	size_t i, k;

	(void)state;
	for (k = 0; k < sizeof(budgets) / sizeof(budgets[0]); k++) {
		for (i = 0; i < FILLED_POLICIES; i++) {
			restart(256 * KIB, budgets[k], filled_policies[i]);
			run(256 * KIB, budgets[k], budgets[k] / 512, 500,
			    31 + i);
			assert_true(filled.lost > 5);
			unit_expect_sound();
			expect_empty();
		}
	}
}

/* The live bytes of both tiers. */
static void
live(uint64_t *warm, uint64_t *cold)
{
	struct bc_stats stats = unit_stats();

	*cold = stats.live_cold_bytes;
	*warm = stats.live_bytes - stats.live_cold_bytes;
}

static void
compaction_evicts_from_each_tier_to_its_target(void **state)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct bc_compact_report dry, report;
	uint64_t warm, cold, before;
	struct bc_error err;
	unsigned i;

	(void)state;
	restart(64 * MIB, 64 * MIB, BC_POLICY_LRU);
	for (i = 0; i < 60; i++)
		put_frame(i, i + 1, 2000,
		          i % 3 == 0 ? BC_PLACE_COLD : BC_PLACE_WARM);
	live(&warm, &before);
	assert_true(warm > MIB && before > 100 * KIB);

	/* What the warm tier gives up is packed. */
	options.flags = BC_COMPACT_TARGET;
	options.target_bytes = warm / 2;
	assert_status(bc_compact(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	live(&warm, &cold);
	assert_true(warm <= options.target_bytes && cold > before);
	assert_int_equal(report.evicted, 0);
	assert_int_equal(report.demoted, 20);
	assert_true(report.demoted_bytes >= options.target_bytes);

	/* What the cold one gives up is gone. */
	options.flags = BC_COMPACT_COLD_TARGET | BC_COMPACT_DRY_RUN;
	options.cold_target_bytes = cold / 4;
	assert_status(bc_compact(fixture.cache, &options, &dry, &err), BC_OK,
	              &err);
	options.flags = BC_COMPACT_COLD_TARGET;
	before = warm;
	assert_status(bc_compact(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	live(&warm, &cold);
	assert_int_equal(warm, before);
	assert_true(cold <= options.cold_target_bytes);
	assert_int_equal(report.demoted, 0);
	assert_true(report.evicted >= 30);
	assert_int_equal(dry.evicted, report.evicted);
	assert_int_equal(dry.evicted_bytes, report.evicted_bytes);
	filled_check_all(60);
	assert_int_equal(filled.lost, report.evicted);
	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, NULL, &err),
	              BC_OK, &err);

	/* Nothing may stay. */
	options.flags = BC_COMPACT_TARGET | BC_COMPACT_COLD_TARGET;
	options.target_bytes = options.cold_target_bytes = 0;
	assert_status(bc_compact(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	live(&warm, &cold);
	assert_int_equal(warm, 0);
	assert_int_equal(cold, 0);
	assert_int_equal(unit_stats().entries, 0);
}

/* What is one entry too many is gone: packed it would still be one. */
static void
entries_give_way_in_both_tiers(void **state)
{
	static const enum bc_placement placements[] = { BC_PLACE_WARM,
		                                        BC_PLACE_COLD };
	struct bc_options options = unit_options();
	struct bc_stats stats;
	unsigned i, tier;

	(void)state;
	for (tier = 0; tier < 2; tier++) {
		options.entries_max = 3;
		options.policy = BC_POLICY_LRU;
		filled_restart(&options);
		for (i = 0; i < 7; i++) {
			put_frame(i, i + 1, 2000, placements[tier]);
			assert_true(unit_stats().entries <= 3);
		}
		stats = unit_stats();
		assert_int_equal(stats.entries, 3);
		assert_int_equal(stats.total.evictions, 4);
		assert_int_equal(stats.total.demotions, 0);
		filled_check_all(7);
		assert_int_equal(filled.lost, 4);
		assert_int_equal(filled.versions[6], 7);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_load_exceeds_the_cold_budget_under_any_policy,
			unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(small_cold_budgets_work,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(entries_give_way_in_both_tiers,
		                                unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(
			compaction_evicts_from_each_tier_to_its_target,
			unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

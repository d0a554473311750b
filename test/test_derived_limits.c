/* SPDX-License-Identifier: MIT */
/*
 * test_derived_limits.c - derived ranges where nothing can be kept, where not
 * all is known, where what is asked for makes no sense.
 */
#include "larger.h"

#include <stdio.h>
#include <string.h>

#include "writer.h"

#define KEY "x/spot/A/1m"

/* ------------------------------------------------------------------------ */
/*  Where nothing can be kept                                               */
/* ------------------------------------------------------------------------ */

/* It is made each time, with the same values. */
static void
expect_unkept(const struct bc_derive *derive)
{
	uint64_t puts = unit_stats().total.puts;

	for (int i = 0; i < 2; i++) {
		larger_read(&larger, KEY, 0, 2 * HOUR, 0, derive);
		larger_expect(1, HOUR, 60);
		assert_true(bc_view_f64(&larger, "sma_volume_1")[1] == 60);
		assert_true(larger.copied_bytes == larger.bytes);
	}
	assert_int_equal(unit_stats().total.puts, puts);
	assert_int_equal(unit_stats().entries, 1);
}

static void
a_cache_that_takes_nothing_serves(void **state)
{
	static const char *const add[] = { "sma(volume,1)", NULL };
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = larger_derive(&rule, add);
	struct bc_options options = unit_options();
	struct bc_config config;
	struct bc_error err;

	(void)state;
	bars_fill(0, 2 * HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	options.flags = BC_OPEN_READONLY;
	unit_reopen(&options);
	expect_unkept(&derive);
	unit_reopen(NULL);
	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	config.entries_max = 1;
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_OK, &err);
	expect_unkept(&derive);
	config.entries_max = 2;
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_OK, &err);
	larger_read(&larger, KEY, 0, 2 * HOUR, 0, &derive);
	/* What another stored is served to who only reads. */
	options.flags = BC_OPEN_READONLY;
	unit_reopen(&options);
	assert_int_equal(unit_stats().entries, 2);
	larger_read(&larger, KEY, 0, 2 * HOUR, 0, &derive);
	larger_expect(1, HOUR, 60);
}

static void
a_writer_at_work_is_not_waited_for(void **state)
{
	static const char *const add[] = { "sma(volume,1)", NULL };
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = larger_derive(&rule, add);
	struct bc_options options = unit_options();
	struct bci_env *env;
	struct bc_error err;

	(void)state;
	options.lock_timeout_ms = 3600000;
	unit_reopen(&options);
	bars_fill(0, 2 * HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	assert_status(bci_cache_env(fixture.cache, &env, &err), BC_OK, &err);
	assert_status(bci_writer_lock(fixture.cache, env, &err), BC_OK, &err);
	expect_unkept(&derive);
	bci_writer_unlock(env);
	larger_read(&larger, KEY, 0, 2 * HOUR, 0, &derive);
	assert_int_equal(unit_stats().entries, 2);
}

static void
a_bypassed_cache_misses(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = larger_derive(&rule, NULL);
	struct bc_options options = unit_options();
	struct bc_error err;

	(void)state;
	bars_fill(0, 2 * HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	options.flags = BC_OPEN_BYPASS;
	unit_reopen(&options);
	assert_status(bc_read_derived(fixture.cache, KEY, 0, HOUR, 0, &derive,
	                              &larger, &err),
	              BC_MISS, &err);
	assert_int_equal(larger.miss, BC_MISS_BYPASSED);
}

static void
a_bar_that_has_not_ended_is_not_kept(void **state)
{
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = larger_derive(&rule, NULL);

	(void)state;
	bars_fill(0, 2 * HOUR, MINUTE);
	bars_append(KEY, 0, 90, BC_APPEND_OPEN);
	larger_read(&larger, KEY, INT64_MIN, INT64_MAX, 0, &derive);
	larger_expect(1, HOUR, 29);
	assert_int_equal(larger.open_rows, 0);
	assert_int_equal(unit_stats().entries, 2);
	larger_read(&larger, KEY, INT64_MIN, INT64_MAX, BC_READ_OPEN, &derive);
	larger_expect(1, HOUR, 30);
	larger_expect_partial("01");
	assert_int_equal(larger.open_rows, 1);
	assert_int_equal(unit_stats().entries, 2);
	derive.resample = NULL;
	larger_read(&larger, KEY, INT64_MIN, INT64_MAX, BC_READ_OPEN, &derive);
	assert_int_equal(larger.open_rows, 1);
	rule.partial = BC_PARTIAL_DROP;
	derive.resample = &rule;
	larger_read(&larger, KEY, INT64_MIN, INT64_MAX, BC_READ_OPEN, &derive);
	assert_int_equal(larger.rows, 1);
	assert_int_equal(larger.open_rows, 0);
}

static void
the_range_must_be_known(void **state)
{
	static const char *const sma[] = { "sma(2)", NULL };
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = larger_derive(&rule, sma);
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_error err;

	(void)state;
	bars_fill(0, 2 * HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	assert_status(bc_read_derived(fixture.cache, KEY, HOUR, 3 * HOUR, 0,
	                              &derive, &larger, &err),
	              BC_MISS, &err);
	assert_int_equal(larger.miss, BC_MISS_NOT_COVERED);
	larger_read(&larger, KEY, HOUR, 3 * HOUR, BC_READ_PARTIAL, &derive);
	assert_int_equal(larger.rows, 1);
	/* Known to be empty. */
	options.from_ns = 2 * HOUR;
	options.to_ns = 5 * HOUR;
	assert_status(bc_append(fixture.cache, KEY, NULL, &options, NULL, &err),
	              BC_OK, &err);
	larger_read(&larger, KEY, HOUR, 3 * HOUR, 0, &derive);
	assert_int_equal(larger.rows, 1);
	larger_read(&larger, KEY, 3 * HOUR, 4 * HOUR, 0, &derive);
	assert_int_equal(larger.rows, 0);
	larger_read(&larger, KEY, 3 * HOUR, 4 * HOUR, 0, &derive);
	assert_int_equal(larger.rows, 0);
	assert_int_equal(larger.schema->column_count, 8);
	options.from_ns = 0;
	assert_status(
		bc_append(fixture.cache, "empty", NULL, &options, NULL, &err),
		BC_OK, &err);
	larger_read(&larger, "empty", 0, HOUR, 0, &derive);
	assert_int_equal(larger.rows, 0);
}

/* ------------------------------------------------------------------------ */
/*  Refusals                                                                */
/* ------------------------------------------------------------------------ */

static void
refuse(const char *formula, const char *reason)
{
	static const struct bc_view zeroed;
	const char *const add[] = { formula, NULL };
	struct bc_derive derive = larger_derive(NULL, add);
	struct bc_view view;
	struct bc_error err;

	memset(&view, 0xa5, sizeof(view));
	assert_status(bc_read_derived(fixture.cache, KEY, 0, HOUR, 0, &derive,
	                              &view, &err),
	              BC_INVALID, &err);
	assert_memory_equal(&view, &zeroed, sizeof(view));
	if (strstr(err.message, reason) == NULL)
		fail_msg("'%s' instead of '%s'", err.message, reason);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	static const char *const twice[] = { "sma(2)", "SMA(close,2)", NULL };
	struct bc_derive derive = larger_derive(NULL, twice);
	struct bc_resample rule = larger_rule("30s");
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	(void)state;
	bars_fill(0, HOUR, MINUTE);
	frame = bars_frame(0, bars.rows, columns);
	columns[0].name = "ema_5";
	columns[1].name = "top";
	assert_status(bc_put(fixture.cache, KEY, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	refuse("sma", "sma needs a window: sma(20)");
	refuse("wma(5)", "no indicator");
	refuse("sma(bid,5)", "there is no column bid");
	refuse("sma(time,5)", "there is no column time");
	refuse("atr(5)", "there is no column high");
	refuse("ema(5)", "two columns are called ema_5");
	assert_int_equal(bc_read_derived(fixture.cache, KEY, 0, HOUR, 0,
	                                 &derive, &larger, &err),
	                 BC_INVALID);
	assert_non_null(strstr(err.message, "sma_2 is asked for twice"));
	derive.add = NULL;
	assert_int_equal(bc_read_derived(fixture.cache, KEY, 1, 0, 0, &derive,
	                                 &larger, &err),
	                 BC_INVALID);
	assert_int_equal(bc_read_derived(fixture.cache, KEY, 0, 1,
	                                 BC_READ_ZERO_COPY, &derive, &larger,
	                                 &err),
	                 BC_INVALID);
	assert_int_equal(bc_read_derived(fixture.cache, "", 0, 1, 0, &derive,
	                                 &larger, &err),
	                 BC_KEY);
	derive.resample = &rule; /* finer than what the key says */
	assert_int_equal(bc_read_derived(fixture.cache, KEY, 0, 1, 0, &derive,
	                                 &larger, &err),
	                 BC_INVALID);
	derive.struct_size--;
	assert_int_equal(bc_read_derived(fixture.cache, KEY, 0, 1, 0, &derive,
	                                 &larger, &err),
	                 BC_INVALID);
	assert_int_equal(bc_read_derived(fixture.cache, KEY, 0, 1, 0, NULL,
	                                 &larger, &err),
	                 BC_INVALID);
}

static void
there_may_be_many_indicators(void **state)
{
	static char texts[65][32];
	const char *add[66] = { NULL };
	struct bc_derive derive = larger_derive(NULL, add);
	struct bc_error err;

	(void)state;
	bars_fill(0, HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	for (int i = 0; i < 65; i++) {
		snprintf(texts[i], sizeof(texts[i]), "sma(volume,%d)", i + 1);
		add[i] = texts[i];
	}
	add[65] = NULL;
	assert_status(bc_read_derived(fixture.cache, KEY, 0, HOUR, 0, &derive,
	                              &larger, &err),
	              BC_INVALID, &err);
	assert_non_null(strstr(err.message, "more than 64"));
	add[64] = NULL;
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	assert_int_equal(larger.schema->column_count, 7 + 64);
	larger_read(&larger, KEY, 0, HOUR, 0, &derive);
	assert_int_equal(unit_stats().entries, 2);
}

static void
without_memory_nothing_is_left_behind(void **state)
{
	static const char *const add[] = { "sma(trades,2)", "atr(3)", NULL };
	struct bc_resample rule = larger_rule("5m");
	struct bc_derive derive = larger_derive(&rule, add);
	struct bc_options options = unit_options();
	struct test_memory memory = { .fail_at = 0 };
	enum bc_status status = BC_NOMEM, removed;
	struct bc_error err;
	unsigned failed = 0;

	(void)state;
	options.allocator = test_allocator(&memory);
	unit_reopen(&options);
	bars_fill(0, 2 * HOUR, MINUTE);
	bars_append(KEY, 0, bars.rows, 0);
	for (uint64_t n = 1; status != BC_OK || atomic_load(&memory.fired);
	     n++) {
		atomic_store(&memory.requests, 0);
		atomic_store(&memory.fired, false);
		atomic_store(&memory.fail_at, n);
		status = bc_read_derived(fixture.cache, KEY, HOUR, 2 * HOUR, 0,
		                         &derive, &larger, &err);
		atomic_store(&memory.fail_at, 0);
		assert_true(status == BC_NOMEM || status == BC_OK);
		failed += status == BC_NOMEM;
		if (status == BC_OK) {
			larger_expect(11, 2 * HOUR - 5 * MINUTE, 5);
			bc_view_release(&larger);
			/* What could not be kept is made by the next. */
			removed = bc_remove(fixture.cache,
			                    "derived/" KEY
			                    "?3600000000000..7200000000000&5m"
			                    "&sma(trades,2)&atr(3)",
			                    &err);
			assert_true(removed == BC_OK || removed == BC_MISS);
		}
	}
	assert_true(failed > 6);
	bc_close(fixture.cache);
	fixture.cache = NULL;
	assert_true(atomic_load(&memory.live) == 0);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, larger_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_cache_that_takes_nothing_serves),
		TEST(a_writer_at_work_is_not_waited_for),
		TEST(a_bypassed_cache_misses),
		TEST(a_bar_that_has_not_ended_is_not_kept),
		TEST(the_range_must_be_known),
		TEST(what_makes_no_sense_is_refused),
		TEST(there_may_be_many_indicators),
		TEST(without_memory_nothing_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_removal.c - what filters select, and bc_remove_where().
 */
#include "links_unit.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Keys that were listed or removed, joined by blanks. */
static char seen[LINKS_TEXT];

static void
see(void *context, const char *key)
{
	size_t used = strlen(seen);

	(void)context;
	snprintf(seen + used, sizeof(seen) - used, "%s%s", used != 0 ? " " : "",
	         key);
}

static int
see_listed(void *context, const struct bc_info *info)
{
	see(context, info->key);
	return 0;
}

static void
expect_list(const struct bc_filter *filter, const char *expected)
{
	struct bc_error err;

	seen[0] = '\0';
	assert_status(bc_list(fixture.cache, filter, see_listed, NULL, &err),
	              BC_OK, &err);
	assert_string_equal(seen, expected);
}

/* Remove, first as a rehearsal: both must say the same. */
static struct bc_removed
removes(const struct bc_filter *filter, const char *const *keys, unsigned flags,
        const char *expected)
{
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	struct bc_removed dry, removed;
	uint64_t before = unit_stats().entries;
	struct bc_error err;

	options.filter = filter;
	options.keys = keys;
	options.function = see;
	options.flags = flags | BC_REMOVE_DRY_RUN;
	seen[0] = '\0';
	assert_status(bc_remove_where(fixture.cache, &options, &dry, &err),
	              BC_OK, &err);
	assert_string_equal(seen, expected);
	assert_int_equal(unit_stats().entries, before);
	options.flags = flags;
	seen[0] = '\0';
	assert_status(bc_remove_where(fixture.cache, &options, &removed, &err),
	              BC_OK, &err);
	assert_string_equal(seen, expected);
	assert_memory_equal(&dry, &removed, sizeof(dry));
	assert_int_equal(unit_stats().entries, before - removed.removed);
	return removed;
}

static void
put(const char *key)
{
	unit_put(key, 1, 10);
}

static void
tag(const char *key, const char *text)
{
	struct bc_error err;

	assert_status(
		bc_tag(fixture.cache, key, TEXTS(text), BC_LABELS_ADD, &err),
		BC_OK, &err);
}

static void
link(const char *backtest, const char *key)
{
	struct bc_error err;

	assert_status(bc_link(fixture.cache, backtest, key, 1, &err), BC_OK,
	              &err);
}

static void
pin(const char *key)
{
	struct bc_error err;

	assert_status(bc_pin(fixture.cache, key, 1, &err), BC_OK, &err);
}

/* ---- filters ------------------------------------------------------------ */

static void
labels_select_by_their_index(void **state)
{
	(void)state;
	put("b");
	put("a");
	put("c");
	tag("b", "x");
	tag("a", "x");
	tag("c", "y");
	link("run", "c");
	link("run", "b");
	expect_list(&(struct bc_filter){ .tag = "x" }, "a b");
	expect_list(&(struct bc_filter){ .backtest = "run" }, "b c");
	expect_list(&(struct bc_filter){ .backtest = "run", .tag = "x" }, "b");
	expect_list(&(struct bc_filter){ .tag = "x", .glob = "a*" }, "a");
	expect_list(&(struct bc_filter){ .tag = "x", .prefix = "c" }, "");
	expect_list(&(struct bc_filter){ .tag = "none" }, "");
	expect_list(&(struct bc_filter){ .tag = "" }, "");
	expect_list(&(struct bc_filter){ .prefix = "", .regex = "[bc]" },
	            "b c");
}

static void
sources_are_those_of_series_keys_and_requests(void **state)
{
	static const char *const symbols[] = { "AAPL" };
	struct bc_request request = { symbols,      1,    "2024-01-01",
		                      "2025-01-01", "1d", "yfinance" };
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	char key[BC_REQUEST_KEY_BYTES], quoted[BC_REQUEST_KEY_BYTES];
	struct bc_error err;

	(void)state;
	put("binance/spot/BTC%2FUSDT/1m");
	put("binance2/spot/BTC%2FUSDT/1m");
	put("binance/not a series");
	options.request = &request;
	assert_status(bc_put_blob(fixture.cache, NULL, "x", 1, &options, &err),
	              BC_OK, &err);
	assert_status(bc_key_request(&request, key, &err), BC_OK, &err);
	request.source = "a\"b\xc3\xa4";
	assert_status(bc_put_blob(fixture.cache, NULL, "x", 1, &options, &err),
	              BC_OK, &err);
	assert_status(bc_key_request(&request, quoted, &err), BC_OK, &err);
	expect_list(&(struct bc_filter){ .source = "binance" },
	            "binance/spot/BTC%2FUSDT/1m");
	expect_list(&(struct bc_filter){ .source = "yfinance" }, key);
	expect_list(&(struct bc_filter){ .source = "yfin" }, "");
	expect_list(&(struct bc_filter){ .source = "a\"b\xc3\xa4" }, quoted);
	assert_status(bc_list(fixture.cache,
	                      &(struct bc_filter){ .source = "\xff" },
	                      see_listed, NULL, &err),
	              BC_INVALID, &err);
}

static void
kinds_and_times_select(void **state)
{
	int64_t between_ns;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	put("old");
	put("read");
	assert_status(bc_put_blob(fixture.cache, "blob", "x", 1, NULL, &err),
	              BC_OK, &err);
	links_append("series", 5);
	expect_list(&(struct bc_filter){ .kind = BC_FRAME }, "old read");
	expect_list(&(struct bc_filter){ .kind = BC_BLOB }, "blob");
	expect_list(&(struct bc_filter){ .kind = BC_SERIES }, "series");
	/* Accesses are known to the second of the coarse clock. */
	test_sleep_ms(1100);
	between_ns = bci_clock_coarse_ns() / UNIT_SECOND_NS * UNIT_SECOND_NS;
	assert_status(bc_get(fixture.cache, "read", &view), BC_OK, NULL);
	bc_view_release(&view);
	put("new");
	expect_list(&(struct bc_filter){ .updated_before_ns = between_ns },
	            "blob old read series");
	expect_list(&(struct bc_filter){ .updated_before_ns = INT64_MIN }, "");
	expect_list(&(struct bc_filter){ .not_accessed_since_ns = between_ns,
	                                 .kind = BC_FRAME },
	            "old");
}

static void
groups_keep_their_newest(void **state)
{
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	struct bc_filter filter = { .keep_last = 2 };
	struct bc_removed removed;
	struct bc_error err;

	(void)state;
	put("quandl/2024-03");
	put("quandl/2024-01");
	put("quandl/2024-02");
	put("quandl/2023-12");
	put("quandl/deep/1");
	put("s@adj1");
	put("s@adj2");
	put("s@adj3");
	put("lonely");
	put("alone");
	expect_list(&filter, "quandl/2024-01 quandl/2024-03 s@adj1");
	put("quandl/2024-01");
	filter.prefix = "quandl/";
	expect_list(&filter, "quandl/2024-02 quandl/2024-03");
	removed = removes(&filter, NULL, 0, "quandl/2024-02 quandl/2024-03");
	assert_int_equal(removed.removed, 2);
	filter.updated_before_ns = 1;
	options.filter = &filter;
	assert_status(bc_list(fixture.cache, &filter, see_listed, NULL, &err),
	              BC_INVALID, &err);
	assert_status(bc_remove_where(fixture.cache, &options, &removed, &err),
	              BC_INVALID, &err);
	filter = (struct bc_filter){ .kind = (enum bc_kind)9 };
	assert_status(bc_list(fixture.cache, &filter, see_listed, NULL, &err),
	              BC_INVALID, &err);
}

/* ---- removing ----------------------------------------------------------- */

static void
conditions_and_keys_remove(void **state)
{
	struct bc_removed removed;
	uint64_t bytes;

	(void)state;
	put("a/1");
	put("a/2");
	put("b/1");
	put("b/2");
	tag("b/1", "x");
	bytes = unit_info("a/1").stored_bytes + unit_info("a/2").stored_bytes +
	        unit_info("b/2").stored_bytes;
	removed = removes(&(struct bc_filter){ .prefix = "a/" },
	                  TEXTS("b/2", "a/1", "none", "", "b/2"), 0,
	                  "a/1 a/2 b/2");
	assert_int_equal(removed.removed, 3);
	assert_int_equal(removed.missing, 2);
	assert_int_equal(removed.bytes, bytes);
	removed = removes(NULL, TEXTS("a/1"), 0, "");
	assert_int_equal(removed.missing, 1);
	removed = removes(&(struct bc_filter){ .tag = "x" }, NULL, 0, "b/1");
	assert_int_equal(removed.removed, 1);
	assert_int_equal(unit_stats().live_bytes, 0);
}

static void
options_are_checked(void **state)
{
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	static const struct bc_filter all = { 0 };
	struct bc_error err;

	(void)state;
	put("a");
	assert_status(bc_remove_where(fixture.cache, &options, NULL, &err),
	              BC_INVALID, &err);
	options.filter = &all;
	options.flags = 8;
	assert_status(bc_remove_where(fixture.cache, &options, NULL, &err),
	              BC_INVALID, &err);
	options.flags = 0;
	options.struct_size--;
	assert_status(bc_remove_where(fixture.cache, &options, NULL, &err),
	              BC_INVALID, &err);
	expect_hit(fixture.cache, "a", 1);
}

static void
pinned_entries_stay_without_force(void **state)
{
	static const struct bc_filter all = { 0 };
	struct bc_removed removed;

	(void)state;
	put("a");
	put("b");
	put("c");
	pin("b");
	unit_depend("c", "b");
	removed = removes(&all, NULL, 0, "a c");
	assert_int_equal(removed.pinned, 1);
	removed = removes(NULL, TEXTS("b"), 0, "");
	assert_int_equal(removed.pinned, 1);
	removed = removes(NULL, TEXTS("b"), BC_REMOVE_FORCE, "b");
	assert_int_equal(removed.pinned, 0);
	assert_int_equal(removed.removed, 1);
}

static void
dependents_go_along(void **state)
{
	struct bc_removed removed;

	(void)state;
	put("raw");
	put("hourly");
	put("sma");
	put("other");
	put("pinned");
	unit_depend("hourly", "raw");
	unit_depend("sma", "hourly");
	unit_depend("raw", "sma");
	unit_depend("pinned", "raw");
	unit_depend("other", "pinned");
	pin("pinned");
	removed = removes(NULL, TEXTS("hourly", "sma"), BC_REMOVE_DEPENDENTS,
	                  "hourly raw sma");
	assert_int_equal(removed.dependents, 1);
	assert_int_equal(removed.pinned, 1);
	expect_hit(fixture.cache, "other", 1);
	unit_depend("other", "gone");
	removed =
		removes(&(struct bc_filter){ .prefix = "pinned" }, NULL,
	                BC_REMOVE_DEPENDENTS | BC_REMOVE_FORCE, "other pinned");
	assert_int_equal(removed.dependents, 1);
}

static void
a_backtest_keeps_what_others_use(void **state)
{
	const struct bc_filter filter = { .backtest = "one" };
	struct bc_removed removed;

	(void)state;
	put("a");
	put("b");
	put("c");
	put("d");
	link("one", "a");
	link("one", "b");
	link("one", "c");
	link("two", "b");
	link("two", "d");
	pin("c");
	removed =
		removes(&(struct bc_filter){ .backtest = "one", .prefix = "b" },
	                NULL, 0, "");
	assert_int_equal(removed.shared, 1);
	links_expect("one", "a c");
	removed = removes(&filter, NULL, 0, "a");
	assert_int_equal(removed.pinned, 1);
	links_expect("one", "");
	links_expect("two", "b d");
	link("one", "b");
	removed = removes(&filter, NULL, BC_REMOVE_FORCE, "b");
	assert_int_equal(removed.shared, 0);
	links_expect("two", "d");
	expect_hit(fixture.cache, "c", 1);
}

static void
what_is_derived_goes_once(void **state)
{
	static const struct bc_filter all = { 0 };
	struct bc_resample hourly = BC_RESAMPLE_INIT;
	struct bc_derive derive = BC_DERIVE_INIT;
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	struct bc_removed removed;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	links_append("raw", 600);
	hourly.timeframe = "1h";
	derive.resample = &hourly;
	assert_status(bc_read_derived(fixture.cache, "raw", 0,
	                              600 * INT64_C(60000000000), 0, &derive,
	                              &view, &err),
	              BC_OK, &err);
	bc_view_release(&view);
	options.filter = &all;
	assert_status(bc_remove_where(fixture.cache, &options, &removed, &err),
	              BC_OK, &err);
	assert_int_equal(removed.removed, 2);
	assert_int_equal(unit_stats().entries, 0);
	assert_int_equal(unit_stats().live_bytes, 0);
}

/* More than one commit holds. */
#define MANY 70000

static void
everything_can_be_removed(void **state)
{
	static const struct bc_filter all = { 0 };
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	struct bc_removed removed;
	struct bc_error err;

	(void)state;
	unit_put_many(MANY);
	options.filter = &all;
	assert_status(bc_remove_where(fixture.cache, &options, &removed, &err),
	              BC_OK, &err);
	assert_int_equal(removed.removed, MANY);
	assert_int_equal(unit_stats().entries, 0);
	assert_int_equal(unit_stats().live_bytes, 0);
	assert_int_equal(unit_stats().total.removals, MANY);
}

static void
damage_record(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bc_error err;

	require(bci_table_put(txn, tables->entries, "a", 1, "bad", 3, &err) ==
	        BC_OK);
}

static void
damaged_entries_can_be_removed(void **state)
{
	static const struct bc_filter all = { 0 };
	struct bc_removed removed;

	(void)state;
	put("a");
	put("b");
	unit_change_catalogue(damage_record);
	unit_reopen(NULL);
	expect_list(&all, "b");
	removed = removes(&(struct bc_filter){ .prefix = "a" }, NULL, 0, "a");
	assert_int_equal(removed.removed, 1);
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
}

static void
a_reader_may_only_rehearse(void **state)
{
	static const struct bc_filter all = { 0 };
	struct bc_options reading = unit_options();
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	struct bc_removed removed;
	struct bc_cache *cache;
	struct bc_error err;

	(void)state;
	put("a");
	reading.flags = BC_OPEN_READONLY;
	cache = unit_open(&reading);
	options.filter = &all;
	assert_status(bc_remove_where(cache, &options, &removed, &err),
	              BC_READONLY, &err);
	options.flags = BC_REMOVE_DRY_RUN;
	assert_status(bc_remove_where(cache, &options, &removed, &err), BC_OK,
	              &err);
	assert_int_equal(removed.removed, 1);
	bc_close(cache);
	expect_hit(fixture.cache, "a", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, unit_teardown)
		CASE(labels_select_by_their_index),
		CASE(sources_are_those_of_series_keys_and_requests),
		CASE(kinds_and_times_select),
		CASE(groups_keep_their_newest),
		CASE(conditions_and_keys_remove),
		CASE(options_are_checked),
		CASE(pinned_entries_stay_without_force),
		CASE(dependents_go_along),
		CASE(a_backtest_keeps_what_others_use),
		CASE(what_is_derived_goes_once),
		CASE(everything_can_be_removed),
		CASE(damaged_entries_can_be_removed),
		CASE(a_reader_may_only_rehearse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

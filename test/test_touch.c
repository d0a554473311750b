/* SPDX-License-Identifier: MIT */
/*
 * test_touch.c - another time to live without storing anew, rules by class of
 * key, and accesses of a series as such.
 */
#include "timed_unit.h"

#include <string.h>

#define SERIES "a/b/c/1d"

static enum bc_status
touch(const char *key, int64_t ttl_ns, int64_t refresh_ns)
{
	struct bc_touch_options options = BC_TOUCH_OPTIONS_INIT;
	struct bc_error err;
	enum bc_status status;

	options.ttl_ns = ttl_ns;
	options.refresh_ns = refresh_ns;
	err.status = BC_OK;
	status = bc_touch(fixture.cache, key, &options, &err);
	if (status != BC_OK)
		assert_int_equal(err.status, status);
	return status;
}

/* Three bars of a series, the last not ended. */
static void
grow(void)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	const int64_t time_ns[] = { 0, DAY, 2 * DAY };
	const double close[] = { 1, 2, 3 };
	struct bc_column column = { .name = "close",
		                    .type = BC_F64,
		                    .data = close };
	struct bc_frame frame = { 3, time_ns, &column, 1 };
	struct bc_error err;

	options.flags = BC_APPEND_OPEN;
	options.ttl_ns = HOUR;
	assert_status(
		bc_append(fixture.cache, SERIES, &frame, &options, NULL, &err),
		BC_OK, &err);
}

static void
a_touched_value_lives_on(void **state)
{
	struct bc_error err;
	struct bc_info before, after;

	(void)state;
	timed_put("a", HOUR);
	before = unit_info("a");
	clockwork_pass(HOUR / 2);
	assert_status(touch("a", BC_TTL_DEFAULT, 0), BC_OK, NULL);
	after = unit_info("a");
	assert_true(after.expires_ns - before.expires_ns >= HOUR / 2);
	assert_int_equal(after.revision, before.revision);
	assert_true(after.updated_ns == before.updated_ns);
	assert_true(after.ttl_ns == HOUR);
	assert_int_equal(after.access_count, before.access_count + 1);
	clockwork_pass(HOUR * 3 / 4);
	assert_true(timed_served("a"));
	/* Another time, and that from then on. */
	assert_status(touch("a", DAY, 0), BC_OK, NULL);
	assert_true(unit_info("a").ttl_ns == DAY);
	clockwork_pass(2 * HOUR);
	assert_status(bc_touch(fixture.cache, "a", NULL, &err), BC_OK, &err);
	clockwork_pass(23 * HOUR);
	assert_true(timed_served("a"));
	assert_status(touch("a", BC_TTL_NEVER, 0), BC_OK, NULL);
	assert_int_equal(unit_info("a").expires_ns, 0);
	clockwork_pass(100 * DAY);
	assert_true(timed_served("a"));
	unit_reopen(NULL);
	assert_true(timed_served("a"));
}

static void
what_is_gone_is_not_touched(void **state)
{
	struct bc_options options = unit_options();
	struct bc_touch_options wrong = { 0 };
	struct bc_error err;

	(void)state;
	timed_put("a", HOUR);
	assert_status(touch("absent", HOUR, 0), BC_MISS, NULL);
	assert_status(touch("", HOUR, 0), BC_KEY, NULL);
	assert_status(touch("a", -1, 0), BC_INVALID, NULL);
	assert_status(touch("a", BC_TTL_NONE, 0), BC_INVALID, NULL);
	assert_status(touch("a", HOUR, 5), BC_INVALID, NULL);
	assert_status(bc_touch(fixture.cache, "a", &wrong, &err), BC_INVALID,
	              &err);
	clockwork_pass(HOUR);
	assert_status(touch("a", DAY, 0), BC_MISS, NULL);
	assert_false(timed_served("a"));
	options.flags = BC_OPEN_READONLY;
	unit_reopen(&options);
	assert_status(touch("a", DAY, 0), BC_READONLY, NULL);
	options.flags = BC_OPEN_BYPASS;
	unit_reopen(&options);
	assert_status(touch("a", DAY, 0), BC_OK, NULL);
}

static void
a_touched_series_is_fresh_until_another_moment(void **state)
{
	struct bc_info before, after;

	(void)state;
	grow();
	before = unit_info(SERIES);
	assert_status(touch(SERIES, DAY, 0), BC_OK, NULL);
	after = unit_info(SERIES);
	assert_true(after.refresh_ns - before.refresh_ns >= 23 * HOUR);
	assert_int_equal(after.revision, before.revision);
	assert_int_equal(after.access_count, before.access_count + 1);
	assert_int_equal(after.expires_ns, 0);
	assert_status(touch(SERIES, 0, 77), BC_OK, NULL);
	assert_true(unit_info(SERIES).refresh_ns == 77);
	assert_status(touch(SERIES, BC_TTL_NONE, 0), BC_OK, NULL);
	assert_int_equal(unit_info(SERIES).refresh_ns, 0);
	assert_int_equal(unit_info(SERIES).rows, 3);
	assert_true(timed_served(SERIES));
}

/* ---- rules ------------------------------------------------------------- */

static unsigned shown;

static int
show_rule(void *context, const struct bc_rule *rule)
{
	const struct bc_rule *expected = context;

	assert_string_equal(rule->pattern, expected[shown].pattern);
	assert_true(rule->ttl_ns == expected[shown].ttl_ns);
	shown++;
	return shown == 7;
}

static void
expect_rules(const struct bc_rule *rules, unsigned count)
{
	struct bc_error err;

	shown = 0;
	assert_status(bc_rules_get(fixture.cache, show_rule,
	                           (void *)(uintptr_t)rules, &err),
	              BC_OK, &err);
	assert_int_equal(shown, count);
}

static void
the_first_rule_that_fits_holds(void **state)
{
	static const struct bc_rule rules[] = {
		{ "tmp/keep/*", BC_TTL_NEVER },
		{ "tmp/*", HOUR },
		{ "*.json", DAY },
	};
	struct bc_config config;
	struct bc_error err;

	(void)state;
	expect_rules(rules, 0);
	assert_status(bc_rules_set(fixture.cache, rules, 3, &err), BC_OK, &err);
	expect_rules(rules, 3);
	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	config.ttl_ns = 2 * HOUR;
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_OK, &err);
	timed_put("tmp/keep/a.json", BC_TTL_DEFAULT);
	timed_put("tmp/a.json", BC_TTL_DEFAULT);
	timed_put("tmp/b.json", BC_TTL_NEVER);
	timed_put("a.json", BC_TTL_DEFAULT);
	timed_put("other", BC_TTL_DEFAULT);
	clockwork_pass(HOUR);
	assert_false(timed_served("tmp/a.json"));
	assert_true(timed_served("other"));
	clockwork_pass(HOUR);
	assert_false(timed_served("other"));
	assert_true(timed_served("a.json"));
	clockwork_pass(DAY);
	assert_false(timed_served("a.json"));
	assert_true(timed_served("tmp/keep/a.json") &&
	            timed_served("tmp/b.json"));
	/* Fewer of them, and none. */
	unit_reopen(NULL);
	assert_status(bc_rules_set(fixture.cache, rules + 1, 1, &err), BC_OK,
	              &err);
	expect_rules(rules + 1, 1);
	assert_status(bc_rules_set(fixture.cache, NULL, 0, &err), BC_OK, &err);
	expect_rules(rules, 0);
}

static void
rules_that_are_none_are_refused(void **state)
{
	static struct bc_rule many[257];
	char text[BC_KEY_MAX + 2];
	struct bc_rule rule = { "*", 0 };
	struct bc_error err;

	(void)state;
	assert_status(bc_rules_set(fixture.cache, &rule, 1, &err), BC_INVALID,
	              &err);
	rule.ttl_ns = -1;
	assert_status(bc_rules_set(fixture.cache, &rule, 1, &err), BC_INVALID,
	              &err);
	rule = (struct bc_rule){ "", HOUR };
	assert_status(bc_rules_set(fixture.cache, &rule, 1, &err), BC_INVALID,
	              &err);
	rule.pattern = NULL;
	assert_status(bc_rules_set(fixture.cache, &rule, 1, &err), BC_INVALID,
	              &err);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	rule.pattern = text;
	assert_status(bc_rules_set(fixture.cache, &rule, 1, &err), BC_INVALID,
	              &err);
	text[BC_KEY_MAX] = '\0';
	assert_status(bc_rules_set(fixture.cache, &rule, 1, &err), BC_OK, &err);
	expect_rules(&rule, 1);
	for (unsigned i = 0; i < 257; i++)
		many[i] = (struct bc_rule){ "k", HOUR };
	assert_status(bc_rules_set(fixture.cache, many, 257, &err), BC_INVALID,
	              &err);
	expect_rules(&rule, 1);
	assert_status(bc_rules_set(fixture.cache, many, 256, &err), BC_OK,
	              &err);
	expect_rules(many, 7); /* It wanted no more. */
	timed_put("k", BC_TTL_DEFAULT);
	assert_true(unit_info("k").expires_ns != 0);
}

static void
damage_rules(struct MDB_txn *txn, const struct bci_tables *tables)
{
	assert_status(
		bci_table_put(txn, tables->meta, "rule\0\0", 6, "?", 1, NULL),
		BC_OK, NULL);
}

static void
a_damaged_rule_fits_nothing(void **state)
{
	static const struct bc_rule rules[] = { { "a", HOUR }, { "b", HOUR } };
	struct bc_error err;

	(void)state;
	assert_status(bc_rules_set(fixture.cache, rules, 2, &err), BC_OK, &err);
	unit_change_catalogue(damage_rules);
	unit_reopen(NULL);
	timed_put("a", BC_TTL_DEFAULT);
	timed_put("b", BC_TTL_DEFAULT);
	assert_int_equal(unit_info("a").expires_ns, 0);
	assert_true(unit_info("b").expires_ns != 0);
	assert_status(bc_rules_get(fixture.cache, show_rule, NULL, &err),
	              BC_CORRUPT, &err);
	assert_status(bc_rules_set(fixture.cache, rules, 2, &err), BC_OK, &err);
	expect_rules(rules, 2);
}

/* ---- accesses of a series ---------------------------------------------- */

static void
read_tail(uint64_t rows)
{
	struct bc_view view;

	assert_status(bc_tail(fixture.cache, SERIES, rows, NULL, 0, &view),
	              BC_OK, NULL);
	bc_view_release(&view);
}

static void
a_series_counts_its_accesses_however_few_its_rows(void **state)
{
	struct bc_snapshot *snapshot;
	const char *key = SERIES;
	struct bc_error err;
	struct bc_view view;

	(void)state;
	grow();
	assert_int_equal(unit_info(SERIES).access_count, 1);
	assert_true(timed_served(SERIES));
	assert_true(timed_served(SERIES));
	read_tail(1);
	read_tail(2);
	assert_status(bc_snapshot_open(fixture.cache, &key, 1, &snapshot, &err),
	              BC_OK, &err);
	assert_status(bc_snapshot_get(snapshot, 0, &view), BC_OK, NULL);
	bc_view_release(&view);
	bc_snapshot_close(snapshot);
	assert_int_equal(unit_info(SERIES).access_count, 6);
	assert_true(unit_info(SERIES).accessed_ns != 0);
	/* An append is no access, and takes no other slot. */
	grow();
	unit_reopen(NULL);
	assert_int_equal(unit_info(SERIES).access_count, 6);
}

static void
expect_slots_free(struct MDB_txn *txn, const struct bci_tables *tables)
{
	struct bci_state_record stored;
	uint64_t count;

	assert_status(bci_state_load(txn, tables, &stored, NULL), BC_OK, NULL);
	assert_status(bci_table_count(txn, tables->slots, &count), BC_OK, NULL);
	assert_true(stored.next_slot != 0);
	assert_int_equal(count, stored.next_slot);
}

static void
a_series_that_goes_gives_its_slot_back(void **state)
{
	struct bc_error err;

	(void)state;
	grow();
	read_tail(1);
	assert_status(bc_remove(fixture.cache, SERIES, &err), BC_OK, &err);
	unit_change_catalogue(expect_slots_free);
	unit_reopen(NULL);
	grow();
	assert_int_equal(unit_info(SERIES).access_count, 1);
	/* Replaced by a value. */
	timed_put(SERIES, BC_TTL_NEVER);
	assert_int_equal(unit_info(SERIES).access_count, 1);
	assert_status(bc_remove(fixture.cache, SERIES, &err), BC_OK, &err);
	unit_change_catalogue(expect_slots_free);
	unit_reopen(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, timed_teardown)
		TEST(a_touched_value_lives_on),
		TEST(what_is_gone_is_not_touched),
		TEST(a_touched_series_is_fresh_until_another_moment),
		TEST(the_first_rule_that_fits_holds),
		TEST(rules_that_are_none_are_refused),
		TEST(a_damaged_rule_fits_nothing),
		TEST(a_series_counts_its_accesses_however_few_its_rows),
		TEST(a_series_that_goes_gives_its_slot_back),
#undef TEST
	};

	return cmocka_run_group_tests_name("touch", tests, NULL, NULL);
}

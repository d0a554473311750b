/* SPDX-License-Identifier: MIT */
/*
 * test_config.c - settings that are stored with a cache and changed later.
 */
#include "unit.h"

#include <string.h>
#include <unistd.h>

static struct bc_config config;

static int
setup(void **state)
{
	struct bc_error err;

	unit_setup(state);
	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	return 0;
}

static void
refuse(struct bc_config bad)
{
	struct bc_config now;
	struct bc_error err;

	assert_status(bc_config_set(fixture.cache, &bad, &err), BC_INVALID,
	              &err);
	assert_status(bc_config_get(fixture.cache, &now, &err), BC_OK, &err);
	assert_memory_equal(&now, &config, sizeof(now));
}

static void
settings_out_of_range_are_refused(void **state)
{
	struct bc_config bad = config;

	(void)state;
	bad.durability = (enum bc_durability)4;
	refuse(bad);
	bad = config;
	bad.warm_bytes = 4095;
	refuse(bad);
	bad = config;
	bad.value_max_bytes = 0;
	refuse(bad);
	bad.value_max_bytes = (1ull << 30) + 1;
	refuse(bad);
	bad = config;
	bad.sync_interval_ms = 0;
	refuse(bad);
}

static void
settings_change_for_every_handle(void **state)
{
	struct bc_options options = unit_options();
	struct bc_cache *other = unit_open(&options);
	struct bc_config changed = config, found;
	struct bc_error err;

	(void)state;
	changed.warm_bytes = 4096;
	changed.value_max_bytes = 1;
	changed.entries_max = 3;
	changed.sync_interval_ms = 1;
	changed.durability = BC_DURABLE;
	changed.cache_id = 1; /* facts: ignored */
	changed.created_ns = 1;
	changed.format_version = 9;
	assert_status(bc_config_set(fixture.cache, &changed, &err), BC_OK,
	              &err);
	assert_status(bc_config_get(other, &found, &err), BC_OK, &err);
	bc_close(other);
	changed.cache_id = config.cache_id;
	changed.created_ns = config.created_ns;
	changed.format_version = config.format_version;
	assert_memory_equal(&found, &changed, sizeof(found));
	unit_reopen(NULL);
	assert_status(bc_config_get(fixture.cache, &found, &err), BC_OK, &err);
	assert_memory_equal(&found, &changed, sizeof(found));
}

static void
a_default_durability_keeps_what_is_stored(void **state)
{
	struct bc_config found;
	struct bc_error err;

	(void)state;
	config.durability = BC_DURABILITY_DEFAULT;
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_OK, &err);
	assert_status(bc_config_get(fixture.cache, &found, &err), BC_OK, &err);
	assert_int_equal(found.durability, BC_RELAXED);
}

static void
a_handle_to_read_changes_nothing(void **state)
{
	struct bc_options options = unit_options();
	struct bc_error err;

	(void)state;
	options.flags = BC_OPEN_READONLY;
	unit_reopen(&options);
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_READONLY,
	              &err);
}

static void
durability_changes_back_and_forth_without_loss(void **state)
{
	static const enum bc_durability way[] = {
		BC_SCRATCH, BC_DURABLE, BC_SCRATCH,
		BC_RELAXED, BC_DURABLE, BC_RELAXED,
	};
	char marker[TEST_PATH], key[2] = "a";
	struct bc_error err;
	unsigned i, k;

	(void)state;
	test_path(marker, fixture.dir.cache, "scratch");
	for (i = 0; i < 6; i++) {
		config.durability = way[i];
		assert_status(bc_config_set(fixture.cache, &config, &err),
		              BC_OK, &err);
		assert_int_equal(access(marker, F_OK) == 0,
		                 way[i] == BC_SCRATCH);
		key[0] = (char)('a' + i);
		unit_put(key, i + 1, 500);
		unit_reopen(NULL);
		for (k = 0; k <= i; k++) {
			key[0] = (char)('a' + k);
			expect_hit(fixture.cache, key, k + 1);
		}
	}
	assert_int_equal(fixture.events[BC_EVENT_DISCARD], 0);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(settings_out_of_range_are_refused),
		TEST(a_handle_to_read_changes_nothing),
		TEST(settings_change_for_every_handle),
		TEST(a_default_durability_keeps_what_is_stored),
		TEST(durability_changes_back_and_forth_without_loss),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}

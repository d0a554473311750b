/* SPDX-License-Identifier: MIT */
/*
 * test_cold_expire.c - a cache where what is packed lives for so long only:
 * whoever packs it, and by whatever clock.
 */
#include "timed_unit.h"

#include "clock.h"

static const unsigned char zeros[100000]; /* worth packing */

static void
configure(int64_t cold_ttl_ns)
{
	struct bc_config config;
	struct bc_error err;

	assert_status(bc_config_get(fixture.cache, &config, &err), BC_OK, &err);
	config.cold_ttl_ns = cold_ttl_ns;
	config.expire_interval_ms = 0;
	assert_status(bc_config_set(fixture.cache, &config, &err), BC_OK, &err);
}

static void
put(const char *key, int64_t ttl_ns, enum bc_placement placement)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;

	options.ttl_ns = ttl_ns;
	options.placement = placement;
	assert_status(bc_put_blob(fixture.cache, key, zeros, sizeof(zeros),
	                          &options, &err),
	              BC_OK, &err);
	assert_int_equal(unit_info(key).tier,
	                 placement == BC_PLACE_COLD ? BC_COLD : BC_WARM);
}

static void
pack(const char *key)
{
	struct bc_error err;

	assert_status(bc_place(fixture.cache, key, BC_PLACE_COLD, NULL, &err),
	              BC_OK, &err);
	assert_int_equal(unit_info(key).tier, BC_COLD);
}

static uint64_t
expire(void)
{
	struct bc_error err;
	uint64_t removed = 99;

	assert_status(bc_expire(fixture.cache, &removed, &err), BC_OK, &err);
	return removed;
}

/* Whether a key expires 'ns' from now, to the second. */
static bool
expires_in(const char *key, int64_t ns)
{
	int64_t apart_ns = unit_info(key).expires_ns - bci_clock_wall_ns() - ns;

	return apart_ns > -10 * UNIT_SECOND_NS && apart_ns < UNIT_SECOND_NS;
}

static void
what_is_packed_lives_for_so_long_from_then_on(void **state)
{
	(void)state;
	configure(HOUR);
	put("never", BC_TTL_NEVER, BC_PLACE_WARM);
	put("later", DAY, BC_PLACE_WARM);
	put("sooner", 30 * MINUTE, BC_PLACE_WARM);
	put("warm", BC_TTL_NEVER, BC_PLACE_WARM);
	clockwork_pass(10 * MINUTE);
	pack("never");
	pack("later");
	pack("sooner");
	assert_true(expires_in("never", HOUR));
	assert_true(expires_in("later", HOUR));
	assert_true(expires_in("sooner", 20 * MINUTE));
	assert_int_equal(unit_info("warm").expires_ns, 0);
	clockwork_pass(20 * MINUTE);
	assert_false(timed_served("sooner"));
	assert_true(timed_served("later") && timed_served("never"));
	clockwork_pass(40 * MINUTE);
	assert_false(timed_served("later") || timed_served("never"));
	assert_int_equal(expire(), 3); /* A sweep finds all of them. */
	assert_true(timed_served("warm"));
	assert_int_equal(unit_stats().entries, 1);
}

static void
what_is_put_packed_does_too(void **state)
{
	(void)state;
	configure(HOUR);
	put("put", BC_TTL_NEVER, BC_PLACE_COLD);
	put("sooner", MINUTE, BC_PLACE_COLD);
	assert_true(expires_in("put", HOUR));
	assert_true(expires_in("sooner", MINUTE));
	clockwork_pass(HOUR);
	assert_false(timed_served("put"));
	assert_int_equal(expire(), 2);
}

static void
without_that_it_lives_as_long_as_it_would(void **state)
{
	(void)state;
	put("never", BC_TTL_NEVER, BC_PLACE_WARM);
	put("later", DAY, BC_PLACE_WARM);
	pack("never");
	pack("later");
	assert_int_equal(unit_info("never").expires_ns, 0);
	assert_true(expires_in("later", DAY));
}

/* What was packed in what is now the future. */
static void
a_clock_that_goes_back_shortens_it(void **state)
{
	(void)state;
	configure(HOUR);
	put("never", BC_TTL_NEVER, BC_PLACE_WARM);
	clockwork_set(100 * DAY);
	pack("never");
	assert_true(expires_in("never", HOUR));
	clockwork_set(-100 * DAY);
	timed_put("other", BC_TTL_NEVER);
	assert_true(timed_served("never"));
	assert_true(expires_in("never", HOUR));
	assert_int_equal(unit_info("other").expires_ns, 0);
	clockwork_pass(HOUR);
	assert_false(timed_served("never"));
	assert_int_equal(expire(), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, timed_teardown)
		TEST(what_is_packed_lives_for_so_long_from_then_on),
		TEST(what_is_put_packed_does_too),
		TEST(without_that_it_lives_as_long_as_it_would),
		TEST(a_clock_that_goes_back_shortens_it),
#undef TEST
	};

	return cmocka_run_group_tests_name("cold_expire", tests, NULL, NULL);
}

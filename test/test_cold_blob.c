/* SPDX-License-Identifier: MIT */
/*
 * test_cold_blob.c - bytes that are no columns in the cold tier: what packs
 * well gets there when its room is needed, what does not is let go of.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1u << 20)
#define BLOB_BYTES (200u << 10)
#define BLOBS 60

/* Words of a few letters; one in 'noise' bytes is any. */
static void
fill(unsigned char *bytes, size_t count, uint64_t seed, unsigned noise)
{
	static const char *const words[] = { "open ", "high ", "low, ",
		                             "close" };

	for (size_t i = 0; i < count; i += 5)
		memcpy(bytes + i, words[test_mix(seed, i) % 4],
		       count - i < 5 ? count - i : 5);
	for (size_t i = 0; noise != 0 && i < count; i++) {
		uint64_t mixed = test_mix(i, seed);

		if (mixed % noise == 0)
			bytes[i] = (unsigned char)(mixed >> 32);
	}
}

static void
expect_bytes(const struct bc_view *view, uint64_t seed, unsigned noise)
{
	unsigned char *bytes = malloc(BLOB_BYTES);

	assert_non_null(bytes);
	fill(bytes, BLOB_BYTES, seed, noise);
	assert_int_equal(view->bytes, BLOB_BYTES);
	assert_memory_equal(view->data, bytes, BLOB_BYTES);
	free(bytes);
}

static void
key_of(uint64_t index, char key[16])
{
	snprintf(key, 16, "blob/%u", (unsigned)index);
}

/* Put more than the warm budget holds. */
static void
put_many(unsigned noise)
{
	unsigned char *bytes = malloc(BLOB_BYTES);
	struct bc_error err;
	char key[16];

	assert_non_null(bytes);
	for (uint64_t i = 0; i < BLOBS; i++) {
		key_of(i, key);
		fill(bytes, BLOB_BYTES, i, noise);
		assert_status(bc_put_blob(fixture.cache, key, bytes, BLOB_BYTES,
		                          NULL, &err),
		              BC_OK, &err);
	}
	free(bytes);
}

/* How many are there and in which tier; every byte of them is looked at. */
static void
count_tiers(unsigned noise, unsigned tiers[BC_COLD + 1])
{
	struct bc_view view;
	char key[16];

	memset(tiers, 0, sizeof(*tiers) * (BC_COLD + 1));
	for (uint64_t i = 0; i < BLOBS; i++) {
		key_of(i, key);
		if (bc_get(fixture.cache, key, &view) != BC_OK) {
			assert_int_equal(view.miss, BC_MISS_EVICTED);
			continue;
		}
		expect_bytes(&view, i, noise);
		tiers[view.tier]++;
		bc_view_release(&view);
	}
}

static void
restart(uint64_t cold_bytes)
{
	struct bc_options options = unit_options();

	options.warm_bytes = 4 * MIB;
	options.cold_bytes = cold_bytes;
	unit_restart(&options);
}

static void
what_packs_well_is_kept_when_it_is_evicted(void **state)
{
	unsigned tiers[BC_COLD + 1];

	(void)state;
	restart(64 * MIB);
	put_many(0);
	assert_true(unit_stats().total.demotions != 0);
	count_tiers(0, tiers);
	assert_int_equal(tiers[BC_WARM] + tiers[BC_COLD], BLOBS);
	assert_true(tiers[BC_COLD] >= BLOBS / 2);
}

static void
what_does_not_save_a_quarter_is_dropped(void **state)
{
	unsigned tiers[BC_COLD + 1];

	(void)state;
	restart(64 * MIB);
	put_many(1);
	assert_int_equal(unit_stats().total.demotions, 0);
	count_tiers(1, tiers);
	assert_int_equal(tiers[BC_COLD], 0);
	assert_true(tiers[BC_WARM] < BLOBS);
	/* Nor what saves some, but not that much. */
	restart(64 * MIB);
	put_many(2);
	assert_int_equal(unit_stats().total.demotions, 0);
}

/* A large blob is judged by pieces of it; both ways what comes back is it. */
static void
pieces_speak_for_large_ones(void **state)
{
	const size_t bytes = 3 * MIB + 12345;
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	unsigned char *data = malloc(bytes);
	struct bc_error err;
	struct bc_view view;

	(void)state;
	assert_non_null(data);
	restart(64 * MIB);
	options.placement = BC_PLACE_COLD;
	for (unsigned noise = 0; noise < 2; noise++) {
		fill(data, bytes, 3, noise);
		assert_status(bc_put_blob(fixture.cache, "large", data, bytes,
		                          &options, &err),
		              BC_OK, &err);
		assert_int_equal(unit_info("large").tier, BC_COLD);
		assert_int_equal(unit_info("large").stored_bytes < bytes / 2,
		                 noise == 0);
		assert_int_equal(bc_get(fixture.cache, "large", &view), BC_OK);
		assert_int_equal(view.bytes, bytes);
		assert_memory_equal(view.data, data, bytes);
		bc_view_release(&view);
	}
	free(data);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_packs_well_is_kept_when_it_is_evicted, unit_setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(
			what_does_not_save_a_quarter_is_dropped, unit_setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(pieces_speak_for_large_ones,
		                                unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("cold_blob", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * filled_unit.c - values that may be evicted at any time.
 */
#include "filled_unit.h"

#include <stdio.h>

#define BATCH_MOST 32

struct filled filled;

const enum bc_policy filled_policies[FILLED_POLICIES] = {
	BC_POLICY_DEFAULT, BC_POLICY_LRU,    BC_POLICY_SIZE, BC_POLICY_HYBRID,
	BC_POLICY_SCORE,   BC_POLICY_S3FIFO, BC_POLICY_GDSF,
};

void
filled_restart(const struct bc_options *options)
{
	unit_restart(options);
	filled = (struct filled){ .lost = 0 };
}

char *
filled_key(unsigned index, char key[16])
{
	snprintf(key, 16, "k%05u", index);
	return key;
}

void
filled_check(unsigned index)
{
	struct bc_view view;
	char key[16];
	enum bc_status status =
		bc_get(fixture.cache, filled_key(index, key), &view);

	if (status == BC_OK) {
		filled.met[view.tier]++;
		assert_int_not_equal(filled.versions[index], 0);
		assert_int_equal(test_view_version(&view, key, UNIT_SEED),
		                 filled.versions[index]);
		bc_view_release(&view);
		return;
	}
	assert_status(status, BC_MISS, NULL);
	if (filled.versions[index] != 0) {
		assert_true(view.miss == BC_MISS_EVICTED ||
		            view.miss == BC_MISS_ABSENT);
		filled.versions[index] = 0;
		filled.lost++;
	}
}

void
filled_check_all(unsigned keys)
{
	for (unsigned i = 0; i < keys; i++)
		filled_check(i);
}

void
filled_remove(unsigned index)
{
	struct bc_error err;
	char key[16];

	assert_true(bc_remove(fixture.cache, filled_key(index, key), &err) !=
	            BC_BUSY);
	filled.versions[index] = 0;
}

void
filled_put(unsigned index, filled_value *make, uint64_t version, uint64_t size,
           const struct bc_put_options *options)
{
	struct test_value value;
	struct bc_error err;
	char key[16];

	make(&value, filled_key(index, key), version, UNIT_SEED, size);
	assert_status(value.kind == BC_BLOB
	                      ? bc_put_blob(fixture.cache, key, value.data,
	                                    value.bytes, options, &err)
	                      : bc_put(fixture.cache, key, &value.frame,
	                               options, NULL, &err),
	              BC_OK, &err);
	test_value_free(&value);
	filled.versions[index] = version;
}

void
filled_put_batch(unsigned first, unsigned count, unsigned keys,
                 filled_value *make, uint64_t version, uint64_t size,
                 const struct bc_put_options *options)
{
	struct test_value values[BATCH_MOST];
	struct bc_batch *batch;
	struct bc_error err;
	char key[16];

	assert_true(count <= BATCH_MOST);
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (unsigned i = 0; i < count; i++) {
		struct test_value *value = &values[i];
		unsigned index = (first + i) % keys;

		make(value, filled_key(index, key), version, UNIT_SEED, size);
		assert_status(
			value->kind == BC_BLOB
				? bc_batch_put_blob(batch, key, value->data,
		                                    value->bytes, options, &err)
				: bc_batch_put(batch, key, &value->frame,
		                               options, NULL, &err),
			BC_OK, &err);
		filled.versions[index] = version;
	}
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	for (unsigned i = 0; i < count; i++)
		test_value_free(&values[i]);
}

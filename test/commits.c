/* SPDX-License-Identifier: MIT */
/*
 * commits.c - commits that can be told from each other.
 */
#include "commits.h"

#include <stdio.h>

void
commit_key(char key[32], uint64_t version, unsigned index)
{
	/* The last one has a name of its own in each commit. */
	if (index == COMMIT_KEYS - 1)
		snprintf(key, 32, "moving/%llu", (unsigned long long)version);
	else
		snprintf(key, 32, "key/%u", index);
}

static uint64_t
rows_of(unsigned index)
{
	static const uint64_t rows[COMMIT_KEYS] = {
		2, 300, 3000, 9000, 40, 700
	};

	return rows[index];
}

void
commit_put(struct bc_cache *cache, uint64_t version)
{
	int64_t time_ns = (int64_t)version * COMMIT_BAR_NS;
	double close = (double)version;
	const struct bc_column column = { .name = "close",
		                          .type = BC_F64,
		                          .data = &close };
	const struct bc_frame bar = { 1, &time_ns, &column, 1 };
	struct test_value values[COMMIT_KEYS];
	struct bc_batch *batch;
	struct bc_error err;
	char key[32];

	assert_status(bc_batch_begin(cache, &batch, &err), BC_OK, &err);
	for (unsigned i = 0; i < COMMIT_KEYS; i++) {
		commit_key(key, version, i);
		test_value_frame(&values[i], key, version, UNIT_SEED,
		                 rows_of(i));
		assert_status(test_value_add(batch, &values[i], &err), BC_OK,
		              &err);
	}
	commit_key(key, version - 1, COMMIT_KEYS - 1);
	assert_status(bc_batch_remove(batch, key, &err), BC_OK, &err);
	assert_status(
		bc_batch_append(batch, "s/m/X/1m", &bar, NULL, NULL, &err),
		BC_OK, &err);
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	for (unsigned i = 0; i < COMMIT_KEYS; i++)
		test_value_free(&values[i]);
}

static void
print_bad(void *context, const char *key, const char *reason)
{
	(void)context;
	print_error("%s: %s\n", key, reason);
}

uint64_t
commit_shown(const char *path)
{
	struct bc_cache *cache = test_open(path, 0);
	struct bc_verify_report report;
	uint64_t version = 0;
	struct bc_view view;
	struct bc_error err;
	char key[32];

	assert_status(bc_verify(cache, NULL, print_bad, NULL, &report, &err),
	              BC_OK, &err);
	assert_status(bc_get(cache, "key/0", &view), BC_OK, NULL);
	version = test_view_version(&view, "key/0", UNIT_SEED);
	require(version != 0);
	bc_view_release(&view);
	for (unsigned i = 1; i < COMMIT_KEYS; i++) {
		commit_key(key, version, i);
		assert_status(bc_get(cache, key, &view), BC_OK, NULL);
		require(test_view_version(&view, key, UNIT_SEED) == version);
		bc_view_release(&view);
	}
	/* Nothing else is there: the keys, and the series. */
	require(report.entries == COMMIT_KEYS + 1);
	assert_status(bc_get(cache, "s/m/X/1m", &view), BC_OK, NULL);
	require(view.rows == version);
	require(view.last_ns == (int64_t)version * COMMIT_BAR_NS);
	bc_view_release(&view);
	bc_close(cache);
	return version;
}

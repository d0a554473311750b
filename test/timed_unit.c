/* SPDX-License-Identifier: MIT */
/*
 * timed_unit.c - the helpers of timed_unit.h.
 */
#include "timed_unit.h"

int
timed_teardown(void **state)
{
	int result = unit_teardown(state);

	clockwork_true();
	return result;
}

void
timed_put(const char *key, int64_t ttl_ns)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;

	options.ttl_ns = ttl_ns;
	assert_status(
		bc_put_blob(fixture.cache, key, "bytes", 5, &options, &err),
		BC_OK, &err);
}

bool
timed_served(const char *key)
{
	struct bc_view view;
	enum bc_status status = bc_get(fixture.cache, key, &view);

	bc_view_release(&view);
	return status == BC_OK;
}

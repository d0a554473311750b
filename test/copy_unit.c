/* SPDX-License-Identifier: MIT */
/*
 * copy_unit.c - the helpers of copy_unit.h.
 */
#include "copy_unit.h"

#include "fault/shim.h"

char copy_target[TEST_PATH];

int
copy_setup(void **state)
{
	int result = unit_setup(state);

	test_path(copy_target, fixture.dir.path, "copy");
	return result;
}

int
copy_teardown(void **state)
{
	fault_disarm();
	return unit_teardown(state);
}

struct bc_copy_report
copy_with(unsigned flags)
{
	struct bc_copy_options options = BC_COPY_OPTIONS_INIT;
	struct bc_copy_report report;
	struct bc_error err;

	options.flags = flags;
	assert_status(
		bc_copy(fixture.cache, copy_target, &options, &report, &err),
		BC_OK, &err);
	return report;
}

/* SPDX-License-Identifier: MIT */
/*
 * copy_unit.h - where copies of the cache of the fixture go.
 */
#ifndef BARCACHE_TEST_COPY_UNIT_H
#define BARCACHE_TEST_COPY_UNIT_H

#include "commits.h"

/* Of the running test; nothing is there when it begins. */
extern char copy_target[TEST_PATH];

int copy_setup(void **state);
int copy_teardown(void **state); /* of what fails, too */

/* Copy the cache of the fixture, which must work; enum bc_copy_flags. */
struct bc_copy_report copy_with(unsigned flags);

#endif /* BARCACHE_TEST_COPY_UNIT_H */

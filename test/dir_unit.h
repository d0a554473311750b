/* SPDX-License-Identifier: MIT */
/*
 * dir_unit.h - an empty directory for each test of what takes one.
 */
#ifndef BARCACHE_TEST_DIR_UNIT_H
#define BARCACHE_TEST_DIR_UNIT_H

#include "support.h"

/* The directory of the running test, and a descriptor of it. */
extern struct test_dir dir;
extern int dir_fd;

int dir_setup(void **state);
int dir_teardown(void **state);

#endif /* BARCACHE_TEST_DIR_UNIT_H */

/* SPDX-License-Identifier: MIT */
/*
 * archive.c - unpacking a golden cache.
 */
#include "archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

void
archive_unpack(void)
{
	char command[1024];

	test_remove_tree(dir.cache);
	assert_int_equal(mkdir(dir.cache, 0700), 0);
	snprintf(command, sizeof(command), "tar -C '%s' -xzf '%s'", dir.cache,
	         GOLDEN_ARCHIVE);
	assert_int_equal(system(command), 0);
}

int
archive_setup(void **state)
{
	int result = dir_setup(state);

	archive_unpack();
	return result;
}

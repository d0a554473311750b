/* SPDX-License-Identifier: MIT */
/*
 * dir_unit.c - the directory of dir_unit.h.
 */
#include "dir_unit.h"

#include <fcntl.h>
#include <unistd.h>

struct test_dir dir;
int dir_fd;

int
dir_setup(void **state)
{
	(void)state;
	test_dir_make_fast(&dir);
	dir_fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir_fd >= 0);
	return 0;
}

int
dir_teardown(void **state)
{
	(void)state;
	close(dir_fd);
	test_dir_remove(&dir);
	return 0;
}

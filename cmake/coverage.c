/* SPDX-License-Identifier: MIT */
/*
 * coverage.c - part of builds that measure coverage: children of tests end by
 * _exit(), which would drop what they have counted.
 */
#include <sys/syscall.h>
#include <unistd.h>

extern void __gcov_dump(void);
_Noreturn void __wrap__exit(int status);

_Noreturn void
__wrap__exit(int status)
{
	__gcov_dump();
	for (;;)
		syscall(SYS_exit_group, status);
}

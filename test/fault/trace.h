/* SPDX-License-Identifier: MIT */
/*
 * trace.h - kill a program at any system call that it makes, with strace.
 *
 * The shim (shim.h) meets calls of the C library; this one meets everything
 * that reaches the kernel, munmap and close, too, of a program that is run.
 */
#ifndef BARCACHE_FAULT_TRACE_H
#define BARCACHE_FAULT_TRACE_H

#include "support.h"

/* The 'number'-th call of that name, from 1. */
struct trace_site {
	char name[24];
	unsigned number;
};

/* Whether strace is there and may trace. */
bool trace_works(void);

/* A program says by this that what comes from now on counts. */
void trace_begin(void);

/*
 * Run 'command', ended by NULL, and list the calls behind trace_begin(), as
 * many as there is room for: their number.  'directory' is for its notes.
 */
size_t trace_sites(char *const *command, const char *directory,
                   struct trace_site *sites, size_t capacity);

/* Run it with SIGKILL at the site; returns as test_child_wait(). */
int trace_kill(char *const *command, const struct trace_site *site);

#endif /* BARCACHE_FAULT_TRACE_H */

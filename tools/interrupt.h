/* SPDX-License-Identifier: MIT */
/*
 * interrupt.h - signals that end a run, told when it suits the run.
 */
#ifndef TOOL_INTERRUPT_H
#define TOOL_INTERRUPT_H

#include <stdbool.h>

/*
 * From now on SIGINT, SIGTERM and SIGHUP, those of them that were not ignored,
 * interrupt nothing: a descriptor tells of them, which is returned, or -1.
 */
int interrupt_open(void);

/* Sleep that long, which may be 0; true if there was a signal before. */
bool interrupt_wait(int signals, int ms);

#endif /* TOOL_INTERRUPT_H */

/* SPDX-License-Identifier: MIT */
/*
 * control.c - which planted fault is on.  Empty but for the fault laboratory.
 */
#include "common.h"

#include <stdlib.h>

#include "control.h"

#ifdef BARCACHE_CONTROLS
bool
bci_control(const char *name)
{
	const char *wanted = getenv("BARCACHE_CONTROL");

	return wanted != NULL && strcmp(wanted, name) == 0;
}
#endif

/* SPDX-License-Identifier: MIT */
/*
 * lent.h - what main.c lends the sources of the tool, for tests of one alone.
 */
#ifndef BARCACHE_TEST_LENT_H
#define BARCACHE_TEST_LENT_H

#include "tool.h"

/* What tool_say() said last. */
extern char lent_said[2048];

#endif /* BARCACHE_TEST_LENT_H */

/* SPDX-License-Identifier: MIT */
/*
 * control.h - planted faults, to see whether the tests find them.
 *
 * A build with BARCACHE_CONTROLS, which only the fault laboratory makes, has a
 * mistake at each place that asks BCI_CONTROL(name), and makes it if the
 * environment says BARCACHE_CONTROL=name.  In every other build the question is
 * a constant and the mistake is not there.
 */
#ifndef BCI_CONTROL_H
#define BCI_CONTROL_H

#include "common.h"

#ifdef BARCACHE_CONTROLS
bool bci_control(const char *name);
#define BCI_CONTROL(name) bci_control(#name)
#else
#define BCI_CONTROL(name) false
#endif

#endif /* BCI_CONTROL_H */

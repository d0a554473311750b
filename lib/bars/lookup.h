/* SPDX-License-Identifier: MIT */
/*
 * lookup.h - finding a time among ascending times.
 */
#ifndef BCI_LOOKUP_H
#define BCI_LOOKUP_H

#include "common.h"

/*
 * The first row of [first, end) whose time is not before 'time_ns'; 'end' if
 * there is none.  O(log n) of the distance from 'first'.
 */
uint64_t bci_lookup_time(const int64_t *times, uint64_t first, uint64_t end,
                         int64_t time_ns);

#endif /* BCI_LOOKUP_H */

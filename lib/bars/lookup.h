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

/*
 * The same in [0, rows), where the first and the last time are known: by
 * arithmetic alone where all steps are 'step_ns', else (0) from where the row
 * would be if they were.  Times need not be what is claimed of them: the result
 * is some row then, and no other memory is touched.
 */
struct bci_lookup {
	uint64_t rows;
	int64_t first_ns, last_ns, step_ns;
};
uint64_t bci_lookup_row(const struct bci_lookup *known, const int64_t *times,
                        int64_t time_ns);

#endif /* BCI_LOOKUP_H */

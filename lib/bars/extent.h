/* SPDX-License-Identifier: MIT */
/*
 * extent.h - the stretch of time that bars stand for.
 */
#ifndef BCI_EXTENT_H
#define BCI_EXTENT_H

#include "common.h"

/*
 * When the last of 'rows' bars (at least one, in ascending order) ends: by the
 * timeframe in 'key' if that is a series key, else after the shortest step
 * between two of them; of a single bar nothing but its moment is known.
 */
int64_t bci_extent_end(const char *key, const int64_t *time_ns, uint64_t rows);

#endif /* BCI_EXTENT_H */

/* SPDX-License-Identifier: MIT */
/*
 * ahead.h - making ready what readers of a moved segment will look at next.
 */
#ifndef BCI_AHEAD_H
#define BCI_AHEAD_H

#include "mapped.h"

/*
 * A segment at 'offset' was found again where compaction moved it: make ready
 * the heads of some values of its arena, in the order of the file, as long as
 * they are in memory.  Nothing if they are ready up to there.
 */
void bci_map_ahead(struct bci_map *map, uint64_t offset);

#endif /* BCI_AHEAD_H */

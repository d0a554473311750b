/* SPDX-License-Identifier: MIT */
/*
 * shrink.h - the step of bc_compact() that evicts down to a target.
 */
#ifndef BCI_SHRINK_H
#define BCI_SHRINK_H

#include "compact.h"

/* Of the warm class, some of which may be packed, then of the cold one. */
enum bc_status bci_shrink_run(struct bci_compact *compact);

#endif /* BCI_SHRINK_H */

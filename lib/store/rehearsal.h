/* SPDX-License-Identifier: MIT */
/*
 * rehearsal.h - what an ordered policy would evict next, if nothing were put or
 * accessed meanwhile.
 */
#ifndef BCI_REHEARSAL_H
#define BCI_REHEARSAL_H

#include "policy.h"

/*
 * Choose as bci_policy_choose() does, of candidates of which none is pinned,
 * until their bytes are 'need'.
 */
size_t bci_rehearsal_choose(enum bc_policy policy,
                            struct bci_candidate *candidates, size_t count,
                            uint64_t need, int64_t now_ns);

#endif /* BCI_REHEARSAL_H */

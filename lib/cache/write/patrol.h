/* SPDX-License-Identifier: MIT */
/*
 * patrol.h - evicting what a policy ranks low, of what a round that never ends
 * has come by so far.
 */
#ifndef BCI_PATROL_H
#define BCI_PATROL_H

#include "evict.h"

/*
 * As bci_evict().  A few others are looked at for each that goes, so it takes
 * the same time however many there are; unless nearly all are pinned.
 */
enum bc_status bci_patrol_evict(struct bci_writer *writer,
                                const struct bci_eviction *eviction,
                                struct bci_evicted *evicted,
                                struct bc_error *err);

#endif /* BCI_PATROL_H */

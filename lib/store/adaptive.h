/* SPDX-License-Identifier: MIT */
/*
 * adaptive.h - the policy that is the default; policy.h has the calls that
 * lead here.
 */
#ifndef BCI_ADAPTIVE_H
#define BCI_ADAPTIVE_H

#include "policy.h"

enum bci_queue bci_adaptive_next(struct bci_history *history,
                                 uint64_t young_bytes, uint64_t main_bytes);

bool bci_adaptive_keeps(struct bci_history *history,
                        struct bci_candidate *candidate, int64_t now_ns);

/* For a key that was evicted after an access at 'accessed_ns'. */
enum bci_queue bci_adaptive_admit(struct bci_history *history,
                                  uint64_t bytes, int64_t accessed_ns,
                                  int64_t now_ns);

#endif /* BCI_ADAPTIVE_H */

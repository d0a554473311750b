/* SPDX-License-Identifier: MIT */
/*
 * recent.h - reads that a lane has answered by a stitch: while nothing in the
 * cache changes the same read is answered again without a lookup.
 */
#ifndef BCI_RECENT_H
#define BCI_RECENT_H

#include "span.h"

/*
 * Answer from memory: true with *view filled, counted and stamped.  The caller
 * has the lane, which is in no transaction.
 */
bool bci_recent_read(struct bc_cache *cache, struct bci_env *env,
                     struct bci_lane *lane, const struct bci_query *query,
                     int64_t begun_ns, struct bc_view *view);

/* Remember what transaction 'txnid' answered. */
void bci_recent_add(struct bci_lane *lane, const struct bci_query *query,
                    const struct bci_span *span, uint64_t txnid,
                    struct bci_stitch *stitch, const struct bc_view *view);

/* Forget all; 'lane' is had by the caller. */
void bci_recent_forget(struct bci_env *env, struct bci_lane *lane);

/* The end, as part of closing an environment. */
void bci_recent_shut(struct bci_env *env, struct bci_lane *lane);

#endif /* BCI_RECENT_H */

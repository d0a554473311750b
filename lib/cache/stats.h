/* SPDX-License-Identifier: MIT */
/*
 * stats.h - counters as the public header has them.
 */
#ifndef BCI_STATS_H
#define BCI_STATS_H

#include "cache.h"
#include "day.h"

/* The counters of the ledger under their public names. */
void bci_stats_counters(const uint64_t raw[BCI_COUNTERS],
                        struct bc_counters *out);

/* What was counted and is not folded into days yet. */
void bci_stats_rest(struct bci_env *env, const struct bci_folded *folded,
                    uint64_t rest[BCI_COUNTERS]);

#endif /* BCI_STATS_H */

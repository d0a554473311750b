/* SPDX-License-Identifier: MIT */
/*
 * freshness.h - whether what had not ended when it was fetched is to be fetched
 * again.
 */
#ifndef BCI_FRESHNESS_H
#define BCI_FRESHNESS_H

#include "common.h"

/*
 * Whether what was fetched at 'fetched_ns' will do until 'refresh_ns', the
 * moment from which on it is stale.  One that was fetched more than an hour
 * from now was fetched by a clock that was wrong: it is stale too.
 */
bool bci_is_fresh(int64_t fetched_ns, int64_t refresh_ns, int64_t now_ns);

/*
 * How long the newest bar of a series is fresh if nobody says so: by the
 * timeframe of its key, an hour if it has none.
 */
int64_t bci_freshness_default(const char *key);

#endif /* BCI_FRESHNESS_H */

/* SPDX-License-Identifier: MIT */
/*
 * query.h - reading rows of an entry: what all calls that do so have in common.
 */
#ifndef BCI_QUERY_H
#define BCI_QUERY_H

#include "excerpt.h"

#define BCI_READ_FLAGS                                                         \
	(BC_READ_PARTIAL | BC_READ_OPEN | BC_READ_ZERO_COPY | BC_READ_PRIVATE)

/* Whether the handle is not to serve anything; then the miss is counted. */
bool bci_query_is_bypassed(struct bc_cache *cache, struct bc_view *view);

/*
 * What can be said of a query before the cache is asked, as bc_read() says it.
 * BC_OK, BC_MISS with view->miss, BC_INVALID or BC_KEY; a view other than of
 * BC_OK is zeroed.
 */
enum bc_status bci_query_check(struct bc_cache *cache, struct bci_query *query,
                               struct bc_view *view);

/* The whole of a read: lane, lookup, retries, check, counters. */
enum bc_status bci_query_read(struct bc_cache *cache,
                              const struct bci_query *query,
                              struct bc_view *view);

/*
 * Find the rows alone, as bci_span_find() does, but for good: retried, and with
 * a miss counted.  For readers that show them piece by piece; the query's key
 * must live as long as the span.  *span is to be closed only after BC_OK.
 */
enum bc_status bci_query_find(struct bc_cache *cache,
                              const struct bci_query *query,
                              struct bci_span *span, enum bc_miss *miss);

#endif /* BCI_QUERY_H */

/* SPDX-License-Identifier: MIT */
/*
 * scroll.h - a span of rows that is looked at part by part: what streams and
 * windows have in common.
 */
#ifndef BCI_SCROLL_H
#define BCI_SCROLL_H

#include "span.h"

/* Rows that may be looked at at a time. */
#define BCI_SCROLL_ROWS_MAX (1u << 24)

struct bci_scroll {
	struct bci_span span;
	struct bc_allocator allocator;
	char *key;
	unsigned flags;         /* enum bc_read_flags */
	struct bci_chunk *hold; /* keeps the schema as long as this lives */
	unsigned char *buffer;  /* for rows that do not lie together */
	uint64_t buffer_bytes;
	struct bc_view shown; /* what is to be released before the next */
};

/* Find the rows; errors as bc_stream_open().  Open only after BC_OK. */
enum bc_status bci_scroll_open(struct bci_scroll *scroll,
                               struct bc_cache *cache, struct bci_query *query,
                               enum bc_miss *miss, struct bc_error *err);

/*
 * Show rows [first, end) until the next call; 'most' is how many may be asked
 * for at a time.  BC_OK, BC_MISS, BC_COPY or BC_NOMEM; *view is zeroed then.
 */
enum bc_status bci_scroll_show(struct bci_scroll *scroll, uint64_t first,
                               uint64_t end, uint64_t most,
                               struct bc_view *view);

/* Have the kernel read rows from 'first' on, which will be asked for next. */
void bci_scroll_expect(const struct bci_scroll *scroll, uint64_t first,
                       uint64_t count);

/* The first row whose time is not before 'time_ns'; BC_MISS, BC_NOMEM. */
enum bc_status bci_scroll_row(struct bci_scroll *scroll, int64_t time_ns,
                              uint64_t *row);

/* Whether 'row' is the first not before 'time_ns'; BC_MISS: damage. */
enum bc_status bci_scroll_prove(struct bci_scroll *scroll, uint64_t row,
                                int64_t time_ns);

void bci_scroll_close(struct bci_scroll *scroll);

#endif /* BCI_SCROLL_H */

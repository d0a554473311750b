/* SPDX-License-Identifier: MIT */
/*
 * fetch.h - getting what one key holds, or a range of it, and fetching first
 * what is missing.
 */
#ifndef BCI_FETCH_H
#define BCI_FETCH_H

#include "cache.h"

/* What is wanted. */
struct bci_errand {
	const char *key;
	bool ranged; /* else all there is; the following then is not used */
	int64_t from_ns, to_ns;
	const char *const *columns;
	unsigned flags; /* enum bc_read_flags */
};

/* BC_OK, or BC_INVALID if a fetch cannot be made with these. */
enum bc_status bci_fetch_check(const struct bc_fetch_options *options,
                               struct bc_error *err);

/*
 * Fetch, with options that were checked, and get or read.  Returns as
 * bc_get_or_fetch() and bc_read_or_fetch(); *view is zeroed on failure, but for
 * 'miss' after BC_MISS.
 */
enum bc_status bci_fetch(struct bc_cache *cache,
                         const struct bci_errand *errand,
                         const struct bc_fetch_options *options,
                         struct bc_view *view, struct bc_error *err);

#endif /* BCI_FETCH_H */

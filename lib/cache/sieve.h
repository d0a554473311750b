/* SPDX-License-Identifier: MIT */
/*
 * sieve.h - the entries that a filter selects.
 */
#ifndef BCI_SIEVE_H
#define BCI_SIEVE_H

#include "list.h"

/*
 * Call 'function' for each, as bc_list() does.  'damaged': also for entries of
 * which only the key can be told (their kind is 0), if the filter asks for no
 * more than that; those that were evicted have an id and perhaps labels, too.
 */
enum bc_status bci_sieve(struct bc_cache *cache, const struct bc_filter *filter,
                         bool damaged, bc_list_function *function,
                         void *context, struct bc_error *err);

/* Whether it asks for something that changes when an entry is put again. */
bool bci_filter_ages(const struct bc_filter *filter);

#endif /* BCI_SIEVE_H */

/* SPDX-License-Identifier: MIT */
/*
 * recode.h - two dictionaries of a text column to one.
 */
#ifndef BCI_RECODE_H
#define BCI_RECODE_H

#include "common.h"

/* A string, not terminated. */
struct bci_text {
	const char *text;
	size_t bytes;
};

/*
 * Number the strings of a new dictionary so that the codes of an old one stay
 * what they are.  The common dictionary is 'old' and behind it those of 'new'
 * that are not in it, each once, in their order: added[0] to added[*added_count
 * - 1] are their codes in 'new'.  recode[code] is the common code of new[code].
 * 'recode' and 'added' have room for 'new_count'.
 *
 * Strings of 'old' are expected to differ; of two that do not the first one
 * counts.  Linear in both.  Returns BC_OK, BC_NOMEM, or BC_TOO_LARGE if there
 * would be 2^32 strings or more.
 */
BC_CHECKED enum bc_status
bci_recode(const struct bc_allocator *allocator, const struct bci_text *old,
           uint32_t old_count, const struct bci_text *new, uint32_t new_count,
           uint32_t *recode, uint32_t *added, uint32_t *added_count,
           struct bc_error *err);

#endif /* BCI_RECODE_H */

/* SPDX-License-Identifier: MIT */
/*
 * checked.h - checking the bytes of segments in mapped arenas, once a process.
 */
#ifndef BCI_CHECKED_H
#define BCI_CHECKED_H

#include "mapped.h"

enum bci_check {
	BCI_CHECK_ONCE, /* what this process never checked, here or where it
	                   lay before compaction moved it: for readers */
	BCI_CHECK_HERE, /* what it never checked at this place: for writers,
	                   who make copies of it */
	BCI_CHECK_AGAIN /* everything */
};

/* Whether every block of a segment was checked in this process. */
bool bci_map_is_checked(const struct bci_map *map,
                        const struct bci_locator *locator);

/* Check header and blocks of a segment.  NULL if all is well, else what is
 * wrong. */
const char *bci_map_check(struct bci_map *map,
                          const struct bci_locator *locator,
                          const struct bc_schema *schema, enum bci_check how);

/* The same where bci_segment_check() found the header to be right. */
const char *bci_map_check_body(struct bci_map *map,
                               const struct bci_locator *locator,
                               enum bci_check how);

/*
 * The same for some rows of some columns only, so that a read verifies no more
 * than it shows: rows [first, first + count) of every column of 'shown', which
 * is the segment's schema or a part of it (bci_schema_part()).  A text column
 * among them brings all dictionaries.
 */
bool bci_map_rows_are_checked(const struct bci_map *map,
                              const struct bci_locator *locator,
                              const struct bc_schema *shown, uint64_t first,
                              uint64_t count);
const char *bci_map_check_rows(struct bci_map *map,
                               const struct bci_locator *locator,
                               const struct bc_schema *shown, uint64_t first,
                               uint64_t count, enum bci_check how);

#endif /* BCI_CHECKED_H */

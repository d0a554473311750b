/* SPDX-License-Identifier: MIT */
/*
 * range.h - ranges of time as people write them.
 */
#ifndef BCI_RANGE_H
#define BCI_RANGE_H

#include "common.h"

/* [from_ns, to_ns); an end left open is INT64_MIN or INT64_MAX. */
struct bci_range {
	int64_t from_ns, to_ns;
};

/*
 * Parse a range: two moments with "..", "/" or "-" between them, of which one
 * may be missing ("20200101-20210101", "20200101-", "-20200101",
 * "2024-01-01T09:30Z..2024-02-01", "2024-01-01/2024-02-01"), or one day, month
 * or year ("2024-01-31", "20240131", "2024-01", "2024").  A moment is anything
 * bci_time_parse() takes, or a month or a year, which stand for their
 * beginning.  What is behind ".." is the first moment not in the range.
 *
 * Returns BC_OK, or BC_INVALID with the reason; *out is untouched then.
 */
BC_CHECKED enum bc_status bci_range_parse(const char *text, size_t bytes,
                                          struct bci_range *out,
                                          struct bc_error *err);

#endif /* BCI_RANGE_H */

/* SPDX-License-Identifier: MIT */
/*
 * zoneinfo.h - zone files (TZif, RFC 8536) to tables of changes.
 */
#ifndef BCI_ZONEINFO_H
#define BCI_ZONEINFO_H

#include "zone.h"

/* The largest file that is read; those of the system have 4 KiB at most. */
#define BCI_ZONEINFO_MAX (256u << 10)

/*
 * Make the table of a zone file of any version: out->count and out->changes,
 * the latter of 'allocator'.  The rule at its end is written out up to 2261, to
 * where int64 reaches.  Returns BC_OK; BC_NOMEM; BC_INVALID with the reason: no
 * zone file, a damaged one, one that counts leap seconds.
 */
BC_CHECKED enum bc_status
bci_zoneinfo_parse(const struct bc_allocator *allocator, const void *data,
                   size_t bytes, struct bci_zone *out, struct bc_error *err);

#endif /* BCI_ZONEINFO_H */
